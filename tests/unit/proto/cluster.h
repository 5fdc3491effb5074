/* SPDX-License-Identifier: MIT */
/*
 * A small cluster in memory for the tests: members and a network, in virtual time, in the order of (time, sequence).
 * By default the clock is that of rounds and datagrams take no time. What a host may rely on is checked at every step.
 */
#ifndef GN_TESTS_CLUSTER_H
#define GN_TESTS_CLUSTER_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/proto.h"
#include "util/rand.h"
#include "util/util.h"

#define PERIOD	UINT64_C(1000000)
#define UNKNOWN UINT64_MAX

struct cluster;

struct member {
	struct cluster *cluster;
	uint32_t number;
	struct gn_random random;
	void *head, *body;
	uint64_t deadline;
	struct gn_output out;
	uint8_t room[GN_DATAGRAM_MAX];
};

/* What will happen: a datagram or, without data, a timer. */
struct coming {
	uint64_t at, sequence;
	uint32_t from, to;
	size_t size;
	uint8_t *data;
};

struct cluster {
	/* To be changed between cluster_setup() and cluster_start(), if at all. */
	struct gn_cluster config;
	int64_t parameters[GN_PARAMETERS_MAX];

	/* To be changed at any time. */
	uint32_t loss_percent, duplicate_percent;
	uint64_t latency, jitter; /* of each datagram: latency + uniform in [0, jitter] */
	/* Datagrams arrive before the timers of the same moment, and the last sent first; not after them, in order. */
	bool at_once;

	const struct gn_protocol *protocol;
	struct member *members;
	struct gn_sizes sizes;
	void *memory, *shared;
	struct coming *heap;
	size_t n_heap, cap_heap;
	uint64_t sequence;
	struct gn_rand chance;
	uint64_t now;
	uint32_t round;
	uint64_t *known_since;	 /* [member * max_events + event], or UNKNOWN */
	uint32_t *informed;	 /* [event] */
	uint64_t *informed_last; /* [event]: when the last member learned of it */
	uint64_t datagrams, bytes, copies;
	uint64_t kinds[256]; /* datagrams by their kind */
	uint64_t trace;	     /* a hash of all that was sent, delivered and drawn */
};

static inline void cluster_trace(struct cluster *c, const void *data, size_t size)
{
	const uint8_t *p = data;

	for (size_t i = 0; i < size; i++)
		c->trace = (c->trace ^ p[i]) * UINT64_C(0x100000001b3);
}

/* ---- what will happen ---- */

static inline bool cluster_is_before(const struct coming *a, const struct coming *b)
{
	return a->at != b->at ? a->at < b->at : a->sequence < b->sequence;
}

static inline void cluster_swap(struct cluster *c, size_t a, size_t b)
{
	struct coming t = c->heap[a];

	c->heap[a] = c->heap[b];
	c->heap[b] = t;
}

static inline void cluster_schedule(struct cluster *c, struct coming what)
{
	const bool first = what.data && c->at_once;

	if (gn_grow(&c->heap, c->n_heap, &c->cap_heap, sizeof(*c->heap)))
		abort();
	what.sequence = first ? (UINT64_C(1) << 62) - c->sequence++ : UINT64_C(1) << 63 | c->sequence++;
	c->heap[c->n_heap] = what;
	for (size_t i = c->n_heap++; i && cluster_is_before(&c->heap[i], &c->heap[(i - 1) / 2]);
	     i = (i - 1) / 2)
		cluster_swap(c, i, (i - 1) / 2);
}

static inline struct coming cluster_take(struct cluster *c)
{
	struct coming first = c->heap[0];

	c->heap[0] = c->heap[--c->n_heap];
	for (size_t i = 0, child; (child = 2 * i + 1) < c->n_heap; i = child) {
		if (child + 1 < c->n_heap && cluster_is_before(&c->heap[child + 1], &c->heap[child]))
			child++;
		if (!cluster_is_before(&c->heap[child], &c->heap[i]))
			break;
		cluster_swap(c, i, child);
	}
	return first;
}

/* ---- what the members ask for ---- */

/* By hash and not by a generator: the same whatever is sent before. */
static inline bool cluster_loses(const struct cluster *c, const struct coming *what, const uint8_t *data)
{
	uint64_t h = gn_hash(gn_hash(c->config.seed, c->now), (uint64_t)what->from << 32 | what->to);

	h = gn_hash(h, (uint64_t)data[3] << 32 | what->size);
	return (h >> 32) * 100 >> 32 < c->loss_percent;
}

static inline void cluster_send(void *host, uint32_t to, const uint8_t *data, size_t size)
{
	struct member *m = host;
	struct cluster *c = m->cluster;
	struct coming what = { .from = m->number, .to = to, .size = size };
	bool twice = c->duplicate_percent && gn_rand_below(&c->chance, 100) < c->duplicate_percent;

	assert(size > 3 && size <= GN_DATAGRAM_MAX && to < c->config.members && to != m->number);
	cluster_trace(c, data, size);
	c->datagrams++;
	c->bytes += size;
	c->kinds[data[3]]++;
	if (c->loss_percent && cluster_loses(c, &what, data))
		return;
	for (int copies = 1 + twice; copies; copies--) {
		what.at = c->now + c->latency + (c->jitter ? gn_rand_below(&c->chance, c->jitter + 1) : 0);
		what.data = malloc(size);
		memcpy(what.data, data, size);
		cluster_schedule(c, what);
	}
}

static inline void cluster_deliver(void *host, const struct gn_delivery *d)
{
	struct member *m = host;
	struct cluster *c = m->cluster;
	uint64_t *since = &c->known_since[(size_t)m->number * c->config.max_events + d->event];

	assert(d->event < c->config.max_events && d->first == (*since == UNKNOWN));
	assert(d->size == 0 ||
	       (d->payload[0] == (uint8_t)d->event && d->payload[d->size - 1] == (uint8_t)d->event));
	/* Nobody sends what it did not know strictly before. */
	assert(d->via == GN_NO_MEMBER
		       ? d->hop == 0
		       : d->hop > 0 && d->sent <= c->now &&
				 c->known_since[(size_t)d->via * c->config.max_events + d->event] < d->sent);
	cluster_trace(c, &d->event, sizeof(d->event));
	cluster_trace(c, &d->hop, sizeof(d->hop));
	c->copies++;
	if (!d->first)
		return;
	*since = c->now;
	c->informed[d->event]++;
	c->informed_last[d->event] = c->now;
}

static inline void cluster_call(void *host, uint32_t round, uint32_t partner)
{
	struct member *m = host;

	assert(partner != m->number && partner < m->cluster->config.members);
	cluster_trace(m->cluster, &round, sizeof(round));
	cluster_trace(m->cluster, &partner, sizeof(partner));
}

/* ---- feeding them ---- */

static inline int cluster_feed(struct member *m, struct gn_input in)
{
	struct cluster *c = m->cluster;
	const uint64_t before = m->deadline;

	in.self = m->number;
	in.now = c->now;
	in.round = c->config.clock == GN_CLOCK_ROUNDS ? (uint32_t)(c->now / c->config.period) : 0;
	in.random = &m->random;
	int r = c->protocol->step(&c->config, m->head, m->body, &in, &m->out, &m->deadline);

	assert(m->deadline > c->now || (m->deadline == before && in.type != GN_TIMER) ||
	       (m->deadline > before && in.type == GN_TIMER && c->now > before));
	assert(c->config.clock != GN_CLOCK_ROUNDS || m->deadline == GN_NO_DEADLINE ||
	       m->deadline % c->config.period == 0);
	if (m->deadline != before && m->deadline != GN_NO_DEADLINE)
		cluster_schedule(c, (struct coming){ .at = GN_MAX(m->deadline, c->now), .to = m->number });
	return r;
}

/* Everything up to and with the moment @until. */
static inline void cluster_advance(struct cluster *c, uint64_t until)
{
	while (c->n_heap && c->heap[0].at <= until) {
		struct coming what = cluster_take(c);
		struct member *m = &c->members[what.to];
		int r = 0;

		c->now = what.at;
		if (what.data)
			r = cluster_feed(m, (struct gn_input){ .type = GN_DATAGRAM,
							       .from = what.from,
							       .data = what.data,
							       .size = what.size });
		else if (m->deadline <= c->now)
			r = cluster_feed(m, (struct gn_input){ .type = GN_TIMER });
		assert(r == 0);
		(void)r;
		free(what.data);
	}
	c->now = until;
}

/* All of the next period, with the clock of rounds one round. @at_once: see above; the outcome must not depend on it. */
static inline void cluster_round(struct cluster *c, bool at_once)
{
	c->at_once = at_once;
	cluster_advance(c, ++c->round * PERIOD);
}

static inline void cluster_publish(struct cluster *c, uint32_t member, uint32_t event, size_t size)
{
	uint8_t payload[GN_PAYLOAD_MAX];

	memset(payload, (int)(event & 0xff), sizeof(payload));
	int r = cluster_feed(
		&c->members[member],
		(struct gn_input){ .type = GN_PUBLISH, .event = event, .data = payload, .size = size });

	assert(r == 0);
	(void)r;
}

static inline bool cluster_all_know(const struct cluster *c, uint32_t events)
{
	for (uint32_t e = 0; e < events; e++) {
		if (c->informed[e] < c->config.members)
			return false;
	}
	return true;
}

/* ---- beginning and end ---- */

static inline void cluster_setup(struct cluster *c, const char *protocol, uint32_t members,
				 uint32_t max_events, uint32_t max_payload, uint64_t seed)
{
	memset(c, 0, sizeof(*c));
	c->protocol = gn_protocol_find(protocol);
	assert(c->protocol);
	c->config = (struct gn_cluster){
		.members = members,
		.fanout = 1,
		.period = PERIOD,
		.clock = GN_CLOCK_ROUNDS,
		.max_events = max_events,
		.max_payload = max_payload,
		.seed = seed,
		.parameters = c->parameters,
	};
	for (uint32_t i = 0; i < c->protocol->n_parameters; i++)
		c->parameters[i] = c->protocol->parameters[i].value;
}

static inline void cluster_set(struct cluster *c, const char *parameter, int64_t value)
{
	uint32_t i = 0;

	while (i < c->protocol->n_parameters && strcmp(c->protocol->parameters[i].name, parameter) != 0)
		i++;
	assert(i < c->protocol->n_parameters && value >= c->protocol->parameters[i].min &&
	       value <= c->protocol->parameters[i].max);
	c->parameters[i] = value;
}

/* Return: NULL, or what the protocol says against the configuration. */
static inline const char *cluster_prepare(struct cluster *c)
{
	c->protocol->sizes(&c->config, &c->sizes);
	c->shared = aligned_alloc(16, c->sizes.shared / 16 * 16 + 16);
	memset(c->shared, 0, c->sizes.shared / 16 * 16 + 16);
	const char *wrong = c->protocol->prepare ? c->protocol->prepare(&c->config, c->shared) : NULL;

	c->config.shared = c->sizes.shared ? c->shared : NULL;
	return wrong;
}

static inline void cluster_start(struct cluster *c)
{
	const uint32_t n = c->config.members;
	const char *wrong = cluster_prepare(c);
	size_t head = (c->sizes.head + 15) / 16 * 16, body = (c->sizes.body + 15) / 16 * 16;

	assert(!wrong);
	(void)wrong;
	c->trace = UINT64_C(0xcbf29ce484222325);
	gn_rand_init(&c->chance, c->config.seed, GN_RAND_NETEM, 0);
	c->memory = aligned_alloc(16, n * (head + body) + 16);
	memset(c->memory, 0, n * (head + body) + 16);
	c->members = calloc(n, sizeof(*c->members));
	c->known_since = malloc((size_t)n * c->config.max_events * sizeof(*c->known_since));
	memset(c->known_since, 0xff, (size_t)n * c->config.max_events * sizeof(*c->known_since));
	c->informed = calloc(c->config.max_events, sizeof(*c->informed));
	c->informed_last = calloc(c->config.max_events, sizeof(*c->informed_last));
	for (uint32_t i = 0; i < n; i++) {
		struct member *m = &c->members[i];

		m->cluster = c;
		m->number = i;
		m->out = (struct gn_output){ m, cluster_send, cluster_deliver, cluster_call, m->room };
		m->random.state = gn_rand_seed(c->config.seed, GN_RAND_PROTOCOL, i);
		m->head = (uint8_t *)c->memory + i * (head + body);
		m->body = (uint8_t *)m->head + head;
		m->deadline = GN_NO_DEADLINE;
		cluster_feed(m, (struct gn_input){ .type = GN_START });
	}
}

static inline void cluster_init(struct cluster *c, const char *protocol, uint32_t members,
				uint32_t max_events, uint32_t max_payload, uint64_t seed)
{
	cluster_setup(c, protocol, members, max_events, max_payload, seed);
	cluster_start(c);
}

static inline void cluster_done(struct cluster *c)
{
	while (c->n_heap)
		free(cluster_take(c).data);
	free(c->heap);
	free(c->memory);
	free(c->shared);
	free(c->members);
	free(c->known_since);
	free(c->informed);
	free(c->informed_last);
}

#endif
