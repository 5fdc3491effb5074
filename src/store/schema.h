/* SPDX-License-Identifier: MIT */
/* The tables of run.db, as SQL. gossipnet-results(5) describes them. */
#ifndef GN_STORE_SCHEMA_H
#define GN_STORE_SCHEMA_H

#include "util/err.h"

#define GN_SCHEMA_VERSION 1 /* changes when a reader of the old tables would go wrong */

extern const char gn_schema_tables[];
extern const char gn_schema_indexes[]; /* made at the end of a run: they would slow down the inserts */

/**
 * gn_schema_needs() - can this SQLite library work with the tables?
 * @number: as sqlite3_libversion_number().
 *
 * Return: 0; -ENOTSUP: too old, @err says what to install.
 */
int gn_schema_needs(int number, struct gn_err *err);

#endif
