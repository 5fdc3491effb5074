/* SPDX-License-Identifier: MIT */
/* Multigraphs, and push-pull over them. */
#include "reference.h"

#include <stdlib.h>
#include <string.h>

void graph_make(struct graph *g, uint32_t n, const uint32_t *ends, uint64_t edges)
{
	g->n = n;
	g->first = need(n + 2, sizeof(*g->first));
	g->to = need(2 * edges, sizeof(*g->to));
	for (uint64_t i = 0; i < 2 * edges; i++)
		g->first[ends[i] + 2]++;
	for (uint32_t v = 1; v <= n; v++)
		g->first[v + 1] += g->first[v];
	/* first[v + 1] runs through v's place and ends where the next one's begins. */
	for (uint64_t i = 0; i < 2 * edges; i++)
		g->to[g->first[ends[i] + 1]++] = ends[i ^ 1];
}

void graph_free(struct graph *g)
{
	free(g->first);
	free(g->to);
}

uint32_t graph_giant(const struct graph *g, uint8_t *in_it)
{
	uint32_t *component = need(g->n, sizeof(*component)), *queue = need(g->n, sizeof(*queue));
	uint32_t n_components = 0, giant = 0, largest = 0;

	for (uint32_t root = 0; root < g->n; root++) {
		uint32_t size = 1;

		if (component[root])
			continue;
		component[root] = ++n_components;
		queue[0] = root;
		for (uint32_t i = 0; i < size; i++) {
			for (uint32_t e = g->first[queue[i]]; e < g->first[queue[i] + 1]; e++) {
				if (!component[g->to[e]]) {
					component[g->to[e]] = n_components;
					queue[size++] = g->to[e];
				}
			}
		}
		if (size > largest) {
			largest = size;
			giant = n_components;
		}
	}
	for (uint32_t v = 0; v < g->n; v++)
		in_it[v] = component[v] == giant;
	free(component);
	free(queue);
	return largest;
}

static uint32_t partner_of(const struct graph *g, struct dice *d, uint32_t u, uint32_t avoid)
{
	uint32_t first = g->first[u], n = g->first[u + 1] - first, v;
	bool another = false;

	for (uint32_t i = 0; i < n; i++)
		another |= g->to[first + i] != avoid;
	do
		v = g->to[first + dice_below(d, n)];
	while (another && v == avoid);
	return v;
}

void graph_push_pull(const struct graph *g, struct dice *d, const struct options *o, uint32_t source,
		     uint32_t counted, struct outcome *ret)
{
	uint8_t *knew = need(g->n, 1), *knows = need(g->n, 1);
	uint32_t *last = need(g->n, sizeof(*last)), informed = 1;
	uint64_t calls = 0;
	struct curve c;

	memset(last, 0xff, g->n * sizeof(*last));
	knew[source] = knows[source] = 1;
	curve_begin(&c, ret, counted);
	for (uint32_t round = 1; informed < counted; round++) {
		for (uint32_t u = 0; u < g->n; u++) {
			if (g->first[u] == g->first[u + 1])
				continue;
			uint32_t v = partner_of(g, d, u, o->memory ? last[u] : UINT32_MAX);

			last[u] = v;
			calls++;
			knows[v] |= knew[u];
			knows[u] |= knew[v];
		}
		memcpy(knew, knows, g->n);
		informed = 0;
		for (uint32_t u = 0; u < g->n; u++)
			informed += knew[u];
		curve_add(&c, round, informed);
	}
	ret->messages = (double)calls;
	free(knew);
	free(knows);
	free(last);
}
