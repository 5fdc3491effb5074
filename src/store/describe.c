/* SPDX-License-Identifier: MIT */
/* What the topology says, as rows: node, link and the first rows of meta. */
#include <inttypes.h>
#include <stdio.h>

#include "store/internal.h"

static const char *const kind_names[] = {
	[GN_HOST] = "host", [GN_SWITCH] = "switch", [GN_ROUTER] = "router"
};
static const char *const overlay_names[] = { [GN_OVERLAY_FULL] = "full",
					     [GN_OVERLAY_RING] = "ring",
					     [GN_OVERLAY_K_REGULAR] = "k-regular",
					     [GN_OVERLAY_NEIGHBOURS] = "neighbours" };

/* SQLite has signed 64-bit integers only. */
static int64_t clamp(uint64_t value)
{
	return (int64_t)GN_MIN(value, (uint64_t)INT64_MAX);
}

static int insert_node(struct gn_store *s, const struct gn_node *n, uint32_t id, struct gn_err *err)
{
	sqlite3_stmt *q = gn_store_statement(s, GN_INSERT_NODE);
	char ip[sizeof("255.255.255.255")];

	if (!q)
		return gn_store_failed(s, err);
	sqlite3_bind_int64(q, 1, (int64_t)id + 1);
	sqlite3_bind_text(q, 2, n->name, -1, SQLITE_STATIC);
	sqlite3_bind_text(q, 3, kind_names[n->kind], -1, SQLITE_STATIC);
	sqlite3_bind_text(q, 4, n->group, -1, SQLITE_STATIC);
	if (n->ip) {
		snprintf(ip, sizeof(ip), "%u.%u.%u.%u", n->ip >> 24, n->ip >> 16 & 255, n->ip >> 8 & 255,
			 n->ip & 255);
		sqlite3_bind_text(q, 5, ip, -1, SQLITE_TRANSIENT);
	} else {
		sqlite3_bind_null(q, 5);
	}
	if (n->member != GN_NONE)
		sqlite3_bind_int64(q, 6, n->member);
	else
		sqlite3_bind_null(q, 6);
	return gn_store_insert(s, q, err);
}

/* A limit that is not there is NULL: it must not look like the smallest one. */
static void bind_limit(sqlite3_stmt *q, int column, uint64_t value)
{
	if (value)
		sqlite3_bind_int64(q, column, clamp(value));
	else
		sqlite3_bind_null(q, column);
}

static int insert_link(struct gn_store *s, const struct gn_link *l, uint32_t id, int direction,
		       struct gn_err *err)
{
	sqlite3_stmt *q = gn_store_statement(s, GN_INSERT_LINK);
	const struct gn_shape *shape = &l->shape[direction];

	if (!q)
		return gn_store_failed(s, err);
	sqlite3_bind_int64(q, 1, (int64_t)id * 2 + direction + 1);
	sqlite3_bind_int64(q, 2, (int64_t)l->node[direction] + 1);
	sqlite3_bind_int64(q, 3, (int64_t)l->node[!direction] + 1);
	sqlite3_bind_int64(q, 4, clamp(shape->delay));
	sqlite3_bind_int64(q, 5, clamp(shape->jitter));
	sqlite3_bind_double(q, 6, shape->loss_ppm / 1e6);
	bind_limit(q, 7, shape->rate_bps);
	bind_limit(q, 8, shape->limit);
	sqlite3_bind_int64(q, 9, l->port[direction]);
	sqlite3_bind_int64(q, 10, l->port[!direction]);
	sqlite3_bind_int(q, 11, l->blocked);
	return gn_store_insert(s, q, err);
}

static int describe_run(struct gn_store *s, const struct gn_topology *t, struct gn_err *err)
{
	const struct gn_gossip *g = &t->gossip;
	const struct {
		const char *key;
		uint64_t value;
	} numbers[] = {
		{ "nodes", t->n_nodes },	{ "members", g->n_members }, { "links", t->n_links },
		{ "events", t->n_events },	{ "fanout", g->fanout },     { "period_ns", g->period },
		{ "duration_ns", t->duration },
	};
	char seed[24];
	int r;

	for (size_t i = 0; i < GN_ARRAY_LEN(numbers); i++) {
		r = gn_store_meta_int(s, numbers[i].key, clamp(numbers[i].value), err);
		if (r)
			return r;
	}
	/* A seed above 2^63 is not an SQL integer: as text it is still the number that was asked for. */
	snprintf(seed, sizeof(seed), "%" PRIu64, t->seed);
	r = t->seed <= INT64_MAX ? gn_store_meta_int(s, "seed", (int64_t)t->seed, err)
				 : gn_store_meta(s, "seed", seed, err);
	if (!r)
		r = gn_store_meta(s, "name", t->name, err);
	if (!r)
		r = gn_store_meta(s, "protocol", g->protocol, err);
	if (!r)
		r = gn_store_meta(s, "overlay", overlay_names[g->overlay], err);
	if (!r && g->overlay == GN_OVERLAY_K_REGULAR)
		r = gn_store_meta_int(s, "degree", g->degree, err);
	return r;
}

int gn_store_describe(struct gn_store *s, const struct gn_topology *t, struct gn_err *err)
{
	int r = describe_run(s, t, err);

	for (uint32_t i = 0; !r && i < t->n_nodes; i++)
		r = insert_node(s, &t->nodes[i], i, err);
	for (uint32_t i = 0; !r && i < t->n_links; i++) {
		r = insert_link(s, &t->links[i], i, 0, err);
		if (!r)
			r = insert_link(s, &t->links[i], i, 1, err);
	}
	return r;
}
