/* SPDX-License-Identifier: MIT */
/*
 * What may stand in a topology file: one table. The walk that checks and decodes a tree, its
 * suggestions and the JSON Schema all come from it.
 */
#ifndef GN_TOPO_SCHEMA_H
#define GN_TOPO_SCHEMA_H

#include "topo/units.h"
#include "topo/yaml.h"

enum gn_type {
	GN_TYPE_NAME,	   /* names something: letters, digits, - _ . */
	GN_TYPE_REFERENCE, /* the name of a node or group */
	GN_TYPE_TEXT,
	GN_TYPE_CHOICE,
	GN_TYPE_WHOLE,
	GN_TYPE_SIGNED, /* a whole number that may have a minus; .number is its two's complement */
	GN_TYPE_DURATION,
	GN_TYPE_RATE,
	GN_TYPE_SIZE,
	GN_TYPE_LOSS,
	GN_TYPE_PROBABILITY,
	GN_TYPE_DECIMAL,      /* such as 2.5; in millionths: GN_DECIMAL_ONE is 1 */
	GN_TYPE_SWITCH,	      /* true or false */
	GN_TYPE_PROTOCOL,     /* the name of a protocol, or the path of one, which has a slash */
	GN_TYPE_DISTRIBUTION, /* one of .choices, or the path of a table, which has a slash */
	GN_TYPE_FORGET,	      /* a rule in words, or, as .inner, a map that says the same */
	GN_TYPE_MAP,	      /* of .inner */
	GN_TYPE_MAPS,	      /* a list of maps */
	GN_TYPE_MAPS_OR_MAP,
	GN_TYPE_REFERENCES,	 /* a list of names, or one */
	GN_TYPE_PAIR,		 /* a list of exactly two names */
	GN_TYPE_PAIR_OR_NETWORK, /* or the word network */
	GN_TYPE_PARTS,		 /* a list of lists of names; items: a struct gn_field for each list */
	GN_TYPE_WEIGHTS, /* names with weights: a list of names, or of {name: weight}, or one such map; .number of each
			    item in millionths */
	GN_TYPE_TREE,  /* anything: who reads it checks it */
	GN_TYPE_FILES, /* a file's name or a list of them; resolved before the walk */
};

/* The decoded value of one key. */
struct gn_field {
	const struct gn_yaml *at; /* where it is written; NULL: the default holds */
	bool bad;		  /* a fault was reported; number and text are the default's */
	const char *text;
	uint64_t number; /* quantities in their smallest unit; a choice's place in the list */
	void *items;	 /* lists: structs of the inner schema or fields; a map: one struct */
	uint32_t n;
};

enum gn_graph {
	GN_GRAPH_STAR,
	GN_GRAPH_LINE,
	GN_GRAPH_RING,
	GN_GRAPH_GRID,
	GN_GRAPH_TREE,
	GN_GRAPH_FULL,
	GN_GRAPH_K_REGULAR,
	GN_GRAPH_ERDOS_RENYI,
	GN_GRAPH_BARABASI_ALBERT,
	GN_GRAPH_WATTS_STROGATZ,
	GN_GRAPHS,
};

struct gn_key {
	const char *name, *help;
	enum gn_type type;
	size_t offset; /* of the struct gn_field in the decoded struct */
	uint64_t min, max;
	const char *const *choices; /* NULL-terminated */
	const struct gn_schema
		*inner;	   /* of a type that is no map or list of maps: what a map in its place holds */
	const char *value; /* the default as it would be written, or NULL */
	const char *default_note; /* a default that depends on other things, in words */
	unsigned graphs, needed;  /* generators: bit per graph that takes it, that requires it */
	unsigned verbs;		  /* actions: bit per verb that takes it; needed: that requires it */
	unsigned overlays; /* gossip: bit per overlay that takes it; 0: has nothing to do with overlays */
	bool required;
	bool always; /* a map that is decoded, all defaults, even when it is absent */
};

struct gn_schema {
	const char *what; /* "a link" */
	const struct gn_key *keys;
	size_t n;
	size_t size; /* bytes of the decoded struct, which begins with a struct gn_raw */
};

/* How every decoded struct begins. */
struct gn_raw {
	struct gn_place place;
	bool bad; /* some key of it has a fault */
};

struct gn_raw_shape {
	struct gn_raw raw;
	struct gn_field delay, jitter, distribution, loss, duplicate;
	/* Of links only. */
	struct gn_field correlation, order, corrupt, reorder, rate, slot, limit, ecn;
};

struct gn_raw_loss {
	struct gn_raw raw;
	struct gn_field random, correlation, gilbert_elliott, states;
};

struct gn_raw_gilbert_elliott {
	struct gn_raw raw;
	struct gn_field p, r, loss_in_bad, loss_in_good;
};

struct gn_raw_states {
	struct gn_raw raw;
	struct gn_field p13, p31, p32, p23, p14;
};

/* Of duplicate, corrupt and reorder; only the last has a gap. */
struct gn_raw_share {
	struct gn_raw raw;
	struct gn_field share, correlation, gap;
};

struct gn_raw_rate {
	struct gn_raw raw;
	struct gn_field rate, packet_overhead, cell_size, cell_overhead;
};

struct gn_raw_slot {
	struct gn_raw raw;
	struct gn_field delay, jitter, distribution, packets, bytes;
};

struct gn_raw_network {
	struct gn_raw_shape shape; /* what is of links only is never written */
	struct gn_field call_loss;
};

struct gn_raw_node {
	struct gn_raw raw;
	struct gn_field name, count, kind, shared;
};

struct gn_raw_link {
	struct gn_raw_shape shape;
	struct gn_field between, spread, over, profile, a_to_b,
		b_to_a; /* a profile is worked in before the walk */
};

/* A file of its own, of what a link may be like. */
struct gn_raw_profile {
	struct gn_raw_shape shape;
	struct gn_field about, source, up, down;
};

struct gn_raw_generate {
	struct gn_raw_shape shape;
	struct gn_field graph, name, kind, profile;
	struct gn_field nodes, rows, columns, branching, depth, degree, probability, edges, rewire;
};

struct gn_raw_forget {
	struct gn_raw raw;
	struct gn_field after, lost_interest;
};

struct gn_raw_gossip {
	struct gn_raw raw;
	struct gn_field on, protocol, fanout, period, clock, forget;
	/* Of the overlay. Which of them are written where they have no meaning, or lack, is checked when the
	 * overlay is planned; degree and exponent in millionths. */
	struct gn_field overlay, memory, degree, probability, edges, rewire, exponent, rows, file;
};

struct gn_raw_event {
	struct gn_raw raw;
	struct gn_field at, from, label, size, repeat, every;
};

/* What an entry of `schedule:` says to do: its keys of these names come first in gn_schema_action(), in this order. */
enum gn_verb {
	GN_VERB_SET,
	GN_VERB_DOWN,
	GN_VERB_UP,
	GN_VERB_FLAP,
	GN_VERB_PARTITION,
	GN_VERB_HEAL,
	GN_VERB_KILL,
	GN_VERB_LEAVE,
	GN_VERB_RESTART,
	GN_VERB_PAUSE,
	GN_VERB_RESUME,
	GN_VERB_DROP_NEXT,
	GN_VERB_CPU,
	GN_VERB_MEMORY,
	GN_VERB_CHURN,
	GN_VERBS,
};

struct gn_raw_action {
	struct gn_raw_shape shape; /* set: what is written of it */
	struct gn_field a_to_b, b_to_a;
	struct gn_field verb[GN_VERBS];
	struct gn_field at, lasting, node, every, repeat, down_for, until, seed;
	struct gn_field profile; /* worked in before the walk, but not by hand */
};

struct gn_raw_topology {
	struct gn_raw raw;
	struct gn_field name, seed, duration, until, log, include, nodes, links, generate, routes, network,
		gossip, events, schedule;
};

const struct gn_schema *gn_schema_topology(void);
const struct gn_schema *gn_schema_generate(void); /* of an item of `generate:` */
const struct gn_schema *gn_schema_profile(void);
const struct gn_schema *gn_schema_gossip(void);
const struct gn_schema *gn_schema_forget(void);
const struct gn_schema *gn_schema_action(void); /* of an item of `schedule:` */

/* The word for the i-th value of `log:`, `clock:`, `overlay:`; NULL past the last. */
const char *gn_log_name(size_t i);
const char *gn_clock_name(size_t i);
const char *gn_overlay_name(size_t i);

/* The word for a uniform distribution, the one that needs no table. */
#define GN_UNIFORM "uniform"

/* Largest counts that a file may ask for; a reader may be told to allow less. */
#define GN_NODES_MAX	   2000000
#define GN_IDEAL_NODES_MAX 100000000 /* without links */
#define GN_LINKS_MAX	   2000000
#define GN_OVERLAY_MAX	   1000000000 /* edges */
#define GN_EVENTS_MAX	   1000000

/**
 * gn_schema_walk() - check a tree against the table and decode it.
 * @root: the tree, or NULL for nothing but defaults.
 * @ret: of gn_schema_topology()->size, zeroed; what it points to lives in @arena.
 *
 * Faults go to the report; what has one gets its default, so that the rest can still be checked.
 */
void gn_schema_walk(const struct gn_yaml *root, struct gn_raw_topology *ret, struct gn_arena *arena,
		    struct gn_report *report);

/* Decode one value that is no list or map by a key of one's own. Return: false after a fault. */
bool gn_schema_decode(const struct gn_key *k, const struct gn_yaml *y, struct gn_field *ret,
		      struct gn_report *report);

/* The same for a tree of another kind, decoded by @s; @ret: of @s->size. */
void gn_schema_walk_as(const struct gn_schema *s, const struct gn_yaml *root, void *ret,
		       struct gn_arena *arena, struct gn_report *report);

/* Where a field is written, or where the map is that lacks it. */
static inline struct gn_place gn_place_of(const struct gn_field *f, const struct gn_raw *within)
{
	return f->at ? f->at->place : within->place;
}

/* NULL if @name can name a node, a group or a topology; else what is wrong with it. */
const char *gn_name_fault(const char *name);

#endif
