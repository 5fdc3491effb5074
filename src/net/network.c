/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>

#include "net/internal.h"
#include "net/netlink.h"
#include "net/shape.h"

bool gn_network_is_shaped(const struct gn_topology *t)
{
	for (uint32_t i = 0; i < t->n_links; i++)
		if (gn_shape_is_set(&t->links[i].shape[0]) || gn_shape_is_set(&t->links[i].shape[1]))
			return true;
	return false;
}

bool gn_network_has_switch(const struct gn_topology *t)
{
	for (uint32_t i = 0; i < t->n_nodes; i++)
		if (t->nodes[i].kind == GN_SWITCH)
			return true;
	return false;
}

bool gn_network_is_cut(const struct gn_topology *t)
{
	for (uint32_t i = 0; i < t->n_actions; i++)
		if (t->actions[i].what == GN_ACTION_DOWN || t->actions[i].what == GN_ACTION_PARTITION)
			return true;
	return false;
}

int gn_network_build(const struct gn_topology *t, gn_network_progress *progress, void *context,
		     struct gn_network **ret, struct gn_err *err)
{
	return gn_network_build_steps(t, progress, context, NULL, ret, err);
}

struct gn_network *gn_network_free(struct gn_network *net)
{
	if (!net)
		return NULL;
	for (uint32_t i = 0; net->nodes && i < net->topology->n_nodes; i++)
		gn_netns_done(&net->nodes[i]);
	gn_netns_done(&net->switches);
	gn_cut_free(net->cut);
	free(net->nodes);
	free(net);
	return NULL;
}

int gn_network_netns(const struct gn_network *net, uint32_t node)
{
	return net->topology->nodes[node].kind == GN_SWITCH ? net->switches.fd : net->nodes[node].fd;
}

/* What the kernel has, by sending end: [2 * link + direction]. */
struct readback {
	const struct gn_topology *t;
	struct found {
		bool there;
		struct gn_netem netem;
	} * found;
};

static void readback_done(struct readback *r)
{
	free(r->found);
}

static int note_qdisc(const struct nlmsghdr *m, void *context)
{
	struct readback *r = context;
	struct gn_netem netem;
	uint32_t index;

	if (!gn_netem_parse(m, &index, &netem))
		return 0;
	index -= gn_plan_index(0, 0);
	if (index < 2 * r->t->n_links)
		r->found[index] = (struct found){ .there = true, .netem = netem };
	return 0;
}

/* List the qdiscs of a namespace, through the builder's socket or a new one. */
static int read_namespace(const struct gn_netns *ns, struct readback *r, struct gn_err *err)
{
	GN_CLEANUP(gn_close_p) int opened = -1;
	_Alignas(8) char buffer[64] = { 0 };
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	int code = 0;

	if (ns->socket < 0) {
		code = gn_netns_enter(ns->fd, err);
		if (!code)
			code = gn_nl_open(NETLINK_ROUTE, &opened, err);
	}
	gn_netem_dump_request(request);
	if (!code)
		code = gn_nl_dump(ns->socket < 0 ? opened : ns->socket, request, note_qdisc, r, err);
	return code;
}

/* Read every namespace that has an end of a link in it. */
static int read_all(const struct gn_network *net, struct readback *r, struct gn_err *err)
{
	GN_NETNS_HOME home = { .fd = -1 };
	const struct gn_topology *t = net->topology;
	int code = gn_netns_home_open(&home, err);

	if (!code && net->switches.fd >= 0) {
		code = read_namespace(&net->switches, r, err);
		if (code)
			return gn_wrap(err, code, "switches: cannot read the shaping back");
	}
	for (uint32_t i = 0; !code && i < t->n_nodes; i++) {
		if (t->nodes[i].kind == GN_SWITCH || !t->nodes[i].n_ports)
			continue;
		code = read_namespace(&net->nodes[i], r, err);
		if (code)
			return gn_wrap(err, code, "node %s: cannot read the shaping back", t->nodes[i].name);
	}
	return code;
}

static int check_direction(const struct gn_topology *t, uint32_t link, int direction,
			   const struct found *found, struct gn_err *err)
{
	const struct gn_link *l = &t->links[link];
	struct gn_netem wanted;
	int r = 0;

	if (gn_shape_is_set(&l->shape[direction]) != found->there)
		r = gn_fail(err, -EIO,
			    found->there ? "shaped, though it should not be" : "not shaped: no netem");
	if (!r && found->there) {
		gn_netem_of(&l->shape[direction], t->seed, link, direction, &wanted);
		r = gn_netem_compare(&wanted, &found->netem, err);
	}
	if (!r)
		return 0;
	const char *a = t->nodes[l->node[0]].name, *b = t->nodes[l->node[1]].name;

	return gn_wrap(err, r, "link %s - %s, %s to %s", a, b, direction ? b : a, direction ? a : b);
}

int gn_network_verify(const struct gn_network *net, struct gn_err *err)
{
	const struct gn_topology *t = net->topology;
	GN_CLEANUP(readback_done) struct readback r = { .t = t };
	int code;

	if (!gn_network_is_shaped(t))
		return 0;
	r.found = calloc(2 * (size_t)t->n_links, sizeof(*r.found));
	if (!r.found)
		return gn_fail(err, -ENOMEM, "no memory to read the shaping back");
	code = read_all(net, &r, err);
	for (uint32_t i = 0; !code && i < 2 * t->n_links; i++)
		code = check_direction(t, i / 2, (int)(i % 2), &r.found[i], err);
	return code;
}

static int cannot_cut(struct gn_err *err)
{
	return gn_fail(
		err, -EOPNOTSUPP,
		"this kernel cannot take links down or part a running network (see `gossipnet doctor`)");
}

int gn_network_down(struct gn_network *net, const uint32_t *links, uint32_t n, bool down, struct gn_err *err)
{
	if (!net->cut)
		return cannot_cut(err);
	for (uint32_t i = 0; i < n; i++)
		gn_cut_link(net->cut, links[i], down);
	return 0;
}

int gn_network_partition(struct gn_network *net, const uint8_t *part, struct gn_err *err)
{
	if (!net->cut)
		return cannot_cut(err);
	gn_cut_partition(net->cut, part);
	return 0;
}

int gn_network_cut_drops(const struct gn_network *net, uint64_t *ret_partition, uint64_t *ret_down,
			 struct gn_err *err)
{
	if (!net->cut)
		return cannot_cut(err);
	gn_cut_drops(net->cut, ret_partition, ret_down);
	return 0;
}
