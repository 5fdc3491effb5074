/* SPDX-License-Identifier: MIT */
#include "study/verdict.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "util/util.h"

/* How often chi-squared is what it should be, where that is above 1. */
static double overdispersion(const struct gn_line *l, size_t n, unsigned parameters)
{
	return GN_MAX(l->chi2 / (double)(n - parameters), 1);
}

/* Is the law that far worse than the family's curve? At an end of the family, where even that is no fit, what it is off by is
 * no measure of chance. */
static bool fits_badly(const struct gn_range *r, enum gn_law law)
{
	const bool at_end = fabs(r->lambda.value) >= GN_LAMBDA_MAX;
	const double unit = at_end ? 1 : overdispersion(&r->curve, r->n, 3);

	return (r->laws[law].chi2 - r->curve.chi2) / unit > GN_REFUTED;
}

static void refute(const struct gn_range *r, bool *refuted)
{
	const struct gn_interval *l = &r->lambda;

	refuted[GN_LAW_LOG] = (l->low > 1 && fits_badly(r, GN_LAW_LOG)) ||
			      (l->high < r->lambda_two_terms && fits_badly(r, GN_LAW_TWO_TERMS));
	refuted[GN_LAW_SQRT_LOG] = (l->low > 0.5 || l->high < 0.5) && fits_badly(r, GN_LAW_SQRT_LOG);
	refuted[GN_LAW_LOG_LOG] = (l->low > 0 || l->high < 0) && fits_badly(r, GN_LAW_LOG_LOG);
}

/* Does the time grow with N at all? Two standard errors, as far as the points are from the line. */
static bool grows(const struct gn_range *r)
{
	const struct gn_line *line = &r->laws[GN_LAW_LOG];

	return line->b > 2 * line->b_error * sqrt(overdispersion(line, r->n, 2));
}

static bool falls(const struct gn_fit *f)
{
	return f->n_windows && f->windows[f->n_windows - 1].lambda.high < f->windows[0].lambda.low;
}

static bool rises(const struct gn_fit *f)
{
	return f->n_windows && f->windows[f->n_windows - 1].lambda.low > f->windows[0].lambda.high;
}

/* ---- words ---- */

struct words {
	char *text;
	size_t size;
};

static void GN_PRINTF(2, 3) say(struct words *w, const char *format, ...)
{
	size_t used = strlen(w->text);
	va_list args;

	va_start(args, format);
	vsnprintf(w->text + used, w->size - used, format, args);
	va_end(args);
}

/* "log N and sqrt(log N)": those of the three laws that are refuted, or those that are not. */
static void say_laws(struct words *w, const struct gn_verdict *v, bool refuted)
{
	const char *between = "";

	for (int law = GN_LAW_LOG; law <= GN_LAW_LOG_LOG; law++) {
		if (v->refuted[law] != refuted)
			continue;
		say(w, "%s%s", between, gn_law_names[law]);
		between = " and ";
	}
}

static void say_undecided(struct words *w, const struct gn_range *r, const struct gn_verdict *v)
{
	int refuted = v->refuted[GN_LAW_LOG] + v->refuted[GN_LAW_SQRT_LOG] + v->refuted[GN_LAW_LOG_LOG];

	if (!grows(r)) {
		say(w, "no growth with N is seen");
	} else if (refuted == 0) {
		say(w, "log N, sqrt(log N) and log log N all fit");
	} else if (refuted < 3) {
		say_laws(w, v, false);
		say(w, refuted == 1 ? " both fit, " : " fits, ");
		say_laws(w, v, true);
		say(w, refuted == 1 ? " does not" : " do not");
	} else if (r->lambda.low > 1) {
		say(w, "grows faster than log N");
	} else if (r->lambda.value > 0.5) {
		say(w, "none of the laws fits: grows more slowly than log N, faster than sqrt(log N)");
	} else if (r->lambda.value > 0) {
		say(w,
		    "not log N; between log log N and sqrt(log N), and consistent with either if small N has"
		    " corrections");
	} else {
		say(w, "not log N; grows more slowly than log log N, or not at all among the largest sizes");
	}
}

static void say_law(struct words *w, const struct gn_range *r, const struct gn_verdict *v)
{
	switch (v->law) {
	case GN_LAW_LOG:
		say(w,
		    v->refuted[GN_LAW_SQRT_LOG]
			    ? "log N fits, sqrt(log N) and log log N do not"
			    : "log N fits, log log N does not, and sqrt(log N) is outside the interval of lambda");
		break;
	case GN_LAW_SQRT_LOG:
		say(w,
		    "not log N; consistent with sqrt(log N), and with log log N if small N has corrections, which no"
		    " data of such sizes tell apart");
		break;
	case GN_LAW_LOG_LOG:
		say(w, "not log N; consistent with log log N");
		say(w, v->refuted[GN_LAW_SQRT_LOG] ? ", and with sqrt(log N) only if small N has corrections"
						   : "; sqrt(log N) cannot be excluded");
		break;
	case GN_LAW_TWO_TERMS:
	case GN_N_LAWS:
		say_undecided(w, r, v);
		break;
	}
}

/* What ten times the members cost, at both ends of the range. */
static void say_increments(struct words *w, const struct gn_fit *f)
{
	const double decade = log(10);

	if (!f->n_windows) {
		say(w, "; ten times N costs %.2f rounds more", decade * f->whole.laws[GN_LAW_LOG].b);
		return;
	}
	say(w, "; ten times N costs %.2f rounds more among the smallest sizes, %.2f among the largest",
	    decade * f->windows[0].laws[GN_LAW_LOG].b,
	    decade * f->windows[f->n_windows - 1].laws[GN_LAW_LOG].b);
}

/* "Fits" means better than the others: how far the sizes are from any smooth curve, where that is no chance. */
static void say_scatter(struct words *w, const struct gn_fit *f)
{
	if (f->scatter > 0 && gn_chi2_probability(f->whole.curve.chi2, (unsigned)(f->whole.n - 3)) < 0.001)
		say(w, "; the means scatter by %.3g rounds around the best curve, beyond their errors",
		    f->scatter);
}

/* ---- rules ---- */

/* NULL if there is enough to judge. */
static const char *lack(const struct gn_point *points, size_t n)
{
	if (n < GN_SIZES_NEEDED)
		return "too few sizes that count";
	if (points[n - 1].n < 10 * points[0].n)
		return "the sizes that count span less than a factor of ten";
	for (size_t i = 0; i < n; i++)
		if (points[i].n_values < GN_RUNS_NEEDED)
			return "too few runs of each size";
	return NULL;
}

/* Does lambda's interval hold log N and not sqrt(log N), even if that is not refuted? */
static bool is_near_log(const struct gn_range *r)
{
	return r->lambda.low > 0.5 && r->lambda.low <= 1 && r->lambda.high >= r->lambda_two_terms;
}

static enum gn_law decide(const struct gn_fit *f, const struct gn_verdict *v)
{
	const bool *refuted = v->refuted;

	if (!grows(&f->whole))
		return GN_N_LAWS;
	if (!refuted[GN_LAW_LOG] && refuted[GN_LAW_LOG_LOG] && !falls(f) &&
	    (refuted[GN_LAW_SQRT_LOG] || is_near_log(&f->whole)))
		return GN_LAW_LOG;
	if (!refuted[GN_LAW_LOG] || rises(f))
		return GN_N_LAWS;
	if (!refuted[GN_LAW_LOG_LOG])
		return GN_LAW_LOG_LOG;
	return refuted[GN_LAW_SQRT_LOG] ? GN_N_LAWS : GN_LAW_SQRT_LOG;
}

void gn_judge(const struct gn_point *points, size_t n, const struct gn_fit *fit, struct gn_verdict *v)
{
	const char *missing = lack(points, n);
	struct words w = { v->sentence, sizeof(v->sentence) };

	*v = (struct gn_verdict){ .law = GN_N_LAWS };
	if (missing || !fit) {
		say(&w, "%s", missing ? missing : "too few sizes that count");
		return;
	}
	refute(&fit->whole, v->refuted);
	v->law = decide(fit, v);
	say_law(&w, &fit->whole, v);
	if (v->law == GN_N_LAWS && falls(fit))
		say(&w, "; lambda falls with N");
	if (v->law == GN_N_LAWS && rises(fit))
		say(&w, "; lambda rises with N");
	say_increments(&w, fit);
	say_scatter(&w, fit);
}

const char *gn_verdict_name(const struct gn_verdict *v)
{
	return v->law == GN_N_LAWS ? "undecided" : gn_law_names[v->law];
}
