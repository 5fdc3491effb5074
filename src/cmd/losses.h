/* SPDX-License-Identifier: MIT */
/*
 * What the links lost, against what they were configured to lose, and what was lost elsewhere: read at the end of a run
 * from the counters of all netems.
 */
#ifndef GN_CMD_LOSSES_H
#define GN_CMD_LOSSES_H

#include "cmd/judge.h"
#include "net/counters.h"
#include "store/store.h"

struct gn_losses {
	const struct gn_topology *topology; /* borrowed */
	struct gn_qdisc_counters *directions;
	struct gn_qdisc_counters all;
	uint64_t cut; /* packets that links that were down, or a partition, did not let pass */
	uint32_t
		fields_set; /* enum gn_shape_field: what links were given while it ran, by hand too; the caller's */
};

/* Read the counters. On failure too released with gn_losses_done(). */
int gn_losses_read(struct gn_losses *l, const struct gn_topology *t, const struct gn_network *net,
		   struct gn_err *err);
void gn_losses_done(struct gn_losses *l);

/**
 * gn_losses_compare() - hold all links together against what they should lose.
 * @changed: by direction, GN_NEVER or when it was changed: it is then left out; NULL: none was.
 */
void gn_losses_compare(const struct gn_losses *l, const gn_time *changed, struct gn_figures *figures);

/* Of the datagrams that were sent and did not come, those that no netem and no cut has lost: their share of @sent.
 * @missing: sent, and neither received nor dropped by a receiver's socket; NAN: nobody can know. */
void gn_losses_explain(const struct gn_losses *l, double sent, double missing, struct gn_figures *figures);

/* The table link_stat. */
int gn_losses_write(const struct gn_losses *l, struct gn_store *store, struct gn_err *err);

#endif
