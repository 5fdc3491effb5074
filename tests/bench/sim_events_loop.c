/* SPDX-License-Identifier: MIT */
/*
 * What the simulator is held against: push-pull by members that act once a period, each at a phase of its own, with a one-way
 * latency of a tenth of a period, one event, written out for this one model as one would who needs nothing else:
 * arrays and a binary heap of what is to come. It computes what the simulator's result says: the curve,
 * datagrams and bytes on the wire, the largest in-degree of a period.
 *
 *   sim_events_loop MEMBERS SEED
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/time.h"

#define PERIOD	UINT64_C(1000000000)
#define LATENCY (PERIOD / 10)

/* Bytes of a call that knows nothing, of one that pushes the event, and of a reply. */
enum { CALL_SIZE = 26, PUSH_SIZE = 27 + 16, REPLY_SIZE = 20 + 16 };
enum kind { TIMER, CALL, PUSH, REPLY };

struct entry {
	uint64_t t;
	uint32_t member;
	uint32_t from_and_kind; /* kind in the lowest two bits */
};

struct model {
	uint32_t n, informed, largest;
	uint64_t *random, datagrams, bytes, window;
	uint64_t *learned; /* when, or UINT64_MAX */
	uint32_t *received;
	struct entry *heap;
	size_t used, size;
	uint64_t half, events; /* when half of them knew */
};

static inline uint64_t next(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static inline uint32_t below(uint64_t *state, uint32_t n)
{
	uint64_t m = (next(state) >> 32) * n;

	if ((uint32_t)m < n) {
		uint32_t threshold = -n % n;

		while ((uint32_t)m < threshold)
			m = (next(state) >> 32) * n;
	}
	return (uint32_t)(m >> 32);
}

static void push(struct model *m, uint64_t t, uint32_t member, uint32_t from, enum kind kind)
{
	size_t i = m->used++;

	if (m->used > m->size) {
		m->size *= 2;
		m->heap = realloc(m->heap, m->size * sizeof(*m->heap));
		if (!m->heap)
			exit(1);
	}
	for (size_t parent; i && m->heap[parent = (i - 1) / 2].t > t; i = parent)
		m->heap[i] = m->heap[parent];
	m->heap[i] = (struct entry){ t, member, from << 2 | kind };
}

static struct entry pop(struct model *m)
{
	struct entry first = m->heap[0], last = m->heap[--m->used];
	size_t i = 0;

	for (size_t child; (child = 2 * i + 1) < m->used; i = child) {
		if (child + 1 < m->used && m->heap[child + 1].t < m->heap[child].t)
			child++;
		if (m->heap[child].t >= last.t)
			break;
		m->heap[i] = m->heap[child];
	}
	m->heap[i] = last;
	return first;
}

static void learn(struct model *m, uint32_t member, uint64_t t)
{
	if (m->learned[member] <= t)
		return;
	m->learned[member] = t;
	if (++m->informed == (m->n + 1) / 2)
		m->half = t;
}

static void call(struct model *m, uint32_t i, uint64_t t)
{
	uint32_t to = below(&m->random[i], m->n - 1);
	bool knows = m->learned[i] < t;

	to += to >= i;
	m->datagrams++;
	m->bytes += knows ? PUSH_SIZE : CALL_SIZE;
	push(m, t + LATENCY, to, i, knows ? PUSH : CALL);
	push(m, t + PERIOD, i, 0, TIMER);
}

static void carry_out(struct model *m, const struct entry *e)
{
	enum kind kind = e->from_and_kind & 3;

	if (e->t >= m->window) {
		memset(m->received, 0, m->n * sizeof(*m->received));
		m->window = e->t - e->t % PERIOD + PERIOD;
	}
	if (kind == TIMER) {
		call(m, e->member, e->t);
		return;
	}
	if (kind != REPLY && ++m->received[e->member] > m->largest)
		m->largest = m->received[e->member];
	if (kind != CALL) {
		learn(m, e->member, e->t);
	} else if (m->learned[e->member] < e->t) {
		m->datagrams++;
		m->bytes += REPLY_SIZE;
		push(m, e->t + LATENCY, e->from_and_kind >> 2, e->member, REPLY);
	}
}

static int prepare(struct model *m, uint64_t seed)
{
	m->size = m->n + m->n / 4 + 16;
	m->random = malloc(m->n * sizeof(*m->random));
	m->learned = malloc(m->n * sizeof(*m->learned));
	m->received = malloc(m->n * sizeof(*m->received));
	m->heap = malloc(m->size * sizeof(*m->heap));
	if (!m->random || !m->learned || !m->received || !m->heap)
		return 1;
	for (uint32_t i = 0; i < m->n; i++) {
		uint64_t x = seed + i;

		m->random[i] = next(&x);
		m->learned[i] = UINT64_MAX;
		push(m, 1 + next(&m->random[i]) % PERIOD, i, 0, TIMER);
	}
	m->learned[0] = 0;
	m->informed = 1;
	return 0;
}

int main(int argc, char **argv)
{
	gn_time start = gn_now();
	struct model m = { .n = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 0 };
	struct entry e = { 0 };

	if (m.n < 2)
		return 2;
	if (prepare(&m, argc > 2 ? strtoull(argv[2], NULL, 10) : 1))
		return 1;
	for (; m.informed < m.n; m.events++) {
		e = pop(&m);
		carry_out(&m, &e);
	}
	printf("t50 %" PRIu64 " t100 %" PRIu64 " events %" PRIu64 " datagrams %" PRIu64 " bytes %" PRIu64
	       " in-degree %" PRIu32 " wall_ns %" PRIu64 "\n",
	       m.half, e.t, m.events, m.datagrams, m.bytes, m.largest, gn_now() - start);
	free(m.random);
	free(m.learned);
	free(m.received);
	free(m.heap);
	return 0;
}
