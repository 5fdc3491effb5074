/* SPDX-License-Identifier: MIT */
#include "scenario.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "proto/proto.h"
#include "topo/topology.h"
#include "util/rand.h"

enum network { IDEAL, LAN, SWITCHES, ROUTERS, ROUTED_GRAPH, HOST_GRAPH };

struct scenario {
	struct gn_rand rand;
	FILE *yaml, *pairs;
	const char *pairs_name;
	const struct gn_protocol *protocol;
	enum network network;
	uint64_t n;	 /* members, n1 .. */
	uint64_t period; /* ns */
	uint64_t hops;	 /* links on the longest way, about */
	const char *clock;
	bool takes_time; /* a way has delay, jitter, rate */
	bool loses, rated;
	bool scattered; /* the overlay may be in pieces */
};

static uint64_t below(struct scenario *s, uint64_t n)
{
	return gn_rand_below(&s->rand, n);
}

static uint64_t between(struct scenario *s, uint64_t low, uint64_t high)
{
	return low + below(s, high - low + 1);
}

static bool in_percent(struct scenario *s, uint64_t percent)
{
	return below(s, 100) < percent;
}

#define one_of(s, ...)       \
	((const uint64_t[]){ \
		__VA_ARGS__ }[below(s, sizeof((const uint64_t[]){ __VA_ARGS__ }) / sizeof(uint64_t))])

static GN_PRINTF(2, 3) void put(struct scenario *s, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vfprintf(s->yaml, format, ap);
	va_end(ap);
}

static void put_percent(struct scenario *s, const char *key, uint64_t ppm)
{
	put(s, ", %s: %" PRIu64 ".%04" PRIu64 "%%", key, ppm / 10000, ppm % 10000);
}

/* ---- networks ---- */

/* What is lost of a whole way is at most 60 %: each of h links may lose 1 - 0.4^(1/h), which is more than 0.6 / h. */
static uint64_t most_loss(const struct scenario *s)
{
	return 600000 / s->hops;
}

static void put_order(struct scenario *s)
{
	switch (below(s, 10)) {
	case 0:
		put(s, ", order: kept");
		break;
	case 1:
		put(s, ", reorder: {share: %" PRIu64 "%%, gap: %" PRIu64 "}", between(s, 1, 100),
		    between(s, 1, 5));
		break;
	default:
		break;
	}
}

/* Delays reach from nothing to twice the period, and jitter to all of the delay. */
static void put_time(struct scenario *s)
{
	static const uint64_t permille[] = { 0, 10, 100, 400, 2000 };
	static const char *const distributions[] = { "normal", "pareto", "paretonormal", "experimental" };
	const uint64_t most = s->period * permille[below(s, GN_ARRAY_LEN(permille))] / 1000 / s->hops;
	const uint64_t delay = below(s, most + 1), jitter = in_percent(s, 50) ? delay : below(s, delay + 1);

	if (delay)
		put(s, ", delay: %" PRIu64 "ns", delay);
	if (delay && in_percent(s, 50)) {
		put(s, ", jitter: %" PRIu64 "ns", GN_MIN(INT32_MAX, jitter));
		if (in_percent(s, 20))
			put(s, ", distribution: %s", distributions[below(s, GN_ARRAY_LEN(distributions))]);
		if (s->network != IDEAL && in_percent(s, 15))
			put_percent(s, "correlation", below(s, 1000001));
	}
	if (delay && s->network != IDEAL)
		put_order(s);
	/* About what a full datagram of each member in each period needs, or a third of it, or a lot more. */
	if (s->rated && in_percent(s, 50))
		put(s, ", rate: %" PRIu64 "kbit",
		    s->n * 12 * GN_SEC / s->period * one_of(s, 1, 3, 30, 1000) / 3);
}

/* Losses of their own, in bursts, or by corruption. */
static void put_loss(struct scenario *s)
{
	const uint64_t share = between(s, 1, most_loss(s)), r = between(s, 1, 10) * 50000;

	switch (s->network == IDEAL ? 9 : below(s, 10)) {
	case 0:
		put(s, ", loss: {gilbert-elliott: {loss_in_good: 0%%");
		put_percent(s, "p", share * r / 1000000);
		put_percent(s, "r", r);
		put(s, "}}");
		break;
	case 1:
		put(s, ", loss: {states: {p32: 20%%, p23: 30%%");
		put_percent(s, "p13", share * r / 2000000);
		put_percent(s, "p31", r);
		put(s, "}}");
		break;
	case 2:
		put(s, ", loss: {correlation: %" PRIu64 "%%", below(s, 60));
		put_percent(s, "random", share);
		put(s, "}");
		break;
	case 3:
		put_percent(s, "corrupt", share);
		break;
	default:
		put_percent(s, "loss", share);
	}
}

/* What a link or network does, each after a comma. */
static void put_shape(struct scenario *s)
{
	if (s->takes_time)
		put_time(s);
	if (s->loses && in_percent(s, 70))
		put_loss(s);
	if (s->network != IDEAL && in_percent(s, 10))
		put(s, ", limit: %" PRIu64, between(s, 64, 1000));
	if (in_percent(s, 30))
		put_percent(s, "duplicate", between(s, 1, 600000 / s->hops));
}

/* A number of 0 means a single node of that name. */
static void put_link(struct scenario *s, const char *a, uint64_t i, const char *b, uint64_t k)
{
	put(s, "  - {between: [%s%.0" PRIu64 ", %s%.0" PRIu64 "]", a, i, b, k);
	if (in_percent(s, 80))
		put_shape(s);
	if (in_percent(s, 20)) {
		put(s, ", a_to_b: {jitter: 0ns, delay: %" PRIu64 "ns",
		    s->takes_time ? below(s, s->period / s->hops) : 0);
		if (s->loses)
			put_percent(s, "loss", below(s, most_loss(s)));
		put(s, "}");
	}
	put(s, "}\n");
}

static void put_ideal(struct scenario *s)
{
	s->hops = 1;
	s->rated = false;
	put(s, "nodes: [{name: n, count: %" PRIu64 "}]\n", s->n);
	put(s, "network: {call_loss: %" PRIu64 "%%", s->loses && in_percent(s, 30) ? between(s, 1, 30) : 0);
	put_shape(s);
	put(s, "}\n");
}

static void put_lan(struct scenario *s)
{
	const bool shared = s->takes_time && s->rated && in_percent(s, 50);

	s->hops = 2;
	s->rated &= !shared;
	put(s, "nodes: [{name: n, count: %" PRIu64 "}, {name: lan, kind: switch%s}]\nlinks:\n", s->n,
	    shared ? ", shared: true" : "");
	if (!shared) {
		put_link(s, "n", 0, "lan", 0);
		return;
	}
	put(s, "  - {between: [n, lan], rate: %" PRIu64 "kbit",
	    s->n * s->n * 12 * GN_SEC / s->period * one_of(s, 1, 3, 30));
	put_shape(s);
	put(s, "}\n");
}

/* A tree of switches, with links that the spanning tree will not take. */
static void put_switches(struct scenario *s)
{
	const uint64_t k = between(s, 2, 6);

	s->hops = 2 + (k + 1) / 2;
	put(s,
	    "nodes: [{name: n, count: %" PRIu64 "}, {name: s, kind: switch, count: %" PRIu64 "}]\nlinks:\n",
	    s->n, k);
	for (uint64_t i = 2; i <= k; i++)
		put_link(s, "s", i, "s", between(s, 1, i - 1));
	for (uint64_t i = 3; i <= k; i++) {
		if (in_percent(s, 40))
			put_link(s, "s", i, "s", between(s, 1, i - 1));
	}
	for (uint64_t i = 1; i <= s->n; i++)
		put_link(s, "n", i, "s", between(s, 1, k));
}

/* Routers in a ring or a line, each with a LAN of its own, and hosts on the LANs or directly at routers. */
static void put_routers(struct scenario *s)
{
	const uint64_t k = between(s, 1, 5);

	s->hops = 4 + k / 2;
	put(s,
	    "nodes: [{name: n, count: %" PRIu64 "}, {name: r, kind: router, count: %" PRIu64
	    "}, {name: s, kind: switch, count: %" PRIu64 "}]\nlinks:\n",
	    s->n, k, k);
	for (uint64_t i = 2; i <= k; i++)
		put_link(s, "r", i - 1, "r", i);
	if (k > 2 && in_percent(s, 60))
		put_link(s, "r", k, "r", 1);
	for (uint64_t i = 1; i <= k; i++)
		put_link(s, "r", i, "s", i);
	for (uint64_t i = 1; i <= s->n; i++)
		put_link(s, "n", i, in_percent(s, 80) ? "s" : "r", between(s, 1, k));
}

/* A generated graph, of routers that gossip or of hosts, which only reach their neighbours. */
static void put_graph(struct scenario *s)
{
	put(s, "generate: {name: n, kind: %s", s->network == HOST_GRAPH ? "host" : "router");
	switch (below(s, 7)) {
	case 0:
		put(s, ", graph: grid, rows: 2, columns: %" PRIu64, s->n / 2);
		s->n = s->n / 2 * 2;
		s->hops = s->n / 2;
		break;
	case 1:
		put(s, ", graph: tree, nodes: %" PRIu64 ", branching: %" PRIu64, s->n, between(s, 1, 3));
		s->hops = s->n - 1;
		break;
	case 2:
		put(s, ", graph: barabasi-albert, nodes: %" PRIu64 ", edges: 1", s->n);
		s->hops = GN_MIN(s->n - 1, 10);
		break;
	case 3:
		put(s, ", graph: line, nodes: %" PRIu64, s->n);
		s->hops = s->n - 1;
		break;
	case 4:
		put(s, ", graph: ring, nodes: %" PRIu64, s->n);
		s->hops = s->n / 2;
		break;
	case 5:
		put(s, ", graph: star, nodes: %" PRIu64, s->n);
		s->hops = 2;
		break;
	default:
		put(s, ", graph: full, nodes: %" PRIu64, s->n);
		s->hops = 1;
	}
	if (s->network == HOST_GRAPH)
		s->hops = 1;
	put_shape(s);
	put(s, "}\n");
}

static void put_network(struct scenario *s)
{
	switch (s->network) {
	case IDEAL:
		return put_ideal(s);
	case LAN:
		return put_lan(s);
	case SWITCHES:
		return put_switches(s);
	case ROUTERS:
		return put_routers(s);
	case ROUTED_GRAPH:
	case HOST_GRAPH:
		return put_graph(s);
	}
}

/* ---- gossip ---- */

/* A random tree and some more pairs. */
static void put_pairs(struct scenario *s)
{
	put(s, ", overlay: file, file: %s", s->pairs_name);
	for (uint64_t i = 2; i <= s->n; i++) {
		fprintf(s->pairs, "n%" PRIu64 " n%" PRIu64 "\n", i, between(s, 1, i - 1));
		if (i > 2 && in_percent(s, 20))
			fprintf(s->pairs, "n%" PRIu64 " n%" PRIu64 "\n", between(s, 1, i - 2), i);
	}
}

static void put_overlay(struct scenario *s)
{
	const uint64_t n = s->n;

	if (s->network == HOST_GRAPH || (s->network != IDEAL && s->network != ROUTERS && in_percent(s, 20))) {
		put(s, ", overlay: neighbours");
		return;
	}
	switch ((enum gn_overlay)below(s, GN_OVERLAY_FILE + 3)) {
	case GN_OVERLAY_RING:
		put(s, ", overlay: ring");
		break;
	case GN_OVERLAY_GRID:
		put(s, ", overlay: grid");
		break;
	case GN_OVERLAY_K_REGULAR:
		s->scattered = true;
		if (n > 3)
			put(s, ", overlay: k-regular, degree: %" PRIu64,
			    n % 2 ? 2 : between(s, 2, GN_MIN(n - 1, 6)));
		break;
	case GN_OVERLAY_ERDOS_RENYI:
		s->scattered = true;
		if (in_percent(s, 50))
			put(s, ", overlay: erdos-renyi, probability: 0.%" PRIu64, between(s, 2, 9));
		else
			put(s, ", overlay: erdos-renyi, edges: %" PRIu64,
			    between(s, (n + 1) / 2, n * (n - 1) / 2));
		break;
	case GN_OVERLAY_BARABASI_ALBERT:
		put(s, ", overlay: barabasi-albert, edges: %" PRIu64, between(s, 1, 3));
		break;
	case GN_OVERLAY_WATTS_STROGATZ:
		s->scattered = true;
		if (n > 4)
			put(s, ", overlay: watts-strogatz, degree: %" PRIu64 ", rewire: 0.%" PRIu64,
			    one_of(s, 2, 4), below(s, 10));
		break;
	case GN_OVERLAY_CHUNG_LU:
		s->scattered = true;
		put(s, ", overlay: chung-lu, exponent: 2.%" PRIu64, between(s, 1, 9));
		break;
	case GN_OVERLAY_FILE:
		put_pairs(s);
		break;
	default: /* everybody: no key */
		break;
	}
}

static void put_parameter(struct scenario *s, const struct gn_parameter *p)
{
	const uint64_t low = (uint64_t)p->min, high = (uint64_t)p->max;
	uint64_t value;

	switch (p->type) {
	case GN_PARAMETER_WHOLE:
		value = low + below(s, one_of(s, 1, 3, 10, 100));
		put(s, ", %s: %" PRIu64, p->name, GN_MIN(value, high));
		break;
	case GN_PARAMETER_DECIMAL:
		value = between(s, low, GN_MIN(high, 2 * (uint64_t)p->value + 1000000));
		put(s, ", %s: %" PRIu64 ".%06" PRIu64, p->name, value / 1000000, value % 1000000);
		break;
	case GN_PARAMETER_DURATION:
		value = between(s, s->period / 10, 20 * s->period);
		put(s, ", %s: %" PRIu64 "ns", p->name, GN_MIN(GN_MAX(value, low), high));
		break;
	case GN_PARAMETER_CHOICE:
		put(s, ", %s: %s", p->name, p->choices[between(s, low, high)]);
		break;
	case GN_PARAMETER_SWITCH:
		put(s, ", %s: %s", p->name, below(s, 2) ? "true" : "false");
		break;
	}
}

/* Such a protocol refuses every overlay but the full one. */
static bool addresses_everybody(const struct gn_protocol *p)
{
	return !strcmp(p->name, "tree");
}

/* What calls no single partner refuses to remember it. */
static bool draws_partners(const struct gn_protocol *p)
{
	return strcmp(p->name, "flood") != 0 && strcmp(p->name, "plumtree") != 0;
}

static const struct gn_protocol *draw_protocol(struct scenario *s)
{
	size_t n = 0;

	const struct gn_protocol *p;

	while (gn_protocol_at(n))
		n++;
	do
		p = gn_protocol_at(below(s, n));
	while (s->network == HOST_GRAPH && addresses_everybody(p)); /* there, one reaches neighbours only */
	return p;
}

static void put_gossip(struct scenario *s, bool forgets)
{
	put(s, "gossip: {protocol: %s, period: %" PRIu64 "ns, clock: %s", s->protocol->name, s->period,
	    s->clock);
	if (s->network == ROUTED_GRAPH)
		put(s, ", on: n");
	if (s->protocol->fans_out && in_percent(s, 40))
		put(s, ", fanout: %" PRIu64, between(s, 1, GN_MIN(s->n - 1, 4)));
	if (in_percent(s, 20) && draws_partners(s->protocol))
		put(s, ", memory: true");
	if (forgets && in_percent(s, 50))
		put(s, ", forget: after %" PRIu64 " rounds", between(s, 1, 10));
	else if (forgets)
		put(s, ", forget: lost interest with probability 0.%" PRIu64, between(s, 1, 9));
	for (uint32_t i = 0; i < s->protocol->n_parameters; i++) {
		/* Durations always: their defaults are for larger periods. */
		if (s->protocol->parameters[i].type == GN_PARAMETER_DURATION || in_percent(s, 50))
			put_parameter(s, &s->protocol->parameters[i]);
	}
	if (!addresses_everybody(s->protocol))
		put_overlay(s);
	put(s, "}\n");
}

static void put_events(struct scenario *s)
{
	const uint64_t n = one_of(s, 1, 1, 2, 3, 6);

	put(s, "events:\n");
	for (uint64_t i = 0; i < n; i++) {
		put(s, "  - {at: %" PRIu64 "ns", below(s, 5 * s->period));
		if (!s->scattered) /* only the largest piece may publish, and by default does */
			put(s, ", from: n%" PRIu64, between(s, 1, s->n));
		if (in_percent(s, 50))
			put(s, ", size: %" PRIu64, one_of(s, 1, 40, 200, GN_PAYLOAD_MAX));
		if (in_percent(s, 10))
			put(s, ", repeat: 3, every: %" PRIu64 "ns", between(s, 1, 2 * s->period));
		put(s, "}\n");
	}
}

/* ---- what is done meanwhile ---- */

static void put_lasting(struct scenario *s)
{
	if (in_percent(s, 70))
		put(s, ", for: %" PRIu64 "ns", between(s, 1, 6 * s->period));
	put(s, "}\n");
}

static void put_parts(struct scenario *s)
{
	const uint64_t first = between(s, 1, s->n - 1);

	put(s, "partition: [[");
	for (uint64_t i = 1; i <= first; i++)
		put(s, "%sn%" PRIu64, i > 1 ? ", " : "", i);
	put(s, "]]");
}

/* On the link of a node of the LAN, or on the ideal network. */
static void put_change(struct scenario *s)
{
	if (s->network == IDEAL)
		put(s, "set: network");
	else if (s->network == LAN && in_percent(s, 50))
		put(s, "set: [n%" PRIu64 ", lan]", between(s, 1, s->n));
	else if (s->network == LAN)
		return put(s, "down: [n%" PRIu64 ", lan]", between(s, 1, s->n));
	else
		return put_parts(s);
	put_percent(s, "loss", below(s, 1000001));
	if (s->takes_time && in_percent(s, 50))
		put(s, ", jitter: 0ns, delay: %" PRIu64 "ns", below(s, s->period));
	put_percent(s, "duplicate", below(s, 300000));
}

static void put_action(struct scenario *s)
{
	static const char *const verbs[] = { "kill", "pause", "leave" };

	put(s, "  - {at: %" PRIu64 "ns, ", below(s, 12 * s->period));
	switch (below(s, 10)) {
	case 0:
	case 1:
		put_parts(s);
		return put_lasting(s);
	case 2:
	case 3:
		put_change(s);
		return put_lasting(s);
	case 4:
		return put(s, "drop-next: %" PRIu64 ", node: n%" PRIu64 "}\n", between(s, 1, 20),
			   between(s, 1, s->n));
	case 5:
		return put(s, "%s: n%" PRIu64 "}\n", in_percent(s, 50) ? "restart" : "resume",
			   between(s, 1, s->n));
	case 6:
		return put(s,
			   "churn: n, every: %" PRIu64 "ns, down_for: %" PRIu64 "ns, until: %" PRIu64 "ns}\n",
			   s->period, between(s, 1, 3 * s->period), 20 * s->period);
	default:
		put(s, "%s: [n%" PRIu64 ", n%" PRIu64 "]", verbs[below(s, GN_ARRAY_LEN(verbs))],
		    between(s, 1, s->n / 2), between(s, s->n / 2 + 1, s->n));
		return put_lasting(s);
	}
}

static void put_schedule(struct scenario *s)
{
	put(s, "schedule:\n");
	for (uint64_t n = between(s, 1, 6); n; n--)
		put_action(s);
}

void scenario_write(uint64_t number, FILE *yaml, FILE *pairs, const char *pairs_name)
{
	static const char *const clocks[] = { "periodic", "periodic", "poisson", "rounds" };
	struct scenario s = { .yaml = yaml, .pairs = pairs, .pairs_name = pairs_name };

	gn_rand_init(&s.rand, number, GN_RAND_TOPOLOGY, 0);
	s.network = (enum network)one_of(&s, IDEAL, IDEAL, IDEAL, LAN, LAN, SWITCHES, ROUTERS, ROUTED_GRAPH,
					 HOST_GRAPH);
	s.protocol = draw_protocol(&s);
	s.n = one_of(&s, between(&s, 3, 6), between(&s, 3, 20), between(&s, 3, 20), between(&s, 10, 60));
	s.period = one_of(&s, 1, 10, 200, 1000) * GN_MSEC;
	s.clock = clocks[below(&s, GN_ARRAY_LEN(clocks))];
	s.takes_time = strcmp(s.clock, "rounds") != 0;
	s.loses = in_percent(&s, 50);
	s.rated = in_percent(&s, 25);
	const bool forgets = s.protocol->forgets && in_percent(&s, 30);
	const bool scheduled = in_percent(&s, 30);
	/* What goes on until everybody knows gets the time for it. */
	const uint64_t periods = s.protocol->endless && !forgets && !scheduled ? 300000 : 100;

	put(&s, "# scenario %" PRIu64 " of tests/sim/properties.c\n", number);
	put(&s, "name: scenario\nseed: %" PRIu64 "\nduration: %" PRIu64 "ms\nuntil: informed\n",
	    below(&s, 1000000), periods * s.period / GN_MSEC);
	if (in_percent(&s, 20))
		put(&s, "log: calls\n");
	put_network(&s);
	put_gossip(&s, forgets);
	put_events(&s);
	if (scheduled)
		put_schedule(&s);
}
