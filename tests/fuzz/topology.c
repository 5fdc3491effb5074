/* SPDX-License-Identifier: MIT */
/* Any bytes as a topology file: the reader answers with faults or a plan, and the plan can be printed and
 * written out again, which gives the same plan. Small limits keep each input cheap. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "proto/proto.h"
#include "topo/load.h"
#include "topo/reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct gn_limits limits = {
	.nodes = 3000,
	.ideal_nodes = 100000,
	.links = 20000,
	.events = 10000,
	.addresses = 65536,
	.routes = 100000,
	.peers = 100000,
	.steps = 10000000,
	.include = false,
};

/* A shared object is not input: loading one runs it. */
static int find_protocol(const char *name, const struct gn_protocol **ret, struct gn_err *err)
{
	const struct gn_protocol *found = gn_protocol_find(name);

	if (!found)
		return gn_fail(err, -EINVAL, "no protocol %s", name);
	*ret = found;
	return 0;
}

static struct gn_topology *load(const char *text, size_t n)
{
	const struct gn_load_options o = { .file = "fuzz.yaml",
					   .find_protocol = find_protocol,
					   .protocol_at = gn_protocol_at };
	struct gn_topology *t = NULL;
	struct gn_faults faults = { 0 };
	int r = gn_topology_load_text(&o, text, n, &limits, &t, &faults);

	assert(r == (faults.n ? -EINVAL : 0) && (r == 0) == (t != NULL));
	gn_faults_done(&faults);
	return t;
}

static char *print(const struct gn_topology *t)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	gn_topology_print(t, f);
	fclose(f);
	return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gn_topology *t = load((const char *)data, size);

	if (!t)
		return 0;
	const char *resolved = gn_topology_resolved(t);
	struct gn_topology *again = load(resolved, strlen(resolved));
	char *a = print(t), *b;

	assert(again);
	b = print(again);
	assert(!strcmp(a, b));
	free(a);
	free(b);
	gn_topology_free(again);
	gn_topology_free(t);
	return 0;
}
