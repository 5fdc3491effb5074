/* SPDX-License-Identifier: MIT */
/* How much is lost in the long run under each of netem's models of loss. */
#include <math.h>

#include "topo/shape.h"

#define ONE 1e6 /* ppm */

/*
 * netem's correlated numbers: X' = (1 - rho) U + rho X with U uniform (get_crandom() in the kernel's sch_netem.c). Their
 * distribution function has F(x) = rho / (1 - rho) (G(x / rho) - G((x - 1 + rho) / rho)), G being F's integral: what
 * begins as the normal distribution of the same mean and variance is put through this until it stays the same.
 */
enum { CELLS = 4096, ROUNDS_MAX = 400 };

struct correlated {
	double rho;
	double f[CELLS + 1], g[CELLS + 1]; /* F and G at i / CELLS */
};

static void integrate(struct correlated *c)
{
	c->g[0] = 0;
	for (int i = 0; i < CELLS; i++)
		c->g[i + 1] = c->g[i] + (c->f[i] + c->f[i + 1]) / (2 * CELLS);
}

static double integral_to(const struct correlated *c, double x)
{
	if (x <= 0)
		return 0;
	if (x >= 1)
		return c->g[CELLS] + (x - 1);
	const int i = (int)(x * CELLS);
	const double rest = x - (double)i / CELLS;

	return c->g[i] + rest * (c->f[i] + (c->f[i + 1] - c->f[i]) * rest * CELLS / 2);
}

static double next_share(const struct correlated *c, double x)
{
	const double rho = c->rho;

	return rho / (1 - rho) * (integral_to(c, x / rho) - integral_to(c, (x - 1 + rho) / rho));
}

static double correlated_share(double share, double rho)
{
	const double deviation = sqrt((1 - rho) / (1 + rho) / 12);
	struct correlated c = { .rho = rho };
	double change = 1;

	for (int i = 0; i <= CELLS; i++)
		c.f[i] = erfc((0.5 - (double)i / CELLS) / deviation / M_SQRT2) / 2;
	for (int round = 0; round < ROUNDS_MAX && change > 1e-7; round++) {
		integrate(&c);
		change = 0;
		for (int i = 0; i <= CELLS; i++) {
			const double f = next_share(&c, (double)i / CELLS);

			change = fmax(change, fabs(f - c.f[i]));
			c.f[i] = f;
		}
	}
	integrate(&c);
	return next_share(&c, share);
}

static double random_loss(const struct gn_shape *s)
{
	const double share = s->loss_ppm / ONE, rho = s->loss_correlation_ppm / ONE;

	if (rho == 0 || share == 0 || share == 1)
		return share;
	if (rho == 1) /* the number never changes, and nobody knows it */
		return share;
	return correlated_share(share, rho);
}

static double gilbert_elliott_loss(const struct gn_shape *s)
{
	const double p = s->loss_states[0] / ONE, r = s->loss_states[1] / ONE;
	const double in_bad = s->loss_states[2] / ONE, in_good = s->loss_states[3] / ONE;
	const double bad = p + r > 0 ? p / (p + r) : 0; /* it begins in the good state */

	return bad * in_bad + (1 - bad) * in_good;
}

/*
 * The states: 1 received in a gap, 2 received in a burst, 3 lost in a burst, 4 lost in a gap. Their shares follow from
 * what crosses between them both ways: 1 and 4, 2 and 3, and {1, 4} and {2, 3}.
 */
static double states_loss(const struct gn_shape *s)
{
	const double p13 = s->loss_states[0] / ONE, p31 = s->loss_states[1] / ONE,
		     p32 = s->loss_states[2] / ONE;
	const double p23 = s->loss_states[3] / ONE, p14 = s->loss_states[4] / ONE;

	if (p13 == 0)
		return p14 / (1 + p14);
	if (p23 == 0 && p32 > 0) /* a burst is never left, and all of it comes through in the end */
		return 0;
	const double in_3 = p13, in_2 = p23 > 0 ? in_3 * p32 / p23 : 0, in_1 = p31, in_4 = in_1 * p14;

	return (in_3 + in_4) / (in_1 + in_2 + in_3 + in_4);
}

double gn_shape_mean_loss(const struct gn_shape *s)
{
	switch (s->loss_model) {
	case GN_LOSS_RANDOM:
		return random_loss(s);
	case GN_LOSS_GILBERT_ELLIOTT:
		return gilbert_elliott_loss(s);
	case GN_LOSS_STATES:
		return states_loss(s);
	}
	return 0;
}
