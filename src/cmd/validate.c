/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "cmd/topology.h"
#include "util/log.h"

int cmd_validate(const struct gn_options *o, int argc, char **argv, struct gn_err *err)
{
	GN_CLEANUP(gn_topology_free_p) struct gn_topology *t = NULL;

	if (o->schema) {
		GN_CLEANUP(gn_free_p) char *schema = gn_topology_schema(gn_protocol_at);

		if (!schema)
			return gn_fail(err, -ENOMEM, "out of memory");
		fputs(schema, stdout);
		return 0;
	}
	if (argc < 2)
		return gn_fail(err, -EINVAL,
			       "validate: an argument is missing; usage: gossipnet validate TOPO");
	int r = gn_cmd_load(o, argv[1], &t, err);

	if (r < 0)
		return r;
	if (o->verbosity >= 0)
		printf("%s: fine: %u nodes, %u links, %u of them gossip, %u events\n", argv[1], t->n_nodes,
		       t->n_links, t->gossip.n_members, t->n_events);
	return 0;
}
