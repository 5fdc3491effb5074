/* SPDX-License-Identifier: MIT */
#include "sample.h"

#include "view/view.h"

/* The summary of the file; released with free(). */
static char *summary(const struct place *p)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	struct gn_err err = { "" };

	assert_non_null(f);
	if (gn_summary_print(p->db, f, &err))
		fail_msg("%s", err.text);
	fclose(f);
	return text;
}

static void expect(const struct place *p, const char *want)
{
	char *got = summary(p);

	assert_string_equal(got, want);
	free(got);
}

static void stat_of(struct gn_store *s, uint32_t node, const char *key, int64_t value)
{
	assert_int_equal(gn_store_node_stat(s, node, key, value, NULL), 0);
}

static void one_event(void **state)
{
	const struct place *p = *state;
	struct gn_store *s = create(p, 4, false);

	publish(s, 0, 1000, "", 4, 612300000);
	for (uint32_t i = 0; i < 4; i++) {
		stat_of(s, i, "datagrams_sent", 10 + i);
		stat_of(s, i, "bytes_sent", 1000 * (i + 1));
		stat_of(s, i, "timer_lateness_p99_ns", 100000 * (i + 1));
		stat_of(s, i, "log_dropped", 0);
		stat_of(s, i, "malformed", 0);
	}
	assert_int_equal(gn_store_meta_int(s, "timer_lateness_p99_ns", 250000, NULL), 0);
	finish(s);
	expect(p, "event       informed        t50        t90        t99       t100\n"
		  "1                4/4   612.3 ms    1.837 s    1.837 s    1.837 s\n"
		  "sent per node: 11.5 datagrams (at most 13), 2.5 kB (at most 4 kB)\n"
		  "timers late by, p99: 250.0 us (worst node 400.0 us)\n");
}

/* t100 of three events: 30, 10 and never: the median is 30. */
static void several_events(void **state)
{
	const struct place *p = *state;
	struct gn_store *s = create(p, 4, false);

	publish(s, 0, 1000, "", 4, 10000000);
	publish(s, 1, 2000, "alert\n\x1b[2J\xc3\xa9", 4, 3333333);
	publish(s, 2, 3000, "", 3, 20000000);
	finish(s);
	expect(p, "event                informed        t50        t90        t99       t100\n"
		  "1                         4/4    10.0 ms    30.0 ms    30.0 ms    30.0 ms\n"
		  "alert??[2J\xc3\xa9               4/4     3.3 ms    10.0 ms    10.0 ms    10.0 ms\n"
		  "3                         3/4    20.0 ms          -          -          -\n"
		  "median of 3               4/4    10.0 ms    30.0 ms    30.0 ms    30.0 ms\n");
}

static void many_events_are_cut(void **state)
{
	const struct place *p = *state;
	struct gn_store *s = create(p, 2, false);

	for (uint32_t e = 0; e < 26; e++)
		publish(s, e, e, "", 2, (int64_t)(e + 1) * 1000000);
	finish(s);
	char *text = summary(p);

	assert_non_null(strstr(text, "\n20  "));
	assert_null(strstr(text, "\n21  "));
	assert_non_null(strstr(
		text,
		"\nand 6 more\nmedian of 26              2/2     0.0 us    14.0 ms    14.0 ms    14.0 ms\n"));
	free(text);
}

static void losses_are_warnings(void **state)
{
	const struct place *p = *state;
	struct gn_store *s = create(p, 3, false);

	publish(s, 0, 1000, "", 3, 1000);
	stat_of(s, 0, "log_dropped", 5);
	stat_of(s, 1, "log_dropped", 7);
	stat_of(s, 2, "log_dropped", 0);
	stat_of(s, 0, "socket_drops", 1);
	stat_of(s, 0, "send_errors", 2);
	stat_of(s, 0, "malformed", 3);
	assert_int_equal(gn_store_meta_int(s, "records_refused", 4, NULL), 0);
	finish(s);
	char *text = summary(p);

	assert_non_null(strstr(text,
			       "\nwarning: 12 log records were lost to full rings: arrivals are missing from "
			       "these results (2 of 3 nodes)\n"));
	assert_non_null(strstr(text, "\nwarning: 1 datagrams were dropped at full receive buffers"));
	assert_non_null(strstr(text, "\nwarning: 2 datagrams were refused by the kernel"));
	assert_non_null(strstr(text, "\nwarning: 3 datagrams did not parse"));
	assert_non_null(strstr(text, "\nwarning: 4 log records made no sense"));
	free(text);
}

/* Where links corrupt, sockets drop: the run's own check says that this is right. */
static void what_was_asked_for_is_no_loss(void **state)
{
	const struct gn_store_fidelity asked_for = { .what = "socket_drops", .unit = "", .verdict = "valid" };
	const struct place *p = *state;
	struct gn_store *s = create(p, 3, false);

	stat_of(s, 0, "socket_drops", 1);
	assert_int_equal(gn_store_fidelity(s, &asked_for, NULL), 0);
	finish(s);
	expect(p, "no event was published\n");
}

static void a_run_that_is_not_valid_says_why(void **state)
{
	static const struct {
		const char *verdict, *said;
	} cases[] = {
		{ "valid", "no event was published\n" },
		{ "suspect", "no event was published\nverdict: suspect: 2 datagrams were refused\n" },
		{ "invalid", "no event was published\nverdict: invalid: 2 datagrams were refused\n" },
	};
	const struct place *p = *state;

	for (size_t i = 0; i < GN_ARRAY_LEN(cases); i++) {
		struct gn_store *s = create(p, 3, false);

		assert_int_equal(gn_store_meta(s, "verdict", cases[i].verdict, NULL), 0);
		if (i)
			assert_int_equal(gn_store_meta(s, "verdict_reason", "2 datagrams were refused", NULL),
					 0);
		finish(s);
		expect(p, cases[i].said);
		unlink(p->db);
	}
}

static void a_killed_run_says_so(void **state)
{
	const struct place *p = *state;
	struct gn_store *s = create(p, 3, false);

	publish(s, 0, 1000, "", 2, 1000000);
	assert_int_equal(gn_store_meta(s, "ended_by", "killed", NULL), 0);
	assert_int_equal(gn_store_commit(s, NULL), 0);
	expect(p, "event       informed        t50        t90        t99       t100\n"
		  "1                2/3     1.0 ms          -          -          -\n"
		  "warning: the run was killed or is still going on: this is what it has written\n");
	assert_int_equal(gn_store_close(s, NULL), 0);
}

static void no_events(void **state)
{
	const struct place *p = *state;

	finish(create(p, 3, false));
	expect(p, "no event was published\n");
}

static void no_file(void **state)
{
	const struct place *p = *state;
	struct gn_err err = { "" };

	assert_int_equal(gn_summary_print(p->db, stdout, &err), -ENOENT);
	assert_non_null(strstr(err.text, p->db));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_event),
		TEST(several_events),
		TEST(many_events_are_cut),
		TEST(losses_are_warnings),
		TEST(what_was_asked_for_is_no_loss),
		TEST(a_run_that_is_not_valid_says_why),
		TEST(a_killed_run_says_so),
		TEST(no_events),
		TEST(no_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
