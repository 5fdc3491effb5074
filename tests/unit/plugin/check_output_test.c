/* SPDX-License-Identifier: MIT */
/* What a host refuses of a protocol's answers, and that it refuses nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "plugin/check_output.h"
#include "util/util.h"

static const struct gn_cluster cluster = { .members = 10, .max_events = 3, .max_payload = 100 };
static const uint8_t data[GN_DATAGRAM_MAX];
static const struct gn_input timer = { .type = GN_TIMER, .self = 4, .now = 1000 };
static const struct gn_input datagram = { .type = GN_DATAGRAM, .self = 4, .from = 7, .now = 1000 };
static const struct gn_input publish = { .type = GN_PUBLISH, .self = 4, .event = 1, .now = 1000 };

/* @want: a part of the sentence, or NULL for none. */
static void assert_says(const char *why, const char *got, const char *want)
{
	if (!got != !want || (want && !strstr(got, want)))
		fail_msg("%s: said \"%s\", wanted \"%s\"", why, got ? got : "", want ? want : "");
}

static void datagrams(void **state)
{
	static const struct {
		uint32_t to;
		const uint8_t *data;
		size_t size;
		uint32_t n_sent;
		const char *want;
	} cases[] = {
		{ 9, data, 1, 0, NULL },
		{ 0, data, GN_DATAGRAM_MAX, GN_STEP_DATAGRAMS_MAX - 1, NULL },
		{ 4, data, 1, 0, "to itself" },
		{ 10, data, 1, 0, "a member that does not exist" },
		{ GN_NO_MEMBER, data, 1, 0, "a member that does not exist" },
		{ 9, data, 0, 0, "without content" },
		{ 9, NULL, 1, 0, "without content" },
		{ 9, data, GN_DATAGRAM_MAX + 1, 0, "larger than GN_DATAGRAM_MAX" },
		{ 9, data, 1, GN_STEP_DATAGRAMS_MAX, "more datagrams in one step" },
	};

	(void)state;
	for (size_t i = 0; i < GN_ARRAY_LEN(cases); i++)
		assert_says("send",
			    gn_output_check_send(&cluster, &timer, cases[i].to, cases[i].data, cases[i].size,
						 cases[i].n_sent),
			    cases[i].want);
}

/* The numbers in the sentences are written out. */
static void limits_are_named(void **state)
{
	char text[32];

	(void)state;
	snprintf(text, sizeof(text), ", %d bytes", GN_DATAGRAM_MAX);
	assert_says("size", gn_output_check_send(&cluster, &timer, 0, data, SIZE_MAX, 0), text);
	snprintf(text, sizeof(text), ", %u", GN_STEP_DATAGRAMS_MAX);
	assert_says("number", gn_output_check_send(&cluster, &timer, 0, data, 1, UINT32_MAX), text);
}

static void calls(void **state)
{
	(void)state;
	assert_says("another", gn_output_check_call(&cluster, &timer, 9), NULL);
	assert_says("self", gn_output_check_call(&cluster, &timer, 4), "called itself");
	assert_says("none", gn_output_check_call(&cluster, &timer, 10),
		    "called a member that does not exist");
	assert_says("nobody", gn_output_check_call(&cluster, &timer, GN_NO_MEMBER), "does not exist");
}

static void deliveries(void **state)
{
	static const struct {
		const char *why;
		const struct gn_input *in;
		struct gn_delivery d;
		const char *want;
	} cases[] = {
		{ "received",
		  &datagram,
		  { .event = 2, .via = 7, .hop = 1, .payload = data, .size = 100 },
		  NULL },
		{ "later", &timer, { .event = 2, .via = 7, .hop = 1 }, NULL },
		{ "published", &publish, { .event = 1, .via = GN_NO_MEMBER }, NULL },
		{ "event", &datagram, { .event = 3, .via = 7, .hop = 1 }, "an event that does not exist" },
		{ "size", &datagram, { .via = 7, .hop = 1, .payload = data, .size = 101 }, "a payload" },
		{ "payload", &datagram, { .via = 7, .hop = 1, .size = 1 }, "a payload" },
		{ "origin",
		  &datagram,
		  { .event = 1, .via = GN_NO_MEMBER },
		  "as published here which was not" },
		{ "other", &publish, { .event = 2, .via = GN_NO_MEMBER }, "as published here which was not" },
		{ "hop there", &publish, { .event = 1, .via = GN_NO_MEMBER, .hop = 1 }, "hop other than 0" },
		{ "self", &datagram, { .via = 4, .hop = 1 }, "from itself" },
		{ "stranger", &datagram, { .via = 10, .hop = 1 }, "from a member that does not exist" },
		{ "hop", &datagram, { .via = 7 }, "hop 0" },
	};

	(void)state;
	for (size_t i = 0; i < GN_ARRAY_LEN(cases); i++)
		assert_says(cases[i].why, gn_output_check_deliver(&cluster, cases[i].in, &cases[i].d),
			    cases[i].want);
}

static void first_copies(void **state)
{
	const struct gn_delivery first = { .first = 1 }, further = { .first = 0 };

	(void)state;
	assert_says("first", gn_output_check_first(&first, true, false), NULL);
	assert_says("further", gn_output_check_first(&further, true, true), NULL);
	assert_says("again", gn_output_check_first(&first, true, true), "first copy of an event twice");
	assert_says("before", gn_output_check_first(&further, true, false), "before the first");
	assert_says("early", gn_output_check_first(&first, false, false), "not been published yet");
}

static void returns(void **state)
{
	(void)state;
	assert_says("ok", gn_output_check_return(&timer, 0, 5), NULL);
	assert_says("refused", gn_output_check_return(&datagram, -1, 0), NULL);
	assert_says("done and refused", gn_output_check_return(&datagram, -1, 1), "and then refused");
	assert_says("timer", gn_output_check_return(&timer, -1, 0), "an input that is not a datagram");
	assert_says("publish", gn_output_check_return(&publish, -1, 0), "an input that is not a datagram");
	assert_says("other", gn_output_check_return(&datagram, 1, 0), "other than 0 and -1");
}

static void deadlines(void **state)
{
	static const struct {
		const char *why;
		const struct gn_input *in;
		uint64_t before, after;
		bool good;
	} cases[] = {
		{ "later", &timer, 1000, 1001, true },
		{ "never", &timer, 1000, GN_NO_DEADLINE, true },
		{ "the same", &timer, 1000, 1000, false },
		{ "earlier", &timer, 1000, 999, false },
		{ "late, the same", &timer, 900, 900, false },
		{ "late, the next one", &timer, 900, 901, true },
		{ "late, earlier", &timer, 900, 899, false },
		{ "unchanged", &datagram, 2000, 2000, true },
		{ "overdue, unchanged", &datagram, 900, 900, true },
		{ "overdue, moved on", &datagram, 900, 950, false },
		{ "now", &datagram, 2000, 1000, false },
		{ "soon", &publish, 2000, 1001, true },
		{ "past", &publish, GN_NO_DEADLINE, 0, false },
	};

	(void)state;
	for (size_t i = 0; i < GN_ARRAY_LEN(cases); i++)
		assert_says(cases[i].why,
			    gn_output_check_deadline(cases[i].in, cases[i].before, cases[i].after),
			    cases[i].good ? NULL : "a deadline in the past");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(datagrams),  cmocka_unit_test(limits_are_named), cmocka_unit_test(calls),
		cmocka_unit_test(deliveries), cmocka_unit_test(first_copies),	  cmocka_unit_test(returns),
		cmocka_unit_test(deadlines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
