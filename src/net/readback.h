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

/* Read all qdiscs of the namespace of @socket. */
int gn_readback_read(struct gn_readback *r, int socket, struct gn_err *err);

/* Is what was read as it should be? Return: 0 or -EIO. */
int gn_readback_check(const struct gn_readback *r, uint32_t direction, struct gn_err *err);
int gn_readback_check_shared(const struct gn_readback *r, uint32_t node, enum gn_way way, struct gn_err *err);

#endif
