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

/* Members of a block: few enough that the datagrams stay in cache. */
#define BLOCK 1024
/* Of these, so many are a batch: enough that a receiver's mark has come from memory when its batch is sifted, and few enough
 * that what it sends stays in the fastest cache. And so many batches ahead their members are fetched. */
#define BATCH	    64
#define FETCH_AHEAD 4
/* Datagrams between one that is delivered and the one whose receiver is fetched from memory meanwhile. */
#define AHEAD 16

/*
 * What is known of a member, one byte: all that most of its datagrams need, so that those of a million members stay in cache.
 * The lowest bits are its tag; the highest, how many calls it has received in the round at hand.
 */
#define TAG	  3  /* enum gn_tag; GN_TAG_NONE where all datagrams matter, be they without effect */
#define IRREGULAR 4  /* its timer does not run in each round: see rounds.due */
#define CALL	  8  /* one of them */
#define CALLS_MAX 31 /* or more: see rounds.received */

struct queued {
	uint32_t to;
	uint16_t size;
	uint8_t tag; /* of the sender */
	uint32_t from;
	uint32_t at; /* its data, in units of DATA_UNIT bytes */
};

#define DATA_UNIT 32

struct queue {
	struct queued *datagrams;
	size_t n;
	uint8_t *data;
	/* Bytes of data: there is room for a datagram in each unit. Where used does not exceed limit, RESERVE are free: for two
	 * copies of a datagram, and the room for the next one. */
	size_t used, limit;
};

#define RESERVE (3 * room_for(GN_DATAGRAM_MAX))

struct rounds {
	uint8_t *marks;	    /* by member, and some more: see begin_moment() */
	uint32_t *received; /* by member: calls, where a mark cannot hold the number; NULL: nowhere yet */
	uint32_t *due;	    /* by member: the round of its timer, or 0, where IRREGULAR; NULL: nowhere yet */
	struct queue queue; /* filled by the step at hand */
	struct queue other; /* being delivered */
	uint32_t round;	    /* the last one that was begun */
	uint32_t had_timer; /* members below have had their timer of this round */
	gn_time next_time;  /* of the round after it */
	uint32_t irregular; /* members that are IRREGULAR */
	uint8_t tag_mask;   /* TAG or 0 */
};

/* ---- queues ---- */

static inline size_t room_for(size_t size)
{
	return (size + DATA_UNIT - 1) & ~(size_t)(DATA_UNIT - 1);
}

static void out_of_memory(struct gn_simulation *s)
{
	if (!s->failed)
		s->failed = gn_fail(s->err, -ENOMEM, "out of memory for the datagrams of %u members",
				    s->cluster.members);
}

/* So that there is room again. If there is no memory, what is queued is lost, as is the whole run. */
static void grow(struct gn_simulation *s, struct queue *q)
{
	size_t limit = q->limit ? 2 * q->limit : (size_t)BLOCK * 2 * DATA_UNIT, size = limit + RESERVE;
	uint8_t *data = realloc(q->data, size);
	struct queued *datagrams = data ? realloc(q->datagrams, size / DATA_UNIT * sizeof(*datagrams)) : NULL;

	if (data)
		q->data = data;
	if (datagrams) {
		q->datagrams = datagrams;
		q->limit = limit;
		return;
	}
	out_of_memory(s);
	q->n = q->used = 0;
}

static void free_queue(struct queue *q)
{
	free(q->data);
	free(q->datagrams);
}

/* The next datagram is what lies in the room, or what will be put there. */
static inline void append(struct gn_simulation *s, uint32_t to, size_t size)
{
	struct rounds *r = s->state;
	struct queue *q = &r->queue;

	q->datagrams[q->n++] = (struct queued){
		.to = to,
		.from = s->in.self,
		.at = (uint32_t)(q->used / DATA_UNIT),
		.size = (uint16_t)size,
		.tag = *(const uint8_t *)gn_sim_head(s, s->in.self) & r->tag_mask,
	};
	q->used += room_for(size);
	s->output.room = q->data + q->used;
	__builtin_prefetch(&r->marks[to], 1);
}

static void send_slowly(void *host, uint32_t to, const uint8_t *data, size_t size)
{
	struct gn_simulation *s = host;
	struct rounds *r = s->state;

	if (!gn_sim_may_send(s, to, data, size))
		return;
	if (s->counters) {
		s->counters[s->in.self].datagrams_sent++;
		s->counters[s->in.self].bytes_sent += size;
	}
	for (unsigned copies = gn_sim_copies(s, to); copies; copies--) {
		if (data != s->output.room)
			memcpy(s->output.room, data, size);
		append(s, to, size);
	}
	if (r->queue.used > r->queue.limit)
		grow(s, &r->queue);
	s->output.room = r->queue.data + r->queue.used;
}

/* Over a perfect network, and nobody counts what each member sends: the same for a datagram in its room without a fault. That
 * there are not too many is looked at when the queue has to grow, and after the step. */
static void send_perfectly(void *host, uint32_t to, const uint8_t *data, size_t size)
{
	struct gn_simulation *s = host;
	const struct rounds *r = s->state;

	if (GN_UNLIKELY(to >= s->cluster.members || to == s->in.self || data != s->output.room ||
			size - 1 >= GN_DATAGRAM_MAX || r->queue.used > r->queue.limit)) {
		send_slowly(host, to, data, size);
		return;
	}
	s->sent++;
	s->bytes += size;
	append(s, to, size);
}

/* ---- deadlines ---- */

static inline uint64_t deadline_of(const struct gn_simulation *s, uint32_t member)
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
	const bool was_irregular = r->marks[member] & IRREGULAR;

	if (round == r->round + 1 && member < r->had_timer) {
		r->marks[member] &= ~IRREGULAR;
		r->irregular -= was_irregular;
		return;
	}
	if (!r->due)
		r->due = calloc(s->cluster.members, sizeof(*r->due));
	if (!r->due) {
		out_of_memory(s);
		return;
	}
	r->marks[member] |= IRREGULAR;
	r->irregular += !was_irregular;
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

/* After a step. Who was GN_TAG_FRESH at another moment is so no more, even if it has not noticed that yet. */
static inline void renew_tag(struct gn_simulation *s, uint32_t member, const uint8_t *head)
{
	struct rounds *r = s->state;
	const uint8_t tag = *head & r->tag_mask, before = r->marks[member] & TAG;

	if (before != tag && !(before == GN_TAG_ALL && tag == GN_TAG_FRESH))
		r->marks[member] ^= before ^ tag;
}

static inline void receive(struct gn_simulation *s, const struct queued *d, const uint8_t *data)
{
	const uint64_t before = deadline_of(s, d->to);
	uint64_t after = before;
	uint8_t *head = gn_sim_head(s, d->to);

	s->in.self = d->to;
	s->in.from = d->from;
	s->in.data = data;
	s->in.size = d->size;
	if (s->counters) {
		s->counters[d->to].datagrams_received++;
		s->counters[d->to].bytes_received += d->size;
	}
	gn_sim_check_return(s, gn_sim_step(s, head, gn_sim_body(s, d->to), &after));
	gn_sim_check_sent(s);
	if (GN_UNLIKELY(after != before))
		change_deadline(s, before, after);
	renew_tag(s, d->to, head);
}

static void count_in_degree(struct gn_simulation *s, uint32_t calls)
{
	if (calls > s->result->largest_in_degree)
		s->result->largest_in_degree = calls;
}

/* One more call, of a member that has received as many as any has, or as many as a mark can hold. Return: the mark. */
static unsigned count_many(struct gn_simulation *s, uint32_t member, unsigned mark)
{
	struct rounds *r = s->state;

	if (mark < (CALLS_MAX - 1) * CALL) {
		mark += CALL;
		count_in_degree(s, mark / CALL);
		return mark;
	}
	if (!r->received)
		r->received = gn_sim_allocate(s->cluster.members * sizeof(*r->received));
	if (!r->received) {
		out_of_memory(s);
		return mark;
	}
	r->received[member] = mark < CALLS_MAX * CALL ? CALLS_MAX : r->received[member] + 1;
	count_in_degree(s, r->received[member]);
	return mark | CALLS_MAX * CALL;
}

/* May a datagram have an effect, by the tags of its sender and receiver? */
static inline bool matters(unsigned sender, unsigned receiver)
{
#define TAGS(sender, receiver) (1u << ((sender)*4 + (receiver)))
	const unsigned without = TAGS(GN_TAG_NOTHING, GN_TAG_NOTHING) | TAGS(GN_TAG_NOTHING, GN_TAG_FRESH) |
				 TAGS(GN_TAG_FRESH, GN_TAG_NOTHING) | TAGS(GN_TAG_FRESH, GN_TAG_FRESH) |
				 TAGS(GN_TAG_ALL, GN_TAG_ALL) | TAGS(GN_TAG_ALL, GN_TAG_FRESH);
#undef TAGS

	return !(without >> (sender * 4 + receiver) & 1);
}

/* Of what is queued from @first on keep what has an effect at its receiver; and count the calls, if it is calls. */
static inline void sift(struct gn_simulation *s, struct queue *q, size_t first, const bool calls)
{
	const struct rounds *r = s->state;
	uint8_t *const marks = r->marks;
	const struct queued *const end = q->datagrams + q->n;
	const unsigned few = GN_MIN(s->result->largest_in_degree, CALLS_MAX - 1u) * CALL;
	struct queued *kept = q->datagrams + first;

	for (const struct queued *d = kept; d < end; d++) {
		const uint32_t to = d->to;
		const unsigned mark = marks[to];

		*kept = *d;
		kept += matters(d->tag, mark & TAG);
		if (calls)
			marks[to] = (uint8_t)(GN_LIKELY(mark < few) ? mark + CALL : count_many(s, to, mark));
	}
	q->n = (size_t)(kept - q->datagrams);
}

/* The same for what has just been sent into the queue: whole steps, none of which was the answer to a datagram. Where nothing
 * is kept, its data are none either. Not inlined, so that the loop gets by with the processor's registers. */
static __attribute__((noinline)) void sift_calls(struct gn_simulation *s, size_t first, size_t used)
{
	struct queue *q = &((struct rounds *)s->state)->queue;

	sift(s, q, first, true);
	if (q->n == first) {
		q->used = used;
		s->output.room = q->data + used;
	}
}

/* Its state, and whether it has had the first event: mostly there is no other. */
GN_SIM_FETCH void fetch_member(const struct gn_simulation *s, uint32_t member)
{
	const void *head = gn_sim_head(s, member), *body = gn_sim_body(s, member);

	__builtin_prefetch(head, 1);
	if (((uintptr_t)head ^ (uintptr_t)body) / GN_SIM_LINE)
		__builtin_prefetch(body, 1);
	__builtin_prefetch(&s->known[gn_sim_known_bit(s, 0, member) / 64], 1);
}

static inline void deliver_queue(struct gn_simulation *s, struct queue *q)
{
	s->in.type = GN_DATAGRAM;
	for (size_t i = 0; i < GN_MIN(q->n, (size_t)AHEAD); i++)
		fetch_member(s, q->datagrams[i].to);
	for (size_t i = 0; i < q->n; i++) {
		const struct queued *d = &q->datagrams[i];

		if (i + AHEAD < q->n)
			fetch_member(s, d[AHEAD].to);
		receive(s, d, q->data + (size_t)d->at * DATA_UNIT);
	}
}

/* Deliver all that is queued, which are calls, what answers it, what answers that ... */
static void deliver(struct gn_simulation *s)
{
	struct rounds *r = s->state;

	for (unsigned answers = 0; r->queue.n && !s->failed && !s->fault; answers++) {
		struct queue q = r->queue;

		r->queue = r->other;
		r->queue.n = r->queue.used = 0;
		r->other = q;
		s->output.room = r->queue.data;
		if (answers)
			sift(s, &q, 0, false);
		deliver_queue(s, &q);
		if (answers == GN_SIM_ANSWERS_MAX)
			gn_sim_blame(s, "answers answers without end");
	}
}

#define ONE_EACH UINT64_C(0x0101010101010101)
_Static_assert(GN_TAG_FRESH == 3 && GN_TAG_ALL == 2, "begin_moment() makes the other of one by a bit");

/* A moment begins: nobody has received anything in it, and who was GN_TAG_FRESH at the last one is GN_TAG_ALL. Eight marks
 * at once. */
static void begin_moment(const struct gn_simulation *s)
{
	const struct rounds *r = s->state;

	for (size_t m = 0; m < s->cluster.members; m += 8) {
		uint64_t eight;

		memcpy(&eight, r->marks + m, sizeof(eight));
		eight &= (TAG | IRREGULAR) * ONE_EACH;
		eight ^= eight & eight >> 1 & ONE_EACH;
		memcpy(r->marks + m, &eight, sizeof(eight));
	}
}

static void run_timer(struct gn_simulation *s, uint32_t member)
{
	struct rounds *r = s->state;
	uint8_t *head = gn_sim_head(s, member);
	uint64_t deadline = s->in.now;

	if (r->marks[member] & IRREGULAR && r->due[member] != r->round)
		return;
	s->in.self = member;
	gn_sim_check_return(s, gn_sim_step(s, head, gn_sim_body(s, member), &deadline));
	gn_sim_check_sent(s);
	gn_sim_count_fan_out(s);
	r->had_timer = member + 1;
	if (deadline != r->next_time || r->marks[member] & IRREGULAR)
		change_deadline(s, s->in.now, deadline);
	renew_tag(s, member, head);
	if (s->counters)
		s->counters[member].timers++;
}

/* Let the protocol run the timers of the members from @first up to @end, all of which are due. Return: the member at
 * which it stopped. */
static uint32_t run_many(struct gn_simulation *s, uint32_t first, uint32_t end)
{
	const struct gn_members m = {
		.heads = gn_sim_head(s, first),
		.bodies = gn_sim_body(s, first),
		.head_step = s->slot_size,
		.body_step = s->body_step,
		.end = end,
	};

	s->in.self = first;
	s->in.random = &s->randoms[first];
	s->sent_before = s->sent;
	s->output.call = NULL; /* each datagram is one */
	const uint32_t stopped = s->protocol->rounds(&s->cluster, &m, &s->in, &s->output);

	s->output.call = gn_sim_count_call;
	s->calls += gn_sim_step_sent(s);
	if (gn_sim_step_sent(s))
		s->result->largest_fan_out = GN_MAX(s->result->largest_fan_out, s->cluster.fanout);
	gn_sim_check_sent(s);
	if (stopped < first || stopped > end) {
		gn_sim_blame(s, "returned from rounds() a member that it was not asked about");
		return end;
	}
	if (stopped > first)
		renew_tag(s, stopped - 1, gn_sim_head(s, stopped - 1));
	s->steps += stopped - first;
	return stopped;
}

GN_SIM_FETCH void fetch_lines(const uint8_t *at, size_t size)
{
	for (size_t i = 0; i < size; i += GN_SIM_LINE)
		__builtin_prefetch(at + i, 1);
}

/* Have the state of the next members brought from memory: the processor sees by itself that all is read from front to back, but
 * only within pages of 4 KiB. */
GN_SIM_FETCH void fetch_members(const struct gn_simulation *s, uint32_t first)
{
	if (first >= s->cluster.members)
		return;
	const size_t n = GN_MIN((uint32_t)BATCH, s->cluster.members - first);

	fetch_lines(gn_sim_head(s, first), n * s->slot_size);
	fetch_lines((const uint8_t *)&s->randoms[first], n * sizeof(*s->randoms));
}

/* Run the timers of the members from @first up to @end that are due in this round. */
static void run_batch(struct gn_simulation *s, uint32_t first, uint32_t end)
{
	const struct rounds *r = s->state;
	const bool many = s->protocol->rounds && s->output.send == send_perfectly;
	const size_t n = r->queue.n, used = r->queue.used;

	for (uint32_t m = first; m < end && !s->fault;) {
		const uint32_t stopped = many && !r->irregular ? run_many(s, m, end) : m;

		if (stopped == m)
			run_timer(s, m++);
		else
			m = stopped;
	}
	sift_calls(s, n, used);
}

static void run_timers(struct gn_simulation *s, uint32_t first, uint32_t end)
{
	s->in.type = GN_TIMER;
	s->in.from = GN_NO_MEMBER;
	s->in.data = NULL;
	s->in.size = 0;
	for (uint32_t m = first; m < end; m += BATCH) {
		fetch_members(s, m + FETCH_AHEAD * BATCH);
		run_batch(s, m, GN_MIN(m + BATCH, end));
	}
	((struct rounds *)s->state)->had_timer = end;
}

/* At first all members are due in the first round; those who are not say so at their start. */
static void feed(struct gn_simulation *s)
{
	const uint64_t before = deadline_of(s, s->in.self);
	uint64_t after = s->in.type == GN_START ? GN_NO_DEADLINE : before;

	gn_sim_check_return(s,
			    gn_sim_step(s, gn_sim_head(s, s->in.self), gn_sim_body(s, s->in.self), &after));
	gn_sim_check_sent(s);
	gn_sim_count_fan_out(s);
	if (s->counters && s->in.type == GN_START)
		s->counters[s->in.self].phase_ns = after;
	if (after != before)
		change_deadline(s, before, after);
	renew_tag(s, s->in.self, gn_sim_head(s, s->in.self));
	sift_calls(s, 0, 0);
	deliver(s);
}

/* ---- the run ---- */

static void run_round(struct gn_simulation *s)
{
	struct rounds *r = s->state;
	const uint32_t members = s->cluster.members;

	r->round = s->in.round;
	r->next_time = s->in.now + s->cluster.period;
	r->had_timer = 0;
	begin_moment(s);
	/* A run that is to stop does so behind the round: half of one would be a false one. */
	for (uint32_t first = 0; first < members && !s->failed && !s->fault; first += BLOCK) {
		uint32_t end = GN_MIN(first + BLOCK, members);

		run_timers(s, first, end);
		deliver(s);
		gn_sim_tick(s);
	}
	gn_sim_curves_settle(s);
}

/* The next round in which a timer runs, or 0. */
static uint32_t next_due(const struct gn_simulation *s)
{
	const struct rounds *r = s->state;
	uint32_t next = 0;

	if (r->irregular < s->cluster.members)
		return r->round + 1;
	for (uint32_t m = 0; m < s->cluster.members; m++) {
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
			if (at != s->in.now)
				begin_moment(s);
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
		.marks = gn_sim_allocate((size_t)s->cluster.members + 8),
	};

	s->state = &r; /* cppcheck-suppress autoVariables ; until the end of this function */
	grow(s, &r.queue);
	grow(s, &r.other);
	s->output.room = r.queue.data;
	if (r.marks && !s->failed)
		run_rounds(s);
	else
		out_of_memory(s);
	free_queue(&r.queue);
	free_queue(&r.other);
	free(r.marks);
	free(r.received);
	free(r.due);
	s->state = s->output.room = NULL;
	return s->failed;
}

const struct gn_sim_engine gn_sim_rounds = {
	.run = run,
	.feed = feed,
	.send = send_perfectly,
	.send_slowly = send_slowly,
};
