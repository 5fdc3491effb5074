/* SPDX-License-Identifier: MIT */
/*
 * The two ends of a flow of UDP datagrams that measures a path. Each datagram carries its number and when it was
 * sent, CLOCK_MONOTONIC read just before the system call; it has arrived when the receiver's kernel takes it from the
 * wire (SO_TIMESTAMPNS), so that neither end's waiting for a processor counts as delay.
 */
#ifndef GN_LIVE_PROBE_H
#define GN_LIVE_PROBE_H

#include <netinet/in.h>

#include "live/path.h"

enum {
	GN_PROBE_SIZE_MIN = 24,	  /* bytes of UDP payload: what a datagram carries */
	GN_PROBE_SIZE_MAX = 1472, /* not fragmented */
	/* Ethernet 14 (no preamble, no check sum: what netem counts), IPv4 20, UDP 8 */
	GN_PROBE_HEADERS = 42,
	/* the receiver keeps 24 bytes of each, and the guest's memory is small */
	GN_PROBE_COUNT_MAX = 1000000,
};

struct gn_probe_flow {
	uint64_t id;	 /* random: what does not carry it is not ours */
	uint64_t count;	 /* datagrams, at most */
	gn_dur interval; /* from one to the next; 0: as fast as this end can */
	gn_dur duration; /* send no longer than this; GN_NEVER: no limit */
	uint32_t size;	 /* bytes of UDP payload */
};

/* The address of the node that this process is in, as its host name says. Every host and router has one, on all of its
 * interfaces. Return: 0; -EADDRNOTAVAIL: a switch. */
int gn_probe_own_address(struct in_addr *ret, struct gn_err *err);

/* Send the flow to @to, on time. Return: 0 or -Exxx. */
int gn_probe_send(const struct sockaddr_in *to, const struct gn_probe_flow *flow, struct gn_probe_sent *ret,
		  struct gn_err *err);

/* A socket at any port of @here that takes times of arrival. */
int gn_probe_open(const struct in_addr *here, struct sockaddr_in *ret_bound, int *ret, struct gn_err *err);

struct gn_probe_arrivals {
	struct gn_probe_arrival *list; /* in the order in which they came; owned */
	size_t n, capacity;
	/* Refused by the socket: corrupted on the way, or it was full. */
	uint64_t refused;
};

/**
 * gn_probe_receive() - take the datagrams of a flow.
 * @fd: from gn_probe_open(). @end: becomes readable when the last datagram has been sent.
 *
 * After that, datagrams are awaited until none has come for half a second and the longest delay seen; if none came at
 * all, for five seconds.
 *
 * Return: 0; -EIO if the machine's clock was set meanwhile; -ENOMEM; -Exxx. @a is released with free(a->list).
 */
int gn_probe_receive(int fd, int end, uint64_t id, struct gn_probe_arrivals *a, struct gn_err *err);

#endif
