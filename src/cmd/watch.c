/* SPDX-License-Identifier: MIT */
#include "cmd/watch.h"

#include <math.h>
#include <stdio.h>

void gn_watch_begin(struct gn_watch *w, bool elsewhere)
{
	w->elsewhere = elsewhere;
	if (!elsewhere)
		gn_machine_begin(&w->machine);
	w->drops = gn_machine_drops();
}

void gn_watch_look(struct gn_watch *w)
{
	if (!w->elsewhere)
		gn_machine_look(&w->machine);
}

static double share(gn_dur part, double whole)
{
	return whole > 0 ? (double)part / whole : NAN;
}

/* Who had the CPUs. */
static void take_users(struct gn_watch *w, const struct gn_machine_figures *m, struct gn_figures *f)
{
	const double capacity = (double)(m->idle + m->busy + m->steal);
	const double own = share(m->own_cpu, capacity);
	const double others = share(m->busy > m->own_cpu ? m->busy - m->own_cpu : 0, capacity);

	f->of[GN_FIGURE_CPU_OWN].value = own;
	f->of[GN_FIGURE_CPU_OTHERS].value = others;
	if (isnan(others))
		return;
	snprintf(w->users, sizeof(w->users), "other programs had %.0f %% of the CPUs, this run %.0f %%",
		 100 * others, 100 * own);
	f->of[m->saturated ? GN_FIGURE_CPU_SATURATED : GN_FIGURE_CPU_WAIT].detail = w->users;
}

static void take_machine(struct gn_watch *w, const struct gn_machine_figures *m, struct gn_figures *f)
{
	if (m->has_cpus) {
		f->of[GN_FIGURE_CPU_SATURATED].value = share(m->saturated, (double)m->elapsed);
		f->of[GN_FIGURE_CPU_STEAL].value = share(m->steal, (double)(m->idle + m->busy + m->steal));
	}
	/* The processes of a guest take turns: when one of them waits, all do. */
	if (m->has_own)
		f->of[GN_FIGURE_CPU_WAIT].value =
			share(m->own_wait, (double)m->elapsed * (w->elsewhere ? 1 : m->processes));
	if (m->has_cpus && m->has_own)
		take_users(w, m, f);
	if (m->has_pressure)
		f->of[GN_FIGURE_CPU_PRESSURE].value = share(m->pressure, (double)m->elapsed);
}

void gn_watch_end(struct gn_watch *w, const struct gn_machine_figures *machine, struct gn_figures *ret)
{
	const struct gn_machine_figures m = machine ? *machine : gn_machine_end(&w->machine);
	const struct gn_machine_drops drops = gn_machine_drops();

	take_machine(w, &m, ret);
	ret->of[GN_FIGURE_SOFTNET_DROPS].value = (double)(drops.softnet - w->drops.softnet);
	ret->of[GN_FIGURE_NEIGHBOUR_OVERFLOWS].value = (double)(drops.neighbours - w->drops.neighbours);
}

int gn_watch_judge(const struct gn_figures *figures, struct gn_store *store, struct gn_judgement *ret,
		   struct gn_err *err)
{
	int r = 0;

	gn_fidelity_judge(figures, ret);
	for (int i = 0; r == 0 && i < GN_N_FIGURES; i++) {
		const struct gn_judged *j = &ret->of[i];
		const struct gn_store_fidelity row = {
			.what = j->what,
			.unit = j->unit,
			.verdict = gn_grade_name(j->grade),
			.detail = j->detail,
			.value = j->value,
			.suspect = j->suspect,
			.invalid = j->invalid,
		};

		r = gn_store_fidelity(store, &row, err);
	}
	if (r == 0)
		r = gn_store_meta(store, "verdict", gn_grade_name(ret->grade), err);
	return r < 0 || !*ret->reason ? r : gn_store_meta(store, "verdict_reason", ret->reason, err);
}
