/* SPDX-License-Identifier: MIT */
/* The median-counter algorithm of Karp, Schindelhauer, Shenker and Vocking (FOCS 2000). */
#include "reference.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A node's counter while it is in B; the other states lie around it, so that "above" is greater. */
enum { A = 0, C = 1000000, D = 1000001 };

struct node {
	int state;	       /* A, 1 .. counter_max (B), C, D */
	int rounds_in_c;       /* so far */
	uint32_t above, below; /* partners of this round with a counter >= ours, < ours */
	bool met_b, met_c;
};

/* What @u sees of @v in one call. */
static void meet(struct node *u, const struct node *v)
{
	if (v->state == C)
		u->met_c = true;
	else if (v->state != A && v->state != D)
		u->met_b = true;
	if (v->state >= u->state)
		u->above++;
	else
		u->below++;
}

static int after(struct node *u, int counter_max)
{
	if (u->state == A)
		return u->met_c ? C : u->met_b ? 1 : A;
	if (u->state == C)
		return ++u->rounds_in_c == counter_max ? D : C;
	if (u->state == D)
		return D;
	if (u->met_c)
		return C;
	if (u->above <= u->below)
		return u->state;
	return u->state == counter_max ? C : u->state + 1;
}

static bool speaks(const struct node *u)
{
	return u->state != A && u->state != D;
}

void model_median_counter(const struct options *o, struct dice *d, struct outcome *ret)
{
	struct node *node = need(o->n, sizeof(*node));
	double loglog = log(log(o->n));
	int counter_max = o->counter_max ? (int)o->counter_max : loglog > 1 ? (int)ceil(loglog) : 1;
	uint32_t informed = 1, speaking = 1;
	uint64_t copies = 0;
	struct curve c;

	node[0].state = 1;
	curve_begin(&c, ret, o->n);
	for (uint32_t round = 1; speaking; round++) {
		for (uint32_t u = 0; u < o->n; u++) {
			uint32_t v = dice_other(d, o->n, u);

			if (dice_chance(d, o->call_loss))
				continue;
			meet(&node[u], &node[v]);
			meet(&node[v], &node[u]);
			copies += speaks(&node[u]) + speaks(&node[v]);
		}
		informed = speaking = 0;
		for (uint32_t u = 0; u < o->n; u++) {
			node[u].state = after(&node[u], counter_max);
			node[u].met_b = node[u].met_c = false;
			node[u].above = node[u].below = 0;
			informed += node[u].state != A;
			speaking += speaks(&node[u]);
		}
		curve_add(&c, round, informed);
	}
	ret->messages = (double)copies;
	free(node);
}
