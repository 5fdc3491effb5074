/* SPDX-License-Identifier: MIT */
/* The study.db of a study that is being made: one writer. */
#ifndef GN_STUDY_DATABASE_H
#define GN_STUDY_DATABASE_H

#include "study/outcome.h"

struct gn_study_database;

/**
 * gn_study_database_open() - create the file with everything but runs, or go on with the one that is there.
 * @path: FOLDER/study.db.
 * @plan: borrowed until the end.
 *
 * Return: 0; -EINVAL: what is there is not a study, or was not made from this plan or by this version; -Exxx.
 */
int gn_study_database_open(const char *path, const struct gn_study_plan *plan, struct gn_study_database **ret,
			   struct gn_err *err);

/* By run: 1 if it is in the file, else 0. */
const uint8_t *gn_study_database_runs(const struct gn_study_database *d);

/* Add a run. It is safe against kill -9 after this. */
int gn_study_database_add(struct gn_study_database *d, uint32_t run, const struct gn_study_outcome *o,
			  struct gn_err *err);

/* All runs are there. */
int gn_study_database_complete(struct gn_study_database *d, struct gn_err *err);

/* Turn the file into a single one and close it. NULL-safe. */
int gn_study_database_close(struct gn_study_database *d, struct gn_err *err);

#endif
