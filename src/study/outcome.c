/* SPDX-License-Identifier: MIT */
#include "study/outcome.h"

#include <math.h>
#include <stdio.h>

void gn_study_outcome_begin(struct gn_study_outcome *o, const struct gn_topology *t)
{
	o->counted = t->gossip.n_counted;
	o->period = t->gossip.period;
}

void gn_study_add_metric(struct gn_study_outcome *o, const char *key, double value)
{
	snprintf(o->metrics[o->n_metrics].key, sizeof(o->metrics[0].key), "%s", key);
	o->metrics[o->n_metrics++].value = value;
}

/* Points evenly spread over the counts, the first and the last among them. */
static void thin_curve(struct gn_study_outcome *o, const struct gn_sim_curve *c)
{
	size_t from = 0;

	o->curve_event = c->event;
	for (uint32_t i = 0; i < GN_STUDY_CURVE_MAX && from < c->n; i++) {
		uint64_t wanted =
			1 + (uint64_t)(c->points[c->n - 1].informed - 1) * i / (GN_STUDY_CURVE_MAX - 1);

		if (c->n > GN_STUDY_CURVE_MAX) {
			while (from < c->n - 1 && c->points[from].informed < wanted)
				from++;
		}
		o->curve[o->n_curve++] = c->points[from++];
	}
}

int gn_study_take_curves(struct gn_study_outcome *o, const struct gn_sim_curve *curves, uint32_t n,
			 struct gn_err *err)
{
	o->times = malloc(GN_MAX(n, 1u) * sizeof(*o->times));
	if (!o->times)
		return gn_fail(err, -ENOMEM, "out of memory");
	o->n_events = n;
	for (uint32_t i = 0; i < n; i++) {
		const struct gn_sim_curve *c = &curves[i];

		for (size_t q = 0; q < GN_STUDY_N_QUANTILES; q++)
			o->times[i][q] =
				c->n ? gn_sim_crossing(c, o->counted * (gn_study_quantiles[q] / 100.0)) : NAN;
		if (c->n && !o->n_curve)
			thin_curve(o, c);
	}
	return 0;
}
