/* SPDX-License-Identifier: MIT */
/* Nodes and groups, and what a written name stands for. */
#include <stdio.h>
#include <string.h>

#include "topo/planning.h"

static const char *place_text(const struct gn_report *r, struct gn_place at, char *buf, size_t size)
{
	if (at.line)
		snprintf(buf, size, "%.200s:%u:%u", r->sources[at.source], at.line, at.col);
	else
		snprintf(buf, size, "%.200s", r->sources[at.source]);
	return buf;
}

static int add_name(struct gn_planning *p, const struct gn_name *name)
{
	const struct gn_name *taken = NULL;
	int r = gn_names_add(&p->names, name, &taken);
	char where[256];

	if (r == -EEXIST) {
		gn_fault_at(p->report, name->place, "the name \"%s\" is already taken, by the entry at %s",
			    name->text, place_text(p->report, taken->place, where, sizeof(where)));
		return 0;
	}
	return r;
}

static int add_node(struct gn_planning *p, const char *name, const char *group, enum gn_kind kind)
{
	if (gn_grow(&p->nodes, p->t.n_nodes, &p->cap_nodes, sizeof(*p->nodes)))
		return -ENOMEM;
	p->nodes[p->t.n_nodes++] = (struct gn_node){ .name = name,
						     .group = group,
						     .kind = kind,
						     .member = GN_NONE,
						     .uplink = GN_NONE,
						     .lan = GN_NONE };
	p->t.nodes = p->nodes;
	return 0;
}

static int add_members(struct gn_planning *p, const struct gn_name *group, enum gn_kind kind)
{
	int r = 0;

	for (uint32_t i = 0; !r && i < group->count; i++) {
		const char *name = gn_arena_format(&p->arena, "%s%u", group->text, i + 1);
		const struct gn_name one = {
			.text = name, .first = p->t.n_nodes, .count = 1, .place = group->place
		};

		if (!name)
			return -ENOMEM;
		if (strlen(name) > GN_NODE_NAME_MAX) {
			gn_fault_at(p->report, group->place, "the name \"%s\" is longer than %d characters",
				    name, GN_NODE_NAME_MAX);
			p->nodes_missing = true;
			return 0;
		}
		r = add_name(p, &one);
		if (!r)
			r = add_node(p, name, group->text, kind);
	}
	return r;
}

int gn_planning_add_group(struct gn_planning *p, const struct gn_raw *raw, const struct gn_field *name,
			  uint64_t count, bool single, enum gn_kind kind)
{
	struct gn_name group = {
		.text = name->text,
		.first = p->t.n_nodes,
		.count = (uint32_t)count,
		.group = !single,
		.broken = raw->bad,
		.place = gn_place_of(name, raw),
	};

	p->nodes_missing |= raw->bad;
	if (!group.text || (raw->bad && !name->at)) /* its fault was reported */
		return 0;
	if (count > p->limits->nodes - p->t.n_nodes) {
		gn_fault_at(p->report, group.place, "more than %u nodes", p->limits->nodes);
		group.broken = p->nodes_missing = true;
	}
	int r = add_name(p, &group);

	if (r || group.broken)
		return r;
	return single ? add_node(p, group.text, group.text, kind) : add_members(p, &group, kind);
}

static void check_any_nodes(struct gn_planning *p)
{
	const struct gn_raw_topology *raw = p->raw;

	if (p->t.n_nodes || p->nodes_missing)
		return;
	p->nodes_missing = true; /* one fault is enough */
	if (raw->nodes.bad || raw->generate.bad || raw->raw.bad)
		return;
	if (raw->nodes.at || raw->generate.at)
		gn_fault_at(p->report, gn_planning_start(p), "the topology has no nodes");
	else
		gn_fault_at(p->report, gn_planning_start(p), "a topology needs nodes or generate");
}

int gn_planning_nodes(struct gn_planning *p)
{
	const struct gn_raw_node *nodes = p->raw->nodes.items;
	int r = 0;

	for (uint32_t i = 0; !r && i < p->raw->nodes.n; i++) {
		const struct gn_raw_node *n = &nodes[i];
		bool single = !n->count.at;

		r = gn_planning_add_group(p, &n->raw, &n->name, single ? 1 : n->count.number, single,
					  (enum gn_kind)n->kind.number);
	}
	if (!r)
		r = gn_generate_nodes(p);
	if (!r)
		check_any_nodes(p);
	return r;
}

static const char *next_name(const void *ctx, size_t i)
{
	const struct gn_names *names = ctx;

	return i < names->n ? names->names[i].text : NULL;
}

/* The group that @name looks like a member of: its text and a number. */
static const struct gn_name *group_like(const struct gn_planning *p, const char *name)
{
	char text[GN_NODE_NAME_MAX + 1];
	size_t n = strlen(name), digits = 0;

	while (digits < n && name[n - digits - 1] >= '0' && name[n - digits - 1] <= '9')
		digits++;
	if (n > GN_NODE_NAME_MAX || !digits)
		return NULL;
	for (; digits; digits--) {
		snprintf(text, sizeof(text), "%.*s", (int)(n - digits), name);
		const struct gn_name *group = gn_names_find(&p->names, text);

		if (group && group->group)
			return group;
	}
	return NULL;
}

const struct gn_name *gn_planning_resolve(struct gn_planning *p, const struct gn_field *written)
{
	const struct gn_name *name = gn_names_find(&p->names, written->text);
	const struct gn_name *group = name ? name : group_like(p, written->text);

	if (group && group->broken)
		return NULL;
	if (name)
		return name;
	if (group) {
		gn_fault_at(p->report, written->at->place,
			    "no node is called \"%s\": the group %s has %s1 to %s%u", written->text,
			    group->text, group->text, group->text, group->count);
		return NULL;
	}
	gn_fault_at(p->report, written->at->place, "no node or group is called \"%s\"%s", written->text,
		    gn_report_nearest(p->report, written->text, next_name, &p->names, p->names.n));
	return NULL;
}
