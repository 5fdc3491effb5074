/* SPDX-License-Identifier: MIT */
#include "import/map.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "topo/schema.h"

struct gn_site *gn_map_add_site(struct gn_map *m, struct gn_place at)
{
	if (gn_grow(&m->sites, m->n_sites, &m->cap_sites, sizeof(*m->sites))) {
		m->report->no_memory = true;
		return NULL;
	}
	m->sites[m->n_sites] = (struct gn_site){ .label = "", .at = at };
	return &m->sites[m->n_sites++];
}

struct gn_cable *gn_map_add_cable(struct gn_map *m, struct gn_place at)
{
	if (gn_grow(&m->cables, m->n_cables, &m->cap_cables, sizeof(*m->cables))) {
		m->report->no_memory = true;
		return NULL;
	}
	m->cables[m->n_cables] = (struct gn_cable){ .at = at };
	return &m->cables[m->n_cables++];
}

void gn_map_note(struct gn_map *m, const char *fmt, ...)
{
	char text[4096];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	char *line = gn_strdup(text);

	if (!line || gn_grow(&m->notes->lines, m->notes->n, &m->notes->cap, sizeof(*m->notes->lines))) {
		free(line);
		m->report->no_memory = true;
		return;
	}
	m->notes->lines[m->notes->n++] = line;
}

/* The bytes of the UTF-8 character at @s, at most @n, and its number; 0, and @ret as it was, if there is none. */
static size_t utf8_length(const unsigned char *s, size_t n, uint32_t *ret)
{
	static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t len = s[0] < 0x80   ? 1
		     : s[0] < 0xc2 ? 0
		     : s[0] < 0xe0 ? 2
		     : s[0] < 0xf0 ? 3
		     : s[0] < 0xf5 ? 4
				   : 0;
	uint32_t c = len > 1 ? s[0] & (0x7fu >> len) : s[0];

	if (!len || len > n)
		return 0;
	for (size_t i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3fu);
	}
	if (c < smallest[len] || c > 0x10ffff)
		return 0;
	*ret = c;
	return len;
}

static bool is_printable(uint32_t c)
{
	bool surrogate = c >= 0xd800 && c < 0xe000;

	return c >= 0x20 && (c < 0x7f || c >= 0xa0) && !surrogate && (c & 0xfffe) != 0xfffe && c != 0x2028 &&
	       c != 0x2029 && c != 0xfeff;
}

const char *gn_map_text(struct gn_map *m, const char *s, size_t n)
{
	const unsigned char *in = (const unsigned char *)s;
	char *out = gn_arena_alloc(&m->arena, 2 * n + 1), *end = out; /* Latin-1 takes at most two bytes */
	size_t len;

	if (!out) {
		m->report->no_memory = true;
		return NULL;
	}
	for (size_t i = 0; i < n; i += len ? len : 1) {
		uint32_t c = in[i];

		len = utf8_length(in + i, n - i, &c);
		if (!is_printable(c)) {
			*end++ = ' ';
		} else if (len) {
			memcpy(end, in + i, len);
			end += len;
		} else {
			*end++ = (char)(0xc0 | c >> 6);
			*end++ = (char)(0x80 | (c & 0x3f));
		}
	}
	while (end > out && end[-1] == ' ')
		end--;
	*end = '\0';
	return out;
}

static const char *keep(struct gn_map *m, const char *value)
{
	const char *copy = gn_arena_copy(&m->arena, value, strlen(value));

	m->report->no_memory |= !copy;
	return copy;
}

/* A finite decimal number; *ret_rest: what follows it, without spaces. */
static bool read_number(const char *text, double *ret, const char **ret_rest)
{
	char *end;
	double value = strtod(text, &end);

	if (end == text || !isfinite(value) || strpbrk(text, "xX"))
		return false;
	*ret = value;
	*ret_rest = end + strspn(end, " ");
	return true;
}

static void say_coordinate(struct gn_map *m, const char *key, const char *value, double bound,
			   struct gn_place at, double *ret, bool *ret_given)
{
	const char *rest;

	if (!read_number(value, ret, &rest) || *rest || fabs(*ret) > bound)
		gn_fault_at(m->report, at, "%s must be a number of degrees from -%g to %g, not \"%s\"", key,
			    bound, bound, value);
	else
		*ret_given = true;
}

void gn_map_say(struct gn_map *m, const char *key, const char *value)
{
	if (!strcasecmp(key, "Network") && *value)
		m->network = keep(m, value);
	else if (!strcasecmp(key, "Source") && *value)
		m->source = keep(m, value);
	else if (!strcasecmp(key, "directed") && m->format == GN_IMPORT_GML)
		m->directed = !strcmp(value, "1");
}

void gn_map_say_site(struct gn_map *m, const char *key, const char *value, struct gn_place at)
{
	struct gn_site *site = &m->sites[m->n_sites - 1];

	if (!strcasecmp(key, "id"))
		site->id = keep(m, value);
	else if (!strcasecmp(key, "label"))
		site->label = keep(m, value);
	else if (!strcasecmp(key, "Latitude"))
		say_coordinate(m, key, value, 90, at, &site->latitude, &site->has_latitude);
	else if (!strcasecmp(key, "Longitude"))
		say_coordinate(m, key, value, 180, at, &site->longitude, &site->has_longitude);
}

/* A time with its unit, or a number of ms. */
static void say_delay(struct gn_map *m, const char *key, const char *value, struct gn_place at,
		      struct gn_cable *cable)
{
	static const struct {
		const char *name;
		double ns;
	} units[] = { { "", 1e6 }, { "ms", 1e6 }, { "us", 1e3 }, { "ns", 1 }, { "s", 1e9 } };
	const char *unit;
	double number, ns = -1;

	if (read_number(value, &number, &unit)) {
		for (size_t i = 0; i < GN_ARRAY_LEN(units); i++) {
			if (!strcmp(unit, units[i].name))
				ns = number * units[i].ns;
		}
	}
	if (ns >= 0 && ns <= 3600e9) {
		cable->way[0].delay = (gn_dur)llround(ns);
		cable->way[0].has_delay = true;
	} else {
		gn_fault_at(m->report, at,
			    "%s must be a number of ms or a time such as 10ms, at most an hour, not "
			    "\"%s\"",
			    key, value);
	}
}

/* The letter before "bit/s" in LinkSpeedUnits. */
static double unit_of(const char *text)
{
	static const char letters[] = "KMGT";
	const char *at =
		*text ? strchr(letters, *text >= 'a' && *text <= 'z' ? *text - 'a' + 'A' : *text) : NULL;

	return at ? pow(1000, (double)(at - letters + 1)) : 0;
}

void gn_map_say_cable(struct gn_map *m, const char *key, const char *value, struct gn_place at)
{
	struct gn_cable *cable = &m->cables[m->n_cables - 1];
	const char *rest;
	double number;

	for (int end = 0; end < 2; end++) {
		if (strcasecmp(key, end ? "target" : "source"))
			continue;
		cable->ends[end] = keep(m, value);
		cable->end_at[end] = at;
	}
	if (!strcasecmp(key, "delay") || !strcasecmp(key, "latency"))
		say_delay(m, key, value, at, cable);
	else if (!strcasecmp(key, "LinkSpeedUnits"))
		cable->unit = unit_of(value);
	else if (!strcasecmp(key, "LinkSpeed") && read_number(value, &number, &rest) && !*rest && number > 0)
		cable->speed = number;
	else if (!strcasecmp(key, "LinkSpeedRaw") && read_number(value, &number, &rest) && !*rest &&
		 number >= 8 && number <= GN_IMPORT_RATE_MAX)
		cable->way[0].rate_bps = (uint64_t)number / 8 * 8;
}

bool gn_import_format_of(const char *file, enum gn_import_format *ret)
{
	static const char *const endings[] = { ".gml", ".graphml", ".csv" };
	size_t n = strlen(file);

	for (size_t i = 0; i < GN_ARRAY_LEN(endings); i++) {
		size_t tail = strlen(endings[i]);

		if (n <= tail || strcasecmp(file + n - tail, endings[i]))
			continue;
		*ret = (enum gn_import_format)i;
		return true;
	}
	return false;
}

static void read_map(struct gn_map *m, const char *text, size_t n)
{
	switch (m->format) {
	case GN_IMPORT_GML:
		gn_gml_read(m, text, n);
		return;
	case GN_IMPORT_GRAPHML:
		gn_graphml_read(m, text, n);
		return;
	case GN_IMPORT_CSV:
		gn_matrix_read(m, text, n);
		return;
	}
}

static int work_out(struct gn_map *m, char **ret)
{
	static int (*const steps[])(struct gn_map *) = { gn_map_connect, gn_map_measure, gn_map_name };
	int r = 0;

	for (size_t i = 0; !r && i < GN_ARRAY_LEN(steps) && !gn_report_has_faults(m->report); i++)
		r = steps[i](m);
	if (r || gn_report_has_faults(m->report))
		return r;
	*ret = gn_map_write(m);
	return *ret ? 0 : -ENOMEM;
}

int gn_import_text(const char *file, enum gn_import_format format, const char *text, size_t n, char **ret,
		   struct gn_faults *faults, struct gn_faults *notes)
{
	struct gn_report report = { .suggestions_left = 100000 };
	struct gn_map m = { .report = &report, .format = format, .file = file, .notes = notes };

	static const char byte_order_mark[] = "\xef\xbb\xbf";

	gn_report_source(&report, file);
	if (n >= 3 && !memcmp(text, byte_order_mark, 3)) {
		text += 3;
		n -= 3;
	}
	read_map(&m, text, n);
	int r = work_out(&m, ret);

	if (!r)
		r = gn_report_give(&report, faults);
	free(m.sites);
	free(m.cables);
	gn_arena_done(&m.arena);
	gn_report_done(&report);
	return r;
}
