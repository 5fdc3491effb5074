/* SPDX-License-Identifier: MIT */
/* The shaping, read back from the kernel and compared with what it should be. */
#include "net/readback.h"

uint32_t gn_readback_place(const struct gn_topology *t, uint32_t index)
{
	const uint32_t n = 2 * t->n_links, link_end = index - gn_plan_index(0, 0);
	const uint32_t shared = index - gn_plan_shared_index(0, GN_TO_SWITCH);

	if (link_end < n)
		return link_end;
	return shared < 2 * t->n_nodes ? n + shared : GN_NONE;
}

int gn_readback_init(struct gn_readback *r, const struct gn_shapes *s, struct gn_err *err)
{
	*r = (struct gn_readback){ .shapes = s };
	r->found = calloc(2 * ((size_t)s->t->n_links + s->t->n_nodes), sizeof(*r->found));
	return r->found ? 0 : gn_fail(err, -ENOMEM, "no memory to read the shaping back");
}

void gn_readback_done(struct gn_readback *r)
{
	free(r->found);
}

static int note_qdisc(const struct nlmsghdr *m, void *context)
{
	struct gn_readback *r = context;
	struct gn_netem netem;
	uint32_t index, place;

	if (!gn_netem_parse(m, &index, &netem))
		return 0;
	place = gn_readback_place(r->shapes->t, index);
	if (place != GN_NONE)
		r->found[place] = (struct gn_found){ .there = true, .netem = netem };
	return 0;
}

static int dump(int socket, gn_readback_qdisc *each, void *context, struct gn_err *err)
{
	_Alignas(8) char buffer[64] = { 0 };
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);

	gn_netem_dump_request(request);
	return gn_nl_dump(socket, request, each, context, err);
}

int gn_readback_read(struct gn_readback *r, int socket, struct gn_err *err)
{
	return dump(socket, note_qdisc, r, err);
}

static int compare(const struct gn_found *found, bool queued, const struct gn_netem *wanted,
		   struct gn_err *err)
{
	if (queued != found->there)
		return gn_fail(err, -EIO,
			       found->there ? "shaped, though it should not be" : "not shaped: no netem");
	return queued ? gn_netem_compare(wanted, &found->netem, err) : 0;
}

int gn_readback_check(const struct gn_readback *r, uint32_t direction, struct gn_err *err)
{
	char name[GN_DIRECTION_NAME_MAX];
	struct gn_netem wanted;
	int code = gn_shapes_netem(r->shapes, direction, &wanted, err);

	if (!code)
		code = compare(&r->found[direction], r->shapes->queued[direction], &wanted, err);
	if (!code)
		return 0;
	gn_shapes_direction_name(r->shapes->t, direction, name);
	return gn_wrap(err, code, "%s", name);
}

int gn_readback_check_shared(const struct gn_readback *r, uint32_t node, enum gn_way way, struct gn_err *err)
{
	const struct gn_topology *t = r->shapes->t;
	struct gn_netem wanted;
	int code = gn_shapes_shared_netem(r->shapes, node, way, &wanted, err);

	if (!code)
		code = compare(&r->found[2 * t->n_links + 2 * node + (uint32_t)way], true, &wanted, err);
	return code ? gn_wrap(err, code, "switch %s: the shared rate %s it", t->nodes[node].name,
			      way == GN_TO_SWITCH ? "to" : "from")
		    : 0;
}

/* List the qdiscs of a namespace, through the builder's socket or a new one. */
static int dump_namespace(const struct gn_netns *ns, gn_readback_qdisc *each, void *context,
			  struct gn_err *err)
{
	GN_CLEANUP(gn_close_p) int opened = -1;
	int code = 0;

	if (ns->socket < 0)
		code = gn_netns_open(ns, &opened, err);
	return code ? code : dump(ns->socket < 0 ? opened : ns->socket, each, context, err);
}

int gn_readback_each(const struct gn_network *net, gn_readback_qdisc *each, void *context, struct gn_err *err)
{
	GN_NETNS_HOME home = { .fd = -1 };
	const struct gn_topology *t = net->topology;
	int code = gn_netns_home_open(&home, err);

	if (!code && net->switches.fd >= 0) {
		code = dump_namespace(&net->switches, each, context, err);
		if (code)
			return gn_wrap(err, code, "switches: cannot read the shaping back");
	}
	for (uint32_t i = 0; !code && i < t->n_nodes; i++) {
		if (t->nodes[i].kind == GN_SWITCH || !t->nodes[i].n_ports)
			continue;
		code = dump_namespace(&net->nodes[i], each, context, err);
		if (code)
			return gn_wrap(err, code, "node %s: cannot read the shaping back", t->nodes[i].name);
	}
	return code;
}

int gn_network_verify(const struct gn_network *net, struct gn_err *err)
{
	const struct gn_topology *t = net->topology;
	GN_CLEANUP(gn_readback_done) struct gn_readback r = { 0 };
	int code;

	if (!gn_shapes_any(&net->shapes))
		return 0;
	code = gn_readback_init(&r, &net->shapes, err);
	if (!code)
		code = gn_readback_each(net, note_qdisc, &r, err);
	for (uint32_t i = 0; !code && i < 2 * t->n_links; i++)
		code = gn_readback_check(&r, i, err);
	for (uint32_t i = 0; !code && i < 2 * t->n_nodes; i++)
		if (t->nodes[i / 2].shared)
			code = gn_readback_check_shared(&r, i / 2, i % 2, err);
	return code;
}
