/* SPDX-License-Identifier: MIT */
/*
 * The shapes of a network's links as they are at present, and the netems that they take.
 *
 * A direction that is shaped, or that the schedule will shape, has a netem at the root of the interface that sends. Once
 * there it stays, whatever the shape becomes: to remove it would cost the packets in it.
 *
 * A switch whose members share one rate has a device (ifb) for each way besides, whose netem has the rate: what comes in
 * at the switch's ports, or is to leave them, queues there. The netem of the link has everything else.
 */
#ifndef GN_NET_SHAPES_H
#define GN_NET_SHAPES_H

#include "net/netlink.h"
#include "net/plan.h"
#include "net/shape.h"
#include "topo/topology.h"

/* Directions are numbered 2 * link + direction. */
struct gn_shapes {
	const struct gn_topology *t; /* borrowed */
	struct gn_shape *present;    /* by direction */
	bool *queued;		     /* by direction: it has a netem */
	bool *tabled;		     /* by direction: that has, or had, a table of delays */
};

/* As in the topology; or as in another one. Return: 0; -ENOMEM: @s is empty then. */
int gn_shapes_init(struct gn_shapes *s, const struct gn_topology *t, struct gn_err *err);
int gn_shapes_copy(struct gn_shapes *s, const struct gn_shapes *from, struct gn_err *err);
void gn_shapes_done(struct gn_shapes *s);

/* Let a direction have another shape. */
void gn_shapes_set(struct gn_shapes *s, uint32_t direction, const struct gn_shape *shape);

/* Is there any netem? */
bool gn_shapes_any(const struct gn_shapes *s);

/* The switch whose members share the rate of this direction, and which way it goes there; or GN_NONE. */
uint32_t gn_shapes_shared_at(const struct gn_topology *t, uint32_t direction, enum gn_way *ret_way);

/* The netem of a direction at its sending interface. Return: 0; -EINVAL: its queue has no room. */
int gn_shapes_netem(const struct gn_shapes *s, uint32_t direction, struct gn_netem *ret, struct gn_err *err);

/* The netem of a shared switch for what goes one way. Return: 0; -EINVAL: its members' rates differ. */
int gn_shapes_shared_netem(const struct gn_shapes *s, uint32_t node, enum gn_way way, struct gn_netem *ret,
			   struct gn_err *err);

/* Queue "put that netem there", for a socket in the interface's namespace. @built: it may be there already. */
int gn_shapes_queue(const struct gn_shapes *s, struct gn_nl_batch *b, uint32_t direction, bool built,
		    struct gn_err *err);
int gn_shapes_queue_shared(const struct gn_shapes *s, struct gn_nl_batch *b, uint32_t node, enum gn_way way,
			   bool built, struct gn_err *err);

/* "link A - B, A to B" */
#define GN_DIRECTION_NAME_MAX 288
void gn_shapes_direction_name(const struct gn_topology *t, uint32_t direction,
			      char name[GN_DIRECTION_NAME_MAX]);

#endif
