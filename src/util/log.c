/* SPDX-License-Identifier: MIT */
#include "util/log.h"

#include <stdarg.h>
#include <stdio.h>

static enum gn_log_level log_level = GN_LOG_INFO;
static int log_file = -1;

void gn_log_set_level(enum gn_log_level level)
{
	log_level = level;
}

enum gn_log_level gn_log_get_level(void)
{
	return log_level;
}

void gn_log_set_file(int fd)
{
	log_file = fd;
}

void gn_log(enum gn_log_level level, const char *fmt, ...)
{
	static const char *const prefix[] = { "gossipnet: ", "gossipnet: warning: ", "gossipnet: ",
					      "gossipnet: " };
	char line[2048];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (level <= log_level)
		fprintf(stderr, "%s%s\n", prefix[level], line);
	if (log_file >= 0)
		dprintf(log_file, "%s%s\n", prefix[level], line);
}
