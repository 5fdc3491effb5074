/* SPDX-License-Identifier: MIT */
/*
 * Opening, committing and closing of run.db; rows.c and describe.c insert.
 *
 * The file must be readable after kill -9 at any moment. It is a write-ahead log (WAL) database: a
 * reader takes the log's longest prefix whose checksums hold and that ends with a commit. What a
 * killed process has written is in the kernel's page cache, so there is no fsync.
 *
 * In a guest the page cache dies too, but hostfs writes through: a write() in the guest is one on the
 * host by the time it returns (tests/cli/store-kill.sh). A memory mapping is not: the log's index
 * must not be the shared file that other programs look into (guard.c), and as the guest does not see
 * them, the log only grows until the end of the run, so that what they read from it stays where it is.
 */
#include "store/internal.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "store/schema.h"

#define CACHE_KIB	"16384" /* a batch's pages: what does not fit is written twice */
#define BUSY_MS		5000	/* somebody writes into the file by hand: wait that long */
#define READERS_LEAVE	20	/* tries, .. */
#define READERS_WAIT_MS 50	/* .. this long apart */

static const char *const sql[GN_N_STATEMENTS] = {
	[GN_INSERT_META] = "INSERT OR REPLACE INTO meta VALUES(?, ?)",
	[GN_INSERT_NODE] = "INSERT OR IGNORE INTO node VALUES(?, ?, ?, ?, ?, ?, ?)",
	[GN_INSERT_LINK] = ("INSERT INTO link VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
			    " ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
	[GN_INSERT_EVENT] = "INSERT INTO event VALUES(?, ?, ?, ?, ?)",
	[GN_INSERT_ARRIVAL] = "INSERT INTO arrival VALUES(?, ?, ?, ?, ?, ?, ?)",
	[GN_INSERT_ACTION] = "INSERT INTO action VALUES(?, ?, ?, ?)",
	[GN_INSERT_NODE_STAT] = "INSERT OR REPLACE INTO node_stat VALUES(?, ?, ?)",
	[GN_INSERT_LINK_STAT] = "INSERT OR REPLACE INTO link_stat VALUES(?, ?, ?)",
	[GN_INSERT_FIDELITY] = "INSERT OR REPLACE INTO fidelity VALUES(?, ?, ?, ?, ?, ?, ?)",
	[GN_INSERT_CALL] = "INSERT INTO call VALUES(?, ?, ?, ?)",
	[GN_INSERT_COVERAGE] = "INSERT INTO coverage_point VALUES(?, ?, ?)",
};

int gn_store_failed(const struct gn_store *s, struct gn_err *err)
{
	if (err)
		*err = s->reason;
	return s->failed;
}

static int disk_full(struct gn_store *s, const char *what)
{
	return gn_fail(&s->reason, -ENOSPC, "%s: %s%s", s->path, what,
		       s->created ? "; the results up to the last commit are kept" : "");
}

/* A file operation's failure, with SQLite's words where the system has none. */
static int system_failed(struct gn_store *s, int system)
{
	if (system == ENOSPC)
		return disk_full(s, "the disk is full");
	if (system == EDQUOT)
		return disk_full(s, "the disk quota is used up");
	if (system)
		return gn_fail(&s->reason, -system, "%s: cannot write: %s", s->path, strerror(system));
	return gn_fail(&s->reason, -EIO, "%s: SQLite: %s", s->path, sqlite3_errmsg(s->db));
}

/* The errno behind SQLite's last failure: the connection keeps it only until it has cleaned up, so
 * the files are asked as well. 0: not known. */
static int system_reason(sqlite3 *db)
{
	int number = sqlite3_system_errno(db);
	sqlite3_file *log = NULL;

	if (!number)
		sqlite3_file_control(db, "main", SQLITE_FCNTL_LAST_ERRNO, &number);
	if (!number && !sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log) && log &&
	    log->pMethods)
		log->pMethods->xFileControl(log, SQLITE_FCNTL_LAST_ERRNO, &number);
	return number;
}

/* What SQLite's last failure on this connection means to a user. */
static int sql_failed(struct gn_store *s, struct gn_err *err)
{
	int system = 0;

	switch (sqlite3_errcode(s->db)) {
	case SQLITE_FULL:
		system = ENOSPC;
		break;
	case SQLITE_IOERR:
	case SQLITE_CANTOPEN:
		system = system_reason(s->db);
		break;
	case SQLITE_BUSY:
		s->failed =
			gn_fail(&s->reason, -EBUSY, "%s: another program keeps the database locked", s->path);
		return gn_store_failed(s, err);
	}
	s->failed = system_failed(s, system);
	return gn_store_failed(s, err);
}

static int execute(struct gn_store *s, const char *text, struct gn_err *err)
{
	if (sqlite3_exec(s->db, text, NULL, NULL, NULL) != SQLITE_OK)
		return sql_failed(s, err);
	return 0;
}

sqlite3_stmt *gn_store_statement(struct gn_store *s, enum gn_statement which)
{
	if (s->failed)
		return NULL;
	if (!s->in_transaction) {
		if (execute(s, "BEGIN IMMEDIATE", NULL))
			return NULL;
		s->in_transaction = true;
	}
	return s->statements[which];
}

int gn_store_insert(struct gn_store *s, sqlite3_stmt *statement, struct gn_err *err)
{
	int step = sqlite3_step(statement);

	if (step != SQLITE_DONE)
		sql_failed(s, err);
	sqlite3_reset(statement);
	return s->failed;
}

int gn_store_commit(struct gn_store *s, struct gn_err *err)
{
	if (s->failed)
		return gn_store_failed(s, err);
	if (!s->in_transaction)
		return 0;
	int r = execute(s, "COMMIT", err);

	if (r)
		return r;
	s->in_transaction = false;
	return 0;
}

/* Delete "PATH<suffix>" for all that SQLite may have made. */
static void remove_files(const char *path)
{
	static const char *const suffixes[] = { "", "-wal", "-shm", "-journal" };

	for (size_t i = 0; i < GN_ARRAY_LEN(suffixes); i++) {
		GN_CLEANUP(gn_free_p) char *name = gn_format("%s%s", path, suffixes[i]);

		if (name)
			remove(name);
	}
}

static struct gn_store *release(struct gn_store *s)
{
	for (int i = 0; i < GN_N_STATEMENTS; i++)
		sqlite3_finalize(s->statements[i]);
	sqlite3_close(s->db);
	free(s->path);
	free(s);
	return NULL;
}

static int set_modes(struct gn_store *s, bool own_page_cache, struct gn_err *err)
{
	int r = 0;

	sqlite3_busy_timeout(s->db, BUSY_MS);
	if (own_page_cache) /* before WAL: then no index is shared; no journal that another could play back */
		r = execute(s,
			    "PRAGMA locking_mode = EXCLUSIVE; PRAGMA wal_autocheckpoint = 0;"
			    "PRAGMA journal_mode = MEMORY",
			    err);
	return r ? r
		 : execute(s,
			   "PRAGMA synchronous = OFF; PRAGMA journal_mode = WAL;"
			   "PRAGMA cache_size = -" CACHE_KIB "; PRAGMA temp_store = MEMORY",
			   err);
}

static int bar_index(struct gn_store *s, struct gn_err *err)
{
	int r = gn_store_bar_index(s->path);

	if (!r) {
		s->barred = true;
		return 0;
	}
	s->failed = system_failed(s, -r);
	return gn_store_failed(s, err);
}

static int prepare_all(struct gn_store *s, struct gn_err *err)
{
	for (int i = 0; i < GN_N_STATEMENTS; i++)
		if (sqlite3_prepare_v3(s->db, sql[i], -1, SQLITE_PREPARE_PERSISTENT, &s->statements[i], NULL))
			return sql_failed(s, err);
	return 0;
}

static int make_tables(struct gn_store *s, const struct gn_topology *t, struct gn_err *err)
{
	int r = execute(s, "BEGIN IMMEDIATE", err);

	if (r)
		return r;
	s->in_transaction = true;
	r = execute(s, gn_schema_tables, err);
	if (!r)
		r = prepare_all(s, err);
	if (!r)
		r = gn_store_describe(s, t, err);
	return r ? r : gn_store_commit(s, err);
}

static int open_database(struct gn_store *s, const struct gn_store_options *o, const struct gn_topology *t,
			 struct gn_err *err)
{
	const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;

	if (sqlite3_open_v2(s->path, &s->db, flags, NULL) != SQLITE_OK)
		return s->db ? sql_failed(s, err) : gn_fail(err, -ENOMEM, "out of memory");
	int r = o->own_page_cache ? bar_index(s, err) : 0;

	if (!r)
		r = set_modes(s, o->own_page_cache, err);
	return r ? r : make_tables(s, t, err);
}

/* Make the file itself: SQLite alone would open another run's, and says less about why it cannot. */
static int create_empty(const char *path, struct gn_err *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);

	if (fd >= 0) {
		close(fd);
		return 0;
	}
	if (errno == EEXIST)
		return gn_fail(err, -EEXIST, "%s exists already: choose another folder or remove it", path);
	return gn_fail(err, -errno, "%s: cannot create the result file: %m", path);
}

int gn_store_create(const struct gn_store_options *o, const struct gn_topology *t, struct gn_store **ret,
		    struct gn_err *err)
{
	int r = gn_schema_needs(sqlite3_libversion_number(), err);

	if (r)
		return r;
	struct gn_store *s = calloc(1, sizeof(*s));

	if (!s)
		return gn_fail(err, -ENOMEM, "out of memory");
	/* "./", for SQLite gives names like file:x and :memory: a meaning of their own. */
	s->path = gn_format("%s%s", o->path[0] == '/' ? "" : "./", o->path);
	r = s->path ? create_empty(o->path, err) : gn_fail(err, -ENOMEM, "out of memory");
	if (r) {
		release(s);
		return r;
	}
	r = open_database(s, o, t, err);
	if (r) {
		release(s);
		remove_files(o->path);
		return r;
	}
	s->created = true;
	*ret = s;
	return 0;
}

/*
 * Leave WAL mode, so that run.db alone is the result. Fails while somebody reads: wait a little,
 * then leave it; the last reader to go cleans up, and with its log the file is complete.
 */
static int leave_wal(struct gn_store *s, struct gn_err *err)
{
	const struct timespec pause = { .tv_nsec = READERS_WAIT_MS * 1000000L };

	for (int i = 0; i < READERS_LEAVE; i++) {
		int rc = sqlite3_exec(s->db, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL);

		if (rc == SQLITE_OK)
			return 0;
		if (rc != SQLITE_BUSY && rc != SQLITE_LOCKED)
			return sql_failed(s, err);
		nanosleep(&pause, NULL);
	}
	return 0;
}

static int finish(struct gn_store *s, struct gn_err *err)
{
	int r = gn_store_commit(s, err);

	if (r)
		return r;
	r = execute(s, gn_schema_indexes, err);
	return r ? r : leave_wal(s, err);
}

int gn_store_close(struct gn_store *s, struct gn_err *err)
{
	if (!s)
		return 0;
	int r = finish(s, err);
	GN_CLEANUP(gn_free_p) char *barred = s->barred ? gn_steal_ptr(&s->path) : NULL;

	release(s);
	if (barred)
		gn_store_tidy(barred);
	return r;
}
