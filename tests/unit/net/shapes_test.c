/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "../../tools/made_topology.h"
#include "net/shapes.h"

/* Hosts 1 and 2 at switch 0, over links 0 and 1; direction 0 of each goes to the switch. */
static const struct gn_topology *make(struct made *m, bool shared, uint64_t rate)
{
	made_lan(m, 2);
	m->nodes[0].shared = shared;
	for (int i = 0; i < 2; i++)
		m->links[i].shape[0] = (struct gn_shape){ .delay = GN_MSEC,
							  .jitter = 1,
							  .rate_bps = rate,
							  .packet_overhead = 8,
							  .limit = 1000 + (uint32_t)i };
	return &m->t;
}

static void a_link_has_its_own_rate(void **state)
{
	struct made m = { 0 };
	struct gn_shapes s;
	struct gn_netem n;
	enum gn_way way;

	(void)state;
	assert_int_equal(gn_shapes_init(&s, make(&m, false, 8000), NULL), 0);
	assert_int_equal(gn_shapes_shared_at(&m.t, 0, &way), GN_NONE);
	assert_int_equal(gn_shapes_netem(&s, 0, &n, NULL), 0);
	assert_int_equal(n.rate, 1000);
	assert_int_equal(n.latency, GN_MSEC);
	assert_int_equal(n.limit, 1000);
	assert_true(s.queued[0]);
	assert_false(s.queued[1]);
	gn_shapes_done(&s);
	made_done(&m);
}

static void a_shared_rate_is_at_the_switch(void **state)
{
	struct made m = { 0 };
	struct gn_shapes s;
	struct gn_netem n;
	enum gn_way way;

	(void)state;
	assert_int_equal(gn_shapes_init(&s, make(&m, true, 8000), NULL), 0);
	assert_int_equal(gn_shapes_shared_at(&m.t, 0, &way), 0);
	assert_int_equal(way, GN_TO_SWITCH);
	assert_int_equal(gn_shapes_shared_at(&m.t, 3, &way), 0);
	assert_int_equal(way, GN_FROM_SWITCH);

	/* The link keeps everything else; what a rate would have kept in order stays in order. */
	assert_int_equal(gn_shapes_netem(&s, 0, &n, NULL), 0);
	assert_int_equal(n.rate, GN_NETEM_ORDER_RATE);
	assert_int_equal(n.packet_overhead, 0);
	assert_int_equal(n.latency, GN_MSEC);

	assert_int_equal(gn_shapes_shared_netem(&s, 0, GN_TO_SWITCH, &n, NULL), 0);
	assert_int_equal(n.rate, 1000);
	assert_int_equal(n.packet_overhead, 8);
	assert_int_equal(n.latency, 0);
	assert_int_equal(n.limit, 1001);
	assert_int_equal(gn_shapes_shared_netem(&s, 0, GN_FROM_SWITCH, &n, NULL), 0);
	assert_int_equal(n.rate, 0);
	assert_true(n.limit > 0);
	gn_shapes_done(&s);
	made_done(&m);
}

static void members_have_one_rate(void **state)
{
	struct made m = { 0 };
	struct gn_err err = { "" };
	struct gn_shapes s;
	struct gn_netem n;

	(void)state;
	assert_int_equal(gn_shapes_init(&s, make(&m, true, 8000), NULL), 0);
	s.present[2].rate_bps = 16000;
	assert_int_equal(gn_shapes_shared_netem(&s, 0, GN_TO_SWITCH, &n, &err), -EINVAL);
	assert_string_equal(err.text,
			    "switch sw0: its members share one rate, so all of them must get the same");
	gn_shapes_done(&s);
	made_done(&m);
}

static void what_the_schedule_shapes_has_a_netem(void **state)
{
	const uint32_t targets[] = { 1, 2 };
	const struct gn_action actions[] = {
		{ .what = GN_ACTION_DOWN, .targets = (const uint32_t[]){ 3 }, .n_targets = 1 },
		{ .what = GN_ACTION_SET, .targets = targets, .n_targets = 2 },
	};
	struct made m = { 0 };
	struct gn_shapes s;
	struct gn_netem n;

	(void)state;
	make(&m, false, 0);
	m.t.actions = actions;
	m.t.n_actions = 2;
	assert_int_equal(gn_shapes_init(&s, &m.t, NULL), 0);
	assert_true(s.queued[0] && s.queued[1] && s.queued[2] && !s.queued[3]);
	assert_int_equal(gn_shapes_netem(&s, 1, &n, NULL), 0);
	assert_true(n.limit > 0 && !n.latency && !n.rate);
	gn_shapes_done(&s);
	made_done(&m);
}

/* The kernel cannot take a table away: it is told of another as long as the netem lives. */
static void a_table_is_remembered(void **state)
{
	const struct gn_distribution normal = { .name = "normal" };
	const struct gn_shape with = { .delay = 2, .jitter = 1, .distribution = &normal, .limit = 1 },
			      none = { 0 };
	struct made m = { 0 };
	struct gn_shapes s, copy;

	(void)state;
	assert_int_equal(gn_shapes_init(&s, make(&m, false, 0), NULL), 0);
	assert_false(s.tabled[3]);
	gn_shapes_set(&s, 3, &with);
	assert_true(s.tabled[3] && s.queued[3]);
	assert_int_equal(gn_shapes_copy(&copy, &s, NULL), 0);
	gn_shapes_set(&copy, 3, &none);
	assert_true(copy.tabled[3] && copy.queued[3] && !copy.tabled[2]);
	gn_shapes_done(&copy);
	gn_shapes_done(&s);
	made_done(&m);
}

static void a_queue_without_room_is_refused(void **state)
{
	struct made m = { 0 };
	struct gn_shapes s;
	struct gn_netem n;

	(void)state;
	assert_int_equal(gn_shapes_init(&s, make(&m, false, 0), NULL), 0);
	s.present[0].limit = 0;
	assert_int_equal(gn_shapes_netem(&s, 0, &n, NULL), -EINVAL);
	gn_shapes_done(&s);
	made_done(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_link_has_its_own_rate),
		cmocka_unit_test(a_shared_rate_is_at_the_switch),
		cmocka_unit_test(members_have_one_rate),
		cmocka_unit_test(what_the_schedule_shapes_has_a_netem),
		cmocka_unit_test(a_table_is_remembered),
		cmocka_unit_test(a_queue_without_room_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
