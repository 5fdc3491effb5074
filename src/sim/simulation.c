/* SPDX-License-Identifier: MIT */
/* A run from its memory to its result, with either engine. */
#include "sim/simulation.h"

#include <math.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "sim/rows.h"

#define TICK_EVERY (200 * GN_MSEC)
/* Smaller arrays are not worth large pages. */
#define LARGE (UINT64_C(8) << 20)

/* ---- memory ---- */

static size_t round_up(size_t size, size_t to)
{
	return (size + to - 1) / to * to;
}

/* Room for @n things of @size bytes in a layout that ends at *@end. Return: where; *@end is what it was if it overflows. */
static size_t reserve(size_t *end, size_t n, size_t size, bool *overflow)
{
	size_t at = round_up(*end, GN_SIM_LINE), bytes;

	*overflow |= __builtin_mul_overflow(n, size, &bytes) || __builtin_add_overflow(at, bytes, end);
	return at;
}

void *gn_sim_allocate(size_t size)
{
	uint8_t *p = calloc(1, size);

	if (p && size >= LARGE) {
		uint8_t *page = (uint8_t *)round_up((uintptr_t)p, 4096);

		madvise(page, size - 4096, MADV_HUGEPAGE); /* without it all is the same, but slower */
	}
	return p;
}

/* All members' memory as one block, zeroed; pages that nobody touches cost nothing. */
static int allocate(struct gn_simulation *s, const struct gn_sizes *sizes)
{
	const size_t members = s->cluster.members, events = s->cluster.max_events;
	size_t end = GN_SIM_LINE, tail = s->engine->tail;
	bool overflow = false;

	s->tail_at = round_up(sizes->head, 8);
	s->slot_size = round_up(s->tail_at + tail, 8);
	s->body_size = round_up(sizes->body, 8);
	const bool together = s->slot_size + s->body_size <= GN_SIM_LINE;
	const size_t body_at = s->slot_size;

	s->body_step = s->body_size;
	if (together)
		s->slot_size = s->body_step = s->slot_size + s->body_size;
	size_t slots = reserve(&end, members, s->slot_size, &overflow);
	size_t bodies = together ? slots + body_at : reserve(&end, members, s->body_size, &overflow);
	size_t randoms = reserve(&end, members, sizeof(*s->randoms), &overflow);
	size_t known = reserve(&end, members * events / 64 + 1, sizeof(*s->known), &overflow);
	size_t counters = reserve(&end, s->logs_arrivals ? members : 0, sizeof(*s->counters), &overflow);
	size_t shared = reserve(&end, 1, sizes->shared, &overflow);

	s->memory = overflow ? NULL : gn_sim_allocate(end);
	if (!s->memory)
		return gn_fail(s->err, -ENOMEM, "out of memory for %zu members of protocol %s", members,
			       s->protocol->name);
	uint8_t *at = (uint8_t *)round_up((uintptr_t)s->memory, GN_SIM_LINE) - GN_SIM_LINE;

	s->slots = at + slots;
	s->bodies = at + bodies;
	s->randoms = (void *)(at + randoms);
	s->known = (void *)(at + known);
	s->counters = s->logs_arrivals ? (void *)(at + counters) : NULL;
	s->cluster.shared = sizes->shared ? at + shared : NULL;
	return 0;
}

static int prepare_protocol(struct gn_simulation *s)
{
	struct gn_sizes sizes = { 0 };

	s->cluster = gn_cluster_of(s->t);
	s->protocol->sizes(&s->cluster, &sizes);
	int r = allocate(s, &sizes);

	if (r)
		return r;
	const char *wrong =
		s->protocol->prepare ? s->protocol->prepare(&s->cluster, (void *)s->cluster.shared) : NULL;

	if (wrong)
		return gn_fail(s->err, -EINVAL, "protocol %s: %s", s->protocol->name, wrong);
	for (uint32_t m = 0; m < s->cluster.members; m++)
		s->randoms[m].state = gn_rand_seed(s->t->seed, GN_RAND_PROTOCOL, m);
	return 0;
}

/* The clock of rounds over a network in which everything arrives at once needs no queue, if nothing else happens. */
static const struct gn_sim_engine *choose_engine(const struct gn_topology *t)
{
	bool instant = t->ideal && !t->network.delay && !t->network.jitter;

	return instant && t->gossip.clock == GN_CLOCK_ROUNDS && !t->n_actions ? &gn_sim_rounds
									      : &gn_sim_events;
}

static bool has_slot(const struct gn_shape *s)
{
	return s->slot.min_delay || s->slot.max_delay || s->slot.mean;
}

static int refuse_slot(const char *what, struct gn_err *err)
{
	return gn_fail(err, -EINVAL, "%s: only the kernel's netem has slots: run it live, or leave slot out",
		       what);
}

/* When they begin hangs on the moments at which netem is asked for packets, by everything that the node sends. */
static int refuse_slots(const struct gn_topology *t, struct gn_err *err)
{
	for (uint32_t i = 0; i < 2 * t->n_links; i++) {
		const struct gn_link *l = &t->links[i / 2];

		if (has_slot(&l->shape[i % 2])) {
			GN_CLEANUP(gn_free_p)
			char *what =
				gn_format("%s - %s", t->nodes[l->node[0]].name, t->nodes[l->node[1]].name);

			return refuse_slot(what ? what : "a link", err);
		}
	}
	for (uint32_t a = 0; a < t->n_actions; a++) {
		const struct gn_action *action = &t->actions[a];

		for (uint32_t i = 0; action->what == GN_ACTION_SET && i < action->n_targets; i++) {
			if (action->fields & GN_SHAPE_SLOT && has_slot(&action->values[i]))
				return refuse_slot(action->target, err);
		}
	}
	return 0;
}

static int init(struct gn_simulation *s)
{
	const struct gn_topology *t = s->t;

	s->engine = choose_engine(t);
	s->protocol = t->gossip.protocol;
	s->logs_coverage = s->o->store && t->log == GN_RECORDS_COVERAGE;
	s->logs_arrivals = s->o->store && t->log != GN_RECORDS_COVERAGE;
	s->network = t->network;
	s->chance = t->ideal &&
		    (t->network.loss_ppm || t->network.duplicate_ppm || t->call_loss_ppm || t->n_actions);
	s->result->counted = t->gossip.n_counted;
	int r = refuse_slots(t, s->err);

	if (!r)
		r = gn_sim_curves_init(s);
	if (!r)
		r = prepare_protocol(s);
	if (r)
		return r;
	gn_rand_init(&s->rand, t->seed, GN_RAND_NETEM, 0);
	s->call_seed = gn_rand_seed(t->seed, GN_RAND_NETEM, 1);
	s->output = (struct gn_output){
		.host = s,
		.send = s->chance || s->counters ? s->engine->send_slowly : s->engine->send,
		.deliver = gn_sim_deliver,
		.call = s->counters ? gn_sim_log_call : gn_sim_count_call,
	};
	return 0;
}

/* ---- the course of the run ---- */

/* The newest published event that is not complete, 1-based, or 0. */
static uint32_t open_event(const struct gn_simulation *s)
{
	for (uint32_t e = s->published; e-- > 0;) {
		if (s->result->curves[e].informed < s->result->counted)
			return e + 1;
	}
	return 0;
}

/* How much simulated time is left, for people to read: until the duration is over, or until everybody knows if the event
 * goes on growing at the pace it has had. Negative: unknown. */
static double time_left(const struct gn_simulation *s, uint32_t event)
{
	if (!s->t->until_informed)
		return (double)(s->t->duration - s->in.now);
	if (!event || s->published < s->t->n_events)
		return -1;
	const struct gn_sim_curve *c = &s->result->curves[event - 1];
	double left = c->informed > 1 ? log(s->result->counted) / log(c->informed) - 1 : -1;

	return left * (double)(s->in.now - c->published);
}

static void report(struct gn_simulation *s, gn_time now)
{
	double elapsed = (double)(now - s->began) / GN_SEC;
	uint32_t event = open_event(s);
	double left = s->in.now ? time_left(s, event) / (double)s->in.now : -1;
	const struct gn_sim_progress p = {
		.now = s->in.now,
		.steps = s->steps,
		.event = event,
		.n_events = s->t->n_events,
		.published = s->published,
		.complete = s->complete,
		.informed = event ? s->result->curves[event - 1].informed : 0,
		.members = s->result->counted,
		.steps_per_second = (double)(s->steps - s->shown_steps) * GN_SEC / (double)(now - s->shown),
		.left_seconds = left * elapsed,
	};

	if (s->o->on_progress && s->o->on_progress(s->o->context, &p))
		s->stopped = true;
}

int gn_sim_tick(struct gn_simulation *s)
{
	if (s->failed || s->fault || s->stopped)
		return 1;
	gn_time now = gn_now();

	if (now - s->shown < TICK_EVERY)
		return 0;
	report(s, now);
	s->shown = now;
	s->shown_steps = s->steps;
	if (s->o->store)
		s->failed = gn_store_commit(s->o->store, s->err);
	return s->stopped || s->failed;
}

static int blame_protocol(const struct gn_simulation *s)
{
	char name[GN_NODE_NAME_MAX + 1];

	return gn_fail(s->err, -EPROTO,
		       "protocol %s misbehaved at node %s, simulated time %llu.%09llu s: it %s",
		       s->protocol->name, gn_node_name(s->t, gn_node_of(s->t, s->fault_member), name),
		       (unsigned long long)(s->fault_time / GN_SEC),
		       (unsigned long long)(s->fault_time % GN_SEC), s->fault);
}

static int finish(struct gn_simulation *s)
{
	struct gn_sim_result *r = s->result;

	gn_sim_curves_settle(s);
	r->ended = s->in.now;
	r->steps = s->steps;
	r->calls = s->calls;
	r->datagrams = s->sent;
	r->bytes = s->bytes;
	if (s->stopped)
		r->ending = GN_SIM_STOPPED;
	else if (s->t->until_informed && gn_sim_is_informed(s))
		r->ending = GN_SIM_INFORMED;
	else
		r->ending = GN_SIM_DURATION;
	r->wall_ns = gn_now() - s->began;
	if (s->fault)
		return blame_protocol(s);
	return s->failed ? s->failed : gn_sim_write_totals(s);
}

int gn_sim_run(const struct gn_sim_options *o, struct gn_sim_result *ret, struct gn_err *err)
{
	struct gn_simulation s = { .o = o, .t = o->topology, .result = ret, .err = err };

	s.began = s.shown = gn_now();
	int r = init(&s);

	if (!r)
		r = s.engine->run(&s);
	if (!r)
		r = finish(&s);
	free(s.curves);
	free(s.memory);
	return r;
}

void gn_sim_result_done(struct gn_sim_result *r)
{
	for (uint32_t e = 0; e < r->n_curves; e++)
		free(r->curves[e].points);
	free(r->curves);
	*r = (struct gn_sim_result){ 0 };
}
