/* SPDX-License-Identifier: MIT */
#include "vm/enter.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>

static int write_hosts(FILE *f, const struct gn_topology *t)
{
	fputs("127.0.0.1\tlocalhost\n", f);
	for (uint32_t i = 0; i < t->n_nodes; i++) {
		const struct gn_node *n = &t->nodes[i];

		if (n->ip)
			fprintf(f, "%u.%u.%u.%u\t%s\n", n->ip >> 24, n->ip >> 16 & 255, n->ip >> 8 & 255,
				n->ip & 255, n->name);
	}
	return fflush(f) == 0 && !ferror(f) ? 0 : -EIO;
}

int gn_hosts_open(const struct gn_topology *t, int *ret, struct gn_err *err)
{
	GN_CLEANUP(gn_close_p) int fd = memfd_create("gossipnet-hosts", MFD_CLOEXEC);
	int copy = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 3);
	FILE *f = copy < 0 ? NULL : fdopen(copy, "w");

	if (!f) {
		gn_close_p(&copy);
		return gn_fail(err, -errno, "hosts file: %m");
	}
	int r = write_hosts(f, t);

	if (fclose(f) != 0 || r < 0)
		return gn_fail(err, -EIO, "hosts file: cannot be written");
	*ret = gn_steal_fd(&fd);
	return 0;
}

static const char *node_name(const void *context, size_t i)
{
	const struct gn_topology *t = context;

	return i < t->n_nodes ? t->nodes[i].name : NULL;
}

int gn_node_find(const struct gn_topology *t, const char *name, uint32_t *ret, struct gn_err *err)
{
	for (uint32_t i = 0; i < t->n_nodes; i++) {
		if (strcmp(t->nodes[i].name, name) == 0) {
			*ret = i;
			return 0;
		}
	}
	const char *near = gn_nearest(name, node_name, t);

	return gn_fail(err, -ENOENT, "%s has no node \"%s\"%s%s%s", t->name, name,
		       near ? " (did you mean " : "", near ? near : "", near ? "?)" : "");
}

/* Copy @from, which others read as well, so by position. */
static int copy_file(int from, int to)
{
	char block[16384];
	off_t at = 0;
	ssize_t n;

	while ((n = pread(from, block, sizeof(block), at)) > 0) {
		if (write(to, block, (size_t)n) != n)
			return -EIO;
		at += n;
	}
	return n < 0 ? -errno : 0;
}

/*
 * Put the hosts file over /etc/hosts, in this mount namespace only. A file in memory cannot be mounted
 * by itself, so it is made in a tmpfs that stands on /sys for a moment.
 */
static int mount_hosts(int hosts, struct gn_err *err)
{
	if (mount("tmpfs", "/sys", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=755") < 0)
		return gn_fail(err, -errno, "a tmpfs for the hosts file: %m");
	int fd = open("/sys/hosts", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	int r = fd < 0 ? -errno : copy_file(hosts, fd);

	if (r == 0 && fchmod(fd, 0644) < 0)
		r = -errno;
	gn_close_p(&fd);
	if (r == 0 && mount("/sys/hosts", "/etc/hosts", NULL, MS_BIND, NULL) < 0)
		r = -errno;
	umount2("/sys", MNT_DETACH);
	return r < 0 ? gn_fail(err, r, "/etc/hosts: %s", strerror(-r)) : 0;
}

int gn_enter(const struct gn_enter *e, struct gn_err *err)
{
	if (setns(e->netns, CLONE_NEWNET) < 0)
		return gn_fail(err, -errno, "cannot enter the network namespace of %s: %m", e->node);
	if (unshare(CLONE_NEWNS | CLONE_NEWUTS) < 0)
		return gn_fail(err, -errno, "namespaces for a command in %s: %m", e->node);
	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return gn_fail(err, -errno, "private mounts for a command in %s: %m", e->node);
	if (sethostname(e->node, strlen(e->node)) < 0)
		return gn_fail(err, -errno, "host name %s: %m", e->node);
	/* Without an /etc/hosts to cover, names are not resolved; addresses work. */
	if (e->hosts >= 0 && access("/etc/hosts", F_OK) == 0) {
		int r = mount_hosts(e->hosts, err);

		if (r < 0)
			return r;
	}
	/* A container's /sys may refuse this; then /sys/class/net shows another namespace's interfaces. */
	mount("sysfs", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	return 0;
}

int gn_enter_exec(char *const command[], struct gn_err *err)
{
	sigset_t none;

	for (int i = 1; i < NSIG; i++)
		signal(i, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execvp(command[0], command);
	if (errno == ENOENT) {
		gn_fail(err, -ENOENT, "%s: command not found", command[0]);
		return 127;
	}
	gn_fail(err, -errno, "%s: %m", command[0]);
	return 126;
}
