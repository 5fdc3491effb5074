/* SPDX-License-Identifier: MIT */
/* Changing a network while it runs. */
#include <string.h>

#include "net/readback.h"

/* A direction that gets another shape. */
struct target {
	uint32_t sender; /* a host or router; GN_NONE: a switch */
	uint32_t direction;
};

/* A change of shapes, on its way through the namespaces. */
struct change {
	struct gn_network *net;
	struct target *targets; /* ascending sender: each namespace is visited once */
	uint32_t n;
	bool *shared; /* 2 * node + way: the rate shared there changes as well */
	int *sockets; /* in the namespaces that were visited */
	uint32_t n_sockets;
	struct gn_nl_batch *batch;
	struct gn_readback readback;
};

static void change_done(struct change *c)
{
	for (uint32_t i = 0; i < c->n_sockets; i++)
		close(c->sockets[i]);
	free(c->sockets);
	free(c->targets);
	free(c->shared);
	free(c->batch);
	gn_readback_done(&c->readback);
}

static struct target target_of(const struct gn_topology *t, uint32_t direction)
{
	const uint32_t node = t->links[direction / 2].node[direction % 2];

	return (struct target){ t->nodes[node].kind == GN_SWITCH ? GN_NONE : node, direction };
}

static int compare_senders(const void *a, const void *b)
{
	const uint32_t x = ((const struct target *)a)->sender, y = ((const struct target *)b)->sender;

	return (x > y) - (x < y);
}

static int change_init(struct change *c, const uint32_t *directions, struct gn_err *err)
{
	const struct gn_topology *t = c->net->topology;

	c->targets = malloc((c->n + 1) * sizeof(*c->targets));
	c->sockets = malloc((t->n_nodes + 1) * sizeof(*c->sockets));
	c->shared = calloc(2 * (size_t)t->n_nodes, sizeof(*c->shared));
	c->batch = calloc(1, sizeof(*c->batch));
	if (!c->targets || !c->sockets || !c->shared || !c->batch)
		return gn_fail(err, -ENOMEM, "no memory to change a network");
	for (uint32_t i = 0; i < c->n; i++) {
		enum gn_way way;
		const uint32_t node = gn_shapes_shared_at(t, directions[i], &way);

		c->targets[i] = target_of(t, directions[i]);
		if (node != GN_NONE)
			c->shared[2 * node + (uint32_t)way] = true;
	}
	qsort(c->targets, c->n, sizeof(*c->targets), compare_senders);
	return gn_readback_init(&c->readback, &c->net->shapes, err);
}

/* Let the network's shapes be others, if those go together. What the kernel has is not touched. */
static int take_shapes(struct change *c, const uint32_t *directions, const struct gn_shape *shapes,
		       struct gn_err *err)
{
	GN_CLEANUP(gn_shapes_done) struct gn_shapes next = { 0 };
	struct gn_netem netem;
	int r = gn_shapes_copy(&next, &c->net->shapes, err);

	for (uint32_t i = 0; !r && i < c->n; i++)
		gn_shapes_set(&next, directions[i], &shapes[i]);
	for (uint32_t i = 0; !r && i < c->n; i++)
		r = gn_shapes_netem(&next, directions[i], &netem, err);
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

static int enter(struct change *c, const struct gn_netns *ns, struct gn_err *err)
{
	int r = gn_netns_open(ns, &c->sockets[c->n_sockets], err);

	if (!r)
		gn_nl_use(c->batch, c->sockets[c->n_sockets++]);
	return r;
}

static bool concerns_switches(const struct change *c)
{
	bool does = c->n && c->targets[c->n - 1].sender == GN_NONE;

	for (uint32_t i = 0; i < 2 * c->net->topology->n_nodes; i++)
		does |= c->shared[i];
	return does;
}

static int change_switches(struct change *c, struct gn_err *err)
{
	const struct gn_shapes *s = &c->net->shapes;
	int r;

	if (!concerns_switches(c))
		return 0;
	r = enter(c, &c->net->switches, err);
	if (r)
		return gn_wrap(err, r, "switches");
	for (uint32_t i = 0; !r && i < c->n; i++)
		if (c->targets[i].sender == GN_NONE)
			r = gn_shapes_queue(s, c->batch, c->targets[i].direction, true, err);
	for (uint32_t i = 0; !r && i < 2 * s->t->n_nodes; i++)
		if (c->shared[i])
			r = gn_shapes_queue_shared(s, c->batch, i / 2, i % 2, true, err);
	return r ? r : gn_nl_flush(c->batch, err);
}

/* The targets from the @first on that have the same sender. */
static int change_node(struct change *c, uint32_t first, uint32_t *ret_next, struct gn_err *err)
{
	const uint32_t node = c->targets[first].sender;
	int r = enter(c, &c->net->nodes[node], err);
	uint32_t i = first;

	if (r)
		return gn_wrap(err, r, "node %s", c->net->topology->nodes[node].name);
	for (; !r && i < c->n && c->targets[i].sender == node; i++)
		r = gn_shapes_queue(&c->net->shapes, c->batch, c->targets[i].direction, true, err);
	*ret_next = i;
	return r ? r : gn_nl_flush(c->batch, err);
}

static int change_nodes(struct change *c, struct gn_err *err)
{
	int r = 0;

	for (uint32_t i = 0; !r && i < c->n && c->targets[i].sender != GN_NONE;)
		r = change_node(c, i, &i, err);
	return r;
}

/* After all of the changes, so that these come close together. */
static int read_back(struct change *c, struct gn_err *err)
{
	int r = 0;

	for (uint32_t i = 0; !r && i < c->n_sockets; i++)
		r = gn_readback_read(&c->readback, c->sockets[i], err);
	return r;
}

static int check(const struct change *c, struct gn_err *err)
{
	int r = 0;

	for (uint32_t i = 0; !r && i < c->n; i++)
		r = gn_readback_check(&c->readback, c->targets[i].direction, err);
	for (uint32_t i = 0; !r && i < 2 * c->net->topology->n_nodes; i++)
		if (c->shared[i])
			r = gn_readback_check_shared(&c->readback, i / 2, i % 2, err);
	return r;
}

int gn_network_shape(struct gn_network *net, const uint32_t *directions, uint32_t n,
		     const struct gn_shape *shapes, struct gn_err *err)
{
	GN_NETNS_HOME home = { .fd = -1 };
	GN_CLEANUP(change_done) struct change c = { .net = net, .n = n };
	int r = gn_netns_home_open(&home, err);

	if (!r)
		r = change_init(&c, directions, err);
	if (!r)
		r = take_shapes(&c, directions, shapes, err);
	if (!r)
		r = change_switches(&c, err);
	if (!r)
		r = change_nodes(&c, err);
	if (!r)
		r = read_back(&c, err);
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
