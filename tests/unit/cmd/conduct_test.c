/* SPDX-License-Identifier: MIT */
/* Actions by hand, and what the schedule does after them, on a network that only remembers what it was told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* The command layer itself is not linked: it holds main(). */
#include "cmd/conduct.c"
#include "cmd/delays.c"
#include "cmd/judge.c"
#include "plugin/plugin.h"
#include "proto/proto.h"

/* ---- what the conductor talks to ---- */

static uint32_t n_shaped, n_killed;
static char rows[4096]; /* WHAT TARGET: DETAIL, of the table action */

int gn_network_shape(struct gn_network *n GN_UNUSED, const uint32_t *directions_ GN_UNUSED, uint32_t count,
		     const struct gn_shape *shapes GN_UNUSED, struct gn_err *err GN_UNUSED)
{
	n_shaped += count;
	return 0;
}

int gn_network_down(struct gn_network *n GN_UNUSED, const uint32_t *links GN_UNUSED, uint32_t count GN_UNUSED,
		    bool down GN_UNUSED, struct gn_err *err GN_UNUSED)
{
	return 0;
}

int gn_network_partition(struct gn_network *n GN_UNUSED, const uint8_t *part GN_UNUSED,
			 struct gn_err *err GN_UNUSED)
{
	return 0;
}

int gn_network_cut_drops(const struct gn_network *n GN_UNUSED, uint64_t *ret_parted GN_UNUSED,
			 uint64_t *ret_down GN_UNUSED, struct gn_err *err GN_UNUSED)
{
	return 0;
}

int gn_store_action(struct gn_store *s GN_UNUSED, int64_t t GN_UNUSED, const char *what, const char *target,
		    const char *detail, struct gn_err *err GN_UNUSED)
{
	const size_t at = strlen(rows);

	snprintf(rows + at, sizeof(rows) - at, "%s %s: %s\n", what, target, detail);
	return 0;
}

int gn_store_meta_int(struct gn_store *s GN_UNUSED, const char *key GN_UNUSED, int64_t value GN_UNUSED,
		      struct gn_err *err GN_UNUSED)
{
	return 0;
}

bool gn_nodes_kill(struct gn_nodes *n GN_UNUSED, uint32_t member GN_UNUSED)
{
	n_killed++;
	return true;
}

#define NO_EFFECT(name)                                                    \
	bool name(struct gn_nodes *n GN_UNUSED, uint32_t member GN_UNUSED) \
	{                                                                  \
		return false;                                              \
	}
NO_EFFECT(gn_nodes_leave)
NO_EFFECT(gn_nodes_pause)
NO_EFFECT(gn_nodes_resume)
NO_EFFECT(gn_nodes_gone)

bool gn_nodes_drop_next(struct gn_nodes *n GN_UNUSED, uint32_t member GN_UNUSED, uint32_t datagrams GN_UNUSED)
{
	return false;
}

int gn_nodes_prepare(struct gn_nodes *n GN_UNUSED, uint32_t member GN_UNUSED,
		     const struct gn_network *net GN_UNUSED, struct gn_err *err GN_UNUSED)
{
	return 0;
}

int gn_nodes_restart(struct gn_nodes *n GN_UNUSED, uint32_t member GN_UNUSED, gn_time born GN_UNUSED,
		     const struct gn_network *net GN_UNUSED, struct gn_err *err GN_UNUSED)
{
	return 0;
}

int gn_cgroups_join(struct gn_cgroups *c GN_UNUSED, const char *node GN_UNUSED, pid_t pid GN_UNUSED,
		    struct gn_err *err GN_UNUSED)
{
	return 0;
}

int gn_cgroups_limit(struct gn_cgroups *c GN_UNUSED, enum gn_cgroup_kind kind GN_UNUSED,
		     const char *node GN_UNUSED, pid_t pid GN_UNUSED, uint64_t value GN_UNUSED,
		     struct gn_err *err GN_UNUSED)
{
	return 0;
}

void gn_collector_bury(struct gn_collector *c GN_UNUSED, uint32_t member GN_UNUSED, bool for_good GN_UNUSED)
{
}

int gn_collector_revive(struct gn_collector *c GN_UNUSED, uint32_t member GN_UNUSED, gn_time born GN_UNUSED,
			struct gn_err *err GN_UNUSED)
{
	return 0;
}

int gn_collector_hear_origin(struct gn_collector *c GN_UNUSED, uint32_t event GN_UNUSED,
			     struct gn_err *err GN_UNUSED)
{
	return 0;
}

bool gn_collector_is_lost(const struct gn_collector *c GN_UNUSED, uint32_t event GN_UNUSED,
			  gn_time now GN_UNUSED)
{
	return false;
}

/* ---- a run ---- */

struct run {
	struct gn_topology *t;
	struct gn_nodes nodes;
	struct gn_node_process processes[3];
	struct gn_collector collector;
	struct gn_conduct *conduct;
};

/* It began a second ago; the links, l1 to l3, have what is given. */
static void begin(struct run *r, const char *shape, const char *schedule)
{
	GN_CLEANUP(gn_faults_done) struct gn_faults faults = { 0 };
	char path[] = "/tmp/gossipnet-conduct-XXXXXX";
	int fd = mkstemp(path);
	struct gn_err err;

	assert_true(fd >= 0);
	dprintf(fd,
		"duration: 20s\nnodes: [{name: n, count: 3}, {name: s, kind: switch}]\n"
		"links: [{between: [n, s], %s}]\nschedule:\n%s",
		shape, schedule);
	close(fd);
	const struct gn_load_options o = { .file = path,
					   .find_protocol = gn_plugin_find,
					   .protocol_at = gn_protocol_at };

	*r = (struct run){ .t = NULL };
	assert_int_equal(gn_topology_load(&o, &r->t, &faults), 0);
	unlink(path);
	r->nodes = (struct gn_nodes){ .topology = r->t, .processes = r->processes };
	assert_int_equal(gn_delays_init(&r->collector.delays, r->t), 0);
	const struct gn_conduct_options co = {
		.topology = r->t, .nodes = &r->nodes, .collector = &r->collector, .start = gn_now() - GN_SEC
	};

	assert_int_equal(gn_conduct_new(&co, &r->conduct, &err), 0);
	n_shaped = n_killed = 0;
	*rows = '\0';
}

static void end(struct run *r)
{
	gn_conduct_free(r->conduct);
	gn_delays_done(&r->collector.delays);
	gn_topology_free(r->t);
}

/* What is due until so long from now is due now. */
static void advance(struct run *r, gn_dur time)
{
	r->conduct->o.start -= time;
}

static void hands_do_not_end_a_run(void **state GN_UNUSED)
{
	struct run r;
	struct gn_err err;
	int64_t t;

	begin(&r, "delay: 10ms", "  - {at: 2s, set: [n1, s], jitter: 5ms}\n  - {at: 3s, kill: n2}\n");
	assert_int_equal(gn_conduct_by_hand(r.conduct, "set: [n1, s], delay: 1ms", &t, &err), 0);
	advance(&r, 3 * GN_SEC);
	assert_int_equal(gn_conduct_due(r.conduct, &err), 0);
	assert_non_null(strstr(rows, "set n1 - s: jitter 5ms; no effect: jitter"));
	assert_int_equal(n_killed, 1); /* the run has gone on */
	assert_int_equal(n_shaped, 2);
	assert_int_equal(r.collector.fields_set, GN_SHAPE_DELAY); /* which the judge is told */
	end(&r);
}

static void hands_do_all_or_nothing(void **state GN_UNUSED)
{
	struct run r;
	struct gn_err err;
	int64_t t;

	begin(&r, "delay: 10ms", "  - {at: 5s, kill: n2}\n");
	assert_int_equal(
		gn_conduct_by_hand(r.conduct,
				   "set: [n1, s], a_to_b: {delay: 20ms}, b_to_a: {jitter: 11ms}, for: 1s", &t,
				   &err),
		-EINVAL);
	assert_int_equal(n_shaped, 0);
	assert_string_equal(rows, "");
	end(&r);
}

static void what_is_not_due_waits(void **state GN_UNUSED)
{
	struct run r;
	struct gn_err err;
	int64_t t;

	begin(&r, "delay: 10ms", "  - {at: 19s, kill: n2}\n");
	/* Their deaths come in some seconds. */
	assert_int_equal(gn_conduct_by_hand(r.conduct, "churn: n, every: 5s, seed: 1", &t, &err), 0);
	assert_int_equal(n_killed, 0);
	advance(&r, 20 * GN_SEC);
	assert_int_equal(gn_conduct_due(r.conduct, &err), 0);
	assert_in_range(n_killed, 2, 100);
	end(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hands_do_not_end_a_run),
		cmocka_unit_test(hands_do_all_or_nothing),
		cmocka_unit_test(what_is_not_due_waits),
	};

	return cmocka_run_group_tests_name("conduct", tests, NULL, NULL);
}
