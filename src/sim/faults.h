/* SPDX-License-Identifier: MIT */
/*
 * What is done to the network and the members while they run: the topology's actions, and what follows from them. Inside
 * src/sim only; a simulation has them if its topology has actions, and then its engine is events.c.
 *
 * With the clock of rounds an action takes effect at the start of the first round at or after its time.
 */
#ifndef GN_SIM_FAULTS_H
#define GN_SIM_FAULTS_H

#include "sim/events.h"

/* Make s->faults, and schedule all actions. Return: 0; -ENOMEM. */
int gn_sim_faults_init(struct gn_simulation *s);
void gn_sim_faults_done(struct gn_simulation *s);

/* Carry out an action, now. */
void gn_sim_faults_act(struct gn_simulation *s, uint32_t action);

/* Does a partition keep what @from sends from @to? Members. It is counted. */
bool gn_sim_faults_part(struct gn_simulation *s, uint32_t from, uint32_t to);

/* What becomes of a datagram that has come to a member. */
enum gn_sim_admission {
	GN_SIM_TAKEN,	/* it is the protocol's */
	GN_SIM_IGNORED, /* the member was told to */
	GN_SIM_WAITS,	/* the member is paused: @d comes again, by gn_sim_events_arrive(), or is dropped */
	GN_SIM_LOST,	/* the member is gone */
};
enum gn_sim_admission gn_sim_faults_admit(struct gn_simulation *s, uint32_t member,
					  struct gn_sim_datagram *d);

/* Do the member's timers run? */
bool gn_sim_faults_runs(const struct gn_simulation *s, uint32_t member);

/* It is time for an event. Return: false: not now, its origin is paused, or never, it is gone. */
bool gn_sim_faults_publish(struct gn_simulation *s, uint32_t event);
bool gn_sim_faults_is_published(const struct gn_simulation *s, uint32_t event);

/* The member s->in.self, which did not know the event in its present life, knows it now. Return: whether it never did
 * before, in an earlier life either. */
bool gn_sim_faults_learn(struct gn_simulation *s, uint32_t event);

#endif
