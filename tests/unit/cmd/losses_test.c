/* SPDX-License-Identifier: MIT */
/* What links lose against what they should. The links' own chance is netem's, drawn by the simulator's copy of it. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* The command layer itself is not linked: it holds main(). */
#include "cmd/judge.c"
#include "cmd/losses.c"
#include "sim/netem.h"

enum { LINKS = 50 };

static struct gn_shape with(struct gn_shape s)
{
	s.limit = 1000;
	return s;
}

/* @packets come to a netem of that shape. */
static struct gn_qdisc_counters pass(const struct gn_shape *s, uint32_t packets, struct gn_rand *r)
{
	struct gn_qdisc_counters c = { .there = true };
	struct gn_sim_netem e = { 0 };

	gn_sim_netem_set(&e, s, r);
	for (uint32_t i = 0; i < packets; i++) {
		const bool twice = gn_sim_netem_duplicates(&e, r), lost = gn_sim_netem_loses(&e, r);

		if (lost && !twice) {
			c.dropped++;
			continue;
		}
		c.sent++;
		if (twice && !lost)
			*(gn_sim_netem_loses(&e, r) ? &c.dropped : &c.sent) += 1;
	}
	gn_sim_netem_done(&e);
	return c;
}

/* All links are configured as @configured, and do as @done. */
static struct gn_judgement judge(struct gn_shape configured, struct gn_shape done, uint32_t packets,
				 uint64_t seed)
{
	struct gn_link links[LINKS];
	struct gn_qdisc_counters counters[2 * LINKS];
	const struct gn_topology t = { .links = links, .n_links = LINKS };
	const struct gn_losses l = { .topology = &t, .directions = counters };
	struct gn_figures f;
	struct gn_judgement j;
	struct gn_rand r;

	gn_rand_init(&r, seed, GN_RAND_NETEM, 0);
	gn_figures_init(&f, GN_SEC);
	for (uint32_t d = 0; d < 2 * LINKS; d++) {
		links[d / 2].shape[d % 2] = configured;
		counters[d] = pass(&done, packets, &r);
	}
	gn_losses_compare(&l, NULL, &f);
	gn_fidelity_judge(&f, &j);
	return j;
}

static const struct {
	const char *what;
	struct gn_shape shape, other; /* the other loses otherwise */
} cases[] = {
	{ "few", { .loss_ppm = 10000 }, { .loss_ppm = 20000 } },
	{ "many", { .loss_ppm = 300000 }, { .loss_ppm = 330000 } },
	{ "duplicates",
	  { .loss_ppm = 200000, .duplicate_ppm = 300000 },
	  { .loss_ppm = 240000, .duplicate_ppm = 300000 } },
	{ "bursts",
	  { .loss_model = GN_LOSS_GILBERT_ELLIOTT, .loss_states = { 20000, 200000, 1000000, 0 } },
	  { .loss_model = GN_LOSS_GILBERT_ELLIOTT, .loss_states = { 40000, 200000, 1000000, 0 } } },
	{ "states",
	  { .loss_model = GN_LOSS_STATES, .loss_states = { 20000, 200000, 50000, 300000, 1000 } },
	  { .loss_model = GN_LOSS_STATES, .loss_states = { 60000, 200000, 50000, 300000, 1000 } } },
};

static void chance_is_no_deviation(void **state GN_UNUSED)
{
	for (size_t i = 0; i < GN_ARRAY_LEN(cases); i++) {
		for (uint64_t seed = 0; seed < 50; seed++) {
			const struct gn_shape s = with(cases[i].shape);
			const struct gn_judgement j = judge(s, s, 200, seed);

			if (j.grade != GN_VALID)
				fail_msg("%s, seed %d: %s", cases[i].what, (int)seed, j.reason);
		}
	}
}

static void another_loss_is_found_out(void **state GN_UNUSED)
{
	for (size_t i = 0; i < GN_ARRAY_LEN(cases); i++) {
		const struct gn_judgement j = judge(with(cases[i].shape), with(cases[i].other), 200, 1);

		if (j.of[GN_FIGURE_LOSS_DEVIATION].grade != GN_SUSPECT)
			fail_msg("%s: loss %f for %f", cases[i].what, j.of[GN_FIGURE_LOSS].value,
				 j.of[GN_FIGURE_LOSS_CONFIGURED].value);
	}
}

/* A full queue may lose more, but chance not less. */
static void queues_may_lose_more(void **state GN_UNUSED)
{
	const struct gn_shape more = with((struct gn_shape){ .loss_ppm = 200000 });
	const struct gn_shape with_rate = with((struct gn_shape){ .loss_ppm = 100000, .rate_bps = 1000000 });
	const struct gn_shape none = with((struct gn_shape){ .delay = 1 });

	assert_int_equal(judge(with_rate, more, 200, 1).grade, GN_VALID);
	assert_int_equal(judge(with_rate, none, 200, 1).grade, GN_SUSPECT);
}

/* Where no link is to lose anything, one packet is one too many. */
static void none_is_none(void **state GN_UNUSED)
{
	const struct gn_shape none = with((struct gn_shape){ .delay = 1 });
	const struct gn_shape one = with((struct gn_shape){ .loss_ppm = 500 });

	assert_int_equal(judge(none, none, 200, 1).grade, GN_VALID);
	assert_int_equal(judge(none, one, 200, 1).grade, GN_SUSPECT);
}

/* A link that was changed tells nothing, and one packet that a link of 10 ppm loses says nothing yet. */
static void what_cannot_be_told_is_not(void **state GN_UNUSED)
{
	struct gn_link links[1] = { { .shape = { { .loss_ppm = 10 }, { .loss_ppm = 10 } } } };
	struct gn_qdisc_counters counters[2] = { { .there = true, .sent = 9, .dropped = 1 },
						 { .there = true, .sent = 500, .dropped = 500 } };
	const struct gn_topology t = { .links = links, .n_links = 1 };
	const struct gn_losses l = { .topology = &t, .directions = counters };
	const gn_time changed[2] = { GN_NEVER, 5 };
	struct gn_figures f;
	struct gn_judgement j;

	gn_figures_init(&f, GN_SEC);
	gn_losses_compare(&l, changed, &f);
	gn_fidelity_judge(&f, &j);
	assert_int_equal(j.grade, GN_VALID);
	gn_losses_compare(&l, NULL, &f);
	gn_fidelity_judge(&f, &j);
	assert_int_equal(j.grade, GN_SUSPECT);
}

static void what_no_link_lost_was_lost_elsewhere(void **state GN_UNUSED)
{
	static const struct {
		double missing;
		uint32_t duplicate_ppm, fields_set;
		enum gn_grade grade;
	} rows[] = {
		{ 60, 0, 0, GN_VALID },
		{ 63, 0, 0, GN_VALID },
		{ 75, 0, 0, GN_SUSPECT },
		{ 900, 0, 0, GN_INVALID },
		{ 20, 0, 0, GN_VALID },
		{ 900, 100, 0, GN_VALID },
		{ (double)NAN, 0, 0, GN_VALID },
		{ 900, 0, GN_SHAPE_DELAY, GN_INVALID },
		{ 900, 0, GN_SHAPE_CORRUPT, GN_VALID },
		{ 900, 0, GN_SHAPE_DUPLICATE, GN_VALID },
	};

	for (size_t i = 0; i < GN_ARRAY_LEN(rows); i++) {
		struct gn_link links[1] = { { .shape = { { .duplicate_ppm = rows[i].duplicate_ppm } } } };
		const struct gn_topology t = { .links = links, .n_links = 1 };
		const struct gn_losses l = { .topology = &t,
					     .all = { .dropped = 20, .queued = 20 },
					     .cut = 20,
					     .fields_set = rows[i].fields_set };
		struct gn_figures f;
		struct gn_judgement j;

		gn_figures_init(&f, GN_SEC);
		gn_losses_explain(&l, 10000, rows[i].missing, &f);
		gn_fidelity_judge(&f, &j);
		assert_int_equal(j.grade, rows[i].grade);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chance_is_no_deviation),
		cmocka_unit_test(another_loss_is_found_out),
		cmocka_unit_test(queues_may_lose_more),
		cmocka_unit_test(none_is_none),
		cmocka_unit_test(what_cannot_be_told_is_not),
		cmocka_unit_test(what_no_link_lost_was_lost_elsewhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
