/* SPDX-License-Identifier: MIT */
#include "study/fit.h"

#include <math.h>
#include <string.h>

#include "util/rand.h"

#define LAMBDA_STEPS 100 /* from 0 to GN_LAMBDA_MAX */
#define N_LAMBDAS    (2 * LAMBDA_STEPS + 1)
#define COARSE	     10

const char *const gn_law_names[GN_N_LAWS] = { "log N", "sqrt(log N)", "log log N", "log3 N + log2 ln N" };

double gn_law_at(enum gn_law law, double n)
{
	const double l = log(n);

	switch (law) {
	case GN_LAW_LOG:
		return l;
	case GN_LAW_SQRT_LOG:
		return sqrt(l);
	case GN_LAW_LOG_LOG:
		return log(l);
	case GN_LAW_TWO_TERMS:
		return l / log(3) + log(l) / log(2);
	case GN_N_LAWS:
		break;
	}
	return NAN;
}

double gn_box_cox_at(double lambda, double n)
{
	const double log_l = log(log(n));

	return fabs(lambda) < 1e-9 ? log_l : (exp(lambda * log_l) - 1) / lambda;
}

void gn_point_measure(struct gn_point *p)
{
	struct gn_mean m = gn_mean(p->values, p->n_values);

	p->mean = m.mean;
	p->doubt = m.deviation > 1e-9 ? 0 : 1 / (double)p->n_values;
	p->error = p->doubt > 0 ? p->doubt : m.error;
}

/* ---- lambda ---- */

/*
 * For each lambda of a grid the direction in which the family's curve goes: x minus its mean, with the weights of the
 * points, scaled to length 1. The best lambda is the one whose direction has the largest product with y, whatever its sign,
 * because chi-squared is y's own sum of squares minus the square of that product.
 */
struct directions {
	size_t n;	  /* points of the range */
	double *weighted; /* [N_LAMBDAS][n], times the point's weight */
};

static double lambda_of(double step)
{
	return (step - LAMBDA_STEPS) * GN_LAMBDA_MAX / LAMBDA_STEPS;
}

static void direct(const struct gn_point *points, size_t n, double lambda, double *weighted)
{
	double weight = 0, mean = 0, squares = 0;

	for (size_t i = 0; i < n; i++) {
		double w = 1 / (points[i].error * points[i].error);

		weighted[i] = gn_box_cox_at(lambda, points[i].n);
		weight += w;
		mean += w * weighted[i];
	}
	mean /= weight;
	for (size_t i = 0; i < n; i++) {
		double w = 1 / (points[i].error * points[i].error), x = weighted[i] - mean;

		squares += w * x * x;
		weighted[i] = w * x;
	}
	for (size_t i = 0; i < n; i++)
		weighted[i] /= sqrt(squares);
}

static double size_of_product(const struct directions *d, size_t step, const double *y)
{
	const double *x = d->weighted + step * d->n;
	double sum = 0;

	for (size_t i = 0; i < d->n; i++)
		sum += x[i] * y[i];
	return fabs(sum);
}

/* Of every @stride-th step from @from to @to the one with the largest product. */
static size_t best_step(const struct directions *d, const double *y, size_t from, size_t to, size_t stride)
{
	size_t best = from;
	double most = -INFINITY;

	for (size_t step = from; step <= to; step += stride) {
		double p = size_of_product(d, step, y);

		if (p > most) {
			most = p;
			best = step;
		}
	}
	return best;
}

/* The best lambda for @y, one value per point of the range: the best of the grid, found coarsely and then finely, and
 * moved to the top of the parabola through it and its neighbours. */
static double best_lambda(const struct directions *d, const double *y)
{
	const size_t last = N_LAMBDAS - 1, coarse = best_step(d, y, 0, last, COARSE);
	const size_t best =
		best_step(d, y, coarse > COARSE ? coarse - COARSE : 0, GN_MIN(coarse + COARSE, last), 1);

	if (best == 0 || best == last)
		return lambda_of((double)best);
	double most = size_of_product(d, best, y);
	double before = size_of_product(d, best - 1, y), behind = size_of_product(d, best + 1, y);
	double bend = 2 * most - before - behind;

	return lambda_of((double)best + (bend > 0 ? (behind - before) / (2 * bend) : 0));
}

static int find_directions(const struct gn_point *points, size_t n, struct directions *ret)
{
	*ret = (struct directions){ .n = n, .weighted = calloc(N_LAMBDAS * n, sizeof(*ret->weighted)) };
	if (!ret->weighted)
		return -ENOMEM;
	for (size_t i = 0; i < N_LAMBDAS; i++)
		direct(points, n, lambda_of((double)i), ret->weighted + i * n);
	return 0;
}

/* ---- one range ---- */

/* A range being fitted. */
struct work {
	struct gn_range *range;
	struct directions directions;
	double *lambdas; /* GN_RESAMPLES */
};

static void fit_laws(const struct gn_point *points, double *x, double *y, double *error, struct work *w)
{
	struct gn_range *r = w->range;

	for (size_t i = 0; i < r->n; i++) {
		y[i] = points[i].mean;
		error[i] = points[i].error;
	}
	for (int law = 0; law < GN_N_LAWS; law++) {
		for (size_t i = 0; i < r->n; i++)
			x[i] = gn_law_at((enum gn_law)law, points[i].n);
		r->laws[law] = gn_line_fit(x, y, error, r->n);
	}
	r->lambda_two_terms = best_lambda(&w->directions, x); /* x is the last law's, the one of two terms */
	r->lambda.value = best_lambda(&w->directions, y);
	for (size_t i = 0; i < r->n; i++)
		x[i] = gn_box_cox_at(r->lambda.value, points[i].n);
	r->curve = gn_line_fit(x, y, error, r->n);
}

static int fit_range(const struct gn_point *points, struct work *w)
{
	const size_t n = w->range->n;
	GN_CLEANUP(gn_free_p) double *x = calloc(3 * n, sizeof(*x));

	points += w->range->first;
	w->lambdas = calloc(GN_RESAMPLES, sizeof(*w->lambdas));
	if (!x || !w->lambdas || find_directions(points, n, &w->directions))
		return -ENOMEM;
	fit_laws(points, x, x + n, x + 2 * n, w);
	return 0;
}

/* ---- resamples ---- */

/* The variance v that all points have beyond their errors' e^2, so that the sum of r^2 / (e^2 + v) is the number of
 * degrees of freedom. (Paule and Mandel, J. Res. NBS 87, 1982) */
static double find_scatter(const struct gn_point *points, const struct gn_range *r)
{
	double low = 0, high = 0;

	for (size_t i = 0; i < r->n; i++) {
		double off = points[i].mean - r->curve.a -
			     r->curve.b * gn_box_cox_at(r->lambda.value, points[i].n);

		high += off * off;
	}
	for (int halvings = 0; halvings < 60; halvings++) {
		double v = (low + high) / 2, sum = 0;

		for (size_t i = 0; i < r->n; i++) {
			double off = points[i].mean - r->curve.a -
				     r->curve.b * gn_box_cox_at(r->lambda.value, points[i].n);

			sum += off * off / (points[i].error * points[i].error + v);
		}
		if (sum > (double)(r->n - 3))
			low = v;
		else
			high = v;
	}
	return r->curve.chi2 > (double)(r->n - 3) ? sqrt(high) : 0;
}

/* Uniform with variance 1. */
static double noise(struct gn_rand *r)
{
	return ((double)(gn_rand_next(r) >> 11) / 9007199254740992.0 - 0.5) * sqrt(12);
}

static double resampled_mean(const struct gn_point *p, double scatter, struct gn_rand *r)
{
	double sum = 0;

	for (size_t i = 0; i < p->n_values; i++)
		sum += p->values[gn_rand_below(r, p->n_values)];
	return sum / (double)p->n_values + sqrt(scatter * scatter + p->doubt * p->doubt) * noise(r);
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static int resample(const struct gn_point *points, size_t n, uint64_t index, double scatter,
		    struct work *work, size_t n_work)
{
	GN_CLEANUP(gn_free_p) double *y = calloc(n, sizeof(*y));
	struct gn_rand r;

	if (!y)
		return -ENOMEM;
	gn_rand_init(&r, 1, GN_RAND_RESAMPLE, index);
	for (size_t k = 0; k < GN_RESAMPLES; k++) {
		for (size_t i = 0; i < n; i++)
			y[i] = resampled_mean(&points[i], scatter, &r);
		for (size_t i = 0; i < n_work; i++)
			work[i].lambdas[k] = best_lambda(&work[i].directions, y + work[i].range->first);
	}
	for (size_t i = 0; i < n_work; i++) {
		qsort(work[i].lambdas, GN_RESAMPLES, sizeof(*work[i].lambdas), ascending);
		work[i].range->lambda.low = work[i].lambdas[GN_RESAMPLES / 40 - 1];
		work[i].range->lambda.high = work[i].lambdas[GN_RESAMPLES - GN_RESAMPLES / 40];
	}
	return 0;
}

int gn_fit(const struct gn_point *points, size_t n, uint64_t index, struct gn_fit *f)
{
	const size_t wide = GN_MAX(GN_WINDOW_LEAST, (n + 1) / 2), n_windows = n > wide ? n - wide + 1 : 0;
	GN_CLEANUP(gn_free_p) struct work *work = calloc(n_windows + 1, sizeof(*work));

	*f = (struct gn_fit){ .whole.n = n, .n_windows = n_windows };
	f->windows = calloc(n_windows + 1, sizeof(*f->windows));
	int r = work && f->windows ? 0 : -ENOMEM;

	for (size_t i = 0; i <= n_windows && !r; i++) {
		work[i].range = i < n_windows ? &f->windows[i] : &f->whole;
		if (i < n_windows)
			f->windows[i] = (struct gn_range){ .first = i, .n = wide };
		r = fit_range(points, &work[i]);
	}
	if (!r) {
		f->scatter = find_scatter(points, &f->whole);
		r = resample(points, n, index, f->scatter, work, n_windows + 1);
	}
	for (size_t i = 0; i <= n_windows && work; i++) {
		free(work[i].directions.weighted);
		free(work[i].lambdas);
	}
	if (r)
		gn_fit_done(f);
	return r;
}

void gn_fit_done(struct gn_fit *f)
{
	free(f->windows);
	f->windows = NULL;
	f->n_windows = 0;
}
