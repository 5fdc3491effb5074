/* SPDX-License-Identifier: MIT */
/* Reading a run's file. */
#ifndef GN_VIEW_RUN_H
#define GN_VIEW_RUN_H

#include <sqlite3.h>
#include <stdbool.h>

#include "util/err.h"

/**
 * gn_run_open() - open a run's file for reading, whatever state its run left it in: finished, still
 * going, killed on this machine or in a guest, in a folder that one may only read.
 * @ret: on success owned by the caller, released with sqlite3_close().
 *
 * Nothing is written, but that SQLite may make the index of a killed run's log next to it.
 * Return: 0 or -Exxx; -ENOENT: no such file; -EINVAL: not a result of gossipnet.
 */
int gn_run_open(const char *path, sqlite3 **ret, struct gn_err *err);

/* Prepare a query on a run's file. */
int gn_run_query(sqlite3 *db, const char *text, sqlite3_stmt **ret, struct gn_err *err);

/* After the last row: 0, or why there are no more. */
int gn_run_end(sqlite3 *db, int step, struct gn_err *err);

/* A meta row as text, in @out; "" if there is none. Returns whether there is. */
bool gn_run_meta(sqlite3 *db, const char *key, char *out, size_t size);

/* A meta row as a number, @otherwise if there is none. */
int64_t gn_run_meta_int(sqlite3 *db, const char *key, int64_t otherwise);

/* Until when the run was observed, ns since its start: its end, or, of a run that was killed or still goes on, the last
 * thing that is known of it. */
int gn_run_observed(sqlite3 *db, int64_t *ret, struct gn_err *err);

static inline void gn_db_close_p(sqlite3 **db)
{
	sqlite3_close(*db);
}

static inline void gn_query_done_p(sqlite3_stmt **q)
{
	sqlite3_finalize(*q);
}

#endif
