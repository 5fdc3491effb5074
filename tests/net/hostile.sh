#!/bin/bash
# SPDX-License-Identifier: MIT
# Truncated and random datagrams at a node's port are counted and do no harm; so are those of strangers.
. "$(dirname "$0")/../lib.sh"
need_root
cd "$work" || exit 1

cat > hostile.yaml <<'Y'
name: hostile
duration: 6s
nodes: [{name: n, count: 10}, {name: stranger}, {name: lan, kind: switch}]
links: [{between: [n, lan]}, {between: [stranger, lan]}]
gossip: {on: [n], period: 100ms}
events: [{at: 4s, from: n2}]
Y
"$GN" run hostile.yaml -q -o run &
pid=$!
wait_for_node run n1
send='
import os, random, socket, struct, sys
random.seed(1)
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for i in range(2000):
    n = random.choice([0, 1, 2, 3, 8, 17, 64, 1399, 1400, 1401, 4000])
    s.sendto(os.urandom(n), ("n1", 7946))
    if i % 100 == 99: __import__("time").sleep(0.02)
'
gn exec run n3 -- python3 -c "$send" && gn exec run stranger -- python3 -c "$send"
wait $pid
carried_out "the run" $?
within "malformed datagrams counted at n1" "$(sql run/run.db "SELECT value FROM node_stat JOIN node ON node.id = node WHERE name = 'n1' AND key = 'malformed'")" 3900 4000
same "malformed datagrams elsewhere" "$(sql run/run.db "SELECT sum(value) FROM node_stat JOIN node ON node.id = node WHERE name <> 'n1' AND key = 'malformed'")" 0
same "informed all the same" "$(sql run/run.db 'SELECT informed FROM spread')" 10
finish
