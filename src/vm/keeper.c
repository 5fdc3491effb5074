/* SPDX-License-Identifier: MIT */
#include "vm/keeper.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>

enum { LIFELINE = 3, STARTED = 4, CHANNEL = 3 };

/* fork() into new namespaces. Returns as fork(). */
static pid_t fork_into(unsigned long namespaces)
{
	return (pid_t)syscall(SYS_clone, namespaces | SIGCHLD, 0L, 0L, 0L, 0L);
}

static int write_file(const char *path, const char *text)
{
	GN_CLEANUP(gn_close_p) int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return write(fd, text, strlen(text)) < 0 ? -errno : 0;
}

/* In a new user namespace: be who we were, so that files are read and made as this user. */
static int map_ourselves(uid_t uid, gid_t gid)
{
	char text[64];

	snprintf(text, sizeof(text), "%u %u 1", uid, uid);
	int r = write_file("/proc/self/uid_map", text);

	if (r < 0)
		return r;
	r = write_file("/proc/self/setgroups", "deny");
	if (r < 0)
		return r;
	snprintf(text, sizeof(text), "%u %u 1", gid, gid);
	return write_file("/proc/self/gid_map", text);
}

/* Root needs no more here than to read and write files. A stray guest process that runs on as a host
 * process for a moment (its kernel crashed) must not be able to reboot the host. */
static int drop_capabilities(void)
{
	static const uint32_t kept = 1u << CAP_CHOWN | 1u << CAP_DAC_OVERRIDE | 1u << CAP_DAC_READ_SEARCH |
				     1u << CAP_FOWNER | 1u << CAP_FSETID;
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct have[2], data[2];

	for (int i = 0; i <= CAP_LAST_CAP; i++)
		if (i >= 32 || !(kept & 1u << i))
			prctl(PR_CAPBSET_DROP, i, 0, 0, 0);
	if (syscall(SYS_capget, &header, have) < 0)
		return -errno;
	memset(data, 0, sizeof(data));
	data[0].effective = data[0].permitted = have[0].permitted & kept;
	return syscall(SYS_capset, &header, data) < 0 ? -errno : 0;
}

static void default_signals(void)
{
	sigset_t none;

	for (int i = 1; i < NSIG; i++)
		signal(i, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Each open file of the guest is a descriptor of its kernel; a core would hold all of its memory. */
static void set_limits(void)
{
	struct rlimit files, none = { 0, 0 };

	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	setrlimit(RLIMIT_CORE, &none);
}

/* Put @fds on the descriptors from 0 up and close all others. */
static int place_descriptors(const int *fds, int n)
{
	int high[8];

	for (int i = 0; i < n; i++) {
		high[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 16);
		if (high[i] < 0)
			return -errno;
	}
	for (int i = 0; i < n; i++)
		if (dup2(high[i], i) < 0)
			return -errno;
	return close_range((unsigned)n, ~0u, 0) < 0 ? -errno : 0;
}

static _Noreturn void become_kernel(const struct gn_keeper_job *job, int nothing)
{
	const int fds[] = { nothing, job->console, job->console, job->channel };

	setsid();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (place_descriptors(fds, GN_ARRAY_LEN(fds)) < 0 || chdir("/") < 0)
		_exit(126);
	if (geteuid() == 0 && drop_capabilities() < 0)
		dprintf(STDERR_FILENO, "capabilities: %m\n");
	set_limits();
	default_signals();
	execve(job->command[0], job->command, job->environment);
	dprintf(STDERR_FILENO, "%s: %m\n", job->command[0]);
	_exit(127);
}

/* The parent of a process, or 0. */
static pid_t parent_of(const char *pid)
{
	char path[288], text[512];

	snprintf(path, sizeof(path), "/proc/%s/stat", pid);
	GN_CLEANUP(gn_close_p) int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (n <= 0)
		return 0;
	text[n] = 0;
	/* The second field is the program's name in parentheses, which may hold anything. */
	const char *after = strrchr(text, ')');
	int parent;

	return after && sscanf(after + 1, " %*c %d", &parent) == 1 ? parent : 0;
}

static void kill_children_of(pid_t parent)
{
	DIR *proc = opendir("/proc");

	if (!proc)
		return;
	for (struct dirent *e; (e = readdir(proc));) {
		int pid = atoi(e->d_name);

		if (pid > 0 && parent_of(e->d_name) == parent)
			kill(pid, SIGKILL);
	}
	closedir(proc);
}

/* Without a PID namespace: the guest's processes first, while their tracer stands still, then the
 * kernel, then whatever came to us as the reaper of orphans. */
static void kill_tree(pid_t kernel)
{
	kill(kernel, SIGSTOP);
	kill_children_of(kernel);
	kill(kernel, SIGKILL);
	for (;;) {
		kill_children_of(getpid());
		pid_t pid = waitpid(-1, NULL, WNOHANG);

		if (pid < 0 && errno == ECHILD)
			return;
		if (pid == 0)
			usleep(1000);
	}
}

/* Reap what has ended. Returns true if the kernel has. */
static bool kernel_has_ended(pid_t kernel)
{
	bool ended = false;

	for (pid_t pid; (pid = waitpid(-1, NULL, WNOHANG)) > 0;)
		ended = ended || pid == kernel;
	return ended;
}

static _Noreturn void keep(const struct gn_keeper_job *job, int lifeline, int started, bool own_pids)
{
	GN_CLEANUP(gn_close_p) int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
	const int fds[] = { nothing, nothing, nothing, lifeline, started };
	sigset_t all, child;

	setsid();
	/* Init of a PID namespace takes the rest along; else we must live on to kill it. */
	if (own_pids)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	else
		prctl(PR_SET_CHILD_SUBREAPER, 1);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);

	pid_t kernel = fork();

	if (kernel == 0)
		become_kernel(job, nothing);
	if (kernel < 0 || place_descriptors(fds, GN_ARRAY_LEN(fds)) < 0)
		_exit(1);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	struct pollfd p[] = { { .fd = LIFELINE, .events = POLLIN },
			      { .fd = signalfd(-1, &child, SFD_CLOEXEC), .events = POLLIN } };

	if (write(STARTED, "", 1) != 1)
		_exit(1);
	close(STARTED);
	for (bool end = false; !end;) {
		struct signalfd_siginfo info;

		poll(p, GN_ARRAY_LEN(p), -1);
		end = p[0].revents;
		if (p[1].revents && read(p[1].fd, &info, sizeof(info)) > 0)
			end = kernel_has_ended(kernel) || end;
	}
	if (!own_pids)
		kill_tree(kernel);
	_exit(0);
}

/* Try to start the keeper in @namespaces. Return: 0; -EPERM: not allowed here; -Exxx. */
static int try_start(const struct gn_keeper_job *job, unsigned long namespaces, struct gn_keeper *ret)
{
	GN_CLEANUP(gn_close_p) int lifeline_end = -1;
	GN_CLEANUP(gn_close_p) int lifeline = -1;
	GN_CLEANUP(gn_close_p) int started_end = -1;
	GN_CLEANUP(gn_close_p) int started = -1;
	int a[2], b[2];
	uid_t uid = geteuid();
	gid_t gid = getegid();
	char byte;

	if (pipe2(a, O_CLOEXEC) < 0)
		return -errno;
	lifeline_end = a[0];
	lifeline = a[1];
	if (pipe2(b, O_CLOEXEC) < 0)
		return -errno;
	started = b[0];
	started_end = b[1];

	pid_t pid = fork_into(namespaces);

	if (pid < 0)
		return -errno;
	if (pid == 0) {
		if ((namespaces & CLONE_NEWUSER) && map_ourselves(uid, gid) < 0)
			_exit(1);
		keep(job, lifeline_end, started_end, namespaces & CLONE_NEWPID);
	}
	close(gn_steal_fd(&started_end));
	if (read(started, &byte, 1) != 1) {
		waitpid(pid, NULL, 0);
		return -EPERM;
	}
	int pidfd = pidfd_open(pid, 0);

	if (pidfd < 0) {
		int r = -errno;

		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		return r;
	}
	*ret = (struct gn_keeper){ .pid = pid, .pidfd = pidfd, .lifeline = gn_steal_fd(&lifeline) };
	return 0;
}

int gn_keeper_start(const struct gn_keeper_job *job, struct gn_keeper *ret, struct gn_err *err)
{
	static const unsigned long isolated = CLONE_NEWPID | CLONE_NEWNET;
	/* From the best to what always works. */
	const unsigned long ways[] = { isolated, isolated | CLONE_NEWUSER, 0 };
	int r = -EPERM;

	for (size_t i = job->plain ? GN_ARRAY_LEN(ways) - 1 : 0; r < 0 && i < GN_ARRAY_LEN(ways); i++)
		r = try_start(job, ways[i], ret);
	return r < 0 ? gn_fail(err, r, "cannot start a process for the guest kernel: %s", strerror(-r)) : 0;
}

bool gn_keeper_wait(const struct gn_keeper *k, int patience_ms)
{
	struct pollfd p = { .fd = k->pidfd, .events = POLLIN };
	int r;

	do
		r = poll(&p, 1, patience_ms);
	while (r < 0 && errno == EINTR);
	return r > 0;
}

void gn_keeper_stop(struct gn_keeper *k)
{
	enum { PATIENCE_MS = 5000 };

	if (k->pid <= 0)
		return;
	close(gn_steal_fd(&k->lifeline));
	if (!gn_keeper_wait(k, PATIENCE_MS))
		kill(k->pid, SIGKILL);
	while (waitpid(k->pid, NULL, 0) < 0 && errno == EINTR)
		;
	close(gn_steal_fd(&k->pidfd));
	k->pid = 0;
}
