/* SPDX-License-Identifier: MIT */
/* Nodes that die at random and come back: drawn when the file is read, so that every run of it has the same. */
#include "topo/schedule.h"

struct churn {
	struct gn_schedule *s;
	const uint32_t *nodes; /* who may die, ascending */
	uint32_t n;
	uint32_t *up; /* places in nodes of those that run, in any order */
	uint32_t n_up;
	uint32_t *at; /* by place in nodes: place in up, or GN_NONE */
	/* What has been looked at: of the actions that are there already, ordered by time, and of our own. */
	size_t n_others, next_other;
	size_t next_own;
};

static void set_up(struct churn *c, uint32_t place)
{
	if (c->at[place] != GN_NONE)
		return;
	c->at[place] = c->n_up;
	c->up[c->n_up++] = place;
}

static void set_down(struct churn *c, uint32_t place)
{
	uint32_t gap = c->at[place];

	if (gap == GN_NONE)
		return;
	c->at[place] = GN_NONE;
	c->up[gap] = c->up[--c->n_up];
	if (gap < c->n_up)
		c->at[c->up[gap]] = gap;
}

static int compare_ids(const void *pa, const void *pb)
{
	const uint32_t *a = pa, *b = pb;

	return (*a > *b) - (*a < *b);
}

static void look_at(struct churn *c, const struct gn_action *a)
{
	bool up = a->what == GN_ACTION_RESTART;

	if (!up && a->what != GN_ACTION_KILL && a->what != GN_ACTION_LEAVE)
		return;
	for (uint32_t i = 0; i < a->n_targets; i++) {
		const uint32_t *node =
			bsearch(&a->targets[i], c->nodes, c->n, sizeof(*c->nodes), compare_ids);

		if (node && up)
			set_up(c, (uint32_t)(node - c->nodes));
		else if (node)
			set_down(c, (uint32_t)(node - c->nodes));
	}
}

/* The next that was not looked at, ours or another's; NULL: there is none. Our own restarts follow each other as our kills
 * do, and those were looked at when they were drawn. */
static const struct gn_action *next_action(struct churn *c, bool *ret_own)
{
	const struct gn_schedule *s = c->s;

	while (c->next_own < s->n && s->drafts[c->next_own].action.what == GN_ACTION_KILL)
		c->next_own++;
	const struct gn_action *own = c->next_own < s->n ? &s->drafts[c->next_own].action : NULL;
	const struct gn_action *other = c->next_other < c->n_others ? &s->drafts[c->next_other].action : NULL;

	*ret_own = own && (!other || own->at < other->at);
	return *ret_own ? own : other;
}

/* Everything until @t, in order. */
static void look_until(struct churn *c, gn_time t)
{
	const struct gn_action *next;
	bool own;

	while ((next = next_action(c, &own)) && next->at <= t) {
		look_at(c, next);
		c->next_own += own;
		c->next_other += !own;
	}
}

/* One that runs dies at @t. */
static int draw_one(struct churn *c, gn_time t, struct gn_random *random)
{
	struct gn_schedule *s = c->s;
	uint32_t place = c->up[gn_random_below(random, c->n_up)];
	char name[GN_NODE_NAME_MAX + 1];
	const char *target =
		gn_arena_format(&s->p->arena, "%s", gn_node_name(&s->p->t, c->nodes[place], name));
	struct gn_action a = { .at = t,
			       .what = GN_ACTION_KILL,
			       .targets = &c->nodes[place],
			       .n_targets = 1,
			       .target = target,
			       .detail = "churn" };
	int r = gn_schedule_add(s, &a, false);

	set_down(c, place);
	a.what = GN_ACTION_RESTART;
	a.at = t + s->raw->down_for.number;
	if (r || !s->raw->down_for.at || a.at >= s->p->t.duration)
		return r;
	return gn_schedule_add(s, &a, true);
}

/* Nobody runs: time goes on to when that may change, for a Poisson process has no memory. Return: false: it never does. */
static bool wait_for_one(struct churn *c, gn_time *t)
{
	const struct gn_action *next;
	bool own;

	while (!c->n_up && (next = next_action(c, &own))) {
		*t = next->at;
		look_until(c, *t);
	}
	return c->n_up;
}

static int draw_all(struct churn *c)
{
	const struct gn_raw_action *raw = c->s->raw;
	const uint64_t seed = raw->seed.at ? raw->seed.number : c->s->p->t.seed;
	const gn_time end =
		raw->until.at ? GN_MIN(raw->until.number, c->s->p->t.duration) : c->s->p->t.duration;
	struct gn_random random = { gn_rand_seed(seed, GN_RAND_SCHEDULE, raw->seed.at ? 0 : c->s->index) };
	gn_time t = raw->at.number;
	int r = 0;

	for (;;) {
		t += gn_random_exponential(&random, raw->every.number);
		if (r || t >= end)
			return r;
		look_until(c, t);
		if (c->n_up)
			r = draw_one(c, t, &random);
		else if (!wait_for_one(c, &t))
			return 0;
	}
}

int gn_schedule_churn(struct gn_schedule *s)
{
	struct churn c = { .s = s };
	int r = gn_schedule_nodes(s, &s->raw->verb[GN_VERB_CHURN], &c.nodes, &c.n);

	if (r || !c.n)
		return r;
	if (s->raw->until.at && s->raw->until.number <= s->raw->at.number) {
		gn_fault_at(s->p->report, s->raw->until.at->place, "churn would end before it begins");
		return 0;
	}
	gn_schedule_sort(s);
	c.n_others = c.next_own = s->n;
	c.up = calloc(c.n, sizeof(*c.up));
	c.at = malloc(c.n * sizeof(*c.at));
	r = c.up && c.at ? 0 : -ENOMEM;
	for (uint32_t i = 0; !r && i < c.n; i++) {
		c.at[i] = GN_NONE;
		set_up(&c, i);
	}
	if (!r)
		r = draw_all(&c);
	free(c.up);
	free(c.at);
	return r;
}
