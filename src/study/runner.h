/* SPDX-License-Identifier: MIT */
/* Making the runs of a study, on all cores, into its study.db. */
#ifndef GN_STUDY_RUNNER_H
#define GN_STUDY_RUNNER_H

#include "study/plan.h"

struct gn_study_progress {
	uint32_t done, runs; /* in the file; all of them */
	double left_seconds; /* estimate; negative: unknown */
	bool analysing;	     /* all runs are there */
};

struct gn_study_options {
	const struct gn_study_plan *plan;
	const char *folder; /* exists; study.db is made there, or gone on with */
	void *context;
	/* Called about five times a second. Nonzero: stop. */
	int (*on_progress)(void *context, const struct gn_study_progress *p);
};

enum gn_study_ending { GN_STUDY_COMPLETE, GN_STUDY_STOPPED };

/**
 * gn_study_run() - make the runs that study.db lacks, and when all are there analyse them.
 * @ret_done: runs that are in the file in the end, also after a failure.
 *
 * Return: enum gn_study_ending, STOPPED also if all runs are there but not their analysis; -EINVAL: study.db was not made from this plan, or another program is at work on it; or
 * -Exxx: a run failed. What is in the file stays, and the same call goes on from there.
 */
int gn_study_run(const struct gn_study_options *o, uint32_t *ret_done, struct gn_err *err);

#endif
