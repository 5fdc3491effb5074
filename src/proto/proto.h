/* SPDX-License-Identifier: MIT */
/* The built-in protocols. */
#ifndef GN_PROTO_H
#define GN_PROTO_H

#include "gossipnet/protocol.h"

/* The protocol of that name, or NULL. */
const struct gn_protocol *gn_protocol_find(const char *name);

/* The i-th built-in protocol, or NULL past the last: for messages and the schema. */
const struct gn_protocol *gn_protocol_at(size_t i);

#endif
