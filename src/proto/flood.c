/* SPDX-License-Identifier: MIT */
/*
 * flood: who learns of an event passes it on to all partners but the one it came from, once. A partner that the
 * overlay names several times is sent to as often. Nothing is repaired: what is lost on all ways is lost.
 */
#include "gossipnet/protocol.h"

enum { EVENT = 1 }; /* kind of the datagrams */

struct head {
	struct gn_rumors_head rumors;
	uint32_t waiting; /* an event that is still to be passed on + 1, the newest; or 0 */
};

/* Of each event. */
struct passing {
	uint32_t next; /* the one waiting before it + 1, or 0 */
	uint32_t from; /* or GN_NO_MEMBER */
};

static struct gn_rumors rumors(const struct gn_cluster *c, struct head *h, void *body)
{
	return (struct gn_rumors){
		.cluster = c,
		.head = &h->rumors,
		.body = body,
		.extra = sizeof(struct passing),
	};
}

static void sizes(const struct gn_cluster *c, struct gn_sizes *ret)
{
	*ret = (struct gn_sizes){
		.head = sizeof(struct head),
		.body = gn_rumors_size(c, sizeof(struct passing)),
	};
}

static uint32_t degree(const struct gn_cluster *c, uint32_t member)
{
	return c->peers ? c->first_peer[member + 1] - c->first_peer[member] : c->members - 1;
}

static const char *prepare(const struct gn_cluster *c, void *shared)
{
	(void)shared;
	if (c->avoid_last)
		return "memory: it sends to all partners, and remembers none";
	for (uint32_t m = 0; m < (c->peers ? c->members : 1); m++) {
		if (degree(c, m) > GN_STEP_DATAGRAMS_MAX)
			return "a member can send to at most 16777216 partners at once: choose another overlay";
	}
	return NULL;
}

/* ---- passing on ---- */

static void pass_on(struct gn_rumors t, const struct gn_input *in, const struct gn_output *out,
		    uint32_t event)
{
	const struct gn_cluster *c = t.cluster;
	const struct passing *p = gn_rumors_extra(t, event);

	for (uint32_t i = 0; i < degree(c, in->self); i++) {
		uint32_t to = c->peers ? c->peers[c->first_peer[in->self] + i] : i + (i >= in->self);

		if (to != p->from)
			gn_send_event(t, in, out, to, EVENT, 0, event);
	}
}

static void pass_on_what_waits(struct gn_rumors t, struct head *h, const struct gn_input *in,
			       const struct gn_output *out)
{
	const uint32_t partners = degree(t.cluster, in->self);
	uint32_t left = GN_STEP_DATAGRAMS_MAX;
	uint32_t *at = &h->waiting;

	while (*at && left >= partners) {
		uint32_t event = *at - 1;
		struct passing *p = gn_rumors_extra(t, event);

		if (!gn_rumors_is_settled(t, event)) {
			at = &p->next;
			continue;
		}
		*at = p->next;
		left -= partners;
		pass_on(t, in, out, event);
	}
}

/* ---- what comes in ---- */

static void learned(struct gn_rumors t, struct head *h, const struct gn_input *in, uint32_t event,
		    uint32_t from, uint64_t *deadline)
{
	struct passing *p = gn_rumors_extra(t, event);

	*p = (struct passing){ .next = h->waiting, .from = from };
	h->waiting = event + 1;
	if (*deadline == GN_NO_DEADLINE)
		*deadline = gn_soon(t.cluster, in->now);
}

static int receive(struct gn_rumors t, struct head *h, const struct gn_input *in, const struct gn_output *out,
		   uint64_t *deadline)
{
	const struct gn_cluster *c = t.cluster;
	struct gn_wire_datagram d;
	struct gn_wire_record copy;

	if (in->from >= c->members || in->from == in->self || gn_wire_read(c, in->data, in->size, &d))
		return -1;
	if (d.kind != EVENT || d.note || d.has_digest || d.n_records != 1)
		return -1;
	gn_wire_next(d.records, &copy);
	gn_rumors_settle(t, in->now);
	if (gn_take_record(t, in, out, &d, &copy))
		learned(t, h, in, copy.event, in->from, deadline);
	return 0;
}

static int publish(struct gn_rumors t, struct head *h, const struct gn_input *in, const struct gn_output *out,
		   uint64_t *deadline)
{
	const bool is_new = in->event < t.cluster->max_events && !gn_rumors_knows(t, in->event);

	gn_rumors_settle(t, in->now);
	if (gn_take_publish(t, in, out))
		return -1;
	if (is_new)
		learned(t, h, in, in->event, GN_NO_MEMBER, deadline);
	return 0;
}

static int step(const struct gn_cluster *c, void *head, void *body, const struct gn_input *in,
		const struct gn_output *out, uint64_t *deadline)
{
	struct head *h = head;
	const struct gn_rumors t = rumors(c, h, body);

	switch (in->type) {
	case GN_START:
		return 0;
	case GN_TIMER:
		gn_rumors_settle(t, in->now);
		pass_on_what_waits(t, h, in, out);
		*deadline = h->waiting ? gn_soon(c, in->now) : GN_NO_DEADLINE;
		return 0;
	case GN_DATAGRAM:
		return receive(t, h, in, out, deadline);
	case GN_PUBLISH:
		return publish(t, h, in, out, deadline);
	}
	return -1;
}

const struct gn_protocol gn_flood = {
	.abi = GN_PROTOCOL_ABI,
	.name = "flood",
	.help = "whoever learns of an event passes it on to all partners, once; nothing is repaired",
	.sizes = sizes,
	.prepare = prepare,
	.step = step,
};
