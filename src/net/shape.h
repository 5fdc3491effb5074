/* SPDX-License-Identifier: MIT */
/*
 * Shaping: netem at the root of the interface that sends, one per direction of a link.
 *
 * What the kernel can hold: times in whole nanoseconds (64 bits; jitter at most 2.147 s), loss and
 * duplication in 1/2^32, rate in whole bytes per second, limit in packets. They are rounded to the nearest
 * value other than 0; what is read back must then be equal, bit by bit.
 */
#ifndef GN_NET_SHAPE_H
#define GN_NET_SHAPE_H

#include "net/netlink.h"
#include "topo/topology.h"

/* A struct gn_shape in netem's units. */
struct gn_netem {
	int64_t latency;	  /* ns */
	int64_t jitter;		  /* ns */
	uint64_t rate;		  /* bytes per second; 0: not limited */
	uint32_t loss, duplicate; /* of 2^32 packets; UINT32_MAX: all */
	uint32_t limit;		  /* packets */
	uint64_t seed;		  /* of netem's random numbers, where the kernel takes one (6.6 and later) */
	bool seeded;		  /* read from the kernel: it did */
};

/* The seed of a direction comes from the topology's seed, the link and the direction. */
void gn_netem_of(const struct gn_shape *shape, uint64_t seed, uint32_t link, int direction,
		 struct gn_netem *ret);

/* Queue "put netem at the root of the interface @index". */
int gn_netem_queue(struct gn_nl_batch *b, uint32_t index, const struct gn_netem *n, const char *what,
		   struct gn_err *err);

/* Read a message of a qdisc dump: @ret_index and @ret of a root netem. Return: whether it is one. */
bool gn_netem_parse(const struct nlmsghdr *m, uint32_t *ret_index, struct gn_netem *ret);

/* Return: 0, or -EIO with "delay: wanted .., the kernel has ..". */
int gn_netem_compare(const struct gn_netem *wanted, const struct gn_netem *got, struct gn_err *err);

/* Fill a request for the dump of all qdiscs of a namespace. */
void gn_netem_dump_request(struct nlmsghdr *m);

#endif
