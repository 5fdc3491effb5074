/* SPDX-License-Identifier: MIT */
/* Push-pull on Chung-Lu's graph: Poisson(w_i w_j / W) edges between i and j, w_i = d (n / (i + 1))^(1 / (beta - 1)). */
#include "reference.h"

#include <math.h>
#include <stdlib.h>

/* The node in whose share of the weights @at lies. */
static uint32_t node_at(const double *up_to, uint32_t n, double at)
{
	uint32_t low = 0, high = n - 1;

	while (low < high) {
		uint32_t middle = (low + high) / 2;

		if (up_to[middle] < at)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* W / 2 edges on average, each end drawn by weight, are w_i w_j / W between each two nodes. */
static void draw_graph(const struct options *o, struct dice *d, struct graph *g)
{
	double *up_to = need(o->n, sizeof(*up_to)), total = 0;

	for (uint32_t i = 0; i < o->n; i++) {
		total += o->degree * pow((double)o->n / (i + 1), 1 / (o->beta - 1));
		up_to[i] = total;
	}
	uint32_t most = dice_poisson(d, total / 2);
	uint32_t *ends = need(2 * (size_t)most, sizeof(*ends));
	uint64_t edges = 0;

	for (uint32_t i = 0; i < most; i++) {
		ends[2 * edges] = node_at(up_to, o->n, dice_unit(d) * total);
		ends[2 * edges + 1] = node_at(up_to, o->n, dice_unit(d) * total);
		edges += ends[2 * edges] != ends[2 * edges + 1];
	}
	graph_make(g, o->n, ends, edges);
	free(up_to);
	free(ends);
}

/* The source is the first node of the giant component: with the weights as they are nearly always the heaviest. */
void model_chung_lu(const struct options *o, struct dice *d, struct outcome *ret)
{
	uint8_t *in_giant = need(o->n, 1);
	struct graph g;
	uint32_t source = 0;

	draw_graph(o, d, &g);
	uint32_t counted = graph_giant(&g, in_giant);

	while (!in_giant[source])
		source++;
	graph_push_pull(&g, d, o, source, counted, ret);
	graph_free(&g);
	free(in_giant);
}
