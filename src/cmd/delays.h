/* SPDX-License-Identifier: MIT */
/*
 * One-way delays of a sample of the datagrams that brought events, against what their paths were configured to do: along
 * each path the netems' delays are drawn as the simulator draws them, and the quantiles of both sides compared. A path
 * whose delays depend on the load (a rate, order: kept, ..) only has a least delay.
 */
#ifndef GN_CMD_DELAYS_H
#define GN_CMD_DELAYS_H

#include "cmd/judge.h"
#include "topo/topology.h"
#include "util/err.h"
#include "util/rand.h"

#define GN_DELAYS_MAX 4096 /* samples: the standard error of a median is then 2 % of a deviation */

struct gn_delay_sample {
	uint32_t from, to; /* node ids */
	gn_time sent;	   /* after the run's start */
	gn_dur delay;
};

struct gn_delays {
	const struct gn_topology *topology; /* borrowed */
	struct gn_delay_sample *samples;
	uint32_t n;
	uint64_t seen;		     /* datagrams, of which the samples are a uniform choice */
	struct gn_delay_sample last; /* seen */
	gn_time *changed;	     /* by direction: when first; NULL: none was */
	struct gn_rand random;
};

/* Return: 0 or -ENOMEM. */
int gn_delays_init(struct gn_delays *d, const struct gn_topology *t);
void gn_delays_done(struct gn_delays *d);

/* A datagram arrived; of one that brought several events, for each of them in a row. */
void gn_delays_take(struct gn_delays *d, const struct gn_delay_sample *s);

/* From @when on (after the run's start) a direction, 2 * link + which, is no longer as in the topology: datagrams that
 * come over it later are left out. */
void gn_delays_change(struct gn_delays *d, uint32_t direction, gn_time when);

/* Compare. Return: 0 or -ENOMEM. */
int gn_delays_compare(const struct gn_delays *d, struct gn_figures *figures, struct gn_err *err);

#endif
