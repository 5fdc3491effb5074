/* SPDX-License-Identifier: MIT */
/*
 * Shaping: netem at the root of the interface that sends, one per direction of a link.
 *
 * What the kernel can hold: times in whole nanoseconds (64 bits; jitter at most 2.147 s), shares and
 * probabilities in 1/2^32, rate in whole bytes per second, limit in packets. They are rounded to the nearest
 * value other than 0; what is read back must then be equal, bit by bit. Tables of delays the kernel does not give back.
 *
 * `order: kept` is a rate so high that no packet takes time by it: with any rate netem lets no packet leave before the
 * one it has queued last. A child pfifo, which tc-netem(8) advises, gets the packets only when their delay is over,
 * since Linux 3.3, and keeps the order in which they have overtaken each other.
 */
#ifndef GN_NET_SHAPE_H
#define GN_NET_SHAPE_H

#include "net/netlink.h"
#include "topo/topology.h"

#define GN_NETEM_ORDER_RATE UINT64_C(1000000000000000) /* bytes per second: 64 KB take no whole nanosecond */

/* A share of 2^32 packets, UINT32_MAX: all; and how much a draw depends on the one before, likewise. */
struct gn_netem_share {
	uint32_t share, correlation;
};

/* A struct gn_shape in netem's units. */
struct gn_netem {
	int64_t latency, jitter; /* ns */
	uint32_t correlation;	 /* of 2^32 */
	const struct gn_distribution *distribution;
	struct gn_netem_share loss, duplicate, corrupt, reorder;
	uint32_t gap; /* 0: nothing is reordered */
	enum gn_loss_model loss_model;
	uint32_t loss_states[5]; /* of 2^32, as in struct gn_shape */
	uint64_t rate;		 /* bytes per second; 0: not limited */
	int32_t packet_overhead, cell_overhead;
	uint32_t cell_size;
	struct gn_slot slot;
	uint32_t limit; /* packets */
	bool ecn;
	uint64_t seed; /* of netem's random numbers, where the kernel takes one (6.6 and later) */
	bool seeded;   /* read from the kernel: it did */
};

/* The seed of a direction comes from the topology's seed, the link and the direction. A shape that asks for nothing
 * gives a netem that does nothing. */
void gn_netem_of(const struct gn_shape *shape, uint64_t seed, uint32_t link, int direction,
		 struct gn_netem *ret);

/*
 * Queue "put netem at the root of the interface @index". GN_NETEM_NEW: where none of ours is. The others: where one may be,
 * which gets all of the new values, keeps its queue and loses nothing. The kernel cannot take a table away, so
 * GN_NETEM_REPLACE puts one of a uniform distribution in its place, in 4096 steps; GN_NETEM_CHANGE is for one that never
 * had a table.
 */
enum gn_netem_mode { GN_NETEM_NEW, GN_NETEM_CHANGE, GN_NETEM_REPLACE };
int gn_netem_queue(struct gn_nl_batch *b, uint32_t index, const struct gn_netem *n, enum gn_netem_mode mode,
		   const char *what, struct gn_err *err);

/* Read a message of a qdisc dump: @ret_index and @ret of a root netem. Return: whether it is one. */
bool gn_netem_parse(const struct nlmsghdr *m, uint32_t *ret_index, struct gn_netem *ret);

/* Return: 0, or -EIO with "delay: wanted .., the kernel has ..". */
int gn_netem_compare(const struct gn_netem *wanted, const struct gn_netem *got, struct gn_err *err);

/* Fill a request for the dump of all qdiscs of a namespace. */
void gn_netem_dump_request(struct nlmsghdr *m);

#endif
