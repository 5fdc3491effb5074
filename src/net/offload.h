/* SPDX-License-Identifier: MIT */
/*
 * Segmentation offloads, which make one packet of up to 64 KB out of many: netem would lose and count
 * them as one. They are off on every interface of a network: each link may be shaped later, and no such packet
 * may come in over one that is not.
 */
#ifndef GN_NET_OFFLOAD_H
#define GN_NET_OFFLOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "util/err.h"

#define GN_OFFLOAD_BLOCKS 8 /* of 32 features; Linux has two */

/* The features of a kernel that have to be off, a bit each. All zeros before gn_offload_init(). */
struct gn_offload {
	uint32_t n_blocks;
	uint32_t off[GN_OFFLOAD_BLOCKS];
};

/* Ask the kernel for its features, by means of any interface in the namespace of @socket. */
int gn_offload_init(struct gn_offload *o, int socket, const char *interface, struct gn_err *err);

/* Switch them off on @interface, in the namespace of @socket, which may be of any kind. */
int gn_offload_disable(const struct gn_offload *o, int socket, const char *interface, struct gn_err *err);

/* Does a feature with this name cut packets late or merge them? */
bool gn_offload_merges(const char *feature);

#endif
