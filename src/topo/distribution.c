/* SPDX-License-Identifier: MIT */
/* Tables of delays, as tc(8) has them: whole numbers, any number in a line; # starts a comment line. */
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "topo/planning.h"

#define VALUES_MAX 16384 /* the kernel's NETEM_DIST_MAX */

/* Of a file: such a table has 100 KB. What is no table may have no line break in more bytes than there is memory. */
enum { BYTES_MAX = 1 << 20 };

/* A table that was named. Its values are NULL if it has faults. */
struct gn_table {
	struct gn_table *next;
	const char *path;
	struct gn_distribution distribution;
};

struct table_reader {
	struct gn_planning *p;
	struct gn_place at; /* the line */
	uint32_t n;
	int16_t values[VALUES_MAX];
};

static void close_p(FILE **f)
{
	if (*f)
		fclose(*f);
}

static void closedir_p(DIR **d)
{
	if (*d)
		closedir(*d);
}

/* The table's path if it is in @folder's folder @below, which may be ".". */
static const char *path_in(struct gn_planning *p, const char *folder, const char *below, const char *name)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/%s/tc/%s.dist", folder, below, name) >= (int)sizeof(path) ||
	    access(path, R_OK))
		return NULL;
	const char *copy = gn_arena_copy(&p->arena, path, strlen(path));

	p->report->no_memory |= !copy;
	return copy;
}

/* In the folder of this machine's architecture, which Debian has below /usr/lib. */
static const char *path_by_architecture(struct gn_planning *p, const char *name)
{
	GN_CLEANUP(closedir_p) DIR *d = opendir("/usr/lib");
	const char *path = NULL;

	p->report->no_memory |= !d && errno == ENOMEM;
	for (struct dirent *e; d && !path && (e = readdir(d));) {
		if (*e->d_name != '.' && strchr(e->d_name, '-'))
			path = path_in(p, "/usr/lib", e->d_name, name);
	}
	return path;
}

/* Where tc looks: TC_LIB_DIR, or the folder that its distributor has chosen. NULL: it is not there. */
static const char *standard_path(struct gn_planning *p, const char *name)
{
	static const char *const folders[] = { "/usr/lib", "/usr/lib64", "/usr/share", "/usr/local/lib" };
	const char *own = getenv("TC_LIB_DIR"), *path = NULL;

	if (own) {
		path = gn_arena_format(&p->arena, "%s/%s.dist", own, name);
		p->report->no_memory |= !path;
		return path && !access(path, R_OK) ? path : NULL;
	}
	for (size_t i = 0; !path && i < GN_ARRAY_LEN(folders); i++)
		path = path_in(p, folders[i], ".", name);
	return path ? path : path_by_architecture(p, name);
}

static void no_table(struct gn_planning *p, const struct gn_field *f)
{
	const char *own = getenv("TC_LIB_DIR");

	if (own)
		gn_fault_at(
			p->report, f->at->place,
			"no table for the distribution %s: TC_LIB_DIR is \"%s\", where no %s.dist can be read",
			f->text, own, f->text);
	else
		gn_fault_at(
			p->report, f->at->place,
			"no table for the distribution %s: no %s.dist in /usr/lib/tc, /usr/lib/*/tc and their like; "
			"install iproute2 or set TC_LIB_DIR",
			f->text, f->text);
}

/* Return: false after a fault. */
static bool take_number(struct table_reader *r, const char *word, size_t length, uint32_t col)
{
	const struct gn_place at = { r->at.source, r->at.line, col };
	const bool number = length <= 6 && strspn(word, "+-0123456789") >= length;
	char *end = NULL;
	const long value = number ? strtol(word, &end, 10) : 0;

	if (!number || end != word + length || value < INT16_MIN || value > INT16_MAX) {
		gn_fault_at(r->p->report, at, "\"%.*s\" is no whole number from %d to %d",
			    (int)GN_MIN(length, 40u), word, INT16_MIN, INT16_MAX);
		return false;
	}
	if (r->n == VALUES_MAX) {
		gn_fault_at(r->p->report, at, "more than %d numbers, which is all that netem takes",
			    VALUES_MAX);
		return false;
	}
	r->values[r->n++] = (int16_t)value;
	return true;
}

static bool take_line(struct table_reader *r, const char *line)
{
	static const char blanks[] = " \t\r\n";
	bool good = true;

	for (const char *word = line; good && *line != '#' && *(word += strspn(word, blanks));) {
		const size_t length = strcspn(word, blanks);

		good = take_number(r, word, length, (uint32_t)(word - line) + 1);
		word += length;
	}
	return good;
}

/* Return: false after a fault: one is enough to know that it is no table. */
static bool take_lines(struct table_reader *r, FILE *f, const struct gn_yaml *named, const char *path)
{
	GN_CLEANUP(gn_free_p) char *line = NULL;
	size_t cap = 0;
	bool good = true;
	ssize_t n;

	while (good && (n = getline(&line, &cap, f)) >= 0) {
		r->at.line++;
		good = take_line(r, line);
		if (good && strlen(line) != (size_t)n) {
			gn_fault_at(r->p->report, r->at, "not a text: there is a byte 0");
			good = false;
		}
	}
	if (good && !feof(f)) {
		r->p->report->no_memory = true;
		good = false;
	}
	if (good && !r->n) {
		gn_fault_at(r->p->report, named->place, "\"%s\" has no numbers", path);
		good = false;
	}
	return good;
}

/* A pipe or a device could keep us for ever. */
static FILE *open_table(struct gn_planning *p, const struct gn_yaml *named, const char *path)
{
	GN_CLEANUP(close_p) FILE *f = NULL;
	struct stat st;
	int error = stat(path, &st) ? errno : S_ISREG(st.st_mode) ? 0 : EINVAL;

	if (!p->limits->include) {
		gn_fault_at(p->report, named->place, "distribution: a table is not possible here");
		return NULL;
	}
	if (!error && !(f = fopen(path, "re")))
		error = errno;
	if (error)
		gn_fault_at(p->report, named->place, "cannot read \"%s\": %s", path,
			    error == EINVAL ? "it is not a file" : strerror(error));
	return gn_steal_ptr(&f);
}

/* The whole file, in memory. NULL after a fault. @ret_text: what it reads, for free() after it. */
static FILE *slurp_table(struct gn_planning *p, const struct gn_yaml *named, const char *path,
			 char **ret_text)
{
	GN_CLEANUP(close_p) FILE *f = open_table(p, named, path);
	FILE *text = NULL;
	size_t n = 0;

	if (!f)
		return NULL;
	const int r = gn_slurp(f, BYTES_MAX, ret_text, &n);

	if (!r)
		text = fmemopen(*ret_text, n, "r");
	if (r == -ENOMEM || (!r && !text))
		p->report->no_memory = true;
	else if (r == -EFBIG)
		gn_fault_at(p->report, named->place, "\"%s\" has more than %d bytes: it is no table", path,
			    BYTES_MAX);
	else if (r)
		gn_fault_at(p->report, named->place, "cannot read \"%s\": %s", path, strerror(-r));
	return text;
}

static bool read_table(struct gn_planning *p, const struct gn_yaml *named, const char *path,
		       struct gn_distribution *ret)
{
	GN_CLEANUP(gn_free_p) char *text = NULL;
	GN_CLEANUP(close_p) FILE *f = slurp_table(p, named, path, &text);
	struct table_reader r = { .p = p };

	if (!f)
		return false;
	r.at = (struct gn_place){ .source = gn_report_source(p->report, path), .col = 1 };
	if (!take_lines(&r, f, named, path))
		return false;
	int16_t *values = gn_arena_alloc(&p->arena, r.n * sizeof(*values));

	if (!values) {
		p->report->no_memory = true;
		return false;
	}
	memcpy(values, r.values, r.n * sizeof(*values));
	ret->values = values;
	ret->n = r.n;
	return true;
}

/* The table at @path, read when it is named for the first time. NULL without memory. */
static const struct gn_table *find_table(struct gn_planning *p, const struct gn_yaml *named, const char *path)
{
	struct gn_table *t = p->tables;

	while (t && strcmp(t->path, path))
		t = t->next;
	if (t)
		return t;
	t = gn_arena_alloc(&p->arena, sizeof(*t));
	if (!t)
		return NULL;
	*t = (struct gn_table){ .next = p->tables, .path = path };
	t->distribution.name = gn_arena_copy(&p->arena, named->text, strlen(named->text));
	if (!t->distribution.name)
		return NULL;
	p->tables = t;
	read_table(p, named, path, &t->distribution);
	return t;
}

bool gn_distribution_decode(struct gn_planning *p, const struct gn_field *f,
			    const struct gn_distribution **ret)
{
	const bool is_path = strchr(f->text, '/');
	const char *path;

	*ret = NULL;
	if (!strcmp(f->text, GN_UNIFORM))
		return true;
	path = is_path ? gn_planning_path(p, f->at) : standard_path(p, f->text);
	if (!path && !p->report->no_memory)
		no_table(p, f);
	if (!path)
		return false;
	const struct gn_table *t = find_table(p, f->at, path);

	if (!t)
		p->report->no_memory = true;
	if (t && t->distribution.values)
		*ret = &t->distribution;
	return *ret;
}

const char *gn_distribution_own_path(struct gn_planning *p, const struct gn_yaml *written)
{
	if (strchr(written->text, '/'))
		return gn_planning_path(p, written);
	return getenv("TC_LIB_DIR") && strcmp(written->text, GN_UNIFORM) ? standard_path(p, written->text)
									 : NULL;
}
