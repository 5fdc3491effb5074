/* SPDX-License-Identifier: MIT */
/* Logarithms and powers in fixed point against the mathematical library's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <cmocka.h>

#include "gossipnet/protocol.h"

static void logarithms_are_right_to_the_last_digits(void **unused)
{
	struct gn_random r = { 1 };

	(void)unused;
	for (int i = 0; i < 20000; i++) {
		uint64_t x = gn_random_next(&r) >> i % 64;

		if (!x)
			continue;
		assert_true(fabs(ldexp((double)gn_log2_q32(x), -32) - log2((double)x)) < 1e-9);
		assert_true(fabs(ldexp((double)gn_ln_q32(x), -32) - log((double)x)) < 1e-9);
	}
	for (unsigned bit = 0; bit < 64; bit++)
		assert_true(gn_log2_q32(UINT64_C(1) << bit) == (uint64_t)bit << 32);
}

static void powers_are_right_and_vanish_in_the_end(void **unused)
{
	struct gn_random r = { 2 };

	(void)unused;
	for (int i = 0; i < 20000; i++) {
		uint64_t x = gn_random_next(&r) >> 27; /* below 32 */
		double wanted = ldexp(exp2(-ldexp((double)x, -32)), 63);

		assert_true(fabs((double)gn_exp2_minus_q63(x) - wanted) < wanted * 1e-9 + 1);
	}
	assert_true(gn_exp2_minus_q63(0) == UINT64_C(1) << 63);
	assert_true(gn_exp2_minus_q63(UINT64_C(63) << 32) == 1);
	assert_true(gn_exp2_minus_q63(UINT64_C(64) << 32) == 0);
	assert_true(gn_exp2_minus_q63(UINT64_MAX) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(logarithms_are_right_to_the_last_digits),
		cmocka_unit_test(powers_are_right_and_vanish_in_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
