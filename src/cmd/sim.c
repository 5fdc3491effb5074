/* SPDX-License-Identifier: MIT */
#include "sim/sim.h"

#include <stdio.h>
#include <string.h>

#include "cmd/apart.h"
#include "cmd/folder.h"
#include "cmd/signals.h"
#include "cmd/topology.h"
#include "util/log.h"
#include "view/view.h"

struct simulation {
	const struct gn_topology *topology;
	struct gn_folder folder;
	struct gn_store *store; /* NULL: run.db does not exist yet */
	struct gn_signals signals;
	struct gn_progress progress;
	bool quiet;
	bool is_latest;
};

/* The configuration has been accepted: from now on there will be a result. */
static void publish(struct simulation *s)
{
	struct gn_err warning;

	if (!s->is_latest && gn_folder_publish(&s->folder, &warning) < 0)
		gn_log(GN_LOG_WARNING, "%s", warning.text);
	s->is_latest = true;
}

static int on_progress(void *context, const struct gn_sim_progress *p)
{
	struct simulation *s = context;
	const struct gn_status status = {
		.phase = "simulating",
		.members = p->members,
		.n_events = p->n_events,
		.published = p->published,
		.complete = p->complete,
		.event = p->event,
		.informed = p->informed,
		.elapsed = p->now,
		.duration = s->topology->duration,
		.steps_per_second = p->steps_per_second,
		.left_seconds = p->left_seconds,
	};

	publish(s);
	if (!s->quiet)
		gn_progress_show(&s->progress, &status, gn_now());
	return gn_signals_read(&s->signals) != GN_SIGNALS_NOTHING;
}

static int write_first_meta(struct gn_store *store, struct gn_err *err)
{
	struct tm tm;
	time_t now = time(NULL);
	char when[32];

	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
	const char *const rows[][2] = {
		{ "backend", "sim" },
		{ "version", GN_VERSION },
		{ "started_utc", when },
		/* Replaced at the end: what stays is a run that was killed. */
		{ "ended_by", "killed" },
	};
	int r = 0;

	for (size_t i = 0; !r && i < GN_ARRAY_LEN(rows); i++)
		r = gn_store_meta(store, rows[i][0], rows[i][1], err);
	return r ? r : gn_store_commit(store, err);
}

static int open_result(struct simulation *s, struct gn_err *err)
{
	GN_CLEANUP(gn_free_p) char *path = gn_format("%s/run.db", s->folder.path);
	const struct gn_store_options so = { .path = path };

	if (!path)
		return gn_fail(err, -ENOMEM, "out of memory");
	int r = gn_store_create(&so, s->topology, &s->store, err);

	return r ? r : write_first_meta(s->store, err);
}

/* Simulate into the open store. Return: the exit status, or -Exxx. */
static int simulate(struct simulation *s, struct gn_err *err)
{
	const struct gn_sim_options o = {
		.topology = s->topology, .store = s->store, .context = s, .on_progress = on_progress
	};
	GN_CLEANUP(gn_sim_result_done) struct gn_sim_result result = { 0 };
	int r = gn_sim_run(&o, &result, err);

	if (r != -EINVAL)
		publish(s);
	/* After an error the store may not work any more; what was said first is the reason. */
	if (r)
		gn_store_meta(s->store, "ended_by", "failure", NULL);
	else
		r = gn_store_meta(s->store, "verdict", "valid", err);
	int closed = gn_store_close(s->store, r ? NULL : err);

	if (r || closed)
		return r ? r : closed;
	if (result.ending != GN_SIM_STOPPED)
		return 0;
	gn_log(GN_LOG_WARNING, "interrupted; what happened until then is kept");
	return 1;
}

static int run_in_folder(struct simulation *s, struct gn_err *err)
{
	int r;

	gn_log_set_file(s->folder.log_fd);
	gn_progress_init(&s->progress, stderr);
	r = gn_signals_open(&s->signals, err);
	if (!r)
		r = open_result(s, err);
	if (!r)
		r = simulate(s, err);
	gn_signals_close(&s->signals);
	if (!s->quiet)
		gn_progress_end(&s->progress);
	if (s->store)
		gn_folder_give(&s->folder);
	if (r >= 0 && !s->quiet) {
		int shown = gn_folder_show(&s->folder, err);

		r = shown < 0 ? shown : r;
	}
	gn_log_set_file(-1);
	return r;
}

/* Somebody's own protocol may take the process with it. As gn_apart(); a built-in one stays here. */
static int step_apart(const struct gn_protocol *protocol, int *ret_status, struct gn_err *err)
{
	GN_CLEANUP(gn_free_p) char *whose = NULL;

	if (gn_protocol_find(protocol->name) == protocol)
		return 0;
	whose = gn_format("the protocol %s", protocol->name);
	return gn_apart(whose ? whose : "the protocol", ret_status, err);
}

int cmd_sim(const struct gn_options *o, int argc GN_UNUSED, char **argv, struct gn_err *err)
{
	GN_CLEANUP(gn_topology_free_p) struct gn_topology *t = NULL;
	struct simulation s = { .signals = GN_SIGNALS_NONE, .quiet = o->verbosity < 0 };
	int status, r = gn_cmd_load(o, argv[1], &t, err);

	if (r < 0)
		return r;
	r = step_apart(t->gossip.protocol, &status, err);
	if (r)
		return r < 0 ? r : status;
	s.topology = t;
	r = gn_folder_create(&s.folder, t, o->output, gn_topology_resolved(t), err);
	if (r < 0)
		return r;
	r = run_in_folder(&s, err);
	/* The protocol has refused the configuration: bad input, which leaves nothing. */
	if (r == -EINVAL || (r < 0 && !s.store))
		gn_folder_remove(&s.folder);
	gn_folder_done(&s.folder);
	return r;
}
