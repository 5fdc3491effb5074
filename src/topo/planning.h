/* SPDX-License-Identifier: MIT */
/* A topology while it is worked out, and the steps from the decoded file to the finished plan. */
#ifndef GN_TOPO_PLANNING_H
#define GN_TOPO_PLANNING_H

#include "topo/load.h"
#include "topo/names.h"
#include "topo/schema.h"
#include "topo/topology.h"
#include "util/rand.h"

struct gn_lan {
	uint32_t prefix; /* of its block of addresses */
	uint32_t n_own;	 /* members whose address is in the block; 0: it has no block */
	uint8_t bits;
	uint32_t first_member, n_members; /* hosts and routers on it, in plan->lan_members */
	uint32_t n_routers, router;	  /* one of them */
	uint32_t first_switch;
};

struct gn_planning {
	struct gn_topology t;  /* what callers see, first */
	struct gn_arena arena; /* names, labels and the tree */
	struct gn_yaml *tree;
	char *resolved;	    /* made when it is asked for */
	const char **files; /* gn_topology_file() */
	size_t n_files, cap_files;
	struct gn_names names;
	struct gn_table *tables; /* of distributions */

	/* What t points to. */
	struct gn_node *nodes;
	size_t cap_nodes;
	struct gn_group *groups;
	size_t cap_groups;
	struct gn_link *links;
	size_t cap_links;
	struct gn_port *ports;
	struct gn_route *routes;
	size_t n_routes, cap_routes;
	uint32_t *members, *first_peer, *peers;
	struct gn_event_plan *events;
	size_t n_events, cap_events;
	struct gn_action *actions;

	/* While it is worked out. */
	const struct gn_raw_topology *raw;
	struct gn_report *report;
	const struct gn_limits *limits;
	const struct gn_load_options *options;
	bool nodes_missing;	      /* entries of nodes or generate have faults */
	bool members_doubtful;	      /* so has gossip.on */
	struct gn_place *link_places; /* where each link is written */
	size_t cap_link_places;
	struct gn_name *generated; /* the nodes of each item of `generate:`; count 0: it has a fault */
	struct gn_lan *lans;
	uint32_t *lan_members;
	uint32_t *by_address; /* hosts and routers in the order of their addresses */
	uint32_t n_addresses;
};

/*
 * The steps, in this order. Each returns 0 or -ENOMEM (-E2BIG where going on makes no sense); faults go
 * to the report. From gn_planning_lans() on, everything before must be free of faults.
 */
int gn_planning_profiles(struct gn_planning *p); /* profile: of links and graphs, in the tree */
int gn_planning_nodes(struct gn_planning *p);
int gn_planning_links(struct gn_planning *p);  /* links: and, after nodes, those that generate: brings */
int gn_planning_access(struct gn_planning *p); /* shared: of switches; looks at links if all is fine so far */
int gn_planning_network(struct gn_planning *p);	 /* network: */
int gn_planning_members(struct gn_planning *p);	 /* gossip: who */
int gn_planning_gossip(struct gn_planning *p);	 /* gossip: how */
int gn_planning_events(struct gn_planning *p);	 /* events: */
int gn_planning_schedule(struct gn_planning *p); /* schedule: */
int gn_planning_ports(struct gn_planning *p);	 /* interfaces from links */
int gn_planning_lans(struct gn_planning *p);	 /* LANs and their spanning trees */
int gn_planning_addresses(struct gn_planning *p);
int gn_planning_routes(struct gn_planning *p);
int gn_planning_overlay(struct gn_planning *p); /* in an ideal network (t.ideal) nodes is NULL */
int gn_planning_prepare(struct gn_planning *p); /* what the protocol itself refuses */
int gn_planning_origins(struct gn_planning *p); /* where events begin depends on the overlay's parts */

/* overlay.c: values of its keys that depend on each other or on the number of members, at least two. */
void gn_overlay_check_values(struct gn_planning *p);

/* generate.c: the nodes and the links of each item of `generate:`. */
int gn_generate_nodes(struct gn_planning *p);
int gn_generate_links(struct gn_planning *p);

/* Add a group of @count nodes name1 .. (or, @single, one node called name). 0 or -ENOMEM. */
int gn_planning_add_group(struct gn_planning *p, const struct gn_raw *raw, const struct gn_field *name,
			  uint64_t count, bool single, enum gn_kind kind);

/* The nodes that a written name stands for. Return: false if there are none; then, unless it depends on an
 * entry that has a fault itself, a fault was reported. */
bool gn_planning_resolve(struct gn_planning *p, const struct gn_field *written, struct gn_name *ret);

/* The path of a file that is written in a field: relative to the file where that stands, or, after --set,
 * to the working directory. Return: in the arena; NULL without memory (also noted in the report). */
const char *gn_planning_path(struct gn_planning *p, const struct gn_yaml *written);

/* The protocol's parameter of that name, or NULL. */
const struct gn_parameter *gn_parameter_find(const struct gn_protocol *q, const char *name);

/* A parameter's value as it would be written. Return: @buf or a constant. */
#define GN_PARAMETER_TEXT (GN_UNIT_TEXT + 1)
const char *gn_parameter_text(const struct gn_parameter *k, int64_t value, char buf[GN_PARAMETER_TEXT]);

/* distribution.c: the table that is named at a field, or NULL for a uniform distribution. Each is read once. Return:
 * false after a fault. */
bool gn_distribution_decode(struct gn_planning *p, const struct gn_field *f,
			    const struct gn_distribution **ret);

/* Where the table is that @written names, if it is one of the user's own: by a path, or in his TC_LIB_DIR. Else NULL. */
const char *gn_distribution_own_path(struct gn_planning *p, const struct gn_yaml *written);

/* access.c: would two directions of links share one rate? */
bool gn_access_same_rate(const struct gn_shape *a, const struct gn_shape *b);

/* Decode a link's shaping for both directions. Return: false after a fault. */
bool gn_shape_decode(struct gn_planning *p, const struct gn_raw_shape *both,
		     const struct gn_raw_shape *a_to_b, const struct gn_raw_shape *b_to_a,
		     struct gn_shape ret[2]);

/* What is written of one direction (@own: what differs from @both, or NULL), the fields of it in *ret_fields, enum
 * gn_shape_field. Whether they go together depends on what is in force. Return: false after a fault. */
bool gn_shape_decode_change(struct gn_planning *p, const struct gn_raw_shape *both,
			    const struct gn_raw_shape *own, struct gn_shape *ret, uint32_t *ret_fields);

/* The links of an entry with `spread:`. Return: as gn_planning_add_link(); faults go to the report. */
int gn_planning_spread(struct gn_planning *p, const struct gn_raw_link *l, const struct gn_shape shape[2]);

/* Add a link. Return: 0, -ENOMEM or -E2BIG (with a fault at @at). */
int gn_planning_add_link(struct gn_planning *p, uint32_t a, uint32_t b, const struct gn_shape shape[2],
			 struct gn_place at);

/* The node at the other end of a port. */
static inline uint32_t gn_peer_of(const struct gn_topology *t, const struct gn_port *port)
{
	return t->links[port->link].node[!port->end];
}

/* Where faults of the whole plan are said to be: the file's beginning. */
static inline struct gn_place gn_planning_start(const struct gn_planning *p)
{
	return (struct gn_place){ .source = p->raw->raw.place.source, .line = 1, .col = 1 };
}

#endif
