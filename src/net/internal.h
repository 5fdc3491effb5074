/* SPDX-License-Identifier: MIT */
/* What a network is made of, for the files of src/net that build and check it. */
#ifndef GN_NET_INTERNAL_H
#define GN_NET_INTERNAL_H

#include "net/cut.h"
#include "net/namespace.h"
#include "net/netlink.h"
#include "net/network.h"
#include "net/plan.h"
#include "net/shapes.h"
#include "net/steps.h"

struct gn_network {
	const struct gn_topology *topology; /* borrowed for the network's life */
	struct gn_netns *nodes;		    /* of hosts and routers, by node id */
	struct gn_netns switches;	    /* of all switches */
	struct gn_shapes shapes;
	struct gn_cut *cut; /* NULL if this kernel has none of it */
};

/* gn_network_build(), with a count of its steps. @steps may be NULL. */
int gn_network_build_steps(const struct gn_topology *t, gn_network_progress *progress, void *context,
			   struct gn_steps *steps, struct gn_network **ret, struct gn_err *err);

/* Does any direction of any link ask for shaping, now or in the schedule? Is there any switch? Does one have members
 * that share a rate? */
bool gn_network_is_shaped(const struct gn_topology *t);
bool gn_network_has_switch(const struct gn_topology *t);
bool gn_network_is_shared(const struct gn_topology *t);

/* Does the schedule take links down, or part the network? */
bool gn_network_is_cut(const struct gn_topology *t);

/* Can this kernel do that? Return: 0, or as gn_network_probe(). */
int gn_network_probe_cut(struct gn_err *err);

/* Wait until every end of every link that is to carry frames does. */
int gn_network_wait_up(const struct gn_network *net, const struct gn_plan *plan, struct gn_nl_batch *batch,
		       struct gn_err *err);

#endif
