/* SPDX-License-Identifier: MIT */
#include "study/runner.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>

#include "study/database.h"
#include "study/order.h"
#include "study/worker.h"

enum { WORKERS_MAX = 256, PROGRESS_MS = 200, LOCK_TRIES = 20, LOCK_WAIT_MS = 50 };

/* The runs of one kind: work before and behind us, since when. */
struct part {
	uint64_t left, done;
	gn_time begun; /* 0: not yet */
};

struct runner {
	const struct gn_study_options *o;
	const struct gn_study_plan *plan;
	struct gn_study_database *database;
	int lock_fd;
	struct gn_study_worker workers[WORKERS_MAX];
	uint32_t n_workers, n_busy;
	struct gn_study_order order;
	uint32_t next; /* in the order */
	uint32_t done;
	gn_time shown;
	bool analysing;
	struct part simulated, live;
};

/* ---- beginning ---- */

static uint32_t count_cores(void)
{
	cpu_set_t cores;

	if (sched_getaffinity(0, sizeof(cores), &cores))
		return 1;
	return GN_MIN((uint32_t)CPU_COUNT(&cores), (uint32_t)WORKERS_MAX);
}

static int start_workers(struct runner *r, struct gn_err *err)
{
	uint32_t n = GN_MIN(count_cores(), r->plan->n_runs);

	while (r->n_workers < n) {
		int e = gn_study_worker_start(&r->workers[r->n_workers], r->plan, r->o->folder, err);

		if (e)
			return e;
		r->n_workers++;
	}
	return 0;
}

/*
 * Two studies at once in one folder would make every run twice. The lock is that of the folder, and goes with this
 * process; it is taken when the workers are there already, so that they have no part in it. One that has just been
 * killed may still hold it.
 */
static int lock_folder(struct runner *r, struct gn_err *err)
{
	r->lock_fd = open(r->o->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r->lock_fd < 0)
		return gn_fail(err, -errno, "%s: %m", r->o->folder);
	for (int i = 0; i < LOCK_TRIES; i++) {
		if (!flock(r->lock_fd, LOCK_EX | LOCK_NB))
			return 0;
		poll(NULL, 0, LOCK_WAIT_MS);
	}
	return gn_fail(err, -EINVAL, "%s: a study is at work there already", r->o->folder);
}

static int open_database(struct runner *r, struct gn_err *err)
{
	GN_CLEANUP(gn_free_p) char *path = gn_format("%s/study.db", r->o->folder);

	if (!path)
		return gn_fail(err, -ENOMEM, "out of memory");
	return gn_study_database_open(path, r->plan, &r->database, err);
}

/* A live run takes its time, however many members it has: one is one. */
static uint64_t work_of(const struct runner *r, const struct part *part, uint32_t run)
{
	return part == &r->live ? 1 : gn_study_work_of(r->plan, run);
}

static int plan_work(struct runner *r, struct gn_err *err)
{
	int e = gn_study_order_runs(r->plan, gn_study_database_runs(r->database), r->n_workers, &r->order);

	if (e)
		return gn_fail(err, e, "out of memory");
	r->done = r->plan->n_runs - r->order.n;
	for (uint32_t i = 0; i < r->order.n; i++) {
		struct part *part = i < r->order.n_simulated ? &r->simulated : &r->live;

		part->left += work_of(r, part, r->order.runs[i]);
	}
	return 0;
}

static int begin(struct runner *r, struct gn_err *err)
{
	int e = start_workers(r, err);

	if (!e)
		e = lock_folder(r, err);
	if (!e)
		e = open_database(r, err);
	return e ? e : plan_work(r, err);
}

/* ---- going on ---- */

/* The part that the next run to begin belongs to, or the last one. */
static struct part *part_now(struct runner *r)
{
	return r->next < r->order.n_simulated || !r->live.left ? &r->simulated : &r->live;
}

static int hand_out(struct runner *r, struct gn_err *err)
{
	for (uint32_t i = 0; i < r->n_workers && r->next < r->order.n; i++) {
		struct gn_study_worker *w = &r->workers[i];
		struct part *part = part_now(r);

		if (w->busy || (part == &r->live && r->n_busy)) /* a live run has the machine for itself */
			continue;
		int e = gn_study_worker_order(w, r->order.runs[r->next], err);

		if (e)
			return e;
		if (!part->begun)
			part->begun = gn_now();
		r->next++;
		r->n_busy++;
	}
	return 0;
}

static int take_outcome(struct runner *r, struct gn_study_worker *w, struct gn_err *err)
{
	bool live = r->plan->series[r->plan->points[gn_study_point_of(r->plan, w->run)].series].live;
	struct part *part = live ? &r->live : &r->simulated;
	struct gn_study_outcome outcome = { .times = NULL };
	int e = gn_study_worker_collect(w, r->plan, &outcome, err);

	if (!e)
		e = gn_study_database_add(r->database, w->run, &outcome, err);
	free(outcome.times);
	if (e)
		return e;
	part->left -= work_of(r, part, w->run);
	part->done += work_of(r, part, w->run);
	r->n_busy--;
	r->done++;
	return 0;
}

/* Wait for outcomes, for a moment, and take them. */
static int collect(struct runner *r, struct gn_err *err)
{
	struct pollfd fds[WORKERS_MAX];

	for (uint32_t i = 0; i < r->n_workers; i++)
		fds[i] =
			(struct pollfd){ .fd = r->workers[i].busy ? r->workers[i].fd : -1, .events = POLLIN };
	if (poll(fds, r->n_workers, PROGRESS_MS) < 0)
		return errno == EINTR ? 0 : gn_fail(err, -errno, "cannot wait for workers: %m");
	for (uint32_t i = 0; i < r->n_workers; i++) {
		int e = fds[i].fd >= 0 && fds[i].revents ? take_outcome(r, &r->workers[i], err) : 0;

		if (e)
			return e;
	}
	return 0;
}

static double seconds_left(struct runner *r, gn_time now)
{
	const struct part *part = part_now(r);

	if (!part->done || (part == &r->simulated && r->live.left))
		return -1;
	return (double)(now - part->begun) / 1e9 * (double)part->left / (double)part->done;
}

/* Return: what the caller's function does. */
static int report(struct runner *r)
{
	gn_time now = gn_now();

	if (!r->o->on_progress || now - r->shown < PROGRESS_MS * GN_MSEC)
		return 0;
	const struct gn_study_progress p = {
		.done = r->done,
		.runs = r->plan->n_runs,
		.left_seconds = seconds_left(r, now),
		.analysing = r->analysing,
	};

	r->shown = now;
	return r->o->on_progress(r->o->context, &p);
}

/* Return: enum gn_study_ending or -Exxx. */
static int make_runs(struct runner *r, struct gn_err *err)
{
	while (r->done < r->plan->n_runs) {
		int e = hand_out(r, err);

		if (!e)
			e = collect(r, err);
		if (e)
			return e;
		if (report(r))
			return GN_STUDY_STOPPED;
	}
	return GN_STUDY_COMPLETE;
}

/* By a worker: who asks for the end need not wait for it. Return: enum gn_study_ending or -Exxx. */
static int analyse(struct runner *r, struct gn_err *err)
{
	struct gn_study_worker *w = &r->workers[0];
	int e = gn_study_worker_order(w, GN_STUDY_ANALYSIS, err);

	r->analysing = true;
	while (!e) {
		struct pollfd fd = { .fd = w->fd, .events = POLLIN };
		int ready = poll(&fd, 1, PROGRESS_MS);

		if (ready < 0 && errno != EINTR)
			return gn_fail(err, -errno, "cannot wait for the analysis: %m");
		if (ready > 0)
			return gn_study_worker_collect_analysis(w, err);
		if (report(r))
			return GN_STUDY_STOPPED;
	}
	return e;
}

static int finish(struct runner *r, struct gn_err *err)
{
	int e = gn_study_database_complete(r->database, err);

	return e ? e : analyse(r, err);
}

static int end(struct runner *r, int result, struct gn_err *err)
{
	for (uint32_t i = 0; i < r->n_workers; i++)
		gn_study_worker_stop(&r->workers[i]);
	int e = gn_study_database_close(r->database, result < 0 ? NULL : err);

	free(r->order.runs);
	gn_close_p(&r->lock_fd);
	return result < 0 ? result : e < 0 ? e : result;
}

int gn_study_run(const struct gn_study_options *o, uint32_t *ret_done, struct gn_err *err)
{
	struct runner r = { .o = o, .plan = o->plan, .lock_fd = -1 };
	int result = begin(&r, err);

	if (!result)
		result = make_runs(&r, err);
	if (result == GN_STUDY_COMPLETE)
		result = finish(&r, err);
	*ret_done = r.done;
	return end(&r, result, err);
}
