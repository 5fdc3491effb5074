/* SPDX-License-Identifier: MIT */
#include "live/privileges.h"

#include <grp.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

int gn_die_with_parent(int parent_pid, struct gn_err *err)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return gn_fail(err, -errno, "PR_SET_PDEATHSIG: %m");
	if (getppid() != parent_pid)
		return gn_fail(err, -ESRCH, "the parent process is gone");
	return 0;
}

/* Without this, a set-user-id program could hand capabilities back. Needs one of them, so it comes first. */
static int empty_bounding_set(struct gn_err *err)
{
	for (unsigned long cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++) {
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0 && errno != EPERM)
			return gn_fail(err, -errno, "dropping capability %lu from the bounding set: %m", cap);
	}
	return 0;
}

/*
 * EINVAL: in a user namespace without these ids. EPERM: an ordinary user. Neither has another user to become. But
 * root that may not change its user (a container without CAP_SETUID) would stay root: that is an error.
 */
static bool nobody_to_become(int code)
{
	return code == EINVAL || (code == EPERM && geteuid() != 0);
}

static int become_nobody(uint32_t member, struct gn_err *err)
{
	uid_t id = GN_NODE_UID + member;

	/* EPERM: a user namespace may deny this to its root; if the right itself is missing, the next call fails. */
	if (setgroups(0, NULL) < 0 && errno != EPERM)
		return gn_fail(err, -errno, "setgroups: %m");
	if (setresgid(id, id, id) < 0 && !nobody_to_become(errno))
		return gn_fail(err, -errno, "becoming group %u (CAP_SETGID is needed): %m", id);
	if (setresuid(id, id, id) < 0 && !nobody_to_become(errno))
		return gn_fail(err, -errno, "becoming user %u (CAP_SETUID is needed): %m", id);
	return 0;
}

static int empty_capabilities(struct gn_err *err)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { { 0, 0, 0 }, { 0, 0, 0 } };

	/* EINVAL: a kernel before 4.3 has no ambient set. */
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 && errno != EINVAL)
		return gn_fail(err, -errno, "clearing the ambient capabilities: %m");
	if (syscall(SYS_capset, &header, none) < 0)
		return gn_fail(err, -errno, "capset: %m");
	return 0;
}

static int limit_resources(struct gn_err *err)
{
	/* ppoll() demands that the limit is not below the number of descriptors it watches, two. */
	static const struct {
		int resource;
		rlim_t max;
		const char *name;
	} limits[] = { { RLIMIT_CORE, 0, "core" },
		       { RLIMIT_NPROC, 0, "nproc" },
		       { RLIMIT_NOFILE, 2, "nofile" } };

	for (size_t i = 0; i < GN_ARRAY_LEN(limits); i++) {
		const struct rlimit l = { .rlim_cur = limits[i].max, .rlim_max = limits[i].max };

		/* Lowering a limit is always allowed, but not by valgrind, which needs descriptors of its own. */
		if (setrlimit(limits[i].resource, &l) < 0 && errno != EPERM)
			return gn_fail(err, -errno, "limiting %s: %m", limits[i].name);
	}
	return 0;
}

int gn_privileges_drop(uint32_t member, int parent_pid, struct gn_err *err)
{
	int r = limit_resources(err);

	if (!r)
		r = empty_bounding_set(err);
	if (!r)
		r = become_nobody(member, err);
	if (!r)
		r = empty_capabilities(err);
	if (r)
		return r;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return gn_fail(err, -errno, "PR_SET_NO_NEW_PRIVS: %m");
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return gn_fail(err, -errno, "PR_SET_DUMPABLE: %m");
	return gn_die_with_parent(parent_pid, err);
}
