#!/bin/bash
# SPDX-License-Identifier: MIT
# All of netem: what `tc -s qdisc show` says inside each node is what the file says, order: kept keeps the order, and a
# distribution is that of its table.
. "$(dirname "$0")/../lib.sh"
need_guest
cd "$work" || exit 1

cat >all.yaml <<'Y'
name: all
duration: 5m
until: duration
nodes: [{name: n, count: 5}, {name: lan, kind: switch}, {name: q, count: 6}]
links:
  - between: [n1, lan]
    delay: 20ms
    jitter: 5ms
    correlation: 25%
    distribution: normal
    loss: {gilbert-elliott: {p: 1%, r: 30%, loss_in_bad: 80%, loss_in_good: 0.1%}}
    duplicate: {share: 1%, correlation: 10%}
    corrupt: {share: 0.5%, correlation: 2%}
    reorder: {share: 25%, correlation: 50%, gap: 5}
    ecn: true
    b_to_a: {loss: {states: {p13: 1%, p31: 30%, p32: 20%, p23: 40%, p14: 0.5%}}, distribution: pareto, limit: 777}
  - between: [n2, lan]
    delay: 1us
    loss: {random: 10%, correlation: 50%}
    rate: {rate: 10mbit, packet_overhead: -14, cell_size: 48, cell_overhead: 5}
    slot: {delay: 10ms, jitter: 2ms, distribution: normal, packets: 3, bytes: 2k}
    b_to_a: {rate: 100gbit, slot: 0ms}
  - between: [n3, lan]
    loss: 0.001%
    slot: {delay: 10ms, jitter: 2ms, packets: 4}
    b_to_a: {loss: {states: {p13: 60%, p14: 40%}}, reorder: 1%, delay: 100us}
  - {between: [n4, lan], delay: 5ms, jitter: 2ms, order: kept, b_to_a: {order: free, loss: 100%}}
  - {between: [n5, lan], b_to_a: {loss: {gilbert-elliott: {p: 2%}}, duplicate: 0.0001%, corrupt: 100%}}
  - {between: [q1, q2], delay: 20ms, jitter: 10ms}
  - {between: [q3, q4], delay: 20ms, jitter: 10ms, order: kept}
  - {between: [q5, q6], delay: 50ms, jitter: 10ms, distribution: normal}
gossip: {on: [n2, n5], period: 10s}
Y
"$GN" run all.yaml -q -o all >log 2>&1 </dev/null &
main=$!
wait_for_node all n1
[ "$bad" = 0 ] || { cat log && finish; }

# qdisc NODE INTERFACE: what tc says of it.
qdiscs=$(for node in n{1..5} lan q{1..6}; do
	gn exec all "$node" -- tc -s -j qdisc show </dev/null | sed "s/^/$node /" | tr -d '\n'
	echo
done)
python3 - <(echo "$qdiscs") <<'PYTHON' >compared || bad=1
import json, sys

BURSTS = {"loss-gemodel": {"p": .01, "r": .3, "1-h": .8, "1-k": .001}}
STATES = {"loss-state": {"p13": .01, "p31": .3, "p32": .2, "p23": .4, "p14": .005}}
N1 = {"delay": {"delay": .02, "jitter": .005, "correlation": .25},
      "duplicate": {"duplicate": .01, "correlation": .1}, "corrupt": {"corrupt": .005, "correlation": .02},
      "reorder": {"reorder": .25, "correlation": .5}, "gap": 5, "ecn": True}
N2 = {"delay": {"delay": 1e-6, "jitter": 0, "correlation": 0}, "loss-random": {"loss": .1, "correlation": .5}}
SLOW = {"rate": {"rate": 1250000, "packetoverhead": -14, "cellsize": 48, "celloverhead": 5}}
FAST = {"rate": {"rate": 12500000000, "packetoverhead": 0, "cellsize": 0, "celloverhead": 0}}
ORDER = {"rate": {"rate": 10**15, "packetoverhead": 0, "cellsize": 0, "celloverhead": 0}}
N4 = {"delay": {"delay": .005, "jitter": .002, "correlation": 0}}
NONE = {"gap": 0, "ecn": False}
def loss(share): return {"loss-random": {"loss": share, "correlation": 0}}
# Limits: 1000, and those in flight at 10^6 a second. The normal table reaches 3.52 jitters far. With a rate, packets of 42 bytes.
WANTED = {
    ("n1", "eth0"): {**N1, **BURSTS, "limit": 1000 + 20000 + 17614},
    ("lan", "p0"): {**N1, **STATES, "limit": 777},
    ("n2", "eth0"): {**NONE, **N2, **SLOW, "limit": None,
        "slot": {"distribution": .01, "jitter": .002, "packets": 3, "bytes": 2048}},
    ("lan", "p1"): {**NONE, **N2, **FAST, "limit": 1000 + 298},
    ("n3", "eth0"): {**NONE, **loss(1e-5), "limit": 1000 + 12000,
        "slot": {"min-delay": .008, "max-delay": .012, "packets": 4, "bytes": 0}},
    ("lan", "p2"): {**NONE, "loss-state": {"p13": .6, "p31": .4, "p32": 0, "p23": 1, "p14": .4}, "limit": 1000 + 12100,
        "delay": {"delay": .0001, "jitter": 0, "correlation": 0}, "reorder": {"reorder": .01, "correlation": 0}, "gap": 1,
        "slot": {"min-delay": .008, "max-delay": .012, "packets": 4, "bytes": 0}},
    ("n4", "eth0"): {**NONE, **N4, **ORDER, "limit": 1000 + 7000},
    ("lan", "p3"): {**NONE, **N4, **loss(1), "limit": 1000 + 7000},
    ("lan", "p4"): {**NONE, "loss-gemodel": {"p": .02, "r": .98, "1-h": 1, "1-k": 0}, "limit": 1000,
        "duplicate": {"duplicate": 1e-6, "correlation": 0}, "corrupt": {"corrupt": 1, "correlation": 0}},
    ("q1", "eth0"): {**NONE, "delay": {"delay": .02, "jitter": .01, "correlation": 0}, "limit": 1000 + 30000},
    ("q3", "eth0"): {**NONE, **ORDER, "delay": {"delay": .02, "jitter": .01, "correlation": 0}, "limit": 1000 + 30000},
    ("q5", "eth0"): {**NONE, "delay": {"delay": .05, "jitter": .01, "correlation": 0}, "limit": None},
}
for a, b in (("q1", "q2"), ("q3", "q4"), ("q5", "q6")):
    WANTED[b, "eth0"] = WANTED[a, "eth0"]

def equal(wanted, got):
    if isinstance(wanted, dict):
        return isinstance(got, dict) and wanted.keys() == got.keys() and all(equal(wanted[k], got[k]) for k in wanted)
    if wanted is None or isinstance(wanted, (bool, str)):
        return wanted is None or wanted == got
    # tc has six digits, and cuts times to whole microseconds of 64 ns ticks.
    return abs(wanted - got) <= 1e-4 * abs(wanted) + (1.1e-6 if wanted >= 1e-6 and wanted < 1 else 0)

got = {}
for line in open(sys.argv[1]):
    node, text = line.split(" ", 1)
    for q in json.loads(text):
        if q["kind"] == "netem":
            got[node, q["dev"]] = q["options"]
for at in sorted(WANTED.keys() | got.keys()):
    good = at in WANTED and at in got and equal(WANTED[at], got[at])
    print("ok" if good else "not ok", "- tc in %s, %s" % at, end="\n" if good else ": %s, wanted %s\n" % (got.get(at), WANTED.get(at)))
PYTHON
cat compared
! grep -q '^not ok' compared || bad=1
same "shaped directions that tc was asked about" "$(grep -c '^ok' compared)" 15

# probed A B KEY: 1000 datagrams, one a millisecond; figures in ms.
probed() { gn probe all "$1" "$2" --count 1000 --interval 1ms --json; }
field() { python3 -c "import json, sys; d = json.load(sys.stdin); print($1)"; }
within "by jitter, packets overtake each other" "$(probed q1 q2 | field 'd["reordered"]')" 100 1000
kept=$(probed q3 q4)
same "order: kept: no packet overtakes" "$(field 'd["reordered"]' <<<"$kept")" 0
same "order: kept: none is lost" "$(field 'd["received"]' <<<"$kept")" 1000
# What tc-netem(8) advises does not help: the child gets packets after their delay.
gn exec all q1 -- tc qdisc add dev eth0 parent 1:1 handle 10: pfifo </dev/null
within "a child pfifo keeps no order" "$(probed q1 q2 | field 'd["reordered"]')" 100 1000
within "packets that tc counts at it" "$(gn exec all q1 -- tc -s -j qdisc show dev eth0 </dev/null |
	field '[q["packets"] for q in d if q["kind"] == "pfifo"][0]')" 1000 1010
# However late a busy machine may be, no packet is early: uniform delays begin at 40 ms, of 1000 normal ones the shortest
# is about 19 ms, and the table ends 4 jitters below the mean.
within "normal: the shortest delay, ms" "$(probed q5 q6 | field 'd["delay_ns"]["min"] / 1e6')" 10 35
kill "$main"
wait "$main"
finish
