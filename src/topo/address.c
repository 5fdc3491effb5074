/* SPDX-License-Identifier: MIT */
/*
 * One address for each host and router, from 10.0.0.0/8, so that routes aggregate: each LAN has an
 * aligned block; so have the stub hosts of each router, hosts whose only link goes to it, with the router
 * itself where that is not on a LAN; the rest follows one by one.
 */
#include "topo/planning.h"

struct allocation {
	struct gn_planning *p;
	uint32_t next; /* offset in the pool */
	bool exhausted;
};

static bool is_free(const struct gn_planning *p, uint32_t v)
{
	return p->nodes[v].kind != GN_SWITCH && !p->nodes[v].ip;
}

/* Room for @n addresses, aligned to the power of two that holds them. Return: its offset; *ret_size. */
static uint32_t take_block(struct allocation *a, uint32_t n, uint32_t *ret_size)
{
	uint64_t size = 1, start;

	while (size < n)
		size *= 2;
	start = (a->next + size - 1) / size * size;
	if (start + size > a->p->limits->addresses) {
		a->exhausted = true;
		start = 0;
	} else {
		a->next = (uint32_t)(start + size);
	}
	*ret_size = (uint32_t)size;
	return (uint32_t)start;
}

static void assign(struct gn_planning *p, uint32_t v, uint32_t offset)
{
	p->nodes[v].ip = GN_ADDRESS_POOL + offset;
	p->by_address[p->n_addresses++] = v;
}

/* The LAN of a node's first port that leads to one. */
static uint32_t first_lan(const struct gn_planning *p, uint32_t v)
{
	const struct gn_node *n = &p->nodes[v];

	for (uint32_t k = 0; k < n->n_ports; k++) {
		uint32_t lan = p->nodes[gn_peer_of(&p->t, &p->ports[n->first_port + k])].lan;

		if (lan != GN_NONE)
			return lan;
	}
	return GN_NONE;
}

static void address_lan(struct allocation *a, uint32_t number)
{
	struct gn_planning *p = a->p;
	struct gn_lan *lan = &p->lans[number];
	const uint32_t *members = &p->lan_members[lan->first_member];
	uint32_t size, start;

	for (uint32_t i = 0; i < lan->n_members; i++)
		lan->n_own += is_free(p, members[i]) && first_lan(p, members[i]) == number;
	if (!lan->n_own)
		return;
	start = take_block(a, lan->n_own + 2, &size); /* and the network's and the broadcast address */
	if (a->exhausted)
		return;
	lan->prefix = GN_ADDRESS_POOL + start;
	lan->bits = (uint8_t)(32 - __builtin_ctz(size));
	for (uint32_t i = 0; i < lan->n_members; i++) {
		if (is_free(p, members[i]) && first_lan(p, members[i]) == number)
			assign(p, members[i], ++start);
	}
}

/* The router at the other end of a host's only link, or GN_NONE. */
static uint32_t router_of(const struct gn_planning *p, uint32_t v)
{
	const struct gn_node *n = &p->nodes[v];
	uint32_t other;

	if (n->kind != GN_HOST || n->n_ports != 1)
		return GN_NONE;
	other = gn_peer_of(&p->t, &p->ports[n->first_port]);
	return p->nodes[other].kind == GN_ROUTER ? other : GN_NONE;
}

static void address_stubs(struct allocation *a, uint32_t router)
{
	struct gn_planning *p = a->p;
	const struct gn_node *n = &p->nodes[router];
	bool with_router = is_free(p, router);
	uint32_t stubs = 0, size, start;

	for (uint32_t k = 0; k < n->n_ports; k++)
		stubs += router_of(p, gn_peer_of(&p->t, &p->ports[n->first_port + k])) == router;
	if (!stubs)
		return;
	start = take_block(a, stubs + with_router, &size);
	if (a->exhausted)
		return;
	if (with_router)
		assign(p, router, start++);
	for (uint32_t k = 0; k < n->n_ports; k++) {
		uint32_t other = gn_peer_of(&p->t, &p->ports[n->first_port + k]);

		if (router_of(p, other) == router)
			assign(p, other, start++);
	}
}

static void set_prefix_bits(struct gn_planning *p)
{
	for (uint32_t i = 0; i < p->t.n_ports; i++) {
		struct gn_port *port = &p->ports[i];
		const struct gn_node *n = &p->nodes[p->links[port->link].node[port->end]];
		uint32_t lan = p->nodes[gn_peer_of(&p->t, port)].lan;

		if (n->kind == GN_SWITCH || lan == GN_NONE || !p->lans[lan].n_own)
			continue;
		if (n->ip >> (32 - p->lans[lan].bits) == p->lans[lan].prefix >> (32 - p->lans[lan].bits))
			port->prefix_bits = p->lans[lan].bits;
	}
}

int gn_planning_addresses(struct gn_planning *p)
{
	struct allocation a = { .p = p };
	uint32_t size;

	p->by_address = malloc((p->t.n_nodes + 1u) * sizeof(*p->by_address));
	if (!p->by_address)
		return -ENOMEM;
	for (uint32_t i = 0; i < p->t.n_lans && !a.exhausted; i++)
		address_lan(&a, i);
	a.next = GN_MAX(a.next, 1u); /* nobody is called 10.0.0.0 */
	for (uint32_t v = 0; v < p->t.n_nodes && !a.exhausted; v++) {
		if (p->nodes[v].kind == GN_ROUTER)
			address_stubs(&a, v);
	}
	for (uint32_t v = 0; v < p->t.n_nodes && !a.exhausted; v++) {
		if (!is_free(p, v))
			continue;
		uint32_t start = take_block(&a, 1, &size);

		if (!a.exhausted)
			assign(p, v, start);
	}
	if (a.exhausted)
		gn_fault_at(p->report, gn_planning_start(p),
			    "out of addresses: 10.0.0.0/8 cannot hold these networks");
	else
		set_prefix_bits(p);
	return 0;
}
