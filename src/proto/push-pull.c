/* SPDX-License-Identifier: MIT */
/* push-pull: every member calls with what it knows; the partner answers with what the caller lacks. */
#include "gossipnet/protocol.h"

static const struct gn_exchange machine = { .directions = GN_EXCHANGE_PUSH | GN_EXCHANGE_PULL };

static void sizes(const struct gn_cluster *c, struct gn_sizes *ret)
{
	gn_exchange_sizes(c, &machine, ret);
}

static int step(const struct gn_cluster *c, void *head, void *body, const struct gn_input *in,
		const struct gn_output *out, uint64_t *deadline)
{
	return gn_exchange_step(c, &machine, head, body, in, out, deadline);
}

static uint32_t rounds(const struct gn_cluster *c, const struct gn_members *m, struct gn_input *in,
		       const struct gn_output *out)
{
	return gn_exchange_rounds(c, &machine, m, in, out);
}

const struct gn_protocol gn_push_pull = {
	.abi = GN_PROTOCOL_ABI,
	.name = "push-pull",
	.help = "every member calls with what it knows; the partner answers with what the caller lacks",
	.fans_out = true,
	.forgets = true,
	.endless = true,
	.tagged = true,
	.sizes = sizes,
	.step = step,
	.rounds = rounds,
};
