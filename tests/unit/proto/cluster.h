/* SPDX-License-Identifier: MIT */
/*
 * A small cluster in memory for the tests: members, and a network that delivers in no time, in the order of
 * sending, and may lose datagrams. Synchronous rounds: all members act at the same moment.
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

#define PERIOD UINT64_C(1000000)

struct cluster;

struct member {
	struct cluster *cluster;
	uint32_t number;
	struct gn_rand rand;
	void *state;
	uint64_t deadline;
	struct gn_output out;
};

struct flying {
	uint32_t from, to;
	size_t size;
	uint8_t data[GN_DATAGRAM_MAX];
};

struct cluster {
	const struct gn_protocol *protocol;
	struct gn_protocol_config config;
	struct member *members;
	struct flying *queue;
	size_t n_queue, cap_queue;
	struct gn_rand chance;
	uint32_t loss_percent;
	uint64_t now;
	uint32_t round;
	uint8_t *knows;	    /* [member * max_events + event] */
	uint32_t *informed; /* [event] */
	uint64_t datagrams, bytes, copies;
	uint64_t trace; /* a hash of all that was sent, delivered and drawn */
};

static inline void cluster_trace(struct cluster *c, const void *data, size_t size)
{
	const uint8_t *p = data;

	for (size_t i = 0; i < size; i++)
		c->trace = (c->trace ^ p[i]) * UINT64_C(0x100000001b3);
}

static inline uint64_t cluster_below(void *random, uint64_t n)
{
	return gn_rand_below(random, n);
}

static inline void cluster_send(void *host, uint32_t to, const uint8_t *data, size_t size)
{
	struct member *m = host;
	struct cluster *c = m->cluster;

	assert(size <= GN_DATAGRAM_MAX && to < c->config.members && to != m->number);
	cluster_trace(c, data, size);
	c->datagrams++;
	c->bytes += size;
	if (c->loss_percent && gn_rand_below(&c->chance, 100) < c->loss_percent)
		return;
	if (gn_grow(&c->queue, c->n_queue, &c->cap_queue, sizeof(*c->queue)))
		abort();
	struct flying *f = &c->queue[c->n_queue++];

	f->from = m->number;
	f->to = to;
	f->size = size;
	memcpy(f->data, data, size);
}

static inline void cluster_deliver(void *host, const struct gn_delivery *d)
{
	struct member *m = host;
	struct cluster *c = m->cluster;
	uint8_t *knows = &c->knows[(size_t)m->number * c->config.max_events + d->event];

	assert(d->event < c->config.max_events && d->first == !*knows);
	assert(d->size == 0 ||
	       (d->payload[0] == (uint8_t)d->event && d->payload[d->size - 1] == (uint8_t)d->event));
	cluster_trace(c, &d->event, sizeof(d->event));
	cluster_trace(c, &d->hop, sizeof(d->hop));
	c->informed[d->event] += !*knows;
	*knows = 1;
	c->copies++;
}

static inline void cluster_call(void *host, uint32_t round, uint32_t partner)
{
	struct member *m = host;

	assert(partner != m->number && partner < m->cluster->config.members);
	cluster_trace(m->cluster, &round, sizeof(round));
	cluster_trace(m->cluster, &partner, sizeof(partner));
}

static inline int cluster_feed(struct member *m, const struct gn_input *in)
{
	return m->cluster->protocol->step(m->state, in, &m->out, &m->deadline);
}

static inline void cluster_init(struct cluster *c, const char *protocol, uint32_t members,
				uint32_t max_events, uint32_t max_payload, uint64_t seed)
{
	memset(c, 0, sizeof(*c));
	c->protocol = gn_protocol_find(protocol);
	c->config = (struct gn_protocol_config){
		.members = members,
		.fanout = 1,
		.period = PERIOD,
		.max_events = max_events,
		.max_payload = max_payload,
	};
	c->trace = UINT64_C(0xcbf29ce484222325);
	gn_rand_init(&c->chance, seed, GN_RAND_NETEM, 0);
	c->members = calloc(members, sizeof(*c->members));
	c->knows = calloc((size_t)members * max_events, 1);
	c->informed = calloc(max_events, sizeof(*c->informed));
	for (uint32_t i = 0; i < members; i++) {
		struct member *m = &c->members[i];

		m->cluster = c;
		m->number = i;
		m->out = (struct gn_output){ m, cluster_send, cluster_deliver, cluster_call };
		gn_rand_init(&m->rand, seed, GN_RAND_PROTOCOL, i);
		c->config.self = i;
		c->config.below = cluster_below;
		c->config.random = &m->rand;
		m->state = calloc(1, c->protocol->state_size(&c->config));
		const char *wrong = c->protocol->init(m->state, &c->config);

		assert(!wrong);
		(void)wrong;
		cluster_feed(m, &(struct gn_input){ .type = GN_START, .now = 0 });
		assert(m->deadline < PERIOD);
	}
}

static inline void cluster_done(struct cluster *c)
{
	for (uint32_t i = 0; i < c->config.members; i++)
		free(c->members[i].state);
	free(c->members);
	free(c->queue);
	free(c->knows);
	free(c->informed);
}

static inline void cluster_publish(struct cluster *c, uint32_t member, uint32_t event, size_t size)
{
	uint8_t payload[GN_PAYLOAD_MAX];
	int r;

	memset(payload, (int)(event & 0xff), sizeof(payload));
	r = cluster_feed(
		&c->members[member],
		&(struct gn_input){
			.type = GN_PUBLISH, .now = c->now, .event = event, .data = payload, .size = size });
	assert(r == 0);
	(void)r;
}

/* Deliver what flies, and what that makes fly. */
static inline void cluster_settle(struct cluster *c)
{
	for (size_t i = 0; i < c->n_queue; i++) {
		struct flying f = c->queue[i];
		int r = cluster_feed(&c->members[f.to], &(struct gn_input){ .type = GN_DATAGRAM,
									    .now = c->now,
									    .from = f.from,
									    .data = f.data,
									    .size = f.size });
		assert(r == 0);
		(void)r;
	}
	c->n_queue = 0;
}

/* The last moment of a period: whatever its phase, each member does exactly one round there. @at_once: each call
 * is delivered before the next member acts; else all act first. The outcome must not depend on it. */
static inline void cluster_round(struct cluster *c, bool at_once)
{
	c->now = ++c->round * PERIOD - 1;
	for (uint32_t i = 0; i < c->config.members; i++) {
		cluster_feed(&c->members[i], &(struct gn_input){ .type = GN_TIMER, .now = c->now });
		if (at_once)
			cluster_settle(c);
	}
	cluster_settle(c);
}

#endif
