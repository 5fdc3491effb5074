/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "store/schema.h"
#include "store/store.h"

struct place {
	char dir[64], db[96];
};

static int setup(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	if (!p)
		return -1;
	snprintf(p->dir, sizeof(p->dir), "/tmp/gn-store-XXXXXX");
	if (!mkdtemp(p->dir))
		return -1;
	snprintf(p->db, sizeof(p->db), "%s/run.db", p->dir);
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct place *p = *state;
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", p->dir);
	int r = system(command);

	free(p);
	return r;
}

/* Two hosts on a switch; the second link is shaped differently in its two directions. */
static const struct gn_node nodes[] = {
	{ .name = "a1", .group = "a", .kind = GN_HOST, .ip = 0x0a000001, .member = 0 },
	{ .name = "lan", .group = "lan", .kind = GN_SWITCH, .member = GN_NONE },
	{ .name = "a2", .group = "a", .kind = GN_ROUTER, .ip = 0x0afffe09, .member = 1 },
};
static const struct gn_link links[] = {
	{ .node = { 0, 1 }, .port = { 0, 0 } },
	{ .node = { 1, 2 },
	  .port = { 1, 0 },
	  .shape = { { .delay = 10000000, .jitter = 2000000, .loss_ppm = 15, .rate_bps = 8000, .limit = 9 },
		     { .delay = 5, .loss_ppm = 1000000 } },
	  .blocked = true },
};
static const struct gn_protocol protocol = { .name = "push-pull" };
static const struct gn_topology small = {
	.name = "it's small",
	.seed = 7,
	.duration = 10 * GN_SEC,
	.nodes = nodes,
	.n_nodes = 3,
	.links = links,
	.n_links = 2,
	.gossip = { .protocol = &protocol,
		    .fanout = 2,
		    .period = 200 * GN_MSEC,
		    .n_members = 2,
		    .n_counted = 2 },
	.n_events = 1,
};

static struct gn_store *create(const struct place *p, const struct gn_topology *t)
{
	struct gn_store_options o = { .path = p->db };
	struct gn_store *s = NULL;
	struct gn_err err = { "" };

	if (gn_store_create(&o, t, &s, &err))
		fail_msg("%s", err.text);
	return s;
}

static void close_well(struct gn_store *s)
{
	struct gn_err err = { "" };

	if (gn_store_close(s, &err))
		fail_msg("%s", err.text);
}

static void arrive(struct gn_store *s, uint32_t event, uint32_t node, int64_t t, bool first)
{
	struct gn_arrival a = {
		.event = event, .node = node, .via = 0, .hop = 1, .t = t, .sent = t - 3, .first = first
	};

	assert_int_equal(gn_store_arrival(s, &a, NULL), 0);
}

/* All values of a query's rows, "|" between columns and "\n" between rows; or the error. */
static const char *query(const char *db, const char *text)
{
	static char out[8192];
	sqlite3 *handle = NULL;
	sqlite3_stmt *q = NULL;
	size_t n = 0;

	out[0] = '\0';
	if (sqlite3_open_v2(db, &handle, SQLITE_OPEN_READONLY, NULL) ||
	    sqlite3_prepare_v2(handle, text, -1, &q, NULL)) {
		snprintf(out, sizeof(out), "error: %s", sqlite3_errmsg(handle));
		sqlite3_close(handle);
		return out;
	}
	while (sqlite3_step(q) == SQLITE_ROW && n < sizeof(out) - 512) {
		n += (size_t)snprintf(out + n, sizeof(out) - n, "%s", n ? "\n" : "");
		for (int i = 0; i < sqlite3_column_count(q); i++) {
			const char *v = (const char *)sqlite3_column_text(q, i);

			n += (size_t)snprintf(out + n, sizeof(out) - n, "%s%s", i ? "|" : "", v ? v : "NULL");
		}
	}
	sqlite3_finalize(q);
	sqlite3_close(handle);
	return out;
}

static int exists(const struct place *p, const char *suffix)
{
	char name[128];

	snprintf(name, sizeof(name), "%s%s", p->db, suffix);
	return access(name, F_OK) == 0;
}

/* All that netem does on a link is in its row, as asked for. */
static void links_have_all_of_netem(void **state)
{
	static const int16_t values[] = { 0 };
	static const struct gn_distribution normal = { .name = "normal", .values = values, .n = 1 };
	static const struct gn_link shaped[] = {
		{ .node = { 0, 1 },
		  .shape = { { .delay = 10,
			       .jitter = 2,
			       .distribution = &normal,
			       .correlation_ppm = 250000,
			       .keep_order = true,
			       .loss_model = GN_LOSS_GILBERT_ELLIOTT,
			       .loss_states = { 10000, 300000, 800000, 1 },
			       .ecn = true,
			       .slot = { .distribution = &normal,
					 .mean = 7,
					 .jitter = 3,
					 .packets = 2,
					 .bytes = 9 } },
			     { .delay = 5,
			       .loss_model = GN_LOSS_STATES,
			       .loss_states = { 1, 20, 300, 4000, 50000 },
			       .duplicate_ppm = 1,
			       .duplicate_correlation_ppm = 2,
			       .corrupt_ppm = 3,
			       .corrupt_correlation_ppm = 4,
			       .reorder_ppm = 5,
			       .reorder_correlation_ppm = 6,
			       .reorder_gap = 7,
			       .rate_bps = 8,
			       .packet_overhead = -14,
			       .cell_size = 48,
			       .cell_overhead = -5,
			       .slot = { .min_delay = 4, .max_delay = 8 } } } },
	};
	const struct place *p = *state;
	struct gn_topology t = small;

	t.links = shaped;
	t.n_links = 1;
	close_well(create(p, &t));
	assert_string_equal(
		query(p->db,
		      "SELECT loss, distribution, correlation, keep_order, loss_model, loss_correlation, "
		      "loss_states, ecn FROM link ORDER BY id"),
		"NULL|normal|0.25|1|gilbert-elliott|0.0|"
		"{\"p\":0.01,\"r\":0.3,\"loss_in_bad\":0.8,\"loss_in_good\":1e-06}|1\n"
		"NULL|uniform|0.0|0|states|0.0|"
		"{\"p13\":1e-06,\"p31\":2e-05,\"p32\":0.0003,\"p23\":0.004,\"p14\":0.05}|0");
	assert_string_equal(
		query(p->db,
		      "SELECT duplicate, duplicate_correlation, corrupt, corrupt_correlation, reorder, "
		      "reorder_correlation, reorder_gap, packet_overhead, cell_size, cell_overhead "
		      "FROM link WHERE id = 2"),
		"1.0e-06|2.0e-06|3.0e-06|4.0e-06|5.0e-06|6.0e-06|7|-14|48|-5");
	assert_string_equal(
		query(p->db, "SELECT slot_ns, slot_jitter_ns, slot_distribution, slot_packets, slot_bytes "
			     "FROM link ORDER BY id"),
		"7|3|normal|2|9\n"
		"6|2|uniform|NULL|NULL");
	/* One that is not shaped has no limits. */
	unlink(p->db);
	close_well(create(p, &small));
	assert_string_equal(
		query(p->db,
		      "SELECT loss_model, loss_states, cell_size, slot_ns, slot_jitter_ns, slot_packets "
		      "FROM link WHERE id = 1"),
		"random|NULL|NULL|NULL|NULL|NULL");
}

static void tables_are_the_contract(void **state)
{
	static const struct {
		const char *name, *columns;
	} want[] = {
		{ "meta", "key,value" },
		{ "node", "id,name,kind,grp,ip" },
		{ "link", "id,src,dst,delay_ns,jitter_ns,loss,rate_bps" },
		{ "event", "id,node,t_ns,label,size" },
		{ "arrival", "event,node,t_ns,via,sent_ns,hop,first" },
		{ "action", "t_ns,what,target,detail" },
		{ "node_stat", "node,key,value" },
		{ "call", "node,round,t_ns,peer" },
		{ "coverage", "event,informed,t_ns" },
		{ "spread", "event,nodes,informed,t50_ns,t90_ns,t99_ns,t100_ns" },
	};
	const struct place *p = *state;

	close_well(create(p, &small));
	for (size_t i = 0; i < GN_ARRAY_LEN(want); i++) {
		char text[128];

		snprintf(text, sizeof(text), "SELECT group_concat(name) FROM pragma_table_info('%s')",
			 want[i].name);
		const char *got = query(p->db, text);
		size_t n = strlen(want[i].columns);

		/* More columns may stand behind those of the contract. */
		if (strncmp(got, want[i].columns, n) || (got[n] && got[n] != ','))
			fail_msg("%s: %s, wanted %s", want[i].name, got, want[i].columns);
	}
	assert_string_equal(query(p->db, "PRAGMA user_version"), "1");
	assert_string_equal(query(p->db, "SELECT value FROM meta WHERE key = 'schema'"), "1");
}

static void topology_becomes_rows(void **state)
{
	const struct place *p = *state;

	close_well(create(p, &small));
	assert_string_equal(query(p->db, "SELECT id, name, kind, grp, ip, member FROM node ORDER BY id"),
			    "1|a1|host|a|10.0.0.1|0\n"
			    "2|lan|switch|lan|NULL|NULL\n"
			    "3|a2|router|a|10.255.254.9|1");
	assert_string_equal(
		query(p->db,
		      "SELECT id, src, dst, delay_ns, jitter_ns, loss, rate_bps, limit_packets, src_port, "
		      "dst_port, blocked FROM link ORDER BY id"),
		"1|1|2|0|0|0.0|NULL|NULL|0|0|0\n"
		"2|2|1|0|0|0.0|NULL|NULL|0|0|0\n"
		"3|2|3|10000000|2000000|1.5e-05|8000|9|1|0|1\n"
		"4|3|2|5|0|1.0|NULL|NULL|0|1|1");
	assert_string_equal(query(p->db, "SELECT key, value, typeof(value) FROM meta ORDER BY key"),
			    "clock|periodic|text\ncounted|2|integer\n"
			    "duration_ns|10000000000|integer\nevents|1|integer\nfanout|2|integer\n"
			    "links|2|integer\nmembers|2|integer\nname|it's small|text\nnodes|3|integer\n"
			    "overlay|full|text\nperiod_ns|200000000|integer\nprotocol|push-pull|text\n"
			    "schema|1|integer\nseed|7|integer");
}

static void a_huge_seed_keeps_its_digits(void **state)
{
	const struct place *p = *state;
	struct gn_topology t = small;

	t.seed = UINT64_MAX;
	close_well(create(p, &t));
	assert_string_equal(query(p->db, "SELECT value FROM meta WHERE key = 'seed'"),
			    "18446744073709551615");
}

static void rows_are_what_was_given(void **state)
{
	const struct place *p = *state;
	struct gn_store *s = create(p, &small);
	struct gn_event_plan plan = { .node = 2, .size = 64, .label = "it''s \"x\"" };
	struct gn_event_plan plain = { .node = 0, .label = "" };
	struct gn_arrival origin = {
		.event = 0, .node = 2, .via = GN_NONE, .t = 1000, .sent = 5, .first = true
	};
	struct gn_arrival copy = { .event = 0, .node = 0, .via = 2, .hop = 3, .t = 1200, .sent = 1100 };

	assert_int_equal(gn_store_event(s, 0, &plan, 1000, NULL), 0);
	assert_int_equal(gn_store_event(s, 1, &plain, -5, NULL), 0);
	assert_int_equal(gn_store_arrival(s, &origin, NULL), 0);
	assert_int_equal(gn_store_arrival(s, &copy, NULL), 0);
	assert_int_equal(gn_store_action(s, 9, "publish", "a2", NULL, NULL), 0);
	assert_int_equal(gn_store_call(s, 0, 4, 77, 2, NULL), 0);
	assert_int_equal(gn_store_node_stat(s, 2, "calls", 3, NULL), 0);
	assert_int_equal(gn_store_node_stat(s, 2, "calls", 4, NULL), 0);
	assert_int_equal(gn_store_meta(s, "kernel", "6.1", NULL), 0);
	assert_int_equal(gn_store_meta_int(s, "nodes", 4, NULL), 0);
	close_well(s);
	assert_string_equal(query(p->db, "SELECT * FROM event"), "1|3|1000|it''s \"x\"|64\n2|1|-5|NULL|0");
	assert_string_equal(query(p->db, "SELECT * FROM arrival"),
			    "1|3|1000|NULL|1000|0|1\n1|1|1200|3|1100|3|0");
	assert_string_equal(query(p->db, "SELECT * FROM action"), "9|publish|a2|NULL");
	assert_string_equal(query(p->db, "SELECT * FROM call"), "1|4|77|3");
	assert_string_equal(query(p->db, "SELECT * FROM node_stat"), "3|calls|4");
	assert_string_equal(
		query(p->db, "SELECT group_concat(value) FROM meta WHERE key IN ('kernel', 'nodes')"),
		"6.1,4");
}

static void coverage_counts_first_arrivals(void **state)
{
	const struct place *p = *state;
	struct gn_store *s = create(p, &small);
	struct gn_event_plan plan = { .node = 0, .label = "" };

	for (uint32_t e = 0; e < 2; e++)
		gn_store_event(s, e, &plan, 100 * (e + 1), NULL);
	arrive(s, 1, 0, 200, true);
	arrive(s, 0, 1, 175, true); /* rows come in any order */
	arrive(s, 0, 0, 100, true);
	arrive(s, 0, 1, 180, false);
	arrive(s, 0, 2, 175, true); /* a tie still counts each */
	close_well(s);
	assert_string_equal(query(p->db, "SELECT * FROM coverage ORDER BY event, informed"),
			    "1|1|0\n1|2|75\n1|3|75\n2|1|0");
}

enum { N_MAX = 130 };

/* The k-th first arrival, counted from 1, comes after k * k ns. */
static void expect_spread(char *want, size_t size, uint32_t n, uint32_t informed)
{
	static const uint32_t percent[] = { 50, 90, 99, 100 };
	int used = snprintf(want, size, "1|%u|%u", n, informed);

	for (size_t i = 0; i < GN_ARRAY_LEN(percent); i++) {
		uint32_t k = 0;

		while (k * 100 < percent[i] * n) /* the smallest whole k >= q n */
			k++;
		if (k <= informed)
			used += snprintf(want + used, size - (size_t)used, "|%u", k * k);
		else
			used += snprintf(want + used, size - (size_t)used, "|NULL");
	}
}

static void spread_is_exact_for_every_size(void **state)
{
	const struct place *p = *state;
	struct gn_node members[N_MAX];
	char names[N_MAX][8], want[128];

	for (uint32_t i = 0; i < N_MAX; i++) {
		snprintf(names[i], sizeof(names[i]), "n%u", i);
		members[i] = (struct gn_node){ .name = names[i], .group = "n", .member = i };
	}
	for (uint32_t n = 1; n <= N_MAX; n++) {
		struct gn_topology t = {
			.name = "t",
			.nodes = members,
			.n_nodes = n,
			.gossip = { .protocol = &protocol, .n_members = n, .n_counted = n },
		};
		struct gn_store *s = create(p, &t);
		struct gn_event_plan plan = { .node = 0, .label = "" };
		uint32_t informed = n % 7 == 3 ? n - n / 10 : n;

		assert_int_equal(gn_store_event(s, 0, &plan, 50, NULL), 0);
		for (uint32_t k = 1; k <= informed; k++)
			arrive(s, 0, k - 1, 50 + k * k, true);
		assert_int_equal(gn_store_commit(s, NULL), 0);
		expect_spread(want, sizeof(want), n, informed);
		assert_string_equal(query(p->db, "SELECT * FROM spread"), want); /* still without the index */
		close_well(s);
		assert_string_equal(query(p->db, "SELECT * FROM spread"), want);
		unlink(p->db);
	}
}

static void an_event_nobody_heard_of_has_a_row(void **state)
{
	const struct place *p = *state;
	struct gn_store *s = create(p, &small);
	struct gn_event_plan plan = { .node = 0, .label = "" };

	gn_store_event(s, 0, &plan, 50, NULL);
	close_well(s);
	assert_string_equal(query(p->db, "SELECT * FROM spread"), "1|2|0|NULL|NULL|NULL|NULL");
}

static void readers_see_commits_during_the_run(void **state)
{
	const struct place *p = *state;
	struct gn_store *s = create(p, &small);

	assert_string_equal(query(p->db, "SELECT count(*) FROM node"), "3");
	arrive(s, 0, 0, 1, true);
	assert_string_equal(query(p->db, "SELECT count(*) FROM arrival"), "0");
	assert_int_equal(gn_store_commit(s, NULL), 0);
	assert_string_equal(query(p->db, "SELECT count(*) FROM arrival"), "1");
	close_well(s);
}

static void close_leaves_one_file(void **state)
{
	const struct place *p = *state;

	for (int guest = 0; guest < 2; guest++) {
		struct gn_store_options o = { .path = p->db, .own_page_cache = guest };
		struct gn_store *s = NULL;

		assert_int_equal(gn_store_create(&o, &small, &s, NULL), 0);
		assert_true(exists(p, "-wal"));
		assert_true(exists(p, "-shm")); /* the index, or what keeps others from making one */
		arrive(s, 0, 0, 1, true);	/* not committed: close does */
		close_well(s);
		assert_false(exists(p, "-wal") || exists(p, "-shm") || exists(p, "-journal"));
		assert_string_equal(query(p->db, "PRAGMA journal_mode"), "delete");
		assert_string_equal(query(p->db, "SELECT count(*) FROM arrival"), "1");
		assert_string_equal(
			query(p->db, "SELECT name FROM sqlite_schema WHERE sql LIKE 'CREATE INDEX%'"),
			"arrival_first");
		unlink(p->db);
	}
	assert_int_equal(gn_store_close(NULL, NULL), 0);
}

static void close_does_not_wait_for_readers(void **state)
{
	const struct place *p = *state;
	struct gn_store *s = create(p, &small);
	sqlite3 *reader = NULL;

	arrive(s, 0, 0, 1, true);
	gn_store_commit(s, NULL);
	assert_int_equal(sqlite3_open_v2(p->db, &reader, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_exec(reader, "BEGIN; SELECT * FROM arrival", NULL, NULL, NULL), SQLITE_OK);
	arrive(s, 0, 1, 2, true);
	close_well(s);
	assert_string_equal(query(p->db, "SELECT count(*) FROM arrival"), "2");
	sqlite3_close(reader);
	assert_string_equal(query(p->db, "SELECT count(*) FROM arrival"), "2");
}

/* A child that commits a thousand arrivals, writes more and is killed in the middle. */
static void write_and_die(const struct place *p, bool own_page_cache)
{
	struct gn_store_options o = { .path = p->db, .own_page_cache = own_page_cache };
	struct gn_store *s = NULL;

	if (gn_store_create(&o, &small, &s, NULL))
		_exit(1);
	for (int i = 0; i < 100000; i++) {
		struct gn_arrival a = { .t = i };

		if (gn_store_arrival(s, &a, NULL) || (i == 999 && gn_store_commit(s, NULL)))
			_exit(1);
	}
	raise(SIGKILL);
}

static void committed_rows_survive_kill(void **state)
{
	const struct place *p = *state;

	for (int guest = 0; guest < 2; guest++) {
		char wal[128], shm[128];
		int status;
		pid_t child = fork();

		if (child == 0)
			write_and_die(p, guest);
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFSIGNALED(status));
		assert_string_equal(query(p->db, "SELECT count(*), max(t_ns) FROM arrival"), "1000|999");
		assert_string_equal(query(p->db, "PRAGMA integrity_check"), "ok");
		snprintf(wal, sizeof(wal), "%s-wal", p->db);
		snprintf(shm, sizeof(shm), "%s-shm", p->db);
		unlink(p->db), unlink(wal), remove(shm);
	}
}

static void create_fails(const char *path, const char *sentence, int code)
{
	struct gn_store_options o = { .path = path };
	struct gn_store *untouched = (struct gn_store *)&o, *s = untouched;
	struct gn_err err = { "" };

	assert_int_equal(gn_store_create(&o, &small, &s, &err), code);
	assert_ptr_equal(s, untouched);
	if (!strstr(err.text, sentence) || !strstr(err.text, path))
		fail_msg("'%s' does not have '%s'", err.text, sentence);
}

static void create_says_why_not(void **state)
{
	const struct place *p = *state;
	char inside[128];

	close_well(create(p, &small));
	create_fails(p->db, "exists already", -EEXIST);
	assert_string_equal(query(p->db, "SELECT count(*) FROM node"), "3");
	snprintf(inside, sizeof(inside), "%s/run.db", p->db);
	create_fails(inside, "Not a directory", -ENOTDIR);
	snprintf(inside, sizeof(inside), "%s/no/run.db", p->dir);
	create_fails(inside, "No such file or directory", -ENOENT);
}

static void create_in_a_locked_folder(void **state)
{
	const struct place *p = *state;
	int status;

	assert_int_equal(chmod(p->dir, 0555), 0);
	pid_t child = fork();

	if (child == 0) {
		if (geteuid() == 0 && setuid(65534))
			_exit(1);
		create_fails(p->db, "Permission denied", -EACCES);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(chmod(p->dir, 0755), 0);
	assert_false(exists(p, ""));
}

/* Names that SQLite itself would take for something else. */
static void odd_names_are_plain_files(void **state)
{
	static const char *const names[] = { ":memory:", "file:x?mode=memory", "a b%20#c.db" };
	const struct place *p = *state;
	char *old = getcwd(NULL, 0);
	struct stat st;

	assert_int_equal(chdir(p->dir), 0);
	for (size_t i = 0; i < GN_ARRAY_LEN(names); i++) {
		struct gn_store_options o = { .path = names[i] };
		struct gn_store *s = NULL;

		assert_int_equal(gn_store_create(&o, &small, &s, NULL), 0);
		close_well(s);
		assert_int_equal(stat(names[i], &st), 0);
		assert_true(st.st_size > 0);
	}
	assert_int_equal(chdir(old), 0);
	free(old);
}

static void limit_file_size(rlim_t bytes)
{
	struct rlimit limit;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void failed_create_leaves_nothing(void **state)
{
	const struct place *p = *state;

	for (rlim_t bytes = 0; bytes < 40000; bytes += 3000) {
		limit_file_size(bytes);
		create_fails(p->db, "File too large", -EFBIG);
		limit_file_size(RLIM_INFINITY);
		assert_int_equal(rmdir(p->dir), 0); /* it is empty */
		assert_int_equal(mkdir(p->dir, 0755), 0);
	}
}

static void a_failed_write_keeps_what_was_committed(void **state)
{
	const struct place *p = *state;
	struct gn_store *s = create(p, &small);
	struct gn_err err = { "" };
	int r = 0;

	arrive(s, 0, 0, 1, true);
	assert_int_equal(gn_store_commit(s, NULL), 0);
	limit_file_size(200000);
	for (int i = 0; i < 200000 && !r; i++) {
		struct gn_arrival a = { .t = i };

		r = gn_store_arrival(s, &a, &err);
		if (!r && i % 1000 == 0)
			r = gn_store_commit(s, &err);
	}
	assert_int_equal(r, -EFBIG);
	assert_non_null(strstr(err.text, "cannot write: File too large"));
	/* It stays failed, with the first reason, and does not write a later row behind a gap. */
	limit_file_size(RLIM_INFINITY);
	err.text[0] = '\0';
	assert_int_equal(gn_store_meta(s, "late", "row", &err), -EFBIG);
	assert_int_equal(gn_store_commit(s, NULL), -EFBIG);
	assert_int_equal(gn_store_close(s, &err), -EFBIG);
	assert_non_null(strstr(err.text, "File too large"));
	assert_string_equal(query(p->db, "PRAGMA integrity_check"), "ok");
	assert_string_equal(query(p->db, "SELECT count(*) % 1000, count(*) > 1000 FROM arrival"), "2|1");
	assert_string_equal(query(p->db, "SELECT count(*) FROM meta WHERE key = 'late'"), "0");
}

static void an_old_sqlite_is_refused(GN_UNUSED void **state)
{
	struct gn_err err = { "" };

	assert_int_equal(gn_schema_needs(3030000, &err), 0);
	assert_int_equal(gn_schema_needs(3040001, &err), 0);
	assert_int_equal(gn_schema_needs(3029999, &err), -ENOTSUP);
	assert_int_equal(gn_schema_needs(3024000, &err), -ENOTSUP);
	assert_non_null(strstr(err.text, "SQLite 3.24.0 is too old"));
	assert_non_null(strstr(err.text, "3.30"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(links_have_all_of_netem),
		TEST(tables_are_the_contract),
		TEST(topology_becomes_rows),
		TEST(a_huge_seed_keeps_its_digits),
		TEST(rows_are_what_was_given),
		TEST(coverage_counts_first_arrivals),
		TEST(spread_is_exact_for_every_size),
		TEST(an_event_nobody_heard_of_has_a_row),
		TEST(readers_see_commits_during_the_run),
		TEST(close_leaves_one_file),
		TEST(close_does_not_wait_for_readers),
		TEST(committed_rows_survive_kill),
		TEST(create_says_why_not),
		TEST(create_in_a_locked_folder),
		TEST(odd_names_are_plain_files),
		TEST(failed_create_leaves_nothing),
		TEST(a_failed_write_keeps_what_was_committed),
		cmocka_unit_test(an_old_sqlite_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
