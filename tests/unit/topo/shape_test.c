/* SPDX-License-Identifier: MIT */
/* What netem is to do: from the file to numbers, changed, and what is lost by it. */
#include "topo.h"

#include "topo/shape.h"
#include "util/rand.h"

#define PAIR(values) "nodes: [{name: n, count: 2}]\nlinks: [{between: [n1, n2], " values "}]\n"

static struct gn_topology *load_at(const char *file, const char *text)
{
	const struct gn_load_options o = { .file = file, TOPO_PROTOCOLS };
	struct gn_topology *t = NULL;
	struct gn_faults faults = { 0 };

	if (gn_topology_load_text(&o, text, strlen(text), gn_limits_default(), &t, &faults)) {
		print_error("%s\n", faults.n ? faults.lines[0] : "no memory");
		fail();
	}
	gn_faults_done(&faults);
	return t;
}

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static void every_value_arrives(void **state)
{
	struct gn_topology *t = load_text(
		PAIR("delay: 20ms, jitter: 5ms, correlation: 25%, distribution: normal, order: free, "
		     "loss: {gilbert-elliott: {p: 1%, r: 30%, loss_in_bad: 80%, loss_in_good: 0.001%}}, "
		     "duplicate: {share: 1%, correlation: 10%}, corrupt: {share: 0.0001%, correlation: 2%}, "
		     "reorder: {share: 25%, correlation: 50%, gap: 5}, ecn: true, limit: 77, "
		     "rate: {rate: 10mbit, packet_overhead: -14, cell_size: 48, cell_overhead: -5}, "
		     "slot: {delay: 10ms, jitter: 2ms, distribution: pareto, packets: 3, bytes: 2k}"));
	const struct gn_shape *s = &t->links[0].shape[1];

	(void)state;
	assert_true(s->delay == 20 * GN_MSEC && s->jitter == 5 * GN_MSEC && s->correlation_ppm == 250000);
	assert_string_equal(s->distribution->name, "normal");
	assert_int_equal(s->distribution->n, 4096);
	assert_int_equal(s->distribution->values[0], -32768);
	assert_int_equal(s->loss_model, GN_LOSS_GILBERT_ELLIOTT);
	assert_memory_equal(s->loss_states, ((uint32_t[5]){ 10000, 300000, 800000, 10, 0 }), 20);
	assert_true(s->duplicate_ppm == 10000 && s->duplicate_correlation_ppm == 100000);
	assert_true(s->corrupt_ppm == 1 && s->corrupt_correlation_ppm == 20000);
	assert_true(s->reorder_ppm == 250000 && s->reorder_correlation_ppm == 500000 && s->reorder_gap == 5);
	assert_true(s->rate_bps == 10000000 && s->packet_overhead == -14);
	assert_true(s->cell_size == 48 && s->cell_overhead == -5);
	assert_true(s->slot.mean == 10 * GN_MSEC && s->slot.jitter == 2 * GN_MSEC && !s->slot.max_delay);
	assert_true(s->slot.packets == 3 && s->slot.bytes == 2048);
	assert_string_equal(s->slot.distribution->name, "pareto");
	assert_true(s->limit == 77 && s->limit_given && s->ecn && !s->keep_order);
	gn_topology_free(t);
}

static void short_forms_and_defaults(void **state)
{
	struct gn_topology *t =
		load_text("nodes: [{name: n, count: 4}]\nlinks:\n"
			  "- {between: [n1, n2], delay: 1us, loss: {random: 0.001%, correlation: 3%}, "
			  "reorder: 5%, corrupt: 2%, rate: 8bit, slot: 3ms}\n"
			  "- {between: [n2, n3], loss: {gilbert-elliott: {p: 5%}}, order: kept, "
			  "slot: {delay: 3ms, jitter: 1ms}}\n"
			  "- {between: [n3, n4], loss: {states: {p13: 1%}}}\n"
			  "gossip: {overlay: neighbours}\n");
	const struct gn_shape *s = &t->links[0].shape[0];

	(void)state;
	assert_true(s->delay == 1000 && s->loss_ppm == 10 && s->loss_correlation_ppm == 30000);
	assert_true(s->reorder_ppm == 50000 && s->reorder_gap == 1 && s->corrupt_ppm == 20000);
	assert_true(s->rate_bps == 8 && s->slot.min_delay == 3 * GN_MSEC && s->slot.max_delay == 3 * GN_MSEC);
	s = &t->links[1].shape[0];
	assert_memory_equal(s->loss_states, ((uint32_t[5]){ 50000, 950000, 1000000, 0, 0 }), 20);
	assert_true(s->keep_order && s->slot.min_delay == 2 * GN_MSEC && s->slot.max_delay == 4 * GN_MSEC);
	s = &t->links[2].shape[0];
	assert_int_equal(s->loss_model, GN_LOSS_STATES);
	assert_memory_equal(s->loss_states, ((uint32_t[5]){ 10000, 990000, 0, 1000000, 0 }), 20);
	gn_topology_free(t);
}

/* What a direction says of its own replaces the link's value as a whole. */
static void directions_differ(void **state)
{
	struct gn_topology *t = load_text(PAIR(
		"delay: 9ms, jitter: 2ms, distribution: normal, loss: {random: 5%, correlation: 10%}, rate: 1mbit, "
		"a_to_b: {loss: 1%}, b_to_a: {distribution: uniform, rate: {rate: 2mbit, packet_overhead: 4}, limit: 3}"));
	const struct gn_shape *a = &t->links[0].shape[0], *b = &t->links[0].shape[1];

	(void)state;
	assert_true(a->loss_ppm == 10000 && a->loss_correlation_ppm == 0);
	assert_true(b->loss_ppm == 50000 && b->loss_correlation_ppm == 100000);
	assert_true(a->distribution && !b->distribution && a->delay == 9 * GN_MSEC &&
		    b->jitter == 2 * GN_MSEC);
	assert_true(a->rate_bps == 1000000 && !a->packet_overhead && b->rate_bps == 2000000 &&
		    b->packet_overhead == 4);
	assert_true(!a->limit_given && a->limit > 1000 && b->limit == 3);
	gn_topology_free(t);
}

/* What needs another key may meet one that says none. */
static void none_is_a_value(void **state)
{
	struct gn_topology *t = load_text(
		PAIR("delay: 5ms, jitter: 2ms, distribution: normal, correlation: 1%, loss: 1%, "
		     "ecn: true, reorder: 1%, a_to_b: {jitter: 0ms, loss: 0%}, b_to_a: {delay: 0ms, "
		     "jitter: 0ms}"));

	(void)state;
	assert_true(t->links[0].shape[0].jitter == 0 && t->links[0].shape[1].delay == 0);
	gn_topology_free(t);
}

static void tables_are_read_once(void **state)
{
	char folder[] = "/tmp/gn-shape-test-XXXXXX";

	(void)state;
	assert_non_null(mkdtemp(folder));
	GN_CLEANUP(gn_free_p) char *table = gn_format("%s/my.dist", folder);
	GN_CLEANUP(gn_free_p) char *file = gn_format("%s/t.yaml", folder);

	write_file(table, "# a comment 1 2\n -8192\t+8192\n\n0 1 2\n");
	struct gn_topology *t = load_at(
		file, "nodes: [{name: n, count: 3}]\nlinks:\n"
		      "- {between: [n1, n2], delay: 5ms, jitter: 1ms, distribution: ./my.dist}\n"
		      "- {between: [n2, n3], delay: 5ms, jitter: 1ms, distribution: ./my.dist, b_to_a: "
		      "{distribution: pareto}}\ngossip: {overlay: neighbours}\n");
	const struct gn_distribution *d = t->links[0].shape[0].distribution;

	assert_int_equal(d->n, 5);
	assert_memory_equal(d->values, ((int16_t[5]){ -8192, 8192, 0, 1, 2 }), 10);
	assert_ptr_equal(t->links[1].shape[0].distribution, d);
	assert_ptr_not_equal(t->links[1].shape[1].distribution, d);
	/* What is resolved names it from everywhere; a standard one by its name. */
	GN_CLEANUP(gn_free_p) char *wanted = gn_format("distribution: %s", table);

	assert_non_null(strstr(gn_topology_resolved(t), wanted));
	assert_non_null(strstr(gn_topology_resolved(t), "distribution: pareto"));
	assert_string_equal(gn_topology_file(t, 0), table);
	assert_null(gn_topology_file(t, 1));
	gn_topology_free(t);
	unlink(table);
	rmdir(folder);
}

/* Without reading all of it, for it may be larger than the memory. */
static void large_files_are_no_tables(void **state)
{
	static const char text[] = PAIR("delay: 2ms, jitter: 1ms, distribution: ./my.dist");
	char folder[] = "/tmp/gn-shape-test-XXXXXX", *home = getcwd(NULL, 0);

	(void)state;
	assert_non_null(mkdtemp(folder));
	assert_int_equal(chdir(folder), 0);
	write_file("my.dist", "1");
	assert_int_equal(truncate("my.dist", 64 << 20), 0);
	GN_CLEANUP(gn_free_p) char *got = faults_of(text, strlen(text), NULL, 0);

	assert_string_equal(got, "t.yaml:2:68: \"./my.dist\" has more than 1048576 bytes: it is no table\n");
	unlink("my.dist");
	assert_int_equal(chdir(home), 0);
	rmdir(folder);
	free(home);
}

static void broken_tables_are_refused(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "1 2\n3 x\n", "my.dist:2:3: \"x\" is no whole number from -32768 to 32767\n" },
		{ "1\n2 40000\n", "my.dist:2:3: \"40000\" is no whole number from -32768 to 32767\n" },
		{ "1.5\n", "my.dist:1:1: \"1.5\" is no whole number from -32768 to 32767\n" },
		{ "", "t.yaml:2:68: \"./my.dist\" has no numbers\n" },
		{ "# 1\n\n", "t.yaml:2:68: \"./my.dist\" has no numbers\n" },
	};
	char folder[] = "/tmp/gn-shape-test-XXXXXX", *home = getcwd(NULL, 0);

	(void)state;
	assert_non_null(mkdtemp(folder));
	assert_int_equal(chdir(folder), 0);
	for (size_t i = 0; i < GN_ARRAY_LEN(cases); i++) {
		static const char text[] = PAIR("delay: 2ms, jitter: 1ms, distribution: ./my.dist");

		write_file("my.dist", cases[i].text);
		GN_CLEANUP(gn_free_p) char *got = faults_of(text, strlen(text), NULL, 0);
		const char *said = strncmp(got, "./", 2) ? got : got + 2;

		assert_string_equal(said, cases[i].want);
	}
	unlink("my.dist");
	assert_int_equal(chdir(home), 0);
	free(home);
	rmdir(folder);
}

/* Where a distribution reaches further than the jitter, more packets are on their way. */
static void limits_know_distributions_and_slots(void **state)
{
	static const int16_t values[] = { -8192, 3 * 8192 };
	static const struct gn_distribution wide = { .name = "wide", .values = values, .n = 2 };
	static const struct {
		struct gn_shape s;
		uint32_t limit;
	} cases[] = {
		{ { .delay = 10 * GN_MSEC, .jitter = 2 * GN_MSEC }, 1000 + 12000 },
		{ { .delay = 10 * GN_MSEC, .jitter = 2 * GN_MSEC, .distribution = &wide }, 1000 + 16000 },
		{ { .slot = { .min_delay = 0, .max_delay = 5 * GN_MSEC } }, 1000 + 5000 },
		{ { .slot = { .distribution = &wide, .mean = 5 * GN_MSEC, .jitter = GN_MSEC } },
		  1000 + 8000 },
		{ { .delay = GN_SEC, .rate_bps = 42 * 8 * 100 }, 1000 + 100 },
		{ { .delay = GN_SEC, .rate_bps = 42 * 8 * 100, .packet_overhead = 42 }, 1000 + 50 },
		{ { .delay = GN_SEC, .rate_bps = 53 * 8 * 100, .cell_size = 48, .cell_overhead = 5 },
		  1000 + 100 },
		{ { .limit = 7, .limit_given = true }, 7 },
		{ { .correlation_ppm = 5 }, 0 },
	};

	(void)state;
	for (size_t i = 0; i < GN_ARRAY_LEN(cases); i++) {
		struct gn_shape s = cases[i].s;

		gn_shape_set_limit(&s);
		assert_int_equal(s.limit, cases[i].limit);
	}
}

static void values_are_applied(void **state)
{
	static const int16_t values[] = { 0 };
	static const struct gn_distribution d = { .name = "d", .values = values, .n = 1 };
	struct gn_shape s = { .delay = 20 * GN_MSEC, .jitter = 5 * GN_MSEC, .loss_ppm = 7 };
	struct gn_err err = { "" };

	(void)state;
	gn_shape_set_limit(&s);
	/* Only what is named counts. */
	const struct gn_shape more = {
		.delay = 40 * GN_MSEC, .distribution = &d, .loss_ppm = 9, .ecn = true
	};

	assert_int_equal(gn_shape_apply(&s, &more, GN_SHAPE_DELAY | GN_SHAPE_DISTRIBUTION, &err), 0);
	assert_true(s.delay == 40 * GN_MSEC && s.jitter == 5 * GN_MSEC && s.distribution == &d && !s.ecn);
	assert_true(s.loss_ppm == 7 && s.limit == 1000 + 40000);
	/* What does not go together changes nothing. */
	const struct gn_shape before = s,
			      short_delay = { .delay = GN_MSEC, .reorder_ppm = 1, .keep_order = true };

	assert_int_equal(gn_shape_apply(&s, &short_delay, GN_SHAPE_DELAY, &err), -EINVAL);
	assert_string_equal(
		err.text,
		"jitter 5ms is more than the delay, 1ms: a packet would have to arrive before it is sent");
	assert_int_equal(gn_shape_apply(&s, &short_delay, GN_SHAPE_REORDER | GN_SHAPE_ORDER, &err), -EINVAL);
	assert_memory_equal(&s, &before, sizeof(s));
	/* The whole shape of another model, and a limit that is computed again. */
	const struct gn_shape bursts = { .loss_model = GN_LOSS_STATES,
					 .loss_states = { 1, 2, 3, 4, 5 },
					 .limit = 5,
					 .limit_given = true };

	assert_int_equal(gn_shape_apply(&s, &bursts, GN_SHAPE_LOSS | GN_SHAPE_LIMIT, &err), 0);
	assert_true(s.loss_model == GN_LOSS_STATES && !s.loss_ppm && s.loss_states[4] == 5 && s.limit == 5);
	assert_int_equal(gn_shape_apply(&s, &(struct gn_shape){ 0 }, GN_SHAPE_LIMIT, &err), 0);
	assert_int_equal(s.limit, 1000 + 40000);
	assert_int_equal(gn_shape_apply(&s, &(struct gn_shape){ 0 }, GN_SHAPE_ALL, &err), 0);
	assert_false(gn_shape_is_set(&s));
	assert_int_equal(s.limit, 0);
	/* Every value of a field. */
	const struct gn_shape full = { .delay = 10,
				       .jitter = 9,
				       .distribution = &d,
				       .correlation_ppm = 8,
				       .keep_order = true,
				       .loss_ppm = 7,
				       .loss_correlation_ppm = 6,
				       .duplicate_ppm = 5,
				       .duplicate_correlation_ppm = 4,
				       .corrupt_ppm = 3,
				       .corrupt_correlation_ppm = 2,
				       .rate_bps = 80,
				       .packet_overhead = 1,
				       .cell_size = 2,
				       .cell_overhead = 3,
				       .slot = { 1, 2, NULL, 0, 0, 3, 4 },
				       .limit = 5,
				       .limit_given = true,
				       .ecn = true };

	assert_int_equal(gn_shape_apply(&s, &full, GN_SHAPE_ALL, &err), 0);
	assert_memory_equal(&s, &full, sizeof(s));
	/* What was allowed to do nothing stays so when something else changes. */
	assert_int_equal(gn_shape_apply(&s, &(struct gn_shape){ 0 }, GN_SHAPE_LOSS, &err), 0);
	assert_int_equal(gn_shape_apply(&s, &(struct gn_shape){ .delay = 11 }, GN_SHAPE_DELAY, &err), 0);
	assert_true(s.ecn && !s.loss_ppm && s.delay == 11);
	assert_int_equal(gn_shape_apply(&s, &(struct gn_shape){ 0 }, GN_SHAPE_ALL, &err), 0);
	/* What needs another that is not there. */
	assert_int_equal(gn_shape_apply(&s, &(struct gn_shape){ .ecn = true }, GN_SHAPE_ECN, &err), -EINVAL);
	assert_string_equal(err.text, "ecn needs a loss: it marks packets where others would be lost");
}

/* ---- how much is lost: against the kernel's code, packet by packet ---- */

enum { PACKETS = 2000000 };

static uint32_t of_2_32(uint32_t ppm)
{
	return ppm >= 1000000 ? UINT32_MAX : (uint32_t)(((uint64_t)ppm << 32) / 1000000);
}

/* get_crandom() */
static double lost_at_random(const struct gn_shape *s, struct gn_rand *r)
{
	const uint64_t rho = (uint64_t)of_2_32(s->loss_correlation_ppm) + 1;
	uint64_t last = (uint32_t)gn_rand_next(r);
	uint32_t lost = 0;

	for (int i = 0; i < PACKETS; i++) {
		last = ((uint32_t)gn_rand_next(r) * ((UINT64_C(1) << 32) - rho) + last * rho) >> 32;
		lost += of_2_32(s->loss_ppm) >= last;
	}
	return (double)lost / PACKETS;
}

/* loss_gilb_ell(): the state that a packet meets is that before it changes. */
static double lost_by_two_states(const struct gn_shape *s, struct gn_rand *r)
{
	bool bad = false;
	uint32_t lost = 0;

	for (int i = 0; i < PACKETS; i++) {
		const bool met_bad = bad;

		if (gn_rand_below(r, 1000000) < s->loss_states[bad ? 1 : 0])
			bad = !bad;
		lost += gn_rand_below(r, 1000000) < s->loss_states[met_bad ? 2 : 3];
	}
	return (double)lost / PACKETS;
}

/* loss_4state() */
static double lost_by_four_states(const struct gn_shape *s, struct gn_rand *r)
{
	const uint32_t *p = s->loss_states; /* p13, p31, p32, p23, p14 */
	uint32_t lost = 0;
	int state = 1;

	for (int i = 0; i < PACKETS; i++) {
		const uint32_t x = (uint32_t)gn_rand_below(r, 1000000);

		if (state == 1)
			state = x < p[4] ? 4 : x < p[4] + p[0] ? 3 : 1;
		else if (state == 2)
			state = x < p[3] ? 3 : 2;
		else if (state == 3)
			state = x < p[2] ? 2 : x < p[2] + p[1] ? 1 : 3;
		else
			state = 1;
		lost += state >= 3;
	}
	return (double)lost / PACKETS;
}

static void the_mean_loss_is_what_is_lost(void **state)
{
	/* @within: four standard errors and more, since losses follow on each other. */
	static const struct {
		struct gn_shape s;
		double (*play)(const struct gn_shape *, struct gn_rand *);
		double within;
	} cases[] = {
		{ { .loss_ppm = 10000 }, lost_at_random, 0.0004 },
		{ { .loss_ppm = 100000, .loss_correlation_ppm = 250000 }, lost_at_random, 0.0005 },
		{ { .loss_ppm = 300000, .loss_correlation_ppm = 500000 }, lost_at_random, 0.002 },
		{ { .loss_ppm = 450000, .loss_correlation_ppm = 900000 }, lost_at_random, 0.008 },
		{ { .loss_model = GN_LOSS_GILBERT_ELLIOTT, .loss_states = { 10000, 300000, 800000, 1000 } },
		  lost_by_two_states,
		  0.001 },
		{ { .loss_model = GN_LOSS_GILBERT_ELLIOTT, .loss_states = { 0, 300000, 800000, 1000 } },
		  lost_by_two_states,
		  0.0001 },
		{ { .loss_model = GN_LOSS_STATES, .loss_states = { 10000, 300000, 200000, 400000, 5000 } },
		  lost_by_four_states,
		  0.001 },
		{ { .loss_model = GN_LOSS_STATES, .loss_states = { 0, 300000, 200000, 400000, 50000 } },
		  lost_by_four_states,
		  0.0007 },
		{ { .loss_model = GN_LOSS_STATES, .loss_states = { 10000, 0, 200000, 400000, 5000 } },
		  lost_by_four_states,
		  0.003 },
		{ { .loss_model = GN_LOSS_STATES, .loss_states = { 10000, 300000, 200000, 0, 5000 } },
		  lost_by_four_states,
		  0.001 },
	};

	(void)state;
	for (size_t i = 0; i < GN_ARRAY_LEN(cases); i++) {
		struct gn_rand r;

		gn_rand_init(&r, 1, GN_RAND_NETEM, i);
		const double wanted = gn_shape_mean_loss(&cases[i].s), got = cases[i].play(&cases[i].s, &r);

		print_message("# lost %.5f, in the long run %.5f\n", got, wanted);
		assert_true(got > wanted - cases[i].within && got < wanted + cases[i].within);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_value_arrives),
		cmocka_unit_test(short_forms_and_defaults),
		cmocka_unit_test(directions_differ),
		cmocka_unit_test(none_is_a_value),
		cmocka_unit_test(tables_are_read_once),
		cmocka_unit_test(broken_tables_are_refused),
		cmocka_unit_test(large_files_are_no_tables),
		cmocka_unit_test(limits_know_distributions_and_slots),
		cmocka_unit_test(values_are_applied),
		cmocka_unit_test(the_mean_loss_is_what_is_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
