/* SPDX-License-Identifier: MIT */
#include "study/plan.h"

#include <inttypes.h>
#include <stdio.h>

#include "study/planning.h"

static struct gn_study_planning *planning_free(struct gn_study_planning *p)
{
	if (!p)
		return NULL;
	free(p->entries);
	free(p->protocols);
	free(p->points);
	free(p->series);
	free(p->axes);
	free(p->files);
	free(p->topology);
	free(p->text);
	gn_arena_done(&p->arena);
	free(p);
	return NULL;
}

static void planning_free_p(struct gn_study_planning **p)
{
	planning_free(*p);
}

struct gn_study_plan *gn_study_plan_free(struct gn_study_plan *p)
{
	planning_free((struct gn_study_planning *)p); /* its first member */
	return NULL;
}

/* All steps, as long as there are no faults. */
static int work_out(struct gn_study_planning *p, const char *file, struct gn_faults *faults)
{
	int r = gn_study_planning_read(p, file);

	if (!r && !gn_report_has_faults(p->report))
		r = gn_study_planning_points(p, faults);
	if (!r && !gn_report_has_faults(p->report))
		r = gn_study_planning_series(p);
	return r;
}

static void forget_building(struct gn_study_planning *p)
{
	free(p->entries);
	free(p->protocols);
	p->entries = NULL;
	p->protocols = NULL;
	p->report = NULL;
	p->p.axes = p->axes;
	p->p.series = p->series;
	p->p.points = p->points;
	p->p.topology = p->topology;
	p->p.files = p->files;
}

int gn_study_plan_load(const struct gn_load_options *o, struct gn_study_plan **ret, struct gn_faults *faults)
{
	GN_CLEANUP(planning_free_p) struct gn_study_planning *p = calloc(1, sizeof(*p));
	struct gn_report report = { .suggestions_left = 500000 };

	if (!p)
		return -ENOMEM;
	p->p.load = *o;
	p->p.load.sets_from = o->file;
	p->p.load.sets_once = true;
	p->p.topologies = GN_HASH_START;
	p->report = &report;
	int r = work_out(p, o->file, faults);

	if (!r || r == -EINVAL) {
		int given = gn_report_give(&report, faults);

		r = given ? given : r;
	}
	gn_report_done(&report);
	if (r)
		return r;
	forget_building(p);
	*ret = &((struct gn_study_planning *)gn_steal_ptr(&p))->p;
	return 0;
}

uint32_t gn_study_point_of(const struct gn_study_plan *p, uint32_t run)
{
	uint32_t low = 0, high = p->n_points - 1;

	while (low < high) {
		uint32_t middle = low + (high - low + 1) / 2;

		if (p->points[middle].first_run <= run)
			low = middle;
		else
			high = middle - 1;
	}
	return low;
}

int gn_study_load_run(const struct gn_study_plan *p, uint32_t run, struct gn_topology **ret,
		      struct gn_faults *faults)
{
	const struct gn_study_point *at = &p->points[gn_study_point_of(p, run)];
	const uint64_t seed = gn_study_seed_of(p, run);
	struct gn_load_options o = p->load;

	o.sets = at->sets;
	o.n_sets = at->n_sets;
	o.seed = &seed;
	return gn_topology_load(&o, ret, faults);
}

const char *gn_study_point_text(const struct gn_study_plan *p, uint32_t point, char buf[GN_STUDY_POINT_TEXT])
{
	const struct gn_study_point *at = &p->points[point];
	const struct gn_study_series *s = &p->series[at->series];

	snprintf(buf, GN_STUDY_POINT_TEXT, "%s%s, n = %" PRIu32, s->label, s->live ? " (live)" : "", at->n);
	return buf;
}
