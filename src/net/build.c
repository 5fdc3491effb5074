/* SPDX-License-Identifier: MIT */
/*
 * Building a network. The order keeps it fast and the first datagram alive:
 *
 *  1. a namespace for all switches and one per host or router, each with a netlink socket;
 *  2. the bridges and the rule that makes them deliver;
 *  3. the links, each pair in its place at once, all ends down;
 *  4. the switches' ends: shaping (on an interface that is up it would cost a grace period), up;
 *  5. the nodes: shaping, up, address, neighbours, routes, in one message each. A node's end comes
 *     up last, so it works at once; the switch's end is waited for;
 *  6. the shaping is read back.
 */
#include <inttypes.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "net/internal.h"
#include "net/message.h"
#include "net/netlink.h"
#include "net/nft.h"
#include "net/offload.h"
#include "net/shape.h"

#define SPARE_FILES    256 /* descriptors that the rest of the program may need */
#define PROGRESS_EVERY 64

struct builder {
	const struct gn_topology *t;
	struct gn_network *net;
	struct gn_plan plan;
	struct gn_nl_batch *batch;
	struct gn_steps *steps;
	struct gn_netns_settings settings;
	struct gn_offload *offload;
	gn_network_progress *progress;
	void *context;
};

static void builder_done(struct builder *b)
{
	gn_network_free(b->net);
	gn_plan_done(&b->plan);
	gn_offload_free(b->offload);
	free(b->batch);
}

static int report(const struct builder *b, const char *phase, uint32_t done, uint32_t total,
		  struct gn_err *err)
{
	if (!b->progress || (done % PROGRESS_EVERY && done != total))
		return 0;
	return b->progress(b->context, phase, done, total) ? gn_fail(err, -EINTR, "interrupted") : 0;
}

static const char *name_at(const struct builder *b, uint32_t link, int end)
{
	return b->t->nodes[b->t->links[link].node[end]].name;
}

static bool is_switch(const struct builder *b, uint32_t link, int end)
{
	return b->t->nodes[b->t->links[link].node[end]].kind == GN_SWITCH;
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
	return 0;
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
		r = report(b, "namespaces", i + 1, b->t->n_nodes, err);
		if (r)
			return r;
	}
	return 0;
}

/* Interfaces of switches have addresses that no node has; the first bytes tell them apart. */
static void switch_mac(uint32_t index, uint8_t mac[6])
{
	gn_mac_of(index, mac);
	mac[1] = 1;
}

static void queue_bridge(struct builder *b, const struct gn_bridge *bridge)
{
	const char *name = b->t->nodes[bridge->node].name;
	struct nlmsghdr *m = gn_nl_request(b->batch, "switch %s: cannot make its bridge", name);
	char interface[IFNAMSIZ];
	uint8_t mac[6];

	gn_plan_bridge_name(bridge, interface);
	switch_mac(bridge->index, mac);
	gn_msg_bridge(m, interface, bridge->index, mac, name);
	gn_nl_end(b->batch, m);
}

static void queue_enslave(struct builder *b, const char *element, uint32_t index, uint32_t bridge)
{
	struct nlmsghdr *m = gn_nl_request(b->batch, "%s: cannot join the bridge", element);

	gn_msg_enslave(m, index, b->plan.bridges[bridge].index);
	gn_nl_end(b->batch, m);
}

static void queue_port_up(struct builder *b, const char *element, uint32_t index, bool flood)
{
	struct nlmsghdr *m = gn_nl_request(b->batch, "%s: cannot raise the port", element);

	gn_msg_port_up(m, index, flood);
	gn_nl_end(b->batch, m);
}

/* Join a leaf of a split switch to its core. */
static void queue_trunk(struct builder *b, uint32_t leaf)
{
	const struct gn_bridge *bridge = &b->plan.bridges[leaf];
	struct gn_veth_end end[2];
	char element[128];

	snprintf(element, sizeof(element), "switch %s: inner link", b->t->nodes[bridge->node].name);
	for (int e = 0; e < 2; e++) {
		end[e].index = bridge->trunk[e];
		end[e].netns = -1;
		switch_mac(bridge->trunk[e], end[e].mac);
		gn_plan_trunk_name(bridge, e, end[e].name);
	}
	struct nlmsghdr *m = gn_nl_request(b->batch, "%s: cannot make it", element);

	gn_msg_veth(m, end, b->plan.bridges[bridge->parent].index);
	gn_nl_end(b->batch, m);
	queue_enslave(b, element, bridge->trunk[1], leaf);
	queue_port_up(b, element, bridge->trunk[0], false);
	queue_port_up(b, element, bridge->trunk[1], true);
}

static int install_rule(struct builder *b, struct gn_err *err)
{
	GN_CLEANUP(gn_close_p) int netfilter = -1;
	int r = gn_nl_open(NETLINK_NETFILTER, &netfilter, err);

	if (r)
		return r;
	gn_nl_use(b->batch, netfilter);
	gn_nft_queue(b->batch);
	return gn_nl_flush(b->batch, err);
}

/* The calling thread stays in the switches' namespace; nothing after depends on it. */
static int make_switches(struct builder *b, struct gn_err *err)
{
	int r;

	if (!b->plan.n_bridges)
		return 0;
	r = gn_netns_new(GN_NETNS_SWITCHES, &b->settings, b->steps, &b->net->switches, err);
	if (r)
		return gn_wrap(err, r, "switches");
	r = install_rule(b, err);
	if (r)
		return r;
	gn_nl_use(b->batch, b->net->switches.socket);
	for (uint32_t i = 0; i < b->plan.n_bridges; i++)
		queue_bridge(b, &b->plan.bridges[i]);
	for (uint32_t i = 0; i < b->plan.n_bridges; i++)
		if (b->plan.bridges[i].leaf != GN_NONE)
			queue_trunk(b, i);
	return gn_nl_flush(b->batch, err);
}

static struct gn_veth_end end_of(const struct builder *b, uint32_t link, int end, bool here)
{
	const uint32_t node = b->t->links[link].node[end];
	struct gn_veth_end e = { .index = gn_plan_index(link, end), .netns = -1 };

	gn_plan_end_name(b->t, link, end, e.name);
	if (is_switch(b, link, end)) {
		switch_mac(e.index, e.mac);
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
	const int near = !is_switch(b, link, 0) && is_switch(b, link, 1);
	const struct gn_veth_end end[2] = { end_of(b, link, near, true), end_of(b, link, !near, false) };
	const uint32_t bridge = b->plan.bridge_of[2 * link + (uint32_t)near];
	char element[192];

	snprintf(element, sizeof(element), "link %s - %s", name_at(b, link, 0), name_at(b, link, 1));
	struct nlmsghdr *m = gn_nl_request(b->batch, "%s: cannot make the veth pair", element);

	gn_msg_veth(m, end, bridge == GN_NONE ? 0 : b->plan.bridges[bridge].index);
	gn_nl_end(b->batch, m);
	if (is_switch(b, link, !near))
		queue_enslave(b, element, end[1].index, b->plan.bridge_of[2 * link + (uint32_t)!near]);
}

/* Links of switches all go over one socket; the others over their first node's. */
static int make_links(struct builder *b, struct gn_err *err)
{
	uint32_t done = 0;
	int r;

	gn_nl_use(b->batch, b->net->switches.socket);
	for (uint32_t i = 0; i < b->t->n_links; i++) {
		if (!is_switch(b, i, 0) && !is_switch(b, i, 1))
			continue;
		queue_link(b, i);
		r = report(b, "links", ++done, b->t->n_links, err);
		if (r)
			return r;
	}
	r = gn_nl_flush(b->batch, err);
	for (uint32_t i = 0; !r && i < b->t->n_links; i++) {
		if (is_switch(b, i, 0) || is_switch(b, i, 1))
			continue;
		gn_nl_use(b->batch, b->net->nodes[b->t->links[i].node[0]].socket);
		queue_link(b, i);
		r = gn_nl_flush(b->batch, err);
		if (!r)
			r = report(b, "links", ++done, b->t->n_links, err);
	}
	return r;
}

static int disable_offloads_at(struct builder *b, uint32_t link, int end, struct gn_err *err)
{
	const int socket = is_switch(b, link, end) ? b->net->switches.socket
						   : b->net->nodes[b->t->links[link].node[end]].socket;
	char interface[IFNAMSIZ];
	int r = gn_step(b->steps, err);

	gn_plan_end_name(b->t, link, end, interface);
	if (!r && !b->offload)
		r = gn_offload_new(socket, interface, &b->offload, err);
	if (!r)
		r = gn_offload_disable(b->offload, socket, interface, err);
	return r ? gn_wrap(err, r, "link %s - %s", name_at(b, link, 0), name_at(b, link, 1)) : 0;
}

static int disable_offloads(struct builder *b, struct gn_err *err)
{
	int r = 0;

	if (!gn_network_is_shaped(b->t))
		return 0;
	for (uint32_t i = 0; !r && i < 2 * b->t->n_links; i++)
		r = disable_offloads_at(b, i / 2, (int)(i % 2), err);
	return r;
}

/* Shape what leaves @end. */
static int queue_shape(struct builder *b, uint32_t link, int end, struct gn_err *err)
{
	const struct gn_shape *shape = &b->t->links[link].shape[end];
	struct gn_netem netem;
	char what[GN_NL_WHAT_MAX];

	if (!gn_shape_is_set(shape))
		return 0;
	gn_netem_of(shape, b->t->seed, link, end, &netem);
	snprintf(what, sizeof(what), "link %s - %s: cannot shape what leaves %s", name_at(b, link, 0),
		 name_at(b, link, 1), name_at(b, link, end));
	return gn_netem_queue(b->batch, gn_plan_index(link, end), &netem, what, err);
}

static int queue_port(struct builder *b, uint32_t link, int end, struct gn_err *err)
{
	char element[192];
	int r = queue_shape(b, link, end, err);

	if (r || b->t->links[link].blocked)
		return r;
	snprintf(element, sizeof(element), "link %s - %s", name_at(b, link, 0), name_at(b, link, 1));
	queue_port_up(b, element, gn_plan_index(link, end), gn_plan_is_uplink(b->t, link, end));
	return 0;
}

static void queue_entry(struct builder *b, const struct gn_fdb_entry *entry)
{
	struct nlmsghdr *m =
		gn_nl_request(b->batch, "switches: cannot add the entry for %u.%u.%u.%u", entry->ip >> 24,
			      entry->ip >> 16 & 255, entry->ip >> 8 & 255, entry->ip & 255);
	uint8_t mac[6];

	gn_mac_of(entry->ip, mac);
	gn_msg_fdb(m, entry->index, mac);
	gn_nl_end(b->batch, m);
}

static int configure_switches(struct builder *b, struct gn_err *err)
{
	int r = 0;

	if (!b->plan.n_bridges)
		return 0;
	gn_nl_use(b->batch, b->net->switches.socket);
	for (uint32_t i = 0; !r && i < 2 * b->t->n_links; i++)
		if (is_switch(b, i / 2, (int)(i % 2)))
			r = queue_port(b, i / 2, (int)(i % 2), err);
	for (size_t i = 0; !r && i < b->plan.n_entries; i++) {
		queue_entry(b, &b->plan.entries[i]);
		r = report(b, "switches", (uint32_t)i + 1, (uint32_t)b->plan.n_entries, err);
	}
	return r ? r : gn_nl_flush(b->batch, err);
}

static int queue_interface(struct builder *b, const struct gn_node *n, uint32_t k, struct gn_err *err)
{
	const struct gn_port *port = &b->t->ports[n->first_port + k];
	const uint32_t index = gn_plan_index(port->link, port->end);
	struct nlmsghdr *m;
	int r = queue_shape(b, port->link, port->end, err);

	if (r)
		return r;
	m = gn_nl_request(b->batch, "node %s: cannot configure eth%" PRIu32, n->name, k);
	gn_msg_settings(m, index, n->kind == GN_ROUTER, b->settings.ipv6);
	gn_nl_end(b->batch, m);
	m = gn_nl_request(b->batch, "node %s: cannot raise eth%" PRIu32, n->name, k);
	gn_msg_up(m, index);
	gn_nl_end(b->batch, m);
	m = gn_nl_request(b->batch, "node %s: cannot give eth%" PRIu32 " its address", n->name, k);
	gn_msg_address(m, index, n->ip, port->prefix_bits);
	gn_nl_end(b->batch, m);
	return 0;
}

struct next_hop {
	uint32_t index; /* of the interface */
	uint32_t ip;
	uint32_t mac_ip; /* gn_mac_of() this is its MAC address */
};

static struct next_hop next_hop_of(const struct gn_topology *t, const struct gn_node *n,
				   const struct gn_route *r)
{
	const struct gn_port *port = &t->ports[n->first_port + r->port];
	const uint32_t index = gn_plan_index(port->link, port->end);

	if (r->via == GN_NONE)
		return (struct next_hop){ index, GN_LAN_NEXT_HOP, GN_LAN_MAC_IP };
	return (struct next_hop){ index, t->nodes[r->via].ip, t->nodes[r->via].ip };
}

static int compare_next_hops(const void *a, const void *b)
{
	const struct next_hop *x = a, *y = b;

	if (x->index != y->index)
		return x->index < y->index ? -1 : 1;
	return x->ip == y->ip ? 0 : x->ip < y->ip ? -1 : 1;
}

/* One permanent neighbour per next hop, however many routes lead over it. */
static int queue_neighbours(struct builder *b, const struct gn_node *n, struct gn_err *err)
{
	GN_CLEANUP(gn_free_p) struct next_hop *hops = calloc(n->n_routes + 1, sizeof(*hops));
	uint8_t mac[6];

	if (!hops)
		return gn_fail(err, -ENOMEM, "node %s: no memory for its routes", n->name);
	for (uint32_t i = 0; i < n->n_routes; i++)
		hops[i] = next_hop_of(b->t, n, &b->t->routes[n->first_route + i]);
	qsort(hops, n->n_routes, sizeof(*hops), compare_next_hops);
	for (uint32_t i = 0; i < n->n_routes; i++) {
		if (i && !compare_next_hops(&hops[i], &hops[i - 1]))
			continue;
		struct nlmsghdr *m = gn_nl_request(b->batch, "node %s: cannot add a neighbour", n->name);

		gn_mac_of(hops[i].mac_ip, mac);
		gn_msg_neighbour(m, hops[i].index, hops[i].ip, mac);
		gn_nl_end(b->batch, m);
	}
	return 0;
}

static void queue_routes(struct builder *b, const struct gn_node *n)
{
	for (uint32_t i = 0; i < n->n_routes; i++) {
		const struct gn_route *r = &b->t->routes[n->first_route + i];
		const struct next_hop hop = next_hop_of(b->t, n, r);
		struct nlmsghdr *m = gn_nl_request(
			b->batch, "node %s: cannot add the route to %u.%u.%u.%u/%u", n->name, r->prefix >> 24,
			r->prefix >> 16 & 255, r->prefix >> 8 & 255, r->prefix & 255, r->bits);

		gn_msg_route(m, &(struct gn_msg_route){ .prefix = r->prefix,
							.bits = r->bits,
							.index = hop.index,
							.gateway = hop.ip,
							.source = n->ip });
		gn_nl_end(b->batch, m);
	}
}

static int configure_node(struct builder *b, uint32_t node, struct gn_err *err)
{
	const struct gn_node *n = &b->t->nodes[node];
	int r = 0;

	gn_nl_use(b->batch, b->net->nodes[node].socket);
	struct nlmsghdr *m = gn_nl_request(b->batch, "node %s: cannot raise lo", n->name);

	gn_msg_up(m, GN_LOOPBACK);
	gn_nl_end(b->batch, m);
	for (uint32_t k = 0; !r && k < n->n_ports; k++)
		r = queue_interface(b, n, k, err);
	if (!r)
		r = queue_neighbours(b, n, err);
	if (r)
		return r;
	queue_routes(b, n);
	return gn_nl_flush(b->batch, err);
}

static int configure_nodes(struct builder *b, struct gn_err *err)
{
	int r = 0;

	for (uint32_t i = 0; !r && i < b->t->n_nodes; i++) {
		if (b->t->nodes[i].kind != GN_SWITCH)
			r = configure_node(b, i, err);
		if (!r)
			r = report(b, "nodes", i + 1, b->t->n_nodes, err);
	}
	return r;
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
		make_namespaces,    make_switches,   make_links, disable_offloads,
		configure_switches, configure_nodes, check,
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
