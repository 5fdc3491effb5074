/* SPDX-License-Identifier: MIT */
/* plumtree: the tree that forms, what it costs, and how it heals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "hostile.h"

enum { PUSH = 1, IHAVE, GRAFT, PRUNE };

/* Latencies far below the period: a tree is faster than the timers. */
static void setup(struct cluster *c, uint32_t members, uint32_t events, uint32_t payload, uint64_t seed)
{
	cluster_setup(c, "plumtree", members, events, payload, seed);
	c->config.clock = GN_CLOCK_PERIODIC;
	c->latency = PERIOD / 1000;
}

static void forget_counts(struct cluster *c)
{
	c->datagrams = c->copies = 0;
	memset(c->kinds, 0, sizeof(c->kinds));
}

static bool is_silent(const struct cluster *c)
{
	for (uint32_t m = 0; m < c->config.members; m++) {
		if (c->members[m].deadline != GN_NO_DEADLINE)
			return false;
	}
	return true;
}

/* The first event floods; then every origin's events run on one tree, and everybody falls silent after each. */
static void an_event_costs_a_push_per_member(void **unused)
{
	static const uint32_t sizes[] = { 2, 3, 4, 5, 6, 7, 8, 10, 30, 100, 1000 };

	(void)unused;
	for (size_t i = 0; i < GN_ARRAY_LEN(sizes); i++) {
		struct cluster c;

		setup(&c, sizes[i], 6, 100, i);
		cluster_start(&c);
		c.jitter = PERIOD / 1000;
		for (uint32_t e = 0; e < 6; e++) {
			forget_counts(&c);
			cluster_publish(&c, e * 7 % sizes[i], e, 100);
			cluster_advance(&c, c.now + 20 * PERIOD);
			assert_int_equal(c.informed[e], sizes[i]);
			assert_true(is_silent(&c));
			assert_int_equal(c.kinds[GRAFT], 0);
			if (e) {
				assert_int_equal(c.kinds[PUSH], sizes[i] - 1);
				assert_int_equal(c.kinds[PRUNE], 0);
			} else {
				assert_in_range(c.kinds[PUSH], sizes[i] - 1, 5 * sizes[i] + 1);
			}
		}
		cluster_done(&c);
	}
}

/* The same in rounds, where many copies come at one moment; the same origin, as the tree is as deep as it has to be. */
static void with_rounds_too(void **unused)
{
	(void)unused;
	for (uint32_t n = 2; n < 3000; n = n * 2 + 1) {
		struct cluster c;

		cluster_init(&c, "plumtree", n, 3, 0, n);
		for (uint32_t e = 0; e < 3; e++) {
			uint64_t published = c.now;

			forget_counts(&c);
			cluster_publish(&c, 1, e, 0);
			cluster_advance(&c, published + 40 * PERIOD);
			assert_int_equal(c.informed[e], n);
			assert_int_equal(c.informed_last[e] - published, c.informed_last[0]);
			assert_true(is_silent(&c));
			if (e)
				assert_int_equal(c.kinds[PUSH], n - 1);
		}
		cluster_done(&c);
	}
}

/* A graph of which the test knows the links: a ring, and links between members two apart. */
struct graph {
	struct cluster cluster;
	uint32_t first[1001], peers[4000];
};

static int compare(const void *a, const void *b)
{
	return *(const uint32_t *)a < *(const uint32_t *)b ? -1 : *(const uint32_t *)a > *(const uint32_t *)b;
}

static void setup_graph(struct graph *g, uint32_t members, uint32_t events, const int *steps, uint32_t degree)
{
	setup(&g->cluster, members, events, 0, 1);
	for (uint32_t m = 0; m < members; m++) {
		g->first[m] = m * degree;
		for (uint32_t i = 0; i < degree; i++)
			g->peers[m * degree + i] = (m + members + (uint32_t)steps[i]) % members;
		qsort(g->peers + m * degree, degree, sizeof(*g->peers), compare);
	}
	g->first[members] = members * degree;
	g->cluster.config.first_peer = g->first;
	g->cluster.config.peers = g->peers;
}

/* n - 1 links of the tree carry one IHAVE, from the child, and the n + 1 others two, one from each end. */
static void every_link_tells_both_ends(void **unused)
{
	static struct graph g;
	struct cluster *c = &g.cluster;

	(void)unused;
	setup_graph(&g, 1000, 5, (const int[]){ -2, -1, 1, 2 }, 4);
	cluster_start(c);
	for (uint32_t e = 0; e < 5; e++) {
		forget_counts(c);
		cluster_publish(c, e * 100, e, 0);
		/* The way around takes 500 hops: half a period. */
		cluster_advance(c, c->now + 20 * PERIOD);
		assert_int_equal(c->informed[e], 1000);
		if (e) {
			assert_int_equal(c->kinds[PUSH], 999);
			assert_int_equal(c->kinds[IHAVE], 999 + 2 * 1001);
			assert_int_equal(c->datagrams, 999 + 999 + 2 * 1001);
		}
	}
	cluster_done(c);
}

/* A partner that the overlay names twice is one partner. */
static void parallel_links_are_one(void **unused)
{
	static struct graph g;
	struct cluster *c = &g.cluster;

	(void)unused;
	setup_graph(&g, 100, 2, (const int[]){ -1, -1, 1, 1 }, 4);
	cluster_start(c);
	cluster_publish(c, 0, 0, 0);
	cluster_advance(c, 20 * PERIOD);
	/* Around from both sides until they meet at one member, which has nobody to push to and prunes one of the links. */
	assert_int_equal(c->kinds[PUSH], 99 + 1);
	assert_int_equal(c->kinds[PRUNE], 1);
	assert_true(is_silent(c));
	cluster_publish(c, 50, 1, 0);
	cluster_advance(c, 40 * PERIOD);
	assert_int_equal(c->kinds[PUSH], 99 + 1 + 99);
	assert_true(is_silent(c));
	cluster_done(c);
}

/* A network that doubles a datagram must not make a member prune the link that its events come by. */
static void doubled_datagrams_do_not_break_the_tree(void **unused)
{
	struct cluster c;

	(void)unused;
	setup(&c, 200, 10, 0, 1);
	cluster_start(&c);
	c.duplicate_percent = 50;
	c.jitter = PERIOD / 1000;
	for (uint32_t e = 0; e < 10; e++) {
		forget_counts(&c);
		cluster_publish(&c, e, e, 0);
		cluster_advance(&c, c.now + 20 * PERIOD);
		assert_int_equal(c.informed[e], 200);
		if (e)
			assert_int_equal(c.kinds[PUSH], 199);
	}
	cluster_done(&c);
}

/* Pushes that get lost; all else arrives. */
static bool loses_pushes;

static void send_but_pushes(void *host, uint32_t to, const uint8_t *data, size_t size)
{
	if (!loses_pushes || data[3] != PUSH)
		cluster_send(host, to, data, size);
}

/* A subtree is cut off: somebody in it hears of the event and grafts, and only then. */
static void a_cut_tree_heals_by_one_graft(void **unused)
{
	enum { MEMBERS = 300 };
	uint64_t grafts = 0, most = 0;

	(void)unused;
	for (uint32_t cut = 0; cut < MEMBERS; cut += 10) {
		struct cluster c;

		setup(&c, MEMBERS, 3, 0, 1);
		cluster_start(&c);
		cluster_publish(&c, 0, 0, 0);
		cluster_advance(&c, 20 * PERIOD);

		c.members[cut].out.send = send_but_pushes;
		loses_pushes = true;
		forget_counts(&c);
		uint64_t published = c.now;

		cluster_publish(&c, 0, 1, 0);
		cluster_advance(&c, c.now + PERIOD);
		loses_pushes = false;
		cluster_advance(&c, c.now + 20 * PERIOD);
		assert_int_equal(c.informed[1], MEMBERS);
		/* A round until an IHAVE, two until the graft, and time for the subtree's own subtrees. */
		assert_true(c.informed_last[1] - published < 7 * PERIOD);
		grafts += c.kinds[GRAFT];
		most = GN_MAX(most, c.kinds[GRAFT]);
		assert_true(c.kinds[PUSH] < MEMBERS + 2 * c.kinds[GRAFT]);
		assert_true(is_silent(&c));

		/* And then it is a tree again, but for links that both ends still have to find superfluous. */
		forget_counts(&c);
		cluster_publish(&c, 0, 2, 0);
		cluster_advance(&c, c.now + 20 * PERIOD);
		assert_int_equal(c.informed[2], MEMBERS);
		assert_int_equal(c.kinds[GRAFT], 0);
		cluster_done(&c);
	}
	print_message("# %u cuts: %u grafts, at most %u\n", MEMBERS / 10, (unsigned)grafts, (unsigned)most);
	assert_true(grafts > 0);
}

/* On a line every link is the tree's: nobody else could announce what was lost. */
static void a_line_repairs_itself(void **unused)
{
	static struct graph g;
	struct cluster *c = &g.cluster;
	uint32_t n = 20, at = 0;

	(void)unused;
	setup(c, n, 1, 0, 1);
	for (uint32_t m = 0; m < n; m++) {
		g.first[m] = at;
		if (m)
			g.peers[at++] = m - 1;
		if (m + 1 < n)
			g.peers[at++] = m + 1;
	}
	g.first[n] = at;
	c->config.first_peer = g.first;
	c->config.peers = g.peers;
	cluster_start(c);
	c->loss_percent = 100;
	cluster_publish(c, 0, 0, 0);
	cluster_advance(c, 10 * PERIOD);
	assert_int_equal(c->informed[0], 1);
	c->loss_percent = 50;
	cluster_advance(c, 1000 * PERIOD);
	assert_int_equal(c->informed[0], n);
	assert_true(is_silent(c));
	cluster_done(c);
}

/* Member 0 is told of an event by many, but only one partner of it can deliver. */
static uint32_t only_partner;

static void send_to_zero_in_vain(void *host, uint32_t to, const uint8_t *data, size_t size)
{
	const struct member *m = host;

	if (to || data[3] != PUSH || m->number == only_partner)
		cluster_send(host, to, data, size);
}

/* Partners are asked in turn, with half the timeout in between. */
static void who_cannot_deliver_is_not_asked_for_ever(void **unused)
{
	static struct graph g;
	struct cluster *c = &g.cluster;
	static const uint32_t partners[] = { 98, 99, 1, 2, GN_NO_MEMBER };

	(void)unused;
	for (size_t i = 0; i < GN_ARRAY_LEN(partners); i++) {
		setup_graph(&g, 100, 2, (const int[]){ -2, -1, 1, 2 }, 4);
		cluster_set(c, "graft_timeout", 9);
		cluster_start(c);
		cluster_publish(c, 50, 0, 0);
		cluster_advance(c, 50 * PERIOD);
		only_partner = partners[i];
		for (uint32_t m = 1; m < 100; m++)
			c->members[m].out.send = send_to_zero_in_vain;
		cluster_publish(c, 50, 1, 0);
		cluster_advance(c, c->now + 101 * PERIOD);
		assert_int_equal(c->informed[1], partners[i] == GN_NO_MEMBER ? 99 : 100);
		/* None if the partner is the one that pushes; else in the 10th round, in the 15th, and so on. */
		if (partners[i] == GN_NO_MEMBER)
			assert_in_range(c->kinds[GRAFT], 17, 19);
		else
			assert_true(c->kinds[GRAFT] <= 4);
		cluster_done(c);
	}
}

/* Both lose what they push in round 1. In round 4 they ask, in round 6 they graft: whoever comes first. */
static void timers_run_in_whole_rounds(void **unused)
{
	(void)unused;
	for (int at_once = 0; at_once < 2; at_once++) {
		struct cluster c;

		cluster_init(&c, "plumtree", 2, 2, 0, 1);
		cluster_publish(&c, 0, 0, 0);
		cluster_publish(&c, 1, 1, 0);
		c.loss_percent = 100;
		cluster_round(&c, at_once);
		c.loss_percent = 0;
		while (!cluster_all_know(&c, 2))
			cluster_round(&c, at_once);
		assert_int_equal(c.informed_last[0], 6 * PERIOD);
		assert_int_equal(c.informed_last[1], 6 * PERIOD);
		cluster_done(&c);
	}
}

static uint64_t rounds_with_loss(uint32_t members, uint32_t events, uint32_t loss_percent, uint64_t seed,
				 enum gn_clock clock, bool at_once)
{
	struct cluster c;

	cluster_setup(&c, "plumtree", members, events, 100, seed);
	c.config.clock = clock;
	cluster_start(&c);
	c.loss_percent = loss_percent;
	for (uint32_t e = 0; e < events; e++)
		cluster_publish(&c, e * 3 % members, e, e % 100);
	while (!cluster_all_know(&c, events) && c.round < 10000)
		cluster_round(&c, at_once);
	assert_true(cluster_all_know(&c, events));
	uint64_t rounds = c.round;

	/* In the end everybody knows that everybody knows. */
	cluster_advance(&c, c.now + 200 * PERIOD * 100 / (100 - loss_percent));
	assert_true(is_silent(&c));
	cluster_done(&c);
	return rounds;
}

static void losses_are_repaired(void **unused)
{
	static const enum gn_clock clocks[] = { GN_CLOCK_ROUNDS, GN_CLOCK_PERIODIC, GN_CLOCK_POISSON };

	(void)unused;
	assert_true(gn_protocol_find("plumtree")->endless);
	for (size_t k = 0; k < GN_ARRAY_LEN(clocks); k++) {
		for (uint32_t loss = 10; loss <= 50; loss += 10) {
			uint64_t most = 0;

			for (uint64_t seed = 0; seed < 10; seed++)
				most = GN_MAX(most, rounds_with_loss(500, 1, loss, seed, clocks[k], false));
			print_message("# clock %u, %u %% loss: at most %u rounds\n", clocks[k], loss,
				      (unsigned)most);
			assert_true(most <= 12 + loss / 2);
		}
	}
	rounds_with_loss(20, 3, 90, 1, GN_CLOCK_ROUNDS, false);
	rounds_with_loss(2, 1, 90, 1, GN_CLOCK_PERIODIC, false);
}

/* Not even for who is whose child: the second event takes the same ways. */
static void the_order_within_a_moment_does_not_matter(void **unused)
{
	(void)unused;
	for (uint32_t members = 10; members < 1000; members += 30) {
		struct cluster c[2];

		for (int at_once = 0; at_once < 2; at_once++) {
			cluster_init(&c[at_once], "plumtree", members, 2, 0, members);
			for (uint32_t e = 0; e < 2; e++) {
				cluster_publish(&c[at_once], 3 + e, e, 0);
				for (int round = 0; round < 20; round++)
					cluster_round(&c[at_once], at_once);
			}
		}
		assert_memory_equal(c[0].known_since, c[1].known_since,
				    members * 2 * sizeof(*c[0].known_since));
		cluster_done(&c[0]);
		cluster_done(&c[1]);
	}
}

static void hundreds_of_events_at_once(void **unused)
{
	(void)unused;
	assert_true(rounds_with_loss(50, 500, 0, 1, GN_CLOCK_ROUNDS, true) <= 10);
	assert_true(rounds_with_loss(50, 500, 0, 1, GN_CLOCK_PERIODIC, true) <= 10);
	assert_true(rounds_with_loss(50, 500, 30, 1, GN_CLOCK_PERIODIC, true) <= 40);
}

/* More than one list of events has room for. */
static void thousands_of_events_at_once(void **unused)
{
	struct cluster c;

	(void)unused;
	setup(&c, 4, 20000, 0, 1);
	cluster_start(&c);
	c.loss_percent = 100;
	for (uint32_t e = 0; e < 20000; e++)
		cluster_publish(&c, e % 4, e, 0);
	cluster_advance(&c, 3 * PERIOD);
	c.loss_percent = 0;
	cluster_advance(&c, 300 * PERIOD);
	assert_true(cluster_all_know(&c, 20000));
	assert_true(is_silent(&c));
	cluster_done(&c);
}

static void an_event_is_published_once(void **unused)
{
	struct cluster c;

	(void)unused;
	setup(&c, 2, 1, 0, 1);
	cluster_start(&c);
	cluster_publish(&c, 0, 0, 0);
	cluster_feed(&c.members[0], (struct gn_input){ .type = GN_PUBLISH });
	cluster_advance(&c, 20 * PERIOD);
	assert_int_equal(c.kinds[PUSH], 1);
	assert_true(is_silent(&c));
	cluster_done(&c);
}

static void send_nothing(void *host, uint32_t to, const uint8_t *data, size_t size)
{
	(void)host;
	(void)to;
	(void)data;
	(void)size;
}

/* Everybody else is served; its partners go on telling it, but seldom. */
static void a_mute_member_stops_nobody(void **unused)
{
	struct cluster c;

	(void)unused;
	setup(&c, 100, 20, 0, 1);
	cluster_start(&c);
	c.members[50].out.send = send_nothing;
	for (uint32_t e = 0; e < 20; e++)
		cluster_publish(&c, e, e, 0);
	cluster_advance(&c, 50 * PERIOD);
	assert_true(cluster_all_know(&c, 20));
	forget_counts(&c);
	cluster_advance(&c, 350 * PERIOD);
	/* Of 6 partners, each for an event every third round, for several in one datagram. */
	assert_in_range(c.kinds[IHAVE], 1, 6 * 350 / 2);
	assert_int_equal(c.datagrams, c.kinds[IHAVE]);
	cluster_done(&c);
}

static void copies_and_overtaking_do_no_harm(void **unused)
{
	struct cluster c;

	(void)unused;
	setup(&c, 100, 50, 8, 1);
	cluster_start(&c);
	c.latency = PERIOD / 4;
	c.jitter = PERIOD * 2;
	c.duplicate_percent = 10;
	c.loss_percent = 20;
	for (uint32_t e = 0; e < 50; e++)
		cluster_publish(&c, e % 7, e, 8);
	cluster_advance(&c, 100 * PERIOD);
	assert_true(cluster_all_know(&c, 50));
	cluster_done(&c);
}

static void what_cannot_be_is_refused(void **unused)
{
	static uint32_t first[70001], peers[2 * 69999];
	struct cluster c;

	(void)unused;
	cluster_setup(&c, "plumtree", 10, 1, 0, 1);
	cluster_set(&c, "view", 5);
	assert_non_null(cluster_prepare(&c));
	cluster_done(&c);

	/* A star. */
	cluster_setup(&c, "plumtree", 70000, 1, 0, 1);
	for (uint32_t m = 1; m < 70000; m++) {
		peers[m - 1] = m;
		first[m] = 69998 + m;
	}
	first[70000] = 2 * 69999;
	c.config.first_peer = first;
	c.config.peers = peers;
	assert_non_null(cluster_prepare(&c));
	cluster_done(&c);
}

static void every_size_of_view_works(void **unused)
{
	(void)unused;
	for (int64_t view = 2; view <= 64; view += 2) {
		for (uint32_t n = 2; n < 200; n = n * 3 - 1) {
			struct cluster c;

			setup(&c, n, 1, 0, 3);
			cluster_set(&c, "view", view);
			cluster_start(&c);
			cluster_publish(&c, 0, 0, 0);
			cluster_advance(&c, 10 * PERIOD);
			assert_int_equal(c.informed[0], n);
			assert_true(is_silent(&c));
			cluster_done(&c);
		}
	}
}

static void one_event_needs_little_memory(void **unused)
{
	struct cluster c;

	(void)unused;
	cluster_setup(&c, "plumtree", 10, 1, 0, 1);
	assert_null(cluster_prepare(&c));
	print_message("# %zu + %zu bytes per member\n", c.sizes.head, c.sizes.body);
	assert_true(c.sizes.head + c.sizes.body <= 128);
	cluster_done(&c);
}

static void hostile_datagrams_leave_no_trace(void **unused)
{
	(void)unused;
	for (uint64_t seed = 0; seed < 3; seed++)
		assert_true(hostile_run("plumtree", NULL, seed) > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_event_costs_a_push_per_member),
		cmocka_unit_test(with_rounds_too),
		cmocka_unit_test(every_link_tells_both_ends),
		cmocka_unit_test(parallel_links_are_one),
		cmocka_unit_test(doubled_datagrams_do_not_break_the_tree),
		cmocka_unit_test(a_cut_tree_heals_by_one_graft),
		cmocka_unit_test(a_line_repairs_itself),
		cmocka_unit_test(who_cannot_deliver_is_not_asked_for_ever),
		cmocka_unit_test(timers_run_in_whole_rounds),
		cmocka_unit_test(losses_are_repaired),
		cmocka_unit_test(the_order_within_a_moment_does_not_matter),
		cmocka_unit_test(hundreds_of_events_at_once),
		cmocka_unit_test(thousands_of_events_at_once),
		cmocka_unit_test(an_event_is_published_once),
		cmocka_unit_test(a_mute_member_stops_nobody),
		cmocka_unit_test(copies_and_overtaking_do_no_harm),
		cmocka_unit_test(what_cannot_be_is_refused),
		cmocka_unit_test(every_size_of_view_works),
		cmocka_unit_test(one_event_needs_little_memory),
		cmocka_unit_test(hostile_datagrams_leave_no_trace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
