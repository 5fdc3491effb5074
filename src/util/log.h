/* SPDX-License-Identifier: MIT */
/* Messages for the user, one line each, to standard error. Only the command layer calls this. */
#ifndef GN_LOG_H
#define GN_LOG_H

#include "util/util.h"

enum gn_log_level { GN_LOG_ERROR, GN_LOG_WARNING, GN_LOG_INFO, GN_LOG_DEBUG };

/* Messages above @level are dropped; the default is GN_LOG_INFO. */
void gn_log_set_level(enum gn_log_level level);
enum gn_log_level gn_log_get_level(void);

/* Also append every message, whatever its level, to this descriptor (borrowed; -1: to none). */
void gn_log_set_file(int fd);

void gn_log(enum gn_log_level level, const char *fmt, ...) GN_PRINTF(2, 3);

#endif
