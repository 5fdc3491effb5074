/* SPDX-License-Identifier: MIT */
/*
 * median-counter: push-pull that stops by itself (Karp, Schindelhauer, Shenker and Vocking, FOCS 2000).
 *
 * For each event a member is in one of the states A (does not know it), B-1 .. B-m (m: counter_max), C, D.
 * In a round everybody calls one; over each call both sides, if they are in B or C, transmit the event
 * and their state. At the round's end
 *
 *   A    that got a copy from a C becomes C, else from a B becomes B-1;
 *   B-i  that met a C becomes C; else, if more partners of the round were above it than below (an A is
 *        below, a C or D above, a B-j above if j >= i), it becomes B-(i+1), or C if i was m;
 *   C    becomes D after m rounds, and is silent.
 *
 * The time is push-pull's, with O(log log n) copies for each member: who mostly meets members that have
 * known the event for longer concludes that it is old.
 *
 * A B must hear also of partners that have no copy to send, and A and D count differently. So every call and
 * answer carries a digest of what its sender knew when the round began: an event that it lacks is in
 * state A; one that it has, and that no record comes with, in state D. The callee answers if it has something
 * to transmit, and also if it has not but the caller says (by the note) that it is in B of some event.
 * That answer could be saved, as silence tells the same; but then a lost call would look like a partner in
 * A, and all counters would fall behind. So a call that is lost as a whole is no partner at all, and if only
 * the answer is lost, the callee has met the caller and not the other way round. Calls never end, only
 * copies do, as in the paper, where calls are not counted.
 *
 * With the clock of rounds a round is the same for all. With the others a member's round lasts from one timer
 * of its own to the next, and what came in meanwhile is passed on from that next one on.
 */
#include <string.h>

#include "gossipnet/protocol.h"

enum { COUNTER_MAX };

static const struct gn_parameter parameters[] = {
	[COUNTER_MAX] = { "counter_max", "rounds in C, and states of B; 0: ln ln n, rounded up",
			  GN_PARAMETER_WHOLE, 0, 1000, NULL, 0 },
};

enum kind { CALL = 1, ANSWER = 2 };
enum { WANTS_ANSWER = 1 }; /* note of a call: the caller is in B of some event */
enum { IN_B = 1, IN_C = 2 };

/* An event's states at a member are a line of numbers: A is 0, B-i is i, C is m + 1 in its first round up
 * to 2 m in its last, D is what follows. A record's note is its sender's number. */
struct event {
	uint32_t next; /* the next active event + 1 */
	int32_t tally; /* of this round's partners: those above less those below */
	uint16_t state;
	bool met_c; /* a partner */
};

struct head {
	struct gn_rumors_head rumors;
	uint32_t
		active; /* list of the events that are in B or C or were heard of in this round: the first + 1 */
	uint32_t round;
	uint32_t last; /* the partner of the last call + 1 */
};

struct member {
	struct gn_rumors rumors;
	struct head *head;
	uint32_t counter_max;
};

static struct event *event_of(const struct member *m, uint32_t event)
{
	return gn_rumors_extra(m->rumors, event);
}

static bool is_b(const struct member *m, const struct event *e)
{
	return e->state > 0 && e->state <= m->counter_max;
}

/* Is it passed on? In B or C, and not only since this very moment. */
static bool is_spoken(const struct member *m, uint32_t event)
{
	return event_of(m, event)->state && gn_rumors_is_settled(m->rumors, event);
}

static void activate(struct member *m, uint32_t event)
{
	event_of(m, event)->next = m->head->active;
	m->head->active = event + 1;
}

/* ---- the end of a round ---- */

static void advance(const struct member *m, struct event *e)
{
	if (e->met_c && e->state <= m->counter_max)
		e->state = (uint16_t)(m->counter_max + 1);
	else if (e->state == 0)
		e->state = 1;
	else if (e->state > m->counter_max || e->tally > 0)
		e->state++;
	e->tally = 0;
}

static void end_round(struct member *m)
{
	uint32_t *link = &m->head->active;

	while (*link) {
		const uint32_t event = *link - 1;
		struct event *e = event_of(m, event);

		/* What came at this very moment came after the round. */
		if (gn_rumors_is_settled(m->rumors, event))
			advance(m, e);
		if (e->state > 2 * m->counter_max)
			*link = e->next;
		else
			link = &e->next;
	}
}

/* ---- what is said ---- */

/* What was known when the round began. With more events than fit the newest of them: what is before those is
 * taken for known. */
static struct gn_wire_digest write_digest(const struct member *m, uint8_t map[GN_WIRE_DIGEST_BITS / 8])
{
	const uint32_t end = gn_rumors_end(m->rumors);
	uint32_t base = end > GN_WIRE_DIGEST_BITS ? (end - GN_WIRE_DIGEST_BITS + 7) / 8 * 8 : 0;
	const uint32_t from = base;

	memset(map, 0, (end - base + 7) / 8);
	for (uint32_t i = gn_rumors_next(m->rumors, base); i < end; i = gn_rumors_next(m->rumors, i + 1)) {
		if (event_of(m, i)->state)
			map[(i - base) / 8] |= (uint8_t)(1u << i % 8);
	}
	while (end - base >= 8 && map[(base - from) / 8] == 0xff)
		base += 8;
	return (struct gn_wire_digest){
		.base = base, .bits = end - base, .end = true, .map = map + (base - from) / 8
	};
}

/* A call or an answer: the digest and all that is in B or C, however much, as a record left out means D. */
static void say(const struct member *m, const struct gn_input *in, const struct gn_output *out, uint32_t to,
		enum kind kind, uint8_t note)
{
	uint8_t map[GN_WIRE_DIGEST_BITS / 8];
	const struct gn_wire_digest digest = write_digest(m, map);
	struct gn_wire_writer w;

	gn_wire_begin(&w, kind, note, m->head->round, in->now);
	gn_wire_put_digest(&w, &digest);
	for (uint32_t next = m->head->active; next; next = event_of(m, next - 1)->next) {
		if (!is_spoken(m, next - 1))
			continue;
		struct gn_wire_record record = gn_rumors_record(m->rumors, next - 1);

		record.note = event_of(m, next - 1)->state;
		if (!gn_wire_put_record(&w, &record)) {
			out->send(out->host, to, w.data, w.size);
			gn_wire_begin(&w, kind, note, m->head->round, in->now);
			gn_wire_put_record(&w, &record);
		}
	}
	out->send(out->host, to, w.data, w.size);
}

/* Of IN_B and IN_C: what is transmitted at all. */
static unsigned speaks(const struct member *m)
{
	unsigned states = 0;

	for (uint32_t next = m->head->active; next; next = event_of(m, next - 1)->next) {
		if (is_spoken(m, next - 1))
			states |= is_b(m, event_of(m, next - 1)) ? IN_B : IN_C;
	}
	return states;
}

static void act(struct member *m, const struct gn_input *in, const struct gn_output *out)
{
	const struct gn_cluster *c = m->rumors.cluster;
	const uint8_t note = speaks(m) & IN_B ? WANTS_ANSWER : 0;

	for (uint32_t i = 0; i < c->fanout; i++) {
		const uint32_t partner =
			c->avoid_last ? gn_draw_another(c, in, &m->head->last) : gn_draw_partner(c, in);

		if (partner == GN_NO_MEMBER)
			return;
		if (out->call)
			out->call(out->host, m->head->round, partner);
		say(m, in, out, partner, CALL, note);
	}
}

/* ---- what is heard ---- */

/* An event that the partner knew is above until a record, here or in the next datagram, says otherwise. */
static void meet(const struct member *m, const struct gn_wire_digest *partner)
{
	for (uint32_t next = m->head->active; next; next = event_of(m, next - 1)->next) {
		struct event *e = event_of(m, next - 1);
		const uint32_t event = next - 1;

		if (is_b(m, e))
			e->tally += gn_wire_lacks(partner, event / 8) >> event % 8 & 1 ? -1 : 1;
	}
}

static void hear(struct member *m, const struct gn_input *in, const struct gn_output *out,
		 const struct gn_wire_datagram *d, const struct gn_wire_record *copy)
{
	struct event *e = event_of(m, copy->event);

	if (gn_take_record(m->rumors, in, out, d, copy))
		activate(m, copy->event);
	e->met_c |= copy->note > m->counter_max;
	if (is_b(m, e) && copy->note < e->state)
		e->tally -= 2; /* below, and meet() took it for above */
}

static bool is_valid(const struct member *m, const struct gn_wire_datagram *d)
{
	const uint8_t *at = d->records;

	if ((d->kind != CALL && d->kind != ANSWER) || d->note > (d->kind == CALL ? WANTS_ANSWER : 0) ||
	    (d->has_digest ? !d->digest.end : !d->n_records))
		return false;
	for (uint32_t i = 0; i < d->n_records; i++) {
		struct gn_wire_record copy;

		at = gn_wire_next(at, &copy);
		if (!copy.note || copy.note > 2 * m->counter_max)
			return false;
	}
	return true;
}

static void receive(struct member *m, const struct gn_input *in, const struct gn_output *out,
		    const struct gn_wire_datagram *d)
{
	const uint8_t *at = d->records;

	if (d->has_digest)
		meet(m, &d->digest);
	for (uint32_t i = 0; i < d->n_records; i++) {
		struct gn_wire_record copy;

		at = gn_wire_next(at, &copy);
		hear(m, in, out, d, &copy);
	}
	if (d->kind == CALL && d->has_digest && (d->note & WANTS_ANSWER || speaks(m)))
		say(m, in, out, in->from, ANSWER, 0);
}

static int publish(struct member *m, const struct gn_input *in, const struct gn_output *out)
{
	const bool is_new =
		in->event < m->rumors.cluster->max_events && !gn_rumors_knows(m->rumors, in->event);

	if (gn_take_publish(m->rumors, in, out))
		return -1;
	if (is_new) {
		activate(m, in->event);
		event_of(m, in->event)->state = 1;
	}
	return 0;
}

/* ---- the interface ---- */

static void sizes(const struct gn_cluster *c, struct gn_sizes *ret)
{
	*ret = (struct gn_sizes){
		.head = sizeof(struct head),
		.body = gn_rumors_size(c, sizeof(struct event)),
		.shared = sizeof(uint32_t), /* counter_max, worked out */
	};
}

static const char *prepare(const struct gn_cluster *c, void *shared)
{
	const uint64_t one = UINT64_C(1) << 32, ln_n = gn_ln_q32(c->members);
	uint32_t *counter_max = shared;

	*counter_max = (uint32_t)c->parameters[COUNTER_MAX];
	/* ln_n has 32 bits behind the point, which its logarithm has to be rid of. */
	if (!*counter_max)
		*counter_max =
			ln_n <= one ? 1 : (uint32_t)((gn_ln_q32(ln_n) - gn_ln_q32(one) + one - 1) >> 32);
	return NULL;
}

/* Time has moved on: what came before is settled, and a round may have ended. */
static void move_on(struct member *m, const struct gn_input *in)
{
	gn_rumors_settle(m->rumors, in->now);
	if (m->rumors.cluster->clock == GN_CLOCK_ROUNDS ? in->round != m->head->round
							: in->type == GN_TIMER) {
		end_round(m);
		m->head->round = m->rumors.cluster->clock == GN_CLOCK_ROUNDS ? in->round : m->head->round + 1;
	}
}

static int step(const struct gn_cluster *c, void *head, void *body, const struct gn_input *in,
		const struct gn_output *out, uint64_t *deadline)
{
	struct member m = {
		.rumors = { .cluster = c, .head = head, .body = body, .extra = sizeof(struct event) },
		.head = head,
		.counter_max = *(const uint32_t *)c->shared,
	};
	struct gn_wire_datagram d;

	switch (in->type) {
	case GN_START:
		if (*deadline == GN_NO_DEADLINE)
			*deadline = gn_first_round(c, in);
		return 0;
	case GN_TIMER:
		move_on(&m, in);
		act(&m, in, out);
		*deadline = gn_next_round(c, in, *deadline);
		return 0;
	case GN_DATAGRAM:
		if (in->from >= c->members || in->from == in->self ||
		    gn_wire_read(c, in->data, in->size, &d) || !is_valid(&m, &d))
			return -1;
		move_on(&m, in);
		receive(&m, in, out, &d);
		return 0;
	case GN_PUBLISH:
		move_on(&m, in);
		return publish(&m, in, out);
	}
	return -1;
}

const struct gn_protocol gn_median_counter = {
	.abi = GN_PROTOCOL_ABI,
	.name = "median-counter",
	.help = "push-pull in which a member stops when those it meets have known an event for longer",
	.fans_out = true,
	.parameters = parameters,
	.n_parameters = sizeof(parameters) / sizeof(parameters[0]),
	.sizes = sizes,
	.prepare = prepare,
	.step = step,
};
