/* SPDX-License-Identifier: MIT */
#include "topo/shape.h"

#include <stdarg.h>
#include <stdio.h>

#include "topo/units.h"

/* A UDP datagram without payload on a veth: Ethernet 14, IPv4 20 and UDP 8 bytes, no padding. */
enum { SMALLEST_PACKET = 42, QUEUE_PACKETS = 1000 };
#define PACKETS_PER_SECOND UINT64_C(1000000)
#define DISTRIBUTION_ONE   8192	 /* of a table's values: one jitter */
#define TABLES_MAX	   32000 /* they have to fit in one netlink attribute of 64 KB */

/* How far above its mean the table may put a value whose deviation is @jitter. */
static gn_dur furthest(const struct gn_distribution *d, gn_dur jitter)
{
	int most = 0;

	if (!d)
		return jitter;
	for (uint32_t i = 0; i < d->n; i++)
		most = GN_MAX(most, d->values[i]);
	return (gn_dur)(((unsigned __int128)jitter * (unsigned)most + DISTRIBUTION_ONE - 1) /
			DISTRIBUTION_ONE);
}

/* What the smallest packet counts for the rate. */
static uint64_t smallest_bits(const struct gn_shape *s)
{
	int64_t bytes = SMALLEST_PACKET + (int64_t)s->packet_overhead;

	if (s->cell_size)
		bytes = (bytes + s->cell_size - 1) / s->cell_size *
			((int64_t)s->cell_size + s->cell_overhead);
	return (uint64_t)bytes * 8;
}

/*
 * netem drops silently beyond its limit, which counts packets in flight as well as those that wait. So:
 * what can be in flight, at the rate or else at a rate no veth reaches, and a queue of tc's length.
 */
static unsigned __int128 packet_limit(const struct gn_shape *s)
{
	const struct gn_slot *slot = &s->slot;
	unsigned __int128 in_flight = (unsigned __int128)s->delay + furthest(s->distribution, s->jitter);

	in_flight += slot->distribution ? slot->mean + furthest(slot->distribution, slot->jitter)
					: slot->max_delay;
	if (s->rate_bps)
		in_flight = in_flight * s->rate_bps / smallest_bits(s);
	else
		in_flight *= PACKETS_PER_SECOND;
	return (in_flight + GN_SEC - 1) / GN_SEC + QUEUE_PACKETS;
}

void gn_shape_set_limit(struct gn_shape *s)
{
	if (!s->limit_given)
		s->limit = gn_shape_is_set(s) ? (uint32_t)packet_limit(s) : 0;
}

struct check {
	const struct gn_shape *s;
	gn_shape_says *says;
	void *context;
};

static void say(const struct check *c, enum gn_shape_field field, const char *fmt, ...) GN_PRINTF(3, 4);

static void say(const struct check *c, enum gn_shape_field field, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	c->says(c->context, field, text);
}

/* The fields that do something. */
static uint32_t effective(const struct gn_shape *s)
{
	const bool loses = s->loss_model != GN_LOSS_RANDOM || s->loss_ppm;

	return (s->delay ? GN_SHAPE_DELAY : 0) | (s->jitter ? GN_SHAPE_JITTER : 0) |
	       (s->distribution ? GN_SHAPE_DISTRIBUTION : 0) |
	       (s->correlation_ppm ? GN_SHAPE_CORRELATION : 0) | (loses ? GN_SHAPE_LOSS : 0) |
	       (s->reorder_ppm ? GN_SHAPE_REORDER : 0) | (s->ecn ? GN_SHAPE_ECN : 0);
}

/* What is given and would do nothing. To say "none" of what it needs is to know. */
static void check_needs(const struct check *c, uint32_t written)
{
	static const struct {
		enum gn_shape_field field, needed;
		const char *sentence;
	} rules[] = {
		{ GN_SHAPE_DISTRIBUTION, GN_SHAPE_JITTER,
		  "distribution needs a jitter: it says how the delays lie within it" },
		{ GN_SHAPE_CORRELATION, GN_SHAPE_JITTER,
		  "correlation needs a jitter: it is of a packet's delay with that of the one before" },
		{ GN_SHAPE_REORDER, GN_SHAPE_DELAY,
		  "reorder needs a delay: it sends packets at once, before those that are delayed" },
		{ GN_SHAPE_ECN, GN_SHAPE_LOSS,
		  "ecn needs a loss: it marks packets where others would be lost" },
	};
	const uint32_t fields = effective(c->s);

	for (size_t i = 0; i < GN_ARRAY_LEN(rules); i++) {
		if (fields & written & rules[i].field && !((fields | written) & rules[i].needed))
			say(c, rules[i].field, "%s", rules[i].sentence);
	}
}

static void check_times(const struct check *c)
{
	const struct gn_shape *s = c->s;
	char text[2][GN_UNIT_TEXT];

	if (s->jitter > s->delay)
		say(c, GN_SHAPE_JITTER,
		    "jitter %s is more than the delay, %s: a packet would have to arrive before it is sent",
		    gn_unit_format(GN_QUANTITY_DURATION, s->jitter, text[0]),
		    gn_unit_format(GN_QUANTITY_DURATION, s->delay, text[1]));
	if (s->keep_order && s->reorder_ppm)
		say(c, GN_SHAPE_REORDER, "reorder and order: kept contradict each other");
	if (s->distribution && s->slot.distribution &&
	    s->distribution->n + s->slot.distribution->n > TABLES_MAX)
		say(c, GN_SHAPE_SLOT,
		    "the tables of distribution and slot have more than %d numbers together, all that netem takes",
		    TABLES_MAX);
}

static void check_rate(const struct check *c)
{
	const struct gn_shape *s = c->s;
	char text[2][GN_UNIT_TEXT];

	if (s->rate_bps % 8)
		say(c, GN_SHAPE_RATE,
		    "rate %s is not a whole number of bytes per second (8bit), which is what netem carries",
		    gn_unit_format(GN_QUANTITY_RATE, s->rate_bps, text[0]));
	if (s->limit_given || !gn_shape_is_set(s) || packet_limit(s) <= UINT32_MAX)
		return;
	gn_unit_format(GN_QUANTITY_DURATION, s->delay, text[1]);
	if (s->rate_bps)
		say(c, GN_SHAPE_RATE,
		    "rate %s over a delay of %s keeps more packets in flight than netem's limit can count",
		    gn_unit_format(GN_QUANTITY_RATE, s->rate_bps, text[0]), text[1]);
	else
		say(c, GN_SHAPE_SLOT,
		    "slots with a delay of %s keep more packets in flight than netem's limit can count: write a limit",
		    text[1]);
}

void gn_shape_check(const struct gn_shape *s, uint32_t written, gn_shape_says *says, void *context)
{
	const struct check c = { .s = s, .says = says, .context = context };

	check_times(&c);
	check_rate(&c);
	check_needs(&c, written);
}

/* The first fault is the one that is told. */
static void keep_first(void *context, enum gn_shape_field field, const char *sentence)
{
	struct gn_err *first = context;

	(void)field;
	if (!*first->text)
		gn_fail(first, -EINVAL, "%s", sentence);
}

static void copy_loss(struct gn_shape *to, const struct gn_shape *from)
{
	to->loss_model = from->loss_model;
	to->loss_ppm = from->loss_ppm;
	to->loss_correlation_ppm = from->loss_correlation_ppm;
	for (size_t i = 0; i < GN_ARRAY_LEN(to->loss_states); i++)
		to->loss_states[i] = from->loss_states[i];
}

static void copy_rate(struct gn_shape *to, const struct gn_shape *from)
{
	to->rate_bps = from->rate_bps;
	to->packet_overhead = from->packet_overhead;
	to->cell_size = from->cell_size;
	to->cell_overhead = from->cell_overhead;
}

static void copy_field(struct gn_shape *to, const struct gn_shape *from, enum gn_shape_field field)
{
	switch (field) {
	case GN_SHAPE_DELAY:
		to->delay = from->delay;
		return;
	case GN_SHAPE_JITTER:
		to->jitter = from->jitter;
		return;
	case GN_SHAPE_DISTRIBUTION:
		to->distribution = from->distribution;
		return;
	case GN_SHAPE_CORRELATION:
		to->correlation_ppm = from->correlation_ppm;
		return;
	case GN_SHAPE_ORDER:
		to->keep_order = from->keep_order;
		return;
	case GN_SHAPE_LOSS:
		copy_loss(to, from);
		return;
	case GN_SHAPE_DUPLICATE:
		to->duplicate_ppm = from->duplicate_ppm;
		to->duplicate_correlation_ppm = from->duplicate_correlation_ppm;
		return;
	case GN_SHAPE_CORRUPT:
		to->corrupt_ppm = from->corrupt_ppm;
		to->corrupt_correlation_ppm = from->corrupt_correlation_ppm;
		return;
	case GN_SHAPE_REORDER:
		to->reorder_ppm = from->reorder_ppm;
		to->reorder_correlation_ppm = from->reorder_correlation_ppm;
		to->reorder_gap = from->reorder_gap;
		return;
	case GN_SHAPE_RATE:
		copy_rate(to, from);
		return;
	case GN_SHAPE_SLOT:
		to->slot = from->slot;
		return;
	case GN_SHAPE_LIMIT:
		to->limit = from->limit;
		to->limit_given = from->limit_given;
		return;
	case GN_SHAPE_ECN:
		to->ecn = from->ecn;
		return;
	case GN_SHAPE_ALL:
		return;
	}
}

int gn_shape_apply(struct gn_shape *s, const struct gn_shape *values, uint32_t fields, struct gn_err *err)
{
	struct gn_shape next = *s;
	struct gn_err fault = { "" };

	for (uint32_t bit = 1; bit & GN_SHAPE_ALL; bit <<= 1) {
		if (fields & bit)
			copy_field(&next, values, (enum gn_shape_field)bit);
	}
	gn_shape_check(&next, fields, keep_first, &fault);
	if (*fault.text)
		return gn_fail(err, -EINVAL, "%s", fault.text);
	gn_shape_set_limit(&next);
	*s = next;
	return 0;
}
