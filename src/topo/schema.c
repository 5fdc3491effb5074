/* SPDX-License-Identifier: MIT */
#include "topo/schema.h"

#include "util/time.h"

#define FIELD(type, member) .offset = offsetof(struct type, member)
#define GRAPH(g)	    (1u << GN_GRAPH_##g)
#define ALL_GRAPHS	    ((1u << GN_GRAPHS) - 1)
#define BY_NODES                                                                                         \
	(GRAPH(STAR) | GRAPH(LINE) | GRAPH(RING) | GRAPH(FULL) | GRAPH(K_REGULAR) | GRAPH(ERDOS_RENYI) | \
	 GRAPH(BARABASI_ALBERT) | GRAPH(WATTS_STROGATZ))

static const char *const kinds[] = { "host", "switch", "router", NULL };
static const char *const untils[] = { "duration", "informed", NULL };
static const char *const logs[] = { "arrivals", "calls", NULL };
static const char *const protocols[] = { "push", "pull", "push-pull", NULL };
static const char *const overlays[] = { "full", "ring", "k-regular", "neighbours", NULL };
static const char *const graphs[] = {
	"star",		  "line",	 "ring",
	"grid",		  "tree",	 "full",
	"k-regular",	  "erdos-renyi", "barabasi-albert",
	"watts-strogatz", NULL,
};

/* netem's own bounds where it has one: jitter is a signed 32-bit number of ns in the kernel. */
#define DELAY_MAX  (3600 * GN_SEC)
#define JITTER_MAX INT32_MAX
#define RATE_MAX   UINT64_C(1000000000000)
#define TIME_MAX   (7 * 24 * 3600 * GN_SEC)

/* clang-format off */
#define SHAPE_KEYS                                                                                              \
	{ "delay", "one-way delay of the link, in each direction", GN_TYPE_DURATION,                             \
	  FIELD(gn_raw_shape, delay), .max = DELAY_MAX, .value = "0ms", .graphs = ALL_GRAPHS },                  \
	{ "jitter", "variation: each packet's delay is uniform in delay +- jitter", GN_TYPE_DURATION,            \
	  FIELD(gn_raw_shape, jitter), .max = JITTER_MAX, .value = "0ms", .graphs = ALL_GRAPHS },                \
	{ "loss", "share of packets lost, each on its own", GN_TYPE_LOSS,                                        \
	  FIELD(gn_raw_shape, loss), .max = 1000000, .value = "0%", .graphs = ALL_GRAPHS },                      \
	{ "rate", "data rate of the link; whole bytes per second", GN_TYPE_RATE,                                 \
	  FIELD(gn_raw_shape, rate), .min = 8, .max = RATE_MAX, .default_note = "not limited",                   \
	  .graphs = ALL_GRAPHS }

static const struct gn_key direction_keys[] = { SHAPE_KEYS };
static const struct gn_schema direction_schema = {
	"a direction", direction_keys, GN_ARRAY_LEN(direction_keys), sizeof(struct gn_raw_shape)
};

static const struct gn_key node_keys[] = {
	{ "name", "the node's name, or the group's with count", GN_TYPE_NAME, FIELD(gn_raw_node, name),
	  .required = true },
	{ "count", "makes a group of that many nodes: name1, name2, ...", GN_TYPE_WHOLE,
	  FIELD(gn_raw_node, count), .min = 1, .max = GN_NODES_MAX, .default_note = "a single node called name" },
	{ "kind", "host: runs gossip; switch: a layer 2 bridge; router: forwards IPv4", GN_TYPE_CHOICE,
	  FIELD(gn_raw_node, kind), .choices = kinds, .value = "host" },
};
static const struct gn_schema node_schema = {
	"a node", node_keys, GN_ARRAY_LEN(node_keys), sizeof(struct gn_raw_node)
};

static const struct gn_key link_keys[] = {
	{ "between", "the two ends, a and b; a group stands for each of its members", GN_TYPE_PAIR,
	  FIELD(gn_raw_link, between), .required = true },
	SHAPE_KEYS,
	{ "a_to_b", "what differs from a to b, the first to the second of between", GN_TYPE_MAP,
	  FIELD(gn_raw_link, a_to_b), .inner = &direction_schema },
	{ "b_to_a", "what differs from b to a", GN_TYPE_MAP,
	  FIELD(gn_raw_link, b_to_a), .inner = &direction_schema },
};
static const struct gn_schema link_schema = {
	"a link", link_keys, GN_ARRAY_LEN(link_keys), sizeof(struct gn_raw_link)
};

static const struct gn_key generate_keys[] = {
	{ "graph", "the graph's model", GN_TYPE_CHOICE, FIELD(gn_raw_generate, graph), .choices = graphs,
	  .required = true },
	{ "name", "the group's name: nodes are name1, name2, ...", GN_TYPE_NAME,
	  FIELD(gn_raw_generate, name), .value = "n", .graphs = ALL_GRAPHS },
	{ "kind", "what the nodes are", GN_TYPE_CHOICE, FIELD(gn_raw_generate, kind), .choices = kinds,
	  .value = "host", .graphs = ALL_GRAPHS },
	{ "nodes", "number of nodes", GN_TYPE_WHOLE, FIELD(gn_raw_generate, nodes), .min = 1,
	  .max = GN_NODES_MAX, .graphs = BY_NODES | GRAPH(TREE), .needed = BY_NODES },
	{ "rows", "rows of the grid", GN_TYPE_WHOLE, FIELD(gn_raw_generate, rows), .min = 1,
	  .max = GN_NODES_MAX, .graphs = GRAPH(GRID), .needed = GRAPH(GRID) },
	{ "columns", "columns of the grid", GN_TYPE_WHOLE, FIELD(gn_raw_generate, columns), .min = 1,
	  .max = GN_NODES_MAX, .graphs = GRAPH(GRID), .needed = GRAPH(GRID) },
	{ "branching", "children of each inner node of the tree", GN_TYPE_WHOLE,
	  FIELD(gn_raw_generate, branching), .min = 1, .max = GN_NODES_MAX, .value = "2", .graphs = GRAPH(TREE) },
	{ "depth", "levels of the tree below its root; instead of nodes", GN_TYPE_WHOLE,
	  FIELD(gn_raw_generate, depth), .max = GN_NODES_MAX, .graphs = GRAPH(TREE) },
	{ "degree", "links of each node; Watts-Strogatz: before rewiring, even", GN_TYPE_WHOLE,
	  FIELD(gn_raw_generate, degree), .min = 1, .max = GN_NODES_MAX,
	  .graphs = GRAPH(K_REGULAR) | GRAPH(WATTS_STROGATZ), .needed = GRAPH(K_REGULAR) | GRAPH(WATTS_STROGATZ) },
	{ "probability", "Erdos-Renyi G(n,p): of each possible link", GN_TYPE_PROBABILITY,
	  FIELD(gn_raw_generate, probability), .max = GN_PROBABILITY_ONE, .graphs = GRAPH(ERDOS_RENYI) },
	{ "edges", "Erdos-Renyi G(n,m): links in all; Barabasi-Albert: links that each new node brings",
	  GN_TYPE_WHOLE, FIELD(gn_raw_generate, edges), .min = 1, .max = GN_LINKS_MAX,
	  .graphs = GRAPH(ERDOS_RENYI) | GRAPH(BARABASI_ALBERT), .needed = GRAPH(BARABASI_ALBERT) },
	{ "rewire", "Watts-Strogatz: probability that a link of the lattice is rewired", GN_TYPE_PROBABILITY,
	  FIELD(gn_raw_generate, rewire), .max = GN_PROBABILITY_ONE, .graphs = GRAPH(WATTS_STROGATZ),
	  .needed = GRAPH(WATTS_STROGATZ) },
	SHAPE_KEYS,
};
static const struct gn_schema generate_schema = {
	"a graph", generate_keys, GN_ARRAY_LEN(generate_keys), sizeof(struct gn_raw_generate)
};

static const struct gn_key gossip_keys[] = {
	{ "on", "the nodes that run the gossip process", GN_TYPE_REFERENCES, FIELD(gn_raw_gossip, on),
	  .default_note = "all hosts" },
	{ "protocol", "who tells whom when two nodes talk", GN_TYPE_CHOICE, FIELD(gn_raw_gossip, protocol),
	  .choices = protocols, .value = "push-pull" },
	{ "fanout", "partners that a node calls in each period", GN_TYPE_WHOLE, FIELD(gn_raw_gossip, fanout),
	  .min = 1, .max = 65535, .value = "1" },
	{ "period", "time between two rounds of a node; each node has a random phase", GN_TYPE_DURATION,
	  FIELD(gn_raw_gossip, period), .min = GN_USEC, .max = 3600 * GN_SEC, .value = "200ms" },
	{ "overlay", "who may call whom", GN_TYPE_CHOICE, FIELD(gn_raw_gossip, overlay), .choices = overlays,
	  .value = "full" },
	{ "degree", "k-regular overlay: partners of each node", GN_TYPE_WHOLE, FIELD(gn_raw_gossip, degree),
	  .min = 1, .max = GN_NODES_MAX, .default_note = "4, or all others if they are fewer" },
};
static const struct gn_schema gossip_schema = {
	"gossip", gossip_keys, GN_ARRAY_LEN(gossip_keys), sizeof(struct gn_raw_gossip)
};

static const struct gn_key event_keys[] = {
	{ "at", "when it is published, after the run's start", GN_TYPE_DURATION, FIELD(gn_raw_event, at),
	  .max = TIME_MAX, .default_note = "1s, or half of duration if that is less" },
	{ "from", "the node that publishes it; of a group, each member publishes one", GN_TYPE_REFERENCE,
	  FIELD(gn_raw_event, from), .default_note = "the first gossiping node" },
	{ "label", "a text that names it in the results", GN_TYPE_TEXT, FIELD(gn_raw_event, label),
	  .max = 255, .value = "" },
	{ "size", "bytes of payload", GN_TYPE_SIZE, FIELD(gn_raw_event, size), .max = 1024, .value = "0" },
	{ "repeat", "how many times it is published in all", GN_TYPE_WHOLE, FIELD(gn_raw_event, repeat),
	  .min = 1, .max = GN_EVENTS_MAX, .value = "1" },
	{ "every", "time between two repetitions", GN_TYPE_DURATION, FIELD(gn_raw_event, every),
	  .max = TIME_MAX, .default_note = "needed with repeat" },
};
static const struct gn_schema event_schema = {
	"an event", event_keys, GN_ARRAY_LEN(event_keys), sizeof(struct gn_raw_event)
};

static const struct gn_key topology_keys[] = {
	{ "name", "names the folder of the results", GN_TYPE_NAME, FIELD(gn_raw_topology, name),
	  .default_note = "the file's name without .yaml" },
	{ "seed", "of everything random: graphs, overlay, protocol, schedule, netem", GN_TYPE_WHOLE,
	  FIELD(gn_raw_topology, seed), .max = UINT64_MAX, .value = "1" },
	{ "duration", "how long the run lasts at most", GN_TYPE_DURATION, FIELD(gn_raw_topology, duration),
	  .min = GN_MSEC, .max = TIME_MAX, .value = "10s" },
	{ "until", "duration: run for all of it; informed: end as soon as every event has reached every live node",
	  GN_TYPE_CHOICE, FIELD(gn_raw_topology, until), .choices = untils, .value = "duration" },
	{ "log", "arrivals: of events; calls: also each call of a partner", GN_TYPE_CHOICE,
	  FIELD(gn_raw_topology, log), .choices = logs, .value = "arrivals" },
	{ "include", "files to start from, relative to this one; what is written here wins", GN_TYPE_FILES,
	  FIELD(gn_raw_topology, include) },
	{ "nodes", "hosts, switches and routers", GN_TYPE_MAPS, FIELD(gn_raw_topology, nodes),
	  .inner = &node_schema },
	{ "links", "cables between nodes; each has two directions", GN_TYPE_MAPS,
	  FIELD(gn_raw_topology, links), .inner = &link_schema },
	{ "generate", "whole graphs: nodes and links from a model", GN_TYPE_MAPS_OR_MAP,
	  FIELD(gn_raw_topology, generate), .inner = &generate_schema },
	{ "gossip", "the protocol and who takes part", GN_TYPE_MAP, FIELD(gn_raw_topology, gossip),
	  .inner = &gossip_schema, .always = true },
	{ "events", "what is published, when and where", GN_TYPE_MAPS, FIELD(gn_raw_topology, events),
	  .inner = &event_schema, .default_note = "one event from the first gossiping node" },
};
static const struct gn_schema topology_schema = {
	"a topology", topology_keys, GN_ARRAY_LEN(topology_keys), sizeof(struct gn_raw_topology)
};
/* clang-format on */

const struct gn_schema *gn_schema_topology(void)
{
	return &topology_schema;
}

const struct gn_schema *gn_schema_generate(void)
{
	return &generate_schema;
}
