/* SPDX-License-Identifier: MIT */
/*
 * One sch_netem as a model: what it decides about a packet and when it sends it, as net/sched/sch_netem.c of Linux 6.1
 * to 6.18 does, with its integer arithmetic. Inside src/sim only.
 *
 * - Correlation (get_crandom): what is drawn is a mixture of 32 random bits and what was drawn last.
 * - Loss: random; Gilbert and Elliott's two states, or four states, which begin in the good one. What is decided by
 *   chance alone is exact: gn_rand_below(1000000) < ppm, where the kernel has 32 bits.
 * - Delay (tabledist): 32 bits modulo 2 * jitter, or modulo the table's size and then the table's value times the
 *   jitter, rounded. A delay below 0 is none.
 * - Rate and `order: kept`: a packet's time begins when its delay is over and the one before it is through.
 * - Limit: packets that wait or are delayed.
 */
#ifndef GN_SIM_NETEM_H
#define GN_SIM_NETEM_H

#include "topo/topology.h"
#include "util/rand.h"

/* What is drawn with a correlation: each has a memory of its own. */
enum gn_sim_draw {
	GN_SIM_DRAW_DUPLICATE,
	GN_SIM_DRAW_LOSS,
	GN_SIM_DRAW_CORRUPT,
	GN_SIM_DRAW_REORDER,
	GN_SIM_DRAW_DELAY,
	GN_SIM_DRAWS,
};

struct gn_sim_netem {
	struct gn_shape shape;
	uint32_t last[GN_SIM_DRAWS]; /* drawn; where there is a correlation */
	uint32_t delayed;	     /* packets since the last one that was sent before the others */
	uint8_t loss_state;	     /* 1 .. 4, as the kernel numbers them */
	/* When the packets in it will be sent, ascending. A ring. */
	gn_time *sent;
	uint32_t first, n, cap; /* cap: a power of two */
};

/* A netem begins as all zeros. */
void gn_sim_netem_done(struct gn_sim_netem *e);

/* Other values (netem_change): the models begin anew, what is queued stays as it is. */
void gn_sim_netem_set(struct gn_sim_netem *e, const struct gn_shape *s, struct gn_rand *r);

/* The decisions about a packet, in the order in which the kernel takes them. */
bool gn_sim_netem_duplicates(struct gn_sim_netem *e, struct gn_rand *r);
bool gn_sim_netem_loses(struct gn_sim_netem *e, struct gn_rand *r);
bool gn_sim_netem_corrupts(struct gn_sim_netem *e, struct gn_rand *r);
bool gn_sim_netem_is_full(struct gn_sim_netem *e, gn_time now);

/**
 * gn_sim_netem_enqueue() - a packet that is neither lost nor dropped.
 * @size: of its frame, bytes.
 * @now: of calls one after the other never goes back.
 * @ret: when it is sent, not before @now.
 *
 * Return: 0; -ENOMEM.
 */
int gn_sim_netem_enqueue(struct gn_sim_netem *e, struct gn_rand *r, uint32_t size, gn_time now, gn_time *ret);

/* A delay of that shape without correlation, ns; not below 0. */
gn_dur gn_sim_netem_delay(const struct gn_shape *s, struct gn_rand *r);

#endif
