#!/bin/bash
# SPDX-License-Identifier: MIT
# A study with both backends: live runs come last, one after another, and are read like simulated ones; killed in the
# midst of one, nothing of it stays, and the study goes on.
. "$(dirname "$0")/../lib.sh"
cd "$work" || exit 1
need_guest

live() { ps -eo stat=,args= | awk -v folder="$work/study/live" '$1 !~ /^Z/ && index($0, folder) && !/awk/ { print $2 }'; }

cat >both.yaml <<'Y'
backend: both
topology:
  until: informed
  duration: 20s
  nodes: [{name: n, count: 10}, {name: lan, kind: switch}]
  links: [{between: [n, lan], delay: 5ms}]
  gossip: {on: [n], period: 200ms}
  events: [{at: 200ms, from: n1, repeat: 3, every: 1200ms}]
seeds: 2
vary: {nodes.n.count: [5, 12]}
Y
"$GN" study both.yaml -q -o "$work/study" 2>said &
pid=$!
for _ in {1..100}; do
	[ ! -s study/live/run.db ] || break
	sleep 0.1
done
same "processes of a live run" "$(live | head -1)" gossipnet
kill -9 $pid
wait $pid 2>/dev/null
same "killed in the first live run: runs" "$(sql study/study.db 'SELECT count(*) FROM run')" 4
for _ in {1..10}; do
	[ -n "$(live)" ] || break
	sleep 0.1
done
same "processes of the live run that stay after a second" "$(live)" ""

gn study both.yaml -q -o study || not_ok "going on: exit status $?"
db=study/study.db
same "runs" "$(sql $db "SELECT group_concat(backend || ' ' || n) FROM run JOIN point ON point.id = run.point
	JOIN series ON series.id = point.series ORDER BY run.id")" \
	"sim 5,sim 5,sim 12,sim 12,live 5,live 5,live 12,live 12"
same "files that stay" "$(cd study && find . -name 'live*')" ""
same "every event of every run has its times" "$(sql $db 'SELECT count(t_ns) FROM result')" $((8 * 3 * 4))
same "all runs ended when all knew" "$(sql $db 'SELECT group_concat(DISTINCT ended_by) FROM run')" informed
same "live runs whose own verdict is kept" "$(sql $db "SELECT count(*) FROM metric WHERE key = 'suspect' AND value IN (0, 1)")" 4
suspect=$(sql $db "SELECT count(*) FROM metric WHERE key = 'suspect' AND value")
same "the report says how many are suspect" "$(grep -c "by their own check $suspect of the live runs are suspect" study/report.md)" $((suspect > 0))
same "runs that say whether they are suspect" "$(sql $db "SELECT count(*) FROM metric WHERE key = 'suspect'")" 4
for backend in sim live; do
	within "$backend: rounds until all know" "$(sql $db "SELECT avg(rounds) FROM result JOIN run ON run.id = run
		JOIN point ON point.id = point JOIN series ON series.id = series WHERE backend = '$backend' AND quantile = 100")" 1 4
	within "$backend: datagrams" "$(sql $db "SELECT avg(value) FROM metric JOIN run ON run.id = run JOIN point ON point.id = point
		JOIN series ON series.id = series WHERE backend = '$backend' AND key = 'datagrams_per_node'")" 4 20
done
finish
