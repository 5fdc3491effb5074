/* SPDX-License-Identifier: MIT */
/* The order of runs: random, but without a long one left for the end. */
#include "study.h"

#include "study/order.h"

#define STUDY(seed)                                                                         \
	"name: s\nseed: " #seed                                                             \
	"\nseeds: 40\ntopology: {nodes: [{name: n, count: 10}], gossip: {clock: rounds}}\n" \
	"vary: {nodes.n.count: [10, 100000, 1000, 300000]}\n"

static struct gn_study_order order_of(const struct gn_study_plan *p, const uint8_t *has, uint32_t workers)
{
	struct gn_study_order o = { 0 };

	assert_int_equal(gn_study_order_runs(p, has, workers, &o), 0);
	return o;
}

static void each_run_comes_once_and_those_done_do_not(void **state)
{
	GN_CLEANUP(gn_study_plan_free_p) struct gn_study_plan *p = plan_of(STUDY(1));
	uint8_t has[160] = { 0 }, seen[160] = { 0 };

	(void)state;
	assert_int_equal(p->n_runs, 160);
	for (uint32_t i = 0; i < 160; i += 3)
		has[i] = 1;
	struct gn_study_order o = order_of(p, has, 2);

	assert_int_equal(o.n, 160 - 54);
	assert_int_equal(o.n_simulated, o.n);
	for (uint32_t i = 0; i < o.n; i++) {
		assert_false(has[o.runs[i]]);
		assert_false(seen[o.runs[i]]);
		seen[o.runs[i]] = 1;
	}
	free(o.runs);
}

/* With one worker nothing is moved: the ranks of the first and the last 40 runs differ by chance alone. */
static void the_order_is_random_and_the_seed_s(void **state)
{
	GN_CLEANUP(gn_study_plan_free_p) struct gn_study_plan *p = plan_of(STUDY(1)), *q = plan_of(STUDY(2));
	const uint8_t has[160] = { 0 };
	struct gn_study_order a = order_of(p, has, 1), again = order_of(p, has, 1), b = order_of(q, has, 1);
	uint32_t early = 0;

	(void)state;
	assert_memory_equal(a.runs, again.runs, 160 * sizeof(*a.runs));
	assert_memory_not_equal(a.runs, b.runs, 160 * sizeof(*a.runs));
	for (uint32_t i = 0; i < 80; i++)
		early += a.runs[i] < 80;
	/* Hypergeometric: mean 40, standard deviation 3.2. */
	assert_in_range(early, 28, 52);
	free(a.runs);
	free(again.runs);
	free(b.runs);
}

/* Hand the runs to @workers as they become free. Return: how long all are busy, and in *ret_end until the last ends. */
static uint64_t schedule(const struct gn_study_plan *p, const struct gn_study_order *o, uint32_t workers,
			 uint64_t *ret_end)
{
	uint64_t free_at[8] = { 0 }, busy = UINT64_MAX;

	*ret_end = 0;
	for (uint32_t i = 0; i < o->n; i++) {
		uint32_t first = 0;

		for (uint32_t k = 1; k < workers; k++)
			first = free_at[k] < free_at[first] ? k : first;
		free_at[first] += gn_study_work_of(p, o->runs[i]);
	}
	for (uint32_t k = 0; k < workers; k++) {
		busy = GN_MIN(busy, free_at[k]);
		*ret_end = GN_MAX(*ret_end, free_at[k]);
	}
	return busy;
}

static void no_worker_waits_long_for_another(void **state)
{
	GN_CLEANUP(gn_study_plan_free_p) struct gn_study_plan *p = plan_of(STUDY(5));
	const uint8_t has[160] = { 0 };

	(void)state;
	for (uint32_t workers = 2; workers <= 8; workers++) {
		struct gn_study_order o = order_of(p, has, workers);
		uint64_t end, busy = schedule(p, &o, workers, &end);

		print_message("# %u workers: all busy for %.3f of the time\n", workers,
			      (double)busy / (double)end);
		assert_true(end - busy <= 302000 / 2); /* half of the longest run */
		free(o.runs);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_run_comes_once_and_those_done_do_not),
		cmocka_unit_test(the_order_is_random_and_the_seed_s),
		cmocka_unit_test(no_worker_waits_long_for_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
