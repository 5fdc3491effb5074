/* SPDX-License-Identifier: MIT */
/* memberlist: who is sent to, how often, in which order, and what push-pull adds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "hostile.h"

enum { GOSSIP = 1, ASK, ANSWER, REST };

/* So long that no test comes across one. */
#define NEVER (INT64_C(24) * 3600 * 1000000000)

static void setup(struct cluster *c, uint32_t members, uint32_t events, uint32_t payload, uint64_t seed,
		  int64_t push_pull_interval)
{
	cluster_setup(c, "memberlist", members, events, payload, seed);
	cluster_set(c, "push_pull_interval", push_pull_interval);
}

static uint32_t digits(uint32_t n)
{
	return n ? 1 + digits(n / 10) : 0;
}

/* 4 * ceil(log10(n + 1)) each and no more, wherever they go. */
static void every_member_transmits_up_to_the_limit(void **unused)
{
	static const uint32_t sizes[] = { 2, 3, 8, 9, 10, 50, 99, 100, 500, 999, 1000, 20000 };

	(void)unused;
	assert_int_equal(digits(9), 1);
	assert_int_equal(digits(10), 2);
	for (size_t i = 0; i < GN_ARRAY_LEN(sizes); i++) {
		for (int64_t mult = 1; mult <= 7; mult += 3) {
			struct cluster c;

			setup(&c, sizes[i], 1, 0, i, NEVER);
			cluster_set(&c, "retransmit_mult", mult);
			cluster_start(&c);
			cluster_publish(&c, 0, 0, 0);
			cluster_advance(&c, 100 * PERIOD);
			assert_int_equal(c.kinds[GOSSIP], c.informed[0] * mult * digits(sizes[i]));
			assert_int_equal(c.datagrams, c.kinds[GOSSIP]);
			cluster_done(&c);
		}
	}
}

/* e^-12 of the members are missed on average with 12 transmissions each. */
static void gossip_reaches_everybody(void **unused)
{
	uint32_t missed = 0, last = 0;

	(void)unused;
	for (uint64_t seed = 0; seed < 200; seed++) {
		struct cluster c;

		setup(&c, 200, 1, 100, seed, NEVER);
		cluster_start(&c);
		cluster_publish(&c, 7, 0, 100);
		cluster_advance(&c, 100 * PERIOD);
		missed += 200 - c.informed[0];
		last = GN_MAX(last, (uint32_t)(c.informed_last[0] / PERIOD));
		cluster_done(&c);
	}
	print_message("# 200 members, 200 seeds: %u missed, at most %u rounds\n", missed, last);
	assert_true(missed <= 2 && last <= 12);
}

/* What member 0 sends of itself: to whom, and which events. */
static struct {
	uint64_t at;
	uint32_t to, n, event[GN_WIRE_RECORDS_MAX];
} sent[1000];
static size_t n_sent;

static void on_send(void *host, uint32_t to, const uint8_t *data, size_t size)
{
	const struct member *m = host;
	struct gn_wire_datagram d;

	assert_int_equal(gn_wire_read(&m->cluster->config, data, size, &d), 0);
	if (d.kind != GOSSIP && d.kind != ASK)
		return;
	assert_true(n_sent < GN_ARRAY_LEN(sent));
	sent[n_sent].at = m->cluster->now;
	sent[n_sent].to = to;
	sent[n_sent].n = d.n_records;
	for (uint32_t i = 0; i < d.n_records; i++) {
		struct gn_wire_record r;

		d.records = gn_wire_next(d.records, &r);
		sent[n_sent].event[i] = r.event;
	}
	n_sent++;
}

static void start_watching(struct cluster *c)
{
	cluster_start(c);
	c->members[0].out.send = on_send;
	n_sent = 0;
}

static void a_round_goes_to_different_members(void **unused)
{
	(void)unused;
	for (int64_t nodes = 1; nodes <= 7; nodes++) {
		for (uint64_t seed = 0; seed < 50; seed++) {
			struct cluster c;

			setup(&c, 20, 1, 0, seed, NEVER);
			cluster_set(&c, "nodes", nodes);
			start_watching(&c);
			cluster_publish(&c, 0, 0, 0);
			cluster_round(&c, false);
			assert_int_equal(n_sent, nodes);
			for (size_t i = 0; i < n_sent; i++) {
				for (size_t j = 0; j < i; j++)
					assert_int_not_equal(sent[i].to, sent[j].to);
			}
			cluster_done(&c);
		}
	}
}

/* More than there are: all, mostly, and nobody twice. */
static void few_members_are_all_sent_to(void **unused)
{
	struct cluster c;

	(void)unused;
	setup(&c, 4, 1, 0, 1, NEVER);
	cluster_set(&c, "nodes", 64);
	start_watching(&c);
	cluster_publish(&c, 0, 0, 0);
	cluster_round(&c, false);
	assert_int_equal(n_sent, 3);
	cluster_done(&c);
}

/* `memory: true` on a ring: now one side, now the other. */
static void the_last_partner_is_not_called_again(void **unused)
{
	uint32_t first[21], peers[40];
	struct cluster c;

	(void)unused;
	setup(&c, 20, 1, 0, 1, NEVER);
	for (uint32_t m = 0; m <= 20; m++)
		first[m] = 2 * m;
	for (uint32_t m = 0; m < 20; m++) {
		peers[2 * m] = m && m < 19 ? m - 1 : m ? 0 : 1;
		peers[2 * m + 1] = m < 19 && m ? m + 1 : m ? 18 : 19;
	}
	c.config.first_peer = first;
	c.config.peers = peers;
	c.config.avoid_last = true;
	cluster_set(&c, "nodes", 1);
	start_watching(&c);
	cluster_publish(&c, 0, 0, 0);
	cluster_advance(&c, 20 * PERIOD);
	assert_int_equal(n_sent, 8);
	for (size_t i = 1; i < n_sent; i++)
		assert_int_not_equal(sent[i].to, sent[i - 1].to);
	cluster_done(&c);
}

static void check_sent(size_t i, const uint32_t *want, uint32_t n)
{
	assert_true(i < n_sent);
	assert_int_equal(sent[i].n, n);
	for (uint32_t k = 0; k < n; k++)
		assert_int_equal(sent[i].event[k], want[k]);
}

/*
 * Room for 1380 bytes of records, 16 of them beside each payload. First comes the largest, 5, then the largest that
 * still fits behind it. Each member that is sent to gets what was sent least often until then.
 */
static void the_queue_is_that_of_memberlist(void **unused)
{
	static const size_t size[] = { 100, 600, 600, 300, 300, 1000, 10 };
	struct cluster c;

	(void)unused;
	setup(&c, 20, GN_ARRAY_LEN(size), 1024, 1, NEVER);
	cluster_set(&c, "retransmit_mult", 1);
	start_watching(&c);
	for (uint32_t e = 0; e < GN_ARRAY_LEN(size); e++)
		cluster_publish(&c, 0, e, size[e]);
	cluster_round(&c, false);
	assert_int_equal(n_sent, 3);
	check_sent(0, (uint32_t[]){ 5, 4, 6 }, 3); /* 1016 + 316 + 26 */
	/* 616 + 616 + 116; 3, the last that was not sent, does not fit into 32, but 6 does, for the second time. */
	check_sent(1, (uint32_t[]){ 2, 1, 0, 6 }, 4);
	check_sent(2, (uint32_t[]){ 3, 5 }, 2); /* 316 + 1016 */
	cluster_round(&c, false);
	/* 5 and 6 have reached the limit of 2 and are gone. */
	check_sent(3, (uint32_t[]){ 2, 1, 0 }, 3);
	check_sent(4, (uint32_t[]){ 4, 3 }, 2);
	assert_int_equal(n_sent, 5);
	cluster_advance(&c, 10 * PERIOD);
	assert_int_equal(n_sent, 5);
	cluster_done(&c);
}

/* A new event overtakes those that were sent before. */
static void the_new_come_before_the_old(void **unused)
{
	struct cluster c;

	(void)unused;
	setup(&c, 20, 3, 1024, 1, NEVER);
	start_watching(&c);
	cluster_publish(&c, 0, 0, 1024);
	cluster_publish(&c, 0, 1, 1024);
	cluster_round(&c, false);
	cluster_publish(&c, 0, 2, 1000);
	cluster_round(&c, false);
	assert_int_equal(n_sent, 6);
	for (size_t i = 0; i < 6; i++)
		check_sent(i, &(uint32_t){ (const uint32_t[]){ 1, 0, 1, 2, 0, 2 }[i] }, 1);
	cluster_done(&c);
}

/* Every 30 s up to 32 members, 60 s from 33 on, 90 s from 65 on; the first time after one interval and a random part. */
static void push_pull_is_rarer_in_large_clusters(void **unused)
{
	static const struct {
		uint32_t members, intervals;
	} cases[] = { { 2, 1 }, { 32, 1 }, { 33, 2 }, { 64, 2 }, { 65, 3 }, { 1024, 6 }, { 1025, 7 } };

	(void)unused;
	for (size_t i = 0; i < GN_ARRAY_LEN(cases); i++) {
		for (int rounds = 0; rounds < 2; rounds++) {
			const uint64_t interval = 30 * UINT64_C(1000000000);
			const uint64_t scaled = interval * cases[i].intervals;
			struct cluster c;

			cluster_setup(&c, "memberlist", cases[i].members, 1, 0, i);
			c.config.period = interval / 10;
			c.config.clock = rounds ? GN_CLOCK_ROUNDS : GN_CLOCK_PERIODIC;
			start_watching(&c);
			cluster_advance(&c, 11 * interval * cases[i].intervals);
			assert_in_range(n_sent, 9, 10);
			assert_in_range(sent[0].at, scaled, scaled + interval);
			for (size_t k = 1; k < n_sent; k++)
				assert_int_equal(sent[k].at - sent[k - 1].at, scaled);
			cluster_done(&c);
		}
	}
}

/* Two members, all gossip lost: both ways of a push-pull, whoever calls. */
static void push_pull_repairs_both_ways(void **unused)
{
	struct cluster c;

	(void)unused;
	setup(&c, 2, 40, 8, 1, 100 * (int64_t)PERIOD);
	cluster_start(&c);
	for (uint32_t e = 0; e < 40; e++)
		cluster_publish(&c, e % 2, e, 8);
	c.loss_percent = 100;
	cluster_advance(&c, 99 * PERIOD);
	assert_true(c.kinds[GOSSIP] > 0);
	for (uint32_t e = 0; e < 40; e++)
		assert_int_equal(c.informed[e], 1);
	uint64_t gossip = c.kinds[GOSSIP];

	c.loss_percent = 0;
	while (!c.kinds[ASK])
		cluster_round(&c, false);
	assert_true(cluster_all_know(&c, 40));
	assert_true(c.kinds[ANSWER] >= c.kinds[ASK] && c.kinds[REST] >= 1);
	assert_int_equal(c.kinds[ASK] + c.kinds[ANSWER] + c.kinds[REST], c.datagrams - gossip);
	/* What was learned so is not gossip. */
	cluster_advance(&c, 150 * PERIOD);
	assert_int_equal(c.kinds[GOSSIP], gossip);
	cluster_done(&c);
}

static uint64_t rounds_with_loss(uint32_t members, uint32_t events, size_t size, uint32_t loss_percent,
				 uint64_t seed, bool at_once)
{
	struct cluster c;

	setup(&c, members, events, (uint32_t)size, seed, 10 * (int64_t)PERIOD);
	cluster_start(&c);
	c.loss_percent = loss_percent;
	for (uint32_t e = 0; e < events; e++)
		cluster_publish(&c, e % members, e, size);
	while (!cluster_all_know(&c, events) && c.round < 10000)
		cluster_round(&c, at_once);
	assert_true(cluster_all_know(&c, events));
	uint64_t rounds = c.round;

	cluster_done(&c);
	return rounds;
}

static void with_losses_everybody_learns_in_the_end(void **unused)
{
	(void)unused;
	assert_true(gn_protocol_find("memberlist")->endless);
	/* Gossip is over after some 9 rounds; push-pull comes every 10 * 5. */
	for (uint32_t loss = 10; loss <= 50; loss += 10) {
		uint64_t rounds = rounds_with_loss(300, 5, 50, loss, loss, false);

		print_message("# %u %% loss: %u rounds\n", loss, (unsigned)rounds);
		assert_true(rounds <= 12 * 50);
	}
	for (uint64_t seed = 0; seed < 20; seed++)
		assert_true(rounds_with_loss(30, 1, 50, 80, seed, false) < 10000);
}

static void the_order_within_a_moment_does_not_matter(void **unused)
{
	(void)unused;
	for (uint32_t loss = 0; loss <= 60; loss += 15) {
		for (uint32_t members = 10; members < 200; members += 30)
			assert_int_equal(rounds_with_loss(members, 5, 50, loss, members, true),
					 rounds_with_loss(members, 5, 50, loss, members, false));
	}
}

static void hundreds_of_events_at_once(void **unused)
{
	(void)unused;
	/* 38 to a datagram, 3 datagrams a round, or one: each member has 500 * 8 to send, unless all know before. */
	assert_true(rounds_with_loss(50, 500, 20, 0, 1, true) <= 500 * 8 / 3 / 38);
	assert_true(rounds_with_loss(50, 500, 1024, 0, 1, true) <= 500 * 8 / 3);
	assert_true(rounds_with_loss(50, 500, 100, 30, 1, true) <= 200);
}

static void without_events_there_is_no_gossip(void **unused)
{
	struct cluster c;

	(void)unused;
	setup(&c, 20, 1, 0, 1, NEVER);
	c.config.clock = GN_CLOCK_POISSON;
	cluster_start(&c);
	for (uint32_t m = 0; m < 20; m++)
		assert_true(c.members[m].deadline >= (uint64_t)NEVER);
	/* And after a long silence a member has kept its phase. */
	cluster_advance(&c, 1000 * PERIOD);
	cluster_publish(&c, 0, 0, 0);
	assert_in_range(c.members[0].deadline, c.now + 1, c.now + 30 * PERIOD);
	cluster_advance(&c, 1100 * PERIOD);
	assert_int_equal(c.informed[0], 20);
	cluster_done(&c);
}

/* However many ticks nobody saw, the next one is found at once. */
static void a_day_without_events_costs_nothing(void **unused)
{
	static const enum gn_clock clocks[] = { GN_CLOCK_ROUNDS, GN_CLOCK_PERIODIC, GN_CLOCK_POISSON };

	(void)unused;
	for (size_t i = 0; i < GN_ARRAY_LEN(clocks); i++) {
		struct cluster c;

		setup(&c, 2, 1, 0, 1, NEVER);
		c.config.clock = clocks[i];
		c.config.period = 1000;
		cluster_start(&c);
		c.now = (uint64_t)NEVER - 1000000;
		cluster_publish(&c, 0, 0, 0);
		assert_in_range(c.members[0].deadline, c.now + 1,
				c.now + (clocks[i] == GN_CLOCK_POISSON ? 50000 : 1000));
		cluster_done(&c);
	}
}

static void copies_and_overtaking_do_no_harm(void **unused)
{
	struct cluster c;

	(void)unused;
	setup(&c, 100, 50, 8, 1, 5 * (int64_t)PERIOD);
	c.config.clock = GN_CLOCK_PERIODIC;
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

static void one_event_needs_little_memory(void **unused)
{
	struct cluster c;

	(void)unused;
	cluster_setup(&c, "memberlist", 10, 1, 0, 1);
	assert_null(cluster_prepare(&c));
	print_message("# %zu + %zu bytes per member\n", c.sizes.head, c.sizes.body);
	assert_true(c.sizes.head + c.sizes.body < 128);
	cluster_done(&c);
}

static void frequent_push_pull(struct cluster *c)
{
	cluster_set(c, "push_pull_interval", 2 * (int64_t)PERIOD);
}

static void hostile_datagrams_leave_no_trace(void **unused)
{
	(void)unused;
	for (uint64_t seed = 0; seed < 3; seed++)
		assert_true(hostile_run("memberlist", frequent_push_pull, seed) > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_member_transmits_up_to_the_limit),
		cmocka_unit_test(gossip_reaches_everybody),
		cmocka_unit_test(a_round_goes_to_different_members),
		cmocka_unit_test(few_members_are_all_sent_to),
		cmocka_unit_test(the_last_partner_is_not_called_again),
		cmocka_unit_test(the_queue_is_that_of_memberlist),
		cmocka_unit_test(the_new_come_before_the_old),
		cmocka_unit_test(push_pull_is_rarer_in_large_clusters),
		cmocka_unit_test(push_pull_repairs_both_ways),
		cmocka_unit_test(with_losses_everybody_learns_in_the_end),
		cmocka_unit_test(the_order_within_a_moment_does_not_matter),
		cmocka_unit_test(hundreds_of_events_at_once),
		cmocka_unit_test(without_events_there_is_no_gossip),
		cmocka_unit_test(a_day_without_events_costs_nothing),
		cmocka_unit_test(copies_and_overtaking_do_no_harm),
		cmocka_unit_test(one_event_needs_little_memory),
		cmocka_unit_test(hostile_datagrams_leave_no_trace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
