/* SPDX-License-Identifier: MIT */
/*
 * The simulator: the same topology and the same protocol code as a live run, in virtual time.
 *
 * Everything that happens is ordered by (time, sequence): of two things at one moment, that which was caused first
 * comes first. Same topology and seed, same result, to the last row, on any machine and with any compiler: no
 * floating-point number decides anything.
 */
#ifndef GN_SIM_H
#define GN_SIM_H

#include "store/store.h"
#include "topo/topology.h"

struct gn_sim_progress {
	gn_time now;				       /* simulated, ns since the run's start */
	uint64_t steps;				       /* inputs fed to protocols so far */
	uint32_t event, n_events, published, complete; /* as in struct gn_status */
	uint32_t informed, members;
	double steps_per_second; /* of this machine's time */
	double left_seconds;	 /* estimate of what is left; negative: unknown */
};

/* A point of an event's coverage curve: at @t (ns since it was published) @informed members knew it. */
struct gn_sim_point {
	gn_time t;
	uint32_t informed;
};

/*
 * The curve of one event. With the clock of rounds every moment at which somebody learned is a point. Else the first and
 * last 256 arrivals are, the counts at 50, 90, 99 and 100 % (ceil(q n)) with the count before each, and about 1000 more, evenly
 * spread over the counts: crossings of those quantiles can be read exactly.
 */
struct gn_sim_curve {
	uint32_t event;
	gn_time published;
	struct gn_sim_point *points; /* ascending; the first is {0, 1}, the origin */
	size_t n, cap;
	gn_dur round; /* in rounds: how long one is; a round without a point is one in which nobody learnt; else 0 */
	uint32_t informed; /* in the end; members that do not count are not counted */
};

struct gn_sim_result {
	struct gn_sim_curve *curves; /* by event; n 0: it was never published */
	uint32_t n_curves;
	uint32_t counted;		      /* members that count: the topology's n_counted */
	uint64_t datagrams, bytes;	      /* sent by all members together */
	uint64_t lost, queue_drops;	      /* on the way: by chance, and at full queues */
	uint64_t corrupted;		      /* refused because of an inverted bit */
	uint64_t partition_drops, down_drops; /* by a partition, and by links that are or went down */
	uint64_t calls;			      /* partners called */
	/* Of one member in one round (with other clocks: from one multiple of the period to the next): datagrams sent
	 * at its own initiative (not in answer to one), and such datagrams received. The largest of all. */
	uint32_t largest_fan_out, largest_in_degree;
	uint64_t steps; /* inputs fed to the protocol; datagrams without effect are not, see enum gn_tag */
	gn_time ended;	/* simulated */
	enum gn_sim_ending { GN_SIM_DURATION, GN_SIM_INFORMED, GN_SIM_STOPPED } ending;
	uint64_t wall_ns; /* this machine's time, of the simulation alone */
};

struct gn_sim_options {
	const struct gn_topology *topology;
	struct gn_store *store; /* where rows go, or NULL */
	void *context;
	/* Called about five times a second. Nonzero: stop; GN_SIM_STOPPED. May be NULL. */
	int (*on_progress)(void *context, const struct gn_sim_progress *p);
};

/**
 * gn_sim_run() - simulate a topology.
 * @ret: zeroed by the caller, released with gn_sim_result_done(), also after a failure.
 *
 * Return: 0; -EPROTO: the protocol misbehaved, the sentence names protocol, node, time and fault; -ENOMEM; or
 * what the store said.
 */
int gn_sim_run(const struct gn_sim_options *o, struct gn_sim_result *ret, struct gn_err *err);
void gn_sim_result_done(struct gn_sim_result *r);

/* When @informed (it may have a fraction) members knew the event: on the line between the points around it, of different
 * instants, in rounds between neighbouring ones; ns since it was published; negative: never. */
double gn_sim_crossing(const struct gn_sim_curve *c, double informed);

#endif
