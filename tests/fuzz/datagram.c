/* SPDX-License-Identifier: MIT */
/*
 * Whatever comes in a datagram, a member stays within its configuration and its memory. The input is a
 * series of datagrams: two bytes of size (high, low), one of the sender's number, then the datagram. Between
 * them the member acts, so that what it took in is sent on.
 *
 * The corpus is made by this program itself: `GN_MAKE_CORPUS=DIR build/fuzz/datagram` (see make_corpus()).
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/proto.h"
#include "util/rand.h"
#include "util/util.h"

enum { MEMBERS = 5, SELF = 2, EVENTS = 20, PAYLOAD = 100, HEADER = 3 };

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct gn_cluster cluster = {
	.members = MEMBERS, .fanout = 1, .period = 1000, .max_events = EVENTS, .max_payload = PAYLOAD
};

struct watched {
	uint32_t known, sent, delivered;
};

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void on_send(void *host, uint32_t to, const uint8_t *data, size_t size)
{
	struct watched *w = host;
	struct gn_wire_datagram d;
	struct gn_wire_record r;

	w->sent++;
	require(to < MEMBERS && to != SELF && size && size <= GN_DATAGRAM_MAX);
	/* Its own medicine; a format of its own is none of our business. */
	if (gn_wire_read(&cluster, data, size, &d))
		return;
	for (uint32_t i = 0; i < d.n_records; i++) {
		d.records = gn_wire_next(d.records, &r);
		require(w->known >> r.event & 1);
	}
}

static void on_deliver(void *host, const struct gn_delivery *d)
{
	struct watched *w = host;
	unsigned sum = 0;

	w->delivered++;
	require(d->event < EVENTS && d->size <= PAYLOAD && d->via < MEMBERS && d->hop >= 1);
	require(d->first == !(w->known >> d->event & 1));
	w->known |= 1u << d->event;
	for (size_t i = 0; i < d->size; i++) /* all of it can be read */
		sum += d->payload[i];
	require(sum <= 255 * PAYLOAD);
}

enum { PROTOCOLS_MAX = 32 };

/* What all inputs have in common, by protocol; made once, as it can take longer than an input. */
static struct prepared {
	struct gn_cluster cluster;
	int64_t parameters[GN_PARAMETERS_MAX];
	struct gn_sizes sizes;
} prepared[PROTOCOLS_MAX];

static void prepare(const struct gn_protocol *p, struct prepared *ret)
{
	ret->cluster = cluster;
	ret->cluster.parameters = ret->parameters;
	for (uint32_t i = 0; i < p->n_parameters; i++)
		ret->parameters[i] = p->parameters[i].value;
	p->sizes(&ret->cluster, &ret->sizes);
	void *shared = calloc(1, ret->sizes.shared + 1);

	require(shared && !(p->prepare && p->prepare(&ret->cluster, shared)));
	ret->cluster.shared = shared;
}

static void run(const struct gn_protocol *p, const struct prepared *with, const uint8_t *data, size_t size)
{
	const struct gn_cluster c = with->cluster;
	struct watched w = { 0 };
	uint8_t room[GN_DATAGRAM_MAX];
	const struct gn_output out = { .host = &w, .send = on_send, .deliver = on_deliver, .room = room };
	struct gn_random random = { 1 };
	uint64_t deadline = GN_NO_DEADLINE, now = 0;
	void *head = calloc(1, with->sizes.head + 1), *body = calloc(1, with->sizes.body + 1);

	require(head && body);
	p->step(&c, head, body, &(struct gn_input){ .type = GN_START, .self = SELF, .random = &random }, &out,
		&deadline);
	while (size >= HEADER) {
		size_t n = GN_MIN((size_t)data[0] << 8 | data[1], size - HEADER);
		struct gn_input in = { .type = GN_DATAGRAM,
				       .self = SELF,
				       .now = ++now,
				       .random = &random,
				       .from = data[2],
				       .data = data + HEADER,
				       .size = n };

		w.sent = w.delivered = 0;
		int r = p->step(&c, head, body, &in, &out, &deadline);

		require(r == 0 || (r == -1 && !w.sent && !w.delivered));
		if (deadline != GN_NO_DEADLINE) {
			require(deadline > now);
			in = (struct gn_input){
				.type = GN_TIMER, .self = SELF, .now = now = deadline, .random = &random
			};
			p->step(&c, head, body, &in, &out, &deadline);
		}
		data += HEADER + n;
		size -= HEADER + n;
	}
	free(head);
	free(body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	for (size_t i = 0; gn_protocol_at(i); i++)
		run(gn_protocol_at(i), &prepared[i], data, size);
	return 0;
}

static void append(FILE *f, uint8_t from, const uint8_t *data, size_t size)
{
	const uint8_t header[HEADER] = { (uint8_t)(size >> 8), (uint8_t)size, from };

	fwrite(header, 1, sizeof(header), f);
	fwrite(data, 1, size, f);
}

static FILE *open_in(const char *folder, const char *name)
{
	char *path = gn_format("%s/%s", folder, name);
	FILE *f = path ? fopen(path, "wb") : NULL;

	free(path);
	require(f);
	return f;
}

/* One file per kind of datagram, one with several, and each of them cut short and with a byte too many. */
static void make_corpus(const char *folder)
{
	static const uint8_t map[] = { 0x0f, 0x05 }, payload[PAYLOAD] = { 1, 2, 3 };
	const struct gn_wire_digest some = { .base = 8, .bits = 11, .end = true, .map = map };
	const struct gn_wire_digest nothing = { .end = true }, window = { .base = 0, .bits = 8, .map = map };
	const struct gn_wire_record r[] = { { 0, 1, 0, 0, payload, 10 },
					    { 19, 4, GN_WIRE_HOP_MAX, 0, payload, PAYLOAD },
					    { 7, 0, 1, 0, NULL, 0 } };
	static const char *const names[] = { "push", "pull", "push-pull", "reply", "empty", "window" };
	struct gn_wire_writer w[GN_ARRAY_LEN(names)];
	FILE *all = open_in(folder, "series"), *cut = open_in(folder, "cut-short");

	for (size_t i = 0; i < GN_ARRAY_LEN(names); i++)
		gn_wire_begin(&w[i], i == 3 ? GN_EXCHANGE_REPLY : GN_EXCHANGE_CALL, 0, 1, 1000);
	gn_wire_put_digest(&w[1], &some);
	gn_wire_put_digest(&w[2], &some);
	gn_wire_put_digest(&w[4], &nothing);
	gn_wire_put_digest(&w[5], &window);
	for (size_t i = 0; i < GN_ARRAY_LEN(r); i++) {
		gn_wire_put_record(&w[0], &r[i]);
		gn_wire_put_record(&w[2], &r[i]);
		gn_wire_put_record(&w[3], &r[i]);
	}
	for (size_t i = 0; i < GN_ARRAY_LEN(names); i++) {
		FILE *f = open_in(folder, names[i]);

		append(f, 1, w[i].data, w[i].size);
		append(all, (uint8_t)(i % MEMBERS), w[i].data, w[i].size);
		append(cut, 1, w[i].data, w[i].size - 1);
		w[i].data[w[i].size] = 0;
		append(cut, 1, w[i].data, w[i].size + 1);
		fclose(f);
	}
	fclose(all);
	fclose(cut);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *folder = getenv("GN_MAKE_CORPUS");

	(void)argc;
	(void)argv;
	if (folder) {
		make_corpus(folder);
		exit(0);
	}
	for (size_t i = 0; gn_protocol_at(i); i++) {
		require(i < PROTOCOLS_MAX);
		prepare(gn_protocol_at(i), &prepared[i]);
	}
	return 0;
}
