/* SPDX-License-Identifier: MIT */
#include "sim/pool.h"

#include <stdlib.h>

#define BLOCK ((size_t)64 << 10)

struct gn_pool_piece {
	struct gn_pool_piece *next;
};

struct block {
	struct block *next;
	uint8_t padding[8]; /* what follows is aligned to 16 */
	uint8_t bytes[];
};

void gn_pool_done(struct gn_pool *p)
{
	for (struct block *b = p->blocks, *next; b; b = next) {
		next = b->next;
		free(b);
	}
	*p = (struct gn_pool){ 0 };
}

static size_t units(size_t size)
{
	return (size + 15) / 16;
}

static void *cut(struct gn_pool *p, size_t bytes)
{
	if (p->left < bytes) {
		struct block *b = malloc(BLOCK);

		if (!b)
			return NULL;
		b->next = p->blocks;
		p->blocks = b;
		p->next = b->bytes;
		p->left = BLOCK - sizeof(*b);
	}
	void *piece = p->next;

	p->next += bytes;
	p->left -= bytes;
	return piece;
}

void *gn_pool_take(struct gn_pool *p, size_t size)
{
	struct gn_pool_piece **free_list = &p->free[units(size)], *piece = *free_list;

	if (!piece)
		return cut(p, units(size) * 16);
	*free_list = piece->next;
	return piece;
}

void gn_pool_give(struct gn_pool *p, void *piece, size_t size)
{
	struct gn_pool_piece *free_piece = piece;

	free_piece->next = p->free[units(size)];
	p->free[units(size)] = free_piece;
}
