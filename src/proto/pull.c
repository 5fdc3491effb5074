/* SPDX-License-Identifier: MIT */
/* pull: members call and ask for what they lack; they learn. */
#include "gossipnet/protocol.h"

static const struct gn_exchange machine = { .directions = GN_EXCHANGE_PULL };

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

const struct gn_protocol gn_pull = {
	.abi = GN_PROTOCOL_ABI,
	.name = "pull",
	.help = "members call and ask for what they lack; they learn",
	.fans_out = true,
	.forgets = true,
	.endless = true,
	.tagged = true,
	.sizes = sizes,
	.step = step,
	.rounds = rounds,
};
