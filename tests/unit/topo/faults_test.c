/* SPDX-License-Identifier: MIT */
/* Bad topologies: exactly these sentences at exactly these places, all in one go. */
#include "topo.h"

#define LAN	    "nodes: [{name: n, count: 3}, {name: s, kind: switch}]\nlinks: [{between: [n, s]}]\n"
#define MESH(shape) "nodes: [{name: n, count: 3}]\nlinks: [{between: [n, n], " shape "}]\n"
#define GRAPH(keys) "generate: {graph: " keys "}\n"
#define ACCESS(links) \
	"nodes: [{name: n, count: 3}, {name: s, kind: switch, shared: true}]\nlinks: [" links "]\n"
#define SPREAD(keys)                                                                                     \
	"nodes: [{name: n, count: 3}, {name: a, kind: router}, {name: b, kind: router}]\nlinks: [{" keys \
	"}, {between: [n, a]}]\n"
#define NEEDS_REACH                                                                                        \
	"which this overlay asks for: hosts do not forward; put routers or switches between them, or use " \
	"overlay: neighbours\n"

static const struct {
	const char *why, *text, *want;
} cases[] = {
	/* The file as such */
	{ "empty file", "", "t.yaml:1:1: the file is empty: a topology needs nodes or generate\n" },
	{ "only a comment", "# nothing\n",
	  "t.yaml:1:1: the file is empty: a topology needs nodes or generate\n" },
	{ "not a map", "[1, 2]",
	  "t.yaml:1:1: a topology is a map: lines such as \"duration: 10s\", \"nodes:\"\n" },
	{ "a text", "hello",
	  "t.yaml:1:1: a topology is a map: lines such as \"duration: 10s\", \"nodes:\"\n" },
	{ "open bracket", "nodes: [{name: n, count: 3}\nlinks: []\n",
	  "t.yaml:2:1: not YAML: did not find expected ',' or ']' (while parsing a flow sequence that begins in line "
	  "1)\n" },
	{ "tab", "nodes: []\n\tlinks: []\n",
	  "t.yaml:2:1: not YAML: found character that cannot start any token: tabs may not indent, and words may not "
	  "begin with @ or `\n" },
	{ "two documents", LAN "---\n" LAN,
	  "t.yaml:3:1: a second document begins: one file, one topology\n" },
	{ "control character", "nodes: [\"\x01\"]", "t.yaml:1:10: byte 0x01 is not text in UTF-8\n" },
	{ "Latin-1", "nodes: [{name: n, count: 2}]\n# caf\xe9\n",
	  "t.yaml:2:6: byte 0xe9 is not text in UTF-8\n" },
	{ "overlong UTF-8", "# \xc0\xaf", "t.yaml:1:3: byte 0xc0 is not text in UTF-8\n" },
	{ "overlong UTF-8 of three bytes", "# \xe0\x82\xa9", "t.yaml:1:3: byte 0xe0 is not text in UTF-8\n" },
	{ "surrogate", "# \xed\xa0\x80", "t.yaml:1:3: byte 0xed is not text in UTF-8\n" },
	{ "cut UTF-8", "# \xe2\x82", "t.yaml:1:3: byte 0xe2 is not text in UTF-8\n" },
	{ "escaped NUL", "name: \"a\\0b\"\n" LAN,
	  "t.yaml:1:7: a text may not hold line breaks, tabs or control characters\n"
	  "t.yaml:1:7: name \"?\" may only have letters, digits, - _ and .\n" },
	{ "anchor and alias", "nodes: &a [{name: n, count: 3}]\nlinks: *a\n",
	  "t.yaml:1:8: anchors are not supported: give nodes a common group, or use include\n"
	  "t.yaml:2:8: aliases are not supported: give nodes a common group, or use include\n" },
	{ "tag", "nodes: [{name: !!str n, count: 2}]\n", "t.yaml:1:16: tags are not supported\n" },
	{ "map as key", "? [a, b]\n: c\n", "t.yaml:1:3: a key must be a single word\n" },
	{ "key twice", LAN "seed: 1\nseed: 2\n", "t.yaml:4:1: \"seed\" is given twice in one map\n" },
	{ "include from memory is allowed, but the file is not there", "include: no-such-file.yaml\n" LAN,
	  "t.yaml:1:10: cannot read \"no-such-file.yaml\": No such file or directory\n" },
	{ "include of the wrong type", "include: {a: b}\n" LAN,
	  "t.yaml:1:10: include must be a file's name or a list of them\n" },

	/* Schedules */
	{ "times of actions", LAN "schedule: [{at: -1s, heal: true}, {at: 10s, heal: true}, {heal: true}]\n",
	  "t.yaml:3:17: at must be a duration such as 10ms, not \"-1s\"\n"
	  "t.yaml:3:40: the action would be at 10s, but the run ends after 10s\n"
	  "t.yaml:3:58: an action needs at\n" },
	{ "verbs",
	  LAN "schedule:\n  - {at: 1s}\n  - {at: 1s, kil: n1}\n  - {at: 1s, kill: n1, pause: n1}\n"
	      "  - {at: 1s, kill: n1, loss: 5%, node: n2}\n  - {at: 1s, heal: false}\n",
	  "t.yaml:4:5: an action needs one of set, down, up, flap, partition, heal, kill, leave, restart, pause, resume, "
	  "drop-next, cpu, memory, churn\n"
	  "t.yaml:5:14: unknown key \"kil\" (did you mean \"kill\"?)\n"
	  "t.yaml:6:24: kill and pause are two actions: write two entries\n"
	  "t.yaml:7:24: kill has no loss\n"
	  "t.yaml:7:34: kill has no node\n"
	  "t.yaml:8:20: heal must be true\n" },
	{ "what verbs need",
	  LAN
	  "schedule:\n  - {at: 1s, drop-next: 3}\n  - {at: 1s, churn: n}\n  - {at: 1s, flap: [n, s], every: 1s}\n"
	  "  - {at: 1s, set: [n, s]}\n",
	  "t.yaml:4:5: drop-next needs node\n"
	  "t.yaml:5:5: churn needs every\n"
	  "t.yaml:6:5: flap needs repeat\n"
	  "t.yaml:6:5: flap needs down_for\n"
	  "t.yaml:7:5: set needs values, such as loss: 5%\n" },
	{ "links that are not there",
	  LAN "schedule:\n  - {at: 1s, down: [n1, n2]}\n  - {at: 1s, set: [n9, s], loss: 1%}\n"
	      "  - {at: 1s, set: network, loss: 1%}\n  - {at: 1s, up: n1}\n",
	  "t.yaml:4:20: there is no link between n1 and n2\n"
	  "t.yaml:5:20: no node is called \"n9\": the group n has n1 to n3\n"
	  "t.yaml:6:19: network is for a topology without links: name the two ends, [a, b]\n"
	  "t.yaml:7:18: up must be a list of two names: [a, b]\n" },
	{ "values that are set",
	  LAN
	  "schedule:\n  - {at: 1s, set: [n, s], loss: 101%}\n  - {at: 2s, flap: [n, s], every: 1s, down_for: 1s, repeat: 2}\n"
	  "  - {at: 2s, flap: [n, s], every: 1s, down_for: 1ms, repeat: 9}\n",
	  "t.yaml:4:33: loss must be from 0% to 100%, not 101%\n"
	  "t.yaml:5:49: down_for must be less than every, 1s\n"
	  "t.yaml:6:62: the last time would be at 10s, but the run ends after 10s\n" },
	{ "values that do not go together then",
	  LAN "schedule:\n  - {at: 1s, set: [n1, s], delay: 20ms, for: 3s}\n"
	      "  - {at: 2s, set: [n1, s], jitter: 15ms}\n  - {at: 2s, set: [n2, s], jitter: 1ms}\n",
	  "t.yaml:4:5: at 4s, reset delay: jitter 15ms is more than the delay, 0ns: a packet would have to arrive before it "
	  "is sent\n"
	  "t.yaml:6:5: at 2s, set jitter 1ms: jitter 1ms is more than the delay, 0ns: a packet would have to arrive before "
	  "it is sent\n" },
	{ "a rate that is shared",
	  ACCESS("{between: [n, s], rate: 1mbit}") "schedule:\n  - {at: 1s, set: [n, s], rate: 2mbit, for: 1s}\n"
						   "  - {at: 3s, set: [n1, s], rate: 3mbit}\n",
	  "t.yaml:5:5: at 3s, set rate 3mbit: the rate of s is shared: set it for the links of all of its members at once\n" },
	{ "rates that are shared, of two switches at once",
	  "nodes: [{name: n, count: 5}, {name: s, kind: switch, count: 2, shared: true}]\nlinks:\n"
	  "  - {between: [s1, s2]}\n  - {between: [n1, s1], rate: 1mbit}\n  - {between: [n2, s2], rate: 1mbit}\n"
	  "  - {between: [n3, s1], rate: 1mbit}\n  - {between: [n4, s2], rate: 1mbit}\n"
	  "  - {between: [n5, s2], rate: 1mbit}\nschedule:\n  - {at: 1s, set: [n, s], rate: 2mbit}\n"
	  "  - {at: 2s, set: [n1, s1], rate: 2mbit}\n  - {at: 3s, set: [n4, s], rate: 1mbit}\n",
	  "t.yaml:12:5: at 3s, set rate 1mbit: the rate of s2 is shared: set it for the links of all of its members at "
	  "once\n" },
	{ "parts of a partition",
	  LAN
	  "schedule:\n  - {at: 1s, partition: [[n1, stranger], [n2]]}\n  - {at: 1s, partition: [[n1], [s]]}\n"
	  "  - {at: 1s, partition: [[n1], [n]]}\n  - {at: 1s, partition: [n]}\n  - {at: 1s, partition: n}\n",
	  "t.yaml:4:31: no node or group is called \"stranger\"\n"
	  "t.yaml:5:33: s is a switch: a part has hosts and routers\n"
	  "t.yaml:6:33: n1 is in a part already\n"
	  "t.yaml:7:25: all nodes are in one part: nothing would be separated\n"
	  "t.yaml:8:25: partition must be a list of lists of names: [[a, b], [c]]\n" },
	{ "nodes without a process",
	  LAN
	  "gossip: {on: [n1, n2]}\nschedule: [{at: 1s, kill: n}, {at: 1s, pause: s}, {at: 1s, cpu: 0.5%, node: n1}]\n",
	  "t.yaml:4:27: n3 does not gossip: it has no process\n"
	  "t.yaml:4:47: s does not gossip: it has no process\n"
	  "t.yaml:4:65: cpu must be from 1% to 100%, not 0.5%\n" },
	{ "links of an ideal network",
	  "nodes: [{name: n, count: 3}]\nschedule: [{at: 1s, down: [n1, n2]}, {at: 1s, set: network, rate: 1mbit}]\n",
	  "t.yaml:2:27: a topology without links has none to act on: set: network changes all paths\n"
	  "t.yaml:2:38: a network without links has delay, jitter, distribution, loss and duplicate alone\n" },
	{ "directions of an ideal network",
	  "nodes: [{name: n, count: 3}]\nschedule: [{at: 1s, set: network, a_to_b: {loss: 1%}}]\n",
	  "t.yaml:2:12: a network without links has no directions\n" },
	{ "all faults of an action",
	  LAN
	  "schedule:\n  - {kill: a9}\n  - {at: 1s, down: [a9, s], for: x}\n  - {at: 70s, cpu: 5%, node: a9}\n"
	  "  - {at: 70s, set: [n, s], loss: 101%}\n  - {partition: [[a9]]}\n",
	  "t.yaml:4:5: an action needs at\n"
	  "t.yaml:4:12: no node or group is called \"a9\"\n"
	  "t.yaml:5:21: no node or group is called \"a9\"\n"
	  "t.yaml:5:34: for must be a duration such as 10ms, not \"x\"\n"
	  "t.yaml:6:10: the action would be at 70s, but the run ends after 10s\n"
	  "t.yaml:6:30: no node or group is called \"a9\"\n"
	  "t.yaml:7:10: the action would be at 70s, but the run ends after 10s\n"
	  "t.yaml:7:34: loss must be from 0% to 100%, not 101%\n"
	  "t.yaml:8:5: an action needs at\n"
	  "t.yaml:8:19: no node or group is called \"a9\"\n" },
	{ "actions on nobody",
	  LAN
	  "schedule:\n  - {at: 1s, kill: []}\n  - {at: 1s, cpu: 5%, node: []}\n  - {at: 1s, churn: [], every: 1s}\n"
	  "  - {at: 1s, partition: []}\n  - {at: 1s, partition: [[n1], []]}\n",
	  "t.yaml:4:20: there is no node in this list\n"
	  "t.yaml:5:29: there is no node in this list\n"
	  "t.yaml:6:21: there is no node in this list\n"
	  "t.yaml:7:25: there is no part in this list\n"
	  "t.yaml:8:32: there is no node in this part\n" },
	{ "actions after the last round",
	  "nodes: [{name: n, count: 3}]\nduration: 10s\ngossip: {clock: rounds, period: 3s}\nschedule:\n"
	  "  - {at: 8500ms, kill: n1, for: 1s}\n  - {at: 9s, kill: n2}\n  - {at: 9500ms, kill: n3}\n",
	  "t.yaml:7:10: the action would be at 9500ms, but with clock: rounds the last round is at 9s\n" },
	{ "churn that ends before it begins", LAN "schedule: [{at: 2s, churn: n, every: 1s, until: 1s}]\n",
	  "t.yaml:3:49: churn would end before it begins\n" },

	/* Groups spread over places */
	{ "spread and between", SPREAD("spread: n, over: {a: 1}, between: [n, b]"),
	  "t.yaml:2:10: a link has between or spread, not both\n" },
	{ "spread over nothing", SPREAD("spread: n"), "t.yaml:2:10: spread needs over\n" },
	{ "over without spread", SPREAD("over: [a], between: [n, a]"), "t.yaml:2:10: over needs spread\n" },
	{ "over no place", SPREAD("spread: n, over: []"), "t.yaml:2:27: over names no place\n" },
	{ "over a stranger", SPREAD("spread: n, over: {a: 1, oslo: 2}"),
	  "t.yaml:2:34: no node or group is called \"oslo\"\n" },
	{ "a stranger is spread", SPREAD("spread: m, over: [a]"),
	  "t.yaml:2:18: no node or group is called \"m\"\n" },
	{ "a weight that is none", SPREAD("spread: n, over: [a: heavy, b: 0, {a: 1000001}]"),
	  "t.yaml:2:31: weight must be a number such as 0.5, not \"heavy\"\n"
	  "t.yaml:2:41: weight must be from 0.000001 to 1000000, not 0\n"
	  "t.yaml:2:48: weight must be from 0.000001 to 1000000, not 1000001\n" },
	{ "weights in a word", SPREAD("spread: n, over: a"),
	  "t.yaml:2:27: over must be a list of names or a map (name: weight)\n" },
	{ "places over themselves", SPREAD("spread: a, over: [a]"),
	  "t.yaml:2:18: a would be linked to itself\n" },

	/* Access networks */
	{ "a host is shared",
	  "nodes: [{name: n, count: 3, shared: true}, {name: s, kind: switch}]\n"
	  "links: [{between: [n, s], rate: 1mbit}]\n",
	  "t.yaml:1:37: only a switch can be shared: the rates of its members' links are then one\n" },
	{ "nothing to share", ACCESS("{between: [n, s], delay: 1ms}"),
	  "t.yaml:1:62: s has no rate to share: no link of a host or router to it has one\n" },
	{ "a shared switch without members",
	  "nodes: [{name: n, count: 2}, {name: s, kind: switch}, "
	  "{name: e, kind: switch, shared: true}]\n"
	  "links: [{between: [n, s], rate: 1mbit}, {between: [s, e], rate: 1mbit}]\n",
	  "t.yaml:1:87: e has no rate to share: no link of a host or router to it has one\n" },
	{ "rates to a shared switch differ",
	  ACCESS("{between: [n1, s], rate: 1mbit}, {between: [s, n2], b_to_a: {rate: 2mbit}, a_to_b: {rate: 1mbit}}, "
		 "{between: [n3, s], rate: 1mbit}"),
	  "t.yaml:2:52: the rate to s is 2mbit for n2 and 1mbit for n1: it is shared, so all of its members' links have the "
	  "same\n" },
	{ "rates from a shared switch differ",
	  ACCESS("{between: [n1, s], rate: 1mbit}, {between: [n2, s], a_to_b: {rate: 1mbit}}, "
		 "{between: [n3, s], rate: 1mbit}"),
	  "t.yaml:2:52: the rate from s is not limited for n2 and 1mbit for n1: it is shared, so all of its members' links "
	  "have the same\n" },

	/* Keys and types */
	{ "unknown key, a neighbour", "nods: [{name: n, count: 3}]\n",
	  "t.yaml:1:1: unknown key \"nods\" (did you mean \"nodes\"?)\n" },
	{ "unknown key, no neighbour", LAN "colour: red\n",
	  "t.yaml:3:1: unknown key \"colour\": a topology has name, seed, duration, until, log, include, nodes, links, "
	  "generate, routes, network, gossip, events, schedule\n" },
	{ "unknown key in a link", MESH("dealy: 10ms"),
	  "t.yaml:2:27: unknown key \"dealy\" (did you mean \"delay\"?)\n" },
	{ "unknown key in a direction", MESH("a_to_b: {dlay: 5ms}"),
	  "t.yaml:2:36: unknown key \"dlay\" (did you mean \"delay\"?)\n" },
	{ "unknown key in gossip", LAN "gossip: {fan: 3}\n",
	  "t.yaml:3:10: unknown key \"fan\": gossip has on, protocol, fanout, period, clock, forget, overlay, memory, "
	  "degree, probability, edges, rewire, exponent, rows, file; push-pull has no parameters\n" },
	{ "unknown key in an event", LAN "events: [{form: n1}]\n",
	  "t.yaml:3:11: unknown key \"form\" (did you mean \"from\"?)\n" },
	{ "unknown key of a node", "nodes: [{name: n, count: 3, knd: host}]\nlinks: [{between: [n1, n9]}]\n",
	  "t.yaml:1:29: unknown key \"knd\" (did you mean \"kind\"?)\n" },
	{ "nodes missing", "gossip: {}\n", "t.yaml:1:1: a topology needs nodes or generate\n" },
	{ "no value", "nodes:\n", "t.yaml:1:1: nodes has no value\n" },
	{ "null", LAN "seed: ~\n", "t.yaml:3:1: seed has no value\n" },
	{ "empty list", "nodes: []\n", "t.yaml:1:1: the topology has no nodes\n" },
	{ "map for a list", "nodes: {name: n}\n",
	  "t.yaml:1:8: nodes must be a list of maps (- {key: value})\n" },
	{ "texts for maps", "nodes: [n1, n2]\n",
	  "t.yaml:1:9: a node must be a map (key: value)\nt.yaml:1:13: a node must be a map (key: value)\n" },
	{ "texts for links, graphs and events",
	  LAN "generate: [5, {graph: ring, name: m, nodes: 3, kind: switch}]\nevents: [5, {at: 1s}]\n",
	  "t.yaml:3:12: a graph must be a map (key: value)\nt.yaml:4:10: an event must be a map (key: value)\n" },
	{ "a number for a link", "nodes: [{name: n, count: 3}]\nlinks: [5, ~, {between: [n, n]}]\n",
	  "t.yaml:2:9: a link must be a map (key: value)\nt.yaml:2:12: a link must be a map (key: value)\n" },
	{ "list for a map", LAN "gossip: []\n", "t.yaml:3:9: gossip must be a map (key: value)\n" },
	{ "list for a text", LAN "name: [a]\n", "t.yaml:3:7: name must be a name\n" },
	{ "required key", "nodes: [{count: 3}]\n", "t.yaml:1:9: a node needs name\n" },
	{ "quoted number", "nodes: [{name: n, count: \"3\"}]\n",
	  "t.yaml:1:26: count must be a whole number, not \"3\" in quotes\n" },
	{ "negative number", LAN "seed: -1\n", "t.yaml:3:7: seed must be a whole number, not \"-1\"\n" },
	{ "fraction", LAN "gossip: {fanout: 1.5}\n",
	  "t.yaml:3:18: fanout must be a whole number, not \"1.5\"\n" },
	{ "65 bits", LAN "seed: 18446744073709551616\n",
	  "t.yaml:3:7: seed: 18446744073709551616 is too large\n" },
	{ "out of range", "nodes: [{name: n, count: 0}]\n",
	  "t.yaml:1:26: count must be from 1 to 100000000, not 0\n" },

	/* Quantities */
	{ "no unit", MESH("delay: 10"),
	  "t.yaml:2:34: delay: \"10\" has no unit: write one of 10ns, 10us, 10ms, 10s, 10m\n" },
	{ "no unit, one to choose from", MESH("loss: 1"),
	  "t.yaml:2:33: loss: \"1\" has no unit: write 1%\n" },
	{ "unknown unit", MESH("delay: 10sec"),
	  "t.yaml:2:34: delay: unknown unit \"sec\" in \"10sec\": known are ns, us, ms, s, m\n" },
	{ "unknown unit, a neighbour", MESH("rate: 10mbits"),
	  "t.yaml:2:33: rate: unknown unit \"mbits\" in \"10mbits\" (did you mean \"mbit\"?): known are bit, kbit, mbit, "
	  "gbit, tbit\n" },
	{ "negative", MESH("delay: -1ms"),
	  "t.yaml:2:34: delay must be a duration such as 10ms, not \"-1ms\"\n" },
	{ "too fine", MESH("delay: 0.1ns"),
	  "t.yaml:2:34: delay: \"0.1ns\" is finer than the smallest step, 1ns\n" },
	{ "loss that would be rounded", MESH("loss: 0.00001%"),
	  "t.yaml:2:33: loss: \"0.00001%\" is finer than the smallest step, 0.0001%\n" },
	{ "loss above all", MESH("loss: 101%"), "t.yaml:2:33: loss must be from 0% to 100%, not 101%\n" },
	{ "jitter above delay", MESH("delay: 1ms, jitter: 2ms"),
	  "t.yaml:2:47: jitter 2ms is more than the delay, 1ms: a packet would have to arrive before it is sent\n" },
	{ "jitter above delay in one direction", MESH("delay: 3ms, jitter: 2ms, b_to_a: {delay: 1ms}"),
	  "t.yaml:2:47: jitter 2ms is more than the delay, 1ms: a packet would have to arrive before it is sent\n" },
	{ "more than all of them corrupted", MESH("corrupt: {share: 101%}"),
	  "t.yaml:2:44: share must be from 0% to 100%, not 101%\n" },
	{ "a distribution of nothing", MESH("delay: 1ms, distribution: normal"),
	  "t.yaml:2:53: distribution needs a jitter: it says how the delays lie within it\n" },
	{ "a correlation of nothing", MESH("delay: 1ms, correlation: 10%"),
	  "t.yaml:2:52: correlation needs a jitter: it is of a packet's delay with that of the one before\n" },
	{ "a correlation without its value", MESH("loss: {correlation: 10%}"),
	  "t.yaml:2:33: loss needs one of random, gilbert-elliott and states\n" },
	{ "duplicates without their share", MESH("duplicate: {correlation: 10%}"),
	  "t.yaml:2:38: such a map needs share\n" },
	{ "two models of loss", MESH("loss: {random: 1%, gilbert-elliott: {p: 1%}}"),
	  "t.yaml:2:33: loss needs one of random, gilbert-elliott and states\n" },
	{ "a model with a correlation besides its own",
	  MESH("loss: {gilbert-elliott: {p: 1%}, correlation: 1%}"),
	  "t.yaml:2:60: correlation is of random losses: a model of bursts has its own\n" },
	{ "a model without its first value", MESH("loss: {gilbert-elliott: {r: 1%}}"),
	  "t.yaml:2:51: gilbert-elliott needs p\n" },
	{ "a model misspelt", MESH("loss: {gilbert-eliot: {p: 1%}}"),
	  "t.yaml:2:34: unknown key \"gilbert-eliot\" (did you mean \"gilbert-elliott\"?)\n" },
	{ "a state left by more than all", MESH("loss: {states: {p13: 60%, p14: 50%}}"),
	  "t.yaml:2:58: p13 and p14, both from state 1, are more than 100% together\n" },
	{ "another", MESH("loss: {states: {p13: 1%, p31: 60%, p32: 50%}}"),
	  "t.yaml:2:67: p31 and p32, both from state 3, are more than 100% together\n" },
	{ "and by default", MESH("loss: {states: {p13: 10%, p32: 11%}}"),
	  "t.yaml:2:58: p32 and p31, both from state 3, are more than 100% together: p31 is 100% - p13 unless it is written\n" },
	{ "reordering among packets that are not delayed", MESH("reorder: 5%"),
	  "t.yaml:2:36: reorder needs a delay: it sends packets at once, before those that are delayed\n" },
	{ "reordering in order", MESH("delay: 1ms, reorder: 5%, order: kept"),
	  "t.yaml:2:48: reorder and order: kept contradict each other\n" },
	{ "a gap of no packets", MESH("delay: 1ms, reorder: {share: 5%, gap: 0}"),
	  "t.yaml:2:65: gap must be from 1 to 4294967295, not 0\n" },
	{ "marks instead of nothing", MESH("ecn: true"),
	  "t.yaml:2:32: ecn needs a loss: it marks packets where others would be lost\n" },
	{ "unknown distribution", MESH("delay: 2ms, jitter: 1ms, distribution: gauss"),
	  "t.yaml:2:66: unknown distribution \"gauss\": known are uniform, normal, pareto, paretonormal, experimental; the "
	  "path of a table has a slash\n" },
	{ "a table that is not there", MESH("delay: 2ms, jitter: 1ms, distribution: ./none.dist"),
	  "t.yaml:2:66: cannot read \"./none.dist\": No such file or directory\n" },
	{ "a table that never ends", MESH("delay: 2ms, jitter: 1ms, distribution: /dev/zero"),
	  "t.yaml:2:66: cannot read \"/dev/zero\": it is not a file\n" },
	{ "a packet of less than nothing", MESH("rate: {rate: 1mbit, packet_overhead: -42}"),
	  "t.yaml:2:64: packet_overhead must be from -41 to 65535, not -42\n" },
	{ "an overhead that is no number", MESH("rate: {rate: 1mbit, packet_overhead: 4b}"),
	  "t.yaml:2:64: packet_overhead must be a whole number, also a negative one, not \"4b\"\n" },
	{ "an overhead of cells that are not there", MESH("rate: {rate: 1mbit, cell_overhead: 5}"),
	  "t.yaml:2:47: cell_overhead needs a cell_size\n" },
	{ "cells of nothing", MESH("rate: {rate: 1mbit, cell_size: 5, cell_overhead: -5}"),
	  "t.yaml:2:76: cell_overhead -5 leaves nothing of a cell of 5 bytes\n" },
	{ "slots that may be shorter than none", MESH("slot: {delay: 1ms, jitter: 2ms}"),
	  "t.yaml:2:54: the slot's jitter is more than its delay\n" },
	{ "slots that netem would not make", MESH("slot: {delay: 1ms, distribution: pareto}"),
	  "t.yaml:2:46: the slot's distribution needs a jitter: netem makes no slots otherwise\n" },
	{ "slots of no length", MESH("slot: {delay: 0ms, packets: 2}"),
	  "t.yaml:2:41: a slot of no length holds nothing back\n" },
	{ "an hour in slots of an hour", MESH("delay: 60m, slot: 60m"),
	  "t.yaml:2:45: slots with a delay of 60m keep more packets in flight than netem's limit can count: write a limit\n" },
	{ "a queue for nobody", MESH("limit: 0"),
	  "t.yaml:2:34: limit must be from 1 to 4294967295, not 0\n" },
	{ "bursts without links",
	  "nodes: [{name: n, count: 3}]\nnetwork: {loss: {gilbert-elliott: {p: 1%}}}\n",
	  "t.yaml:2:17: loss must be a percentage such as 0.5%\n" },
	{ "jitter that netem would cut", MESH("delay: 2m, jitter: 3s"),
	  "t.yaml:2:46: jitter must be from 0ns to 2147483647ns, not 3s\n" },
	{ "rate in fractions of a byte", MESH("rate: 1001bit"),
	  "t.yaml:2:33: rate 1001bit is not a whole number of bytes per second (8bit), which is what netem carries\n" },
	{ "rate 0", MESH("rate: 0mbit"), "t.yaml:2:33: rate must be from 8bit to 1tbit, not 0mbit\n" },
	{ "more in flight than netem's limit", MESH("rate: 1tbit, delay: 10s"),
	  "t.yaml:2:33: rate 1tbit over a delay of 10s keeps more packets in flight than netem's limit can count\n" },
	{ "period 0", LAN "gossip: {period: 0ms}\n",
	  "t.yaml:3:18: period must be from 1us to 60m, not 0ms\n" },
	{ "duration", "duration: 5\n" LAN,
	  "t.yaml:1:11: duration: \"5\" has no unit: write one of 5ns, 5us, 5ms, 5s, 5m\n" },

	/* Words */
	{ "kind", "nodes: [{name: n, kind: swich}]\n",
	  "t.yaml:1:25: unknown kind \"swich\" (did you mean \"switch\"?)\n" },
	{ "log", "log: everything\n" LAN,
	  "t.yaml:1:6: unknown log \"everything\": known are arrivals, calls, first, coverage\n" },
	{ "until", "until: forever\n" LAN,
	  "t.yaml:1:8: unknown until \"forever\": known are duration, informed\n" },
	{ "protocol", LAN "gossip: {protocol: pushpull}\n",
	  "t.yaml:3:20: unknown protocol \"pushpull\" (did you mean \"push-pull\"?)\n" },
	{ "overlay", LAN "gossip: {overlay: neighbors}\n",
	  "t.yaml:3:19: unknown overlay \"neighbors\" (did you mean \"neighbours\"?)\n" },

	/* Names */
	{ "bad names", "nodes: [{name: a b}, {name: -x}, {name: \"\"}, {name: .}]\n",
	  "t.yaml:1:16: name \"a b\" may only have letters, digits, - _ and .\n"
	  "t.yaml:1:29: name \"-x\" may not begin with - or .\n"
	  "t.yaml:1:41: name \"\" is empty\n"
	  "t.yaml:1:53: name \".\" may not begin with - or .\n" },
	{ "64 characters",
	  "nodes: [{name: a123456789b123456789c123456789d123456789e123456789f123456789g123}]\n",
	  "t.yaml:1:16: name \"a123456789b123456789c123456789d123456789e123456789f123456789g123\" is longer than 63 "
	  "characters\n" },
	{ "64 characters with the number",
	  "nodes: [{name: a123456789b123456789c123456789d123456789e123456789f123456789g12, count: 2}]\n",
	  "t.yaml:1:16: the name \"a123456789b123456789c123456789d123456789e123456789f123456789g121\" is longer than 63 "
	  "characters\n" },
	{ "name of the topology", "name: ../x\n" LAN,
	  "t.yaml:1:7: name \"../x\" may only have letters, digits, - _ and .\n" },
	{ "names taken", "nodes: [{name: n, count: 3}, {name: n2}, {name: n}]\n",
	  "t.yaml:1:37: the name \"n2\" is already taken, by the entry at t.yaml:1:16\n"
	  "t.yaml:1:49: the name \"n\" is already taken, by the entry at t.yaml:1:16\n" },
	{ "dangling names", "nodes: [{name: host, count: 3}]\nlinks: [{between: [hots, router]}]\n",
	  "t.yaml:2:20: no node or group is called \"hots\" (did you mean \"host\"?)\n"
	  "t.yaml:2:26: no node or group is called \"router\"\n" },
	{ "beyond a group", "nodes: [{name: n, count: 3}]\nlinks: [{between: [n4, n1]}]\n",
	  "t.yaml:2:20: no node is called \"n4\": the group n has n1 to n3\n" },
	{ "linked to itself",
	  "nodes: [{name: n, count: 3}]\nlinks: [{between: [n1, n1]}, {between: [n, n2]}]\n",
	  "t.yaml:2:19: n1 would be linked to itself\nt.yaml:2:40: n2 would be linked to itself\n" },
	{ "between",
	  "nodes: [{name: n, count: 3}]\nlinks: [{between: n}, {between: [n]}, {delay: 1ms}, {between: [n, [n]]}]\n",
	  "t.yaml:2:19: between must be a list of two names: [a, b]\n"
	  "t.yaml:2:33: between must be a list of two names: [a, b], not 1\n"
	  "t.yaml:2:39: a link needs between, or spread\n"
	  "t.yaml:2:67: between must be a list of two names: [a, b]\n" },
	{ "two links into one LAN",
	  "nodes: [{name: n, count: 3}, {name: s, kind: switch, count: 2}]\n"
	  "links: [{between: [s1, s2]}, {between: [n, s1]}, {between: [n, s2]}]\n",
	  "t.yaml:2:60: n1 has a link into the LAN of switch s1 already: a second would never carry anything\n" },

	/* Generators */
	{ "graph", GRAPH("rng, nodes: 5"), "t.yaml:1:19: unknown graph \"rng\" (did you mean \"ring\"?)\n" },
	{ "parameter missing", GRAPH("ring"), "t.yaml:1:11: a ring graph needs nodes\n" },
	{ "parameters missing", GRAPH("watts-strogatz, nodes: 9"),
	  "t.yaml:1:11: a watts-strogatz graph needs degree\nt.yaml:1:11: a watts-strogatz graph needs rewire\n" },
	{ "foreign parameter", GRAPH("ring, nodes: 5, rows: 3"),
	  "t.yaml:1:35: a ring graph takes no rows\n" },
	{ "small ring", GRAPH("ring, nodes: 2"), "t.yaml:1:32: a ring graph needs at least 3 nodes\n" },
	{ "odd k-regular", GRAPH("k-regular, nodes: 5, degree: 3"),
	  "t.yaml:1:48: degree and nodes are both odd: links have two ends, so their product must be even\n" },
	{ "k-regular degree", GRAPH("k-regular, nodes: 5, degree: 5"),
	  "t.yaml:1:48: degree 5 needs more than 5 nodes\n" },
	{ "k-regular, not connected", GRAPH("k-regular, nodes: 4, degree: 1"),
	  "t.yaml:1:48: with degree 1 only two nodes can be connected\n" },
	{ "erdos-renyi without", GRAPH("erdos-renyi, nodes: 5"),
	  "t.yaml:1:11: the erdos-renyi graph needs one of probability and edges\n" },
	{ "erdos-renyi with both", GRAPH("erdos-renyi, nodes: 5, edges: 1, probability: 0.5"),
	  "t.yaml:1:42: the erdos-renyi graph needs one of probability and edges, not both\n" },
	{ "erdos-renyi full", GRAPH("erdos-renyi, nodes: 5, edges: 11"),
	  "t.yaml:1:49: edges: 5 nodes have only 10 pairs\n" },
	{ "probability", GRAPH("erdos-renyi, nodes: 5, probability: 2"),
	  "t.yaml:1:55: probability must be from 0 to 1, not 2\n" },
	{ "barabasi-albert", GRAPH("barabasi-albert, nodes: 3, edges: 3"),
	  "t.yaml:1:53: edges 3 needs more than 3 nodes\n" },
	{ "watts-strogatz", GRAPH("watts-strogatz, nodes: 9, degree: 3, rewire: 0.1"),
	  "t.yaml:1:53: degree must be even: half of it to each side of the ring\n" },
	{ "tree", GRAPH("tree, nodes: 3, depth: 2"),
	  "t.yaml:1:35: the tree graph needs one of nodes and depth, not both\n" },
	{ "a tree as large as the world", GRAPH("tree, depth: 100"),
	  "t.yaml:1:11: more than 2000000 nodes\n" },
	{ "too many nodes", GRAPH("grid, rows: 5000, columns: 5000"),
	  "t.yaml:1:11: more than 2000000 nodes\n" },
	{ "too many links", GRAPH("full, nodes: 3000"), "t.yaml:1:11: more than 2000000 links\n" },
	{ "names of two graphs", "generate: [{graph: ring, nodes: 3}, {graph: ring, nodes: 4}]\n",
	  "t.yaml:1:37: the name \"n\" is already taken, by the entry at t.yaml:1:12\n" },

	/* Gossip */
	{ "one node", "nodes: [{name: n}]\n",
	  "t.yaml:1:1: gossip needs at least two nodes of kind host, there is 1\n" },
	{ "one member", LAN "gossip: {on: n1}\n",
	  "t.yaml:3:14: gossip needs at least two nodes, there is 1\n" },
	{ "a switch gossips", LAN "gossip: {on: [n, s]}\n",
	  "t.yaml:3:18: s is a switch: only hosts and routers can gossip\n" },
	{ "a fanout of its own", LAN "gossip: {protocol: power-law, fanout: 2}\n",
	  "t.yaml:3:31: power-law has no use for fanout: it belongs to push, pull, push-pull, tree\n" },
	{ "fanout", LAN "gossip: {fanout: 3}\n",
	  "t.yaml:3:18: fanout 3: a node has only 2 others to call\n" },
	{ "keys of other overlays", LAN "gossip: {degree: 2, rewire: 0.5, file: x}\n",
	  "t.yaml:3:10: degree belongs to overlay: k-regular, watts-strogatz, chung-lu\n"
	  "t.yaml:3:21: rewire belongs to overlay: watts-strogatz\n"
	  "t.yaml:3:34: file belongs to overlay: file\n" },
	{ "keys of an overlay missing", LAN "gossip: {overlay: watts-strogatz}\n",
	  "t.yaml:3:19: overlay: watts-strogatz needs rewire\n" },
	{ "a switch that is not one", LAN "gossip: {memory: yes}\n",
	  "t.yaml:3:18: memory must be true or false, not \"yes\"\n" },
	{ "a switch in quotes", LAN "gossip: {memory: \"true\"}\n",
	  "t.yaml:3:18: memory must be true or false, not \"true\" in quotes\n" },
	{ "a decimal number with a unit", LAN "gossip: {overlay: chung-lu, exponent: 2.5%}\n",
	  "t.yaml:3:39: exponent must be a number such as 0.5, not \"2.5%\"\n" },
	{ "a decimal number in quotes", LAN "gossip: {overlay: chung-lu, exponent: \"2.5\"}\n",
	  "t.yaml:3:39: exponent must be a number such as 0.5, not \"2.5\" in quotes\n" },
	{ "a decimal number too fine", LAN "gossip: {overlay: chung-lu, exponent: 2.5000001}\n",
	  "t.yaml:3:39: exponent: \"2.5000001\" is finer than the smallest step, 0.000001\n" },
	{ "a decimal number out of range", LAN "gossip: {overlay: chung-lu, exponent: 1}\n",
	  "t.yaml:3:39: exponent must be from 1.000001 to 100, not 1\n" },
	{ "degree", LAN "gossip: {overlay: k-regular, degree: 3}\n",
	  "t.yaml:3:38: degree 3 needs more than 3 gossiping nodes\n" },
	{ "odd degree", LAN "gossip: {overlay: k-regular, degree: 1}\n",
	  "t.yaml:3:38: degree 1 and 3 gossiping nodes are both odd: their product must be even\n" },
	{ "hosts do not forward",
	  "nodes: [{name: n, count: 3}]\nlinks: [{between: [n1, n2]}, {between: [n2, n3]}]\n",
	  "t.yaml:1:1: n1 cannot reach n3, " NEEDS_REACH },
	{ "the same with a ring overlay",
	  "nodes: [{name: n, count: 4}]\nlinks: [{between: [n1, n2]}, {between: [n3, n4]}]\ngossip: {overlay: ring}\n",
	  "t.yaml:3:19: n1 cannot reach n3, " NEEDS_REACH },
	{ "no neighbour",
	  "nodes: [{name: n, count: 3}]\nlinks: [{between: [n1, n2]}]\ngossip: {overlay: neighbours}\n",
	  "t.yaml:3:19: n3 has no neighbour that gossips: link it to one, or choose another overlay\n" },
	{ "only a router as neighbour",
	  "nodes: [{name: n, count: 3}, {name: r, kind: router}]\nlinks: [{between: [n, r]}]\n"
	  "gossip: {overlay: neighbours}\n",
	  "t.yaml:3:19: n1 and 2 other nodes have no neighbour that gossips: link them, or choose another overlay\n" },

	/* Protocols and their parameters */
	{ "no protocol like it", LAN "gossip: {protocol: rumor}\n",
	  "t.yaml:3:20: unknown protocol \"rumor\": known are push, pull, push-pull, power-law, tree\n" },
	{ "a file without a slash", LAN "gossip: {protocol: mine.so}\n",
	  "t.yaml:3:20: unknown protocol \"mine.so\": the path of one's own has a slash: ./mine.so\n" },
	{ "a path to nothing", LAN "gossip: {protocol: ./gone.so, beta: 2.5}\n",
	  "t.yaml:3:20: cannot load ./gone.so\n" },
	{ "a protocol's list", LAN "gossip: {protocol: [push]}\n",
	  "t.yaml:3:20: protocol must be a protocol's name or path\n" },
	{ "a parameter like a key of gossip", LAN "gossip: {protocol: ./clash.so}\n",
	  "t.yaml:3:20: clash has a parameter \"period\", which is a key of gossip: rename it\n" },
	{ "parameters of other protocols", LAN "gossip: {beta: 2.5, cap: 3}\n",
	  "t.yaml:3:10: push-pull has no parameter \"beta\": it belongs to power-law\n"
	  "t.yaml:3:21: push-pull has no parameter \"cap\": it belongs to power-law, tree\n" },
	{ "a parameter's neighbour", LAN "gossip: {protocol: power-law, betta: 2.5}\n",
	  "t.yaml:3:31: power-law has no parameter \"betta\" (did you mean \"beta\"?)\n" },
	{ "nothing like it", LAN "gossip: {protocol: tree, colour: red}\n",
	  "t.yaml:3:26: unknown key \"colour\": gossip has on, protocol, fanout, period, clock, forget, overlay, memory, "
	  "degree, probability, edges, rewire, exponent, rows, file; tree has cap, repair, shift, slope\n" },
	{ "parameters of wrong types",
	  LAN "gossip: {protocol: power-law, beta: high, redrawn: 1, direction: up, cap: 1.5}\n",
	  "t.yaml:3:37: beta must be a number such as 0.5, not \"high\"\n"
	  "t.yaml:3:52: redrawn must be true or false, not \"1\"\n"
	  "t.yaml:3:66: unknown direction \"up\": known are both, push, pull\n"
	  "t.yaml:3:75: cap must be a whole number, not \"1.5\"\n" },
	{ "parameters that are no scalars", LAN "gossip: {protocol: power-law, beta: [2], cap: ~}\n",
	  "t.yaml:3:37: beta must be a number such as 0.5\nt.yaml:3:42: cap has no value\n" },
	{ "parameters out of range", LAN "gossip: {protocol: power-law, beta: 1, cap: 1001}\n",
	  "t.yaml:3:37: beta must be from 1.1 to 10, not 1\n"
	  "t.yaml:3:45: cap must be from 0 to 1000, not 1001\n" },
	{ "signed parameters out of range",
	  LAN "gossip: {protocol: tree, shift: 6, slope: -2.500001, cap: -1}\n",
	  "t.yaml:3:33: shift must be from -9223372036854775808 to 5, not 6\n"
	  "t.yaml:3:43: slope must be from -2.5 to 2.5, not -2.500001\n"
	  "t.yaml:3:59: cap must be a whole number, not \"-1\"\n" },
	{ "64 bits and more",
	  LAN "gossip: {protocol: tree, cap: 9223372036854775808, shift: -9223372036854775809}\n",
	  "t.yaml:3:31: cap must be from 1 to 9223372036854775807, not 9223372036854775808\n"
	  "t.yaml:3:59: shift must be from -9223372036854775808 to 5, not -9223372036854775809\n" },
	{ "durations of parameters", LAN "gossip: {protocol: tree, repair: 2s}\n",
	  "t.yaml:3:34: repair must be from 1ns to 1s, not 2s\n" },

	{ "what the protocol itself refuses", LAN "gossip: {protocol: ./mine.so, cap: 4}\n",
	  "t.yaml:3:20: mine: cap: more than there are members\n" },
	{ "memory that nobody has", LAN "gossip: {protocol: ./greedy.so}\n",
	  "t.yaml:3:20: greedy: sizes() asks for more than GN_SIZE_MAX bytes, 1 TiB\n" },
	{ "a tag without a place", LAN "gossip: {protocol: ./headless.so}\n",
	  "t.yaml:3:20: headless: it is tagged, but sizes() asks for no head to hold the tag\n" },

	/* Forgetting */
	{ "no such rule", LAN "gossip: {forget: soon}\n",
	  "t.yaml:3:18: forget must be never, \"after N rounds\" or \"lost interest with probability P\", not \"soon\"\n" },
	{ "after no round", LAN "gossip: {forget: after 0 rounds}\n",
	  "t.yaml:3:18: after must be from 1 to 4294967295, not 0\n" },
	{ "a share of interest", LAN "gossip: {forget: lost interest with probability 20%}\n",
	  "t.yaml:3:18: lost_interest must be a number such as 0.5, not \"20%\"\n" },
	{ "more than all interest", LAN "gossip: {forget: {lost_interest: 1.5}}\n",
	  "t.yaml:3:34: lost_interest must be from 0 to 1, not 1.5\n" },
	{ "two rules", LAN "gossip: {forget: {after: 3, lost_interest: 0.5}}\n",
	  "t.yaml:3:18: forget needs one of after and lost_interest, not both\n" },
	{ "an empty rule", LAN "gossip: {forget: {}}\n",
	  "t.yaml:3:18: forget needs one of after and lost_interest\n" },
	{ "a rule with a typing error", LAN "gossip: {forget: {aftre: 3}}\n",
	  "t.yaml:3:19: unknown key \"aftre\" (did you mean \"after\"?)\n" },
	{ "a list of rules", LAN "gossip: {forget: [never]}\n",
	  "t.yaml:3:18: forget must be never, after N rounds, or lost interest with probability P\n" },
	{ "a protocol that does not forget", LAN "gossip: {protocol: tree, forget: after 3 rounds}\n",
	  "t.yaml:3:26: tree has no use for forget: it belongs to push, pull, push-pull, power-law\n" },

	/* Ideal networks and the clock of rounds */
	{ "switches and routers without links",
	  "nodes: [{name: n, count: 3}, {name: s, kind: switch}, {name: r, kind: router}]\n",
	  "t.yaml:1:46: a switch needs links: without any, every host reaches every other\n"
	  "t.yaml:1:71: a router needs links: without any, every host reaches every other\n" },
	{ "network and links", LAN "network: {delay: 1ms}\n",
	  "t.yaml:3:1: network is for a topology without links: with links, each has its own delay and loss\n" },
	{ "network and a graph", GRAPH("full, nodes: 4") "network: {loss: 1%}\n",
	  "t.yaml:2:1: network is for a topology without links: with links, each has its own delay and loss\n" },
	{ "a rate of the network", "nodes: [{name: n, count: 3}]\nnetwork: {rate: 1mbit}\n",
	  "t.yaml:2:11: unknown key \"rate\": network has delay, jitter, distribution, loss, duplicate, call_loss\n" },
	{ "jitter of the network", "nodes: [{name: n, count: 3}]\nnetwork: {jitter: 1ms}\n",
	  "t.yaml:2:19: jitter 1ms is more than the delay, 0ns: a packet would have to arrive before it is sent\n" },
	{ "neighbours without links", "nodes: [{name: n, count: 3}]\ngossip: {overlay: neighbours}\n",
	  "t.yaml:2:19: overlay: neighbours needs links: without them everybody is next to everybody\n" },
	{ "names of an ideal network",
	  "nodes: [{name: n7}, {name: n, count: 20}, {name: n1, count: 3}]\nevents: [{from: n21}, {from: m1}, {from: n07}]\n",
	  "t.yaml:1:28: the name \"n7\" is already taken, by the entry at t.yaml:1:16\n"
	  "t.yaml:1:50: the name \"n1\" is already taken, by the entry at t.yaml:1:28\n"
	  "t.yaml:2:17: no node is called \"n21\": the group n has n1 to n20\n"
	  "t.yaml:2:30: no node or group is called \"m1\" (did you mean \"n1\"?)\n"
	  "t.yaml:2:42: no node is called \"n07\": the group n has n1 to n20\n" },
	{ "more nodes than can be", "nodes: [{name: n, count: 99999999}, {name: m, count: 2}]\n",
	  "t.yaml:1:44: more than 100000000 nodes\n" },
	{ "more nodes than links can have",
	  "nodes: [{name: n, count: 2000001}]\nlinks: [{between: [n1, n2]}]\n",
	  "t.yaml:1:16: more than 2000000 nodes\n" },
	{ "rounds and time on the way, without links",
	  "nodes: [{name: n, count: 3}]\nnetwork: {delay: 1ms}\ngossip: {clock: rounds}\n",
	  "t.yaml:2:1: with clock: rounds a call takes no time: network may have loss, duplicate and call_loss, but no "
	  "delay and no jitter\n" },
	{ "rounds and time on the way, with links",
	  "nodes: [{name: n, count: 3}, {name: s, kind: switch}]\n"
	  "links: [{between: [n, s], b_to_a: {rate: 1mbit}}]\n"
	  "generate: {graph: ring, nodes: 5, name: g, kind: switch, delay: 1ms}\ngossip: {clock: rounds}\n",
	  "t.yaml:2:19: with clock: rounds a call takes no time: links may have loss and duplicate, but no delay, no "
	  "jitter, no rate and no slot\n"
	  "t.yaml:3:11: with clock: rounds a call takes no time: links may have loss and duplicate, but no delay, no "
	  "jitter, no rate and no slot\n" },

	{ "rounds and two entries in a line",
	  "nodes: [{name: n, count: 3}]\ngossip: {clock: rounds}\n"
	  "links: [{between: [n1, n2], delay: 1ms}, {between: [n, n3], delay: 1ms}]\n",
	  "t.yaml:3:19: with clock: rounds a call takes no time: links may have loss and duplicate, but no delay, no "
	  "jitter, no rate and no slot\n"
	  "t.yaml:3:52: n3 would be linked to itself\n"
	  "t.yaml:3:52: with clock: rounds a call takes no time: links may have loss and duplicate, but no delay, no "
	  "jitter, no rate and no slot\n" },

	/* Events */
	{ "after the end", LAN "events: [{at: 10s}]\n",
	  "t.yaml:3:15: the event would be at 10s, but the run ends after 10s\n" },
	{ "repeated beyond the end", LAN "events: [{at: 1s, repeat: 100, every: 1s}]\n",
	  "t.yaml:3:27: the last event would be at 100s, but the run ends after 10s\n" },
	{ "repeat without every", LAN "events: [{repeat: 3}]\n",
	  "t.yaml:3:11: repeat needs every: the time between two\n" },
	{ "every without repeat", LAN "events: [{every: 1s}]\n",
	  "t.yaml:3:11: every needs repeat: how many times in all\n" },
	{ "from nobody", LAN "events: [{from: nn}]\n",
	  "t.yaml:3:17: no node or group is called \"nn\" (did you mean \"n\"?)\n" },
	{ "from a switch", LAN "events: [{from: s}]\n",
	  "t.yaml:3:17: s does not gossip: it cannot publish\n" },
	{ "from a bystander", LAN "gossip: {on: [n1, n2]}\nevents: [{from: n}]\n",
	  "t.yaml:4:17: n3 does not gossip: it cannot publish\n" },
	{ "from outside of what counts",
	  "nodes: [{name: n, count: 3}]\ngossip: {overlay: erdos-renyi, probability: 0}\nevents: [{from: n1}, {from: n}]\n",
	  "t.yaml:3:29: n2 is not in the overlay's largest component, 1 of 3 nodes, which alone counts\n" },
	{ "more rounds than can be counted",
	  "nodes: [{name: n, count: 3}]\ngossip: {clock: rounds, period: 1us}\nduration: 4294967295us\n",
	  "t.yaml:3:11: with clock: rounds at most 4294967294 rounds are possible: shorten the duration or lengthen "
	  "gossip's period\n" },
	{ "an overlay with too many pairs",
	  "nodes: [{name: n, count: 1000000}]\ngossip: {overlay: barabasi-albert, edges: 129}\n",
	  "t.yaml:2:19: the overlay has more than 128000000 pairs: choose another\n" },
	{ "size", LAN "events: [{size: 1025}]\n", "t.yaml:3:17: size must be from 0b to 1k, not 1025\n" },
	{ "too many", LAN "events: [{repeat: 400000, every: 1ns, from: n}]\n",
	  "t.yaml:3:10: more than 1000000 events\n" },
	{ "nothing to wait for", LAN "events: []\nuntil: informed\n",
	  "t.yaml:4:8: until: informed needs at least one event\n" },

	/* All in one go, in the order of the file */
	{ "many",
	  "links: [{between: [n, q]}, {between: [n1, s], dealy: 1ms, loss: 5}]\n"
	  "seed: x\n"
	  "nodes: [{name: n, count: 3}, {name: s, kind: swtich}]\n"
	  "gossip: {fanout: 9, on: [n, zz]}\n",
	  "t.yaml:1:23: no node or group is called \"q\"\n"
	  "t.yaml:1:47: unknown key \"dealy\" (did you mean \"delay\"?)\n"
	  "t.yaml:1:65: loss: \"5\" has no unit: write 5%\n"
	  "t.yaml:2:7: seed must be a whole number, not \"x\"\n"
	  "t.yaml:3:46: unknown kind \"swtich\" (did you mean \"switch\"?)\n"
	  "t.yaml:4:29: no node or group is called \"zz\"\n" },
};

static void faults_are_exact(void **state)
{
	(void)state;
	for (size_t i = 0; i < GN_ARRAY_LEN(cases); i++) {
		GN_CLEANUP(gn_free_p) char *got = faults_of(cases[i].text, strlen(cases[i].text), NULL, 0);

		print_message("# %s\n", cases[i].why);
		assert_string_equal(got, cases[i].want);
	}
}

static const struct {
	const char *set, *want;
} sets[] = {
	{ "gossip.fanout=7", "fanout 7: a node has only 2 others to call\n" },
	{ "gossip.forget.after=0", "after must be from 1 to 4294967295, not 0\n" },
	{ "gossip.protocol=tree.so",
	  "unknown protocol \"tree.so\": the path of one's own has a slash: ./tree.so\n" },
	{ "gossip.fanuot=1", "unknown key \"fanuot\" (did you mean \"fanout\"?)\n" },
	{ "fanout", "write PATH=VALUE, such as gossip.fanout=3\n" },
	{ "gossip..fanout=1", "the path has an empty part\n" },
	{ "=1", "the path has an empty part\n" },
	{ "links.5.delay=1ms", "there is no item 5: the list has 1\n" },
	{ "nodes.x.count=1", "\"x\" is neither the number of a list's item (the first is 0) nor its name\n" },
	{ "nodes.0.count=x", "count must be a whole number, not \"x\"\n" },
	{ "links.0.loss=[", "not YAML: did not find expected node content\n" },
	{ "links.0.loss=5", "loss: \"5\" has no unit: write 5%\n" },
	{ "include=a.yaml", "include can only be written in a file\n" },
	{ "name=", "name has no value\n" },
	{ "duration=1s\xff", "byte 0xff is not text in UTF-8\n" },
	{ "until=informed: x", "until must be a word\n" },
};

static void faults_of_options_name_the_option(void **state)
{
	(void)state;
	for (size_t i = 0; i < GN_ARRAY_LEN(sets); i++) {
		GN_CLEANUP(gn_free_p) char *got = faults_of(LAN, strlen(LAN), &sets[i].set, 1);
		GN_CLEANUP(gn_free_p) char *want = gn_format("--set %s: %s", sets[i].set, sets[i].want);

		assert_string_equal(got, want);
	}
}

/* Text for more faults than anybody reads: the first hundred, and how many more there are. */
static void thousands_of_faults_are_cut(void **state)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	(void)state;
	fprintf(f, "nodes: [{name: n, count: 3}]\nlinks:\n");
	for (int i = 0; i < 20000; i++)
		fprintf(f, "- {between: [n1, x%d]}\n", i);
	fclose(f);
	GN_CLEANUP(gn_free_p) char *got = faults_of(text, size, NULL, 0);
	size_t lines = 0;

	for (const char *c = got; *c; c++)
		lines += *c == '\n';
	assert_int_equal(lines, 101);
	assert_non_null(strstr(got, "t.yaml:3:18: no node or group is called \"x0\""));
	assert_non_null(strstr(got, "t.yaml: and 19900 more faults\n"));
	free(text);
}

static void hostile_shapes_are_cheap(void **state)
{
	static char deep[100000], keys[200000];
	size_t n = 0;

	(void)state;
	memset(deep, '[', sizeof(deep));
	GN_CLEANUP(gn_free_p) char *a = faults_of(deep, sizeof(deep), NULL, 0);

	assert_string_equal(a, "t.yaml:1:33: nested too deeply\n");
	while (n < sizeof(keys) - 20)
		n += (size_t)sprintf(keys + n, "k%zu: 1\n", n);
	GN_CLEANUP(gn_free_p) char *b = faults_of(keys, n, NULL, 0);

	assert_string_equal(b, "t.yaml:65:1: a map with more than 64 keys\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(faults_are_exact),
		cmocka_unit_test(faults_of_options_name_the_option),
		cmocka_unit_test(thousands_of_faults_are_cut),
		cmocka_unit_test(hostile_shapes_are_cheap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
