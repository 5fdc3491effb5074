/* SPDX-License-Identifier: MIT */
/* Changing a network while it runs. */
#include <string.h>

#include "net/readback.h"

/* A change of shapes, on its way through the namespaces. */
struct change {
	struct gn_network *net;
	const uint32_t *directions;
	uint32_t n;
	bool *shared; /* 2 * node + way: the rate shared there changes as well */
	struct gn_nl_batch *batch;
	struct gn_readback readback;
};

static void change_done(struct change *c)
{
	free(c->shared);
	free(c->batch);
	gn_readback_done(&c->readback);
}

static int change_init(struct change *c, struct gn_err *err)
{
	const struct gn_topology *t = c->net->topology;

	c->shared = calloc(2 * (size_t)t->n_nodes, sizeof(*c->shared));
	c->batch = calloc(1, sizeof(*c->batch));
	if (!c->shared || !c->batch)
		return gn_fail(err, -ENOMEM, "no memory to change a network");
	for (uint32_t i = 0; i < c->n; i++) {
		enum gn_way way;
		const uint32_t node = gn_shapes_shared_at(t, c->directions[i], &way);

		if (node != GN_NONE)
			c->shared[2 * node + (uint32_t)way] = true;
	}
	return gn_readback_init(&c->readback, &c->net->shapes, err);
}

/* Let the network's shapes be others, if those go together. What the kernel has is not touched. */
static int take_shapes(struct change *c, const struct gn_shape *shapes, struct gn_err *err)
{
	GN_CLEANUP(gn_shapes_done) struct gn_shapes next = { 0 };
	struct gn_netem netem;
	int r = gn_shapes_copy(&next, &c->net->shapes, err);

	for (uint32_t i = 0; !r && i < c->n; i++) {
		next.present[c->directions[i]] = shapes[i];
		next.queued[c->directions[i]] = true;
	}
	for (uint32_t i = 0; !r && i < c->n; i++)
		r = gn_shapes_netem(&next, c->directions[i], &netem, err);
	for (uint32_t i = 0; !r && i < 2 * next.t->n_nodes; i++)
		if (c->shared[i])
			r = gn_shapes_shared_netem(&next, i / 2, i % 2, &netem, err);
	if (r)
		return r;

	const struct gn_shapes before = c->net->shapes;

	c->net->shapes = next;
	next = before;
	return 0;
}

static uint32_t sender_of(const struct change *c, uint32_t i)
{
	return c->net->topology->links[c->directions[i] / 2].node[c->directions[i] % 2];
}

static bool at_switch(const struct change *c, uint32_t i)
{
	return c->net->topology->nodes[sender_of(c, i)].kind == GN_SWITCH;
}

/* Send what is queued for a namespace and read what the kernel has then. */
static int finish_namespace(struct change *c, struct gn_err *err)
{
	int r = gn_nl_flush(c->batch, err);

	return r ? r : gn_readback_read(&c->readback, c->batch->fd, err);
}

static int change_switches(struct change *c, struct gn_err *err)
{
	const struct gn_shapes *s = &c->net->shapes;
	GN_CLEANUP(gn_close_p) int socket = -1;
	int r;

	if (c->net->switches.fd < 0)
		return 0;
	r = gn_netns_open(&c->net->switches, &socket, err);
	if (r)
		return gn_wrap(err, r, "switches");
	gn_nl_use(c->batch, socket);
	for (uint32_t i = 0; !r && i < c->n; i++)
		if (at_switch(c, i))
			r = gn_shapes_queue(s, c->batch, c->directions[i], GN_NETEM_REPLACE, err);
	for (uint32_t i = 0; !r && i < 2 * s->t->n_nodes; i++)
		if (c->shared[i])
			r = gn_shapes_queue_shared(s, c->batch, i / 2, i % 2, GN_NETEM_REPLACE, err);
	return r ? r : finish_namespace(c, err);
}

/* The directions from the @first on that leave the same node. */
static int change_node(struct change *c, uint32_t first, uint32_t *ret_next, struct gn_err *err)
{
	const uint32_t node = sender_of(c, first);
	GN_CLEANUP(gn_close_p) int socket = -1;
	int r = gn_netns_open(&c->net->nodes[node], &socket, err);
	uint32_t i = first;

	if (r)
		return gn_wrap(err, r, "node %s", c->net->topology->nodes[node].name);
	gn_nl_use(c->batch, socket);
	for (; !r && i < c->n && sender_of(c, i) == node; i++)
		r = gn_shapes_queue(&c->net->shapes, c->batch, c->directions[i], GN_NETEM_REPLACE, err);
	*ret_next = i;
	return r ? r : finish_namespace(c, err);
}

static int change_nodes(struct change *c, struct gn_err *err)
{
	int r = 0;

	for (uint32_t i = 0; !r && i < c->n;) {
		if (at_switch(c, i))
			i++;
		else
			r = change_node(c, i, &i, err);
	}
	return r;
}

static int check(const struct change *c, struct gn_err *err)
{
	int r = 0;

	for (uint32_t i = 0; !r && i < c->n; i++)
		r = gn_readback_check(&c->readback, c->directions[i], err);
	for (uint32_t i = 0; !r && i < 2 * c->net->topology->n_nodes; i++)
		if (c->shared[i])
			r = gn_readback_check_shared(&c->readback, i / 2, i % 2, err);
	return r;
}

int gn_network_shape(struct gn_network *net, const uint32_t *directions, uint32_t n,
		     const struct gn_shape *shapes, struct gn_err *err)
{
	GN_NETNS_HOME home = { .fd = -1 };
	GN_CLEANUP(change_done) struct change c = { .net = net, .directions = directions, .n = n };
	int r = gn_netns_home_open(&home, err);

	if (!r)
		r = change_init(&c, err);
	if (!r)
		r = take_shapes(&c, shapes, err);
	if (!r)
		r = change_switches(&c, err);
	if (!r)
		r = change_nodes(&c, err);
	return r ? r : check(&c, err);
}

static int cannot_cut(struct gn_err *err)
{
	return gn_fail(
		err, -EOPNOTSUPP,
		"this kernel cannot take links down or part a running network (see `gossipnet doctor`)");
}

int gn_network_down(struct gn_network *net, const uint32_t *links, uint32_t n, bool down, struct gn_err *err)
{
	return net->cut ? gn_cut_links(net->cut, links, n, down, err) : cannot_cut(err);
}

int gn_network_partition(struct gn_network *net, const uint8_t *part, struct gn_err *err)
{
	return net->cut ? gn_cut_partition(net->cut, part, err) : cannot_cut(err);
}

int gn_network_cut_drops(const struct gn_network *net, uint64_t *ret_partition, uint64_t *ret_down,
			 struct gn_err *err)
{
	return net->cut ? gn_cut_drops(net->cut, ret_partition, ret_down, err) : cannot_cut(err);
}
