/* SPDX-License-Identifier: MIT */
/* What the kernel has counted at the netems of a running network. */
#ifndef GN_NET_COUNTERS_H
#define GN_NET_COUNTERS_H

#include <libmnl/libmnl.h>

#include "net/network.h"

/* Packets; of one netem since it was made, or of several together. */
struct gn_qdisc_counters {
	bool there;	     /* there is a netem */
	uint64_t sent;	     /* that have left it */
	uint64_t dropped;    /* by chance, or at a full queue */
	uint64_t queued;     /* that are in it now */
	uint64_t overlimits; /* as the kernel has it; netem itself counts none */
	uint64_t requeues;   /* that the interface did not take */
};

/**
 * gn_network_counters() - read them all.
 * @directions: by 2 * link + direction; room for all, zeroed by the caller.
 * @ret_all: all together, those that switches with a shared rate have among them.
 */
int gn_network_counters(const struct gn_network *net, struct gn_qdisc_counters *directions,
			struct gn_qdisc_counters *ret_all, struct gn_err *err);

/* Read a message of a qdisc dump: whose interface, and its counters. Return: whether it is one of a root netem. */
bool gn_qdisc_counters_parse(const struct nlmsghdr *m, uint32_t *ret_index, struct gn_qdisc_counters *ret);

#endif
