/* SPDX-License-Identifier: MIT */
/*
 * The model of Chung and Lu: PNAS 99(25), 2002; with Poisson numbers of edges as Norros and Reittu, Adv. Appl.
 * Prob. 38(1), 2006.
 *
 * Edges come as a Poisson process of mean W / 2 in all, and each one draws both of its ends on its own, vertex i with
 * probability w_i / W. Splitting such a process by the marks of its points gives independent Poisson numbers: for the
 * unordered pair i, j, drawn in two orders, of mean (W / 2) 2 (w_i / W) (w_j / W) = w_i w_j / W. So the distribution
 * is exact, in time proportional to vertices and edges; loops are drawn and dropped.
 */
#include "topo/graph.h"

#include "gossipnet/protocol.h"

#define ONE_Q32 (UINT64_C(1) << 32)

/* (n / (i + 1))^(1 / (beta - 1)), at least 1. UINT64_MAX: 2^31 or more, which no graph has edges for. */
static uint64_t weight_q32(const struct gn_chung_lu *model, uint32_t i)
{
	uint64_t power_q32 = GN_DECIMAL_ONE * ONE_Q32 / (model->exponent - GN_DECIMAL_ONE);
	uint64_t ratio_q32 = gn_log2_q32(model->nodes) - gn_log2_q32(i + UINT64_C(1));
	uint64_t log_q32 = (uint64_t)((unsigned __int128)power_q32 * ratio_q32 >> 32);
	uint64_t above = (log_q32 >> 32) + 1;

	if (above > 31)
		return UINT64_MAX;
	return gn_exp2_minus_q63((above << 32) - log_q32) >> (31 - above);
}

/*
 * The alias method (Walker 1977; Vose 1991): vertices are drawn by a uniform column, which belongs to its own vertex up to
 * .own and to .other above. In such a table every vertex's area is its share of the weight.
 */
struct column {
	uint32_t own, other;
};

static uint64_t share_q32(const uint64_t *weight, uint32_t n, unsigned __int128 total, uint32_t i)
{
	return (uint64_t)(((unsigned __int128)weight[i] * n << 32) / total);
}

/* Weights descend, so the columns that are too full are in front and those with room behind. */
static void fill_table(struct column *table, const uint64_t *weight, uint32_t n, unsigned __int128 total)
{
	uint32_t full = 0, last = n - 1;
	uint64_t left = share_q32(weight, n, total, 0); /* of the full one's area, not placed yet */

	while (full < last) {
		uint64_t room;

		if (left < ONE_Q32) {
			/* No longer full: the next one fills it up. */
			table[full] = (struct column){ (uint32_t)left, full + 1 };
			room = ONE_Q32 - left;
			left = share_q32(weight, n, total, ++full);
		} else {
			uint64_t own = GN_MIN(share_q32(weight, n, total, last), ONE_Q32 - 1);

			table[last--] = (struct column){ (uint32_t)own, full };
			room = ONE_Q32 - own;
		}
		left -= GN_MIN(room, left); /* shares are rounded */
	}
	table[full] = (struct column){ 0, full };
}

static uint32_t draw_vertex(const struct column *table, uint32_t n, struct gn_rand *rand)
{
	uint64_t place = gn_rand_below(rand, n * ONE_Q32);
	const struct column *c = &table[place >> 32];

	return (uint32_t)place < c->own ? (uint32_t)(place >> 32) : c->other;
}

static int draw_edges(const struct column *table, uint32_t n, uint64_t mean_q32, struct gn_rand *rand,
		      struct gn_edges *g)
{
	const uint64_t ln_2_64_q32 = UINT64_C(0x2c5c85fdf4); /* 64 ln 2 */
	int r = 0;

	for (uint64_t t_q32 = 0; !r;) {
		/* The time to the next point, exponentially distributed. */
		t_q32 += ln_2_64_q32 - gn_ln_q32(gn_rand_next(rand) | 1);
		if (t_q32 >= mean_q32)
			break;
		uint32_t a = draw_vertex(table, n, rand), b = draw_vertex(table, n, rand);

		if (a != b)
			r = gn_edges_add(g, a, b);
	}
	return r;
}

int gn_graph_make_chung_lu(const struct gn_chung_lu *model, struct gn_rand *rand, struct gn_edges *ret)
{
	uint32_t n = model->nodes;
	GN_CLEANUP(gn_free_p) uint64_t *weight = calloc(n, sizeof(*weight));
	GN_CLEANUP(gn_free_p) struct column *table = malloc(n * sizeof(*table));
	unsigned __int128 total = 0;

	if (!weight || !table)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++) {
		weight[i] = weight_q32(model, i);
		if (weight[i] == UINT64_MAX)
			return -E2BIG;
		total += weight[i];
	}
	/* Far above that many edges, one need not draw them to know. */
	unsigned __int128 mean_q32 = total * model->degree / (2 * GN_DECIMAL_ONE);

	if (mean_q32 >> 32 > 2 * (unsigned __int128)ret->max + 100)
		return -E2BIG;
	fill_table(table, weight, n, total);
	return draw_edges(table, n, (uint64_t)mean_q32, rand, ret);
}
