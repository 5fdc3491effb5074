#!/bin/bash
# SPDX-License-Identifier: MIT
# What happens around a run on this kernel: its verdict, nodes that die, signals, odd callers.
. "$(dirname "$0")/../lib.sh"
need_root
cd "$work" || exit 1

cat > lan.yaml <<'Y'
name: lan
duration: 20s
until: informed
nodes: [{name: n, count: 5}, {name: lan, kind: switch}]
links: [{between: [n, lan]}]
gossip: {period: 100ms}
events: [{at: 2s, from: n1}]
Y
meta() { sql "$1/run.db" "SELECT value FROM meta WHERE key = '$2'"; }

# The verdict
gn run lan.yaml -q -o good --set gossip.period=1s
carried_out "a quiet run" $?
# Suspect is what a machine with other things to do makes it; see tests/net/fidelity.sh.
has "a quiet run: verdict" "$(meta good verdict): $(meta good verdict_reason)" '^(valid: $|suspect: .*other programs had)'
said=$(gn run lan.yaml -o bad --set gossip.period=2us --set log=calls --set until=duration --set duration=4s 2>&1)
same "timers that cannot be kept: exit status" $? 3
same "timers that cannot be kept: verdict" "$(meta bad verdict)" invalid
has "timers that cannot be kept: said" "$said" 'do not trust this run: '

# until: informed means the living.
"$GN" run lan.yaml -o dead >said 2>&1 &
pid=$!
wait_for_node dead n1
for _ in $(seq 50); do pgrep -P "$pid" -x n3 >/dev/null && break; sleep 0.1; done
pkill -9 -P "$pid" -x n3
wait "$pid"
same "a node that was killed: exit status" $? 1
has "a node that was killed: said" "$(cat said)" 'node n3: its process was killed by signal 9'
within "a node that was killed: the run ended when the others knew, s" "$(sql dead/run.db "SELECT value / 1e9 FROM meta WHERE key = 'ended_ns'")" 2 8
same "a node that was killed: the others know" "$(sql dead/run.db 'SELECT informed FROM spread')" 4

# A node that is frozen does not answer the end.
"$GN" run lan.yaml -o frozen --set until=duration --set duration=3s >said 2>&1 &
pid=$!
wait_for_node frozen n1
for _ in $(seq 50); do pgrep -P "$pid" -x n4 >/dev/null && break; sleep 0.1; done
pkill -STOP -P "$pid" -x n4
wait "$pid"
same "a node that was frozen: exit status" $? 1
has "a node that was frozen: said" "$(cat said)" 'node n4: its process did not answer'

# Callers that leave odd things behind
(trap '' CHLD && exec timeout 30 "$GN" run lan.yaml -q -o nochild)
carried_out "an ignored SIGCHLD" $?
same "an ignored SIGCHLD: informed" "$(sql nochild/run.db 'SELECT informed FROM spread')" 5
gn run lan.yaml -o closed >&- 2>&- <&-
same "closed standard descriptors: informed" "$(sql closed/run.db 'SELECT informed FROM spread')" 5
same "closed standard descriptors: nothing strange in the log" "$(grep -vc '^gossipnet: ' closed/log)" 0
nohup "$GN" run lan.yaml -q -o hup >/dev/null 2>&1 &
pid=$!
wait_for_node hup n1
kill -HUP "$pid"
wait "$pid"
carried_out "nohup" $?
same "nohup: ended_by" "$(meta hup ended_by)" informed
timeout 3 "$GN" run lan.yaml -q -o timeout --set until=duration
same "timeout(1): ended_by" "$(meta timeout ended_by)" interrupt

# A folder of the user's own stays, though the run comes to nothing.
mkdir keep
(ulimit -n 10 && exec setpriv --bounding-set -sys_resource --inh-caps -sys_resource "$GN" run lan.yaml -q -o keep) >/dev/null 2>&1
check "too few descriptors: the run fails" [ $? = 1 ]
check "too few descriptors: the folder that was there stays, empty" [ -d keep -a -z "$(ls keep)" ]
finish
