/* SPDX-License-Identifier: MIT */
/* The table at the end of a run. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "view/run.h"
#include "view/units.h"
#include "view/view.h"

enum { EVENTS_SHOWN = 20, LABEL_COLUMNS = 24, N_TIMES = 4 };

struct event_row {
	int64_t event, nodes, informed;
	int64_t t[N_TIMES]; /* t50, t90, t99, t100: ns, INT64_MAX: never */
	char *label;	    /* printable, or NULL */
};

struct table {
	struct event_row *rows;
	size_t n, cap;
};

static void table_done_p(struct table *t)
{
	for (size_t i = 0; i < t->n; i++)
		free(t->rows[i].label);
	free(t->rows);
}

static int add_row(struct table *t, sqlite3_stmt *q)
{
	const char *label = (const char *)sqlite3_column_text(q, 1);
	struct event_row row = { .event = sqlite3_column_int64(q, 0),
				 .nodes = sqlite3_column_int64(q, 2),
				 .informed = sqlite3_column_int64(q, 3) };

	if (gn_grow(&t->rows, t->n, &t->cap, sizeof(*t->rows)))
		return -ENOMEM;
	for (int i = 0; i < N_TIMES; i++)
		row.t[i] = sqlite3_column_type(q, 4 + i) == SQLITE_NULL ? INT64_MAX
									: sqlite3_column_int64(q, 4 + i);
	if (label && *label) {
		row.label = gn_printable(label, LABEL_COLUMNS);
		if (!row.label)
			return -ENOMEM;
	}
	t->rows[t->n++] = row;
	return 0;
}

static int read_events(sqlite3 *db, struct table *t, struct gn_err *err)
{
	GN_CLEANUP(gn_query_done_p) sqlite3_stmt *q = NULL;
	int r = gn_run_query(
		db,
		"SELECT s.event, e.label, s.nodes, s.informed, s.t50_ns, s.t90_ns, s.t99_ns, s.t100_ns"
		" FROM spread AS s JOIN event AS e ON e.id = s.event ORDER BY s.event",
		&q, err);
	int step;

	if (r)
		return r;
	while ((step = sqlite3_step(q)) == SQLITE_ROW)
		if (add_row(t, q))
			return gn_fail(err, -ENOMEM, "out of memory");
	return gn_run_end(db, step, err);
}

static void print_row(FILE *f, const char *name, int pad, const char *informed, const int64_t t[N_TIMES])
{
	char text[GN_NUMBER_MAX];

	fprintf(f, "%s%*s  %13s", name, pad, "", informed);
	for (int i = 0; i < N_TIMES; i++)
		fprintf(f, "  %9s", gn_duration(text, t[i]));
	fputc('\n', f);
}

/* Characters, not bytes: labels are UTF-8. */
static int columns_of(const char *text)
{
	int n = 0;

	for (; *text; text++)
		n += (*text & 0xc0) != 0x80;
	return n;
}

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* Of an even number of events, the worse of the two in the middle: the longer time ("never" is the longest), the
 * fewer nodes. So time and count speak of the same half, and agree with the figure. */
static int64_t worse_median(int64_t *values, size_t n, bool longer)
{
	qsort(values, n, sizeof(*values), compare);
	return values[longer ? n / 2 : (n - 1) / 2];
}

static int print_median(FILE *f, const struct table *t, int width)
{
	GN_CLEANUP(gn_free_p) int64_t *values = calloc(t->n, sizeof(*values));
	char name[48], informed[48];
	int64_t times[N_TIMES];

	if (!values)
		return -ENOMEM;
	for (int i = 0; i < N_TIMES; i++) {
		for (size_t k = 0; k < t->n; k++)
			values[k] = t->rows[k].t[i];
		times[i] = worse_median(values, t->n, true);
	}
	for (size_t k = 0; k < t->n; k++)
		values[k] = t->rows[k].informed;
	snprintf(informed, sizeof(informed), "%" PRId64 "/%" PRId64, worse_median(values, t->n, false),
		 t->rows[0].nodes);
	snprintf(name, sizeof(name), "median of %zu", t->n);
	print_row(f, name, GN_MAX(0, width - (int)strlen(name)), informed, times);
	return 0;
}

static const char *name_of(const struct event_row *row, char number[GN_NUMBER_MAX])
{
	snprintf(number, GN_NUMBER_MAX, "%" PRId64, row->event);
	return row->label ? row->label : number;
}

static int print_events(FILE *f, const struct table *t)
{
	size_t shown = GN_MIN(t->n, (size_t)EVENTS_SHOWN);
	int width = t->n > 1 ? (int)sizeof("median of 1000") - 1 : 5;
	char number[GN_NUMBER_MAX], informed[48];

	for (size_t i = 0; i < shown; i++)
		width = GN_MAX(width, columns_of(name_of(&t->rows[i], number)));
	fprintf(f, "%-*s  %13s  %9s  %9s  %9s  %9s\n", width, "event", "informed", "t50", "t90", "t99",
		"t100");
	for (size_t i = 0; i < shown; i++) {
		const struct event_row *row = &t->rows[i];
		const char *name = name_of(row, number);

		snprintf(informed, sizeof(informed), "%" PRId64 "/%" PRId64, row->informed, row->nodes);
		print_row(f, name, width - columns_of(name), informed, row->t);
	}
	if (t->n > shown)
		fprintf(f, "and %zu more\n", t->n - shown);
	return t->n > 1 ? print_median(f, t, width) : 0;
}

struct stat_sum {
	int64_t nodes; /* that have it */
	int64_t above; /* that have it above zero */
	double sum, max;
};

static struct stat_sum stat_sum(sqlite3 *db, const char *key)
{
	GN_CLEANUP(gn_query_done_p) sqlite3_stmt *q = NULL;
	struct stat_sum s = { 0 };

	if (gn_run_query(
		    db,
		    "SELECT count(*), total(value > 0), total(value), max(value) FROM node_stat WHERE key = ?",
		    &q, NULL))
		return s;
	sqlite3_bind_text(q, 1, key, -1, SQLITE_STATIC);
	if (sqlite3_step(q) == SQLITE_ROW)
		s = (struct stat_sum){ .nodes = sqlite3_column_int64(q, 0),
				       .above = sqlite3_column_int64(q, 1),
				       .sum = sqlite3_column_double(q, 2),
				       .max = sqlite3_column_double(q, 3) };
	return s;
}

/* What was sent, node by node or, where no node was counted by itself, on the whole. */
static void print_sent(FILE *f, sqlite3 *db)
{
	struct stat_sum datagrams = stat_sum(db, "datagrams_sent"), bytes = stat_sum(db, "bytes_sent");
	double members = (double)gn_run_meta_int(db, "members", 0);
	int64_t all = gn_run_meta_int(db, "datagrams", -1);
	char a[GN_NUMBER_MAX], b[GN_NUMBER_MAX];

	if (datagrams.nodes) {
		fprintf(f, "sent per node: %.1f datagrams (at most %.0f)",
			datagrams.sum / (double)datagrams.nodes, datagrams.max);
		if (bytes.nodes)
			fprintf(f, ", %s (at most %s)", gn_bytes(a, bytes.sum / (double)bytes.nodes),
				gn_bytes(b, bytes.max));
		fputc('\n', f);
	} else if (all >= 0 && members > 0) {
		fprintf(f, "sent per node: %.1f datagrams, %s\n", (double)all / members,
			gn_bytes(a, (double)gn_run_meta_int(db, "bytes", 0) / members));
	}
}

static void print_costs(FILE *f, sqlite3 *db)
{
	struct stat_sum late = stat_sum(db, "timer_lateness_p99_ns");
	int64_t all = gn_run_meta_int(db, "timer_lateness_p99_ns", INT64_MAX);
	int64_t fan_out = gn_run_meta_int(db, "largest_fan_out", -1);
	char a[GN_NUMBER_MAX];

	print_sent(f, db);
	if (fan_out >= 0)
		fprintf(f,
			"at most, of one node in one round: %" PRId64 " sent unasked, %" PRId64 " received\n",
			fan_out, gn_run_meta_int(db, "largest_in_degree", 0));
	if (all != INT64_MAX)
		fprintf(f, "timers late by, p99: %s", gn_duration(a, all));
	if (all != INT64_MAX && late.nodes)
		fprintf(f, " (worst node %s)", gn_duration(a, (int64_t)late.max));
	if (all != INT64_MAX)
		fputc('\n', f);
}

/* Is it in the table fidelity, and as it was asked for? */
static bool is_asked_for(sqlite3 *db, const char *what)
{
	GN_CLEANUP(gn_query_done_p) sqlite3_stmt *q = NULL;

	if (gn_run_query(db, "SELECT 1 FROM fidelity WHERE what = ? AND verdict = 'valid'", &q, NULL))
		return false;
	sqlite3_bind_text(q, 1, what, -1, SQLITE_STATIC);
	return sqlite3_step(q) == SQLITE_ROW;
}

/* What the instrument itself lost, and what follows for the figures above. */
static void print_losses(FILE *f, sqlite3 *db)
{
	static const struct {
		const char *key, *meaning;
	} losses[] = {
		{ "log_dropped",
		  "log records were lost to full rings: arrivals are missing from these results" },
		{ "socket_drops",
		  "datagrams were dropped at full receive buffers: loss that the topology did not ask for" },
		{ "send_errors",
		  "datagrams were refused by the kernel when sent: loss that the topology did not ask for" },
		{ "malformed", "datagrams did not parse or came from strangers, and were ignored" },
	};

	for (size_t i = 0; i < GN_ARRAY_LEN(losses); i++) {
		struct stat_sum s = stat_sum(db, losses[i].key);

		if (s.sum > 0 && !is_asked_for(db, losses[i].key))
			fprintf(f, "warning: %.0f %s (%" PRId64 " of %" PRId64 " nodes)\n", s.sum,
				losses[i].meaning, s.above, s.nodes);
	}
	int64_t refused = gn_run_meta_int(db, "records_refused", 0);

	if (refused)
		fprintf(f, "warning: %" PRId64 " log records made no sense and were refused\n", refused);
}

/* Said only of a run that is not to be trusted as it is. */
static void print_verdict(FILE *f, sqlite3 *db)
{
	char verdict[16], reason[1024];

	if (!gn_run_meta(db, "verdict", verdict, sizeof(verdict)) || !strcmp(verdict, "valid"))
		return;
	gn_run_meta(db, "verdict_reason", reason, sizeof(reason));
	fprintf(f, "verdict: %s: %s\n", verdict, *reason ? reason : "no reason given");
}

/* A run whose rows above are not all that there should be. */
static void print_ending(FILE *f, sqlite3 *db)
{
	char ended_by[32];

	/* "killed" stands there until another ending takes its place. */
	if (!gn_run_meta(db, "ended_by", ended_by, sizeof(ended_by)) || !strcmp(ended_by, "killed"))
		fputs("warning: the run was killed or is still going on: this is what it has written\n", f);
	else if (!strcmp(ended_by, "failure"))
		fputs("warning: the run ended in a failure: this is what it had written\n", f);
	else if (!strcmp(ended_by, "interrupt"))
		fputs("the run was interrupted before its end\n", f);
}

int gn_summary_print(const char *path, FILE *f, struct gn_err *err)
{
	GN_CLEANUP(gn_db_close_p) sqlite3 *db = NULL;
	GN_CLEANUP(table_done_p) struct table t = { 0 };
	int r = gn_run_open(path, &db, err);

	if (!r)
		r = read_events(db, &t, err);
	if (r)
		return r;
	if (!t.n)
		fputs("no event was published\n", f);
	else if (print_events(f, &t))
		return gn_fail(err, -ENOMEM, "out of memory");
	print_costs(f, db);
	print_losses(f, db);
	print_verdict(f, db);
	print_ending(f, db);
	return ferror(f) ? gn_fail(err, -EIO, "cannot write the summary") : 0;
}
