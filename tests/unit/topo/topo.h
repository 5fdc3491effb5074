/* SPDX-License-Identifier: MIT */
/* Topologies from texts, for the tests of src/topo. */
#ifndef GN_TEST_TOPO_H
#define GN_TEST_TOPO_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "topo/load.h"
#include "topo/reader.h"

/* Protocols to choose from: src/topo knows none. */
static const char *const topo_directions[] = { "both", "push", "pull", NULL };
static const struct gn_parameter topo_power_law[] = {
	{ "beta", "exponent", GN_PARAMETER_DECIMAL, 1100000, 10000000, NULL, 2500000 },
	{ "redrawn", "draw anew every round", GN_PARAMETER_SWITCH, 0, 1, NULL, 0 },
	{ "direction", "what a call does", GN_PARAMETER_CHOICE, 0, 2, topo_directions, 0 },
	{ "cap", "calls at most", GN_PARAMETER_WHOLE, 0, 1000, NULL, 0 },
};
static const struct gn_parameter topo_tree[] = {
	{ "cap", "children at most", GN_PARAMETER_WHOLE, 1, INT64_MAX, NULL, 16 },
	{ "repair", "time between two repairs", GN_PARAMETER_DURATION, 1, 1000000000, NULL, 500000000 },
	{ "shift", "may be negative", GN_PARAMETER_WHOLE, INT64_MIN, 5, NULL, -3 },
	{ "slope", "may be negative", GN_PARAMETER_DECIMAL, -2500000, 2500000, NULL, -500000 },
};
static const struct gn_parameter topo_clash[] = {
	{ "period", "a key of gossip", GN_PARAMETER_WHOLE, 0, 1, NULL, 0 },
};
static void topo_sizes(const struct gn_cluster *c, struct gn_sizes *ret)
{
	*ret = (struct gn_sizes){ .shared = c->members };
}

static void topo_greedy_sizes(const struct gn_cluster *c, struct gn_sizes *ret)
{
	ret->body = c->members - (size_t)1000; /* fewer than it thought */
}

/* Refuses what no table can say. */
static const char *topo_prepare(const struct gn_cluster *c, void *shared)
{
	memset(shared, 1, c->members);
	return c->parameters[0] > c->members ? "cap: more than there are members" : NULL;
}

static const struct gn_protocol topo_protocols[] = {
	{ .name = "push", .sizes = topo_sizes, .fans_out = true, .forgets = true },
	{ .name = "pull", .sizes = topo_sizes, .fans_out = true, .forgets = true },
	{ .name = "push-pull", .sizes = topo_sizes, .fans_out = true, .forgets = true },
	{ .name = "power-law",
	  .sizes = topo_sizes,
	  .parameters = topo_power_law,
	  .n_parameters = 4,
	  .forgets = true },
	{ .name = "tree", .sizes = topo_sizes, .fans_out = true, .parameters = topo_tree, .n_parameters = 4 },
	/* Somebody's own: not among the built-in ones. */
	{ .name = "mine",
	  .parameters = topo_tree,
	  .n_parameters = 2,
	  .sizes = topo_sizes,
	  .prepare = topo_prepare },
	{ .name = "clash", .sizes = topo_sizes, .parameters = topo_clash, .n_parameters = 1 },
	{ .name = "greedy", .sizes = topo_greedy_sizes },
	{ .name = "headless", .sizes = topo_sizes, .tagged = true },
};
enum { TOPO_BUILT_IN = 5 };

GN_UNUSED static const struct gn_protocol *topo_protocol_at(size_t i)
{
	return i < TOPO_BUILT_IN ? &topo_protocols[i] : NULL;
}

/* A path ends in the name of the protocol and .so. */
GN_UNUSED static int topo_find_protocol(const char *name, const struct gn_protocol **ret, struct gn_err *err)
{
	const char *slash = strrchr(name, '/');
	GN_CLEANUP(gn_free_p) char *wanted = gn_strdup(slash ? slash + 1 : name);
	size_t n = wanted ? strlen(wanted) : 0;

	if (!wanted)
		return gn_fail(err, -ENOMEM, "out of memory");
	if (slash && n > 3)
		wanted[n - 3] = '\0';
	for (size_t i = 0; i < GN_ARRAY_LEN(topo_protocols); i++) {
		if (strcmp(topo_protocols[i].name, wanted) || (i < TOPO_BUILT_IN) != !slash)
			continue;
		*ret = &topo_protocols[i];
		return 0;
	}
	return gn_fail(err, -EINVAL, "cannot load %s", name);
}

#define TOPO_PROTOCOLS .find_protocol = topo_find_protocol, .protocol_at = topo_protocol_at

/* All faults of a topology in one text, lines ended by \n; "" if it has none. Released with free(). */
GN_UNUSED static char *faults_of(const char *text, size_t n, const char *const *sets, size_t n_sets)
{
	const struct gn_load_options o = { .file = "t.yaml", .sets = sets, .n_sets = n_sets, TOPO_PROTOCOLS };
	struct gn_topology *t = NULL;
	struct gn_faults f = { 0 };
	char *all = gn_strdup("");
	int r = gn_topology_load_text(&o, text, n, gn_limits_default(), &t, &f);

	for (size_t i = 0; i < f.n; i++) {
		char *more = gn_format("%s%s\n", all, f.lines[i]);

		free(all);
		all = more;
	}
	assert_int_equal(r, f.n ? -EINVAL : 0);
	assert_int_equal(t != NULL, r == 0); /* untouched on failure */
	gn_faults_done(&f);
	gn_topology_free(t);
	return all;
}

/* A topology that must be without faults. */
GN_UNUSED static struct gn_topology *load_seeded(const char *text, uint64_t seed)
{
	const struct gn_load_options o = { .file = "t.yaml", .seed = seed ? &seed : NULL, TOPO_PROTOCOLS };
	struct gn_topology *t = NULL;
	struct gn_faults f = { 0 };
	int r = gn_topology_load_text(&o, text, strlen(text), gn_limits_default(), &t, &f);

	for (size_t i = 0; i < f.n; i++)
		print_error("%s\n", f.lines[i]);
	gn_faults_done(&f);
	assert_int_equal(r, 0);
	return t;
}

GN_UNUSED static struct gn_topology *load_text(const char *text)
{
	return load_seeded(text, 0);
}

/* The plan as `gossipnet plan` prints it. Released with free(). */
GN_UNUSED static char *plan_of(const struct gn_topology *t)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	gn_topology_print(t, f);
	fclose(f);
	return text;
}

#endif
