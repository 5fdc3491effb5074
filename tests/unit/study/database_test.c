/* SPDX-License-Identifier: MIT */
/* study.db: what is written, gone on with, and refused. */
#include "study.h"

#include <math.h>
#include <sqlite3.h>

#include "study/database.h"

#define STUDY                                                                                              \
	"name: s\nseed: 7\nseeds: 2\ntopology: {nodes: [{name: n, count: 10}], gossip: {clock: rounds}}\n" \
	"vary: {nodes.n.count: [5, 6]}\n"

static struct gn_study_database *open_database(const struct folder *f, const struct gn_study_plan *p)
{
	GN_CLEANUP(gn_free_p) char *path = gn_format("%s/study.db", f->path);
	struct gn_study_database *d = NULL;
	struct gn_err err = { "" };

	if (gn_study_database_open(path, p, &d, &err))
		fail_msg("%s", err.text);
	return d;
}

/* A plan of the folder's study.yaml, which has no faults. */
static struct gn_study_plan *plan_in(const struct folder *f)
{
	char *faults;
	struct gn_study_plan *p = plan_load(f, &faults);

	assert_string_equal(faults, "");
	free(faults);
	return p;
}

static void refused(const struct folder *f, const struct gn_study_plan *p, const char *why)
{
	GN_CLEANUP(gn_free_p) char *path = gn_format("%s/study.db", f->path);
	struct gn_study_database *d = NULL;
	struct gn_err err = { "" };

	assert_int_equal(gn_study_database_open(path, p, &d, &err), -EINVAL);
	assert_non_null(strstr(err.text, why));
}

/* The answer of a question with one row and column, to another reader. */
static void answers(const struct folder *f, const char *question, const char *answer)
{
	GN_CLEANUP(gn_free_p) char *path = gn_format("%s/study.db", f->path);
	sqlite3 *db;
	sqlite3_stmt *s;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, question, -1, &s, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(s), SQLITE_ROW);
	assert_string_equal((const char *)sqlite3_column_text(s, 0), answer);
	sqlite3_finalize(s);
	sqlite3_close(db);
}

/* Two events: one that stopped before all knew it, one that was never published. */
static struct gn_study_outcome outcome_make(void)
{
	struct gn_study_outcome o = { .ended_by = "duration",
				      .counted = 5,
				      .period = 200,
				      .started = 86400,
				      .wall = 9,
				      .n_events = 2 };

	o.times = malloc(2 * sizeof(*o.times));
	assert_non_null(o.times);
	for (int q = 0; q < GN_STUDY_N_QUANTILES; q++) {
		o.times[0][q] = q < 3 ? 100 * q : -1;
		o.times[1][q] = NAN;
	}
	gn_study_add_metric(&o, "bytes_per_node", 1.5);
	o.curve[o.n_curve++] = (struct gn_sim_point){ .t = 0, .informed = 1 };
	o.curve[o.n_curve++] = (struct gn_sim_point){ .t = 200, .informed = 4 };
	return o;
}

static void a_run_is_written_with_all_that_is_known_of_it(void **state)
{
	GN_CLEANUP(gn_study_plan_free_p) struct gn_study_plan *p = plan_of(STUDY);
	struct folder f = folder_make();
	struct gn_study_database *d = open_database(&f, p);
	struct gn_study_outcome o = outcome_make();

	(void)state;
	assert_int_equal(gn_study_database_add(d, 2, &o, NULL), 0);
	answers(&f, "SELECT group_concat(id || ' ' || series || ' ' || n, '; ') FROM point", "1 1 5; 2 1 6");
	answers(&f, "SELECT group_concat(point || ' ' || axis || ' ' || value, '; ') FROM setting",
		"1 1 5; 2 1 6");
	answers(&f, "SELECT key FROM axis", "nodes.n.count");
	answers(&f, "SELECT backend || ' ' || label FROM series", "sim push-pull");
	answers(&f, "SELECT id || ' ' || point || ' ' || seed || ' ' || ended_by || ' ' || counted FROM run",
		"3 2 9 duration 5");
	answers(&f,
		"SELECT group_concat(event || ' ' || quantile || ' ' || ifnull(rounds, 'never'), '; ') FROM result",
		"1 50 0.0; 1 90 0.5; 1 99 1.0; 1 100 never");
	answers(&f, "SELECT group_concat(event || ' ' || t_ns || ' ' || informed, '; ') FROM curve",
		"1 0 1; 1 200 4");
	answers(&f, "SELECT key || ' ' || value FROM metric", "bytes_per_node 1.5");
	answers(&f, "SELECT started_utc FROM timing", "1970-01-02T00:00:00Z");
	answers(&f, "SELECT value FROM meta WHERE key = 'complete'", "0");
	assert_int_equal(gn_study_database_close(d, NULL), 0);
	free(o.times);
	folder_remove(&f);
}

static void the_same_study_goes_on(void **state)
{
	GN_CLEANUP(gn_study_plan_free_p)
	struct gn_study_plan *p = plan_of(STUDY), *q = plan_of(STUDY "# a comment\n");
	struct folder f = folder_make();
	struct gn_study_outcome o = outcome_make();

	(void)state;
	folder_write(&f, "study.db", ""); /* killed before anything was committed */
	struct gn_study_database *d = open_database(&f, p);

	assert_int_equal(gn_study_database_add(d, 1, &o, NULL), 0);
	assert_int_equal(gn_study_database_close(d, NULL), 0);
	d = open_database(&f, q);
	assert_memory_equal(gn_study_database_runs(d), ((const uint8_t[]){ 0, 1, 0, 0 }), 4);
	assert_int_equal(gn_study_database_complete(d, NULL), 0);
	answers(&f, "SELECT value FROM meta WHERE key = 'complete'", "1");
	assert_int_equal(gn_study_database_close(d, NULL), 0);
	free(o.times);
	folder_remove(&f);
}

/* With a topology within it. */
static void a_study_file_may_be_renamed(void **state)
{
	struct folder f = folder_make();
	GN_CLEANUP(gn_free_p) char *old = gn_format("%s/study.yaml", f.path);
	GN_CLEANUP(gn_free_p) char *new = gn_format("%s/other.yaml", f.path);
	const struct gn_load_options o = { .file = new,
					   .find_protocol = gn_plugin_find,
					   .protocol_at = gn_protocol_at };
	struct gn_faults faults = { 0 };
	GN_CLEANUP(gn_study_plan_free_p) struct gn_study_plan *renamed = NULL;

	(void)state;
	folder_write(&f, "study.yaml", STUDY);
	GN_CLEANUP(gn_study_plan_free_p) struct gn_study_plan *p = plan_in(&f);

	gn_study_database_close(open_database(&f, p), NULL);
	assert_int_equal(rename(old, new), 0);
	assert_int_equal(gn_study_plan_load(&o, &renamed, &faults), 0);
	gn_study_database_close(open_database(&f, renamed), NULL);
	folder_remove(&f);
}

static void another_study_is_refused(void **state)
{
	GN_CLEANUP(gn_study_plan_free_p)
	struct gn_study_plan *p = plan_of(STUDY), *more = plan_of(STUDY "series: []\n");
	struct folder f = folder_make(), g = folder_make();
	char *faults;

	(void)state;
	gn_study_database_close(open_database(&f, p), NULL);
	refused(&f, more, "from another study file");

	/* The study's file is the same, the topology's is not. */
	folder_write(&g, "t.yaml", "nodes: [{name: n, count: 3}]\n");
	folder_write(&g, "study.yaml", "name: s\ntopology: t.yaml\n");
	GN_CLEANUP(gn_study_plan_free_p) struct gn_study_plan *before = plan_load(&g, &faults);

	free(faults);
	gn_study_database_close(open_database(&g, before), NULL);
	folder_write(&g, "t.yaml", "nodes: [{name: n, count: 3}]\ngossip: {period: 1s}\n");
	GN_CLEANUP(gn_study_plan_free_p) struct gn_study_plan *after = plan_load(&g, &faults);

	free(faults);
	refused(&g, after, "from another topology");

	folder_write(&g, "study.db", "These are not the tables that you are looking for.\n");
	refused(&g, before, "is not the database of a study");
	folder_remove(&f);
	folder_remove(&g);
}

/* Files that not every point names: each is seen when it holds something else. */
static void a_file_that_some_point_names_must_not_change(void **state)
{
	static const struct {
		const char *file, *before, *after, *why;
	} changes[] = {
		{ "one", "n1 n2\nn2 n3\n", "n1 n2\nn1 n3\n", "/one;" },
		{ "two", "n1 n2\n", "n1 n3\n", "/two;" },
		{ "table", "-100\n100\n", "-200\n100\n", "/table;" },
		{ "slow.yaml", "delay: 9ms\n", "delay: 8ms\n", "from another topology" },
	};
	struct folder f = folder_make();

	(void)state;
	folder_write(
		&f, "study.yaml",
		"name: s\nseeds: 1\ntopology:\n  nodes: [{name: n, count: 3}, {name: w, kind: switch}]\n"
		"  links: [{between: [n, w]}]\n  gossip: {overlay: file, file: one}\nvary:\n"
		"  gossip.file: [./one, ./two]\n  links.0.profile: [./fast.yaml, ./slow.yaml, ./lossy.yaml]\n");
	folder_write(&f, "fast.yaml", "{delay: 2ms, jitter: 1ms, distribution: ./table}\n");
	folder_write(&f, "lossy.yaml", "loss: 1%\n");
	for (size_t i = 0; i < GN_ARRAY_LEN(changes); i++)
		folder_write(&f, changes[i].file, changes[i].before);
	GN_CLEANUP(gn_study_plan_free_p) struct gn_study_plan *before = plan_in(&f);

	gn_study_database_close(open_database(&f, before), NULL);
	for (size_t i = 0; i < GN_ARRAY_LEN(changes); i++) {
		folder_write(&f, changes[i].file, changes[i].after);
		GN_CLEANUP(gn_study_plan_free_p) struct gn_study_plan *after = plan_in(&f);

		refused(&f, after, changes[i].why);
		folder_write(&f, changes[i].file, changes[i].before);
	}
	GN_CLEANUP(gn_study_plan_free_p) struct gn_study_plan *again = plan_in(&f);

	gn_study_database_close(open_database(&f, again), NULL);
	folder_remove(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_run_is_written_with_all_that_is_known_of_it),
		cmocka_unit_test(the_same_study_goes_on),
		cmocka_unit_test(a_study_file_may_be_renamed),
		cmocka_unit_test(another_study_is_refused),
		cmocka_unit_test(a_file_that_some_point_names_must_not_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
