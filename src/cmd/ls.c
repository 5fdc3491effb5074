/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>

#include "cmd/cmd.h"
#include "cmd/control.h"

static void print_run(const struct gn_running *r)
{
	/* "?": it has told nothing; its phase says why. */
	if (*r->name == '?')
		printf("%-20s %8d %7s  %-7s %-10s %8s  %s\n", "?", r->pid, "?", "?", r->phase, "?", "?");
	else
		printf("%-20s %8d %7" PRIu32 "  %-7s %-10s %7" PRIu64 "s  %s\n", r->name, r->pid, r->nodes,
		       r->guest ? "uml" : "host", r->phase, (uint64_t)(r->elapsed / GN_SEC), r->folder);
}

int cmd_ls(const struct gn_options *o GN_UNUSED, int argc GN_UNUSED, char **argv GN_UNUSED,
	   struct gn_err *err)
{
	struct gn_running *runs;
	size_t n;
	int r = gn_running_list(&runs, &n, err);

	if (r < 0)
		return r;
	if (n == 0)
		puts("no network is running");
	else
		printf("%-20s %8s %7s  %-7s %-10s %8s  %s\n", "NAME", "PID", "NODES", "KERNEL", "PHASE",
		       "ELAPSED", "FOLDER");
	for (size_t i = 0; i < n; i++)
		print_run(&runs[i]);
	gn_running_free(runs, n);
	return 0;
}
