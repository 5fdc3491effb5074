/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "sim/wheel.h"
#include "util/rand.h"
#include "util/util.h"

/* What a wheel is held against: all that is in it, unordered. */
struct held {
	struct gn_wheel_entry entries[4096];
	size_t n;
};

/* The earliest, and of those the one that was put first: `what` counts up. */
static struct gn_wheel_entry take_held(struct held *h)
{
	size_t best = 0;

	for (size_t i = 1; i < h->n; i++) {
		const struct gn_wheel_entry *a = &h->entries[i], *b = &h->entries[best];

		if (a->t < b->t || (a->t == b->t && a->what < b->what))
			best = i;
	}
	struct gn_wheel_entry e = h->entries[best];

	h->entries[best] = h->entries[--h->n];
	return e;
}

static void put(struct gn_wheel *w, struct held *h, gn_time t, uint64_t what)
{
	h->entries[h->n++] = (struct gn_wheel_entry){ .t = t, .what = what };
	assert_true(gn_wheel_put(w, t, what));
}

/* @bits: how far ahead of the present entries are put: 0 to 63. */
static void play(unsigned bits, uint64_t seed)
{
	GN_CLEANUP(gn_wheel_done) struct gn_wheel w = { 0 };
	struct held held = { .n = 0 };
	struct gn_wheel_entry got;
	struct gn_rand r;
	uint64_t what = 0;

	gn_rand_init(&r, seed, GN_RAND_SCHEDULE, bits);
	for (int i = 0; i < 600; i++)
		put(&w, &held, gn_rand_next(&r) >> (63 - bits) >> 1, what++);
	for (int i = 0; i < 4000 && held.n; i++) {
		struct gn_wheel_entry wanted = take_held(&held);

		assert_int_equal(gn_wheel_take(&w, &got), 1);
		assert_int_equal(got.t, wanted.t);
		assert_int_equal(got.what, wanted.what);
		/* What happens now leads to something at once, or later. */
		for (uint64_t n = gn_rand_below(&r, 3); n && i < 3000; n--) {
			gn_time ahead = gn_rand_below(&r, 4) ? gn_rand_next(&r) >> (63 - bits) >> 1 : 0;

			put(&w, &held, ahead < UINT64_MAX - got.t ? got.t + ahead : UINT64_MAX, what++);
		}
	}
	if (!held.n)
		assert_int_equal(gn_wheel_take(&w, &got), 0);
}

static void entries_come_in_order_of_time_and_sequence(void **state GN_UNUSED)
{
	for (unsigned bits = 0; bits < 64; bits++)
		play(bits, bits);
}

static void the_end_of_time(void **state GN_UNUSED)
{
	GN_CLEANUP(gn_wheel_done) struct gn_wheel w = { 0 };
	const gn_time times[] = { UINT64_MAX, UINT64_MAX - 1, 0, UINT64_C(1) << 63, UINT64_C(1) << 60 };
	const gn_time ordered[] = { 0, UINT64_C(1) << 60, UINT64_C(1) << 63, UINT64_MAX - 1, UINT64_MAX };
	struct gn_wheel_entry e;

	for (size_t i = 0; i < GN_ARRAY_LEN(times); i++)
		assert_true(gn_wheel_put(&w, times[i], i));
	for (size_t i = 0; i < GN_ARRAY_LEN(ordered); i++) {
		assert_int_equal(gn_wheel_take(&w, &e), 1);
		assert_true(e.t == ordered[i]);
	}
	assert_int_equal(gn_wheel_take(&w, &e), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_come_in_order_of_time_and_sequence),
		cmocka_unit_test(the_end_of_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
