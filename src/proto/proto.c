/* SPDX-License-Identifier: MIT */
#include "proto/proto.h"

#include <string.h>

/* One file each, which sees nothing but gossipnet/protocol.h. */
extern const struct gn_protocol gn_push, gn_pull, gn_push_pull, gn_power_law, gn_median_counter,
	gn_memberlist, gn_plumtree, gn_tree, gn_haeupler_malkhi, gn_flood;

const struct gn_protocol *gn_protocol_at(size_t i)
{
	static const struct gn_protocol *const all[] = {
		&gn_push,	&gn_pull,     &gn_push_pull, &gn_power_law,	  &gn_median_counter,
		&gn_memberlist, &gn_plumtree, &gn_tree,	     &gn_haeupler_malkhi, &gn_flood,
	};

	return i < sizeof(all) / sizeof(all[0]) ? all[i] : NULL;
}

const struct gn_protocol *gn_protocol_find(const char *name)
{
	const struct gn_protocol *p;

	for (size_t i = 0; (p = gn_protocol_at(i)); i++) {
		if (strcmp(p->name, name) == 0)
			return p;
	}
	return NULL;
}
