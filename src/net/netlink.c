/* SPDX-License-Identifier: MIT */
#include "net/netlink.h"

#include <assert.h>
#include <linux/netlink.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define RECEIVE_BUFFER (1 << 20) /* bytes: answers to a full batch, each refused */
#define DUMP_BUFFER    (32 << 10)
#define DUMP_ATTEMPTS  100

int gn_nl_fail(struct gn_err *err, int code, const char *ext)
{
	const char *reason;

	switch (code) {
	case -EPERM:
	case -EACCES:
		reason = "not permitted: it takes root, or CAP_SYS_ADMIN and CAP_NET_ADMIN";
		break;
	case -EXFULL:
		reason = "the bridge has no free port (Linux allows 1023)";
		break;
	case -ENFILE:
	case -EMFILE:
		reason = "too many open files: raise the limit with `ulimit -n`";
		break;
	case -ENOMEM:
	case -ENOBUFS:
		reason = "the kernel has no memory left for it";
		break;
	case -EOPNOTSUPP:
		reason = "this kernel does not support it";
		break;
	default:
		reason = strerror(-code);
	}
	return ext ? gn_fail(err, code, "%s (the kernel says: %s)", reason, ext)
		   : gn_fail(err, code, "%s", reason);
}

int gn_nl_open(int protocol, int *ret, struct gn_err *err)
{
	const int on = 1, size = RECEIVE_BUFFER;
	GN_CLEANUP(gn_close_p) int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);

	if (fd < 0) {
		int r = gn_nl_fail(err, -errno, NULL);

		return gn_wrap(err, r, "cannot open a netlink socket");
	}
	/* Comforts of newer kernels and of root: what matters is checked with each answer. */
	setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
	setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));

	*ret = gn_steal_fd(&fd);
	return 0;
}

void gn_nl_use(struct gn_nl_batch *b, int fd)
{
	assert(b->n == 0);
	b->fd = fd;
}

/* The kernel's own words in an error message, or NULL. */
static const char *extended_text(const struct nlmsghdr *answer)
{
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(answer);
	unsigned int offset = sizeof(*e);
	const struct nlattr *attr;

	if (!(answer->nlmsg_flags & NLM_F_ACK_TLVS))
		return NULL;
	if (!(answer->nlmsg_flags & NLM_F_CAPPED)) {
		if (e->msg.nlmsg_len < NLMSG_HDRLEN || e->msg.nlmsg_len > answer->nlmsg_len)
			return NULL;
		offset += MNL_ALIGN(e->msg.nlmsg_len) - NLMSG_HDRLEN;
	}
	if (offset > mnl_nlmsg_get_payload_len(answer))
		return NULL;
	mnl_attr_for_each(attr, answer, offset)
	{
		if (mnl_attr_get_type(attr) != NLMSGERR_ATTR_MSG)
			continue;
		return mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) < 0 ? NULL : mnl_attr_get_str(attr);
	}
	return NULL;
}

void gn_nl_answers(struct gn_nl_batch *b, const void *data, size_t len, bool *done)
{
	int left = (int)len;

	for (const struct nlmsghdr *h = data; mnl_nlmsg_ok(h, left); h = mnl_nlmsg_next(h, &left)) {
		const struct nlmsgerr *e = mnl_nlmsg_get_payload(h);
		uint32_t i = h->nlmsg_seq - b->seq;

		if (h->nlmsg_type != NLMSG_ERROR || h->nlmsg_len < mnl_nlmsg_size(sizeof(*e)) || i >= b->n)
			continue;
		if (i == b->last)
			*done = true;
		if (!e->error || b->failed)
			continue;
		gn_nl_fail(&b->error, e->error, extended_text(h));
		b->failed = gn_wrap(&b->error, e->error, "%s", b->what[i]);
	}
}

/* Read answers until the last request's, or until there are no more. */
static void take_answers(struct gn_nl_batch *b)
{
	_Alignas(8) char buffer[8192];
	bool done = false;
	ssize_t len = 0;

	while (!done) {
		len = recv(b->fd, buffer, sizeof(buffer), MSG_DONTWAIT);
		if (len < 0 && errno == EINTR)
			continue;
		if (len <= 0)
			break;
		gn_nl_answers(b, buffer, (size_t)len, &done);
	}
	if (!done && !b->failed)
		b->failed = gn_fail(&b->error, -EIO, "%s: the kernel's answers are incomplete (%s)",
				    b->what[0], len < 0 ? strerror(errno) : "end of file");
}

static void send_batch(struct gn_nl_batch *b)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };

	b->failed = gn_step(b->steps, &b->error);
	if (b->failed)
		return;
	b->last_request->nlmsg_flags |= NLM_F_ACK;
	while (sendto(b->fd, b->buffer, b->used, 0, (struct sockaddr *)&kernel, sizeof(kernel)) < 0) {
		if (errno == EINTR)
			continue;
		b->failed = -errno;
		gn_nl_fail(&b->error, b->failed, NULL);
		gn_wrap(&b->error, b->failed, "%s", b->what[0]);
		return;
	}
	take_answers(b);
}

static void clear(struct gn_nl_batch *b)
{
	b->seq += b->n;
	b->n = 0;
	b->used = 0;
}

static struct nlmsghdr *begin(struct gn_nl_batch *b, size_t room, const char *what, va_list ap)
{
	assert(room <= sizeof(b->buffer));
	if (b->n == GN_NL_BATCH || sizeof(b->buffer) - b->used < room) {
		if (!b->failed)
			send_batch(b);
		clear(b);
	}
	vsnprintf(b->what[b->n], sizeof(b->what[b->n]), what, ap);
	memset(b->buffer + b->used, 0, room);
	b->room = room;
	return mnl_nlmsg_put_header(b->buffer + b->used);
}

struct nlmsghdr *gn_nl_request(struct gn_nl_batch *b, const char *what, ...)
{
	struct nlmsghdr *m;
	va_list ap;

	va_start(ap, what);
	m = begin(b, GN_NL_REQUEST_MAX, what, ap);
	va_end(ap);
	return m;
}

struct nlmsghdr *gn_nl_request_large(struct gn_nl_batch *b, size_t room, const char *what, ...)
{
	struct nlmsghdr *m;
	va_list ap;

	va_start(ap, what);
	m = begin(b, room, what, ap);
	va_end(ap);
	return m;
}

void gn_nl_end_unanswered(struct gn_nl_batch *b, struct nlmsghdr *request)
{
	assert((char *)request == b->buffer + b->used && request->nlmsg_len <= b->room);
	request->nlmsg_flags |= NLM_F_REQUEST;
	request->nlmsg_seq = b->seq + b->n++;
	b->used += MNL_ALIGN(request->nlmsg_len);
}

void gn_nl_end(struct gn_nl_batch *b, struct nlmsghdr *request)
{
	b->last = b->n;
	b->last_request = request;
	gn_nl_end_unanswered(b, request);
}

int gn_nl_flush(struct gn_nl_batch *b, struct gn_err *err)
{
	int r;

	if (b->n && !b->failed)
		send_batch(b);
	clear(b);
	r = b->failed;
	b->failed = 0;
	return r ? gn_fail(err, r, "%s", b->error.text) : 0;
}

struct dump {
	int (*each)(const struct nlmsghdr *, void *);
	void *context;
	uint32_t seq;
	bool done, interrupted;
};

static int take_dump(struct dump *d, const void *data, size_t len, struct gn_err *err)
{
	int left = (int)len, r;

	for (const struct nlmsghdr *h = data; mnl_nlmsg_ok(h, left); h = mnl_nlmsg_next(h, &left)) {
		const struct nlmsgerr *e = mnl_nlmsg_get_payload(h);

		if (h->nlmsg_seq != d->seq)
			continue;
		if (h->nlmsg_flags & NLM_F_DUMP_INTR)
			d->interrupted = true;
		if (h->nlmsg_type == NLMSG_DONE) {
			d->done = true;
			return 0;
		}
		if (h->nlmsg_type == NLMSG_ERROR)
			return gn_nl_fail(err,
					  h->nlmsg_len < mnl_nlmsg_size(sizeof(*e)) ? -EBADMSG : e->error,
					  extended_text(h));
		r = d->each(h, d->context);
		if (r)
			return r;
	}
	return 0;
}

static int dump_once(int fd, const struct nlmsghdr *request, struct dump *d, struct gn_err *err)
{
	_Alignas(8) char buffer[DUMP_BUFFER];
	int r;

	if (send(fd, request, request->nlmsg_len, 0) < 0)
		return gn_nl_fail(err, -errno, NULL);
	while (!d->done) {
		ssize_t len = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT);

		if (len < 0 && errno == EINTR)
			continue;
		if (len <= 0)
			return gn_nl_fail(err, len < 0 ? -errno : -EIO, NULL);
		r = take_dump(d, buffer, (size_t)len, err);
		if (r)
			return r;
	}
	return 0;
}

int gn_nl_dump(int fd, struct nlmsghdr *request, int (*each)(const struct nlmsghdr *, void *), void *context,
	       struct gn_err *err)
{
	for (uint32_t attempt = 1; attempt <= DUMP_ATTEMPTS; attempt++) {
		struct dump d = { .each = each, .context = context, .seq = UINT32_MAX - attempt };
		int r;

		request->nlmsg_flags |= NLM_F_REQUEST | NLM_F_DUMP;
		request->nlmsg_seq = d.seq;
		r = dump_once(fd, request, &d, err);
		if (r || !d.interrupted)
			return r;
	}
	return gn_fail(err, -EAGAIN, "the kernel's list kept changing while it was read");
}
