/* SPDX-License-Identifier: MIT */
#include "cmd/exec_here.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>

#include "live/privileges.h"
#include "util/log.h"
#include "util/time.h"

enum {
	/* For a command that has been told of the end (SIGHUP), to end by itself. */
	GRACE_MS = 300,
	/* One that even SIGKILL does not end waits for a device: it is not waited for. */
	KILLING_MS = 5000,
	SCAN_MS = 20,
};

/* ---- the guard ---- */

/* Send @signal to each process in the network namespace @ns. Returns how many there are. */
static unsigned signal_all_in(const struct stat *ns, int signal)
{
	DIR *proc = opendir("/proc");
	unsigned n = 0;

	if (!proc)
		return 0;
	for (struct dirent *e; (e = readdir(proc));) {
		char path[300];
		struct stat its;
		int pid = atoi(e->d_name);

		snprintf(path, sizeof(path), "/proc/%s/ns/net", e->d_name);
		if (pid <= 0 || stat(path, &its) < 0 || its.st_ino != ns->st_ino || its.st_dev != ns->st_dev)
			continue;
		kill(pid, signal);
		if (signal == SIGHUP)
			kill(pid, SIGCONT); /* one that is stopped would not hear it */
		n++;
	}
	closedir(proc);
	return n;
}

static void clear_node(int netns)
{
	struct stat ns, own;

	/* Never the namespace of the whole machine, whatever was handed over. */
	if (fstat(netns, &ns) < 0 || stat("/proc/self/ns/net", &own) < 0 ||
	    (ns.st_ino == own.st_ino && ns.st_dev == own.st_dev))
		return;
	unsigned left = signal_all_in(&ns, SIGHUP);

	for (int ms = 0; left && ms < GRACE_MS; ms += SCAN_MS) {
		poll(NULL, 0, SCAN_MS);
		left = signal_all_in(&ns, 0);
	}
	for (int ms = 0; left && ms < KILLING_MS; ms += SCAN_MS) {
		left = signal_all_in(&ns, SIGKILL);
		poll(NULL, 0, SCAN_MS);
	}
}

static _Noreturn void guard(const struct gn_exec_here *x)
{
	enum { NETNS = 3, RUN = 4 };
	const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	const int from[] = { null, null, null, x->node.netns, x->run };
	int high[GN_ARRAY_LEN(from)];
	struct pollfd p = { .fd = RUN, .events = POLLIN };
	sigset_t all;

	setsid();
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	for (size_t i = 0; i < GN_ARRAY_LEN(from); i++)
		high[i] = fcntl(from[i], F_DUPFD_CLOEXEC, 16);
	for (size_t i = 0; i < GN_ARRAY_LEN(from); i++)
		if (dup2(high[i], (int)i) < 0)
			_exit(1);
	close_range(RUN + 1, ~0u, 0);
	if (chdir("/") < 0 || poll(&p, 1, -1) < 0)
		_exit(1);
	clear_node(NETNS);
	_exit(0);
}

static int start_guard(const struct gn_exec_here *x, pid_t *ret, struct gn_err *err)
{
	pid_t pid = fork();

	if (pid < 0)
		return gn_fail(err, -errno, "cannot start a process: %m");
	if (pid == 0)
		guard(x);
	*ret = pid;
	return 0;
}

/* ---- the command ---- */

static _Noreturn void run_command(const struct gn_exec_here *x, pid_t client)
{
	struct gn_err err = { "" };
	int status = 1;

	if (gn_enter(&x->node, &err) == 0 && gn_die_with_parent(client, &err) == 0)
		status = gn_enter_exec(x->command, &err);
	gn_log(GN_LOG_ERROR, "%s", err.text);
	_exit(status);
}

/* ---- the client ---- */

struct client {
	const struct gn_exec_here *x;
	pid_t guard, command;
	int signals;
	sigset_t old_mask;
	bool has_terminal;
	struct termios terminal; /* as it was before */
	bool run_is_over;
	bool command_is_over;
	int status; /* of waitpid() */
};

static bool is_readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) > 0;
}

/* Stopped by a key or by itself: whoever waits for us, a shell, sees us stop, and when we go on, so does it. Without
 * a terminal nobody looks after stopped jobs. */
static void stop_with_command(const struct client *c, int signal)
{
	if (signal == SIGSTOP && !c->has_terminal)
		return;
	kill(getpid(), SIGSTOP);
	kill(c->command, SIGCONT);
}

/* Whatever loses its parent below us becomes our child. */
static void reap(struct client *c)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED)) > 0) {
		if (pid != c->command)
			continue;
		if (WIFSTOPPED(status)) {
			stop_with_command(c, WSTOPSIG(status));
			continue;
		}
		c->command_is_over = true;
		c->status = status;
	}
}

/* The terminal's keys reach the command without us, as it is in the same process group; what else is sent to us is
 * meant for it. */
static void take_signals(struct client *c)
{
	struct signalfd_siginfo info;

	while (read(c->signals, &info, sizeof(info)) == sizeof(info))
		if (info.ssi_signo != SIGCHLD && info.ssi_code != SI_KERNEL && !c->command_is_over)
			kill(c->command, (int)info.ssi_signo);
	reap(c);
}

/* The guard does the same, but what it does not find inside yet it does not end. */
static void end_command(struct client *c)
{
	kill(c->command, SIGHUP);
	clear_node(c->x->node.netns);
	for (int ms = 0; reap(c), !c->command_is_over && ms < KILLING_MS; ms += SCAN_MS) {
		kill(c->command, SIGKILL);
		poll(NULL, 0, SCAN_MS);
	}
}

static int wait_for_command(struct client *c, struct gn_err *err)
{
	struct pollfd p[] = { { .fd = c->signals, .events = POLLIN }, { .fd = c->x->run, .events = POLLIN } };

	while (!c->command_is_over && !c->run_is_over) {
		if (poll(p, GN_ARRAY_LEN(p), -1) < 0 && errno != EINTR)
			return gn_fail(err, -errno, "waiting for the command: %m");
		if (p[0].revents)
			take_signals(c);
		c->run_is_over = p[1].revents && !c->command_is_over;
	}
	/* The guard may have been quicker than we. */
	if (c->command_is_over && WIFSIGNALED(c->status))
		c->run_is_over = is_readable(c->x->run);
	if (c->run_is_over)
		end_command(c);
	return 0;
}

static int prepare(struct client *c, struct gn_err *err)
{
	static const int ours[] = { SIGCHLD, SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2 };
	/* The command stops, and we follow it. A shell in it may take the terminal from us, and give it back. */
	static const int not_ours[] = { SIGTSTP, SIGTTIN, SIGTTOU };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < GN_ARRAY_LEN(ours); i++)
		sigaddset(&set, ours[i]);
	for (size_t i = 0; i < GN_ARRAY_LEN(not_ours); i++)
		signal(not_ours[i], SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
	sigprocmask(SIG_BLOCK, &set, &c->old_mask);
	c->has_terminal = tcgetattr(STDIN_FILENO, &c->terminal) == 0;
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	c->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return c->signals < 0 ? gn_fail(err, -errno, "signals: %m") : 0;
}

static int run_to_end(struct client *c, struct gn_err *err)
{
	pid_t self = getpid();
	int r = start_guard(c->x, &c->guard, err);

	if (r < 0)
		return r;
	c->command = fork();
	if (c->command < 0)
		return gn_fail(err, -errno, "cannot start a process: %m");
	if (c->command == 0)
		run_command(c->x, self);
	return wait_for_command(c, err);
}

/* The guard stays only for what the command has left in the background. */
static void dismiss_guard(struct client *c)
{
	if (c->guard <= 0 || c->run_is_over)
		return;
	kill(c->guard, SIGKILL);
	waitpid(c->guard, NULL, 0);
	reap(c);
	if (waitpid(-1, NULL, WNOHANG) == 0)
		start_guard(c->x, &c->guard, NULL);
}

int gn_exec_here(const struct gn_exec_here *x, struct gn_err *err)
{
	struct client c = { .x = x, .signals = -1 };
	int r = prepare(&c, err);

	if (r == 0)
		r = run_to_end(&c, err);
	dismiss_guard(&c);
	gn_close_p(&c.signals);
	sigprocmask(SIG_SETMASK, &c.old_mask, NULL);
	if (r < 0)
		return r;
	if (c.run_is_over) {
		/* It had no time to do that itself. */
		if (c.has_terminal)
			tcsetattr(STDIN_FILENO, TCSANOW, &c.terminal);
		return gn_fail(err, -EPIPE, "the network has stopped, and the command in %s with it",
			       x->node.node);
	}
	return WIFSIGNALED(c.status) ? 128 + WTERMSIG(c.status) : WEXITSTATUS(c.status);
}
