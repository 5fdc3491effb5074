/* SPDX-License-Identifier: MIT */
/* Reading topology files. No system calls but reading the files. */
#ifndef GN_TOPO_LOAD_H
#define GN_TOPO_LOAD_H

#include <stdio.h>

#include "topo/topology.h"
#include "util/arena.h"

/* What is wrong with a file: any number of lines "FILE:LINE:COL: sentence", in order of place. */
struct gn_faults {
	char **lines; /* owned */
	size_t n, cap;
};

void gn_faults_done(struct gn_faults *f);

struct gn_load_options {
	const char *file;	 /* path of the topology; "-" is not special */
	const char *within;	 /* the topology is the map at this key of the file, or NULL: the file */
	const char *name;	 /* of a topology that gives none; NULL: made from the file's */
	const char *const *sets; /* "path.to.key=value", as given with --set; later ones win */
	size_t n_sets;
	bool sets_once; /* one that undoes another is a fault instead */
	const char
		*sets_from; /* the file that paths in them are relative to; NULL: to the working directory */
	const uint64_t *seed; /* --seed; NULL: the file's */
	/*
	 * Finds the protocol that @name means (src/plugin does it): a built-in one, or, if it contains a
	 * slash, the shared object at that path. Return: 0; -EINVAL with a sentence; *ret is never unloaded.
	 */
	int (*find_protocol)(const char *name, const struct gn_protocol **ret, struct gn_err *err);
	/* The i-th built-in protocol, or NULL past the last: for suggestions and the schema. */
	const struct gn_protocol *(*protocol_at)(size_t i);
	/*
	 * Where profiles are looked for by name, after the folder netem beside the file: the i-th folder's path, in
	 * @buf, or NULL past the last. NULL: nowhere else.
	 */
	const char *(*profile_folder)(size_t i, char *buf, size_t size);
};

/**
 * gn_topology_load() - read, check and work out a topology.
 * @ret: on success owned by the caller, released with gn_topology_free().
 * @faults: initialised by the caller to zeros; filled when -EINVAL is returned.
 *
 * Return: 0; -EINVAL: the file is wrong, all faults are in @faults; -ENOMEM.
 */
int gn_topology_load(const struct gn_load_options *o, struct gn_topology **ret, struct gn_faults *faults);
struct gn_topology *gn_topology_free(struct gn_topology *t);

/**
 * gn_topology_resolved() - the topology as one YAML document that stands alone: includes, --set and
 * --seed worked in, comments gone, paths of files absolute. Loading it gives the same topology.
 *
 * Return: NUL-terminated text, owned by @t.
 */
const char *gn_topology_resolved(const struct gn_topology *t);

/* A hash of what is resolved, but for the seed. Return: 0 or -ENOMEM. */
int gn_topology_hash(const struct gn_topology *t, uint64_t *ret);

/* The i-th file besides itself that the resolved topology needs, an absolute path; NULL past the last. */
const char *gn_topology_file(const struct gn_topology *t, size_t i);

/* The JSON Schema (draft 2020-12) of topology files, generated from the table that the reader
 * walks. Return: text owned by the caller, released with free(); NULL without memory. */
char *gn_topology_schema(const struct gn_protocol *(*protocol_at)(size_t i));

/* Actions by hand, on a network that runs. */
struct gn_actions {
	struct gn_action *actions; /* owned, as what they point to; ordered by time */
	uint32_t n;
	struct gn_arena arena;
};

/**
 * gn_topology_act() - work out an entry of `schedule:` that is not in the file.
 * @text: the entry as YAML in one line, without braces and without at: "kill: n7, for: 3s".
 * @now: its `at`, ns after the run's start.
 * @ret: on success owned by the caller, released with gn_actions_done(); valid as long as @t.
 *
 * Whether the values of a `set` go together with those in force is for who carries it out to check.
 * Return: 0; -EINVAL or -E2BIG with a sentence; -ENOMEM.
 */
int gn_topology_act(const struct gn_topology *t, const char *text, gn_time now, struct gn_actions *ret,
		    struct gn_err *err);
void gn_actions_done(struct gn_actions *a);

/* Can it run live? Return: 0; -EINVAL: it is for the simulator alone, @err says why. */
int gn_topology_for_live(const struct gn_topology *t, struct gn_err *err);

/* The id of the node called @name, or GN_NONE. */
uint32_t gn_topology_find(const struct gn_topology *t, const char *name);

/* Print the plan, one line per element (nodes, links with shaping, routes, overlay, schedule), to
 * @f: identical for the same file and seed on every machine. */
void gn_topology_print(const struct gn_topology *t, FILE *f);

#endif
