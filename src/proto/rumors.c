/* SPDX-License-Identifier: MIT */
#include "proto/rumors.h"

#include <string.h>

#define NO_EVENT UINT32_MAX

static size_t map_size(uint32_t max_events)
{
	/* Rounded up so that what follows is aligned. */
	return (((size_t)max_events + 7) / 8 + 15) / 16 * 16;
}

size_t gn_rumors_size(uint32_t max_events, uint32_t max_payload)
{
	return 2 * map_size(max_events) + max_events * (sizeof(struct gn_rumor) + (size_t)max_payload);
}

void gn_rumors_init(struct gn_rumors *t, void *memory, uint32_t max_events, uint32_t max_payload)
{
	uint8_t *at = memory;

	*t = (struct gn_rumors){
		.max_events = max_events,
		.max_payload = max_payload,
		.fresh = NO_EVENT,
		.known = at,
		.settled = at + map_size(max_events),
	};
	t->rumor = (void *)(at + 2 * map_size(max_events));
	t->payload = (uint8_t *)(t->rumor + max_events);
}

static bool is_set(const uint8_t *map, uint32_t i)
{
	return map[i / 8] >> i % 8 & 1;
}

static void set(uint8_t *map, uint32_t i)
{
	map[i / 8] |= (uint8_t)(1u << i % 8);
}

static uint8_t *payload_of(const struct gn_rumors *t, uint32_t event)
{
	return t->payload + (size_t)event * t->max_payload;
}

bool gn_rumors_learn(struct gn_rumors *t, const struct gn_wire_record *copy, uint32_t hop)
{
	if (is_set(t->known, copy->event))
		return false;
	set(t->known, copy->event);
	t->rumor[copy->event] = (struct gn_rumor){
		.origin = copy->origin,
		.hop = hop,
		.next_fresh = t->fresh,
		.size = (uint16_t)copy->size,
	};
	t->fresh = copy->event;
	if (copy->size)
		memcpy(payload_of(t, copy->event), copy->payload, copy->size);
	return true;
}

void gn_rumors_settle(struct gn_rumors *t)
{
	if (t->fresh == NO_EVENT)
		return;
	for (uint32_t e = t->fresh; e != NO_EVENT; e = t->rumor[e].next_fresh) {
		set(t->settled, e);
		if (e >= t->end)
			t->end = e + 1;
	}
	t->fresh = NO_EVENT;
	while (t->first_gap < t->end && is_set(t->settled, t->first_gap))
		t->first_gap++;
}

struct gn_wire_record gn_rumors_record(const struct gn_rumors *t, uint32_t event)
{
	const struct gn_rumor *r = &t->rumor[event];

	return (struct gn_wire_record){
		.event = event,
		.origin = r->origin,
		.hop = r->hop,
		.payload = payload_of(t, event),
		.size = r->size,
	};
}

struct gn_wire_digest gn_rumors_digest(struct gn_rumors *t)
{
	uint32_t base = t->first_gap / 8 * 8;
	uint32_t windows = (t->end - base) / GN_WIRE_DIGEST_BITS + 1;

	if (t->window >= windows)
		t->window = 0;
	base += t->window * GN_WIRE_DIGEST_BITS;
	bool last = t->window == windows - 1;

	t->window++;
	return (struct gn_wire_digest){
		.base = base,
		.bits = last ? t->end - base : GN_WIRE_DIGEST_BITS,
		.end = last,
		.map = t->settled + base / 8,
	};
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

static void make_heap(struct gn_choice *c)
{
	for (size_t i = c->n / 2; i-- > 0;)
		sift_down(c->key, c->n, i);
}

/* Keep the GN_CHOICE_MAX smallest keys: a heap, once there are that many. */
static void consider(struct gn_choice *c, uint64_t key)
{
	if (c->n < GN_CHOICE_MAX) {
		c->key[c->n++] = key;
		if (c->n == GN_CHOICE_MAX)
			make_heap(c);
	} else if (key < c->key[0]) {
		c->key[0] = key;
		sift_down(c->key, c->n, 0);
	}
}

static void sort(struct gn_choice *c)
{
	make_heap(c);
	for (size_t n = c->n; n-- > 1;) {
		uint64_t largest = c->key[0];

		c->key[0] = c->key[n];
		c->key[n] = largest;
		sift_down(c->key, n, 0);
	}
}

void gn_rumors_choose(const struct gn_rumors *t, const struct gn_wire_digest *asked, struct gn_choice *ret)
{
	ret->n = 0;
	for (uint32_t byte = (uint32_t)(((uint64_t)t->end + 7) / 8); byte-- > 0;) {
		unsigned left = t->settled[byte] & (asked ? gn_wire_lacks(asked, byte) : 0xff);

		/* From the highest bit down: newest first, which the heap then seldom has to move. */
		while (left) {
			unsigned bit = 31u - (unsigned)__builtin_clz(left);
			uint32_t event = byte * 8 + bit;

			left &= ~(1u << bit);
			consider(ret, (uint64_t)t->rumor[event].sent << 32 | (uint32_t)~event);
		}
	}
	sort(ret);
}
