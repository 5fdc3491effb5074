/* SPDX-License-Identifier: MIT */
#include "study/analysis.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "study/schema.h"
#include "study/verdict.h"
#include "view/run.h"

const char gn_analysis_tables[] =
	"DROP TABLE IF EXISTS growth; DROP TABLE IF EXISTS fit; DROP TABLE IF EXISTS boxcox;"
	"DROP TABLE IF EXISTS window; DROP TABLE IF EXISTS verdict; DROP TABLE IF EXISTS agreement;"
	/* A run is one value: the mean over its events. It is censored if any of them did not get there; rounds and t_ns
	 * are means over the others. */
	"CREATE TABLE growth(series INTEGER NOT NULL, quantile INTEGER NOT NULL, n INTEGER NOT NULL,"
	"  runs INTEGER NOT NULL, censored INTEGER NOT NULL, rounds REAL, rounds_se REAL, t_ns REAL,"
	"  fitted INTEGER NOT NULL, why TEXT, PRIMARY KEY(series, quantile, n)) WITHOUT ROWID;"
	"CREATE TABLE fit(series INTEGER NOT NULL, quantile INTEGER NOT NULL, law TEXT NOT NULL,"
	"  a REAL, a_se REAL, b REAL, b_se REAL, chi2 REAL, dof INTEGER, aic REAL, delta_aic REAL, p REAL,"
	"  PRIMARY KEY(series, quantile, law)) WITHOUT ROWID;"
	"CREATE TABLE boxcox(series INTEGER NOT NULL, quantile INTEGER NOT NULL, lambda REAL,"
	"  low REAL, high REAL, a REAL, b REAL, chi2 REAL, dof INTEGER, scatter REAL, lambda_two_terms REAL,"
	"  PRIMARY KEY(series, quantile)) WITHOUT ROWID;"
	"CREATE TABLE window(series INTEGER NOT NULL, quantile INTEGER NOT NULL,"
	"  n_low INTEGER NOT NULL, n_high INTEGER NOT NULL, lambda REAL, low REAL, high REAL,"
	"  per_decade REAL, per_decade_se REAL, PRIMARY KEY(series, quantile, n_low)) WITHOUT ROWID;"
	"CREATE TABLE verdict(series INTEGER NOT NULL, quantile INTEGER NOT NULL,"
	"  verdict TEXT NOT NULL, sentence TEXT NOT NULL, PRIMARY KEY(series, quantile)) WITHOUT ROWID;"
	"CREATE TABLE agreement(live INTEGER NOT NULL, n INTEGER NOT NULL, quantity TEXT NOT NULL,"
	"  simulated INTEGER NOT NULL, runs_live INTEGER NOT NULL, runs_simulated INTEGER NOT NULL,"
	"  mean_live REAL, mean_simulated REAL, d REAL NOT NULL, p REAL NOT NULL, verdict TEXT NOT NULL,"
	"  PRIMARY KEY(live, n, quantity)) WITHOUT ROWID;";

/* ---- reading ---- */

/* All runs of one cluster size. */
struct size {
	int64_t n;
	size_t first; /* of the growth's values */
	size_t runs;  /* that got there */
	size_t censored;
	double counted;	 /* sum over all runs: members that count */
	double t_ns;	 /* sum over the runs that got there */
	const char *why; /* it is not fitted, or NULL */
};

/* How one quantile of one series grows. */
struct growth {
	int64_t series;
	int quantile;
	struct size *sizes; /* ascending */
	size_t n, cap;
	double *values; /* rounds; by size, the runs that got there */
	size_t n_values, cap_values;
};

static void growth_done(struct growth *g)
{
	free(g->sizes);
	free(g->values);
}

static int add_run(struct growth *g, sqlite3_stmt *q)
{
	const int64_t n = sqlite3_column_int64(q, 0);

	if (!g->n || g->sizes[g->n - 1].n != n) {
		if (gn_grow(&g->sizes, g->n, &g->cap, sizeof(*g->sizes)))
			return -ENOMEM;
		g->sizes[g->n++] = (struct size){ .n = n, .first = g->n_values };
	}
	struct size *s = &g->sizes[g->n - 1];

	s->counted += sqlite3_column_double(q, 3);
	if (sqlite3_column_type(q, 1) == SQLITE_NULL) {
		s->censored++;
		return 0;
	}
	if (gn_grow(&g->values, g->n_values, &g->cap_values, sizeof(*g->values)))
		return -ENOMEM;
	g->values[g->n_values++] = sqlite3_column_double(q, 1);
	s->t_ns += sqlite3_column_double(q, 2);
	s->runs++;
	return 0;
}

static int load_growth(sqlite3 *db, struct growth *g, struct gn_err *err)
{
	GN_CLEANUP(gn_query_done_p) sqlite3_stmt *q = NULL;
	int step,
		r = gn_run_query(
			db,
			"SELECT p.n, CASE WHEN count(x.rounds) = count(*) THEN avg(x.rounds) END, avg(x.t_ns), r.counted"
			" FROM point AS p JOIN run AS r ON r.point = p.id JOIN result AS x ON x.run = r.id"
			" WHERE p.series = ? AND x.quantile = ? GROUP BY p.n, r.id ORDER BY p.n, r.id",
			&q, err);

	if (r)
		return r;
	sqlite3_bind_int64(q, 1, g->series);
	sqlite3_bind_int(q, 2, g->quantile);
	while ((step = sqlite3_step(q)) == SQLITE_ROW)
		if (add_run(g, q))
			return gn_fail(err, -ENOMEM, "out of memory");
	return gn_run_end(db, step, err);
}

/* ---- choosing ---- */

#define NODES_BEYOND 10

/*
 * Why a size tells nothing of the law of a quantile, or NULL. Runs that were cut off were the slow ones, and those that
 * died out would have been: a mean without them is too small by nobody knows how much. And with few nodes beyond the
 * quantile, of those that count, it is the last node that is waited for: from N = 10 to 1000, say, T99 changes from T100
 * to what it is in large clusters.
 */
static const char *unfit(const struct size *s, int quantile)
{
	if (s->censored)
		return "censored";
	const double counted = s->counted / (double)(s->runs + s->censored);

	if (counted < 2 || (quantile < 100 && counted * (100 - quantile) < 100 * NODES_BEYOND))
		return "few nodes";
	return s->runs < 2 ? "few runs" : NULL;
}

/* A size counts from 30 runs on; but if fewer than five do, all are fitted, for a first look, and the verdict stays
 * open. */
static void choose_sizes(struct growth *g)
{
	size_t counting = 0;

	for (size_t i = 0; i < g->n; i++) {
		g->sizes[i].why = unfit(&g->sizes[i], g->quantile);
		counting += !g->sizes[i].why && g->sizes[i].runs >= GN_RUNS_NEEDED;
	}
	for (size_t i = 0; i < g->n; i++)
		if (counting >= GN_SIZES_NEEDED && !g->sizes[i].why && g->sizes[i].runs < GN_RUNS_NEEDED)
			g->sizes[i].why = "few runs";
}

static size_t points_of(const struct growth *g, struct gn_point *points)
{
	size_t n = 0;

	for (size_t i = 0; i < g->n; i++) {
		const struct size *s = &g->sizes[i];

		if (s->why)
			continue;
		points[n] = (struct gn_point){ .n = (double)s->n,
					       .values = g->values + s->first,
					       .n_values = s->runs };
		gn_point_measure(&points[n++]);
	}
	return n;
}

/* ---- writing ---- */

/* A number as every machine has it. */
static double rounded(double x)
{
	char text[32];

	snprintf(text, sizeof(text), "%.9g", x);
	return strtod(text, NULL);
}

int gn_study_insert(sqlite3 *db, struct gn_err *err, const char *sql, const char *types, ...)
{
	GN_CLEANUP(gn_query_done_p) sqlite3_stmt *q = NULL;
	int r = gn_run_query(db, sql, &q, err);
	va_list args;

	if (r)
		return r;
	va_start(args, types);
	for (int i = 0; types[i]; i++)
		if (types[i] == 'i')
			sqlite3_bind_int64(q, i + 1, va_arg(args, int64_t));
		else if (types[i] == 'd')
			sqlite3_bind_double(q, i + 1, rounded(va_arg(args, double)));
		else
			sqlite3_bind_text(q, i + 1, va_arg(args, const char *), -1, SQLITE_STATIC);
	va_end(args);
	return gn_run_end(db, sqlite3_step(q), err);
}

static int write_sizes(sqlite3 *db, const struct growth *g, struct gn_err *err)
{
	int r = 0;

	for (size_t i = 0; i < g->n && !r; i++) {
		const struct size *s = &g->sizes[i];
		struct gn_point p = { .values = g->values + s->first, .n_values = s->runs };
		double mean = NAN, error = NAN;

		if (s->runs) {
			gn_point_measure(&p);
			mean = p.mean;
			error = s->runs > 1 ? p.error : NAN;
		}
		r = gn_study_insert(db, err, "INSERT INTO growth VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
				    "iiiiidddis", g->series, (int64_t)g->quantile, s->n,
				    (int64_t)(s->runs + s->censored), (int64_t)s->censored, mean, error,
				    s->runs ? s->t_ns / (double)s->runs : NAN, (int64_t)!s->why, s->why);
	}
	return r;
}

static int write_laws(sqlite3 *db, const struct growth *g, const struct gn_range *whole, struct gn_err *err)
{
	const int64_t dof = (int64_t)whole->n - 2;
	double best = INFINITY;
	int r = 0;

	for (int law = 0; law < GN_N_LAWS; law++)
		best = GN_MIN(best, whole->laws[law].chi2);
	for (int law = 0; law < GN_N_LAWS && !r; law++) {
		const struct gn_line *l = &whole->laws[law];

		r = gn_study_insert(db, err, "INSERT INTO fit VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
				    "iisdddddiddd", g->series, (int64_t)g->quantile, gn_law_names[law], l->a,
				    l->a_error, l->b, l->b_error, l->chi2, dof, l->chi2 + 4, l->chi2 - best,
				    gn_chi2_probability(l->chi2, (unsigned)dof));
	}
	return r;
}

static int write_window(sqlite3 *db, const struct growth *g, const struct gn_point *points,
			const struct gn_range *w, struct gn_err *err)
{
	const struct gn_line *l = &w->laws[GN_LAW_LOG];

	return gn_study_insert(db, err, "INSERT INTO window VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)", "iiiiddddd",
			       g->series, (int64_t)g->quantile, (int64_t)points[w->first].n,
			       (int64_t)points[w->first + w->n - 1].n, w->lambda.value, w->lambda.low,
			       w->lambda.high, l->b * log(10), l->b_error * log(10));
}

static int write_fit(sqlite3 *db, const struct growth *g, const struct gn_point *points,
		     const struct gn_fit *f, struct gn_err *err)
{
	const struct gn_range *w = &f->whole;
	int r = write_laws(db, g, w, err);

	if (!r)
		r = gn_study_insert(db, err, "INSERT INTO boxcox VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
				    "iiddddddidd", g->series, (int64_t)g->quantile, w->lambda.value,
				    w->lambda.low, w->lambda.high, w->curve.a, w->curve.b, w->curve.chi2,
				    (int64_t)w->n - 3, f->scatter, w->lambda_two_terms);
	for (size_t i = 0; i < f->n_windows && !r; i++)
		r = write_window(db, g, points, &f->windows[i], err);
	return r;
}

/* ---- all ---- */

static int analyse_growth(sqlite3 *db, const struct growth *g, struct gn_err *err)
{
	GN_CLEANUP(gn_free_p) struct gn_point *points = calloc(g->n, sizeof(*points));
	GN_CLEANUP(gn_fit_done) struct gn_fit fit = { .windows = NULL };
	struct gn_verdict verdict;

	if (!points)
		return gn_fail(err, -ENOMEM, "out of memory");
	size_t n = points_of(g, points);
	const bool enough = n >= GN_FIT_POINTS;
	uint64_t index = (uint64_t)g->series * 128 + (uint64_t)g->quantile;

	if (enough && gn_fit(points, n, index, &fit))
		return gn_fail(err, -ENOMEM, "out of memory");
	gn_judge(points, n, enough ? &fit : NULL, &verdict);
	int r = write_sizes(db, g, err);

	if (!r && enough)
		r = write_fit(db, g, points, &fit, err);
	if (!r)
		r = gn_study_insert(db, err, "INSERT INTO verdict VALUES(?, ?, ?, ?)", "iiss", g->series,
				    (int64_t)g->quantile, gn_verdict_name(&verdict), verdict.sentence);
	return r;
}

static int analyse_series(sqlite3 *db, int64_t series, struct gn_err *err)
{
	int r = 0;

	for (int i = 0; i < GN_STUDY_N_QUANTILES && !r; i++) {
		GN_CLEANUP(growth_done)
		struct growth g = { .series = series, .quantile = gn_study_quantiles[i] };

		r = load_growth(db, &g, err);
		if (r || !g.n)
			continue;
		choose_sizes(&g);
		r = analyse_growth(db, &g, err);
	}
	return r;
}

static int analyse(sqlite3 *db, struct gn_err *err)
{
	GN_CLEANUP(gn_query_done_p) sqlite3_stmt *q = NULL;
	int step = SQLITE_DONE, r = gn_run_query(db, "SELECT id FROM series ORDER BY id", &q, err);

	while (!r && (step = sqlite3_step(q)) == SQLITE_ROW)
		r = analyse_series(db, sqlite3_column_int64(q, 0), err);
	return r ? r : gn_run_end(db, step, err);
}

static int execute(sqlite3 *db, const char *sql, struct gn_err *err)
{
	int code = sqlite3_exec(db, sql, NULL, NULL, NULL);

	return gn_run_end(db, code == SQLITE_OK ? SQLITE_DONE : code, err);
}

int gn_study_analyse(sqlite3 *db, const char *folder, struct gn_err *err)
{
	int r = execute(db, "BEGIN IMMEDIATE", err);

	if (r)
		return r;
	r = execute(db, gn_analysis_tables, err);
	if (!r)
		r = analyse(db, err);
	if (!r)
		r = gn_study_agree(db, err);
	if (!r)
		r = execute(db, "COMMIT", err);
	if (r) {
		sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
		return r;
	}
	r = gn_study_report(db, folder, err);
	return r ? r : gn_study_draw(db, folder, err);
}
