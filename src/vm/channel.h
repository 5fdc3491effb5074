/* SPDX-License-Identifier: MIT */
/*
 * Framed messages over one stream descriptor: a socket, or the guest's serial line. A frame is the
 * payload's length (u32, little-endian), the type (u8), the payload.
 *
 * Nothing here blocks but the two calls that say so. Bytes that are not frames end the channel with -EBADMSG.
 */
#ifndef GN_VM_CHANNEL_H
#define GN_VM_CHANNEL_H

#include <stdbool.h>

#include "util/err.h"
#include "util/time.h"
#include "vm/message.h"
#include "vm/pack.h"

struct gn_channel;

struct gn_vm_message {
	enum gn_message_type type;
	const uint8_t *data; /* borrowed until the next call on the channel */
	uint32_t len;
};

/**
 * gn_channel_new() - start a channel on a connected descriptor.
 * @fd: taken over, on failure too; made non-blocking.
 * @queue_max: bytes that may wait for a slow reader; above, gn_channel_send() refuses.
 */
int gn_channel_new(int fd, size_t queue_max, struct gn_channel **ret, struct gn_err *err);
struct gn_channel *gn_channel_free(struct gn_channel *c);

/*
 * The channel is the guest's serial line, and we are at this end of it. Two things are peculiar about it: what
 * the host writes while the guest boots is lost, so the host's end is silent until the guest has spoken. And when
 * more bytes wait in the guest than its terminal layer has room for (4 KiB), the line is stopped for ever
 * (line_throttle() of UML 6.1), so the guest's end tells how much it has read and the host's end
 * never has more than that under way.
 */
enum gn_serial_end { GN_SERIAL_HOST = 1, GN_SERIAL_GUEST };
void gn_channel_set_serial(struct gn_channel *c, enum gn_serial_end end);

/* GN_SERIAL_HOST: has the guest said anything yet? */
bool gn_channel_spoken(const struct gn_channel *c);

/* For poll(): the descriptor, and POLLIN, with POLLOUT while messages wait to be sent. */
int gn_channel_fd(const struct gn_channel *c);
short gn_channel_events(const struct gn_channel *c);

/* Bytes that wait to be sent. */
size_t gn_channel_queued(const struct gn_channel *c);

/* Queue a message and send what the descriptor takes.
 * Return: 0; -EMSGSIZE; -ENOBUFS: the queue is full, the message was not taken; -EPIPE: the other side is gone. */
int gn_channel_send(struct gn_channel *c, enum gn_message_type type, const void *data, size_t len,
		    struct gn_err *err);
/* The same with what @p holds; -EMSGSIZE if it overflowed. */
int gn_channel_send_pack(struct gn_channel *c, enum gn_message_type type, const struct gn_pack *p,
			 struct gn_err *err);

/* Send what the descriptor takes now. Return: 0, or -EPIPE. */
int gn_channel_flush(struct gn_channel *c, struct gn_err *err);

/* Flush, waiting up to @patience for a slow reader. Blocks. Not for the host's end of a serial line, which must read
 * to write. Return: 0, -ETIMEDOUT or -EPIPE. */
int gn_channel_drain(struct gn_channel *c, gn_dur patience, struct gn_err *err);

/* The next complete message. Return: 1; 0: none yet; -EPIPE: the other side is gone; -EBADMSG: not our protocol. */
int gn_channel_next(struct gn_channel *c, struct gn_vm_message *ret, struct gn_err *err);

/* The same, waiting up to @patience. Blocks. Return: 1; -ETIMEDOUT; -EPIPE; -EBADMSG. */
int gn_channel_wait(struct gn_channel *c, gn_dur patience, struct gn_vm_message *ret, struct gn_err *err);

/* Sockets only: send a message together with descriptors (borrowed), at once. Return: 0, or -EAGAIN if the
 * peer must read first. */
enum { GN_CHANNEL_FDS = 2 };
int gn_channel_send_fds(struct gn_channel *c, enum gn_message_type type, const struct gn_pack *p,
			const int fds[GN_CHANNEL_FDS], struct gn_err *err);

/* Take over the descriptors that came with the latest messages; -1 where none came. */
void gn_channel_take_fds(struct gn_channel *c, int ret[GN_CHANNEL_FDS]);

#endif
