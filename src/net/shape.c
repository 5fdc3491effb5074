/* SPDX-License-Identifier: MIT */
#include "net/shape.h"

#include <inttypes.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <netlink/route/qdisc.h>
#include <netlink/route/tc.h>
#include <string.h>

#include "util/rand.h"

#define ROOT_HANDLE	0x10000 /* 1: */
#define NETEM_PRNG_SEED 14	/* TCA_NETEM_PRNG_SEED, Linux 6.6; older ones ignore it */
#define NETEM_ATTRS	16

static uint32_t share_of(uint32_t ppm)
{
	if (ppm >= 1000000)
		return UINT32_MAX;
	return (uint32_t)(((uint64_t)ppm << 32) / 1000000 + ((((uint64_t)ppm << 32) % 1000000) >= 500000));
}

void gn_netem_of(const struct gn_shape *shape, uint64_t seed, uint32_t link, int direction,
		 struct gn_netem *ret)
{
	struct gn_rand r;

	gn_rand_init(&r, seed, GN_RAND_NETEM, 2 * (uint64_t)link + (uint64_t)direction);
	*ret = (struct gn_netem){
		.latency = (int64_t)shape->delay,
		.jitter = (int64_t)shape->jitter,
		.rate = shape->rate_bps ? GN_MAX(1, shape->rate_bps / 8 + (shape->rate_bps % 8 >= 4)) : 0,
		.loss = share_of(shape->loss_ppm),
		.duplicate = share_of(shape->duplicate_ppm),
		.limit = shape->limit,
		.seed = gn_rand_next(&r),
	};
}

/* libnl's own netem has neither rate nor 64-bit times, so the options are put here. */
static int put_options(struct nl_msg *msg, const struct gn_netem *n)
{
	const struct tc_netem_qopt options = { .loss = n->loss,
					       .duplicate = n->duplicate,
					       .limit = n->limit };
	/* Below 2^32 the rate fits; above, the kernel wants all ones here and the value in RATE64. */
	const struct tc_netem_rate rate = { .rate = (uint32_t)GN_MIN(n->rate, UINT32_MAX) };
	struct nlattr *start = nla_reserve(msg, TCA_OPTIONS, sizeof(options));
	int r;

	if (!start)
		return -NLE_NOMEM;
	memcpy(nla_data(start), &options, sizeof(options));
	r = nla_put(msg, TCA_NETEM_LATENCY64, sizeof(n->latency), &n->latency);
	if (!r)
		r = nla_put(msg, TCA_NETEM_JITTER64, sizeof(n->jitter), &n->jitter);
	if (!r && n->rate > UINT32_MAX)
		r = nla_put(msg, TCA_NETEM_RATE64, sizeof(n->rate), &n->rate);
	if (!r && n->rate)
		r = nla_put(msg, TCA_NETEM_RATE, sizeof(rate), &rate);
	if (!r)
		r = nla_put(msg, NETEM_PRNG_SEED, sizeof(n->seed), &n->seed);
	/* netem's attributes lie within its options, behind the structure. */
	start->nla_len = (uint16_t)((char *)nlmsg_tail(nlmsg_hdr(msg)) - (char *)start);
	return r;
}

static int build(struct rtnl_qdisc *qdisc, uint32_t index, const struct gn_netem *n, struct nl_msg **ret)
{
	struct nl_msg *msg;
	int r;

	rtnl_tc_set_ifindex(TC_CAST(qdisc), (int)index);
	rtnl_tc_set_parent(TC_CAST(qdisc), TC_H_ROOT);
	rtnl_tc_set_handle(TC_CAST(qdisc), ROOT_HANDLE);
	r = rtnl_qdisc_build_add_request(qdisc, NLM_F_CREATE | NLM_F_EXCL, &msg);
	if (r < 0)
		return r;
	r = nla_put_string(msg, TCA_KIND, "netem");
	if (!r)
		r = put_options(msg, n);
	if (r < 0)
		nlmsg_free(msg);
	else
		*ret = msg;
	return r;
}

int gn_netem_queue(struct gn_nl_batch *b, uint32_t index, const struct gn_netem *n, const char *what,
		   struct gn_err *err)
{
	struct rtnl_qdisc *qdisc = rtnl_qdisc_alloc();
	struct nl_msg *msg;
	int r = qdisc ? build(qdisc, index, n, &msg) : -NLE_NOMEM;

	rtnl_qdisc_put(qdisc);
	if (r < 0)
		return gn_fail(err, -ENOMEM, "%s: %s", what, nl_geterror(r));

	struct nlmsghdr *m = gn_nl_request(b, "%s", what);

	memcpy(m, nlmsg_hdr(msg), nlmsg_hdr(msg)->nlmsg_len);
	gn_nl_end(b, m);
	nlmsg_free(msg);
	return 0;
}

void gn_netem_dump_request(struct nlmsghdr *m)
{
	m->nlmsg_type = RTM_GETQDISC;
	struct tcmsg *t = mnl_nlmsg_put_extra_header(m, sizeof(*t));
	t->tcm_family = AF_UNSPEC;
}

/* Copy an attribute of exactly that size, else leave @value alone. */
static void take(const struct nlattr *attr, void *value, size_t size)
{
	if (mnl_attr_get_payload_len(attr) == size)
		memcpy(value, mnl_attr_get_payload(attr), size);
}

static int parse_option(const struct nlattr *attr, void *netem)
{
	struct gn_netem *n = netem;
	struct tc_netem_rate rate = { 0 };

	switch (mnl_attr_get_type(attr)) {
	case TCA_NETEM_LATENCY64:
		take(attr, &n->latency, sizeof(n->latency));
		break;
	case TCA_NETEM_JITTER64:
		take(attr, &n->jitter, sizeof(n->jitter));
		break;
	case TCA_NETEM_RATE:
		take(attr, &rate, sizeof(rate));
		if (!n->rate) /* RATE64 counts, whichever comes first */
			n->rate = rate.rate;
		break;
	case TCA_NETEM_RATE64:
		take(attr, &n->rate, sizeof(n->rate));
		break;
	case NETEM_PRNG_SEED:
		take(attr, &n->seed, sizeof(n->seed));
		n->seeded = true;
		break;
	default: /* the kernel's list is longer than ours */
		break;
	}
	return MNL_CB_OK;
}

static bool parse_options(const struct nlattr *options, struct gn_netem *n)
{
	const size_t len = mnl_attr_get_payload_len(options);
	const char *payload = mnl_attr_get_payload(options);
	struct tc_netem_qopt head;

	if (len < sizeof(head))
		return false;
	memcpy(&head, payload, sizeof(head));
	n->limit = head.limit;
	n->loss = head.loss;
	n->duplicate = head.duplicate;
	return mnl_attr_parse_payload(payload + sizeof(head), len - sizeof(head), parse_option, n) ==
	       MNL_CB_OK;
}

bool gn_netem_parse(const struct nlmsghdr *m, uint32_t *ret_index, struct gn_netem *ret)
{
	const struct tcmsg *t = mnl_nlmsg_get_payload(m);
	const struct nlattr *attr, *options = NULL;
	struct gn_netem n = { 0 };
	bool is_netem = false;

	if (m->nlmsg_type != RTM_NEWQDISC || m->nlmsg_len < mnl_nlmsg_size(sizeof(*t)) ||
	    t->tcm_parent != TC_H_ROOT)
		return false;
	mnl_attr_for_each(attr, m, sizeof(*t))
	{
		if (mnl_attr_get_type(attr) == TCA_OPTIONS)
			options = attr;
		if (mnl_attr_get_type(attr) == TCA_KIND && mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) == 0)
			is_netem = strcmp(mnl_attr_get_str(attr), "netem") == 0;
	}
	if (!is_netem || !options || !parse_options(options, &n))
		return false;
	*ret_index = (uint32_t)t->tcm_ifindex;
	*ret = n;
	return true;
}

int gn_netem_compare(const struct gn_netem *wanted, const struct gn_netem *got, struct gn_err *err)
{
	const struct {
		const char *what, *unit;
		uint64_t wanted, got;
	} values[] = {
		{ "delay", " ns", (uint64_t)wanted->latency, (uint64_t)got->latency },
		{ "jitter", " ns", (uint64_t)wanted->jitter, (uint64_t)got->jitter },
		{ "loss", "/2^32", wanted->loss, got->loss },
		{ "duplicate", "/2^32", wanted->duplicate, got->duplicate },
		{ "rate", " bytes/s", wanted->rate, got->rate },
		{ "queue limit", " packets", wanted->limit, got->limit },
		{ "seed", "", wanted->seed, got->seeded ? got->seed : wanted->seed },
	};

	for (size_t i = 0; i < GN_ARRAY_LEN(values); i++)
		if (values[i].wanted != values[i].got)
			return gn_fail(err, -EIO, "%s: wanted %" PRIu64 "%s, the kernel has %" PRIu64 "%s",
				       values[i].what, values[i].wanted, values[i].unit, values[i].got,
				       values[i].unit);
	return 0;
}
