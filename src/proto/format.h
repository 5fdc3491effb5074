/* SPDX-License-Identifier: MIT */
/*
 * Writing and reading datagrams, inline: a simulation does both for each member and round. The format and the contracts are
 * those of gossipnet/protocol.h, where the same functions are called gn_wire_...
 */
#ifndef GN_PROTO_FORMAT_H
#define GN_PROTO_FORMAT_H

#include <endian.h>
#include <string.h>

#include "gossipnet/protocol.h"

/* Inline even where the compiler would not: then what these functions pass around stays in registers. */
#define GN_HOT static inline __attribute__((always_inline))

enum { FLAG_DIGEST = 1, FLAG_END = 2 };
enum { AT_KIND = 3, AT_FLAGS = 4, AT_NOTE = 5, AT_RECORDS = 6, AT_NUMBER = 8, AT_SENT = 12 };

GN_HOT void put16(uint8_t *at, uint32_t value)
{
	uint16_t big = htobe16((uint16_t)value);

	memcpy(at, &big, sizeof(big));
}

GN_HOT void put32(uint8_t *at, uint32_t value)
{
	value = htobe32(value);
	memcpy(at, &value, sizeof(value));
}

GN_HOT void put64(uint8_t *at, uint64_t value)
{
	value = htobe64(value);
	memcpy(at, &value, sizeof(value));
}

GN_HOT uint32_t get16(const uint8_t *at)
{
	uint16_t value;

	memcpy(&value, at, sizeof(value));
	return be16toh(value);
}

GN_HOT uint32_t get32(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return be32toh(value);
}

GN_HOT uint64_t get64(const uint8_t *at)
{
	uint64_t value;

	memcpy(&value, at, sizeof(value));
	return be64toh(value);
}

/* Return: the size so far. */
GN_HOT size_t write_header(uint8_t *data, uint8_t kind, uint8_t note, uint32_t number, uint64_t sent)
{
	const uint8_t first[8] = { 'G', 'n', GN_WIRE_VERSION, kind, 0, note, 0, 0 };

	memcpy(data, first, sizeof(first));
	put32(data + AT_NUMBER, number);
	put64(data + AT_SENT, sent);
	return GN_WIRE_HEADER;
}

/* Right behind the header. Return: the size so far. */
GN_HOT size_t write_digest(uint8_t *data, const struct gn_wire_digest *d)
{
	uint8_t *at = data + GN_WIRE_HEADER;
	size_t bytes = (d->bits + 7) / 8;

	data[AT_FLAGS] = FLAG_DIGEST | (d->end ? FLAG_END : 0);
	put32(at, d->base);
	put16(at + 4, d->bits);
	at += GN_WIRE_DIGEST_HEADER;
	if (bytes == 1)
		*at = *d->map;
	else if (bytes)
		memcpy(at, d->map, bytes);
	if (d->bits % 8)
		at[bytes - 1] &= (uint8_t)((1u << d->bits % 8) - 1);
	return GN_WIRE_HEADER + GN_WIRE_DIGEST_HEADER + bytes;
}

/* Return: its size. */
GN_HOT size_t put_record(uint8_t *at, const struct gn_wire_record *r)
{
	put32(at, r->event);
	put32(at + 4, r->origin);
	put32(at + 8, r->hop);
	put16(at + 12, (uint32_t)r->size);
	put16(at + 14, r->note);
	if (r->size)
		memcpy(at + GN_WIRE_RECORD_HEADER, r->payload, r->size);
	return GN_WIRE_RECORD_HEADER + r->size;
}

/* The @n-th record, counted from 1, at @size. Return: the size with it; 0: no room, nothing is changed. */
GN_HOT size_t write_record(uint8_t *data, size_t size, uint32_t n, const struct gn_wire_record *r)
{
	if (GN_WIRE_RECORD_HEADER + r->size > GN_DATAGRAM_MAX - size)
		return 0;
	put16(data + AT_RECORDS, n);
	return size + put_record(data + size, r);
}

/* Return: bytes of the digest, or 0 if it is not valid. */
GN_HOT size_t read_digest(const struct gn_cluster *c, const uint8_t *at, size_t left,
			  struct gn_wire_digest *d)
{
	if (left < GN_WIRE_DIGEST_HEADER)
		return 0;
	d->base = get32(at);
	d->bits = get16(at + 4);
	d->map = at + GN_WIRE_DIGEST_HEADER;
	size_t bytes = (d->bits + 7) / 8;

	if (d->base % 8 || d->bits > GN_WIRE_DIGEST_BITS || (uint64_t)d->base + d->bits > c->max_events ||
	    left - GN_WIRE_DIGEST_HEADER < bytes)
		return 0;
	if (d->bits % 8 && d->map[bytes - 1] >> d->bits % 8)
		return 0;
	return GN_WIRE_DIGEST_HEADER + bytes;
}

GN_HOT const uint8_t *read_record(const uint8_t *at, struct gn_wire_record *ret)
{
	*ret = (struct gn_wire_record){
		.event = get32(at),
		.origin = get32(at + 4),
		.hop = get32(at + 8),
		.size = get16(at + 12),
		.note = (uint16_t)get16(at + 14),
		.payload = at + GN_WIRE_RECORD_HEADER,
	};
	return ret->payload + ret->size;
}

/* Return: bytes of the record, or 0 if it is not valid. */
GN_HOT size_t check_record(const struct gn_cluster *c, const uint8_t *at, size_t left)
{
	struct gn_wire_record r;

	if (left < GN_WIRE_RECORD_HEADER)
		return 0;
	read_record(at, &r);
	if (r.event >= c->max_events || r.origin >= c->members || r.hop > GN_WIRE_HOP_MAX ||
	    r.size > c->max_payload || r.size > left - GN_WIRE_RECORD_HEADER)
		return 0;
	return GN_WIRE_RECORD_HEADER + r.size;
}

/* Return: 0 or -1. Fills all of @d but what follows the header. */
GN_HOT int read_header(const uint8_t *data, size_t size, struct gn_wire_datagram *d)
{
	static const uint8_t magic[AT_KIND] = { 'G', 'n', GN_WIRE_VERSION };

	if (size < GN_WIRE_HEADER || size > GN_DATAGRAM_MAX || memcmp(data, magic, sizeof(magic)) != 0)
		return -1;
	uint8_t flags = data[AT_FLAGS];

	if (flags & ~(FLAG_DIGEST | FLAG_END) || flags == FLAG_END)
		return -1;
	d->kind = data[AT_KIND];
	d->note = data[AT_NOTE];
	d->number = get32(data + AT_NUMBER);
	d->sent = get64(data + AT_SENT);
	d->has_digest = flags & FLAG_DIGEST;
	d->digest.end = flags & FLAG_END;
	d->n_records = get16(data + AT_RECORDS);
	return 0;
}

/* As gn_wire_read(), but @d is filled in part when -1 is returned. */
GN_HOT int read_datagram(const struct gn_cluster *c, const uint8_t *data, size_t size,
			 struct gn_wire_datagram *d)
{
	size_t at = GN_WIRE_HEADER, n;

	if (read_header(data, size, d))
		return -1;
	if (d->has_digest) {
		n = read_digest(c, data + at, size - at, &d->digest);
		if (!n)
			return -1;
		at += n;
	}
	d->records = data + at;
	for (uint32_t i = 0; i < d->n_records; i++) {
		n = check_record(c, data + at, size - at);
		if (!n)
			return -1;
		at += n;
	}
	return at == size ? 0 : -1;
}

GN_HOT uint8_t lacks(const struct gn_wire_digest *d, uint32_t byte)
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

#endif
