/* SPDX-License-Identifier: MIT */
/* Links between named ends, groups standing for each of their members, and the interfaces they make. */
#include "topo/planning.h"

int gn_planning_add_link(struct gn_planning *p, uint32_t a, uint32_t b, const struct gn_shape shape[2],
			 struct gn_place at)
{
	if (p->t.n_links >= p->limits->links) {
		gn_fault_at(p->report, at, "more than %u links", p->limits->links);
		return -E2BIG;
	}
	if (gn_grow(&p->links, p->t.n_links, &p->cap_links, sizeof(*p->links)) ||
	    gn_grow(&p->link_places, p->t.n_links, &p->cap_link_places, sizeof(*p->link_places)))
		return -ENOMEM;
	p->link_places[p->t.n_links] = at;
	p->links[p->t.n_links++] = (struct gn_link){ .node = { a, b }, .shape = { shape[0], shape[1] } };
	p->t.links = p->links;
	return 0;
}

/* All pairs of the two ends' members; of one group with itself, each pair once. */
static int link_all(struct gn_planning *p, const struct gn_name *a, const struct gn_name *b,
		    const struct gn_shape shape[2], struct gn_place at)
{
	bool same = a->first == b->first && a->count == b->count;
	int r = 0;

	if (same && a->count == 1) {
		gn_fault_at(p->report, at, "%s would be linked to itself", a->text);
		return 0;
	}
	for (uint32_t i = 0; i < a->count; i++) {
		for (uint32_t j = same ? i + 1 : 0; !r && j < b->count; j++) {
			if (a->first + i == b->first + j) {
				gn_fault_at(p->report, at, "%s would be linked to itself",
					    p->nodes[a->first + i].name);
				return 0;
			}
			r = gn_planning_add_link(p, a->first + i, b->first + j, shape, at);
		}
	}
	return r;
}

/* Which of between and spread it is must be clear. */
static bool check_ends(struct gn_planning *p, const struct gn_raw_link *l)
{
	if (l->between.at && l->spread.at)
		gn_fault_at(p->report, l->spread.at->key_place, "a link has between or spread, not both");
	else if (l->over.at && !l->spread.at)
		gn_fault_at(p->report, l->over.at->key_place, "over needs spread");
	else if (l->spread.at && !l->over.at)
		gn_fault_at(p->report, l->spread.at->key_place, "spread needs over");
	else if (!l->between.at && !l->spread.at && !l->shape.raw.bad)
		gn_fault_at(p->report, l->shape.raw.place, "a link needs between, or spread");
	else
		return l->between.at || l->spread.at;
	return false;
}

static int link_ends(struct gn_planning *p, const struct gn_raw_link *l, const struct gn_shape shape[2])
{
	const struct gn_field *ends = l->between.items;
	struct gn_name a, b;

	if (l->between.bad || !ends) /* its fault was reported */
		return 0;
	bool found = gn_planning_resolve(p, &ends[0], &a);

	found &= gn_planning_resolve(p, &ends[1], &b);
	return found ? link_all(p, &a, &b, shape, l->between.at->place) : 0;
}

static int add_written_link(struct gn_planning *p, const struct gn_raw_link *l)
{
	struct gn_shape shape[2] = { 0 };

	/* What is wrong with the shape is said besides what is wrong with the ends. */
	if (!l->shape.raw.bad)
		gn_shape_decode(p, &l->shape, l->a_to_b.items, l->b_to_a.items, shape);
	if (!check_ends(p, l))
		return 0;
	return l->spread.at ? gn_planning_spread(p, l, shape) : link_ends(p, l, shape);
}

int gn_planning_links(struct gn_planning *p)
{
	const struct gn_raw_link *links = p->raw->links.items;
	int r = 0;

	for (uint32_t i = 0; !r && i < p->raw->links.n; i++)
		r = add_written_link(p, &links[i]);
	return r ? r : gn_generate_links(p);
}

/* A host or router numbers its interfaces in 16 bits (struct gn_route). */
static bool too_many_ports(struct gn_planning *p)
{
	for (uint32_t v = 0; v < p->t.n_nodes; v++) {
		if (p->nodes[v].kind == GN_SWITCH || p->nodes[v].n_ports <= UINT16_MAX)
			continue;
		gn_fault_at(p->report, gn_planning_start(p), "%s has %u links, more than %d",
			    p->nodes[v].name, p->nodes[v].n_ports, UINT16_MAX);
		return true;
	}
	return false;
}

int gn_planning_ports(struct gn_planning *p)
{
	uint32_t first = 0;

	p->t.n_ports = 2 * p->t.n_links;
	p->ports = calloc(p->t.n_ports + 1u, sizeof(*p->ports));
	if (!p->ports)
		return -ENOMEM;
	p->t.ports = p->ports;
	for (uint32_t l = 0; l < p->t.n_links; l++) {
		for (int end = 0; end < 2; end++)
			p->links[l].port[end] = p->nodes[p->links[l].node[end]].n_ports++;
	}
	for (uint32_t v = 0; v < p->t.n_nodes; v++) {
		p->nodes[v].first_port = first;
		first += p->nodes[v].n_ports;
	}
	for (uint32_t l = 0; l < p->t.n_links; l++) {
		for (uint8_t end = 0; end < 2; end++) {
			const struct gn_node *n = &p->nodes[p->links[l].node[end]];

			p->ports[n->first_port + p->links[l].port[end]] =
				(struct gn_port){ .link = l, .end = end, .prefix_bits = 32 };
		}
	}
	return too_many_ports(p) ? -E2BIG : 0;
}
