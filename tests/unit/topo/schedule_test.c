/* SPDX-License-Identifier: MIT */
/* What an entry of a schedule becomes: actions with their times, targets and values. */
#include "topo.h"

#define LAN                                                                                               \
	"duration: 20s\nnodes: [{name: n, count: 3}, {name: r, kind: router}, {name: s, kind: switch}]\n" \
	"links: [{between: [n, s], delay: 10ms}, {between: [s, r], delay: 5ms}]\n"

/* The plan's lines about actions. Released with free(). */
static char *actions_of(const struct gn_topology *t)
{
	char *plan = NULL, *text = gn_strdup("");
	size_t size;
	FILE *f = open_memstream(&plan, &size);

	gn_topology_print(t, f);
	fclose(f);
	for (char *line = strtok(plan, "\n"); line; line = strtok(NULL, "\n")) {
		if (strncmp(line, "action at ", 10))
			continue;
		char *more = gn_format("%s%s\n", text, line + 10);

		free(text);
		text = more;
	}
	free(plan);
	return text;
}

static void assert_actions(const char *schedule, const char *want)
{
	GN_CLEANUP(gn_free_p) char *file = gn_format("%sschedule:\n%s", LAN, schedule);
	struct gn_topology *t = load_text(file);
	GN_CLEANUP(gn_free_p) char *got = actions_of(t);

	assert_string_equal(got, want);
	/* What is resolved says the same. */
	struct gn_topology *again = load_text(gn_topology_resolved(t));
	GN_CLEANUP(gn_free_p) char *same = actions_of(again);

	assert_string_equal(same, want);
	gn_topology_free(again);
	gn_topology_free(t);
}

static void entries_are_unrolled(void **state)
{
	(void)state;
	assert_actions("  - {at: 1s, kill: [n1, n], for: 2s}\n",
		       "1s kill [n1, n] (3)\n3s restart [n1, n] (3)\n");
	assert_actions("  - {at: 1s, leave: n1, for: 2s}\n  - {at: 1s, pause: n2, for: 30s}\n",
		       "1s leave n1\n1s pause n2\n3s restart n1\n"); /* the run ends first */
	assert_actions(
		"  - {at: 1s, flap: [s, n2], every: 2s, down_for: 500ms, repeat: 2}\n",
		"1s down s - n2: flap\n1500ms up s - n2: flap\n3s down s - n2: flap\n3500ms up s - n2: flap\n");
	assert_actions("  - {at: 1s, cpu: 10%, node: n, for: 1s}\n  - {at: 0s, memory: 64m, node: n1}\n",
		       "0ns memory n1: 64m\n1s cpu n (3): 10%\n2s cpu n (3): no limit\n");
	assert_actions("  - {at: 2s, partition: [[n1], n2], for: 1s}\n  - {at: 1s, drop-next: 3, node: n1}\n",
		       "1s drop-next n1: 3\n2s partition: [[n1], n2]\n3s heal\n");
}

/* What ends at a moment is over when something begins at it, wherever the two stand. */
static void ends_come_before_beginnings(void **state)
{
	(void)state;
	assert_actions(
		"  - {at: 3s, set: [n1, s], loss: 2%}\n  - {at: 1s, set: [n1, s], loss: 1%, for: 2s}\n"
		"  - {at: 3s, heal: true}\n",
		"1s set n1 - s (2): loss 1%\n3s reset n1 - s (2): loss\n3s set n1 - s (2): loss 2%\n3s heal\n");
}

static void directions_and_values(void **state)
{
	struct gn_topology *t = load_text(LAN "schedule:\n"
					      "  - {at: 1s, set: [s, n], delay: 20ms, for: 1s}\n"
					      "  - {at: 3s, set: [s, n2], loss: 5%, a_to_b: {delay: 7ms}}\n"
					      "  - {at: 4s, set: [r, s], b_to_a: {loss: 1%}}\n");
	const struct gn_action *a = t->actions;

	(void)state;
	assert_int_equal(t->n_actions, 5);
	/* Links 0, 1, 2 are n1 - s, n2 - s, n3 - s; all directions at once. */
	assert_int_equal(a[0].n_targets, 6);
	assert_int_equal(a[0].fields, GN_SHAPE_DELAY);
	for (uint32_t i = 0; i < 6; i++) {
		assert_int_equal(a[0].targets[i] / 2, i / 2);
		assert_true(a[0].values[i].delay == 20 * GN_MSEC);
	}
	assert_int_equal(a[1].what, GN_ACTION_RESET);
	assert_int_equal(a[1].n_targets, 6);
	/* From s to n2: the link's second direction. */
	assert_int_equal(a[2].n_targets, 1);
	assert_int_equal(a[2].targets[0], 3);
	assert_int_equal(a[2].fields, GN_SHAPE_DELAY | GN_SHAPE_LOSS);
	assert_true(a[2].values[0].delay == 7 * GN_MSEC && a[2].values[0].loss_ppm == 50000);
	assert_int_equal(a[3].targets[0], 2);
	assert_int_equal(a[3].fields, GN_SHAPE_LOSS);
	/* Link 3 is s - r; from s, the second of set, to r. */
	assert_int_equal(a[4].n_targets, 1);
	assert_int_equal(a[4].targets[0], 6);
	gn_topology_free(t);
}

static void parts_are_of_hosts_and_routers(void **state)
{
	struct gn_topology *t = load_text(LAN "schedule: [{at: 1s, partition: [[n2], [r, n3]]}]\n");
	const struct gn_action *a = t->actions;

	(void)state;
	assert_int_equal(a->n_parts, 3); /* and n1, which is not named */
	assert_int_equal(a->part[1], 0);
	assert_int_equal(a->part[2], 1);
	assert_int_equal(a->part[3], 1);
	assert_int_equal(a->part[0], 2);
	gn_topology_free(t);
}

/* Who is up follows from the actions: nobody dies twice. */
static void check_lives(const struct gn_topology *t)
{
	bool dead[8] = { false };

	for (uint32_t i = 0; i < t->n_actions; i++) {
		const struct gn_action *a = &t->actions[i];
		uint32_t member = gn_member_of(t, a->targets[0]);

		assert_int_equal(a->n_targets, 1);
		if (a->what == GN_ACTION_KILL)
			assert_false(dead[member]);
		dead[member] = a->what == GN_ACTION_KILL;
	}
}

static void churn_is_a_poisson_process_of_the_living(void **state)
{
	static const char text[] =
		"duration: 1000s\nseed: 4\nnodes: [{name: n, count: 8}]\n"
		"schedule:\n  - {at: 100s, churn: n, every: 1s, down_for: 1500ms, until: 900s}\n"
		"  - {at: 0s, kill: n1}\n";
	static const char own_seed[] =
		"duration: 1000s\nseed: 5\nnodes: [{name: n, count: 8}]\nlinks: [{between: [n, n]}]\n"
		"schedule: [{at: 100s, churn: n, every: 1s, down_for: 1500ms, until: 900s, seed: 1}]\n";
	struct gn_topology *t = load_text(own_seed), *u = load_seeded(own_seed, 77), *ideal = load_text(text);
	GN_CLEANUP(gn_free_p) char *a = actions_of(t);
	GN_CLEANUP(gn_free_p) char *b = actions_of(u);
	uint32_t kills = 0;

	(void)state;
	assert_string_equal(a, b); /* its own seed, not the run's */
	check_lives(t);
	for (uint32_t i = 0; i < t->n_actions; i++) {
		kills += t->actions[i].what == GN_ACTION_KILL;
		assert_true(t->actions[i].at >= 100 * GN_SEC && t->actions[i].at < 902 * GN_SEC);
	}
	/* 800 expected, deviation 28: four of them. */
	assert_in_range(kills, 800 - 113, 800 + 113);
	/* n1 is dead all the time: never chosen, and another seed is another sequence. */
	for (uint32_t i = 1; i < ideal->n_actions; i++)
		assert_int_not_equal(ideal->actions[i].targets[0], 0);
	assert_true(ideal->actions[1].at != t->actions[0].at);
	gn_topology_free(t);
	gn_topology_free(u);
	gn_topology_free(ideal);
}

static void actions_by_hand(void **state)
{
	struct gn_topology *t = load_text(LAN);
	struct gn_actions made;
	struct gn_err err;

	(void)state;
	assert_int_equal(gn_topology_act(t, "kill: n2, for: 2s", 5 * GN_SEC, &made, &err), 0);
	assert_int_equal(made.n, 2);
	assert_true(made.actions[0].at == 5 * GN_SEC && made.actions[1].at == 7 * GN_SEC);
	assert_int_equal(made.actions[1].what, GN_ACTION_RESTART);
	assert_int_equal(made.actions[1].targets[0], 1);
	gn_actions_done(&made);
	static const char *const bad[][2] = {
		{ "kill: n9", "no node is called \"n9\": the group n has n1 to n3" },
		{ "kil: n1", "unknown key \"kil\" (did you mean \"kill\"?)" },
		{ "at: 3s, kill: n1", "\"at\" is given twice in one map" },
		{ "set: [n1, s], profile: dsl", "profile is for a file's schedule: write its values" },
		{ "set: [n1, s], loss: 101%", "loss must be from 0% to 100%, not 101%" },
	};

	for (size_t i = 0; i < GN_ARRAY_LEN(bad); i++) {
		assert_int_equal(gn_topology_act(t, bad[i][0], GN_SEC, &made, &err), -EINVAL);
		assert_string_equal(err.text, bad[i][1]);
	}
	/* Whatever it is, it is answered. */
	static const char *const odd[] = { "",		"}",	"} x",	       "kill: n1}, {", "[",
					   "kill: [n1", "\x01", "kill: &a n1", "? a" };

	for (size_t i = 0; i < GN_ARRAY_LEN(odd); i++)
		assert_int_equal(gn_topology_act(t, odd[i], GN_SEC, &made, &err), -EINVAL);
	gn_topology_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_are_unrolled),
		cmocka_unit_test(ends_come_before_beginnings),
		cmocka_unit_test(directions_and_values),
		cmocka_unit_test(parts_are_of_hosts_and_routers),
		cmocka_unit_test(churn_is_a_poisson_process_of_the_living),
		cmocka_unit_test(actions_by_hand),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
