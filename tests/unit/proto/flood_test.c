/* SPDX-License-Identifier: MIT */
/* flood, on rings and in full. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "hostile.h"

/* A ring as an overlay: everybody's partners are the two beside it. */
struct ring {
	struct cluster cluster;
	uint32_t first[1001], peers[2000];
};

static void start_ring(struct ring *r, uint32_t members, uint32_t events)
{
	cluster_setup(&r->cluster, "flood", members, events, 0, 1);
	for (uint32_t m = 0; m <= members; m++)
		r->first[m] = 2 * m;
	for (uint32_t m = 0; m < members; m++) {
		r->peers[2 * m] = (m + members - 1) % members;
		r->peers[2 * m + 1] = (m + 1) % members;
	}
	r->cluster.config.first_peer = r->first;
	r->cluster.config.peers = r->peers;
	cluster_start(&r->cluster);
}

/* Round r reaches those r steps away; the two ends meet, and everybody but the origin sends one datagram on. */
static void a_ring_fills_from_both_sides(void **unused)
{
	static struct ring r;

	(void)unused;
	start_ring(&r, 1000, 1);
	cluster_publish(&r.cluster, 17, 0, 0);
	for (uint32_t round = 1; round <= 500; round++) {
		assert_true(r.cluster.informed[0] < 1000);
		cluster_round(&r.cluster, round % 2);
		assert_int_equal(r.cluster.informed[0], GN_MIN(2 * round + 1, 1000));
	}
	cluster_advance(&r.cluster, 1000 * PERIOD);
	/* The last one hears it from both sides in one round, and passes it back to that which came second. */
	assert_int_equal(r.cluster.datagrams, 2 + 999);
	assert_int_equal(r.cluster.copies, 1 + 999 + 2);
	cluster_done(&r.cluster);
}

static void one_loss_is_repaired_by_nobody(void **unused)
{
	static struct ring r;

	(void)unused;
	start_ring(&r, 100, 1);
	cluster_publish(&r.cluster, 0, 0, 0);
	cluster_round(&r.cluster, false);
	r.cluster.loss_percent = 100;
	cluster_round(&r.cluster, false);
	r.cluster.loss_percent = 0;
	cluster_advance(&r.cluster, 1000 * PERIOD);
	assert_int_equal(r.cluster.informed[0], 3);
	cluster_done(&r.cluster);
	assert_false(gn_protocol_find("flood")->endless);
}

/* Overlay full: everybody tells everybody else but the one that told it. */
static void in_full_it_takes_one_round_and_all_pairs(void **unused)
{
	struct cluster c;

	(void)unused;
	cluster_init(&c, "flood", 50, 1, 10, 1);
	cluster_publish(&c, 7, 0, 10);
	cluster_round(&c, false);
	assert_int_equal(c.informed[0], 50);
	assert_int_equal(c.datagrams, 49);
	cluster_round(&c, false);
	assert_int_equal(c.datagrams, 49 + 49 * 48);
	cluster_advance(&c, 100 * PERIOD);
	assert_int_equal(c.datagrams, 49 + 49 * 48);
	cluster_done(&c);
}

/* With other clocks an event goes on at once: a nanosecond and the latency for each hop. */
static void without_rounds_it_goes_on_at_once(void **unused)
{
	static struct ring r;
	struct cluster *c = &r.cluster;

	(void)unused;
	start_ring(&r, 100, 1);
	c->config.clock = GN_CLOCK_PERIODIC;
	c->latency = 1000;
	cluster_publish(c, 0, 0, 0);
	cluster_advance(c, PERIOD);
	assert_int_equal(c->informed[0], 100);
	assert_int_equal(c->informed_last[0], 50 * 1001);
	cluster_done(c);
}

static void hundreds_of_events_at_once(void **unused)
{
	struct cluster c;

	(void)unused;
	cluster_init(&c, "flood", 20, 500, 1024, 1);
	c.jitter = PERIOD / 2;
	c.duplicate_percent = 20;
	c.config.clock = GN_CLOCK_PERIODIC;
	for (uint32_t e = 0; e < 500; e++)
		cluster_publish(&c, e % 20, e, e * 2);
	cluster_advance(&c, 10 * PERIOD);
	assert_true(cluster_all_know(&c, 500));
	assert_int_equal(c.datagrams, 500 * (19 + 19 * 18));
	cluster_done(&c);
}

/* A host may be late, and has many events then. None may be sent that came at that very moment. */
static void a_late_host_misses_nothing(void **unused)
{
	struct cluster c;
	struct member *m;

	(void)unused;
	cluster_setup(&c, "flood", 20, 3, 8, 1);
	c.config.clock = GN_CLOCK_POISSON;
	cluster_start(&c);
	m = &c.members[3];
	c.now = 100;
	cluster_publish(&c, 3, 0, 8);
	c.now = 200;
	cluster_publish(&c, 3, 1, 8);
	c.now = 5000;
	cluster_publish(&c, 3, 2, 8);
	assert_int_equal(m->deadline, 101);
	cluster_feed(m, (struct gn_input){ .type = GN_TIMER });
	assert_int_equal(c.datagrams, 2 * 19);
	assert_int_equal(m->deadline, 5001);
	cluster_advance(&c, 10000);
	assert_true(cluster_all_know(&c, 3));
	cluster_done(&c);
}

/* Member 0's partners are member 2 and, more often than half of what a step may send, member 1. That is where both events come
 * from, so only one datagram for each goes out: but in steps of their own. */
static void a_step_sends_no_more_than_it_may(void **unused)
{
	enum { PARTNERS = GN_STEP_DATAGRAMS_MAX / 2 + 2 };
	static uint32_t peers[PARTNERS + 1];
	static const uint32_t first[] = { 0, PARTNERS, PARTNERS + 1, PARTNERS + 1 };
	struct cluster c;

	(void)unused;
	peers[0] = 2;
	for (uint32_t i = 1; i < PARTNERS; i++)
		peers[i] = 1;
	cluster_setup(&c, "flood", 3, 2, 0, 1);
	c.config.first_peer = first;
	c.config.peers = peers;
	cluster_start(&c);
	cluster_publish(&c, 1, 0, 0);
	cluster_publish(&c, 1, 1, 0);
	for (uint32_t round = 1; round <= 4; round++) {
		cluster_round(&c, false);
		assert_int_equal(c.datagrams, GN_MIN(1 + round, 4));
	}
	assert_true(cluster_all_know(&c, 2));
	cluster_done(&c);
}

static void too_many_partners_are_refused(void **unused)
{
	static const uint32_t peers[1];

	(void)unused;
	for (uint32_t more = 0; more < 2; more++) {
		const uint32_t most = GN_STEP_DATAGRAMS_MAX + more, first[] = { 0, most, most };
		struct cluster c;

		cluster_setup(&c, "flood", 2, 1, 0, 1);
		c.config.first_peer = first;
		c.config.peers = peers;
		const char *wrong = cluster_prepare(&c);

		if (more)
			assert_string_equal(
				wrong,
				"a member can send to at most 16777216 partners at once: choose another overlay");
		else
			assert_null(wrong);
		cluster_done(&c);
	}
}

static void hostile_datagrams_leave_no_trace(void **unused)
{
	(void)unused;
	assert_true(hostile_run("flood", NULL, 1) > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_ring_fills_from_both_sides),
		cmocka_unit_test(one_loss_is_repaired_by_nobody),
		cmocka_unit_test(in_full_it_takes_one_round_and_all_pairs),
		cmocka_unit_test(without_rounds_it_goes_on_at_once),
		cmocka_unit_test(hundreds_of_events_at_once),
		cmocka_unit_test(a_late_host_misses_nothing),
		cmocka_unit_test(a_step_sends_no_more_than_it_may),
		cmocka_unit_test(too_many_partners_are_refused),
		cmocka_unit_test(hostile_datagrams_leave_no_trace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
