/* SPDX-License-Identifier: MIT */
/*
 * The kernel side of a topology: network namespaces, veth pairs, bridges, addresses, routes and netem.
 * Namespaces are held by descriptor only: when the process ends, by any signal, the kernel removes
 * everything. Nothing is made in the caller's own network namespace, nothing in the file system.
 */
#ifndef GN_NET_NETWORK_H
#define GN_NET_NETWORK_H

#include "topo/topology.h"

struct gn_network;

/**
 * gn_network_missing() - does this kernel, for this process, have what the topology needs?
 * Tries each feature in a namespace of its own and leaves nothing.
 *
 * Return: 0; -EPERM: not allowed to make namespaces; -EOPNOTSUPP: @err names the missing kernel features.
 */
int gn_network_missing(const struct gn_topology *t, struct gn_err *err);

/* One kernel feature that gossipnet uses, for `gossipnet doctor` and gn_network_missing(). */
struct gn_feature {
	const char *name;   /* "netem", "veth", ... */
	const char *use;    /* what cannot be done without it: "shaped links (delay, jitter, loss, rate)" */
	const char *config; /* the kernel option, "CONFIG_NET_SCH_NETEM" */
	int (*probe)(struct gn_err *err); /* in a child with a namespace of its own: 0 if it is there */
};
const struct gn_feature *gn_network_feature(size_t i); /* NULL past the last */

/* Try one feature, in a forked child with a new network namespace. 0: there; -EPERM: not allowed to try;
 * -EOPNOTSUPP: missing; else: what kept it from being tried (no memory, no descriptors). */
int gn_network_probe(const struct gn_feature *f, struct gn_err *err);

/* Called now and then while building; done of total elements. May be NULL. Non-zero stops the build with -EINTR. */
typedef int gn_network_progress(void *context, const char *phase, uint32_t done, uint32_t total);

/**
 * gn_network_build() - build everything: namespaces, links up, addresses, routes, shaping; read the
 * shaping back from the kernel and compare.
 * @t: borrowed until gn_network_free().
 * @ret: on success owned by the caller. On failure nothing is left, but the limit of open files may be higher.
 *
 * The caller's network namespace is the same after the call as before.
 * Return: 0 or -Exxx; @err has a sentence with the element's name and the kernel's own text.
 */
int gn_network_build(const struct gn_topology *t, gn_network_progress *progress, void *context,
		     struct gn_network **ret, struct gn_err *err);
struct gn_network *gn_network_free(struct gn_network *net);

/* The namespace of a host or router; of a switch: the namespace that all switches share. Borrowed. */
int gn_network_netns(const struct gn_network *net, uint32_t node);

/**
 * gn_network_shape() - give directions of links other shapes; read them back and compare.
 * @directions: 2 * link + direction, each at most once.
 * @shapes: one for each, complete; all zero: not shaped.
 *
 * What is under way goes on as it was. Where the rate of a switch's members is shared, all of them get the new one
 * together. A direction that was never shaped, nor is in the schedule, may lose what is sent in the moment.
 * Return: 0; -EINVAL: members of a shared switch would have different rates, nothing is changed; or -Exxx: some
 * directions may have changed, gn_network_verify() names one that has not.
 */
int gn_network_shape(struct gn_network *net, const uint32_t *directions, uint32_t n,
		     const struct gn_shape *shapes, struct gn_err *err);

/**
 * gn_network_down() - take links down, or up again.
 *
 * A link that is down carries nothing in either direction and loses what is under way on it. Its interfaces stay up:
 * nobody is told. No effect on a link that is so already.
 * Return: 0; -EOPNOTSUPP: this kernel cannot (gn_network_missing() says so before, if the schedule needs it).
 */
int gn_network_down(struct gn_network *net, const uint32_t *links, uint32_t n, bool down, struct gn_err *err);

/**
 * gn_network_partition() - let no packet pass from one part to another, by its IPv4 source and destination.
 * @part: by node id: the part of a host or router. NULL: heal, everybody reaches everybody.
 *
 * It is in force everywhere at once: for what is sent, and for what is under way. Replaces the partition before.
 * Return: as gn_network_down().
 */
int gn_network_partition(struct gn_network *net, const uint8_t *part, struct gn_err *err);

/* How many packets partitions and links that are down have swallowed so far. Return: as gn_network_down(). */
int gn_network_cut_drops(const struct gn_network *net, uint64_t *ret_partition, uint64_t *ret_down,
			 struct gn_err *err);

/* Compare what the kernel has with what the topology asks for, or gn_network_shape() has since, for every direction. */
int gn_network_verify(const struct gn_network *net, struct gn_err *err);

#endif
