/* SPDX-License-Identifier: MIT */
#include "cmd/topology.h"

#include <stdio.h>

int gn_cmd_load(const struct gn_options *o, const char *file, struct gn_topology **ret, struct gn_err *err)
{
	const struct gn_load_options lo = {
		.file = file, .sets = o->sets, .n_sets = o->n_sets, .seed = o->has_seed ? &o->seed : NULL
	};
	GN_CLEANUP(gn_faults_done) struct gn_faults faults = { 0 };
	int r = gn_topology_load(&lo, ret, &faults);

	if (r == -EINVAL) {
		for (size_t i = 0; i < faults.n; i++)
			fprintf(stderr, "%s\n", faults.lines[i]);
		if (err)
			err->text[0] = '\0';
		return r;
	}
	return r < 0 ? gn_fail(err, r, "%s: %m", file) : 0;
}
