/* SPDX-License-Identifier: MIT */
#include "live/probe.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <string.h>
#include <sys/prctl.h>

#include "live/probe_datagram.h"
#include "topo/topology.h"

int gn_probe_own_address(struct in_addr *ret, struct gn_err *err)
{
	struct ifaddrs *all;
	bool found = false;

	if (getifaddrs(&all) < 0)
		return gn_fail(err, -errno, "the node's addresses: %m");
	for (const struct ifaddrs *a = all; a && !found; a = a->ifa_next) {
		if (!a->ifa_addr || a->ifa_addr->sa_family != AF_INET || a->ifa_flags & IFF_LOOPBACK)
			continue;
		*ret = ((const struct sockaddr_in *)(const void *)a->ifa_addr)->sin_addr;
		found = true;
	}
	freeifaddrs(all);
	if (found)
		return 0;
	char name[GN_NODE_NAME_MAX + 1] = "";

	gethostname(name, sizeof(name) - 1);
	return gn_fail(err, -EADDRNOTAVAIL,
		       "%s has no address; only hosts and routers can be measured between", name);
}

struct sender {
	const struct gn_probe_flow *flow;
	int fd;
	uint8_t data[GN_PROBE_SIZE_MAX];
	struct gn_probe_sent sent;
};

/* A moment that has passed is not waited for: what is late is sent at once. */
static void sleep_until(gn_time moment)
{
	struct timespec at = gn_timespec(moment);

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR)
		;
}

/* Wait for the time of datagram @number. Return: whether it may still be sent. */
static bool wait_for_turn(const struct sender *s, uint64_t number)
{
	gn_dur after = number * s->flow->interval;

	if (number == 0 || s->flow->interval)
		sleep_until(s->sent.start + after);
	else
		after = gn_now() - s->sent.start;
	return after < s->flow->duration;
}

static void send_one(struct sender *s, uint64_t number)
{
	struct gn_probe_datagram d = { .id = s->flow->id, .number = number };

	d.sent = gn_now();
	memcpy(s->data, &d, sizeof(d));
	if (send(s->fd, s->data, s->flow->size, 0) < 0)
		s->sent.n_refused++;
	if (number == 0)
		s->sent.first = d.sent;
	s->sent.last = d.sent;
	s->sent.n++;
}

int gn_probe_send(const struct sockaddr_in *to, const struct gn_probe_flow *flow, struct gn_probe_sent *ret,
		  struct gn_err *err)
{
	GN_CLEANUP(gn_close_p) int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sender s = { .flow = flow, .fd = fd };

	if (fd < 0 || connect(fd, (const struct sockaddr *)to, sizeof(*to)) < 0)
		return gn_fail(err, -errno, "cannot send: %m");
	prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0); /* ns; the default would make every datagram up to 50 us late */
	s.sent.start = gn_now() + GN_MSEC;
	s.sent.interval = flow->interval;
	s.sent.frame_bytes = flow->size + GN_PROBE_HEADERS;
	for (uint64_t i = 0; i < flow->count && wait_for_turn(&s, i); i++)
		send_one(&s, i);
	*ret = s.sent;
	return 0;
}
