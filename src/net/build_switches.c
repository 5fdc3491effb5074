/* SPDX-License-Identifier: MIT */
#include <linux/netlink.h>
#include <stdio.h>

#include "net/builder.h"
#include "net/message.h"
#include "net/nft.h"

/* Interfaces of switches have addresses that no node has; the first bytes tell them apart. */
void gn_build_switch_mac(uint32_t index, uint8_t mac[6])
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
	gn_build_switch_mac(bridge->index, mac);
	gn_msg_bridge(m, interface, bridge->index, mac, name);
	gn_nl_end(b->batch, m);
}

void gn_build_queue_enslave(struct builder *b, const char *element, uint32_t index, uint32_t bridge)
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
		gn_build_switch_mac(bridge->trunk[e], end[e].mac);
		gn_plan_trunk_name(bridge, e, end[e].name);
	}
	struct nlmsghdr *m = gn_nl_request(b->batch, "%s: cannot make it", element);

	gn_msg_veth(m, end, b->plan.bridges[bridge->parent].index);
	gn_nl_end(b->batch, m);
	gn_build_queue_enslave(b, element, bridge->trunk[1], leaf);
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
int gn_build_switches(struct builder *b, struct gn_err *err)
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

/* Where the members of a shared switch queue, to it and from it. */
static int queue_shared(struct builder *b, uint32_t node, struct gn_err *err)
{
	const char *name = b->t->nodes[node].name;
	int r = 0;

	for (enum gn_way way = GN_TO_SWITCH; !r && way <= GN_FROM_SWITCH; way++) {
		const uint32_t index = gn_plan_shared_index(node, way);
		struct nlmsghdr *m =
			gn_nl_request(b->batch, "switch %s: cannot make its shared queues", name);
		char interface[IFNAMSIZ];

		gn_plan_shared_name(node, way, interface);
		gn_msg_queue_device(m, interface, index, name);
		gn_nl_end(b->batch, m);
		r = gn_shapes_queue_shared(&b->net->shapes, b->batch, node, way, false, err);
		m = gn_nl_request(b->batch, "switch %s: cannot raise its shared queues", name);
		gn_msg_up(m, index);
		gn_nl_end(b->batch, m);
	}
	return r;
}

static int queue_port(struct builder *b, uint32_t link, int end, struct gn_err *err)
{
	char element[GN_LINK_NAME_MAX];
	int r = gn_build_queue_shape(b, link, end, err);

	if (r || b->t->links[link].blocked)
		return r;
	gn_build_queue_filters(b, link, end);
	gn_build_link_name(b, link, element);
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

int gn_build_switch_settings(struct builder *b, struct gn_err *err)
{
	int r = 0;

	if (!b->plan.n_bridges)
		return 0;
	gn_nl_use(b->batch, b->net->switches.socket);
	for (uint32_t i = 0; !r && i < b->t->n_nodes; i++)
		if (b->t->nodes[i].shared)
			r = queue_shared(b, i, err);
	for (uint32_t i = 0; !r && i < 2 * b->t->n_links; i++)
		if (gn_build_is_switch(b, i / 2, (int)(i % 2)))
			r = queue_port(b, i / 2, (int)(i % 2), err);
	for (size_t i = 0; !r && i < b->plan.n_entries; i++) {
		queue_entry(b, &b->plan.entries[i]);
		r = gn_build_report(b, "switches", (uint32_t)i + 1, (uint32_t)b->plan.n_entries, err);
	}
	return r ? r : gn_nl_flush(b->batch, err);
}
