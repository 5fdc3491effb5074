#!/bin/bash
# SPDX-License-Identifier: MIT
# The schedule of faults and changes, from the file and by hand: on this kernel what is done to nodes, in the guest's what
# is done to links as well.
. "$(dirname "$0")/../lib.sh"
need_root
cd "$work" || exit 1

# An action's time, in ns: when DB WHAT TARGET [DETAIL]
when() { sql "$1" "SELECT t_ns FROM action WHERE what = '$2' AND target = '$3' AND detail LIKE '${4:-%}' LIMIT 1"; }
started() { for _ in $(seq 300); do gn ls | grep -q "^$1 .* running " && return; sleep 0.1; done; false; }
# By how many ms the latest of these actions was late, against the time in the file.
lateness() { # DB WHAT:TARGET=NS...
	local db=$1 pair worst=0 late
	shift
	for pair; do
		late=$(when "$db" "$(cut -d: -f1 <<<"$pair")" "$(sed 's/[^:]*://; s/=.*//' <<<"$pair")")
		late=$(awk -v t="${late:-1e18}" -v want="${pair##*=}" 'BEGIN { print (t - want) / 1e6 }')
		worst=$(awk -v a="$worst" -v b="$late" 'BEGIN { print (b > a || b < 0) ? b : a }')
	done
	echo "$worst"
}
# How late it may be, in a run with that exit status: on a machine that is known to be too busy nothing is promised.
allowed() { if [ "$1" = 3 ] || was_busy "$2"; then echo 60000; else echo 20; fi; } # STATUS DB

# How many arrivals there are at nodes that do not live, or sleep, at that time.
ghosts() {
	sql "$1" "
	WITH life AS (SELECT n.id AS node, a.t_ns AS t, a.what IN ('restart', 'resume') AS up
		FROM action a JOIN node n ON n.name = a.target
		WHERE a.what IN ('kill', 'leave', 'restart', 'pause', 'resume') AND a.detail NOT LIKE '%no effect%')
	SELECT count(*) FROM arrival r WHERE r.via IS NOT NULL AND
		(SELECT up FROM life WHERE life.node = r.node AND life.t <= r.t_ns ORDER BY life.t DESC LIMIT 1) = 0"
}

# ---- nodes, on this kernel ----

cat >nodes.yaml <<'Y'
name: nodes
duration: 5s
nodes: [{name: n, count: 8}, {name: lan, kind: switch}]
links: [{between: [n, lan]}]
gossip: {period: 40ms}
events:
  - {at: 200ms, from: n1, repeat: 8, every: 500ms}
  - {at: 1200ms, from: n3, label: of the dead}
schedule:
  - {at: 1s, kill: [n2, n3], for: 1500ms}
  - {at: 1100ms, pause: n4, for: 900ms}
  - {at: 1500ms, restart: n8}
  - {at: 2s, drop-next: 7, node: n6}
  - {at: 2200ms, leave: n5}
  - {at: 2600ms, churn: [n7, n8], every: 150ms, down_for: 200ms, until: 4s}
  - {at: 100ms, cpu: 50%, node: n7, for: 1s}
  - {at: 4200ms, pause: n6}
  - {at: 4210ms, kill: n6}
  - {at: 4220ms, restart: n6}
Y
"$GN" run -q -o nodes nodes.yaml >nodes.log 2>&1
status=$?
carried_out "nodes" $status
db=nodes/run.db
within "kill, pause, resume, restart, leave: late by ms" "$(lateness $db kill:n2=1000000000 kill:n3=1000000000 \
	pause:n4=1100000000 resume:n4=2000000000 leave:n5=2200000000 restart:n2=2500000000)" 0 "$(allowed $status $db)"
same "arrivals at nodes that are dead or sleep" "$(ghosts $db)" 0
for node in n2 n3 n4; do
	within "$node is back: arrivals after 3 s" "$(sql $db "SELECT count(*) FROM arrival a JOIN node n ON n.id = a.node
		WHERE n.name = '$node' AND t_ns > 3e9")" 5 100000
done
within "n5 has been there: arrivals" "$(sql $db "SELECT count(*) FROM arrival a JOIN node n ON n.id = a.node
	WHERE n.name = 'n5'")" 5 100000
same "each node's first arrivals: once for an event, in whichever life" \
	"$(sql $db "SELECT count(*) FROM (SELECT 1 FROM arrival WHERE first GROUP BY event, node HAVING count(*) > 1)")" 0
within "n2 learns again what it knew before it died: arrivals of event 1 after its restart" \
	"$(sql $db "SELECT count(*) FROM arrival a JOIN node n ON n.id = a.node
	WHERE n.name = 'n2' AND event = 1 AND t_ns > 2.5e9")" 1 100000
same "an event of a node that is dead" "$(sql $db "SELECT what, target, detail FROM action WHERE what = 'unpublished'")" \
	"unpublished|n3|event 4: of the dead; its origin is dead"
same "and it is not there" "$(sql $db "SELECT count(*) FROM event WHERE label = 'of the dead'")" 0
same "restart of one that runs" "$(sql $db "SELECT detail FROM action WHERE what = 'restart' AND t_ns < 1.9e9")" \
	"no effect: it runs"
same "restart of one that was killed while it slept" "$(sql $db "SELECT detail FROM action
	WHERE what = 'restart' AND target = 'n6'")" ""
same "datagrams that n6 ignored" "$(sql $db "SELECT value FROM node_stat s JOIN node n ON n.id = s.node
	WHERE n.name = 'n6' AND key = 'ignored'")" 7
within "churn: nodes killed" "$(sql $db "SELECT count(*) FROM action WHERE what = 'kill' AND detail = 'churn'")" 2 30
same "churn is the file's" "$(gn plan nodes.yaml | grep -c 'kill n[78]: churn')" \
	"$(sql $db "SELECT count(*) FROM action WHERE what = 'kill' AND detail LIKE 'churn%'")"
same "no control group is left" "$(find /sys/fs/cgroup -name 'gossipnet-*' 2>/dev/null | wc -l)" 0

# ---- until: informed counts the living, in their present life ----

cat >informed.yaml <<'Y'
duration: 20s
until: informed
nodes: [{name: n, count: 5}, {name: lan, kind: switch}]
links: [{between: [n, lan]}]
gossip: {period: 40ms}
events: [{at: 1s, from: n1}, {at: 1s, from: n2}]
schedule:
  - {at: 500ms, kill: [n2, n3]}
Y
"$GN" run -q -o informed informed.yaml >/dev/null 2>&1
carried_out "informed" $?
same "informed without the dead" "$(sql informed/run.db "SELECT value FROM meta WHERE key = 'ended_by'")" informed

# ---- kill -9 of the run ----

cat >killed.yaml <<'Y'
name: killed
duration: 1m
nodes: [{name: victim, count: 4}, {name: lan, kind: switch}]
links: [{between: [victim, lan]}]
schedule:
  - {at: 0s, memory: 64m, node: victim1}
  - {at: 0s, cpu: 3%, node: [victim1, victim2]}
  - {at: 100ms, pause: [victim2, victim3]}
  - {at: 100ms, kill: victim1}
  - {at: 200ms, restart: victim1}
Y
"$GN" run -q -o killed killed.yaml >/dev/null 2>&1 &
main=$!
started killed || not_ok "killed.yaml runs"
sleep 0.5
groups() { find /sys/fs/cgroup -name "gossipnet-$main-*" 2>/dev/null | wc -l; }
within "control groups while it runs" "$(groups)" 1 2
# The kernel counts what is taken in a group: a process that joined only when it was ready would count as nothing.
taken() {
	find /sys/fs/cgroup -path "*/gossipnet-$main-*/node.victim1/*" \
		\( -name memory.current -o -name memory.usage_in_bytes \) -exec cat {} +
}
within "memory of a process that was started after its limit came" "$(taken)" 4096 67108864
kill -9 $main
wait $main 2>/dev/null
for _ in $(seq 100); do [ "$(groups)$(pgrep -x 'victim[1-4]')" != 0 ] || break; sleep 0.05; done
same "after kill -9: control groups, and nodes that sleep" "$(groups)$(pgrep -x 'victim[1-4]')" 0

# ---- links, in the guest ----

need_guest
cat >links.yaml <<'Y'
include: partition.yaml
name: links
duration: 13s
schedule:
  - {at: 500ms, set: [a1, lan], loss: 30%, for: 1s}
  - {at: 9s, down: [b, lan], for: 500ms}
  - {at: 10s, kill: a2}
  - {at: 10s, cpu: 30%, node: a3}
Y
cp "$top/topo/partition.yaml" .
"$GN" run -q --kernel uml -o links links.yaml >links.log 2>&1 &
main=$!
if started links; then ok "links.yaml runs"; else not_ok "links.yaml runs: $(cat links.log)" && finish; fi

# By hand, while it does.
out=$(gn set links a5-lan delay=25ms for=4s)
has "set by hand" "$out" '^done, [0-9.]+ s after'
out=$(gn exec links a5 -- tc qdisc show dev eth0)
has "the kernel has it" "$out" 'netem .*delay 25ms'
out=$(gn set links a5-lan loss=101% 2>&1)
same "a bad value by hand: status" $? 2
has "a bad value by hand" "$out" 'loss must be from 0% to 100%, not 101%'
out=$(gn fault links partition a1,stranger a2 2>&1)
same "a stranger by hand: status" $? 2
has "a stranger by hand" "$out" 'no node or group is called "stranger"'
out=$(gn set links a5-b5 loss=1% 2>&1)
same "no such link: status" $? 2
has "no such link" "$out" 'there is no link between a5 and b5'
gn fault links kill b7 for=500ms >/dev/null
same "a kill by hand: status" $? 0
wait $main
status=$?
carried_out "links" $status

db=links/run.db
late=$(allowed $status $db)
within "actions: late by ms" "$(lateness $db "set:a1 - lan=500000000" "reset:a1 - lan=1500000000" partition:=3000000000 \
	heal:=8000000000 "down:b - lan=9000000000" "up:b - lan=9500000000" kill:a2=10000000000)" 0 "$late"
cross="FROM arrival r JOIN node n ON n.id = r.node JOIN node s ON s.id = r.via WHERE n.grp <> s.grp"
same "datagrams that crossed the partition" "$(sql $db "SELECT count(*) $cross
	AND r.sent_ns > $(when $db partition '') AND r.t_ns < $(when $db heal '')")" 0
within "and those that it swallowed" "$(sql $db "SELECT value FROM meta WHERE key = 'partition_drops'")" 100 100000
within "the other half learns after heal" "$(sql $db "SELECT count(*) $cross AND r.first AND r.event = 2
	AND r.t_ns > $(when $db heal '')")" 1 30
same "and all of it" "$(sql $db "SELECT count(DISTINCT r.node) FROM arrival r JOIN node n ON n.id = r.node
	WHERE n.grp = 'b' AND event = 2")" 30
same "datagrams from or to b while its links are down" "$(sql $db "SELECT count(*) FROM arrival r JOIN node n ON n.id = r.node
	JOIN node s ON s.id = r.via WHERE (n.grp = 'b' OR s.grp = 'b')
	AND r.sent_ns > $(when $db down 'b - lan') AND r.t_ns < $(when $db up 'b - lan')")" 0
same "arrivals at the dead" "$(ghosts $db)" 0
has "by hand, in the table" "$(sql $db "SELECT what, target, detail FROM action WHERE detail LIKE '%by hand'")" \
	'^kill\|b7\|by hand$'
same "and back by itself" "$(sql $db "SELECT count(*) FROM action WHERE detail LIKE '%by hand' AND what IN ('reset', 'restart')")" 2
finish
