/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <string.h>

#include "net/message.h"
#include "net/nft.h"
#include "net/offload.h"
#include "topo/topology.h"

struct request {
	_Alignas(8) char buffer[GN_NL_REQUEST_MAX];
	struct nlmsghdr *m;
};

static struct nlmsghdr *start(struct request *r)
{
	memset(r, 0, sizeof(*r));
	r->m = mnl_nlmsg_put_header(r->buffer);
	return r->m;
}

/* The attribute of that type behind a header of @offset bytes, or NULL. */
static const struct nlattr *find(const struct nlmsghdr *m, size_t offset, uint16_t type)
{
	const struct nlattr *a;

	mnl_attr_for_each(a, m, (unsigned int)offset)
	{
		if (mnl_attr_get_type(a) == type)
			return a;
	}
	return NULL;
}

static const struct nlattr *inner(const struct nlattr *nest, uint16_t type)
{
	const struct nlattr *a;

	assert_non_null(nest);
	mnl_attr_for_each_nested(a, nest)
	{
		if (mnl_attr_get_type(a) == type)
			return a;
	}
	return NULL;
}

static uint32_t number(const struct nlattr *a)
{
	assert_non_null(a);
	assert_int_equal(mnl_attr_get_payload_len(a), 4);
	return mnl_attr_get_u32(a);
}

static void assert_payload(const struct nlattr *a, const void *bytes, size_t len)
{
	assert_non_null(a);
	assert_int_equal(mnl_attr_get_payload_len(a), len);
	assert_memory_equal(mnl_attr_get_payload(a), bytes, len);
}

static void veth_is_made_in_place(void **state)
{
	const struct gn_veth_end end[2] = {
		{ .name = "p7", .index = 17, .mac = { 2, 1, 0, 0, 0, 17 }, .netns = -1 },
		{ .name = "eth0", .index = 16, .mac = { 2, 0, 10, 0, 0, 1 }, .netns = 5 },
	};
	const size_t head = sizeof(struct ifinfomsg);
	struct request r;

	(void)state;
	gn_msg_veth(start(&r), end, 99);
	const struct ifinfomsg *i = mnl_nlmsg_get_payload(r.m);

	assert_int_equal(r.m->nlmsg_type, RTM_NEWLINK);
	assert_int_equal(i->ifi_index, 17);
	assert_int_equal(i->ifi_flags, 0); /* a peer cannot be created up; neither is the near end */
	assert_string_equal(mnl_attr_get_str(find(r.m, head, IFLA_IFNAME)), "p7");
	assert_int_equal(number(find(r.m, head, IFLA_MASTER)), 99);
	assert_null(find(r.m, head, IFLA_NET_NS_FD));

	const struct nlattr *info = find(r.m, head, IFLA_LINKINFO);
	const struct nlattr *peer = inner(inner(info, IFLA_INFO_DATA), VETH_INFO_PEER);

	assert_string_equal(mnl_attr_get_str(inner(info, IFLA_INFO_KIND)), "veth");
	assert_non_null(peer);
	const struct ifinfomsg *p = mnl_attr_get_payload(peer);

	assert_int_equal(p->ifi_index, 16);
	const struct nlattr *a = (const void *)(p + 1), *name = NULL, *ns = NULL, *mac = NULL;
	while (mnl_attr_ok(a, (int)((const char *)peer + peer->nla_len - (const char *)a))) {
		name = mnl_attr_get_type(a) == IFLA_IFNAME ? a : name;
		ns = mnl_attr_get_type(a) == IFLA_NET_NS_FD ? a : ns;
		mac = mnl_attr_get_type(a) == IFLA_ADDRESS ? a : mac;
		a = mnl_attr_next(a);
	}
	assert_string_equal(mnl_attr_get_str(name), "eth0");
	assert_int_equal(number(ns), 5);
	assert_payload(mac, end[1].mac, 6);
	gn_msg_veth(start(&r), end, 0);
	assert_null(find(r.m, head, IFLA_MASTER));
}

static void addresses_bring_no_route(void **state)
{
	static const struct {
		uint8_t bits;
		uint32_t broadcast; /* 0: none */
	} cases[] = { { 16, 0x0a01ffff }, { 24, 0x0a0102ff }, { 30, 0x0a010207 }, { 31, 0 }, { 32, 0 } };
	const size_t head = sizeof(struct ifaddrmsg);
	struct request r;

	(void)state;
	for (size_t c = 0; c < GN_ARRAY_LEN(cases); c++) {
		gn_msg_address(start(&r), 4, 0x0a010205, cases[c].bits);
		const struct ifaddrmsg *a = mnl_nlmsg_get_payload(r.m);
		const struct nlattr *broadcast = find(r.m, head, IFA_BROADCAST);

		assert_int_equal(a->ifa_prefixlen, cases[c].bits);
		assert_int_equal(a->ifa_index, 4);
		assert_int_equal(number(find(r.m, head, IFA_LOCAL)), htonl(0x0a010205));
		assert_int_equal(number(find(r.m, head, IFA_FLAGS)), IFA_F_NOPREFIXROUTE);
		assert_int_equal(broadcast ? ntohl(number(broadcast)) : 0, cases[c].broadcast);
	}
}

static void neighbours_are_permanent(void **state)
{
	const uint8_t mac[6] = { 2, 0, 255, 255, 255, 255 };
	const size_t head = sizeof(struct ndmsg);
	struct request r;

	(void)state;
	gn_msg_neighbour(start(&r), 3, GN_LAN_NEXT_HOP, mac);
	const struct ndmsg *n = mnl_nlmsg_get_payload(r.m);

	assert_int_equal(n->ndm_family, AF_INET);
	assert_int_equal(n->ndm_state, NUD_PERMANENT);
	assert_int_equal(n->ndm_ifindex, 3);
	assert_int_equal(number(find(r.m, head, NDA_DST)), htonl(0xa9fe0001));
	assert_payload(find(r.m, head, NDA_LLADDR), mac, 6);

	gn_msg_fdb(start(&r), 3, mac);
	n = mnl_nlmsg_get_payload(r.m);
	assert_int_equal(n->ndm_family, AF_BRIDGE);
	assert_int_equal(n->ndm_state, NUD_NOARP);
	assert_int_equal(n->ndm_flags, NTF_MASTER);
	assert_payload(find(r.m, head, NDA_LLADDR), mac, 6);
}

static void routes_name_their_gateway_and_source(void **state)
{
	const size_t head = sizeof(struct rtmsg);
	struct request r;

	(void)state;
	gn_msg_route(start(&r), &(struct gn_msg_route){ 0x0a000000, 16, 2, GN_LAN_NEXT_HOP, 0x0a000005 });
	const struct rtmsg *t = mnl_nlmsg_get_payload(r.m);

	assert_int_equal(t->rtm_dst_len, 16);
	assert_int_equal(t->rtm_flags, RTNH_F_ONLINK);
	assert_int_equal(t->rtm_scope, RT_SCOPE_UNIVERSE);
	assert_int_equal(number(find(r.m, head, RTA_DST)), htonl(0x0a000000));
	assert_int_equal(number(find(r.m, head, RTA_GATEWAY)), htonl(GN_LAN_NEXT_HOP));
	assert_int_equal(number(find(r.m, head, RTA_PREFSRC)), htonl(0x0a000005));
	assert_int_equal(number(find(r.m, head, RTA_OIF)), 2);

	gn_msg_route(start(&r), &(struct gn_msg_route){ 0, 0, 2, 0x0a000009, 0x0a000005 });
	assert_null(find(r.m, head, RTA_DST)); /* the default route */
	assert_int_equal(number(find(r.m, head, RTA_GATEWAY)), htonl(0x0a000009));

	gn_msg_route(start(&r), &(struct gn_msg_route){ 0x0a000009, 32, 2, 0x0a000009, 0x0a000005 });
	t = mnl_nlmsg_get_payload(r.m);
	assert_int_equal(t->rtm_scope, RT_SCOPE_LINK); /* the peer itself */
	assert_null(find(r.m, head, RTA_GATEWAY));
}

static void ports_do_not_learn(void **state)
{
	const size_t head = sizeof(struct ifinfomsg);
	struct request r;

	(void)state;
	for (int flood = 0; flood < 2; flood++) {
		gn_msg_port_up(start(&r), 6, flood);
		const struct ifinfomsg *i = mnl_nlmsg_get_payload(r.m);
		const struct nlattr *data = inner(find(r.m, head, IFLA_LINKINFO), IFLA_INFO_SLAVE_DATA);

		assert_int_equal(i->ifi_flags, IFF_UP);
		assert_int_equal(mnl_attr_get_u8(inner(data, IFLA_BRPORT_LEARNING)), 0);
		assert_int_equal(mnl_attr_get_u8(inner(data, IFLA_BRPORT_UNICAST_FLOOD)), flood);
	}
}

static void ipv6_is_only_mentioned_where_it_is(void **state)
{
	const size_t head = sizeof(struct ifinfomsg);
	struct request r;

	(void)state;
	gn_msg_settings(start(&r), 6, true, false);
	assert_null(inner(find(r.m, head, IFLA_AF_SPEC), AF_INET6));
	gn_msg_settings(start(&r), 6, true, true);
	const struct nlattr *ipv6 = inner(find(r.m, head, IFLA_AF_SPEC), AF_INET6);
	assert_int_equal(mnl_attr_get_u8(inner(ipv6, IFLA_INET6_ADDR_GEN_MODE)), IN6_ADDR_GEN_MODE_NONE);
}

/*
 * What nft 1.0.6 sends for
 *	ether daddr 02:00:ff:ff:ff:ff ether type ip @ll,16,32 set @nh,128,32
 */
static const char nft_says[] =
	"\x34\x00\x01\x80\x0c\x00\x01\x00\x70\x61\x79\x6c\x6f\x61\x64\x00\x24\x00\x02\x80\x08\x00\x01\x00\x00\x00\x00\x01"
	"\x08\x00\x02\x00\x00\x00\x00\x00\x08\x00\x03\x00\x00\x00\x00\x00\x08\x00\x04\x00\x00\x00\x00\x06"
	"\x30\x00\x01\x80\x08\x00\x01\x00\x63\x6d\x70\x00\x24\x00\x02\x80\x08\x00\x01\x00\x00\x00\x00\x01"
	"\x08\x00\x02\x00\x00\x00\x00\x00\x10\x00\x03\x80\x0a\x00\x01\x00\x02\x00\xff\xff\xff\xff\x00\x00"
	"\x34\x00\x01\x80\x0c\x00\x01\x00\x70\x61\x79\x6c\x6f\x61\x64\x00\x24\x00\x02\x80\x08\x00\x01\x00\x00\x00\x00\x01"
	"\x08\x00\x02\x00\x00\x00\x00\x00\x08\x00\x03\x00\x00\x00\x00\x0c\x08\x00\x04\x00\x00\x00\x00\x02"
	"\x2c\x00\x01\x80\x08\x00\x01\x00\x63\x6d\x70\x00\x20\x00\x02\x80\x08\x00\x01\x00\x00\x00\x00\x01"
	"\x08\x00\x02\x00\x00\x00\x00\x00\x0c\x00\x03\x80\x06\x00\x01\x00\x08\x00\x00\x00"
	"\x34\x00\x01\x80\x0c\x00\x01\x00\x70\x61\x79\x6c\x6f\x61\x64\x00\x24\x00\x02\x80\x08\x00\x01\x00\x00\x00\x00\x01"
	"\x08\x00\x02\x00\x00\x00\x00\x01\x08\x00\x03\x00\x00\x00\x00\x10\x08\x00\x04\x00\x00\x00\x00\x04"
	"\x34\x00\x01\x80\x0c\x00\x01\x00\x70\x61\x79\x6c\x6f\x61\x64\x00\x24\x00\x02\x80\x08\x00\x05\x00\x00\x00\x00\x01"
	"\x08\x00\x02\x00\x00\x00\x00\x00\x08\x00\x03\x00\x00\x00\x00\x02\x08\x00\x04\x00\x00\x00\x00\x04";

static void the_rule_is_the_one_that_nft_sends(void **state)
{
	struct gn_nl_batch *b = calloc(1, sizeof(*b));
	const struct nlmsghdr *m;

	(void)state;
	assert_non_null(b);
	gn_nft_queue(b);
	assert_int_equal(b->n, 5); /* begin, table, chain, rule, end */
	assert_int_equal(b->last, 3);
	m = (const void *)b->buffer;
	for (int i = 0; i < 3; i++)
		m = (const void *)((const char *)m + MNL_ALIGN(m->nlmsg_len));
	assert_payload(find(m, 4, NFTA_RULE_EXPRESSIONS), nft_says, sizeof(nft_says) - 1);
	free(b);
}

static void merging_offloads_are_recognised(void **state)
{
	static const char *const yes[] = {
		"tx-tcp-segmentation", "tx-generic-segmentation", "rx-gro", "tx-udp-segmentation",
		"rx-gro-list",	       "tx-gso-partial"
	};
	static const char *const no[] = { "tx-checksum-ip-generic", "highdma", "rx-vlan-filter", "" };

	(void)state;
	for (size_t i = 0; i < GN_ARRAY_LEN(yes); i++)
		assert_true(gn_offload_merges(yes[i]));
	for (size_t i = 0; i < GN_ARRAY_LEN(no); i++)
		assert_false(gn_offload_merges(no[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(veth_is_made_in_place),
		cmocka_unit_test(addresses_bring_no_route),
		cmocka_unit_test(neighbours_are_permanent),
		cmocka_unit_test(routes_name_their_gateway_and_source),
		cmocka_unit_test(ports_do_not_learn),
		cmocka_unit_test(ipv6_is_only_mentioned_where_it_is),
		cmocka_unit_test(the_rule_is_the_one_that_nft_sends),
		cmocka_unit_test(merging_offloads_are_recognised),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
