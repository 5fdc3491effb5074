/* SPDX-License-Identifier: MIT */
/* `spread:`: each member of a group is linked to one of several places, to each as many as its weight says. */
#include <string.h>

#include "topo/planning.h"

struct place {
	uint32_t node;
	uint64_t weight; /* in millionths */
	uint64_t members;
	unsigned __int128 remainder;
};

struct places {
	struct place *p; /* owned */
	size_t n, cap;
	uint64_t weight; /* of all */
};

/* Return: 0, -ENOMEM, or -EINVAL after a fault. */
static int list_places(struct gn_planning *p, const struct gn_field *over, struct places *ret)
{
	const struct gn_field *items = over->items;
	int r = 0;

	for (uint32_t i = 0; i < over->n; i++) {
		struct gn_name name;

		if (!gn_planning_resolve(p, &items[i], &name)) {
			r = -EINVAL;
			continue;
		}
		for (uint32_t k = 0; k < name.count; k++) {
			if (gn_grow(&ret->p, ret->n, &ret->cap, sizeof(*ret->p)))
				return -ENOMEM;
			ret->p[ret->n++] =
				(struct place){ .node = name.first + k, .weight = items[i].number };
			ret->weight +=
				items[i].number; /* at most GN_NODES_MAX of at most 10^12 each, per item */
		}
		if (ret->n > p->limits->nodes) {
			gn_fault_at(p->report, items[i].at->place, "more than %u places", p->limits->nodes);
			return -EINVAL;
		}
	}
	return r;
}

/* By what is left of their share, the largest first; among equals in the order of the file. */
static int compare_remainders(const void *pa, const void *pb)
{
	const struct place *a = *(struct place *const *)pa, *b = *(struct place *const *)pb;

	if (a->remainder != b->remainder)
		return a->remainder > b->remainder ? -1 : 1;
	return (a > b) - (a < b);
}

/* Largest remainders (Hamilton's method): everybody gets the whole part of his share, the rest goes one by one. */
static int apportion(struct places *places, uint64_t members)
{
	GN_CLEANUP(gn_free_p) struct place **order = malloc(places->n * sizeof(*order));
	uint64_t left = members;

	if (!order)
		return -ENOMEM;
	for (size_t i = 0; i < places->n; i++) {
		struct place *at = &places->p[i];
		unsigned __int128 share = (unsigned __int128)members * at->weight;

		at->members = (uint64_t)(share / places->weight);
		at->remainder = share % places->weight;
		left -= at->members;
		order[i] = at;
	}
	qsort(order, places->n, sizeof(*order), compare_remainders);
	for (size_t i = 0; i < left; i++)
		order[i]->members++;
	return 0;
}

/* The first members to the first place, and so on. */
static int link_members(struct gn_planning *p, const struct places *places, const struct gn_name *group,
			const struct gn_shape shape[2], struct gn_place at)
{
	uint32_t member = group->first;
	int r = 0;

	for (size_t i = 0; i < places->n; i++) {
		for (uint64_t k = 0; !r && k < places->p[i].members; k++, member++) {
			if (member == places->p[i].node) {
				gn_fault_at(p->report, at, "%s would be linked to itself",
					    p->nodes[member].name);
				return 0;
			}
			r = gn_planning_add_link(p, member, places->p[i].node, shape, at);
		}
	}
	return r;
}

int gn_planning_spread(struct gn_planning *p, const struct gn_raw_link *l, const struct gn_shape shape[2])
{
	struct places places = { .n = 0 };
	struct gn_name group;
	bool found = !l->spread.bad && gn_planning_resolve(p, &l->spread, &group);
	int r = l->over.bad ? -EINVAL : list_places(p, &l->over, &places);

	if (!r && found && !places.n) {
		gn_fault_at(p->report, l->over.at->place, "over names no place");
		r = -EINVAL;
	}
	if (!r && found)
		r = apportion(&places, group.count);
	if (!r && found)
		r = link_members(p, &places, &group, shape, l->spread.at->place);
	free(places.p);
	return r == -EINVAL ? 0 : r;
}
