/* SPDX-License-Identifier: MIT */
#include "util/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { CHUNK_BYTES = 64 * 1024, ALIGNMENT = 16 };

struct gn_arena_chunk {
	_Alignas(ALIGNMENT) struct gn_arena_chunk *older;
};

void *gn_arena_alloc(struct gn_arena *a, size_t size)
{
	if (size > SIZE_MAX / 2)
		return NULL;
	size = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	if (size > a->left) {
		size_t bytes = GN_MAX(size, (size_t)CHUNK_BYTES);
		struct gn_arena_chunk *c = calloc(1, sizeof(*c) + bytes);

		if (!c)
			return NULL;
		c->older = a->chunks;
		a->chunks = c;
		a->next = (char *)(c + 1);
		a->left = bytes;
	}
	char *p = a->next;

	a->next += size;
	a->left -= size;
	return p;
}

char *gn_arena_copy(struct gn_arena *a, const char *s, size_t n)
{
	char *p = gn_arena_alloc(a, n + 1);

	if (p && n)
		memcpy(p, s, n);
	return p;
}

char *gn_arena_format(struct gn_arena *a, const char *fmt, ...)
{
	char small[256];
	va_list ap, again;

	va_start(ap, fmt);
	va_copy(again, ap);
	int n = vsnprintf(small, sizeof(small), fmt, ap);
	char *p = n < 0 ? NULL : gn_arena_alloc(a, (size_t)n + 1);

	if (p && (size_t)n < sizeof(small))
		memcpy(p, small, (size_t)n);
	else if (p)
		vsnprintf(p, (size_t)n + 1, fmt, again);
	va_end(again);
	va_end(ap);
	return p;
}

void gn_arena_done(struct gn_arena *a)
{
	while (a->chunks) {
		struct gn_arena_chunk *older = a->chunks->older;

		free(a->chunks);
		a->chunks = older;
	}
	*a = (struct gn_arena){ 0 };
}
