/* SPDX-License-Identifier: MIT */
/* Studies with known laws: the verdict may be "undecided", but no law is ever refuted that holds. */
#include "growth.h"

#include <stdio.h>
#include <string.h>

#include "study/verdict.h"

enum { STUDIES = 200 };

struct tally {
	int verdicts[GN_N_LAWS + 1];
	int refuted[GN_LAW_LOG_LOG + 1];
};

/* 200 studies of N = 100 .. 10^6 with 30 runs of each size, noise of all kinds and sizes taken in turn. */
static struct tally judge_studies(double (*law)(double n))
{
	static const double deviations[] = { 0.3, 0.5, 1 };
	struct tally tally = { 0 };

	for (uint64_t seed = 0; seed < STUDIES; seed++) {
		struct study s = { .from = 100,
				   .to = 1e6,
				   .per_decade = 3,
				   .runs = 30,
				   .law = law,
				   .deviation = deviations[seed % 3],
				   .noise = (enum noise)(seed / 3 % NOISES) };
		struct gn_verdict v;
		struct gn_fit f;

		make_up(&s, seed);
		assert_int_equal(gn_fit(s.points, s.n, seed, &f), 0);
		gn_judge(s.points, s.n, &f, &v);
		gn_fit_done(&f);
		tally.verdicts[v.law]++;
		for (int l = 0; l <= GN_LAW_LOG_LOG; l++)
			tally.refuted[l] += v.refuted[l];
	}
	return tally;
}

static void is_at_least(const char *what, int got, int want)
{
	if (got < want)
		fail_msg("%s: %d of %d, wanted %d", what, got, STUDIES, want);
}

static void a_law_of_log_n_is_found_and_never_refuted(void **state)
{
	static const struct {
		const char *name;
		double (*law)(double n);
		int found;
	} cases[] = { { "push", push, 190 },
		      { "push-pull", push_pull, 100 },
		      { "Poisson clocks", poisson, 110 } };

	(void)state;
	for (size_t i = 0; i < GN_ARRAY_LEN(cases); i++) {
		struct tally t = judge_studies(cases[i].law);

		assert_int_equal(t.refuted[GN_LAW_LOG], 0);
		is_at_least(cases[i].name, t.verdicts[GN_LAW_LOG], cases[i].found);
		assert_int_equal(t.verdicts[GN_LAW_LOG] + t.verdicts[GN_N_LAWS], STUDIES);
		is_at_least("log log N refuted", t.refuted[GN_LAW_LOG_LOG], 190);
	}
}

static void log_log_n_is_found_and_never_refuted(void **state)
{
	struct tally t = judge_studies(log_log);

	(void)state;
	assert_int_equal(t.refuted[GN_LAW_LOG_LOG], 0);
	is_at_least("log log N", t.verdicts[GN_LAW_LOG_LOG], 90);
	assert_int_equal(t.verdicts[GN_LAW_LOG_LOG] + t.verdicts[GN_N_LAWS], STUDIES);
}

/* Where both log log N and sqrt(log N) stand, the verdict has the first's name, and its sentence says so. */
static void sqrt_log_n_is_neither_of_the_others(void **state)
{
	struct tally t = judge_studies(sqrt_log);

	(void)state;
	assert_int_equal(t.refuted[GN_LAW_SQRT_LOG], 0);
	/* Log N needs no more than the exclusion by an interval of 95 %: 5 of 200, and 4 standard errors. */
	assert_in_range(t.verdicts[GN_LAW_LOG], 0, 13);
	is_at_least("sqrt(log N)", t.verdicts[GN_LAW_SQRT_LOG], 40);
}

/* ---- sentences ---- */

static struct gn_range range_of(double lambda, double low, double high, double log_chi2, double sqrt_chi2,
				double log_log_chi2)
{
	return (struct gn_range){ .n = 9,
				  .lambda = { lambda, low, high },
				  .lambda_two_terms = 0.84,
				  .curve.chi2 = 6,
				  .laws = { { .b = 1, .chi2 = log_chi2 },
					    { .chi2 = sqrt_chi2 },
					    { .chi2 = log_log_chi2 },
					    { .chi2 = log_chi2 } } };
}

static struct gn_verdict judged_with(struct gn_range whole, struct gn_range *windows, size_t n_windows,
				     double scatter)
{
	struct gn_point points[9];
	struct gn_fit f = { .whole = whole, .windows = windows, .n_windows = n_windows, .scatter = scatter };
	struct gn_verdict v;

	for (size_t i = 0; i < GN_ARRAY_LEN(points); i++)
		points[i] = (struct gn_point){ .n = 100 << i, .n_values = 30 };
	gn_judge(points, GN_ARRAY_LEN(points), &f, &v);
	return v;
}

static struct gn_verdict judged(struct gn_range whole, struct gn_range *windows, size_t n_windows)
{
	return judged_with(whole, windows, n_windows, 0);
}

static void sentences_claim_what_is_shown(void **state)
{
	static const struct {
		double lambda, low, high, chi2[3];
		const char *name, *sentence;
	} cases[] = {
		{ 1.0, 0.9, 1.1, { 7, 99, 99 }, "log N", "log N fits, sqrt(log N) and log log N do not" },
		{ 0.7, 0.6, 0.83, { 21, 99, 99 }, "log N", "log N fits, sqrt(log N) and log log N do not" },
		{ 0.8,
		  0.4,
		  1.1,
		  { 7, 8, 99 },
		  "undecided",
		  "log N and sqrt(log N) both fit, log log N does not" },
		{ 0.5,
		  0.4,
		  0.6,
		  { 99, 7, 99 },
		  "sqrt(log N)",
		  "not log N; consistent with sqrt(log N), and with log log N if small N has corrections, which no data of such sizes tell apart" },
		{ 0.2,
		  -0.1,
		  0.6,
		  { 99, 9, 8 },
		  "log log N",
		  "not log N; consistent with log log N; sqrt(log N) cannot be excluded" },
		{ 0,
		  -0.2,
		  0.2,
		  { 99, 99, 8 },
		  "log log N",
		  "not log N; consistent with log log N, and with sqrt(log N) only if small N has corrections" },
		{ -1,
		  -2,
		  -0.5,
		  { 99, 99, 21 },
		  "log log N",
		  "not log N; consistent with log log N, and with sqrt(log N) only if small N has corrections" },
		{ -1,
		  -2,
		  -0.5,
		  { 99, 99, 50 },
		  "undecided",
		  "not log N; grows more slowly than log log N, or not at all among the largest sizes" },
		{ 1.5,
		  1.1,
		  2,
		  { 20, 21, 99 },
		  "undecided",
		  "log N and sqrt(log N) both fit, log log N does not" },
		{ 0.5, -4, 5, { 7, 7, 7 }, "undecided", "log N, sqrt(log N) and log log N all fit" },
		{ 1.8, 1.6, 2, { 99, 99, 99 }, "undecided", "grows faster than log N" },
		{ 0.7,
		  0.6,
		  0.8,
		  { 99, 99, 99 },
		  "undecided",
		  "none of the laws fits: grows more slowly than log N, faster than sqrt(log N)" },
		{ 0.3,
		  0.2,
		  0.4,
		  { 99, 99, 99 },
		  "undecided",
		  "not log N; between log log N and sqrt(log N), and consistent with either if small N has corrections" },
	};

	(void)state;
	for (size_t i = 0; i < GN_ARRAY_LEN(cases); i++) {
		struct gn_verdict v = judged(range_of(cases[i].lambda, cases[i].low, cases[i].high,
						      cases[i].chi2[0], cases[i].chi2[1], cases[i].chi2[2]),
					     NULL, 0);
		char want[512];

		snprintf(want, sizeof(want), "%s; ten times N costs 2.30 rounds more", cases[i].sentence);
		assert_string_equal(gn_verdict_name(&v), cases[i].name);
		assert_string_equal(v.sentence, want);
	}
}

static void scatter_is_told(void **state)
{
	struct gn_range r = range_of(1, 0.9, 1.1, 47, 99999, 99999);
	struct gn_verdict v;

	(void)state;
	r.curve.chi2 = 46;
	v = judged_with(r, NULL, 0, 0.07);
	assert_string_equal(
		v.sentence,
		"log N fits, sqrt(log N) and log log N do not; ten times N costs 2.30 rounds"
		" more; the means scatter by 0.07 rounds around the best curve, beyond their errors");
	r.curve.chi2 = 10; /* as chance has it */
	assert_null(strstr(judged_with(r, NULL, 0, 0.07).sentence, "scatter"));
}

static double levelling(double n)
{
	return 5 - 80 / (log(n) * log(n) * log(n));
}

/* What falls with N, or stays, follows no law of growth; nor does what grows faster, or slower, than all. */
static void other_growth_is_no_law(void **state)
{
	static const struct {
		double (*law)(double n);
		const char *sentence;
	} cases[] = { { falling, "no growth with N is seen; ten times N costs -1." },
		      { constant, "no growth with N is seen" },
		      { linear, "grows faster than log N" },
		      { levelling, "not log N; grows more slowly than log log N, or not at all" } };

	(void)state;
	for (size_t i = 0; i < GN_ARRAY_LEN(cases); i++) {
		struct study s = { .from = 100,
				   .to = 1e6,
				   .per_decade = 4,
				   .runs = 30,
				   .law = cases[i].law,
				   .deviation = 0.1 };
		struct gn_verdict v;
		struct gn_fit f;

		make_up(&s, 1);
		assert_int_equal(gn_fit(s.points, s.n, 0, &f), 0);
		gn_judge(s.points, s.n, &f, &v);
		gn_fit_done(&f);
		assert_int_equal(v.law, GN_N_LAWS);
		if (strncmp(v.sentence, cases[i].sentence, strlen(cases[i].sentence)))
			fail_msg("%s", v.sentence);
	}
}

/* By four standard errors, which scatter of the points around the family's curve makes larger, and calm not smaller. */
static void refuted_is_what_fits_far_worse(void **state)
{
	static const struct {
		double curve, law;
		bool refuted;
	} cases[] = { { 6, 21, false }, { 6, 23, true },    { 1, 16, false },
		      { 1, 18, true },	{ 60, 210, false }, { 60, 230, true } };

	(void)state;
	for (size_t i = 0; i < GN_ARRAY_LEN(cases); i++) {
		struct gn_range r = range_of(1, 0.9, 1.1, 7, 7, cases[i].law);

		r.curve.chi2 = cases[i].curve;
		assert_int_equal(judged(r, NULL, 0).refuted[GN_LAW_LOG_LOG], cases[i].refuted);
		r.lambda.low = -0.1; /* not excluded: not refuted */
		assert_int_equal(judged(r, NULL, 0).refuted[GN_LAW_LOG_LOG], false);
	}
}

/* A law that holds over all sizes together, but less and less, is none. */
static void drift_is_no_verdict(void **state)
{
	struct gn_range up[] = { range_of(0.2, 0, 0.3, 9, 9, 9), range_of(0.6, 0.4, 0.7, 9, 9, 9) };
	struct gn_range down[] = { range_of(1.1, 1, 1.2, 9, 9, 9), range_of(0.6, 0.4, 0.7, 9, 9, 9) };
	struct gn_verdict v;

	(void)state;
	v = judged(range_of(0.5, 0.4, 0.6, 99, 7, 99), up, 2);
	assert_int_equal(v.law, GN_N_LAWS);
	assert_non_null(strstr(v.sentence, "lambda rises with N"));
	v = judged(range_of(1, 0.9, 1.1, 7, 99, 99), down, 2);
	assert_int_equal(v.law, GN_N_LAWS);
	assert_non_null(strstr(v.sentence, "lambda falls with N"));
	/* The other way is how a term of log log N fades beside log N, and log N beside constants. */
	assert_int_equal(judged(range_of(0.5, 0.4, 0.6, 99, 7, 99), down, 2).law, GN_LAW_SQRT_LOG);
	assert_int_equal(judged(range_of(1, 0.9, 1.1, 7, 99, 99), up, 2).law, GN_LAW_LOG);
}

static void too_little_is_no_verdict(void **state)
{
	struct study s = {
		.from = 100, .to = 1e6, .per_decade = 4, .runs = 30, .law = push, .deviation = 0.3
	};
	struct gn_verdict v;
	struct gn_fit f;

	(void)state;
	make_up(&s, 1);
	assert_int_equal(gn_fit(s.points, s.n, 0, &f), 0);
	gn_judge(s.points, s.n, &f, &v);
	assert_int_equal(v.law, GN_LAW_LOG);
	s.points[3].n_values = 29;
	gn_judge(s.points, s.n, &f, &v);
	assert_int_equal(v.law, GN_N_LAWS);
	assert_string_equal(v.sentence, "too few runs of each size");
	gn_fit_done(&f);

	gn_judge(s.points, 3, NULL, &v);
	assert_int_equal(v.law, GN_N_LAWS);
	assert_string_equal(v.sentence, "too few sizes that count");

	s.to = 900;
	s.per_decade = 8;
	make_up(&s, 1);
	assert_int_equal(gn_fit(s.points, s.n, 0, &f), 0);
	gn_judge(s.points, s.n, &f, &v);
	assert_int_equal(v.law, GN_N_LAWS);
	assert_string_equal(v.sentence, "the sizes that count span less than a factor of ten");
	gn_fit_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_law_of_log_n_is_found_and_never_refuted),
		cmocka_unit_test(log_log_n_is_found_and_never_refuted),
		cmocka_unit_test(sqrt_log_n_is_neither_of_the_others),
		cmocka_unit_test(sentences_claim_what_is_shown),
		cmocka_unit_test(scatter_is_told),
		cmocka_unit_test(other_growth_is_no_law),
		cmocka_unit_test(refuted_is_what_fits_far_worse),
		cmocka_unit_test(drift_is_no_verdict),
		cmocka_unit_test(too_little_is_no_verdict),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
