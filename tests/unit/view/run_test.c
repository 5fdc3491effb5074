/* SPDX-License-Identifier: MIT */
#include "sample.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "view/run.h"

/* The number of arrivals, read in a process of nobody's when run by root, for whom no folder is
 * locked; -1: cannot be opened. */
static int count_as_reader(const struct place *p)
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		sqlite3 *db = NULL;
		sqlite3_stmt *q = NULL;

		if (geteuid() == 0 && setuid(65534))
			_exit(253);
		if (gn_run_open(p->db, &db, NULL))
			_exit(255);
		if (gn_run_query(db, "SELECT count(*) FROM arrival", &q, NULL) ||
		    sqlite3_step(q) != SQLITE_ROW)
			_exit(254);
		status = sqlite3_column_int(q, 0);
		sqlite3_finalize(q);
		sqlite3_close(db);
		_exit(status);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return (signed char)WEXITSTATUS(status);
}

/* The files next to run.db, as bits. */
static int files(const struct place *p)
{
	static const char *const suffixes[] = { "", "-wal", "-shm", "-journal" };
	int found = 0;

	for (size_t i = 0; i < GN_ARRAY_LEN(suffixes); i++) {
		char name[128];

		snprintf(name, sizeof(name), "%s%s", p->db, suffixes[i]);
		found |= !access(name, F_OK) << i;
	}
	return found;
}

static void write_and_die(const struct place *p, bool own_page_cache)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		struct gn_store *s = create(p, 3, own_page_cache);

		publish(s, 0, 1, "", 3, 10);
		assert_int_equal(gn_store_commit(s, NULL), 0);
		raise(SIGKILL);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
}

enum { DB = 1, LOG = 2, INDEX = 4 };

static void a_finished_run(void **state)
{
	const struct place *p = *state;
	struct gn_store *s = create(p, 3, false);

	publish(s, 0, 1, "", 3, 10);
	finish(s);
	assert_int_equal(chmod(p->dir, 0555), 0);
	assert_int_equal(count_as_reader(p), 3);
	assert_int_equal(files(p), DB);
}

static void a_running_run(void **state)
{
	const struct place *p = *state;
	struct gn_store *s = create(p, 3, false);

	publish(s, 0, 1, "", 3, 10);
	gn_store_commit(s, NULL);
	assert_int_equal(chmod(p->dir, 0555), 0);
	assert_int_equal(count_as_reader(p), 3);
	assert_int_equal(chmod(p->dir, 0755), 0);
	finish(s);
	assert_int_equal(files(p), DB);
}

/* A guest that runs: reading must not touch its log, as its locks are not to be seen here. */
static void a_running_guest(void **state)
{
	const struct place *p = *state;
	int status;
	pid_t child;
	int ready[2], go[2];
	char byte = 0;

	assert_int_equal(pipe(ready) | pipe(go), 0);
	child = fork();
	if (child == 0) {
		struct gn_store *s = create(p, 3, true);

		publish(s, 0, 1, "", 3, 10);
		assert_int_equal(gn_store_commit(s, NULL), 0);
		if (write(ready[1], &byte, 1) != 1 || read(go[0], &byte, 1) != 1)
			_exit(1);
		publish(s, 1, 1, "", 3, 10);
		finish(s);
		_exit(0);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(files(p), DB | LOG | INDEX);
	assert_int_equal(count_as_reader(p), 3);
	assert_int_equal(files(p), DB | LOG | INDEX);
	assert_int_equal(write(go[1], &byte, 1), 1);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(files(p), DB);
	assert_int_equal(count_as_reader(p), 6);
}

static void a_killed_run(void **state)
{
	const struct place *p = *state;

	write_and_die(p, false);
	assert_int_equal(files(p), DB | LOG | INDEX);
	assert_int_equal(chmod(p->dir, 0555), 0);
	assert_int_equal(count_as_reader(p), 3);
}

static void a_killed_guest(void **state)
{
	const struct place *p = *state;
	char name[128];
	sqlite3 *db = NULL;

	write_and_die(p, true);
	assert_int_equal(files(p), DB | LOG | INDEX);
	/* Whoever may write there must not change it either. */
	assert_int_equal(gn_run_open(p->db, &db, NULL), 0);
	sqlite3_close(db);
	assert_int_equal(files(p), DB | LOG | INDEX);
	assert_int_equal(count_as_reader(p), 3);
	assert_int_equal(chmod(p->dir, 0555), 0);
	assert_int_equal(count_as_reader(p), 3);
	assert_int_equal(files(p), DB | LOG | INDEX);

	/* Copied without what stands for the index. */
	snprintf(name, sizeof(name), "%s-shm", p->db);
	assert_int_equal(chmod(p->dir, 0755), 0);
	assert_int_equal(rmdir(name), 0);
	assert_int_equal(chmod(p->dir, 0555), 0);
	assert_int_equal(count_as_reader(p), 3);
	assert_int_equal(files(p), DB | LOG);
}

/* An index that one may not read is as good as none. */
static void a_killed_run_with_a_locked_index(void **state)
{
	const struct place *p = *state;
	char name[128];

	write_and_die(p, false);
	snprintf(name, sizeof(name), "%s-shm", p->db);
	assert_int_equal(chmod(name, 0), 0);
	assert_int_equal(count_as_reader(p), 3);
}

/* Somebody copied run.db alone out of a folder, or the log was lost. */
static void a_file_without_its_log(void **state)
{
	const struct place *p = *state;
	char log[128];
	sqlite3 *db = NULL;
	struct gn_store *s = create(p, 3, false);

	publish(s, 0, 1, "", 3, 10);
	finish(s);
	assert_int_equal(sqlite3_open(p->db, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "PRAGMA journal_mode = WAL", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	snprintf(log, sizeof(log), "%s-wal", p->db);
	unlink(log);
	assert_int_equal(chmod(p->dir, 0555), 0);
	assert_int_equal(count_as_reader(p), 3);
	assert_int_equal(files(p), DB);
}

static void odd_file_names(void **state)
{
	const struct place *p = *state;
	struct place odd = *p;

	for (const char *const *name = (const char *const[]){ "a?b", "50%25#x", "\xc3\xa9 '\"", NULL }; *name;
	     name++) {
		snprintf(odd.db, sizeof(odd.db), "%s/%s", p->dir, *name);
		struct gn_store *s = create(&odd, 3, false);

		publish(s, 0, 1, "", 2, 10);
		finish(s);
		assert_int_equal(count_as_reader(&odd), 2);
	}
}

static void refuse(const struct place *p, int code, const char *sentence)
{
	sqlite3 *db = (sqlite3 *)p;
	struct gn_err err = { "" };

	assert_int_equal(gn_run_open(p->db, &db, &err), code);
	assert_ptr_equal(db, p); /* untouched */
	if (!strstr(err.text, sentence))
		fail_msg("'%s' does not have '%s'", err.text, sentence);
}

static void what_is_no_result(void **state)
{
	const struct place *p = *state;
	sqlite3 *db = NULL;
	FILE *f;

	refuse(p, -ENOENT, "No such file");
	f = fopen(p->db, "w");
	fputs("nodes: 5\nthis is not a database at all, but long enough to look at\n", f);
	fclose(f);
	refuse(p, -EINVAL, "is not a result of gossipnet");
	unlink(p->db);
	f = fopen(p->db, "w");
	fclose(f);
	refuse(p, -EINVAL, "is not a result of gossipnet"); /* empty */
	assert_int_equal(sqlite3_open(p->db, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "CREATE TABLE x(y)", NULL, NULL, NULL), SQLITE_OK);
	refuse(p, -EINVAL, "is not a result of gossipnet"); /* another program's */
	assert_int_equal(sqlite3_exec(db,
				      "CREATE TABLE meta(key, value); INSERT INTO meta VALUES('schema', 99)",
				      NULL, NULL, NULL),
			 SQLITE_OK);
	refuse(p, -EINVAL, "written by a newer gossipnet (schema 99, this one reads 1)");
	sqlite3_close(db);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_finished_run),
		TEST(a_running_run),
		TEST(a_running_guest),
		TEST(a_killed_run),
		TEST(a_killed_run_with_a_locked_index),
		TEST(a_killed_guest),
		TEST(a_file_without_its_log),
		TEST(odd_file_names),
		TEST(what_is_no_result),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
