/* SPDX-License-Identifier: MIT */
/*
 * The datagram format of the built-in protocols, version 1. At most GN_DATAGRAM_MAX bytes; numbers are in
 * network byte order (big endian). The sender is known from the source address and not in the datagram.
 *
 *   byte     0       1       2       3
 *        +-------+-------+-------+-------+
 *      0 |  'G'  |  'n'  |version| type  |   type: 1 call, 2 reply
 *        +-------+-------+-------+-------+
 *      4 | flags |   0   |    records    |   flags: 1 a digest follows, 2 the digest reaches the end
 *        +-------+-------+-------+-------+
 *      8 |             round             |   of the caller; a reply repeats its call's
 *        +-------------------------------+
 *     12 |                               |
 *        |             sent              |   ns, the sender's clock
 *        |                               |
 *        +-------------------------------+
 *     20 |  digest, if flags say so, then `records` records, and nothing behind them
 *
 *   digest: base (4 bytes, a multiple of 8), bits (2 bytes), map ((bits + 7) / 8 bytes, lowest bit first,
 *           unused bits 0). Bit i says whether the sender knows event base + i. Nothing is asked about the events
 *           below base. From base + bits on the sender knows nothing if the digest reaches the end; else nothing
 *           is asked about those either.
 *   record: event (4), origin (4), hop (4), size (2), payload (size bytes). hop counts the transmissions from
 *           the origin to the sender.
 */
#ifndef GN_PROTO_WIRE_H
#define GN_PROTO_WIRE_H

#include <stdbool.h>

#include "gossipnet/protocol.h"

#define GN_WIRE_VERSION	      1
#define GN_WIRE_HEADER	      20
#define GN_WIRE_DIGEST_HEADER 6
#define GN_WIRE_RECORD_HEADER 14
/* Events that one digest speaks of: 1 KiB of map, so that small events still fit behind it. */
#define GN_WIRE_DIGEST_BITS 8192
#define GN_WIRE_RECORDS_MAX ((GN_DATAGRAM_MAX - GN_WIRE_HEADER) / GN_WIRE_RECORD_HEADER)
/* A hop is added for each transmission: far above any path, far below the type's end. */
#define GN_WIRE_HOP_MAX (UINT32_C(1) << 30)

enum gn_wire_type { GN_WIRE_CALL = 1, GN_WIRE_REPLY = 2 };

struct gn_wire_digest {
	uint32_t base, bits;
	bool end; /* nothing is known from base + bits on */
	const uint8_t *map;
};

struct gn_wire_record {
	uint32_t event, origin, hop;
	const uint8_t *payload;
	size_t size;
};

/* A datagram that was read; points into the data it was read from. */
struct gn_wire_datagram {
	enum gn_wire_type type;
	uint32_t round;
	uint64_t sent;
	bool has_digest;
	struct gn_wire_digest digest;
	uint32_t n_records;
	const uint8_t *records; /* for gn_wire_next() */
};

/* What a receiver accepts. */
struct gn_wire_limits {
	uint32_t members, max_events, max_payload;
};

/* Read a datagram from anybody. Return: 0; -1: not exactly one valid datagram, @ret is untouched. */
int gn_wire_read(const uint8_t *data, size_t size, const struct gn_wire_limits *limits,
		 struct gn_wire_datagram *ret);

/* Take the record at @at apart; @at is `records` of a datagram or what the last call returned, at most n_records
 * times. Return: the place of the next one. */
const uint8_t *gn_wire_next(const uint8_t *at, struct gn_wire_record *ret);

/* Does the sender of the digest say that it lacks these eight events? A bit for each of 8 * @byte .. 8 * @byte + 7. */
uint8_t gn_wire_lacks(const struct gn_wire_digest *d, uint32_t byte);

/* A datagram being written: begin, at most one digest, then records while they fit. */
struct gn_wire_writer {
	uint8_t data[GN_DATAGRAM_MAX];
	size_t size;
	uint32_t n_records;
};

void gn_wire_begin(struct gn_wire_writer *w, enum gn_wire_type type, uint32_t round, uint64_t sent);
void gn_wire_put_digest(struct gn_wire_writer *w, const struct gn_wire_digest *d);

/* Return: false if there is no room; the datagram is then as before. A record of GN_PAYLOAD_MAX always fits behind
 * a header alone. */
bool gn_wire_put_record(struct gn_wire_writer *w, const struct gn_wire_record *r);

#endif
