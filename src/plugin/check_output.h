/* SPDX-License-Identifier: MIT */
/*
 * Does a protocol keep its side of gossipnet/protocol.h? For the hosts, which ask before they carry out what a
 * step answers: a protocol may be anybody's.
 *
 * Each returns NULL, or what the protocol did, a constant sentence without its subject: "sent a datagram to itself".
 * The caller says which protocol, node and time. Inline: the simulator asks for each datagram.
 */
#ifndef GN_CHECK_OUTPUT_H
#define GN_CHECK_OUTPUT_H

#include "gossipnet/protocol.h"

/* A datagram that @in led to. @n_sent: those that the same step has sent before it. */
static inline const char *gn_output_check_send(const struct gn_cluster *c, const struct gn_input *in,
					       uint32_t to, const uint8_t *data, size_t size, uint32_t n_sent)
{
	if (to == in->self)
		return "sent a datagram to itself";
	if (to >= c->members)
		return "sent a datagram to a member that does not exist";
	if (!data || !size)
		return "sent a datagram without content";
	if (size > GN_DATAGRAM_MAX)
		return "sent a datagram larger than GN_DATAGRAM_MAX, 1400 bytes";
	if (n_sent >= GN_STEP_DATAGRAMS_MAX)
		return "sent more datagrams in one step than GN_STEP_DATAGRAMS_MAX, 16777216";
	return NULL;
}

/* A partner drawn, for the log. */
static inline const char *gn_output_check_call(const struct gn_cluster *c, const struct gn_input *in,
					       uint32_t partner)
{
	if (partner == in->self)
		return "called itself";
	if (partner >= c->members)
		return "called a member that does not exist";
	return NULL;
}

/* Where an event came from: from nowhere at its origin, which is at 0 hops, and from another member elsewhere. */
static inline const char *gn_output_check_origin(const struct gn_cluster *c, const struct gn_input *in,
						 const struct gn_delivery *d)
{
	bool published = in->type == GN_PUBLISH && d->event == in->event;

	if (d->via == GN_NO_MEMBER)
		return !published ? "delivered an event as published here which was not"
		       : d->hop	  ? "delivered an event at its origin with a hop other than 0"
				  : NULL;
	if (d->via == in->self)
		return "delivered an event as received from itself";
	if (d->via >= c->members)
		return "delivered an event as received from a member that does not exist";
	return d->hop ? NULL : "delivered a received event with hop 0";
}

/* What is delivered, before anything is looked up by its numbers. */
static inline const char *gn_output_check_deliver(const struct gn_cluster *c, const struct gn_input *in,
						  const struct gn_delivery *d)
{
	if (d->event >= c->max_events)
		return "delivered an event that does not exist";
	if (d->size > c->max_payload || (d->size && !d->payload))
		return "delivered an event with a payload that it cannot have";
	return gn_output_check_origin(c, in, d);
}

/* Then: has the event been @published anywhere yet, and was it delivered at this member before (@known)? */
static inline const char *gn_output_check_first(const struct gn_delivery *d, bool published, bool known)
{
	if (!published)
		return "delivered an event that has not been published yet";
	if (d->first && known)
		return "delivered the first copy of an event twice";
	if (!d->first && !known)
		return "delivered a further copy of an event before the first";
	return NULL;
}

/* What step() returned, having sent or delivered @n_outputs things. */
static inline const char *gn_output_check_return(const struct gn_input *in, int returned, uint64_t n_outputs)
{
	if (!returned)
		return NULL;
	if (returned != -1)
		return "returned from step() something other than 0 and -1";
	if (in->type != GN_DATAGRAM)
		return "refused an input that is not a datagram";
	return n_outputs ? "sent or delivered something and then refused the datagram that led to it" : NULL;
}

/* @before, @after: the deadline before and after the step. */
static inline const char *gn_output_check_deadline(const struct gn_input *in, uint64_t before, uint64_t after)
{
	/* A host may look at datagrams before it feeds a timer that is due. */
	if (after > in->now || (in->type != GN_TIMER && after == before))
		return NULL;
	if (in->type == GN_TIMER && before < in->now && after > before)
		return NULL;
	return "asked for a deadline in the past";
}

#endif
