/* SPDX-License-Identifier: MIT */
/*
 * Plays both sides of the guest without the rest of the program, for tests/net/guest.sh:
 *
 *   guest_play SCENARIO [NUMBER]    on the host: boots itself as a guest, prints key=value lines
 *   guest_play guest                in the guest, as its init
 *   guest_play mute 0 SCRIPT        on the host: boots a guest whose init is a shell script, which never speaks
 *
 * GN_PLAIN set: without namespaces for the kernel, as where none may be made.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "vm/guest.h"
#include "vm/vm.h"

enum { CHUNK = 60000 };

static uint8_t pattern(size_t i)
{
	return (uint8_t)(i * 131 + (i >> 8) * 17);
}

static void fill(uint8_t *data, size_t len, size_t from)
{
	for (size_t i = 0; i < len; i++)
		data[i] = pattern(from + i);
}

static bool matches(const uint8_t *data, size_t len, size_t from)
{
	for (size_t i = 0; i < len; i++)
		if (data[i] != pattern(from + i))
			return false;
	return true;
}

static int fail(const char *what, const struct gn_err *err)
{
	fprintf(stderr, "%s: %s\n", what, err->text);
	return 1;
}

/* In the guest. */

static void send_flood(struct gn_channel *c, size_t bytes)
{
	uint8_t data[CHUNK];

	for (size_t at = 0; at < bytes; at += CHUNK) {
		size_t n = GN_MIN((size_t)CHUNK, bytes - at);

		fill(data, n, at);
		if (gn_channel_drain(c, 60 * GN_SEC, NULL) < 0 ||
		    gn_channel_send(c, GN_MESSAGE_STATUS, data, n, NULL) < 0)
			return;
	}
	gn_channel_drain(c, 60 * GN_SEC, NULL);
}

/* Take @bytes in STATUS messages; answers "ok" or "damaged" and the number. */
static void take_flood(struct gn_channel *c, size_t bytes, bool slow)
{
	struct gn_vm_message m;
	struct gn_pack p;
	size_t at = 0;
	bool good = true;

	while (at < bytes && gn_channel_wait(c, 60 * GN_SEC, &m, NULL) > 0) {
		good = good && matches(m.data, m.len, at);
		at += m.len;
		if (slow)
			usleep(20000);
	}
	gn_pack_init(&p);
	gn_pack_string(&p, good && at == bytes ? "ok" : "damaged");
	gn_channel_send_pack(c, GN_MESSAGE_LOG, &p, NULL);
}

static void say(struct gn_channel *c, const char *text)
{
	struct gn_pack p;

	gn_pack_init(&p);
	gn_pack_string(&p, text);
	gn_channel_send_pack(c, GN_MESSAGE_LOG, &p, NULL);
}

static char *slurp(const char *path)
{
	GN_CLEANUP(gn_close_p) int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *text = calloc(1, 65536);
	ssize_t n = fd < 0 || !text ? -1 : read(fd, text, 65535);

	if (n < 0)
		snprintf(text, 100, "%s: %m", path);
	return text;
}

/* Processes of every kind: computing, sleeping, in new namespaces; each leaves a mark on the host if it ever
 * runs there by itself. */
static void populate(uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		if (fork())
			continue;
		if (i % 3 == 2)
			unshare(CLONE_NEWNET);
		for (unsigned long k = 0;; k++) {
			if (i % 3 == 0)
				for (volatile unsigned long j = 0; j < 1000000; j++)
					;
			else
				usleep(1000);
			getppid();
		}
	}
}

static void file_test(struct gn_channel *c, const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0 || write(fd, "from the guest\n", 15) != 15)
		say(c, "cannot write");
	else
		say(c, "written");
	close(fd);
}

static void carry_out(struct gn_channel *c, const char *what, uint32_t number, const char *text)
{
	struct gn_vm_message m;
	struct gn_pack p;

	if (!strcmp(what, "echo")) {
		for (uint32_t i = 0; i < number && gn_channel_wait(c, 60 * GN_SEC, &m, NULL) > 0; i++)
			gn_channel_send(c, m.type, m.data, m.len, NULL);
	} else if (!strcmp(what, "clock")) {
		gn_pack_init(&p);
		gn_pack_u64(&p, gn_now());
		gn_channel_send_pack(c, GN_MESSAGE_STATUS, &p, NULL);
	} else if (!strcmp(what, "flood")) {
		send_flood(c, number);
	} else if (!strcmp(what, "take") || !strcmp(what, "take-slowly")) {
		take_flood(c, number, what[4]);
	} else if (!strcmp(what, "read")) {
		GN_CLEANUP(gn_free_p) char *file = slurp(text);

		say(c, file);
	} else if (!strcmp(what, "write")) {
		file_test(c, text);
	} else if (!strcmp(what, "populate")) {
		populate(number);
		say(c, "populated");
	} else if (!strcmp(what, "abort")) {
		abort();
	} else if (!strcmp(what, "panic")) {
		GN_CLEANUP(gn_close_p) int fd = open("/proc/sysrq-trigger", O_WRONLY | O_CLOEXEC);

		if (write(fd, "c", 1) < 0)
			say(c, "no sysrq");
	} else {
		say(c, "unknown");
	}
}

static int be_guest(void)
{
	struct gn_channel *c;
	struct gn_vm_message m;
	struct gn_err err = { "" };

	if (gn_guest_start(&c, &err) < 0)
		return fail("guest", &err);
	while (gn_channel_wait(c, 3600 * GN_SEC, &m, &err) > 0) {
		struct gn_unpack u;

		if (m.type == GN_MESSAGE_INTERRUPT)
			break;
		gn_unpack_init(&u, m.data, m.len);
		GN_CLEANUP(gn_free_p) char *what = gn_unpack_string(&u);
		uint32_t number = gn_unpack_u32(&u);
		GN_CLEANUP(gn_free_p) char *text = gn_unpack_string(&u);

		if (!u.bad)
			carry_out(c, what, number, text);
	}
	return 0;
}

/* On the host. */

static int ask(struct gn_channel *c, const char *what, uint32_t number, const char *text)
{
	struct gn_pack p;

	gn_pack_init(&p);
	gn_pack_string(&p, what);
	gn_pack_u32(&p, number);
	gn_pack_string(&p, text);
	return gn_channel_send_pack(c, GN_MESSAGE_JOB, &p, NULL);
}

static int print_answer(struct gn_vm *vm, const char *key)
{
	struct gn_vm_message m;
	struct gn_unpack u;
	struct gn_err err;

	if (gn_channel_wait(gn_vm_channel(vm), 60 * GN_SEC, &m, &err) < 0)
		return fail(key, &err);
	gn_unpack_init(&u, m.data, m.len);
	GN_CLEANUP(gn_free_p) char *text = gn_unpack_string(&u);

	printf("%s=%s\n", key, text ? text : "?");
	return 0;
}

static int measure_trips(struct gn_vm *vm, uint32_t n)
{
	struct gn_channel *c = gn_vm_channel(vm);
	uint8_t data[100] = { 0 };
	struct gn_vm_message m;
	gn_dur worst = 0;

	ask(c, "echo", n, "");
	gn_time start = gn_now();

	for (uint32_t i = 0; i < n; i++) {
		gn_time t = gn_now();

		gn_channel_send(c, GN_MESSAGE_STATUS, data, sizeof(data), NULL);
		if (gn_channel_wait(c, 10 * GN_SEC, &m, NULL) < 0)
			return 1;
		worst = GN_MAX(worst, gn_now() - t);
	}
	printf("trip_us=%llu\nworst_trip_us=%llu\n", (unsigned long long)((gn_now() - start) / n / GN_USEC),
	       (unsigned long long)(worst / GN_USEC));
	return 0;
}

/* @slow: read far slower than the guest writes. */
static int measure_flood(struct gn_vm *vm, size_t bytes, bool slow)
{
	struct gn_channel *c = gn_vm_channel(vm);
	struct gn_vm_message m;
	gn_time start = gn_now();
	bool good = true;
	size_t at = 0;

	ask(c, "flood", (uint32_t)bytes, "");
	while (at < bytes && gn_channel_wait(c, 60 * GN_SEC, &m, NULL) > 0) {
		good = good && matches(m.data, m.len, at);
		at += m.len;
		if (slow)
			usleep(20000);
	}
	printf("from_guest=%s\nfrom_guest_kb_per_s=%llu\n", good && at == bytes ? "ok" : "damaged",
	       (unsigned long long)(at * GN_SEC / (gn_now() - start) / 1024));
	return 0;
}

static int measure_to_guest(struct gn_vm *vm, size_t bytes, const char *how)
{
	struct gn_channel *c = gn_vm_channel(vm);
	uint8_t data[CHUNK];
	gn_time start = gn_now();

	ask(c, how, (uint32_t)bytes, "");
	for (size_t at = 0; at < bytes; at += CHUNK) {
		size_t n = GN_MIN((size_t)CHUNK, bytes - at);

		fill(data, n, at);
		if (gn_channel_send(c, GN_MESSAGE_STATUS, data, n, NULL) < 0)
			return 1;
		while (gn_channel_queued(c) > 2 * CHUNK) {
			struct pollfd p = { .fd = gn_channel_fd(c), .events = gn_channel_events(c) };
			struct gn_vm_message m;

			if (poll(&p, 1, 10000) <= 0 || gn_channel_next(c, &m, NULL) < 0)
				return 1;
			gn_channel_flush(c, NULL);
		}
	}
	int r = print_answer(vm, "to_guest");

	printf("to_guest_kb_per_s=%llu\n", (unsigned long long)(bytes * GN_SEC / (gn_now() - start) / 1024));
	return r;
}

/* The guest's clock against ours, @n times a tenth of a second: by how much does the offset vary? */
static int measure_clock(struct gn_vm *vm, uint32_t n)
{
	int64_t least = INT64_MAX, most = INT64_MIN;
	struct gn_vm_message m;
	struct gn_unpack u;

	for (uint32_t i = 0; i < n; i++) {
		gn_time before = gn_now();

		ask(gn_vm_channel(vm), "clock", 0, "");
		if (gn_channel_wait(gn_vm_channel(vm), 10 * GN_SEC, &m, NULL) < 0)
			return 1;
		gn_time after = gn_now();

		gn_unpack_init(&u, m.data, m.len);
		int64_t offset = (int64_t)gn_unpack_u64(&u) - (int64_t)(before + (after - before) / 2);

		least = GN_MIN(least, offset);
		most = GN_MAX(most, offset);
		usleep(100000);
	}
	printf("clock_span_us=%lld\n", (long long)((most - least) / 1000));
	return 0;
}

/* A guest that boots and never says HELLO. */
static int play_mute(const char *script)
{
	const struct gn_vm_options o = { .program = "/bin/sh", .argument = script, .nodes = 100 };
	struct gn_vm_message m;
	struct gn_err err;
	struct gn_vm *vm;

	if (gn_vm_start(&o, &vm, &err) < 0)
		return fail("start", &err);
	if (gn_channel_wait(gn_vm_channel(vm), 4 * GN_SEC, &m, NULL) != -ETIMEDOUT)
		return fail("mute", &(struct gn_err){ "it speaks" });
	gn_time start = gn_now();

	gn_vm_death(vm, &err);
	printf("death=%s\nend_ms=%llu\n", err.text, (unsigned long long)((gn_now() - start) / GN_MSEC));
	gn_vm_free(vm);
	return 0;
}

/* A guest that stops in the middle of its work. */
static int play_hang(struct gn_vm *vm)
{
	struct gn_err err;

	gn_vm_death(vm, &err);
	printf("death=%s\n", err.text);
	return 0;
}

static int play(struct gn_vm *vm, const char *scenario, uint32_t number, const char *text)
{
	struct gn_channel *c = gn_vm_channel(vm);

	if (!strcmp(scenario, "trips"))
		return measure_trips(vm, number);
	if (!strcmp(scenario, "flood") || !strcmp(scenario, "flood-slowly"))
		return measure_flood(vm, number, scenario[5]);
	if (!strcmp(scenario, "take") || !strcmp(scenario, "take-slowly"))
		return measure_to_guest(vm, number, scenario);
	if (!strcmp(scenario, "clock"))
		return measure_clock(vm, number);
	if (!strcmp(scenario, "abort") || !strcmp(scenario, "panic")) {
		struct gn_vm_message m;
		struct gn_err err;

		ask(c, scenario, 0, "");
		gn_time start = gn_now();
		int r = gn_channel_wait(c, 10 * GN_SEC, &m, &err);

		printf("noticed=%d\nnoticed_ms=%llu\n", r,
		       (unsigned long long)((gn_now() - start) / GN_MSEC));
		gn_vm_death(vm, &err);
		printf("death=%s\n", err.text);
		return 0;
	}
	if (!strcmp(scenario, "populate")) {
		ask(c, "populate", number, "");
		print_answer(vm, "answer");
		fflush(stdout);
		pause();
	}
	if (!strcmp(scenario, "hang"))
		return play_hang(vm);
	if (strcmp(scenario, "boot") == 0)
		return 0;
	ask(c, scenario, number, text);
	return print_answer(vm, "answer");
}

int main(int argc, char **argv)
{
	const char *scenario = argc > 1 ? argv[1] : "boot";

	if (!strcmp(scenario, "guest"))
		return be_guest();
	if (!strcmp(scenario, "mute"))
		return play_mute(argc > 3 ? argv[3] : "");
	const struct gn_vm_options o = { .argument = "guest",
					 .nodes = 100,
					 .plain = getenv("GN_PLAIN") != NULL };
	gn_time start = gn_now();
	struct gn_vm_message m;
	struct gn_err err;
	struct gn_vm *vm;

	if (gn_vm_available(&err) < 0 || gn_vm_start(&o, &vm, &err) < 0)
		return fail("start", &err);
	if (gn_channel_wait(gn_vm_channel(vm), 30 * GN_SEC, &m, &err) < 0) {
		gn_vm_death(vm, &err);
		return fail("boot", &err);
	}
	printf("boot_ms=%llu\n", (unsigned long long)((gn_now() - start) / GN_MSEC));
	fflush(stdout);
	int status = play(vm, scenario, argc > 2 ? (uint32_t)atol(argv[2]) : 0, argc > 3 ? argv[3] : "");

	start = gn_now();
	gn_channel_send(gn_vm_channel(vm), GN_MESSAGE_INTERRUPT, NULL, 0, NULL);
	gn_vm_stop(vm, 10 * GN_SEC);
	printf("stop_ms=%llu\n", (unsigned long long)((gn_now() - start) / GN_MSEC));
	return status;
}
