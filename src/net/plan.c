/* SPDX-License-Identifier: MIT */
#include "net/plan.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static uint32_t leaves_of(const struct gn_node *n)
{
	return n->n_ports <= GN_BRIDGE_PORTS ? 0 : (n->n_ports + GN_BRIDGE_PORTS - 2) / (GN_BRIDGE_PORTS - 1);
}

bool gn_plan_is_uplink(const struct gn_topology *t, uint32_t link, int end)
{
	return t->nodes[t->links[link].node[end]].uplink == link;
}

static uint32_t other_end(const struct gn_topology *t, uint32_t link, uint32_t node)
{
	return t->links[link].node[0] == node ? 1 : 0;
}

static int count_bridges(const struct gn_topology *t, uint32_t *ret, struct gn_err *err)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < t->n_nodes; i++) {
		if (t->nodes[i].kind != GN_SWITCH)
			continue;
		if (leaves_of(&t->nodes[i]) > GN_BRIDGE_PORTS - 1)
			return gn_fail(err, -EINVAL, "switch %s: %" PRIu32 " links are too many",
				       t->nodes[i].name, t->nodes[i].n_ports);
		n += 1 + leaves_of(&t->nodes[i]);
	}
	*ret = n;
	return 0;
}

/* The core comes first, its leaves after it. Indexes follow those of the links. */
static void make_bridges(struct gn_plan *p, const struct gn_topology *t, uint32_t node)
{
	const uint32_t core = p->n_bridges, n_leaves = leaves_of(&t->nodes[node]);
	const uint32_t base = gn_plan_index(t->n_links, 0);

	for (uint32_t i = 0; i <= n_leaves; i++) {
		const uint32_t number = p->n_bridges++;

		p->bridges[number] = (struct gn_bridge){
			.node = node,
			.leaf = i ? i - 1 : GN_NONE,
			.index = base + 3 * number,
			.parent = i ? core : GN_NONE,
			.down = i ? base + 3 * number + 1 : 0,
			.trunk = { base + 3 * number + 1, base + 3 * number + 2 },
		};
	}
}

/* Deal the ports out to the leaves, in turn: equally many each. The uplink stays at the core. */
static void assign_ports(struct gn_plan *p, const struct gn_topology *t, uint32_t node, uint32_t core)
{
	const struct gn_node *n = &t->nodes[node];
	const uint32_t n_leaves = leaves_of(n);

	for (uint32_t k = 0; k < n->n_ports; k++) {
		const struct gn_port *port = &t->ports[n->first_port + k];
		const bool at_core = !n_leaves || port->link == n->uplink;

		p->bridge_of[2 * port->link + port->end] = at_core ? core : core + 1 + k % n_leaves;
	}
}

static int join_tree(struct gn_plan *p, const struct gn_topology *t, struct gn_err *err)
{
	for (uint32_t i = 0; i < p->n_bridges; i++) {
		struct gn_bridge *b = &p->bridges[i];
		const uint32_t up = t->nodes[b->node].uplink;

		if (b->leaf != GN_NONE || up == GN_NONE)
			continue;
		const uint32_t end = other_end(t, up, b->node);

		b->parent = p->bridge_of[2 * up + end];
		b->down = gn_plan_index(up, (int)end);
		if (b->parent == GN_NONE || t->links[up].blocked)
			return gn_fail(err, -EINVAL, "switch %s: its uplink does not lead to a switch",
				       t->nodes[b->node].name);
	}
	return 0;
}

static int add_entry(struct gn_plan *p, uint32_t index, uint32_t ip, struct gn_err *err)
{
	if (gn_grow(&p->entries, p->n_entries, &p->entries_cap, sizeof(*p->entries)))
		return gn_fail(err, -ENOMEM, "no memory for the switches' entries");
	p->entries[p->n_entries++] = (struct gn_fdb_entry){ .index = index, .ip = ip };
	return 0;
}

/* Tell the bridge @b, where @ip is behind @index, and all bridges above it. */
static int add_path(struct gn_plan *p, uint32_t b, uint32_t index, uint32_t ip, struct gn_err *err)
{
	for (uint32_t steps = 0; b != GN_NONE; steps++) {
		if (steps > p->n_bridges)
			return gn_fail(err, -EINVAL, "the uplinks of the switches form a ring");
		int r = add_entry(p, index, ip, err);
		if (r)
			return r;
		index = p->bridges[b].down;
		b = p->bridges[b].parent;
	}
	return 0;
}

/* The bridge that the k-th port of a host or router leads to, or GN_NONE. */
static uint32_t bridge_behind(const struct gn_plan *p, const struct gn_topology *t, const struct gn_node *n,
			      uint32_t k)
{
	const struct gn_port *port = &t->ports[n->first_port + k];

	return p->bridge_of[2 * port->link + !port->end];
}

/* A node's first port on a LAN is where the LAN sends what is for it. */
static bool is_first_on_lan(const struct gn_plan *p, const struct gn_topology *t, const struct gn_node *n,
			    uint32_t k)
{
	const uint32_t lan = t->nodes[p->bridges[bridge_behind(p, t, n, k)].node].lan;

	for (uint32_t i = 0; i < k; i++) {
		const uint32_t b = bridge_behind(p, t, n, i);

		if (b != GN_NONE && t->nodes[p->bridges[b].node].lan == lan)
			return false;
	}
	return true;
}

static int add_entries_of(struct gn_plan *p, const struct gn_topology *t, const struct gn_node *n,
			  struct gn_err *err)
{
	for (uint32_t k = 0; k < n->n_ports; k++) {
		const struct gn_port *port = &t->ports[n->first_port + k];
		const uint32_t b = bridge_behind(p, t, n, k);

		if (b == GN_NONE || !is_first_on_lan(p, t, n, k))
			continue;
		int r = add_path(p, b, gn_plan_index(port->link, !port->end), n->ip, err);
		if (r)
			return r;
	}
	return 0;
}

static int fill(struct gn_plan *p, const struct gn_topology *t, struct gn_err *err)
{
	uint32_t n_bridges = 0;
	int r = count_bridges(t, &n_bridges, err);

	if (r)
		return r;
	p->bridges = calloc(n_bridges ? n_bridges : 1, sizeof(*p->bridges));
	p->bridge_of = malloc((2 * (size_t)t->n_links + 1) * sizeof(*p->bridge_of));
	if (!p->bridges || !p->bridge_of)
		return gn_fail(err, -ENOMEM, "no memory for the plan of the switches");
	memset(p->bridge_of, 0xff, 2 * (size_t)t->n_links * sizeof(*p->bridge_of));

	for (uint32_t i = 0; i < t->n_nodes; i++) {
		const uint32_t core = p->n_bridges;

		if (t->nodes[i].kind != GN_SWITCH)
			continue;
		make_bridges(p, t, i);
		assign_ports(p, t, i, core);
	}
	r = join_tree(p, t, err);
	for (uint32_t i = 0; !r && i < t->n_nodes; i++)
		if (t->nodes[i].kind != GN_SWITCH)
			r = add_entries_of(p, t, &t->nodes[i], err);
	return r;
}

int gn_plan_init(struct gn_plan *p, const struct gn_topology *t, struct gn_err *err)
{
	int r;

	memset(p, 0, sizeof(*p));
	r = fill(p, t, err);
	if (r)
		gn_plan_done(p);
	return r;
}

void gn_plan_done(struct gn_plan *p)
{
	free(p->bridges);
	free(p->bridge_of);
	free(p->entries);
	memset(p, 0, sizeof(*p));
}

void gn_plan_end_name(const struct gn_topology *t, uint32_t link, int end, char name[IFNAMSIZ])
{
	const struct gn_link *l = &t->links[link];
	const bool between_switches = t->nodes[l->node[!end]].kind == GN_SWITCH;

	if (t->nodes[l->node[end]].kind != GN_SWITCH)
		snprintf(name, IFNAMSIZ, "eth%" PRIu32, l->port[end]);
	else
		snprintf(name, IFNAMSIZ, "p%" PRIu32 "%s", link, !between_switches ? "" : end ? "b" : "a");
}

void gn_plan_bridge_name(const struct gn_bridge *b, char name[IFNAMSIZ])
{
	if (b->leaf == GN_NONE)
		snprintf(name, IFNAMSIZ, "sw%" PRIu32, b->node);
	else /* the index, because node and leaf might not fit */
		snprintf(name, IFNAMSIZ, "leaf%" PRIu32, b->index);
}

void gn_plan_trunk_name(const struct gn_bridge *b, int end, char name[IFNAMSIZ])
{
	snprintf(name, IFNAMSIZ, "trunk%" PRIu32 "%s", b->index, end ? "u" : "d");
}

void gn_plan_shared_name(uint32_t node, enum gn_way way, char name[IFNAMSIZ])
{
	snprintf(name, IFNAMSIZ, "shared%" PRIu32 "%s", node, way == GN_TO_SWITCH ? "u" : "d");
}
