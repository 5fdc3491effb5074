/* SPDX-License-Identifier: MIT */
/*
 * The C library's functions for memory, replaced by ones that count and fail; a sanitizer brings its own, and then
 * nothing can fail. For one test program each.
 */
#ifndef GN_TEST_OUT_OF_MEMORY_H
#define GN_TEST_OUT_OF_MEMORY_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

struct counter {
	bool on;
	long left; /* allocations until one fails */
	long live; /* blocks that are not yet free */
};

static struct counter counter;

#ifndef __has_feature
#define __has_feature(x) 0 /* clang's question; gcc defines a macro instead */
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define CAN_FAIL false
#else
#define CAN_FAIL true

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t size);
void __libc_free(void *p);

static bool must_fail(void)
{
	if (!counter.on || counter.left-- > 0)
		return false;
	errno = ENOMEM;
	return true;
}

static void *counted(void *p)
{
	if (counter.on && p)
		counter.live++;
	return p;
}

void *malloc(size_t size)
{
	return must_fail() ? NULL : counted(__libc_malloc(size));
}

void *calloc(size_t n, size_t size)
{
	return must_fail() ? NULL : counted(__libc_calloc(n, size));
}

void *realloc(void *p, size_t size)
{
	if (must_fail())
		return NULL;
	return p ? __libc_realloc(p, size) : counted(__libc_realloc(p, size));
}

void *reallocarray(void *p, size_t n, size_t size)
{
	return realloc(p, n * size);
}

void free(void *p)
{
	if (counter.on && p)
		counter.live--;
	__libc_free(p);
}
#endif

#endif
