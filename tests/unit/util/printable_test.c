/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "util/printable.h"
#include "util/util.h"

static void only_what_may_be_shown_stays(void **unused)
{
	static const struct {
		const char *why, *text, *want;
	} cases[] = {
		{ "nothing", "", "" },
		{ "ASCII", "binding to 10.0.0.3: ~ok~", "binding to 10.0.0.3: ~ok~" },
		{ "control characters", "a\nb\tc\rd\x7f", "a?b?c?d?" },
		{ "escape sequences", "\033[2J\033]0;title\a", "?[2J?]0;title?" },
		{ "two to four bytes", "Z\xc3\xbcrich \xe2\x82\xac \xf0\x9f\x98\x80",
		  "Z\xc3\xbcrich \xe2\x82\xac \xf0\x9f\x98\x80" },
		{ "C1: CSI as one character",
		  "\xc2\x9b"
		  "2J",
		  "??2J" },
		{ "the first one after C1", "\xc2\xa0", "\xc2\xa0" },
		{ "a lone continuation",
		  "\x9b"
		  "2J",
		  "?2J" },
		{ "cut off", "\xe2\x82", "??" },
		{ "cut off by ASCII",
		  "\xf0\x9f"
		  "ab",
		  "??ab" },
		{ "overlong", "\xc0\xaf\xe0\x80\xaf\xf0\x80\x80\xaf", "?????????" },
		{ "surrogate, beyond Unicode", "\xed\xa0\x80\xf4\x90\x80\x80\xff\xfe", "?????????" },
		{ "line separator, right to left", "\xe2\x80\xa8\xe2\x80\xae\xe2\x81\xa6", "?????????" },
	};

	(void)unused;
	for (size_t i = 0; i < GN_ARRAY_LEN(cases); i++) {
		char text[64];

		snprintf(text, sizeof(text), "%s", cases[i].text);
		gn_make_printable(text);
		if (strcmp(text, cases[i].want))
			fail_msg("%s: %s", cases[i].why, text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_what_may_be_shown_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
