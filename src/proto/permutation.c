/* SPDX-License-Identifier: MIT */
#include "gossipnet/protocol.h"

/* A Feistel network on side * side numbers, additions modulo side in place of XOR. Six rounds are enough for thousands of
 * numbers, but for a dozen it takes ten until every place is as likely as any other. */
#define FEISTEL_ROUNDS 10

struct gn_permutation gn_permutation(uint32_t n, uint64_t key)
{
	uint32_t root = 0;

	/* The largest root with root * root < n, from the highest bit down. */
	for (uint32_t bit = UINT32_C(1) << 15; bit; bit >>= 1) {
		if ((uint64_t)(root + bit) * (root + bit) < n)
			root += bit;
	}
	return (struct gn_permutation){ .key = key, .n = n, .side = root + 1 };
}

static uint32_t shift(const struct gn_permutation *p, uint32_t round, uint32_t half)
{
	uint64_t draw = gn_mix(p->key ^ ((uint64_t)round << 32 | half)) >> 32;

	return (uint32_t)(draw * p->side >> 32);
}

/* What leaves 0 .. n - 1 is sent through again until it is back: it walks along its cycle. */
uint32_t gn_permute(const struct gn_permutation *p, uint32_t i)
{
	const uint32_t side = p->side;
	uint64_t x = i;

	do {
		uint32_t left = (uint32_t)(x / side), right = (uint32_t)(x % side);

		for (uint32_t round = 1; round <= FEISTEL_ROUNDS; round++) {
			uint32_t sum = left + shift(p, round, right);

			left = right;
			right = sum < side ? sum : sum - side;
		}
		x = (uint64_t)left * side + right;
	} while (x >= p->n);
	return (uint32_t)x;
}

uint32_t gn_permute_back(const struct gn_permutation *p, uint32_t i)
{
	const uint32_t side = p->side;
	uint64_t x = i;

	do {
		uint32_t left = (uint32_t)(x / side), right = (uint32_t)(x % side);

		for (uint32_t round = FEISTEL_ROUNDS; round; round--) {
			uint32_t sum = right + side - shift(p, round, left);

			right = left;
			left = sum < side ? sum : sum - side;
		}
		x = (uint64_t)left * side + right;
	} while (x >= p->n);
	return (uint32_t)x;
}
