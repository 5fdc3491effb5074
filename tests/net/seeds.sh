#!/bin/bash
# SPDX-License-Identifier: MIT
# The same seed twice: the same topology, schedule, phases and sequence of partners at each node; another
# seed: others.
. "$(dirname "$0")/../lib.sh"
need_root
cd "$work" || exit 1

cat > seeds.yaml <<'Y'
name: seeds
duration: 3s
log: calls
generate: {graph: k-regular, nodes: 30, degree: 4, name: n}
gossip: {period: 100ms, overlay: neighbours, fanout: 2}
events: [{at: 300ms, from: n1}]
Y
for run in a b; do
	gn run seeds.yaml -q --seed 7 -o $run
	carried_out "run $run" $?
done
gn run seeds.yaml -q --seed 8 -o c
carried_out "run c" $?

calls() { sql "$1/run.db" "SELECT node, round, peer FROM call WHERE round < 25 ORDER BY node, round, rowid"; }
links() { sql "$1/run.db" 'SELECT src, dst FROM link ORDER BY id'; }
phases() { sql "$1/run.db" "SELECT node, value FROM node_stat WHERE key = 'phase_ns' ORDER BY node"; }
differ() { [ "$1" != "$2" ]; }
same "calls in 25 rounds of 30 nodes with fanout 2" "$(calls a | wc -l)" 1500
for what in calls links phases; do
	check "$what: same seed, same" [ "$($what a)" = "$($what b)" ]
	check "$what: another seed, others" differ "$($what a)" "$($what c)"
done
check "plan: same seed, same" [ "$(gn plan seeds.yaml --seed 7)" = "$(gn plan seeds.yaml --seed 7)" ]
check "plan: another seed, another" differ "$(gn plan seeds.yaml --seed 7)" "$(gn plan seeds.yaml --seed 8)"
check "the stored topology gives the same plan" [ "$(gn plan a/topology.yaml)" = "$(gn plan seeds.yaml --seed 7)" ]
finish
