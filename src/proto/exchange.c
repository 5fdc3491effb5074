/* SPDX-License-Identifier: MIT */
#include "proto/message.h"

/* In a member's body, before the protocol's own part and the table; with the clock of rounds only if it is needed. */
struct memory {
	uint32_t round; /* the next one */
	uint32_t last;	/* the partner of the last call + 1 */
};

GN_HOT bool has_memory(const struct gn_cluster *c)
{
	return c->clock != GN_CLOCK_ROUNDS || c->avoid_last;
}

GN_HOT size_t memory_size(const struct gn_cluster *c)
{
	return has_memory(c) ? sizeof(struct memory) : 0;
}

void gn_exchange_sizes(const struct gn_cluster *c, const struct gn_exchange *x, struct gn_sizes *ret)
{
	*ret = (struct gn_sizes){
		.head = sizeof(struct gn_rumors_head),
		.body = memory_size(c) + x->own + gn_rumors_size(c, x->extra),
	};
}

void *gn_exchange_own(const struct gn_cluster *c, const struct gn_exchange *x, void *body)
{
	return x->own ? (uint8_t *)body + memory_size(c) : NULL;
}

GN_HOT struct gn_rumors rumors_of(const struct gn_cluster *c, const struct gn_exchange *x, void *head,
				  void *body)
{
	return (struct gn_rumors){
		.cluster = c,
		.head = head,
		.body = (uint8_t *)body + memory_size(c) + x->own,
		.extra = x->extra,
	};
}

struct gn_rumors gn_exchange_rumors(const struct gn_cluster *c, const struct gn_exchange *x, void *head,
				    void *body)
{
	return rumors_of(c, x, head, body);
}

/* ---- calls ---- */

static bool has_another(const struct gn_cluster *c, uint32_t self, uint32_t last)
{
	if (!c->peers)
		return c->members > 2;
	for (uint32_t i = c->first_peer[self]; i < c->first_peer[self + 1]; i++) {
		if (c->peers[i] != last)
			return true;
	}
	return false;
}

uint32_t gn_draw_another(const struct gn_cluster *c, const struct gn_input *in, uint32_t *last)
{
	uint32_t partner = gn_draw_partner(c, in);

	if (partner == GN_NO_MEMBER)
		return partner;
	if (partner + 1 == *last && has_another(c, in->self, partner)) {
		while (partner + 1 == *last)
			partner = gn_draw_partner(c, in);
	}
	*last = partner + 1;
	return partner;
}

/* Stop passing events on, as the cluster is told: "blind", that is, whatever the partners knew (Demers et al.,
 * PODC 1987, section 1.4). The chance is drawn by hash, as partners must depend on the seed and the round alone. */
static void forget(struct gn_rumors t, const struct gn_input *in)
{
	const struct gn_cluster *c = t.cluster;

	for (uint32_t e = next_settled(t, 0); e != c->max_events; e = next_settled(t, e + 1)) {
		struct gn_rumor *r = rumor_of(t, e);

		if (gn_rumors_is_forgotten(t, e))
			continue;
		uint64_t draw = gn_hash(gn_hash(c->seed, e), (uint64_t)in->self << 32 | r->next_or_rounds++);

		if (r->next_or_rounds == c->forget_after ||
		    (draw >> 32) * 1000000 >> 32 < c->lost_interest_ppm)
			gn_rumors_forget(t, e);
	}
}

/* A round of calls. */
struct calls {
	uint32_t n, round;
	uint32_t event; /* the only one that a call carries, or max_events */
	bool several;	/* it carries more, not the same to each partner */
	struct gn_wire_digest digest;
	uint8_t data[GN_DATAGRAM_MAX]; /* else: the datagram, the same to all */
	size_t size;		       /* 0: there is nothing to say */
};

/* Written out for calls with no event or one, which is what a simulation of one event consists of. */
GN_HOT void compose(struct gn_rumors t, unsigned directions, const struct gn_input *in, struct calls *calls)
{
	const uint32_t none = t.cluster->max_events;
	struct gn_wire_record r;

	calls->size = 0;
	calls->event = directions & GN_EXCHANGE_PUSH && t.head->end ? next_to_send(t, NULL, 0) : none;
	calls->several = calls->event != none && next_to_send(t, NULL, calls->event + 1) != none;
	if (calls->event == none && !(directions & GN_EXCHANGE_PULL))
		return;
	calls->size = write_header(calls->data, GN_EXCHANGE_CALL, 0, calls->round, in->now);
	if (directions & GN_EXCHANGE_PULL) {
		digest_of(t, calls->round, &calls->digest);
		calls->size = write_digest(calls->data, &calls->digest);
	}
	if (calls->event == none || calls->several)
		return;
	r = record_of(t, calls->event);
	calls->size = write_record(calls->data, calls->size, 1, &r);
	calls->several = !calls->size;
}

/* For several events, or one that needs a datagram of its own beside the digest. */
static void call_with_several(struct gn_rumors t, const struct gn_exchange *x, const struct gn_input *in,
			      const struct gn_output *out, const struct calls *calls, uint32_t to)
{
	const struct gn_message m = {
		.to = to,
		.kind = GN_EXCHANGE_CALL,
		.number = calls->round,
		.events = true,
		.digest = x->directions & GN_EXCHANGE_PULL ? &calls->digest : NULL,
	};

	gn_send_several(t, in, out, &m);
}

/*
 * The case that large simulations consist of, written out: rounds of push-pull with one event and no option of the cluster
 * or hook of the protocol to look at, and a member that knows nothing or all. The same as act().
 */
static bool is_plain(const struct gn_cluster *c, const struct gn_exchange *x)
{
	return c->clock == GN_CLOCK_ROUNDS && c->max_events == 1 && !c->peers && !c->avoid_last &&
	       !c->forget_after && !c->lost_interest_ppm && !x->calls && !x->own && !x->extra &&
	       x->directions == (GN_EXCHANGE_PUSH | GN_EXCHANGE_PULL);
}

static inline bool can_act_plainly(const struct gn_rumors_head *h, const struct gn_input *in)
{
	return in->type == GN_TIMER && h->plain && h->tag != GN_TAG_NONE;
}

GN_HOT void call_plainly(const struct gn_cluster *c, const struct gn_input *in, const struct gn_output *out,
			 const uint8_t *data, size_t size)
{
	uint32_t other = gn_random_below(in->random, c->members - 1), to = other + (other >= in->self);

	if (out->call)
		out->call(out->host, in->round, to);
	out->send(out->host, to, data, size);
}

static void act_knowing_nothing(const struct gn_cluster *c, const struct gn_input *in,
				const struct gn_output *out)
{
	static const struct gn_wire_digest nothing = { .end = true };
	uint8_t data[GN_WIRE_HEADER + GN_WIRE_DIGEST_HEADER];

	write_header(data, GN_EXCHANGE_CALL, 0, in->round, in->now);
	write_digest(data, &nothing);
	for (uint32_t i = 0; i < c->fanout; i++)
		call_plainly(c, in, out, data, sizeof(data));
}

static void act_knowing_all(struct gn_rumors t, const struct gn_input *in, const struct gn_output *out)
{
	static const uint8_t one = 1;
	static const struct gn_wire_digest all = { .bits = 1, .end = true, .map = &one };
	const struct gn_wire_record r = record_of(t, 0);
	uint8_t data[GN_DATAGRAM_MAX]; /* large: not cleared */
	size_t size;

	write_header(data, GN_EXCHANGE_CALL, 0, in->round, in->now);
	size = write_record(data, write_digest(data, &all), 1, &r);
	for (uint32_t i = 0; i < t.cluster->fanout; i++) {
		count_transmission(rumor_of(t, 0));
		call_plainly(t.cluster, in, out, data, size);
	}
}

GN_HOT void act(struct gn_rumors t, const struct gn_exchange *x, struct memory *memory, void *own,
		const struct gn_input *in, const struct gn_output *out)
{
	const struct gn_cluster *c = t.cluster;
	struct calls calls; /* large: not cleared */

	calls.n = x->calls ? x->calls(c, own, in) : c->fanout;
	calls.round = c->clock == GN_CLOCK_ROUNDS ? in->round : memory->round++;
	compose(t, x->directions, in, &calls);
	for (uint32_t i = 0; i < calls.n; i++) {
		uint32_t to = c->avoid_last ? gn_draw_another(c, in, &memory->last) : gn_draw_partner(c, in);

		if (to == GN_NO_MEMBER)
			return;
		if (out->call)
			out->call(out->host, calls.round, to);
		if (calls.several) {
			call_with_several(t, x, in, out, &calls, to);
		} else if (calls.size) {
			if (calls.event != c->max_events)
				count_transmission(rumor_of(t, calls.event));
			out->send(out->host, to, calls.data, calls.size);
		}
	}
	if (t.head->end && (c->forget_after || c->lost_interest_ppm))
		forget(t, in);
}

/* ---- what comes in ---- */

/* Is this a datagram that the same protocol sends? */
GN_HOT bool is_ours(const struct gn_exchange *x, const struct gn_wire_datagram *d)
{
	if (d->note)
		return false;
	if (d->kind == GN_EXCHANGE_REPLY)
		return x->directions & GN_EXCHANGE_PULL && !d->has_digest && d->n_records;
	if (d->has_digest)
		return x->directions & GN_EXCHANGE_PULL &&
		       (!d->n_records || x->directions & GN_EXCHANGE_PUSH);
	return x->directions & GN_EXCHANGE_PUSH && d->n_records;
}

GN_HOT int receive(struct gn_rumors t, const struct gn_exchange *x, void *own, const struct gn_input *in,
		   const struct gn_output *out)
{
	struct gn_wire_datagram d;
	const bool other = x->other && in->size > 3 && in->data[3] >= GN_EXCHANGE_KINDS;

	if (in->from >= t.cluster->members || in->from == in->self ||
	    read_datagram(t.cluster, in->data, in->size, &d))
		return -1;
	if (other) {
		gn_rumors_settle(t, in->now);
		return x->other(t.cluster, t, own, in, out, &d);
	}
	if ((d.kind != GN_EXCHANGE_CALL && d.kind != GN_EXCHANGE_REPLY) || !is_ours(x, &d))
		return -1;
	gn_rumors_settle(t, in->now);
	for (uint32_t i = 0; i < d.n_records; i++) {
		struct gn_wire_record copy;

		d.records = read_record(d.records, &copy);
		if (take_record(t, in, out, &d, &copy) && x->learned)
			x->learned(t.cluster, t, own, in, copy.event);
	}
	if (d.has_digest && t.head->end) {
		const struct gn_message reply = {
			.kind = GN_EXCHANGE_REPLY,
			.to = in->from,
			.number = d.number,
			.events = true,
			.asked = &d.digest,
		};

		send_message(t, in, out, &reply);
	}
	return 0;
}

static int publish(struct gn_rumors t, const struct gn_exchange *x, void *own, const struct gn_input *in,
		   const struct gn_output *out)
{
	if (in->event >= t.cluster->max_events || in->size > t.cluster->max_payload)
		return -1;
	const bool is_new = !gn_rumors_knows(t, in->event);

	gn_rumors_settle(t, in->now);
	gn_take_publish(t, in, out);
	if (is_new && x->learned)
		x->learned(t.cluster, t, own, in, in->event);
	return 0;
}

static int step_slowly(const struct gn_cluster *c, const struct gn_exchange *x, void *head, void *body,
		       const struct gn_input *in, const struct gn_output *out, uint64_t *deadline)
{
	const struct gn_rumors t = rumors_of(c, x, head, body);
	void *own = x->own ? (uint8_t *)body + memory_size(c) : NULL;

	switch (in->type) {
	case GN_START:
		if (*deadline == GN_NO_DEADLINE)
			*deadline = gn_first_round(c, in);
		if (!t.head->end && !t.head->fresh)
			t.head->tag = GN_TAG_NOTHING;
		t.head->plain = is_plain(c, x);
		return 0;
	case GN_TIMER:
		gn_rumors_settle(t, in->now);
		for (unsigned i = 0; i < GN_ROUNDS_AT_ONCE && *deadline <= in->now; i++) {
			act(t, x, body, own, in, out);
			*deadline = c->clock == GN_CLOCK_ROUNDS ? *deadline + c->period
								: gn_next_round(c, in, *deadline);
		}
		return 0;
	case GN_DATAGRAM:
		return receive(t, x, own, in, out);
	case GN_PUBLISH:
		return publish(t, x, own, in, out);
	}
	return -1;
}

int gn_exchange_step(const struct gn_cluster *c, const struct gn_exchange *x, void *head, void *body,
		     const struct gn_input *in, const struct gn_output *out, uint64_t *deadline)
{
	const struct gn_rumors_head *h = head;

	if (!can_act_plainly(h, in))
		return step_slowly(c, x, head, body, in, out, deadline);
	if (h->tag == GN_TAG_NOTHING)
		act_knowing_nothing(c, in, out);
	else
		act_knowing_all(rumors_of(c, x, head, body), in, out);
	*deadline = in->now + c->period;
	return 0;
}
