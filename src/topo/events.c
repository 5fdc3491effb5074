/* SPDX-License-Identifier: MIT */
/* What is published, when and where. */
#include <string.h>

#include "topo/planning.h"

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

/* The publishing nodes: a name, or GN_NONE, one that the overlay will say. Return: false after a fault. */
static bool find_origin(struct gn_planning *p, const struct gn_raw_event *e, struct gn_name *ret)
{
	char text[GN_NODE_NAME_MAX + 1];

	*ret = (struct gn_name){ .first = GN_NONE, .count = 1 };
	if (!e->from.at)
		return p->t.gossip.n_members;
	if (!gn_planning_resolve(p, &e->from, ret))
		return false;
	/* Of more nodes than there may be events, it does not matter who gossips. */
	for (uint32_t i = 0; i < ret->count && ret->count <= p->limits->events; i++) {
		if (gn_member_of(&p->t, ret->first + i) != GN_NONE)
			continue;
		if (!p->members_doubtful)
			gn_fault_at(p->report, e->from.at->place, "%s does not gossip: it cannot publish",
				    gn_node_name(&p->t, ret->first + i, text));
		return false;
	}
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
		r = add_event(p, default_time(p), GN_NONE, 0, "");
	if (!r && p->raw->events.at && !p->raw->events.bad && !p->raw->events.n && p->t.until_informed)
		gn_fault_at(p->report, p->raw->until.at->place, "until: informed needs at least one event");
	return r ? r : sort_events(p);
}

/* The first of these nodes that is not in the overlay's largest component, or GN_NONE. */
static uint32_t first_uncounted(const struct gn_topology *t, const struct gn_name *origin)
{
	for (uint32_t v = origin->first; v < origin->first + origin->count; v++) {
		if (!t->gossip.counted[gn_member_of(t, v)])
			return v;
	}
	return GN_NONE;
}

static void check_origin(struct gn_planning *p, const struct gn_raw_event *e)
{
	char text[GN_NODE_NAME_MAX + 1];
	struct gn_name origin;
	uint32_t v;

	if (!e->from.at || !find_origin(p, e, &origin))
		return;
	v = first_uncounted(&p->t, &origin);
	if (v != GN_NONE)
		gn_fault_at(
			p->report, e->from.at->place,
			"%s is not in the overlay's largest component, %u of %u nodes, which alone counts",
			gn_node_name(&p->t, v, text), p->t.gossip.n_counted, p->t.gossip.n_members);
}

int gn_planning_origins(struct gn_planning *p)
{
	const struct gn_raw_event *events = p->raw->events.items;
	const uint8_t *counted = p->t.gossip.counted;
	uint32_t first = 0;

	for (uint32_t i = 0; counted && i < p->raw->events.n; i++)
		check_origin(p, &events[i]);
	while (counted && !counted[first])
		first++;
	for (size_t i = 0; i < p->n_events; i++) {
		if (p->events[i].node == GN_NONE)
			p->events[i].node = gn_node_of(&p->t, first);
	}
	return 0;
}
