/* SPDX-License-Identifier: MIT */
/* How events spread through a cluster: the exact expectations, and many events at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdio.h>
#include <cmocka.h>

#include "cluster.h"

/* Rounds until every member knows the one event. */
static uint32_t t100(const char *protocol, uint32_t members, uint64_t seed, bool at_once)
{
	struct cluster c;

	cluster_init(&c, protocol, members, 1, 0, seed);
	cluster_publish(&c, (uint32_t)(seed % members), 0, 0);
	while (c.informed[0] < members)
		cluster_round(&c, at_once);
	uint32_t rounds = c.round;

	cluster_done(&c);
	return rounds;
}

/* The expectations are exact (Markov chain over the number of informed members). */
static void the_mean_time_is_the_exact_expectation(void **unused)
{
	static const struct {
		const char *protocol;
		uint32_t members;
		double expected;
	} cases[] = {
		{ "push", 3, 7.0 / 3 },	  { "pull", 3, 2 },	    { "push-pull", 3, 1.5 },
		{ "push", 10, 6.047132 }, { "pull", 10, 5.063386 }, { "push-pull", 10, 3.460514 },
	};
	enum { RUNS = 20000 };

	(void)unused;
	for (size_t i = 0; i < GN_ARRAY_LEN(cases); i++) {
		double sum = 0, squares = 0;

		for (uint64_t seed = 0; seed < RUNS; seed++) {
			double t = t100(cases[i].protocol, cases[i].members, seed, seed % 2);

			sum += t;
			squares += t * t;
		}
		double mean = sum / RUNS, error = sqrt((squares / RUNS - mean * mean) / RUNS);

		print_message("# %s, %u members: %.4f rounds, expected %.4f, %.1f standard errors\n",
			      cases[i].protocol, cases[i].members, mean, cases[i].expected,
			      (mean - cases[i].expected) / error);
		assert_true(fabs(mean - cases[i].expected) < 4 * error);
	}
}

/* Nothing learned in a round is passed on in it, so it cannot matter who acts first. */
static void the_order_within_a_moment_does_not_matter(void **unused)
{
	static const char *const protocols[] = { "push", "pull", "push-pull" };

	(void)unused;
	for (size_t i = 0; i < GN_ARRAY_LEN(protocols); i++) {
		for (uint64_t seed = 0; seed < 200; seed++)
			assert_int_equal(t100(protocols[i], 30, seed, true),
					 t100(protocols[i], 30, seed, false));
	}
}

static uint64_t trace_of(const char *protocol, uint64_t seed)
{
	struct cluster c;

	cluster_init(&c, protocol, 20, 50, 100, seed);
	c.loss_percent = 10;
	for (uint32_t e = 0; e < 50; e++)
		cluster_publish(&c, e % 20, e, 2 * e);
	for (int i = 0; i < 30; i++)
		cluster_round(&c, true);
	uint64_t trace = c.trace;

	cluster_done(&c);
	return trace;
}

static void the_same_inputs_give_the_same_bytes(void **unused)
{
	static const char *const protocols[] = { "push", "pull", "push-pull" };

	(void)unused;
	for (size_t i = 0; i < GN_ARRAY_LEN(protocols); i++) {
		assert_true(trace_of(protocols[i], 1) == trace_of(protocols[i], 1));
		assert_true(trace_of(protocols[i], 1) != trace_of(protocols[i], 2));
	}
}

/* ---- push-pull with a hook that changes nothing ---- */

static uint32_t fanout_calls(const struct gn_cluster *c, void *own, const struct gn_input *in)
{
	(void)own, (void)in;
	return c->fanout;
}

static const struct gn_exchange hooked = {
	.directions = GN_EXCHANGE_PUSH | GN_EXCHANGE_PULL,
	.calls = fanout_calls,
};

static void hooked_sizes(const struct gn_cluster *c, struct gn_sizes *ret)
{
	gn_exchange_sizes(c, &hooked, ret);
}

static int hooked_step(const struct gn_cluster *c, void *head, void *body, const struct gn_input *in,
		       const struct gn_output *out, uint64_t *deadline)
{
	return gn_exchange_step(c, &hooked, head, body, in, out, deadline);
}

static const struct gn_protocol hooked_push_pull = { .sizes = hooked_sizes, .step = hooked_step };

static uint64_t trace_of_rounds(const struct gn_protocol *protocol, uint32_t fanout, uint32_t events)
{
	struct cluster c;

	cluster_setup(&c, "push-pull", 20, events, 1000, fanout);
	c.protocol = protocol;
	c.config.fanout = fanout;
	cluster_start(&c);
	c.loss_percent = 10;
	for (uint32_t e = 0; e < events; e++)
		cluster_publish(&c, e % 20, e, 1000 * e / events);
	for (int i = 0; i < 30; i++)
		cluster_round(&c, true);
	uint64_t trace = c.trace;

	cluster_done(&c);
	return trace;
}

/* The machine has the case without hooks and options written out: it must do what it does else. */
static void the_plain_case_is_no_special_case(void **unused)
{
	(void)unused;
	for (uint32_t fanout = 1; fanout <= 3; fanout++) {
		for (uint32_t events = 1; events <= 64; events *= 4)
			assert_true(trace_of_rounds(gn_protocol_find("push-pull"), fanout, events) ==
				    trace_of_rounds(&hooked_push_pull, fanout, events));
	}
}

static uint32_t rounds_to_spread(const char *protocol, uint32_t events, size_t size, uint32_t loss_percent,
				 uint32_t at_most)
{
	struct cluster c;

	cluster_init(&c, protocol, 50, events, (uint32_t)size, 1);
	c.loss_percent = loss_percent;
	for (uint32_t e = 0; e < events; e++)
		cluster_publish(&c, e % 50, e, size);
	while (!cluster_all_know(&c, events) && c.round < at_most)
		cluster_round(&c, true);
	uint32_t rounds = c.round;
	bool done = cluster_all_know(&c, events);

	print_message(
		"# %s, %u events of %zu bytes, %u %% loss: %u rounds, %.1f copies per event and member\n",
		protocol, events, size, loss_percent, rounds, (double)c.copies / events / 50);
	cluster_done(&c);
	return done ? rounds : UINT32_MAX;
}

/*
 * 500 events of 1024 bytes, one to a datagram, 4 datagrams to a call: 125 rounds pass before a member has
 * transmitted each event once. Push needs about log2 50 + ln(50 * 500) = 16 transmissions of each until the last of
 * all has come to the last member; pull wastes none, and its replies, 4 events a round, need at least
 * 490 / 4 = 123 rounds; push-pull has both ways.
 */
static void hundreds_of_large_events_reach_everybody(void **unused)
{
	(void)unused;
	assert_true(rounds_to_spread("push", 500, 1024, 0, 3000) <= 125 * 16);
	assert_true(rounds_to_spread("pull", 500, 1024, 0, 2000) <= 200);
	assert_true(rounds_to_spread("push-pull", 500, 1024, 0, 2000) <= 150);
	assert_true(rounds_to_spread("push-pull", 500, 1024, 20, 2000) <= 200);
	assert_true(rounds_to_spread("push-pull", 500, 10, 0, 2000) <= 15);
}

/* Old events against a stream of new ones, all of 1024 bytes. Return: rounds until all members know the old ones. */
static uint32_t rounds_against_a_stream(const char *protocol, uint32_t n_old, uint32_t every,
					uint32_t at_most)
{
	enum { EVENTS = 2000 };
	struct cluster c;
	uint32_t next = n_old;

	cluster_init(&c, protocol, 50, EVENTS, 1024, 3);
	for (uint32_t e = 0; e < n_old; e++)
		cluster_publish(&c, e % 50, e, 1024);
	while (!cluster_all_know(&c, n_old) && c.round < at_most) {
		cluster_round(&c, true);
		if (c.round % every == 0 && next < EVENTS) {
			cluster_publish(&c, next * 7 % 50, next, 1024);
			next++;
		}
	}
	uint32_t rounds = cluster_all_know(&c, n_old) ? c.round : UINT32_MAX;
	uint32_t late = 0;

	/* The stream itself must flow: what is 100 rounds old is known to all. */
	for (uint32_t e = n_old; (e - n_old + 1) * every + 100 < c.round && e < next; e++)
		late += c.informed[e] < 50;
	print_message("# %s: %u old events beside a new one every %u rounds: %u rounds, %u new ones late\n",
		      protocol, n_old, every, rounds, late);
	assert_int_equal(late, 0);
	cluster_done(&c);
	return rounds;
}

static void a_stream_of_new_events_does_not_starve_the_old(void **unused)
{
	(void)unused;
	assert_true(rounds_against_a_stream("push-pull", 500, 1, 1000) <= 400);
	assert_true(rounds_against_a_stream("pull", 500, 2, 1000) <= 400);
	assert_true(rounds_against_a_stream("push", 100, 8, 2000) <= 600);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_mean_time_is_the_exact_expectation),
		cmocka_unit_test(the_order_within_a_moment_does_not_matter),
		cmocka_unit_test(the_same_inputs_give_the_same_bytes),
		cmocka_unit_test(the_plain_case_is_no_special_case),
		cmocka_unit_test(hundreds_of_large_events_reach_everybody),
		cmocka_unit_test(a_stream_of_new_events_does_not_starve_the_old),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
