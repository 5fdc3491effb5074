/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/folder.h"
#include "view/view.h"

int cmd_plot(const struct gn_options *o, int argc GN_UNUSED, char **argv, struct gn_err *err)
{
	GN_CLEANUP(gn_free_p) char *folder = NULL;
	int r = gn_folder_find(argv[1], &folder, err);

	if (r < 0)
		return r;
	GN_CLEANUP(gn_free_p) char *db = gn_format("%s/run.db", folder);
	GN_CLEANUP(gn_free_p)
	char *out = o->output ? gn_strdup(o->output) : gn_format("%s/coverage.png", folder);

	if (!db || !out)
		return gn_fail(err, -ENOMEM, "out of memory");
	r = gn_plot(db, out, err);
	if (r == 0 && strcmp(out, "-") && o->verbosity >= 0)
		printf("figure: %s\n", out);
	return r;
}
