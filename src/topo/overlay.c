/* SPDX-License-Identifier: MIT */
/* Who may call whom, and whether they can: every partner must be reachable by IP. */
#include "topo/graph.h"
#include "topo/planning.h"

static int allocate_peers(struct gn_planning *p, uint64_t n)
{
	if (n > p->limits->peers) {
		gn_fault_at(p->report, gn_planning_start(p),
			    "the overlay has %llu pairs, more than %llu: choose another",
			    (unsigned long long)n, (unsigned long long)p->limits->peers);
		return -E2BIG;
	}
	p->first_peer = calloc(p->t.gossip.n_members + 1u, sizeof(*p->first_peer));
	p->peers = malloc((n + 1) * sizeof(*p->peers));
	if (!p->first_peer || !p->peers)
		return -ENOMEM;
	p->t.gossip.first_peer = p->first_peer;
	p->t.gossip.peers = p->peers;
	return 0;
}

static int compare_numbers(const void *pa, const void *pb)
{
	const uint32_t *a = pa, *b = pb;

	return (*a > *b) - (*a < *b);
}

/* Partners, ascending, from undirected edges between member numbers. */
static int peers_from_edges(struct gn_planning *p, const struct gn_edges *g)
{
	uint32_t n = p->t.gossip.n_members, *first;
	int r = allocate_peers(p, 2 * (uint64_t)g->n);

	if (r)
		return r;
	first = p->first_peer;
	for (size_t i = 0; i < g->n; i++) {
		first[g->e[i].a]++;
		first[g->e[i].b]++;
	}
	for (uint32_t m = 0, sum = 0; m <= n; m++)
		sum = first[m] += sum;
	/* first[m] is now the end of m's slice and sinks to its beginning as it is filled. */
	for (size_t i = 0; i < g->n; i++) {
		p->peers[--first[g->e[i].a]] = g->e[i].b;
		p->peers[--first[g->e[i].b]] = g->e[i].a;
	}
	for (uint32_t m = 0; m < n; m++)
		qsort(p->peers + first[m], first[m + 1] - first[m], sizeof(*p->peers), compare_numbers);
	return 0;
}

static int plan_random(struct gn_planning *p)
{
	const struct gn_gossip *g = &p->t.gossip;
	const struct gn_graph_spec spec = {
		.graph = g->overlay == GN_OVERLAY_K_REGULAR ? GN_GRAPH_K_REGULAR
			 : g->n_members == 2		    ? GN_GRAPH_LINE
							    : GN_GRAPH_RING,
		.nodes = g->n_members,
		.degree = g->degree,
	};
	struct gn_edges edges = { .max = p->limits->peers };
	struct gn_rand rand;

	gn_rand_init(&rand, p->t.seed, GN_RAND_OVERLAY, 0);
	int r = gn_graph_make(&spec, &rand, &edges);

	if (r == -E2BIG)
		gn_fault_at(p->report, gn_planning_start(p),
			    "the overlay has too many pairs: choose a smaller degree");
	if (!r)
		r = peers_from_edges(p, &edges);
	free(edges.e);
	return r;
}

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

static int plan_neighbours(struct gn_planning *p, struct gn_place at)
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
	r = allocate_peers(p, bound <= p->limits->peers ? total : bound);
	if (r)
		return r;
	if (lonely)
		lonely_fault(p, at, example, lonely);
	for (uint32_t m = 0; m < n; m++)
		seen[m] = 0;
	for (uint32_t m = 0; m < n; m++) {
		c.out = p->peers + p->first_peer[m];
		p->first_peer[m + 1] = p->first_peer[m] + meet_neighbours(&c, m);
		qsort(c.out, c.n, sizeof(*c.out), compare_numbers);
	}
	return 0;
}

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

static uint32_t root_of(uint32_t *parent, uint32_t v)
{
	while (parent[v] != v) {
		parent[v] = parent[parent[v]];
		v = parent[v];
	}
	return v;
}

static void find_domains(struct reach *c)
{
	const struct gn_topology *t = &c->p->t;

	for (uint32_t v = 0; v < t->n_nodes; v++)
		c->parent[v] = v;
	for (uint32_t l = 0; l < t->n_links; l++) {
		const uint32_t *end = t->links[l].node;

		if (t->nodes[end[0]].kind != GN_HOST && t->nodes[end[1]].kind != GN_HOST)
			c->parent[root_of(c->parent, end[0])] = root_of(c->parent, end[1]);
	}
}

/* The domain behind a member's k-th port, or GN_NONE for a direct link; of a router: its own. */
static uint32_t domain_of(struct reach *c, const struct gn_node *n, uint32_t k)
{
	const struct gn_topology *t = &c->p->t;

	if (n->kind == GN_ROUTER)
		return root_of(c->parent, (uint32_t)(n - t->nodes));
	uint32_t other = gn_peer_of(t, &t->ports[n->first_port + k]);

	return t->nodes[other].kind == GN_HOST ? GN_NONE : root_of(c->parent, other);
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

static int check_reachable(struct gn_planning *p, struct gn_place at)
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

int gn_planning_overlay(struct gn_planning *p)
{
	const struct gn_raw_gossip *raw = p->raw->gossip.items;
	const struct gn_place at = raw->overlay.at ? raw->overlay.at->place
				   : raw->on.at	   ? raw->on.at->place
						   : gn_planning_start(p);
	int r = 0;

	switch (p->t.gossip.overlay) {
	case GN_OVERLAY_NEIGHBOURS:
		return plan_neighbours(p, at);
	case GN_OVERLAY_RING:
	case GN_OVERLAY_K_REGULAR:
		r = plan_random(p);
		break;
	case GN_OVERLAY_FULL:
		break;
	}
	return r ? r : check_reachable(p, at);
}
