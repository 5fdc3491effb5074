/* SPDX-License-Identifier: MIT */
/* The event loop of a node process: one protocol instance, one UDP socket, one clock. */
#ifndef GN_LIVE_LOOP_H
#define GN_LIVE_LOOP_H

#include "live/shared.h"
#include "topo/topology.h"

struct gn_loop;

struct gn_loop_config {
	const struct gn_topology *topology; /* all borrowed */
	uint32_t member, life;		    /* life: how many it had before */
	const struct gn_own *own;
	int socket;
	int stop_fd; /* the loop ends when this becomes readable */
};

/* Everything the loop will need is allocated here. Return: 0; -EINVAL: @err says what does not fit; -ENOMEM. */
int gn_loop_new(const struct gn_loop_config *config, struct gn_loop **ret, struct gn_err *err);
struct gn_loop *gn_loop_free(struct gn_loop *l);

static inline void gn_loop_free_p(struct gn_loop **l)
{
	gn_loop_free(*l);
}

/* Gossip from @start (CLOCK_MONOTONIC, may lie ahead) until told to stop. */
int gn_loop_run(struct gn_loop *l, gn_time start, struct gn_err *err);

#endif
