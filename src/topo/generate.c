/* SPDX-License-Identifier: MIT */
/* `generate:`: from the parameters of a model to nodes and links. */
#include "topo/graph.h"
#include "topo/planning.h"

static const struct gn_field *field_of(const struct gn_raw_generate *g, const struct gn_key *k)
{
	return (const void *)((const char *)g + k->offset);
}

static bool is_vowel(char c)
{
	return c == 'a' || c == 'e' || c == 'i' || c == 'o' || c == 'u';
}

/* Keys that this model does not take, or lacks. */
static void check_keys(struct gn_planning *p, const struct gn_raw_generate *g)
{
	const struct gn_schema *s = gn_schema_generate();
	const char *graph = g->graph.text, *article = is_vowel(*graph) ? "an" : "a";
	const unsigned bit = 1u << g->graph.number;

	for (size_t i = 0; i < s->n; i++) {
		const struct gn_key *k = &s->keys[i];
		const struct gn_field *f = field_of(g, k);

		if (f == &g->graph)
			continue;
		if (f->at && !(k->graphs & bit))
			gn_fault_at(p->report, f->at->key_place, "%s %s graph takes no %s", article, graph,
				    k->name);
		if (!f->at && k->needed & bit)
			gn_fault_at(p->report, g->shape.raw.place, "%s %s graph needs %s", article, graph,
				    k->name);
	}
}

/* Exactly one of two keys. */
static void check_either(struct gn_planning *p, const struct gn_raw_generate *g, const struct gn_field *a,
			 const struct gn_field *b, const char *names)
{
	if (!a->at == !b->at)
		gn_fault_at(p->report, b->at ? b->at->key_place : g->shape.raw.place,
			    "the %s graph needs one of %s%s", g->graph.text, names,
			    a->at ? ", not both" : "");
}

static void need_at_least(struct gn_planning *p, const struct gn_raw_generate *g, uint64_t least)
{
	if (g->nodes.at && g->nodes.number < least)
		gn_fault_at(p->report, g->nodes.at->place, "a %s graph needs at least %u nodes",
			    g->graph.text, (unsigned)least);
}

static uint64_t tree_nodes(const struct gn_raw_generate *g, uint64_t max)
{
	uint64_t level = 1, all = 1;

	for (uint64_t d = 0; d < g->depth.number && all <= max; d++) {
		level *= g->branching.number;
		all += level;
	}
	return all;
}

static void check_k_regular(struct gn_planning *p, const struct gn_raw_generate *g)
{
	uint64_t n = g->nodes.number, degree = g->degree.number;

	if (!g->degree.at || !g->nodes.at)
		return;
	if (degree >= n)
		gn_fault_at(p->report, g->degree.at->place, "degree %u needs more than %u nodes",
			    (unsigned)degree, (unsigned)n);
	else if (n * degree % 2)
		gn_fault_at(
			p->report, g->degree.at->place,
			"degree and nodes are both odd: links have two ends, so their product must be even");
	else if (degree == 1 && n > 2)
		gn_fault_at(p->report, g->degree.at->place, "with degree 1 only two nodes can be connected");
}

static void check_erdos_renyi(struct gn_planning *p, const struct gn_raw_generate *g)
{
	uint64_t pairs = g->nodes.number * (g->nodes.number - 1) / 2;

	check_either(p, g, &g->probability, &g->edges, "probability and edges");
	if (g->edges.at && g->nodes.at && g->edges.number > pairs)
		gn_fault_at(p->report, g->edges.at->place, "edges: %u nodes have only %llu pairs",
			    (unsigned)g->nodes.number, (unsigned long long)pairs);
}

static void check_watts_strogatz(struct gn_planning *p, const struct gn_raw_generate *g)
{
	if (!g->degree.at || !g->nodes.at)
		return;
	if (g->degree.number % 2)
		gn_fault_at(p->report, g->degree.at->place,
			    "degree must be even: half of it to each side of the ring");
	else if (g->degree.number >= g->nodes.number)
		gn_fault_at(p->report, g->degree.at->place, "degree %u needs more than %u nodes",
			    (unsigned)g->degree.number, (unsigned)g->nodes.number);
}

static void check_graph(struct gn_planning *p, const struct gn_raw_generate *g)
{
	switch ((enum gn_graph)g->graph.number) {
	case GN_GRAPH_STAR:
	case GN_GRAPH_LINE:
	case GN_GRAPH_FULL:
		need_at_least(p, g, 2);
		return;
	case GN_GRAPH_RING:
		need_at_least(p, g, 3);
		return;
	case GN_GRAPH_TREE:
		check_either(p, g, &g->nodes, &g->depth, "nodes and depth");
		return;
	case GN_GRAPH_K_REGULAR:
		check_k_regular(p, g);
		return;
	case GN_GRAPH_ERDOS_RENYI:
		check_erdos_renyi(p, g);
		return;
	case GN_GRAPH_BARABASI_ALBERT:
		if (g->edges.at && g->nodes.at && g->edges.number >= g->nodes.number)
			gn_fault_at(p->report, g->edges.at->place, "edges %u needs more than %u nodes",
				    (unsigned)g->edges.number, (unsigned)g->nodes.number);
		return;
	case GN_GRAPH_WATTS_STROGATZ:
		check_watts_strogatz(p, g);
		return;
	case GN_GRAPH_GRID:
	case GN_GRAPHS:
		return;
	}
}

static uint64_t count_nodes(const struct gn_raw_generate *g, uint64_t max)
{
	if (g->graph.number == GN_GRAPH_GRID)
		return g->rows.number * g->columns.number;
	if (g->graph.number == GN_GRAPH_TREE && g->depth.at)
		return tree_nodes(g, max);
	return g->nodes.number;
}

/* Fault-free graphs get their nodes; p->generated remembers which. */
int gn_generate_nodes(struct gn_planning *p)
{
	const struct gn_raw_generate *graphs = p->raw->generate.items;
	int r = 0;

	p->generated = calloc(p->raw->generate.n + 1u, sizeof(*p->generated));
	if (!p->generated)
		return -ENOMEM;
	for (uint32_t i = 0; !r && i < p->raw->generate.n; i++) {
		const struct gn_raw_generate *g = &graphs[i];
		struct gn_raw raw = g->shape.raw;
		size_t before = p->report->n + p->report->dropped;

		if (!raw.bad)
			check_keys(p, g);
		if (!raw.bad && p->report->n + p->report->dropped == before)
			check_graph(p, g);
		raw.bad |= p->report->n + p->report->dropped != before;
		uint64_t n = raw.bad ? 1 : count_nodes(g, p->limits->nodes);

		p->generated[i].first = p->t.n_nodes;
		r = gn_planning_add_group(p, &raw, &g->name, n, false, (enum gn_kind)g->kind.number);
		p->generated[i].count = p->t.n_nodes - p->generated[i].first;
	}
	return r;
}

static int add_edges(struct gn_planning *p, const struct gn_raw_generate *g, const struct gn_edges *edges,
		     uint32_t first)
{
	struct gn_shape shape[2];
	int r = 0;

	if (!gn_shape_decode(p, &g->shape, NULL, NULL, shape))
		return 0;
	for (size_t i = 0; !r && i < edges->n; i++)
		r = gn_planning_add_link(p, first + edges->e[i].a, first + edges->e[i].b, shape,
					 g->shape.raw.place);
	return r;
}

static int generate_links(struct gn_planning *p, const struct gn_raw_generate *g, uint32_t number)
{
	const struct gn_graph_spec spec = {
		.graph = (enum gn_graph)g->graph.number,
		.nodes = p->generated[number].count,
		.columns = (uint32_t)g->columns.number,
		.branching = (uint32_t)g->branching.number,
		.degree = (uint32_t)g->degree.number,
		.by_edges = g->edges.at,
		.edges = g->edges.number,
		.probability = g->probability.number,
		.rewire = g->rewire.number,
	};
	struct gn_edges edges = { .max = p->limits->links };
	struct gn_rand rand;

	gn_rand_init(&rand, p->t.seed, GN_RAND_TOPOLOGY, number);
	int r = gn_graph_make(&spec, &rand, &edges);

	if (r == -E2BIG)
		gn_fault_at(p->report, g->shape.raw.place, "more than %u links", p->limits->links);
	if (!r)
		r = add_edges(p, g, &edges, p->generated[number].first);
	free(edges.e);
	return r;
}

int gn_generate_links(struct gn_planning *p)
{
	const struct gn_raw_generate *graphs = p->raw->generate.items;
	int r = 0;

	for (uint32_t i = 0; !r && i < p->raw->generate.n; i++) {
		if (p->generated[i].count &&
		    p->generated[i].count == count_nodes(&graphs[i], p->limits->nodes))
			r = generate_links(p, &graphs[i], i);
	}
	return r;
}
