/* SPDX-License-Identifier: MIT */
/* What a node process gives up before it touches the network. */
#ifndef GN_LIVE_PRIVILEGES_H
#define GN_LIVE_PRIVILEGES_H

#include <stdint.h>

#include "util/err.h"

/*
 * User and group id of member m: GN_NODE_UID + m, so that no node can signal or trace another one, or anything
 * else on the machine. systemd's list of uid ranges (systemd.io/UIDS-GIDS) leaves 0x70000000 up to 0x7ffdffff to
 * nobody.
 */
#define GN_NODE_UID UINT32_C(0x70000000)

/**
 * gn_privileges_drop() - give up all that can be given up, for good.
 *
 * All capabilities in all sets, the ways to regain them (no_new_privs), the right to start processes, open
 * descriptors, dump core or be traced; and, where the process may change it, its user and group. A process with
 * few rights has less to give up; that is not an error. Afterwards it dies with its parent.
 */
int gn_privileges_drop(uint32_t member, int parent_pid, struct gn_err *err);

/* Be killed when the parent dies, and fail if it is dead already. A change of user undoes this. */
int gn_die_with_parent(int parent_pid, struct gn_err *err);

#endif
