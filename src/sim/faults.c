/* SPDX-License-Identifier: MIT */
#include "sim/faults.h"

#include <stdlib.h>
#include <string.h>

#include "sim/rows.h"
#include "topo/shape.h"

/* LEAVING: told to leave while it slept, it does when it wakes up. */
enum state { RUNS, PAUSED, LEAVING, GONE };

struct member {
	enum state state;
	uint32_t life;	  /* how often it was started anew */
	uint64_t ignores; /* so many of the datagrams that come in */
	struct gn_sim_datagram **waiting;
	size_t n_waiting, cap;
};

struct event {
	enum { PLANNED, WAITING, NEVER, PUBLISHED } state; /* WAITING: its origin is paused */
	uint32_t informed; /* members that count, are not gone, and know it in their present life */
	bool complete;
};

struct gn_sim_faults {
	struct member *members;
	struct event *events;
	uint64_t *ever;	     /* as gn_simulation.known, but for all lives of a member */
	uint32_t living;     /* members that count and are not gone */
	const uint8_t *part; /* by node id; NULL: no partition */
	/* What actions have made of the topology's; NULL: nothing changes them. */
	struct gn_link *links;
};

/* ---- who knows what ---- */

static void renew_complete(struct gn_simulation *s, uint32_t event)
{
	struct event *e = &s->faults->events[event];
	const bool complete =
		e->state == NEVER || (e->state == PUBLISHED && e->informed == s->faults->living);

	s->complete += complete;
	s->complete -= e->complete;
	e->complete = complete;
}

/* The member is gone, or is back. */
static void count_member(struct gn_simulation *s, uint32_t member, bool living)
{
	struct gn_sim_faults *f = s->faults;
	const uint32_t by = living ? 1 : UINT32_MAX; /* one more or one less */

	if (gn_sim_counts(s, member))
		f->living += by;
	for (uint32_t e = 0; e < s->t->n_events; e++) {
		if (gn_sim_counts(s, member) && gn_sim_knows(s, e, member))
			f->events[e].informed += by;
		renew_complete(s, e);
	}
}

bool gn_sim_faults_learn(struct gn_simulation *s, uint32_t event)
{
	const size_t bit = gn_sim_known_bit(s, event, s->in.self);
	const uint64_t mask = UINT64_C(1) << bit % 64;
	const bool never = !(s->faults->ever[bit / 64] & mask);

	s->faults->ever[bit / 64] |= mask;
	s->faults->events[event].informed += gn_sim_counts(s, s->in.self);
	renew_complete(s, event);
	return never;
}

bool gn_sim_faults_publish(struct gn_simulation *s, uint32_t event)
{
	static const int becomes[] = {
		[RUNS] = PUBLISHED, [PAUSED] = WAITING, [LEAVING] = NEVER, [GONE] = NEVER
	};
	const uint32_t origin = gn_member_of(s->t, s->t->events[event].node);
	struct event *e = &s->faults->events[event];

	e->state = becomes[s->faults->members[origin].state];
	if (e->state == NEVER)
		gn_sim_write_unpublished(s, event);
	renew_complete(s, event);
	return e->state == PUBLISHED;
}

bool gn_sim_faults_is_published(const struct gn_simulation *s, uint32_t event)
{
	return s->faults->events[event].state == PUBLISHED;
}

/* ---- members ---- */

bool gn_sim_faults_runs(const struct gn_simulation *s, uint32_t member)
{
	return s->faults->members[member].state == RUNS;
}

/* Return: false: there is no memory to keep it. */
static bool keep_waiting(struct gn_simulation *s, struct member *m, struct gn_sim_datagram *d)
{
	if (gn_grow(&m->waiting, m->n_waiting, &m->cap, sizeof(*m->waiting))) {
		s->failed =
			gn_fail(s->err, -ENOMEM, "out of memory for the datagrams that wait for a member");
		return false;
	}
	m->waiting[m->n_waiting++] = d;
	return true;
}

enum gn_sim_admission gn_sim_faults_admit(struct gn_simulation *s, uint32_t member, struct gn_sim_datagram *d)
{
	struct member *m = &s->faults->members[member];

	if (m->state >= LEAVING)
		return GN_SIM_LOST;
	if (m->state == PAUSED)
		return keep_waiting(s, m, d) ? GN_SIM_WAITS : GN_SIM_LOST;
	if (!m->ignores)
		return GN_SIM_TAKEN;
	m->ignores--;
	return GN_SIM_IGNORED;
}

/* It counts no more, and what it was to publish does not come. */
static void bury(struct gn_simulation *s, uint32_t member)
{
	for (uint32_t e = 0; e < s->t->n_events; e++) {
		if (s->faults->events[e].state != WAITING ||
		    gn_member_of(s->t, s->t->events[e].node) != member)
			continue;
		s->faults->events[e].state = NEVER;
		gn_sim_write_unpublished(s, e);
	}
	count_member(s, member, false);
}

static void end(struct gn_simulation *s, uint32_t member)
{
	struct member *m = &s->faults->members[member];

	for (size_t i = 0; i < m->n_waiting; i++)
		gn_sim_events_drop(s, m->waiting[i]);
	m->n_waiting = 0;
	m->ignores = 0;
	m->state = GONE;
	gn_sim_events_stop(s, member);
}

static void kill_member(struct gn_simulation *s, uint32_t member)
{
	end(s, member);
	bury(s, member);
}

static void leave(struct gn_simulation *s, uint32_t member)
{
	struct member *m = &s->faults->members[member];

	if (m->state == PAUSED) {
		m->state = LEAVING;
	} else {
		gn_sim_events_run_timer_early(s, member);
		end(s, member);
	}
	bury(s, member);
}

static void restart(struct gn_simulation *s, uint32_t member)
{
	struct member *m = &s->faults->members[member];

	m->state = RUNS;
	m->life++;
	memset(gn_sim_head(s, member), 0, s->tail_at);
	memset(gn_sim_body(s, member), 0, s->body_size);
	s->randoms[member].state = gn_rand_seed(s->t->seed, GN_RAND_PROTOCOL, gn_rand_life(member, m->life));
	for (uint32_t e = 0; e < s->t->n_events; e++) {
		const size_t bit = gn_sim_known_bit(s, e, member);

		s->known[bit / 64] &= ~(UINT64_C(1) << bit % 64);
	}
	if (s->counters)
		s->counters[member].informed = 0;
	count_member(s, member, true);
	s->in = (struct gn_input){
		.type = GN_START, .self = member, .from = GN_NO_MEMBER, .now = s->in.now, .round = s->in.round
	};
	s->engine->feed(s);
}

/* What came in is taken before timers, as by a process that goes on waiting for its socket; then it publishes. */
static void resume(struct gn_simulation *s, uint32_t member)
{
	struct member *m = &s->faults->members[member];
	const bool leaves = m->state == LEAVING;
	const size_t n = m->n_waiting;

	m->state = RUNS;
	if (leaves) {
		gn_sim_events_run_timer_early(s, member);
		end(s, member);
		return;
	}
	m->n_waiting = 0;
	for (size_t i = 0; i < n; i++)
		gn_sim_events_arrive(s, m->waiting[i]);
	gn_sim_events_run_timers(s, member);
	for (uint32_t e = 0; e < s->t->n_events; e++) {
		if (s->faults->events[e].state == WAITING &&
		    gn_member_of(s->t, s->t->events[e].node) == member)
			gn_sim_publish(s, e);
	}
}

/* ---- the network ---- */

bool gn_sim_faults_part(struct gn_simulation *s, uint32_t from, uint32_t to)
{
	const uint8_t *part = s->faults->part;

	if (!part || part[gn_node_of(s->t, from)] == part[gn_node_of(s->t, to)])
		return false;
	s->result->partition_drops++;
	return true;
}

static int shape_network(struct gn_simulation *s, const struct gn_action *a)
{
	const struct gn_shape *values = a->what == GN_ACTION_SET ? &a->values[0] : &s->t->network;

	return gn_shape_apply(&s->network, values, a->fields, s->err);
}

static int shape_links(struct gn_simulation *s, const struct gn_action *a)
{
	int r = 0;

	for (uint32_t i = 0; !r && i < a->n_targets; i++) {
		const uint32_t d = a->targets[i];
		struct gn_shape *shape = &s->faults->links[d / 2].shape[d % 2];
		const struct gn_shape *values =
			a->what == GN_ACTION_SET ? &a->values[i] : &s->t->links[d / 2].shape[d % 2];

		r = gn_shape_apply(shape, values, a->fields, s->err);
		if (!r)
			r = gn_sim_network_shape(gn_sim_events_network(s), d, shape, s->err);
	}
	return r;
}

static void cut_links(struct gn_simulation *s, const struct gn_action *a)
{
	for (uint32_t i = 0; i < a->n_targets; i++)
		gn_sim_network_down(gn_sim_events_network(s), a->targets[i], a->what == GN_ACTION_DOWN);
}

/* ---- actions ---- */

/* Return: why an action has no effect on a member, or "". */
static const char *why_idle(const struct member *m, enum gn_action_what what)
{
	switch (what) {
	case GN_ACTION_KILL:
	case GN_ACTION_LEAVE:
	case GN_ACTION_DROP_NEXT:
		return m->state >= LEAVING ? "no effect: it does not run" : "";
	case GN_ACTION_RESTART:
		return m->state == GONE ? "" : "no effect: it runs";
	case GN_ACTION_PAUSE:
		return m->state == RUNS ? "" : "no effect: it does not run, or sleeps";
	case GN_ACTION_RESUME:
		return m->state == PAUSED || m->state == LEAVING ? "" : "no effect: it does not sleep";
	default: /* a processor and memory are what a simulated node does not use */
		return "no effect in virtual time";
	}
}

static void act_on_member(struct gn_simulation *s, const struct gn_action *a, uint32_t member)
{
	struct member *m = &s->faults->members[member];

	switch (a->what) {
	case GN_ACTION_KILL:
		return kill_member(s, member);
	case GN_ACTION_LEAVE:
		return leave(s, member);
	case GN_ACTION_RESTART:
		return restart(s, member);
	case GN_ACTION_PAUSE:
		m->state = PAUSED;
		return;
	case GN_ACTION_RESUME:
		return resume(s, member);
	default: /* GN_ACTION_DROP_NEXT */
		m->ignores = a->value;
		return;
	}
}

/* Return: 0; or what is wrong. */
static int act_on_network(struct gn_simulation *s, const struct gn_action *a)
{
	switch (a->what) {
	case GN_ACTION_SET:
	case GN_ACTION_RESET:
		return s->t->ideal ? shape_network(s, a) : shape_links(s, a);
	case GN_ACTION_DOWN:
	case GN_ACTION_UP:
		cut_links(s, a);
		return 0;
	case GN_ACTION_PARTITION:
		s->faults->part = a->part;
		return 0;
	default: /* GN_ACTION_HEAL */
		s->faults->part = NULL;
		return 0;
	}
}

void gn_sim_faults_act(struct gn_simulation *s, uint32_t action)
{
	const struct gn_action *a = &s->t->actions[action];
	int r = 0;

	if (a->what <= GN_ACTION_HEAL) {
		gn_sim_write_action(s, a, GN_NONE, "");
		r = act_on_network(s, a);
	} else {
		for (uint32_t i = 0; i < a->n_targets; i++) {
			const uint32_t member = gn_member_of(s->t, a->targets[i]);
			const char *why = why_idle(&s->faults->members[member], a->what);

			gn_sim_write_action(s, a, a->targets[i], why);
			if (!*why)
				act_on_member(s, a, member);
		}
	}
	if (r && !s->failed)
		s->failed = r;
}

/* ---- the beginning and the end ---- */

static int copy_links(struct gn_simulation *s)
{
	const struct gn_topology *t = s->t;
	bool wanted = false;

	for (uint32_t i = 0; i < t->n_actions; i++)
		wanted |= t->actions[i].what == GN_ACTION_SET && !t->ideal;
	if (!wanted)
		return 0;
	s->faults->links = malloc(t->n_links * sizeof(*t->links));
	if (!s->faults->links)
		return -ENOMEM;
	memcpy(s->faults->links, t->links, t->n_links * sizeof(*t->links));
	return 0;
}

static void schedule(struct gn_simulation *s)
{
	const bool rounds = s->cluster.clock == GN_CLOCK_ROUNDS;
	const gn_dur period = s->cluster.period;

	for (uint32_t i = 0; i < s->t->n_actions; i++) {
		const gn_time at = s->t->actions[i].at;

		gn_sim_events_schedule_action(s, rounds ? (at + period - 1) / period * period : at, i);
	}
}

int gn_sim_faults_init(struct gn_simulation *s)
{
	const size_t members = s->cluster.members, events = s->t->n_events;
	struct gn_sim_faults *f = calloc(1, sizeof(*f));

	s->faults = f;
	if (f) {
		f->members = calloc(members, sizeof(*f->members));
		f->events = calloc(events + 1, sizeof(*f->events));
		f->ever = calloc(members * events / 64 + 1, sizeof(*f->ever));
	}
	if (!f || !f->members || !f->events || !f->ever || copy_links(s))
		return gn_fail(s->err, -ENOMEM, "out of memory for the schedule");
	f->living = s->result->counted;
	schedule(s);
	return 0;
}

void gn_sim_faults_done(struct gn_simulation *s)
{
	struct gn_sim_faults *f = s->faults;

	if (!f)
		return;
	for (uint32_t m = 0; f->members && m < s->cluster.members; m++)
		free(f->members[m].waiting);
	free(f->members);
	free(f->events);
	free(f->ever);
	free(f->links);
	free(f);
	s->faults = NULL;
}
