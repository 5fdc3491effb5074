/* SPDX-License-Identifier: MIT */
/*
 * What a node process shares with its parent: one page-aligned slice of memory per member, made
 * before the fork. A node maps only its own slice for writing and the control page for reading.
 *
 * A slice holds the node's counters, the schedule's orders, and a ring of log records with one writer (the node) and one
 * reader (the collector). Writing a record costs no system call. A full ring loses the new record
 * and counts it. The slice outlives the node: what it logged before it died is read all the same, and a node that is
 * started again goes on with it.
 */
#ifndef GN_LIVE_SHARED_H
#define GN_LIVE_SHARED_H

#include <stdatomic.h>
#include <stdbool.h>

#include "util/err.h"
#include "util/time.h"

enum gn_record_type {
	GN_RECORD_ARRIVAL, /* an event came to this member */
	GN_RECORD_CALL,	   /* a partner was drawn: event = round, via = partner */
};

struct gn_record {
	gn_time t;    /* CLOCK_MONOTONIC */
	gn_time sent; /* CLOCK_MONOTONIC of the sender; 0 at the origin */
	uint32_t event;
	uint32_t via; /* member, or GN_NO_MEMBER */
	uint32_t hop;
	uint8_t type; /* enum gn_record_type */
	uint8_t first;
	uint8_t pad[2];
};

/* Timer lateness histogram: bucket b counts latenesses in [lower(b), lower(b + 1)), where every power
 * of two from 1 us up is cut in 8 (error of a quantile at most 12.5 %); bucket 0 is below 1 us. */
#define GN_LATENESS_BUCKETS 200
unsigned gn_lateness_bucket(gn_dur lateness);
gn_dur gn_lateness_upper(unsigned bucket); /* ns, exclusive upper bound */

/* Written by the node alone, with relaxed atomic stores: readable at any time. */
struct gn_counters {
	_Atomic uint64_t datagrams_sent, datagrams_received, bytes_sent, bytes_received; /* UDP payload */
	_Atomic uint64_t malformed;    /* datagrams that did not parse, or from nobody we know */
	_Atomic uint64_t send_errors;  /* sendmmsg() refused */
	_Atomic uint64_t socket_drops; /* receive buffer full (SK_MEMINFO_DROPS) */
	_Atomic uint64_t log_dropped;  /* records lost to a full ring */
	_Atomic uint64_t calls;	       /* partners called */
	_Atomic uint64_t timers;       /* timer inputs */
	_Atomic uint64_t lateness_max; /* ns */
	_Atomic uint64_t phase;	       /* ns: first timer after the start */
	_Atomic uint64_t informed;     /* events known, in its present life */
	_Atomic uint64_t ignored;      /* datagrams that came and were ignored as told, gn_orders.drop_next */
	_Atomic uint32_t awake;	       /* 1: it has been woken once, and waits for the go */
	_Atomic uint32_t lateness[GN_LATENESS_BUCKETS];
	char failure[128]; /* why the node gave up, or "" */
};

/* What the schedule tells a node: written by the parent; the node counts drop_next down. */
struct gn_orders {
	_Atomic uint64_t
		resumed;       /* when it was last woken up again, CLOCK_MONOTONIC; before, it was not late */
	_Atomic uint64_t born; /* its present life began, CLOCK_MONOTONIC; 0: with the run */
	_Atomic uint32_t drop_next; /* datagrams that are still to be ignored */
	_Atomic uint32_t leave;	    /* SIGTERM means: call your partners a last time */
	_Atomic uint32_t begin;	    /* futex: 1: an heir's time has come, gn_node_job.heir */
};

struct gn_slice {
	struct gn_counters counters;
	_Alignas(64) struct gn_orders orders;
	_Alignas(64) _Atomic uint64_t head; /* records ever written */
	_Alignas(64) _Atomic uint64_t tail; /* records ever read */
	_Alignas(64) uint64_t capacity;	    /* a power of two; the parent's word, the node keeps a copy */
	struct gn_record records[];
};

/* Nodes sleep until all are ready. They are woken twice: how long the first time takes, while nothing depends on it,
 * tells how far ahead the start has to be for the second. */
enum gn_go { GN_WAIT, GN_WAKE, GN_GO };

/* The control page: written by the parent only. */
struct gn_control {
	_Atomic uint32_t go;	/* futex: enum gn_go */
	_Atomic uint32_t quiet; /* 1: the run is over; send nothing more, only count what still comes in */
	_Atomic uint64_t start; /* the run's start, CLOCK_MONOTONIC, valid with GN_GO */
};

struct gn_shared {
	int fd; /* memfd: the control page, then the slices */
	uint32_t n;
	size_t slice_size; /* bytes, a multiple of the page size */
	uint64_t capacity;
	uint8_t *base; /* the parent's mapping of everything */
};

/* Make the memory for @n members with rings of @capacity records (a power of two). */
int gn_shared_init(struct gn_shared *s, uint32_t n, uint64_t capacity, struct gn_err *err);
void gn_shared_done(struct gn_shared *s);

static inline struct gn_control *gn_shared_control(const struct gn_shared *s)
{
	return (struct gn_control *)(void *)s->base;
}
struct gn_slice *gn_shared_slice(const struct gn_shared *s, uint32_t member);

/* A node's view: the control page, readable, and its own slice, writable. */
struct gn_own {
	const struct gn_control *control;
	struct gn_slice *slice;
	uint64_t capacity;
	size_t slice_size;
};

/* Map what belongs to @member, apart from the parent's mapping, which the child then drops with
 * gn_shared_done() on its copy of @s. Released with gn_own_done(). */
int gn_own_init(struct gn_own *own, const struct gn_shared *s, uint32_t member, struct gn_err *err);
void gn_own_done(struct gn_own *own);

/* Writer: append a record; false, and counted, when the ring is full. */
bool gn_ring_write(struct gn_slice *s, uint64_t capacity, const struct gn_record *r);

/* The same for a record of less worth: a quarter of the ring stays free for the others. */
bool gn_ring_write_spare(struct gn_slice *s, uint64_t capacity, const struct gn_record *r);

/* Reader: the unread records as at most two runs of consecutive records; returns their number in
 * all. The caller copies what it needs and then releases them. A slice is untrusted: nonsense in
 * head reads as at most @capacity records. */
size_t gn_ring_peek(struct gn_slice *s, uint64_t capacity, const struct gn_record *run[2], size_t len[2]);
void gn_ring_release(struct gn_slice *s, size_t n);

#endif
