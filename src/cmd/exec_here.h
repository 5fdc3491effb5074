/* SPDX-License-Identifier: MIT */
/*
 * `gossipnet exec` in a network of this kernel: the command is a child of the client, in its process group and on
 * its terminal, inside the node.
 *
 * Nothing may outlive the run, because a namespace stays as long as a process is in it. A guard, a process that the
 * client leaves alone, waits for the run's end, in whatever way it comes, and then ends all that is still inside the
 * node: the command, what it has started, and what it has left behind in the background.
 */
#ifndef GN_CMD_EXEC_HERE_H
#define GN_CMD_EXEC_HERE_H

#include "vm/enter.h"

struct gn_exec_here {
	struct gn_enter node; /* its descriptors are borrowed */
	char *const *command;
	int run; /* becomes readable when the run is over; borrowed */
};

/* Run the command to its end. Return: its exit status, 128 + n after signal n; 126 or 127 if it cannot be run, which
 * has been said; -EPIPE: the run ended first, and took it along; -Exxx. */
int gn_exec_here(const struct gn_exec_here *x, struct gn_err *err);

#endif
