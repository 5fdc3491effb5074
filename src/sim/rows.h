/* SPDX-License-Identifier: MIT */
/* What a simulation writes into the store. Inside src/sim only. Nothing is written, and 0 returned, without a store. */
#ifndef GN_SIM_ROWS_H
#define GN_SIM_ROWS_H

#include "sim/simulation.h"

/* An event is published now at @s->in.self. */
void gn_sim_write_event(struct gn_simulation *s, uint32_t event);
/* @first: the first time at this member, in all its lives. */
void gn_sim_write_arrival(struct gn_simulation *s, const struct gn_delivery *d, bool first);
void gn_sim_write_call(struct gn_simulation *s, uint32_t round, uint32_t partner);

/* An event will not be published: its origin is dead. */
void gn_sim_write_unpublished(struct gn_simulation *s, uint32_t event);

/* An action is carried out now: on one of its nodes, or, GN_NONE, on the network. @note: what there is to say, or "". */
void gn_sim_write_action(struct gn_simulation *s, const struct gn_action *a, uint32_t node, const char *note);

/* The end: the totals in meta, the members' counters as node_stat. Return: 0 or the store's error. */
int gn_sim_write_totals(struct gn_simulation *s);

#endif
