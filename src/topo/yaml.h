/* SPDX-License-Identifier: MIT */
/*
 * A YAML file as a tree whose nodes know where they were written. Only what a topology needs: no
 * anchors, aliases or tags, keys are texts.
 */
#ifndef GN_TOPO_YAML_H
#define GN_TOPO_YAML_H

#include "topo/report.h"

enum gn_yaml_kind {
	GN_YAML_SCALAR,
	GN_YAML_LIST,
	GN_YAML_MAP,
	GN_YAML_BAD /* a fault was already reported */
};

struct gn_yaml {
	struct gn_yaml *next; /* sibling in its list or map */
	struct gn_yaml *first, *last;
	const char *key;  /* in a map */
	const char *text; /* of a scalar */
	struct gn_place place, key_place;
	uint32_t n; /* children */
	enum gn_yaml_kind kind;
	bool quoted; /* a scalar in quotes: a text, never a number or null */
};

/* What a reader may read: small for a fuzzer, generous for people. */
struct gn_limits {
	size_t file_bytes;
	uint32_t nodes, ideal_nodes, links, events; /* ideal_nodes: without links */
	uint32_t addresses;
	uint64_t routes, peers;
	uint64_t steps; /* of the route computation */
	bool include;
};

struct gn_yaml_reader {
	struct gn_arena *arena; /* of the trees */
	struct gn_report *report;
	const struct gn_limits *limits;
	const char *within;   /* a key of the main file at which the tree wanted stands, or NULL: all of it */
	bool sets_once;	      /* gn_yaml_set(): one that undoes another is a fault */
	const char *if_empty; /* what to say of a file that is empty, or no map */
	const char *if_no_map;
	uint32_t n_files;
	struct gn_open_file *open; /* the chain of files being read, innermost first */
};

/* Read a file with everything it includes. Return: the merged tree, NULL after a fault (reported). */
struct gn_yaml *gn_yaml_read_file(struct gn_yaml_reader *r, const char *path);

/* The same for a text in memory; @name is what places say and what includes are relative to. */
struct gn_yaml *gn_yaml_read_text(struct gn_yaml_reader *r, const char *name, const char *text, size_t n);

/* Put the value of "path.to.key=value" into the tree; @source: what places say. */
void gn_yaml_set(struct gn_yaml_reader *r, struct gn_yaml *root, const char *assignment, uint32_t source);

/* Parse one document; places have line 0 if @flat. NULL after a fault. */
struct gn_yaml *gn_yaml_parse(struct gn_yaml_reader *r, const char *text, size_t n, uint32_t source,
			      bool flat);

/* The path of a file that is written in a value: relative to the file where it is written, or, for what has
 * no line (--set), to where gn_load_options.sets_from says. Released with free(); NULL without memory. */
char *gn_yaml_beside(const struct gn_report *r, const struct gn_yaml *written);

struct gn_yaml *gn_yaml_get(const struct gn_yaml *map, const char *key);
void gn_yaml_append(struct gn_yaml *parent, struct gn_yaml *child);
/* Return: a new scalar, or NULL without memory (also noted in the report). */
struct gn_yaml *gn_yaml_scalar(struct gn_yaml_reader *r, const char *key, const char *text,
			       struct gn_place at);
/* Replace the child with @value's key, or append it. */
void gn_yaml_put(struct gn_yaml *map, struct gn_yaml *value);
void gn_yaml_remove(struct gn_yaml *map, const struct gn_yaml *child); /* one of @map's */

/* The tree as YAML text, released with free(); NULL without memory. */
char *gn_yaml_emit(const struct gn_yaml *root);

/* Nothing, ~ or null: a key without a value. */
bool gn_yaml_is_null(const struct gn_yaml *y);

#endif
