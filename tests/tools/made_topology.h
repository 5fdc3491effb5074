/* SPDX-License-Identifier: MIT */
/*
 * Topologies made by hand, for the tests of src/net: nodes and links one by one, then made_finish()
 * works out the ports. Addresses, LANs, uplinks and routes are given, not computed: the test says
 * what src/net has to do.
 */
#ifndef MADE_TOPOLOGY_H
#define MADE_TOPOLOGY_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "topo/topology.h"

struct made {
	struct gn_topology t;
	struct gn_node *nodes;
	struct gn_link *links;
	struct gn_port *ports;
	struct gn_route *routes;
	uint32_t *route_node;
	size_t nodes_cap, links_cap, routes_cap, route_node_cap;
};

#define LAN_BITS 16

GN_UNUSED static uint32_t made_node(struct made *m, enum gn_kind kind, uint32_t ip, uint32_t lan)
{
	static const char *const letter[] = { "n", "sw", "r" };
	const uint32_t id = m->t.n_nodes++;

	if (gn_grow(&m->nodes, id, &m->nodes_cap, sizeof(*m->nodes)))
		abort();
	m->nodes[id] = (struct gn_node){
		.name = gn_format("%s%u", letter[kind], id),
		.group = "made",
		.kind = kind,
		.ip = ip,
		.member = GN_NONE,
		.uplink = GN_NONE,
		.lan = lan,
	};
	return id;
}

#define made_host(m, ip)    made_node(m, GN_HOST, ip, GN_NONE)
#define made_router(m, ip)  made_node(m, GN_ROUTER, ip, GN_NONE)
#define made_switch(m, lan) made_node(m, GN_SWITCH, 0, lan)

GN_UNUSED static uint32_t made_link(struct made *m, uint32_t a, uint32_t b)
{
	const uint32_t id = m->t.n_links++;

	if (gn_grow(&m->links, id, &m->links_cap, sizeof(*m->links)))
		abort();
	m->links[id] = (struct gn_link){ .node = { a, b } };
	return id;
}

/* @port: the node's interface number. */
GN_UNUSED static void made_route(struct made *m, uint32_t node, uint32_t prefix, uint8_t bits, uint16_t port,
				 uint32_t via)
{
	const uint32_t id = m->t.n_routes++;

	if (gn_grow(&m->routes, id, &m->routes_cap, sizeof(*m->routes)) ||
	    gn_grow(&m->route_node, id, &m->route_node_cap, sizeof(*m->route_node)))
		abort();
	m->routes[id] = (struct gn_route){ .prefix = prefix, .bits = bits, .port = port, .via = via };
	m->route_node[id] = node;
}

/* Bring the routes into the order of their nodes, stably. */
static void made_sort_routes(struct made *m)
{
	struct gn_route *sorted = calloc(m->t.n_routes + 1, sizeof(*sorted));
	uint32_t n = 0;

	for (uint32_t i = 0; i < m->t.n_nodes; i++) {
		m->nodes[i].first_route = n;
		for (uint32_t k = 0; k < m->t.n_routes; k++)
			if (m->route_node[k] == i)
				sorted[n++] = m->routes[k];
		m->nodes[i].n_routes = n - m->nodes[i].first_route;
	}
	free(m->routes);
	m->routes = sorted;
}

GN_UNUSED static const struct gn_topology *made_finish(struct made *m)
{
	uint32_t *next;

	for (uint32_t i = 0; i < m->t.n_links; i++)
		for (int e = 0; e < 2; e++)
			m->links[i].port[e] = m->nodes[m->links[i].node[e]].n_ports++;
	for (uint32_t i = 0; i < m->t.n_nodes; i++) {
		m->nodes[i].first_port = m->t.n_ports;
		m->t.n_ports += m->nodes[i].n_ports;
	}
	m->ports = calloc(m->t.n_ports + 1, sizeof(*m->ports));
	next = calloc(m->t.n_nodes + 1, sizeof(*next));
	for (uint32_t i = 0; i < m->t.n_links; i++) {
		for (int e = 0; e < 2; e++) {
			const uint32_t node = m->links[i].node[e];
			const bool lan = m->nodes[m->links[i].node[!e]].kind == GN_SWITCH;

			m->ports[m->nodes[node].first_port + next[node]++] = (struct gn_port){
				.link = i, .end = (uint8_t)e, .prefix_bits = lan ? LAN_BITS : 32
			};
		}
	}
	free(next);
	made_sort_routes(m);
	m->t.name = "made";
	m->t.seed = 1;
	m->t.nodes = m->nodes;
	m->t.links = m->links;
	m->t.ports = m->ports;
	m->t.routes = m->routes;
	return &m->t;
}

GN_UNUSED static void made_done(struct made *m)
{
	for (uint32_t i = 0; i < m->t.n_nodes; i++)
		free((char *)(uintptr_t)m->nodes[i].name);
	free(m->nodes);
	free(m->links);
	free(m->ports);
	free(m->routes);
	free(m->route_node);
	memset(m, 0, sizeof(*m));
}

/* The k-th address (from 0) of LAN number @lan: 10.<lan>.0.1 and up. */
GN_UNUSED static uint32_t made_ip(uint32_t lan, uint32_t k)
{
	return GN_ADDRESS_POOL + (lan << 16) + 1 + k;
}

/* A switch (node 0) with @n hosts. */
GN_UNUSED static const struct gn_topology *made_lan(struct made *m, uint32_t n)
{
	const uint32_t sw = made_switch(m, 0);

	for (uint32_t i = 0; i < n; i++) {
		const uint32_t host = made_host(m, made_ip(0, i));

		made_link(m, host, sw);
		made_route(m, host, GN_ADDRESS_POOL, LAN_BITS, 0, GN_NONE);
	}
	return made_finish(m);
}

#endif
