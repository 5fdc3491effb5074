/* SPDX-License-Identifier: MIT */
/* Memory for many short-lived things of few sizes: free pieces are kept for the next of their size. */
#ifndef GN_SIM_POOL_H
#define GN_SIM_POOL_H

#include <stddef.h>
#include <stdint.h>

#define GN_POOL_PIECE_MAX 2048

struct gn_pool {
	struct gn_pool_piece *free[GN_POOL_PIECE_MAX / 16 + 1]; /* by size in units of 16 bytes */
	uint8_t *next;						/* of the newest block: not given out yet */
	size_t left;
	void *blocks;
};

/* A pool begins as all zeros. */
void gn_pool_done(struct gn_pool *p);

/* @size: at most GN_POOL_PIECE_MAX. Return: memory aligned to 16, not zeroed; NULL: there is no more. */
void *gn_pool_take(struct gn_pool *p, size_t size);

/* @size: as it was taken. */
void gn_pool_give(struct gn_pool *p, void *piece, size_t size);

#endif
