/* SPDX-License-Identifier: MIT */
/* The signals that end a run early, read from a descriptor. */
#ifndef GN_CMD_SIGNALS_H
#define GN_CMD_SIGNALS_H

#include <signal.h>
#include <stdbool.h>

#include "util/err.h"
#include "util/time.h"

struct gn_signals {
	int fd;
	sigset_t old_mask;
	gn_time first; /* when the first of them came; GN_NEVER: not yet */
};

/* Before gn_signals_open(): makes gn_signals_close() harmless. */
#define GN_SIGNALS_NONE                     \
	{                                   \
		.fd = -1, .first = GN_NEVER \
	}

/* Block SIGINT, SIGTERM, SIGHUP (but for those that the caller was started to ignore, as nohup and `&` do) and
 * SIGCHLD, and make them readable. */
int gn_signals_open(struct gn_signals *s, struct gn_err *err);

enum gn_signals_answer { GN_SIGNALS_NOTHING, GN_SIGNALS_INTERRUPT, GN_SIGNALS_INSIST };

/* Read what has come. INTERRUPT: the user wants the end; INSIST: has wanted it for a second and asks again. Several
 * signals within a second are one request: timeout(1) and a closing terminal send two. */
enum gn_signals_answer gn_signals_read(struct gn_signals *s);

/* Swallow what is still pending, else it would kill the process now, and restore the mask. */
void gn_signals_close(struct gn_signals *s);

#endif
