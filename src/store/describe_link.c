/* SPDX-License-Identifier: MIT */
/* A direction of a link as a row. */
#include <stdio.h>

#include "store/internal.h"

#define PPM 1e6

static const char *const loss_models[] = { [GN_LOSS_RANDOM] = "random",
					   [GN_LOSS_GILBERT_ELLIOTT] = "gilbert-elliott",
					   [GN_LOSS_STATES] = "states" };

/* A limit that is not there is NULL: it must not look like the smallest one. */
static void bind_limit(sqlite3_stmt *q, int column, uint64_t value)
{
	if (value)
		sqlite3_bind_int64(q, column, (int64_t)GN_MIN(value, (uint64_t)INT64_MAX));
	else
		sqlite3_bind_null(q, column);
}

static void bind_share(sqlite3_stmt *q, int column, uint32_t ppm)
{
	sqlite3_bind_double(q, column, ppm / PPM);
}

/* A share, and in the next column its correlation. */
static void bind_shares(sqlite3_stmt *q, int column, uint32_t ppm, uint32_t correlation_ppm)
{
	bind_share(q, column, ppm);
	bind_share(q, column + 1, correlation_ppm);
}

/* The probabilities of a model of bursts, by their names in the file. */
static void bind_loss_states(sqlite3_stmt *q, int column, const struct gn_shape *s)
{
	static const char *const names[][5] = {
		[GN_LOSS_GILBERT_ELLIOTT] = { "p", "r", "loss_in_bad", "loss_in_good" },
		[GN_LOSS_STATES] = { "p13", "p31", "p32", "p23", "p14" },
	};
	char text[160] = "";
	int n = 0;

	if (s->loss_model == GN_LOSS_RANDOM) {
		sqlite3_bind_null(q, column);
		return;
	}
	for (size_t i = 0; i < GN_ARRAY_LEN(names[0]) && names[s->loss_model][i]; i++)
		n += snprintf(text + n, sizeof(text) - (size_t)n, "%c\"%s\":%g", i ? ',' : '{',
			      names[s->loss_model][i], s->loss_states[i] / PPM);
	snprintf(text + n, sizeof(text) - (size_t)n, "}");
	sqlite3_bind_text(q, column, text, -1, SQLITE_TRANSIENT);
}

static void bind_distribution(sqlite3_stmt *q, int column, const struct gn_distribution *d)
{
	sqlite3_bind_text(q, column, d ? d->name : "uniform", -1, SQLITE_TRANSIENT);
}

/* Both kinds of slots as a mean and a width. */
static void bind_slot(sqlite3_stmt *q, int column, const struct gn_slot *s)
{
	bind_limit(q, column, s->distribution ? s->mean : (s->min_delay + s->max_delay) / 2);
	bind_limit(q, column + 1, s->distribution ? s->jitter : (s->max_delay - s->min_delay) / 2);
	bind_distribution(q, column + 2, s->distribution);
	bind_limit(q, column + 3, s->packets);
	bind_limit(q, column + 4, s->bytes);
}

static void bind_shape(sqlite3_stmt *q, const struct gn_shape *s)
{
	bind_limit(q, 7, s->rate_bps);
	bind_limit(q, 8, s->limit);
	bind_distribution(q, 12, s->distribution);
	bind_share(q, 13, s->correlation_ppm);
	sqlite3_bind_int(q, 14, s->keep_order);
	sqlite3_bind_text(q, 15, loss_models[s->loss_model], -1, SQLITE_STATIC);
	bind_share(q, 16, s->loss_correlation_ppm);
	bind_loss_states(q, 17, s);
	sqlite3_bind_int(q, 18, s->ecn);
	bind_shares(q, 19, s->duplicate_ppm, s->duplicate_correlation_ppm);
	bind_shares(q, 21, s->corrupt_ppm, s->corrupt_correlation_ppm);
	bind_shares(q, 23, s->reorder_ppm, s->reorder_correlation_ppm);
	sqlite3_bind_int64(q, 25, s->reorder_gap);
	sqlite3_bind_int(q, 26, s->packet_overhead);
	bind_limit(q, 27, s->cell_size);
	sqlite3_bind_int(q, 28, s->cell_overhead);
	bind_slot(q, 29, &s->slot);
}

int gn_store_describe_link(struct gn_store *s, const struct gn_link *l, uint32_t id, int direction,
			   struct gn_err *err)
{
	sqlite3_stmt *q = gn_store_statement(s, GN_INSERT_LINK);
	const struct gn_shape *shape = &l->shape[direction];

	if (!q)
		return gn_store_failed(s, err);
	sqlite3_bind_int64(q, 1, (int64_t)id * 2 + direction + 1);
	sqlite3_bind_int64(q, 2, (int64_t)l->node[direction] + 1);
	sqlite3_bind_int64(q, 3, (int64_t)l->node[!direction] + 1);
	sqlite3_bind_int64(q, 4, (int64_t)shape->delay);
	sqlite3_bind_int64(q, 5, (int64_t)shape->jitter);
	if (shape->loss_model == GN_LOSS_RANDOM)
		bind_share(q, 6, shape->loss_ppm);
	else
		sqlite3_bind_null(q, 6);
	sqlite3_bind_int64(q, 9, l->port[direction]);
	sqlite3_bind_int64(q, 10, l->port[!direction]);
	sqlite3_bind_int(q, 11, l->blocked);
	bind_shape(q, shape);
	return gn_store_insert(s, q, err);
}
