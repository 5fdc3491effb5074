/* SPDX-License-Identifier: MIT */
/* Which running network is meant. */
#include <stdio.h>
#include <string.h>

#include "cmd/control.h"
#include "cmd/folder.h"

struct names {
	const struct gn_running *runs;
	size_t n;
};

static const char *run_name(const void *context, size_t i)
{
	const struct names *names = context;

	return i < names->n ? names->runs[i].name : NULL;
}

/* The folder that @run names, if it names a file or folder: results are compared by their place. */
static char *folder_of(const char *run)
{
	static const char file[] = "/run.db";
	char *path = realpath(run, NULL);
	size_t len = path ? strlen(path) : 0, tail = strlen(file);

	if (len > tail && strcmp(path + len - tail, file) == 0)
		path[len - tail] = 0;
	return path;
}

static int no_such_run(const char *run, const struct names *names, struct gn_err *err)
{
	GN_CLEANUP(gn_free_p) char *folder = NULL;
	const char *near;

	if (gn_folder_find(run, &folder, NULL) == 0)
		return gn_fail(
			err, -ESRCH,
			"%s is not running; start it with gossipnet run %s/topology.yaml, or see gossipnet ls",
			run, folder);
	for (size_t i = 0; geteuid() != 0 && i < names->n; i++)
		if (!strcmp(names->runs[i].phase, "foreign"))
			return gn_fail(
				err, -ENOENT,
				"no network of yours called \"%s\" is running, but one of another user is; "
				"sudo reaches those of root",
				run);
	near = gn_nearest(run, run_name, names);
	return gn_fail(err, -ENOENT, "no network called \"%s\" is running%s%s%s; see gossipnet ls", run,
		       near ? " (did you mean " : "", near ? near : "", near ? "?)" : "");
}

/* By its folder, else the latest of that name. */
static const struct gn_running *choose(const struct names *names, const char *run, const char *folder,
				       bool strangers)
{
	const struct gn_running *runs = names->runs;

	for (size_t i = 0; folder && i < names->n; i++)
		if (runs[i].stranger == strangers && strcmp(runs[i].folder, folder) == 0)
			return &runs[i];
	for (size_t i = names->n; i-- > 0;)
		if (runs[i].stranger == strangers && strcmp(runs[i].name, run) == 0)
			return &runs[i];
	return NULL;
}

/* Strangers may call themselves what they like: they come last. */
int gn_running_find(const char *run, struct gn_running_found *ret, struct gn_err *err)
{
	GN_CLEANUP(gn_free_p) char *folder = folder_of(run);
	const struct gn_running *found;
	struct gn_running *runs;
	size_t n;
	int r = gn_running_list(&runs, &n, err);

	if (r < 0)
		return r;
	const struct names names = { runs, n };

	found = choose(&names, run, folder, false);
	if (!found)
		found = choose(&names, run, folder, true);
	if (found) {
		ret->guest = found->guest;
		memcpy(ret->socket, found->socket, sizeof(ret->socket));
	} else {
		r = no_such_run(run, &names, err);
	}
	gn_running_free(runs, n);
	return r;
}
