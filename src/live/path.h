/* SPDX-License-Identifier: MIT */
/* What a path did to a flow of datagrams, in the terms of the IETF's IP Performance Metrics. */
#ifndef GN_LIVE_PATH_H
#define GN_LIVE_PATH_H

#include <stdbool.h>

#include "util/err.h"
#include "util/time.h"

/* A datagram that came; times are CLOCK_MONOTONIC. */
struct gn_probe_arrival {
	uint64_t number; /* the sender counts from 0 */
	gn_time sent, arrived;
};

/* What the sender did. */
struct gn_probe_sent {
	gn_time start;	     /* when datagram 0 was due */
	gn_time first, last; /* when the first and the last were sent */
	gn_dur interval;     /* datagram i was due at start + i * interval; 0: at once after the one before */
	uint64_t n;	     /* datagrams, those that were refused included */
	uint64_t n_refused;  /* the sender's own kernel refused to send them: they count as lost */
	uint32_t frame_bytes; /* of each, for the rates */
};

/* Of values in ns. Quantiles are values that occurred: the smallest that so large a part does not exceed. */
struct gn_delays {
	gn_dur min, median, p90, p99, max;
	/* 95 %, from the binomial distribution of ranks: for values that do not depend on each other. */
	struct gn_delay_interval {
		gn_dur low, high;
	} median_interval, p99_interval;
	double mean;
	double deviation;  /* standard deviation of one value */
	double mean_error; /* standard error of the mean, if the values do not depend on each other */
};

enum { GN_LOSS_BURST_MAX = 64 };

struct gn_path {
	uint64_t sent;
	uint64_t received;	/* different datagrams */
	struct gn_delays delay; /* RFC 7679, one way, of each datagram's first copy; all 0 if none came */

	/* RFC 7680. The errors allow for loss in bursts: they are those of so many independent datagrams as tell as
	 * much as these do, by the correlation of each one's fate with that of the one before. */
	double loss;
	double loss_error;	    /* standard error */
	double loss_low, loss_high; /* Wilson's interval, 95 % */

	/* Bursts: datagrams lost in a row. RFC 3357 calls them loss periods. */
	uint64_t bursts;
	double burst_mean, burst_error; /* datagrams, and the standard error of the mean */
	uint64_t burst_longest;
	/* burst_lengths[k]: bursts of k datagrams; the last counts longer ones too. */
	uint64_t burst_lengths[GN_LOSS_BURST_MAX + 1];

	uint64_t reordered; /* RFC 4737: came after one that was sent later; copies do not count */
	double reordering;  /* reordered / received */

	uint64_t duplicates; /* RFC 5560: copies beyond the first */
	double duplication;  /* duplicates / received */

	/* Bits per second of whole frames, as they leave the sender and as they come; 0 with fewer than two. */
	double sent_bps, received_bps;

	gn_dur late_p99, late_max; /* how long after they were due datagrams left; 0 without an interval */
};

/**
 * gn_path_measure() - the metrics of one flow.
 * @arrivals: in the order in which they came, copies included.
 *
 * Return: 0; -EBADMSG: a datagram came that was not sent; -ENOMEM.
 */
int gn_path_measure(const struct gn_probe_sent *sent, const struct gn_probe_arrival *arrivals, size_t n,
		    struct gn_path *ret, struct gn_err *err);

#endif
