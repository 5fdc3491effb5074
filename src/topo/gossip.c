/* SPDX-License-Identifier: MIT */
/* How the members gossip: the protocol with its parameters, the clock, and when an event is forgotten. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "topo/planning.h"

static const char *next_protocol(const void *ctx, size_t i)
{
	const struct gn_load_options *o = ctx;
	const struct gn_protocol *q = o->protocol_at(i);

	return q ? q->name : NULL;
}

static size_t count_protocols(const struct gn_load_options *o)
{
	size_t n = 0;

	while (o->protocol_at(n))
		n++;
	return n;
}

static void unknown_protocol(struct gn_planning *p, const struct gn_yaml *y)
{
	const struct gn_load_options *o = p->options;
	const char *nearest = gn_report_nearest(p->report, y->text, next_protocol, o, count_protocols(o));
	struct gn_list list = { .n = 0 };

	for (size_t i = 0; o->protocol_at(i); i++)
		gn_list_add(&list, o->protocol_at(i)->name);
	if (strchr(y->text, '.')) /* no protocol's name has one, most files' names do */
		gn_fault_at(p->report, y->place,
			    "unknown protocol \"%s\": the path of one's own has a slash: ./%s", y->text,
			    y->text);
	else if (*nearest)
		gn_fault_at(p->report, y->place, "unknown protocol \"%s\"%s", y->text, nearest);
	else
		gn_fault_at(p->report, y->place, "unknown protocol \"%s\": known are %s", y->text, list.text);
}

/* Return: the protocol, or NULL after a fault. */
static const struct gn_protocol *find_protocol(struct gn_planning *p, const struct gn_field *written)
{
	const struct gn_yaml y = { .text = written->text }, *at = written->at ? written->at : &y;
	bool is_path = strchr(written->text, '/');
	const char *name = is_path ? gn_planning_path(p, at) : written->text;
	const struct gn_protocol *found = NULL;
	struct gn_err err = { 0 };

	if (!name || !p->options->find_protocol(name, &found, &err))
		return found;
	if (is_path)
		gn_fault_at(p->report, at->place, "%s", err.text);
	else
		unknown_protocol(p, at);
	return NULL;
}

const struct gn_parameter *gn_parameter_find(const struct gn_protocol *q, const char *name)
{
	for (uint32_t i = 0; i < q->n_parameters; i++) {
		if (!strcmp(q->parameters[i].name, name))
			return &q->parameters[i];
	}
	return NULL;
}

static bool is_gossip_key(const char *name)
{
	const struct gn_schema *s = gn_schema_gossip();

	for (size_t i = 0; i < s->n; i++) {
		if (!strcmp(s->keys[i].name, name))
			return true;
	}
	return false;
}

static const char *next_gossip_key(const void *ctx GN_UNUSED, size_t i)
{
	const struct gn_schema *s = gn_schema_gossip();

	return i < s->n ? s->keys[i].name : NULL;
}

static const char *next_parameter(const void *ctx, size_t i)
{
	const struct gn_protocol *q = ctx;

	return i < q->n_parameters ? q->parameters[i].name : NULL;
}

/* What there is, where nothing is like what was written. */
static void list_keys(struct gn_planning *p, const struct gn_protocol *q, const struct gn_yaml *y)
{
	struct gn_list keys = { .n = 0 }, parameters = { .n = 0 };

	for (size_t i = 0; next_gossip_key(NULL, i); i++)
		gn_list_add(&keys, next_gossip_key(NULL, i));
	for (size_t i = 0; next_parameter(q, i); i++)
		gn_list_add(&parameters, next_parameter(q, i));
	gn_fault_at(p->report, y->key_place, "unknown key \"%s\": gossip has %s; %s has %s", y->key,
		    keys.text, q->name, parameters.n ? parameters.text : "no parameters");
}

static void unknown_key(struct gn_planning *p, const struct gn_protocol *q, const struct gn_yaml *y)
{
	const struct gn_protocol *other;
	struct gn_list owners = { .n = 0 };

	for (size_t i = 0; (other = p->options->protocol_at(i)); i++) {
		if (gn_parameter_find(other, y->key))
			gn_list_add(&owners, other->name);
	}
	if (owners.n) {
		gn_fault_at(p->report, y->key_place, "%s has no parameter \"%s\": it belongs to %s", q->name,
			    y->key, owners.text);
		return;
	}
	const char *key = gn_report_nearest(p->report, y->key, next_gossip_key, NULL, gn_schema_gossip()->n);
	const char *parameter = gn_report_nearest(p->report, y->key, next_parameter, q, q->n_parameters);

	if (*key)
		gn_fault_at(p->report, y->key_place, "unknown key \"%s\"%s", y->key, key);
	else if (*parameter)
		gn_fault_at(p->report, y->key_place, "%s has no parameter \"%s\"%s", q->name, y->key,
			    parameter);
	else
		list_keys(p, q, y);
}

const char *gn_parameter_text(const struct gn_parameter *k, int64_t value, char buf[GN_PARAMETER_TEXT])
{
	const char *sign = value < 0 ? "-" : "";
	uint64_t size = value < 0 ? -(uint64_t)value : (uint64_t)value;
	char text[GN_UNIT_TEXT];

	switch (k->type) {
	case GN_PARAMETER_WHOLE:
		snprintf(buf, GN_PARAMETER_TEXT, "%" PRIi64, value);
		return buf;
	case GN_PARAMETER_DECIMAL:
		snprintf(buf, GN_PARAMETER_TEXT, "%s%s", sign,
			 gn_unit_format(GN_QUANTITY_DECIMAL, size, text));
		return buf;
	case GN_PARAMETER_DURATION:
		return gn_unit_format(GN_QUANTITY_DURATION, size, buf);
	case GN_PARAMETER_CHOICE:
		return k->choices[value];
	case GN_PARAMETER_SWITCH:
		return value ? "true" : "false";
	}
	return "";
}

/* As written, and with its sign: other numbers of a topology have none. */
static void decode_parameter(struct gn_planning *p, const struct gn_parameter *k, const struct gn_yaml *y,
			     int64_t *ret)
{
	static const enum gn_type type_of[] = {
		[GN_PARAMETER_WHOLE] = GN_TYPE_WHOLE,	    [GN_PARAMETER_DECIMAL] = GN_TYPE_DECIMAL,
		[GN_PARAMETER_DURATION] = GN_TYPE_DURATION, [GN_PARAMETER_CHOICE] = GN_TYPE_CHOICE,
		[GN_PARAMETER_SWITCH] = GN_TYPE_SWITCH,
	};
	const struct gn_key key = {
		.name = k->name, .type = type_of[k->type], .max = UINT64_MAX, .choices = k->choices
	};
	bool negative = k->min < 0 && y->kind == GN_YAML_SCALAR && *y->text == '-';
	struct gn_yaml size = *y;
	struct gn_field f = { 0 };
	char min[GN_PARAMETER_TEXT], max[GN_PARAMETER_TEXT];

	if (negative)
		size.text++;
	if (!gn_schema_decode(&key, &size, &f, p->report))
		return;
	int64_t value = negative ? (int64_t)-f.number : (int64_t)f.number;
	bool fits = negative ? f.number <= (uint64_t)INT64_MAX + 1 : f.number <= INT64_MAX;
	bool is_number = k->type != GN_PARAMETER_CHOICE && k->type != GN_PARAMETER_SWITCH;

	if (fits && (!is_number || (value >= k->min && value <= k->max)))
		*ret = value;
	else
		gn_fault_at(p->report, y->place, "%s must be from %s to %s, not %s", k->name,
			    gn_parameter_text(k, k->min, min), gn_parameter_text(k, k->max, max), y->text);
}

/* The keys of `gossip:` that are not ours are the protocol's. */
static int plan_parameters(struct gn_planning *p, const struct gn_protocol *q)
{
	const struct gn_yaml *gossip = p->raw->gossip.at;
	const struct gn_raw_gossip *raw = p->raw->gossip.items;
	int64_t *values = gn_arena_alloc(&p->arena, (q->n_parameters + 1u) * sizeof(*values));

	if (!values)
		return -ENOMEM;
	p->t.gossip.parameters = values;
	for (uint32_t i = 0; i < q->n_parameters; i++) {
		values[i] = q->parameters[i].value;
		if (is_gossip_key(q->parameters[i].name))
			gn_fault_at(p->report, gn_place_of(&raw->protocol, &raw->raw),
				    "%s has a parameter \"%s\", which is a key of gossip: rename it", q->name,
				    q->parameters[i].name);
	}
	for (const struct gn_yaml *y = gossip && gossip->kind == GN_YAML_MAP ? gossip->first : NULL; y;
	     y = y->next) {
		const struct gn_parameter *k = gn_parameter_find(q, y->key);

		if (is_gossip_key(y->key))
			continue;
		if (k)
			decode_parameter(p, k, y, &values[k - q->parameters]);
		else
			unknown_key(p, q, y);
	}
	return 0;
}

/* The piece of @text between two others, in the arena; NULL if they are not there. */
static const char *between(struct gn_planning *p, const char *text, const char *before, const char *behind)
{
	size_t n = strlen(text), b = strlen(before), e = strlen(behind);

	if (n < b + e || strncmp(text, before, b) || strcmp(text + n - e, behind))
		return NULL;
	const char *piece = gn_arena_copy(&p->arena, text + b, n - b - e);

	if (!piece)
		p->report->no_memory = true;
	return piece;
}

/* The rule in words, as if its number stood in the map. Return: false after a fault. */
static bool read_rule(struct gn_planning *p, const struct gn_field *forget, struct gn_raw_forget *ret)
{
	const struct gn_schema *s = gn_schema_forget();
	struct gn_field *const fields[] = { &ret->after, &ret->lost_interest };
	const char *number[] = {
		between(p, forget->text, "after ", " rounds"),
		between(p, forget->text, "lost interest with probability ", ""),
	};

	if (!number[0])
		number[0] = between(p, forget->text, "after ", " round");
	for (size_t i = 0; i < GN_ARRAY_LEN(fields); i++) {
		struct gn_yaml y = *forget->at;

		if (!number[i])
			continue;
		y.text = number[i];
		fields[i]->at = forget->at;
		return gn_schema_decode(&s->keys[i], &y, fields[i], p->report);
	}
	if (!strcmp(forget->text, "never"))
		return true;
	gn_fault_at(
		p->report, forget->at->place,
		"forget must be never, \"after N rounds\" or \"lost interest with probability P\", not \"%s\"",
		forget->text);
	return false;
}

static bool forgets(const struct gn_protocol *q)
{
	return q->forgets;
}

static bool fans_out(const struct gn_protocol *q)
{
	return q->fans_out;
}

/* A key that only some protocols honour, those that @honours says, and that @q does not. */
static void useless_key_fault(struct gn_planning *p, const struct gn_protocol *q, const struct gn_yaml *y,
			      bool (*honours)(const struct gn_protocol *q))
{
	const struct gn_protocol *other;
	struct gn_list list = { .n = 0 };

	for (size_t i = 0; (other = p->options->protocol_at(i)); i++) {
		if (honours(other))
			gn_list_add(&list, other->name);
	}
	gn_fault_at(p->report, y->key_place, "%s has no use for %s: it belongs to %s", q->name, y->key,
		    list.text);
}

static void plan_forget(struct gn_planning *p, const struct gn_raw_gossip *g, const struct gn_protocol *q)
{
	const struct gn_yaml *y = g->forget.at;
	struct gn_raw_forget rule = { 0 };

	if (!y || g->forget.bad)
		return;
	if (y->kind == GN_YAML_MAP)
		rule = *(const struct gn_raw_forget *)g->forget.items;
	else if (!read_rule(p, &g->forget, &rule))
		return;
	if (rule.raw.bad)
		return;
	if (y->kind == GN_YAML_MAP && !rule.after.at == !rule.lost_interest.at)
		gn_fault_at(p->report, y->place, "forget needs one of after and lost_interest%s",
			    rule.after.at ? ", not both" : "");
	else if ((rule.after.at || rule.lost_interest.at) && q && !q->forgets)
		useless_key_fault(p, q, y, forgets);
	p->t.gossip.forget_after = (uint32_t)rule.after.number;
	p->t.gossip.lost_interest_ppm = (uint32_t)rule.lost_interest.number;
}

/* NULL, or what is wrong with the memory that a protocol asks for. Below this limit no host's sums overflow. */
static const char *sizes_fault(const struct gn_protocol *q, const struct gn_sizes *sizes)
{
	if (sizes->head > GN_SIZE_MAX || sizes->body > GN_SIZE_MAX || sizes->shared > GN_SIZE_MAX)
		return "sizes() asks for more than GN_SIZE_MAX bytes, 1 TiB";
	return q->tagged && !sizes->head ? "it is tagged, but sizes() asks for no head to hold the tag"
					 : NULL;
}

int gn_planning_prepare(struct gn_planning *p)
{
	const struct gn_raw_gossip *g = p->raw->gossip.items;
	const struct gn_protocol *q = p->t.gossip.protocol;
	const struct gn_cluster cluster = gn_cluster_of(&p->t);
	struct gn_sizes sizes = { 0 };

	q->sizes(&cluster, &sizes);
	const char *why = sizes_fault(q, &sizes);

	if (!why && q->prepare) {
		GN_CLEANUP(gn_free_p) void *shared = calloc(1, sizes.shared + 1); /* aligned to 16 */

		if (!shared)
			return -ENOMEM;
		why = q->prepare(&cluster, shared);
	}
	if (why)
		gn_fault_at(p->report, gn_place_of(&g->protocol, &g->raw), "%s: %s", q->name, why);
	return 0;
}

int gn_planning_gossip(struct gn_planning *p)
{
	const struct gn_raw_gossip *g = p->raw->gossip.items;
	const struct gn_protocol *q = g->protocol.bad ? NULL : find_protocol(p, &g->protocol);

	p->t.gossip.protocol = q;
	p->t.gossip.fanout = (uint32_t)g->fanout.number;
	p->t.gossip.period = g->period.number;
	p->t.gossip.clock = (enum gn_clock)g->clock.number;
	p->t.gossip.avoid_last = g->memory.number;
	if (q && !q->fans_out && g->fanout.at && !g->fanout.bad && g->fanout.number != 1)
		useless_key_fault(p, q, g->fanout.at, fans_out);
	plan_forget(p, g, q);
	/* Whose parameters they are is not known without the protocol. */
	return q ? plan_parameters(p, q) : 0;
}
