/* SPDX-License-Identifier: MIT */
/*
 * Simulate a topology with many seeds, in one process and without a result file.
 *
 * Usage: sim_seeds TOPO FIRST LAST [PATH=VALUE]..
 *
 * A line for each seed and event, times in periods: seed, event, members that count, when 50, 90, 99 and 100 %
 * of them knew (the first moment), when the curve crossed 50, 90 and 99 % (between its points); then of the run
 * as a whole: datagrams, bytes, calls, largest fan-out and in-degree. PATH=VALUE: as --set.
 */
#include <inttypes.h>

#include "simulate.h"

static const double quantile[] = { .5, .9, .99, 1 };

static void print_run(const struct simulated *s, uint64_t seed)
{
	const struct gn_sim_result *r = &s->result;

	for (uint32_t event = 0; event < r->n_curves; event++) {
		printf("%" PRIu64 " %" PRIu32 " %" PRIu32, seed, event, r->counted);
		for (int q = 0; q < 4; q++)
			printf(" %.9g", simulate_first(s, event, quantile[q]));
		for (int q = 0; q < 3; q++)
			printf(" %.9g", simulate_crossing(s, event, quantile[q]));
		printf(" %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu32 " %" PRIu32 "\n", r->datagrams,
		       r->bytes, r->calls, r->largest_fan_out, r->largest_in_degree);
	}
}

int main(int argc, char **argv)
{
	if (argc < 4) {
		fprintf(stderr, "usage: %s TOPO FIRST LAST [PATH=VALUE]..\n", argv[0]);
		return 2;
	}
	for (uint64_t seed = strtoull(argv[2], NULL, 10); seed <= strtoull(argv[3], NULL, 10); seed++) {
		struct simulated s;

		simulate(&s, argv[1], (const char *const *)&argv[4], (size_t)(argc - 4), seed);
		print_run(&s, seed);
		simulate_done(&s);
	}
	return 0;
}
