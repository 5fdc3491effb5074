/* SPDX-License-Identifier: MIT */
/* Statistics that a study rests on: means, straight lines, chi-squared and the test of Kolmogorov and Smirnov. */
#ifndef GN_STUDY_STATISTICS_H
#define GN_STUDY_STATISTICS_H

#include <stddef.h>

struct gn_mean {
	double mean;
	double deviation; /* standard deviation of one value, from n - 1; 0 with fewer than 2 */
	double error;	  /* standard error of the mean */
	size_t n;
};

/* Of @n > 0 values. */
struct gn_mean gn_mean(const double *values, size_t n);

/* A weighted straight line y = a + b x. */
struct gn_line {
	double a, b;
	double a_error, b_error; /* standard errors, from the errors of the points alone */
	double chi2;		 /* sum of ((y - a - b x) / error)^2 */
};

/* Least squares, each point weighted by 1 / @error^2; @error > 0, and at least two different @x. */
struct gn_line gn_line_fit(const double *x, const double *y, const double *error, size_t n);

/* The probability of a chi-squared of at least @chi2 with @dof degrees of freedom, @dof > 0. */
double gn_chi2_probability(double chi2, unsigned dof);

struct gn_ks {
	double d; /* the largest distance of the two distribution functions */
	double p; /* the probability of such a distance, or a larger one, if both samples are of one distribution */
};

/**
 * gn_ks_test() - the two-sample test of Kolmogorov and Smirnov, both sides.
 * @a, @b: sorted ascending, none empty; INFINITY is a value, for what never happened.
 *
 * p is exact given the ties (all ways to deal the pooled values out to the samples, Hodges, Arkiv for Matematik 3,
 * 1958; with ties Schroeer and Trenkler, Computational Statistics & Data Analysis 20, 1995) while the product of the
 * sizes is at most 10^7, else Kolmogorov's limit, which with ties is too large rather than too small.
 *
 * Return: 0 or -ENOMEM.
 */
int gn_ks_test(const double *a, size_t n_a, const double *b, size_t n_b, struct gn_ks *ret);

#define GN_KS_DIFFER 0.001 /* p below which samples differ */

/* What samples of these sizes with that p do: "agree", "differ", or, if no p of theirs is small enough to differ, "too few to
 * tell". */
const char *gn_ks_verdict(double p, size_t n_a, size_t n_b);

#endif
