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

static const int16_t table_values[] = { -5, 0, 5 };
static const struct gn_distribution table = { .name = "t", .values = table_values, .n = 3 };

/* netem's options in a request, behind their structure. */
static const struct nlattr *option(const void *request, uint16_t type)
{
	const struct nlattr *attr, *options = NULL;

	mnl_attr_for_each(attr, (const struct nlmsghdr *)request, sizeof(struct tcmsg)) options =
		mnl_attr_get_type(attr) == TCA_OPTIONS ? attr : options;
	assert_non_null(options);
	const void *start = (const char *)mnl_attr_get_payload(options) + sizeof(struct tc_netem_qopt);
	const size_t size = mnl_attr_get_payload_len(options) - sizeof(struct tc_netem_qopt);

	for (attr = start; mnl_attr_ok(attr, (int)((const char *)start + size - (const char *)attr));
	     attr = mnl_attr_next(attr)) {
		if (mnl_attr_get_type(attr) == type)
			return attr;
	}
	return NULL;
}

static bool has_table(const struct nlmsghdr *m, uint16_t type)
{
	return option(m, type);
}

static void take_model(const void *request, uint16_t type, void *ret, size_t size)
{
	const struct nlattr *nest = option(request, TCA_NETEM_LOSS);

	assert_non_null(nest);
	const struct nlattr *model = mnl_attr_get_payload(nest);

	assert_int_equal(mnl_attr_get_type(model), type);
	assert_int_equal(mnl_attr_get_payload_len(model), size);
	memcpy(ret, mnl_attr_get_payload(model), size);
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
		{ .limit = 1,
		  .correlation = 1,
		  .loss.correlation = 2,
		  .duplicate.correlation = 3,
		  .corrupt = { 4, 5 },
		  .reorder = { 6, 7 },
		  .gap = 8,
		  .rate = 9,
		  .packet_overhead = -14,
		  .cell_size = 48,
		  .cell_overhead = -5,
		  .ecn = true,
		  .slot = { .min_delay = 10, .max_delay = 12, .packets = 13, .bytes = 14 } },
		{ .limit = 1,
		  .jitter = 5,
		  .distribution = &table,
		  .loss_model = GN_LOSS_GILBERT_ELLIOTT,
		  .loss_states = { 1, 2, UINT32_MAX, 4 },
		  .slot = { .distribution = &table, .mean = 1, .jitter = 1 } },
		{ .limit = 1, .loss_model = GN_LOSS_STATES, .loss_states = { 1, 2, 3, 4, 5 } },
	};

	(void)state;
	for (size_t i = 0; i < 2 * GN_ARRAY_LEN(cases); i++) {
		const struct gn_netem *n = &cases[i / 2];
		const enum gn_netem_mode mode = i % 2 ? GN_NETEM_REPLACE : GN_NETEM_NEW;
		const uint16_t flags = NLM_F_CREATE | (i % 2 ? NLM_F_REPLACE : NLM_F_EXCL);
		struct gn_nl_batch *b = calloc(1, sizeof(*b));
		struct gn_netem got = { 0 };
		struct gn_err err = { "" };
		uint32_t index = 0;

		assert_int_equal(gn_netem_queue(b, 77, n, mode, "link a - b", &err), 0);
		assert_int_equal(b->n, 1);
		assert_string_equal(b->what[0], "link a - b");
		const struct nlmsghdr *m = (const void *)b->buffer;
		const struct tcmsg *t = mnl_nlmsg_get_payload(m);

		assert_int_equal(t->tcm_parent, TC_H_ROOT);
		assert_int_equal(t->tcm_handle, 0x10000);
		assert_int_equal(m->nlmsg_flags & (NLM_F_CREATE | NLM_F_EXCL | NLM_F_REPLACE), flags);
		assert_true(gn_netem_parse(m, &index, &got));
		assert_int_equal(index, 77);
		assert_true(got.seeded);
		assert_int_equal(gn_netem_compare(n, &got, &err), 0);
		assert_int_equal(has_table(m, TCA_NETEM_DELAY_DIST), n->distribution || (i % 2 && n->jitter));
		free(b);
	}
}

/* The kernel's own structures, member by member: GI is the model of four states, GE that of two, which has h and not
 * 1 - h. */
static void models_of_loss_are_the_kernels(void **state)
{
	struct gn_netem two = netem_of((struct gn_shape){ .loss_model = GN_LOSS_GILBERT_ELLIOTT,
							  .loss_states = { 250000, 500000, 1000000, 0 } });
	struct gn_netem four = netem_of((struct gn_shape){
		.loss_model = GN_LOSS_STATES, .loss_states = { 600000, 500000, 500000, 250000, 400000 } });
	struct gn_nl_batch *b = calloc(1, sizeof(*b));
	struct tc_netem_gemodel ge;
	struct tc_netem_gimodel gi;
	struct gn_err err;

	(void)state;
	assert_int_equal(gn_netem_queue(b, 1, &two, GN_NETEM_NEW, "two", &err), 0);
	take_model(b->buffer, NETEM_LOSS_GE, &ge, sizeof(ge));
	assert_true(ge.p == UINT32_C(1) << 30 && ge.r == UINT32_C(1) << 31 && ge.h == 0 && ge.k1 == 0);
	b->n = 0;
	b->used = 0;
	assert_int_equal(gn_netem_queue(b, 1, &four, GN_NETEM_NEW, "four", &err), 0);
	take_model(b->buffer, NETEM_LOSS_GI, &gi, sizeof(gi));
	/* The kernel adds p13 and p14, p31 and p32: all of them must not become 0 in 32 bits. */
	assert_true(gi.p14 == 1717986918 && gi.p13 == UINT32_MAX - gi.p14);
	assert_true(gi.p32 == UINT32_C(1) << 31 && gi.p31 == UINT32_MAX - gi.p32);
	assert_int_equal(gi.p23, 1 << 30);
	free(b);
}

static void order_is_kept_by_a_rate(void **state)
{
	(void)state;
	assert_int_equal(netem_of((struct gn_shape){ .delay = 1, .keep_order = true }).rate,
			 GN_NETEM_ORDER_RATE);
	assert_int_equal(netem_of((struct gn_shape){ .delay = 1, .keep_order = true, .rate_bps = 80 }).rate,
			 10);
	assert_true(UINT64_C(65550) * GN_SEC / GN_NETEM_ORDER_RATE ==
		    0); /* ns that the largest packet takes */
}

/* A shape that asks for nothing, where one did before: packets still pass. */
static void nothing_is_no_obstacle(void **state)
{
	(void)state;
	assert_int_equal(netem_of((struct gn_shape){ 0 }).limit, 1000);
}

/* Tables take room: a batch is sent before it would overflow. */
static void tables_fit_into_batches(void **state)
{
	static int16_t values[16384];
	const struct gn_distribution large = { .name = "large", .values = values, .n = GN_ARRAY_LEN(values) };
	const struct gn_netem n = { .limit = 1, .jitter = 1, .distribution = &large };
	struct gn_netem both = n;
	struct gn_nl_batch *b = calloc(1, sizeof(*b));
	struct gn_err err;

	(void)state;
	b->failed = -EIO; /* nothing is sent after a failure */
	for (int i = 0; i < 10; i++) {
		assert_int_equal(gn_netem_queue(b, 1, &n, GN_NETEM_NEW, "large", &err), 0);
		assert_true(b->used <= sizeof(b->buffer) && b->n <= 4);
	}
	both.slot = (struct gn_slot){ .distribution = &large, .mean = 1, .jitter = 1 };
	assert_int_equal(gn_netem_queue(b, 1, &both, GN_NETEM_NEW, "link a - b", &err), -EMSGSIZE);
	assert_string_equal(err.text,
			    "link a - b: the tables of distribution and slot are too large together");
	free(b);
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
	const struct gn_netem wanted = { .latency = 10,
					 .jitter = 20,
					 .loss.share = 30,
					 .rate = 40,
					 .limit = 50,
					 .seed = 60,
					 .duplicate.share = 70,
					 .loss_model = GN_LOSS_STATES,
					 .slot = { .min_delay = 1, .max_delay = 2 } };
	const struct {
		size_t offset;
		const char *text;
	} cases[] = {
		{ offsetof(struct gn_netem, latency), "delay: wanted 10 ns, the kernel has 11 ns" },
		{ offsetof(struct gn_netem, jitter), "jitter: wanted 20 ns, the kernel has 21 ns" },
		{ offsetof(struct gn_netem, loss.share), "loss: wanted 30/2^32, the kernel has 31/2^32" },
		{ offsetof(struct gn_netem, rate), "rate: wanted 40 bytes/s, the kernel has 41 bytes/s" },
		{ offsetof(struct gn_netem, limit),
		  "queue limit: wanted 50 packets, the kernel has 51 packets" },
		{ offsetof(struct gn_netem, duplicate.share),
		  "duplicate: wanted 70/2^32, the kernel has 71/2^32" },
		{ offsetof(struct gn_netem, correlation),
		  "correlation: wanted 0/2^32, the kernel has 1/2^32" },
		{ offsetof(struct gn_netem, loss.correlation),
		  "loss correlation: wanted 0/2^32, the kernel has 1/2^32" },
		{ offsetof(struct gn_netem, duplicate.correlation),
		  "duplicate correlation: wanted 0/2^32, the kernel has 1/2^32" },
		{ offsetof(struct gn_netem, corrupt.share), "corrupt: wanted 0/2^32, the kernel has 1/2^32" },
		{ offsetof(struct gn_netem, corrupt.correlation),
		  "corrupt correlation: wanted 0/2^32, the kernel has 1/2^32" },
		{ offsetof(struct gn_netem, reorder.share), "reorder: wanted 0/2^32, the kernel has 1/2^32" },
		{ offsetof(struct gn_netem, reorder.correlation),
		  "reorder correlation: wanted 0/2^32, the kernel has 1/2^32" },
		{ offsetof(struct gn_netem, gap), "reorder gap: wanted 0 packets, the kernel has 1 packets" },
		{ offsetof(struct gn_netem, packet_overhead),
		  "packet_overhead: wanted 0 bytes, the kernel has 1 bytes" },
		{ offsetof(struct gn_netem, cell_size), "cell_size: wanted 0 bytes, the kernel has 1 bytes" },
		{ offsetof(struct gn_netem, cell_overhead),
		  "cell_overhead: wanted 0 bytes, the kernel has 1 bytes" },
		{ offsetof(struct gn_netem, ecn), "ecn: wanted 0, the kernel has 1" },
		{ offsetof(struct gn_netem, loss_states[4]),
		  "loss p14: wanted 0/2^32, the kernel has 1/2^32" },
		{ offsetof(struct gn_netem, slot.min_delay),
		  "slot's least delay: wanted 1 ns, the kernel has 2 ns" },
		{ offsetof(struct gn_netem, slot.max_delay),
		  "slot's largest delay: wanted 2 ns, the kernel has 3 ns" },
		{ offsetof(struct gn_netem, slot.packets), "slot's packets: wanted 0, the kernel has 1" },
		{ offsetof(struct gn_netem, slot.bytes), "slot's bytes: wanted 0, the kernel has 1" },
		{ offsetof(struct gn_netem, seed), "seed: wanted 60, the kernel has 61" },
	};
	struct gn_netem got = wanted;
	struct gn_err err;

	(void)state;
	got.seed = 99; /* of a kernel that takes none */
	assert_int_equal(gn_netem_compare(&wanted, &got, &err), 0);
	got.loss_model = GN_LOSS_RANDOM;
	assert_int_equal(gn_netem_compare(&wanted, &got, &err), -EIO);
	assert_string_equal(err.text, "loss: wanted states, the kernel has random");
	for (size_t i = 0; i < GN_ARRAY_LEN(cases); i++) {
		got = wanted;
		got.seeded = true;
		++*((uint8_t *)&got + cases[i].offset); /* little end first, as on all machines here */
		assert_int_equal(gn_netem_compare(&wanted, &got, &err), -EIO);
		assert_string_equal(err.text, cases[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shares_have_32_bits),
		cmocka_unit_test(rate_is_in_bytes),
		cmocka_unit_test(seeds_differ_by_link_and_direction),
		cmocka_unit_test(a_request_reads_back),
		cmocka_unit_test(models_of_loss_are_the_kernels),
		cmocka_unit_test(order_is_kept_by_a_rate),
		cmocka_unit_test(nothing_is_no_obstacle),
		cmocka_unit_test(tables_fit_into_batches),
		cmocka_unit_test(other_qdiscs_are_not_netem),
		cmocka_unit_test(options_may_be_cut_short),
		cmocka_unit_test(each_difference_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
