/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd/folder.h"
#include "cmd/signals.h"
#include "cmd/topology.h"
#include "study/plan.h"
#include "study/runner.h"
#include "util/log.h"
#include "view/view.h"

struct study {
	struct gn_signals signals;
	struct gn_progress progress;
	bool quiet;
};

static int on_progress(void *context, const struct gn_study_progress *p)
{
	struct study *s = context;
	const struct gn_status analysing = { .phase = "analysing" };
	const struct gn_status studying = {
		.phase = "studying",
		.done = p->done,
		.total = p->runs,
		.left_seconds = p->left_seconds,
	};

	if (!s->quiet)
		gn_progress_show(&s->progress, p->analysing ? &analysing : &studying, gn_now());
	return gn_signals_read(&s->signals) != GN_SIGNALS_NOTHING;
}

static int load_plan(const char *file, struct gn_study_plan **ret, struct gn_err *err)
{
	const struct gn_load_options o = gn_load_options_of(file);
	GN_CLEANUP(gn_faults_done) struct gn_faults faults = { 0 };
	int r = gn_study_plan_load(&o, ret, &faults);

	for (size_t i = 0; i < faults.n; i++)
		fprintf(stderr, "%s\n", faults.lines[i]);
	if (r == -EINVAL && err)
		err->text[0] = '\0';
	return r < 0 && r != -EINVAL ? gn_fail(err, r, "%s: %s", file, strerror(-r)) : r;
}

/* The folder of the study, made if it is not there. @ret: its path, owned by the caller. */
static int open_folder(const char *output, const struct gn_study_plan *plan, char **ret, struct gn_err *err)
{
	GN_CLEANUP(gn_free_p) char *path = output ? gn_strdup(output) : gn_format("results/%s", plan->name);
	GN_CLEANUP(gn_free_p) char *database = path ? gn_format("%s/study.db", path) : NULL;
	bool made;

	if (!database)
		return gn_fail(err, -ENOMEM, "out of memory");
	/* What somebody names may be anything: only a study is gone on with. */
	bool given = output && access(database, F_OK) < 0;
	int r = given ? gn_folder_make_given(path, &made, err) : gn_folder_make(path, err);

	if (r == 0)
		*ret = gn_steal_ptr(&path);
	return r;
}

/* Say how it ended. Return: the exit status. */
static int say_end(const struct study *s, const struct gn_study_plan *plan, const char *folder, int ending,
		   uint32_t done)
{
	if (ending == GN_STUDY_STOPPED && done == plan->n_runs)
		gn_log(GN_LOG_WARNING,
		       "interrupted: all %u runs are done and kept; the same command analyses them", done);
	else if (ending == GN_STUDY_STOPPED)
		gn_log(GN_LOG_WARNING,
		       "interrupted: %u of %u runs are done and kept; the same command goes on from there",
		       done, plan->n_runs);
	else if (!s->quiet)
		printf("result: %s/report.md\n", folder);
	return ending == GN_STUDY_STOPPED;
}

int cmd_study(const struct gn_options *o, int argc GN_UNUSED, char **argv, struct gn_err *err)
{
	GN_CLEANUP(gn_study_plan_free_p) struct gn_study_plan *plan = NULL;
	struct study s = { .signals = GN_SIGNALS_NONE, .quiet = o->verbosity < 0 };
	uint32_t done = 0;
	int r = load_plan(argv[1], &plan, err);

	if (r < 0)
		return r;
	GN_CLEANUP(gn_free_p) char *folder = NULL;

	r = open_folder(o->output, plan, &folder, err);
	if (r == 0)
		r = gn_signals_open(&s.signals, err);
	if (r < 0)
		return r;
	const struct gn_study_options so = {
		.plan = plan, .folder = folder, .context = &s, .on_progress = on_progress
	};

	gn_progress_init(&s.progress, stderr);
	r = gn_study_run(&so, &done, err);
	gn_progress_end(&s.progress);
	gn_signals_close(&s.signals);
	gn_folder_give_all(folder);
	return r < 0 ? r : say_end(&s, plan, folder, r, done);
}
