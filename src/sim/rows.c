/* SPDX-License-Identifier: MIT */
#include "sim/rows.h"

void gn_sim_write_event(struct gn_simulation *s, uint32_t event)
{
	const struct gn_event_plan *plan = &s->t->events[event];
	char name[GN_NODE_NAME_MAX + 1];
	GN_CLEANUP(gn_free_p) char *detail = NULL;

	if (!s->o->store || s->failed)
		return;
	detail = gn_format("event %u%s%s", event + 1, *plan->label ? ": " : "", plan->label);
	s->failed = gn_store_event(s->o->store, event, plan, (int64_t)s->in.now, s->err);
	if (!s->failed)
		s->failed =
			gn_store_action(s->o->store, (int64_t)s->in.now, "publish",
					gn_node_name(s->t, plan->node, name), detail ? detail : "", s->err);
}

void gn_sim_write_unpublished(struct gn_simulation *s, uint32_t event)
{
	const struct gn_event_plan *plan = &s->t->events[event];
	char name[GN_NODE_NAME_MAX + 1];
	GN_CLEANUP(gn_free_p) char *detail = NULL;

	if (!s->o->store || s->failed)
		return;
	detail = gn_format("event %u%s%s; its origin is dead", event + 1, *plan->label ? ": " : "",
			   plan->label);
	s->failed = gn_store_action(s->o->store, (int64_t)plan->at, "unpublished",
				    gn_node_name(s->t, plan->node, name), detail ? detail : "", s->err);
}

void gn_sim_write_action(struct gn_simulation *s, const struct gn_action *a, uint32_t node, const char *note)
{
	char name[GN_NODE_NAME_MAX + 1];
	GN_CLEANUP(gn_free_p) char *detail = NULL;

	if (!s->o->store || s->failed)
		return;
	detail = gn_format("%s%s%s", a->detail, *a->detail && *note ? "; " : "", note);
	s->failed = gn_store_action(s->o->store, (int64_t)s->in.now, gn_action_name(a->what),
				    node == GN_NONE ? a->target : gn_node_name(s->t, node, name),
				    detail ? detail : "", s->err);
}

void gn_sim_write_arrival(struct gn_simulation *s, const struct gn_delivery *d, bool first)
{
	const bool origin = d->via == GN_NO_MEMBER;
	const struct gn_arrival a = {
		.event = d->event,
		.node = gn_node_of(s->t, s->in.self),
		.via = origin ? GN_NONE : gn_node_of(s->t, d->via),
		.hop = d->hop,
		.t = (int64_t)s->in.now,
		.sent = (int64_t)d->sent,
		.first = first,
	};

	if (!s->failed)
		s->failed = gn_store_arrival(s->o->store, &a, s->err);
}

void gn_sim_write_call(struct gn_simulation *s, uint32_t round, uint32_t partner)
{
	if (!s->failed)
		s->failed = gn_store_call(s->o->store, gn_node_of(s->t, s->in.self), round,
					  (int64_t)s->in.now, gn_node_of(s->t, partner), s->err);
}

struct total {
	const char *key;
	uint64_t value;
};

static int write_totals(struct gn_simulation *s, const struct total *rows, size_t n)
{
	int r = 0;

	for (size_t i = 0; !r && i < n; i++)
		r = gn_store_meta_int(s->o->store, rows[i].key, (int64_t)rows[i].value, s->err);
	return r;
}

static bool was_cut(const struct gn_simulation *s)
{
	for (uint32_t i = 0; i < s->t->n_actions && s->t->actions[i].at <= s->in.now; i++) {
		if (s->t->actions[i].what >= GN_ACTION_DOWN && s->t->actions[i].what <= GN_ACTION_HEAL)
			return true;
	}
	return false;
}

static int write_meta(struct gn_simulation *s)
{
	static const char *const endings[] = {
		[GN_SIM_DURATION] = "duration", [GN_SIM_INFORMED] = "informed", [GN_SIM_STOPPED] = "interrupt"
	};
	const struct gn_sim_result *r = s->result;
	const struct total always[] = {
		{ "datagrams", r->datagrams },
		{ "bytes", r->bytes },
		{ "lost", r->lost },
		{ "queue_drops", r->queue_drops },
		{ "calls", r->calls },
		{ "largest_fan_out", r->largest_fan_out },
		{ "largest_in_degree", r->largest_in_degree },
		{ "steps", r->steps },
		{ "ended_ns", r->ended },
		{ "wall_ns", r->wall_ns },
	};
	const struct total cut[] = {
		{ "partition_drops", r->partition_drops },
		{ "down_drops", r->down_drops },
	};
	const struct total corrupted = { "corrupted", r->corrupted };
	int e = write_totals(s, always, GN_ARRAY_LEN(always));

	if (!e && was_cut(s))
		e = write_totals(s, cut, GN_ARRAY_LEN(cut));
	if (!e && r->corrupted)
		e = write_totals(s, &corrupted, 1);
	return e ? e : gn_store_meta(s->o->store, "ended_by", endings[r->ending], s->err);
}

static int write_counters(struct gn_simulation *s, uint32_t member)
{
	const struct gn_sim_counters *c = &s->counters[member];
	const struct {
		const char *key;
		uint64_t value;
	} rows[] = {
		{ "datagrams_sent", c->datagrams_sent },
		{ "datagrams_received", c->datagrams_received },
		{ "bytes_sent", c->bytes_sent },
		{ "bytes_received", c->bytes_received },
		{ "malformed", c->malformed },
		{ "calls", c->calls },
		{ "timers", c->timers },
		{ "informed", c->informed },
		{ "phase_ns", c->phase_ns },
		{ "ignored", c->ignored },
	};
	const size_t n = GN_ARRAY_LEN(rows) - !s->t->n_actions;

	for (size_t i = 0; i < n; i++) {
		int e = gn_store_node_stat(s->o->store, gn_node_of(s->t, member), rows[i].key,
					   (int64_t)rows[i].value, s->err);

		if (e)
			return e;
	}
	return 0;
}

int gn_sim_write_totals(struct gn_simulation *s)
{
	int r = s->o->store ? write_meta(s) : 0;

	for (uint32_t m = 0; s->counters && !r && m < s->cluster.members; m++)
		r = write_counters(s, m);
	return r;
}
