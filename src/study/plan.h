/* SPDX-License-Identifier: MIT */
/*
 * A study, completely worked out: the points of its grid and the runs of each. Plain data, owned by the plan and
 * constant after gn_study_plan_load(). Everything is counted from 0 here and from 1 in study.db.
 */
#ifndef GN_STUDY_PLAN_H
#define GN_STUDY_PLAN_H

#include "topo/load.h"

/* Points that are equal in everything but the number of members. */
struct gn_study_series {
	bool live; /* else simulated */
	const char *label;
};

struct gn_study_point {
	uint32_t series;
	uint32_t n; /* members */
	uint32_t first_run, n_runs;
	uint64_t topology; /* gn_topology_hash() */
	/* Its settings, as --set takes them: "axis=value". */
	const char *const *sets;
	const uint32_t *axes;
	const char *const *values;
	uint32_t n_sets;
};

/* A file that some point's topology names: a graph, a table of delays, a protocol. */
struct gn_study_file {
	const char *path; /* absolute */
	uint64_t hash;	  /* of what it holds */
};

struct gn_study_plan {
	const char *name;
	const char *text;     /* the file as YAML, includes resolved, comments gone */
	const char *topology; /* that of the first run, resolved */
	uint64_t topologies;  /* hash of those of all points: tells whether one of their files has changed */
	const struct gn_study_file *files; /* each once, in the order of the points */
	uint32_t n_files;
	uint64_t seed;
	const char *const *axes; /* keys of a topology, as in --set */
	uint32_t n_axes;
	const struct gn_study_series *series;
	uint32_t n_series;
	const struct gn_study_point *points;
	uint32_t n_points, n_runs;
	struct gn_load_options
		load; /* file, within, name and protocols; its sets and seed are the point's and run's */
};

/**
 * gn_study_plan_load() - read and check a study, and load the topology of each of its points.
 * @o: file: the study's; find_protocol and protocol_at as there. Nothing else is read, and the options must
 *	outlive the plan.
 * @ret: on success owned by the caller, released with gn_study_plan_free().
 * @faults: initialised by the caller to zeros; filled when -EINVAL is returned.
 *
 * Return: 0; -EINVAL: the study or a topology is wrong, all faults are in @faults; -ENOMEM.
 */
int gn_study_plan_load(const struct gn_load_options *o, struct gn_study_plan **ret, struct gn_faults *faults);
struct gn_study_plan *gn_study_plan_free(struct gn_study_plan *p);

static inline void gn_study_plan_free_p(struct gn_study_plan **p)
{
	gn_study_plan_free(*p);
}

/* The point that a run belongs to. */
uint32_t gn_study_point_of(const struct gn_study_plan *p, uint32_t run);

/* A run's seed: they count up from the study's. */
static inline uint64_t gn_study_seed_of(const struct gn_study_plan *p, uint32_t run)
{
	return p->seed + run;
}

/* Load the topology of a run: as gn_topology_load(). Its files may have changed since the plan was loaded. */
int gn_study_load_run(const struct gn_study_plan *p, uint32_t run, struct gn_topology **ret,
		      struct gn_faults *faults);

/* Is the topology of a run what the plan was made from, its files too? Return: 0, -EINVAL (it has changed), -Exxx. */
int gn_study_check_run(const struct gn_study_plan *p, uint32_t run, const struct gn_topology *t,
		       struct gn_err *err);

/* "label, n = 1000", with the backend where it is live. Return: @buf. */
#define GN_STUDY_POINT_TEXT 160
const char *gn_study_point_text(const struct gn_study_plan *p, uint32_t point, char buf[GN_STUDY_POINT_TEXT]);

#endif
