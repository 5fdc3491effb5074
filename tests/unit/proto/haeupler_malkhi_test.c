/* SPDX-License-Identifier: MIT */
/* haeupler-malkhi: one cluster after a schedule that the size decides, and news by its leader from then on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdio.h>
#include <cmocka.h>

#include "hostile.h"

enum { LEAD = 8, CALL = 9, ANSWER = 12 }; /* kinds: who leads; to the leader; its events */

/* Rounds before the phase in which the last members look for a leader, from the definition, in floating point. */
static uint32_t rounds_of_clustering(double n, double c)
{
	double s = c * log(n), rounds = ceil(fmax(0, log2(4 * s))) + 1 + 3;

	for (; s > 2 && s < sqrt(n); s = s * s / 2)
		rounds += 8;
	return (uint32_t)rounds;
}

static bool run_until_known(struct cluster *c, uint32_t events, uint32_t rounds)
{
	while (!cluster_all_know(c, events) && c->round < rounds)
		cluster_round(c, c->config.seed % 2);
	return cluster_all_know(c, events);
}

/* The leader shares when all have reported: half of the members and all of them learn in the same round. */
static void a_first_event_comes_to_all_at_the_end_of_the_schedule(void **unused)
{
	static const struct {
		uint32_t members;
		int64_t c;		  /* in millionths */
		uint64_t seeds, at_least; /* complete so many */
	} cases[] = {
		/* tests/reference says that 62 % of the runs with three members have no leader, and that 8, 3, 14
		 * and 4 % of those below have several in the end. */
		{ 3, 1500000, 40, 10 },	  { 300, 1500000, 20, 16 }, { 1000, 1500000, 10, 9 },
		{ 1000, 3000000, 10, 7 }, { 1000, 700000, 10, 8 },  { 30000, 2500000, 1, 1 },
	};

	(void)unused;
	for (size_t i = 0; i < GN_ARRAY_LEN(cases); i++) {
		const uint32_t n = cases[i].members,
			       clustering = rounds_of_clustering(n, (double)cases[i].c / 1e6);
		uint64_t complete = 0;

		for (uint64_t seed = 1; seed <= cases[i].seeds; seed++) {
			uint32_t before = 0;
			struct cluster c;

			cluster_setup(&c, "haeupler-malkhi", n, 1, 0, seed);
			cluster_set(&c, "c", cases[i].c);
			cluster_start(&c);
			cluster_publish(&c, (uint32_t)seed % n, 0, 0);
			while (c.informed[0] < n && c.round < clustering + 10) {
				before = c.informed[0];
				cluster_round(&c, seed % 2);
			}
			if (c.informed[0] == n) {
				complete++;
				assert_true(before <= 2);
				assert_true(c.round >= clustering + 2 && c.round <= clustering + 8);
			}
			cluster_done(&c);
		}
		print_message("# %u members: %u rounds of clustering, %u of %u runs complete\n", n,
			      clustering, (unsigned)complete, (unsigned)cases[i].seeds);
		assert_true(complete >= cases[i].at_least);
	}
}

static void later_events_take_two_rounds(void **unused)
{
	enum { EVENTS = 40, SIZE = 500 };
	struct cluster c;

	(void)unused;
	cluster_init(&c, "haeupler-malkhi", 300, EVENTS, SIZE, 2);
	cluster_publish(&c, 0, 0, SIZE);
	assert_true(run_until_known(&c, 1, 40));
	for (uint32_t e = 1; e < EVENTS; e++) {
		const uint64_t at = c.now + PERIOD;

		cluster_publish(&c, e * 7, e, SIZE);
		cluster_round(&c, e % 2);
		assert_true(c.informed[e] <= 2 ||
			    c.informed_last[e] == at); /* at once if it is the leader's */
		cluster_round(&c, e % 2);
		assert_int_equal(c.informed[e], 300);
	}
	/* Each member gets each event once; at rest there is one datagram for each and round. */
	assert_int_equal(c.copies, 300 * EVENTS);
	const uint64_t datagrams = c.datagrams, bytes = c.bytes;

	cluster_round(&c, true);
	assert_int_equal(c.datagrams - datagrams, 299);
	assert_true(c.bytes - bytes <= 299 * 27);
	cluster_done(&c);
}

/* Clusters come out smaller, so more often one stays apart. But what the leader knows comes to all of its own. */
static void events_survive_loss(void **unused)
{
	enum { EVENTS = 20 };
	unsigned complete = 0;

	(void)unused;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct cluster c;

		cluster_init(&c, "haeupler-malkhi", 300, EVENTS, 100, seed);
		c.loss_percent = c.duplicate_percent = 5;
		for (uint32_t e = 0; e < EVENTS; e++)
			cluster_publish(&c, e * 9, e, 100);
		complete += run_until_known(&c, EVENTS, 100);
		cluster_done(&c);
	}
	print_message("# 5 %% loss: %u of 20 runs complete\n", complete);
	assert_true(complete >= 12);
}

static void the_periodic_clock_works_as_well(void **unused)
{
	unsigned complete = 0;

	(void)unused;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct cluster c;

		cluster_setup(&c, "haeupler-malkhi", 300, 1, 0, seed);
		c.config.clock = GN_CLOCK_PERIODIC;
		c.latency = PERIOD / 20;
		c.jitter = PERIOD / 50;
		cluster_start(&c);
		cluster_publish(&c, 17, 0, 0);
		complete += run_until_known(&c, 1, 60);
		cluster_done(&c);
	}
	print_message("# periodic: %u of 20 runs complete\n", complete);
	assert_true(complete >= 16);
}

/* Members that know of no leader or of a wrong one, whatever the reason, find one that there is. */
static void a_lost_member_finds_its_way(void **unused)
{
	struct gn_wire_writer w;
	struct cluster c;

	(void)unused;
	cluster_init(&c, "haeupler-malkhi", 300, 2, 0, 2);
	cluster_publish(&c, 0, 0, 0);
	assert_true(run_until_known(&c, 1, 40));
	/* All others tell member 5, so also its leader does, that there is none, or that it is member 9. */
	for (uint32_t wrong = 0; wrong < 2; wrong++) {
		gn_wire_begin(&w, LEAD, 30, wrong ? 9 : GN_NO_MEMBER, c.now);
		for (uint32_t from = 0; from < 300; from++) {
			if (from != 5)
				cluster_feed(&c.members[5], (struct gn_input){ .type = GN_DATAGRAM,
									       .from = from,
									       .data = w.data,
									       .size = w.size });
		}
		cluster_round(&c, true);
		cluster_round(&c, true);
		cluster_round(&c, true);
	}
	cluster_publish(&c, 5, 1, 0);
	cluster_round(&c, true);
	cluster_round(&c, true);
	assert_int_equal(c.informed[1], 300);
	cluster_done(&c);
}

/* An empty digest from member 5 to member 0. @fresh: not welcomed yet, so the leader counts it in. */
static void call(struct cluster *c, bool fresh)
{
	const struct gn_wire_digest nothing = { .end = true };
	struct gn_wire_writer w;

	gn_wire_begin(&w, CALL, fresh, c->round, c->now);
	gn_wire_put_digest(&w, &nothing);
	assert_int_equal(
		cluster_feed(
			&c->members[0],
			(struct gn_input){ .type = GN_DATAGRAM, .from = 5, .data = w.data, .size = w.size }),
		0);
}

/* With so small a c all members lead, and nothing that they send arrives: each is alone but for member 5, which this one counts
 * in the first, second or third round that it may. Two more go by. */
static void a_leader_shares_after_two_quiet_rounds(void **unused)
{
	const uint32_t ready = rounds_of_clustering(10, 0.1) + 1;

	(void)unused;
	for (uint32_t newcomer = 0; newcomer < 3; newcomer++) {
		struct cluster c;

		cluster_setup(&c, "haeupler-malkhi", 10, 1, 0, 1);
		cluster_set(&c, "c", 100000);
		c.loss_percent = 100;
		cluster_start(&c);
		cluster_publish(&c, 0, 0, 0);
		while (!c.kinds[ANSWER] && c.round < ready + 20) {
			cluster_round(&c, false);
			call(&c, c.round == ready + newcomer);
		}
		assert_int_equal(c.round, ready + newcomer + 3);
		cluster_done(&c);
	}
}

static uint32_t told; /* the leader that the last datagram named */

static void keep_leader(void *host, uint32_t to, const uint8_t *data, size_t size)
{
	const struct member *m = host;
	struct gn_wire_datagram d;

	(void)to;
	assert_int_equal(gn_wire_read(&m->cluster->config, data, size, &d), 0);
	assert_int_equal(d.kind, LEAD);
	told = d.number;
}

/* Who takes it for a leader is referred to the one that it follows from the next round on. */
static void a_member_refers_to_its_next_leader(void **unused)
{
	struct gn_wire_writer w;
	struct cluster c;

	(void)unused;
	cluster_init(&c, "haeupler-malkhi", 10, 1, 0, 1);
	c.members[0].out.send = keep_leader;
	call(&c, false);
	assert_int_equal(told, GN_NO_MEMBER);
	gn_wire_begin(&w, LEAD, 0, 9, c.now);
	cluster_feed(&c.members[0],
		     (struct gn_input){ .type = GN_DATAGRAM, .from = 3, .data = w.data, .size = w.size });
	call(&c, false);
	assert_int_equal(told, 9);
	cluster_done(&c);
}

static void only_the_leader_is_believed(void **unused)
{
	uint32_t disturbed = 0;
	struct gn_wire_writer w;
	struct cluster c;

	(void)unused;
	cluster_init(&c, "haeupler-malkhi", 100, 100, 0, 1);
	cluster_publish(&c, 0, 0, 0);
	assert_true(run_until_known(&c, 1, 40));
	for (uint32_t from = 0; from < 100; from++) {
		if (from == 5)
			continue;
		gn_wire_begin(&w, LEAD, 30, GN_NO_MEMBER, c.now);
		cluster_feed(&c.members[5],
			     (struct gn_input){
				     .type = GN_DATAGRAM, .from = from, .data = w.data, .size = w.size });
		cluster_publish(&c, 5, from, 0);
		cluster_round(&c, true);
		cluster_round(&c, true);
		disturbed += c.informed[from] < 100;
	}
	assert_int_equal(disturbed, 1); /* the leader itself must be */
	cluster_done(&c);
}

/* Only random calls follow the overlay; a ring has no room for clusters to grow, but whoever finds a leader calls it. */
static void overlays_and_memory_are_for_random_calls(void **unused)
{
	enum { N = 50 };
	uint32_t first[N + 1], peers[2 * N];
	struct cluster c;

	(void)unused;
	for (uint32_t i = 0; i < N; i++) {
		first[i] = 2 * i;
		peers[2 * i] = (i + 1) % N;
		peers[2 * i + 1] = (i + N - 1) % N;
	}
	first[N] = 2 * N;
	cluster_setup(&c, "haeupler-malkhi", N, 1, 0, 1);
	c.config.first_peer = first;
	c.config.peers = peers;
	c.config.avoid_last = true;
	cluster_start(&c);
	cluster_publish(&c, 0, 0, 0);
	while (c.round < 80)
		cluster_round(&c, true);
	print_message("# ring: %u of %u\n", c.informed[0], (unsigned)N);
	assert_true(c.informed[0] > 5);
	cluster_done(&c);
}

static void what_does_not_parse_is_refused(void **unused)
{
	static const struct {
		uint8_t kind;
		uint32_t number;
		bool digest, record;
	} cases[] = {
		{ 0, 0, false, false },
		{ 12, 0, false, false },
		{ 13, 0, false, false },
		{ 1, 10, false, false },
		{ 1, 0, true, false },
		{ 1, 0, false, true },
		{ 1, GN_NO_MEMBER, false, false },
		{ 3, 10, false, false },
		{ 4, 10, false, false },
		{ 5, 10, false, false },
		{ 8, 10, false, false },
		{ 9, 0, false, false },
		{ 9, 0, true, true },
		{ 11, 0, false, false },
		{ 11, 0, true, true },
	};
	const struct gn_wire_digest digest = { .end = true };
	struct cluster c;

	(void)unused;
	cluster_init(&c, "haeupler-malkhi", 10, 1, 0, 1);
	for (size_t i = 0; i < GN_ARRAY_LEN(cases); i++) {
		struct gn_wire_writer w;

		gn_wire_begin(&w, cases[i].kind, 1, cases[i].number, 0);
		if (cases[i].digest)
			gn_wire_put_digest(&w, &digest);
		if (cases[i].record)
			gn_wire_put_record(&w, &(struct gn_wire_record){ 0 });
		const struct gn_input in = { .type = GN_DATAGRAM, .from = 1, .data = w.data, .size = w.size };

		if (cluster_feed(&c.members[2], in) != -1)
			fail_msg("case %zu was taken", i);
	}
	assert_int_equal(c.datagrams + c.copies, 0);
	cluster_done(&c);
}

static void hostile_datagrams_leave_no_trace(void **unused)
{
	(void)unused;
	for (uint64_t seed = 1; seed <= 5; seed++)
		assert_true(hostile_run("haeupler-malkhi", NULL, seed) > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_first_event_comes_to_all_at_the_end_of_the_schedule),
		cmocka_unit_test(later_events_take_two_rounds),
		cmocka_unit_test(events_survive_loss),
		cmocka_unit_test(the_periodic_clock_works_as_well),
		cmocka_unit_test(a_lost_member_finds_its_way),
		cmocka_unit_test(a_leader_shares_after_two_quiet_rounds),
		cmocka_unit_test(a_member_refers_to_its_next_leader),
		cmocka_unit_test(only_the_leader_is_believed),
		cmocka_unit_test(overlays_and_memory_are_for_random_calls),
		cmocka_unit_test(what_does_not_parse_is_refused),
		cmocka_unit_test(hostile_datagrams_leave_no_trace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
