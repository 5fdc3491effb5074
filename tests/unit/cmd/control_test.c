/* SPDX-License-Identifier: MIT */
/* The control server, its client in this same process or in a child, and a guest that the test plays. */
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cmocka.h>

/* The command layer itself is not linked: it holds main(). */
#include "cmd/control.c"

enum { QUEUE = 4 * 1024 * 1024 };

struct place {
	struct gn_control_server *server;
	struct gn_channel *ours, *guest; /* the channel to the guest, both ends */
};

static int setup(void **state)
{
	const struct gn_control_options o = {
		.name = "quickstart", .folder = "/somewhere/else", .nodes = 51, .guest = true
	};
	struct place *p = calloc(1, sizeof(*p));
	int ends[2];

	*state = p;
	if (!p || gn_control_open(&o, &p->server, NULL) < 0 ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0 ||
	    gn_channel_new(ends[0], QUEUE, &p->ours, NULL) < 0)
		return -1;
	gn_control_set_channel(p->server, p->ours);
	gn_control_set_phase(p->server, "running");
	return gn_channel_new(ends[1], QUEUE, &p->guest, NULL);
}

static int teardown(void **state)
{
	struct place *p = *state;

	gn_control_set_channel(p->server, NULL);
	gn_control_free(p->server);
	gn_channel_free(p->ours);
	gn_channel_free(p->guest);
	free(p);
	return 0;
}

/* Let the server do what there is to do, several times. */
static void serve(struct place *p)
{
	for (int i = 0; i < 20; i++) {
		struct pollfd fd = { .fd = gn_control_fd(p->server), .events = POLLIN };
		struct gn_vm_message m;

		gn_channel_flush(p->ours, NULL);
		while (gn_channel_next(p->ours, &m, NULL) == 1)
			assert_true(gn_control_message(p->server, &m));
		if (poll(&fd, 1, 0) > 0)
			gn_control_handle(p->server);
	}
}

static struct gn_channel *client(const struct place *p)
{
	struct sockaddr_un a = { 0 };
	socklen_t len = sizeof(a);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct gn_channel *c;

	assert_int_equal(getsockname(p->server->listener, (struct sockaddr *)&a, &len), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&a, len), 0);
	assert_int_equal(gn_channel_new(fd, QUEUE, &c, NULL), 0);
	return c;
}

static void send_numbers(struct gn_channel *c, enum gn_message_type type, uint32_t session, const char *text)
{
	struct gn_pack p;

	gn_pack_init(&p);
	gn_pack_u32(&p, session);
	gn_pack_string(&p, text);
	assert_int_equal(gn_channel_send_pack(c, type, &p, NULL), 0);
}

/* The next message at @c has this type; returns its session number. */
static uint32_t expect(struct gn_channel *c, enum gn_message_type type)
{
	struct gn_vm_message m;
	struct gn_unpack u;

	assert_int_equal(gn_channel_next(c, &m, NULL), 1);
	assert_int_equal(m.type, type);
	gn_unpack_init(&u, m.data, m.len);
	return gn_unpack_u32(&u);
}

static void says_what_it_is(void **state)
{
	struct place *p = *state;
	struct gn_channel *c = client(p);
	struct gn_vm_message m;
	struct gn_unpack u;

	assert_int_equal(gn_channel_send(c, GN_MESSAGE_INFO, NULL, 0, NULL), 0);
	serve(p);
	assert_int_equal(gn_channel_next(c, &m, NULL), 1);
	gn_unpack_init(&u, m.data, m.len);
	for (const char *const *want =
		     (const char *const[]){ "quickstart", "/somewhere/else", "running", NULL };
	     *want; want++) {
		char *got = gn_unpack_string(&u);

		assert_string_equal(got, *want);
		free(got);
	}
	assert_int_equal(gn_unpack_u32(&u), 1);
	assert_int_equal(gn_unpack_u32(&u), 51);
	assert_in_range(gn_unpack_u64(&u), 0, 60 * GN_SEC);
	assert_false(u.bad);
	gn_channel_free(c);
}

/* Two clients that both call their session 1 are two sessions of the guest. */
static void sessions_do_not_mix(void **state)
{
	struct place *p = *state;
	struct gn_channel *a = client(p), *b = client(p);
	struct gn_vm_message m;

	send_numbers(a, GN_MESSAGE_EXEC_START, 1, "n1");
	serve(p);
	send_numbers(b, GN_MESSAGE_EXEC_START, 1, "n2");
	serve(p);
	uint32_t first = expect(p->guest, GN_MESSAGE_EXEC_START);
	uint32_t second = expect(p->guest, GN_MESSAGE_EXEC_START);

	assert_int_not_equal(first, second);
	send_numbers(p->guest, GN_MESSAGE_EXEC_OUTPUT, second, "for b");
	serve(p);
	assert_int_equal(gn_channel_next(a, &m, NULL), 0);
	assert_int_equal(expect(b, GN_MESSAGE_EXEC_OUTPUT), 1);
	send_numbers(p->guest, GN_MESSAGE_EXEC_EXIT, first, "");
	serve(p);
	assert_int_equal(expect(a, GN_MESSAGE_EXEC_EXIT), 1);
	assert_int_equal(gn_channel_next(b, &m, NULL), 0);

	/* Over is over: nobody is told of the client's end. */
	gn_channel_free(a);
	serve(p);
	assert_int_equal(gn_channel_next(p->guest, &m, NULL), 0);
	/* A client that goes while its command runs is told to the guest. */
	gn_channel_free(b);
	serve(p);
	assert_int_equal(expect(p->guest, GN_MESSAGE_EXEC_CLOSE), second);
}

static void nothing_runs_before_the_nodes_are_there(void **state)
{
	struct place *p = *state;
	struct gn_channel *c = client(p);
	struct gn_vm_message m;

	gn_control_set_phase(p->server, "wiring");
	send_numbers(c, GN_MESSAGE_EXEC_START, 1, "n1");
	serve(p);
	assert_int_equal(expect(c, GN_MESSAGE_EXEC_FAILED), 1);
	assert_int_equal(gn_channel_next(p->guest, &m, NULL), 0);
	gn_channel_free(c);
}

static void a_client_that_lies_is_dropped(void **state)
{
	static const char *const lies[] = { "GET / HTTP/1.1\r\n\r\n", "\xff\xff\xff\xff\x01",
					    "\0\0\0\0\x02" };
	struct place *p = *state;
	struct gn_vm_message m;

	for (size_t i = 0; i < GN_ARRAY_LEN(lies); i++) {
		struct gn_channel *c = client(p);

		serve(p);
		assert_int_equal(write(gn_channel_fd(c), lies[i], 5), 5);
		serve(p);
		assert_int_equal(gn_channel_next(c, &m, NULL), -EPIPE);
		gn_channel_free(c);
	}
	assert_int_equal(gn_channel_next(p->guest, &m, NULL), 0);
}

/* More input than there is credit for: the guest's queue is the run's as well. */
static void input_beyond_the_credit_ends_the_client(void **state)
{
	static char block[16 * 1024 + 1];
	struct place *p = *state;
	struct gn_channel *c = client(p);
	struct gn_vm_message m;
	size_t taken = 0;

	memset(block, 'x', sizeof(block) - 1);
	send_numbers(c, GN_MESSAGE_EXEC_START, 1, "n1");
	for (int i = 0; i < 20; i++)
		gn_channel_send(c, GN_MESSAGE_EXEC_INPUT, block, sizeof(block), NULL);
	serve(p);
	expect(p->guest, GN_MESSAGE_EXEC_START);
	while (gn_channel_next(p->guest, &m, NULL) == 1 && m.type == GN_MESSAGE_EXEC_INPUT)
		taken += m.len - 4;
	assert_in_range(taken, GN_EXEC_WINDOW - sizeof(block), GN_EXEC_WINDOW);
	assert_int_equal(m.type, GN_MESSAGE_EXEC_CLOSE);
	gn_channel_free(c);
}

static void a_client_that_does_not_read_is_dropped(void **state)
{
	static char block[16 * 1024];
	struct place *p = *state;
	struct gn_channel *c = client(p);

	send_numbers(c, GN_MESSAGE_EXEC_START, 1, "n1");
	serve(p);
	uint32_t session = expect(p->guest, GN_MESSAGE_EXEC_START);

	for (int i = 0; i < 4; i++)
		block[i] = (char)(session >> (8 * i));
	for (int i = 0; i < 100; i++) {
		assert_int_equal(
			gn_channel_send(p->guest, GN_MESSAGE_EXEC_OUTPUT, block, sizeof(block), NULL), 0);
		serve(p);
	}
	assert_int_equal(expect(p->guest, GN_MESSAGE_EXEC_CLOSE), session);
	gn_channel_free(c);
}

/* The run has other things to do. */
static void a_client_that_floods_is_dropped(void **state)
{
	static const uint8_t frame[] = { 8, 0, 0, 0, GN_MESSAGE_EXEC_SIGNAL, 1, 0, 0, 0, 2, 0, 0, 0 };
	static uint8_t flood[2 * BURST * sizeof(frame)];
	struct place *p = *state;
	struct gn_channel *c = client(p);
	struct gn_vm_message m;

	for (size_t i = 0; i < sizeof(flood); i++)
		flood[i] = frame[i % sizeof(frame)];
	assert_int_equal(write(gn_channel_fd(c), flood, sizeof(flood)), sizeof(flood));
	serve(p);
	assert_int_equal(gn_channel_next(c, &m, NULL), -EPIPE);
	gn_channel_free(c);
}

/* Clients that say nothing take the places; when they go, others find room again. */
static void places_come_back(void **state)
{
	struct place *p = *state;
	struct gn_channel *many[CLIENTS + 1], *c;
	struct gn_vm_message m;

	for (size_t i = 0; i < GN_ARRAY_LEN(many); i++) {
		many[i] = client(p);
		serve(p);
	}
	assert_int_equal(gn_channel_next(many[0], &m, NULL), 0);
	assert_int_equal(gn_channel_next(many[CLIENTS], &m, NULL), -EPIPE);
	for (size_t i = 0; i < GN_ARRAY_LEN(many); i++)
		gn_channel_free(many[i]);
	serve(p);
	c = client(p);
	assert_int_equal(gn_channel_send(c, GN_MESSAGE_INFO, NULL, 0, NULL), 0);
	serve(p);
	expect(c, GN_MESSAGE_INFO);
	gn_channel_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(says_what_it_is, setup, teardown),
		cmocka_unit_test_setup_teardown(sessions_do_not_mix, setup, teardown),
		cmocka_unit_test_setup_teardown(nothing_runs_before_the_nodes_are_there, setup, teardown),
		cmocka_unit_test_setup_teardown(a_client_that_lies_is_dropped, setup, teardown),
		cmocka_unit_test_setup_teardown(input_beyond_the_credit_ends_the_client, setup, teardown),
		cmocka_unit_test_setup_teardown(a_client_that_does_not_read_is_dropped, setup, teardown),
		cmocka_unit_test_setup_teardown(a_client_that_floods_is_dropped, setup, teardown),
		cmocka_unit_test_setup_teardown(places_come_back, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
