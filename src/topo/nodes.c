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

static void taken_fault(struct gn_planning *p, const char *name, struct gn_place at, struct gn_place by)
{
	char where[256];

	gn_fault_at(p->report, at, "the name \"%s\" is already taken, by the entry at %s", name,
		    place_text(p->report, by, where, sizeof(where)));
}

static int add_name(struct gn_planning *p, const struct gn_name *name)
{
	const struct gn_name *taken = NULL;
	int r = gn_names_add(&p->names, name, &taken);

	if (r != -EEXIST)
		return r;
	taken_fault(p, name->text, name->place, taken->place);
	return 0;
}

/* Entries that are called as a member of another one. */
static void check_names(struct gn_planning *p)
{
	const struct gn_names *t = &p->names;
	uint32_t number;

	for (size_t i = 0; i < t->n; i++) {
		const struct gn_name *name = &t->names[i], *group = gn_names_group_of(t, name->text, &number);

		if (group && !group->broken)
			taken_fault(p, name->text, GN_MAX(name, group)->place, GN_MIN(name, group)->place);
	}
}

static int add_node(struct gn_planning *p, const char *name, const char *group, enum gn_kind kind)
{
	if (!name || gn_grow(&p->nodes, p->t.n_nodes, &p->cap_nodes, sizeof(*p->nodes)))
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

/* The nodes of an entry; of those of an ideal network nothing is kept. */
static int add_nodes(struct gn_planning *p, const struct gn_group *g)
{
	int r = 0;

	if (gn_grow(&p->groups, p->t.n_groups, &p->cap_groups, sizeof(*p->groups)))
		return -ENOMEM;
	p->groups[p->t.n_groups++] = *g;
	p->t.groups = p->groups;
	if (p->t.ideal) {
		p->t.n_nodes += g->count;
		return 0;
	}
	if (g->single)
		return add_node(p, g->name, g->name, g->kind);
	for (uint32_t i = 1; !r && i <= g->count; i++)
		r = add_node(p, gn_arena_format(&p->arena, "%s%u", g->name, i), g->name, g->kind);
	return r;
}

/* The first member with a name that is too long, or 0. */
static uint32_t first_too_long(const struct gn_group *g)
{
	size_t room = GN_NODE_NAME_MAX - strlen(g->name);
	uint64_t first = 1; /* the smallest number with room + 1 digits */

	for (; room && first <= g->count; room--)
		first *= 10;
	return g->single || first > g->count ? 0 : (uint32_t)first;
}

int gn_planning_add_group(struct gn_planning *p, const struct gn_raw *raw, const struct gn_field *name,
			  uint64_t count, bool single, enum gn_kind kind)
{
	const uint32_t max = p->t.ideal ? p->limits->ideal_nodes : p->limits->nodes;
	struct gn_group group = { .name = name->text, .kind = kind, .first = p->t.n_nodes, .single = single };
	struct gn_name entry = { .text = name->text,
				 .first = p->t.n_nodes,
				 .group = !single,
				 .broken = raw->bad,
				 .place = gn_place_of(name, raw) };

	p->nodes_missing |= raw->bad;
	if (!group.name || (raw->bad && !name->at)) /* its fault was reported */
		return 0;
	if (count > max - p->t.n_nodes) {
		gn_fault_at(p->report, entry.place, "more than %u nodes", max);
		entry.broken = true;
		count = 0;
	}
	entry.count = group.count = (uint32_t)count;
	uint32_t too_long = entry.broken ? 0 : first_too_long(&group);

	if (too_long) {
		gn_fault_at(p->report, entry.place, "the name \"%s%u\" is longer than %d characters",
			    group.name, too_long, GN_NODE_NAME_MAX);
		entry.broken = true;
	}
	p->nodes_missing |= entry.broken;
	int r = add_name(p, &entry);

	return r || entry.broken ? r : add_nodes(p, &group);
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

	/* An empty list of links is no link. */
	p->t.ideal = !p->raw->links.n && !p->raw->links.bad && !p->raw->generate.n && !p->raw->generate.bad;
	for (uint32_t i = 0; !r && i < p->raw->nodes.n; i++) {
		const struct gn_raw_node *n = &nodes[i];
		bool single = !n->count.at;

		if (p->t.ideal && !n->raw.bad && n->kind.number != GN_HOST)
			gn_fault_at(p->report, n->kind.at->place,
				    "a %s needs links: without any, every host reaches every other",
				    n->kind.text);
		if (n->shared.number && n->kind.number != GN_SWITCH)
			gn_fault_at(
				p->report, n->shared.at->place,
				"only a switch can be shared: the rates of its members' links are then one");
		uint32_t first = p->t.n_nodes;

		r = gn_planning_add_group(p, &n->raw, &n->name, single ? 1 : n->count.number, single,
					  (enum gn_kind)n->kind.number);
		for (uint32_t v = first; p->nodes && v < p->t.n_nodes; v++)
			p->nodes[v].shared = n->shared.number;
	}
	if (!r)
		r = gn_generate_nodes(p);
	if (r)
		return r;
	check_any_nodes(p);
	check_names(p);
	return 0;
}

static const char *next_name(const void *ctx, size_t i)
{
	const struct gn_names *names = ctx;

	return i < names->n ? names->names[i].text : NULL;
}

/* What a word was probably meant to be: an entry, or the group of a member. */
static const char *suggest(struct gn_planning *p, const char *word)
{
	const struct gn_names *t = &p->names;
	const char *suggestion = gn_report_nearest(p->report, word, next_name, t, t->n);
	size_t n = strlen(word);
	char base[GN_NODE_NAME_MAX + 1];

	while (n && word[n - 1] >= '0' && word[n - 1] <= '9')
		n--;
	if (*suggestion || !word[n] || n > GN_NODE_NAME_MAX)
		return suggestion;
	snprintf(base, sizeof(base), "%.*s", (int)n, word);
	return gn_report_nearest(p->report, base, next_name, t, t->n);
}

bool gn_planning_resolve(struct gn_planning *p, const struct gn_field *written, struct gn_name *ret)
{
	const struct gn_name *name = gn_names_find(&p->names, written->text);
	uint32_t number = 0;
	const struct gn_name *group = name ? name : gn_names_group_of(&p->names, written->text, &number);

	if (!group)
		group = gn_names_group_like(&p->names, written->text);
	if (group && group->broken)
		return false;
	if (name || number) {
		*ret = *group;
		if (number)
			*ret = (struct gn_name){ .text = written->text,
						 .first = group->first + number - 1,
						 .count = 1,
						 .place = group->place };
		return true;
	}
	if (group)
		gn_fault_at(p->report, written->at->place,
			    "no node is called \"%s\": the group %s has %s1 to %s%u", written->text,
			    group->text, group->text, group->text, group->count);
	else
		gn_fault_at(p->report, written->at->place, "no node or group is called \"%s\"%s",
			    written->text, suggest(p, written->text));
	return false;
}

const char *gn_planning_path(struct gn_planning *p, const struct gn_yaml *written)
{
	GN_CLEANUP(gn_free_p) char *path = gn_yaml_beside(p->report, written);
	const char *kept = path ? gn_arena_copy(&p->arena, path, strlen(path)) : NULL;

	if (!kept)
		p->report->no_memory = true;
	return kept;
}
