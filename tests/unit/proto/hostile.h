/* SPDX-License-Identifier: MIT */
/* Datagrams that nobody sent: what a member must refuse without a trace, and what it must survive. */
#ifndef GN_TESTS_HOSTILE_H
#define GN_TESTS_HOSTILE_H

#include "cluster.h"

enum { HOSTILE_DATAGRAMS = 100000, HOSTILE_SAMPLES = 4096 };

struct hostile {
	struct cluster cluster;
	struct coming sample[HOSTILE_SAMPLES]; /* what the protocol itself sends */
	size_t n;
	uint64_t outputs; /* of the victim */
	struct gn_rand rand;
};

static inline void hostile_sample(void *host, uint32_t to, const uint8_t *data, size_t size)
{
	struct member *m = host;
	/* The cluster is the first member. */
	struct hostile *h = (struct hostile *)(void *)m->cluster;

	if (h->n < HOSTILE_SAMPLES) {
		struct coming *s = &h->sample[h->n++];

		*s = (struct coming){ .from = m->number, .to = to, .size = size, .data = malloc(size) };
		memcpy(s->data, data, size);
	}
	cluster_send(host, to, data, size);
}

static inline void hostile_count_send(void *host, uint32_t to, const uint8_t *data, size_t size)
{
	struct hostile *h = host;

	assert(data && size && size <= GN_DATAGRAM_MAX && to && to < h->cluster.config.members);
	h->outputs++;
}

static inline void hostile_count_delivery(void *host, const struct gn_delivery *d)
{
	struct hostile *h = host;

	assert(d->event < h->cluster.config.max_events && d->size <= h->cluster.config.max_payload);
	h->outputs++;
}

/* A sample, often spoilt in a few places, or noise. */
static inline size_t hostile_datagram(struct hostile *h, uint8_t *data)
{
	const struct coming *s = &h->sample[gn_rand_below(&h->rand, h->n)];
	size_t size = s->size;

	memcpy(data, s->data, size);
	if (gn_rand_below(&h->rand, 8) == 0)
		size = gn_rand_below(&h->rand, GN_DATAGRAM_MAX + 100);
	for (uint64_t n = gn_rand_below(&h->rand, 4); n && size; n--)
		data[gn_rand_below(&h->rand, size)] = (uint8_t)gn_rand_next(&h->rand);
	if (gn_rand_below(&h->rand, 16) == 0 && size > 5)
		data[3 + 2 * gn_rand_below(&h->rand, 2)] ^= (uint8_t)gn_rand_next(&h->rand);
	/* Small numbers where small numbers belong are the best lies. */
	if (gn_rand_below(&h->rand, 2) && size > 24)
		data[gn_rand_below(&h->rand, 5) * 4 + 7] = (uint8_t)gn_rand_below(&h->rand, 64);
	return size;
}

/* What is not of the protocol in any state: from strangers and from itself, or of a kind that no protocol has. */
static inline bool hostile_must_be_refused(const struct hostile *h, const struct gn_input *in)
{
	return !in->from || in->from >= h->cluster.config.members ||
	       (in->size > 5 && (in->data[3] == 0 || in->data[3] > 12));
}

static inline void hostile_feed(struct hostile *h, struct member *m, void *before, size_t state_size)
{
	struct cluster *c = &h->cluster;
	uint8_t data[GN_DATAGRAM_MAX + 100] = { 0 };
	const uint64_t outputs = h->outputs, deadline = m->deadline;
	struct gn_input in = { .type = GN_DATAGRAM, .data = data, .size = hostile_datagram(h, data) };

	in.from = (uint32_t)gn_rand_below(&h->rand, 24) - 2;
	memcpy(before, m->head, state_size);
	int r = cluster_feed(m, in);

	assert(r == 0 || (r == -1 && h->outputs == outputs && m->deadline == deadline &&
			  memcmp(before, m->head, state_size) == 0));
	assert(r == -1 || !hostile_must_be_refused(h, &in));
	(void)r;
	(void)outputs;
	(void)deadline;
	if (gn_rand_below(&h->rand, 4) == 0)
		c->now += gn_rand_below(&h->rand, 2) * PERIOD;
	if (m->deadline <= c->now)
		cluster_feed(m, (struct gn_input){ .type = GN_TIMER });
	c->n_heap = 0;
}

/* Events of its own that it has heard of before they were published, or that are published twice. */
static inline void hostile_publish(struct hostile *h, struct member *m)
{
	struct cluster *c = &h->cluster;
	const uint64_t outputs = h->outputs;

	for (uint32_t i = 0; i < 3 * c->config.max_events; i++) {
		cluster_publish(c, m->number, i / 3, 8);
		c->now += i % 7 ? 0 : PERIOD;
		if (m->deadline <= c->now)
			cluster_feed(m, (struct gn_input){ .type = GN_TIMER });
		c->n_heap = 0;
	}
	assert(h->outputs - outputs < 100 * (uint64_t)c->config.max_events);
	(void)outputs;
}

/* @configure may be NULL. Return: how many datagrams the protocol sends of itself. The victim is member 0 of 20. */
static inline size_t hostile_run(const char *protocol, void (*configure)(struct cluster *c), uint64_t seed)
{
	struct hostile *h = calloc(1, sizeof(*h));
	struct cluster *c = &h->cluster;

	cluster_setup(c, protocol, 20, 64, 100, seed);
	if (configure)
		configure(c);
	cluster_start(c);
	gn_rand_init(&h->rand, seed, GN_RAND_SCHEDULE, 0);
	c->loss_percent = 20;
	for (uint32_t i = 0; i < 20; i++)
		c->members[i].out.send = hostile_sample;
	for (uint32_t e = 0; e < 40; e++) {
		cluster_publish(c, e % 20, e, 2 * e);
		cluster_round(c, false);
	}
	while (c->n_heap)
		free(cluster_take(c).data);

	struct member *victim = &c->members[0];
	const size_t state_size = (size_t)((uint8_t *)c->members[1].head - (uint8_t *)victim->head);
	void *before = malloc(state_size);

	victim->out = (struct gn_output){ h, hostile_count_send, hostile_count_delivery, NULL, victim->room };
	for (int i = 0; i < HOSTILE_DATAGRAMS; i++)
		hostile_feed(h, victim, before, state_size);
	hostile_publish(h, victim);

	size_t samples = h->n;

	while (h->n)
		free(h->sample[--h->n].data);
	free(before);
	cluster_done(c);
	free(h);
	return samples;
}

#endif
