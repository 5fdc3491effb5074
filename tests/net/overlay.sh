#!/bin/bash
# SPDX-License-Identifier: MIT
# A live run over an overlay that falls apart: what is waited for is its largest component.
. "$(dirname "$0")/../lib.sh"
need_root
cd "$work" || exit 1
cat >overlay.yaml <<'Y'
duration: 30s
until: informed
nodes: [{name: n, count: 8}, {name: lan, kind: switch}]
links: [{between: [n, lan]}]
gossip: {overlay: file, file: pairs, period: 20ms, protocol: push}
events: [{at: 100ms}]
Y
printf 'n%d n%d\n' 1 2 3 4 4 5 5 6 6 7 7 8 >pairs
gn run overlay.yaml -q --kernel host
carried_out "a run over two components" $?
db=results/overlay/latest/run.db
same "it ended when those that count knew" "$(sql "$db" "SELECT value FROM meta WHERE key = 'ended_by'")" informed
same "who knew: the component of the first that counts" "$(sql "$db" "SELECT group_concat(name, ' ') FROM
	(SELECT name FROM arrival JOIN node ON node.id = arrival.node WHERE first ORDER BY node.id)")" "n3 n4 n5 n6 n7 n8"
finish
