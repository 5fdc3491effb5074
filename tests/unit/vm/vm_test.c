/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "util/util.h"
#include "vm/vm.h"

static void assert_reaches(const char *path, const char *own)
{
	struct gn_err err = { "" };
	char want[512] = "";

	if (own)
		snprintf(want, sizeof(want), "%s: the guest kernel has its own %s; choose a folder elsewhere",
			 path, own);
	assert_int_equal(gn_vm_reaches(path, &err), own ? -EINVAL : 0);
	assert_string_equal(err.text, want);
}

static void the_guest_sees_the_host_but_for_three_folders(void **unused)
{
	static const struct {
		const char *path, *own;
	} cases[] = {
		{ "/", NULL },
		{ "/tmp/x", NULL },
		{ "/run/not-there/x", NULL },
		{ "/device", NULL },
		{ "/processes/x", NULL },
		{ "/home/dev/sys/proc", NULL },
		{ "/dev", "/dev" },
		{ "/dev/shm/not-there/x", "/dev" },
		{ "/proc/self/cwd/x", "/proc" },
		{ "/sys/kernel/debug", "/sys" },
		{ "/tmp/../dev/shm", "/dev" },
	};

	(void)unused;
	for (size_t i = 0; i < GN_ARRAY_LEN(cases); i++)
		assert_reaches(cases[i].path, cases[i].own);
}

static void links_are_followed(void **unused)
{
	char folder[] = "/tmp/vm_test.XXXXXX";

	(void)unused;
	assert_non_null(mkdtemp(folder));
	GN_CLEANUP(gn_free_p) char *link = gn_format("%s/link", folder);
	GN_CLEANUP(gn_free_p) char *below = gn_format("%s/not-there/yet", link);

	assert_int_equal(symlink("/dev", link), 0);
	assert_reaches(below, "/dev");
	unlink(link);
	assert_int_equal(symlink("/usr", link), 0);
	assert_reaches(below, NULL);
	unlink(link);
	rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_guest_sees_the_host_but_for_three_folders),
		cmocka_unit_test(links_are_followed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
