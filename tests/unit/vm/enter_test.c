/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "vm/enter.h"

static const struct gn_node nodes[] = {
	{ .name = "n1", .kind = GN_HOST, .ip = 0x0a000001 },
	{ .name = "lan", .kind = GN_SWITCH },
	{ .name = "router-berlin", .kind = GN_ROUTER, .ip = 0x0aff7f03 },
};
static const struct gn_topology topology = { .name = "small",
					     .nodes = nodes,
					     .n_nodes = GN_ARRAY_LEN(nodes) };

static void hosts_and_routers_have_names(void **state GN_UNUSED)
{
	char text[256];
	int fd;

	assert_int_equal(gn_hosts_open(&topology, &fd, NULL), 0);
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	assert_true(n > 0);
	text[n] = 0;
	assert_string_equal(text, "127.0.0.1\tlocalhost\n10.0.0.1\tn1\n10.255.127.3\trouter-berlin\n");
	close(fd);
}

static void a_node_is_found_or_the_nearest_named(void **state GN_UNUSED)
{
	struct gn_err err;
	uint32_t i = 77;

	assert_int_equal(gn_node_find(&topology, "lan", &i, &err), 0);
	assert_int_equal(i, 1);
	i = 77;
	assert_int_equal(gn_node_find(&topology, "router-berlni", &i, &err), -ENOENT);
	assert_string_equal(err.text, "small has no node \"router-berlni\" (did you mean router-berlin?)");
	assert_int_equal(gn_node_find(&topology, "", &i, &err), -ENOENT);
	assert_int_equal(gn_node_find(&topology, "elsewhere", &i, &err), -ENOENT);
	assert_string_equal(err.text, "small has no node \"elsewhere\"");
	assert_int_equal(i, 77);
}

/* What a child returns that tries to run @command. */
static int status_of(char *const command[], const char *sentence)
{
	struct gn_err err = { "" };
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		int r = gn_enter_exec(command, &err);

		_exit(strstr(err.text, sentence) ? r : 99);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static void statuses_are_those_of_a_shell(void **state GN_UNUSED)
{
	char *const absent[] = { (char[]){ "gossipnet-no-such-command" }, NULL };
	char *const folder[] = { (char[]){ "/etc" }, NULL };
	char *const seven[] = { (char[]){ "sh" }, (char[]){ "-c" }, (char[]){ "exit 7" }, NULL };
	/* This program ignores SIGPIPE; a command must not. */
	char *const pipe[] = { (char[]){ "sh" }, (char[]){ "-c" }, (char[]){ "kill -PIPE $$; exit 3" },
			       NULL };

	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(status_of(absent, "gossipnet-no-such-command: command not found"), 127);
	assert_int_equal(status_of(folder, "/etc: Permission denied"), 126);
	assert_int_equal(status_of(seven, ""), 7);
	assert_int_equal(status_of(pipe, ""), -SIGPIPE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hosts_and_routers_have_names),
		cmocka_unit_test(a_node_is_found_or_the_nearest_named),
		cmocka_unit_test(statuses_are_those_of_a_shell),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
