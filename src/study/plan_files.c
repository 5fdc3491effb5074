/* SPDX-License-Identifier: MIT */
/* What the points' topologies were made from, such that a change of it is seen when the study goes on. */
#include <stdio.h>
#include <string.h>

#include "study/planning.h"

static void close_p(FILE **f)
{
	if (*f)
		fclose(*f);
}

/* Return: 0 or -errno. */
static int hash_file(const char *path, uint64_t *ret)
{
	GN_CLEANUP(close_p) FILE *f = fopen(path, "re");
	char buf[1 << 16];
	size_t n;

	if (!f)
		return -errno;
	*ret = GN_HASH_START;
	while ((n = fread(buf, 1, sizeof(buf), f)))
		*ret = gn_hash_bytes(*ret, buf, n);
	return ferror(f) ? -EIO : 0;
}

static bool has_file(const struct gn_study_planning *p, const char *path)
{
	for (uint32_t i = 0; i < p->p.n_files; i++) {
		if (!strcmp(p->files[i].path, path))
			return true;
	}
	return false;
}

static int add_file(struct gn_study_planning *p, const char *path, struct gn_place place)
{
	struct gn_study_file f = { .path = gn_arena_copy(&p->arena, path, strlen(path)) };

	if (!f.path || gn_grow(&p->files, p->p.n_files, &p->cap_files, sizeof(*p->files)))
		return -ENOMEM;
	int r = hash_file(path, &f.hash);

	if (r)
		gn_fault_at(p->report, place, "cannot read \"%s\": %s", path, strerror(-r));
	p->files[p->p.n_files++] = f;
	return 0;
}

int gn_study_planning_origin(struct gn_study_planning *p, const struct gn_topology *t, struct gn_place place)
{
	const char *text = gn_topology_resolved(t), *path;
	int r = text ? 0 : -ENOMEM;

	if (text)
		p->p.topologies = gn_hash_bytes(p->p.topologies, text, strlen(text));
	for (size_t i = 0; !r && (path = gn_topology_file(t, i)); i++)
		r = has_file(p, path) ? 0 : add_file(p, path, place);
	return r;
}
