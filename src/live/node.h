/* SPDX-License-Identifier: MIT */
/* The gossip process: runs one protocol instance over UDP in its node's network namespace. */
#ifndef GN_LIVE_NODE_H
#define GN_LIVE_NODE_H

#include "live/shared.h"
#include "topo/topology.h"

struct gn_node_job {
	const struct gn_topology *topology; /* inherited through the fork */
	uint32_t member;
	int netns; /* its network namespace; -1: the one that the caller is in */
	const struct gn_shared *shared;
	int ready_fd; /* a byte is written here when the socket is bound and nothing can fail any more; or -1 */
	int parent_pid;
	uint32_t life; /* how many this member had before; later ones begin in the middle of the run */
	bool heir;     /* made ahead of its time: it gets everything ready and waits for gn_orders.begin */
};

/**
 * gn_node_main() - the life of a node process, called in the child right after fork().
 *
 * Closes every descriptor but its own, enters the namespace, binds its socket, gives up all
 * privileges, says that it is ready, waits for the control page's go, gossips until SIGTERM, frees
 * everything. Dies with the parent. A failure is left in the slice's counters.failure.
 *
 * Return: the process's exit status.
 */
int gn_node_main(const struct gn_node_job *job);

#endif
