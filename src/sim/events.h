/* SPDX-License-Identifier: MIT */
/* What faults.c asks of the engine in events.c. Inside src/sim only. */
#ifndef GN_SIM_EVENTS_H
#define GN_SIM_EVENTS_H

#include "sim/network.h"
#include "sim/simulation.h"

/* A datagram under way: owned by the engine until it has come to a member that is paused. */
struct gn_sim_datagram;

/* NULL: the network is ideal. */
struct gn_sim_network *gn_sim_events_network(struct gn_simulation *s);

/* Schedule an action of the topology. */
void gn_sim_events_schedule_action(struct gn_simulation *s, gn_time t, uint32_t action);

/* A datagram that waited for its member comes now; or it never will. */
void gn_sim_events_arrive(struct gn_simulation *s, struct gn_sim_datagram *d);
void gn_sim_events_drop(struct gn_simulation *s, struct gn_sim_datagram *d);

/* Run the member's timers that were due until now. */
void gn_sim_events_run_timers(struct gn_simulation *s, uint32_t member);

/* Run the member's timer, if it has one, as if it were due now. */
void gn_sim_events_run_timer_early(struct gn_simulation *s, uint32_t member);

/* The member has no timer any more. */
void gn_sim_events_stop(struct gn_simulation *s, uint32_t member);

#endif
