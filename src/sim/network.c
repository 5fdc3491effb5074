/* SPDX-License-Identifier: MIT */
#include "sim/network.h"

#include "util/rand.h"

/* A node with fewer routes than this has no table: they are looked at one by one. */
#define WORTH_A_TABLE 16
/* Of the streams for netem; the live network's links have the others. */
#define RANDOM_INDEX UINT64_MAX
#define LOST	     1

/* A link direction with a rate: when the packets on it will be through, ascending. A ring. */
struct queue {
	gn_time *through;
	uint32_t first, n, cap; /* cap: a power of two */
};

/* Of the addresses from here on, up to the next range, this route's prefix is the longest. */
struct range {
	uint32_t start;
	uint32_t route; /* of the topology, or GN_NONE */
};

/* A node's routes as disjoint ranges, ascending. */
struct table {
	struct range *ranges;
	uint32_t n;
};

/* A host or router, and its port on a LAN. */
struct attachment {
	uint32_t node, port;
};

struct gn_sim_network {
	const struct gn_topology *t;
	struct gn_rand random;
	struct gn_sim_network_counts counts;
	struct queue *queues; /* [2 * link + direction]; touched only where there is a rate */
	struct table *tables; /* by node; made when first needed */
	/* Of LAN i, ascending nodes: attachments[first_attachment[i]] up to first_attachment[i + 1] - 1. */
	struct attachment *attachments;
	uint32_t *first_attachment;
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

/* ---- where to ---- */

static bool holds(const struct gn_route *r, uint32_t ip)
{
	return !r->bits || (ip ^ r->prefix) >> (32 - r->bits) == 0;
}

static int compare_routes(const void *a, const void *b, void *routes)
{
	const struct gn_route *x = (const struct gn_route *)routes + *(const uint32_t *)a;
	const struct gn_route *y = (const struct gn_route *)routes + *(const uint32_t *)b;

	if (x->prefix != y->prefix)
		return x->prefix < y->prefix ? -1 : 1;
	return x->bits - y->bits;
}

static void put_range(struct table *table, uint32_t start, uint32_t route)
{
	if (table->n && table->ranges[table->n - 1].start == start)
		table->n--;
	table->ranges[table->n++] = (struct range){ start, route };
}

/* @order: numbers of routes, each after all those whose prefix holds its own. Such ones, one within the other, are a
 * stack: where the innermost ends, the next one goes on. */
static void list_ranges(struct table *table, const struct gn_route *routes, const uint32_t *order, uint32_t n)
{
	uint32_t stack[33], depth = 0;

	for (uint32_t i = 0; i <= n; i++) {
		while (depth && (i == n || !holds(&routes[stack[depth - 1]], routes[order[i]].prefix))) {
			const struct gn_route *ended = &routes[stack[--depth]];
			const uint64_t behind = ended->prefix + (UINT64_C(1) << (32 - ended->bits));

			if (behind <= UINT32_MAX)
				put_range(table, (uint32_t)behind, depth ? stack[depth - 1] : GN_NONE);
		}
		if (i == n)
			break;
		stack[depth++] = order[i];
		put_range(table, routes[order[i]].prefix, order[i]);
	}
}

static int make_table(struct gn_sim_network *n, uint32_t node)
{
	const struct gn_node *v = &n->t->nodes[node];
	struct table *table = &n->tables[node];
	GN_CLEANUP(gn_free_p) uint32_t *order = malloc(v->n_routes * sizeof(*order));

	/* A route begins a range and ends one. */
	table->ranges = malloc(2 * (size_t)v->n_routes * sizeof(*table->ranges));
	if (!order || !table->ranges)
		return -ENOMEM;
	for (uint32_t i = 0; i < v->n_routes; i++)
		order[i] = v->first_route + i;
	qsort_r(order, v->n_routes, sizeof(*order), compare_routes, (void *)n->t->routes);
	list_ranges(table, n->t->routes, order, v->n_routes);
	return 0;
}

static uint32_t search_table(const struct table *table, uint32_t ip)
{
	uint32_t low = 0, high = table->n;

	while (low < high) {
		const uint32_t middle = low + (high - low) / 2;

		if (table->ranges[middle].start <= ip)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? table->ranges[low - 1].route : GN_NONE;
}

static uint32_t search_routes(const struct gn_topology *t, const struct gn_node *v, uint32_t ip)
{
	uint32_t best = GN_NONE;

	for (uint32_t i = v->first_route; i < v->first_route + v->n_routes; i++) {
		if (holds(&t->routes[i], ip) && (best == GN_NONE || t->routes[i].bits > t->routes[best].bits))
			best = i;
	}
	return best;
}

/* *ret: the route of @node to @to with the longest prefix, or NULL. */
static int find_route(struct gn_sim_network *n, uint32_t node, uint32_t to, const struct gn_route **ret)
{
	const struct gn_node *v = &n->t->nodes[node];
	const uint32_t ip = n->t->nodes[to].ip;
	uint32_t route;

	if (v->n_routes < WORTH_A_TABLE) {
		route = search_routes(n->t, v, ip);
	} else {
		if (!n->tables[node].ranges && make_table(n, node))
			return -ENOMEM;
		route = search_table(&n->tables[node], ip);
	}
	*ret = route == GN_NONE ? NULL : &n->t->routes[route];
	return 0;
}

static uint32_t other_end(const struct gn_topology *t, uint32_t link, uint32_t node)
{
	const struct gn_link *l = &t->links[link];

	return l->node[0] == node ? l->node[1] : l->node[0];
}

/* The port of @node on this LAN, or GN_NONE. */
static uint32_t port_on_lan(const struct gn_sim_network *n, uint32_t lan, uint32_t node)
{
	uint32_t low = n->first_attachment[lan], high = n->first_attachment[lan + 1];
	const uint32_t end = high;

	while (low < high) {
		const uint32_t middle = low + (high - low) / 2;

		if (n->attachments[middle].node < node)
			low = middle + 1;
		else
			high = middle;
	}
	return low < end && n->attachments[low].node == node ? n->attachments[low].port : GN_NONE;
}

/* The link by which a switch sends what is for @next: towards its switch if that is below, else up. GN_NONE: not on
 * this LAN. */
static uint32_t link_in_lan(const struct gn_sim_network *n, uint32_t at, uint32_t next)
{
	const struct gn_topology *t = n->t;
	const uint32_t port = port_on_lan(n, t->nodes[at].lan, next);

	if (port == GN_NONE)
		return GN_NONE;
	uint32_t down = t->ports[port].link, below = other_end(t, down, next);

	while (below != at && t->nodes[below].uplink != GN_NONE) {
		down = t->nodes[below].uplink;
		below = other_end(t, down, below);
	}
	return below == at ? down : t->nodes[at].uplink;
}

/* *ret: the link by which the flight leaves, or GN_NONE: it goes no further. */
static int choose_link(struct gn_sim_network *n, struct gn_sim_flight *f, uint32_t *ret)
{
	const struct gn_node *v = &n->t->nodes[f->at];
	const struct gn_route *route = NULL;
	int r = 0;

	*ret = GN_NONE;
	if (v->kind == GN_SWITCH) {
		*ret = link_in_lan(n, f->at, f->next);
		return 0;
	}
	if (!f->ttl--)
		return 0;
	r = find_route(n, f->at, f->to, &route);
	if (!route)
		return r;
	f->next = route->via == GN_NONE ? f->to : route->via;
	*ret = n->t->ports[v->first_port + route->port].link;
	return 0;
}

/* ---- what a link does ---- */

static bool happens(struct gn_sim_network *n, uint32_t ppm)
{
	return ppm && gn_rand_below(&n->random, 1000000) < ppm;
}

/* netem's tabledist(): its bias is the kernel's. */
static gn_dur draw_delay(struct gn_sim_network *n, const struct gn_shape *s)
{
	if (!s->jitter)
		return s->delay;
	return s->delay - s->jitter + (gn_rand_next(&n->random) >> 32) % (2 * s->jitter);
}

static void leave_queue(struct queue *q, gn_time now)
{
	while (q->n && q->through[q->first] <= now) {
		q->first = (q->first + 1) & (q->cap - 1);
		q->n--;
	}
}

static int grow_queue(struct queue *q)
{
	const uint32_t cap = q->cap ? 2 * q->cap : 16;
	gn_time *through = cap ? malloc(cap * sizeof(*through)) : NULL;

	if (!through)
		return -ENOMEM;
	for (uint32_t i = 0; i < q->n; i++)
		through[i] = q->through[(q->first + i) & (q->cap - 1)];
	free(q->through);
	*q = (struct queue){ .through = through, .n = q->n, .cap = cap };
	return 0;
}

/* A packet behind those in the queue. *ret: when it will be through. */
static int enter_queue(struct queue *q, gn_time ready, const struct gn_shape *s, uint32_t size, gn_time *ret)
{
	const uint64_t frame = size + GN_SIM_FRAME_BYTES;

	if (q->n == q->cap && grow_queue(q))
		return -ENOMEM;
	if (q->n)
		ready = GN_MAX(ready, q->through[(q->first + q->n - 1) & (q->cap - 1)]);
	*ret = ready + frame * GN_SEC / GN_MAX(1, s->rate_bps / 8);
	q->through[(q->first + q->n++) & (q->cap - 1)] = *ret;
	return 0;
}

/* Over a link without or with a rate. */
static int cross(struct gn_sim_network *n, struct queue *q, const struct gn_shape *s, uint32_t size,
		 gn_time *t)
{
	const gn_time ready = *t + draw_delay(n, s);

	if (s->rate_bps)
		return enter_queue(q, ready, s, size, t);
	*t = ready;
	return 0;
}

static bool is_full(struct queue *q, const struct gn_shape *s, gn_time now)
{
	if (!s->rate_bps)
		return false;
	leave_queue(q, now);
	return q->n >= s->limit;
}

static int travel(struct move *m, struct gn_sim_flight f, gn_time t);

/* The second copy, which netem queues first. It is not duplicated again here, but may be lost. */
static int send_copy(struct move *m, const struct gn_sim_flight *f, const struct gn_shape *s, struct queue *q,
		     gn_time t)
{
	struct gn_sim_network *n = m->network;
	int r;

	n->counts.duplicated++;
	if (happens(n, s->loss_ppm)) {
		n->counts.lost++;
		return 0;
	}
	r = cross(n, q, s, f->size, &t);
	return r ? r : travel(m, *f, t);
}

/* Over @link, as netem_enqueue() has it: the flight is then at its other end at *t. Return: 0, LOST or negative. */
static int cross_link(struct move *m, uint32_t link, struct gn_sim_flight *f, gn_time *t)
{
	struct gn_sim_network *n = m->network;
	const struct gn_link *l = &n->t->links[link];
	const int direction = l->node[0] == f->at ? 0 : 1;
	const struct gn_shape *s = &l->shape[direction];
	struct queue *q = &n->queues[2 * (size_t)link + (size_t)direction];
	const bool twice = happens(n, s->duplicate_ppm), lost = happens(n, s->loss_ppm);
	int r = 0;

	if (lost && !twice) {
		n->counts.lost++;
		return LOST;
	}
	if (is_full(q, s, *t)) {
		n->counts.queue_drops++;
		return LOST;
	}
	f->at = l->node[!direction];
	if (twice && !lost)
		r = send_copy(m, f, s, q, *t);
	return r ? r : cross(n, q, s, f->size, t);
}

static bool has_rate(const struct gn_topology *t, uint32_t link, uint32_t from)
{
	return t->links[link].shape[t->links[link].node[0] == from ? 0 : 1].rate_bps;
}

static int put_down(struct move *m, const struct gn_sim_flight *f, gn_time when)
{
	if (++m->copies > GN_SIM_COPIES_MAX)
		return gn_fail(m->err, -EOVERFLOW,
			       "links that duplicate make more than %d copies of one datagram to %s",
			       GN_SIM_COPIES_MAX, m->network->t->nodes[f->to].name);
	m->land(m->host, f, when);
	return 0;
}

/* From where the flight is at @t. At a queue everything that comes earlier must have come: the host calls again then. */
static int travel(struct move *m, struct gn_sim_flight f, gn_time t)
{
	struct gn_sim_network *n = m->network;

	while (f.at != f.to) {
		struct gn_sim_flight on = f;
		uint32_t link;
		int r = choose_link(n, &on, &link);

		if (r)
			return no_memory(m->err);
		if (link == GN_NONE) {
			n->counts.unreachable++;
			return 0;
		}
		if (t > m->now && has_rate(n->t, link, f.at))
			break;
		r = cross_link(m, link, &on, &t);
		if (r)
			return r == LOST ? 0 : r;
		f = on;
	}
	return put_down(m, &f, t);
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

static uint32_t owner_of(const struct gn_topology *t, const struct gn_port *p)
{
	return t->links[p->link].node[p->end];
}

/* The LAN that a host or router has behind a port, or GN_NONE. */
static uint32_t lan_behind(const struct gn_topology *t, const struct gn_port *p)
{
	if (t->nodes[owner_of(t, p)].kind == GN_SWITCH)
		return GN_NONE;
	return t->nodes[t->links[p->link].node[!p->end]].lan;
}

/* Ports are in the order of their nodes. A LAN's first place is kept one further on while it is filled up, from where it
 * ends as the place of the next one. */
static void list_attachments(struct gn_sim_network *n)
{
	const struct gn_topology *t = n->t;
	uint32_t *place = n->first_attachment + 1;

	for (uint32_t i = 0; i < t->n_ports; i++) {
		const uint32_t lan = lan_behind(t, &t->ports[i]);

		if (lan != GN_NONE)
			place[lan + 1]++;
	}
	for (uint32_t lan = 0; lan < t->n_lans; lan++)
		place[lan + 1] += place[lan];
	for (uint32_t i = 0; i < t->n_ports; i++) {
		const uint32_t lan = lan_behind(t, &t->ports[i]);

		if (lan != GN_NONE)
			n->attachments[place[lan]++] = (struct attachment){ owner_of(t, &t->ports[i]), i };
	}
}

int gn_sim_network_new(const struct gn_topology *t, struct gn_sim_network **ret, struct gn_err *err)
{
	struct gn_sim_network *n = calloc(1, sizeof(*n));

	if (!n)
		return no_memory(err);
	n->t = t;
	gn_rand_init(&n->random, t->seed, GN_RAND_NETEM, RANDOM_INDEX);
	n->queues = calloc(2 * (size_t)t->n_links + 1, sizeof(*n->queues));
	n->tables = calloc(t->n_nodes, sizeof(*n->tables));
	n->attachments = malloc((t->n_ports + 1u) * sizeof(*n->attachments));
	n->first_attachment = calloc(t->n_lans + 2u, sizeof(*n->first_attachment));
	if (!n->queues || !n->tables || !n->attachments || !n->first_attachment) {
		gn_sim_network_free(n);
		return no_memory(err);
	}
	list_attachments(n);
	*ret = n;
	return 0;
}

struct gn_sim_network *gn_sim_network_free(struct gn_sim_network *n)
{
	if (!n)
		return NULL;
	for (uint32_t i = 0; n->queues && i < 2 * n->t->n_links; i++) {
		if (n->t->links[i / 2].shape[i % 2].rate_bps)
			free(n->queues[i].through);
	}
	for (uint32_t v = 0; n->tables && v < n->t->n_nodes; v++)
		free(n->tables[v].ranges);
	free(n->queues);
	free(n->tables);
	free(n->attachments);
	free(n->first_attachment);
	free(n);
	return NULL;
}
