/* SPDX-License-Identifier: MIT */
/* The permutation that all members know. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdlib.h>
#include <cmocka.h>

#include "gossipnet/protocol.h"
#include "util/util.h"

static void check_all(uint32_t n, uint64_t key)
{
	const struct gn_permutation p = gn_permutation(n, key);
	uint8_t *seen = calloc(n, 1);

	for (uint32_t i = 0; i < n; i++) {
		uint32_t to = gn_permute(&p, i);

		assert_true(to < n && !seen[to]);
		seen[to] = 1;
		assert_int_equal(gn_permute_back(&p, to), i);
	}
	free(seen);
}

static void every_number_comes_once_and_leads_back(void **unused)
{
	(void)unused;
	for (uint32_t n = 1; n < 300; n++)
		check_all(n, n % 7);
	check_all(65536, 1);
	check_all(65537, 2);
	check_all(1000000, 3);
}

static void the_largest_clusters_have_one_too(void **unused)
{
	static const uint32_t sizes[] = { UINT32_MAX, UINT32_MAX - 1, 65535u * 65535, 65535u * 65535 + 1 };

	(void)unused;
	for (size_t s = 0; s < GN_ARRAY_LEN(sizes); s++) {
		const struct gn_permutation p = gn_permutation(sizes[s], 5);

		for (uint32_t i = 0; i < 1000; i++) {
			uint32_t from = i < 500 ? i : sizes[s] - 1 - i, to = gn_permute(&p, from);

			assert_true(to < sizes[s]);
			assert_int_equal(gn_permute_back(&p, to), from);
		}
	}
}

/* Over the keys, every place is as likely for every number, and every pair of places for two. */
static void places_are_uniform(void **unused)
{
	enum { KEYS = 100000, MOST = 12 };

	(void)unused;
	for (uint32_t n = 2; n <= MOST; n++) {
		uint32_t count[MOST][MOST] = { { 0 } };
		const double expected = (double)KEYS / n / (n - 1), error = sqrt(expected);

		for (uint64_t key = 0; key < KEYS; key++) {
			const struct gn_permutation p = gn_permutation(n, gn_hash(1, key));

			count[gn_permute(&p, 0)][gn_permute(&p, n - 1)]++;
		}
		/* Some 600 numbers: 5 standard errors, which one of them exceeds once in 3000 choices of the keys. */
		for (uint32_t a = 0; a < n; a++) {
			for (uint32_t b = 0; b < n; b++)
				assert_true(a == b ? !count[a][b] : fabs(count[a][b] - expected) < 5 * error);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_number_comes_once_and_leads_back),
		cmocka_unit_test(the_largest_clusters_have_one_too),
		cmocka_unit_test(places_are_uniform),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
