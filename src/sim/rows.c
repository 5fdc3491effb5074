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

void gn_sim_write_arrival(struct gn_simulation *s, const struct gn_delivery *d)
{
	const bool origin = d->via == GN_NO_MEMBER;
	const struct gn_arrival a = {
		.event = d->event,
		.node = gn_node_of(s->t, s->in.self),
		.via = origin ? GN_NONE : gn_node_of(s->t, d->via),
		.hop = d->hop,
		.t = (int64_t)s->in.now,
		.sent = (int64_t)d->sent,
		.first = d->first != 0,
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

static int write_meta(struct gn_simulation *s)
{
	static const char *const endings[] = {
		[GN_SIM_DURATION] = "duration", [GN_SIM_INFORMED] = "informed", [GN_SIM_STOPPED] = "interrupt"
	};
	const struct gn_sim_result *r = s->result;
	const struct {
		const char *key;
		uint64_t value;
	} rows[] = {
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

	for (size_t i = 0; i < GN_ARRAY_LEN(rows); i++) {
		int e = gn_store_meta_int(s->o->store, rows[i].key, (int64_t)rows[i].value, s->err);

		if (e)
			return e;
	}
	return gn_store_meta(s->o->store, "ended_by", endings[r->ending], s->err);
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
	};

	for (size_t i = 0; i < GN_ARRAY_LEN(rows); i++) {
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
