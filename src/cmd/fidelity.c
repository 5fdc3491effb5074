/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/folder.h"
#include "view/view.h"

int cmd_fidelity(const struct gn_options *o GN_UNUSED, int argc GN_UNUSED, char **argv, struct gn_err *err)
{
	GN_CLEANUP(gn_free_p) char *folder = NULL;
	char verdict[16];
	int r = gn_folder_find(argv[1], &folder, err);

	if (r < 0)
		return r;
	GN_CLEANUP(gn_free_p) char *db = gn_format("%s/run.db", folder);

	r = db ? gn_fidelity_print(db, stdout, verdict, err) : gn_fail(err, -ENOMEM, "out of memory");
	return r < 0 ? r : strcmp(verdict, "invalid") ? 0 : 3;
}
