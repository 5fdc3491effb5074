/* SPDX-License-Identifier: MIT */
/*
 * A matrix of round-trip times: comment lines with #, a head with the names of the places, then a row for each, its name
 * and the time from there to each in ms. A cell may be empty.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "import/map.h"

/* Every two places have a link. */
enum { PLACES_MAX = 1000 };

static const double rtt_max_ms = 3600e3;

struct matrix {
	struct gn_map *m;
	const char *s, *end;
	uint32_t line;
	const char *line_start;

	const char *cell;   /* without spaces around it */
	struct gn_place at; /* of the cell */
	bool last;	    /* of its line */

	uint32_t n;   /* places */
	double *rtt;  /* of the pair, -1: not given; n x n */
	bool *filled; /* by place: its row was there */
};

static bool at_end(const struct matrix *x)
{
	return x->s >= x->end;
}

/* To the next line with cells. */
static void skip_comments(struct matrix *x)
{
	while (!at_end(x)) {
		const char *stop = memchr(x->s, '\n', (size_t)(x->end - x->s));
		const char *first = x->s;

		stop = stop ? stop : x->end;
		while (first < stop && strchr(" \t\r", *first))
			first++;
		x->line_start = x->s;
		if (first < stop && *first != '#')
			return;
		x->s = stop < x->end ? stop + 1 : stop;
		x->line += stop < x->end;
	}
	x->line_start = x->s;
}

/* The next cell of the line. Text in quotes may have commas, and "" for a quote. */
static void next_cell(struct matrix *x)
{
	const char *from, *stop;
	bool quoted;

	while (!at_end(x) && (*x->s == ' ' || *x->s == '\t'))
		x->s++;
	from = stop = x->s;
	quoted = !at_end(x) && *x->s == '"';
	x->at = (struct gn_place){ .line = x->line, .col = (uint32_t)(from - x->line_start) + 1 };
	for (bool inside = false; !at_end(x) && *x->s != '\n' && (inside || *x->s != ','); x->s++)
		inside ^= *x->s == '"';
	stop = x->s;
	while (stop > from && strchr(" \t\r", stop[-1]))
		stop--;
	if (quoted && stop - from >= 2 && stop[-1] == '"') {
		from++;
		stop--;
	}
	x->cell = gn_map_text(x->m, from, (size_t)(stop - from));
	x->last = at_end(x) || *x->s == '\n';
	if (!at_end(x))
		x->s++;
	x->line += x->last;
}

static uint32_t place_called(const struct matrix *x, const char *name)
{
	for (uint32_t i = 0; i < x->n; i++) {
		if (!strcmp(x->m->sites[i].id, name))
			return i;
	}
	return UINT32_MAX;
}

static void read_place(struct matrix *x)
{
	if (!*x->cell) {
		gn_fault_at(x->m->report, x->at, "the name of a place was expected here");
		return;
	}
	if (place_called(x, x->cell) != UINT32_MAX) {
		gn_fault_at(x->m->report, x->at, "the place \"%s\" is named twice", x->cell);
		return;
	}
	struct gn_site *site = gn_map_add_site(x->m, x->at);

	if (!site)
		return;
	site->id = site->label = x->cell;
	x->n++;
}

static void read_head(struct matrix *x)
{
	skip_comments(x);
	next_cell(x); /* what stands above the names of the rows */
	while (x->cell && !x->last && x->n < PLACES_MAX) {
		next_cell(x);
		if (x->cell)
			read_place(x);
	}
	if (!x->last && x->n == PLACES_MAX)
		gn_fault_at(x->m->report, x->at, "more than %d places", PLACES_MAX);
	else if (x->n < 2 && !gn_report_has_faults(x->m->report))
		gn_fault_at(x->m->report, x->at,
			    "a head with two places at least was expected: from,paris,rome");
}

static void read_time(struct matrix *x, uint32_t from, uint32_t to)
{
	char *end;
	double ms = strtod(x->cell, &end);

	if (!*x->cell)
		return;
	if (*end || end == x->cell || !isfinite(ms) || strpbrk(x->cell, "xX"))
		gn_fault_at(x->m->report, x->at, "a round-trip time is a number of ms, not \"%s\"", x->cell);
	else if (ms < 0 || ms > rtt_max_ms)
		gn_fault_at(x->m->report, x->at, "a round-trip time is from 0 to %g ms, not %s", rtt_max_ms,
			    x->cell);
	else
		x->rtt[(size_t)from * x->n + to] = ms;
}

static void read_row(struct matrix *x)
{
	next_cell(x);
	if (!x->cell)
		return;
	uint32_t from = place_called(x, x->cell), n = 0;
	struct gn_place start = x->at;

	if (from == UINT32_MAX)
		gn_fault_at(x->m->report, x->at, "the place \"%s\" is not in the head", x->cell);
	else if (x->filled[from])
		gn_fault_at(x->m->report, x->at, "a second row of \"%s\"", x->cell);
	else
		x->filled[from] = true;
	for (; x->cell && !x->last; n++) {
		next_cell(x);
		if (x->cell && from != UINT32_MAX && n < x->n)
			read_time(x, from, n);
	}
	if (x->cell && n != x->n)
		gn_fault_at(x->m->report, start, "this row has %u times, and the head %u places", n, x->n);
}

static void check_rows(struct matrix *x)
{
	for (uint32_t i = 0; i < x->n && !gn_report_has_faults(x->m->report); i++) {
		if (!x->filled[i])
			gn_fault_at(x->m->report, x->m->sites[i].at, "there is no row of \"%s\"",
				    x->m->sites[i].label);
	}
}

/* What a ping takes on average, be it from one end or the other. */
static double mean_rtt(const struct matrix *x, uint32_t a, uint32_t b)
{
	double there = x->rtt[(size_t)a * x->n + b], back = x->rtt[(size_t)b * x->n + a];

	if (there < 0 || back < 0)
		return fmax(there, back);
	return (there + back) / 2;
}

static void link_places(struct matrix *x)
{
	uint32_t missing = 0;

	for (uint32_t a = 0; a < x->n; a++) {
		for (uint32_t b = a + 1; b < x->n; b++) {
			double rtt = mean_rtt(x, a, b);
			struct gn_cable *cable = rtt < 0 ? NULL : gn_map_add_cable(x->m, x->m->sites[a].at);

			missing += rtt < 0;
			if (!cable)
				continue;
			cable->ends[0] = x->m->sites[a].id;
			cable->ends[1] = x->m->sites[b].id;
			cable->way[0].has_delay = true;
			cable->way[0].delay = (gn_dur)llround(rtt / 2 * 1e6);
		}
	}
	if (missing)
		gn_map_note(x->m,
			    "%u pairs of places have no time, so no link: they reach each other over others",
			    missing);
}

void gn_matrix_read(struct gn_map *m, const char *text, size_t n)
{
	struct matrix x = { .m = m, .s = text, .end = text + n, .line = 1, .line_start = text };
	const char *zero = memchr(text, '\0', n);

	if (zero) {
		gn_fault_at(m->report, (struct gn_place){ .line = 1, .col = 1 }, "byte 0x00 is not text");
		return;
	}
	read_head(&x);
	if (gn_report_has_faults(m->report))
		return;
	GN_CLEANUP(gn_free_p) double *rtt = malloc((size_t)x.n * x.n * sizeof(*rtt));
	GN_CLEANUP(gn_free_p) bool *filled = calloc(x.n, sizeof(*filled));

	if (!rtt || !filled) {
		m->report->no_memory = true;
		return;
	}
	for (size_t i = 0; i < (size_t)x.n * x.n; i++)
		rtt[i] = -1;
	x.rtt = rtt;
	x.filled = filled;
	for (skip_comments(&x); !at_end(&x) && !m->report->no_memory; skip_comments(&x))
		read_row(&x);
	check_rows(&x);
	if (!gn_report_has_faults(m->report))
		link_places(&x);
}
