/* SPDX-License-Identifier: MIT */
/*
 * Processes that make a study's runs, each one run at a time. They die with their parent, and hold nothing of it but
 * one end of a socket.
 */
#ifndef GN_STUDY_WORKER_H
#define GN_STUDY_WORKER_H

#include <sys/types.h>

#include "study/outcome.h"

struct gn_study_worker {
	pid_t pid;
	int fd; /* -1: there is none */
	bool busy;
	uint32_t run; /* busy: which */
};

/* Fork one. @folder: of the study, for live runs; both are borrowed by the child. */
int gn_study_worker_start(struct gn_study_worker *w, const struct gn_study_plan *plan, const char *folder,
			  struct gn_err *err);

/* Have it make a run. */
int gn_study_worker_order(struct gn_study_worker *w, uint32_t run, struct gn_err *err);

/**
 * gn_study_worker_collect() - take the outcome of the run that was ordered, when the worker's descriptor is readable.
 * @ret: its times are the caller's also after a failure.
 *
 * Return: 0; or -Exxx: the run failed, or the worker died; the sentence names the run.
 */
int gn_study_worker_collect(struct gn_study_worker *w, const struct gn_study_plan *plan,
			    struct gn_study_outcome *ret, struct gn_err *err);

/* End it, whatever it does. */
void gn_study_worker_stop(struct gn_study_worker *w);

#endif
