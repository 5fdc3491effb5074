/* SPDX-License-Identifier: MIT */
#include "setting.h"

#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- protocols that misbehave ---- */

static void no_memory(const struct gn_cluster *c GN_UNUSED, struct gn_sizes *ret)
{
	*ret = (struct gn_sizes){ .head = 8 };
}

/* Behaves: a round each period, and takes in what is published. */
static int behave(const struct gn_cluster *c, const struct gn_input *in, const struct gn_output *out,
		  uint64_t *deadline)
{
	const struct gn_delivery d = {
		.event = in->event, .via = GN_NO_MEMBER, .first = 1, .size = in->size, .payload = in->data
	};

	if (in->type == GN_PUBLISH)
		out->deliver(out->host, &d);
	if (in->type == GN_START || in->type == GN_TIMER)
		*deadline = in->now - in->now % c->period + c->period;
	return 0;
}

/* In its second round member 2 does what the name says. */
#define MISBEHAVES(name, ...)                                                                       \
	static int name(const struct gn_cluster *c, void *head GN_UNUSED, void *body GN_UNUSED,     \
			const struct gn_input *in, const struct gn_output *out, uint64_t *deadline) \
	{                                                                                           \
		static const uint8_t data[GN_DATAGRAM_MAX + 1];                                     \
		const struct gn_delivery d = { .event = 0, .via = 1, .hop = 1, .first = 1 };        \
                                                                                                    \
		(void)data;                                                                         \
		(void)d;                                                                            \
		int r = behave(c, in, out, deadline);                                               \
                                                                                                    \
		if (in->self == 2 && in->type == GN_TIMER && in->now >= 2 * c->period) {            \
			__VA_ARGS__;                                                                \
		}                                                                                   \
		return r;                                                                           \
	}

MISBEHAVES(sends_to_itself, out->send(out->host, 2, data, 1))
MISBEHAVES(sends_to_a_stranger, out->send(out->host, c->members, data, 1))
MISBEHAVES(sends_nothing, out->send(out->host, 0, data, 0))
MISBEHAVES(sends_too_much, out->send(out->host, 0, data, GN_DATAGRAM_MAX + 1))
MISBEHAVES(sends_no_end,
	   for (uint32_t i = 0; i <= GN_STEP_DATAGRAMS_MAX; i++) out->send(out->host, 0, data, 1))
MISBEHAVES(stands_still, *deadline = in->now)
MISBEHAVES(fails, r = -1)
MISBEHAVES(delivers_twice, out->deliver(out->host, &d); out->deliver(out->host, &d))
MISBEHAVES(delivers_too_late, out->deliver(out->host, &(struct gn_delivery){ .via = 1, .hop = 1 }))
MISBEHAVES(delivers_the_future,
	   out->deliver(out->host, &(struct gn_delivery){ 1, .via = 1, .hop = 1, .first = 1 }))
MISBEHAVES(delivers_the_unknown,
	   out->deliver(out->host, &(struct gn_delivery){ 2, .via = 1, .hop = 1, .first = 1 }))
MISBEHAVES(wakes_between_rounds, *deadline = in->now + 1)

static int answers_without_end(const struct gn_cluster *c, void *head GN_UNUSED, void *body GN_UNUSED,
			       const struct gn_input *in, const struct gn_output *out, uint64_t *deadline)
{
	if (in->self == 2 && in->type == GN_TIMER && in->now >= 2 * c->period)
		out->send(out->host, 0, (const uint8_t *)"x", 1);
	if (in->type == GN_DATAGRAM)
		out->send(out->host, in->from, in->data, in->size);
	return behave(c, in, out, deadline);
}

typedef int step_function(const struct gn_cluster *c, void *head, void *body, const struct gn_input *in,
			  const struct gn_output *out, uint64_t *deadline);

static void expect_blame(step_function *step, enum gn_clock clock, const char *fault)
{
	const struct gn_protocol p = { .name = "bad", .sizes = no_memory, .step = step };
	struct gn_err err = { "" }, again = { "" };
	struct gn_sim_result r = { 0 };
	struct setting s;
	char wanted[256];

	make_setting(&s, &p, 4, clock);
	s.t.n_events = 2;
	s.t.events = s.events;
	s.events[1].at = 100 * GN_SEC;
	const struct gn_sim_options o = { .topology = &s.t };

	assert_int_equal(gn_sim_run(&o, &r, &err), -EPROTO);
	gn_sim_result_done(&r);
	snprintf(wanted, sizeof(wanted),
		 "protocol bad misbehaved at node n3, simulated time 2.000000000 s: it %s", fault);
	assert_string_equal(err.text, wanted);
	assert_int_equal(gn_sim_run(&o, &r, &again), -EPROTO);
	gn_sim_result_done(&r);
	assert_string_equal(again.text, err.text);
}

static void misbehaviour_is_named(void **state GN_UNUSED)
{
	static const struct {
		step_function *step;
		const char *fault;
	} cases[] = {
		{ sends_to_itself, "sent a datagram to itself" },
		{ sends_to_a_stranger, "sent a datagram to a member that does not exist" },
		{ sends_nothing, "sent a datagram without content" },
		{ sends_too_much, "sent a datagram larger than GN_DATAGRAM_MAX, 1400 bytes" },
		{ stands_still, "asked for a deadline in the past" },
		{ fails, "refused an input that is not a datagram" },
		{ delivers_twice, "delivered the first copy of an event twice" },
		{ delivers_too_late, "delivered a further copy of an event before the first" },
		{ delivers_the_future, "delivered an event that has not been published yet" },
		{ delivers_the_unknown, "delivered an event that does not exist" },
	};

	for (size_t i = 0; i < GN_ARRAY_LEN(cases); i++) {
		expect_blame(cases[i].step, GN_CLOCK_ROUNDS, cases[i].fault);
		expect_blame(cases[i].step, GN_CLOCK_PERIODIC, cases[i].fault);
	}
	expect_blame(sends_no_end, GN_CLOCK_ROUNDS,
		     "sent more datagrams in one step than GN_STEP_DATAGRAMS_MAX, 16777216");
	expect_blame(wakes_between_rounds, GN_CLOCK_ROUNDS,
		     "asked for a deadline between two rounds, but the clock is that of rounds");
}

static uint32_t goes_too_far(const struct gn_cluster *c, const struct gn_members *m GN_UNUSED,
			     struct gn_input *in, const struct gn_output *out GN_UNUSED)
{
	return in->now >= 2 * c->period ? c->members + 1 : in->self;
}

static uint32_t sends_no_end_at_once(const struct gn_cluster *c, const struct gn_members *m,
				     struct gn_input *in, const struct gn_output *out)
{
	for (uint32_t i = 0; in->now >= 2 * c->period && i <= GN_STEP_DATAGRAMS_MAX; i++)
		out->send(out->host, (in->self + 1) % c->members, (const uint8_t *)"x", 1);
	return in->now >= 2 * c->period ? m->end : in->self;
}

static int step_well(const struct gn_cluster *c, void *head GN_UNUSED, void *body GN_UNUSED,
		     const struct gn_input *in, const struct gn_output *out, uint64_t *deadline)
{
	return behave(c, in, out, deadline);
}

static void misbehaviour_of_many_is_named(void **state GN_UNUSED)
{
	static const struct {
		uint32_t (*rounds)(const struct gn_cluster *c, const struct gn_members *m,
				   struct gn_input *in, const struct gn_output *out);
		const char *fault;
	} cases[] = {
		{ goes_too_far, "returned from rounds() a member that it was not asked about" },
		{ sends_no_end_at_once,
		  "sent more datagrams in one step than GN_STEP_DATAGRAMS_MAX, 16777216" },
	};

	for (size_t i = 0; i < GN_ARRAY_LEN(cases); i++) {
		const struct gn_protocol p = {
			.name = "bad", .sizes = no_memory, .step = step_well, .rounds = cases[i].rounds
		};
		struct gn_err err = { "" };
		struct gn_sim_result r = { 0 };
		struct setting s;

		make_setting(&s, &p, 4, GN_CLOCK_ROUNDS);
		const struct gn_sim_options o = { .topology = &s.t };

		assert_int_equal(gn_sim_run(&o, &r, &err), -EPROTO);
		assert_non_null(strstr(err.text, cases[i].fault));
		assert_non_null(strstr(err.text, "simulated time 2.000000000 s"));
		gn_sim_result_done(&r);
	}
}

static void expect_same_result(const struct gn_sim_result *a, const struct gn_sim_result *b)
{
	assert_int_equal(a->n_curves, b->n_curves);
	for (uint32_t e = 0; e < a->n_curves; e++) {
		assert_int_equal(a->curves[e].n, b->curves[e].n);
		for (size_t i = 0; i < a->curves[e].n; i++) {
			assert_int_equal(a->curves[e].points[i].t, b->curves[e].points[i].t);
			assert_int_equal(a->curves[e].points[i].informed, b->curves[e].points[i].informed);
		}
	}
	assert_int_equal(a->datagrams, b->datagrams);
	assert_int_equal(a->bytes, b->bytes);
	assert_int_equal(a->calls, b->calls);
	assert_int_equal(a->steps, b->steps);
	assert_int_equal(a->largest_fan_out, b->largest_fan_out);
	assert_int_equal(a->largest_in_degree, b->largest_in_degree);
}

/* Protocols that run the rounds of many members at once do what they do one by one. */
static void many_at_once_are_as_one_by_one(void **state GN_UNUSED)
{
	static const char *const names[] = { "push-pull", "pull" };

	for (unsigned i = 0; i < 2 * 3 * 2 * 2 * 2; i++) {
		struct gn_protocol one_by_one = *gn_protocol_find(names[i % 2]);
		struct gn_sim_result many, one;
		struct setting s;

		make_setting(&s, gn_protocol_find(names[i % 2]), 3000, GN_CLOCK_ROUNDS);
		s.t.duration = 40 * GN_SEC;
		s.t.gossip.fanout = 1 + i / 2 % 3;
		s.t.n_events = i / 6 % 2 ? 3 : 1;
		for (uint32_t e = 1; e < s.t.n_events; e++)
			s.events[e] = (struct gn_event_plan){
				.at = 3 * e * GN_SEC, .node = 17 * e, .label = "", .size = 100
			};
		s.t.gossip.forget_after = i / 12 % 2 ? 3 : 0;
		s.t.gossip.avoid_last = i / 24;
		assert_non_null(one_by_one.rounds);
		one_by_one.rounds = NULL;
		simulate(&s, &many);
		s.t.gossip.protocol = &one_by_one;
		simulate(&s, &one);
		expect_same_result(&many, &one);
		gn_sim_result_done(&many);
		gn_sim_result_done(&one);
	}
}

/* Whoever answers last is named. */
static void answers_come_to_an_end(void **state GN_UNUSED)
{
	const struct gn_protocol p = { .name = "bad", .sizes = no_memory, .step = answers_without_end };

	for (enum gn_clock clock = GN_CLOCK_PERIODIC; clock <= GN_CLOCK_ROUNDS; clock++) {
		struct gn_sim_result r = { 0 };
		struct gn_err err = { "" };
		struct setting s;

		make_setting(&s, &p, 4, clock);
		const struct gn_sim_options o = { .topology = &s.t };

		assert_int_equal(gn_sim_run(&o, &r, &err), -EPROTO);
		assert_non_null(strstr(err.text, "it answers answers without end"));
		gn_sim_result_done(&r);
	}
}

/* ---- the two engines ---- */

/* Rounds over a network with a delay of next to nothing go through the queue: the same rounds, but for that delay. */
static void both_engines_simulate_the_same_rounds(void **state GN_UNUSED)
{
	static const char *const protocols[] = { "push", "pull", "push-pull" };

	for (size_t i = 0; i < GN_ARRAY_LEN(protocols); i++) {
		struct gn_sim_result a, b;
		struct setting s;

		make_setting(&s, gn_protocol_find(protocols[i]), 5000, GN_CLOCK_ROUNDS);
		s.t.until_informed = false; /* which would end the second one within a round */
		s.t.duration = 30 * GN_SEC;
		simulate(&s, &a);
		s.t.network.delay = 1;
		simulate(&s, &b);
		for (size_t round = 0; round < a.curves[0].n; round++) {
			/* A reply comes one delay after its call: two points for one round. */
			gn_time end = a.curves[0].points[round].t + 2;
			size_t k = 0;

			while (k + 1 < b.curves[0].n && b.curves[0].points[k + 1].t <= end)
				k++;
			assert_int_equal(b.curves[0].points[k].informed, a.curves[0].points[round].informed);
		}
		assert_int_equal(a.datagrams, b.datagrams);
		assert_int_equal(a.largest_in_degree, b.largest_in_degree);
		gn_sim_result_done(&a);
		gn_sim_result_done(&b);
	}
}

/* An event at the very moment of a round is known then, but travels in the next one; just before, in that one. */
static void events_between_rounds(void **state GN_UNUSED)
{
	static const struct {
		gn_time at, first; /* when somebody else can know at the earliest */
	} cases[] = { { 0, GN_SEC },
		      { GN_SEC - 1, GN_SEC },
		      { GN_SEC, 2 * GN_SEC },
		      { GN_SEC + 1, 2 * GN_SEC },
		      { 5 * GN_SEC, 6 * GN_SEC } };

	for (size_t i = 0; i < GN_ARRAY_LEN(cases); i++) {
		struct gn_sim_result r;
		struct setting s;

		make_setting(&s, gn_protocol_find("push"), 2, GN_CLOCK_ROUNDS);
		s.events[0].at = cases[i].at;
		simulate(&s, &r);
		assert_int_equal(r.curves[0].published, cases[i].at);
		assert_int_equal(r.curves[0].n, 2);
		assert_int_equal(r.curves[0].points[0].t, 0);
		assert_int_equal(cases[i].at + r.curves[0].points[1].t, cases[i].first);
		assert_int_equal(r.ended, cases[i].first);
		gn_sim_result_done(&r);
	}
}

/* A protocol that acts in every third round only, and from the 20th on no more. */
static int act_seldom(const struct gn_cluster *c, void *head GN_UNUSED, void *body GN_UNUSED,
		      const struct gn_input *in, const struct gn_output *out, uint64_t *deadline)
{
	int r = behave(c, in, out, deadline);

	if (in->type != GN_START && in->type != GN_TIMER)
		return r;
	if (in->type == GN_TIMER)
		out->send(out->host, (in->self + 1) % c->members, (const uint8_t *)"seldom", 6);
	*deadline = in->now + 3 * c->period < 20 * c->period ? in->now + 3 * c->period : GN_NO_DEADLINE;
	return 0;
}

static void rounds_without_timers_are_skipped(void **state GN_UNUSED)
{
	const struct gn_protocol p = { .name = "seldom", .sizes = no_memory, .step = act_seldom };

	for (gn_dur delay = 0; delay < 2; delay++) {
		struct gn_sim_result r;
		struct setting s;

		make_setting(&s, &p, 3000, GN_CLOCK_ROUNDS);
		s.t.network.delay = delay;
		simulate(&s, &r);
		/* Rounds 3, 6, .. 18, one datagram each. */
		assert_int_equal(r.datagrams, 6 * 3000);
		assert_int_equal(r.steps, (1 + 6 + 6) * 3000 + 1);
		assert_int_equal(r.largest_in_degree, 1);
		assert_int_equal(r.largest_fan_out, 1);
		assert_int_equal(r.ending, GN_SIM_DURATION);
		assert_int_equal(r.ended, s.t.duration);
		gn_sim_result_done(&r);
	}
}

/* All call member 0, once a round, and it answers; in-degrees are beyond what a mark holds. */
static int call_one(const struct gn_cluster *c, void *head GN_UNUSED, void *body GN_UNUSED,
		    const struct gn_input *in, const struct gn_output *out, uint64_t *deadline)
{
	if (in->type == GN_TIMER && in->self)
		out->send(out->host, in->self <= 40 || in->now > c->period ? 0 : 1, (const uint8_t *)"?", 1);
	if (in->type == GN_DATAGRAM && !in->self)
		out->send(out->host, in->from, (const uint8_t *)"!", 1);
	return behave(c, in, out, deadline);
}

static void in_degrees_are_of_one_round(void **state GN_UNUSED)
{
	const struct gn_protocol p = { .name = "one", .sizes = no_memory, .step = call_one };

	for (gn_dur delay = 0; delay < 2; delay++) {
		for (gn_time rounds = 1; rounds < 4; rounds++) {
			struct gn_sim_result r;
			struct setting s;

			make_setting(&s, &p, 42, GN_CLOCK_ROUNDS);
			s.t.network.delay = delay;
			s.t.duration = rounds * GN_SEC + GN_MSEC;
			simulate(&s, &r);
			/* The first round's 40 calls to member 0, later all 41. Its answers are no calls. */
			assert_int_equal(r.largest_in_degree, rounds == 1 ? 40 : 41);
			assert_int_equal(r.largest_fan_out, 1);
			gn_sim_result_done(&r);
		}
	}
}

/* Member 0 calls all others at once; their answers are no calls. */
static int call_all(const struct gn_cluster *c, void *head GN_UNUSED, void *body GN_UNUSED,
		    const struct gn_input *in, const struct gn_output *out, uint64_t *deadline)
{
	for (uint32_t m = 1; in->type == GN_TIMER && !in->self && m < c->members; m++)
		out->send(out->host, m, (const uint8_t *)"?", 1);
	if (in->type == GN_DATAGRAM && in->self)
		out->send(out->host, in->from, (const uint8_t *)"!", 1);
	return behave(c, in, out, deadline);
}

static void answers_are_not_in_degree(void **state GN_UNUSED)
{
	const struct gn_protocol p = { .name = "all", .sizes = no_memory, .step = call_all };

	for (gn_dur delay = 0; delay < 2; delay++) {
		struct gn_sim_result r;
		struct setting s;

		make_setting(&s, &p, 42, GN_CLOCK_ROUNDS);
		s.t.network.delay = delay;
		s.t.duration = 5 * GN_SEC + GN_MSEC;
		simulate(&s, &r);
		assert_int_equal(r.datagrams, 5 * 2 * 41);
		assert_int_equal(r.largest_in_degree, 1);
		assert_int_equal(r.largest_fan_out, 41);
		gn_sim_result_done(&r);
	}
}

/* ---- deadlines ---- */

struct alarm {
	uint32_t timers, datagrams;
};

static void alarm_sizes(const struct gn_cluster *c GN_UNUSED, struct gn_sizes *ret)
{
	*ret = (struct gn_sizes){ .body = sizeof(struct alarm) };
}

/* Member 0 calls member 1 in rounds 1 to 8. Each call puts member 1's deadline, 10 periods away, to another moment: later,
 * earlier, as before. Only the last one counts: at its first timer it sends as many datagrams as it has heard of. */
static int put_off(const struct gn_cluster *c, void *head GN_UNUSED, void *body, const struct gn_input *in,
		   const struct gn_output *out, uint64_t *deadline)
{
	static const uint64_t periods[] = { 30, 10, 20, 10, 9, 40, 10, 12 };
	struct alarm *a = body;

	if (in->type == GN_PUBLISH || in->self > 1)
		return behave(c, in, out, deadline);
	if (in->type == GN_START)
		*deadline = in->self ? 10 * c->period : c->period;
	if (in->type == GN_DATAGRAM)
		*deadline = periods[a->datagrams++ % 8] * c->period;
	if (in->type != GN_TIMER)
		return 0;
	a->timers++;
	*deadline = GN_NO_DEADLINE;
	if (!in->self) {
		out->send(out->host, 1, (const uint8_t *)"?", 1);
		if (a->timers < 8)
			*deadline = in->now + c->period;
		return 0;
	}
	assert_int_equal(in->now, 12 * c->period);
	assert_int_equal(a->timers, 1);
	for (uint32_t i = 0; i < a->datagrams; i++)
		out->send(out->host, 2, (const uint8_t *)"!", 1);
	return 0;
}

static void only_the_last_deadline_counts(void **state GN_UNUSED)
{
	const struct gn_protocol p = { .name = "alarm", .sizes = alarm_sizes, .step = put_off };

	for (gn_dur delay = 0; delay < 2; delay++) {
		struct gn_sim_result r;
		struct setting s;

		make_setting(&s, &p, 3, GN_CLOCK_ROUNDS);
		s.t.network.delay = delay;
		s.t.duration = 100 * GN_SEC;
		simulate(&s, &r);
		assert_int_equal(r.datagrams, 8 + 8);
		gn_sim_result_done(&r);
	}
}

/* ---- rows ---- */

/* Members 1 and 2 call member 0, which understands member 1's datagrams only. */
static int refuse_some(const struct gn_cluster *c, void *head GN_UNUSED, void *body GN_UNUSED,
		       const struct gn_input *in, const struct gn_output *out, uint64_t *deadline)
{
	if (in->type == GN_TIMER && in->self)
		out->send(out->host, 0, (const uint8_t *)"?", 1);
	if (in->type == GN_DATAGRAM && in->from == 2)
		return -1;
	return behave(c, in, out, deadline);
}

static int count_of(const char *path, const char *sql)
{
	sqlite3 *db;
	sqlite3_stmt *q;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &q, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(q), SQLITE_ROW);
	const int n = sqlite3_column_int(q, 0);

	sqlite3_finalize(q);
	sqlite3_close(db);
	return n;
}

static void refused_datagrams_are_counted(void **state GN_UNUSED)
{
	static const struct gn_node nodes[] = { { .name = "n1", .group = "n", .member = 0 },
						{ .name = "n2", .group = "n", .member = 1 },
						{ .name = "n3", .group = "n", .member = 2 } };
	const struct gn_protocol p = { .name = "some", .sizes = no_memory, .step = refuse_some };

	for (gn_dur delay = 0; delay < 2; delay++) {
		char folder[] = "/tmp/gn-sim-test-XXXXXX", path[64];
		struct gn_sim_result r = { 0 };
		struct gn_store *store = NULL;
		struct setting s;

		make_setting(&s, &p, 3, GN_CLOCK_ROUNDS);
		s.t.nodes = nodes;
		s.t.log = GN_RECORDS_FIRST;
		s.t.network.delay = delay;
		s.t.duration = 5 * GN_SEC + GN_MSEC;
		assert_non_null(mkdtemp(folder));
		snprintf(path, sizeof(path), "%s/run.db", folder);
		assert_int_equal(
			gn_store_create(&(struct gn_store_options){ .path = path }, &s.t, &store, NULL), 0);
		assert_int_equal(
			gn_sim_run(&(struct gn_sim_options){ .topology = &s.t, .store = store }, &r, NULL),
			0);
		assert_int_equal(gn_store_close(store, NULL), 0);
		assert_int_equal(
			count_of(path, "SELECT value FROM node_stat WHERE node = 1 AND key = 'malformed'"),
			5);
		assert_int_equal(count_of(path, "SELECT sum(value) FROM node_stat WHERE key = 'malformed'"),
				 5);
		gn_sim_result_done(&r);
		assert_int_equal(unlink(path) | rmdir(folder), 0);
	}
}

/* ---- chance ---- */

static void losses_and_copies_are_as_frequent_as_asked(void **state GN_UNUSED)
{
	const struct gn_protocol p = { .name = "one", .sizes = no_memory, .step = call_one };
	enum { MEMBERS = 1001, ROUNDS = 100 };
	const double calls = (MEMBERS - 1.0) * ROUNDS;
	/* Duplicate, then loss: both at once are one copy, and a second copy may be lost as well. */
	const double loss = 0.1, twice = 0.2, none = loss * (1 - twice);

	for (gn_dur delay = 0; delay < 2; delay++) {
		struct gn_sim_result r;
		struct setting s;

		make_setting(&s, &p, MEMBERS, GN_CLOCK_ROUNDS);
		s.t.duration = ROUNDS * GN_SEC + GN_MSEC;
		s.t.network.delay = delay;
		s.t.network.loss_ppm = 100000;
		s.t.network.duplicate_ppm = 200000;
		simulate(&s, &r);
		/* Member 0 answers each copy of the calls that it gets, in all rounds but the first nearly all of them. */
		double answers = (double)r.datagrams - calls, lost = (double)r.lost;
		double copies = (1 - loss) + twice * (1 - loss);

		assert_true(fabs(lost - none * (double)r.datagrams) <
			    4 * sqrt((double)r.datagrams * none * (1 - none)));
		assert_true(fabs(answers - calls * copies * (ROUNDS - 1 + 0.04) / ROUNDS) <
			    4 * sqrt(calls * 0.25));
		gn_sim_result_done(&r);
	}
}

/* A lost call takes all its datagrams along, and its answer; answers are not lost by it. */
static void calls_are_lost_as_a_whole(void **state GN_UNUSED)
{
	const struct gn_protocol p = { .name = "one", .sizes = no_memory, .step = call_one };
	enum { MEMBERS = 1001, ROUNDS = 100 };
	const double calls = (MEMBERS - 1.0) * ROUNDS, lost = 0.3;

	for (gn_dur delay = 0; delay < 2; delay++) {
		struct gn_sim_result r;
		struct setting s;

		make_setting(&s, &p, MEMBERS, GN_CLOCK_ROUNDS);
		s.t.duration = ROUNDS * GN_SEC + GN_MSEC;
		s.t.network.delay = delay;
		s.t.call_loss_ppm = 300000;
		simulate(&s, &r);
		assert_true(fabs((double)r.lost - calls * lost) < 4 * sqrt(calls * lost * (1 - lost)));
		gn_sim_result_done(&r);
	}
}

/* ---- curves ---- */

static void points_are_where_quantiles_need_them(void **state GN_UNUSED)
{
	static const double quantiles[] = { 0.5, 0.9, 0.99, 1 };
	enum { N = 20001 };
	struct gn_sim_result r;
	struct setting s;

	make_setting(&s, gn_protocol_find("push-pull"), N, GN_CLOCK_PERIODIC);
	s.t.network.delay = 100 * GN_MSEC;
	simulate(&s, &r);
	const struct gn_sim_curve *c = &r.curves[0];

	assert_int_equal(c->informed, N);
	assert_in_range(c->n, 1400, 1700);
	for (size_t i = 0; i < c->n; i++) {
		if (i)
			assert_true(c->points[i].t >= c->points[i - 1].t &&
				    c->points[i].informed > c->points[i - 1].informed);
		if (i < 256)
			assert_int_equal(c->points[i].informed, i + 1);
		if (c->n - i <= 256)
			assert_int_equal(c->points[i].informed, N - (c->n - 1 - i));
	}
	for (size_t i = 0; i < GN_ARRAY_LEN(quantiles); i++) {
		uint32_t k = (uint32_t)ceil(N * quantiles[i]);
		bool at = false, before = false;

		for (size_t j = 0; j < c->n; j++) {
			at |= c->points[j].informed == k && gn_sim_crossing(c, k) == (double)c->points[j].t;
			before |= c->points[j].informed == k - 1;
		}
		assert_true(at && before);
	}
	gn_sim_result_done(&r);
}

static void crossings_lie_on_the_line_between_points(void **state GN_UNUSED)
{
	struct gn_sim_point points[] = { { 0, 1 }, { 10, 3 }, { 30, 4 } };
	const struct gn_sim_curve c = { .points = points, .n = 3, .informed = 4 };

	assert_true(gn_sim_crossing(&c, 1) == 0);
	assert_true(gn_sim_crossing(&c, 2) == 5);
	assert_true(gn_sim_crossing(&c, 3) == 10);
	assert_true(gn_sim_crossing(&c, 3.5) == 20);
	assert_true(gn_sim_crossing(&c, 4) == 30);
	assert_true(gn_sim_crossing(&c, 4.1) < 0);
	assert_true(gn_sim_crossing(&(struct gn_sim_curve){ 0 }, 1) < 0);
}

/* Nobody learns in the rounds 1 and 2: the count is known there too. */
static void crossings_lie_within_a_round(void **state GN_UNUSED)
{
	struct gn_sim_point points[] = { { 0, 1 }, { 30, 2 }, { 40, 4 } };
	const struct gn_sim_curve c = { .points = points, .n = 3, .informed = 4, .round = 10 };

	assert_true(gn_sim_crossing(&c, 1.5) == 25);
	assert_true(gn_sim_crossing(&c, 2) == 30);
	assert_true(gn_sim_crossing(&c, 3) == 35);
}

/* Many at one instant, as where all links are equally long: on the line from those before it to all of them. */
static void crossings_do_not_jump_at_an_instant(void **state GN_UNUSED)
{
	struct gn_sim_point points[] = { { 0, 1 },  { 0, 2 },  { 10, 3 }, { 10, 4 },
					 { 10, 6 }, { 20, 7 }, { 20, 8 } };
	const struct gn_sim_curve c = { .points = points, .n = 7, .informed = 8 };

	assert_true(gn_sim_crossing(&c, 1) == 0);
	assert_true(gn_sim_crossing(&c, 2) == 0);
	assert_true(gn_sim_crossing(&c, 3) == 2.5);
	assert_true(gn_sim_crossing(&c, 4) == 5);
	assert_true(gn_sim_crossing(&c, 6) == 10);
	assert_true(gn_sim_crossing(&c, 7) == 15);
	assert_true(gn_sim_crossing(&c, 8) == 20);
}

/* ---- the end ---- */

static int stop_at_once(void *context, const struct gn_sim_progress *p)
{
	unsigned *calls = context;

	assert_true(p->now <= 1000000 * GN_SEC);
	++*calls;
	return 1;
}

static void a_run_can_be_stopped(void **state GN_UNUSED)
{
	for (enum gn_clock clock = GN_CLOCK_PERIODIC; clock <= GN_CLOCK_ROUNDS; clock++) {
		struct gn_sim_result r = { 0 };
		unsigned calls = 0;
		struct setting s;

		make_setting(&s, gn_protocol_find("push-pull"), 1000, clock);
		s.t.until_informed = false;
		s.t.duration = 1000000 * GN_SEC;
		const struct gn_sim_options o = { .topology = &s.t,
						  .context = &calls,
						  .on_progress = stop_at_once };

		assert_int_equal(gn_sim_run(&o, &r, NULL), 0);
		assert_int_equal(r.ending, GN_SIM_STOPPED);
		assert_int_equal(calls, 1);
		assert_true(r.ended < s.t.duration);
		gn_sim_result_done(&r);
	}
}

enum { SLOW_ROUND = 5, SLOW_MEMBER = 10 };

/* Push-pull, which takes long for one of the first members in one of the rounds. */
static int act_slowly(const struct gn_cluster *c, void *head, void *body, const struct gn_input *in,
		      const struct gn_output *out, uint64_t *deadline)
{
	if (in->type == GN_TIMER && in->self == SLOW_MEMBER && in->now == SLOW_ROUND * c->period)
		usleep(300000);
	return gn_protocol_find("push-pull")->step(c, head, body, in, out, deadline);
}

/* Rounds before the end of a stopped run are as in one that goes on, and so is the last. */
static void a_run_stops_between_rounds(void **state GN_UNUSED)
{
	struct gn_protocol slow = *gn_protocol_find("push-pull");
	struct gn_sim_result whole = { 0 }, stopped = { 0 };
	unsigned calls = 0;
	struct setting s;

	slow.rounds = NULL;
	slow.step = act_slowly;
	make_setting(&s, &slow, 20000, GN_CLOCK_ROUNDS);
	simulate(&s, &whole);
	const struct gn_sim_options o = { .topology = &s.t, .context = &calls, .on_progress = stop_at_once };

	assert_int_equal(gn_sim_run(&o, &stopped, NULL), 0);
	assert_int_equal(stopped.ending, GN_SIM_STOPPED);
	assert_int_equal(stopped.ended, SLOW_ROUND * s.t.gossip.period);
	const struct gn_sim_curve *a = &whole.curves[0], *b = &stopped.curves[0];

	assert_in_range(b->n, 2, a->n - 1);
	for (size_t i = 0; i < b->n; i++)
		assert_true(a->points[i].t == b->points[i].t &&
			    a->points[i].informed == b->points[i].informed);
	assert_int_equal(b->points[b->n - 1].t + b->published, stopped.ended);
	gn_sim_result_done(&whole);
	gn_sim_result_done(&stopped);
}

/* Members outside the largest component do not count, neither for the end nor for the curve. */
static void who_does_not_count_is_not_waited_for(void **state GN_UNUSED)
{
	/* Two rings: 0-1-2 and 3-4. */
	static const uint32_t first_peer[] = { 0, 2, 4, 6, 7, 8 }, peers[] = { 1, 2, 0, 2, 0, 1, 4, 3 };
	static const uint8_t counted[] = { 1, 1, 1, 0, 0 };

	for (enum gn_clock clock = GN_CLOCK_PERIODIC; clock <= GN_CLOCK_ROUNDS; clock++) {
		struct gn_sim_result r;
		struct setting s;

		make_setting(&s, gn_protocol_find("push-pull"), 5, clock);
		s.t.gossip.first_peer = first_peer;
		s.t.gossip.peers = peers;
		s.t.gossip.counted = counted;
		s.t.gossip.n_counted = 3;
		s.events[1].node = 3;
		s.t.n_events = 2;
		s.t.duration = 100 * GN_SEC;
		simulate(&s, &r);
		assert_int_equal(r.counted, 3);
		assert_int_equal(r.curves[0].informed, 3);
		assert_int_equal(r.curves[1].informed, 0);
		assert_int_equal(r.ending, GN_SIM_DURATION);
		gn_sim_result_done(&r);
		s.t.n_events = 1;
		simulate(&s, &r);
		assert_int_equal(r.ending, GN_SIM_INFORMED);
		gn_sim_result_done(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(misbehaviour_is_named),
		cmocka_unit_test(misbehaviour_of_many_is_named),
		cmocka_unit_test(many_at_once_are_as_one_by_one),
		cmocka_unit_test(answers_come_to_an_end),
		cmocka_unit_test(both_engines_simulate_the_same_rounds),
		cmocka_unit_test(events_between_rounds),
		cmocka_unit_test(rounds_without_timers_are_skipped),
		cmocka_unit_test(in_degrees_are_of_one_round),
		cmocka_unit_test(answers_are_not_in_degree),
		cmocka_unit_test(only_the_last_deadline_counts),
		cmocka_unit_test(refused_datagrams_are_counted),
		cmocka_unit_test(losses_and_copies_are_as_frequent_as_asked),
		cmocka_unit_test(calls_are_lost_as_a_whole),
		cmocka_unit_test(points_are_where_quantiles_need_them),
		cmocka_unit_test(crossings_lie_on_the_line_between_points),
		cmocka_unit_test(crossings_do_not_jump_at_an_instant),
		cmocka_unit_test(crossings_lie_within_a_round),
		cmocka_unit_test(a_run_can_be_stopped),
		cmocka_unit_test(a_run_stops_between_rounds),
		cmocka_unit_test(who_does_not_count_is_not_waited_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
