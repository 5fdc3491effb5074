/* SPDX-License-Identifier: MIT */
/* Small things that every layer uses: array length, cleanup on scope exit, growing arrays. */
#ifndef GN_UTIL_H
#define GN_UTIL_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define GN_ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define GN_MIN(a, b)	((a) < (b) ? (a) : (b))
#define GN_MAX(a, b)	((a) > (b) ? (a) : (b))
#define GN_UNUSED	__attribute__((unused))
#define GN_PRINTF(f, a) __attribute__((format(printf, f, a)))
#define GN_CLEANUP(fn)	__attribute__((cleanup(fn)))

/* Cleanup handlers keep errno: a cleanup must not change what the caller reports. */
static inline void gn_close_p(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	errno = saved;
}

static inline void gn_free_p(void *p)
{
	void **pp = p;

	free(*pp);
}

static inline int gn_steal_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

static inline void *gn_steal_ptr(void *p)
{
	void **pp = p, *taken = *pp;

	*pp = NULL;
	return taken;
}

/**
 * gn_grow() - make room for one more element at the end of an array.
 * @array: address of the array pointer; the array is owned by the caller, released with free().
 * @n: elements in use.
 * @cap: in and out, elements allocated.
 * @size: bytes of one element.
 *
 * Return: 0 or -ENOMEM, the array is then unchanged.
 */
int gn_grow(void *array, size_t n, size_t *cap, size_t size);

/* strdup(), or NULL for NULL. */
char *gn_strdup(const char *s);

/* asprintf() that returns the string, or NULL without memory. */
char *gn_format(const char *fmt, ...) GN_PRINTF(1, 2);

/* The rest of a file. @ret: of *ret_n bytes, owned by the caller. Return: 0; -EFBIG: more than @max; -EISDIR, -EIO, ... */
int gn_slurp(FILE *f, size_t max, char **ret, size_t *ret_n);

/* FNV-1a: @h is GN_HASH_START, or what the bytes before these gave. For telling apart what differs by chance. */
#define GN_HASH_START UINT64_C(0xcbf29ce484222325)
static inline uint64_t gn_hash_bytes(uint64_t h, const void *bytes, size_t n)
{
	for (const unsigned char *b = bytes; n; n--)
		h = (h ^ *b++) * UINT64_C(0x100000001b3);
	return h;
}

/**
 * gn_nearest() - the candidate that @word was probably meant to be.
 * @next: returns the i-th candidate, or NULL past the last.
 *
 * Return: a candidate within a third of the word's length (edit distance with transpositions, case
 * ignored), or NULL.
 */
const char *gn_nearest(const char *word, const char *(*next)(const void *ctx, size_t i), const void *ctx);

#endif
