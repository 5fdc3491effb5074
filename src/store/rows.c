/* SPDX-License-Identifier: MIT */
/* One function per table: bind and insert. */
#include <math.h>

#include "store/internal.h"

/* Rows are numbered from 1, the run's objects from 0; GN_NONE is no object. */
static void bind_id(sqlite3_stmt *q, int column, uint32_t id)
{
	if (id == GN_NONE)
		sqlite3_bind_null(q, column);
	else
		sqlite3_bind_int64(q, column, (int64_t)id + 1);
}

int gn_store_meta(struct gn_store *s, const char *key, const char *text, struct gn_err *err)
{
	sqlite3_stmt *q = gn_store_statement(s, GN_INSERT_META);

	if (!q)
		return gn_store_failed(s, err);
	sqlite3_bind_text(q, 1, key, -1, SQLITE_STATIC);
	sqlite3_bind_text(q, 2, text, -1, SQLITE_STATIC);
	return gn_store_insert(s, q, err);
}

int gn_store_meta_int(struct gn_store *s, const char *key, int64_t value, struct gn_err *err)
{
	sqlite3_stmt *q = gn_store_statement(s, GN_INSERT_META);

	if (!q)
		return gn_store_failed(s, err);
	sqlite3_bind_text(q, 1, key, -1, SQLITE_STATIC);
	sqlite3_bind_int64(q, 2, value);
	return gn_store_insert(s, q, err);
}

int gn_store_arrival(struct gn_store *s, const struct gn_arrival *a, struct gn_err *err)
{
	sqlite3_stmt *q = gn_store_statement(s, GN_INSERT_ARRIVAL);

	if (!q)
		return gn_store_failed(s, err);
	sqlite3_bind_int64(q, 1, (int64_t)a->event + 1);
	sqlite3_bind_int64(q, 2, (int64_t)a->node + 1);
	sqlite3_bind_int64(q, 3, a->t);
	bind_id(q, 4, a->via);
	sqlite3_bind_int64(q, 5, a->via == GN_NONE ? a->t : a->sent);
	sqlite3_bind_int64(q, 6, a->hop);
	sqlite3_bind_int(q, 7, a->first);
	return gn_store_insert(s, q, err);
}

int gn_store_event(struct gn_store *s, uint32_t event, const struct gn_event_plan *plan, int64_t t,
		   struct gn_err *err)
{
	sqlite3_stmt *q = gn_store_statement(s, GN_INSERT_EVENT);
	const char *label = plan->label && *plan->label ? plan->label : NULL;

	if (!q)
		return gn_store_failed(s, err);
	bind_id(q, 1, event);
	bind_id(q, 2, plan->node);
	sqlite3_bind_int64(q, 3, t);
	sqlite3_bind_text(q, 4, label, -1, SQLITE_STATIC);
	sqlite3_bind_int64(q, 5, plan->size);
	return gn_store_insert(s, q, err);
}

int gn_store_action(struct gn_store *s, int64_t t, const char *what, const char *target, const char *detail,
		    struct gn_err *err)
{
	sqlite3_stmt *q = gn_store_statement(s, GN_INSERT_ACTION);

	if (!q)
		return gn_store_failed(s, err);
	sqlite3_bind_int64(q, 1, t);
	sqlite3_bind_text(q, 2, what, -1, SQLITE_STATIC);
	sqlite3_bind_text(q, 3, target, -1, SQLITE_STATIC);
	sqlite3_bind_text(q, 4, detail, -1, SQLITE_STATIC);
	return gn_store_insert(s, q, err);
}

int gn_store_call(struct gn_store *s, uint32_t node, uint32_t round, int64_t t, uint32_t partner,
		  struct gn_err *err)
{
	sqlite3_stmt *q = gn_store_statement(s, GN_INSERT_CALL);

	if (!q)
		return gn_store_failed(s, err);
	bind_id(q, 1, node);
	sqlite3_bind_int64(q, 2, round);
	sqlite3_bind_int64(q, 3, t);
	bind_id(q, 4, partner);
	return gn_store_insert(s, q, err);
}

int gn_store_coverage(struct gn_store *s, uint32_t event, uint32_t informed, int64_t t, struct gn_err *err)
{
	sqlite3_stmt *q = gn_store_statement(s, GN_INSERT_COVERAGE);

	if (!q)
		return gn_store_failed(s, err);
	bind_id(q, 1, event);
	sqlite3_bind_int64(q, 2, informed);
	sqlite3_bind_int64(q, 3, t);
	return gn_store_insert(s, q, err);
}

static int insert_stat(struct gn_store *s, enum gn_statement table, uint32_t of, const char *key,
		       int64_t value, struct gn_err *err)
{
	sqlite3_stmt *q = gn_store_statement(s, table);

	if (!q)
		return gn_store_failed(s, err);
	bind_id(q, 1, of);
	sqlite3_bind_text(q, 2, key, -1, SQLITE_STATIC);
	sqlite3_bind_int64(q, 3, value);
	return gn_store_insert(s, q, err);
}

int gn_store_node_stat(struct gn_store *s, uint32_t node, const char *key, int64_t value, struct gn_err *err)
{
	return insert_stat(s, GN_INSERT_NODE_STAT, node, key, value, err);
}

int gn_store_link_stat(struct gn_store *s, uint32_t direction, const char *key, int64_t value,
		       struct gn_err *err)
{
	return insert_stat(s, GN_INSERT_LINK_STAT, direction, key, value, err);
}

/* SQLite itself makes NULL of NAN, but not of what is infinite. */
static void bind_known(sqlite3_stmt *q, int column, double value)
{
	if (isfinite(value))
		sqlite3_bind_double(q, column, value);
	else
		sqlite3_bind_null(q, column);
}

int gn_store_fidelity(struct gn_store *s, const struct gn_store_fidelity *f, struct gn_err *err)
{
	sqlite3_stmt *q = gn_store_statement(s, GN_INSERT_FIDELITY);

	if (!q)
		return gn_store_failed(s, err);
	sqlite3_bind_text(q, 1, f->what, -1, SQLITE_STATIC);
	bind_known(q, 2, f->value);
	sqlite3_bind_text(q, 3, f->unit, -1, SQLITE_STATIC);
	bind_known(q, 4, f->suspect);
	bind_known(q, 5, f->invalid);
	sqlite3_bind_text(q, 6, f->verdict, -1, SQLITE_STATIC);
	sqlite3_bind_text(q, 7, f->detail, -1, SQLITE_STATIC);
	return gn_store_insert(s, q, err);
}
