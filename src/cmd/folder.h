/* SPDX-License-Identifier: MIT */
/* Result folders: results/<name>/<UTC time>-<seed>/ and results/<name>/latest; see gossipnet-results(5). */
#ifndef GN_CMD_FOLDER_H
#define GN_CMD_FOLDER_H

#include "topo/topology.h"

struct gn_folder {
	char *path;   /* absolute; owned */
	char *shown;  /* as the user would type it; owned */
	char *latest; /* the link to set, or NULL with -o; owned */
	bool made;    /* the folder itself is ours, not one that was there, empty */
	int log_fd;   /* the file `log`, for appending; -1 before */
};

/**
 * gn_folder_create() - make the folder of a new run with its topology.yaml and an empty log.
 * @output: -o, or NULL for the default place below the working folder.
 * @resolved: text of topology.yaml.
 *
 * Run by root in somebody else's folder (sudo), what is made belongs to that folder's owner.
 * Return: 0 or -Exxx with a sentence; nothing is left on failure.
 */
int gn_folder_create(struct gn_folder *f, const struct gn_topology *t, const char *output,
		     const char *resolved, struct gn_err *err);

/* mkdir -p; each part that is made belongs to the owner of the one above. @path is as before in the end. */
int gn_folder_make(char *path, struct gn_err *err);

/* The folder that -o names: made, or one that is there and empty. */
int gn_folder_make_given(const char *output, bool *ret_made, struct gn_err *err);

/* Give a folder and all that is in it to the owner of the folder above. */
void gn_folder_give_all(const char *path);

/* Point `latest` here: the run has a run.db now. */
int gn_folder_publish(const struct gn_folder *f, struct gn_err *err);

/* Give the files of the folder to its owner; after run.db is complete. */
void gn_folder_give(const struct gn_folder *f);

/* The run came to nothing: remove what gn_folder_create() made. */
void gn_folder_remove(const struct gn_folder *f);
void gn_folder_done(struct gn_folder *f);

/**
 * gn_folder_find() - the result folder that @run means: a folder, its run.db, or a topology's name.
 * @ret: absolute path, owned by the caller. Return: 0; -EINVAL with a sentence; -ENOMEM.
 */
int gn_folder_find(const char *run, char **ret, struct gn_err *err);

/* Print the summary of the run in the folder, and where it is. */
int gn_folder_show(const struct gn_folder *f, struct gn_err *err);

#endif
