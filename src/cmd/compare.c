/* SPDX-License-Identifier: MIT */
/* Are two results, or two sets of results, of one kind? For each quantity the test of Kolmogorov and Smirnov. */
#include <dirent.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd/cmd.h"
#include "cmd/folder.h"
#include "cmd/settings.h"
#include "study/statistics.h"
#include "view/compare.h"
#include "view/curves.h"
#include "view/run.h"
#include "view/units.h"

enum { T50, T90, T100, TIMES, DATAGRAMS = TIMES, QUANTITIES };

static const char *const names[QUANTITIES] = { "T50", "T90", "T100", "datagrams per node" };

struct values {
	double *v;
	size_t n, cap;
};

struct event {
	size_t run;
	int64_t observed; /* so long after its publication, ns; INT64_MAX: for ever, as all know it */
	double t[TIMES];  /* ns; INFINITY: not while it was observed */
};

struct side {
	const char *given;
	char **databases; /* run.db of each run */
	size_t n, cap;
	size_t suspect, invalid; /* by their own check */
	struct gn_settings settings;
	int64_t fewest_members, most_members;
	struct event *events;
	size_t n_events, cap_events;
	int64_t half_observed;	/* half of the events were, so long; ns */
	size_t left_out[TIMES]; /* events whose observation was shorter than the horizon */
	struct values values[QUANTITIES];
};

static void side_done(struct side *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->databases[i]);
	free(s->databases);
	free(s->events);
	gn_settings_done(&s->settings);
	for (int i = 0; i < QUANTITIES; i++)
		free(s->values[i].v);
}

static int out_of_memory(struct gn_err *err)
{
	return gn_fail(err, -ENOMEM, "out of memory");
}

/* ---- finding runs ---- */

/* Takes over @database, which may be NULL. */
static int add_database(struct side *s, char *database, struct gn_err *err)
{
	if (!database || gn_grow(&s->databases, s->n, &s->cap, sizeof(*s->databases))) {
		free(database);
		return out_of_memory(err);
	}
	s->databases[s->n++] = database;
	return 0;
}

static bool has(const char *folder, const char *name)
{
	GN_CLEANUP(gn_free_p) char *path = gn_format("%s/%s", folder, name);

	return path && access(path, F_OK) == 0;
}

/* The results in folders below @folder, in the order of their names. */
static int add_results_of(struct side *s, const char *folder, struct gn_err *err)
{
	struct dirent **entries;
	int n = scandir(folder, &entries, NULL, alphasort), r = 0;

	if (n < 0)
		return gn_fail(err, -errno, "%s: %m", folder);
	for (int i = 0; i < n; i++) {
		GN_CLEANUP(gn_free_p) char *path = gn_format("%s/%s", folder, entries[i]->d_name);

		if (!r && path && strcmp(entries[i]->d_name, "..") && has(path, "run.db"))
			r = add_database(s, gn_format("%s/run.db", path), err);
		free(entries[i]);
	}
	free(entries);
	return r;
}

static int find_runs(struct side *s, struct gn_err *err)
{
	GN_CLEANUP(gn_free_p) char *folder = NULL;
	struct stat st;
	int r = 0;

	/* A topology's folder, with `latest`, means its latest run, as everywhere. */
	if (stat(s->given, &st) == 0 && S_ISDIR(st.st_mode) && !has(s->given, "run.db") &&
	    !has(s->given, "latest"))
		r = add_results_of(s, s->given, err);
	if (r || s->n)
		return r;
	r = gn_folder_find(s->given, &folder, err);
	return r ? r : add_database(s, gn_format("%s/run.db", folder), err);
}

/* ---- values ---- */

static int add_value(struct values *values, double x, struct gn_err *err)
{
	if (gn_grow(&values->v, values->n, &values->cap, sizeof(*values->v)))
		return out_of_memory(err);
	values->v[values->n++] = x;
	return 0;
}

/* A run's values become one, their mean; one that never came makes it infinite. */
static void average(struct values *values, size_t from)
{
	if (values->n > from) {
		values->v[from] = gn_mean(values->v + from, values->n - from).mean;
		values->n = from + 1;
	}
}

/* @end: of the run's observation. */
static int add_event(struct side *s, size_t run, sqlite3_stmt *q, int64_t end, struct gn_err *err)
{
	struct event event = { .run = run, .observed = INT64_MAX };

	if (gn_grow(&s->events, s->n_events, &s->cap_events, sizeof(*s->events)))
		return out_of_memory(err);
	for (int i = 0; i < TIMES; i++)
		event.t[i] =
			sqlite3_column_type(q, i) == SQLITE_NULL ? INFINITY : sqlite3_column_double(q, i);
	if (!isfinite(event.t[T100]))
		event.observed = GN_MAX(end - sqlite3_column_int64(q, TIMES), 0);
	s->events[s->n_events++] = event;
	return 0;
}

static int add_events(struct side *s, size_t run, sqlite3 *db, struct gn_err *err)
{
	GN_CLEANUP(gn_query_done_p) sqlite3_stmt *q = NULL;
	int64_t end = 0;
	int step = SQLITE_DONE, r = gn_run_observed(db, &end, err);

	if (!r)
		r = gn_run_query(db,
				 "SELECT s.t50_ns, s.t90_ns, s.t100_ns, e.t_ns FROM spread AS s"
				 " JOIN event AS e ON e.id = s.event",
				 &q, err);
	while (!r && (step = sqlite3_step(q)) == SQLITE_ROW)
		r = add_event(s, run, q, end, err);
	return r ? r : gn_run_end(db, step, err);
}

/* A run is one value: how long it lasted is the same for all its nodes, and what they send grows with that. */
static int add_datagrams(struct side *s, sqlite3 *db, struct gn_err *err)
{
	GN_CLEANUP(gn_query_done_p) sqlite3_stmt *q = NULL;
	/* Large simulations keep no counters of each node. */
	int r = gn_run_query(db,
			     "SELECT avg(value), (SELECT value FROM meta WHERE key = 'datagrams') * 1.0 /"
			     " (SELECT value FROM meta WHERE key = 'members') FROM node_stat"
			     " WHERE key = 'datagrams_sent'",
			     &q, err);

	if (r)
		return r;
	int step = sqlite3_step(q), column = sqlite3_column_type(q, 0) == SQLITE_NULL;

	if (step != SQLITE_ROW)
		return gn_run_end(db, step, err);
	if (sqlite3_column_type(q, column) == SQLITE_NULL)
		return 0; /* a killed run */
	return add_value(&s->values[DATAGRAMS], sqlite3_column_double(q, column), err);
}

static int load_run(struct side *s, size_t run, struct gn_err *err)
{
	GN_CLEANUP(gn_db_close_p) sqlite3 *db = NULL;
	char verdict[16];
	int r = gn_run_open(s->databases[run], &db, err);

	if (r)
		return r;
	const int64_t members = gn_run_meta_int(db, "members", 0);

	gn_run_meta(db, "verdict", verdict, sizeof(verdict));
	s->suspect += !strcmp(verdict, "suspect");
	s->invalid += !strcmp(verdict, "invalid");
	s->fewest_members = run ? GN_MIN(s->fewest_members, members) : members;
	s->most_members = GN_MAX(s->most_members, members);
	r = gn_settings_add(&s->settings, db, err);
	if (!r)
		r = add_events(s, run, db, err);
	return r ? r : add_datagrams(s, db, err);
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static int find_half_observed(struct side *s, struct gn_err *err)
{
	GN_CLEANUP(gn_free_p) int64_t *observed = calloc(s->n_events + 1, sizeof(*observed));

	if (!observed)
		return out_of_memory(err);
	for (size_t i = 0; i < s->n_events; i++)
		observed[i] = s->events[i].observed;
	s->half_observed = s->n_events ? gn_half_observed(observed, s->n_events) : INT64_MAX;
	return 0;
}

static int load_side(struct side *s, struct gn_err *err)
{
	int r = 0;

	for (size_t i = 0; i < s->n && !r; i++)
		r = load_run(s, i, err);
	return r ? r : find_half_observed(s, err);
}

/* ---- what was observed for different times ---- */

/* The latest of a time among all events that have it, ns; 0: none has. */
static int64_t latest(const struct side sides[2], int quantity)
{
	double t = 0;

	for (int k = 0; k < 2; k++)
		for (size_t i = 0; i < sides[k].n_events; i++)
			if (isfinite(sides[k].events[i].t[quantity]))
				t = GN_MAX(t, sides[k].events[i].t[quantity]);
	return (int64_t)t;
}

/*
 * An event whose observation ended before @latest may be earlier or later than others: it cannot be put in order. If
 * there are such, times are told apart only up to a horizon that half of the events of either side were observed for;
 * those that were not are left out whatever came of them, for leaving out the late ones alone would be a choice of the
 * early. INT64_MAX: no such event.
 */
static int64_t horizon(const struct side sides[2], int quantity)
{
	const int64_t last = latest(sides, quantity);
	bool open = false;

	for (int k = 0; k < 2; k++)
		for (size_t i = 0; i < sides[k].n_events; i++)
			open |= !isfinite(sides[k].events[i].t[quantity]) &&
				sides[k].events[i].observed < last;
	return open ? GN_MIN(last, GN_MIN(sides[0].half_observed, sides[1].half_observed)) : INT64_MAX;
}

/* @whole: a run is one value, else its events are. */
static int take_times(struct side *s, int quantity, int64_t until, bool whole, struct gn_err *err)
{
	struct values *values = &s->values[quantity];
	size_t of_run = 0; /* its first value */
	int r = 0;

	for (size_t i = 0; i < s->n_events && !r; i++) {
		const struct event *e = &s->events[i];

		if (until != INT64_MAX && e->observed < until)
			s->left_out[quantity]++;
		else
			r = add_value(values, e->t[quantity] <= (double)until ? e->t[quantity] : INFINITY,
				      err);
		if (whole && (i + 1 == s->n_events || e[1].run != e->run)) {
			average(values, of_run);
			of_run = values->n;
		}
	}
	return r;
}

static int take_values(struct side sides[2], int64_t until[TIMES], bool whole, struct gn_err *err)
{
	int r = 0;

	for (int i = 0; i < TIMES && !r; i++) {
		until[i] = horizon(sides, i);
		for (int k = 0; k < 2 && !r; k++)
			r = take_times(&sides[k], i, until[i], whole, err);
	}
	for (int i = 0; i < QUANTITIES && !r; i++)
		for (int k = 0; k < 2; k++)
			if (sides[k].values[i].n)
				qsort(sides[k].values[i].v, sides[k].values[i].n, sizeof(double), ascending);
	return r;
}

/* ---- the tests ---- */

static bool is_tested(const struct side sides[2], int quantity)
{
	return sides[0].values[quantity].n && sides[1].values[quantity].n;
}

static int test(const struct side sides[2], struct gn_ks *ret, bool *ret_differ, struct gn_err *err)
{
	for (int i = 0; i < QUANTITIES; i++) {
		const struct values *a = &sides[0].values[i], *b = &sides[1].values[i];

		if (!is_tested(sides, i))
			continue;
		if (gn_ks_test(a->v, a->n, b->v, b->n, &ret[i]))
			return out_of_memory(err);
		*ret_differ |= ret[i].p < GN_KS_DIFFER;
	}
	return 0;
}

/* ---- the table ---- */

static void print_side(const struct side *s, char letter)
{
	GN_CLEANUP(gn_free_p) char *name = gn_printable(s->given, 60);

	GN_CLEANUP(gn_free_p) char *backend = gn_settings_list(&s->settings.of[GN_SETTING_BACKEND]);

	printf("%c  %s: %zu run%s, %s, ", letter, name ? name : "?", s->n, s->n == 1 ? "" : "s",
	       backend ? backend : "?");
	if (s->fewest_members < s->most_members)
		printf("%" PRId64 " to ", s->fewest_members);
	printf("%" PRId64 " nodes", s->most_members);
	if (s->suspect)
		printf("; suspect by their own check: %zu", s->suspect);
	if (s->invalid)
		printf("; invalid by their own check: %zu", s->invalid);
	putchar('\n');
}

/* Comparing them may be just what is wanted. */
static void print_unlike(const struct side sides[2])
{
	GN_CLEANUP(gn_free_p)
	char *text = gn_settings_unlike(&sides[0].settings, &sides[1].settings);

	if (!text || *text)
		printf("warning: these runs were told different things: %s\n", text ? text : "out of memory");
}

static const char *median(char out[GN_NUMBER_MAX], const struct values *values, int quantity)
{
	double m = (values->v[(values->n - 1) / 2] + values->v[values->n / 2]) / 2;

	if (quantity == DATAGRAMS)
		snprintf(out, GN_NUMBER_MAX, "%.4g", m);
	else
		gn_duration(out, isfinite(m) ? (int64_t)m : INT64_MAX);
	return out;
}

static void print_row(const struct side sides[2], int quantity, const struct gn_ks *ks)
{
	const struct values *a = &sides[0].values[quantity], *b = &sides[1].values[quantity];
	char left[GN_NUMBER_MAX], right[GN_NUMBER_MAX], sizes[48];

	snprintf(sizes, sizeof(sizes), "%zu, %zu", a->n, b->n);
	printf("%-18s  %12s  ", names[quantity], sizes);
	if (!is_tested(sides, quantity)) {
		puts("nothing to compare");
		return;
	}
	printf("%9s  %9s  %5.3f  %8.3g  %s\n", median(left, a, quantity), median(right, b, quantity), ks->d,
	       ks->p, gn_ks_verdict(ks->p, a->n, b->n));
}

static void print_horizon(const struct side sides[2], int quantity, int64_t until)
{
	char text[GN_NUMBER_MAX];

	if (until != INT64_MAX)
		printf("%s: up to %s after the publication, later is never. Left out as observed for less: %zu of %zu"
		       " events of A, %zu of %zu of B.\n",
		       names[quantity], gn_duration(text, until), sides[0].left_out[quantity],
		       sides[0].n_events, sides[1].left_out[quantity], sides[1].n_events);
}

static void print_table(const struct side sides[2], const struct gn_ks *tests, const int64_t until[TIMES],
			bool whole)
{
	print_side(&sides[0], 'A');
	print_side(&sides[1], 'B');
	print_unlike(sides);
	printf("\n%-18s  %12s  %9s  %9s  %5s  %8s\n", "", "values", "median A", "median B", "D", "p");
	for (int i = 0; i < QUANTITIES; i++)
		print_row(sides, i, &tests[i]);
	putchar('\n');
	for (int i = 0; i < TIMES; i++)
		print_horizon(sides, i, until[i]);
	printf("%s\nD: the largest distance of the distribution functions; p: how likely such a distance or a larger"
	       " one is\nif both are of one distribution (Kolmogorov and Smirnov). They differ where p is below %g.\n",
	       whole ? "A value is a run: the mean over its events, and over its nodes."
		     : "A value is an event, and of datagrams a run. The events of one run depend on each other, which\n"
		       "makes p too small: several runs, each of them one value, are the better test.",
	       GN_KS_DIFFER);
}

/* ---- the figure ---- */

/* Where plot would put it: into the folder of the first result, or of the first set. */
static char *default_output(const struct side *a)
{
	const char *first = a->databases[0];

	return a->n > 1 ? gn_format("%s/compare.png", a->given)
			: gn_format("%.*s/compare.png", (int)(strrchr(first, '/') - first), first);
}

static int draw(const struct side sides[2], const struct gn_options *o, struct gn_err *err)
{
	const struct gn_compared compared[2] = {
		{ .name = sides[0].given, .databases = sides[0].databases, .n = sides[0].n },
		{ .name = sides[1].given, .databases = sides[1].databases, .n = sides[1].n },
	};
	GN_CLEANUP(gn_free_p)
	char *output = o->output ? gn_strdup(o->output) : default_output(&sides[0]);

	if (!output)
		return out_of_memory(err);
	int r = gn_plot_compared(compared, output, err);

	if (!r && strcmp(output, "-") && o->verbosity >= 0)
		printf("figure: %s\n", output);
	return r;
}

/* ---- the command ---- */

static int compare(struct side sides[2], const struct gn_options *o, bool *ret_differ, struct gn_err *err)
{
	const bool whole = sides[0].n > 1 && sides[1].n > 1;
	struct gn_ks tests[QUANTITIES];
	int64_t until[TIMES];
	int r = load_side(&sides[0], err);

	if (!r)
		r = load_side(&sides[1], err);
	if (!r)
		r = take_values(sides, until, whole, err);
	if (!r)
		r = test(sides, tests, ret_differ, err);
	if (!r && o->verbosity >= 0)
		print_table(sides, tests, until, whole);
	return r ? r : draw(sides, o, err);
}

int cmd_compare(const struct gn_options *o, int argc GN_UNUSED, char **argv, struct gn_err *err)
{
	struct side sides[2] = { { .given = argv[1] }, { .given = argv[2] } };
	bool differ = false;
	int r = find_runs(&sides[0], err);

	if (!r)
		r = find_runs(&sides[1], err);
	if (!r)
		r = compare(sides, o, &differ, err);
	side_done(&sides[0]);
	side_done(&sides[1]);
	return r ? r : differ ? 3 : 0;
}
