/* SPDX-License-Identifier: MIT */
/* Push-pull, each node at phase + 0, 1, 2, ..., with a one-way latency for each datagram. */
#include "reference.h"

#include <math.h>
#include <stdlib.h>

/* A datagram under way; both queues are in the order of sending and so, with one latency for all, of arrival. */
struct flight {
	double at;
	uint32_t from, to;
	bool copy;
};

struct queue {
	struct flight *ring;
	uint32_t cap, first, n;
};

struct run {
	const struct options *o;
	struct dice *d;
	struct queue requests, answers;
	uint8_t *knows;
	uint32_t informed;
	struct curve curve;
};

static void put(struct queue *q, double at, uint32_t from, uint32_t to, bool copy)
{
	q->ring[(q->first + q->n++) % q->cap] = (struct flight){ at, from, to, copy };
}

static struct flight take(struct queue *q)
{
	struct flight f = q->ring[q->first];

	q->first = (q->first + 1) % q->cap;
	q->n--;
	return f;
}

static double next_of(const struct queue *q)
{
	return q->n ? q->ring[q->first].at : INFINITY;
}

static void learn(struct run *r, double t, uint32_t v)
{
	if (r->knows[v])
		return;
	r->knows[v] = 1;
	curve_add(&r->curve, t, ++r->informed);
}

/* What flies that arrives before @until. */
static void fly(struct run *r, double until)
{
	for (;;) {
		double request = next_of(&r->requests), answer = next_of(&r->answers);

		if (request >= until && answer >= until)
			return;
		struct flight f = take(request <= answer ? &r->requests : &r->answers);

		/* The answer rests on what was known when the request came, without it. */
		if (request <= answer && !dice_chance(r->d, r->o->datagram_loss))
			put(&r->answers, f.at + r->o->latency, f.to, f.from, r->knows[f.to]);
		if (f.copy)
			learn(r, f.at, f.to);
	}
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

void model_periodic(const struct options *o, struct dice *d, struct outcome *ret)
{
	struct run r = { .o = o, .d = d, .informed = 1, .knows = need(o->n, 1) };
	double *phase = need(o->n, sizeof(*phase));
	uint64_t calls = 0;

	r.requests.cap = r.answers.cap = o->n + (uint32_t)(o->n * o->latency) + 1;
	r.requests.ring = need(r.requests.cap, sizeof(*r.requests.ring));
	r.answers.ring = need(r.answers.cap, sizeof(*r.answers.ring));
	for (uint32_t u = 0; u < o->n; u++)
		phase[u] = dice_unit(d);
	/* All nodes are alike: number them by phase, and take any as the source. */
	qsort(phase, o->n, sizeof(*phase), by_value);
	r.knows[dice_below(d, o->n)] = 1;
	curve_begin(&r.curve, ret, o->n);
	for (uint32_t round = 0; r.informed < o->n; round++) {
		for (uint32_t u = 0; u < o->n; u++) {
			double now = round + phase[u];

			fly(&r, now);
			calls++;
			uint32_t v = dice_other(d, o->n, u);

			if (!dice_chance(d, o->datagram_loss))
				put(&r.requests, now + o->latency, u, v, r.knows[u]);
		}
	}
	ret->messages = (double)calls;
	free(r.requests.ring);
	free(r.answers.ring);
	free(r.knows);
	free(phase);
}
