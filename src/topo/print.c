/* SPDX-License-Identifier: MIT */
/* The plan as text: one element per line, the first word says which kind. */
#include <inttypes.h>
#include <stdio.h>

#include "topo/planning.h"

static const char *ip_text(uint32_t ip, char buf[16])
{
	snprintf(buf, 16, "%u.%u.%u.%u", ip >> 24, ip >> 16 & 255, ip >> 8 & 255, ip & 255);
	return buf;
}

static const char *kind_text(enum gn_kind kind)
{
	switch (kind) {
	case GN_HOST:
		return "host";
	case GN_SWITCH:
		return "switch";
	case GN_ROUTER:
		return "router";
	}
	return "";
}

static const char *overlay_text(enum gn_overlay overlay)
{
	switch (overlay) {
	case GN_OVERLAY_FULL:
		return "full";
	case GN_OVERLAY_RING:
		return "ring";
	case GN_OVERLAY_K_REGULAR:
		return "k-regular";
	case GN_OVERLAY_NEIGHBOURS:
		return "neighbours";
	}
	return "";
}

static const char *duration_text(gn_dur d, char buf[GN_UNIT_TEXT])
{
	return gn_unit_format(GN_QUANTITY_DURATION, d, buf);
}

static void print_header(const struct gn_topology *t, FILE *f)
{
	uint32_t kinds[3] = { 0 };
	char text[GN_UNIT_TEXT];

	for (uint32_t v = 0; v < t->n_nodes; v++)
		kinds[t->nodes[v].kind]++;
	fprintf(f, "topology %s\n", t->name);
	fprintf(f, "nodes %u: hosts %u, switches %u, routers %u\n", t->n_nodes, kinds[GN_HOST],
		kinds[GN_SWITCH], kinds[GN_ROUTER]);
	fprintf(f, "links %u, lans %u, routes %u\n", t->n_links, t->n_lans, t->n_routes);
	fprintf(f, "seed %" PRIu64 ", duration %s%s, log %s\n", t->seed, duration_text(t->duration, text),
		t->until_informed ? ", until informed" : "",
		t->log == GN_RECORDS_CALLS ? "calls" : "arrivals");
	fprintf(f, "gossip %s: members %u, fanout %u, period %s, overlay %s", t->gossip.protocol,
		t->gossip.n_members, t->gossip.fanout, duration_text(t->gossip.period, text),
		overlay_text(t->gossip.overlay));
	if (t->gossip.overlay == GN_OVERLAY_K_REGULAR)
		fprintf(f, ", degree %u", t->gossip.degree);
	fprintf(f, "\nevents %u\n", t->n_events);
}

static void print_node(const struct gn_topology *t, uint32_t v, FILE *f)
{
	const struct gn_node *n = &t->nodes[v];
	char ip[16];

	fprintf(f, "node %s %s", n->name, kind_text(n->kind));
	if (n->kind != GN_SWITCH)
		fprintf(f, " %s", ip_text(n->ip, ip));
	else
		fprintf(f, " lan %u", n->lan);
	if (n->kind == GN_SWITCH && n->uplink == GN_NONE)
		fprintf(f, " root");
	else if (n->kind == GN_SWITCH)
		fprintf(f, " uplink %u", n->uplink);
	fprintf(f, " ports %u\n", n->n_ports);
}

static void print_end(const struct gn_topology *t, const struct gn_link *l, int end, FILE *f)
{
	const struct gn_node *n = &t->nodes[l->node[end]];

	fprintf(f, " %s:%s%u", n->name, n->kind == GN_SWITCH ? "port" : "eth", l->port[end]);
}

static void print_shape(const struct gn_shape *s, FILE *f)
{
	char text[GN_UNIT_TEXT];

	if (!gn_shape_is_set(s)) {
		fprintf(f, " unshaped\n");
		return;
	}
	if (s->delay)
		fprintf(f, " delay %s", duration_text(s->delay, text));
	if (s->jitter)
		fprintf(f, " jitter %s%s", duration_text(s->jitter, text),
			s->rate_bps ? "" : " (may reorder)");
	if (s->loss_ppm)
		fprintf(f, " loss %s", gn_unit_format(GN_QUANTITY_LOSS, s->loss_ppm, text));
	if (s->rate_bps)
		fprintf(f, " rate %s", gn_unit_format(GN_QUANTITY_RATE, s->rate_bps, text));
	fprintf(f, " limit %u\n", s->limit);
}

/* A line for each direction. */
static void print_link(const struct gn_topology *t, uint32_t number, FILE *f)
{
	const struct gn_link *l = &t->links[number];

	for (int d = 0; d < 2; d++) {
		fprintf(f, "link %u", number);
		print_end(t, l, d, f);
		fprintf(f, " ->");
		print_end(t, l, !d, f);
		if (l->blocked)
			fprintf(f, " blocked");
		print_shape(&l->shape[d], f);
	}
}

static void print_routes(const struct gn_topology *t, uint32_t v, FILE *f)
{
	const struct gn_node *n = &t->nodes[v];
	char ip[16];

	for (uint32_t i = 0; i < n->n_routes; i++) {
		const struct gn_route *r = &t->routes[n->first_route + i];

		fprintf(f, "route %s %s/%u eth%u", n->name, ip_text(r->prefix, ip), r->bits, r->port);
		if (r->via == GN_NONE)
			fprintf(f, " on its LAN\n");
		else
			fprintf(f, " via %s\n", t->nodes[r->via].name);
	}
}

static void print_member(const struct gn_topology *t, uint32_t m, FILE *f)
{
	const struct gn_gossip *g = &t->gossip;

	fprintf(f, "member %u %s partners", m, t->nodes[g->members[m]].name);
	if (!g->first_peer)
		fprintf(f, " all");
	for (uint32_t i = g->first_peer ? g->first_peer[m] : 0; g->first_peer && i < g->first_peer[m + 1];
	     i++)
		fprintf(f, " %s", t->nodes[g->members[g->peers[i]]].name);
	fprintf(f, "\n");
}

static void print_event(const struct gn_topology *t, uint32_t number, FILE *f)
{
	const struct gn_event_plan *e = &t->events[number];
	char text[GN_UNIT_TEXT];

	fprintf(f, "event %u at %s from %s size %u", number + 1, duration_text(e->at, text),
		t->nodes[e->node].name, e->size);
	if (*e->label)
		fprintf(f, " label %s", e->label);
	fprintf(f, "\n");
}

void gn_topology_print(const struct gn_topology *t, FILE *f)
{
	print_header(t, f);
	for (uint32_t v = 0; v < t->n_nodes; v++)
		print_node(t, v, f);
	for (uint32_t l = 0; l < t->n_links; l++)
		print_link(t, l, f);
	for (uint32_t v = 0; v < t->n_nodes; v++)
		print_routes(t, v, f);
	for (uint32_t m = 0; m < t->gossip.n_members; m++)
		print_member(t, m, f);
	for (uint32_t e = 0; e < t->n_events; e++)
		print_event(t, e, f);
}
