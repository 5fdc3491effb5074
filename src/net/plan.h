/* SPDX-License-Identifier: MIT */
/*
 * How the switches of a topology become bridges: which port goes to which bridge, and what each
 * bridge has to know. Worked out before the kernel is asked for anything; no system calls.
 *
 * A switch with at most GN_BRIDGE_PORTS links is one bridge. A larger one is a core bridge, with the
 * link towards the root of the LAN's spanning tree, and leaf bridges, joined to the core by unshaped
 * veth pairs ("trunks"), with all other links. A bridge with its parent (a leaf's core, or the bridge
 * at the upper end of the uplink) is a node of a tree: it has entries for the addresses below it and
 * sends everything else up, where it ends at the root. Nothing is flooded, and a LAN's state is the
 * number of its hosts times the depth of their switches.
 */
#ifndef GN_NET_PLAN_H
#define GN_NET_PLAN_H

#include <net/if.h>

#include "topo/topology.h"

#define GN_BRIDGE_PORTS 1023 /* Linux: BR_MAX_PORTS - 1 */

struct gn_bridge {
	uint32_t node;	 /* the switch */
	uint32_t leaf;	 /* number of the leaf, or GN_NONE: the core or the whole switch */
	uint32_t index;	 /* of the interface */
	uint32_t parent; /* bridge, or GN_NONE at the root */
	uint32_t down;	 /* interface of the parent that leads here */
	/* Interfaces of a leaf's trunk: [0] at the core, [1] at the leaf. */
	uint32_t trunk[2];
};

/* @ip is behind the bridge port @index. */
struct gn_fdb_entry {
	uint32_t index;
	uint32_t ip;
};

struct gn_plan {
	struct gn_bridge *bridges;
	uint32_t n_bridges;
	uint32_t *bridge_of; /* [2 * link + end]: the bridge there, or GN_NONE for a host or router */
	struct gn_fdb_entry *entries;
	size_t n_entries, entries_cap;
};

/* Return: 0; -EINVAL: the spanning tree is none; -ENOMEM. On failure @p is empty. */
int gn_plan_init(struct gn_plan *p, const struct gn_topology *t, struct gn_err *err);
void gn_plan_done(struct gn_plan *p);

/* Is this end of the link the uplink of the switch there? */
bool gn_plan_is_uplink(const struct gn_topology *t, uint32_t link, int end);

/*
 * Interface indexes are ours to choose, and unique over all namespaces of a network: so nothing has
 * to be looked up after creation, and the kernel, which compares the indexes of a veth and its peer
 * to tell virtual devices, does not put off raising the carrier by up to a second.
 */
static inline uint32_t gn_plan_index(uint32_t link, int end)
{
	return 2 + 2 * link + (uint32_t)end;
}

/* Of the devices in which the members of a shared switch queue: beyond all others. */
enum gn_way { GN_TO_SWITCH, GN_FROM_SWITCH };
#define GN_SHARED_INDEX (UINT32_C(1) << 30)

static inline uint32_t gn_plan_shared_index(uint32_t node, enum gn_way way)
{
	return GN_SHARED_INDEX + 2 * node + (uint32_t)way;
}

/* The names of interfaces: eth<port> at a host or router, p<link> at a switch (p<link>a and p<link>b
 * between switches); sw<node> of a bridge; leaf<index> of a leaf, trunk<index>d and u of its trunk;
 * shared<node>u and d where the members of a shared switch queue, to it and from it. */
void gn_plan_end_name(const struct gn_topology *t, uint32_t link, int end, char name[IFNAMSIZ]);
void gn_plan_bridge_name(const struct gn_bridge *b, char name[IFNAMSIZ]);
void gn_plan_trunk_name(const struct gn_bridge *b, int end, char name[IFNAMSIZ]);
void gn_plan_shared_name(uint32_t node, enum gn_way way, char name[IFNAMSIZ]);

#endif
