/* SPDX-License-Identifier: MIT */
/* One-way delays against those of the links: what is as configured is found so, and what is not is found out. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* The command layer itself is not linked: it holds main(). */
#include "cmd/delays.c"
#include "cmd/judge.c"
#include "plugin/plugin.h"
#include "proto/proto.h"
#include "topo/load.h"

enum { SAMPLES = 2000, MEMBERS = 4 };

static struct gn_topology *load(const char *links)
{
	struct gn_topology *t = NULL;
	GN_CLEANUP(gn_faults_done) struct gn_faults faults = { 0 };
	char path[] = "/tmp/gossipnet-delays-XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	dprintf(fd, "nodes: [{name: n, count: 4}, {name: far}, {name: lan, kind: switch}]\nlinks:\n%s",
		links);
	close(fd);
	const struct gn_load_options o = { .file = path,
					   .find_protocol = gn_plugin_find,
					   .protocol_at = gn_protocol_at };
	int r = gn_topology_load(&o, &t, &faults);

	unlink(path);
	for (size_t i = 0; r && i < faults.n; i++)
		printf("# %s\n", faults.lines[i]);
	assert_int_equal(r, 0);
	return t;
}

/* What @samples of a network have to say that takes @more than its links' delays. */
static struct gn_judgement judge_some(const struct gn_topology *t, double more, bool change, uint32_t samples,
				      uint64_t seed)
{
	struct gn_delays d;
	struct gn_figures f;
	struct gn_judgement j;
	struct gn_rand random;

	gn_rand_init(&random, seed, GN_RAND_NETEM, 0);
	gn_figures_init(&f, 200 * GN_MSEC);
	assert_int_equal(gn_delays_init(&d, t), 0);
	if (change)
		gn_delays_change(&d, 0, GN_SEC / 2);
	for (uint32_t i = 0; i < samples; i++) {
		/* Nodes 0 to 3 and 4 are on one LAN: link i is node i's, towards the switch its direction 0. */
		const uint32_t from = i % MEMBERS, to = 4;
		double delay = (double)(gn_sim_netem_delay(&t->links[from].shape[0], &random) +
					gn_sim_netem_delay(&t->links[to].shape[1], &random));
		const struct gn_delay_sample s = {
			.from = from,
			.to = to,
			.sent = i * GN_MSEC,
			.delay = (gn_dur)GN_MAX(0, delay + more + (double)(i % 20) * GN_USEC),
		};

		gn_delays_take(&d, &s);
		gn_delays_take(&d, &s); /* of a datagram that brought two events */
	}
	assert_int_equal(gn_delays_compare(&d, &f, NULL), 0);
	gn_delays_done(&d);
	gn_fidelity_judge(&f, &j);
	return j;
}

static struct gn_judgement judge(const struct gn_topology *t, double more, bool change)
{
	return judge_some(t, more, change, SAMPLES, 7);
}

static void links_are_compared(void **state GN_UNUSED)
{
	static const struct {
		const char *links;
		double more; /* ms */
		enum gn_grade median, p99, early;
	} cases[] = {
		{ "- {between: [n, lan]}\n- {between: [far, lan]}\n", 0.3, GN_VALID, GN_VALID, GN_VALID },
		{ "- {between: [n, lan]}\n- {between: [far, lan]}\n", 1.2, GN_SUSPECT, GN_VALID, GN_VALID },
		{ "- {between: [n, lan], delay: 20ms}\n- {between: [far, lan], delay: 300ms}\n", 0.3,
		  GN_VALID, GN_VALID, GN_VALID },
		{ "- {between: [n, lan], delay: 20ms}\n- {between: [far, lan], delay: 300ms}\n", 6,
		  GN_SUSPECT, GN_SUSPECT, GN_VALID },
		{ "- {between: [n, lan], delay: 20ms}\n- {between: [far, lan], delay: 300ms}\n", -2,
		  GN_SUSPECT, GN_VALID, GN_INVALID },
		/* Jitter is no error, and hides none that is larger than its own chance. */
		{ "- {between: [n, lan], delay: 20ms, jitter: 5ms, distribution: normal}\n"
		  "- {between: [far, lan], delay: 10ms, jitter: 10ms}\n",
		  0.3, GN_VALID, GN_VALID, GN_VALID },
		{ "- {between: [n, lan], delay: 20ms, jitter: 5ms, distribution: normal}\n"
		  "- {between: [far, lan], delay: 10ms, jitter: 10ms}\n",
		  4, GN_SUSPECT, GN_VALID, GN_VALID },
		/* Queues may take any time, but not less than the delay. */
		{ "- {between: [n, lan], delay: 20ms, rate: 1mbit}\n- {between: [far, lan], delay: 300ms}\n",
		  90, GN_VALID, GN_VALID, GN_VALID },
		{ "- {between: [n, lan], delay: 20ms, rate: 1mbit}\n- {between: [far, lan], delay: 300ms}\n",
		  -2, GN_VALID, GN_VALID, GN_INVALID },
	};

	for (size_t i = 0; i < GN_ARRAY_LEN(cases); i++) {
		struct gn_topology *t = load(cases[i].links);
		const struct gn_judgement j = judge(t, cases[i].more * GN_MSEC, false);

		printf("# %s# and %.1f ms: %s\n", cases[i].links, cases[i].more, j.reason);
		assert_int_equal(j.of[GN_FIGURE_DELAY_ERROR_MEDIAN].grade, cases[i].median);
		assert_int_equal(j.of[GN_FIGURE_DELAY_ERROR_P99].grade, cases[i].p99);
		assert_int_equal(j.of[GN_FIGURE_DELAY_EARLY].grade, cases[i].early);
		gn_topology_free(t);
	}
}

static void chance_is_no_error(void **state GN_UNUSED)
{
	struct gn_topology *t =
		load("- {between: [n, lan], delay: 200ms, jitter: 50ms, distribution: normal}\n"
		     "- {between: [far, lan]}\n");

	for (uint64_t seed = 0; seed < 50; seed++)
		for (uint32_t n = 20; n <= 2000; n *= 10) {
			const struct gn_judgement j = judge_some(t, 0, false, n, seed);

			if (j.grade != GN_VALID)
				fail_msg("%u samples, seed %d: %s", n, (int)seed, j.reason);
		}
	gn_topology_free(t);
}

static void each_datagram_counts_once(void **state GN_UNUSED)
{
	struct gn_topology *t = load("- {between: [n, lan], delay: 1ms}\n- {between: [far, lan]}\n");
	const struct gn_judgement j = judge(t, 0, false);

	assert_int_equal((int)j.of[GN_FIGURE_DELAY_SAMPLES].value, SAMPLES);
	assert_true(j.of[GN_FIGURE_DELAY_ERROR_MEDIAN].value < 20.0 * GN_USEC);
	gn_topology_free(t);
}

/* Node 0's link: what it sent before is compared, what came later is not. */
static void what_was_changed_is_left_out(void **state GN_UNUSED)
{
	struct gn_topology *t = load("- {between: [n, lan], delay: 1ms}\n- {between: [far, lan]}\n");
	const struct gn_judgement j = judge(t, 0, true);

	assert_in_range((int)j.of[GN_FIGURE_DELAY_SAMPLES].value, 1500 + 120, 1500 + 126);
	gn_topology_free(t);
}

static void a_choice_is_kept_of_many(void **state GN_UNUSED)
{
	struct gn_topology *t = load("- {between: [n, lan]}\n- {between: [far, lan]}\n");
	struct gn_delays d;
	double sum = 0;

	assert_int_equal(gn_delays_init(&d, t), 0);
	for (uint32_t i = 0; i < 100000; i++) {
		const struct gn_delay_sample s = { .to = 4, .sent = i };

		gn_delays_take(&d, &s);
	}
	assert_int_equal(d.n, GN_DELAYS_MAX);
	for (uint32_t i = 0; i < d.n; i++)
		sum += (double)d.samples[i].sent / d.n;
	/* Uniform in 0 .. 99999: 4 standard errors. */
	assert_true(fabs(sum - 50000) < 4 * 100000 / sqrt(12.0 * GN_DELAYS_MAX));
	gn_delays_done(&d);
	gn_topology_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(links_are_compared),	     cmocka_unit_test(chance_is_no_error),
		cmocka_unit_test(each_datagram_counts_once), cmocka_unit_test(what_was_changed_is_left_out),
		cmocka_unit_test(a_choice_is_kept_of_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
