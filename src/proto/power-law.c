/* SPDX-License-Identifier: MIT */
/*
 * power-law: push-pull in which member u makes C_u calls a round, P(C = k) = k^-beta / zeta(beta), at most n - 1.
 *
 * With C_u drawn once and 2 < beta < 3 the spread takes Theta(log log n) rounds (Panagiotou, Pourmiri, Sauerwald,
 * Electronic Journal of Combinatorics 22(1), 2015): members with many calls know each other within few
 * hops. Redrawn every round, in one direction only, or capped by a constant it takes Theta(log n): the switches are
 * there to see that.
 */
#include "gossipnet/protocol.h"

enum { BETA, REDRAWN, DIRECTION, CAP };
enum { BOTH, PUSH_ONLY, PULL_ONLY };

static const char *const directions[] = { "both", "push", "pull", NULL };

static const struct gn_parameter parameters[] = {
	[BETA] = { "beta", "exponent of the number of calls", GN_PARAMETER_DECIMAL, 1100000, 10000000, NULL,
		   2500000 },
	[REDRAWN] = { "redrawn", "draw the number of calls anew every round, not once", GN_PARAMETER_SWITCH,
		      0, 1, NULL, 0 },
	[DIRECTION] = { "direction", "what a call does: both push and pull, or only one", GN_PARAMETER_CHOICE,
			BOTH, PULL_ONLY, directions, BOTH },
	[CAP] = { "cap", "at most so many calls a round; 0: no cap", GN_PARAMETER_WHOLE, 0, UINT32_MAX, NULL,
		  0 },
};

/* Numbers of calls up to this are looked up, those above follow the tail's integral: its midpoint rule is off by
 * less than beta^2 / 24 / LOOKED_UP^2 of the probability, 10^-6 of what is itself below 10^-4. */
#define LOOKED_UP 4096

/* Shared by all members: at_most_q64[k] is the probability of at most k + 1 calls. */
struct table {
	uint32_t n;
	uint64_t tail_q64; /* of more than n calls */
	uint64_t at_most_q64[];
};

static uint32_t looked_up(const struct gn_cluster *c)
{
	return c->members - 1 < LOOKED_UP ? c->members - 1 : LOOKED_UP;
}

/* k^-beta, 56 bits behind the point: their sum may reach zeta(1.1) = 10.6. */
static uint64_t weight_q56(uint64_t k, uint64_t beta_ppm)
{
	return gn_exp2_minus_q63((uint64_t)((unsigned __int128)gn_log2_q32(k) * beta_ppm / 1000000)) >> 7;
}

/* The sum of k^-beta over all k > n: Euler and Maclaurin, n^(1-beta)/(beta-1) - n^-beta/2 + beta n^(-beta-1)/12. */
static uint64_t tail_q56(uint64_t n, uint64_t beta_ppm)
{
	unsigned __int128 at_n = weight_q56(n, beta_ppm);

	return (uint64_t)(at_n * n * 1000000 / (beta_ppm - 1000000) - at_n / 2 +
			  at_n * beta_ppm / 12000000 / n);
}

static uint64_t share_q64(uint64_t part, uint64_t whole)
{
	return part >= whole ? UINT64_MAX : (uint64_t)(((unsigned __int128)part << 64) / whole);
}

static const char *prepare(const struct gn_cluster *c, void *shared)
{
	const uint64_t beta = (uint64_t)c->parameters[BETA];
	const int64_t cap = c->parameters[CAP];
	struct table *t = shared;
	uint64_t tail, sum = 0;

	if (c->members > GN_STEP_DATAGRAMS_MAX && (!cap || cap > GN_STEP_DATAGRAMS_MAX))
		return "cap: so many members need one: somebody might call more than 16777216 others at once";
	t->n = looked_up(c);
	/* The sum of all from the longer table, so that it does not depend on the number of members. */
	for (uint32_t k = 1; k <= LOOKED_UP; k++) {
		sum += weight_q56(k, beta);
		if (k <= t->n)
			t->at_most_q64[k - 1] = sum;
	}
	tail = tail_q56(LOOKED_UP, beta);
	for (uint32_t k = 0; k < t->n; k++)
		t->at_most_q64[k] = share_q64(t->at_most_q64[k], sum + tail);
	t->tail_q64 = share_q64(tail, sum + tail);
	return NULL;
}

/* P(C > k) falls as (k + 1/2)^(1-beta): solve for the k at which it is @u_q64, which is at most the tail. */
static uint32_t draw_tail(const struct gn_cluster *c, const struct table *t, uint64_t u_q64)
{
	const uint64_t beta = (uint64_t)c->parameters[BETA];
	uint64_t ratio_q32 = gn_log2_q32(t->tail_q64) - gn_log2_q32(u_q64 ? u_q64 : 1);
	uint64_t power_q32 = (uint64_t)((unsigned __int128)ratio_q32 * 1000000 / (beta - 1000000));
	uint64_t whole = (power_q32 >> 32) + 1, rest = (UINT64_C(1) << 32) - (uint32_t)power_q32;

	if (whole > 31) /* beyond any cluster */
		return c->members - 1;
	/* (n + 1/2) * 2^power + 1/2, rounded down. */
	unsigned __int128 k = (unsigned __int128)(2 * t->n + 1) * gn_exp2_minus_q63(rest) << whole;
	uint64_t calls = (uint64_t)(((k >> 1) + (UINT64_C(1) << 62)) >> 63);

	return calls < c->members - 1 ? (uint32_t)calls : c->members - 1;
}

static uint32_t draw_calls(const struct gn_cluster *c, const struct gn_input *in)
{
	const struct table *t = c->shared;
	uint64_t u = gn_random_next(in->random);
	uint32_t low = 0, high = t->n;

	if (u <= t->at_most_q64[0])
		return 1;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (t->at_most_q64[middle] < u)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < t->n)
		return low + 1;
	return t->n < LOOKED_UP ? t->n : draw_tail(c, t, UINT64_MAX - u);
}

static uint32_t calls(const struct gn_cluster *c, void *own, const struct gn_input *in)
{
	const int64_t cap = c->parameters[CAP];
	uint32_t *drawn = own;

	if (!*drawn || c->parameters[REDRAWN])
		*drawn = draw_calls(c, in);
	return cap && cap < *drawn ? (uint32_t)cap : *drawn;
}

#define MACHINE(way)                                        \
	{                                                   \
		.directions = way, .calls = calls, .own = 8 \
	}

static const struct gn_exchange machines[] = {
	[BOTH] = MACHINE(GN_EXCHANGE_PUSH | GN_EXCHANGE_PULL),
	[PUSH_ONLY] = MACHINE(GN_EXCHANGE_PUSH),
	[PULL_ONLY] = MACHINE(GN_EXCHANGE_PULL),
};

static const struct gn_exchange *machine_of(const struct gn_cluster *c)
{
	return &machines[c->parameters[DIRECTION]];
}

static void sizes(const struct gn_cluster *c, struct gn_sizes *ret)
{
	gn_exchange_sizes(c, machine_of(c), ret);
	ret->shared = sizeof(struct table) + looked_up(c) * sizeof(uint64_t);
}

static int step(const struct gn_cluster *c, void *head, void *body, const struct gn_input *in,
		const struct gn_output *out, uint64_t *deadline)
{
	return gn_exchange_step(c, machine_of(c), head, body, in, out, deadline);
}

const struct gn_protocol gn_power_law = {
	.abi = GN_PROTOCOL_ABI,
	.name = "power-law",
	.help = "push-pull; each member's number of calls is drawn from a power law, once",
	.parameters = parameters,
	.n_parameters = sizeof(parameters) / sizeof(parameters[0]),
	.forgets = true,
	.endless = true,
	.tagged = true,
	.sizes = sizes,
	.prepare = prepare,
	.step = step,
};
