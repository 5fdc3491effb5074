/* SPDX-License-Identifier: MIT */
#include "cmd/emulate.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "cmd/collector.h"
#include "cmd/nodes.h"
#include "cmd/signals.h"
#include "cmd/watch.h"

enum {
	TICK_MS = 50,	  /* drain, look, report */
	COMMIT_EVERY = 5, /* ticks: a killed run loses less than a second */
	READY_TIMEOUT_S = 60,
};

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
	struct gn_watch watch;
	struct gn_figures figures;
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

/* A node that dies by itself is reported and the run goes on without it; it ends as failed. */
static void reap(struct emulation *e)
{
	struct gn_err why;

	int member;

	while ((member = gn_nodes_reap(&e->nodes, &why)) >= 0) {
		e->node_died = true;
		gn_collector_bury(&e->collector, (uint32_t)member);
		e->o->on_error(e->o->context, why.text);
	}
}

/* Wait up to @ms for anything to do, and do it. */
static void wait_and_handle(struct emulation *e, int ms)
{
	struct pollfd fds[] = {
		{ .fd = e->signals.fd, .events = POLLIN },
		{ .fd = e->o->extra_fd, .events = POLLIN },
	};

	if (poll(fds, GN_ARRAY_LEN(fds), ms) < 0)
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
	int r = gn_nodes_start(&e->nodes, e->t, e->net, &e->shared, err);

	while (r == 0 && e->nodes.ready < members) {
		struct pollfd fd = { .fd = e->nodes.ready_fd, .events = POLLIN };

		poll(&fd, 1, TICK_MS);
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

static int close_result(struct emulation *e, struct gn_outcome *outcome, struct gn_err *err)
{
	static const char *const names[] = {
		[GN_ENDED_DURATION] = "duration",
		[GN_ENDED_INFORMED] = "informed",
		[GN_ENDED_INTERRUPT] = "interrupt",
		[GN_ENDED_FAILURE] = "failure",
	};
	int r = gn_collector_drain(&e->collector, err);

	if (r == 0)
		r = gn_collector_write_stats(&e->collector, &e->figures, err);
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

/* Drain until the end of the run. */
static int run(struct emulation *e, enum gn_ending *ret, struct gn_err *err)
{
	for (unsigned tick = 0;; tick++) {
		wait_and_handle(e, TICK_MS);
		reap(e);
		gn_watch_look(&e->watch);
		int r = gn_collector_drain(&e->collector, err);

		if (r == 0 && tick % COMMIT_EVERY == 0)
			r = gn_store_commit(e->store, err);
		if (r < 0)
			return r;
		show_running(e);
		if (is_over(e, ret))
			return 0;
		if (!e->nodes.alive)
			return gn_fail(err, -ECHILD, "every node's process has died");
	}
}

/* The longest that a link can hold back a datagram on its own, and some for the processes. */
static gn_dur longest_link(const struct gn_topology *t)
{
	gn_dur longest = 0;

	for (uint32_t i = 0; i < t->n_links; i++)
		for (int d = 0; d < 2; d++)
			longest = GN_MAX(longest, t->links[i].shape[d].delay + t->links[i].shape[d].jitter);
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

/* While the nodes' processes still live. */
static void end_watch(struct emulation *e)
{
	struct gn_machine_figures machine = { 0 }; /* nothing known */

	gn_figures_init(&e->figures, e->t->gossip.period);
	if (e->o->ask_machine)
		e->o->ask_machine(e->o->context, &machine);
	gn_watch_end(&e->watch, e->o->ask_machine ? &machine : NULL, &e->figures);
}

static int run_and_close(struct emulation *e, struct gn_outcome *ret, struct gn_err *err)
{
	struct gn_outcome outcome = { .ending = GN_ENDED_FAILURE };

	gn_nodes_go(&e->nodes, &e->start);
	int r = gn_collector_init(&e->collector, e->t, &e->shared, e->store, e->start, err);

	if (r < 0)
		return r;
	gn_watch_begin(&e->watch);
	r = run(e, &outcome.ending, err);
	e->ended = GN_MAX(gn_now(), e->start); /* interrupted before time zero */
	show(e, "stopping", 0, 0);
	end_watch(e);
	gn_nodes_quiet(&e->nodes, longest_link(e->t));
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
	gn_collector_done(&e.collector);
	if (e.net)
		o->on_network(o->context, NULL);
	gn_network_free(e.net);
	gn_shared_done(&e.shared);
	gn_signals_close(&e.signals);
	return r;
}
