/* SPDX-License-Identifier: MIT */
/* Memory that is released all at once: for trees of many small things that die together. */
#ifndef GN_ARENA_H
#define GN_ARENA_H

#include "util/util.h"

struct gn_arena {
	struct gn_arena_chunk *chunks; /* newest first */
	char *next;
	size_t left;
};

/* @size zeroed bytes, aligned for anything; NULL without memory. An arena starts as all zeros. */
void *gn_arena_alloc(struct gn_arena *a, size_t size);

/* A NUL-terminated copy of @n bytes of @s; NULL without memory. */
char *gn_arena_copy(struct gn_arena *a, const char *s, size_t n);

/* sprintf() into the arena; NULL without memory. */
char *gn_arena_format(struct gn_arena *a, const char *fmt, ...) GN_PRINTF(2, 3);

void gn_arena_done(struct gn_arena *a);

#endif
