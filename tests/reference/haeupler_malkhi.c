/* SPDX-License-Identifier: MIT */
/*
 * Haeupler and Malkhi (PODC 2014), phase by phase over all nodes at once. A cluster is what has the same
 * `lead`; here it is looked at from outside, so reporting, relaying and pulling inside of one cost rounds but
 * are no messages.
 */
#include "reference.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NONE UINT32_MAX

struct run {
	struct dice *d;
	uint32_t n;
	uint32_t *lead;	   /* by node */
	bool *active;	   /* by leader: its cluster is */
	uint32_t *heard;   /* by node or leader: an id that was pushed to it */
	uint32_t *n_heard; /* how many it was chosen from */
	uint32_t *order;   /* nodes, for splitting */
	uint64_t messages;
	uint32_t rounds;
};

static void grow(struct run *r, double expected_size)
{
	int rounds = (int)ceil(log2(expected_size)) + 1;

	for (uint32_t u = 0; u < r->n; u++)
		r->lead[u] = dice_chance(r->d, 1 / expected_size) ? u : NONE;
	for (int i = 0; i < rounds; i++, r->rounds++) {
		memset(r->heard, 0xff, r->n * sizeof(*r->heard));
		for (uint32_t u = 0; u < r->n; u++) {
			if (r->lead[u] == NONE)
				continue;
			r->heard[dice_other(r->d, r->n, u)] = r->lead[u];
			r->messages++;
		}
		for (uint32_t u = 0; u < r->n; u++) {
			if (r->lead[u] == NONE)
				r->lead[u] = r->heard[u];
		}
	}
}

/* The nodes in a random order, sorted by cluster: each cluster is then a stretch of `order`. */
static uint32_t sort_by_cluster(struct run *r)
{
	uint32_t *at = need(r->n + 1, sizeof(*at)), *shuffled = need(r->n, sizeof(*shuffled)), n = 0;

	for (uint32_t u = 0; u < r->n; u++) {
		uint32_t place = dice_below(r->d, u + 1);

		shuffled[u] = shuffled[place];
		shuffled[place] = u;
		if (r->lead[u] != NONE)
			at[r->lead[u] + 1]++;
	}
	for (uint32_t u = 0; u < r->n; u++)
		at[u + 1] += at[u];
	for (uint32_t i = 0; i < r->n; i++) {
		uint32_t u = shuffled[i];

		if (r->lead[u] != NONE) {
			r->order[at[r->lead[u]]++] = u;
			n++;
		}
	}
	free(at);
	free(shuffled);
	return n;
}

/* Dissolve what is smaller than s, split the rest into equal parts of at least s, wake each with 1/s. */
static void resize(struct run *r, double s)
{
	uint32_t n = sort_by_cluster(r), end;

	for (uint32_t begin = 0; begin < n; begin = end) {
		uint32_t lead = r->lead[r->order[begin]];

		for (end = begin; end < n && r->lead[r->order[end]] == lead; end++)
			;
		uint32_t size = end - begin, parts = (uint32_t)(size / s);

		for (uint32_t i = 0; i < size; i++) {
			uint64_t part = (uint64_t)i * parts / size;
			uint64_t first = parts ? (part * size + parts - 1) / parts : 0;

			r->lead[r->order[begin + i]] = parts ? r->order[begin + first] : NONE;
		}
		for (uint32_t i = 0; i < size && parts; i++) {
			if (r->lead[r->order[begin + i]] == r->order[begin + i])
				r->active[r->order[begin + i]] = dice_chance(r->d, 1 / s);
		}
	}
	r->rounds += 2;
}

/* One of all ids that a leader hears of, each with the same chance. */
static void hear_one(struct run *r, uint32_t leader, uint32_t id)
{
	if (dice_below(r->d, ++r->n_heard[leader]) == 0)
		r->heard[leader] = id;
}

static void recruit(struct run *r)
{
	memset(r->heard, 0xff, r->n * sizeof(*r->heard));
	memset(r->n_heard, 0, r->n * sizeof(*r->n_heard));
	for (uint32_t u = 0; u < r->n; u++) {
		if (r->lead[u] == NONE || !r->active[r->lead[u]])
			continue;
		uint32_t v = dice_other(r->d, r->n, u);

		r->messages++;
		if (r->lead[v] != NONE && !r->active[r->lead[v]])
			hear_one(r, r->lead[v], r->lead[u]);
	}
	for (uint32_t u = 0; u < r->n; u++) {
		if (r->lead[u] != NONE && r->heard[r->lead[u]] != NONE)
			r->lead[u] = r->heard[r->lead[u]];
	}
	r->rounds += 3;
}

static void merge(struct run *r)
{
	for (uint32_t u = 0; u < r->n; u++)
		r->heard[u] = u;
	for (uint32_t u = 0; u < r->n; u++) {
		if (r->lead[u] == NONE)
			continue;
		uint32_t v = dice_other(r->d, r->n, u);

		r->messages++;
		if (r->lead[v] != NONE && r->lead[u] < r->heard[r->lead[v]])
			r->heard[r->lead[v]] = r->lead[u];
	}
	for (uint32_t u = 0; u < r->n; u++) {
		if (r->lead[u] != NONE)
			r->lead[u] = r->heard[r->lead[u]];
	}
	r->rounds += 3;
}

/*
 * Until all have a leader. A cluster may have merged into one that itself merged into another at the same moment: the
 * `lead` of its members then is a leader no more, and they follow that one's. Return: false if nobody leads.
 */
static bool pull_leads(struct run *r)
{
	uint32_t led = 0;

	for (uint32_t u = 0; u < r->n; u++)
		led += r->lead[u] == u;
	if (!led)
		return false;
	for (;; r->rounds++) {
		memcpy(r->heard, r->lead, r->n * sizeof(*r->lead));
		led = 0;
		for (uint32_t u = 0; u < r->n; u++)
			led += r->lead[u] != NONE && r->lead[r->lead[u]] == r->lead[u];
		if (led == r->n)
			return true;
		for (uint32_t u = 0; u < r->n; u++) {
			if (r->heard[u] == NONE)
				r->lead[u] = r->heard[dice_other(r->d, r->n, u)];
			else
				r->lead[u] = r->heard[r->heard[u]];
		}
	}
}

static void share(struct run *r, uint32_t source, struct curve *c)
{
	const uint32_t leader = r->lead[source];
	uint32_t informed = 1;

	curve_add(c, ++r->rounds, 1 + (leader != source));
	for (uint32_t u = 0; u < r->n; u++)
		informed += u != source && r->lead[u] == leader;
	curve_add(c, ++r->rounds, informed);
}

void model_haeupler_malkhi(const struct options *o, struct dice *d, struct outcome *ret)
{
	struct run r = { .d = d, .n = o->n };
	double ln_n = log(o->n);
	struct curve c;

	r.lead = need(o->n, sizeof(*r.lead));
	r.active = need(o->n, sizeof(*r.active));
	r.heard = need(o->n, sizeof(*r.heard));
	r.n_heard = need(o->n, sizeof(*r.n_heard));
	r.order = need(o->n, sizeof(*r.order));
	curve_begin(&c, ret, o->n);
	grow(&r, 4 * o->c * ln_n);
	for (double s = o->c * ln_n; s < sqrt(o->n) && s > 2; s = s * s / 2) {
		memset(r.active, 0, o->n * sizeof(*r.active));
		resize(&r, s);
		recruit(&r);
		recruit(&r);
	}
	merge(&r);
	if (pull_leads(&r))
		share(&r, dice_below(d, o->n), &c);
	ret->messages = (double)r.messages;
	free(r.lead);
	free(r.active);
	free(r.heard);
	free(r.n_heard);
	free(r.order);
}
