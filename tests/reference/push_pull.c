/* SPDX-License-Identifier: MIT */
/* push-pull: everybody calls; the rumor crosses in either direction. */
#include "reference.h"

#include <stdlib.h>
#include <string.h>

void model_push_pull(const struct options *o, struct dice *d, struct outcome *ret)
{
	uint8_t *knew = need(o->n, 1), *knows = need(o->n, 1);
	uint32_t informed = 1;
	uint64_t calls = 0;
	struct curve c;

	knew[0] = knows[0] = 1;
	curve_begin(&c, ret, o->n);
	for (uint32_t round = 1; informed < o->n; round++) {
		for (uint32_t u = 0; u < o->n; u++) {
			for (uint32_t call = 0; call < o->k; call++) {
				uint32_t v = dice_other(d, o->n, u);

				calls++;
				if (dice_chance(d, o->call_loss) || dice_chance(d, o->datagram_loss))
					continue;
				knows[v] |= knew[u];
				if (!dice_chance(d, o->datagram_loss))
					knows[u] |= knew[v];
			}
		}
		memcpy(knew, knows, o->n);
		informed = 0;
		for (uint32_t u = 0; u < o->n; u++)
			informed += knew[u];
		curve_add(&c, round, informed);
	}
	ret->messages = (double)calls;
	free(knew);
	free(knows);
}
