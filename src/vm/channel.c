/* SPDX-License-Identifier: MIT */
#include "vm/channel.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

enum {
	HEADER = 5,
	FRAME_MAX = HEADER + GN_MESSAGE_MAX,
	/* Room for more than one frame, so that a read seldom ends in the middle of one. */
	INPUT_SIZE = 4 * FRAME_MAX,
	/* The guest's terminal layer stops the line when fewer than 128 of its 4096 bytes are free. */
	SERIAL_WINDOW = 3072,
	SERIAL_REPORT = 1024,
	INTERNAL = 2, /* of parse() */
};

struct gn_channel {
	int fd;
	bool socket;
	bool closed; /* the other side is gone; what had come before can still be read */
	int passed[GN_CHANNEL_FDS];

	enum gn_serial_end serial; /* 0: not a serial line */
	bool held;		   /* GN_SERIAL_HOST: the guest has not spoken yet */
	size_t under_way;	   /* GN_SERIAL_HOST: bytes written and not known to be read */
	size_t unreported;	   /* GN_SERIAL_GUEST: bytes read and not told */

	uint8_t *out; /* bytes [out_start, out_end) wait to be sent */
	size_t out_start, out_end, out_size, queue_max;

	uint8_t *in; /* bytes [in_start, in_end) have come and are not consumed */
	size_t in_start, in_end;
};

static void forget_passed(struct gn_channel *c)
{
	for (int i = 0; i < GN_CHANNEL_FDS; i++) {
		gn_close_p(&c->passed[i]);
		c->passed[i] = -1;
	}
}

int gn_channel_new(int fd, size_t queue_max, struct gn_channel **ret, struct gn_err *err)
{
	GN_CLEANUP(gn_close_p) int owned = fd;
	struct gn_channel *c = calloc(1, sizeof(*c));
	int flags = fcntl(fd, F_GETFL), kind;
	socklen_t size = sizeof(kind);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0) {
		free(c);
		return gn_fail(err, -errno, "channel: %m");
	}
	if (c)
		c->in = malloc(INPUT_SIZE);
	if (!c || !c->in) {
		free(c);
		return gn_fail(err, -ENOMEM, "out of memory");
	}
	c->fd = gn_steal_fd(&owned);
	c->socket = getsockopt(fd, SOL_SOCKET, SO_TYPE, &kind, &size) == 0;
	c->queue_max = queue_max;
	for (int i = 0; i < GN_CHANNEL_FDS; i++)
		c->passed[i] = -1;
	*ret = c;
	return 0;
}

struct gn_channel *gn_channel_free(struct gn_channel *c)
{
	if (!c)
		return NULL;
	forget_passed(c);
	gn_close_p(&c->fd);
	free(c->in);
	free(c->out);
	free(c);
	return NULL;
}

void gn_channel_set_serial(struct gn_channel *c, enum gn_serial_end end)
{
	c->serial = end;
	c->held = end == GN_SERIAL_HOST;
}

bool gn_channel_spoken(const struct gn_channel *c)
{
	return !c->held;
}

int gn_channel_fd(const struct gn_channel *c)
{
	return c->fd;
}

size_t gn_channel_queued(const struct gn_channel *c)
{
	return c->out_end - c->out_start;
}

/* Bytes of the queue that may be written now. */
static size_t sendable(const struct gn_channel *c)
{
	size_t queued = gn_channel_queued(c);

	if (c->held)
		return 0;
	return c->serial == GN_SERIAL_HOST ? GN_MIN(queued, SERIAL_WINDOW - c->under_way) : queued;
}

short gn_channel_events(const struct gn_channel *c)
{
	return (short)(POLLIN | (sendable(c) ? POLLOUT : 0));
}

static int gone(struct gn_err *err)
{
	return gn_fail(err, -EPIPE, "the other side has closed the channel");
}

/* Make room for @len more bytes at the end of the queue. */
static int reserve(struct gn_channel *c, size_t len, struct gn_err *err)
{
	size_t queued = gn_channel_queued(c);

	if (queued + len > c->queue_max)
		return gn_fail(err, -ENOBUFS, "the other side does not read: %zu bytes wait for it", queued);
	if (c->out_start && (queued == 0 || c->out_end + len > c->out_size)) {
		memmove(c->out, c->out + c->out_start, queued);
		c->out_start = 0;
		c->out_end = queued;
	}
	if (c->out_end + len <= c->out_size)
		return 0;
	size_t size = GN_MAX(c->out_size * 2, c->out_end + len);
	uint8_t *more = realloc(c->out, size);

	if (!more)
		return gn_fail(err, -ENOMEM, "out of memory");
	c->out = more;
	c->out_size = size;
	return 0;
}

static void put_header(uint8_t header[HEADER], enum gn_message_type type, size_t len)
{
	for (int i = 0; i < 4; i++)
		header[i] = (uint8_t)(len >> (8 * i));
	header[4] = (uint8_t)type;
}

int gn_channel_send(struct gn_channel *c, enum gn_message_type type, const void *data, size_t len,
		    struct gn_err *err)
{
	if (len > GN_MESSAGE_MAX)
		return gn_fail(err, -EMSGSIZE, "a message of %zu bytes is too long", len);
	if (c->closed)
		return gone(err);
	int r = reserve(c, HEADER + len, err);

	if (r < 0)
		return r;
	put_header(c->out + c->out_end, type, len);
	if (len)
		memcpy(c->out + c->out_end + HEADER, data, len);
	c->out_end += HEADER + len;
	return gn_channel_flush(c, err);
}

int gn_channel_send_pack(struct gn_channel *c, enum gn_message_type type, const struct gn_pack *p,
			 struct gn_err *err)
{
	if (p->overflow)
		return gn_fail(err, -EMSGSIZE, "the message is longer than %d bytes", GN_MESSAGE_MAX);
	return gn_channel_send(c, type, p->data, p->len, err);
}

static ssize_t put(const struct gn_channel *c, const void *data, size_t len)
{
	return c->socket ? send(c->fd, data, len, MSG_NOSIGNAL) : write(c->fd, data, len);
}

int gn_channel_flush(struct gn_channel *c, struct gn_err *err)
{
	for (size_t len; (len = sendable(c)) > 0;) {
		ssize_t n = put(c, c->out + c->out_start, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n == 0 || (n < 0 && errno == EAGAIN))
			return 0;
		if (n < 0) {
			c->closed = true;
			return gone(err);
		}
		c->out_start += (size_t)n;
		if (c->serial == GN_SERIAL_HOST)
			c->under_way += (size_t)n;
	}
	return 0;
}

/* Wait for @events until @deadline. Return: 0, or -ETIMEDOUT. */
static int wait_for(const struct gn_channel *c, short events, gn_time deadline, struct gn_err *err)
{
	for (;;) {
		gn_time now = gn_now();
		struct pollfd p = { .fd = c->fd, .events = events };

		if (now >= deadline)
			return gn_fail(err, -ETIMEDOUT, "the other side does not answer");
		struct timespec left = gn_timespec(deadline - now);

		if (ppoll(&p, 1, &left, NULL) > 0)
			return 0;
	}
}

int gn_channel_drain(struct gn_channel *c, gn_dur patience, struct gn_err *err)
{
	gn_time deadline = gn_now() + patience;

	for (;;) {
		int r = gn_channel_flush(c, err);

		if (r < 0 || gn_channel_queued(c) == 0)
			return r;
		r = wait_for(c, POLLOUT, deadline, err);
		if (r < 0)
			return r;
	}
}

static void keep_passed(struct gn_channel *c, struct msghdr *m)
{
	for (struct cmsghdr *h = CMSG_FIRSTHDR(m); h; h = CMSG_NXTHDR(m, h)) {
		if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS)
			continue;
		size_t n = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		forget_passed(c);
		for (size_t i = 0; i < n && i < GN_CHANNEL_FDS; i++)
			memcpy(&c->passed[i], CMSG_DATA(h) + i * sizeof(int), sizeof(int));
	}
}

static ssize_t get(struct gn_channel *c, void *data, size_t len)
{
	union {
		char bytes[CMSG_SPACE(GN_CHANNEL_FDS * sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec iov = { .iov_base = data, .iov_len = len };
	struct msghdr m = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)
	};

	if (!c->socket)
		return read(c->fd, data, len);
	ssize_t n = recvmsg(c->fd, &m, MSG_CMSG_CLOEXEC);

	if (n >= 0)
		keep_passed(c, &m);
	return n;
}

/* The guest's end: tell how much was read. If that cannot be queued now, the next read tells it. */
static void report_taken(struct gn_channel *c)
{
	struct gn_pack p;

	if (c->serial != GN_SERIAL_GUEST || c->unreported < SERIAL_REPORT)
		return;
	gn_pack_init(&p);
	gn_pack_u32(&p, (uint32_t)c->unreported);
	if (gn_channel_send_pack(c, GN_MESSAGE_TAKEN, &p, NULL) == 0)
		c->unreported = 0;
}

/* Read what has come. Return: 1: something; 0: nothing now; -EPIPE. */
static int fill(struct gn_channel *c, struct gn_err *err)
{
	if (c->in_start) {
		memmove(c->in, c->in + c->in_start, c->in_end - c->in_start);
		c->in_end -= c->in_start;
		c->in_start = 0;
	}
	for (;;) {
		ssize_t n = get(c, c->in + c->in_end, INPUT_SIZE - c->in_end);

		if (n > 0) {
			c->in_end += (size_t)n;
			c->unreported += (size_t)n;
			report_taken(c);
			return 1;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return 0;
		c->closed = true;
		return gone(err);
	}
}

/* The host's end: the guest has read so much more. Return: INTERNAL or -EBADMSG. */
static int hear_taken(struct gn_channel *c, const void *data, size_t len, struct gn_err *err)
{
	struct gn_unpack u;

	gn_unpack_init(&u, data, len);
	size_t taken = gn_unpack_u32(&u);

	if (u.bad || c->serial != GN_SERIAL_HOST || taken > c->under_way)
		return gn_fail(err, -EBADMSG, "the guest says that it has read what it was not sent");
	c->under_way -= taken;
	gn_channel_flush(c, NULL);
	return INTERNAL;
}

/* The frame at the start of the input. Return: 1; INTERNAL: it was none for the caller; 0: not complete;
 * -EBADMSG. */
static int parse(struct gn_channel *c, struct gn_vm_message *ret, struct gn_err *err)
{
	const uint8_t *h = c->in + c->in_start;
	size_t have = c->in_end - c->in_start;

	if (have < HEADER)
		return 0;
	uint32_t len = (uint32_t)h[0] | (uint32_t)h[1] << 8 | (uint32_t)h[2] << 16 | (uint32_t)h[3] << 24;

	if (len > GN_MESSAGE_MAX || h[4] < GN_MESSAGE_HELLO || h[4] >= GN_MESSAGE_END)
		return gn_fail(err, -EBADMSG,
			       "what comes over the channel is not a message (length %u, type %u)", len,
			       h[4]);
	if (have - HEADER < len)
		return 0;
	c->in_start += HEADER + len;
	if (h[4] == GN_MESSAGE_TAKEN)
		return hear_taken(c, h + HEADER, len, err);
	*ret = (struct gn_vm_message){ .type = (enum gn_message_type)h[4], .data = h + HEADER, .len = len };
	return 1;
}

int gn_channel_next(struct gn_channel *c, struct gn_vm_message *ret, struct gn_err *err)
{
	/* INPUT_SIZE holds a whole frame, so this ends: with a frame, with nothing more to read, or badly. */
	for (;;) {
		int r = parse(c, ret, err);

		if (r == INTERNAL)
			continue;
		if (r == 0) {
			r = fill(c, err);
			if (r > 0)
				continue;
		}
		if (r > 0 && c->held) {
			c->held = false;
			gn_channel_flush(c, NULL);
		}
		return r;
	}
}

int gn_channel_wait(struct gn_channel *c, gn_dur patience, struct gn_vm_message *ret, struct gn_err *err)
{
	gn_time deadline = gn_now() + patience;

	for (;;) {
		int r = gn_channel_next(c, ret, err);

		if (r)
			return r;
		gn_channel_flush(c, NULL);
		r = wait_for(c, gn_channel_events(c), deadline, err);
		if (r < 0)
			return r;
	}
}

int gn_channel_send_fds(struct gn_channel *c, enum gn_message_type type, const struct gn_pack *p,
			const int fds[GN_CHANNEL_FDS], struct gn_err *err)
{
	union {
		char bytes[CMSG_SPACE(GN_CHANNEL_FDS * sizeof(int))];
		struct cmsghdr align;
	} control = { { 0 } };
	uint8_t header[HEADER];
	struct iovec iov[2] = { { .iov_base = header, .iov_len = HEADER },
				{ .iov_base = (void *)(uintptr_t)p->data, .iov_len = p->len } };
	struct msghdr m = {
		.msg_iov = iov, .msg_iovlen = 2, .msg_control = &control, .msg_controllen = sizeof(control)
	};
	struct cmsghdr *h = CMSG_FIRSTHDR(&m);

	if (p->overflow)
		return gn_fail(err, -EMSGSIZE, "the message is longer than %d bytes", GN_MESSAGE_MAX);
	put_header(header, type, p->len);
	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = SCM_RIGHTS;
	h->cmsg_len = CMSG_LEN(GN_CHANNEL_FDS * sizeof(int));
	memcpy(CMSG_DATA(h), fds, GN_CHANNEL_FDS * sizeof(int));
	if (gn_channel_queued(c))
		return gn_fail(err, -EAGAIN, "the other side does not read");
	ssize_t n = sendmsg(c->fd, &m, MSG_NOSIGNAL);

	if (n == (ssize_t)(HEADER + p->len))
		return 0;
	/* Half a frame cannot be taken back. */
	c->closed = c->closed || n > 0 || (n < 0 && errno != EAGAIN);
	return c->closed ? gone(err) : gn_fail(err, -EAGAIN, "the other side does not read");
}

void gn_channel_take_fds(struct gn_channel *c, int ret[GN_CHANNEL_FDS])
{
	for (int i = 0; i < GN_CHANNEL_FDS; i++)
		ret[i] = gn_steal_fd(&c->passed[i]);
}
