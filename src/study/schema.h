/* SPDX-License-Identifier: MIT */
/* The tables of a study.db: gossipnet-study(5) says what they hold. The study writes them, the analysis reads them. */
#ifndef GN_STUDY_SCHEMA_H
#define GN_STUDY_SCHEMA_H

#define GN_STUDY_SCHEMA_VERSION 2

/* SQL that creates the tables of the runs, empty but for meta's row `schema`. */
extern const char gn_study_tables[];

/* The quantiles of `result`, per cent: T_q is when q % of the members that count knew, on the line between the
 * points of the curve around it. */
#define GN_STUDY_N_QUANTILES 4
extern const int gn_study_quantiles[GN_STUDY_N_QUANTILES]; /* 50, 90, 99, 100 */

#endif
