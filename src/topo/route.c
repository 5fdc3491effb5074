/* SPDX-License-Identifier: MIT */
/*
 * Static routes along shortest paths: fewest hops (hosts and routers entered; switches cost nothing),
 * then least delay (or, with `routes: delay`, the other way round), then the first hop with the lowest id. Only
 * routers forward.
 *
 * A host with one link has no choice and gets the short form without a search. The others are the source
 * of one search each; the next hops found are put into as few prefixes as cover the addresses in use.
 *
 * The search by hops goes hop by hop, as all paths to a host or router that are one hop longer begin where those
 * of the hop before end. Only the switches in between, which are crossed for nothing, are taken in the
 * order of Dijkstra's algorithm. By delay, everything is.
 */
#include "topo/planning.h"

#define SAMPLE	       16u
#define WORTH_A_SAMPLE (64u * SAMPLE) /* searches: fewer are quick in any case */

/* The best path found so far from the source to a node. */
struct label {
	gn_dur delay;
	uint32_t hops;
	uint32_t first; /* the first host or router entered; 0 while only switches have been crossed */
	uint16_t port;	/* of the source */
	bool on_lan;	/* no router is crossed: the path is within the LAN behind the port */
	bool reached;
	bool settled; /* it has been crossed from the heap */
};

/* A switch, or by delay also a router, that is yet to be crossed. */
struct item {
	struct label label;
	uint32_t node;
};

/* What the search needs to know of a port, close together. */
struct way {
	gn_dur delay;
	uint32_t to;
	uint8_t kind; /* of the node there: enum gn_kind */
	bool blocked;
};

/* A destination and its next hop. */
struct hop {
	uint32_t rank; /* of its address among all addresses */
	uint32_t via;
	uint16_t port;
};

struct router_search {
	struct gn_planning *p;
	bool by_delay;
	const struct way *ways; /* by port */
	struct label *labels;
	uint32_t *touched; /* nodes with a label, by hops in the order of these */
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

static bool is_better(const struct router_search *s, const struct label *a, const struct label *b)
{
	if (a->delay != b->delay && (s->by_delay || a->hops == b->hops))
		return a->delay < b->delay;
	if (a->hops != b->hops)
		return a->hops < b->hops;
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
	for (; i && is_better(s, label, &s->heap[(i - 1) / 2].label); i = (i - 1) / 2)
		s->heap[i] = s->heap[(i - 1) / 2];
	s->heap[i] = (struct item){ *label, node };
	return 0;
}

static struct item heap_pop(struct router_search *s)
{
	struct item top = s->heap[0], last = s->heap[--s->n_heap];
	size_t i = 0, child;

	for (; (child = 2 * i + 1) < s->n_heap; i = child) {
		if (child + 1 < s->n_heap && is_better(s, &s->heap[child + 1].label, &s->heap[child].label))
			child++;
		if (!is_better(s, &s->heap[child].label, &last.label))
			break;
		s->heap[i] = s->heap[child];
	}
	s->heap[i] = last;
	return top;
}

/* A path to what is at the end of @way, with this label, has been found. */
static int offer(struct router_search *s, const struct way *way, const struct label *label)
{
	struct label *old = &s->labels[way->to];

	if (old->settled || (old->reached && !is_better(s, label, old)))
		return 0;
	if (!old->reached)
		s->touched[s->n_touched++] = way->to;
	*old = *label;
	old->reached = true;
	bool waits = way->kind == GN_SWITCH || (s->by_delay && way->kind == GN_ROUTER);

	return waits ? heap_push(s, old, way->to) : 0;
}

/* Over all ports of a router or switch that has its final label. */
static int cross(struct router_search *s, uint32_t node)
{
	const struct gn_node *n = &s->p->nodes[node];
	const struct label here = s->labels[node];
	const struct way *ways = &s->ways[n->first_port];
	int r = 0;

	s->steps += n->n_ports;
	for (uint32_t k = 0; !r && k < n->n_ports; k++) {
		struct label there = here;

		if (ways[k].blocked)
			continue;
		there.delay += ways[k].delay;
		there.on_lan = here.on_lan && n->kind == GN_SWITCH;
		there.settled = false;
		if (ways[k].kind != GN_SWITCH) {
			there.hops++;
			if (there.on_lan)
				there.first = ways[k].to;
		}
		r = offer(s, &ways[k], &there);
	}
	return r;
}

static int leave_source(struct router_search *s)
{
	const struct gn_node *n = &s->p->nodes[s->source];
	int r = 0;

	for (uint32_t k = 0; !r && k < n->n_ports; k++) {
		const struct way *way = &s->ways[n->first_port + k];
		bool lan = way->kind == GN_SWITCH;
		const struct label first = {
			.delay = way->delay,
			.hops = !lan,
			.first = lan ? 0 : way->to,
			.port = (uint16_t)k,
			.on_lan = lan,
		};

		r = offer(s, way, &first);
	}
	return r;
}

static int cross_waiting(struct router_search *s)
{
	int r = 0;

	while (!r && s->n_heap) {
		const struct item at = heap_pop(s);

		if (s->labels[at.node].settled)
			continue;
		s->labels[at.node].settled = true;
		r = cross(s, at.node);
	}
	return r;
}

/* Label everything that the source can reach. A switch as the source stands for all hosts that have
 * nothing but a link to it: their paths differ by that link alone. */
static int search(struct router_search *s, uint32_t source)
{
	const struct gn_node *nodes = s->p->nodes;
	const struct way itself = { .to = source, .kind = GN_SWITCH };
	const struct label start = { .on_lan = true };
	int r;

	while (s->n_touched)
		s->labels[s->touched[--s->n_touched]] = (struct label){ 0 };
	s->source = source;
	if (nodes[source].kind == GN_SWITCH) {
		r = offer(s, &itself, &start);
	} else {
		s->labels[source] = (struct label){ .reached = true };
		s->touched[s->n_touched++] = source;
		r = leave_source(s);
	}
	if (!r && s->by_delay)
		return cross_waiting(s);
	for (uint32_t from = 0; !r && (from < s->n_touched || s->n_heap);) {
		r = cross_waiting(s);
		/* Now the labels of all that is this many hops away are final. */
		for (uint32_t to = s->n_touched; !r && from < to; from++) {
			uint32_t at = s->touched[from];

			if (nodes[at].kind == GN_ROUTER && at != source)
				r = cross(s, at);
		}
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

static int too_many_routes(struct gn_planning *p)
{
	gn_fault_at(p->report, gn_planning_start(p),
		    "more than %llu routes: use fewer routers, or LANs and hosts with one link each",
		    (unsigned long long)p->limits->routes);
	return -E2BIG;
}

static int too_many_steps(struct gn_planning *p)
{
	gn_fault_at(p->report, gn_planning_start(p),
		    "shortest paths that take more than %llu steps (routers times links): use fewer routers",
		    (unsigned long long)p->limits->steps);
	return -E2BIG;
}

static int add_route(struct gn_planning *p, const struct gn_route *route)
{
	if (p->n_routes >= p->limits->routes)
		return too_many_routes(p);
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
	if (s->steps > s->p->limits->steps)
		return too_many_steps(s->p);
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
		/* By delay, a router may be the faster way even to somebody on the same LAN. */
		r = lan->n_routers > !s->by_delay ? search_routes(s, hub) : lan_routes(p, lan);
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

static bool needs_search(const struct gn_node *n)
{
	return n->kind == GN_ROUTER ? n->n_ports > 0 : n->kind == GN_HOST && n->n_ports > 1;
}

/* Before minutes of work: the routes and steps of some nodes, spread evenly over those that need a
 * search, say whether all of them will be far too many. */
static int foresee(struct router_search *s)
{
	struct gn_planning *p = s->p;
	uint64_t n = 0, seen = 0;
	int r = 0;

	for (uint32_t v = 0; v < p->t.n_nodes; v++)
		n += needs_search(&p->nodes[v]);
	if (n < WORTH_A_SAMPLE)
		return 0;
	for (uint32_t v = 0; !r && v < p->t.n_nodes; v++) {
		if (needs_search(&p->nodes[v]) && seen++ % (n / SAMPLE) == 0)
			r = search_routes(s, v);
	}
	if (!r && p->n_routes / SAMPLE * n / 2 > p->limits->routes)
		r = too_many_routes(p);
	if (!r && s->steps / SAMPLE * n / 2 > p->limits->steps)
		r = too_many_steps(p);
	p->n_routes = 0;
	s->steps = 0;
	return r;
}

static int all_routes(struct router_search *s)
{
	struct gn_planning *p = s->p;

	for (uint32_t i = 0; i < p->n_addresses; i++)
		s->rank_of[p->by_address[i]] = i;
	int r = foresee(s);

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

static void list_ways(const struct gn_planning *p, struct way *ways)
{
	for (uint32_t i = 0; i < p->t.n_ports; i++) {
		const struct gn_port *port = &p->ports[i];
		const struct gn_link *link = &p->links[port->link];
		uint32_t to = gn_peer_of(&p->t, port);

		ways[i] = (struct way){ .delay = link->shape[port->end].delay,
					.to = to,
					.kind = (uint8_t)p->nodes[to].kind,
					.blocked = link->blocked };
	}
}

int gn_planning_routes(struct gn_planning *p)
{
	size_t n = p->t.n_nodes + 1u;
	GN_CLEANUP(gn_free_p) struct way *ways = malloc((p->t.n_ports + 1u) * sizeof(*ways));
	GN_CLEANUP(gn_free_p) struct label *labels = calloc(n, sizeof(*labels));
	GN_CLEANUP(gn_free_p) uint32_t *touched = malloc(n * sizeof(*touched));
	GN_CLEANUP(gn_free_p) uint32_t *rank_of = malloc(n * sizeof(*rank_of));
	GN_CLEANUP(gn_free_p) struct hop *hops = malloc(n * sizeof(*hops));
	GN_CLEANUP(gn_free_p) uint32_t *run_end = malloc(n * sizeof(*run_end));
	GN_CLEANUP(gn_free_p) uint32_t *counts = calloc(n, sizeof(*counts));
	struct router_search s = {
		.p = p,
		.by_delay = p->raw->routes.number == 1,
		.ways = ways,
		.labels = labels,
		.touched = touched,
		.rank_of = rank_of,
		.hops = hops,
		.run_end = run_end,
		.counts = counts,
	};

	if (!ways || !labels || !touched || !rank_of || !hops || !run_end || !counts)
		return -ENOMEM;
	list_ways(p, ways);
	int r = all_routes(&s);

	free(s.heap);
	return r;
}
