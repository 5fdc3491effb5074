/* SPDX-License-Identifier: MIT */
#include <inttypes.h>

#include "net/builder.h"
#include "net/message.h"

static int queue_interface(struct builder *b, const struct gn_node *n, uint32_t k, struct gn_err *err)
{
	const struct gn_port *port = &b->t->ports[n->first_port + k];
	const uint32_t index = gn_plan_index(port->link, port->end);
	struct nlmsghdr *m;
	int r = gn_build_queue_shape(b, port->link, port->end, err);

	if (r)
		return r;
	gn_build_queue_filters(b, port->link, port->end);
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

int gn_build_node_settings(struct builder *b, struct gn_err *err)
{
	int r = 0;

	for (uint32_t i = 0; !r && i < b->t->n_nodes; i++) {
		if (b->t->nodes[i].kind != GN_SWITCH)
			r = configure_node(b, i, err);
		if (!r)
			r = gn_build_report(b, "nodes", i + 1, b->t->n_nodes, err);
	}
	return r;
}
