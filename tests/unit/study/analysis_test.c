/* SPDX-License-Identifier: MIT */
/* From a study.db with made-up runs to its tables, report and figures. */
#include "study.h"

#include <math.h>
#include <sqlite3.h>

#include "study/analysis.h"
#include "study/schema.h"
#include "util/rand.h"

static sqlite3 *db;
static struct folder folder;
static struct gn_rand noise;

static void execute(const char *sql)
{
	char *message = NULL;

	if (sqlite3_exec(db, sql, NULL, NULL, &message))
		fail_msg("%s: %s", sql, message);
}

/* What a query gives: columns with "|" between, rows with a newline behind. */
static char *rows(const char *sql)
{
	sqlite3_stmt *q;
	size_t size;
	char *text = NULL;
	FILE *f = open_memstream(&text, &size);

	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &q, NULL), SQLITE_OK);
	while (sqlite3_step(q) == SQLITE_ROW)
		for (int i = 0, n = sqlite3_column_count(q); i < n; i++)
			fprintf(f, "%s%c", sqlite3_column_text(q, i), i < n - 1 ? '|' : '\n');
	sqlite3_finalize(q);
	fclose(f);
	return text;
}

static void gives(const char *sql, const char *want)
{
	GN_CLEANUP(gn_free_p) char *got = rows(sql);

	if (strcmp(got, want) != 0)
		fail_msg("%s\ngives\n%sinstead of\n%s", sql, got, want);
}

static char *file(const char *name)
{
	GN_CLEANUP(gn_free_p) char *path = gn_format("%s/%s", folder.path, name);
	FILE *f = fopen(path, "r");
	char *text = NULL;
	size_t size = 0;

	if (!f)
		fail_msg("no file %s", name);
	assert_true(getdelim(&text, &size, '\0', f) > 0);
	fclose(f);
	return text;
}

static void has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("no '%s' in\n%s", part, text);
}

/* ---- made-up studies ---- */

static int set_up(void **state)
{
	(void)state;
	folder = folder_make();
	gn_rand_init(&noise, 1, GN_RAND_SCHEDULE, 0);
	assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
	execute(gn_study_tables);
	execute("INSERT INTO meta VALUES('name', 'made up')");
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	sqlite3_close(db);
	folder_remove(&folder);
	return 0;
}

static void insert(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void insert(const char *format, ...)
{
	char sql[256];
	va_list args;

	va_start(args, format);
	vsnprintf(sql, sizeof(sql), format, args);
	va_end(args);
	execute(sql);
}

static void add_series(int id, const char *label)
{
	insert("INSERT INTO series VALUES(%d, 'sim', '%s')", id, label);
}

static void add_point(int id, int series, int n)
{
	insert("INSERT INTO point VALUES(%d, %d, %d)", id, series, n);
}

/* A run of one event with a period of 200 ms; quantiles a round apart; negative: T100 is censored. */
static void add_run(int id, int point, double t50)
{
	insert("INSERT INTO run SELECT %d, %d, %d, 'informed', n, 200000000 FROM point WHERE id = %d", id,
	       point, id, point);
	for (int i = 0; i < GN_STUDY_N_QUANTILES; i++)
		if (t50 > 0 || i < 3)
			insert("INSERT INTO result VALUES(%d, 0, %d, %.17g, %.17g)", id,
			       gn_study_quantiles[i], (fabs(t50) + i) * 2e8, fabs(t50) + i);
		else
			insert("INSERT INTO result VALUES(%d, 0, 100, NULL, NULL)", id);
	insert("INSERT INTO metric VALUES(%d, 'datagrams_per_node', %d)", id, 10 + id % 2);
	insert("INSERT INTO metric VALUES(%d, 'largest_in_degree', %d)", id, 3 + id % 4);
	insert("INSERT INTO curve VALUES(%d, 0, 1, 0), (%d, 0, 100, 400000000)", id, id);
}

/* Series of 13 sizes, 100 .. 10^5, with @runs each. */
static void add_growth(int series, int runs, double (*law)(double l), double deviation)
{
	execute("BEGIN");
	for (int i = 0; i < 13; i++) {
		int point = series * 100 + i;
		double n = floor(100 * pow(10, i / 4.0) + 0.5);

		add_point(point, series, (int)n);
		for (int k = 0; k < runs; k++) {
			double uniform = (double)gn_rand_below(&noise, 1 << 20) / (1 << 20) - 0.5;

			add_run(point * 100 + k, point, law(log(n)) + deviation * sqrt(12) * uniform);
		}
	}
	execute("COMMIT");
}

static double one(double l)
{
	return l;
}

static double log_log(double l)
{
	return 3 * log(l);
}

static void analyse(void)
{
	struct gn_err err = { "" };

	if (gn_study_analyse(db, folder.path, &err))
		fail_msg("%s", err.text);
}

/* ---- tests ---- */

static void laws_are_found(void **state)
{
	(void)state;
	add_series(1, "straight");
	add_series(2, "bent");
	add_growth(1, 30, one, 0.1);
	add_growth(2, 30, log_log, 0.1);
	analyse();
	gives("SELECT series, quantile, verdict FROM verdict",
	      "1|50|log N\n1|90|log N\n1|99|log N\n1|100|log N\n"
	      "2|50|log log N\n2|90|log log N\n2|99|log log N\n2|100|log log N\n");
	gives("SELECT sum(abs(lambda - 2 + series) < 0.2), sum(low < lambda), sum(lambda < high), count(*) FROM boxcox",
	      "8|8|8|8\n");
	gives("SELECT a BETWEEN -0.3 AND 0.3, b BETWEEN 0.95 AND 1.05, dof, delta_aic, round(aic - chi2, 6) FROM fit"
	      " WHERE series = 1 AND quantile = 50 AND law = 'log N'",
	      "1|1|11|0.0|4.0\n");
	gives("SELECT law FROM fit WHERE series = 2 AND quantile = 100 AND delta_aic = 0", "log log N\n");
	gives("SELECT count(*), min(n_low), max(n_high) FROM window WHERE series = 1 AND quantile = 90",
	      "7|100|100000\n");
	gives("SELECT n FROM growth WHERE series = 1 AND quantile = 99 AND NOT fitted",
	      "100\n178\n316\n562\n");
	gives("SELECT sum(per_decade BETWEEN 2.1 AND 2.5) FROM window WHERE series = 1 AND quantile = 90",
	      "7\n");
	gives("SELECT count(*), sum(fitted), sum(runs), sum(abs(t_ns / rounds - 2e8) < 1) FROM growth",
	      "104|96|3120|104\n");
}

static void means_are_over_runs(void **state)
{
	(void)state;
	add_series(1, "a");
	add_point(1, 1, 10);
	add_run(1, 1, 4);
	add_run(2, 1, 7);
	add_run(3, 1, 7);
	/* A second event of the first run: that is one value, 5. */
	execute("INSERT INTO result VALUES(1, 1, 50, 1.2e9, 6)");
	analyse();
	gives("SELECT n, runs, censored, round(rounds, 6), round(rounds_se, 6), fitted FROM growth WHERE quantile = 50",
	      "10|3|0|6.333333|0.666667|0\n");
	gives("SELECT verdict, sentence FROM verdict WHERE quantile = 50",
	      "undecided|too few sizes that count\n");
	gives("SELECT count(*) FROM fit", "0\n");
}

/* Censored runs are counted, and their size is fitted where they were in time, and nowhere else. */
static void censored_runs_are_not_dropped(void **state)
{
	(void)state;
	add_series(1, "straight");
	add_growth(1, 30, one, 0.2);
	execute("UPDATE result SET t_ns = NULL, rounds = NULL WHERE run = 11205 AND quantile >= 99");
	/* Of two events one is late: so is the run. */
	execute("INSERT INTO result VALUES(11105, 1, 100, NULL, NULL)");
	analyse();
	gives("SELECT n, quantile, runs, censored FROM growth WHERE why = 'censored' ORDER BY n, quantile",
	      "56234|100|30|1\n100000|99|30|1\n100000|100|30|1\n");
	gives("SELECT quantile, dof FROM fit WHERE law = 'log N'", "50|11\n90|11\n99|6\n100|9\n");
	gives("SELECT count(*) FROM growth WHERE n = 100000 AND rounds IS NULL", "0\n");
	execute("UPDATE result SET t_ns = NULL, rounds = NULL WHERE run / 100 = 112 AND quantile >= 99");
	analyse();
	gives("SELECT runs, censored, rounds IS NULL FROM growth WHERE n = 100000 AND quantile = 99",
	      "30|30|1\n");
	GN_CLEANUP(gn_free_p) char *report = file("report.md");

	has(report, "T99: 30 censored, T100: 30 censored |\n");
}

/* With fewer than 30 runs a size does not count; with fewer than five sizes that do, all are shown, and none judged. */
static void few_runs_are_a_first_look(void **state)
{
	(void)state;
	add_series(1, "some");
	add_series(2, "few");
	add_growth(1, 30, one, 0.2);
	add_growth(2, 10, one, 0.2);
	execute("DELETE FROM result WHERE run IN (11200, 11201)");
	analyse();
	gives("SELECT n, why FROM growth WHERE series = 1 AND quantile = 50 AND NOT fitted",
	      "100000|few runs\n");
	gives("SELECT verdict FROM verdict WHERE series = 1 AND quantile = 50", "log N\n");
	gives("SELECT sum(fitted) FROM growth WHERE series = 2 AND quantile = 50", "13\n");
	gives("SELECT verdict, sentence FROM verdict WHERE series = 2 AND quantile = 50",
	      "undecided|too few runs of each size\n");
	gives("SELECT count(*) FROM fit WHERE series = 2 AND quantile = 50", "4\n");
}

static char *all_tables(void)
{
	return rows(
		"SELECT * FROM (SELECT 1, series, quantile, n, rounds, rounds_se, '' FROM growth UNION ALL"
		" SELECT 2, series, quantile, law, a, b, chi2 FROM fit UNION ALL"
		" SELECT 3, series, quantile, lambda, low, high, scatter FROM boxcox UNION ALL"
		" SELECT 4, series, quantile, n_low, lambda, low, high FROM window UNION ALL"
		" SELECT 5, series, quantile, verdict, sentence, '', '' FROM verdict) ORDER BY 1, 2, 3, 4");
}

static void the_same_runs_give_the_same(void **state)
{
	static const char *const names[] = { "report.md", "figures/growth.svg", "figures/series-1.svg" };
	char *before[GN_ARRAY_LEN(names)];

	(void)state;
	add_series(1, "straight");
	add_growth(1, 30, one, 0.5);
	analyse();
	GN_CLEANUP(gn_free_p) char *tables = all_tables();

	for (size_t i = 0; i < GN_ARRAY_LEN(names); i++)
		before[i] = file(names[i]);
	analyse();
	GN_CLEANUP(gn_free_p) char *again = all_tables();

	assert_string_equal(tables, again);
	for (size_t i = 0; i < GN_ARRAY_LEN(names); i++) {
		GN_CLEANUP(gn_free_p) char *after = file(names[i]);

		assert_string_equal(before[i], after);
		free(before[i]);
	}
}

static void the_report_says_it(void **state)
{
	(void)state;
	add_series(1, "straight");
	add_growth(1, 30, one, 0.2);
	analyse();
	GN_CLEANUP(gn_free_p) char *report = file("report.md");
	GN_CLEANUP(gn_free_p) char *figure = file("figures/series-1.svg");

	has(report, "# made up\n");
	assert_null(strstr(report, "Live and simulated"));
	has(report, "390 runs of 13 points; a round is 200 ms.");
	has(report, "| straight | log N (0.");
	has(report, "  - T100: log N fits, sqrt(log N) and log log N do not; ten times N costs 2.");
	has(report, "| straight | 100000 | 10.5 | - | - | 6 | 11.");
	has(report, "![times, coverage and lambda](figures/series-1.svg)");
	has(report, "\n| 100 to 3162 | ");
	has(figure, "N, on a scale of log log N");
	has(figure, "nodes that know it (%)");
}

/* Of the largest size alone: means of what nodes send, the largest of what one does in a round, times of the runs that got
 * there, and the others counted. */
static void the_cost_is_of_the_largest_size(void **state)
{
	static const int fan_out[] = { 2, 9, 4 };

	(void)state;
	add_series(1, "dear");
	for (int size = 0; size < 2; size++) {
		add_point(1 + size, 1, 100 << size);
		for (int k = 0; k < 3; k++) {
			const int run = 10 * size + k;

			add_run(run, 1 + size, size && k == 2 ? -7 : 4 + k);
			insert("INSERT INTO metric VALUES(%d, 'bytes_per_node', %d), (%d, 'largest_fan_out', %d)",
			       run, 300 + 30 * k, run, fan_out[k] + 50 * !size);
		}
	}
	analyse();
	GN_CLEANUP(gn_free_p) char *report = file("report.md");

	has(report, "| dear | 200 | 10.3 | 330.0 | 9 | 6 | 5.33 | 7.33 | 7.50 | 1.5 | 1 |\n");
}

/* Live runs of 10 members as the simulated ones, but that one never ends; of 20 members a round slower. They all last twice
 * as long, and send twice as much. */
static void live_is_held_against_simulated(void **state)
{
	(void)state;
	execute("INSERT INTO series VALUES(1, 'sim', 'a'), (2, 'live', 'a'), (3, 'live', 'alone')");
	for (int series = 1; series <= 2; series++)
		for (int size = 0; size < 2; size++) {
			const int point = 2 * series + size;

			add_point(point, series, 10 << size);
			for (int k = 0; k < 30; k++) {
				const double t50 = 4 + 0.01 * k + (series == 2 && size);

				add_run(100 * point + k, point,
					series == 2 && point == 4 && k == 29 ? -t50 : t50);
				insert("INSERT INTO metric VALUES(%d, 'ended_ns', %d * 1e9)", 100 * point + k,
				       2 * series);
			}
		}
	add_point(9, 3, 10);
	add_run(900, 9, 4);
	execute("UPDATE metric SET value = 2 * value WHERE key = 'datagrams_per_node' AND run >= 400");
	analyse();
	gives("SELECT live, simulated, n, quantity, runs_live, runs_simulated, round(mean_live, 3), round(mean_simulated, 3),"
	      " round(d, 3), p > 0.9, verdict FROM agreement",
	      "2|1|10|T100|30|30|(null)|7.145|0.033|1|agree\n"
	      "2|1|10|T50|30|30|4.145|4.145|0.0|1|agree\n"
	      "2|1|10|T90|30|30|5.145|5.145|0.0|1|agree\n"
	      "2|1|10|T99|30|30|6.145|6.145|0.0|1|agree\n"
	      "2|1|10|datagrams|30|30|1.05|1.05|0.0|1|agree\n"
	      "2|1|20|T100|30|30|8.145|7.145|1.0|0|differ\n"
	      "2|1|20|T50|30|30|5.145|4.145|1.0|0|differ\n"
	      "2|1|20|T90|30|30|6.145|5.145|1.0|0|differ\n"
	      "2|1|20|T99|30|30|7.145|6.145|1.0|0|differ\n"
	      "2|1|20|datagrams|30|30|1.05|1.05|0.0|1|agree\n");
	GN_CLEANUP(gn_free_p) char *report = file("report.md");

	has(report, "## Live and simulated\n");
	has(report,
	    "| a | 10 | 30 | 30 | 4.14 / 4.14 (p 1) | 5.14 / 5.14 (p 1) | 6.14 / 6.14 (p 1) | - / 7.14 (p 1) | 1.05 / "
	    "1.05 (p 1) |\n");
	has(report, "| a | 20 | 30 | 30 | **5.14 / 4.14 (p 1.7e-17)** | ");
	has(report, "Of 10 comparisons 6 agree, 4 differ, and 0 are of too few runs to tell.\n\n## Growth");
}

/* Labels are texts: two series may have the same. And two points of one may have the same number of members. */
static void series_and_points_may_look_alike(void **state)
{
	(void)state;
	execute("INSERT INTO series VALUES(1, 'sim', 'a'), (2, 'sim', 'a'), (3, 'live', 'a'), (4, 'live', 'a')");
	for (int point = 1; point <= 8; point++) {
		add_point(point, (point + 1) / 2, 30);
		for (int k = 0; k < 2; k++)
			add_run(10 * point + k, point, 1 + k + point % 4);
	}
	analyse();
	gives("SELECT live, simulated, n, runs_live, runs_simulated, round(d, 6), verdict FROM agreement WHERE quantity = 'T50'",
	      "3|1|30|4|4|0.0|too few to tell\n4|2|30|4|4|0.0|too few to tell\n");
}

/* What gnuplot is given: the mean of the runs' curves, on straight lines between their points. */
static void coverage_is_the_mean_over_runs(void **state)
{
	GN_CLEANUP(gn_free_p) char *path = gn_strdup(getenv("PATH"));
	GN_CLEANUP(gn_free_p) char *wrapped = gn_format("%s/bin:%s", folder.path, path);
	GN_CLEANUP(gn_free_p) char *wrapper = gn_format("#!/bin/sh\ncat >> %s/script\n", folder.path);
	GN_CLEANUP(gn_free_p) char *bin = gn_format("mkdir %s/bin", folder.path);
	GN_CLEANUP(gn_free_p) char *executable = gn_format("chmod +x %s/bin/gnuplot", folder.path);

	(void)state;
	add_series(1, "a");
	add_point(1, 1, 100);
	add_run(1, 1, 4);
	add_run(2, 1, 4);
	/* Rounds 0, 1, 2 with 1, 40, 100 nodes, and 0, 4, 5 with 1, 61, 80: then that one ended. */
	execute("DELETE FROM curve; INSERT INTO curve VALUES(1, 0, 1, 0), (1, 0, 40, 200000000), (1, 0, 100, 400000000),"
		" (2, 0, 1, 0), (2, 0, 61, 800000000), (2, 0, 80, 1000000000)");
	assert_int_equal(system(bin), 0);
	folder_write(&folder, "bin/gnuplot", wrapper);
	assert_int_equal(system(executable), 0);
	setenv("PATH", wrapped, 1);
	analyse();
	setenv("PATH", path, 1);
	GN_CLEANUP(gn_free_p) char *script = file("script");

	has(script, "$coverage1 << end_of_data\n0 1 2\n");
	has(script, "\n0.5 14.5 2\n");	/* 20.5 and 8.5 */
	has(script, "\n1 28 2\n");	/* 40 and 16 */
	has(script, "\n4 80.5 2\n");	/* 100 and 61 */
	has(script, "\n4.5 85.25 2\n"); /* and 70.5 */
	has(script, "\n5 90 2\n\nNaN");
}

/* Names are the user's: they are shown as they are, and mean nothing to Markdown, gnuplot or a shell. */
static void names_are_text(void **state)
{
	(void)state;
	add_series(1, "a|b `touch owned` <b>''; system \"x\" *");
	add_growth(1, 2, one, 0.2);
	analyse();
	GN_CLEANUP(gn_free_p) char *report = file("report.md");
	GN_CLEANUP(gn_free_p) char *figure = file("figures/growth.svg");

	has(report, "\n| a\\|b \\`touch owned\\` \\<b\\>'; system \"x\" \\* | ");
	has(figure, "a|b `touch owned` &lt;b>'; system");
}

/* What cannot be fitted or drawn is no failure. */
static void odd_studies_are_reported(void **state)
{
	(void)state;
	analyse(); /* no series at all */
	add_series(1, "never");
	add_series(2, "alone");
	add_series(3, "flat");
	add_series(4, "no runs");
	for (int i = 0; i < 6; i++) {
		add_point(10 + i, 1, 10 << i);
		add_run(10 + i, 10 + i, -3);
		add_point(30 + i, 3, 100 << i);
		for (int k = 0; k < 30; k++)
			add_run(1000 + 100 * i + k, 30 + i, 5);
	}
	execute("UPDATE result SET t_ns = NULL, rounds = NULL WHERE run < 20");
	add_point(20, 2, 1);
	add_run(20, 20, 0.001);
	add_run(21, 20, 0.001);
	add_point(40, 4, 50);
	analyse();
	gives("SELECT series, verdict, sentence FROM verdict WHERE quantile = 50",
	      "1|undecided|too few sizes that count\n2|undecided|too few sizes that count\n"
	      "3|undecided|no growth with N is seen; ten times N costs 0.00 rounds more among the "
	      "smallest sizes, 0.00 among the largest\n");
	gives("SELECT round(rounds_se, 6) FROM growth WHERE series = 3 AND quantile = 50 AND n = 100",
	      "0.033333\n");
}

static void a_folder_that_is_not_there_is_said(void **state)
{
	struct gn_err err = { "" };

	(void)state;
	add_series(1, "straight");
	assert_int_equal(gn_study_analyse(db, "/nowhere", &err), -ENOENT);
	has(err.text, "/nowhere/report.md: cannot write the report: No such file or directory");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(laws_are_found, set_up, tear_down),
		cmocka_unit_test_setup_teardown(means_are_over_runs, set_up, tear_down),
		cmocka_unit_test_setup_teardown(censored_runs_are_not_dropped, set_up, tear_down),
		cmocka_unit_test_setup_teardown(few_runs_are_a_first_look, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_same_runs_give_the_same, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_report_says_it, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_cost_is_of_the_largest_size, set_up, tear_down),
		cmocka_unit_test_setup_teardown(live_is_held_against_simulated, set_up, tear_down),
		cmocka_unit_test_setup_teardown(series_and_points_may_look_alike, set_up, tear_down),
		cmocka_unit_test_setup_teardown(coverage_is_the_mean_over_runs, set_up, tear_down),
		cmocka_unit_test_setup_teardown(names_are_text, set_up, tear_down),
		cmocka_unit_test_setup_teardown(odd_studies_are_reported, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_folder_that_is_not_there_is_said, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
