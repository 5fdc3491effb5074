/* SPDX-License-Identifier: MIT */
/* What the reader of the nodes' rings makes of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* The command layer itself is not linked: it holds main(). */
#include "cmd/collector.c"
#include "cmd/delays.c"
#include "cmd/judge.c"

enum { CAPACITY = 64 };

/* Two members, and one event of the first, a second after the start. */
static const struct gn_node nodes[] = { { .name = "a", .member = 0 }, { .name = "b", .member = 1 } };
static const uint32_t members[] = { 0, 1 };
static const struct gn_event_plan events[] = { { .at = GN_SEC, .node = 0, .label = "" } };
static const struct gn_topology topology = {
	.name = "collector",
	.nodes = nodes,
	.n_nodes = 2,
	.gossip = { .members = members, .n_members = 2 },
	.events = events,
	.n_events = 1,
};

struct place {
	struct gn_shared shared;
	struct gn_collector c;
};

/* The run began two seconds ago. */
static void set_up(struct place *p)
{
	struct gn_err err;

	assert_int_equal(gn_shared_init(&p->shared, 2, CAPACITY, &err), 0);
	assert_int_equal(gn_collector_init(&p->c, &topology, &p->shared, NULL, gn_now() - 2 * GN_SEC, &err),
			 0);
}

static void tear_down(struct place *p)
{
	gn_collector_done(&p->c);
	gn_shared_done(&p->shared);
}

static void what_is_still_in_the_ring_is_not_lost(void **state GN_UNUSED)
{
	struct place p;

	set_up(&p);
	const struct gn_record r = { .type = GN_RECORD_ARRIVAL,
				     .t = p.c.start + GN_SEC,
				     .via = GN_NO_MEMBER };

	assert_true(gn_ring_write(gn_shared_slice(&p.shared, 0), CAPACITY, &r));
	gn_collector_bury(&p.c, 0, true);
	assert_false(gn_collector_is_lost(&p.c, 0, 2 * GN_SEC));
	gn_ring_release(gn_shared_slice(&p.shared, 0), 1);
	assert_true(gn_collector_is_lost(&p.c, 0, 2 * GN_SEC));
	tear_down(&p);
}

static void what_was_due_before_a_birth_is_lost(void **state GN_UNUSED)
{
	struct place p;
	struct gn_err err;

	set_up(&p);
	gn_collector_bury(&p.c, 0, false);
	assert_int_equal(gn_collector_revive(&p.c, 0, p.c.start + GN_SEC, &err), 0);
	assert_false(gn_collector_is_lost(&p.c, 0, 2 * GN_SEC));
	gn_collector_bury(&p.c, 0, false);
	assert_int_equal(gn_collector_revive(&p.c, 0, p.c.start + GN_SEC + 1, &err), 0);
	assert_true(gn_collector_is_lost(&p.c, 0, 2 * GN_SEC));
	tear_down(&p);
}

static void the_latest_of_all_are_known_to_be_late(void **state GN_UNUSED)
{
	uint64_t buckets[GN_LATENESS_BUCKETS] = { 0 };

	assert_int_equal(lateness_quantile(buckets, 99), -1);
	buckets[GN_LATENESS_BUCKETS - 1] = 1;
	assert_int_equal(lateness_quantile(buckets, 99), gn_lateness_upper(GN_LATENESS_BUCKETS - 2));
	buckets[0] = 99;
	assert_int_equal(lateness_quantile(buckets, 99), gn_lateness_upper(0));
}

static void corruption_by_hand_is_excused(void **state GN_UNUSED)
{
	struct gn_figure_value v = { 0 };
	struct place p;

	set_up(&p);
	gn_shared_slice(&p.shared, 0)->counters.socket_drops = 5;
	judge_socket_drops(&p.c, &v);
	assert_true(v.value == 5 && v.allowance == 0);
	p.c.fields_set = GN_SHAPE_CORRUPT;
	judge_socket_drops(&p.c, &v);
	assert_true(v.value == 5 && isinf(v.allowance));
	tear_down(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_still_in_the_ring_is_not_lost),
		cmocka_unit_test(what_was_due_before_a_birth_is_lost),
		cmocka_unit_test(the_latest_of_all_are_known_to_be_late),
		cmocka_unit_test(corruption_by_hand_is_excused),
	};

	return cmocka_run_group_tests_name("collector", tests, NULL, NULL);
}
