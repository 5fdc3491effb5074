/* SPDX-License-Identifier: MIT */
/* Networks without links, what the clock of rounds allows, and what of both only the simulator can do. */
#include "topo/load.h"
#include "topo/planning.h"

static void plan_ideal(struct gn_planning *p, const struct gn_raw_network *n)
{
	struct gn_shape shape[2] = { 0 };

	if (n->shape.raw.bad || !gn_shape_decode(p, &n->shape, NULL, NULL, shape))
		return;
	p->t.network = shape[0];
	p->t.call_loss_ppm = (uint32_t)n->call_loss.number;
}

static bool takes_time(const struct gn_shape *s)
{
	return s->delay || s->jitter || s->rate_bps || s->slot.max_delay || s->slot.mean;
}

/* A fault for each entry of `links:` or `generate:`, not for each link that it makes. */
static void check_rounds(struct gn_planning *p)
{
	const struct gn_field *network = &p->raw->network;
	struct gn_place last = { 0 };

	if (takes_time(&p->t.network))
		gn_fault_at(
			p->report, network->at->key_place,
			"with clock: rounds a call takes no time: network may have loss, duplicate and call_loss, "
			"but no delay and no jitter");
	for (uint32_t l = 0; l < p->t.n_links; l++) {
		struct gn_place at = p->link_places[l];

		if (!takes_time(&p->links[l].shape[0]) && !takes_time(&p->links[l].shape[1]))
			continue;
		if (at.line == last.line && at.col == last.col && at.source == last.source)
			continue;
		gn_fault_at(p->report, at,
			    "with clock: rounds a call takes no time: links may have loss and duplicate, "
			    "but no delay, no jitter, no rate and no slot");
		last = at;
	}
}

/* A round has 32 bits in gossipnet/protocol.h. */
static void check_number_of_rounds(struct gn_planning *p, const struct gn_raw_gossip *g)
{
	const struct gn_field *duration = &p->raw->duration;

	if (!g->period.bad && !duration->bad && duration->number / g->period.number >= UINT32_MAX)
		gn_fault_at(p->report, gn_place_of(duration, &p->raw->raw),
			    "with clock: rounds at most 4294967294 rounds are possible: "
			    "shorten the duration or lengthen gossip's period");
}

int gn_planning_network(struct gn_planning *p)
{
	const struct gn_raw_gossip *g = p->raw->gossip.items;
	const struct gn_field *network = &p->raw->network;

	if (p->t.ideal)
		plan_ideal(p, network->items);
	else if (network->at && !p->raw->links.bad && !p->raw->generate.bad)
		gn_fault_at(
			p->report, network->at->key_place,
			"network is for a topology without links: with links, each has its own delay and loss");
	if (g->clock.number == GN_CLOCK_ROUNDS) {
		check_rounds(p);
		check_number_of_rounds(p, g);
	}
	return 0;
}

int gn_topology_for_live(const struct gn_topology *t, struct gn_err *err)
{
	if (t->ideal)
		return gn_fail(
			err, -EINVAL,
			"%s has no links: an ideal network is for gossipnet sim; to run it live, give it links",
			t->name);
	if (t->gossip.clock == GN_CLOCK_ROUNDS)
		return gn_fail(
			err, -EINVAL,
			"clock: rounds is for gossipnet sim: processes share no rounds; take clock: periodic");
	if (t->log == GN_RECORDS_COVERAGE)
		return gn_fail(
			err, -EINVAL,
			"log: coverage is for gossipnet sim: a live run keeps arrivals; take log: arrivals");
	return 0;
}
