/* SPDX-License-Identifier: MIT */
#include "reference.h"

#include <math.h>

void dice_seed(struct dice *d, uint64_t seed)
{
	d->state = (unsigned __int128)seed << 64 | 0x5851f42d4c957f2dULL;
	/* Neighbouring seeds differ in high bits alone: a few steps with the low half spread them. */
	for (int i = 0; i < 8; i++) {
		uint64_t x = dice_roll(d);

		d->state ^= x;
	}
}

uint64_t dice_roll(struct dice *d)
{
	const unsigned __int128 multiplier =
		(unsigned __int128)2549297995355413924ULL << 64 | 4865540595714422341ULL;
	const unsigned __int128 increment =
		(unsigned __int128)6364136223846793005ULL << 64 | 1442695040888963407ULL;

	d->state = d->state * multiplier + increment;
	uint64_t mixed = (uint64_t)(d->state >> 64) ^ (uint64_t)d->state;
	unsigned turn = (unsigned)(d->state >> 122);

	return mixed >> turn | mixed << (-turn & 63);
}

uint32_t dice_below(struct dice *d, uint32_t n)
{
	/* Uneven by n / 2^64. */
	return (uint32_t)((unsigned __int128)dice_roll(d) * n >> 64);
}

double dice_unit(struct dice *d)
{
	return ((double)(dice_roll(d) >> 11) + 1) / 9007199254740992.0;
}

bool dice_chance(struct dice *d, double probability)
{
	return probability > 0 && dice_unit(d) <= probability;
}

uint32_t dice_other(struct dice *d, uint32_t n, uint32_t self)
{
	uint32_t v;

	do
		v = dice_below(d, n);
	while (v == self);
	return v;
}

double dice_exponential(struct dice *d)
{
	return -log(dice_unit(d));
}

/* Arrivals of a Poisson process in @mean units of time. */
uint32_t dice_poisson(struct dice *d, double mean)
{
	uint32_t n = 0;

	for (double t = dice_exponential(d); t <= mean; t += dice_exponential(d))
		n++;
	return n;
}
