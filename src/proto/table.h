/* SPDX-License-Identifier: MIT */
/*
 * The table of events that a member knows, as it lies in memory: for the toolkit's own files, which a simulation
 * runs through some ten times for each member and round.
 *
 * The body, in this order: struct body, the map of settled events (lowest bit first; of few events it is in the head), a
 * struct gn_rumor for each event, the protocol's own bytes for each, the payloads.
 */
#ifndef GN_PROTO_TABLE_H
#define GN_PROTO_TABLE_H

#include "proto/format.h"

struct body {
	uint64_t fresh_since; /* when the events that are not settled came */
	uint8_t map[];
};

enum { SIZE = 0x7ff, FORGOTTEN = 0x4000, KNOWN = 0x8000 }; /* of size_and_flags */

/* Events whose map fits into the head. */
#define FEW 8

GN_HOT size_t rumors_at(const struct gn_cluster *c)
{
	size_t map = c->max_events > FEW ? ((size_t)c->max_events + 63) / 64 * 8 : 0;

	return sizeof(struct body) + map;
}

GN_HOT size_t extra_at(const struct gn_cluster *c)
{
	return rumors_at(c) + c->max_events * sizeof(struct gn_rumor);
}

GN_HOT struct body *body_of(struct gn_rumors t)
{
	return (struct body *)(void *)t.body;
}

GN_HOT uint8_t *map_of(struct gn_rumors t)
{
	return t.cluster->max_events > FEW ? body_of(t)->map : &t.head->few;
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
	return event < t.head->first_gap || (event < t.head->end && map_of(t)[event / 8] >> event % 8 & 1);
}

/* Of the settled events from @from on, the first, or max_events. */
GN_HOT uint32_t next_settled(struct gn_rumors t, uint32_t from)
{
	if (from < t.head->first_gap)
		return from;
	while (from < t.head->end) {
		unsigned left = map_of(t)[from / 8] >> from % 8;

		if (left)
			return from + (uint32_t)__builtin_ctz(left);
		from = (from / 8 + 1) * 8;
	}
	return t.cluster->max_events;
}

GN_HOT struct gn_wire_record record_of(struct gn_rumors t, uint32_t event)
{
	const struct gn_rumor *r = rumor_of(t, event);
	struct gn_wire_record record;

	record.event = event;
	record.origin = r->origin;
	record.hop = r->hop;
	record.note = 0;
	record.payload = payload_of(t, event);
	record.size = r->size_and_flags & SIZE;
	return record;
}

GN_HOT bool learn(struct gn_rumors t, uint64_t now, const struct gn_wire_record *copy, uint32_t hop)
{
	struct gn_rumor *r = rumor_of(t, copy->event);

	if (copy->event < t.head->first_gap || r->size_and_flags & KNOWN)
		return false;
	*r = (struct gn_rumor){
		.origin = copy->origin,
		.hop = hop,
		.next_or_rounds = t.head->fresh,
		.size_and_flags = (uint16_t)(copy->size | KNOWN),
	};
	t.head->fresh = copy->event + 1;
	t.head->tag = GN_TAG_NONE; /* until it is settled: that may go unnoticed when time moves on */
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

/* Without gaps the body is not touched: all bits are 1. */
GN_HOT void digest_of(struct gn_rumors t, uint32_t turn, struct gn_wire_digest *ret)
{
	static const uint8_t ones = 0xff;
	const uint32_t end = t.head->end;
	uint32_t part = 0, parts = 1;

	ret->base = t.head->first_gap / 8 * 8;
	ret->map = &ones;
	if (t.head->first_gap < end) {
		parts = (end - ret->base) / GN_WIRE_DIGEST_BITS + 1;
		part = turn % parts;
		ret->base += part * GN_WIRE_DIGEST_BITS;
		ret->map = map_of(t) + ret->base / 8;
	}
	ret->end = part == parts - 1;
	ret->bits = ret->end ? end - ret->base : GN_WIRE_DIGEST_BITS;
}

#endif
