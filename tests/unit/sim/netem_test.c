/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "plugin/plugin.h"
#include "proto/proto.h"
#include "sim/netem.h"
#include "topo/load.h"
#include "topo/shape.h"
#include "util/util.h"

#define US GN_USEC
#define MS GN_MSEC
#define N  1000000 /* packets of one statistic */

struct bench {
	struct gn_sim_netem netem;
	struct gn_rand rand;
};

static void start(struct bench *b, const struct gn_shape *s)
{
	*b = (struct bench){ 0 };
	gn_rand_init(&b->rand, 7, GN_RAND_NETEM, 0);
	gn_sim_netem_set(&b->netem, s, &b->rand);
}

static void stop(struct bench *b)
{
	gn_sim_netem_done(&b->netem);
}

/* When a packet of a frame of that size is sent, or GN_NEVER: dropped. */
static gn_time enqueue(struct bench *b, gn_time now, uint32_t size)
{
	gn_time t;

	if (gn_sim_netem_is_full(&b->netem, now))
		return GN_NEVER;
	assert_int_equal(gn_sim_netem_enqueue(&b->netem, &b->rand, size, now, &t), 0);
	return t;
}

/* ---- statistics ---- */

/* The mean of numbers that may hang together, and its standard error from the means of batches. */
struct mean {
	double sum, batch, batches, squares;
	uint64_t n;
};

enum { BATCH = N / 200 };

static void add(struct mean *m, double x)
{
	m->sum += x;
	m->batch += x;
	if (++m->n % BATCH)
		return;
	m->batch /= BATCH;
	m->batches++;
	m->squares += m->batch * m->batch;
	m->batch = 0;
}

static double mean_of(const struct mean *m)
{
	return m->sum / (double)m->n;
}

static void assert_mean(const char *what, const struct mean *m, double wanted, double tolerance)
{
	const double mean = mean_of(m), variance = fmax(0, m->squares / m->batches - mean * mean);
	const double error = sqrt(variance / (m->batches - 1));

	if (fabs(mean - wanted) > 4 * error + tolerance)
		fail_msg("%s: %g, wanted %g; standard error %g", what, mean, wanted, error);
}

/* ---- loss ---- */

struct losses {
	struct mean lost, burst;
	double after_loss; /* share lost of those behind a lost one */
};

static void measure_losses(struct losses *l, const struct gn_shape *s)
{
	struct bench b;
	uint64_t run = 0, pairs = 0, first = 0;

	*l = (struct losses){ 0 };
	start(&b, s);
	for (int i = 0; i < N; i++) {
		const bool lost = gn_sim_netem_loses(&b.netem, &b.rand);

		add(&l->lost, lost);
		first += run > 0;
		pairs += run > 0 && lost;
		if (!lost && run)
			add(&l->burst, (double)run);
		run = lost ? run + 1 : 0;
	}
	l->after_loss = (double)pairs / (double)first;
	stop(&b);
}

/* Simple Gilbert: lost in the bad state alone. It is in it p / (p + r) of the time, for 1 / r packets in a row. */
static void bursts_have_their_length(void **state)
{
	static const struct {
		double p, r;
	} cases[] = { { 0.01, 0.25 }, { 0.1, 0.5 }, { 0.002, 0.02 }, { 0.3, 0.9 } };

	(void)state;
	for (size_t i = 0; i < GN_ARRAY_LEN(cases); i++) {
		const double p = cases[i].p, r = cases[i].r;
		const struct gn_shape s = { .loss_model = GN_LOSS_GILBERT_ELLIOTT,
					    .loss_states = { (uint32_t)lround(p * 1e6),
							     (uint32_t)lround(r * 1e6), 1000000, 0 } };
		struct losses l;

		measure_losses(&l, &s);
		assert_mean("share lost", &l.lost, p / (p + r), 0);
		const double length = mean_of(&l.burst), error = sqrt(1 - r) / r / sqrt((double)l.burst.n);

		if (fabs(length - 1 / r) > 4 * error)
			fail_msg("a burst has %g, wanted %g", length, 1 / r);
	}
}

/* Each packet has the fate of the state that it finds: p, r, 1 - h and 1 - k as tc-netem(8) has them. */
static void two_states_lose_their_shares(void **state)
{
	const struct gn_shape s = { .loss_model = GN_LOSS_GILBERT_ELLIOTT,
				    .loss_states = { 50000, 200000, 700000, 10000 } };
	const double bad = 0.05 / 0.25;
	struct losses l;

	(void)state;
	measure_losses(&l, &s);
	assert_mean("share lost", &l.lost, bad * 0.7 + (1 - bad) * 0.01, 0);
	/* Behind one lost in the bad state, which is left with probability r, or in the good one, left with p. */
	const double from_bad = bad * 0.7, from_good = (1 - bad) * 0.01;
	const double wanted = (from_bad * (0.8 * 0.7 + 0.2 * 0.01) + from_good * (0.05 * 0.7 + 0.95 * 0.01)) /
			      (from_bad + from_good);

	assert_true(fabs(l.after_loss - wanted) < 0.01);
}

/* p13, p31, p32, p23, p14. In balance state 3 has p13 / p31 of state 1's share, state 4 p14, and state 2 p32 / p23 of
 * state 3's; lost are those that come to 3 and 4. */
static void four_states_lose_their_shares(void **state)
{
	static const double cases[][5] = {
		{ 0.02, 0.3, 0.2, 0.4, 0.01 },
		{ 0.5, 0.5, 0.5, 1, 0.5 }, /* nothing is left: it never stays in 1 or 3 */
	};

	(void)state;
	for (size_t i = 0; i < GN_ARRAY_LEN(cases); i++) {
		const double *p = cases[i], three = p[0] / p[1], four = p[4], two = three * p[2] / p[3];
		struct gn_shape s = { .loss_model = GN_LOSS_STATES };
		struct losses l;

		for (int k = 0; k < 5; k++)
			s.loss_states[k] = (uint32_t)lround(p[k] * 1e6);
		measure_losses(&l, &s);
		assert_mean("share lost", &l.lost, (three + four) / (1 + two + three + four), 0);
		/* One behind another: from 3 with 1 - p31 - p32; from 4 never. */
		assert_true(fabs(l.after_loss - three * (1 - p[1] - p[2]) / (three + four)) < 0.01);
	}
}

/* With a correlation netem loses another share than the one that is written; it is known. */
static void correlated_losses_come_together(void **state)
{
	(void)state;
	for (uint32_t rho = 100000; rho <= 900000; rho += 400000) {
		const struct gn_shape s = { .loss_ppm = 300000, .loss_correlation_ppm = rho };
		struct losses l;

		measure_losses(&l, &s);
		assert_mean("share lost", &l.lost, gn_shape_mean_loss(&s), 0.001);
		assert_true(l.after_loss > mean_of(&l.lost) + 0.2 * rho / 1e6);
	}
	/* What never changes loses nothing or everything. */
	struct losses l;

	measure_losses(&l, &(struct gn_shape){ .loss_ppm = 300000, .loss_correlation_ppm = 1000000 });
	assert_true(mean_of(&l.lost) == 0 || mean_of(&l.lost) == 1);
}

/* Other values begin in the good state again. */
static void a_change_begins_anew(void **state)
{
	struct gn_shape s = { .loss_model = GN_LOSS_GILBERT_ELLIOTT,
			      .loss_states = { 1000000, 0, 1000000, 0 } };
	struct bench b;

	(void)state;
	start(&b, &s);
	for (int i = 0; i < 10; i++)
		assert_int_equal(gn_sim_netem_loses(&b.netem, &b.rand), i > 0);
	gn_sim_netem_set(&b.netem, &s, &b.rand);
	assert_false(gn_sim_netem_loses(&b.netem, &b.rand));
	assert_true(gn_sim_netem_loses(&b.netem, &b.rand));
	stop(&b);
}

/* ---- delay ---- */

/* Mean and deviation are those of the table in units of 1/8192 jitter; iproute2's normal one is nearly standard. */
static void distributions_have_their_moments(void **state)
{
	static const char *const names[] = { "normal", "pareto", "paretonormal", "experimental" };
	static const char text[] =
		"nodes: [{name: a}, {name: b}]\n"
		"links: [{between: [a, b], delay: 100ms, jitter: 10ms, distribution: %s}]\n";
	char file[] = "/tmp/netem-test-XXXXXX";

	(void)state;
	assert_true(close(mkstemp(file)) == 0);
	for (size_t i = 0; i < GN_ARRAY_LEN(names); i++) {
		const struct gn_load_options o = { .file = file,
						   .find_protocol = gn_plugin_find,
						   .protocol_at = gn_protocol_at };
		struct gn_topology *t = NULL;
		struct gn_faults f = { 0 };
		struct mean mean = { 0 }, square = { 0 };
		double sum = 0, squares = 0;
		FILE *yaml = fopen(file, "w");

		fprintf(yaml, text, names[i]);
		fclose(yaml);
		assert_int_equal(gn_topology_load(&o, &t, &f), 0);
		const struct gn_shape *s = &t->links[0].shape[0];

		for (uint32_t k = 0; k < s->distribution->n; k++) {
			sum += s->distribution->values[k] / 8192.0;
			squares += pow(s->distribution->values[k] / 8192.0, 2);
		}
		sum /= s->distribution->n;
		squares /= s->distribution->n;
		if (!i)
			assert_true(fabs(sum) < 0.01 && fabs(sqrt(squares - sum * sum) - 1) < 0.01);
		struct bench b;

		start(&b, s);
		for (int k = 0; k < N; k++) {
			const double x = ((double)gn_sim_netem_delay(s, &b.rand) - 1e8) / 1e7;

			add(&mean, x);
			add(&square, x * x);
		}
		assert_mean(names[i], &mean, sum, 0);
		assert_mean(names[i], &square, squares, 0);
		stop(&b);
		gn_topology_free(t);
		gn_faults_done(&f);
	}
	unlink(file);
}

/* A table with one value tells how tabledist() rounds: away from zero at the half of what is below the scale. */
static void tables_are_rounded_as_by_the_kernel(void **state)
{
	static const struct {
		int16_t value;
		gn_dur jitter, delay, wanted;
	} cases[] = {
		{ 4096, 10000, 1000000, 1005000 }, { -4097, 10000, 1000000, 994999 },
		{ 1, 4095, 1000000, 1000000 },	   { 1, 4096, 1000000, 1000001 },
		{ -1, 4096, 1000000, 999999 },	   { -32768, INT32_MAX, 9 * GN_SEC, 410065412 },
		{ -32768, 1000000, 1000000, 0 },
	};

	(void)state;
	for (size_t i = 0; i < GN_ARRAY_LEN(cases); i++) {
		const struct gn_distribution table = { .values = &cases[i].value, .n = 1 };
		const struct gn_shape s = { .delay = cases[i].delay,
					    .jitter = cases[i].jitter,
					    .distribution = &table };
		struct bench b;

		start(&b, &s);
		assert_int_equal(gn_sim_netem_delay(&s, &b.rand), cases[i].wanted);
		stop(&b);
	}
}

/* Correlation of each delay with the one before, and the variance of delays in units of jitter^2. */
static void measure_delays(const struct gn_shape *s, double *ret_correlation, double *ret_variance)
{
	struct bench b;
	double products = 0, squares = 0, last = 0;

	start(&b, s);
	for (int i = 0; i < N; i++) {
		const double x = ((double)enqueue(&b, (gn_time)i * 10 * GN_SEC, 100) - (double)i * 1e10 -
				  (double)s->delay) /
				 (double)s->jitter;

		products += x * last;
		squares += x * x;
		last = x;
	}
	*ret_correlation = products / squares;
	*ret_variance = squares / N;
	stop(&b);
}

/*
 * What is correlated is a number of 32 bits, X' = (1 - rho) U + rho X, of which the kernel then takes the remainder by 2 *
 * jitter. With the largest jitter, nearly 2^31, that changes nothing: each delay has the correlation rho with the last one,
 * and they lie closer together. With 1 ms hardly anything is left of it.
 */
static void delays_are_correlated_as_by_the_kernel(void **state)
{
	const double rho = 0.6;
	struct gn_shape s = {
		.delay = 3 * GN_SEC, .jitter = INT32_MAX, .correlation_ppm = 600000, .limit = 1000
	};
	double correlation, variance;

	(void)state;
	measure_delays(&s, &correlation, &variance);
	assert_true(fabs(correlation - rho) < 0.005);
	assert_true(fabs(variance - (1 - rho) / (1 + rho) / 3) < 0.001);
	s.delay = s.jitter = MS;
	measure_delays(&s, &correlation, &variance);
	assert_true(fabs(correlation) < 0.005);
	assert_true(fabs(variance - 1.0 / 3) < 0.003);
}

/* ---- order, queue, rate ---- */

/* Every fifth packet is sent at once, the four between are delayed. */
static void one_of_each_gap_goes_first(void **state)
{
	const struct gn_shape s = {
		.delay = 10 * MS, .reorder_ppm = 1000000, .reorder_gap = 5, .limit = 1000
	};
	struct mean first = { 0 };
	struct bench b;

	(void)state;
	start(&b, &s);
	for (uint64_t i = 0; i < 100; i++)
		assert_int_equal(enqueue(&b, i * MS, 100), i * MS + (i % 5 == 4 ? 0 : 10 * MS));
	stop(&b);

	/* A packet that may go first does with the probability p: one of gap - 1 + 1 / p does. */
	start(&b, &(struct gn_shape){ .delay = MS, .reorder_ppm = 250000, .reorder_gap = 3, .limit = 1000 });
	for (uint64_t i = 0; i < N; i++)
		add(&first, enqueue(&b, i * US, 100) == i * US);
	assert_mean("sent first", &first, 1 / (2 + 1 / 0.25), 0);
	stop(&b);
}

static void order_is_kept_if_asked_for(void **state)
{
	struct gn_shape s = { .delay = 10 * MS, .jitter = 9 * MS, .limit = 100000 };

	(void)state;
	for (int kept = 0; kept < 2; kept++) {
		struct bench b;
		gn_time last = 0;
		uint64_t overtaken = 0;

		s.keep_order = kept;
		start(&b, &s);
		for (uint64_t i = 0; i < 10000; i++) {
			const gn_time t = enqueue(&b, i * 100 * US, 100);

			overtaken += t < last;
			assert_in_range(t, i * 100 * US + MS, i * 100 * US + 19 * MS);
			last = t;
		}
		assert_int_equal(overtaken > 0, !kept);
		stop(&b);
	}
}

/* Whatever the order in which they leave, three are under way at most. */
static void a_limit_counts_what_is_delayed(void **state)
{
	const struct gn_shape s = { .delay = 10 * MS, .jitter = 5 * MS, .limit = 3, .limit_given = true };
	gn_time sent[20000];
	uint64_t n = 0, dropped = 0;
	struct bench b;

	(void)state;
	start(&b, &s);
	for (uint64_t i = 0; i < GN_ARRAY_LEN(sent); i++) {
		uint64_t before = 0;

		for (uint64_t k = n - GN_MIN(n, 20); k < n; k++)
			before += sent[k] > i * MS;
		const gn_time t = enqueue(&b, i * MS, 100);

		assert_int_equal(t == GN_NEVER, before == 3);
		dropped += t == GN_NEVER;
		if (t != GN_NEVER)
			sent[n++] = t;
	}
	assert_in_range(dropped, GN_ARRAY_LEN(sent) / 2, GN_ARRAY_LEN(sent));
	stop(&b);
}

/* 8 Mbit/s is a byte in 1 us. ATM: 48 of 53 bytes of a cell carry something. */
static void overheads_and_cells_take_time(void **state)
{
	static const struct {
		int32_t packet_overhead;
		uint32_t cell_size;
		int32_t cell_overhead;
		uint32_t size;
		gn_dur wanted;
	} cases[] = {
		{ 0, 0, 0, 100, 100 * US },  { 10, 0, 0, 100, 110 * US },    { -20, 0, 0, 100, 80 * US },
		{ 0, 48, 5, 96, 106 * US },  { 0, 48, 5, 97, 159 * US },     { 10, 48, 5, 90, 159 * US },
		{ -10, 48, 5, 58, 53 * US }, { 0, 100, -50, 200, 100 * US },
	};

	(void)state;
	for (size_t i = 0; i < GN_ARRAY_LEN(cases); i++) {
		const struct gn_shape s = { .rate_bps = 8000000,
					    .packet_overhead = cases[i].packet_overhead,
					    .cell_size = cases[i].cell_size,
					    .cell_overhead = cases[i].cell_overhead,
					    .limit = 1000 };
		struct bench b;

		start(&b, &s);
		assert_int_equal(enqueue(&b, GN_SEC, cases[i].size), GN_SEC + cases[i].wanted);
		assert_int_equal(enqueue(&b, GN_SEC, cases[i].size), GN_SEC + 2 * cases[i].wanted);
		stop(&b);
	}
}

/* What is queued stays as it is, and is ahead of what comes then. */
static void a_change_leaves_the_queue_alone(void **state)
{
	struct bench b;

	(void)state;
	start(&b, &(struct gn_shape){ .delay = 10 * MS, .limit = 2 });
	assert_int_equal(enqueue(&b, 0, 100), 10 * MS);
	assert_int_equal(enqueue(&b, MS, 100), 11 * MS);
	gn_sim_netem_set(&b.netem, &(struct gn_shape){ .rate_bps = 8000000, .limit = 3 }, &b.rand);
	assert_int_equal(enqueue(&b, 2 * MS, 100), 11100 * US);
	assert_int_equal(enqueue(&b, 2 * MS, 100), GN_NEVER);
	assert_int_equal(enqueue(&b, 12 * MS, 100), 12100 * US);
	stop(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bursts_have_their_length),
		cmocka_unit_test(two_states_lose_their_shares),
		cmocka_unit_test(four_states_lose_their_shares),
		cmocka_unit_test(correlated_losses_come_together),
		cmocka_unit_test(a_change_begins_anew),
		cmocka_unit_test(distributions_have_their_moments),
		cmocka_unit_test(tables_are_rounded_as_by_the_kernel),
		cmocka_unit_test(delays_are_correlated_as_by_the_kernel),
		cmocka_unit_test(one_of_each_gap_goes_first),
		cmocka_unit_test(order_is_kept_if_asked_for),
		cmocka_unit_test(a_limit_counts_what_is_delayed),
		cmocka_unit_test(overheads_and_cells_take_time),
		cmocka_unit_test(a_change_leaves_the_queue_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
