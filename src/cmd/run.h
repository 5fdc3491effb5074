/* SPDX-License-Identifier: MIT */
/* What `run` has in hand while the network is here or in the guest. */
#ifndef GN_CMD_RUN_H
#define GN_CMD_RUN_H

#include "cmd/control.h"
#include "cmd/emulate.h"
#include "cmd/folder.h"

struct gn_run {
	const struct gn_topology *topology; /* borrowed */
	struct gn_folder folder;
	struct gn_control_server *control;
	struct gn_progress progress;
	bool quiet;
	bool has_database; /* run.db exists */
	char phase[24];	   /* the last one shown */
};

/* Carry out the run on this kernel, or in the guest. Return: the exit status, or -Exxx with a sentence. */
int gn_run_here(struct gn_run *r, struct gn_err *err);
int gn_run_in_guest(struct gn_run *r, struct gn_err *err);

/* Show where the run is: progress, control socket, log. */
void gn_run_status(struct gn_run *r, const struct gn_status *s);

/* run.db exists now. */
void gn_run_database(struct gn_run *r);

/* The node called @name in a network that stands here: its namespace, or -ENOENT with a sentence. */
int gn_run_netns(const struct gn_topology *t, const struct gn_network *net, const char *name,
		 struct gn_err *err);

/* The exit status that belongs to how a run ended; says what is worth saying through @say. */
int gn_run_ending(const struct gn_outcome *outcome, void (*say)(void *context, const char *text),
		  void *context);

#endif
