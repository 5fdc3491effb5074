/* SPDX-License-Identifier: MIT */
/*
 * The models against what is known of them exactly. Fixed seeds; a mean may be off by four standard errors.
 */
#include "setting.h"

#include <math.h>

struct mean {
	double sum, squares;
	unsigned n;
};

static void add(struct mean *m, double x)
{
	m->sum += x;
	m->squares += x * x;
	m->n++;
}

static double mean_of(const struct mean *m)
{
	return m->sum / m->n;
}

static double error_of(const struct mean *m)
{
	return sqrt((m->squares / m->n - mean_of(m) * mean_of(m)) / m->n);
}

static void expect_mean(const char *what, const struct mean *m, double wanted)
{
	double off = fabs(mean_of(m) - wanted), error = error_of(m);

	print_message("# %s: %.5f +- %.5f, exactly %.5f\n", what, mean_of(m), error, wanted);
	if (!(off <= 4 * error))
		fail_msg("%s: mean %.5f, standard error %.5f, wanted %.5f", what, mean_of(m), error, wanted);
}

/* When all know the event, in periods. */
static double time_of_all(const struct setting *s)
{
	struct gn_sim_result r;

	simulate(s, &r);
	assert_int_equal(r.ending, GN_SIM_INFORMED);
	double t = (double)r.curves[0].points[r.curves[0].n - 1].t / (double)s->t.gossip.period;

	gn_sim_result_done(&r);
	return t;
}

/* Markov chains over the number of those who know; see THEORY.md. */
static void rounds_take_as_many_as_the_markov_chain_says(void **state GN_UNUSED)
{
	static const struct {
		const char *protocol;
		uint32_t members;
		double rounds;
	} cases[] = {
		{ "push", 3, 7.0 / 3 },	  { "pull", 3, 2 },	    { "push-pull", 3, 1.5 },
		{ "push", 10, 6.047132 }, { "pull", 10, 5.063386 }, { "push-pull", 10, 3.460514 },
	};

	for (size_t i = 0; i < GN_ARRAY_LEN(cases); i++) {
		struct setting s;
		struct mean m = { 0 };

		make_setting(&s, gn_protocol_find(cases[i].protocol), cases[i].members, GN_CLOCK_ROUNDS);
		for (s.t.seed = 1; s.t.seed <= 20000; s.t.seed++)
			add(&m, time_of_all(&s));
		expect_mean(cases[i].protocol, &m, cases[i].rounds);
	}
}

/* Push-pull by Poisson clocks without latency: with k of n knowing, the next learns at the rate 2 k (n - k) / (n - 1). */
static void poisson_clocks_take_the_exact_sum(void **state GN_UNUSED)
{
	static const unsigned percents[] = { 50, 90, 100 };
	enum { N = 100, SEEDS = 4000 };
	struct mean m[GN_ARRAY_LEN(percents)] = { 0 };
	struct setting s;

	make_setting(&s, gn_protocol_find("push-pull"), N, GN_CLOCK_POISSON);
	for (s.t.seed = 1; s.t.seed <= SEEDS; s.t.seed++) {
		struct gn_sim_result r;

		simulate(&s, &r);
		for (size_t i = 0; i < GN_ARRAY_LEN(percents); i++)
			add(&m[i], gn_sim_crossing(&r.curves[0], ceil(N * percents[i] / 100.0)) / 1e9);
		gn_sim_result_done(&r);
	}
	for (size_t i = 0; i < GN_ARRAY_LEN(percents); i++) {
		double wanted = 0;

		for (int k = 1; k < ceil(N * percents[i] / 100.0); k++)
			wanted += (N - 1) / (2.0 * k * (N - k));
		expect_mean("until so many know", &m[i], wanted);
	}
}

/* Grows evenly while a logistic curve, which is what spreading slows down to, does not. */
static double logit(double k, double n)
{
	return log(k / (n - k));
}

/*
 * Members that act once a period at random phases, with a one-way latency: the number that know grows as e^(a t). Measured
 * between 100 and 1000, where chance has been averaged out and most do not know yet.
 */
static void random_phases_grow_at_the_exact_rate(void **state GN_UNUSED)
{
	enum { N = 20000, SEEDS = 16, FROM = 100, TO = 1000 };
	static const struct {
		gn_dur latency;
		double rate;
	} cases[] = { { 0, 1.6302 }, { GN_SEC / 10, 1.5132 }, { GN_SEC / 4, 1.3867 } };

	for (size_t i = 0; i < GN_ARRAY_LEN(cases); i++) {
		struct setting s;
		double time = 0;

		make_setting(&s, gn_protocol_find("push-pull"), N, GN_CLOCK_PERIODIC);
		s.t.network.delay = cases[i].latency;
		s.t.duration = 8 * GN_SEC;
		for (s.t.seed = 1; s.t.seed <= SEEDS; s.t.seed++) {
			struct gn_sim_result r;

			simulate(&s, &r);
			time += (gn_sim_crossing(&r.curves[0], TO) - gn_sim_crossing(&r.curves[0], FROM)) /
				1e9;
			gn_sim_result_done(&r);
		}
		double rate = (logit(TO, N) - logit(FROM, N)) / (time / SEEDS);

		print_message("# latency %.2f periods: rate %.4f, exactly %.4f\n",
			      (double)cases[i].latency / GN_SEC, rate, cases[i].rate);
		assert_true(fabs(rate / cases[i].rate - 1) < 0.02);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rounds_take_as_many_as_the_markov_chain_says),
		cmocka_unit_test(poisson_clocks_take_the_exact_sum),
		cmocka_unit_test(random_phases_grow_at_the_exact_rate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
