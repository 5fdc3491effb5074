/* SPDX-License-Identifier: MIT */
/* What the topology says, as rows: node and the first rows of meta. */
#include <inttypes.h>
#include <stdio.h>

#include "store/internal.h"

static const char *const kind_names[] = {
	[GN_HOST] = "host", [GN_SWITCH] = "switch", [GN_ROUTER] = "router"
};
static const char *const overlay_names[] = {
	[GN_OVERLAY_FULL] = "full",
	[GN_OVERLAY_RING] = "ring",
	[GN_OVERLAY_GRID] = "grid",
	[GN_OVERLAY_K_REGULAR] = "k-regular",
	[GN_OVERLAY_ERDOS_RENYI] = "erdos-renyi",
	[GN_OVERLAY_BARABASI_ALBERT] = "barabasi-albert",
	[GN_OVERLAY_WATTS_STROGATZ] = "watts-strogatz",
	[GN_OVERLAY_CHUNG_LU] = "chung-lu",
	[GN_OVERLAY_NEIGHBOURS] = "neighbours",
	[GN_OVERLAY_FILE] = "file",
};
static const char *const clock_names[] = {
	[GN_CLOCK_PERIODIC] = "periodic", [GN_CLOCK_POISSON] = "poisson", [GN_CLOCK_ROUNDS] = "rounds"
};

/* SQLite has signed 64-bit integers only. */
static int64_t clamp(uint64_t value)
{
	return (int64_t)GN_MIN(value, (uint64_t)INT64_MAX);
}

static void bind_ip(sqlite3_stmt *q, int column, uint32_t ip)
{
	char text[sizeof("255.255.255.255")];

	snprintf(text, sizeof(text), "%u.%u.%u.%u", ip >> 24, ip >> 16 & 255, ip >> 8 & 255, ip & 255);
	if (ip)
		sqlite3_bind_text(q, column, text, -1, SQLITE_TRANSIENT);
	else
		sqlite3_bind_null(q, column);
}

static void bind_member(sqlite3_stmt *q, const struct gn_gossip *g, uint32_t member)
{
	sqlite3_bind_null(q, 6);
	sqlite3_bind_null(q, 7);
	if (member == GN_NONE)
		return;
	sqlite3_bind_int64(q, 6, member);
	sqlite3_bind_int(q, 7, !g->counted || g->counted[member]);
}

static int insert_node(struct gn_store *s, const struct gn_topology *t, uint32_t id, struct gn_err *err)
{
	sqlite3_stmt *q = gn_store_statement(s, GN_INSERT_NODE);
	const struct gn_node *n = t->nodes ? &t->nodes[id] : NULL;
	const struct gn_group *g = n ? NULL : gn_group_of(t, id);
	char name[GN_NODE_NAME_MAX + 1];

	if (!q)
		return gn_store_failed(s, err);
	sqlite3_bind_int64(q, 1, (int64_t)id + 1);
	sqlite3_bind_text(q, 2, gn_node_name(t, id, name), -1, SQLITE_TRANSIENT);
	sqlite3_bind_text(q, 3, kind_names[n ? n->kind : g->kind], -1, SQLITE_STATIC);
	sqlite3_bind_text(q, 4, n ? n->group : g->name, -1, SQLITE_STATIC);
	bind_ip(q, 5, n ? n->ip : 0);
	bind_member(q, &t->gossip, gn_member_of(t, id));
	return gn_store_insert(s, q, err);
}

/* All nodes; of a run that stores curves, only those that its rows speak of: there may be ten millions. */
static int insert_nodes(struct gn_store *s, const struct gn_topology *t, struct gn_err *err)
{
	const bool origins = t->log == GN_RECORDS_COVERAGE;
	int r = 0;

	for (uint32_t i = 0; !r && i < (origins ? t->n_events : t->n_nodes); i++)
		r = insert_node(s, t, origins ? t->events[i].node : i, err);
	return r;
}

static int describe_run(struct gn_store *s, const struct gn_topology *t, struct gn_err *err)
{
	const struct gn_gossip *g = &t->gossip;
	const struct {
		const char *key;
		uint64_t value;
	} numbers[] = {
		{ "nodes", t->n_nodes },    { "members", g->n_members },    { "counted", g->n_counted },
		{ "links", t->n_links },    { "events", t->n_events },	    { "fanout", g->fanout },
		{ "period_ns", g->period }, { "duration_ns", t->duration },
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
		r = gn_store_meta(s, "protocol", g->protocol->name, err);
	if (!r)
		r = gn_store_meta(s, "clock", clock_names[g->clock], err);
	if (!r)
		r = gn_store_meta(s, "overlay", overlay_names[g->overlay], err);
	if (!r && g->overlay == GN_OVERLAY_K_REGULAR)
		r = gn_store_meta_int(s, "degree", g->first_peer[1], err);
	return r;
}

/* What stands in the table link else. */
static int describe_ideal(struct gn_store *s, const struct gn_topology *t, struct gn_err *err)
{
	const struct {
		const char *key;
		uint64_t value;
	} rows[] = {
		{ "network_delay_ns", t->network.delay },
		{ "network_jitter_ns", t->network.jitter },
		{ "network_loss_ppm", t->network.loss_ppm },
		{ "network_duplicate_ppm", t->network.duplicate_ppm },
		{ "call_loss_ppm", t->call_loss_ppm },
	};
	int r = 0;

	for (size_t i = 0; t->ideal && !r && i < GN_ARRAY_LEN(rows); i++)
		r = gn_store_meta_int(s, rows[i].key, clamp(rows[i].value), err);
	if (!r && t->ideal && t->network.distribution)
		r = gn_store_meta(s, "network_distribution", t->network.distribution->name, err);
	return r;
}

int gn_store_describe(struct gn_store *s, const struct gn_topology *t, struct gn_err *err)
{
	int r = describe_run(s, t, err);

	if (!r)
		r = describe_ideal(s, t, err);
	if (!r)
		r = insert_nodes(s, t, err);
	for (uint32_t i = 0; !r && i < t->n_links; i++) {
		r = gn_store_describe_link(s, &t->links[i], i, 0, err);
		if (!r)
			r = gn_store_describe_link(s, &t->links[i], i, 1, err);
	}
	return r;
}
