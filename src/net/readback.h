/* SPDX-License-Identifier: MIT */
/* What the kernel has of the shaping, namespace by namespace, to be compared with what it should have. */
#ifndef GN_NET_READBACK_H
#define GN_NET_READBACK_H

#include "net/internal.h"

struct gn_found {
	bool there;
	struct gn_netem netem;
};

struct gn_readback {
	const struct gn_shapes *shapes; /* borrowed: what should be there */
	struct gn_found *found;
};

int gn_readback_init(struct gn_readback *r, const struct gn_shapes *s, struct gn_err *err);
void gn_readback_done(struct gn_readback *r);

/* The place of an interface's netem in the array: directions, then ways to and from shared switches. GN_NONE: it is
 * neither's. */
uint32_t gn_readback_place(const struct gn_topology *t, uint32_t index);

/* Read every namespace that has an end of a link in it: @each is called as by gn_nl_dump(), for each qdisc. */
typedef int gn_readback_qdisc(const struct nlmsghdr *m, void *context);
int gn_readback_each(const struct gn_network *net, gn_readback_qdisc *each, void *context,
		     struct gn_err *err);

/* Read all qdiscs of the namespace of @socket. */
int gn_readback_read(struct gn_readback *r, int socket, struct gn_err *err);

/* Is what was read as it should be? Return: 0 or -EIO. */
int gn_readback_check(const struct gn_readback *r, uint32_t direction, struct gn_err *err);
int gn_readback_check_shared(const struct gn_readback *r, uint32_t node, enum gn_way way, struct gn_err *err);

#endif
