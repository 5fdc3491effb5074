/* SPDX-License-Identifier: MIT */
#include "view/compare.h"

#include <inttypes.h>
#include <stdlib.h>

#include "view/curves.h"
#include "view/figure.h"
#include "view/gnuplot.h"
#include "view/run.h"
#include "view/units.h"

enum { GRID = 400, NAME_COLUMNS = 40 };

/* The curves of one side: of each run those of its events. */
struct side {
	struct gn_curves *runs;
	size_t n, n_events;
	double *parts; /* scratch: by event the part of the nodes that know it at a moment */
	int64_t last;  /* arrival, ns since the event was published */
	int64_t end;   /* half of the events were observed so long; INT64_MAX: for ever */
};

static void side_done(struct side *s)
{
	for (size_t i = 0; i < s->n; i++)
		gn_curves_done(&s->runs[i]);
	free(s->runs);
	free(s->parts);
}

static int load_run(const char *path, struct gn_curves *ret, struct gn_err *err)
{
	GN_CLEANUP(gn_db_close_p) sqlite3 *db = NULL;
	int r = gn_run_open(path, &db, err);

	if (!r)
		r = gn_curves_load(db, ret, err);
	return r == -ENODATA ? gn_wrap(err, r, "%s", path) : r;
}

static int64_t last_of(const struct side *s)
{
	int64_t last = 1;

	for (size_t i = 0; i < s->n; i++)
		last = GN_MAX(last, s->runs[i].last);
	return last;
}

static int choose_end(struct side *s)
{
	GN_CLEANUP(gn_free_p) int64_t *observed = calloc(s->n_events, sizeof(*observed));
	size_t n = 0;

	if (!observed)
		return -ENOMEM;
	for (size_t i = 0; i < s->n; i++)
		for (size_t k = 0; k < s->runs[i].n; k++)
			observed[n++] = s->runs[i].curves[k].observed;
	s->end = gn_half_observed(observed, n);
	return 0;
}

static int load_side(const struct gn_compared *c, struct side *s, struct gn_err *err)
{
	s->runs = calloc(c->n, sizeof(*s->runs));
	if (!s->runs)
		return gn_fail(err, -ENOMEM, "out of memory");
	for (; s->n < c->n; s->n++) {
		int r = load_run(c->databases[s->n], &s->runs[s->n], err);

		if (r) {
			gn_curves_done(&s->runs[s->n]);
			return r;
		}
		s->n_events += s->runs[s->n].n;
	}
	s->parts = calloc(s->n_events, sizeof(*s->parts));
	s->last = last_of(s);
	return s->parts && !choose_end(s) ? 0 : gn_fail(err, -ENOMEM, "out of memory");
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Sort the parts of the nodes that know each event at @t, of those that were observed so long: returns how many. */
static size_t take_parts(struct side *s, int64_t t)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		for (size_t k = 0; k < s->runs[i].n; k++)
			if (s->runs[i].curves[k].observed >= t)
				s->parts[n++] = (double)gn_curve_at(&s->runs[i].curves[k], t) /
						(double)s->runs[i].members;
	qsort(s->parts, n, sizeof(*s->parts), ascending);
	return n;
}

/* Nearest rank, as in gn_curves_quantile(). */
static double quantile(const struct side *s, size_t n, size_t percent)
{
	size_t rank = (n * percent + 99) / 100;

	return s->parts[rank ? rank - 1 : 0];
}

/* Time, then 5, 50 and 95 % of the events, in per cent of the nodes. After the last arrival nothing changes. */
static void side_row(struct side *s, FILE *f, double x, double unit_ns)
{
	size_t n = take_parts(s, GN_MIN((int64_t)(x * unit_ns), GN_MIN(s->end, s->last)));

	fprintf(f, "%.7g %.7g %.7g %.7g\n", x, 100 * quantile(s, n, 5), 100 * quantile(s, n, 50),
		100 * quantile(s, n, 95));
}

static void side_data(struct side *s, FILE *f, size_t number, double x_max, double unit_ns)
{
	fprintf(f, "$side%zu << end_of_side\n", number);
	const double end = (double)s->end / unit_ns;

	for (int i = 0; i <= GRID && x_max * i / GRID < end; i++)
		side_row(s, f, x_max * i / GRID, unit_ns);
	if (end <= x_max)
		side_row(s, f, end, unit_ns);
	fputs("end_of_side\n", f);
}

static void title(const struct gn_figure *figure, const char *name, size_t n_events)
{
	GN_CLEANUP(gn_free_p) char *short_name = gn_printable(name, NAME_COLUMNS);
	GN_CLEANUP(gn_free_p)
	char *text = gn_format(n_events > 1 ? "%s: median and 5 to 95 %% of %zu events" : "%s",
			       short_name ? short_name : "?", n_events);

	fputs("title ", figure->script);
	gn_gnuplot_string(figure->script, text ? text : "?");
}

static void plot(const struct gn_figure *figure, const struct gn_compared sides[2], const struct side *loaded)
{
	FILE *f = figure->script;

	fputs("plot ", f);
	for (size_t i = 0; i < 2 && figure->format; i++)
		if (loaded[i].n_events > 1)
			fprintf(f,
				"$side%zu using 1:2:4 with filledcurves fillcolor rgb '%s' fillstyle transparent"
				" solid 0.2 noborder notitle, ",
				i, gn_figure_palette[i]);
	for (size_t i = 0; i < 2; i++) {
		fprintf(f, "%s$side%zu using 1:3 with steps ", i ? ", " : "", i);
		if (figure->format)
			fprintf(f, "linewidth 1.6 linecolor rgb '%s' dashtype %s ", gn_figure_palette[i],
				i ? gn_figure_dashes : "1");
		title(figure, sides[i].name, loaded[i].n_events);
	}
	fputc('\n', f);
}

static int draw(const struct gn_compared sides[2], struct side *loaded, const char *out, struct gn_err *err)
{
	GN_CLEANUP(gn_figure_done) struct gn_figure figure = { 0 };
	int r = gn_figure_begin(&figure, out, 800, 500, err);
	int64_t last = GN_MAX(GN_MIN(loaded[0].last, loaded[0].end), GN_MIN(loaded[1].last, loaded[1].end));
	double unit_ns = last < 2000000000 ? 1e6 : 1e9, x_max = 1.06 * (double)last / unit_ns;

	if (r)
		return r;
	fprintf(figure.script,
		"set xrange [0:%.7g]\nset yrange [0:100]\nset xlabel 'time since the event was published (%s)'\n"
		"set ylabel 'nodes that know the event (%%)'\nset tics nomirror\nset key below maxcols 1 height 1\n",
		x_max, last < 2000000000 ? "ms" : "s");
	if (figure.format)
		gn_figure_style(&figure);
	for (size_t i = 0; i < 2; i++)
		side_data(&loaded[i], figure.script, i, x_max, unit_ns);
	plot(&figure, sides, loaded);
	return gn_figure_end(&figure, err);
}

int gn_plot_compared(const struct gn_compared sides[2], const char *out, struct gn_err *err)
{
	struct side loaded[2] = { { .n = 0 }, { .n = 0 } };
	int r = load_side(&sides[0], &loaded[0], err);

	if (!r)
		r = load_side(&sides[1], &loaded[1], err);
	if (!r)
		r = draw(sides, loaded, out, err);
	side_done(&loaded[0]);
	side_done(&loaded[1]);
	return r;
}
