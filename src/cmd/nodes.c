/* SPDX-License-Identifier: MIT */
#include "cmd/nodes.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "live/node.h"
#include "util/printable.h"

#define WAKE_PATIENCE (5 * GN_SEC) /* for the slowest node; one that is stopped does not hold up the run */
#define WAKE_MARGIN   (10 * GN_MSEC)

/* Its process group: the first one's own. That is gone once all have ended. */
static void join_group(struct gn_nodes *n, pid_t pid)
{
	if (n->group && setpgid(pid, n->group) == 0)
		return;
	setpgid(pid, pid);
	n->group = pid;
}

/* Return: the process, or -Exxx. */
static pid_t fork_process(const struct gn_nodes *n, uint32_t member, uint32_t life, bool heir,
			  const struct gn_network *net, struct gn_err *err)
{
	const struct gn_node *node = &n->topology->nodes[n->topology->gossip.members[member]];
	const struct gn_node_job job = {
		.topology = n->topology,
		.member = member,
		.netns = gn_network_netns(net, n->topology->gossip.members[member]),
		.shared = n->shared,
		.ready_fd = n->ready_end,
		.parent_pid = getpid(),
		.life = life,
		.heir = heir,
	};
	pid_t pid = fork();

	if (pid < 0)
		return gn_fail(err, -errno, "node %s: cannot fork its process: %m%s", node->name,
			       errno == EAGAIN ? "; raise the limit of processes (ulimit -u, kernel.pid_max)"
					       : "");
	if (pid == 0) {
		gn_cgroups_join_early(n->cgroups, node->name);
		_exit(gn_node_main(&job));
	}
	return pid;
}

static int fork_node(struct gn_nodes *n, uint32_t member, const struct gn_network *net, struct gn_err *err)
{
	struct gn_node_process *p = &n->processes[member];
	pid_t pid = fork_process(n, member, p->life, false, net, err);

	if (pid < 0)
		return pid;
	join_group(n, pid);
	p->pid = pid;
	n->alive++;
	return 0;
}

static int fork_nodes(struct gn_nodes *n, const struct gn_network *net, struct gn_err *err)
{
	int r = 0;

	for (uint32_t m = 0; r == 0 && m < n->topology->gossip.n_members; m++) {
		r = fork_node(n, m, net, err);
		gn_nodes_count_ready(n); /* the pipe must not fill up */
	}
	return r;
}

int gn_nodes_start(struct gn_nodes *n, const struct gn_topology *t, const struct gn_network *net,
		   const struct gn_shared *shared, const struct gn_cgroups *cgroups, struct gn_err *err)
{
	int ends[2];

	*n = (struct gn_nodes){
		.topology = t, .shared = shared, .cgroups = cgroups, .ready_fd = -1, .ready_end = -1
	};
	n->processes = calloc(t->gossip.n_members, sizeof(*n->processes));
	if (!n->processes)
		return gn_fail(err, -ENOMEM, "out of memory");
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return gn_fail(err, -errno, "cannot make a pipe: %m");
	n->ready_fd = ends[0];
	n->ready_end = ends[1];
	int r = fork_nodes(n, net, err);

	gn_close_p(&n->ready_end);
	n->ready_end = -1;
	return r;
}

void gn_nodes_count_ready(struct gn_nodes *n)
{
	char bytes[1024];
	ssize_t got;

	while ((got = read(n->ready_fd, bytes, sizeof(bytes))) > 0)
		n->ready += (uint32_t)got;
}

static void wake(const struct gn_nodes *n, enum gn_go go)
{
	struct gn_control *control = gn_shared_control(n->shared);

	atomic_store_explicit(&control->go, go, memory_order_release);
	syscall(SYS_futex, &control->go, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

static uint32_t count_awake(const struct gn_nodes *n)
{
	uint32_t awake = 0;

	for (uint32_t m = 0; m < n->topology->gossip.n_members; m++)
		awake += atomic_load_explicit(&gn_shared_slice(n->shared, m)->counters.awake,
					      memory_order_relaxed);
	return awake;
}

void gn_nodes_go(struct gn_nodes *n, gn_time *ret_start)
{
	const struct timespec moment = gn_timespec(GN_MSEC);
	const gn_time before = gn_now(), patience = before + WAKE_PATIENCE;

	wake(n, GN_WAKE);
	while (count_awake(n) < n->alive && gn_now() < patience)
		nanosleep(&moment, NULL);
	*ret_start = gn_now() + WAKE_MARGIN + 2 * (gn_now() - before);
	atomic_store_explicit(&gn_shared_control(n->shared)->start, *ret_start, memory_order_relaxed);
	wake(n, GN_GO);
}

static uint32_t member_of(const struct gn_nodes *n, pid_t pid)
{
	for (uint32_t m = 0; m < n->topology->gossip.n_members; m++)
		if (n->processes[m].pid == pid || n->processes[m].heir == pid)
			return m;
	return GN_NONE;
}

static void describe_death(const struct gn_nodes *n, uint32_t member, int status, struct gn_err *err)
{
	const char *name = n->topology->nodes[n->topology->gossip.members[member]].name;
	struct gn_counters *c = &gn_shared_slice(n->shared, member)->counters;
	char why[sizeof(c->failure)];

	/* The text is the node's: it may lack its end, or hold anything. */
	memcpy(why, c->failure, sizeof(why));
	why[sizeof(why) - 1] = '\0';
	gn_make_printable(why);
	if (WIFSIGNALED(status))
		gn_fail(err, -ECHILD, "node %s: its process was killed by signal %d (%s)", name,
			WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		gn_fail(err, -ECHILD, "node %s: its process ended by itself%s%s", name, *why ? ": " : "",
			why);
}

/* Note that a process has ended. Return: was that the schedule's doing? */
static bool note_end(struct gn_nodes *n, uint32_t member)
{
	struct gn_node_process *p = &n->processes[member];
	bool expected = p->ending;

	*p = (struct gn_node_process){ .life = p->life, .absent = expected };
	n->alive--;
	n->absent += expected;
	return expected;
}

/* An heir that ends was told to, or is missed when its time comes. */
static bool is_heir(struct gn_nodes *n, uint32_t member, pid_t pid)
{
	if (n->processes[member].heir != pid)
		return false;
	n->processes[member].heir = 0;
	n->heirs--;
	return true;
}

int gn_nodes_reap(struct gn_nodes *n, struct gn_err *err)
{
	int status;
	pid_t pid;

	if (!n->group)
		return -1;
	while ((pid = waitpid(-n->group, &status, WNOHANG)) > 0) {
		uint32_t m = member_of(n, pid);

		if (m == GN_NONE || is_heir(n, m, pid) || note_end(n, m))
			continue;
		describe_death(n, m, status, err);
		return (int)m;
	}
	if (pid < 0 && errno == ECHILD)
		n->alive = n->heirs = 0; /* nobody is left to wait for */
	return -1;
}

/* ---- what the schedule does ---- */

static struct gn_orders *orders_of(const struct gn_nodes *n, uint32_t member)
{
	return &gn_shared_slice(n->shared, member)->orders;
}

static bool runs(const struct gn_nodes *n, uint32_t member)
{
	return n->processes[member].pid && !n->processes[member].ending;
}

bool gn_nodes_kill(struct gn_nodes *n, uint32_t member)
{
	if (!runs(n, member))
		return false;
	kill(n->processes[member].pid, SIGKILL);
	n->processes[member].ending = true;
	n->processes[member].paused = false; /* that wakes sleepers, too */
	return true;
}

bool gn_nodes_leave(struct gn_nodes *n, uint32_t member)
{
	if (!runs(n, member))
		return false;
	atomic_store_explicit(&orders_of(n, member)->leave, 1, memory_order_relaxed);
	kill(n->processes[member].pid, SIGTERM);
	n->processes[member].ending = true;
	return true;
}

bool gn_nodes_pause(struct gn_nodes *n, uint32_t member)
{
	if (!runs(n, member) || n->processes[member].paused)
		return false;
	kill(n->processes[member].pid, SIGSTOP);
	n->processes[member].paused = true;
	return true;
}

bool gn_nodes_resume(struct gn_nodes *n, uint32_t member)
{
	struct gn_node_process *p = &n->processes[member];

	if (!p->pid || !p->paused)
		return false;
	atomic_store_explicit(&orders_of(n, member)->resumed, gn_now(), memory_order_relaxed);
	kill(p->pid, SIGCONT);
	p->paused = false;
	return true;
}

bool gn_nodes_drop_next(struct gn_nodes *n, uint32_t member, uint32_t datagrams)
{
	if (!runs(n, member))
		return false;
	atomic_store_explicit(&orders_of(n, member)->drop_next, datagrams, memory_order_relaxed);
	return true;
}

bool gn_nodes_gone(struct gn_nodes *n, uint32_t member)
{
	const struct gn_node_process *p = &n->processes[member];
	const gn_time patience = gn_now() + 20 * GN_MSEC;

	if (!p->pid)
		return true;
	while (p->ending && !p->paused) {
		if (waitpid(p->pid, NULL, WNOHANG) == p->pid) {
			note_end(n, member);
			return true;
		}
		if (gn_now() > patience)
			break;
		poll(NULL, 0, 1);
	}
	return false;
}

int gn_nodes_prepare(struct gn_nodes *n, uint32_t member, const struct gn_network *net, struct gn_err *err)
{
	struct gn_node_process *p = &n->processes[member];

	if (p->pid || p->heir)
		return 0;
	atomic_store_explicit(&orders_of(n, member)->begin, 0, memory_order_relaxed);
	pid_t pid = fork_process(n, member, p->life + 1, true, net, err);

	if (pid < 0)
		return pid;
	join_group(n, pid);
	p->heir = pid;
	n->heirs++;
	return 1;
}

/* Its heir's time has come. */
static void take_over(struct gn_nodes *n, uint32_t member)
{
	struct gn_node_process *p = &n->processes[member];
	struct gn_orders *o = orders_of(n, member);

	p->pid = p->heir;
	p->heir = 0;
	n->heirs--;
	n->alive++;
	atomic_store_explicit(&o->begin, 1, memory_order_release);
	syscall(SYS_futex, &o->begin, FUTEX_WAKE, 1, NULL, NULL, 0);
}

int gn_nodes_restart(struct gn_nodes *n, uint32_t member, gn_time born, const struct gn_network *net,
		     struct gn_err *err)
{
	struct gn_node_process *p = &n->processes[member];
	struct gn_orders *o = orders_of(n, member);
	int r = 0;

	atomic_store_explicit(&o->leave, 0, memory_order_relaxed);
	atomic_store_explicit(&o->drop_next, 0, memory_order_relaxed);
	atomic_store_explicit(&o->born, born, memory_order_relaxed);
	p->life++;
	if (p->heir)
		take_over(n, member);
	else
		r = fork_node(n, member, net, err);
	if (r == 0) {
		n->absent -= p->absent;
		p->absent = false;
	}
	return r;
}

/* ---- the end ---- */

static uint64_t received_by_all(const struct gn_nodes *n)
{
	uint64_t sum = 0;

	for (uint32_t m = 0; m < n->topology->gossip.n_members; m++)
		sum += atomic_load_explicit(&gn_shared_slice(n->shared, m)->counters.datagrams_received,
					    memory_order_relaxed);
	return sum;
}

/* Those that the schedule has paused: somebody else's SIGSTOP is a fault. */
static void resume_all(struct gn_nodes *n)
{
	for (uint32_t m = 0; m < n->topology->gossip.n_members; m++)
		gn_nodes_resume(n, m);
}

void gn_nodes_quiet(struct gn_nodes *n, gn_dur patience)
{
	gn_time now = gn_now(), last_change = now, end = now + 2 * GN_SEC;
	uint64_t received = received_by_all(n);

	atomic_store_explicit(&gn_shared_control(n->shared)->quiet, 1, memory_order_relaxed);
	resume_all(n);
	while (now < end && now - last_change < patience) {
		poll(NULL, 0, 5);
		uint64_t more = received_by_all(n);

		now = gn_now();
		if (more != received)
			last_change = now;
		received = more;
	}
}

static void signal_all(const struct gn_nodes *n, int signal)
{
	for (uint32_t m = 0; m < n->topology->gossip.n_members; m++) {
		if (n->processes[m].pid)
			kill(n->processes[m].pid, signal);
		if (n->processes[m].heir)
			kill(n->processes[m].heir, signal);
	}
}

static uint32_t first_alive(const struct gn_nodes *n)
{
	for (uint32_t m = 0; m < n->topology->gossip.n_members; m++)
		if (n->processes[m].pid)
			return m;
	return GN_NONE;
}

uint32_t gn_nodes_stop(struct gn_nodes *n)
{
	gn_time deadline = gn_now() + 2 * GN_SEC;
	uint32_t killed = GN_NONE;

	if (!n->processes)
		return GN_NONE;
	signal_all(n, SIGTERM);
	resume_all(n); /* one that sleeps would not see it */
	while (n->alive || n->heirs) {
		if (gn_nodes_reap(n, NULL) >= 0)
			continue;
		if ((n->alive || n->heirs) && gn_now() >= deadline) {
			killed = first_alive(n);
			signal_all(n, SIGKILL);
			deadline = GN_NEVER;
		}
		poll(NULL, 0, 5);
	}
	gn_close_p(&n->ready_fd);
	gn_close_p(&n->ready_end);
	free(n->processes);
	*n = (struct gn_nodes){ .ready_fd = -1, .ready_end = -1 };
	return killed;
}
