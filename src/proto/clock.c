/* SPDX-License-Identifier: MIT */
/* When members act. */
#include "gossipnet/protocol.h"

static uint64_t below(struct gn_random *r, uint64_t n)
{
	unsigned __int128 m = (unsigned __int128)gn_random_next(r) * n;

	if ((uint64_t)m < n) {
		uint64_t threshold = -n % n;

		while ((uint64_t)m < threshold)
			m = (unsigned __int128)gn_random_next(r) * n;
	}
	return (uint64_t)(m >> 64);
}

static uint64_t later(uint64_t t, uint64_t by)
{
	return by < GN_NO_DEADLINE - t ? t + by : GN_NO_DEADLINE;
}

uint64_t gn_first_round(const struct gn_cluster *c, const struct gn_input *in)
{
	switch (c->clock) {
	case GN_CLOCK_ROUNDS:
		return later(in->now - in->now % c->period, c->period);
	case GN_CLOCK_POISSON:
		return later(in->now, gn_random_exponential(in->random, c->period));
	case GN_CLOCK_PERIODIC:
		break;
	}
	return later(in->now, 1 + below(in->random, c->period));
}

uint64_t gn_next_round(const struct gn_cluster *c, const struct gn_input *in, uint64_t due)
{
	return later(due,
		     c->clock == GN_CLOCK_POISSON ? gn_random_exponential(in->random, c->period) : c->period);
}
