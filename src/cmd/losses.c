/* SPDX-License-Identifier: MIT */
#include "cmd/losses.h"

#include <math.h>

#include "topo/shape.h"

/* What chance does more rarely than once in 100,000 runs. */
#define RARE 1e-5
/* With a correlation, netem loses another share than it was told; gn_shape_mean_loss() knows it so well. */
#define CORRELATED_TOLERANCE 0.001
/* Datagrams that may be on their way from one queue to the next while the counters are read. */
#define UNDER_WAY 3

int gn_losses_read(struct gn_losses *l, const struct gn_topology *t, const struct gn_network *net,
		   struct gn_err *err)
{
	uint64_t parted = 0, down = 0;

	*l = (struct gn_losses){ .topology = t,
				 .directions = calloc(2 * (size_t)t->n_links + 1, sizeof(*l->directions)) };
	if (!l->directions)
		return gn_fail(err, -ENOMEM, "out of memory for the links' counters");
	if (gn_network_cut_drops(net, &parted, &down, NULL) == 0)
		l->cut = parted + down;
	return gn_network_counters(net, l->directions, &l->all, err);
}

void gn_losses_done(struct gn_losses *l)
{
	free(l->directions);
	*l = (struct gn_losses){ .topology = NULL };
}

/* ---- what chance may do ---- */

/* How much longer than for independent losses it takes to tell a mean: states that fade as r^k make a sum's variance
 * (1 + r) / (1 - r) times as large. */
static double inflation(const struct gn_shape *s)
{
	const double *p = (const double[]){ s->loss_states[0] / 1e6, s->loss_states[1] / 1e6,
					    s->loss_states[2] / 1e6, s->loss_states[3] / 1e6 };
	double r = s->loss_correlation_ppm / 1e6;

	if (s->loss_model == GN_LOSS_GILBERT_ELLIOTT)
		r = 1 - p[0] - p[1];
	if (s->loss_model == GN_LOSS_STATES) /* gap and burst (p13, p31); within a burst (p32, p23) */
		r = GN_MAX(1 - p[0] - p[1], 1 - p[2] - p[3]);
	r = GN_MIN(GN_MAX(r, 0), 0.9999);
	return (1 + r) / (1 - r);
}

/* Of all decisions of a netem (packets that leave it or are dropped), the share that is a loss. A packet that is chosen to
 * be lost and to be doubled goes on once; of one that is doubled the second copy may be lost (netem_enqueue()). */
static double share_of_drops(double loss, double duplicate)
{
	return loss * (1 - duplicate * loss) / (1 + duplicate * (1 - loss));
}

/* Links that lose by chance alone, or those that may lose more, at a full queue. */
struct sum {
	double decisions, dropped;
	double expected, variance, tolerance;
};

static void add(struct sum *sum, const struct gn_qdisc_counters *c, const struct gn_shape *s)
{
	const double n = (double)(c->sent + c->dropped + c->queued);
	const double p = share_of_drops(gn_shape_mean_loss(s), s->duplicate_ppm / 1e6);

	sum->decisions += n;
	sum->dropped += (double)c->dropped;
	sum->expected += n * p;
	sum->variance += n * p * (1 - p) * inflation(s);
	if (s->loss_model == GN_LOSS_RANDOM && s->loss_correlation_ppm)
		sum->tolerance += n * CORRELATED_TOLERANCE;
}

/* Bernstein's inequality: a sum of terms of at most 1 is further from its mean than this more rarely than RARE. For many
 * packets that is 4.9 standard errors; for few it is more, as their sum is not normal. */
static double bound(const struct sum *sum)
{
	const double l = log(2 / RARE);

	if (sum->variance <= 0) /* nothing is left to chance */
		return sum->tolerance;
	return l / 3 + sqrt(l * l / 9 + 2 * l * sum->variance) + sum->tolerance;
}

void gn_losses_compare(const struct gn_losses *l, const gn_time *changed, struct gn_figures *figures)
{
	const struct gn_topology *t = l->topology;
	struct gn_figure_value *deviation = &figures->of[GN_FIGURE_LOSS_DEVIATION];
	struct sum by_chance = { 0 }, queued = { 0 };

	for (uint32_t d = 0; d < 2 * t->n_links; d++) {
		const struct gn_shape *s = &t->links[d / 2].shape[d % 2];

		if (l->directions[d].there && !(changed && changed[d] != GN_NEVER))
			add(s->rate_bps || s->limit_given ? &queued : &by_chance, &l->directions[d], s);
	}
	const double n = by_chance.decisions + queued.decisions;

	if (n <= 0)
		return;
	figures->of[GN_FIGURE_LOSS].value = (by_chance.dropped + queued.dropped) / n;
	figures->of[GN_FIGURE_LOSS_CONFIGURED].value = (by_chance.expected + queued.expected) / n;
	deviation->value = fabs(by_chance.dropped - by_chance.expected);
	deviation->allowance = bound(&by_chance);
	if (queued.decisions > 0) {
		deviation->value += GN_MAX(0, queued.expected - queued.dropped);
		deviation->allowance += bound(&queued);
	}
}

/* A netem that duplicates may have sent what another lost; a corrupt datagram may be thrown away anywhere. */
static bool are_kept(const struct gn_losses *l)
{
	const struct gn_topology *t = l->topology;

	for (uint32_t d = 0; d < 2 * t->n_links; d++) {
		const struct gn_shape *s = &t->links[d / 2].shape[d % 2];

		if (s->duplicate_ppm || s->corrupt_ppm)
			return false;
	}
	return !(l->fields_set & (GN_SHAPE_DUPLICATE | GN_SHAPE_CORRUPT));
}

void gn_losses_explain(const struct gn_losses *l, double sent, double missing, struct gn_figures *figures)
{
	struct gn_figure_value *f = &figures->of[GN_FIGURE_LOST_ELSEWHERE];
	const double explained = (double)(l->all.dropped + l->all.queued + l->cut);

	figures->of[GN_FIGURE_QDISC_BACKLOG].value = (double)l->all.queued;
	figures->of[GN_FIGURE_QDISC_OVERLIMITS].value = (double)l->all.overlimits;
	figures->of[GN_FIGURE_QDISC_REQUEUES].value = (double)l->all.requeues;
	if (sent <= 0 || !are_kept(l))
		return;
	f->value = GN_MAX(missing - explained, 0) / sent;
	f->allowance = UNDER_WAY / sent;
	if (isnan(missing)) /* which the comparison above hides */
		f->value = NAN;
}

int gn_losses_write(const struct gn_losses *l, struct gn_store *store, struct gn_err *err)
{
	int r = 0;

	for (uint32_t d = 0; r == 0 && d < 2 * l->topology->n_links; d++) {
		const struct gn_qdisc_counters *c = &l->directions[d];
		const struct {
			const char *key;
			uint64_t value;
		} rows[] = {
			{ "packets", c->sent },		 { "dropped", c->dropped },   { "queued", c->queued },
			{ "overlimits", c->overlimits }, { "requeues", c->requeues },
		};

		for (size_t i = 0; c->there && r == 0 && i < GN_ARRAY_LEN(rows); i++)
			r = gn_store_link_stat(store, d, rows[i].key, (int64_t)rows[i].value, err);
	}
	return r;
}
