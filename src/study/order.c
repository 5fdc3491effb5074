/* SPDX-License-Identifier: MIT */
#include "study/order.h"

#include "gossipnet/protocol.h"

enum { WORK_OF_ANY_RUN = 2000 };

uint64_t gn_study_work_of(const struct gn_study_plan *p, uint32_t run)
{
	return p->points[gn_study_point_of(p, run)].n + (uint64_t)WORK_OF_ANY_RUN;
}

static bool is_live(const struct gn_study_plan *p, uint32_t run)
{
	return p->series[p->points[gn_study_point_of(p, run)].series].live;
}

/* Fisher and Yates. */
static void shuffle(uint32_t *runs, uint32_t n, uint64_t seed)
{
	struct gn_random random = { .state = seed };

	for (uint32_t i = n; i > 1; i--) {
		uint32_t other = gn_random_below(&random, i), moved = runs[i - 1];

		runs[i - 1] = runs[other];
		runs[other] = moved;
	}
}

/* Append those of @runs that are to be done and @live to the order. */
static void append(const struct gn_study_plan *p, const uint32_t *runs, const uint8_t *has, bool live,
		   struct gn_study_order *o)
{
	for (uint32_t i = 0; i < p->n_runs; i++) {
		if (!has[runs[i]] && is_live(p, runs[i]) == live)
			o->runs[o->n++] = runs[i];
	}
}

struct timed {
	uint64_t work;
	uint32_t run, place;
};

static int compare_timed(const void *pa, const void *pb)
{
	const struct timed *a = pa, *b = pb;

	if (a->work != b->work)
		return a->work < b->work ? 1 : -1;
	return a->place < b->place ? -1 : 1;
}

static int sort_longest_first(const struct gn_study_plan *p, uint32_t *runs, uint32_t n)
{
	GN_CLEANUP(gn_free_p) struct timed *timed = malloc((n + 1) * sizeof(*timed));

	if (!timed)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++)
		timed[i] = (struct timed){ .work = gn_study_work_of(p, runs[i]), .run = runs[i], .place = i };
	qsort(timed, n, sizeof(*timed), compare_timed);
	for (uint32_t i = 0; i < n; i++)
		runs[i] = timed[i].run;
	return 0;
}

/* The last of @n runs that are together as much work as the longest is for every worker. */
static uint32_t count_last(const struct gn_study_plan *p, const uint32_t *runs, uint32_t n, uint32_t workers)
{
	uint64_t longest = 0, work = 0;
	uint32_t last = 0;

	for (uint32_t i = 0; i < n; i++)
		longest = GN_MAX(longest, gn_study_work_of(p, runs[i]));
	while (last < n && work < longest * workers)
		work += gn_study_work_of(p, runs[n - ++last]);
	return last;
}

int gn_study_order_runs(const struct gn_study_plan *p, const uint8_t *has, uint32_t workers,
			struct gn_study_order *ret)
{
	GN_CLEANUP(gn_free_p) uint32_t *runs = malloc(p->n_runs * sizeof(*runs));
	struct gn_study_order o = { .runs = malloc(p->n_runs * sizeof(*runs)) };

	if (!runs || !o.runs) {
		free(o.runs);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < p->n_runs; i++)
		runs[i] = i;
	shuffle(runs, p->n_runs, p->seed);
	append(p, runs, has, false, &o);
	o.n_simulated = o.n;
	append(p, runs, has, true, &o);
	uint32_t last = workers > 1 ? count_last(p, o.runs, o.n_simulated, workers) : 0;
	int r = sort_longest_first(p, o.runs + o.n_simulated - last, last);

	if (r)
		free(o.runs);
	else
		*ret = o;
	return r;
}
