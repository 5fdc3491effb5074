/* SPDX-License-Identifier: MIT */
/* The schedule of faults and changes, carried out on a running network. */
#ifndef GN_CMD_CONDUCT_H
#define GN_CMD_CONDUCT_H

#include "cmd/cgroups.h"
#include "cmd/collector.h"
#include "cmd/nodes.h"
#include "topo/load.h"

struct gn_conduct;

struct gn_conduct_options {
	const struct gn_topology *topology; /* all borrowed */
	struct gn_network *network;
	struct gn_nodes *nodes;
	struct gn_cgroups *cgroups;
	struct gn_collector *collector;
	struct gn_store *store;
	gn_time start; /* the run's zero, CLOCK_MONOTONIC */
};

int gn_conduct_new(const struct gn_conduct_options *o, struct gn_conduct **ret, struct gn_err *err);
struct gn_conduct *gn_conduct_free(struct gn_conduct *c);

/* When the next action is due, CLOCK_MONOTONIC; GN_NEVER: there is none. */
gn_time gn_conduct_next(const struct gn_conduct *c);

/**
 * gn_conduct_due() - carry out what is due, each with its row in the table action, and note events that are not published as
 * their origin is dead. Values that do not go together with what was set by hand have no effect, and their row says so.
 *
 * Return: 0; -Exxx: an action could not be carried out, or not be written down: @err says which and why.
 */
int gn_conduct_due(struct gn_conduct *c, struct gn_err *err);

/* Get ready what is to come and takes time, as long as there is room before the next action. */
int gn_conduct_prepare(struct gn_conduct *c, struct gn_err *err);

/* The run is over, and the rings are empty: write down what there is left to say. */
int gn_conduct_end(struct gn_conduct *c, struct gn_err *err);

/* What is in force in a direction (2 * link + which). */
const struct gn_shape *gn_conduct_shape(const struct gn_conduct *c, uint32_t direction);

/**
 * gn_conduct_by_hand() - carry out an entry of a schedule now, and put what comes of it later (`for:`) into the schedule.
 * @text: as for gn_topology_act().
 * @ret_t: when it took effect, ns after the run's start.
 *
 * Return: 0; -EINVAL: @text is wrong, or its values do not go together with those in force: nothing was done; -Exxx: it
 * could not be carried out. The run goes on.
 */
int gn_conduct_by_hand(struct gn_conduct *c, const char *text, int64_t *ret_t, struct gn_err *err);

#endif
