/* SPDX-License-Identifier: MIT */
/* What netem is to do on a link, from the keys that are written to numbers. */
#include "topo/planning.h"
#include "topo/shape.h"

#define ALL 1000000 /* ppm */

/* One direction: what is written for it alone comes before what is written for both. */
struct direction {
	struct gn_planning *p;
	const struct gn_raw_shape *both, *own; /* own may be NULL */
	struct gn_shape *s;
};

/* The keys, and the values that each of them is. */
static const struct {
	enum gn_shape_field field;
	size_t offset;
} keys[] = {
	{ GN_SHAPE_DELAY, offsetof(struct gn_raw_shape, delay) },
	{ GN_SHAPE_JITTER, offsetof(struct gn_raw_shape, jitter) },
	{ GN_SHAPE_DISTRIBUTION, offsetof(struct gn_raw_shape, distribution) },
	{ GN_SHAPE_CORRELATION, offsetof(struct gn_raw_shape, correlation) },
	{ GN_SHAPE_ORDER, offsetof(struct gn_raw_shape, order) },
	{ GN_SHAPE_LOSS, offsetof(struct gn_raw_shape, loss) },
	{ GN_SHAPE_DUPLICATE, offsetof(struct gn_raw_shape, duplicate) },
	{ GN_SHAPE_CORRUPT, offsetof(struct gn_raw_shape, corrupt) },
	{ GN_SHAPE_REORDER, offsetof(struct gn_raw_shape, reorder) },
	{ GN_SHAPE_RATE, offsetof(struct gn_raw_shape, rate) },
	{ GN_SHAPE_SLOT, offsetof(struct gn_raw_shape, slot) },
	{ GN_SHAPE_LIMIT, offsetof(struct gn_raw_shape, limit) },
	{ GN_SHAPE_ECN, offsetof(struct gn_raw_shape, ecn) },
};

static const struct gn_field *field_at(const struct gn_raw_shape *raw, size_t offset)
{
	return (const void *)((const char *)raw + offset);
}

/* The direction's own field if it is written, else the link's. */
static const struct gn_field *take(const struct direction *d, size_t offset)
{
	const struct gn_field *own = d->own ? field_at(d->own, offset) : NULL;

	return own && own->at ? own : field_at(d->both, offset);
}

#define TAKE(d, member) take(d, offsetof(struct gn_raw_shape, member))

static uint32_t written_in(const struct gn_raw_shape *raw)
{
	uint32_t fields = 0;

	for (size_t i = 0; raw && i < GN_ARRAY_LEN(keys); i++)
		fields |= field_at(raw, keys[i].offset)->at ? (uint32_t)keys[i].field : 0;
	return fields;
}

/* The place of the direction's fault: the most particular of its fields that is written. */
static void report_fault(void *context, enum gn_shape_field field, const char *sentence)
{
	const struct direction *d = context;
	const struct gn_raw *within = d->own && d->own->raw.place.line ? &d->own->raw : &d->both->raw;

	for (size_t i = 0; i < GN_ARRAY_LEN(keys); i++) {
		if (keys[i].field == field)
			gn_fault_at(d->p->report, gn_place_of(take(d, keys[i].offset), within), "%s",
				    sentence);
	}
}

/* A probability that is not written is what another one leaves. */
static uint32_t or_rest(const struct gn_field *f, const struct gn_field *other)
{
	return (uint32_t)(f->at ? f->number : ALL - other->number);
}

static bool fits(struct gn_planning *p, const struct gn_field *a, const struct gn_field *b, const char *what)
{
	if (a->number + b->number <= ALL)
		return true;
	gn_fault_at(p->report, (b->at ? b : a)->at->place, "%s are more than 100%% together", what);
	return false;
}

static bool take_states(struct gn_planning *p, const struct gn_raw_states *raw, struct gn_shape *s)
{
	bool good = fits(p, &raw->p13, &raw->p14, "p13 and p14, both from state 1,");

	if (raw->p31.at)
		good &= fits(p, &raw->p31, &raw->p32, "p31 and p32, both from state 3,");
	else if (raw->p32.number > raw->p13.number) {
		gn_fault_at(
			p->report, raw->p32.at->place,
			"p32 and p31, both from state 3, are more than 100%% together: p31 is 100%% - p13 unless "
			"it is written");
		good = false;
	}
	s->loss_model = GN_LOSS_STATES;
	s->loss_states[0] = (uint32_t)raw->p13.number;
	s->loss_states[1] = or_rest(&raw->p31, &raw->p13);
	s->loss_states[2] = (uint32_t)raw->p32.number;
	s->loss_states[3] = (uint32_t)raw->p23.number;
	s->loss_states[4] = (uint32_t)raw->p14.number;
	return good;
}

static void take_gilbert_elliott(const struct gn_raw_gilbert_elliott *raw, struct gn_shape *s)
{
	s->loss_model = GN_LOSS_GILBERT_ELLIOTT;
	s->loss_states[0] = (uint32_t)raw->p.number;
	s->loss_states[1] = or_rest(&raw->r, &raw->p);
	s->loss_states[2] = (uint32_t)raw->loss_in_bad.number;
	s->loss_states[3] = (uint32_t)raw->loss_in_good.number;
}

static bool take_loss(struct gn_planning *p, const struct gn_field *f, struct gn_shape *s)
{
	const struct gn_raw_loss *raw = f->items;

	if (!raw) {
		s->loss_ppm = (uint32_t)f->number;
		return true;
	}
	if (!raw->random.at + !raw->gilbert_elliott.at + !raw->states.at != 2) {
		gn_fault_at(p->report, f->at->place, "loss needs one of random, gilbert-elliott and states");
		return false;
	}
	if (raw->correlation.at && !raw->random.at) {
		gn_fault_at(p->report, raw->correlation.at->key_place,
			    "correlation is of random losses: a model of bursts has its own");
		return false;
	}
	s->loss_ppm = (uint32_t)raw->random.number;
	s->loss_correlation_ppm = (uint32_t)raw->correlation.number;
	if (raw->gilbert_elliott.at)
		take_gilbert_elliott(raw->gilbert_elliott.items, s);
	return !raw->states.at || take_states(p, raw->states.items, s);
}

static void take_share(const struct gn_field *f, uint32_t *ret_ppm, uint32_t *ret_correlation_ppm)
{
	const struct gn_raw_share *raw = f->items;

	*ret_ppm = (uint32_t)(raw ? raw->share.number : f->number);
	*ret_correlation_ppm = (uint32_t)(raw ? raw->correlation.number : 0);
}

static void take_reorder(const struct gn_field *f, struct gn_shape *s)
{
	const struct gn_raw_share *raw = f->items;

	take_share(f, &s->reorder_ppm, &s->reorder_correlation_ppm);
	s->reorder_gap = s->reorder_ppm ? (uint32_t)(raw ? raw->gap.number : 1) : 0;
}

static bool take_rate(struct gn_planning *p, const struct gn_field *f, struct gn_shape *s)
{
	const struct gn_raw_rate *raw = f->items;

	if (!raw) {
		s->rate_bps = f->number;
		return true;
	}
	s->rate_bps = raw->rate.number;
	s->packet_overhead = (int32_t)(int64_t)raw->packet_overhead.number;
	s->cell_size = (uint32_t)raw->cell_size.number;
	s->cell_overhead = (int32_t)(int64_t)raw->cell_overhead.number;
	if (s->cell_overhead && !s->cell_size)
		gn_fault_at(p->report, raw->cell_overhead.at->key_place, "cell_overhead needs a cell_size");
	else if (s->cell_size && (int64_t)s->cell_size + s->cell_overhead <= 0)
		gn_fault_at(p->report, raw->cell_overhead.at->place,
			    "cell_overhead %d leaves nothing of a cell of %u bytes", s->cell_overhead,
			    s->cell_size);
	else
		return true;
	return false;
}

/* Without a table the kernel has bounds, with one mean and deviation. */
static bool take_slot(struct gn_planning *p, const struct gn_field *f, struct gn_shape *s)
{
	const struct gn_raw_slot *raw = f->items;
	struct gn_slot *slot = &s->slot;

	if (!raw) {
		slot->min_delay = slot->max_delay = f->number;
		return true;
	}
	const uint64_t delay = raw->delay.number, jitter = raw->jitter.number;

	if (!gn_distribution_decode(p, &raw->distribution, &slot->distribution))
		return false;
	if (jitter > delay)
		gn_fault_at(p->report, raw->jitter.at->place, "the slot's jitter is more than its delay");
	else if (slot->distribution && !jitter)
		gn_fault_at(p->report, raw->distribution.at->key_place,
			    "the slot's distribution needs a jitter: netem makes no slots otherwise");
	else if (!delay && (raw->packets.at || raw->bytes.at))
		gn_fault_at(p->report, raw->delay.at->place, "a slot of no length holds nothing back");
	else {
		slot->mean = slot->distribution ? delay : 0;
		slot->jitter = slot->distribution ? jitter : 0;
		slot->min_delay = slot->distribution ? 0 : delay - jitter;
		slot->max_delay = slot->distribution ? 0 : delay + jitter;
		slot->packets = (uint32_t)raw->packets.number;
		slot->bytes = (uint32_t)raw->bytes.number;
		return true;
	}
	return false;
}

/* All fields, whatever goes together. Return: false after a fault. */
static bool decode_direction(const struct direction *d)
{
	struct gn_planning *p = d->p;
	struct gn_shape *s = d->s;
	bool good = true;

	*s = (struct gn_shape){
		.delay = TAKE(d, delay)->number,
		.jitter = TAKE(d, jitter)->number,
		.correlation_ppm = (uint32_t)TAKE(d, correlation)->number,
		.keep_order = TAKE(d, order)->number == 1,
		.limit = (uint32_t)TAKE(d, limit)->number,
		.limit_given = TAKE(d, limit)->at,
		.ecn = TAKE(d, ecn)->number,
	};
	take_share(TAKE(d, duplicate), &s->duplicate_ppm, &s->duplicate_correlation_ppm);
	take_share(TAKE(d, corrupt), &s->corrupt_ppm, &s->corrupt_correlation_ppm);
	take_reorder(TAKE(d, reorder), s);
	good &= gn_distribution_decode(p, TAKE(d, distribution), &s->distribution);
	good &= take_loss(p, TAKE(d, loss), s);
	good &= take_rate(p, TAKE(d, rate), s);
	good &= take_slot(p, TAKE(d, slot), s);
	return good;
}

bool gn_shape_decode_change(struct gn_planning *p, const struct gn_raw_shape *both,
			    const struct gn_raw_shape *own, struct gn_shape *ret, uint32_t *ret_fields)
{
	const struct direction d = { .p = p, .both = both, .own = own, .s = ret };

	*ret_fields = written_in(both) | written_in(own);
	return decode_direction(&d);
}

bool gn_shape_decode(struct gn_planning *p, const struct gn_raw_shape *both,
		     const struct gn_raw_shape *a_to_b, const struct gn_raw_shape *b_to_a,
		     struct gn_shape ret[2])
{
	const struct gn_raw_shape *const own[2] = { a_to_b, b_to_a };
	const bool symmetric = !a_to_b && !b_to_a;

	for (int i = 0; i < 2; i++) {
		struct direction d = { .p = p, .both = both, .own = own[i], .s = &ret[i] };
		const size_t before = p->report->n + p->report->dropped;

		if (i == 1 && symmetric) { /* the same faults would come twice */
			ret[1] = ret[0];
			return true;
		}
		if (!decode_direction(&d))
			return false;
		gn_shape_check(d.s, written_in(both) | written_in(own[i]), report_fault, &d);
		if (p->report->n + p->report->dropped != before)
			return false;
		gn_shape_set_limit(d.s);
	}
	return true;
}
