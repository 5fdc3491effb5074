/* SPDX-License-Identifier: MIT */
#include "cmd/cgroups.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <mntent.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "util/time.h"
#include "util/util.h"

enum {
	REMOVE_TRIES = 500, /* of 20 ms: dying processes leave their groups soon */
	CPU_SHARE_ONE = 1000000,
	QUOTA_MIN_US = 1000, /* the kernel's bound */
	PERIOD_MIN_US = 10000,
};

/* What a kind of limit is called. */
static const struct kind {
	const char *controller;
	const char *enable; /* in cgroup.subtree_control */
} kinds[GN_CGROUP_KINDS] = {
	[GN_CGROUP_CPU] = { "cpu", "+cpu" },
	[GN_CGROUP_MEMORY] = { "memory", "+memory" },
};

struct hierarchy {
	char *base; /* the run's folder in it; NULL: not looked for yet */
	int version;
	bool ready;
};

struct gn_cgroups {
	struct hierarchy of[GN_CGROUP_KINDS];
	char name[48]; /* of the run's folders */
	pid_t keeper;  /* removes them when we are gone; 0: not started */
	int lifeline;  /* it sees the end of this */
};

/* ---- files ---- */

static int write_file(const char *folder, const char *file, const char *text)
{
	GN_CLEANUP(gn_free_p) char *path = gn_format("%s/%s", folder, file);
	GN_CLEANUP(gn_close_p) int fd = path ? open(path, O_WRONLY | O_CLOEXEC) : -1;

	if (fd < 0)
		return path ? -errno : -ENOMEM;
	return write(fd, text, strlen(text)) < 0 ? -errno : 0;
}

/* The number behind @key and a space in a file of such lines, or 0. */
static uint64_t read_number(const char *folder, const char *file, const char *key)
{
	GN_CLEANUP(gn_free_p) char *path = gn_format("%s/%s", folder, file);
	FILE *f = path ? fopen(path, "re") : NULL;
	char name[64];
	uint64_t value, found = 0;

	while (f && fscanf(f, "%63s %" SCNu64, name, &value) == 2)
		if (!strcmp(name, key))
			found = value;
	if (f)
		fclose(f);
	return found;
}

static char *node_folder(const struct hierarchy *h, const char *node)
{
	return gn_format("%s/node.%s", h->base, node);
}

/* ---- where ---- */

/* Is @word among the words of a file? */
static bool has_word(const char *folder, const char *file, const char *word)
{
	GN_CLEANUP(gn_free_p) char *path = gn_format("%s/%s", folder, file);
	FILE *f = path ? fopen(path, "re") : NULL;
	char one[64];
	bool found = false;

	while (f && !found && fscanf(f, "%63s", one) == 1)
		found = !strcmp(one, word);
	if (f)
		fclose(f);
	return found;
}

/* Where the controller is mounted: *ret_version 1 or 2. Return: the folder, owned by the caller; NULL: nowhere. */
static char *find_mount(const char *controller, int *ret_version)
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	struct mntent *m;
	char *found = NULL;

	while (mounts && !found && (m = getmntent(mounts))) {
		bool first = !strcmp(m->mnt_type, "cgroup") && hasmntopt(m, controller);
		bool second = !strcmp(m->mnt_type, "cgroup2") &&
			      has_word(m->mnt_dir, "cgroup.controllers", controller);

		if (!first && !second)
			continue;
		*ret_version = first ? 1 : 2;
		found = gn_strdup(m->mnt_dir);
	}
	if (mounts)
		endmntent(mounts);
	return found;
}

/* ---- the keeper ---- */

static void remove_nodes(const char *base)
{
	DIR *d = opendir(base);
	struct dirent *e;

	while (d && (e = readdir(d)))
		if (!strncmp(e->d_name, "node.", 5))
			unlinkat(dirfd(d), e->d_name, AT_REMOVEDIR);
	if (d)
		closedir(d);
}

static bool is_removed(const char *base)
{
	if (!base)
		return true;
	remove_nodes(base);
	return rmdir(base) == 0 || errno == ENOENT;
}

/* Waits for the end of its parent, however that comes, and cleans up. */
static _Noreturn void keep(char *const bases[GN_CGROUP_KINDS], int lifeline)
{
	sigset_t all;
	char byte;

	setsid();
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	if (dup2(lifeline, 0) < 0 || close_range(1, ~0u, 0) < 0 || chdir("/") < 0)
		_exit(1);
	while (read(0, &byte, 1) < 0 && errno == EINTR)
		;
	for (int tries = 0; tries < REMOVE_TRIES; tries++) {
		bool done = true;

		for (int k = 0; k < GN_CGROUP_KINDS; k++)
			done &= is_removed(bases[k]);
		if (done)
			_exit(0);
		poll(NULL, 0, 20);
	}
	_exit(1);
}

static int start_keeper(struct gn_cgroups *c, struct gn_err *err)
{
	char *const bases[] = { c->of[GN_CGROUP_CPU].base, c->of[GN_CGROUP_MEMORY].base };
	int ends[2];

	if (c->keeper)
		return 0;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return gn_fail(err, -errno, "cannot make a pipe: %m");
	pid_t pid = fork();

	if (pid == 0) {
		close(ends[1]);
		keep(bases, ends[0]);
	}
	int r = pid < 0 ? gn_fail(err, -errno, "cannot start the process that removes control groups: %m")
			: 0;

	close(ends[0]);
	if (r < 0) {
		close(ends[1]);
		return r;
	}
	c->keeper = pid;
	c->lifeline = ends[1];
	return 0;
}

/* ---- making ---- */

int gn_cgroups_new(struct gn_cgroups **ret, struct gn_err *err)
{
	struct gn_cgroups *c = calloc(1, sizeof(*c));
	uint32_t random = 0;

	if (!c || getrandom(&random, sizeof(random), 0) != sizeof(random)) {
		free(c);
		return gn_fail(err, -ENOMEM, "out of memory");
	}
	snprintf(c->name, sizeof(c->name), "gossipnet-%d-%08" PRIx32, (int)getpid(), random);
	c->lifeline = -1;
	for (int k = 0; k < GN_CGROUP_KINDS; k++) {
		struct hierarchy *h = &c->of[k];
		GN_CLEANUP(gn_free_p) char *mount = find_mount(kinds[k].controller, &h->version);

		if (mount)
			h->base = gn_format("%s/%s", mount, c->name);
	}
	*ret = c;
	return 0;
}

/* Version 2: the controller must be enabled on the way down, by each folder for those in it. */
static int enable(const struct hierarchy *h, const struct kind *kind)
{
	GN_CLEANUP(gn_free_p) char *mount = gn_strdup(h->base);

	if (h->version == 1)
		return 0;
	if (!mount)
		return -ENOMEM;
	*strrchr(mount, '/') = '\0';
	write_file(mount, "cgroup.subtree_control", kind->enable); /* it may be there already */
	return write_file(h->base, "cgroup.subtree_control", kind->enable);
}

int gn_cgroups_prepare(struct gn_cgroups *c, enum gn_cgroup_kind kind, struct gn_err *err)
{
	struct hierarchy *h = &c->of[kind];
	const char *what = kinds[kind].controller;

	if (h->ready)
		return 0;
	if (!h->base)
		return gn_fail(
			err, -EOPNOTSUPP,
			"a limit of %s needs the control group \"%s\", of version 1 or 2, and none is mounted",
			what, what);
	int r = start_keeper(c, err);

	if (r < 0)
		return r;
	r = mkdir(h->base, 0755) < 0 && errno != EEXIST ? -errno : enable(h, &kinds[kind]);
	if (r < 0)
		return gn_fail(err, r, "a limit of %s needs a control group, but %s: %s%s", what, h->base,
			       strerror(-r),
			       r == -EACCES || r == -EPERM || r == -EROFS
				       ? "; run it as root, on a "
					 "system that lets root make control groups"
				       : "");
	h->ready = true;
	return 0;
}

int gn_cgroups_prepare_for(struct gn_cgroups *c, const struct gn_topology *t, struct gn_err *err)
{
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < t->n_actions; i++) {
		if (t->actions[i].what == GN_ACTION_CPU)
			r = gn_cgroups_prepare(c, GN_CGROUP_CPU, err);
		else if (t->actions[i].what == GN_ACTION_MEMORY)
			r = gn_cgroups_prepare(c, GN_CGROUP_MEMORY, err);
	}
	return r;
}

struct gn_cgroups *gn_cgroups_free(struct gn_cgroups *c)
{
	if (!c)
		return NULL;
	gn_close_p(&c->lifeline);
	while (c->keeper && waitpid(c->keeper, NULL, 0) < 0 && errno == EINTR)
		;
	for (int k = 0; k < GN_CGROUP_KINDS; k++)
		free(c->of[k].base);
	free(c);
	return NULL;
}

/* ---- limits ---- */

/* As long a period as it takes for the smallest quota, and no longer: the process is to be slow, not to stand still. */
static int limit_cpu(const struct hierarchy *h, const char *folder, uint64_t share)
{
	const uint64_t quota = GN_MAX((uint64_t)QUOTA_MIN_US, PERIOD_MIN_US * share / CPU_SHARE_ONE);
	const uint64_t period = share ? quota * CPU_SHARE_ONE / share : 0;
	char text[2][48];

	if (h->version == 2) {
		snprintf(text[0], sizeof(text[0]), "%" PRIu64 " %" PRIu64, quota, period);
		return write_file(folder, "cpu.max", share ? text[0] : "max");
	}
	snprintf(text[0], sizeof(text[0]), "%" PRIu64, period);
	snprintf(text[1], sizeof(text[1]), "%" PRIu64, quota);
	int r = share ? write_file(folder, "cpu.cfs_period_us", text[0]) : 0;

	return r < 0 ? r : write_file(folder, "cpu.cfs_quota_us", share ? text[1] : "-1");
}

/* Swapping would be no limit. Version 1 wants memory and swap together never below memory, whichever way it goes. */
static int limit_memory(const struct hierarchy *h, const char *folder, uint64_t bytes)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRIu64, bytes);
	if (h->version == 2) {
		write_file(folder, "memory.swap.max", bytes ? "0" : "max");
		return write_file(folder, "memory.max", bytes ? text : "max");
	}
	write_file(folder, "memory.memsw.limit_in_bytes", bytes ? text : "-1");
	int r = write_file(folder, "memory.limit_in_bytes", bytes ? text : "-1");

	write_file(folder, "memory.memsw.limit_in_bytes", bytes ? text : "-1");
	return r;
}

static int join(const char *folder, pid_t pid)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", (int)pid);
	return write_file(folder, "cgroup.procs", text);
}

int gn_cgroups_limit(struct gn_cgroups *c, enum gn_cgroup_kind kind, const char *node, pid_t pid,
		     uint64_t value, struct gn_err *err)
{
	const struct hierarchy *h = &c->of[kind];
	int r = gn_cgroups_prepare(c, kind, err);

	if (r < 0)
		return r;
	GN_CLEANUP(gn_free_p) char *folder = node_folder(h, node);

	if (!folder)
		return gn_fail(err, -ENOMEM, "out of memory");
	if (mkdir(folder, 0755) < 0 && errno != EEXIST)
		r = -errno;
	if (r == 0)
		r = kind == GN_CGROUP_CPU ? limit_cpu(h, folder, value) : limit_memory(h, folder, value);
	if (r == 0 && pid)
		r = join(folder, pid);
	return r < 0 && r != -ESRCH ? gn_fail(err, r, "node %s: limit of %s: %s: %s", node,
					      kinds[kind].controller, folder, strerror(-r))
				    : 0;
}

int gn_cgroups_join(struct gn_cgroups *c, const char *node, pid_t pid, struct gn_err *err)
{
	for (int k = 0; k < GN_CGROUP_KINDS; k++) {
		GN_CLEANUP(gn_free_p) char *folder = c->of[k].ready ? node_folder(&c->of[k], node) : NULL;
		int r = folder ? join(folder, pid) : 0;

		if (r < 0 && r != -ENOENT && r != -ESRCH) /* no limit; or it has died at once */
			return gn_fail(err, r, "node %s: %s: %s", node, folder, strerror(-r));
	}
	return 0;
}

void gn_cgroups_join_early(const struct gn_cgroups *c, const char *node)
{
	const struct hierarchy *h = &c->of[GN_CGROUP_MEMORY];
	GN_CLEANUP(gn_free_p) char *folder = h->ready ? node_folder(h, node) : NULL;

	if (folder)
		join(folder, getpid());
}

uint64_t gn_cgroups_throttled(const struct gn_cgroups *c, const char *node)
{
	const struct hierarchy *h = &c->of[GN_CGROUP_CPU];
	GN_CLEANUP(gn_free_p) char *folder = h->ready ? node_folder(h, node) : NULL;

	if (!folder)
		return 0;
	return h->version == 1 ? read_number(folder, "cpu.stat", "throttled_time")
			       : read_number(folder, "cpu.stat", "throttled_usec") * GN_USEC;
}

bool gn_cgroups_ran_out(const struct gn_cgroups *c, const char *node)
{
	const struct hierarchy *h = &c->of[GN_CGROUP_MEMORY];
	GN_CLEANUP(gn_free_p) char *folder = h->ready ? node_folder(h, node) : NULL;

	return folder &&
	       read_number(folder, h->version == 1 ? "memory.oom_control" : "memory.events", "oom_kill") > 0;
}
