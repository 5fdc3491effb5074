/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "cmd/topology.h"

int cmd_plan(const struct gn_options *o, int argc GN_UNUSED, char **argv, struct gn_err *err)
{
	GN_CLEANUP(gn_topology_free_p) struct gn_topology *t = NULL;
	int r = gn_cmd_load(o, argv[1], &t, err);

	if (r < 0)
		return r;
	gn_topology_print(t, stdout);
	return 0;
}
