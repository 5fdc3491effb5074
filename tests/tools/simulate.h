/* SPDX-License-Identifier: MIT */
/* Simulate a topology file once and read its curves, for tools and tests that need thousands of runs. */
#ifndef GN_TESTS_SIMULATE_H
#define GN_TESTS_SIMULATE_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "plugin/plugin.h"
#include "proto/proto.h"
#include "sim/sim.h"
#include "topo/load.h"
#include "util/util.h"

struct simulated {
	struct gn_topology *topology;
	struct gn_sim_result result;
};

/* Ends the program with a sentence if that cannot be done. Release with simulate_done(). */
static inline void simulate(struct simulated *s, const char *file, const char *const *sets, size_t n_sets,
			    uint64_t seed)
{
	const struct gn_load_options load = {
		.file = file,
		.sets = sets,
		.n_sets = n_sets,
		.seed = &seed,
		.find_protocol = gn_plugin_find,
		.protocol_at = gn_protocol_at,
	};
	struct gn_faults faults = { 0 };
	struct gn_err err = { "no memory" };

	*s = (struct simulated){ 0 };
	if (gn_topology_load(&load, &s->topology, &faults)) {
		for (size_t i = 0; i < faults.n; i++)
			fprintf(stderr, "%s\n", faults.lines[i]);
		exit(1);
	}
	const struct gn_sim_options o = { .topology = s->topology };

	if (gn_sim_run(&o, &s->result, &err)) {
		fprintf(stderr, "%s: seed %llu: %s\n", file, (unsigned long long)seed, err.text);
		exit(1);
	}
}

static inline void simulate_done(struct simulated *s)
{
	gn_sim_result_done(&s->result);
	gn_topology_free(s->topology);
}

/* When ceil(q n) members knew the event, in periods; infinite: never. */
static inline double simulate_first(const struct simulated *s, uint32_t event, double q)
{
	const struct gn_sim_curve *c = &s->result.curves[event];
	const double level = ceil(q * s->result.counted - 1e-9);

	for (size_t i = 0; i < c->n; i++) {
		if (c->points[i].informed >= level)
			return (double)c->points[i].t / (double)s->topology->gossip.period;
	}
	return INFINITY;
}

/* When the curve crosses q n, between its points, in periods. */
static inline double simulate_crossing(const struct simulated *s, uint32_t event, double q)
{
	const struct gn_sim_curve *c = &s->result.curves[event];
	double t = c->n ? gn_sim_crossing(c, fmax(1, q * s->result.counted)) : -1;

	return t < 0 ? INFINITY : t / (double)s->topology->gossip.period;
}

#endif
