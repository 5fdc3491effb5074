/* SPDX-License-Identifier: MIT */
/* Graphs have the properties that their models promise. */
#include "topo.h"

#include <math.h>

#include "topo/graph.h"

struct graph {
	struct gn_edges edges;
	uint32_t n;
	uint32_t *degree;
	uint32_t parts; /* connected components */
};

static uint32_t root_of(const uint32_t *parent, uint32_t v)
{
	while (parent[v] != v)
		v = parent[v];
	return v;
}

static int compare_pairs(const void *pa, const void *pb)
{
	const uint64_t *a = pa, *b = pb;

	return (*a > *b) - (*a < *b);
}

/* Neither loops nor parallel edges, and only vertices that exist. */
static void assert_simple(const struct gn_edges *g, uint32_t n)
{
	uint64_t *pairs = malloc((g->n + 1) * sizeof(*pairs));

	for (size_t i = 0; i < g->n; i++) {
		uint32_t a = g->e[i].a, b = g->e[i].b;

		assert_true(a < n && b < n && a != b);
		pairs[i] = (uint64_t)GN_MIN(a, b) << 32 | GN_MAX(a, b);
	}
	qsort(pairs, g->n, sizeof(*pairs), compare_pairs);
	for (size_t i = 1; i < g->n; i++)
		assert_true(pairs[i] != pairs[i - 1]);
	free(pairs);
}

static struct graph make(const struct gn_graph_spec *spec, uint64_t seed)
{
	struct graph g = { .edges = { .max = 1000000 }, .n = spec->nodes, .parts = spec->nodes };
	uint32_t *parent = malloc(g.n * sizeof(*parent));
	struct gn_rand rand;

	gn_rand_init(&rand, seed, GN_RAND_TOPOLOGY, 0);
	assert_int_equal(gn_graph_make(spec, &rand, &g.edges), 0);
	assert_simple(&g.edges, g.n);
	g.degree = calloc(g.n, sizeof(*g.degree));
	for (uint32_t v = 0; v < g.n; v++)
		parent[v] = v;
	for (size_t i = 0; i < g.edges.n; i++) {
		uint32_t a = root_of(parent, g.edges.e[i].a), b = root_of(parent, g.edges.e[i].b);

		g.degree[g.edges.e[i].a]++;
		g.degree[g.edges.e[i].b]++;
		g.parts -= a != b;
		parent[a] = b;
	}
	free(parent);
	return g;
}

static void done(struct graph *g)
{
	free(g->degree);
	free(g->edges.e);
}

static void deterministic_graphs(void **state)
{
	static const struct {
		struct gn_graph_spec spec;
		size_t edges;
		uint32_t first_degree, last_degree;
	} cases[] = {
		{ { .graph = GN_GRAPH_STAR, .nodes = 10 }, 9, 9, 1 },
		{ { .graph = GN_GRAPH_LINE, .nodes = 10 }, 9, 1, 1 },
		{ { .graph = GN_GRAPH_RING, .nodes = 10 }, 10, 2, 2 },
		{ { .graph = GN_GRAPH_RING, .nodes = 3 }, 3, 2, 2 },
		{ { .graph = GN_GRAPH_GRID, .nodes = 12, .columns = 4 }, 17, 2, 2 },
		{ { .graph = GN_GRAPH_GRID, .nodes = 5, .columns = 1 }, 4, 1, 1 },
		{ { .graph = GN_GRAPH_GRID, .nodes = 5, .columns = 5 }, 4, 1, 1 },
		{ { .graph = GN_GRAPH_GRID, .nodes = 11, .columns = 4 }, 15, 2, 2 }, /* a short last row */
		{ { .graph = GN_GRAPH_GRID, .nodes = 9, .columns = 4 }, 11, 2, 1 },
		{ { .graph = GN_GRAPH_TREE, .nodes = 15, .branching = 2 }, 14, 2, 1 },
		{ { .graph = GN_GRAPH_TREE, .nodes = 13, .branching = 3 }, 12, 3, 1 },
		{ { .graph = GN_GRAPH_FULL, .nodes = 7 }, 21, 6, 6 },
	};

	(void)state;
	for (size_t i = 0; i < GN_ARRAY_LEN(cases); i++) {
		struct graph g = make(&cases[i].spec, 1);

		assert_int_equal(g.edges.n, cases[i].edges);
		assert_int_equal(g.degree[0], cases[i].first_degree);
		assert_int_equal(g.degree[g.n - 1], cases[i].last_degree);
		assert_int_equal(g.parts, 1);
		done(&g);
	}
}

/* From a cycle to the complete graph: all degrees right, one part. */
static void k_regular_is_regular_and_connected(void **state)
{
	static const uint32_t sizes[] = { 2, 3, 4, 5, 6, 7, 8, 11, 20, 51 };

	(void)state;
	for (size_t s = 0; s < GN_ARRAY_LEN(sizes); s++) {
		for (uint32_t degree = sizes[s] == 2 ? 1 : 2; degree < sizes[s]; degree++) {
			const struct gn_graph_spec spec = { .graph = GN_GRAPH_K_REGULAR,
							    .nodes = sizes[s],
							    .degree = degree };

			for (uint64_t seed = 0; seed < 20 && sizes[s] * degree % 2 == 0; seed++) {
				struct graph g = make(&spec, seed);

				assert_int_equal(g.edges.n, sizes[s] * degree / 2);
				for (uint32_t v = 0; v < g.n; v++)
					assert_int_equal(g.degree[v], degree);
				assert_int_equal(g.parts, 1);
				done(&g);
			}
		}
	}
}

/* There are 70 labelled connected 3-regular graphs on 6 vertices: each is drawn, and all as often, within
 * five standard deviations. Counted by the set of edges, as a bit mask of the 15 pairs. */
static void k_regular_reaches_all_graphs(void **state)
{
	const struct gn_graph_spec spec = { .graph = GN_GRAPH_K_REGULAR, .nodes = 6, .degree = 3 };
	static uint32_t count[1 << 15];
	uint32_t different = 0, least = UINT32_MAX, most = 0;

	(void)state;
	memset(count, 0, sizeof(count));
	for (uint64_t seed = 0; seed < 14000; seed++) {
		struct graph g = make(&spec, seed);
		uint32_t mask = 0;

		for (size_t i = 0; i < g.edges.n; i++) {
			uint32_t a = GN_MIN(g.edges.e[i].a, g.edges.e[i].b);
			uint32_t b = GN_MAX(g.edges.e[i].a, g.edges.e[i].b);

			mask |= 1u << (b * (b - 1) / 2 + a);
		}
		count[mask]++;
		done(&g);
	}
	for (size_t i = 0; i < GN_ARRAY_LEN(count); i++) {
		if (!count[i])
			continue;
		different++;
		least = GN_MIN(least, count[i]);
		most = GN_MAX(most, count[i]);
	}
	print_message("# %u graphs, drawn %u to %u times of 200 on average\n", different, least, most);
	assert_int_equal(different, 70);
	assert_true(least > 130 && most < 270);
}

/* Of the 19355 cubic graphs on 8 vertices 35 are two tetrahedra: 9 of 5000 draws if nobody minds. */
static void k_regular_is_connected(void **state)
{
	const struct gn_graph_spec spec = { .graph = GN_GRAPH_K_REGULAR, .nodes = 8, .degree = 3 };

	(void)state;
	for (uint64_t seed = 0; seed < 5000; seed++) {
		struct graph g = make(&spec, seed);

		assert_int_equal(g.parts, 1);
		done(&g);
	}
}

static void gnp_has_the_right_density(void **state)
{
	static const struct {
		uint32_t n;
		uint64_t p;
	} cases[] = {
		{ 2000, GN_PROBABILITY_ONE / 100 },
		{ 300, GN_PROBABILITY_ONE / 2 },
		{ 300, GN_PROBABILITY_ONE / 10 * 9 },
		{ 100000, GN_PROBABILITY_ONE / 100000 },
	};

	(void)state;
	for (size_t i = 0; i < GN_ARRAY_LEN(cases); i++) {
		const struct gn_graph_spec spec = { .graph = GN_GRAPH_ERDOS_RENYI,
						    .nodes = cases[i].n,
						    .probability = cases[i].p };
		double pairs = cases[i].n * (cases[i].n - 1.0) / 2, p = (double)cases[i].p / 1e12;
		double deviation2 = pairs * p * (1 - p);
		struct graph g = make(&spec, 7 + i);
		double off = (double)g.edges.n - pairs * p;

		/* Five standard deviations. */
		assert_true(off * off < 25 * deviation2);
		/* Low and high vertices alike. */
		uint64_t low = 0, high = 0;

		for (uint32_t v = 0; v < g.n / 2; v++) {
			low += g.degree[v];
			high += g.degree[g.n - 1 - v];
		}
		off = (double)low - (double)high;
		assert_true(off * off < 25 * 4 * deviation2);
		done(&g);
	}
	const struct gn_graph_spec none = { .graph = GN_GRAPH_ERDOS_RENYI, .nodes = 10 };
	const struct gn_graph_spec all = { .graph = GN_GRAPH_ERDOS_RENYI,
					   .nodes = 10,
					   .probability = GN_PROBABILITY_ONE };
	struct graph g = make(&none, 1);

	assert_int_equal(g.edges.n, 0);
	done(&g);
	g = make(&all, 1);
	assert_int_equal(g.edges.n, 45);
	done(&g);
}

static void gnm_has_the_right_number(void **state)
{
	static const uint64_t edges[] = { 1, 100, 2000, 4949, 4950 };
	uint64_t first = 0;

	(void)state;
	for (size_t i = 0; i < GN_ARRAY_LEN(edges); i++) {
		const struct gn_graph_spec spec = {
			.graph = GN_GRAPH_ERDOS_RENYI, .nodes = 100, .by_edges = true, .edges = edges[i]
		};
		struct graph g = make(&spec, i);

		assert_int_equal(g.edges.n, edges[i]);
		done(&g);
	}
	/* Half of the pairs: a given one is there half of the time. */
	for (uint64_t seed = 0; seed < 1000; seed++) {
		const struct gn_graph_spec spec = {
			.graph = GN_GRAPH_ERDOS_RENYI, .nodes = 5, .by_edges = true, .edges = 5
		};
		struct graph g = make(&spec, seed);

		first += g.edges.e[0].a == 0 && g.edges.e[0].b == 1;
		done(&g);
	}
	assert_true(first > 420 && first < 580);
}

static void barabasi_albert_grows(void **state)
{
	(void)state;
	for (uint64_t m = 1; m < 6; m++) {
		const struct gn_graph_spec spec = { .graph = GN_GRAPH_BARABASI_ALBERT,
						    .nodes = 3000,
						    .edges = m };
		struct graph g = make(&spec, m);
		uint32_t most = 0;

		assert_int_equal(g.edges.n, m * (3000 - m));
		assert_int_equal(g.parts, 1);
		for (uint32_t v = (uint32_t)m + 1; v < g.n; v++) {
			assert_true(g.degree[v] >= m);
			most = GN_MAX(most, g.degree[v]);
		}
		/* Hubs: the largest degree grows with the root of n, not with its logarithm. */
		assert_true(most > 10 * m);
		done(&g);
	}
}

/* A mean of @n numbers of that sum is within four standard errors of what it should be. */
static void assert_mean(double sum, double n, double mean, double variance)
{
	double off = sum / n - mean;

	if (off * off > 16 * variance / n)
		fail_msg("%g on average instead of %g, %.1f standard errors off", sum / n, mean,
			 off / sqrt(variance / n));
}

static uint32_t count_degree(const struct gn_edges *g, uint32_t v)
{
	uint32_t n = 0;

	for (size_t i = 0; i < g->n; i++)
		n += (g->e[i].a == v) + (g->e[i].b == v);
	return n;
}

static uint32_t count_pair(const struct gn_edges *g, uint32_t a, uint32_t b)
{
	uint32_t n = 0;

	for (size_t i = 0; i < g->n; i++)
		n += (g->e[i].a == a && g->e[i].b == b) || (g->e[i].a == b && g->e[i].b == a);
	return n;
}

/* Degrees of a graph that may have parallel edges, but no loops. */
static uint32_t *degrees_of(const struct gn_edges *g, uint32_t n)
{
	uint32_t *degree = calloc(n, sizeof(*degree));

	for (size_t i = 0; i < g->n; i++) {
		assert_true(g->e[i].a < n && g->e[i].b < n && g->e[i].a != g->e[i].b);
		degree[g->e[i].a]++;
		degree[g->e[i].b]++;
	}
	return degree;
}

static struct gn_edges make_parallel(uint32_t n, uint64_t m, uint64_t seed)
{
	const struct gn_graph_spec spec = {
		.graph = GN_GRAPH_BARABASI_ALBERT, .nodes = n, .edges = m, .parallel = true
	};
	struct gn_edges g = { .max = 10000000 };
	struct gn_rand rand;

	gn_rand_init(&rand, seed, GN_RAND_OVERLAY, 0);
	assert_int_equal(gn_graph_make(&spec, &rand, &g), 0);
	assert_int_equal(g.n, m * (n - 1));
	return g;
}

/* Vertex 0 with degree d among 2 m (v - 1) ends gets on average d / (2 (v - 1)) more from vertex v >= 2. */
static void parallel_edges_go_where_edges_are(void **state)
{
	enum { SEEDS = 4000, N = 50, M = 2 };
	double degree = 0, squares = 0, same = 0, want = M;

	(void)state;
	for (uint32_t v = 2; v < N; v++)
		want *= 1 + 1 / (2.0 * (v - 1));
	for (uint64_t seed = 0; seed < SEEDS; seed++) {
		struct gn_edges g = make_parallel(N, M, seed);
		double d = count_degree(&g, 0);

		degree += d;
		squares += d * d;
		/* Vertex 2 finds 0 and 1 alike and chooses twice. */
		same += count_pair(&g, 0, 2) != 1;
		assert_int_equal(count_degree(&g, N - 1), M);
		free(g.e);
	}
	assert_mean(degree, SEEDS, want, squares / SEEDS - degree / SEEDS * degree / SEEDS);
	assert_mean(same, SEEDS, 0.5, 0.25);
}

/* Of the vertices m (m + 1) / (k (k + 1)) have degree k or more: Bollobas, Riordan, Spencer and Tusnady, RSA 18 (2001). */
static void parallel_edges_give_the_power_law(void **state)
{
	enum { N = 200000 };
	static const uint32_t least[] = { 3, 4, 6, 10, 20, 50 };

	(void)state;
	for (uint64_t m = 1; m <= 3; m++) {
		struct gn_edges g = make_parallel(N, m, m);
		uint32_t *degree = degrees_of(&g, N);

		for (size_t i = 0; i < GN_ARRAY_LEN(least); i++) {
			double k = least[i], want = (double)(m * (m + 1)) / (k * (k + 1)), above = 0;

			for (uint32_t v = 0; v < N && k > (double)m; v++)
				above += degree[v] >= least[i];
			if (k > (double)m)
				assert_mean(above, N, want, want * (1 - want));
		}
		free(degree);
		free(g.e);
	}
}

static const struct gn_chung_lu small_chung_lu = { 50, 3 * GN_DECIMAL_ONE, 5 * GN_DECIMAL_ONE / 2 };

static struct gn_edges make_chung_lu(const struct gn_chung_lu *model, uint64_t seed)
{
	struct gn_edges g = { .max = 10000000 };
	struct gn_rand rand;

	gn_rand_init(&rand, seed, GN_RAND_OVERLAY, 0);
	assert_int_equal(gn_graph_make_chung_lu(model, &rand, &g), 0);
	return g;
}

/* As THEORY has it. Return: W. */
static double chung_lu_weights(const struct gn_chung_lu *model, double *w)
{
	double beta = (double)model->exponent / GN_DECIMAL_ONE, sum = 0;

	for (uint32_t i = 0; i < model->nodes; i++) {
		w[i] = (double)model->degree / GN_DECIMAL_ONE *
		       pow((double)model->nodes / (i + 1.0), 1 / (beta - 1));
		sum += w[i];
	}
	return sum;
}

/* Between each pair a Poisson number of edges: its mean, its chance to be 0, and means and variances of sums of them. */
static void chung_lu_pairs_are_poisson(void **state)
{
	enum { SEEDS = 4000 };
	static const uint32_t pairs[][2] = { { 0, 1 }, { 0, 49 }, { 1, 0 }, { 5, 20 }, { 48, 49 } };
	static const uint32_t vertices[] = { 0, 1, 7, 25, 49 };
	double w[50], sum = chung_lu_weights(&small_chung_lu, w), loops = 0;
	double edges = 0, squares = 0, pair[5] = { 0 }, none[5] = { 0 }, degree[5] = { 0 };

	(void)state;
	for (size_t i = 0; i < 50; i++)
		loops += w[i] * w[i] / sum / 2;
	for (uint64_t seed = 0; seed < SEEDS; seed++) {
		struct gn_edges g = make_chung_lu(&small_chung_lu, seed);

		edges += (double)g.n;
		squares += ((double)g.n - sum / 2 + loops) * ((double)g.n - sum / 2 + loops);
		for (size_t i = 0; i < 5; i++) {
			pair[i] += count_pair(&g, pairs[i][0], pairs[i][1]);
			none[i] += !count_pair(&g, pairs[i][0], pairs[i][1]);
			degree[i] += count_degree(&g, vertices[i]);
		}
		free(g.e);
	}
	double mean = sum / 2 - loops;

	assert_mean(edges, SEEDS, mean, mean);
	assert_mean(squares, SEEDS, mean, 2 * mean * mean + mean); /* the variance is the mean */
	for (size_t i = 0; i < 5; i++) {
		double w_v = w[vertices[i]];

		mean = w[pairs[i][0]] * w[pairs[i][1]] / sum;
		assert_mean(pair[i], SEEDS, mean, mean);
		assert_mean(none[i], SEEDS, exp(-mean), exp(-mean) * (1 - exp(-mean)));
		assert_mean(degree[i], SEEDS, w_v * (sum - w_v) / sum, w_v * (sum - w_v) / sum);
	}
}

/* In a large graph: the number of edges, and how many vertices have few and many of them. */
static void chung_lu_degrees(void **state)
{
	static const struct gn_chung_lu models[] = {
		{ 200000, 3 * GN_DECIMAL_ONE, 5 * GN_DECIMAL_ONE / 2 },
		{ 100000, 1 * GN_DECIMAL_ONE, 21 * GN_DECIMAL_ONE / 10 },
		{ 100000, 7 * GN_DECIMAL_ONE / 2, 100 * GN_DECIMAL_ONE },
		{ 2, 2 * GN_DECIMAL_ONE, 2 * GN_DECIMAL_ONE },
	};
	static const uint32_t least[] = { 1, 2, 4, 8, 30, 100 };

	(void)state;
	for (size_t c = 0; c < GN_ARRAY_LEN(models); c++) {
		uint32_t n = models[c].nodes;
		double *w = malloc(n * sizeof(*w)), sum = chung_lu_weights(&models[c], w), mean = sum / 2;
		struct gn_edges g = make_chung_lu(&models[c], 9);
		uint32_t *degree = degrees_of(&g, n);

		for (uint32_t v = 0; v < n; v++)
			mean -= w[v] * w[v] / sum / 2;
		assert_mean((double)g.n, 1, mean, mean);
		for (size_t i = 0; i < GN_ARRAY_LEN(least); i++) {
			double want = 0, variance = 0, above = 0;

			for (uint32_t v = 0; v < n; v++) {
				double m = w[v] * (sum - w[v]) / sum, term = exp(-m), below = term;

				for (uint32_t k = 1; k < least[i]; k++)
					below += term *= m / k;
				want += 1 - below;
				variance += below * (1 - below);
				above += degree[v] >= least[i];
			}
			assert_mean(above, 1, want, variance + 0.1);
		}
		free(degree);
		free(g.e);
		free(w);
	}
}

static void watts_strogatz_is_between_lattice_and_random(void **state)
{
	struct gn_graph_spec spec = { .graph = GN_GRAPH_WATTS_STROGATZ, .nodes = 1000, .degree = 6 };
	static const uint64_t rewires[] = { 0, GN_PROBABILITY_ONE / 10, GN_PROBABILITY_ONE };

	(void)state;
	for (size_t i = 0; i < GN_ARRAY_LEN(rewires); i++) {
		spec.rewire = rewires[i];
		struct graph g = make(&spec, 3);
		uint32_t far = 0;

		assert_int_equal(g.edges.n, 3000);
		for (size_t e = 0; e < g.edges.n; e++) {
			uint32_t gap = (g.edges.e[e].b - g.edges.e[e].a + 1000) % 1000;

			far += GN_MIN(gap, 1000 - gap) > 3;
		}
		print_message("# %u of 3000 links are far\n", far);
		if (i == 0)
			assert_int_equal(far, 0);
		if (i == 1)
			assert_true(far > 220 && far < 380);
		if (i == 2)
			assert_true(far > 2950);
		done(&g);
	}
	/* Everybody knows everybody: nothing can be rewired, and nothing hangs. */
	const struct gn_graph_spec full = {
		.graph = GN_GRAPH_WATTS_STROGATZ, .nodes = 5, .degree = 4, .rewire = GN_PROBABILITY_ONE
	};
	struct graph g = make(&full, 1);

	assert_int_equal(g.edges.n, 10);
	done(&g);
}

static void seeds_count(void **state)
{
	static const struct gn_graph_spec specs[] = {
		{ .graph = GN_GRAPH_K_REGULAR, .nodes = 100, .degree = 4 },
		{ .graph = GN_GRAPH_K_REGULAR, .nodes = 100, .degree = 2 },
		{ .graph = GN_GRAPH_K_REGULAR, .nodes = 100, .degree = 80 },
		{ .graph = GN_GRAPH_ERDOS_RENYI, .nodes = 100, .probability = GN_PROBABILITY_ONE / 20 },
		{ .graph = GN_GRAPH_ERDOS_RENYI, .nodes = 100, .by_edges = true, .edges = 200 },
		{ .graph = GN_GRAPH_BARABASI_ALBERT, .nodes = 100, .edges = 2 },
		{ .graph = GN_GRAPH_WATTS_STROGATZ,
		  .nodes = 100,
		  .degree = 4,
		  .rewire = GN_PROBABILITY_ONE / 10 },
	};

	(void)state;
	for (size_t i = 0; i < GN_ARRAY_LEN(specs); i++) {
		struct graph a = make(&specs[i], 1), again = make(&specs[i], 1), other = make(&specs[i], 2);

		assert_int_equal(a.edges.n, again.edges.n);
		assert_memory_equal(a.edges.e, again.edges.e, a.edges.n * sizeof(*a.edges.e));
		assert_true(a.edges.n != other.edges.n ||
			    memcmp(a.edges.e, other.edges.e, a.edges.n * sizeof(*a.edges.e)));
		done(&a);
		done(&again);
		done(&other);
	}
}

/* Values computed once: the same seed gives the same graph tomorrow and on other machines. */
static void seeds_are_for_ever(void **state)
{
	const struct gn_graph_spec spec = { .graph = GN_GRAPH_ERDOS_RENYI,
					    .nodes = 50,
					    .probability = GN_PROBABILITY_ONE / 20 };
	struct graph g = make(&spec, 1);
	uint64_t sum = g.edges.n;

	(void)state;
	for (size_t i = 0; i < g.edges.n; i++)
		sum = sum * 31 + g.edges.e[i].a * 50 + g.edges.e[i].b;
	assert_true(sum == UINT64_C(15179946900039226158));
	done(&g);
	g.edges = make_chung_lu(&small_chung_lu, 1);
	sum = g.edges.n;
	for (size_t i = 0; i < g.edges.n; i++)
		sum = sum * 31 + g.edges.e[i].a * 50 + g.edges.e[i].b;
	free(g.edges.e);
	assert_true(sum == UINT64_C(0xb018bd888ae43023));
}

static void too_many_edges_are_refused(void **state)
{
	static const struct gn_graph_spec specs[] = {
		{ .graph = GN_GRAPH_FULL, .nodes = 100 },
		{ .graph = GN_GRAPH_K_REGULAR, .nodes = 100, .degree = 40 },
		{ .graph = GN_GRAPH_K_REGULAR, .nodes = 100, .degree = 80 },
		{ .graph = GN_GRAPH_STAR, .nodes = 1002 },
		{ .graph = GN_GRAPH_BARABASI_ALBERT, .nodes = 1000, .edges = 2 },
		{ .graph = GN_GRAPH_ERDOS_RENYI, .nodes = 100, .probability = GN_PROBABILITY_ONE / 4 },
		/* No memory would be enough, and no time. */
		{ .graph = GN_GRAPH_ERDOS_RENYI, .nodes = 1u << 30, .probability = GN_PROBABILITY_ONE / 2 },
		{ .graph = GN_GRAPH_ERDOS_RENYI, .nodes = 1u << 30, .by_edges = true, .edges = 1u << 30 },
		{ .graph = GN_GRAPH_BARABASI_ALBERT, .nodes = 1u << 30, .edges = 1u << 30, .parallel = true },
		{ .graph = GN_GRAPH_WATTS_STROGATZ, .nodes = 1u << 20, .degree = 1u << 20 },
	};

	(void)state;
	for (size_t i = 0; i < GN_ARRAY_LEN(specs); i++) {
		struct gn_edges edges = { .max = 1000 };
		struct gn_rand rand;

		gn_rand_init(&rand, 1, GN_RAND_TOPOLOGY, 0);
		assert_int_equal(gn_graph_make(&specs[i], &rand, &edges), -E2BIG);
		free(edges.e);
	}
	/* The last one's heaviest vertex alone would have more edges than there are numbers. */
	static const struct gn_chung_lu models[] = {
		{ 1000, 3 * GN_DECIMAL_ONE, 5 * GN_DECIMAL_ONE / 2 },
		{ 1000, 1000000 * GN_DECIMAL_ONE, 5 * GN_DECIMAL_ONE / 2 },
		{ 1000, 3 * GN_DECIMAL_ONE, GN_DECIMAL_ONE + 1 },
	};

	for (size_t i = 0; i < GN_ARRAY_LEN(models); i++) {
		struct gn_edges edges = { .max = 1000 };
		struct gn_rand rand;

		gn_rand_init(&rand, 1, GN_RAND_OVERLAY, 0);
		assert_int_equal(gn_graph_make_chung_lu(&models[i], &rand, &edges), -E2BIG);
		free(edges.e);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(deterministic_graphs),
		cmocka_unit_test(k_regular_is_regular_and_connected),
		cmocka_unit_test(k_regular_reaches_all_graphs),
		cmocka_unit_test(k_regular_is_connected),
		cmocka_unit_test(gnp_has_the_right_density),
		cmocka_unit_test(gnm_has_the_right_number),
		cmocka_unit_test(barabasi_albert_grows),
		cmocka_unit_test(parallel_edges_go_where_edges_are),
		cmocka_unit_test(parallel_edges_give_the_power_law),
		cmocka_unit_test(chung_lu_pairs_are_poisson),
		cmocka_unit_test(chung_lu_degrees),
		cmocka_unit_test(watts_strogatz_is_between_lattice_and_random),
		cmocka_unit_test(seeds_count),
		cmocka_unit_test(seeds_are_for_ever),
		cmocka_unit_test(too_many_edges_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
