/* SPDX-License-Identifier: MIT */
#include "vm/guest.h"

#include <fcntl.h>
#include <libkmod.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <termios.h>

#define MODULES "/usr/lib/uml/modules"
#define CHANNEL "/dev/ttyS0" /* ssl0 of the kernel's command line */

enum { QUEUE_MAX = 16 * 1024 * 1024 };

/* devtmpfs is there: the kernel has mounted it. */
static int mount_all(struct gn_err *err)
{
	static const struct {
		const char *type, *where, *options;
	} mounts[] = {
		{ "proc", "/proc", NULL },
		{ "sysfs", "/sys", NULL },
		{ "devpts", "/dev/pts", "mode=620,ptmxmode=666" },
		{ "tmpfs", "/dev/shm", "mode=1777" },
	};

	for (size_t i = 0; i < GN_ARRAY_LEN(mounts); i++) {
		if (strncmp(mounts[i].where, "/dev/", 5) == 0)
			mkdir(mounts[i].where, 0755);
		if (mount(mounts[i].type, mounts[i].where, mounts[i].type, MS_NOSUID | MS_NOEXEC,
			  mounts[i].options) < 0)
			return gn_fail(err, -errno, "guest: mount %s: %m", mounts[i].where);
	}
	/* Only for limits of nodes: a kernel without it serves for all else. */
	mount("cgroup2", "/sys/fs/cgroup", "cgroup2", MS_NOSUID | MS_NOEXEC | MS_NODEV, NULL);
	symlink("/proc/self/fd", "/dev/fd");
	symlink("/proc/self/fd/0", "/dev/stdin");
	symlink("/proc/self/fd/1", "/dev/stdout");
	symlink("/proc/self/fd/2", "/dev/stderr");
	return 0;
}

static int write_setting(const char *name, const char *value)
{
	char path[256];

	snprintf(path, sizeof(path), "/proc/sys/%s", name);
	GN_CLEANUP(gn_close_p) int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return write(fd, value, strlen(value)) < 0 ? -errno : 0;
}

/* Thousands of nodes on one small machine. A setting that this kernel does not have is no harm. */
static void raise_limits(void)
{
	static const struct {
		const char *name, *value;
	} settings[] = {
		{ "kernel/printk", "3 4 1 7" },
		{ "kernel/panic_on_oops", "1" }, /* a wounded guest measures nothing: let the host notice */
		{ "kernel/pid_max", "4194304" },
		{ "kernel/threads-max", "500000" },
		{ "fs/file-max", "10000000" },
		{ "fs/nr_open", "1048576" },
		{ "fs/mount-max", "10000000" },
		{ "vm/max_map_count", "1000000" },
		{ "vm/overcommit_memory", "1" },
		{ "net/core/rmem_max", "268435456" },
		{ "net/core/wmem_max", "268435456" },
		{ "net/core/netdev_max_backlog", "100000" },
		{ "user/max_net_namespaces", "1000000" },
		{ "user/max_mnt_namespaces", "1000000" },
		{ "user/max_uts_namespaces", "1000000" },
		/* Files go to the host soon: half a second after the write, or at once. */
		{ "vm/dirty_writeback_centisecs", "25" },
		{ "vm/dirty_expire_centisecs", "25" },
	};
	const struct rlimit files = { 1048576, 1048576 }, all = { RLIM_INFINITY, RLIM_INFINITY };

	for (size_t i = 0; i < GN_ARRAY_LEN(settings); i++)
		write_setting(settings[i].name, settings[i].value);
	setrlimit(RLIMIT_NOFILE, &files);
	setrlimit(RLIMIT_NPROC, &all);
	setrlimit(RLIMIT_MEMLOCK, &all);
}

static int load_module(struct kmod_ctx *ctx, const char *name, struct gn_err *err)
{
	struct kmod_module *module = NULL;
	int r = kmod_module_new_from_name(ctx, name, &module);

	if (r == 0)
		r = kmod_module_probe_insert_module(module, 0, NULL, NULL, NULL, NULL);
	if (module)
		kmod_module_unref(module);
	return r < 0 ? gn_fail(err, r, "guest: module %s: %s", name, strerror(-r)) : 0;
}

static int load_modules(struct gn_err *err)
{
	static const char *const names[] = { "veth",	"bridge", "nf_tables",	  "sch_netem", "sch_ingress",
					     "cls_bpf", "ifb",	  "cls_matchall", "act_mirred" };
	/* Not the host's /etc/modprobe.d: it is about another kernel. */
	const char *const no_configuration[] = { NULL };
	struct utsname u;
	int r = 0;

	uname(&u);
	GN_CLEANUP(gn_free_p) char *folder = gn_format(MODULES "/%s", u.release);
	struct kmod_ctx *ctx = folder ? kmod_new(folder, no_configuration) : NULL;

	if (!ctx)
		return gn_fail(err, -ENOMEM, "guest: modules: out of memory");
	for (size_t i = 0; r == 0 && i < GN_ARRAY_LEN(names); i++)
		r = load_module(ctx, names[i], err);
	kmod_unref(ctx);
	return r;
}

static int open_channel(struct gn_channel **ret, struct gn_err *err)
{
	GN_CLEANUP(gn_close_p) int fd = open(CHANNEL, O_RDWR | O_NOCTTY | O_CLOEXEC);
	struct termios t;

	if (fd < 0 || tcgetattr(fd, &t) < 0)
		return gn_fail(err, -errno, "guest: " CHANNEL ": %m");
	cfmakeraw(&t);
	t.c_cflag |= CLOCAL | CREAD;
	t.c_cc[VMIN] = 1;
	t.c_cc[VTIME] = 0;
	if (tcsetattr(fd, TCSANOW, &t) < 0)
		return gn_fail(err, -errno, "guest: " CHANNEL ": %m");
	int r = gn_channel_new(gn_steal_fd(&fd), QUEUE_MAX, ret, err);

	if (r == 0)
		gn_channel_set_serial(*ret, GN_SERIAL_GUEST);
	return r;
}

static int say_hello(struct gn_channel *c, struct gn_err *err)
{
	struct gn_pack p;
	struct utsname u;

	uname(&u);
	gn_pack_init(&p);
	gn_pack_string(&p, GN_VERSION);
	gn_pack_string(&p, u.release);
	return gn_channel_send_pack(c, GN_MESSAGE_HELLO, &p, err);
}

_Noreturn void gn_guest_poweroff(void)
{
	sync();
	reboot(RB_POWER_OFF);
	_exit(0); /* as init: a panic, which ends the kernel as well */
}

/* Init: reap whoever comes, until the one child that matters has ended. */
static _Noreturn void be_init(pid_t program)
{
	int status = 0;
	pid_t pid;

	do
		pid = waitpid(-1, &status, 0);
	while (pid != program && (pid > 0 || errno == EINTR));
	if (WIFSIGNALED(status))
		dprintf(STDERR_FILENO, "gossipnet in the guest was killed by signal %d (%s)\n",
			WTERMSIG(status), strsignal(WTERMSIG(status)));
	gn_guest_poweroff();
}

int gn_guest_start(struct gn_channel **ret, struct gn_err *err)
{
	struct gn_channel *c;

	if (getpid() != 1)
		return gn_fail(err, -EINVAL, "this command is for the guest kernel's init only");
	clearenv();
	setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
	sethostname("guest", strlen("guest"));
	int r = mount_all(err);

	if (r < 0)
		return r;
	raise_limits();
	r = load_modules(err);
	if (r < 0)
		return r;
	pid_t program = fork();

	if (program < 0)
		return gn_fail(err, -errno, "guest: fork: %m");
	if (program > 0)
		be_init(program);
	setsid();
	r = open_channel(&c, err);
	if (r < 0)
		return r;
	r = say_hello(c, err);
	if (r < 0)
		gn_channel_free(c);
	else
		*ret = c;
	return r;
}
