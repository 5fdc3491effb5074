/* SPDX-License-Identifier: MIT */
/* From a study's file to points and runs, and what is said of wrong ones. */
#include "study.h"

#define IDEAL	 "topology: {nodes: [{name: n, count: 10}], gossip: {clock: rounds}}\n"
#define HEAD	 "name: s\n" IDEAL
#define EXPECTED 512

/* "label n runs", a line for each point; series with a number of their own. */
static char *points_of(const struct gn_study_plan *p)
{
	char *text = gn_strdup("");

	for (uint32_t i = 0; i < p->n_points; i++) {
		const struct gn_study_point *at = &p->points[i];
		const struct gn_study_series *s = &p->series[at->series];
		char *more = gn_format("%s%u %s %s n %u, %u from %u\n", text, at->series,
				       s->live ? "live" : "sim", s->label, at->n, at->n_runs, at->first_run);

		free(text);
		text = more;
	}
	return text;
}

static const struct {
	const char *why, *study, *points;
} grids[] = {
	{ "a study may be a single point", HEAD, "0 sim push-pull n 10, 30 from 0\n" },
	{ "points that differ in n alone are one series, whatever order the keys are in",
	  HEAD "seeds: 2\nvary: {nodes.n.count: [5, 7], gossip.protocol: [push, pull]}\n",
	  "0 sim push n 5, 2 from 0\n1 sim pull n 5, 2 from 2\n0 sim push n 7, 2 from 4\n1 sim pull n 7, 2 from 6\n" },
	{ "keys are named, a protocol names itself",
	  HEAD "seeds: 1\nvary: {gossip.protocol: push, gossip.fanout: [1, 2]}\n",
	  "0 sim fanout 1 n 10, 1 from 0\n1 sim fanout 2 n 10, 1 from 1\n" },
	{ "a range is rounded, includes its end, and has every value once",
	  HEAD "seeds: 1\nvary: {nodes.n.count: {from: 2, to: 10, per_decade: 8}}\n",
	  "0 sim push-pull n 2, 1 from 0\n0 sim push-pull n 3, 1 from 1\n0 sim push-pull n 4, 1 from 2\n"
	  "0 sim push-pull n 5, 1 from 3\n0 sim push-pull n 6, 1 from 4\n0 sim push-pull n 8, 1 from 5\n" },
	{ "small points may have more runs",
	  HEAD "seeds: 1\nmore_seeds: [{up_to: 5, seeds: 9}, {up_to: 50, seeds: 4}]\n"
	       "vary: {nodes.n.count: [5, 6, 50, 51]}\n",
	  "0 sim push-pull n 5, 9 from 0\n0 sim push-pull n 6, 4 from 9\n0 sim push-pull n 50, 4 from 13\n"
	  "0 sim push-pull n 51, 1 from 17\n" },
	{ "a series sets several keys, and replaces what the study varies",
	  HEAD "seeds: 1\nvary: {nodes.n.count: [5, 6]}\nseries:\n"
	       "- {label: a b, set: {gossip.protocol: push, gossip.fanout: 2}}\n"
	       "- {label: c, vary: {nodes.n.count: 7, gossip.fanout: [1, 3]}, seeds: 2}\n",
	  "0 sim a b n 5, 1 from 0\n0 sim a b n 6, 1 from 1\n1 sim c, fanout 1 n 7, 2 from 2\n"
	  "2 sim c, fanout 3 n 7, 2 from 4\n" },
	{ "both backends are two of each series",
	  "name: s\nbackend: both\nseeds: 1\n"
	  "topology:\n  nodes: [{name: n, count: 3}, {name: w, kind: switch}]\n  links: [{between: [n, w]}]\n"
	  "vary: {nodes.n.count: [2, 3]}\n",
	  "0 sim push-pull n 2, 1 from 0\n0 sim push-pull n 3, 1 from 1\n1 live push-pull n 2, 1 from 2\n"
	  "1 live push-pull n 3, 1 from 3\n" },
};

static void grids_become_points(void **state)
{
	(void)state;
	for (size_t i = 0; i < GN_ARRAY_LEN(grids); i++) {
		GN_CLEANUP(gn_study_plan_free_p) struct gn_study_plan *p = plan_of(grids[i].study);
		GN_CLEANUP(gn_free_p) char *points = points_of(p);

		print_message("# %s\n", grids[i].why);
		assert_string_equal(points, grids[i].points);
		for (uint32_t run = 0; run < p->n_runs; run++) {
			const struct gn_study_point *at = &p->points[gn_study_point_of(p, run)];

			assert_in_range(run, at->first_run, at->first_run + at->n_runs - 1);
		}
	}
}

static void runs_are_their_points_with_seeds_of_their_own(void **state)
{
	struct folder f = folder_make();
	struct gn_faults faults = { 0 };
	char *text;

	(void)state;
	folder_write(&f, "t.yaml", "seed: 99\nnodes: [{name: n, count: 4}]\ngossip: {period: 7ms}\n");
	folder_write(&f, "study.yaml",
		     "topology: t.yaml\nseed: 40\nseeds: 3\n"
		     "vary: {gossip.fanout: [1, 2], events.0.label: \"it's: {\"}\n");
	GN_CLEANUP(gn_study_plan_free_p) struct gn_study_plan *p = plan_load(&f, &text);

	assert_string_equal(text, "");
	free(text);
	assert_int_equal(p->n_runs, 6);
	assert_string_equal(p->name, "study");
	for (uint32_t run = 0; run < p->n_runs; run++) {
		struct gn_topology *t = NULL;

		assert_int_equal(gn_study_load_run(p, run, &t, &faults), 0);
		assert_int_equal(t->seed, 40 + run);
		assert_int_equal(t->gossip.fanout, 1 + run / 3);
		assert_string_equal(t->events[0].label, "it's: {");
		assert_int_equal(t->gossip.period, 7 * GN_MSEC);
		gn_topology_free(t);
	}
	folder_remove(&f);
}

static const struct {
	const char *why, *study, *faults;
} wrong[] = {
	{ "nothing", "", "study.yaml:1:1: the file is empty: a study needs topology, and vary or series\n" },
	{ "no map", "[1]",
	  "study.yaml:1:1: a study is a map: lines such as \"topology: quickstart.yaml\", \"seeds: 30\"\n" },
	{ "all faults at once", "nme: s\nbackend: emu\nseeds: 0\n",
	  "study.yaml:1:1: unknown key \"nme\" (did you mean \"name\"?)\n"
	  "study.yaml:1:1: a study needs topology\n"
	  "study.yaml:2:10: unknown backend \"emu\": known are sim, live, both\n"
	  "study.yaml:3:8: seeds must be from 1 to 1000000, not 0\n" },
	{ "a key of the topology that there is not, once, at its first value",
	  HEAD "vary: {gossip.fanuot: [1, 2, 3]}\n",
	  "study.yaml:3:24: unknown key \"fanuot\" (did you mean \"fanout\"?)\n" },
	{ "values that the topology refuses, each at its place",
	  HEAD "vary:\n  gossip.fanout: [1, x, 12]\n  gossip.period: [0s]\n",
	  "study.yaml:4:22: fanout must be a whole number, not \"x\"\n"
	  "study.yaml:4:25: fanout 12: a node has only 9 others to call\n"
	  "study.yaml:5:19: period must be from 1us to 60m, not 0s\n" },
	{ "faults of the topology within", "name: s\ntopology:\n  nodes: [{nam: n}]\n",
	  "study.yaml:3:11: a node needs name\nstudy.yaml:3:12: unknown key \"nam\" (did you mean \"name\"?)\n" },
	{ "no values", HEAD "vary: {gossip.fanout: [], gossip.period: , nodes.n.count: [[1]]}\n",
	  "study.yaml:3:23: gossip.fanout must have from 1 to 1000 values\n"
	  "study.yaml:3:42: gossip.period: a value must be a single word or number\n"
	  "study.yaml:3:60: nodes.n.count: a value must be a single word or number\n" },
	{ "twice the same", HEAD "vary: {gossip.fanout: [1, 1]}\n",
	  "study.yaml:3:27: gossip.fanout: the value 1 is given twice\n" },
	{ "ranges", HEAD "vary: {nodes.n.count: {from: 9, to: 3}, gossip.fanout: {form: 1, to: 2}}\n",
	  "study.yaml:3:37: nodes.n.count: to must not be below from\n"
	  "study.yaml:3:56: a range needs from\nstudy.yaml:3:57: unknown key \"form\" (did you mean \"from\"?)\n" },
	{ "no key", HEAD "vary: [gossip.fanout]\n",
	  "study.yaml:3:7: vary must be a map of keys such as gossip.fanout\n" },
	{ "the seed is not the user's", HEAD "vary: {seed: [1, 2]}\n",
	  "study.yaml:3:8: seed: every run has one of its own; seeds says how many\n" },
	{ "series", HEAD "series: [{label: a}, {set: {gossip.fanout: [1, 2]}}, {label: a}]\n",
	  "study.yaml:3:22: a series needs label\n"
	  "study.yaml:3:44: gossip.fanout: a value must be a single word or number\n"
	  "study.yaml:3:54: two series are called \"a\"\n" },
	{ "a series sets what it varies",
	  HEAD "vary: {gossip.fanout: [1, 3]}\nseries:\n- {label: a, set: {gossip.fanout: 2}}\n"
	       "- {label: b, set: {gossip.fanout: 2}, vary: {nodes.n.count: 5, gossip.fanout: [1, 3]}}\n",
	  "study.yaml:6:64: gossip.fanout: this series sets it as well; leave it in set or in vary\n" },
	{ "two paths to one value, of which one would be ignored",
	  HEAD "vary: {nodes.n.count: [5, 6]}\nseries:\n- {label: a, set: {nodes.0.count: 5}}\n",
	  "study.yaml:5:35: nodes.n.count, which is set as well, is the same: write one of them alone\n" },
	{ "too many points",
	  HEAD "vary: {nodes.n.count: {from: 2, to: 1000000, per_decade: 100}, gossip.fanout: "
	       "{from: 1, to: 60000, per_decade: 100}}\n",
	  "study.yaml:1:1: more than 100000 points\n" },
	{ "too many runs", HEAD "seeds: 1000000\nvary: {nodes.n.count: {from: 2, to: 100, per_decade: 10}}\n",
	  "study.yaml:1:1: more than 10000000 runs\n" },
	{ "what only the simulator can do, once", HEAD "backend: live\nvary: {nodes.n.count: [5, 6]}\n",
	  "study.yaml:1:1: a live run needs links; without them there is backend: sim\n" },
	{ "no such topology", "name: s\ntopology: none.yaml\n",
	  "none.yaml: cannot read the file: No such file or directory\n" },
};

static void faults_are_named(void **state)
{
	(void)state;
	for (size_t i = 0; i < GN_ARRAY_LEN(wrong); i++) {
		struct folder f = folder_make();
		char *faults;

		print_message("# %s\n", wrong[i].why);
		folder_write(&f, "study.yaml", wrong[i].study);
		assert_null(plan_load(&f, &faults));
		assert_string_equal(faults, wrong[i].faults);
		free(faults);
		folder_remove(&f);
	}
}

/* A fault of the topology's own file has its place there, and comes once, with the point where it was met. */
static void faults_of_the_topology_name_the_point(void **state)
{
	struct folder f = folder_make();
	char *faults;

	(void)state;
	folder_write(&f, "t.yaml", "nodes: [{name: n, count: 4}]\nevents: [{from: n9}]\n");
	folder_write(&f, "study.yaml",
		     "name: s\ntopology: t.yaml\nvary: {nodes.n.count: [10, 5, 8], gossip.fanout: [1, 2]}\n");
	assert_null(plan_load(&f, &faults));
	assert_string_equal(
		faults,
		"t.yaml:2:17: no node is called \"n9\": the group n has n1 to n5 (with nodes.n.count=5, gossip.fanout=1)\n");
	free(faults);
	folder_remove(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(grids_become_points),
		cmocka_unit_test(runs_are_their_points_with_seeds_of_their_own),
		cmocka_unit_test(faults_are_named),
		cmocka_unit_test(faults_of_the_topology_name_the_point),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
