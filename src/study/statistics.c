/* SPDX-License-Identifier: MIT */
#include "study/statistics.h"

#include <math.h>

#include "util/util.h"

#define KS_EXACT_MAX 10000000 /* steps of the exact computation: some 50 ms */

struct gn_mean gn_mean(const double *values, size_t n)
{
	struct gn_mean m = { .n = n };
	double squares = 0;

	for (size_t i = 0; i < n; i++)
		m.mean += values[i];
	m.mean /= (double)n;
	for (size_t i = 0; i < n; i++)
		squares += (values[i] - m.mean) * (values[i] - m.mean);
	if (n > 1)
		m.deviation = sqrt(squares / (double)(n - 1));
	m.error = m.deviation / sqrt((double)n);
	return m;
}

struct gn_line gn_line_fit(const double *x, const double *y, const double *error, size_t n)
{
	double weight = 0, mean_x = 0, mean_y = 0, xx = 0, xy = 0;
	struct gn_line line = { 0 };

	for (size_t i = 0; i < n; i++) {
		double w = 1 / (error[i] * error[i]);

		weight += w;
		mean_x += w * x[i];
		mean_y += w * y[i];
	}
	mean_x /= weight;
	mean_y /= weight;
	for (size_t i = 0; i < n; i++) {
		double w = 1 / (error[i] * error[i]);

		xx += w * (x[i] - mean_x) * (x[i] - mean_x);
		xy += w * (x[i] - mean_x) * (y[i] - mean_y);
	}
	line.b = xy / xx;
	line.a = mean_y - line.b * mean_x;
	line.b_error = sqrt(1 / xx);
	line.a_error = sqrt(1 / weight + mean_x * mean_x / xx);
	for (size_t i = 0; i < n; i++) {
		double off = (y[i] - line.a - line.b * x[i]) / error[i];

		line.chi2 += off * off;
	}
	return line;
}

/* The regularized upper incomplete gamma function Q(dof / 2, chi2 / 2): for halves and whole numbers the recursion
 * Q(s + 1, x) = Q(s, x) + x^s e^-x / Gamma(s + 1) from Q(1/2, x) = erfc(sqrt x) or Q(0, x) = 0 is a sum of positive
 * terms. (DLMF 8.8.6) */
double gn_chi2_probability(double chi2, unsigned dof)
{
	const double pi = 3.14159265358979323846;
	double x = chi2 / 2, s = dof % 2 ? 0.5 : 0;
	double sum = dof % 2 ? erfc(sqrt(x)) : 0;
	/* x^s e^-x / Gamma(s + 1); as a logarithm, because e^-x alone may be too small for a number */
	double term = -x + (dof % 2 ? log(x) / 2 - log(pi / 4) / 2 : 0);

	if (chi2 <= 0)
		return 1;
	for (; 2 * s < dof; s++) {
		sum += exp(term);
		term += log(x) - log(s + 1);
	}
	return GN_MIN(sum, 1);
}

/* ---- Kolmogorov and Smirnov ---- */

/* The pooled values in order are a path from (0, 0) to (n, m), a step right for a value of a, up for one of b. Equal
 * values are one jump of both distribution functions: a path is looked at only where they end. */
struct paths {
	size_t n, m;
	double distance;	  /* in units of 1 / (n m) */
	unsigned char *looked_at; /* after so many steps? n + m + 1 */
};

static double distance(const struct paths *p, size_t i, size_t j)
{
	return fabs((double)i * (double)p->m - (double)j * (double)p->n);
}

static void measure(struct paths *p, const double *a, const double *b)
{
	size_t i = 0, j = 0;

	while (i < p->n || j < p->m) {
		double value = j >= p->m || (i < p->n && a[i] <= b[j]) ? a[i] : b[j];

		while (i < p->n && a[i] == value)
			i++;
		while (j < p->m && b[j] == value)
			j++;
		p->looked_at[i + j] = 1;
		p->distance = GN_MAX(p->distance, distance(p, i, j));
	}
}

/* Of all paths to (n, m), the part that is somewhere as far from the diagonal as the measured one; row by row, as the
 * part of the paths to (i, j). The last step to (i, j) came from the left on i of i + j of them. */
static double part_of_paths(const struct paths *p, double *row)
{
	for (size_t i = 0; i <= p->n; i++)
		for (size_t j = 0; j <= p->m; j++) {
			double left = i ? row[j] : 0, below = j ? row[j - 1] : 0;

			if (i + j && p->looked_at[i + j] && distance(p, i, j) >= p->distance)
				row[j] = 1;
			else if (i + j)
				row[j] = ((double)i * left + (double)j * below) / (double)(i + j);
			else
				row[j] = 0;
		}
	return row[p->m];
}

/* Kolmogorov's limit for large samples. */
static double limit(double z)
{
	double sum = 0, sign = 2;

	if (z < 0.3) /* where the series converges slowly, to 1 - 10^-5 and more */
		return 1;
	for (int k = 1; k <= 20; k++, sign = -sign)
		sum += sign * exp(-2 * z * z * k * k);
	return GN_MIN(sum, 1);
}

int gn_ks_test(const double *a, size_t n, const double *b, size_t m, struct gn_ks *ret)
{
	GN_CLEANUP(gn_free_p) double *row = calloc(m + 1, sizeof(*row));
	GN_CLEANUP(gn_free_p) unsigned char *looked_at = calloc(n + m + 1, 1);
	struct paths p = { .n = n, .m = m, .looked_at = looked_at };
	const double sizes = (double)n * (double)m;

	if (!row || !looked_at)
		return -ENOMEM;
	measure(&p, a, b);
	ret->d = p.distance / sizes;
	if (p.distance == 0)
		ret->p = 1;
	else if (sizes <= KS_EXACT_MAX)
		ret->p = part_of_paths(&p, row);
	else
		ret->p = limit(ret->d * sqrt(sizes / (double)(n + m)));
	return 0;
}

/* The least p that samples of these sizes can have, that of samples apart: 2 / (n + m over n). */
static double least_p(size_t n, size_t m)
{
	return 2 * exp(lgamma((double)n + 1) + lgamma((double)m + 1) - lgamma((double)(n + m) + 1));
}

const char *gn_ks_verdict(double p, size_t n_a, size_t n_b)
{
	if (p < GN_KS_DIFFER)
		return "differ";
	return least_p(n_a, n_b) < GN_KS_DIFFER ? "agree" : "too few to tell";
}
