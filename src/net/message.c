/* SPDX-License-Identifier: MIT */
#include "net/message.h"

#include <arpa/inet.h>
#include <linux/if_addr.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/if_ether.h>
#include <linux/neighbour.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/tc_act/tc_mirred.h>
#include <linux/veth.h>
#include <string.h>

/* The order of the filters at a hook. */
enum { PRIORITY_PROGRAM = 1, PRIORITY_REDIRECT };

static void put_link_header(struct nlmsghdr *m, uint32_t index, uint32_t flags)
{
	struct ifinfomsg *i = mnl_nlmsg_put_extra_header(m, sizeof(*i));

	i->ifi_family = AF_UNSPEC;
	i->ifi_index = (int)index;
	i->ifi_flags = flags;
	i->ifi_change = flags;
}

static void new_link(struct nlmsghdr *m, uint32_t index, uint32_t flags)
{
	m->nlmsg_type = RTM_NEWLINK;
	put_link_header(m, index, flags);
}

void gn_msg_bridge(struct nlmsghdr *m, const char *name, uint32_t index, const uint8_t mac[6],
		   const char *alias)
{
	m->nlmsg_flags = NLM_F_CREATE | NLM_F_EXCL;
	new_link(m, index, IFF_UP);
	mnl_attr_put_strz(m, IFLA_IFNAME, name);
	/* An address of its own spares the kernel a search over all ports with each new port. */
	mnl_attr_put(m, IFLA_ADDRESS, 6, mac);
	mnl_attr_put_strz(m, IFLA_IFALIAS, alias);
	struct nlattr *info = mnl_attr_nest_start(m, IFLA_LINKINFO);
	mnl_attr_put_strz(m, IFLA_INFO_KIND, "bridge");
	struct nlattr *data = mnl_attr_nest_start(m, IFLA_INFO_DATA);
	mnl_attr_put_u32(m, IFLA_BR_STP_STATE, 0);
	mnl_attr_put_u8(m, IFLA_BR_MCAST_SNOOPING, 0);
	mnl_attr_nest_end(m, data);
	mnl_attr_nest_end(m, info);
}

/* One queue: a second one costs time in every creation and serves nobody here. */
static void put_end(struct nlmsghdr *m, const struct gn_veth_end *end)
{
	mnl_attr_put_strz(m, IFLA_IFNAME, end->name);
	mnl_attr_put(m, IFLA_ADDRESS, sizeof(end->mac), end->mac);
	mnl_attr_put_u32(m, IFLA_NUM_TX_QUEUES, 1);
	mnl_attr_put_u32(m, IFLA_NUM_RX_QUEUES, 1);
	if (end->netns >= 0)
		mnl_attr_put_u32(m, IFLA_NET_NS_FD, (uint32_t)end->netns);
}

void gn_msg_veth(struct nlmsghdr *m, const struct gn_veth_end end[2], uint32_t master)
{
	m->nlmsg_flags = NLM_F_CREATE | NLM_F_EXCL;
	new_link(m, end[0].index, 0);
	put_end(m, &end[0]);
	if (master)
		mnl_attr_put_u32(m, IFLA_MASTER, master);
	struct nlattr *info = mnl_attr_nest_start(m, IFLA_LINKINFO);
	mnl_attr_put_strz(m, IFLA_INFO_KIND, "veth");
	struct nlattr *data = mnl_attr_nest_start(m, IFLA_INFO_DATA);
	struct nlattr *peer = mnl_attr_nest_start(m, VETH_INFO_PEER);
	put_link_header(m, end[1].index, 0);
	put_end(m, &end[1]);
	mnl_attr_nest_end(m, peer);
	mnl_attr_nest_end(m, data);
	mnl_attr_nest_end(m, info);
}

void gn_msg_get_link(struct nlmsghdr *m, uint32_t index)
{
	m->nlmsg_type = RTM_GETLINK;
	put_link_header(m, index, 0);
	mnl_attr_put_u32(m, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
}

void gn_msg_enslave(struct nlmsghdr *m, uint32_t index, uint32_t master)
{
	new_link(m, index, 0);
	mnl_attr_put_u32(m, IFLA_MASTER, master);
}

static void put_ipv4_settings(struct nlmsghdr *m, bool forwarding)
{
	struct nlattr *family = mnl_attr_nest_start(m, AF_INET);
	struct nlattr *settings = mnl_attr_nest_start(m, IFLA_INET_CONF);

	mnl_attr_put_u32(m, IPV4_DEVCONF_FORWARDING, forwarding);
	mnl_attr_put_u32(m, IPV4_DEVCONF_RP_FILTER, 0);
	mnl_attr_put_u32(m, IPV4_DEVCONF_SEND_REDIRECTS, 0);
	mnl_attr_nest_end(m, settings);
	mnl_attr_nest_end(m, family);
}

void gn_msg_settings(struct nlmsghdr *m, uint32_t index, bool forwarding, bool ipv6)
{
	new_link(m, index, 0);
	struct nlattr *spec = mnl_attr_nest_start(m, IFLA_AF_SPEC);
	put_ipv4_settings(m, forwarding);
	if (ipv6) {
		struct nlattr *family = mnl_attr_nest_start(m, AF_INET6);

		mnl_attr_put_u8(m, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
		mnl_attr_nest_end(m, family);
	}
	mnl_attr_nest_end(m, spec);
}

void gn_msg_up(struct nlmsghdr *m, uint32_t index)
{
	new_link(m, index, IFF_UP);
}

void gn_msg_port_up(struct nlmsghdr *m, uint32_t index, bool flood)
{
	new_link(m, index, IFF_UP);
	struct nlattr *info = mnl_attr_nest_start(m, IFLA_LINKINFO);
	mnl_attr_put_strz(m, IFLA_INFO_SLAVE_KIND, "bridge");
	struct nlattr *data = mnl_attr_nest_start(m, IFLA_INFO_SLAVE_DATA);
	mnl_attr_put_u8(m, IFLA_BRPORT_LEARNING, 0);
	mnl_attr_put_u8(m, IFLA_BRPORT_UNICAST_FLOOD, flood);
	mnl_attr_nest_end(m, data);
	mnl_attr_nest_end(m, info);
}

static void new_neighbour(struct nlmsghdr *m, uint8_t family, uint32_t index, uint16_t state, uint8_t flags)
{
	m->nlmsg_type = RTM_NEWNEIGH;
	m->nlmsg_flags = NLM_F_CREATE | NLM_F_EXCL;
	struct ndmsg *n = mnl_nlmsg_put_extra_header(m, sizeof(*n));
	n->ndm_family = family;
	n->ndm_ifindex = (int)index;
	n->ndm_state = state;
	n->ndm_flags = flags;
}

void gn_msg_fdb(struct nlmsghdr *m, uint32_t index, const uint8_t mac[6])
{
	new_neighbour(m, AF_BRIDGE, index, NUD_NOARP, NTF_MASTER);
	mnl_attr_put(m, NDA_LLADDR, 6, mac);
}

void gn_msg_neighbour(struct nlmsghdr *m, uint32_t index, uint32_t ip, const uint8_t mac[6])
{
	new_neighbour(m, AF_INET, index, NUD_PERMANENT, 0);
	mnl_attr_put_u32(m, NDA_DST, htonl(ip));
	mnl_attr_put(m, NDA_LLADDR, 6, mac);
}

void gn_msg_hooks(struct nlmsghdr *m, uint32_t index)
{
	m->nlmsg_type = RTM_NEWQDISC;
	m->nlmsg_flags = NLM_F_CREATE | NLM_F_EXCL;
	struct tcmsg *t = mnl_nlmsg_put_extra_header(m, sizeof(*t));
	t->tcm_family = AF_UNSPEC;
	t->tcm_ifindex = (int)index;
	t->tcm_handle = TC_H_MAKE(TC_H_CLSACT, 0);
	t->tcm_parent = TC_H_CLSACT;
	mnl_attr_put_strz(m, TCA_KIND, "clsact");
}

static void new_filter(struct nlmsghdr *m, uint32_t index, bool ingress, uint32_t priority)
{
	m->nlmsg_type = RTM_NEWTFILTER;
	m->nlmsg_flags = NLM_F_CREATE | NLM_F_EXCL;
	struct tcmsg *t = mnl_nlmsg_put_extra_header(m, sizeof(*t));
	t->tcm_family = AF_UNSPEC;
	t->tcm_ifindex = (int)index;
	t->tcm_parent = TC_H_MAKE(TC_H_CLSACT, ingress ? TC_H_MIN_INGRESS : TC_H_MIN_EGRESS);
	t->tcm_info = TC_H_MAKE(priority << 16, htons(ETH_P_ALL));
}

void gn_msg_program(struct nlmsghdr *m, uint32_t index, bool ingress, int program)
{
	new_filter(m, index, ingress, PRIORITY_PROGRAM);
	mnl_attr_put_strz(m, TCA_KIND, "bpf");
	struct nlattr *options = mnl_attr_nest_start(m, TCA_OPTIONS);
	mnl_attr_put_u32(m, TCA_BPF_FD, (uint32_t)program);
	mnl_attr_put_strz(m, TCA_BPF_NAME, "gossipnet");
	mnl_attr_put_u32(m, TCA_BPF_FLAGS, TCA_BPF_FLAG_ACT_DIRECT);
	mnl_attr_nest_end(m, options);
}

void gn_msg_queue_device(struct nlmsghdr *m, const char *name, uint32_t index, const char *alias)
{
	m->nlmsg_flags = NLM_F_CREATE | NLM_F_EXCL;
	new_link(m, index, 0);
	mnl_attr_put_strz(m, IFLA_IFNAME, name);
	mnl_attr_put_strz(m, IFLA_IFALIAS, alias);
	/* Packets have to queue in one row. */
	mnl_attr_put_u32(m, IFLA_NUM_TX_QUEUES, 1);
	mnl_attr_put_u32(m, IFLA_NUM_RX_QUEUES, 1);
	struct nlattr *info = mnl_attr_nest_start(m, IFLA_LINKINFO);
	mnl_attr_put_strz(m, IFLA_INFO_KIND, "ifb");
	mnl_attr_nest_end(m, info);
}

void gn_msg_redirect(struct nlmsghdr *m, uint32_t index, bool ingress, uint32_t to)
{
	const struct tc_mirred mirred = { .action = TC_ACT_STOLEN,
					  .eaction = TCA_EGRESS_REDIR,
					  .ifindex = to };

	new_filter(m, index, ingress, PRIORITY_REDIRECT);
	mnl_attr_put_strz(m, TCA_KIND, "matchall");
	struct nlattr *options = mnl_attr_nest_start(m, TCA_OPTIONS);
	struct nlattr *actions = mnl_attr_nest_start(m, TCA_MATCHALL_ACT);
	struct nlattr *action = mnl_attr_nest_start(m, 1); /* the first */
	mnl_attr_put_strz(m, TCA_ACT_KIND, "mirred");
	struct nlattr *parameters = mnl_attr_nest_start(m, TCA_ACT_OPTIONS);
	mnl_attr_put(m, TCA_MIRRED_PARMS, sizeof(mirred), &mirred);
	mnl_attr_nest_end(m, parameters);
	mnl_attr_nest_end(m, action);
	mnl_attr_nest_end(m, actions);
	mnl_attr_nest_end(m, options);
}

void gn_msg_address(struct nlmsghdr *m, uint32_t index, uint32_t ip, uint8_t bits)
{
	m->nlmsg_type = RTM_NEWADDR;
	m->nlmsg_flags = NLM_F_CREATE | NLM_F_EXCL;
	struct ifaddrmsg *a = mnl_nlmsg_put_extra_header(m, sizeof(*a));
	a->ifa_family = AF_INET;
	a->ifa_prefixlen = bits;
	a->ifa_scope = RT_SCOPE_UNIVERSE;
	a->ifa_index = index;
	mnl_attr_put_u32(m, IFA_LOCAL, htonl(ip));
	mnl_attr_put_u32(m, IFA_ADDRESS, htonl(ip));
	mnl_attr_put_u32(m, IFA_FLAGS, IFA_F_NOPREFIXROUTE);
	if (bits < 31) /* RFC 3021: a /31 has no broadcast address */
		mnl_attr_put_u32(m, IFA_BROADCAST, htonl(ip | UINT32_MAX >> bits));
}

void gn_msg_route(struct nlmsghdr *m, const struct gn_msg_route *r)
{
	const bool to_peer = r->bits == 32 && r->prefix == r->gateway;

	m->nlmsg_type = RTM_NEWROUTE;
	m->nlmsg_flags = NLM_F_CREATE | NLM_F_EXCL;
	struct rtmsg *t = mnl_nlmsg_put_extra_header(m, sizeof(*t));
	t->rtm_family = AF_INET;
	t->rtm_dst_len = r->bits;
	t->rtm_table = RT_TABLE_MAIN;
	t->rtm_protocol = RTPROT_STATIC;
	t->rtm_scope = to_peer ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
	t->rtm_type = RTN_UNICAST;
	if (r->bits)
		mnl_attr_put_u32(m, RTA_DST, htonl(r->prefix));
	mnl_attr_put_u32(m, RTA_OIF, r->index);
	mnl_attr_put_u32(m, RTA_PREFSRC, htonl(r->source));
	if (to_peer)
		return;
	t->rtm_flags = RTNH_F_ONLINK;
	mnl_attr_put_u32(m, RTA_GATEWAY, htonl(r->gateway));
}
