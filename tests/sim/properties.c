/* SPDX-License-Identifier: MIT */
/*
 * What holds in every simulation, whatever the protocol and the network, over many random scenarios.
 *
 *   properties            all of them
 *   properties NUMBER     one, again; its file stays
 *
 * The simulator writes its results into a store. Here that is not the one of src/store but one that looks at each row as it
 * comes: see struct gn_store.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "plugin/plugin.h"
#include "proto/proto.h"
#include "scenario.h"
#include "sim/sim.h"
#include "topo/load.h"

#define SCENARIOS   10500 /* of which some are refused */
#define RUNS_WANTED 10000

enum property { ONCE, VIA, HOPS, DELAY, FAULTS, EVERYBODY, COUNTS, SAME, PROPERTIES };

static const char *const property_names[PROPERTIES] = {
	[ONCE] = "an event comes first exactly once to each node that it comes to",
	[VIA] = "what is passed on was known strictly before it was sent",
	[HOPS] = "a node is one hop further than the one that told it",
	[DELAY] = "nothing comes sooner than the network's delay",
	[FAULTS] = "the dead and the sleeping neither speak nor hear, nor do the parted each other",
	[EVERYBODY] = "who may be told is told in the end, whatever is lost",
	[COUNTS] = "the curves and counts are those of the rows",
	[SAME] = "run twice, every scenario gives the same rows",
};

enum state { UP, ASLEEP, LEAVING, DEAD }; /* LEAVING: as soon as it wakes up */

/* What an action has made of a node, in the order of time. */
struct change {
	gn_time t;
	uint32_t node;
	enum state state;
};

/* A partition, or that there is none. */
struct parting {
	gn_time t;
	const uint8_t *part;
};

/* What a run is held against, and what it gave so far. */
struct gn_store {
	const struct gn_topology *t;
	const gn_dur *distance; /* [from * n_nodes + to]: no way is faster */
	gn_time *ever;		/* [event * n_nodes + node]: first arrival, or GN_NEVER */
	gn_time *learned;	/* likewise, in the node's present life */
	uint32_t *hop;		/* likewise */
	gn_time *published;	/* by event, or GN_NEVER */
	bool *never;		/* by event: its origin died before it could be published */
	gn_time *born;		/* by node: its present life's beginning */
	struct change *changes;
	size_t n_changes, changes_cap;
	struct parting *partings;
	size_t n_partings, partings_cap;
	uint32_t action; /* the next one of the topology's */
	uint64_t calls;
	uint64_t hash; /* of all rows, in their order */
	uint64_t checked[PROPERTIES];
	enum property broken;
	char fault[256]; /* "": none so far */
};

static GN_PRINTF(3, 4) void fail(struct gn_store *s, enum property p, const char *format, ...)
{
	va_list ap;

	if (*s->fault)
		return;
	s->broken = p;
	va_start(ap, format);
	vsnprintf(s->fault, sizeof(s->fault), format, ap);
	va_end(ap);
}

static void add_number(struct gn_store *s, uint64_t n)
{
	s->hash = gn_hash(s->hash, n);
}

static void add_text(struct gn_store *s, const char *text)
{
	for (; *text; text++)
		add_number(s, (uint8_t)*text);
}

/* ---- what was done to nodes ---- */

/* After all that was done to the node until @t. */
static enum state state_at(const struct gn_store *s, uint32_t node, gn_time t)
{
	enum state state = UP;

	for (size_t i = 0; i < s->n_changes && s->changes[i].t <= t; i++) {
		if (s->changes[i].node == node)
			state = s->changes[i].state;
	}
	return state;
}

/* Was it up at @t, be it before or behind what was done to it at that moment? */
static bool was_up(const struct gn_store *s, uint32_t node, gn_time t)
{
	enum state state = UP;
	bool up = false;

	for (size_t i = 0; i < s->n_changes && s->changes[i].t <= t; i++) {
		if (s->changes[i].node != node)
			continue;
		up |= s->changes[i].t == t && state == UP;
		state = s->changes[i].state;
	}
	return up || state == UP;
}

static bool woke_up(const struct gn_store *s, uint32_t node, gn_time t)
{
	for (size_t i = 0; i < s->n_changes; i++) {
		if (s->changes[i].node == node && s->changes[i].t == t && s->changes[i].state == UP)
			return true;
	}
	return false;
}

static void change(struct gn_store *s, uint32_t node, gn_time t, enum state state)
{
	if (gn_grow(&s->changes, s->n_changes, &s->changes_cap, sizeof(*s->changes)))
		return fail(s, SAME, "no memory");
	s->changes[s->n_changes++] = (struct change){ t, node, state };
}

/* @state: DEAD, or LEAVING. */
static void die(struct gn_store *s, uint32_t node, gn_time t, enum state state)
{
	change(s, node, t, state);
	for (uint32_t e = 0; e < s->t->n_events; e++) {
		if (s->t->events[e].node == node && s->t->events[e].at < t && s->published[e] == GN_NEVER)
			s->never[e] = true;
	}
}

static void begin_life(struct gn_store *s, uint32_t node, gn_time t)
{
	change(s, node, t, UP);
	s->born[node] = t;
	for (uint32_t e = 0; e < s->t->n_events; e++)
		s->learned[(size_t)e * s->t->n_nodes + node] = GN_NEVER;
}

static void act_on_node(struct gn_store *s, enum gn_action_what what, uint32_t node, gn_time t)
{
	const enum state state = state_at(s, node, t);

	if (what == GN_ACTION_LEAVE && state == ASLEEP)
		die(s, node, t, LEAVING);
	else if ((what == GN_ACTION_KILL || what == GN_ACTION_LEAVE) && state <= ASLEEP)
		die(s, node, t, DEAD);
	else if (what == GN_ACTION_RESTART && state == DEAD)
		begin_life(s, node, t);
	else if (what == GN_ACTION_PAUSE && state == UP)
		change(s, node, t, ASLEEP);
	else if (what == GN_ACTION_RESUME && (state == ASLEEP || state == LEAVING))
		change(s, node, t, UP);
	if (what == GN_ACTION_RESUME && state == LEAVING)
		change(s, node, t, DEAD);
}

/* The row of an action, of which there is one for each of its nodes. @target: its name. */
static void act(struct gn_store *s, gn_time t, const char *target)
{
	const struct gn_action *a = &s->t->actions[s->action];
	char name[GN_NODE_NAME_MAX + 1];

	if (t < a->at)
		fail(s, FAULTS, "an action is carried out before its time");
	if (a->what == GN_ACTION_PARTITION || a->what == GN_ACTION_HEAL) {
		if (gn_grow(&s->partings, s->n_partings, &s->partings_cap, sizeof(*s->partings)))
			return fail(s, SAME, "no memory");
		s->partings[s->n_partings++] = (struct parting){ t, a->part };
	}
	if (a->what <= GN_ACTION_HEAL) {
		s->action++;
		return;
	}
	for (uint32_t i = 0; i < a->n_targets; i++) {
		if (strcmp(gn_node_name(s->t, a->targets[i], name), target))
			continue;
		act_on_node(s, a->what, a->targets[i], t);
		s->action += i + 1 == a->n_targets;
		return;
	}
	fail(s, FAULTS, "an action is carried out on %s", target);
}

/* Was a partition between them in force at @t, before and behind it? */
static bool are_parted(const struct gn_store *s, uint32_t a, uint32_t b, gn_time t)
{
	const uint8_t *part = NULL;

	for (size_t i = 0; i < s->n_partings && s->partings[i].t <= t; i++) {
		if (s->partings[i].t == t)
			return false;
		part = s->partings[i].part;
	}
	return part && part[a] != part[b];
}

static void check_faults(struct gn_store *s, const struct gn_arrival *a)
{
	const gn_time sent = (gn_time)a->sent, t = (gn_time)a->t;

	s->checked[FAULTS]++;
	if (!was_up(s, a->node, t) || (a->via != GN_NONE && !was_up(s, a->via, sent)))
		fail(s, FAULTS,
		     "event %u: comes to node %u at %" PRId64 " ns, but somebody is dead or asleep", a->event,
		     a->node, a->t);
	/* What waits for a node that sleeps came earlier. */
	if (a->via != GN_NONE && (are_parted(s, a->via, a->node, sent) ||
				  (are_parted(s, a->via, a->node, t) && !woke_up(s, a->node, t))))
		fail(s, FAULTS, "event %u: crosses a partition to node %u at %" PRId64 " ns", a->event,
		     a->node, a->t);
}

/* ---- the store ---- */

int gn_store_meta(struct gn_store *s, const char *key, const char *text, struct gn_err *err)
{
	(void)err;
	add_text(s, key);
	add_text(s, text);
	return 0;
}

int gn_store_meta_int(struct gn_store *s, const char *key, int64_t value, struct gn_err *err)
{
	(void)err;
	if (!strcmp(key, "wall_ns")) /* of this machine's clock: the one row that may differ */
		return 0;
	add_text(s, key);
	add_number(s, (uint64_t)value);
	return 0;
}

int gn_store_event(struct gn_store *s, uint32_t event, const struct gn_event_plan *plan, int64_t t,
		   struct gn_err *err)
{
	(void)err;
	add_number(s, event);
	add_number(s, (uint64_t)t);
	if ((s->t->n_actions ? (gn_time)t < plan->at || !was_up(s, plan->node, (gn_time)t)
			     : (gn_time)t != plan->at) ||
	    plan != &s->t->events[event])
		fail(s, ONCE, "event %u is published at %" PRId64 " ns, not as planned", event, t);
	s->published[event] = (gn_time)t;
	return 0;
}

/* A first or further copy that came from another node. */
static void check_passed_on(struct gn_store *s, const struct gn_arrival *a)
{
	const size_t from = (size_t)a->event * s->t->n_nodes + a->via;
	const gn_dur distance = s->distance[(size_t)a->via * s->t->n_nodes + a->node];

	s->checked[VIA]++;
	s->checked[HOPS]++;
	s->checked[DELAY]++;
	if (s->born[a->via] && (gn_time)a->sent <= s->born[a->via])
		; /* by what it knew in an earlier life */
	else if (s->learned[from] == GN_NEVER || (gn_time)a->sent <= s->learned[from])
		fail(s, VIA, "event %u: node %u sent it to %u at %" PRId64 " ns, before it knew it", a->event,
		     a->via, a->node, a->sent);
	else if (a->hop != s->hop[from] + 1 || (!s->t->n_actions && a->hop > s->t->gossip.n_members))
		fail(s, HOPS, "event %u: came with hop %u to node %u from %u, which has it with hop %u",
		     a->event, a->hop, a->node, a->via, s->hop[from]);
	if ((gn_time)a->t < (gn_time)a->sent + distance)
		fail(s, DELAY,
		     "event %u: from node %u at %" PRId64 " ns to %u at %" PRId64 " ns, in less than %" PRIu64
		     " ns",
		     a->event, a->via, a->sent, a->node, a->t, distance);
}

int gn_store_arrival(struct gn_store *s, const struct gn_arrival *a, struct gn_err *err)
{
	const uint64_t row[] = { a->event,	 a->node,	    a->via,  a->hop,
				 (uint64_t)a->t, (uint64_t)a->sent, a->first };
	const size_t at = (size_t)a->event * s->t->n_nodes + a->node;

	(void)err;
	for (size_t i = 0; i < GN_ARRAY_LEN(row); i++)
		add_number(s, row[i]);
	s->checked[ONCE]++;
	if (a->first != (s->ever[at] == GN_NEVER))
		fail(s, ONCE, "event %u: an arrival at node %u that is%s the first", a->event, a->node,
		     a->first ? "" : " not");
	if (a->via == GN_NONE ? a->hop || a->node != s->t->events[a->event].node || !a->first ||
					(gn_time)a->t != s->published[a->event]
			      : (gn_time)a->t < s->published[a->event])
		fail(s, ONCE, "event %u: its origin is not node %u at %" PRId64 " ns", a->event, a->node,
		     a->t);
	if (a->via != GN_NONE)
		check_passed_on(s, a);
	if (s->t->n_actions)
		check_faults(s, a);
	if (s->learned[at] == GN_NEVER) {
		s->learned[at] = (gn_time)a->t;
		s->hop[at] = a->hop;
	}
	if (s->ever[at] == GN_NEVER)
		s->ever[at] = (gn_time)a->t;
	return 0;
}

int gn_store_action(struct gn_store *s, int64_t t, const char *what, const char *target, const char *detail,
		    struct gn_err *err)
{
	(void)err;
	add_number(s, (uint64_t)t);
	add_text(s, what);
	add_text(s, target ? target : "");
	add_text(s, detail ? detail : "");
	if (strcmp(what, "publish") && strcmp(what, "unpublished"))
		act(s, (gn_time)t, target);
	return 0;
}

int gn_store_call(struct gn_store *s, uint32_t node, uint32_t round, int64_t t, uint32_t partner,
		  struct gn_err *err)
{
	(void)err;
	add_number(s, node);
	add_number(s, round);
	add_number(s, (uint64_t)t);
	add_number(s, partner);
	s->calls++;
	return 0;
}

int gn_store_coverage(struct gn_store *s, uint32_t event, uint32_t informed, int64_t t, struct gn_err *err)
{
	(void)err;
	(void)informed;
	fail(s, COUNTS, "event %u: a curve at %" PRId64 " ns, where arrivals are asked for", event, t);
	return 0;
}

int gn_store_node_stat(struct gn_store *s, uint32_t node, const char *key, int64_t value, struct gn_err *err)
{
	(void)err;
	add_number(s, node);
	add_text(s, key);
	add_number(s, (uint64_t)value);
	return 0;
}

int gn_store_commit(struct gn_store *s, struct gn_err *err)
{
	(void)s;
	(void)err;
	return 0;
}

/* ---- what to hold a run against ---- */

/* No packet is faster. */
static gn_dur least_delay(const struct gn_shape *s)
{
	return s->distribution || s->reorder_ppm ? 0 : s->delay - s->jitter;
}

static bool is_changed(const struct gn_topology *t)
{
	for (uint32_t i = 0; i < t->n_actions; i++) {
		if (t->actions[i].what == GN_ACTION_SET)
			return true;
	}
	return false;
}

/* The shortest times between all nodes over all links that carry anything, whatever routes say (Floyd and Warshall). */
static gn_dur *distances(const struct gn_topology *t)
{
	const size_t n = t->n_nodes;
	gn_dur *d = malloc(n * n * sizeof(*d));

	for (size_t i = 0; d && i < n * n; i++)
		d[i] = i / n == i % n || is_changed(t) ? 0
		       : t->ideal		       ? least_delay(&t->network)
						       : GN_NEVER / 2;
	for (uint32_t i = 0; d && i < 2 * t->n_links; i++) {
		const struct gn_link *l = &t->links[i / 2];
		const struct gn_shape *s = &l->shape[i % 2];
		gn_dur *best = &d[l->node[i % 2] * n + l->node[1 - i % 2]];

		if (!l->blocked)
			*best = GN_MIN(*best, least_delay(s));
	}
	for (size_t k = 0; d && k < n; k++) {
		for (size_t i = 0; i < n; i++) {
			for (size_t j = 0; j < n; j++)
				d[i * n + j] = GN_MIN(d[i * n + j], d[i * n + k] + d[k * n + j]);
		}
	}
	return d;
}

/* Mark the members that a chain of partners leads to from @member. */
static void mark_reachable(const struct gn_gossip *g, uint32_t member, bool *reachable)
{
	uint32_t queue[256], n = 0;

	memset(reachable, !g->peers, g->n_members);
	reachable[member] = true;
	queue[n++] = member;
	for (uint32_t i = 0; g->peers && i < n; i++) {
		for (uint32_t k = g->first_peer[queue[i]]; k < g->first_peer[queue[i] + 1]; k++) {
			if (!reachable[g->peers[k]])
				queue[n++] = g->peers[k];
			reachable[g->peers[k]] = true;
		}
	}
}

static void check_everybody(struct gn_store *s)
{
	const struct gn_gossip *g = &s->t->gossip;
	bool reachable[256];

	for (uint32_t e = 0; e < s->t->n_events; e++) {
		mark_reachable(g, gn_member_of(s->t, s->t->events[e].node), reachable);
		for (uint32_t m = 0; m < g->n_members; m++) {
			s->checked[EVERYBODY]++;
			if (reachable[m] &&
			    s->learned[(size_t)e * s->t->n_nodes + gn_node_of(s->t, m)] == GN_NEVER)
				fail(s, EVERYBODY, "event %u never reaches member %u", e, m);
		}
	}
}

/* The members that know an event in the end, of those that count. */
static uint32_t count_informed(const struct gn_store *s, uint32_t event)
{
	const struct gn_gossip *g = &s->t->gossip;
	uint32_t n = 0;

	for (uint32_t m = 0; m < g->n_members; m++)
		n += (!g->counted || g->counted[m]) &&
		     s->ever[(size_t)event * s->t->n_nodes + gn_node_of(s->t, m)] != GN_NEVER;
	return n;
}

/* Has an event come to all that live, in their present lives, or will it never? */
static bool is_complete(const struct gn_store *s, uint32_t event, gn_time now)
{
	const struct gn_gossip *g = &s->t->gossip;
	const struct gn_event_plan *plan = &s->t->events[event];
	uint32_t living = 0, informed = 0;

	if (s->published[event] == GN_NEVER)
		return plan->at <= now && (s->never[event] || state_at(s, plan->node, plan->at) >= LEAVING);
	for (uint32_t m = 0; m < g->n_members; m++) {
		const uint32_t node = gn_node_of(s->t, m);

		if ((g->counted && !g->counted[m]) || state_at(s, node, GN_NEVER) >= LEAVING)
			continue;
		living++;
		informed += s->learned[(size_t)event * s->t->n_nodes + node] != GN_NEVER;
	}
	return informed == living;
}

/* With the clock of rounds a moment is one point; else each of those that learn at one moment may be one. */
static bool is_ascending(const struct gn_sim_curve *c, bool rounds)
{
	for (size_t i = 1; i < c->n; i++) {
		const struct gn_sim_point *a = &c->points[i - 1], *b = &c->points[i];

		if (b->t < a->t + rounds || b->informed <= a->informed)
			return false;
	}
	return true;
}

static void check_result(struct gn_store *s, const struct gn_sim_result *r)
{
	bool complete = true;

	for (uint32_t e = 0; e < r->n_curves; e++) {
		const struct gn_sim_curve *c = &r->curves[e];
		const uint32_t informed = count_informed(s, e);

		s->checked[COUNTS]++;
		complete = complete && (s->t->n_actions ? is_complete(s, e, r->ended)
							: informed == s->t->gossip.n_counted);
		if (c->informed != informed || (c->n && c->points[c->n - 1].informed != informed))
			fail(s, COUNTS, "event %u: %u members know it, its curve says %u", e, informed,
			     c->informed);
		if (!is_ascending(c, s->t->gossip.clock == GN_CLOCK_ROUNDS))
			fail(s, COUNTS, "event %u: its curve goes down or back", e);
	}
	if ((r->ending == GN_SIM_INFORMED) != complete)
		fail(s, COUNTS, "the run ended %s everybody was informed",
		     complete ? "long after" : "before");
	if (s->t->log == GN_RECORDS_CALLS && r->calls != s->calls)
		fail(s, COUNTS, "%" PRIu64 " calls were recorded, %" PRIu64 " made", s->calls, r->calls);
	const uint64_t numbers[] = { r->datagrams,
				     r->bytes,
				     r->lost,
				     r->queue_drops,
				     r->calls,
				     r->steps,
				     r->largest_fan_out,
				     r->largest_in_degree,
				     r->ended,
				     (uint64_t)r->ending };

	for (size_t i = 0; i < GN_ARRAY_LEN(numbers); i++)
		add_number(s, numbers[i]);
}

/* ---- a run ---- */

static int run_once(struct gn_store *s, const struct gn_topology *t, const gn_dur *distance,
		    struct gn_err *err)
{
	const size_t n = (size_t)t->n_events * t->n_nodes;
	GN_CLEANUP(gn_free_p) gn_time *learned = malloc(n * sizeof(*learned));
	GN_CLEANUP(gn_free_p) gn_time *ever = malloc(n * sizeof(*ever));
	GN_CLEANUP(gn_free_p) gn_time *born = calloc(t->n_nodes, sizeof(*born));
	GN_CLEANUP(gn_free_p) bool *never = calloc(t->n_events, sizeof(*never));
	GN_CLEANUP(gn_free_p) uint32_t *hop = calloc(n, sizeof(*hop));
	GN_CLEANUP(gn_free_p) gn_time *published = malloc(t->n_events * sizeof(*published));
	const struct gn_sim_options o = { .topology = t, .store = s };
	struct gn_sim_result result = { 0 };
	int r;

	if (!learned || !ever || !born || !never || !hop || !published)
		return gn_fail(err, -ENOMEM, "no memory");
	memset(learned, 0xff, n * sizeof(*learned));
	memset(ever, 0xff, n * sizeof(*ever));
	memset(published, 0xff, t->n_events * sizeof(*published));
	*s = (struct gn_store){
		.t = t,
		.distance = distance,
		.ever = ever,
		.learned = learned,
		.hop = hop,
		.published = published,
		.never = never,
		.born = born,
	};
	r = gn_sim_run(&o, &result, err);
	if (!r)
		check_result(s, &result);
	if (!r && !t->n_actions && t->gossip.protocol->endless && !t->gossip.forget_after &&
	    !t->gossip.lost_interest_ppm)
		check_everybody(s);
	gn_sim_result_done(&result);
	free(s->changes);
	free(s->partings);
	return r;
}

static int run_twice(struct gn_store *s, const struct gn_topology *t, struct gn_err *err)
{
	GN_CLEANUP(gn_free_p) gn_dur *distance = distances(t);
	struct gn_store again;
	int r = distance ? run_once(s, t, distance, err) : gn_fail(err, -ENOMEM, "no memory");

	if (!r)
		r = run_once(&again, t, distance, err);
	s->checked[SAME]++;
	if (!r && again.hash != s->hash)
		fail(s, SAME, "the second run is another");
	return r;
}

static int load(const char *file, struct gn_topology **ret, struct gn_err *err)
{
	const struct gn_load_options o = { .file = file,
					   .find_protocol = gn_plugin_find,
					   .protocol_at = gn_protocol_at };
	struct gn_faults faults = { 0 };
	int r = gn_topology_load(&o, ret, &faults);

	if (r)
		gn_fail(err, r, "%s", faults.n ? faults.lines[0] : "it cannot be read");
	gn_faults_done(&faults);
	return r;
}

/* ---- all scenarios ---- */

struct tally {
	uint64_t checked[PROPERTIES], broken[PROPERTIES];
	uint64_t done, refused,
		unusable; /* scenarios: all; by their protocol; that cannot be loaded or run */
};

static bool write_scenario(uint64_t number, const char *file)
{
	GN_CLEANUP(gn_free_p) char *pairs_file = gn_format("%s.pairs", file);
	GN_CLEANUP(gn_free_p) char *pairs_name = gn_format("%" PRIu64 ".yaml.pairs", number);
	FILE *yaml = fopen(file, "w"), *pairs = pairs_file ? fopen(pairs_file, "w") : NULL;
	bool good = yaml && pairs && pairs_name;

	if (good)
		scenario_write(number, yaml, pairs, pairs_name);
	if (yaml)
		good = !fclose(yaml) && good;
	if (pairs)
		good = !fclose(pairs) && good;
	return good;
}

static void remove_scenario(const char *file)
{
	GN_CLEANUP(gn_free_p) char *pairs = gn_format("%s.pairs", file);

	unlink(file);
	if (pairs)
		unlink(pairs);
}

/* Values that are legal each may not be so together: "FILE:8:20: plumtree: view: .. an even number". */
static bool is_refused(const char *fault)
{
	const struct gn_protocol *p;
	char said[64];

	for (size_t i = 0; (p = gn_protocol_at(i)); i++) {
		snprintf(said, sizeof(said), ": %s: ", p->name);
		if (strstr(fault, said))
			return true;
	}
	return false;
}

/* Return: whether everything holds; else the fault has been printed. */
static bool try_scenario(uint64_t number, const char *file, struct tally *tally)
{
	struct gn_topology *t = NULL;
	struct gn_store s = { 0 };
	struct gn_err err = { "its file cannot be written" };
	int r = write_scenario(number, file) ? load(file, &t, &err) : -EIO;

	tally->done++;
	if (r == -EINVAL && is_refused(err.text)) {
		tally->refused++;
		return true;
	}
	if (!r)
		r = run_twice(&s, t, &err);
	gn_topology_free(t);
	for (int p = 0; p < PROPERTIES; p++)
		tally->checked[p] += s.checked[p];
	tally->unusable += r != 0;
	if (!r && *s.fault)
		tally->broken[s.broken]++;
	if (r || *s.fault)
		printf("# scenario %" PRIu64 ": %s\n", number, r ? err.text : s.fault);
	return !r && !*s.fault;
}

/* Every @stride-th scenario from @first on. Files of those in which something is broken stay. */
static void try_many(uint64_t first, uint64_t stride, const char *folder, struct tally *tally)
{
	for (uint64_t i = first; i <= SCENARIOS; i += stride) {
		GN_CLEANUP(gn_free_p) char *file = gn_format("%s/%" PRIu64 ".yaml", folder, i);

		if (file && try_scenario(i, file, tally))
			remove_scenario(file);
	}
}

/* On all processors. Return: -1 if a process failed to start or to end well. */
static int try_all(const char *folder, struct tally *sum)
{
	const long processors = GN_MAX(1, sysconf(_SC_NPROCESSORS_ONLN));
	struct tally *tallies = mmap(NULL, (size_t)processors * sizeof(*tallies), PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int bad = tallies == MAP_FAILED;

	fflush(stdout);
	for (long i = 0; !bad && i < processors; i++) {
		const pid_t child = fork();

		if (!child) {
			try_many(1 + (uint64_t)i, (uint64_t)processors, folder, &tallies[i]);
			exit(0);
		}
		bad = child < 0 ? -1 : 0;
	}
	for (int status; wait(&status) > 0;)
		bad = status ? -1 : bad;
	for (long i = 0; !bad && i < processors; i++) {
		for (int p = 0; p < PROPERTIES; p++) {
			sum->checked[p] += tallies[i].checked[p];
			sum->broken[p] += tallies[i].broken[p];
		}
		sum->done += tallies[i].done;
		sum->refused += tallies[i].refused;
		sum->unusable += tallies[i].unusable;
	}
	return bad;
}

static int report(const struct tally *t, const char *self)
{
	int bad = 0;

	for (int p = 0; p < PROPERTIES; p++) {
		const bool holds = !t->broken[p] && t->checked[p];

		printf("%s - %s: %" PRIu64 " times checked, broken in %" PRIu64 " scenarios\n",
		       holds ? "ok" : "not ok", property_names[p], t->checked[p], t->broken[p]);
		bad |= !holds;
	}
	const uint64_t run = t->done - t->refused - t->unusable;
	const bool all = t->done == SCENARIOS && run >= RUNS_WANTED && !t->unusable;

	printf("%s - %" PRIu64 " scenarios were run, %" PRIu64 " refused by their protocol, %" PRIu64
	       " not usable\n",
	       all ? "ok" : "not ok", run, t->refused, t->unusable);
	bad |= !all;
	if (bad)
		printf("# the files are in %s.scenarios; one of them again: %s NUMBER\n", self, self);
	return bad;
}

static int one_again(const char *number, const char *folder)
{
	GN_CLEANUP(gn_free_p) char *file = gn_format("%s/%s.yaml", folder, number);
	struct tally tally = { 0 };

	if (!file)
		return 1;
	const bool good = try_scenario(strtoull(number, NULL, 10), file, &tally);

	printf("%s - scenario %s: its file is %s\n", good ? "ok" : "not ok", number, file);
	return !good;
}

int main(int argc, char **argv)
{
	GN_CLEANUP(gn_free_p) char *folder = gn_format("%s.scenarios", argv[0]);
	struct tally tally = { 0 };

	if (argc > 2 || !folder || (mkdir(folder, 0777) && errno != EEXIST)) {
		fprintf(stderr, "usage: %s [NUMBER]; scenarios go to the folder %s\n", argv[0], folder);
		return 2;
	}
	setlinebuf(stdout); /* several processes write to it */
	if (argc == 2)
		return one_again(argv[1], folder);
	if (try_all(folder, &tally)) {
		printf("not ok - a process of this test failed\n");
		return 1;
	}
	return report(&tally, argv[0]);
}
