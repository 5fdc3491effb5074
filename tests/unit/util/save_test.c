/* SPDX-License-Identifier: MIT */
/* Files that are written as a whole, or not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "util/save.h"

/* A process that is killed with the file half written. Return: its id. */
static pid_t killed_while_saving(const char *path)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (!pid) {
		struct gn_save s;

		_exit(gn_save_begin(path, &s) || gn_write_all(s.fd, "half", 4));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	return pid;
}

static bool has_begun(const char *path, pid_t pid)
{
	GN_CLEANUP(gn_free_p) char *part = gn_format("%s.%ld-0.tmp", path, (long)pid);

	return !access(part, F_OK);
}

static void what_a_killed_process_had_begun_is_removed(void **state)
{
	char folder[] = "/tmp/gn-save-test-XXXXXX";

	(void)state;
	assert_non_null(mkdtemp(folder));
	GN_CLEANUP(gn_free_p) char *path = gn_format("%s/report.md", folder);
	const pid_t ours = killed_while_saving(path), other = killed_while_saving(path);

	assert_true(has_begun(path, ours));
	gn_save_clear(folder, ours);
	assert_false(has_begun(path, ours));
	assert_true(has_begun(path, other));
	gn_save_clear(folder, other);
	assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_killed_process_had_begun_is_removed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
