/* SPDX-License-Identifier: MIT */
/* What programs outside can do to a file that a guest writes, or wrote until it was killed. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "store/store.h"

struct place {
	char dir[64], db[96], log[100], index[100];
};

static int setup(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	if (!p)
		return -1;
	snprintf(p->dir, sizeof(p->dir), "/tmp/gn-guard-XXXXXX");
	if (!mkdtemp(p->dir))
		return -1;
	snprintf(p->db, sizeof(p->db), "%s/run.db", p->dir);
	snprintf(p->log, sizeof(p->log), "%s-wal", p->db);
	snprintf(p->index, sizeof(p->index), "%s-shm", p->db);
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct place *p = *state;

	remove(p->db), remove(p->log), remove(p->index);
	int r = rmdir(p->dir);

	free(p);
	return r;
}

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static bool exists(const char *path)
{
	return access(path, F_OK) == 0;
}

/* What SQLite answers to somebody who does this with the file. */
static int execute(const struct place *p, const char *sql)
{
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(p->db, &db), SQLITE_OK);
	int rc = sqlite3_exec(db, sql, NULL, NULL, NULL);

	sqlite3_close(db);
	return rc;
}

static int count(const struct place *p)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *q = NULL;

	assert_int_equal(sqlite3_open(p->db, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, "SELECT count(*) FROM arrival", -1, &q, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(q), SQLITE_ROW);
	int n = sqlite3_column_int(q, 0);

	sqlite3_finalize(q);
	sqlite3_close(db);
	return n;
}

static struct gn_store *create(const struct place *p)
{
	static const struct gn_protocol protocol = { .name = "push" };
	const struct gn_topology t = { .name = "guarded", .gossip.protocol = &protocol };
	const struct gn_store_options o = { .path = p->db, .own_page_cache = true };
	struct gn_store *s = NULL;

	if (gn_store_create(&o, &t, &s, NULL))
		_exit(1);
	return s;
}

/* A guest that was killed; its locks died with it, as they do not exist outside before. */
static void write_and_die(const struct place *p)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		struct gn_store *s = create(p);
		const struct gn_arrival a = { .hop = 1 };

		for (int i = 0; i < 1000; i++)
			gn_store_arrival(s, &a, NULL);
		gn_store_commit(s, NULL);
		raise(SIGKILL);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
}

static void others_may_only_read(void **state)
{
	const struct place *p = *state;

	write_and_die(p);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(count(p), 1000);
		assert_int_equal(execute(p, "CREATE TABLE x(y)"), SQLITE_READONLY);
		assert_int_equal(execute(p, "PRAGMA wal_checkpoint"), SQLITE_READONLY);
		assert_true(exists(p->log));
	}
}

static void a_tidied_file_is_an_ordinary_one(void **state)
{
	const struct place *p = *state;

	write_and_die(p);
	gn_store_tidy(p->db);
	assert_false(exists(p->index));
	assert_true(exists(p->log)); /* it has the rows */
	assert_int_equal(execute(p, "CREATE TABLE x(y)"), SQLITE_OK);
	assert_false(exists(p->log));
	assert_int_equal(count(p), 1000);
}

static void tidy_takes_only_what_is_stale(void **state)
{
	const struct place *p = *state;

	gn_store_tidy(p->db); /* nothing there */
	write_file(p->log, "frames");
	write_file(p->index, "index");
	gn_store_tidy(p->db);
	assert_true(exists(p->log) && exists(p->index));
	write_file(p->log, "");
	gn_store_tidy(p->db);
	assert_false(exists(p->log) || exists(p->index));
	write_file(p->index, "index");
	gn_store_tidy(p->db);
	assert_false(exists(p->index));
}

/* Left over from a run whose run.db somebody removed. */
static void an_old_index_does_not_hinder(void **state)
{
	const struct place *p = *state;

	write_file(p->index, "index");
	write_and_die(p);
	assert_int_equal(count(p), 1000);
	remove(p->db);
	remove(p->log);
	write_and_die(p);
	assert_int_equal(count(p), 1000);
}

static void nobody_gets_a_guarded_file_for_himself(void **state)
{
	const struct place *p = *state;
	int fd = -1;

	assert_int_equal(execute(p, "CREATE TABLE arrival(x)"), SQLITE_OK);
	assert_int_equal(gn_store_guard(p->db, &fd, NULL), 0);
	close(open(p->db, O_RDONLY | O_CLOEXEC)); /* would end an ordinary POSIX lock */
	assert_int_equal(count(p), 0);
	assert_int_equal(execute(p, "BEGIN EXCLUSIVE"), SQLITE_BUSY);
	close(fd);
	assert_int_equal(execute(p, "BEGIN EXCLUSIVE"), SQLITE_OK);
}

static void a_guard_that_cannot_be(void **state)
{
	const struct place *p = *state;
	struct gn_err err = { "" };
	sqlite3 *db = NULL;
	int fd = -7;

	assert_int_equal(gn_store_guard(p->db, &fd, &err), -ENOENT);
	assert_non_null(strstr(err.text, "run.db: No such file or directory"));
	assert_int_equal(execute(p, "CREATE TABLE arrival(x)"), SQLITE_OK);
	assert_int_equal(sqlite3_open(p->db, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(gn_store_guard(p->db, &fd, &err), -EBUSY);
	assert_non_null(strstr(err.text, "another program keeps the database locked"));
	assert_int_equal(fd, -7);
	sqlite3_close(db);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(others_may_only_read),
		TEST(a_tidied_file_is_an_ordinary_one),
		TEST(tidy_takes_only_what_is_stale),
		TEST(an_old_index_does_not_hinder),
		TEST(nobody_gets_a_guarded_file_for_himself),
		TEST(a_guard_that_cannot_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
