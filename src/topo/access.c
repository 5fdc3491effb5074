/* SPDX-License-Identifier: MIT */
/* Switches whose members share one rate (`shared: true`). */
#include "topo/planning.h"

/* What the links of a switch's members have to agree on: their first, and which end of it the switch is. */
struct access {
	uint32_t link;
	uint8_t end;
	bool seen;
};

bool gn_access_same_rate(const struct gn_shape *a, const struct gn_shape *b)
{
	return a->rate_bps == b->rate_bps && a->packet_overhead == b->packet_overhead &&
	       a->cell_size == b->cell_size && a->cell_overhead == b->cell_overhead;
}

static const char *rate_text(const struct gn_shape *s, char buf[GN_UNIT_TEXT])
{
	return s->rate_bps ? gn_unit_format(GN_QUANTITY_RATE, s->rate_bps, buf) : "not limited";
}

/* Link @l ends at a shared switch with its @end: it must be as the first such link. */
static void check_member(struct gn_planning *p, struct access *first, uint32_t l, uint8_t end)
{
	const struct gn_link *link = &p->links[l], *other = &p->links[first->link];
	const struct gn_node *nodes = p->nodes;
	char text[2][GN_UNIT_TEXT];

	if (!first->seen) {
		*first = (struct access){ .link = l, .end = end, .seen = true };
		return;
	}
	for (int to = 1; to >= 0; to--) {
		const struct gn_shape *s = &link->shape[to ? !end : end];
		const struct gn_shape *t = &other->shape[to ? !first->end : first->end];

		if (gn_access_same_rate(s, t))
			continue;
		gn_fault_at(
			p->report, p->link_places[l],
			"the rate %s %s is %s for %s and %s for %s%s: it is shared, so all of its members' "
			"links have the same",
			to ? "to" : "from", nodes[link->node[end]].name, rate_text(s, text[0]),
			nodes[link->node[!end]].name, rate_text(t, text[1]),
			nodes[other->node[!first->end]].name,
			s->rate_bps == t->rate_bps ? ", with another overhead" : "");
		return;
	}
}

/* The shared switches of one entry: a link of a member must have a rate. */
static void check_entry(struct gn_planning *p, const struct gn_raw_node *n, const struct access *firsts)
{
	const struct gn_name *name = n->name.text ? gn_names_find(&p->names, n->name.text) : NULL;

	if (!n->shared.number || n->raw.bad || !name || name->broken ||
	    p->nodes[name->first].kind != GN_SWITCH)
		return;
	for (uint32_t v = name->first; v < name->first + name->count; v++) {
		const struct gn_link *link = &p->links[firsts[v].link];

		if (firsts[v].seen && (link->shape[0].rate_bps || link->shape[1].rate_bps))
			continue;
		gn_fault_at(p->report, n->shared.at->place,
			    "%s has no rate to share: no link of a host or router to it has one",
			    p->nodes[v].name);
		return;
	}
}

int gn_planning_access(struct gn_planning *p)
{
	const struct gn_raw_node *nodes = p->raw->nodes.items;
	bool any = false;

	for (uint32_t v = 0; p->nodes && v < p->t.n_nodes; v++)
		any |= p->nodes[v].shared;
	/* Links that are missing for a fault would be missed here once more. */
	if (!any || gn_report_has_faults(p->report))
		return 0;
	GN_CLEANUP(gn_free_p) struct access *firsts = calloc(p->t.n_nodes, sizeof(*firsts));

	if (!firsts)
		return -ENOMEM;
	for (uint32_t l = 0; l < p->t.n_links; l++) {
		const struct gn_link *link = &p->links[l];

		for (uint8_t end = 0; end < 2; end++) {
			if (p->nodes[link->node[end]].shared && p->nodes[link->node[!end]].kind != GN_SWITCH)
				check_member(p, &firsts[link->node[end]], l, end);
		}
	}
	for (uint32_t i = 0; i < p->raw->nodes.n; i++)
		check_entry(p, &nodes[i], firsts);
	return 0;
}
