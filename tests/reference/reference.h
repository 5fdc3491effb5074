/* SPDX-License-Identifier: MIT */
/*
 * A second opinion: the models of gossip as plain loops over arrays, one file each, written from their
 * definitions alone. Nothing of gossipnet is used here, not even its random numbers, so that an agreement between
 * these loops and the simulator is evidence. They know no network, no datagram and no protocol: they are only
 * good for what they model, and short enough to be checked against the definitions by reading.
 */
#ifndef REFERENCE_H
#define REFERENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* PCG64 (O'Neill 2014), XSL-RR, one stream. */
struct dice {
	unsigned __int128 state;
};

void dice_seed(struct dice *d, uint64_t seed);
uint64_t dice_roll(struct dice *d);
uint32_t dice_below(struct dice *d, uint32_t n);
/* Uniform in (0, 1]. */
double dice_unit(struct dice *d);
bool dice_chance(struct dice *d, double probability);
/* A node other than @self. */
uint32_t dice_other(struct dice *d, uint32_t n, uint32_t self);
double dice_exponential(struct dice *d);
uint32_t dice_poisson(struct dice *d, double mean);

enum { Q50, Q90, Q99, Q100, QUANTILES };

/* What may be asked for; each model takes what concerns it. The names are in options_set(). */
struct options {
	uint32_t n;
	uint32_t k;	      /* calls per node and round */
	double call_loss;     /* a call fails as a whole */
	double datagram_loss; /* the request is lost, or, if it arrived, the answer */
	double beta;	      /* exponent of the power law */
	bool redraw, push_only, pull_only;
	uint32_t cap;	      /* of the number of calls; 0: none */
	uint32_t counter_max; /* 0: the default */
	double c;	      /* of Haeupler and Malkhi */
	double degree;	      /* Chung-Lu's d */
	uint32_t edges;	      /* Barabasi-Albert's m */
	bool memory;
	double latency;	       /* one way, in periods */
	uint32_t forget_after; /* rounds in which a node knew; 0: never */
	double lose_interest;  /* each round, with this probability */
};

struct outcome {
	uint32_t counted;    /* nodes that T_q is of */
	double t[QUANTILES]; /* when ceil(q n) nodes were informed, in rounds; infinite: never */
	double x[QUANTILES]; /* the same, interpolated: when the curve crosses q n */
	double messages;     /* calls; median-counter: copies of the rumor */
};

/* The coverage curve, point by point. */
struct curve {
	double n, before, before_at;
	struct outcome *o;
};

void curve_begin(struct curve *c, struct outcome *o, uint32_t counted);
/* At time @t, @informed nodes know; ascending. */
void curve_add(struct curve *c, double t, uint32_t informed);

/* At the end of @round who spoke in it may fall silent. @since: the round in which a node learned + 1; 0: not yet. */
void forget(const struct options *o, struct dice *d, uint32_t round, const uint32_t *since, uint32_t *silent);

/* Memory or the end of the program; zeroed. */
void *need(size_t n, size_t size);

/* A multigraph: the neighbours of v are to[first[v]] .. to[first[v + 1] - 1]. */
struct graph {
	uint32_t n, *first, *to;
};

/* From 2 * @edges ends: edge i joins ends[2 i] and ends[2 i + 1]. */
void graph_make(struct graph *g, uint32_t n, const uint32_t *ends, uint64_t edges);
void graph_free(struct graph *g);
/* Marks the nodes of the largest component. Return: how many they are. */
uint32_t graph_giant(const struct graph *g, uint8_t *in_it);
/* Push-pull in rounds from @source, to a uniform neighbour; @memory: never the same one twice in a row. */
void graph_push_pull(const struct graph *g, struct dice *d, const struct options *o, uint32_t source,
		     uint32_t counted, struct outcome *ret);

typedef void model_fn(const struct options *o, struct dice *d, struct outcome *ret);

model_fn model_push, model_pull, model_push_pull, model_power_law, model_median_counter, model_chung_lu,
	model_barabasi_albert, model_haeupler_malkhi, model_periodic, model_poisson;

struct options options_default(uint32_t n);
/* @text: key=value. Return: false if there is no such key. */
bool options_set(struct options *o, const char *text);
/* Return: false if there is no such model. */
bool reference_run(const char *model, const struct options *o, uint64_t seed, struct outcome *ret);

#endif
