/* SPDX-License-Identifier: MIT */
/*
 * `profile:` of a link, of a graph, or of what a schedule sets. Before the file is decoded, what the profile says is put where the link says nothing
 * itself, as if it had been written there: what comes after, the resolved file included, knows of no profiles.
 */
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "topo/planning.h"

/* Different profiles of one topology. */
enum { PROFILES_MAX = 64, PATH_BYTES = 4096 };

static const char ending[] = ".yaml";

struct profile {
	const char *name; /* as written, in the file that is this source */
	uint32_t source;
	const struct gn_yaml *values; /* NULL: there is none, or it has a fault, which was reported */
	const char *unknown;	      /* what to say if there is none, else NULL */
};

struct profiles {
	struct gn_planning *p;
	struct gn_arena scratch;
	struct profile known[PROFILES_MAX];
	size_t n;
};

/* The i-th folder in which a profile is looked for by its name; NULL past the last. */
static const char *folder_at(struct profiles *s, const struct gn_yaml *written, size_t i,
			     char buf[PATH_BYTES])
{
	const struct gn_load_options *o = s->p->options;
	struct gn_yaml beside = *written;

	if (i)
		return o->profile_folder ? o->profile_folder(i - 1, buf, PATH_BYTES) : NULL;
	beside.text = "netem";
	GN_CLEANUP(gn_free_p) char *path = gn_yaml_beside(s->p->report, &beside);

	if (!path || snprintf(buf, PATH_BYTES, "%s", path) >= PATH_BYTES)
		return NULL;
	return buf;
}

/* Return: the path of the profile's file, released with free(); NULL if there is none. */
static char *find_file(struct profiles *s, const struct gn_yaml *written)
{
	char buf[PATH_BYTES];
	const char *folder;

	for (size_t i = 0; (folder = folder_at(s, written, i, buf)); i++) {
		char *path = gn_format("%s/%s%s", folder, written->text, ending);

		if (path && !access(path, F_OK))
			return path;
		free(path);
	}
	return NULL;
}

static int is_profile(const struct dirent *d)
{
	size_t n = strlen(d->d_name), tail = strlen(ending);

	return *d->d_name != '.' && n > tail && !strcmp(d->d_name + n - tail, ending);
}

struct names {
	const char *names[PROFILES_MAX];
	size_t n;
};

static const char *next_name(const void *ctx, size_t i)
{
	const struct names *names = ctx;

	return i < names->n ? names->names[i] : NULL;
}

/* All profiles that can be called by name here. */
static void list_names(struct profiles *s, const struct gn_yaml *written, struct names *ret)
{
	char buf[PATH_BYTES];
	const char *folder;

	for (size_t i = 0; (folder = folder_at(s, written, i, buf)); i++) {
		struct dirent **entries = NULL;
		int n = scandir(folder, &entries, is_profile, alphasort);

		for (int k = 0; k < n; k++) {
			const char *file = entries[k]->d_name;
			const char *name = gn_arena_copy(&s->scratch, file, strlen(file) - strlen(ending));

			if (name && ret->n < PROFILES_MAX)
				ret->names[ret->n++] = name;
			free(entries[k]);
		}
		free(entries);
	}
}

static const char *unknown_text(struct profiles *s, const struct gn_yaml *written)
{
	struct names names = { .n = 0 };
	struct gn_list list = { .n = 0 };

	list_names(s, written, &names);
	for (size_t i = 0; i < names.n; i++)
		gn_list_add(&list, names.names[i]);
	const char *nearest = gn_report_nearest(s->p->report, written->text, next_name, &names, names.n);
	const char *text =
		*nearest || !names.n
			? gn_arena_format(&s->scratch, "unknown profile \"%s\"%s", written->text, nearest)
			: gn_arena_format(&s->scratch,
					  "unknown profile \"%s\": known are %s; a path has a slash",
					  written->text, list.text);

	if (!text)
		s->p->report->no_memory = true;
	return text;
}

/* Read and check a profile's file. Return: NULL after a fault. */
static const struct gn_yaml *read_profile(struct profiles *s, const char *path)
{
	struct gn_planning *p = s->p;
	struct gn_yaml_reader reader = {
		.arena = &p->arena,
		.report = p->report,
		.limits = p->limits,
		.if_empty = "the file is empty: a profile has lines such as \"delay: 10ms\"",
		.if_no_map = "a profile is a map: lines such as \"delay: 10ms\"",
	};
	const struct gn_schema *schema = gn_schema_profile();
	size_t before = p->report->n + p->report->dropped;
	const struct gn_yaml *tree = gn_yaml_read_file(&reader, path);
	void *decoded = gn_arena_alloc(&s->scratch, schema->size);

	if (!decoded)
		p->report->no_memory = true;
	else if (tree)
		gn_schema_walk_as(schema, tree, decoded, &s->scratch, p->report);
	return p->report->no_memory || p->report->n + p->report->dropped != before ? NULL : tree;
}

static void load_profile(struct profiles *s, const struct gn_yaml *written, struct profile *ret)
{
	bool is_path = strchr(written->text, '/');
	GN_CLEANUP(gn_free_p)
	char *path = is_path ? gn_yaml_beside(s->p->report, written) : find_file(s, written);

	*ret = (struct profile){ .name = written->text, .source = written->place.source };
	if (path && (!is_path || !access(path, F_OK)))
		ret->values = read_profile(s, path);
	else if (path)
		ret->unknown = gn_arena_format(&s->scratch, "cannot read the profile \"%s\": %s", path,
					       strerror(errno));
	else
		ret->unknown = unknown_text(s, written);
}

/* The values of a profile, or NULL after a fault. */
static const struct gn_yaml *profile_of(struct profiles *s, const struct gn_yaml *written)
{
	struct profile *f = s->known, *end = s->known + s->n;

	while (f < end && (f->source != written->place.source || strcmp(f->name, written->text) != 0))
		f++;
	if (!s->p->limits->include || f == s->known + PROFILES_MAX) {
		gn_fault_at(s->p->report, written->place,
			    s->p->limits->include ? "more than %d profiles"
						  : "a profile is not possible here",
			    PROFILES_MAX);
		return NULL;
	}
	if (f == end) {
		load_profile(s, written, f);
		s->n++;
	}
	if (f->unknown)
		gn_fault_at(s->p->report, written->place, "%s", f->unknown);
	return f->values;
}

/* A table of delays beside the profile is not beside the link that the value is copied to. */
static const char *text_elsewhere(struct gn_planning *p, const struct gn_yaml *y)
{
	bool is_path = y->kind == GN_YAML_SCALAR && y->key && !strcmp(y->key, "distribution") &&
		       strchr(y->text, '/');
	GN_CLEANUP(gn_free_p) char *path = is_path ? gn_yaml_beside(p->report, y) : NULL;
	GN_CLEANUP(gn_free_p) char *absolute = path ? realpath(path, NULL) : NULL;

	return absolute ? gn_arena_copy(&p->arena, absolute, strlen(absolute)) : y->text;
}

/* A copy of a value that is said to be written at @at. */
static struct gn_yaml *copy_value(struct gn_planning *p, const struct gn_yaml *y, struct gn_place at)
{
	struct gn_yaml *copy = gn_arena_alloc(&p->arena, sizeof(*copy));

	if (!copy) {
		p->report->no_memory = true;
		return NULL;
	}
	*copy = (struct gn_yaml){ .key = y->key,
				  .text = text_elsewhere(p, y),
				  .place = at,
				  .key_place = at,
				  .kind = y->kind,
				  .quoted = y->quoted };
	for (const struct gn_yaml *child = y->first; child; child = child->next) {
		struct gn_yaml *inner = copy_value(p, child, at);

		if (inner)
			gn_yaml_append(copy, inner);
	}
	return copy;
}

/* What the profile says of one direction; what the link says of both wins over that, too. */
static void take_direction(struct gn_planning *p, struct gn_yaml *link, const char *direction,
			   const struct gn_yaml *values, struct gn_place at)
{
	const struct gn_yaml empty = { .kind = GN_YAML_MAP, .key = direction };
	struct gn_yaml *own = gn_yaml_get(link, direction);

	for (const struct gn_yaml *y = values->first; y; y = y->next) {
		if (gn_yaml_get(link, y->key) || (own && gn_yaml_get(own, y->key)))
			continue;
		if (!own) {
			own = copy_value(p, &empty, at);
			if (own)
				gn_yaml_append(link, own);
		}
		struct gn_yaml *copy = copy_value(p, y, at);

		if (own && copy)
			gn_yaml_append(own, copy);
	}
}

static void take_values(struct gn_planning *p, struct gn_yaml *link, const struct gn_yaml *values,
			struct gn_place at)
{
	static const char *const words[] = { "about", "source", "up", "down" };
	static const char *const directions[][2] = { { "up", "a_to_b" }, { "down", "b_to_a" } };

	/* Before the values of both directions: here only what the link itself says counts. */
	for (size_t i = 0; i < GN_ARRAY_LEN(directions); i++) {
		const struct gn_yaml *one = gn_yaml_get(values, directions[i][0]);
		const struct gn_yaml *own = gn_yaml_get(link, directions[i][1]);

		if (one && (!own || own->kind == GN_YAML_MAP))
			take_direction(p, link, directions[i][1], one, at);
	}
	for (const struct gn_yaml *y = values->first; y; y = y->next) {
		bool is_word = false;

		for (size_t i = 0; i < GN_ARRAY_LEN(words); i++)
			is_word |= !strcmp(y->key, words[i]);
		struct gn_yaml *copy = is_word || gn_yaml_get(link, y->key) ? NULL : copy_value(p, y, at);

		if (copy)
			gn_yaml_append(link, copy);
	}
}

static void apply_profile(struct profiles *s, struct gn_yaml *link, bool has_ends)
{
	struct gn_yaml *written = link->kind == GN_YAML_MAP ? gn_yaml_get(link, "profile") : NULL;

	if (!written || written->kind != GN_YAML_SCALAR || gn_yaml_is_null(written))
		return; /* the walk says what is wrong with it */
	gn_yaml_remove(link, written);
	const struct gn_yaml *values = profile_of(s, written);

	if (!values)
		return;
	if (!has_ends && (gn_yaml_get(values, "up") || gn_yaml_get(values, "down")))
		gn_fault_at(
			s->p->report, written->place,
			"profile \"%s\" is not the same up and down, and no end of a graph's links is the "
			"user's: write links instead",
			written->text);
	else
		take_values(s->p, link, values, written->place);
}

int gn_planning_profiles(struct gn_planning *p)
{
	static const struct {
		const char *name;
		bool has_ends;
	} lists[] = { { "links", true }, { "generate", false }, { "schedule", true } };
	GN_CLEANUP(gn_free_p) struct profiles *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->p = p;
	for (size_t i = 0; i < GN_ARRAY_LEN(lists); i++) {
		struct gn_yaml *list = gn_yaml_get(p->tree, lists[i].name);

		if (!list || list->kind != GN_YAML_LIST)
			continue;
		for (struct gn_yaml *link = list->first; link; link = link->next)
			apply_profile(s, link, lists[i].has_ends);
	}
	gn_arena_done(&s->scratch);
	return p->report->no_memory ? -ENOMEM : 0;
}
