/* SPDX-License-Identifier: MIT */
#include "cmd/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "view/run.h"
#include "view/units.h"

enum { LISTED = 3, VALUE_COLUMNS = 40 };

/* A key of meta, and what a value of it is. A network that is not ideal has none of the keys about it; where it would be
 * said five times, it is said once. */
static const struct setting {
	const char *name, *key;
	enum { TEXT, DURATION, MILLIONTHS } kind;
	const char *absent;
} settings[GN_SETTINGS] = {
	[GN_SETTING_BACKEND] = { "backend", "backend", TEXT, "unknown" },
	{ "nodes", "members", TEXT, "unknown" },
	{ "protocol", "protocol", TEXT, "unknown" },
	{ "fanout", "fanout", TEXT, "unknown" },
	{ "period", "period_ns", DURATION, "unknown" },
	{ "clock", "clock", TEXT, "unknown" },
	{ "overlay", "overlay", TEXT, "unknown" },
	{ "degree", "degree", TEXT, "any" },
	{ "duration", "duration_ns", DURATION, "unknown" },
	{ "delay of the ideal network", "network_delay_ns", DURATION, "none (it has links)" },
	{ "jitter of the ideal network", "network_jitter_ns", DURATION, "0 s" },
	{ "distribution of the ideal network", "network_distribution", TEXT, "uniform" },
	{ "loss of the ideal network", "network_loss_ppm", MILLIONTHS, "0 %" },
	{ "duplicates of the ideal network", "network_duplicate_ppm", MILLIONTHS, "0 %" },
	{ "lost calls of the ideal network", "call_loss_ppm", MILLIONTHS, "0 %" },
};

static int out_of_memory(struct gn_err *err)
{
	return gn_fail(err, -ENOMEM, "out of memory");
}

static char *value_of(sqlite3 *db, const struct setting *setting)
{
	char text[256], number[GN_NUMBER_MAX];

	if (!gn_run_meta(db, setting->key, text, sizeof(text)))
		return gn_strdup(setting->absent);
	switch (setting->kind) {
	case DURATION:
		return gn_strdup(gn_duration_short(number, strtoll(text, NULL, 10)));
	case MILLIONTHS:
		return gn_format("%.4g %%", strtod(text, NULL) / 1e4);
	default:
		return gn_printable(text, VALUE_COLUMNS);
	}
}

static bool has(const struct gn_setting_values *values, const char *value)
{
	for (size_t i = 0; i < values->n; i++)
		if (!strcmp(values->v[i], value))
			return true;
	return false;
}

int gn_settings_add(struct gn_settings *s, sqlite3 *db, struct gn_err *err)
{
	for (int i = 0; i < GN_SETTINGS; i++) {
		struct gn_setting_values *values = &s->of[i];
		GN_CLEANUP(gn_free_p) char *value = value_of(db, &settings[i]);

		if (!value)
			return out_of_memory(err);
		if (has(values, value))
			continue;
		if (gn_grow(&values->v, values->n, &values->cap, sizeof(*values->v)))
			return out_of_memory(err);
		values->v[values->n++] = gn_steal_ptr(&value);
	}
	return 0;
}

void gn_settings_done(struct gn_settings *s)
{
	for (int i = 0; i < GN_SETTINGS; i++) {
		for (size_t k = 0; k < s->of[i].n; k++)
			free(s->of[i].v[k]);
		free(s->of[i].v);
	}
}

static void print_list(FILE *f, const struct gn_setting_values *values)
{
	const size_t listed = values->n > LISTED + 1 ? LISTED : values->n;

	for (size_t i = 0; i < listed; i++)
		fprintf(f, "%s%s", !i ? "" : i + 1 == values->n ? " and " : ", ", values->v[i]);
	if (listed < values->n)
		fprintf(f, " and %zu more", values->n - listed);
}

char *gn_settings_list(const struct gn_setting_values *values)
{
	char *out = NULL;
	size_t size;
	FILE *f = open_memstream(&out, &size);

	if (!f)
		return NULL;
	print_list(f, values);
	if (!fclose(f))
		return out;
	free(out);
	return NULL;
}

char *gn_settings_unlike(const struct gn_settings *a, const struct gn_settings *b)
{
	char *out = NULL;
	size_t size;
	FILE *f = open_memstream(&out, &size);
	const char *between = "";

	if (!f)
		return NULL;
	for (int i = 0; i < GN_SETTINGS; i++) {
		const struct gn_setting_values *x = &a->of[i], *y = &b->of[i];

		if (i == GN_SETTING_BACKEND || (x->n == 1 && y->n == 1 && !strcmp(x->v[0], y->v[0])))
			continue;
		fprintf(f, "%s%s ", between, settings[i].name);
		print_list(f, x);
		fputs(" in A, ", f);
		print_list(f, y);
		fputs(" in B", f);
		between = "; ";
	}
	if (!fclose(f))
		return out;
	free(out);
	return NULL;
}
