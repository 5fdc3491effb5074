/* SPDX-License-Identifier: MIT */
/* A network under construction: what the phases of gn_network_build() share. */
#ifndef GN_NET_BUILDER_H
#define GN_NET_BUILDER_H

#include "net/internal.h"
#include "net/netlink.h"
#include "net/offload.h"

struct builder {
	const struct gn_topology *t;
	struct gn_network *net;
	struct gn_plan plan;
	struct gn_nl_batch *batch;
	struct gn_steps *steps;
	struct gn_netns_settings settings;
	struct gn_offload offload;
	gn_network_progress *progress;
	void *context;
};

/* The phases, in their order. */
int gn_build_switches(struct builder *b, struct gn_err *err); /* bridges and their rule */
int gn_build_links(struct builder *b, struct gn_err *err);    /* veth pairs, down, offloads off, hooks */
int gn_build_switch_settings(struct builder *b, struct gn_err *err); /* ports shaped and up, entries */
int gn_build_node_settings(struct builder *b, struct gn_err *err);   /* interfaces, neighbours, routes */

/* Tell the caller how far @phase is; -EINTR if he wants to stop. */
int gn_build_report(const struct builder *b, const char *phase, uint32_t done, uint32_t total,
		    struct gn_err *err);

const char *gn_build_name_at(const struct builder *b, uint32_t link, int end);
bool gn_build_is_switch(const struct builder *b, uint32_t link, int end);

/* "link A - B", for error texts. */
#define GN_LINK_NAME_MAX 192
void gn_build_link_name(const struct builder *b, uint32_t link, char name[GN_LINK_NAME_MAX]);

/* MAC address of an interface of a switch: the second byte tells it from a node's. */
void gn_build_switch_mac(uint32_t index, uint8_t mac[6]);

/* Make a port, whose link is @element in error texts, part of a bridge of the plan. */
void gn_build_queue_enslave(struct builder *b, const char *element, uint32_t index, uint32_t bridge);

/* Put netem on @end of the link, which has to be down, if what leaves it is to be shaped. */
int gn_build_queue_shape(struct builder *b, uint32_t link, int end, struct gn_err *err);

/* Attach the filters to the hooks at @end of the link: what can cut it, if this kernel can, and the way to where a switch's members
 * share their rate. */
void gn_build_queue_filters(struct builder *b, uint32_t link, int end);

#endif
