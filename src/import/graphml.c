/* SPDX-License-Identifier: MIT */
/*
 * GraphML, by expat: <key> says what the values of <data key="..."> are called, and what they are by default; <node> and
 * <edge> have such values. One graph, without hyperedges and graphs within nodes.
 */
#include <expat.h>
#include <limits.h>
#include <string.h>

#include "import/map.h"

enum { KEYS_MAX = 1000, VALUE_MAX = 4096 };

enum within { WITHIN_FILE, WITHIN_GRAPH, WITHIN_NODE, WITHIN_EDGE };

struct graphml {
	struct gn_map *m;
	XML_Parser parser;
	enum within within;
	bool stop;
	struct key {
		const char *id, *name;
		const char *of;	   /* "node", "edge", "graph" or "all" */
		const char *usual; /* its <default>, or NULL */
		struct gn_place usual_at;
	} keys[KEYS_MAX];
	size_t n_keys;
	struct key *key; /* which is being read, or NULL */

	bool in_default;
	const char *data;   /* what the value that is being read is called, or NULL */
	struct gn_place at; /* where it begins */
	char value[VALUE_MAX];
	size_t n_value;
};

static struct gn_place here(const struct graphml *g)
{
	return (struct gn_place){ .line = (uint32_t)XML_GetCurrentLineNumber(g->parser),
				  .col = (uint32_t)XML_GetCurrentColumnNumber(g->parser) + 1 };
}

static void stop(struct graphml *g, const char *why)
{
	if (!g->stop)
		gn_fault_at(g->m->report, here(g), "%s", why);
	g->stop = true;
	XML_StopParser(g->parser, XML_FALSE);
}

/* Without its namespace's prefix. */
static const char *local(const char *name)
{
	const char *colon = strrchr(name, ':');

	return colon ? colon + 1 : name;
}

/* Attributes come as name, value, .., NULL. Return: the value, or NULL. */
static const char *attribute(const char **attributes, const char *name)
{
	for (; *attributes; attributes += 2) {
		if (!strcmp(attributes[0], name))
			return attributes[1];
	}
	return NULL;
}

/* A text for the map, or NULL for NULL. */
static const char *keep(struct graphml *g, const char *text)
{
	return text ? gn_map_text(g->m, text, strlen(text)) : NULL;
}

static void say(struct graphml *g, enum within within, const char *name, const char *value,
		struct gn_place at)
{
	if (within == WITHIN_GRAPH)
		gn_map_say(g->m, name, value);
	else if (within == WITHIN_NODE)
		gn_map_say_site(g->m, name, value, at);
	else if (within == WITHIN_EDGE)
		gn_map_say_cable(g->m, name, value, at);
}

static void begin_key(struct graphml *g, const char **attributes)
{
	const char *id = keep(g, attribute(attributes, "id")),
		   *name = keep(g, attribute(attributes, "attr.name")),
		   *of = keep(g, attribute(attributes, "for"));

	if (g->n_keys == KEYS_MAX) {
		stop(g, "more than 1000 keys");
		return;
	}
	if (!id || !name)
		return; /* of somebody's extension */
	g->key = &g->keys[g->n_keys++];
	*g->key = (struct key){ .id = id, .name = name, .of = of ? of : "all" };
}

static void begin_default(struct graphml *g)
{
	g->in_default = g->key;
	g->at = here(g);
	g->n_value = 0;
}

/* What a node, an edge or the graph has unless it says something else afterwards. A wrong value is one fault. */
static void say_defaults(struct graphml *g, enum within within, const char *called)
{
	for (size_t i = 0; i < g->n_keys; i++) {
		struct key *k = &g->keys[i];
		const size_t faults = g->m->report->n + g->m->report->dropped;

		if (!k->usual || (strcmp(k->of, "all") != 0 && strcmp(k->of, called) != 0))
			continue;
		say(g, within, k->name, k->usual, k->usual_at);
		if (g->m->report->n + g->m->report->dropped != faults)
			k->usual = NULL;
	}
}

static void begin_data(struct graphml *g, const char **attributes)
{
	const char *key = attribute(attributes, "key");

	g->at = here(g);
	g->n_value = 0;
	for (size_t i = 0; key && i < g->n_keys && !g->data; i++) {
		if (!strcmp(g->keys[i].id, key))
			g->data = g->keys[i].name;
	}
	if (!key)
		gn_fault_at(g->m->report, g->at, "data needs a key");
	else if (!g->data)
		gn_fault_at(g->m->report, g->at, "no key has the id \"%s\"", key);
}

static void begin_graph(struct graphml *g, const char **attributes)
{
	const char *edges = attribute(attributes, "edgedefault");

	g->m->directed = edges && !strcmp(edges, "directed");
	say_defaults(g, WITHIN_GRAPH, "graph");
	g->within = WITHIN_GRAPH;
}

static void begin_node(struct graphml *g, const char **attributes)
{
	struct gn_site *site = gn_map_add_site(g->m, here(g));

	if (site) {
		say_defaults(g, WITHIN_NODE, "node");
		site->id = keep(g, attribute(attributes, "id"));
	}
	g->within = WITHIN_NODE;
}

static void begin_edge(struct graphml *g, const char **attributes)
{
	static const char *const ends[] = { "source", "target" };
	struct gn_cable *cable = gn_map_add_cable(g->m, here(g));

	if (cable)
		say_defaults(g, WITHIN_EDGE, "edge");
	for (int i = 0; cable && i < 2; i++) {
		cable->ends[i] = keep(g, attribute(attributes, ends[i]));
		cable->end_at[i] = cable->at;
	}
	const char *directed = attribute(attributes, "directed");

	if (cable)
		cable->directed = directed ? !strcmp(directed, "true") : g->m->directed;
	g->within = WITHIN_EDGE;
}

static void XMLCALL begin(void *user, const char *name, const char **attributes)
{
	struct graphml *g = user;

	name = local(name);
	if (!strcmp(name, "key"))
		begin_key(g, attributes);
	else if (!strcmp(name, "default"))
		begin_default(g);
	else if (!strcmp(name, "data"))
		begin_data(g, attributes);
	else if (!strcmp(name, "hyperedge"))
		stop(g, "hyperedges are not supported: a link has two ends");
	else if (!strcmp(name, "graph") && g->within != WITHIN_FILE)
		stop(g, "a graph within a graph is not supported");
	else if (!strcmp(name, "graph"))
		begin_graph(g, attributes);
	else if (!strcmp(name, "node") && g->within == WITHIN_GRAPH)
		begin_node(g, attributes);
	else if (!strcmp(name, "edge") && g->within == WITHIN_GRAPH)
		begin_edge(g, attributes);
	else if (!strcmp(name, "node") || !strcmp(name, "edge"))
		stop(g, "nodes and edges belong into a graph, not into each other");
	if (g->m->report->no_memory)
		stop(g, "out of memory");
}

/* What was read, without blanks around it. NULL without memory. */
static const char *value_read(struct graphml *g)
{
	const char *from = g->value, *behind = g->value + g->n_value;

	while (from < behind && strchr(" \t\r\n", *from))
		from++;
	while (behind > from && strchr(" \t\r\n", behind[-1]))
		behind--;
	return gn_map_text(g->m, from, (size_t)(behind - from));
}

static void end_data(struct graphml *g)
{
	const char *value = g->data ? value_read(g) : NULL;

	if (value)
		say(g, g->within, g->data, value, g->at);
	g->data = NULL;
}

static void end_default(struct graphml *g)
{
	if (g->in_default && g->key) {
		g->key->usual = value_read(g);
		g->key->usual_at = g->at;
	}
	g->in_default = false;
}

static void XMLCALL end(void *user, const char *name)
{
	struct graphml *g = user;

	name = local(name);
	if (!strcmp(name, "data"))
		end_data(g);
	else if (!strcmp(name, "default"))
		end_default(g);
	else if (!strcmp(name, "key"))
		g->key = NULL;
	else if (!strcmp(name, "node") || !strcmp(name, "edge"))
		g->within = WITHIN_GRAPH;
	else if (!strcmp(name, "graph"))
		g->within = WITHIN_FILE;
}

/* What is longer than any value that matters is cut. */
static void XMLCALL characters(void *user, const char *text, int n)
{
	struct graphml *g = user;
	size_t taken = GN_MIN((size_t)n, sizeof(g->value) - g->n_value);

	if (!g->data && !g->in_default)
		return;
	memcpy(g->value + g->n_value, text, taken);
	g->n_value += taken;
}

/* Entities of one's own can multiply without end, and no graph needs them. */
static void XMLCALL entity(void *user, const char *name GN_UNUSED, int is_parameter GN_UNUSED,
			   const char *value GN_UNUSED, int n GN_UNUSED, const char *base GN_UNUSED,
			   const char *system GN_UNUSED, const char *public GN_UNUSED,
			   const char *notation GN_UNUSED)
{
	stop(user, "entity declarations are not supported");
}

void gn_graphml_read(struct gn_map *m, const char *text, size_t n)
{
	GN_CLEANUP(gn_free_p) struct graphml *g = calloc(1, sizeof(*g));
	XML_Parser parser = XML_ParserCreate(NULL);

	if (!g || !parser || n > INT_MAX) {
		m->report->no_memory = true;
		XML_ParserFree(parser);
		return;
	}
	g->m = m;
	g->parser = parser;
	XML_SetUserData(parser, g);
	XML_SetElementHandler(parser, begin, end);
	XML_SetCharacterDataHandler(parser, characters);
	XML_SetEntityDeclHandler(parser, entity);
	if (XML_Parse(parser, text, (int)n, XML_TRUE) == XML_STATUS_ERROR && !g->stop)
		gn_fault_at(m->report, here(g), "not XML: %s", XML_ErrorString(XML_GetErrorCode(parser)));
	else if (!g->stop && !m->n_sites)
		gn_fault_at(m->report, (struct gn_place){ .line = 1, .col = 1 },
			    "there is no graph with nodes in this file");
	XML_ParserFree(parser);
}
