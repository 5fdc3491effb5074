/* SPDX-License-Identifier: MIT */
/* The faults of a topology, collected in any order and given out in order of place. */
#ifndef GN_TOPO_REPORT_H
#define GN_TOPO_REPORT_H

#include "topo/load.h"
#include "util/arena.h"

/* Where something is written. Line and column count from 1; line 0: the source has no lines (--set). */
struct gn_place {
	uint32_t source; /* number of a file or option in the report */
	uint32_t line, col;
};

struct gn_report {
	struct gn_arena texts;
	const char **sources;
	size_t n_sources, cap_sources;
	const char *sets_from; /* as in struct gn_load_options */
	struct gn_fault *faults;
	size_t n, cap;
	size_t dropped; /* faults beyond what is worth keeping */
	bool no_memory;
	size_t suggestions_left; /* candidates that may still be compared: suggesting must stay cheap */
};

/* Register a file or option as a source of places. Return: its number. */
uint32_t gn_report_source(struct gn_report *r, const char *name);

void gn_fault_at(struct gn_report *r, struct gn_place at, const char *fmt, ...) GN_PRINTF(3, 4);

/**
 * gn_report_nearest() - gn_nearest() as a piece of a sentence.
 * @n: number of candidates that @next has, to keep the time for thousands of faults bounded.
 *
 * Return: ` (did you mean "x"?)` or "".
 */
const char *gn_report_nearest(struct gn_report *r, const char *word,
			      const char *(*next)(const void *, size_t), const void *ctx, size_t n);

/* Words of a sentence, with commas between them, as many as fit. */
struct gn_list {
	char text[600];
	size_t n; /* bytes */
};

void gn_list_add(struct gn_list *t, const char *word);

static inline bool gn_report_has_faults(const struct gn_report *r)
{
	return r->n > 0 || r->no_memory;
}

/* Move the faults, sorted and cut to a readable number, to @ret. Return: 0, -EINVAL (faults), -ENOMEM. */
int gn_report_give(struct gn_report *r, struct gn_faults *ret);
void gn_report_done(struct gn_report *r);

#endif
