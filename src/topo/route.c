/* SPDX-License-Identifier: MIT */
/*
 * Static routes along shortest paths: fewest hops (hosts and routers entered; switches cost nothing),
 * then least delay, then the first hop with the lowest id. Only routers forward.
 *
 * A host with one link has no choice and gets the short form without a search. The others are the source
 * of one search by Dijkstra's algorithm each; the next hops found are put into as few prefixes as cover
 * the addresses in use.
 */
#include "topo/planning.h"

/* The best path found so far from the source to a node. */
struct label {
	gn_dur delay;
	uint32_t hops;
	uint32_t first; /* the first host or router entered; 0 while only switches have been crossed */
	uint16_t port;	/* of the source */
	bool on_lan;	/* no router is crossed: the path is within the LAN behind the port */
	bool reached, settled;
};

struct item {
	struct label label;
	uint32_t node;
};

/* A destination and its next hop. */
struct hop {
	uint32_t rank; /* of its address among all addresses */
	uint32_t via;
	uint16_t port;
};

struct router_search {
	struct gn_planning *p;
	struct label *labels;
	uint32_t *touched; /* nodes with a label */
	uint32_t n_touched;
	struct item *heap;
	size_t n_heap, cap_heap;
	uint32_t *rank_of; /* by node */
	struct hop *hops;  /* by rank, those reached */
	uint32_t *run_end; /* where the run of equal next hops around hops[i] ends */
	uint32_t n_hops;
	uint32_t *counts; /* by node: destinations behind it */
	uint32_t source;
	uint64_t steps;
};

static bool is_better(const struct label *a, const struct label *b)
{
	if (a->hops != b->hops)
		return a->hops < b->hops;
	if (a->delay != b->delay)
		return a->delay < b->delay;
	if (a->first != b->first)
		return a->first < b->first;
	return a->port < b->port;
}

static int heap_push(struct router_search *s, const struct label *label, uint32_t node)
{
	size_t i = s->n_heap;

	if (gn_grow(&s->heap, s->n_heap, &s->cap_heap, sizeof(*s->heap)))
		return -ENOMEM;
	s->n_heap++;
	for (; i && is_better(label, &s->heap[(i - 1) / 2].label); i = (i - 1) / 2)
		s->heap[i] = s->heap[(i - 1) / 2];
	s->heap[i] = (struct item){ *label, node };
	return 0;
}

static struct item heap_pop(struct router_search *s)
{
	struct item top = s->heap[0], last = s->heap[--s->n_heap];
	size_t i = 0, child;

	for (; (child = 2 * i + 1) < s->n_heap; i = child) {
		if (child + 1 < s->n_heap && is_better(&s->heap[child + 1].label, &s->heap[child].label))
			child++;
		if (!is_better(&s->heap[child].label, &last.label))
			break;
		s->heap[i] = s->heap[child];
	}
	s->heap[i] = last;
	return top;
}

/* A path to @node with this label has been found. */
static int offer(struct router_search *s, uint32_t node, const struct label *label)
{
	struct label *old = &s->labels[node];

	if (old->settled || (old->reached && !is_better(label, old)))
		return 0;
	if (!old->reached)
		s->touched[s->n_touched++] = node;
	*old = *label;
	old->reached = true;
	/* Hosts do not forward: the search ends there. */
	return s->p->nodes[node].kind == GN_HOST ? 0 : heap_push(s, old, node);
}

/* Over one port of a node that has @here as its label. */
static int cross(struct router_search *s, uint32_t node, const struct gn_port *port, struct label here)
{
	const struct gn_topology *t = &s->p->t;
	const struct gn_link *link = &t->links[port->link];
	uint32_t other = link->node[!port->end];

	if (link->blocked)
		return 0;
	here.delay += link->shape[port->end].delay;
	if (t->nodes[node].kind == GN_ROUTER)
		here.on_lan = false;
	if (t->nodes[other].kind != GN_SWITCH) {
		here.hops++;
		if (here.on_lan)
			here.first = other;
	}
	return offer(s, other, &here);
}

static int leave_source(struct router_search *s)
{
	const struct gn_topology *t = &s->p->t;
	const struct gn_node *n = &t->nodes[s->source];
	int r = 0;

	for (uint32_t k = 0; !r && k < n->n_ports; k++) {
		const struct gn_port *port = &t->ports[n->first_port + k];
		uint32_t other = gn_peer_of(t, port);
		bool lan = t->nodes[other].kind == GN_SWITCH;
		const struct label first = {
			.delay = t->links[port->link].shape[port->end].delay,
			.hops = !lan,
			.first = lan ? 0 : other,
			.port = (uint16_t)k,
			.on_lan = lan,
		};

		r = offer(s, other, &first);
	}
	return r;
}

/* Label everything that the source can reach. A switch as the source stands for all hosts that have
 * nothing but a link to it: their paths differ by that link alone. */
static int search(struct router_search *s, uint32_t source)
{
	const struct gn_topology *t = &s->p->t;
	const struct label start = { .on_lan = true };
	int r;

	while (s->n_touched)
		s->labels[s->touched[--s->n_touched]] = (struct label){ 0 };
	s->source = source;
	if (t->nodes[source].kind == GN_SWITCH) {
		r = offer(s, source, &start);
	} else {
		s->labels[source] = (struct label){ .reached = true, .settled = true };
		s->touched[s->n_touched++] = source;
		r = leave_source(s);
	}
	while (!r && s->n_heap) {
		const struct item at = heap_pop(s);
		const struct gn_node *n = &t->nodes[at.node];

		if (s->labels[at.node].settled)
			continue;
		s->labels[at.node].settled = true;
		s->steps += n->n_ports;
		for (uint32_t k = 0; !r && k < n->n_ports; k++)
			r = cross(s, at.node, &t->ports[n->first_port + k], at.label);
	}
	return r;
}

static int compare_hops(const void *pa, const void *pb)
{
	const struct hop *a = pa, *b = pb;

	return (a->rank > b->rank) - (a->rank < b->rank);
}

static void add_hop(struct router_search *s, uint32_t node)
{
	const struct label *l = &s->labels[node];

	if (!l->reached || node == s->source || s->p->nodes[node].kind == GN_SWITCH)
		return;
	s->hops[s->n_hops++] = (struct hop){ .rank = s->rank_of[node],
					     .via = l->on_lan ? GN_NONE : l->first,
					     .port = l->port };
}

/* The destinations that were reached, in the order of their addresses. */
static void list_hops(struct router_search *s)
{
	uint32_t n = s->p->n_addresses;

	s->n_hops = 0;
	if (s->n_touched > n / 16) {
		for (uint32_t i = 0; i < n; i++)
			add_hop(s, s->p->by_address[i]);
	} else {
		for (uint32_t i = 0; i < s->n_touched; i++)
			add_hop(s, s->touched[i]);
		qsort(s->hops, s->n_hops, sizeof(*s->hops), compare_hops);
	}
	for (uint32_t i = s->n_hops; i-- > 0;) {
		const struct hop *h = &s->hops[i];
		bool same = i + 1 < s->n_hops && h[1].via == h->via && h[1].port == h->port;

		s->run_end[i] = same ? s->run_end[i + 1] : i + 1;
	}
}

static int add_route(struct gn_planning *p, const struct gn_route *route)
{
	if (p->n_routes >= p->limits->routes) {
		gn_fault_at(p->report, gn_planning_start(p),
			    "more than %llu routes: use fewer routers, or LANs and hosts with one link each",
			    (unsigned long long)p->limits->routes);
		return -E2BIG;
	}
	if (gn_grow(&p->routes, p->n_routes, &p->cap_routes, sizeof(*p->routes)))
		return -ENOMEM;
	p->routes[p->n_routes++] = *route;
	return 0;
}

static uint32_t address_at(const struct router_search *s, uint32_t rank)
{
	return s->p->nodes[s->p->by_address[rank]].ip;
}

/* A node of the prefix trie: the hops and all the addresses in use below it. */
struct trie_node {
	uint32_t prefix;
	uint8_t bits;
	uint32_t low, high;	/* hops[low .. high - 1] */
	uint32_t first, behind; /* ranks first .. behind - 1 */
};

static bool in_prefix(uint32_t ip, uint32_t prefix, unsigned bits)
{
	return !bits || (ip ^ prefix) >> (32 - bits) == 0;
}

/* One route for all hops below @n: the longest prefix that holds them, or the LAN's own. */
static int emit_route(struct router_search *s, const struct trie_node *n)
{
	const struct hop *h = &s->hops[n->low];
	uint32_t low = address_at(s, h->rank), high = address_at(s, s->hops[n->high - 1].rank);
	uint8_t bits = low == high ? 32 : (uint8_t)__builtin_clz(low ^ high);
	const struct gn_topology *t = &s->p->t;

	if (h->via == GN_NONE) {
		const struct gn_node *source = &t->nodes[s->source];
		const struct gn_port *port = &t->ports[source->first_port + h->port];
		const struct gn_lan *lan =
			&s->p->lans[source->kind == GN_SWITCH ? source->lan
							      : t->nodes[gn_peer_of(t, port)].lan];

		if (lan->n_own && n->bits <= lan->bits && in_prefix(low, lan->prefix, lan->bits) &&
		    in_prefix(high, lan->prefix, lan->bits))
			bits = lan->bits;
	}
	const struct gn_route route = { .prefix = low & (bits ? UINT32_MAX << (32 - bits) : 0),
					.bits = bits,
					.port = h->port,
					.via = h->via };

	return add_route(s->p, &route);
}

static uint32_t first_hop_from(const struct router_search *s, uint32_t low, uint32_t high, uint32_t ip)
{
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (address_at(s, s->hops[mid].rank) < ip)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static uint32_t first_rank_from(const struct router_search *s, uint32_t low, uint32_t high, uint32_t ip)
{
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (address_at(s, mid) < ip)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* Routes for what is below @n, but for what goes via @fallback: the default route has it. */
static int aggregate(struct router_search *s, const struct trie_node *n, uint32_t fallback)
{
	const struct gn_node *source = &s->p->nodes[s->source];
	uint32_t own = source->kind == GN_SWITCH ? GN_NONE : s->rank_of[s->source];
	uint32_t in_use = n->behind - n->first - (own >= n->first && own < n->behind);

	if (n->low == n->high)
		return 0;
	if (s->run_end[n->low] >= n->high) {
		if (s->hops[n->low].via == fallback && fallback != GN_NONE)
			return 0;
		if (in_use == n->high - n->low)
			return emit_route(s, n);
	}
	uint32_t middle = n->prefix | UINT32_C(1) << (31 - n->bits);
	uint32_t mid_hop = first_hop_from(s, n->low, n->high, middle);
	uint32_t mid_rank = first_rank_from(s, n->first, n->behind, middle);
	const struct trie_node half[2] = {
		{ n->prefix, (uint8_t)(n->bits + 1), n->low, mid_hop, n->first, mid_rank },
		{ middle, (uint8_t)(n->bits + 1), mid_hop, n->high, mid_rank, n->behind },
	};
	int r = aggregate(s, &half[0], fallback);

	return r ? r : aggregate(s, &half[1], fallback);
}

/* A host's default route: via the router that most destinations lie behind, or GN_NONE. */
static uint32_t choose_fallback(struct router_search *s, uint16_t *ret_port)
{
	uint32_t best = GN_NONE;

	for (uint32_t i = 0; i < s->n_hops; i++) {
		uint32_t via = s->hops[i].via;

		if (via == GN_NONE || s->p->nodes[via].kind != GN_ROUTER)
			continue;
		s->counts[via]++;
		if (best == GN_NONE || s->counts[via] > s->counts[best] ||
		    (via < best && s->counts[via] == s->counts[best])) {
			best = via;
			*ret_port = s->hops[i].port;
		}
	}
	for (uint32_t i = 0; i < s->n_hops; i++) {
		if (s->hops[i].via != GN_NONE)
			s->counts[s->hops[i].via] = 0;
	}
	return best;
}

static int search_routes(struct router_search *s, uint32_t source)
{
	struct trie_node root = { .prefix = GN_ADDRESS_POOL, .bits = 8, .behind = s->p->n_addresses };
	struct gn_route fallback = { .via = GN_NONE };
	int r = search(s, source);

	if (r)
		return r;
	if (s->steps > s->p->limits->steps) {
		gn_fault_at(s->p->report, gn_planning_start(s->p),
			    "too many routers for static shortest paths");
		return -E2BIG;
	}
	list_hops(s);
	root.high = s->n_hops;
	if (s->p->nodes[source].kind != GN_ROUTER)
		fallback.via = choose_fallback(s, &fallback.port);
	r = aggregate(s, &root, fallback.via);
	if (!r && fallback.via != GN_NONE)
		r = add_route(s->p, &fallback);
	return r;
}

/* A host on a LAN with at most one router: the LAN, and the router for the rest. */
static int lan_routes(struct gn_planning *p, const struct gn_lan *lan)
{
	const struct gn_route all = { .prefix = lan->prefix, .bits = lan->bits, .via = GN_NONE };
	const struct gn_route rest = { .via = lan->router };
	int r = add_route(p, &all);

	for (uint32_t i = 0; !r && i < lan->n_members; i++) {
		const struct gn_route one = { .prefix = p->nodes[p->lan_members[lan->first_member + i]].ip,
					      .bits = 32,
					      .via = GN_NONE };

		if (!in_prefix(one.prefix, lan->prefix, lan->bits))
			r = add_route(p, &one);
	}
	if (!r && lan->n_routers)
		r = add_route(p, &rest);
	return r;
}

/* Hosts with nothing but a link to one switch have the same routes: made once, then copied. */
static int switch_routes(struct router_search *s, uint32_t hub)
{
	struct gn_planning *p = s->p;
	struct gn_node *n = &p->nodes[hub];
	const struct gn_lan *lan = &p->lans[n->lan];
	int r = 0;

	if (!n->n_routes) {
		n->first_route = (uint32_t)p->n_routes;
		r = lan->n_routers > 1 ? search_routes(s, hub) : lan_routes(p, lan);
		n->n_routes = (uint32_t)p->n_routes - n->first_route;
		return r;
	}
	for (uint32_t i = 0; !r && i < n->n_routes; i++) {
		const struct gn_route route = p->routes[n->first_route + i];

		r = add_route(p, &route);
	}
	return r;
}

static int node_routes(struct router_search *s, uint32_t v)
{
	struct gn_planning *p = s->p;
	const struct gn_node *n = &p->nodes[v];

	if (n->kind == GN_SWITCH || !n->n_ports)
		return 0;
	if (n->kind == GN_ROUTER || n->n_ports > 1)
		return search_routes(s, v);
	uint32_t other = gn_peer_of(&p->t, &p->ports[n->first_port]);
	const struct gn_route rest = { .via = other };
	const struct gn_route peer = { .prefix = p->nodes[other].ip, .bits = 32, .via = other };

	switch (p->nodes[other].kind) {
	case GN_SWITCH:
		return switch_routes(s, other);
	case GN_ROUTER:
		return add_route(p, &rest);
	case GN_HOST:
		break;
	}
	return add_route(p, &peer);
}

static int all_routes(struct router_search *s)
{
	struct gn_planning *p = s->p;
	int r = 0;

	for (uint32_t i = 0; i < p->n_addresses; i++)
		s->rank_of[p->by_address[i]] = i;
	for (uint32_t v = 0; !r && v < p->t.n_nodes; v++) {
		uint32_t first = (uint32_t)p->n_routes;

		r = node_routes(s, v);
		if (p->nodes[v].kind == GN_SWITCH)
			continue;
		p->nodes[v].first_route = first;
		p->nodes[v].n_routes = (uint32_t)p->n_routes - first;
	}
	for (uint32_t v = 0; v < p->t.n_nodes; v++) {
		if (p->nodes[v].kind == GN_SWITCH) /* held what its hosts share */
			p->nodes[v].first_route = p->nodes[v].n_routes = 0;
	}
	p->t.routes = p->routes;
	p->t.n_routes = (uint32_t)p->n_routes;
	return r;
}

int gn_planning_routes(struct gn_planning *p)
{
	size_t n = p->t.n_nodes + 1u;
	GN_CLEANUP(gn_free_p) struct label *labels = calloc(n, sizeof(*labels));
	GN_CLEANUP(gn_free_p) uint32_t *touched = malloc(n * sizeof(*touched));
	GN_CLEANUP(gn_free_p) uint32_t *rank_of = malloc(n * sizeof(*rank_of));
	GN_CLEANUP(gn_free_p) struct hop *hops = malloc(n * sizeof(*hops));
	GN_CLEANUP(gn_free_p) uint32_t *run_end = malloc(n * sizeof(*run_end));
	GN_CLEANUP(gn_free_p) uint32_t *counts = calloc(n, sizeof(*counts));
	struct router_search s = {
		.p = p,
		.labels = labels,
		.touched = touched,
		.rank_of = rank_of,
		.hops = hops,
		.run_end = run_end,
		.counts = counts,
	};

	if (!labels || !touched || !rank_of || !hops || !run_end || !counts)
		return -ENOMEM;
	int r = all_routes(&s);

	free(s.heap);
	return r;
}
