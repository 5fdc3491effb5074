/* SPDX-License-Identifier: MIT */
/*
 * The table of events that a member knows, as it lies in memory: for the toolkit's own files, which a simulation
 * runs through some ten times for each member and round.
 *
 * The body, in this order: struct body; of many events struct many and the map of settled ones (lowest bit first), which of
 * few are in the head; a struct gn_rumor for each event; the protocol's own bytes for each; the payloads.
 */
#ifndef GN_PROTO_TABLE_H
#define GN_PROTO_TABLE_H

#include "proto/format.h"

struct body {
	uint64_t fresh_since; /* when the events that are not settled came */
};

struct many {
	uint32_t first_gap; /* all events below are settled */
	uint32_t end;	    /* no event from here on is settled */
	uint8_t map[];
};

enum { SIZE = 0x7ff, FORGOTTEN = 0x4000, KNOWN = 0x8000 }; /* of size_and_flags */

/* Events whose map fits into the head. */
#define FEW 8

GN_HOT bool has_few(const struct gn_cluster *c)
{
	return c->max_events <= FEW;
}

GN_HOT size_t rumors_at(const struct gn_cluster *c)
{
	if (has_few(c))
		return sizeof(struct body);
	return sizeof(struct body) + sizeof(struct many) + ((size_t)c->max_events + 63) / 64 * 8;
}

GN_HOT size_t extra_at(const struct gn_cluster *c)
{
	return rumors_at(c) + c->max_events * sizeof(struct gn_rumor);
}

GN_HOT struct body *body_of(struct gn_rumors t)
{
	return (struct body *)(void *)t.body;
}

/* Where there are many events. */
GN_HOT struct many *many_of(struct gn_rumors t)
{
	return (struct many *)(void *)(t.body + sizeof(struct body));
}

GN_HOT uint8_t *map_of(struct gn_rumors t)
{
	return has_few(t.cluster) ? &t.head->settled : many_of(t)->map;
}

GN_HOT uint32_t first_gap(struct gn_rumors t)
{
	return has_few(t.cluster) ? (uint32_t)__builtin_ctz(~(uint32_t)t.head->settled)
				  : many_of(t)->first_gap;
}

/* No event from here on is settled. */
GN_HOT uint32_t end_of(struct gn_rumors t)
{
	if (!t.head->settled)
		return 0;
	return has_few(t.cluster) ? 32 - (uint32_t)__builtin_clz(t.head->settled) : many_of(t)->end;
}

GN_HOT struct gn_rumor *rumor_of(struct gn_rumors t, uint32_t event)
{
	return (struct gn_rumor *)(void *)(t.body + rumors_at(t.cluster)) + event;
}

GN_HOT uint8_t *payload_of(struct gn_rumors t, uint32_t event)
{
	return t.body + extra_at(t.cluster) + (size_t)t.cluster->max_events * t.extra +
	       (size_t)event * t.cluster->max_payload;
}

GN_HOT bool is_settled(struct gn_rumors t, uint32_t event)
{
	return event < end_of(t) && map_of(t)[event / 8] >> event % 8 & 1;
}

/* Of the settled events from @from on, the first, or max_events. */
GN_HOT uint32_t next_settled(struct gn_rumors t, uint32_t from)
{
	if (has_few(t.cluster)) {
		unsigned left = from < FEW ? (unsigned)t.head->settled >> from : 0;

		return left ? from + (uint32_t)__builtin_ctz(left) : t.cluster->max_events;
	}
	const uint32_t end = end_of(t);

	if (from < end && from < many_of(t)->first_gap)
		return from;
	while (from < end) {
		unsigned left = many_of(t)->map[from / 8] >> from % 8;

		if (left)
			return from + (uint32_t)__builtin_ctz(left);
		from = (from / 8 + 1) * 8;
	}
	return t.cluster->max_events;
}

/* gn_rumors_settle(), without a call where there are few events. */
GN_HOT void settle(struct gn_rumors t, uint64_t now)
{
	uint8_t settled = t.head->settled;

	if (!t.head->fresh || now <= body_of(t)->fresh_since)
		return;
	if (!has_few(t.cluster)) {
		gn_rumors_settle_slowly(t, now);
		return;
	}
	for (uint32_t event = t.head->fresh; event;) {
		struct gn_rumor *r = rumor_of(t, event - 1);

		settled |= (uint8_t)(1u << (event - 1));
		event = r->next_or_rounds;
		r->next_or_rounds = 0;
	}
	t.head->fresh = 0;
	t.head->settled = settled;
	if (settled == (1u << t.cluster->max_events) - 1)
		t.head->tag = GN_TAG_ALL;
}

GN_HOT struct gn_wire_record record_of(struct gn_rumors t, uint32_t event)
{
	const struct gn_rumor *r = rumor_of(t, event);
	struct gn_wire_record record;

	record.event = event;
	record.origin = r->origin;
	record.hop = r->hop;
	record.note = 0;
	record.size = r->size_and_flags & SIZE;
	record.payload = record.size ? payload_of(t, event) : NULL;
	return record;
}

GN_HOT bool learn(struct gn_rumors t, uint64_t now, const struct gn_wire_record *copy, uint32_t hop)
{
	struct gn_rumor *r = rumor_of(t, copy->event);

	if (is_settled(t, copy->event) || r->size_and_flags & KNOWN)
		return false;
	*r = (struct gn_rumor){
		.origin = copy->origin,
		.hop = hop,
		.next_or_rounds = t.head->fresh,
		.size_and_flags = (uint16_t)(copy->size | KNOWN),
	};
	t.head->fresh = copy->event + 1;
	/* Until it is settled, which may go unnoticed when time moves on. */
	t.head->tag = t.cluster->max_events == 1 ? GN_TAG_FRESH : GN_TAG_NONE;
	body_of(t)->fresh_since = now;
	if (copy->size)
		memcpy(payload_of(t, copy->event), copy->payload, copy->size);
	return true;
}

GN_HOT bool take_record(struct gn_rumors t, const struct gn_input *in, const struct gn_output *out,
			const struct gn_wire_datagram *d, const struct gn_wire_record *copy)
{
	struct gn_delivery how = {
		.event = copy->event,
		.via = in->from,
		.sent = d->sent,
		.hop = copy->hop < GN_WIRE_HOP_MAX ? copy->hop + 1 : GN_WIRE_HOP_MAX,
		.payload = copy->payload,
		.size = copy->size,
	};

	how.first = learn(t, in->now, copy, how.hop);
	out->deliver(out->host, &how);
	return how.first;
}

/* Without gaps the map is not touched: all bits are 1. */
GN_HOT void digest_of(struct gn_rumors t, uint32_t turn, struct gn_wire_digest *ret)
{
	static const uint8_t ones = 0xff;
	const uint32_t gap = first_gap(t), end = end_of(t);
	uint32_t part = 0, parts = 1;

	ret->base = gap / 8 * 8;
	ret->map = &ones;
	if (gap < end) {
		parts = (end - ret->base) / GN_WIRE_DIGEST_BITS + 1;
		part = turn % parts;
		ret->base += part * GN_WIRE_DIGEST_BITS;
		ret->map = map_of(t) + ret->base / 8;
	}
	ret->end = part == parts - 1;
	ret->bits = ret->end ? end - ret->base : GN_WIRE_DIGEST_BITS;
}

#endif
