/* SPDX-License-Identifier: MIT */
/* push-pull: every member calls with what it knows; the partner answers with what the caller lacks. */
#include "proto/exchange.h"

static const char *init(void *state, const struct gn_protocol_config *config)
{
	return gn_exchange_init(state, config, GN_EXCHANGE_PUSH | GN_EXCHANGE_PULL);
}

const struct gn_protocol gn_push_pull = {
	.abi = GN_PROTOCOL_ABI,
	.name = "push-pull",
	.state_size = gn_exchange_size,
	.init = init,
	.step = gn_exchange_step,
};
