/* SPDX-License-Identifier: MIT */
/* Which places a map's cables join, each pair at most once. */
#include <string.h>

#include "import/map.h"
#include "topo/graph.h"

/* More routers than a live or simulated run could carry; it also bounds the work below. */
enum { SITES_MAX = 10000 };

struct by_id {
	const char *id;
	uint32_t site;
};

static int compare_ids(const void *pa, const void *pb)
{
	const struct by_id *a = pa, *b = pb;
	int order = strcmp(a->id, b->id);

	return order ? order : (a->site > b->site) - (a->site < b->site);
}

static int compare_id_with(const void *key, const void *element)
{
	return strcmp(key, ((const struct by_id *)element)->id);
}

/* Every site has an id of its own. @index: of all sites that have one, sorted. Return: how many there are. */
static size_t index_sites(struct gn_map *m, struct by_id *index)
{
	size_t n = 0;

	for (uint32_t i = 0; i < m->n_sites; i++) {
		if (m->sites[i].id)
			index[n++] = (struct by_id){ m->sites[i].id, i };
		else
			gn_fault_at(m->report, m->sites[i].at, "a node needs an id");
	}
	qsort(index, n, sizeof(*index), compare_ids);
	for (size_t i = 1; i < n; i++) {
		const struct gn_site *first = &m->sites[index[i - 1].site];

		if (!strcmp(index[i].id, index[i - 1].id))
			gn_fault_at(m->report, m->sites[index[i].site].at,
				    "the node in line %u has the same id, \"%s\"", first->at.line, first->id);
	}
	return n;
}

static void resolve(struct gn_map *m, struct gn_cable *cable, const struct by_id *index, size_t n)
{
	static const char *const words[] = { "source", "target" };

	for (int end = 0; end < 2; end++) {
		const char *id = cable->ends[end];
		const struct by_id *found =
			id ? bsearch(id, index, n, sizeof(*index), compare_id_with) : NULL;

		if (found)
			cable->site[end] = found->site;
		else if (id)
			gn_fault_at(m->report, cable->end_at[end], "no node has the id \"%s\"", id);
		else
			gn_fault_at(m->report, cable->at, "an edge needs a %s", words[end]);
	}
}

static int compare_cables(const void *pa, const void *pb)
{
	const struct gn_cable *a = pa, *b = pb;
	const uint32_t ka[] = { GN_MIN(a->site[0], a->site[1]), GN_MAX(a->site[0], a->site[1]) };
	const uint32_t kb[] = { GN_MIN(b->site[0], b->site[1]), GN_MAX(b->site[0], b->site[1]) };

	for (int i = 0; i < 2; i++) {
		if (ka[i] != kb[i])
			return ka[i] < kb[i] ? -1 : 1;
	}
	if (a->at.line != b->at.line)
		return a->at.line < b->at.line ? -1 : 1;
	return (a->at.col > b->at.col) - (a->at.col < b->at.col);
}

/* Capacities add up, if all are known; traffic takes the shortest. Return: was there one already? */
static bool join_way(struct gn_cable_way *into, const struct gn_cable_way *other)
{
	const bool shorter = other->has_delay && (!into->has_delay || other->delay < into->delay);

	if (!other->given)
		return false;
	if (!into->given) {
		*into = *other;
		return false;
	}
	into->rate_bps = into->rate_bps && other->rate_bps ? into->rate_bps + other->rate_bps : 0;
	into->rate_bps = GN_MIN(into->rate_bps, (uint64_t)GN_IMPORT_RATE_MAX);
	if (shorter)
		into->delay = other->delay;
	into->has_delay |= other->has_delay;
	return true;
}

/* In a directed graph there may be an edge each way: no second cable, but what the first is on the way back. */
static bool join(struct gn_cable *into, const struct gn_cable *other)
{
	const int turned = into->site[0] != other->site[0];
	bool parallel = false;

	for (int d = 0; d < 2; d++)
		parallel |= join_way(&into->way[d], &other->way[d ^ turned]);
	return parallel;
}

static bool same_ends(const struct gn_cable *a, const struct gn_cable *b)
{
	return GN_MIN(a->site[0], a->site[1]) == GN_MIN(b->site[0], b->site[1]) &&
	       GN_MAX(a->site[0], a->site[1]) == GN_MAX(b->site[0], b->site[1]);
}

/* A link carries both ways: what has an edge in one direction alone is the same in the other. */
static void complete_ways(struct gn_map *m)
{
	uint32_t n = 0;

	for (size_t i = 0; i < m->n_cables; i++) {
		struct gn_cable_way *way = m->cables[i].way;

		n += !way[0].given || !way[1].given;
		if (!way[0].given)
			way[0] = way[1];
		if (!way[1].given)
			way[1] = way[0];
	}
	if (n)
		gn_map_note(m, "%u %s between nodes that have none back: %s", n, n == 1 ? "edge" : "edges",
			    n == 1 ? "a link with the same values in both directions"
				   : "links with the same values in both directions");
}

static void drop_loops_and_parallels(struct gn_map *m)
{
	uint32_t loops = 0, parallels = 0;
	size_t n = 0;

	if (m->n_cables)
		qsort(m->cables, m->n_cables, sizeof(*m->cables), compare_cables);
	for (size_t i = 0; i < m->n_cables; i++) {
		const struct gn_cable *cable = &m->cables[i];

		if (cable->site[0] == cable->site[1])
			loops++;
		else if (n && same_ends(&m->cables[n - 1], cable))
			parallels += join(&m->cables[n - 1], cable);
		else
			m->cables[n++] = *cable;
	}
	m->n_cables = n;
	if (loops)
		gn_map_note(m, "%u %s from a node to itself, left out", loops, loops == 1 ? "edge" : "edges");
	if (parallels)
		gn_map_note(
			m,
			"%u more %s between nodes that have one already: one link with the sum of their speeds (if "
			"all are given) and the shortest delay",
			parallels, parallels == 1 ? "edge" : "edges");
	complete_ways(m);
}

/* The connected part that each site is in, and the largest of them. */
static int find_parts(struct gn_map *m)
{
	GN_CLEANUP(gn_free_p) uint32_t *parent = malloc(m->n_sites * sizeof(*parent));
	GN_CLEANUP(gn_free_p) uint32_t *sizes = calloc(m->n_sites, sizeof(*sizes));
	uint32_t parts = 0;

	if (!parent || !sizes)
		return -ENOMEM;
	for (uint32_t v = 0; v < m->n_sites; v++)
		parent[v] = v;
	for (size_t i = 0; i < m->n_cables; i++) {
		uint32_t a = gn_find_root(parent, m->cables[i].site[0]);
		uint32_t b = gn_find_root(parent, m->cables[i].site[1]);

		parent[GN_MAX(a, b)] = GN_MIN(a, b);
	}
	for (uint32_t v = 0; v < m->n_sites; v++) {
		uint32_t root = m->sites[v].part = gn_find_root(parent, v);

		parts += root == v;
		sizes[root]++;
	}
	for (uint32_t v = 0; v < m->n_sites; v++) {
		if (sizes[v] > m->part_sites) {
			m->part = v;
			m->part_sites = sizes[v];
		}
	}
	if (parts > 1)
		gn_map_note(m, "%u parts that are not connected: hosts are only in the largest, of %u places",
			    parts, m->part_sites);
	return 0;
}

static void take_values(const struct gn_map *m, struct gn_cable *cable)
{
	const double speed = cable->speed * cable->unit;

	cable->way[0].given = true;
	if (!cable->way[0].rate_bps && speed >= 8 && speed <= GN_IMPORT_RATE_MAX)
		cable->way[0].rate_bps = (uint64_t)speed / 8 * 8;
	if (m->format == GN_IMPORT_GML)
		cable->directed = m->directed; /* which the file may say after its edges */
	if (!cable->directed)
		cable->way[1] = cable->way[0];
}

int gn_map_connect(struct gn_map *m)
{
	if (m->n_sites > SITES_MAX) {
		gn_fault_at(m->report, m->sites[SITES_MAX].at, "more than %d places", SITES_MAX);
		return 0;
	}
	GN_CLEANUP(gn_free_p) struct by_id *index = malloc((m->n_sites + 1) * sizeof(*index));

	if (!index)
		return -ENOMEM;

	size_t n = index_sites(m, index);

	for (size_t i = 0; i < m->n_cables; i++) {
		struct gn_cable *cable = &m->cables[i];
		resolve(m, cable, index, n);
		take_values(m, cable);
	}
	if (gn_report_has_faults(m->report))
		return 0;
	drop_loops_and_parallels(m);
	return find_parts(m);
}
