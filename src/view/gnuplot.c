/* SPDX-License-Identifier: MIT */
#include "view/gnuplot.h"

#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

extern char **environ;

static int spawn(int script, int out, int complaints, pid_t *ret)
{
	char *const argv[] = { (char[]){ "gnuplot" }, (char[]){ "-d" }, NULL };
	posix_spawn_file_actions_t actions;
	int r = posix_spawn_file_actions_init(&actions);

	if (r)
		return -r;
	r = posix_spawn_file_actions_adddup2(&actions, script, STDIN_FILENO);
	if (!r)
		r = posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	if (!r)
		r = posix_spawn_file_actions_adddup2(&actions, complaints, STDERR_FILENO);
	if (!r)
		r = posix_spawnp(ret, "gnuplot", &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return -r;
}

/* The last line that says something: gnuplot repeats the script and points into it before that. */
static int complaint(int fd, int status, struct gn_err *err)
{
	char text[4096];
	const off_t end = lseek(fd, 0, SEEK_END), room = sizeof(text) - 1;
	ssize_t n = pread(fd, text, sizeof(text) - 1, GN_MAX(end - room, 0));

	text[n > 0 ? n : 0] = '\0';
	while (n > 0 && strchr(" \n", text[n - 1]))
		text[--n] = '\0';
	const char *line = strrchr(text, '\n');

	if (WIFSIGNALED(status))
		return gn_fail(err, -EIO, "gnuplot was killed by signal %d", WTERMSIG(status));
	return gn_fail(err, -EIO, "gnuplot failed: %s", line ? line + 1 : *text ? text : "it said nothing");
}

int gn_gnuplot(int script, int out, struct gn_err *err)
{
	/* A file, not a pipe: nobody has to read while gnuplot writes. */
	GN_CLEANUP(gn_close_p) int complaints = memfd_create("gnuplot-stderr", MFD_CLOEXEC);
	pid_t child;
	int status;

	if (complaints < 0)
		return gn_fail(err, -errno, "gnuplot: %m");
	int r = lseek(script, 0, SEEK_SET) < 0 ? -errno : spawn(script, out, complaints, &child);

	if (r == -ENOENT)
		return gn_fail(err, r, "gnuplot is not installed: install the package gnuplot-nox");
	if (r)
		return gn_fail(err, r, "cannot run gnuplot: %s", strerror(-r));
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return gn_fail(err, -errno, "gnuplot: %m");
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		return complaint(complaints, status, err);
	return 0;
}

void gn_gnuplot_string(FILE *f, const char *text)
{
	fputc('\'', f);
	for (; *text; text++) {
		if (*text == '\'')
			fputc('\'', f);
		fputc(*text, f);
	}
	fputc('\'', f);
}
