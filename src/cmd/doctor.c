/* SPDX-License-Identifier: MIT */
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>

#include "cmd/cmd.h"
#include "net/network.h"
#include "vm/vm.h"

struct finding {
	const char *name;
	int state; /* 0: there, -EPERM: cannot tell, else missing */
	const char *detail, *use;
};

static void print_finding(const struct finding *f)
{
	const char *state = f->state == 0 ? "yes" : f->state == -EPERM ? "?" : "no";

	printf("  %-22s %-4s %s%s%s\n", f->name, state,
	       f->state == 0 ? f->detail : "without it: ", f->state == 0 ? "" : f->use, "");
	if (f->state && *f->detail)
		printf("  %-22s      %s\n", "", f->detail);
}

/* Kernel features; counts those that are missing or that could not be tried. */
static void examine_kernel(unsigned *ret_missing, unsigned *ret_unknown)
{
	struct utsname u;

	uname(&u);
	printf("This kernel (%s)\n", u.release);
	*ret_missing = *ret_unknown = 0;
	for (size_t i = 0;; i++) {
		const struct gn_feature *f = gn_network_feature(i);
		struct gn_err err = { "" };

		if (!f)
			return;
		int r = gn_network_probe(f, &err);
		GN_CLEANUP(gn_free_p)
		char *missing = r == -EPERM ? gn_format("only root can try it")
					    : gn_format("%s (%s)", err.text, f->config);

		print_finding(&(struct finding){ f->name, r,
						 r == 0	   ? f->use
						 : missing ? missing
							   : "",
						 f->use });
		*ret_missing += r < 0 && r != -EPERM;
		*ret_unknown += r == -EPERM;
	}
}

static bool in_path(const char *program)
{
	GN_CLEANUP(gn_free_p) char *dirs = gn_strdup(getenv("PATH") ? getenv("PATH") : "/usr/bin:/bin");
	char *rest = dirs, *dir;

	while (dirs && (dir = strsep(&rest, ":"))) {
		GN_CLEANUP(gn_free_p) char *file = gn_format("%s/%s", *dir ? dir : ".", program);

		if (file && access(file, X_OK) == 0)
			return true;
	}
	return false;
}

static void examine_tools(int guest)
{
	static const struct {
		const char *program, *package, *use;
	} tools[] = {
		{ "gnuplot", "gnuplot-nox", "no figures (gossipnet plot)" },
		{ "ip", "iproute2",
		  "nothing that gossipnet does; only your own look inside with `gossipnet exec`" },
		{ "tc", "iproute2", "the same" },
	};

	printf("\nTools\n");
	print_finding(&(struct finding){ "User-Mode Linux", guest,
					 guest == 0
						 ? "the guest kernel for shaped runs and for ordinary users"
						 : "install the package user-mode-linux",
					 "only root can run, and only what this kernel can do" });
	for (size_t i = 0; i < GN_ARRAY_LEN(tools); i++) {
		GN_CLEANUP(gn_free_p) char *install = gn_format("install the package %s", tools[i].package);
		bool there = in_path(tools[i].program);

		print_finding(&(struct finding){ tools[i].program, there ? 0 : -ENOENT,
						 there	   ? ""
						 : install ? install
							   : "",
						 tools[i].use });
	}
	printf("  %-22s %s\n", "SQLite", sqlite3_libversion());
}

static void examine_limits(void)
{
	struct rlimit files, processes;
	long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);

	getrlimit(RLIMIT_NOFILE, &files);
	getrlimit(RLIMIT_NPROC, &processes);
	printf("\nLimits\n  %-22s %ld MiB: about %ld nodes at 1 MiB each\n  %-22s %ld\n  %-22s %llu (root raises it as needed)\n"
	       "  %-22s %llu\n",
	       "memory", pages / 256 * (page / 4096), pages / 256 * (page / 4096), "processors",
	       sysconf(_SC_NPROCESSORS_ONLN), "open files", (unsigned long long)files.rlim_max, "processes",
	       (unsigned long long)processes.rlim_max);
}

int cmd_doctor(const struct gn_options *o GN_UNUSED, int argc GN_UNUSED, char **argv GN_UNUSED,
	       struct gn_err *err GN_UNUSED)
{
	unsigned missing, unknown;
	int guest = gn_vm_available(NULL);

	examine_kernel(&missing, &unknown);
	examine_tools(guest);
	examine_limits();
	printf("\nWhat follows\n");
	if (missing + unknown == 0)
		printf("  Everything runs on this kernel.\n");
	else if (guest == 0)
		printf("  %s run in the guest kernel; --kernel auto does so by itself.\n",
		       unknown ? "As an ordinary user, all topologies"
			       : "Topologies that need what is missing above");
	else
		printf("  Install user-mode-linux: %s cannot run without it.\n",
		       unknown ? "an ordinary user's topologies"
			       : "topologies that need what is missing above");
	return missing + unknown == 0 || guest == 0 ? 0 : 1;
}
