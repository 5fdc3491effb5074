/* SPDX-License-Identifier: MIT */
#include "vm/vm.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/wait.h>

#include "util/printable.h"
#include "vm/keeper.h"

#define MODULES "/usr/lib/uml/modules"
#define MIB	(UINT64_C(1) << 20)

enum {
	/* Messages that wait while the guest boots or is busy. */
	QUEUE_MAX = 4 * 1024 * 1024,
	CONSOLE_TAIL = 16 * 1024,
};

struct gn_vm {
	struct gn_keeper keeper;
	struct gn_channel *channel;
	int console; /* file in memory with what the kernel printed */
	gn_time started;
};

/* The guest kernel's path. Return: 0, -ENOENT. */
static int find_kernel(char **ret, struct gn_err *err)
{
	const char *path = getenv("PATH");
	GN_CLEANUP(gn_free_p) char *folders = gn_format("%s:/usr/bin:/usr/local/bin", path ? path : "");
	char *rest = folders, *folder;

	while (folders && (folder = strsep(&rest, ":"))) {
		GN_CLEANUP(gn_free_p) char *file = gn_format("%s/linux.uml", folder);

		if (*folder == '/' && file && access(file, X_OK) == 0) {
			*ret = gn_steal_ptr(&file);
			return 0;
		}
	}
	return gn_fail(err, -ENOENT,
		       "there is no guest kernel: linux.uml is not installed; install the package "
		       "user-mode-linux (apt-get install user-mode-linux)");
}

/* What `kernel --version` prints: its release. */
static int ask_release(const char *kernel, char *text, size_t size)
{
	int out[2];
	ssize_t n;

	if (pipe2(out, O_CLOEXEC) < 0)
		return -errno;
	pid_t pid = fork();

	if (pid == 0) {
		if (dup2(out[1], STDOUT_FILENO) >= 0)
			execl(kernel, kernel, "--version", (char *)NULL);
		_exit(127);
	}
	close(out[1]);
	do
		n = read(out[0], text, size - 1);
	while (n < 0 && errno == EINTR);
	close(out[0]);
	if (pid < 0 || (waitpid(pid, NULL, 0) < 0 && errno != ECHILD) || n <= 0)
		return -EIO;
	text[n] = 0;
	text[strcspn(text, " \n")] = 0;
	return *text ? 0 : -EIO;
}

int gn_vm_release(char **ret, struct gn_err *err)
{
	GN_CLEANUP(gn_free_p) char *kernel = NULL;
	char release[128];
	int r = find_kernel(&kernel, err);

	if (r < 0)
		return r;
	if (ask_release(kernel, release, sizeof(release)) < 0)
		return gn_fail(err, -ENOENT,
			       "%s does not run here; install the package user-mode-linux again", kernel);
	GN_CLEANUP(gn_free_p) char *modules = gn_format(MODULES "/%s", release);

	if (!modules || access(modules, R_OK | X_OK) < 0)
		return gn_fail(err, -ENOENT,
			       "the guest kernel's modules are missing in " MODULES
			       "/%s; install the package user-mode-linux again",
			       release);
	*ret = gn_strdup(release);
	return *ret ? 0 : gn_fail(err, -ENOMEM, "out of memory");
}

int gn_vm_available(struct gn_err *err)
{
	GN_CLEANUP(gn_free_p) char *release = NULL;

	return gn_vm_release(&release, err);
}

/* Where the guest has something of its own at @path: that folder's name, or NULL. */
static const char *own_folder(const char *path)
{
	/* What gn_guest_start() mounts, and the kernel before it. */
	static const char *const folders[] = { "/dev", "/proc", "/sys" };

	for (size_t i = 0; i < GN_ARRAY_LEN(folders); i++) {
		size_t n = strlen(folders[i]);

		if (strncmp(path, folders[i], n) == 0 && (path[n] == '/' || !path[n]))
			return folders[i];
	}
	return NULL;
}

/* Where @path leads, as far as it is there already. NULL: no memory. */
static char *resolve(const char *path)
{
	GN_CLEANUP(gn_free_p) char *part = gn_strdup(path);

	for (char *slash; part; *slash = '\0') {
		char *real = realpath(*part ? part : "/", NULL);

		if (real)
			return real;
		slash = strrchr(part, '/');
		if (!slash)
			break;
	}
	return gn_strdup(path);
}

int gn_vm_reaches(const char *absolute_path, struct gn_err *err)
{
	GN_CLEANUP(gn_free_p) char *real = resolve(absolute_path);

	if (!real)
		return gn_fail(err, -ENOMEM, "out of memory");
	const char *own = own_folder(real);

	/* The guest follows links itself, but those in /proc lead elsewhere there. */
	if (!own)
		own = own_folder(absolute_path);
	return own ? gn_fail(err, -EINVAL, "%s: the guest kernel has its own %s; choose a folder elsewhere",
			     absolute_path, own)
		   : 0;
}

/* May the guest's memory be a file in this folder? Returns the bytes free there, or 0. */
static uint64_t room_in(const char *folder, const char **ret_why)
{
	GN_CLEANUP(gn_close_p) int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	long page = sysconf(_SC_PAGESIZE);
	struct statvfs s;

	*ret_why = "cannot be written";
	if (fd < 0 || ftruncate(fd, page) < 0 || fstatvfs(fd, &s) < 0)
		return 0;
	void *memory = mmap(NULL, (size_t)page, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_SHARED, fd, 0);

	*ret_why = "is mounted noexec";
	if (memory == MAP_FAILED)
		return 0;
	munmap(memory, (size_t)page);
	*ret_why = "is too full";
	return (uint64_t)s.f_bavail * s.f_frsize;
}

/*
 * How much memory the guest gets, and the folder for the unlinked file that holds it. Only what the guest
 * has touched takes room.
 */
static int choose_memory(uint32_t nodes, uint64_t *ret_mib, const char **ret_folder, struct gn_err *err)
{
	const char *folders[] = { "/dev/shm", getenv("TMPDIR"), "/tmp", "/var/tmp" }, *why[4];
	uint64_t host = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t least = 192 * MIB + nodes * MIB / 2;
	uint64_t mib = GN_MIN(256 + (uint64_t)nodes * 2, host / MIB * 8 / 10);

	for (size_t i = 0; i < GN_ARRAY_LEN(folders); i++) {
		uint64_t room = folders[i] ? room_in(folders[i], &why[i]) : 0;

		if (room < least)
			continue;
		*ret_mib = GN_MIN(mib, room / MIB);
		*ret_folder = folders[i];
		return 0;
	}
	return gn_fail(
		err, -ENOSPC,
		"no room for the guest's memory, at least %llu MiB: /dev/shm %s, /tmp %s; make room, or name "
		"another folder in TMPDIR",
		(unsigned long long)(least / MIB), why[0], why[2]);
}

/* The program as the kernel's command line can carry it: in double quotes. */
static int program_path(const char *program, char **ret, struct gn_err *err)
{
	/* The kernel's command line has 4096 bytes in all. */
	enum { LONGEST = 3000 };
	GN_CLEANUP(gn_free_p) char *path = realpath(program ? program : "/proc/self/exe", NULL);

	if (!path)
		return gn_fail(err, -errno, "cannot find this program's own file: %m");
	if (strpbrk(path, "\"\n") || strlen(path) > LONGEST)
		return gn_fail(
			err, -EINVAL,
			"the guest kernel cannot start %s: its path is too long, or has a quote or a line break; "
			"copy the program to another folder",
			path);
	int r = gn_vm_reaches(path, err);

	if (r < 0)
		return gn_wrap(err, r, "this program");
	*ret = gn_format("init=\"%s\"", path);
	return *ret ? 0 : gn_fail(err, -ENOMEM, "out of memory");
}

static int start_kernel(const struct gn_vm_options *o, int channel, int console, struct gn_keeper *ret,
			struct gn_err *err)
{
	GN_CLEANUP(gn_free_p) char *kernel = NULL;
	GN_CLEANUP(gn_free_p) char *init = NULL;
	const char *folder = NULL;
	uint64_t mib = 0;
	int r = find_kernel(&kernel, err);

	r = r < 0 ? r : program_path(o->program, &init, err);
	r = r < 0 ? r : choose_memory(o->nodes, &mib, &folder, err);
	if (r < 0)
		return r;
	GN_CLEANUP(gn_free_p) char *memory = gn_format("mem=%lluM", (unsigned long long)mib);
	GN_CLEANUP(gn_free_p) char *argument = gn_strdup(o->argument);
	GN_CLEANUP(gn_free_p) char *tmpdir = gn_format("TMPDIR=%s", folder);
	char words[][24] = {
		"root=/dev/root", "rootfstype=hostfs", "rootflags=/", "rw", "quiet",
		/* Not the ~/.uml of this user; nothing can be made there, which is what we want. */
		"uml_dir=/proc/",
		/* Descriptors 1 and 3, see struct gn_keeper_job. */
		"con=null", "con0=null,fd:1", "console=tty0", "ssl=null", "ssl0=fd:3",
		/* Behind "--" come init's arguments. noreboot is UML's own, wherever it stands. */
		"--", "noreboot"
	};
	char *command[GN_ARRAY_LEN(words) + 5], *environment[] = { tmpdir, NULL };
	size_t n = 0;

	command[n++] = kernel;
	command[n++] = memory;
	command[n++] = init;
	for (size_t i = 0; i < GN_ARRAY_LEN(words) - 1; i++)
		command[n++] = words[i];
	command[n++] = argument;
	command[n++] = words[GN_ARRAY_LEN(words) - 1];
	command[n] = NULL;
	if (!memory || !argument || !tmpdir)
		return gn_fail(err, -ENOMEM, "out of memory");
	const struct gn_keeper_job job = { .command = command,
					   .environment = environment,
					   .channel = channel,
					   .console = console,
					   .plain = o->plain };

	return gn_keeper_start(&job, ret, err);
}

int gn_vm_start(const struct gn_vm_options *o, struct gn_vm **ret, struct gn_err *err)
{
	GN_CLEANUP(gn_close_p) int console = memfd_create("gossipnet-console", MFD_CLOEXEC);
	GN_CLEANUP(gn_close_p) int guest_end = -1;
	struct gn_vm *vm = calloc(1, sizeof(*vm));
	int ends[2], r;

	if (!vm)
		return gn_fail(err, -ENOMEM, "out of memory");
	if (console < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) {
		free(vm);
		return gn_fail(err, -errno, "guest: %m");
	}
	guest_end = ends[1];
	r = gn_channel_new(ends[0], QUEUE_MAX, &vm->channel, err);
	if (r == 0) {
		gn_channel_set_serial(vm->channel, GN_SERIAL_HOST);
		r = start_kernel(o, guest_end, console, &vm->keeper, err);
	}
	if (r < 0) {
		gn_channel_free(vm->channel);
		free(vm);
		return gn_wrap(err, r, "guest");
	}
	vm->started = gn_now();
	vm->console = gn_steal_fd(&console);
	*ret = vm;
	return 0;
}

struct gn_channel *gn_vm_channel(const struct gn_vm *vm)
{
	return vm->channel;
}

/* Does this line of the kernel's console tell why it died? */
static bool tells(const char *line)
{
	static const char *const noise[] = { " [<", "Stack:", "Call Trace:", "CPU: ", "Modules linked in",
					     "---[", "reboot:",
					     /* The price of uml_dir=/proc/ */
					     "make_umid", "remove_umid_dir", "Failed to initialize umid",
					     "epollctl add err" };

	if (!line[strspn(line, " \t\r")])
		return false;
	for (size_t i = 0; i < GN_ARRAY_LEN(noise); i++)
		if (strncmp(line, noise[i], strlen(noise[i])) == 0)
			return false;
	return true;
}

/* The last two lines that tell something, the panic message among them if there is one. */
static void last_words(int console, char *text, size_t size)
{
	char tail[CONSOLE_TAIL + 1];
	char *rest = tail, *line;
	const char *last[2] = { "", "" };
	off_t end = lseek(console, 0, SEEK_END);
	ssize_t n = pread(console, tail, CONSOLE_TAIL, end > CONSOLE_TAIL ? end - CONSOLE_TAIL : 0);

	tail[n > 0 ? n : 0] = 0;
	for (bool panic = false; !panic && (line = strsep(&rest, "\n"));) {
		line[strcspn(line, "\r")] = 0;
		if (!tells(line))
			continue;
		last[0] = last[1];
		last[1] = line;
		panic = strstr(line, "Kernel panic") != NULL;
	}
	snprintf(text, size, "%s%s%s", last[0], *last[0] ? "; " : "", last[1]);
}

int gn_vm_death(struct gn_vm *vm, struct gn_err *err)
{
	/* The line to a kernel that dies is closed a moment before its keeper has ended. */
	enum { DYING_MS = 500 };
	unsigned seconds = (unsigned)((gn_now() - vm->started) / GN_SEC);
	bool lives = vm->keeper.pid > 0 && !gn_keeper_wait(&vm->keeper, DYING_MS);
	char text[512], what[64] = "died";

	gn_keeper_stop(&vm->keeper);
	last_words(vm->console, text, sizeof(text));
	gn_make_printable(text);
	if (lives && gn_channel_spoken(vm->channel))
		snprintf(what, sizeof(what), "does not answer any more");
	else if (lives)
		snprintf(what, sizeof(what), "did not come up within %u s", seconds);
	return gn_fail(err, -EIO, "the guest kernel %s; %s%s", what,
		       *text ? "its last words: " : "it said nothing", text);
}

struct gn_vm *gn_vm_stop(struct gn_vm *vm, gn_dur patience)
{
	if (vm && vm->keeper.pid > 0)
		gn_keeper_wait(&vm->keeper, (int)GN_MIN(patience / GN_MSEC, (gn_dur)INT32_MAX));
	return gn_vm_free(vm);
}

struct gn_vm *gn_vm_free(struct gn_vm *vm)
{
	if (!vm)
		return NULL;
	gn_keeper_stop(&vm->keeper);
	gn_channel_free(vm->channel);
	gn_close_p(&vm->console);
	free(vm);
	return NULL;
}
