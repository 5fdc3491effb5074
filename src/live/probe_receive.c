/* SPDX-License-Identifier: MIT */
#include "live/probe.h"

#include <linux/sock_diag.h>
#include <poll.h>
#include <string.h>

#include "live/probe_datagram.h"

enum {
	BATCH = 64,
	CLOCK_READINGS = 20,
	BUFFER = 32 << 20, /* of the largest datagrams a second's worth, at all that a guest can send */
};

/* Two readings of CLOCK_REALTIME - CLOCK_MONOTONIC differ by less, unless somebody has set the clock. */
#define CLOCK_TOLERANCE (50 * GN_USEC)
#define SETTLED		(500 * GN_MSEC)
#define NOTHING_AT_ALL	(5 * GN_SEC)

union control {
	struct cmsghdr header; /* for its alignment */
	char space[CMSG_SPACE(sizeof(struct timespec))];
};

struct batch {
	struct mmsghdr message[BATCH];
	struct iovec part[BATCH];
	struct gn_probe_datagram data[BATCH];
	union control control[BATCH];
};

struct receiver {
	struct gn_probe_arrivals *arrivals;
	uint64_t id;
	int fd, end;
	bool ended;	       /* the last datagram has been sent */
	gn_dur realtime_ahead; /* CLOCK_REALTIME, which the kernel stamps with, minus CLOCK_MONOTONIC */
	gn_time last_news;
	gn_dur longest_delay;
	struct batch batch;
};

/* The reading between two others that are closest is the best one. */
static gn_dur read_realtime_ahead(void)
{
	gn_dur best = GN_NEVER, ahead = 0;

	for (int i = 0; i < CLOCK_READINGS; i++) {
		struct timespec ts;
		gn_time before = gn_now();

		clock_gettime(CLOCK_REALTIME, &ts);
		gn_dur took = gn_now() - before;

		if (took >= best)
			continue;
		best = took;
		ahead = (gn_time)ts.tv_sec * GN_SEC + (gn_time)ts.tv_nsec - (before + took / 2);
	}
	return ahead;
}

int gn_probe_open(const struct in_addr *here, struct sockaddr_in *ret_bound, int *ret, struct gn_err *err)
{
	GN_CLEANUP(gn_close_p) int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr = *here };
	const int on = 1, size = BUFFER;
	socklen_t len = sizeof(a);

	if (fd < 0)
		return gn_fail(err, -errno, "socket: %m");
	if (setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)) < 0)
		return gn_fail(err, -errno, "asking for the times of arrival: %m");
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		return gn_fail(err, -errno, "a large receive buffer: %m");
	if (bind(fd, (const struct sockaddr *)&a, sizeof(a)) < 0 ||
	    getsockname(fd, (struct sockaddr *)&a, &len) < 0)
		return gn_fail(err, -errno, "binding to the node's address: %m");
	*ret_bound = a;
	*ret = gn_steal_fd(&fd);
	return 0;
}

/* When the kernel took it from the wire. The two clocks are read one after the other: nothing arrives before it was
 * sent. */
static gn_time arrival_of(const struct receiver *r, struct msghdr *m, gn_time sent)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(m);
	struct timespec ts;

	if (!c || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPNS)
		return GN_MAX(gn_now(), sent);
	memcpy(&ts, CMSG_DATA(c), sizeof(ts));
	gn_time t = (gn_time)ts.tv_sec * GN_SEC + (gn_time)ts.tv_nsec - r->realtime_ahead;

	return GN_MAX(t, sent);
}

static int take_one(struct receiver *r, unsigned i, struct gn_err *err)
{
	struct gn_probe_arrivals *all = r->arrivals;
	struct mmsghdr *m = &r->batch.message[i];
	const struct gn_probe_datagram *d = &r->batch.data[i];

	if (m->msg_len < sizeof(*d) || d->id != r->id)
		return 0;
	if (gn_grow(&all->list, all->n, &all->capacity, sizeof(*all->list)) < 0)
		return gn_fail(err, -ENOMEM, "out of memory");
	const struct gn_probe_arrival a = {
		.number = d->number,
		.sent = d->sent,
		.arrived = arrival_of(r, &m->msg_hdr, d->sent),
	};

	all->list[all->n++] = a;
	r->longest_delay = GN_MAX(r->longest_delay, a.arrived - a.sent);
	return 0;
}

/* Take what there is, a batch at most. MSG_TRUNC: of a large datagram only the beginning is looked at, which is no error.
 * News is what was read just now, however long it has waited in the socket: else a receiver that is behind would give up
 * what still waits there. Return: how many datagrams, anybody's; -Exxx. */
static int take_some(struct receiver *r, struct gn_err *err)
{
	const size_t before = r->arrivals->n;
	int n = 0, result = 0;

	for (unsigned i = 0; i < BATCH; i++) {
		r->batch.part[i] = (struct iovec){ &r->batch.data[i], sizeof(r->batch.data[i]) };
		r->batch.message[i].msg_hdr = (struct msghdr){
			.msg_iov = &r->batch.part[i],
			.msg_iovlen = 1,
			.msg_control = &r->batch.control[i],
			.msg_controllen = sizeof(r->batch.control[i]),
		};
	}
	n = recvmmsg(r->fd, r->batch.message, BATCH, MSG_DONTWAIT, NULL);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : gn_fail(err, -errno, "receiving: %m");
	for (unsigned i = 0; i < (unsigned)n && result == 0; i++)
		result = take_one(r, i, err);
	if (r->arrivals->n > before)
		r->last_news = gn_now();
	return result < 0 ? result : n;
}

/* When to stop waiting; GN_NEVER while datagrams are sent. */
static gn_time patience_ends(const struct receiver *r)
{
	if (!r->ended)
		return GN_NEVER;
	return r->last_news + (r->arrivals->n ? SETTLED + r->longest_delay : NOTHING_AT_ALL);
}

static int take_until_quiet(struct receiver *r, struct gn_err *err)
{
	for (;;) {
		struct pollfd p[] = { { .fd = r->fd, .events = POLLIN },
				      { .fd = r->ended ? -1 : r->end, .events = POLLIN } };
		const gn_time now = gn_now(), until = patience_ends(r);
		const struct timespec left = gn_timespec(until > now ? until - now : 0);

		if (ppoll(p, GN_ARRAY_LEN(p), r->ended ? &left : NULL, NULL) < 0 && errno != EINTR)
			return gn_fail(err, -errno, "waiting for datagrams: %m");
		int taken = take_some(r, err);

		if (taken < 0)
			return taken;
		if (patience_ends(r) <= now && taken < BATCH)
			return 0;
		if (p[1].revents) {
			r->ended = true;
			r->last_news = gn_now();
		}
	}
}

int gn_probe_receive(int fd, int end, uint64_t id, struct gn_probe_arrivals *a, struct gn_err *err)
{
	GN_CLEANUP(gn_free_p) struct receiver *r = calloc(1, sizeof(*r));
	uint32_t info[SK_MEMINFO_VARS] = { 0 };
	socklen_t size = sizeof(info);

	if (!r)
		return gn_fail(err, -ENOMEM, "out of memory");
	*r = (struct receiver){
		.arrivals = a, .id = id, .fd = fd, .end = end, .realtime_ahead = read_realtime_ahead()
	};
	int result = take_until_quiet(r, err);
	gn_dur moved = read_realtime_ahead() - r->realtime_ahead;

	if (result == 0 && moved + CLOCK_TOLERANCE > 2 * CLOCK_TOLERANCE)
		result = gn_fail(err, -EIO,
				 "the machine's clock was set while the datagrams were on their way");
	if (result == 0 && getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &size) == 0)
		a->refused = info[SK_MEMINFO_DROPS];
	return result;
}
