/* SPDX-License-Identifier: MIT */
/* Who gossips, how, and what is published when. */
#include <inttypes.h>
#include <string.h>

#include "topo/planning.h"

enum { SELECTED = 1, DEFAULT_DEGREE = 4 };

static void select_group(struct gn_planning *p, const struct gn_field *written, const struct gn_name *name)
{
	for (uint32_t v = name->first; v < name->first + name->count; v++) {
		if (p->nodes[v].kind == GN_SWITCH) {
			gn_fault_at(p->report, written->at->place,
				    "%s is a switch: only hosts and routers can gossip", p->nodes[v].name);
			return;
		}
		p->nodes[v].member = SELECTED; /* its number follows */
	}
}

static int number_members(struct gn_planning *p)
{
	uint32_t n = 0;

	p->members = malloc((p->t.n_nodes + 1u) * sizeof(*p->members));
	if (!p->members)
		return -ENOMEM;
	for (uint32_t v = 0; v < p->t.n_nodes; v++) {
		if (p->nodes[v].member == GN_NONE)
			continue;
		p->members[n] = v;
		p->nodes[v].member = n++;
	}
	p->t.gossip.members = p->members;
	p->t.gossip.n_members = n;
	return 0;
}

static void check_degree(struct gn_planning *p, const struct gn_raw_gossip *g)
{
	uint32_t n = p->t.gossip.n_members, degree = (uint32_t)g->degree.number;

	if (p->t.gossip.overlay != GN_OVERLAY_K_REGULAR) {
		if (g->degree.at)
			gn_fault_at(p->report, g->degree.at->key_place,
				    "degree belongs to overlay: k-regular");
		return;
	}
	p->t.gossip.degree = g->degree.at ? degree : GN_MIN(n - 1, (uint32_t)DEFAULT_DEGREE);
	if (!g->degree.at || g->degree.bad)
		return;
	if (degree >= n)
		gn_fault_at(p->report, g->degree.at->place, "degree %u needs more than %u gossiping nodes",
			    degree, n);
	else if ((uint64_t)degree * n % 2)
		gn_fault_at(p->report, g->degree.at->place,
			    "degree %u and %u gossiping nodes are both odd: their product must be even",
			    degree, n);
	else if (degree == 1 && n > 2)
		gn_fault_at(p->report, g->degree.at->place, "with degree 1 only two nodes can be connected");
}

static void check_members(struct gn_planning *p, const struct gn_raw_gossip *g)
{
	uint32_t n = p->t.gossip.n_members;

	if (n < 2) {
		gn_fault_at(p->report, g->on.at ? g->on.at->place : gn_planning_start(p),
			    "gossip needs at least two nodes%s, there %s %u", g->on.at ? "" : " of kind host",
			    n == 1 ? "is" : "are", n);
		return;
	}
	if (g->fanout.number > n - 1)
		gn_fault_at(p->report, gn_place_of(&g->fanout, &g->raw),
			    "fanout %" PRIu64 ": a node has only %u others to call", g->fanout.number, n - 1);
	check_degree(p, g);
}

int gn_planning_members(struct gn_planning *p)
{
	const struct gn_raw_gossip *g = p->raw->gossip.items;
	const struct gn_field *on = g->on.items;
	size_t before = p->report->n + p->report->dropped;

	for (uint32_t i = 0; i < g->on.n && !g->on.bad; i++) {
		const struct gn_name *name = gn_planning_resolve(p, &on[i]);

		if (name)
			select_group(p, &on[i], name);
	}
	for (uint32_t v = 0; !g->on.at && v < p->t.n_nodes; v++) {
		if (p->nodes[v].kind == GN_HOST)
			p->nodes[v].member = SELECTED;
	}
	p->t.gossip.protocol = gn_arena_copy(&p->arena, g->protocol.text, strlen(g->protocol.text));
	p->t.gossip.fanout = (uint32_t)g->fanout.number;
	p->t.gossip.period = g->period.number;
	p->t.gossip.overlay = (enum gn_overlay)g->overlay.number;
	if (!p->t.gossip.protocol || number_members(p))
		return -ENOMEM;
	/* Counts mean nothing while nodes are missing because of a fault of theirs. */
	p->members_doubtful = p->nodes_missing || g->on.bad || p->report->n + p->report->dropped != before;
	if (!p->members_doubtful)
		check_members(p, g);
	return 0;
}

static int add_event(struct gn_planning *p, gn_time at, uint32_t node, uint32_t size, const char *label)
{
	if (gn_grow(&p->events, p->n_events, &p->cap_events, sizeof(*p->events)))
		return -ENOMEM;
	p->events[p->n_events++] =
		(struct gn_event_plan){ .at = at, .node = node, .size = size, .label = label };
	return 0;
}

static gn_time default_time(const struct gn_planning *p)
{
	return GN_MIN(GN_SEC, p->t.duration / 2);
}

/* Times and repetitions of an entry. Return: false after a fault. */
static bool check_times(struct gn_planning *p, const struct gn_raw_event *e, gn_time at)
{
	const struct gn_field *last_field = e->repeat.at ? &e->repeat : &e->at;
	char text[2][GN_UNIT_TEXT];
	gn_time last;

	if (e->repeat.number > 1 && !e->every.at) {
		gn_fault_at(p->report, e->repeat.at->key_place, "repeat needs every: the time between two");
		return false;
	}
	if (e->every.at && !e->repeat.at) {
		gn_fault_at(p->report, e->every.at->key_place, "every needs repeat: how many times in all");
		return false;
	}
	if (__builtin_mul_overflow(e->repeat.number - 1, e->every.number, &last) ||
	    __builtin_add_overflow(last, at, &last))
		last = UINT64_MAX;
	if (last < p->t.duration)
		return true;
	gn_fault_at(p->report, gn_place_of(last_field, &e->raw),
		    "the %sevent would be at %s, but the run ends after %s", e->repeat.at ? "last " : "",
		    gn_unit_format(GN_QUANTITY_DURATION, last, text[0]),
		    gn_unit_format(GN_QUANTITY_DURATION, p->t.duration, text[1]));
	return false;
}

/* The publishing nodes: a name, or the first member. Return: false after a fault. */
static bool find_origin(struct gn_planning *p, const struct gn_raw_event *e, struct gn_name *ret)
{
	if (!e->from.at) {
		*ret = (struct gn_name){ .first = p->t.gossip.n_members ? p->members[0] : 0, .count = 1 };
		return p->t.gossip.n_members;
	}
	const struct gn_name *name = gn_planning_resolve(p, &e->from);

	if (!name)
		return false;
	for (uint32_t v = name->first; v < name->first + name->count; v++) {
		if (p->nodes[v].member != GN_NONE)
			continue;
		if (!p->members_doubtful)
			gn_fault_at(p->report, e->from.at->place, "%s does not gossip: it cannot publish",
				    p->nodes[v].name);
		return false;
	}
	*ret = *name;
	return true;
}

static int plan_event(struct gn_planning *p, const struct gn_raw_event *e)
{
	gn_time at = e->at.at ? e->at.number : default_time(p);
	struct gn_name origin;
	int r = 0;

	if (e->from.bad || !find_origin(p, e, &origin) || e->raw.bad)
		return 0;
	if (!p->raw->duration.bad && !check_times(p, e, at))
		return 0;
	if (e->repeat.number * origin.count > p->limits->events - p->n_events) {
		gn_fault_at(p->report, e->raw.place, "more than %u events", p->limits->events);
		return -E2BIG;
	}
	const char *label = gn_arena_copy(&p->arena, e->label.text, strlen(e->label.text));

	if (!label)
		return -ENOMEM;
	for (uint64_t k = 0; k < e->repeat.number; k++) {
		for (uint32_t i = 0; !r && i < origin.count; i++)
			r = add_event(p, at + k * e->every.number, origin.first + i, (uint32_t)e->size.number,
				      label);
	}
	return r;
}

struct ordered_event {
	struct gn_event_plan event;
	uint32_t number;
};

static int compare_events(const void *pa, const void *pb)
{
	const struct ordered_event *a = pa, *b = pb;

	if (a->event.at != b->event.at)
		return a->event.at < b->event.at ? -1 : 1;
	return (a->number > b->number) - (a->number < b->number);
}

/* By time; at the same time in the order of the file. */
static int sort_events(struct gn_planning *p)
{
	GN_CLEANUP(gn_free_p) struct ordered_event *order = malloc((p->n_events + 1) * sizeof(*order));

	if (!order)
		return -ENOMEM;
	for (size_t i = 0; i < p->n_events; i++)
		order[i] = (struct ordered_event){ p->events[i], (uint32_t)i };
	qsort(order, p->n_events, sizeof(*order), compare_events);
	for (size_t i = 0; i < p->n_events; i++)
		p->events[i] = order[i].event;
	p->t.events = p->events;
	p->t.n_events = (uint32_t)p->n_events;
	return 0;
}

int gn_planning_events(struct gn_planning *p)
{
	const struct gn_raw_event *events = p->raw->events.items;
	int r = 0;

	for (uint32_t i = 0; !r && i < p->raw->events.n; i++)
		r = plan_event(p, &events[i]);
	if (!r && !p->raw->events.at && p->t.gossip.n_members)
		r = add_event(p, default_time(p), p->members[0], 0, "");
	if (!r && p->raw->events.at && !p->raw->events.bad && !p->raw->events.n && p->t.until_informed)
		gn_fault_at(p->report, p->raw->until.at->place, "until: informed needs at least one event");
	return r ? r : sort_events(p);
}
