/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "vm/pack.h"

static void what_goes_in_comes_out(void **state GN_UNUSED)
{
	char *list[] = { (char[]){ "ping" }, (char[]){ "-c 1" }, (char[]){ "" }, NULL };
	struct gn_unpack u;
	struct gn_pack p;

	gn_pack_init(&p);
	gn_pack_u32(&p, 0xfedcba98);
	gn_pack_u64(&p, UINT64_C(0x0123456789abcdef));
	gn_pack_string(&p, "n\xc3\xb6"
			   "de 1");
	gn_pack_string(&p, NULL);
	gn_pack_strings(&p, list);
	assert_false(p.overflow);
	/* Little-endian, on whatever machine. */
	assert_memory_equal(p.data, "\x98\xba\xdc\xfe\xef\xcd\xab\x89", 8);

	gn_unpack_init(&u, p.data, p.len);
	assert_int_equal(gn_unpack_u32(&u), 0xfedcba98);
	assert_true(gn_unpack_u64(&u) == UINT64_C(0x0123456789abcdef));
	char *name = gn_unpack_string(&u), *none = gn_unpack_string(&u), **words = gn_unpack_strings(&u);

	assert_string_equal(name, "n\xc3\xb6"
				  "de 1");
	assert_string_equal(none, "");
	assert_string_equal(words[0], "ping");
	assert_string_equal(words[1], "-c 1");
	assert_string_equal(words[2], "");
	assert_null(words[3]);
	assert_false(u.bad);
	assert_int_equal(u.left, 0);
	free(name);
	free(none);
	gn_strings_free(words);
}

static void too_much_is_not_written(void **state GN_UNUSED)
{
	char block[GN_MESSAGE_MAX];
	struct gn_pack p;

	memset(block, 'x', sizeof(block));
	gn_pack_init(&p);
	gn_pack_bytes(&p, block, sizeof(block));
	assert_false(p.overflow);
	gn_pack_u32(&p, 1);
	assert_true(p.overflow);
	assert_int_equal(p.len, GN_MESSAGE_MAX);
	gn_pack_init(&p);
	gn_pack_bytes(&p, block, sizeof(block) - 2);
	gn_pack_bytes(&p, block, 3);
	assert_true(p.overflow);
	assert_int_equal(p.len, sizeof(block) - 2);
	/* What would fit again must not follow a gap. */
	gn_pack_bytes(&p, block, 1);
	assert_int_equal(p.len, sizeof(block) - 2);
}

/* Every shorter message is bad, and nothing is read past its end (the sanitizers see to that). */
static void a_cut_message_is_bad(void **state GN_UNUSED)
{
	char *list[] = { (char[]){ "a" }, (char[]){ "bc" }, NULL };
	struct gn_pack p;

	gn_pack_init(&p);
	gn_pack_u64(&p, 7);
	gn_pack_string(&p, "four");
	gn_pack_strings(&p, list);
	for (size_t len = 0; len <= p.len; len++) {
		uint8_t *exact = malloc(len ? len : 1);
		struct gn_unpack u;

		assert_non_null(exact);
		memcpy(exact, p.data, len);
		gn_unpack_init(&u, exact, len);
		gn_unpack_u64(&u);
		char *s = gn_unpack_string(&u), **words = gn_unpack_strings(&u);

		assert_int_equal(u.bad, len < p.len);
		assert_int_equal(words != NULL, len == p.len);
		free(s);
		gn_strings_free(words);
		free(exact);
	}
}

static void lies_are_bad(void **state GN_UNUSED)
{
	static const struct {
		const char *why, *bytes;
		size_t len;
	} cases[] = {
		{ "a string longer than the message", "\x05\0\0\0abcd", 8 },
		{ "a string of 4 GiB", "\xff\xff\xff\xff", 4 },
		{ "a string with a NUL byte", "\x03\0\0\0a\0b", 7 },
	};
	struct gn_unpack u;

	for (size_t i = 0; i < GN_ARRAY_LEN(cases); i++) {
		print_message("# %s\n", cases[i].why);
		gn_unpack_init(&u, cases[i].bytes, cases[i].len);
		assert_null(gn_unpack_string(&u));
		assert_true(u.bad);
		assert_int_equal(gn_unpack_u32(&u), 0);
	}
	gn_unpack_init(&u, "\xff\xff\xff\x7f\x01\0\0\0a", 9);
	assert_null(gn_unpack_strings(&u));
	assert_true(u.bad);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_goes_in_comes_out),
		cmocka_unit_test(too_much_is_not_written),
		cmocka_unit_test(a_cut_message_is_bad),
		cmocka_unit_test(lies_are_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
