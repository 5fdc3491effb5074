/* SPDX-License-Identifier: MIT */
#include "cmd/topology.h"

#include <stdio.h>
#include <string.h>

const char *gn_cmd_profile_folder(size_t i, char *buf, size_t size)
{
	/* From PREFIX/bin, from the source tree, and from build/WHICH in it. */
	static const char *const folders[] = { "../share/gossipnet/netem", "netem", "../../netem" };
	ssize_t n = readlink("/proc/self/exe", buf, size - 1);

	if (n <= 0 || i >= GN_ARRAY_LEN(folders))
		return NULL;
	buf[n] = '\0';
	char *base = strrchr(buf, '/') + 1;
	size_t room = size - (size_t)(base - buf);

	return (size_t)snprintf(base, room, "%s", folders[i]) < room ? buf : NULL;
}

int gn_cmd_load(const struct gn_options *o, const char *file, struct gn_topology **ret, struct gn_err *err)
{
	GN_CLEANUP(gn_faults_done) struct gn_faults faults = { 0 };
	struct gn_load_options lo = gn_load_options_of(file);

	lo.sets = o->sets;
	lo.n_sets = o->n_sets;
	lo.seed = o->has_seed ? &o->seed : NULL;
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
