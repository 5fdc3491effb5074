/* SPDX-License-Identifier: MIT */
/* Where places are, and how long light takes from one to the other. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "import/map.h"

/* Light in fibre: two thirds of its speed in vacuum. The Earth as a sphere of its mean radius. */
static const double km_per_ms = 200, earth_km = 6371.0088, degree = M_PI / 180;

/* Sweeps over the places without coordinates: each brings them nearer to where they come to rest. */
enum { SWEEPS = 1000, STEPS_MAX = 10000000 };

struct vector {
	double x, y, z;
};

static struct vector vector_of(const struct gn_site *s)
{
	double latitude = s->latitude * degree, longitude = s->longitude * degree;

	return (struct vector){ cos(latitude) * cos(longitude), cos(latitude) * sin(longitude),
				sin(latitude) };
}

static bool is_located(const struct gn_site *s)
{
	return (s->has_latitude && s->has_longitude) || s->interpolated;
}

/* Put @s at the middle of its located neighbours, on the sphere. Return: whether it has any, not all around it. */
static bool place_between(struct gn_map *m, uint32_t s, const uint32_t *first, const uint32_t *neighbours)
{
	struct gn_site *site = &m->sites[s];
	struct vector sum = { 0 };

	for (uint32_t i = first[s]; i < first[s + 1]; i++) {
		const struct gn_site *other = &m->sites[neighbours[i]];
		struct vector v = is_located(other) ? vector_of(other) : (struct vector){ 0 };

		sum = (struct vector){ sum.x + v.x, sum.y + v.y, sum.z + v.z };
	}
	if (hypot(hypot(sum.x, sum.y), sum.z) < 1e-9)
		return false;
	site->latitude = atan2(sum.z, hypot(sum.x, sum.y)) / degree;
	site->longitude = atan2(sum.y, sum.x) / degree;
	return true;
}

/* Neighbours of all sites, one list after the other: those of site s are neighbours[first[s]] up to first[s + 1]. */
static void list_neighbours(const struct gn_map *m, uint32_t *first, uint32_t *neighbours)
{
	for (size_t i = 0; i < m->n_cables; i++) {
		first[m->cables[i].site[0] + 1]++;
		first[m->cables[i].site[1] + 1]++;
	}
	for (size_t s = 0; s < m->n_sites; s++)
		first[s + 1] += first[s];
	for (size_t i = m->n_cables; i-- > 0;) {
		const uint32_t *site = m->cables[i].site;

		/* From each list's end; what first[s + 1] was is first[s + 1] again after the last one. */
		neighbours[--first[site[0] + 1]] = site[1];
		neighbours[--first[site[1] + 1]] = site[0];
	}
	for (size_t s = 0; s < m->n_sites; s++)
		first[s] = first[s + 1];
	first[m->n_sites] = 2 * (uint32_t)m->n_cables;
}

/*
 * Sites without coordinates come to rest where each is in the middle of its neighbours, as if the cables were springs:
 * a chain of them is spread evenly between its ends. First those next to a located one, then those next to them.
 */
static void interpolate(struct gn_map *m, const uint32_t *first, const uint32_t *neighbours)
{
	bool more = true;

	while (more) {
		more = false;
		for (uint32_t s = 0; s < m->n_sites; s++) {
			if (is_located(&m->sites[s]) || !place_between(m, s, first, neighbours))
				continue;
			more = m->sites[s].interpolated = true;
		}
	}
	size_t sweeps = GN_MIN((size_t)SWEEPS, STEPS_MAX / (2 * m->n_cables + 1) + 1);

	for (size_t i = 0; i < sweeps; i++) {
		for (uint32_t s = 0; s < m->n_sites; s++) {
			if (m->sites[s].interpolated)
				place_between(m, s, first, neighbours);
		}
	}
}

static void note_interpolated(struct gn_map *m)
{
	char names[3000] = "", more[40] = "";
	size_t used = 0;
	uint32_t n = 0, unnamed = 0;

	for (size_t s = 0; s < m->n_sites; s++) {
		const struct gn_site *site = &m->sites[s];
		const char *name = *site->label ? site->label : site->id;

		if (!site->interpolated)
			continue;
		n++;
		if (unnamed || strlen(name) + 3 > sizeof(names) - used)
			unnamed++; /* never a part of a name */
		else
			used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s",
						 n > 1 ? ", " : "", name);
	}
	if (unnamed)
		snprintf(more, sizeof(more), " and %u more", unnamed);
	if (n)
		gn_map_note(m, "%u %s without coordinates, put in the middle of %s neighbours: %s%s", n,
			    n == 1 ? "place" : "places", n == 1 ? "its" : "their", names, more);
}

static int locate(struct gn_map *m)
{
	GN_CLEANUP(gn_free_p) uint32_t *first = calloc(m->n_sites + 1, sizeof(*first));
	GN_CLEANUP(gn_free_p) uint32_t *neighbours = malloc((2 * m->n_cables + 1) * sizeof(*neighbours));

	if (!first || !neighbours)
		return -ENOMEM;
	list_neighbours(m, first, neighbours);
	interpolate(m, first, neighbours);
	note_interpolated(m);
	return 0;
}

/* The great circle, by the haversine formula, which is exact for short ways too. */
static double distance_km(const struct gn_site *a, const struct gn_site *b)
{
	double up = sin((b->latitude - a->latitude) * degree / 2);
	double along = sin((b->longitude - a->longitude) * degree / 2);
	double h = up * up + cos(a->latitude * degree) * cos(b->latitude * degree) * along * along;

	return 2 * earth_km * asin(sqrt(fmin(h, 1)));
}

static bool has_delays(const struct gn_cable *cable)
{
	return cable->way[0].has_delay && cable->way[1].has_delay;
}

static void measure_cable(struct gn_map *m, struct gn_cable *cable)
{
	const struct gn_site *ends[2] = { &m->sites[cable->site[0]], &m->sites[cable->site[1]] };

	if (has_delays(cable))
		return;
	for (int i = 0; i < 2; i++) {
		if (is_located(ends[i]))
			continue;
		gn_fault_at(
			m->report, cable->at,
			"this edge has no delay, and node \"%s\" neither Latitude and Longitude nor a neighbour "
			"that has them",
			ends[i]->id);
		return;
	}
	for (int d = 0; d < 2; d++) {
		if (!cable->way[d].has_delay)
			cable->way[d].delay =
				(gn_dur)llround(distance_km(ends[0], ends[1]) / km_per_ms * 1e3) * GN_USEC;
	}
	m->by_distance++;
}

/* netem counts the packets under way in 32 bits; the smallest has 42 bytes. */
static void drop_rates_beyond_netem(struct gn_map *m)
{
	uint32_t n = 0;

	for (size_t i = 0; i < m->n_cables; i++) {
		bool beyond = false;

		for (int d = 0; d < 2; d++) {
			struct gn_cable_way *way = &m->cables[i].way[d];

			if ((double)way->delay / 1e9 * (double)way->rate_bps / (42 * 8) < 4e9)
				continue;
			way->rate_bps = 0;
			beyond = true;
		}
		n += beyond;
	}
	if (n)
		gn_map_note(m, "%u %s too long for so high a rate: without a rate", n,
			    n == 1 ? "link" : "links");
}

int gn_map_measure(struct gn_map *m)
{
	bool needed = false;

	for (size_t i = 0; i < m->n_cables; i++)
		needed |= !has_delays(&m->cables[i]);
	int r = needed ? locate(m) : 0;

	for (size_t i = 0; !r && i < m->n_cables; i++)
		measure_cable(m, &m->cables[i]);
	drop_rates_beyond_netem(m);
	return r;
}
