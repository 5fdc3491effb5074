/* SPDX-License-Identifier: MIT */
/* What goes together in a shape, and what follows from it. */
#ifndef GN_TOPO_SHAPE_H
#define GN_TOPO_SHAPE_H

#include "topo/topology.h"

/* Told what does not go together: @field is to blame, @sentence borrowed for the call. */
typedef void gn_shape_says(void *context, enum gn_shape_field field, const char *sentence);

/**
 * gn_shape_check() - do the values of a shape go together?
 * @written: enum gn_shape_field, those that somebody gave. One that means nothing without another (a distribution
 *	without a jitter) is wrong if it was given and the other was not.
 */
void gn_shape_check(const struct gn_shape *s, uint32_t written, gn_shape_says *says, void *context);

/* Compute the queue limit unless it was given. The shape must be free of faults. */
void gn_shape_set_limit(struct gn_shape *s);

/**
 * gn_shape_apply() - give a shape other values.
 * @values: only what @fields (enum gn_shape_field) names counts. GN_SHAPE_LIMIT without limit_given: computed again.
 *
 * Return: 0; -EINVAL if they do not go together: @err says why, @s is as before.
 */
int gn_shape_apply(struct gn_shape *s, const struct gn_shape *values, uint32_t fields, struct gn_err *err);

/**
 * gn_shape_mean_loss() - the share of packets that a shape loses in the long run, 0 .. 1: exact for the models of bursts
 * and for losses on their own; with a correlation, which makes netem lose another share than loss_ppm, within about
 * 0.001 of what it loses. Neither corruption nor a full queue is in it, nor that copies of duplicates come.
 */
double gn_shape_mean_loss(const struct gn_shape *s);

#endif
