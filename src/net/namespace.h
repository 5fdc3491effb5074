/* SPDX-License-Identifier: MIT */
/* Network namespaces held by descriptor, and sockets in them. */
#ifndef GN_NET_NAMESPACE_H
#define GN_NET_NAMESPACE_H

#include <stdbool.h>

#include "net/steps.h"
#include "util/err.h"

struct gn_netns {
	int fd;	    /* the namespace */
	int socket; /* rtnetlink in it, or -1 */
};

enum gn_netns_use { GN_NETNS_HOST, GN_NETNS_ROUTER, GN_NETNS_SWITCHES };
#define GN_NETNS_USES 3

/*
 * Which system settings a new namespace needs changed. All begin alike, with the kernel's own values or
 * those of the initial namespace, so the first of a use shows it. It is worth knowing: a look-up below
 * /proc/sys/net gets slower with each namespace that has had one.
 */
struct gn_netns_settings {
	bool known[GN_NETNS_USES];
	bool ipv6;		       /* the kernel has it; from the first namespace on */
	uint32_t wrong[GN_NETNS_USES]; /* a bit per setting */
};

/**
 * gn_netns_new() - make a namespace, with its settings in place before any interface is there: forwarding
 * and no redirects in routers, no filtering by source address, no IPv6 among the switches. What a host or
 * router sets per interface is gn_msg_settings().
 * @needed: zeros at first; the same for all namespaces of a network.
 * @ret: on success owned by the caller, gn_netns_done().
 *
 * The calling thread is in the new namespace afterwards, even on failure.
 */
int gn_netns_new(enum gn_netns_use use, struct gn_netns_settings *needed, struct gn_steps *steps,
		 struct gn_netns *ret, struct gn_err *err);
void gn_netns_done(struct gn_netns *ns);

/* The calling thread's own namespace, to be put on the stack by whoever enters others: it is entered
 * again at the end of the scope. If the way back is refused, the process aborts: whatever it did next would
 * be done to a wrong network. */
struct gn_netns_home {
	int fd;
};
int gn_netns_home_open(struct gn_netns_home *ret, struct gn_err *err);
void gn_netns_home_p(struct gn_netns_home *home);
#define GN_NETNS_HOME GN_CLEANUP(gn_netns_home_p) struct gn_netns_home

/* Enter a namespace with the calling thread. */
int gn_netns_enter(int fd, struct gn_err *err);

/* Enter it and open an rtnetlink socket there, the caller's. */
int gn_netns_open(const struct gn_netns *ns, int *ret, struct gn_err *err);

#endif
