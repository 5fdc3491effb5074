/* SPDX-License-Identifier: MIT */
/* Actions on links: other values, down and up, partitions. */
#include <string.h>

#include "topo/schedule.h"
#include "topo/shape.h"

/* ---- which links ---- */

static bool is_among(const struct gn_name *name, uint32_t node)
{
	return node - name->first < name->count;
}

/* Is the link between the two ends? Then *ret_ab is its direction from the first to the second. */
static bool is_between(const struct gn_link *l, const struct gn_name ends[2], uint32_t *ret_ab)
{
	for (uint32_t d = 0; d < 2; d++) {
		*ret_ab = d;
		if (is_among(&ends[0], l->node[d]) && is_among(&ends[1], l->node[!d]))
			return true;
	}
	return false;
}

static void no_link_fault(struct gn_schedule *s, const struct gn_field *f)
{
	const struct gn_field *ends = f->items;

	if (s->p->t.ideal)
		gn_fault_at(s->p->report, f->at->place,
			    "a topology without links has none to act on: set: network changes all paths");
	else
		gn_fault_at(s->p->report, f->at->place, "there is no link between %s and %s", ends[0].text,
			    ends[1].text);
}

/*
 * The links between the ends that @f names, each as 2 * link + its direction from the first to the second.
 * Return: 0, also after a fault, then *ret_n is 0; -ENOMEM.
 */
static int find_links(struct gn_schedule *s, const struct gn_field *f, uint32_t **ret, uint32_t *ret_n)
{
	const struct gn_topology *t = &s->p->t;
	const struct gn_field *names = f->items;
	struct gn_name ends[2];
	uint32_t n = 0, k = 0, ab;

	*ret_n = 0;
	bool found = gn_planning_resolve(s->p, &names[0], &ends[0]);

	found &= gn_planning_resolve(s->p, &names[1], &ends[1]);
	for (uint32_t l = 0; found && l < t->n_links; l++)
		n += is_between(&t->links[l], ends, &ab);
	if (found && !n)
		no_link_fault(s, f);
	if (!n)
		return 0;
	*ret = gn_arena_alloc(&s->p->arena, n * sizeof(**ret));
	if (!*ret)
		return -ENOMEM;
	for (uint32_t l = 0; l < t->n_links; l++) {
		if (is_between(&t->links[l], ends, &ab))
			(*ret)[k++] = 2 * l + ab;
	}
	*ret_n = n;
	return 0;
}

int gn_schedule_check_links(struct gn_schedule *s, const struct gn_field *f)
{
	uint32_t n, *links;

	return find_links(s, f, &links, &n);
}

static const char *target_text(struct gn_schedule *s, const struct gn_field *f)
{
	const struct gn_field *ends = f->items;

	return gn_arena_format(&s->p->arena, "%s - %s", ends[0].text, ends[1].text);
}

/* ---- set ---- */

/* What is written of a shape: "loss 5%, delay 20ms", or only the names of it. */
static const char *shape_text(struct gn_schedule *s, const struct gn_raw_shape *shape, bool values)
{
	const struct gn_schema *schema = gn_schema_action();
	const char *text = "";

	for (size_t i = GN_VERBS; text && i < schema->n; i++) {
		const struct gn_key *k = &schema->keys[i];
		const struct gn_field *f = (const void *)((const char *)shape + k->offset);

		if (k->offset >= sizeof(*shape) || !f->at)
			continue;
		const char *value = values ? gn_schedule_text(s, f->at) : "";

		text = value ? gn_arena_format(&s->p->arena, "%s%s%s%s%s", text, *text ? ", " : "", k->name,
					       *value ? " " : "", value)
			     : NULL;
	}
	return text;
}

/* With the values of the one direction, if it has any of its own. */
static const char *set_text(struct gn_schedule *s, const struct gn_field *own, const char *direction,
			    bool values)
{
	const char *both = shape_text(s, &s->raw->shape, values);
	const char *one = own && own->items ? shape_text(s, own->items, values) : "";

	if (!both || !one || !*direction)
		return both && one ? both : NULL;
	return gn_arena_format(&s->p->arena, "%s: %s%s%s", direction, both, *both && *one ? ", " : "", one);
}

/* The directions @d of the links, or, @d 2, both of each. */
static int take_directions(struct gn_schedule *s, struct gn_action *a, const uint32_t *links, uint32_t n,
			   int d)
{
	uint32_t each = d == 2 ? 2 : 1;
	uint32_t *targets = gn_arena_alloc(&s->p->arena, (size_t)n * each * sizeof(*targets));

	if (!targets)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++) {
		targets[i * each] = d == 1 ? links[i] ^ 1 : links[i];
		if (d == 2)
			targets[i * each + 1] = links[i] ^ 1;
	}
	a->targets = targets;
	a->n_targets = n * each;
	return 0;
}

/* Each target's values: of its direction. */
static int take_values(struct gn_schedule *s, struct gn_action *a, const struct gn_shape shape[2], int d)
{
	struct gn_shape *values = gn_arena_alloc(&s->p->arena, (a->n_targets + 1) * sizeof(*values));

	if (!values)
		return -ENOMEM;
	for (uint32_t i = 0; i < GN_MAX(a->n_targets, 1u); i++)
		values[i] = shape[d == 2 ? i % 2 : (uint32_t)d];
	a->values = values;
	return 0;
}

/* Direction @d, or, 2, both at once. */
static int set_direction(struct gn_schedule *s, const uint32_t *links, uint32_t n,
			 const struct gn_shape shape[2], const uint32_t fields[2], int d)
{
	static const char *const names[] = { "a_to_b", "b_to_a", "" };
	const struct gn_field *own = d == 0 ? &s->raw->a_to_b : d == 1 ? &s->raw->b_to_a : NULL;
	const struct gn_field *f = &s->raw->verb[GN_VERB_SET];
	struct gn_action a = {
		.what = GN_ACTION_SET,
		.fields = fields[d == 1],
		.target = n ? target_text(s, f) : f->text,
		.detail = set_text(s, own, names[d], true),
	};
	int r = take_directions(s, &a, links, n, d);

	if (!r)
		r = take_values(s, &a, shape, d);
	if (r)
		return r;
	struct gn_action end = a;

	end.what = GN_ACTION_RESET;
	end.values = NULL;
	end.detail = set_text(s, own, names[d], false);
	return gn_schedule_add_lasting(s, a, end);
}

static bool are_links(struct gn_schedule *s, const struct gn_field *f)
{
	if (!s->p->t.ideal && !f->items)
		gn_fault_at(s->p->report, f->at->place,
			    "network is for a topology without links: name the two ends, [a, b]");
	return f->items != NULL;
}

/* What the network, or its clock, does not have. Return: false after a fault. */
static bool is_possible(struct gn_schedule *s, const struct gn_shape *shape, uint32_t fields)
{
	const uint32_t of_links = GN_SHAPE_CORRELATION | GN_SHAPE_ORDER | GN_SHAPE_CORRUPT |
				  GN_SHAPE_REORDER | GN_SHAPE_RATE | GN_SHAPE_SLOT | GN_SHAPE_LIMIT |
				  GN_SHAPE_ECN;
	const bool remembers = shape->loss_model != GN_LOSS_RANDOM || shape->loss_correlation_ppm ||
			       shape->duplicate_correlation_ppm;
	const bool takes_time =
		shape->delay || shape->jitter || shape->rate_bps || shape->slot.max_delay || shape->slot.mean;
	const bool directed = s->raw->a_to_b.at || s->raw->b_to_a.at;
	const char *wrong = NULL;

	if (s->raw->profile.at)
		wrong = "profile is for a file's schedule: write its values";
	else if (s->p->t.ideal && directed)
		wrong = "a network without links has no directions";
	else if (s->p->t.ideal && fields & of_links)
		wrong = "a network without links has delay, jitter, distribution, loss and duplicate alone";
	else if (s->p->t.ideal && remembers)
		wrong = "without links no packet is the one before another: loss and duplicate are shares alone";
	else if (s->p->t.gossip.clock == GN_CLOCK_ROUNDS && takes_time)
		wrong = "with clock: rounds a call takes no time: loss and duplicate can be set";
	if (wrong)
		gn_fault_at(s->p->report, s->raw->shape.raw.place, "%s", wrong);
	return !wrong;
}

int gn_schedule_set(struct gn_schedule *s)
{
	const struct gn_field *f = &s->raw->verb[GN_VERB_SET];
	const struct gn_field *own[2] = { &s->raw->a_to_b, &s->raw->b_to_a };
	struct gn_shape shape[2] = { 0 };
	uint32_t fields[2] = { 0 }, n = 0, *links = NULL;
	int r = 0;

	for (int d = 0; d < 2; d++) {
		if (!gn_shape_decode_change(s->p, &s->raw->shape, own[d]->items, &shape[d], &fields[d]) ||
		    !is_possible(s, &shape[d], fields[d]))
			return 0;
	}
	if (!fields[0] && !fields[1]) {
		gn_fault_at(s->p->report, s->raw->shape.raw.place, "set needs values, such as loss: 5%%");
		return 0;
	}
	if (are_links(s, f))
		r = find_links(s, f, &links, &n);
	else if (!s->p->t.ideal)
		return 0;
	if (r || (f->items && !n))
		return r;
	if (fields[0] == fields[1] && !own[0]->at && !own[1]->at)
		return set_direction(s, links, n, shape, fields, 2);
	for (int d = 0; !r && d < 2; d++)
		r = fields[d] ? set_direction(s, links, n, shape, fields, d) : 0;
	return r;
}

/* ---- down, up, flap ---- */

static bool check_flap(struct gn_schedule *s, gn_time *ret_last)
{
	const struct gn_raw_action *raw = s->raw;
	char text[2][GN_UNIT_TEXT];
	gn_time last;

	if (raw->down_for.number >= raw->every.number) {
		gn_fault_at(s->p->report, raw->down_for.at->place, "down_for must be less than every, %s",
			    gn_unit_format(GN_QUANTITY_DURATION, raw->every.number, text[0]));
		return false;
	}
	if (__builtin_mul_overflow(raw->repeat.number - 1, raw->every.number, &last) ||
	    __builtin_add_overflow(last, raw->at.number, &last))
		last = UINT64_MAX;
	*ret_last = last;
	const gn_time end = gn_schedule_end(&s->p->t);

	if (last < end)
		return true;
	const bool rounds = last < s->p->t.duration;

	gn_fault_at(s->p->report, raw->repeat.at->place, "the last time would be at %s, but the %s %s",
		    gn_unit_format(GN_QUANTITY_DURATION, last, text[0]),
		    rounds ? "last round is at" : "run ends after",
		    gn_unit_format(GN_QUANTITY_DURATION, rounds ? end - 1 : s->p->t.duration, text[1]));
	return false;
}

static int plan_flap(struct gn_schedule *s, struct gn_action a)
{
	const struct gn_raw_action *raw = s->raw;
	gn_time last;
	int r = 0;

	if (!check_flap(s, &last))
		return 0;
	for (a.at = raw->at.number; !r && a.at <= last; a.at += raw->every.number) {
		struct gn_action up = a;

		up.what = GN_ACTION_UP;
		up.at += raw->down_for.number;
		r = gn_schedule_add(s, &a, false);
		if (!r && up.at < s->p->t.duration)
			r = gn_schedule_add(s, &up, true);
	}
	return r;
}

int gn_schedule_links(struct gn_schedule *s)
{
	const struct gn_field *f = &s->raw->verb[s->verb];
	uint32_t *links = NULL;
	struct gn_action a = { .what = s->verb == GN_VERB_UP ? GN_ACTION_UP : GN_ACTION_DOWN,
			       .target = target_text(s, f),
			       .detail = s->verb == GN_VERB_FLAP ? "flap" : "" };
	int r = find_links(s, f, &links, &a.n_targets);

	if (r || !a.n_targets)
		return r;
	for (uint32_t i = 0; i < a.n_targets; i++)
		links[i] /= 2;
	a.targets = links;
	if (s->verb == GN_VERB_FLAP)
		return plan_flap(s, a);
	struct gn_action end = a;

	end.what = GN_ACTION_UP;
	return gn_schedule_add_lasting(s, a, end);
}

/* ---- partition ---- */

enum { PARTS_MAX = UINT8_MAX, UNNAMED = UINT8_MAX };

static enum gn_kind kind_of(const struct gn_topology *t, uint32_t node)
{
	return gn_group_of(t, node)->kind;
}

/* Put the nodes of one name into part @k. Return: false after a fault. */
static bool put_into_part(struct gn_schedule *s, const struct gn_field *written, uint8_t k, uint8_t *part)
{
	struct gn_planning *p = s->p;
	char text[GN_NODE_NAME_MAX + 1];
	struct gn_name name;

	if (!gn_planning_resolve(p, written, &name))
		return false;
	if (name.count && kind_of(&p->t, name.first) == GN_SWITCH) {
		gn_fault_at(p->report, written->at->place, "%s is a switch: a part has hosts and routers",
			    gn_node_name(&p->t, name.first, text));
		return false;
	}
	for (uint32_t v = name.first; v < name.first + name.count; v++) {
		if (part[v] != UNNAMED) {
			gn_fault_at(p->report, written->at->place, "%s is in a part already",
				    gn_node_name(&p->t, v, text));
			return false;
		}
		part[v] = k;
	}
	return true;
}

/* Hosts and routers that are not named: part @k. Return: are there any? */
static bool put_rest(const struct gn_topology *t, uint8_t k, uint8_t *part)
{
	bool any = false;

	for (uint32_t i = 0; i < t->n_groups; i++) {
		const struct gn_group *g = &t->groups[i];

		for (uint32_t v = g->first; v < g->first + g->count; v++) {
			if (part[v] != UNNAMED)
				continue;
			part[v] = g->kind == GN_SWITCH ? 0 : k;
			any |= g->kind != GN_SWITCH;
		}
	}
	return any;
}

int gn_schedule_partition(struct gn_schedule *s)
{
	const struct gn_field *f = &s->raw->verb[GN_VERB_PARTITION], *parts = f->items;
	uint8_t *part = gn_arena_alloc(&s->p->arena, s->p->t.n_nodes + 1u);
	struct gn_action a = { .what = GN_ACTION_PARTITION, .target = "", .part = part, .n_parts = f->n };
	bool good = true;

	if (!part)
		return -ENOMEM;
	if (!f->n) {
		gn_fault_at(s->p->report, f->at->place, "there is no part in this list");
		return 0;
	}
	if (f->n >= PARTS_MAX) {
		gn_fault_at(s->p->report, f->at->place, "more than %d parts", PARTS_MAX - 1);
		return 0;
	}
	memset(part, UNNAMED, s->p->t.n_nodes);
	for (uint32_t k = 0; k < f->n; k++) {
		const struct gn_field *names = parts[k].items;

		if (!parts[k].n)
			gn_fault_at(s->p->report, parts[k].at->place, "there is no node in this part");
		good &= parts[k].n > 0;
		for (uint32_t i = 0; i < parts[k].n; i++)
			good &= put_into_part(s, &names[i], (uint8_t)k, part);
	}
	if (!good)
		return 0;
	a.n_parts += put_rest(&s->p->t, (uint8_t)f->n, part);
	if (a.n_parts < 2) {
		gn_fault_at(s->p->report, f->at->place,
			    "all nodes are in one part: nothing would be separated");
		return 0;
	}
	a.detail = gn_schedule_text(s, f->at);
	return gn_schedule_add_lasting(
		s, a, (struct gn_action){ .what = GN_ACTION_HEAL, .target = "", .detail = "" });
}

/* ---- values that follow each other ---- */

/* What is in force at a target, copied when it is first changed. NULL without memory. */
static struct gn_shape *in_force(struct gn_schedule *s, struct gn_shape **now, uint32_t target)
{
	const struct gn_topology *t = &s->p->t;

	if (!now[target])
		now[target] = gn_arena_alloc(&s->p->arena, sizeof(**now));
	else
		return now[target];
	if (now[target])
		*now[target] = t->ideal ? t->network : t->links[target / 2].shape[target % 2];
	return now[target];
}

/* The shared switch at one end of a link whose other end is a member, as 2 * link + the direction from there; GN_NONE. */
static uint32_t from_shared(const struct gn_topology *t, uint32_t link)
{
	const struct gn_link *l = &t->links[link];

	for (uint32_t end = 0; end < 2 && t->nodes; end++) {
		if (t->nodes[l->node[end]].shared && t->nodes[l->node[!end]].kind != GN_SWITCH)
			return 2 * link + end;
	}
	return GN_NONE;
}

static const struct gn_shape *look_up(const struct gn_topology *t, struct gn_shape *const *now,
				      uint32_t target)
{
	return now[target] ? now[target] : &t->links[target / 2].shape[target % 2];
}

/* Have the members on two links one rate, each way? @a, @b: the directions from the switch. */
static bool is_one_rate(const struct gn_topology *t, struct gn_shape *const *now, uint32_t a, uint32_t b)
{
	return gn_access_same_rate(look_up(t, now, a), look_up(t, now, b)) &&
	       gn_access_same_rate(look_up(t, now, a ^ 1), look_up(t, now, b ^ 1));
}

/* A shared switch of an action: the direction to one of the members that it speaks of. */
struct touched {
	uint32_t direction;
	bool seen, torn; /* torn: the members do not have one rate any more */
};

static uint32_t beginning(const struct gn_topology *t, uint32_t direction)
{
	return t->links[direction / 2].node[direction % 2];
}

static bool is_rate_shared(const struct gn_topology *t, const struct gn_action *a)
{
	bool shared = false;

	for (uint32_t i = 0; a->fields & GN_SHAPE_RATE && !shared && i < a->n_targets; i++)
		shared = from_shared(t, a->targets[i] / 2) != GN_NONE;
	return shared;
}

/* @touched: by node, zeros. */
static void find_torn(const struct gn_topology *t, const struct gn_action *a, struct gn_shape *const *now,
		      struct touched *touched)
{
	for (uint32_t i = 0; i < a->n_targets; i++) {
		const uint32_t d = from_shared(t, a->targets[i] / 2);

		if (d != GN_NONE)
			touched[beginning(t, d)] = (struct touched){ .direction = d, .seen = true };
	}
	for (uint32_t l = 0; l < t->n_links; l++) {
		const uint32_t d = from_shared(t, l);
		struct touched *at = d == GN_NONE ? NULL : &touched[beginning(t, d)];

		if (at && at->seen)
			at->torn |= !is_one_rate(t, now, d, at->direction);
	}
}

/* A rate that is shared changes for all at once, or not at all. */
static int check_shared(const struct gn_topology *t, const struct gn_action *a, struct gn_shape *const *now,
			struct gn_err *err)
{
	if (!is_rate_shared(t, a))
		return 0;
	GN_CLEANUP(gn_free_p) struct touched *touched = calloc(t->n_nodes, sizeof(*touched));

	if (!touched)
		return -ENOMEM;
	find_torn(t, a, now, touched);
	for (uint32_t i = 0; i < a->n_targets; i++) {
		const uint32_t d = from_shared(t, a->targets[i] / 2);

		if (d != GN_NONE && touched[beginning(t, d)].torn)
			return gn_fail(
				err, -EINVAL,
				"the rate of %s is shared: set it for the links of all of its members at once",
				t->nodes[beginning(t, d)].name);
	}
	return 0;
}

/* Return: 0, -EINVAL with a sentence, -ENOMEM. */
static int change(struct gn_schedule *s, const struct gn_action *a, struct gn_shape **now, struct gn_err *err)
{
	const struct gn_topology *t = &s->p->t;

	for (uint32_t i = 0; i < GN_MAX(a->n_targets, 1u); i++) {
		uint32_t target = t->ideal ? 0 : a->targets[i];
		const struct gn_shape *file =
			t->ideal ? &t->network : &t->links[target / 2].shape[target % 2];
		struct gn_shape *shape = in_force(s, now, target);
		int r = shape ? gn_shape_apply(shape, a->values ? &a->values[i] : file, a->fields, err)
			      : -ENOMEM;

		if (r)
			return r;
	}
	return check_shared(t, a, now, err);
}

int gn_schedule_check_values(struct gn_schedule *s)
{
	GN_CLEANUP(gn_free_p) struct gn_shape **now = calloc(2 * (size_t)s->p->t.n_links + 1, sizeof(*now));
	char at[GN_UNIT_TEXT];
	struct gn_err err;

	if (!now)
		return -ENOMEM;
	for (size_t i = 0; i < s->n; i++) {
		const struct gn_action *a = &s->drafts[i].action;
		int r = a->what == GN_ACTION_SET || a->what == GN_ACTION_RESET ? change(s, a, now, &err) : 0;

		if (r == -ENOMEM)
			return r;
		if (r)
			gn_fault_at(s->p->report, s->drafts[i].place, "at %s, %s %s: %s",
				    gn_unit_format(GN_QUANTITY_DURATION, a->at, at), gn_action_name(a->what),
				    a->detail, err.text);
	}
	return 0;
}
