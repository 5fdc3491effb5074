/* SPDX-License-Identifier: MIT */
/*
 * Ways through a topology with links, as the live network has them: at hosts and routers the longest prefix of their
 * routes, through switches along the LAN's spanning tree. Inside src/sim only.
 */
#ifndef GN_SIM_WAYS_H
#define GN_SIM_WAYS_H

#include "sim/network.h"

struct gn_sim_ways {
	const struct gn_topology *t; /* borrowed */
	struct gn_sim_table *tables; /* by node; made when first needed */
	/* Of LAN i, ascending nodes: attachments[first_attachment[i]] up to first_attachment[i + 1] - 1. */
	struct gn_sim_attachment *attachments;
	uint32_t *first_attachment;
};

/* Return: 0; -ENOMEM, then gn_sim_ways_done() as well. */
int gn_sim_ways_init(struct gn_sim_ways *w, const struct gn_topology *t);
void gn_sim_ways_done(struct gn_sim_ways *w);

/**
 * gn_sim_ways_choose() - the link by which a flight leaves the node it is at.
 * @f: at a host or router it is addressed to the next one then, and has one less to pass.
 * @ret: GN_NONE: it goes no further.
 *
 * Return: 0; -ENOMEM.
 */
int gn_sim_ways_choose(struct gn_sim_ways *w, struct gn_sim_flight *f, uint32_t *ret);

/* The node at the other end of a link. */
static inline uint32_t gn_sim_other_end(const struct gn_topology *t, uint32_t link, uint32_t node)
{
	const struct gn_link *l = &t->links[link];

	return l->node[0] == node ? l->node[1] : l->node[0];
}

#endif
