/* SPDX-License-Identifier: MIT */
/*
 * A few node processes in the network namespace of the caller, where addresses 10.0.0.1, 10.0.0.2, ... are up: no
 * topology file, no links, no collector. Prints what they are and what they left in shared memory.
 *
 * node_pair MEMBERS PERIOD_MS SECONDS [EVENTS [PROTOCOL]]
 *   pid MEMBER PID                               once all are ready
 *   go
 *   arrival EVENT MEMBER VIA HOP FIRST T-SENT    VIA is - at the origin; ns
 *   call MEMBER ROUND PARTNER
 *   counter MEMBER NAME VALUE
 *   exit MEMBER STATUS [FAILURE]
 * Event e starts at member e modulo MEMBERS, 100 ms + e * 10 ms after the start.
 */
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <signal.h>

#include "live/node.h"
#include "proto/proto.h"
#include "util/util.h"

enum { MEMBERS_MAX = 64, EVENTS_MAX = 1000, RING = 1 << 16 };

struct pair {
	struct gn_topology topology;
	struct gn_node nodes[MEMBERS_MAX];
	char names[MEMBERS_MAX][GN_NODE_NAME_MAX + 1];
	uint32_t members[MEMBERS_MAX];
	struct gn_event_plan events[EVENTS_MAX];
	struct gn_shared shared;
	pid_t pids[MEMBERS_MAX];
};

static void describe(struct pair *p, uint32_t n, unsigned period_ms, uint32_t n_events, const char *protocol)
{
	for (uint32_t i = 0; i < n; i++) {
		snprintf(p->names[i], sizeof(p->names[i]), "pair%u", i + 1);
		p->nodes[i] =
			(struct gn_node){ .name = p->names[i], .ip = GN_ADDRESS_POOL + 1 + i, .member = i };
		p->members[i] = i;
	}
	for (uint32_t e = 0; e < n_events; e++)
		p->events[e] = (struct gn_event_plan){
			.at = 100 * GN_MSEC + e * 10 * GN_MSEC, .node = e % n, .size = e % 1025, .label = ""
		};
	p->topology = (struct gn_topology){
		.name = "pair",
		.seed = 1,
		.log = GN_RECORDS_CALLS,
		.nodes = p->nodes,
		.n_nodes = n,
		.gossip = { .protocol = gn_protocol_find(protocol),
			    .fanout = 1,
			    .period = period_ms * GN_MSEC,
			    .members = p->members,
			    .n_members = n },
		.events = p->events,
		.n_events = n_events,
	};
}

static int start(struct pair *p, int ready[2])
{
	GN_CLEANUP(gn_close_p) int netns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	pid_t self = getpid();

	for (uint32_t m = 0; m < p->topology.n_nodes; m++) {
		const struct gn_node_job job = {
			&p->topology, m, netns, &p->shared, ready[1], self, 0, false
		};

		p->pids[m] = fork();
		if (p->pids[m] < 0)
			return -errno;
		if (p->pids[m] == 0)
			_exit(gn_node_main(&job));
	}
	close(ready[1]);
	/* The end of the pipe: a node that fails never writes its byte. */
	for (uint32_t m = 0; m < p->topology.n_nodes; m++) {
		char byte;

		if (read(ready[0], &byte, 1) != 1)
			return -ECHILD;
	}
	return 0;
}

static void go(struct pair *p)
{
	struct gn_control *c = gn_shared_control(&p->shared);

	atomic_store(&c->start, gn_now() + 10 * GN_MSEC);
	atomic_store(&c->go, GN_GO);
	syscall(SYS_futex, &c->go, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
	puts("go");
	fflush(stdout);
}

static void print_record(uint32_t member, const struct gn_record *r)
{
	char via[16] = "-";

	if (r->via != GN_NONE)
		snprintf(via, sizeof(via), "%u", r->via);
	if (r->type == GN_RECORD_CALL)
		printf("call %u %u %s\n", member, r->event, via);
	else
		printf("arrival %u %u %s %u %u %lld\n", r->event, member, via, r->hop, r->first,
		       r->sent ? (long long)(r->t - r->sent) : 0);
}

static void print_slice(struct pair *p, uint32_t member)
{
	struct gn_slice *s = gn_shared_slice(&p->shared, member);
	const struct gn_record *run[2];
	size_t len[2];
#define COUNTER(name)                    \
	{                                \
#name, &s->counters.name \
	}
	const struct {
		const char *name;
		_Atomic uint64_t *value;
	} counters[] = {
		COUNTER(datagrams_sent), COUNTER(datagrams_received), COUNTER(bytes_sent),
		COUNTER(bytes_received), COUNTER(malformed),	      COUNTER(send_errors),
		COUNTER(socket_drops),	 COUNTER(log_dropped),	      COUNTER(calls),
		COUNTER(timers),	 COUNTER(lateness_max),	      COUNTER(phase),
		COUNTER(informed),
	};

	gn_ring_release(s, gn_ring_peek(s, RING, run, len));
	for (int i = 0; i < 2; i++)
		for (size_t k = 0; k < len[i]; k++)
			print_record(member, &run[i][k]);
	for (size_t i = 0; i < GN_ARRAY_LEN(counters); i++)
		printf("counter %u %s %llu\n", member, counters[i].name,
		       (unsigned long long)atomic_load(counters[i].value));
}

static void finish(struct pair *p)
{
	for (uint32_t m = 0; m < p->topology.n_nodes; m++)
		kill(p->pids[m], SIGTERM);
	for (uint32_t m = 0; m < p->topology.n_nodes; m++) {
		int status = 0;

		waitpid(p->pids[m], &status, 0);
		print_slice(p, m);
		printf("exit %u %d %s\n", m, WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
		       gn_shared_slice(&p->shared, m)->counters.failure);
	}
}

int main(int argc, char **argv)
{
	static struct pair p;
	struct gn_err err;
	int ready[2];

	if (argc < 4)
		return 2;
	unsigned n = (unsigned)atoi(argv[1]), n_events = argc > 4 ? (unsigned)atoi(argv[4]) : 1;

	if (n < 1 || n > MEMBERS_MAX || n_events > EVENTS_MAX)
		return 2;
	describe(&p, n, (unsigned)atoi(argv[2]), n_events, argc > 5 ? argv[5] : "push-pull");
	if (gn_shared_init(&p.shared, n, RING, &err)) {
		fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	int r = pipe2(ready, O_CLOEXEC) ? -errno : start(&p, ready);

	if (r == 0) {
		for (uint32_t m = 0; m < n; m++)
			printf("pid %u %d\n", m, p.pids[m]);
		go(&p);
		usleep((useconds_t)(atof(argv[3]) * 1e6));
	}
	finish(&p);
	gn_shared_done(&p.shared);
	return r ? 1 : 0;
}
