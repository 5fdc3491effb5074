/* SPDX-License-Identifier: MIT */
/* LANs: what switches connect. Each gets a spanning tree, so that no frame can go round in circles. */
#include <string.h>

#include "topo/planning.h"

/* Breadth-first search over the switches of one LAN. */
struct search {
	struct gn_planning *p;
	uint32_t *queue;
	uint32_t *seen; /* by node: the number of the search that saw it */
	uint32_t *via;	/* by node: the link it was reached by */
	uint32_t number;
};

/* Visit all switches reachable from @start, near ones first. Return: how many are in the queue. */
static uint32_t search_from(struct search *s, uint32_t start)
{
	const struct gn_topology *t = &s->p->t;
	uint32_t n = 0;

	s->number++;
	s->seen[start] = s->number;
	s->via[start] = GN_NONE;
	s->queue[n++] = start;
	for (uint32_t i = 0; i < n; i++) {
		const struct gn_node *v = &t->nodes[s->queue[i]];

		for (uint32_t k = 0; k < v->n_ports; k++) {
			const struct gn_port *port = &t->ports[v->first_port + k];
			uint32_t other = gn_peer_of(t, port);

			if (t->nodes[other].kind != GN_SWITCH || s->seen[other] == s->number)
				continue;
			s->seen[other] = s->number;
			s->via[other] = port->link;
			s->queue[n++] = other;
		}
	}
	return n;
}

static uint32_t other_end(const struct gn_topology *t, uint32_t link, uint32_t node)
{
	const struct gn_link *l = &t->links[link];

	return l->node[0] == node ? l->node[1] : l->node[0];
}

/* A switch in the middle: half way along a longest path, found by two searches (exact in a tree), so
 * that the spanning tree is low. */
static uint32_t find_centre(struct search *s, uint32_t start)
{
	uint32_t n = search_from(s, start), length = 0, middle;

	n = search_from(s, s->queue[n - 1]);
	middle = s->queue[n - 1];
	for (uint32_t v = middle; s->via[v] != GN_NONE; v = other_end(&s->p->t, s->via[v], v))
		length++;
	for (uint32_t i = 0; i < length / 2; i++)
		middle = other_end(&s->p->t, s->via[middle], middle);
	return middle;
}

/* Links between switches that the search did not take are blocked; so are those parallel to one it took. */
static void span_lan(struct search *s, uint32_t lan)
{
	struct gn_planning *p = s->p;
	uint32_t n = search_from(s, find_centre(s, p->lans[lan].first_switch));

	for (uint32_t i = 0; i < n; i++) {
		p->nodes[s->queue[i]].lan = lan;
		p->nodes[s->queue[i]].uplink = s->via[s->queue[i]];
	}
	for (uint32_t i = 0; i < n; i++) {
		const struct gn_node *v = &p->nodes[s->queue[i]];

		for (uint32_t k = 0; k < v->n_ports; k++) {
			const struct gn_port *port = &p->ports[v->first_port + k];
			const struct gn_node *other = &p->nodes[gn_peer_of(&p->t, port)];

			if (other->kind == GN_SWITCH)
				p->links[port->link].blocked =
					v->uplink != port->link && other->uplink != port->link;
		}
	}
}

static int find_lans(struct gn_planning *p, struct search *s)
{
	size_t cap = 0;

	for (uint32_t v = 0; v < p->t.n_nodes; v++) {
		if (p->nodes[v].kind != GN_SWITCH || p->nodes[v].lan != GN_NONE)
			continue;
		if (gn_grow(&p->lans, p->t.n_lans, &cap, sizeof(*p->lans)))
			return -ENOMEM;
		p->lans[p->t.n_lans] = (struct gn_lan){ .first_switch = v, .router = GN_NONE };
		span_lan(s, p->t.n_lans++);
	}
	return 0;
}

/* The LAN behind a port, or GN_NONE. */
static uint32_t lan_behind(const struct gn_planning *p, const struct gn_port *port)
{
	return p->nodes[gn_peer_of(&p->t, port)].lan;
}

/* Two ways into one LAN would be a loop, and only one of them could ever carry frames. One fault for each
 * entry of the file. */
static void check_one_port_each(struct gn_planning *p, uint32_t *last_member)
{
	const struct gn_place *last = NULL;

	for (uint32_t v = 0; v < p->t.n_nodes; v++) {
		const struct gn_node *n = &p->nodes[v];

		for (uint32_t k = 0; n->kind != GN_SWITCH && k < n->n_ports; k++) {
			const struct gn_port *port = &p->ports[n->first_port + k];
			const struct gn_place *at = &p->link_places[port->link];
			uint32_t lan = lan_behind(p, port);
			bool again = lan != GN_NONE && last_member[lan] == v + 1;

			if (again && (!last || memcmp(last, at, sizeof(*at)))) {
				gn_fault_at(p->report, *at,
					    "%s has a link into the LAN of switch %s already: a second would "
					    "never carry anything",
					    n->name, p->nodes[p->lans[lan].first_switch].name);
				last = at;
			}
			if (lan != GN_NONE)
				last_member[lan] = v + 1;
		}
	}
}

/* Hosts and routers of each LAN, ascending. */
static int list_members(struct gn_planning *p)
{
	uint32_t total = 0;

	for (uint32_t i = 0; i < p->t.n_ports; i++) {
		const struct gn_node *n = &p->nodes[p->links[p->ports[i].link].node[p->ports[i].end]];
		uint32_t lan = n->kind == GN_SWITCH ? GN_NONE : lan_behind(p, &p->ports[i]);

		if (lan == GN_NONE)
			continue;
		p->lans[lan].n_members++;
		total++;
	}
	p->lan_members = malloc((total + 1u) * sizeof(*p->lan_members));
	if (!p->lan_members)
		return -ENOMEM;
	total = 0;
	for (uint32_t i = 0; i < p->t.n_lans; i++) {
		p->lans[i].first_member = total;
		total += p->lans[i].n_members;
		p->lans[i].n_members = 0;
	}
	for (uint32_t i = 0; i < p->t.n_ports; i++) {
		uint32_t v = p->links[p->ports[i].link].node[p->ports[i].end];
		uint32_t number = p->nodes[v].kind == GN_SWITCH ? GN_NONE : lan_behind(p, &p->ports[i]);

		if (number == GN_NONE)
			continue;
		struct gn_lan *lan = &p->lans[number];

		p->lan_members[lan->first_member + lan->n_members++] = v;
		if (p->nodes[v].kind == GN_ROUTER) {
			lan->n_routers++;
			lan->router = v;
		}
	}
	return 0;
}

int gn_planning_lans(struct gn_planning *p)
{
	size_t n = p->t.n_nodes + 1u;
	GN_CLEANUP(gn_free_p) uint32_t *queue = malloc(n * sizeof(*queue));
	GN_CLEANUP(gn_free_p) uint32_t *seen = calloc(n, sizeof(*seen));
	GN_CLEANUP(gn_free_p) uint32_t *via = malloc(n * sizeof(*via));
	struct search s = { .p = p, .queue = queue, .seen = seen, .via = via };

	if (!queue || !seen || !via || find_lans(p, &s))
		return -ENOMEM;
	GN_CLEANUP(gn_free_p) uint32_t *last_member = calloc(p->t.n_lans + 1u, sizeof(*last_member));

	if (!last_member)
		return -ENOMEM;
	check_one_port_each(p, last_member);
	return list_members(p);
}
