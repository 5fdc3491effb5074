/* SPDX-License-Identifier: MIT */
/* What the machine says of its CPUs, and of ours. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/wait.h>

#include <cmocka.h>

/* The command layer itself is not linked: it holds main(). */
#include "cmd/machine.c"

#define WORK (100 * GN_MSEC)

static gn_dur cpu_time(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (gn_dur)ts.tv_sec * GN_SEC + (gn_dur)ts.tv_nsec;
}

/* A process, and one that it started, each with @WORK of CPU time; they live until killed. */
static pid_t start_workers(int ready)
{
	pid_t child = fork();

	if (child)
		return child;
	setpgid(0, 0);
	fork();
	while (cpu_time() < WORK)
		;
	if (write(ready, "", 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

static void work_of_children_is_ours(void **state GN_UNUSED)
{
	struct gn_machine m;
	char byte;
	int ready[2];

	assert_int_equal(pipe(ready), 0);
	gn_machine_begin(&m);
	pid_t child = start_workers(ready[1]);

	for (int i = 0; i < 2; i++)
		assert_int_equal(read(ready[0], &byte, 1), 1);
	const struct gn_machine_figures f = gn_machine_end(&m);

	kill(-child, SIGKILL);
	waitpid(child, NULL, 0);
	close(ready[0]);
	close(ready[1]);
	assert_true(f.has_cpus);
	assert_true(f.has_own);
	assert_true(f.elapsed >= WORK);
	assert_int_equal(f.processes, 3);
	assert_true(f.own_cpu >= 2 * WORK * 9 / 10);
	/* Clock ticks of all CPUs: at least the work of both, and no more than there are. */
	assert_true(f.busy + 20 * GN_MSEC >= 2 * WORK * 9 / 10);
	assert_true(f.idle + f.busy + f.steal <=
		    (f.elapsed + 40 * GN_MSEC) * (gn_dur)sysconf(_SC_NPROCESSORS_ONLN));
}

static void columns_are_summed(void **state GN_UNUSED)
{
	char path[] = "/tmp/gossipnet-machine-XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	dprintf(fd, "00000002 0000000a 00000003\n00000004 00000010 00000001\n");
	close(fd);
	assert_int_equal(sum_column(path, 1, false), 0x1a);
	assert_int_equal(sum_column(path, 0, true), 4);
	unlink(path);
	assert_int_equal(sum_column(path, 1, false), 0);
}

static void one_without_process_is_not_known(void **state GN_UNUSED)
{
	gn_dur cpu, wait;

	assert_true(read_process(getpid(), &cpu, &wait));
	assert_true(cpu > 0);
	assert_false(read_process(INT32_MAX, &cpu, &wait));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(work_of_children_is_ours),
		cmocka_unit_test(columns_are_summed),
		cmocka_unit_test(one_without_process_is_not_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
