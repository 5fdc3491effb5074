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

/* Members of a block: enough that a receiver's mark has come from memory by the time its datagram is delivered, and few
 * enough that the datagrams stay in cache. */
#define BLOCK 1024
/* Datagrams between one that is delivered and the one whose receiver is fetched from memory meanwhile. */
#define AHEAD 8

/*
 * What is known of a member, one byte: all that most of its datagrams need, so that those of a million members stay in cache.
 * The lowest bits are its tag; the highest, how many calls it has received in the round at hand. ODD says whether that is an
 * odd round; else the count is of an older one, and void: so nothing needs to be cleared between rounds, as long as
 * each round touches each member.
 */
#define TAG	  3 /* enum gn_tag; GN_TAG_NONE where all datagrams matter, be they without effect */
#define IRREGULAR 4 /* its timer does not run in each round: see rounds.due */
#define ODD	  8
#define CALL	  16 /* one of them */
#define CALLS_MAX 15 /* or more: see rounds.received */

struct queued {
	uint32_t to, from;
	uint16_t size;
	uint16_t tag; /* of the sender */
	uint8_t data[];
};

struct queue {
	uint8_t *bytes;
	size_t used, size;
	uint32_t *effective; /* where the datagrams are that have an effect, in units of QUEUE_UNIT bytes */
};

#define QUEUE_UNIT 8

struct rounds {
	uint8_t *marks;	    /* by member */
	uint32_t *received; /* by member: calls, where a mark cannot hold the number; NULL: nowhere yet */
	uint32_t *due;	    /* by member: the round of its timer, or 0, where IRREGULAR; NULL: nowhere yet */
	struct queue queue; /* filled by the step at hand */
	struct queue other; /* being delivered */
	uint32_t round;	    /* the last one that was begun */
	uint32_t had_timer; /* members below have had their timer of this round */
	gn_time next_time;  /* of the round after it */
	bool next_is_due;   /* some member's timer runs then */
	uint8_t odd;	    /* ODD or 0, in turns */
	uint8_t tag_mask;   /* TAG or 0 */
};

/* ---- queues ---- */

static inline size_t room_for(size_t size)
{
	return (sizeof(struct queued) + size + QUEUE_UNIT - 1) & ~(size_t)(QUEUE_UNIT - 1);
}

static void out_of_memory(struct gn_simulation *s)
{
	if (!s->failed)
		s->failed = gn_fail(s->err, -ENOMEM, "out of memory for the datagrams of %u members",
				    s->cluster.members);
}

static bool grow(struct gn_simulation *s, struct queue *q)
{
	size_t size = q->size ? 2 * q->size : (size_t)BLOCK * 64;
	uint8_t *bytes = realloc(q->bytes, size);

	if (bytes)
		q->bytes = bytes;
	uint32_t *effective = bytes ? realloc(q->effective, size / room_for(1) * sizeof(*effective)) : NULL;

	if (!effective) {
		out_of_memory(s);
		return false;
	}
	q->effective = effective;
	q->size = size;
	return true;
}

static void free_queue(struct queue *q)
{
	free(q->bytes);
	free(q->effective);
}

static inline struct queued *append(struct gn_simulation *s, uint32_t to, size_t size)
{
	struct rounds *r = s->state;
	struct queue *q = &r->queue;
	struct queued *d = (void *)(q->bytes + q->used);

	q->used += room_for(size);
	d->to = to;
	d->from = s->in.self;
	d->size = (uint16_t)size;
	d->tag = *(const uint8_t *)gn_sim_head(s, s->in.self) & r->tag_mask;
	__builtin_prefetch(&r->marks[to], 1);
	return d;
}

static void enqueue(struct gn_simulation *s, uint32_t to, const uint8_t *data, size_t size)
{
	struct rounds *r = s->state;

	if (r->queue.size - r->queue.used >= room_for(GN_DATAGRAM_MAX) || grow(s, &r->queue))
		memcpy(append(s, to, size)->data, data, size);
}

static void send_slowly(void *host, uint32_t to, const uint8_t *data, size_t size)
{
	struct gn_simulation *s = host;

	if (!gn_sim_may_send(s, to, data, size))
		return;
	if (s->counters) {
		s->counters[s->in.self].datagrams_sent++;
		s->counters[s->in.self].bytes_sent += size;
	}
	for (unsigned copies = gn_sim_copies(s, to); copies; copies--)
		enqueue(s, to, data, size);
}

/* Sizes whose copying is written out: calling memcpy() costs as much as making so small a datagram. */
enum { SMALL_MIN = 16, SMALL_MAX = 64 };

static inline void copy_small(uint8_t *to, const uint8_t *from, size_t size)
{
	memcpy(to, from, 16);
	if (size > 32) {
		memcpy(to + 16, from + 16, 16);
		memcpy(to + size - 32, from + size - 32, 16);
	}
	memcpy(to + size - 16, from + size - 16, 16);
}

/* Over a perfect network, and nobody counts what each member sends: the same for a small datagram without a fault. */
static void send_perfectly(void *host, uint32_t to, const uint8_t *data, size_t size)
{
	struct gn_simulation *s = host;
	const struct rounds *r = s->state;

	if (GN_UNLIKELY(to >= s->cluster.members || to == s->in.self ||
			size - SMALL_MIN > SMALL_MAX - SMALL_MIN ||
			r->queue.size - r->queue.used < room_for(SMALL_MAX) ||
			gn_sim_step_sent(s) >= GN_STEP_DATAGRAMS_MAX)) {
		send_slowly(host, to, data, size);
		return;
	}
	s->sent++;
	s->bytes += size;
	copy_small(append(s, to, size)->data, data, size);
}

/* ---- deadlines ---- */

static uint64_t deadline_of(const struct gn_simulation *s, uint32_t member)
{
	const struct rounds *r = s->state;

	if (GN_LIKELY(!(r->marks[member] & IRREGULAR)))
		return member < r->had_timer ? r->next_time : s->in.now;
	return r->due[member] ? r->due[member] * s->cluster.period : GN_NO_DEADLINE;
}

/* The timer runs in that round, or, 0, in none. */
static void set_due(struct gn_simulation *s, uint32_t member, uint32_t round)
{
	struct rounds *r = s->state;

	r->next_is_due |= round == r->round + 1;
	if (round == r->round + 1 && member < r->had_timer) {
		r->marks[member] &= ~IRREGULAR;
		return;
	}
	if (!r->due)
		r->due = calloc(s->cluster.members, sizeof(*r->due));
	if (!r->due) {
		out_of_memory(s);
		return;
	}
	r->marks[member] |= IRREGULAR;
	r->due[member] = round;
}

static void change_deadline(struct gn_simulation *s, uint64_t before, uint64_t after)
{
	const uint64_t round = after / s->cluster.period;
	const bool never = after == GN_NO_DEADLINE || round > UINT32_MAX;

	gn_sim_blame(s, gn_output_check_deadline(&s->in, before, after));
	if (!never && after % s->cluster.period)
		gn_sim_blame(s, "asked for a deadline between two rounds, but the clock is that of rounds");
	set_due(s, s->in.self, never ? 0 : (uint32_t)round);
}

/* ---- inputs ---- */

/* After a step. */
static inline void renew_tag(struct gn_simulation *s, uint32_t member, const uint8_t *head)
{
	struct rounds *r = s->state;
	uint8_t tag = *head & r->tag_mask;

	if ((r->marks[member] ^ tag) & TAG)
		r->marks[member] ^= (r->marks[member] ^ tag) & TAG;
}

static inline void receive(struct gn_simulation *s, const struct queued *d)
{
	const uint64_t before = deadline_of(s, d->to);
	uint64_t after = before;
	uint8_t *head = gn_sim_head(s, d->to);

	s->in.self = d->to;
	s->in.from = d->from;
	s->in.data = d->data;
	s->in.size = d->size;
	if (s->counters) {
		s->counters[d->to].datagrams_received++;
		s->counters[d->to].bytes_received += d->size;
	}
	gn_sim_check_return(s, gn_sim_step(s, head, gn_sim_body(s, d->to), &after));
	if (GN_UNLIKELY(after != before))
		change_deadline(s, before, after);
	renew_tag(s, d->to, head);
}

/* One more call than a mark can hold. Return: the mark. */
static unsigned count_many(struct gn_simulation *s, uint32_t member, unsigned mark)
{
	struct rounds *r = s->state;

	if (!r->received)
		r->received = gn_sim_allocate(s->cluster.members * sizeof(*r->received));
	if (!r->received) {
		out_of_memory(s);
		return mark;
	}
	r->received[member] = mark < CALLS_MAX * CALL ? CALLS_MAX : r->received[member] + 1;
	if (r->received[member] > s->result->largest_in_degree)
		s->result->largest_in_degree = r->received[member];
	return mark | CALLS_MAX * CALL;
}

/* Count the calls among what is queued, and find what has an effect at its receiver: its number is returned. */
static inline size_t sift(struct gn_simulation *s, const struct queue *q, const bool calls)
{
	const struct rounds *r = s->state;
	uint8_t *const marks = r->marks, *const bytes = q->bytes;
	uint8_t largest = 0;
	uint32_t *const effective = q->effective;
	const uint8_t odd = r->odd;
	const size_t used = q->used;
	size_t n = 0;

	for (size_t at = 0; at < used;) {
		const struct queued *d = (const void *)(bytes + at);
		uint32_t to = d->to;
		unsigned tag = d->tag, mark = marks[to];

		effective[n] = (uint32_t)(at / QUEUE_UNIT);
		n += tag != (mark & TAG) || !tag;
		at += room_for(d->size);
		if (!calls)
			continue;
		if ((mark ^ odd) & ODD)
			mark = odd | (mark & (TAG | IRREGULAR));
		if (GN_UNLIKELY(mark >= (CALLS_MAX - 1) * CALL))
			mark = count_many(s, to, mark);
		else
			mark += CALL;
		marks[to] = (uint8_t)mark;
		largest = (uint8_t)GN_MAX(largest, mark);
	}
	if (largest / CALL > s->result->largest_in_degree)
		s->result->largest_in_degree = largest / CALL;
	return n;
}

static inline const struct queued *effective_at(const struct queue *q, size_t i)
{
	return (const void *)(q->bytes + (size_t)q->effective[i] * QUEUE_UNIT);
}

static inline void deliver_queue(struct gn_simulation *s, const struct queue *q, bool calls)
{
	const size_t n = calls ? sift(s, q, true) : sift(s, q, false);

	s->in.type = GN_DATAGRAM;
	for (size_t i = 0; i < n; i++) {
		if (i + AHEAD < n) {
			uint32_t to = effective_at(q, i + AHEAD)->to;

			__builtin_prefetch(gn_sim_head(s, to), 1);
			__builtin_prefetch(gn_sim_body(s, to), 1);
		}
		receive(s, effective_at(q, i));
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
		if (answers == GN_SIM_ANSWERS_MAX)
			gn_sim_blame(s, "answers answers without end");
	}
}

/* Run the timers of the members from @first up to @end that are due in this round. */
static void run_timers(struct gn_simulation *s, uint32_t first, uint32_t end)
{
	struct rounds *r = s->state;
	uint8_t *head = gn_sim_head(s, first), *body = gn_sim_body(s, first);
	uint64_t largest = s->result->largest_fan_out;
	bool next_is_due = false;

	s->in.type = GN_TIMER;
	s->in.from = GN_NO_MEMBER;
	s->in.data = NULL;
	s->in.size = 0;
	for (uint32_t m = first; m < end; m++, head += s->slot_size, body += s->body_size) {
		unsigned mark = r->marks[m];
		uint64_t deadline = s->in.now;

		if ((mark ^ r->odd) & ODD)
			mark = r->odd | (mark & (TAG | IRREGULAR));
		r->marks[m] = (uint8_t)mark;
		if (GN_UNLIKELY(mark & IRREGULAR) && r->due[m] != r->round)
			continue;
		s->in.self = m;
		gn_sim_check_return(s, gn_sim_step(s, head, body, &deadline));
		largest = GN_MAX(largest, gn_sim_step_sent(s));
		if (GN_LIKELY(deadline == r->next_time && !(mark & IRREGULAR))) {
			next_is_due = true;
		} else {
			r->had_timer = m + 1;
			change_deadline(s, s->in.now, deadline);
		}
		renew_tag(s, m, head);
		if (s->counters)
			s->counters[m].timers++;
	}
	r->had_timer = end;
	r->next_is_due |= next_is_due;
	s->result->largest_fan_out = (uint32_t)largest;
}

static void feed(struct gn_simulation *s)
{
	const uint64_t before = s->in.type == GN_START ? GN_NO_DEADLINE : deadline_of(s, s->in.self);
	uint64_t after = before;

	gn_sim_check_return(s,
			    gn_sim_step(s, gn_sim_head(s, s->in.self), gn_sim_body(s, s->in.self), &after));
	gn_sim_count_fan_out(s);
	if (s->counters && s->in.type == GN_START)
		s->counters[s->in.self].phase_ns = after;
	if (after != before || s->in.type == GN_START)
		change_deadline(s, before, after);
	renew_tag(s, s->in.self, gn_sim_head(s, s->in.self));
	deliver(s);
}

/* ---- the run ---- */

static void run_round(struct gn_simulation *s)
{
	struct rounds *r = s->state;
	const uint32_t members = s->cluster.members;

	r->round = s->in.round;
	r->next_time = s->in.now + s->cluster.period;
	r->odd ^= ODD;
	r->had_timer = 0;
	r->next_is_due = false;
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
	for (uint32_t m = 0; m < s->cluster.members; m++) { /* now all of them are irregular */
		uint32_t due = r->due[m];

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
	struct rounds r = {
		.next_time = s->cluster.period,
		.had_timer = s->cluster.members,
		.tag_mask = s->protocol->tagged && !s->counters ? TAG : 0,
		.marks = gn_sim_allocate(s->cluster.members),
	};

	s->state = &r; /* cppcheck-suppress autoVariables ; until the end of this function */
	if (r.marks)
		run_rounds(s);
	else
		out_of_memory(s);
	free_queue(&r.queue);
	free_queue(&r.other);
	free(r.marks);
	free(r.received);
	free(r.due);
	s->state = NULL;
	return s->failed;
}

const struct gn_sim_engine gn_sim_rounds = {
	.run = run,
	.feed = feed,
	.send = send_perfectly,
	.send_slowly = send_slowly,
};
