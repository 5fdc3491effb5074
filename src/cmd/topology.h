/* SPDX-License-Identifier: MIT */
/* Loading the topology that a command names. */
#ifndef GN_CMD_TOPOLOGY_H
#define GN_CMD_TOPOLOGY_H

#include "cmd/cmd.h"
#include "topo/load.h"

/* Load @file with the command's --set and --seed. Faults are printed, one line each; then -EINVAL
 * comes back with an empty sentence. */
int gn_cmd_load(const struct gn_options *o, const char *file, struct gn_topology **ret, struct gn_err *err);

static inline void gn_topology_free_p(struct gn_topology **t)
{
	gn_topology_free(*t);
}

#endif
