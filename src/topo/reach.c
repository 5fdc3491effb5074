/* SPDX-License-Identifier: MIT */
/* Can the members that an overlay brings together reach each other by IP? */
#include "topo/overlay.h"

/*
 * Reachability. Switches and routers that are linked form domains; whoever has a port into a domain can
 * reach whoever else has. Hosts do not join domains, but reach the other end of a direct link.
 */
struct reach {
	struct gn_planning *p;
	uint32_t *parent;	/* by node: union-find over switches and routers */
	uint32_t *first, *list; /* by domain (its root's node id): members with a port into it */
	uint32_t *seen;		/* by member */
};

static void find_domains(struct reach *c)
{
	const struct gn_topology *t = &c->p->t;

	for (uint32_t v = 0; v < t->n_nodes; v++)
		c->parent[v] = v;
	for (uint32_t l = 0; l < t->n_links; l++) {
		const uint32_t *end = t->links[l].node;

		if (t->nodes[end[0]].kind != GN_HOST && t->nodes[end[1]].kind != GN_HOST)
			c->parent[gn_find_root(c->parent, end[0])] = gn_find_root(c->parent, end[1]);
	}
}

/* The domain behind a member's k-th port, or GN_NONE for a direct link; of a router: its own. */
static uint32_t domain_of(struct reach *c, const struct gn_node *n, uint32_t k)
{
	const struct gn_topology *t = &c->p->t;

	if (n->kind == GN_ROUTER)
		return gn_find_root(c->parent, (uint32_t)(n - t->nodes));
	uint32_t other = gn_peer_of(t, &t->ports[n->first_port + k]);

	return t->nodes[other].kind == GN_HOST ? GN_NONE : gn_find_root(c->parent, other);
}

/* A router is in one domain, whatever its ports. */
static uint32_t n_domains(const struct gn_node *n)
{
	return n->kind == GN_ROUTER ? 1 : n->n_ports;
}

/* Members by domain; one with several ports into a domain is listed several times, next to itself. */
static int list_domains(struct reach *c)
{
	const struct gn_topology *t = &c->p->t;
	uint32_t sum = 0;

	for (int fill = 0; fill < 2; fill++) {
		for (uint32_t m = 0; m < t->gossip.n_members; m++) {
			const struct gn_node *n = &t->nodes[t->gossip.members[m]];

			for (uint32_t k = 0; k < n_domains(n); k++) {
				uint32_t d = domain_of(c, n, k);

				if (d != GN_NONE && fill)
					c->list[--c->first[d]] = m;
				else if (d != GN_NONE)
					c->first[d]++;
			}
		}
		if (fill)
			return 0;
		for (uint32_t v = 0; v <= t->n_nodes; v++)
			sum = c->first[v] += sum;
		c->list = malloc((sum + 1u) * sizeof(*c->list));
		if (!c->list)
			return -ENOMEM;
	}
	return 0;
}

/* Mark what member @m reaches. Return: how many members, itself included. */
static uint32_t mark_reached(struct reach *c, uint32_t m)
{
	const struct gn_topology *t = &c->p->t;
	const struct gn_node *n = &t->nodes[t->gossip.members[m]];
	uint32_t reached = 1;

	c->seen[m] = m + 1;
	for (uint32_t k = 0; k < n->n_ports; k++) {
		uint32_t other = t->nodes[gn_peer_of(t, &t->ports[n->first_port + k])].member;

		if (other != GN_NONE && c->seen[other] != m + 1) {
			c->seen[other] = m + 1;
			reached++;
		}
	}
	for (uint32_t k = 0; k < n_domains(n); k++) {
		uint32_t d = domain_of(c, n, k);

		for (uint32_t i = d == GN_NONE ? 0 : c->first[d]; d != GN_NONE && i < c->first[d + 1]; i++) {
			reached += c->seen[c->list[i]] != m + 1;
			c->seen[c->list[i]] = m + 1;
		}
	}
	return reached;
}

static void unreachable_fault(struct reach *c, struct gn_place at, uint32_t m)
{
	const struct gn_topology *t = &c->p->t;
	uint32_t other = 0;

	while (c->seen[other] == m + 1)
		other++;
	gn_fault_at(
		c->p->report, at,
		"%s cannot reach %s, which this overlay asks for: hosts do not forward; put routers or switches "
		"between them, or use overlay: neighbours",
		t->nodes[t->gossip.members[m]].name, t->nodes[t->gossip.members[other]].name);
}

/* The domain that the most members have a port into, or GN_NONE. */
static uint32_t largest_domain(const struct reach *c)
{
	uint32_t best = GN_NONE, size = 0;

	for (uint32_t v = 0; v < c->p->t.n_nodes; v++) {
		if (c->first[v + 1] - c->first[v] > size) {
			best = v;
			size = c->first[v + 1] - c->first[v];
		}
	}
	return best;
}

static bool is_in_domain(struct reach *c, uint32_t m, uint32_t domain)
{
	const struct gn_node *n = &c->p->nodes[c->p->members[m]];

	for (uint32_t k = 0; k < n_domains(n); k++) {
		if (domain != GN_NONE && domain_of(c, n, k) == domain)
			return true;
	}
	return false;
}

/* All members in one domain reach each other; only the others need to be looked at one by one. */
static void check_all_pairs(struct reach *c, struct gn_place at)
{
	uint32_t n = c->p->t.gossip.n_members, largest = largest_domain(c);

	for (uint32_t m = 0; m < n; m++) {
		if (is_in_domain(c, m, largest) || mark_reached(c, m) == n)
			continue;
		unreachable_fault(c, at, m);
		return;
	}
}

int gn_overlay_check_reachable(struct gn_planning *p, struct gn_place at)
{
	size_t n = p->t.n_nodes + 1u;
	GN_CLEANUP(gn_free_p) uint32_t *parent = malloc(n * sizeof(*parent));
	GN_CLEANUP(gn_free_p) uint32_t *first = calloc(n, sizeof(*first));
	GN_CLEANUP(gn_free_p) uint32_t *seen = calloc(n, sizeof(*seen));
	struct reach c = { .p = p, .parent = parent, .first = first, .seen = seen };

	if (!parent || !first || !seen)
		return -ENOMEM;
	find_domains(&c);
	int r = list_domains(&c);

	if (!r)
		check_all_pairs(&c, at);
	free(c.list);
	return r;
}
