/* SPDX-License-Identifier: MIT */
/* The parts of gn_planning_overlay(). */
#ifndef GN_TOPO_OVERLAY_H
#define GN_TOPO_OVERLAY_H

#include "topo/graph.h"
#include "topo/planning.h"

/* Room for @n partners in all. Return: 0, -ENOMEM or -E2BIG (with a fault). */
int gn_overlay_allocate(struct gn_planning *p, uint64_t n);

/* neighbours.c: fill in the partners. A node without any is a fault at @at. */
int gn_overlay_plan_neighbours(struct gn_planning *p, struct gn_place at);

/* pairs.c: the pairs that the file named by @file lists, as member numbers. @ret: as gn_graph_make(). */
int gn_overlay_read_pairs(struct gn_planning *p, const struct gn_field *file, struct gn_edges *ret);

/* reach.c: a pair of members of which one cannot send to the other is a fault at @at. */
int gn_overlay_check_reachable(struct gn_planning *p, struct gn_place at);

/* For qsort() of uint32_t. */
int gn_overlay_compare(const void *pa, const void *pb);

#endif
