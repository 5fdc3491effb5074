/* SPDX-License-Identifier: MIT */
#include "topo/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { FAULTS_KEPT = 10000, FAULTS_SHOWN = 100 };

struct gn_fault {
	struct gn_place at;
	uint32_t number; /* in order of discovery */
	const char *text;
};

uint32_t gn_report_source(struct gn_report *r, const char *name)
{
	const char *copy = gn_arena_copy(&r->texts, name, strlen(name));

	if (!copy || gn_grow(&r->sources, r->n_sources, &r->cap_sources, sizeof(*r->sources))) {
		r->no_memory = true;
		return 0;
	}
	r->sources[r->n_sources] = copy;
	return (uint32_t)r->n_sources++;
}

void gn_fault_at(struct gn_report *r, struct gn_place at, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	if (r->n >= FAULTS_KEPT) {
		r->dropped++;
		return;
	}
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	const char *copy = gn_arena_copy(&r->texts, text, strlen(text));

	if (!copy || gn_grow(&r->faults, r->n, &r->cap, sizeof(*r->faults))) {
		r->no_memory = true;
		return;
	}
	r->faults[r->n] = (struct gn_fault){ .at = at, .number = (uint32_t)r->n, .text = copy };
	r->n++;
}

const char *gn_report_nearest(struct gn_report *r, const char *word,
			      const char *(*next)(const void *, size_t), const void *ctx, size_t n)
{
	/* Of one letter, everything is one change away. */
	if (r->suggestions_left < n || strlen(word) < 2)
		return "";
	r->suggestions_left -= n;
	const char *nearest = gn_nearest(word, next, ctx);
	const char *text = nearest ? gn_arena_format(&r->texts, " (did you mean \"%s\"?)", nearest) : "";

	if (!text)
		r->no_memory = true;
	return text ? text : "";
}

void gn_list_add(struct gn_list *t, const char *word)
{
	int n = snprintf(t->text + t->n, sizeof(t->text) - t->n, "%s%s", t->n ? ", " : "", word);

	t->n = GN_MIN(t->n + (size_t)n, sizeof(t->text) - 1);
}

static int compare_faults(const void *pa, const void *pb)
{
	const struct gn_fault *a = pa, *b = pb;
	const uint32_t ka[] = { a->at.source, a->at.line, a->at.col, a->number };
	const uint32_t kb[] = { b->at.source, b->at.line, b->at.col, b->number };

	for (size_t i = 0; i < GN_ARRAY_LEN(ka); i++) {
		if (ka[i] != kb[i])
			return ka[i] < kb[i] ? -1 : 1;
	}
	return 0;
}

static int add_line(struct gn_faults *f, char *line)
{
	if (!line || gn_grow(&f->lines, f->n, &f->cap, sizeof(*f->lines))) {
		free(line);
		return -ENOMEM;
	}
	f->lines[f->n++] = line;
	return 0;
}

static char *fault_line(const struct gn_report *r, const struct gn_fault *f)
{
	const char *source = f->at.source < r->n_sources ? r->sources[f->at.source] : "?";

	if (!f->at.line)
		return gn_format("%s: %s", source, f->text);
	return gn_format("%s:%u:%u: %s", source, f->at.line, f->at.col, f->text);
}

int gn_report_give(struct gn_report *r, struct gn_faults *ret)
{
	size_t shown = GN_MIN(r->n, (size_t)FAULTS_SHOWN), hidden = r->n - shown + r->dropped;

	if (r->no_memory)
		return -ENOMEM;
	if (!r->n)
		return 0;
	qsort(r->faults, r->n, sizeof(*r->faults), compare_faults);
	for (size_t i = 0; i < shown; i++) {
		if (add_line(ret, fault_line(r, &r->faults[i])))
			return -ENOMEM;
	}
	if (hidden && add_line(ret, gn_format("%s: and %zu more faults", r->sources[0], hidden)))
		return -ENOMEM;
	return -EINVAL;
}

void gn_report_done(struct gn_report *r)
{
	gn_arena_done(&r->texts);
	free(r->sources);
	free(r->faults);
	*r = (struct gn_report){ 0 };
}

void gn_faults_done(struct gn_faults *f)
{
	for (size_t i = 0; i < f->n; i++)
		free(f->lines[i]);
	free(f->lines);
	*f = (struct gn_faults){ 0 };
}
