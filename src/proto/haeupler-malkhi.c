/* SPDX-License-Identifier: MIT */
/*
 * haeupler-malkhi: gossip with direct addressing (Haeupler and Malkhi, PODC 2014, arXiv 1402.2701). Whoever
 * has heard of a member can call it. So members gather in clusters that know their leader, few and large
 * enough after O(log log n) rounds, and news go to the leader and from there to everybody. The price is
 * that a leader answers its whole cluster in one round.
 *
 * All members follow one schedule, which n alone decides, from the first round on (c: a parameter):
 *
 *   grow    ceil(log2(4 c ln n)) + 1 rounds. A member is a leader with probability 1 / (4 c ln n). Who has a
 *           leader pushes its number to a random member; who has none and receives one joins it.
 *   square  8 rounds each, for s = c ln n, then s^2 / 2, while s < sqrt n. The members report to their
 *           leader and ask it what became of them: it dissolves a cluster smaller than s, and splits a
 *           larger one into parts of s to 2 s. A part is active with probability 1 / s. Then twice: members
 *           of active clusters push their leader's number; receivers in others relay it to their
 *           leader, and all of that cluster join one of those that it has heard of.
 *   merge   3 rounds, in the same way: all push, and join the smallest number heard.
 *   ready   Who has no leader asks a random member for its own, until all have one; who finds that its own
 *           has joined another follows it. Then news are shared: a member that has some gives them to
 *           the leader, and all pull from it.
 *
 * A leader shares as soon as everybody has reported to it, which it can tell as it knows n, or nobody new has
 * for two rounds: there may be other leaders, or members that are dead. For what is above works "with high
 * probability", and that is not said of small n (at n = 10 nearly half of the runs have no leader at all),
 * nor where the last s is just below sqrt n (around 10^4 with c = 1.5), as then perhaps no part is active.
 * Nothing in the algorithm mends that, so neither does this: an event then stays in its cluster.
 *
 * The paper shares one event and ends. Here events go on to be published, and nobody but their origins knows
 * when: so every member asks its leader once a round, with a digest, and gets what it lacks; and the
 * leader asks for what it lacks itself, so nothing is pushed blindly, and what is lost is asked for again.
 * An event takes two rounds, at the cost of push-pull at rest: a small datagram for each member and round.
 *
 * A leader keeps no list of its members: that would be memory for n of them at each. It numbers those that
 * report as they come, and each s-th begins a part and leads it. These numbers are the one thing here that
 * depends on the order in which the inputs of a moment come, and that is passed on within it; they are
 * labels, and each order is as good as any.
 *
 * Random members are drawn from the overlay; leaders are called whatever it says.
 *
 * With the periodic clock each member counts rounds of its own. They begin within one period, so the
 * datagrams of a round nearly all come before those of the next, and the algorithm works, with slightly
 * other sizes. With Poisson's clock members are soon in different rounds and the clusters stay apart.
 */
#include "gossipnet/protocol.h"

enum { C };

static const struct gn_parameter parameters[] = {
	[C] = { "c", "size of the first clusters, in units of 4 ln n", GN_PARAMETER_DECIMAL, 100000,
		100000000, NULL, 1500000 },
};

/* Numbers are members; `note` is the sender's round, as far as 255, but for a CALL. */
enum kind {
	PUSH = 1, /* number: the sender's leader */
	REPORT,	  /* to the leader; answered by PART */
	PART,	  /* number: who leads your part, if it is not the last one */
	SPLIT,	  /* to the leader: I was told this number, or none; answered by LEAD */
	RELAY,	  /* to the leader: I heard of this number */
	PULL,	  /* to the leader: did we hear of any? Answered by LEAD, if so */
	ASK,	  /* to anybody: who is your leader? Answered by LEAD, if there is one */
	LEAD,	  /* number: your leader, or none */
	CALL,	  /* digest; to the leader. note 1: not welcomed yet. Answered by any of LEAD and: */
	WELCOME,  /* you are counted */
	WANTED,	  /* digest; to a member: you have what I lack. Answered by EVENTS */
	EVENTS,
};

#define SQUARES_MAX  16
#define ROUND_MAX    255
#define ONE_Q32	     (UINT64_C(1) << 32)
#define SQUARE_STEPS 8

/* Shared by all members. */
struct schedule {
	uint32_t grow, squares;	 /* rounds; times eight rounds */
	uint32_t ready;		 /* the first round that is not of grow, square and merge */
	uint64_t clustering_q32; /* 4 c ln n: one of so many is a leader */
	uint64_t s_q32[SQUARES_MAX];
};

enum act { GROW, REPORTING, SPLITTING, PUSHING, RELAYING, PULLING, READY };

/* A stage is what belongs together: numbers heard or members counted in one mean nothing in another. */
struct place {
	enum act act;
	uint32_t stage, square;
};

struct head {
	struct gn_rumors_head rumors;
	uint32_t round;
	uint32_t last;	     /* the partner of the last random call + 1 */
	uint32_t lead, next; /* leader + 1 or 0: in this round; from the next one on, if WILL_CHANGE */
	uint32_t count;	     /* of members that have reported, with the leader itself */
	union {
		struct {
			uint32_t part,
				part_before; /* who leads those that report now, and led those before */
		};
		uint32_t heard; /* a number that was pushed or relayed, + 1 */
		struct {
			uint32_t count_before, quiet; /* rounds since somebody reported */
		};
	};
	uint8_t stage; /* that the count and the union are of */
	uint8_t flags;
};

enum { WILL_CHANGE = 1, REPORTED = 2, SHARES = 4, LED = 8 }; /* LED: this one, when the stage began */

struct member {
	const struct gn_cluster *cluster;
	const struct schedule *schedule;
	struct gn_rumors rumors;
	struct head *head;
	uint32_t self;
};

/* ---- the schedule ---- */

static struct place place_of(const struct schedule *s, uint32_t round)
{
	static const struct {
		enum act act;
		uint32_t stage;
	} steps[SQUARE_STEPS] = {
		{ REPORTING, 0 }, { SPLITTING, 0 }, { PUSHING, 1 },  { RELAYING, 1 },
		{ PULLING, 1 },	  { PUSHING, 2 },   { RELAYING, 2 }, { PULLING, 2 },
	};
	static const enum act merging[] = { PUSHING, RELAYING, PULLING };
	const uint32_t merge_stage = 1 + 3 * s->squares;

	if (round <= s->grow)
		return (struct place){ .act = GROW };
	round -= s->grow + 1;
	if (round < SQUARE_STEPS * s->squares) {
		const uint32_t square = round / SQUARE_STEPS;

		return (struct place){
			.act = steps[round % SQUARE_STEPS].act,
			.stage = 1 + 3 * square + steps[round % SQUARE_STEPS].stage,
			.square = square,
		};
	}
	round -= SQUARE_STEPS * s->squares;
	if (round < 3)
		return (struct place){ .act = merging[round], .stage = merge_stage, .square = s->squares };
	return (struct place){ .act = READY, .stage = merge_stage + 1 };
}

/* How a stage ends. */
static struct place place_of_stage(const struct schedule *s, uint32_t stage)
{
	const uint32_t merge_stage = 1 + 3 * s->squares;
	struct place at = { .act = PULLING, .stage = stage, .square = (stage - 1) / 3 };

	if (stage == 0)
		at.act = GROW;
	else if (stage > merge_stage)
		at.act = READY;
	else if (stage < merge_stage && stage % 3 == 1)
		at.act = SPLITTING;
	return at;
}

static bool is_merge(const struct member *m, const struct place *at)
{
	return at->square == m->schedule->squares;
}

/* The same coin for all of a cluster. */
static bool is_active(const struct member *m, const struct place *at, uint32_t leader)
{
	const uint64_t coin = gn_hash(gn_hash(m->cluster->seed, leader), at->square) >> 32;

	return (unsigned __int128)coin * m->schedule->s_q32[at->square] < (unsigned __int128)1 << 64;
}

static uint32_t smallest_part(const struct member *m, const struct place *at)
{
	return (uint32_t)((m->schedule->s_q32[at->square] + ONE_Q32 - 1) >> 32);
}

static const char *prepare(const struct gn_cluster *c, void *shared)
{
	struct schedule *s = shared;
	/* The product is at most 22.2 * 2^32 * 10^8. */
	uint64_t s_q32 = gn_ln_q32(c->members) * (uint64_t)c->parameters[C] / 1000000;
	const uint64_t one = gn_log2_q32(ONE_Q32);

	s->clustering_q32 = 4 * s_q32;
	s->grow = 1;
	if (s->clustering_q32 > ONE_Q32)
		s->grow += (uint32_t)((gn_log2_q32(s->clustering_q32) - one + ONE_Q32 - 1) >> 32);
	/* From 2 on s^2 / 2 is no smaller than s. */
	while (s_q32 > 2 * ONE_Q32 && s->squares < SQUARES_MAX &&
	       (unsigned __int128)s_q32 * s_q32 < (unsigned __int128)c->members << 64) {
		s->s_q32[s->squares++] = s_q32;
		s_q32 = (uint64_t)((unsigned __int128)s_q32 * s_q32 >> 33);
	}
	s->ready = s->grow + SQUARE_STEPS * s->squares + 3 + 1;
	return NULL;
}

/* ---- sending ---- */

static void say(const struct member *m, const struct gn_input *in, const struct gn_output *out, uint32_t to,
		enum kind kind, uint32_t number)
{
	struct gn_wire_writer w;
	const uint32_t round = m->head->round < ROUND_MAX ? m->head->round : ROUND_MAX;

	gn_wire_begin(&w, kind, (uint8_t)round, number, in->now);
	out->send(out->host, to, w.data, w.size);
}

static void note_call(const struct member *m, const struct gn_output *out, uint32_t partner)
{
	if (out->call)
		out->call(out->host, m->head->round, partner);
}

/* Say it to a random member. */
static void say_to_any(const struct member *m, const struct gn_input *in, const struct gn_output *out,
		       enum kind kind, uint32_t number)
{
	const struct gn_cluster *c = m->cluster;
	const uint32_t to = c->avoid_last ? gn_draw_another(c, in, &m->head->last) : gn_draw_partner(c, in);

	if (to == GN_NO_MEMBER)
		return;
	note_call(m, out, to);
	say(m, in, out, to, kind, number);
}

static struct gn_wire_digest digest_of(const struct member *m)
{
	return gn_rumors_digest(m->rumors, m->head->round);
}

static void call_leader(const struct member *m, const struct gn_input *in, const struct gn_output *out)
{
	const struct gn_wire_digest digest = digest_of(m);
	const struct gn_message call = {
		.to = m->head->lead - 1,
		.kind = CALL,
		.note = !(m->head->flags & REPORTED),
		.number = m->head->round,
		.digest = &digest,
	};

	gn_send_message(m->rumors, in, out, &call);
}

/* To the leader, by one that is not the leader. */
static void act_as_member(const struct member *m, const struct gn_input *in, const struct gn_output *out,
			  const struct place *at)
{
	const struct head *h = m->head;
	const uint32_t leader = h->lead - 1;

	switch (at->act) {
	case REPORTING:
		say(m, in, out, leader, REPORT, GN_NO_MEMBER);
		break;
	case SPLITTING:
		say(m, in, out, leader, SPLIT, h->stage == at->stage ? h->part : GN_NO_MEMBER);
		break;
	case RELAYING:
		if (h->stage != at->stage || !h->heard)
			return;
		say(m, in, out, leader, RELAY, h->heard - 1);
		break;
	case PULLING:
		if (!is_merge(m, at) && is_active(m, at, leader))
			return;
		say(m, in, out, leader, PULL, GN_NO_MEMBER);
		break;
	case READY:
		call_leader(m, in, out);
		break;
	case GROW:
	case PUSHING:
		return;
	}
	note_call(m, out, leader);
}

static void act(const struct member *m, const struct gn_input *in, const struct gn_output *out)
{
	const struct place at = place_of(m->schedule, m->head->round);
	const uint32_t lead = m->head->lead;

	if (lead &&
	    (at.act == GROW || (at.act == PUSHING && (is_merge(m, &at) || is_active(m, &at, lead - 1))))) {
		for (uint32_t i = 0; i < m->cluster->fanout; i++)
			say_to_any(m, in, out, PUSH, lead - 1);
	} else if (!lead && at.act == READY) {
		say_to_any(m, in, out, ASK, GN_NO_MEMBER);
	} else if (lead && lead - 1 != m->self) {
		act_as_member(m, in, out, &at);
	}
}

/* ---- the end of a round ---- */

static void will_follow(struct member *m, uint32_t leader)
{
	m->head->next = leader == GN_NO_MEMBER ? 0 : leader + 1;
	m->head->flags |= WILL_CHANGE;
}

static bool leads(const struct member *m)
{
	return m->head->lead == m->self + 1 && !(m->head->flags & WILL_CHANGE);
}

/* What becomes of the leader itself at the end of a stage. The others are told. */
static void conclude(struct member *m)
{
	struct head *h = m->head;
	const struct place at = place_of_stage(m->schedule, h->stage);

	if (!leads(m))
		return;
	if (at.act == SPLITTING && h->flags & LED && h->count < smallest_part(m, &at))
		will_follow(m, GN_NO_MEMBER);
	else if (at.act == PULLING && h->heard)
		will_follow(m, h->heard - 1);
}

/* Something of that stage has come. Return: false if it is too late. With clocks of their own, others may enter a stage
 * before this member has ended the last one. */
static bool enter(struct member *m, const struct place *at)
{
	struct head *h = m->head;

	if (at->stage <= h->stage)
		return at->stage == h->stage;
	conclude(m);
	h->flags = (uint8_t)((h->flags & ~LED) | (leads(m) ? LED : 0));
	h->stage = (uint8_t)at->stage;
	h->count = 1;
	h->part = h->part_before = 0;
	if (at->act == REPORTING || at->act == SPLITTING)
		h->part = h->part_before = m->self;
	return true;
}

/* Share the news once all have reported, or nobody new has for two rounds: some will not, or not to this leader. */
static void consider_sharing(struct member *m)
{
	struct head *h = m->head;

	h->quiet = h->count == h->count_before ? h->quiet + 1 : 0;
	h->count_before = h->count;
	if (h->count >= m->cluster->members || h->quiet >= 2)
		h->flags |= SHARES;
}

static void end_round(struct member *m)
{
	const struct place at = place_of(m->schedule, m->head->round);
	struct head *h = m->head;

	if (leads(m) && enter(m, &at)) {
		if (at.act == SPLITTING || at.act == PULLING)
			conclude(m);
		else if (at.act == READY && !(h->flags & SHARES))
			consider_sharing(m);
	}
	if (!(h->flags & WILL_CHANGE))
		return;
	if (h->lead != h->next)
		h->flags &= (uint8_t) ~(REPORTED | SHARES);
	h->lead = h->next;
	h->flags &= (uint8_t)~WILL_CHANGE;
}

/* ---- what comes in ---- */

/* One of two, both + 1 or 0, whichever came first: each with the same chance. */
static uint32_t either(const struct member *m, uint32_t a, uint32_t b)
{
	const uint64_t salt = gn_hash(m->cluster->seed, m->self);

	if (!a || !b)
		return a ? a : b;
	return gn_hash(salt, a) < gn_hash(salt, b) ? a : b;
}

/* Pushed or relayed. */
static void hear(struct member *m, const struct place *at, uint32_t leader)
{
	struct head *h = m->head;

	if (at->act == GROW && !h->lead)
		will_follow(m, either(m, h->flags & WILL_CHANGE ? h->next : 0, leader + 1) - 1);
	if ((at->act != PUSHING && at->act != RELAYING) || !h->lead || !enter(m, at))
		return;
	if (is_merge(m, at)) {
		if (leader + 1 < (h->heard ? h->heard : h->lead))
			h->heard = leader + 1;
	} else if (!is_active(m, at, h->lead - 1)) {
		h->heard = either(m, h->heard, leader + 1);
	}
}

/* Who has reported: every s-th begins a part. */
static uint32_t count_in(struct member *m, const struct place *at, uint32_t from)
{
	struct head *h = m->head;

	if (h->count++ % smallest_part(m, at) == 0) {
		h->part_before = h->part;
		h->part = from;
	}
	return h->part;
}

/* The leader of one whom count_in() told @told. The last part is of the one before if it is too small. */
static uint32_t part_of(struct member *m, const struct place *at, uint32_t told)
{
	struct head *h = m->head;
	const uint32_t s = smallest_part(m, at);

	if (h->count < s)
		return GN_NO_MEMBER;
	if (h->count % s && (told == h->part || told == GN_NO_MEMBER))
		return h->part_before;
	return told == GN_NO_MEMBER ? h->part : told;
}

/* Somebody takes this member for its leader, which it is not. */
static void refer(const struct member *m, const struct gn_input *in, const struct gn_output *out)
{
	const uint32_t lead = m->head->flags & WILL_CHANGE ? m->head->next : m->head->lead;

	say(m, in, out, in->from, LEAD, lead ? lead - 1 : GN_NO_MEMBER);
}

/* REPORT, SPLIT and PULL, to a leader or to whom somebody takes for one. */
static void answer(struct member *m, const struct gn_input *in, const struct gn_output *out,
		   const struct gn_wire_datagram *d, const struct place *at)
{
	const struct head *h = m->head;

	if (!leads(m))
		refer(m, in, out);
	else if (!enter(m, at))
		return;
	else if (d->kind == REPORT && at->act == REPORTING)
		say(m, in, out, in->from, PART, count_in(m, at, in->from));
	else if (d->kind == SPLIT && at->act == SPLITTING)
		say(m, in, out, in->from, LEAD, part_of(m, at, d->number));
	else if (d->kind == PULL && at->act == PULLING && h->heard)
		say(m, in, out, in->from, LEAD, h->heard - 1);
}

/* Does the sender of the digest know something that is not known here? */
static bool lacks_any(const struct member *m, const struct gn_wire_digest *theirs)
{
	for (uint32_t e = gn_rumors_digest(m->rumors, 0).base; e < theirs->base + theirs->bits; e++) {
		if (!(gn_wire_lacks(theirs, e / 8) >> e % 8 & 1) && !gn_rumors_knows(m->rumors, e))
			return true;
	}
	return false;
}

static void answer_call(struct member *m, const struct gn_input *in, const struct gn_output *out,
			const struct gn_wire_datagram *d)
{
	const struct place ready = place_of(m->schedule, m->schedule->ready);
	const struct gn_wire_digest mine = digest_of(m);
	const struct gn_message wanted = {
		.to = in->from, .kind = WANTED, .number = d->number, .digest = &mine
	};
	const struct gn_message events = {
		.to = in->from, .kind = EVENTS, .number = d->number, .events = true, .asked = &d->digest
	};

	if (!leads(m)) {
		refer(m, in, out);
		return;
	}
	if (d->note && enter(m, &ready)) {
		m->head->count++;
		say(m, in, out, in->from, WELCOME, m->self);
	}
	if (lacks_any(m, &d->digest))
		gn_send_message(m->rumors, in, out, &wanted);
	if (m->head->flags & SHARES)
		gn_send_message(m->rumors, in, out, &events);
}

/* From the leader, or from anybody to one that has none. */
static void take_lead(struct member *m, const struct gn_input *in, const struct gn_wire_datagram *d)
{
	const struct place at = place_of(m->schedule, m->head->round);
	const uint32_t lead = m->head->lead;

	if (lead && lead != in->from + 1)
		return;
	if (d->kind == LEAD)
		will_follow(m, d->number);
	else if (lead && at.act == REPORTING && enter(m, &at))
		m->head->part = d->number;
}

static void take_events(struct member *m, const struct gn_input *in, const struct gn_output *out,
			const struct gn_wire_datagram *d)
{
	const uint8_t *at = d->records;

	for (uint32_t i = 0; i < d->n_records; i++) {
		struct gn_wire_record copy;

		at = gn_wire_next(at, &copy);
		gn_take_record(m->rumors, in, out, d, &copy);
	}
}

static bool is_valid(const struct member *m, const struct gn_wire_datagram *d)
{
	const bool digest = d->kind == CALL || d->kind == WANTED;

	if (d->kind < PUSH || d->kind > EVENTS || d->has_digest != digest ||
	    (d->n_records > 0) != (d->kind == EVENTS))
		return false;
	if (d->kind == PUSH || d->kind == PART || d->kind == RELAY)
		return d->number < m->cluster->members;
	if (d->kind == SPLIT || d->kind == LEAD)
		return d->number < m->cluster->members || d->number == GN_NO_MEMBER;
	return true;
}

static void receive(struct member *m, const struct gn_input *in, const struct gn_output *out,
		    const struct gn_wire_datagram *d)
{
	const struct place at = place_of(m->schedule, d->note);
	const struct gn_message wanted = {
		.to = in->from, .kind = EVENTS, .number = d->number, .events = true, .asked = &d->digest
	};

	switch ((enum kind)d->kind) {
	case PUSH:
	case RELAY:
		hear(m, &at, d->number);
		break;
	case REPORT:
	case SPLIT:
	case PULL:
		answer(m, in, out, d, &at);
		break;
	case ASK:
		if (m->head->lead)
			say(m, in, out, in->from, LEAD, m->head->lead - 1);
		break;
	case PART:
	case LEAD:
		take_lead(m, in, d);
		break;
	case CALL:
		answer_call(m, in, out, d);
		break;
	case WELCOME:
		if (m->head->lead == in->from + 1)
			m->head->flags |= REPORTED;
		break;
	case WANTED:
		gn_send_message(m->rumors, in, out, &wanted);
		break;
	case EVENTS:
		take_events(m, in, out, d);
		break;
	}
}

/* ---- the interface ---- */

static void sizes(const struct gn_cluster *c, struct gn_sizes *ret)
{
	*ret = (struct gn_sizes){
		.head = sizeof(struct head),
		.body = gn_rumors_size(c, 0),
		.shared = sizeof(struct schedule),
	};
}

static void start(struct member *m, const struct gn_input *in)
{
	const uint64_t coin = gn_random_next(in->random) >> 32;

	if ((unsigned __int128)coin * m->schedule->clustering_q32 < (unsigned __int128)1 << 64)
		m->head->lead = m->self + 1;
}

/* Time has moved on: what came before is settled, and a round may have ended. */
static void move_on(struct member *m, const struct gn_input *in)
{
	const bool rounds = m->cluster->clock == GN_CLOCK_ROUNDS;

	gn_rumors_settle(m->rumors, in->now);
	if (rounds ? in->round == m->head->round : in->type != GN_TIMER)
		return;
	end_round(m);
	m->head->round = rounds ? in->round : m->head->round + 1;
}

static int step(const struct gn_cluster *c, void *head, void *body, const struct gn_input *in,
		const struct gn_output *out, uint64_t *deadline)
{
	struct member m = {
		.cluster = c,
		.schedule = c->shared,
		.rumors = { .cluster = c, .head = head, .body = body },
		.head = head,
		.self = in->self,
	};
	struct gn_wire_datagram d;

	switch (in->type) {
	case GN_START:
		if (*deadline != GN_NO_DEADLINE)
			return 0;
		start(&m, in);
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
		return gn_take_publish(m.rumors, in, out);
	}
	return -1;
}

const struct gn_protocol gn_haeupler_malkhi = {
	.abi = GN_PROTOCOL_ABI,
	.name = "haeupler-malkhi",
	.help = "direct addressing: members form clusters, news go by their leaders",
	.fans_out = true,
	.parameters = parameters,
	.n_parameters = sizeof(parameters) / sizeof(parameters[0]),
	.sizes = sizes,
	.prepare = prepare,
	.step = step,
};
