/* SPDX-License-Identifier: MIT */
/*
 * Error texts. Functions that can fail return 0 or -Exxx and put a sentence into a caller-owned
 * struct gn_err, their last parameter, which may be NULL. Nobody below the command layer prints.
 */
#ifndef GN_ERR_H
#define GN_ERR_H

#include "util/util.h"

struct gn_err {
	char text[1024]; /* one line, no newline at the end */
};

/* Set the text and return @code (negative), so that one can write `return gn_fail(err, -EIO, ..)`. */
int gn_fail(struct gn_err *err, int code, const char *fmt, ...) GN_PRINTF(3, 4);

/* Put "context: " before the text that is there and return @code. */
int gn_wrap(struct gn_err *err, int code, const char *fmt, ...) GN_PRINTF(3, 4);

#endif
