/* SPDX-License-Identifier: MIT */
/* push: members that know something call and hand it on; the partner learns. */
#include "proto/exchange.h"

static const char *init(void *state, const struct gn_protocol_config *config)
{
	return gn_exchange_init(state, config, GN_EXCHANGE_PUSH);
}

const struct gn_protocol gn_push = {
	.abi = GN_PROTOCOL_ABI,
	.name = "push",
	.state_size = gn_exchange_size,
	.init = init,
	.step = gn_exchange_step,
};
