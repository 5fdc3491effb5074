/* SPDX-License-Identifier: MIT */
#include "net/nft.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/netfilter.h>
#include <linux/netfilter_bridge.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "topo/topology.h"

#define TABLE	 "gossipnet"
#define CHAIN	 "switch"
#define PRIORITY (-300)
#define WHAT	 "switches: cannot install the nf_tables rule that delivers by IP address"

static void put_header(struct nlmsghdr *m, uint16_t type, uint8_t family, uint16_t resource)
{
	m->nlmsg_type = type;
	struct nfgenmsg *g = mnl_nlmsg_put_extra_header(m, sizeof(*g));
	g->nfgen_family = family;
	g->version = NFNETLINK_V0;
	g->res_id = htons(resource);
}

static struct nlmsghdr *begin(struct gn_nl_batch *b, uint16_t message)
{
	struct nlmsghdr *m = gn_nl_request(b, WHAT);

	put_header(m, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | message), NFPROTO_BRIDGE, 0);
	m->nlmsg_flags = NLM_F_CREATE;
	return m;
}

static void put_be32(struct nlmsghdr *m, uint16_t type, uint32_t value)
{
	mnl_attr_put_u32(m, type, htonl(value));
}

struct expression {
	struct nlattr *element, *data;
};

static struct expression begin_expression(struct nlmsghdr *m, const char *name)
{
	struct expression x;

	x.element = mnl_attr_nest_start(m, NFTA_LIST_ELEM);
	mnl_attr_put_strz(m, NFTA_EXPR_NAME, name);
	x.data = mnl_attr_nest_start(m, NFTA_EXPR_DATA);
	return x;
}

static void end_expression(struct nlmsghdr *m, struct expression x)
{
	mnl_attr_nest_end(m, x.data);
	mnl_attr_nest_end(m, x.element);
}

/* Load bytes of the frame into register 1, or store register 1 there. */
static void put_payload(struct nlmsghdr *m, uint16_t reg, uint32_t base, uint32_t offset, uint32_t len)
{
	struct expression x = begin_expression(m, "payload");

	put_be32(m, reg, NFT_REG_1);
	put_be32(m, NFTA_PAYLOAD_BASE, base);
	put_be32(m, NFTA_PAYLOAD_OFFSET, offset);
	put_be32(m, NFTA_PAYLOAD_LEN, len);
	end_expression(m, x);
}

/* Go on only if register 1 holds these bytes. */
static void put_equals(struct nlmsghdr *m, const void *bytes, size_t len)
{
	struct expression x = begin_expression(m, "cmp");

	put_be32(m, NFTA_CMP_SREG, NFT_REG_1);
	put_be32(m, NFTA_CMP_OP, NFT_CMP_EQ);
	struct nlattr *data = mnl_attr_nest_start(m, NFTA_CMP_DATA);
	mnl_attr_put(m, NFTA_DATA_VALUE, len, bytes);
	mnl_attr_nest_end(m, data);
	end_expression(m, x);
}

static void queue_table(struct gn_nl_batch *b)
{
	struct nlmsghdr *m = begin(b, NFT_MSG_NEWTABLE);

	mnl_attr_put_strz(m, NFTA_TABLE_NAME, TABLE);
	gn_nl_end(b, m);
}

static void queue_chain(struct gn_nl_batch *b)
{
	struct nlmsghdr *m = begin(b, NFT_MSG_NEWCHAIN);

	mnl_attr_put_strz(m, NFTA_CHAIN_TABLE, TABLE);
	mnl_attr_put_strz(m, NFTA_CHAIN_NAME, CHAIN);
	mnl_attr_put_strz(m, NFTA_CHAIN_TYPE, "filter");
	put_be32(m, NFTA_CHAIN_POLICY, NF_ACCEPT);
	struct nlattr *hook = mnl_attr_nest_start(m, NFTA_CHAIN_HOOK);
	put_be32(m, NFTA_HOOK_HOOKNUM, NF_BR_PRE_ROUTING);
	put_be32(m, NFTA_HOOK_PRIORITY, (uint32_t)PRIORITY);
	mnl_attr_nest_end(m, hook);
	gn_nl_end(b, m);
}

static void queue_rule(struct gn_nl_batch *b)
{
	struct nlmsghdr *m = begin(b, NFT_MSG_NEWRULE);
	const uint16_t ipv4 = htons(ETH_P_IP);
	uint8_t mac[6];

	gn_mac_of(GN_LAN_MAC_IP, mac);
	m->nlmsg_flags |= NLM_F_APPEND;
	mnl_attr_put_strz(m, NFTA_RULE_TABLE, TABLE);
	mnl_attr_put_strz(m, NFTA_RULE_CHAIN, CHAIN);
	struct nlattr *list = mnl_attr_nest_start(m, NFTA_RULE_EXPRESSIONS);
	put_payload(m, NFTA_PAYLOAD_DREG, NFT_PAYLOAD_LL_HEADER, 0, sizeof(mac));
	put_equals(m, mac, sizeof(mac));
	put_payload(m, NFTA_PAYLOAD_DREG, NFT_PAYLOAD_LL_HEADER, 12, sizeof(ipv4));
	put_equals(m, &ipv4, sizeof(ipv4));
	put_payload(m, NFTA_PAYLOAD_DREG, NFT_PAYLOAD_NETWORK_HEADER, 16, 4);
	put_payload(m, NFTA_PAYLOAD_SREG, NFT_PAYLOAD_LL_HEADER, 2, 4);
	mnl_attr_nest_end(m, list);
	gn_nl_end(b, m);
}

void gn_nft_queue(struct gn_nl_batch *b)
{
	struct nlmsghdr *m = gn_nl_request(b, WHAT);

	put_header(m, NFNL_MSG_BATCH_BEGIN, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
	gn_nl_end_unanswered(b, m);
	queue_table(b);
	queue_chain(b);
	queue_rule(b);
	m = gn_nl_request(b, WHAT);
	put_header(m, NFNL_MSG_BATCH_END, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
	gn_nl_end_unanswered(b, m);
}
