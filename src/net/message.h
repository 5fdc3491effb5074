/* SPDX-License-Identifier: MIT */
/*
 * Builders of rtnetlink requests: each fills an empty header from gn_nl_request() and calls nothing.
 * Addresses are in host byte order.
 */
#ifndef GN_NET_MESSAGE_H
#define GN_NET_MESSAGE_H

#include <libmnl/libmnl.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#define GN_LOOPBACK 1 /* index of `lo` in every network namespace */

struct gn_veth_end {
	char name[IFNAMSIZ];
	uint32_t index; /* of the interface, chosen by us */
	uint8_t mac[6];
	int netns; /* -1: the namespace of the socket */
};

/* A bridge without learning from time, STP or snooping of multicast. @alias is for the user's eyes. */
void gn_msg_bridge(struct nlmsghdr *m, const char *name, uint32_t index, const uint8_t mac[6],
		   const char *alias);

/* A veth pair, both ends down, end[0] a port of the bridge @master unless that is 0. end[0] has to
 * be in the socket's namespace. */
void gn_msg_veth(struct nlmsghdr *m, const struct gn_veth_end end[2], uint32_t master);

/* Make the interface a port of @master. */
void gn_msg_enslave(struct nlmsghdr *m, uint32_t index, uint32_t master);

/* Ask for the interface's description. */
void gn_msg_get_link(struct nlmsghdr *m, uint32_t index);

/* Settings of an interface that is still down: no filtering by source address, no redirects, and, where the
 * kernel has @ipv6, no IPv6 address of its own, hence nothing to say to the neighbours. */
void gn_msg_settings(struct nlmsghdr *m, uint32_t index, bool forwarding, bool ipv6);

/* Raise the interface. */
void gn_msg_up(struct nlmsghdr *m, uint32_t index);

/* Raise a bridge port that does not learn; @flood: it gets the frames whose destination is unknown. */
void gn_msg_port_up(struct nlmsghdr *m, uint32_t index, bool flood);

/* Static entry: @mac is behind the bridge port @index. */
void gn_msg_fdb(struct nlmsghdr *m, uint32_t index, const uint8_t mac[6]);

/* Hooks for filters where packets come into the interface and where they leave it, before its queue. */
void gn_msg_hooks(struct nlmsghdr *m, uint32_t index);

/* Let a program (eBPF, by descriptor) decide at one of the hooks. What it does not decide goes to the next filter. */
void gn_msg_program(struct nlmsghdr *m, uint32_t index, bool ingress, int program);

/* A device that queues what filters send to it, and then gives it back to where it came from. */
void gn_msg_queue_device(struct nlmsghdr *m, const char *name, uint32_t index, const char *alias);

/* Send everything at one of the hooks, after the program, through the queue device @to. */
void gn_msg_redirect(struct nlmsghdr *m, uint32_t index, bool ingress, uint32_t to);

/* An address, without the route that the kernel adds by itself. */
void gn_msg_address(struct nlmsghdr *m, uint32_t index, uint32_t ip, uint8_t bits);

/* Permanent neighbour: never resolved, never forgotten, not counted against gc_thresh. */
void gn_msg_neighbour(struct nlmsghdr *m, uint32_t index, uint32_t ip, const uint8_t mac[6]);

struct gn_msg_route {
	uint32_t prefix;
	uint8_t bits;
	uint32_t index;	  /* of the interface */
	uint32_t gateway; /* taken to be on the link; equal to a /32 prefix: the peer itself */
	uint32_t source;  /* preferred source address */
};
void gn_msg_route(struct nlmsghdr *m, const struct gn_msg_route *r);

#endif
