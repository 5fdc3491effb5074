/* SPDX-License-Identifier: MIT */
/*
 * What a member knows: its events, with their payloads, and how often it has passed each on.
 *
 * An event that comes in is known at once but settled only when time has moved on. All that a member
 * sends rests on settled events, so that what it does at one moment does not depend on the order in
 * which that moment's inputs reach it, and nothing crosses two nodes in no time.
 */
#ifndef GN_PROTO_RUMORS_H
#define GN_PROTO_RUMORS_H

#include "proto/wire.h"

struct gn_rumor {
	uint32_t origin, hop; /* of the first copy */
	uint32_t sent;	      /* transmissions by this member */
	uint32_t next_fresh;  /* the next event that is not settled yet, or NO_EVENT */
	uint16_t size;
};

struct gn_rumors {
	uint32_t max_events, max_payload;
	uint32_t first_gap;	  /* all events below are settled */
	uint32_t end;		  /* no event from here on is settled */
	uint32_t fresh;		  /* list of known events that are not settled */
	uint32_t window;	  /* which part of a long digest comes next */
	uint8_t *known, *settled; /* bit maps, lowest bit first */
	struct gn_rumor *rumor;
	uint8_t *payload; /* max_payload bytes for each event */
};

/* Bytes that the table needs behind itself, and laying it out there: @memory is zeroed, aligned to 16. */
size_t gn_rumors_size(uint32_t max_events, uint32_t max_payload);
void gn_rumors_init(struct gn_rumors *t, void *memory, uint32_t max_events, uint32_t max_payload);

/* Take in a copy; the payload is copied. Return: true if the event is new here. */
bool gn_rumors_learn(struct gn_rumors *t, const struct gn_wire_record *copy, uint32_t hop);

/* Time has moved on: everything known is settled. */
void gn_rumors_settle(struct gn_rumors *t);

/* A settled event, ready to be written. */
struct gn_wire_record gn_rumors_record(const struct gn_rumors *t, uint32_t event);

/* What is settled, as a digest that points into the table. With more than GN_WIRE_DIGEST_BITS events between the
 * first gap and the last known event, one part of them, the next part at the next call. */
struct gn_wire_digest gn_rumors_digest(struct gn_rumors *t);

/* Events that one call or reply can carry at most: what gn_rumors_choose() has room for. */
#define GN_MESSAGE_DATAGRAMS 4
#define GN_CHOICE_MAX	     (GN_MESSAGE_DATAGRAMS * GN_WIRE_RECORDS_MAX)

struct gn_choice {
	uint64_t key[GN_CHOICE_MAX]; /* times sent, then the event's number, complemented */
	size_t n;
};

static inline uint32_t gn_choice_event(const struct gn_choice *c, size_t i)
{
	return ~(uint32_t)c->key[i];
}

/**
 * gn_rumors_choose() - which settled events to transmit, in which order.
 * @asked: only events that its sender lacks; NULL: all.
 *
 * Those that were transmitted least often come first, the newest (highest number) first among equals. So every
 * event gets its turn, however many are in flight, and a stream of new ones delays an old one but cannot
 * silence it: each new one is ahead only until it has been transmitted as often.
 */
void gn_rumors_choose(const struct gn_rumors *t, const struct gn_wire_digest *asked, struct gn_choice *ret);

#endif
