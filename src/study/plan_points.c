/* SPDX-License-Identifier: MIT */
/* From the keys that a study varies to the points of its grid, each with its topology checked. */
#include <stdio.h>
#include <string.h>

#include "study/planning.h"

enum { FAULTS_ENOUGH = 100 };

static uint32_t place_in_product(const struct gn_study_entry *e, uint32_t key, uint32_t point)
{
	for (uint32_t k = e->n_keys - 1; k > key; k--)
		point /= e->keys[k].n;
	return point % e->keys[key].n;
}

/* ---- the product ---- */

static bool count_points(struct gn_study_planning *p, uint32_t *ret)
{
	uint64_t all = 0;

	for (uint32_t i = 0; i < p->n_entries; i++) {
		struct gn_study_entry *e = &p->entries[i];
		uint64_t n = 1;

		for (uint32_t k = 0; k < e->n_keys && n <= GN_STUDY_POINTS_MAX; k++)
			n *= e->keys[k].n;
		e->first_point = (uint32_t)all;
		e->n_points = (uint32_t)n;
		all += n;
		if (all > GN_STUDY_POINTS_MAX) {
			gn_fault_at(p->report, e->place, "more than %d points", GN_STUDY_POINTS_MAX);
			return false;
		}
	}
	*ret = (uint32_t)all;
	return true;
}

static int fill_point(struct gn_study_planning *p, const struct gn_study_entry *e, uint32_t number,
		      struct gn_study_point *ret)
{
	const char **sets = gn_arena_alloc(&p->arena, e->n_keys * sizeof(*sets));
	const char **values = gn_arena_alloc(&p->arena, e->n_keys * sizeof(*values));
	uint32_t *axes = gn_arena_alloc(&p->arena, e->n_keys * sizeof(*axes));

	if (!sets || !values || !axes)
		return -ENOMEM;
	for (uint32_t k = 0; k < e->n_keys; k++) {
		axes[k] = e->keys[k].axis;
		values[k] = e->keys[k].values[place_in_product(e, k, number)].text;
		sets[k] = gn_arena_format(&p->arena, "%s=%s", p->axes[axes[k]], values[k]);
		if (!sets[k])
			return -ENOMEM;
	}
	*ret = (struct gn_study_point){ .sets = sets, .axes = axes, .values = values, .n_sets = e->n_keys };
	return 0;
}

static int fill_points(struct gn_study_planning *p)
{
	for (uint32_t i = 0; i < p->n_entries; i++) {
		const struct gn_study_entry *e = &p->entries[i];

		for (uint32_t n = 0; n < e->n_points; n++) {
			if (fill_point(p, e, n, &p->points[e->first_point + n]))
				return -ENOMEM;
		}
	}
	return 0;
}

/* ---- their topologies ---- */

/* A fault of "--set KEY=VALUE" is one of the place where the study says so. Of many values that are wrong in the same
 * way one is enough. Return: whether it was such a fault. */
static bool report_value(struct gn_study_planning *p, struct gn_study_entry *e, uint32_t number,
			 const char *line)
{
	for (uint32_t k = 0; k < e->n_keys; k++) {
		struct gn_study_key *key = &e->keys[k];
		const struct gn_study_value *v = &key->values[place_in_product(e, k, number)];
		GN_CLEANUP(gn_free_p) char *said = gn_format("--set %s=%s: ", p->axes[key->axis], v->text);

		if (!said || strncmp(line, said, strlen(said)) != 0)
			continue;
		line += strlen(said);
		if (key->reported && !strcmp(key->reported, line))
			return true;
		gn_fault_at(p->report, v->place, "%s", line);
		key->reported = gn_arena_copy(&p->arena, line, strlen(line));
		return true;
	}
	return false;
}

/* A fault of the topology's file, with the point; unless one of the @known lines is of the same place. */
static int report_line(struct gn_faults *faults, size_t known, const struct gn_study_point *at,
		       const char *line)
{
	const char *end = strstr(line, ": ");
	size_t place = end ? (size_t)(end - line) + 2 : strlen(line);

	for (size_t i = 0; i < known; i++) {
		if (!strncmp(faults->lines[i], line, place))
			return 0;
	}
	GN_CLEANUP(gn_free_p) char *text = gn_strdup(line);

	for (uint32_t i = 0; text && i < at->n_sets; i++) {
		char *more = gn_format("%s%s%s%s", text, i ? ", " : " (with ", at->sets[i],
				       i + 1 < at->n_sets ? "" : ")");

		free(text);
		text = more;
	}
	if (!text || gn_grow(&faults->lines, faults->n, &faults->cap, sizeof(*faults->lines)))
		return -ENOMEM;
	faults->lines[faults->n++] = gn_steal_ptr(&text);
	return 0;
}

/* Why this topology cannot be run live, or NULL. */
static const char *only_simulated(const struct gn_topology *t)
{
	if (t->ideal)
		return "a live run needs links; without them there is backend: sim";
	if (t->gossip.clock == GN_CLOCK_ROUNDS)
		return "a live run has no rounds in step; use clock: periodic, or backend: sim";
	return NULL;
}

static int take_topology(struct gn_study_planning *p, struct gn_study_entry *e, uint32_t number,
			 struct gn_topology *t)
{
	const char *why = p->backend == GN_STUDY_SIM ? NULL : only_simulated(t);
	uint32_t point = e->first_point + number;

	p->points[point].n = t->gossip.n_members;
	p->protocols[point] = t->gossip.protocol->name;
	if (why && !e->refused)
		gn_fault_at(p->report, e->place, "%s", why);
	e->refused = why;
	if (gn_study_planning_origin(p, point, t, e->place))
		return -ENOMEM;
	if (point)
		return 0;
	const char *text = gn_topology_resolved(t);

	p->topology = text ? gn_strdup(text) : NULL;
	return p->topology ? 0 : -ENOMEM;
}

static int check_point(struct gn_study_planning *p, struct gn_study_entry *e, uint32_t number,
		       struct gn_faults *faults)
{
	const struct gn_study_point *at = &p->points[e->first_point + number];
	struct gn_load_options o = p->p.load;
	size_t known = faults->n;
	GN_CLEANUP(gn_faults_done) struct gn_faults own = { 0 };
	struct gn_topology *t = NULL;

	o.sets = at->sets;
	o.n_sets = at->n_sets;
	o.seed = &p->p.seed;
	int r = gn_topology_load(&o, &t, &own);

	if (!r)
		r = take_topology(p, e, number, t);
	gn_topology_free(t);
	for (size_t i = 0; i < own.n; i++) {
		if (!report_value(p, e, number, own.lines[i]) && report_line(faults, known, at, own.lines[i]))
			return -ENOMEM;
	}
	return r;
}

int gn_study_planning_points(struct gn_study_planning *p, struct gn_faults *faults)
{
	uint32_t n;
	int result = 0;

	if (!count_points(p, &n))
		return 0;
	p->points = calloc(2 * (size_t)n, sizeof(*p->points));
	p->protocols = calloc(n, sizeof(*p->protocols));
	if (!p->points || !p->protocols || fill_points(p))
		return -ENOMEM;
	p->p.n_points = n;
	for (uint32_t i = 0; i < p->n_entries; i++) {
		struct gn_study_entry *e = &p->entries[i];

		for (uint32_t k = 0; k < e->n_points && p->report->n + faults->n < FAULTS_ENOUGH; k++) {
			int r = check_point(p, e, k, faults);

			if (r && r != -EINVAL)
				return r;
			result = r ? r : result;
		}
	}
	return result;
}
