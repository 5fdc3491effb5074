/* SPDX-License-Identifier: MIT */
#include "net/shape.h"

#include <inttypes.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "util/rand.h"

#define ROOT_HANDLE	0x10000 /* 1: */
#define NETEM_PRNG_SEED 14	/* TCA_NETEM_PRNG_SEED, Linux 6.6; older ones ignore it */
#define UNIFORM_STEPS	4096
#define IDLE_LIMIT	1000  /* packets; of a netem that does nothing */
#define OPTIONS_MAX	65528 /* bytes that one attribute can have */

static uint32_t share_of(uint32_t ppm)
{
	if (ppm >= 1000000)
		return UINT32_MAX;
	return (uint32_t)(((uint64_t)ppm << 32) / 1000000 + ((((uint64_t)ppm << 32) % 1000000) >= 500000));
}

static struct gn_netem_share correlated(uint32_t ppm, uint32_t correlation_ppm)
{
	return (struct gn_netem_share){ share_of(ppm), share_of(correlation_ppm) };
}

/* The kernel adds the two probabilities with which a state is left, in 32 bits: rounded, they must not be more than
 * all. */
static void leave_room(uint32_t *a, uint32_t b)
{
	*a = GN_MIN(*a, UINT32_MAX - b);
}

static void states_of(const struct gn_shape *shape, struct gn_netem *n)
{
	n->loss_model = shape->loss_model;
	for (size_t i = 0; i < GN_ARRAY_LEN(n->loss_states); i++)
		n->loss_states[i] = share_of(shape->loss_states[i]);
	if (n->loss_model != GN_LOSS_STATES)
		return;
	leave_room(&n->loss_states[0], n->loss_states[4]); /* p13 and p14 */
	leave_room(&n->loss_states[1], n->loss_states[2]); /* p31 and p32 */
}

static void rate_of(const struct gn_shape *shape, struct gn_netem *n)
{
	if (!shape->rate_bps) {
		n->rate = shape->keep_order ? GN_NETEM_ORDER_RATE : 0;
		return;
	}
	n->rate = GN_MAX(1, shape->rate_bps / 8 + (shape->rate_bps % 8 >= 4));
	n->packet_overhead = shape->packet_overhead;
	n->cell_size = shape->cell_size;
	n->cell_overhead = shape->cell_overhead;
}

void gn_netem_of(const struct gn_shape *shape, uint64_t seed, uint32_t link, int direction,
		 struct gn_netem *ret)
{
	struct gn_rand r;

	gn_rand_init(&r, seed, GN_RAND_NETEM, 2 * (uint64_t)link + (uint64_t)direction);
	*ret = (struct gn_netem){
		.latency = (int64_t)shape->delay,
		.jitter = (int64_t)shape->jitter,
		.correlation = share_of(shape->correlation_ppm),
		.distribution = shape->distribution,
		.loss = correlated(shape->loss_ppm, shape->loss_correlation_ppm),
		.duplicate = correlated(shape->duplicate_ppm, shape->duplicate_correlation_ppm),
		.corrupt = correlated(shape->corrupt_ppm, shape->corrupt_correlation_ppm),
		.reorder = correlated(shape->reorder_ppm, shape->reorder_correlation_ppm),
		.gap = shape->reorder_ppm ? GN_MAX(1, shape->reorder_gap) : 0,
		.slot = shape->slot,
		.limit = gn_shape_is_set(shape) ? shape->limit : IDLE_LIMIT,
		.ecn = shape->ecn,
		.seed = gn_rand_next(&r),
	};
	states_of(shape, ret);
	rate_of(shape, ret);
}

/* ---- to the kernel ---- */

static void put_loss_model(struct nlmsghdr *m, const struct gn_netem *n)
{
	const uint32_t *p = n->loss_states;
	const struct tc_netem_gemodel two = { .p = p[0], .r = p[1], .h = UINT32_MAX - p[2], .k1 = p[3] };
	const struct tc_netem_gimodel four = {
		.p13 = p[0], .p31 = p[1], .p32 = p[2], .p23 = p[3], .p14 = p[4]
	};

	if (n->loss_model == GN_LOSS_RANDOM) /* which is what no model means */
		return;
	struct nlattr *nest = mnl_attr_nest_start(m, TCA_NETEM_LOSS);

	if (n->loss_model == GN_LOSS_GILBERT_ELLIOTT)
		mnl_attr_put(m, NETEM_LOSS_GE, sizeof(two), &two);
	else
		mnl_attr_put(m, NETEM_LOSS_GI, sizeof(four), &four);
	mnl_attr_nest_end(m, nest);
}

static void put_rate(struct nlmsghdr *m, const struct gn_netem *n)
{
	/* Below 2^32 the rate fits; above, the kernel wants all ones here and the value in RATE64. */
	const struct tc_netem_rate rate = {
		.rate = (uint32_t)GN_MIN(n->rate, UINT32_MAX),
		.packet_overhead = n->packet_overhead,
		.cell_size = n->cell_size,
		.cell_overhead = n->cell_overhead,
	};

	if (n->rate > UINT32_MAX)
		mnl_attr_put(m, TCA_NETEM_RATE64, sizeof(n->rate), &n->rate);
	mnl_attr_put(m, TCA_NETEM_RATE, sizeof(rate), &rate);
}

/* The bounds, and the same as mean and deviation, which count as soon as there is a table. */
static struct tc_netem_slot slot_of(const struct gn_slot *s, enum gn_netem_mode mode)
{
	struct tc_netem_slot slot = {
		.min_delay = (int64_t)s->min_delay,
		.max_delay = (int64_t)s->max_delay,
		.max_packets = (int32_t)s->packets,
		.max_bytes = (int32_t)s->bytes,
		.dist_delay = (int64_t)s->mean,
		.dist_jitter = (int64_t)s->jitter,
	};

	if (mode == GN_NETEM_REPLACE && !s->distribution) {
		slot.dist_delay = (slot.min_delay + slot.max_delay) / 2;
		slot.dist_jitter = (slot.max_delay - slot.min_delay) / 2;
	}
	return slot;
}

/* Does it take a table: one of its own or, in place of one that may be there, a uniform one? */
static bool has_delay_table(const struct gn_netem *n, enum gn_netem_mode mode)
{
	return n->distribution || (mode == GN_NETEM_REPLACE && n->jitter);
}

static bool has_slot_table(const struct gn_netem *n, enum gn_netem_mode mode)
{
	return n->slot.distribution || (mode == GN_NETEM_REPLACE && n->slot.max_delay > n->slot.min_delay);
}

static size_t table_bytes(const struct gn_distribution *d)
{
	return MNL_ALIGN(MNL_ATTR_HDRLEN + (d ? d->n : UNIFORM_STEPS) * sizeof(int16_t));
}

/* @d NULL: a uniform one. */
static void put_table(struct nlmsghdr *m, uint16_t type, const struct gn_distribution *d)
{
	int16_t uniform[UNIFORM_STEPS];

	if (d) {
		mnl_attr_put(m, type, d->n * sizeof(*d->values), d->values);
		return;
	}
	for (int i = 0; i < UNIFORM_STEPS; i++) /* the middles of as many steps from -8192 to 8192 */
		uniform[i] = (int16_t)(((2 * i + 1) * NETEM_DIST_SCALE) / UNIFORM_STEPS - NETEM_DIST_SCALE);
	mnl_attr_put(m, type, sizeof(uniform), uniform);
}

/* Everything, also what is 0: what is absent stays in the kernel as it was. */
static void put_options(struct nlmsghdr *m, const struct gn_netem *n, enum gn_netem_mode mode)
{
	const struct tc_netem_qopt head = {
		.loss = n->loss.share, .duplicate = n->duplicate.share, .limit = n->limit, .gap = n->gap
	};
	const struct tc_netem_corr correlation = { .delay_corr = n->correlation,
						   .loss_corr = n->loss.correlation,
						   .dup_corr = n->duplicate.correlation };
	const struct tc_netem_reorder reorder = { n->reorder.share, n->reorder.correlation };
	const struct tc_netem_corrupt corrupt = { n->corrupt.share, n->corrupt.correlation };
	const struct tc_netem_slot slot = slot_of(&n->slot, mode);
	struct nlattr *options = mnl_nlmsg_get_payload_tail(m);

	/* netem's attributes lie within its options, behind the structure. */
	mnl_attr_put(m, TCA_OPTIONS, sizeof(head), &head);
	mnl_attr_put_u64(m, TCA_NETEM_LATENCY64, (uint64_t)n->latency);
	mnl_attr_put_u64(m, TCA_NETEM_JITTER64, (uint64_t)n->jitter);
	mnl_attr_put(m, TCA_NETEM_CORR, sizeof(correlation), &correlation);
	mnl_attr_put(m, TCA_NETEM_REORDER, sizeof(reorder), &reorder);
	mnl_attr_put(m, TCA_NETEM_CORRUPT, sizeof(corrupt), &corrupt);
	mnl_attr_put(m, TCA_NETEM_SLOT, sizeof(slot), &slot);
	mnl_attr_put_u32(m, TCA_NETEM_ECN, n->ecn);
	mnl_attr_put_u64(m, NETEM_PRNG_SEED, n->seed);
	put_rate(m, n);
	put_loss_model(m, n);
	if (has_delay_table(n, mode))
		put_table(m, TCA_NETEM_DELAY_DIST, n->distribution);
	if (has_slot_table(n, mode))
		put_table(m, TCA_NETEM_SLOT_DIST, n->slot.distribution);
	options->nla_len = (uint16_t)((char *)mnl_nlmsg_get_payload_tail(m) - (char *)options);
}

int gn_netem_queue(struct gn_nl_batch *b, uint32_t index, const struct gn_netem *n, enum gn_netem_mode mode,
		   const char *what, struct gn_err *err)
{
	const size_t room = GN_NL_REQUEST_MAX +
			    (has_delay_table(n, mode) ? table_bytes(n->distribution) : 0) +
			    (has_slot_table(n, mode) ? table_bytes(n->slot.distribution) : 0);

	if (room > OPTIONS_MAX)
		return gn_fail(err, -EMSGSIZE,
			       "%s: the tables of distribution and slot are too large together", what);
	struct nlmsghdr *m = gn_nl_request_large(b, room, "%s", what);
	struct tcmsg *t = mnl_nlmsg_put_extra_header(m, sizeof(*t));

	m->nlmsg_type = RTM_NEWQDISC;
	m->nlmsg_flags = NLM_F_CREATE | (mode == GN_NETEM_NEW ? NLM_F_EXCL : NLM_F_REPLACE);
	t->tcm_ifindex = (int)index;
	t->tcm_parent = TC_H_ROOT;
	t->tcm_handle = ROOT_HANDLE;
	mnl_attr_put_strz(m, TCA_KIND, "netem");
	put_options(m, n, mode);
	gn_nl_end(b, m);
	return 0;
}

/* ---- from the kernel ---- */

void gn_netem_dump_request(struct nlmsghdr *m)
{
	m->nlmsg_type = RTM_GETQDISC;
	struct tcmsg *t = mnl_nlmsg_put_extra_header(m, sizeof(*t));
	t->tcm_family = AF_UNSPEC;
}

/* Copy an attribute of exactly that size, else leave @value alone. */
static void take(const struct nlattr *attr, void *value, size_t size)
{
	if (mnl_attr_get_payload_len(attr) == size)
		memcpy(value, mnl_attr_get_payload(attr), size);
}

static void take_correlations(const struct nlattr *attr, struct gn_netem *n)
{
	struct tc_netem_corr c = { 0 };

	take(attr, &c, sizeof(c));
	n->correlation = c.delay_corr;
	n->loss.correlation = c.loss_corr;
	n->duplicate.correlation = c.dup_corr;
}

static void take_rate(const struct nlattr *attr, struct gn_netem *n)
{
	struct tc_netem_rate rate = { 0 };

	take(attr, &rate, sizeof(rate));
	if (!n->rate) /* RATE64 counts, whichever comes first */
		n->rate = rate.rate;
	n->packet_overhead = rate.packet_overhead;
	n->cell_size = rate.cell_size;
	n->cell_overhead = rate.cell_overhead;
}

static void take_slot(const struct nlattr *attr, struct gn_netem *n)
{
	struct tc_netem_slot slot = { 0 };

	take(attr, &slot, sizeof(slot));
	n->slot = (struct gn_slot){
		.min_delay = (gn_dur)slot.min_delay,
		.max_delay = (gn_dur)slot.max_delay,
		.mean = (gn_dur)slot.dist_delay,
		.jitter = (gn_dur)slot.dist_jitter,
		.packets = (uint32_t)slot.max_packets,
		.bytes = (uint32_t)slot.max_bytes,
	};
}

static int take_loss_model(const struct nlattr *attr, void *netem)
{
	struct gn_netem *n = netem;
	struct tc_netem_gemodel two = { 0 };
	struct tc_netem_gimodel four = { 0 };

	if (mnl_attr_get_type(attr) == NETEM_LOSS_GE) {
		take(attr, &two, sizeof(two));
		n->loss_model = GN_LOSS_GILBERT_ELLIOTT;
		memcpy(n->loss_states, (uint32_t[5]){ two.p, two.r, UINT32_MAX - two.h, two.k1 },
		       sizeof(n->loss_states));
	} else if (mnl_attr_get_type(attr) == NETEM_LOSS_GI) {
		take(attr, &four, sizeof(four));
		n->loss_model = GN_LOSS_STATES;
		memcpy(n->loss_states, (uint32_t[5]){ four.p13, four.p31, four.p32, four.p23, four.p14 },
		       sizeof(n->loss_states));
	}
	return MNL_CB_OK;
}

static int parse_option(const struct nlattr *attr, void *netem)
{
	struct gn_netem *n = netem;
	uint32_t ecn = 0;

	switch (mnl_attr_get_type(attr)) {
	case TCA_NETEM_LATENCY64:
		take(attr, &n->latency, sizeof(n->latency));
		break;
	case TCA_NETEM_JITTER64:
		take(attr, &n->jitter, sizeof(n->jitter));
		break;
	case TCA_NETEM_CORR:
		take_correlations(attr, n);
		break;
	case TCA_NETEM_REORDER: /* struct tc_netem_reorder is two such numbers, */
		take(attr, &n->reorder, sizeof(n->reorder));
		break;
	case TCA_NETEM_CORRUPT: /* and so is tc_netem_corrupt */
		take(attr, &n->corrupt, sizeof(n->corrupt));
		break;
	case TCA_NETEM_LOSS:
		return mnl_attr_parse_nested(attr, take_loss_model, n);
	case TCA_NETEM_RATE:
		take_rate(attr, n);
		break;
	case TCA_NETEM_RATE64:
		take(attr, &n->rate, sizeof(n->rate));
		break;
	case TCA_NETEM_ECN:
		take(attr, &ecn, sizeof(ecn));
		n->ecn = ecn;
		break;
	case TCA_NETEM_SLOT:
		take_slot(attr, n);
		break;
	case NETEM_PRNG_SEED:
		take(attr, &n->seed, sizeof(n->seed));
		n->seeded = true;
		break;
	default: /* the kernel's list is longer than ours */
		break;
	}
	return MNL_CB_OK;
}

static bool parse_options(const struct nlattr *options, struct gn_netem *n)
{
	const size_t len = mnl_attr_get_payload_len(options);
	const char *payload = mnl_attr_get_payload(options);
	struct tc_netem_qopt head;

	if (len < sizeof(head))
		return false;
	memcpy(&head, payload, sizeof(head));
	n->limit = head.limit;
	n->loss.share = head.loss;
	n->duplicate.share = head.duplicate;
	n->gap = head.gap;
	return mnl_attr_parse_payload(payload + sizeof(head), len - sizeof(head), parse_option, n) ==
	       MNL_CB_OK;
}

bool gn_netem_parse(const struct nlmsghdr *m, uint32_t *ret_index, struct gn_netem *ret)
{
	const struct tcmsg *t = mnl_nlmsg_get_payload(m);
	const struct nlattr *attr, *options = NULL;
	struct gn_netem n = { 0 };
	bool is_netem = false;

	if (m->nlmsg_type != RTM_NEWQDISC || m->nlmsg_len < mnl_nlmsg_size(sizeof(*t)) ||
	    t->tcm_parent != TC_H_ROOT)
		return false;
	mnl_attr_for_each(attr, m, sizeof(*t))
	{
		if (mnl_attr_get_type(attr) == TCA_OPTIONS)
			options = attr;
		if (mnl_attr_get_type(attr) == TCA_KIND && mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) == 0)
			is_netem = strcmp(mnl_attr_get_str(attr), "netem") == 0;
	}
	if (!is_netem || !options || !parse_options(options, &n))
		return false;
	*ret_index = (uint32_t)t->tcm_ifindex;
	*ret = n;
	return true;
}

/* One value of the two, for the comparison. */
struct value {
	const char *what, *unit;
	uint64_t wanted, got;
};

static int first_difference(const struct value *v, size_t n, struct gn_err *err)
{
	for (size_t i = 0; i < n; i++) {
		if (v[i].wanted != v[i].got)
			return gn_fail(err, -EIO, "%s: wanted %" PRIu64 "%s, the kernel has %" PRIu64 "%s",
				       v[i].what, v[i].wanted, v[i].unit, v[i].got, v[i].unit);
	}
	return 0;
}

static int compare_loss_model(const struct gn_netem *wanted, const struct gn_netem *got, struct gn_err *err)
{
	static const char *const models[] = { [GN_LOSS_RANDOM] = "random",
					      [GN_LOSS_GILBERT_ELLIOTT] = "gilbert-elliott",
					      [GN_LOSS_STATES] = "states" };
	static const char *const names[][5] = {
		[GN_LOSS_GILBERT_ELLIOTT] = { "loss p", "loss r", "loss_in_bad", "loss_in_good" },
		[GN_LOSS_STATES] = { "loss p13", "loss p31", "loss p32", "loss p23", "loss p14" },
	};
	int r = 0;

	if (wanted->loss_model != got->loss_model)
		return gn_fail(err, -EIO, "loss: wanted %s, the kernel has %s", models[wanted->loss_model],
			       models[got->loss_model]);
	for (size_t i = 0; !r && wanted->loss_model != GN_LOSS_RANDOM && i < GN_ARRAY_LEN(names[0]); i++) {
		const struct value v = { names[wanted->loss_model][i], "/2^32", wanted->loss_states[i],
					 got->loss_states[i] };

		r = v.what ? first_difference(&v, 1, err) : 0;
	}
	return r;
}

/* Of bounds and mean only what was asked for counts: gn_netem_queue() may have given both. */
static int compare_slot(const struct gn_slot *wanted, const struct gn_slot *got, struct gn_err *err)
{
	const bool bounds = wanted->max_delay;
	const struct value values[] = {
		{ "slot's least delay", " ns", wanted->min_delay, got->min_delay },
		{ "slot's largest delay", " ns", wanted->max_delay, got->max_delay },
		{ "slot's delay", " ns", wanted->mean, bounds ? wanted->mean : got->mean },
		{ "slot's jitter", " ns", wanted->jitter, bounds ? wanted->jitter : got->jitter },
		{ "slot's packets", "", wanted->packets, got->packets },
		{ "slot's bytes", "", wanted->bytes, got->bytes },
	};

	return first_difference(values, GN_ARRAY_LEN(values), err);
}

/* Numbers that may be negative: told as they are, compared as what they are in 64 bits. */
static int compare_overheads(const struct gn_netem *wanted, const struct gn_netem *got, struct gn_err *err)
{
	if (wanted->packet_overhead != got->packet_overhead)
		return gn_fail(err, -EIO, "packet_overhead: wanted %d bytes, the kernel has %d bytes",
			       wanted->packet_overhead, got->packet_overhead);
	if (wanted->cell_overhead != got->cell_overhead)
		return gn_fail(err, -EIO, "cell_overhead: wanted %d bytes, the kernel has %d bytes",
			       wanted->cell_overhead, got->cell_overhead);
	return 0;
}

int gn_netem_compare(const struct gn_netem *wanted, const struct gn_netem *got, struct gn_err *err)
{
	const struct value values[] = {
		{ "delay", " ns", (uint64_t)wanted->latency, (uint64_t)got->latency },
		{ "jitter", " ns", (uint64_t)wanted->jitter, (uint64_t)got->jitter },
		{ "correlation", "/2^32", wanted->correlation, got->correlation },
		{ "loss", "/2^32", wanted->loss.share, got->loss.share },
		{ "loss correlation", "/2^32", wanted->loss.correlation, got->loss.correlation },
		{ "duplicate", "/2^32", wanted->duplicate.share, got->duplicate.share },
		{ "duplicate correlation", "/2^32", wanted->duplicate.correlation,
		  got->duplicate.correlation },
		{ "corrupt", "/2^32", wanted->corrupt.share, got->corrupt.share },
		{ "corrupt correlation", "/2^32", wanted->corrupt.correlation, got->corrupt.correlation },
		{ "reorder", "/2^32", wanted->reorder.share, got->reorder.share },
		{ "reorder correlation", "/2^32", wanted->reorder.correlation, got->reorder.correlation },
		{ "reorder gap", " packets", wanted->gap, got->gap },
		{ "rate", " bytes/s", wanted->rate, got->rate },
		{ "cell_size", " bytes", wanted->cell_size, got->cell_size },
		{ "queue limit", " packets", wanted->limit, got->limit },
		{ "ecn", "", wanted->ecn, got->ecn },
		{ "seed", "", wanted->seed, got->seeded ? got->seed : wanted->seed },
	};
	int r = first_difference(values, GN_ARRAY_LEN(values), err);

	if (!r)
		r = compare_overheads(wanted, got, err);
	if (!r)
		r = compare_loss_model(wanted, got, err);
	return r ? r : compare_slot(&wanted->slot, &got->slot, err);
}
