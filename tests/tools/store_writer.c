/* SPDX-License-Identifier: MIT */
/*
 * Writes arrivals into a result file as a run does, four batches a second, for the tests that kill
 * the writer or take its disk away.
 *
 * Usage: store_writer DB host|guest ROWS SECONDS
 *        store_writer DB guard
 *
 * ROWS a second, numbered by sent_ns, t_ns the time of day. Ends with exit status 1 and the store's
 * sentence on standard error at the first failure; closes the store in any case.
 *
 * "guard" is the host's side of a guest that writes: says "guarded", and at the end of its standard input
 * tidies up.
 */
#include <stdio.h>
#include <string.h>

#include "store/store.h"

#define BATCHES 4 /* a second */

static int64_t time_of_day(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * (int64_t)GN_SEC + ts.tv_nsec;
}

static int write_batch(struct gn_store *s, int64_t first, int64_t rows, struct gn_err *err)
{
	for (int64_t i = first; i < first + rows; i++) {
		struct gn_arrival a = {
			.node = (uint32_t)i, .via = 1, .t = time_of_day(), .sent = i, .first = true
		};
		int r = gn_store_arrival(s, &a, err);

		if (r)
			return r;
	}
	return gn_store_commit(s, err);
}

static int write_all(struct gn_store *s, int64_t per_batch, int64_t batches, struct gn_err *err)
{
	gn_time next = gn_now();

	for (int64_t i = 0; i < batches; i++) {
		int r = write_batch(s, i * per_batch, per_batch, err);

		if (r)
			return r;
		next += GN_SEC / BATCHES;
		struct timespec until = gn_timespec(next);

		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
	}
	return 0;
}

static int guard(const char *path)
{
	struct gn_err err;
	int fd = -1;

	if (gn_store_guard(path, &fd, &err)) {
		fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	puts("guarded");
	fflush(stdout);
	while (getchar() != EOF)
		;
	close(fd);
	gn_store_tidy(path);
	return 0;
}

int main(int argc, char **argv)
{
	static const struct gn_protocol protocol = { .name = "push" };
	struct gn_topology t = { .name = "written", .gossip.protocol = &protocol };
	struct gn_event_plan plan = { .label = "" };
	struct gn_store *s = NULL;
	struct gn_err err, closing;

	if (argc == 3 && !strcmp(argv[2], "guard"))
		return guard(argv[1]);
	if (argc != 5)
		return 2;
	struct gn_store_options o = { .path = argv[1], .own_page_cache = !strcmp(argv[2], "guest") };
	int r = gn_store_create(&o, &t, &s, &err);

	if (!r)
		r = gn_store_event(s, 0, &plan, 0, &err);
	if (!r)
		r = write_all(s, atoll(argv[3]) / BATCHES, atoll(argv[4]) * BATCHES, &err);
	if (gn_store_close(s, &closing) && !r) {
		r = -EIO;
		err = closing;
	}
	if (r)
		fprintf(stderr, "%s\n", err.text);
	return r != 0;
}
