/* SPDX-License-Identifier: MIT */
/*
 * Segmentation offloads, which make one packet of up to 64 KB out of many: netem would lose and count
 * them as one. They are off on every interface of a network with shaping, so that no such packet
 * comes in over an unshaped link either.
 */
#ifndef GN_NET_OFFLOAD_H
#define GN_NET_OFFLOAD_H

#include "util/err.h"

/* A kernel's features that have to be off, as a request to it. */
struct gn_offload;

/* Ask the kernel, by means of any interface of the namespace of @socket, what its features are. */
int gn_offload_new(int socket, const char *interface, struct gn_offload **ret, struct gn_err *err);
struct gn_offload *gn_offload_free(struct gn_offload *o);

/* Switch them off on @interface, in the namespace of @socket (of any protocol). */
int gn_offload_disable(const struct gn_offload *o, int socket, const char *interface, struct gn_err *err);

#endif
