/* SPDX-License-Identifier: MIT */
/* `run` with the network in the guest kernel: the host's side. */
#include "cmd/run.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "cmd/machine.h"
#include "cmd/signals.h"
#include "store/store.h"
#include "topo/load.h"
#include "util/log.h"
#include "vm/vm.h"

#define BOOT_PATIENCE	   (60 * GN_SEC)
#define POWER_OFF_PATIENCE (5 * GN_SEC)

struct guest_run {
	struct gn_run *run;
	struct gn_vm *vm;
	struct gn_channel *channel; /* the vm's */
	struct gn_signals signals;
	int guard; /* keeps others from writing to run.db; -1 before there is one */
	bool up;   /* the guest has said hello */
	bool done;
	struct gn_machine machine; /* while the guest runs its nodes */
	bool watching;		   /* it does */
	int status;		   /* the guest's exit status, once done */
};

static int send_job(const struct guest_run *g, struct gn_err *err)
{
	GN_CLEANUP(gn_free_p) struct gn_pack *p = malloc(sizeof(*p));

	if (!p)
		return gn_fail(err, -ENOMEM, "out of memory");
	gn_pack_init(p);
	gn_pack_string(p, "folder");
	gn_pack_string(p, g->run->folder.path);
	return gn_channel_send_pack(g->channel, GN_MESSAGE_JOB, p, err);
}

/* run.db is there: it can be shown, and must be kept from programs that do not see the guest's locks. */
static void take_database(struct guest_run *g)
{
	GN_CLEANUP(gn_free_p) char *db = gn_format("%s/run.db", g->run->folder.path);
	struct gn_err err;

	if (db && gn_store_guard(db, &g->guard, &err) < 0)
		gn_log(GN_LOG_WARNING, "%s; do not open it for writing before the run is over", err.text);
	gn_run_database(g->run);
}

static void release_database(struct guest_run *g)
{
	GN_CLEANUP(gn_free_p) char *db = gn_format("%s/run.db", g->run->folder.path);

	gn_close_p(&g->guard);
	if (db && g->run->has_database)
		gn_store_tidy(db);
}

static void take_status(struct guest_run *g, const struct gn_vm_message *m)
{
	struct gn_status s;

	if (m->len != sizeof(s))
		return;
	memcpy(&s, m->data, sizeof(s));
	s.phase[sizeof(s.phase) - 1] = '\0';
	if (!g->watching && !strcmp(s.phase, "running")) {
		g->watching = true;
		gn_machine_begin(&g->machine);
	}
	if (!g->run->has_database && !strcmp(s.phase, "running"))
		take_database(g);
	gn_run_status(g->run, &s);
}

static void take_log(struct guest_run *g, const struct gn_vm_message *m)
{
	struct gn_unpack u;

	gn_unpack_init(&u, m->data, m->len);
	uint32_t level = gn_unpack_u32(&u);
	GN_CLEANUP(gn_free_p) char *line = gn_unpack_string(&u);

	if (!line || level > GN_LOG_DEBUG)
		return;
	if (!g->run->quiet)
		gn_progress_end(&g->run->progress);
	gn_log((enum gn_log_level)level, "%s", line);
}

static void take_done(struct guest_run *g, const struct gn_vm_message *m)
{
	struct gn_unpack u;

	gn_unpack_init(&u, m->data, m->len);
	uint32_t status = gn_unpack_u32(&u);

	g->done = true;
	g->status = u.bad || status > 3 ? 1 : (int)status;
}

static int send_machine(struct guest_run *g, struct gn_err *err)
{
	const struct gn_machine_figures f =
		g->watching ? gn_machine_end(&g->machine) : (struct gn_machine_figures){ 0 };

	g->watching = false;
	return gn_channel_send(g->channel, GN_MESSAGE_MACHINE, &f, sizeof(f), err);
}

static int take_message(struct guest_run *g, const struct gn_vm_message *m, struct gn_err *err)
{
	if (gn_control_message(g->run->control, m))
		return 0;
	switch (m->type) {
	case GN_MESSAGE_HELLO:
		g->up = true;
		return send_job(g, err);
	case GN_MESSAGE_STATUS:
		take_status(g, m);
		return 0;
	case GN_MESSAGE_LOG:
		take_log(g, m);
		return 0;
	case GN_MESSAGE_MACHINE:
		return send_machine(g, err);
	case GN_MESSAGE_DONE:
		take_done(g, m);
		return 0;
	default:
		return 0;
	}
}

static int take_messages(struct guest_run *g, struct gn_err *err)
{
	struct gn_vm_message m;
	int r = gn_channel_flush(g->channel, err);

	while (r == 0 && (r = gn_channel_next(g->channel, &m, err)) == 1)
		r = take_message(g, &m, err);
	return r == -EPIPE && !g->done ? gn_vm_death(g->vm, err) : g->done ? 0 : r;
}

static int take_signals(struct guest_run *g, struct gn_err *err)
{
	switch (gn_signals_read(&g->signals)) {
	case GN_SIGNALS_NOTHING:
		return 0;
	case GN_SIGNALS_INTERRUPT:
		gn_channel_send(g->channel, GN_MESSAGE_INTERRUPT, NULL, 0, NULL);
		return 0;
	case GN_SIGNALS_INSIST:
		break;
	}
	return gn_fail(err, -EINTR, "interrupted again: the guest was killed");
}

static int wait_and_handle(struct guest_run *g, struct gn_err *err)
{
	struct pollfd fds[] = {
		{ .fd = gn_channel_fd(g->channel), .events = gn_channel_events(g->channel) },
		{ .fd = g->signals.fd, .events = POLLIN },
		{ .fd = gn_control_fd(g->run->control), .events = POLLIN },
	};

	const int patience = g->watching ? (int)(GN_MACHINE_WINDOW / GN_MSEC) : g->up ? -1 : 1000;

	if (poll(fds, GN_ARRAY_LEN(fds), patience) < 0 && errno != EINTR)
		return gn_fail(err, -errno, "cannot wait for the guest: %m");
	if (g->watching)
		gn_machine_look(&g->machine);
	int r = fds[1].revents ? take_signals(g, err) : 0;

	if (r == 0 && fds[0].revents)
		r = take_messages(g, err);
	if (r == 0 && fds[2].revents)
		gn_control_handle(g->run->control);
	return r;
}

static int loop(struct guest_run *g, struct gn_err *err)
{
	gn_time booted_by = gn_now() + BOOT_PATIENCE;
	int r = 0;

	while (r == 0 && !g->done) {
		r = wait_and_handle(g, err);
		if (r == 0 && !g->up && gn_now() > booted_by)
			r = gn_vm_death(g->vm, err);
	}
	return r;
}

static int boot_and_loop(struct guest_run *g, struct gn_err *err)
{
	const struct gn_vm_options vo = { .argument = "guest", .nodes = g->run->topology->n_nodes };
	struct gn_status booting = { .phase = "booting" };
	int r = gn_vm_start(&vo, &g->vm, err);

	if (r < 0)
		return r;
	g->channel = gn_vm_channel(g->vm);
	gn_run_status(g->run, &booting);
	gn_control_set_channel(g->run->control, g->channel);
	r = loop(g, err);
	gn_control_set_channel(g->run->control, NULL);
	g->vm = gn_vm_stop(g->vm, r == 0 ? POWER_OFF_PATIENCE : 0);
	return r;
}

/* The guest loads the topology once more, with what it names, and writes into the folder. */
static int check_places(const struct gn_run *run, struct gn_err *err)
{
	const char *file;
	int r = gn_vm_reaches(run->folder.path, err);

	for (size_t i = 0; r == 0 && (file = gn_topology_file(run->topology, i)); i++)
		r = gn_vm_reaches(file, err);
	return r;
}

int gn_run_in_guest(struct gn_run *run, struct gn_err *err)
{
	struct guest_run g = { .run = run, .guard = -1, .signals = GN_SIGNALS_NONE };
	int r = check_places(run, err);

	if (r == 0)
		r = gn_signals_open(&g.signals, err);
	if (r == 0)
		r = boot_and_loop(&g, err);
	release_database(&g);
	gn_signals_close(&g.signals);
	if (err && r == 0 && g.status)
		err->text[0] = '\0';
	/* A guest that failed has said why in its messages. */
	return r < 0 ? r : g.status == 1 && !run->has_database ? -ECANCELED : g.status;
}
