/* SPDX-License-Identifier: MIT */
/*
 * A gossip protocol as a state machine without input or output of its own ("sans-IO").
 *
 * The host (a live node process, the simulator, a test) feeds it what happens and carries out what it
 * answers. A protocol has no clock, no socket, no thread, no memory but what it is given, allocates nothing,
 * and draws its random numbers from the generator that it is handed: same inputs, same outputs, to the byte.
 *
 * Times are unsigned nanoseconds; which zero is the host's affair. The nodes of the cluster are members
 * 0 .. members - 1. Events are numbered by the host, 0 .. max_events - 1, the same at every member. A node
 * transmits only what it knew strictly before `now`: nothing crosses two nodes in no time, and it does not
 * matter in which order the inputs of one moment come.
 *
 * A protocol of one's own: a shared object that exports `const struct gn_protocol gossipnet_protocol`, used by
 * `protocol: ./mine.so` in a topology file. gossipnet-protocol(3) has a whole example.
 */
#ifndef GOSSIPNET_PROTOCOL_H
#define GOSSIPNET_PROTOCOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define GN_PROTOCOL_ABI	  4    /* changes when this header changes incompatibly */
#define GN_DATAGRAM_MAX	  1400 /* bytes of UDP payload, as hashicorp/memberlist */
#define GN_PAYLOAD_MAX	  1024 /* bytes of one event's payload */
#define GN_NO_DEADLINE	  UINT64_MAX
#define GN_NO_MEMBER	  UINT32_MAX
#define GN_PARAMETERS_MAX 16
/* Datagrams that one step may send, at most: more is an error of the protocol. */
#define GN_STEP_DATAGRAMS_MAX (UINT32_C(1) << 24)

/* ---- what a protocol is told ---- */

/* When the members act. */
enum gn_clock {
	GN_CLOCK_PERIODIC, /* every period, each member with a random phase of its own */
	GN_CLOCK_POISSON,  /* after exponentially distributed times of mean `period` */
	GN_CLOCK_ROUNDS,   /* all at the same moments, the multiples of `period`; in the simulator only */
};

/* What all members share: made by the host, constant. */
struct gn_cluster {
	uint32_t members; /* cluster size, >= 2 */
	uint32_t fanout;  /* partners per round, >= 1; a protocol that honours this says so by .fans_out */
	uint64_t period;  /* ns, > 0: time between two rounds of a member */
	enum gn_clock clock;
	uint32_t max_events;  /* event numbers are below this, >= 1 */
	uint32_t max_payload; /* bytes, <= GN_PAYLOAD_MAX: no event carries more */
	uint64_t seed;	      /* for what must be random and the same at all members */
	/* Whom a member may draw for a call: member m's partners are peers[first_peer[m]] up to
	 * peers[first_peer[m + 1] - 1], ascending, possibly none, possibly one several times. Both NULL: everybody
	 * else. */
	const uint32_t *first_peer, *peers;
	bool avoid_last; /* never call the partner of the last call again if there is another */
	/* When to stop passing an event on (`forget:`); a protocol that honours this says so by .forgets. */
	uint32_t forget_after;	    /* rounds in which it is passed on; 0: no end */
	uint32_t lost_interest_ppm; /* probability, in millionths, to stop after each such round */
	const int64_t *parameters;  /* values for gn_protocol.parameters, in that order */
	const void *shared;	    /* what gn_protocol.prepare() has left, aligned to 16, or NULL */
};

enum gn_parameter_type {
	GN_PARAMETER_WHOLE,    /* a whole number */
	GN_PARAMETER_DECIMAL,  /* a number, in millionths: 2.5 is 2500000 */
	GN_PARAMETER_DURATION, /* ns; written with a unit */
	GN_PARAMETER_CHOICE,   /* place in .choices */
	GN_PARAMETER_SWITCH,   /* 0 or 1; written false or true */
};

/* A key that the protocol adds to `gossip:` in a topology file. */
struct gn_parameter {
	const char *name, *help; /* name: a lower-case letter, then those, digits and _, 31 at most */
	enum gn_parameter_type type;
	int64_t min, max;	    /* inclusive, of the value as above */
	const char *const *choices; /* NULL-terminated */
	int64_t value;		    /* the default */
};

/* A member's own source of random numbers: splitmix64 (Steele, Lea and Flood, OOPSLA 2014). The host seeds it. */
struct gn_random {
	uint64_t state;
};

enum gn_input_type {
	GN_START,    /* once, first */
	GN_TIMER,    /* the deadline of the last answer has come */
	GN_DATAGRAM, /* from, data, size */
	GN_PUBLISH,  /* event, data, size: this member is the event's origin */
};

struct gn_input {
	enum gn_input_type type;
	uint32_t self;		  /* the member that this step is of */
	uint32_t round;		  /* GN_CLOCK_ROUNDS: now / period; else 0 */
	uint64_t now;		  /* never goes back between inputs of a member */
	struct gn_random *random; /* of this member; nobody else draws from it */
	uint32_t from;		  /* the sender, another member; the host knows it by its address */
	uint32_t event;
	const uint8_t *data; /* borrowed for the call */
	size_t size;
};

/* ---- what it answers ---- */

/* An event has come to this member. */
struct gn_delivery {
	uint32_t event;
	uint32_t via;		/* the member it came from; GN_NO_MEMBER at its origin */
	uint64_t sent;		/* when the datagram was sent, the sender's clock */
	uint32_t hop;		/* transmissions since the origin; 0 there */
	int first;		/* 1 the first time here, else 0 */
	const uint8_t *payload; /* borrowed for the call */
	size_t size;
};

/* Calls made by the protocol during step(), carried out by the host in order. */
struct gn_output {
	void *host;
	/* @to: another member. @size: 1 .. GN_DATAGRAM_MAX. The data are copied, unless they were made in the room. */
	void (*send)(void *host, uint32_t to, const uint8_t *data, size_t size);
	void (*deliver)(void *host, const struct gn_delivery *d);
	void (*call)(void *host, uint32_t round,
		     uint32_t partner); /* a partner was drawn in this round; for the log; may be NULL */
	/* GN_DATAGRAM_MAX bytes of the host's, not aligned: whoever makes a datagram there saves its copying. After each
	 * send() the room is elsewhere, and what was in the old one is lost. */
	uint8_t *room;
};

#define GN_SIZE_MAX (UINT64_C(1) << 40) /* of each */

/* Bytes that the host provides, zeroed, aligned to 8, those of all members together to 16. A member's state may be in two
 * parts: the head, touched by every input, and the body, for what a member needs once it has something to say. With
 * ten million members a small head is what makes a simulation fast; a protocol that does not care has no head. */
struct gn_sizes {
	size_t head, body; /* of each member */
	size_t shared;	   /* once, for tables that all members read */
};

/*
 * What a member of a protocol that is .tagged says of itself in the first byte of its head. Its promise: a datagram
 * that is sent while the sender's tag is GN_TAG_NOTHING or GN_TAG_ALL, to a member that has the same tag when it comes,
 * or had it before that at the same moment, changes nothing there and makes it send nothing; all it may do is deliver
 * further copies. A member that has become GN_TAG_FRESH counts as either while that moment lasts: there is nothing that it
 * does not know, and nothing yet that it may tell, so what it sends is as from GN_TAG_NOTHING; afterwards it counts as
 * GN_TAG_ALL, and must say so before it sends anything. A host that does not need to know of such datagrams need not feed them. In a spread through ten million
 * members most are such.
 */
enum gn_tag {
	GN_TAG_NONE,	/* no promise */
	GN_TAG_NOTHING, /* knows no event */
	GN_TAG_ALL,	/* knows all events that there will ever be */
	GN_TAG_FRESH,	/* the same, but knew none before the moment at which it became so */
};

/* Members in->self, the next one ... up to end - 1. The parts of their state lie one behind the other, and so do their sources
 * of random numbers from in->random on. */
struct gn_members {
	uint8_t *heads, *bodies;     /* those of in->self */
	size_t head_step, body_step; /* bytes from one member's to the next one's */
	uint32_t end;
};

struct gn_protocol {
	uint32_t abi;		 /* GN_PROTOCOL_ABI */
	const char *name, *help; /* name: as a parameter's, and -; help: one line */
	const struct gn_parameter *parameters;
	uint32_t n_parameters; /* <= GN_PARAMETERS_MAX */
	bool fans_out;	       /* honours fanout; else a topology may not set it, but to 1 */
	bool forgets;	       /* honours forget_after and lost_interest_ppm */
	bool endless;	       /* goes on until everybody knows, whatever is lost, unless told to forget */
	bool tagged;	       /* has a head that begins with an enum gn_tag, as a byte */

	/* How much memory the protocol needs in this cluster. */
	void (*sizes)(const struct gn_cluster *cluster, struct gn_sizes *ret);

	/* Check the configuration and fill the shared memory, once, before any step. May be NULL.
	 * Return: NULL, or what is wrong with the configuration, a constant sentence. */
	const char *(*prepare)(const struct gn_cluster *cluster, void *shared);

	/* Feed one input. Return: 0; -1: a datagram that does not parse, the state is unchanged and nothing was
	 * sent. *deadline holds the present deadline (GN_NO_DEADLINE before the start) and may be changed: when
	 * to feed GN_TIMER, or as soon after it as possible; GN_NO_DEADLINE: not until something else
	 * happens. It must be later than @now, but for one case: when GN_TIMER came late, the next deadline
	 * need only be later than the one that was missed. */
	int (*step)(const struct gn_cluster *cluster, void *head, void *body, const struct gn_input *in,
		    const struct gn_output *out, uint64_t *deadline);

	/* Feed GN_TIMER, due now, to many members one after the other, as step() would: where there are millions,
	 * going from one to the next is most of the work. May be NULL; whoever has it calls it in step() too, so
	 * that there is one code. It stops behind a member whose tag it has changed; before one that does not ask
	 * for the deadline now + period; before one that does not make `fanout` calls, or none, of one datagram each;
	 * and wherever it likes: that member is for step(). It sends no more datagrams than a step may. @in: self and
	 * random are kept those of the member at hand. Return: the member before which it stopped, or @m->end. */
	uint32_t (*rounds)(const struct gn_cluster *cluster, const struct gn_members *m, struct gn_input *in,
			   const struct gn_output *out);
};

/* What a shared object exports. */
extern const struct gn_protocol gossipnet_protocol;

/* ---- random numbers, rounds and partners ---- */

static inline uint64_t gn_mix(uint64_t z)
{
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* 64 uniform bits. */
static inline uint64_t gn_random_next(struct gn_random *r)
{
	return gn_mix(r->state += UINT64_C(0x9e3779b97f4a7c15));
}

/* Uniform in [0, @n), without bias (Lemire, ACM TOMACS 29(1), 2019). @n > 0. */
static inline uint32_t gn_random_below(struct gn_random *r, uint32_t n)
{
	uint64_t m = (gn_random_next(r) >> 32) * n;

	if ((uint32_t)m < n) {
		uint32_t threshold = -n % n;

		while ((uint32_t)m < threshold)
			m = (gn_random_next(r) >> 32) * n;
	}
	return (uint32_t)(m >> 32);
}

/* A hash of two numbers: for what all members must decide alike. */
static inline uint64_t gn_hash(uint64_t a, uint64_t b)
{
	return gn_mix(gn_mix(a + UINT64_C(0x9e3779b97f4a7c15)) ^ (b + UINT64_C(0x9e3779b97f4a7c15)));
}

/* A partner for a call: uniform among the member's peers. GN_NO_MEMBER: it has none. */
static inline uint32_t gn_draw_partner(const struct gn_cluster *c, const struct gn_input *in)
{
	if (c->peers) {
		uint32_t first = c->first_peer[in->self], n = c->first_peer[in->self + 1] - first;

		return n ? c->peers[first + gn_random_below(in->random, n)] : GN_NO_MEMBER;
	}
	uint32_t other = gn_random_below(in->random, c->members - 1);

	return other + (other >= in->self);
}

/* For a cluster that says avoid_last: another partner than the last one if there is one, uniform among the places of the
 * list that name another. *@last: the last one + 1, 0 before the first; set to this one's. */
uint32_t gn_draw_another(const struct gn_cluster *c, const struct gn_input *in, uint32_t *last);

/* Exponentially distributed, of that mean, at least 1. Integer arithmetic: the same on every machine. */
uint64_t gn_random_exponential(struct gn_random *r, uint64_t mean);

/* The deadline of a member's first round, drawn at GN_START, and of the one after that which was due at @due. */
uint64_t gn_first_round(const struct gn_cluster *c, const struct gn_input *in);
uint64_t gn_next_round(const struct gn_cluster *c, const struct gn_input *in, uint64_t due);

/* The earliest moment at which something learned now may be passed on: at once, but strictly later; with the clock of
 * rounds the next round. */
static inline uint64_t gn_soon(const struct gn_cluster *c, uint64_t now)
{
	return c->clock == GN_CLOCK_ROUNDS ? now - now % c->period + c->period : now + 1;
}

/* Logarithms and powers in fixed point, 32 bits behind the point: the same on every machine. @x >= 1. */
uint64_t gn_log2_q32(uint64_t x);
uint64_t gn_ln_q32(uint64_t x);
/* 2^(-x / 2^32) * 2^63; 0 when that is too small. */
uint64_t gn_exp2_minus_q63(uint64_t x);

/* A permutation of 0 .. n - 1 that all members know without a table: the same key, the same permutation. Each way costs
 * some 40 ns. (A Feistel network of which one walks the cycles: Black and Rogaway, CT-RSA 2002.) */
struct gn_permutation {
	uint64_t key;
	uint32_t n, side;
};

/* @n: 1 .. 2^32 - 1. */
struct gn_permutation gn_permutation(uint32_t n, uint64_t key);
/* Where @i goes, and what goes to @i; @i < n. */
uint32_t gn_permute(const struct gn_permutation *p, uint32_t i);
uint32_t gn_permute_back(const struct gn_permutation *p, uint32_t i);

/* ---- datagrams ---- */

/*
 * The datagram format of the built-in protocols, version 2. At most GN_DATAGRAM_MAX bytes; numbers are in
 * network byte order (big endian). The sender is known from the source address and not in the datagram.
 *
 *   byte     0       1       2       3
 *        +-------+-------+-------+-------+
 *      0 |  'G'  |  'n'  |version| kind  |   kind: the protocol's own
 *        +-------+-------+-------+-------+
 *      4 | flags | note  |    records    |   flags: 1 a digest follows, 2 the digest reaches the end
 *        +-------+-------+-------+-------+   note: the protocol's own
 *      8 |            number             |   the protocol's own; mostly the caller's round
 *        +-------------------------------+
 *     12 |                               |
 *        |             sent              |   ns, the sender's clock
 *        |                               |
 *        +-------------------------------+
 *     20 |  digest, if flags say so, then `records` records, and nothing behind them
 *
 *   digest: base (4 bytes, a multiple of 8), bits (2 bytes), map ((bits + 7) / 8 bytes, lowest bit first,
 *           unused bits 0). Bit i says whether the sender knows event base + i. Nothing is asked about the events
 *           below base. From base + bits on the sender knows nothing if the digest reaches the end; else nothing
 *           is asked about those either.
 *   record: event (4), origin (4), hop (4), size (2), note (2; the protocol's own), payload (size bytes). hop
 *           counts the transmissions from the origin to the sender.
 */
#define GN_WIRE_VERSION	      2
#define GN_WIRE_HEADER	      20
#define GN_WIRE_DIGEST_HEADER 6
#define GN_WIRE_RECORD_HEADER 16
/* Events that one digest speaks of: 1 KiB of map, so that small events still fit behind it. */
#define GN_WIRE_DIGEST_BITS 8192
#define GN_WIRE_RECORDS_MAX ((GN_DATAGRAM_MAX - GN_WIRE_HEADER) / GN_WIRE_RECORD_HEADER)
/* A hop is added for each transmission: far above any path, far below the type's end. */
#define GN_WIRE_HOP_MAX (UINT32_C(1) << 30)

struct gn_wire_digest {
	uint32_t base, bits;
	bool end; /* nothing is known from base + bits on */
	const uint8_t *map;
};

struct gn_wire_record {
	uint32_t event, origin, hop;
	uint16_t note;
	const uint8_t *payload;
	size_t size;
};

/* A datagram that was read; points into the data it was read from. */
struct gn_wire_datagram {
	uint8_t kind, note;
	uint32_t number;
	uint64_t sent;
	bool has_digest;
	struct gn_wire_digest digest;
	uint32_t n_records;
	const uint8_t *records; /* for gn_wire_next() */
};

/* Read a datagram from anybody. Return: 0; -1: not exactly one valid datagram, @ret is untouched. Events, origins
 * and sizes are below the cluster's limits; kind and notes are for the protocol to check. */
int gn_wire_read(const struct gn_cluster *c, const uint8_t *data, size_t size, struct gn_wire_datagram *ret);

/* Take the record at @at apart; @at is `records` of a datagram or what the last call returned, at most n_records
 * times. Return: the place of the next one. */
const uint8_t *gn_wire_next(const uint8_t *at, struct gn_wire_record *ret);

/* Does the sender of the digest say that it lacks these eight events? A bit for each of 8 * @byte .. 8 * @byte + 7. */
uint8_t gn_wire_lacks(const struct gn_wire_digest *d, uint32_t byte);

/* A datagram being written: begin, at most one digest, then records while they fit. */
struct gn_wire_writer {
	uint8_t data[GN_DATAGRAM_MAX];
	size_t size;
	uint32_t n_records;
};

void gn_wire_begin(struct gn_wire_writer *w, uint8_t kind, uint8_t note, uint32_t number, uint64_t sent);
void gn_wire_put_digest(struct gn_wire_writer *w, const struct gn_wire_digest *d);

/* Return: false if there is no room; the datagram is then as before. A record of GN_PAYLOAD_MAX always fits behind
 * a header alone. */
bool gn_wire_put_record(struct gn_wire_writer *w, const struct gn_wire_record *r);

/* ---- what a member knows ---- */

/*
 * Its events, with their payloads. An event that comes in is known at once but settled only when time has moved
 * on; all that a member sends rests on settled events.
 */

struct gn_rumor {
	uint32_t origin, hop; /* of the first copy */
	uint32_t
		next_or_rounds; /* not settled: the next such event + 1; settled: rounds in which it was passed on;
				 * forgotten, in GN_CLOCK_ROUNDS: the round in which it was */
	uint16_t sent;		/* transmissions by this member; stays at 65535 */
	uint16_t size_and_flags;
};

/* Enough to see that there is nothing to say or to learn, which is all that most of a member's inputs need. */
struct gn_rumors_head {
	uint8_t tag;	 /* enum gn_tag, for protocols that are .tagged */
	uint8_t settled; /* which events are, of a cluster that has no more than eight; else 1 if any is */
	uint8_t unused[2];
	uint32_t fresh; /* an event that is known but not settled + 1, or 0 */
};

/* A member's table, to be passed by value: laid out over a gn_rumors_head in its head and
 * gn_rumors_size() bytes in its body. All zeros is an empty table. */
struct gn_rumors {
	const struct gn_cluster *cluster;
	struct gn_rumors_head *head;
	uint8_t *body;	/* aligned to 8 */
	uint32_t extra; /* bytes of the protocol's own for each event, a multiple of 4 */
};

/* A multiple of 8. */
size_t gn_rumors_size(const struct gn_cluster *c, uint32_t extra);

/* Begin of every step: what was learned before @now is settled. */
void gn_rumors_settle_slowly(struct gn_rumors t, uint64_t now);
static inline void gn_rumors_settle(struct gn_rumors t, uint64_t now)
{
	if (t.head->fresh)
		gn_rumors_settle_slowly(t, now);
}

bool gn_rumors_knows(struct gn_rumors t, uint32_t event);
bool gn_rumors_is_settled(struct gn_rumors t, uint32_t event);
/* Of a known event. */
struct gn_rumor *gn_rumors_at(struct gn_rumors t, uint32_t event);
/* The protocol's own bytes for an event, known or not; zero at first; aligned to 4, and to 8 if `extra` is a
 * multiple of 8. */
void *gn_rumors_extra(struct gn_rumors t, uint32_t event);

/* Take in a copy; the payload is copied. Return: true if the event is new here. */
bool gn_rumors_learn(struct gn_rumors t, uint64_t now, const struct gn_wire_record *copy, uint32_t hop);

/* The same for a record of a datagram, and for an event that is published here; and tell the host. GN_PUBLISH with
 * an event or size beyond the limits: -1. */
bool gn_take_record(struct gn_rumors t, const struct gn_input *in, const struct gn_output *out,
		    const struct gn_wire_datagram *d, const struct gn_wire_record *copy);
int gn_take_publish(struct gn_rumors t, const struct gn_input *in, const struct gn_output *out);

/* A known event, ready to be written; note is 0. */
struct gn_wire_record gn_rumors_record(struct gn_rumors t, uint32_t event);

/* Stop passing a known event on; it stays known. And pass it on again. */
void gn_rumors_forget(struct gn_rumors t, uint32_t event);
void gn_rumors_resume(struct gn_rumors t, uint32_t event);
bool gn_rumors_is_forgotten(struct gn_rumors t, uint32_t event);

/* Of the settled events from @from on, the first, or max_events. */
uint32_t gn_rumors_next(struct gn_rumors t, uint32_t from);
/* No event from here on is settled. */
uint32_t gn_rumors_end(struct gn_rumors t);

/* What is settled, as a digest that points into the table. With more than GN_WIRE_DIGEST_BITS events between the
 * first gap and the last known event, one part of them; @turn chooses which, modulo the number of parts. */
struct gn_wire_digest gn_rumors_digest(struct gn_rumors t, uint32_t turn);

/* At most so many datagrams carry what one call or one reply has to say: that bounds what it can put into the queue of
 * a slow link, and leaves room for some 100 events of 40 bytes, or for 4 of the largest. */
#define GN_MESSAGE_DATAGRAMS 4

/* One call or reply: what gn_send_message() makes datagrams of. */
struct gn_message {
	uint32_t to;
	uint8_t kind, note;
	uint32_t number;
	const struct gn_wire_digest *digest; /* what the receiver shall answer, or NULL */
	bool events;			     /* carry settled events that are not forgotten ... */
	const struct gn_wire_digest *asked;  /* ... that this digest lacks, or, if NULL, all */
};

/*
 * Send it, unless it says nothing. Events that this member has transmitted least often come first, the newest
 * (highest number) first among equals. So every event gets its turn, however many are in flight, and a stream of
 * new ones delays an old one but cannot silence it: each new one is ahead only until it has been transmitted as
 * often. Return: the number of events that were sent.
 */
uint32_t gn_send_message(struct gn_rumors t, const struct gn_input *in, const struct gn_output *out,
			 const struct gn_message *m);

/* Send one event, as a datagram of its own. */
void gn_send_event(struct gn_rumors t, const struct gn_input *in, const struct gn_output *out, uint32_t to,
		   uint8_t kind, uint32_t number, uint32_t event);

/* ---- the machine of push, pull and push-pull ---- */

/*
 * Once a round a member draws partners and calls each. A call pushes events, or asks by a digest for those that the
 * caller lacks, or both; a partner that is asked answers with what it knows and the caller lacks, and not at all
 * if that is nothing.
 *
 * - The partners depend on the seed and the round alone, never on what arrived: the first number drawn is the
 *   phase, then come the partners of each round, whatever the member knows.
 * - A host that comes late makes up the missed rounds, all of them and in order, but at most
 *   GN_ROUNDS_AT_ONCE in one step; the deadline then lies in the past, so that the host gets to look at its
 *   datagrams before it feeds the next timer.
 */
#define GN_ROUNDS_AT_ONCE 4

enum gn_exchange_direction { GN_EXCHANGE_PUSH = 1, GN_EXCHANGE_PULL = 2 };
/* Kinds of its datagrams; a protocol that builds on the machine has its own from GN_EXCHANGE_KINDS on. */
enum gn_exchange_kind { GN_EXCHANGE_CALL = 1, GN_EXCHANGE_REPLY = 2, GN_EXCHANGE_KINDS = 3 };

/* What of it differs from protocol to protocol; constant. */
struct gn_exchange {
	unsigned directions; /* of enum gn_exchange_direction */
	/* Calls in this round, or NULL: the cluster's fanout. */
	uint32_t (*calls)(const struct gn_cluster *c, void *own, const struct gn_input *in);
	/* A datagram of another kind; NULL: does not parse. As step(), after gn_rumors_settle(). */
	int (*other)(const struct gn_cluster *c, struct gn_rumors t, void *own, const struct gn_input *in,
		     const struct gn_output *out, const struct gn_wire_datagram *d);
	/* After an event was learned, published here or received; once for each. May be NULL. */
	void (*learned)(const struct gn_cluster *c, struct gn_rumors t, void *own, const struct gn_input *in,
			uint32_t event);
	uint32_t own;	/* bytes of the protocol's own in a member's body, a multiple of 8: `own` above */
	uint32_t extra; /* bytes of its own for each event: gn_rumors_extra() */
};

/* Parts of a protocol that is such a machine; its shared memory and `own` stay the protocol's. */
void gn_exchange_sizes(const struct gn_cluster *c, const struct gn_exchange *x, struct gn_sizes *ret);
int gn_exchange_step(const struct gn_cluster *c, const struct gn_exchange *x, void *head, void *body,
		     const struct gn_input *in, const struct gn_output *out, uint64_t *deadline);
uint32_t gn_exchange_rounds(const struct gn_cluster *c, const struct gn_exchange *x,
			    const struct gn_members *m, struct gn_input *in, const struct gn_output *out);
/* The table of such a member, and its own part. */
struct gn_rumors gn_exchange_rumors(const struct gn_cluster *c, const struct gn_exchange *x, void *head,
				    void *body);
void *gn_exchange_own(const struct gn_cluster *c, const struct gn_exchange *x, void *body);

#ifdef __cplusplus
}
#endif

#endif
