/* SPDX-License-Identifier: MIT */
/* What a protocol answers, as far as it does not matter which engine carries it out. */
#include "sim/faults.h"
#include "sim/rows.h"

#include "util/util.h"

void gn_sim_blame(struct gn_simulation *s, const char *what)
{
	if (!what || s->fault)
		return;
	s->fault = what;
	s->fault_member = s->in.self;
	s->fault_time = s->in.now;
}

/* One bit for each event and member. */
static bool test_and_set_known(struct gn_simulation *s, uint32_t event, bool set)
{
	const size_t bit = gn_sim_known_bit(s, event, s->in.self);
	uint64_t mask = UINT64_C(1) << bit % 64, *word = &s->known[bit / 64];
	bool was = *word & mask;

	if (set && !was)
		*word |= mask;
	return was;
}

static bool is_published(const struct gn_simulation *s, uint32_t event)
{
	return s->faults ? gn_sim_faults_is_published(s, event) : event < s->published;
}

void gn_sim_deliver(void *host, const struct gn_delivery *d)
{
	struct gn_simulation *s = host;
	const char *fault = gn_output_check_deliver(&s->cluster, &s->in, d);
	bool first = d->first;

	s->last_delivery = s->steps;
	if (!fault)
		fault = gn_output_check_first(d, is_published(s, d->event),
					      test_and_set_known(s, d->event, d->first));
	if (GN_UNLIKELY(fault)) {
		gn_sim_blame(s, fault);
		return;
	}
	if (s->faults && first)
		first = gn_sim_faults_learn(s, d->event);
	if (first && gn_sim_counts(s, s->in.self))
		gn_sim_curve_learn(s, d->event);
	if (!s->logs_arrivals)
		return;
	s->counters[s->in.self].informed += d->first != 0;
	if (d->first || s->t->log != GN_RECORDS_FIRST)
		gn_sim_write_arrival(s, d, first);
}

void gn_sim_count_call(void *host, uint32_t round GN_UNUSED, uint32_t partner)
{
	struct gn_simulation *s = host;

	if (GN_UNLIKELY(partner >= s->cluster.members || partner == s->in.self))
		gn_sim_blame(s, gn_output_check_call(&s->cluster, &s->in, partner));
	s->calls++;
}

void gn_sim_log_call(void *host, uint32_t round, uint32_t partner)
{
	struct gn_simulation *s = host;
	const char *fault = gn_output_check_call(&s->cluster, &s->in, partner);

	if (fault) {
		gn_sim_blame(s, fault);
		return;
	}
	s->calls++;
	s->counters[s->in.self].calls++;
	if (s->t->log == GN_RECORDS_CALLS)
		gn_sim_write_call(s, round, partner);
}

static bool happens(struct gn_simulation *s, uint32_t ppm)
{
	return ppm && gn_rand_below(&s->rand, 1000000) < ppm;
}

/*
 * A call is lost as a whole, however many datagrams it has: the draw is a hash of caller, partner and time, and of how many
 * calls were announced until then. So nothing has to be remembered.
 */
static bool call_is_lost(const struct gn_simulation *s, uint32_t to)
{
	if (!s->t->call_loss_ppm || s->in.type == GN_DATAGRAM)
		return false;
	uint64_t draw = gn_hash(gn_hash(s->call_seed ^ s->in.now, s->calls), (uint64_t)s->in.self << 32 | to);

	return ((draw >> 32) * 1000000) >> 32 < s->t->call_loss_ppm;
}

/* As netem: a packet that is chosen for both loss and duplication goes on once, and the second of two copies may be
 * lost like any other. */
unsigned gn_sim_copies(struct gn_simulation *s, uint32_t to)
{
	const struct gn_shape *n = &s->network;
	unsigned copies = 1;

	if (!s->chance)
		return 1;
	if (call_is_lost(s, to)) {
		s->result->lost++;
		return 0;
	}
	copies += happens(s, n->duplicate_ppm);
	copies -= happens(s, n->loss_ppm);
	if (copies == 2)
		copies -= happens(s, n->loss_ppm);
	s->result->lost += !copies;
	return copies;
}

void gn_sim_publish(struct gn_simulation *s, uint32_t event)
{
	uint8_t payload[GN_PAYLOAD_MAX];
	const struct gn_event_plan *plan = &s->t->events[event];

	if (s->faults && !gn_sim_faults_publish(s, event))
		return;
	/* Any bytes will do, as long as they are those of a live run. */
	for (uint32_t i = 0; i < plan->size; i++)
		payload[i] = (uint8_t)(event + i);
	s->in.type = GN_PUBLISH;
	s->in.self = gn_member_of(s->t, plan->node);
	s->in.from = GN_NO_MEMBER;
	s->in.event = event;
	s->in.data = payload;
	s->in.size = plan->size;
	gn_sim_curve_publish(s, event);
	gn_sim_write_event(s, event);
	s->engine->feed(s);
}

void gn_sim_start(struct gn_simulation *s)
{
	for (uint32_t m = 0; m < s->cluster.members && !s->fault; m++) {
		s->in = (struct gn_input){ .type = GN_START, .self = m, .from = GN_NO_MEMBER };
		s->engine->feed(s);
	}
}
