/* SPDX-License-Identifier: MIT */
/* The plan as text: one element per line, the first word says which kind. */
#include <inttypes.h>
#include <stdio.h>

#include "topo/planning.h"
#include "topo/shape.h"

/* More members of an ideal network are not printed one by one. */
enum { MEMBERS_PRINTED = 1000 };

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

static const char *duration_text(gn_dur d, char buf[GN_UNIT_TEXT])
{
	return gn_unit_format(GN_QUANTITY_DURATION, d, buf);
}

/* How many partners members have. */
static void print_partners(const struct gn_gossip *g, FILE *f)
{
	uint32_t min = UINT32_MAX, max = 0;

	for (uint32_t m = 0; m < g->n_members; m++) {
		uint32_t n = g->first_peer[m + 1] - g->first_peer[m];

		min = GN_MIN(min, n);
		max = GN_MAX(max, n);
	}
	if (min == max)
		fprintf(f, ", partners %u", min);
	else
		fprintf(f, ", partners %u to %u", min, max);
	if (g->counted)
		fprintf(f, ", counted %u", g->n_counted);
}

static void print_gossip(const struct gn_topology *t, FILE *f)
{
	const struct gn_gossip *g = &t->gossip;
	char text[GN_PARAMETER_TEXT];

	fprintf(f, "gossip %s: members %u, fanout %u, period %s, clock %s", g->protocol->name, g->n_members,
		g->fanout, duration_text(g->period, text), gn_clock_name(g->clock));
	if (g->forget_after)
		fprintf(f, ", forget after %u rounds", g->forget_after);
	if (g->lost_interest_ppm)
		fprintf(f, ", forget with probability %s",
			gn_unit_format(GN_QUANTITY_DECIMAL, g->lost_interest_ppm, text));
	fprintf(f, ", overlay %s", gn_overlay_name(g->overlay));
	if (g->first_peer)
		print_partners(g, f);
	if (g->avoid_last)
		fprintf(f, ", memory");
	fprintf(f, "\n");
	for (uint32_t i = 0; i < g->protocol->n_parameters; i++) {
		const struct gn_parameter *k = &g->protocol->parameters[i];

		fprintf(f, "parameter %s %s\n", k->name, gn_parameter_text(k, g->parameters[i], text));
	}
}

static void print_header(const struct gn_topology *t, FILE *f)
{
	uint32_t kinds[3] = { 0 };
	char text[GN_UNIT_TEXT];

	for (uint32_t i = 0; i < t->n_groups; i++)
		kinds[t->groups[i].kind] += t->groups[i].count;
	fprintf(f, "topology %s\n", t->name);
	fprintf(f, "nodes %u: hosts %u, switches %u, routers %u\n", t->n_nodes, kinds[GN_HOST],
		kinds[GN_SWITCH], kinds[GN_ROUTER]);
	fprintf(f, "links %u, lans %u, routes %u\n", t->n_links, t->n_lans, t->n_routes);
	fprintf(f, "seed %" PRIu64 ", duration %s%s, log %s\n", t->seed, duration_text(t->duration, text),
		t->until_informed ? ", until informed" : "", gn_log_name(t->log));
	print_gossip(t, f);
	fprintf(f, "events %u\n", t->n_events);
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
	if (n->shared)
		fprintf(f, " shared");
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

static const char *share_text(uint32_t ppm, char buf[GN_UNIT_TEXT])
{
	return gn_unit_format(GN_QUANTITY_LOSS, ppm, buf);
}

/* " loss 1% correlation 25%"; nothing of what does nothing. */
static void print_share(const char *what, uint32_t ppm, uint32_t correlation_ppm, FILE *f)
{
	char text[GN_UNIT_TEXT];

	if (ppm)
		fprintf(f, " %s %s", what, share_text(ppm, text));
	if (ppm && correlation_ppm)
		fprintf(f, " correlation %s", share_text(correlation_ppm, text));
}

static void print_times(const struct gn_shape *s, FILE *f)
{
	char text[GN_UNIT_TEXT];

	if (s->delay)
		fprintf(f, " delay %s", duration_text(s->delay, text));
	if (s->jitter)
		fprintf(f, " jitter %s", duration_text(s->jitter, text));
	if (s->jitter && s->distribution)
		fprintf(f, " distribution %s", s->distribution->name);
	if (s->jitter && s->correlation_ppm)
		fprintf(f, " correlation %s", share_text(s->correlation_ppm, text));
	if (s->keep_order)
		fprintf(f, " order kept");
	else if (s->jitter && !s->rate_bps)
		fprintf(f, " (may reorder)");
}

/* What netem makes of it in the long run, where that is not what is written. */
static void print_mean_loss(const struct gn_shape *s, FILE *f)
{
	if (s->loss_model != GN_LOSS_RANDOM || s->loss_correlation_ppm)
		fprintf(f, " (%.4g%% in the long run)", 100 * gn_shape_mean_loss(s));
}

static void print_loss(const struct gn_shape *s, FILE *f)
{
	static const char *const gilbert_elliott[] = { "p", "r", "loss_in_bad", "loss_in_good", NULL };
	static const char *const states[] = { "p13", "p31", "p32", "p23", "p14", NULL };
	const bool two = s->loss_model == GN_LOSS_GILBERT_ELLIOTT;
	const char *const *names = two ? gilbert_elliott : states;
	char text[GN_UNIT_TEXT];

	if (s->loss_model == GN_LOSS_RANDOM)
		print_share("loss", s->loss_ppm, s->loss_correlation_ppm, f);
	else
		fprintf(f, " loss %s", two ? "gilbert-elliott" : "states");
	for (size_t i = 0; s->loss_model != GN_LOSS_RANDOM && names[i]; i++)
		fprintf(f, " %s %s", names[i], share_text(s->loss_states[i], text));
	print_mean_loss(s, f);
	if (s->ecn)
		fprintf(f, " ecn");
}

static void print_rate(const struct gn_shape *s, FILE *f)
{
	char text[GN_UNIT_TEXT];

	if (!s->rate_bps)
		return;
	fprintf(f, " rate %s", gn_unit_format(GN_QUANTITY_RATE, s->rate_bps, text));
	if (s->packet_overhead)
		fprintf(f, " packet_overhead %d", s->packet_overhead);
	if (s->cell_size)
		fprintf(f, " cell_size %u", s->cell_size);
	if (s->cell_overhead)
		fprintf(f, " cell_overhead %d", s->cell_overhead);
}

static void print_slot(const struct gn_slot *slot, FILE *f)
{
	char text[GN_UNIT_TEXT];

	if (slot->distribution) {
		fprintf(f, " slot %s", duration_text(slot->mean, text));
		fprintf(f, " jitter %s distribution %s", duration_text(slot->jitter, text),
			slot->distribution->name);
	} else if (slot->max_delay) {
		fprintf(f, " slot %s", duration_text(slot->min_delay, text));
		if (slot->max_delay != slot->min_delay)
			fprintf(f, " to %s", duration_text(slot->max_delay, text));
	}
	if (slot->packets)
		fprintf(f, " packets %u", slot->packets);
	if (slot->bytes)
		fprintf(f, " bytes %u", slot->bytes);
}

static void print_shape(const struct gn_shape *s, FILE *f)
{
	print_times(s, f);
	print_loss(s, f);
	print_share("duplicate", s->duplicate_ppm, s->duplicate_correlation_ppm, f);
	print_share("corrupt", s->corrupt_ppm, s->corrupt_correlation_ppm, f);
	print_share("reorder", s->reorder_ppm, s->reorder_correlation_ppm, f);
	if (s->reorder_gap > 1)
		fprintf(f, " gap %u", s->reorder_gap);
	print_rate(s, f);
	print_slot(&s->slot, f);
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
		if (gn_shape_is_set(&l->shape[d]))
			fprintf(f, " limit %u\n", l->shape[d].limit);
		else
			fprintf(f, " unshaped\n");
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

/* A host of an ideal network has neither address nor ports. */
static void print_ideal(const struct gn_topology *t, FILE *f)
{
	char text[GN_NODE_NAME_MAX + 1];

	fprintf(f, "network");
	print_shape(&t->network, f);
	if (t->call_loss_ppm)
		fprintf(f, " call_loss %s", gn_unit_format(GN_QUANTITY_LOSS, t->call_loss_ppm, text));
	if (!gn_shape_is_set(&t->network) && !t->call_loss_ppm)
		fprintf(f, " ideal");
	fprintf(f, "\n");
	for (uint32_t i = 0; i < t->n_groups; i++) {
		const struct gn_group *g = &t->groups[i];

		if (g->single)
			fprintf(f, "node %s host\n", g->name);
		else
			fprintf(f, "nodes %s1 to %s%u host\n", g->name, g->name, g->count);
	}
}

static void print_member(const struct gn_topology *t, uint32_t m, FILE *f)
{
	const struct gn_gossip *g = &t->gossip;
	char text[GN_NODE_NAME_MAX + 1];

	fprintf(f, "member %u %s partners", m, gn_node_name(t, gn_node_of(t, m), text));
	if (!g->first_peer)
		fprintf(f, " all");
	for (uint32_t i = g->first_peer ? g->first_peer[m] : 0; g->first_peer && i < g->first_peer[m + 1];
	     i++)
		fprintf(f, " %s", gn_node_name(t, gn_node_of(t, g->peers[i]), text));
	fprintf(f, "\n");
}

static void print_event(const struct gn_topology *t, uint32_t number, FILE *f)
{
	const struct gn_event_plan *e = &t->events[number];
	char text[GN_UNIT_TEXT], name[GN_NODE_NAME_MAX + 1];

	fprintf(f, "event %u at %s from %s size %u", number + 1, duration_text(e->at, text),
		gn_node_name(t, e->node, name), e->size);
	if (*e->label)
		fprintf(f, " label %s", e->label);
	fprintf(f, "\n");
}

static void print_action(const struct gn_action *a, FILE *f)
{
	char text[GN_UNIT_TEXT];

	fprintf(f, "action at %s %s", duration_text(a->at, text), gn_action_name(a->what));
	if (*a->target)
		fprintf(f, " %s", a->target);
	if (a->n_targets > 1)
		fprintf(f, " (%u)", a->n_targets);
	if (*a->detail)
		fprintf(f, ": %s", a->detail);
	fprintf(f, "\n");
}

void gn_topology_print(const struct gn_topology *t, FILE *f)
{
	print_header(t, f);
	for (uint32_t v = 0; !t->ideal && v < t->n_nodes; v++)
		print_node(t, v, f);
	for (uint32_t l = 0; l < t->n_links; l++)
		print_link(t, l, f);
	for (uint32_t v = 0; !t->ideal && v < t->n_nodes; v++)
		print_routes(t, v, f);
	if (t->ideal)
		print_ideal(t, f);
	for (uint32_t m = 0; m < t->gossip.n_members && (!t->ideal || t->gossip.n_members <= MEMBERS_PRINTED);
	     m++)
		print_member(t, m, f);
	for (uint32_t e = 0; e < t->n_events; e++)
		print_event(t, e, f);
	for (uint32_t i = 0; i < t->n_actions; i++)
		print_action(&t->actions[i], f);
}
