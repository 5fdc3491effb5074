/* SPDX-License-Identifier: MIT */
#include "cmd/folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "view/view.h"

/* SQLite opens paths of at most 512 bytes; its names for the log and a journal are the longest. */
#define FOLDER_PATH_MAX 490

static const char *const files[] = { "run.db",	       "run.db-wal",	"run.db-shm",
				     "run.db-journal", "topology.yaml", "log" };

/* Under sudo a person's own folders must not fill with root's files. */
static void give_to_owner_of(const char *parent, const char *path)
{
	struct stat st;

	if (geteuid() == 0 && stat(parent, &st) == 0 && st.st_uid != 0 &&
	    lchown(path, st.st_uid, st.st_gid) < 0)
		return; /* on a file system without owners: nothing to give */
}

int gn_folder_make(char *path, struct gn_err *err)
{
	for (char *slash = strchr(path + 1, '/');; slash = strchr(slash + 1, '/')) {
		if (slash)
			*slash = '\0';
		if (mkdir(path, 0777) == 0) {
			GN_CLEANUP(gn_free_p) char *above = gn_format("%s/..", path);

			if (above)
				give_to_owner_of(above, path);
		} else if (errno != EEXIST) {
			return gn_fail(err, -errno, "cannot make the folder %s: %m", path);
		}
		if (!slash)
			return 0;
		*slash = '/';
	}
}

static bool is_empty(const char *path)
{
	DIR *d = opendir(path);
	size_t n = 0;

	if (!d)
		return false;
	while (readdir(d))
		n++;
	closedir(d);
	return n == 2; /* . and .. */
}

int gn_folder_make_given(const char *output, bool *ret_made, struct gn_err *err)
{
	struct stat st;

	*ret_made = mkdir(output, 0777) == 0;
	if (*ret_made)
		return 0;
	if (errno != EEXIST)
		return gn_fail(err, -errno, "-o %s: cannot make the folder: %m", output);
	if (stat(output, &st) < 0 || !S_ISDIR(st.st_mode))
		return gn_fail(err, -EINVAL, "-o %s: is not a folder", output);
	if (!is_empty(output))
		return gn_fail(err, -EINVAL, "-o %s: is not empty; give a new folder", output);
	if (access(output, W_OK) < 0)
		return gn_fail(err, -errno, "-o %s: cannot write there: %m", output);
	return 0;
}

static int make_given(struct gn_folder *f, const char *output, struct gn_err *err)
{
	int r = gn_folder_make_given(output, &f->made, err);

	if (r < 0)
		return r;
	f->shown = gn_strdup(output);
	return f->shown ? 0 : gn_fail(err, -ENOMEM, "out of memory");
}

static int make_default(struct gn_folder *f, const struct gn_topology *t, struct gn_err *err)
{
	GN_CLEANUP(gn_free_p) char *parent = gn_format("results/%s", t->name);
	time_t now = time(NULL);
	struct tm tm;
	char when[32];

	if (!parent)
		return gn_fail(err, -ENOMEM, "out of memory");
	int r = gn_folder_make(parent, err);

	if (r < 0)
		return r;
	strftime(when, sizeof(when), "%Y%m%dT%H%M%SZ", gmtime_r(&now, &tm));
	/* Two runs within one second get -2, -3, ... */
	for (int i = 1; i < 1000; i++) {
		char again[16] = "";

		if (i > 1)
			snprintf(again, sizeof(again), "-%d", i);
		free(f->shown);
		f->shown = gn_format("%s/%s-%llu%s", parent, when, (unsigned long long)t->seed, again);
		if (!f->shown)
			return gn_fail(err, -ENOMEM, "out of memory");
		f->made = mkdir(f->shown, 0777) == 0;
		if (f->made) {
			f->latest = gn_format("%s/latest", parent);
			return f->latest ? 0 : gn_fail(err, -ENOMEM, "out of memory");
		}
		if (errno != EEXIST)
			break;
	}
	return gn_fail(err, -errno, "cannot make the folder %s: %m", f->shown);
}

static int write_file(const char *path, const char *text, struct gn_err *err)
{
	GN_CLEANUP(gn_close_p) int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);

	if (fd < 0)
		return gn_fail(err, -errno, "%s: %m", path);
	for (size_t left = strlen(text); left;) {
		ssize_t n = write(fd, text, left);

		if (n < 0)
			return gn_fail(err, -errno, "%s: %m", path);
		text += n;
		left -= (size_t)n;
	}
	return 0;
}

static int fill(struct gn_folder *f, const char *resolved, struct gn_err *err)
{
	f->path = realpath(f->shown, NULL);
	if (!f->path)
		return gn_fail(err, -errno, "%s: %m", f->shown);
	if (strlen(f->path) > FOLDER_PATH_MAX)
		return gn_fail(err, -ENAMETOOLONG, "%s: the path is too long for SQLite: at most %d bytes",
			       f->path, FOLDER_PATH_MAX);
	GN_CLEANUP(gn_free_p) char *topology = gn_format("%s/topology.yaml", f->path);
	GN_CLEANUP(gn_free_p) char *log = gn_format("%s/log", f->path);

	if (!topology || !log)
		return gn_fail(err, -ENOMEM, "out of memory");
	int r = write_file(topology, resolved, err);

	if (r < 0)
		return r;
	f->log_fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	if (f->log_fd < 0)
		return gn_fail(err, -errno, "%s: %m", log);
	gn_folder_give(f);
	return 0;
}

int gn_folder_create(struct gn_folder *f, const struct gn_topology *t, const char *output,
		     const char *resolved, struct gn_err *err)
{
	*f = (struct gn_folder){ .log_fd = -1 };
	int r = output ? make_given(f, output, err) : make_default(f, t, err);

	if (r == 0)
		r = fill(f, resolved, err);
	if (r < 0) {
		if (f->path)
			gn_folder_remove(f);
		gn_folder_done(f);
	}
	return r;
}

/* Has another run, begun after this one, put itself there already? Names sort by time, seed and number. */
static bool is_newer(const char *latest, const char *ours)
{
	char theirs[PATH_MAX];
	ssize_t n = readlink(latest, theirs, sizeof(theirs) - 1);

	if (n < 0)
		return false;
	theirs[n] = '\0';
	return strverscmp(theirs, ours) > 0 && access(latest, F_OK) == 0;
}

int gn_folder_publish(const struct gn_folder *f, struct gn_err *err)
{
	if (!f->latest)
		return 0;
	const char *target = strrchr(f->shown, '/') + 1;

	/* Remove, then make: there is no moment with a temporary name that a crash could leave. */
	for (int tries = 0; tries < 10 && !is_newer(f->latest, target); tries++) {
		if (unlink(f->latest) < 0 && errno != ENOENT)
			break;
		if (symlink(target, f->latest) == 0) {
			GN_CLEANUP(gn_free_p) char *above = gn_format("%s/..", f->shown);

			if (above)
				give_to_owner_of(above, f->latest);
			return 0;
		}
		if (errno != EEXIST)
			break;
	}
	if (is_newer(f->latest, target))
		return 0;
	return gn_fail(err, -errno, "cannot point %s to the new run: %m", f->latest);
}

void gn_folder_give(const struct gn_folder *f)
{
	GN_CLEANUP(gn_free_p) char *above = gn_format("%s/..", f->path);

	if (!above)
		return;
	give_to_owner_of(above, f->path);
	for (size_t i = 0; i < GN_ARRAY_LEN(files); i++) {
		GN_CLEANUP(gn_free_p) char *file = gn_format("%s/%s", f->path, files[i]);

		if (file)
			give_to_owner_of(above, file);
	}
}

void gn_folder_give_all(const char *path)
{
	GN_CLEANUP(gn_free_p) char *above = gn_format("%s/..", path);
	DIR *d = opendir(path);

	if (above)
		give_to_owner_of(above, path);
	for (const struct dirent *e = d ? readdir(d) : NULL; e && above; e = readdir(d)) {
		GN_CLEANUP(gn_free_p) char *file = gn_format("%s/%s", path, e->d_name);

		if (file && e->d_type == DT_REG)
			give_to_owner_of(above, file);
		else if (file && e->d_type == DT_DIR && *e->d_name != '.')
			gn_folder_give_all(file);
	}
	if (d)
		closedir(d);
}

void gn_folder_remove(const struct gn_folder *f)
{
	for (size_t i = 0; i < GN_ARRAY_LEN(files); i++) {
		GN_CLEANUP(gn_free_p) char *file = gn_format("%s/%s", f->path, files[i]);

		if (file)
			remove(file); /* run.db-shm may be a folder, see src/store/guard.c */
	}
	if (f->made)
		rmdir(f->path);
	if (!f->latest)
		return;
	/* The topology's folder goes too if this would have been its first run. */
	GN_CLEANUP(gn_free_p) char *parent = gn_strdup(f->path);

	if (parent) {
		*strrchr(parent, '/') = '\0';
		rmdir(parent);
	}
}

void gn_folder_done(struct gn_folder *f)
{
	gn_close_p(&f->log_fd);
	free(f->path);
	free(f->shown);
	free(f->latest);
	*f = (struct gn_folder){ .log_fd = -1 };
}

/* Is there a run.db in the folder @path? Then its absolute path. */
static char *with_database(const char *path)
{
	GN_CLEANUP(gn_free_p) char *db = gn_format("%s/run.db", path);

	return db && access(db, F_OK) == 0 ? realpath(path, NULL) : NULL;
}

int gn_folder_find(const char *run, char **ret, struct gn_err *err)
{
	GN_CLEANUP(gn_free_p) char *latest = gn_format("results/%s/latest", run);
	struct stat st;
	char *found = NULL;

	if (!latest)
		return gn_fail(err, -ENOMEM, "out of memory");
	if (stat(run, &st) == 0 && S_ISDIR(st.st_mode)) {
		found = with_database(run);
		if (!found) { /* results/<name> itself is a natural thing to type */
			free(latest);
			latest = gn_format("%s/latest", run);
		}
	} else if (stat(run, &st) == 0) {
		GN_CLEANUP(gn_free_p) char *copy = realpath(run, NULL);
		char *slash = copy ? strrchr(copy, '/') : NULL;

		if (!slash || strcmp(slash, "/run.db"))
			return gn_fail(err, -EINVAL,
				       "%s: is not a result: give a folder with a run.db, or the run.db",
				       run);
		*slash = '\0';
		found = gn_strdup(copy);
	}
	if (!found && latest)
		found = with_database(latest);
	if (!found)
		return gn_fail(err, -EINVAL,
			       "%s: no such run: neither a folder with a run.db nor a topology with results "
			       "below results/ here",
			       run);
	*ret = found;
	return 0;
}

int gn_folder_show(const struct gn_folder *f, struct gn_err *err)
{
	GN_CLEANUP(gn_free_p) char *db = gn_format("%s/run.db", f->path);
	int r = db ? gn_summary_print(db, stdout, err) : gn_fail(err, -ENOMEM, "out of memory");

	if (!r)
		printf("result: %s/run.db\n", f->shown);
	return r;
}
