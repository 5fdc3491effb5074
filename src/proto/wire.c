/* SPDX-License-Identifier: MIT */
#include "proto/wire.h"

#include <string.h>

enum { FLAG_DIGEST = 1, FLAG_END = 2 };
enum { AT_TYPE = 3, AT_FLAGS = 4, AT_ZERO = 5, AT_RECORDS = 6, AT_ROUND = 8, AT_SENT = 12 };

static const uint8_t magic[] = { 'G', 'n', GN_WIRE_VERSION };

_Static_assert(GN_WIRE_HEADER + GN_WIRE_RECORD_HEADER + GN_PAYLOAD_MAX <= GN_DATAGRAM_MAX,
	       "the largest event must fit into a datagram");
_Static_assert(GN_WIRE_HEADER + GN_WIRE_DIGEST_HEADER + GN_WIRE_DIGEST_BITS / 8 <= GN_DATAGRAM_MAX,
	       "the largest digest must fit into a datagram");

static void put(uint8_t *at, unsigned bytes, uint64_t value)
{
	while (bytes--) {
		at[bytes] = (uint8_t)value;
		value >>= 8;
	}
}

static uint64_t get(const uint8_t *at, unsigned bytes)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < bytes; i++)
		value = value << 8 | at[i];
	return value;
}

void gn_wire_begin(struct gn_wire_writer *w, enum gn_wire_type type, uint32_t round, uint64_t sent)
{
	memset(w->data, 0, GN_WIRE_HEADER);
	memcpy(w->data, magic, sizeof(magic));
	w->data[AT_TYPE] = (uint8_t)type;
	put(w->data + AT_ROUND, 4, round);
	put(w->data + AT_SENT, 8, sent);
	w->size = GN_WIRE_HEADER;
	w->n_records = 0;
}

void gn_wire_put_digest(struct gn_wire_writer *w, const struct gn_wire_digest *d)
{
	uint8_t *at = w->data + w->size;
	size_t bytes = (d->bits + 7) / 8;

	w->data[AT_FLAGS] = FLAG_DIGEST | (d->end ? FLAG_END : 0);
	put(at, 4, d->base);
	put(at + 4, 2, d->bits);
	if (bytes) {
		memcpy(at + GN_WIRE_DIGEST_HEADER, d->map, bytes);
		if (d->bits % 8)
			at[GN_WIRE_DIGEST_HEADER + bytes - 1] &= (uint8_t)((1u << d->bits % 8) - 1);
	}
	w->size += GN_WIRE_DIGEST_HEADER + bytes;
}

bool gn_wire_put_record(struct gn_wire_writer *w, const struct gn_wire_record *r)
{
	uint8_t *at = w->data + w->size;

	if (GN_WIRE_RECORD_HEADER + r->size > sizeof(w->data) - w->size)
		return false;
	put(at, 4, r->event);
	put(at + 4, 4, r->origin);
	put(at + 8, 4, r->hop);
	put(at + 12, 2, r->size);
	if (r->size)
		memcpy(at + GN_WIRE_RECORD_HEADER, r->payload, r->size);
	w->size += GN_WIRE_RECORD_HEADER + r->size;
	put(w->data + AT_RECORDS, 2, ++w->n_records);
	return true;
}

/* Return: bytes of the digest, or 0 if it is not valid. */
static size_t read_digest(const uint8_t *at, size_t left, const struct gn_wire_limits *limits,
			  struct gn_wire_digest *ret)
{
	if (left < GN_WIRE_DIGEST_HEADER)
		return 0;
	struct gn_wire_digest d = {
		.base = (uint32_t)get(at, 4),
		.bits = (uint32_t)get(at + 4, 2),
		.end = ret->end,
		.map = at + GN_WIRE_DIGEST_HEADER,
	};
	size_t bytes = (d.bits + 7) / 8;

	if (d.base % 8 || d.bits > GN_WIRE_DIGEST_BITS || (uint64_t)d.base + d.bits > limits->max_events ||
	    left - GN_WIRE_DIGEST_HEADER < bytes)
		return 0;
	if (d.bits % 8 && d.map[bytes - 1] >> d.bits % 8)
		return 0;
	*ret = d;
	return GN_WIRE_DIGEST_HEADER + bytes;
}

/* Return: bytes of the record, or 0 if it is not valid. */
static size_t check_record(const uint8_t *at, size_t left, const struct gn_wire_limits *limits)
{
	struct gn_wire_record r;

	if (left < GN_WIRE_RECORD_HEADER)
		return 0;
	gn_wire_next(at, &r);
	if (r.event >= limits->max_events || r.origin >= limits->members || r.hop > GN_WIRE_HOP_MAX ||
	    r.size > limits->max_payload || r.size > left - GN_WIRE_RECORD_HEADER)
		return 0;
	return GN_WIRE_RECORD_HEADER + r.size;
}

/* Return: 0 or -1. Fills all of @d but what follows the header. */
static int read_header(const uint8_t *data, size_t size, struct gn_wire_datagram *d)
{
	if (size < GN_WIRE_HEADER || size > GN_DATAGRAM_MAX || memcmp(data, magic, sizeof(magic)) != 0)
		return -1;
	uint8_t type = data[AT_TYPE], flags = data[AT_FLAGS];

	if (type != GN_WIRE_CALL && type != GN_WIRE_REPLY)
		return -1;
	if (flags & ~(FLAG_DIGEST | FLAG_END) || flags == FLAG_END || data[AT_ZERO])
		return -1;
	*d = (struct gn_wire_datagram){
		.type = type,
		.round = (uint32_t)get(data + AT_ROUND, 4),
		.sent = get(data + AT_SENT, 8),
		.has_digest = flags & FLAG_DIGEST,
		.digest.end = flags & FLAG_END,
		.n_records = (uint32_t)get(data + AT_RECORDS, 2),
	};
	/* A reply answers a digest and asks nothing; a datagram that says nothing at all is not one of ours. */
	if (d->has_digest && d->type == GN_WIRE_REPLY)
		return -1;
	return d->has_digest || d->n_records ? 0 : -1;
}

int gn_wire_read(const uint8_t *data, size_t size, const struct gn_wire_limits *limits,
		 struct gn_wire_datagram *ret)
{
	struct gn_wire_datagram d;
	size_t at = GN_WIRE_HEADER, n;

	if (read_header(data, size, &d))
		return -1;
	if (d.has_digest) {
		n = read_digest(data + at, size - at, limits, &d.digest);
		if (!n)
			return -1;
		at += n;
	}
	d.records = data + at;
	for (uint32_t i = 0; i < d.n_records; i++) {
		n = check_record(data + at, size - at, limits);
		if (!n)
			return -1;
		at += n;
	}
	if (at != size)
		return -1;
	*ret = d;
	return 0;
}

const uint8_t *gn_wire_next(const uint8_t *at, struct gn_wire_record *ret)
{
	*ret = (struct gn_wire_record){
		.event = (uint32_t)get(at, 4),
		.origin = (uint32_t)get(at + 4, 4),
		.hop = (uint32_t)get(at + 8, 4),
		.payload = at + GN_WIRE_RECORD_HEADER,
		.size = (size_t)get(at + 12, 2),
	};
	return ret->payload + ret->size;
}

uint8_t gn_wire_lacks(const struct gn_wire_digest *d, uint32_t byte)
{
	uint32_t first = d->base / 8, whole = d->bits / 8;
	uint8_t beyond = d->end ? 0xff : 0;

	if (byte < first)
		return 0;
	if (byte < first + whole)
		return (uint8_t)~d->map[byte - first];
	if (byte == first + whole && d->bits % 8) {
		uint8_t told = (uint8_t)((1u << d->bits % 8) - 1);

		return (uint8_t)((~d->map[whole] & told) | (beyond & ~told));
	}
	return beyond;
}
