/* SPDX-License-Identifier: MIT */
/* Loading the topology that a command names. */
#ifndef GN_CMD_TOPOLOGY_H
#define GN_CMD_TOPOLOGY_H

#include "cmd/cmd.h"
#include "plugin/plugin.h"
#include "proto/proto.h"
#include "topo/load.h"

/* gn_load_options.profile_folder: those that were installed with this program, or stand in its source tree. */
const char *gn_cmd_profile_folder(size_t i, char *buf, size_t size);

/* For a file as it is, with all protocols that there are. */
static inline struct gn_load_options gn_load_options_of(const char *file)
{
	return (struct gn_load_options){ .file = file,
					 .find_protocol = gn_plugin_find,
					 .protocol_at = gn_protocol_at,
					 .profile_folder = gn_cmd_profile_folder };
}

/* Load @file with the command's --set and --seed. Faults are printed, one line each; then -EINVAL
 * comes back with an empty sentence. */
int gn_cmd_load(const struct gn_options *o, const char *file, struct gn_topology **ret, struct gn_err *err);

static inline void gn_topology_free_p(struct gn_topology **t)
{
	gn_topology_free(*t);
}

#endif
