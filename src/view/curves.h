/* SPDX-License-Identifier: MIT */
/* Coverage over time, read from a run's file. */
#ifndef GN_VIEW_CURVES_H
#define GN_VIEW_CURVES_H

#include <sqlite3.h>

#include "util/err.h"

/* From @t on, ns since the event was published, so many nodes knew it. */
struct gn_curve_point {
	int64_t t, informed;
};

/* How an event spread: a point for each node that came to know it, or, of a run that stored curves, fewer. */
struct gn_curve {
	int64_t event;
	char *label;		       /* as given, or NULL */
	struct gn_curve_point *points; /* both ascending */
	size_t n, cap;
	/* So long after its publication, ns, is known who knew it: until the run's end. INT64_MAX: for ever, as all
	 * members know it. */
	int64_t observed;
};

struct gn_curves {
	struct gn_curve *curves;
	size_t n, cap;
	int64_t members; /* nodes that can know an event, as far as they count */
	int64_t last;	 /* the latest of all times, ns */
	size_t complete; /* events that all members know */
};

/**
 * gn_curves_load() - read every event's curve.
 * @ret: initialised by the caller to zeros; gn_curves_done() releases it, also after a failure.
 *
 * Return: 0; -ENODATA: no event was published or none arrived anywhere; or another -Exxx.
 */
int gn_curves_load(sqlite3 *db, struct gn_curves *ret, struct gn_err *err);
void gn_curves_done(struct gn_curves *c);

/* How many nodes knew the event @t after it was published, and in the end. */
int64_t gn_curve_at(const struct gn_curve *c, int64_t t);
int64_t gn_curve_informed(const struct gn_curve *c);

/* Of @n > 0 events, until when at least half were observed; sorts @observed. A median of them means nothing later. */
int64_t gn_half_observed(int64_t *observed, size_t n);

/* The same of these events. @scratch has room for one number per event. */
int64_t gn_curves_half_observed(const struct gn_curves *c, int64_t *scratch);

/* The @percent-quantile over the events that were observed until @t, of which there has to be one, of how many nodes knew
 * at @t (nearest rank). @scratch as above. */
int64_t gn_curves_quantile(const struct gn_curves *c, int64_t t, unsigned percent, int64_t *scratch);

/* When all members knew the event; INT64_MAX: never. */
int64_t gn_curve_complete(const struct gn_curves *all, const struct gn_curve *c);

/* When the median curve reaches all members; INT64_MAX: not as long as half of the events were observed. @scratch as above. */
int64_t gn_curves_median_complete(const struct gn_curves *c, int64_t *scratch);

#endif
