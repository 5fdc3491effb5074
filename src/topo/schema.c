/* SPDX-License-Identifier: MIT */
#include "topo/schema.h"

#include "topo/topology.h"
#include "util/time.h"

#define FIELD(type, member) .offset = offsetof(struct type, member)
#define GRAPH(g)	    (1u << GN_GRAPH_##g)
#define ALL_GRAPHS	    ((1u << GN_GRAPHS) - 1)
#define OVERLAY(o)	    (1u << GN_OVERLAY_##o)
#define BY_NODES                                                                                         \
	(GRAPH(STAR) | GRAPH(LINE) | GRAPH(RING) | GRAPH(FULL) | GRAPH(K_REGULAR) | GRAPH(ERDOS_RENYI) | \
	 GRAPH(BARABASI_ALBERT) | GRAPH(WATTS_STROGATZ))

static const char *const kinds[] = { "host", "switch", "router", NULL };
static const char *const untils[] = { "duration", "informed", NULL };
static const char *const routings[] = { "hops", "delay", NULL };
static const char *const logs[] = { "arrivals", "calls", "first", "coverage", NULL };
static const char *const clocks[] = { "periodic", "poisson", "rounds", NULL };
static const char *const overlays[] = {
	"full",		  "ring",     "grid",	    "k-regular", "erdos-renyi", "barabasi-albert",
	"watts-strogatz", "chung-lu", "neighbours", "file",	 NULL,
};
static const char *const distributions[] = { GN_UNIFORM,     "normal",	     "pareto",
					     "paretonormal", "experimental", NULL };
static const char *const orders[] = { "free", "kept", NULL };
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
#define SHARE(text) \
	{ "share", text, GN_TYPE_LOSS, FIELD(gn_raw_share, share), .max = 1000000, .required = true }, \
	{ "correlation", "with the draw before; netem's correlation makes small shares much smaller", GN_TYPE_LOSS, \
	  FIELD(gn_raw_share, correlation), .max = 1000000, .value = "0%" }

static const struct gn_key share_keys[] = { SHARE("share of packets") };
static const struct gn_schema share_schema = {
	"such a map", share_keys, GN_ARRAY_LEN(share_keys), sizeof(struct gn_raw_share)
};

static const struct gn_key reorder_keys[] = {
	SHARE("share of packets that are sent at once, of those that may be"),
	{ "gap", "after one that was sent at once so many packets less one are delayed", GN_TYPE_WHOLE, FIELD(gn_raw_share, gap), .min = 1,
	  .max = UINT32_MAX, .value = "1" },
};
static const struct gn_schema reorder_schema = {
	"reorder", reorder_keys, GN_ARRAY_LEN(reorder_keys), sizeof(struct gn_raw_share)
};

static const struct gn_key gilbert_elliott_keys[] = {
	{ "p", "probability that the good state turns bad, at each packet", GN_TYPE_LOSS,
	  FIELD(gn_raw_gilbert_elliott, p), .max = 1000000, .required = true },
	{ "r", "probability that the bad state turns good, at each packet: bursts have a mean length of 1/r", GN_TYPE_LOSS,
	  FIELD(gn_raw_gilbert_elliott, r), .max = 1000000, .default_note = "100% - p" },
	{ "loss_in_bad", "share of packets lost in the bad state, tc's 1-h", GN_TYPE_LOSS,
	  FIELD(gn_raw_gilbert_elliott, loss_in_bad), .max = 1000000, .value = "100%" },
	{ "loss_in_good", "share of packets lost in the good state, tc's 1-k", GN_TYPE_LOSS,
	  FIELD(gn_raw_gilbert_elliott, loss_in_good), .max = 1000000, .value = "0%" },
};
static const struct gn_schema gilbert_elliott_schema = {
	"gilbert-elliott", gilbert_elliott_keys, GN_ARRAY_LEN(gilbert_elliott_keys),
	sizeof(struct gn_raw_gilbert_elliott)
};

static const struct gn_key states_keys[] = {
	{ "p13", "from 1, received in a gap, to 3: a burst begins", GN_TYPE_LOSS, FIELD(gn_raw_states, p13),
	  .max = 1000000, .required = true },
	{ "p31", "from 3, lost in a burst, to 1: the burst ends", GN_TYPE_LOSS, FIELD(gn_raw_states, p31),
	  .max = 1000000, .default_note = "100% - p13" },
	{ "p32", "from 3 to 2, received in a burst", GN_TYPE_LOSS, FIELD(gn_raw_states, p32), .max = 1000000,
	  .value = "0%" },
	{ "p23", "from 2 to 3", GN_TYPE_LOSS, FIELD(gn_raw_states, p23), .max = 1000000, .value = "100%" },
	{ "p14", "from 1 to 4, a single loss in a gap, after which 1 follows", GN_TYPE_LOSS,
	  FIELD(gn_raw_states, p14), .max = 1000000, .value = "0%" },
};
static const struct gn_schema states_schema = {
	"states", states_keys, GN_ARRAY_LEN(states_keys), sizeof(struct gn_raw_states)
};

static const struct gn_key loss_keys[] = {
	{ "random", "share of packets lost", GN_TYPE_LOSS, FIELD(gn_raw_loss, random), .max = 1000000 },
	{ "correlation", "of random, with the draw before; netem's correlation makes small shares much smaller",
	  GN_TYPE_LOSS, FIELD(gn_raw_loss, correlation), .max = 1000000, .value = "0%" },
	{ "gilbert-elliott", "bursts of loss: a good and a bad state", GN_TYPE_MAP,
	  FIELD(gn_raw_loss, gilbert_elliott), .inner = &gilbert_elliott_schema },
	{ "states", "bursts of loss: a Markov chain of four states", GN_TYPE_MAP, FIELD(gn_raw_loss, states),
	  .inner = &states_schema },
};
static const struct gn_schema loss_schema = {
	"loss", loss_keys, GN_ARRAY_LEN(loss_keys), sizeof(struct gn_raw_loss)
};

static const struct gn_key rate_keys[] = {
	{ "rate", "bits per second; whole bytes per second", GN_TYPE_RATE, FIELD(gn_raw_rate, rate), .min = 8,
	  .max = RATE_MAX, .required = true },
	{ "packet_overhead", "bytes that each packet counts more, or, negative, less", GN_TYPE_SIGNED,
	  FIELD(gn_raw_rate, packet_overhead), .min = (uint64_t)-41, .max = 65535, .value = "0" },
	{ "cell_size", "bytes of a cell: packets count as a whole number of cells", GN_TYPE_WHOLE,
	  FIELD(gn_raw_rate, cell_size), .min = 1, .max = 65535, .default_note = "no cells" },
	{ "cell_overhead", "bytes that each cell counts more, or, negative, less", GN_TYPE_SIGNED,
	  FIELD(gn_raw_rate, cell_overhead), .min = (uint64_t)-65534, .max = 65535, .value = "0" },
};
static const struct gn_schema rate_schema = {
	"rate", rate_keys, GN_ARRAY_LEN(rate_keys), sizeof(struct gn_raw_rate)
};

#define DISTRIBUTION(type) \
	{ "distribution", "how delays lie around their mean; with a table jitter is their scale. A path, with " \
	  "a slash, is a table of one's own", GN_TYPE_DISTRIBUTION, FIELD(type, distribution), .choices = distributions, \
	  .value = GN_UNIFORM, .graphs = ALL_GRAPHS }

static const struct gn_key slot_keys[] = {
	{ "delay", "mean time from slot to slot", GN_TYPE_DURATION, FIELD(gn_raw_slot, delay), .max = DELAY_MAX,
	  .required = true },
	{ "jitter", "its variation", GN_TYPE_DURATION, FIELD(gn_raw_slot, jitter), .max = JITTER_MAX, .value = "0ms" },
	DISTRIBUTION(gn_raw_slot),
	{ "packets", "at most so many packets in a slot", GN_TYPE_WHOLE, FIELD(gn_raw_slot, packets), .min = 1,
	  .max = INT32_MAX, .default_note = "any number" },
	{ "bytes", "at most so many bytes in a slot", GN_TYPE_SIZE, FIELD(gn_raw_slot, bytes), .min = 1,
	  .max = INT32_MAX, .default_note = "any number" },
};
static const struct gn_schema slot_schema = {
	"slot", slot_keys, GN_ARRAY_LEN(slot_keys), sizeof(struct gn_raw_slot)
};

/* What an ideal network has of them, each packet on its own, and what only a link does. @loss, @share: the maps in their
 * place. */
#define WAY_KEYS(of_loss, of_share)                                                                              \
	{ "delay", "one-way delay, in each direction", GN_TYPE_DURATION,                                         \
	  FIELD(gn_raw_shape, delay), .max = DELAY_MAX, .value = "0ms", .graphs = ALL_GRAPHS },                  \
	{ "jitter", "variation: each packet's delay is in delay +- jitter, or as distribution says",             \
	  GN_TYPE_DURATION,                                                                                      \
	  FIELD(gn_raw_shape, jitter), .max = JITTER_MAX, .value = "0ms", .graphs = ALL_GRAPHS },                \
	DISTRIBUTION(gn_raw_shape),                                                                              \
	{ "loss", "share of packets lost, each on its own; of a link also a map", GN_TYPE_LOSS,                  \
	  FIELD(gn_raw_shape, loss), .max = 1000000, .inner = of_loss, .value = "0%", .graphs = ALL_GRAPHS },    \
	{ "duplicate", "share of packets that are sent once more", GN_TYPE_LOSS,                                 \
	  FIELD(gn_raw_shape, duplicate), .max = 1000000, .inner = of_share, .value = "0%",                      \
	  .graphs = ALL_GRAPHS }

#define SHAPE_KEYS                                                                                               \
	WAY_KEYS(&loss_schema, &share_schema),                                                                   \
	{ "correlation", "of a packet's delay with that of the one before", GN_TYPE_LOSS,                        \
	  FIELD(gn_raw_shape, correlation), .max = 1000000, .value = "0%", .graphs = ALL_GRAPHS },               \
	{ "order", "kept: no packet overtakes another by jitter; free: each comes when its delay is over",       \
	  GN_TYPE_CHOICE, FIELD(gn_raw_shape, order), .choices = orders, .value = "free", .graphs = ALL_GRAPHS },\
	{ "corrupt", "share of packets with one bit inverted", GN_TYPE_LOSS,                                     \
	  FIELD(gn_raw_shape, corrupt), .max = 1000000, .inner = &share_schema, .value = "0%",                   \
	  .graphs = ALL_GRAPHS },                                                                                \
	{ "reorder", "share of packets that are sent at once, before those still delayed", GN_TYPE_LOSS,         \
	  FIELD(gn_raw_shape, reorder), .max = 1000000, .inner = &reorder_schema, .value = "0%",                 \
	  .graphs = ALL_GRAPHS },                                                                                \
	{ "rate", "data rate of the link; whole bytes per second", GN_TYPE_RATE,                                 \
	  FIELD(gn_raw_shape, rate), .min = 8, .max = RATE_MAX, .inner = &rate_schema,                           \
	  .default_note = "not limited", .graphs = ALL_GRAPHS },                                                 \
	{ "slot", "packets leave in bursts, at the ends of slots of this length", GN_TYPE_DURATION,              \
	  FIELD(gn_raw_shape, slot), .max = DELAY_MAX, .inner = &slot_schema, .value = "0ms",                    \
	  .graphs = ALL_GRAPHS },                                                                                \
	{ "limit", "packets that the queue holds at most, those in flight included", GN_TYPE_WHOLE,              \
	  FIELD(gn_raw_shape, limit), .min = 1, .max = UINT32_MAX,                                               \
	  .default_note = "computed so that nothing overflows unseen", .graphs = ALL_GRAPHS },                   \
	{ "ecn", "mark packets that can be marked instead of losing them", GN_TYPE_SWITCH,                       \
	  FIELD(gn_raw_shape, ecn), .max = 1, .value = "false", .graphs = ALL_GRAPHS }

static const struct gn_key direction_keys[] = { SHAPE_KEYS };
static const struct gn_schema direction_schema = {
	"a direction", direction_keys, GN_ARRAY_LEN(direction_keys), sizeof(struct gn_raw_shape)
};

static const struct gn_key node_keys[] = {
	{ "name", "the node's name, or the group's with count", GN_TYPE_NAME, FIELD(gn_raw_node, name),
	  .required = true },
	{ "count", "makes a group of that many nodes: name1, name2, ...", GN_TYPE_WHOLE,
	  FIELD(gn_raw_node, count), .min = 1, .max = GN_IDEAL_NODES_MAX, .default_note = "a single node called name" },
	{ "kind", "host: runs gossip; switch: a layer 2 bridge; router: forwards IPv4", GN_TYPE_CHOICE,
	  FIELD(gn_raw_node, kind), .choices = kinds, .value = "host" },
	{ "shared", "of a switch: the rate of its members' links is one rate for all of them together", GN_TYPE_SWITCH,
	  FIELD(gn_raw_node, shared), .max = 1, .value = "false" },
};
static const struct gn_schema node_schema = {
	"a node", node_keys, GN_ARRAY_LEN(node_keys), sizeof(struct gn_raw_node)
};

static const struct gn_key link_keys[] = {
	{ "between", "the two ends, a and b; a group stands for each of its members", GN_TYPE_PAIR,
	  FIELD(gn_raw_link, between), .default_note = "needed, or spread" },
	{ "spread", "instead of between: a group, each of whose members is linked to one place of over",
	  GN_TYPE_REFERENCE, FIELD(gn_raw_link, spread) },
	{ "over", "the places that the group is spread over, and their weights; without one it is 1", GN_TYPE_WEIGHTS,
	  FIELD(gn_raw_link, over), .min = 1, .max = 1000000 * GN_DECIMAL_ONE, .default_note = "needed with spread" },
	{ "profile", "values for what is not written here: a name (netem/NAME.yaml) or, with a slash, a path",
	  GN_TYPE_TEXT, FIELD(gn_raw_link, profile), .max = 4095 },
	SHAPE_KEYS,
	{ "a_to_b", "what differs from a to b, the first to the second of between, or from the member to its place", GN_TYPE_MAP,
	  FIELD(gn_raw_link, a_to_b), .inner = &direction_schema },
	{ "b_to_a", "what differs from b to a", GN_TYPE_MAP,
	  FIELD(gn_raw_link, b_to_a), .inner = &direction_schema },
};
static const struct gn_schema link_schema = {
	"a link", link_keys, GN_ARRAY_LEN(link_keys), sizeof(struct gn_raw_link)
};

static const struct gn_key profile_keys[] = {
	{ "about", "what it stands for, and what its values mean", GN_TYPE_TEXT, FIELD(gn_raw_profile, about), .max = 4095 },
	{ "source", "where the values come from", GN_TYPE_TEXT, FIELD(gn_raw_profile, source), .max = 4095 },
	SHAPE_KEYS,
	{ "up", "what differs from the user to the network: from a to b of a link", GN_TYPE_MAP,
	  FIELD(gn_raw_profile, up), .inner = &direction_schema },
	{ "down", "what differs from the network to the user: from b to a", GN_TYPE_MAP,
	  FIELD(gn_raw_profile, down), .inner = &direction_schema },
};
static const struct gn_schema profile_schema = {
	"a profile", profile_keys, GN_ARRAY_LEN(profile_keys), sizeof(struct gn_raw_profile)
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
	{ "profile", "values for what is not written here: a name (netem/NAME.yaml) or, with a slash, a path",
	  GN_TYPE_TEXT, FIELD(gn_raw_generate, profile), .max = 4095, .graphs = ALL_GRAPHS },
	SHAPE_KEYS,
};
static const struct gn_schema generate_schema = {
	"a graph", generate_keys, GN_ARRAY_LEN(generate_keys), sizeof(struct gn_raw_generate)
};

static const struct gn_key network_keys[] = {
	WAY_KEYS(NULL, NULL),
	{ "call_loss", "share of calls that fail as a whole; a call's answers are not lost by this", GN_TYPE_LOSS,
	  FIELD(gn_raw_network, call_loss), .max = 1000000, .value = "0%" },
};
static const struct gn_schema network_schema = {
	"network", network_keys, GN_ARRAY_LEN(network_keys), sizeof(struct gn_raw_network)
};

static const struct gn_key forget_keys[] = {
	{ "after", "an event is passed on in so many rounds", GN_TYPE_WHOLE, FIELD(gn_raw_forget, after),
	  .min = 1, .max = UINT32_MAX },
	{ "lost_interest", "probability to stop, after each round in which it was passed on", GN_TYPE_DECIMAL,
	  FIELD(gn_raw_forget, lost_interest), .max = GN_DECIMAL_ONE },
};
static const struct gn_schema forget_schema = {
	"forget", forget_keys, GN_ARRAY_LEN(forget_keys), sizeof(struct gn_raw_forget)
};

static const struct gn_key gossip_keys[] = {
	{ "on", "the nodes that run the gossip process", GN_TYPE_REFERENCES, FIELD(gn_raw_gossip, on),
	  .default_note = "all hosts" },
	{ "protocol", "who tells whom when two nodes talk; a path, with a slash, is somebody's own protocol",
	  GN_TYPE_PROTOCOL, FIELD(gn_raw_gossip, protocol), .value = "push-pull" },
	{ "fanout", "partners that a node calls in each period", GN_TYPE_WHOLE, FIELD(gn_raw_gossip, fanout),
	  .min = 1, .max = 65535, .value = "1" },
	{ "period", "time between two rounds of a node", GN_TYPE_DURATION,
	  FIELD(gn_raw_gossip, period), .min = GN_USEC, .max = 3600 * GN_SEC, .value = "200ms" },
	{ "clock", "periodic: each node has a random phase; poisson: after random times of mean period; rounds: all "
	  "at once, in the simulator only", GN_TYPE_CHOICE, FIELD(gn_raw_gossip, clock), .choices = clocks,
	  .value = "periodic" },
	{ "forget", "when a node stops passing an event on", GN_TYPE_FORGET, FIELD(gn_raw_gossip, forget),
	  .max = 255, .inner = &forget_schema,
	  .default_note = "never" },
	{ "overlay", "who may call whom", GN_TYPE_CHOICE, FIELD(gn_raw_gossip, overlay), .choices = overlays,
	  .value = "full" },
	{ "memory", "never call the partner of the last call again if there is another", GN_TYPE_SWITCH,
	  FIELD(gn_raw_gossip, memory), .max = 1, .value = "false" },
	{ "degree", "k-regular and watts-strogatz: partners of each node; chung-lu: the factor of the expected degrees",
	  GN_TYPE_DECIMAL, FIELD(gn_raw_gossip, degree), .min = GN_DECIMAL_ONE,
	  .max = GN_IDEAL_NODES_MAX * GN_DECIMAL_ONE, .default_note = "4, or all others if they are fewer; chung-lu: 3",
	  .overlays = OVERLAY(K_REGULAR) | OVERLAY(WATTS_STROGATZ) | OVERLAY(CHUNG_LU) },
	{ "probability", "erdos-renyi: of each possible pair; or edges", GN_TYPE_PROBABILITY,
	  FIELD(gn_raw_gossip, probability), .max = GN_PROBABILITY_ONE, .overlays = OVERLAY(ERDOS_RENYI) },
	{ "edges", "erdos-renyi: pairs in all; barabasi-albert: pairs that each new node brings", GN_TYPE_WHOLE,
	  FIELD(gn_raw_gossip, edges), .min = 1, .max = GN_OVERLAY_MAX, .default_note = "barabasi-albert: 2",
	  .overlays = OVERLAY(ERDOS_RENYI) | OVERLAY(BARABASI_ALBERT) },
	{ "rewire", "watts-strogatz: probability that a pair of the lattice is rewired", GN_TYPE_PROBABILITY,
	  FIELD(gn_raw_gossip, rewire), .max = GN_PROBABILITY_ONE, .overlays = OVERLAY(WATTS_STROGATZ),
	  .needed = OVERLAY(WATTS_STROGATZ) },
	{ "exponent", "chung-lu: beta of the degrees' power law", GN_TYPE_DECIMAL, FIELD(gn_raw_gossip, exponent),
	  .min = GN_DECIMAL_ONE + 1, .max = 100 * GN_DECIMAL_ONE, .value = "2.5", .overlays = OVERLAY(CHUNG_LU) },
	{ "rows", "grid: rows of it", GN_TYPE_WHOLE, FIELD(gn_raw_gossip, rows), .min = 1,
	  .max = GN_IDEAL_NODES_MAX, .default_note = "as near to a square as can be", .overlays = OVERLAY(GRID) },
	{ "file", "file: where the pairs are, two names in a line; relative to this file", GN_TYPE_TEXT,
	  FIELD(gn_raw_gossip, file), .max = 4095, .overlays = OVERLAY(FILE),
	  .needed = OVERLAY(FILE) },
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

#define VERB(v) (1u << GN_VERB_##v)
#define ON(v)	.offset = offsetof(struct gn_raw_action, verb[GN_VERB_##v])
static const struct gn_key action_keys[] = {
	{ "set", "give the links between two ends other values; without links, in the simulator: network",
	  GN_TYPE_PAIR_OR_NETWORK, ON(SET) },
	{ "down", "the links between two ends carry nothing", GN_TYPE_PAIR, ON(DOWN) },
	{ "up", "and do again", GN_TYPE_PAIR, ON(UP) },
	{ "flap", "they go down again and again", GN_TYPE_PAIR, ON(FLAP) },
	{ "partition", "nothing passes from one part to another; nodes not named are a part of their own", GN_TYPE_PARTS,
	  ON(PARTITION) },
	{ "heal", "true: no partition any more", GN_TYPE_SWITCH, ON(HEAL) },
	{ "kill", "nodes whose process dies at once", GN_TYPE_REFERENCES, ON(KILL) },
	{ "leave", "nodes that call their partners a last time and end", GN_TYPE_REFERENCES, ON(LEAVE) },
	{ "restart", "nodes that start again, if they do not run, and know nothing", GN_TYPE_REFERENCES, ON(RESTART) },
	{ "pause", "nodes that sleep", GN_TYPE_REFERENCES, ON(PAUSE) },
	{ "resume", "nodes that go on", GN_TYPE_REFERENCES, ON(RESUME) },
	{ "drop-next", "so many datagrams that come to node are ignored", GN_TYPE_WHOLE, ON(DROP_NEXT), .min = 1,
	  .max = UINT32_MAX },
	{ "cpu", "the process of node gets at most this share of one CPU", GN_TYPE_LOSS, ON(CPU), .min = 10000,
	  .max = 1000000 },
	{ "memory", "the process of node gets at most so much memory from now on, or is killed", GN_TYPE_SIZE, ON(MEMORY),
	  .min = 64 * 1024, .max = UINT64_C(1) << 40 },
	{ "churn", "one of these nodes dies, again and again, at random", GN_TYPE_REFERENCES, ON(CHURN) },
	{ "at", "when, after the run's start", GN_TYPE_DURATION, FIELD(gn_raw_action, at), .max = TIME_MAX,
	  .required = true },
	{ "for", "how long, then back to what the file says", GN_TYPE_DURATION, FIELD(gn_raw_action, lasting), .min = 1,
	  .max = TIME_MAX, .default_note = "for the rest of the run",
	  .verbs = VERB(SET) | VERB(DOWN) | VERB(PARTITION) | VERB(KILL) | VERB(LEAVE) | VERB(PAUSE) | VERB(CPU) |
		   VERB(MEMORY) },
	{ "node", "the nodes that drop-next, cpu and memory are about", GN_TYPE_REFERENCES, FIELD(gn_raw_action, node),
	  .verbs = VERB(DROP_NEXT) | VERB(CPU) | VERB(MEMORY), .needed = VERB(DROP_NEXT) | VERB(CPU) | VERB(MEMORY) },
	{ "every", "flap: from one time down to the next; churn: mean time between two deaths", GN_TYPE_DURATION,
	  FIELD(gn_raw_action, every), .min = 1, .max = TIME_MAX, .verbs = VERB(FLAP) | VERB(CHURN),
	  .needed = VERB(FLAP) | VERB(CHURN) },
	{ "repeat", "flap: how many times", GN_TYPE_WHOLE, FIELD(gn_raw_action, repeat), .min = 1, .max = GN_EVENTS_MAX,
	  .verbs = VERB(FLAP), .needed = VERB(FLAP) },
	{ "down_for", "flap: how long each time; churn: until a node that died starts again", GN_TYPE_DURATION,
	  FIELD(gn_raw_action, down_for), .min = 1, .max = TIME_MAX, .default_note = "churn: it does not",
	  .verbs = VERB(FLAP) | VERB(CHURN), .needed = VERB(FLAP) },
	{ "until", "churn: the end of it", GN_TYPE_DURATION, FIELD(gn_raw_action, until), .max = TIME_MAX,
	  .default_note = "the run's", .verbs = VERB(CHURN) },
	{ "seed", "churn: of who and when", GN_TYPE_WHOLE, FIELD(gn_raw_action, seed), .max = UINT64_MAX,
	  .default_note = "the run's, and the entry's place in the list", .verbs = VERB(CHURN) },
	{ "profile", "set: values for what is not written here: a name (netem/NAME.yaml) or, with a slash, a path",
	  GN_TYPE_TEXT, FIELD(gn_raw_action, profile), .max = 4095, .verbs = VERB(SET) },
	SHAPE_KEYS,
	{ "a_to_b", "what differs from a to b, the first to the second of set", GN_TYPE_MAP,
	  FIELD(gn_raw_action, a_to_b), .inner = &direction_schema, .verbs = VERB(SET) },
	{ "b_to_a", "what differs from b to a", GN_TYPE_MAP,
	  FIELD(gn_raw_action, b_to_a), .inner = &direction_schema, .verbs = VERB(SET) },
};
static const struct gn_schema action_schema = {
	"an action", action_keys, GN_ARRAY_LEN(action_keys), sizeof(struct gn_raw_action)
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
	{ "log", "arrivals: of events; calls: also each call of a partner; first: only the first arrival of an event at a node; "
	  "coverage: each event's curve instead, in the simulator only", GN_TYPE_CHOICE,
	  FIELD(gn_raw_topology, log), .choices = logs, .value = "arrivals" },
	{ "include", "files to start from, relative to this one; what is written here wins", GN_TYPE_FILES,
	  FIELD(gn_raw_topology, include) },
	{ "nodes", "hosts, switches and routers", GN_TYPE_MAPS, FIELD(gn_raw_topology, nodes),
	  .inner = &node_schema },
	{ "links", "cables between nodes; each has two directions", GN_TYPE_MAPS,
	  FIELD(gn_raw_topology, links), .inner = &link_schema },
	{ "generate", "whole graphs: nodes and links from a model", GN_TYPE_MAPS_OR_MAP,
	  FIELD(gn_raw_topology, generate), .inner = &generate_schema },
	{ "routes", "along paths of fewest hops, or of least delay", GN_TYPE_CHOICE, FIELD(gn_raw_topology, routes),
	  .choices = routings, .value = "hops" },
	{ "network", "without links: what every datagram between two hosts meets", GN_TYPE_MAP,
	  FIELD(gn_raw_topology, network), .inner = &network_schema, .always = true },
	{ "gossip", "the protocol and who takes part", GN_TYPE_MAP, FIELD(gn_raw_topology, gossip),
	  .inner = &gossip_schema, .always = true },
	{ "events", "what is published, when and where", GN_TYPE_MAPS, FIELD(gn_raw_topology, events),
	  .inner = &event_schema, .default_note = "one event from the first gossiping node" },
	{ "schedule", "what is done to the network and its nodes while they run", GN_TYPE_MAPS,
	  FIELD(gn_raw_topology, schedule), .inner = &action_schema },
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

const struct gn_schema *gn_schema_profile(void)
{
	return &profile_schema;
}

const struct gn_schema *gn_schema_gossip(void)
{
	return &gossip_schema;
}

const struct gn_schema *gn_schema_forget(void)
{
	return &forget_schema;
}

const struct gn_schema *gn_schema_action(void)
{
	return &action_schema;
}

const char *gn_log_name(size_t i)
{
	return logs[i];
}

const char *gn_clock_name(size_t i)
{
	return clocks[i];
}

const char *gn_overlay_name(size_t i)
{
	return overlays[i];
}
