/* SPDX-License-Identifier: MIT */
/* The results of a run: one SQLite file with one writer. The schema is gossipnet-results(5). */
#ifndef GN_STORE_H
#define GN_STORE_H

#include "topo/topology.h"

struct gn_store;

struct gn_store_options {
	const char *path; /* run.db; must not exist */
	/* In a guest, whose page cache dies with it and whose locks nobody outside sees: exclusive WAL, no
	 * checkpoint during the run, and to programs outside the file can only be read. */
	bool own_page_cache;
};

/* Create the file with its tables and fill node, link and the meta rows that the topology gives
 * (name, seed, nodes, members, protocol, fanout, period_ns, overlay, duration_ns). */
int gn_store_create(const struct gn_store_options *o, const struct gn_topology *t, struct gn_store **ret,
		    struct gn_err *err);

/* Commits what is there, turns the file into a single self-contained one, closes. NULL-safe. */
int gn_store_close(struct gn_store *s, struct gn_err *err);

int gn_store_meta(struct gn_store *s, const char *key, const char *text, struct gn_err *err);
int gn_store_meta_int(struct gn_store *s, const char *key, int64_t value, struct gn_err *err);

/* Times in ns from the run's start. Ids: event as in the topology + 1 in the table; node = node id + 1. */
struct gn_arrival {
	uint32_t event; /* place in the topology's events */
	uint32_t node;	/* node id */
	uint32_t via;	/* node id or GN_NONE at the origin */
	uint32_t hop;
	int64_t t, sent; /* sent is ignored at the origin (stored as t) */
	bool first;
};
int gn_store_arrival(struct gn_store *s, const struct gn_arrival *a, struct gn_err *err);
int gn_store_event(struct gn_store *s, uint32_t event, const struct gn_event_plan *plan, int64_t t,
		   struct gn_err *err);
int gn_store_action(struct gn_store *s, int64_t t, const char *what, const char *target, const char *detail,
		    struct gn_err *err);
int gn_store_call(struct gn_store *s, uint32_t node, uint32_t round, int64_t t, uint32_t partner,
		  struct gn_err *err);
/* With log: coverage: a point of an event's curve instead of its arrivals; t since the event, ns. */
int gn_store_coverage(struct gn_store *s, uint32_t event, uint32_t informed, int64_t t, struct gn_err *err);
int gn_store_node_stat(struct gn_store *s, uint32_t node, const char *key, int64_t value, struct gn_err *err);
/* @direction: 2 * link + which. */
int gn_store_link_stat(struct gn_store *s, uint32_t direction, const char *key, int64_t value,
		       struct gn_err *err);

/* One figure of how far reality was from what was asked, and what follows from it. */
struct gn_store_fidelity {
	const char *what, *unit, *verdict;
	const char *detail;	 /* which node or link it is of, or NULL */
	double value;		 /* NAN: not known */
	double suspect, invalid; /* thresholds; INFINITY: none */
};
int gn_store_fidelity(struct gn_store *s, const struct gn_store_fidelity *f, struct gn_err *err);

/* Everything given so far is safe against kill -9 after this. Call it about four times a second. */
int gn_store_commit(struct gn_store *s, struct gn_err *err);

/*
 * For the host's side of a run whose file a guest writes with own_page_cache. Other programs may read the
 * file at any time; they are kept from writing, from deleting the log and from playing back the guest's
 * journal, also when they keep it open beyond the end of the run. See guard.c.
 */

/**
 * gn_store_guard() - hold a lock on an existing run.db so that nobody can lock it exclusively.
 * @ret_fd: closing it ends the guard. The lock belongs to the open file, not to the process: other
 *	descriptors of run.db may be opened and closed meanwhile, but a child that inherits this one
 *	across fork() keeps the lock too.
 *
 * Return: 0; -ENOENT: no such file (yet); -EBUSY: somebody has it locked, or another -Exxx.
 */
int gn_store_guard(const char *path, int *ret_fd, struct gn_err *err);

/* When the guest is gone, whatever way it ended: remove what kept others from writing. A log that is not
 * empty stays; it is then like that of any killed program. */
void gn_store_tidy(const char *path);

#endif
