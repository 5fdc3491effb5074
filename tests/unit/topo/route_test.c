/* SPDX-License-Identifier: MIT */
/* LANs, addresses and routes: by example, and on random networks against a slow but plain computation. */
#include "topo.h"

#include "util/rand.h"

static const struct gn_node *node(const struct gn_topology *t, const char *name)
{
	uint32_t v = gn_topology_find(t, name);

	assert_true(v != GN_NONE);
	return &t->nodes[v];
}

static uint32_t ip4(unsigned a, unsigned b, unsigned c, unsigned d)
{
	return a << 24 | b << 16 | c << 8 | d;
}

static uint32_t peer_of(const struct gn_topology *t, const struct gn_port *p)
{
	return t->links[p->link].node[!p->end];
}

static bool matches(const struct gn_route *r, uint32_t ip)
{
	return !r->bits || (r->prefix ^ ip) >> (32 - r->bits) == 0;
}

/* What the kernel does: the longest prefix wins. */
static const struct gn_route *look_up(const struct gn_topology *t, const struct gn_node *n, uint32_t ip)
{
	const struct gn_route *best = NULL;

	for (uint32_t i = 0; i < n->n_routes; i++) {
		const struct gn_route *r = &t->routes[n->first_route + i];

		if (matches(r, ip) && (!best || r->bits > best->bits))
			best = r;
	}
	return best;
}

static void one_lan(void **state)
{
	struct gn_topology *t = load_text("nodes: [{name: n, count: 1000}, {name: s, kind: switch}]\n"
					  "links: [{between: [n, s]}]\n");

	(void)state;
	assert_int_equal(t->n_routes, 1000);
	for (uint32_t v = 0; v < 1000; v++) {
		const struct gn_node *n = &t->nodes[v];
		const struct gn_route *r = &t->routes[n->first_route];

		assert_int_equal(n->ip, ip4(10, 0, 0, 0) + v + 1);
		assert_int_equal(n->n_routes, 1);
		assert_true(r->prefix == ip4(10, 0, 0, 0) && r->bits == 22 && r->port == 0 &&
			    r->via == GN_NONE);
		assert_int_equal(t->ports[n->first_port].prefix_bits, 22);
	}
	assert_int_equal(node(t, "s")->ip, 0);
	assert_int_equal(node(t, "s")->n_routes, 0);
	gn_topology_free(t);
}

/* 254 hosts fill a /24: network and broadcast address stay free. 255 need a /23. */
static void lan_blocks_have_room(void **state)
{
	static const struct {
		unsigned hosts, bits;
	} cases[] = { { 2, 30 }, { 3, 29 }, { 6, 29 }, { 7, 28 }, { 254, 24 }, { 255, 23 } };

	(void)state;
	for (size_t i = 0; i < GN_ARRAY_LEN(cases); i++) {
		GN_CLEANUP(gn_free_p)
		char *text = gn_format(
			"nodes: [{name: n, count: %u}, {name: s, kind: switch}, {name: m, count: 2}, {name: u, "
			"kind: switch}]\nlinks: [{between: [n, s]}, {between: [m, u]}]\n"
			"gossip: {overlay: neighbours}\n",
			cases[i].hosts);
		struct gn_topology *t = load_text(text);
		uint32_t size = 1u << (32 - cases[i].bits);

		assert_int_equal(t->ports[t->nodes[0].first_port].prefix_bits, cases[i].bits);
		assert_int_equal(node(t, "m1")->ip, ip4(10, 0, 0, 0) + GN_MAX(size, 4u) + 1);
		gn_topology_free(t);
	}
}

/* Ten regions in a full mesh: a default route for hosts, a prefix for each region. */
static void regions_aggregate(void **state)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	(void)state;
	fprintf(f, "nodes:\n- {name: r, count: 10, kind: router}\n");
	for (int i = 1; i <= 10; i++)
		fprintf(f, "- {name: h%dx, count: 5}\n", i);
	fprintf(f, "links:\n- {between: [r, r], delay: 10ms}\n");
	for (int i = 1; i <= 10; i++)
		fprintf(f, "- {between: [h%dx, r%d]}\n", i, i);
	fclose(f);
	struct gn_topology *t = load_text(text);
	const struct gn_node *host = node(t, "h3x2"), *router = node(t, "r3");
	const struct gn_route *r = &t->routes[host->first_route];

	free(text);
	assert_int_equal(host->n_routes, 1);
	assert_true(r->bits == 0 && r->via == gn_topology_find(t, "r3"));
	assert_int_equal(router->n_routes, 14); /* five hosts, nine regions */
	r = look_up(t, router, node(t, "h7x4")->ip);
	assert_true(r->bits == 29 && r->via == gn_topology_find(t, "r7"));
	assert_int_equal(router->ip % 8, 0);
	assert_int_equal(host->ip, router->ip + 2);
	gn_topology_free(t);
}

/* Fewest hops first, though the detour is shorter in time. */
static void hops_before_delay(void **state)
{
	struct gn_topology *t = load_text("nodes: [{name: r, count: 3, kind: router}, {name: h, count: 2}]\n"
					  "links:\n"
					  "- {between: [r1, r2], delay: 100ms}\n"
					  "- {between: [r1, r3], delay: 1ms}\n"
					  "- {between: [r3, r2], delay: 1ms}\n"
					  "- {between: [h1, r1]}\n"
					  "- {between: [h2, r2]}\n");
	const struct gn_route *r = look_up(t, node(t, "r1"), node(t, "h2")->ip);

	(void)state;
	assert_true(r && r->via == gn_topology_find(t, "r2"));
	gn_topology_free(t);
}

/* The detour, if delay counts. */
static void delay_before_hops(void **state)
{
	struct gn_topology *t =
		load_text("routes: delay\n"
			  "nodes: [{name: r, count: 3, kind: router}, {name: h, count: 2}]\n"
			  "links:\n"
			  "- {between: [r1, r2], a_to_b: {delay: 3ms}, b_to_a: {delay: 2ms}}\n"
			  "- {between: [r1, r3], delay: 1ms}\n"
			  "- {between: [r3, r2], delay: 1ms}\n"
			  "- {between: [h1, r1]}\n"
			  "- {between: [h2, r2]}\n");

	(void)state;
	assert_true(look_up(t, node(t, "r1"), node(t, "h2")->ip)->via == gn_topology_find(t, "r3"));
	assert_true(look_up(t, node(t, "r2"), node(t, "h1")->ip)->via == gn_topology_find(t, "r1"));
	gn_topology_free(t);
}

/* Of two ways with as many hops the faster one, each direction by its own delays. */
static void delay_is_directed(void **state)
{
	struct gn_topology *t =
		load_text("nodes: [{name: r, count: 4, kind: router}, {name: h, count: 2}]\n"
			  "links:\n"
			  "- {between: [r1, r2], a_to_b: {delay: 9ms}, b_to_a: {delay: 1ms}}\n"
			  "- {between: [r2, r4]}\n"
			  "- {between: [r1, r3], a_to_b: {delay: 1ms}, b_to_a: {delay: 9ms}}\n"
			  "- {between: [r3, r4]}\n"
			  "- {between: [h1, r1]}\n"
			  "- {between: [h2, r4]}\n");

	(void)state;
	assert_true(look_up(t, node(t, "r1"), node(t, "h2")->ip)->via == gn_topology_find(t, "r3"));
	assert_true(look_up(t, node(t, "r4"), node(t, "h1")->ip)->via == gn_topology_find(t, "r2"));
	gn_topology_free(t);
}

/* A host in two LANs has its address in the first; in the second it is an exception to the prefix. */
static void two_lans(void **state)
{
	struct gn_topology *t =
		load_text("nodes: [{name: n, count: 3}, {name: m, count: 3}, {name: both},\n"
			  "  {name: s, count: 2, kind: switch}]\n"
			  "links: [{between: [n, s1]}, {between: [both, s1]}, {between: [m, s2]},\n"
			  "  {between: [both, s2]}]\n"
			  "gossip: {overlay: neighbours}\n");
	const struct gn_node *both = node(t, "both"), *m1 = node(t, "m1");
	const struct gn_route *r = look_up(t, m1, both->ip);

	(void)state;
	assert_int_equal(both->ip, ip4(10, 0, 0, 4));
	assert_int_equal(t->ports[both->first_port].prefix_bits, 29);
	assert_int_equal(t->ports[both->first_port + 1].prefix_bits, 32);
	assert_true(r->bits == 32 && r->via == GN_NONE && r->port == 0);
	assert_int_equal(m1->n_routes, 2);
	r = look_up(t, both, m1->ip);
	assert_true(r->port == 1 && r->via == GN_NONE && r->prefix == ip4(10, 0, 0, 8) && r->bits == 29);
	assert_null(look_up(t, node(t, "n1"), m1->ip)); /* hosts do not forward */
	gn_topology_free(t);
}

static void addresses_are_unique(const struct gn_topology *t)
{
	for (uint32_t a = 0; a < t->n_nodes; a++) {
		const struct gn_node *n = &t->nodes[a];

		assert_int_equal(n->ip == 0, n->kind == GN_SWITCH);
		assert_true(n->kind == GN_SWITCH || (n->ip >> 24 == 10 && n->ip != ip4(10, 0, 0, 0)));
		for (uint32_t b = 0; b < a; b++)
			assert_true(n->kind == GN_SWITCH || t->nodes[b].ip != n->ip);
	}
}

/* The links that are not blocked make one tree of each LAN, and uplinks lead to its root. */
static void lans_are_trees(const struct gn_topology *t)
{
	for (uint32_t lan = 0; lan < t->n_lans; lan++) {
		uint32_t switches = 0, links = 0, roots = 0;

		for (uint32_t v = 0; v < t->n_nodes; v++) {
			uint32_t up = v, steps = 0;

			if (t->nodes[v].lan != lan)
				continue;
			switches++;
			roots += t->nodes[v].uplink == GN_NONE;
			while (t->nodes[up].uplink != GN_NONE) {
				const struct gn_link *l = &t->links[t->nodes[up].uplink];

				assert_false(l->blocked);
				assert_true(l->node[0] == up || l->node[1] == up);
				up = l->node[0] == up ? l->node[1] : l->node[0];
				assert_true(steps++ < t->n_nodes);
			}
		}
		for (uint32_t l = 0; l < t->n_links; l++) {
			const struct gn_node *a = &t->nodes[t->links[l].node[0]],
					     *b = &t->nodes[t->links[l].node[1]];

			if (a->lan == lan && b->lan == lan)
				links += !t->links[l].blocked;
			/* A LAN is all that is connected, and only switches are in it. */
			if (a->kind == GN_SWITCH && b->kind == GN_SWITCH)
				assert_int_equal(a->lan, b->lan);
			else
				assert_false(t->links[l].blocked);
		}
		assert_int_equal(roots, 1);
		assert_int_equal(links, switches - 1);
	}
	for (uint32_t v = 0; v < t->n_nodes; v++)
		assert_int_equal(t->nodes[v].lan == GN_NONE, t->nodes[v].kind != GN_SWITCH);
}

static void ports_match_links(const struct gn_topology *t)
{
	for (uint32_t l = 0; l < t->n_links; l++) {
		for (int end = 0; end < 2; end++) {
			const struct gn_node *n = &t->nodes[t->links[l].node[end]];
			const struct gn_port *p = &t->ports[n->first_port + t->links[l].port[end]];

			assert_true(t->links[l].port[end] < n->n_ports);
			assert_true(p->link == l && p->end == end);
		}
	}
}

#define FAR UINT64_MAX

/* Hops and delay as one number: delays of the tests are far below a second, hops far fewer than a million. */
static uint64_t cost_of(bool by_delay, uint64_t delay)
{
	return by_delay ? delay * 1000000 + 1 : UINT64_C(1000000000000) + delay;
}

/*
 * The plain computation. step[a][b]: the cost from a to b without a host or router in between, over port
 * port[a][b] of a. Then all shortest paths by relaxing until nothing changes.
 */
struct oracle {
	const struct gn_topology *t;
	bool by_delay;
	uint32_t n;
	uint64_t *step, *cost;
	uint16_t *port;
};

static uint64_t *at(const struct oracle *o, uint64_t *matrix, uint32_t a, uint32_t b)
{
	return &matrix[(size_t)a * o->n + b];
}

/* Walk through the LAN from switch @v, having come over link @from. */
static void walk_lan(struct oracle *o, uint32_t source, uint16_t port, uint32_t v, uint32_t from,
		     uint64_t delay)
{
	const struct gn_topology *t = o->t;

	for (uint32_t k = 0; k < t->nodes[v].n_ports; k++) {
		const struct gn_port *p = &t->ports[t->nodes[v].first_port + k];
		uint32_t other = peer_of(t, p);
		uint64_t cost = delay + t->links[p->link].shape[p->end].delay;

		if (p->link == from || t->links[p->link].blocked || other == source)
			continue;
		if (t->nodes[other].kind == GN_SWITCH) {
			walk_lan(o, source, port, other, p->link, cost);
		} else if (cost_of(o->by_delay, cost) < *at(o, o->step, source, other)) {
			*at(o, o->step, source, other) = cost_of(o->by_delay, cost);
			o->port[(size_t)source * o->n + other] = port;
		}
	}
}

static void fill_steps(struct oracle *o)
{
	const struct gn_topology *t = o->t;

	for (uint32_t v = 0; v < o->n; v++) {
		for (uint32_t k = 0; t->nodes[v].kind != GN_SWITCH && k < t->nodes[v].n_ports; k++) {
			const struct gn_port *p = &t->ports[t->nodes[v].first_port + k];
			uint32_t other = peer_of(t, p);
			uint64_t cost = t->links[p->link].shape[p->end].delay;

			if (t->nodes[other].kind == GN_SWITCH) {
				walk_lan(o, v, (uint16_t)k, other, p->link, cost);
			} else if (cost_of(o->by_delay, cost) < *at(o, o->step, v, other)) {
				*at(o, o->step, v, other) = cost_of(o->by_delay, cost);
				o->port[(size_t)v * o->n + other] = (uint16_t)k;
			}
		}
	}
}

static void oracle_init(struct oracle *o, const struct gn_topology *t, bool by_delay)
{
	size_t n = t->n_nodes;
	bool changed = true;

	*o = (struct oracle){ .t = t, .by_delay = by_delay, .n = t->n_nodes };
	o->step = malloc(n * n * sizeof(*o->step));
	o->cost = malloc(n * n * sizeof(*o->cost));
	o->port = calloc(n * n, sizeof(*o->port));
	for (size_t i = 0; i < n * n; i++)
		o->step[i] = FAR;
	fill_steps(o);
	memcpy(o->cost, o->step, n * n * sizeof(*o->cost));
	while (changed) {
		changed = false;
		for (uint32_t a = 0; a < n; a++) {
			for (uint32_t r = 0; r < n; r++) {
				if (t->nodes[r].kind != GN_ROUTER || *at(o, o->cost, a, r) == FAR)
					continue;
				for (uint32_t b = 0; b < n; b++) {
					uint64_t rest = *at(o, o->cost, r, b);

					if (a == b || rest == FAR ||
					    *at(o, o->cost, a, r) + rest >= *at(o, o->cost, a, b))
						continue;
					*at(o, o->cost, a, b) = *at(o, o->cost, a, r) + rest;
					changed = true;
				}
			}
		}
	}
}

static void oracle_done(struct oracle *o)
{
	free(o->step);
	free(o->cost);
	free(o->port);
}

/* The first hop with the lowest id that lies on a shortest path. */
static uint32_t first_hop(const struct oracle *o, uint32_t a, uint32_t b)
{
	for (uint32_t hop = 0; hop < o->n; hop++) {
		uint64_t step = *at(o, o->step, a, hop), rest = hop == b ? 0 : *at(o, o->cost, hop, b);

		if (step == FAR || rest == FAR || (hop != b && o->t->nodes[hop].kind != GN_ROUTER))
			continue;
		if (step + rest == *at(o, o->cost, a, b))
			return hop;
	}
	return GN_NONE;
}

static bool is_direct(const struct gn_topology *t, uint32_t a, uint16_t port)
{
	return t->nodes[peer_of(t, &t->ports[t->nodes[a].first_port + port])].kind != GN_SWITCH;
}

static void check_pair(const struct oracle *o, uint32_t a, uint32_t b)
{
	const struct gn_topology *t = o->t;
	const struct gn_route *r = look_up(t, &t->nodes[a], t->nodes[b].ip);
	uint32_t hop = first_hop(o, a, b);

	if (hop == GN_NONE) { /* a host's default route may cover what nobody can reach */
		assert_true(!r || (t->nodes[a].kind == GN_HOST && r->bits == 0));
		return;
	}
	uint16_t port = o->port[(size_t)a * o->n + hop];
	bool on_lan = hop == b && !is_direct(t, a, port);

	if (!r || r->port != port || r->via != (on_lan ? GN_NONE : hop)) {
		GN_CLEANUP(gn_free_p) char *plan = plan_of(t);

		print_error("%s\n%s to %s: wanted port %u via %u\n", plan, t->nodes[a].name, t->nodes[b].name,
			    port, hop);
		fail();
	}
}

static void write_random_network(FILE *f, struct gn_rand *rand, bool by_delay)
{
	static const char *const kinds[] = { "h", "r", "s" };
	unsigned count[3] = { 2 + (unsigned)gn_rand_below(rand, 12), (unsigned)gn_rand_below(rand, 7),
			      (unsigned)gn_rand_below(rand, 6) };
	unsigned links = (unsigned)gn_rand_below(rand, 40);

	fprintf(f, "nodes:\n- {name: h, count: %u}\n", count[0]);
	if (count[1])
		fprintf(f, "- {name: r, count: %u, kind: router}\n", count[1]);
	if (count[2])
		fprintf(f, "- {name: s, count: %u, kind: switch}\n", count[2]);
	fprintf(f, "links:\n- {between: [h1, h2]}\n");
	for (unsigned i = 0; i < links; i++) {
		unsigned ka = (unsigned)gn_rand_below(rand, 3), kb = (unsigned)gn_rand_below(rand, 3);

		if (!count[ka] || !count[kb])
			continue;
		unsigned a = 1 + (unsigned)gn_rand_below(rand, count[ka]),
			 b = 1 + (unsigned)gn_rand_below(rand, count[kb]);

		/* Few different delays, so that ties are frequent. */
		if (ka != kb || a != b)
			fprintf(f, "- {between: [%s%u, %s%u], delay: %ums, b_to_a: {delay: %ums}}\n",
				kinds[ka], a, kinds[kb], b, (unsigned)gn_rand_below(rand, 3),
				(unsigned)gn_rand_below(rand, 3));
	}
	fprintf(f, "gossip: {on: [h1, h2], overlay: neighbours}\nroutes: %s\n", by_delay ? "delay" : "hops");
}

/* NULL if the network has two links into one LAN, which is refused. */
static struct gn_topology *random_network(uint64_t seed, bool by_delay)
{
	const struct gn_load_options o = { .file = "t.yaml", TOPO_PROTOCOLS };
	struct gn_topology *t = NULL;
	struct gn_faults faults = { 0 };
	struct gn_rand rand;
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	gn_rand_init(&rand, seed, GN_RAND_SCHEDULE, 0);
	write_random_network(f, &rand, by_delay);
	fclose(f);
	if (gn_topology_load_text(&o, text, size, gn_limits_default(), &t, &faults)) {
		for (size_t i = 0; i < faults.n; i++)
			assert_non_null(strstr(faults.lines[i], "a second would never carry anything"));
	}
	gn_faults_done(&faults);
	free(text);
	return t;
}

static void random_networks(void **state)
{
	unsigned networks = 0, pairs = 0;

	(void)state;
	for (uint64_t seed = 0; seed < 3000; seed++) {
		struct gn_topology *t = random_network(seed, seed % 2);
		struct oracle o;

		if (!t)
			continue;
		networks++;
		addresses_are_unique(t);
		lans_are_trees(t);
		ports_match_links(t);
		oracle_init(&o, t, seed % 2);
		for (uint32_t a = 0; a < t->n_nodes; a++) {
			for (uint32_t b = 0; b < t->n_nodes; b++) {
				if (a == b || t->nodes[a].kind == GN_SWITCH || t->nodes[b].kind == GN_SWITCH)
					continue;
				check_pair(&o, a, b);
				pairs++;
			}
		}
		oracle_done(&o);
		gn_topology_free(t);
	}
	print_message("# %u networks, %u pairs\n", networks, pairs);
	assert_true(networks > 1000);
}

/* Some prefixes are shared: far fewer routes than pairs, in networks that are large enough. */
static void routers_aggregate(void **state)
{
	struct gn_topology *t =
		load_text("generate: {graph: tree, branching: 3, depth: 3, name: r, kind: router}\n"
			  "nodes: [{name: h, count: 800}]\n"
			  "links: [{between: [h, r40]}]\n");

	(void)state;
	for (uint32_t v = 0; v < t->n_nodes; v++) {
		const struct gn_node *n = &t->nodes[v];

		if (n->kind == GN_HOST)
			assert_int_equal(n->n_routes, 1);
		else if (strcmp(n->name, "r40") != 0)
			assert_true(n->n_routes < 50);
	}
	gn_topology_free(t);
}

static void switch_graphs_are_spanned(void **state)
{
	static const char *const graphs[] = {
		"graph: ring, nodes: 12",
		"graph: grid, rows: 4, columns: 5",
		"graph: full, nodes: 9",
		"graph: line, nodes: 9",
		"graph: watts-strogatz, nodes: 20, degree: 4, rewire: 0.3",
	};

	(void)state;
	for (size_t i = 0; i < GN_ARRAY_LEN(graphs); i++) {
		GN_CLEANUP(gn_free_p)
		char *text = gn_format("generate: {%s, name: s, kind: switch}\n"
				       "nodes: [{name: h, count: 2}]\n"
				       "links: [{between: [h, s1]}, {between: [s1, s2]}]\n",
				       graphs[i]);
		struct gn_topology *t = load_text(text);

		lans_are_trees(t);
		assert_int_equal(t->n_lans, 1);
		if (i == 3) /* in the middle of a line: the tree is as low as it can be */
			assert_int_equal(node(t, "s5")->uplink, GN_NONE);
		gn_topology_free(t);
	}
}

static void limits_count_packets_in_flight(void **state)
{
	struct gn_topology *t =
		load_text("nodes: [{name: n, count: 2}]\n"
			  "links:\n"
			  "- {between: [n1, n2], delay: 10ms, jitter: 2ms}\n"
			  "- {between: [n1, n2], delay: 100ms, rate: 336mbit}\n"
			  "- {between: [n1, n2], a_to_b: {loss: 1%}}\n"
			  "- {between: [n1, n2], delay: 1ms, b_to_a: {delay: 3ms, rate: 8bit}}\n");
	const struct gn_link *l = t->links;

	(void)state;
	assert_int_equal(l[0].shape[0].limit, 13000); /* 12 ms at 1 million packets per second, and a queue */
	assert_int_equal(l[0].shape[1].jitter, 2 * GN_MSEC);
	assert_int_equal(l[1].shape[0].limit, 101000); /* packets of 336 bits, 1 million per second */
	assert_true(l[2].shape[0].loss_ppm == 10000 && l[2].shape[0].limit == 1000);
	assert_true(l[2].shape[1].loss_ppm == 0 && l[2].shape[1].limit == 0);
	assert_true(l[3].shape[0].delay == GN_MSEC && l[3].shape[0].rate_bps == 0);
	assert_true(l[3].shape[1].delay == 3 * GN_MSEC && l[3].shape[1].rate_bps == 8);
	gn_topology_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_lan),
		cmocka_unit_test(lan_blocks_have_room),
		cmocka_unit_test(regions_aggregate),
		cmocka_unit_test(hops_before_delay),
		cmocka_unit_test(delay_before_hops),
		cmocka_unit_test(delay_is_directed),
		cmocka_unit_test(two_lans),
		cmocka_unit_test(random_networks),
		cmocka_unit_test(routers_aggregate),
		cmocka_unit_test(switch_graphs_are_spanned),
		cmocka_unit_test(limits_count_packets_in_flight),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
