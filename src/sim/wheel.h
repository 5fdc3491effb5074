/* SPDX-License-Identifier: MIT */
/*
 * What is to happen, in order of (time, sequence): a hierarchical timing wheel (Varghese and Lauck, SOSP 1987, scheme 7)
 * over all 64 bits of the time, six at each level. An entry waits at the level of the highest bit in which its
 * time differs from the present, and moves down as that comes nearer: at most ten times, and each
 * time by a copy from one list to the end of another, so that entries of one time stay in the order in which they came.
 */
#ifndef GN_SIM_WHEEL_H
#define GN_SIM_WHEEL_H

#include <stdbool.h>

#include "util/time.h"

#define GN_WHEEL_LEVELS 11
#define GN_WHEEL_SLOTS	64

struct gn_wheel_entry {
	gn_time t;
	uint64_t what; /* the user's */
};

struct gn_wheel_chunk;

struct gn_wheel_list {
	struct gn_wheel_chunk *first, *last;
};

/* How soon an entry's time comes: after so many others that what it needs had better be fetched from memory now. */
enum gn_wheel_approach {
	GN_WHEEL_FAR,  /* hundreds to thousands */
	GN_WHEEL_NEAR, /* fewer */
};

struct gn_wheel {
	/* Called, with @host, for entries that come nearer; for some of them more than once. May be NULL. */
	void (*approach)(void *host, uint64_t what, enum gn_wheel_approach how);
	void *host;
	gn_time now;			/* of the entry that was taken last */
	uint64_t used[GN_WHEEL_LEVELS]; /* a bit for each list that is not empty */
	struct gn_wheel_list lists[GN_WHEEL_LEVELS][GN_WHEEL_SLOTS];
	struct gn_wheel_chunk *free;
	void *blocks; /* that the chunks are parts of */
};

/* A wheel begins as all zeros but for approach and host. */
void gn_wheel_done(struct gn_wheel *w);

/* @t: not before the entry that was taken last. Return: false: out of memory. */
bool gn_wheel_put(struct gn_wheel *w, gn_time t, uint64_t what);

/* Take the next entry. Return: 1; 0: there is none; -ENOMEM. */
int gn_wheel_take(struct gn_wheel *w, struct gn_wheel_entry *ret);

#endif
