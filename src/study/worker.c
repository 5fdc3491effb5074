/* SPDX-License-Identifier: MIT */
#include "study/worker.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "study/analysis.h"
#include "util/save.h"

/* What comes back, before the times. Both ends are one program, so it goes as it lies in memory. */
struct answer {
	int32_t error; /* 0 or -Exxx, with a sentence */
	struct gn_err err;
	struct gn_study_outcome outcome;
};

/* Return: 0, or -EPIPE if the other end is gone. */
static int write_all(int fd, const void *data, size_t n)
{
	for (const char *p = data; n;) {
		ssize_t sent = send(fd, p, n, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return -EPIPE;
		p += sent;
		n -= (size_t)sent;
	}
	return 0;
}

static int read_all(int fd, void *data, size_t n)
{
	for (char *p = data; n;) {
		ssize_t got = recv(fd, p, n, MSG_WAITALL);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return -EPIPE;
		p += got;
		n -= (size_t)got;
	}
	return 0;
}

/* ---- the worker's side ---- */

static int make_run(const struct gn_study_plan *p, const char *folder, uint32_t run,
		    struct gn_study_outcome *ret, struct gn_err *err)
{
	const struct gn_study_point *point = &p->points[gn_study_point_of(p, run)];
	GN_CLEANUP(gn_faults_done) struct gn_faults faults = { 0 };
	struct gn_topology *t = NULL;
	int r = gn_study_load_run(p, run, &t, &faults);

	if (r)
		return gn_fail(err, r, "%s", faults.n ? faults.lines[0] : strerror(-r));
	r = gn_study_check_run(p, run, t, err);
	if (!r)
		r = p->series[point->series].live ? gn_study_emulate(t, folder, ret, err)
						  : gn_study_simulate(t, ret, err);
	gn_topology_free(t);
	return r;
}

/* The parent has a connection of its own, at rest. */
static int analyse(const char *folder, struct gn_err *err)
{
	GN_CLEANUP(gn_free_p) char *path = gn_format("%s/study.db", folder);
	sqlite3 *db = NULL;

	if (!path)
		return gn_fail(err, -ENOMEM, "out of memory");
	int r = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL);

	if (!r)
		r = sqlite3_exec(db, "PRAGMA busy_timeout = 5000; PRAGMA synchronous = OFF;", NULL, NULL,
				 NULL);
	r = r ? gn_fail(err, -EIO, "%s: %s", path, sqlite3_errmsg(db)) : gn_study_analyse(db, folder, err);
	sqlite3_close(db);
	return r;
}

static void work(int fd, const struct gn_study_plan *p, const char *folder)
{
	uint32_t run;

	while (!read_all(fd, &run, sizeof(run))) {
		struct answer a = { 0 };

		a.error = run == GN_STUDY_ANALYSIS ? analyse(folder, &a.err)
						   : make_run(p, folder, run, &a.outcome, &a.err);
		bool sent = !write_all(fd, &a, sizeof(a)) &&
			    !write_all(fd, a.outcome.times, a.outcome.n_events * sizeof(*a.outcome.times));

		free(a.outcome.times);
		if (!sent)
			return;
	}
}

/* ---- the parent's side ---- */

int gn_study_worker_start(struct gn_study_worker *w, const struct gn_study_plan *plan, const char *folder,
			  struct gn_err *err)
{
	pid_t parent = getpid();
	int ends[2];

	*w = (struct gn_study_worker){ .fd = -1, .folder = folder };
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		return gn_fail(err, -errno, "cannot start a worker: %m");
	w->pid = fork();
	if (w->pid < 0) {
		int r = gn_fail(err, -errno, "cannot start a worker: %m");

		close(ends[0]);
		close(ends[1]);
		return r;
	}
	if (!w->pid) {
		close(ends[0]);
		setsid(); /* Ctrl-C is the parent's matter */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() == parent)
			work(ends[1], plan, folder);
		_exit(0);
	}
	close(ends[1]);
	w->fd = ends[0];
	return 0;
}

/* The worker is gone: how did it end? */
static int died(struct gn_study_worker *w, struct gn_err *err)
{
	int status = 0;

	if (w->fd >= 0)
		close(w->fd);
	w->fd = -1;
	while (waitpid(w->pid, &status, 0) < 0 && errno == EINTR)
		continue;
	if (WIFSIGNALED(status))
		return gn_fail(err, -EIO, "its process was ended by signal %d%s", WTERMSIG(status),
			       WTERMSIG(status) == SIGKILL ? ", perhaps for want of memory" : "");
	return gn_fail(err, -EIO, "its process ended with status %d", WEXITSTATUS(status));
}

/* The command that makes a run alone. A topology within a study has none. Return: owned by the caller, or NULL. */
static char *command_of(const struct gn_study_plan *p, uint32_t run)
{
	const struct gn_study_point *at = &p->points[gn_study_point_of(p, run)];
	char *text = NULL;
	size_t size;
	FILE *f = p->load.within ? NULL : open_memstream(&text, &size);

	if (!f)
		return NULL;
	fprintf(f, "gossipnet %s %s", p->series[at->series].live ? "run" : "sim", p->load.file);
	for (uint32_t i = 0; i < at->n_sets; i++)
		fprintf(f, " --set '%s'", at->sets[i]);
	fprintf(f, " --seed %" PRIu64, gn_study_seed_of(p, run));
	fclose(f);
	return text;
}

/* Say which run it was, and how to see it alone. */
static int name_run(const struct gn_study_plan *p, uint32_t run, int code, const struct gn_err *why,
		    struct gn_err *err)
{
	GN_CLEANUP(gn_free_p) char *command = command_of(p, run);
	char point[GN_STUDY_POINT_TEXT];

	return gn_fail(err, code, "run %" PRIu32 " (%s, seed %" PRIu64 "): %s%s%s", run + 1,
		       gn_study_point_text(p, gn_study_point_of(p, run), point), gn_study_seed_of(p, run),
		       why->text, command ? "; it alone: " : "", command ? command : "");
}

int gn_study_worker_order(struct gn_study_worker *w, uint32_t run, struct gn_err *err)
{
	w->run = run;
	w->busy = true;
	return write_all(w->fd, &run, sizeof(run)) ? died(w, err) : 0;
}

int gn_study_worker_collect(struct gn_study_worker *w, const struct gn_study_plan *plan,
			    struct gn_study_outcome *ret, struct gn_err *err)
{
	struct answer a;
	int r = read_all(w->fd, &a, sizeof(a));
	size_t bytes = r ? 0 : a.outcome.n_events * sizeof(*a.outcome.times);

	if (!r) {
		*ret = a.outcome;
		ret->times = malloc(bytes + 1);
		if (!ret->times)
			return gn_fail(err, -ENOMEM, "out of memory");
		r = read_all(w->fd, ret->times, bytes);
	}
	w->busy = false;
	if (r) {
		a.error = died(w, &a.err);
		return name_run(plan, w->run, a.error, &a.err, err);
	}
	return a.error ? name_run(plan, w->run, a.error, &a.err, err) : 0;
}

int gn_study_worker_collect_analysis(struct gn_study_worker *w, struct gn_err *err)
{
	struct answer a;
	int r = read_all(w->fd, &a, sizeof(a));

	w->busy = false;
	if (r)
		return gn_wrap(err, died(w, err), "the analysis");
	return a.error ? gn_fail(err, a.error, "%s", a.err.text) : 0;
}

/* The files that it had begun, in the folders that it writes to. */
static void clear_parts(const struct gn_study_worker *w)
{
	GN_CLEANUP(gn_free_p) char *figures = gn_format("%s/figures", w->folder);

	gn_save_clear(w->folder, w->pid);
	if (figures)
		gn_save_clear(figures, w->pid);
}

void gn_study_worker_stop(struct gn_study_worker *w)
{
	const bool analysing = w->busy && w->run == GN_STUDY_ANALYSIS;
	struct gn_err unheard;

	if (w->fd < 0)
		return;
	if (analysing) /* with the gnuplot that it waits for */
		kill(-w->pid, SIGKILL);
	kill(w->pid, SIGKILL);
	died(w, &unheard);
	if (analysing)
		clear_parts(w);
}
