/* SPDX-License-Identifier: MIT */
/* Ideal networks with one event, made by hand, for the tests of src/sim. */
#ifndef GN_TEST_SIM_SETTING_H
#define GN_TEST_SIM_SETTING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "proto/proto.h"
#include "sim/sim.h"

#define EVENTS_MAX 8

struct setting {
	struct gn_topology t;
	struct gn_group group;
	struct gn_event_plan events[EVENTS_MAX];
};

/* @s must stay where it is. One event at time 0 from member 0; until all know it. */
static inline void make_setting(struct setting *s, const struct gn_protocol *p, uint32_t members,
				enum gn_clock clock)
{
	memset(s, 0, sizeof(*s));
	s->group = (struct gn_group){ .name = "n", .kind = GN_HOST, .count = members };
	for (int i = 0; i < EVENTS_MAX; i++)
		s->events[i].label = "";
	s->t = (struct gn_topology){
		.name = "setting",
		.seed = 1,
		.duration = 1000 * GN_SEC,
		.until_informed = true,
		.log = GN_RECORDS_COVERAGE,
		.ideal = true,
		.groups = &s->group,
		.n_groups = 1,
		.n_nodes = members,
		.gossip = {
			.protocol = p,
			.clock = clock,
			.fanout = 1,
			.period = GN_SEC,
			.n_members = members,
			.n_counted = members,
		},
		.events = s->events,
		.n_events = 1,
	};
}

static inline void simulate(const struct setting *s, struct gn_sim_result *r)
{
	const struct gn_sim_options o = { .topology = &s->t };
	struct gn_err err = { "" };

	memset(r, 0, sizeof(*r));
	if (gn_sim_run(&o, r, &err))
		fail_msg("%s", err.text);
}

#endif
