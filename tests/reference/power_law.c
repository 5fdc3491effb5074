/* SPDX-License-Identifier: MIT */
/* power-law: node u draws C_u once, P(C = k) = k^-beta / zeta(beta), at most n - 1, and makes C_u calls a round. */
#include "reference.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Zipf's law by rejection (Devroye, Non-Uniform Random Variate Generation, 1986, X.6.1). */
static uint32_t draw_calls(const struct options *o, struct dice *d)
{
	double b = pow(2, o->beta - 1), x, t;
	uint32_t most = o->n - 1;

	do {
		x = floor(pow(dice_unit(d), -1 / (o->beta - 1)));
		t = pow(1 + 1 / x, o->beta - 1);
	} while (dice_unit(d) * x * (t - 1) / (b - 1) > t / b);
	if (o->cap && o->cap < most)
		most = o->cap;
	return x < most ? (uint32_t)x : most;
}

void model_power_law(const struct options *o, struct dice *d, struct outcome *ret)
{
	uint8_t *knew = need(o->n, 1), *knows = need(o->n, 1);
	uint32_t *calls = need(o->n, sizeof(*calls)), informed = 1;
	uint64_t all_calls = 0;
	struct curve c;

	for (uint32_t u = 0; u < o->n; u++)
		calls[u] = draw_calls(o, d);
	knew[0] = knows[0] = 1;
	curve_begin(&c, ret, o->n);
	for (uint32_t round = 1; informed < o->n; round++) {
		for (uint32_t u = 0; u < o->n; u++) {
			uint32_t n = o->redraw ? draw_calls(o, d) : calls[u];

			all_calls += n;
			while (n-- > 0) {
				uint32_t v = dice_other(d, o->n, u);

				if (dice_chance(d, o->call_loss) || dice_chance(d, o->datagram_loss))
					continue;
				if (!o->pull_only)
					knows[v] |= knew[u];
				if (!o->push_only && !dice_chance(d, o->datagram_loss))
					knows[u] |= knew[v];
			}
		}
		memcpy(knew, knows, o->n);
		informed = 0;
		for (uint32_t u = 0; u < o->n; u++)
			informed += knew[u];
		curve_add(&c, round, informed);
	}
	ret->messages = (double)all_calls;
	free(knew);
	free(knows);
	free(calls);
}
