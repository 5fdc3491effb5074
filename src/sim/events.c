/* SPDX-License-Identifier: MIT */
/*
 * Any clock and any network: a queue of what is to happen, ordered by (time, sequence). It holds one timer for each member
 * that has asked for one, the schedule, and the datagrams under way.
 */
#include <string.h>

#include "sim/events.h"
#include "sim/faults.h"
#include "sim/netem.h"
#include "sim/pool.h"
#include "sim/wheel.h"

/* Look at this machine's clock after so many things. */
#define TICK_EVENTS 1024

/* What is known of a member here. A timer in the queue that is not `deadline` has been asked for and given up. */
struct tail {
	gn_time deadline;
	uint32_t sent, received; /* calls, from one multiple of the period to the next */
};

struct gn_sim_datagram {
	gn_time sent;
	struct gn_sim_flight flight; /* over links; not used on an ideal network */
	uint32_t from, to;	     /* members */
	uint16_t size;
	uint16_t answers; /* how many datagrams of this one moment led to it, each in answer to the last */
	bool call;	  /* not sent in answer to a datagram */
	uint8_t tag;	  /* of the sender, enum gn_tag; GN_TAG_NONE where it matters be it without effect */
	uint8_t data[];
};

enum { KIND_BITS = 2, KIND_MASK = 3 };
/* The lowest bits of what an entry is; the others are the datagram's address, the member, the event. */
enum kind { DATAGRAM, TIMER, PUBLICATION, ACTION };

struct events {
	struct gn_wheel wheel;
	struct gn_pool pool;
	struct gn_sim_network *network;	 /* NULL: ideal */
	struct gn_sim_datagram *leaving; /* the one that the network is asked about */
	bool landed;			 /* it is under way again */
	uint16_t answers;		 /* for what is sent in answer to the input at hand */
	uint8_t room[GN_DATAGRAM_MAX];	 /* gn_output.room */
	gn_time window_end;		 /* when the members' sent and received begin anew */
	bool window_used;
};

static inline struct tail *tail_of(const struct gn_simulation *s, uint32_t member)
{
	return gn_sim_tail(s, member);
}

static void out_of_memory(struct gn_simulation *s)
{
	if (!s->failed)
		s->failed = gn_fail(s->err, -ENOMEM, "out of memory for datagrams and timers");
}

static void schedule(struct gn_simulation *s, gn_time t, enum kind kind, uint64_t what)
{
	struct events *e = s->state;

	if (!gn_wheel_put(&e->wheel, t, what | kind))
		out_of_memory(s);
}

/* ---- datagrams ---- */

/* A member's tag, by its head. What GN_TAG_FRESH adds holds for a moment only, and few datagrams take no time. */
static uint8_t tag_of(const uint8_t *head)
{
	return *head == GN_TAG_FRESH ? GN_TAG_NONE : *head;
}

static struct gn_sim_datagram *new_datagram(struct gn_simulation *s, const struct gn_sim_datagram *like,
					    const uint8_t *data)
{
	struct events *e = s->state;
	struct gn_sim_datagram *d = gn_pool_take(&e->pool, sizeof(*d) + like->size);

	if (!d) {
		out_of_memory(s);
		return NULL;
	}
	*d = *like;
	memcpy(d->data, data, like->size);
	return d;
}

static void free_datagram(struct events *e, struct gn_sim_datagram *d)
{
	gn_pool_give(&e->pool, d, sizeof(*d) + d->size);
}

static void schedule_datagram(struct gn_simulation *s, gn_time t, const struct gn_sim_datagram *d)
{
	schedule(s, t, DATAGRAM, (uintptr_t)d);
}

/* The network's answer: a copy of the datagram @e->leaving comes somewhere at @when. */
static void land(void *host, const struct gn_sim_flight *f, gn_time when)
{
	struct gn_simulation *s = host;
	struct events *e = s->state;
	struct gn_sim_datagram *d = e->leaving;

	if (e->landed)
		d = new_datagram(s, d, d->data);
	if (!d)
		return;
	e->landed = true;
	d->flight = *f;
	schedule_datagram(s, when, d);
}

static void move(struct gn_simulation *s, struct gn_sim_datagram *d)
{
	struct events *e = s->state;
	const struct gn_sim_flight from = d->flight;

	e->leaving = d;
	e->landed = false;
	int r = gn_sim_network_move(e->network, &from, s->in.now, land, s, s->failed ? NULL : s->err);

	if (!s->failed)
		s->failed = r;
	if (!e->landed)
		free_datagram(e, d);
}

/* How long a datagram takes on an ideal network; as netem: uniform in [delay - jitter, delay + jitter). */
static gn_dur draw_delay(struct gn_simulation *s)
{
	const struct gn_shape *n = &s->network;

	if (n->distribution)
		return gn_sim_netem_delay(n, &s->rand);
	return n->jitter ? n->delay - n->jitter + gn_rand_below(&s->rand, 2 * n->jitter) : n->delay;
}

static void count_call(struct gn_simulation *s)
{
	struct events *e = s->state;
	uint32_t sent = ++tail_of(s, s->in.self)->sent;

	e->window_used = true;
	if (sent > s->result->largest_fan_out)
		s->result->largest_fan_out = sent;
}

static void send(void *host, uint32_t to, const uint8_t *data, size_t size)
{
	struct gn_simulation *s = host;
	struct events *e = s->state;
	struct gn_sim_datagram like = {
		.sent = s->in.now, .from = s->in.self, .to = to, .size = (uint16_t)size
	};

	if (!gn_sim_may_send(s, to, data, size))
		return;
	like.call = s->in.type != GN_DATAGRAM;
	if (s->protocol->tagged && !s->counters)
		like.tag = tag_of(gn_sim_head(s, s->in.self));
	like.answers = like.call ? 0 : e->answers;
	if (like.call)
		count_call(s);
	if (s->counters) {
		s->counters[s->in.self].datagrams_sent++;
		s->counters[s->in.self].bytes_sent += size;
	}
	if (s->faults && gn_sim_faults_part(s, s->in.self, to))
		return;
	if (e->network) {
		like.flight = gn_sim_flight(gn_node_of(s->t, s->in.self), gn_node_of(s->t, to), size);
		struct gn_sim_datagram *d = new_datagram(s, &like, data);

		if (d)
			move(s, d);
		return;
	}
	for (unsigned copies = gn_sim_copies(s, to); copies; copies--) {
		struct gn_sim_datagram *d = new_datagram(s, &like, data);

		if (d)
			schedule_datagram(s, s->in.now + draw_delay(s), d);
	}
}

/* ---- inputs ---- */

static void feed(struct gn_simulation *s)
{
	struct tail *tail = tail_of(s, s->in.self);
	gn_time after = tail->deadline;

	gn_sim_check_return(s,
			    gn_sim_step(s, gn_sim_head(s, s->in.self), gn_sim_body(s, s->in.self), &after));
	if (after == tail->deadline && s->in.type != GN_TIMER)
		return;
	gn_sim_blame(s, gn_output_check_deadline(&s->in, tail->deadline, after));
	if (s->counters && s->in.type == GN_START && !s->in.now) /* the first of its lives */
		s->counters[s->in.self].phase_ns = after;
	tail->deadline = after;
	if (after != GN_NO_DEADLINE)
		schedule(s, GN_MAX(after, s->in.now), TIMER, (uint64_t)s->in.self << KIND_BITS);
}

static inline void count_received(struct gn_simulation *s, const struct gn_sim_datagram *d)
{
	if (!s->counters)
		return;
	s->counters[d->to].datagrams_received++;
	s->counters[d->to].bytes_received += d->size;
}

static void receive(struct gn_simulation *s, const struct gn_sim_datagram *d)
{
	struct events *e = s->state;
	struct tail *tail = tail_of(s, d->to);

	if (d->call && ++tail->received > s->result->largest_in_degree)
		s->result->largest_in_degree = tail->received;
	e->window_used |= d->call;
	count_received(s, d);
	if (d->tag && d->tag == tag_of(gn_sim_head(s, d->to)))
		return;
	e->answers = d->sent == s->in.now ? d->answers + 1 : 0;
	s->in.type = GN_DATAGRAM;
	s->in.self = d->to;
	s->in.from = d->from;
	s->in.data = d->data;
	s->in.size = d->size;
	feed(s);
	if (e->answers > GN_SIM_ANSWERS_MAX)
		gn_sim_blame(s, "answers answers without end");
}

/* The present deadline may be another than the one that was asked for; and one may be missed, by a member that slept. */
static void run_timer(struct gn_simulation *s, uint32_t member)
{
	if (tail_of(s, member)->deadline > s->in.now || (s->faults && !gn_sim_faults_runs(s, member)))
		return;
	if (s->counters)
		s->counters[member].timers++;
	s->in.type = GN_TIMER;
	s->in.self = member;
	s->in.from = GN_NO_MEMBER;
	s->in.data = NULL;
	s->in.size = 0;
	feed(s);
}

/* ---- for faults.c ---- */

struct gn_sim_network *gn_sim_events_network(struct gn_simulation *s)
{
	return ((struct events *)s->state)->network;
}

void gn_sim_events_schedule_action(struct gn_simulation *s, gn_time t, uint32_t action)
{
	schedule(s, t, ACTION, (uint64_t)action << KIND_BITS);
}

void gn_sim_events_arrive(struct gn_simulation *s, struct gn_sim_datagram *d)
{
	switch (s->faults ? gn_sim_faults_admit(s, d->to, d) : GN_SIM_TAKEN) {
	case GN_SIM_WAITS:
		return;
	case GN_SIM_TAKEN:
		receive(s, d);
		break;
	case GN_SIM_IGNORED:
		count_received(s, d);
		if (s->counters)
			s->counters[d->to].ignored++;
		break;
	case GN_SIM_LOST:
		break;
	}
	free_datagram(s->state, d);
}

void gn_sim_events_drop(struct gn_simulation *s, struct gn_sim_datagram *d)
{
	free_datagram(s->state, d);
}

void gn_sim_events_run_timers(struct gn_simulation *s, uint32_t member)
{
	if (tail_of(s, member)->deadline <= s->in.now)
		run_timer(s, member);
}

void gn_sim_events_run_timer_early(struct gn_simulation *s, uint32_t member)
{
	struct tail *tail = tail_of(s, member);

	if (tail->deadline == GN_NO_DEADLINE)
		return;
	tail->deadline = s->in.now;
	run_timer(s, member);
}

void gn_sim_events_stop(struct gn_simulation *s, uint32_t member)
{
	tail_of(s, member)->deadline = GN_NO_DEADLINE;
}

/* What is under way has come to a node: unless the network was cut meanwhile. */
static bool goes_on(struct gn_simulation *s, const struct gn_sim_datagram *d)
{
	const struct events *e = s->state;

	return (!e->network || gn_sim_network_arrives(e->network, &d->flight)) &&
	       !gn_sim_faults_part(s, d->from, d->to);
}

/* ---- the run ---- */

/* The period is over that largest_fan_out and largest_in_degree are of. */
static void begin_window(struct gn_simulation *s)
{
	struct events *e = s->state;

	e->window_end = s->in.now - s->in.now % s->cluster.period + s->cluster.period;
	if (e->window_end < s->in.now)
		e->window_end = GN_NEVER;
	if (!e->window_used)
		return;
	for (uint32_t m = 0; m < s->cluster.members; m++)
		tail_of(s, m)->sent = tail_of(s, m)->received = 0;
	e->window_used = false;
}

static void carry_out(struct gn_simulation *s, uint64_t what)
{
	struct events *e = s->state;

	switch ((enum kind)(what & KIND_MASK)) {
	case DATAGRAM: {
		struct gn_sim_datagram *d = (struct gn_sim_datagram *)(uintptr_t)what;

		if (s->faults && !goes_on(s, d))
			free_datagram(e, d);
		else if (e->network && d->flight.at != d->flight.to)
			move(s, d);
		else
			gn_sim_events_arrive(s, d);
		return;
	}
	case TIMER:
		run_timer(s, (uint32_t)(what >> KIND_BITS));
		return;
	case PUBLICATION:
		gn_sim_publish(s, (uint32_t)(what >> KIND_BITS));
		return;
	case ACTION:
		gn_sim_faults_act(s, (uint32_t)(what >> KIND_BITS));
		return;
	}
}

GN_SIM_FETCH void fetch_member(const struct gn_simulation *s, uint32_t member)
{
	__builtin_prefetch(gn_sim_head(s, member), 1);
	__builtin_prefetch(gn_sim_body(s, member), 1);
}

/* What it needs is somewhere in memory: have it brought here. */
static void on_approach(void *host, uint64_t what, enum gn_wheel_approach how)
{
	const struct gn_simulation *s = host;

	switch ((enum kind)(what & KIND_MASK)) {
	case DATAGRAM:
		if (how == GN_WHEEL_FAR)
			__builtin_prefetch((const void *)(uintptr_t)what);
		else
			fetch_member(s, ((const struct gn_sim_datagram *)(uintptr_t)what)->to);
		return;
	case TIMER:
		fetch_member(s, (uint32_t)(what >> KIND_BITS));
		__builtin_prefetch(&s->randoms[what >> KIND_BITS], 1);
		return;
	case PUBLICATION:
	case ACTION:
		return;
	}
}

static void start(struct gn_simulation *s)
{
	for (uint32_t m = 0; m < s->cluster.members; m++)
		tail_of(s, m)->deadline = GN_NO_DEADLINE;
	if (s->t->n_actions) /* before what else happens at their moments */
		s->failed = gn_sim_faults_init(s);
	for (uint32_t i = 0; i < s->t->n_events; i++)
		schedule(s, s->t->events[i].at, PUBLICATION, (uint64_t)i << KIND_BITS);
	begin_window(s);
	gn_sim_start(s);
}

static void run_events(struct gn_simulation *s)
{
	struct events *e = s->state;
	struct gn_wheel_entry next;

	start(s);
	for (uint64_t n = 0; !(s->t->until_informed && gn_sim_is_informed(s)); n++) {
		if ((n % TICK_EVENTS == 0 && gn_sim_tick(s)) || s->failed || s->fault)
			return;
		int r = gn_wheel_take(&e->wheel, &next);

		if (r < 0)
			out_of_memory(s);
		if (r <= 0 || next.t > s->t->duration) {
			s->in.now = s->t->duration;
			return;
		}
		s->in.now = next.t;
		if (s->cluster.clock == GN_CLOCK_ROUNDS)
			s->in.round = (uint32_t)(next.t / s->cluster.period);
		if (next.t >= e->window_end)
			begin_window(s);
		carry_out(s, next.what);
	}
}

static void take_counts(struct gn_simulation *s, const struct gn_sim_network_counts *c)
{
	s->result->lost = c->lost;
	s->result->queue_drops = c->queue_drops;
	s->result->corrupted = c->corrupted;
	s->result->down_drops = c->down_drops;
}

static int run(struct gn_simulation *s)
{
	struct events e = { .wheel = { .approach = on_approach, .host = s } };
	int r = 0;

	s->state = &e; /* cppcheck-suppress autoVariables ; until the end of this function */
	s->output.room = e.room;
	if (!s->t->ideal)
		r = gn_sim_network_new(s->t, &e.network, s->err);
	if (!r)
		run_events(s);
	if (e.network)
		take_counts(s, gn_sim_network_counts(e.network));
	gn_sim_faults_done(s);
	gn_sim_network_free(e.network);
	gn_pool_done(&e.pool);
	gn_wheel_done(&e.wheel);
	s->state = s->output.room = NULL;
	return r ? r : s->failed;
}

const struct gn_sim_engine gn_sim_events = {
	.tail = sizeof(struct tail),
	.run = run,
	.feed = feed,
	.send = send,
	.send_slowly = send,
};
