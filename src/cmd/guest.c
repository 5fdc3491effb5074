/* SPDX-License-Identifier: MIT */
/* The hidden command `guest`: this program as init of the guest kernel, carrying out one run for the host. */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

#include "cmd/conduct.h"
#include "cmd/run.h"
#include "cmd/topology.h"
#include "util/log.h"
#include "vm/enter.h"
#include "vm/guest.h"
#include "vm/guest_exec.h"

#define JOB_PATIENCE   (30 * GN_SEC)
#define DRAIN_PATIENCE (5 * GN_SEC)
/* The host answers at once unless it is much too busy, which is then said by what the run itself has seen. */
#define MACHINE_PATIENCE GN_SEC

struct guest {
	struct gn_channel *channel;
	char *folder;
	struct gn_topology *topology;
	const struct gn_network *net;
	struct gn_conduct *conduct; /* while the run lasts */
	struct gn_guest_exec *exec; /* while the network stands */
	int hosts;
	int epoll; /* the channel, and exec's descriptor */
	bool interrupted;
	struct gn_machine_figures machine;
	bool has_machine; /* the host has sent it */
};

static void say(struct guest *g, enum gn_log_level level, const char *text)
{
	GN_CLEANUP(gn_free_p) struct gn_pack *p = malloc(sizeof(*p));

	if (!p)
		return;
	gn_pack_init(p);
	gn_pack_u32(p, level);
	gn_pack_string(p, text);
	gn_channel_send_pack(g->channel, GN_MESSAGE_LOG, p, NULL);
}

static void on_error(void *context, const char *text)
{
	say(context, GN_LOG_ERROR, text);
}

static void on_status(void *context, const struct gn_status *s)
{
	struct guest *g = context;

	/* A status that finds the line full is not worth waiting for: the next one comes soon. */
	gn_channel_send(g->channel, GN_MESSAGE_STATUS, s, sizeof(*s), NULL);
}

static int netns_of(void *context, const char *node, struct gn_err *err)
{
	struct guest *g = context;

	return gn_run_netns(g->topology, g->net, node, err);
}

static void on_network(void *context, const struct gn_network *net)
{
	struct guest *g = context;
	const struct gn_guest_exec_options o = {
		.channel = g->channel, .netns = netns_of, .context = g, .hosts = g->hosts
	};
	struct gn_err err;

	g->net = net;
	g->exec = gn_guest_exec_free(g->exec);
	if (!net)
		return;
	if (gn_guest_exec_new(&o, &g->exec, &err) < 0) {
		on_error(g, err.text);
		return;
	}
	struct epoll_event e = { .events = EPOLLIN };

	epoll_ctl(g->epoll, EPOLL_CTL_ADD, gn_guest_exec_fd(g->exec), &e);
}

static void on_conduct(void *context, struct gn_conduct *conduct)
{
	struct guest *g = context;

	g->conduct = conduct;
}

/* An action by hand, that a client of the host has sent. */
static void take_act(struct guest *g, const struct gn_vm_message *m)
{
	struct gn_err err = { "the run is about to end" };
	struct gn_pack p;
	struct gn_unpack u;
	int64_t t = 0;

	gn_unpack_init(&u, m->data, m->len);
	uint32_t session = gn_unpack_u32(&u);
	GN_CLEANUP(gn_free_p) char *text = gn_unpack_string(&u);
	int r = text && g->conduct ? gn_conduct_by_hand(g->conduct, text, &t, &err) : -EAGAIN;

	gn_pack_init(&p);
	gn_pack_u32(&p, session);
	if (r < 0) {
		gn_pack_u32(&p, (uint32_t)-r);
		gn_pack_string(&p, err.text);
	} else {
		gn_pack_u64(&p, (uint64_t)t);
	}
	gn_channel_send_pack(g->channel, r < 0 ? GN_MESSAGE_EXEC_FAILED : GN_MESSAGE_ACTED, &p, NULL);
}

/* The channel is watched for writing only while something waits to be written. */
static void watch_channel(const struct guest *g, int how)
{
	struct epoll_event e = { .events = (uint32_t)gn_channel_events(g->channel) };

	epoll_ctl(g->epoll, how, gn_channel_fd(g->channel), &e);
}

static void take_machine(struct guest *g, const struct gn_vm_message *m)
{
	g->has_machine = m->len == sizeof(g->machine);
	if (g->has_machine)
		memcpy(&g->machine, m->data, sizeof(g->machine));
}

static int on_extra(void *context)
{
	struct guest *g = context;
	struct gn_vm_message m;
	int r = gn_channel_flush(g->channel, NULL);

	while (r == 0 && (r = gn_channel_next(g->channel, &m, NULL)) == 1) {
		r = 0;
		if (m.type == GN_MESSAGE_INTERRUPT)
			g->interrupted = true;
		else if (m.type == GN_MESSAGE_MACHINE)
			take_machine(g, &m);
		else if (m.type == GN_MESSAGE_ACT)
			take_act(g, &m);
		else if (g->exec)
			gn_guest_exec_message(g->exec, &m);
	}
	if (g->exec)
		gn_guest_exec_handle(g->exec);
	watch_channel(g, EPOLL_CTL_MOD);
	/* Nobody is there any more: end. */
	return g->interrupted || r < 0;
}

static bool ask_machine(void *context, struct gn_machine_figures *ret)
{
	struct guest *g = context;
	const gn_time patience = gn_now() + MACHINE_PATIENCE;
	struct pollfd fd = { .fd = g->epoll, .events = POLLIN };
	bool gone = gn_channel_send(g->channel, GN_MESSAGE_MACHINE, NULL, 0, NULL) < 0;

	while (!g->has_machine && !gone && gn_now() < patience) {
		watch_channel(g, EPOLL_CTL_MOD);
		poll(&fd, 1, 100);
		gone = on_extra(g) && !g->interrupted;
	}
	if (g->has_machine)
		*ret = g->machine;
	return g->has_machine;
}

/* The host's first message: what to do. */
static int take_job(struct guest *g, struct gn_err *err)
{
	struct gn_vm_message m;
	int r = gn_channel_wait(g->channel, JOB_PATIENCE, &m, err);

	if (r < 0)
		return r;
	if (m.type == GN_MESSAGE_INTERRUPT)
		return gn_fail(err, -EINTR, "interrupted while booting; nothing is left");
	struct gn_unpack u;

	gn_unpack_init(&u, m.data, m.len);
	while (m.type == GN_MESSAGE_JOB && u.left && !u.bad) {
		GN_CLEANUP(gn_free_p) char *key = gn_unpack_string(&u);
		char *value = gn_unpack_string(&u);

		if (key && value && !strcmp(key, "folder") && !g->folder)
			g->folder = gn_steal_ptr(&value);
		free(value);
	}
	return g->folder ? 0 : gn_fail(err, -EBADMSG, "the host sent no job");
}

static int load(struct guest *g, struct gn_err *err)
{
	GN_CLEANUP(gn_free_p) char *file = gn_format("%s/topology.yaml", g->folder);
	const struct gn_load_options lo = gn_load_options_of(file);
	GN_CLEANUP(gn_faults_done) struct gn_faults faults = { 0 };

	if (!file)
		return gn_fail(err, -ENOMEM, "out of memory");
	int r = gn_topology_load(&lo, &g->topology, &faults);

	if (r == -EINVAL && faults.n)
		return gn_fail(err, r, "%s", faults.lines[0]);
	return r < 0 ? gn_fail(err, r, "%s: %m", file) : 0;
}

static int carry_out(struct guest *g, struct gn_outcome *ret, struct gn_err *err)
{
	int r = take_job(g, err);

	if (r == 0)
		r = load(g, err);
	if (r == 0)
		r = gn_hosts_open(g->topology, &g->hosts, err);
	g->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (r == 0 && g->epoll < 0)
		r = gn_fail(err, -errno, "cannot wait for the host: %m");
	if (r < 0)
		return r;
	watch_channel(g, EPOLL_CTL_ADD);
	const struct gn_emulation_options o = {
		.topology = g->topology,
		.folder = g->folder,
		.guest = true,
		.context = g,
		.on_status = on_status,
		.on_error = on_error,
		.on_network = on_network,
		.on_conduct = on_conduct,
		.ask_machine = ask_machine,
		.extra_fd = g->epoll,
		.on_extra = on_extra,
	};

	return gn_emulate(&o, ret, err);
}

static void send_done(struct guest *g, int status)
{
	GN_CLEANUP(gn_free_p) struct gn_pack *p = malloc(sizeof(*p));

	if (!p)
		return; /* the host sees the guest end without a word and says so */
	gn_pack_init(p);
	gn_pack_u32(p, (uint32_t)status);
	sync(); /* the host reads run.db as soon as it hears DONE */
	gn_channel_send_pack(g->channel, GN_MESSAGE_DONE, p, NULL);
	gn_channel_drain(g->channel, DRAIN_PATIENCE, NULL);
}

int cmd_guest(const struct gn_options *o GN_UNUSED, int argc GN_UNUSED, char **argv GN_UNUSED,
	      struct gn_err *err)
{
	struct guest g = { .hosts = -1, .epoll = -1 };
	struct gn_outcome outcome = { .ending = GN_ENDED_FAILURE };

	if (getpid() != 1)
		return gn_fail(err, -EINVAL,
			       "guest: is the guest kernel's first process, not a command for people");
	int r = gn_guest_start(&g.channel, err);

	if (r < 0)
		return r;
	r = carry_out(&g, &outcome, err);
	if (r < 0)
		say(&g, GN_LOG_ERROR, err->text);
	send_done(&g, r < 0 ? 1 : gn_run_ending(&outcome, on_error, &g));
	gn_close_p(&g.hosts);
	gn_close_p(&g.epoll);
	gn_topology_free(g.topology);
	free(g.folder);
	g.channel = gn_channel_free(g.channel);
	return 0;
}
