/* SPDX-License-Identifier: MIT */
/*
 * A result file like that of a run, for the tests of what reads one: push-pull with Poisson clocks of
 * period 200 ms, no delay.
 *
 * Usage: sample_run DB NODES EVENTS [MISSING [LABEL]]
 *
 * MISSING nodes never hear of an event; with LABEL, the first event has it. EVENTS 0: nothing
 * happens. NODES - MISSING 0: the events arrive nowhere.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "store/store.h"
#include "util/rand.h"

static void must(int r, const struct gn_err *err)
{
	if (!r)
		return;
	fprintf(stderr, "sample_run: %s\n", err->text);
	exit(1);
}

static double uniform(struct gn_rand *r)
{
	return ((double)(gn_rand_next(r) >> 11) + 0.5) / 9007199254740992.0;
}

static void spread(struct gn_store *s, struct gn_rand *r, uint32_t event, uint32_t nodes, uint32_t informed)
{
	double t = (double)event * 5e8;
	struct gn_err err;

	for (uint32_t k = 0; k < informed; k++) {
		struct gn_arrival a = {
			.event = event, .node = k, .via = k ? 0 : GN_NONE, .hop = k > 0, .first = true
		};

		if (k)
			t += -log(uniform(r)) * 2e8 * (nodes - 1.0) / (2.0 * k * (nodes - k));
		a.t = (int64_t)t;
		a.sent = a.t;
		must(gn_store_arrival(s, &a, &err), &err);
	}
}

static void stats(struct gn_store *s, uint32_t nodes)
{
	struct gn_err err;

	for (uint32_t i = 0; i < nodes; i++) {
		must(gn_store_node_stat(s, i, "datagrams_sent", 50 + i % 3, &err), &err);
		must(gn_store_node_stat(s, i, "bytes_sent", 4000 + i % 3 * 500, &err), &err);
		must(gn_store_node_stat(s, i, "timer_lateness_p99_ns", 250000 + i, &err), &err);
		must(gn_store_node_stat(s, i, "log_dropped", 0, &err), &err);
	}
	must(gn_store_meta_int(s, "timer_lateness_p99_ns", 240000, &err), &err);
	must(gn_store_meta_int(s, "ended_ns", 10 * (int64_t)GN_SEC, &err), &err);
	must(gn_store_meta(s, "ended_by", "duration", &err), &err);
}

int main(int argc, char **argv)
{
	uint32_t n = argc > 2 ? (uint32_t)atoi(argv[2]) : 0, missing = argc > 4 ? (uint32_t)atoi(argv[4]) : 0;
	const struct gn_shape shape = { .delay = 10 * GN_MSEC, .jitter = 2 * GN_MSEC, .loss_ppm = 10000 };
	struct gn_node *nodes = calloc(n + 1, sizeof(*nodes));
	struct gn_link *links = calloc(n + 1, sizeof(*links));
	struct gn_store *s = NULL;
	struct gn_rand r;
	struct gn_err err;

	if (argc < 4 || !nodes || !links)
		return 2;
	for (uint32_t i = 0; i < n; i++) {
		nodes[i] = (struct gn_node){
			.name = gn_format("n%u", i + 1), .group = "n", .ip = 0x0a000001 + i, .member = i
		};
		links[i] = (struct gn_link){ .node = { i, n }, .shape = { shape, shape } };
	}
	nodes[n] = (struct gn_node){ .name = "lan", .group = "lan", .kind = GN_SWITCH, .member = GN_NONE };
	static const struct gn_protocol protocol = { .name = "push-pull" };
	const struct gn_topology t = {
		.name = "quickstart",
		.seed = 1,
		.duration = 10 * GN_SEC,
		.nodes = nodes,
		.n_nodes = n + 1,
		.links = links,
		.n_links = n,
		.gossip = { .protocol = &protocol,
			    .fanout = 1,
			    .period = 200 * GN_MSEC,
			    .n_members = n,
			    .n_counted = n },
	};
	const struct gn_store_options o = { .path = argv[1] };

	must(gn_store_create(&o, &t, &s, &err), &err);
	gn_rand_init(&r, 1, GN_RAND_SCHEDULE, 0);
	for (uint32_t e = 0; e < (uint32_t)atoi(argv[3]); e++) {
		struct gn_event_plan plan = { .label = argc > 5 && e == 0 ? argv[5] : "" };

		must(gn_store_event(s, e, &plan, (int64_t)e * 500000000, &err), &err);
		spread(s, &r, e, n, n - missing);
	}
	stats(s, n);
	must(gn_store_close(s, &err), &err);
	for (uint32_t i = 0; i < n; i++)
		free((char *)nodes[i].name);
	free(nodes);
	free(links);
	return 0;
}
