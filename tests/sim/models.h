/* SPDX-License-Identifier: MIT */
/* What tests/sim/reference.c and tests/sim/theory.c share: models, as topologies, and how to run them. */
#ifndef GN_TESTS_MODELS_H
#define GN_TESTS_MODELS_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../tools/simulate.h"
#include "statistics.h"

#define PROTOCOL(name) "gossip.protocol=" name

/* Both programs do more when called with "long". */
struct test {
	char topology[sizeof("/tmp/gossipnet-models-XXXXXX.yaml")];
	bool is_long;
	unsigned n_failed;
};

static inline GN_PRINTF(3, 4) void check(struct test *t, bool holds, const char *format, ...)
{
	va_list ap;

	printf("%s - ", holds ? "ok" : "not ok");
	va_start(ap, format);
	vprintf(format, ap);
	va_end(ap);
	printf("\n");
	fflush(stdout);
	t->n_failed += !holds;
}

/* Push-pull in rounds on an ideal network. Nodes o1 .. publish, all at once; those called n only pass on. */
static inline void test_begin(struct test *t, int argc, char **argv)
{
	*t = (struct test){ "/tmp/gossipnet-models-XXXXXX.yaml", argc > 1 && strcmp(argv[1], "long") == 0,
			    0 };
	FILE *f = fdopen(mkstemps(t->topology, (int)strlen(".yaml")), "w");

	if (!f ||
	    fputs("name: model\n"
		  "duration: 300s\n"
		  "until: informed\n"
		  "nodes: [{name: o, count: 1}, {name: n, count: 2}]\n"
		  "network: {delay: 0ms}\n"
		  "gossip: {clock: rounds, period: 1s, protocol: push-pull}\n"
		  "events: [{at: 0s, from: o}]\n",
		  f) < 0 ||
	    fclose(f))
		exit(1);
}

/* Return: the exit status. */
static inline int test_end(const struct test *t)
{
	unlink(t->topology);
	return t->n_failed ? 1 : 0;
}

#define SETS_MAX 5

/* @sets: as --set, ended by NULL. */
static inline void run_model(struct simulated *s, const struct test *t, const char *const sets[SETS_MAX],
			     uint32_t n, uint64_t seed)
{
	const char *all[SETS_MAX + 1];
	char count[40];
	size_t n_sets = 0;

	snprintf(count, sizeof(count), "nodes.n.count=%u", n - 1);
	all[n_sets++] = count;
	for (size_t i = 0; i < SETS_MAX && sets[i]; i++)
		all[n_sets++] = sets[i];
	simulate(s, t->topology, all, n_sets, seed);
}

static const double quantile[] = { .5, .9, .99, 1 };

#endif
