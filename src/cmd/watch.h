/* SPDX-License-Identifier: MIT */
/* What a live run has to say of its own fidelity, beside its nodes' counters: watched while it runs, judged at its end. */
#ifndef GN_CMD_WATCH_H
#define GN_CMD_WATCH_H

#include <stdbool.h>

#include "cmd/judge.h"
#include "cmd/machine.h"
#include "store/store.h"

struct gn_watch {
	bool elsewhere; /* the machine is watched by the host: we are in the guest */
	struct gn_machine machine;
	struct gn_machine_drops drops; /* at the beginning */
	char users[64];		       /* of the CPUs, in words */
};

/* At the start of the run. */
void gn_watch_begin(struct gn_watch *w, bool elsewhere);
/* About ten times a second. */
void gn_watch_look(struct gn_watch *w);

/* At its end, while its processes still live: what the machine had to spare. @machine: as the host says, if it is watched
 * from there, else NULL. The figures borrow from @w. */
void gn_watch_end(struct gn_watch *w, const struct gn_machine_figures *machine, struct gn_figures *ret);

/* Judge, and write the table fidelity and meta's verdict and verdict_reason. */
int gn_watch_judge(const struct gn_figures *figures, struct gn_store *store, struct gn_judgement *ret,
		   struct gn_err *err);

#endif
