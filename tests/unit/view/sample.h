/* SPDX-License-Identifier: MIT */
/* A folder of its own and result files in it, for the tests of src/view. */
#ifndef GN_TEST_VIEW_SAMPLE_H
#define GN_TEST_VIEW_SAMPLE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "store/store.h"

struct place {
	char dir[64], db[96];
};

static inline int setup(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	if (!p)
		return -1;
	snprintf(p->dir, sizeof(p->dir), "/tmp/gn-view-XXXXXX");
	if (!mkdtemp(p->dir) || chmod(p->dir, 0755))
		return -1;
	snprintf(p->db, sizeof(p->db), "%s/run.db", p->dir);
	*state = p;
	return 0;
}

static inline int teardown(void **state)
{
	struct place *p = *state;
	char command[192];

	snprintf(command, sizeof(command), "chmod -R u+w %s && rm -rf %s", p->dir, p->dir);
	int r = system(command);

	free(p);
	return r;
}

#define TEST(f)	    cmocka_unit_test_setup_teardown(f, setup, teardown)
#define MEMBERS_MAX 64

static const struct gn_protocol sample_protocol = { .name = "push" };

/* An open result file of @members gossiping nodes. */
static inline struct gn_store *create(const struct place *p, uint32_t members, bool own_page_cache)
{
	struct gn_node nodes[MEMBERS_MAX] = { 0 };
	char name[MEMBERS_MAX][16];
	struct gn_store_options o = { .path = p->db, .own_page_cache = own_page_cache };
	struct gn_store *s = NULL;
	struct gn_err err = { "" };

	assert_true(members <= MEMBERS_MAX);
	for (uint32_t i = 0; i < members; i++) {
		snprintf(name[i], sizeof(name[i]), "n%u", i);
		nodes[i] = (struct gn_node){ .name = name[i], .group = "n", .member = i };
	}
	struct gn_topology t = {
		.name = "sample",
		.nodes = nodes,
		.n_nodes = members,
		.gossip = { .protocol = &sample_protocol, .n_members = members, .n_counted = members },
	};

	if (gn_store_create(&o, &t, &s, &err))
		fail_msg("%s", err.text);
	return s;
}

/* Publish an event at @t; it reaches the first @informed nodes, the k-th @step * k later. */
static inline void publish(struct gn_store *s, uint32_t event, int64_t t, const char *label,
			   uint32_t informed, int64_t step)
{
	struct gn_event_plan plan = { .label = label };

	assert_int_equal(gn_store_event(s, event, &plan, t, NULL), 0);
	for (uint32_t k = 0; k < informed; k++) {
		struct gn_arrival a = {
			.event = event, .node = k, .via = k ? 0 : GN_NONE, .t = t + step * k, .first = true
		};

		assert_int_equal(gn_store_arrival(s, &a, NULL), 0);
	}
}

static inline void finish(struct gn_store *s)
{
	assert_int_equal(gn_store_meta(s, "ended_by", "duration", NULL), 0);
	assert_int_equal(gn_store_close(s, NULL), 0);
}

#endif
