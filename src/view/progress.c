/* SPDX-License-Identifier: MIT */
/*
 * What a run is doing, on one line. Its parts stand in the order of their weight: what does not fit
 * the terminal is left off from the end.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>

#include "view/units.h"
#include "view/view.h"

#define PLAIN_EVERY   (5 * GN_SEC)
#define WIDTH_UNKNOWN 80

struct line {
	char text[256];
	size_t used, width;
};

/* Append a part if all of it fits. */
static void GN_PRINTF(2, 3) part(struct line *l, const char *fmt, ...)
{
	char text[128];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	size_t n = strlen(text);

	if (l->used + n > l->width) {
		l->width = l->used; /* nothing behind a gap */
		return;
	}
	memcpy(l->text + l->used, text, n + 1);
	l->used += n;
}

/* 12:34, 1:02:03 */
static void clock_part(struct line *l, double seconds)
{
	unsigned long s = (unsigned long)(seconds + 0.5);

	if (s >= 360000) /* days: not worth a number */
		return;
	if (s >= 3600)
		part(l, ", %lu:%02lu:%02lu left", s / 3600, s / 60 % 60, s % 60);
	else
		part(l, ", %lu:%02lu left", s / 60, s % 60);
}

static void simulating_parts(struct line *l, const struct gn_status *s)
{
	part(l, ", %.3g million steps/s", s->steps_per_second / 1e6);
	if (s->left_seconds >= 0)
		clock_part(l, s->left_seconds);
}

static void studying_parts(struct line *l, const struct gn_status *s)
{
	part(l, ", %" PRIu32 " of %" PRIu32 " runs", s->done, s->total);
	if (s->left_seconds >= 0)
		clock_part(l, s->left_seconds);
}

static void running_parts(struct line *l, const struct gn_status *s)
{
	char elapsed[GN_NUMBER_MAX], duration[GN_NUMBER_MAX];

	if (s->duration) {
		snprintf(elapsed, sizeof(elapsed), "%.1f", (double)s->elapsed / 1e9);
		snprintf(duration, sizeof(duration), "%.3g", (double)s->duration / 1e9);
		part(l, ", %s of %s s", elapsed, duration);
	}
	if (s->steps_per_second > 0)
		simulating_parts(l, s);
	if (s->event)
		part(l, ", event %" PRIu32 ": %" PRIu32 "/%" PRIu32 " nodes", s->event, s->informed,
		     s->members);
	if (s->n_events)
		part(l, ", %" PRIu32 " of %" PRIu32 " events complete", s->complete, s->n_events);
	if (s->n_events > 1)
		part(l, ", %" PRIu32 " published", s->published);
}

static void compose(struct line *l, const struct gn_status *s)
{
	part(l, "%s", s->phase);
	if (!strcmp(s->phase, "running") || !strcmp(s->phase, "simulating"))
		running_parts(l, s);
	else if (!strcmp(s->phase, "studying"))
		studying_parts(l, s);
	else if (s->total && !strcmp(s->phase, "starting"))
		part(l, ", %" PRIu32 " of %" PRIu32 " nodes ready", s->done, s->total);
	else if (s->total)
		part(l, ", %" PRIu32 " of %" PRIu32, s->done, s->total);
}

static int terminal_width(FILE *f)
{
	struct winsize w;

	return ioctl(fileno(f), TIOCGWINSZ, &w) || !w.ws_col ? WIDTH_UNKNOWN : w.ws_col;
}

void gn_progress_init(struct gn_progress *p, FILE *f)
{
	const char *term = getenv("TERM");

	*p = (struct gn_progress){ .f = f, .width = WIDTH_UNKNOWN };
	/* A terminal that cannot delete to the end of a line gets plain lines too. */
	p->terminal = isatty(fileno(f)) && term && *term && strcmp(term, "dumb") != 0;
}

void gn_progress_show(struct gn_progress *p, const struct gn_status *s, gn_time now)
{
	bool new_phase = strcmp(p->last_phase, s->phase) != 0;
	struct line l = { .width = sizeof(l.text) - 1 };

	if (!p->terminal && !new_phase && now - p->last_shown < PLAIN_EVERY)
		return;
	if (p->terminal) { /* its window may have changed; the last column stays free: some would wrap */
		p->width = terminal_width(p->f);
		l.width = GN_MIN(l.width, (size_t)p->width - 1);
	}
	compose(&l, s);
	fprintf(p->f, p->terminal ? "\r%s\033[K" : "%s\n", l.text);
	fflush(p->f);
	snprintf(p->last_phase, sizeof(p->last_phase), "%s", s->phase);
	p->last_shown = now;
}

void gn_progress_end(struct gn_progress *p)
{
	if (p->terminal && p->last_phase[0]) {
		fputs("\r\033[K", p->f);
		fflush(p->f);
	}
	p->last_phase[0] = '\0';
}
