/* SPDX-License-Identifier: MIT */
/*
 * Cutting a network while it runs: links that are down, and partitions.
 *
 * Every interface carries the same two small eBPF programs, one where packets leave it (before netem's queue) and one
 * where they come in (behind it). They look at maps that all of them share, so one write takes effect at every
 * interface of the network at once.
 *
 * A packet that is dropped is dropped silently: nobody is told, the interface stays up.
 */
#ifndef GN_NET_CUT_H
#define GN_NET_CUT_H

#include "net/netlink.h"
#include "topo/topology.h"

struct gn_cut;

/**
 * gn_cut_new() - load the programs; nothing is cut.
 * @t: read during the call only; has at least one link.
 * @ret: on success owned by the caller, gn_cut_free(). What is attached works on without it.
 *
 * Return: 0; -ENOMEM; or the kernel's refusal.
 */
int gn_cut_new(const struct gn_topology *t, struct gn_cut **ret, struct gn_err *err);
struct gn_cut *gn_cut_free(struct gn_cut *c);

/* Queue "attach the programs to the interface @index", which has gn_msg_hooks() already. The index tells them the link:
 * it has to be one of gn_plan_index(). */
void gn_cut_queue(struct gn_nl_batch *b, const struct gn_cut *c, uint32_t index, const char *what);

/* Links that go down lose what is under way on them, even if they are up again before that arrives. All of them at once.
 * Return, like the next two: 0, or the kernel's refusal. */
int gn_cut_links(struct gn_cut *c, const uint32_t *links, uint32_t n, bool down, struct gn_err *err);

/* @part: by node id, which part a host or router belongs to; NULL: the network is whole. In force for all packets
 * at once, those under way included. */
int gn_cut_partition(struct gn_cut *c, const uint8_t *part, struct gn_err *err);

/* Packets dropped so far. */
int gn_cut_drops(const struct gn_cut *c, uint64_t *ret_partition, uint64_t *ret_down, struct gn_err *err);

#endif
