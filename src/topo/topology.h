/* SPDX-License-Identifier: MIT */
/*
 * A topology, completely worked out: what the file says with every default, generator, address and
 * route in place. Plain data: src/net, src/live, src/store and src/sim read it and call nothing of
 * src/topo. Everything is owned by the topology and constant after gn_topology_load().
 *
 * Node ids are dense, 0 .. n_nodes - 1, in the order of the file; links likewise.
 */
#ifndef GN_TOPO_TOPOLOGY_H
#define GN_TOPO_TOPOLOGY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "gossipnet/protocol.h"
#include "util/err.h"
#include "util/time.h"

enum gn_kind { GN_HOST, GN_SWITCH, GN_ROUTER };

#define GN_NONE		 UINT32_MAX
#define GN_NODE_NAME_MAX 63
#define GN_GOSSIP_PORT	 7946		      /* UDP; memberlist's */
#define GN_LAN_NEXT_HOP	 UINT32_C(0xa9fe0001) /* 169.254.0.1: "deliver on this LAN", see struct gn_route */
#define GN_ADDRESS_POOL	 UINT32_C(0x0a000000) /* 10.0.0.0/8 */

/*
 * How far delays lie from their mean, as netem takes it: the value at quantile (i + 1/2) / n, in 1/8192 of the
 * jitter. One of iproute2's tables (normal, pareto, ..) or the user's own.
 */
struct gn_distribution {
	const char *name; /* as written: "normal", or the path of a file */
	const int16_t *values;
	uint32_t n;
};

enum gn_loss_model {
	GN_LOSS_RANDOM, /* each packet with loss_ppm, correlated with the one before by loss_correlation_ppm */
	GN_LOSS_GILBERT_ELLIOTT, /* loss_states: p, r, 1 - h, 1 - k; tc-netem(8) "loss gemodel" */
	GN_LOSS_STATES,		 /* loss_states: p13, p31, p32, p23, p14; tc-netem(8) "loss state" */
};

/* Packets leave in bursts, at the ends of slots: tc-netem(8) "slot". All zero: no slots. */
struct gn_slot {
	gn_dur min_delay, max_delay; /* between two slots: uniform, unless there is a distribution */
	const struct gn_distribution *distribution; /* then of this mean and deviation */
	gn_dur mean, jitter;
	uint32_t packets, bytes; /* at most so many in a slot; 0: any number */
};

/*
 * One direction of a link, as asked for: what netem can do (Linux 6.1). All zero: no shaping, the kernel's veth as
 * it is. Shares and probabilities (.._ppm) are 0 .. 1000000.
 */
struct gn_shape {
	gn_dur delay;  /* one way, ns */
	gn_dur jitter; /* ns: half width if uniform, else the distribution's deviation */
	const struct gn_distribution *distribution; /* of the delay; NULL: uniform in delay +- jitter */
	uint32_t correlation_ppm;		    /* of a packet's delay with that of the one before */
	bool keep_order; /* `order: kept`: nothing overtakes by jitter; a packet waits for the one before */

	enum gn_loss_model loss_model;
	uint32_t loss_ppm, loss_correlation_ppm; /* of the model GN_LOSS_RANDOM */
	uint32_t loss_states[5];		 /* ppm; of the other models */

	/* Probability that a packet is sent once more. As in netem, it is drawn whatever becomes of the first:
	 * that one may be lost and the other come. Of two that are sent, the second may be lost, but is not
	 * sent again. */
	uint32_t duplicate_ppm, duplicate_correlation_ppm;
	uint32_t corrupt_ppm, corrupt_correlation_ppm; /* one random bit of it is inverted */
	/* Sent at once, before those that are still delayed: each packet that is not one of the first gap - 1 after such
	 * a one. gap 0 with a reorder_ppm is 1. */
	uint32_t reorder_ppm, reorder_correlation_ppm, reorder_gap;

	uint64_t rate_bps;	 /* bits per second; 0: not limited */
	int32_t packet_overhead; /* bytes that each packet counts more (or less) for the rate */
	uint32_t cell_size;	 /* bytes; 0: no cells. For the rate a packet is a whole number of cells */
	int32_t cell_overhead;	 /* bytes of each cell */
	struct gn_slot slot;

	uint32_t limit; /* netem queue, packets: computed from rate and delay unless given; 0 if not shaped */
	bool limit_given; /* `limit:` was written */
	bool ecn; /* packets that can be marked are marked where others would be lost (random and bursts) */
};

/* A link: a veth pair. shape[0] acts from node[0] to node[1], shape[1] the other way. */
struct gn_link {
	uint32_t node[2];
	uint32_t port[2]; /* number of the interface at each end: eth<port> at a host or router */
	struct gn_shape shape[2];
	bool blocked; /* switch to switch, not in the spanning tree: built, but carries nothing */
};

/*
 * A route of a host or router. Every host and router has exactly one IPv4 address, on all of its
 * interfaces, and the MAC address gn_mac_of(address): the state of a node is its routes and one
 * permanent neighbour per next hop, and no address is ever resolved at run time.
 *
 * via == GN_NONE: the destinations are on the LAN behind @port. The next hop is GN_LAN_NEXT_HOP with
 * the MAC address gn_mac_of(GN_LAN_MAC_IP); the LAN's switches replace that by the MAC address of the IPv4
 * destination. Else: the next hop is node @via's address, a router behind @port, or the peer itself.
 */
struct gn_route {
	uint32_t prefix; /* IPv4, host byte order */
	uint8_t bits;	 /* 0 .. 32; 0: the default route */
	uint16_t port;	 /* interface number at this node */
	uint32_t via;	 /* node id, or GN_NONE */
};

/* An interface: one end of a link. */
struct gn_port {
	uint32_t link;
	uint8_t end;	     /* which end of the link is ours: 0 or 1 */
	uint8_t prefix_bits; /* of our address on this interface: the LAN's prefix, or 32 */
};

struct gn_node {
	const char *name;
	const char *group; /* the name of its entry in the file */
	enum gn_kind kind;
	uint32_t ip;	 /* host byte order; 0 for a switch */
	uint32_t member; /* its number among the gossiping nodes, or GN_NONE */
	/* Slices of the topology's arrays. A node's k-th port is eth<k>. */
	uint32_t first_port, n_ports;
	uint32_t first_route, n_routes;
	/* Switch: the link towards the root of its LAN's spanning tree, or GN_NONE at the root. */
	uint32_t uplink;
	/* Switch: its LAN, numbered from 0; host or router: GN_NONE. */
	uint32_t lan;
	/* Switch: `shared: true`, an access network: what its members' links (those with one end at it and the other at a
	 * host or router) have as rate is one rate for all of them together, in each direction; all have the same. */
	bool shared;
};

enum gn_overlay {
	GN_OVERLAY_FULL,
	GN_OVERLAY_RING,
	GN_OVERLAY_GRID,
	GN_OVERLAY_K_REGULAR,
	GN_OVERLAY_ERDOS_RENYI,
	GN_OVERLAY_BARABASI_ALBERT,
	GN_OVERLAY_WATTS_STROGATZ,
	GN_OVERLAY_CHUNG_LU,
	GN_OVERLAY_NEIGHBOURS,
	GN_OVERLAY_FILE,
};

struct gn_gossip {
	const struct gn_protocol *protocol; /* static, or of a loaded shared object that is never unloaded */
	const int64_t *parameters;	    /* values for protocol->parameters, in that order */
	enum gn_clock clock;
	uint32_t fanout;			  /* partners called per round, >= 1 */
	gn_dur period;				  /* ns, > 0 */
	uint32_t forget_after, lost_interest_ppm; /* as in struct gn_cluster */
	bool avoid_last;			  /* `memory:`; as in struct gn_cluster */
	enum gn_overlay overlay;
	/* The gossiping nodes: member m is node members[m], ascending; NULL: every node is a member, node m is
	 * member m (an ideal network without `on:`). Use gn_node_of() and gn_member_of(). */
	const uint32_t *members;
	uint32_t n_members;
	/* Who may call whom, as member numbers: member m's partners are peers[first_peer[m]] up to
	 * peers[first_peer[m + 1] - 1]; a multigraph's may repeat. Both NULL for the full overlay. */
	const uint32_t *first_peer;
	const uint32_t *peers;
	/* The members of the overlay's largest connected component, the one with the smallest member among equals;
	 * others do not count: events start in it, and coverage is of it. NULL: everybody counts. */
	const uint8_t *counted; /* by member: 1 or 0 */
	uint32_t n_counted;
};

/* A published event, `repeat:` already unrolled, ordered by time. Its number is its place. */
struct gn_event_plan {
	gn_time at;	   /* ns after the run's start */
	uint32_t node;	   /* node id of the origin, a gossiping node */
	uint32_t size;	   /* bytes of payload, 0 .. 1024 */
	const char *label; /* "" where the file has none */
};

/* What is done to the network and its nodes while they run. */
enum gn_action_what {
	GN_ACTION_SET,	 /* link directions (ideal: the network) get other values */
	GN_ACTION_RESET, /* and those of the file again */
	GN_ACTION_DOWN,	 /* links carry nothing, in neither direction; what is under way on them is lost */
	GN_ACTION_UP,	 /* and do again */
	GN_ACTION_PARTITION, /* no packet passes from one part to another; replaces the partition that is in force */
	GN_ACTION_HEAL,	   /* no partition is in force */
	GN_ACTION_KILL,	   /* a node's gossip process dies at once, with what it knew */
	GN_ACTION_LEAVE,   /* it calls its partners a last time, at once, and then ends */
	GN_ACTION_RESTART, /* it starts anew and knows nothing; no effect on one that runs */
	GN_ACTION_PAUSE, /* it sleeps: takes no input and no timer, what comes in waits in its socket's buffer */
	GN_ACTION_RESUME,    /* and goes on */
	GN_ACTION_DROP_NEXT, /* it ignores the next @value datagrams that come in, from now on */
	GN_ACTION_CPU,	     /* its process gets at most @value millionths of one CPU; 0: no limit */
	GN_ACTION_MEMORY,    /* at most @value bytes of memory; 0: no limit */
};

/* The fields of a struct gn_shape that a GN_ACTION_SET speaks of: what belongs together is one bit. */
enum gn_shape_field {
	GN_SHAPE_DELAY = 1 << 0,
	GN_SHAPE_JITTER = 1 << 1,	/* jitter */
	GN_SHAPE_DISTRIBUTION = 1 << 2, /* distribution */
	GN_SHAPE_CORRELATION = 1 << 3,
	GN_SHAPE_ORDER = 1 << 4,
	GN_SHAPE_LOSS = 1 << 5, /* model, share, correlation and states */
	GN_SHAPE_DUPLICATE = 1 << 6,
	GN_SHAPE_CORRUPT = 1 << 7,
	GN_SHAPE_REORDER = 1 << 8,
	GN_SHAPE_RATE = 1 << 9, /* rate, overheads and cells */
	GN_SHAPE_SLOT = 1 << 10,
	GN_SHAPE_LIMIT = 1 << 11,
	GN_SHAPE_ECN = 1 << 12,
	GN_SHAPE_ALL = (1 << 13) - 1,
};

/*
 * One action. What the file says in one entry (`flap`, `churn`, `for:`, a group's name) is unrolled into as many as it
 * takes; those of one moment and one entry are carried out as one: all of @targets at once.
 */
struct gn_action {
	gn_time at; /* ns after the run's start */
	enum gn_action_what what;
	/* SET, RESET: link directions, 2 * link + direction (ideal: none, the network is meant); DOWN, UP: links;
	 * PARTITION, HEAL: none; others: gossiping nodes, by node id. */
	const uint32_t *targets;
	uint32_t n_targets;
	/* SET: values[i] is for targets[i] (ideal: values[0]); only the fields in @fields count. RESET: those. */
	const struct gn_shape *values;
	uint32_t fields; /* enum gn_shape_field */
	/* PARTITION: by node id, hosts and routers, the number of its part, 0 .. n_parts - 1. */
	const uint8_t *part;
	uint32_t n_parts;
	uint64_t value;
	/* For the table action, as in the file: "n1 - lan", "loss 5%". Of an action on nodes each has a row of its own,
	 * with its name as target. */
	const char *target, *detail;
};

/* The word for it in the table action. */
static inline const char *gn_action_name(enum gn_action_what what)
{
	switch (what) {
	case GN_ACTION_SET:
		return "set";
	case GN_ACTION_RESET:
		return "reset";
	case GN_ACTION_DOWN:
		return "down";
	case GN_ACTION_UP:
		return "up";
	case GN_ACTION_PARTITION:
		return "partition";
	case GN_ACTION_HEAL:
		return "heal";
	case GN_ACTION_KILL:
		return "kill";
	case GN_ACTION_LEAVE:
		return "leave";
	case GN_ACTION_RESTART:
		return "restart";
	case GN_ACTION_PAUSE:
		return "pause";
	case GN_ACTION_RESUME:
		return "resume";
	case GN_ACTION_DROP_NEXT:
		return "drop-next";
	case GN_ACTION_CPU:
		return "cpu";
	case GN_ACTION_MEMORY:
		return "memory";
	}
	return "";
}

enum gn_record_what {
	GN_RECORDS_ARRIVALS,
	GN_RECORDS_CALLS,    /* also each call of a partner */
	GN_RECORDS_FIRST,    /* of the arrivals only the first of each event at each node */
	GN_RECORDS_COVERAGE, /* the curve of each event instead of its arrivals; in the simulator only */
};

/* An entry of `nodes:` or `generate:`: the nodes first .. first + count - 1, called name1, name2 and so on,
 * or, single, name. */
struct gn_group {
	const char *name;
	enum gn_kind kind;
	uint32_t first, count;
	bool single;
};

struct gn_topology {
	const char *name;
	uint64_t seed;
	gn_dur duration;
	bool until_informed; /* end when every event has reached every member */
	enum gn_record_what log;

	/*
	 * A topology without links is an ideal network, for the simulator alone: every host reaches every other, each
	 * datagram on its own as `network` says. Its nodes may be ten millions: nodes is then NULL, and what
	 * there is to know of them is in groups. gn_node_name() serves both.
	 */
	bool ideal;
	struct gn_shape network; /* ideal: from any host to any other; no rate */
	uint32_t call_loss_ppm;	 /* ideal: a call is lost as a whole; what answers it is not lost by this */
	const struct gn_group *groups; /* ascending first */
	uint32_t n_groups;

	const struct gn_node *nodes;
	uint32_t n_nodes;
	const struct gn_link *links;
	uint32_t n_links;
	const struct gn_port *ports;
	uint32_t n_ports;
	const struct gn_route *routes;
	uint32_t n_routes;
	uint32_t n_lans;

	struct gn_gossip gossip;
	const struct gn_event_plan *events;
	uint32_t n_events;
	const struct gn_action *actions; /* ordered by time, at the same time as in the file */
	uint32_t n_actions;
};

static inline uint32_t gn_node_of(const struct gn_topology *t, uint32_t member)
{
	return t->gossip.members ? t->gossip.members[member] : member;
}

/* The member number of a node, or GN_NONE. */
static inline uint32_t gn_member_of(const struct gn_topology *t, uint32_t node)
{
	const struct gn_gossip *g = &t->gossip;
	uint32_t low = 0, high = g->n_members;

	if (t->nodes)
		return t->nodes[node].member;
	if (!g->members)
		return node;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (g->members[middle] < node)
			low = middle + 1;
		else
			high = middle;
	}
	return low < g->n_members && g->members[low] == node ? low : GN_NONE;
}

/* The entry of the file that brings a node. */
static inline const struct gn_group *gn_group_of(const struct gn_topology *t, uint32_t node)
{
	uint32_t low = 0, high = t->n_groups;

	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;

		if (t->groups[middle].first <= node)
			low = middle;
		else
			high = middle;
	}
	return &t->groups[low];
}

/* The node's name; @buf holds it if it has to be made. */
static inline const char *gn_node_name(const struct gn_topology *t, uint32_t node,
				       char buf[GN_NODE_NAME_MAX + 1])
{
	if (t->nodes)
		return t->nodes[node].name;
	const struct gn_group *g = gn_group_of(t, node);

	if (g->single)
		return g->name;
	snprintf(buf, GN_NODE_NAME_MAX + 1, "%s%u", g->name, node - g->first + 1);
	return buf;
}

/* What the protocol is told; without the shared memory, which the host adds. */
static inline struct gn_cluster gn_cluster_of(const struct gn_topology *t)
{
	const struct gn_gossip *g = &t->gossip;
	struct gn_cluster c = {
		.members = g->n_members,
		.fanout = g->fanout,
		.period = g->period,
		.clock = g->clock,
		.max_events = t->n_events ? t->n_events : 1,
		.seed = t->seed,
		.first_peer = g->first_peer,
		.peers = g->peers,
		.avoid_last = g->avoid_last,
		.forget_after = g->forget_after,
		.lost_interest_ppm = g->lost_interest_ppm,
		.parameters = g->parameters,
	};

	for (uint32_t i = 0; i < t->n_events; i++) {
		if (t->events[i].size > c.max_payload)
			c.max_payload = t->events[i].size;
	}
	return c;
}

/* MAC addresses are locally administered: 02:00 and the IPv4 address, in network order. */
static inline void gn_mac_of(uint32_t ip, uint8_t mac[6])
{
	const uint8_t bytes[6] = {
		0x02, 0x00, (uint8_t)(ip >> 24), (uint8_t)(ip >> 16), (uint8_t)(ip >> 8), (uint8_t)ip
	};

	for (int i = 0; i < 6; i++)
		mac[i] = bytes[i];
}

/* What a frame for "somebody on this LAN" carries until the first switch: 02:00:ff:ff:ff:ff. */
#define GN_LAN_MAC_IP UINT32_C(0xffffffff) /* gn_mac_of(GN_LAN_MAC_IP) */

static inline bool gn_shape_is_set(const struct gn_shape *s)
{
	return s->delay || s->jitter || s->loss_model != GN_LOSS_RANDOM || s->loss_ppm || s->duplicate_ppm ||
	       s->corrupt_ppm || s->reorder_ppm || s->rate_bps || s->slot.max_delay || s->slot.mean ||
	       s->limit_given;
}

#endif
