/* SPDX-License-Identifier: MIT */
/*
 * Growth laws, fitted to how long a cluster of N takes to learn of an event. With L = ln N: a + b L (log N),
 * a + b sqrt(L), a + b ln L (log log N), and the family that holds all three, a + b (L^lambda - 1) / lambda
 * (Box and Cox, J. R. Stat. Soc. B 26, 1964): lambda is 1, 1/2 and 0.
 */
#ifndef GN_STUDY_FIT_H
#define GN_STUDY_FIT_H

#include "study/statistics.h"
#include "util/err.h"

/* The runs of one cluster size. */
struct gn_point {
	double n;	      /* members, at least 2 */
	const double *values; /* one per run, none censored */
	size_t n_values;      /* at least 2 */
	double mean, error;   /* of the mean, > 0 */
	double doubt;	      /* the part of the error that the values do not show */
};

enum gn_law {
	GN_LAW_LOG,
	GN_LAW_SQRT_LOG,
	GN_LAW_LOG_LOG,
	/* log3 N + log2 ln N: push-pull's (Karp, Schindelhauer, Shenker, Voecking, FOCS 2000), which of the known
	 * laws of log N has the largest term of log log N beside it. */
	GN_LAW_TWO_TERMS,
	GN_N_LAWS
};

extern const char *const gn_law_names[GN_N_LAWS];

/* The x of T = a + b x at @n members, and that of the family's member @lambda. */
double gn_law_at(enum gn_law law, double n);
double gn_box_cox_at(double lambda, double n);

#define GN_LAMBDA_MAX	5 /* lambda is sought from -5 to 5 */
#define GN_RESAMPLES	2000
#define GN_FIT_POINTS	4 /* needed at least: the family has three parameters */
#define GN_WINDOW_LEAST 5 /* points of a window */

struct gn_interval {
	double value, low, high; /* 95 % */
};

/* What fits a stretch of the points. */
struct gn_range {
	size_t first, n; /* points */
	struct gn_line laws[GN_N_LAWS];
	struct gn_line curve; /* of the family, at lambda.value */
	struct gn_interval lambda;
	double lambda_two_terms; /* which lambda the law of two terms looks like on these very points */
};

struct gn_fit {
	struct gn_range whole;
	/* As many neighbouring points as half the whole, at least 5, from the smallest N to the largest. */
	struct gn_range *windows;
	size_t n_windows;
	/* How far the points scatter around the family's curve beyond their errors: the lattice of rounds, terms that
	 * the family leaves out. Chosen so that chi-squared is what it should be; 0 if it is small enough as it is. */
	double scatter;
};

/**
 * gn_fit() - fit the laws to points.
 * @points: ascending in n, at least GN_FIT_POINTS.
 * @index: which of the random sequences the resamples use.
 * @ret: gn_fit_done() releases it.
 *
 * Intervals of lambda are percentiles of GN_RESAMPLES resamples: each draws the runs of each point anew, with
 * replacement, and moves each point by an error of the size of the scatter.
 *
 * Return: 0 or -ENOMEM.
 */
int gn_fit(const struct gn_point *points, size_t n, uint64_t index, struct gn_fit *ret);
void gn_fit_done(struct gn_fit *f);

/* Fill in mean, error and doubt from the values, in rounds. Runs that all took equally long say that the time hardly
 * varies, not that it is known exactly: the error is then, all of it doubt, as if one run had been a round off. */
void gn_point_measure(struct gn_point *p);

#endif
