/* SPDX-License-Identifier: MIT */
/* Against tables, certified data, and counting. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>

#include "study/statistics.h"
#include "util/rand.h"
#include "util/util.h"

static void near(double got, double want, double within)
{
	if (fabs(got - want) > within)
		fail_msg("%.12g is not within %g of %.12g", got, within, want);
}

static void means_have_errors(void **state)
{
	static const double values[] = { 2, 4, 4, 4, 5, 5, 7, 9 };
	struct gn_mean m = gn_mean(values, GN_ARRAY_LEN(values));

	(void)state;
	near(m.mean, 5, 1e-15);
	near(m.deviation, sqrt(32.0 / 7), 1e-15);
	near(m.error, sqrt(4.0 / 7), 1e-15);
	assert_int_equal(m.n, 8);
	m = gn_mean(values, 1);
	near(m.mean, 2, 0);
	near(m.deviation, 0, 0);
}

/* NIST, Statistical Reference Datasets, linear regression: Norris. */
static void a_line_is_the_certified_one(void **state)
{
	static const struct {
		double y, x;
	} data[] = {
		{ 0.1, 0.2 },	  { 338.8, 337.4 }, { 118.1, 118.2 }, { 888.0, 884.6 }, { 9.2, 10.1 },
		{ 228.1, 226.5 }, { 668.5, 666.3 }, { 998.5, 996.3 }, { 449.1, 448.6 }, { 778.9, 777.0 },
		{ 559.2, 558.2 }, { 0.3, 0.4 },	    { 0.1, 0.6 },     { 778.1, 775.5 }, { 668.8, 666.9 },
		{ 339.3, 338.0 }, { 448.9, 447.5 }, { 10.8, 11.6 },   { 557.7, 556.0 }, { 228.3, 228.1 },
		{ 998.0, 995.8 }, { 888.8, 887.6 }, { 119.6, 120.2 }, { 0.3, 0.3 },	{ 0.6, 0.3 },
		{ 557.6, 556.8 }, { 339.3, 339.1 }, { 888.0, 887.2 }, { 998.5, 999.0 }, { 778.9, 779.0 },
		{ 10.2, 11.1 },	  { 117.6, 118.3 }, { 228.9, 229.2 }, { 668.4, 669.1 }, { 449.2, 448.9 },
		{ 0.2, 0.5 },
	};
	/* Errors equal to the certified residual standard deviation give the certified standard errors. */
	const double deviation = 0.884796396144373;
	double x[GN_ARRAY_LEN(data)], y[GN_ARRAY_LEN(data)], error[GN_ARRAY_LEN(data)];

	(void)state;
	for (size_t i = 0; i < GN_ARRAY_LEN(data); i++) {
		x[i] = data[i].x;
		y[i] = data[i].y;
		error[i] = deviation;
	}
	struct gn_line line = gn_line_fit(x, y, error, GN_ARRAY_LEN(data));

	near(line.a, -0.262323073774029, 1e-11);
	near(line.b, 1.00211681802045, 1e-13);
	near(line.a_error, 0.232818234301152, 1e-12);
	near(line.b_error, 0.429796848199937e-03, 1e-14);
	near(line.chi2, 34, 1e-9);
}

/* A point with an error of 1 / sqrt(k) weighs as much as k equal points with an error of 1. */
static void weights_count(void **state)
{
	static const double x[] = { 1, 2, 2, 2, 5, 5 }, y[] = { 3, 1, 1, 1, 4, 4 },
			    ones[] = { 1, 1, 1, 1, 1, 1 };
	static const double few_x[] = { 1, 2, 5 }, few_y[] = { 3, 1, 4 };
	const double few_errors[] = { 1, 1 / sqrt(3), 1 / sqrt(2) };
	struct gn_line many = gn_line_fit(x, y, ones, 6), few = gn_line_fit(few_x, few_y, few_errors, 3);

	(void)state;
	near(few.a, many.a, 1e-14);
	near(few.b, many.b, 1e-14);
	near(few.a_error, many.a_error, 1e-14);
	near(few.b_error, many.b_error, 1e-14);
	near(few.chi2, many.chi2, 1e-14);
}

/* NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.4. */
static void chi_squared_is_the_table(void **state)
{
	static const struct {
		unsigned dof;
		double chi2, p;
	} rows[] = {
		{ 1, 3.841, 0.05 },   { 1, 10.828, 0.001 }, { 2, 5.991, 0.05 },	   { 3, 16.266, 0.001 },
		{ 4, 1.064, 0.9 },    { 5, 11.070, 0.05 },  { 7, 1.239, 0.99 },	   { 10, 29.588, 0.001 },
		{ 15, 24.996, 0.05 }, { 30, 43.773, 0.05 }, { 41, 74.745, 0.001 }, { 100, 149.449, 0.001 },
	};

	(void)state;
	for (size_t i = 0; i < GN_ARRAY_LEN(rows); i++)
		near(gn_chi2_probability(rows[i].chi2, rows[i].dof) / rows[i].p, 1, 0.002);
	near(gn_chi2_probability(0, 3), 1, 0);
	near(gn_chi2_probability(7, 2), exp(-3.5), 1e-15);
	near(gn_chi2_probability(4000, 5), 0, 1e-300);
}

/* ---- Kolmogorov and Smirnov ---- */

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double part_up_to(const double *values, size_t n, double x)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		count += values[i] <= x;
	return (double)count / (double)n;
}

static double distance(const double *a, size_t n, const double *b, size_t m)
{
	double most = 0;

	for (size_t i = 0; i < n + m; i++) {
		double x = i < n ? a[i] : b[i - n];

		most = fmax(most, fabs(part_up_to(a, n, x) - part_up_to(b, m, x)));
	}
	return most;
}

/* What p means: of all ways to choose which @n of the pooled values are the first sample, the part in which the
 * samples are at least as far apart. */
static double counted(const double *pool, size_t n, size_t m, double d)
{
	size_t far = 0, all = 0;

	for (unsigned set = 0; set < 1u << (n + m); set++) {
		double a[16], b[16];
		size_t n_a = 0, n_b = 0;

		if (__builtin_popcount(set) != (int)n)
			continue;
		for (size_t i = 0; i < n + m; i++)
			if (set >> i & 1)
				a[n_a++] = pool[i];
			else
				b[n_b++] = pool[i];
		far += distance(a, n, b, m) > d - 1e-9;
		all++;
	}
	return (double)far / (double)all;
}

static void the_test_is_exact_with_and_without_ties(void **state)
{
	static const size_t sizes[][2] = { { 1, 1 }, { 1, 6 }, { 3, 4 }, { 5, 5 }, { 4, 9 }, { 7, 5 } };
	struct gn_rand r;

	(void)state;
	gn_rand_init(&r, 1, GN_RAND_SCHEDULE, 0);
	for (size_t s = 0; s < GN_ARRAY_LEN(sizes); s++)
		for (unsigned different = 1; different <= 1000; different *= 3) {
			const size_t n = sizes[s][0], m = sizes[s][1];
			struct gn_ks ks = { 0 };
			double pool[16];

			for (size_t i = 0; i < n + m; i++)
				pool[i] = (double)gn_rand_below(&r, different);
			qsort(pool, n, sizeof(*pool), ascending);
			qsort(pool + n, m, sizeof(*pool), ascending);
			assert_int_equal(gn_ks_test(pool, n, pool + n, m, &ks), 0);
			near(ks.d, distance(pool, n, pool + n, m), 1e-12);
			near(ks.p, counted(pool, n, m, ks.d), 1e-12);
		}
}

static void apart_is_as_far_as_it_goes(void **state)
{
	static const double a[] = { 1, 2, 3, 4, 5 }, b[] = { 6, 7, 8, 9, INFINITY };
	static const double never[] = { INFINITY, INFINITY };
	struct gn_ks ks;

	(void)state;
	assert_int_equal(gn_ks_test(a, 5, b, 5, &ks), 0);
	near(ks.d, 1, 0);
	near(ks.p, 2.0 / 252, 1e-15);
	assert_int_equal(gn_ks_test(a, 5, a, 5, &ks), 0);
	near(ks.d, 0, 0);
	near(ks.p, 1, 0);
	assert_int_equal(gn_ks_test(never, 2, never, 2, &ks), 0);
	near(ks.p, 1, 0);
}

/* Samples of n values that are z * sqrt(2 / n) apart. Kolmogorov's limit at 1.36 and 1.63: 0.0495 and 0.0098. */
static void large_samples_have_the_limit(void **state)
{
	static const struct {
		size_t n;
		double z, p, within;
	} cases[] = { { 3000, 1.36, 0.0495, 0.003 },
		      { 40000, 1.36, 0.0495, 0.001 },
		      { 40000, 1.63, 0.0098, 0.0002 } };

	(void)state;
	for (size_t c = 0; c < GN_ARRAY_LEN(cases); c++) {
		const size_t n = cases[c].n;
		double *a = calloc(2 * n, sizeof(*a)), *b = a + n;
		struct gn_ks ks = { 0 };

		assert_non_null(a);
		for (size_t i = 0; i < n; i++) {
			a[i] = (double)i;
			b[i] = (double)i + floor(cases[c].z * sqrt(2.0 * (double)n)) - 0.5;
		}
		assert_int_equal(gn_ks_test(a, n, b, n, &ks), 0);
		near(ks.p, cases[c].p, cases[c].within);
		free(a);
	}
}

/* Of samples of one distribution, one in twenty has p <= 0.05. */
static void p_is_the_rate_of_false_alarms(void **state)
{
	enum { TESTS = 4000 };
	unsigned alarms = 0;
	struct gn_rand r;

	(void)state;
	gn_rand_init(&r, 2, GN_RAND_SCHEDULE, 0);
	for (int t = 0; t < TESTS; t++) {
		double a[40], b[25];
		struct gn_ks ks = { 0 };

		for (size_t i = 0; i < GN_ARRAY_LEN(a); i++)
			a[i] = (double)gn_rand_below(&r, 1u << 30);
		for (size_t i = 0; i < GN_ARRAY_LEN(b); i++)
			b[i] = (double)gn_rand_below(&r, 1u << 30);
		qsort(a, GN_ARRAY_LEN(a), sizeof(*a), ascending);
		qsort(b, GN_ARRAY_LEN(b), sizeof(*b), ascending);
		assert_int_equal(gn_ks_test(a, GN_ARRAY_LEN(a), b, GN_ARRAY_LEN(b), &ks), 0);
		alarms += ks.p <= 0.05;
	}
	/* p comes in steps, the largest up to 0.05 is 0.046. */
	near((double)alarms / TESTS, 0.046, 4 * sqrt(0.046 * 0.954 / TESTS));
}

/* 6 and 7 can be dealt out in 1716 ways, 7 and 7 in 3432, and two of them are the farthest apart: with the first no p is
 * below 0.001. */
static void a_verdict_needs_enough_values(void **state)
{
	(void)state;
	assert_string_equal(gn_ks_verdict(0.5, 30, 30), "agree");
	assert_string_equal(gn_ks_verdict(0.00101, 30, 30), "agree");
	assert_string_equal(gn_ks_verdict(0.00099, 30, 30), "differ");
	assert_string_equal(gn_ks_verdict(0.5, 6, 7), "too few to tell");
	assert_string_equal(gn_ks_verdict(0.5, 7, 7), "agree");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(means_have_errors),
		cmocka_unit_test(a_line_is_the_certified_one),
		cmocka_unit_test(weights_count),
		cmocka_unit_test(chi_squared_is_the_table),
		cmocka_unit_test(the_test_is_exact_with_and_without_ties),
		cmocka_unit_test(apart_is_as_far_as_it_goes),
		cmocka_unit_test(large_samples_have_the_limit),
		cmocka_unit_test(p_is_the_rate_of_false_alarms),
		cmocka_unit_test(a_verdict_needs_enough_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
