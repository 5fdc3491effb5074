/* SPDX-License-Identifier: MIT */
#include "cmd/delays.h"

#include <math.h>
#include <string.h>

#include "sim/netem.h"
#include "sim/network.h"

enum {
	PATH_MAX_LINKS = 256, /* a longer path is left out */
	DRAWS = 16, /* of a path's delay for each sample: their own error is a quarter of the samples' */
	SAMPLES_MIN = 20,
	TAIL = 5, /* samples above the tail's quantile, at least: one odd datagram says nothing */
	SIGMAS = 4,
};

#define TABLE_SCALE 8192 /* see struct gn_distribution */
/* Reading two clocks one after the other. */
#define EARLY_TOLERANCE (50 * GN_USEC)

int gn_delays_init(struct gn_delays *d, const struct gn_topology *t)
{
	*d = (struct gn_delays){ .topology = t, .samples = malloc(GN_DELAYS_MAX * sizeof(*d->samples)) };
	gn_rand_init(&d->random, t->seed, GN_RAND_RESAMPLE, 0);
	return d->samples ? 0 : -ENOMEM;
}

void gn_delays_done(struct gn_delays *d)
{
	free(d->samples);
	free(d->changed);
	d->samples = NULL;
	d->changed = NULL;
}

/* Algorithm R: J. S. Vitter, ACM TOMS 11(1), 1985. */
void gn_delays_take(struct gn_delays *d, const struct gn_delay_sample *s)
{
	const struct gn_delay_sample *last = &d->last;

	if (d->seen && s->from == last->from && s->to == last->to && s->sent == last->sent &&
	    s->delay == last->delay)
		return;
	d->last = *s;
	d->seen++;
	if (d->n < GN_DELAYS_MAX) {
		d->samples[d->n++] = *s;
		return;
	}
	const uint64_t place = gn_rand_next(&d->random) % d->seen;

	if (place < GN_DELAYS_MAX)
		d->samples[place] = *s;
}

void gn_delays_change(struct gn_delays *d, uint32_t direction, gn_time when)
{
	const uint32_t n = 2 * d->topology->n_links;

	if (!d->changed) {
		d->changed = malloc(n * sizeof(*d->changed));
		for (uint32_t i = 0; d->changed && i < n; i++)
			d->changed[i] = GN_NEVER;
	}
	if (d->changed)
		d->changed[direction] = GN_MIN(d->changed[direction], when);
	else
		d->n = 0; /* without memory there is no telling which samples to leave out */
}

/* ---- what a path should do ---- */

struct path {
	uint32_t directions[PATH_MAX_LINKS];
	uint32_t n;
};

static const struct gn_shape *shape_of(const struct gn_topology *t, uint32_t direction)
{
	return &t->links[direction / 2].shape[direction % 2];
}

/* Does a datagram's delay depend on others, or on anything but chance? */
static bool depends_on_load(const struct gn_topology *t, const struct gn_shape *s)
{
	const bool slots = s->slot.min_delay || s->slot.mean || s->slot.distribution;

	/* First arrivals are those that were fast. */
	return s->rate_bps || s->reorder_ppm || slots ||
	       (s->jitter && (s->keep_order || s->correlation_ppm || t->log == GN_RECORDS_FIRST));
}

/* The least delay that a shape can give. */
static double least_delay(const struct gn_shape *s)
{
	double deviation = -1;

	if (s->reorder_ppm)
		return 0;
	for (uint32_t i = 0; s->distribution && i < s->distribution->n; i++)
		deviation = GN_MIN(deviation, s->distribution->values[i] / (double)TABLE_SCALE);
	return GN_MAX(0, (double)s->delay + deviation * (double)s->jitter);
}

/* Samples, relative to the sum of their paths' mean delays, so that paths of any length may be compared at once. */
struct comparison {
	struct gn_rand random;
	double *measured, *expected; /* ns */
	size_t n_measured, n_expected;
	uint64_t known, early; /* samples that have a least delay, and those that came before it */
};

static bool is_changed(const struct gn_delays *d, const struct path *p, const struct gn_delay_sample *s)
{
	for (uint32_t i = 0; d->changed && i < p->n; i++)
		if (d->changed[p->directions[i]] <= s->sent + s->delay)
			return true;
	return false;
}

static void compare_one(struct comparison *c, const struct gn_delays *d, const struct path *p,
			const struct gn_delay_sample *s)
{
	double mean = 0, least = 0;
	bool loaded = false;

	for (uint32_t i = 0; i < p->n; i++) {
		const struct gn_shape *shape = shape_of(d->topology, p->directions[i]);

		mean += (double)shape->delay;
		least += least_delay(shape);
		loaded |= depends_on_load(d->topology, shape);
	}
	c->known++;
	c->early += (double)(s->delay + EARLY_TOLERANCE) < least;
	if (loaded)
		return;
	c->measured[c->n_measured++] = (double)s->delay - mean;
	for (int k = 0; k < DRAWS; k++) {
		double delay = 0;

		for (uint32_t i = 0; i < p->n; i++)
			delay += (double)gn_sim_netem_delay(shape_of(d->topology, p->directions[i]),
							    &c->random);
		c->expected[c->n_expected++] = delay - mean;
	}
}

/* ---- quantiles ---- */

static int ascending(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double quantile(const double *sorted, size_t n, double q)
{
	return sorted[(size_t)(GN_MIN(GN_MAX(q, 0), 1) * (double)(n - 1) + 0.5)];
}

/* A quantile's rank has the standard error sqrt(q (1 - q) / n): so far may chance move it. */
static void compare_quantile(const struct comparison *c, double q, bool both_ways,
			     struct gn_figure_value *ret)
{
	const double error = SIGMAS * sqrt(q * (1 - q) / (double)c->n_measured);
	const double expected = quantile(c->expected, c->n_expected, q);
	const double above = quantile(c->expected, c->n_expected, q + error) - expected;
	const double below = expected - quantile(c->expected, c->n_expected, q - error);
	const double difference = quantile(c->measured, c->n_measured, q) - expected;

	ret->value = both_ways ? fabs(difference) : GN_MAX(difference, 0);
	ret->allowance = both_ways ? GN_MAX(above, below) : above;
}

static void take_figures(struct comparison *c, struct gn_figures *figures)
{
	if (c->known)
		figures->of[GN_FIGURE_DELAY_EARLY].value = (double)c->early / (double)c->known;
	figures->of[GN_FIGURE_DELAY_SAMPLES].value = (double)c->n_measured;
	if (c->n_measured < SAMPLES_MIN)
		return;
	qsort(c->measured, c->n_measured, sizeof(*c->measured), ascending);
	qsort(c->expected, c->n_expected, sizeof(*c->expected), ascending);
	compare_quantile(c, 0.5, true, &figures->of[GN_FIGURE_DELAY_ERROR_MEDIAN]);
	compare_quantile(c, GN_MIN(0.99, 1 - TAIL / (double)c->n_measured), false,
			 &figures->of[GN_FIGURE_DELAY_ERROR_P99]);
}

int gn_delays_compare(const struct gn_delays *d, struct gn_figures *figures, struct gn_err *err)
{
	GN_CLEANUP(gn_free_p) double *measured = malloc((d->n + 1u) * sizeof(*measured));
	GN_CLEANUP(gn_free_p) double *expected = malloc((DRAWS * (size_t)d->n + 1) * sizeof(*expected));
	struct comparison c = { .random = d->random, .measured = measured, .expected = expected };
	struct gn_sim_network *network = NULL;
	struct path p;
	int r = measured && expected ? gn_sim_network_new(d->topology, &network, err)
				     : gn_fail(err, -ENOMEM, "out of memory for the delays");

	for (uint32_t i = 0; r == 0 && i < d->n; i++) {
		const struct gn_delay_sample *s = &d->samples[i];

		r = gn_sim_network_path(network, s->from, s->to, p.directions, PATH_MAX_LINKS, &p.n, err);
		if (r == 0 && p.n && !is_changed(d, &p, s))
			compare_one(&c, d, &p, s);
	}
	if (r == 0)
		take_figures(&c, figures);
	gn_sim_network_free(network);
	return r;
}
