/* SPDX-License-Identifier: MIT */
/* Studies made up from a known law, for the tests of what fits and judges them. */
#ifndef GN_TEST_GROWTH_H
#define GN_TEST_GROWTH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "study/fit.h"
#include "util/rand.h"
#include "util/util.h"

enum { SIZES_MAX = 24, RUNS_MAX = 64 };

/* How a single run differs from the law. */
enum noise {
	NORMAL,
	LAST_ROUND, /* up to the round in which it happens, skewed as the slowest of many are */
	WAVES,	    /* normal, and the law itself is a tenth of a round off, up and down */
	NOISES
};

struct study {
	double from, to, per_decade;
	double deviation; /* of a run, rounds */
	enum noise noise;
	size_t runs; /* of each size */
	double (*law)(double n);
	struct gn_point points[SIZES_MAX];
	size_t n;
	double values[SIZES_MAX][RUNS_MAX];
};

static inline double uniform(struct gn_rand *r)
{
	return ((double)(gn_rand_next(r) >> 11) + 0.5) / 9007199254740992.0;
}

static inline double a_run(const struct study *s, double n, double phase, struct gn_rand *r)
{
	const double pi = 3.14159265358979323846;
	double gumbel = (-log(-log(uniform(r))) - 0.57722) / 1.28255;
	double normal = sqrt(-2 * log(uniform(r))) * cos(2 * pi * uniform(r));
	double wave = 0.1 * sin(2 * pi * (phase + log(n) / log(3)));

	switch (s->noise) {
	case LAST_ROUND:
		return ceil(s->law(n) + phase + s->deviation * gumbel);
	case WAVES:
		return s->law(n) + wave + s->deviation * normal;
	default:
		return s->law(n) + s->deviation * normal;
	}
}

static inline void make_up(struct study *s, uint64_t seed)
{
	double ratio = pow(10, 1 / s->per_decade);
	struct gn_rand r;

	gn_rand_init(&r, seed, GN_RAND_SCHEDULE, 0);
	double phase = uniform(&r);

	s->n = 0;
	for (double n = s->from; n < s->to * 1.01; n *= ratio) {
		struct gn_point *p = &s->points[s->n];

		assert_true(s->n < SIZES_MAX && s->runs <= RUNS_MAX);
		for (size_t i = 0; i < s->runs; i++)
			s->values[s->n][i] = a_run(s, floor(n + 0.5), phase, &r);
		*p = (struct gn_point){ .n = floor(n + 0.5), .values = s->values[s->n], .n_values = s->runs };
		gn_point_measure(p);
		s->n++;
	}
}

/* ---- laws, by ln N ---- */

static inline double push(double n)
{
	return log(n) / log(2) + log(n) + 0.6;
}

static inline double push_pull(double n)
{
	return log(n) / log(3) + log(log(n)) / log(2);
}

static inline double pull(double n)
{
	return (log(n) + log(log(n))) / log(2);
}

/* Poisson clocks, push-pull: the exact sum's main term and correction. */
static inline double poisson(double n)
{
	return (n - 1) / n * (log(n - 1) + 0.57722 + 0.5 / (n - 1));
}

static inline double sqrt_log(double n)
{
	return 4 * sqrt(log(n));
}

static inline double log_log(double n)
{
	return 3 * log(log(n)) + 2;
}

static inline double constant(double n)
{
	(void)n;
	return 6;
}

static inline double falling(double n)
{
	return 9 - 0.5 * log(n);
}

static inline double linear(double n)
{
	return n / 4;
}

#endif
