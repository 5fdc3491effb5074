/* SPDX-License-Identifier: MIT */
#include "cmd/conduct.h"

#include <stdio.h>
#include <string.h>

#include "topo/shape.h"

/* An event that its origin should have published so long ago and that has not come is looked at. */
#define PUBLISH_PATIENCE (200 * GN_MSEC)

/* Processes for nodes that are to be restarted are made so long ahead, some at a time, and none right before an action. */
#define PREPARE_AHEAD	(3 * GN_SEC)
#define PREPARE_AT_ONCE (15 * GN_MSEC)
#define PREPARE_ROOM	(30 * GN_MSEC)

struct queued {
	const struct gn_action *action;
	bool by_hand;
};

struct gn_conduct {
	struct gn_conduct_options o;
	/* By time, those of one moment in the order in which they came. */
	struct queued *queue;
	size_t n, cap, next;
	struct gn_actions *hands; /* own the actions by hand */
	size_t n_hands, cap_hands;
	struct gn_shape *shapes; /* in force, by direction; NULL: nothing was ever set */
	bool set_by_hand;	 /* so the file's values need not go together with those in force */
	struct gn_err why_not;	 /* the last one had no effect */
	bool has_cut;		 /* a link was down, or the network parted */
	uint32_t next_event;	 /* the first whose publication was not looked at */
};

static int64_t elapsed(const struct gn_conduct *c)
{
	return (int64_t)(gn_now() - c->o.start);
}

/* ---- links ---- */

static uint32_t directions(const struct gn_topology *t)
{
	return 2 * t->n_links;
}

static int copy_shapes(struct gn_conduct *c, struct gn_err *err)
{
	const struct gn_topology *t = c->o.topology;

	c->shapes = malloc((directions(t) + 1) * sizeof(*c->shapes));
	if (!c->shapes)
		return gn_fail(err, -ENOMEM, "out of memory");
	for (uint32_t d = 0; d < directions(t); d++)
		c->shapes[d] = t->links[d / 2].shape[d % 2];
	return 0;
}

const struct gn_shape *gn_conduct_shape(const struct gn_conduct *c, uint32_t direction)
{
	return c->shapes ? &c->shapes[direction] : &c->o.topology->links[direction / 2].shape[direction % 2];
}

static bool is_about_shapes(const struct gn_action *a)
{
	return a->what == GN_ACTION_SET || a->what == GN_ACTION_RESET;
}

/* What the @i-th target of a set or reset gets. Return: 0; -EINVAL: the values do not go together, @s is as before. */
static int apply(const struct gn_conduct *c, const struct gn_action *a, uint32_t i, struct gn_shape *s,
		 struct gn_err *err)
{
	const uint32_t d = a->targets[i];
	const struct gn_shape *file = &c->o.topology->links[d / 2].shape[d % 2];

	return gn_shape_apply(s, a->what == GN_ACTION_SET ? &a->values[i] : file, a->fields, err);
}

/* All targets get their values, or none does. @ret_note: why it had no effect, or unchanged. */
static int set_shapes(struct gn_conduct *c, const struct gn_action *a, const char **ret_note,
		      struct gn_err *err)
{
	GN_CLEANUP(gn_free_p) struct gn_shape *shapes = malloc((a->n_targets + 1) * sizeof(*shapes));
	struct gn_err why = { "" };
	int r = shapes ? 0 : gn_fail(err, -ENOMEM, "out of memory");

	if (r == 0 && !c->shapes)
		r = copy_shapes(c, err);
	for (uint32_t i = 0; r == 0 && i < a->n_targets; i++) {
		shapes[i] = *gn_conduct_shape(c, a->targets[i]);
		if (apply(c, a, i, &shapes[i], &why) == 0)
			continue;
		if (!c->set_by_hand)
			return gn_fail(err, -EINVAL, "%s", why.text);
		/* What somebody sets by hand does not end the run. */
		gn_fail(&c->why_not, -EINVAL, "no effect: %s", why.text);
		*ret_note = c->why_not.text;
		return 0;
	}
	for (uint32_t i = 0; r == 0 && i < a->n_targets; i++)
		gn_delays_change(&c->o.collector->delays, a->targets[i], (gn_time)elapsed(c));
	if (r == 0)
		r = gn_network_shape(c->o.network, a->targets, a->n_targets, shapes, err);
	for (uint32_t i = 0; r == 0 && i < a->n_targets; i++)
		c->shapes[a->targets[i]] = shapes[i];
	if (r == 0)
		c->o.collector->fields_set |= a->fields;
	return r;
}

static int act_on_network(struct gn_conduct *c, const struct gn_action *a, const char **ret_note,
			  struct gn_err *err)
{
	c->has_cut |= !is_about_shapes(a);
	switch (a->what) {
	case GN_ACTION_SET:
	case GN_ACTION_RESET:
		return set_shapes(c, a, ret_note, err);
	case GN_ACTION_DOWN:
	case GN_ACTION_UP:
		return gn_network_down(c->o.network, a->targets, a->n_targets, a->what == GN_ACTION_DOWN,
				       err);
	case GN_ACTION_PARTITION:
		return gn_network_partition(c->o.network, a->part, err);
	case GN_ACTION_HEAL:
		return gn_network_partition(c->o.network, NULL, err);
	case GN_ACTION_KILL:
	case GN_ACTION_LEAVE:
	case GN_ACTION_RESTART:
	case GN_ACTION_PAUSE:
	case GN_ACTION_RESUME:
	case GN_ACTION_DROP_NEXT:
	case GN_ACTION_CPU:
	case GN_ACTION_MEMORY:
		break;
	}
	return 0;
}

/* ---- nodes ---- */

static const char *name_of(const struct gn_conduct *c, uint32_t member)
{
	return c->o.topology->nodes[c->o.topology->gossip.members[member]].name;
}

static pid_t pid_of(const struct gn_conduct *c, uint32_t member)
{
	return c->o.nodes->processes[member].pid;
}

static int restart(struct gn_conduct *c, uint32_t member, const char **ret_note, struct gn_err *err)
{
	if (!gn_nodes_gone(c->o.nodes, member)) {
		*ret_note = "no effect: it runs";
		return 0;
	}
	const gn_time born = gn_now(); /* what was to be published before is past, for the node and for us */
	int r = gn_collector_revive(c->o.collector, member, born, err);

	if (r == 0)
		r = gn_nodes_restart(c->o.nodes, member, born, c->o.network, err);
	return r < 0 ? r : gn_cgroups_join(c->o.cgroups, name_of(c, member), pid_of(c, member), err);
}

static int limit(struct gn_conduct *c, const struct gn_action *a, uint32_t member, struct gn_err *err)
{
	return gn_cgroups_limit(c->o.cgroups, a->what == GN_ACTION_CPU ? GN_CGROUP_CPU : GN_CGROUP_MEMORY,
				name_of(c, member), pid_of(c, member), a->value, err);
}

/* @ret_note: why it had no effect, or unchanged. */
static int act_on_member(struct gn_conduct *c, const struct gn_action *a, uint32_t member,
			 const char **ret_note, struct gn_err *err)
{
	struct gn_nodes *n = c->o.nodes;
	const char *why_not = "no effect: it does not run";
	bool done = true;

	switch (a->what) {
	case GN_ACTION_KILL:
		done = gn_nodes_kill(n, member);
		break;
	case GN_ACTION_LEAVE:
		done = gn_nodes_leave(n, member);
		break;
	case GN_ACTION_RESTART:
		return restart(c, member, ret_note, err);
	case GN_ACTION_PAUSE:
		done = gn_nodes_pause(n, member);
		why_not = "no effect: it does not run, or sleeps";
		break;
	case GN_ACTION_RESUME:
		done = gn_nodes_resume(n, member);
		why_not = "no effect: it does not sleep";
		break;
	case GN_ACTION_DROP_NEXT:
		done = gn_nodes_drop_next(n, member, (uint32_t)a->value);
		break;
	case GN_ACTION_SET:
	case GN_ACTION_RESET:
	case GN_ACTION_DOWN:
	case GN_ACTION_UP:
	case GN_ACTION_PARTITION:
	case GN_ACTION_HEAL:
		break;
	case GN_ACTION_CPU:
	case GN_ACTION_MEMORY:
		return limit(c, a, member, err);
	}
	if (!done)
		*ret_note = why_not;
	return 0;
}

static bool is_about_nodes(const struct gn_action *a)
{
	return a->what >= GN_ACTION_KILL;
}

/* ---- one action ---- */

struct done {
	int64_t t;
	const char *note;
};

/* The rows are written when all of it has been done: that takes time. */
static int write_rows(struct gn_conduct *c, const struct queued *q, const struct done *rows,
		      struct gn_err *err)
{
	const struct gn_topology *t = c->o.topology;
	const struct gn_action *a = q->action;
	const uint32_t n = is_about_nodes(a) ? a->n_targets : 1;
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < n; i++) {
		const char *parts[] = { a->detail, rows[i].note, q->by_hand ? "by hand" : "" };
		GN_CLEANUP(gn_free_p) char *detail = gn_strdup("");

		for (size_t k = 0; k < GN_ARRAY_LEN(parts) && detail; k++) {
			char *more = gn_format("%s%s%s", detail, *detail && *parts[k] ? "; " : "", parts[k]);

			free(detail);
			detail = more;
		}
		if (!detail)
			return gn_fail(err, -ENOMEM, "out of memory");
		r = gn_store_action(c->o.store, rows[i].t, gn_action_name(a->what),
				    is_about_nodes(a) ? t->nodes[a->targets[i]].name : a->target, detail,
				    err);
	}
	return r;
}

/* Does it end a fault? */
static bool is_remedy(const struct gn_action *a)
{
	return a->what == GN_ACTION_UP || a->what == GN_ACTION_HEAL || a->what == GN_ACTION_RESTART ||
	       a->what == GN_ACTION_RESUME;
}

/* The whole network, or, of an action on nodes, the @i-th of its targets. */
static int carry_out_one(struct gn_conduct *c, const struct gn_action *a, uint32_t i, const char **ret_note,
			 struct gn_err *err)
{
	if (!is_about_nodes(a))
		return act_on_network(c, a, ret_note, err);
	return act_on_member(c, a, c->o.topology->nodes[a->targets[i]].member, ret_note, err);
}

/* One that was ended counts no more, whether or not its process has gone by now. Takes time: all signals come first. */
static void bury(struct gn_conduct *c, const struct gn_action *a, uint32_t i, const struct done *row)
{
	if ((a->what == GN_ACTION_KILL || a->what == GN_ACTION_LEAVE) && !*row->note)
		gn_collector_bury(c->o.collector, c->o.topology->nodes[a->targets[i]].member, false);
}

/* A fault holds for certain between the times of its row and of its remedy's: that of the one is taken afterwards, that of
 * the other before. */
static int carry_out(struct gn_conduct *c, const struct gn_action *a, struct done *rows, struct gn_err *err)
{
	const uint32_t n = is_about_nodes(a) ? a->n_targets : 1;
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < n; i++) {
		rows[i] = (struct done){ .t = elapsed(c), .note = "" };
		r = carry_out_one(c, a, i, &rows[i].note, err);
		if (!is_remedy(a))
			rows[i].t = elapsed(c);
	}
	for (uint32_t i = 0; r == 0 && i < n; i++)
		bury(c, a, i, &rows[i]);
	return r;
}

static int act(struct gn_conduct *c, const struct queued *q, int64_t *ret_t, struct gn_err *err)
{
	GN_CLEANUP(gn_free_p) struct done *rows = calloc(q->action->n_targets + 1u, sizeof(*rows));

	if (!rows)
		return gn_fail(err, -ENOMEM, "out of memory");
	int r = carry_out(c, q->action, rows, err);

	if (r < 0)
		return r;
	if (ret_t)
		*ret_t = rows[0].t;
	return write_rows(c, q, rows, err);
}

/* ---- events that are not published ---- */

static int look_at_event(struct gn_conduct *c, uint32_t e, gn_time now, struct gn_err *err)
{
	const struct gn_event_plan *plan = &c->o.topology->events[e];
	int r = gn_collector_hear_origin(c->o.collector, e, err); /* it is looked at once */

	if (r < 0)
		return r;
	if (!gn_collector_is_lost(c->o.collector, e, now))
		return 0;
	GN_CLEANUP(gn_free_p)
	char *detail =
		gn_format("event %u%s%s; its origin is dead", e + 1, *plan->label ? ": " : "", plan->label);

	return gn_store_action(c->o.store, (int64_t)plan->at, "unpublished",
			       c->o.topology->nodes[plan->node].name, detail ? detail : "", err);
}

/* Those whose time is @patience past. */
static int look_at_events(struct gn_conduct *c, gn_dur patience, struct gn_err *err)
{
	const struct gn_topology *t = c->o.topology;
	const int64_t now = elapsed(c);
	int r = 0;

	while (r == 0 && c->next_event < t->n_events &&
	       (int64_t)(t->events[c->next_event].at + patience) <= now)
		r = look_at_event(c, c->next_event++, (gn_time)now, err);
	return r;
}

/* What the schedule kept from passing, if it ever did. */
static int write_drops(struct gn_conduct *c, struct gn_err *err)
{
	uint64_t partition = 0, down = 0;
	int r = c->has_cut ? gn_network_cut_drops(c->o.network, &partition, &down, err) : 0;

	if (r == 0 && c->has_cut)
		r = gn_store_meta_int(c->o.store, "partition_drops", (int64_t)partition, err);
	if (r == 0 && c->has_cut)
		r = gn_store_meta_int(c->o.store, "down_drops", (int64_t)down, err);
	return r;
}

int gn_conduct_end(struct gn_conduct *c, struct gn_err *err)
{
	int r = look_at_events(c, 0, err);

	return r == 0 ? write_drops(c, err) : r;
}

/* ---- the queue ---- */

/* In its place among what is still to come, behind those of the same moment. */
static int enqueue(struct gn_conduct *c, struct queued q)
{
	if (gn_grow(&c->queue, c->n, &c->cap, sizeof(*c->queue)))
		return -ENOMEM;
	size_t i = c->n++;

	for (; i > c->next && c->queue[i - 1].action->at > q.action->at; i--)
		c->queue[i] = c->queue[i - 1];
	c->queue[i] = q;
	return 0;
}

gn_time gn_conduct_next(const struct gn_conduct *c)
{
	return c->next < c->n ? c->o.start + c->queue[c->next].action->at : GN_NEVER;
}

int gn_conduct_due(struct gn_conduct *c, struct gn_err *err)
{
	int r = 0;

	while (r == 0 && gn_conduct_next(c) <= gn_now()) {
		const struct queued *q = &c->queue[c->next++];

		r = act(c, q, NULL, err);
		if (r < 0)
			return gn_wrap(err, r, "%s", gn_action_name(q->action->what));
	}
	return r == 0 ? look_at_events(c, PUBLISH_PATIENCE, err) : r;
}

/* One of the members that are to be restarted before @until gets its next process, if one lacks it. Return: 1: it has it now;
 * 0: none lacks it; -Exxx. */
static int prepare_one(struct gn_conduct *c, gn_time until, struct gn_err *err)
{
	const struct gn_topology *t = c->o.topology;
	int r = 0;

	for (size_t i = c->next; r == 0 && i < c->n && c->o.start + c->queue[i].action->at < until; i++) {
		const struct gn_action *a = c->queue[i].action;

		for (uint32_t k = 0; r == 0 && a->what == GN_ACTION_RESTART && k < a->n_targets; k++)
			r = gn_nodes_prepare(c->o.nodes, t->nodes[a->targets[k]].member, c->o.network, err);
	}
	return r;
}

int gn_conduct_prepare(struct gn_conduct *c, struct gn_err *err)
{
	const gn_time end = gn_now() + PREPARE_AT_ONCE;
	int r = 1;

	while (r > 0 && gn_now() < end && gn_conduct_next(c) > gn_now() + PREPARE_ROOM)
		r = prepare_one(c, gn_now() + PREPARE_AHEAD, err);
	return r < 0 ? r : 0;
}

/* ---- by hand ---- */

/* Do the values of all that is due at @now go together with those in force, one action after the other? */
static int check_shapes(const struct gn_conduct *c, const struct gn_actions *made, gn_time now,
			struct gn_err *err)
{
	GN_CLEANUP(gn_free_p)
	struct gn_shape *shapes = malloc((directions(c->o.topology) + 1) * sizeof(*shapes));
	int r = 0;

	if (!shapes)
		return gn_fail(err, -ENOMEM, "out of memory");
	for (uint32_t d = 0; d < directions(c->o.topology); d++)
		shapes[d] = *gn_conduct_shape(c, d);
	for (uint32_t i = 0; r == 0 && i < made->n; i++) {
		const struct gn_action *a = &made->actions[i];

		for (uint32_t k = 0; r == 0 && a->at <= now && is_about_shapes(a) && k < a->n_targets; k++)
			r = apply(c, a, k, &shapes[a->targets[k]], err);
	}
	return r;
}

/* What is due at @now is done, the rest waits: of a churn that is all. -EINVAL says that nothing was done; if something
 * was, what undoes it comes all the same. */
static int act_now(struct gn_conduct *c, const struct gn_actions *made, gn_time now, int64_t *ret_t,
		   struct gn_err *err)
{
	int r = check_shapes(c, made, now, err);
	bool done = false;

	for (uint32_t i = 0; i < made->n && (r == 0 || done); i++) {
		const struct queued q = { &made->actions[i], true };

		if (q.action->at > now) {
			if (enqueue(c, q))
				r = gn_fail(err, -ENOMEM, "out of memory");
		} else if (r == 0) {
			r = act(c, &q, ret_t, err);
			done |= r == 0;
			c->set_by_hand |= r == 0 && is_about_shapes(q.action);
		}
	}
	return r == -EINVAL && done ? -EIO : r;
}

int gn_conduct_by_hand(struct gn_conduct *c, const char *text, int64_t *ret_t, struct gn_err *err)
{
	const int64_t now = elapsed(c);
	struct gn_actions made;
	int r = now < 0 ? gn_fail(err, -EAGAIN, "the run has not begun yet")
			: gn_topology_act(c->o.topology, text, (gn_time)now, &made, err);

	if (r < 0)
		return r;
	if (gn_grow(&c->hands, c->n_hands, &c->cap_hands, sizeof(*c->hands))) {
		gn_actions_done(&made);
		return gn_fail(err, -ENOMEM, "out of memory");
	}
	c->hands[c->n_hands++] = made; /* what is in the queue points into it */
	*ret_t = now;
	return act_now(c, &made, (gn_time)now, ret_t, err);
}

/* ---- life ---- */

int gn_conduct_new(const struct gn_conduct_options *o, struct gn_conduct **ret, struct gn_err *err)
{
	struct gn_conduct *c = calloc(1, sizeof(*c));
	int r = 0;

	if (!c)
		return gn_fail(err, -ENOMEM, "out of memory");
	c->o = *o;
	for (uint32_t i = 0; r == 0 && i < o->topology->n_actions; i++)
		r = enqueue(c, (struct queued){ &o->topology->actions[i], false });
	if (r) {
		gn_conduct_free(c);
		return gn_fail(err, r, "out of memory for the schedule");
	}
	*ret = c;
	return 0;
}

struct gn_conduct *gn_conduct_free(struct gn_conduct *c)
{
	if (!c)
		return NULL;
	for (size_t i = 0; i < c->n_hands; i++)
		gn_actions_done(&c->hands[i]);
	free(c->hands);
	free(c->queue);
	free(c->shapes);
	free(c);
	return NULL;
}
