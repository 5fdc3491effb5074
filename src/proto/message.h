/* SPDX-License-Identifier: MIT */
/* gn_send_message() for calls that carry one event at most, inline: in a simulation of one event that is all of them. */
#ifndef GN_PROTO_MESSAGE_H
#define GN_PROTO_MESSAGE_H

#include "proto/format.h"
#include "proto/table.h"

GN_HOT void count_transmission(struct gn_rumor *r)
{
	r->sent += r->sent < UINT16_MAX;
}

/* Does the member not speak of the event any more? In the round in which it forgot it still answers: all of a round rests
 * on what was before it. */
GN_HOT bool is_silent(struct gn_rumors t, const struct gn_input *in, const struct gn_wire_digest *asked,
		      uint32_t event)
{
	const struct gn_cluster *c = t.cluster;
	const struct gn_rumor *r = rumor_of(t, event);

	if (!(r->size_and_flags & FORGOTTEN))
		return false;
	return !asked || c->clock != GN_CLOCK_ROUNDS || (!c->forget_after && !c->lost_interest_ppm) ||
	       r->next_or_rounds != in->round;
}

/* The first event from @from on that a message may carry, or max_events. */
GN_HOT uint32_t next_to_send(struct gn_rumors t, const struct gn_input *in,
			     const struct gn_wire_digest *asked, uint32_t from)
{
	uint32_t e = next_settled(t, from);

	while (e != t.cluster->max_events &&
	       ((asked && !(lacks(asked, e / 8) >> e % 8 & 1)) || is_silent(t, in, asked, e)))
		e = next_settled(t, e + 1);
	return e;
}

/* No settled event has a higher number. */
GN_HOT bool is_last(struct gn_rumors t, uint32_t event)
{
	return event + 1 == end_of(t);
}

/* The same for messages with several events. */
uint32_t gn_send_several(struct gn_rumors t, const struct gn_input *in, const struct gn_output *out,
			 const struct gn_message *m);

GN_HOT uint32_t send_message(struct gn_rumors t, const struct gn_input *in, const struct gn_output *out,
			     const struct gn_message *m)
{
	const uint32_t none = t.cluster->max_events;
	const uint32_t event = m->events && t.head->settled ? next_to_send(t, in, m->asked, 0) : none;
	uint8_t *data = out->room;
	size_t size;

	if (event != none && !is_last(t, event) && next_to_send(t, in, m->asked, event + 1) != none)
		return gn_send_several(t, in, out, m);
	if (event == none && !m->digest)
		return 0;
	size = write_header(data, m->kind, m->note, m->number, in->now);
	if (m->digest)
		size = write_digest(data, m->digest);
	if (event != none) {
		const struct gn_wire_record r = record_of(t, event);

		size = write_record(data, size, 1, &r);
		if (!size)
			return gn_send_several(t, in, out, m);
		count_transmission(rumor_of(t, event));
	}
	out->send(out->host, m->to, data, size);
	return event != none;
}

#endif
