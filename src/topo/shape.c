/* SPDX-License-Identifier: MIT */
/* Delay, jitter, loss, duplication and rate of a link, as netem can carry them. */
#include <stdio.h>

#include "topo/planning.h"

/* A UDP datagram without payload on a veth: Ethernet 14, IPv4 20 and UDP 8 bytes, no padding. */
enum { SMALLEST_PACKET_BITS = 42 * 8, QUEUE_PACKETS = 1000 };
#define PACKETS_PER_SECOND UINT64_C(1000000)

/*
 * netem drops silently beyond its limit, which counts packets in flight as well as those that wait. So:
 * what can be in flight, at the rate or else at a rate no veth reaches, and a queue of tc's length.
 */
static unsigned __int128 packet_limit(const struct gn_shape *s)
{
	unsigned __int128 in_flight = (unsigned __int128)s->delay + s->jitter;

	if (s->rate_bps)
		in_flight = in_flight * s->rate_bps / SMALLEST_PACKET_BITS;
	else
		in_flight *= PACKETS_PER_SECOND;
	return (in_flight + GN_SEC - 1) / GN_SEC + QUEUE_PACKETS;
}

/* The direction's own field if it is written, else the link's. */
static const struct gn_field *either(const struct gn_field *own, const struct gn_field *both)
{
	return own && own->at ? own : both;
}

/* The place of the direction's fault: the most particular of its fields that is written. */
static struct gn_place shape_place(const struct gn_raw_shape *both, const struct gn_raw_shape *own,
				   const struct gn_field *f)
{
	return gn_place_of(f, own && own->raw.place.line ? &own->raw : &both->raw);
}

static bool shape_faults(struct gn_report *report, const struct gn_raw_shape *both,
			 const struct gn_raw_shape *own, struct gn_shape *s)
{
	const struct gn_field *jitter = either(own ? &own->jitter : NULL, &both->jitter);
	const struct gn_field *rate = either(own ? &own->rate : NULL, &both->rate);
	unsigned __int128 limit = packet_limit(s);
	char text[2][GN_UNIT_TEXT];
	size_t before = report->n + report->dropped;

	if (s->jitter > s->delay)
		gn_fault_at(
			report, shape_place(both, own, jitter),
			"jitter %s is more than the delay, %s: a packet would have to arrive before it is sent",
			gn_unit_format(GN_QUANTITY_DURATION, s->jitter, text[0]),
			gn_unit_format(GN_QUANTITY_DURATION, s->delay, text[1]));
	if (s->rate_bps % 8)
		gn_fault_at(
			report, shape_place(both, own, rate),
			"rate %s is not a whole number of bytes per second (8bit), which is what netem carries",
			gn_unit_format(GN_QUANTITY_RATE, s->rate_bps, text[0]));
	if (gn_shape_is_set(s) && limit > UINT32_MAX)
		gn_fault_at(
			report, shape_place(both, own, rate),
			"rate %s over a delay of %s keeps more packets in flight than netem's limit can count",
			gn_unit_format(GN_QUANTITY_RATE, s->rate_bps, text[0]),
			gn_unit_format(GN_QUANTITY_DURATION, s->delay, text[1]));
	if (report->n + report->dropped != before)
		return true;
	s->limit = gn_shape_is_set(s) ? (uint32_t)limit : 0;
	return false;
}

bool gn_shape_decode(struct gn_report *report, const struct gn_raw_shape *both,
		     const struct gn_raw_shape *a_to_b, const struct gn_raw_shape *b_to_a,
		     struct gn_shape ret[2])
{
	const struct gn_raw_shape *const own[2] = { a_to_b, b_to_a };
	const bool symmetric = !a_to_b && !b_to_a;

	for (int d = 0; d < 2; d++) {
		const struct gn_raw_shape *o = own[d];
		struct gn_shape *s = &ret[d];

		if (d == 1 && symmetric) { /* the same faults would come twice */
			ret[1] = ret[0];
			return true;
		}
		*s = (struct gn_shape){
			.delay = either(o ? &o->delay : NULL, &both->delay)->number,
			.jitter = either(o ? &o->jitter : NULL, &both->jitter)->number,
			.loss_ppm = (uint32_t)either(o ? &o->loss : NULL, &both->loss)->number,
			.duplicate_ppm = (uint32_t)either(o ? &o->duplicate : NULL, &both->duplicate)->number,
			.rate_bps = either(o ? &o->rate : NULL, &both->rate)->number,
		};
		if (shape_faults(report, both, o, s))
			return false;
	}
	return true;
}
