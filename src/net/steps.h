/* SPDX-License-Identifier: MIT */
/*
 * Counting the steps of a build, so that a test can make any one of them fail and look at what is
 * left behind. A step is one thing asked of the kernel.
 */
#ifndef GN_NET_STEPS_H
#define GN_NET_STEPS_H

#include <inttypes.h>

#include "util/err.h"

struct gn_steps {
	uint64_t taken;
	uint64_t fail_at; /* the number of the step that fails, from 1; 0: none */
};

/* @s may be NULL. */
static inline int gn_step(struct gn_steps *s, struct gn_err *err)
{
	if (!s || ++s->taken != s->fail_at)
		return 0;
	return gn_fail(err, -EIO, "step %" PRIu64 " was made to fail", s->taken);
}

#endif
