/* SPDX-License-Identifier: MIT */
/* Which member has this address? */
#ifndef GN_LIVE_ADDRESSES_H
#define GN_LIVE_ADDRESSES_H

#include "topo/topology.h"

struct gn_addresses {
	const struct gn_topology *topology; /* borrowed */
	uint32_t *by_ip; /* members by ascending address; NULL: their numbers ascend with the addresses */
};

/* Return: 0 or -ENOMEM. */
int gn_addresses_init(struct gn_addresses *a, const struct gn_topology *t);
void gn_addresses_done(struct gn_addresses *a);

/* The member with this IPv4 address (host byte order), or GN_NONE. */
uint32_t gn_addresses_find(const struct gn_addresses *a, uint32_t ip);

/* The address of a member. */
static inline uint32_t gn_address_of(const struct gn_topology *t, uint32_t member)
{
	return t->nodes[t->gossip.members[member]].ip;
}

#endif
