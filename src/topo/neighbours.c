/* SPDX-License-Identifier: MIT */
/* overlay: neighbours: whoever is at the other end of a link or on the same LAN. */
#include "topo/overlay.h"

/* Collects the members next to one node, each once. */
struct neighbours {
	struct gn_planning *p;
	uint32_t *seen; /* by member: the last collector's number plus 1 */
	uint32_t *out;	/* NULL: count only */
	uint32_t n;
	uint32_t self;
};

static void meet(struct neighbours *c, uint32_t node)
{
	uint32_t m = c->p->nodes[node].member;

	if (m == GN_NONE || m == c->self || c->seen[m] == c->self + 1)
		return;
	c->seen[m] = c->self + 1;
	if (c->out)
		c->out[c->n] = m;
	c->n++;
}

/* Members at the other end of a link, or on the same LAN. Return: how many. */
static uint32_t meet_neighbours(struct neighbours *c, uint32_t member)
{
	const struct gn_topology *t = &c->p->t;
	const struct gn_node *n = &t->nodes[t->gossip.members[member]];

	c->self = member;
	c->n = 0;
	for (uint32_t k = 0; k < n->n_ports; k++) {
		uint32_t other = gn_peer_of(t, &t->ports[n->first_port + k]);

		if (t->nodes[other].kind != GN_SWITCH) {
			meet(c, other);
			continue;
		}
		const struct gn_lan *lan = &c->p->lans[t->nodes[other].lan];

		for (uint32_t i = 0; i < lan->n_members; i++)
			meet(c, c->p->lan_members[lan->first_member + i]);
	}
	return c->n;
}

static void lonely_fault(struct gn_planning *p, const struct gn_place at, uint32_t member, uint32_t how_many)
{
	const char *name = p->nodes[p->members[member]].name;

	if (how_many == 1)
		gn_fault_at(p->report, at,
			    "%s has no neighbour that gossips: link it to one, or choose another overlay",
			    name);
	else
		gn_fault_at(
			p->report, at,
			"%s and %u other nodes have no neighbour that gossips: link them, or choose another overlay",
			name, how_many - 1);
}

/* An upper bound of the work before it is done: the sizes of all LANs squared. */
static uint64_t most_pairs(const struct gn_planning *p)
{
	uint64_t n = p->t.n_ports;

	for (uint32_t i = 0; i < p->t.n_lans; i++)
		n += (uint64_t)p->lans[i].n_members * p->lans[i].n_members;
	return n;
}

int gn_overlay_plan_neighbours(struct gn_planning *p, struct gn_place at)
{
	uint32_t n = p->t.gossip.n_members, lonely = 0, example = 0;
	GN_CLEANUP(gn_free_p) uint32_t *seen = calloc(n + 1u, sizeof(*seen));
	struct neighbours c = { .p = p, .seen = seen };
	uint64_t bound = most_pairs(p), total = 0;
	int r;

	if (!seen)
		return -ENOMEM;
	for (uint32_t m = 0; bound <= p->limits->peers && m < n; m++) {
		uint32_t met = meet_neighbours(&c, m);

		total += met;
		if (!met && !lonely++)
			example = m;
	}
	r = gn_overlay_allocate(p, bound <= p->limits->peers ? total : bound);
	if (r)
		return r;
	if (lonely)
		lonely_fault(p, at, example, lonely);
	for (uint32_t m = 0; m < n; m++)
		seen[m] = 0;
	for (uint32_t m = 0; m < n; m++) {
		c.out = p->peers + p->first_peer[m];
		p->first_peer[m + 1] = p->first_peer[m] + meet_neighbours(&c, m);
		qsort(c.out, c.n, sizeof(*c.out), gn_overlay_compare);
	}
	return 0;
}
