/* SPDX-License-Identifier: MIT */
/* Who gossips, who may call whom, and what is published when. */
#include "topo.h"

#define LAN(n) "nodes: [{name: n, count: " #n "}, {name: s, kind: switch}]\nlinks: [{between: [n, s]}]\n"

static uint32_t n_peers(const struct gn_topology *t, uint32_t m)
{
	return t->gossip.first_peer[m + 1] - t->gossip.first_peer[m];
}

static bool has_peer(const struct gn_topology *t, uint32_t m, uint32_t peer)
{
	for (uint32_t i = t->gossip.first_peer[m]; i < t->gossip.first_peer[m + 1]; i++) {
		if (t->gossip.peers[i] == peer)
			return true;
	}
	return false;
}

/* Partners are others, each once, ascending, and partnership is mutual. */
static void peers_are_sound(const struct gn_topology *t)
{
	const struct gn_gossip *g = &t->gossip;

	assert_int_equal(g->first_peer[0], 0);
	for (uint32_t m = 0; m < g->n_members; m++) {
		for (uint32_t i = g->first_peer[m]; i < g->first_peer[m + 1]; i++) {
			assert_true(g->peers[i] < g->n_members && g->peers[i] != m);
			assert_true(i == g->first_peer[m] || g->peers[i] > g->peers[i - 1]);
			assert_true(has_peer(t, g->peers[i], m));
		}
	}
	for (uint32_t m = 0; m < g->n_members; m++)
		assert_int_equal(t->nodes[g->members[m]].member, m);
}

static void defaults(void **state)
{
	struct gn_topology *t =
		load_text("nodes: [{name: s, kind: switch}, {name: n, count: 3}, {name: r, kind: router}]\n"
			  "links: [{between: [n, s]}, {between: [r, s]}]\n");

	(void)state;
	assert_string_equal(t->name, "t");
	assert_int_equal(t->seed, 1);
	assert_int_equal(t->duration, 10 * GN_SEC);
	assert_false(t->until_informed);
	assert_int_equal(t->log, GN_RECORDS_ARRIVALS);
	assert_string_equal(t->gossip.protocol, "push-pull");
	assert_int_equal(t->gossip.fanout, 1);
	assert_int_equal(t->gossip.period, 200 * GN_MSEC);
	assert_int_equal(t->gossip.overlay, GN_OVERLAY_FULL);
	assert_null(t->gossip.first_peer);
	assert_null(t->gossip.peers);
	assert_int_equal(t->gossip.n_members, 3); /* hosts only */
	assert_int_equal(t->gossip.members[0], 1);
	assert_int_equal(t->nodes[4].member, GN_NONE);
	assert_int_equal(t->n_events, 1);
	assert_true(t->events[0].at == GN_SEC && t->events[0].node == 1 && t->events[0].size == 0);
	assert_string_equal(t->events[0].label, "");
	gn_topology_free(t);
	t = load_text(LAN(2) "duration: 1s\n");
	assert_int_equal(t->events[0].at, 500 * GN_MSEC);
	gn_topology_free(t);
}

static void members_are_chosen(void **state)
{
	struct gn_topology *t = load_text(LAN(9) "gossip: {on: [n7, n3, n3]}\n");

	(void)state;
	assert_int_equal(t->gossip.n_members, 2);
	assert_string_equal(t->nodes[t->gossip.members[0]].name, "n3");
	assert_string_equal(t->nodes[t->gossip.members[1]].name, "n7");
	gn_topology_free(t);
	t = load_text(
		"nodes: [{name: r, count: 3, kind: router}]\nlinks: [{between: [r, r]}]\ngossip: {on: r}\n");
	assert_int_equal(t->gossip.n_members, 3);
	gn_topology_free(t);
}

static void ring(void **state)
{
	struct gn_topology *t = load_text(LAN(5) "gossip: {overlay: ring}\n");

	(void)state;
	peers_are_sound(t);
	for (uint32_t m = 0; m < 5; m++) {
		assert_int_equal(n_peers(t, m), 2);
		assert_true(has_peer(t, m, (m + 1) % 5));
	}
	gn_topology_free(t);
	t = load_text(LAN(2) "gossip: {overlay: ring}\n");
	peers_are_sound(t);
	assert_int_equal(n_peers(t, 0), 1);
	gn_topology_free(t);
}

static void k_regular(void **state)
{
	static const struct {
		const char *text;
		uint32_t degree;
	} cases[] = {
		{ LAN(100) "gossip: {overlay: k-regular}\n", 4 },
		{ LAN(5) "gossip: {overlay: k-regular}\n", 4 },
		{ LAN(4) "gossip: {overlay: k-regular}\n", 3 },
		{ LAN(3) "gossip: {overlay: k-regular}\n", 2 },
		{ LAN(2) "gossip: {overlay: k-regular}\n", 1 },
		{ LAN(50) "gossip: {overlay: k-regular, degree: 3}\n", 3 },
		{ LAN(50) "gossip: {overlay: k-regular, degree: 47}\n", 47 },
	};

	(void)state;
	for (size_t i = 0; i < GN_ARRAY_LEN(cases); i++) {
		struct gn_topology *t = load_text(cases[i].text);

		peers_are_sound(t);
		assert_int_equal(t->gossip.degree, cases[i].degree);
		for (uint32_t m = 0; m < t->gossip.n_members; m++)
			assert_int_equal(n_peers(t, m), cases[i].degree);
		gn_topology_free(t);
	}
}

static void neighbours(void **state)
{
	/* n1 - n2 on a cable; n2, n3, n4 on one LAN of two switches; n4 and n5 behind a router; s-s blocked. */
	struct gn_topology *t =
		load_text("nodes: [{name: n, count: 5}, {name: r, kind: router},\n"
			  "  {name: s, count: 2, kind: switch}]\n"
			  "links: [{between: [n1, n2]}, {between: [n1, n2]}, {between: [n2, s1]},\n"
			  "  {between: [n3, s2]}, {between: [n4, s2]}, {between: [s1, s2]},\n"
			  "  {between: [n4, r]}, {between: [n5, r]}, {between: [n5, n1]}]\n"
			  "gossip: {overlay: neighbours}\n");
	static const bool want[5][5] = {
		{ 0, 1, 0, 0, 1 }, { 1, 0, 1, 1, 0 }, { 0, 1, 0, 1, 0 }, { 0, 1, 1, 0, 0 }, { 1, 0, 0, 0, 0 },
	};

	(void)state;
	peers_are_sound(t);
	for (uint32_t a = 0; a < 5; a++) {
		for (uint32_t b = 0; b < 5; b++)
			assert_int_equal(has_peer(t, a, b), want[a][b]);
	}
	gn_topology_free(t);
}

/* All in one LAN or behind routers, or joined pair by pair. */
static void reachable_by_ip(void **state)
{
	static const char *const good[] = {
		"nodes: [{name: n, count: 4}]\nlinks: [{between: [n, n]}]\n",
		"nodes: [{name: n, count: 4}, {name: r, kind: router}]\nlinks: [{between: [n, r]}]\n",
		/* Three LANs, each pair of hosts shares one, no LAN has all. */
		("nodes: [{name: n, count: 3}, {name: s, count: 3, kind: switch}]\n"
		 "links: [{between: [n1, s1]}, {between: [n2, s1]}, {between: [n2, s2]}, {between: [n3, s2]},\n"
		 "  {between: [n3, s3]}, {between: [n1, s3]}]\n"),
		/* The router gossips itself. */
		("nodes: [{name: n, count: 2}, {name: r, kind: router}]\nlinks: [{between: [n, r]}]\n"
		 "gossip: {on: [n, r]}\n"),
	};
	static const char *const bad[] = {
		/* A host between two LANs does not forward. */
		("nodes: [{name: n, count: 3}, {name: s, count: 2, kind: switch}]\n"
		 "links: [{between: [n1, s1]}, {between: [n2, s1]}, {between: [n2, s2]}, {between: [n3, s2]}]\n"),
		("nodes: [{name: n, count: 4}, {name: r, count: 2, kind: router}]\n"
		 "links: [{between: [n1, r1]}, {between: [n2, r1]}, {between: [n3, r2]}, {between: [n4, r2]}]\n"),
		("nodes: [{name: n, count: 4}]\n"
		 "links: [{between: [n1, n2]}, {between: [n1, n3]}, {between: [n1, n4]}, {between: [n2, n3]}, "
		 "{between: [n2, n4]}]\n"),
	};

	(void)state;
	for (size_t i = 0; i < GN_ARRAY_LEN(good); i++)
		gn_topology_free(load_text(good[i]));
	for (size_t i = 0; i < GN_ARRAY_LEN(bad); i++) {
		GN_CLEANUP(gn_free_p) char *got = faults_of(bad[i], strlen(bad[i]), NULL, 0);

		assert_non_null(strstr(got, " cannot reach "));
	}
}

static void schedule(void **state)
{
	struct gn_topology *t =
		load_text(LAN(3) "events:\n"
				 "- {at: 2s, from: n2, label: late, size: 1k}\n"
				 "- {at: 500ms, from: n, repeat: 2, every: 1500ms, label: all}\n"
				 "- {at: 500ms}\n");
	static const struct {
		gn_time at;
		uint32_t node, size;
		const char *label;
	} want[] = {
		{ 500 * GN_MSEC, 0, 0, "all" },	 { 500 * GN_MSEC, 1, 0, "all" },
		{ 500 * GN_MSEC, 2, 0, "all" },	 { 500 * GN_MSEC, 0, 0, "" },
		{ 2 * GN_SEC, 1, 1024, "late" }, { 2 * GN_SEC, 0, 0, "all" },
		{ 2 * GN_SEC, 1, 0, "all" },	 { 2 * GN_SEC, 2, 0, "all" },
	};

	(void)state;
	assert_int_equal(t->n_events, GN_ARRAY_LEN(want));
	for (size_t i = 0; i < GN_ARRAY_LEN(want); i++) {
		assert_int_equal(t->events[i].at, want[i].at);
		assert_int_equal(t->events[i].node, want[i].node);
		assert_int_equal(t->events[i].size, want[i].size);
		assert_string_equal(t->events[i].label, want[i].label);
	}
	gn_topology_free(t);
	t = load_text(LAN(3) "events: []\n");
	assert_int_equal(t->n_events, 0);
	gn_topology_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),   cmocka_unit_test(members_are_chosen),
		cmocka_unit_test(ring),	      cmocka_unit_test(k_regular),
		cmocka_unit_test(neighbours), cmocka_unit_test(reachable_by_ip),
		cmocka_unit_test(schedule),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
