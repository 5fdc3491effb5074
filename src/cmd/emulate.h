/* SPDX-License-Identifier: MIT */
/* A live run in this kernel: network, nodes, collector, from the first namespace to the last row. */
#ifndef GN_CMD_EMULATE_H
#define GN_CMD_EMULATE_H

#include "cmd/collector.h"
#include "cmd/machine.h"

struct gn_conduct;
struct gn_network;

/* How the run ended; the value of meta's ended_by. */
enum gn_ending { GN_ENDED_DURATION, GN_ENDED_INFORMED, GN_ENDED_INTERRUPT, GN_ENDED_FAILURE };

struct gn_outcome {
	enum gn_ending ending;
	struct gn_judgement verdict;
};

struct gn_emulation_options {
	const struct gn_topology *topology;
	const char *folder; /* absolute; run.db is made here */
	bool guest;	    /* we are inside the guest kernel */

	/* All borrowed; called from gn_emulate() with @context. */
	void *context;
	void (*on_status)(void *context,
			  const struct gn_status *s); /* about ten times a second, and on each new phase */
	void (*on_error)(void *context, const char *text);
	void (*on_database)(void *context); /* run.db exists now; may be NULL */
	/* Actions by hand are possible from now on; NULL: no more. */
	void (*on_conduct)(void *context, struct gn_conduct *conduct);
	void (*on_network)(void *context, const struct gn_network *net); /* built; NULL: about to go */
	/* In the guest: what the host's CPUs had to spare. Returns whether the host has said so. NULL: ask here. */
	bool (*ask_machine)(void *context, struct gn_machine_figures *ret);
	/* One more descriptor for the loop to wait on (-1: none), and what to do when it is readable. It returns 1
	 * to ask for the end of the run, else 0. */
	int extra_fd;
	int (*on_extra)(void *context);
};

/**
 * gn_emulate() - carry out a run. SIGINT and SIGTERM end it early, the result is kept.
 * @ret: how it ended and whether to trust it, written on success.
 * Return: 0 or -Exxx with a sentence; then run.db, if there is one, holds what happened until then.
 */
int gn_emulate(const struct gn_emulation_options *o, struct gn_outcome *ret, struct gn_err *err);

#endif
