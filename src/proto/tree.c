/* SPDX-License-Identifier: MIT */
/*
 * tree: direct addressing on a tree whose degree squares from level to level. A member at depth i has
 * min(2^(2^i), cap) children, so without a cap n members make a tree of depth about log2 log2 n. Every event has a tree of
 * its own: its origin is the root, the others follow, level by level, in an order drawn from the event's number
 * and the cluster's seed. Everybody can compute both places from members and members from places, so nobody
 * needs to be asked who its children are.
 *
 * Whoever learns of an event, on whatever way, sends it to its children, once: without losses an event costs n - 1
 * such datagrams, and with the clock of rounds it takes exactly as many rounds as the tree is deep. What is lost is
 * repaired by push-pull, which runs below, once a period. A member leaves an event out of it until the tree below itself
 * has had its time, a period for each level, so that a loss is repaired but the tree is not overtaken.
 */
#include "gossipnet/protocol.h"

enum { CAP };

static const struct gn_parameter parameters[] = {
	[CAP] = { "cap", "at most so many children of a member, 2 or more; 0: no cap", GN_PARAMETER_WHOLE, 0,
		  UINT32_MAX, NULL, 0 },
};

enum { EVENT = GN_EXCHANGE_KINDS }; /* kind of a datagram to a child */

/* Datagrams to children in one step: there is room for the calls of push-pull beside them. */
#define CHILDREN_MAX (GN_STEP_DATAGRAMS_MAX / 2)

/* ---- places in the tree, counted level by level from the root, which is 0 ---- */

/* A cap of 2 and 2^32 members. */
#define LEVELS_MAX 32

struct level {
	uint64_t first;	   /* its first place */
	uint64_t children; /* of each of its members */
};

/* The shared memory. */
struct shape {
	uint32_t depth; /* of the deepest member */
	struct level level[LEVELS_MAX + 1];
};

static uint64_t children_at(const struct gn_cluster *c, uint32_t depth)
{
	const uint64_t cap = (uint64_t)c->parameters[CAP], most = UINT64_C(1)
								  << (depth < 5 ? 1u << depth : 32);

	return cap && cap < most ? cap : most;
}

static const char *prepare(const struct gn_cluster *c, void *shared)
{
	struct shape *s = shared;
	uint64_t first = 0, width = 1;

	if (c->peers)
		return "addresses every member directly, which an overlay other than full does not allow";
	if (c->parameters[CAP] == 1)
		return "cap: 1 would make a chain of the tree: at least 2, or 0 for none";
	for (uint32_t i = 0; first < c->members; i++) {
		s->depth = i;
		s->level[i] = (struct level){ .first = first, .children = children_at(c, i) };
		first += width;
		width *= s->level[i].children;
		if (first < c->members && s->level[i].children > CHILDREN_MAX &&
		    c->members - first > CHILDREN_MAX)
			return "cap: so many members need one: somebody would have more than 8388608 children";
	}
	return NULL;
}

static uint32_t level_of(const struct shape *s, uint64_t place)
{
	uint32_t i = 0;

	while (i < s->depth && s->level[i + 1].first <= place)
		i++;
	return i;
}

/* The places of the children of the member at @place: from *first up to *end - 1. */
static void children_of(const struct gn_cluster *c, uint64_t place, uint64_t *first, uint64_t *end)
{
	const struct shape *s = c->shared;
	const uint32_t i = level_of(s, place);
	const uint64_t each = s->level[i].children;

	*first = *end = c->members;
	if (i == s->depth)
		return;
	uint64_t at = s->level[i + 1].first + (place - s->level[i].first) * each;

	if (at < *first)
		*first = at;
	if (at + each < *end)
		*end = at + each;
}

/* An event's tree: who is where. */
struct order {
	struct gn_permutation permutation;
	uint64_t root; /* where the origin goes */
};

static struct order order_of(struct gn_rumors t, uint32_t event)
{
	struct order o = {
		.permutation = gn_permutation(t.cluster->members, gn_hash(t.cluster->seed, event)),
	};

	o.root = gn_permute(&o.permutation, gn_rumors_at(t, event)->origin);
	return o;
}

static uint64_t place_of(const struct order *o, uint32_t member)
{
	const uint64_t n = o->permutation.n;

	return (gn_permute(&o->permutation, member) + n - o->root) % n;
}

static uint32_t member_at(const struct order *o, uint64_t place)
{
	return gn_permute_back(&o->permutation, (uint32_t)((place + o->root) % o->permutation.n));
}

/* ---- what a member does for an event ---- */

struct own {
	uint64_t round;	  /* the deadline of push-pull */
	uint64_t send;	  /* when to send to children, or GN_NO_DEADLINE */
	uint64_t release; /* when push-pull gets an event next, or GN_NO_DEADLINE */
	uint32_t to_send; /* an event that the children have not been sent + 1, the newest; or 0 */
	uint32_t held;	  /* the same for events that push-pull does not have */
};

/* Of each event. */
struct work {
	uint64_t release;		  /* push-pull has it from this moment on; 0: it is not known */
	uint32_t next_to_send, next_held; /* the ones before it + 1, or 0 */
};

static void learned(const struct gn_cluster *c, struct gn_rumors t, void *own, const struct gn_input *in,
		    uint32_t event)
{
	const struct shape *s = c->shared;
	const struct order order = order_of(t, event);
	const uint32_t below = s->depth - level_of(s, place_of(&order, in->self));
	const uint64_t left = GN_NO_DEADLINE - 1 - in->now;
	struct work *w = gn_rumors_extra(t, event);
	struct own *o = own;

	w->release = in->now + 1 + (below <= left / c->period ? below * c->period : left);
	w->next_held = o->held;
	o->held = event + 1;
	if (o->release > w->release)
		o->release = w->release;
	gn_rumors_forget(t, event);
	w->next_to_send = o->to_send;
	o->to_send = event + 1;
	if (o->send == GN_NO_DEADLINE)
		o->send = gn_soon(c, in->now);
}

/* Hand the events whose time in the tree is over to push-pull. */
static void release(struct gn_rumors t, struct own *o, uint64_t now)
{
	uint32_t *at = &o->held;

	o->release = GN_NO_DEADLINE;
	while (*at) {
		struct work *w = gn_rumors_extra(t, *at - 1);

		if (w->release <= now) {
			gn_rumors_resume(t, *at - 1);
			*at = w->next_held;
			continue;
		}
		if (o->release > w->release)
			o->release = w->release;
		at = &w->next_held;
	}
}

/* Return: how many; more than @left: none was sent. */
static uint64_t send_to_children(struct gn_rumors t, const struct gn_input *in, const struct gn_output *out,
				 uint32_t event, uint64_t left)
{
	const struct order order = order_of(t, event);
	uint64_t first, end;

	children_of(t.cluster, place_of(&order, in->self), &first, &end);
	for (uint64_t i = first; i < end && end - first <= left; i++)
		gn_send_event(t, in, out, member_at(&order, i), EVENT, 0, event);
	return end - first;
}

static void send(struct gn_rumors t, struct own *o, const struct gn_input *in, const struct gn_output *out)
{
	uint64_t left = CHILDREN_MAX;
	uint32_t *at = &o->to_send;

	while (*at) {
		struct work *w = gn_rumors_extra(t, *at - 1);
		uint64_t sent = gn_rumors_is_settled(t, *at - 1) ? send_to_children(t, in, out, *at - 1, left)
								 : UINT64_MAX;

		if (sent <= left) {
			left -= sent;
			*at = w->next_to_send;
		} else {
			at = &w->next_to_send;
		}
	}
	o->send = o->to_send ? gn_soon(t.cluster, in->now) : GN_NO_DEADLINE;
}

/* ---- with push-pull below ---- */

static int receive(const struct gn_cluster *c, struct gn_rumors t, void *own, const struct gn_input *in,
		   const struct gn_output *out, const struct gn_wire_datagram *d)
{
	struct gn_wire_record copy;

	if (d->kind != EVENT || d->note || d->has_digest || d->n_records != 1)
		return -1;
	gn_wire_next(d->records, &copy);
	if (gn_take_record(t, in, out, d, &copy))
		learned(c, t, own, in, copy.event);
	return 0;
}

static const struct gn_exchange push_pull = {
	.directions = GN_EXCHANGE_PUSH | GN_EXCHANGE_PULL,
	.other = receive,
	.learned = learned,
	.own = sizeof(struct own),
	.extra = sizeof(struct work),
};

static void sizes(const struct gn_cluster *c, struct gn_sizes *ret)
{
	gn_exchange_sizes(c, &push_pull, ret);
	ret->shared = sizeof(struct shape);
}

static int step(const struct gn_cluster *c, void *head, void *body, const struct gn_input *in,
		const struct gn_output *out, uint64_t *deadline)
{
	const struct gn_rumors t = gn_exchange_rumors(c, &push_pull, head, body);
	struct own *o = gn_exchange_own(c, &push_pull, body);
	struct gn_wire_datagram d;
	int r = 0;

	if (in->type == GN_START)
		o->round = o->send = o->release = GN_NO_DEADLINE;
	if (in->type == GN_DATAGRAM && gn_wire_read(c, in->data, in->size, &d))
		return -1;
	if (o->release <= in->now)
		release(t, o, in->now);
	if (in->type == GN_TIMER && o->send <= in->now) {
		gn_rumors_settle(t, in->now);
		send(t, o, in, out);
	}
	if (in->type != GN_TIMER || o->round <= in->now)
		r = gn_exchange_step(c, &push_pull, head, body, in, out, &o->round);
	*deadline = o->send < o->round ? o->send : o->round;
	return r;
}

const struct gn_protocol gn_tree = {
	.abi = GN_PROTOCOL_ABI,
	.name = "tree",
	.help = "direct addressing: a tree whose degree squares from level to level; push-pull repairs losses",
	.fans_out = true,
	.parameters = parameters,
	.n_parameters = sizeof(parameters) / sizeof(parameters[0]),
	.endless = true,
	.sizes = sizes,
	.prepare = prepare,
	.step = step,
};
