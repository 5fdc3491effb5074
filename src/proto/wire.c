/* SPDX-License-Identifier: MIT */
#include "proto/format.h"

_Static_assert(GN_WIRE_HEADER + GN_WIRE_RECORD_HEADER + GN_PAYLOAD_MAX <= GN_DATAGRAM_MAX,
	       "the largest event must fit into a datagram");
_Static_assert(GN_WIRE_HEADER + GN_WIRE_DIGEST_HEADER + GN_WIRE_DIGEST_BITS / 8 <= GN_DATAGRAM_MAX,
	       "the largest digest must fit into a datagram");

void gn_wire_begin(struct gn_wire_writer *w, uint8_t kind, uint8_t note, uint32_t number, uint64_t sent)
{
	w->size = write_header(w->data, kind, note, number, sent);
	w->n_records = 0;
}

void gn_wire_put_digest(struct gn_wire_writer *w, const struct gn_wire_digest *d)
{
	w->size = write_digest(w->data, d);
}

bool gn_wire_put_record(struct gn_wire_writer *w, const struct gn_wire_record *r)
{
	size_t size = write_record(w->data, w->size, w->n_records + 1, r);

	if (!size)
		return false;
	w->size = size;
	w->n_records++;
	return true;
}

int gn_wire_read(const struct gn_cluster *c, const uint8_t *data, size_t size, struct gn_wire_datagram *ret)
{
	struct gn_wire_datagram d;

	if (read_datagram(c, data, size, &d))
		return -1;
	*ret = d;
	return 0;
}

const uint8_t *gn_wire_next(const uint8_t *at, struct gn_wire_record *ret)
{
	return read_record(at, ret);
}

uint8_t gn_wire_lacks(const struct gn_wire_digest *d, uint32_t byte)
{
	return lacks(d, byte);
}
