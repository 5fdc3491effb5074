/* SPDX-License-Identifier: MIT */
/*
 * Push with feedback and counter (Demers et al., PODC 1987, section 1.4):
 * who is told what it knew says so, and who has been told that `counter`
 * times about an event stops passing it on.
 */
#include <gossipnet/protocol.h>

enum { TELL = 1, KNEW = 2 }; /* kinds of datagrams */

static const struct gn_parameter parameters[] = {
	{ "counter", "stop passing an event on after so many partners knew it",
	  GN_PARAMETER_WHOLE, 1, 1000, NULL, 2 },
};

/* A member's head. Its body is a table with a count for each event. */
struct member {
	struct gn_rumors_head rumors;
	uint32_t round;
};

static void sizes(const struct gn_cluster *c, struct gn_sizes *ret)
{
	ret->head = sizeof(struct member);
	ret->body = gn_rumors_size(c, sizeof(uint32_t));
}

static void tell(struct gn_rumors t, uint32_t round, const struct gn_input *in,
		 const struct gn_output *out)
{
	struct gn_message m = { .kind = TELL, .number = round, .events = true };

	for (uint32_t i = 0; i < t.cluster->fanout; i++) {
		m.to = gn_draw_partner(t.cluster, in);
		if (m.to == GN_NO_MEMBER)
			return;
		if (out->call)
			out->call(out->host, round, m.to);
		gn_send_message(t, in, out, &m);
	}
}

static int count(struct gn_rumors t, uint32_t event)
{
	if (event >= t.cluster->max_events || !gn_rumors_is_settled(t, event))
		return -1;
	uint32_t *counter = gn_rumors_extra(t, event);

	if (++*counter == t.cluster->parameters[0])
		gn_rumors_forget(t, event);
	return 0;
}

static int receive(struct gn_rumors t, const struct gn_input *in,
		   const struct gn_output *out)
{
	struct gn_wire_datagram d;
	struct gn_wire_record copy;
	struct gn_wire_writer answer;

	if (gn_wire_read(t.cluster, in->data, in->size, &d))
		return -1;
	if (d.kind == KNEW)
		return count(t, d.number);
	if (d.kind != TELL)
		return -1;
	for (uint32_t i = 0; i < d.n_records; i++) {
		d.records = gn_wire_next(d.records, &copy);
		gn_take_record(t, in, out, &d, &copy);
		if (!gn_rumors_is_settled(t, copy.event))
			continue;
		gn_wire_begin(&answer, KNEW, 0, copy.event, in->now);
		out->send(out->host, in->from, answer.data, answer.size);
	}
	return 0;
}

static int step(const struct gn_cluster *c, void *head, void *body,
		const struct gn_input *in, const struct gn_output *out,
		uint64_t *deadline)
{
	struct member *m = head;
	struct gn_rumors t = { c, &m->rumors, body, sizeof(uint32_t) };

	gn_rumors_settle(t, in->now);
	switch (in->type) {
	case GN_START:
		*deadline = gn_first_round(c, in);
		return 0;
	case GN_TIMER:
		tell(t, m->round++, in, out);
		*deadline = gn_next_round(c, in, *deadline);
		return 0;
	case GN_DATAGRAM:
		return receive(t, in, out);
	case GN_PUBLISH:
		return gn_take_publish(t, in, out);
	}
	return -1;
}

const struct gn_protocol gossipnet_protocol = {
	.abi = GN_PROTOCOL_ABI,
	.name = "mongering",
	.help = "push until enough partners knew it already",
	.fans_out = true,
	.parameters = parameters,
	.n_parameters = 1,
	.sizes = sizes,
	.step = step,
};
