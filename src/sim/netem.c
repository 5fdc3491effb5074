/* SPDX-License-Identifier: MIT */
#include "sim/netem.h"

#include <stdlib.h>

#include "util/util.h"

#define TABLE_SCALE 8192 /* NETEM_DIST_SCALE: a deviation in a table */

/* The loss models' states: enumerations of the kernel's. */
enum { GOOD = 1, BAD = 2 };
enum { SENT_IN_GAP = 1, SENT_IN_BURST = 2, LOST_IN_BURST = 3, LOST_IN_GAP = 4 };

/* As a share of 2^32, as tc has it. */
static uint32_t share_of(uint32_t ppm)
{
	return ppm >= 1000000 ? UINT32_MAX : (uint32_t)((((uint64_t)ppm << 32) + 500000) / 1000000);
}

static uint32_t draw(struct gn_rand *r)
{
	return (uint32_t)(gn_rand_next(r) >> 32);
}

/* get_crandom() */
static uint32_t draw_correlated(struct gn_rand *r, uint32_t correlation_ppm, uint32_t *last)
{
	const uint64_t value = draw(r), rho = (uint64_t)share_of(correlation_ppm) + 1;

	if (!correlation_ppm)
		return (uint32_t)value;
	*last = (uint32_t)((value * ((UINT64_C(1) << 32) - rho) + *last * rho) >> 32);
	return *last;
}

static bool happens(struct gn_rand *r, uint32_t ppm, uint32_t correlation_ppm, uint32_t *last)
{
	if (!ppm)
		return false;
	if (!correlation_ppm)
		return gn_rand_below(r, 1000000) < ppm;
	return share_of(ppm) >= draw_correlated(r, correlation_ppm, last);
}

void gn_sim_netem_done(struct gn_sim_netem *e)
{
	free(e->sent);
	e->sent = NULL;
}

void gn_sim_netem_set(struct gn_sim_netem *e, const struct gn_shape *s, struct gn_rand *r)
{
	const uint32_t correlations[] = {
		[GN_SIM_DRAW_DUPLICATE] = s->duplicate_correlation_ppm,
		[GN_SIM_DRAW_LOSS] = s->loss_correlation_ppm,
		[GN_SIM_DRAW_CORRUPT] = s->corrupt_correlation_ppm,
		[GN_SIM_DRAW_REORDER] = s->reorder_correlation_ppm,
		[GN_SIM_DRAW_DELAY] = s->correlation_ppm,
	};

	e->shape = *s;
	e->delayed = 0;
	e->loss_state = 1;
	for (int i = 0; i < GN_SIM_DRAWS; i++) {
		if (correlations[i])
			e->last[i] = draw(r);
	}
}

/* ---- what becomes of a packet ---- */

bool gn_sim_netem_duplicates(struct gn_sim_netem *e, struct gn_rand *r)
{
	return happens(r, e->shape.duplicate_ppm, e->shape.duplicate_correlation_ppm,
		       &e->last[GN_SIM_DRAW_DUPLICATE]);
}

/* loss_gilb_ell(): it goes to the other state, but this packet still has the fate of the state it found. */
static bool lost_by_two_states(struct gn_sim_netem *e, struct gn_rand *r)
{
	const uint32_t *ppm = e->shape.loss_states; /* p, r, 1 - h, 1 - k */
	const uint32_t change = draw(r), loss = draw(r);

	if (e->loss_state == GOOD) {
		if (change < share_of(ppm[0]))
			e->loss_state = BAD;
		return loss < share_of(ppm[3]);
	}
	if (change < share_of(ppm[1]))
		e->loss_state = GOOD;
	return loss > UINT32_MAX - share_of(ppm[2]);
}

/* loss_4state(). The kernel adds two probabilities in 32 bits, so what it is given is not more than all there is. */
static bool lost_by_four_states(struct gn_sim_netem *e, struct gn_rand *r)
{
	const uint32_t *ppm = e->shape.loss_states; /* p13, p31, p32, p23, p14 */
	const uint32_t p32 = share_of(ppm[2]), p31 = GN_MIN(share_of(ppm[1]), UINT32_MAX - p32);
	const uint32_t p14 = share_of(ppm[4]), p13 = GN_MIN(share_of(ppm[0]), UINT32_MAX - p14);
	const uint32_t p23 = share_of(ppm[3]), n = draw(r);

	switch (e->loss_state) {
	case SENT_IN_GAP:
		if (n < p14)
			e->loss_state = LOST_IN_GAP;
		else if (p14 < n && n < p13 + p14)
			e->loss_state = LOST_IN_BURST;
		break;
	case SENT_IN_BURST:
		if (n < p23)
			e->loss_state = LOST_IN_BURST;
		break;
	case LOST_IN_BURST:
		if (n < p32)
			e->loss_state = SENT_IN_BURST;
		else if (p32 < n && n < p31 + p32)
			e->loss_state = SENT_IN_GAP;
		break;
	default:
		e->loss_state = SENT_IN_GAP;
	}
	return e->loss_state == LOST_IN_BURST || e->loss_state == LOST_IN_GAP;
}

bool gn_sim_netem_loses(struct gn_sim_netem *e, struct gn_rand *r)
{
	const struct gn_shape *s = &e->shape;

	switch (s->loss_model) {
	case GN_LOSS_RANDOM:
		return happens(r, s->loss_ppm, s->loss_correlation_ppm, &e->last[GN_SIM_DRAW_LOSS]);
	case GN_LOSS_GILBERT_ELLIOTT:
		return lost_by_two_states(e, r);
	case GN_LOSS_STATES:
		return lost_by_four_states(e, r);
	}
	return false;
}

bool gn_sim_netem_corrupts(struct gn_sim_netem *e, struct gn_rand *r)
{
	return happens(r, e->shape.corrupt_ppm, e->shape.corrupt_correlation_ppm,
		       &e->last[GN_SIM_DRAW_CORRUPT]);
}

/* One of each gap packets: the others before it were delayed. */
static bool goes_first(struct gn_sim_netem *e, struct gn_rand *r)
{
	const struct gn_shape *s = &e->shape;

	if (!s->reorder_ppm || e->delayed + 1 < s->reorder_gap)
		return false;
	return happens(r, s->reorder_ppm, s->reorder_correlation_ppm, &e->last[GN_SIM_DRAW_REORDER]);
}

/* ---- when it is sent ---- */

/* tabledist(); may be below 0 with a table. */
static int64_t draw_delay(const struct gn_shape *s, struct gn_rand *r, uint32_t *last)
{
	const struct gn_distribution *table = s->distribution;
	const int64_t jitter = (int64_t)s->jitter, delay = (int64_t)s->delay;

	if (!jitter)
		return delay;
	const uint32_t n = draw_correlated(r, s->correlation_ppm, last);

	if (!table)
		return delay - jitter + n % (2 * jitter);
	const int64_t value = table->values[n % table->n], x = jitter % TABLE_SCALE * value;

	return (x + (x >= 0 ? TABLE_SCALE / 2 : -TABLE_SCALE / 2)) / TABLE_SCALE +
	       jitter / TABLE_SCALE * value + delay;
}

gn_dur gn_sim_netem_delay(const struct gn_shape *s, struct gn_rand *r)
{
	uint32_t unused = 0;
	const int64_t delay = draw_delay(s, r, &unused);

	return delay > 0 ? (gn_dur)delay : 0;
}

/* packet_time_ns() */
static gn_dur time_at_rate(const struct gn_shape *s, uint32_t size)
{
	int64_t bytes = (int64_t)size + s->packet_overhead;

	if (s->cell_size && bytes > 0)
		bytes = (bytes + s->cell_size - 1) / s->cell_size *
			((int64_t)s->cell_size + s->cell_overhead);
	return bytes > 0 ? (gn_dur)bytes * GN_SEC / GN_MAX(1, s->rate_bps / 8) : 0;
}

static uint32_t place(const struct gn_sim_netem *e, uint32_t i)
{
	return (e->first + i) & (e->cap - 1);
}

bool gn_sim_netem_is_full(struct gn_sim_netem *e, gn_time now)
{
	while (e->n && e->sent[e->first] <= now) {
		e->first = place(e, 1);
		e->n--;
	}
	return e->n >= e->shape.limit;
}

static int grow(struct gn_sim_netem *e)
{
	const uint32_t cap = e->cap ? 2 * e->cap : 16;
	gn_time *sent = cap ? malloc(cap * sizeof(*sent)) : NULL;

	if (!sent)
		return -ENOMEM;
	for (uint32_t i = 0; i < e->n; i++)
		sent[i] = e->sent[place(e, i)];
	free(e->sent);
	e->sent = sent;
	e->first = 0;
	e->cap = cap;
	return 0;
}

/* Behind all that is sent earlier or at the same time. */
static int insert(struct gn_sim_netem *e, gn_time t)
{
	uint32_t i;

	if (e->n == e->cap && grow(e))
		return -ENOMEM;
	for (i = e->n++; i && e->sent[place(e, i - 1)] > t; i--)
		e->sent[place(e, i)] = e->sent[place(e, i - 1)];
	e->sent[place(e, i)] = t;
	return 0;
}

int gn_sim_netem_enqueue(struct gn_sim_netem *e, struct gn_rand *r, uint32_t size, gn_time now, gn_time *ret)
{
	const struct gn_shape *s = &e->shape;

	if (goes_first(e, r)) {
		e->delayed = 0;
		*ret = now;
		return 0;
	}
	int64_t t = (int64_t)now + draw_delay(s, r, &e->last[GN_SIM_DRAW_DELAY]);

	if ((s->rate_bps || s->keep_order) && e->n)
		t = GN_MAX(t, (int64_t)e->sent[place(e, e->n - 1)]);
	if (s->rate_bps)
		t += (int64_t)time_at_rate(s, size);
	e->delayed++;
	*ret = GN_MAX(t, (int64_t)now);
	return insert(e, *ret);
}
