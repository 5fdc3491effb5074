/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "net/shape.h"

static struct gn_netem netem_of(struct gn_shape shape)
{
	struct gn_netem n;

	gn_netem_of(&shape, 1, 0, 0, &n);
	return n;
}

static void shares_have_32_bits(void **state)
{
	static const struct {
		uint32_t ppm, of_2_32;
	} cases[] = {
		{ 0, 0 },
		{ 1, 4295 }, /* 4294.967 */
		{ 100, 429497 },
		{ 10000, 42949673 },
		{ 500000, 2147483648 },
		{ 999999, 4294963001 },
		{ 1000000, UINT32_MAX },
	};

	(void)state;
	for (size_t i = 0; i < GN_ARRAY_LEN(cases); i++) {
		assert_int_equal(netem_of((struct gn_shape){ .loss_ppm = cases[i].ppm }).loss.share,
				 cases[i].of_2_32);
		assert_int_equal(netem_of((struct gn_shape){ .duplicate_ppm = cases[i].ppm }).duplicate.share,
				 cases[i].of_2_32);
	}
}

static void rate_is_in_bytes(void **state)
{
	static const struct {
		uint64_t bps, bytes;
	} cases[] = {
		{ 0, 0 },
		{ 1, 1 },
		{ 8, 1 },
		{ 11, 1 },
		{ 12, 2 },
		{ 1500000, 187500 },
		{ UINT64_C(100000000000), UINT64_C(12500000000) },
	};

	(void)state;
	for (size_t i = 0; i < GN_ARRAY_LEN(cases); i++)
		assert_int_equal(netem_of((struct gn_shape){ .rate_bps = cases[i].bps }).rate,
				 cases[i].bytes);
}

static void seeds_differ_by_link_and_direction(void **state)
{
	const struct gn_shape s = { .loss_ppm = 1 };
	struct gn_netem a, b, c, d, again;

	(void)state;
	gn_netem_of(&s, 1, 7, 0, &a);
	gn_netem_of(&s, 1, 7, 1, &b);
	gn_netem_of(&s, 1, 8, 0, &c);
	gn_netem_of(&s, 2, 7, 0, &d);
	gn_netem_of(&s, 1, 7, 0, &again);
	assert_int_equal(a.seed, again.seed);
	assert_int_not_equal(a.seed, b.seed);
	assert_int_not_equal(a.seed, c.seed);
	assert_int_not_equal(b.seed, c.seed);
	assert_int_not_equal(a.seed, d.seed);
}

/* What is sent reads back as the same: times and rates beyond 32 bits included. */
static void a_request_reads_back(void **state)
{
	static const struct gn_netem cases[] = {
		{ .limit = 1, .seed = 1 },
		{ .latency = 10000001,
		  .jitter = 3,
		  .loss.share = 4295,
		  .duplicate.share = 77,
		  .rate = 187500,
		  .limit = 1234,
		  .seed = 5 },
		{ .latency = 7000000000000, .jitter = 2147483647, .rate = UINT64_C(12500000000), .limit = 9 },
		{ .rate = UINT32_MAX, .limit = 9, .seed = UINT64_MAX },
		{ .rate = UINT64_C(1) << 32, .limit = 9, .loss.share = UINT32_MAX },
	};

	(void)state;
	for (size_t i = 0; i < GN_ARRAY_LEN(cases); i++) {
		struct gn_nl_batch *b = calloc(1, sizeof(*b));
		struct gn_netem got = { 0 };
		struct gn_err err = { "" };
		uint32_t index = 0;

		assert_int_equal(gn_netem_queue(b, 77, &cases[i], GN_NETEM_NEW, "link a - b", &err), 0);
		assert_int_equal(b->n, 1);
		assert_string_equal(b->what[0], "link a - b");
		const struct nlmsghdr *m = (const void *)b->buffer;
		const struct tcmsg *t = mnl_nlmsg_get_payload(m);

		assert_int_equal(t->tcm_parent, TC_H_ROOT);
		assert_int_equal(t->tcm_handle, 0x10000);
		assert_int_equal(m->nlmsg_flags & (NLM_F_CREATE | NLM_F_EXCL), NLM_F_CREATE | NLM_F_EXCL);
		assert_true(gn_netem_parse(m, &index, &got));
		assert_int_equal(index, 77);
		assert_true(got.seeded);
		assert_int_equal(gn_netem_compare(&cases[i], &got, &err), 0);
		free(b);
	}
}

static void other_qdiscs_are_not_netem(void **state)
{
	_Alignas(8) char buffer[256] = { 0 };
	struct nlmsghdr *m = mnl_nlmsg_put_header(buffer);
	struct tcmsg *t = mnl_nlmsg_put_extra_header(m, sizeof(*t));
	struct tc_netem_qopt options = { .limit = 5 };
	struct gn_netem n = { .limit = 42 };
	uint32_t index = 42;

	(void)state;
	m->nlmsg_type = RTM_NEWQDISC;
	t->tcm_parent = TC_H_ROOT;
	assert_false(gn_netem_parse(m, &index, &n)); /* no kind */
	mnl_attr_put_strz(m, TCA_KIND, "noqueue");
	mnl_attr_put(m, TCA_OPTIONS, sizeof(options), &options);
	assert_false(gn_netem_parse(m, &index, &n));
	mnl_attr_put_strz(m, TCA_KIND, "netem");
	t->tcm_parent = 0x10001;
	assert_false(gn_netem_parse(m, &index, &n)); /* a child */
	t->tcm_parent = TC_H_ROOT;
	m->nlmsg_type = RTM_DELQDISC;
	assert_false(gn_netem_parse(m, &index, &n));
	assert_int_equal(n.limit, 42);
	assert_int_equal(index, 42);
	m->nlmsg_type = RTM_NEWQDISC;
	assert_true(gn_netem_parse(m, &index, &n));
	assert_int_equal(n.limit, 5);
}

static void options_may_be_cut_short(void **state)
{
	_Alignas(8) char buffer[256] = { 0 };
	struct nlmsghdr *m = mnl_nlmsg_put_header(buffer);
	struct tcmsg *t = mnl_nlmsg_put_extra_header(m, sizeof(*t));
	struct gn_netem n = { 0 };
	uint32_t index;

	(void)state;
	m->nlmsg_type = RTM_NEWQDISC;
	t->tcm_parent = TC_H_ROOT;
	mnl_attr_put_strz(m, TCA_KIND, "netem");
	mnl_attr_put(m, TCA_OPTIONS, sizeof(struct tc_netem_qopt) - 1, buffer);
	assert_false(gn_netem_parse(m, &index, &n));
}

static void each_difference_is_named(void **state)
{
	const struct gn_netem wanted = {
		.latency = 10, .jitter = 20, .loss.share = 30, .rate = 40, .limit = 50, .seed = 60, .duplicate.share = 70
	};
	struct gn_netem got[7] = { wanted, wanted, wanted, wanted, wanted, wanted, wanted };
	static const char *const texts[7] = {
		"delay: wanted 10 ns, the kernel has 11 ns",
		"jitter: wanted 20 ns, the kernel has 21 ns",
		"loss: wanted 30/2^32, the kernel has 31/2^32",
		"rate: wanted 40 bytes/s, the kernel has 41 bytes/s",
		"queue limit: wanted 50 packets, the kernel has 51 packets",
		"seed: wanted 60, the kernel has 61",
		"duplicate: wanted 70/2^32, the kernel has 71/2^32",
	};
	struct gn_err err;

	(void)state;
	assert_int_equal(gn_netem_compare(&wanted, &got[0], &err), 0);
	got[0].latency++;
	got[1].jitter++;
	got[2].loss.share++;
	got[3].rate++;
	got[4].limit++;
	got[5].seed++;
	got[4].seed = 99; /* of a kernel that takes none */
	assert_int_equal(gn_netem_compare(&wanted, &got[5], &err), 0);
	got[5].seeded = true;
	got[6].duplicate.share++;
	for (size_t i = 0; i < GN_ARRAY_LEN(got); i++) {
		assert_int_equal(gn_netem_compare(&wanted, &got[i], &err), -EIO);
		assert_string_equal(err.text, texts[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shares_have_32_bits),
		cmocka_unit_test(rate_is_in_bytes),
		cmocka_unit_test(seeds_differ_by_link_and_direction),
		cmocka_unit_test(a_request_reads_back),
		cmocka_unit_test(other_qdiscs_are_not_netem),
		cmocka_unit_test(options_may_be_cut_short),
		cmocka_unit_test(each_difference_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
