/* SPDX-License-Identifier: MIT */
#include "store/schema.h"

#define STRING(x)  #x
#define NUMBER(x)  STRING(x)
#define SCHEMA	   NUMBER(GN_SCHEMA_VERSION)
#define SQLITE_MIN 3030000 /* window functions: 3.25; FILTER on plain aggregates: 3.30 */

/*
 * ceil(q * n) is computed in integers: (n * percent + 99) / 100. Without the index both views sort
 * the first arrivals; with it they read them in order.
 */
const char gn_schema_tables[] =
	"PRAGMA user_version = " SCHEMA ";"
	"CREATE TABLE meta(key TEXT PRIMARY KEY, value) WITHOUT ROWID;"
	"CREATE TABLE node(id INTEGER PRIMARY KEY, name TEXT UNIQUE, kind TEXT, grp TEXT, ip TEXT,"
	"  member INTEGER, counted INTEGER);"
	"CREATE TABLE link(id INTEGER PRIMARY KEY, src INTEGER, dst INTEGER, delay_ns INTEGER,"
	"  jitter_ns INTEGER, loss REAL, rate_bps INTEGER, limit_packets INTEGER, src_port INTEGER,"
	"  dst_port INTEGER, blocked INTEGER, distribution TEXT, correlation REAL, keep_order INTEGER,"
	"  loss_model TEXT, loss_correlation REAL, loss_states TEXT, ecn INTEGER, duplicate REAL,"
	"  duplicate_correlation REAL, corrupt REAL, corrupt_correlation REAL, reorder REAL,"
	"  reorder_correlation REAL, reorder_gap INTEGER, packet_overhead INTEGER, cell_size INTEGER,"
	"  cell_overhead INTEGER, slot_ns INTEGER, slot_jitter_ns INTEGER, slot_distribution TEXT,"
	"  slot_packets INTEGER, slot_bytes INTEGER);"
	"CREATE TABLE event(id INTEGER PRIMARY KEY, node INTEGER, t_ns INTEGER, label TEXT, size INTEGER);"
	"CREATE TABLE arrival(event INTEGER, node INTEGER, t_ns INTEGER, via INTEGER, sent_ns INTEGER,"
	"  hop INTEGER, first INTEGER);"
	"CREATE TABLE action(t_ns INTEGER, what TEXT, target TEXT, detail TEXT);"
	"CREATE TABLE node_stat(node INTEGER, key TEXT, value, PRIMARY KEY (node, key)) WITHOUT ROWID;"
	"CREATE TABLE link_stat(link INTEGER, key TEXT, value, PRIMARY KEY (link, key)) WITHOUT ROWID;"
	"CREATE TABLE fidelity(what TEXT PRIMARY KEY, value REAL, unit TEXT, threshold_suspect REAL,"
	"  threshold_invalid REAL, verdict TEXT, detail TEXT);"
	"CREATE TABLE call(node INTEGER, round INTEGER, t_ns INTEGER, peer INTEGER);"
	"CREATE TABLE coverage_point(event INTEGER, informed INTEGER, t_ns INTEGER);"
	"CREATE VIEW coverage(event, informed, t_ns) AS"
	"  SELECT a.event, row_number() OVER (PARTITION BY a.event ORDER BY a.t_ns, a.node), a.t_ns - e.t_ns"
	"  FROM arrival AS a JOIN event AS e ON e.id = a.event"
	"  WHERE a.first = 1 AND a.node NOT IN (SELECT id FROM node WHERE counted = 0)"
	"  UNION ALL SELECT event, informed, t_ns FROM coverage_point;"
	"CREATE VIEW spread(event, nodes, informed, t50_ns, t90_ns, t99_ns, t100_ns) AS"
	"  WITH member(n) AS (SELECT value FROM meta WHERE key = 'counted')"
	"  SELECT e.id, member.n, coalesce(c.informed, 0), c.t50, c.t90, c.t99, c.t100"
	"  FROM member CROSS JOIN event AS e LEFT JOIN"
	"    (SELECT event, max(informed) AS informed,"
	"       min(t_ns) FILTER (WHERE informed >= (n * 50 + 99) / 100) AS t50,"
	"       min(t_ns) FILTER (WHERE informed >= (n * 90 + 99) / 100) AS t90,"
	"       min(t_ns) FILTER (WHERE informed >= (n * 99 + 99) / 100) AS t99,"
	"       min(t_ns) FILTER (WHERE informed >= n) AS t100"
	"     FROM coverage, member GROUP BY event) AS c ON c.event = e.id;"
	"INSERT INTO meta VALUES('schema', " SCHEMA ");";

const char gn_schema_indexes[] = "CREATE INDEX arrival_first ON arrival(event, t_ns, node) WHERE first = 1;";

int gn_schema_needs(int number, struct gn_err *err)
{
	if (number >= SQLITE_MIN)
		return 0;
	return gn_fail(err, -ENOTSUP,
		       "SQLite %d.%d.%d is too old: gossipnet's result tables need %d.%d or later "
		       "(Debian: package libsqlite3-0)",
		       number / 1000000, number / 1000 % 1000, number % 1000, SQLITE_MIN / 1000000,
		       SQLITE_MIN / 1000 % 1000);
}
