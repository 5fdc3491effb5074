/* SPDX-License-Identifier: MIT */
/*
 * What the simulator is held against: push-pull in synchronous rounds on the complete graph, one event, written out for this
 * one model as one would who needs nothing else: arrays and a loop. It computes what the simulator's result says:
 * the curve, datagrams and bytes on the wire, the largest in-degree of a round.
 *
 *   sim_rounds_loop MEMBERS SEED
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/time.h"

enum { NOTHING, FRESH, KNOWS };
/* Bytes of a call that knows nothing, of one that pushes the event, and of a reply. */
enum { CALL = 26, PUSH = 27 + 16, REPLY = 20 + 16 };

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

struct model {
	uint32_t n, informed, largest;
	uint64_t *random, datagrams, bytes;
	uint8_t *knows;
	uint32_t *received;
};

static void run_round(struct model *m)
{
	memset(m->received, 0, m->n * sizeof(*m->received));
	for (uint32_t i = 0; i < m->n; i++) {
		uint32_t to = below(&m->random[i], m->n - 1);

		to += to >= i;
		if (++m->received[to] > m->largest)
			m->largest = m->received[to];
		m->datagrams++;
		if (m->knows[i] == KNOWS) {
			m->bytes += PUSH;
			m->informed += m->knows[to] == NOTHING;
			if (m->knows[to] == NOTHING)
				m->knows[to] = FRESH;
			continue;
		}
		m->bytes += CALL;
		if (m->knows[to] != KNOWS)
			continue;
		m->datagrams++;
		m->bytes += REPLY;
		m->informed += m->knows[i] == NOTHING;
		m->knows[i] = FRESH;
	}
	for (uint32_t i = 0; i < m->n; i++)
		m->knows[i] = m->knows[i] == NOTHING ? NOTHING : KNOWS;
}

int main(int argc, char **argv)
{
	gn_time start = gn_now();
	struct model m = { .n = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 0, .informed = 1 };
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
	unsigned rounds = 0;

	if (m.n < 2)
		return 2;
	m.random = malloc(m.n * sizeof(*m.random));
	m.knows = calloc(m.n, sizeof(*m.knows));
	m.received = malloc(m.n * sizeof(*m.received));
	if (!m.random || !m.knows || !m.received)
		return 1;
	for (uint32_t i = 0; i < m.n; i++) {
		uint64_t x = seed + i;

		m.random[i] = next(&x);
	}
	m.knows[0] = KNOWS;
	for (; m.informed < m.n; rounds++) {
		run_round(&m);
		printf("# round %u: %" PRIu32 "\n", rounds + 1, m.informed);
	}
	printf("rounds %u datagrams %" PRIu64 " bytes %" PRIu64 " in-degree %" PRIu32 " wall_ns %" PRIu64
	       "\n",
	       rounds, m.datagrams, m.bytes, m.largest, gn_now() - start);
	free(m.random);
	free(m.knows);
	free(m.received);
	return 0;
}
