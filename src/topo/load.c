/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "topo/planning.h"
#include "topo/reader.h"

const struct gn_limits *gn_limits_default(void)
{
	static const struct gn_limits limits = {
		.file_bytes = 256u << 20,
		.nodes = GN_NODES_MAX,
		.ideal_nodes = GN_IDEAL_NODES_MAX,
		.links = GN_LINKS_MAX,
		.events = GN_EVENTS_MAX,
		.addresses = 1u << 24, /* 10.0.0.0/8 */
		.routes = 20000000,
		.peers = 256000000,
		.steps = UINT64_C(4000000000),
		.include = true,
	};

	return &limits;
}

static void put_scalar(struct gn_yaml_reader *r, struct gn_yaml *root, const char *key, const char *text,
		       struct gn_place at)
{
	struct gn_yaml *y = gn_yaml_scalar(r, key, text, at);

	if (y)
		gn_yaml_put(root, y);
}

static void apply_options(struct gn_yaml_reader *r, struct gn_yaml *root, const struct gn_load_options *o)
{
	for (size_t i = 0; i < o->n_sets; i++) {
		GN_CLEANUP(gn_free_p) char *what = gn_format("--set %s", o->sets[i]);

		if (what)
			gn_yaml_set(r, root, o->sets[i], gn_report_source(r->report, what));
		else
			r->report->no_memory = true;
	}
	if (o->seed) {
		char text[24];

		snprintf(text, sizeof(text), "%" PRIu64, *o->seed);
		put_scalar(r, root, "seed", text,
			   (struct gn_place){ .source = gn_report_source(r->report, "--seed") });
	}
}

void gn_name_of_file(const char *file, char ret[GN_NODE_NAME_MAX + 1])
{
	static const char *const endings[] = { ".yaml", ".yml" };
	const char *base = strrchr(file, '/') ? strrchr(file, '/') + 1 : file;
	size_t n = strlen(base);

	for (size_t i = 0; i < GN_ARRAY_LEN(endings); i++) {
		size_t ending = strlen(endings[i]);

		if (n > ending && !strcmp(base + n - ending, endings[i])) {
			n -= ending;
			break;
		}
	}
	snprintf(ret, GN_NODE_NAME_MAX + 1, "%.*s", (int)n, base);
	for (char *c = ret; *c; c++) {
		const char one[2] = { *c, '\0' };

		if (gn_name_fault(one) && (c == ret || (*c != '-' && *c != '.')))
			*c = '_';
	}
	if (!*ret)
		snprintf(ret, GN_NODE_NAME_MAX + 1, "topology");
}

static void plan_top(struct gn_planning *p)
{
	const struct gn_raw_topology *raw = p->raw;

	p->t.seed = raw->seed.number;
	p->t.duration = raw->duration.number;
	p->t.until_informed = raw->until.number == 1;
	p->t.log = (enum gn_record_what)raw->log.number;
	p->t.name = raw->name.text ? gn_arena_copy(&p->arena, raw->name.text, strlen(raw->name.text)) : "";
}

/* All steps; the second half only makes sense for a file without faults. */
static int work_out(struct gn_planning *p)
{
	static int (*const checks[])(struct gn_planning *) = {
		gn_planning_nodes,   gn_planning_links,	 gn_planning_access, gn_planning_network,
		gn_planning_members, gn_planning_gossip, gn_planning_events, gn_planning_schedule,
	};
	static int (*const real[])(struct gn_planning *) = {
		gn_planning_ports,   gn_planning_lans,	  gn_planning_addresses, gn_planning_overlay,
		gn_planning_origins, gn_planning_prepare, gn_planning_routes,
	};
	static int (*const ideal[])(struct gn_planning *) = {
		gn_planning_overlay,
		gn_planning_origins,
		gn_planning_prepare,
	};
	int r = 0;

	plan_top(p);
	if (!p->t.name)
		return -ENOMEM;
	for (size_t i = 0; !r && i < GN_ARRAY_LEN(checks); i++)
		r = checks[i](p);
	int (*const *steps)(struct gn_planning *) = p->t.ideal ? ideal : real;
	size_t n = p->t.ideal ? GN_ARRAY_LEN(ideal) : GN_ARRAY_LEN(real);

	for (size_t i = 0; !r && i < n && !gn_report_has_faults(p->report); i++)
		r = steps[i](p);
	return r;
}

static void forget_building(struct gn_planning *p)
{
	free(p->generated);
	free(p->link_places);
	free(p->lans);
	free(p->lan_members);
	free(p->by_address);
	p->generated = NULL;
	p->link_places = NULL;
	p->lans = NULL;
	p->lan_members = p->by_address = NULL;
	p->raw = NULL;
	p->report = NULL;
	p->limits = NULL;
	p->options = NULL;
}

static struct gn_planning *plan_free(struct gn_planning *p)
{
	if (!p)
		return NULL;
	forget_building(p);
	free(p->nodes);
	free(p->groups);
	free(p->links);
	free(p->ports);
	free(p->routes);
	free(p->members);
	free(p->first_peer);
	free(p->peers);
	free(p->events);
	free(p->actions);
	free(p->files);
	free(p->resolved);
	gn_names_done(&p->names);
	gn_arena_done(&p->arena);
	free(p);
	return NULL;
}

static void plan_free_p(struct gn_planning **p)
{
	plan_free(*p);
}

struct gn_topology *gn_topology_free(struct gn_topology *t)
{
	plan_free((struct gn_planning *)t); /* its first member */
	return NULL;
}

static void add_file(struct gn_planning *p, const char *path)
{
	for (size_t i = 0; i < p->n_files; i++) {
		if (!strcmp(p->files[i], path))
			return;
	}
	if (gn_grow(&p->files, p->n_files, &p->cap_files, sizeof(*p->files)))
		p->report->no_memory = true;
	else
		p->files[p->n_files++] = path;
}

/* Let @written name the file at @path from everywhere. @path NULL: it names none. */
static void put_absolute(struct gn_planning *p, struct gn_yaml *written, const char *path)
{
	GN_CLEANUP(gn_free_p) char *absolute = path ? realpath(path, NULL) : NULL;
	const char *copy = absolute ? gn_arena_copy(&p->arena, absolute, strlen(absolute)) : NULL;

	if (!absolute)
		return;
	if (copy)
		add_file(p, written->text = copy);
	else
		p->report->no_memory = true;
}

/* The tables of delays that are named below @y. */
static void put_tables(struct gn_planning *p, struct gn_yaml *y)
{
	for (struct gn_yaml *child = y->first; child; child = child->next) {
		if (child->kind != GN_YAML_SCALAR)
			put_tables(p, child);
		else if (child->key && !strcmp(child->key, "distribution"))
			put_absolute(p, child, gn_distribution_own_path(p, child));
	}
}

/* What is resolved stands alone: wherever it is put, it names the same files. */
static void make_paths_absolute(struct gn_planning *p)
{
	struct gn_yaml *gossip = gn_yaml_get(p->tree, "gossip");
	struct gn_yaml *protocol = gossip ? gn_yaml_get(gossip, "protocol") : NULL;
	struct gn_yaml *file = gossip ? gn_yaml_get(gossip, "file") : NULL;

	if (protocol && strchr(protocol->text, '/'))
		put_absolute(p, protocol, gn_planning_path(p, protocol));
	if (file)
		put_absolute(p, file, gn_planning_path(p, file));
	for (struct gn_yaml *y = p->tree->first; y; y = y->next) {
		if (y != gossip) /* whose keys may be a protocol's own */
			put_tables(p, y);
	}
}

/* From the merged tree to the plan. */
static int plan_tree(struct gn_planning *p, struct gn_yaml_reader *r, const struct gn_load_options *o)
{
	struct gn_arena scratch = { 0 };
	struct gn_raw_topology *raw = gn_arena_alloc(&scratch, sizeof(*raw));
	bool file_faults = gn_report_has_faults(p->report);
	char name[GN_NODE_NAME_MAX + 1];

	if (!raw)
		return -ENOMEM;
	apply_options(r, p->tree, o);
	gn_name_of_file(o->file, name);
	if (!gn_yaml_get(p->tree, "name"))
		put_scalar(r, p->tree, "name", o->name ? o->name : name, p->tree->place);
	int result = gn_planning_profiles(p);

	gn_schema_walk(p->tree, raw, &scratch, p->report);
	p->raw = raw;
	/* Without what an unreadable include brings, names would seem to dangle. */
	if (!result && !file_faults && !p->report->no_memory)
		result = work_out(p);
	if (!result && !gn_report_has_faults(p->report))
		make_paths_absolute(p);
	forget_building(p);
	gn_arena_done(&scratch);
	return result;
}

static int load(const struct gn_load_options *o, const char *text, size_t n, const struct gn_limits *limits,
		struct gn_report *report, struct gn_topology **ret)
{
	GN_CLEANUP(plan_free_p) struct gn_planning *p = calloc(1, sizeof(*p));
	int r = 0;

	if (!p)
		return -ENOMEM;
	struct gn_yaml_reader reader = {
		.arena = &p->arena,
		.report = report,
		.limits = limits,
		.within = o->within,
		.sets_once = o->sets_once,
		.if_empty = "the file is empty: a topology needs nodes or generate",
		.if_no_map = "a topology is a map: lines such as \"duration: 10s\", \"nodes:\"",
	};

	p->report = report;
	p->limits = limits;
	p->options = o;
	p->tree = text ? gn_yaml_read_text(&reader, o->file, text, n) : gn_yaml_read_file(&reader, o->file);
	if (p->tree)
		r = plan_tree(p, &reader, o);
	if (r || report->no_memory)
		return r == -E2BIG ? 0 : -ENOMEM; /* -E2BIG: the fault is in the report */
	if (!gn_report_has_faults(report))
		*ret = &((struct gn_planning *)gn_steal_ptr(&p))->t;
	return 0;
}

int gn_topology_load_text(const struct gn_load_options *o, const char *text, size_t n,
			  const struct gn_limits *limits, struct gn_topology **ret, struct gn_faults *faults)
{
	struct gn_report report = { .suggestions_left = 500000, .sets_from = o->sets_from };
	int r = load(o, text, n, limits, &report, ret);

	if (!r)
		r = gn_report_give(&report, faults);
	gn_report_done(&report);
	return r;
}

int gn_topology_load(const struct gn_load_options *o, struct gn_topology **ret, struct gn_faults *faults)
{
	return gn_topology_load_text(o, NULL, 0, gn_limits_default(), ret, faults);
}

const char *gn_topology_resolved(const struct gn_topology *t)
{
	struct gn_planning *p = (struct gn_planning *)t; /* what the caller holds is its constant part */

	if (!p->resolved)
		p->resolved = gn_yaml_emit(p->tree);
	return p->resolved;
}

int gn_topology_hash(const struct gn_topology *t, uint64_t *ret)
{
	struct gn_yaml *seed = gn_yaml_get(((const struct gn_planning *)t)->tree, "seed");
	const char *its = seed ? seed->text : NULL;

	if (seed)
		seed->text = "";
	GN_CLEANUP(gn_free_p) char *text = gn_yaml_emit(((const struct gn_planning *)t)->tree);

	if (seed)
		seed->text = its;
	if (text)
		*ret = gn_hash_bytes(GN_HASH_START, text, strlen(text));
	return text ? 0 : -ENOMEM;
}

const char *gn_topology_file(const struct gn_topology *t, size_t i)
{
	const struct gn_planning *p = (const struct gn_planning *)t;

	return i < p->n_files ? p->files[i] : NULL;
}

uint32_t gn_topology_find(const struct gn_topology *t, const char *name)
{
	const struct gn_names *names = &((const struct gn_planning *)t)->names;
	const struct gn_name *found = gn_names_find(names, name);
	uint32_t number;

	if (found)
		return found->group ? GN_NONE : found->first;
	found = gn_names_group_of(names, name, &number);
	return found ? found->first + number - 1 : GN_NONE;
}
