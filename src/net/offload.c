/* SPDX-License-Identifier: MIT */
#include "net/offload.h"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "net/netlink.h"

#define FEATURES_MAX (32 * GN_OFFLOAD_BLOCKS)

static int ethtool(int socket, const char *interface, void *command)
{
	struct ifreq r = { .ifr_data = command };

	snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", interface);
	return ioctl(socket, SIOCETHTOOL, &r) < 0 ? -errno : 0;
}

bool gn_offload_merges(const char *feature)
{
	return strstr(feature, "-segmentation") || strstr(feature, "gro") || strstr(feature, "gso");
}

static int count_features(int socket, const char *interface, uint32_t *ret)
{
	union {
		struct ethtool_sset_info info;
		char room[sizeof(struct ethtool_sset_info) + sizeof(uint32_t)];
	} q = { .info = { .cmd = ETHTOOL_GSSET_INFO, .sset_mask = 1ULL << ETH_SS_FEATURES } };
	int r = ethtool(socket, interface, &q);

	if (!r && q.info.sset_mask && q.info.data[0] > FEATURES_MAX)
		r = -E2BIG;
	if (!r)
		*ret = q.info.sset_mask ? q.info.data[0] : 0;
	return r;
}

static int list_features(int socket, const char *interface, uint32_t n, struct gn_offload *o)
{
	union {
		struct ethtool_gstrings list;
		char room[sizeof(struct ethtool_gstrings) + FEATURES_MAX * ETH_GSTRING_LEN];
	} q = { .list = { .cmd = ETHTOOL_GSTRINGS, .string_set = ETH_SS_FEATURES, .len = n } };
	int r = ethtool(socket, interface, &q);

	for (uint32_t i = 0; !r && i < n; i++) {
		char name[ETH_GSTRING_LEN + 1] = "";

		memcpy(name, q.list.data + (size_t)i * ETH_GSTRING_LEN, ETH_GSTRING_LEN);
		if (gn_offload_merges(name))
			o->off[i / 32] |= 1U << i % 32;
	}
	return r;
}

int gn_offload_init(struct gn_offload *o, int socket, const char *interface, struct gn_err *err)
{
	uint32_t n = 0;
	int r = count_features(socket, interface, &n);

	*o = (struct gn_offload){ .n_blocks = (n + 31) / 32 };
	if (!r)
		r = list_features(socket, interface, n, o);
	if (!r)
		return 0;
	gn_nl_fail(err, r, NULL);
	return gn_wrap(err, r, "%s: cannot list the offloads", interface);
}

int gn_offload_disable(const struct gn_offload *o, int socket, const char *interface, struct gn_err *err)
{
	union {
		struct ethtool_sfeatures set;
		char room[sizeof(struct ethtool_sfeatures) +
			  GN_OFFLOAD_BLOCKS * sizeof(struct ethtool_set_features_block)];
	} q = { .set = { .cmd = ETHTOOL_SFEATURES, .size = o->n_blocks } };

	for (uint32_t i = 0; i < o->n_blocks; i++)
		q.set.features[i] = (struct ethtool_set_features_block){ .valid = o->off[i], .requested = 0 };
	int r = ethtool(socket, interface, &q);

	if (!r)
		return 0;
	gn_nl_fail(err, r, NULL);
	return gn_wrap(err, r, "%s: cannot switch off the offloads", interface);
}
