/* SPDX-License-Identifier: MIT */
/* The metrics of a path: small flows counted by hand, large ones against what they were made with. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "live/path.h"
#include "util/rand.h"

static void near(double got, double want, double within)
{
	if (!(fabs(got - want) <= within))
		fail_msg("%.12g is not within %g of %.12g", got, within, want);
}

/* A flow of @n datagrams, one each ms from 1000 s on. */
static struct gn_probe_sent flow(uint64_t n)
{
	return (struct gn_probe_sent){ .start = 1000 * GN_SEC,
				       .first = 1000 * GN_SEC,
				       .last = 1000 * GN_SEC + (n - 1) * GN_MSEC,
				       .interval = GN_MSEC,
				       .n = n,
				       .frame_bytes = 125 };
}

static struct gn_probe_arrival arrival(uint64_t number, gn_dur delay)
{
	gn_time sent = 1000 * GN_SEC + number * GN_MSEC;

	return (struct gn_probe_arrival){ number, sent, sent + delay };
}

/* What arrives: numbers in this order, each 10 ms after it was sent. */
static struct gn_path measure(uint64_t n_sent, const uint64_t *numbers, size_t n)
{
	struct gn_probe_arrival *a = calloc(n + 1, sizeof(*a));
	struct gn_probe_sent sent = flow(n_sent);
	struct gn_path p;

	for (size_t i = 0; i < n; i++)
		a[i] = arrival(numbers[i], 10 * GN_MSEC);
	assert_int_equal(gn_path_measure(&sent, a, n, &p, NULL), 0);
	free(a);
	return p;
}

static void delays_are_quantiles_and_moments(void **state)
{
	/* In order of arrival: 20, 10, 40, 30 ms, and a copy that does not count. */
	const struct gn_probe_arrival a[] = { arrival(0, 20 * GN_MSEC), arrival(1, 10 * GN_MSEC),
					      arrival(2, 40 * GN_MSEC), arrival(3, 30 * GN_MSEC),
					      arrival(1, 90 * GN_MSEC) };
	struct gn_probe_sent sent = flow(4);
	struct gn_path p;

	(void)state;
	assert_int_equal(gn_path_measure(&sent, a, GN_ARRAY_LEN(a), &p, NULL), 0);
	assert_int_equal(p.received, 4);
	assert_int_equal(p.delay.min, 10 * GN_MSEC);
	assert_int_equal(p.delay.median, 20 * GN_MSEC);
	assert_int_equal(p.delay.p90, 40 * GN_MSEC);
	assert_int_equal(p.delay.p99, 40 * GN_MSEC);
	assert_int_equal(p.delay.max, 40 * GN_MSEC);
	near(p.delay.mean, 25e6, 1e-6);
	near(p.delay.deviation, sqrt(500.0 / 3) * 1e6, 1e-3);
	near(p.delay.mean_error, sqrt(500.0 / 3 / 4) * 1e6, 1e-3);
	assert_int_equal(p.duplicates, 1);
	near(p.duplication, 0.25, 1e-15);
}

static void quantiles_of_many(void **state)
{
	enum { N = 1000 };
	struct gn_probe_arrival a[N];
	struct gn_probe_sent sent = flow(N);
	struct gn_path p;

	(void)state;
	for (uint64_t i = 0; i < N; i++)
		a[i] = arrival(i, (i * 7 % N + 1) * GN_USEC); /* 1 .. 1000 us, each once */
	assert_int_equal(gn_path_measure(&sent, a, N, &p, NULL), 0);
	assert_int_equal(p.delay.median, 500 * GN_USEC);
	assert_int_equal(p.delay.p90, 900 * GN_USEC);
	assert_int_equal(p.delay.p99, 990 * GN_USEC);
	/* 500 +- 1.96 sqrt(1000 / 4) = 500 +- 30.99 of them; 990 +- 1.96 sqrt(9.9) = 990 +- 6.17 */
	assert_int_equal(p.delay.median_interval.low, 470 * GN_USEC);
	assert_int_equal(p.delay.median_interval.high, 531 * GN_USEC);
	assert_int_equal(p.delay.p99_interval.low, 984 * GN_USEC);
	assert_int_equal(p.delay.p99_interval.high, 997 * GN_USEC);
}

static void losses_in_a_row_are_bursts(void **state)
{
	/* Lost: 0 1 | 4 | 7 8 9 */
	static const uint64_t came[] = { 2, 3, 5, 6 };
	struct gn_path p = measure(10, came, GN_ARRAY_LEN(came));

	(void)state;
	assert_int_equal(p.sent, 10);
	assert_int_equal(p.received, 4);
	near(p.loss, 0.6, 1e-15);
	assert_int_equal(p.bursts, 3);
	near(p.burst_mean, 2, 1e-15);
	near(p.burst_error, sqrt(1.0 / 3), 1e-12); /* the deviation of 1, 2 and 3 is 1 */
	assert_int_equal(p.burst_longest, 3);
	assert_int_equal(p.burst_lengths[1], 1);
	assert_int_equal(p.burst_lengths[2], 1);
	assert_int_equal(p.burst_lengths[3], 1);
}

static void a_long_burst_is_counted_with_the_longest(void **state)
{
	static const uint64_t came[] = { 0, 199 };
	struct gn_path p = measure(200, came, GN_ARRAY_LEN(came));

	(void)state;
	assert_int_equal(p.burst_longest, 198);
	assert_int_equal(p.burst_lengths[GN_LOSS_BURST_MAX], 1);
	near(p.burst_mean, 198, 1e-12);
}

/* Wilson's interval of 10, 0 and 100 of 100: with none lost, its upper end is z^2 / (n + z^2), z = 1.96. */
static void intervals_of_independent_losses(void **state)
{
	uint64_t all[100], some[90];
	struct gn_path p;

	(void)state;
	for (uint64_t i = 0; i < 100; i++)
		all[i] = i;
	for (uint64_t i = 0; i < 90; i++)
		some[i] = i + i / 9; /* every tenth is lost: no two in a row */
	p = measure(100, some, 90);
	near(p.loss, 0.1, 1e-15);
	near(p.loss_error, 0.03, 1e-12);
	near(p.loss_low, 0.05522914, 1e-7);
	near(p.loss_high, 0.17436566, 1e-7);
	p = measure(100, all, 100);
	near(p.loss, 0, 0);
	near(p.loss_low, 0, 0);
	near(p.loss_high, 0.03699350, 1e-7);
	p = measure(100, all, 0);
	near(p.loss, 1, 0);
	near(p.loss_low, 1 - 0.03699350, 1e-7);
	near(p.loss_high, 1, 0);
	assert_int_equal(p.delay.max, 0);
	near(p.received_bps, 0, 0);
}

/*
 * Losses of a Markov chain (into a burst 2 %, out of it 20 %): over many flows the loss lies around the true 1/11 as far
 * as the stated error says, which is 2.7 times that of independent losses.
 */
static void bursts_widen_the_error(void **state)
{
	enum { FLOWS = 400, N = 5000 };
	const double truth = 1.0 / 11;
	uint64_t came[N];
	double squares = 0, covered = 0;
	struct gn_rand random;

	(void)state;
	gn_rand_init(&random, 1, GN_RAND_NETEM, 0);
	for (int f = 0; f < FLOWS; f++) {
		bool burst = gn_rand_below(&random, 11) == 0;
		size_t n = 0;

		for (uint64_t i = 0; i < N; i++) {
			if (!burst)
				came[n++] = i;
			burst = burst ? gn_rand_below(&random, 100) >= 20 : gn_rand_below(&random, 100) < 2;
		}
		struct gn_path p = measure(N, came, n);

		near(p.burst_mean, 5, 5 * p.burst_error);
		squares += (p.loss - truth) * (p.loss - truth) / (p.loss_error * p.loss_error);
		covered += p.loss_low <= truth && truth <= p.loss_high;
	}
	/* Chi-squared with 400 degrees of freedom; binomial. Four standard errors each. */
	near(squares / FLOWS, 1, 4 * sqrt(2.0 / FLOWS));
	near(covered / FLOWS, 0.95, 4 * sqrt(0.95 * 0.05 / FLOWS));
}

/* RFC 4737, 3.3: what comes after one that was sent later. */
static void reordering_is_counted_as_the_rfc_does(void **state)
{
	static const struct {
		const char *why;
		uint64_t came[8];
		size_t n;
		uint64_t reordered, duplicates;
	} cases[] = {
		{ "in order", { 0, 1, 2, 3 }, 4, 0, 0 },
		{ "a gap is no reordering", { 0, 2, 3 }, 3, 0, 0 },
		{ "one comes late", { 0, 2, 3, 1 }, 4, 1, 0 },
		{ "one comes early: those it has overtaken are late", { 3, 0, 1, 2 }, 4, 3, 0 },
		{ "each pair exchanged", { 1, 0, 3, 2 }, 4, 2, 0 },
		{ "backwards", { 3, 2, 1, 0 }, 4, 3, 0 },
		{ "a late copy is a copy and nothing else", { 0, 1, 2, 0, 3, 3 }, 6, 0, 2 },
	};

	(void)state;
	for (size_t i = 0; i < GN_ARRAY_LEN(cases); i++) {
		struct gn_path p = measure(4, cases[i].came, cases[i].n);

		if (p.reordered != cases[i].reordered || p.duplicates != cases[i].duplicates)
			fail_msg("%s: %d reordered, %d duplicates", cases[i].why, (int)p.reordered,
				 (int)p.duplicates);
	}
}

/* 1001 frames of 125 bytes in the 1000 ms between the first and the last: a megabit per second. */
static void rates_are_of_frames_between_the_first_and_the_last(void **state)
{
	uint64_t came[1001];
	struct gn_path p;

	(void)state;
	for (uint64_t i = 0; i < 1001; i++)
		came[i] = i;
	p = measure(1001, came, 1001);
	near(p.sent_bps, 1e6, 1e-6);
	near(p.received_bps, 1e6, 1e-6);
	p = measure(1001, came, 1);
	near(p.received_bps, 0, 0);
}

static void lateness_is_from_when_it_was_due(void **state)
{
	struct gn_probe_arrival a[] = { arrival(0, GN_MSEC), arrival(1, GN_MSEC), arrival(2, GN_MSEC) };
	struct gn_probe_sent sent = flow(3);
	struct gn_path p;

	(void)state;
	a[1].sent += 200 * GN_USEC;
	a[2].sent -= 1; /* too early, which clocks can make it seem */
	assert_int_equal(gn_path_measure(&sent, a, 3, &p, NULL), 0);
	assert_int_equal(p.late_max, 200 * GN_USEC);
	sent.interval = 0;
	assert_int_equal(gn_path_measure(&sent, a, 3, &p, NULL), 0);
	assert_int_equal(p.late_max, 0);
}

static void what_was_not_sent_is_refused(void **state)
{
	const struct gn_probe_arrival stranger = arrival(3, GN_MSEC);
	struct gn_probe_arrival early = arrival(0, 0);
	struct gn_probe_sent sent = flow(3);
	struct gn_path p;
	struct gn_err err;

	(void)state;
	early.arrived--;
	assert_int_equal(gn_path_measure(&sent, &stranger, 1, &p, &err), -EBADMSG);
	assert_int_equal(gn_path_measure(&sent, &early, 1, &p, &err), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(delays_are_quantiles_and_moments),
		cmocka_unit_test(quantiles_of_many),
		cmocka_unit_test(losses_in_a_row_are_bursts),
		cmocka_unit_test(a_long_burst_is_counted_with_the_longest),
		cmocka_unit_test(intervals_of_independent_losses),
		cmocka_unit_test(bursts_widen_the_error),
		cmocka_unit_test(reordering_is_counted_as_the_rfc_does),
		cmocka_unit_test(rates_are_of_frames_between_the_first_and_the_last),
		cmocka_unit_test(lateness_is_from_when_it_was_due),
		cmocka_unit_test(what_was_not_sent_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
