/* SPDX-License-Identifier: MIT */
/* From the runs of a study to growth laws, verdicts, figures and a report. */
#ifndef GN_STUDY_ANALYSIS_H
#define GN_STUDY_ANALYSIS_H

#include <sqlite3.h>

#include "util/err.h"

/**
 * gn_study_analyse() - analyse the runs that are in study.db.
 * @db: tables as in gn_study_tables, no transaction open. The analysis' own tables, gn_analysis_tables, are made
 *	anew in one transaction.
 * @folder: where report.md is written, and its figures below figures/.
 *
 * The same runs give the same tables, report and figures: resamples are drawn from fixed seeds, and numbers are
 * rounded to nine digits, beyond which libraries of mathematics may differ.
 *
 * Return: 0; -ENOENT: no gnuplot, tables and report are there; or another -Exxx.
 */
int gn_study_analyse(sqlite3 *db, const char *folder, struct gn_err *err);

extern const char gn_analysis_tables[];

/* ---- parts, inside src/study only ---- */

/* Compare live runs with simulated ones, where there are both: fills the table `agreement`. */
int gn_study_agree(sqlite3 *db, struct gn_err *err);

/* Insert a row; of each column the type: i an int64_t, d a double (NAN: NULL), s a string. */
int gn_study_insert(sqlite3 *db, struct gn_err *err, const char *sql, const char *types, ...);

int gn_study_draw(sqlite3 *db, const char *folder, struct gn_err *err);
int gn_study_report(sqlite3 *db, const char *folder, struct gn_err *err);

#endif
