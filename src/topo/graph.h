/* SPDX-License-Identifier: MIT */
/*
 * Graphs from models: pure functions of their parameters and a generator of random numbers, in whole
 * numbers only, so that they are the same on every machine. Vertices are 0 .. nodes - 1.
 */
#ifndef GN_TOPO_GRAPH_H
#define GN_TOPO_GRAPH_H

#include <stdbool.h>

#include "topo/schema.h"
#include "util/rand.h"

struct gn_edge {
	uint32_t a, b;
};

struct gn_edges {
	struct gn_edge *e; /* owned, released with free() */
	size_t n, cap, max;
};

/* Return: 0; -ENOMEM; -E2BIG: there are .max already. */
int gn_edges_add(struct gn_edges *g, uint32_t a, uint32_t b);

/* Union-find: the root of @v's tree, which becomes flatter. */
static inline uint32_t gn_find_root(uint32_t *parent, uint32_t v)
{
	while (parent[v] != v) {
		parent[v] = parent[parent[v]];
		v = parent[v];
	}
	return v;
}

struct gn_graph_spec {
	enum gn_graph graph;
	uint32_t nodes;
	uint32_t columns;     /* grid; the last row may have fewer */
	uint32_t branching;   /* tree: vertex v's parent is (v - 1) / branching */
	uint32_t degree;      /* k-regular; Watts-Strogatz */
	bool by_edges;	      /* Erdos-Renyi: G(n,m), else G(n,p) */
	uint64_t edges;	      /* Erdos-Renyi: m; Barabasi-Albert: of each new vertex */
	bool parallel;	      /* Barabasi-Albert: edges of a new vertex may have the same target */
	uint64_t probability; /* Erdos-Renyi: p, of GN_PROBABILITY_ONE */
	uint64_t rewire;      /* Watts-Strogatz: beta, of GN_PROBABILITY_ONE */
};

/**
 * gn_graph_make() - the edges of a graph, without loops, and without parallel edges unless asked for.
 * @ret: empty with .max set; holds the edges on success; the caller frees ret->e in any case.
 *
 * The parameters must make sense: see generate.c. k-regular: simple and connected (degree >= 2, or 2 nodes); all
 * such graphs equally likely up to degree 4 and 100000 nodes, nearly so above (configuration model, repaired by
 * random switches). The others are connected by construction, but for Erdos-Renyi and Watts-Strogatz, which are as
 * they come.
 *
 * Return: 0; -ENOMEM; -E2BIG: more than ret->max edges.
 */
int gn_graph_make(const struct gn_graph_spec *spec, struct gn_rand *rand, struct gn_edges *ret);

/* The model of Chung and Lu with a power law: vertex i has weight w_i = d (n / (i + 1))^(1 / (beta - 1)). */
struct gn_chung_lu {
	uint32_t nodes;	   /* n, >= 1 */
	uint64_t degree;   /* d, of GN_DECIMAL_ONE: the smallest weight */
	uint64_t exponent; /* beta, of GN_DECIMAL_ONE, above 1 */
};

/* Its edges: between i and j a Poisson number of mean w_i w_j / W, W the sum of the weights; no loops. A vertex may
 * have no edge. @ret and the return value: as gn_graph_make(). */
int gn_graph_make_chung_lu(const struct gn_chung_lu *model, struct gn_rand *rand, struct gn_edges *ret);

#endif
