/* SPDX-License-Identifier: MIT */
/* What is kept of the curves of a run. */
#include "study.h"

#include <math.h>

#include "study/outcome.h"

static struct gn_sim_curve curve_make(uint32_t event, uint32_t n, uint32_t step)
{
	struct gn_sim_curve c = { .event = event, .points = calloc(n + 1, sizeof(*c.points)), .n = n };

	assert_non_null(c.points);
	for (uint32_t i = 0; i < n; i++)
		c.points[i] = (struct gn_sim_point){ .t = 10 * i, .informed = 1 + i * step };
	return c;
}

static void times_lie_between_points(void **state)
{
	/* Nobody, then 1, 5, 9 ... 41 of 100. */
	struct gn_sim_curve curves[] = { curve_make(0, 0, 0), curve_make(1, 11, 4) };
	struct gn_study_outcome o = { .counted = 80 };

	(void)state;
	assert_int_equal(gn_study_take_curves(&o, curves, 2, NULL), 0);
	assert_int_equal(o.n_events, 2);
	for (int q = 0; q < GN_STUDY_N_QUANTILES; q++)
		assert_true(isnan(o.times[0][q]));
	assert_true(fabs(o.times[1][0] - 97.5) < 1e-9); /* 40 knew between 37 at 90 and 41 at 100 */
	for (int q = 1; q < GN_STUDY_N_QUANTILES; q++)
		assert_true(o.times[1][q] < 0);
	assert_int_equal(o.curve_event, 1);
	assert_int_equal(o.n_curve, 11);
	assert_int_equal(o.curve[10].informed, 41);
	free(o.times);
	free(curves[0].points);
	free(curves[1].points);
}

static void long_curves_are_thinned(void **state)
{
	static const uint32_t lengths[] = { 1, 2, 63, 64, 65, 1000, 100000 };

	(void)state;
	for (size_t i = 0; i < GN_ARRAY_LEN(lengths); i++) {
		struct gn_sim_curve c = curve_make(0, lengths[i], 3);
		struct gn_study_outcome o = { .counted = c.points[c.n - 1].informed };

		assert_int_equal(gn_study_take_curves(&o, &c, 1, NULL), 0);
		assert_int_equal(o.n_curve, GN_MIN(lengths[i], 64u));
		assert_int_equal(o.curve[0].informed, 1);
		assert_int_equal(o.curve[o.n_curve - 1].informed, o.counted);
		for (uint32_t k = 1; k < o.n_curve; k++)
			assert_in_range(o.curve[k].informed - o.curve[k - 1].informed, 3, o.counted / 60 + 3);
		free(o.times);
		free(c.points);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_lie_between_points),
		cmocka_unit_test(long_curves_are_thinned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
