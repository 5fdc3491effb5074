/* SPDX-License-Identifier: MIT */
/* What is done to the network and its nodes, and when. */
#include "topo/schedule.h"

#include <inttypes.h>
#include <string.h>

#include "topo/reader.h"

int gn_schedule_add(struct gn_schedule *s, const struct gn_action *a, bool ends)
{
	const struct gn_limits *limits = s->p->limits;

	s->n_targets += a->n_targets;
	if (a->part)
		s->n_targets += s->p->t.n_nodes / sizeof(*a->targets); /* in bytes it is as much */
	if (s->n >= limits->events || s->n_targets > limits->peers) {
		gn_fault_at(s->p->report, s->raw->shape.raw.place,
			    "more than %u actions, or more than %" PRIu64 " nodes and links in them",
			    limits->events, limits->peers);
		return -E2BIG;
	}
	if (!a->target || !a->detail || gn_grow(&s->drafts, s->n, &s->cap, sizeof(*s->drafts)))
		return -ENOMEM;
	s->drafts[s->n] = (struct gn_draft){
		.action = *a, .place = s->raw->shape.raw.place, .number = (uint32_t)s->n, .ends = ends
	};
	s->n++;
	return 0;
}

int gn_schedule_add_lasting(struct gn_schedule *s, struct gn_action a, struct gn_action end)
{
	const struct gn_field *lasting = &s->raw->lasting;

	a.at = s->raw->at.number;
	int r = gn_schedule_add(s, &a, false);

	end.at = a.at + lasting->number;
	if (r || !lasting->at || end.at >= s->p->t.duration)
		return r;
	return gn_schedule_add(s, &end, true);
}

static int compare_drafts(const void *pa, const void *pb)
{
	const struct gn_draft *a = pa, *b = pb;

	if (a->action.at != b->action.at)
		return a->action.at < b->action.at ? -1 : 1;
	if (a->ends != b->ends)
		return a->ends ? -1 : 1;
	return (a->number > b->number) - (a->number < b->number);
}

void gn_schedule_sort(struct gn_schedule *s)
{
	if (s->n)
		qsort(s->drafts, s->n, sizeof(*s->drafts), compare_drafts);
}

const char *gn_schedule_text(struct gn_schedule *s, const struct gn_yaml *y)
{
	bool map = y->kind == GN_YAML_MAP;
	const char *text = map ? "{" : "[";

	if (y->kind == GN_YAML_SCALAR)
		return y->text;
	for (const struct gn_yaml *item = y->first; text && item; item = item->next) {
		const char *value = gn_schedule_text(s, item);

		text = value ? gn_arena_format(&s->p->arena, "%s%s%s%s%s", text, item == y->first ? "" : ", ",
					       map ? item->key : "", map ? ": " : "", value)
			     : NULL;
	}
	return text ? gn_arena_format(&s->p->arena, "%s%s", text, map ? "}" : "]") : NULL;
}

/* ---- nodes ---- */

/* Those of one name. Return: how many; 0 after a fault. */
static uint32_t resolve_gossiping(struct gn_schedule *s, const struct gn_field *written, struct gn_name *ret)
{
	struct gn_planning *p = s->p;
	char text[GN_NODE_NAME_MAX + 1];

	if (!gn_planning_resolve(p, written, ret))
		return 0;
	for (uint32_t i = 0; i < ret->count; i++) {
		if (gn_member_of(&p->t, ret->first + i) != GN_NONE)
			continue;
		if (!p->members_doubtful)
			gn_fault_at(p->report, written->at->place, "%s does not gossip: it has no process",
				    gn_node_name(&p->t, ret->first + i, text));
		return 0;
	}
	return ret->count;
}

static int compare_ids(const void *pa, const void *pb)
{
	const uint32_t *a = pa, *b = pb;

	return (*a > *b) - (*a < *b);
}

/* Ascending, each once. Return: how many are left. */
static uint32_t tidy(uint32_t *ids, uint32_t n)
{
	uint32_t kept = 0;

	if (n)
		qsort(ids, n, sizeof(*ids), compare_ids);
	for (uint32_t i = 0; i < n; i++) {
		if (!kept || ids[kept - 1] != ids[i])
			ids[kept++] = ids[i];
	}
	return kept;
}

int gn_schedule_nodes(struct gn_schedule *s, const struct gn_field *written, const uint32_t **ret,
		      uint32_t *ret_n)
{
	const struct gn_field *names = written->items;
	struct gn_name name;
	uint64_t n = 0;
	bool good = true;

	*ret_n = 0;
	if (!written->n)
		gn_fault_at(s->p->report, written->at->place, "there is no node in this list");
	for (uint32_t i = 0; i < written->n; i++) {
		uint32_t count = resolve_gossiping(s, &names[i], &name);

		n += count;
		good &= count > 0;
	}
	if (!n || !good || n > UINT32_MAX)
		return 0;
	uint32_t *ids = gn_arena_alloc(&s->p->arena, (n + 1) * sizeof(*ids)), k = 0;

	if (!ids)
		return -ENOMEM;
	for (uint32_t i = 0; i < written->n; i++) {
		gn_planning_resolve(s->p, &names[i], &name);
		for (uint32_t j = 0; j < name.count; j++)
			ids[k++] = name.first + j;
	}
	*ret = ids;
	*ret_n = tidy(ids, k);
	return 0;
}

/* kill and pause, with what ends them, and leave, restart, resume. */
static int plan_process(struct gn_schedule *s)
{
	static const struct {
		enum gn_action_what what, end;
	} of[GN_VERBS] = {
		[GN_VERB_KILL] = { GN_ACTION_KILL, GN_ACTION_RESTART },
		[GN_VERB_LEAVE] = { GN_ACTION_LEAVE, GN_ACTION_RESTART },
		[GN_VERB_PAUSE] = { GN_ACTION_PAUSE, GN_ACTION_RESUME },
		[GN_VERB_RESTART] = { GN_ACTION_RESTART, GN_ACTION_RESTART },
		[GN_VERB_RESUME] = { GN_ACTION_RESUME, GN_ACTION_RESUME },
	};
	const struct gn_field *f = &s->raw->verb[s->verb];
	struct gn_action a = { .what = of[s->verb].what, .detail = "" };
	int r = gn_schedule_nodes(s, f, &a.targets, &a.n_targets);

	if (r || !a.n_targets)
		return r;
	a.target = gn_schedule_text(s, f->at);
	struct gn_action end = a;

	end.what = of[s->verb].end;
	return gn_schedule_add_lasting(s, a, end);
}

/* drop-next, cpu, memory: a number for the nodes of `node:`. */
static int plan_amount(struct gn_schedule *s)
{
	static const enum gn_action_what of[GN_VERBS] = {
		[GN_VERB_DROP_NEXT] = GN_ACTION_DROP_NEXT,
		[GN_VERB_CPU] = GN_ACTION_CPU,
		[GN_VERB_MEMORY] = GN_ACTION_MEMORY,
	};
	const struct gn_field *f = &s->raw->verb[s->verb];
	struct gn_action a = { .what = of[s->verb],
			       .value = f->number,
			       .detail = gn_schedule_text(s, f->at) };
	int r = gn_schedule_nodes(s, &s->raw->node, &a.targets, &a.n_targets);

	if (r || !a.n_targets)
		return r;
	a.target = gn_schedule_text(s, s->raw->node.at);
	struct gn_action end = a;

	end.value = 0;
	end.detail = "no limit";
	return gn_schedule_add_lasting(s, a, end);
}

/* ---- entries ---- */

/* The one verb. Return: false after a fault. */
static bool find_verb(struct gn_schedule *s)
{
	const struct gn_schema *schema = gn_schema_action();
	struct gn_list verbs = { .n = 0 };
	size_t n = 0;

	for (size_t i = 0; i < GN_VERBS; i++) {
		gn_list_add(&verbs, schema->keys[i].name);
		if (!s->raw->verb[i].at)
			continue;
		if (n++)
			gn_fault_at(s->p->report, s->raw->verb[i].at->key_place,
				    "%s and %s are two actions: write two entries",
				    schema->keys[s->verb].name, schema->keys[i].name);
		else
			s->verb = (enum gn_verb)i;
	}
	if (!n && !s->raw->shape.raw.bad)
		gn_fault_at(s->p->report, s->raw->shape.raw.place, "an action needs one of %s", verbs.text);
	return n == 1;
}

static bool belongs(const struct gn_key *k, enum gn_verb verb)
{
	/* All that there is to a shape is for set. */
	if (k->offset < sizeof(struct gn_raw_shape))
		return verb == GN_VERB_SET;
	return !k->verbs || k->verbs & 1u << verb;
}

/* Keys that the verb does not take, or lacks. Return: false after a fault. */
static bool check_keys(struct gn_schedule *s)
{
	const struct gn_schema *schema = gn_schema_action();
	const char *verb = schema->keys[s->verb].name;
	bool good = true;

	for (size_t i = GN_VERBS; i < schema->n; i++) {
		const struct gn_key *k = &schema->keys[i];
		const struct gn_field *f = (const void *)((const char *)s->raw + k->offset);

		if (f->at && !belongs(k, s->verb))
			gn_fault_at(s->p->report, f->at->key_place, "%s has no %s", verb, k->name);
		else if (!f->at && k->needed & 1u << s->verb)
			gn_fault_at(s->p->report, s->raw->shape.raw.place, "%s needs %s", verb, k->name);
		else
			continue;
		good = false;
	}
	return good;
}

gn_time gn_schedule_end(const struct gn_topology *t)
{
	if (t->gossip.clock != GN_CLOCK_ROUNDS || !t->gossip.period)
		return t->duration;
	/* A round at the end is one. */
	return GN_MIN(t->duration, t->duration / t->gossip.period * t->gossip.period + 1);
}

static bool check_time(struct gn_schedule *s)
{
	const struct gn_field *at = &s->raw->at;
	const gn_time end = gn_schedule_end(&s->p->t);
	char text[2][GN_UNIT_TEXT];

	if (at->number < end)
		return true;
	if (at->number < s->p->t.duration) {
		gn_fault_at(s->p->report, at->at->place,
			    "the action would be at %s, but with clock: rounds the last round is at %s",
			    gn_unit_format(GN_QUANTITY_DURATION, at->number, text[0]),
			    gn_unit_format(GN_QUANTITY_DURATION, end - 1, text[1]));
		return false;
	}
	gn_fault_at(s->p->report, at->at->place, "the action would be at %s, but the run ends after %s",
		    gn_unit_format(GN_QUANTITY_DURATION, at->number, text[0]),
		    gn_unit_format(GN_QUANTITY_DURATION, s->p->t.duration, text[1]));
	return false;
}

static int plan_heal(struct gn_schedule *s)
{
	const struct gn_field *f = &s->raw->verb[GN_VERB_HEAL];
	const struct gn_action a = {
		.at = s->raw->at.number, .what = GN_ACTION_HEAL, .target = "", .detail = ""
	};

	if (f->number)
		return gn_schedule_add(s, &a, false);
	gn_fault_at(s->p->report, f->at->place, "heal must be true");
	return 0;
}

static int plan_verb(struct gn_schedule *s)
{
	switch (s->verb) {
	case GN_VERB_SET:
		return gn_schedule_set(s);
	case GN_VERB_DOWN:
	case GN_VERB_UP:
	case GN_VERB_FLAP:
		return gn_schedule_links(s);
	case GN_VERB_PARTITION:
		return gn_schedule_partition(s);
	case GN_VERB_HEAL:
		return plan_heal(s);
	case GN_VERB_KILL:
	case GN_VERB_LEAVE:
	case GN_VERB_RESTART:
	case GN_VERB_PAUSE:
	case GN_VERB_RESUME:
		return plan_process(s);
	case GN_VERB_DROP_NEXT:
	case GN_VERB_CPU:
	case GN_VERB_MEMORY:
		return plan_amount(s);
	case GN_VERB_CHURN:
		return gn_schedule_churn(s);
	case GN_VERBS:
		break;
	}
	return 0;
}

/* Of an entry that cannot be planned: are at least its names right? */
static int check_names(struct gn_schedule *s)
{
	const struct gn_field *f = &s->raw->verb[s->verb];
	const uint32_t *nodes;
	uint32_t n;

	if (s->verb == GN_VERB_DROP_NEXT || s->verb == GN_VERB_CPU || s->verb == GN_VERB_MEMORY)
		f = &s->raw->node;
	if (!f->at || f->bad || !f->items)
		return 0;
	switch (s->verb) {
	case GN_VERB_SET:
	case GN_VERB_DOWN:
	case GN_VERB_UP:
	case GN_VERB_FLAP:
		return gn_schedule_check_links(s, f);
	case GN_VERB_PARTITION:
		return gn_schedule_partition(s);
	case GN_VERB_KILL:
	case GN_VERB_LEAVE:
	case GN_VERB_RESTART:
	case GN_VERB_PAUSE:
	case GN_VERB_RESUME:
	case GN_VERB_DROP_NEXT:
	case GN_VERB_CPU:
	case GN_VERB_MEMORY:
	case GN_VERB_CHURN:
		return gn_schedule_nodes(s, f, &nodes, &n);
	case GN_VERB_HEAL:
	case GN_VERBS:
		break;
	}
	return 0;
}

/* Who is down when churn chooses depends on all the rest: it is planned in a second round. */
static int plan_entry(struct gn_schedule *s, const struct gn_raw_action *raw, bool churn)
{
	s->raw = raw;
	if (churn != (raw->verb[GN_VERB_CHURN].at != NULL) || !find_verb(s))
		return 0;
	bool good = check_keys(s);

	/* Without the right end of the run, times cannot be judged. */
	good &= raw->at.at && !raw->at.bad && !(s->p->raw && s->p->raw->duration.bad) && check_time(s);
	return good && !raw->shape.raw.bad ? plan_verb(s) : check_names(s);
}

static int plan_entries(struct gn_schedule *s, const struct gn_raw_action *raw, uint32_t n,
			uint64_t first_index)
{
	int r = 0;

	for (int churn = 0; churn < 2; churn++) {
		for (uint32_t i = 0; !r && i < n; i++) {
			s->index = first_index + i;
			r = plan_entry(s, &raw[i], churn);
		}
	}
	gn_schedule_sort(s);
	return r;
}

static struct gn_action *actions_of(const struct gn_schedule *s)
{
	struct gn_action *actions = malloc((s->n + 1) * sizeof(*actions));

	for (size_t i = 0; actions && i < s->n; i++)
		actions[i] = s->drafts[i].action;
	return actions;
}

int gn_planning_schedule(struct gn_planning *p)
{
	struct gn_schedule s = { .p = p };
	/* Of nodes and links that are missing because of their own faults nothing can be said. */
	uint32_t n = p->nodes_missing ? 0 : p->raw->schedule.n;
	const size_t before = p->report->n + p->report->dropped;
	int r = plan_entries(&s, p->raw->schedule.items, n, 0);

	if (!r && p->report->n + p->report->dropped == before)
		r = gn_schedule_check_values(&s);
	if (!r) {
		p->t.actions = p->actions = actions_of(&s);
		p->t.n_actions = (uint32_t)s.n;
		r = p->actions ? 0 : -ENOMEM;
	}
	free(s.drafts);
	return r;
}

/* ---- by hand ---- */

static int plan_by_hand(struct gn_planning *p, const char *text, gn_time now, struct gn_actions *ret)
{
	struct gn_yaml_reader reader = { .arena = &p->arena, .report = p->report, .limits = p->limits };
	const char *entry = gn_arena_format(&p->arena, "{at: %" PRIu64 "ns, %s}", now, text);
	struct gn_raw_action *raw = gn_arena_alloc(&p->arena, sizeof(*raw));
	struct gn_schedule s = { .p = p };

	if (!entry || !raw)
		return -ENOMEM;
	uint32_t source = gn_report_source(p->report, "action");
	const struct gn_yaml *y = gn_yaml_parse(&reader, entry, strlen(entry), source, true);

	if (!y || y->kind != GN_YAML_MAP)
		return 0;
	gn_schema_walk_as(gn_schema_action(), y, raw, &p->arena, p->report);
	int r = plan_entries(&s, raw, 1, now);

	ret->actions = r ? NULL : actions_of(&s);
	ret->n = (uint32_t)s.n;
	free(s.drafts);
	return r || ret->actions ? r : -ENOMEM;
}

/* The first fault as a sentence, without the name of its source. */
static int give_fault(struct gn_report *report, struct gn_err *err)
{
	struct gn_faults faults = { 0 };
	int r = gn_report_give(report, &faults);

	if (r == -EINVAL)
		gn_fail(err, r, "%s", strstr(faults.lines[0], ": ") + 2);
	gn_faults_done(&faults);
	return r;
}

int gn_topology_act(const struct gn_topology *t, const char *text, gn_time now, struct gn_actions *ret,
		    struct gn_err *err)
{
	const struct gn_planning *loaded = (const struct gn_planning *)t;
	struct gn_report report = { .suggestions_left = 100000 };
	struct gn_planning p = {
		.t = *t, .names = loaded->names, .report = &report, .limits = gn_limits_default()
	};
	struct gn_actions made = { 0 };
	int r = plan_by_hand(&p, text, now, &made);

	if (!r)
		r = give_fault(&report, err);
	if (r == -ENOMEM || r == -E2BIG)
		gn_fail(err, r, r == -ENOMEM ? "out of memory" : "too many actions");
	made.arena = p.arena;
	gn_report_done(&report);
	if (r)
		gn_actions_done(&made);
	else
		*ret = made;
	return r;
}

void gn_actions_done(struct gn_actions *a)
{
	free(a->actions);
	gn_arena_done(&a->arena);
	*a = (struct gn_actions){ .n = 0 };
}
