/* SPDX-License-Identifier: MIT */
/*
 * plumtree: epidemic broadcast trees (Leitao, Pereira and Rodrigues, SRDS 2007).
 *
 * A member has a few partners, its view, and each of them is eager or lazy. It pushes an event to the eager ones at once
 * and announces it to the others at its next round (IHAVE). At first all are eager and the first event floods the view's
 * graph; but a second copy of an event is answered by PRUNE, and both ends make that link lazy. What stays eager is a
 * tree, on which an event costs n - 1 pushes. An event that is announced but does not come within graft_timeout rounds
 * is fetched from a partner that announced it (GRAFT), and that link becomes eager: so the tree heals.
 *
 * With overlay: full the view is made of view / 2 rings through all members, in an order drawn by the cluster's seed:
 * symmetric, connected, and nobody needs to be told. Else it is all of the member's partners in the overlay.
 *
 * What differs from the paper: there a link is TCP and loses nothing. Here each end of a link wants to see that the
 * other end has an event: by a push, by PRUNE or by IHAVE, which therefore also answers a push. Who has not seen it after
 * a while repeats its IHAVE, asking for an answer, until it has. In this way every loss is repaired in the end, and
 * without losses a link that is part of the tree carries one push and one IHAVE, any other two IHAVEs. The lazy
 * interval is the period. The tree is not optimised for other origins, and as membership does not change, neither does
 * the view.
 *
 * A link changes as soon as a datagram says so, and of several announcements the first decides whom to ask. So the order
 * of what comes in one moment matters here for what is sent in vain, and under losses for who repairs what.
 */
#include "gossipnet/protocol.h"

enum { VIEW, GRAFT_TIMEOUT };

#define VIEW_MAX    64
#define TIMEOUT_MAX 200

static const struct gn_parameter parameters[] = {
	[VIEW] = { "view", "partners of a member with overlay: full; even", GN_PARAMETER_WHOLE, 2, VIEW_MAX,
		   NULL, 6 },
	[GRAFT_TIMEOUT] = { "graft_timeout", "rounds to wait for an announced event before it is asked for",
			    GN_PARAMETER_WHOLE, 1, TIMEOUT_MAX, NULL, 2 },
};

/* Kinds of datagrams. IHAVE and GRAFT have a digest for a list of events: its bits are those that the sender has, and
 * those that it does not want. PRUNE's number is the event of which there was another copy. */
enum { PUSH = 1, IHAVE, GRAFT, PRUNE };
enum { ASKS = 1 }; /* note of an IHAVE that wants to be answered */

/* A partner's place in the view. */
#define NO_SLOT	  UINT16_MAX
#define SLOTS_MAX UINT16_MAX

struct head {
	struct gn_rumors_head rumors;
	uint32_t work;	  /* an event that is not over + 1, or 0 */
	uint32_t to_push; /* an event that is to be pushed + 1, or 0 */
	uint64_t push;	  /* when, or GN_NO_DEADLINE */
	uint64_t round;	  /* when the next one is due; in the past while there is no work */
};

/* The shared memory. */
struct shape {
	uint32_t slots; /* of the largest view */
	uint32_t words; /* of a bit map of slots */
};

/* What is going on with an event. All but the first and the last are in the list of work. */
enum phase {
	UNHEARD,
	MISSING,   /* announced, but not here */
	LEARNED,   /* to be pushed */
	PUSHED,	   /* and to be announced */
	ANNOUNCED, /* until all partners are known to have it */
	OVER,
};

struct event {
	uint32_t next;	    /* in the list of work + 1, or 0 */
	uint32_t next_push; /* in the list of events to push + 1, or 0 */
	uint16_t slot;	    /* MISSING: whom to ask; else whom it came from, or NO_SLOT */
	uint8_t phase;
	uint8_t wait;	/* rounds until something is to be done */
	uint32_t map[]; /* by slot: has been told by us that we have it; then: is known to have it */
};

/* A member, for the time of a step. */
struct member {
	struct gn_rumors t;
	struct head *head;
	const struct gn_input *in;
	const struct gn_output *out;
	uint32_t words;
	const uint32_t *view; /* ascending; a partner that comes several times counts once */
	uint32_t slots;
	uint32_t *eager; /* bit map of slots */
};

/* ---- memory ---- */

static uint32_t largest_view(const struct gn_cluster *c)
{
	uint32_t most = 1;

	if (!c->peers)
		return (uint32_t)c->parameters[VIEW];
	for (uint32_t m = 0; m < c->members; m++) {
		uint32_t n = c->first_peer[m + 1] - c->first_peer[m];

		most = n > most ? n : most;
	}
	return most;
}

/* Of the map of eager slots and, if it is not the overlay's, the view. */
static size_t view_size(const struct gn_cluster *c, uint32_t slots, uint32_t words)
{
	return (4 * ((size_t)words + (c->peers ? 0 : slots)) + 7) / 8 * 8;
}

static uint32_t event_size(uint32_t words)
{
	return (uint32_t)sizeof(struct event) + 8 * words;
}

static void sizes(const struct gn_cluster *c, struct gn_sizes *ret)
{
	const uint32_t slots = largest_view(c), words = (slots + 31) / 32;

	*ret = (struct gn_sizes){
		.head = sizeof(struct head),
		.body = view_size(c, slots, words) + gn_rumors_size(c, event_size(words)),
		.shared = sizeof(struct shape),
	};
}

static const char *prepare(const struct gn_cluster *c, void *shared)
{
	const uint32_t slots = largest_view(c);

	if (c->avoid_last)
		return "memory: it sends to all partners of its view, and remembers none";
	if (c->parameters[VIEW] % 2)
		return "view: it is made of rings, and each gives a member two partners: an even number";
	if (slots > SLOTS_MAX)
		return "a member has more than 65535 partners: choose another overlay";
	*(struct shape *)shared = (struct shape){ .slots = slots, .words = (slots + 31) / 32 };
	return NULL;
}

static struct member member(const struct gn_cluster *c, void *head, void *body, const struct gn_input *in,
			    const struct gn_output *out)
{
	const struct shape *s = c->shared;
	uint32_t *own = body;
	struct member m = {
		.t = { .cluster = c,
		       .head = &((struct head *)head)->rumors,
		       .body = (uint8_t *)body + view_size(c, s->slots, s->words),
		       .extra = event_size(s->words) },
		.head = head,
		.in = in,
		.out = out,
		.words = s->words,
		.eager = own,
	};

	if (c->peers) {
		m.view = c->peers + c->first_peer[in->self];
		m.slots = c->first_peer[in->self + 1] - c->first_peer[in->self];
	} else {
		m.view = own + s->words;
		m.slots = s->slots;
	}
	return m;
}

static struct event *event_at(const struct member *m, uint32_t event)
{
	return gn_rumors_extra(m->t, event);
}

/* ---- bit maps and slots ---- */

static bool is_set(const uint32_t *map, uint32_t slot)
{
	return map[slot / 32] >> slot % 32 & 1;
}

static void set(uint32_t *map, uint32_t slot)
{
	map[slot / 32] |= UINT32_C(1) << slot % 32;
}

static void clear(uint32_t *map, uint32_t slot)
{
	map[slot / 32] &= ~(UINT32_C(1) << slot % 32);
}

static uint32_t *told(struct event *e)
{
	return e->map;
}

static uint32_t *has(const struct member *m, struct event *e)
{
	return e->map + m->words;
}

/* Does the slot repeat a partner? Then only the first is used. */
static bool repeats(const struct member *m, uint32_t slot)
{
	return slot && m->view[slot] == m->view[slot - 1];
}

/* The first slot of a partner, or NO_SLOT. */
static uint32_t slot_of(const struct member *m, uint32_t partner)
{
	uint32_t low = 0, high = m->slots;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (m->view[middle] < partner)
			low = middle + 1;
		else
			high = middle;
	}
	return low < m->slots && m->view[low] == partner ? low : NO_SLOT;
}

/* ---- the view ---- */

/* Keeps @view, with @n partners up to now, in ascending order. */
static void add_partner(uint32_t *view, uint32_t n, uint32_t partner)
{
	for (; n && view[n - 1] > partner; n--)
		view[n] = view[n - 1];
	view[n] = partner;
}

/* Its neighbours on the rings, which lie behind the map of eager slots. */
static void make_view(const struct member *m)
{
	const uint32_t n = m->t.cluster->members;

	for (uint32_t i = 0; i < m->slots; i += 2) {
		const struct gn_permutation ring = gn_permutation(n, gn_hash(m->t.cluster->seed, i));
		const uint64_t place = gn_permute(&ring, m->in->self);

		add_partner(m->eager + m->words, i, gn_permute_back(&ring, (uint32_t)((place + 1) % n)));
		add_partner(m->eager + m->words, i + 1,
			    gn_permute_back(&ring, (uint32_t)((place + n - 1) % n)));
	}
}

static void start(const struct member *m)
{
	if (!m->t.cluster->peers)
		make_view(m);
	for (uint32_t s = 0; s < m->slots; s++) {
		if (!repeats(m, s))
			set(m->eager, s);
	}
	m->head->push = GN_NO_DEADLINE;
	m->head->round = gn_first_round(m->t.cluster, m->in);
}

/* ---- the list of work ---- */

/* The first round that is still to come: nobody sees those without work, and a late host's are left out. */
static void advance(struct member *m)
{
	while (m->head->round <= m->in->now)
		m->head->round = gn_next_round(m->t.cluster, m->in, m->head->round);
}

static void begin_work(struct member *m, uint32_t event)
{
	if (!m->head->work)
		advance(m);
	event_at(m, event)->next = m->head->work;
	m->head->work = event + 1;
}

static void learned(struct member *m, uint32_t event, uint32_t slot)
{
	struct event *e = event_at(m, event);

	if (e->phase == UNHEARD)
		begin_work(m, event);
	e->phase = LEARNED;
	e->slot = (uint16_t)slot;
	e->next_push = m->head->to_push;
	m->head->to_push = event + 1;
	if (m->head->push == GN_NO_DEADLINE)
		m->head->push = gn_soon(m->t.cluster, m->in->now);
}

/* ---- eager ---- */

static void send_prune(struct member *m, uint32_t slot, uint32_t event)
{
	struct gn_wire_writer w;

	clear(m->eager, slot);
	set(told(event_at(m, event)), slot);
	gn_wire_begin(&w, PRUNE, 0, event, m->in->now);
	m->out->send(m->out->host, m->view[slot], w.data, w.size);
}

/* The link that an event came by becomes eager, if it was not: it was grafted. Of several copies of one moment the link
 * of one stays so. */
static void push(struct member *m, uint32_t event)
{
	struct event *e = event_at(m, event);

	if (e->slot != NO_SLOT)
		set(m->eager, e->slot);
	for (uint32_t s = 0; s < m->slots; s++) {
		if (s == e->slot || !is_set(m->eager, s))
			continue;
		if (is_set(has(m, e), s)) {
			send_prune(m, s, event);
			continue;
		}
		gn_send_event(m->t, m->in, m->out, m->view[s], PUSH, 0, event);
		set(told(e), s);
	}
	e->phase = PUSHED;
	e->wait = 1;
}

static void push_what_is_learned(struct member *m)
{
	uint32_t left = GN_STEP_DATAGRAMS_MAX / 2; /* there may be a round at this moment, too */
	uint32_t *at = &m->head->to_push;

	while (*at && left >= m->slots) {
		const uint32_t event = *at - 1;
		struct event *e = event_at(m, event);

		if (!gn_rumors_is_settled(m->t, event)) {
			at = &e->next_push;
			continue;
		}
		*at = e->next_push;
		left -= m->slots;
		push(m, event);
	}
	m->head->push = m->head->to_push ? gn_soon(m->t.cluster, m->in->now) : GN_NO_DEADLINE;
}

static void receive_push(struct member *m, struct gn_wire_datagram *d, uint32_t slot)
{
	for (uint32_t i = 0; i < d->n_records; i++) {
		struct gn_wire_record copy;

		d->records = gn_wire_next(d->records, &copy);
		const bool is_new = gn_take_record(m->t, m->in, m->out, d, &copy);
		struct event *e = event_at(m, copy.event);

		set(has(m, e), slot);
		if (is_new)
			learned(m, copy.event, slot);
		else if (!gn_rumors_is_settled(m->t, copy.event))
			e->slot = (uint16_t)(slot < e->slot ? slot : e->slot);
		else if (slot != e->slot) /* not a datagram that the network has doubled */
			send_prune(m, slot, copy.event);
	}
}

static void receive_prune(struct member *m, const struct gn_wire_datagram *d, uint32_t slot)
{
	clear(m->eager, slot);
	set(has(m, event_at(m, d->number)), slot);
}

/* ---- lazy ---- */

/* List events that have something to do with a partner: bits in @map, GN_WIRE_DIGEST_BITS from the lowest on. */
static bool list(const struct member *m, uint32_t slot,
		 bool (*belongs)(const struct member *m, struct event *e, uint32_t slot), uint8_t *map,
		 struct gn_wire_digest *ret)
{
	uint32_t base = UINT32_MAX, last = 0;

	for (uint32_t next = m->head->work; next; next = event_at(m, next - 1)->next) {
		if (next - 1 < base && belongs(m, event_at(m, next - 1), slot))
			base = next - 1;
	}
	if (base == UINT32_MAX)
		return false;
	base -= base % 8;
	for (uint32_t i = 0; i < GN_WIRE_DIGEST_BITS / 8; i++)
		map[i] = 0;
	for (uint32_t next = m->head->work; next; next = event_at(m, next - 1)->next) {
		const uint32_t bit = next - 1 - base;

		if (next <= base || bit >= GN_WIRE_DIGEST_BITS || !belongs(m, event_at(m, next - 1), slot))
			continue;
		map[bit / 8] |= (uint8_t)(1u << bit % 8);
		last = bit > last ? bit : last;
	}
	*ret = (struct gn_wire_digest){ .base = base, .bits = last + 1, .map = map };
	return true;
}

static bool is_listed(const struct gn_wire_digest *d, uint32_t bit)
{
	return bit < d->bits && d->map[bit / 8] >> bit % 8 & 1;
}

static void send_list(struct member *m, uint32_t slot, uint8_t kind, uint8_t note,
		      const struct gn_wire_digest *d)
{
	struct gn_wire_writer w;

	gn_wire_begin(&w, kind, note, 0, m->in->now);
	gn_wire_put_digest(&w, d);
	m->out->send(m->out->host, m->view[slot], w.data, w.size);
}

static bool is_to_be_announced(const struct member *m, struct event *e, uint32_t slot)
{
	if (e->wait)
		return false;
	return e->phase == PUSHED ? !is_set(told(e), slot)
				  : e->phase == ANNOUNCED && !is_set(has(m, e), slot);
}

static void announce(struct member *m, uint32_t slot)
{
	uint8_t map[GN_WIRE_DIGEST_BITS / 8], note = 0;
	struct gn_wire_digest d;

	if (!list(m, slot, is_to_be_announced, map, &d))
		return;
	for (uint32_t bit = 0; bit < d.bits; bit++) {
		if (!is_listed(&d, bit))
			continue;
		struct event *e = event_at(m, d.base + bit);

		set(told(e), slot);
		if (e->phase == ANNOUNCED)
			note = ASKS;
	}
	send_list(m, slot, IHAVE, note, &d);
}

static void heard_of(struct member *m, uint32_t event, uint32_t slot)
{
	struct event *e = event_at(m, event);

	set(has(m, e), slot);
	if (e->phase != UNHEARD)
		return;
	begin_work(m, event);
	e->phase = MISSING;
	e->slot = (uint16_t)slot;
	/* A round that is due at this very moment does not count, whether it has been already or not. */
	e->wait = (uint8_t)(m->t.cluster->parameters[GRAFT_TIMEOUT] + (m->head->round <= m->in->now));
}

static void receive_ihave(struct member *m, const struct gn_wire_datagram *d, uint32_t slot)
{
	uint8_t map[GN_WIRE_DIGEST_BITS / 8] = { 0 };
	const struct gn_wire_digest ours = { .base = d->digest.base, .bits = d->digest.bits, .map = map };
	bool any = false;

	for (uint32_t bit = 0; bit < d->digest.bits; bit++) {
		const uint32_t event = d->digest.base + bit;

		if (!is_listed(&d->digest, bit))
			continue;
		heard_of(m, event, slot);
		if (d->note != ASKS || !gn_rumors_is_settled(m->t, event))
			continue;
		map[bit / 8] |= (uint8_t)(1u << bit % 8);
		set(told(event_at(m, event)), slot);
		any = true;
	}
	if (any)
		send_list(m, slot, IHAVE, 0, &ours);
}

/* ---- grafts ---- */

static bool is_to_be_grafted(const struct member *m, struct event *e, uint32_t slot)
{
	(void)m;
	return e->phase == MISSING && !e->wait && e->slot == slot;
}

static void graft(struct member *m, uint32_t slot)
{
	uint8_t map[GN_WIRE_DIGEST_BITS / 8];
	struct gn_wire_digest d;

	if (!list(m, slot, is_to_be_grafted, map, &d))
		return;
	for (uint32_t i = 0; i < sizeof(map); i++)
		map[i] = (uint8_t)~map[i];
	send_list(m, slot, GRAFT, 0, &d);
}

static void receive_graft(struct member *m, const struct gn_wire_datagram *d, uint32_t slot)
{
	const struct gn_message wanted = {
		.to = m->in->from,
		.kind = PUSH,
		.events = true,
		.asked = &d->digest,
	};

	set(m->eager, slot);
	gn_send_message(m->t, m->in, m->out, &wanted);
}

/* The next partner, in turn, that is known to have it. */
static uint16_t next_to_ask(const struct member *m, struct event *e)
{
	uint32_t slot = e->slot;

	do
		slot = (slot + 1) % m->slots;
	while (!is_set(has(m, e), slot));
	return (uint16_t)slot;
}

/* ---- rounds ---- */

static bool all_told(const struct member *m, struct event *e)
{
	for (uint32_t s = 0; s < m->slots; s++) {
		if (!repeats(m, s) && !is_set(told(e), s))
			return false;
	}
	return true;
}

static bool all_have(const struct member *m, struct event *e)
{
	for (uint32_t s = 0; s < m->slots; s++) {
		if (!repeats(m, s) && !is_set(has(m, e), s))
			return false;
	}
	return true;
}

/* What comes next for an event, after a round. */
static void proceed(const struct member *m, struct event *e)
{
	const uint8_t timeout = (uint8_t)m->t.cluster->parameters[GRAFT_TIMEOUT];

	switch ((enum phase)e->phase) {
	case MISSING:
		if (!e->wait) {
			e->slot = next_to_ask(m, e);
			e->wait = (uint8_t)((timeout + 1) / 2);
		}
		break;
	case PUSHED:
	case ANNOUNCED:
		if (all_told(m, e))
			e->phase = all_have(m, e) ? OVER : ANNOUNCED;
		/* By then a partner that has to fetch it will have said that it has it. */
		if (!e->wait)
			e->wait = (uint8_t)(timeout + 1);
		break;
	case UNHEARD:
	case LEARNED:
	case OVER:
		break;
	}
}

static void act(struct member *m)
{
	uint32_t *at = &m->head->work;

	for (uint32_t next = *at; next; next = event_at(m, next - 1)->next) {
		struct event *e = event_at(m, next - 1);

		if (e->wait)
			e->wait--;
	}
	for (uint32_t s = 0; s < m->slots; s++) {
		if (repeats(m, s))
			continue;
		announce(m, s);
		graft(m, s);
	}
	while (*at) {
		struct event *e = event_at(m, *at - 1);

		proceed(m, e);
		if (e->phase == OVER)
			*at = e->next;
		else
			at = &e->next;
	}
	advance(m);
}

/* ---- what comes in ---- */

static bool is_valid(const struct gn_cluster *c, const struct gn_wire_datagram *d)
{
	const bool is_list = d->has_digest && !d->digest.end && !d->n_records;

	switch (d->kind) {
	case PUSH:
		return !d->note && !d->has_digest && d->n_records;
	case IHAVE:
		return (d->note == 0 || d->note == ASKS) && is_list;
	case GRAFT:
		return !d->note && is_list;
	case PRUNE:
		return !d->note && !d->has_digest && !d->n_records && d->number < c->max_events;
	}
	return false;
}

static int receive(struct member *m)
{
	const struct gn_cluster *c = m->t.cluster;
	const uint32_t slot = slot_of(m, m->in->from);
	struct gn_wire_datagram d;

	if (slot == NO_SLOT || gn_wire_read(c, m->in->data, m->in->size, &d) || !is_valid(c, &d))
		return -1;
	gn_rumors_settle(m->t, m->in->now);
	switch (d.kind) {
	case PUSH:
		receive_push(m, &d, slot);
		break;
	case IHAVE:
		receive_ihave(m, &d, slot);
		break;
	case GRAFT:
		receive_graft(m, &d, slot);
		break;
	case PRUNE:
		receive_prune(m, &d, slot);
		break;
	}
	return 0;
}

static int publish(struct member *m)
{
	const struct gn_input *in = m->in;
	const bool is_new = in->event < m->t.cluster->max_events && !gn_rumors_knows(m->t, in->event);

	gn_rumors_settle(m->t, in->now);
	if (gn_take_publish(m->t, in, m->out))
		return -1;
	if (is_new)
		learned(m, in->event, NO_SLOT);
	return 0;
}

static int step(const struct gn_cluster *c, void *head, void *body, const struct gn_input *in,
		const struct gn_output *out, uint64_t *deadline)
{
	struct member m = member(c, head, body, in, out);
	struct head *h = head;
	int r = 0;

	switch (in->type) {
	case GN_START:
		start(&m);
		break;
	case GN_TIMER:
		gn_rumors_settle(m.t, in->now);
		if (h->push <= in->now)
			push_what_is_learned(&m);
		if (h->work && h->round <= in->now)
			act(&m);
		break;
	case GN_DATAGRAM:
		r = receive(&m);
		break;
	case GN_PUBLISH:
		r = publish(&m);
		break;
	}
	*deadline = h->work && h->round < h->push ? h->round : h->push;
	return r;
}

const struct gn_protocol gn_plumtree = {
	.abi = GN_PROTOCOL_ABI,
	.name = "plumtree",
	.help = "eager push on a tree that forms itself, lazy announcements, graft and prune",
	.parameters = parameters,
	.n_parameters = sizeof(parameters) / sizeof(parameters[0]),
	.endless = true,
	.sizes = sizes,
	.prepare = prepare,
	.step = step,
};
