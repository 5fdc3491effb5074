/* SPDX-License-Identifier: MIT */
#include "net/counters.h"

#include <linux/gen_stats.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "net/internal.h"
#include "net/readback.h"

/* Copy what there is of a structure that grows from one kernel to the next. */
static void take(const struct nlattr *attr, void *value, size_t size)
{
	memcpy(value, mnl_attr_get_payload(attr), GN_MIN(size, (size_t)mnl_attr_get_payload_len(attr)));
}

static int parse_statistic(const struct nlattr *attr, void *context)
{
	struct gn_qdisc_counters *c = context;
	struct gnet_stats_basic basic = { 0 };
	struct gnet_stats_queue queue = { 0 };

	switch (mnl_attr_get_type(attr)) {
	case TCA_STATS_BASIC:
		take(attr, &basic, sizeof(basic));
		c->sent = GN_MAX(c->sent, basic.packets);
		break;
	case TCA_STATS_PKT64: /* where 32 bits are too few */
		take(attr, &c->sent, sizeof(c->sent));
		break;
	case TCA_STATS_QUEUE:
		take(attr, &queue, sizeof(queue));
		c->dropped = queue.drops;
		c->queued = queue.qlen;
		c->overlimits = queue.overlimits;
		c->requeues = queue.requeues;
		break;
	default: /* the kernel's list is longer than ours */
		break;
	}
	return MNL_CB_OK;
}

bool gn_qdisc_counters_parse(const struct nlmsghdr *m, uint32_t *ret_index, struct gn_qdisc_counters *ret)
{
	const struct tcmsg *t = mnl_nlmsg_get_payload(m);
	const struct nlattr *attr;
	struct gn_qdisc_counters c = { 0 };
	bool is_netem = false;

	if (m->nlmsg_type != RTM_NEWQDISC || m->nlmsg_len < mnl_nlmsg_size(sizeof(*t)) ||
	    t->tcm_parent != TC_H_ROOT)
		return false;
	mnl_attr_for_each(attr, m, sizeof(*t))
	{
		if (mnl_attr_get_type(attr) == TCA_KIND && mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) == 0)
			is_netem = strcmp(mnl_attr_get_str(attr), "netem") == 0;
		if (mnl_attr_get_type(attr) == TCA_STATS2 &&
		    mnl_attr_parse_nested(attr, parse_statistic, &c) == MNL_CB_OK)
			c.there = true;
	}
	if (!is_netem || !c.there)
		return false;
	*ret_index = (uint32_t)t->tcm_ifindex;
	*ret = c;
	return true;
}

/* A dump that begins anew shows a netem twice: each has its place. */
struct reading {
	const struct gn_topology *t;
	struct gn_qdisc_counters *places;
};

static int note(const struct nlmsghdr *m, void *context)
{
	struct reading *r = context;
	struct gn_qdisc_counters c;
	uint32_t index;

	if (!gn_qdisc_counters_parse(m, &index, &c))
		return 0;
	const uint32_t place = gn_readback_place(r->t, index);

	if (place != GN_NONE)
		r->places[place] = c;
	return 0;
}

static void add(struct gn_qdisc_counters *sum, const struct gn_qdisc_counters *c)
{
	sum->there |= c->there;
	sum->sent += c->sent;
	sum->dropped += c->dropped;
	sum->queued += c->queued;
	sum->overlimits += c->overlimits;
	sum->requeues += c->requeues;
}

int gn_network_counters(const struct gn_network *net, struct gn_qdisc_counters *directions,
			struct gn_qdisc_counters *ret_all, struct gn_err *err)
{
	const struct gn_topology *t = net->topology;
	const size_t n = 2 * ((size_t)t->n_links + t->n_nodes);
	GN_CLEANUP(gn_free_p) struct gn_qdisc_counters *places = calloc(n, sizeof(*places));
	struct reading r = { .t = t, .places = places };
	int code = places ? gn_readback_each(net, note, &r, err) : gn_fail(err, -ENOMEM, "out of memory");

	if (code)
		return gn_wrap(err, code, "the links' counters");
	*ret_all = (struct gn_qdisc_counters){ 0 };
	for (size_t i = 0; i < n; i++)
		add(ret_all, &places[i]);
	memcpy(directions, places, 2 * (size_t)t->n_links * sizeof(*places));
	return 0;
}
