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

#include "util/err.h"
#include "util/time.h"

enum gn_kind { GN_HOST, GN_SWITCH, GN_ROUTER };

#define GN_NONE		 UINT32_MAX
#define GN_NODE_NAME_MAX 63
#define GN_GOSSIP_PORT	 7946		      /* UDP; memberlist's */
#define GN_LAN_NEXT_HOP	 UINT32_C(0xa9fe0001) /* 169.254.0.1: "deliver on this LAN", see struct gn_route */
#define GN_ADDRESS_POOL	 UINT32_C(0x0a000000) /* 10.0.0.0/8 */

/* One direction of a link, as asked for. All zero: no shaping, the kernel's veth as it is. */
struct gn_shape {
	gn_dur delay;	   /* one way, ns */
	gn_dur jitter;	   /* ns: uniform in delay +- jitter, as tc's netem without a distribution */
	uint32_t loss_ppm; /* 0 .. 1000000 */
	uint64_t rate_bps; /* bits per second; 0: not limited */
	uint32_t limit;	   /* netem queue, packets, computed from rate and delay; 0 if not shaped */
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
};

enum gn_overlay { GN_OVERLAY_FULL, GN_OVERLAY_RING, GN_OVERLAY_K_REGULAR, GN_OVERLAY_NEIGHBOURS };

struct gn_gossip {
	const char *protocol; /* "push", "pull", "push-pull" */
	uint32_t fanout;      /* partners called per period, >= 1 */
	gn_dur period;	      /* ns, > 0 */
	enum gn_overlay overlay;
	uint32_t degree; /* k-regular: partners of each node */
	/* The gossiping nodes; a member's number is its place here. */
	const uint32_t *members; /* node ids, ascending */
	uint32_t n_members;
	/* Who may call whom, as member numbers: member m's partners are peers[first_peer[m]] up to
	 * peers[first_peer[m + 1] - 1]. Both NULL for the full overlay. */
	const uint32_t *first_peer;
	const uint32_t *peers;
};

/* A published event, `repeat:` already unrolled, ordered by time. Its number is its place. */
struct gn_event_plan {
	gn_time at;	   /* ns after the run's start */
	uint32_t node;	   /* node id of the origin, a gossiping node */
	uint32_t size;	   /* bytes of payload, 0 .. 1024 */
	const char *label; /* "" where the file has none */
};

enum gn_record_what { GN_RECORDS_ARRIVALS, GN_RECORDS_CALLS };

struct gn_topology {
	const char *name;
	uint64_t seed;
	gn_dur duration;
	bool until_informed;	 /* end when every event has reached every member */
	enum gn_record_what log; /* GN_RECORDS_CALLS: also log each call of a partner */

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
};

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
	return s->delay || s->jitter || s->loss_ppm || s->rate_bps;
}

#endif
