/* SPDX-License-Identifier: MIT */
#include "sim/ways.h"

#include <stdlib.h>

/* A node with fewer routes than this has no table: they are looked at one by one. */
#define WORTH_A_TABLE 16

/* Of the addresses from here on, up to the next range, this route's prefix is the longest. */
struct range {
	uint32_t start;
	uint32_t route; /* of the topology, or GN_NONE */
};

/* A node's routes as disjoint ranges, ascending. */
struct gn_sim_table {
	struct range *ranges;
	uint32_t n;
};

/* A host or router, and its port on a LAN. */
struct gn_sim_attachment {
	uint32_t node, port;
};

static bool holds(const struct gn_route *r, uint32_t ip)
{
	return !r->bits || (ip ^ r->prefix) >> (32 - r->bits) == 0;
}

static int compare_routes(const void *a, const void *b, void *routes)
{
	const struct gn_route *x = (const struct gn_route *)routes + *(const uint32_t *)a;
	const struct gn_route *y = (const struct gn_route *)routes + *(const uint32_t *)b;

	if (x->prefix != y->prefix)
		return x->prefix < y->prefix ? -1 : 1;
	return x->bits - y->bits;
}

static void put_range(struct gn_sim_table *table, uint32_t start, uint32_t route)
{
	if (table->n && table->ranges[table->n - 1].start == start)
		table->n--;
	table->ranges[table->n++] = (struct range){ start, route };
}

/* @order: numbers of routes, each after all those whose prefix holds its own. Such ones, one within the other, are a
 * stack: where the innermost ends, the next one goes on. */
static void list_ranges(struct gn_sim_table *table, const struct gn_route *routes, const uint32_t *order,
			uint32_t n)
{
	uint32_t stack[33], depth = 0;

	for (uint32_t i = 0; i <= n; i++) {
		while (depth && (i == n || !holds(&routes[stack[depth - 1]], routes[order[i]].prefix))) {
			const struct gn_route *ended = &routes[stack[--depth]];
			const uint64_t behind = ended->prefix + (UINT64_C(1) << (32 - ended->bits));

			if (behind <= UINT32_MAX)
				put_range(table, (uint32_t)behind, depth ? stack[depth - 1] : GN_NONE);
		}
		if (i == n)
			break;
		stack[depth++] = order[i];
		put_range(table, routes[order[i]].prefix, order[i]);
	}
}

static int make_table(struct gn_sim_ways *w, uint32_t node)
{
	const struct gn_node *v = &w->t->nodes[node];
	struct gn_sim_table *table = &w->tables[node];
	GN_CLEANUP(gn_free_p) uint32_t *order = malloc(v->n_routes * sizeof(*order));

	/* A route begins a range and ends one. */
	table->ranges = malloc(2 * (size_t)v->n_routes * sizeof(*table->ranges));
	if (!order || !table->ranges)
		return -ENOMEM;
	for (uint32_t i = 0; i < v->n_routes; i++)
		order[i] = v->first_route + i;
	qsort_r(order, v->n_routes, sizeof(*order), compare_routes, (void *)w->t->routes);
	list_ranges(table, w->t->routes, order, v->n_routes);
	return 0;
}

static uint32_t search_table(const struct gn_sim_table *table, uint32_t ip)
{
	uint32_t low = 0, high = table->n;

	while (low < high) {
		const uint32_t middle = low + (high - low) / 2;

		if (table->ranges[middle].start <= ip)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? table->ranges[low - 1].route : GN_NONE;
}

static uint32_t search_routes(const struct gn_topology *t, const struct gn_node *v, uint32_t ip)
{
	uint32_t best = GN_NONE;

	for (uint32_t i = v->first_route; i < v->first_route + v->n_routes; i++) {
		if (holds(&t->routes[i], ip) && (best == GN_NONE || t->routes[i].bits > t->routes[best].bits))
			best = i;
	}
	return best;
}

/* *ret: the route of @node to @to with the longest prefix, or NULL. */
static int find_route(struct gn_sim_ways *w, uint32_t node, uint32_t to, const struct gn_route **ret)
{
	const struct gn_node *v = &w->t->nodes[node];
	const uint32_t ip = w->t->nodes[to].ip;
	uint32_t route;

	if (v->n_routes < WORTH_A_TABLE) {
		route = search_routes(w->t, v, ip);
	} else {
		if (!w->tables[node].ranges && make_table(w, node))
			return -ENOMEM;
		route = search_table(&w->tables[node], ip);
	}
	*ret = route == GN_NONE ? NULL : &w->t->routes[route];
	return 0;
}

/* The port of @node on this LAN, or GN_NONE. */
static uint32_t port_on_lan(const struct gn_sim_ways *w, uint32_t lan, uint32_t node)
{
	uint32_t low = w->first_attachment[lan], high = w->first_attachment[lan + 1];
	const uint32_t end = high;

	while (low < high) {
		const uint32_t middle = low + (high - low) / 2;

		if (w->attachments[middle].node < node)
			low = middle + 1;
		else
			high = middle;
	}
	return low < end && w->attachments[low].node == node ? w->attachments[low].port : GN_NONE;
}

/* The link by which a switch sends what is for @next: towards its switch if that is below, else up. GN_NONE: not on
 * this LAN. */
static uint32_t link_in_lan(const struct gn_sim_ways *w, uint32_t at, uint32_t next)
{
	const struct gn_topology *t = w->t;
	const uint32_t port = port_on_lan(w, t->nodes[at].lan, next);

	if (port == GN_NONE)
		return GN_NONE;
	uint32_t down = t->ports[port].link, below = gn_sim_other_end(t, down, next);

	while (below != at && t->nodes[below].uplink != GN_NONE) {
		down = t->nodes[below].uplink;
		below = gn_sim_other_end(t, down, below);
	}
	return below == at ? down : t->nodes[at].uplink;
}

int gn_sim_ways_choose(struct gn_sim_ways *w, struct gn_sim_flight *f, uint32_t *ret)
{
	const struct gn_node *v = &w->t->nodes[f->at];
	const struct gn_route *route = NULL;
	int r = 0;

	*ret = GN_NONE;
	if (v->kind == GN_SWITCH) {
		*ret = link_in_lan(w, f->at, f->next);
		return 0;
	}
	if (!f->ttl--)
		return 0;
	r = find_route(w, f->at, f->to, &route);
	if (!route)
		return r;
	f->next = route->via == GN_NONE ? f->to : route->via;
	*ret = w->t->ports[v->first_port + route->port].link;
	return 0;
}

/* ---- making them ---- */

static uint32_t owner_of(const struct gn_topology *t, const struct gn_port *p)
{
	return t->links[p->link].node[p->end];
}

/* The LAN that a host or router has behind a port, or GN_NONE. */
static uint32_t lan_behind(const struct gn_topology *t, const struct gn_port *p)
{
	if (t->nodes[owner_of(t, p)].kind == GN_SWITCH)
		return GN_NONE;
	return t->nodes[t->links[p->link].node[!p->end]].lan;
}

/* Ports are in the order of their nodes. A LAN's first place is kept one further on while it is filled up, from where it
 * ends as the place of the next one. */
static void list_attachments(struct gn_sim_ways *w)
{
	const struct gn_topology *t = w->t;
	uint32_t *place = w->first_attachment + 1;

	for (uint32_t i = 0; i < t->n_ports; i++) {
		const uint32_t lan = lan_behind(t, &t->ports[i]);

		if (lan != GN_NONE)
			place[lan + 1]++;
	}
	for (uint32_t lan = 0; lan < t->n_lans; lan++)
		place[lan + 1] += place[lan];
	for (uint32_t i = 0; i < t->n_ports; i++) {
		const uint32_t lan = lan_behind(t, &t->ports[i]);

		if (lan != GN_NONE)
			w->attachments[place[lan]++] =
				(struct gn_sim_attachment){ owner_of(t, &t->ports[i]), i };
	}
}

int gn_sim_ways_init(struct gn_sim_ways *w, const struct gn_topology *t)
{
	*w = (struct gn_sim_ways){
		.t = t,
		.tables = calloc(t->n_nodes, sizeof(*w->tables)),
		.attachments = malloc((t->n_ports + 1u) * sizeof(*w->attachments)),
		.first_attachment = calloc(t->n_lans + 2u, sizeof(*w->first_attachment)),
	};
	if (!w->tables || !w->attachments || !w->first_attachment)
		return -ENOMEM;
	list_attachments(w);
	return 0;
}

void gn_sim_ways_done(struct gn_sim_ways *w)
{
	for (uint32_t v = 0; w->tables && v < w->t->n_nodes; v++)
		free(w->tables[v].ranges);
	free(w->tables);
	free(w->attachments);
	free(w->first_attachment);
}
