/* SPDX-License-Identifier: MIT */
/* Whatever a file holds, an import fails with faults or gives a topology without any. The first byte says which format. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "import/import.h"
#include "proto/proto.h"
#include "topo/reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is written names none. */
static int find_protocol(const char *name, const struct gn_protocol **ret, struct gn_err *err)
{
	const struct gn_protocol *found = gn_protocol_find(name);

	if (!found)
		return gn_fail(err, -EINVAL, "no protocol %s", name);
	*ret = found;
	return 0;
}

static void load(const char *text)
{
	const struct gn_load_options o = { .file = "t.yaml",
					   .find_protocol = find_protocol,
					   .protocol_at = gn_protocol_at };
	struct gn_topology *t = NULL;
	struct gn_faults faults = { 0 };

	if (gn_topology_load_text(&o, text, strlen(text), gn_limits_default(), &t, &faults)) {
		fprintf(stderr, "%s\n%s\n", faults.n ? faults.lines[0] : "no memory", text);
		abort();
	}
	gn_topology_free(t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gn_faults faults = { 0 }, notes = { 0 };
	char *topology = NULL;

	if (!size)
		return 0;
	/* What is given is exactly as long as it says. */
	char *text = malloc(size);

	memcpy(text, data + 1, size - 1);
	int r = gn_import_text("t", (enum gn_import_format)(*data % 3), text, size - 1, &topology, &faults,
			       &notes);

	if (r ? r != -EINVAL || !faults.n || topology : !topology || faults.n)
		abort();
	if (topology)
		load(topology);
	free(text);
	free(topology);
	gn_faults_done(&faults);
	gn_faults_done(&notes);
	return 0;
}
