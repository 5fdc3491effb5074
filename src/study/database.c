/* SPDX-License-Identifier: MIT */
#include "study/database.h"

#include <inttypes.h>
#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum statement { ADD_RUN, ADD_RESULT, ADD_METRIC, ADD_CURVE, ADD_TIMING, STATEMENTS };

static const char *const texts[STATEMENTS] = {
	[ADD_RUN] = "INSERT INTO run VALUES(?, ?, ?, ?, ?, ?)",
	[ADD_RESULT] = "INSERT INTO result VALUES(?, ?, ?, ?, ?)",
	[ADD_METRIC] = "INSERT INTO metric VALUES(?, ?, ?)",
	[ADD_CURVE] = "INSERT INTO curve(run, event, t_ns, informed) VALUES(?, ?, ?, ?)",
	[ADD_TIMING] = "INSERT INTO timing VALUES(?, ?, ?)",
};

struct gn_study_database {
	const struct gn_study_plan *plan;
	char *path;
	sqlite3 *db;
	sqlite3_stmt *statements[STATEMENTS];
	uint8_t *has; /* by run */
};

static int db_fail(struct gn_study_database *d, struct gn_err *err)
{
	int code = sqlite3_errcode(d->db);

	if (code == SQLITE_NOMEM)
		return gn_fail(err, -ENOMEM, "out of memory");
	if (code == SQLITE_NOTADB ||
	    code == SQLITE_ERROR) /* the other is bad SQL for these tables, which ours is not */
		return gn_fail(err, -EINVAL,
			       "%s: is not the database of a study (%s); give another folder with -o",
			       d->path, sqlite3_errmsg(d->db));
	return gn_fail(err, code == SQLITE_FULL ? -ENOSPC : -EIO, "%s: %s", d->path, sqlite3_errmsg(d->db));
}

static int execute(struct gn_study_database *d, const char *sql, struct gn_err *err)
{
	return sqlite3_exec(d->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : db_fail(d, err);
}

static int prepare(struct gn_study_database *d, const char *sql, sqlite3_stmt **ret, struct gn_err *err)
{
	return sqlite3_prepare_v2(d->db, sql, -1, ret, NULL) == SQLITE_OK ? 0 : db_fail(d, err);
}

/* Insert the row whose values are bound. */
static int insert(struct gn_study_database *d, sqlite3_stmt *s, struct gn_err *err)
{
	int r = sqlite3_step(s) == SQLITE_DONE ? 0 : db_fail(d, err);

	sqlite3_reset(s);
	return r;
}

static void bind_text(sqlite3_stmt *s, int column, const char *text)
{
	sqlite3_bind_text(s, column, text, -1, SQLITE_STATIC);
}

/* ---- what is known beforehand ---- */

/* "HASH PATH", a line for each. Return: owned by the caller, or NULL without memory. */
static char *files_text(const struct gn_study_plan *p)
{
	char *text = NULL;
	size_t n;
	FILE *f = open_memstream(&text, &n);

	for (uint32_t i = 0; f && i < p->n_files; i++)
		fprintf(f, "%016" PRIx64 " %s\n", p->files[i].hash, p->files[i].path);
	if (f && fclose(f)) {
		free(text);
		text = NULL;
	}
	return text;
}

#define HASH_TEXT 17

static int write_meta(struct gn_study_database *d, sqlite3_stmt *s, struct gn_err *err)
{
	const struct gn_study_plan *p = d->plan;
	GN_CLEANUP(gn_free_p) char *files = files_text(p);
	char topologies[HASH_TEXT];
	const struct {
		const char *key, *text; /* text NULL: the number */
		int64_t number;
	} rows[] = {
		{ "name", p->name, 0 },
		{ "file", p->text, 0 },
		{ "topology", p->topology, 0 },
		{ "topologies", topologies, 0 },
		{ "files", files, 0 },
		{ "version", GN_VERSION, 0 },
		{ "seed", NULL, (int64_t)p->seed },
		{ "points", NULL, p->n_points },
		{ "runs", NULL, p->n_runs },
		{ "complete", NULL, 0 },
	};
	int r = files ? 0 : gn_fail(err, -ENOMEM, "out of memory");

	snprintf(topologies, sizeof(topologies), "%016" PRIx64, p->topologies);
	for (size_t i = 0; !r && i < GN_ARRAY_LEN(rows); i++) {
		bind_text(s, 1, rows[i].key);
		if (rows[i].text)
			bind_text(s, 2, rows[i].text);
		else
			sqlite3_bind_int64(s, 2, rows[i].number);
		r = insert(d, s, err);
	}
	return r;
}

static int write_axes(struct gn_study_database *d, sqlite3_stmt *s, struct gn_err *err)
{
	int r = 0;

	for (uint32_t i = 0; !r && i < d->plan->n_axes; i++) {
		sqlite3_bind_int64(s, 1, (int64_t)i + 1);
		bind_text(s, 2, d->plan->axes[i]);
		r = insert(d, s, err);
	}
	return r;
}

static int write_series(struct gn_study_database *d, sqlite3_stmt *s, struct gn_err *err)
{
	int r = 0;

	for (uint32_t i = 0; !r && i < d->plan->n_series; i++) {
		sqlite3_bind_int64(s, 1, (int64_t)i + 1);
		bind_text(s, 2, d->plan->series[i].live ? "live" : "sim");
		bind_text(s, 3, d->plan->series[i].label);
		r = insert(d, s, err);
	}
	return r;
}

static int write_points(struct gn_study_database *d, sqlite3_stmt *s, struct gn_err *err)
{
	int r = 0;

	for (uint32_t i = 0; !r && i < d->plan->n_points; i++) {
		sqlite3_bind_int64(s, 1, (int64_t)i + 1);
		sqlite3_bind_int64(s, 2, (int64_t)d->plan->points[i].series + 1);
		sqlite3_bind_int64(s, 3, d->plan->points[i].n);
		r = insert(d, s, err);
	}
	return r;
}

static int write_settings(struct gn_study_database *d, sqlite3_stmt *s, struct gn_err *err)
{
	int r = 0;

	for (uint32_t i = 0; i < d->plan->n_points; i++) {
		const struct gn_study_point *point = &d->plan->points[i];

		for (uint32_t k = 0; !r && k < point->n_sets; k++) {
			sqlite3_bind_int64(s, 1, (int64_t)i + 1);
			sqlite3_bind_int64(s, 2, (int64_t)point->axes[k] + 1);
			bind_text(s, 3, point->values[k]);
			r = insert(d, s, err);
		}
	}
	return r;
}

/* All in one transaction: a file without it is as good as none. */
static int create(struct gn_study_database *d, struct gn_err *err)
{
	static const struct {
		const char *sql;
		int (*write)(struct gn_study_database *d, sqlite3_stmt *s, struct gn_err *err);
	} tables[] = {
		{ "INSERT INTO meta VALUES(?, ?)", write_meta },
		{ "INSERT INTO axis VALUES(?, ?)", write_axes },
		{ "INSERT INTO series VALUES(?, ?, ?)", write_series },
		{ "INSERT INTO point VALUES(?, ?, ?)", write_points },
		{ "INSERT INTO setting VALUES(?, ?, ?)", write_settings },
	};
	int r = execute(d, "BEGIN", err);

	if (!r)
		r = execute(d, gn_study_tables, err);
	for (size_t i = 0; !r && i < GN_ARRAY_LEN(tables); i++) {
		sqlite3_stmt *s = NULL;

		r = prepare(d, tables[i].sql, &s, err);
		if (!r)
			r = tables[i].write(d, s, err);
		sqlite3_finalize(s);
	}
	return r ? r : execute(d, "COMMIT", err);
}

/* ---- going on ---- */

/* The text that meta has for the key, "" if it has none. @ret: owned by the caller. */
static int read_meta(struct gn_study_database *d, const char *key, char **ret, struct gn_err *err)
{
	sqlite3_stmt *s = NULL;
	int r = prepare(d, "SELECT value FROM meta WHERE key = ?", &s, err);

	if (!r) {
		bind_text(s, 1, key);
		int code = sqlite3_step(s);
		const char *text = code == SQLITE_ROW ? (const char *)sqlite3_column_text(s, 0) : NULL;

		*ret = gn_strdup(text ? text : "");
		if (code != SQLITE_ROW && code != SQLITE_DONE)
			r = db_fail(d, err);
		else if (!*ret)
			r = gn_fail(err, -ENOMEM, "out of memory");
	}
	sqlite3_finalize(s);
	return r;
}

/* To start anew the folder has to go: -o takes none with another report and figures. */
static int refuse(struct gn_study_database *d, const char *made, struct gn_err *err)
{
	return gn_fail(err, -EINVAL,
		       "%s was made %s; give another folder with -o, or remove the folder %.*s to start anew",
		       d->path, made, (int)(strrchr(d->path, '/') - d->path), d->path);
}

/* The files are the same, as the topologies that name them are; do they hold the same? */
static int compare_files(struct gn_study_database *d, struct gn_err *err)
{
	GN_CLEANUP(gn_free_p) char *had = NULL;
	int r = read_meta(d, "files", &had, err);

	if (r)
		return r;
	for (uint32_t i = 0; i < d->plan->n_files; i++) {
		const struct gn_study_file *f = &d->plan->files[i];
		GN_CLEANUP(gn_free_p) char *line = gn_format("%016" PRIx64 " %s\n", f->hash, f->path);
		GN_CLEANUP(gn_free_p) char *made = gn_format("with another state of %s", f->path);

		if (!line || !made)
			return gn_fail(err, -ENOMEM, "out of memory");
		if (!strstr(had, line))
			return refuse(d, made, err);
	}
	return 0;
}

/* Is the study in the file the one that is asked for? */
static int compare(struct gn_study_database *d, struct gn_err *err)
{
	char topologies[HASH_TEXT];
	const struct {
		const char *key, *wanted, *made;
	} parts[] = {
		{ "version", GN_VERSION, "by another version of gossipnet" },
		{ "file", d->plan->text, "from another study file, or another state of this one" },
		{ "topologies", topologies, "from another topology, or another state of this one" },
	};

	snprintf(topologies, sizeof(topologies), "%016" PRIx64, d->plan->topologies);
	for (size_t i = 0; i < GN_ARRAY_LEN(parts); i++) {
		GN_CLEANUP(gn_free_p) char *had = NULL;
		int r = read_meta(d, parts[i].key, &had, err);

		if (r)
			return r;
		if (strcmp(had, parts[i].wanted) != 0)
			return refuse(d, parts[i].made, err);
	}
	return compare_files(d, err);
}

static int find_runs(struct gn_study_database *d, struct gn_err *err)
{
	sqlite3_stmt *s = NULL;
	int r = prepare(d, "SELECT id FROM run", &s, err), code = SQLITE_DONE;

	while (!r && (code = sqlite3_step(s)) == SQLITE_ROW) {
		int64_t id = sqlite3_column_int64(s, 0);

		if (id >= 1 && id <= d->plan->n_runs)
			d->has[id - 1] = 1;
	}
	if (!r && code != SQLITE_DONE)
		r = db_fail(d, err);
	sqlite3_finalize(s);
	return r;
}

/* Is there a table at all? A study that was killed early has left an empty file. */
static int is_empty(struct gn_study_database *d, bool *ret, struct gn_err *err)
{
	sqlite3_stmt *s = NULL;
	int r = prepare(d, "SELECT count(*) FROM sqlite_master", &s, err);

	if (!r && sqlite3_step(s) != SQLITE_ROW)
		r = db_fail(d, err);
	else if (!r)
		*ret = sqlite3_column_int(s, 0) == 0;
	sqlite3_finalize(s);
	return r;
}

/* ---- runs ---- */

static int add_run(struct gn_study_database *d, int64_t run, const struct gn_study_outcome *o,
		   struct gn_err *err)
{
	sqlite3_stmt *s = d->statements[ADD_RUN];
	uint32_t number = (uint32_t)(run - 1);

	sqlite3_bind_int64(s, 1, run);
	sqlite3_bind_int64(s, 2, (int64_t)gn_study_point_of(d->plan, number) + 1);
	sqlite3_bind_int64(s, 3, (int64_t)gn_study_seed_of(d->plan, number));
	bind_text(s, 4, o->ended_by);
	sqlite3_bind_int64(s, 5, o->counted);
	sqlite3_bind_int64(s, 6, (int64_t)o->period);
	return insert(d, s, err);
}

static int add_results(struct gn_study_database *d, int64_t run, const struct gn_study_outcome *o,
		       struct gn_err *err)
{
	sqlite3_stmt *s = d->statements[ADD_RESULT];
	int r = 0;

	for (uint32_t i = 0; !r && i < o->n_events * GN_STUDY_N_QUANTILES; i++) {
		double t = o->times[i / GN_STUDY_N_QUANTILES][i % GN_STUDY_N_QUANTILES];

		if (isnan(t))
			continue;
		sqlite3_bind_int64(s, 1, run);
		sqlite3_bind_int64(s, 2, i / GN_STUDY_N_QUANTILES + 1);
		sqlite3_bind_int64(s, 3, gn_study_quantiles[i % GN_STUDY_N_QUANTILES]);
		sqlite3_bind_double(s, 4, t);
		sqlite3_bind_double(s, 5, t / (double)o->period);
		if (t < 0) {
			sqlite3_bind_null(s, 4);
			sqlite3_bind_null(s, 5);
		}
		r = insert(d, s, err);
	}
	return r;
}

static int add_metrics(struct gn_study_database *d, int64_t run, const struct gn_study_outcome *o,
		       struct gn_err *err)
{
	sqlite3_stmt *s = d->statements[ADD_METRIC];
	int r = 0;

	for (uint32_t i = 0; !r && i < o->n_metrics; i++) {
		sqlite3_bind_int64(s, 1, run);
		bind_text(s, 2, o->metrics[i].key);
		sqlite3_bind_double(s, 3, o->metrics[i].value);
		r = insert(d, s, err);
	}
	return r;
}

static int add_curve(struct gn_study_database *d, int64_t run, const struct gn_study_outcome *o,
		     struct gn_err *err)
{
	sqlite3_stmt *s = d->statements[ADD_CURVE];
	int r = 0;

	for (uint32_t i = 0; !r && i < o->n_curve; i++) {
		sqlite3_bind_int64(s, 1, run);
		sqlite3_bind_int64(s, 2, (int64_t)o->curve_event + 1);
		sqlite3_bind_int64(s, 3, (int64_t)o->curve[i].t);
		sqlite3_bind_int64(s, 4, o->curve[i].informed);
		r = insert(d, s, err);
	}
	return r;
}

static int add_timing(struct gn_study_database *d, int64_t run, const struct gn_study_outcome *o,
		      struct gn_err *err)
{
	sqlite3_stmt *s = d->statements[ADD_TIMING];
	time_t started = (time_t)o->started;
	struct tm tm;
	char text[32];

	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&started, &tm));
	sqlite3_bind_int64(s, 1, run);
	bind_text(s, 2, text);
	sqlite3_bind_int64(s, 3, (int64_t)o->wall);
	return insert(d, s, err);
}

int gn_study_database_add(struct gn_study_database *d, uint32_t run, const struct gn_study_outcome *o,
			  struct gn_err *err)
{
	static int (*const parts[])(
		struct gn_study_database * d, int64_t run, const struct gn_study_outcome *o,
		struct gn_err *err) = { add_run, add_results, add_metrics, add_curve, add_timing };
	int r = execute(d, "BEGIN", err);

	for (size_t i = 0; !r && i < GN_ARRAY_LEN(parts); i++)
		r = parts[i](d, (int64_t)run + 1, o, err);
	if (!r)
		r = execute(d, "COMMIT", err);
	if (!r)
		d->has[run] = 1;
	return r;
}

/* ---- the file ---- */

static int prepare_all(struct gn_study_database *d, struct gn_err *err)
{
	int r = 0;

	for (size_t i = 0; !r && i < STATEMENTS; i++)
		r = prepare(d, texts[i], &d->statements[i], err);
	return r;
}

/* As run.db: what a killed process has written is in the kernel's page cache, so there is no fsync. */
static int open_file(struct gn_study_database *d, struct gn_err *err)
{
	bool empty = false;
	int r = sqlite3_open(d->path, &d->db) == SQLITE_OK ? 0 : db_fail(d, err);

	if (!r)
		r = execute(
			d, "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;",
			err);
	if (!r)
		r = is_empty(d, &empty, err);
	if (!r)
		r = empty ? create(d, err) : compare(d, err);
	if (!r)
		r = find_runs(d, err);
	return r ? r : prepare_all(d, err);
}

int gn_study_database_open(const char *path, const struct gn_study_plan *plan, struct gn_study_database **ret,
			   struct gn_err *err)
{
	struct gn_study_database *d = calloc(1, sizeof(*d));
	int r = -ENOMEM;

	if (d) {
		d->plan = plan;
		d->path = gn_strdup(path);
		d->has = calloc(plan->n_runs, 1);
	}
	if (d && d->path && d->has)
		r = open_file(d, err);
	else
		gn_fail(err, r, "out of memory");
	if (r)
		gn_study_database_close(d, NULL);
	else
		*ret = d;
	return r;
}

const uint8_t *gn_study_database_runs(const struct gn_study_database *d)
{
	return d->has;
}

int gn_study_database_complete(struct gn_study_database *d, struct gn_err *err)
{
	return execute(d, "UPDATE meta SET value = 1 WHERE key = 'complete'", err);
}

int gn_study_database_close(struct gn_study_database *d, struct gn_err *err)
{
	int r = 0;

	if (!d)
		return 0;
	for (size_t i = 0; i < STATEMENTS; i++)
		sqlite3_finalize(d->statements[i]);
	/* A reader may keep it a log; whoever opens the file last then makes it one. */
	if (d->db)
		sqlite3_exec(d->db, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL);
	if (d->db && sqlite3_close(d->db) != SQLITE_OK)
		r = db_fail(d, err);
	free(d->path);
	free(d->has);
	free(d);
	return r;
}
