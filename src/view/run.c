/* SPDX-License-Identifier: MIT */
#include "view/run.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define SCHEMA_MAX 1 /* the newest schema that is understood here */

/* The path as an SQLite URI, in which "?", "#" and "%" would mean something. */
static char *uri_of(const char *path, const char *parameters)
{
	char *uri = malloc(3 * strlen(path) + strlen(parameters) + sizeof("file:./?"));

	if (!uri)
		return NULL;
	char *end = uri + sprintf(uri, "file:%s", path[0] == '/' ? "" : "./");

	for (; *path; path++)
		end += sprintf(end, isalnum((unsigned char)*path) || strchr("/._-", *path) ? "%c" : "%%%02X",
			       (unsigned char)*path);
	sprintf(end, "?%s", parameters);
	return uri;
}

/* Bytes of "PATH<suffix>"; -1: no such file, or a folder in its place. */
static long long size_of(const char *path, const char *suffix)
{
	GN_CLEANUP(gn_free_p) char *name = gn_format("%s%s", path, suffix);
	struct stat st;

	return name && !stat(name, &st) && S_ISREG(st.st_mode) ? (long long)st.st_size : -1;
}

static int read_schema(sqlite3 *db)
{
	GN_CLEANUP(gn_query_done_p) sqlite3_stmt *q = NULL;

	if (sqlite3_prepare_v2(db, "SELECT value FROM meta WHERE key = 'schema'", -1, &q, NULL))
		return 0;
	return sqlite3_step(q) == SQLITE_ROW ? sqlite3_column_int(q, 0) : 0;
}

struct way {
	const char *parameters;
	bool private_index; /* build the log's index in memory, look at no lock */
};

/* Open in one way; *@ret is set even on failure, as it has the reason. Returns the schema or 0. */
static int try_open(const char *path, const struct way *way, sqlite3 **ret)
{
	GN_CLEANUP(gn_free_p) char *uri = uri_of(path, way->parameters);
	const int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX;

	if (!uri || sqlite3_open_v2(uri, ret, flags, NULL))
		return 0;
	sqlite3_busy_timeout(*ret, 5000);
	if (way->private_index) {
		sqlite3_db_config(*ret, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
		sqlite3_exec(*ret, "PRAGMA locking_mode = EXCLUSIVE", NULL, NULL, NULL);
	}
	return read_schema(*ret);
}

static int open_failed(const char *path, sqlite3 *db, struct gn_err *err)
{
	switch (sqlite3_errcode(db)) {
	case SQLITE_ERROR: /* no table meta */
	case SQLITE_NOTADB:
	case SQLITE_OK: /* no row */
	case SQLITE_DONE:
		return gn_fail(err, -EINVAL, "%s is not a result of gossipnet", path);
	}
	return gn_fail(err, -EIO, "%s: cannot read: %s", path, sqlite3_errmsg(db));
}

/*
 * A log without its index is a guest's, running or killed: its index is private to the guest, and
 * SQLite would make a new one in the file's folder, if it may. The log only grows, so that it can be
 * read without locks. Without a log, a file in a folder that one may only read must be called
 * immutable, else SQLite wants to make one. With log and index, SQLite knows what to do.
 */
int gn_run_open(const char *path, sqlite3 **ret, struct gn_err *err)
{
	static const struct way plain = { "mode=ro", false }, alone = { "mode=ro&vfs=unix-none", true },
				immutable = { "mode=ro&immutable=1", false };
	bool log = size_of(path, "-wal") > 0, index = size_of(path, "-shm") >= 0;
	const struct way *ways[] = { log && !index ? &alone : &plain, log ? &alone : &immutable };
	GN_CLEANUP(gn_db_close_p) sqlite3 *db = NULL;
	int schema = 0;

	if (access(path, R_OK))
		return gn_fail(err, -errno, "%s: %m", path);
	for (size_t i = 0; i < GN_ARRAY_LEN(ways) && !schema; i++) {
		sqlite3_close(db);
		db = NULL;
		schema = try_open(path, ways[i], &db);
	}
	if (!db)
		return gn_fail(err, -ENOMEM, "out of memory");
	if (!schema)
		return open_failed(path, db, err);
	if (schema > SCHEMA_MAX)
		return gn_fail(err, -EINVAL,
			       "%s was written by a newer gossipnet (schema %d, this one reads %d)", path,
			       schema, SCHEMA_MAX);
	*ret = gn_steal_ptr(&db);
	return 0;
}

int gn_run_query(sqlite3 *db, const char *text, sqlite3_stmt **ret, struct gn_err *err)
{
	if (sqlite3_prepare_v2(db, text, -1, ret, NULL) == SQLITE_OK)
		return 0;
	return gn_fail(err, -EIO, "%s: %s", sqlite3_db_filename(db, "main"), sqlite3_errmsg(db));
}

int gn_run_end(sqlite3 *db, int step, struct gn_err *err)
{
	if (step == SQLITE_DONE)
		return 0;
	return gn_fail(err, -EIO, "%s: %s", sqlite3_db_filename(db, "main"), sqlite3_errmsg(db));
}

bool gn_run_meta(sqlite3 *db, const char *key, char *out, size_t size)
{
	GN_CLEANUP(gn_query_done_p) sqlite3_stmt *q = NULL;

	out[0] = '\0';
	if (sqlite3_prepare_v2(db, "SELECT value FROM meta WHERE key = ?", -1, &q, NULL))
		return false;
	sqlite3_bind_text(q, 1, key, -1, SQLITE_STATIC);
	if (sqlite3_step(q) != SQLITE_ROW)
		return false;
	const char *text = (const char *)sqlite3_column_text(q, 0);

	snprintf(out, size, "%s", text ? text : "");
	return true;
}

int64_t gn_run_meta_int(sqlite3 *db, const char *key, int64_t otherwise)
{
	char text[32];

	return gn_run_meta(db, key, text, sizeof(text)) ? strtoll(text, NULL, 10) : otherwise;
}

int gn_run_observed(sqlite3 *db, int64_t *ret, struct gn_err *err)
{
	GN_CLEANUP(gn_query_done_p) sqlite3_stmt *q = NULL;
	int r = gn_run_query(
		db,
		"SELECT coalesce((SELECT value FROM meta WHERE key = 'ended_ns'),"
		" (SELECT max(t_ns) FROM (SELECT t_ns FROM event UNION ALL SELECT t_ns FROM arrival"
		" UNION ALL SELECT e.t_ns + p.t_ns FROM coverage_point AS p JOIN event AS e"
		" ON e.id = p.event)))",
		&q, err);

	if (r)
		return r;
	int step = sqlite3_step(q);

	if (step != SQLITE_ROW)
		return gn_run_end(db, step, err);
	*ret = sqlite3_column_int64(q, 0);
	return 0;
}
