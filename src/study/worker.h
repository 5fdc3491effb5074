/* SPDX-License-Identifier: MIT */
/*
 * Processes that make a study's runs, each one run at a time, and one of them the analysis. They die with their
 * parent, and hold nothing of it but one end of a socket.
 */
#ifndef GN_STUDY_WORKER_H
#define GN_STUDY_WORKER_H

#include <sys/types.h>

#include "study/outcome.h"

struct gn_study_worker {
	pid_t pid;
	int fd; /* -1: there is none */
	bool busy;
	uint32_t run;	    /* busy: which, or GN_STUDY_ANALYSIS */
	const char *folder; /* borrowed */
};

/* Instead of a run: analyse what is in study.db, write the report and draw the figures. */
#define GN_STUDY_ANALYSIS UINT32_MAX

/* Fork one, before study.db is open: SQLite has no part in a fork. @folder: of the study; both are borrowed. */
int gn_study_worker_start(struct gn_study_worker *w, const struct gn_study_plan *plan, const char *folder,
			  struct gn_err *err);

/* Have it make a run, or the analysis. */
int gn_study_worker_order(struct gn_study_worker *w, uint32_t run, struct gn_err *err);

/**
 * gn_study_worker_collect() - take the outcome of the run that was ordered, when the worker's descriptor is readable.
 * @ret: its times are the caller's also after a failure.
 *
 * Return: 0; or -Exxx: the run failed, or the worker died; the sentence names the run.
 */
int gn_study_worker_collect(struct gn_study_worker *w, const struct gn_study_plan *plan,
			    struct gn_study_outcome *ret, struct gn_err *err);

/* As that, for the analysis. Return: what gn_study_analyse() does, or -Exxx: the worker died. */
int gn_study_worker_collect_analysis(struct gn_study_worker *w, struct gn_err *err);

/* End it, whatever it does. Of the analysis nothing stays that is half written. */
void gn_study_worker_stop(struct gn_study_worker *w);

#endif
