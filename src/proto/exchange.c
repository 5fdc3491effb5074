/* SPDX-License-Identifier: MIT */
#include "proto/exchange.h"

#include "proto/rumors.h"
#include "util/util.h"

struct exchange {
	struct gn_protocol_config config;
	struct gn_rumors rumors;
	uint64_t now;	   /* of the last input */
	uint64_t deadline; /* of the next round */
	uint32_t round;	   /* the next one */
	uint8_t directions;
	bool started;
};

/* One call or reply. */
struct message {
	enum gn_wire_type type;
	uint32_t to, round;
	const struct gn_wire_digest *digest; /* what the receiver shall answer, or NULL */
	bool events;			     /* carry events ... */
	const struct gn_wire_digest *asked;  /* ... that this digest lacks, or all */
};

/* The table starts behind the struct, aligned to 16. */
#define TABLE_AT ((sizeof(struct exchange) + 15) / 16 * 16)

size_t gn_exchange_size(const struct gn_protocol_config *config)
{
	return TABLE_AT + gn_rumors_size(config->max_events, config->max_payload);
}

static const char *wrong_with(const struct gn_protocol_config *c)
{
	if (c->members < 2)
		return "a cluster has at least 2 members";
	if (c->self >= c->members)
		return "a member's number is below the number of members";
	if (!c->peers && c->n_peers)
		return "there are peers to choose from, but no list of them";
	for (uint32_t i = 0; i < c->n_peers; i++) {
		if (c->peers[i] >= c->members || c->peers[i] == c->self)
			return "a peer is another member of the cluster";
	}
	if (!c->fanout)
		return "the fanout is at least 1";
	if (!c->period)
		return "the period is longer than nothing";
	if (!c->max_events)
		return "there is at least one event";
	if (c->max_payload > GN_PAYLOAD_MAX)
		return "an event's payload is at most 1024 bytes";
	return c->below ? NULL : "a source of random numbers is needed";
}

const char *gn_exchange_init(void *state, const struct gn_protocol_config *config, unsigned directions)
{
	struct exchange *x = state;
	const char *wrong = wrong_with(config);

	if (wrong)
		return wrong;
	x->config = *config;
	x->directions = (uint8_t)directions;
	x->deadline = GN_NO_DEADLINE;
	gn_rumors_init(&x->rumors, (uint8_t *)state + TABLE_AT, config->max_events, config->max_payload);
	return NULL;
}

static void send_message(struct exchange *x, const struct gn_output *out, const struct message *m)
{
	struct gn_wire_writer w;
	struct gn_choice choice; /* large: not cleared */
	unsigned left = GN_MESSAGE_DATAGRAMS;

	choice.n = 0;
	if (m->events)
		gn_rumors_choose(&x->rumors, m->asked, &choice);
	gn_wire_begin(&w, m->type, m->round, x->now);
	if (m->digest)
		gn_wire_put_digest(&w, m->digest);
	for (size_t i = 0; i < choice.n; i++) {
		uint32_t event = gn_choice_event(&choice, i);
		struct gn_wire_record r = gn_rumors_record(&x->rumors, event);

		if (!gn_wire_put_record(&w, &r)) {
			out->send(out->host, m->to, w.data, w.size);
			if (--left == 0)
				return;
			gn_wire_begin(&w, m->type, m->round, x->now);
			gn_wire_put_record(&w, &r);
		}
		x->rumors.rumor[event].sent++;
	}
	if (w.size > GN_WIRE_HEADER)
		out->send(out->host, m->to, w.data, w.size);
}

static uint32_t draw_partner(const struct exchange *x)
{
	const struct gn_protocol_config *c = &x->config;

	if (c->peers)
		return c->peers[c->below(c->random, c->n_peers)];
	uint32_t other = (uint32_t)c->below(c->random, c->members - 1);

	return other + (other >= c->self);
}

static void act(struct exchange *x, const struct gn_output *out)
{
	bool alone = x->config.peers && !x->config.n_peers;
	struct gn_wire_digest digest = { 0 };

	if (x->directions & GN_EXCHANGE_PULL)
		digest = gn_rumors_digest(&x->rumors);
	for (uint32_t i = 0; i < x->config.fanout && !alone; i++) {
		struct message m = {
			.type = GN_WIRE_CALL,
			.to = draw_partner(x),
			.round = x->round,
			.digest = x->directions & GN_EXCHANGE_PULL ? &digest : NULL,
			.events = x->directions & GN_EXCHANGE_PUSH,
		};

		if (out->call)
			out->call(out->host, x->round, m.to);
		send_message(x, out, &m);
	}
}

static void start(struct exchange *x)
{
	if (x->started)
		return;
	x->started = true;
	x->deadline = x->now + x->config.below(x->config.random, x->config.period);
}

static void act_when_due(struct exchange *x, const struct gn_output *out)
{
	for (unsigned i = 0; i < GN_ROUNDS_AT_ONCE && x->deadline <= x->now; i++) {
		act(x, out);
		x->round++;
		x->deadline = x->config.period < GN_NO_DEADLINE - x->deadline ? x->deadline + x->config.period
									      : GN_NO_DEADLINE;
	}
}

static void take(struct exchange *x, const struct gn_output *out, const struct gn_wire_record *copy,
		 const struct gn_delivery *how)
{
	struct gn_delivery d = *how;

	d.event = copy->event;
	d.payload = copy->payload;
	d.size = copy->size;
	d.first = gn_rumors_learn(&x->rumors, copy, d.hop);
	out->deliver(out->host, &d);
}

/* Is this a datagram that the same protocol sends? */
static bool is_ours(const struct exchange *x, const struct gn_wire_datagram *d)
{
	if (d->type == GN_WIRE_REPLY || d->has_digest)
		return x->directions & GN_EXCHANGE_PULL &&
		       (d->type == GN_WIRE_REPLY || !d->n_records || x->directions & GN_EXCHANGE_PUSH);
	return x->directions & GN_EXCHANGE_PUSH;
}

static void move_on(struct exchange *x, uint64_t now)
{
	if (now <= x->now)
		return;
	x->now = now;
	gn_rumors_settle(&x->rumors);
}

static int receive(struct exchange *x, const struct gn_input *in, const struct gn_output *out)
{
	const struct gn_wire_limits limits = {
		.members = x->config.members,
		.max_events = x->config.max_events,
		.max_payload = x->config.max_payload,
	};
	struct gn_wire_datagram d;

	if (in->from >= x->config.members || in->from == x->config.self)
		return -1;
	if (gn_wire_read(in->data, in->size, &limits, &d) || !is_ours(x, &d))
		return -1;
	move_on(x, in->now);
	for (uint32_t i = 0; i < d.n_records; i++) {
		struct gn_wire_record copy;

		d.records = gn_wire_next(d.records, &copy);
		const struct gn_delivery how = {
			.via = in->from,
			.sent = d.sent,
			.hop = GN_MIN(copy.hop + 1, GN_WIRE_HOP_MAX),
		};

		take(x, out, &copy, &how);
	}
	if (d.has_digest) {
		const struct message reply = {
			.type = GN_WIRE_REPLY,
			.to = in->from,
			.round = d.round,
			.events = true,
			.asked = &d.digest,
		};

		send_message(x, out, &reply);
	}
	return 0;
}

static int publish(struct exchange *x, const struct gn_input *in, const struct gn_output *out)
{
	const struct gn_wire_record own = {
		.event = in->event,
		.origin = x->config.self,
		.payload = in->data,
		.size = in->size,
	};
	const struct gn_delivery how = { .via = GN_NO_MEMBER };

	if (in->event >= x->config.max_events || in->size > x->config.max_payload)
		return -1;
	move_on(x, in->now);
	take(x, out, &own, &how);
	return 0;
}

int gn_exchange_step(void *state, const struct gn_input *in, const struct gn_output *out, uint64_t *deadline)
{
	struct exchange *x = state;
	int result = 0;

	switch (in->type) {
	case GN_START:
		move_on(x, in->now);
		start(x);
		break;
	case GN_TIMER:
		move_on(x, in->now);
		act_when_due(x, out);
		break;
	case GN_DATAGRAM:
		result = receive(x, in, out);
		break;
	case GN_PUBLISH:
		result = publish(x, in, out);
		break;
	}
	*deadline = x->deadline;
	return result;
}
