/* SPDX-License-Identifier: MIT */
/* Studies from texts, for the tests of src/study: each in a folder of its own. */
#ifndef GN_TEST_STUDY_H
#define GN_TEST_STUDY_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "plugin/plugin.h"
#include "proto/proto.h"
#include "study/plan.h"

struct folder {
	char path[64];
};

static inline struct folder folder_make(void)
{
	struct folder f = { "/tmp/gn-study-test-XXXXXX" };

	assert_non_null(mkdtemp(f.path));
	return f;
}

static inline void folder_write(const struct folder *f, const char *name, const char *text)
{
	GN_CLEANUP(gn_free_p) char *path = gn_format("%s/%s", f->path, name);
	FILE *out = fopen(path, "w");

	assert_non_null(out);
	fputs(text, out);
	assert_int_equal(fclose(out), 0);
}

static inline void folder_remove(const struct folder *f)
{
	GN_CLEANUP(gn_free_p) char *command = gn_format("rm -rf %s", f->path);

	assert_int_equal(system(command), 0);
}

/* Load study.yaml of the folder: the plan, or NULL and in *ret_faults the faults without the folder's name. */
static inline struct gn_study_plan *plan_load(const struct folder *f, char **ret_faults)
{
	GN_CLEANUP(gn_free_p) char *path = gn_format("%s/study.yaml", f->path);
	const struct gn_load_options o = { .file = path,
					   .find_protocol = gn_plugin_find,
					   .protocol_at = gn_protocol_at };
	struct gn_faults faults = { 0 };
	struct gn_study_plan *p = NULL;
	int r = gn_study_plan_load(&o, &p, &faults);

	assert_int_equal(r, faults.n ? -EINVAL : 0);
	*ret_faults = gn_strdup("");
	for (size_t i = 0; i < faults.n; i++) {
		const char *line = faults.lines[i];
		char *more;

		if (!strncmp(line, f->path, strlen(f->path)))
			line += strlen(f->path) + 1;
		more = gn_format("%s%s\n", *ret_faults, line);
		free(*ret_faults);
		*ret_faults = more;
	}
	gn_faults_done(&faults);
	return p;
}

/* A plan from a text that has no faults. */
static inline struct gn_study_plan *plan_of(const char *study)
{
	struct folder f = folder_make();
	char *faults;

	folder_write(&f, "study.yaml", study);
	struct gn_study_plan *p = plan_load(&f, &faults);

	assert_string_equal(faults, "");
	free(faults);
	folder_remove(&f);
	return p;
}

#endif
