/* SPDX-License-Identifier: MIT */
/*
 * GML: a list of keys, each with a number, a text in quotes or a list in brackets. What matters here are the lists node
 * and edge in the list graph, and what stands in them; lists further inside are passed over.
 */
#include <stdio.h>
#include <string.h>

#include "import/map.h"

enum { DEPTH_MAX = 64 };

enum token_type { TOKEN_END, TOKEN_WORD, TOKEN_TEXT, TOKEN_OPEN, TOKEN_CLOSE };

struct gml {
	struct gn_map *m;
	const char *s, *end;
	uint32_t line, col;
	bool stop; /* a fault after which nothing makes sense */

	enum token_type type;
	const char *text; /* of the token: a key, a number, a text */
	struct gn_place at;
};

static void step(struct gml *g)
{
	if (*g->s++ == '\n') {
		g->line++;
		g->col = 1;
	} else {
		g->col++;
	}
}

static void skip_blanks(struct gml *g)
{
	while (g->s < g->end) {
		bool comment = *g->s == '#';

		if (!comment && !strchr(" \t\r\n", *g->s))
			return;
		do
			step(g);
		while (comment && g->s < g->end && *g->s != '\n');
	}
}

static void stop(struct gml *g, struct gn_place at, const char *why)
{
	if (!g->stop)
		gn_fault_at(g->m->report, at, "not GML: %s", why);
	g->stop = true;
	g->type = TOKEN_END;
}

/* The character that &...; at @s stands for, in UTF-8. Return: the bytes it takes in the file, or 0. */
static size_t entity(const char *s, const char *end, char ret[5])
{
	static const char *const names[][2] = {
		{ "&amp;", "&" }, { "&quot;", "\"" }, { "&lt;", "<" }, { "&gt;", ">" }, { "&apos;", "'" },
	};
	unsigned number = 0;
	size_t i = 2;

	for (size_t k = 0; k < GN_ARRAY_LEN(names); k++) {
		size_t n = strlen(names[k][0]);

		if ((size_t)(end - s) < n || memcmp(s, names[k][0], n))
			continue;
		snprintf(ret, 5, "%s", names[k][1]);
		return n;
	}
	if (end - s < 4 || s[1] != '#')
		return 0;
	for (; i < 8 && s + i < end && s[i] >= '0' && s[i] <= '9'; i++)
		number = number * 10 + (unsigned)(s[i] - '0');
	/* Latin letters, which is what names of places have; others stay as they are written. */
	if (i == 2 || s + i >= end || s[i] != ';' || number < 0x20 || number >= 0x800)
		return 0;
	if (number < 0x80)
		snprintf(ret, 5, "%c", (int)number);
	else
		snprintf(ret, 5, "%c%c", (int)(0xc0 | number >> 6), (int)(0x80 | (number & 0x3f)));
	return i + 1;
}

/* Bytes from @from to g->s, with what &...; stand for. */
static const char *decode(struct gml *g, const char *from)
{
	size_t n = 0, room = (size_t)(g->s - from);
	GN_CLEANUP(gn_free_p) char *out = malloc(room + 1);
	char one[5];

	if (!out) {
		g->m->report->no_memory = true;
		return NULL;
	}
	while (from < g->s) {
		size_t taken = *from == '&' ? entity(from, g->s, one) : 0;

		if (!taken) {
			out[n++] = *from++;
			continue;
		}
		for (const char *c = one; *c; c++)
			out[n++] = *c; /* always shorter than what stands for it */
		from += taken;
	}
	return gn_map_text(g->m, out, n);
}

static void next_text(struct gml *g)
{
	const char *from = g->s + 1;

	do
		step(g);
	while (g->s < g->end && *g->s != '"');
	if (g->s >= g->end) {
		stop(g, g->at, "the text that begins here does not end");
		return;
	}
	g->text = decode(g, from);
	g->type = TOKEN_TEXT;
	step(g);
	if (!g->text)
		stop(g, g->at, "out of memory");
}

static void next_token(struct gml *g)
{
	skip_blanks(g);
	g->at = (struct gn_place){ .line = g->line, .col = g->col };
	g->type = TOKEN_END;
	if (g->s >= g->end || g->stop)
		return;
	if (*g->s == '"') {
		next_text(g);
		return;
	}
	if (*g->s == '[' || *g->s == ']') {
		g->type = *g->s == '[' ? TOKEN_OPEN : TOKEN_CLOSE;
		step(g);
		return;
	}
	const char *from = g->s;

	while (g->s < g->end && !strchr(" \t\r\n[]\"#", *g->s))
		step(g);
	g->text = gn_map_text(g->m, from, (size_t)(g->s - from));
	g->type = TOKEN_WORD;
	if (!g->text)
		stop(g, g->at, "out of memory");
}

/* More than the format's letters and digits, as others are generous as well. */
static bool is_key(const char *text)
{
	static const char characters[] = "0123456789-."
					 "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";

	return *text && !strchr("0123456789-.", *text) && strspn(text, characters) == strlen(text);
}

/* What a list means by the one it is in. */
enum list { LIST_FILE, LIST_GRAPH, LIST_NODE, LIST_EDGE, LIST_OTHER };

static enum list list_called(const char *key, enum list within)
{
	if (within == LIST_FILE && !strcasecmp(key, "graph"))
		return LIST_GRAPH;
	if (within == LIST_GRAPH && !strcasecmp(key, "node"))
		return LIST_NODE;
	if (within == LIST_GRAPH && !strcasecmp(key, "edge"))
		return LIST_EDGE;
	return LIST_OTHER;
}

static void say(struct gml *g, enum list list, const char *key)
{
	switch (list) {
	case LIST_GRAPH:
		gn_map_say(g->m, key, g->text);
		return;
	case LIST_NODE:
		gn_map_say_site(g->m, key, g->text, g->at);
		return;
	case LIST_EDGE:
		gn_map_say_cable(g->m, key, g->text, g->at);
		return;
	case LIST_FILE:
	case LIST_OTHER:
		return;
	}
}

static void read_list(struct gml *g, enum list list, struct gn_place from, unsigned depth);

/* The value of a key. */
static void read_value(struct gml *g, enum list list, const char *key, struct gn_place at, unsigned depth)
{
	next_token(g);
	if (g->stop)
		return;
	if (g->type == TOKEN_END || g->type == TOKEN_CLOSE) {
		stop(g, at, "a key without a value");
		return;
	}
	if (g->type != TOKEN_OPEN) {
		say(g, list, key);
		return;
	}
	enum list inner = list_called(key, list);

	if (depth >= DEPTH_MAX)
		stop(g, g->at, "lists more than 64 deep");
	else if ((inner == LIST_NODE && !gn_map_add_site(g->m, at)) ||
		 (inner == LIST_EDGE && !gn_map_add_cable(g->m, at)))
		stop(g, at, "out of memory");
	else
		read_list(g, inner, g->at, depth + 1);
}

/* Keys and values up to the list's end; @from: its bracket. */
static void read_list(struct gml *g, enum list list, struct gn_place from, unsigned depth)
{
	for (;;) {
		next_token(g);
		if (g->stop || (g->type == TOKEN_END && list == LIST_FILE))
			return;
		if (g->type == TOKEN_END) {
			stop(g, from, "the list that begins here does not end");
			return;
		}
		if (g->type == TOKEN_CLOSE && list != LIST_FILE)
			return;
		if (g->type != TOKEN_WORD || !is_key(g->text)) {
			stop(g, g->at,
			     g->type == TOKEN_CLOSE ? "no list ends here" : "a key was expected here");
			return;
		}
		const char *key = g->text;

		read_value(g, list, key, g->at, depth);
	}
}

void gn_gml_read(struct gn_map *m, const char *text, size_t n)
{
	struct gml g = { .m = m, .s = text, .end = text + n, .line = 1, .col = 1 };
	const char *zero = memchr(text, '\0', n);

	if (zero) /* strchr() would take it for a blank */
		g.end = zero;
	read_list(&g, LIST_FILE, g.at, 0);
	if (zero && !g.stop)
		gn_fault_at(m->report, (struct gn_place){ .line = g.line, .col = g.col },
			    "byte 0x00 is not text");
	else if (!g.stop && !m->n_sites)
		gn_fault_at(m->report, (struct gn_place){ .line = 1, .col = 1 },
			    "there is no graph with nodes in this file: graph [ node [ id 1 ] ... ]");
}
