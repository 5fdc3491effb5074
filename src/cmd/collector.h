/* SPDX-License-Identifier: MIT */
/* The one reader of all nodes' rings: moves records into the store and knows who is informed. */
#ifndef GN_CMD_COLLECTOR_H
#define GN_CMD_COLLECTOR_H

#include "cmd/delays.h"
#include "cmd/judge.h"
#include "live/shared.h"
#include "store/store.h"
#include "view/view.h"

struct gn_life {
	gn_time began; /* after the run's start; 0: with it */
	bool gone;     /* its process has ended */
	bool for_good; /* and nothing will start it again */
	bool aside;    /* it does not count (gn_gossip.counted) */
};

struct gn_collector {
	const struct gn_topology *topology; /* borrowed, as the next two */
	const struct gn_shared *shared;
	struct gn_store *store;
	gn_time start;		   /* the run's zero, CLOCK_MONOTONIC */
	gn_time now;		   /* at the last look at the clock */
	uint32_t *informed;	   /* per event: living members that know it */
	uint64_t *seen;		   /* one bit per event and member: it knows, in its present life */
	uint64_t *before;	   /* the same for former lives; NULL: nobody was restarted */
	struct gn_life *lives;	   /* per member */
	uint8_t *published_events; /* per event: 1 or 0 */
	uint32_t living;
	uint32_t next_drain; /* the member whose ring comes next */
	uint32_t published;
	uint64_t first_arrivals;
	struct gn_delays delays;
	uint32_t fields_set; /* enum gn_shape_field: what links were given while it ran, by hand too */
	uint64_t refused;    /* records that no honest node writes */
};

int gn_collector_init(struct gn_collector *c, const struct gn_topology *t, const struct gn_shared *shared,
		      struct gn_store *store, gn_time start, struct gn_err *err);
void gn_collector_done(struct gn_collector *c);

/* Move what is in the rings now into the store: everything, or what there is time for until @until. The next call goes on
 * from there. Return: 0 or the store's error. */
int gn_collector_drain(struct gn_collector *c, gn_time until, struct gn_err *err);

/* A member's process has died: from now on only the living count. @for_good: nothing will start it again. */
void gn_collector_bury(struct gn_collector *c, uint32_t member, bool for_good);

/* It is about to be started again and knows nothing. What it logged before is moved first. @born: as for
 * gn_nodes_restart(). */
int gn_collector_revive(struct gn_collector *c, uint32_t member, gn_time born, struct gn_err *err);

/* Move what an event's origin has logged, unless it is known to be published. Return: 0 or the store's error. */
int gn_collector_hear_origin(struct gn_collector *c, uint32_t event, struct gn_err *err);

/* Is it certain, @now after the run's start, that the event is never published, as its origin did not live at its time? Not
 * while there is something unread that the origin logged before its end. */
bool gn_collector_is_lost(const struct gn_collector *c, uint32_t event, gn_time now);

/* Write the nodes' counters as node_stat, the totals over all nodes as meta, and put what the run is judged by to
 * @figures. */
int gn_collector_write_stats(struct gn_collector *c, struct gn_figures *figures, struct gn_err *err);

/* Of the datagrams that nodes sent, those that came to no node and that no socket dropped; NAN: nobody can know, as
 * processes ended on the way. @ret_sent: all that were sent. */
double gn_collector_missing(const struct gn_collector *c, double *ret_sent);

/* Fill in what the collector knows: events, members informed. */
void gn_collector_status(const struct gn_collector *c, struct gn_status *s);

/* Has every event reached every living member, as far as these know in their present life? One whose origin is dead at its
 * time never will. */
bool gn_collector_all_informed(const struct gn_collector *c);

#endif
