/* SPDX-License-Identifier: MIT */
#include "topo.h"

#include "topo/units.h"

static void quantities_are_exact(void **state)
{
	static const struct {
		enum gn_quantity q;
		const char *text;
		uint64_t want;
	} cases[] = {
		{ GN_QUANTITY_DURATION, "0ms", 0 },
		{ GN_QUANTITY_DURATION, "1ns", 1 },
		{ GN_QUANTITY_DURATION, "10ms", 10000000 },
		{ GN_QUANTITY_DURATION, "1.5us", 1500 },
		{ GN_QUANTITY_DURATION, "0.000000001s", 1 },
		{ GN_QUANTITY_DURATION, "2m", UINT64_C(120000000000) },
		{ GN_QUANTITY_DURATION, "0.1ms", 100000 }, /* has no exact binary fraction */
		{ GN_QUANTITY_DURATION, "18446744073709551615ns", UINT64_MAX },
		{ GN_QUANTITY_RATE, "1.5mbit", 1500000 },
		{ GN_QUANTITY_RATE, "10Mbit", 10000000 },
		{ GN_QUANTITY_RATE, "1kbps", 8000 },
		{ GN_QUANTITY_RATE, "2gbit", 2000000000 },
		{ GN_QUANTITY_RATE, "1tbit", UINT64_C(1000000000000) },
		{ GN_QUANTITY_SIZE, "512", 512 },
		{ GN_QUANTITY_SIZE, "512b", 512 },
		{ GN_QUANTITY_SIZE, "0.5k", 512 },
		{ GN_QUANTITY_SIZE, "512k", 524288 },
		{ GN_QUANTITY_SIZE, "2m", 2097152 },
		{ GN_QUANTITY_LOSS, "1%", 10000 },
		{ GN_QUANTITY_LOSS, "0.0001%", 1 },
		{ GN_QUANTITY_LOSS, "0.29%", 2900 },
		{ GN_QUANTITY_LOSS, "100%", 1000000 },
		{ GN_QUANTITY_PROBABILITY, "0.5", GN_PROBABILITY_ONE / 2 },
		{ GN_QUANTITY_PROBABILITY, "1", GN_PROBABILITY_ONE },
		{ GN_QUANTITY_PROBABILITY, "25%", GN_PROBABILITY_ONE / 4 },
		{ GN_QUANTITY_PROBABILITY, "0.000000000001", 1 },
		{ GN_QUANTITY_DECIMAL, "2.5", 2500000 },
		{ GN_QUANTITY_DECIMAL, "0.000001", 1 },
		{ GN_QUANTITY_DECIMAL, "18446744073709.551615", UINT64_MAX },
	};

	(void)state;
	for (size_t i = 0; i < GN_ARRAY_LEN(cases); i++) {
		uint64_t value = 42;
		const char *unit;

		print_message("# %s\n", cases[i].text);
		assert_int_equal(gn_unit_parse(cases[i].q, cases[i].text, &value, &unit), GN_UNIT_OK);
		assert_true(value == cases[i].want);
	}
}

static void nonsense_is_refused(void **state)
{
	static const struct {
		enum gn_quantity q;
		const char *text;
		enum gn_unit_result want;
	} cases[] = {
		{ GN_QUANTITY_DURATION, "10", GN_UNIT_MISSING },
		{ GN_QUANTITY_DURATION, "0", GN_UNIT_MISSING },
		{ GN_QUANTITY_DURATION, "10 ms", GN_UNIT_UNKNOWN },
		{ GN_QUANTITY_DURATION, "10MS", GN_UNIT_UNKNOWN }, /* a capital M is no millisecond */
		{ GN_QUANTITY_DURATION, "-1ms", GN_UNIT_NOT_A_NUMBER },
		{ GN_QUANTITY_DURATION, "+1ms", GN_UNIT_NOT_A_NUMBER },
		{ GN_QUANTITY_DURATION, "ms", GN_UNIT_NOT_A_NUMBER },
		{ GN_QUANTITY_DURATION, "", GN_UNIT_NOT_A_NUMBER },
		{ GN_QUANTITY_DURATION, ".5ms", GN_UNIT_NOT_A_NUMBER },
		{ GN_QUANTITY_DURATION, "1.ms", GN_UNIT_NOT_A_NUMBER },
		{ GN_QUANTITY_DURATION, "1.2.3ms", GN_UNIT_UNKNOWN },
		{ GN_QUANTITY_DURATION, "1e3ms", GN_UNIT_UNKNOWN },
		{ GN_QUANTITY_DURATION, "0x10ms", GN_UNIT_UNKNOWN },
		{ GN_QUANTITY_DURATION, "nanms", GN_UNIT_NOT_A_NUMBER },
		{ GN_QUANTITY_DURATION, "0.5ns", GN_UNIT_TOO_FINE },
		{ GN_QUANTITY_DURATION, "18446744073709551616ns", GN_UNIT_TOO_LARGE },
		{ GN_QUANTITY_DURATION, "99999999999999999999999999999999999999999999s", GN_UNIT_TOO_LARGE },
		{ GN_QUANTITY_DURATION, "400000000000m", GN_UNIT_TOO_LARGE },
		{ GN_QUANTITY_RATE, "10m", GN_UNIT_UNKNOWN },
		{ GN_QUANTITY_RATE, "0.5bit", GN_UNIT_TOO_FINE },
		{ GN_QUANTITY_DECIMAL, "2.5%", GN_UNIT_UNKNOWN },
		{ GN_QUANTITY_DECIMAL, "0.0000001", GN_UNIT_TOO_FINE },
		{ GN_QUANTITY_DECIMAL, "18446744073709.551616", GN_UNIT_TOO_LARGE },
		{ GN_QUANTITY_LOSS, "1", GN_UNIT_MISSING },
		{ GN_QUANTITY_LOSS, "0.00001%", GN_UNIT_TOO_FINE },
		{ GN_QUANTITY_SIZE, "0.3k", GN_UNIT_TOO_FINE },
		{ GN_QUANTITY_SIZE, "1K", GN_UNIT_UNKNOWN },
	};

	(void)state;
	for (size_t i = 0; i < GN_ARRAY_LEN(cases); i++) {
		uint64_t value = 42;
		const char *unit = "";

		print_message("# \"%s\"\n", cases[i].text);
		assert_int_equal(gn_unit_parse(cases[i].q, cases[i].text, &value, &unit), cases[i].want);
		assert_int_equal(value, 42);
	}
}

static void values_are_written_as_people_do(void **state)
{
	static const struct {
		enum gn_quantity q;
		uint64_t value;
		const char *want;
	} cases[] = {
		{ GN_QUANTITY_DURATION, 0, "0ns" },
		{ GN_QUANTITY_DURATION, 10000000, "10ms" },
		{ GN_QUANTITY_DURATION, 1500000, "1500us" },
		{ GN_QUANTITY_DURATION, UINT64_C(60000000000), "1m" },
		{ GN_QUANTITY_DURATION, UINT64_MAX, "18446744073709551615ns" },
		{ GN_QUANTITY_RATE, 1500000, "1500kbit" },
		{ GN_QUANTITY_SIZE, 1024, "1k" },
		{ GN_QUANTITY_LOSS, 10000, "1%" },
		{ GN_QUANTITY_LOSS, 12345, "1.2345%" },
		{ GN_QUANTITY_LOSS, 1, "0.0001%" },
		{ GN_QUANTITY_LOSS, 1000000, "100%" },
		{ GN_QUANTITY_LOSS, 0, "0%" },
		{ GN_QUANTITY_PROBABILITY, GN_PROBABILITY_ONE / 8, "0.125" },
		{ GN_QUANTITY_PROBABILITY, GN_PROBABILITY_ONE, "1" },
	};

	(void)state;
	for (size_t i = 0; i < GN_ARRAY_LEN(cases); i++) {
		char buf[GN_UNIT_TEXT];
		const char *unit;
		uint64_t back;

		assert_string_equal(gn_unit_format(cases[i].q, cases[i].value, buf), cases[i].want);
		assert_int_equal(gn_unit_parse(cases[i].q, buf, &back, &unit), GN_UNIT_OK);
		assert_true(back == cases[i].value);
	}
}

static void whole_numbers(void **state)
{
	static const char *const bad[] = { "", "-1", "+1", " 1", "1 ", "1.0", "0x10", "18446744073709551616",
					   "a" };
	uint64_t value = 0;

	(void)state;
	assert_true(gn_whole_parse("18446744073709551615", &value) && value == UINT64_MAX);
	assert_true(gn_whole_parse("007", &value) && value == 7);
	for (size_t i = 0; i < GN_ARRAY_LEN(bad); i++)
		assert_false(gn_whole_parse(bad[i], &value));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quantities_are_exact),
		cmocka_unit_test(nonsense_is_refused),
		cmocka_unit_test(values_are_written_as_people_do),
		cmocka_unit_test(whole_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
