/* SPDX-License-Identifier: MIT */
/* overlay: file: the names of two nodes in each line; # starts a comment. */
#include "topo/overlay.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* A pair that is written more than once is called as much more often. */
struct pairs_reader {
	struct gn_planning *p;
	struct gn_edges *edges;
	struct gn_place at; /* the line */
};

static void close_p(FILE **f)
{
	if (*f)
		fclose(*f);
}

/* The member that a name stands for, or GN_NONE after a fault. */
static uint32_t find_member(struct pairs_reader *r, const char *name, uint32_t col)
{
	const struct gn_yaml written = { .text = name, .place = { r->at.source, r->at.line, col } };
	const struct gn_field field = { .at = &written, .text = name };
	struct gn_name found;

	if (!gn_planning_resolve(r->p, &field, &found))
		return GN_NONE;
	if (found.group) {
		gn_fault_at(r->p->report, written.place, "%s is a group: a pair is of two nodes", name);
		return GN_NONE;
	}
	uint32_t member = gn_member_of(&r->p->t, found.first);

	if (member == GN_NONE)
		gn_fault_at(r->p->report, written.place, "%s does not gossip", name);
	return member;
}

/* Cut a line, which is changed, into words. Return: how many there are; the first @max are in @word. */
static uint32_t split(char *line, char **word, uint32_t max)
{
	static const char blanks[] = " \t\r\n";
	uint32_t n = 0;

	line[strcspn(line, "#")] = '\0';
	for (char *rest = line; *(rest += strspn(rest, blanks)); n++) {
		char *end = rest + strcspn(rest, blanks);

		if (n < max)
			word[n] = rest;
		rest = *end ? end + 1 : end;
		*end = '\0';
	}
	return n;
}

/* Return: 0, also after a fault; -ENOMEM; -E2BIG. */
static int take_line(struct pairs_reader *r, char *line, size_t length)
{
	char *word[2];

	if (strlen(line) != length) {
		gn_fault_at(r->p->report, r->at, "not a text: there is a byte 0");
		return 0;
	}
	uint32_t n = split(line, word, 2);

	if (!n)
		return 0;
	if (n != 2) {
		gn_fault_at(r->p->report, r->at, "a line has the names of two nodes, this one has %u", n);
		return 0;
	}
	uint32_t a = find_member(r, word[0], (uint32_t)(word[0] - line) + 1);
	uint32_t b = find_member(r, word[1], (uint32_t)(word[1] - line) + 1);

	if (a == GN_NONE || b == GN_NONE)
		return 0;
	if (a == b) {
		gn_fault_at(r->p->report, r->at, "%s cannot be its own partner", word[0]);
		return 0;
	}
	return gn_edges_add(r->edges, a, b);
}

static int take_lines(struct pairs_reader *r, FILE *f)
{
	GN_CLEANUP(gn_free_p) char *line = NULL;
	size_t cap = 0;
	ssize_t n;
	int result = 0;

	while (!result && (n = getline(&line, &cap, f)) >= 0) {
		r->at.line++;
		result = take_line(r, line, (size_t)n);
	}
	if (!result && ferror(f))
		gn_fault_at(r->p->report, r->at, "cannot read on: %s", strerror(errno));
	return result;
}

/* A pipe or a device could keep us for ever. */
static FILE *open_file(struct gn_planning *p, const struct gn_field *file, const char *path)
{
	GN_CLEANUP(close_p) FILE *f = NULL;
	struct stat st;
	int error = stat(path, &st) ? errno : S_ISREG(st.st_mode) ? 0 : EINVAL;

	if (!p->limits->include) {
		gn_fault_at(p->report, file->at->key_place, "file is not possible here");
		return NULL;
	}
	if (!error && !(f = fopen(path, "re")))
		error = errno;
	if (error)
		gn_fault_at(p->report, file->at->place, "cannot read \"%s\": %s", path,
			    error == EINVAL ? "it is not a file" : strerror(error));
	return gn_steal_ptr(&f);
}

int gn_overlay_read_pairs(struct gn_planning *p, const struct gn_field *file, struct gn_edges *ret)
{
	const char *path = gn_planning_path(p, file->at);

	if (!path)
		return -ENOMEM;
	GN_CLEANUP(close_p) FILE *f = open_file(p, file, path);

	if (!f)
		return 0;
	struct pairs_reader r = { .p = p,
				  .edges = ret,
				  .at = { .source = gn_report_source(p->report, path), .col = 1 } };
	int result = take_lines(&r, f);

	if (!result && !ret->n && !gn_report_has_faults(p->report))
		gn_fault_at(p->report, file->at->place, "\"%s\" has no pairs", path);
	return result;
}
