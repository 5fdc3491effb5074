/* SPDX-License-Identifier: MIT */
#include <glob.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "../../tools/made_topology.h"
#include "plugin/plugin.h"
#include "proto/proto.h"
#include "sim/network.h"
#include "topo/load.h"

#define US GN_USEC
#define MS GN_MSEC

/* What an engine does: flights in the order of (time, sequence). */
struct engine {
	struct gn_sim_network *network;
	struct pending {
		struct gn_sim_flight f;
		gn_time when;
		bool started;
	} * pending; /* a list; what has arrived stays where it was */
	size_t n, cap;
};

static void on_land(void *host, const struct gn_sim_flight *f, gn_time when)
{
	struct engine *e = host;

	assert_int_equal(gn_grow(&e->pending, e->n, &e->cap, sizeof(*e->pending)), 0);
	e->pending[e->n++] = (struct pending){ .f = *f, .when = when };
}

static void start(struct engine *e, const struct gn_topology *t)
{
	memset(e, 0, sizeof(*e));
	assert_int_equal(gn_sim_network_new(t, &e->network, NULL), 0);
}

static void stop(struct engine *e)
{
	gn_sim_network_free(e->network);
	free(e->pending);
}

static void send_at(struct engine *e, gn_time t, uint32_t from, uint32_t to, size_t size)
{
	const struct gn_sim_flight f = gn_sim_flight(from, to, size);

	on_land(e, &f, t);
}

/* Until everything has arrived or is lost. */
static void run(struct engine *e)
{
	for (;;) {
		size_t first = e->n;

		for (size_t i = 0; i < e->n; i++) {
			const struct pending *p = &e->pending[i];

			if (!p->started && p->f.at != p->f.to &&
			    (first == e->n || p->when < e->pending[first].when))
				first = i;
		}
		if (first == e->n)
			return;
		const struct pending p = e->pending[first];

		e->pending[first].started = true;
		assert_int_equal(gn_sim_network_move(e->network, &p.f, p.when, on_land, e, NULL), 0);
	}
}

static size_t n_arrived(const struct engine *e)
{
	size_t n = 0;

	for (size_t i = 0; i < e->n; i++)
		n += e->pending[i].f.at == e->pending[i].f.to;
	return n;
}

/* When the k-th of those that arrived did, in the order in which the network said so. */
static gn_time arrival(const struct engine *e, size_t k)
{
	for (size_t i = 0; i < e->n; i++) {
		if (e->pending[i].f.at == e->pending[i].f.to && !k--)
			return e->pending[i].when;
	}
	return GN_NEVER;
}

/* How long a single datagram takes, or GN_NEVER. */
static gn_dur time_of(const struct gn_topology *t, uint32_t from, uint32_t to)
{
	struct engine e;
	gn_dur d;

	start(&e, t);
	send_at(&e, 0, from, to, 100);
	run(&e);
	d = arrival(&e, 0);
	stop(&e);
	return d;
}

/* ---- the way ---- */

/* Each link direction has a delay of its own, a power of two: the sum tells which ones were crossed. */
static const struct gn_topology *finish_with_delays(struct made *m)
{
	assert_true(2 * m->t.n_links <= 64);
	m->t.n_lans = 1;
	for (uint32_t i = 0; i < 2 * m->t.n_links; i++)
		m->links[i / 2].shape[i % 2].delay = UINT64_C(1) << i;
	return made_finish(m);
}

/* The delay along these nodes. */
static gn_dur delay_along(const struct gn_topology *t, const uint32_t *node, size_t n)
{
	gn_dur sum = 0;

	for (size_t k = 0; k + 1 < n; k++) {
		for (uint32_t i = 0; i < t->n_links; i++) {
			for (int d = 0; d < 2; d++)
				if (t->links[i].node[d] == node[k] && t->links[i].node[!d] == node[k + 1])
					sum += t->links[i].shape[d].delay;
		}
	}
	return sum;
}

#define assert_way(t, ...)                                                                     \
	do {                                                                                   \
		const uint32_t way_[] = { __VA_ARGS__ };                                       \
		const size_t n_ = GN_ARRAY_LEN(way_);                                          \
		assert_int_equal(time_of(t, way_[0], way_[n_ - 1]), delay_along(t, way_, n_)); \
	} while (0)

/* sw0 is the root, sw1 and sw2 below it, sw3 below sw2, and sw1 - sw2 is blocked; a host at each: 4 .. 7. */
static void frames_follow_the_spanning_tree(void **state)
{
	struct made m = { 0 };

	(void)state;
	for (int i = 0; i < 4; i++)
		made_switch(&m, 0);
	const uint32_t up1 = made_link(&m, 0, 1), up2 = made_link(&m, 2, 0), up3 = made_link(&m, 2, 3);
	const uint32_t ring = made_link(&m, 1, 2);

	for (uint32_t i = 0; i < 4; i++) {
		const uint32_t host = made_host(&m, made_ip(0, i));

		made_link(&m, i, host);
		made_route(&m, host, GN_ADDRESS_POOL, LAN_BITS, 0, GN_NONE);
	}
	m.links[ring].blocked = true;
	m.nodes[1].uplink = up1;
	m.nodes[2].uplink = up2;
	m.nodes[3].uplink = up3;
	const struct gn_topology *t = finish_with_delays(&m);

	assert_way(t, 4, 0, 1, 5); /* down */
	assert_way(t, 5, 1, 0, 4); /* up */
	assert_way(t, 5, 1, 0, 2, 6);
	assert_way(t, 7, 3, 2, 0, 1, 5);
	assert_way(t, 6, 2, 3, 7);
	made_done(&m);
}

/*
 * Two LANs with a router each, and a line r - s between them; r also has a host of its own: the default
 * route, a prefix and a single address within it lead to three different places.
 */
static void routers_take_the_longest_prefix(void **state)
{
	struct made m = { 0 };

	(void)state;
	const uint32_t sw = made_switch(&m, 0), a = made_host(&m, made_ip(0, 0)),
		       r = made_router(&m, made_ip(0, 1));
	const uint32_t s = made_router(&m, made_ip(1, 0)), q = made_router(&m, made_ip(3, 0));
	const uint32_t b = made_host(&m, made_ip(1, 1)), c = made_host(&m, made_ip(1, 2)),
		       d = made_host(&m, made_ip(2, 0));

	made_link(&m, a, sw);
	made_link(&m, r, sw); /* r's eth0 */
	made_link(&m, r, s);  /* eth1 */
	made_link(&m, r, c);  /* eth2 */
	made_link(&m, r, q);  /* eth3 */
	made_link(&m, b, s);  /* s's eth1 */
	made_link(&m, q, d);  /* q's eth1 */
	made_link(&m, q, b);  /* never used: hosts do not forward, and b is behind s */
	made_route(&m, a, GN_ADDRESS_POOL, LAN_BITS, 0, GN_NONE);
	made_route(&m, a, 0, 0, 0, r);
	made_route(&m, b, 0, 0, 0, s);
	made_route(&m, c, 0, 0, 0, r);
	made_route(&m, d, 0, 0, 0, q);
	made_route(&m, q, 0, 0, 0, r);
	made_route(&m, q, made_ip(2, 0), 32, 1, d);
	made_route(&m, s, made_ip(1, 1), 32, 1, b);
	made_route(&m, s, 0, 0, 0, r);
	made_route(&m, r, 0, 0, 3, q);
	made_route(&m, r, GN_ADDRESS_POOL, LAN_BITS, 0, GN_NONE);
	made_route(&m, r, made_ip(1, 2), 32, 2, c);
	made_route(&m, r, made_ip(1, 0), 16, 1, s);
	const struct gn_topology *t = finish_with_delays(&m);

	assert_way(t, a, sw, r);
	assert_way(t, r, sw, a);
	assert_way(t, a, sw, r, s, b);
	assert_way(t, a, sw, r, c);
	assert_way(t, a, sw, r, q, d);
	assert_way(t, b, s, r, c);
	assert_way(t, d, q, r, sw, a);
	made_done(&m);
}

/* A router with routes to 10.0.0.0/8 (eth0), 10.0.0.0/24 (eth1), 10.0.0.128/25 (eth2), and every third address of
 * it alone (eth3); behind them is each address on its own host, so each of the 256 has one right port. */
static void many_routes_are_searched_alike(void **state)
{
	struct made m = { 0 };

	(void)state;
	const uint32_t r = made_router(&m, UINT32_C(0x0a010000));
	uint32_t hub[4];
	uint16_t ports[4] = { 1, 1, 1, 1 };

	for (uint32_t i = 0; i < 4; i++) {
		hub[i] = made_router(&m, UINT32_C(0x0a020000) + i);
		made_link(&m, r, hub[i]);
		m.links[i].shape[0].delay = 1 + i;
	}
	made_route(&m, r, UINT32_C(0x0a000080), 25, 2, hub[2]);
	for (uint32_t k = 0; k < 256; k++) {
		const uint32_t host = made_host(&m, GN_ADDRESS_POOL + k);
		const uint32_t behind = k % 3 == 0 ? 3 : k >= 128 ? 2 : 1;
		const uint32_t link = made_link(&m, hub[behind], host);

		m.links[link].shape[0].delay = 10;
		made_route(&m, hub[behind], GN_ADDRESS_POOL + k, 32, ports[behind]++, host);
		if (k % 3 == 0)
			made_route(&m, r, GN_ADDRESS_POOL + k, 32, 3, hub[3]);
	}
	made_route(&m, r, GN_ADDRESS_POOL, 24, 1, hub[1]);
	made_route(&m, r, GN_ADDRESS_POOL, 8, 0, hub[0]);
	const uint32_t far = made_host(&m, UINT32_C(0x0a000100)),
		       nowhere = made_host(&m, UINT32_C(0x0b000000));

	made_link(&m, hub[0], far);
	made_route(&m, hub[0], UINT32_C(0x0a000100), 32, 1, far);
	const struct gn_topology *t = made_finish(&m);

	for (uint32_t k = 0; k < 256; k++)
		assert_int_equal(time_of(t, r, hub[3] + 1 + k), 11 + (k % 3 == 0 ? 3 : k >= 128 ? 2 : 1));
	assert_int_equal(time_of(t, r, far), 1);
	assert_int_equal(time_of(t, r, nowhere), GN_NEVER);
	made_done(&m);
}

/* Linux: a packet leaves with a TTL of 64, and the 64th router would have to send it on with 0. */
static void the_64th_router_drops(void **state)
{
	(void)state;
	for (uint32_t routers = 63; routers <= 64; routers++) {
		struct made m = { 0 };
		const uint32_t to = made_ip(0, routers + 1);

		for (uint32_t i = 0; i <= routers + 1; i++) {
			made_node(&m, i && i <= routers ? GN_ROUTER : GN_HOST, made_ip(0, i), GN_NONE);
			if (i)
				made_link(&m, i - 1, i);
		}
		for (uint32_t i = 0; i <= routers; i++)
			made_route(&m, i, to, 32, i ? 1 : 0, i + 1);
		const struct gn_topology *t = made_finish(&m);
		struct engine e;

		start(&e, t);
		send_at(&e, 0, 0, routers + 1, 100);
		run(&e);
		assert_int_equal(n_arrived(&e), routers == 63);
		assert_int_equal(gn_sim_network_counts(e.network)->unreachable, routers == 64);
		stop(&e);
		made_done(&m);
	}
}

/* Of ways with as few hosts and routers as can be, the least delay, or (`routes: delay`) the other way round: what routes are
 * made for. Hosts do not forward. */
struct way {
	uint32_t hops;
	gn_dur delay;
};

static bool is_better(struct way a, struct way b, bool by_delay)
{
	if (by_delay && a.delay != b.delay)
		return a.delay < b.delay;
	return a.hops != b.hops ? a.hops < b.hops : a.delay < b.delay;
}

static void ways_from(const struct gn_topology *t, uint32_t from, bool by_delay, struct way *ways)
{
	bool better = true;

	for (uint32_t i = 0; i < t->n_nodes; i++)
		ways[i] = i == from ? (struct way){ 0 } : (struct way){ UINT32_MAX, GN_NEVER };
	while (better) {
		better = false;
		for (uint32_t i = 0; i < 2 * t->n_links; i++) {
			const struct gn_link *l = &t->links[i / 2];
			const uint32_t a = l->node[i % 2], b = l->node[1 - i % 2];
			const struct way w = { ways[a].hops + (t->nodes[b].kind != GN_SWITCH),
					       ways[a].delay + l->shape[i % 2].delay };

			if (l->blocked || ways[a].hops == UINT32_MAX ||
			    (a != from && t->nodes[a].kind == GN_HOST) || !is_better(w, ways[b], by_delay))
				continue;
			ways[b] = w;
			better = true;
		}
	}
}

/* The topology without all that is left to chance. */
static struct gn_link *calm_links(const struct gn_topology *t)
{
	struct gn_link *links = calloc(t->n_links, sizeof(*links));

	for (uint32_t i = 0; i < t->n_links; i++) {
		links[i] = t->links[i];
		for (int d = 0; d < 2; d++)
			links[i].shape[d] = (struct gn_shape){ .delay = t->links[i].shape[d].delay };
	}
	return links;
}

static void assert_ways_of(const struct gn_topology *t, bool by_delay)
{
	const uint32_t n = t->gossip.n_members, step = 1 + n / 20;
	struct gn_link *links = calm_links(t);
	struct way *ways = calloc(t->n_nodes, sizeof(*ways));
	struct gn_topology calm = *t;
	struct engine e;

	calm.links = links;
	start(&e, &calm);
	for (uint32_t m = 0; m < n; m += step) {
		const uint32_t from = gn_node_of(t, m);

		ways_from(&calm, from, by_delay, ways);
		for (uint32_t k = 0; k < n; k++) {
			const uint32_t to = gn_node_of(t, k);

			if (k == m)
				continue;
			e.n = 0;
			send_at(&e, 0, from, to, 100);
			run(&e);
			assert_int_equal(n_arrived(&e), ways[to].hops != UINT32_MAX);
			if (n_arrived(&e))
				assert_int_equal(arrival(&e, 0), ways[to].delay);
		}
	}
	stop(&e);
	free(ways);
	free(links);
}

static const char *profile_folder(size_t i, char *buf, size_t size)
{
	snprintf(buf, size, "netem");
	return i ? NULL : buf;
}

static void the_examples_have_their_delays(void **state)
{
	glob_t files;

	(void)state;
	assert_int_equal(glob("topo/*.yaml", 0, NULL, &files), 0);
	for (size_t i = 0; i < files.gl_pathc; i++) {
		const struct gn_load_options o = { .file = files.gl_pathv[i],
						   .find_protocol = gn_plugin_find,
						   .protocol_at = gn_protocol_at,
						   .profile_folder = profile_folder };
		struct gn_topology *t = NULL;
		struct gn_faults f = { 0 };

		if (strstr(files.gl_pathv[i], ".study."))
			continue;
		assert_int_equal(gn_topology_load(&o, &t, &f), 0);
		if (!t->ideal)
			assert_ways_of(t, strstr(gn_topology_resolved(t), "routes: delay"));
		gn_topology_free(t);
		gn_faults_done(&f);
	}
	globfree(&files);
}

/* ---- chance ---- */

/* Two hosts with a link; 0 sends to 1 by @shape. */
static const struct gn_topology *made_pair(struct made *m, const struct gn_shape *shape)
{
	made_host(m, made_ip(0, 0));
	made_host(m, made_ip(0, 1));
	made_link(m, 0, 1);
	m->links[0].shape[0] = *shape;
	made_route(m, 0, made_ip(0, 1), 32, 0, 1);
	made_route(m, 1, made_ip(0, 0), 32, 0, 0);
	return made_finish(m);
}

static void assert_share(const char *what, uint64_t got, uint64_t of, double p)
{
	const double error = sqrt(p * (1 - p) * (double)of);

	if (fabs((double)got - p * (double)of) > 4 * error)
		fail_msg("%s: %llu of %llu, wanted a share of %g", what, (unsigned long long)got,
			 (unsigned long long)of, p);
}

/* One datagram after the other from 0 to 1, at once; what lands is in e->pending. */
static void send_one(struct engine *e, gn_time now, size_t size)
{
	const struct gn_sim_flight f = gn_sim_flight(0, 1, size);

	e->n = 0;
	assert_int_equal(gn_sim_network_move(e->network, &f, now, on_land, e, NULL), 0);
}

static void loss_and_duplicates_are_netems(void **state)
{
	static const struct {
		double loss, duplicate;
	} cases[] = { { 0, 0 },	    { 0.3, 0 },	  { 1, 0 }, { 0, 0.2 },
		      { 0.3, 0.2 }, { 0.001, 0 }, { 0, 1 }, { 0.5, 1 } };
	const uint64_t n = 200000;

	(void)state;
	for (size_t i = 0; i < 2 * GN_ARRAY_LEN(cases); i++) {
		const double l = cases[i / 2].loss, d = cases[i / 2].duplicate;
		/* With a limit there is a queue, whatever is in it. */
		const struct gn_shape shape = { .loss_ppm = (uint32_t)lround(l * 1e6),
						.duplicate_ppm = (uint32_t)lround(d * 1e6),
						.limit_given = i % 2,
						.limit = 1000 };
		uint64_t copies[3] = { 0 };
		struct made m = { 0 };
		struct engine e;

		start(&e, made_pair(&m, &shape));
		for (uint64_t k = 0; k < n; k++) {
			send_one(&e, k, 100);
			assert_in_range(e.n, 0, 2);
			copies[e.n]++;
		}
		/* Once: chosen for neither, or for both, or doubled with the second copy lost. */
		assert_share("none", copies[0], n, l * (1 - d));
		assert_share("once", copies[1], n, (1 - l) * (1 - d) + l * d + (1 - l) * d * l);
		assert_share("twice", copies[2], n, (1 - l) * d * (1 - l));
		stop(&e);
		made_done(&m);
	}
}

static int compare_times(const void *a, const void *b)
{
	const gn_time x = *(const gn_time *)a, y = *(const gn_time *)b;

	return (x > y) - (x < y);
}

/* Kolmogorov and Smirnov's distance from the uniform distribution in [low, high); 2.23 / sqrt(n) has a significance
 * of 10^-4. */
static void assert_uniform(gn_time *x, size_t n, gn_time low, gn_time high)
{
	double distance = 0;

	qsort(x, n, sizeof(*x), compare_times);
	assert_in_range(x[0], low, high - 1);
	assert_in_range(x[n - 1], low, high - 1);
	for (size_t i = 0; i < n; i++) {
		const double share = (double)(x[i] - low) / (double)(high - low);

		distance = fmax(distance, fabs(share - (double)i / (double)n));
		distance = fmax(distance, fabs(share - (double)(i + 1) / (double)n));
	}
	assert_true(distance < 2.23 / sqrt((double)n));
}

static void jitter_is_uniform_and_reorders(void **state)
{
	enum { N = 20000 };
	struct made m = { 0 };
	struct engine e;
	gn_time *times = calloc(N, sizeof(*times));
	uint64_t overtaken = 0;

	(void)state;
	start(&e, made_pair(&m, &(struct gn_shape){ .delay = 10 * MS, .jitter = 4 * MS }));
	for (size_t i = 0; i < N; i++) {
		send_one(&e, 0, 100);
		times[i] = arrival(&e, 0);
		overtaken += i % 2 && times[i] < times[i - 1];
	}
	assert_share("overtaken", overtaken, N / 2, 0.5);
	assert_uniform(times, N, 6 * MS, 14 * MS);
	free(times);
	stop(&e);
	made_done(&m);
}

/* Two delays of 0 .. 2 ms, uniform and independent, are less than 1 ms apart in 3 cases of 4. */
static void copies_have_delays_of_their_own(void **state)
{
	const uint64_t n = 20000;
	struct made m = { 0 };
	struct engine e;
	uint64_t near = 0;

	(void)state;
	start(&e, made_pair(&m, &(struct gn_shape){ .delay = MS, .jitter = MS, .duplicate_ppm = 1000000 }));
	for (uint64_t i = 0; i < n; i++) {
		send_one(&e, 0, 100);
		assert_int_equal(e.n, 2);
		near += arrival(&e, 0) < arrival(&e, 1) + MS && arrival(&e, 1) < arrival(&e, 0) + MS;
	}
	assert_int_equal(gn_sim_network_counts(e.network)->duplicated, n);
	assert_share("near each other", near, n, 0.75);
	stop(&e);
	made_done(&m);
}

static void same_seed_same_fate(void **state)
{
	const struct gn_shape shape = {
		.delay = MS, .jitter = MS, .loss_ppm = 300000, .duplicate_ppm = 300000
	};
	gn_time sum[3] = { 0 };

	(void)state;
	for (int run = 0; run < 3; run++) {
		struct made m = { 0 };
		struct engine e;

		made_pair(&m, &shape);
		m.t.seed = run < 2 ? 7 : 8;
		start(&e, &m.t);
		for (uint64_t i = 1; i <= 1000; i++) {
			send_one(&e, i, 100);
			for (size_t k = 0; k < e.n; k++)
				sum[run] = sum[run] * 31 + e.pending[k].when;
		}
		stop(&e);
		made_done(&m);
	}
	assert_int_equal(sum[0], sum[1]);
	assert_true(sum[0] != sum[2]);
}

/* ---- rate ---- */

/* 8 Mbit/s is a byte in 1 us; 58 bytes of payload are a frame of 100. A packet is through its time at that rate after
 * its delay, or after the one before, if that is later; a fourth one at once finds the queue full. */
static void a_rate_has_a_queue(void **state)
{
	static const struct {
		gn_time at;
		size_t size;
		gn_time through; /* 0: dropped */
	} packets[] = {
		{ 0, 58, 1100 * US },	     { 0, 58, 1200 * US },
		{ 0, 58, 1300 * US },	     { 0, 58, 0 },
		{ 1099 * US, 58, 0 },	     { 1100 * US, 158, 2300 * US },
		{ 1100 * US, 58, 0 },	     { 1300 * US, 58, 2400 * US },
		{ 2500 * US, 0, 3542 * US }, { 5000 * US, 58, 6100 * US },
	};
	struct made m = { 0 };
	struct engine e;

	(void)state;
	start(&e, made_pair(&m, &(struct gn_shape){ .delay = MS, .rate_bps = 8000000, .limit = 3 }));
	for (size_t i = 0; i < GN_ARRAY_LEN(packets); i++) {
		send_one(&e, packets[i].at, packets[i].size);
		assert_int_equal(e.n ? arrival(&e, 0) : 0, packets[i].through);
	}
	assert_int_equal(gn_sim_network_counts(e.network)->queue_drops, 3);
	stop(&e);
	made_done(&m);
}

/* 10,000 frames of 100 bytes, a second's worth, leave the queue in 1 s and no sooner, whatever their jitter. */
static void a_rate_is_kept_in_order(void **state)
{
	struct made m = { 0 };
	struct engine e;
	gn_time last = 0;

	(void)state;
	start(&e,
	      made_pair(&m,
			&(struct gn_shape){
				.delay = 5 * MS, .jitter = 5 * MS, .rate_bps = 8000000, .limit = 10000 }));
	for (size_t i = 0; i < 10000; i++) {
		send_one(&e, 0, 58);
		assert_true(arrival(&e, 0) >= last + 100 * US);
		last = arrival(&e, 0);
	}
	assert_in_range(last, GN_SEC, GN_SEC + 10 * MS);
	send_one(&e, 0, 58);
	assert_int_equal(e.n, 0);
	stop(&e);
	made_done(&m);
}

/* netem asks once whether there is room for both copies, and queues the second one first. */
static void copies_enter_the_queue_together(void **state)
{
	const struct gn_shape shape = { .duplicate_ppm = 1000000, .rate_bps = 8000000, .limit = 1 };
	struct made m = { 0 };
	struct engine e;

	(void)state;
	start(&e, made_pair(&m, &shape));
	send_one(&e, 0, 58);
	assert_int_equal(e.n, 2);
	assert_int_equal(arrival(&e, 0), 100 * US);
	assert_int_equal(arrival(&e, 1), 200 * US);
	send_one(&e, 100 * US, 58);
	assert_int_equal(e.n, 0);
	assert_int_equal(gn_sim_network_counts(e.network)->queue_drops, 1);
	stop(&e);
	made_done(&m);
}

/* Hosts 0 and 1 send to 3 by the router 2. What 0 sends first is 100 us on its way, what 1 sends 50 us: that is the first
 * in the queue from 2 to 3. */
static void queues_are_entered_in_the_order_of_time(void **state)
{
	struct made m = { 0 };
	struct engine e;

	(void)state;
	for (uint32_t i = 0; i < 4; i++)
		made_node(&m, i == 2 ? GN_ROUTER : GN_HOST, made_ip(0, i), GN_NONE);
	made_link(&m, 0, 2);
	made_link(&m, 1, 2);
	made_link(&m, 2, 3);
	m.links[0].shape[0] = m.links[2].shape[0] = (struct gn_shape){ .rate_bps = 8000000, .limit = 1000 };
	m.links[1].shape[0].delay = 50 * US;
	made_route(&m, 0, 0, 0, 0, 2);
	made_route(&m, 1, 0, 0, 0, 2);
	made_route(&m, 2, 0, 0, 2, 3);
	start(&e, made_finish(&m));
	send_at(&e, 0, 0, 3, 58);
	send_at(&e, 0, 1, 3, 58);
	run(&e);
	assert_int_equal(n_arrived(&e), 2);
	assert_int_equal(arrival(&e, 0), 150 * US);
	assert_int_equal(arrival(&e, 1), 250 * US);
	stop(&e);
	made_done(&m);
}

/* 16 links that double everything make GN_SIM_COPIES_MAX copies. */
static void too_many_copies_are_refused(void **state)
{
	struct gn_err err;

	(void)state;
	for (uint32_t links = 16; links <= 17; links++) {
		const struct gn_sim_flight f = gn_sim_flight(0, links, 100);
		struct made m = { 0 };
		struct engine e;

		for (uint32_t i = 0; i <= links; i++)
			made_node(&m, i && i < links ? GN_ROUTER : GN_HOST, made_ip(0, i), GN_NONE);
		for (uint32_t i = 0; i < links; i++) {
			made_link(&m, i, i + 1);
			m.links[i].shape[0].duplicate_ppm = 1000000;
			made_route(&m, i, 0, 0, i ? 1 : 0, i + 1);
		}
		start(&e, made_finish(&m));
		const int r = gn_sim_network_move(e.network, &f, 0, on_land, &e, &err);

		assert_int_equal(r, links == 16 ? 0 : -EOVERFLOW);
		assert_int_equal(e.n, GN_SIM_COPIES_MAX);
		if (r)
			assert_string_equal(
				err.text,
				"links that duplicate make more than 65536 copies of one datagram to n17");
		stop(&e);
		made_done(&m);
	}
}

/* Of a frame of 42 + 58 bytes nobody looks at 6, the sender's Ethernet address. */
static void corrupted_datagrams_do_not_arrive(void **state)
{
	const struct gn_shape shape = { .corrupt_ppm = 250000, .limit = 1000 };
	const uint64_t n = 200000;
	uint64_t arrived = 0;
	struct made m = { 0 };
	struct engine e;

	(void)state;
	start(&e, made_pair(&m, &shape));
	for (uint64_t i = 0; i < n; i++) {
		send_one(&e, i, 58);
		arrived += e.n;
	}
	assert_share("arrived", arrived, n, 0.75 + 0.25 * 6 / 100);
	assert_int_equal(gn_sim_network_counts(e.network)->corrupted, n - arrived);
	assert_int_equal(gn_sim_network_counts(e.network)->lost, 0);
	stop(&e);
	made_done(&m);
}

/* What only UDP's checksum finds crosses the next link and takes its time there: 66 of 100 bytes. */
static void corrupted_datagrams_use_links(void **state)
{
	const uint64_t n = 2000;
	struct made m = { 0 };
	struct engine e;
	gn_time last = 0;

	(void)state;
	for (uint32_t i = 0; i < 3; i++)
		made_node(&m, i == 1 ? GN_ROUTER : GN_HOST, made_ip(0, i), GN_NONE);
	made_link(&m, 0, 1);
	made_link(&m, 1, 2);
	m.links[0].shape[0] = (struct gn_shape){ .corrupt_ppm = 1000000, .limit = 100000 };
	m.links[1].shape[0] = (struct gn_shape){ .rate_bps = 8000000, .limit = 100000 };
	made_route(&m, 0, 0, 0, 0, 1);
	made_route(&m, 1, 0, 0, 1, 2);
	start(&e, made_finish(&m));
	for (uint64_t i = 0; i < n; i++)
		send_at(&e, 0, 0, 2, 58);
	run(&e);
	for (size_t k = 0; k < n_arrived(&e); k++)
		last = GN_MAX(last, arrival(&e, k));
	assert_share("arrived", n_arrived(&e), n, 0.06);
	/* The last that arrives is nearly the last of those that use the link. */
	assert_true(fabs((double)last / (100 * US) - 0.72 * (double)n) < 0.05 * (double)n);
	stop(&e);
	made_done(&m);
}

/* ---- access networks ---- */

/* Hosts 1, 2 and 3 on a switch, 8 Mbit/s together in each direction; 1 is 5 ms away, 2 1 ms, 3 0. 158 bytes take 200 us. */
static const struct gn_topology *made_access(struct made *m)
{
	static const gn_dur delays[] = { 5 * MS, MS, 0 };

	made_lan(m, 3);
	m->nodes[0].shared = true;
	m->t.n_lans = 1;
	for (uint32_t i = 0; i < 3; i++)
		m->links[i].shape[0] = m->links[i].shape[1] = (struct gn_shape){
			.delay = delays[i], .rate_bps = 8000000, .limit = 1000 + (uint32_t)i
		};
	return &m->t;
}

static void members_share_one_queue(void **state)
{
	static const struct {
		gn_time at;
		uint32_t from, to;
		gn_time arrives;
	} packets[] = {
		/* Both come to the switch at 5 ms and leave it for 3 one after the other. */
		{ 0, 1, 3, 5400 * US },
		{ 4 * MS, 2, 3, 5600 * US },
		/* One that came earlier does not wait for those that were sent earlier but are further away. */
		{ 10 * MS, 1, 3, 15400 * US },
		{ 10 * MS + US, 2, 3, 11401 * US },
		/* Out of the switch: a queue for all, then the way to each. */
		{ 20 * MS, 3, 1, 25400 * US },
		{ 20 * MS, 3, 2, 21600 * US },
	};
	struct made m = { 0 };
	struct engine e;

	(void)state;
	start(&e, made_access(&m));
	for (size_t i = 0; i < GN_ARRAY_LEN(packets); i++)
		send_at(&e, packets[i].at, packets[i].from, packets[i].to, 158);
	run(&e);
	assert_int_equal(n_arrived(&e), GN_ARRAY_LEN(packets));
	for (size_t i = 0; i < GN_ARRAY_LEN(packets); i++) {
		bool found = false;

		for (size_t k = 0; k < n_arrived(&e); k++)
			found |= arrival(&e, k) == packets[i].arrives;
		if (!found)
			fail_msg("packet %zu does not arrive when it should", i);
	}
	stop(&e);
	made_done(&m);
}

/* Packets of a member with jitter stay in order, as behind a rate of its own. */
static void members_keep_their_order(void **state)
{
	struct made m = { 0 };
	struct engine e;
	uint16_t last = 0;

	(void)state;
	made_access(&m);
	for (int d = 0; d < 2; d++)
		m.links[0].shape[d].jitter = 5 * MS;
	start(&e, &m.t);
	for (uint16_t i = 0; i < 100; i++)
		send_at(&e, i * 10u * US, 1, 3, 100u + i);
	run(&e);
	assert_int_equal(n_arrived(&e), 100);
	for (size_t i = 0; i < e.n; i++) {
		if (e.pending[i].f.at != e.pending[i].f.to)
			continue;
		assert_true(e.pending[i].f.size > last);
		last = e.pending[i].f.size;
	}
	stop(&e);
	made_done(&m);
}

/* How many of 50 datagrams at once pass a queue in @direction, 0 up and 1 down, if the first member's limit is @first and the
 * others' 2, in the file or @later. In the other direction none has to wait, nor on host 3's own way. */
static size_t n_passing(uint32_t direction, uint32_t first, bool later)
{
	struct made m = { 0 };
	struct engine e;

	made_access(&m);
	for (uint32_t i = 0; i < 3; i++) {
		m.links[i].shape[!direction].rate_bps = UINT64_C(8000000000000);
		if (!later)
			m.links[i].shape[direction].limit = i ? 2 : first;
	}
	start(&e, &m.t);
	for (uint32_t i = 0; i < 3 && later; i++) {
		struct gn_shape shape = m.links[i].shape[direction];

		shape.limit = i ? 2 : first;
		assert_int_equal(gn_sim_network_shape(e.network, 2 * i + direction, &shape, NULL), 0);
	}
	for (int i = 0; i < 50; i++)
		send_at(&e, 0, direction ? 2 : 3, direction ? 3 : 2, 158);
	run(&e);
	const size_t n = n_arrived(&e);

	stop(&e);
	made_done(&m);
	return n;
}

static void the_largest_present_limit_is_all_members(void **state)
{
	(void)state;
	for (uint32_t direction = 0; direction < 2; direction++) {
		for (int later = 0; later < 2; later++) {
			assert_int_equal(n_passing(direction, 2, later), 2);
			assert_int_equal(n_passing(direction, 7, later), 7);
		}
	}
}

/* From member to member a datagram waits for both rates; without one of them for the other. */
static void one_rate_alone_is_kept(void **state)
{
	(void)state;
	for (uint32_t direction = 0; direction < 2; direction++) {
		struct made m = { 0 };
		struct engine e;
		gn_time last = 0;

		made_access(&m);
		for (uint32_t i = 0; i < 3; i++)
			m.links[i].shape[!direction] = (struct gn_shape){ 0 };
		start(&e, &m.t);
		for (int i = 0; i < 10; i++)
			send_at(&e, 0, 2, 3, 158);
		run(&e);
		assert_int_equal(n_arrived(&e), 10);
		for (size_t i = 0; i < e.n; i++)
			last = e.pending[i].f.at == e.pending[i].f.to ? GN_MAX(last, e.pending[i].when)
								      : last;
		assert_in_range(last, 10 * 200 * US, 10 * 200 * US + 2 * MS);
		stop(&e);
		made_done(&m);
	}
}

/* Of two members that each send as much as there is, in the long run each gets a half. */
static void members_share_the_rate(void **state)
{
	struct made m = { 0 };
	struct engine e;
	uint64_t early[4] = { 0 };

	(void)state;
	start(&e, made_access(&m));
	for (uint64_t i = 0; i < 1000; i++) {
		send_at(&e, i * 200 * US, 2, 3, 158);
		send_at(&e, i * 200 * US + 100 * US, 3, 2, 158);
	}
	run(&e);
	assert_int_equal(n_arrived(&e), 2000);
	for (size_t i = 0; i < e.n; i++) {
		if (e.pending[i].f.at == e.pending[i].f.to && e.pending[i].when < 100 * MS)
			early[e.pending[i].f.to]++;
	}
	/* In 100 ms 500 such frames pass; the first came after 1 ms. */
	assert_in_range(early[2] + early[3], 480, 500);
	assert_in_range(early[3], 235, 255);
	stop(&e);
	made_done(&m);
}

/* ---- changes ---- */

/* The pair with a link of 10 ms, in a topology with an action on it. */
static const struct gn_topology *made_changing(struct made *m, const struct gn_action *a)
{
	made_pair(m, &(struct gn_shape){ .delay = 10 * MS, .limit = 1000 });
	m->t.actions = a;
	m->t.n_actions = 1;
	return &m->t;
}

static void what_is_under_way_is_lost_when_a_link_goes_down(void **state)
{
	const struct gn_action action = { .what = GN_ACTION_DOWN };
	struct gn_sim_flight before, during, after;
	struct made m = { 0 };
	struct engine e;

	(void)state;
	start(&e, made_changing(&m, &action));
	send_one(&e, 0, 100);
	before = e.pending[0].f;
	gn_sim_network_down(e.network, 0, true);
	gn_sim_network_down(e.network, 0, true);
	send_one(&e, MS, 100);
	assert_int_equal(e.n, 0);
	gn_sim_network_down(e.network, 0, false);
	send_one(&e, 2 * MS, 100);
	assert_int_equal(e.n, 1);
	after = e.pending[0].f;
	/* The first arrives at 10 ms, when the link is up again. */
	assert_false(gn_sim_network_arrives(e.network, &before));
	assert_true(gn_sim_network_arrives(e.network, &after));
	send_one(&e, 3 * MS, 100);
	during = e.pending[0].f;
	gn_sim_network_down(e.network, 0, true);
	assert_false(gn_sim_network_arrives(e.network, &during));
	assert_int_equal(gn_sim_network_counts(e.network)->down_drops, 3);
	stop(&e);
	made_done(&m);
}

/* What is done to the second link while a packet is on the first meets it there. */
static void packets_go_from_link_to_link_where_something_is_done(void **state)
{
	const struct gn_action action = { .what = GN_ACTION_DOWN };
	struct made m = { 0 };
	struct engine e;

	(void)state;
	for (uint32_t i = 0; i < 3; i++)
		made_node(&m, i == 1 ? GN_ROUTER : GN_HOST, made_ip(0, i), GN_NONE);
	made_link(&m, 0, 1);
	made_link(&m, 1, 2);
	m.links[0].shape[0].delay = m.links[1].shape[0].delay = 10 * MS;
	made_route(&m, 0, 0, 0, 0, 1);
	made_route(&m, 1, 0, 0, 1, 2);
	made_finish(&m);
	m.t.actions = &action;
	m.t.n_actions = 1;
	start(&e, &m.t);
	const struct gn_sim_flight f = gn_sim_flight(0, 2, 100);

	assert_int_equal(gn_sim_network_move(e.network, &f, 0, on_land, &e, NULL), 0);
	assert_int_equal(e.n, 1);
	assert_int_equal(e.pending[0].f.at, 1);
	assert_int_equal(e.pending[0].when, 10 * MS);
	gn_sim_network_down(e.network, 1, true);
	const struct gn_sim_flight on = e.pending[0].f;

	assert_true(gn_sim_network_arrives(e.network, &on));
	assert_int_equal(gn_sim_network_move(e.network, &on, 10 * MS, on_land, &e, NULL), 0);
	assert_int_equal(e.n, 1);
	assert_int_equal(gn_sim_network_counts(e.network)->down_drops, 1);
	stop(&e);
	made_done(&m);
}

/* A queue that is there already counts for a rate that comes later. */
static void a_shape_is_replaced_while_packets_are_under_way(void **state)
{
	const uint32_t target = 0;
	const struct gn_action action = { .what = GN_ACTION_SET, .targets = &target, .n_targets = 1 };
	const struct gn_shape rated = { .rate_bps = 8000000, .limit = 1000 };
	struct made m = { 0 };
	struct engine e;

	(void)state;
	start(&e, made_changing(&m, &action));
	send_one(&e, 0, 58);
	assert_int_equal(arrival(&e, 0), 10 * MS);
	assert_int_equal(gn_sim_network_shape(e.network, 0, &rated, NULL), 0);
	send_one(&e, MS, 58);
	assert_int_equal(arrival(&e, 0), 10100 * US);
	assert_int_equal(
		gn_sim_network_shape(e.network, 0, &(struct gn_shape){ .delay = MS, .limit = 9 }, NULL), 0);
	send_one(&e, 2 * MS, 58);
	assert_int_equal(arrival(&e, 0), 3 * MS);
	stop(&e);
	made_done(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_follow_the_spanning_tree),
		cmocka_unit_test(routers_take_the_longest_prefix),
		cmocka_unit_test(many_routes_are_searched_alike),
		cmocka_unit_test(the_64th_router_drops),
		cmocka_unit_test(the_examples_have_their_delays),
		cmocka_unit_test(loss_and_duplicates_are_netems),
		cmocka_unit_test(jitter_is_uniform_and_reorders),
		cmocka_unit_test(copies_have_delays_of_their_own),
		cmocka_unit_test(same_seed_same_fate),
		cmocka_unit_test(a_rate_has_a_queue),
		cmocka_unit_test(a_rate_is_kept_in_order),
		cmocka_unit_test(copies_enter_the_queue_together),
		cmocka_unit_test(queues_are_entered_in_the_order_of_time),
		cmocka_unit_test(too_many_copies_are_refused),
		cmocka_unit_test(corrupted_datagrams_do_not_arrive),
		cmocka_unit_test(corrupted_datagrams_use_links),
		cmocka_unit_test(members_share_one_queue),
		cmocka_unit_test(members_keep_their_order),
		cmocka_unit_test(the_largest_present_limit_is_all_members),
		cmocka_unit_test(one_rate_alone_is_kept),
		cmocka_unit_test(members_share_the_rate),
		cmocka_unit_test(what_is_under_way_is_lost_when_a_link_goes_down),
		cmocka_unit_test(packets_go_from_link_to_link_where_something_is_done),
		cmocka_unit_test(a_shape_is_replaced_while_packets_are_under_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
