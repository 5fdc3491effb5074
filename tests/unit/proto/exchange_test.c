/* SPDX-License-Identifier: MIT */
/* One member on its own: what it asks for, when it acts, what it sends and what it refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "proto/proto.h"
#include "util/rand.h"
#include "util/util.h"

#define PERIOD	 UINT64_C(1000)
#define START	 UINT64_C(5000)
#define EVENTS	 20000
#define SEEN_MAX 4096

static const struct gn_cluster limits = { .members = 8, .max_events = EVENTS, .max_payload = 1024 };

/* What the member did, and what it was fed. */
struct member {
	const struct gn_protocol *protocol;
	struct gn_cluster cluster;
	uint8_t *state; /* the head, then, at 64, the body */
	size_t state_size;
	struct gn_random random;
	struct gn_output out;
	uint8_t room[GN_DATAGRAM_MAX];
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

enum { SELF = 3, BODY = 64 };

static struct gn_cluster a_cluster(void)
{
	return (struct gn_cluster){
		.members = 8,
		.fanout = 2,
		.period = PERIOD,
		.max_events = EVENTS,
		.max_payload = 1024,
	};
}

/* As a host seeds it. */
static struct gn_random same_random(void)
{
	return (struct gn_random){ gn_rand_seed(42, GN_RAND_PROTOCOL, SELF) };
}

static struct member *member_of(const char *protocol, const struct gn_cluster *cluster)
{
	struct member *m = calloc(1, sizeof(*m));
	struct gn_sizes sizes;

	assert_non_null(m);
	m->protocol = gn_protocol_find(protocol);
	m->cluster = *cluster;
	m->protocol->sizes(&m->cluster, &sizes);
	assert_true(sizes.head <= BODY);
	m->state_size = BODY + sizes.body;
	m->state = calloc(1, m->state_size);
	m->out = (struct gn_output){ m, on_send, on_deliver, on_call, m->room };
	m->random = same_random();
	m->deadline = GN_NO_DEADLINE;
	assert_non_null(m->state);
	return m;
}

static struct member *new_member(const char *protocol)
{
	const struct gn_cluster cluster = a_cluster();

	return member_of(protocol, &cluster);
}

static void free_member(struct member *m)
{
	free(m->state);
	free(m);
}

static int feed(struct member *m, const struct gn_input *in)
{
	struct gn_input own = *in;

	own.self = SELF;
	own.random = &m->random;
	own.round = m->cluster.clock == GN_CLOCK_ROUNDS ? (uint32_t)(own.now / PERIOD) : 0;
	m->n_sent = m->n_delivered = 0;
	return m->protocol->step(&m->cluster, m->state, m->state + BODY, &own, &m->out, &m->deadline);
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

	gn_wire_begin(w, GN_EXCHANGE_CALL, 0, 9, START - 1);
	if (digest)
		gn_wire_put_digest(w, &nothing);
	if (event != UINT32_MAX)
		gn_wire_put_record(w, &r);
}

static struct gn_wire_datagram sent(struct member *m, size_t i)
{
	struct gn_wire_datagram d;

	assert_true(i < m->n_sent);
	assert_int_equal(gn_wire_read(&limits, m->sent[i].data, m->sent[i].size, &d), 0);
	return d;
}

static void every_protocol_is_found_by_its_name(void **unused)
{
	const struct gn_protocol *p;

	(void)unused;
	for (size_t i = 0; (p = gn_protocol_at(i)); i++) {
		assert_ptr_equal(gn_protocol_find(p->name), p);
		assert_int_equal(p->abi, GN_PROTOCOL_ABI);
		assert_non_null(p->help);
	}
	assert_non_null(gn_protocol_find("push-pull"));
	assert_null(gn_protocol_find("pus"));
	assert_null(gn_protocol_find(""));
}

static void the_first_draw_is_the_phase_and_deadlines_do_not_drift(void **unused)
{
	struct member *m = new_member("push-pull");

	(void)unused;
	start(m);
	uint64_t phase = m->deadline - START;

	assert_in_range(phase, 1, PERIOD);
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
	struct gn_random same = same_random();

	(void)unused;
	start(m);
	uint64_t phase = m->deadline - START, late = START + phase + 9 * PERIOD;

	gn_random_next(&same); /* the phase */
	timer(m, late);
	assert_int_equal(m->n_calls, 2 * GN_ROUNDS_AT_ONCE);
	assert_int_equal(m->deadline, START + phase + GN_ROUNDS_AT_ONCE * PERIOD);
	timer(m, late);
	timer(m, late);
	assert_int_equal(m->n_calls, 2 * 10);
	assert_int_equal(m->deadline, late + PERIOD);
	for (size_t i = 0; i < m->n_calls; i++) {
		uint32_t other = gn_random_below(&same, 7);

		assert_int_equal(m->round[i], i / 2);
		assert_int_equal(m->partner[i], other + (other >= 3));
	}
	free_member(m);
}

static void time_ends_without_harm(void **unused)
{
	struct gn_cluster c = a_cluster();

	c.period = UINT64_MAX - 10;
	struct member *m = member_of("push-pull", &c);

	(void)unused;
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
	static const uint32_t peers[] = { 3, 0, 7, 6, 3 }, first_peer[] = { 0, 0, 0, 1, 4, 5, 5, 5, 5 };
	struct gn_cluster c = a_cluster();
	unsigned seen[8] = { 0 }, seen_peers[8] = { 0 };

	c.peers = peers, c.first_peer = first_peer;
	struct member *m = new_member("push"), *with_peers = member_of("push", &c);

	(void)unused;
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
	static const uint32_t peers[1], first_peer[9];
	struct gn_cluster c = a_cluster();

	c.peers = peers, c.first_peer = first_peer;
	struct member *m = member_of("push-pull", &c);

	(void)unused;
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
		assert_int_equal(d.kind, GN_EXCHANGE_CALL);
		assert_int_equal(d.number, 1);
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
	assert_int_equal(sent(m, 0).kind, GN_EXCHANGE_REPLY);
	assert_int_equal(sent(m, 0).number, 9);
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
	gn_wire_begin(&w, GN_EXCHANGE_CALL, 0, 0, 0);
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
	gn_wire_begin(&w, GN_EXCHANGE_CALL, 0, 0, 0);
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
		gn_wire_begin(&reply, GN_EXCHANGE_REPLY, 0, 0, 0);
		gn_wire_put_record(&reply, &r);
		if (p < 2)
			assert_int_equal(receive(m, START + 2, &call), -1);
		if (p == 0)
			assert_int_equal(receive(m, START + 2, &reply), -1);
		write_call(&call, p > 0, p == 1 ? UINT32_MAX : 4);
		call.data[5] = 1; /* a note, which others of the protocols give a meaning */
		assert_int_equal(receive(m, START + 2, &call), -1);
		in = (struct gn_input){ .type = GN_PUBLISH, .now = START + 2, .event = EVENTS };
		assert_int_equal(feed(m, &in), -1);
		in = (struct gn_input){ .type = GN_PUBLISH, .now = START + 2, .event = 0, .size = 1025 };
		assert_int_equal(feed(m, &in), -1);
		assert_memory_equal(before, m->state, m->state_size);
		free(before);
		free_member(m);
	}
}

/* The family's two ways to stop: after so many rounds, or each time with a probability; what is known stays known. */
static void forgotten_events_are_known_but_not_passed_on(void **unused)
{
	struct gn_cluster c = a_cluster();
	struct gn_wire_writer call;

	(void)unused;
	c.forget_after = 3;
	for (int chance = 0; chance < 2; chance++) {
		struct member *m = member_of("push-pull", &c);
		unsigned rounds = 0;

		start(m);
		publish(m, START + 1, 17, 10);
		for (; rounds < 1000; rounds++) {
			timer(m, m->deadline);
			if (!sent(m, 0).n_records)
				break;
		}
		if (chance)
			assert_in_range(rounds, 1, 200);
		else
			assert_int_equal(rounds, 3);
		struct gn_wire_datagram d = sent(m, 0);

		assert_int_equal(gn_wire_lacks(&d.digest, 2), 0xfd); /* it asks for it no more */
		write_call(&call, true, UINT32_MAX);
		assert_int_equal(receive(m, m->deadline - 1, &call), 0);
		assert_int_equal(m->n_sent, 0); /* nor does it answer with it */
		write_call(&call, true, 17);
		assert_int_equal(receive(m, m->deadline - 1, &call), 0);
		assert_int_equal(m->delivered[0].first, 0);
		free_member(m);
		c.forget_after = 0;
		c.lost_interest_ppm = 100000;
	}
}

/* All of a round rests on what was before it: in the one in which it forgets a member still answers, whoever acts first. */
static void who_forgets_in_a_round_answers_in_it(void **unused)
{
	struct gn_cluster c = a_cluster();
	struct gn_wire_writer call;

	(void)unused;
	c.clock = GN_CLOCK_ROUNDS;
	c.forget_after = 1;
	struct member *m = member_of("pull", &c);

	start(m);
	publish(m, START + 1, 17, 10);
	timer(m, m->deadline);
	write_call(&call, true, UINT32_MAX);
	assert_int_equal(receive(m, m->deadline - PERIOD, &call), 0);
	assert_int_equal(m->n_sent, 1);
	assert_int_equal(sent(m, 0).n_records, 1);
	timer(m, m->deadline);
	assert_int_equal(receive(m, m->deadline - PERIOD, &call), 0);
	assert_int_equal(m->n_sent, 0);
	free_member(m);
}

/* With a memory of the last partner, never the same twice in a row, and uniform among the others. */
static void the_last_partner_is_avoided(void **unused)
{
	static const uint32_t peers[] = { 0, 7, 6 }, first_peer[] = { 0, 0, 0, 0, 3, 3, 3, 3, 3 };
	struct gn_cluster c = a_cluster();
	unsigned pairs[8][8] = { 0 };

	(void)unused;
	c.peers = peers, c.first_peer = first_peer;
	c.avoid_last = true;
	struct member *m = member_of("push", &c);

	start(m);
	for (int i = 0; i < 1500; i++)
		timer(m, m->deadline);
	for (size_t i = 1; i < m->n_calls; i++)
		pairs[m->partner[i - 1]][m->partner[i]]++;
	assert_int_equal(pairs[0][0] + pairs[6][6] + pairs[7][7], 0);
	for (size_t i = 0; i < 3; i++) /* 3000 calls, six pairs: 500 each, 5 standard deviations */
		assert_in_range(pairs[peers[i]][peers[(i + 1) % 3]], 500 - 100, 500 + 100);
	free_member(m);
}

/* The promise of a tag: what a member of the same tag sends changes nothing. */
static void tags_keep_their_promise(void **unused)
{
	struct gn_cluster c = a_cluster();

	(void)unused;
	c.max_events = 2;
	for (size_t i = 0; gn_protocol_at(i); i++) {
		if (!gn_protocol_at(i)->tagged || gn_protocol_at(i)->n_parameters)
			continue;
		struct member *m = member_of(gn_protocol_at(i)->name, &c);

		assert_int_equal(*m->state, GN_TAG_NONE);
		start(m);
		assert_int_equal(*m->state, GN_TAG_NOTHING);
		publish(m, START + 1, 0, 0);
		assert_int_equal(*m->state, GN_TAG_NONE);
		timer(m, m->deadline);
		assert_int_equal(*m->state, GN_TAG_NONE);
		publish(m, m->deadline - 1, 1, 0);
		assert_int_equal(*m->state, GN_TAG_NONE); /* until it is settled */
		timer(m, m->deadline);
		assert_int_equal(*m->state, GN_TAG_ALL);
		free_member(m);
	}
}

/* With one event there is nothing else to know: fresh until it is settled, whatever comes at the same moment. */
static void the_only_event_makes_fresh(void **unused)
{
	struct gn_cluster c = a_cluster();

	(void)unused;
	c.max_events = 1;
	for (size_t i = 0; gn_protocol_at(i); i++) {
		if (!gn_protocol_at(i)->tagged || gn_protocol_at(i)->n_parameters)
			continue;
		struct member *m = member_of(gn_protocol_at(i)->name, &c);

		start(m);
		publish(m, m->deadline, 0, 0);
		assert_int_equal(*m->state, GN_TAG_FRESH);
		timer(m, m->deadline);
		assert_int_equal(*m->state, GN_TAG_FRESH);
		timer(m, m->deadline);
		assert_int_equal(*m->state, GN_TAG_ALL);
		free_member(m);
	}
}

static void count_learned(const struct gn_cluster *c, struct gn_rumors t, void *own,
			  const struct gn_input *in, uint32_t event)
{
	(void)c, (void)t, (void)in;
	((uint32_t *)own)[event]++;
}

/* Whether by a datagram or by publication, and however often: an event may come before it is published, if a datagram was forged. */
static void an_event_is_learned_once(void **unused)
{
	static const struct gn_exchange machine = {
		.directions = GN_EXCHANGE_PUSH,
		.learned = count_learned,
		.own = 8,
	};
	struct member *m = new_member("push");
	struct gn_random random = { 1 };
	struct gn_sizes sizes;
	struct gn_wire_writer call;

	(void)unused;
	gn_exchange_sizes(&m->cluster, &machine, &sizes);
	uint8_t *body = calloc(1, sizes.body);
	const uint32_t *learned = gn_exchange_own(&m->cluster, &machine, body);

	write_call(&call, false, 1);
	for (uint64_t now = 1; now <= 4; now++) {
		const struct gn_input in[] = {
			{ .type = GN_DATAGRAM,
			  .self = SELF,
			  .now = now,
			  .random = &random,
			  .from = 5,
			  .data = call.data,
			  .size = call.size },
			{ .type = GN_PUBLISH,
			  .self = SELF,
			  .now = now,
			  .random = &random,
			  .event = now / 2 % 2 },
		};

		m->n_delivered = 0;
		for (size_t i = 0; i < GN_ARRAY_LEN(in); i++)
			assert_int_equal(gn_exchange_step(&m->cluster, &machine, m->state, body, &in[i],
							  &m->out, &m->deadline),
					 0);
		assert_int_equal(m->n_delivered, 2);
	}
	assert_int_equal(learned[0], 1);
	assert_int_equal(learned[1], 1);
	free(body);
	free_member(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_protocol_is_found_by_its_name),
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
		cmocka_unit_test(forgotten_events_are_known_but_not_passed_on),
		cmocka_unit_test(who_forgets_in_a_round_answers_in_it),
		cmocka_unit_test(the_last_partner_is_avoided),
		cmocka_unit_test(an_event_is_learned_once),
		cmocka_unit_test(tags_keep_their_promise),
		cmocka_unit_test(the_only_event_makes_fresh),
		cmocka_unit_test(refused_datagrams_leave_the_state_unchanged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
