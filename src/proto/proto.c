/* SPDX-License-Identifier: MIT */
#include "proto/proto.h"

#include <string.h>

#include "proto/exchange.h"

const struct gn_protocol *gn_protocol_at(size_t i)
{
	static const struct gn_protocol *const all[] = { &gn_push, &gn_pull, &gn_push_pull };

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
