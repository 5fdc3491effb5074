/* SPDX-License-Identifier: MIT */
/* How far a run was from what was asked, figure by figure. */
#include <string.h>

#include "view/run.h"
#include "view/units.h"
#include "view/view.h"

/* A column as people read it; NULL: "-". */
static const char *figure(char out[GN_NUMBER_MAX], sqlite3_stmt *q, int column, const char *unit)
{
	const double value = sqlite3_column_double(q, column);

	if (sqlite3_column_type(q, column) == SQLITE_NULL)
		return "-";
	if (!strcmp(unit, "ns"))
		return gn_duration(out, (int64_t)value);
	if (!strcmp(unit, "share"))
		snprintf(out, GN_NUMBER_MAX, "%.4g %%", 100 * value);
	else
		snprintf(out, GN_NUMBER_MAX, "%.6g", value);
	return out;
}

static void print_figure(FILE *f, sqlite3_stmt *q)
{
	const char *unit = (const char *)sqlite3_column_text(q, 2);
	const char *verdict = (const char *)sqlite3_column_text(q, 5);
	const char *detail = (const char *)sqlite3_column_text(q, 6);
	char value[GN_NUMBER_MAX], suspect[GN_NUMBER_MAX], invalid[GN_NUMBER_MAX];

	fprintf(f, "%-22s  %10s  %10s  %10s  %-7s%s%s\n", (const char *)sqlite3_column_text(q, 0),
		figure(value, q, 1, unit), figure(suspect, q, 3, unit), figure(invalid, q, 4, unit),
		sqlite3_column_type(q, 1) == SQLITE_NULL ? "unknown" : verdict, detail ? "  " : "",
		detail ? detail : "");
}

int gn_fidelity_print(const char *path, FILE *f, char ret_verdict[16], struct gn_err *err)
{
	GN_CLEANUP(gn_db_close_p) sqlite3 *db = NULL;
	GN_CLEANUP(gn_query_done_p) sqlite3_stmt *q = NULL;
	char reason[1024];
	int step, r = gn_run_open(path, &db, err);

	if (!r)
		r = gn_run_query(
			db,
			"SELECT what, value, unit, threshold_suspect, threshold_invalid, verdict, detail"
			" FROM fidelity ORDER BY rowid",
			&q, err);
	if (r)
		return r;
	fprintf(f, "%-22s  %10s  %10s  %10s  %s\n", "figure", "value", "suspect >", "invalid >", "verdict");
	while ((step = sqlite3_step(q)) == SQLITE_ROW)
		print_figure(f, q);
	r = gn_run_end(db, step, err);
	if (r)
		return r;
	gn_run_meta(db, "verdict", ret_verdict, 16);
	gn_run_meta(db, "verdict_reason", reason, sizeof(reason));
	fprintf(f, "verdict: %s%s%s\n", *ret_verdict ? ret_verdict : "none", *reason ? ": " : "", reason);
	return ferror(f) ? gn_fail(err, -EIO, "cannot write the figures") : 0;
}
