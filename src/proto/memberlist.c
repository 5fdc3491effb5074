/* SPDX-License-Identifier: MIT */
/*
 * memberlist: user events as hashicorp/memberlist spreads them with its LAN profile, and serf on top of it.
 *
 * Once a gossip interval (the period; 200 ms there) a member with something in its queue sends a datagram to each of
 * `nodes` members drawn at random. A datagram is filled up to 1400 bytes from the queue, in the order of
 * TransmitLimitedQueue: what was transmitted least often comes first, among equals the largest that still fits,
 * among those the newest. After retransmit_mult * ceil(log10(n + 1)) transmissions an event leaves the queue. So gossip
 * alone reaches everybody with high probability only; what it misses is found by push-pull with one random
 * member, every push_pull_interval, times ceil(log2 n) - 4 in clusters of more than 32. As in serf, what was learned by
 * push-pull is not queued.
 *
 * What differs from the real thing:
 * - membership is given: no probes and no suspicion, and so no events that ride on their datagrams;
 * - push-pull compares digests and transmits what is missing, in UDP datagrams that may be lost, where memberlist
 *   sends all of its state over TCP;
 * - a record takes 16 bytes beside its payload and a datagram 20, where memberlist takes some 2 and 2 and encodes
 *   an event by msgpack; no compression, no encryption;
 * - the newest event is that with the highest number, not that which came last.
 */
#include "gossipnet/protocol.h"

enum { NODES, RETRANSMIT_MULT, PUSH_PULL_INTERVAL };

#define NODES_MAX 64
#define MS	  INT64_C(1000000)

static const struct gn_parameter parameters[] = {
	[NODES] = { "nodes", "members that are sent to in a round", GN_PARAMETER_WHOLE, 1, NODES_MAX, NULL,
		    3 },
	[RETRANSMIT_MULT] = { "retransmit_mult",
			      "a member transmits an event this many times ceil(log10(members + 1))",
			      GN_PARAMETER_WHOLE, 1, 1000, NULL, 4 },
	[PUSH_PULL_INTERVAL] = { "push_pull_interval",
				 "time between a member's push-pulls, in clusters up to 32 members",
				 GN_PARAMETER_DURATION, MS, 24 * 3600 * 1000 * MS, NULL, 30 * 1000 * MS },
};

enum {
	GOSSIP = 1, /* events */
	ASK,	    /* push-pull: what the caller knows, */
	ANSWER,	    /* what the caller lacks, and what the partner knows, */
	REST,	    /* what the partner lacks */
};

struct head {
	struct gn_rumors_head rumors;
	uint32_t queue;	    /* the event to transmit first + 1, or 0 */
	uint64_t tick;	    /* of gossip; in the past while the queue is empty */
	uint64_t push_pull; /* when it is due */
	uint32_t round;	    /* of the next tick */
	uint32_t turn;	    /* of the next push-pull */
	uint32_t last;	    /* for gn_draw_another() */
};

/* Of each event. */
struct queued {
	uint32_t next; /* in the queue + 1, or 0 */
	uint32_t transmits;
};

static struct gn_rumors rumors(const struct gn_cluster *c, struct head *h, void *body)
{
	return (struct gn_rumors){
		.cluster = c,
		.head = &h->rumors,
		.body = body,
		.extra = sizeof(struct queued),
	};
}

static void sizes(const struct gn_cluster *c, struct gn_sizes *ret)
{
	*ret = (struct gn_sizes){
		.head = sizeof(struct head),
		.body = gn_rumors_size(c, sizeof(struct queued)),
	};
}

/* ---- the queue ---- */

static struct queued *queued(struct gn_rumors t, uint32_t event)
{
	return gn_rumors_extra(t, event);
}

static bool is_before(struct gn_rumors t, uint32_t a, uint32_t b)
{
	const uint32_t transmits_a = queued(t, a)->transmits, transmits_b = queued(t, b)->transmits;
	const size_t size_a = gn_rumors_record(t, a).size, size_b = gn_rumors_record(t, b).size;

	if (transmits_a != transmits_b)
		return transmits_a < transmits_b;
	return size_a != size_b ? size_a > size_b : a > b;
}

/* Merge the events of @list, which are in order themselves, into the queue. */
static void enqueue(struct gn_rumors t, struct head *h, uint32_t list)
{
	uint32_t *at = &h->queue;

	while (list) {
		struct queued *q = queued(t, list - 1);
		const uint32_t rest = q->next;

		while (*at && is_before(t, *at - 1, list - 1))
			at = &queued(t, *at - 1)->next;
		q->next = *at;
		*at = list;
		at = &q->next;
		list = rest;
	}
}

static uint32_t transmit_limit(const struct gn_cluster *c)
{
	uint32_t digits = 0; /* the least with 10^digits >= members + 1 */

	for (uint64_t power = 1; power < (uint64_t)c->members + 1; power *= 10)
		digits++;
	return (uint32_t)c->parameters[RETRANSMIT_MULT] * digits;
}

/* Fill a datagram from the queue. As each event that was taken has been transmitted once more, they are in order again. */
static void take_from_queue(struct gn_rumors t, struct head *h, struct gn_wire_writer *w)
{
	const uint32_t limit = transmit_limit(t.cluster);
	uint32_t back = 0, *last = &back, *at = &h->queue;

	while (*at && sizeof(w->data) - w->size >= GN_WIRE_RECORD_HEADER) {
		const uint32_t event = *at - 1;
		const struct gn_wire_record r = gn_rumors_record(t, event);
		struct queued *q = queued(t, event);

		if (!gn_rumors_is_settled(t, event) || !gn_wire_put_record(w, &r)) {
			at = &q->next;
			continue;
		}
		*at = q->next;
		if (++q->transmits == limit)
			continue;
		*last = event + 1;
		last = &q->next;
		*last = 0;
	}
	enqueue(t, h, back);
}

/* ---- gossip ---- */

static uint32_t draw_node(const struct gn_cluster *c, struct head *h, const struct gn_input *in)
{
	return c->avoid_last ? gn_draw_another(c, in, &h->last) : gn_draw_partner(c, in);
}

/* Draw different members: some are not found if there are few. Return: how many. */
static uint32_t draw_nodes(const struct gn_cluster *c, struct head *h, const struct gn_input *in,
			   uint32_t *ret)
{
	const uint64_t candidates =
		c->peers ? c->first_peer[in->self + 1] - c->first_peer[in->self] : c->members;
	uint32_t n = 0;

	for (uint64_t tries = 3 * candidates; tries && n < c->parameters[NODES]; tries--) {
		uint32_t node = draw_node(c, h, in), i = 0;

		while (i < n && ret[i] != node)
			i++;
		if (i == n)
			ret[n++] = node;
	}
	return n;
}

static void gossip(struct gn_rumors t, struct head *h, const struct gn_input *in, const struct gn_output *out)
{
	uint32_t nodes[NODES_MAX];
	const uint32_t n = draw_nodes(t.cluster, h, in, nodes);

	for (uint32_t i = 0; i < n; i++) {
		struct gn_wire_writer w;

		gn_wire_begin(&w, GOSSIP, 0, h->round, in->now);
		take_from_queue(t, h, &w);
		if (!w.n_records)
			return;
		if (out->call)
			out->call(out->host, h->round, nodes[i]);
		out->send(out->host, nodes[i], w.data, w.size);
	}
}

/* The first tick that is still to come. Nobody sees the ticks without a queue, and a late host's are left out, as a
 * ticker's in Go. */
static void advance(const struct gn_cluster *c, struct head *h, const struct gn_input *in)
{
	if (h->tick > in->now)
		return;
	/* The last one up to now. Poisson's clock has no memory: now is as good. */
	const uint64_t last =
		c->clock == GN_CLOCK_POISSON ? in->now : in->now - (in->now - h->tick) % c->period;

	h->round += (uint32_t)((last - h->tick) / c->period) + 1;
	h->tick = gn_next_round(c, in, last);
}

/* ---- push-pull ---- */

/* memberlist's pushPullScale(); with the clock of rounds whole rounds. */
static uint64_t push_pull_interval(const struct gn_cluster *c)
{
	uint64_t interval = (uint64_t)c->parameters[PUSH_PULL_INTERVAL];
	uint32_t bits = 5; /* the least with 2^bits >= members, from 32 up */

	while (UINT64_C(1) << bits < c->members)
		bits++;
	interval *= bits - 4;
	return c->clock == GN_CLOCK_ROUNDS ? (interval + c->period - 1) / c->period * c->period : interval;
}

/* At a moment drawn from the first interval, and then one more. */
static uint64_t first_push_pull(const struct gn_cluster *c, const struct gn_input *in)
{
	const uint64_t interval = (uint64_t)c->parameters[PUSH_PULL_INTERVAL];
	const unsigned __int128 draw = gn_random_next(in->random);
	const uint64_t at = in->now + (uint64_t)(draw * interval >> 64) + push_pull_interval(c);

	return c->clock == GN_CLOCK_ROUNDS ? at + c->period - 1 - (at - 1) % c->period : at;
}

static void push_pull(struct gn_rumors t, struct head *h, const struct gn_input *in,
		      const struct gn_output *out)
{
	const struct gn_wire_digest digest = gn_rumors_digest(t, h->turn);
	const struct gn_message ask = {
		.to = draw_node(t.cluster, h, in),
		.kind = ASK,
		.number = h->turn++,
		.digest = &digest,
	};

	if (ask.to == GN_NO_MEMBER)
		return;
	if (out->call)
		out->call(out->host, h->round, ask.to);
	gn_send_message(t, in, out, &ask);
}

static void answer(struct gn_rumors t, const struct gn_input *in, const struct gn_output *out,
		   const struct gn_wire_datagram *d)
{
	const struct gn_wire_digest digest = gn_rumors_digest(t, d->number);
	const struct gn_message m = {
		.to = in->from,
		.kind = d->kind == ASK ? ANSWER : REST,
		.number = d->number,
		.digest = d->kind == ASK ? &digest : NULL,
		.events = true,
		.asked = &d->digest,
	};

	gn_send_message(t, in, out, &m);
}

/* ---- what comes in ---- */

static bool is_valid(const struct gn_wire_datagram *d)
{
	switch (d->kind) {
	case ASK:
		return !d->note && d->has_digest && !d->n_records;
	case ANSWER:
		return !d->note && (d->has_digest || d->n_records);
	case GOSSIP:
	case REST:
		return !d->note && !d->has_digest && d->n_records;
	}
	return false;
}

static void learned(struct gn_rumors t, struct head *h, const struct gn_input *in, uint32_t event)
{
	if (!h->queue)
		advance(t.cluster, h, in);
	enqueue(t, h, event + 1);
}

static int receive(struct gn_rumors t, struct head *h, const struct gn_input *in, const struct gn_output *out)
{
	struct gn_wire_datagram d;

	if (in->from >= t.cluster->members || in->from == in->self ||
	    gn_wire_read(t.cluster, in->data, in->size, &d) || !is_valid(&d))
		return -1;
	gn_rumors_settle(t, in->now);
	for (uint32_t i = 0; i < d.n_records; i++) {
		struct gn_wire_record copy;

		d.records = gn_wire_next(d.records, &copy);
		if (gn_take_record(t, in, out, &d, &copy) && d.kind == GOSSIP)
			learned(t, h, in, copy.event);
	}
	if (d.has_digest)
		answer(t, in, out, &d);
	return 0;
}

static int publish(struct gn_rumors t, struct head *h, const struct gn_input *in, const struct gn_output *out)
{
	const bool is_new = in->event < t.cluster->max_events && !gn_rumors_knows(t, in->event);

	gn_rumors_settle(t, in->now);
	if (gn_take_publish(t, in, out))
		return -1;
	if (is_new)
		learned(t, h, in, in->event);
	return 0;
}

static void act(struct gn_rumors t, struct head *h, const struct gn_input *in, const struct gn_output *out)
{
	gn_rumors_settle(t, in->now);
	if (h->queue && h->tick <= in->now) {
		gossip(t, h, in, out);
		advance(t.cluster, h, in);
	}
	if (h->push_pull <= in->now) {
		push_pull(t, h, in, out);
		h->push_pull = in->now + push_pull_interval(t.cluster);
	}
}

static int step(const struct gn_cluster *c, void *head, void *body, const struct gn_input *in,
		const struct gn_output *out, uint64_t *deadline)
{
	struct head *h = head;
	const struct gn_rumors t = rumors(c, h, body);
	int r = 0;

	switch (in->type) {
	case GN_START:
		h->tick = gn_first_round(c, in);
		h->push_pull = first_push_pull(c, in);
		break;
	case GN_TIMER:
		act(t, h, in, out);
		break;
	case GN_DATAGRAM:
		r = receive(t, h, in, out);
		break;
	case GN_PUBLISH:
		r = publish(t, h, in, out);
		break;
	}
	*deadline = h->queue && h->tick < h->push_pull ? h->tick : h->push_pull;
	return r;
}

const struct gn_protocol gn_memberlist = {
	.abi = GN_PROTOCOL_ABI,
	.name = "memberlist",
	.help = "as hashicorp/memberlist: a few random members every period, limited retransmissions, rare push-pull",
	.parameters = parameters,
	.n_parameters = sizeof(parameters) / sizeof(parameters[0]),
	.endless = true,
	.sizes = sizes,
	.step = step,
};
