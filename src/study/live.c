/* SPDX-License-Identifier: MIT */
/* A live run of a study: the program itself, once more, and what it left. */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "study/outcome.h"

enum { TRIES = 3, EXIT_INVALID = 3 };

/* ---- the folder ---- */

/* Remove what a run left, this one or one that was killed. No folder: nothing to do. */
static void clear_folder(const char *path)
{
	DIR *d = opendir(path);

	if (!d)
		return;
	for (const struct dirent *e = readdir(d); e; e = readdir(d)) {
		if (unlinkat(dirfd(d), e->d_name, 0))
			unlinkat(dirfd(d), e->d_name, AT_REMOVEDIR); /* run.db-shm, see src/store/guard.c */
	}
	closedir(d);
	rmdir(path);
}

static int write_topology(const char *path, const struct gn_topology *t, struct gn_err *err)
{
	const char *text = gn_topology_resolved(t);
	FILE *f = text ? fopen(path, "we") : NULL;

	if (!text)
		return gn_fail(err, -ENOMEM, "out of memory");
	if (!f)
		return gn_fail(err, -errno, "%s: %m", path);
	fputs(text, f);
	return fclose(f) ? gn_fail(err, -errno, "%s: %m", path) : 0;
}

/* ---- the process ---- */

static void become_run(const char *topology, const char *folder, int complaints, pid_t parent)
{
	const char *const words[] = { "gossipnet", "run", "-o", folder, topology, NULL };
	int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent) /* it died before that */
		_exit(1);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	dup2(nothing, STDIN_FILENO);
	dup2(nothing, STDOUT_FILENO);
	dup2(complaints, STDERR_FILENO);
	execv("/proc/self/exe", (char *const *)words);
	dprintf(STDERR_FILENO, "cannot start the program again: %s\n", strerror(errno));
	_exit(1);
}

/* The last line that was written to @fd, without the words that all lines of the program begin with. */
static void last_line(int fd, char *buf, size_t size)
{
	static const char *const prefixes[] = { "gossipnet: ", "warning: " };
	struct stat st = { 0 };

	fstat(fd, &st);
	ssize_t n = pread(fd, buf, size - 1, GN_MAX(st.st_size - (off_t)size + 1, (off_t)0));

	if (n > 0 && buf[n - 1] == '\n')
		n--;
	buf[GN_MAX(n, (ssize_t)0)] = '\0';
	const char *line = strrchr(buf, '\n') ? strrchr(buf, '\n') + 1 : buf;

	for (size_t i = 0; i < GN_ARRAY_LEN(prefixes); i++) {
		if (!strncmp(line, prefixes[i], strlen(prefixes[i])))
			line += strlen(prefixes[i]);
	}
	memmove(buf, line, strlen(line) + 1);
}

/* Return: its exit status, or -Exxx. What it complained about is in @complaint. */
static int run_process(const char *topology, const char *folder, char *complaint, size_t size,
		       struct gn_err *err)
{
	GN_CLEANUP(gn_close_p) int complaints = memfd_create("complaints", MFD_CLOEXEC);
	const pid_t parent = getpid();
	pid_t child = complaints < 0 ? -1 : fork();
	int status;

	if (child < 0)
		return gn_fail(err, -errno, "cannot start a live run: %m");
	if (!child)
		become_run(topology, folder, complaints, parent);
	while (waitpid(child, &status, 0) < 0) {
		if (errno != EINTR)
			return gn_fail(err, -errno, "cannot wait for a live run: %m");
	}
	if (WIFSIGNALED(status))
		return gn_fail(err, -EIO, "the live run was ended by signal %d", WTERMSIG(status));
	last_line(complaints, complaint, size);
	return WEXITSTATUS(status);
}

/* ---- its result ---- */

struct reading {
	sqlite3 *db;
	struct gn_study_outcome *ret;
	double members;
	struct gn_sim_curve *curves;
	uint32_t n_curves;
};

static int take_point(struct reading *r, sqlite3_stmt *s)
{
	int64_t event = sqlite3_column_int64(s, 0) - 1;

	if (event < 0 || event >= r->n_curves)
		return -EBADMSG;
	struct gn_sim_curve *c = &r->curves[event];

	if (gn_grow(&c->points, c->n, &c->cap, sizeof(*c->points)))
		return -ENOMEM;
	c->points[c->n++] = (struct gn_sim_point){ .informed = (uint32_t)sqlite3_column_int64(s, 1),
						   .t = (gn_time)sqlite3_column_int64(s, 2) };
	return 0;
}

static int take_node_sum(struct reading *r, sqlite3_stmt *s)
{
	char key[24];

	snprintf(key, sizeof(key), "%s_per_node", (const char *)sqlite3_column_text(s, 0));
	gn_study_add_metric(r->ret, key, (double)sqlite3_column_int64(s, 1) / r->members);
	return 0;
}

static int take_end(struct reading *r, sqlite3_stmt *s)
{
	snprintf(r->ret->ended_by, sizeof(r->ret->ended_by), "%s", (const char *)sqlite3_column_text(s, 0));
	gn_study_add_metric(r->ret, "ended_ns", (double)sqlite3_column_int64(s, 1));
	return 0;
}

static int take_verdict(struct reading *r, sqlite3_stmt *s)
{
	gn_study_add_metric(r->ret, "suspect", sqlite3_column_int(s, 0));
	return 0;
}

/* Hand each row of a question to @take. */
static int each_row(struct reading *r, const char *question, int (*take)(struct reading *r, sqlite3_stmt *s),
		    struct gn_err *err)
{
	sqlite3_stmt *s = NULL;
	int result = sqlite3_prepare_v2(r->db, question, -1, &s, NULL) == SQLITE_OK ? 0 : -EIO;
	int step = SQLITE_DONE;

	while (!result && (step = sqlite3_step(s)) == SQLITE_ROW)
		result = take(r, s);
	if (!result && step != SQLITE_DONE)
		result = -EIO;
	if (result)
		gn_fail(err, result, "cannot read a live run's result: %s",
			result == -EIO ? sqlite3_errmsg(r->db) : strerror(-result));
	sqlite3_finalize(s);
	return result;
}

static int read_database(struct reading *r, struct gn_err *err)
{
	static const struct {
		const char *question;
		int (*take)(struct reading *r, sqlite3_stmt *s);
	} parts[] = {
		{ "SELECT event, informed, t_ns FROM coverage ORDER BY event, informed", take_point },
		{ "SELECT replace(key, '_sent', ''), sum(value) FROM node_stat"
		  " WHERE key IN ('datagrams_sent', 'bytes_sent') GROUP BY key ORDER BY key DESC",
		  take_node_sum },
		{ "SELECT e.value, t.value FROM meta AS e JOIN meta AS t ON e.key = 'ended_by' AND t.key = 'ended_ns'",
		  take_end },
		{ "SELECT value = 'suspect' FROM meta WHERE key = 'verdict'", take_verdict },
	};

	for (size_t i = 0; i < GN_ARRAY_LEN(parts); i++) {
		int e = each_row(r, parts[i].question, parts[i].take, err);

		if (e)
			return e;
	}
	return 0;
}

static int read_result(const struct gn_topology *t, const char *folder, struct gn_study_outcome *ret,
		       struct gn_err *err)
{
	GN_CLEANUP(gn_free_p) char *path = gn_format("%s/run.db", folder);
	struct reading r = { .ret = ret, .members = t->gossip.n_members, .n_curves = t->n_events };
	int e = -ENOMEM;

	r.curves = calloc(GN_MAX(t->n_events, 1u), sizeof(*r.curves));
	for (uint32_t i = 0; r.curves && i < t->n_events; i++)
		r.curves[i].event = i;
	if (!path || !r.curves)
		gn_fail(err, e, "out of memory");
	else if (sqlite3_open_v2(path, &r.db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK)
		e = gn_fail(err, -EIO, "cannot read a live run's result: %s", sqlite3_errmsg(r.db));
	else
		e = read_database(&r, err);
	if (!e)
		e = gn_study_take_curves(ret, r.curves, r.n_curves, err);
	sqlite3_close(r.db);
	for (uint32_t i = 0; r.curves && i < r.n_curves; i++)
		free(r.curves[i].points);
	free(r.curves);
	return e;
}

/* ---- the run ---- */

int gn_study_emulate(const struct gn_topology *t, const char *folder, struct gn_study_outcome *ret,
		     struct gn_err *err)
{
	GN_CLEANUP(gn_free_p) char *files = gn_format("%s/live", folder);
	GN_CLEANUP(gn_free_p) char *topology = gn_format("%s/live.yaml", folder);
	int status = EXIT_INVALID, r = files && topology ? 0 : gn_fail(err, -ENOMEM, "out of memory");
	gn_time start = gn_now();
	char complaint[800];

	gn_study_outcome_begin(ret, t);
	if (!r)
		r = write_topology(topology, t, err);
	for (int i = 0; !r && status == EXIT_INVALID && i < TRIES; i++) {
		clear_folder(files);
		ret->started = time(NULL);
		status = run_process(topology, files, complaint, sizeof(complaint), err);
		r = status < 0 ? status : 0;
	}
	if (!r && status)
		r = gn_fail(err, -EIO, "%s%s", status == EXIT_INVALID ? "three times in a row: " : "",
			    complaint);
	if (!r)
		r = read_result(t, files, ret, err);
	if (files && topology) {
		clear_folder(files);
		unlink(topology);
	}
	ret->wall = gn_now() - start;
	return r;
}
