/* SPDX-License-Identifier: MIT */
/* One member on its own: what it asks for, when it acts, what it sends and what it refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "proto/exchange.h"
#include "proto/proto.h"
#include "proto/wire.h"
#include "util/rand.h"
#include "util/util.h"

#define PERIOD	 UINT64_C(1000)
#define START	 UINT64_C(5000)
#define EVENTS	 20000
#define SEEN_MAX 4096

static const struct gn_wire_limits limits = { .members = 8, .max_events = EVENTS, .max_payload = 1024 };

/* What the member did, and what it was fed. */
struct member {
	const struct gn_protocol *protocol;
	void *state;
	size_t state_size;
	struct gn_rand rand;
	struct gn_output out;
	uint64_t deadline;
	struct {
		uint32_t to;
		size_t size;
		uint8_t data[GN_DATAGRAM_MAX];
	} sent[64];
	size_t n_sent;
	struct gn_delivery delivered[64];
	size_t n_delivered;
	uint32_t round[SEEN_MAX], partner[SEEN_MAX];
	size_t n_calls;
};

static void on_send(void *host, uint32_t to, const uint8_t *data, size_t size)
{
	struct member *m = host;

	assert_true(m->n_sent < GN_ARRAY_LEN(m->sent));
	m->sent[m->n_sent].to = to;
	m->sent[m->n_sent].size = size;
	memcpy(m->sent[m->n_sent++].data, data, size);
}

static void on_deliver(void *host, const struct gn_delivery *d)
{
	struct member *m = host;

	assert_true(m->n_delivered < GN_ARRAY_LEN(m->delivered));
	m->delivered[m->n_delivered++] = *d;
}

static void on_call(void *host, uint32_t round, uint32_t partner)
{
	struct member *m = host;

	assert_true(m->n_calls < SEEN_MAX);
	m->round[m->n_calls] = round;
	m->partner[m->n_calls++] = partner;
}

static uint64_t below(void *random, uint64_t n)
{
	return gn_rand_below(random, n);
}

static struct gn_protocol_config config_of(struct member *m)
{
	return (struct gn_protocol_config){
		.self = 3,
		.members = 8,
		.fanout = 2,
		.period = PERIOD,
		.max_events = EVENTS,
		.max_payload = 1024,
		.below = below,
		.random = &m->rand,
	};
}

static struct member *member_with(const char *protocol, const struct gn_protocol_config *config,
				  struct member *m)
{
	m->protocol = gn_protocol_find(protocol);
	m->state_size = m->protocol->state_size(config);
	m->state = calloc(1, m->state_size);
	m->out = (struct gn_output){ m, on_send, on_deliver, on_call };
	gn_rand_init(&m->rand, 42, GN_RAND_PROTOCOL, 3);
	assert_non_null(m->state);
	assert_null(m->protocol->init(m->state, config));
	return m;
}

static struct member *new_member(const char *protocol)
{
	struct member *m = calloc(1, sizeof(*m));
	const struct gn_protocol_config config = config_of(m);

	return member_with(protocol, &config, m);
}

static void free_member(struct member *m)
{
	free(m->state);
	free(m);
}

static int feed(struct member *m, const struct gn_input *in)
{
	m->n_sent = m->n_delivered = 0;
	return m->protocol->step(m->state, in, &m->out, &m->deadline);
}

static void start(struct member *m)
{
	assert_int_equal(feed(m, &(struct gn_input){ .type = GN_START, .now = START }), 0);
}

static void timer(struct member *m, uint64_t now)
{
	assert_int_equal(feed(m, &(struct gn_input){ .type = GN_TIMER, .now = now }), 0);
}

static void publish(struct member *m, uint64_t now, uint32_t event, size_t size)
{
	static const uint8_t payload[GN_PAYLOAD_MAX];

	assert_int_equal(
		feed(m,
		     &(struct gn_input){
			     .type = GN_PUBLISH, .now = now, .event = event, .data = payload, .size = size }),
		0);
}

static int receive(struct member *m, uint64_t now, const struct gn_wire_writer *w)
{
	return feed(m,
		    &(struct gn_input){
			    .type = GN_DATAGRAM, .now = now, .from = 5, .data = w->data, .size = w->size });
}

/* A call by member 5 with one event and, if asked for, an empty digest. */
static void write_call(struct gn_wire_writer *w, bool digest, uint32_t event)
{
	const struct gn_wire_digest nothing = { .end = true };
	const struct gn_wire_record r = { .event = event, .origin = 1, .hop = 2, .payload = NULL, .size = 0 };

	gn_wire_begin(w, GN_WIRE_CALL, 9, START - 1);
	if (digest)
		gn_wire_put_digest(w, &nothing);
	if (event != UINT32_MAX)
		gn_wire_put_record(w, &r);
}

static struct gn_wire_datagram sent(struct member *m, size_t i)
{
	struct gn_wire_datagram d;

	assert_true(i < m->n_sent);
	assert_int_equal(gn_wire_read(m->sent[i].data, m->sent[i].size, &limits, &d), 0);
	return d;
}

static void wrong_configurations_are_refused(void **unused)
{
	static const uint32_t self_among[] = { 1, 3 }, too_high[] = { 8 }, good[] = { 7, 0 };
	static struct member m;
	struct gn_protocol_config c[10];

	(void)unused;
	for (size_t i = 0; i < GN_ARRAY_LEN(c); i++)
		c[i] = config_of(&m);
	c[0].members = 1;
	c[1].self = 8;
	c[2].peers = self_among, c[2].n_peers = 2;
	c[3].peers = too_high, c[3].n_peers = 1;
	c[4].n_peers = 1;
	c[5].fanout = 0;
	c[6].period = 0;
	c[7].max_events = 0;
	c[8].max_payload = GN_PAYLOAD_MAX + 1;
	c[9].below = NULL;
	for (size_t i = 0; i < GN_ARRAY_LEN(c); i++) {
		static uint64_t state[64];

		for (size_t p = 0; gn_protocol_at(p); p++)
			assert_non_null(gn_protocol_at(p)->init(state, &c[i]));
	}
	struct gn_protocol_config right = config_of(&m);

	right.peers = good, right.n_peers = 2;
	free(member_with("push", &right, &m)->state);
}

static void the_table_is_complete(void **unused)
{
	static const char *const names[] = { "push", "pull", "push-pull" };

	(void)unused;
	for (size_t i = 0; i < GN_ARRAY_LEN(names); i++) {
		const struct gn_protocol *p = gn_protocol_find(names[i]);

		assert_non_null(p);
		assert_ptr_equal(p, gn_protocol_at(i));
		assert_string_equal(p->name, names[i]);
		assert_int_equal(p->abi, GN_PROTOCOL_ABI);
	}
	assert_null(gn_protocol_at(GN_ARRAY_LEN(names)));
	assert_null(gn_protocol_find("pus"));
	assert_null(gn_protocol_find(""));
}

static void the_first_draw_is_the_phase_and_deadlines_do_not_drift(void **unused)
{
	struct member *m = new_member("push-pull");
	struct gn_rand same;

	(void)unused;
	gn_rand_init(&same, 42, GN_RAND_PROTOCOL, 3);
	uint64_t phase = gn_rand_below(&same, PERIOD);

	start(m);
	assert_int_equal(m->deadline, START + phase);
	start(m); /* a second start changes nothing */
	assert_int_equal(m->deadline, START + phase);
	timer(m, START + phase - 1); /* nor does a timer that comes too early */
	assert_int_equal(m->n_calls, 0);
	for (uint64_t i = 0; i < 100; i++) {
		assert_int_equal(m->deadline, START + phase + i * PERIOD);
		timer(m, m->deadline + i % 7 * 100); /* late, by less than a period */
		assert_int_equal(m->n_calls, 2 * (i + 1));
		assert_int_equal(m->round[2 * i], i);
	}
	free_member(m);
}

static void missed_rounds_are_made_up_in_order_and_in_parts(void **unused)
{
	struct member *m = new_member("push-pull");
	struct gn_rand same;

	(void)unused;
	gn_rand_init(&same, 42, GN_RAND_PROTOCOL, 3);
	uint64_t phase = gn_rand_below(&same, PERIOD), late = START + phase + 9 * PERIOD;

	start(m);
	timer(m, late);
	assert_int_equal(m->n_calls, 2 * GN_ROUNDS_AT_ONCE);
	assert_int_equal(m->deadline, START + phase + GN_ROUNDS_AT_ONCE * PERIOD);
	timer(m, late);
	timer(m, late);
	assert_int_equal(m->n_calls, 2 * 10);
	assert_int_equal(m->deadline, late + PERIOD);
	for (size_t i = 0; i < m->n_calls; i++) {
		uint32_t other = (uint32_t)gn_rand_below(&same, 7);

		assert_int_equal(m->round[i], i / 2);
		assert_int_equal(m->partner[i], other + (other >= 3));
	}
	free_member(m);
}

static void time_ends_without_harm(void **unused)
{
	struct member *m = calloc(1, sizeof(*m));
	struct gn_protocol_config c = config_of(m);

	(void)unused;
	c.period = UINT64_MAX - 10;
	member_with("push-pull", &c, m);
	feed(m, &(struct gn_input){ .type = GN_START, .now = 0 });
	timer(m, UINT64_MAX - 1);
	assert_int_equal(m->n_calls, 2);
	assert_true(m->deadline == GN_NO_DEADLINE);
	free_member(m);
}

/* The sequence of partners, whatever arrives. */
static void partners_depend_on_seed_and_round_alone(void **unused)
{
	static const char *const protocols[] = { "push", "pull", "push-pull" };
	struct member *idle = new_member("push"), *busy;
	struct gn_wire_writer call;

	(void)unused;
	start(idle);
	for (int i = 0; i < 200; i++)
		timer(idle, idle->deadline);
	assert_int_equal(idle->n_calls, 400);
	for (size_t p = 0; p < GN_ARRAY_LEN(protocols); p++) {
		busy = new_member(protocols[p]);
		start(busy);
		for (uint32_t i = 0; i < 200; i++) {
			write_call(&call, p > 0, p == 1 ? UINT32_MAX : i);
			assert_int_equal(receive(busy, busy->deadline, &call), 0);
			publish(busy, busy->deadline, 1000 + i, i);
			timer(busy, busy->deadline);
		}
		assert_int_equal(busy->n_calls, idle->n_calls);
		assert_memory_equal(busy->partner, idle->partner, sizeof(busy->partner));
		free_member(busy);
	}
	free_member(idle);
}

static void partners_are_uniform(void **unused)
{
	static const uint32_t peers[] = { 0, 7, 6 };
	struct member *m = new_member("push"), *with_peers = calloc(1, sizeof(*m));
	struct gn_protocol_config c = config_of(with_peers);
	unsigned seen[8] = { 0 }, seen_peers[8] = { 0 };

	(void)unused;
	c.peers = peers, c.n_peers = 3;
	member_with("push", &c, with_peers);
	start(m);
	start(with_peers);
	for (int i = 0; i < 2000; i++) {
		timer(m, m->deadline);
		timer(with_peers, with_peers->deadline);
	}
	assert_int_equal(m->n_calls, 4000);
	for (int i = 0; i < 4000; i++) {
		seen[m->partner[i]]++;
		seen_peers[with_peers->partner[i]]++;
	}
	/* 5 standard deviations of a binomial distribution */
	for (int i = 0; i < 8; i++)
		assert_in_range(seen[i], i == 3 ? 0 : 571 - 111, i == 3 ? 0 : 571 + 111);
	assert_int_equal(seen_peers[0] + seen_peers[6] + seen_peers[7], 4000);
	assert_in_range(seen_peers[7], 1333 - 150, 1333 + 150);
	free_member(m);
	free_member(with_peers);
}

static void a_member_without_peers_calls_nobody(void **unused)
{
	static const uint32_t nobody[1];
	struct member *m = calloc(1, sizeof(*m));
	struct gn_protocol_config c = config_of(m);

	(void)unused;
	c.peers = nobody, c.n_peers = 0;
	member_with("push-pull", &c, m);
	start(m);
	timer(m, m->deadline);
	assert_int_equal(m->n_calls, 0);
	assert_int_equal(m->n_sent, 0);
	assert_true(m->deadline > START && m->deadline != GN_NO_DEADLINE);
	free_member(m);
}

static void a_round_sends_what_the_protocol_is_named_for(void **unused)
{
	static const struct {
		const char *protocol;
		unsigned empty, informed; /* datagrams of a round, before and after an event is known */
		bool digest, events;
	} cases[] = {
		{ "push", 0, 2, false, true },
		{ "pull", 2, 2, true, false },
		{ "push-pull", 2, 2, true, true },
	};

	(void)unused;
	for (size_t i = 0; i < GN_ARRAY_LEN(cases); i++) {
		struct member *m = new_member(cases[i].protocol);

		start(m);
		timer(m, m->deadline);
		assert_int_equal(m->n_sent, cases[i].empty);
		publish(m, m->deadline - 1, 17, 100);
		assert_int_equal(m->n_sent, 0);
		timer(m, m->deadline);
		assert_int_equal(m->n_sent, cases[i].informed);
		struct gn_wire_datagram d = sent(m, 1);

		assert_int_equal(m->sent[1].to, m->partner[3]);
		assert_int_equal(d.type, GN_WIRE_CALL);
		assert_int_equal(d.round, 1);
		assert_int_equal(d.sent, m->deadline - PERIOD);
		assert_int_equal(d.has_digest, cases[i].digest);
		assert_int_equal(d.n_records, cases[i].events);
		if (d.has_digest) {
			assert_int_equal(gn_wire_lacks(&d.digest, 2), 0xfd);
			assert_int_equal(gn_wire_lacks(&d.digest, 0), 0xff);
			assert_int_equal(gn_wire_lacks(&d.digest, 1000), 0xff);
		}
		free_member(m);
	}
}

static void what_is_learned_now_is_not_sent_now(void **unused)
{
	struct member *m = new_member("push-pull");
	struct gn_wire_writer call;

	(void)unused;
	start(m);
	uint64_t now = m->deadline;

	write_call(&call, true, 4);
	assert_int_equal(receive(m, now, &call), 0);
	assert_int_equal(m->n_delivered, 1);
	assert_int_equal(m->n_sent, 0); /* no reply: strictly before now, nothing was known */
	publish(m, now, 5, 0);
	timer(m, now);
	assert_int_equal(sent(m, 0).n_records, 0);
	struct gn_wire_datagram d = sent(m, 0);

	assert_int_equal(gn_wire_lacks(&d.digest, 0), 0xff);
	write_call(&call, true, UINT32_MAX);
	assert_int_equal(receive(m, now + 1, &call), 0);
	assert_int_equal(sent(m, 0).n_records, 2);
	assert_int_equal(m->sent[0].to, 5);
	assert_int_equal(sent(m, 0).type, GN_WIRE_REPLY);
	assert_int_equal(sent(m, 0).round, 9);
	/* One more, with a lower number than what was known before: the reply of that moment lacks it. */
	write_call(&call, true, 3);
	assert_int_equal(receive(m, now + 2, &call), 0);
	assert_int_equal(sent(m, 0).n_records, 2);
	write_call(&call, true, UINT32_MAX);
	assert_int_equal(receive(m, now + 2, &call), 0);
	assert_int_equal(sent(m, 0).n_records, 2);
	assert_int_equal(receive(m, now + 3, &call), 0);
	assert_int_equal(sent(m, 0).n_records, 3);
	/* The same for what a member asks: it knows 3, 4 and 5, and 1 since this moment. */
	publish(m, m->deadline, 1, 0);
	timer(m, m->deadline);
	d = sent(m, 0);
	assert_int_equal(gn_wire_lacks(&d.digest, 0), 0xc7);
	free_member(m);
}

static void every_arrival_is_delivered_and_the_first_copy_counts(void **unused)
{
	struct member *m = new_member("push");
	struct gn_wire_writer call;
	struct gn_wire_record r;

	(void)unused;
	start(m);
	write_call(&call, false, 4);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(receive(m, START + 1 + (uint64_t)i, &call), 0);
		assert_int_equal(m->n_delivered, 1);
		assert_int_equal(m->delivered[0].first, i == 0);
		assert_int_equal(m->delivered[0].event, 4);
		assert_int_equal(m->delivered[0].via, 5);
		assert_int_equal(m->delivered[0].hop, 3 + 10 * i);
		assert_int_equal(m->delivered[0].sent, START - 1);
		call.data[GN_WIRE_HEADER + 11] += 10; /* the next copy took a longer way */
	}
	publish(m, START + 10, 6, 0);
	assert_int_equal(m->n_delivered, 1);
	assert_int_equal(m->delivered[0].via, GN_NO_MEMBER);
	assert_int_equal(m->delivered[0].hop, 0);
	assert_int_equal(m->delivered[0].first, 1);
	timer(m, START + PERIOD);
	struct gn_wire_datagram d = sent(m, 0);

	assert_int_equal(d.n_records, 2);
	d.records = gn_wire_next(d.records, &r);
	assert_int_equal(r.event, 6);
	assert_int_equal(r.origin, 3);
	gn_wire_next(d.records, &r);
	assert_int_equal(r.event, 4);
	assert_int_equal(r.origin, 1);
	assert_int_equal(r.hop, 3);
	free_member(m);
}

/* What a member was made to believe must not make others refuse what it sends. */
static void a_forged_hop_count_goes_no_further(void **unused)
{
	struct member *m = new_member("push");
	struct gn_wire_writer w;
	struct gn_wire_record r = { .event = 1, .hop = GN_WIRE_HOP_MAX };

	(void)unused;
	start(m);
	gn_wire_begin(&w, GN_WIRE_CALL, 0, 0);
	gn_wire_put_record(&w, &r);
	assert_int_equal(receive(m, START + 1, &w), 0);
	timer(m, START + PERIOD);
	sent(m, 0); /* reads it */
	free_member(m);
}

static void payloads_arrive_whole(void **unused)
{
	struct member *m = new_member("push-pull");
	uint8_t payload[GN_PAYLOAD_MAX];
	struct gn_wire_writer w;
	struct gn_wire_record r = { .event = 1, .payload = payload, .size = sizeof(payload) };

	(void)unused;
	for (size_t i = 0; i < sizeof(payload); i++)
		payload[i] = (uint8_t)(i * 7);
	start(m);
	gn_wire_begin(&w, GN_WIRE_CALL, 0, 0);
	gn_wire_put_record(&w, &r);
	assert_int_equal(receive(m, START + 1, &w), 0);
	memset(w.data, 0xee, sizeof(w.data)); /* the datagram was borrowed for the call */
	timer(m, START + PERIOD);
	struct gn_wire_datagram d = sent(m, 0);

	gn_wire_next(d.records, &r);
	assert_int_equal(r.size, sizeof(payload));
	assert_memory_equal(r.payload, payload, sizeof(payload));
	free_member(m);
}

/* The rarest first, the newest first among equals, at most four datagrams. */
static void events_take_turns(void **unused)
{
	static const uint32_t wanted[][4] = {
		{ 9, 8, 7, 6 }, { 5, 4, 3, 2 }, { 1, 0, 9, 8 }, { 7, 6, 5, 4 }
	};
	struct member *m = new_member("push");

	(void)unused;
	start(m);
	for (uint32_t e = 0; e < 10; e++)
		publish(m, START, e, 1024);
	for (size_t call = 0; call < GN_ARRAY_LEN(wanted); call += 2) {
		timer(m, m->deadline);
		assert_int_equal(m->n_sent, 8);
		for (size_t i = 0; i < 8; i++) {
			struct gn_wire_datagram d = sent(m, i);
			struct gn_wire_record r;

			assert_int_equal(m->sent[i].to, m->partner[call + i / 4]);
			gn_wire_next(d.records, &r);
			assert_int_equal(r.event, wanted[call + i / 4][i % 4]);
		}
	}
	free_member(m);
}

static void many_small_events_share_datagrams(void **unused)
{
	struct member *m = new_member("push");
	size_t records = 0;

	(void)unused;
	start(m);
	for (uint32_t e = 0; e < 1000; e++)
		publish(m, START, e, 0);
	timer(m, m->deadline);
	assert_int_equal(m->n_sent, 8);
	for (size_t i = 0; i < 4; i++)
		records += sent(m, i).n_records;
	assert_int_equal(records, 4 * GN_WIRE_RECORDS_MAX);
	free_member(m);
}

/* More events than a digest can speak of: its window moves on and covers all of them in turn. */
static void a_long_digest_goes_in_windows(void **unused)
{
	static uint8_t asked[EVENTS / 8 + 1];
	struct member *m = new_member("pull");
	unsigned rounds = 0, missing = 0;

	(void)unused;
	start(m);
	for (uint32_t e = 8; e < EVENTS; e += 2) /* the first gap is event 0 */
		publish(m, START, e, 0);
	memset(asked, 0, sizeof(asked));
	for (; rounds < 3; rounds++) {
		timer(m, m->deadline);
		struct gn_wire_datagram d = sent(m, 0);

		assert_true(m->sent[0].size <= GN_DATAGRAM_MAX);
		for (uint32_t b = 0; b < EVENTS / 8; b++)
			asked[b] |= gn_wire_lacks(&d.digest, b);
	}
	assert_int_equal(asked[0], 0xff);
	for (uint32_t b = 1; b < EVENTS / 8; b++)
		missing += asked[b] != 0xaa;
	assert_int_equal(missing, 0);
	/* Once the gaps are closed, a few bytes say it all. */
	for (uint32_t e = 0; e < EVENTS; e++)
		publish(m, START + 4 * PERIOD, e, 0);
	timer(m, START + 5 * PERIOD);
	assert_true(m->sent[0].size <= GN_WIRE_HEADER + GN_WIRE_DIGEST_HEADER + 1);
	free_member(m);
}

static void refused_datagrams_leave_the_state_unchanged(void **unused)
{
	static const char *const protocols[] = { "push", "pull", "push-pull" };

	(void)unused;
	for (size_t p = 0; p < GN_ARRAY_LEN(protocols); p++) {
		struct member *m = new_member(protocols[p]);
		struct gn_wire_writer call, reply;
		const struct gn_wire_record r = { .event = 1 };

		start(m);
		publish(m, START + 1, 3, 10);
		uint64_t deadline = m->deadline;
		uint8_t *before = malloc(m->state_size);

		memcpy(before, m->state, m->state_size);
		write_call(&call, p > 0, p == 1 ? UINT32_MAX : 4);
		for (size_t cut = 0; cut < call.size; cut++) {
			struct gn_input in = { .type = GN_DATAGRAM,
					       .now = START + 2,
					       .from = 5,
					       .data = call.data,
					       .size = cut };

			assert_int_equal(feed(m, &in), -1);
			assert_int_equal(m->n_sent + m->n_delivered, 0);
			assert_int_equal(m->deadline, deadline);
		}
		struct gn_input in = {
			.type = GN_DATAGRAM, .now = START + 2, .data = call.data, .size = call.size
		};

		in.from = 3; /* itself */
		assert_int_equal(feed(m, &in), -1);
		in.from = 8; /* nobody */
		assert_int_equal(feed(m, &in), -1);
		/* What this protocol never sends. */
		write_call(&call, p == 0, p == 0 ? UINT32_MAX : 4);
		gn_wire_begin(&reply, GN_WIRE_REPLY, 0, 0);
		gn_wire_put_record(&reply, &r);
		if (p < 2)
			assert_int_equal(receive(m, START + 2, &call), -1);
		if (p == 0)
			assert_int_equal(receive(m, START + 2, &reply), -1);
		in = (struct gn_input){ .type = GN_PUBLISH, .now = START + 2, .event = EVENTS };
		assert_int_equal(feed(m, &in), -1);
		in = (struct gn_input){ .type = GN_PUBLISH, .now = START + 2, .event = 0, .size = 1025 };
		assert_int_equal(feed(m, &in), -1);
		assert_memory_equal(before, m->state, m->state_size);
		free(before);
		free_member(m);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wrong_configurations_are_refused),
		cmocka_unit_test(the_table_is_complete),
		cmocka_unit_test(the_first_draw_is_the_phase_and_deadlines_do_not_drift),
		cmocka_unit_test(missed_rounds_are_made_up_in_order_and_in_parts),
		cmocka_unit_test(time_ends_without_harm),
		cmocka_unit_test(partners_depend_on_seed_and_round_alone),
		cmocka_unit_test(partners_are_uniform),
		cmocka_unit_test(a_member_without_peers_calls_nobody),
		cmocka_unit_test(a_round_sends_what_the_protocol_is_named_for),
		cmocka_unit_test(what_is_learned_now_is_not_sent_now),
		cmocka_unit_test(every_arrival_is_delivered_and_the_first_copy_counts),
		cmocka_unit_test(a_forged_hop_count_goes_no_further),
		cmocka_unit_test(payloads_arrive_whole),
		cmocka_unit_test(events_take_turns),
		cmocka_unit_test(many_small_events_share_datagrams),
		cmocka_unit_test(a_long_digest_goes_in_windows),
		cmocka_unit_test(refused_datagrams_leave_the_state_unchanged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
