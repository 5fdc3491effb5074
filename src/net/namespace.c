/* SPDX-License-Identifier: MIT */
#include "net/namespace.h"

#include <fcntl.h>
#include <linux/netlink.h>
#include <sched.h>
#include <string.h>

#include "net/netlink.h"

/*
 * Settings of a whole namespace; interfaces get their own by gn_msg_settings(). Of "all" and an interface's
 * own, the kernel takes the larger. One that is not there belongs to a part of the kernel that is not
 * there: nothing to switch off.
 */
static const struct setting {
	const char *path;
	char value[GN_NETNS_USES]; /* by enum gn_netns_use; 0: as it is */
} settings[] = {
	{ "/proc/sys/net/ipv4/ip_forward", { 0, '1', '0' } },
	{ "/proc/sys/net/ipv4/conf/all/rp_filter", { '0', '0', 0 } },
	/* Nobody sends redirects, so it does not matter who accepts them. */
	{ "/proc/sys/net/ipv4/conf/all/send_redirects", { 0, '0', 0 } },
	{ "/proc/sys/net/ipv4/icmp_ratelimit", { 0, '0', 0 } },
	{ "/proc/sys/net/ipv6/conf/all/disable_ipv6", { 0, 0, '1' } }, /* sets "default" as well */
	/* Where br_netfilter is loaded, bridged packets would visit the firewall. */
	{ "/proc/sys/net/bridge/bridge-nf-call-iptables", { 0, 0, '0' } },
	{ "/proc/sys/net/bridge/bridge-nf-call-arptables", { 0, 0, '0' } },
};

/* Return: 1 if the setting has that value, or is not there; 0 if it has another; or -Exxx. */
static int has_value(const char *path, char value, struct gn_err *err)
{
	GN_CLEANUP(gn_close_p) int fd = open(path, O_RDONLY | O_CLOEXEC);
	char text[32];
	ssize_t len;

	if (fd < 0 && errno == ENOENT)
		return 1;
	len = fd < 0 ? -1 : read(fd, text, sizeof(text));
	if (len < 0)
		return gn_fail(err, -errno, "%s: %m", path);
	return len == 2 && text[0] == value;
}

static int write_value(const char *path, char value, struct gn_err *err)
{
	GN_CLEANUP(gn_close_p) int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, &value, 1) < 0)
		return gn_fail(err, -errno, "%s: %m", path);
	return 0;
}

static int find_wrong(enum gn_netns_use use, struct gn_netns_settings *s, struct gn_err *err)
{
	for (size_t i = 0; i < GN_ARRAY_LEN(settings); i++) {
		const char value = settings[i].value[use];
		int r = value ? has_value(settings[i].path, value, err) : 1;

		if (r < 0)
			return r;
		if (r == 0)
			s->wrong[use] |= 1U << i;
	}
	s->ipv6 = access("/proc/sys/net/ipv6", F_OK) == 0;
	s->known[use] = true;
	return 0;
}

static int apply_settings(enum gn_netns_use use, struct gn_netns_settings *s, struct gn_err *err)
{
	int r = s->known[use] ? 0 : find_wrong(use, s, err);

	for (size_t i = 0; !r && i < GN_ARRAY_LEN(settings); i++)
		if (s->wrong[use] & 1U << i)
			r = write_value(settings[i].path, settings[i].value[use], err);
	return r;
}

static int open_self(int *ret, struct gn_err *err)
{
	int fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		int r = gn_nl_fail(err, -errno, NULL);

		return gn_wrap(err, r, "/proc/thread-self/ns/net");
	}
	*ret = fd;
	return 0;
}

int gn_netns_new(enum gn_netns_use use, struct gn_netns_settings *needed, struct gn_steps *steps,
		 struct gn_netns *ret, struct gn_err *err)
{
	GN_CLEANUP(gn_netns_done) struct gn_netns ns = { .fd = -1, .socket = -1 };
	int r = gn_step(steps, err);

	if (r)
		return r;
	if (unshare(CLONE_NEWNET)) {
		r = -errno;
		if (r == -ENOSPC)
			return gn_fail(err, r,
				       "no more network namespaces are allowed: raise the sysctl "
				       "user.max_net_namespaces");
		gn_nl_fail(err, r, NULL);
		return gn_wrap(err, r, "cannot make a network namespace");
	}
	r = open_self(&ns.fd, err);
	if (!r)
		r = gn_step(steps, err);
	if (!r)
		r = apply_settings(use, needed, err);
	if (!r)
		r = gn_nl_open(NETLINK_ROUTE, &ns.socket, err);
	if (r)
		return r;
	ret->fd = gn_steal_fd(&ns.fd);
	ret->socket = gn_steal_fd(&ns.socket);
	return 0;
}

void gn_netns_done(struct gn_netns *ns)
{
	gn_close_p(&ns->socket);
	gn_close_p(&ns->fd);
	ns->socket = -1;
	ns->fd = -1;
}

int gn_netns_home_open(struct gn_netns_home *ret, struct gn_err *err)
{
	return open_self(&ret->fd, err);
}

void gn_netns_home_p(struct gn_netns_home *home)
{
	if (home->fd < 0)
		return;
	if (setns(home->fd, CLONE_NEWNET))
		abort();
	gn_close_p(&home->fd);
}

int gn_netns_enter(int fd, struct gn_err *err)
{
	if (!setns(fd, CLONE_NEWNET))
		return 0;
	int r = gn_nl_fail(err, -errno, NULL);

	return gn_wrap(err, r, "cannot enter a network namespace");
}

int gn_netns_open(const struct gn_netns *ns, int *ret, struct gn_err *err)
{
	int r = gn_netns_enter(ns->fd, err);

	return r ? r : gn_nl_open(NETLINK_ROUTE, ret, err);
}
