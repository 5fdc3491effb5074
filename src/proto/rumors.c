/* SPDX-License-Identifier: MIT */
#include "proto/table.h"

#include <string.h>

size_t gn_rumors_size(const struct gn_cluster *c, uint32_t extra)
{
	return (extra_at(c) + (size_t)c->max_events * (extra + c->max_payload) + 7) / 8 * 8;
}

struct gn_rumor *gn_rumors_at(struct gn_rumors t, uint32_t event)
{
	return rumor_of(t, event);
}

void *gn_rumors_extra(struct gn_rumors t, uint32_t event)
{
	return t.body + extra_at(t.cluster) + (size_t)event * t.extra;
}

bool gn_rumors_knows(struct gn_rumors t, uint32_t event)
{
	return is_settled(t, event) || rumor_of(t, event)->size_and_flags & KNOWN;
}

bool gn_rumors_is_settled(struct gn_rumors t, uint32_t event)
{
	return is_settled(t, event);
}

bool gn_rumors_learn(struct gn_rumors t, uint64_t now, const struct gn_wire_record *copy, uint32_t hop)
{
	return learn(t, now, copy, hop);
}

static void settle_many(struct gn_rumors t)
{
	struct many *many = many_of(t);

	for (uint32_t next = t.head->fresh; next;) {
		uint32_t event = next - 1;
		struct gn_rumor *r = rumor_of(t, event);

		next = r->next_or_rounds;
		r->next_or_rounds = 0;
		many->map[event / 8] |= (uint8_t)(1u << event % 8);
		if (event >= many->end)
			many->end = event + 1;
	}
	while (many->first_gap < many->end && many->map[many->first_gap / 8] >> many->first_gap % 8 & 1)
		many->first_gap++;
	t.head->fresh = 0;
	t.head->settled = 1;
	if (many->first_gap == t.cluster->max_events)
		t.head->tag = GN_TAG_ALL;
}

void gn_rumors_settle_slowly(struct gn_rumors t, uint64_t now)
{
	if (has_few(t.cluster))
		settle(t, now);
	else if (now > body_of(t)->fresh_since)
		settle_many(t);
}

struct gn_wire_record gn_rumors_record(struct gn_rumors t, uint32_t event)
{
	return record_of(t, event);
}

void gn_rumors_forget(struct gn_rumors t, uint32_t event)
{
	rumor_of(t, event)->size_and_flags |= FORGOTTEN;
}

void gn_rumors_resume(struct gn_rumors t, uint32_t event)
{
	rumor_of(t, event)->size_and_flags &= (uint16_t)~FORGOTTEN;
}

bool gn_rumors_is_forgotten(struct gn_rumors t, uint32_t event)
{
	return rumor_of(t, event)->size_and_flags & FORGOTTEN;
}

uint32_t gn_rumors_next(struct gn_rumors t, uint32_t from)
{
	return next_settled(t, from);
}

uint32_t gn_rumors_end(struct gn_rumors t)
{
	return end_of(t);
}

struct gn_wire_digest gn_rumors_digest(struct gn_rumors t, uint32_t turn)
{
	struct gn_wire_digest d;

	digest_of(t, turn, &d);
	return d;
}

bool gn_take_record(struct gn_rumors t, const struct gn_input *in, const struct gn_output *out,
		    const struct gn_wire_datagram *d, const struct gn_wire_record *copy)
{
	return take_record(t, in, out, d, copy);
}

int gn_take_publish(struct gn_rumors t, const struct gn_input *in, const struct gn_output *out)
{
	const struct gn_wire_record own = {
		.event = in->event,
		.origin = in->self,
		.payload = in->data,
		.size = in->size,
	};
	struct gn_delivery how = {
		.event = in->event,
		.via = GN_NO_MEMBER,
		.payload = in->data,
		.size = in->size,
	};

	if (in->event >= t.cluster->max_events || in->size > t.cluster->max_payload)
		return -1;
	how.first = gn_rumors_learn(t, in->now, &own, 0);
	out->deliver(out->host, &how);
	return 0;
}
