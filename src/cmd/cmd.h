/* SPDX-License-Identifier: MIT */
/* The subcommands: one file each, one table (main.c). */
#ifndef GN_CMD_H
#define GN_CMD_H

#include <stdbool.h>

#include "util/err.h"

/* The options that were given; a command sees only those that its row of the table allows. */
struct gn_options {
	const char *output;	 /* -o */
	const char *const *sets; /* --set, in order */
	size_t n_sets;
	bool has_seed;
	uint64_t seed;
	const char *kernel;				       /* --kernel; NULL: auto */
	bool schema;					       /* --schema */
	const char *count, *duration, *interval, *rate, *size; /* of probe; NULL: not given */
	bool flood, json;				       /* --flood, --json */
	int verbosity;					       /* -1 with -q, 0, 1 with -v */
};

/*
 * A command gets its arguments without the options, argv[0] being its name.
 * Return: the exit status (0 done, 1 failed, 3 done but not to be trusted, or what was compared differs), or -Exxx
 * with a sentence: -EINVAL ends with status 2 (bad usage or input), any other with 1; an empty sentence: it has been said.
 */
typedef int gn_command(const struct gn_options *o, int argc, char **argv, struct gn_err *err);

gn_command cmd_run, cmd_sim, cmd_study, cmd_validate, cmd_plan, cmd_plot, cmd_compare, cmd_fidelity, cmd_exec,
	cmd_ls, cmd_import, cmd_doctor, cmd_guest, cmd_probe, cmd_probe_node, cmd_set, cmd_fault;

#endif
