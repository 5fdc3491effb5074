/* SPDX-License-Identifier: MIT */
/*
 * How many arrivals a second the store writes, committing as a run does, next to a loop that does
 * nothing but the same inserts.
 *
 * Usage: store DIR [ARRIVALS]
 */
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "store/store.h"

#define NODES  1000
#define COMMIT (GN_SEC / 4)

static uint32_t node_of(uint32_t i)
{
	return i * 2654435761u % NODES;
}

static void die(const char *what)
{
	fprintf(stderr, "store: %s\n", what);
	exit(1);
}

static double rate(uint32_t rows, gn_time start)
{
	return rows / ((double)(gn_now() - start) / 1e9);
}

static double bench_store(const char *path, uint32_t rows, double *closed)
{
	static const struct gn_protocol protocol = { .name = "push" };
	struct gn_topology t = { .name = "bench", .gossip.protocol = &protocol };
	struct gn_store_options o = { .path = path };
	struct gn_store *s = NULL;
	struct gn_err err;

	if (gn_store_create(&o, &t, &s, &err))
		die(err.text);
	gn_time start = gn_now(), committed = start;

	for (uint32_t i = 0; i < rows; i++) {
		struct gn_arrival a = { .event = i / 100000,
					.node = node_of(i),
					.via = node_of(i + 1),
					.hop = i % 12,
					.t = (int64_t)i * 1000 + 20000000,
					.sent = (int64_t)i * 1000,
					.first = i % 4 == 0 };

		if (gn_store_arrival(s, &a, &err))
			die(err.text);
		if (i % 1024 == 0 && gn_now() - committed >= COMMIT) {
			if (gn_store_commit(s, &err))
				die(err.text);
			committed = gn_now();
		}
	}
	if (gn_store_commit(s, &err))
		die(err.text);
	double result = rate(rows, start);

	if (gn_store_close(s, &err))
		die(err.text);
	*closed = rate(rows, start);
	return result;
}

static void bind_row(sqlite3_stmt *q, uint32_t i)
{
	sqlite3_bind_int64(q, 1, i / 100000 + 1);
	sqlite3_bind_int64(q, 2, node_of(i) + 1);
	sqlite3_bind_int64(q, 3, (int64_t)i * 1000 + 20000000);
	sqlite3_bind_int64(q, 4, node_of(i + 1) + 1);
	sqlite3_bind_int64(q, 5, (int64_t)i * 1000);
	sqlite3_bind_int64(q, 6, i % 12);
	sqlite3_bind_int64(q, 7, i % 4 == 0);
}

/* One transaction, no log: what this machine's SQLite can do at all. */
static double bench_loop(const char *path, uint32_t rows)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *q = NULL;

	if (sqlite3_open(path, &db) ||
	    sqlite3_exec(db,
			 "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
			 "CREATE TABLE arrival(event INTEGER, node INTEGER, t_ns INTEGER, via INTEGER,"
			 " sent_ns INTEGER, hop INTEGER, first INTEGER); BEGIN",
			 NULL, NULL, NULL) ||
	    sqlite3_prepare_v2(db, "INSERT INTO arrival VALUES(?, ?, ?, ?, ?, ?, ?)", -1, &q, NULL))
		die(sqlite3_errmsg(db));
	gn_time start = gn_now();

	for (uint32_t i = 0; i < rows; i++) {
		bind_row(q, i);
		if (sqlite3_step(q) != SQLITE_DONE)
			die(sqlite3_errmsg(db));
		sqlite3_reset(q);
	}
	if (sqlite3_exec(db, "COMMIT", NULL, NULL, NULL))
		die(sqlite3_errmsg(db));
	double result = rate(rows, start);

	sqlite3_finalize(q);
	sqlite3_close(db);
	return result;
}

int main(int argc, char **argv)
{
	uint32_t rows = argc > 2 ? (uint32_t)atoi(argv[2]) : 2000000;
	char path[2][512];
	double closed;

	if (argc < 2 || !rows || strlen(argv[1]) > 480)
		die("usage: store DIR [ARRIVALS]");
	snprintf(path[0], sizeof(path[0]), "%s/store.db", argv[1]);
	snprintf(path[1], sizeof(path[1]), "%s/loop.db", argv[1]);
	double loop = bench_loop(path[1], rows);
	double store = bench_store(path[0], rows, &closed);

	printf("store %.0f arrivals/s, with the index and the close %.0f; bare loop of inserts %.0f (store/loop %.2f)\n",
	       store, closed, loop, store / loop);
	return 0;
}
