/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "util/util.h"
#include "view/units.h"

static void durations(GN_UNUSED void **state)
{
	static const struct {
		int64_t ns;
		const char *full, *brief;
	} cases[] = {
		{ 0, "0.0 us", "0 us" },
		{ 85300, "85.3 us", "85.3 us" },
		{ 612345678, "612.3 ms", "612.3 ms" },
		{ 10000000, "10.0 ms", "10 ms" },
		{ 1234000000, "1.234 s", "1.234 s" },
		{ 12345678901, "12.35 s", "12.35 s" },
		{ 123456789012, "123.5 s", "123.5 s" },
	};
	char text[GN_NUMBER_MAX];

	for (size_t i = 0; i < GN_ARRAY_LEN(cases); i++) {
		assert_string_equal(gn_duration(text, cases[i].ns), cases[i].full);
		assert_string_equal(gn_duration_short(text, cases[i].ns), cases[i].brief);
	}
	assert_string_equal(gn_duration(text, INT64_MAX), "-");
}

static void amounts(GN_UNUSED void **state)
{
	char text[GN_NUMBER_MAX];

	assert_string_equal(gn_bytes(text, 0), "0 B");
	assert_string_equal(gn_bytes(text, 999), "999 B");
	assert_string_equal(gn_bytes(text, 12345), "12.3 kB");
	assert_string_equal(gn_bytes(text, 4.56e6), "4.56 MB");
	assert_string_equal(gn_bytes(text, 1e18), "1 EB");
	assert_string_equal(gn_bit_rate(text, 1.5e6), "1.5 Mbit/s");
}

static void foreign_text_becomes_one_line(GN_UNUSED void **state)
{
	static const struct {
		const char *why, *text;
		size_t columns;
		const char *want;
	} cases[] = {
		{ "plain", "it's \\ \"x\"_^{}", 40, "it's \\ \"x\"_^{}" },
		{ "controls", "a\nb\tc\x1b[2Jd\x7f", 40, "a?b?c?[2Jd?" },
		{ "UTF-8 stays", "\xc3\xa9t\xc3\xa9 \xf0\x9f\x99\x82", 40,
		  "\xc3\xa9t\xc3\xa9 \xf0\x9f\x99\x82" },
		{ "a C1 control",
		  "a\xc2\x9b"
		  "b",
		  40, "a??b" },
		{ "broken",
		  "a\xff"
		  "b\xc3",
		  40, "a?b?" },
		{ "overlong slash", "\xc0\xaf", 40, "??" },
		{ "overlong in three bytes", "\xe0\x80\xaf", 40, "???" },
		{ "a surrogate", "\xed\xa0\x80", 40, "???" },
		{ "fits exactly", "12345", 5, "12345" },
		{ "too long", "123456", 5, "1234\xe2\x80\xa6" },
		{ "characters, not bytes, are counted", "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9", 3,
		  "\xc3\xa9\xc3\xa9\xe2\x80\xa6" },
		{ "empty", "", 5, "" },
	};

	for (size_t i = 0; i < GN_ARRAY_LEN(cases); i++) {
		char *got = gn_printable(cases[i].text, cases[i].columns);

		print_message("# %s\n", cases[i].why);
		assert_non_null(got);
		assert_string_equal(got, cases[i].want);
		free(got);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(durations),
		cmocka_unit_test(amounts),
		cmocka_unit_test(foreign_text_becomes_one_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
