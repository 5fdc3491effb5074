/* SPDX-License-Identifier: MIT */
/*
 * Seeded random numbers: xoshiro256++ (Blackman and Vigna, "Scrambled linear pseudorandom number
 * generators", ACM TOMS 47, 2021), state filled by splitmix64. The state lives in the object that
 * draws from it; there is no global generator.
 */
#ifndef GN_RAND_H
#define GN_RAND_H

#include <stdint.h>

struct gn_rand {
	uint64_t s[4];
};

/* What a stream is for; draws of one never shift those of another. Values are part of "same seed,
 * same run": never renumber them. */
enum gn_rand_stream {
	GN_RAND_TOPOLOGY = 1, /* generators of graphs */
	GN_RAND_OVERLAY = 2,
	GN_RAND_PROTOCOL = 3, /* one per node and life, gn_rand_life(): phase, then partners */
	GN_RAND_NETEM = 4,    /* one per link direction */
	GN_RAND_SCHEDULE = 5,
	GN_RAND_RESAMPLE = 6, /* a study's bootstrap */
};

/* The generator of (@seed, @stream, @index); different triples give unrelated sequences. */
void gn_rand_init(struct gn_rand *r, uint64_t seed, enum gn_rand_stream stream, uint64_t index);

/* A seed made of (@seed, @stream, @index), for generators of other kinds: struct gn_random's state in
 * gossipnet/protocol.h. Different triples give unrelated seeds. */
uint64_t gn_rand_seed(uint64_t seed, enum gn_rand_stream stream, uint64_t index);

/* The index of a member's @life, counted from 0: a process that was restarted does not repeat itself. */
static inline uint64_t gn_rand_life(uint32_t member, uint32_t life)
{
	return member + ((uint64_t)life << 32);
}

/* 64 uniform bits. */
uint64_t gn_rand_next(struct gn_rand *r);

/* Uniform in [0, @n), without bias (Lemire, ACM TOMACS 29(1), 2019). @n > 0. */
uint64_t gn_rand_below(struct gn_rand *r, uint64_t n);

#endif
