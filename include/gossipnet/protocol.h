/* SPDX-License-Identifier: MIT */
/*
 * A gossip protocol as a state machine without input or output of its own ("sans-IO").
 *
 * The host (a live node process, a simulator, a test) feeds it what happens and carries out what it
 * answers. A protocol has no clock, no socket, no thread, no memory but the state it is given, and no
 * random numbers but those that it draws from its host: same inputs, same outputs, to the byte.
 *
 * Times are unsigned nanoseconds; which zero is the host's affair. Nodes of the cluster are members
 * 0 .. members - 1. Events are numbered by the host, 0 .. max_events - 1, the same at every member.
 */
#ifndef GOSSIPNET_PROTOCOL_H
#define GOSSIPNET_PROTOCOL_H

#include <stddef.h>
#include <stdint.h>

#define GN_PROTOCOL_ABI 1    /* changes when this header changes incompatibly */
#define GN_DATAGRAM_MAX 1400 /* bytes of UDP payload, as hashicorp/memberlist */
#define GN_PAYLOAD_MAX	1024 /* bytes of one event's payload */
#define GN_NO_DEADLINE	UINT64_MAX
#define GN_NO_MEMBER	UINT32_MAX

struct gn_protocol_config {
	uint32_t self;	  /* own number, < members */
	uint32_t members; /* cluster size, >= 2 */
	const uint32_t *
		peers; /* whom it may call, as member numbers; NULL: everybody else. Borrowed for the state's life */
	uint32_t n_peers;     /* length of peers; 0 with NULL */
	uint32_t fanout;      /* partners per period, >= 1 */
	uint64_t period;      /* ns, > 0 */
	uint32_t max_events;  /* event numbers are below this, >= 1 */
	uint32_t max_payload; /* bytes, <= GN_PAYLOAD_MAX: no event carries more */
	/* The member's own source of random numbers: uniform in [0, @n), @n > 0. */
	uint64_t (*below)(void *random, uint64_t n);
	void *random; /* handed to below(); borrowed for the state's life; nobody else draws from it */
};

enum gn_input_type {
	GN_START,    /* once, first */
	GN_TIMER,    /* the deadline of the last answer has come */
	GN_DATAGRAM, /* from, data, size */
	GN_PUBLISH,  /* event, data, size: this member is the event's origin */
};

struct gn_input {
	enum gn_input_type type;
	uint64_t now;  /* never goes back between inputs */
	uint32_t from; /* the sending member: the host knows it from the source address */
	uint32_t event;
	const uint8_t *data; /* borrowed for the call */
	size_t size;
};

/* An event has come to this member. */
struct gn_delivery {
	uint32_t event;
	uint32_t via;		/* the member it came from; GN_NO_MEMBER at its origin */
	uint64_t sent;		/* when the datagram was sent, the sender's clock */
	uint32_t hop;		/* transmissions since the origin; 0 there */
	int first;		/* 1 the first time here, else 0 */
	const uint8_t *payload; /* borrowed for the call */
	size_t size;
};

/* How a protocol answers: calls made by it during step(), carried out by the host in order. */
struct gn_output {
	void *host;
	void (*send)(void *host, uint32_t to, const uint8_t *data,
		     size_t size); /* size <= GN_DATAGRAM_MAX; copied */
	void (*deliver)(void *host, const struct gn_delivery *d);
	void (*call)(void *host, uint32_t round,
		     uint32_t partner); /* a partner was drawn in this round; for the log; may be NULL */
};

struct gn_protocol {
	uint32_t abi; /* GN_PROTOCOL_ABI */
	const char *name;

	/* Bytes of state for this configuration; the host provides them, zeroed, aligned to 16. */
	size_t (*state_size)(const struct gn_protocol_config *config);

	/* Prepare the state. The configuration is copied; what it points to is borrowed.
	 * Return: NULL, or what is wrong with the configuration, a constant sentence. */
	const char *(*init)(void *state, const struct gn_protocol_config *config);

	/* Feed one input. Return: 0; -1: a datagram that does not parse, the state is unchanged and
	 * nothing was sent. *deadline (always written) says when to feed GN_TIMER: at that moment
	 * or as soon after it as possible; GN_NO_DEADLINE: not until something else happens. */
	int (*step)(void *state, const struct gn_input *in, const struct gn_output *out, uint64_t *deadline);
};

#endif
