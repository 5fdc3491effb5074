/* SPDX-License-Identifier: MIT */
/* Who gossips, and which keys belong to the overlay. */
#include <inttypes.h>

#include "topo/planning.h"

/* Nodes first .. end - 1. */
struct span {
	uint32_t first, end;
};

struct spans {
	struct span *s;
	size_t n, cap;
};

static int add_span(struct spans *t, uint32_t first, uint32_t count)
{
	struct span *last = t->n ? &t->s[t->n - 1] : NULL;

	if (last && last->end == first) {
		last->end += count;
		return 0;
	}
	if (gn_grow(&t->s, t->n, &t->cap, sizeof(*t->s)))
		return -ENOMEM;
	t->s[t->n++] = (struct span){ first, first + count };
	return 0;
}

static int select_written(struct gn_planning *p, const struct gn_field *written, struct spans *ret)
{
	char text[GN_NODE_NAME_MAX + 1];
	struct gn_name name;

	if (!gn_planning_resolve(p, written, &name) || !name.count)
		return 0;
	if (gn_group_of(&p->t, name.first)->kind != GN_SWITCH)
		return add_span(ret, name.first, name.count);
	gn_fault_at(p->report, written->at->place, "%s is a switch: only hosts and routers can gossip",
		    gn_node_name(&p->t, name.first, text));
	return 0;
}

static int select_hosts(struct gn_planning *p, struct spans *ret)
{
	int r = 0;

	for (uint32_t i = 0; !r && i < p->t.n_groups; i++) {
		if (p->groups[i].kind == GN_HOST)
			r = add_span(ret, p->groups[i].first, p->groups[i].count);
	}
	return r;
}

static int compare_spans(const void *pa, const void *pb)
{
	const struct span *a = pa, *b = pb;

	return (a->first > b->first) - (a->first < b->first);
}

/* In order, and each node in one only. Return: the number of nodes. */
static uint32_t tidy_spans(struct spans *t)
{
	uint32_t n = 0, end = 0;

	if (t->n)
		qsort(t->s, t->n, sizeof(*t->s), compare_spans);
	for (size_t i = 0; i < t->n; i++) {
		t->s[i].first = GN_MAX(t->s[i].first, end);
		t->s[i].end = GN_MAX(t->s[i].end, t->s[i].first);
		end = t->s[i].end;
		n += end - t->s[i].first;
	}
	return n;
}

static int number_members(struct gn_planning *p, struct spans *t)
{
	uint32_t n = tidy_spans(t), m = 0;

	p->t.gossip.n_members = p->t.gossip.n_counted = n;
	if (p->t.ideal && n == p->t.n_nodes)
		return 0; /* node m is member m */
	p->members = malloc((n + 1u) * sizeof(*p->members));
	if (!p->members)
		return -ENOMEM;
	p->t.gossip.members = p->members;
	for (size_t i = 0; i < t->n; i++) {
		for (uint32_t v = t->s[i].first; v < t->s[i].end; v++) {
			if (!p->t.ideal)
				p->nodes[v].member = m;
			p->members[m++] = v;
		}
	}
	return 0;
}

static void foreign_key_fault(struct gn_planning *p, const struct gn_key *k, const struct gn_yaml *y)
{
	struct gn_list owners = { .n = 0 };

	for (size_t i = 0; gn_overlay_name(i); i++) {
		if (k->overlays & 1u << i)
			gn_list_add(&owners, gn_overlay_name(i));
	}
	gn_fault_at(p->report, y->key_place, "%s belongs to overlay: %s", k->name, owners.text);
}

/* Keys that this overlay does not take, or lacks; what their values may be depends on its model. */
static void check_overlay_keys(struct gn_planning *p, const struct gn_raw_gossip *g)
{
	const struct gn_schema *s = gn_schema_gossip();
	const struct gn_place at = gn_place_of(&g->overlay, &g->raw);
	const unsigned bit = 1u << p->t.gossip.overlay;

	for (size_t i = 0; i < s->n; i++) {
		const struct gn_key *k = &s->keys[i];
		const struct gn_field *f = (const void *)((const char *)g + k->offset);

		if (f->at && k->overlays && !(k->overlays & bit))
			foreign_key_fault(p, k, f->at);
		if (!f->at && k->needed & bit)
			gn_fault_at(p->report, at, "overlay: %s needs %s", g->overlay.text, k->name);
	}
}

static void check_members(struct gn_planning *p, const struct gn_raw_gossip *g)
{
	uint32_t n = p->t.gossip.n_members;

	if (n < 2)
		gn_fault_at(p->report, g->on.at ? g->on.at->place : gn_planning_start(p),
			    "gossip needs at least two nodes%s, there %s %u", g->on.at ? "" : " of kind host",
			    n == 1 ? "is" : "are", n);
	else if (g->fanout.number > n - 1)
		gn_fault_at(p->report, gn_place_of(&g->fanout, &g->raw),
			    "fanout %" PRIu64 ": a node has only %u others to call", g->fanout.number, n - 1);
}

int gn_planning_members(struct gn_planning *p)
{
	const struct gn_raw_gossip *g = p->raw->gossip.items;
	const struct gn_field *on = g->on.items;
	size_t before = p->report->n + p->report->dropped;
	struct spans spans = { 0 };
	int r = g->on.at ? 0 : select_hosts(p, &spans);

	for (uint32_t i = 0; !r && i < g->on.n && !g->on.bad; i++)
		r = select_written(p, &on[i], &spans);
	if (!r)
		r = number_members(p, &spans);
	free(spans.s);
	if (r)
		return r;
	/* Counts mean nothing while nodes are missing because of a fault of theirs. */
	p->members_doubtful = p->nodes_missing || g->on.bad || p->report->n + p->report->dropped != before;
	if (!p->members_doubtful)
		check_members(p, g);
	p->t.gossip.overlay = (enum gn_overlay)g->overlay.number;
	if (!g->overlay.bad)
		check_overlay_keys(p, g);
	if (!g->overlay.bad && !p->members_doubtful && p->t.gossip.n_members >= 2)
		gn_overlay_check_values(p);
	return 0;
}
