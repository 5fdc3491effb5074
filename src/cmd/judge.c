/* SPDX-License-Identifier: MIT */
#include "cmd/judge.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "view/units.h"

/* What a threshold counts: its figure's unit, or periods of the gossip. */
enum scale { ABSOLUTE, PERIODS };

#define NEVER INFINITY

/*
 * The thresholds: a figure above them makes the run suspect or invalid. Causes first, as they are to be named first.
 * Figures that were seen: two processors, 20 to 50 nodes, period 200 ms; "idle", and "busy" with two busy loops beside the
 * run (tests/bench/fidelity.sh).
 */
static const struct check {
	const char *what, *unit;
	enum scale scale;
	double suspect, invalid;
	const char *sentence; /* %s: the value */
} checks[GN_N_FIGURES] = {
	/* Idle 0, busy 1. A backup that starts for a second is to be forgiven. */
	[GN_FIGURE_CPU_SATURATED] = { "cpu_saturated", "share", ABSOLUTE, 0.1, NEVER,
				      "the machine had no idle CPU for %s of the run" },
	/* In the guest: idle 0.01 to 0.05, busy 0.2 to 0.6. On this kernel a node waits for 0.0001 of the time, beside
	 * busy loops for 0.01: there the other figures say it. */
	[GN_FIGURE_CPU_WAIT] = { "cpu_wait", "share", ABSOLUTE, 0.1, NEVER,
				 "ready to run, it had to wait for a CPU for %s of the time" },
	[GN_FIGURE_CPU_OWN] = { "cpu_own", "share", ABSOLUTE, NEVER, NEVER, "" },
	[GN_FIGURE_CPU_OTHERS] = { "cpu_others", "share", ABSOLUTE, NEVER, NEVER, "" },
	/* What a hypervisor takes, it takes for milliseconds on end. */
	[GN_FIGURE_CPU_STEAL] = { "cpu_steal", "share", ABSOLUTE, 0.05, NEVER,
				  "the hypervisor gave %s of the CPUs' time to others" },
	/* Of all that runs on the machine: it says nothing of this run where there are many CPUs. */
	[GN_FIGURE_CPU_PRESSURE] = { "cpu_pressure", "share", ABSOLUTE, NEVER, NEVER, "" },
	/* A limit that does not bind is none; one that does makes the node late. */
	[GN_FIGURE_CPU_LIMIT] = { "cpu_limit", "share", ABSOLUTE, 0.01, NEVER,
				  "a node was held back by its limit of CPU time for %s of the run" },
	/* Of all namespaces together, so it may have been somebody else's traffic. */
	[GN_FIGURE_SOFTNET_DROPS] = { "softnet_drops", "", ABSOLUTE, 0, NEVER,
				      "%s packets were dropped at a CPU's full input queue" },
	[GN_FIGURE_NEIGHBOUR_OVERFLOWS] = { "neighbour_overflows", "", ABSOLUTE, 0, NEVER,
					    "%s times the kernel's neighbour table was full" },
	/* The instrument must not lose anything: each is one too many. */
	[GN_FIGURE_RECORDS_LOST] = { "records_lost", "", ABSOLUTE, NEVER, 0,
				     "%s records of arrivals were lost" },
	[GN_FIGURE_SOCKET_DROPS] = { "socket_drops", "", ABSOLUTE, NEVER, 0,
				     "%s datagrams were lost at a node's socket, not by the network" },
	[GN_FIGURE_SEND_ERRORS] = { "send_errors", "", ABSOLUTE, NEVER, 0,
				    "%s datagrams were refused by the sending node's kernel" },
	/* Idle 0.003 to 0.02 periods, busy 0.1 and more. Beyond half a period rounds are not what they are called. */
	[GN_FIGURE_TIMER_LATENESS_P99] = { "timer_lateness_p99", "ns", PERIODS, 0.05, 0.5,
					   "timers were late by %s (99th percentile): the machine was too slow" },
	/* One node among many hardly shows in the figure above. */
	[GN_FIGURE_TIMER_LATENESS_NODE] = { "timer_lateness_node", "ns", PERIODS, 0.05, NEVER,
					    "a node's timers were late by %s (its median)" },
	/* Of thousands of timers one may meet anything. */
	[GN_FIGURE_TIMER_LATENESS_MAX] = { "timer_lateness_max", "ns", ABSOLUTE, NEVER, NEVER, "" },
	[GN_FIGURE_DELAY_SAMPLES] = { "delay_samples", "", ABSOLUTE, NEVER, NEVER, "" },
	/* Idle 0.02 to 0.2 ms: the way through two kernels' queues, and in the guest a switch of processes. */
	[GN_FIGURE_DELAY_ERROR_MEDIAN] = { "delay_error_median", "ns", ABSOLUTE, 1.0 * GN_MSEC, NEVER,
					   "datagrams were %s slower or faster than their links (median)" },
	[GN_FIGURE_DELAY_ERROR_P99] = { "delay_error_p99", "ns", ABSOLUTE, 5.0 * GN_MSEC, NEVER,
					"datagrams were %s slower than their links (99th percentile)" },
	/* What comes before it can was not delayed at all. */
	[GN_FIGURE_DELAY_EARLY] = { "delay_early", "share", ABSOLUTE, 0.01, 0.1,
				    "%s of the datagrams came before their links' delays were over" },
	[GN_FIGURE_LOSS] = { "loss", "share", ABSOLUTE, NEVER, NEVER, "" },
	[GN_FIGURE_LOSS_CONFIGURED] = { "loss_configured", "share", ABSOLUTE, NEVER, NEVER, "" },
	/* All that chance may do is in the allowance. */
	[GN_FIGURE_LOSS_DEVIATION] = { "loss_deviation", "", ABSOLUTE, 0, NEVER,
				       "the links lost %s packets more or less than they should" },
	/* Idle 0: what leaves a node comes to another, or a link has lost it. */
	[GN_FIGURE_LOST_ELSEWHERE] = { "lost_elsewhere", "share", ABSOLUTE, 0.001, 0.01,
				       "%s of the datagrams were lost, and not by the links" },
	[GN_FIGURE_QDISC_BACKLOG] = { "qdisc_backlog", "", ABSOLUTE, NEVER, NEVER, "" },
	[GN_FIGURE_QDISC_OVERLIMITS] = { "qdisc_overlimits", "", ABSOLUTE, NEVER, NEVER, "" },
	[GN_FIGURE_QDISC_REQUEUES] = { "qdisc_requeues", "", ABSOLUTE, NEVER, NEVER, "" },
};

void gn_figures_init(struct gn_figures *f, gn_dur period)
{
	*f = (struct gn_figures){ .period = period };
	for (int i = 0; i < GN_N_FIGURES; i++)
		f->of[i].value = NAN;
}

const char *gn_grade_name(enum gn_grade grade)
{
	static const char *const names[] = {
		[GN_VALID] = "valid", [GN_SUSPECT] = "suspect", [GN_INVALID] = "invalid"
	};

	return names[grade];
}

/* A comparison with NAN is false: what is not known is not held against the run. */
static enum gn_grade grade_of(const struct gn_judged *j)
{
	if (j->value > j->invalid)
		return GN_INVALID;
	return j->value > j->suspect ? GN_SUSPECT : GN_VALID;
}

static void format(char text[GN_NUMBER_MAX], double value, const char *unit)
{
	if (!strcmp(unit, "ns"))
		gn_duration(text, (int64_t)value);
	else if (!strcmp(unit, "share"))
		snprintf(text, GN_NUMBER_MAX, "%.3g %%", 100 * value);
	else
		snprintf(text, GN_NUMBER_MAX, "%.0f", value);
}

/* Append to a text that has room for it, or for its beginning. */
static void append(char *text, size_t size, const char *words)
{
	const size_t used = strlen(text);

	snprintf(text + used, size - used, "%s", words);
}

/* Append the sentence of a figure that is not valid. */
static void explain(char *text, size_t size, const struct check *c, const struct gn_judged *j)
{
	const double limit = j->grade == GN_INVALID ? j->invalid : j->suspect;
	char value[GN_NUMBER_MAX], allowed[GN_NUMBER_MAX], words[256];

	format(value, j->value, c->unit);
	format(allowed, limit, c->unit);
	if (*text)
		append(text, size, "; ");
	snprintf(words, sizeof(words), c->sentence, value);
	append(text, size, words);
	if (j->detail) {
		snprintf(words, sizeof(words), " (%s)", j->detail);
		append(text, size, words);
	}
	if (limit > 0) {
		snprintf(words, sizeof(words), ", the limit is %s", allowed);
		append(text, size, words);
	}
}

void gn_fidelity_judge(const struct gn_figures *figures, struct gn_judgement *ret)
{
	*ret = (struct gn_judgement){ .grade = GN_VALID };
	for (int i = 0; i < GN_N_FIGURES; i++) {
		const struct gn_figure_value *f = &figures->of[i];
		const struct check *c = &checks[i];
		const double unit = c->scale == PERIODS ? (double)figures->period : 1;
		struct gn_judged *j = &ret->of[i];

		*j = (struct gn_judged){
			.what = c->what,
			.unit = c->unit,
			.detail = f->detail,
			.value = f->value,
			.suspect = c->suspect * unit + f->allowance,
			.invalid = c->invalid * unit + f->allowance,
		};
		j->grade = grade_of(j);
		ret->grade = GN_MAX(ret->grade, j->grade);
		if (j->grade != GN_VALID)
			explain(ret->reason, sizeof(ret->reason), c, j);
	}
}
