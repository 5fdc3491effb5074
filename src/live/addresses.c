/* SPDX-License-Identifier: MIT */
#include "live/addresses.h"

#include "util/util.h"

static int compare(const void *a, const void *b, void *topology)
{
	uint32_t left = gn_address_of(topology, *(const uint32_t *)a);
	uint32_t right = gn_address_of(topology, *(const uint32_t *)b);

	return (left > right) - (left < right);
}

static bool ascends(const struct gn_topology *t)
{
	for (uint32_t m = 1; m < t->gossip.n_members; m++) {
		if (gn_address_of(t, m - 1) >= gn_address_of(t, m))
			return false;
	}
	return true;
}

int gn_addresses_init(struct gn_addresses *a, const struct gn_topology *t)
{
	uint32_t *by_ip = NULL;

	/* Usually true, and then a node needs no memory of its own for it: each process would have a copy. */
	if (!ascends(t)) {
		by_ip = calloc(t->gossip.n_members, sizeof(*by_ip));
		if (!by_ip)
			return -ENOMEM;
		for (uint32_t m = 0; m < t->gossip.n_members; m++)
			by_ip[m] = m;
		qsort_r(by_ip, t->gossip.n_members, sizeof(*by_ip), compare, (void *)t);
	}
	*a = (struct gn_addresses){ .topology = t, .by_ip = by_ip };
	return 0;
}

void gn_addresses_done(struct gn_addresses *a)
{
	free(a->by_ip);
	a->by_ip = NULL;
}

uint32_t gn_addresses_find(const struct gn_addresses *a, uint32_t ip)
{
	uint32_t low = 0, high = a->topology->gossip.n_members;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		uint32_t member = a->by_ip ? a->by_ip[middle] : middle;
		uint32_t found = gn_address_of(a->topology, member);

		if (found == ip)
			return member;
		if (found < ip)
			low = middle + 1;
		else
			high = middle;
	}
	return GN_NONE;
}
