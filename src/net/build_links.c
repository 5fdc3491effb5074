/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "net/builder.h"
#include "net/message.h"
#include "net/shape.h"

static struct gn_veth_end end_of(const struct builder *b, uint32_t link, int end, bool here)
{
	const uint32_t node = b->t->links[link].node[end];
	struct gn_veth_end e = { .index = gn_plan_index(link, end), .netns = -1 };

	gn_plan_end_name(b->t, link, end, e.name);
	if (gn_build_is_switch(b, link, end)) {
		gn_build_switch_mac(e.index, e.mac);
		return e;
	}
	gn_mac_of(b->t->nodes[node].ip, e.mac);
	if (!here)
		e.netns = b->net->nodes[node].fd;
	return e;
}

/* Made from the switch's end where there is one, else from the first. */
static void queue_link(struct builder *b, uint32_t link)
{
	const int near = !gn_build_is_switch(b, link, 0) && gn_build_is_switch(b, link, 1);
	const struct gn_veth_end end[2] = { end_of(b, link, near, true), end_of(b, link, !near, false) };
	const uint32_t bridge = b->plan.bridge_of[2 * link + (uint32_t)near];
	char element[GN_LINK_NAME_MAX];

	gn_build_link_name(b, link, element);
	struct nlmsghdr *m = gn_nl_request(b->batch, "%s: cannot make the veth pair", element);

	gn_msg_veth(m, end, bridge == GN_NONE ? 0 : b->plan.bridges[bridge].index);
	gn_nl_end(b->batch, m);
	if (gn_build_is_switch(b, link, !near))
		gn_build_queue_enslave(b, element, end[1].index,
				       b->plan.bridge_of[2 * link + (uint32_t)!near]);
}

/* Links of switches all go over one socket; the others over their first node's. */
static int make_links(struct builder *b, struct gn_err *err)
{
	uint32_t done = 0;
	int r;

	gn_nl_use(b->batch, b->net->switches.socket);
	for (uint32_t i = 0; i < b->t->n_links; i++) {
		if (!gn_build_is_switch(b, i, 0) && !gn_build_is_switch(b, i, 1))
			continue;
		queue_link(b, i);
		r = gn_build_report(b, "links", ++done, b->t->n_links, err);
		if (r)
			return r;
	}
	r = gn_nl_flush(b->batch, err);
	for (uint32_t i = 0; !r && i < b->t->n_links; i++) {
		if (gn_build_is_switch(b, i, 0) || gn_build_is_switch(b, i, 1))
			continue;
		gn_nl_use(b->batch, b->net->nodes[b->t->links[i].node[0]].socket);
		queue_link(b, i);
		r = gn_nl_flush(b->batch, err);
		if (!r)
			r = gn_build_report(b, "links", ++done, b->t->n_links, err);
	}
	return r;
}

static int disable_offloads_at(struct builder *b, uint32_t link, int end, struct gn_err *err)
{
	const int socket = gn_build_is_switch(b, link, end)
				   ? b->net->switches.socket
				   : b->net->nodes[b->t->links[link].node[end]].socket;
	char interface[IFNAMSIZ], name[GN_LINK_NAME_MAX];
	int r = gn_step(b->steps, err);

	gn_plan_end_name(b->t, link, end, interface);
	if (!r && !b->offload.n_blocks)
		r = gn_offload_init(&b->offload, socket, interface, err);
	if (!r)
		r = gn_offload_disable(&b->offload, socket, interface, err);
	if (!r)
		return 0;
	gn_build_link_name(b, link, name);
	return gn_wrap(err, r, "%s", name);
}

static int disable_offloads(struct builder *b, struct gn_err *err)
{
	int r = 0;

	for (uint32_t i = 0; !r && i < 2 * b->t->n_links; i++)
		r = disable_offloads_at(b, i / 2, (int)(i % 2), err);
	return r;
}

/* Does this end of the link lead to where a switch's members share their rate? */
static bool shares(const struct builder *b, uint32_t link, int end)
{
	return b->t->nodes[b->t->links[link].node[end]].shared && !gn_build_is_switch(b, link, !end);
}

static bool has_filters(const struct builder *b, uint32_t link, int end)
{
	return !b->t->links[link].blocked && (b->net->cut || shares(b, link, end));
}

static void queue_hooks(struct builder *b, uint32_t link, int end)
{
	char name[GN_LINK_NAME_MAX];

	gn_build_link_name(b, link, name);
	struct nlmsghdr *m = gn_nl_request(b->batch, "%s: cannot make hooks for filters", name);

	gn_msg_hooks(m, gn_plan_index(link, end));
	gn_nl_end(b->batch, m);
}

/* The first filter at a hook waits until RCU has passed once since the hook was made. If all hooks are there before the
 * first filter, that is one wait instead of one for each, which would double the time of the build. */
static int make_hooks(struct builder *b, struct gn_err *err)
{
	int r = 0;

	gn_nl_use(b->batch, b->net->switches.socket);
	for (uint32_t i = 0; i < 2 * b->t->n_links; i++)
		if (gn_build_is_switch(b, i / 2, (int)(i % 2)) && has_filters(b, i / 2, (int)(i % 2)))
			queue_hooks(b, i / 2, (int)(i % 2));
	r = gn_nl_flush(b->batch, err);
	for (uint32_t i = 0; !r && i < 2 * b->t->n_links; i++) {
		if (gn_build_is_switch(b, i / 2, (int)(i % 2)) || !has_filters(b, i / 2, (int)(i % 2)))
			continue;
		gn_nl_use(b->batch, b->net->nodes[b->t->links[i / 2].node[i % 2]].socket);
		queue_hooks(b, i / 2, (int)(i % 2));
		r = gn_nl_flush(b->batch, err);
	}
	return r;
}

int gn_build_links(struct builder *b, struct gn_err *err)
{
	int r = make_links(b, err);

	if (!r)
		r = disable_offloads(b, err);
	return r ? r : make_hooks(b, err);
}

int gn_build_queue_shape(struct builder *b, uint32_t link, int end, struct gn_err *err)
{
	const uint32_t direction = 2 * link + (uint32_t)end;

	return b->net->shapes.queued[direction]
		       ? gn_shapes_queue(&b->net->shapes, b->batch, direction, false, err)
		       : 0;
}

static void queue_redirect(struct builder *b, const char *name, uint32_t index, bool ingress, uint32_t to)
{
	struct nlmsghdr *m = gn_nl_request(b->batch, "%s: cannot lead it to where the rate is shared", name);

	gn_msg_redirect(m, index, ingress, to);
	gn_nl_end(b->batch, m);
}

void gn_build_queue_filters(struct builder *b, uint32_t link, int end)
{
	const uint32_t index = gn_plan_index(link, end), node = b->t->links[link].node[end];
	char what[GN_NL_WHAT_MAX], name[GN_LINK_NAME_MAX];

	if (!has_filters(b, link, end))
		return;
	gn_build_link_name(b, link, name);
	snprintf(what, sizeof(what), "%s: cannot attach what can cut it", name);
	if (b->net->cut)
		gn_cut_queue(b->batch, b->net->cut, index, what);
	if (!shares(b, link, end))
		return;
	queue_redirect(b, name, index, true, gn_plan_shared_index(node, GN_TO_SWITCH));
	queue_redirect(b, name, index, false, gn_plan_shared_index(node, GN_FROM_SWITCH));
}
