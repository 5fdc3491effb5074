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

/* All faults of a topology in one text, lines ended by \n; "" if it has none. Released with free(). */
GN_UNUSED static char *faults_of(const char *text, size_t n, const char *const *sets, size_t n_sets)
{
	const struct gn_load_options o = { .file = "t.yaml", .sets = sets, .n_sets = n_sets };
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
	const struct gn_load_options o = { .file = "t.yaml", .seed = seed ? &seed : NULL };
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
