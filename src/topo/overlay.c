/* SPDX-License-Identifier: MIT */
/* Who may call whom, and which of the members a random graph holds together. */
#include "topo/overlay.h"

#include <inttypes.h>
#include <string.h>

enum { DEFAULT_DEGREE = 4, DEFAULT_EDGES = 2 };
#define DEFAULT_CHUNG_LU_DEGREE (3 * GN_DECIMAL_ONE)

static uint64_t written_or(const struct gn_field *f, uint64_t otherwise)
{
	return f->at ? f->number : otherwise;
}

/* ---- values of its keys ---- */

static bool is_good(const struct gn_field *f)
{
	return f->at && !f->bad;
}

/* Return: a degree that is a whole number and that a node can have, or 0 after a fault. */
static uint64_t check_degree(struct gn_planning *p, const struct gn_field *field)
{
	uint32_t n = p->t.gossip.n_members;
	uint64_t degree = field->number / GN_DECIMAL_ONE;

	if (field->number % GN_DECIMAL_ONE)
		gn_fault_at(p->report, field->at->place, "degree must be a whole number in this overlay");
	else if (degree >= n)
		gn_fault_at(p->report, field->at->place,
			    "degree %" PRIu64 " needs more than %u gossiping nodes", degree, n);
	else
		return degree;
	return 0;
}

static void check_k_regular(struct gn_planning *p, const struct gn_field *field)
{
	uint32_t n = p->t.gossip.n_members;
	uint64_t degree = is_good(field) ? check_degree(p, field) : 0;

	if (degree * n % 2)
		gn_fault_at(p->report, field->at->place,
			    "degree %" PRIu64
			    " and %u gossiping nodes are both odd: their product must be even",
			    degree, n);
	else if (degree == 1 && n > 2)
		gn_fault_at(p->report, field->at->place, "with degree 1 only two nodes can be connected");
}

static void check_watts_strogatz(struct gn_planning *p, const struct gn_field *field, struct gn_place at)
{
	if (p->t.gossip.n_members < 3)
		gn_fault_at(p->report, at, "overlay: watts-strogatz needs at least three gossiping nodes");
	else if (is_good(field) && check_degree(p, field) % 2)
		gn_fault_at(p->report, field->at->place,
			    "degree must be even: half of it to each side of the ring");
}

static void check_erdos_renyi(struct gn_planning *p, const struct gn_raw_gossip *g, struct gn_place at)
{
	uint64_t n = p->t.gossip.n_members, pairs = n * (n - 1) / 2;

	if (!g->probability.at == !g->edges.at)
		gn_fault_at(p->report, g->edges.at ? g->edges.at->key_place : at,
			    "overlay: erdos-renyi needs one of probability and edges%s",
			    g->edges.at ? ", not both" : "");
	else if (g->edges.number > pairs)
		gn_fault_at(p->report, g->edges.at->place,
			    "edges: %" PRIu64 " gossiping nodes have only %" PRIu64 " pairs", n, pairs);
}

static void check_rows(struct gn_planning *p, const struct gn_field *rows)
{
	uint32_t n = p->t.gossip.n_members;

	if (is_good(rows) && n % rows->number)
		gn_fault_at(p->report, rows->at->place,
			    "%u gossiping nodes do not make %" PRIu64 " rows of equal length", n,
			    rows->number);
}

void gn_overlay_check_values(struct gn_planning *p)
{
	const struct gn_raw_gossip *g = p->raw->gossip.items;
	const struct gn_place at = gn_place_of(&g->overlay, &g->raw);

	switch (p->t.gossip.overlay) {
	case GN_OVERLAY_GRID:
		check_rows(p, &g->rows);
		return;
	case GN_OVERLAY_K_REGULAR:
		check_k_regular(p, &g->degree);
		return;
	case GN_OVERLAY_ERDOS_RENYI:
		check_erdos_renyi(p, g, at);
		return;
	case GN_OVERLAY_WATTS_STROGATZ:
		check_watts_strogatz(p, &g->degree, at);
		return;
	case GN_OVERLAY_NEIGHBOURS:
		if (p->t.ideal)
			gn_fault_at(
				p->report, at,
				"overlay: neighbours needs links: without them everybody is next to everybody");
		return;
	case GN_OVERLAY_FULL:
	case GN_OVERLAY_RING:
	case GN_OVERLAY_BARABASI_ALBERT:
	case GN_OVERLAY_CHUNG_LU:
	case GN_OVERLAY_FILE:
		return;
	}
}

/* ---- from pairs to partners ---- */

static void too_many(struct gn_planning *p)
{
	const struct gn_raw_gossip *g = p->raw->gossip.items;

	gn_fault_at(p->report, gn_place_of(&g->overlay, &g->raw),
		    "the overlay has more than %" PRIu64 " pairs: choose another", p->limits->peers / 2);
}

int gn_overlay_allocate(struct gn_planning *p, uint64_t n)
{
	if (n > p->limits->peers) {
		too_many(p);
		return -E2BIG;
	}
	p->first_peer = calloc(p->t.gossip.n_members + 1u, sizeof(*p->first_peer));
	p->peers = malloc((n + 1) * sizeof(*p->peers));
	if (!p->first_peer || !p->peers)
		return -ENOMEM;
	p->t.gossip.first_peer = p->first_peer;
	p->t.gossip.peers = p->peers;
	return 0;
}

int gn_overlay_compare(const void *pa, const void *pb)
{
	const uint32_t *a = pa, *b = pb;

	return (*a > *b) - (*a < *b);
}

/* Partners, ascending, from undirected edges between member numbers; parallel edges repeat. */
static int peers_from_edges(struct gn_planning *p, const struct gn_edges *g)
{
	uint32_t n = p->t.gossip.n_members, *first;
	int r = gn_overlay_allocate(p, 2 * (uint64_t)g->n);

	if (r)
		return r;
	first = p->first_peer;
	for (size_t i = 0; i < g->n; i++) {
		first[g->e[i].a]++;
		first[g->e[i].b]++;
	}
	for (uint32_t m = 0, sum = 0; m <= n; m++)
		sum = first[m] += sum;
	/* first[m] is now the end of m's slice and sinks to its beginning as it is filled. */
	for (size_t i = 0; i < g->n; i++) {
		p->peers[--first[g->e[i].a]] = g->e[i].b;
		p->peers[--first[g->e[i].b]] = g->e[i].a;
	}
	for (uint32_t m = 0; m < n; m++)
		qsort(p->peers + first[m], first[m + 1] - first[m], sizeof(*p->peers), gn_overlay_compare);
	return 0;
}

/* ---- models ---- */

static uint32_t near_square_columns(uint32_t n)
{
	uint32_t rows = 1;

	while ((rows + 1ull) * (rows + 1ull) <= n)
		rows++;
	return (n + rows - 1) / rows;
}

static uint32_t whole_degree(const struct gn_raw_gossip *g, uint32_t otherwise)
{
	return (uint32_t)(written_or(&g->degree, otherwise * GN_DECIMAL_ONE) / GN_DECIMAL_ONE);
}

static struct gn_graph_spec spec_of(const struct gn_planning *p, const struct gn_raw_gossip *g)
{
	uint32_t n = p->t.gossip.n_members;
	struct gn_graph_spec spec = { .nodes = n };

	switch (p->t.gossip.overlay) {
	case GN_OVERLAY_RING:
		spec.graph = n == 2 ? GN_GRAPH_LINE : GN_GRAPH_RING;
		break;
	case GN_OVERLAY_GRID:
		spec.graph = GN_GRAPH_GRID;
		spec.columns = g->rows.at ? n / (uint32_t)g->rows.number : near_square_columns(n);
		break;
	case GN_OVERLAY_K_REGULAR:
		spec.graph = GN_GRAPH_K_REGULAR;
		spec.degree = whole_degree(g, GN_MIN(n - 1, (uint32_t)DEFAULT_DEGREE));
		break;
	case GN_OVERLAY_ERDOS_RENYI:
		spec.graph = GN_GRAPH_ERDOS_RENYI;
		spec.by_edges = g->edges.at;
		spec.edges = g->edges.number;
		spec.probability = g->probability.number;
		break;
	case GN_OVERLAY_BARABASI_ALBERT:
		spec.graph = GN_GRAPH_BARABASI_ALBERT;
		spec.parallel = true;
		spec.edges = written_or(&g->edges, DEFAULT_EDGES);
		break;
	case GN_OVERLAY_WATTS_STROGATZ:
		spec.graph = GN_GRAPH_WATTS_STROGATZ;
		spec.degree = whole_degree(g, n > DEFAULT_DEGREE ? DEFAULT_DEGREE : 2);
		spec.rewire = g->rewire.number;
		break;
	case GN_OVERLAY_FULL:
	case GN_OVERLAY_CHUNG_LU:
	case GN_OVERLAY_NEIGHBOURS:
	case GN_OVERLAY_FILE:
		break;
	}
	return spec;
}

static int make_edges(struct gn_planning *p, const struct gn_raw_gossip *g, struct gn_edges *ret)
{
	const struct gn_chung_lu chung_lu = {
		.nodes = p->t.gossip.n_members,
		.degree = written_or(&g->degree, DEFAULT_CHUNG_LU_DEGREE),
		.exponent = g->exponent.number,
	};
	const struct gn_graph_spec spec = spec_of(p, g);
	struct gn_rand rand;

	gn_rand_init(&rand, p->t.seed, GN_RAND_OVERLAY, 0);
	if (p->t.gossip.overlay == GN_OVERLAY_FILE)
		return gn_overlay_read_pairs(p, &g->file, ret);
	if (p->t.gossip.overlay == GN_OVERLAY_CHUNG_LU)
		return gn_graph_make_chung_lu(&chung_lu, &rand, ret);
	return gn_graph_make(&spec, &rand, ret);
}

static int plan_graph(struct gn_planning *p, const struct gn_raw_gossip *g)
{
	struct gn_edges edges = { .max = p->limits->peers / 2 };
	int r = make_edges(p, g, &edges);

	if (r == -E2BIG)
		too_many(p);
	if (!r)
		r = peers_from_edges(p, &edges);
	free(edges.e);
	return r;
}

/* ---- what counts ---- */

/* By member, the smallest member that it is connected with. */
static void find_components(const struct gn_gossip *g, uint32_t *parent)
{
	for (uint32_t m = 0; m < g->n_members; m++)
		parent[m] = m;
	for (uint32_t m = 0; m < g->n_members; m++) {
		for (uint32_t i = g->first_peer[m]; i < g->first_peer[m + 1]; i++) {
			uint32_t a = gn_find_root(parent, m), b = gn_find_root(parent, g->peers[i]);

			parent[GN_MAX(a, b)] = GN_MIN(a, b);
		}
	}
	for (uint32_t m = 0; m < g->n_members; m++)
		parent[m] = gn_find_root(parent, m);
}

/* Which members are in the largest component, if not all are. */
static int count_largest(struct gn_planning *p)
{
	struct gn_gossip *g = &p->t.gossip;
	uint32_t n = g->n_members, best = 0;
	GN_CLEANUP(gn_free_p) uint32_t *component = malloc(n * sizeof(*component));
	GN_CLEANUP(gn_free_p) uint32_t *size = calloc(n, sizeof(*size));

	if (!component || !size)
		return -ENOMEM;
	find_components(g, component);
	for (uint32_t m = 0; m < n; m++)
		size[component[m]]++;
	for (uint32_t m = 0; m < n; m++)
		best = size[m] > size[best] ? m : best;
	if (size[best] == n)
		return 0;
	uint8_t *counted = gn_arena_alloc(&p->arena, n);

	if (!counted)
		return -ENOMEM;
	for (uint32_t m = 0; m < n; m++)
		counted[m] = component[m] == best;
	g->counted = counted;
	g->n_counted = size[best];
	return 0;
}

/* Graphs that are connected whatever is drawn need no look. */
static bool may_fall_apart(enum gn_overlay overlay)
{
	return overlay == GN_OVERLAY_ERDOS_RENYI || overlay == GN_OVERLAY_WATTS_STROGATZ ||
	       overlay == GN_OVERLAY_CHUNG_LU || overlay == GN_OVERLAY_FILE;
}

int gn_planning_overlay(struct gn_planning *p)
{
	const struct gn_raw_gossip *raw = p->raw->gossip.items;
	enum gn_overlay overlay = p->t.gossip.overlay;
	const struct gn_place at = raw->overlay.at ? raw->overlay.at->place
				   : raw->on.at	   ? raw->on.at->place
						   : gn_planning_start(p);
	int r = 0;

	if (overlay == GN_OVERLAY_NEIGHBOURS)
		return gn_overlay_plan_neighbours(p, at);
	if (overlay != GN_OVERLAY_FULL)
		r = plan_graph(p, raw);
	if (!r && may_fall_apart(overlay) && !gn_report_has_faults(p->report))
		r = count_largest(p);
	return r || p->t.ideal || gn_report_has_faults(p->report) ? r : gn_overlay_check_reachable(p, at);
}
