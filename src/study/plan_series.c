/* SPDX-License-Identifier: MIT */
/* Which points make a series, what it is called, and how many runs each point has. */
#include <stdio.h>
#include <string.h>

#include "study/planning.h"

/* ---- keys that change the number of members ---- */

/* The distance between two points of an entry that differ by one step of this key alone. */
static uint32_t stride_of(const struct gn_study_entry *e, uint32_t key)
{
	uint32_t stride = 1;

	for (uint32_t k = key + 1; k < e->n_keys; k++)
		stride *= e->keys[k].n;
	return stride;
}

static bool resizes(const struct gn_study_planning *p, const struct gn_study_entry *e, uint32_t key)
{
	const struct gn_study_point *points = p->points + e->first_point;
	uint32_t stride = stride_of(e, key);

	for (uint32_t i = stride; i < e->n_points; i++) {
		if (i / stride % e->keys[key].n && points[i].n != points[i - stride].n)
			return true;
	}
	return false;
}

/* ---- series ---- */

/* "fanout 2"; of a protocol its name says it all. */
static const char *add_key(struct gn_arena *a, const char *label, const char *axis, const char *value)
{
	const char *dot = strrchr(axis, '.'), *name = dot ? dot + 1 : axis;
	bool plain = !strcmp(name, "protocol");

	return gn_arena_format(a, "%s%s%s%s%s", label, *label ? ", " : "", plain ? "" : name,
			       plain ? "" : " ", value);
}

static const char *make_label(struct gn_study_planning *p, const struct gn_study_entry *e, uint32_t number)
{
	uint32_t point = e->first_point + number;
	const char *label = e->label ? e->label : "";

	for (uint32_t k = 0; label && k < e->n_keys; k++) {
		const struct gn_study_key *key = &e->keys[k];

		if (!key->resizes && key->n > 1)
			label = add_key(&p->arena, label, p->axes[key->axis], p->points[point].values[k]);
	}
	return !label || *label ? label : p->protocols[point];
}

/* The number of a point's series among those of its entry: its place in the product of the keys that do not resize. */
static uint32_t series_in_entry(const struct gn_study_entry *e, uint32_t number)
{
	uint32_t place = 0;

	for (uint32_t k = 0; k < e->n_keys; k++) {
		const struct gn_study_key *key = &e->keys[k];

		if (!key->resizes)
			place = place * key->n + number / stride_of(e, k) % key->n;
	}
	return place;
}

static int add_series(struct gn_study_planning *p, bool live, const char *label, uint32_t *ret)
{
	if (!label)
		return -ENOMEM;
	if (gn_grow(&p->series, p->p.n_series, &p->cap_series, sizeof(*p->series)))
		return -ENOMEM;
	p->series[p->p.n_series] = (struct gn_study_series){ .live = live, .label = label };
	*ret = p->p.n_series++;
	return 0;
}

/* @points: of the entry, for one backend. */
static int entry_series(struct gn_study_planning *p, const struct gn_study_entry *e,
			struct gn_study_point *points, bool live)
{
	GN_CLEANUP(gn_free_p) uint32_t *series = malloc(e->n_points * sizeof(*series));

	if (!series)
		return -ENOMEM;
	memset(series, 0xff, e->n_points * sizeof(*series));
	for (uint32_t i = 0; i < e->n_points; i++) {
		uint32_t *its = &series[series_in_entry(e, i)];

		if (*its == GN_NONE && add_series(p, live, make_label(p, e, i), its))
			return -ENOMEM;
		points[i].series = *its;
	}
	return 0;
}

static int backend_series(struct gn_study_planning *p, struct gn_study_point *points, bool live)
{
	for (uint32_t i = 0; i < p->n_entries; i++) {
		int r = entry_series(p, &p->entries[i], points + p->entries[i].first_point, live);

		if (r)
			return r;
	}
	return 0;
}

/* ---- runs ---- */

static void count_entry_runs(const struct gn_study_entry *e, struct gn_study_point *points)
{
	for (uint32_t i = 0; i < e->n_points; i++) {
		const struct gn_study_seeds *s = e->seeds;

		while (points[i].n > s->up_to)
			s++;
		points[i].n_runs = (uint32_t)s->seeds;
	}
}

static void number_runs(struct gn_study_planning *p)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < p->p.n_points; i++) {
		p->points[i].first_run = (uint32_t)n;
		n += p->points[i].n_runs;
		if (n > GN_STUDY_RUNS_MAX) {
			gn_fault_at(p->report, p->entries[0].place, "more than %d runs", GN_STUDY_RUNS_MAX);
			return;
		}
	}
	p->p.n_runs = (uint32_t)n;
}

int gn_study_planning_series(struct gn_study_planning *p)
{
	uint32_t n = p->p.n_points;
	int r;

	for (uint32_t i = 0; i < p->n_entries; i++) {
		struct gn_study_entry *e = &p->entries[i];

		for (uint32_t k = 0; k < e->n_keys; k++)
			e->keys[k].resizes = resizes(p, e, k);
		count_entry_runs(e, p->points + e->first_point);
	}
	r = backend_series(p, p->points, p->backend == GN_STUDY_LIVE);
	if (!r && p->backend == GN_STUDY_BOTH) {
		memcpy(p->points + n, p->points, n * sizeof(*p->points));
		p->p.n_points *= 2;
		r = backend_series(p, p->points + n, true);
	}
	number_runs(p);
	return r;
}
