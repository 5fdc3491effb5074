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

struct gn_graph_spec {
	enum gn_graph graph;
	uint32_t nodes;
	uint32_t columns;     /* grid; nodes is a multiple of it */
	uint32_t branching;   /* tree: vertex v's parent is (v - 1) / branching */
	uint32_t degree;      /* k-regular; Watts-Strogatz */
	bool by_edges;	      /* Erdos-Renyi: G(n,m), else G(n,p) */
	uint64_t edges;	      /* Erdos-Renyi: m; Barabasi-Albert: of each new vertex */
	uint64_t probability; /* Erdos-Renyi: p, of GN_PROBABILITY_ONE */
	uint64_t rewire;      /* Watts-Strogatz: beta, of GN_PROBABILITY_ONE */
};

/**
 * gn_graph_make() - the edges of a graph, without loops or parallel edges.
 * @ret: empty with .max set; holds the edges on success; the caller frees ret->e in any case.
 *
 * The parameters must make sense: see generate.c. k-regular: simple and connected (degree >= 2, or 2
 * nodes); all such graphs equally likely up to degree 4, nearly so above (configuration model, repaired
 * by random switches). The others are connected by construction, but for Erdos-Renyi and
 * Watts-Strogatz, which are as they come.
 *
 * Return: 0; -ENOMEM; -E2BIG: more than ret->max edges.
 */
int gn_graph_make(const struct gn_graph_spec *spec, struct gn_rand *rand, struct gn_edges *ret);

#endif
