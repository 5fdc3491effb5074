/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <time.h>

#include "study/outcome.h"

static const char *const endings[] = {
	[GN_SIM_DURATION] = "duration",
	[GN_SIM_INFORMED] = "informed",
	[GN_SIM_STOPPED] = "interrupt",
};

static int take_result(const struct gn_topology *t, const struct gn_sim_result *s,
		       struct gn_study_outcome *ret, struct gn_err *err)
{
	double members = t->gossip.n_members;

	snprintf(ret->ended_by, sizeof(ret->ended_by), "%s", endings[s->ending]);
	gn_study_add_metric(ret, "datagrams_per_node", (double)s->datagrams / members);
	gn_study_add_metric(ret, "bytes_per_node", (double)s->bytes / members);
	gn_study_add_metric(ret, "largest_fan_out", s->largest_fan_out);
	gn_study_add_metric(ret, "largest_in_degree", s->largest_in_degree);
	gn_study_add_metric(ret, "ended_ns", (double)s->ended);
	return gn_study_take_curves(ret, s->curves, s->n_curves, err);
}

int gn_study_simulate(const struct gn_topology *t, struct gn_study_outcome *ret, struct gn_err *err)
{
	const struct gn_sim_options o = { .topology = t };
	struct gn_sim_result s = { 0 };
	gn_time start = gn_now();

	gn_study_outcome_begin(ret, t);
	ret->started = time(NULL);
	int r = gn_sim_run(&o, &s, err);

	if (!r)
		r = take_result(t, &s, ret, err);
	gn_sim_result_done(&s);
	ret->wall = gn_now() - start;
	return r;
}
