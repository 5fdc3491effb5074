/* SPDX-License-Identifier: MIT */
#include "view/curves.h"

#include <stdlib.h>
#include <string.h>

#include "view/run.h"

void gn_curves_done(struct gn_curves *c)
{
	for (size_t i = 0; i < c->n; i++) {
		free(c->curves[i].label);
		free(c->curves[i].points);
	}
	free(c->curves);
	*c = (struct gn_curves){ 0 };
}

/* @end: of the run's observation. */
static int add_event(struct gn_curves *c, sqlite3_stmt *q, int64_t end)
{
	if (gn_grow(&c->curves, c->n, &c->cap, sizeof(*c->curves)))
		return -ENOMEM;
	struct gn_curve *curve = &c->curves[c->n++];
	const char *label = (const char *)sqlite3_column_text(q, 1);

	*curve = (struct gn_curve){
		.event = sqlite3_column_int64(q, 0),
		.label = gn_strdup(label),
		.observed = GN_MAX(end - sqlite3_column_int64(q, 2), 0),
	};
	return label && !curve->label ? -ENOMEM : 0;
}

static int load_events(sqlite3 *db, struct gn_curves *c, struct gn_err *err)
{
	GN_CLEANUP(gn_query_done_p) sqlite3_stmt *q = NULL;
	int64_t end = 0;
	int step, r = gn_run_observed(db, &end, err);

	if (!r)
		r = gn_run_query(db, "SELECT id, nullif(label, ''), t_ns FROM event ORDER BY id", &q, err);
	if (r)
		return r;
	while ((step = sqlite3_step(q)) == SQLITE_ROW)
		if (add_event(c, q, end))
			return gn_fail(err, -ENOMEM, "out of memory");
	return gn_run_end(db, step, err);
}

static int load_members(sqlite3 *db, struct gn_curves *c, struct gn_err *err)
{
	GN_CLEANUP(gn_query_done_p) sqlite3_stmt *q = NULL;
	/* The key is newer than the table. */
	int r = gn_run_query(db,
			     "SELECT coalesce((SELECT value FROM meta WHERE key = 'counted'),"
			     " (SELECT count(member) FROM node))",
			     &q, err);

	if (r)
		return r;
	int step = sqlite3_step(q);

	if (step != SQLITE_ROW)
		return gn_run_end(db, step, err);
	c->members = sqlite3_column_int64(q, 0);
	return 0;
}

static int add_point(struct gn_curves *c, struct gn_curve *curve, int64_t informed, int64_t t)
{
	if (gn_grow(&curve->points, curve->n, &curve->cap, sizeof(*curve->points)))
		return -ENOMEM;
	curve->points[curve->n++] = (struct gn_curve_point){ .t = GN_MAX(t, 0), .informed = informed };
	c->last = GN_MAX(c->last, t);
	c->complete += informed == c->members;
	/* A last datagram may come while the run is being ended. */
	curve->observed = informed == c->members ? INT64_MAX : GN_MAX(curve->observed, t);
	return 0;
}

static int load_points(sqlite3 *db, struct gn_curves *c, struct gn_err *err)
{
	GN_CLEANUP(gn_query_done_p) sqlite3_stmt *q = NULL;
	int step, r = gn_run_query(db, "SELECT event, informed, t_ns FROM coverage ORDER BY event, informed",
				   &q, err);
	size_t i = 0;

	if (r)
		return r;
	while ((step = sqlite3_step(q)) == SQLITE_ROW) {
		int64_t event = sqlite3_column_int64(q, 0);

		while (i < c->n && c->curves[i].event < event) /* both are in order of the event */
			i++;
		if (i < c->n && c->curves[i].event == event &&
		    add_point(c, &c->curves[i], sqlite3_column_int64(q, 1), sqlite3_column_int64(q, 2)))
			return gn_fail(err, -ENOMEM, "out of memory");
	}
	return gn_run_end(db, step, err);
}

static int anything_to_draw(const struct gn_curves *c, struct gn_err *err)
{
	if (!c->n)
		return gn_fail(err, -ENODATA, "nothing to draw: no event was published in this run");
	for (size_t i = 0; i < c->n; i++)
		if (c->curves[i].n)
			return 0;
	return gn_fail(err, -ENODATA, "nothing to draw: no event arrived at any node in this run");
}

int gn_curves_load(sqlite3 *db, struct gn_curves *c, struct gn_err *err)
{
	/* One transaction, so that a run that is still going on gives events and arrivals of one moment. */
	sqlite3_exec(db, "BEGIN", NULL, NULL, NULL);
	int r = load_members(db, c, err);

	if (!r)
		r = load_events(db, c, err);
	if (!r)
		r = load_points(db, c, err);
	sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	return r ? r : anything_to_draw(c, err);
}

int64_t gn_curve_informed(const struct gn_curve *c)
{
	return c->n ? c->points[c->n - 1].informed : 0;
}

int64_t gn_curve_at(const struct gn_curve *c, int64_t t)
{
	size_t low = 0, high = c->n; /* points[low - 1].t <= t < points[high].t */

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (c->points[middle].t <= t)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? c->points[low - 1].informed : 0;
}

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* The place of a quantile among @n values in order: the ceil(percent * n / 100)-th, from 0. */
static size_t rank(size_t n, unsigned percent)
{
	size_t k = (n * percent + 99) / 100;

	return k ? k - 1 : 0;
}

int64_t gn_half_observed(int64_t *observed, size_t n)
{
	qsort(observed, n, sizeof(*observed), compare);
	return observed[n / 2];
}

int64_t gn_curves_half_observed(const struct gn_curves *c, int64_t *scratch)
{
	for (size_t i = 0; i < c->n; i++)
		scratch[i] = c->curves[i].observed;
	return gn_half_observed(scratch, c->n);
}

int64_t gn_curves_quantile(const struct gn_curves *c, int64_t t, unsigned percent, int64_t *scratch)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n; i++)
		if (c->curves[i].observed >= t)
			scratch[n++] = gn_curve_at(&c->curves[i], t);
	qsort(scratch, n, sizeof(*scratch), compare);
	return scratch[rank(n, percent)];
}

int64_t gn_curve_complete(const struct gn_curves *all, const struct gn_curve *c)
{
	size_t first = c->n; /* from here on all members know */

	while (first && c->points[first - 1].informed >= all->members)
		first--;
	return first < c->n ? c->points[first].t : INT64_MAX;
}

int64_t gn_curves_median_complete(const struct gn_curves *c, int64_t *scratch)
{
	int64_t low = -1, high = GN_MIN(gn_curves_half_observed(c, scratch), c->last);

	if (gn_curves_quantile(c, high, 50, scratch) < c->members)
		return INT64_MAX;
	/* Events become complete, and others are observed no more: once at the top, the median stays there. */
	while (high - low > 1) {
		int64_t middle = low + (high - low) / 2;

		if (gn_curves_quantile(c, middle, 50, scratch) < c->members)
			low = middle;
		else
			high = middle;
	}
	return high;
}
