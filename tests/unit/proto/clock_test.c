/* SPDX-License-Identifier: MIT */
/* When members act, with each of the three clocks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <cmocka.h>

#include "gossipnet/protocol.h"

#define PERIOD UINT64_C(200000000)

static void rounds_are_at_multiples_of_the_period(void **unused)
{
	static const uint64_t cases[][2] = {
		{ 0, PERIOD }, { 1, PERIOD }, { PERIOD - 1, PERIOD }, { PERIOD, 2 * PERIOD }
	};
	const struct gn_cluster c = { .period = PERIOD, .clock = GN_CLOCK_ROUNDS };
	struct gn_random r = { 1 };

	(void)unused;
	for (int i = 0; i < 4; i++) {
		const struct gn_input in = { .now = cases[i][0], .random = &r };

		assert_true(gn_first_round(&c, &in) == cases[i][1]);
		assert_true(gn_soon(&c, in.now) == cases[i][1]);
	}
	assert_true(gn_next_round(&c, &(struct gn_input){ .random = &r }, 3 * PERIOD) == 4 * PERIOD);
	assert_true(r.state == 1); /* nothing was drawn */
}

static void phases_are_uniform_and_periods_exact(void **unused)
{
	const struct gn_cluster c = { .period = PERIOD, .clock = GN_CLOCK_PERIODIC };
	enum { DRAWS = 40000 };
	struct gn_random r = { 1 };
	const struct gn_input in = { .now = 77, .random = &r };
	double sum = 0, squares = 0;

	(void)unused;
	for (int i = 0; i < DRAWS; i++) {
		uint64_t first = gn_first_round(&c, &in);
		double phase = (double)(first - 77) / (double)PERIOD;

		assert_in_range(first, 78, 77 + PERIOD);
		assert_true(gn_next_round(&c, &in, first) == first + PERIOD);
		sum += phase;
		squares += phase * phase;
	}
	assert_true(fabs(sum / DRAWS - 0.5) < 4 * sqrt(1.0 / 12 / DRAWS));
	assert_true(fabs(squares / DRAWS - 1.0 / 3) < 4 * sqrt(4.0 / 45 / DRAWS));
	assert_true(gn_soon(&c, 77) == 78);
}

/* Mean, second moment and median of an exponential distribution. */
static void poisson_times_are_exponential(void **unused)
{
	const struct gn_cluster c = { .period = PERIOD, .clock = GN_CLOCK_POISSON };
	enum { DRAWS = 100000 };
	struct gn_random r = { 1 };
	const struct gn_input in = { .now = 77, .random = &r };
	double sum = 0, squares = 0, below_median = 0;

	(void)unused;
	for (int i = 0; i < DRAWS; i++) {
		uint64_t due = i % 2 ? gn_first_round(&c, &in) - 77 : gn_next_round(&c, &in, 500) - 500;
		double t = (double)due / (double)PERIOD;

		assert_true(due >= 1);
		sum += t;
		squares += t * t;
		below_median += t < log(2);
	}
	assert_true(fabs(sum / DRAWS - 1) < 4 * sqrt(1.0 / DRAWS));
	assert_true(fabs(squares / DRAWS - 2) < 4 * sqrt(20.0 / DRAWS));
	assert_true(fabs(below_median / DRAWS - 0.5) < 4 * sqrt(0.25 / DRAWS));
}

static void a_draw_below_is_uniform(void **unused)
{
	enum { DRAWS = 120000 };
	struct gn_random r = { 3 };
	unsigned seen[12] = { 0 };

	(void)unused;
	for (int i = 0; i < DRAWS; i++)
		seen[gn_random_below(&r, 12)]++;
	for (int i = 0; i < 12; i++)
		assert_in_range(seen[i], 10000 - 400, 10000 + 400);
	assert_int_equal(gn_random_below(&r, 1), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rounds_are_at_multiples_of_the_period),
		cmocka_unit_test(phases_are_uniform_and_periods_exact),
		cmocka_unit_test(poisson_times_are_exponential),
		cmocka_unit_test(a_draw_below_is_uniform),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
