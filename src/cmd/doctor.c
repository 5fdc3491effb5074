/* SPDX-License-Identifier: MIT */
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>

#include "cmd/cmd.h"
#include "net/network.h"
#include "vm/vm.h"

/* One line: is it there, and what for; a second one, where it is not there: why, or what to do. */
static void print_finding(const char *name, int state, const char *use, const char *remedy)
{
	printf("  %-22s %-4s needed for %s\n", name, state == 0 ? "yes" : state == -EPERM ? "?" : "NO", use);
	if (state)
		printf("  %-22s      %s\n", "", remedy);
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

		print_finding(f->name, r, f->use, r == -EPERM ? "only root can try it" : err.text);
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
		{ "gnuplot", "gnuplot-nox", "figures (gossipnet plot)" },
		{ "ip", "iproute2", "a look at addresses and routes in a node (gossipnet exec)" },
		{ "tc", "iproute2", "a look at the shaping in a node (gossipnet exec)" },
	};

	printf("\nTools\n");
	print_finding("User-Mode Linux", guest, "ordinary users, and what this kernel lacks",
		      "install the package user-mode-linux");
	for (size_t i = 0; i < GN_ARRAY_LEN(tools); i++) {
		GN_CLEANUP(gn_free_p) char *install = gn_format("install the package %s", tools[i].package);

		print_finding(tools[i].program, in_path(tools[i].program) ? 0 : -ENOENT, tools[i].use,
			      install ? install : "");
	}
	printf("  %-22s %s\n", "SQLite", sqlite3_libversion());
}

static void examine_limits(void)
{
	struct rlimit files, processes;
	long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);

	getrlimit(RLIMIT_NOFILE, &files);
	getrlimit(RLIMIT_NPROC, &processes);
	printf("\nLimits\n  %-22s %ld MiB\n  %-22s %ld\n  %-22s %llu (root raises it as needed)\n"
	       "  %-22s %llu\n",
	       "memory", pages / 1024 * (page / 1024), "processors", sysconf(_SC_NPROCESSORS_ONLN),
	       "open files", (unsigned long long)files.rlim_max, "processes",
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
