/* SPDX-License-Identifier: MIT */
#include "growth.h"

static const struct study decades = { .from = 100, .to = 1e6, .per_decade = 4, .runs = 30 };

static void near(const char *what, double got, double want, double within)
{
	if (!(fabs(got - want) <= within))
		fail_msg("%s: %.9g is not within %g of %.9g", what, got, within, want);
}

static double log_n(double n)
{
	return 1 + 2 * log(n);
}

static void lambda_names_the_law(void **state)
{
	static const struct {
		double (*law)(double n);
		double lambda, within;
	} cases[] = { { log_n, 1, 0.001 },
		      { sqrt_log, 0.5, 0.001 },
		      { log_log, 0, 0.001 },
		      { falling, 1, 0.01 },
		      { push_pull, 0.84, 0.01 } };

	(void)state;
	for (size_t i = 0; i < GN_ARRAY_LEN(cases); i++) {
		struct study s = decades;
		struct gn_fit f;

		s.law = cases[i].law;
		s.deviation = 1e-4;
		make_up(&s, i);
		assert_int_equal(gn_fit(s.points, s.n, 0, &f), 0);
		near("lambda", f.whole.lambda.value, cases[i].lambda, cases[i].within);
		assert_true(f.whole.lambda.low < f.whole.lambda.value);
		assert_true(f.whole.lambda.high > f.whole.lambda.value);
		near("the law of two terms", f.whole.lambda_two_terms, 0.84, 0.01);
		gn_fit_done(&f);
	}
}

static void lines_have_the_law_s_numbers(void **state)
{
	struct study s = decades;
	struct gn_fit f;

	(void)state;
	s.law = push_pull;
	s.deviation = 1e-6;
	make_up(&s, 0);
	assert_int_equal(gn_fit(s.points, s.n, 0, &f), 0);
	near("a", f.whole.laws[GN_LAW_TWO_TERMS].a, 0, 1e-5);
	near("b", f.whole.laws[GN_LAW_TWO_TERMS].b, 1, 1e-5);
	assert_true(f.whole.laws[GN_LAW_TWO_TERMS].chi2 < 60);
	assert_true(f.whole.laws[GN_LAW_LOG].chi2 > 1e6);
	gn_fit_done(&f);

	s.law = log_log;
	make_up(&s, 0);
	assert_int_equal(gn_fit(s.points, s.n, 0, &f), 0);
	near("a", f.whole.laws[GN_LAW_LOG_LOG].a, 2, 1e-5);
	near("b", f.whole.laws[GN_LAW_LOG_LOG].b, 3, 1e-5);
	near("the curve is the law", f.whole.curve.b, 3, 0.01);
	gn_fit_done(&f);
}

/* 95 % of the intervals hold the truth, also where runs end in whole rounds. */
static void intervals_hold_what_they_say(void **state)
{
	enum { STUDIES = 300 };

	(void)state;
	for (int noise = NORMAL; noise <= LAST_ROUND; noise++) {
		int held = 0;

		for (uint64_t seed = 0; seed < STUDIES; seed++) {
			struct study s = decades;
			struct gn_fit f;

			s.to = 1e4;
			s.law = sqrt_log;
			s.deviation = 0.5;
			s.noise = (enum noise)noise;
			make_up(&s, seed);
			assert_int_equal(gn_fit(s.points, s.n, seed, &f), 0);
			held += f.whole.lambda.low <= 0.5 && f.whole.lambda.high >= 0.5;
			gn_fit_done(&f);
		}
		/* Wider is allowed: a scatter of the points that is chance widens an interval. */
		near("part that holds", (double)held / STUDIES, 0.97, 0.02 + 4 * sqrt(0.95 * 0.05 / STUDIES));
	}
}

/* The standard deviation of lambda by the propagation of errors: the means' own, times how far lambda goes with each. */
static double deviation_of_lambda(const struct study *s)
{
	const double step = 1e-3, error = s->deviation / sqrt((double)s->runs);
	double variance = 0;

	for (size_t i = 0; i < s->n; i++) {
		double lambda[2];

		for (int up = 0; up < 2; up++) {
			struct study moved = *s;
			struct gn_fit f;

			moved.deviation = 0;
			make_up(&moved, 0);
			moved.points[i].mean += up ? step : -step;
			assert_int_equal(gn_fit(moved.points, moved.n, 0, &f), 0);
			lambda[up] = f.whole.lambda.value;
			gn_fit_done(&f);
		}
		variance += pow((lambda[1] - lambda[0]) / (2 * step) * error, 2);
	}
	return sqrt(variance);
}

/* Where no scatter widens it, an interval ends 1.96 standard deviations from the estimate, times sqrt(29 / 30) because the
 * resamples vary around the mean of 30 values and not around the truth. Of a single study it differs by 0.13: four standard
 * errors of about 30 are 0.1. */
static void intervals_are_of_95_percent(void **state)
{
	enum { STUDIES = 60 };
	struct study s = decades;
	double below = 0, above = 0;
	unsigned n = 0;

	(void)state;
	s.to = 1e4;
	s.law = sqrt_log;
	s.deviation = 0.02;
	for (uint64_t seed = 0; seed < STUDIES; seed++) {
		struct gn_fit f;

		make_up(&s, seed);
		assert_int_equal(gn_fit(s.points, s.n, seed, &f), 0);
		if (f.scatter == 0) {
			below += f.whole.lambda.value - f.whole.lambda.low;
			above += f.whole.lambda.high - f.whole.lambda.value;
			n++;
		}
		gn_fit_done(&f);
	}
	const double deviation = deviation_of_lambda(&s);

	assert_in_range(n, 25, STUDIES);
	near("lower end", below / n / deviation, 1.96 * sqrt(29 / 30.0), 0.1);
	near("upper end", above / n / deviation, 1.96 * sqrt(29 / 30.0), 0.1);
}

/* log N up to 10000 members, sqrt(log N) beyond: the first window is of the one, the last but for a point of the
 * other. */
static double changing(double n)
{
	return n < 10001 ? log_n(n) : sqrt_log(n) + log_n(10000) - sqrt_log(10000);
}

static void windows_slide_over_all_sizes(void **state)
{
	struct study s = decades;
	struct gn_fit f;

	(void)state;
	s.law = changing;
	s.deviation = 0.01;
	make_up(&s, 0);
	assert_int_equal(s.n, 17);
	assert_int_equal(gn_fit(s.points, s.n, 0, &f), 0);
	assert_int_equal(f.n_windows, 9);
	for (size_t i = 0; i < f.n_windows; i++) {
		assert_int_equal(f.windows[i].first, i);
		assert_int_equal(f.windows[i].n, 9);
	}
	near("lambda of the first window", f.windows[0].lambda.value, 1, 0.05);
	near("slope of the first window", f.windows[0].laws[GN_LAW_LOG].b, 2, 0.02);
	near("lambda of the last window", f.windows[8].lambda.value, 0.5, 0.05);
	near("slope of the last window", f.windows[8].laws[GN_LAW_LOG].b, 2 / sqrt(11.5), 0.02);
	gn_fit_done(&f);
	assert_int_equal(gn_fit(s.points, GN_FIT_POINTS, 0, &f), 0);
	assert_int_equal(f.n_windows, 0);
	gn_fit_done(&f);
}

/* lambda is 0.3 among the smallest sizes and 0.6 among the largest. */
static double mixed(double n)
{
	return 0.3 * log(n) + 3 * log(log(n));
}

static void windows_have_intervals_of_their_own(void **state)
{
	struct study s = decades;
	struct gn_fit f;

	(void)state;
	s.law = mixed;
	s.deviation = 0.01;
	make_up(&s, 0);
	assert_int_equal(gn_fit(s.points, s.n, 0, &f), 0);
	near("lambda of the first window", f.windows[0].lambda.value, 0.37, 0.05);
	near("lambda of the last window", f.windows[8].lambda.value, 0.54, 0.05);
	near("middle of its interval", (f.windows[8].lambda.low + f.windows[8].lambda.high) / 2, 0.54, 0.05);
	for (size_t i = 0; i < f.n_windows; i++) {
		assert_true(f.windows[i].lambda.low < f.windows[i].lambda.value);
		assert_true(f.windows[i].lambda.high > f.windows[i].lambda.value);
	}
	gn_fit_done(&f);
}

static void what_errors_do_not_explain_is_scatter(void **state)
{
	struct study s = decades;
	struct gn_fit calm, f;

	(void)state;
	s.law = push;
	s.deviation = 0.1;
	make_up(&s, 0);
	assert_int_equal(gn_fit(s.points, s.n, 0, &calm), 0);
	near("scatter of a law without waves", calm.scatter, 0, 0.02);
	s.noise = WAVES;
	make_up(&s, 0);
	assert_int_equal(gn_fit(s.points, s.n, 0, &f), 0);
	near("scatter of waves of 0.1", f.scatter, 0.1 / sqrt(2), 0.03);
	assert_true(f.whole.lambda.high - f.whole.lambda.low >
		    2 * (calm.whole.lambda.high - calm.whole.lambda.low));
	gn_fit_done(&f);
	gn_fit_done(&calm);
}

/* Thirty runs of exactly 7 rounds do not make an error of zero, nor an interval of lambda. */
static void runs_that_agree_are_not_certainty(void **state)
{
	struct study s = decades;
	struct gn_fit f;

	(void)state;
	s.law = constant;
	make_up(&s, 0);
	near("error", s.points[0].error, 1.0 / 30, 1e-12);
	assert_int_equal(gn_fit(s.points, s.n, 0, &f), 0);
	assert_true(f.whole.lambda.high - f.whole.lambda.low > GN_LAMBDA_MAX);
	gn_fit_done(&f);
}

static void the_same_resamples_give_the_same(void **state)
{
	struct study s = decades;
	struct gn_fit a, b, c;

	(void)state;
	s.law = pull;
	s.deviation = 0.5;
	make_up(&s, 3);
	assert_int_equal(gn_fit(s.points, s.n, 7, &a), 0);
	assert_int_equal(gn_fit(s.points, s.n, 7, &b), 0);
	assert_int_equal(gn_fit(s.points, s.n, 8, &c), 0);
	assert_memory_equal(&a.whole, &b.whole, sizeof(a.whole));
	assert_memory_equal(a.windows, b.windows, a.n_windows * sizeof(*a.windows));
	assert_memory_equal(&a.whole.lambda.value, &c.whole.lambda.value, sizeof(double));
	assert_true(a.whole.lambda.low != c.whole.lambda.low);
	gn_fit_done(&a);
	gn_fit_done(&b);
	gn_fit_done(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lambda_names_the_law),
		cmocka_unit_test(lines_have_the_law_s_numbers),
		cmocka_unit_test(intervals_hold_what_they_say),
		cmocka_unit_test(intervals_are_of_95_percent),
		cmocka_unit_test(windows_slide_over_all_sizes),
		cmocka_unit_test(windows_have_intervals_of_their_own),
		cmocka_unit_test(what_errors_do_not_explain_is_scatter),
		cmocka_unit_test(runs_that_agree_are_not_certainty),
		cmocka_unit_test(the_same_resamples_give_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
