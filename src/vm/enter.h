/* SPDX-License-Identifier: MIT */
/* Becoming a process inside a node: its network, its name, the other nodes' names. */
#ifndef GN_VM_ENTER_H
#define GN_VM_ENTER_H

#include "topo/topology.h"

/* A file in memory with the text of an /etc/hosts that names every host and router. */
int gn_hosts_open(const struct gn_topology *t, int *ret, struct gn_err *err);

/* The node called @name. Return: 0, or -ENOENT with a sentence that names the nearest one. */
int gn_node_find(const struct gn_topology *t, const char *name, uint32_t *ret, struct gn_err *err);

struct gn_enter {
	int netns;	  /* borrowed */
	const char *node; /* becomes the host name */
	int hosts;	  /* from gn_hosts_open(), borrowed; -1: names are not resolved */
};

/**
 * gn_enter() - move this process into a node. Needs root; meant for a process that will exec.
 *
 * The process gets mount and UTS namespaces of its own: /sys shows the node's interfaces and
 * /etc/hosts is the generated one, for it and its children only.
 */
int gn_enter(const struct gn_enter *e, struct gn_err *err);

/* Replace the process by a command, looked up in PATH, with default signal handling. Returns the exit status
 * of a command that cannot be run, as shells have it: 127 not found, 126 else, with a sentence. */
int gn_enter_exec(char *const command[], struct gn_err *err);

#endif
