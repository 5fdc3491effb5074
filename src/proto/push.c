/* SPDX-License-Identifier: MIT */
/* push: informed members call and hand on what they know; the partner learns. */
#include "gossipnet/protocol.h"

static const struct gn_exchange machine = { .directions = GN_EXCHANGE_PUSH };

static void sizes(const struct gn_cluster *c, struct gn_sizes *ret)
{
	gn_exchange_sizes(c, &machine, ret);
}

static int step(const struct gn_cluster *c, void *head, void *body, const struct gn_input *in,
		const struct gn_output *out, uint64_t *deadline)
{
	return gn_exchange_step(c, &machine, head, body, in, out, deadline);
}

const struct gn_protocol gn_push = {
	.abi = GN_PROTOCOL_ABI,
	.name = "push",
	.help = "informed members call and hand on what they know; the partner learns",
	.fans_out = true,
	.forgets = true,
	.endless = true,
	.tagged = true,
	.sizes = sizes,
	.step = step,
};
