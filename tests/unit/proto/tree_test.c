/* SPDX-License-Identifier: MIT */
/* tree: its depth, its cost, and what repairs it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "hostile.h"

enum { EVENT = GN_EXCHANGE_KINDS };

/* The levels hold 1, 2, 2 * 4, 8 * 16, 128 * 256 members and so on. */
static uint32_t depth_of(uint64_t members, uint64_t cap)
{
	uint64_t width = 1, all = 1, children = 2;
	uint32_t depth = 0;

	for (; all < members; depth++) {
		width *= cap && cap < children ? cap : children;
		all += width;
		children = children < 65536 ? children * children : UINT32_MAX;
	}
	return depth;
}

static void start(struct cluster *c, uint32_t members, uint32_t events, uint64_t seed, uint32_t cap)
{
	cluster_setup(c, "tree", members, events, 100, seed);
	cluster_set(c, "cap", cap);
	cluster_start(c);
}

/* Without losses: the depth exactly, and each member is told once. */
static void check_spread(uint32_t members, uint64_t seed, uint32_t cap, bool at_once)
{
	struct cluster c;

	start(&c, members, 1, seed, cap);
	cluster_publish(&c, (uint32_t)(seed * 7 % members), 0, 5);
	while (c.informed[0] < members)
		cluster_round(&c, at_once);
	assert_int_equal(c.round, depth_of(members, cap));
	assert_int_equal(c.kinds[EVENT], members - 1);
	assert_int_equal(c.copies, members);
	cluster_done(&c);
}

static void it_takes_as_many_rounds_as_it_is_deep(void **unused)
{
	static const uint32_t sizes[] = { 139, 140, 1000, 32907, 32908, 100000 };

	(void)unused;
	assert_int_equal(depth_of(3, 0), 1);
	assert_int_equal(depth_of(4, 0), 2);
	assert_int_equal(depth_of(11, 0), 2);
	assert_int_equal(depth_of(32907, 0), 4);
	assert_int_equal(depth_of(32908, 0), 5);
	for (uint32_t n = 2; n <= 300; n++) {
		for (uint64_t seed = 0; seed < 4; seed++)
			check_spread(n, seed, 0, seed % 2);
	}
	for (size_t i = 0; i < GN_ARRAY_LEN(sizes); i++)
		check_spread(sizes[i], i, 0, i % 2);
}

static void a_cap_makes_it_deeper(void **unused)
{
	(void)unused;
	for (uint32_t cap = 2; cap <= 20; cap++) {
		for (uint32_t n = 2; n <= 2000; n = n * 5 / 3 + 1)
			check_spread(n, cap, cap, n % 2);
	}
	assert_int_equal(depth_of(1024, 2), 10);
	check_spread(1024, 1, 2, false);
}

/* Who sent how many of the tree's datagrams. */
static uint32_t n_children[1000];

static void count_children(void *host, uint32_t to, const uint8_t *data, size_t size)
{
	const struct member *m = host;

	n_children[m->number] += data[3] == EVENT;
	cluster_send(host, to, data, size);
}

static void start_counting(struct cluster *c, uint32_t cap, uint32_t origin)
{
	memset(n_children, 0, sizeof(n_children));
	start(c, 1000, 2, 3, cap);
	for (uint32_t i = 0; i < 1000; i++)
		c->members[i].out.send = count_children;
	cluster_publish(c, origin, 0, 0);
	cluster_advance(c, 6 * PERIOD);
}

/* 1000 = 1 + 2 + 8 + 128 + 861: the root has 2, then 2 have 4, 8 have 16, 3 have 256 and one the other 93. */
static void degrees_square_from_level_to_level(void **unused)
{
	static const struct {
		uint32_t children, members;
	} want[] = { { 2, 1 }, { 4, 2 }, { 16, 8 }, { 256, 3 }, { 93, 1 }, { 0, 985 } };
	struct cluster c;

	(void)unused;
	start_counting(&c, 0, 0);
	for (size_t i = 0; i < GN_ARRAY_LEN(want); i++) {
		uint32_t n = 0;

		for (uint32_t m = 0; m < 1000; m++)
			n += n_children[m] == want[i].children;
		assert_int_equal(n, want[i].members);
	}
	cluster_done(&c);
	start_counting(&c, 7, 5);
	for (uint32_t m = 0; m < 1000; m++)
		assert_true(n_children[m] <= 7);
	assert_int_equal(n_children[5], 2);
	cluster_done(&c);
}

/* The tree of each event is another one, and the cluster's seed decides which. */
static void every_event_has_a_tree_of_its_own(void **unused)
{
	enum { MEMBERS = 200, EVENTS = 300 };
	struct cluster c;
	uint32_t at_depth_one[MEMBERS] = { 0 };

	(void)unused;
	start(&c, MEMBERS, EVENTS, 9, 0);
	for (uint32_t e = 0; e < EVENTS; e++) {
		cluster_publish(&c, 0, e, 0);
		uint64_t published = c.now;

		cluster_round(&c, false);
		for (uint32_t m = 1; m < MEMBERS; m++)
			at_depth_one[m] += c.known_since[m * EVENTS + e] == published + PERIOD;
	}
	/* 600 places for 199 members: 3 each, and 15 would come once in a million. */
	for (uint32_t m = 1; m < MEMBERS; m++)
		assert_true(at_depth_one[m] < 15);
	cluster_done(&c);
}

/* No time but the latency and a nanosecond for each hop. */
static void without_rounds_it_goes_on_at_once(void **unused)
{
	static const enum gn_clock clocks[] = { GN_CLOCK_PERIODIC, GN_CLOCK_POISSON };
	struct cluster c;

	(void)unused;
	for (size_t i = 0; i < GN_ARRAY_LEN(clocks); i++) {
		cluster_setup(&c, "tree", 1000, 1, 0, 1);
		c.config.clock = clocks[i];
		c.latency = 1000;
		cluster_start(&c);
		cluster_advance(&c, 12345);
		cluster_publish(&c, 0, 0, 0);
		cluster_advance(&c, 12345 + 20 * PERIOD);
		assert_int_equal(c.informed_last[0], 12345 + 4 * 1001);
		cluster_done(&c);
	}
}

static uint64_t rounds_with_loss(uint32_t members, uint32_t events, uint32_t loss_percent, uint64_t seed,
				 bool at_once)
{
	struct cluster c;

	start(&c, members, events, seed, 0);
	c.loss_percent = loss_percent;
	for (uint32_t e = 0; e < events; e++)
		cluster_publish(&c, e * 3 % members, e, e % 100);
	while (!cluster_all_know(&c, events) && c.round < 1000)
		cluster_round(&c, at_once);
	assert_true(cluster_all_know(&c, events));
	uint64_t rounds = c.round;

	cluster_done(&c);
	return rounds;
}

/* At worst both children of the root miss it: 4 rounds for the tree, and then push-pull has to do it all. */
static void losses_are_repaired(void **unused)
{
	(void)unused;
	assert_true(gn_protocol_find("tree")->endless);
	for (uint32_t loss = 10; loss <= 50; loss += 10) {
		uint64_t most = 0, sum = 0;

		for (uint32_t i = 0; i < 20; i++) {
			uint64_t rounds = rounds_with_loss(1000, 1, loss, i, false);

			sum += rounds;
			most = GN_MAX(most, rounds);
		}
		print_message("# %u %% loss: %.1f rounds, at most %u\n", loss, (double)sum / 20,
			      (unsigned)most);
		assert_true(most <= 10 + loss * 2 / 5);
	}
	assert_true(rounds_with_loss(50, 1, 95, 1, false) < 600);
	assert_true(rounds_with_loss(2, 1, 90, 1, false) < 200);
}

/* The tree has its time before push-pull helps: with all of its datagrams lost, nothing happens until then. */
static void push_pull_waits_until_the_tree_is_through(void **unused)
{
	struct cluster c;

	(void)unused;
	start(&c, 1000, 1, 1, 0);
	cluster_publish(&c, 0, 0, 0);
	c.loss_percent = 100;
	cluster_round(&c, false);
	c.loss_percent = 0;
	assert_int_equal(c.kinds[EVENT], 2);
	while (c.round < 4)
		cluster_round(&c, c.round % 2);
	assert_int_equal(c.informed[0], 1);
	cluster_round(&c, false);
	assert_true(c.informed[0] > 1);
	while (c.informed[0] < 1000)
		cluster_round(&c, false);
	cluster_advance(&c, c.now + 5 * PERIOD);
	/* Whoever was told by push-pull told its children. */
	assert_int_equal(c.kinds[EVENT], 999);
	cluster_done(&c);
}

static void the_order_within_a_moment_does_not_matter(void **unused)
{
	(void)unused;
	for (uint32_t loss = 0; loss <= 60; loss += 5) {
		for (uint32_t members = 10; members < 200; members += 30)
			assert_int_equal(rounds_with_loss(members, 5, loss, members, true),
					 rounds_with_loss(members, 5, loss, members, false));
	}
}

static void hundreds_of_events_at_once(void **unused)
{
	(void)unused;
	assert_int_equal(rounds_with_loss(50, 500, 0, 1, true), 3);
	assert_true(rounds_with_loss(50, 500, 30, 1, false) <= 50);
}

/* A tenth of the datagrams twice, half a period apart, late and in another order. */
static void copies_and_overtaking_do_no_harm(void **unused)
{
	struct cluster c;

	(void)unused;
	cluster_setup(&c, "tree", 100, 50, 8, 1);
	c.config.clock = GN_CLOCK_PERIODIC;
	cluster_start(&c);
	c.latency = PERIOD / 4;
	c.jitter = PERIOD / 2;
	c.duplicate_percent = 10;
	c.loss_percent = 20;
	for (uint32_t e = 0; e < 50; e++)
		cluster_publish(&c, e % 7, e, 8);
	cluster_advance(&c, 40 * PERIOD);
	assert_true(cluster_all_know(&c, 50));
	cluster_done(&c);
}

static void what_cannot_be_is_refused(void **unused)
{
	struct cluster c;

	(void)unused;
	cluster_setup(&c, "tree", 10, 1, 0, 1);
	cluster_set(&c, "cap", 1);
	assert_non_null(cluster_prepare(&c));
	cluster_done(&c);

	cluster_setup(&c, "tree", UINT32_MAX, 1, 0, 1);
	assert_non_null(cluster_prepare(&c));
	cluster_done(&c);
	for (uint32_t cap = 2; cap < GN_STEP_DATAGRAMS_MAX / 2; cap *= 7) {
		cluster_setup(&c, "tree", UINT32_MAX, 1, 0, 1);
		cluster_set(&c, "cap", cap);
		assert_null(cluster_prepare(&c));
		cluster_done(&c);
	}
	cluster_setup(&c, "tree", 2000000000, 1, 0, 1);
	assert_null(cluster_prepare(&c));
	cluster_done(&c);
}

static void one_event_needs_little_memory(void **unused)
{
	struct cluster c;

	(void)unused;
	cluster_setup(&c, "tree", 10, 1, 0, 1);
	assert_null(cluster_prepare(&c));
	print_message("# %zu + %zu bytes per member\n", c.sizes.head, c.sizes.body);
	assert_true(c.sizes.head + c.sizes.body < 128);
	cluster_done(&c);
}

/* Not even when it comes at a time at which there is something to do. */
static void a_refused_datagram_changes_nothing(void **unused)
{
	static const uint8_t noise[100] = { 'G', 'n' };
	struct cluster c;
	uint8_t before[256];

	(void)unused;
	start(&c, 10, 1, 1, 0);
	cluster_publish(&c, 0, 0, 100);
	assert_true(c.sizes.head + c.sizes.body <= sizeof(before));
	memcpy(before, c.members[0].head, c.sizes.head + c.sizes.body);
	c.now = 50 * PERIOD;
	assert_int_equal(cluster_feed(&c.members[0], (struct gn_input){ .type = GN_DATAGRAM,
									.from = 1,
									.data = noise,
									.size = sizeof(noise) }),
			 -1);
	assert_memory_equal(before, c.members[0].head, c.sizes.head + c.sizes.body);
	cluster_done(&c);
}

/* ---- as many children as a member can have ---- */

enum { CHILDREN = GN_STEP_DATAGRAMS_MAX / 4 + 1 };

static uint32_t n_sent;

static void count_sent(void *host, uint32_t to, const uint8_t *data, size_t size)
{
	(void)host;
	(void)to;
	(void)size;
	n_sent += data[3] == EVENT;
}

static void no_delivery(void *host, const struct gn_delivery *d)
{
	(void)host;
	(void)d;
}

/* Who must be the root of an event's tree for member 0 to be at @place: see src/proto/tree.c. */
static uint32_t root_for(const struct gn_cluster *c, uint32_t event, uint64_t place)
{
	const struct gn_permutation p = gn_permutation(c->members, gn_hash(c->seed, event));

	return gn_permute_back(&p, (uint32_t)((gn_permute(&p, 0) + c->members - place) % c->members));
}

/* Two events give a member more children together than a step may send to: those of one come first. Five levels have 32907
 * members, and the first of the sixth have CHILDREN each. Only one member of the cluster is made. */
static void a_step_sends_to_no_more_children_than_it_may(void **unused)
{
	struct gn_random random = { 1 };
	uint8_t room[GN_DATAGRAM_MAX];
	const struct gn_output out = { NULL, count_sent, no_delivery, NULL, room };
	uint64_t deadline = GN_NO_DEADLINE;
	struct cluster c;

	(void)unused;
	cluster_setup(&c, "tree", UINT32_MAX, 2, 0, 1);
	cluster_set(&c, "cap", CHILDREN);
	c.config.clock = GN_CLOCK_PERIODIC;
	assert_null(cluster_prepare(&c));
	void *head = calloc(1, c.sizes.head), *body = calloc(1, c.sizes.body);
	struct gn_input in = { .type = GN_START, .random = &random };

	c.protocol->step(&c.config, head, body, &in, &out, &deadline);
	for (uint32_t e = 0; e < 2; e++) {
		const struct gn_wire_record r = { .event = e, .origin = root_for(&c.config, e, 33000) };
		struct gn_wire_writer w;

		gn_wire_begin(&w, EVENT, 0, 0, 0);
		gn_wire_put_record(&w, &r);
		in = (struct gn_input){ .type = GN_DATAGRAM,
					.now = 1,
					.from = 1,
					.random = &random,
					.data = w.data,
					.size = w.size };
		assert_int_equal(c.protocol->step(&c.config, head, body, &in, &out, &deadline), 0);
	}
	n_sent = 0;
	in = (struct gn_input){ .type = GN_TIMER, .now = deadline, .random = &random };
	c.protocol->step(&c.config, head, body, &in, &out, &deadline);
	assert_int_equal(n_sent, CHILDREN);
	assert_int_equal(deadline, in.now + 1);
	free(head);
	free(body);
	cluster_done(&c);
}

static void hostile_datagrams_leave_no_trace(void **unused)
{
	(void)unused;
	for (uint64_t seed = 0; seed < 3; seed++)
		assert_true(hostile_run("tree", NULL, seed) > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_takes_as_many_rounds_as_it_is_deep),
		cmocka_unit_test(a_cap_makes_it_deeper),
		cmocka_unit_test(degrees_square_from_level_to_level),
		cmocka_unit_test(every_event_has_a_tree_of_its_own),
		cmocka_unit_test(without_rounds_it_goes_on_at_once),
		cmocka_unit_test(losses_are_repaired),
		cmocka_unit_test(push_pull_waits_until_the_tree_is_through),
		cmocka_unit_test(the_order_within_a_moment_does_not_matter),
		cmocka_unit_test(hundreds_of_events_at_once),
		cmocka_unit_test(copies_and_overtaking_do_no_harm),
		cmocka_unit_test(what_cannot_be_is_refused),
		cmocka_unit_test(one_event_needs_little_memory),
		cmocka_unit_test(a_refused_datagram_changes_nothing),
		cmocka_unit_test(a_step_sends_to_no_more_children_than_it_may),
		cmocka_unit_test(hostile_datagrams_leave_no_trace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
