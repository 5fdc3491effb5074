/* SPDX-License-Identifier: MIT */
/* The one reader of all nodes' rings: moves records into the store and knows who is informed. */
#ifndef GN_CMD_COLLECTOR_H
#define GN_CMD_COLLECTOR_H

#include "cmd/judge.h"
#include "live/shared.h"
#include "store/store.h"
#include "view/view.h"

struct gn_collector {
	const struct gn_topology *topology; /* borrowed, as the next two */
	const struct gn_shared *shared;
	struct gn_store *store;
	gn_time start;	    /* the run's zero, CLOCK_MONOTONIC */
	gn_time now;	    /* at the last look at the clock */
	uint32_t *informed; /* per event: living members that know it */
	uint64_t *seen;	    /* one bit per event and member: first arrivals already counted */
	bool *dead;	    /* per member: its process has died, or it does not count (gn_gossip.counted) */
	uint32_t living;
	uint32_t published;
	uint64_t first_arrivals;
	uint64_t refused; /* records that no honest node writes */
};

int gn_collector_init(struct gn_collector *c, const struct gn_topology *t, const struct gn_shared *shared,
		      struct gn_store *store, gn_time start, struct gn_err *err);
void gn_collector_done(struct gn_collector *c);

/* Move everything that is in the rings now into the store. Return: 0 or the store's error. */
int gn_collector_drain(struct gn_collector *c, struct gn_err *err);

/* A member's process has died: from now on only the living count. */
void gn_collector_bury(struct gn_collector *c, uint32_t member);

/* Write the nodes' counters as node_stat, the totals over all nodes as meta, and put what the run is judged by to
 * @figures. */
int gn_collector_write_stats(struct gn_collector *c, struct gn_figures *figures, struct gn_err *err);

/* Fill in what the collector knows: events, members informed. */
void gn_collector_status(const struct gn_collector *c, struct gn_status *s);

/* Has every event reached every living member? One whose origin died before publishing it never will. */
bool gn_collector_all_informed(const struct gn_collector *c);

#endif
