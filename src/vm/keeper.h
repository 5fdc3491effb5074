/* SPDX-License-Identifier: MIT */
/*
 * The guest kernel's keeper: a process between us and the kernel that ends the kernel, and every
 * process of it, when we end in whatever way, or when the kernel ends.
 *
 * The guest's processes are host processes under the kernel's ptrace. When their tracer is killed, the
 * host lets them run on, as themselves, on the host. So the kernel must never be killed alone: the keeper is
 * init of a PID namespace, whose end kills all of it at once. Where this user may not make one, the
 * keeper stops the kernel, kills its children and then the kernel.
 */
#ifndef GN_VM_KEEPER_H
#define GN_VM_KEEPER_H

#include <stdbool.h>
#include <sys/types.h>

#include "util/err.h"

struct gn_keeper_job {
	char *const *command;	  /* the kernel and its arguments; [0] is a path */
	char *const *environment; /* of the kernel */
	int channel;		  /* becomes the kernel's descriptor 3 */
	int console;		  /* becomes its standard output and standard error */
	bool plain;		  /* for tests: make no namespaces */
};

struct gn_keeper {
	pid_t pid;
	int pidfd;    /* readable when keeper and kernel have ended */
	int lifeline; /* closing it makes the keeper end everything */
};

/* Descriptors of @job are borrowed. Return: 0 or -Exxx with a sentence. */
int gn_keeper_start(const struct gn_keeper_job *job, struct gn_keeper *ret, struct gn_err *err);

/* Wait up to @patience_ms for the end. Returns true if it has come. */
bool gn_keeper_wait(const struct gn_keeper *k, int patience_ms);

/* End everything and wait until it is gone. */
void gn_keeper_stop(struct gn_keeper *k);

#endif
