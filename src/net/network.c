/* SPDX-License-Identifier: MIT */
#include "net/internal.h"

bool gn_network_is_shaped(const struct gn_topology *t)
{
	for (uint32_t i = 0; i < t->n_links; i++)
		if (gn_shape_is_set(&t->links[i].shape[0]) || gn_shape_is_set(&t->links[i].shape[1]))
			return true;
	for (uint32_t i = 0; i < t->n_actions; i++)
		if (t->actions[i].what == GN_ACTION_SET)
			return true;
	return false;
}

bool gn_network_has_switch(const struct gn_topology *t)
{
	for (uint32_t i = 0; i < t->n_nodes; i++)
		if (t->nodes[i].kind == GN_SWITCH)
			return true;
	return false;
}

bool gn_network_is_shared(const struct gn_topology *t)
{
	for (uint32_t i = 0; i < t->n_nodes; i++)
		if (t->nodes[i].shared)
			return true;
	return false;
}

bool gn_network_is_cut(const struct gn_topology *t)
{
	for (uint32_t i = 0; i < t->n_actions; i++)
		if (t->actions[i].what == GN_ACTION_DOWN || t->actions[i].what == GN_ACTION_PARTITION)
			return true;
	return false;
}

int gn_network_build(const struct gn_topology *t, gn_network_progress *progress, void *context,
		     struct gn_network **ret, struct gn_err *err)
{
	return gn_network_build_steps(t, progress, context, NULL, ret, err);
}

struct gn_network *gn_network_free(struct gn_network *net)
{
	if (!net)
		return NULL;
	for (uint32_t i = 0; net->nodes && i < net->topology->n_nodes; i++)
		gn_netns_done(&net->nodes[i]);
	gn_netns_done(&net->switches);
	gn_cut_free(net->cut);
	gn_shapes_done(&net->shapes);
	free(net->nodes);
	free(net);
	return NULL;
}

int gn_network_netns(const struct gn_network *net, uint32_t node)
{
	return net->topology->nodes[node].kind == GN_SWITCH ? net->switches.fd : net->nodes[node].fd;
}
