#!/bin/bash
# SPDX-License-Identifier: MIT
# A study makes each run once, whatever happens to it: killed twenty times it ends with the same database as one left
# alone. What stops it says what to do.
. "$(dirname "$0")/../lib.sh"
cd "$work" || exit 1

cat >base.yaml <<'Y'
until: informed
duration: 100s
nodes: [{name: n, count: 100}]
gossip: {clock: rounds, period: 1s}
Y
cat >small.yaml <<'Y'
name: small
topology: base.yaml
seeds: 150
vary:
  nodes.n.count: [30, 300, 1000, 3000]
  gossip.protocol: [push, push-pull]
series:
  - {label: one call}
  - {label: on a graph, set: {gossip.overlay: k-regular}, vary: {nodes.n.count: [100, 5000]}, seeds: 30}
Y
runs=$((4 * 2 * 150 + 2 * 2 * 30))

# All tables but timing, rows in the order of their keys.
dump() {
	sqlite3 "$1" ".tables" | xargs -n 1 | grep -vx timing | sort | while read -r table; do
		echo "# $table"
		sqlite3 "$1" "SELECT * FROM $table ORDER BY 1, 2, 3" 2>/dev/null || sqlite3 "$1" "SELECT * FROM $table ORDER BY 1, 2"
	done
}

timing() { sql "$1/study.db" 'SELECT * FROM timing ORDER BY run'; }

start=$(date +%s%N)
gn study small.yaml -q || not_ok "a study left alone: exit status $?"
took=$((($(date +%s%N) - start) / 1000000))
same "a study left alone: runs" "$(sql results/small/study.db 'SELECT count(*) FROM run')" "$runs"
check "a report is written" [ -s results/small/report.md ]
same "it is one file" "$(cd results/small && echo study.db*)" "study.db"

# The manual is true of it.
page=$top/man/gossipnet-study.5
tables=$(sed -n '/^\.Sh TABLES/,/^\.Sh KEYS/s/^\.Ss //p' "$page" | sort | xargs)
same "tables" "$(sql results/small/study.db "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name" | xargs)" "$tables"
for table in $tables; do
	same "columns of $table" "$(sql results/small/study.db "SELECT name FROM pragma_table_info('$table')" | xargs)" \
		"$(awk -v t="$table" '$1 == ".Ss" { on = $2 == t } $1 == ".Sh" { on = 0 }
			on && $1 == ".It" { gsub(/\.It Va | ,/, ""); print }' "$page" | xargs)"
done
for table in meta metric; do # "suspect" is of live runs: tests/net/study.sh
	same "keys of $table" "$(sql results/small/study.db "SELECT DISTINCT key FROM $table ORDER BY key" | xargs)" \
		"$(awk -v t="${table^^}" '$1 == ".Sh" { on = $4 == t } on && /^\.It Dv/ { gsub(/\.It Dv | ,/, ""); print }' "$page" |
			xargs -n 1 | sort | grep -vx suspect | xargs)"
done
sed -n '/^\.Sh EXAMPLES/,/^\.Ed/p' "$page" | grep -v '^\.' | tail -n +2 >query
check "the manual's query answers" [ -n "$(sqlite3 results/small/study.db <query)" ]

# One of its runs, made alone.
IFS='|' read -r run seed t100 <<<"$(sql results/small/study.db "SELECT run.id, run.seed, t_ns FROM result AS r JOIN run ON run.id = r.run
	JOIN point ON point.id = run.point JOIN series ON series.id = point.series
	WHERE n = 3000 AND label = 'one call, push' AND quantile = 100 ORDER BY run.id DESC LIMIT 1")"
gn sim base.yaml -q -o alone --seed "$seed" --set nodes.n.count=3000 --set gossip.protocol=push
same "run $run alone: T100" "$(sql alone/run.db 'SELECT t100_ns FROM spread')" "${t100%.0}"

killed=0
for _ in {1..20}; do
	"$GN" study small.yaml -q -o again 2>>err &
	pid=$!
	sleep "$(awk -v t="$took" -v r="$RANDOM" 'BEGIN { print t / 1000 * (0.002 + r / 32768 * 0.04) }')"
	kill -9 $pid 2>/dev/null && killed=$((killed + 1))
	wait $pid
	rm -rf copy
	cp -r again copy
	[ ! -s copy/study.db ] || timing copy >>there
done 2>/dev/null
same "times that it was killed" "$killed" 20
part=$(sql again/study.db 'SELECT count(*) FROM run')
within "runs that are there before the last start" "$part" 1 $((runs - 1))
gn study small.yaml -q -o again || not_ok "the last start: exit status $?"
same "no run that was there is lost or made again" "$(comm -23 <(sort -u there) <(timing again | sort) | wc -l)" 0
check "killed twenty times and left alone: the same database" cmp <(dump results/small/study.db) <(dump again/study.db)
same "nothing was complained about" "$(cat err)" ""
same "killed twenty times: integrity" "$(sql again/study.db 'PRAGMA integrity_check')" ok
check "the reports are the same" cmp results/small/report.md again/report.md

# Complete: the same command makes nothing.
timing again >after
gn study small.yaml -q -o again || not_ok "a complete study: exit status $?"
check "a complete study stays" cmp after <(timing again)
check "and its analysis is the same again" cmp <(dump results/small/study.db) <(dump again/study.db)

# refused DESCRIPTION STATUS PATTERN COMMAND...
refused() {
	local description=$1 status=$2 pattern=$3 text
	shift 3
	text=$("$@" 2>&1)
	same "$description: exit status" "$?" "$status"
	has "$description" "$text" "$pattern"
}
sed 's/seeds: 150/seeds: 151/' small.yaml >other.yaml
refused "another file" 2 "results/small/study.db was made from another study file" gn study other.yaml
sed -i 's/100s/99s/' base.yaml
refused "another topology" 2 "results/small/study.db was made from another topology" gn study small.yaml
refused "another file, with -o" 2 "again/study.db was made from another study file" gn study other.yaml -o again
folder=$(gn study other.yaml -o again 2>&1 | sed -n 's/.*or remove the folder \(.*\) to start anew$/\1/p')
same "the folder to remove" "$folder" again
rm -r "${folder:-none}"
sed -i 's/151/1/' other.yaml
gn study other.yaml -q -o again || not_ok "anew: exit status $?"
same "what was refused starts anew: runs" "$(sql again/study.db 'SELECT count(*) FROM run')" $((4 * 2 + 2 * 2 * 30))
cat >graph.yaml <<'Y'
topology:
  nodes: [{name: n, count: 3}]
  gossip: {clock: rounds, overlay: file, file: pairs, protocol: ./mine.so}
Y
printf 'n1 n2\nn2 n3\n' >pairs
"${CC:-cc}" -std=c11 -I"$top/include" -shared -fPIC -o mine.so "$top/tests/plugin/misbehaving.c"
gn study graph.yaml -q -o graph || not_ok "a graph from a file: exit status $?"
gn study graph.yaml -q -o graph || not_ok "and again: exit status $?"
printf 'n1 n2\nn1 n3\n' >pairs
refused "another graph" 2 "graph/study.db was made with another state of .*/pairs" gn study graph.yaml -o graph
printf 'n1 n2\nn2 n3\n' >pairs
"${CC:-cc}" -std=c11 -I"$top/include" -shared -fPIC -O2 -o mine.so "$top/tests/plugin/misbehaving.c"
refused "another protocol" 2 "graph/study.db was made with another state of .*/mine.so" gn study graph.yaml -o graph
refused "a folder that is not empty" 2 "is not empty" gn study small.yaml -o .
sed -i 's/push-pull/push-pul/' small.yaml
refused "a fault" 2 '^small.yaml:6:27: .*did you mean "push-pull"' gn study small.yaml -o never
check "after a fault nothing was created" [ ! -e never ]

# Interrupted, and two at once.
cat >long.yaml <<'Y'
name: long
topology: base.yaml
seeds: 1000
vary: {nodes.n.count: [50000]}
Y
# start_long FOLDER: in the background as $pid, with some runs done.
start_long() {
	"$GN" study long.yaml -o "$1" 2>said &
	pid=$!
	for _ in {1..50}; do
		[ "$(sql "$1/study.db" 'SELECT count(*) FROM run' 2>/dev/null || echo 0)" = 0 ] || return
		sleep 0.1
	done
}
start_long long
refused "two at once" 2 "long: a study is at work there already" gn study long.yaml -o long
kill -TERM $pid
wait $pid
same "interrupted: exit status" $? 1
has "interrupted" "$(cat said)" "interrupted: [1-9][0-9]* of 1000 runs are done and kept; the same command goes on"
has "progress" "$(cat said)" "studying, [0-9]+ of 1000 runs"

# What a topology is read from may not change meanwhile either.
cp long.yaml unchanging.yaml
sed -i 's/base.yaml/changing.yaml/' long.yaml
for file in changing.yaml pairs; do
	printf 'n1 n2\nn2 n3\n' >pairs
	sed 's/gossip: {/&overlay: file, file: pairs, /' base.yaml >changing.yaml
	start_long "during-$file"
	sed -i 's/99s/98s/; s/n2 n3/n1 n3/' $file
	wait $pid
	same "$file changes: exit status" $? 2
	has "$file changes" "$(cat said)" "run [0-9]+ .*: (the topology|/.*/pairs) has changed since the study began"
done
mv unchanging.yaml long.yaml

# Interrupted while it analyses, and while it draws: at once, with nothing half written. Then all is made anew.
cat >wide.yaml <<Y
topology: base.yaml
seeds: 30
vary: {nodes.n.count: [10, 20, 30, 50, 70], gossip.period: [$(seq -s, -f "%gms" 100 100 3000)]}
Y
all_runs_are_there() { [ "$(sql wide/study.db "SELECT value FROM meta WHERE key = 'complete'" 2>/dev/null)" = 1 ]; }
a_figure_is_drawn() { [ -s wide/figures/series-3.svg ]; }
for moment in all_runs_are_there a_figure_is_drawn; do
	rm -rf wide/figures
	"$GN" study wide.yaml -o wide 2>said &
	pid=$!
	for _ in {1..500}; do
		$moment && break
		sleep 0.01
	done
	kill -TERM $pid
	wait $pid
	same "interrupted when ${moment//_/ }: exit status" $? 1
	has "interrupted" "$(cat said)" "interrupted: all 4500 runs are done and kept; the same command analyses them"
	same "files" "$(cd wide && find . -type f | grep -vE '^./(study.db|report.md|figures/(growth|series-[0-9]+).svg)$')" ""
	check "not all figures are there" [ ! -e wide/figures/series-30.svg ]
	same "runs" "$(sql wide/study.db 'SELECT count(*) FROM run')" 4500
done
gn study wide.yaml -q -o wide || not_ok "the analysis anew: exit status $?"
same "verdicts" "$(sql wide/study.db 'SELECT count(*) FROM verdict')" 120
same "figures" "$(find wide/figures -type f | wc -l)" 31

# Processes: a worker that dies ends the study, and none survives it.
start_long worker
kill -9 "$(pgrep -P $pid | head -1)"
wait $pid
same "a worker dies: exit status" $? 1
has "a worker dies" "$(cat said)" 'run [0-9]+ \(push-pull, n = 50000, seed [0-9]+\): its process was ended by signal 9'
sed 's/50000/5000000/' long.yaml >longer.yaml
"$GN" study longer.yaml -q -o orphans &
pid=$!
sleep 0.5
workers=$(pgrep -P $pid | xargs)
kill -9 $pid
wait $pid 2>/dev/null
sleep 0.2
same "processes that outlive the study" "$(ps -o stat= -p "${workers// /,}" | grep -cv '^Z')" 0

# A run that fails is named.
"${CC:-cc}" -std=c11 -I"$top/include" -shared -fPIC -o bad.so "$top/tests/plugin/misbehaving.c"
cat >bad.yaml <<'Y'
name: bad
seed: 5
topology:
  nodes: [{name: n, count: 50}]
  gossip: {protocol: ./bad.so, clock: rounds}
seeds: 2
vary: {gossip.fault: [none, itself]}
Y
refused "a run that fails" 1 'run [34] \(fault itself, n = 50, seed [78]\): ' gn study bad.yaml
finish
