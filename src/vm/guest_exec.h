/* SPDX-License-Identifier: MIT */
/* `gossipnet exec` in the guest: commands that run inside nodes, their streams carried over the channel. */
#ifndef GN_VM_GUEST_EXEC_H
#define GN_VM_GUEST_EXEC_H

#include "vm/channel.h"

struct gn_guest_exec;

struct gn_guest_exec_options {
	struct gn_channel *channel; /* borrowed */
	/* The namespace of a node, borrowed, or -Exxx with a sentence. */
	int (*netns)(void *context, const char *node, struct gn_err *err);
	void *context;
	int hosts; /* see struct gn_enter; borrowed */
};

int gn_guest_exec_new(const struct gn_guest_exec_options *o, struct gn_guest_exec **ret, struct gn_err *err);

/* Ends all sessions. NULL-safe, returns NULL. */
struct gn_guest_exec *gn_guest_exec_free(struct gn_guest_exec *x);

/* Readable when gn_guest_exec_handle() has something to do. */
int gn_guest_exec_fd(const struct gn_guest_exec *x);

/* Never blocks and never fails the run: what goes wrong with a session is told to its client. */
void gn_guest_exec_handle(struct gn_guest_exec *x);

/* A message of the channel. Returns true if it was one of ours. */
bool gn_guest_exec_message(struct gn_guest_exec *x, const struct gn_vm_message *m);

#endif
