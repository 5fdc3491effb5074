/* SPDX-License-Identifier: MIT */
/* Push-pull on Barabasi and Albert's graph: each new node's m edges go to nodes chosen by degree. */
#include "reference.h"

#include <stdlib.h>

/* A node stands in `ends` once for each edge it has, so a uniform place there is a choice by degree. */
static void draw_graph(const struct options *o, struct dice *d, struct graph *g)
{
	uint32_t *ends = need(2 * (size_t)o->edges * o->n, sizeof(*ends));
	uint64_t edges = 0;

	for (uint32_t v = 1; v < o->n; v++) {
		uint64_t before = 2 * edges;

		for (uint32_t i = 0; i < o->edges; i++) {
			ends[2 * edges] = v;
			ends[2 * edges + 1] = before ? ends[dice_below(d, (uint32_t)before)] : 0;
			edges++;
		}
	}
	graph_make(g, o->n, ends, edges);
	free(ends);
}

void model_barabasi_albert(const struct options *o, struct dice *d, struct outcome *ret)
{
	struct graph g;

	draw_graph(o, d, &g);
	graph_push_pull(&g, d, o, 0, o->n, ret);
	graph_free(&g);
}
