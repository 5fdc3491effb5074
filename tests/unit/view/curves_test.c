/* SPDX-License-Identifier: MIT */
#include "sample.h"

#include "view/curves.h"
#include "view/run.h"

static int load(const struct place *p, struct gn_curves *c, struct gn_err *err)
{
	sqlite3 *db = NULL;

	assert_int_equal(gn_run_open(p->db, &db, err), 0);
	int r = gn_curves_load(db, c, err);

	sqlite3_close(db);
	return r;
}

static void curves_are_what_was_logged(void **state)
{
	const struct place *p = *state;
	struct gn_store *s = create(p, 4, false);
	struct gn_curves c = { 0 };
	struct gn_err err;

	publish(s, 0, 1000, "", 4, 10);
	publish(s, 1, 5000, "b", 0, 0); /* published, arrived nowhere */
	publish(s, 2, 9000, "", 2, 500);
	finish(s);
	assert_int_equal(load(p, &c, &err), 0);
	assert_int_equal(c.n, 3);
	assert_int_equal(c.members, 4);
	assert_int_equal(c.complete, 1);
	assert_int_equal(c.last, 500);
	assert_int_equal(c.curves[0].n, 4);
	assert_int_equal(c.curves[0].points[3].t, 30);
	assert_null(c.curves[0].label);
	assert_int_equal(c.curves[1].n, 0);
	assert_string_equal(c.curves[1].label, "b");
	assert_int_equal(c.curves[2].n, 2);
	assert_int_equal(gn_curve_complete(&c, &c.curves[0]), 30);
	assert_true(gn_curve_complete(&c, &c.curves[2]) == INT64_MAX);
	gn_curves_done(&c);
}

/* An event is known of until the run's end, or for ever once all know; of a killed run, until its last row. */
static void observation_ends_with_the_run(void **state)
{
	const struct place *p = *state;
	struct gn_curves c = { 0 };
	struct gn_err err;

	for (int ended = 0; ended < 2; ended++) {
		struct gn_store *s = create(p, 4, false);

		publish(s, 0, 1000, "", 2, 10);
		publish(s, 1, 5000, "", 4, 10);
		publish(s, 2, 9000, "", 2, 500);
		if (ended)
			assert_int_equal(gn_store_meta_int(s, "ended_ns", 20000, NULL), 0);
		finish(s);
		assert_int_equal(load(p, &c, &err), 0);
		assert_int_equal(c.curves[0].observed, ended ? 19000 : 8500);
		assert_true(c.curves[1].observed == INT64_MAX);
		assert_int_equal(c.curves[2].observed, ended ? 11000 : 500);
		gn_curves_done(&c);
		unlink(p->db);
	}
}

static void coverage_at_a_time(GN_UNUSED void **state)
{
	struct gn_curve_point points[] = { { 0, 1 }, { 10, 2 }, { 10, 3 }, { 25, 40 } };
	const struct gn_curve c = { .points = points, .n = 4 };
	static const struct {
		int64_t t;
		int64_t want;
	} cases[] = { { -1, 0 }, { 0, 1 }, { 9, 1 }, { 10, 3 }, { 24, 3 }, { 25, 40 }, { INT64_MAX, 40 } };

	for (size_t i = 0; i < GN_ARRAY_LEN(cases); i++)
		assert_int_equal(gn_curve_at(&c, cases[i].t), cases[i].want);
	assert_int_equal(gn_curve_at(&(struct gn_curve){ 0 }, 5), 0);
}

/* Twenty events; the i-th has i + 1 nodes from time 0 on, and all 20 members only for the last one. */
static void quantiles_are_nearest_ranks(GN_UNUSED void **state)
{
	struct gn_curve_point points[20];
	int64_t scratch[20];
	struct gn_curve curves[20];

	for (int i = 0; i < 20; i++) {
		points[i] = (struct gn_curve_point){ .t = 0, .informed = i + 1 };
		curves[i] = (struct gn_curve){ .points = points, .n = 20 - (size_t)i, .observed = i };
	}
	const struct gn_curves c = { .curves = curves, .n = 20, .members = 20 };

	assert_int_equal(gn_curves_quantile(&c, 0, 5, scratch), 1);
	assert_int_equal(gn_curves_quantile(&c, 0, 50, scratch), 10);
	assert_int_equal(gn_curves_quantile(&c, 0, 95, scratch), 19);
	assert_int_equal(gn_curves_quantile(&c, -1, 95, scratch), 0);
	/* Those that were observed for 10 have 10 to 1 nodes: the ones before are not counted, neither with zero nor with
	 * what they had. */
	assert_int_equal(gn_curves_quantile(&c, 10, 5, scratch), 1);
	assert_int_equal(gn_curves_quantile(&c, 10, 50, scratch), 5);
	assert_int_equal(gn_curves_quantile(&c, 10, 95, scratch), 10);
	assert_int_equal(gn_curves_half_observed(&c, scratch), 10);
}

static void half_of_the_events_are_observed(GN_UNUSED void **state)
{
	int64_t odd[] = { INT64_MAX, 5, 9 }, even[] = { 7, 5, 9, 8 }, one[] = { 3 };

	assert_int_equal(gn_half_observed(odd, 3), 9);
	assert_int_equal(gn_half_observed(even, 4), 8);
	assert_int_equal(gn_half_observed(one, 1), 3);
}

static void the_median_counts_those_that_never_came(GN_UNUSED void **state)
{
	struct gn_curve_point p[3][2] = { { { 0, 1 }, { 30, 2 } },
					  { { 0, 1 }, { 10, 2 } },
					  { { 0, 1 }, { 20, 2 } } };
	int64_t scratch[5];
	struct gn_curve curves[5] = { { .points = p[0], .n = 2, .observed = INT64_MAX },
				      { .points = p[1], .n = 2, .observed = INT64_MAX },
				      { .points = p[2], .n = 2, .observed = INT64_MAX },
				      { .points = p[0], .n = 1, .observed = 100 },
				      { .points = p[0], .n = 1, .observed = 100 } };
	struct gn_curves c = { .curves = curves, .n = 3, .members = 2, .last = 30 };

	assert_int_equal(gn_curves_median_complete(&c, scratch), 20);
	c.n = 5;
	assert_int_equal(gn_curves_median_complete(&c, scratch), 30);
	curves[0] = curves[3];
	assert_true(gn_curves_median_complete(&c, scratch) == INT64_MAX);
	/* Half of them are not more than half: the median curve, the lower of two, stays below the top as well. */
	c.n = 4;
	assert_true(gn_curves_median_complete(&c, scratch) == INT64_MAX);
	assert_int_equal(gn_curves_quantile(&c, 100, 50, scratch), 1);
	/* Who was observed for less than others needed says nothing. */
	curves[3].observed = 15;
	assert_int_equal(gn_curves_median_complete(&c, scratch), 20);
	/* Two of three were not observed until anybody was complete: a median there would be that of one event. */
	struct gn_curve few[3] = { curves[2], curves[3], curves[3] };
	const struct gn_curves end = { .curves = few, .n = 3, .members = 2, .last = 20 };

	assert_int_equal(gn_curves_half_observed(&end, scratch), 15);
	assert_true(gn_curves_median_complete(&end, scratch) == INT64_MAX);
}

static void nothing_to_draw(void **state)
{
	const struct place *p = *state;
	struct gn_curves c = { 0 };
	struct gn_err err;

	finish(create(p, 4, false));
	assert_int_equal(load(p, &c, &err), -ENODATA);
	assert_string_equal(err.text, "nothing to draw: no event was published in this run");
	gn_curves_done(&c);
	unlink(p->db);
	struct gn_store *s = create(p, 4, false);

	publish(s, 0, 1, "", 0, 0);
	finish(s);
	assert_int_equal(load(p, &c, &err), -ENODATA);
	assert_string_equal(err.text, "nothing to draw: no event arrived at any node in this run");
	gn_curves_done(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(curves_are_what_was_logged),
		TEST(observation_ends_with_the_run),
		cmocka_unit_test(coverage_at_a_time),
		cmocka_unit_test(quantiles_are_nearest_ranks),
		cmocka_unit_test(half_of_the_events_are_observed),
		cmocka_unit_test(the_median_counts_those_that_never_came),
		TEST(nothing_to_draw),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
