/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"
#include "import/import.h"
#include "util/log.h"
#include "util/save.h"

enum { FILE_BYTES_MAX = 64 << 20 };

static void close_file_p(FILE **f)
{
	if (*f)
		fclose(*f);
}

/* The whole file; @ret is owned by the caller. */
static int read_file(const char *path, char **ret, size_t *ret_n, struct gn_err *err)
{
	GN_CLEANUP(close_file_p) FILE *f = fopen(path, "re");

	if (!f)
		return gn_fail(err, -EINVAL, "%s: cannot read the file: %s", path, strerror(errno));
	int r = gn_slurp(f, FILE_BYTES_MAX, ret, ret_n);

	return r ? gn_fail(err, r == -ENOMEM ? r : -EINVAL, "%s: cannot read the file: %s", path,
			   strerror(-r))
		 : 0;
}

static int write_file(const char *path, const char *text, struct gn_err *err)
{
	struct gn_save file;
	int r = gn_save_begin(path, &file);

	if (!r)
		r = gn_save_end(&file, gn_write_all(file.fd, text, strlen(text)));
	return r ? gn_fail(err, r, "cannot write %s: %s", path, strerror(-r)) : 0;
}

int cmd_import(const struct gn_options *o, int argc GN_UNUSED, char **argv, struct gn_err *err)
{
	GN_CLEANUP(gn_faults_done) struct gn_faults faults = { 0 }, notes = { 0 };
	GN_CLEANUP(gn_free_p) char *text = NULL;
	GN_CLEANUP(gn_free_p) char *topology = NULL;
	enum gn_import_format format;
	size_t n = 0;

	if (!gn_import_format_of(argv[1], &format))
		return gn_fail(err, -EINVAL,
			       "%s: the name must end with .gml, .graphml or .csv, which says what it is",
			       argv[1]);
	int r = read_file(argv[1], &text, &n, err);

	if (!r) {
		r = gn_import_text(argv[1], format, text, n, &topology, &faults, &notes);
		if (r == -ENOMEM)
			return gn_fail(err, r, "out of memory");
		for (size_t i = 0; i < faults.n; i++)
			fprintf(stderr, "%s\n", faults.lines[i]);
	}
	if (r)
		return r;
	for (size_t i = 0; i < notes.n; i++)
		gn_log(GN_LOG_WARNING, "%s: %s", argv[1], notes.lines[i]);
	if (o->output && strcmp(o->output, "-") != 0)
		return write_file(o->output, topology, err);
	fputs(topology, stdout);
	return 0;
}
