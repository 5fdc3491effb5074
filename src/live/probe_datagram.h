/* SPDX-License-Identifier: MIT */
/* What a datagram of a probe carries, in the machine's byte order: both ends are on one machine. */
#ifndef GN_LIVE_PROBE_DATAGRAM_H
#define GN_LIVE_PROBE_DATAGRAM_H

#include "live/probe.h"

struct gn_probe_datagram {
	uint64_t id;
	uint64_t number;
	gn_time sent;
};

_Static_assert(sizeof(struct gn_probe_datagram) == GN_PROBE_SIZE_MIN,
	       "the smallest datagram is nothing else");

#endif
