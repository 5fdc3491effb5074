/* SPDX-License-Identifier: MIT */
/*
 * What the two engines share: the members' memory, what becomes of deliveries, the result. Inside src/sim only.
 *
 * rounds.c: all members act at the same moments over a network without delay; nothing is ever queued but the
 * datagrams of one block of members. events.c: everything else, and whatever has actions.
 */
#ifndef GN_SIM_SIMULATION_H
#define GN_SIM_SIMULATION_H

#include "plugin/check_output.h"
#include "sim/sim.h"
#include "util/rand.h"

#define GN_LIKELY(x)   __builtin_expect(!!(x), 1)
#define GN_UNLIKELY(x) __builtin_expect(!!(x), 0)

/* Bytes that the processor brings from memory at once. */
#define GN_SIM_LINE 64

/* For functions that do nothing but fetch from memory: gcc takes a call of one for a call without effect and leaves it out, unless
 * it has been inlined by then. */
#define GN_SIM_FETCH static inline __attribute__((always_inline))

/* Nobody answers answers that often in one moment: it would never end. */
#define GN_SIM_ANSWERS_MAX 1000

/* Of one member, for node_stat; only where such rows are written. */
struct gn_sim_counters {
	uint64_t datagrams_sent, datagrams_received, bytes_sent, bytes_received;
	uint64_t malformed, calls, timers, informed, phase_ns;
	uint64_t ignored; /* datagrams received; only of topologies with actions */
};

struct gn_simulation;

/* An engine: how datagrams get from one member to another, and when timers run. */
struct gn_sim_engine {
	/* Bytes that it keeps for each member in its slot, as its struct tail. */
	size_t tail;
	int (*run)(struct gn_simulation *s);
	/* Feed s->in, which is not a timer that has come: the member's start, or the publication of an event. */
	void (*feed)(struct gn_simulation *s);
	/* Like gn_output.send: first with a perfect network and no counters, then in general. */
	void (*send)(void *host, uint32_t to, const uint8_t *data, size_t size);
	void (*send_slowly)(void *host, uint32_t to, const uint8_t *data, size_t size);
};

extern const struct gn_sim_engine gn_sim_rounds, gn_sim_events;

struct gn_simulation {
	const struct gn_sim_options *o;
	const struct gn_topology *t;
	const struct gn_protocol *protocol;
	const struct gn_sim_engine *engine;
	void *state; /* the engine's */
	struct gn_sim_result *result;

	/* What the protocol is told, and what it calls. in.now is the simulated time. */
	struct gn_cluster cluster;
	struct gn_input in;
	struct gn_output output;

	/*
	 * The members' memory. A slot is what every input of a member touches: the head of its protocol's state, from
	 * tail_at on what the engine needs to know of it, and the body too if all of it goes into one cache
	 * line: the fewer there are, the faster is a large simulation.
	 */
	uint8_t *slots, *bodies;
	size_t slot_size, tail_at, body_size;
	size_t body_step; /* from one member's body to the next one's */
	struct gn_random *randoms;
	uint64_t *known;		  /* a bit for each event and member: has been delivered there */
	struct gn_sim_counters *counters; /* by member, or NULL: nobody will read them */
	void *memory;			  /* all of these, and the cluster's shared part */

	struct gn_sim_curve_state *curves; /* by event; see curve.c */
	uint32_t published, complete;	   /* events */
	bool pending;			   /* of some curve */
	bool logs_arrivals, logs_coverage;

	/* What is done to all this while it runs; NULL: nothing, the topology has no actions. See faults.h. */
	struct gn_sim_faults *faults;

	/* Counts so far, and where they stood when the step at hand began. */
	uint64_t steps, sent, calls, bytes;
	uint64_t sent_before;
	uint64_t last_delivery; /* the step with the last delivery: its number */

	/* An ideal network as it is now, and chance on it. */
	struct gn_shape network;
	bool chance;
	struct gn_rand rand;
	uint64_t call_seed;

	/* What the protocol did wrong first, and who and when; then nothing more is carried out. */
	const char *fault;
	uint32_t fault_member;
	gn_time fault_time;
	int failed; /* the store has, or there is no memory: -Exxx, with a sentence in *err */
	struct gn_err *err;

	gn_time began, shown; /* this machine's clock */
	uint64_t shown_steps;
	bool stopped;
};

/* ---- members ---- */

/* Zeroed memory, aligned to 16, for free(); NULL: there is none. */
void *gn_sim_allocate(size_t size);

static inline void *gn_sim_head(const struct gn_simulation *s, uint32_t member)
{
	return s->slots + member * s->slot_size;
}

/* What the engine knows of the member. */
static inline void *gn_sim_tail(const struct gn_simulation *s, uint32_t member)
{
	return s->slots + member * s->slot_size + s->tail_at;
}

static inline void *gn_sim_body(const struct gn_simulation *s, uint32_t member)
{
	return s->bodies + member * s->body_step;
}

static inline bool gn_sim_counts(const struct gn_simulation *s, uint32_t member)
{
	return !s->t->gossip.counted || s->t->gossip.counted[member];
}

/* Where in s->known it says whether the event was delivered at the member. */
static inline size_t gn_sim_known_bit(const struct gn_simulation *s, uint32_t event, uint32_t member)
{
	return (size_t)event * s->cluster.members + member;
}

static inline bool gn_sim_knows(const struct gn_simulation *s, uint32_t event, uint32_t member)
{
	const size_t bit = gn_sim_known_bit(s, event, member);

	return s->known[bit / 64] >> bit % 64 & 1;
}

/* Let the member that s->in is of take its input. */
static inline int gn_sim_step(struct gn_simulation *s, void *head, void *body, uint64_t *deadline)
{
	s->steps++;
	s->sent_before = s->sent;
	s->in.random = &s->randoms[s->in.self];
	return s->protocol->step(&s->cluster, head, body, &s->in, &s->output, deadline);
}

/* ---- what the protocol may not do ---- */

void gn_sim_blame(struct gn_simulation *s, const char *what);

/* How many datagrams the step at hand has sent. */
static inline uint64_t gn_sim_step_sent(const struct gn_simulation *s)
{
	return s->sent - s->sent_before;
}

/* Is this a datagram that can be sent? Then it counts as sent. The checks of gn_output_check_send(), in one branch. */
static inline bool gn_sim_may_send(struct gn_simulation *s, uint32_t to, const uint8_t *data, size_t size)
{
	if (GN_UNLIKELY(to >= s->cluster.members || to == s->in.self || size - 1 >= GN_DATAGRAM_MAX ||
			!data || gn_sim_step_sent(s) >= GN_STEP_DATAGRAMS_MAX)) {
		gn_sim_blame(s, gn_output_check_send(&s->cluster, &s->in, to, data, size,
						     (uint32_t)gn_sim_step_sent(s)));
		return false;
	}
	s->sent++;
	s->bytes += size;
	return true;
}

/* Has the step at hand sent more than it may, unnoticed? */
static inline void gn_sim_check_sent(struct gn_simulation *s)
{
	if (GN_UNLIKELY(gn_sim_step_sent(s) > GN_STEP_DATAGRAMS_MAX))
		gn_sim_blame(s, gn_output_check_send(&s->cluster, &s->in, !s->in.self, (const uint8_t *)"", 1,
						     GN_STEP_DATAGRAMS_MAX));
}

/* What step() has returned. */
static inline void gn_sim_check_return(struct gn_simulation *s, int returned)
{
	if (GN_LIKELY(!returned))
		return;
	gn_sim_blame(s, gn_output_check_return(&s->in, returned,
					       gn_sim_step_sent(s) + (s->last_delivery == s->steps)));
	if (s->counters)
		s->counters[s->in.self].malformed++;
}

/* ---- what the protocol answers ---- */

/* At the end of a step that was not the answer to a datagram, with the clock of rounds. */
static inline void gn_sim_count_fan_out(struct gn_simulation *s)
{
	if (gn_sim_step_sent(s) > s->result->largest_fan_out)
		s->result->largest_fan_out = (uint32_t)gn_sim_step_sent(s);
}

/* How often a datagram arrives that is sent now over an ideal network: 0, 1 or 2 times. */
unsigned gn_sim_copies(struct gn_simulation *s, uint32_t to);

/* Callbacks of gn_output. */
void gn_sim_deliver(void *host, const struct gn_delivery *d);
void gn_sim_count_call(void *host, uint32_t round, uint32_t partner);
void gn_sim_log_call(void *host, uint32_t round, uint32_t partner);

/* Publish an event at its origin, now: s->in.now; if its origin runs. */
void gn_sim_publish(struct gn_simulation *s, uint32_t event);

/* Feed GN_START to all members, at time 0. */
void gn_sim_start(struct gn_simulation *s);

/* ---- curves: curve.c ---- */

int gn_sim_curves_init(struct gn_simulation *s);
void gn_sim_curve_publish(struct gn_simulation *s, uint32_t event);

/* One more counting member knows the event. */
void gn_sim_curve_learn(struct gn_simulation *s, uint32_t event);

/* What has been left out last is a point after all: at the end of a run, in rounds at the end of each. */
void gn_sim_curves_settle(struct gn_simulation *s);

/* ---- the course of the run ---- */

/* Every event has reached all members that count. */
static inline bool gn_sim_is_informed(const struct gn_simulation *s)
{
	return s->complete == s->t->n_events;
}

/* Look at the clock of this machine now and then: progress, commits. Return: nonzero: no further. */
int gn_sim_tick(struct gn_simulation *s);

#endif
