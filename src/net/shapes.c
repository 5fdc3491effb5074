/* SPDX-License-Identifier: MIT */
#include "net/shapes.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "net/plan.h"

static int allocate(struct gn_shapes *s, const struct gn_topology *t, struct gn_err *err)
{
	const size_t n = 2 * (size_t)t->n_links + 1;

	*s = (struct gn_shapes){ .t = t,
				 .present = calloc(n, sizeof(*s->present)),
				 .queued = calloc(n, sizeof(*s->queued)),
				 .tabled = calloc(n, sizeof(*s->tabled)) };
	if (s->present && s->queued && s->tabled)
		return 0;
	gn_shapes_done(s);
	return gn_fail(err, -ENOMEM, "no memory for the shapes of %" PRIu32 " links", t->n_links);
}

void gn_shapes_set(struct gn_shapes *s, uint32_t direction, const struct gn_shape *shape)
{
	s->present[direction] = *shape;
	s->queued[direction] = true;
	s->tabled[direction] |= shape->distribution || shape->slot.distribution;
}

int gn_shapes_init(struct gn_shapes *s, const struct gn_topology *t, struct gn_err *err)
{
	int r = allocate(s, t, err);

	if (r)
		return r;
	for (uint32_t i = 0; i < 2 * t->n_links; i++)
		if (gn_shape_is_set(&t->links[i / 2].shape[i % 2]))
			gn_shapes_set(s, i, &t->links[i / 2].shape[i % 2]);
	/* Also what the schedule will shape: so that a netem is there before anything is under way. */
	for (uint32_t i = 0; i < t->n_actions; i++) {
		const struct gn_action *a = &t->actions[i];

		for (uint32_t k = 0; a->what == GN_ACTION_SET && k < a->n_targets; k++)
			s->queued[a->targets[k]] = true;
	}
	return 0;
}

int gn_shapes_copy(struct gn_shapes *s, const struct gn_shapes *from, struct gn_err *err)
{
	const size_t n = 2 * (size_t)from->t->n_links;
	int r = allocate(s, from->t, err);

	if (r)
		return r;
	memcpy(s->present, from->present, n * sizeof(*s->present));
	memcpy(s->queued, from->queued, n * sizeof(*s->queued));
	memcpy(s->tabled, from->tabled, n * sizeof(*s->tabled));
	return 0;
}

void gn_shapes_done(struct gn_shapes *s)
{
	free(s->present);
	free(s->queued);
	free(s->tabled);
	*s = (struct gn_shapes){ 0 };
}

bool gn_shapes_any(const struct gn_shapes *s)
{
	for (uint32_t i = 0; i < 2 * s->t->n_links; i++)
		if (s->queued[i])
			return true;
	return false;
}

uint32_t gn_shapes_shared_at(const struct gn_topology *t, uint32_t direction, enum gn_way *ret_way)
{
	const struct gn_link *l = &t->links[direction / 2];
	const uint32_t from = l->node[direction % 2], to = l->node[!(direction % 2)];

	if (t->nodes[to].shared && t->nodes[from].kind != GN_SWITCH) {
		*ret_way = GN_TO_SWITCH;
		return to;
	}
	if (t->nodes[from].shared && t->nodes[to].kind != GN_SWITCH) {
		*ret_way = GN_FROM_SWITCH;
		return from;
	}
	return GN_NONE;
}

static void copy_rate(struct gn_shape *to, const struct gn_shape *from)
{
	to->rate_bps = from->rate_bps;
	to->packet_overhead = from->packet_overhead;
	to->cell_size = from->cell_size;
	to->cell_overhead = from->cell_overhead;
}

static bool same_rate(const struct gn_shape *a, const struct gn_shape *b)
{
	return a->rate_bps == b->rate_bps && a->packet_overhead == b->packet_overhead &&
	       a->cell_size == b->cell_size && a->cell_overhead == b->cell_overhead;
}

static void netem_of(const struct gn_shapes *s, const struct gn_shape *shape, uint32_t direction,
		     struct gn_netem *ret)
{
	gn_netem_of(shape, s->t->seed, direction / 2, (int)(direction % 2), ret);
}

int gn_shapes_netem(const struct gn_shapes *s, uint32_t direction, struct gn_netem *ret, struct gn_err *err)
{
	static const struct gn_shape none;
	struct gn_shape own = s->present[direction];
	enum gn_way way;

	if (gn_shape_is_set(&own) && !own.limit) /* the kernel would take it and drop everything */
		return gn_fail(err, -EINVAL, "its queue limit is 0");
	if (gn_shapes_shared_at(s->t, direction, &way) != GN_NONE) {
		own.keep_order |= own.rate_bps > 0; /* as a rate would */
		copy_rate(&own, &none);
	}
	netem_of(s, &own, direction, ret);
	return 0;
}

int gn_shapes_shared_netem(const struct gn_shapes *s, uint32_t node, enum gn_way way, struct gn_netem *ret,
			   struct gn_err *err)
{
	const struct gn_node *n = &s->t->nodes[node];
	struct gn_shape shared = { 0 };
	uint32_t first = GN_NONE;

	for (uint32_t k = 0; k < n->n_ports; k++) {
		const struct gn_port *port = &s->t->ports[n->first_port + k];
		const uint32_t direction = 2 * port->link + (way == GN_TO_SWITCH ? !port->end : port->end);
		const struct gn_shape *shape = &s->present[direction];
		enum gn_way way_there;

		if (gn_shapes_shared_at(s->t, direction, &way_there) != node)
			continue;
		if (first == GN_NONE) {
			first = direction;
			copy_rate(&shared, shape);
		}
		if (!same_rate(&shared, shape))
			return gn_fail(
				err, -EINVAL,
				"switch %s: its members share one rate, so all of them must get the same",
				n->name);
		shared.limit = GN_MAX(shared.limit, shape->limit);
	}
	netem_of(s, &shared, first == GN_NONE ? 0 : first, ret);
	return 0;
}

void gn_shapes_direction_name(const struct gn_topology *t, uint32_t direction,
			      char name[GN_DIRECTION_NAME_MAX])
{
	const struct gn_link *l = &t->links[direction / 2];
	const char *a = t->nodes[l->node[0]].name, *b = t->nodes[l->node[1]].name;
	const bool back = direction % 2;

	snprintf(name, GN_DIRECTION_NAME_MAX, "link %s - %s, %s to %s", a, b, back ? b : a, back ? a : b);
}

int gn_shapes_queue(const struct gn_shapes *s, struct gn_nl_batch *b, uint32_t direction, bool built,
		    struct gn_err *err)
{
	const uint32_t index = gn_plan_index(direction / 2, (int)(direction % 2));
	enum gn_netem_mode mode = GN_NETEM_NEW;
	char name[GN_DIRECTION_NAME_MAX], what[GN_NL_WHAT_MAX];
	struct gn_netem netem;
	int r;

	if (built)
		mode = s->tabled[direction] ? GN_NETEM_REPLACE : GN_NETEM_CHANGE;
	gn_shapes_direction_name(s->t, direction, name);
	r = gn_shapes_netem(s, direction, &netem, err);
	if (r)
		return gn_wrap(err, r, "%s", name);
	snprintf(what, sizeof(what), "%.255s: cannot shape it", name);
	return gn_netem_queue(b, index, &netem, mode, what, err);
}

int gn_shapes_queue_shared(const struct gn_shapes *s, struct gn_nl_batch *b, uint32_t node, enum gn_way way,
			   bool built, struct gn_err *err)
{
	char what[GN_NL_WHAT_MAX];
	struct gn_netem netem;
	int r = gn_shapes_shared_netem(s, node, way, &netem, err);

	if (r)
		return r;
	snprintf(what, sizeof(what), "switch %s: cannot limit the shared rate", s->t->nodes[node].name);
	return gn_netem_queue(b, gn_plan_shared_index(node, way), &netem,
			      built ? GN_NETEM_CHANGE : GN_NETEM_NEW, what, err);
}
