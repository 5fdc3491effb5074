/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "gossipnet/protocol.h"
#include "util/rand.h"
#include "util/util.h"

static const struct gn_cluster limits = { .members = 50, .max_events = 100, .max_payload = 200 };

/* A call with a digest of events 8 .. 26 and three records, one of them empty. */
static void write_call(struct gn_wire_writer *w)
{
	static const uint8_t map[] = { 0x0f, 0xa0, 0xff };
	static const uint8_t payload[200] = { 1, 2, 3, [199] = 9 };
	const struct gn_wire_digest digest = { .base = 8, .bits = 19, .end = true, .map = map };
	const struct gn_wire_record records[] = {
		{ .event = 99, .origin = 49, .hop = 3, .payload = payload, .size = 200 },
		{ .event = 0, .origin = 0, .hop = 0, .payload = NULL, .size = 0 },
		{ .event = 99, .origin = 49, .hop = 4, .payload = payload, .size = 1 },
	};

	gn_wire_begin(w, 1, 0, 7, UINT64_C(0x0102030405060708));
	gn_wire_put_digest(w, &digest);
	for (size_t i = 0; i < GN_ARRAY_LEN(records); i++)
		assert_true(gn_wire_put_record(w, &records[i]));
}

static void what_is_written_is_read(void **unused)
{
	struct gn_wire_writer w;
	struct gn_wire_datagram d;
	struct gn_wire_record r[3];

	(void)unused;
	write_call(&w);
	assert_int_equal(gn_wire_read(&limits, w.data, w.size, &d), 0);
	assert_int_equal(d.kind, 1);
	assert_int_equal(d.number, 7);
	assert_true(d.sent == UINT64_C(0x0102030405060708));
	assert_true(d.has_digest);
	assert_int_equal(d.digest.base, 8);
	assert_int_equal(d.digest.bits, 19);
	assert_true(d.digest.end);
	assert_int_equal(d.n_records, 3);
	const uint8_t *at = d.records;

	for (int i = 0; i < 3; i++)
		at = gn_wire_next(at, &r[i]);
	assert_ptr_equal(at, w.data + w.size);
	assert_int_equal(r[0].event, 99);
	assert_int_equal(r[0].origin, 49);
	assert_int_equal(r[0].hop, 3);
	assert_int_equal(r[0].size, 200);
	assert_int_equal(r[0].payload[199], 9);
	assert_int_equal(r[1].size, 0);
	assert_int_equal(r[2].hop, 4);
}

/* Others may write this format too: it must not change by accident. */
static void the_bytes_are_those_of_the_drawing(void **unused)
{
	static const uint8_t wanted[] = {
		'G', 'n', 2, 1,	 3, 9, 0,    1, 0, 0, 0, 5, 0, 0, 0, 0, 0,   0,	  1, 0, /* header */
		0,   0,	  0, 16, 0, 3, 0x05,						/* digest */
		0,   0,	  0, 17, 0, 0, 0,    2, 0, 0, 0, 6, 0, 2, 1, 2, 'h', 'i',	/* record */
	};
	static const uint8_t map[] = { 0xfd };
	const struct gn_wire_digest digest = { .base = 16, .bits = 3, .end = true, .map = map };
	const struct gn_wire_record r = { 17, 2, 6, 0x0102, (const uint8_t *)"hi", 2 };
	struct gn_wire_writer w;

	(void)unused;
	gn_wire_begin(&w, 1, 9, 5, 256);
	gn_wire_put_digest(&w, &digest);
	assert_true(gn_wire_put_record(&w, &r));
	assert_int_equal(w.size, sizeof(wanted));
	assert_memory_equal(w.data, wanted, sizeof(wanted));
}

static void a_digest_says_what_its_sender_lacks(void **unused)
{
	static const uint8_t map[] = { 0x0f, 0xa0, 0x05 };
	struct gn_wire_digest d = { .base = 8, .bits = 19, .end = true, .map = map };
	struct gn_wire_digest none = { .end = true };

	(void)unused;
	assert_int_equal(gn_wire_lacks(&d, 0), 0);
	assert_int_equal(gn_wire_lacks(&d, 1), 0xf0);
	assert_int_equal(gn_wire_lacks(&d, 2), 0x5f);
	assert_int_equal(gn_wire_lacks(&d, 3), 0xfa); /* bits 0 and 2 known; 3 .. 7 are beyond */
	assert_int_equal(gn_wire_lacks(&d, 4), 0xff);
	assert_int_equal(gn_wire_lacks(&none, 0), 0xff);
	d.end = false;
	assert_int_equal(gn_wire_lacks(&d, 3), 0x02);
	assert_int_equal(gn_wire_lacks(&d, 4), 0);
}

static void records_are_written_while_they_fit(void **unused)
{
	static const uint8_t payload[GN_PAYLOAD_MAX];
	const struct gn_cluster wide = { .members = 2, .max_events = 1000, .max_payload = GN_PAYLOAD_MAX };
	struct gn_wire_record r = { .payload = payload, .size = GN_PAYLOAD_MAX };
	struct gn_wire_datagram d;
	struct gn_wire_writer w;
	uint32_t n = 0;

	(void)unused;
	gn_wire_begin(&w, 2, 0, 0, 0);
	assert_true(gn_wire_put_record(&w, &r));
	size_t before = w.size;

	assert_false(gn_wire_put_record(&w, &r));
	assert_int_equal(w.size, before);
	gn_wire_begin(&w, 2, 0, 0, 0);
	for (r.size = 0; gn_wire_put_record(&w, &r); r.event++)
		n++;
	assert_int_equal(n, GN_WIRE_RECORDS_MAX);
	assert_true(w.size <= GN_DATAGRAM_MAX);
	assert_int_equal(gn_wire_read(&wide, w.data, w.size, &d), 0);
	assert_int_equal(d.n_records, n);
}

/* Bytes on the heap without any room behind them: reading too far is seen by the sanitizers and valgrind. */
static int read_copy(const uint8_t *data, size_t size, const struct gn_cluster *l, struct gn_wire_datagram *d)
{
	uint8_t *copy = malloc(size ? size : 1);

	assert_non_null(copy);
	memcpy(copy, data, size);
	int r = gn_wire_read(l, copy, size, d);

	for (uint32_t i = 0; r == 0 && i < d->n_records; i++) {
		struct gn_wire_record rec;

		d->records = gn_wire_next(d->records, &rec);
		assert_true(rec.event < l->max_events && rec.origin < l->members &&
			    rec.size <= l->max_payload);
		assert_true(rec.hop <= GN_WIRE_HOP_MAX);
		assert_true(rec.payload + rec.size <= copy + size);
	}
	free(copy);
	return r;
}

static void every_truncation_is_refused(void **unused)
{
	struct gn_wire_writer w;
	struct gn_wire_datagram d;

	(void)unused;
	write_call(&w);
	assert_int_equal(read_copy(w.data, w.size, &limits, &d), 0);
	for (size_t size = 0; size < w.size; size++)
		assert_int_equal(read_copy(w.data, size, &limits, &d), -1);
	w.data[w.size] = 0;
	assert_int_equal(read_copy(w.data, w.size + 1, &limits, &d), -1);
}

static void a_refused_datagram_leaves_the_result_alone(void **unused)
{
	struct gn_wire_writer w;
	struct gn_wire_datagram d, before;

	(void)unused;
	write_call(&w);
	memset(&d, 0x5a, sizeof(d));
	before = d;
	assert_int_equal(gn_wire_read(&limits, w.data, w.size - 1, &d), -1);
	assert_memory_equal(&d, &before, sizeof(d));
}

/* Every value of every byte: what is accepted stays within the limits (read_copy checks that). */
static void every_corrupt_byte_is_refused_or_harmless(void **unused)
{
	struct gn_wire_writer w;
	struct gn_wire_datagram d;
	unsigned refused = 0;

	(void)unused;
	write_call(&w);
	for (size_t i = 0; i < w.size; i++) {
		uint8_t right = w.data[i];

		for (unsigned v = 0; v < 256; v++) {
			w.data[i] = (uint8_t)v;
			int r = read_copy(w.data, w.size, &limits, &d);

			refused += r != 0;
			if (i <= 2 || i == 6 || i == 7)
				assert_int_equal(r, v == right ? 0 : -1);
		}
		w.data[i] = right;
	}
	assert_true(refused > 256 * 20);
}

struct fault {
	const char *why;
	size_t at;
	uint8_t byte;
};

static void each_rule_is_checked(void **unused)
{
	enum { DIGEST = GN_WIRE_HEADER, RECORD = DIGEST + GN_WIRE_DIGEST_HEADER + 3 };
	static const struct fault faults[] = {
		{ "another format", 0, 'X' },
		{ "another version", 2, 1 },
		{ "an unknown flag", 4, 7 },
		{ "an end without a digest", 4, 2 },
		{ "more records than there are", 7, 4 },
		{ "fewer records than there are", 7, 2 },
		{ "a base that is not a multiple of 8", DIGEST + 3, 9 },
		{ "a digest beyond the last event", DIGEST + 3, 88 },
		{ "a digest that is far too long", DIGEST + 4, 0x21 },
		{ "bits that nobody may use", DIGEST + 8, 0x0f },
		{ "an event that does not exist", RECORD + 3, 100 },
		{ "a member that does not exist", RECORD + 7, 50 },
		{ "a hop count beyond belief", RECORD + 8, 0x41 },
		{ "a payload above the limit", RECORD + 13, 201 },
	};
	struct gn_wire_datagram d;
	struct gn_wire_writer w;

	(void)unused;
	for (size_t i = 0; i < GN_ARRAY_LEN(faults); i++) {
		write_call(&w);
		assert_int_not_equal(w.data[faults[i].at], faults[i].byte);
		w.data[faults[i].at] = faults[i].byte;
		if (read_copy(w.data, w.size, &limits, &d) != -1)
			fail_msg("accepted: %s", faults[i].why);
	}
	gn_wire_begin(&w, 1, 0, 0, 0);
	assert_int_equal(read_copy(w.data, w.size, &limits, &d),
			 0); /* what it means is the protocol's affair */
}

/* Well-formed in every other way, but longer than a datagram may be. */
static void a_datagram_that_is_too_long_is_refused(void **unused)
{
	enum { EMPTY = GN_WIRE_RECORDS_MAX + 1 };
	static uint8_t data[GN_WIRE_HEADER + EMPTY * GN_WIRE_RECORD_HEADER] = { 'G', 'n', GN_WIRE_VERSION,
										1 };
	struct gn_wire_datagram d;

	(void)unused;
	data[7] = EMPTY;
	assert_true(sizeof(data) > GN_DATAGRAM_MAX);
	assert_int_equal(read_copy(data, sizeof(data), &limits, &d), -1);
	data[7] = EMPTY - 1;
	assert_int_equal(read_copy(data, sizeof(data) - GN_WIRE_RECORD_HEADER, &limits, &d), 0);
}

static void random_bytes_are_refused_or_harmless(void **unused)
{
	uint8_t data[GN_DATAGRAM_MAX + 8];
	struct gn_wire_datagram d;
	struct gn_wire_writer w;
	struct gn_rand r;

	(void)unused;
	gn_rand_init(&r, 1, GN_RAND_PROTOCOL, 0);
	for (int i = 0; i < 20000; i++) {
		size_t size = gn_rand_below(&r, sizeof(data) + 1), keep = gn_rand_below(&r, 60);

		for (size_t k = 0; k < size; k++)
			data[k] = (uint8_t)gn_rand_next(&r);
		write_call(&w);
		if (size >= keep)
			memcpy(data, w.data, keep);
		int got = read_copy(data, size, &limits, &d);

		if (keep == 0)
			assert_int_equal(got, -1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(the_bytes_are_those_of_the_drawing),
		cmocka_unit_test(a_digest_says_what_its_sender_lacks),
		cmocka_unit_test(records_are_written_while_they_fit),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(a_refused_datagram_leaves_the_result_alone),
		cmocka_unit_test(every_corrupt_byte_is_refused_or_harmless),
		cmocka_unit_test(each_rule_is_checked),
		cmocka_unit_test(a_datagram_that_is_too_long_is_refused),
		cmocka_unit_test(random_bytes_are_refused_or_harmless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
