/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "util/rand.h"
#include "vm/channel.h"

enum { QUEUE = 1024 * 1024 };

/* A channel and the bare descriptor of its other end. */
static struct gn_channel *with_far_end(int *far, size_t queue)
{
	struct gn_channel *c;
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	assert_int_equal(gn_channel_new(ends[0], queue, &c, NULL), 0);
	*far = ends[1];
	return c;
}

static void pair(struct gn_channel **a, struct gn_channel **b)
{
	int far;

	*a = with_far_end(&far, QUEUE);
	assert_int_equal(gn_channel_new(far, QUEUE, b, NULL), 0);
}

static void messages_arrive_as_sent(void **state GN_UNUSED)
{
	static const size_t sizes[] = { 0, 1, 4, 1000, GN_MESSAGE_MAX - 1, GN_MESSAGE_MAX };
	static uint8_t data[GN_MESSAGE_MAX];
	struct gn_channel *a, *b;
	struct gn_vm_message m;

	pair(&a, &b);
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7);
	for (size_t i = 0; i < GN_ARRAY_LEN(sizes); i++)
		assert_int_equal(gn_channel_send(a, (enum gn_message_type)(i + 1), data, sizes[i], NULL), 0);
	for (size_t i = 0; i < GN_ARRAY_LEN(sizes); i++) {
		assert_int_equal(gn_channel_wait(b, GN_SEC, &m, NULL), 1);
		assert_int_equal(m.type, i + 1);
		assert_int_equal(m.len, sizes[i]);
		assert_memory_equal(m.data, data, m.len);
		gn_channel_flush(a, NULL);
	}
	assert_int_equal(gn_channel_next(b, &m, NULL), 0);
	assert_int_equal(gn_channel_send(a, GN_MESSAGE_LOG, data, GN_MESSAGE_MAX + 1, NULL), -EMSGSIZE);
	gn_channel_free(a);
	gn_channel_free(b);
}

static void a_message_comes_in_pieces(void **state GN_UNUSED)
{
	static const char frame[] = "\x03\0\0\0\x04"
				    "abc";
	struct gn_vm_message m;
	int far;
	struct gn_channel *c = with_far_end(&far, QUEUE);

	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < sizeof(frame) - 1; i++) {
			assert_int_equal(gn_channel_next(c, &m, NULL), 0);
			assert_int_equal(write(far, frame + i, 1), 1);
		}
		assert_int_equal(gn_channel_next(c, &m, NULL), 1);
		assert_int_equal(m.type, GN_MESSAGE_LOG);
		assert_int_equal(m.len, 3);
		assert_memory_equal(m.data, "abc", 3);
	}
	close(far);
	gn_channel_free(c);
}

static void a_slow_reader_does_not_fill_memory(void **state GN_UNUSED)
{
	uint8_t data[1000] = { 0 };
	struct gn_channel *a, *b;
	struct gn_vm_message m;
	uint32_t sent = 0, came = 0;
	int r;

	pair(&a, &b);
	do {
		memcpy(data, &sent, sizeof(sent));
		r = gn_channel_send(a, GN_MESSAGE_LOG, data, sizeof(data), NULL);
		sent += r == 0;
	} while (r == 0 && sent < 100000);
	assert_int_equal(r, -ENOBUFS);
	assert_in_range(gn_channel_queued(a), QUEUE - 1100, QUEUE);
	assert_int_equal(gn_channel_events(a), POLLIN | POLLOUT);
	/* All that was taken arrives, in order; what was refused does not. */
	while (gn_channel_flush(a, NULL) == 0 && gn_channel_next(b, &m, NULL) == 1) {
		assert_int_equal(m.len, sizeof(data));
		assert_memory_equal(m.data, &came, sizeof(came));
		came++;
	}
	assert_int_equal(came, sent);
	assert_int_equal(gn_channel_events(a), POLLIN);
	assert_int_equal(gn_channel_send(a, GN_MESSAGE_LOG, data, sizeof(data), NULL), 0);
	gn_channel_free(a);
	gn_channel_free(b);
}

/* The queue is never empty and its start moves all the time. */
static void a_queue_that_moves_keeps_its_order(void **state GN_UNUSED)
{
	enum { ROUNDS = 3000, AHEAD = 700 };
	uint8_t data[1000] = { 0 };
	struct gn_channel *a, *b;
	struct gn_vm_message m;
	uint32_t came = 0;

	pair(&a, &b);
	for (uint32_t sent = 0; came < ROUNDS; sent++) {
		memcpy(data, &sent, sizeof(sent));
		if (sent < ROUNDS)
			assert_int_equal(gn_channel_send(a, GN_MESSAGE_LOG, data, sizeof(data), NULL), 0);
		else
			gn_channel_flush(a, NULL);
		if (sent < AHEAD)
			continue;
		assert_true(gn_channel_queued(a) > 0 || sent >= ROUNDS);
		assert_int_equal(gn_channel_next(b, &m, NULL), 1);
		assert_memory_equal(m.data, &came, sizeof(came));
		came++;
	}
	gn_channel_free(a);
	gn_channel_free(b);
}

static void garbage_is_refused(void **state GN_UNUSED)
{
	static const struct {
		const char *why, *bytes;
		size_t len;
	} cases[] = {
		{ "type 0", "\0\0\0\0\0", 5 },
		{ "a type that nobody knows", "\0\0\0\0\xf0", 5 },
		{ "a frame longer than any message", "\x01\0\x01\0\x01", 5 },
		{ "a frame of 4 GiB", "\xff\xff\xff\xff\x01", 5 },
		{ "text", "GET / HTTP/1.1\r\n", 16 },
		{ "a report of the guest, where no serial line is", "\x04\0\0\0\x13\0\0\0\0", 9 },
	};

	for (size_t i = 0; i < GN_ARRAY_LEN(cases); i++) {
		struct gn_vm_message m;
		struct gn_err err = { "" };
		int far;
		struct gn_channel *c = with_far_end(&far, QUEUE);

		print_message("# %s\n", cases[i].why);
		assert_int_equal(write(far, cases[i].bytes, cases[i].len), cases[i].len);
		assert_int_equal(gn_channel_next(c, &m, &err), -EBADMSG);
		assert_true(*err.text);
		/* And again: there is no way back into step. */
		if (i != GN_ARRAY_LEN(cases) - 1)
			assert_int_equal(gn_channel_next(c, &m, &err), -EBADMSG);
		close(far);
		gn_channel_free(c);
	}
}

static void random_bytes_do_no_harm(void **state GN_UNUSED)
{
	struct gn_rand rand;

	gn_rand_init(&rand, 1, GN_RAND_SCHEDULE, 0);
	for (int round = 0; round < 300; round++) {
		uint8_t bytes[4096];
		struct gn_vm_message m;
		int far, r;
		struct gn_channel *c = with_far_end(&far, QUEUE);

		for (size_t i = 0; i < sizeof(bytes); i++)
			bytes[i] = (uint8_t)gn_rand_next(&rand);
		/* Often a plausible start. */
		bytes[1] &= round % 2 ? 255 : 1;
		bytes[2] &= round % 2 ? 255 : 0;
		bytes[3] &= round % 2 ? 255 : 0;
		bytes[4] = (uint8_t)(1 + bytes[4] % GN_MESSAGE_INFO);
		assert_int_equal(write(far, bytes, sizeof(bytes)), sizeof(bytes));
		close(far);
		do
			r = gn_channel_next(c, &m, NULL);
		while (r == 1);
		assert_true(r == -EBADMSG || r == -EPIPE);
		gn_channel_free(c);
	}
}

static void the_end_comes_after_the_last_message(void **state GN_UNUSED)
{
	struct gn_vm_message m;
	int far;
	struct gn_channel *c = with_far_end(&far, QUEUE);

	/* One whole message and half of another. */
	assert_int_equal(write(far, "\0\0\0\0\x05\x02\0\0\0\x05z", 11), 11);
	close(far);
	assert_int_equal(gn_channel_wait(c, GN_SEC, &m, NULL), 1);
	assert_int_equal(m.type, GN_MESSAGE_INTERRUPT);
	assert_int_equal(gn_channel_next(c, &m, NULL), -EPIPE);
	/* Not a signal that kills us, either. */
	assert_int_equal(gn_channel_send(c, GN_MESSAGE_LOG, "x", 1, NULL), -EPIPE);
	gn_channel_free(c);

	c = with_far_end(&far, QUEUE);
	close(far);
	assert_int_equal(gn_channel_send(c, GN_MESSAGE_LOG, "x", 1, NULL), -EPIPE);
	gn_channel_free(c);
}

static void waiting_ends(void **state GN_UNUSED)
{
	static uint8_t data[GN_MESSAGE_MAX];
	struct gn_vm_message m;
	int far;
	struct gn_channel *c = with_far_end(&far, QUEUE);
	gn_time start = gn_now();

	assert_int_equal(gn_channel_wait(c, 30 * GN_MSEC, &m, NULL), -ETIMEDOUT);
	while (gn_channel_send(c, GN_MESSAGE_LOG, data, sizeof(data), NULL) == 0)
		;
	assert_int_equal(gn_channel_drain(c, 30 * GN_MSEC, NULL), -ETIMEDOUT);
	assert_in_range((gn_now() - start) / GN_MSEC, 60, 2000);
	close(far);
	gn_channel_free(c);
}

static int readable_bytes(int fd)
{
	int n = -1;

	assert_int_equal(ioctl(fd, FIONREAD, &n), 0);
	return n;
}

static void the_serial_line_is_never_overrun(void **state GN_UNUSED)
{
	uint8_t data[10000] = { 0 };
	struct gn_channel *guest;
	struct gn_vm_message m;
	int far, most = 0, came = 0;
	struct gn_channel *host = with_far_end(&far, QUEUE);

	gn_channel_set_serial(host, GN_SERIAL_HOST);
	assert_int_equal(gn_channel_new(far, QUEUE, &guest, NULL), 0);
	gn_channel_set_serial(guest, GN_SERIAL_GUEST);
	for (int i = 0; i < 10; i++)
		assert_int_equal(gn_channel_send(host, GN_MESSAGE_JOB, data, sizeof(data), NULL), 0);
	/* The guest boots: it would lose what came now. */
	assert_int_equal(readable_bytes(far), 0);
	assert_int_equal(gn_channel_events(host), POLLIN);
	assert_int_equal(gn_channel_send(guest, GN_MESSAGE_HELLO, NULL, 0, NULL), 0);
	assert_int_equal(gn_channel_next(host, &m, NULL), 1);
	assert_int_equal(m.type, GN_MESSAGE_HELLO);
	for (int i = 0; i < 1000 && came < 10; i++) {
		most = GN_MAX(most, readable_bytes(far));
		came += gn_channel_next(guest, &m, NULL) == 1;
		/* Reports are nothing for the caller. */
		assert_int_equal(gn_channel_next(host, &m, NULL), 0);
	}
	assert_int_equal(came, 10);
	assert_int_equal(gn_channel_queued(host), 0);
	/* UML 6.1 stops the line when fewer than 128 of 4096 bytes are free. */
	assert_in_range(most, 1024, 4096 - 128);
	gn_channel_free(host);
	gn_channel_free(guest);
}

static void a_guest_cannot_have_read_what_was_not_sent(void **state GN_UNUSED)
{
	struct gn_vm_message m;
	int far;
	struct gn_channel *host = with_far_end(&far, QUEUE);

	gn_channel_set_serial(host, GN_SERIAL_HOST);
	assert_int_equal(write(far, "\0\0\0\0\x01\x04\0\0\0\x13\x01\0\0\0", 14), 14);
	assert_int_equal(gn_channel_next(host, &m, NULL), 1);
	assert_int_equal(gn_channel_next(host, &m, NULL), -EBADMSG);
	close(far);
	gn_channel_free(host);
}

static int open_descriptors(void)
{
	int n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void descriptors_travel(void **state GN_UNUSED)
{
	int before = open_descriptors(), p[2], got[GN_CHANNEL_FDS], none[GN_CHANNEL_FDS];
	struct gn_channel *a, *b;
	struct gn_vm_message m;
	struct gn_pack pack;

	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	pair(&a, &b);
	gn_pack_init(&pack);
	gn_pack_string(&pack, "n1");
	assert_int_equal(gn_channel_send_fds(a, GN_MESSAGE_EXEC_ENTER, &pack, p, NULL), 0);
	assert_int_equal(gn_channel_next(b, &m, NULL), 1);
	assert_int_equal(m.type, GN_MESSAGE_EXEC_ENTER);
	assert_int_equal(m.len, 6);
	gn_channel_take_fds(b, got);
	gn_channel_take_fds(b, none);
	assert_int_equal(none[0], -1);
	assert_true(fcntl(got[0], F_GETFD) & FD_CLOEXEC);
	assert_int_equal(write(got[1], "x", 1), 1);
	assert_int_equal(readable_bytes(p[0]), 1);
	close(got[0]);
	close(got[1]);
	/* Those that nobody takes are closed. */
	for (int i = 0; i < 5; i++) {
		assert_int_equal(gn_channel_send_fds(a, GN_MESSAGE_EXEC_ENTER, &pack, p, NULL), 0);
		assert_int_equal(gn_channel_next(b, &m, NULL), 1);
	}
	gn_channel_free(a);
	gn_channel_free(b);
	close(p[0]);
	close(p[1]);
	assert_int_equal(open_descriptors(), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_arrive_as_sent),
		cmocka_unit_test(a_message_comes_in_pieces),
		cmocka_unit_test(a_slow_reader_does_not_fill_memory),
		cmocka_unit_test(a_queue_that_moves_keeps_its_order),
		cmocka_unit_test(garbage_is_refused),
		cmocka_unit_test(random_bytes_do_no_harm),
		cmocka_unit_test(the_end_comes_after_the_last_message),
		cmocka_unit_test(waiting_ends),
		cmocka_unit_test(the_serial_line_is_never_overrun),
		cmocka_unit_test(a_guest_cannot_have_read_what_was_not_sent),
		cmocka_unit_test(descriptors_travel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
