/* SPDX-License-Identifier: MIT */
/* Which events a call or reply carries, in which order, and how they get into datagrams. */
#include "proto/message.h"

/* Events that one call or reply can carry at most. */
#define CHOICE_MAX (GN_MESSAGE_DATAGRAMS * GN_WIRE_RECORDS_MAX)

struct choice {
	uint64_t key[CHOICE_MAX]; /* times sent, then the event's number, complemented */
	size_t n;
};

static uint32_t event_of(const struct choice *c, size_t i)
{
	return ~(uint32_t)c->key[i];
}

/* Restore the heap (largest key first) below @i. */
static void sift_down(uint64_t *key, size_t n, size_t i)
{
	for (size_t child; (child = 2 * i + 1) < n; i = child) {
		if (child + 1 < n && key[child + 1] > key[child])
			child++;
		if (key[i] >= key[child])
			return;
		uint64_t k = key[i];

		key[i] = key[child];
		key[child] = k;
	}
}

static void make_heap(struct choice *c)
{
	for (size_t i = c->n / 2; i-- > 0;)
		sift_down(c->key, c->n, i);
}

/* Keep the CHOICE_MAX smallest keys: a heap, once there are that many. */
static void consider(struct choice *c, uint64_t key)
{
	if (c->n < CHOICE_MAX) {
		c->key[c->n++] = key;
		if (c->n == CHOICE_MAX)
			make_heap(c);
	} else if (key < c->key[0]) {
		c->key[0] = key;
		sift_down(c->key, c->n, 0);
	}
}

static void sort(struct choice *c)
{
	make_heap(c);
	for (size_t n = c->n; n-- > 1;) {
		uint64_t largest = c->key[0];

		c->key[0] = c->key[n];
		c->key[n] = largest;
		sift_down(c->key, n, 0);
	}
}

static void choose(struct gn_rumors t, const struct gn_input *in, const struct gn_wire_digest *asked,
		   struct choice *ret)
{
	const uint32_t none = t.cluster->max_events;

	for (uint32_t e = next_to_send(t, in, asked, 0); e != none; e = next_to_send(t, in, asked, e + 1))
		consider(ret, (uint64_t)rumor_of(t, e)->sent << 32 | (uint32_t)~e);
	sort(ret);
}

uint32_t gn_send_several(struct gn_rumors t, const struct gn_input *in, const struct gn_output *out,
			 const struct gn_message *m)
{
	struct gn_wire_writer w; /* large, like the choice: not cleared */
	struct choice choice;
	unsigned left = GN_MESSAGE_DATAGRAMS;

	choice.n = 0;
	choose(t, in, m->asked, &choice);
	gn_wire_begin(&w, m->kind, m->note, m->number, in->now);
	if (m->digest)
		gn_wire_put_digest(&w, m->digest);
	for (size_t i = 0; i < choice.n; i++) {
		struct gn_wire_record r = record_of(t, event_of(&choice, i));

		if (!gn_wire_put_record(&w, &r)) {
			out->send(out->host, m->to, w.data, w.size);
			if (--left == 0)
				return (uint32_t)i;
			gn_wire_begin(&w, m->kind, m->note, m->number, in->now);
			gn_wire_put_record(&w, &r);
		}
		count_transmission(rumor_of(t, r.event));
	}
	out->send(out->host, m->to, w.data, w.size);
	return (uint32_t)choice.n;
}

uint32_t gn_send_message(struct gn_rumors t, const struct gn_input *in, const struct gn_output *out,
			 const struct gn_message *m)
{
	return send_message(t, in, out, m);
}

void gn_send_event(struct gn_rumors t, const struct gn_input *in, const struct gn_output *out, uint32_t to,
		   uint8_t kind, uint32_t number, uint32_t event)
{
	const struct gn_wire_record r = record_of(t, event);
	size_t size = write_header(out->room, kind, 0, number, in->now);

	size = write_record(out->room, size, 1, &r);
	count_transmission(rumor_of(t, event));
	out->send(out->host, to, out->room, size);
}
