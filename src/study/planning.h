/* SPDX-License-Identifier: MIT */
/* A study while it is worked out. */
#ifndef GN_STUDY_PLANNING_H
#define GN_STUDY_PLANNING_H

#include "study/plan.h"
#include "topo/schema.h"

enum { GN_STUDY_KEYS_MAX = 32, GN_STUDY_VALUES_MAX = 1000, GN_STUDY_POINTS_MAX = 100000 };
#define GN_STUDY_RUNS_MAX 10000000

struct gn_study_value {
	const char *text; /* as --set takes it */
	struct gn_place place;
};

/* One key that is varied, or set, with the values that it takes. */
struct gn_study_key {
	uint32_t axis;
	struct gn_study_value *values;
	uint32_t n;
	bool resizes;	      /* along it the number of members changes */
	const char *reported; /* the last fault of one of its values */
};

/* So many runs for points with at most so many members. */
struct gn_study_seeds {
	uint64_t up_to, seeds;
};

/* One item of `series:`, or, without any, the study itself: the product of its keys. */
struct gn_study_entry {
	const char *label; /* NULL: none was given */
	struct gn_place place;
	struct gn_study_key keys[GN_STUDY_KEYS_MAX];
	uint32_t n_keys;
	const struct gn_study_seeds *seeds; /* the first that fits holds; the last fits all */
	bool refused;			    /* a point of it cannot be run live, and that has been reported */
	uint32_t first_point, n_points;	    /* among those of one backend */
};

enum gn_study_backend { GN_STUDY_SIM, GN_STUDY_LIVE, GN_STUDY_BOTH };

struct gn_study_planning {
	struct gn_study_plan p; /* what callers see, first */
	struct gn_arena arena;	/* all that the plan points to but what has a capacity or is freed by name */
	char *text, *topology;

	const char **axes;
	size_t cap_axes;
	struct gn_study_series *series;
	size_t cap_series;
	struct gn_study_point *points;
	const char **protocols; /* by point: its protocol's name */
	struct gn_study_file *files;
	size_t cap_files;

	/* While it is worked out. */
	struct gn_report *report;
	enum gn_study_backend backend;
	struct gn_study_entry *entries;
	uint32_t n_entries;
};

/* From the file to entries. Return: 0 or -ENOMEM; faults go to the report. */
int gn_study_planning_read(struct gn_study_planning *p, const char *file);

/* From entries to points with their members, by loading the topology of each: 0, -EINVAL (lines that are no faults
 * of the study's own go to @faults, the others to the report), -ENOMEM. */
int gn_study_planning_points(struct gn_study_planning *p, struct gn_faults *faults);

/* Take into account what the topology of a point was made from: what is resolved, and the files beside that.
 * @place: where a file that cannot be read is reported. Return: 0 or -ENOMEM. */
int gn_study_planning_origin(struct gn_study_planning *p, uint32_t point, const struct gn_topology *t,
			     struct gn_place place);

/* Series, their labels, and the runs of each point. Return: 0 or -ENOMEM; faults go to the report. */
int gn_study_planning_series(struct gn_study_planning *p);

#endif
