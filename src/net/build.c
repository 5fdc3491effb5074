/* SPDX-License-Identifier: MIT */
/*
 * Building a network. The order keeps it fast and the first datagram alive:
 *
 *  1. a namespace for all switches and one per host or router, each with a netlink socket;
 *  2. the bridges and the rule that makes them deliver;
 *  3. the links, each pair in its place at once, all ends down, with hooks for filters;
 *  4. the switches' ends: shaping (on an interface that is up it would cost a grace period), filters, up;
 *  5. the nodes: shaping, filters, up, address, neighbours, routes, in one message each. A node's end comes
 *     up last, so it works at once; the switch's end is waited for;
 *  6. the shaping is read back.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "net/builder.h"

#define SPARE_FILES    256 /* descriptors that the rest of the program may need */
#define PROGRESS_EVERY 64

int gn_build_report(const struct builder *b, const char *phase, uint32_t done, uint32_t total,
		    struct gn_err *err)
{
	if (!b->progress || (done % PROGRESS_EVERY && done != total))
		return 0;
	return b->progress(b->context, phase, done, total) ? gn_fail(err, -EINTR, "interrupted") : 0;
}

const char *gn_build_name_at(const struct builder *b, uint32_t link, int end)
{
	return b->t->nodes[b->t->links[link].node[end]].name;
}

bool gn_build_is_switch(const struct builder *b, uint32_t link, int end)
{
	return b->t->nodes[b->t->links[link].node[end]].kind == GN_SWITCH;
}

void gn_build_link_name(const struct builder *b, uint32_t link, char name[GN_LINK_NAME_MAX])
{
	snprintf(name, GN_LINK_NAME_MAX, "link %s - %s", gn_build_name_at(b, link, 0),
		 gn_build_name_at(b, link, 1));
}

static void builder_done(struct builder *b)
{
	gn_network_free(b->net);
	gn_plan_done(&b->plan);
	free(b->batch);
}

/* Descriptors: a namespace and, while building, a socket for each node. */
static int raise_file_limit(const struct gn_topology *t, struct gn_err *err)
{
	const rlim_t needed = 2 * (rlim_t)t->n_nodes + SPARE_FILES;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return gn_fail(err, -errno, "cannot get the limit of open files: %m");
	if (limit.rlim_cur >= needed)
		return 0;
	limit.rlim_cur = needed;
	limit.rlim_max = GN_MAX(limit.rlim_max, needed);
	if (setrlimit(RLIMIT_NOFILE, &limit))
		return gn_fail(err, -EMFILE,
			       "%" PRIu32 " nodes need %llu open files: raise the limit with `ulimit -n`",
			       t->n_nodes, (unsigned long long)needed);
	return 0;
}

static int new_network(const struct gn_topology *t, struct gn_network **ret, struct gn_err *err)
{
	struct gn_network *net = calloc(1, sizeof(*net));
	struct gn_netns *nodes = malloc((t->n_nodes + 1) * sizeof(*nodes));

	if (!net || !nodes) {
		free(net);
		free(nodes);
		return gn_fail(err, -ENOMEM, "no memory for %" PRIu32 " nodes", t->n_nodes);
	}
	for (uint32_t i = 0; i < t->n_nodes; i++)
		nodes[i] = (struct gn_netns){ .fd = -1, .socket = -1 };
	*net = (struct gn_network){ .topology = t, .nodes = nodes, .switches = { .fd = -1, .socket = -1 } };
	*ret = net;
	return gn_shapes_init(&net->shapes, t, err);
}

static int make_namespaces(struct builder *b, struct gn_err *err)
{
	for (uint32_t i = 0; i < b->t->n_nodes; i++) {
		const struct gn_node *n = &b->t->nodes[i];
		const enum gn_netns_use use = n->kind == GN_ROUTER ? GN_NETNS_ROUTER : GN_NETNS_HOST;
		int r = 0;

		if (n->kind != GN_SWITCH)
			r = gn_netns_new(use, &b->settings, b->steps, &b->net->nodes[i], err);
		if (r)
			return gn_wrap(err, r, "node %s", n->name);
		r = gn_build_report(b, "namespaces", i + 1, b->t->n_nodes, err);
		if (r)
			return r;
	}
	return 0;
}

/* Where the kernel can, any link can be cut later, by hand too: to attach the programs to an interface that is up
 * would cost what is in its queue. */
static int load_cut(struct builder *b, struct gn_err *err)
{
	const bool needed = gn_network_is_cut(b->t);
	int r = gn_step(b->steps, err);

	if (r || !b->t->n_links)
		return r;
	r = gn_network_probe_cut(err);
	if (r)
		return needed ? r : 0;
	return gn_cut_new(b->t, &b->net->cut, err);
}

/* What is left to see to once everything is configured. */
static int check(struct builder *b, struct gn_err *err)
{
	int r = gn_step(b->steps, err);

	if (!r)
		r = gn_network_wait_up(b->net, &b->plan, b->batch, err);
	if (!r)
		r = gn_step(b->steps, err);
	if (!r)
		r = gn_network_verify(b->net, err);
	return r;
}

static void close_sockets(struct gn_network *net)
{
	gn_close_p(&net->switches.socket);
	net->switches.socket = -1;
	for (uint32_t i = 0; i < net->topology->n_nodes; i++) {
		gn_close_p(&net->nodes[i].socket);
		net->nodes[i].socket = -1;
	}
}

static int build(struct builder *b, struct gn_err *err)
{
	static int (*const phases[])(struct builder *, struct gn_err *) = {
		load_cut,	make_namespaces,	  gn_build_switches,
		gn_build_links, gn_build_switch_settings, gn_build_node_settings,
		check,
	};
	int r = gn_plan_init(&b->plan, b->t, err);

	if (!r)
		r = raise_file_limit(b->t, err);
	if (!r)
		r = new_network(b->t, &b->net, err);
	for (size_t i = 0; !r && i < GN_ARRAY_LEN(phases); i++)
		r = phases[i](b, err);
	return r;
}

int gn_network_build_steps(const struct gn_topology *t, gn_network_progress *progress, void *context,
			   struct gn_steps *steps, struct gn_network **ret, struct gn_err *err)
{
	GN_NETNS_HOME home = { .fd = -1 };
	GN_CLEANUP(builder_done)
	struct builder b = { .t = t, .steps = steps, .progress = progress, .context = context };
	int r = gn_netns_home_open(&home, err);

	if (r)
		return r;
	b.batch = calloc(1, sizeof(*b.batch));
	if (!b.batch)
		return gn_fail(err, -ENOMEM, "no memory to build a network");
	b.batch->steps = steps;
	r = build(&b, err);
	if (r)
		return r;
	close_sockets(b.net);
	*ret = gn_steal_ptr(&b.net);
	return 0;
}
