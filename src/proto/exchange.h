/* SPDX-License-Identifier: MIT */
/*
 * The machine behind push, pull and push-pull.
 *
 * Once every period, at the start + phase + round * period, a member draws `fanout` partners and calls
 * each. A call pushes events, or asks by a digest for those that the caller lacks, or both; a partner
 * that is asked answers with what it knows and the caller lacks, and not at all if that is nothing.
 *
 * - The first number drawn is the phase, uniform in [0, period), then come `fanout` partners in each round, whatever
 *   the member knows: the partners depend on the seed and the round alone, never on what arrived.
 * - Everything sent rests on what was known strictly before that moment (see proto/rumors.h).
 * - A host that comes late makes up the missed rounds, all of them and in order, but at most
 *   GN_ROUNDS_AT_ONCE in one step; the deadline then lies in the past, so that the host gets to look at its
 *   datagrams before it feeds the next timer.
 * - A call carries at most GN_MESSAGE_DATAGRAMS datagrams, and so does a reply. That bounds what one call can put
 *   into the queue of a slow link, and leaves room for some 100 events of 40 bytes, or for 4 of the largest.
 */
#ifndef GN_PROTO_EXCHANGE_H
#define GN_PROTO_EXCHANGE_H

#include "gossipnet/protocol.h"

#define GN_ROUNDS_AT_ONCE 4

/* What a call does; may be combined. */
enum gn_exchange_direction { GN_EXCHANGE_PUSH = 1, GN_EXCHANGE_PULL = 2 };

/* As in struct gn_protocol; init with the directions of the calls. */
size_t gn_exchange_size(const struct gn_protocol_config *config);
const char *gn_exchange_init(void *state, const struct gn_protocol_config *config, unsigned directions);
int gn_exchange_step(void *state, const struct gn_input *in, const struct gn_output *out, uint64_t *deadline);

extern const struct gn_protocol gn_push, gn_pull, gn_push_pull;

#endif
