/* SPDX-License-Identifier: MIT */
#ifndef GN_STUDY_ORDER_H
#define GN_STUDY_ORDER_H

#include "study/plan.h"

/* Runs that are still to be made, in the order in which to begin them. */
struct gn_study_order {
	uint32_t *runs; /* owned, released with free(); simulated ones first, then live ones */
	uint32_t n, n_simulated;
};

/**
 * gn_study_order_runs() - put what is to be done into order.
 * @has: by run: not to be done again.
 * @workers: how many simulated runs go on at once.
 *
 * The order is random, so that nothing that changes in the course of the study looks like an effect of a setting. It
 * depends on the study's seed alone. But of the last runs, as many as the longest one takes on every worker, the
 * longest begin first: else the study would often end with one worker busy.
 *
 * Return: 0 or -ENOMEM.
 */
int gn_study_order_runs(const struct gn_study_plan *p, const uint8_t *has, uint32_t workers,
			struct gn_study_order *ret);

/* How much work a run is, in members: what it costs grows with these, and a little is needed anyway. */
uint64_t gn_study_work_of(const struct gn_study_plan *p, uint32_t run);

#endif
