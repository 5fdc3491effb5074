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

static uint32_t count_peer(const struct gn_topology *t, uint32_t m, uint32_t peer)
{
	uint32_t n = 0;

	for (uint32_t i = t->gossip.first_peer[m]; i < t->gossip.first_peer[m + 1]; i++)
		n += t->gossip.peers[i] == peer;
	return n;
}

/* Partners are others, ascending, and partnership is mutual, as often from either side; each once unless
 * @parallel. */
static void peers_are_sound_or(const struct gn_topology *t, bool parallel)
{
	const struct gn_gossip *g = &t->gossip;

	assert_int_equal(g->first_peer[0], 0);
	for (uint32_t m = 0; m < g->n_members; m++) {
		for (uint32_t i = g->first_peer[m]; i < g->first_peer[m + 1]; i++) {
			uint32_t peer = g->peers[i];

			assert_true(peer < g->n_members && peer != m);
			assert_true(i == g->first_peer[m] || peer + parallel > g->peers[i - 1]);
			assert_int_equal(count_peer(t, peer, m), count_peer(t, m, peer));
		}
		assert_int_equal(gn_member_of(t, gn_node_of(t, m)), m);
	}
}

static void peers_are_sound(const struct gn_topology *t)
{
	peers_are_sound_or(t, false);
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
	assert_string_equal(t->gossip.protocol->name, "push-pull");
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
		for (uint32_t m = 0; m < t->gossip.n_members; m++)
			assert_int_equal(n_peers(t, m), cases[i].degree);
		gn_topology_free(t);
	}
}

/* The ideal network of n1 .. n<n>. */
#define IDEAL(n, gossip) "nodes: [{name: n, count: " #n "}]\ngossip: {" gossip "}\n"

static void grid(void **state)
{
	struct gn_topology *t = load_text(IDEAL(12, "overlay: grid, rows: 3"));

	(void)state;
	peers_are_sound(t);
	assert_int_equal(t->gossip.first_peer[12], 2 * (3 * 3 + 2 * 4));
	assert_true(has_peer(t, 5, 4) && has_peer(t, 5, 6) && has_peer(t, 5, 1) && has_peer(t, 5, 9));
	gn_topology_free(t);
	/* Nearly a square: rows of 4, 4 and 3. */
	t = load_text(IDEAL(11, "overlay: grid"));
	peers_are_sound(t);
	assert_int_equal(t->gossip.first_peer[11], 2 * (3 + 3 + 2 + 4 + 3));
	assert_true(has_peer(t, 10, 9) && has_peer(t, 10, 6));
	gn_topology_free(t);
}

/* Every model, with its defaults and with its keys, on an ideal network and on one that is emulated. */
static void models(void **state)
{
	static const struct {
		const char *gossip;
		uint32_t least, most; /* partners in all */
		bool parallel;
	} cases[] = {
		{ "overlay: ring", 200, 200, false },
		{ "overlay: grid, rows: 10", 360, 360, false },
		{ "overlay: k-regular", 400, 400, false },
		{ "overlay: k-regular, degree: 3", 300, 300, false },
		{ "overlay: erdos-renyi, edges: 250", 500, 500, false },
		{ "overlay: erdos-renyi, probability: 0.1", 700, 1300, false },
		{ "overlay: barabasi-albert", 2 * 2 * 99, 2 * 2 * 99, true },
		{ "overlay: barabasi-albert, edges: 3", 2 * 3 * 99, 2 * 3 * 99, true },
		{ "overlay: watts-strogatz, rewire: 0.1", 400, 400, false },
		{ "overlay: watts-strogatz, rewire: 1, degree: 6", 600, 600, false },
		{ "overlay: chung-lu", 500, 950, true },
		{ "overlay: chung-lu, degree: 1.5, exponent: 3", 150, 400, true },
	};

	(void)state;
	for (size_t i = 0; i < GN_ARRAY_LEN(cases); i++) {
		for (int ideal = 0; ideal < 2; ideal++) {
			GN_CLEANUP(gn_free_p)
			char *text = gn_format("nodes: [{name: n, count: 100}%s]\n%sgossip: {%s}\n",
					       ideal ? "" : ", {name: s, kind: switch}",
					       ideal ? "" : "links: [{between: [n, s]}]\n", cases[i].gossip);
			struct gn_topology *t = load_text(text), *other = load_seeded(text, 2);
			uint32_t n = t->gossip.first_peer[100], n_other = other->gossip.first_peer[100];

			print_message("# %s: %u\n", cases[i].gossip, n);
			assert_true(n >= cases[i].least && n <= cases[i].most);
			peers_are_sound_or(t, cases[i].parallel);
			/* Another seed is another graph, where chance has a part in it. */
			assert_int_equal(n == n_other &&
						 !memcmp(t->gossip.peers, other->gossip.peers, n * sizeof(n)),
					 i < 2);
			gn_topology_free(other);
			gn_topology_free(t);
		}
	}
}

/* The size of a member's component; its members are marked with a 1. */
static uint32_t walk_component(const struct gn_gossip *g, uint32_t from, uint8_t *marked)
{
	uint32_t *todo = malloc(g->n_members * sizeof(*todo)), n = 1;

	todo[0] = from;
	marked[from] = 1;
	for (uint32_t done = 0; done < n; done++) {
		for (uint32_t i = g->first_peer[todo[done]]; i < g->first_peer[todo[done] + 1]; i++) {
			if (!marked[g->peers[i]]) {
				marked[g->peers[i]] = 1;
				todo[n++] = g->peers[i];
			}
		}
	}
	free(todo);
	return n;
}

/* What counts is the largest component, and an event without an origin comes from its first member. */
static void the_largest_component_counts(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct gn_topology *t = load_seeded(IDEAL(1000, "overlay: erdos-renyi, edges: 600"), seed);
		const struct gn_gossip *g = &t->gossip;
		uint8_t seen[1000] = { 0 }, counted[1000] = { 0 };
		uint32_t best = 0, largest = 0, first = 0;

		for (uint32_t m = 0; m < 1000; m++) {
			uint32_t size = seen[m] ? 0 : walk_component(g, m, seen);

			if (size > largest) {
				largest = size;
				best = m;
			}
		}
		walk_component(g, best, counted);
		assert_non_null(g->counted);
		assert_memory_equal(g->counted, counted, 1000);
		assert_int_equal(g->n_counted, largest);
		while (!counted[first])
			first++;
		assert_int_equal(t->events[0].node, first);
		gn_topology_free(t);
	}
	struct gn_topology *t = load_text(IDEAL(100, "overlay: erdos-renyi, probability: 1"));

	assert_null(t->gossip.counted);
	assert_int_equal(t->gossip.n_counted, 100);
	gn_topology_free(t);
	t = load_text(IDEAL(100, "overlay: full"));
	assert_null(t->gossip.counted);
	assert_int_equal(t->gossip.n_counted, 100);
	gn_topology_free(t);
}

static void values_that_cannot_be(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ IDEAL(4, "overlay: neighbours"), "2:19: overlay: neighbours needs links" },
		{ IDEAL(10, "overlay: grid, rows: 3"),
		  "2:31: 10 gossiping nodes do not make 3 rows of equal length" },
		{ IDEAL(10, "overlay: grid, rows: 0"), "2:31: rows must be" },
		{ IDEAL(9, "overlay: k-regular, degree: 3"),
		  "2:38: degree 3 and 9 gossiping nodes are both odd" },
		{ IDEAL(4, "overlay: k-regular, degree: 4"),
		  "2:38: degree 4 needs more than 4 gossiping nodes" },
		{ IDEAL(4, "overlay: k-regular, degree: 1"), "2:38: with degree 1 only two nodes" },
		{ IDEAL(4, "overlay: k-regular, degree: 2.5"), "2:38: degree must be a whole number" },
		{ IDEAL(4, "overlay: erdos-renyi"),
		  "2:19: overlay: erdos-renyi needs one of probability and edges\n" },
		{ IDEAL(4, "overlay: erdos-renyi, edges: 2, probability: 0.1"),
		  "2:32: overlay: erdos-renyi needs one of probability and edges, not both" },
		{ IDEAL(4, "overlay: erdos-renyi, edges: 7"),
		  "2:39: edges: 4 gossiping nodes have only 6 pairs" },
		{ IDEAL(2, "overlay: watts-strogatz, rewire: 0"),
		  "2:19: overlay: watts-strogatz needs at least three" },
		{ IDEAL(9, "overlay: watts-strogatz, rewire: 0, degree: 3"), "2:54: degree must be even" },
		{ IDEAL(9, "overlay: watts-strogatz, rewire: 0, degree: 10"),
		  "2:54: degree 10 needs more than 9" },
		{ IDEAL(1000, "overlay: chung-lu, degree: 1000000"), "2:19: the overlay has more than " },
		{ IDEAL(9, "overlay: barabasi-albert, edges: 100000000"),
		  "2:19: the overlay has more than " },
	};

	(void)state;
	for (size_t i = 0; i < GN_ARRAY_LEN(cases); i++) {
		GN_CLEANUP(gn_free_p) char *got = faults_of(cases[i].text, strlen(cases[i].text), NULL, 0);

		/* One line, and the place right. */
		if (strncmp(got, "t.yaml:", 7) || strncmp(got + 7, cases[i].want, strlen(cases[i].want)) ||
		    strchr(got, '\n') != got + strlen(got) - 1)
			fail_msg("%s: said \"%s\", wanted \"%s\"", cases[i].text, got, cases[i].want);
	}
}

static void write_file(const char *path, const char *text, size_t n)
{
	FILE *f = fopen(path, "w");

	fwrite(text, 1, n, f);
	fclose(f);
}

#define TEXT(s) s, sizeof(s) - 1
#define OF_FILE "nodes: [{name: n, count: 8}, {name: x}]\ngossip: {on: n, overlay: file, file: %s}\n"

/* Two parts of four members; n8 is alone; a pair that is written twice is called twice as often. */
static void file_of_pairs(void **state)
{
	static const char pairs[] = "# a comment\n\n n5\tn6 # and one here\r\nn6 n7\nn3 n7\n"
				    "n1 n2\nn2 n4\nn2 n4\nn4   n2\nn5 n7";
	static const uint8_t counted[] = { 0, 0, 1, 0, 1, 1, 1, 0 };
	char path[] = "/tmp/gossipnet-test.XXXXXX";
	int fd = mkstemp(path);

	(void)state;
	write_file(path, TEXT(pairs));
	GN_CLEANUP(gn_free_p) char *text = gn_format(OF_FILE, path);
	struct gn_topology *t = load_text(text);

	peers_are_sound_or(t, true);
	assert_int_equal(t->gossip.first_peer[8], 2 * 8);
	assert_int_equal(count_peer(t, 3, 1), 3);
	assert_int_equal(count_peer(t, 6, 2), 1);
	assert_int_equal(n_peers(t, 7), 0);
	assert_memory_equal(t->gossip.counted, counted, 8);
	assert_int_equal(t->gossip.n_counted, 4);
	assert_int_equal(t->events[0].node, 2);
	gn_topology_free(t);
	/* Of two parts of the same size, that with the first member. */
	write_file(path, TEXT("n3 n4\nn5 n2\n"));
	t = load_text(text);
	assert_true(t->gossip.counted[1] && t->gossip.counted[4] && t->gossip.n_counted == 2);
	gn_topology_free(t);
	/* An origin that is written must count. */
	GN_CLEANUP(gn_free_p) char *from = gn_format("%sevents: [{from: n3}]\n", text);
	GN_CLEANUP(gn_free_p) char *got = faults_of(from, strlen(from), NULL, 0);

	assert_string_equal(got,
			    "t.yaml:3:17: n3 is not in the overlay's largest component, 2 of 8 nodes, which "
			    "alone counts\n");
	close(fd);
	unlink(path);
}

/* Each with its line; the file itself where it is named. */
static void files_with_faults(void **state)
{
	static const struct {
		const char *pairs;
		size_t n;
		const char *want;
	} cases[] = {
		{ TEXT("n1 n2\nn1\n"), "%:2:1: a line has the names of two nodes, this one has 1\n" },
		{ TEXT("n1 n2 n3\n"), "%:1:1: a line has the names of two nodes, this one has 3\n" },
		{ TEXT("n1 n2\n  n1 n9\n"), "%:2:6: no node is called \"n9\": the group n has n1 to n8\n" },
		{ TEXT("n1 x\n"), "%:1:4: x does not gossip\n" },
		{ TEXT("n n1\n"), "%:1:1: n is a group: a pair is of two nodes\n" },
		{ TEXT("n4 n4\n"), "%:1:1: n4 cannot be its own partner\n" },
		{ TEXT("n1 n\0\n"), "%:1:1: not a text: there is a byte 0\n" },
		{ TEXT("# nothing\n"), "t.yaml:2:38: \"%\" has no pairs\n" },
		{ TEXT("n1 y\nn2 n1\nz n3"),
		  "%:1:4: no node or group is called \"y\"\n%:3:1: no node or group is called \"z\"\n" },
	};
	char path[] = "/tmp/gossipnet-test.XXXXXX";
	int fd = mkstemp(path);

	(void)state;
	for (size_t i = 0; i < GN_ARRAY_LEN(cases); i++) {
		GN_CLEANUP(gn_free_p) char *text = gn_format(OF_FILE, path);
		const char *first = strchr(cases[i].want, '%'), *second = strchr(first + 1, '%');
		GN_CLEANUP(gn_free_p)
		char *want = gn_format("%.*s%s%.*s%s%s", (int)(first - cases[i].want), cases[i].want, path,
				       (int)(second ? second - first - 1 : (int)strlen(first + 1)), first + 1,
				       second ? path : "", second ? second + 1 : "");

		write_file(path, cases[i].pairs, cases[i].n);
		GN_CLEANUP(gn_free_p) char *got = faults_of(text, strlen(text), NULL, 0);

		assert_string_equal(got, want);
	}
	close(fd);
	unlink(path);
	static const char *const unreadable[][2] = {
		{ "/no/where", "t.yaml:2:38: cannot read \"/no/where\": No such file or directory\n" },
		{ "/dev/zero", "t.yaml:2:38: cannot read \"/dev/zero\": it is not a file\n" },
		{ "/", "t.yaml:2:38: cannot read \"/\": it is not a file\n" },
	};

	for (size_t i = 0; i < GN_ARRAY_LEN(unreadable); i++) {
		GN_CLEANUP(gn_free_p) char *text = gn_format(OF_FILE, unreadable[i][0]);
		GN_CLEANUP(gn_free_p) char *got = faults_of(text, strlen(text), NULL, 0);

		assert_string_equal(got, unreadable[i][1]);
	}
}

/* Computed once, with the first version that had this overlay: a seed's partners are the same for ever. */
static void seeds_are_for_ever(void **state)
{
	struct gn_topology *t = load_text(LAN(100) "gossip: {overlay: k-regular}\n");
	uint64_t sum = 0;

	(void)state;
	for (uint32_t i = 0; i < t->gossip.first_peer[100]; i++)
		sum = sum * 31 + t->gossip.peers[i];
	assert_true(sum == UINT64_C(2607434512912698194));
	gn_topology_free(t);
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
		cmocka_unit_test(defaults),
		cmocka_unit_test(members_are_chosen),
		cmocka_unit_test(ring),
		cmocka_unit_test(k_regular),
		cmocka_unit_test(grid),
		cmocka_unit_test(models),
		cmocka_unit_test(the_largest_component_counts),
		cmocka_unit_test(values_that_cannot_be),
		cmocka_unit_test(file_of_pairs),
		cmocka_unit_test(files_with_faults),
		cmocka_unit_test(seeds_are_for_ever),
		cmocka_unit_test(neighbours),
		cmocka_unit_test(reachable_by_ip),
		cmocka_unit_test(schedule),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
