/* SPDX-License-Identifier: MIT */
/*
 * What the fits carry: which growth law holds over the sizes that were measured, in words that claim no more.
 *
 * A law is refuted if lambda's interval excludes it and chi-squared is by more than GN_REFUTED larger than that of
 * the family's curve, in units of that curve's chi-squared per degree of freedom where this is above 1. (The Akaike
 * differences of overdispersed data, Burnham and Anderson, Model Selection and Multimodel Inference, 2002, section
 * 2.5: above 10 a model has essentially no support.) Both, because of many intervals of 95 % some miss.
 *
 * - log N stands for itself and for log N with a term of log log N up to that of push-pull, which bends the curve
 *   downwards and makes lambda less than 1 at any size that can be measured.
 * - log N is the verdict if log log N is refuted, sqrt(log N) is too or lambda's interval at least excludes it, and
 *   lambda does not fall from the smallest sizes to the largest.
 * - log log N and sqrt(log N) are verdicts if log N is refuted, and lambda does not rise.
 * - Times that do not grow with N by more than two standard errors follow no law of growth.
 */
#ifndef GN_STUDY_VERDICT_H
#define GN_STUDY_VERDICT_H

#include <stdbool.h>

#include "study/fit.h"

#define GN_REFUTED	16 /* of chi-squared with one degree of freedom: four standard errors */
#define GN_RUNS_NEEDED	30 /* of a point that counts */
#define GN_SIZES_NEEDED 5

struct gn_verdict {
	bool refuted[GN_LAW_LOG_LOG + 1]; /* by enum gn_law */
	enum gn_law law;		  /* the verdict; GN_N_LAWS: undecided */
	char sentence[512];		  /* without full stop */
};

/* @fit: of these points; NULL if there were too few for one. */
void gn_judge(const struct gn_point *points, size_t n, const struct gn_fit *fit, struct gn_verdict *ret);

/* "log N", "sqrt(log N)", "log log N" or "undecided". */
const char *gn_verdict_name(const struct gn_verdict *v);

#endif
