/* SPDX-License-Identifier: MIT */
#include "cmd/collector.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "gossipnet/protocol.h"

/* Records between two looks at the clock: some 1 ms of work. */
enum { MOVED_PER_LOOK = 1000 };

int gn_collector_init(struct gn_collector *c, const struct gn_topology *t, const struct gn_shared *shared,
		      struct gn_store *store, gn_time start, struct gn_err *err)
{
	size_t bits = (size_t)t->n_events * t->gossip.n_members;

	*c = (struct gn_collector){ .topology = t, .shared = shared, .store = store, .start = start };
	c->informed = calloc(t->n_events ? t->n_events : 1, sizeof(*c->informed));
	c->seen = calloc(bits / 64 + 1, sizeof(*c->seen));
	c->lives = calloc(t->gossip.n_members, sizeof(*c->lives));
	c->published_events = calloc(t->n_events ? t->n_events : 1, sizeof(*c->published_events));
	c->living = t->gossip.n_members;
	if (!c->informed || !c->seen || !c->lives || !c->published_events || gn_delays_init(&c->delays, t)) {
		gn_collector_done(c);
		return gn_fail(err, -ENOMEM, "out of memory for %u events at %u nodes", t->n_events,
			       t->gossip.n_members);
	}
	/* Nobody waits for those that no event can reach. */
	for (uint32_t m = 0; t->gossip.counted && m < t->gossip.n_members; m++) {
		if (t->gossip.counted[m])
			continue;
		c->lives[m].aside = true;
		c->living--;
	}
	return 0;
}

void gn_collector_done(struct gn_collector *c)
{
	free(c->informed);
	free(c->seen);
	free(c->before);
	free(c->lives);
	free(c->published_events);
	gn_delays_done(&c->delays);
	c->informed = NULL;
	c->seen = c->before = NULL;
	c->lives = NULL;
	c->published_events = NULL;
}

static size_t bit_of(const struct gn_collector *c, uint32_t event, uint32_t member)
{
	return (size_t)event * c->topology->gossip.n_members + member;
}

static bool is_set(const uint64_t *bits, size_t bit)
{
	return bits[bit / 64] >> (bit % 64) & 1;
}

static bool counts(const struct gn_collector *c, uint32_t member)
{
	return !c->lives[member].gone && !c->lives[member].aside;
}

/* first = 1 is once per event and node, in whichever of its lives, whatever a node may have written. */
static bool is_first(struct gn_collector *c, uint32_t event, uint32_t member)
{
	size_t bit = bit_of(c, event, member);

	if (is_set(c->seen, bit))
		return false;
	c->seen[bit / 64] |= UINT64_C(1) << (bit % 64);
	if (counts(c, member))
		c->informed[event]++;
	if (c->before && is_set(c->before, bit))
		return false;
	c->first_arrivals++;
	return true;
}

static int take_publish(struct gn_collector *c, uint32_t event, int64_t t, struct gn_err *err)
{
	const struct gn_event_plan *plan = &c->topology->events[event];
	GN_CLEANUP(gn_free_p)
	char *detail = gn_format("event %u%s%s", event + 1, *plan->label ? ": " : "", plan->label);
	int r = gn_store_event(c->store, event, plan, t, err);

	if (r < 0)
		return r;
	c->published++;
	c->published_events[event] = 1;
	return gn_store_action(c->store, t, "publish", c->topology->nodes[plan->node].name,
			       detail ? detail : "", err);
}

/* A moment that a node can honestly have written: not before the run, not in the future. The clock is read only
 * when it must be: in the guest that is a call into the kernel. */
static bool is_plausible(struct gn_collector *c, gn_time t)
{
	if (t > c->now)
		c->now = gn_now();
	return t >= c->start && t <= c->now;
}

/* Nodes are not trusted: what no honest node writes must not reach the tables. */
static bool is_honest(struct gn_collector *c, uint32_t member, const struct gn_record *r)
{
	const struct gn_topology *t = c->topology;

	if (r->event >= t->n_events || !is_plausible(c, r->t))
		return false;
	if (r->via == GN_NO_MEMBER)
		return t->gossip.members[member] == t->events[r->event].node && r->hop == 0;
	return r->via < t->gossip.n_members && r->hop > 0 && is_plausible(c, r->sent) && r->sent <= r->t;
}

/* What came while the node was paused arrived when it was resumed. */
static void take_delay(struct gn_collector *c, uint32_t member, const struct gn_record *r)
{
	const uint32_t *members = c->topology->gossip.members;
	const struct gn_orders *orders = &gn_shared_slice(c->shared, member)->orders;
	const struct gn_delay_sample s = {
		.from = members[r->via],
		.to = members[member],
		.sent = r->sent - c->start,
		.delay = r->t - r->sent,
	};

	if (r->t > atomic_load_explicit(&orders->resumed, memory_order_relaxed))
		gn_delays_take(&c->delays, &s);
}

static int take_arrival(struct gn_collector *c, uint32_t member, const struct gn_record *r,
			struct gn_err *err)
{
	const uint32_t *members = c->topology->gossip.members;
	bool origin = r->via == GN_NO_MEMBER;

	if (!is_honest(c, member, r)) {
		c->refused++;
		return 0;
	}
	struct gn_arrival a = {
		.event = r->event,
		.node = members[member],
		.via = origin ? GN_NONE : members[r->via],
		.hop = r->hop,
		.t = (int64_t)(r->t - c->start),
		.sent = origin ? 0 : (int64_t)(r->sent - c->start),
		.first = is_first(c, r->event, member),
	};

	if (!origin)
		take_delay(c, member, r);
	if (origin && a.first) {
		int e = take_publish(c, r->event, a.t, err);

		if (e < 0)
			return e;
	}
	return gn_store_arrival(c->store, &a, err);
}

static int take_record(struct gn_collector *c, uint32_t member, const struct gn_record *r, struct gn_err *err)
{
	const uint32_t *members = c->topology->gossip.members;

	switch ((enum gn_record_type)r->type) {
	case GN_RECORD_ARRIVAL:
		return take_arrival(c, member, r, err);
	case GN_RECORD_CALL:
		if (r->via < c->topology->gossip.n_members && is_plausible(c, r->t))
			return gn_store_call(c->store, members[member], r->event, (int64_t)(r->t - c->start),
					     members[r->via], err);
	}
	c->refused++;
	return 0;
}

/* Return: how many records it had, or -Exxx. */
static int drain_ring(struct gn_collector *c, uint32_t member, struct gn_err *err)
{
	struct gn_slice *slice = gn_shared_slice(c->shared, member);
	const struct gn_record *run[2];
	size_t len[2], n = gn_ring_peek(slice, c->shared->capacity, run, len);

	for (int i = 0; i < 2; i++) {
		for (size_t k = 0; k < len[i]; k++) {
			/* A copy: the node could change the record between check and use. */
			struct gn_record r = run[i][k];
			int e = take_record(c, member, &r, err);

			if (e < 0)
				return e;
		}
	}
	gn_ring_release(slice, n);
	return (int)n;
}

int gn_collector_drain(struct gn_collector *c, gn_time until, struct gn_err *err)
{
	for (uint32_t m = 0, moved = 0; m < c->shared->n; m++) {
		int r = drain_ring(c, c->next_drain, err);

		if (r < 0)
			return r;
		c->next_drain = (c->next_drain + 1) % c->shared->n;
		moved += (uint32_t)r;
		if (moved < MOVED_PER_LOOK)
			continue;
		if (gn_now() >= until)
			return 0;
		moved = 0;
	}
	return 0;
}

void gn_collector_bury(struct gn_collector *c, uint32_t member, bool for_good)
{
	bool counted = counts(c, member);

	c->lives[member].gone = true;
	c->lives[member].for_good = for_good;
	if (!counted)
		return;
	c->living--;
	for (uint32_t e = 0; e < c->topology->n_events; e++)
		c->informed[e] -= is_set(c->seen, bit_of(c, e, member));
}

/* What a member knew in this life was in a former one from now on. */
static int forget(struct gn_collector *c, uint32_t member, struct gn_err *err)
{
	size_t words = (size_t)c->topology->n_events * c->topology->gossip.n_members / 64 + 1;

	if (!c->before)
		c->before = calloc(words, sizeof(*c->before));
	if (!c->before)
		return gn_fail(err, -ENOMEM, "out of memory for the former lives of nodes");
	for (uint32_t e = 0; e < c->topology->n_events; e++) {
		size_t bit = bit_of(c, e, member);

		c->before[bit / 64] |= c->seen[bit / 64] & UINT64_C(1) << (bit % 64);
		c->seen[bit / 64] &= ~(UINT64_C(1) << (bit % 64));
	}
	return 0;
}

int gn_collector_revive(struct gn_collector *c, uint32_t member, gn_time born, struct gn_err *err)
{
	struct gn_life *life = &c->lives[member];
	int r = drain_ring(c, member, err);

	if (r >= 0)
		r = forget(c, member, err);
	if (r < 0)
		return r;
	*life = (struct gn_life){ .began = born - c->start, .aside = life->aside };
	c->living += !life->aside;
	return 0;
}

static uint32_t origin_of(const struct gn_collector *c, uint32_t event)
{
	return c->topology->nodes[c->topology->events[event].node].member;
}

int gn_collector_hear_origin(struct gn_collector *c, uint32_t event, struct gn_err *err)
{
	int r = c->published_events[event] ? 0 : drain_ring(c, origin_of(c, event), err);

	return r < 0 ? r : 0;
}

/* Of a former life everything was read when it was revived. */
static bool has_more_to_say(const struct gn_collector *c, uint32_t member)
{
	const struct gn_record *run[2];
	size_t len[2];

	return c->lives[member].gone &&
	       gn_ring_peek(gn_shared_slice(c->shared, member), c->shared->capacity, run, len) > 0;
}

bool gn_collector_is_lost(const struct gn_collector *c, uint32_t event, gn_time now)
{
	const struct gn_event_plan *plan = &c->topology->events[event];
	const struct gn_life *life = &c->lives[origin_of(c, event)];

	if (c->published_events[event] || has_more_to_say(c, origin_of(c, event)))
		return false;
	return life->for_good || (plan->at <= now && (life->gone || life->began > plan->at));
}

bool gn_collector_all_informed(const struct gn_collector *c)
{
	const gn_time now = gn_now() - c->start;

	for (uint32_t e = 0; e < c->topology->n_events; e++) {
		bool all = c->published_events[e] && c->informed[e] >= c->living;

		if (!all && !gn_collector_is_lost(c, e, now))
			return false;
	}
	return true;
}

#define COUNTER(field)                                      \
	{                                                   \
#field, offsetof(struct gn_counters, field) \
	}

static const struct {
	const char *key;
	size_t offset;
} counters[] = {
	COUNTER(datagrams_sent),
	COUNTER(datagrams_received),
	COUNTER(bytes_sent),
	COUNTER(bytes_received),
	COUNTER(malformed),
	COUNTER(send_errors),
	COUNTER(socket_drops),
	COUNTER(log_dropped),
	COUNTER(calls),
	COUNTER(timers),
	COUNTER(informed),
	COUNTER(ignored),
	{ "phase_ns", offsetof(struct gn_counters, phase) },
	{ "timer_lateness_max_ns", offsetof(struct gn_counters, lateness_max) },
};

static uint64_t counter(const struct gn_counters *c, size_t i)
{
	const void *at = (const char *)c + counters[i].offset;

	return atomic_load_explicit((const _Atomic uint64_t *)at, memory_order_relaxed);
}

/* A quantile of a lateness histogram: the upper bound of its bucket, of the last one, which has none, the lower; -1 without
 * samples. */
static int64_t lateness_quantile(const uint64_t buckets[GN_LATENESS_BUCKETS], unsigned percent)
{
	uint64_t total = 0, below = 0;

	for (unsigned b = 0; b < GN_LATENESS_BUCKETS; b++)
		total += buckets[b];
	if (!total)
		return -1;
	for (unsigned b = 0; b < GN_LATENESS_BUCKETS; b++) {
		below += buckets[b];
		if (below * 100 >= total * percent)
			return (int64_t)gn_lateness_upper(GN_MIN(b, GN_LATENESS_BUCKETS - 2u));
	}
	return -1;
}

/* Keep the worst of all nodes, and whose it is. */
static void take_worst(struct gn_figure_value *f, double value, const char *node)
{
	if (!(value <= f->value)) /* also when none is known yet */
		*f = (struct gn_figure_value){ .value = value, .detail = node };
}

static int write_node_stats(struct gn_collector *c, uint32_t member, uint64_t all[GN_LATENESS_BUCKETS],
			    struct gn_figures *figures, struct gn_err *err)
{
	const struct gn_counters *n = &gn_shared_slice(c->shared, member)->counters;
	const uint32_t node = c->topology->gossip.members[member];
	const char *name = c->topology->nodes[node].name;
	uint64_t own[GN_LATENESS_BUCKETS];

	for (size_t i = 0; i < GN_ARRAY_LEN(counters); i++) {
		int r = gn_store_node_stat(c->store, node, counters[i].key, (int64_t)counter(n, i), err);

		if (r < 0)
			return r;
	}
	for (unsigned b = 0; b < GN_LATENESS_BUCKETS; b++) {
		own[b] = atomic_load_explicit(&n->lateness[b], memory_order_relaxed);
		all[b] += own[b];
	}
	int64_t p99 = lateness_quantile(own, 99);

	if (p99 < 0)
		return 0;
	take_worst(&figures->of[GN_FIGURE_TIMER_LATENESS_NODE], (double)lateness_quantile(own, 50), name);
	take_worst(&figures->of[GN_FIGURE_TIMER_LATENESS_MAX],
		   (double)atomic_load_explicit(&n->lateness_max, memory_order_relaxed), name);
	return gn_store_node_stat(c->store, node, "timer_lateness_p99_ns", p99, err);
}

/* The sum of a counter over all nodes. */
static double total(const struct gn_collector *c, const char *key)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < GN_ARRAY_LEN(counters); i++) {
		if (strcmp(counters[i].key, key))
			continue;
		for (uint32_t m = 0; m < c->shared->n; m++)
			sum += counter(&gn_shared_slice(c->shared, m)->counters, i);
	}
	return (double)sum;
}

static bool corrupts(const struct gn_collector *c)
{
	const struct gn_topology *t = c->topology;

	for (uint32_t d = 0; d < 2 * t->n_links; d++)
		if (t->links[d / 2].shape[d % 2].corrupt_ppm)
			return true;
	return c->fields_set & GN_SHAPE_CORRUPT;
}

/* A datagram that was corrupted is dropped by the socket as well, and one that comes to a node that is paused finds its
 * buffer full some day: both were asked for. */
static void judge_socket_drops(const struct gn_collector *c, struct gn_figure_value *ret)
{
	ret->value = 0;
	for (uint32_t m = 0; m < c->shared->n; m++) {
		struct gn_slice *s = gn_shared_slice(c->shared, m);

		if (!atomic_load_explicit(&s->orders.resumed, memory_order_relaxed))
			ret->value +=
				(double)atomic_load_explicit(&s->counters.socket_drops, memory_order_relaxed);
	}
	if (corrupts(c)) {
		ret->allowance = INFINITY;
		ret->detail = "links corrupt datagrams";
	}
}

double gn_collector_missing(const struct gn_collector *c, double *ret_sent)
{
	bool ended = c->before != NULL; /* somebody was started again */

	for (uint32_t m = 0; m < c->topology->gossip.n_members; m++)
		ended |= c->lives[m].gone;
	*ret_sent = total(c, "datagrams_sent");
	return ended ? NAN : *ret_sent - total(c, "datagrams_received") - total(c, "socket_drops");
}

int gn_collector_write_stats(struct gn_collector *c, struct gn_figures *figures, struct gn_err *err)
{
	uint64_t all[GN_LATENESS_BUCKETS] = { 0 };

	for (uint32_t m = 0; m < c->shared->n; m++) {
		int r = write_node_stats(c, m, all, figures, err);

		if (r < 0)
			return r;
	}
	figures->of[GN_FIGURE_RECORDS_LOST].value = total(c, "log_dropped") + (double)c->refused;
	judge_socket_drops(c, &figures->of[GN_FIGURE_SOCKET_DROPS]);
	figures->of[GN_FIGURE_SEND_ERRORS].value = total(c, "send_errors");
	int64_t p99 = lateness_quantile(all, 99);
	int r = gn_delays_compare(&c->delays, figures, err);

	if (p99 >= 0)
		figures->of[GN_FIGURE_TIMER_LATENESS_P99].value = (double)p99;
	if (r == 0 && p99 >= 0)
		r = gn_store_meta_int(c->store, "timer_lateness_p99_ns", p99, err);

	return r == 0 && c->refused ? gn_store_meta_int(c->store, "records_refused", (int64_t)c->refused, err)
				    : r;
}

void gn_collector_status(const struct gn_collector *c, struct gn_status *s)
{
	s->n_events = c->topology->n_events;
	s->published = c->published;
	s->first_arrivals = c->first_arrivals;
	s->members = c->living;
	s->complete = 0;
	s->event = 0;
	s->informed = 0;
	for (uint32_t e = 0; e < c->topology->n_events; e++) {
		if (!c->informed[e])
			continue;
		if (c->informed[e] >= c->living) {
			s->complete++;
			continue;
		}
		s->event = e + 1;
		s->informed = c->informed[e];
	}
}
