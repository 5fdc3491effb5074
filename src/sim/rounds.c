/* SPDX-License-Identifier: MIT */
/*
 * The clock of rounds over a network without delay. In round r, at r times the period, members are taken in blocks: the
 * block's timers run, then the datagrams that they sent are delivered, then the answers to these, until none is left.
 * It does not matter that a member may get a datagram of a round before its own timer of that round: what
 * it learns now it passes on later. So no more is ever queued than a block sends, and all of it is in cache.
 */
#include <stdlib.h>
#include <string.h>

#include "sim/simulation.h"

/* Members of a block: enough that a receiver's slot has come from memory by the time its datagram is delivered, and few
 * enough that the datagrams stay in cache. */
#define BLOCK 1024
/* The body is fetched early too once that part of the members knows something. */
#define INFORMED_PART 8
/* Nobody answers answers that often: it would never end. */
#define ANSWERS_MAX 1000

/* What is known of a member here. */
struct tail {
	uint32_t due; /* the round in which its timer runs next; 0: none */
	uint32_t
		received; /* calls in the round at hand, below the bit that says whether this is an odd one */
};

#define ODD_BIT (UINT32_C(1) << 31)

struct queued {
	uint32_t to, from, size;
	uint8_t data[];
};

struct queue {
	uint8_t *bytes;
	size_t used, size;
};

struct rounds {
	struct queue queue; /* filled by the step at hand */
	struct queue other; /* being delivered */
	uint32_t round;	    /* the last one that was run */
	uint32_t odd;	    /* ODD_BIT or 0, in turns */
	gn_time next_time;  /* of the round after it */
	bool next_is_due;   /* some member's timer runs then */
	bool fetches_bodies;
};

static inline struct tail *tail_of(const struct gn_simulation *s, uint32_t member)
{
	return gn_sim_tail(s, member);
}

/* ---- queues ---- */

static inline size_t room_for(size_t size)
{
	return (sizeof(struct queued) + size + 7) & ~(size_t)7;
}

static bool grow(struct gn_simulation *s, struct queue *q)
{
	size_t size = q->size ? 2 * q->size : (size_t)BLOCK * 64;
	uint8_t *bytes = realloc(q->bytes, size);

	if (!bytes) {
		s->failed = gn_fail(s->err, -ENOMEM, "out of memory for a round's datagrams");
		return false;
	}
	q->bytes = bytes;
	q->size = size;
	return true;
}

/* Datagrams are small, and calling memcpy() costs as much as their making. */
static inline void copy(uint8_t *to, const uint8_t *from, size_t size)
{
	if (size < 16 || size > 64) {
		memcpy(to, from, size);
		return;
	}
	memcpy(to, from, 16);
	if (size > 32) {
		memcpy(to + 16, from + 16, 16);
		memcpy(to + size - 32, from + size - 32, 16);
	}
	memcpy(to + size - 16, from + size - 16, 16);
}

static inline void enqueue(struct gn_simulation *s, uint32_t to, const uint8_t *data, size_t size)
{
	struct rounds *r = s->state;
	struct queue *q = &r->queue;

	__builtin_prefetch(gn_sim_head(s, to), 1);
	if (r->fetches_bodies)
		__builtin_prefetch(gn_sim_body(s, to), 1);
	if (GN_UNLIKELY(q->size - q->used < room_for(GN_DATAGRAM_MAX)) && !grow(s, q))
		return;
	struct queued *d = (void *)(q->bytes + q->used);

	d->to = to;
	d->from = s->in.self;
	d->size = (uint32_t)size;
	copy(d->data, data, size);
	q->used += room_for(size);
}

static void send_perfectly(void *host, uint32_t to, const uint8_t *data, size_t size)
{
	struct gn_simulation *s = host;

	if (!gn_sim_may_send(s, to, data, size))
		return;
	gn_sim_count_sent(s, size);
	enqueue(s, to, data, size);
}

static void send_slowly(void *host, uint32_t to, const uint8_t *data, size_t size)
{
	struct gn_simulation *s = host;

	if (!gn_sim_may_send(s, to, data, size))
		return;
	gn_sim_count_sent(s, size);
	if (s->counters) {
		s->counters[s->in.self].datagrams_sent++;
		s->counters[s->in.self].bytes_sent += size;
	}
	for (unsigned copies = gn_sim_copies(s, to); copies; copies--)
		enqueue(s, to, data, size);
}

/* ---- deadlines ---- */

/* The protocol has asked for another deadline than the next round. */
static void set_deadline(struct gn_simulation *s, struct tail *tail, uint64_t deadline)
{
	struct rounds *r = s->state;

	if (deadline == GN_NO_DEADLINE || deadline / s->cluster.period > UINT32_MAX) {
		tail->due = 0;
		return;
	}
	if (deadline % s->cluster.period)
		gn_sim_blame(s, "asked for a deadline between two rounds, but the clock is that of rounds");
	tail->due = (uint32_t)(deadline / s->cluster.period);
	r->next_is_due |= tail->due == r->round + 1;
}

static inline uint64_t deadline_of(const struct gn_simulation *s, const struct tail *tail)
{
	return tail->due ? tail->due * s->cluster.period : GN_NO_DEADLINE;
}

static void check_deadline(struct gn_simulation *s, struct tail *tail, uint64_t before, uint64_t after)
{
	gn_sim_blame(s, gn_output_check_deadline(&s->in, before, after));
	if (after != before)
		set_deadline(s, tail, after);
}

/* ---- inputs ---- */

static inline void count_received(struct gn_simulation *s, struct tail *tail, uint32_t odd)
{
	if ((tail->received ^ odd) & ODD_BIT)
		tail->received = odd;
	uint32_t received = ++tail->received & ~ODD_BIT;

	if (received > s->result->largest_in_degree)
		s->result->largest_in_degree = received;
}

/* Deliver what is in @q. @calls: it is no answer. */
static inline void deliver_queue(struct gn_simulation *s, const struct queue *q, bool calls)
{
	const uint32_t odd = ((struct rounds *)s->state)->odd;

	s->in.type = GN_DATAGRAM;
	for (size_t at = 0; at < q->used;) {
		const struct queued *d = (const void *)(q->bytes + at);
		struct tail *tail = tail_of(s, d->to);
		const uint64_t before = deadline_of(s, tail);
		uint64_t after = before;

		at += room_for(d->size);
		if (calls)
			count_received(s, tail, odd);
		s->in.self = d->to;
		s->in.from = d->from;
		s->in.data = d->data;
		s->in.size = d->size;
		if (s->counters) {
			s->counters[d->to].datagrams_received++;
			s->counters[d->to].bytes_received += d->size;
		}
		gn_sim_check_return(s, gn_sim_step(s, &after));
		if (GN_UNLIKELY(after != before))
			check_deadline(s, tail, before, after);
	}
}

/* Deliver all that is queued, what answers it, what answers that ... */
static void deliver(struct gn_simulation *s)
{
	struct rounds *r = s->state;

	for (unsigned answers = 0; r->queue.used && !s->failed && !s->fault; answers++) {
		struct queue q = r->queue;

		r->queue = r->other;
		r->queue.used = 0;
		r->other = q;
		deliver_queue(s, &q, !answers);
		if (answers == ANSWERS_MAX)
			gn_sim_blame(s, "answers answers without end");
	}
}

/* Run the timers of the members from @first up to @end that are due in this round. */
static void run_timers(struct gn_simulation *s, uint32_t first, uint32_t end)
{
	struct rounds *r = s->state;
	const uint32_t odd = r->odd, next = r->round + 1;
	const uint64_t next_time = r->next_time;

	s->in.type = GN_TIMER;
	s->in.from = GN_NO_MEMBER;
	s->in.data = NULL;
	s->in.size = 0;
	for (uint32_t m = first; m < end; m++) {
		struct tail *tail = tail_of(s, m);
		uint64_t deadline = s->in.now;

		if ((tail->received ^ odd) & ODD_BIT)
			tail->received = odd;
		if (tail->due != r->round)
			continue;
		s->in.self = m;
		if (s->counters)
			s->counters[m].timers++;
		gn_sim_check_return(s, gn_sim_step(s, &deadline));
		gn_sim_count_fan_out(s, s->step_sent);
		if (GN_LIKELY(deadline == next_time)) {
			tail->due = next;
			r->next_is_due = true;
		} else {
			check_deadline(s, tail, s->in.now, deadline);
		}
	}
}

static void feed(struct gn_simulation *s)
{
	struct tail *tail = tail_of(s, s->in.self);
	const uint64_t before = deadline_of(s, tail);
	uint64_t after = before;

	gn_sim_check_return(s, gn_sim_step(s, &after));
	gn_sim_count_fan_out(s, s->step_sent);
	if (after != before)
		check_deadline(s, tail, before, after);
	if (s->counters && s->in.type == GN_START)
		s->counters[s->in.self].phase_ns = after;
	deliver(s);
}

/* ---- the run ---- */

static void run_round(struct gn_simulation *s)
{
	struct rounds *r = s->state;
	const uint32_t members = s->cluster.members;

	r->round = s->in.round;
	r->next_time = s->in.now + s->cluster.period;
	r->odd ^= ODD_BIT;
	r->next_is_due = false;
	r->fetches_bodies = s->n_learned > members / INFORMED_PART;
	for (uint32_t first = 0; first < members && !gn_sim_tick(s); first += BLOCK) {
		uint32_t end = GN_MIN(first + BLOCK, members);

		run_timers(s, first, end);
		deliver(s);
	}
	gn_sim_curves_settle(s);
}

/* The next round in which a timer runs, or 0. */
static uint32_t next_due(const struct gn_simulation *s)
{
	const struct rounds *r = s->state;
	uint32_t next = 0;

	if (r->next_is_due)
		return r->round + 1;
	for (uint32_t m = 0; m < s->cluster.members; m++) {
		uint32_t due = tail_of(s, m)->due;

		if (due && (!next || due < next))
			next = due;
	}
	return next;
}

static bool goes_on(struct gn_simulation *s)
{
	return !(s->t->until_informed && gn_sim_is_informed(s)) && !gn_sim_tick(s);
}

static void run_rounds(struct gn_simulation *s)
{
	const uint64_t period = s->cluster.period;

	gn_sim_start(s);
	while (goes_on(s)) {
		uint32_t next = next_due(s);
		gn_time at = s->published < s->t->n_events ? s->t->events[s->published].at : GN_NEVER;
		gn_time when = next ? next * period : GN_NEVER;

		if (GN_MIN(at, when) > s->t->duration) {
			s->in.now = s->t->duration;
			return;
		}
		if (at <= when) {
			s->in.now = at;
			s->in.round = (uint32_t)(at / period);
			gn_sim_publish(s, s->published);
			gn_sim_curves_settle(s);
		} else {
			s->in.now = when;
			s->in.round = next;
			run_round(s);
		}
	}
}

static int run(struct gn_simulation *s)
{
	struct rounds r = { .next_time = s->cluster.period };

	s->state = &r;
	run_rounds(s);
	free(r.queue.bytes);
	free(r.other.bytes);
	return s->failed;
}

const struct gn_sim_engine gn_sim_rounds = {
	.tail = sizeof(struct tail),
	.run = run,
	.feed = feed,
	.send = send_perfectly,
	.send_slowly = send_slowly,
};
