/* SPDX-License-Identifier: MIT */
/* What was made both live and in the simulator: are their runs of one distribution? */
#include "study/analysis.h"

#include <math.h>
#include <stdio.h>

#include "study/schema.h"
#include "study/statistics.h"
#include "view/run.h"

/* One number of members of a series that has both backends. */
struct size {
	int64_t live, simulated; /* series */
	int64_t n;
};

/* What is compared: a number of each run, NULL if it never came; ?1 is the series, ?2 the members, ?3 the quantile. */
struct quantity {
	char name[16];
	const char *values;
	int quantile;
};

static const char times[] =
	"SELECT CASE WHEN count(x.rounds) = count(*) THEN avg(x.rounds) END AS value"
	" FROM point AS p JOIN run AS r ON r.point = p.id JOIN result AS x ON x.run = r.id"
	" WHERE p.series = ?1 AND p.n = ?2 AND x.quantile = ?3 GROUP BY r.id ORDER BY value NULLS LAST";

/* In a round, as a live run goes on for the moment that it takes to learn that all know. */
static const char datagrams[] =
	"SELECT d.value * r.period_ns / e.value AS value FROM point AS p JOIN run AS r ON r.point = p.id"
	" JOIN metric AS d ON d.run = r.id AND d.key = 'datagrams_per_node'"
	" JOIN metric AS e ON e.run = r.id AND e.key = 'ended_ns'"
	" WHERE p.series = ?1 AND p.n = ?2 AND e.value > 0 ORDER BY value";

struct sample {
	double *values; /* ascending */
	size_t n, cap;
};

static void sample_done(struct sample *s)
{
	free(s->values);
}

static int load(sqlite3 *db, const struct quantity *what, int64_t series, int64_t n, struct sample *ret,
		struct gn_err *err)
{
	GN_CLEANUP(gn_query_done_p) sqlite3_stmt *q = NULL;
	int step, r = gn_run_query(db, what->values, &q, err);

	if (r)
		return r;
	sqlite3_bind_int64(q, 1, series);
	sqlite3_bind_int64(q, 2, n);
	if (what->quantile)
		sqlite3_bind_int(q, 3, what->quantile);
	while ((step = sqlite3_step(q)) == SQLITE_ROW) {
		if (gn_grow(&ret->values, ret->n, &ret->cap, sizeof(*ret->values)))
			return gn_fail(err, -ENOMEM, "out of memory");
		ret->values[ret->n++] =
			sqlite3_column_type(q, 0) == SQLITE_NULL ? INFINITY : sqlite3_column_double(q, 0);
	}
	return gn_run_end(db, step, err);
}

/* NAN, which is NULL in a table: some never came. */
static double mean_of(const struct sample *s)
{
	const double mean = gn_mean(s->values, s->n).mean;

	return isfinite(mean) ? mean : NAN;
}

static int compare(sqlite3 *db, const struct size *size, const struct quantity *what, struct gn_err *err)
{
	GN_CLEANUP(sample_done) struct sample live = { .n = 0 };
	GN_CLEANUP(sample_done) struct sample simulated = { .n = 0 };
	struct gn_ks ks;
	int r = load(db, what, size->live, size->n, &live, err);

	if (!r)
		r = load(db, what, size->simulated, size->n, &simulated, err);
	if (r || !live.n || !simulated.n)
		return r;
	if (gn_ks_test(live.values, live.n, simulated.values, simulated.n, &ks))
		return gn_fail(err, -ENOMEM, "out of memory");
	return gn_study_insert(db, err, "INSERT INTO agreement VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
			       "iisiiidddds", size->live, size->n, what->name, size->simulated,
			       (int64_t)live.n, (int64_t)simulated.n, mean_of(&live), mean_of(&simulated),
			       ks.d, ks.p, gn_ks_verdict(ks.p, live.n, simulated.n));
}

static int compare_size(sqlite3 *db, const struct size *size, struct gn_err *err)
{
	struct quantity what = { .values = times };
	int r = 0;

	for (int i = 0; i < GN_STUDY_N_QUANTILES && !r; i++) {
		what.quantile = gn_study_quantiles[i];
		snprintf(what.name, sizeof(what.name), "T%d", what.quantile);
		r = compare(db, size, &what, err);
	}
	const struct quantity sent = { .name = "datagrams", .values = datagrams };

	return r ? r : compare(db, size, &sent, err);
}

/* Two series may have one label, and two points of a series one number of members. */
int gn_study_agree(sqlite3 *db, struct gn_err *err)
{
	GN_CLEANUP(gn_query_done_p) sqlite3_stmt *q = NULL;
	int step = SQLITE_DONE,
	    r = gn_run_query(
		    db,
		    "WITH place AS (SELECT id, backend, label, row_number() OVER (PARTITION BY backend,"
		    " label ORDER BY id) AS number FROM series)"
		    " SELECT DISTINCT l.id, s.id, p.n FROM place AS l JOIN place AS s USING (label, number)"
		    " JOIN point AS p ON p.series = l.id"
		    " WHERE l.backend = 'live' AND s.backend = 'sim' ORDER BY l.id, p.n",
		    &q, err);

	while (!r && (step = sqlite3_step(q)) == SQLITE_ROW) {
		const struct size size = { .live = sqlite3_column_int64(q, 0),
					   .simulated = sqlite3_column_int64(q, 1),
					   .n = sqlite3_column_int64(q, 2) };

		r = compare_size(db, &size, err);
	}
	return r ? r : gn_run_end(db, step, err);
}
