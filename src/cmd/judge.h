/* SPDX-License-Identifier: MIT */
/*
 * Is a run to be trusted? Figures in, a verdict with reasons out; no system calls. gossipnet-results(5), table
 * fidelity, says what each figure is; the thresholds and the reason for each are in judge.c.
 *
 * A cause of wrong results, such as a machine without an idle CPU, makes a run suspect. Only an effect, such as
 * timers that were late or records that were lost, can make it invalid.
 */
#ifndef GN_CMD_JUDGE_H
#define GN_CMD_JUDGE_H

#include "util/time.h"
#include "util/util.h"

enum gn_figure {
	GN_FIGURE_CPU_SATURATED,
	GN_FIGURE_CPU_WAIT,
	GN_FIGURE_CPU_OWN,
	GN_FIGURE_CPU_OTHERS,
	GN_FIGURE_CPU_STEAL,
	GN_FIGURE_CPU_PRESSURE,
	GN_FIGURE_CPU_LIMIT,
	GN_FIGURE_SOFTNET_DROPS,
	GN_FIGURE_NEIGHBOUR_OVERFLOWS,
	GN_FIGURE_RECORDS_LOST,
	GN_FIGURE_SOCKET_DROPS,
	GN_FIGURE_SEND_ERRORS,
	GN_FIGURE_TIMER_LATENESS_P99,
	GN_FIGURE_TIMER_LATENESS_NODE,
	GN_FIGURE_TIMER_LATENESS_MAX,
	GN_FIGURE_DELAY_SAMPLES,
	GN_FIGURE_DELAY_ERROR_MEDIAN,
	GN_FIGURE_DELAY_ERROR_P99,
	GN_FIGURE_DELAY_EARLY,
	GN_FIGURE_LOSS,
	GN_FIGURE_LOSS_CONFIGURED,
	GN_FIGURE_LOSS_DEVIATION,
	GN_FIGURE_LOST_ELSEWHERE,
	GN_FIGURE_QDISC_BACKLOG,
	GN_FIGURE_QDISC_OVERLIMITS,
	GN_FIGURE_QDISC_REQUEUES,
	GN_N_FIGURES
};

struct gn_figures {
	gn_dur period; /* of the gossip: what timers are judged by */
	struct gn_figure_value {
		double value;	    /* in the figure's unit: ns, a share of 1, or a number; NAN: not known */
		double allowance;   /* added to the thresholds: what chance alone explains; 0 or more */
		const char *detail; /* which node or link it is of, or NULL; borrowed */
	} of[GN_N_FIGURES];
};

/* All unknown. */
void gn_figures_init(struct gn_figures *f, gn_dur period);

enum gn_grade { GN_VALID, GN_SUSPECT, GN_INVALID };

/* "valid", "suspect" or "invalid". */
const char *gn_grade_name(enum gn_grade grade);

struct gn_judgement {
	struct gn_judged {
		const char *what, *unit, *detail; /* static, but the detail: of the figures */
		double value;			  /* NAN: not known */
		double suspect, invalid;	  /* above these; INFINITY: no such threshold */
		enum gn_grade grade;
	} of[GN_N_FIGURES];
	enum gn_grade grade; /* the worst of all */
	char reason[1024];   /* what is behind it in sentences, causes first, or "" */
};

void gn_fidelity_judge(const struct gn_figures *figures, struct gn_judgement *ret);

#endif
