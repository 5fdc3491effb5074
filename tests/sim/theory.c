/* SPDX-License-Identifier: MIT */
/*
 * Does the simulator agree with what is known exactly, and with theorems on growth? Seeds are fixed: what passes
 * once passes always. Times are in rounds, or periods.
 *
 *   theory          within a minute
 *   theory long     with more seeds, and up to a million nodes
 */
#include "models.h"

enum { QUANTILES = 4 };

struct model {
	const char *name;
	const char *sets[SETS_MAX]; /* as --set */
};

struct size {
	uint32_t n;
	size_t seeds;
};

/* ---- means ---- */

static struct mean mean_of_t100(const struct test *t, const struct model *m, uint32_t n, uint64_t seeds)
{
	struct mean mean = { 0 };

	for (uint64_t seed = 1; seed <= seeds; seed++) {
		struct simulated run;

		run_model(&run, t, m->sets, n, seed);
		mean_add(&mean, simulate_first(&run, 0, 1));
		simulate_done(&run);
	}
	return mean;
}

/* By a Markov chain over the number of informed nodes. */
static void exact_expectations(struct test *t)
{
	static const struct {
		struct model model;
		uint32_t n;
		double expected;
	} cases[] = {
		{ { "push", { PROTOCOL("push") } }, 3, 7.0 / 3 },
		{ { "pull", { PROTOCOL("pull") } }, 3, 2 },
		{ { "push-pull", { 0 } }, 3, 1.5 },
		{ { "push", { PROTOCOL("push") } }, 10, 6.047132 },
		{ { "pull", { PROTOCOL("pull") } }, 10, 5.063386 },
		{ { "push-pull", { 0 } }, 10, 3.460514 },
	};

	for (size_t i = 0; i < GN_ARRAY_LEN(cases); i++) {
		const struct mean m = mean_of_t100(t, &cases[i].model, cases[i].n, 20000);
		const double off = (mean_of(&m) - cases[i].expected) / mean_error(&m);

		check(t, fabs(off) < 4,
		      "%s: mean T100 of %u nodes is %.4f, exactly %.4f (%+.1f standard errors)",
		      cases[i].model.name, cases[i].n, mean_of(&m), cases[i].expected, off);
	}
}

/* Poisson clocks of rate 1: with k informed the next one is at rate 2 k (n - k) / (n - 1). */
static void exact_expectations_of_poisson_clocks(struct test *t)
{
	static const struct model m = { "push-pull, Poisson clocks", { "gossip.clock=poisson" } };
	const struct size sizes[] = { { 3, 5000 }, { 50, 5000 }, { 1000, t->is_long ? 5000 : 500 } };

	for (size_t i = 0; i < GN_ARRAY_LEN(sizes); i++) {
		const uint32_t n = sizes[i].n;
		struct mean mean[QUANTILES] = { 0 };
		double worst = 0;

		for (uint64_t seed = 1; seed <= sizes[i].seeds; seed++) {
			struct simulated run;

			run_model(&run, t, m.sets, n, seed);
			for (int q = 0; q < QUANTILES; q++)
				mean_add(&mean[q], simulate_first(&run, 0, quantile[q]));
			simulate_done(&run);
		}
		for (int q = 0; q < QUANTILES; q++) {
			double expected = 0;

			for (double k = 1; k < ceil(quantile[q] * n - 1e-9); k++)
				expected += (n - 1) / (2 * k * (n - k));
			worst = fmax(worst, fabs(mean_of(&mean[q]) - expected) / mean_error(&mean[q]));
		}
		check(t, worst < 4,
		      "%s: mean T50 .. T100 of %u nodes are the exact sums (%.1f standard errors at most)",
		      m.name, n, worst);
	}
}

/* ---- growth ---- */

static double ln_per(double base, double n)
{
	return log(n) / log(base);
}

static double push_time(double n, double s, double k)
{
	return k > 1 ? ln_per(1 + k, n) + log(n) / k : ln_per(1 + s, n) + log(n) / s;
}

static double pull_time(double n, double s, double k)
{
	(void)k;
	return s < 1 ? ln_per(1 + s, n) + log(n) / -log(1 - s) : ln_per(2, n) + ln_per(2, log(n));
}

static double push_pull_time(double n, double s, double k)
{
	return s < 1 ? ln_per(1 + 2 * s, n) + log(n) / (s - log(1 - s))
		     : ln_per(1 + 2 * k, n) + ln_per(1 + k, log(n));
}

/*
 * Frieze and Grimmett 1985; Karp, Schindelhauer, Shenker and Vocking, FOCS 2000; with k calls and with lost
 * calls by the method of Doerr and Kostrygin, ICALP 2017. E[T100] is the leading terms and a bounded rest, so its
 * growth from one size to another is that of the terms, but for the rest's own small changes. s: share of
 * calls that do not fail; k: calls.
 */
static void leading_terms(struct test *t)
{
	static const struct {
		struct model model;
		double (*time)(double n, double s, double k);
		double s, k;
	} cases[] = {
		{ { "push", { PROTOCOL("push") } }, push_time, 1, 1 },
		{ { "pull", { PROTOCOL("pull") } }, pull_time, 1, 1 },
		{ { "push-pull", { 0 } }, push_pull_time, 1, 1 },
		{ { "push, 3 calls", { PROTOCOL("push"), "gossip.fanout=3" } }, push_time, 1, 3 },
		{ { "push-pull, 3 calls", { "gossip.fanout=3" } }, push_pull_time, 1, 3 },
		{ { "push, loss 0.1", { PROTOCOL("push"), "network.call_loss=10%" } }, push_time, .9, 1 },
		{ { "push, loss 0.3", { PROTOCOL("push"), "network.call_loss=30%" } }, push_time, .7, 1 },
		{ { "pull, loss 0.1", { PROTOCOL("pull"), "network.call_loss=10%" } }, pull_time, .9, 1 },
		{ { "pull, loss 0.3", { PROTOCOL("pull"), "network.call_loss=30%" } }, pull_time, .7, 1 },
		{ { "push-pull, loss 0.1", { "network.call_loss=10%" } }, push_pull_time, .9, 1 },
		{ { "push-pull, loss 0.3", { "network.call_loss=30%" } }, push_pull_time, .7, 1 },
	};
	const struct size first = { 1000, t->is_long ? 3000 : 300 };
	const struct size last = { t->is_long ? 1000000 : 100000, t->is_long ? 100 : 12 };

	for (size_t i = 0; i < GN_ARRAY_LEN(cases); i++) {
		const struct mean a = mean_of_t100(t, &cases[i].model, first.n, first.seeds);
		const struct mean b = mean_of_t100(t, &cases[i].model, last.n, last.seeds);
		const double grown = mean_of(&b) - mean_of(&a), error = hypot(mean_error(&a), mean_error(&b));
		const double expected = cases[i].time(last.n, cases[i].s, cases[i].k) -
					cases[i].time(first.n, cases[i].s, cases[i].k);

		check(t, fabs(grown - expected) < 4 * error + 0.25,
		      "%s: from %u to %u nodes mean T100 grows by %.2f +- %.2f, the leading terms by %.2f",
		      cases[i].model.name, first.n, last.n, grown, error, expected);
	}
}

/* The largest root of (1 - e^(-a l) / a)^2 = 1 / (a (e^a - 1)): the left side grows, the right side falls. */
static double growth_rate(double latency)
{
	double low = 1, high = 2;

	for (int i = 0; i < 60; i++) {
		const double a = (low + high) / 2, left = 1 - exp(-a * latency) / a;

		if (left * left < 1 / (a * (exp(a) - 1)))
			low = a;
		else
			high = a;
	}
	return low;
}

/* With random phases the informed count grows as e^(a t) while it is large enough to be smooth and small against n.
 * Many events in one run are nearly as good as many runs. */
static void periodic_growth(struct test *t)
{
	enum { N = 100000, FROM = 100, TO = 1000 };
	static const double latencies[] = { 0, 0.1, 0.25 };
	const uint64_t seeds = t->is_long ? 30 : 2;

	for (size_t i = 0; i < GN_ARRAY_LEN(latencies); i++) {
		char delay[40];
		const struct model m = {
			"push-pull, periodic clock",
			{ "gossip.clock=periodic", "duration=9s", "nodes.o.count=50", delay },
		};
		struct mean time = { 0 };

		snprintf(delay, sizeof(delay), "network.delay=%gms", 1000 * latencies[i]);
		for (uint64_t seed = 1; seed <= seeds; seed++) {
			struct simulated run;

			run_model(&run, t, m.sets, N, seed);
			for (uint32_t e = 0; e < run.result.n_curves; e++)
				mean_add(&time, simulate_crossing(&run, e, (double)TO / N) -
							simulate_crossing(&run, e, (double)FROM / N));
			simulate_done(&run);
		}
		const double expected = growth_rate(latencies[i]);
		const double rate = log((double)TO / FROM) / mean_of(&time);

		check(t, fabs(rate / expected - 1) < 0.02 && mean_error(&time) / mean_of(&time) < 0.01,
		      "%s: with a latency of %g the informed grow at rate %.4f +- %.4f, by theory %.4f",
		      m.name, latencies[i], rate, rate * mean_error(&time) / mean_of(&time), expected);
	}
}

int main(int argc, char **argv)
{
	struct test t;

	test_begin(&t, argc, argv);
	exact_expectations(&t);
	exact_expectations_of_poisson_clocks(&t);
	leading_terms(&t);
	periodic_growth(&t);
	return test_end(&t);
}
