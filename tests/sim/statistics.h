/* SPDX-License-Identifier: MIT */
/* The two statistics that the tests of distributions need. */
#ifndef GN_TESTS_STATISTICS_H
#define GN_TESTS_STATISTICS_H

#include <math.h>
#include <stddef.h>
#include <stdlib.h>

/* Mean and standard error of what is finite. */
struct mean {
	double sum, squares;
	size_t n;
};

static inline void mean_add(struct mean *m, double x)
{
	if (!isfinite(x))
		return;
	m->sum += x;
	m->squares += x * x;
	m->n++;
}

static inline double mean_of(const struct mean *m)
{
	return m->sum / (double)m->n;
}

static inline double mean_error(const struct mean *m)
{
	const double mean = mean_of(m), variance = m->squares / (double)m->n - mean * mean;

	return sqrt(fmax(variance, 0) / (double)m->n);
}

static inline int ks_order(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/*
 * The two-sample Kolmogorov-Smirnov test (Press et al., Numerical Recipes, 14.3.3): the probability that two
 * samples of one distribution differ as much. Sorts both. With ties, as times in rounds have, the true
 * probability is smaller, so the test errs on the mild side. Infinite values are values as others.
 */
static inline double ks_probability(double *a, size_t n_a, double *b, size_t n_b)
{
	double distance = 0, sum = 0;

	qsort(a, n_a, sizeof(*a), ks_order);
	qsort(b, n_b, sizeof(*b), ks_order);
	for (size_t i = 0, j = 0; i < n_a && j < n_b;) {
		const double x = fmin(a[i], b[j]);

		while (i < n_a && a[i] <= x)
			i++;
		while (j < n_b && b[j] <= x)
			j++;
		distance = fmax(distance, fabs((double)i / (double)n_a - (double)j / (double)n_b));
	}
	const double n = sqrt((double)n_a * (double)n_b / (double)(n_a + n_b));
	const double lambda = (n + 0.12 + 0.11 / n) * distance;

	if (lambda < 0.3)
		return 1;
	for (int k = 1; k < 100; k++)
		sum += (k % 2 ? 2 : -2) * exp(-2.0 * k * k * lambda * lambda);
	return fmin(fmax(sum, 0), 1);
}

#endif
