/* SPDX-License-Identifier: MIT */
/*
 * The names of a topology: an entry of the file is a node called name, or a group that stands for all of its
 * members. Members are called name1, name2, ..; they are found by arithmetic and take no memory.
 */
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
 * gn_names_add() - register an entry. Whether a group has a member of that name is not looked at.
 * @ret_taken: the entry of this name that is there already, or NULL.
 *
 * Return: 0, -EEXIST, -ENOMEM.
 */
int gn_names_add(struct gn_names *t, const struct gn_name *name, const struct gn_name **ret_taken);

/* The entry called @text, or NULL. */
const struct gn_name *gn_names_find(const struct gn_names *t, const char *text);

/* The group of which @text is the name of a member, *ret_number its number from 1 on; or NULL. */
const struct gn_name *gn_names_group_of(const struct gn_names *t, const char *text, uint32_t *ret_number);

/* A group of which @text would be a member if it had more, or NULL. */
const struct gn_name *gn_names_group_like(const struct gn_names *t, const char *text);

void gn_names_done(struct gn_names *t);

#endif
