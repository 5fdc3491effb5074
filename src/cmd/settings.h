/* SPDX-License-Identifier: MIT */
/* What runs were told to do, and where they were told different things. */
#ifndef GN_CMD_SETTINGS_H
#define GN_CMD_SETTINGS_H

#include <sqlite3.h>
#include <stddef.h>

#include "util/err.h"

enum gn_setting { GN_SETTING_BACKEND, GN_SETTINGS = 15 };

/* The different values of one setting in a set of runs, as a person reads them. */
struct gn_setting_values {
	char **v;
	size_t n, cap;
};

/* Of a set of runs; zeros to begin with, released with gn_settings_done(). */
struct gn_settings {
	struct gn_setting_values of[GN_SETTINGS];
};

/* Add a run, an open run.db. Return: 0 or -Exxx. */
int gn_settings_add(struct gn_settings *s, sqlite3 *db, struct gn_err *err);
void gn_settings_done(struct gn_settings *s);

/* "push", "push and pull": owned by the caller; NULL: out of memory. */
char *gn_settings_list(const struct gn_setting_values *values);

/* "nodes 60 and 400 in A, 100 in B; period 1 s in A, 200 ms in B": every setting but the backend that has not one value in all
 * runs of both; empty if there is none. Owned by the caller; NULL: out of memory. */
char *gn_settings_unlike(const struct gn_settings *a, const struct gn_settings *b);

#endif
