/* SPDX-License-Identifier: MIT */
/* report.md: what the analysis found, as a person reads it. Everything in it is read from study.db. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "study/analysis.h"
#include "study/statistics.h"
#include "study/verdict.h"
#include "util/save.h"
#include "view/run.h"
#include "view/units.h"

struct report {
	sqlite3 *db;
	FILE *f;
	int failed; /* of a query within a row: -Exxx */
	struct gn_err *err;
};

/* A series' name, with its backend where there are two; of `series AS s`. */
#define NAME                                                                                         \
	"s.label || CASE (SELECT count(DISTINCT backend) FROM series) WHEN 2 THEN ', ' || s.backend" \
	" ELSE '' END"

/* ---- parts of sentences ---- */

/* Call @row with each row; ?1 is @id. */
static int each(struct report *r, const char *sql, int64_t id, void (*row)(struct report *, sqlite3_stmt *),
		struct gn_err *err)
{
	GN_CLEANUP(gn_query_done_p) sqlite3_stmt *q = NULL;
	int step, e = gn_run_query(r->db, sql, &q, err);

	if (e)
		return e;
	sqlite3_bind_int64(q, 1, id);
	while ((step = sqlite3_step(q)) == SQLITE_ROW)
		row(r, q);
	return gn_run_end(r->db, step, err);
}

/* The same within a row. */
static void each_within(struct report *r, const char *sql, int64_t id,
			void (*row)(struct report *, sqlite3_stmt *))
{
	if (!r->failed)
		r->failed = each(r, sql, id, row, r->err);
}

/* Somebody's text, which no character of makes a mark of Markdown or HTML. */
static void text(struct report *r, const unsigned char *s)
{
	GN_CLEANUP(gn_free_p) char *line = gn_printable((const char *)s, 200);

	for (const char *c = line ? line : "?"; *c; c++)
		fprintf(r->f, strchr("\\`*_{}[]()<>#+!|~&", *c) ? "\\%c" : "%c", *c);
}

static void column_text(struct report *r, sqlite3_stmt *q, int column)
{
	text(r, sqlite3_column_text(q, column));
}

/* A number, or "-". */
static void number(struct report *r, sqlite3_stmt *q, int column, const char *format)
{
	if (sqlite3_column_type(q, column) == SQLITE_NULL)
		fputc('-', r->f);
	else
		fprintf(r->f, format, sqlite3_column_double(q, column));
}

static void cell(struct report *r, sqlite3_stmt *q, int column, const char *format)
{
	fputs(" | ", r->f);
	number(r, q, column, format);
}

/* A cell "7.31 ± 0.05": of columns @column and the one behind it. */
static void cell_with_error(struct report *r, sqlite3_stmt *q, int column)
{
	cell(r, q, column, "%.2f");
	if (sqlite3_column_type(q, column + 1) != SQLITE_NULL)
		fprintf(r->f, " ± %.2f", sqlite3_column_double(q, column + 1));
}

/* An interval of lambda, of columns @column and the one behind it. */
static void interval(struct report *r, sqlite3_stmt *q, int column)
{
	const double low = sqlite3_column_double(q, column), high = sqlite3_column_double(q, column + 1);

	if (low <= -GN_LAMBDA_MAX && high >= GN_LAMBDA_MAX)
		fputs(" (not determined)", r->f);
	else if (high <= -GN_LAMBDA_MAX)
		fprintf(r->f, " (below -%d)", GN_LAMBDA_MAX);
	else if (low >= GN_LAMBDA_MAX)
		fprintf(r->f, " (above %d)", GN_LAMBDA_MAX);
	else if (low <= -GN_LAMBDA_MAX)
		fprintf(r->f, " (up to %.2f)", high);
	else if (high >= GN_LAMBDA_MAX)
		fprintf(r->f, " (from %.2f)", low);
	else
		fprintf(r->f, " (%.2f to %.2f)", low, high);
}

/* ---- verdicts ---- */

static void verdict_cell(struct report *r, sqlite3_stmt *q)
{
	const char *verdict = (const char *)sqlite3_column_text(q, 0);

	fprintf(r->f, " | %s", verdict);
	if (sqlite3_column_type(q, 1) != SQLITE_NULL)
		interval(r, q, 1);
}

static void verdict_row(struct report *r, sqlite3_stmt *q)
{
	fputs("| ", r->f);
	column_text(r, q, 1);
	each_within(
		r,
		"SELECT v.verdict, b.low, b.high FROM verdict AS v LEFT JOIN boxcox AS b USING(series, quantile)"
		" WHERE v.series = ? ORDER BY v.quantile",
		sqlite3_column_int64(q, 0), verdict_cell);
	fputs(" |\n", r->f);
}

static void sentence(struct report *r, sqlite3_stmt *q)
{
	fprintf(r->f, "  - T%lld: %s\n", (long long)sqlite3_column_int64(q, 0), sqlite3_column_text(q, 1));
}

static void sentences(struct report *r, sqlite3_stmt *q)
{
	fputs("- ", r->f);
	column_text(r, q, 1);
	fprintf(r->f, ", N = %lld to %lld\n", (long long)sqlite3_column_int64(q, 2),
		(long long)sqlite3_column_int64(q, 3));
	each_within(r, "SELECT quantile, sentence FROM verdict WHERE series = ? ORDER BY quantile",
		    sqlite3_column_int64(q, 0), sentence);
}

static int verdicts(struct report *r, struct gn_err *err)
{
	fputs("## Verdicts\n\n"
	      "How the time grows until 50, 90, 99 and 100 % of the nodes know, in rounds. In brackets the 95 % interval"
	      " of lambda: 1 is log N, 1/2 is sqrt(log N), 0 is log log N.\n\n"
	      "| | T50 | T90 | T99 | T100 |\n|---|---|---|---|---|\n",
	      r->f);
	int e = each(r,
		     "SELECT s.id, " NAME
		     " FROM series AS s WHERE id IN (SELECT series FROM verdict) ORDER BY id",
		     0, verdict_row, err);

	if (e)
		return e;
	fputs("\nWhat is behind each:\n\n", r->f);
	e = each(r,
		 "SELECT s.id, " NAME
		 ", min(g.n), max(g.n) FROM series AS s JOIN growth AS g ON g.series = s.id"
		 " GROUP BY s.id ORDER BY s.id",
		 0, sentences, err);
	fprintf(r->f,
		"\nA verdict speaks of the sizes that were measured. No finite range excludes that another law takes"
		" over beyond it, or a law that is none of these, such as log N / log log N.\n"
		"A law is refuted if it is worse than the best curve of the family by four standard errors (%d of"
		" chi-squared, in units of that curve's chi-squared per degree of freedom where this is above 1), and"
		" the interval of lambda excludes it. log N is refuted only if log3 N + log2 ln N is, which is"
		" push-pull's law and has the largest term of log log N among the known ones. Undecided means that more than"
		" one law fits, or none, or that there is too little to tell.\n\n",
		GN_REFUTED);
	return e;
}

/* ---- cost ---- */

static void cost_row(struct report *r, sqlite3_stmt *q)
{
	fputs("| ", r->f);
	column_text(r, q, 0);
	cell(r, q, 1, "%.0f");
	for (int i = 2; i < 6; i++)
		cell(r, q, i, i < 4 ? "%.1f" : "%.0f");
	for (int i = 6; i < 9; i++)
		cell(r, q, i, "%.2f");
	cell(r, q, 9, "%.3g");
	cell(r, q, 10, "%.0f");
	fputs(" |\n", r->f);
}

#define METRIC(function, name)                                                                             \
	"(SELECT " function "(m.value) FROM metric AS m JOIN run ON run.id = m.run WHERE run.point = p.id" \
	" AND m.key = '" name "')"
#define ROUNDS(q) \
	"(SELECT g.rounds FROM growth AS g WHERE g.series = s.id AND g.n = p.n AND g.quantile = " #q ")"

static int costs(struct report *r, struct gn_err *err)
{
	fputs("## Cost\n\n"
	      "At the largest N of each series: datagrams and bytes that a node sends until the run ends, on average;"
	      " the most datagrams that one node sends of its own accord in one round, and the most such datagrams"
	      " that reach one node in one round, of all nodes, rounds and runs; times of the runs that got there,"
	      " and how many did not.\n\n"
	      "| | N | datagrams per node | bytes per node | fan-out | in-degree | T50 (rounds) | T99 (rounds) |"
	      " T100 (rounds) | T100 (s) | censored |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n",
	      r->f);
	int e = each(
		r,
		"SELECT " NAME
		", p.n, " METRIC("avg", "datagrams_per_node") ", " METRIC("avg", "bytes_per_node") ", " METRIC("max", "largest_fan_out") ", " METRIC(
			"max",
			"largest_in_degree") ", " ROUNDS(50) ", " ROUNDS(99) ", " ROUNDS(100) ","
											      " (SELECT g.t_ns / 1e9 FROM growth AS g WHERE g.series = s.id AND g.n = p.n AND g.quantile = 100),"
											      " (SELECT g.censored FROM growth AS g WHERE g.series = s.id AND g.n = p.n AND g.quantile = 100)"
											      " FROM series AS s JOIN point AS p ON p.series = s.id"
											      " WHERE p.n = (SELECT max(n) FROM growth WHERE series = s.id) ORDER BY s.id",
		0, cost_row, err);

	fputc('\n', r->f);
	return e;
}

/* ---- live and simulated ---- */

/* A cell "4.06 / 4.05 (p 0.43)", in bold where they differ: of column @column and the three behind it. */
static void agreement_cell(struct report *r, sqlite3_stmt *q, int column)
{
	const char *mark = sqlite3_column_int(q, column + 3) ? "**" : "";

	fprintf(r->f, " | %s", mark);
	number(r, q, column, "%.2f");
	fputs(" / ", r->f);
	number(r, q, column + 1, "%.2f");
	if (sqlite3_column_type(q, column + 2) != SQLITE_NULL)
		fprintf(r->f, " (p %.2g)%s", sqlite3_column_double(q, column + 2), mark);
}

static void agreement_row(struct report *r, sqlite3_stmt *q)
{
	fputs("| ", r->f);
	column_text(r, q, 0);
	for (int i = 1; i <= 3; i++)
		fprintf(r->f, " | %lld", (long long)sqlite3_column_int64(q, i));
	for (int i = 4; i < 24; i += 4)
		agreement_cell(r, q, i);
	fputs(" |\n", r->f);
}

static void agreement_summary(struct report *r, sqlite3_stmt *q)
{
	fprintf(r->f,
		"\nOf %lld comparisons %lld agree, %lld differ, and %lld are of too few runs to tell.\n\n",
		(long long)sqlite3_column_int64(q, 0), (long long)sqlite3_column_int64(q, 1),
		(long long)sqlite3_column_int64(q, 2), (long long)sqlite3_column_int64(q, 3));
}

static void agreement_head(struct report *r, sqlite3_stmt *q GN_UNUSED)
{
	fprintf(r->f,
		"## Live and simulated\n\n"
		"What was made live and in the simulator, with seeds of their own: means, live / simulated, of the times"
		" in rounds and of the datagrams that a node sends in a round. In brackets the probability that runs of"
		" one distribution lie so far apart (Kolmogorov and Smirnov; a run is one value, the mean over its"
		" events); below %g they differ.\n\n"
		"| | N | live runs | simulated | T50 | T90 | T99 | T100 | datagrams |\n"
		"|---|--:|--:|--:|--:|--:|--:|--:|--:|\n",
		GN_KS_DIFFER);
}

/* The four columns of an agreement_cell(). */
#define AGREEMENT(what)                                           \
	", max(mean_live) FILTER (WHERE quantity = '" what        \
	"'), max(mean_simulated) FILTER (WHERE quantity = '" what \
	"'), max(p) FILTER (WHERE quantity = '" what              \
	"'), max(verdict = 'differ') FILTER (WHERE quantity = '" what "')"
#define AGREEMENTS AGREEMENT("T50") AGREEMENT("T90") AGREEMENT("T99") AGREEMENT("T100") AGREEMENT("datagrams")

static int agreement(struct report *r, struct gn_err *err)
{
	int e = each(r, "SELECT 1 FROM agreement LIMIT 1", 0, agreement_head, err);

	if (!e)
		e = each(r,
			 "SELECT s.label, a.n, max(runs_live), max(runs_simulated)" AGREEMENTS
			 " FROM agreement AS a JOIN series AS s ON s.id = a.live GROUP BY a.live, a.n"
			 " ORDER BY a.live, a.n",
			 0, agreement_row, err);
	return e ? e
		 : each(r,
			"SELECT * FROM (SELECT count(*) AS n, sum(verdict = 'agree'), sum(verdict = 'differ'),"
			" sum(verdict = 'too few to tell') FROM agreement) WHERE n",
			0, agreement_summary, err);
}

/* ---- one series ---- */

static void size_row(struct report *r, sqlite3_stmt *q)
{
	fputs("| ", r->f);
	fprintf(r->f, "%lld", (long long)sqlite3_column_int64(q, 0));
	if (sqlite3_column_double(q, 11) < sqlite3_column_double(q, 0))
		fprintf(r->f, " (%.1f count)", sqlite3_column_double(q, 11));
	fprintf(r->f, " | %lld", (long long)sqlite3_column_int64(q, 1));
	for (int i = 0; i < 4; i++)
		cell_with_error(r, q, 2 + 2 * i);
	fputs(" | ", r->f);
	if (sqlite3_column_type(q, 10) != SQLITE_NULL)
		fprintf(r->f, "%s", sqlite3_column_text(q, 10));
	fputs(" |\n", r->f);
}

static int sizes(struct report *r, int64_t series, struct gn_err *err)
{
	fputs("Means with their standard errors, in rounds; in brackets how many members count, where that is not all: an"
	      " overlay's largest component. Not fitted are sizes with censored runs (which"
	      " never got there or were cut off, so that the mean of the others is another thing), with too few runs, or with so few nodes"
	      " beyond the quantile that it is the last one that is waited for.\n\n"
	      "| N | runs | T50 | T90 | T99 | T100 | not fitted |\n|--:|--:|--:|--:|--:|--:|---|\n",
	      r->f);
	int e = each(
		r,
		"SELECT n, max(runs),"
		" max(rounds) FILTER (WHERE quantile = 50), max(rounds_se) FILTER (WHERE quantile = 50),"
		" max(rounds) FILTER (WHERE quantile = 90), max(rounds_se) FILTER (WHERE quantile = 90),"
		" max(rounds) FILTER (WHERE quantile = 99), max(rounds_se) FILTER (WHERE quantile = 99),"
		" max(rounds) FILTER (WHERE quantile = 100), max(rounds_se) FILTER (WHERE quantile = 100),"
		" group_concat('T' || quantile || ': ' || CASE WHEN censored THEN censored || ' ' ELSE '' END || why,"
		"   ', ') FILTER (WHERE NOT fitted),"
		" (SELECT avg(counted) FROM run JOIN point AS p ON p.id = run.point"
		"   WHERE p.series = growth.series AND p.n = growth.n)"
		" FROM (SELECT * FROM growth WHERE series = ? ORDER BY n, quantile) AS growth GROUP BY n ORDER BY n",
		series, size_row, err);

	fputc('\n', r->f);
	return e;
}

static void law_row(struct report *r, sqlite3_stmt *q)
{
	fprintf(r->f, "| T%lld | %s", (long long)sqlite3_column_int64(q, 0), sqlite3_column_text(q, 1));
	cell_with_error(r, q, 2);
	cell_with_error(r, q, 4);
	fprintf(r->f, " | %.1f / %lld", sqlite3_column_double(q, 6), (long long)sqlite3_column_int64(q, 7));
	cell(r, q, 8, "%.2g");
	cell(r, q, 9, "%.1f");
	fputs(" |\n", r->f);
}

static int laws(struct report *r, int64_t series, struct gn_err *err)
{
	fputs("Least squares of a + b x, weighted by the errors; the difference of the Akaike criterion to the best of"
	      " the four.\n\n"
	      "| | x | a | b | chi² / dof | p | ΔAIC |\n|---|---|--:|--:|--:|--:|--:|\n",
	      r->f);
	int e = each(
		r,
		"SELECT quantile, law, a, a_se, b, b_se, chi2, dof, p, delta_aic FROM fit WHERE series = ?"
		" ORDER BY quantile, delta_aic, law",
		series, law_row, err);

	fputc('\n', r->f);
	return e;
}

static void window_row(struct report *r, sqlite3_stmt *q)
{
	fprintf(r->f, "| %lld to %lld", (long long)sqlite3_column_int64(q, 0),
		(long long)sqlite3_column_int64(q, 1));
	for (int i = 2; i < 18; i += 4) {
		cell(r, q, i, "%.2f");
		if (sqlite3_column_type(q, i) != SQLITE_NULL)
			interval(r, q, i + 1);
		cell(r, q, i + 3, "%.2f");
	}
	fputs(" |\n", r->f);
}

#define WINDOW(q)                                                                             \
	"max(lambda) FILTER (WHERE quantile = " #q "), max(low) FILTER (WHERE quantile = " #q \
	"), max(high) FILTER (WHERE quantile = " #q "), max(per_decade) FILTER (WHERE quantile = " #q ")"

static int windows(struct report *r, int64_t series, struct gn_err *err)
{
	fputs("Lambda on windows of the sizes, and by how many rounds each grows when N grows tenfold.\n\n"
	      "| N | T50: lambda | tenfold | T90: lambda | tenfold | T99: lambda | tenfold | T100: lambda | tenfold |\n"
	      "|---|--:|--:|--:|--:|--:|--:|--:|--:|\n",
	      r->f);
	int e = each(
		r,
		"SELECT n_low, n_high, " WINDOW(50) ", " WINDOW(90) ", " WINDOW(99) ", " WINDOW(
			100) " FROM window WHERE series = ? GROUP BY n_low, n_high ORDER BY n_low, n_high",
		series, window_row, err);

	fputc('\n', r->f);
	return e;
}

static int one_series(struct report *r, int64_t id, const unsigned char *name, struct gn_err *err)
{
	fputs("### ", r->f);
	text(r, name);
	fprintf(r->f, "\n\n![times, coverage and lambda](figures/series-%lld.svg)\n\n", (long long)id);
	int e = sizes(r, id, err);

	if (!e)
		e = laws(r, id, err);
	return e ? e : windows(r, id, err);
}

static int all_series(struct report *r, struct gn_err *err)
{
	GN_CLEANUP(gn_query_done_p) sqlite3_stmt *q = NULL;
	int step = SQLITE_DONE, e;

	fputs("## Growth\n\n![T50 and T100 against log N and log log N](figures/growth.svg)\n\n"
	      "Sizes with censored runs are not shown here.\n\n",
	      r->f);
	e = gn_run_query(r->db,
			 "SELECT s.id, " NAME
			 " FROM series AS s WHERE id IN (SELECT series FROM growth) ORDER BY id",
			 &q, err);
	while (!e && (step = sqlite3_step(q)) == SQLITE_ROW)
		e = one_series(r, sqlite3_column_int64(q, 0), sqlite3_column_text(q, 1), err);
	return e ? e : gn_run_end(r->db, step, err);
}

/* ---- the whole ---- */

static void runs(struct report *r, sqlite3_stmt *q)
{
	char period[GN_NUMBER_MAX];

	fprintf(r->f, "%lld runs of %lld points", (long long)sqlite3_column_int64(q, 0),
		(long long)sqlite3_column_int64(q, 1));
	if (sqlite3_column_int64(q, 2) == 1)
		fprintf(r->f, "; a round is %s", gn_duration_short(period, sqlite3_column_int64(q, 3)));
	if (sqlite3_column_int64(q, 4))
		fprintf(r->f, "; by their own check %lld of the live runs are suspect",
			(long long)sqlite3_column_int64(q, 4));
	fputs(".\n\n", r->f);
}

static int write_report(struct report *r, struct gn_err *err)
{
	char name[256];

	gn_run_meta(r->db, "name", name, sizeof(name));
	fputs("# ", r->f);
	text(r, (const unsigned char *)name);
	fputs("\n\nHow long an event takes to reach a cluster of N nodes, which law of growth that follows, and what"
	      " it costs. ",
	      r->f);
	int e = each(r,
		     "SELECT count(*), count(DISTINCT point), count(DISTINCT period_ns), max(period_ns),"
		     " (SELECT count(*) FROM metric WHERE key = 'suspect' AND value) FROM run",
		     0, runs, err);

	if (!e)
		e = verdicts(r, err);
	if (!e)
		e = costs(r, err);
	if (!e)
		e = agreement(r, err);
	if (!e)
		e = all_series(r, err);
	return e ? e : r->failed;
}

/* Whoever looks sees the old report or the new. */
int gn_study_report(sqlite3 *db, const char *folder, struct gn_err *err)
{
	GN_CLEANUP(gn_free_p) char *path = gn_format("%s/report.md", folder);
	GN_CLEANUP(gn_free_p) char *made = NULL;
	struct report r = { .db = db, .err = err };
	struct gn_save file;
	size_t n;

	r.f = path ? open_memstream(&made, &n) : NULL;
	if (!r.f)
		return gn_fail(err, -ENOMEM, "out of memory");
	int e = write_report(&r, err);
	const bool lost = ferror(r.f);

	if ((fclose(r.f) || lost) && !e)
		e = gn_fail(err, -ENOMEM, "out of memory");
	if (e)
		return e;
	e = gn_save_begin(path, &file);
	if (!e)
		e = gn_save_end(&file, gn_write_all(file.fd, made, n));
	return e ? gn_fail(err, e, "%s: cannot write the report: %s", path, strerror(-e)) : 0;
}
