/* SPDX-License-Identifier: MIT */
/* The figures of a report: all series side by side, and one figure for each series. Read from study.db. */
#include <math.h>
#include <string.h>
#include <sys/stat.h>

#include "study/analysis.h"
#include "study/fit.h"
#include "study/schema.h"
#include "view/figure.h"
#include "view/run.h"

enum { NAME_COLUMNS = 34, COVERAGE_STEPS = 200 };

/* A series' name, with its backend where there are two; of `series AS s`. */
#define NAME                                                                                         \
	"s.label || CASE (SELECT count(DISTINCT backend) FROM series) WHEN 2 THEN ', ' || s.backend" \
	" ELSE '' END"

struct drawing {
	sqlite3 *db;
	struct gn_figure figure;
	FILE *f; /* its script */
};

static double log10_of(double n)
{
	return log10(n);
}

static double log_log_of(double n)
{
	return log(log(n));
}

/* A horizontal axis along which N is shown. */
static const struct axis {
	const char *title;
	double (*x)(double n);
	const char *column; /* the same for gnuplot, of the first column */
	const char *l;	    /* ln N, of x */
} axes[] = {
	{ "N, on a scale of log N", log10_of, "(log10($1))", "(x*log(10))" },
	{ "N, on a scale of log log N", log_log_of, "(log(log($1)))", "exp(x)" },
};

/* ---- data ---- */

/* A block of data "$<name><series>_<number>": what a query gives for ?1 = @series and ?2 = @number, columns as they are. */
static int data(struct drawing *d, const char *name, int64_t series, int number, const char *sql,
		struct gn_err *err)
{
	GN_CLEANUP(gn_query_done_p) sqlite3_stmt *q = NULL;
	int step, r = gn_run_query(d->db, sql, &q, err);

	if (r)
		return r;
	sqlite3_bind_int64(q, 1, series);
	sqlite3_bind_int(q, 2, number);
	fprintf(d->f, "$%s%lld_%d << end_of_data\n", name, (long long)series, number);
	while ((step = sqlite3_step(q)) == SQLITE_ROW) {
		for (int i = 0; i < sqlite3_column_count(q); i++)
			fprintf(d->f, "%.7g ", sqlite3_column_double(q, i));
		fputc('\n', d->f);
	}
	/* An empty block would stop gnuplot. */
	fputs("NaN NaN NaN NaN NaN\nend_of_data\n", d->f);
	return gn_run_end(d->db, step, err);
}

/* N, rounds, error, whether it is fitted, how many runs are censored. */
static int growth_data(struct drawing *d, int64_t series, int quantile, struct gn_err *err)
{
	return data(
		d, "growth", series, quantile,
		"SELECT n, rounds, coalesce(rounds_se, 0), fitted, censored FROM growth WHERE series = ?1 AND quantile = ?2"
		" AND rounds IS NOT NULL AND n > 1 ORDER BY n",
		err);
}

/* The N of a window's middle, lambda, its interval. */
static int window_data(struct drawing *d, int64_t series, int quantile, struct gn_err *err)
{
	return data(d, "window", series, quantile,
		    "SELECT n_low, n_high, lambda, low, high FROM window WHERE series = ?1 AND quantile = ?2"
		    " ORDER BY n_low",
		    err);
}

/* ---- coverage ---- */

/* The mean coverage curve of the runs of one size, on a grid of times. */
struct coverage {
	double end; /* of the grid, rounds */
	double sums[COVERAGE_STEPS + 1];
	int64_t n, run; /* size and run that are being read */
	unsigned runs;
	int next;	/* step of the grid that the run has not reached */
	double t, part; /* the run's point before: the part of its nodes that knew at t */
};

/* The run's curve goes on to (@t, @part) in a straight line. */
static void coverage_to(struct coverage *c, double t, double part)
{
	for (; c->next <= COVERAGE_STEPS && c->end * c->next / COVERAGE_STEPS <= t; c->next++) {
		double at = c->end * c->next / COVERAGE_STEPS;

		c->sums[c->next] += t > c->t ? c->part + (part - c->part) * (at - c->t) / (t - c->t) : part;
	}
	c->t = t;
	c->part = part;
}

static void coverage_end_run(struct coverage *c)
{
	if (c->run)
		coverage_to(c, INFINITY, c->part);
	c->next = 0;
	c->t = 0;
	c->part = 0;
}

static void coverage_end_size(struct coverage *c, FILE *f)
{
	coverage_end_run(c);
	for (int i = 0; i <= COVERAGE_STEPS && c->runs; i++)
		fprintf(f, "%.7g %.7g %.7g\n", c->end * i / COVERAGE_STEPS, 100 * c->sums[i] / c->runs,
			log10((double)c->n));
	if (c->runs)
		fputc('\n', f); /* ends a line of the figure */
	memset(c->sums, 0, sizeof(c->sums));
	c->runs = 0;
}

/* Rounds, per cent, log10 N; a line for each size. */
static int coverage_data(struct drawing *d, int64_t series, struct gn_err *err)
{
	GN_CLEANUP(gn_query_done_p) sqlite3_stmt *q = NULL;
	struct coverage c = { .end = 0 };
	int step,
		r = gn_run_query(
			d->db,
			"SELECT p.n, r.id, 1.0 * c.t_ns / r.period_ns, 1.0 * c.informed / r.counted,"
			" max(1.0 * c.t_ns / r.period_ns) OVER () FROM point AS p JOIN run AS r ON r.point = p.id"
			" JOIN curve AS c ON c.run = r.id WHERE p.series = ? ORDER BY p.n, r.id, c.t_ns, c.informed",
			&q, err);

	if (r)
		return r;
	sqlite3_bind_int64(q, 1, series);
	fprintf(d->f, "$coverage%lld << end_of_data\n", (long long)series);
	while ((step = sqlite3_step(q)) == SQLITE_ROW) {
		c.end = sqlite3_column_double(q, 4);
		if (c.n != sqlite3_column_int64(q, 0))
			coverage_end_size(&c, d->f);
		else if (c.run != sqlite3_column_int64(q, 1))
			coverage_end_run(&c);
		c.runs += c.run != sqlite3_column_int64(q, 1);
		c.n = sqlite3_column_int64(q, 0);
		c.run = sqlite3_column_int64(q, 1);
		coverage_to(&c, sqlite3_column_double(q, 2), sqlite3_column_double(q, 3));
	}
	coverage_end_size(&c, d->f);
	fputs("NaN NaN NaN\nend_of_data\n", d->f);
	return gn_run_end(d->db, step, err);
}

/* ---- panels ---- */

/* A panel's place, in parts of the figure. */
static void place(struct drawing *d, double left, double right, double bottom, double top)
{
	fprintf(d->f,
		"set lmargin at screen %g\nset rmargin at screen %g\nset bmargin at screen %g\n"
		"set tmargin at screen %g\n",
		left, right, bottom, top);
}

/* Tics at powers of ten; with less than two decades also at 2 and 5. */
static void n_axis(struct drawing *d, const struct axis *axis, double low, double high)
{
	static const char *const digits[] = { "⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹" };
	const bool wide = high >= 99 * low;
	const char *between = "";

	fprintf(d->f, "set xlabel '%s'\nset xrange [%.7g:%.7g]\nset xtics (", axis->title,
		axis->x(low / 1.15), axis->x(high * 1.15));
	for (int power = 0; power < 10; power++)
		for (int digit = 1; digit <= (wide ? 1 : 5); digit += digit == 2 ? 3 : 1) {
			double n = digit * pow(10, power);

			if (n < low * 0.999 || n > high * 1.001)
				continue;
			if (wide && power > 3)
				fprintf(d->f, "%s'10%s' %.7g", between, digits[power], axis->x(n));
			else
				fprintf(d->f, "%s'%.0f' %.7g", between, n, axis->x(n));
			between = ", ";
		}
	fputs(")\n", d->f);
}

/* The sizes of a series, or, with 0, of all. */
static int n_range(struct drawing *d, int64_t series, double *low, double *high, struct gn_err *err)
{
	GN_CLEANUP(gn_query_done_p) sqlite3_stmt *q = NULL;
	int step,
		r = gn_run_query(d->db, "SELECT min(n), max(n) FROM growth WHERE n > 1 AND ?1 IN (series, 0)",
				 &q, err);

	if (r)
		return r;
	sqlite3_bind_int64(q, 1, series);
	step = sqlite3_step(q);
	*low = GN_MAX(sqlite3_column_double(q, 0), 2);
	*high = GN_MAX(sqlite3_column_double(q, 1), 2 * *low);
	return step == SQLITE_ROW ? 0 : gn_run_end(d->db, step, err);
}

/* The vertical axis of rounds, for a series, or, with 0, for all; and for a quantile, or, with 0, for all. */
static int rounds_axis(struct drawing *d, int64_t series, int quantile, struct gn_err *err)
{
	GN_CLEANUP(gn_query_done_p) sqlite3_stmt *q = NULL;
	int step, r = gn_run_query(d->db,
				   "SELECT max(rounds + coalesce(rounds_se, 0)) FROM growth"
				   " WHERE n > 1 AND ?1 IN (series, 0) AND ?2 IN (quantile, 0)",
				   &q, err);

	if (r)
		return r;
	sqlite3_bind_int64(q, 1, series);
	sqlite3_bind_int(q, 2, quantile);
	step = sqlite3_step(q);
	fprintf(d->f, "set yrange [0:%.7g]\n", 1.05 * GN_MAX(sqlite3_column_double(q, 0), 0.1));
	return step == SQLITE_ROW ? 0 : gn_run_end(d->db, step, err);
}

static const char *colour(size_t i)
{
	return gn_figure_palette[i % GN_FIGURE_COLOURS];
}

/* ---- all series ---- */

struct series {
	int64_t id;
	char *name;
};

static int load_series(sqlite3 *db, struct series **ret, size_t *ret_n, struct gn_err *err)
{
	GN_CLEANUP(gn_query_done_p) sqlite3_stmt *q = NULL;
	size_t cap = 0;
	int step = SQLITE_DONE;
	int r = gn_run_query(db,
			     "SELECT s.id, " NAME " FROM series AS s WHERE id IN (SELECT series FROM growth)"
			     " ORDER BY id",
			     &q, err);

	while (!r && (step = sqlite3_step(q)) == SQLITE_ROW) {
		if (gn_grow(ret, *ret_n, &cap, sizeof(**ret)))
			return gn_fail(err, -ENOMEM, "out of memory");
		struct series *s = &(*ret)[(*ret_n)++];

		s->id = sqlite3_column_int64(q, 0);
		s->name = gn_strdup((const char *)sqlite3_column_text(q, 1));
		if (!s->name)
			return gn_fail(err, -ENOMEM, "out of memory");
	}
	return r ? r : gn_run_end(db, step, err);
}

/* How the i-th series is drawn. */
static void series_style(struct drawing *d, size_t i)
{
	static const int marks[] = { 7, 5, 9, 13 }; /* circle, square, triangle, diamond */
	const size_t round = i / GN_FIGURE_COLOURS;

	fprintf(d->f,
		" with yerrorlines linecolor rgb '%s' linewidth 1.2 dashtype %s pointtype %d pointsize 0.5",
		colour(i), round % 2 ? gn_figure_dashes : "1", marks[round / 2 % GN_ARRAY_LEN(marks)]);
}

/* Without the sizes that have censored runs, whose means are too small. */
static void all_series_panel(struct drawing *d, const struct axis *axis, int quantile, const struct series *s,
			     size_t n)
{
	fprintf(d->f, "set ylabel 'T%d (rounds)' offset 1\nplot ", quantile);
	for (size_t i = 0; i < n; i++) {
		fprintf(d->f, "%s$growth%lld_%d using %s:($5 > 0 ? NaN : $2):3", i ? ", " : "",
			(long long)s[i].id, quantile, axis->column);
		series_style(d, i);
	}
	fputc('\n', d->f);
}

/* A panel of nothing but a key: gnuplot makes a key as high as its panel, then a second column. */
static void key_panel(struct drawing *d, const struct series *s, size_t n)
{
	place(d, 0.69, 0.99, 0.02, 0.98);
	fputs("unset border\nunset tics\nunset xlabel\nunset ylabel\nset key left top\nplot ", d->f);
	for (size_t i = 0; i < n; i++) {
		fprintf(d->f, "%s'+' using (0):(NaN):(0)", i ? ", " : "");
		series_style(d, i);
		fputs(" title ", d->f);
		gn_figure_string(&d->figure, s[i].name, NAME_COLUMNS);
	}
	fputc('\n', d->f);
}

static int draw_all_series(struct drawing *d, const struct series *s, size_t n, struct gn_err *err)
{
	static const int quantiles[] = { 50, 100 };
	double low, high;
	int r = n_range(d, 0, &low, &high, err);

	for (size_t i = 0; i < n && !r; i++)
		for (size_t k = 0; k < GN_ARRAY_LEN(quantiles) && !r; k++)
			r = growth_data(d, s[i].id, quantiles[k], err);
	if (r)
		return r;
	gn_figure_style(&d->figure);
	fputs("set multiplot\nunset key\n", d->f);
	for (size_t row = 0; row < GN_ARRAY_LEN(quantiles) && !r; row++)
		for (size_t column = 0; column < GN_ARRAY_LEN(axes) && !r; column++) {
			r = rounds_axis(d, 0, quantiles[row], err);
			place(d, column ? 0.4 : 0.055, column ? 0.68 : 0.335, row ? 0.1 : 0.59,
			      row ? 0.49 : 0.98);
			n_axis(d, &axes[column], low, high);
			all_series_panel(d, &axes[column], quantiles[row], s, n);
		}
	key_panel(d, s, n);
	fputs("unset multiplot\n", d->f);
	return r;
}

/* ---- one series ---- */

/* a + b x of the fits of one quantile, as functions of N's logarithm. */
static int define_laws(struct drawing *d, int64_t series, int quantile, struct gn_err *err)
{
	GN_CLEANUP(gn_query_done_p) sqlite3_stmt *q = NULL;
	int step, r = gn_run_query(d->db, "SELECT law, a, b FROM fit WHERE series = ? AND quantile = ?", &q,
				   err);

	fprintf(d->f, "law0_%d(l) = NaN\nlaw1_%d(l) = NaN\nlaw2_%d(l) = NaN\n", quantile, quantile, quantile);
	if (r)
		return r;
	sqlite3_bind_int64(q, 1, series);
	sqlite3_bind_int(q, 2, quantile);
	while ((step = sqlite3_step(q)) == SQLITE_ROW)
		for (int law = 0; law <= GN_LAW_LOG_LOG; law++)
			if (!strcmp((const char *)sqlite3_column_text(q, 0), gn_law_names[law]))
				fprintf(d->f, "law%d_%d(l) = %.9g + %.9g * %s\n", law, quantile,
					sqlite3_column_double(q, 1), sqlite3_column_double(q, 2),
					(const char *[]){ "l", "sqrt(l)", "log(l)" }[law]);
	return gn_run_end(d->db, step, err);
}

static const char *const law_dashes[] = { "1", "(2,4)", "(10,5)" };

static void times_panel(struct drawing *d, const struct axis *axis, int64_t series)
{
	fputs("set ylabel 'time (rounds)' offset 1\nplot ", d->f);
	for (int i = 0; i < GN_STUDY_N_QUANTILES; i++) {
		const int quantile = gn_study_quantiles[i];

		for (int law = 0; law <= GN_LAW_LOG_LOG; law++)
			fprintf(d->f,
				"law%d_%d(%s) with lines linecolor rgb '%s' dashtype %s linewidth 1 notitle, ",
				law, quantile, axis->l, colour((size_t)i), law_dashes[law]);
		/* Filled: fitted. */
		fprintf(d->f,
			"$growth%lld_%d using %s:($4 > 0 ? $2 : NaN):3 with yerrorbars linecolor rgb '%s' pointtype 7"
			" pointsize 0.6 title 'T%d', "
			"'' using %s:($4 > 0 ? NaN : $2) with points linecolor rgb '%s' pointtype 6 pointsize 0.6 notitle, ",
			(long long)series, quantile, axis->column, colour((size_t)i), quantile, axis->column,
			colour((size_t)i));
	}
	for (int law = 0; law <= GN_LAW_LOG_LOG; law++)
		fprintf(d->f, "NaN with lines linecolor rgb '#404040' dashtype %s title '%s'%s",
			law_dashes[law], gn_law_names[law], law < GN_LAW_LOG_LOG ? ", " : "\n");
	fputs("unset key\n", d->f);
}

static void coverage_panel(struct drawing *d, int64_t series, double low, double high)
{
	fprintf(d->f,
		"set xlabel 'time since the event was published (rounds)'\nset xtics autofreq\nset xrange [0:*]\n"
		"set ylabel 'nodes that know it (%%)' offset 1\nset yrange [0:100]\n"
		"set palette defined (0 '#56b4e9', 0.5 '#0072b2', 1 '#d55e00')\n"
		"set cbrange [%.7g:%.7g]\nset cbtics 1 format '%%.0f' scale 0.3\nset cblabel 'log10 N' offset 0.6\n"
		"set colorbox vertical user origin 0.38, 0.12 size 0.012, 0.3\n"
		"plot $coverage%lld using 1:2:3 with lines palette linewidth 1\n",
		log10(low), log10(high), (long long)series);
}

/* At the middle of each window, those of one window side by side; triangles at the edge point to what is beyond. */
static void lambda_panel(struct drawing *d, int64_t series)
{
	fputs("set ylabel 'lambda' offset 1\nset yrange [-1.5:2.5]\n"
	      "set ytics (-1, 'log log N   0' 0, 'sqrt(log N)   ½' 0.5, 'log N   1' 1, 2)\nplot ",
	      d->f);
	for (int i = 0; i < GN_STUDY_N_QUANTILES; i++) {
		const double aside = 0.03 * (i - 1.5);

		fprintf(d->f,
			"%s$window%lld_%d using (log10($1 * $2) / 2 + %g):3:4:5 with yerrorbars linecolor rgb '%s'"
			" pointtype 7 pointsize 0.6 notitle",
			i ? ", " : "", (long long)series, gn_study_quantiles[i], aside, colour((size_t)i));
		for (int up = 0; up < 2; up++)
			fprintf(d->f,
				", '' using (log10($1 * $2) / 2 + %g):(%s ? %s : NaN) with points linecolor rgb '%s'"
				" pointtype %d pointsize 0.9 notitle",
				aside, up ? "$3 > 2.5" : "$3 < -1.5", up ? "2.42" : "-1.42",
				colour((size_t)i), up ? 9 : 11);
	}
	fputc('\n', d->f);
}

static int series_data(struct drawing *d, int64_t series, struct gn_err *err)
{
	int r = coverage_data(d, series, err);

	for (int i = 0; i < GN_STUDY_N_QUANTILES && !r; i++) {
		r = growth_data(d, series, gn_study_quantiles[i], err);
		if (!r)
			r = window_data(d, series, gn_study_quantiles[i], err);
		if (!r)
			r = define_laws(d, series, gn_study_quantiles[i], err);
	}
	return r;
}

static int draw_series(struct drawing *d, const struct series *s, struct gn_err *err)
{
	double low, high;
	int r = n_range(d, s->id, &low, &high, err);

	if (!r)
		r = series_data(d, s->id, err);
	if (r)
		return r;
	gn_figure_style(&d->figure);
	r = rounds_axis(d, s->id, 0, err);
	fputs("set multiplot\nset key at screen 0.5, 0.51 center center maxrows 1 width -2\n", d->f);
	for (size_t column = 0; column < GN_ARRAY_LEN(axes); column++) {
		place(d, column ? 0.57 : 0.07, column ? 0.98 : 0.48, 0.63, 0.98);
		n_axis(d, &axes[column], low, high);
		times_panel(d, &axes[column], s->id);
	}
	place(d, 0.07, 0.37, 0.08, 0.46);
	coverage_panel(d, s->id, low, high);
	place(d, 0.63, 0.98, 0.08, 0.46);
	n_axis(d, &axes[0], low, high);
	fputs("set xlabel 'N in the middle of the window'\n", d->f);
	lambda_panel(d, s->id);
	fputs("unset multiplot\n", d->f);
	return r;
}

/* ---- files ---- */

/* @s: one series, or all if @n is not 1 or the name does not depend on it. */
static int draw(sqlite3 *db, const char *path, const struct series *s, size_t n, bool all, struct gn_err *err)
{
	GN_CLEANUP(gn_figure_done) struct gn_figure figure = { 0 };
	int r = gn_figure_begin(&figure, path, all ? 1350 : 1200, 900, err);

	if (r)
		return r;
	struct drawing d = { .db = db, .figure = figure, .f = figure.script };

	r = all ? draw_all_series(&d, s, n, err) : draw_series(&d, s, err);
	return r ? r : gn_figure_end(&figure, err);
}

static int draw_all(sqlite3 *db, const char *folder, const struct series *s, size_t n, struct gn_err *err)
{
	GN_CLEANUP(gn_free_p) char *all = gn_format("%s/growth.svg", folder);
	int r = all ? draw(db, all, s, n, true, err) : gn_fail(err, -ENOMEM, "out of memory");

	for (size_t i = 0; i < n && !r; i++) {
		GN_CLEANUP(gn_free_p)
		char *one = gn_format("%s/series-%lld.svg", folder, (long long)s[i].id);

		r = one ? draw(db, one, &s[i], 1, false, err) : gn_fail(err, -ENOMEM, "out of memory");
	}
	return r;
}

int gn_study_draw(sqlite3 *db, const char *folder, struct gn_err *err)
{
	GN_CLEANUP(gn_free_p) char *path = gn_format("%s/figures", folder);
	GN_CLEANUP(gn_free_p) struct series *s = NULL;
	size_t n = 0;

	if (!path)
		return gn_fail(err, -ENOMEM, "out of memory");
	if (mkdir(path, 0777) < 0 && errno != EEXIST)
		return gn_fail(err, -errno, "cannot make the folder %s: %m", path);
	int r = load_series(db, &s, &n, err);

	if (!r && n)
		r = draw_all(db, path, s, n, err);
	for (size_t i = 0; i < n; i++)
		free(s[i].name);
	return r;
}
