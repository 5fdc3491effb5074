/* SPDX-License-Identifier: MIT */
/*
 * What makes a switch deliver without any address being resolved: one nf_tables rule for all bridges
 * of a namespace. A host sends every frame for its LAN to gn_mac_of(GN_LAN_MAC_IP); where it enters a switch,
 *
 *	ether daddr 02:00:ff:ff:ff:ff ether type ip @ll,16,32 set ip daddr
 *
 * writes the IPv4 destination over the last four bytes of the destination MAC address, which makes
 * it gn_mac_of() the destination, and the bridge's static entries find its port.
 */
#ifndef GN_NET_NFT_H
#define GN_NET_NFT_H

#include "net/netlink.h"

/* Queue the transaction that installs the rule, for a NETLINK_NETFILTER socket of the switches'
 * namespace. */
void gn_nft_queue(struct gn_nl_batch *b);

#endif
