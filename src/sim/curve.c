/* SPDX-License-Identifier: MIT */
/* Coverage curves: which arrivals are kept as points, and what is read from them. */
#include <stdlib.h>

#include "sim/simulation.h"

enum { EDGE = 256, SPREAD = 1000 }; /* points at each end; about so many in between */

struct gn_sim_curve_state {
	gn_time t;    /* since its publication: the last arrival */
	bool pending; /* which is not a point yet */
};

int gn_sim_curves_init(struct gn_simulation *s)
{
	struct gn_sim_result *r = s->result;
	uint32_t n = s->t->n_events;

	r->curves = calloc(n ? n : 1, sizeof(*r->curves));
	s->curves = calloc(n ? n : 1, sizeof(*s->curves));
	if (!r->curves || !s->curves)
		return gn_fail(s->err, -ENOMEM, "out of memory for %u events", n);
	r->n_curves = n;
	for (uint32_t e = 0; e < n; e++) {
		r->curves[e].event = e;
		r->curves[e].round = s->t->gossip.clock == GN_CLOCK_ROUNDS ? s->t->gossip.period : 0;
	}
	return 0;
}

static void add_point(struct gn_simulation *s, struct gn_sim_curve *c, gn_time t)
{
	if (s->failed)
		return;
	if (gn_grow(&c->points, c->n, &c->cap, sizeof(*c->points))) {
		s->failed = gn_fail(s->err, -ENOMEM, "out of memory for the curve of event %u", c->event + 1);
		return;
	}
	c->points[c->n++] = (struct gn_sim_point){ .t = t, .informed = c->informed };
	if (s->logs_coverage)
		s->failed = gn_store_coverage(s->o->store, c->event, c->informed, (int64_t)t, s->err);
}

/* Is the arrival number @k of @n worth a point, or the next one, whose crossing begins here? */
static bool is_point(uint32_t k, uint32_t n)
{
	static const unsigned percents[] = { 50, 90, 99, 100 };

	if (k <= EDGE || k > n - GN_MIN(n, (uint32_t)EDGE) || k % (n / SPREAD + 1) == 0)
		return true;
	for (size_t i = 0; i < GN_ARRAY_LEN(percents); i++) {
		uint32_t at = (uint32_t)(((uint64_t)n * percents[i] + 99) / 100);

		if (k == at || k + 1 == at)
			return true;
	}
	return false;
}

void gn_sim_curve_publish(struct gn_simulation *s, uint32_t event)
{
	s->result->curves[event].published = s->in.now;
	s->published = GN_MAX(s->published, event + 1);
}

void gn_sim_curve_learn(struct gn_simulation *s, uint32_t event)
{
	struct gn_sim_curve *c = &s->result->curves[event];
	struct gn_sim_curve_state *state = &s->curves[event];
	const bool rounds = s->cluster.clock == GN_CLOCK_ROUNDS;
	const gn_time t = s->in.now - c->published;

	if (rounds && state->pending && state->t != t)
		add_point(s, c, state->t);
	c->informed++;
	if (!s->faults) /* else it depends on who is alive */
		s->complete += c->informed == s->result->counted;
	state->t = t;
	state->pending = rounds || !is_point(c->informed, s->result->counted);
	if (state->pending)
		s->pending = true;
	else
		add_point(s, c, state->t);
}

void gn_sim_curves_settle(struct gn_simulation *s)
{
	if (!s->pending)
		return;
	for (uint32_t e = 0; e < s->t->n_events; e++) {
		if (s->curves[e].pending)
			add_point(s, &s->result->curves[e], s->curves[e].t);
		s->curves[e].pending = false;
	}
	s->pending = false;
}

double gn_sim_crossing(const struct gn_sim_curve *c, double informed)
{
	size_t low = 0, high = c->n; /* points[low - 1].informed < informed <= points[high].informed */

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (c->points[middle].informed < informed)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == c->n)
		return -1;
	const struct gn_sim_point *a = &c->points[low], *b = a;

	/* Those who learnt at one instant, as in a round: from the last point before it to the last one in it. */
	while (a > c->points && a->t == b->t)
		a--;
	while (b + 1 < c->points + c->n && b[1].t == b->t)
		b++;
	if (a->t == b->t)
		return (double)b->t;
	const gn_time since = c->round && b->t - a->t > c->round ? b->t - c->round : a->t;

	return (double)since +
	       (double)(b->t - since) * (informed - a->informed) / (b->informed - a->informed);
}
