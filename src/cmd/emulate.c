/* SPDX-License-Identifier: MIT */
#include "cmd/emulate.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "cmd/collector.h"
#include "cmd/conduct.h"
#include "cmd/losses.h"
#include "cmd/nodes.h"
#include "cmd/signals.h"
#include "cmd/watch.h"

enum {
	COMMIT_EVERY = 5,   /* ticks: a killed run loses less than a second */
	COMMIT_LATEST = 15, /* also when an action is about to come, and would have to wait for it */
	READY_TIMEOUT_S = 60,
};

#define TICK	    (50 * GN_MSEC) /* drain, look, report */
#define COMMIT_ROOM (30 * GN_MSEC) /* what a commit may take */

#define RING_MEMORY	 (UINT64_C(256) << 20) /* bytes for all rings together */
#define RING_MAX_RECORDS 65536
#define RING_MIN_RECORDS 512

struct emulation {
	const struct gn_emulation_options *o;
	const struct gn_topology *t;
	struct gn_status status;
	struct gn_shared shared;
	struct gn_network *net;
	struct gn_nodes nodes;
	struct gn_store *store;
	struct gn_collector collector;
	struct gn_conduct *conduct;
	struct gn_cgroups *cgroups;
	struct gn_watch watch;
	struct gn_figures figures;
	struct gn_losses losses;
	struct gn_signals signals;
	bool interrupted;
	bool node_died;
	gn_time began, wired, ready; /* of gn_emulate(), of the network, of all nodes */
	gn_time start, ended;
};

static void show(struct emulation *e, const char *phase, uint32_t done, uint32_t total)
{
	snprintf(e->status.phase, sizeof(e->status.phase), "%s", phase);
	e->status.done = done;
	e->status.total = total;
	e->o->on_status(e->o->context, &e->status);
}

/* The kernel's own reason, if it has one. */
static void explain_death(const struct emulation *e, uint32_t member, struct gn_err *why)
{
	const char *name = e->t->nodes[e->t->gossip.members[member]].name;

	if (gn_cgroups_ran_out(e->cgroups, name))
		gn_fail(why, -ENOMEM,
			"node %s: its process was killed as it needed more than its limit of memory", name);
}

/* A node that dies by itself is reported and the run goes on without it; it ends as failed. */
static void reap(struct emulation *e)
{
	struct gn_err why;

	int member;

	while ((member = gn_nodes_reap(&e->nodes, &why)) >= 0) {
		e->node_died = true;
		gn_collector_bury(&e->collector, (uint32_t)member, true);
		explain_death(e, (uint32_t)member, &why);
		e->o->on_error(e->o->context, why.text);
	}
}

/* Wait until @until at most for anything to do, and do it. */
static void wait_and_handle(struct emulation *e, gn_time until)
{
	const gn_time now = gn_now();
	const struct timespec left = gn_timespec(until > now ? until - now : 0);
	struct pollfd fds[] = {
		{ .fd = e->signals.fd, .events = POLLIN },
		{ .fd = e->o->extra_fd, .events = POLLIN },
	};

	if (ppoll(fds, GN_ARRAY_LEN(fds), &left, NULL) < 0)
		return;
	if (fds[0].revents && gn_signals_read(&e->signals) != GN_SIGNALS_NOTHING)
		e->interrupted = true;
	if (fds[1].revents && e->o->on_extra(e->o->context))
		e->interrupted = true;
}

/* ---- building ---- */

static int on_building(void *context, const char *phase GN_UNUSED, uint32_t done, uint32_t total)
{
	struct emulation *e = context;

	show(e, "wiring", done, total);
	wait_and_handle(e, 0);
	return e->interrupted;
}

static uint64_t ring_capacity(uint32_t members)
{
	uint64_t capacity = RING_MAX_RECORDS;

	while (capacity > RING_MIN_RECORDS && capacity * members * sizeof(struct gn_record) > RING_MEMORY)
		capacity /= 2;
	return capacity;
}

static int build(struct emulation *e, struct gn_err *err)
{
	int r = gn_shared_init(&e->shared, e->t->gossip.n_members, ring_capacity(e->t->gossip.n_members),
			       err);

	if (r < 0)
		return r;
	r = gn_network_build(e->t, on_building, e, &e->net, err);
	if (r < 0)
		return e->interrupted ? gn_fail(err, -EINTR, "interrupted while building; nothing is left")
				      : r;
	e->wired = gn_now();
	e->o->on_network(e->o->context, e->net);
	return 0;
}

/* Start the nodes and wait until every one of them is ready. */
static int start_nodes(struct emulation *e, struct gn_err *err)
{
	gn_time deadline = gn_now() + READY_TIMEOUT_S * GN_SEC;
	uint32_t members = e->t->gossip.n_members;

	show(e, "starting", 0, members);
	int r = gn_nodes_start(&e->nodes, e->t, e->net, &e->shared, e->cgroups, err);

	while (r == 0 && e->nodes.ready < members) {
		struct pollfd fd = { .fd = e->nodes.ready_fd, .events = POLLIN };

		poll(&fd, 1, TICK / GN_MSEC);
		gn_nodes_count_ready(&e->nodes);
		show(e, "starting", e->nodes.ready, members);
		wait_and_handle(e, 0);
		if (gn_nodes_reap(&e->nodes, err) >= 0)
			return -ECHILD;
		if (e->interrupted)
			return gn_fail(err, -EINTR, "interrupted while starting; nothing is left");
		if (gn_now() > deadline)
			return gn_fail(err, -ETIMEDOUT, "only %u of %u nodes became ready within %d s",
				       e->nodes.ready, members, READY_TIMEOUT_S);
	}
	e->ready = gn_now();
	return r;
}

/* ---- the result ---- */

static int write_first_meta(struct emulation *e, struct gn_err *err)
{
	struct utsname u;
	struct tm tm;
	time_t now = time(NULL);
	char when[32];

	uname(&u);
	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
	const char *const rows[][2] = {
		{ "backend", "live" },
		{ "kernel", u.release },
		{ "where", e->o->guest ? "guest" : "host" },
		{ "version", GN_VERSION },
		{ "started_utc", when },
		/* Replaced at the end: what stays is a run whose main process was killed. */
		{ "ended_by", "killed" },
	};

	for (size_t i = 0; i < GN_ARRAY_LEN(rows); i++) {
		int r = gn_store_meta(e->store, rows[i][0], rows[i][1], err);

		if (r < 0)
			return r;
	}
	int r = gn_store_meta_int(e->store, "wired_ns", (int64_t)(e->wired - e->began), err);

	if (r == 0)
		r = gn_store_meta_int(e->store, "ready_ns", (int64_t)(e->ready - e->began), err);
	return r < 0 ? r : gn_store_commit(e->store, err);
}

static int open_result(struct emulation *e, struct gn_err *err)
{
	GN_CLEANUP(gn_free_p) char *path = gn_format("%s/run.db", e->o->folder);
	const struct gn_store_options so = { .path = path, .own_page_cache = e->o->guest };

	if (!path)
		return gn_fail(err, -ENOMEM, "out of memory");
	int r = gn_store_create(&so, e->t, &e->store, err);

	if (r == 0)
		r = write_first_meta(e, err);
	if (r == 0 && e->o->on_database)
		e->o->on_database(e->o->context);
	return r;
}

static int write_losses(struct emulation *e, struct gn_err *err)
{
	double sent, missing = gn_collector_missing(&e->collector, &sent);

	if (!e->losses.directions) /* the run failed before they could be read */
		return 0;
	e->losses.fields_set = e->collector.fields_set;
	gn_losses_compare(&e->losses, e->collector.delays.changed, &e->figures);
	gn_losses_explain(&e->losses, sent, missing, &e->figures);
	return gn_losses_write(&e->losses, e->store, err);
}

static int close_result(struct emulation *e, struct gn_outcome *outcome, struct gn_err *err)
{
	static const char *const names[] = {
		[GN_ENDED_DURATION] = "duration",
		[GN_ENDED_INFORMED] = "informed",
		[GN_ENDED_INTERRUPT] = "interrupt",
		[GN_ENDED_FAILURE] = "failure",
	};
	int r = gn_collector_drain(&e->collector, GN_NEVER, err);

	if (r == 0)
		r = gn_conduct_end(e->conduct, err);
	if (r == 0)
		r = gn_collector_write_stats(&e->collector, &e->figures, err);
	if (r == 0)
		r = write_losses(e, err);
	if (r == 0)
		r = gn_watch_judge(&e->figures, e->store, &outcome->verdict, err);
	if (r == 0)
		r = gn_store_meta_int(e->store, "ended_ns", (int64_t)(e->ended - e->start), err);
	if (r == 0)
		r = gn_store_meta(e->store, "ended_by", names[outcome->ending], err);
	int closed = gn_store_close(e->store, r == 0 ? err : NULL);

	e->store = NULL;
	return r < 0 ? r : closed;
}

/* ---- running ---- */

static bool is_over(const struct emulation *e, enum gn_ending *ret)
{
	if (e->interrupted)
		*ret = GN_ENDED_INTERRUPT;
	else if (e->t->until_informed && gn_collector_all_informed(&e->collector))
		*ret = GN_ENDED_INFORMED;
	else if (gn_now() >= e->start && gn_now() - e->start >= e->t->duration)
		*ret = GN_ENDED_DURATION;
	else
		return false;
	return true;
}

static void show_running(struct emulation *e)
{
	gn_time now = gn_now();

	gn_collector_status(&e->collector, &e->status);
	e->status.elapsed = now > e->start ? now - e->start : 0;
	show(e, "running", e->nodes.alive, e->t->gossip.n_members);
}

/* Carry out the schedule until the next tick. */
static int conduct(struct emulation *e, struct gn_err *err)
{
	const gn_time end = gn_now() + TICK;
	int r = 0;

	while (r == 0 && !e->interrupted && gn_now() < end) {
		wait_and_handle(e, GN_MIN(end, gn_conduct_next(e->conduct)));
		r = gn_conduct_due(e->conduct, err);
		if (r == 0)
			r = gn_conduct_prepare(e->conduct, err);
	}
	return r;
}

/* Not when an action would have to wait for it, if that can be helped. */
static int commit(struct emulation *e, unsigned *ticks, struct gn_err *err)
{
	const bool room = gn_conduct_next(e->conduct) > gn_now() + COMMIT_ROOM;

	if (++*ticks < (room ? COMMIT_EVERY : COMMIT_LATEST))
		return 0;
	*ticks = 0;
	return gn_store_commit(e->store, err);
}

/* Until the end of the run. */
static int run(struct emulation *e, enum gn_ending *ret, struct gn_err *err)
{
	for (unsigned uncommitted = 0;;) {
		int r = conduct(e, err);

		reap(e);
		gn_watch_look(&e->watch);
		if (r == 0)
			r = gn_collector_drain(&e->collector, gn_conduct_next(e->conduct), err);
		if (r == 0)
			r = commit(e, &uncommitted, err);
		if (r < 0)
			return r;
		show_running(e);
		if (is_over(e, ret))
			return 0;
		if (!e->nodes.alive && !e->nodes.absent)
			return gn_fail(err, -ECHILD, "every node's process has died");
	}
}

/* The longest that a link can hold back a datagram on its own, and some for the processes. */
static gn_dur longest_link(const struct emulation *e)
{
	gn_dur longest = 0;

	for (uint32_t d = 0; d < 2 * e->t->n_links; d++) {
		const struct gn_shape *s = gn_conduct_shape(e->conduct, d);

		longest = GN_MAX(longest, s->delay + s->jitter);
	}
	return longest + 30 * GN_MSEC;
}

/* A node that had to be killed did not take part to the end. */
static void report_frozen(struct emulation *e, uint32_t member)
{
	GN_CLEANUP(gn_free_p) char *text = NULL;

	if (member == GN_NONE)
		return;
	text = gn_format("node %s: its process did not answer at the end and was killed",
			 e->t->nodes[e->t->gossip.members[member]].name);
	e->node_died = true;
	if (text)
		e->o->on_error(e->o->context, text);
}

/* Which node did its limit of CPU time hold back longest? */
static void look_at_limits(const struct emulation *e, struct gn_figure_value *ret)
{
	const gn_dur elapsed = e->ended - e->start;

	for (uint32_t m = 0; elapsed && m < e->t->gossip.n_members; m++) {
		const char *name = e->t->nodes[e->t->gossip.members[m]].name;
		const double share = (double)gn_cgroups_throttled(e->cgroups, name) / (double)elapsed;

		if (!(share <= ret->value))
			*ret = (struct gn_figure_value){ .value = share, .detail = share > 0 ? name : NULL };
	}
}

/* While the nodes' processes still live. */
static void end_watch(struct emulation *e)
{
	struct gn_machine_figures machine = { 0 }; /* nothing known */

	gn_figures_init(&e->figures, e->t->gossip.period);
	if (e->o->ask_machine)
		e->o->ask_machine(e->o->context, &machine);
	gn_watch_end(&e->watch, e->o->ask_machine ? &machine : NULL, &e->figures);
	look_at_limits(e, &e->figures.of[GN_FIGURE_CPU_LIMIT]);
}

static int begin(struct emulation *e, struct gn_err *err)
{
	gn_watch_begin(&e->watch, e->o->ask_machine != NULL); /* takes a moment */
	gn_nodes_go(&e->nodes, &e->start);
	const struct gn_conduct_options co = {
		.topology = e->t,
		.network = e->net,
		.nodes = &e->nodes,
		.cgroups = e->cgroups,
		.collector = &e->collector,
		.store = e->store,
		.start = e->start,
	};
	int r = gn_collector_init(&e->collector, e->t, &e->shared, e->store, e->start, err);

	if (r == 0)
		r = gn_conduct_new(&co, &e->conduct, err);
	if (r < 0)
		return r;
	e->o->on_conduct(e->o->context, e->conduct);
	return 0;
}

static int run_and_close(struct emulation *e, struct gn_outcome *ret, struct gn_err *err)
{
	struct gn_outcome outcome = { .ending = GN_ENDED_FAILURE };
	int r = begin(e, err);

	if (r < 0)
		return r;
	r = run(e, &outcome.ending, err);
	e->o->on_conduct(e->o->context, NULL);
	e->ended = GN_MAX(gn_now(), e->start); /* interrupted before time zero */
	show(e, "stopping", 0, 0);
	end_watch(e);
	gn_nodes_quiet(&e->nodes, longest_link(e));
	if (r == 0)
		r = gn_losses_read(&e->losses, e->t, e->net, err);
	report_frozen(e, gn_nodes_stop(&e->nodes));
	if (e->node_died && r == 0)
		outcome.ending = GN_ENDED_FAILURE;
	/* After an error the store may not work any more; what it said first is the reason. */
	int closed = close_result(e, &outcome, r == 0 ? err : NULL);

	if (r == 0)
		r = closed;
	if (r == 0)
		*ret = outcome;
	return r;
}

int gn_emulate(const struct gn_emulation_options *o, struct gn_outcome *ret, struct gn_err *err)
{
	struct emulation e = { .o = o,
			       .t = o->topology,
			       .began = gn_now(),
			       .signals = GN_SIGNALS_NONE,
			       .shared.fd = -1,
			       .nodes = { .ready_fd = -1, .ready_end = -1 } };

	e.status = (struct gn_status){ .members = e.t->gossip.n_members,
				       .n_events = e.t->n_events,
				       .duration = e.t->duration };
	int r = gn_signals_open(&e.signals, err);

	if (r == 0)
		r = gn_cgroups_new(&e.cgroups, err);
	if (r == 0)
		r = gn_cgroups_prepare_for(e.cgroups, e.t, err);
	if (r == 0)
		r = build(&e, err);
	if (r == 0)
		r = start_nodes(&e, err);
	if (r == 0)
		r = open_result(&e, err);
	if (r == 0)
		r = run_and_close(&e, ret, err);
	gn_nodes_stop(&e.nodes);
	if (e.store)
		gn_store_close(e.store, NULL);
	gn_losses_done(&e.losses);
	gn_collector_done(&e.collector);
	gn_conduct_free(e.conduct);
	gn_cgroups_free(e.cgroups);
	if (e.net)
		o->on_network(o->context, NULL);
	gn_network_free(e.net);
	gn_shared_done(&e.shared);
	gn_signals_close(&e.signals);
	return r;
}
