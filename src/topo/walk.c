/* SPDX-License-Identifier: MIT */
/* The walk over a tree, guided by the schema's table. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "topo/schema.h"
#include "topo/topology.h"

struct walk {
	struct gn_arena *arena;
	struct gn_report *report;
};

static void walk_map(struct walk *w, const struct gn_schema *s, const struct gn_yaml *y, void *ret);

static const enum gn_quantity quantity_of[] = {
	[GN_TYPE_DURATION] = GN_QUANTITY_DURATION,
	[GN_TYPE_RATE] = GN_QUANTITY_RATE,
	[GN_TYPE_SIZE] = GN_QUANTITY_SIZE,
	[GN_TYPE_LOSS] = GN_QUANTITY_LOSS,
	[GN_TYPE_PROBABILITY] = GN_QUANTITY_PROBABILITY,
	[GN_TYPE_DECIMAL] = GN_QUANTITY_DECIMAL,
};

static bool is_quantity(enum gn_type t)
{
	return t == GN_TYPE_DURATION || t == GN_TYPE_RATE || t == GN_TYPE_SIZE || t == GN_TYPE_LOSS ||
	       t == GN_TYPE_PROBABILITY || t == GN_TYPE_DECIMAL;
}

/* What a value of this type looks like, for "X must be ...". */
static const char *looks_like(enum gn_type t)
{
	switch (t) {
	case GN_TYPE_NAME:
	case GN_TYPE_REFERENCE:
		return "a name";
	case GN_TYPE_TEXT:
		return "a text";
	case GN_TYPE_CHOICE:
		return "a word";
	case GN_TYPE_WHOLE:
		return "a whole number";
	case GN_TYPE_SIGNED:
		return "a whole number, also a negative one";
	case GN_TYPE_DURATION:
		return "a duration such as 10ms";
	case GN_TYPE_RATE:
		return "a rate such as 10mbit";
	case GN_TYPE_SIZE:
		return "a size such as 100b or 1k";
	case GN_TYPE_LOSS:
		return "a percentage such as 0.5%";
	case GN_TYPE_PROBABILITY:
		return "a number from 0 to 1 or a percentage";
	case GN_TYPE_DECIMAL:
		return "a number such as 0.5";
	case GN_TYPE_SWITCH:
		return "true or false";
	case GN_TYPE_PROTOCOL:
		return "a protocol's name or path";
	case GN_TYPE_DISTRIBUTION:
		return "a distribution's name or a table's path";
	case GN_TYPE_FORGET:
		return "never, after N rounds, or lost interest with probability P";
	case GN_TYPE_MAP:
		return "a map (key: value)";
	case GN_TYPE_MAPS:
	case GN_TYPE_MAPS_OR_MAP:
		return "a list of maps (- {key: value})";
	case GN_TYPE_REFERENCES:
		return "a list of names";
	case GN_TYPE_PAIR:
		return "a list of two names: [a, b]";
	case GN_TYPE_PAIR_OR_NETWORK:
		return "a list of two names: [a, b]; or network";
	case GN_TYPE_PARTS:
		return "a list of lists of names: [[a, b], [c]]";
	case GN_TYPE_WEIGHTS:
		return "a list of names or a map (name: weight)";
	case GN_TYPE_TREE:
		return "anything";
	case GN_TYPE_FILES:
		return "a file's name or a list of them";
	}
	return "";
}

static const char *next_word(const void *ctx, size_t i)
{
	return ((const char *const *)ctx)[i];
}

/* The units' names, or what a number with each of them looks like, in one line. */
static void list_units(struct gn_list *t, enum gn_quantity q, const char *number)
{
	char one[80];

	for (size_t i = 0; gn_unit_name(q, i); i++) {
		snprintf(one, sizeof(one), "%.40s%s", number, gn_unit_name(q, i));
		gn_list_add(t, one);
	}
}

static const char *next_unit(const void *ctx, size_t i)
{
	return gn_unit_name(*(const enum gn_quantity *)ctx, i);
}

static void quantity_fault(struct walk *w, const struct gn_key *k, const struct gn_yaml *y,
			   enum gn_unit_result why, const char *unit)
{
	enum gn_quantity q = quantity_of[k->type];
	struct gn_list list = { .n = 0 };

	switch (why) {
	case GN_UNIT_OK:
		return;
	case GN_UNIT_NOT_A_NUMBER:
		gn_fault_at(w->report, y->place, "%s must be %s, not \"%s\"%s", k->name, looks_like(k->type),
			    y->text, k->type == GN_TYPE_DECIMAL && y->quoted ? " in quotes" : "");
		return;
	case GN_UNIT_MISSING:
		list_units(&list, q, y->text);
		gn_fault_at(w->report, y->place, "%s: \"%s\" has no unit: write %s%s", k->name, y->text,
			    gn_unit_name(q, 1) ? "one of " : "", list.text);
		return;
	case GN_UNIT_UNKNOWN:
		list_units(&list, q, "");
		gn_fault_at(w->report, y->place, "%s: unknown unit \"%s\" in \"%s\"%s: known are %s", k->name,
			    unit, y->text, gn_report_nearest(w->report, unit, next_unit, &q, 8), list.text);
		return;
	case GN_UNIT_TOO_FINE:
		gn_fault_at(w->report, y->place, "%s: \"%s\" is finer than the smallest step, %s", k->name,
			    y->text, gn_unit_step(q));
		return;
	case GN_UNIT_TOO_LARGE:
		gn_fault_at(w->report, y->place, "%s: \"%s\" is too large", k->name, y->text);
		return;
	}
}

static const char *number_text(const struct gn_key *k, uint64_t value, char buf[GN_UNIT_TEXT])
{
	if (is_quantity(k->type))
		return gn_unit_format(quantity_of[k->type], value, buf);
	snprintf(buf, GN_UNIT_TEXT, "%" PRIu64, value);
	return buf;
}

static bool in_range(struct walk *w, const struct gn_key *k, const struct gn_yaml *y, uint64_t value)
{
	char min[GN_UNIT_TEXT], max[GN_UNIT_TEXT];

	if (value >= k->min && value <= k->max)
		return true;
	gn_fault_at(w->report, y->place, "%s must be from %s to %s, not %s", k->name,
		    number_text(k, k->min, min), number_text(k, k->max, max), y->text);
	return false;
}

const char *gn_name_fault(const char *name)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";

	if (!*name)
		return "is empty";
	if (strspn(name, letters) != strlen(name))
		return "may only have letters, digits, - _ and .";
	if (*name == '-' || *name == '.')
		return "may not begin with - or .";
	if (strlen(name) > GN_NODE_NAME_MAX)
		return "is longer than 63 characters";
	return NULL;
}

static bool decode_name(struct walk *w, const struct gn_key *k, const struct gn_yaml *y)
{
	const char *why = gn_name_fault(y->text);

	if (why)
		gn_fault_at(w->report, y->place, "%s \"%s\" %s", k->name, y->text, why);
	return !why;
}

static bool decode_choice(struct walk *w, const struct gn_key *k, const struct gn_yaml *y, struct gn_field *f)
{
	struct gn_list list = { .n = 0 };
	size_t n = 0;

	for (; k->choices[n]; n++) {
		if (!strcmp(k->choices[n], y->text)) {
			f->number = n;
			f->text = y->text;
			return true;
		}
		gn_list_add(&list, k->choices[n]);
	}
	const char *nearest = gn_report_nearest(w->report, y->text, next_word, k->choices, n);
	const char *or_path = k->type == GN_TYPE_DISTRIBUTION ? "; the path of a table has a slash" : "";

	if (*nearest)
		gn_fault_at(w->report, y->place, "unknown %s \"%s\"%s", k->name, y->text, nearest);
	else
		gn_fault_at(w->report, y->place, "unknown %s \"%s\": known are %s%s", k->name, y->text,
			    list.text, or_path);
	return false;
}

static bool decode_switch(struct walk *w, const struct gn_key *k, const struct gn_yaml *y, struct gn_field *f)
{
	f->number = !strcmp(y->text, "true");
	f->text = y->text;
	if (!y->quoted && (f->number || !strcmp(y->text, "false")))
		return true;
	gn_fault_at(w->report, y->place, "%s must be true or false, not \"%s\"%s", k->name, y->text,
		    y->quoted ? " in quotes" : "");
	return false;
}

static bool decode_whole(struct walk *w, const struct gn_key *k, const struct gn_yaml *y, uint64_t *ret)
{
	bool digits = *y->text && strspn(y->text, "0123456789") == strlen(y->text);

	if (digits && !y->quoted && !gn_whole_parse(y->text, ret)) {
		gn_fault_at(w->report, y->place, "%s: %s is too large", k->name, y->text);
		return false;
	}
	if (!digits || y->quoted)
		gn_fault_at(w->report, y->place, "%s must be a whole number, not \"%s\"%s", k->name, y->text,
			    y->quoted ? " in quotes" : "");
	return digits && !y->quoted;
}

static bool decode_number(struct walk *w, const struct gn_key *k, const struct gn_yaml *y, struct gn_field *f)
{
	enum gn_unit_result result = GN_UNIT_OK;
	const char *unit = "";
	uint64_t value = 0;

	if (k->type == GN_TYPE_WHOLE && !decode_whole(w, k, y, &value))
		return false;
	if (k->type != GN_TYPE_WHOLE)
		result = gn_unit_parse(quantity_of[k->type], y->text, &value, &unit);
	if (k->type == GN_TYPE_DECIMAL && (result == GN_UNIT_UNKNOWN || y->quoted))
		result = GN_UNIT_NOT_A_NUMBER; /* there are no units */
	if (result != GN_UNIT_OK) {
		quantity_fault(w, k, y, result, unit);
		return false;
	}
	if (!in_range(w, k, y, value))
		return false;
	f->number = value;
	f->text = y->text;
	return true;
}

/* @k's bounds are signed. */
static bool decode_signed(struct walk *w, const struct gn_key *k, const struct gn_yaml *y, struct gn_field *f)
{
	const int64_t min = (int64_t)k->min, max = (int64_t)k->max;
	const bool negative = *y->text == '-';
	const char *digits = y->text + negative;
	uint64_t size = 0;

	if (!*digits || strspn(digits, "0123456789") != strlen(digits) || y->quoted) {
		gn_fault_at(w->report, y->place, "%s must be %s, not \"%s\"%s", k->name, looks_like(k->type),
			    y->text, y->quoted ? " in quotes" : "");
		return false;
	}
	const bool fits = gn_whole_parse(digits, &size) && size <= INT64_MAX;
	const int64_t value = negative ? -(int64_t)size : (int64_t)size;

	if (!fits || value < min || value > max) {
		gn_fault_at(w->report, y->place, "%s must be from %" PRId64 " to %" PRId64 ", not %s",
			    k->name, min, max, y->text);
		return false;
	}
	f->number = (uint64_t)value;
	f->text = y->text;
	return true;
}

static bool decode_text(struct walk *w, const struct gn_key *k, const struct gn_yaml *y, struct gn_field *f)
{
	if (k->max && strlen(y->text) > k->max) {
		gn_fault_at(w->report, y->place, "%s is longer than %" PRIu64 " bytes", k->name, k->max);
		return false;
	}
	f->text = y->text;
	return true;
}

static bool wrong_type(struct walk *w, const struct gn_key *k, const struct gn_yaml *y)
{
	if (y->kind != GN_YAML_BAD)
		gn_fault_at(w->report, y->place, "%s must be %s", k->name, looks_like(k->type));
	return false;
}

static bool decode_scalar(struct walk *w, const struct gn_key *k, const struct gn_yaml *y, struct gn_field *f)
{
	if (y->kind != GN_YAML_SCALAR)
		return wrong_type(w, k, y);
	if (k->type == GN_TYPE_CHOICE)
		return decode_choice(w, k, y, f);
	if (k->type == GN_TYPE_DISTRIBUTION && !strchr(y->text, '/'))
		return decode_choice(w, k, y, f);
	if (k->type == GN_TYPE_SIGNED)
		return decode_signed(w, k, y, f);
	if (k->type == GN_TYPE_SWITCH)
		return decode_switch(w, k, y, f);
	if (k->type == GN_TYPE_WHOLE || is_quantity(k->type))
		return decode_number(w, k, y, f);
	if (k->type == GN_TYPE_NAME && !decode_name(w, k, y))
		return false;
	return decode_text(w, k, y, f);
}

/* Names in a list, or a single one. */
static bool decode_references(struct walk *w, const struct gn_key *k, const struct gn_yaml *y,
			      struct gn_field *f)
{
	bool pair = k->type == GN_TYPE_PAIR || k->type == GN_TYPE_PAIR_OR_NETWORK, good = true;
	bool single = y->kind == GN_YAML_SCALAR && !pair;
	uint32_t n = single ? 1 : y->n;

	if (!single && y->kind != GN_YAML_LIST)
		return wrong_type(w, k, y);
	if (pair && n != 2) {
		gn_fault_at(w->report, y->place, "%s must be %s, not %u", k->name, looks_like(k->type), n);
		return false;
	}
	struct gn_field *items = gn_arena_alloc(w->arena, n * sizeof(*items));

	if (!items) {
		w->report->no_memory = true;
		return false;
	}
	uint32_t i = 0;

	for (const struct gn_yaml *item = single ? y : y->first; item && i < n; item = item->next, i++) {
		items[i].at = item;
		items[i].text = item->text;
		if (item->kind == GN_YAML_SCALAR && !gn_yaml_is_null(item))
			continue;
		good = wrong_type(w, k, item);
	}
	f->items = items;
	f->n = n;
	return good;
}

static bool decode_parts(struct walk *w, const struct gn_key *k, const struct gn_yaml *y, struct gn_field *f)
{
	bool good = true;

	if (y->kind != GN_YAML_LIST)
		return wrong_type(w, k, y);
	struct gn_field *items = gn_arena_alloc(w->arena, y->n * sizeof(*items));

	if (!items) {
		w->report->no_memory = true;
		return false;
	}
	f->items = items;
	for (const struct gn_yaml *item = y->first; item; item = item->next, f->n++) {
		items[f->n].at = item;
		good &= decode_references(w, k, item, &items[f->n]);
	}
	return good;
}

/* A name alone has the weight 1. */
static bool add_weight(struct walk *w, const struct gn_key *k, const struct gn_yaml *y, struct gn_field *f)
{
	const struct gn_key weight = {
		.name = "weight", .type = GN_TYPE_DECIMAL, .min = k->min, .max = k->max
	};
	struct gn_yaml *name = gn_arena_alloc(w->arena, sizeof(*name));
	struct gn_field *item = (struct gn_field *)f->items + f->n++, number = { .number = GN_DECIMAL_ONE };
	if (!name) {
		w->report->no_memory = true;
		return false;
	}
	/* What is wrong with the name is said to be where it is written, be it a key. */
	*name = (struct gn_yaml){ .kind = GN_YAML_SCALAR, .text = y->key, .place = y->key_place };
	item->at = y->key ? name : y;
	item->text = item->at->text;
	if (y->kind != GN_YAML_SCALAR || gn_yaml_is_null(y))
		return wrong_type(w, y->key ? &weight : k, y);
	bool good = !y->key || decode_number(w, &weight, y, &number);

	item->number = number.number;
	return good;
}

static bool decode_weights(struct walk *w, const struct gn_key *k, const struct gn_yaml *y,
			   struct gn_field *f)
{
	bool good = true;
	size_t n = y->n;

	if (y->kind != GN_YAML_LIST && y->kind != GN_YAML_MAP)
		return wrong_type(w, k, y);
	for (const struct gn_yaml *item = y->first; item; item = item->next)
		n += item->n;
	f->items = gn_arena_alloc(w->arena, n * sizeof(struct gn_field));
	if (!f->items) {
		w->report->no_memory = true;
		return false;
	}
	for (const struct gn_yaml *item = y->first; item; item = item->next) {
		if (item->kind != GN_YAML_MAP || item->key)
			good &= add_weight(w, k, item, f);
		for (const struct gn_yaml *inner = item->key ? NULL : item->first; inner; inner = inner->next)
			good &= add_weight(w, k, inner, f);
	}
	return good;
}

/* The word needs no list. */
static bool decode_pair_or_network(struct walk *w, const struct gn_key *k, const struct gn_yaml *y,
				   struct gn_field *f)
{
	if (y->kind != GN_YAML_SCALAR || strcmp(y->text, "network"))
		return decode_references(w, k, y, f);
	f->text = y->text;
	return true;
}

static bool decode_maps(struct walk *w, const struct gn_key *k, const struct gn_yaml *y, struct gn_field *f)
{
	bool single = y->kind == GN_YAML_MAP && k->type == GN_TYPE_MAPS_OR_MAP;
	uint32_t n = single ? 1 : y->n, i = 0;

	if (!single && y->kind != GN_YAML_LIST)
		return wrong_type(w, k, y);
	char *items = gn_arena_alloc(w->arena, n * k->inner->size);

	if (!items) {
		w->report->no_memory = true;
		return false;
	}
	for (const struct gn_yaml *item = single ? y : y->first; item && i < n; item = item->next, i++) {
		struct gn_raw *raw = (void *)(items + i * k->inner->size);

		if (item->kind != GN_YAML_MAP && item->kind != GN_YAML_BAD)
			gn_fault_at(w->report, item->place, "%s must be a map (key: value)", k->inner->what);
		walk_map(w, k->inner, item->kind == GN_YAML_MAP ? item : NULL, raw);
		raw->place = item->place;
		raw->bad |= item->kind != GN_YAML_MAP;
	}
	f->items = items;
	f->n = n;
	return true;
}

static bool decode_map(struct walk *w, const struct gn_key *k, const struct gn_yaml *y, struct gn_field *f)
{
	struct gn_raw *raw = gn_arena_alloc(w->arena, k->inner->size);

	if (!raw) {
		w->report->no_memory = true;
		return false;
	}
	walk_map(w, k->inner, y && y->kind == GN_YAML_MAP ? y : NULL, raw);
	f->items = raw;
	f->n = 1;
	if (!y || y->kind == GN_YAML_MAP)
		return true;
	raw->bad = true;
	return wrong_type(w, k, y);
}

static bool decode(struct walk *w, const struct gn_key *k, const struct gn_yaml *y, struct gn_field *f)
{
	if (gn_yaml_is_null(y)) {
		gn_fault_at(w->report, y->key_place, "%s has no value", k->name);
		return false;
	}
	switch (k->type) {
	case GN_TYPE_TREE:
		return y->kind != GN_YAML_BAD;
	case GN_TYPE_MAP:
		return decode_map(w, k, y, f);
	case GN_TYPE_MAPS:
	case GN_TYPE_MAPS_OR_MAP:
		return decode_maps(w, k, y, f);
	case GN_TYPE_REFERENCES:
	case GN_TYPE_PAIR:
		return decode_references(w, k, y, f);
	case GN_TYPE_PAIR_OR_NETWORK:
		return decode_pair_or_network(w, k, y, f);
	case GN_TYPE_WEIGHTS:
		return decode_weights(w, k, y, f);
	case GN_TYPE_PARTS:
		return decode_parts(w, k, y, f);
	default:
		return k->inner && y->kind == GN_YAML_MAP ? decode_map(w, k, y, f)
							  : decode_scalar(w, k, y, f);
	}
}

/* A default goes through the same code as what people write. */
static void decode_default(struct walk *w, const struct gn_key *k, struct gn_field *f)
{
	const struct gn_yaml y = { .kind = GN_YAML_SCALAR, .text = k->value };

	if (k->value)
		decode_scalar(w, k, &y, f);
	else if (k->always && !f->items)
		decode_map(w, k, NULL, f);
}

static const char *next_key(const void *ctx, size_t i)
{
	const struct gn_schema *s = ctx;

	return i < s->n ? s->keys[i].name : NULL;
}

static void unknown_key(struct walk *w, const struct gn_schema *s, const struct gn_yaml *y)
{
	const char *nearest = gn_report_nearest(w->report, y->key, next_key, s, s->n);
	struct gn_list list = { .n = 0 };

	for (size_t i = 0; i < s->n; i++)
		gn_list_add(&list, s->keys[i].name);
	if (*nearest)
		gn_fault_at(w->report, y->key_place, "unknown key \"%s\"%s", y->key, nearest);
	else
		gn_fault_at(w->report, y->key_place, "unknown key \"%s\": %s has %s", y->key, s->what,
			    list.text);
}

/* What else a map of `gossip:` holds may be parameters of the protocol, which is found later. */
static bool is_known(const struct gn_schema *s, const char *key)
{
	if (s == gn_schema_gossip())
		return true;
	for (size_t i = 0; i < s->n; i++) {
		if (!strcmp(s->keys[i].name, key))
			return true;
	}
	return false;
}

static bool inner_is_bad(const struct gn_key *k, const struct gn_field *f)
{
	bool is_list = k->type == GN_TYPE_MAPS || k->type == GN_TYPE_MAPS_OR_MAP;

	return k->inner && !is_list && f->items && ((const struct gn_raw *)f->items)->bad;
}

/* @y NULL: nothing is written, all defaults. Fields of a bad or absent required key stay zero. */
static void walk_map(struct walk *w, const struct gn_schema *s, const struct gn_yaml *y, void *ret)
{
	struct gn_raw *raw = ret;

	if (y)
		raw->place = y->place;
	for (const struct gn_yaml *child = y ? y->first : NULL; child; child = child->next) {
		if (is_known(s, child->key))
			continue;
		unknown_key(w, s, child);
		raw->bad = true;
	}
	for (size_t i = 0; i < s->n; i++) {
		const struct gn_key *k = &s->keys[i];
		struct gn_field *f = (void *)((char *)ret + k->offset);

		f->at = y ? gn_yaml_get(y, k->name) : NULL;
		if (f->at)
			f->bad = !decode(w, k, f->at, f);
		else if (k->required && y) {
			gn_fault_at(w->report, y->place, "%s needs %s", s->what, k->name);
			f->bad = true;
		}
		if (!f->at || f->bad)
			decode_default(w, k, f);
		raw->bad |= f->bad || inner_is_bad(k, f);
	}
}

bool gn_schema_decode(const struct gn_key *k, const struct gn_yaml *y, struct gn_field *ret,
		      struct gn_report *report)
{
	struct walk w = { .report = report };

	return decode(&w, k, y, ret);
}

void gn_schema_walk_as(const struct gn_schema *s, const struct gn_yaml *root, void *ret,
		       struct gn_arena *arena, struct gn_report *report)
{
	struct walk w = { .arena = arena, .report = report };

	walk_map(&w, s, root, ret);
}

void gn_schema_walk(const struct gn_yaml *root, struct gn_raw_topology *ret, struct gn_arena *arena,
		    struct gn_report *report)
{
	gn_schema_walk_as(gn_schema_topology(), root, ret, arena, report);
}
