/* SPDX-License-Identifier: MIT */
/* reference MODEL N SEEDS [key=value].. - one line per seed: when 50, 90, 99 and 100 % were informed, and messages. */
#include "reference.h"

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
	struct options o = options_default(argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 0);
	uint64_t seeds = argc > 3 ? strtoull(argv[3], NULL, 10) : 0;

	if (o.n < 2 || !seeds) {
		fprintf(stderr, "usage: %s MODEL N SEEDS [key=value]..\n", argv[0]);
		return 2;
	}
	for (int i = 4; i < argc; i++) {
		if (!options_set(&o, argv[i])) {
			fprintf(stderr, "%s: %s is not an option\n", argv[0], argv[i]);
			return 2;
		}
	}
	for (uint64_t seed = 1; seed <= seeds; seed++) {
		struct outcome r;

		if (!reference_run(argv[1], &o, seed, &r)) {
			fprintf(stderr, "%s: %s is not a model\n", argv[0], argv[1]);
			return 2;
		}
		printf("%g %g %g %g %.0f\n", r.t[Q50], r.t[Q90], r.t[Q99], r.t[Q100], r.messages);
	}
	return 0;
}
