/* SPDX-License-Identifier: MIT */
/*
 * Talking to the kernel: batches of requests over one netlink socket, and dumps.
 *
 * A batch is not a transaction: the kernel goes on after a failed request. It answers within send(),
 * so all answers are there when send() returns. Only the last request of a batch asks for an
 * acknowledgement; errors come for every request, asked or not. A receive buffer that overflows is an
 * error of its own. So no failure can go unseen, and a batch costs two system calls.
 */
#ifndef GN_NET_NETLINK_H
#define GN_NET_NETLINK_H

#include <libmnl/libmnl.h>
#include <stdbool.h>

#include "net/steps.h"
#include "util/err.h"

#define GN_NL_BATCH	  128  /* requests; more risk the loss of answers */
#define GN_NL_REQUEST_MAX 1024 /* bytes; the rule of the switches has 400 */
#define GN_NL_WHAT_MAX	  288  /* bytes of "link A - B: cannot ..", with three names of 63 */

struct gn_nl_batch {
	int fd; /* socket, borrowed */
	struct gn_steps *steps;
	uint32_t seq; /* of the first request queued */
	uint32_t n;   /* requests queued */
	/* The one that asks for an acknowledgement, and its number from 0. */
	struct nlmsghdr *last_request;
	uint32_t last;
	size_t used; /* bytes queued */
	size_t room; /* bytes that the request begun last may have */
	/* The first failure; requests after it are dropped until gn_nl_flush() has reported it. */
	int failed;
	struct gn_err error;
	char what[GN_NL_BATCH][GN_NL_WHAT_MAX];
	_Alignas(8) char buffer[GN_NL_BATCH * GN_NL_REQUEST_MAX];
};

/* Open a netlink socket (NETLINK_ROUTE, NETLINK_NETFILTER) in the present network namespace. */
int gn_nl_open(int protocol, int *ret, struct gn_err *err);

/* Let the following requests go to @fd. The batch must be flushed. */
void gn_nl_use(struct gn_nl_batch *b, int fd);

/**
 * gn_nl_request() - begin a request; what waits is sent first where there is no room.
 * @what: names the element and the deed for the error text, "link a - b: cannot create it".
 *
 * Return: an empty header with room for GN_NL_REQUEST_MAX bytes. gn_nl_end() makes it part of the batch.
 */
struct nlmsghdr *gn_nl_request(struct gn_nl_batch *b, const char *what, ...) GN_PRINTF(2, 3);

/* The same for one of up to @room bytes, which may be as many as sizeof(b->buffer): a table of delays has 8 KB. */
struct nlmsghdr *gn_nl_request_large(struct gn_nl_batch *b, size_t room, const char *what, ...)
	GN_PRINTF(3, 4);
void gn_nl_end(struct gn_nl_batch *b, struct nlmsghdr *request);

/* The same for a request that the kernel never acknowledges: the end of an nf_tables transaction. */
void gn_nl_end_unanswered(struct gn_nl_batch *b, struct nlmsghdr *request);

/* Send what is queued and read all answers. Return: 0 or the first failure since the last flush. */
int gn_nl_flush(struct gn_nl_batch *b, struct gn_err *err);

/* Take one datagram of answers to the requests @b has just sent; sets *@done at the last one's. For
 * the unit tests; gn_nl_flush() calls it. */
void gn_nl_answers(struct gn_nl_batch *b, const void *data, size_t len, bool *done);

/**
 * gn_nl_dump() - have the kernel list objects.
 * @request: NLM_F_DUMP request in a buffer of the caller.
 * @each: called for each object; non-zero stops the dump and is returned. A dump that the kernel
 *	calls inconsistent begins anew, so @each may see an object twice.
 */
int gn_nl_dump(int fd, struct nlmsghdr *request, int (*each)(const struct nlmsghdr *, void *), void *context,
	       struct gn_err *err);

/* Put a sentence for the error @code (negative) of the kernel to @err; @ext is its own text or NULL. */
int gn_nl_fail(struct gn_err *err, int code, const char *ext);

#endif
