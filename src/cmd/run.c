/* SPDX-License-Identifier: MIT */
#include "cmd/run.h"

#include <stdio.h>
#include <string.h>

#include "cmd/cgroups.h"
#include "cmd/conduct.h"
#include "cmd/topology.h"
#include "net/network.h"
#include "util/log.h"
#include "vm/enter.h"
#include "vm/vm.h"

void gn_run_status(struct gn_run *r, const struct gn_status *s)
{
	if (strcmp(r->phase, s->phase)) {
		snprintf(r->phase, sizeof(r->phase), "%s", s->phase);
		gn_control_set_phase(r->control, s->phase);
		gn_log(GN_LOG_DEBUG, "phase: %s", s->phase);
	}
	if (!r->quiet)
		gn_progress_show(&r->progress, s, gn_now());
}

void gn_run_database(struct gn_run *r)
{
	struct gn_err err;

	r->has_database = true;
	if (gn_folder_publish(&r->folder, &err) < 0)
		gn_log(GN_LOG_WARNING, "%s", err.text);
}

int gn_run_netns(const struct gn_topology *t, const struct gn_network *net, const char *name,
		 struct gn_err *err)
{
	uint32_t node;
	int r = gn_node_find(t, name, &node, err);

	return r < 0 ? r : gn_network_netns(net, node);
}

int gn_run_ending(const struct gn_outcome *outcome, void (*say)(void *context, const char *text),
		  void *context)
{
	const bool invalid = outcome->verdict.grade == GN_INVALID;
	GN_CLEANUP(gn_free_p)
	char *warning = invalid ? gn_format("do not trust this run: %s", outcome->verdict.reason) : NULL;

	if (warning)
		say(context, warning);
	switch (outcome->ending) {
	case GN_ENDED_DURATION:
	case GN_ENDED_INFORMED:
		return invalid ? 3 : 0;
	case GN_ENDED_INTERRUPT:
		say(context, "interrupted; what happened until then is kept");
		return 1;
	case GN_ENDED_FAILURE:
		break;
	}
	return 1;
}

/* ---- on this kernel ---- */

struct here {
	struct gn_run *run;
	const struct gn_network *net;
	int hosts;
};

static void on_status(void *context, const struct gn_status *s)
{
	struct here *h = context;

	gn_run_status(h->run, s);
}

static void say_error(struct gn_run *r, const char *text)
{
	if (!r->quiet)
		gn_progress_end(&r->progress);
	gn_log(GN_LOG_ERROR, "%s", text);
}

static void on_error(void *context, const char *text)
{
	struct here *h = context;

	say_error(h->run, text);
}

static void on_database(void *context)
{
	struct here *h = context;

	gn_run_database(h->run);
}

static int netns_of(void *context, const char *node, struct gn_err *err)
{
	struct here *h = context;

	return gn_run_netns(h->run->topology, h->net, node, err);
}

static void on_network(void *context, const struct gn_network *net)
{
	struct here *h = context;
	const struct gn_control_network network = { .netns = netns_of, .context = h, .hosts = h->hosts };

	h->net = net;
	gn_control_set_network(h->run->control, net ? &network : NULL);
}

static int act(void *context, const char *text, int64_t *ret_t, struct gn_err *err)
{
	return gn_conduct_by_hand(context, text, ret_t, err);
}

static void on_conduct(void *context, struct gn_conduct *conduct)
{
	struct here *h = context;

	gn_control_set_act(h->run->control, conduct ? act : NULL, conduct);
}

static int on_control(void *context)
{
	struct here *h = context;

	gn_control_handle(h->run->control);
	return 0;
}

int gn_run_here(struct gn_run *run, struct gn_err *err)
{
	struct here h = { .run = run, .hosts = -1 };
	const struct gn_emulation_options o = {
		.topology = run->topology,
		.folder = run->folder.path,
		.context = &h,
		.on_status = on_status,
		.on_error = on_error,
		.on_database = on_database,
		.on_network = on_network,
		.on_conduct = on_conduct,
		.extra_fd = gn_control_fd(run->control),
		.on_extra = on_control,
	};
	struct gn_outcome outcome = { .ending = GN_ENDED_FAILURE };
	int r = gn_hosts_open(run->topology, &h.hosts, err);

	if (r == 0)
		r = gn_emulate(&o, &outcome, err);
	gn_close_p(&h.hosts);
	return r < 0 ? r : gn_run_ending(&outcome, on_error, &h);
}

/* ---- which kernel ---- */

/* Decide; *ret_guest. With auto, say why it is the guest. */
static int choose_kernel(const char *asked, const struct gn_topology *t, bool *ret_guest, struct gn_err *err)
{
	struct gn_err lack = { "" }, no_guest = { "" };

	if (asked && !strcmp(asked, "uml")) {
		int r = gn_vm_available(err);

		*ret_guest = true;
		return r < 0 ? gn_wrap(err, r, "--kernel uml") : 0;
	}
	int missing = gn_network_missing(t, &lack);

	*ret_guest = missing < 0;
	if (!missing)
		return 0;
	if (asked && !strcmp(asked, "host"))
		return gn_fail(err, missing,
			       "--kernel host: %s; use --kernel auto or uml to run in a guest kernel",
			       lack.text);
	int guest = gn_vm_available(&no_guest);

	if (guest < 0)
		return gn_fail(err, guest, "%s; and there is no guest kernel to run in: %s", lack.text,
			       no_guest.text);
	gn_log(GN_LOG_INFO, "running in a User-Mode Linux guest: %s", lack.text);
	return 0;
}

/* Before anything is made: limits that the schedule wants must be possible here. */
static int check_limits(const struct gn_topology *t, struct gn_err *err)
{
	struct gn_cgroups *tried = NULL;
	int r = gn_cgroups_new(&tried, err);

	if (r == 0)
		r = gn_cgroups_prepare_for(tried, t, err);
	gn_cgroups_free(tried);
	return r;
}

/* ---- the command ---- */

/* The folder exists; carry out the run in it. */
static int run_in_folder(struct gn_run *r, bool guest, struct gn_err *err)
{
	const struct gn_control_options co = { .name = r->topology->name,
					       .folder = r->folder.path,
					       .nodes = r->topology->n_nodes,
					       .guest = guest };
	struct gn_err quiet;

	gn_log_set_file(r->folder.log_fd);
	gn_progress_init(&r->progress, stderr);
	int status = gn_control_open(&co, &r->control, err);

	if (status == 0)
		status = guest ? gn_run_in_guest(r, err) : gn_run_here(r, err);
	if (!r->quiet)
		gn_progress_end(&r->progress);
	r->control = gn_control_free(r->control);
	if (r->has_database) {
		gn_folder_give(&r->folder);
		/* After a failure the failure is what to report, not a summary that cannot be made. */
		int shown = r->quiet ? 0 : gn_folder_show(&r->folder, status < 0 ? &quiet : err);

		if (status >= 0 && shown < 0)
			status = shown;
	}
	gn_log_set_file(-1);
	return status;
}

int cmd_run(const struct gn_options *o, int argc GN_UNUSED, char **argv, struct gn_err *err)
{
	GN_CLEANUP(gn_topology_free_p) struct gn_topology *t = NULL;
	struct gn_run run = { .quiet = o->verbosity < 0 };
	bool guest;
	int r = gn_cmd_load(o, argv[1], &t, err);

	if (r == 0)
		r = gn_topology_for_live(t, err);
	if (r == 0)
		r = choose_kernel(o->kernel, t, &guest, err);
	if (r == 0 && !guest)
		r = check_limits(t, err);
	if (r < 0)
		return r;
	run.topology = t;
	r = gn_folder_create(&run.folder, t, o->output, gn_topology_resolved(t), err);
	if (r < 0)
		return r;
	r = run_in_folder(&run, guest, err);
	if (r < 0 && !run.has_database)
		gn_folder_remove(&run.folder);
	gn_folder_done(&run.folder);
	/* -EINVAL from the kernel is not the user's bad input. */
	return r == -EINVAL ? -EIO : r;
}
