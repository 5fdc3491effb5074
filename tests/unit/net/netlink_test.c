/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "net/message.h"
#include "net/netlink.h"

#define NOBODY 0x7ffffff0 /* an interface index that nobody has */

struct answer {
	_Alignas(8) char buffer[512];
	struct nlmsghdr *header;
};

/* An error message to request @seq; with the request's copy unless @capped; with @text unless NULL. */
static void make_answer(struct answer *a, uint32_t seq, int error, bool capped, const char *text)
{
	const size_t copied = capped ? 0 : 20;
	struct nlmsgerr *e;

	memset(a, 0, sizeof(*a));
	a->header = mnl_nlmsg_put_header(a->buffer);
	a->header->nlmsg_type = NLMSG_ERROR;
	a->header->nlmsg_seq = seq;
	a->header->nlmsg_flags = (capped ? NLM_F_CAPPED : 0) | (text ? NLM_F_ACK_TLVS : 0);
	e = mnl_nlmsg_put_extra_header(a->header, sizeof(*e) + copied);
	e->error = error;
	e->msg.nlmsg_len = NLMSG_HDRLEN + (uint32_t)copied;
	if (text)
		mnl_attr_put_strz(a->header, NLMSGERR_ATTR_MSG, text);
}

/* A batch that has sent three requests, numbers 100 .. 102. */
static struct gn_nl_batch *sent_batch(void)
{
	struct gn_nl_batch *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	b->seq = 100;
	for (int i = 0; i < 3; i++)
		gn_nl_end(b, gn_nl_request(b, "request %d", i));
	return b;
}

static void the_refused_request_is_named(void **state)
{
	(void)state;
	for (int capped = 0; capped < 2; capped++) {
		struct gn_nl_batch *b = sent_batch();
		struct answer a;
		bool done = false;

		make_answer(&a, 101, -EXFULL, capped, "Too many ports");
		gn_nl_answers(b, a.buffer, a.header->nlmsg_len, &done);
		assert_false(done);
		assert_int_equal(b->failed, -EXFULL);
		assert_string_equal(b->error.text,
				    "request 1: the bridge has no free port (Linux allows 1023) "
				    "(the kernel says: Too many ports)");
		make_answer(&a, 102, -EEXIST, capped, NULL);
		gn_nl_answers(b, a.buffer, a.header->nlmsg_len, &done);
		assert_true(done);
		assert_int_equal(b->failed, -EXFULL); /* the first counts */
		free(b);
	}
}

static void an_acknowledgement_is_no_failure(void **state)
{
	struct gn_nl_batch *b = sent_batch();
	struct answer a;
	bool done = false;

	(void)state;
	make_answer(&a, 102, 0, true, NULL);
	gn_nl_answers(b, a.buffer, a.header->nlmsg_len, &done);
	assert_true(done);
	assert_int_equal(b->failed, 0);
	free(b);
}

static void strange_answers_are_passed_over(void **state)
{
	struct gn_nl_batch *b = sent_batch();
	struct answer a;
	bool done = false;

	(void)state;
	make_answer(&a, 99, -EPERM, true, NULL); /* of an earlier batch */
	gn_nl_answers(b, a.buffer, a.header->nlmsg_len, &done);
	make_answer(&a, 103, -EPERM, true, NULL);
	gn_nl_answers(b, a.buffer, a.header->nlmsg_len, &done);
	make_answer(&a, 102, -EPERM, true, NULL);
	a.header->nlmsg_type = RTM_NEWLINK;
	gn_nl_answers(b, a.buffer, a.header->nlmsg_len, &done);
	make_answer(&a, 102, -EPERM, true, NULL);
	gn_nl_answers(b, a.buffer, a.header->nlmsg_len - 4, &done); /* longer than what came */
	a.header->nlmsg_len = NLMSG_HDRLEN + 4;			    /* too short for an error */
	gn_nl_answers(b, a.buffer, a.header->nlmsg_len, &done);
	assert_false(done);
	assert_int_equal(b->failed, 0);
	free(b);
}

/* The text lies behind a copy of the request, whose length is the kernel's word: believe nothing. */
static void a_lying_length_is_not_followed(void **state)
{
	static const uint32_t lengths[] = { 0, 15, 36, 500, UINT32_MAX };

	(void)state;
	for (size_t i = 0; i < GN_ARRAY_LEN(lengths); i++) {
		struct gn_nl_batch *b = sent_batch();
		struct answer a;
		bool done = false;

		make_answer(&a, 102, -EINVAL, false, "text");
		struct nlmsgerr *e = mnl_nlmsg_get_payload(a.header);
		e->msg.nlmsg_len = lengths[i];
		gn_nl_answers(b, a.buffer, a.header->nlmsg_len, &done);
		assert_string_equal(b->error.text,
				    lengths[i] == 36 ? "request 2: Invalid argument (the kernel says: text)"
						     : "request 2: Invalid argument");
		free(b);
	}
}

static void a_text_without_an_end_is_dropped(void **state)
{
	struct gn_nl_batch *b = sent_batch();
	struct answer a;
	bool done = false;

	(void)state;
	make_answer(&a, 102, -EINVAL, true, "texttex");
	a.buffer[a.header->nlmsg_len - 1] = 'x';
	gn_nl_answers(b, a.buffer, a.header->nlmsg_len, &done);
	assert_string_equal(b->error.text, "request 2: Invalid argument");
	free(b);
}

static void reasons_say_what_to_do(void **state)
{
	struct gn_err err;

	(void)state;
	assert_int_equal(gn_nl_fail(&err, -EMFILE, NULL), -EMFILE);
	assert_non_null(strstr(err.text, "ulimit -n"));
	gn_nl_fail(&err, -EPERM, NULL);
	assert_non_null(strstr(err.text, "root"));
	gn_nl_fail(&err, -ENODEV, NULL);
	assert_string_equal(err.text, "No such device");
	assert_int_equal(gn_nl_fail(NULL, -ENODEV, NULL), -ENODEV);
}

/* With the kernel itself: only questions, so neither root nor a namespace is needed. */
static void ask(struct gn_nl_batch *b, uint32_t index, uint32_t number)
{
	struct nlmsghdr *m = gn_nl_request(b, "question %u", number);

	gn_msg_get_link(m, index);
	gn_nl_end(b, m);
}

static void batches_of_any_size_find_the_bad_request(void **state)
{
	static const struct {
		uint32_t n, bad;
	} cases[] = { { 1, 0 },	    { 128, 127 }, { 129, 128 }, { 300, 5 },
		      { 300, 128 }, { 300, 299 }, { 256, 300 } };
	GN_CLEANUP(gn_close_p) int fd = -1;
	struct gn_nl_batch *b = calloc(1, sizeof(*b));

	(void)state;
	assert_non_null(b);
	assert_int_equal(gn_nl_open(NETLINK_ROUTE, &fd, NULL), 0);
	for (size_t i = 0; i < GN_ARRAY_LEN(cases); i++) {
		const bool fails = cases[i].bad < cases[i].n;
		struct gn_err err = { "" };
		char question[32];

		gn_nl_use(b, fd);
		for (uint32_t k = 0; k < cases[i].n; k++)
			ask(b, k == cases[i].bad ? NOBODY : GN_LOOPBACK, k);
		assert_int_equal(gn_nl_flush(b, &err), fails ? -ENODEV : 0);
		snprintf(question, sizeof(question), "question %u:", cases[i].bad);
		assert_true(!fails || strncmp(err.text, question, strlen(question)) == 0);
		assert_int_equal(gn_nl_flush(b, &err), 0); /* reported once */
	}
	free(b);
}

static void a_step_can_be_made_to_fail(void **state)
{
	GN_CLEANUP(gn_close_p) int fd = -1;
	struct gn_nl_batch *b = calloc(1, sizeof(*b));
	struct gn_steps steps = { .fail_at = 2 };
	struct gn_err err = { "" };

	(void)state;
	assert_non_null(b);
	assert_int_equal(gn_nl_open(NETLINK_ROUTE, &fd, NULL), 0);
	b->steps = &steps;
	gn_nl_use(b, fd);
	ask(b, GN_LOOPBACK, 0);
	assert_int_equal(gn_nl_flush(b, &err), 0);
	ask(b, GN_LOOPBACK, 1);
	assert_int_equal(gn_nl_flush(b, &err), -EIO);
	assert_string_equal(err.text, "step 2 was made to fail");
	free(b);
}

static int count_links(const struct nlmsghdr *m, void *context)
{
	uint32_t *n = context;

	*n += m->nlmsg_type == RTM_NEWLINK;
	return 0;
}

static int stop(const struct nlmsghdr *m, void *context)
{
	(void)m, (void)context;
	return -ECANCELED;
}

static void dumps_list_and_stop(void **state)
{
	GN_CLEANUP(gn_close_p) int fd = -1;
	_Alignas(8) char buffer[64] = { 0 };
	struct nlmsghdr *m = mnl_nlmsg_put_header(buffer);
	struct ifinfomsg *i = mnl_nlmsg_put_extra_header(m, sizeof(*i));
	uint32_t n = 0;

	(void)state;
	i->ifi_family = AF_UNSPEC;
	m->nlmsg_type = RTM_GETLINK;
	assert_int_equal(gn_nl_open(NETLINK_ROUTE, &fd, NULL), 0);
	assert_int_equal(gn_nl_dump(fd, m, count_links, &n, NULL), 0);
	assert_in_range(n, 1, 100000);
	assert_int_equal(gn_nl_dump(fd, m, stop, NULL, NULL), -ECANCELED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_refused_request_is_named),
		cmocka_unit_test(an_acknowledgement_is_no_failure),
		cmocka_unit_test(strange_answers_are_passed_over),
		cmocka_unit_test(a_lying_length_is_not_followed),
		cmocka_unit_test(a_text_without_an_end_is_dropped),
		cmocka_unit_test(reasons_say_what_to_do),
		cmocka_unit_test(batches_of_any_size_find_the_bad_request),
		cmocka_unit_test(a_step_can_be_made_to_fail),
		cmocka_unit_test(dumps_list_and_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
