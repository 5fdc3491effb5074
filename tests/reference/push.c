/* SPDX-License-Identifier: MIT */
/* push: informed nodes call; the callee learns. */
#include "reference.h"

#include <stdlib.h>

void model_push(const struct options *o, struct dice *d, struct outcome *ret)
{
	/* The informed nodes in the order in which they learned: those of the round's start are a prefix. */
	uint32_t *informed = need(o->n, sizeof(*informed));
	uint8_t *knows = need(o->n, 1);
	uint32_t n_informed = 1;
	uint64_t calls = 0;
	struct curve c;

	knows[0] = 1;
	curve_begin(&c, ret, o->n);
	for (uint32_t round = 1; n_informed < o->n; round++) {
		uint32_t at_start = n_informed;

		for (uint32_t i = 0; i < at_start; i++) {
			for (uint32_t call = 0; call < o->k; call++) {
				uint32_t v = dice_other(d, o->n, informed[i]);

				calls++;
				/* A call without an answer: it is the same whether the call or its datagram is lost. */
				if (dice_chance(d, o->call_loss) || dice_chance(d, o->datagram_loss) ||
				    knows[v])
					continue;
				knows[v] = 1;
				informed[n_informed++] = v;
			}
		}
		curve_add(&c, round, n_informed);
	}
	ret->messages = (double)calls;
	free(informed);
	free(knows);
}
