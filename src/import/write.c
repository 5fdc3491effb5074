/* SPDX-License-Identifier: MIT */
/* A map as a topology file: a router in each place, and hosts spread over them. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "import/map.h"
#include "topo/reader.h"
#include "topo/topology.h"
#include "topo/units.h"

enum { LINE_MAX_BYTES = 110 };

/* Words in which YAML, though not this program, sees something else than a name. */
static void put_name(FILE *f, const char *name)
{
	static const char *const words[] = { "null", "true", "false", "yes", "no", "on", "off" };
	bool quoted = false;

	for (size_t i = 0; i < GN_ARRAY_LEN(words); i++)
		quoted |= !strcasecmp(name, words[i]);
	fprintf(f, quoted ? "\"%s\"" : "%s", name);
}

/* A comment of words, broken into lines. */
static void put_comment(FILE *f, const char *text)
{
	size_t col = 1;

	fputc('#', f);
	while (*text) {
		size_t n = strcspn(text, " ");

		if (col + n + 1 > LINE_MAX_BYTES && col > 1) {
			fputs("\n#", f);
			col = 1;
		}
		if (n)
			fprintf(f, " %.*s", (int)n, text);
		col += n + 1;
		text += n + (text[n] == ' ');
	}
	fputc('\n', f);
}

static void put_format_comment(const struct gn_map *m, FILE *f)
{
	if (m->format == GN_IMPORT_CSV)
		put_comment(
			f,
			"Every two places have a link of their own, which is the way with the fewest hops. Its delay is "
			"one way: a quarter of the sum of the two round-trip times, measured from either end, or half of "
			"the one that is given; so a ping takes their mean. The diagonal, times within a place, "
			"is not used: hosts in one place are as close as the kernel is fast.");
	else
		put_comment(f, "A router in each place; datagrams take the way of least delay.");
	if (m->by_distance)
		put_comment(
			f,
			"Delays are one way. Where the file gives none it is that of light in fibre along the great "
			"circle, at 200 km/ms; real cables make detours, and routers take their time.");
	put_comment(
		f,
		"The hosts, as many as places, are linked to their places' routers without delay; change count, or the "
		"weights in over.");
}

static void put_head(const struct gn_map *m, FILE *f)
{
	char title[GN_NODE_NAME_MAX + 1];
	const char *base = strrchr(m->file, '/') ? strrchr(m->file, '/') + 1 : m->file;
	const char *dot = strrchr(base, '.');
	GN_CLEANUP(gn_free_p) char *stem = dot ? strndup(base, (size_t)(dot - base)) : gn_strdup(base);

	gn_name_of_file(stem ? stem : "", title);
	fprintf(f, "# %s: %zu places and %zu links, made from a file by gossipnet %s (gossipnet import).\n",
		title, m->n_sites, m->n_cables, GN_VERSION);
	if (m->network || m->source)
		fprintf(f, "# The file says of itself: %s%s%s.\n", m->network ? m->network : "",
			m->network && m->source ? ", from " : "", m->source ? m->source : "");
	put_format_comment(m, f);
	for (size_t i = 0; i < m->notes->n; i++)
		put_comment(f, m->notes->lines[i]);
	fputs("name: ", f);
	put_name(f, title);
	fprintf(f, "\nduration: 60s\nuntil: informed\n%s",
		m->format == GN_IMPORT_CSV ? "" : "routes: delay\n");
}

static void put_nodes(const struct gn_map *m, FILE *f)
{
	/* Gossip takes two. */
	fprintf(f, "nodes:\n  - {name: " GN_IMPORT_GROUP ", count: %u}\n", GN_MAX(m->part_sites, 2u));
	for (size_t i = 0; i < m->n_sites; i++) {
		const struct gn_site *s = &m->sites[i];
		bool located = s->interpolated || (s->has_latitude && s->has_longitude);

		fputs("  - {name: ", f);
		put_name(f, s->name);
		fputs(", kind: router}", f);
		if (*s->label && strcmp(s->label, s->name) != 0)
			fprintf(f, " # %s", s->label);
		if (located)
			fprintf(f, "%s %.5f, %.5f%s", *s->label && strcmp(s->label, s->name) ? ":" : " #",
				s->latitude, s->longitude, s->interpolated ? ", interpolated" : "");
		fputc('\n', f);
	}
}

/* All places of the largest part. */
static void put_spread(const struct gn_map *m, FILE *f)
{
	size_t col = 0;

	fputs("links:\n  - spread: " GN_IMPORT_GROUP "\n    over: [", f);
	for (size_t i = 0; i < m->n_sites; i++) {
		const struct gn_site *s = &m->sites[i];
		size_t n = strlen(s->name) + 2;

		if (s->part != m->part)
			continue;
		if (col)
			fputs(col + n > LINE_MAX_BYTES - 12 ? ",\n      " : ", ", f);
		col = col + n > LINE_MAX_BYTES - 12 ? n : col + n;
		put_name(f, s->name);
	}
	fputs("]\n", f);
}

/* As people write it: all of them in ms. */
static void put_delay(FILE *f, gn_dur delay)
{
	char text[40];
	size_t n = (size_t)snprintf(text, sizeof(text), "%" PRIu64 ".%06" PRIu64, delay / GN_MSEC,
				    delay % GN_MSEC);

	while (text[n - 1] == '0')
		n--;
	fprintf(f, "%.*sms", (int)(text[n - 1] == '.' ? n - 1 : n), text);
}

static void put_way(const struct gn_cable_way *way, FILE *f)
{
	char text[GN_UNIT_TEXT];

	fputs("delay: ", f);
	put_delay(f, way->delay);
	if (way->rate_bps)
		fprintf(f, ", rate: %s", gn_unit_format(GN_QUANTITY_RATE, way->rate_bps, text));
}

static void put_cable(const struct gn_map *m, const struct gn_cable *cable, FILE *f)
{
	const struct gn_cable_way *way = cable->way;

	fputs("  - {between: [", f);
	put_name(f, m->sites[cable->site[0]].name);
	fputs(", ", f);
	put_name(f, m->sites[cable->site[1]].name);
	fputs("], ", f);
	if (way[0].delay == way[1].delay && way[0].rate_bps == way[1].rate_bps) {
		put_way(way, f);
	} else {
		fputs("a_to_b: {", f);
		put_way(&way[0], f);
		fputs("}, b_to_a: {", f);
		put_way(&way[1], f);
		fputc('}', f);
	}
	fputs("}\n", f);
}

char *gn_map_write(const struct gn_map *m)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	put_head(m, f);
	put_nodes(m, f);
	put_spread(m, f);
	for (size_t i = 0; i < m->n_cables; i++)
		put_cable(m, &m->cables[i], f);
	if (!fclose(f))
		return text;
	free(text);
	return NULL;
}
