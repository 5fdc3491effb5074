/* SPDX-License-Identifier: MIT */
/* From libyaml's events to the tree. Events instead of libyaml's document: depth and size are checked as
 * they come, and aliases are refused before they could multiply anything. */
#include "topo/yaml.h"

#include <stdio.h>
#include <string.h>
#include <yaml.h>

/* A topology nests five deep; a map of it has about twenty keys. The bounds keep hostile input cheap. */
enum { DEPTH_MAX = 32, KEYS_MAX = 64 };

struct frame {
	struct gn_yaml *node;
	const char *key; /* of the value to come, in a map */
	struct gn_place key_place;
};

struct parse {
	struct gn_yaml_reader *r;
	uint32_t source;
	bool flat;
	struct gn_yaml *root;
	struct frame stack[DEPTH_MAX];
	unsigned depth;
	bool stop;
};

static struct gn_place place_at(const struct parse *p, size_t line, size_t col)
{
	if (p->flat)
		return (struct gn_place){ .source = p->source };
	return (struct gn_place){ .source = p->source, .line = (uint32_t)line + 1, .col = (uint32_t)col + 1 };
}

static struct gn_place place_of(const struct parse *p, const yaml_mark_t *mark)
{
	return place_at(p, mark->line, mark->column);
}

/* Bytes of the UTF-8 character at @s (at most @n bytes), or 0 if it is not one that YAML may hold. */
static size_t character_length(const unsigned char *s, size_t n)
{
	if (s[0] < 0x80)
		return (s[0] >= 0x20 && s[0] != 0x7f) || s[0] == '\t' || s[0] == '\n' || s[0] == '\r';
	size_t len = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;

	if (s[0] < 0xc2 || s[0] > 0xf4 || len > n)
		return 0;
	uint32_t c = s[0] & (0x7fu >> len);

	for (size_t i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3fu);
	}
	static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	bool control = c < 0xa0, surrogate = c >= 0xd800 && c < 0xe000;

	if (c < smallest[len] || c > 0x10ffff || control || surrogate || c == 0xfffe || c == 0xffff)
		return 0;
	return len;
}

/* libyaml reports bad bytes without a place, so they are looked for first. */
static bool check_characters(struct parse *p, const char *text, size_t n)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t line = 0, col = 0, len;

	for (size_t i = 0; i < n; i += len) {
		len = character_length(s + i, n - i);
		if (!len) {
			gn_fault_at(p->r->report, place_at(p, line, col), "byte 0x%02x is not text in UTF-8",
				    s[i]);
			return false;
		}
		col++;
		if (s[i] == '\n') {
			line++;
			col = 0;
		}
	}
	return true;
}

struct gn_yaml *gn_yaml_get(const struct gn_yaml *map, const char *key)
{
	for (struct gn_yaml *y = map->first; y; y = y->next) {
		if (!strcmp(y->key, key))
			return y;
	}
	return NULL;
}

void gn_yaml_append(struct gn_yaml *parent, struct gn_yaml *child)
{
	child->next = NULL;
	if (parent->last)
		parent->last->next = child;
	else
		parent->first = child;
	parent->last = child;
	parent->n++;
}

bool gn_yaml_is_null(const struct gn_yaml *y)
{
	return y->kind == GN_YAML_SCALAR && !y->quoted &&
	       (!*y->text || !strcmp(y->text, "~") || !strcasecmp(y->text, "null"));
}

static struct gn_yaml *new_node(struct gn_yaml_reader *r, enum gn_yaml_kind kind, struct gn_place at)
{
	struct gn_yaml *y = gn_arena_alloc(r->arena, sizeof(*y));

	if (!y) {
		r->report->no_memory = true;
		return NULL;
	}
	y->kind = kind;
	y->place = at;
	return y;
}

struct gn_yaml *gn_yaml_scalar(struct gn_yaml_reader *r, const char *key, const char *text,
			       struct gn_place at)
{
	struct gn_yaml *y = new_node(r, GN_YAML_SCALAR, at);

	if (!y)
		return NULL;
	y->key_place = at;
	y->key = key ? gn_arena_copy(r->arena, key, strlen(key)) : NULL;
	y->text = gn_arena_copy(r->arena, text, strlen(text));
	if ((key && !y->key) || !y->text) {
		r->report->no_memory = true;
		return NULL;
	}
	return y;
}

/* Hang a value into the list or map that is open, or make it the root. */
static void add_value(struct parse *p, struct gn_yaml *y)
{
	struct frame *f = p->depth ? &p->stack[p->depth - 1] : NULL;

	if (!f) {
		p->root = y;
		return;
	}
	if (f->node->kind == GN_YAML_MAP) {
		const struct gn_yaml *same = gn_yaml_get(f->node, f->key);

		y->key = f->key;
		y->key_place = f->key_place;
		f->key = NULL;
		if (same) {
			gn_fault_at(p->r->report, y->key_place, "\"%s\" is given twice in one map", y->key);
			return;
		}
		if (f->node->n >= KEYS_MAX) {
			gn_fault_at(p->r->report, y->key_place, "a map with more than %d keys", KEYS_MAX);
			p->stop = true;
			return;
		}
	}
	gn_yaml_append(f->node, y);
}

static bool wants_key(const struct parse *p)
{
	const struct frame *f = p->depth ? &p->stack[p->depth - 1] : NULL;

	return f && f->node->kind == GN_YAML_MAP && !f->key;
}

static const char *scalar_text(struct parse *p, const yaml_event_t *e)
{
	const unsigned char *s = e->data.scalar.value;
	size_t n = e->data.scalar.length;
	const char *text = gn_arena_copy(p->r->arena, (const char *)s, n);

	if (!text)
		p->r->report->no_memory = p->stop = true;
	for (size_t i = 0; i < n; i++) {
		if (s[i] >= 0x20 && s[i] != 0x7f)
			continue;
		gn_fault_at(p->r->report, place_of(p, &e->start_mark),
			    "a text may not hold line breaks, tabs or control characters");
		return text ? "?" : NULL;
	}
	return text;
}

static void refuse_properties(struct parse *p, const yaml_mark_t *at, const void *anchor, const void *tag)
{
	if (anchor)
		gn_fault_at(p->r->report, place_of(p, at),
			    "anchors are not supported: give nodes a common group, or use include");
	if (tag)
		gn_fault_at(p->r->report, place_of(p, at), "tags are not supported");
}

static void on_scalar(struct parse *p, const yaml_event_t *e)
{
	const char *text = scalar_text(p, e);

	refuse_properties(p, &e->start_mark, e->data.scalar.anchor, e->data.scalar.tag);
	if (!text)
		return;
	if (wants_key(p)) {
		p->stack[p->depth - 1].key = text;
		p->stack[p->depth - 1].key_place = place_of(p, &e->start_mark);
		return;
	}
	struct gn_yaml *y = new_node(p->r, GN_YAML_SCALAR, place_of(p, &e->start_mark));

	if (!y) {
		p->stop = true;
		return;
	}
	y->text = text;
	y->quoted = e->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	add_value(p, y);
}

static void on_start(struct parse *p, enum gn_yaml_kind kind, const yaml_mark_t *at)
{
	bool as_key = wants_key(p);

	if (as_key || p->depth == DEPTH_MAX) {
		gn_fault_at(p->r->report, place_of(p, at),
			    as_key ? "a key must be a single word" : "nested too deeply");
		p->stop = true;
		return;
	}
	struct gn_yaml *y = new_node(p->r, kind, place_of(p, at));

	if (!y) {
		p->stop = true;
		return;
	}
	add_value(p, y);
	p->stack[p->depth++] = (struct frame){ .node = y };
}

static void on_alias(struct parse *p, const yaml_event_t *e)
{
	gn_fault_at(p->r->report, place_of(p, &e->start_mark),
		    "aliases are not supported: give nodes a common group, or use include");
	if (wants_key(p)) {
		p->stop = true;
		return;
	}
	struct gn_yaml *y = new_node(p->r, GN_YAML_BAD, place_of(p, &e->start_mark));

	if (y)
		add_value(p, y);
}

static void on_event(struct parse *p, const yaml_event_t *e)
{
	switch (e->type) {
	case YAML_SCALAR_EVENT:
		on_scalar(p, e);
		break;
	case YAML_ALIAS_EVENT:
		on_alias(p, e);
		break;
	case YAML_SEQUENCE_START_EVENT:
		refuse_properties(p, &e->start_mark, e->data.sequence_start.anchor,
				  e->data.sequence_start.tag);
		on_start(p, GN_YAML_LIST, &e->start_mark);
		break;
	case YAML_MAPPING_START_EVENT:
		refuse_properties(p, &e->start_mark, e->data.mapping_start.anchor, e->data.mapping_start.tag);
		on_start(p, GN_YAML_MAP, &e->start_mark);
		break;
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		p->depth--;
		break;
	case YAML_DOCUMENT_START_EVENT:
		if (!p->root)
			break;
		gn_fault_at(p->r->report, place_of(p, &e->start_mark),
			    "a second document begins: one file, one topology");
		p->stop = true;
		break;
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_STREAM_END_EVENT:
	case YAML_DOCUMENT_END_EVENT:
		break;
	}
}

static void syntax_fault(struct parse *p, const yaml_parser_t *y)
{
	const char *problem = y->problem ? y->problem : "does not parse";
	char context[160] = "";

	if (y->error == YAML_MEMORY_ERROR) {
		p->r->report->no_memory = true;
		return;
	}
	if (strstr(problem, "cannot start any token"))
		snprintf(context, sizeof(context),
			 ": tabs may not indent, and words may not begin with @ or `");
	else if (y->context && !p->flat)
		snprintf(context, sizeof(context), " (%s that begins in line %zu)", y->context,
			 y->context_mark.line + 1);
	gn_fault_at(p->r->report, place_of(p, &y->problem_mark), "not YAML: %s%s", problem, context);
}

static void parse_events(struct parse *p, yaml_parser_t *y)
{
	bool ended = false;

	while (!ended && !p->stop) {
		yaml_event_t e;

		if (!yaml_parser_parse(y, &e)) {
			syntax_fault(p, y);
			p->stop = true;
			return;
		}
		on_event(p, &e);
		ended = e.type == YAML_STREAM_END_EVENT;
		yaml_event_delete(&e);
	}
}

struct gn_yaml *gn_yaml_parse(struct gn_yaml_reader *r, const char *text, size_t n, uint32_t source,
			      bool flat)
{
	struct parse p = { .r = r, .source = source, .flat = flat };
	const size_t mark = n >= 3 && !memcmp(text, "\xef\xbb\xbf", 3) ? 3 : 0; /* a byte order mark */
	yaml_parser_t y;

	text += mark;
	n -= mark;
	if (!check_characters(&p, text, n))
		return NULL;
	if (!yaml_parser_initialize(&y)) {
		r->report->no_memory = true;
		return NULL;
	}
	yaml_parser_set_encoding(&y, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&y, (const unsigned char *)text, n);
	parse_events(&p, &y);
	yaml_parser_delete(&y);
	return p.stop ? NULL : p.root;
}
