/* SPDX-License-Identifier: MIT */
/* The names of a topology: nodes, and groups that stand for all of their members. */
#ifndef GN_TOPO_NAMES_H
#define GN_TOPO_NAMES_H

#include "topo/report.h"

struct gn_name {
	const char *text;      /* borrowed */
	uint32_t first, count; /* node ids first .. first + count - 1 */
	bool group;
	bool broken; /* its entry has a fault: how many members it has is not known */
	struct gn_place place;
};

struct gn_names {
	struct gn_name *names;
	size_t n, cap;
	uint32_t *slots; /* open addressing: place in names plus 1, 0 if free */
	size_t n_slots;	 /* a power of two */
};

/**
 * gn_names_add() - register a name.
 * @ret_taken: the name that is there already, or NULL.
 *
 * Return: 0, -EEXIST, -ENOMEM.
 */
int gn_names_add(struct gn_names *t, const struct gn_name *name, const struct gn_name **ret_taken);
const struct gn_name *gn_names_find(const struct gn_names *t, const char *text);
void gn_names_done(struct gn_names *t);

#endif
