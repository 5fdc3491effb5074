/* SPDX-License-Identifier: MIT */
#include "live/node.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "live/addresses.h"
#include "live/loop.h"
#include "live/privileges.h"

/* Room for a burst of some thousand datagrams while the process waits for its turn on a busy machine. */
#define SOCKET_BUFFER (4 << 20)

/* What a node owns while it lives. */
struct node {
	const struct gn_node_job *job;
	struct gn_own own;
	int socket, stop_fd;
	struct gn_loop *loop;
};

static int compare_fds(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* A sanitizer says what it finds on standard error. */
#if defined(__SANITIZE_ADDRESS__)
#define GN_KEEP_STDERR true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define GN_KEEP_STDERR true
#endif
#endif
#ifndef GN_KEEP_STDERR
#define GN_KEEP_STDERR false
#endif

/* The caller's terminal is nothing for a process without privileges: whoever controls it could type there. */
static int let_go_of_terminal(const struct gn_node_job *job, struct gn_err *err)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0)
		return gn_fail(err, -errno, "/dev/null: %m");
	for (int fd = 0; fd <= STDERR_FILENO - GN_KEEP_STDERR; fd++) {
		/* A parent that was started with a closed standard input has other things at these numbers. */
		if (fd == job->netns || fd == job->shared->fd || fd == job->ready_fd)
			continue;
		if (dup2(null, fd) < 0)
			return gn_fail(err, -errno, "dup2: %m");
	}
	return 0; /* close_others() closes @null */
}

/* The child was forked, not executed: it holds whatever the parent has open, with O_CLOEXEC or without. */
static int close_others(const struct gn_node_job *job, struct gn_err *err)
{
	int keep[] = { 0, 1, 2, job->netns, job->shared->fd, job->ready_fd };
	unsigned first = 0;

	qsort(keep, GN_ARRAY_LEN(keep), sizeof(keep[0]), compare_fds);
	for (size_t i = 0; i < GN_ARRAY_LEN(keep); i++) {
		if (keep[i] < 0)
			continue;
		unsigned next = (unsigned)keep[i];

		if (next > first && close_range(first, next - 1, 0) < 0)
			return gn_fail(err, -errno, "close_range: %m");
		first = next + 1;
	}
	return close_range(first, ~0u, 0) < 0 ? gn_fail(err, -errno, "close_range: %m") : 0;
}

/* Everything to its default, but: the interrupt key is for the parent, which then sends SIGTERM; and that is read
 * from a descriptor. */
static int take_signals(int *ret_stop_fd, struct gn_err *err)
{
	sigset_t term;

	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_SETMASK, &term, NULL);
	for (int s = 1; s < NSIG; s++)
		signal(s, s == SIGINT ? SIG_IGN : SIG_DFL);
	int fd = signalfd(-1, &term, SFD_CLOEXEC | SFD_NONBLOCK);

	if (fd < 0)
		return gn_fail(err, -errno, "signalfd: %m");
	*ret_stop_fd = fd;
	return 0;
}

/* Beyond the system's limit where that is allowed, else up to it. */
static void enlarge(int fd, int force, int option)
{
	const int size = SOCKET_BUFFER;

	if (setsockopt(fd, SOL_SOCKET, force, &size, sizeof(size)) < 0)
		setsockopt(fd, SOL_SOCKET, option, &size, sizeof(size));
}

static int open_socket(const struct gn_node_job *job, int *ret, struct gn_err *err)
{
	GN_CLEANUP(gn_close_p) int fd = -1;
	const int on = 1;

	if (job->netns >= 0 && setns(job->netns, CLONE_NEWNET) < 0)
		return gn_fail(err, -errno, "entering the network namespace: %m");
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return gn_fail(err, -errno, "socket: %m");
	if (setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)) < 0)
		return gn_fail(err, -errno, "asking for the times of arrival: %m");
	enlarge(fd, SO_RCVBUFFORCE, SO_RCVBUF);
	enlarge(fd, SO_SNDBUFFORCE, SO_SNDBUF);
	*ret = gn_steal_fd(&fd);
	return 0;
}

/* From now on the node is there for others. */
static int bind_socket(const struct node *n, struct gn_err *err)
{
	const struct gn_topology *t = n->job->topology;
	const struct sockaddr_in here = {
		.sin_family = AF_INET,
		.sin_port = htons(GN_GOSSIP_PORT),
		.sin_addr.s_addr = htonl(gn_address_of(t, n->job->member)),
	};
	char text[INET_ADDRSTRLEN];

	prctl(PR_SET_NAME, t->nodes[t->gossip.members[n->job->member]].name, 0, 0, 0);
	if (bind(n->socket, (const struct sockaddr *)&here, sizeof(here)) < 0)
		return gn_fail(err, -errno, "binding to %s port %d: %m",
			       inet_ntop(AF_INET, &here.sin_addr, text, sizeof(text)), GN_GOSSIP_PORT);
	return 0;
}

/* What the parent lent for the setting up: the shared memory as a whole, the namespace. */
static void give_back(const struct gn_node_job *job)
{
	struct gn_shared all = *job->shared;
	int netns = job->netns;

	gn_shared_done(&all);
	gn_close_p(&netns);
}

static int make_loop(struct node *n, struct gn_err *err)
{
	const struct gn_loop_config config = {
		.topology = n->job->topology,
		.member = n->job->member,
		.life = n->job->life,
		.own = &n->own,
		.socket = n->socket,
		.stop_fd = n->stop_fd,
	};

	return gn_loop_new(&config, &n->loop, err);
}

static int set_up(struct node *n, struct gn_err *err)
{
	const struct gn_node_job *job = n->job;
	int r = gn_die_with_parent(job->parent_pid, err);

	prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0); /* ns; the default would make every timer up to 50 us late */
	if (!r)
		r = let_go_of_terminal(job, err);
	if (!r)
		r = close_others(job, err);
	if (!r)
		r = take_signals(&n->stop_fd, err);
	if (!r && chdir("/") < 0)
		r = gn_fail(err, -errno, "chdir to /: %m");
	if (!r)
		r = open_socket(job, &n->socket, err);
	if (!r && !job->heir)
		r = bind_socket(n, err);
	if (!r)
		r = make_loop(n, err);
	give_back(job);
	return r ? r : gn_privileges_drop(job->member, job->parent_pid, err);
}

static int say_ready(int fd, struct gn_err *err)
{
	GN_CLEANUP(gn_close_p) int mine = fd;

	while (mine >= 0 && write(mine, "", 1) != 1) {
		if (errno != EINTR)
			return gn_fail(err, -errno, "telling the parent that the node is ready: %m");
	}
	return 0;
}

static void leave(int signal GN_UNUSED)
{
	_exit(EXIT_SUCCESS);
}

static void sleep_while(const _Atomic uint32_t *futex, uint32_t value)
{
	syscall(SYS_futex, futex, FUTEX_WAIT, value, NULL, NULL, 0);
}

/* A futex cannot be awaited together with a descriptor. Nothing has been done yet, so SIGTERM may end it all. */
static gn_time wait_for_go(const struct node *n)
{
	const struct gn_control *control = n->own.control;
	struct gn_slice *slice = n->own.slice;
	sigset_t term;
	uint32_t go;

	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	signal(SIGTERM, leave);
	sigprocmask(SIG_UNBLOCK, &term, NULL);
	while ((go = atomic_load_explicit(&control->go, memory_order_acquire)) != GN_GO) {
		if (go == GN_WAKE)
			atomic_store_explicit(&slice->counters.awake, 1, memory_order_relaxed);
		sleep_while(&control->go, go);
	}
	while (n->job->heir && !atomic_load_explicit(&slice->orders.begin, memory_order_acquire))
		sleep_while(&slice->orders.begin, 0);
	sigprocmask(SIG_BLOCK, &term, NULL);
	signal(SIGTERM, SIG_DFL);
	return atomic_load_explicit(&control->start, memory_order_relaxed);
}

static int live(struct node *n, struct gn_err *err)
{
	int r = set_up(n, err);

	if (!r)
		r = say_ready(n->job->ready_fd, err);
	if (r)
		return r;
	const gn_time start = wait_for_go(n);

	r = n->job->heir ? bind_socket(n, err) : 0;
	return r ? r : gn_loop_run(n->loop, start, err);
}

static void leave_failure(struct gn_counters *c, const struct gn_err *err)
{
	size_t n = strnlen(err->text, sizeof(c->failure) - 1);

	memcpy(c->failure, err->text, n);
	c->failure[n] = '\0';
}

int gn_node_main(const struct gn_node_job *job)
{
	struct node n = { .job = job, .socket = -1, .stop_fd = -1 };
	struct gn_err err = { .text = "" };
	int r = gn_own_init(&n.own, job->shared, job->member, &err);

	if (r) {
		leave_failure(&gn_shared_slice(job->shared, job->member)->counters, &err);
		return EXIT_FAILURE;
	}
	r = live(&n, &err);
	if (r)
		leave_failure(&n.own.slice->counters, &err);
	gn_loop_free(n.loop);
	gn_close_p(&n.socket);
	gn_close_p(&n.stop_fd);
	gn_own_done(&n.own);
	return r ? EXIT_FAILURE : EXIT_SUCCESS;
}
