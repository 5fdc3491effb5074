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
		/* Forgotten in this round: see is_silent(). */
		if (c->clock == GN_CLOCK_ROUNDS && gn_rumors_is_forgotten(t, e))
			r->next_or_rounds = in->round;
	}
}

/* A round of calls: what they say. */
struct calls {
	uint32_t round;
	uint32_t event; /* the first that a call carries, or max_events */
	bool several;	/* it carries more, not the same to each partner */
	struct gn_wire_digest digest;
};

GN_HOT void compose(struct gn_rumors t, unsigned directions, const struct gn_input *in, struct calls *calls)
{
	calls->event = t.cluster->max_events;
	calls->several = false;
	if (directions & GN_EXCHANGE_PULL)
		digest_of(t, calls->round, &calls->digest);
	if (!(directions & GN_EXCHANGE_PUSH) || !t.head->settled)
		return;
	calls->event = next_to_send(t, in, NULL, 0);
	calls->several = calls->event != t.cluster->max_events && !is_last(t, calls->event) &&
			 next_to_send(t, in, NULL, calls->event + 1) != t.cluster->max_events;
}

/* Return: the size of the datagram; 0: there is nothing to say, or it is more than one datagram. */
GN_HOT size_t write_call(struct gn_rumors t, unsigned directions, const struct gn_input *in,
			 const struct calls *calls, uint8_t *data)
{
	const bool has_event = calls->event != t.cluster->max_events, asks = directions & GN_EXCHANGE_PULL;
	struct gn_wire_record r;
	size_t size;

	if (calls->several || (!has_event && !asks))
		return 0;
	if (has_event)
		r = record_of(t, calls->event); /* before anything is written, which might be anywhere */
	size = write_header(data, GN_EXCHANGE_CALL, 0, calls->round, in->now);
	if (asks)
		size = write_digest(data, &calls->digest);
	return has_event ? write_record(data, size, 1, &r) : size;
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

GN_HOT void act(struct gn_rumors t, const struct gn_exchange *x, struct memory *memory, void *own,
		const struct gn_input *in, const struct gn_output *out)
{
	const struct gn_cluster *c = t.cluster;
	const uint32_t n = x->calls ? x->calls(c, own, in) : c->fanout;
	struct calls calls;

	calls.round = c->clock == GN_CLOCK_ROUNDS ? in->round : memory->round++;
	compose(t, x->directions, in, &calls);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t to = c->avoid_last ? gn_draw_another(c, in, &memory->last) : gn_draw_partner(c, in);

		if (to == GN_NO_MEMBER)
			return;
		if (out->call)
			out->call(out->host, calls.round, to);
		size_t size = write_call(t, x->directions, in, &calls, out->room);

		if (size) {
			if (calls.event != c->max_events)
				count_transmission(rumor_of(t, calls.event));
			out->send(out->host, to, out->room, size);
		} else if (calls.event != c->max_events) {
			call_with_several(t, x, in, out, &calls, to);
		}
	}
	if (t.head->settled && (c->forget_after || c->lost_interest_ppm))
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
		settle(t, in->now);
		return x->other(t.cluster, t, own, in, out, &d);
	}
	if ((d.kind != GN_EXCHANGE_CALL && d.kind != GN_EXCHANGE_REPLY) || !is_ours(x, &d))
		return -1;
	settle(t, in->now);
	for (uint32_t i = 0; i < d.n_records; i++) {
		struct gn_wire_record copy;

		d.records = read_record(d.records, &copy);
		if (take_record(t, in, out, &d, &copy) && x->learned)
			x->learned(t.cluster, t, own, in, copy.event);
	}
	if (d.has_digest && t.head->settled) {
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

	settle(t, in->now);
	gn_take_publish(t, in, out);
	if (is_new && x->learned)
		x->learned(t.cluster, t, own, in, in->event);
	return 0;
}

/* Bytes of a call that are copied at once; what is too much is overwritten or not sent. */
#define USUAL 32

/* The calls of a round, ready to be copied, without the record of an event. */
struct usual {
	uint8_t nothing[USUAL], first[USUAL]; /* its member knows nothing; the first event alone */
	size_t nothing_size, first_size;
	bool pushes;
};

static void write_usual(struct usual *u, bool pushes, const struct gn_input *in)
{
	static const uint8_t one = 1;
	static const struct gn_wire_digest nothing = { .end = true },
					   first = { .bits = 1, .end = true, .map = &one };

	*u = (struct usual){ .pushes = pushes };
	write_header(u->nothing, GN_EXCHANGE_CALL, 0, in->round, in->now);
	write_header(u->first, GN_EXCHANGE_CALL, 0, in->round, in->now);
	put16(u->first + AT_RECORDS, pushes);
	u->nothing_size = write_digest(u->nothing, &nothing);
	u->first_size = write_digest(u->first, &first);
}

/*
 * The rounds that large simulations consist of, written out, with the same result as act(): a member knows nothing and asks,
 * or knows the first event alone.
 */
GN_HOT void act_usually(struct gn_rumors t, const struct usual *u, const bool knows,
			const struct gn_input *in, const struct gn_output *out)
{
	const struct gn_cluster *c = t.cluster;
	uint32_t left = c->fanout;

	do {
		const uint32_t to = gn_draw_partner(c, in);

		if (to == GN_NO_MEMBER)
			return;
		if (out->call)
			out->call(out->host, in->round, to);
		const bool pushes = knows && u->pushes;
		const struct gn_wire_record r = pushes ? record_of(t, 0) : (struct gn_wire_record){ 0 };
		uint8_t *data = out->room;
		size_t size = knows ? u->first_size : u->nothing_size;

		if (pushes)
			count_transmission(rumor_of(t, 0));
		memcpy(data, knows ? u->first : u->nothing, USUAL);
		if (pushes)
			size += put_record(data + size, &r);
		out->send(out->host, to, data, size);
	} while (--left);
}

uint32_t gn_exchange_rounds(const struct gn_cluster *c, const struct gn_exchange *x,
			    const struct gn_members *m, struct gn_input *in, const struct gn_output *out)
{
	const bool asks = x->directions & GN_EXCHANGE_PULL && !x->calls && c->clock == GN_CLOCK_ROUNDS &&
			  !c->avoid_last;
	const bool tells = has_few(c) && !c->forget_after && !c->lost_interest_ppm;
	const uint32_t most = GN_STEP_DATAGRAMS_MAX / c->fanout;
	struct gn_rumors t = rumors_of(c, x, m->heads, m->bodies);
	uint32_t self = in->self, end = m->end - self <= most ? m->end : self + most;
	struct usual u;

	if (!asks)
		return self;
	write_usual(&u, x->directions & GN_EXCHANGE_PUSH, in);
	for (bool changed = false; self != end && !changed;) {
		in->self = self;
		if (t.head->fresh) {
			settle(t, in->now);
			if (t.head->fresh)
				break;
			changed = true;
		}
		if (!t.head->settled)
			act_usually(t, &u, false, in, out);
		else if (tells && t.head->settled == 1 && !(rumor_of(t, 0)->size_and_flags & FORGOTTEN))
			act_usually(t, &u, true, in, out);
		else
			break;
		self++;
		in->random++;
		t.head = (struct gn_rumors_head *)(void *)((uint8_t *)t.head + m->head_step);
		t.body += m->body_step;
	}
	return self;
}

/* As one of many members. Return: done. */
static bool act_as_many(const struct gn_cluster *c, const struct gn_exchange *x, void *head, void *body,
			const struct gn_input *in, const struct gn_output *out)
{
	const struct gn_members one = { .heads = head, .bodies = body, .end = in->self + 1 };
	struct gn_input own = *in;

	return gn_exchange_rounds(c, x, &one, &own, out) == one.end;
}

int gn_exchange_step(const struct gn_cluster *c, const struct gn_exchange *x, void *head, void *body,
		     const struct gn_input *in, const struct gn_output *out, uint64_t *deadline)
{
	const struct gn_rumors t = rumors_of(c, x, head, body);
	void *own = x->own ? (uint8_t *)body + memory_size(c) : NULL;

	switch (in->type) {
	case GN_START:
		if (*deadline == GN_NO_DEADLINE)
			*deadline = gn_first_round(c, in);
		if (!t.head->settled && !t.head->fresh)
			t.head->tag = GN_TAG_NOTHING;
		return 0;
	case GN_TIMER:
		settle(t, in->now);
		for (unsigned i = 0; i < GN_ROUNDS_AT_ONCE && *deadline <= in->now; i++) {
			if (!act_as_many(c, x, head, body, in, out))
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
