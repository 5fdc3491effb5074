/* SPDX-License-Identifier: MIT */
/*
 * A push protocol that breaks its contract once a member knows event 0, in the
 * way that `fault` says: for the tests of what a host refuses.
 */
#include <gossipnet/protocol.h>

enum fault {
	NONE,
	STRANGER,
	ITSELF,
	LARGE,
	EMPTY,
	FLOOD,
	PAST,
	UNKNOWN,
	EARLY,
	TWICE,
	CALL,
	REFUSE,
	CRASH,
	HANG,
};

static const char *const faults[] = {
	[NONE] = "none",   [STRANGER] = "stranger", [ITSELF] = "itself",
	[LARGE] = "large", [EMPTY] = "empty",	    [FLOOD] = "flood",
	[PAST] = "past",   [UNKNOWN] = "unknown",   [EARLY] = "early",
	[TWICE] = "twice", [CALL] = "call",	    [REFUSE] = "refuse",
	[CRASH] = "crash", [HANG] = "hang",	    [HANG + 1] = NULL,
};

static const struct gn_parameter parameters[] = {
	{ "fault", "what to do wrong", GN_PARAMETER_CHOICE, 0, HANG, faults,
	  NONE },
};

static const struct gn_exchange machine = { .directions = GN_EXCHANGE_PUSH };

static void sizes(const struct gn_cluster *c, struct gn_sizes *ret)
{
	gn_exchange_sizes(c, &machine, ret);
}

static void flood(const struct gn_input *in, const struct gn_output *out,
		  uint32_t members)
{
	for (uint32_t i = 0; i <= GN_STEP_DATAGRAMS_MAX; i++)
		out->send(out->host, (in->self + 1) % members,
			  (const uint8_t *)"x", 1);
}

static int misbehave(const struct gn_cluster *c, const struct gn_input *in,
		     const struct gn_output *out, uint64_t *deadline)
{
	static const uint8_t data[GN_DATAGRAM_MAX + 1];
	const uint32_t other = (in->self + 1) % c->members;
	struct gn_delivery d = { .via = other, .hop = 1, .first = 1 };

	switch ((enum fault)c->parameters[0]) {
	case NONE:
		break;
	case STRANGER:
		out->send(out->host, c->members, data, 1);
		break;
	case ITSELF:
		out->send(out->host, in->self, data, 1);
		break;
	case LARGE:
		out->send(out->host, other, data, sizeof(data));
		break;
	case EMPTY:
		out->send(out->host, other, data, 0);
		break;
	case FLOOD:
		flood(in, out, c->members);
		break;
	case PAST:
		*deadline = in->now - 1;
		break;
	case UNKNOWN:
		d.event = c->max_events;
		out->deliver(out->host, &d);
		break;
	case EARLY:
		d.event = c->max_events - 1;
		out->deliver(out->host, &d);
		break;
	case TWICE:
		out->deliver(out->host, &d);
		break;
	case CALL:
		if (out->call)
			out->call(out->host, 0, in->self);
		break;
	case REFUSE:
		return -1;
	case CRASH:
		__builtin_trap();
	case HANG:
		for (;;)
			continue;
	}
	return 0;
}

static int step(const struct gn_cluster *c, void *head, void *body,
		const struct gn_input *in, const struct gn_output *out,
		uint64_t *deadline)
{
	int r = gn_exchange_step(c, &machine, head, body, in, out, deadline);

	if (r || in->type != GN_TIMER ||
	    !gn_rumors_is_settled(gn_exchange_rumors(c, &machine, head, body),
				  0))
		return r;
	return misbehave(c, in, out, deadline);
}

const struct gn_protocol gossipnet_protocol = {
	.abi = GN_PROTOCOL_ABI,
	.name = "misbehaving",
	.help = "push that breaks its contract",
	.parameters = parameters,
	.n_parameters = 1,
	.endless = true,
	.sizes = sizes,
	.step = step,
};
