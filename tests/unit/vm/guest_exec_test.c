/* SPDX-License-Identifier: MIT */
/* Commands inside a node, on this kernel: in a user namespace of the test's own, where everybody is root. */
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "vm/guest_exec.h"

enum { QUEUE = 16 * 1024 * 1024 };

struct place {
	struct gn_guest_exec *exec;
	struct gn_channel *guest, *host;
	int netns, descriptors;
};

/* What came back of one session. */
struct came {
	char output[256], error[256], sentence[256];
	size_t output_len, error_len, credit;
	bool over;
	int status, failure;
};

static int netns_of(void *context, const char *node, struct gn_err *err)
{
	const struct place *p = context;

	return strcmp(node, "n1") ? gn_fail(err, -ENOENT, "no node %s", node) : p->netns;
}

static int open_descriptors(void)
{
	int n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static int setup(void **state)
{
	struct place *p = calloc(1, sizeof(*p));
	int ends[2];

	if (!p)
		return -1;
	*state = p;
	p->descriptors = open_descriptors();
	p->netns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (p->netns < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0 ||
	    gn_channel_new(ends[0], QUEUE, &p->guest, NULL) < 0 ||
	    gn_channel_new(ends[1], QUEUE, &p->host, NULL) < 0)
		return -1;
	const struct gn_guest_exec_options o = {
		.channel = p->guest, .netns = netns_of, .context = p, .hosts = -1
	};

	return gn_guest_exec_new(&o, &p->exec, NULL);
}

static int teardown(void **state)
{
	struct place *p = *state;

	gn_guest_exec_free(p->exec);
	gn_channel_free(p->guest);
	gn_channel_free(p->host);
	close(p->netns);
	int left = open_descriptors() - p->descriptors, child = waitpid(-1, NULL, WNOHANG);

	free(p);
	/* No descriptor and no child is left, whatever was under way. */
	return left == 0 && child < 0 ? 0 : -1;
}

static void start(struct place *p, uint32_t session, const char *node, bool terminal, const char *script)
{
	char *const command[] = { (char[]){ "sh" }, (char[]){ "-c" }, (char *)(uintptr_t)script, NULL };
	char *const environment[] = { (char[]){ "PATH=/usr/bin:/bin" }, (char[]){ "MARK=seen" }, NULL };
	struct gn_pack m;

	gn_pack_init(&m);
	gn_pack_u32(&m, session);
	gn_pack_string(&m, node);
	gn_pack_u32(&m, terminal);
	gn_pack_u32(&m, 17);
	gn_pack_u32(&m, 91);
	gn_pack_string(&m, "/usr");
	gn_pack_strings(&m, command);
	gn_pack_strings(&m, environment);
	assert_int_equal(gn_channel_send_pack(p->host, GN_MESSAGE_EXEC_START, &m, NULL), 0);
}

static void tell(struct place *p, enum gn_message_type type, uint32_t session, const void *data, size_t len)
{
	struct gn_pack m;

	gn_pack_init(&m);
	gn_pack_u32(&m, session);
	gn_pack_bytes(&m, data, len);
	assert_int_equal(gn_channel_send_pack(p->host, type, &m, NULL), 0);
}

static void send_number(struct place *p, enum gn_message_type type, uint32_t session, uint32_t number)
{
	const uint8_t bytes[4] = { (uint8_t)number, (uint8_t)(number >> 8), (uint8_t)(number >> 16) };

	tell(p, type, session, bytes, sizeof(bytes));
}

static void append(char text[256], size_t *len, const struct gn_unpack *u)
{
	size_t n = GN_MIN(u->left, *len < 255 ? 255 - *len : 0);

	if (n)
		memcpy(text + *len, u->at, n);
	*len += u->left;
}

static void take(struct came *c, const struct gn_vm_message *m)
{
	struct gn_unpack u;

	gn_unpack_init(&u, m->data, m->len);
	gn_unpack_u32(&u);
	if (m->type == GN_MESSAGE_EXEC_OUTPUT) {
		append(c->output, &c->output_len, &u);
	} else if (m->type == GN_MESSAGE_EXEC_ERROR_OUTPUT) {
		append(c->error, &c->error_len, &u);
	} else if (m->type == GN_MESSAGE_EXEC_CREDIT) {
		c->credit += gn_unpack_u32(&u);
	} else {
		c->over = true;
		c->status = (int)gn_unpack_u32(&u);
		c->failure = m->type == GN_MESSAGE_EXEC_FAILED ? c->status : 0;
		char *sentence = c->failure ? gn_unpack_string(&u) : NULL;

		snprintf(c->sentence, sizeof(c->sentence), "%s", sentence ? sentence : "");
		free(sentence);
	}
}

/* One turn of the guest's main loop, and what it sends. */
static void turn(struct place *p, struct came *c)
{
	struct pollfd fds[] = { { .fd = gn_channel_fd(p->guest), .events = gn_channel_events(p->guest) },
				{ .fd = gn_guest_exec_fd(p->exec), .events = POLLIN } };
	struct gn_vm_message m;

	poll(fds, 2, 20);
	gn_channel_flush(p->host, NULL);
	gn_channel_flush(p->guest, NULL);
	while (gn_channel_next(p->guest, &m, NULL) == 1)
		assert_true(gn_guest_exec_message(p->exec, &m));
	gn_guest_exec_handle(p->exec);
	while (gn_channel_next(p->host, &m, NULL) == 1)
		take(c, &m);
}

static void until_over(struct place *p, struct came *c)
{
	gn_time deadline = gn_now() + 20 * GN_SEC;

	while (!c->over && gn_now() < deadline)
		turn(p, c);
	assert_true(c->over);
}

static void for_a_while(struct place *p, struct came *c, gn_dur time)
{
	for (gn_time end = gn_now() + time; gn_now() < end;)
		turn(p, c);
}

static void streams_and_status_come_back(void **state)
{
	struct place *p = *state;
	struct came c = { 0 };

	start(p, 7, "n1", false, "echo out $MARK; echo err >&2; hostname; pwd; exit 9");
	until_over(p, &c);
	assert_string_equal(c.output, "out seen\nn1\n/usr\n");
	assert_string_equal(c.error, "err\n");
	assert_int_equal(c.status, 9);
	assert_int_equal(c.failure, 0);

	c = (struct came){ 0 };
	start(p, 8, "n1", false, "kill -9 $$");
	until_over(p, &c);
	assert_int_equal(c.status, 128 + 9);
}

static void what_cannot_start_is_explained(void **state)
{
	struct place *p = *state;
	struct came c = { 0 };

	start(p, 1, "n2", false, "true");
	until_over(p, &c);
	assert_int_equal(c.failure, ENOENT);
	assert_string_equal(c.sentence, "no node n2");
	c = (struct came){ 0 };
	tell(p, GN_MESSAGE_EXEC_START, 1, "\xff\xff", 2);
	until_over(p, &c);
	assert_int_equal(c.failure, EINVAL);
}

static void input_is_credited_as_it_is_taken(void **state)
{
	static const char block[8192] = "x";
	struct place *p = *state;
	struct came c = { 0 };
	size_t sent = 0;

	start(p, 1, "n1", false, "sleep 0.3; wc -c");
	while (sent < GN_EXEC_WINDOW) {
		tell(p, GN_MESSAGE_EXEC_INPUT, 1, block, sizeof(block));
		sent += sizeof(block);
	}
	for_a_while(p, &c, 100 * GN_MSEC);
	/* The command sleeps: what has been taken is what a pipe holds. */
	assert_in_range(c.credit, 1, 70000);
	while (sent < 1000 * sizeof(block)) {
		while (sent < c.credit + GN_EXEC_WINDOW && sent < 1000 * sizeof(block)) {
			tell(p, GN_MESSAGE_EXEC_INPUT, 1, block, sizeof(block));
			sent += sizeof(block);
		}
		turn(p, &c);
	}
	tell(p, GN_MESSAGE_EXEC_INPUT_END, 1, NULL, 0);
	until_over(p, &c);
	assert_string_equal(c.output, "8192000\n");
	assert_int_equal(c.credit, 8192000);
}

static void output_stops_without_credit(void **state)
{
	struct place *p = *state;
	struct came c = { 0 };

	start(p, 1, "n1", false, "head -c 1000000 /dev/zero; echo end >&2");
	for_a_while(p, &c, 300 * GN_MSEC);
	assert_int_equal(c.output_len, GN_EXEC_WINDOW);
	assert_int_equal(gn_channel_queued(p->guest), 0);
	/* Lies about credit do not add up. */
	for (int i = 0; i < 3; i++)
		send_number(p, GN_MESSAGE_EXEC_CREDIT, 1, 0xffffff);
	for_a_while(p, &c, 200 * GN_MSEC);
	assert_in_range(c.output_len, 2 * GN_EXEC_WINDOW, 4 * GN_EXEC_WINDOW);
	while (!c.over) {
		send_number(p, GN_MESSAGE_EXEC_CREDIT, 1, 50000);
		turn(p, &c);
	}
	assert_int_equal(c.output_len, 1000000);
	assert_string_equal(c.error, "end\n");
}

static void a_signal_and_a_hang_up_arrive(void **state)
{
	struct place *p = *state;
	struct came c = { 0 };

	start(p, 1, "n1", false, "trap 'exit 5' INT; echo ready; while :; do sleep 0.01; done");
	while (!c.output_len)
		turn(p, &c);
	send_number(p, GN_MESSAGE_EXEC_SIGNAL, 1, 0);
	send_number(p, GN_MESSAGE_EXEC_SIGNAL, 1, 9999);
	for_a_while(p, &c, 50 * GN_MSEC);
	assert_false(c.over);
	send_number(p, GN_MESSAGE_EXEC_SIGNAL, 1, SIGINT);
	until_over(p, &c);
	assert_int_equal(c.status, 5);

	c = (struct came){ 0 };
	start(p, 2, "n1", false, "echo ready; exec sleep 1000");
	while (!c.output_len)
		turn(p, &c);
	tell(p, GN_MESSAGE_EXEC_CLOSE, 2, NULL, 0);
	for_a_while(p, &c, 200 * GN_MSEC);
	/* Reaped, and nobody is told. */
	assert_false(c.over);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

/* A client that goes right after its request: the command's process may not have a group yet. */
static void a_hang_up_that_comes_early_arrives(void **state)
{
	struct place *p = *state;
	struct came c = { 0 };

	signal(SIGHUP, SIG_IGN); /* as under nohup: what comes before the command itself must not be lost */
	for (uint32_t i = 0; i < 20; i++) {
		start(p, i, "n1", false, "exec sleep 1000");
		tell(p, GN_MESSAGE_EXEC_CLOSE, i, NULL, 0);
		turn(p, &c);
	}
	/* At once, but the machine may have other things to do. */
	for (int i = 0; i < 50 && waitid(P_ALL, 0, &(siginfo_t){ 0 }, WEXITED | WNOHANG | WNOWAIT) == 0; i++)
		for_a_while(p, &c, 100 * GN_MSEC);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	signal(SIGHUP, SIG_DFL);
}

/* The same for the end of the run; teardown() does it. */
static void an_end_that_comes_early_is_one(void **state)
{
	struct place *p = *state;
	gn_time begin = gn_now();

	alarm(20);
	for (int round = 0; round < 20; round++) {
		struct gn_vm_message m;
		const struct gn_guest_exec_options o = {
			.channel = p->guest, .netns = netns_of, .context = p, .hosts = -1
		};

		start(p, 1, "n1", false, "exec sleep 1000");
		assert_int_equal(gn_channel_next(p->guest, &m, NULL), 1);
		assert_true(gn_guest_exec_message(p->exec, &m));
		gn_guest_exec_free(p->exec);
		assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
		assert_int_equal(gn_guest_exec_new(&o, &p->exec, NULL), 0);
	}
	alarm(0);
	assert_in_range((gn_now() - begin) / GN_MSEC, 0, 2000);
}

static void a_background_process_is_not_waited_for(void **state)
{
	struct place *p = *state;
	struct came c = { 0 };
	gn_time begin = gn_now();

	start(p, 1, "n1", false, "sleep 5 & echo done");
	until_over(p, &c);
	assert_string_equal(c.output, "done\n");
	assert_in_range((gn_now() - begin) / GN_MSEC, 0, 2000);
}

static void a_terminal_is_one(void **state)
{
	struct place *p = *state;
	struct came c = { 0 };

	start(p, 1, "n1", true,
	      "test -t 0 && test -t 1 && test -t 2 && stty size; read x; stty size; exec sleep 9");
	while (c.output_len < 7)
		turn(p, &c);
	assert_string_equal(c.output, "17 91\r\n");
	tell(p, GN_MESSAGE_EXEC_RESIZE, 1, "\x18\0\0\0\x50\0\0\0", 8);
	tell(p, GN_MESSAGE_EXEC_INPUT, 1, "x\r", 2);
	while (!strstr(c.output, "24 80"))
		turn(p, &c);
	tell(p, GN_MESSAGE_EXEC_INPUT, 1, "\3", 1); /* Ctrl-C */
	until_over(p, &c);
	assert_int_equal(c.status, 128 + SIGINT);
	assert_int_equal(c.error_len, 0);
}

static void too_many_are_refused(void **state)
{
	struct place *p = *state;
	struct came c = { 0 };

	for (uint32_t i = 0; i < 32; i++)
		start(p, i, "n1", false, "exec sleep 1000");
	for_a_while(p, &c, 100 * GN_MSEC);
	assert_false(c.over);
	start(p, 99, "n1", false, "true");
	until_over(p, &c);
	assert_int_equal(c.failure, EAGAIN);
	/* teardown() finds that all 32 have been killed. */
}

static void nonsense_does_no_harm(void **state)
{
	static char block[60000];
	struct place *p = *state;
	struct came c = { 0 };

	for (int type = GN_MESSAGE_EXEC_START; type <= GN_MESSAGE_EXEC_CREDIT; type++) {
		gn_channel_send(p->host, (enum gn_message_type)type, NULL, 0, NULL);
		tell(p, (enum gn_message_type)type, 4711, "zz", 2);
	}
	start(p, 1, "n1", false, "sleep 0.2; cat");
	start(p, 1, "n1", false, "echo the same number again");
	for (int i = 0; i < 10; i++)
		tell(p, GN_MESSAGE_EXEC_INPUT, 1, block, sizeof(block)); /* far beyond its credit */
	for_a_while(p, &c, 100 * GN_MSEC);
	assert_int_equal(c.failure, EINVAL);
	tell(p, GN_MESSAGE_EXEC_INPUT_END, 1, NULL, 0);
	c = (struct came){ 0 };
	while (!c.over) {
		send_number(p, GN_MESSAGE_EXEC_CREDIT, 1, 50000);
		turn(p, &c);
	}
	assert_int_equal(c.status, 0);
	/* What a pipe holds, and what the window does. */
	assert_in_range(c.output_len, 2 * sizeof(block), GN_EXEC_WINDOW + 65536);
}

static bool become_root_of_our_own(void)
{
	char map[32];
	uid_t uid = geteuid();

	if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
		return false;
	int fd = open("/proc/self/uid_map", O_WRONLY | O_CLOEXEC);
	int n = snprintf(map, sizeof(map), "0 %u 1", uid);
	bool good = fd >= 0 && write(fd, map, (size_t)n) == n;

	close(fd);
	return good;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(streams_and_status_come_back, setup, teardown),
		cmocka_unit_test_setup_teardown(what_cannot_start_is_explained, setup, teardown),
		cmocka_unit_test_setup_teardown(input_is_credited_as_it_is_taken, setup, teardown),
		cmocka_unit_test_setup_teardown(output_stops_without_credit, setup, teardown),
		cmocka_unit_test_setup_teardown(a_signal_and_a_hang_up_arrive, setup, teardown),
		cmocka_unit_test_setup_teardown(a_hang_up_that_comes_early_arrives, setup, teardown),
		cmocka_unit_test_setup_teardown(an_end_that_comes_early_is_one, setup, teardown),
		cmocka_unit_test_setup_teardown(a_background_process_is_not_waited_for, setup, teardown),
		cmocka_unit_test_setup_teardown(a_terminal_is_one, setup, teardown),
		cmocka_unit_test_setup_teardown(too_many_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(nonsense_does_no_harm, setup, teardown),
	};

	if (!become_root_of_our_own()) {
		puts("skipped: this user may not make a user namespace");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
