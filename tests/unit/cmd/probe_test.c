/* SPDX-License-Identifier: MIT */
/* What the ends of a probe say is held against what they could have measured. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* The command layer itself is not linked: it holds main(). */
#include "cmd/probe.c"
#include "cmd/probe_report.c"

int cmd_exec(const struct gn_options *o GN_UNUSED, int argc GN_UNUSED, char **argv GN_UNUSED,
	     struct gn_err *err GN_UNUSED)
{
	return -ENOSYS;
}

static void more_than_was_sent_is_not_believed(void **state GN_UNUSED)
{
	static const char *const lines[] = {
		"18446744073709551615 0\n", /* one more is none: room for nothing, and all of the rest is read into it */
		"-1 0\n",
		"641 0\n", /* ten, copied 64 times each, are 640 */
		"many 0\n",
	};

	for (size_t i = 0; i < GN_ARRAY_LEN(lines); i++) {
		char text[256] = "";
		struct end e = { .node = "b", .input = -1 };
		struct gn_probe_arrivals a = { 0 };
		struct gn_err err;

		strcpy(text, lines[i]);
		e.output = fmemopen(text, sizeof(text), "r");
		assert_non_null(e.output);
		assert_int_equal(read_arrivals(&e, 10, &a, &err), -EBADMSG);
		assert_null(a.list);
		fclose(e.output);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(more_than_was_sent_is_not_believed),
	};

	return cmocka_run_group_tests_name("probe", tests, NULL, NULL);
}
