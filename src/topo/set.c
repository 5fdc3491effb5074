/* SPDX-License-Identifier: MIT */
/* --set PATH=VALUE: one value of the tree put in place. */
#include "topo/yaml.h"

#include <stdio.h>
#include <string.h>

enum { SEGMENT_MAX = 64 };

struct set {
	struct gn_yaml_reader *r;
	struct gn_place at;
};

static bool is_number(const char *s)
{
	return *s && strspn(s, "0123456789") == strlen(s) && strlen(s) <= 9;
}

static struct gn_yaml *container(struct set *s, const char *key, bool list)
{
	struct gn_yaml *y = gn_yaml_scalar(s->r, key, "", s->at);

	if (y)
		y->kind = list ? GN_YAML_LIST : GN_YAML_MAP;
	return y;
}

/* The next dot-separated piece of *path, which moves on. Return: false if there is no usable one. */
static bool take_segment(struct set *s, const char **path, char ret[SEGMENT_MAX])
{
	size_t n = strcspn(*path, ".");

	if (!n || n >= SEGMENT_MAX) {
		gn_fault_at(s->r->report, s->at,
			    n ? "a part of the path is too long" : "the path has an empty part");
		return false;
	}
	memcpy(ret, *path, n);
	ret[n] = '\0';
	*path += n;
	return true;
}

/* Does the item say `name:` and these @n bytes? */
static bool is_called(const struct gn_yaml *item, const char *name, size_t n)
{
	const struct gn_yaml *its = item->kind == GN_YAML_MAP ? gn_yaml_get(item, "name") : NULL;

	return its && its->kind == GN_YAML_SCALAR && strlen(its->text) == n && !strncmp(its->text, name, n);
}

/* The place of the item called @name in list @y. NULL after a fault. */
static struct gn_yaml **named_slot(struct set *s, struct gn_yaml *y, const char *name)
{
	for (struct gn_yaml **slot = &y->first; *slot; slot = &(*slot)->next) {
		if (is_called(*slot, name, strlen(name)))
			return slot;
	}
	gn_fault_at(s->r->report, s->at,
		    "\"%s\" is neither the number of a list's item (the first is 0) nor its name", name);
	return NULL;
}

/* The place of segment @name in list @y: an existing item, or the end. NULL after a fault. */
static struct gn_yaml **list_slot(struct set *s, struct gn_yaml *y, const char *name)
{
	struct gn_yaml **slot = &y->first;

	if (!is_number(name))
		return named_slot(s, y, name);
	unsigned long wanted = strtoul(name, NULL, 10);

	for (unsigned long i = 0; i < wanted && *slot; i++)
		slot = &(*slot)->next;
	if (wanted > y->n) {
		gn_fault_at(s->r->report, s->at, "there is no item %s: the list has %u", name, y->n);
		return NULL;
	}
	return slot;
}

/* Would a set undo another, where each has to count? */
static bool is_taken(struct set *s, const struct gn_yaml *old)
{
	if (!s->r->sets_once || !old || old->place.line) /* what has a line is the file's */
		return false;
	const char *other = s->r->report->sources[old->place.source] + strlen("--set ");

	gn_fault_at(s->r->report, s->at, "%.*s, which is set as well, is the same: write one of them alone",
		    (int)strcspn(other, "="), other);
	return true;
}

/* Replace the item in *slot of list @y by @value, or append it. */
static void put_item(struct gn_yaml *y, struct gn_yaml **slot, struct gn_yaml *value)
{
	value->key = NULL;
	if (!*slot) {
		gn_yaml_append(y, value);
		return;
	}
	value->next = (*slot)->next;
	if (y->last == *slot)
		y->last = value;
	*slot = value;
}

/* The child of @y called @name, made (as a list or a map) if it is not there. NULL after a fault. */
static struct gn_yaml *descend(struct set *s, struct gn_yaml *y, const char *name, bool list)
{
	struct gn_yaml **slot = NULL, *child;

	if (y->kind == GN_YAML_LIST) {
		slot = list_slot(s, y, name);
		if (!slot)
			return NULL;
		child = *slot;
	} else {
		child = gn_yaml_get(y, name);
	}
	if (child && (child->kind == GN_YAML_MAP || child->kind == GN_YAML_LIST))
		return child;
	if (is_taken(s, child))
		return NULL;
	child = container(s, name, list);
	if (child && slot)
		put_item(y, slot, child);
	else if (child)
		gn_yaml_put(y, child);
	return child;
}

/* generate.nodes means generate.0.nodes as long as there is one item only, unless that is the item's name. */
static struct gn_yaml *only_item(struct gn_yaml *y, const char *path)
{
	if (y->kind == GN_YAML_LIST && y->n == 1 && y->first->kind == GN_YAML_MAP &&
	    (*path < '0' || *path > '9') && !is_called(y->first, path, strcspn(path, ".")))
		return y->first;
	return y;
}

static void assign(struct set *s, struct gn_yaml *y, const char *path, struct gn_yaml *value)
{
	char name[SEGMENT_MAX];

	while (take_segment(s, &path, name)) {
		if (*path) {
			path++;
			y = descend(s, y, name, *path >= '0' && *path <= '9');
			if (!y)
				return;
			y = only_item(y, path);
			continue;
		}
		if (y->kind == GN_YAML_LIST) {
			struct gn_yaml **slot = list_slot(s, y, name);

			if (slot && !is_taken(s, *slot))
				put_item(y, slot, value);
			return;
		}
		if (is_taken(s, gn_yaml_get(y, name)))
			return;
		value->key = gn_arena_copy(s->r->arena, name, strlen(name));
		value->key_place = s->at;
		if (value->key)
			gn_yaml_put(y, value);
		else
			s->r->report->no_memory = true;
		return;
	}
}

void gn_yaml_set(struct gn_yaml_reader *r, struct gn_yaml *root, const char *assignment, uint32_t source)
{
	struct set s = { .r = r, .at = { .source = source } };
	const char *equals = strchr(assignment, '=');
	size_t faults = r->report->n + r->report->dropped;

	if (!equals) {
		gn_fault_at(r->report, s.at, "write PATH=VALUE, such as gossip.fanout=3");
		return;
	}
	GN_CLEANUP(gn_free_p) char *path = gn_format("%.*s", (int)(equals - assignment), assignment);
	struct gn_yaml *value = gn_yaml_parse(r, equals + 1, strlen(equals + 1), source, true);

	if (!path)
		r->report->no_memory = true;
	if (!value && r->report->n + r->report->dropped == faults)
		value = gn_yaml_scalar(r, NULL, "", s.at);
	if (!path || !value)
		return;
	if (!strcmp(path, "include"))
		gn_fault_at(r->report, s.at, "include can only be written in a file");
	else
		assign(&s, root, path, value);
}
