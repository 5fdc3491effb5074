/* SPDX-License-Identifier: MIT */
#include "util/save.h"

#include <dirent.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <sys/stat.h>

enum { NAMES_TRIED = 100 };

/* A file of our own next to @path: never one that is there, nor what a link with that name points to. */
static int open_part(const char *path, struct gn_save *s)
{
	for (int i = 0; i < NAMES_TRIED; i++) {
		GN_CLEANUP(gn_free_p) char *part = gn_format("%s.%ld-%d.tmp", path, (long)getpid(), i);

		if (!part)
			return -ENOMEM;
		s->fd = open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
		if (s->fd < 0 && errno != EEXIST)
			return -errno;
		if (s->fd < 0)
			continue;
		s->part = gn_steal_ptr(&part);
		return 0;
	}
	return -EEXIST;
}

int gn_save_begin(const char *path, struct gn_save *ret)
{
	struct gn_save s = { .path = path };
	struct stat st;
	int r = 0;

	if (lstat(path, &st) ? errno == ENOENT : S_ISREG(st.st_mode))
		r = open_part(path, &s);
	else if ((s.fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOCTTY | O_CLOEXEC, 0666)) < 0)
		r = -errno;
	if (!r)
		*ret = s;
	return r;
}

int gn_save_end(struct gn_save *s, int r)
{
	if (close(s->fd) && !r)
		r = -errno;
	if (s->part && !r && rename(s->part, s->path))
		r = -errno;
	if (s->part && r)
		unlink(s->part);
	free(s->part);
	*s = (struct gn_save){ .fd = -1 };
	return r;
}

void gn_save_clear(const char *folder, pid_t pid)
{
	GN_CLEANUP(gn_free_p) char *pattern = gn_format("*.%ld-*.tmp", (long)pid);
	DIR *d = pattern ? opendir(folder) : NULL;

	if (!d)
		return;
	for (const struct dirent *e = readdir(d); e; e = readdir(d)) {
		if (!fnmatch(pattern, e->d_name, 0))
			unlinkat(dirfd(d), e->d_name, 0);
	}
	closedir(d);
}

int gn_write_all(int fd, const void *bytes, size_t n)
{
	const char *from = bytes;

	while (n) {
		const ssize_t w = write(fd, from, n);

		if (w < 0 && errno != EINTR)
			return -errno;
		from += GN_MAX(w, 0);
		n -= (size_t)GN_MAX(w, 0);
	}
	return 0;
}
