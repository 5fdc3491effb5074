/* SPDX-License-Identifier: MIT */
/* Reading files with what they include, merged into one tree. */
#include "topo/yaml.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { FILES_MAX = 64, INCLUDE_DEPTH_MAX = 16 };

struct gn_open_file {
	dev_t device;
	ino_t inode; /* device and inode 0, 0: a text in memory */
	uint32_t source;
	struct gn_open_file *includer;
	unsigned depth;
};

/* Included first, so what is already in @base yields to @over; lists go one after the other. */
static void merge(struct gn_yaml *base, struct gn_yaml *over)
{
	for (struct gn_yaml *y = over->first, *next; y; y = next) {
		struct gn_yaml *old = gn_yaml_get(base, y->key);

		next = y->next;
		if (old && old->kind == GN_YAML_MAP && y->kind == GN_YAML_MAP) {
			merge(old, y);
		} else if (old && old->kind == GN_YAML_LIST && y->kind == GN_YAML_LIST) {
			for (struct gn_yaml *item = y->first, *after; item; item = after) {
				after = item->next;
				gn_yaml_append(old, item);
			}
		} else {
			gn_yaml_put(base, y);
		}
	}
}

void gn_yaml_put(struct gn_yaml *map, struct gn_yaml *value)
{
	for (struct gn_yaml **link = &map->first; *link; link = &(*link)->next) {
		struct gn_yaml *old = *link;

		if (strcmp(old->key, value->key))
			continue;
		value->next = old->next;
		*link = value;
		if (map->last == old)
			map->last = value;
		return;
	}
	gn_yaml_append(map, value);
}

void gn_yaml_remove(struct gn_yaml *map, const struct gn_yaml *child)
{
	struct gn_yaml *before = NULL;

	for (struct gn_yaml *y = map->first; y != child; y = y->next)
		before = y;
	if (before)
		before->next = child->next;
	else
		map->first = child->next;
	if (map->last == child)
		map->last = before;
	map->n--;
}

/* `generate: {...}` is short for a list of one: so that lists of several files join. */
static void normalize_generate(struct gn_yaml_reader *r, struct gn_yaml *root)
{
	struct gn_yaml *y = gn_yaml_get(root, "generate");

	if (!y || y->kind != GN_YAML_MAP)
		return;
	struct gn_yaml *list = gn_arena_alloc(r->arena, sizeof(*list));

	if (!list) {
		r->report->no_memory = true;
		return;
	}
	*list = (struct gn_yaml){
		.kind = GN_YAML_LIST, .key = y->key, .key_place = y->key_place, .place = y->place
	};
	gn_yaml_put(root, list);
	y->key = NULL;
	gn_yaml_append(list, y);
}

static char *beside(const char *includer, const char *path)
{
	const char *slash = strrchr(includer, '/');

	if (*path == '/' || !slash)
		return gn_strdup(path);
	return gn_format("%.*s/%s", (int)(slash - includer), includer, path);
}

char *gn_yaml_beside(const struct gn_report *r, const struct gn_yaml *written)
{
	const char *file = written->place.line ? r->sources[written->place.source] : r->sets_from;

	return beside(file ? file : "", written->text);
}

static struct gn_yaml *read_path(struct gn_yaml_reader *r, const char *path, const struct gn_place *from);

/* One entry of `include:`; what it brings is merged into @base (NULL at first). */
static struct gn_yaml *include_one(struct gn_yaml_reader *r, const struct gn_yaml *entry,
				   struct gn_yaml *base)
{
	if (entry->kind == GN_YAML_BAD)
		return base;
	if (entry->kind != GN_YAML_SCALAR || gn_yaml_is_null(entry)) {
		gn_fault_at(r->report, entry->place, "include must be a file's name or a list of them");
		return base;
	}
	GN_CLEANUP(gn_free_p) char *path = gn_yaml_beside(r->report, entry);

	if (!path) {
		r->report->no_memory = true;
		return base;
	}
	struct gn_yaml *more = read_path(r, path, &entry->place);

	if (base && more)
		merge(base, more);
	return base ? base : more;
}

static struct gn_yaml *with_includes(struct gn_yaml_reader *r, struct gn_yaml *root)
{
	struct gn_yaml *base = NULL, *include = gn_yaml_get(root, "include");

	normalize_generate(r, root);
	if (!include)
		return root;
	gn_yaml_remove(root, include);
	if (!r->limits->include) {
		gn_fault_at(r->report, include->key_place, "include is not possible here");
	} else if (include->kind == GN_YAML_LIST) {
		for (const struct gn_yaml *entry = include->first; entry; entry = entry->next)
			base = include_one(r, entry, base);
	} else {
		base = include_one(r, include, base);
	}
	if (!base)
		return root;
	merge(base, root);
	base->place = root->place;
	return base;
}

/* The tree within the main file that is wanted, with what it includes itself. */
static struct gn_yaml *take_within(struct gn_yaml_reader *r, struct gn_yaml *root)
{
	struct gn_yaml *y = gn_yaml_get(root, r->within);

	if (y && y->kind == GN_YAML_MAP)
		return with_includes(r, y);
	gn_fault_at(r->report, y ? y->place : root->place, "%s must be a map (key: value)", r->within);
	return NULL;
}

static struct gn_yaml *read_open_text(struct gn_yaml_reader *r, uint32_t source, const char *text, size_t n)
{
	size_t faults = r->report->n + r->report->dropped;
	struct gn_yaml *root = gn_yaml_parse(r, text, n, source, false);
	const struct gn_place start = { .source = source, .line = 1, .col = 1 };

	if (!root) {
		if (r->report->n + r->report->dropped == faults)
			gn_fault_at(r->report, start, "%s", r->if_empty);
		return NULL;
	}
	if (root->kind != GN_YAML_MAP) {
		gn_fault_at(r->report, root->place, "%s", r->if_no_map);
		return NULL;
	}
	root = with_includes(r, root);
	return r->within && !r->open->includer ? take_within(r, root) : root;
}

struct gn_yaml *gn_yaml_read_text(struct gn_yaml_reader *r, const char *name, const char *text, size_t n)
{
	struct gn_open_file here = { .source = gn_report_source(r->report, name) };
	struct gn_yaml *root;

	r->open = &here;
	root = r->report->no_memory ? NULL : read_open_text(r, here.source, text, n);
	r->open = NULL;
	return root;
}

static void gn_fclose_p(FILE **f)
{
	if (*f)
		fclose(*f);
}

static void unreadable(struct gn_yaml_reader *r, const char *path, struct gn_place from, int error)
{
	if (from.line)
		gn_fault_at(r->report, from, "cannot read \"%s\": %s", path, strerror(error));
	else
		gn_fault_at(r->report, from, "cannot read the file: %s", strerror(error));
}

/* Read one file whose includers are open: refused if it is one of them. */
static struct gn_yaml *read_stream(struct gn_yaml_reader *r, const char *path, FILE *f, struct gn_place from)
{
	struct gn_open_file here = { .includer = r->open, .depth = r->open ? r->open->depth + 1 : 0 };
	GN_CLEANUP(gn_free_p) char *text = NULL;
	struct stat st;
	size_t n = 0;

	if (fstat(fileno(f), &st))
		st = (struct stat){ 0 };
	here.device = st.st_dev;
	here.inode = st.st_ino;
	for (const struct gn_open_file *o = r->open; o; o = o->includer) {
		if (o->inode == here.inode && o->device == here.device) {
			gn_fault_at(r->report, from, "\"%s\" includes itself", path);
			return NULL;
		}
	}
	if (r->n_files++ >= FILES_MAX || here.depth > INCLUDE_DEPTH_MAX) {
		gn_fault_at(r->report, from, "too many includes: at most %d files, %d deep", FILES_MAX,
			    INCLUDE_DEPTH_MAX);
		return NULL;
	}
	errno = 0;
	int result = gn_slurp(f, r->limits->file_bytes, &text, &n);

	if (result) {
		unreadable(r, path, from, -result);
		return NULL;
	}
	here.source = r->open ? gn_report_source(r->report, path) : from.source;
	r->open = &here;
	struct gn_yaml *root = read_open_text(r, here.source, text, n);

	r->open = here.includer;
	return root;
}

/* @from: the include entry, or NULL for the main file, whose faults then have no line. */
static struct gn_yaml *read_path(struct gn_yaml_reader *r, const char *path, const struct gn_place *from)
{
	const struct gn_place at =
		from ? *from : (struct gn_place){ .source = gn_report_source(r->report, path) };
	GN_CLEANUP(gn_fclose_p) FILE *f = r->report->no_memory ? NULL : fopen(path, "re");

	if (r->report->no_memory)
		return NULL;
	if (!f) {
		unreadable(r, path, at, errno);
		return NULL;
	}
	return read_stream(r, path, f, at);
}

struct gn_yaml *gn_yaml_read_file(struct gn_yaml_reader *r, const char *path)
{
	return read_path(r, path, NULL);
}
