/* SPDX-License-Identifier: MIT */
/* Delay, jitter, loss, duplication and rate of a link, as netem can carry them. */
#include "topo/planning.h"
#include "topo/shape.h"

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

struct direction {
	struct gn_report *report;
	const struct gn_raw_shape *both, *own;
};

static void report_fault(void *context, enum gn_shape_field field, const char *sentence)
{
	const struct direction *d = context;
	const struct gn_raw_shape *own = d->own;
	const struct gn_field *at = field == GN_SHAPE_RATE
					    ? either(own ? &own->rate : NULL, &d->both->rate)
					    : either(own ? &own->jitter : NULL, &d->both->jitter);

	gn_fault_at(d->report, shape_place(d->both, own, at), "%s", sentence);
}

static bool shape_faults(struct gn_report *report, const struct gn_raw_shape *both,
			 const struct gn_raw_shape *own, struct gn_shape *s)
{
	struct direction d = { .report = report, .both = both, .own = own };
	const size_t before = report->n + report->dropped;

	gn_shape_check(s, 0, report_fault, &d);
	if (report->n + report->dropped != before)
		return true;
	gn_shape_set_limit(s);
	return false;
}

static struct gn_shape written_shape(const struct gn_raw_shape *both, const struct gn_raw_shape *o)
{
	return (struct gn_shape){
		.delay = either(o ? &o->delay : NULL, &both->delay)->number,
		.jitter = either(o ? &o->jitter : NULL, &both->jitter)->number,
		.loss_ppm = (uint32_t)either(o ? &o->loss : NULL, &both->loss)->number,
		.duplicate_ppm = (uint32_t)either(o ? &o->duplicate : NULL, &both->duplicate)->number,
		.rate_bps = either(o ? &o->rate : NULL, &both->rate)->number,
	};
}

bool gn_shape_decode_change(struct gn_report *report GN_UNUSED, const struct gn_raw_shape *both,
			    const struct gn_raw_shape *own, struct gn_shape *ret, uint32_t *ret_fields)
{
	static const struct {
		size_t offset;
		enum gn_shape_field field;
	} keys[] = {
		{ offsetof(struct gn_raw_shape, delay), GN_SHAPE_DELAY },
		{ offsetof(struct gn_raw_shape, jitter), GN_SHAPE_JITTER },
		{ offsetof(struct gn_raw_shape, loss), GN_SHAPE_LOSS },
		{ offsetof(struct gn_raw_shape, duplicate), GN_SHAPE_DUPLICATE },
		{ offsetof(struct gn_raw_shape, rate), GN_SHAPE_RATE },
	};
	uint32_t fields = 0;

	for (size_t i = 0; i < GN_ARRAY_LEN(keys); i++) {
		const struct gn_field *f = (const void *)((const char *)both + keys[i].offset);
		const struct gn_field *o = own ? (const void *)((const char *)own + keys[i].offset) : NULL;

		if (either(o, f)->at)
			fields |= keys[i].field;
	}
	*ret = written_shape(both, own);
	*ret_fields = fields;
	return true;
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
		*s = written_shape(both, o);
		if (shape_faults(report, both, o, s))
			return false;
	}
	return true;
}
