/* SPDX-License-Identifier: MIT */
#include "net/offload.h"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "net/netlink.h"

struct gn_offload {
	size_t size; /* bytes of @request */
	struct ethtool_sfeatures *request;
};

struct gn_offload *gn_offload_free(struct gn_offload *o)
{
	if (o)
		free(o->request);
	free(o);
	return NULL;
}

static void offload_free_p(struct gn_offload **o)
{
	gn_offload_free(*o);
}

static int ethtool(int socket, const char *interface, void *command)
{
	struct ifreq r = { .ifr_data = command };

	snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", interface);
	return ioctl(socket, SIOCETHTOOL, &r) < 0 ? -errno : 0;
}

/* Whole packets in, whole packets out: everything that merges or defers the cutting. */
static bool merges(const char *feature)
{
	return strstr(feature, "-segmentation") || strstr(feature, "gro") || strstr(feature, "gso");
}

static int count_features(int socket, const char *interface, uint32_t *ret)
{
	struct {
		struct ethtool_sset_info info;
		uint32_t count;
	} q = { .info = { .cmd = ETHTOOL_GSSET_INFO, .sset_mask = 1ULL << ETH_SS_FEATURES } };
	int r = ethtool(socket, interface, &q);

	if (!r)
		*ret = q.info.sset_mask ? q.count : 0;
	return r;
}

static void fill(struct gn_offload *o, const struct ethtool_gstrings *names)
{
	for (uint32_t i = 0; i < names->len; i++) {
		char name[ETH_GSTRING_LEN + 1] = "";

		memcpy(name, names->data + (size_t)i * ETH_GSTRING_LEN, ETH_GSTRING_LEN);
		if (merges(name))
			o->request->features[i / 32].valid |= 1U << i % 32;
	}
}

int gn_offload_new(int socket, const char *interface, struct gn_offload **ret, struct gn_err *err)
{
	GN_CLEANUP(offload_free_p) struct gn_offload *o = calloc(1, sizeof(*o));
	GN_CLEANUP(gn_free_p) struct ethtool_gstrings *names = NULL;
	uint32_t n = 0;
	int r = count_features(socket, interface, &n);

	if (!r && o) {
		const uint32_t blocks = (n + 31) / 32;

		o->size = sizeof(*o->request) + blocks * sizeof(o->request->features[0]);
		o->request = calloc(1, o->size);
		names = calloc(1, sizeof(*names) + (size_t)n * ETH_GSTRING_LEN);
	}
	if (!r && (!o || !o->request || !names))
		return gn_fail(err, -ENOMEM, "no memory for the list of offloads");
	if (!r) {
		*names = (struct ethtool_gstrings){ .cmd = ETHTOOL_GSTRINGS,
						    .string_set = ETH_SS_FEATURES,
						    .len = n };
		r = ethtool(socket, interface, names);
	}
	if (r) {
		gn_nl_fail(err, r, NULL);
		return gn_wrap(err, r, "%s: cannot list the offloads", interface);
	}
	o->request->cmd = ETHTOOL_SFEATURES;
	o->request->size = (n + 31) / 32;
	fill(o, names);
	*ret = gn_steal_ptr(&o);
	return 0;
}

int gn_offload_disable(const struct gn_offload *o, int socket, const char *interface, struct gn_err *err)
{
	GN_CLEANUP(gn_free_p) struct ethtool_sfeatures *request = malloc(o->size);
	int r = request ? 0 : -ENOMEM;

	if (!r) {
		memcpy(request, o->request, o->size); /* the kernel writes to it */
		r = ethtool(socket, interface, request);
	}
	if (!r)
		return 0;
	gn_nl_fail(err, r, NULL);
	return gn_wrap(err, r, "%s: cannot switch off the offloads", interface);
}
