/* SPDX-License-Identifier: MIT */
#include "util/rand.h"

static uint64_t splitmix64(uint64_t *x)
{
	uint64_t z = (*x += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* Hash the three parts one after another: neighbouring seeds or indices must not overlap. */
static uint64_t combine(uint64_t seed, enum gn_rand_stream stream, uint64_t index)
{
	uint64_t x = seed;

	x = splitmix64(&x) ^ (uint64_t)stream;
	return splitmix64(&x) ^ index;
}

void gn_rand_init(struct gn_rand *r, uint64_t seed, enum gn_rand_stream stream, uint64_t index)
{
	uint64_t x = combine(seed, stream, index);

	for (int i = 0; i < 4; i++)
		r->s[i] = splitmix64(&x);
}

uint64_t gn_rand_seed(uint64_t seed, enum gn_rand_stream stream, uint64_t index)
{
	uint64_t x = combine(seed, stream, index);

	return splitmix64(&x);
}

static uint64_t rotl(uint64_t x, int k)
{
	return (x << k) | (x >> (64 - k));
}

uint64_t gn_rand_next(struct gn_rand *r)
{
	uint64_t result = rotl(r->s[0] + r->s[3], 23) + r->s[0], t = r->s[1] << 17;

	r->s[2] ^= r->s[0];
	r->s[3] ^= r->s[1];
	r->s[1] ^= r->s[2];
	r->s[0] ^= r->s[3];
	r->s[2] ^= t;
	r->s[3] = rotl(r->s[3], 45);
	return result;
}

uint64_t gn_rand_below(struct gn_rand *r, uint64_t n)
{
	unsigned __int128 m = (unsigned __int128)gn_rand_next(r) * n;

	if ((uint64_t)m < n) {
		uint64_t threshold = -n % n;

		while ((uint64_t)m < threshold)
			m = (unsigned __int128)gn_rand_next(r) * n;
	}
	return (uint64_t)(m >> 64);
}
