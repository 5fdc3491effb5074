/* SPDX-License-Identifier: MIT */
/*
 * Waiting for the links. A veth has a carrier once both ends are up; the kernel then activates the
 * end that was up first, and makes a bridge port forward, in a worker of its own. Until that has
 * been seen, the first datagrams would be lost.
 */
#include <inttypes.h>
#include <linux/if_bridge.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>

#include "net/internal.h"
#include "net/message.h"
#include "net/netlink.h"

#define PATIENCE (10 * GN_SEC)
#define PAUSE	 (1 * GN_MSEC)
#define OPER_UP	 6 /* IF_OPER_UP of linux/if.h, which does not go together with net/if.h */

/* Which interfaces work, by index. */
struct working {
	bool *is;
	uint32_t n;
};

static bool port_forwards(const struct nlattr *info)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, info)
	{
		if (mnl_attr_get_type(attr) == IFLA_BRPORT_STATE && mnl_attr_get_payload_len(attr) >= 1)
			return mnl_attr_get_u8(attr) == BR_STATE_FORWARDING;
	}
	return false;
}

static int note_link(const struct nlmsghdr *m, void *context)
{
	const struct ifinfomsg *i = mnl_nlmsg_get_payload(m);
	struct working *w = context;
	const struct nlattr *attr;
	bool works = false;

	if (m->nlmsg_type != RTM_NEWLINK || m->nlmsg_len < mnl_nlmsg_size(sizeof(*i)))
		return 0;
	mnl_attr_for_each(attr, m, sizeof(*i))
	{
		if (i->ifi_family == AF_BRIDGE && mnl_attr_get_type(attr) == IFLA_PROTINFO)
			works = port_forwards(attr);
		if (i->ifi_family != AF_BRIDGE && mnl_attr_get_type(attr) == IFLA_OPERSTATE)
			works = mnl_attr_get_u8(attr) == OPER_UP;
	}
	if ((uint32_t)i->ifi_index < w->n)
		w->is[i->ifi_index] = works;
	return 0;
}

static int read_links(int socket, uint8_t family, struct working *w, struct gn_err *err)
{
	_Alignas(8) char buffer[64] = { 0 };
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct ifinfomsg *i = mnl_nlmsg_put_extra_header(request, sizeof(*i));

	request->nlmsg_type = RTM_GETLINK;
	i->ifi_family = family;
	return gn_nl_dump(socket, request, note_link, w, err);
}

struct wait {
	const struct gn_network *net;
	const struct gn_plan *plan;
	struct gn_nl_batch *batch;
	struct working working;
	gn_time deadline;
};

/*
 * The worker takes 100 links at a time and may put off the rest by a second. Asking for a link makes
 * newer kernels (6.8 and later) do its part of the work at once.
 */
static void nudge(struct wait *w, uint32_t index)
{
	struct nlmsghdr *m = gn_nl_request(w->batch, "cannot ask for an interface");

	gn_msg_get_link(m, index);
	gn_nl_end(w->batch, m);
}

static bool has_to_work(const struct wait *w, uint32_t link_end)
{
	return w->plan->bridge_of[link_end] != GN_NONE && !w->net->topology->links[link_end / 2].blocked;
}

/* Nudge the ports that do not forward yet, and name the last of them. Return: their number. */
static uint32_t nudge_ports(struct wait *w, struct gn_err *err)
{
	const struct gn_topology *t = w->net->topology;
	uint32_t n = 0;

	for (uint32_t e = 0; e < 2 * t->n_links; e++) {
		const struct gn_link *l = &t->links[e / 2];
		const uint32_t index = gn_plan_index(e / 2, (int)(e % 2));

		if (!has_to_work(w, e) || w->working.is[index])
			continue;
		nudge(w, index);
		n++;
		gn_fail(err, -ETIMEDOUT, "link %s - %s: its port at %s does not come up",
			t->nodes[l->node[0]].name, t->nodes[l->node[1]].name, t->nodes[l->node[e % 2]].name);
	}
	for (uint32_t i = 0; i < 2 * w->plan->n_bridges; i++) {
		const struct gn_bridge *b = &w->plan->bridges[i / 2];

		if (b->leaf == GN_NONE || w->working.is[b->trunk[i % 2]])
			continue;
		nudge(w, b->trunk[i % 2]);
		n++;
		gn_fail(err, -ETIMEDOUT, "switch %s: an inner link does not come up", t->nodes[b->node].name);
	}
	return n;
}

static void wait_done(struct wait *w)
{
	free(w->working.is);
}

static int wait_for_switches(struct wait *w, struct gn_err *err)
{
	const struct timespec pause = gn_timespec(PAUSE);
	const int socket = w->net->switches.socket;

	gn_nl_use(w->batch, socket);
	for (;;) {
		int r = read_links(socket, AF_BRIDGE, &w->working, err);

		if (r)
			return gn_wrap(err, r, "switches: cannot list the ports");
		if (!nudge_ports(w, err))
			return 0;
		if (gn_now() > w->deadline)
			return -ETIMEDOUT;
		r = gn_nl_flush(w->batch, err);
		if (r)
			return r;
		nanosleep(&pause, NULL);
	}
}

/* Links without a switch, which would have told: nudge the node's ends that do not work yet. */
static uint32_t nudge_node(struct wait *w, const struct gn_node *n, struct gn_err *err)
{
	const struct gn_topology *t = w->net->topology;
	uint32_t waiting = 0;

	for (uint32_t k = 0; k < n->n_ports; k++) {
		const struct gn_port *port = &t->ports[n->first_port + k];
		const uint32_t index = gn_plan_index(port->link, port->end);

		if (w->plan->bridge_of[2 * port->link + !port->end] != GN_NONE || w->working.is[index])
			continue;
		nudge(w, index);
		waiting++;
		gn_fail(err, -ETIMEDOUT, "node %s: eth%" PRIu32 " does not come up", n->name, k);
	}
	return waiting;
}

static int wait_for_node(struct wait *w, uint32_t node, struct gn_err *err)
{
	const struct timespec pause = gn_timespec(PAUSE);
	const struct gn_node *n = &w->net->topology->nodes[node];
	const int socket = w->net->nodes[node].socket;

	gn_nl_use(w->batch, socket);
	for (uint32_t turn = 0; nudge_node(w, n, err); turn++) {
		if (turn)
			nanosleep(&pause, NULL);
		int r = gn_now() > w->deadline ? -ETIMEDOUT : gn_nl_flush(w->batch, err);

		if (r)
			return r;
		r = read_links(socket, AF_UNSPEC, &w->working, err);
		if (r)
			return gn_wrap(err, r, "node %s: cannot list the interfaces", n->name);
	}
	return 0;
}

int gn_network_wait_up(const struct gn_network *net, const struct gn_plan *plan, struct gn_nl_batch *batch,
		       struct gn_err *err)
{
	const struct gn_topology *t = net->topology;
	GN_CLEANUP(wait_done)
	struct wait w = { .net = net, .plan = plan, .batch = batch, .deadline = gn_now() + PATIENCE };
	int r = 0;

	w.working.n = gn_plan_index(t->n_links, 0) + 3 * plan->n_bridges;
	w.working.is = calloc(w.working.n, sizeof(*w.working.is));
	if (!w.working.is)
		return gn_fail(err, -ENOMEM, "no memory to wait for the links");
	if (plan->n_bridges)
		r = wait_for_switches(&w, err);
	for (uint32_t i = 0; !r && i < t->n_nodes; i++)
		if (t->nodes[i].kind != GN_SWITCH)
			r = wait_for_node(&w, i, err);
	return r;
}
