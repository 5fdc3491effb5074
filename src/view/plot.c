/* SPDX-License-Identifier: MIT */
/* Coverage over time as a figure. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "view/curves.h"
#include "view/figure.h"
#include "view/gnuplot.h"
#include "view/run.h"
#include "view/units.h"
#include "view/view.h"

enum {
	LABEL_COLUMNS = 20,
	CURVES_MAX = GN_FIGURE_COLOURS, /* more events than that: median and band */
	GRID = 400,			/* times at which the quantiles are taken */
	POINTS_MAX = 2000		/* of one curve: more than any figure has pixels */
};

struct figure {
	const struct gn_figure *figure;
	FILE *f; /* its script */
	const struct gn_curves *curves;
	const struct gn_figure_format *format; /* NULL: characters instead of ink */
	double unit_ns;			       /* of the x axis */
	const char *unit;
	double x_max; /* in that unit */
	/* Of more than CURVES_MAX events. INT64_MAX: to the right edge, and never. */
	struct {
		int64_t end;	     /* of median and band, ns: half of the events were observed until then */
		int64_t complete_at; /* the median */
		int64_t informed;    /* of the median in the end */
	} summary;
};

static bool is_summary(const struct gn_curves *c)
{
	return c->n > CURVES_MAX;
}

/* ---- texts ---- */

/* ": delay 10 ms, jitter 0.5 ms to 2 ms": the colon before the first. */
struct list {
	FILE *f;
	int n;
};

static void item(struct list *l, const char *name, const char *low, const char *high)
{
	fprintf(l->f, "%s%s %s", l->n++ ? ", " : ": ", name, low);
	if (strcmp(low, high) != 0)
		fprintf(l->f, " to %s", high);
}

static void duration_item(struct list *l, const char *name, int64_t low, int64_t high)
{
	char a[GN_NUMBER_MAX], b[GN_NUMBER_MAX];

	if (high > 0)
		item(l, name, gn_duration_short(a, low), gn_duration_short(b, high));
}

static void loss_item(struct list *l, double low, double high)
{
	char a[GN_NUMBER_MAX], b[GN_NUMBER_MAX];

	snprintf(a, sizeof(a), "%.4g %%", low * 100);
	snprintf(b, sizeof(b), "%.4g %%", high * 100);
	if (high > 0)
		item(l, "loss", a, b);
}

static void rate_item(struct list *l, double low, double high)
{
	char a[GN_NUMBER_MAX], b[GN_NUMBER_MAX];

	if (high > 0)
		item(l, "rate", gn_bit_rate(a, low), gn_bit_rate(b, high));
}

/* A network without links: the same from anybody to anybody. */
static void describe_ideal(FILE *f, sqlite3 *db)
{
	struct list l = { .f = f };
	int64_t delay = gn_run_meta_int(db, "network_delay_ns", 0);
	int64_t jitter = gn_run_meta_int(db, "network_jitter_ns", 0);
	double loss = (double)gn_run_meta_int(db, "network_loss_ppm", 0) / 1e6;

	if (delay || jitter || loss > 0)
		fputs("; between any two, one way", f);
	duration_item(&l, "delay", delay, delay);
	duration_item(&l, "jitter", jitter, jitter);
	loss_item(&l, loss, loss);
}

/* What the shaped links have in common. */
static void describe_links(FILE *f, sqlite3 *db)
{
	GN_CLEANUP(gn_query_done_p) sqlite3_stmt *q = NULL;
	struct list l = { .f = f };

	if (gn_run_meta_int(db, "network_delay_ns", -1) >= 0) {
		describe_ideal(f, db);
		return;
	}
	if (gn_run_query(
		    db,
		    "SELECT count(*), min(delay_ns), max(delay_ns), min(jitter_ns), max(jitter_ns), min(loss),"
		    " max(loss), min(rate_bps), max(rate_bps) FROM link"
		    " WHERE delay_ns > 0 OR jitter_ns > 0 OR loss > 0 OR rate_bps > 0",
		    &q, NULL) ||
	    sqlite3_step(q) != SQLITE_ROW || !sqlite3_column_int64(q, 0)) {
		fputs("; links not shaped", f);
		return;
	}
	fputs("; each link, one way", f);
	duration_item(&l, "delay", sqlite3_column_int64(q, 1), sqlite3_column_int64(q, 2));
	duration_item(&l, "jitter", sqlite3_column_int64(q, 3), sqlite3_column_int64(q, 4));
	loss_item(&l, sqlite3_column_double(q, 5), sqlite3_column_double(q, 6));
	rate_item(&l, sqlite3_column_double(q, 7), sqlite3_column_double(q, 8));
}

/* "50 nodes, push-pull, fanout 1, period 200 ms, seed 1; each link, one way: delay 10 ms, .." */
static char *describe_run(sqlite3 *db, const struct gn_curves *c)
{
	char text[GN_NUMBER_MAX], *out = NULL;
	size_t size;
	FILE *f = open_memstream(&out, &size);

	if (!f)
		return NULL;
	fprintf(f, "%" PRId64 " %snode%s", c->members,
		gn_run_meta(db, "backend", text, sizeof(text)) && !strcmp(text, "sim") ? "simulated " : "",
		c->members == 1 ? "" : "s");
	if (gn_run_meta(db, "protocol", text, sizeof(text)))
		fprintf(f, ", %s", text);
	if (gn_run_meta(db, "fanout", text, sizeof(text)))
		fprintf(f, ", fanout %s", text);
	if (gn_run_meta(db, "period_ns", text, sizeof(text)))
		fprintf(f, ", period %s", gn_duration_short(text, strtoll(text, NULL, 10)));
	if (gn_run_meta(db, "clock", text, sizeof(text)) && strcmp(text, "periodic") != 0)
		fprintf(f, ", clock %s", text);
	if (gn_run_meta(db, "overlay", text, sizeof(text)) && strcmp(text, "full") != 0)
		fprintf(f, ", overlay %s", text);
	if (gn_run_meta(db, "seed", text, sizeof(text)))
		fprintf(f, ", seed %s", text);
	describe_links(f, db);
	if (fclose(f)) {
		free(out);
		return NULL;
	}
	return out;
}

static void titles(const struct figure *g, const char *name, const char *subtitle)
{
	if (!g->format) {
		fputs("set title ", g->f);
		gn_figure_string(g->figure, name, 60);
		fputc('\n', g->f);
		return;
	}
	fputs("set tmargin 4\nset label 1 ", g->f);
	gn_figure_string(g->figure, name, 60);
	fprintf(g->f, " at graph 0, graph 1 left offset character 0, 2.3 font ',%d'\n", g->format->name_size);
	fputs("set label 2 ", g->f);
	gn_figure_string(g->figure, subtitle, 130);
	fprintf(g->f,
		" at graph 0, graph 1 left offset character 0, 1.1 font ',%d' textcolor rgb '#404040'\n",
		g->format->text_size);
}

/* "event 3: all after 1.234 s", "alert: 47 of 50 in 9.500 s"; owned by the caller. */
static char *title_text(const struct figure *g, const char *name, int64_t complete_at, int64_t informed,
			int64_t observed)
{
	GN_CLEANUP(gn_free_p) char *printable = gn_printable(name, LABEL_COLUMNS);
	char at[GN_NUMBER_MAX];

	if (complete_at != INT64_MAX)
		return gn_format("%s: all after %s", printable ? printable : "",
				 gn_duration(at, complete_at));
	return gn_format("%s: %" PRId64 " of %" PRId64 " in %s", printable ? printable : "", informed,
			 g->curves->members, gn_duration(at, observed));
}

static char *event_title(const struct figure *g, const struct gn_curve *c)
{
	char number[GN_NUMBER_MAX + 8];

	snprintf(number, sizeof(number), "event %" PRId64, c->event);
	return title_text(g, c->label ? c->label : number, gn_curve_complete(g->curves, c),
			  gn_curve_informed(c), c->observed);
}

static char *median_title(const struct figure *g)
{
	char name[48];

	snprintf(name, sizeof(name), "median of %zu events", g->curves->n);
	return title_text(g, name, g->summary.complete_at, g->summary.informed,
			  GN_MIN(g->summary.end, g->curves->last));
}

/* How many events some node never knew; owned by the caller. */
static char *incomplete_title(const struct figure *g)
{
	return gn_format("%zu events had not reached all at the end", g->curves->n - g->curves->complete);
}

/* Takes over @text. */
static void print_title(const struct figure *g, char *text)
{
	fputs(" title ", g->f);
	gn_gnuplot_string(g->f, text ? text : "");
	free(text);
}

/* ---- data ---- */

static void point(const struct figure *g, int64_t t, int64_t y)
{
	fprintf(g->f, "%.7g %" PRId64 "\n", (double)t / g->unit_ns, y);
}

/* A curve's steps, to the end of its observation. Of steps closer than a pixel the last is enough. */
static void curve_data(const struct figure *g, const struct gn_curve *c, size_t number)
{
	const struct gn_curve_point *p = c->points;
	int64_t apart = (int64_t)(g->x_max * g->unit_ns / POINTS_MAX), drawn = INT64_MIN;

	fprintf(g->f, "$curve%zu << end_of_curve\n", number);
	for (size_t k = 0; k < c->n; k++) {
		bool last = k + 1 == c->n || p[k + 1].t > p[k].t;

		if (k + 1 < c->n && (!last || (c->n > POINTS_MAX && p[k].t < drawn + apart)))
			continue;
		point(g, p[k].t, p[k].informed);
		drawn = p[k].t;
	}
	fprintf(g->f, "%.7g %" PRId64 "\nend_of_curve\n", GN_MIN(g->x_max, (double)c->observed / g->unit_ns),
		gn_curve_informed(c));
}

/* Where all nodes know: a dot at the curve's end. */
static void mark_complete(const struct figure *g, int64_t at, const char *colour)
{
	if (at == INT64_MAX || !g->format)
		return;
	fprintf(g->f,
		", '+' using (%.7g):(%" PRId64 ") every ::::0 with points pointtype 7 pointsize 1.5"
		" linecolor rgb '%s' notitle",
		(double)at / g->unit_ns, g->curves->members, colour);
}

static void curves_by_event(const struct figure *g)
{
	const struct gn_curves *all = g->curves;

	for (size_t i = 0; i < all->n; i++)
		curve_data(g, &all->curves[i], i);
	fputs("plot ", g->f);
	for (size_t i = 0; i < all->n; i++) {
		const struct gn_curve *c = &all->curves[i];

		fprintf(g->f, "%s$curve%zu using 1:2 with steps", i ? ", " : "", i);
		if (g->format)
			fprintf(g->f, " linewidth 1.6 linecolor rgb '%s' dashtype %s", gn_figure_palette[i],
				i < CURVES_MAX / 2 ? "1" : gn_figure_dashes);
		print_title(g, event_title(g, c));
		mark_complete(g, gn_curve_complete(all, c), gn_figure_palette[i]);
	}
	fputc('\n', g->f);
}

/* The quantiles at @x. Nobody learns anything after the last arrival; then they are not taken anew from ever fewer
 * events. */
static void band_row(const struct figure *g, double x, int64_t *scratch)
{
	static const unsigned percent[] = { 5, 50, 95 };
	int64_t t = GN_MIN((int64_t)(x * g->unit_ns), GN_MIN(g->summary.end, g->curves->last));

	fprintf(g->f, "%.7g", x);
	for (size_t k = 0; k < GN_ARRAY_LEN(percent); k++)
		fprintf(g->f, " %" PRId64, gn_curves_quantile(g->curves, t, percent[k], scratch));
	fputc('\n', g->f);
}

static int band_data(const struct figure *g)
{
	GN_CLEANUP(gn_free_p) int64_t *scratch = calloc(g->curves->n, sizeof(*scratch));

	if (!scratch)
		return -ENOMEM;
	fputs("$band << end_of_band\n", g->f);
	const double end = (double)g->summary.end / g->unit_ns;

	for (int i = 0; i <= GRID && g->x_max * i / GRID < end; i++)
		band_row(g, g->x_max * i / GRID, scratch);
	if (end <= g->x_max)
		band_row(g, end, scratch);
	fputs("end_of_band\n", g->f);
	return 0;
}

static int median_and_band(const struct figure *g)
{
	if (band_data(g))
		return -ENOMEM;
	if (!g->format)
		fputs("plot $band using 1:2 with steps title '5 %', $band using 1:4 with steps title '95 %'",
		      g->f);
	else
		fprintf(g->f,
			"plot $band using 1:2:4 with filledcurves fillcolor rgb '%s' fillstyle transparent solid 0.22"
			" noborder title '5 to 95 %% of the events'",
			gn_figure_palette[0]);
	fputs(", $band using 1:3 with steps", g->f);
	if (g->format)
		fprintf(g->f, " linewidth 1.6 linecolor rgb '%s'", gn_figure_palette[0]);
	print_title(g, median_title(g));
	mark_complete(g, g->summary.complete_at, gn_figure_palette[0]);
	if (g->curves->complete < g->curves->n) {
		fputs(", NaN with lines linecolor rgb 'white'", g->f);
		print_title(g, incomplete_title(g));
	}
	fputc('\n', g->f);
	return 0;
}

/* ---- frame ---- */

/* Round up to 1, 2 or 5 times a power of ten, at least 1: nodes are whole. */
static int64_t nice_step(double raw)
{
	double power = pow(10, floor(log10(GN_MAX(raw, 1))));
	double digit = raw / power;

	return (int64_t)(power * (digit <= 1 ? 1 : digit <= 2 ? 2 : digit <= 5 ? 5 : 10));
}

/* Round numbers, and the number of nodes itself, which the curves end at. */
static void y_tics(const struct figure *g)
{
	int64_t members = g->curves->members, step = nice_step((double)members / 5);

	fputs("set ytics (", g->f);
	for (int64_t y = 0; y + step / 2 < members; y += step)
		fprintf(g->f, "%" PRId64 ", ", y);
	fprintf(g->f, "%" PRId64 ")\n", members);
}

/* Frees @text. */
static size_t length_of(char *text)
{
	size_t n = text ? strlen(text) : 0;

	free(text);
	return n;
}

/* The key's width as a share of the axes. */
static double key_width(const struct figure *g)
{
	size_t length = 0;

	if (is_summary(g->curves)) {
		const size_t median = length_of(median_title(g)), incomplete = length_of(incomplete_title(g));

		length = GN_MAX(median, incomplete);
	}
	for (size_t i = 0; i < g->curves->n && !is_summary(g->curves); i++) {
		const size_t n = length_of(event_title(g, &g->curves->curves[i]));

		length = GN_MAX(length, n);
	}
	return g->format->key.frame_width + g->format->key.character * (double)length;
}

static double key_height(const struct figure *g)
{
	const size_t rows = is_summary(g->curves) ? 3 : g->curves->n;

	return g->format->key.frame_height + g->format->key.row * (double)rows;
}

/* How low the curves are at @t, if they go on until then, and how high at their ends. */
static void extent(const struct gn_curves *c, int64_t t, int64_t *low, int64_t *high)
{
	*low = c->members;
	*high = 0;
	for (size_t i = 0; i < c->n; i++) {
		if (c->curves[i].observed >= t)
			*low = GN_MIN(*low, gn_curve_at(&c->curves[i], t));
		*high = GN_MAX(*high, gn_curve_informed(&c->curves[i]));
	}
}

/* Where the key hides nothing: below curves that rise early, above curves that stay low, else
 * outside the axes. */
static const char *key_place(const struct figure *g)
{
	const struct gn_curves *c = g->curves;
	const double height = key_height(g) * (double)c->members;
	int64_t low, high;

	extent(c, (int64_t)((1 - key_width(g)) * g->x_max * g->unit_ns), &low, &high);
	if ((double)low > height)
		return "bottom right height 0.4 opaque";
	if ((double)high < (double)c->members - height)
		return "top right height 0.4 opaque";
	return "below height 1.2";
}

static void frame(const struct figure *g)
{
	fprintf(g->f, "set xrange [0:%.7g]\nset yrange [0:%" PRId64 "]\n", g->x_max, g->curves->members);
	fprintf(g->f, "set xlabel 'time since the event was published (%s)'\n", g->unit);
	fputs("set ylabel 'nodes that know the event'\n", g->f);
	y_tics(g);
	if (!g->format) {
		fputs("set key below maxcols 1\nset tics nomirror\n", g->f);
		return;
	}
	gn_figure_style(g->figure);
	fprintf(g->f, "set key %s\n", key_place(g));
}

/* The x axis: all that happened, as far as it is drawn, and a little more; ms below 2 s. */
static void choose_axis(struct figure *g, sqlite3 *db)
{
	int64_t last = GN_MIN(g->curves->last, g->summary.end);

	if (last <= 0) /* only origins know: show how long they kept it */
		last = gn_run_meta_int(db, "ended_ns", 0);
	if (last <= 0)
		last = 1000000000;
	g->unit_ns = last < 2000000000 ? 1e6 : 1e9;
	g->unit = last < 2000000000 ? "ms" : "s";
	g->x_max = (double)last / g->unit_ns * 1.06;
}

static int summarize(struct figure *g)
{
	const struct gn_curves *c = g->curves;
	GN_CLEANUP(gn_free_p) int64_t *scratch = calloc(c->n, sizeof(*scratch));

	if (!scratch)
		return -ENOMEM;
	g->summary.end = gn_curves_half_observed(c, scratch);
	g->summary.complete_at = gn_curves_median_complete(c, scratch);
	g->summary.informed = gn_curves_quantile(c, GN_MIN(g->summary.end, c->last), 50, scratch);
	return 0;
}

static int write_script(struct figure *g, sqlite3 *db, struct gn_err *err)
{
	GN_CLEANUP(gn_free_p) char *subtitle = describe_run(db, g->curves);
	char name[256];

	if (!subtitle)
		return gn_fail(err, -ENOMEM, "out of memory");
	gn_run_meta(db, "name", name, sizeof(name));
	g->summary.end = INT64_MAX;
	if (is_summary(g->curves) && summarize(g))
		return gn_fail(err, -ENOMEM, "out of memory");
	choose_axis(g, db);
	frame(g);
	titles(g, name, subtitle);
	if (!is_summary(g->curves))
		curves_by_event(g);
	else if (median_and_band(g))
		return gn_fail(err, -ENOMEM, "out of memory");
	return 0;
}

/* ---- output ---- */

int gn_plot(const char *path, const char *out, struct gn_err *err)
{
	GN_CLEANUP(gn_figure_done) struct gn_figure figure = { 0 };
	GN_CLEANUP(gn_curves_done) struct gn_curves curves = { 0 };
	GN_CLEANUP(gn_db_close_p) sqlite3 *db = NULL;
	int r = gn_figure_begin(&figure, out, 800, 500, err);

	if (!r)
		r = gn_run_open(path, &db, err);
	if (!r)
		r = gn_curves_load(db, &curves, err);
	if (r)
		return r;
	struct figure g = {
		.figure = &figure, .f = figure.script, .format = figure.format, .curves = &curves
	};

	r = write_script(&g, db, err);
	return r ? r : gn_figure_end(&figure, err);
}
