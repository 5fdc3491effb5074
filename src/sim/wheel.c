/* SPDX-License-Identifier: MIT */
#include "sim/wheel.h"

#include <stdlib.h>

#include "util/util.h"

enum { LEVEL_BITS = 6, CHUNK = 62, CHUNKS_AT_ONCE = 64 };
/* Entries of a list that moves down: how soon do they come? What more than FAR_MAX need does not stay in cache. */
enum { NEAR_MAX = 512, FAR_MAX = 32768 };

struct gn_wheel_chunk {
	struct gn_wheel_chunk *next;
	uint32_t from, to; /* entries that are there */
	struct gn_wheel_entry entries[CHUNK];
};

struct block {
	struct block *next;
	struct gn_wheel_chunk chunks[CHUNKS_AT_ONCE];
};

_Static_assert(GN_WHEEL_SLOTS == 1 << LEVEL_BITS && GN_WHEEL_LEVELS * LEVEL_BITS >= 64, "covers all times");

void gn_wheel_done(struct gn_wheel *w)
{
	for (struct block *b = w->blocks, *next; b; b = next) {
		next = b->next;
		free(b);
	}
	*w = (struct gn_wheel){ 0 };
}

static bool add_block(struct gn_wheel *w)
{
	struct block *b = malloc(sizeof(*b));

	if (!b)
		return false;
	b->next = w->blocks;
	w->blocks = b;
	for (int i = 0; i < CHUNKS_AT_ONCE; i++) {
		b->chunks[i].next = w->free;
		w->free = &b->chunks[i];
	}
	return true;
}

static struct gn_wheel_chunk *take_chunk(struct gn_wheel *w)
{
	if (!w->free && !add_block(w))
		return NULL;
	struct gn_wheel_chunk *c = w->free;

	w->free = c->next;
	c->next = NULL;
	c->from = c->to = 0;
	return c;
}

static void give_chunk(struct gn_wheel *w, struct gn_wheel_chunk *c)
{
	c->next = w->free;
	w->free = c;
}

static bool append(struct gn_wheel *w, unsigned level, unsigned slot, const struct gn_wheel_entry *e)
{
	struct gn_wheel_list *l = &w->lists[level][slot];

	if (!l->last || l->last->to == CHUNK) {
		struct gn_wheel_chunk *c = take_chunk(w);

		if (!c)
			return false;
		if (l->last)
			l->last->next = c;
		else
			l->first = c;
		l->last = c;
		w->used[level] |= UINT64_C(1) << slot;
	}
	l->last->entries[l->last->to++] = *e;
	return true;
}

static bool put(struct gn_wheel *w, const struct gn_wheel_entry *e)
{
	uint64_t differs = e->t ^ w->now;
	unsigned level = differs ? (63 - (unsigned)__builtin_clzll(differs)) / LEVEL_BITS : 0;

	return append(w, level, e->t >> level * LEVEL_BITS & (GN_WHEEL_SLOTS - 1), e);
}

bool gn_wheel_put(struct gn_wheel *w, gn_time t, uint64_t what)
{
	return put(w, &(struct gn_wheel_entry){ .t = t, .what = what });
}

static void tell_approach(const struct gn_wheel *w, const struct gn_wheel_chunk *first)
{
	size_t n = 0;

	for (const struct gn_wheel_chunk *c = first; c; c = c->next)
		n += c->to - c->from;
	if (!w->approach || n > FAR_MAX)
		return;
	for (const struct gn_wheel_chunk *c = first; c; c = c->next) {
		for (uint32_t i = c->from; i < c->to; i++)
			w->approach(w->host, c->entries[i].what, n > NEAR_MAX ? GN_WHEEL_FAR : GN_WHEEL_NEAR);
	}
}

static bool put_all(struct gn_wheel *w, const struct gn_wheel_chunk *c)
{
	for (uint32_t i = c->from; i < c->to; i++) {
		if (!put(w, &c->entries[i]))
			return false;
	}
	return true;
}

/* Move on to the first list of the lowest level that has any; its entries move down. */
static int descend(struct gn_wheel *w)
{
	unsigned level = 1;

	while (level < GN_WHEEL_LEVELS && !w->used[level])
		level++;
	if (level == GN_WHEEL_LEVELS)
		return 0;
	unsigned slot = (unsigned)__builtin_ctzll(w->used[level]), above = (level + 1) * LEVEL_BITS;
	struct gn_wheel_chunk *c = w->lists[level][slot].first;
	gn_time prefix = above < 64 ? w->now >> above << above : 0;

	w->now = prefix | (gn_time)slot << level * LEVEL_BITS;
	w->lists[level][slot] = (struct gn_wheel_list){ 0 };
	w->used[level] &= ~(UINT64_C(1) << slot);
	tell_approach(w, c);
	while (c) {
		struct gn_wheel_chunk *next = c->next;

		if (!put_all(w, c))
			return -ENOMEM;
		give_chunk(w, c);
		c = next;
	}
	return 1;
}

int gn_wheel_take(struct gn_wheel *w, struct gn_wheel_entry *ret)
{
	while (!w->used[0]) {
		int r = descend(w);

		if (r <= 0)
			return r;
	}
	unsigned slot = (unsigned)__builtin_ctzll(w->used[0]);
	struct gn_wheel_list *l = &w->lists[0][slot];
	struct gn_wheel_chunk *c = l->first;

	*ret = c->entries[c->from++];
	w->now = ret->t;
	if (c->from < c->to)
		return 1;
	l->first = c->next;
	if (!l->first) {
		l->last = NULL;
		w->used[0] &= ~(UINT64_C(1) << slot);
	}
	give_chunk(w, c);
	return 1;
}
