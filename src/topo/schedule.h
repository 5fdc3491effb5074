/* SPDX-License-Identifier: MIT */
/* The actions of a schedule while they are worked out: each entry becomes as many as it takes. */
#ifndef GN_TOPO_SCHEDULE_H
#define GN_TOPO_SCHEDULE_H

#include "topo/planning.h"

struct gn_draft {
	struct gn_action action;
	struct gn_place place; /* of its entry */
	uint32_t number;       /* in order of writing */
	bool ends; /* what something `for:` a while ends with: before what begins at the same moment */
};

struct gn_schedule {
	struct gn_planning *p;
	struct gn_draft *drafts; /* owned */
	size_t n, cap;
	uint64_t n_targets; /* of all together */
	/* The entry at hand. */
	const struct gn_raw_action *raw;
	enum gn_verb verb;
	uint64_t index; /* its number: with the run's seed, what is random in it */
};

/* Add an action of the entry at hand: what it says in full. Return: 0, -ENOMEM, -E2BIG (with a fault). */
int gn_schedule_add(struct gn_schedule *s, const struct gn_action *a, bool ends);

/* An action, and, with `for:` and before the run's end, the one that ends it. */
int gn_schedule_add_lasting(struct gn_schedule *s, struct gn_action a, struct gn_action end);

/* What is to be done then or later never is: the run is over, or, with clock: rounds, there is no round any more. */
gn_time gn_schedule_end(const struct gn_topology *t);

/* By time; at the same time what ends is first, then as they were added. */
void gn_schedule_sort(struct gn_schedule *s);

/* The gossiping nodes that are written; GN_NONE in what is none of them never. *ret is in the plan's arena.
 * Return: 0, also after a fault, then *ret_n is 0; -ENOMEM. */
int gn_schedule_nodes(struct gn_schedule *s, const struct gn_field *written, const uint32_t **ret,
		      uint32_t *ret_n);

/* schedule_links.c and churn.c: verbs. Return: 0, also after a fault, -ENOMEM, -E2BIG. */
int gn_schedule_set(struct gn_schedule *s);
int gn_schedule_links(struct gn_schedule *s); /* down, up, flap */
int gn_schedule_partition(struct gn_schedule *s);
int gn_schedule_check_links(struct gn_schedule *s, const struct gn_field *f); /* are there such links? */
int gn_schedule_churn(struct gn_schedule *s);				      /* after all that is no churn */

/* Do values that are set go together with what is in force at that time? In the order of time. */
int gn_schedule_check_values(struct gn_schedule *s);

/* A value as it is written. Return: in the plan's arena, NULL without memory. */
const char *gn_schedule_text(struct gn_schedule *s, const struct gn_yaml *y);

#endif
