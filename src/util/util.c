/* SPDX-License-Identifier: MIT */
#include "util/util.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int gn_grow(void *array, size_t n, size_t *cap, size_t size)
{
	void **pp = array;

	if (n < *cap)
		return 0;
	size_t more = *cap ? *cap * 2 : 16;
	void *p = reallocarray(*pp, more, size);

	if (!p)
		return -ENOMEM;
	*pp = p;
	*cap = more;
	return 0;
}

char *gn_strdup(const char *s)
{
	return s ? strdup(s) : NULL;
}

char *gn_format(const char *fmt, ...)
{
	va_list ap;
	char *s = NULL;

	va_start(ap, fmt);
	if (vasprintf(&s, fmt, ap) < 0)
		s = NULL;
	va_end(ap);
	return s;
}

enum { WORD_MAX = 64 };

/* Optimal string alignment distance: insertion, deletion, substitution, swap of two neighbours. */
static unsigned edit_distance(const char *a, const char *b)
{
	size_t na = strlen(a), nb = strlen(b);
	unsigned char d[WORD_MAX + 1][WORD_MAX + 1];

	if (na > WORD_MAX || nb > WORD_MAX)
		return WORD_MAX;
	for (size_t i = 0; i <= na; i++) {
		d[i][0] = (unsigned char)i;
		for (size_t j = 1; j <= nb; j++) {
			if (i == 0) {
				d[i][j] = (unsigned char)j;
				continue;
			}
			int ca = tolower((unsigned char)a[i - 1]), cb = tolower((unsigned char)b[j - 1]);
			unsigned best = d[i - 1][j - 1] + (ca != cb);

			best = GN_MIN(best, d[i - 1][j] + 1u);
			best = GN_MIN(best, d[i][j - 1] + 1u);
			if (i > 1 && j > 1 && ca == tolower((unsigned char)b[j - 2]) &&
			    cb == tolower((unsigned char)a[i - 2]))
				best = GN_MIN(best, d[i - 2][j - 2] + 1u);
			d[i][j] = (unsigned char)best;
		}
	}
	return d[na][nb];
}

const char *gn_nearest(const char *word, const char *(*next)(const void *ctx, size_t i), const void *ctx)
{
	const char *best = NULL;
	unsigned limit = (unsigned)(strlen(word) + 2) / 3, best_distance = limit + 1;

	for (size_t i = 0;; i++) {
		const char *candidate = next(ctx, i);

		if (!candidate)
			return best;
		unsigned distance = edit_distance(word, candidate);

		if (distance < best_distance) {
			best_distance = distance;
			best = candidate;
		}
	}
}

int gn_slurp(FILE *f, size_t max, char **ret, size_t *ret_n)
{
	GN_CLEANUP(gn_free_p) char *text = NULL;
	size_t n = 0, cap = 0, got;

	do {
		if (n == cap) {
			char *more = realloc(text, cap = cap ? cap * 2 : 65536);

			if (!more)
				return -ENOMEM;
			text = more;
		}
		got = fread(text + n, 1, cap - n, f);
		n += got;
		if (n > max)
			return -EFBIG;
	} while (got);
	if (ferror(f))
		return errno ? -errno : -EIO;
	*ret = gn_steal_ptr(&text);
	*ret_n = n;
	return 0;
}
