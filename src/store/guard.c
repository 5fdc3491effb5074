/* SPDX-License-Identifier: MIT */
/*
 * Programs on the host that open a file which a guest writes.
 *
 * Locks taken in the guest do not exist on the host. To SQLite there, the guest's log looks abandoned:
 * whoever closes the file last would fold into it what he knows of the log, and delete the log under the
 * guest, or write to it himself. Two things prevent that.
 *
 * A folder stands where the log's index would be. SQLite cannot open it for writing, be it as root, and
 * so takes the database for one that it may only read (sqlite.org/wal.html#readonly): it keeps an index in
 * memory, follows the growing log with it, and never writes, folds or deletes. That holds for as long
 * as a program keeps the file open, also beyond the end of the run; without it a stale index would be
 * folded into the finished file.
 *
 * And the host's side of the run holds a lock, so that nobody can have the file to himself, as playing
 * back the journal of the guest's last step needs.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#include "store/internal.h"

/* The bytes of the file that stand for its readers: SQLite's SHARED_FIRST and SHARED_SIZE. */
#define SHARED_FIRST 0x40000002
#define SHARED_SIZE  510

#define LOCK_TRIES   100 /* somebody is just closing the file */
#define LOCK_WAIT_MS 5

static int lock_shared(int fd)
{
	const struct timespec pause = { .tv_nsec = LOCK_WAIT_MS * 1000000L };
	struct flock lock = {
		.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = SHARED_FIRST, .l_len = SHARED_SIZE
	};

	for (int i = 0; fcntl(fd, F_OFD_SETLK, &lock) < 0; i++) {
		if ((errno != EAGAIN && errno != EACCES) || i == LOCK_TRIES)
			return -errno;
		nanosleep(&pause, NULL);
	}
	return 0;
}

int gn_store_guard(const char *path, int *ret_fd, struct gn_err *err)
{
	GN_CLEANUP(gn_close_p) int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return gn_fail(err, -errno, "%s: %m", path);
	int r = lock_shared(fd);

	if (r == -EAGAIN || r == -EACCES)
		return gn_fail(err, -EBUSY, "%s: another program keeps the database locked", path);
	if (r) {
		errno = -r;
		return gn_fail(err, r, "%s: cannot lock: %m", path);
	}
	*ret_fd = gn_steal_fd(&fd);
	return 0;
}

int gn_store_bar_index(const char *path)
{
	GN_CLEANUP(gn_free_p) char *index = gn_format("%s-shm", path);

	if (!index)
		return -ENOMEM;
	remove(index); /* of a file that was here before */
	return mkdir(index, 0777) < 0 ? -errno : 0;
}

void gn_store_tidy(const char *path)
{
	GN_CLEANUP(gn_free_p) char *index = gn_format("%s-shm", path);
	GN_CLEANUP(gn_free_p) char *log = gn_format("%s-wal", path);
	struct stat st;

	if (!index || !log)
		return;
	rmdir(index);
	if (stat(log, &st) == 0 && st.st_size)
		return;
	/* An empty log is one that a reader made between the guest's deleting it and its saying so. */
	unlink(log);
	unlink(index);
}
