/* SPDX-License-Identifier: MIT */
/* What a study keeps of a run, simulated or live. */
#ifndef GN_STUDY_OUTCOME_H
#define GN_STUDY_OUTCOME_H

#include "sim/sim.h"
#include "study/plan.h"
#include "study/schema.h"

enum { GN_STUDY_CURVE_MAX = 64, GN_STUDY_METRICS_MAX = 8 };

struct gn_study_outcome {
	char ended_by[16];
	uint32_t counted; /* members */
	gn_dur period;
	int64_t started; /* seconds since 1970 */
	gn_dur wall;	 /* this machine's time, ns */
	struct {
		char key[24];
		double value;
	} metrics[GN_STUDY_METRICS_MAX];
	uint32_t n_metrics;
	/* Of the first event that was published, numbered from 0: its curve, thinned. */
	uint32_t curve_event, n_curve;
	struct gn_sim_point curve[GN_STUDY_CURVE_MAX];
	/* By event and quantile: ns since it was published; negative: never; NAN throughout: it was not published. Owned,
	 * released with free(). */
	uint32_t n_events;
	double (*times)[GN_STUDY_N_QUANTILES];
};

/* Simulate a run. @ret: zeroed by the caller, its times are the caller's also after a failure. */
int gn_study_simulate(const struct gn_topology *t, struct gn_study_outcome *ret, struct gn_err *err);

/**
 * gn_study_emulate() - have this program run the topology live, in a process of its own, and read the result.
 * @folder: of the study, where the run's files are while it lasts.
 *
 * A run that its own check calls invalid is repeated, a few times.
 * Return: 0 or -Exxx with a sentence. @ret: as with gn_study_simulate().
 */
int gn_study_emulate(const struct gn_topology *t, const char *folder, struct gn_study_outcome *ret,
		     struct gn_err *err);

/* The parts that both share. */
void gn_study_outcome_begin(struct gn_study_outcome *o, const struct gn_topology *t);
void gn_study_add_metric(struct gn_study_outcome *o, const char *key, double value);
int gn_study_take_curves(struct gn_study_outcome *o, const struct gn_sim_curve *curves, uint32_t n,
			 struct gn_err *err);

#endif
