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

static const struct gn_study_file *find_file(const struct gn_study_file *files, uint32_t n, const char *path)
{
	for (uint32_t i = 0; i < n; i++) {
		if (!strcmp(files[i].path, path))
			return &files[i];
	}
	return NULL;
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

int gn_study_planning_origin(struct gn_study_planning *p, uint32_t point, const struct gn_topology *t,
			     struct gn_place place)
{
	uint64_t *hash = &p->points[point].topology;
	int r = gn_topology_hash(t, hash);
	const char *path;

	p->p.topologies = gn_hash_bytes(p->p.topologies, hash, sizeof(*hash));
	for (size_t i = 0; !r && (path = gn_topology_file(t, i)); i++)
		r = find_file(p->files, p->p.n_files, path) ? 0 : add_file(p, path, place);
	return r;
}

static int has_changed(const char *what, struct gn_err *err)
{
	return gn_fail(
		err, -EINVAL,
		"%s has changed since the study began; change it back, or begin anew in another folder",
		what);
}

int gn_study_check_run(const struct gn_study_plan *p, uint32_t run, const struct gn_topology *t,
		       struct gn_err *err)
{
	uint64_t hash;
	const char *path;

	if (gn_topology_hash(t, &hash))
		return gn_fail(err, -ENOMEM, "out of memory");
	if (hash != p->points[gn_study_point_of(p, run)].topology)
		return has_changed("the topology", err);
	for (size_t i = 0; (path = gn_topology_file(t, i)); i++) {
		const struct gn_study_file *f = find_file(p->files, p->n_files, path);
		int r = f ? hash_file(path, &hash) : 0;

		if (r)
			return gn_fail(err, r, "cannot read \"%s\": %s", path, strerror(-r));
		if (!f || hash != f->hash)
			return has_changed(path, err);
	}
	return 0;
}
