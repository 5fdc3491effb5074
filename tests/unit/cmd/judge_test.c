/* SPDX-License-Identifier: MIT */
/* From figures to a verdict and its reasons. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* The command layer itself is not linked: it holds main(). */
#include "cmd/judge.c"

/* Of a machine that has nothing else to do. */
static struct gn_figures idle(void)
{
	struct gn_figures f;

	gn_figures_init(&f, 200 * GN_MSEC);
	f.of[GN_FIGURE_CPU_SATURATED].value = 0;
	f.of[GN_FIGURE_CPU_WAIT].value = 0.02;
	f.of[GN_FIGURE_CPU_STEAL].value = 0.001;
	f.of[GN_FIGURE_SOFTNET_DROPS].value = 0;
	f.of[GN_FIGURE_RECORDS_LOST].value = 0;
	f.of[GN_FIGURE_SOCKET_DROPS].value = 0;
	f.of[GN_FIGURE_SEND_ERRORS].value = 0;
	f.of[GN_FIGURE_TIMER_LATENESS_P99].value = 0.6 * GN_MSEC;
	f.of[GN_FIGURE_TIMER_LATENESS_NODE].value = 0.3 * GN_MSEC;
	f.of[GN_FIGURE_TIMER_LATENESS_MAX].value = 4.0 * GN_MSEC;
	return f;
}

static void good_figures_are_valid(void **state GN_UNUSED)
{
	const struct gn_figures f = idle();
	struct gn_judgement j;

	gn_fidelity_judge(&f, &j);
	assert_int_equal(j.grade, GN_VALID);
	assert_string_equal(j.reason, "");
	for (int i = 0; i < GN_N_FIGURES; i++) {
		assert_non_null(j.of[i].what);
		assert_int_equal(j.of[i].grade, GN_VALID);
	}
}

static void what_is_not_known_is_no_reproach(void **state GN_UNUSED)
{
	struct gn_figures f;
	struct gn_judgement j;

	gn_figures_init(&f, 200 * GN_MSEC);
	gn_fidelity_judge(&f, &j);
	assert_int_equal(j.grade, GN_VALID);
	for (int i = 0; i < GN_N_FIGURES; i++)
		assert_true(isnan(j.of[i].value));
}

static void each_figure_has_its_verdict(void **state GN_UNUSED)
{
	static const struct {
		enum gn_figure figure;
		double value;
		enum gn_grade grade;
		const char *reason;
	} cases[] = {
		{ GN_FIGURE_CPU_SATURATED, 0.1, GN_VALID, "" },
		{ GN_FIGURE_CPU_SATURATED, 0.97, GN_SUSPECT,
		  "the machine had no idle CPU for 97 % of the run, the limit is 10 %" },
		{ GN_FIGURE_CPU_WAIT, 0.423, GN_SUSPECT,
		  "ready to run, it had to wait for a CPU for 42.3 % of the time, the limit is 10 %" },
		{ GN_FIGURE_SOFTNET_DROPS, 2, GN_SUSPECT,
		  "2 packets were dropped at a CPU's full input queue" },
		{ GN_FIGURE_RECORDS_LOST, 3, GN_INVALID, "3 records of arrivals were lost" },
		{ GN_FIGURE_TIMER_LATENESS_P99, 10.0 * GN_MSEC, GN_VALID, "" },
		{ GN_FIGURE_TIMER_LATENESS_P99, 11.0 * GN_MSEC, GN_SUSPECT,
		  "timers were late by 11.0 ms (99th percentile): the machine was too slow, the limit is 10.0 ms" },
		{ GN_FIGURE_TIMER_LATENESS_P99, 101.0 * GN_MSEC, GN_INVALID,
		  "timers were late by 101.0 ms (99th percentile): the machine was too slow, the limit is 100.0 ms" },
		{ GN_FIGURE_TIMER_LATENESS_MAX, 5.0 * GN_SEC, GN_VALID, "" },
		{ GN_FIGURE_DELAY_EARLY, 0.5, GN_INVALID,
		  "50 % of the datagrams came before their links' delays were over, the limit is 10 %" },
	};

	for (size_t i = 0; i < GN_ARRAY_LEN(cases); i++) {
		struct gn_figures f = idle();
		struct gn_judgement j;

		f.of[cases[i].figure].value = cases[i].value;
		gn_fidelity_judge(&f, &j);
		assert_int_equal(j.grade, cases[i].grade);
		assert_int_equal(j.of[cases[i].figure].grade, cases[i].grade);
		assert_string_equal(j.reason, cases[i].reason);
	}
}

/* The worst counts; causes come before what they cause, with the name of the node. */
static void all_reasons_are_given(void **state GN_UNUSED)
{
	struct gn_figures f = idle();
	struct gn_judgement j;

	f.of[GN_FIGURE_SOCKET_DROPS].value = 7;
	f.of[GN_FIGURE_TIMER_LATENESS_NODE] =
		(struct gn_figure_value){ .value = 20.0 * GN_MSEC, .detail = "n3" };
	f.of[GN_FIGURE_CPU_SATURATED] = (struct gn_figure_value){ .value = 1, .detail = "others had them" };
	gn_fidelity_judge(&f, &j);
	assert_int_equal(j.grade, GN_INVALID);
	assert_string_equal(
		j.reason,
		"the machine had no idle CPU for 100 % of the run (others had them), the limit is 10 %; "
		"7 datagrams were lost at a node's socket, not by the network; "
		"a node's timers were late by 20.0 ms (its median) (n3), the limit is 10.0 ms");
}

static void chance_is_allowed_for(void **state GN_UNUSED)
{
	struct gn_figures f = idle();
	struct gn_judgement j;

	f.of[GN_FIGURE_CPU_STEAL] = (struct gn_figure_value){ .value = 0.07, .allowance = 0.03 };
	gn_fidelity_judge(&f, &j);
	assert_int_equal(j.grade, GN_VALID);
	f.of[GN_FIGURE_CPU_STEAL].value = 0.09;
	gn_fidelity_judge(&f, &j);
	assert_int_equal(j.grade, GN_SUSPECT);
}

static void the_longest_reason_has_room(void **state GN_UNUSED)
{
	struct gn_figures f;
	struct gn_judgement j;
	char name[64];

	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	gn_figures_init(&f, 1);
	for (int i = 0; i < GN_N_FIGURES; i++)
		f.of[i] = (struct gn_figure_value){ .value = 1e18, .detail = name };
	gn_fidelity_judge(&f, &j);
	assert_int_equal(j.grade, GN_INVALID);
	assert_in_range(strlen(j.reason), 500, sizeof(j.reason) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_figures_are_valid),
		cmocka_unit_test(what_is_not_known_is_no_reproach),
		cmocka_unit_test(each_figure_has_its_verdict),
		cmocka_unit_test(all_reasons_are_given),
		cmocka_unit_test(chance_is_allowed_for),
		cmocka_unit_test(the_longest_reason_has_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
