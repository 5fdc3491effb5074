/* SPDX-License-Identifier: MIT */
#include "reference.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double quantile[QUANTILES] = { .5, .9, .99, 1 };

void *need(size_t n, size_t size)
{
	void *p = calloc(n ? n : 1, size);

	if (!p) {
		fprintf(stderr, "out of memory\n");
		exit(1);
	}
	return p;
}

void curve_begin(struct curve *c, struct outcome *o, uint32_t counted)
{
	*c = (struct curve){ .n = counted, .o = o };
	*o = (struct outcome){ .counted = counted };
	for (int q = 0; q < QUANTILES; q++)
		o->t[q] = o->x[q] = INFINITY;
	curve_add(c, 0, 1);
}

void curve_add(struct curve *c, double t, uint32_t informed)
{
	for (int q = 0; q < QUANTILES; q++) {
		double level = quantile[q] * c->n;

		if (isinf(c->o->t[q]) && informed >= ceil(level - 1e-9))
			c->o->t[q] = t;
		if (isinf(c->o->x[q]) && informed >= level - 1e-9) {
			double part = (level - c->before) / (informed - c->before);

			c->o->x[q] = part > 0 ? c->before_at + part * (t - c->before_at) : 0;
		}
	}
	c->before = informed;
	c->before_at = t;
}

void forget(const struct options *o, struct dice *d, uint32_t round, const uint32_t *since, uint32_t *silent)
{
	for (uint32_t u = 0; u < o->n; u++) {
		const bool spoke = since[u] && since[u] <= round && !silent[u];

		if (spoke && ((o->forget_after && round + 1 - since[u] == o->forget_after) ||
			      dice_chance(d, o->lose_interest)))
			silent[u] = 1;
	}
}

struct options options_default(uint32_t n)
{
	return (struct options){
		.n = n,
		.k = 1,
		.beta = 2.5,
		.c = 1.5,
		.degree = 3,
		.edges = 2,
	};
}

bool options_set(struct options *o, const char *text)
{
	const char *equals = strchr(text, '=');
	double value = equals ? atof(equals + 1) : 0;
	const struct {
		const char *name;
		uint32_t *whole;
		double *decimal;
		bool *yes;
	} keys[] = {
		{ "k", &o->k, NULL, NULL },
		{ "loss", NULL, &o->call_loss, NULL },
		{ "datagram_loss", NULL, &o->datagram_loss, NULL },
		{ "beta", NULL, &o->beta, NULL },
		{ "redraw", NULL, NULL, &o->redraw },
		{ "push_only", NULL, NULL, &o->push_only },
		{ "pull_only", NULL, NULL, &o->pull_only },
		{ "cap", &o->cap, NULL, NULL },
		{ "counter_max", &o->counter_max, NULL, NULL },
		{ "c", NULL, &o->c, NULL },
		{ "degree", NULL, &o->degree, NULL },
		{ "edges", &o->edges, NULL, NULL },
		{ "memory", NULL, NULL, &o->memory },
		{ "latency", NULL, &o->latency, NULL },
		{ "forget_after", &o->forget_after, NULL, NULL },
		{ "lose_interest", NULL, &o->lose_interest, NULL },
	};

	for (size_t i = 0; equals && i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (strlen(keys[i].name) != (size_t)(equals - text) ||
		    strncmp(keys[i].name, text, (size_t)(equals - text)) != 0)
			continue;
		if (keys[i].whole)
			*keys[i].whole = (uint32_t)value;
		else if (keys[i].decimal)
			*keys[i].decimal = value;
		else
			*keys[i].yes = value != 0;
		return true;
	}
	return false;
}

bool reference_run(const char *model, const struct options *o, uint64_t seed, struct outcome *ret)
{
	static const struct {
		const char *name;
		model_fn *run;
	} models[] = {
		{ "push", model_push },
		{ "pull", model_pull },
		{ "push-pull", model_push_pull },
		{ "power-law", model_power_law },
		{ "median-counter", model_median_counter },
		{ "chung-lu", model_chung_lu },
		{ "barabasi-albert", model_barabasi_albert },
		{ "haeupler-malkhi", model_haeupler_malkhi },
		{ "periodic", model_periodic },
		{ "poisson", model_poisson },
	};

	for (size_t i = 0; i < sizeof(models) / sizeof(models[0]); i++) {
		if (strcmp(models[i].name, model) == 0) {
			struct dice d;

			dice_seed(&d, seed);
			models[i].run(o, &d, ret);
			return true;
		}
	}
	return false;
}
