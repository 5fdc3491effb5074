/* SPDX-License-Identifier: MIT */
/* pull: uninformed nodes call; the caller learns if the callee knows. */
#include "reference.h"

#include <stdlib.h>

enum { ROUNDS_MAX = 300 }; /* who forgets may never reach all */

void model_pull(const struct options *o, struct dice *d, struct outcome *ret)
{
	/* The round in which a node learned + 1; 0: not yet. */
	uint32_t *since = need(o->n, sizeof(*since)), *silent = need(o->n, sizeof(*silent));
	uint32_t informed = 1;
	uint64_t calls = 0;
	struct curve c;

	since[0] = 1;
	curve_begin(&c, ret, o->n);
	for (uint32_t round = 1; informed < o->n && round <= ROUNDS_MAX; round++) {
		for (uint32_t u = 0; u < o->n; u++) {
			if (since[u])
				continue;
			for (uint32_t call = 0; call < o->k; call++) {
				uint32_t v = dice_other(d, o->n, u);
				bool arrives =
					!dice_chance(d, o->call_loss) && !dice_chance(d, o->datagram_loss);
				bool knew = since[v] && since[v] <= round && !silent[v];

				calls++;
				if (arrives && knew && !dice_chance(d, o->datagram_loss) && !since[u]) {
					since[u] = round + 1;
					informed++;
				}
			}
		}
		forget(o, d, round, since, silent);
		curve_add(&c, round, informed);
	}
	ret->messages = (double)calls;
	free(since);
	free(silent);
}
