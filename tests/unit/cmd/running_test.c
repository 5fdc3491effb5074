/* SPDX-License-Identifier: MIT */
/* Finding running networks, with servers in children; some of them are another user's where we are root. */
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <cmocka.h>

/* The command layer itself is not linked: it holds main(). */
#include "cmd/control.c"
#define QUEUE_MAX CLIENT_QUEUE_MAX
#include "cmd/running.c"

enum { STRANGER = 65533, SERVERS = 8 };

struct servers {
	pid_t pids[SERVERS];
	size_t n;
};

/* Start a child that says "ready" on a pipe when @serve, which does not return, has made its socket. */
static void start(struct servers *s, uid_t user, void (*serve)(const void *context, int ready),
		  const void *context)
{
	int ready[2];
	char byte;

	assert_int_equal(pipe(ready), 0);
	pid_t pid = fork();

	if (pid == 0) {
		if (user && setresuid(user, user, user) < 0)
			_exit(1);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		serve(context, ready[1]);
		_exit(1);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	s->pids[s->n++] = pid;
}

static void stop(const struct servers *s)
{
	for (size_t i = 0; i < s->n; i++) {
		kill(s->pids[i], SIGKILL);
		waitpid(s->pids[i], NULL, 0);
	}
}

static void serve_well(const void *name, int ready)
{
	const struct gn_control_options o = {
		.name = name, .folder = "/some/where", .nodes = 5, .guest = true
	};
	struct gn_control_server *s;

	if (gn_control_open(&o, &s, NULL) < 0 || write(ready, "", 1) != 1)
		return;
	for (;;) {
		struct pollfd p = { .fd = gn_control_fd(s), .events = POLLIN };

		poll(&p, 1, -1);
		gn_control_handle(s);
	}
}

static void serve_nothing(const void *name, int ready)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int n = snprintf(a.sun_path + 1, sizeof(a.sun_path) - 1, "%s", (const char *)name);

	if (bind(fd, (struct sockaddr *)&a,
		 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n)) < 0 ||
	    listen(fd, 5) < 0 || write(ready, "", 1) != 1)
		return;
	pause();
}

static const struct gn_running *find(const struct gn_running *runs, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(runs[i].name, name) == 0)
			return &runs[i];
	return NULL;
}

static void networks_are_found_and_named(void **unused)
{
	struct servers s = { .n = 0 };
	struct gn_running *runs;
	size_t n;

	(void)unused;
	start(&s, 0, serve_well, "first");
	start(&s, 0, serve_well, "second");
	/* Names that are none of ours. */
	start(&s, 0, serve_nothing, "gossipnet-77");
	start(&s, 0, serve_nothing, "gossipnet-77-1234567");
	start(&s, 0, serve_nothing, "gossipnet-77-123456789");
	start(&s, 0, serve_nothing, "gossipnet-77-1234567g");
	start(&s, 0, serve_nothing, "xgossipnet-77-12345678");
	assert_int_equal(gn_running_list(&runs, &n, NULL), 0);
	assert_int_equal(n, 2);
	const struct gn_running *second = find(runs, n, "second");

	assert_non_null(find(runs, n, "first"));
	assert_non_null(second);
	assert_int_equal(second->pid, s.pids[1]);
	assert_string_equal(second->folder, "/some/where");
	assert_true(second->guest && !second->stranger);
	gn_running_free(runs, n);
	stop(&s);
}

/* Two PID namespaces on one network, or another user that takes names: neither is in the way. */
static void the_same_process_number_is_no_collision(void **unused)
{
	const struct gn_control_options o = { .name = "a", .folder = "/a" };
	struct gn_control_server *a, *b;

	(void)unused;
	assert_int_equal(gn_control_open(&o, &a, NULL), 0);
	assert_int_equal(gn_control_open(&o, &b, NULL), 0);
	gn_control_free(a);
	gn_control_free(b);
}

static void root_reaches_other_users_warily(void **unused)
{
	struct servers s = { .n = 0 };
	struct gn_running *runs;
	size_t n;

	(void)unused;
	if (geteuid() != 0)
		skip();
	start(&s, STRANGER, serve_well, "theirs\n\033[2J");
	start(&s, 0, serve_well, "ours");
	assert_int_equal(gn_running_list(&runs, &n, NULL), 0);
	assert_int_equal(n, 2);
	const struct gn_running *theirs = find(runs, n, "theirs??[2J"), *ours = find(runs, n, "ours");

	assert_true(theirs && ours && theirs->stranger && !ours->stranger);
	gn_running_free(runs, n);
	stop(&s);

	/* Several that do not answer cost no more time than one. */
	s.n = 0;
	start(&s, STRANGER, serve_nothing, "gossipnet-1-00000001");
	start(&s, STRANGER, serve_nothing, "gossipnet-1-00000002");
	start(&s, STRANGER, serve_nothing, "gossipnet-1-00000003");
	start(&s, 0, serve_well, "ours");
	gn_time begin = gn_now();

	assert_int_equal(gn_running_list(&runs, &n, NULL), 0);
	assert_in_range((gn_now() - begin) / GN_MSEC, 900, 1900);
	assert_int_equal(n, 4);
	assert_non_null(find(runs, n, "ours"));
	for (size_t i = 0; i < n; i++)
		assert_string_equal(runs[i].phase, strcmp(runs[i].name, "ours") ? "busy" : "booting");
	gn_running_free(runs, n);
	stop(&s);
}

static void others_are_foreign(void **unused)
{
	struct servers s = { .n = 0 };
	struct gn_running_server server;
	struct gn_running *runs;
	struct gn_channel *c;
	struct gn_err err;
	size_t n;

	(void)unused;
	if (geteuid() != 0)
		skip();
	start(&s, STRANGER, serve_well, "theirs");
	start(&s, 0, serve_well, "root's");
	assert_int_equal(seteuid(STRANGER - 1), 0);
	assert_int_equal(gn_running_list(&runs, &n, NULL), 0);
	assert_int_equal(n, 2);
	for (size_t i = 0; i < n; i++) {
		assert_string_equal(runs[i].name, "?");
		assert_string_equal(runs[i].phase, "foreign");
		assert_int_equal(gn_running_connect(runs[i].socket, &c, &server, &err), -EPERM);
		assert_non_null(strstr(err.text, runs[i].pid == s.pids[0] ? "another user" : "use sudo"));
	}
	assert_int_equal(seteuid(0), 0);
	gn_running_free(runs, n);
	stop(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(networks_are_found_and_named),
		cmocka_unit_test(the_same_process_number_is_no_collision),
		cmocka_unit_test(root_reaches_other_users_warily),
		cmocka_unit_test(others_are_foreign),
	};

	/* Abstract sockets belong to a network namespace: one without the machine's own runs. */
	if (unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0) {
		puts("skipped: this user may not make a network namespace");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
