/* SPDX-License-Identifier: MIT */
/* Poisson clocks of rate 1, push-pull, no delay. */
#include "reference.h"

#include <stdlib.h>

void model_poisson(const struct options *o, struct dice *d, struct outcome *ret)
{
	uint8_t *knows = need(o->n, 1);
	uint32_t informed = 1;
	uint64_t calls = 0;
	double t = 0;
	struct curve c;

	knows[0] = 1;
	curve_begin(&c, ret, o->n);
	while (informed < o->n) {
		uint32_t u = dice_below(d, o->n), v = dice_other(d, o->n, u);

		t += dice_exponential(d) / o->n;
		calls++;
		if (knows[u] == knows[v])
			continue;
		knows[u] = knows[v] = 1;
		curve_add(&c, t, ++informed);
	}
	ret->messages = (double)calls;
	free(knows);
}
