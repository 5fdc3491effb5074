/* SPDX-License-Identifier: MIT */
/* power-law: how many calls members make. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdio.h>
#include <cmocka.h>

#include "proto/proto.h"
#include "util/rand.h"
#include "util/util.h"

enum { BETA, REDRAWN, DIRECTION, CAP };

struct host {
	uint64_t calls, datagrams;
};

static void on_send(void *host, uint32_t to, const uint8_t *data, size_t size)
{
	(void)to;
	(void)data;
	(void)size;
	((struct host *)host)->datagrams++;
}

static void on_call(void *host, uint32_t round, uint32_t partner)
{
	(void)round;
	(void)partner;
	((struct host *)host)->calls++;
}

struct cluster {
	struct gn_cluster c;
	int64_t parameters[4];
	uint64_t memory[8192]; /* the shared table */
};

static void make(struct cluster *m, uint32_t members, int64_t beta, bool redrawn)
{
	const struct gn_protocol *p = gn_protocol_find("power-law");
	struct gn_sizes sizes;

	*m = (struct cluster){ .parameters = { [BETA] = beta, [REDRAWN] = redrawn } };
	m->c = (struct gn_cluster){ .members = members,
				    .fanout = 1,
				    .period = 1000,
				    .clock = GN_CLOCK_ROUNDS,
				    .max_events = 1,
				    .parameters = m->parameters };
	p->sizes(&m->c, &sizes);
	assert_true(sizes.shared <= sizeof(m->memory));
	assert_null(p->prepare(&m->c, m->memory));
	m->c.shared = m->memory;
}

/* How many calls the member makes in each of the rounds. */
static void count(struct cluster *m, uint32_t self, uint32_t rounds, uint64_t *ret)
{
	const struct gn_protocol *p = gn_protocol_find("power-law");
	_Alignas(16) uint8_t head[64] = { 0 }, body[256] = { 0 };
	struct host host;
	uint8_t room[GN_DATAGRAM_MAX];
	const struct gn_output out = { &host, on_send, NULL, on_call, room };
	struct gn_random random = { gn_rand_seed(7, GN_RAND_PROTOCOL, self) };
	struct gn_input in = { .type = GN_START, .self = self, .random = &random };
	uint64_t deadline = GN_NO_DEADLINE;

	p->step(&m->c, head, body, &in, &out, &deadline);
	in.type = GN_TIMER;
	for (uint32_t i = 0; i < rounds; i++) {
		host = (struct host){ 0 };
		in.now = deadline;
		in.round = (uint32_t)(in.now / m->c.period);
		p->step(&m->c, head, body, &in, &out, &deadline);
		ret[i] = host.calls;
		if (!m->parameters[DIRECTION])
			assert_int_equal(host.datagrams, host.calls);
	}
}

/* zeta(beta) minus its first terms, by the sum and the integral behind it. */
static double tail_sum(double beta, unsigned from)
{
	double sum = 0;
	enum { TERMS = 2000000 };

	for (unsigned k = from + TERMS; k-- > from;)
		sum += pow(k, -beta);
	return sum + pow(from + TERMS - 0.5, 1 - beta) / (beta - 1);
}

/* Shares of C >= k against the zeta distribution, from the looked-up numbers to far into the tail. */
static void the_numbers_of_calls_follow_the_zeta_distribution(void **unused)
{
	static const unsigned from[] = { 2, 3, 4, 5, 8, 20, 100, 1000, 4000, 4097, 4200, 10000, 100000 };
	static const double betas[] = { 1.5, 2.1, 2.5, 3.5 };
	enum { DRAWS = 400000 };
	static struct cluster m;

	(void)unused;
	for (size_t b = 0; b < GN_ARRAY_LEN(betas); b++) {
		uint64_t seen[GN_ARRAY_LEN(from)] = { 0 }, n;
		double zeta = tail_sum(betas[b], 1);

		make(&m, 1000000, (int64_t)(betas[b] * 1000000), false);
		m.parameters[DIRECTION] = 1; /* push: nothing is sent, as nothing is known */
		for (uint32_t i = 0; i < DRAWS; i += betas[b] < 2 ? 20 : 1) {
			count(&m, i, 1, &n);
			assert_in_range(n, 1, 999999);
			for (size_t k = 0; k < GN_ARRAY_LEN(from); k++)
				seen[k] += n >= from[k];
		}
		for (size_t k = 0; k < GN_ARRAY_LEN(from); k++) {
			double p = tail_sum(betas[b], from[k]) / zeta,
			       draws = betas[b] < 2 ? DRAWS / 20 : DRAWS;
			double error = sqrt(draws * p * (1 - p)) + 1e-9;

			if (fabs((double)seen[k] - draws * p) > 4 * error + 1)
				fail_msg("beta %.1f: %lu of %.0f draws are at least %u, expected %.1f",
					 betas[b], (unsigned long)seen[k], draws, from[k], draws * p);
		}
	}
}

static void the_number_is_drawn_once_or_every_round(void **unused)
{
	static struct cluster m;
	uint64_t n[50];
	unsigned changes = 0;

	(void)unused;
	for (int redrawn = 0; redrawn < 2; redrawn++) {
		make(&m, 1000, 2200000, redrawn);
		changes = 0;
		for (uint32_t self = 0; self < 100; self++) {
			count(&m, self, 50, n);
			for (size_t i = 1; i < GN_ARRAY_LEN(n); i++)
				changes += n[i] != n[i - 1];
		}
		assert_true(redrawn ? changes > 1000 : changes == 0);
	}
}

static void nobody_calls_more_than_there_are_others_or_the_cap(void **unused)
{
	static struct cluster m;
	uint64_t rounds[500], most = 0;

	(void)unused;
	for (int64_t cap = 0; cap <= 2; cap += 2) {
		make(&m, 5, 1500000, true);
		m.parameters[CAP] = cap;
		count(&m, 1, GN_ARRAY_LEN(rounds), rounds);
		most = 0;
		for (size_t i = 0; i < GN_ARRAY_LEN(rounds); i++)
			most = GN_MAX(most, rounds[i]);
		assert_int_equal(most, cap ? 2 : 4);
	}
}

/* What a step may not send is said before the run, not in the middle of it. */
static void more_calls_than_a_step_may_make_are_refused(void **unused)
{
	static const struct {
		uint32_t members;
		int64_t cap;
		bool good;
	} cases[] = {
		{ GN_STEP_DATAGRAMS_MAX, 0, true },
		{ GN_STEP_DATAGRAMS_MAX + 2, 0, false },
		{ GN_STEP_DATAGRAMS_MAX + 2, GN_STEP_DATAGRAMS_MAX + 1, false },
		{ GN_STEP_DATAGRAMS_MAX + 2, GN_STEP_DATAGRAMS_MAX, true },
	};
	const struct gn_protocol *p = gn_protocol_find("power-law");
	static struct cluster m;

	(void)unused;
	make(&m, 10, 2500000, false);
	for (size_t i = 0; i < GN_ARRAY_LEN(cases); i++) {
		m.c.members = cases[i].members;
		m.parameters[CAP] = cases[i].cap;
		assert_int_equal(p->prepare(&m.c, m.memory) == NULL, cases[i].good);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_numbers_of_calls_follow_the_zeta_distribution),
		cmocka_unit_test(the_number_is_drawn_once_or_every_round),
		cmocka_unit_test(nobody_calls_more_than_there_are_others_or_the_cap),
		cmocka_unit_test(more_calls_than_a_step_may_make_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
