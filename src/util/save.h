/* SPDX-License-Identifier: MIT */
/* A file of the user's that is written as a whole. */
#ifndef GN_UTIL_SAVE_H
#define GN_UTIL_SAVE_H

#include "util/util.h"

struct gn_save {
	const char *path; /* borrowed */
	char *part;	  /* what becomes @path at the end; NULL: @path itself is written to */
	int fd;		  /* to write to */
};

/**
 * gn_save_begin() - where there is a regular file or nothing, whoever looks sees what was there until the end. What is
 * something else, such as a device, a pipe or a symbolic link, is written to and stays what it is.
 * @path: borrowed until gn_save_end().
 * @ret: on success to be released with gn_save_end().
 *
 * Return: 0 or -errno.
 */
int gn_save_begin(const char *path, struct gn_save *ret);

/* @r: 0: all is written; negative: it is given up, and the file that was there stays. @s->fd is closed.
 * Return: @r, or -errno if the file cannot be put in its place. */
int gn_save_end(struct gn_save *s, int r);

/* Remove what process @pid, which was killed, had begun to save in the folder. */
void gn_save_clear(const char *folder, pid_t pid);

/* All of @n bytes. Return: 0 or -errno. */
int gn_write_all(int fd, const void *bytes, size_t n);

#endif
