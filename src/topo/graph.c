/* SPDX-License-Identifier: MIT */
#include "topo/graph.h"

int gn_edges_add(struct gn_edges *g, uint32_t a, uint32_t b)
{
	if (g->n >= g->max)
		return -E2BIG;
	if (gn_grow(&g->e, g->n, &g->cap, sizeof(*g->e)))
		return -ENOMEM;
	g->e[g->n++] = (struct gn_edge){ a, b };
	return 0;
}

/* A set of unordered pairs: open addressing with linear probing; 0 is a free slot. */
struct pair_set {
	uint64_t *slots;
	size_t n_slots, n;
};

static uint64_t pair_key(uint32_t a, uint32_t b)
{
	return a < b ? (uint64_t)a << 32 | b : (uint64_t)b << 32 | a; /* never 0: a != b */
}

static size_t pair_home(const struct pair_set *s, uint64_t key)
{
	key = (key ^ key >> 31) * UINT64_C(0x9e3779b97f4a7c15);
	return (key ^ key >> 29) & (s->n_slots - 1);
}

static int pairs_init(struct pair_set *s, size_t n)
{
	s->n_slots = 16;
	while (s->n_slots < n * 2)
		s->n_slots *= 2;
	s->slots = calloc(s->n_slots, sizeof(*s->slots));
	s->n = 0;
	return s->slots ? 0 : -ENOMEM;
}

static void pairs_done(struct pair_set *s)
{
	free(s->slots);
	*s = (struct pair_set){ 0 };
}

static size_t pair_slot(const struct pair_set *s, uint64_t key)
{
	size_t i = pair_home(s, key);

	while (s->slots[i] && s->slots[i] != key)
		i = (i + 1) & (s->n_slots - 1);
	return i;
}

static bool pairs_have(const struct pair_set *s, uint32_t a, uint32_t b)
{
	return s->slots[pair_slot(s, pair_key(a, b))] != 0;
}

/* The set was made large enough for all that is ever in it. */
static void pairs_add(struct pair_set *s, uint32_t a, uint32_t b)
{
	uint64_t key = pair_key(a, b);

	s->slots[pair_slot(s, key)] = key;
}

static void pairs_remove(struct pair_set *s, uint32_t a, uint32_t b)
{
	size_t mask = s->n_slots - 1, hole = pair_slot(s, pair_key(a, b));

	/* Move later entries of the run back so that no search stops at the hole. */
	for (size_t i = (hole + 1) & mask; s->slots[i]; i = (i + 1) & mask) {
		size_t home = pair_home(s, s->slots[i]);

		if (((i - home) & mask) >= ((i - hole) & mask)) {
			s->slots[hole] = s->slots[i];
			hole = i;
		}
	}
	s->slots[hole] = 0;
}

static int make_star(const struct gn_graph_spec *spec, struct gn_edges *g)
{
	int r = 0;

	for (uint32_t v = 1; !r && v < spec->nodes; v++)
		r = gn_edges_add(g, 0, v);
	return r;
}

static int make_line(const struct gn_graph_spec *spec, struct gn_edges *g)
{
	int r = 0;

	for (uint32_t v = 1; !r && v < spec->nodes; v++)
		r = gn_edges_add(g, v - 1, v);
	return r;
}

static int make_ring(const struct gn_graph_spec *spec, struct gn_edges *g)
{
	int r = make_line(spec, g);

	return r ? r : gn_edges_add(g, spec->nodes - 1, 0);
}

static int make_grid(const struct gn_graph_spec *spec, struct gn_edges *g)
{
	int r = 0;

	for (uint32_t v = 0; !r && v < spec->nodes; v++) {
		if ((v + 1) % spec->columns && v + 1 < spec->nodes)
			r = gn_edges_add(g, v, v + 1);
		if (!r && v + spec->columns < spec->nodes)
			r = gn_edges_add(g, v, v + spec->columns);
	}
	return r;
}

static int make_tree(const struct gn_graph_spec *spec, struct gn_edges *g)
{
	int r = 0;

	for (uint32_t v = 1; !r && v < spec->nodes; v++)
		r = gn_edges_add(g, (v - 1) / spec->branching, v);
	return r;
}

static int make_full(const struct gn_graph_spec *spec, struct gn_edges *g)
{
	int r = 0;

	for (uint32_t a = 0; a < spec->nodes; a++) {
		for (uint32_t b = a + 1; !r && b < spec->nodes; b++)
			r = gn_edges_add(g, a, b);
	}
	return r;
}

/*
 * Lengths of runs of failures before a success of probability p. The binary digits of a geometric
 * number are independent, digit k being 1 with probability q^(2^k) / (1 + q^(2^k)), q = 1 - p: exact
 * to 2^-64 without a logarithm, whose last bit differs between machines.
 */
struct geometric {
	uint64_t threshold[62];
	unsigned n;
};

static void geometric_init(struct geometric *geo, uint64_t probability)
{
	unsigned __int128 q =
		((unsigned __int128)(GN_PROBABILITY_ONE - probability) << 64) / GN_PROBABILITY_ONE;
	const unsigned __int128 one = (unsigned __int128)1 << 64;

	for (geo->n = 0; q && geo->n < GN_ARRAY_LEN(geo->threshold); geo->n++) {
		geo->threshold[geo->n] = (uint64_t)((q << 63) / (one + q) << 1);
		q = (q * q) >> 64;
	}
}

static uint64_t geometric_draw(const struct geometric *geo, struct gn_rand *rand)
{
	uint64_t value = 0;

	for (unsigned k = 0; k < geo->n; k++)
		value |= (uint64_t)(gn_rand_next(rand) < geo->threshold[k]) << k;
	return value;
}

/* G(n,p) by skipping over the pairs that are not drawn: Batagelj and Brandes, Phys. Rev. E 71 (2005). */
static int make_gnp(const struct gn_graph_spec *spec, struct gn_rand *rand, struct gn_edges *g)
{
	uint64_t pairs = (uint64_t)spec->nodes * (spec->nodes - 1) / 2, w = 0;
	struct geometric geo;
	uint32_t v = 1;
	int r = 0;

	if (!spec->probability)
		return 0;
	if (spec->probability == GN_PROBABILITY_ONE)
		return make_full(spec, g);
	/* Far more than there may be: one need not draw them to know. */
	if ((unsigned __int128)pairs * spec->probability / GN_PROBABILITY_ONE / 2 > g->max)
		return -E2BIG;
	geometric_init(&geo, spec->probability);
	while (!r) {
		w += geometric_draw(&geo, rand);
		for (; v < spec->nodes && w >= v; v++)
			w -= v;
		if (v >= spec->nodes)
			break;
		r = gn_edges_add(g, (uint32_t)w, v);
		w++;
	}
	return r;
}

static int compare_edges(const void *pa, const void *pb)
{
	const struct gn_edge *a = pa, *b = pb;

	if (a->a != b->a)
		return a->a < b->a ? -1 : 1;
	return (a->b > b->b) - (a->b < b->b);
}

/* The pair (a, b), a < b, with number b (b - 1) / 2 + a. */
static struct gn_edge pair_number(uint64_t number)
{
	uint64_t low = 1, high = UINT64_C(1) << 32;

	while (high - low > 1) {
		uint64_t mid = (low + high) / 2;

		if (mid * (mid - 1) / 2 <= number)
			low = mid;
		else
			high = mid;
	}
	return (struct gn_edge){ (uint32_t)(number - low * (low - 1) / 2), (uint32_t)low };
}

/* G(n,m): m different pairs, each set of them as likely, by Floyd's method (CACM 30(9), 1987). */
static int make_gnm(const struct gn_graph_spec *spec, struct gn_rand *rand, struct gn_edges *g)
{
	uint64_t pairs = (uint64_t)spec->nodes * (spec->nodes - 1) / 2;
	struct pair_set set;

	if (spec->edges > g->max)
		return -E2BIG;
	int r = pairs_init(&set, spec->edges);

	for (uint64_t last = pairs - spec->edges; !r && last < pairs; last++) {
		struct gn_edge e = pair_number(gn_rand_below(rand, last + 1));

		if (pairs_have(&set, e.a, e.b))
			e = pair_number(last);
		pairs_add(&set, e.a, e.b);
		r = gn_edges_add(g, e.a, e.b);
	}
	pairs_done(&set);
	if (!r && g->n)
		qsort(g->e, g->n, sizeof(*g->e), compare_edges);
	return r;
}

/* From a star of m + 1 vertices, each new one is linked to m others, drawn in proportion to their
 * degree: Barabasi and Albert, Science 286 (1999). */
static int make_barabasi_albert(const struct gn_graph_spec *spec, struct gn_rand *rand, struct gn_edges *g)
{
	uint32_t m = (uint32_t)spec->edges;
	const struct gn_graph_spec seed = { .nodes = m + 1 };
	GN_CLEANUP(gn_free_p) uint32_t *chosen_by = calloc(spec->nodes, sizeof(*chosen_by));
	int r = chosen_by ? make_star(&seed, g) : -ENOMEM;

	for (uint32_t v = m + 1; !r && v < spec->nodes; v++) {
		/* An end of a uniform edge is a vertex in proportion to its degree. */
		size_t old = g->n;

		while (!r && g->n < old + m) {
			uint64_t end = gn_rand_below(rand, old * 2);
			uint32_t target = end & 1 ? g->e[end / 2].b : g->e[end / 2].a;

			if (chosen_by[target] != v)
				r = gn_edges_add(g, target, v);
			chosen_by[target] = v;
		}
	}
	return r;
}

/*
 * The same with i.i.d. targets: each of the m edges of a new vertex ends at an old one in proportion to its degree before
 * the new one came, so that several may end at the same. Vertex 1 has only vertex 0 to choose.
 */
static int make_barabasi_albert_multi(const struct gn_graph_spec *spec, struct gn_rand *rand,
				      struct gn_edges *g)
{
	int r = spec->edges * (spec->nodes - 1) > g->max ? -E2BIG : 0;

	for (uint32_t v = 1; !r && v < spec->nodes; v++) {
		size_t old = g->n;

		for (uint64_t i = 0; !r && i < spec->edges; i++) {
			uint64_t end = old ? gn_rand_below(rand, old * 2) : 0;

			r = gn_edges_add(g, !old ? 0 : end & 1 ? g->e[end / 2].b : g->e[end / 2].a, v);
		}
	}
	return r;
}

/* Rewire the far end of edge @e to a vertex that is not a neighbour yet, if there is one. */
static void rewire_edge(struct gn_edge *e, struct pair_set *set, uint32_t *degree, uint32_t nodes,
			struct gn_rand *rand)
{
	uint32_t target;

	if (degree[e->a] >= nodes - 1)
		return;
	do {
		target = (uint32_t)gn_rand_below(rand, nodes);
	} while (target == e->a || pairs_have(set, e->a, target));
	pairs_remove(set, e->a, e->b);
	pairs_add(set, e->a, target);
	degree[e->b]--;
	degree[target]++;
	e->b = target;
}

/* A ring where everybody knows degree / 2 on each side, then rewired: Watts and Strogatz, Nature 393 (1998). */
static int make_watts_strogatz(const struct gn_graph_spec *spec, struct gn_rand *rand, struct gn_edges *g)
{
	uint32_t n = spec->nodes;

	if ((uint64_t)n * spec->degree / 2 > g->max)
		return -E2BIG;
	GN_CLEANUP(gn_free_p) uint32_t *degree = calloc(n, sizeof(*degree));
	struct pair_set set;
	int r = pairs_init(&set, (size_t)n * spec->degree / 2);

	if (!degree)
		r = -ENOMEM;
	for (uint32_t j = 1; j <= spec->degree / 2; j++) {
		for (uint32_t v = 0; !r && v < n; v++) {
			r = gn_edges_add(g, v, (v + j) % n);
			pairs_add(&set, v, (v + j) % n);
			degree[v] = spec->degree;
		}
	}
	for (size_t i = 0; !r && i < g->n; i++) {
		if (gn_rand_below(rand, GN_PROBABILITY_ONE) < spec->rewire)
			rewire_edge(&g->e[i], &set, degree, n, rand);
	}
	pairs_done(&set);
	return r;
}

static void shuffle(uint32_t *v, size_t n, struct gn_rand *rand)
{
	for (size_t i = n; i > 1; i--) {
		size_t j = gn_rand_below(rand, i);
		uint32_t swap = v[i - 1];

		v[i - 1] = v[j];
		v[j] = swap;
	}
}

/* A uniform Hamiltonian cycle: the connected 2-regular graphs. */
static int make_random_ring(uint32_t n, struct gn_rand *rand, struct gn_edges *g)
{
	GN_CLEANUP(gn_free_p) uint32_t *order = malloc(n * sizeof(*order));
	int r = order ? 0 : -ENOMEM;

	for (uint32_t v = 0; !r && v < n; v++)
		order[v] = v;
	if (!r)
		shuffle(order, n, rand);
	for (uint32_t v = 0; !r && v < n; v++)
		r = gn_edges_add(g, order[v], order[(v + 1) % n]);
	return r;
}

/* Join @u and @v, two free ends that may not be linked to each other, through an edge x-y that gives
 * way: u-x and v-y. Return: whether one was found. */
static bool join_by_switch(struct gn_edges *g, struct pair_set *set, struct gn_rand *rand, uint32_t u,
			   uint32_t v)
{
	enum { TRIES = 1000 };

	for (int i = 0; g->n && i < TRIES; i++) {
		struct gn_edge *e = &g->e[gn_rand_below(rand, g->n)];
		bool turned = gn_rand_next(rand) & 1;
		uint32_t x = turned ? e->b : e->a, y = turned ? e->a : e->b;

		if (u == x || v == y || pairs_have(set, u, x) || pairs_have(set, v, y))
			continue;
		if (pair_key(u, x) == pair_key(v, y))
			continue;
		pairs_remove(set, x, y);
		pairs_add(set, u, x);
		pairs_add(set, v, y);
		*e = (struct gn_edge){ u, x };
		g->e[g->n++] = (struct gn_edge){ v, y }; /* room was reserved */
		return true;
	}
	return false;
}

/*
 * Pairings without a loop or parallel edge are so frequent up to this degree that one can draw until there is one, which
 * makes all graphs equally likely: 1 of exp((degree^2 - 1) / 4). In a large graph that would take seconds, and the few
 * switches that repair a pairing, not more than in a small one, change next to nothing of it.
 */
enum { EXACT_DEGREE_MAX = 4, EXACT_NODES_MAX = 100000 };

/* The next free end, uniformly drawn from those that ends[i ..] holds, comes to ends[i]. */
static uint32_t draw_end(uint32_t *ends, size_t i, size_t n, struct gn_rand *rand)
{
	size_t j = i + gn_rand_below(rand, n - i);
	uint32_t drawn = ends[j];

	ends[j] = ends[i];
	ends[i] = drawn;
	return drawn;
}

/* Pair the free ends at random. Where that gives a loop or a parallel edge, give up if @exact, else
 * switch. Return: 0; -EAGAIN: start again. */
static int pair_ends(uint32_t *ends, size_t n, bool exact, struct gn_rand *rand, struct pair_set *set,
		     struct gn_edges *g)
{
	size_t left = 0;

	for (size_t i = 0; i < n; i += 2) {
		uint32_t u = draw_end(ends, i, n, rand), v = draw_end(ends, i + 1, n, rand);
		bool good = u != v && !pairs_have(set, u, v);

		if (!good && exact)
			return -EAGAIN;
		if (!good) {
			ends[left++] = u;
			ends[left++] = v;
			continue;
		}
		pairs_add(set, u, v);
		g->e[g->n++] = (struct gn_edge){ u, v };
	}
	for (size_t i = 0; i < left; i += 2) {
		if (!join_by_switch(g, set, rand, ends[i], ends[i + 1]))
			return -EAGAIN;
	}
	return 0;
}

/* A simple graph in which each vertex has @degree edges; not always connected. */
static int make_regular(uint32_t n, uint32_t degree, struct gn_rand *rand, struct gn_edges *g)
{
	bool exact = degree <= EXACT_DEGREE_MAX && n <= EXACT_NODES_MAX;
	size_t n_ends = (size_t)n * degree, n_edges = n_ends / 2;
	int r;

	if (n_edges > g->max)
		return -E2BIG;
	GN_CLEANUP(gn_free_p) uint32_t *ends = malloc((n_ends + 1) * sizeof(*ends));

	free(g->e);
	g->cap = n_edges + 1;
	g->e = malloc(g->cap * sizeof(*g->e));
	if (!ends || !g->e)
		return -ENOMEM;
	do {
		struct pair_set set;

		g->n = 0;
		for (size_t i = 0; i < n_ends; i++)
			ends[i] = (uint32_t)(i / degree);
		r = pairs_init(&set, n_edges);
		if (!r)
			r = pair_ends(ends, n_ends, exact, rand, &set, g);
		pairs_done(&set);
	} while (r == -EAGAIN);
	return r;
}

/* What the sparse graph lacks: (nodes - 1 - degree)-regular becomes degree-regular. */
static int complement(uint32_t n, const struct gn_edges *sparse, struct gn_edges *g)
{
	struct pair_set set;
	int r = pairs_init(&set, sparse->n);

	for (size_t i = 0; !r && i < sparse->n; i++)
		pairs_add(&set, sparse->e[i].a, sparse->e[i].b);
	for (uint32_t a = 0; a < n; a++) {
		for (uint32_t b = a + 1; !r && b < n; b++) {
			if (!pairs_have(&set, a, b))
				r = gn_edges_add(g, a, b);
		}
	}
	pairs_done(&set);
	return r;
}

/* Return: 1, 0 or -ENOMEM. */
static int is_connected(uint32_t n, const struct gn_edges *g)
{
	GN_CLEANUP(gn_free_p) uint32_t *parent = malloc(n * sizeof(*parent));
	uint32_t parts = n;

	if (!parent)
		return -ENOMEM;
	for (uint32_t v = 0; v < n; v++)
		parent[v] = v;
	for (size_t i = 0; i < g->n; i++) {
		uint32_t a = gn_find_root(parent, g->e[i].a), b = gn_find_root(parent, g->e[i].b);

		parts -= a != b;
		parent[a] = b;
	}
	return parts == 1;
}

static int make_k_regular(const struct gn_graph_spec *spec, struct gn_rand *rand, struct gn_edges *g)
{
	uint32_t n = spec->nodes, degree = spec->degree;
	int r, connected = 0;

	if ((size_t)n * degree / 2 > g->max)
		return -E2BIG;
	if (degree == 2)
		return make_random_ring(n, rand, g);
	/* Dense graphs leave the pairing no room; their complements do, and are connected in any case. */
	if (degree > (n - 1) / 2) {
		struct gn_edges sparse = { .max = (size_t)n * n };

		r = make_regular(n, n - 1 - degree, rand, &sparse);
		if (!r)
			r = complement(n, &sparse, g);
		free(sparse.e);
		return r;
	}
	do {
		r = make_regular(n, degree, rand, g);
		if (!r)
			connected = is_connected(n, g);
	} while (!r && !connected); /* random regular graphs of degree >= 3 nearly always are */
	return r ? r : GN_MIN(connected, 0);
}

int gn_graph_make(const struct gn_graph_spec *spec, struct gn_rand *rand, struct gn_edges *ret)
{
	switch (spec->graph) {
	case GN_GRAPH_STAR:
		return make_star(spec, ret);
	case GN_GRAPH_LINE:
		return make_line(spec, ret);
	case GN_GRAPH_RING:
		return make_ring(spec, ret);
	case GN_GRAPH_GRID:
		return make_grid(spec, ret);
	case GN_GRAPH_TREE:
		return make_tree(spec, ret);
	case GN_GRAPH_FULL:
		return make_full(spec, ret);
	case GN_GRAPH_K_REGULAR:
		return make_k_regular(spec, rand, ret);
	case GN_GRAPH_ERDOS_RENYI:
		return spec->by_edges ? make_gnm(spec, rand, ret) : make_gnp(spec, rand, ret);
	case GN_GRAPH_BARABASI_ALBERT:
		return spec->parallel ? make_barabasi_albert_multi(spec, rand, ret)
				      : make_barabasi_albert(spec, rand, ret);
	case GN_GRAPH_WATTS_STROGATZ:
		return make_watts_strogatz(spec, rand, ret);
	case GN_GRAPHS:
		break;
	}
	return -EINVAL;
}
