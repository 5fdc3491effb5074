/* SPDX-License-Identifier: MIT */
#include "sim/network.h"

#include "sim/netem.h"
#include "sim/ways.h"

/* Of the streams for netem; the live network's links have the others. */
#define RANDOM_INDEX UINT64_MAX
#define LOST	     1

/*
 * A direction of a link. Most do no more than delay, lose and duplicate: for these all is here, and nothing is known of the
 * packets on them. What does more has a netem.
 */
struct direction {
	gn_dur delay;
	uint32_t jitter, loss_ppm, duplicate_ppm;
	uint32_t to; /* the node at its end */
	struct gn_sim_netem *netem;
};

/* A switch with `shared: true`: the queues that the links of its members have together. */
struct access {
	uint32_t node;
	struct gn_sim_netem up, down; /* up: into the switch */
	bool stale;		      /* a member's limit may have changed since theirs was found */
};

struct gn_sim_network {
	const struct gn_topology *t;
	struct gn_rand random;
	struct gn_sim_network_counts counts;
	struct direction *directions; /* [2 * link + direction] */
	struct access *accesses;      /* ascending nodes */
	uint32_t n_accesses;
	/* By link: how often it went down or up, odd while it is down. NULL: nothing is done to this network while it
	 * runs, and packets may go on to the next queue at once. */
	uint16_t *changes;
	struct gn_sim_ways ways;
};

/* One call of gn_sim_network_move(). */
struct move {
	struct gn_sim_network *network;
	gn_time now;
	gn_sim_land *land;
	void *host;
	unsigned copies;
	struct gn_err *err;
};

static int no_memory(struct gn_err *err)
{
	return gn_fail(err, -ENOMEM, "no memory for the network");
}

/* ---- what a link does ---- */

static const struct direction *direction_from(const struct gn_sim_network *n, uint32_t link, uint32_t from)
{
	return &n->directions[2 * (size_t)link + (n->t->links[link].node[0] != from)];
}

/* Does a link between them share its rate with others? */
static bool is_shared(const struct gn_sim_network *n, uint32_t at, uint32_t other)
{
	return n->n_accesses && n->t->nodes[at].shared && n->t->nodes[other].kind != GN_SWITCH;
}

static bool happens(struct gn_sim_network *n, uint32_t ppm)
{
	return ppm && gn_rand_below(&n->random, 1000000) < ppm;
}

/* netem's tabledist(): its bias is the kernel's. */
static gn_dur draw_delay(struct gn_sim_network *n, const struct direction *d)
{
	if (!d->jitter)
		return d->delay;
	return d->delay - d->jitter + (gn_rand_next(&n->random) >> 32) % (2 * (uint64_t)d->jitter);
}

static int travel(struct move *m, struct gn_sim_flight f, gn_time t);

/* The second copy, which netem queues first. It is not duplicated again here, but may be lost. */
static int send_copy(struct move *m, const struct gn_sim_flight *f, const struct direction *d, gn_time t)
{
	struct gn_sim_network *n = m->network;

	n->counts.duplicated++;
	if (happens(n, d->loss_ppm)) {
		n->counts.lost++;
		return 0;
	}
	return travel(m, *f, t + draw_delay(n, d));
}

static int cross_plain(struct move *m, const struct direction *d, struct gn_sim_flight *f, gn_time *t)
{
	struct gn_sim_network *n = m->network;
	const bool twice = happens(n, d->duplicate_ppm), lost = happens(n, d->loss_ppm);
	int r = 0;

	if (lost && !twice) {
		n->counts.lost++;
		return LOST;
	}
	f->at = d->to;
	if (twice && !lost)
		r = send_copy(m, f, d, *t);
	*t += draw_delay(n, d);
	return r;
}

/*
 * One bit of the frame is inverted: the addresses, protocol or IPv4 header that it is in let the next node refuse it, or UDP's
 * checksum the destination. Nobody looks at the sender's Ethernet address. Return: 0, or LOST: at the link's end.
 */
static int corrupt(struct gn_sim_network *n, struct gn_sim_flight *f)
{
	enum { SENDER = 6, TYPE = 12, UDP = 34 }; /* where they begin */
	const uint64_t byte = gn_rand_below(&n->random, f->size + GN_SIM_FRAME_BYTES);

	if (byte >= SENDER && byte < TYPE)
		return 0;
	f->corrupt = true;
	return byte < UDP ? LOST : 0;
}

/* Through the queue of a netem. Return: 0, *t is when it comes out at the other end; LOST: it is of no use there. */
static int queue_up(struct move *m, struct gn_sim_netem *e, struct gn_sim_flight *f, gn_time *t)
{
	struct gn_sim_network *n = m->network;
	const int r = gn_sim_netem_corrupts(e, &n->random) ? corrupt(n, f) : 0;

	if (gn_sim_netem_enqueue(e, &n->random, f->size + GN_SIM_FRAME_BYTES, *t, t))
		return no_memory(m->err);
	if (r)
		n->counts.corrupted++;
	return r;
}

static int queue_copy(struct move *m, struct gn_sim_netem *e, struct gn_sim_flight f, gn_time t)
{
	struct gn_sim_network *n = m->network;

	n->counts.duplicated++;
	if (gn_sim_netem_loses(e, &n->random)) {
		n->counts.lost++;
		return 0;
	}
	const int r = queue_up(m, e, &f, &t);

	return r ? GN_MIN(r, 0) : travel(m, f, t);
}

/* netem_enqueue(). */
static int cross_netem(struct move *m, const struct direction *d, struct gn_sim_flight *f, gn_time *t)
{
	struct gn_sim_network *n = m->network;
	struct gn_sim_netem *e = d->netem;
	const bool twice = gn_sim_netem_duplicates(e, &n->random), lost = gn_sim_netem_loses(e, &n->random);
	int r = 0;

	if (lost && !twice) {
		n->counts.lost++;
		return LOST;
	}
	if (gn_sim_netem_is_full(e, *t)) {
		n->counts.queue_drops++;
		return LOST;
	}
	f->at = d->to;
	if (twice && !lost)
		r = queue_copy(m, e, *f, *t);
	return r ? r : queue_up(m, e, f, t);
}

/* Over @link: the flight is then at its other end at *t. Return: 0, LOST or negative. */
static int cross_link(struct move *m, uint32_t link, struct gn_sim_flight *f, gn_time *t)
{
	struct gn_sim_network *n = m->network;
	const struct direction *d = direction_from(n, link, f->at);

	if (n->changes) {
		if (n->changes[link] & 1) {
			n->counts.down_drops++;
			return LOST;
		}
		f->link = link;
		f->changes = n->changes[link];
	}
	f->access = is_shared(n, d->to, f->at) ? GN_SIM_BEFORE_ACCESS : GN_SIM_NO_ACCESS;
	return d->netem ? cross_netem(m, d, f, t) : cross_plain(m, d, f, t);
}

/* ---- access networks ---- */

static struct access *access_of(const struct gn_sim_network *n, uint32_t node)
{
	uint32_t low = 0, high = n->n_accesses - 1;

	while (low < high) {
		const uint32_t middle = low + (high - low) / 2;

		if (n->accesses[middle].node < node)
			low = middle + 1;
		else
			high = middle;
	}
	return &n->accesses[low];
}

/* Through the queue that all members share. The link itself, with its delay, comes before it on the way into the
 * switch, and behind it on the way out. */
static int cross_access(struct move *m, struct gn_sim_netem *e, struct gn_sim_flight *f, gn_time *t)
{
	if (gn_sim_netem_is_full(e, *t)) {
		m->network->counts.queue_drops++;
		return LOST;
	}
	f->access = f->access == GN_SIM_BEFORE_ACCESS ? GN_SIM_NO_ACCESS : GN_SIM_BEHIND_ACCESS;
	return queue_up(m, e, f, t);
}

/* ---- the whole way ---- */

static int put_down(struct move *m, const struct gn_sim_flight *f, gn_time when)
{
	if (f->at == f->to && f->corrupt) {
		m->network->counts.corrupted++;
		return 0;
	}
	if (++m->copies > GN_SIM_COPIES_MAX)
		return gn_fail(m->err, -EOVERFLOW,
			       "links that duplicate make more than %d copies of one datagram to %s",
			       GN_SIM_COPIES_MAX, m->network->t->nodes[f->to].name);
	m->land(m->host, f, when);
	return 0;
}

/* Of its own queue, now: only what has a netem can have got another than in the file. */
static uint32_t limit_of(const struct gn_sim_network *n, uint32_t direction)
{
	const struct gn_sim_netem *e = n->directions[direction].netem;

	return e ? e->shape.limit : n->t->links[direction / 2].shape[direction % 2].limit;
}

/* Their limits: the largest that a member has now, each way. */
static void find_limits(const struct gn_sim_network *n, struct access *a)
{
	const struct gn_node *node = &n->t->nodes[a->node];

	a->up.shape.limit = a->down.shape.limit = 0;
	a->stale = false;
	for (uint32_t k = 0; k < node->n_ports; k++) {
		const struct gn_port *port = &n->t->ports[node->first_port + k];
		const uint32_t in = 2 * port->link + !port->end, out = in ^ 1;

		if (!is_shared(n, a->node, n->directions[out].to))
			continue;
		a->up.shape.limit = GN_MAX(a->up.shape.limit, limit_of(n, in));
		a->down.shape.limit = GN_MAX(a->down.shape.limit, limit_of(n, out));
	}
}

static struct access *access_now(const struct gn_sim_network *n, uint32_t node)
{
	struct access *a = access_of(n, node);

	if (a->stale)
		find_limits(n, a);
	return a;
}

/* The queue before which the flight is, if it is at one: of an access network. Either way may have no rate, and no queue. */
static struct gn_sim_netem *queue_before(const struct gn_sim_network *n, struct gn_sim_flight *f,
					 uint32_t link)
{
	if (f->access == GN_SIM_BEFORE_ACCESS) {
		struct gn_sim_netem *up = &access_now(n, f->at)->up;

		if (up->shape.rate_bps)
			return up;
		f->access = GN_SIM_NO_ACCESS;
	}
	if (f->access != GN_SIM_NO_ACCESS || !is_shared(n, f->at, gn_sim_other_end(n->t, link, f->at)))
		return NULL;
	struct gn_sim_netem *down = &access_now(n, f->at)->down;

	return down->shape.rate_bps ? down : NULL;
}

/* From where the flight is at @t. At a queue everything that comes earlier must have come: the host calls again then. */
static int travel(struct move *m, struct gn_sim_flight f, gn_time t)
{
	struct gn_sim_network *n = m->network;

	while (f.at != f.to) {
		struct gn_sim_flight on = f;
		uint32_t link;
		int r = gn_sim_ways_choose(&n->ways, &on, &link);

		if (r)
			return no_memory(m->err);
		if (link == GN_NONE) {
			n->counts.unreachable++;
			return 0;
		}
		struct gn_sim_netem *access = n->n_accesses ? queue_before(n, &f, link) : NULL;

		if (t > m->now && (n->changes || access || direction_from(n, link, f.at)->netem))
			break;
		r = access ? cross_access(m, access, &f, &t) : cross_link(m, link, &on, &t);
		if (r)
			return r == LOST ? 0 : r;
		if (!access)
			f = on;
	}
	return put_down(m, &f, t);
}

int gn_sim_network_path(struct gn_sim_network *n, uint32_t from, uint32_t to, uint32_t *ret, uint32_t max,
			uint32_t *ret_n, struct gn_err *err)
{
	struct gn_sim_flight f = gn_sim_flight(from, to, 0);
	uint32_t k = 0, link;

	*ret_n = 0;
	for (; f.at != to; k++) {
		if (gn_sim_ways_choose(&n->ways, &f, &link))
			return no_memory(err);
		if (link == GN_NONE || k == max)
			return 0;
		ret[k] = 2 * link + (n->t->links[link].node[0] == f.at ? 0 : 1);
		f.at = gn_sim_other_end(n->t, link, f.at);
	}
	*ret_n = k;
	return 0;
}

bool gn_sim_network_arrives(struct gn_sim_network *n, const struct gn_sim_flight *f)
{
	if (!n->changes || f->link == GN_NONE || n->changes[f->link] == f->changes)
		return true;
	n->counts.down_drops++;
	return false;
}

int gn_sim_network_move(struct gn_sim_network *n, const struct gn_sim_flight *f, gn_time now,
			gn_sim_land *land, void *host, struct gn_err *err)
{
	struct move m = { .network = n, .now = now, .land = land, .host = host, .err = err };

	return travel(&m, *f, now);
}

const struct gn_sim_network_counts *gn_sim_network_counts(const struct gn_sim_network *n)
{
	return &n->counts;
}

/* ---- making it ---- */

/* What needs no memory of the packets before. */
static bool is_plain(const struct gn_shape *s)
{
	return !s->distribution && !s->correlation_ppm && !s->keep_order && s->loss_model == GN_LOSS_RANDOM &&
	       !s->loss_correlation_ppm && !s->duplicate_correlation_ppm && !s->corrupt_ppm &&
	       !s->reorder_ppm && !s->rate_bps && !s->limit_given;
}

/* @always: packets on it count from the start, because it will get another shape. */
static int shape_direction(struct gn_sim_network *n, struct direction *d, const struct gn_shape *s,
			   bool always)
{
	if (!d->netem && (always || !is_plain(s))) {
		d->netem = calloc(1, sizeof(*d->netem));
		if (!d->netem)
			return -ENOMEM;
	}
	if (d->netem)
		gn_sim_netem_set(d->netem, s, &n->random);
	d->delay = s->delay;
	d->jitter = (uint32_t)s->jitter;
	d->loss_ppm = s->loss_ppm;
	d->duplicate_ppm = s->duplicate_ppm;
	return 0;
}

/* The part of a member's shape that is all members': the rate. Their limit is found when it is needed, for many members
 * may change at once. */
static void shape_access(struct gn_sim_network *n, struct access *a, struct gn_sim_netem *e,
			 const struct gn_shape *s)
{
	const struct gn_shape shared = {
		.rate_bps = s->rate_bps,
		.packet_overhead = s->packet_overhead,
		.cell_size = s->cell_size,
		.cell_overhead = s->cell_overhead,
	};

	gn_sim_netem_set(e, &shared, &n->random);
	a->stale = true;
}

static int set_shape(struct gn_sim_network *n, uint32_t direction, const struct gn_shape *s, bool always)
{
	struct direction *d = &n->directions[direction];
	const uint32_t from = n->t->links[direction / 2].node[direction % 2];
	const bool up = is_shared(n, d->to, from), down = is_shared(n, from, d->to);
	struct gn_shape own = *s;

	if (up || down) {
		struct access *a = access_of(n, up ? d->to : from);

		shape_access(n, a, up ? &a->up : &a->down, s);
		own.keep_order |= own.rate_bps > 0; /* as a rate would */
		own.rate_bps = 0;
	}
	return shape_direction(n, d, &own, always);
}

int gn_sim_network_shape(struct gn_sim_network *n, uint32_t direction, const struct gn_shape *s,
			 struct gn_err *err)
{
	return set_shape(n, direction, s, true) ? no_memory(err) : 0;
}

void gn_sim_network_down(struct gn_sim_network *n, uint32_t link, bool down)
{
	n->changes[link] = (uint16_t)(n->changes[link] + ((n->changes[link] & 1) != down));
}

static int make_directions(struct gn_sim_network *n)
{
	const struct gn_topology *t = n->t;
	int r = 0;

	n->directions = calloc(2 * (size_t)t->n_links + 1, sizeof(*n->directions));
	if (!n->directions)
		return -ENOMEM;
	for (uint32_t i = 0; !r && i < 2 * t->n_links; i++) {
		n->directions[i].to = t->links[i / 2].node[!(i % 2)];
		r = set_shape(n, i, &t->links[i / 2].shape[i % 2], false);
	}
	for (uint32_t a = 0; !r && a < t->n_actions; a++) {
		const struct gn_action *action = &t->actions[a];

		for (uint32_t i = 0; !r && action->what == GN_ACTION_SET && i < action->n_targets; i++)
			r = set_shape(n, action->targets[i],
				      &t->links[action->targets[i] / 2].shape[action->targets[i] % 2], true);
	}
	return r;
}

static int make_accesses(struct gn_sim_network *n)
{
	const struct gn_topology *t = n->t;

	for (uint32_t v = 0; v < t->n_nodes; v++)
		n->n_accesses += t->nodes[v].shared;
	n->accesses = calloc(n->n_accesses + 1, sizeof(*n->accesses));
	if (!n->accesses)
		return -ENOMEM;
	for (uint32_t v = 0, i = 0; v < t->n_nodes; v++) {
		if (t->nodes[v].shared)
			n->accesses[i++].node = v;
	}
	return 0;
}

int gn_sim_network_new(const struct gn_topology *t, struct gn_sim_network **ret, struct gn_err *err)
{
	struct gn_sim_network *n = calloc(1, sizeof(*n));

	if (!n)
		return no_memory(err);
	n->t = t;
	gn_rand_init(&n->random, t->seed, GN_RAND_NETEM, RANDOM_INDEX);
	n->changes = t->n_actions ? calloc(t->n_links + 1, sizeof(*n->changes)) : NULL;
	if (gn_sim_ways_init(&n->ways, t) || (t->n_actions && !n->changes) || make_accesses(n) ||
	    make_directions(n)) {
		gn_sim_network_free(n);
		return no_memory(err);
	}
	*ret = n;
	return 0;
}

static void free_directions(struct gn_sim_network *n)
{
	for (uint32_t i = 0; n->directions && i < 2 * n->t->n_links; i++) {
		if (n->directions[i].netem)
			gn_sim_netem_done(n->directions[i].netem);
		free(n->directions[i].netem);
	}
	free(n->directions);
}

struct gn_sim_network *gn_sim_network_free(struct gn_sim_network *n)
{
	if (!n)
		return NULL;
	gn_sim_ways_done(&n->ways);
	for (uint32_t i = 0; n->accesses && i < n->n_accesses; i++) {
		gn_sim_netem_done(&n->accesses[i].up);
		gn_sim_netem_done(&n->accesses[i].down);
	}
	free_directions(n);
	free(n->accesses);
	free(n->changes);
	free(n);
	return NULL;
}
