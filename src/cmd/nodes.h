/* SPDX-License-Identifier: MIT */
/* The node processes of a run, seen from their parent. */
#ifndef GN_CMD_NODES_H
#define GN_CMD_NODES_H

#include <sys/types.h>

#include "cmd/cgroups.h"
#include "live/shared.h"
#include "net/network.h"
#include "topo/topology.h"

/* A member's process. */
struct gn_node_process {
	pid_t pid;     /* 0: it does not run */
	uint32_t life; /* how many it had before this one */
	bool ending;   /* the schedule has killed it, or told it to leave: its end is no fault */
	bool absent;   /* and it has ended */
	bool paused;
	pid_t heir; /* made ahead of time for its next life, and waits; 0: none */
};

struct gn_nodes {
	const struct gn_topology *topology; /* borrowed, as the next two */
	const struct gn_shared *shared;
	const struct gn_cgroups *cgroups;
	struct gn_node_process *processes; /* by member */
	pid_t group; /* their process group: no Ctrl-C reaches them, and only they are reaped here */
	uint32_t alive;
	uint32_t heirs;
	uint32_t absent; /* ended by the schedule and not started again */
	int ready_fd;	 /* each node writes one byte here; -1 before gn_nodes_start() */
	int ready_end;	 /* the nodes' end, closed in the parent once all are forked */
	uint32_t ready;
};

/* Fork one process per member into its namespace. They wait for the control page's go. */
int gn_nodes_start(struct gn_nodes *n, const struct gn_topology *t, const struct gn_network *net,
		   const struct gn_shared *shared, const struct gn_cgroups *cgroups, struct gn_err *err);

/* Count the nodes that have become ready; does not wait. */
void gn_nodes_count_ready(struct gn_nodes *n);

/* Start the run: all nodes go, time zero is written to *ret_start (CLOCK_MONOTONIC). */
void gn_nodes_go(struct gn_nodes *n, gn_time *ret_start);

/* Reap what has ended by itself; what the schedule has ended is reaped on the way. Return: the member, with a sentence in
 * @err; -1: none (call until then). */
int gn_nodes_reap(struct gn_nodes *n, struct gn_err *err);

/* What the schedule does to a member's process while the run lasts. Return: false: no effect, as it does not run (resume:
 * is not paused; pause: is paused). */
bool gn_nodes_kill(struct gn_nodes *n, uint32_t member);
bool gn_nodes_leave(struct gn_nodes *n, uint32_t member);
bool gn_nodes_pause(struct gn_nodes *n, uint32_t member);
bool gn_nodes_resume(struct gn_nodes *n, uint32_t member);
bool gn_nodes_drop_next(struct gn_nodes *n, uint32_t member, uint32_t datagrams);

/* Is there nothing left of a member's process, so that it can be restarted? Waits a moment for one that is ending. */
bool gn_nodes_gone(struct gn_nodes *n, uint32_t member);

/* A member is going to be restarted: if it is gone and has no heir, make one, which takes milliseconds. Return: 1: made;
 * 0: there is nothing to do; -Exxx. */
int gn_nodes_prepare(struct gn_nodes *n, uint32_t member, const struct gn_network *net, struct gn_err *err);

/* Start a new process for a member that is gone: its heir, or another. @born: CLOCK_MONOTONIC; what was to be published
 * before is not. */
int gn_nodes_restart(struct gn_nodes *n, uint32_t member, gn_time born, const struct gn_network *net,
		     struct gn_err *err);

/* The run is over: nodes send nothing more. Wait until what is under way has arrived: until nothing has for
 * @patience, two seconds at most. */
void gn_nodes_quiet(struct gn_nodes *n, gn_dur patience);

/* Ask all to end, wait up to two seconds, kill the rest. Harmless before gn_nodes_start() and a second time.
 * Return: one of those that had to be killed, or GN_NONE. */
uint32_t gn_nodes_stop(struct gn_nodes *n);

#endif
