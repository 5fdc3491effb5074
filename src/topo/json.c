/* SPDX-License-Identifier: MIT */
/* The schema's table as a JSON Schema (draft 2020-12) for editors. */
#include <inttypes.h>
#include <stdio.h>

#include "topo/load.h"
#include "topo/planning.h"

#define NAME_PATTERN "^[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}$"

#define FORGET_PATTERN "^(never|after [0-9]+ rounds?|lost interest with probability [0-9]+([.][0-9]+)?)$"

struct json {
	FILE *f;
	const struct gn_protocol *(*protocol_at)(size_t i);
};

static void write_map(const struct json *j, const struct gn_schema *s, int indent);

/* Texts of the table are plain ASCII; quotes and backslashes are what JSON minds. */
static void write_text(FILE *f, const char *text)
{
	fputc('"', f);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', f);
		fputc(*text, f);
	}
	fputc('"', f);
}

static void write_indent(FILE *f, int indent)
{
	fprintf(f, "\n%*s", indent * 2, "");
}

/* YAML reads an unquoted 12 as a number, and it is a good name all the same. */
static void write_name(FILE *f)
{
	fprintf(f, "\"type\": [\"string\", \"integer\"], \"pattern\": \"" NAME_PATTERN "\"");
}

static void write_names(FILE *f, const char *bounds)
{
	fprintf(f, "\"type\": \"array\", \"items\": { ");
	write_name(f);
	fprintf(f, " }%s", bounds);
}

static void write_choices(FILE *f, const struct gn_key *k)
{
	fprintf(f, "\"enum\": [");
	for (size_t i = 0; k->choices[i]; i++) {
		fprintf(f, i ? ", " : "");
		write_text(f, k->choices[i]);
	}
	fprintf(f, "]");
}

static void write_quantity(FILE *f, enum gn_quantity q)
{
	fprintf(f, "\"type\": \"string\", \"pattern\": ");
	write_text(f, gn_unit_pattern(q));
}

static void write_items(const struct json *j, const struct gn_key *k, int indent)
{
	FILE *f = j->f;

	fprintf(f, "\"type\": \"array\", \"items\": {");
	write_map(j, k->inner, indent + 1);
	write_indent(f, indent);
	fprintf(f, "}");
}

/* A value that may be written in one of two ways. */
static void write_number_or(FILE *f, const char *number, enum gn_quantity q)
{
	fprintf(f, "\"anyOf\": [{ %s }, { ", number);
	write_quantity(f, q);
	fprintf(f, " }]");
}

static void write_names_or_name(FILE *f)
{
	fprintf(f, "\"anyOf\": [{ ");
	write_name(f);
	fprintf(f, " }, { ");
	write_names(f, "");
	fprintf(f, " }]");
}

static void write_items_or_map(const struct json *j, const struct gn_key *k, int indent)
{
	FILE *f = j->f;

	fprintf(f, "\"anyOf\": [{ ");
	write_items(j, k, indent);
	fprintf(f, " }, {");
	write_map(j, k->inner, indent);
	fprintf(f, " }]");
}

/* A number of a table, with its bounds. */
static void write_range(FILE *f, const struct gn_key *k)
{
	char min[GN_UNIT_TEXT], max[GN_UNIT_TEXT];

	fprintf(f, "\"type\": \"number\", \"minimum\": %s, \"maximum\": %s",
		gn_unit_format(GN_QUANTITY_DECIMAL, k->min, min),
		gn_unit_format(GN_QUANTITY_DECIMAL, k->max, max));
}

/* A list of names and of maps from names to weights, or one such map. */
static void write_weights(FILE *f, const struct gn_key *k)
{
	fprintf(f, "\"anyOf\": [{ \"type\": \"object\", \"additionalProperties\": { ");
	write_range(f, k);
	fprintf(f, " } }, { \"type\": \"array\", \"items\": { \"anyOf\": [{ ");
	write_name(f);
	fprintf(f, " }, { \"type\": \"object\", \"additionalProperties\": { ");
	write_range(f, k);
	fprintf(f, " } }] } }]");
}

static void write_protocol(const struct json *j)
{
	const struct gn_protocol *q;

	fprintf(j->f, "\"anyOf\": [{ \"enum\": [");
	for (size_t i = 0; (q = j->protocol_at(i)); i++) {
		fprintf(j->f, i ? ", " : "");
		write_text(j->f, q->name);
	}
	fprintf(j->f, "] }, { \"type\": \"string\", \"pattern\": \"/\" }]");
}

static void write_plain_type(const struct json *j, const struct gn_key *k, int indent)
{
	FILE *f = j->f;

	switch (k->type) {
	case GN_TYPE_NAME:
	case GN_TYPE_REFERENCE:
		write_name(f);
		return;
	case GN_TYPE_TEXT:
		fprintf(f, "\"type\": [\"string\", \"number\", \"boolean\"], \"maxLength\": %" PRIu64,
			k->max);
		return;
	case GN_TYPE_CHOICE:
		write_choices(f, k);
		return;
	case GN_TYPE_WHOLE:
		fprintf(f, "\"type\": \"integer\", \"minimum\": %" PRIu64 ", \"maximum\": %" PRIu64, k->min,
			k->max);
		return;
	case GN_TYPE_SIGNED:
		fprintf(f, "\"type\": \"integer\", \"minimum\": %" PRId64 ", \"maximum\": %" PRId64,
			(int64_t)k->min, (int64_t)k->max);
		return;
	case GN_TYPE_DURATION:
		write_quantity(f, GN_QUANTITY_DURATION);
		return;
	case GN_TYPE_RATE:
		write_quantity(f, GN_QUANTITY_RATE);
		return;
	case GN_TYPE_LOSS:
		write_quantity(f, GN_QUANTITY_LOSS);
		return;
	case GN_TYPE_SIZE:
		write_number_or(f, "\"type\": \"integer\", \"minimum\": 0", GN_QUANTITY_SIZE);
		return;
	case GN_TYPE_PROBABILITY:
		write_number_or(f, "\"type\": \"number\", \"minimum\": 0, \"maximum\": 1",
				GN_QUANTITY_PROBABILITY);
		return;
	case GN_TYPE_DECIMAL:
		write_range(f, k);
		return;
	case GN_TYPE_SWITCH:
		fprintf(f, "\"type\": \"boolean\"");
		return;
	case GN_TYPE_PROTOCOL:
		write_protocol(j);
		return;
	case GN_TYPE_DISTRIBUTION:
		fprintf(f, "\"anyOf\": [{ ");
		write_choices(f, k);
		fprintf(f, " }, { \"type\": \"string\", \"pattern\": \"/\" }]");
		return;
	case GN_TYPE_FORGET:
		fprintf(f, "\"type\": \"string\", \"pattern\": \"" FORGET_PATTERN "\"");
		return;
	case GN_TYPE_MAP:
		write_map(j, k->inner, indent);
		return;
	case GN_TYPE_MAPS:
		write_items(j, k, indent);
		return;
	case GN_TYPE_MAPS_OR_MAP:
		write_items_or_map(j, k, indent);
		return;
	case GN_TYPE_REFERENCES:
		write_names_or_name(f);
		return;
	case GN_TYPE_PAIR:
		write_names(f, ", \"minItems\": 2, \"maxItems\": 2");
		return;
	case GN_TYPE_PAIR_OR_NETWORK:
		fprintf(f, "\"anyOf\": [{ \"const\": \"network\" }, { ");
		write_names(f, ", \"minItems\": 2, \"maxItems\": 2 }]");
		return;
	case GN_TYPE_PARTS:
		fprintf(f, "\"type\": \"array\", \"minItems\": 1, \"items\": { ");
		write_names_or_name(f);
		fprintf(f, " }");
		return;
	case GN_TYPE_WEIGHTS:
		write_weights(f, k);
		return;
	case GN_TYPE_TREE:
		fprintf(f, "\"type\": [\"string\", \"number\", \"boolean\", \"array\", \"object\"]");
		return;
	case GN_TYPE_FILES:
		fprintf(f, "\"anyOf\": [{ \"type\": \"string\" }, "
			   "{ \"type\": \"array\", \"items\": { \"type\": \"string\" } }]");
		return;
	}
}

/* A key with an inside that is no map itself may be one instead. */
static void write_type(const struct json *j, const struct gn_key *k, int indent)
{
	const bool or_map = k->inner && k->type != GN_TYPE_MAP && k->type != GN_TYPE_MAPS &&
			    k->type != GN_TYPE_MAPS_OR_MAP;

	if (or_map)
		fprintf(j->f, "\"anyOf\": [{ ");
	write_plain_type(j, k, indent);
	if (!or_map)
		return;
	fprintf(j->f, " }, {");
	write_map(j, k->inner, indent);
	fprintf(j->f, " }]");
}

static void write_key(const struct json *j, const struct gn_key *k, int indent)
{
	FILE *f = j->f;
	bool bare = k->type == GN_TYPE_WHOLE || k->type == GN_TYPE_SIGNED || k->type == GN_TYPE_SIZE ||
		    k->type == GN_TYPE_DECIMAL || k->type == GN_TYPE_SWITCH;

	write_text(f, k->name);
	fprintf(f, ": {");
	write_indent(f, indent + 1);
	fprintf(f, "\"description\": ");
	if (k->default_note) {
		GN_CLEANUP(gn_free_p) char *help = gn_format("%s (default: %s)", k->help, k->default_note);

		write_text(f, help ? help : k->help);
	} else {
		write_text(f, k->help);
	}
	fprintf(f, ",");
	write_indent(f, indent + 1);
	write_type(j, k, indent + 1);
	if (k->value && bare) {
		fprintf(f, ", \"default\": %s", k->value);
	} else if (k->value) {
		fprintf(f, ", \"default\": ");
		write_text(f, k->value);
	}
	write_indent(f, indent);
	fprintf(f, "}");
}

static void write_required(FILE *f, const struct gn_schema *s, unsigned graph, int indent)
{
	bool any = false;

	for (size_t i = 0; i < s->n; i++) {
		if (graph ? !(s->keys[i].needed & graph) : !s->keys[i].required)
			continue;
		if (!any && !graph)
			fprintf(f, ",");
		if (!any && !graph)
			write_indent(f, indent);
		fprintf(f, any ? ", " : "\"required\": [");
		write_text(f, s->keys[i].name);
		any = true;
	}
	if (any)
		fprintf(f, "]");
}

/* Which keys a graph's model needs. */
static void write_models(FILE *f, const struct gn_schema *s, int indent)
{
	const struct gn_key *graph = &s->keys[0];
	bool any = false;

	fprintf(f, ",");
	write_indent(f, indent);
	fprintf(f, "\"allOf\": [");
	for (unsigned g = 0; g < GN_GRAPHS; g++) {
		unsigned needed = 0;

		for (size_t i = 0; i < s->n; i++)
			needed |= s->keys[i].needed & 1u << g;
		if (!needed)
			continue;
		fprintf(f, any ? "," : "");
		write_indent(f, indent + 1);
		fprintf(f, "{ \"if\": { \"properties\": { \"graph\": { \"const\": \"%s\" } } }, \"then\": { ",
			graph->choices[g]);
		write_required(f, s, needed, 0);
		fprintf(f, " } }");
		any = true;
	}
	write_indent(f, indent);
	fprintf(f, "]");
}

static void write_parameter_type(FILE *f, const struct gn_parameter *k)
{
	const struct gn_key choice = { .choices = k->choices };
	char min[GN_PARAMETER_TEXT], max[GN_PARAMETER_TEXT];

	switch (k->type) {
	case GN_PARAMETER_WHOLE:
	case GN_PARAMETER_DECIMAL:
		fprintf(f, "\"type\": \"%s\", \"minimum\": %s, \"maximum\": %s",
			k->type == GN_PARAMETER_WHOLE ? "integer" : "number",
			gn_parameter_text(k, k->min, min), gn_parameter_text(k, k->max, max));
		return;
	case GN_PARAMETER_DURATION:
		write_quantity(f, GN_QUANTITY_DURATION);
		return;
	case GN_PARAMETER_CHOICE:
		write_choices(f, &choice);
		return;
	case GN_PARAMETER_SWITCH:
		fprintf(f, "\"type\": \"boolean\"");
		return;
	}
}

/* One that two protocols have may be either's. */
static void write_parameter(const struct json *j, const char *name, int indent)
{
	const struct gn_protocol *q;
	bool any = false;

	write_indent(j->f, indent);
	write_text(j->f, name);
	fprintf(j->f, ": { \"anyOf\": [");
	for (size_t i = 0; (q = j->protocol_at(i)); i++) {
		const struct gn_parameter *k = gn_parameter_find(q, name);
		GN_CLEANUP(gn_free_p) char *help = k ? gn_format("%s: %s", q->name, k->help) : NULL;

		if (!k)
			continue;
		fprintf(j->f, any ? "," : "");
		write_indent(j->f, indent + 1);
		fprintf(j->f, "{ \"description\": ");
		write_text(j->f, help ? help : k->help);
		fprintf(j->f, ", ");
		write_parameter_type(j->f, k);
		fprintf(j->f, " }");
		any = true;
	}
	write_indent(j->f, indent);
	fprintf(j->f, "] }");
}

/* Is it the first protocol that has this parameter? */
static bool is_first(const struct json *j, size_t protocol, const char *name)
{
	for (size_t i = 0; i < protocol; i++) {
		if (gn_parameter_find(j->protocol_at(i), name))
			return false;
	}
	return true;
}

/* Each parameter of the built-in protocols once: as a property, or, @indent negative, its name in a list. */
static void write_parameters(const struct json *j, int indent)
{
	const struct gn_protocol *q;

	for (size_t i = 0; (q = j->protocol_at(i)); i++) {
		for (uint32_t n = 0; n < q->n_parameters; n++) {
			const char *name = q->parameters[n].name;

			if (!is_first(j, i, name))
				continue;
			fprintf(j->f, ",%s", indent < 0 ? " " : "");
			if (indent < 0)
				write_text(j->f, name);
			else
				write_parameter(j, name, indent);
		}
	}
}

/* Somebody's own protocol may have any key besides ours. */
static void write_gossip_names(const struct json *j, const struct gn_schema *s, int indent)
{
	fprintf(j->f, ",");
	write_indent(j->f, indent);
	fprintf(j->f, "\"if\": { \"properties\": { \"protocol\": { \"pattern\": \"/\" } }, "
		      "\"required\": [\"protocol\"] },");
	write_indent(j->f, indent);
	fprintf(j->f, "\"else\": { \"propertyNames\": { \"enum\": [");
	for (size_t i = 0; i < s->n; i++) {
		fprintf(j->f, i ? ", " : "");
		write_text(j->f, s->keys[i].name);
	}
	write_parameters(j, -1);
	fprintf(j->f, "] } }");
}

/* Exactly one verb. */
static void write_verbs(FILE *f, const struct gn_schema *s, int indent)
{
	fprintf(f, ",");
	write_indent(f, indent);
	fprintf(f, "\"oneOf\": [");
	for (size_t i = 0; i < GN_VERBS; i++)
		fprintf(f, "%s{ \"required\": [\"%s\"] }", i ? ", " : "", s->keys[i].name);
	fprintf(f, "]");
}

/* The inside of an object that stands for a map. */
static void write_map(const struct json *j, const struct gn_schema *s, int indent)
{
	FILE *f = j->f;

	write_indent(f, indent);
	fprintf(f, "\"type\": \"object\",%s",
		s == gn_schema_gossip() ? "" : " \"additionalProperties\": false,");
	write_indent(f, indent);
	fprintf(f, "\"properties\": {");
	for (size_t i = 0; i < s->n; i++) {
		fprintf(f, i ? "," : "");
		write_indent(f, indent + 1);
		write_key(j, &s->keys[i], indent + 1);
	}
	if (s == gn_schema_gossip())
		write_parameters(j, indent + 1);
	write_indent(f, indent);
	fprintf(f, "}");
	write_required(f, s, 0, indent);
	if (s == gn_schema_generate())
		write_models(f, s, indent);
	if (s == gn_schema_action())
		write_verbs(f, s, indent);
	if (s == gn_schema_gossip())
		write_gossip_names(j, s, indent);
}

char *gn_topology_schema(const struct gn_protocol *(*protocol_at)(size_t i))
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	const struct json j = { .f = f, .protocol_at = protocol_at };

	fprintf(f,
		"{\n  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n"
		"  \"title\": \"gossipnet topology\",\n"
		"  \"description\": \"A network and a gossip experiment on it; see gossipnet-topology(5).\",");
	write_map(&j, gn_schema_topology(), 1);
	fprintf(f, ",\n  \"anyOf\": [{ \"required\": [\"nodes\"] }, { \"required\": [\"generate\"] }, "
		   "{ \"required\": [\"include\"] }]\n}\n");
	bool failed = ferror(f);

	if (fclose(f) || failed) {
		free(text);
		return NULL;
	}
	return text;
}
