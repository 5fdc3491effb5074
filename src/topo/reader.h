/* SPDX-License-Identifier: MIT */
/* Parts of loading: for what else is read like a topology, and from memory with bounds of one's own for fuzzers and
 * tests. */
#ifndef GN_TOPO_READER_H
#define GN_TOPO_READER_H

#include "topo/yaml.h"

/* What gn_topology_load() allows. */
const struct gn_limits *gn_limits_default(void);

/* gn_topology_load() with the main file's text in memory; o->file is the name that places say. */
int gn_topology_load_text(const struct gn_load_options *o, const char *text, size_t n,
			  const struct gn_limits *limits, struct gn_topology **ret, struct gn_faults *faults);

/* The file's name without folder and .yaml, made into one that can name a folder. */
void gn_name_of_file(const char *file, char ret[GN_NODE_NAME_MAX + 1]);

#endif
