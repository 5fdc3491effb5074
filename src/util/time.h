/* SPDX-License-Identifier: MIT */
/* Time is unsigned nanoseconds everywhere; reading the clock is here and nowhere in src/proto. */
#ifndef GN_TIME_H
#define GN_TIME_H

#include <stdint.h>
#include <time.h>

typedef uint64_t gn_time; /* a moment, ns; which zero is said where it is used */
typedef uint64_t gn_dur;  /* a duration, ns */

#define GN_NEVER UINT64_MAX
#define GN_USEC	 UINT64_C(1000)
#define GN_MSEC	 UINT64_C(1000000)
#define GN_SEC	 UINT64_C(1000000000)

/* CLOCK_MONOTONIC of the host that all nodes share. */
static inline gn_time gn_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (gn_time)ts.tv_sec * GN_SEC + (gn_time)ts.tv_nsec;
}

static inline struct timespec gn_timespec(gn_dur d)
{
	return (struct timespec){ .tv_sec = (time_t)(d / GN_SEC), .tv_nsec = (long)(d % GN_SEC) };
}

#endif
