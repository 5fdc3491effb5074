/* SPDX-License-Identifier: MIT */
/* The node processes of a run, seen from their parent. */
#ifndef GN_CMD_NODES_H
#define GN_CMD_NODES_H

#include <sys/types.h>

#include "live/shared.h"
#include "net/network.h"
#include "topo/topology.h"

struct gn_node_pid {
	pid_t pid;
	uint32_t member;
};

struct gn_nodes {
	const struct gn_topology *topology; /* borrowed, as the next */
	const struct gn_shared *shared;
	pid_t *pids;		    /* per member; 0: not running */
	struct gn_node_pid *by_pid; /* of all that were started, ascending */
	uint32_t started;
	pid_t group; /* their process group: no Ctrl-C reaches them, and only they are reaped here */
	uint32_t alive;
	int ready_fd;  /* each node writes one byte here; -1 before gn_nodes_start() */
	int ready_end; /* the nodes' end, closed in the parent once all are forked */
	uint32_t ready;
};

/* Fork one process per member into its namespace. They wait for the control page's go. */
int gn_nodes_start(struct gn_nodes *n, const struct gn_topology *t, const struct gn_network *net,
		   const struct gn_shared *shared, struct gn_err *err);

/* Count the nodes that have become ready; does not wait. */
void gn_nodes_count_ready(struct gn_nodes *n);

/* Start the run: all nodes go, time zero is written to *ret_start (CLOCK_MONOTONIC). */
void gn_nodes_go(struct gn_nodes *n, gn_time *ret_start);

/* Reap what has died. Return: the member that died, with a sentence in @err; -1: none (call until then). */
int gn_nodes_reap(struct gn_nodes *n, struct gn_err *err);

/* The run is over: nodes send nothing more. Wait until what is under way has arrived: until nothing has for
 * @patience, two seconds at most. */
void gn_nodes_quiet(const struct gn_nodes *n, gn_dur patience);

/* Ask all to end, wait up to two seconds, kill the rest. Harmless before gn_nodes_start() and a second time.
 * Return: one of those that had to be killed, or GN_NONE. */
uint32_t gn_nodes_stop(struct gn_nodes *n);

#endif
