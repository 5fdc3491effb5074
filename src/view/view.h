/* SPDX-License-Identifier: MIT */
/* What a person sees of a run: the status line, the summary at the end, the figure. */
#ifndef GN_VIEW_H
#define GN_VIEW_H

#include <stdbool.h>
#include <stdio.h>

#include "util/err.h"
#include "util/time.h"

/* The state of a run, taken about five times a second. */
struct gn_status {
	char phase[24]; /* "booting", "wiring", "starting", "running", "stopping"; "simulating"; "studying" */
	uint32_t done, total; /* wiring: elements; starting: nodes ready; studying: runs */
	uint32_t members;
	uint32_t n_events, published, complete; /* complete: known by all members */
	uint32_t event;		  /* the newest published event that is not complete, 1-based, or 0 */
	uint32_t informed;	  /* members that know it */
	uint64_t first_arrivals;  /* of all events together */
	gn_dur elapsed, duration; /* since the run's start; 0 before it. In a simulation its own time */
	double steps_per_second;  /* simulating: of this machine's time */
	double left_seconds;	  /* simulating, studying: estimate of what is left; negative: unknown */
};

struct gn_progress {
	FILE *f;
	bool terminal; /* rewrite one line; else a plain line when the phase changes and every few seconds */
	char last_phase[24];
	gn_time last_shown;
	int width;
};

void gn_progress_init(struct gn_progress *p, FILE *f);
void gn_progress_show(struct gn_progress *p, const struct gn_status *s, gn_time now);
void gn_progress_end(struct gn_progress *p); /* leave the terminal's line clean */

/* The table at the end of a run, read from the run's file: per event informed, t50, t90, t99, t100;
 * datagrams and bytes per node; timer lateness p99; anything that was lost; why a run is invalid. At most
 * 20 events. */
int gn_summary_print(const char *db, FILE *f, struct gn_err *err);

/* A run's table fidelity, as text: each figure with its thresholds, and the verdict. @ret_verdict: "valid", "suspect",
 * "invalid", or "" where the run has none. */
int gn_fidelity_print(const char *db, FILE *f, char ret_verdict[16], struct gn_err *err);

/**
 * gn_plot() - draw coverage over time with gnuplot.
 * @out: a file's name ending in .svg, .png or .pdf, or "-" for the terminal. Written whole or not at all.
 *
 * One curve per event up to 8 events; above, the median and the 5-95 % band over the events.
 */
int gn_plot(const char *db, const char *out, struct gn_err *err);

#endif
