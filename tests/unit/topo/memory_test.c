/* SPDX-License-Identifier: MIT */
/*
 * Memory runs out at each allocation of a load in turn: -ENOMEM, no crash, nothing lost. With a sanitizer only the
 * undisturbed load is tried.
 */
#include "topo.h"

#include <errno.h>
#include <unistd.h>

#include "../out_of_memory.h"

static const char *const texts[] = {
	/* Everything that makes a plan. */
	("include: []\nnodes: [{name: n, count: 30}, {name: s, kind: switch, count: 4}, {name: r, kind: router, count: 3}]\n"
	 "links:\n- {between: [n, s1], delay: 1ms, a_to_b: {loss: 1%}}\n- {between: [s, s]}\n- {between: [r, s2]}\n"
	 "- {between: [r, r]}\n"
	 "generate:\n- {graph: k-regular, nodes: 20, degree: 3, name: k, kind: router}\n"
	 "- {graph: k-regular, nodes: 20, degree: 17, name: d, kind: router}\n"
	 "- {graph: watts-strogatz, nodes: 20, degree: 4, rewire: 50%, name: w, kind: switch}\n"
	 "- {graph: erdos-renyi, nodes: 20, edges: 30, name: e, kind: router}\n"
	 "- {graph: barabasi-albert, nodes: 20, edges: 2, name: b, kind: router}\n"
	 "gossip: {overlay: k-regular}\nevents: [{from: n, label: x}]\n"),
	"generate: {graph: full, nodes: 8}\nlinks: [{between: [n1, n2]}]\ngossip: {overlay: neighbours}\n",
	("routes: delay\nnodes: [{name: n, count: 9}, {name: s, kind: switch, shared: true}, {name: r, kind: router, count: 3}]\n"
	 "links: [{spread: n, over: [s, {r: 2}], rate: 1mbit}, {between: [r, s], rate: 1mbit}, {between: [r1, r2]}]\n"),
	/* Without links. */
	("nodes: [{name: n, count: 30}, {name: x}]\nnetwork: {delay: 9ms}\n"
	 "gossip: {on: [x, n3, n2], protocol: ./mine.so, cap: 2, overlay: erdos-renyi, probability: 0.5}\n"),
	"nodes: [{name: n, count: 30}, {name: s, kind: switch}]\nlinks: [{between: [n, s]}]\n"
	"gossip: {overlay: chung-lu, degree: 1}\n",
	/* All that netem does. */
	("nodes: [{name: n, count: 3}, {name: s, kind: switch}]\nlinks:\n- {between: [n, s], delay: 9ms, jitter: 1ms, distribution: normal, "
	 "loss: {gilbert-elliott: {p: 1%}}, slot: {delay: 2ms, jitter: 1ms, distribution: pareto}}\n"),
	/* Faults of all kinds. */
	("nodes: [{name: n, count: 3, kidn: x}, 5, {name: m}]\nlinks: [{between: [mn, no]}, {between: [m, m9], delay: 1}]\n"
	 "gossip: {overlay: rign, on: [n], protocol: ./tree.so, cap: 3, forget: after 3}\nseed: &a x\n"),
	("nodes: [{name: n, count: 3, kind: switch}]\nnetwork: {jitter: 1ms}\n"
	 "gossip: {protocol: tree, beta: 3, rapair: 2, x: 3, forget: {after: 3}, rows: 2, clock: rounds}\n"),
	"nodes: [\n",
};

/* One load, also of what follows from it. Return: its result. */
static int load_once(const char *text)
{
	static const char *const sets[] = { "gossip.period=150ms", "links.0.b_to_a.delay=2ms" };
	const struct gn_load_options o = {
		.file = "t.yaml", .sets = sets, .n_sets = strstr(text, "links") ? 2 : 1, TOPO_PROTOCOLS
	};
	struct gn_topology *t = NULL;
	struct gn_faults f = { 0 };
	int r = gn_topology_load_text(&o, text, strlen(text), gn_limits_default(), &t, &f);

	if (!r && !gn_topology_resolved(t))
		r = -ENOMEM;
	if (r == -EINVAL && !f.n)
		r = -EBADMSG; /* a fault without a sentence */
	if (r == -ENOMEM && counter.left >= 0)
		r = -EBADMSG; /* nothing had failed */
	gn_topology_free(t);
	gn_faults_done(&f);
	return r;
}

static void every_allocation_may_fail(void **state)
{
	(void)state;
	for (size_t i = 0; i < GN_ARRAY_LEN(texts); i++) {
		int wanted = load_once(texts[i]), r = -ENOMEM;
		long k;

		for (k = 0; r == -ENOMEM && CAN_FAIL; k++) {
			counter = (struct counter){ .on = true, .left = k };
			r = load_once(texts[i]);
			counter.on = false;
			assert_true(r == wanted || r == -ENOMEM);
			assert_int_equal(counter.live, 0);
		}
		print_message("# %ld allocations, result %d\n", k, wanted);
		assert_int_equal(wanted, i < 6 ? 0 : -EINVAL);
		assert_true(k > 20 || !CAN_FAIL);
	}
}

static void schema_may_fail(void **state)
{
	char *json = NULL;

	(void)state;
	for (long k = 0; !json && CAN_FAIL; k++) {
		counter = (struct counter){ .on = true, .left = k };
		json = gn_topology_schema(topo_protocol_at);
		if (!json)
			assert_int_equal(counter.live, 0);
		counter.on = false;
	}
	assert_true(json || !CAN_FAIL);
	free(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_allocation_may_fail),
		cmocka_unit_test(schema_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
