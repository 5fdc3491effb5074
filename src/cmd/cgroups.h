/* SPDX-License-Identifier: MIT */
/*
 * Limits of a node's process, by control groups of version 1 or 2, whichever this kernel has mounted. The folders
 * of a run are removed by a process that outlives it, also after a kill -9.
 */
#ifndef GN_CMD_CGROUPS_H
#define GN_CMD_CGROUPS_H

#include <stdbool.h>
#include <sys/types.h>

#include "topo/topology.h"
#include "util/err.h"

struct gn_cgroups;

enum gn_cgroup_kind { GN_CGROUP_CPU, GN_CGROUP_MEMORY, GN_CGROUP_KINDS };

/* Makes nothing in the system yet. */
int gn_cgroups_new(struct gn_cgroups **ret, struct gn_err *err);
/* Removes all folders; the processes in them must have ended. */
struct gn_cgroups *gn_cgroups_free(struct gn_cgroups *c);

/* Make limits of this kind possible. Return: 0; -Exxx: this system does not allow it, @err says why. */
int gn_cgroups_prepare(struct gn_cgroups *c, enum gn_cgroup_kind kind, struct gn_err *err);

/* For whatever the topology's schedule asks for. */
int gn_cgroups_prepare_for(struct gn_cgroups *c, const struct gn_topology *t, struct gn_err *err);

/**
 * gn_cgroups_limit() - limit what a node's process may use, from now on.
 * @node: its name.
 * @pid: its process; 0: it has none now.
 * @value: as in struct gn_action: millionths of one CPU, or bytes; 0: no limit.
 */
int gn_cgroups_limit(struct gn_cgroups *c, enum gn_cgroup_kind kind, const char *node, pid_t pid,
		     uint64_t value, struct gn_err *err);

/* A node has a new process: limits that it has are the new one's as well. */
int gn_cgroups_join(struct gn_cgroups *c, const char *node, pid_t pid, struct gn_err *err);

/* The calling process is the new one and has taken nothing yet: all that it takes is to count for its limit of memory, as the
 * kernel counts what is taken by those that are in a group, not what they bring along. Of CPU time it may have as much as
 * it takes to get ready. What fails here fails again, and is told, in gn_cgroups_join(). */
void gn_cgroups_join_early(const struct gn_cgroups *c, const char *node);

/* For how long its limit of CPU time has held back the node's process, ns. */
uint64_t gn_cgroups_throttled(const struct gn_cgroups *c, const char *node);

/* Did the kernel kill a process of the node because of its limit of memory? */
bool gn_cgroups_ran_out(const struct gn_cgroups *c, const char *node);

#endif
