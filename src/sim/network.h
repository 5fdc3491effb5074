/* SPDX-License-Identifier: MIT */
/*
 * The network of a topology with links, as the simulator has it: what a datagram meets on its way from one node to
 * another. The way is that of the live network: at hosts and routers the longest prefix of their routes, through
 * switches along the LAN's spanning tree, at most GN_SIM_TTL - 1 routers. Each link direction does what
 * sch_netem does at the interface that sends (Linux 6.1 to 6.18, net/sched/sch_netem.c); see sim/netem.h. The order of its
 * decisions:
 *
 * - duplicate, then loss: a packet that is chosen for both goes on once; of one that comes twice the second copy may
 *   be lost as well. Each copy has a delay of its own, so that copies and packets overtake each other;
 * - corruption: one bit of the frame is inverted, the copy's and the packet's each by chance. Nearly always somebody
 *   notices: at the link's end, or at the destination by UDP's checksum, which the sender's kernel computes for that
 *   purpose. A packet whose sender's Ethernet address it was arrives like others;
 * - limit: more packets than this, in flight or waiting, are dropped. With a rate or a limit of the file's alone: else
 *   it is computed such that without a rate no machine could send so many;
 * - delay, then rate: a packet is through at max(time + its delay, when the one before it is through) + its time at that
 *   rate, as a frame: 42 bytes more than the payload. So nothing overtakes on a link with a rate. Members of an access
 *   network (a switch with `shared: true`) have their delay on their links and one queue with that rate together.
 *
 * A way is followed from one queue to the next: what happens on links that only delay, lose and duplicate depends on
 * nothing else. But while something is done to the network (a topology with actions), from one link to the next.
 */
#ifndef GN_SIM_NETWORK_H
#define GN_SIM_NETWORK_H

#include "topo/topology.h"

#define GN_SIM_TTL	   64 /* Linux: IPDEFTTL */
#define GN_SIM_FRAME_BYTES 42 /* Ethernet 14, IPv4 20, UDP 8: what a rate counts beside the payload */

/* Of one datagram, by links that duplicate, until all copies have come to their next queue. */
#define GN_SIM_COPIES_MAX 65536

/* A datagram on its way. */
struct gn_sim_flight {
	uint32_t at;	  /* the node it is at; at the destination: it has arrived */
	uint32_t to;	  /* node id of the destination */
	uint32_t next;	  /* the host or router that it is addressed to on its present LAN */
	uint16_t size;	  /* bytes of UDP payload */
	uint8_t ttl;	  /* hosts and routers that may still send it on; the sender is one of them */
	bool corrupt : 1; /* its destination will not take it */
	enum gn_sim_access {
		GN_SIM_NO_ACCESS,
		GN_SIM_BEFORE_ACCESS, /* it has come to a switch with a shared rate: the queue is next */
		GN_SIM_BEHIND_ACCESS, /* it is through the queue of the switch and about to leave it */
	} access : 7;
	/* With actions: the link that it is on, GN_NONE at its origin, and how often that went down or up before. */
	uint32_t link;
	uint16_t changes;
};

struct gn_sim_network;

/* What became of packets so far. */
struct gn_sim_network_counts {
	uint64_t lost;	      /* by chance */
	uint64_t queue_drops; /* at full queues */
	uint64_t unreachable; /* no route, or too many routers */
	uint64_t corrupted;   /* refused because of an inverted bit */
	uint64_t down_drops;  /* at links that are down or went down meanwhile */
	uint64_t duplicated;
};

/**
 * gn_sim_network_new() - @t: borrowed, not ideal. The random numbers come from its seed.
 * @ret: owned by the caller, released with gn_sim_network_free().
 *
 * Return: 0; -ENOMEM.
 */
int gn_sim_network_new(const struct gn_topology *t, struct gn_sim_network **ret, struct gn_err *err);
struct gn_sim_network *gn_sim_network_free(struct gn_sim_network *n);

/* A datagram that node @from sends to node @to, another. */
static inline struct gn_sim_flight gn_sim_flight(uint32_t from, uint32_t to, size_t size)
{
	return (struct gn_sim_flight){
		.at = from,
		.to = to,
		.next = from,
		.size = (uint16_t)size,
		.ttl = GN_SIM_TTL,
		.link = GN_NONE,
	};
}

/* A copy of the flight comes to @f->at at @when: the destination, or where gn_sim_network_move() is to be called for it
 * at that time. @f is borrowed for the call, which must not use the network. */
typedef void gn_sim_land(void *host, const struct gn_sim_flight *f, gn_time when);

/**
 * gn_sim_network_move() - let a flight leave the node it is at.
 * @now: of calls one after the other never goes back; among equal times the order of the calls is the order on the links.
 * @land: called once for each copy, before this returns: not at all if the packet is lost, more often if it is
 * duplicated. Times are not before @now.
 *
 * Return: 0; -ENOMEM; -EOVERFLOW: more than GN_SIM_COPIES_MAX copies.
 */
int gn_sim_network_move(struct gn_sim_network *n, const struct gn_sim_flight *f, gn_time now,
			gn_sim_land *land, void *host, struct gn_err *err);

/**
 * gn_sim_network_path() - the way from node @from to node @to, another: directions, 2 * link + which, in order.
 * @ret: room for @max; a way that is longer, or that ends on the way, is given as none: *ret_n is 0.
 *
 * Return: 0; -ENOMEM.
 */
int gn_sim_network_path(struct gn_sim_network *n, uint32_t from, uint32_t to, uint32_t *ret, uint32_t max,
			uint32_t *ret_n, struct gn_err *err);

/* Does a flight that comes somewhere come at all? Not if its link went down meanwhile. To be asked for each that has
 * landed, before gn_sim_network_move() or its arrival. */
bool gn_sim_network_arrives(struct gn_sim_network *n, const struct gn_sim_flight *f);

/* Give a direction, 2 * link + direction, which a GN_ACTION_SET speaks of, another shape. What is under way goes on as it
 * is. Return: 0; -ENOMEM. */
int gn_sim_network_shape(struct gn_sim_network *n, uint32_t direction, const struct gn_shape *s,
			 struct gn_err *err);

/* Nothing enters a link that is down, and what was under way on it does not arrive. The topology has actions. */
void gn_sim_network_down(struct gn_sim_network *n, uint32_t link, bool down);

const struct gn_sim_network_counts *gn_sim_network_counts(const struct gn_sim_network *n);

#endif
