/* SPDX-License-Identifier: MIT */
/*
 * One end of a probe, started inside its node by `gossipnet probe`, with which it speaks over its standard streams:
 *
 *   probe-node receive ID                                        writes "ADDRESS PORT\n" when it is ready; at the end of
 *                                                                its input, soon: "N REFUSED\n" and N struct
 *                                                                gn_probe_arrival
 *   probe-node send ADDRESS PORT ID COUNT INTERVAL DURATION SIZE sends, then writes "START FIRST LAST N UNSENT\n"
 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"
#include "live/probe.h"
#include "topo/units.h"

static int receive(uint64_t id, struct gn_probe_arrivals *a, struct gn_err *err)
{
	GN_CLEANUP(gn_close_p) int fd = -1;
	struct sockaddr_in bound;
	struct in_addr here;
	char text[INET_ADDRSTRLEN];
	int r = gn_probe_own_address(&here, err);

	if (r == 0)
		r = gn_probe_open(&here, &bound, &fd, err);
	if (r < 0)
		return r;
	printf("%s %u\n", inet_ntop(AF_INET, &bound.sin_addr, text, sizeof(text)), ntohs(bound.sin_port));
	fflush(stdout);
	r = gn_probe_receive(fd, STDIN_FILENO, id, a, err);
	if (r < 0)
		return r;
	printf("%zu %" PRIu64 "\n", a->n, a->refused);
	fwrite(a->list, sizeof(*a->list), a->n, stdout);
	return 0;
}

static int send_flow(const char *address, const uint64_t numbers[6], struct gn_err *err)
{
	const struct gn_probe_flow flow = {
		.id = numbers[1],
		.count = numbers[2],
		.interval = numbers[3],
		.duration = numbers[4],
		.size = (uint32_t)GN_MIN(numbers[5], (uint64_t)GN_PROBE_SIZE_MAX),
	};
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)numbers[0]) };
	struct gn_probe_sent sent;
	struct in_addr here;
	int r = gn_probe_own_address(&here, err);

	if (r == 0 && inet_pton(AF_INET, address, &to.sin_addr) != 1)
		r = gn_fail(err, -EINVAL, "%s is no address", address);
	if (r == 0)
		r = gn_probe_send(&to, &flow, &sent, err);
	if (r == 0)
		printf("%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", sent.start,
		       sent.first, sent.last, sent.n, sent.n_refused);
	return r;
}

int cmd_probe_node(const struct gn_options *o GN_UNUSED, int argc, char **argv, struct gn_err *err)
{
	struct gn_probe_arrivals arrivals = { 0 };
	uint64_t numbers[6] = { 0 };
	bool sends = !strcmp(argv[1], "send");
	int first = sends ? 3 : 2, n = argc - first, r = 0;

	if (n != (sends ? 6 : 1))
		return gn_fail(err, -EINVAL, "probe-node: %d arguments are not what gossipnet probe gives",
			       argc);
	for (int i = 0; i < n; i++)
		if (!gn_whole_parse(argv[first + i], &numbers[i]))
			return gn_fail(err, -EINVAL, "probe-node: %s is no number", argv[first + i]);
	if (sends)
		return send_flow(argv[2], numbers, err);
	r = receive(numbers[0], &arrivals, err);
	free(arrivals.list);
	return r;
}
