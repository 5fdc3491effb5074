/* SPDX-License-Identifier: MIT */
#include "util/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int gn_fail(struct gn_err *err, int code, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return code;
	errno = -code; /* so that a caller's "%m" names the code it returns */
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	return code;
}

int gn_wrap(struct gn_err *err, int code, const char *fmt, ...)
{
	struct gn_err inner;
	va_list ap;

	if (!err)
		return code;
	inner = *err;
	va_start(ap, fmt);
	int n = vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	if (n >= 0 && (size_t)n < sizeof(err->text))
		snprintf(err->text + n, sizeof(err->text) - (size_t)n, ": %.*s",
			 (int)(sizeof(inner.text) - 4), inner.text);
	return code;
}
