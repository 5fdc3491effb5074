/* SPDX-License-Identifier: MIT */
/* Files as a whole: includes, --set, seeds, the resolved text, the schema, the examples, size. */
#include "topo.h"

#include <dirent.h>
#include <malloc.h>
#include <sys/stat.h>
#include <time.h>

#include "topo/schema.h"

struct folder {
	char path[64];
};

static struct folder folder_make(void)
{
	struct folder f = { "/tmp/gn-load-test-XXXXXX" };

	assert_non_null(mkdtemp(f.path));
	return f;
}

static void folder_write(const struct folder *f, const char *name, const char *text)
{
	GN_CLEANUP(gn_free_p) char *path = gn_format("%s/%s", f->path, name);
	FILE *out = fopen(path, "w");

	assert_non_null(out);
	fputs(text, out);
	assert_int_equal(fclose(out), 0);
}

static void folder_remove(const char *path)
{
	DIR *d = opendir(path);

	for (struct dirent *e; (e = readdir(d));) {
		GN_CLEANUP(gn_free_p) char *child = gn_format("%s/%s", path, e->d_name);

		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 && unlink(child))
			folder_remove(child);
	}
	closedir(d);
	rmdir(path);
}

/* Load "main.yaml" of the folder: the plan, or the faults with the folder's name taken out. */
static char *load_folder(const struct folder *f, const char *const *sets, size_t n_sets)
{
	GN_CLEANUP(gn_free_p) char *path = gn_format("%s/main.yaml", f->path);
	const struct gn_load_options o = { .file = path, .sets = sets, .n_sets = n_sets, TOPO_PROTOCOLS };
	struct gn_topology *t = NULL;
	struct gn_faults faults = { 0 };
	char *text = gn_strdup("");

	if (!gn_topology_load(&o, &t, &faults)) {
		free(text);
		text = plan_of(t);
	}
	for (size_t i = 0; i < faults.n; i++) {
		const char *line = faults.lines[i];
		size_t n = strlen(f->path);
		char *more = gn_format("%s%s\n", text, strncmp(line, f->path, n) ? line : line + n + 1);

		free(text);
		text = more;
	}
	gn_faults_done(&faults);
	gn_topology_free(t);
	return text;
}

static void assert_has(const char *text, const char *piece)
{
	if (!strstr(text, piece)) {
		print_error("no \"%s\" in:\n%s", piece, text);
		fail();
	}
}

/* How many members of a group each place gets, and that the first get the first. */
static void groups_are_spread(void **state)
{
	static const struct {
		const char *why, *over;
		unsigned members, want[3];
	} cases[] = {
		{ "by weight", "{a: 3, b: 1}", 200, { 150, 50 } },
		{ "the largest remainder gets the last: 6.67, 2.22, 1.11",
		  "{a: 3, b: 1, c: 0.5}",
		  10,
		  { 7, 2, 1 } },
		{ "quotas 0.6, 0.3, 2.1", "{a: 0.6, b: 0.3, c: 2.1}", 3, { 1, 0, 2 } },
		{ "among equals the first", "[a, b, c]", 5, { 2, 2, 1 } },
		{ "fewer than places", "[c, b, a]", 2, { 0, 1, 1 } },
		{ "a name twice counts twice", "[a, b, a]", 30, { 20, 10 } },
		{ "mixed", "[a, b: 2, {c: 3}]", 12, { 2, 4, 6 } },
		{ "a group of places", "{r: 2, c: 6}", 8, { 0, 0, 6 } },
	};

	(void)state;
	for (size_t i = 0; i < GN_ARRAY_LEN(cases); i++) {
		GN_CLEANUP(gn_free_p)
		char *text = gn_format(
			"nodes: [{name: n, count: %u}, {name: a, kind: router}, {name: b, kind: router}, {name: c, "
			"kind: router}, {name: r, count: 1, kind: router}]\n"
			"links: [{spread: n, over: %s}, {between: [a, b]}, {between: [b, c]}, {between: [c, r]}]\n",
			cases[i].members, cases[i].over);
		struct gn_topology *t = load_text(text);
		unsigned got[4] = { 0 };

		print_message("# %s\n", cases[i].why);
		for (uint32_t l = 0; l < cases[i].members; l++) {
			const struct gn_link *link = &t->links[l];

			assert_int_equal(link->node[0], l);
			got[link->node[1] - cases[i].members]++;
		}
		for (int k = 0; k < 3; k++)
			assert_int_equal(got[k], cases[i].want[k]);
		gn_topology_free(t);
	}
}

static void includes_merge(void **state)
{
	struct folder f = folder_make();
	GN_CLEANUP(gn_free_p) char *sub = gn_format("%s/lib", f.path);

	(void)state;
	assert_int_equal(mkdir(sub, 0700), 0);
	folder_write(&f, "main.yaml",
		     "include: [lib/base.yaml, more.yaml]\n"
		     "nodes: [{name: c}]\n"
		     "links: [{between: [c, s]}]\n"
		     "gossip: {period: 50ms}\n"
		     "generate: {graph: line, name: l, nodes: 2, kind: router}\n");
	folder_write(&f, "lib/base.yaml",
		     "include: deep.yaml\nseed: 5\nduration: 7s\ngossip: {fanout: 2, period: 1s}\n"
		     "nodes: [{name: a}]\nlinks: [{between: [a, s]}]\n");
	folder_write(
		&f, "lib/deep.yaml",
		"nodes: [{name: s, kind: switch}]\nduration: 1s\ngenerate: {graph: line, name: k, nodes: 2, kind: router}\n");
	folder_write(&f, "more.yaml", "duration: 8s\nnodes: [{name: b}]\nlinks: [{between: [b, s]}]\n");
	GN_CLEANUP(gn_free_p) char *plan = load_folder(&f, NULL, 0);

	/* Lists one after the other, included ones first; single values: the later and outer wins. */
	assert_has(plan, "topology main\n");
	assert_has(plan, "seed 5, duration 8s, log arrivals\n");
	assert_has(plan, "members 3, fanout 2, period 50ms, clock periodic, overlay full\n");
	assert_has(plan, "node s switch lan 0 root ports 3\n"
			 "node a host 10.0.0.1 ports 1\n"
			 "node b host 10.0.0.2 ports 1\n"
			 "node c host 10.0.0.3 ports 1\n"
			 "node k1 router 10.0.0.8 ports 1\n");
	assert_has(plan, "node l2 router");
	folder_remove(f.path);
}

static void include_faults_name_their_file(void **state)
{
	struct folder f = folder_make();

	(void)state;
	folder_write(
		&f, "main.yaml",
		"include: [a.yaml, b.yaml, gone.yaml, loop.yaml, empty.yaml]\nnodes: [{name: x, kidn: host}]\n");
	folder_write(&f, "a.yaml", "seed: x\n");
	folder_write(&f, "b.yaml", "nodes: [\n");
	folder_write(&f, "loop.yaml", "include: loop2.yaml\n");
	folder_write(&f, "loop2.yaml", "include: main.yaml\n");
	folder_write(&f, "empty.yaml", "");
	GN_CLEANUP(gn_free_p) char *got = load_folder(&f, NULL, 0);
	GN_CLEANUP(gn_free_p)
	char *want = gn_format(
		"main.yaml:1:27: cannot read \"%s/gone.yaml\": No such file or directory\n"
		"main.yaml:2:19: unknown key \"kidn\" (did you mean \"kind\"?)\n"
		"a.yaml:1:7: seed must be a whole number, not \"x\"\n"
		"b.yaml:2:1: not YAML: did not find expected node content (while parsing a flow node that begins in line "
		"2)\n"
		"loop2.yaml:1:10: \"%s/main.yaml\" includes itself\n"
		"empty.yaml:1:1: the file is empty: a topology needs nodes or generate\n",
		f.path, f.path);

	assert_string_equal(got, want);
	folder_remove(f.path);
}

static void includes_do_not_explode(void **state)
{
	struct folder f = folder_make();

	(void)state;
	/* 2^20 files if nothing counts them. */
	folder_write(&f, "main.yaml", "include: [i0.yaml, i0.yaml]\n");
	for (int i = 0; i < 14; i++) {
		GN_CLEANUP(gn_free_p) char *name = gn_format("i%d.yaml", i);
		GN_CLEANUP(gn_free_p) char *text = gn_format("include: [i%d.yaml, i%d.yaml]\n", i + 1, i + 1);

		folder_write(&f, name, text);
	}
	folder_write(&f, "i14.yaml", "seed: 1\n");
	GN_CLEANUP(gn_free_p) char *got = load_folder(&f, NULL, 0);

	assert_has(got, "too many includes: at most 64 files, 16 deep\n");
	folder_remove(f.path);
}

static void unreadable_files(void **state)
{
	static const struct {
		const char *file, *want;
	} cases[] = {
		{ "/no/such/file.yaml",
		  "/no/such/file.yaml: cannot read the file: No such file or directory" },
		{ "/tmp", "/tmp: cannot read the file: Is a directory" },
	};

	(void)state;
	for (size_t i = 0; i < GN_ARRAY_LEN(cases); i++) {
		const struct gn_load_options o = { .file = cases[i].file, TOPO_PROTOCOLS };
		struct gn_topology *t = NULL;
		struct gn_faults f = { 0 };

		assert_int_equal(gn_topology_load(&o, &t, &f), -EINVAL);
		assert_int_equal(f.n, 1);
		assert_string_equal(f.lines[0], cases[i].want);
		gn_faults_done(&f);
	}
}

#define BASE "nodes: [{name: n, count: 3}, {name: s, kind: switch}]\nlinks: [{between: [n, s], loss: 1%}]\n"

static void set_puts_values_in_place(void **state)
{
	static const struct {
		const char *set, *want;
	} cases[] = {
		{ "nodes.0.count=10", "hosts 10," },
		{ "nodes.n.count=12", "hosts 12," },
		{ "links.0.loss=5%", "loss 5%" },
		{ "links.0.b_to_a.delay=3ms", "s:port0 -> n1:eth0 delay 3ms loss 1%" },
		{ "gossip.fanout=2", "fanout 2" },
		{ "gossip={fanout: 2}", "fanout 2" },
		{ "gossip.on=[n1, n3]", "members 2" },
		{ "seed=18446744073709551615", "seed 18446744073709551615" },
		{ "name=other", "topology other\n" },
		{ "events.0.at=2s", "event 1 at 2s from n1" },
		{ "events=[{at: 3s, from: n2}]", "event 1 at 3s from n2" },
		{ "nodes.2={name: x, kind: router}", "node x router" },
		{ "generate={graph: ring, name: g, nodes: 3, kind: router}", "node g3 router" },
		{ "until=informed", "until informed" },
		{ "until=duration", "duration 10s, log" },
	};

	(void)state;
	for (size_t i = 0; i < GN_ARRAY_LEN(cases); i++) {
		const struct gn_load_options o = {
			.file = "t.yaml", .sets = &cases[i].set, .n_sets = 1, TOPO_PROTOCOLS
		};
		struct gn_topology *t = NULL;
		struct gn_faults f = { 0 };

		print_message("# %s\n", cases[i].set);
		assert_int_equal(gn_topology_load_text(&o, BASE, strlen(BASE), gn_limits_default(), &t, &f),
				 0);
		GN_CLEANUP(gn_free_p) char *plan = plan_of(t);

		assert_has(plan, cases[i].want);
		gn_topology_free(t);
	}
}

static void later_sets_win_and_seed_wins_over_all(void **state)
{
	static const char *const sets[] = {
		"gossip.fanout=2", "seed=4", "gossip.fanout=1", "gossip.on=[n1, n2]", "gossip.on.0=n3",
	};
	const uint64_t seed = 9;
	const struct gn_load_options o = {
		.file = "t.yaml", .sets = sets, .n_sets = GN_ARRAY_LEN(sets), .seed = &seed, TOPO_PROTOCOLS
	};
	struct gn_topology *t = NULL;
	struct gn_faults f = { 0 };

	(void)state;
	assert_int_equal(gn_topology_load_text(&o, BASE, strlen(BASE), gn_limits_default(), &t, &f), 0);
	assert_int_equal(t->gossip.fanout, 1);
	assert_int_equal(t->seed, 9);
	assert_int_equal(t->gossip.n_members, 2); /* an item was replaced, the one after it is still there */
	assert_int_equal(t->gossip.members[1], 2);
	assert_has(gn_topology_resolved(t), "seed: 9\n");
	gn_topology_free(t);
}

static const char *const varied[] = {
	BASE,
	"generate: {graph: full, name: n, nodes: 9}\n"
	"gossip: {overlay: k-regular, degree: 2, on: n}\nname: \"quoted\"\n"
	"events: [{at: 1.5s, label: \"a: b, # c\", size: 1k}, {from: n, label: \"7\"}]\n",
	"generate: {graph: erdos-renyi, nodes: 40, probability: 0.3, delay: 1ms, jitter: 500us}\n"
	"gossip: {overlay: neighbours}\nseed: 77\n",
	"generate: [{graph: watts-strogatz, nodes: 30, degree: 4, rewire: 20%, name: w}]\n"
	"gossip: {overlay: neighbours}\nevents: [{label: \xc3\xa9t\xc3\xa9}, {label: \"\"}, {label: \"~\"}]\n",
	"generate: [{graph: barabasi-albert, nodes: 30, edges: 2, name: w, kind: router}]\n"
	"nodes:\n- {name: h, count: 30}\nlinks:\n- {between: [h, w3], a_to_b: {delay: 1ms}}\nuntil: informed\n"
	"duration: 1.5m\nlog: calls\n",
};

/* Without links. */
static const char *const ideal[] = {
	"nodes: [{name: n, count: 1000}]\n",
	"nodes: [{name: n, count: 3}]\nlinks: []\ngenerate: []\n",
	"nodes: [{name: n, count: 30}, {name: x}]\nnetwork: {delay: 9ms, jitter: 1ms, loss: 1%, duplicate: 2%, call_loss: 3%}\n"
	"gossip: {on: [x, n], protocol: power-law, beta: 2.25, redrawn: true, direction: pull, cap: 7, clock: poisson, "
	"forget: after 5 rounds, overlay: chung-lu, memory: true}\nlog: coverage\n",
	"nodes: [{name: n, count: 30}]\nnetwork: {loss: 0.5%}\n"
	"gossip: {protocol: tree, shift: -4, slope: -1.5, repair: 20ms, clock: rounds, overlay: grid}\n"
	"events: [{at: 0ms, from: n7}]\n",
	"nodes: [{name: n, count: 30}]\ngossip: {forget: {lost_interest: 0.25}, overlay: watts-strogatz, rewire: 0.5}\n",
};

/* What a run leaves in its folder is the same topology, also with another file name. */
static void check_resolved(const char *written)
{
	static const char *const sets[] = { "gossip.period=123ms" };
	const struct gn_load_options o = { .file = "t.yaml", .sets = sets, .n_sets = 1, TOPO_PROTOCOLS };
	const struct gn_load_options again = { .file = "topology.yaml", TOPO_PROTOCOLS };
	struct gn_topology *a = NULL, *b = NULL;
	struct gn_faults f = { 0 };

	assert_int_equal(gn_topology_load_text(&o, written, strlen(written), gn_limits_default(), &a, &f), 0);
	const char *text = gn_topology_resolved(a);

	assert_has(text, "period: 123ms\n");
	assert_int_equal(gn_topology_load_text(&again, text, strlen(text), gn_limits_default(), &b, &f), 0);
	assert_string_equal(text, gn_topology_resolved(b));
	GN_CLEANUP(gn_free_p) char *plan_a = plan_of(a);
	GN_CLEANUP(gn_free_p) char *plan_b = plan_of(b);

	assert_string_equal(plan_a, plan_b);
	gn_topology_free(a);
	gn_topology_free(b);
}

static void resolved_text_gives_the_same_plan(void **state)
{
	(void)state;
	for (size_t i = 0; i < GN_ARRAY_LEN(varied); i++)
		check_resolved(varied[i]);
	for (size_t i = 0; i < GN_ARRAY_LEN(ideal); i++)
		check_resolved(ideal[i]);
}

static void same_seed_same_plan(void **state)
{
	(void)state;
	for (size_t i = 1; i < GN_ARRAY_LEN(varied); i++) {
		struct gn_topology *a = load_seeded(varied[i], 3), *b = load_seeded(varied[i], 3);
		struct gn_topology *c = load_seeded(varied[i], 4);
		GN_CLEANUP(gn_free_p) char *plan_a = plan_of(a);
		GN_CLEANUP(gn_free_p) char *plan_b = plan_of(b);
		GN_CLEANUP(gn_free_p) char *plan_c = plan_of(c);

		assert_string_equal(plan_a, plan_b);
		/* Not only because the seed is printed. */
		assert_string_not_equal(strstr(plan_a, "\nlink 0 "), strstr(plan_c, "\nlink 0 "));
		gn_topology_free(a);
		gn_topology_free(b);
		gn_topology_free(c);
	}
}

static void names_are_found(void **state)
{
	struct gn_topology *t = load_text(BASE);

	(void)state;
	assert_int_equal(gn_topology_find(t, "n1"), 0);
	assert_int_equal(gn_topology_find(t, "s"), 3);
	assert_int_equal(gn_topology_find(t, "n"), GN_NONE); /* a group is no node */
	assert_int_equal(gn_topology_find(t, "x"), GN_NONE);
	assert_string_equal(t->nodes[0].group, "n");
	assert_string_equal(t->nodes[3].group, "s");
	gn_topology_free(t);
}

static void parameters_have_values_and_defaults(void **state)
{
	struct gn_topology *t = load_text(
		BASE "gossip: {protocol: power-law, beta: 2.25, redrawn: true, direction: pull, cap: 7}\n");
	struct gn_topology *d =
		load_text(BASE "gossip: {protocol: tree, slope: -2.5, shift: -9223372036854775808, "
			       "repair: 1.5us}\n");
	static const int64_t want[] = { 2250000, 1, 2, 7 }, defaults[] = { 16, 1500, INT64_MIN, -2500000 };
	GN_CLEANUP(gn_free_p) char *plan = plan_of(d);

	(void)state;
	assert_string_equal(t->gossip.protocol->name, "power-law");
	assert_memory_equal(t->gossip.parameters, want, sizeof(want));
	assert_memory_equal(d->gossip.parameters, defaults, sizeof(defaults));
	assert_has(plan, "parameter cap 16\nparameter repair 1500ns\nparameter shift -9223372036854775808\n"
			 "parameter slope -2.5\n");
	gn_topology_free(t);
	gn_topology_free(d);
}

static void forgetting_is_written_in_two_ways(void **state)
{
	static const struct {
		const char *text;
		uint32_t after, lost_interest;
	} cases[] = {
		{ "never", 0, 0 },
		{ "after 1 round", 1, 0 },
		{ "after 5 rounds", 5, 0 },
		{ "{after: 4294967295}", UINT32_MAX, 0 },
		{ "lost interest with probability 0.2", 0, 200000 },
		{ "lost interest with probability 1", 0, 1000000 },
		{ "{lost_interest: 0.000001}", 0, 1 },
	};
	const struct gn_load_options o = { .file = "t.yaml",
					   .sets = (const char *[]){ "gossip.forget.after=9" },
					   .n_sets = 1,
					   TOPO_PROTOCOLS };
	static const char base[] = BASE "gossip: {forget: after 5 rounds}\n";
	struct gn_faults f = { 0 };
	struct gn_topology *t;

	(void)state;
	for (size_t i = 0; i < GN_ARRAY_LEN(cases); i++) {
		GN_CLEANUP(gn_free_p) char *text = gn_format("%sgossip: {forget: %s}\n", BASE, cases[i].text);

		t = load_text(text);
		assert_int_equal(t->gossip.forget_after, cases[i].after);
		assert_int_equal(t->gossip.lost_interest_ppm, cases[i].lost_interest);
		gn_topology_free(t);
	}
	assert_int_equal(gn_topology_load_text(&o, base, strlen(base), gn_limits_default(), &t, &f), 0);
	assert_int_equal(t->gossip.forget_after, 9);
	gn_topology_free(t);
}

/* A path is relative to the file where it is written, and absolute in what is resolved. */
static void other_files_are_found_from_anywhere(void **state)
{
	struct folder f = folder_make();
	GN_CLEANUP(gn_free_p) char *sub = gn_format("%s/lib", f.path);
	GN_CLEANUP(gn_free_p) char *main = gn_format("%s/main.yaml", f.path);
	GN_CLEANUP(gn_free_p) char *line = gn_format("protocol: %s/lib/mine.so", f.path);
	GN_CLEANUP(gn_free_p) char *pairs = gn_format("file: %s/lib/pairs", f.path);
	const struct gn_load_options o = { .file = main, TOPO_PROTOCOLS };
	struct gn_topology *t = NULL;
	struct gn_faults faults = { 0 };

	(void)state;
	assert_int_equal(mkdir(sub, 0700), 0);
	folder_write(&f, "lib/mine.so", "");
	folder_write(&f, "lib/pairs", "n1 n2\nn2 n3\n");
	folder_write(&f, "lib/gossip.yaml",
		     "gossip: {protocol: ../lib/./mine.so, cap: 2, overlay: file, file: pairs}\n");
	folder_write(&f, "main.yaml", "include: lib/gossip.yaml\n" BASE);
	assert_int_equal(gn_topology_load(&o, &t, &faults), 0);
	assert_string_equal(t->gossip.protocol->name, "mine");
	assert_int_equal(t->gossip.parameters[0], 2);
	const char *resolved = gn_topology_resolved(t);

	assert_has(resolved, line);
	assert_has(resolved, pairs);
	check_resolved(resolved);
	gn_topology_free(t);
	folder_remove(f.path);
}

static const char *live_fault(const char *text, struct gn_err *err)
{
	struct gn_topology *t = load_text(text);
	int r = gn_topology_for_live(t, err);

	assert_int_equal(r, *err->text ? -EINVAL : 0);
	gn_topology_free(t);
	return err->text;
}

static void what_cannot_run_live_says_why(void **state)
{
	(void)state;
	assert_string_equal(live_fault(BASE, &(struct gn_err){ 0 }), "");
	assert_string_equal(live_fault(BASE "gossip: {clock: poisson}\n", &(struct gn_err){ 0 }), "");
	assert_string_equal(
		live_fault("nodes: [{name: n, count: 3}]\n", &(struct gn_err){ 0 }),
		"t has no links: an ideal network is for gossipnet sim; to run it live, give it links");
	assert_string_equal(
		live_fault(BASE "gossip: {clock: rounds}\n", &(struct gn_err){ 0 }),
		"clock: rounds is for gossipnet sim: processes share no rounds; take clock: periodic");
	assert_string_equal(
		live_fault(BASE "log: coverage\n", &(struct gn_err){ 0 }),
		"log: coverage is for gossipnet sim: a live run keeps arrivals; take log: arrivals");
}

static void ideal_networks_are_groups(void **state)
{
	struct gn_topology *
		t = load_text(ideal[2]),
	       *on = load_text(
		       "nodes: [{name: a}, {name: n, count: 20}, {name: b}]\ngossip: {on: [b, n20, n3, n]}\nevents: [{from: b}]\n");
	char name[GN_NODE_NAME_MAX + 1];

	(void)state;
	assert_true(t->ideal && !t->nodes && !t->gossip.members);
	assert_int_equal(t->n_groups, 2);
	assert_int_equal(t->gossip.n_members, 31);
	assert_int_equal(t->network.delay, 9000000);
	assert_int_equal(t->network.jitter, 1000000);
	assert_int_equal(t->network.loss_ppm, 10000);
	assert_int_equal(t->network.duplicate_ppm, 20000);
	assert_int_equal(t->call_loss_ppm, 30000);
	assert_true(t->gossip.clock == GN_CLOCK_POISSON && t->gossip.avoid_last);
	assert_int_equal(gn_topology_find(t, "n30"), 29);
	assert_int_equal(gn_topology_find(t, "n31"), GN_NONE);
	assert_int_equal(gn_topology_find(t, "x"), 30);
	assert_string_equal(gn_node_name(t, 29, name), "n30");
	assert_string_equal(gn_node_name(t, 30, name), "x");

	/* Members in the order of the file, each once. */
	assert_int_equal(on->gossip.n_members, 21);
	assert_int_equal(gn_member_of(on, 0), GN_NONE);
	assert_int_equal(gn_member_of(on, 1), 0);
	assert_int_equal(gn_member_of(on, 21), 20);
	assert_int_equal(gn_node_of(on, 20), 21);
	assert_int_equal(on->events[0].node, 21);
	GN_CLEANUP(gn_free_p) char *plan = plan_of(on);

	assert_has(plan, "nodes 22: hosts 22, switches 0, routers 0\nlinks 0, lans 0, routes 0\n");
	assert_has(
		plan,
		"network ideal\nnode a host\nnodes n1 to n20 host\nnode b host\nmember 0 n1 partners all\n");
	assert_has(plan, "member 20 b partners all\nevent 1 at 1s from b size 0\n");
	gn_topology_free(t);
	gn_topology_free(on);
}

/* Who is in the largest component is chance: without `from:` an event comes from the first of them. */
static void events_start_where_it_counts(void **state)
{
	struct gn_topology *t =
		load_text("nodes: [{name: n, count: 100}]\ngossip: {overlay: erdos-renyi, edges: 45}\n"
			  "seed: 2\nevents: [{at: 1s}, {at: 2s}]\n");
	uint32_t first = 0;

	(void)state;
	assert_non_null(t->gossip.counted);
	while (!t->gossip.counted[first])
		first++;
	assert_true(first > 0); /* else the seed proves nothing */
	assert_int_equal(t->events[0].node, first);
	assert_int_equal(t->events[1].node, first);
	gn_topology_free(t);
}

static void default_names_are_usable(void **state)
{
	static const struct {
		const char *file, *want;
	} cases[] = {
		{ "topo/line.yaml", "line" }, { "a.yml", "a" },
		{ "x y.yaml", "x_y" },	      { "/dev/stdin", "stdin" },
		{ ".yaml", "_yaml" },	      { "../-o.yaml", "_o" },
		{ "v1.2.yaml", "v1.2" },      { "r\xc3\xa9seau", "r__seau" },
	};

	(void)state;
	for (size_t i = 0; i < GN_ARRAY_LEN(cases); i++) {
		const struct gn_load_options o = { .file = cases[i].file, TOPO_PROTOCOLS };
		struct gn_topology *t = NULL;
		struct gn_faults f = { 0 };

		assert_int_equal(gn_topology_load_text(&o, BASE, strlen(BASE), gn_limits_default(), &t, &f),
				 0);
		assert_string_equal(t->name, cases[i].want);
		gn_topology_free(t);
	}
}

static void other_line_ends_and_marks(void **state)
{
	(void)state;
	gn_topology_free(load_text("\xef\xbb\xbf" BASE));
	gn_topology_free(load_text("nodes:\r\n- {name: n, count: 3}\r\nlinks:\r\n- {between: [n, n]}\r\n"));
	gn_topology_free(load_text("%YAML 1.1\n---\n" BASE "...\n"));
}

static void every_example_loads(void **state)
{
	static const char *const files[] = { "quickstart", "line", "grid", "lan-1000", "cloud-regions" };

	(void)state;
	for (size_t i = 0; i < GN_ARRAY_LEN(files); i++) {
		GN_CLEANUP(gn_free_p) char *path = gn_format("topo/%s.yaml", files[i]);
		const struct gn_load_options o = { .file = path, TOPO_PROTOCOLS };
		struct gn_topology *t = NULL;
		struct gn_faults f = { 0 };

		assert_int_equal(gn_topology_load(&o, &t, &f), 0);
		assert_string_equal(t->name, files[i]);
		assert_true(t->until_informed && t->n_events == 1);
		gn_topology_free(t);
	}
}

/* The whole matrix, both directions: what a ping between two regions takes. */
static void cloud_regions_are_the_matrix(void **state)
{
	static const char *const regions[] = { "dallas", "toronto", "washington", "frankfurt", "london",
					       "madrid", "osaka",   "sydney",	  "tokyo",     "saopaulo" };
	static const unsigned rtt[10][10] = {
		{ 2, 34, 31, 123, 113, 119, 150, 185, 141, 144 },
		{ 34, 2, 19, 93, 84, 108, 169, 214, 162, 131 },
		{ 31, 19, 2, 90, 76, 89, 175, 213, 169, 119 },
		{ 123, 92, 92, 2, 13, 29, 232, 250, 231, 197 },
		{ 114, 84, 76, 13, 2, 27, 244, 261, 242, 188 },
		{ 122, 106, 88, 29, 27, 2, 259, 275, 255, 207 },
		{ 150, 171, 176, 234, 245, 259, 2, 122, 9, 292 },
		{ 184, 214, 214, 250, 261, 275, 122, 2, 115, 328 },
		{ 143, 164, 167, 231, 243, 257, 9, 115, 2, 287 },
		{ 144, 131, 119, 198, 188, 206, 291, 327, 287, 2 },
	};
	const struct gn_load_options o = { .file = "topo/cloud-regions.yaml", TOPO_PROTOCOLS };
	struct gn_topology *t = NULL;
	struct gn_faults f = { 0 };
	unsigned found = 0;

	(void)state;
	assert_int_equal(gn_topology_load(&o, &t, &f), 0);
	for (uint32_t l = 0; l < t->n_links; l++) {
		const struct gn_link *link = &t->links[l];
		unsigned region[2] = { 10, 10 };

		for (int end = 0; end < 2; end++) {
			const char *name = t->nodes[link->node[end]].name, *dash = strstr(name, "-router");

			for (unsigned r = 0; dash && r < 10; r++) {
				if (strlen(regions[r]) == (size_t)(dash - name) &&
				    !strncmp(regions[r], name, (size_t)(dash - name)))
					region[end] = r;
			}
		}
		for (int d = 0; d < 2; d++) {
			gn_dur want = region[0] < 10 && region[1] < 10
					      ? rtt[region[d]][region[!d]] * GN_MSEC / 2
					      : 0;

			assert_int_equal(link->shape[d].delay, want);
			assert_true(!link->shape[d].jitter && !link->shape[d].loss_ppm &&
				    !link->shape[d].rate_bps);
			found += want != 0;
		}
	}
	assert_int_equal(found, 90);
	gn_topology_free(t);
}

/* Brackets and quotes of the JSON text close; every key of the table is in it. */
static void schema_has_every_key(void **state)
{
	GN_CLEANUP(gn_free_p) char *json = gn_topology_schema(topo_protocol_at);
	const struct gn_schema *all[] = { gn_schema_topology(), gn_schema_generate(), gn_schema_gossip(),
					  gn_schema_forget() };
	int depth = 0;
	bool quoted = false;

	(void)state;
	assert_non_null(json);
	for (const char *c = json; *c; c++) {
		if (*c == '\\')
			c++;
		else if (*c == '"')
			quoted = !quoted;
		else if (!quoted)
			depth += (*c == '{' || *c == '[') - (*c == '}' || *c == ']');
		assert_true(depth >= 0);
	}
	assert_int_equal(depth, 0);
	assert_false(quoted);
	for (size_t s = 0; s < GN_ARRAY_LEN(all); s++) {
		for (size_t i = 0; i < all[s]->n; i++) {
			GN_CLEANUP(gn_free_p) char *key = gn_format("\"%s\": {", all[s]->keys[i].name);

			assert_has(json, key);
		}
	}
	assert_has(json, "{ \"enum\": [\"push\", \"pull\", \"push-pull\", \"power-law\", \"tree\"] }");
	assert_has(json, "\"description\": \"power-law: exponent\", \"type\": \"number\", \"minimum\": 1.1, "
			 "\"maximum\": 10 }");
	/* A parameter of two protocols. */
	assert_has(json, "\"maximum\": 1000 },\n");
	assert_has(json, "\"minimum\": 1, \"maximum\": 9223372036854775807 }\n");
	assert_has(
		json,
		"\"memory\", \"degree\", \"probability\", \"edges\", \"rewire\", \"exponent\", \"rows\", \"file\", "
		"\"beta\", \"redrawn\", \"direction\", \"cap\", \"repair\", \"shift\", \"slope\"]");
}

/* Each key of the table, with its choices, is in the manual. */
static void check_manual(const char *manual, const struct gn_schema *s)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct gn_key *k = &s->keys[i];
		GN_CLEANUP(gn_free_p) char *item = gn_format("\n.It Cm %s ", k->name);

		assert_has(manual, item);
		for (size_t c = 0; k->choices && k->choices[c]; c++)
			assert_has(manual, k->choices[c]);
		if (k->inner)
			check_manual(manual, k->inner);
	}
}

static void manual_has_every_key(void **state)
{
	static char manual[131072];
	FILE *f = fopen("man/gossipnet-topology.5", "r");

	(void)state;
	assert_non_null(f);
	manual[fread(manual, 1, sizeof(manual) - 1, f)] = '\0';
	fclose(f);
	check_manual(manual, gn_schema_topology());
}

#ifndef __has_feature
#define __has_feature(x) 0 /* clang's question; gcc defines a macro instead */
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define IS_SLOWED_DOWN true
#else
#define IS_SLOWED_DOWN false
#endif

/* Promised for 100,000 nodes, in CPU time: other processes do not count. */
static void assert_quick(clock_t start, const char *what)
{
	const char *preloaded = getenv("LD_PRELOAD");
	double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;

	print_message("# %s: %.2f s\n", what, seconds);
	if (!IS_SLOWED_DOWN && !(preloaded && strstr(preloaded, "vgpreload")))
		assert_true(seconds < 2);
}

/* An ideal network is not made node by node. */
static void ten_million_ideal_nodes(void **state)
{
	static const char text[] = "nodes: [{name: n, count: 10000000}]\nevents: [{from: n9999999}]\n";
	const struct gn_load_options o = { .file = "t.yaml", TOPO_PROTOCOLS };
	struct gn_topology *t = NULL;
	struct gn_faults faults = { 0 };
	size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
	clock_t start = clock();

	(void)state;
	assert_int_equal(gn_topology_load_text(&o, text, strlen(text), gn_limits_default(), &t, &faults), 0);
	double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
	size_t bytes = mallinfo2().uordblks + mallinfo2().hblkhd - before;
	GN_CLEANUP(gn_free_p) char *plan = plan_of(t);

	print_message("# 10,000,000 nodes: %.4f s, %zu bytes\n", seconds, bytes);
	assert_true(IS_SLOWED_DOWN || (seconds < 0.05 && bytes < 1000000));
	assert_int_equal(t->events[0].node, 9999998);
	assert_int_equal(t->gossip.n_members, 10000000);
	assert_true(strlen(plan) < 1000);
	gn_topology_free(t);
}

static void hundred_thousand_nodes(void **state)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	const struct gn_load_options o = { .file = "t.yaml", TOPO_PROTOCOLS };
	struct gn_topology *t = NULL;
	struct gn_faults faults = { 0 };

	(void)state;
	fprintf(f, "nodes:\n- {name: s, count: 100, kind: switch}\n");
	for (int i = 0; i < 100000; i++)
		fprintf(f, "- {name: host-%d, kind: host}\n", i);
	fprintf(f, "links:\n");
	for (int i = 2; i <= 100; i++)
		fprintf(f, "- {between: [s%d, s%d]}\n", i / 2, i);
	for (int i = 0; i < 100000; i++)
		fprintf(f, "- {between: [host-%d, s%d], delay: 10ms, jitter: 2ms, loss: 1%%}\n", i,
			i % 100 + 1);
	fclose(f);
	clock_t start = clock();

	assert_int_equal(gn_topology_load_text(&o, text, size, gn_limits_default(), &t, &faults), 0);
	assert_quick(start, "100,000 nodes, each written out");
	assert_int_equal(t->n_nodes, 100100);
	assert_int_equal(t->n_routes, 100000);
	gn_topology_free(t);
	free(text);
}

/* Routes grow with the square of the routers: what would take minutes is refused at once. */
static void hundred_thousand_routers(void **state)
{
	static const struct {
		const char *graph, *fault;
	} cases[] = {
		{ "barabasi-albert, nodes: 100000, edges: 2",
		  "t.yaml:1:1: more than 20000000 routes: use fewer routers, "
		  "or LANs and hosts with one link each\n" },
		{ "line, nodes: 100000",
		  "t.yaml:1:1: shortest paths that take more than 4000000000 steps (routers times links): "
		  "use fewer routers\n" },
	};

	(void)state;
	for (size_t i = 0; i < GN_ARRAY_LEN(cases); i++) {
		GN_CLEANUP(gn_free_p)
		char *text = gn_format("generate: {graph: %s, kind: router}\ngossip: {on: [n1, n2]}\n",
				       cases[i].graph);
		clock_t start = clock();
		GN_CLEANUP(gn_free_p) char *faults = faults_of(text, strlen(text), NULL, 0);

		assert_string_equal(faults, cases[i].fault);
		assert_quick(start, cases[i].graph);
	}
}

static void the_plan_says_where_packets_may_overtake(void **state)
{
	struct gn_topology *t =
		load_text("nodes: [{name: a}, {name: b}]\n"
			  "links: [{between: [a, b], delay: 9ms, jitter: 2ms, b_to_a: {rate: 1mbit}}]\n");
	GN_CLEANUP(gn_free_p) char *plan = plan_of(t);

	(void)state;
	gn_topology_free(t);
	assert_has(plan, "a:eth0 -> b:eth0 delay 9ms jitter 2ms (may reorder) limit");
	assert_has(plan, "b:eth0 -> a:eth0 delay 9ms jitter 2ms rate 1mbit limit");
}

static void the_limit_of_routes_is_exact(void **state)
{
	static const char text[] = "generate: {graph: ring, nodes: 1500, kind: router}\n"
				   "gossip: {on: [n1, n2]}\n";
	const struct gn_load_options o = { .file = "t.yaml", TOPO_PROTOCOLS };
	struct gn_topology *t = load_text(text);
	struct gn_limits limits = *gn_limits_default();
	struct gn_faults faults = { 0 };

	(void)state;
	limits.routes = t->n_routes;
	gn_topology_free(t);
	assert_int_equal(gn_topology_load_text(&o, text, strlen(text), &limits, &t, &faults), 0);
	gn_topology_free(t);
	limits.routes--;
	assert_int_equal(gn_topology_load_text(&o, text, strlen(text), &limits, &t, &faults), -EINVAL);
	gn_faults_done(&faults);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(groups_are_spread),
		cmocka_unit_test(includes_merge),
		cmocka_unit_test(include_faults_name_their_file),
		cmocka_unit_test(includes_do_not_explode),
		cmocka_unit_test(unreadable_files),
		cmocka_unit_test(set_puts_values_in_place),
		cmocka_unit_test(later_sets_win_and_seed_wins_over_all),
		cmocka_unit_test(resolved_text_gives_the_same_plan),
		cmocka_unit_test(same_seed_same_plan),
		cmocka_unit_test(names_are_found),
		cmocka_unit_test(parameters_have_values_and_defaults),
		cmocka_unit_test(forgetting_is_written_in_two_ways),
		cmocka_unit_test(other_files_are_found_from_anywhere),
		cmocka_unit_test(what_cannot_run_live_says_why),
		cmocka_unit_test(ideal_networks_are_groups),
		cmocka_unit_test(events_start_where_it_counts),
		cmocka_unit_test(default_names_are_usable),
		cmocka_unit_test(other_line_ends_and_marks),
		cmocka_unit_test(every_example_loads),
		cmocka_unit_test(cloud_regions_are_the_matrix),
		cmocka_unit_test(schema_has_every_key),
		cmocka_unit_test(manual_has_every_key),
		cmocka_unit_test(ten_million_ideal_nodes),
		cmocka_unit_test(hundred_thousand_nodes),
		cmocka_unit_test(hundred_thousand_routers),
		cmocka_unit_test(the_plan_says_where_packets_may_overtake),
		cmocka_unit_test(the_limit_of_routes_is_exact),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
