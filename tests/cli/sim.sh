#!/bin/bash
# SPDX-License-Identifier: MIT
# gossipnet sim: what it leaves, that it leaves the same again, and how it ends.
. "$(dirname "$0")/../lib.sh"
cd "$work" || exit 1
command -v clang >/dev/null || skip "needs the package clang"

cat >ideal.yaml <<'Y'
name: ideal
duration: 60s
until: informed
nodes: [{name: n, count: 3000}]
gossip: {protocol: push-pull, period: 1s}
network: {delay: 100ms, jitter: 20ms, loss: 5%}
events: [{at: 500ms, from: n7, label: first}, {at: 2s, from: n9, size: 100}]
Y
sed 's/^network:.*/network: {loss: 5%}/; s/period: 1s/period: 1s, clock: rounds/' ideal.yaml >rounds.yaml
# simulate FOLDER ARGS...: quietly, and it is carried out.
simulate() {
	local folder=$1
	shift
	gn sim -q -o "$folder" "$@" || not_ok "sim $*: exit status $?"
}
db() { sql "$1/run.db" "$2"; }
# The rows of a result but for those that speak of this machine's clock.
rows() { sqlite3 "$1/run.db" .dump | grep -vE "'(wall_ns|started_utc)'"; }

# What a live run leaves, a simulated one does.
gn sim ideal.yaml 2>said >shown
same "exit status" $? 0
has "the summary" "$(cat shown)" '^first +3000/3000 '
has "and where the result is" "$(cat shown)" "^result: results/ideal/[0-9TZ]+-1/run\\.db"
check "latest" [ -e results/ideal/latest/run.db ]
check "topology.yaml gives the same run again" cmp <(rows results/ideal/latest) <(simulate again results/ideal/latest/topology.yaml && rows again)
db=results/ideal/latest/run.db
same "meta" "$(sql $db "SELECT group_concat(value, '|') FROM (SELECT value FROM meta WHERE key IN ('backend', 'clock', 'counted', 'ended_by', 'members', 'verdict') ORDER BY key)")" \
	"sim|periodic|3000|informed|3000|valid"
same "arrivals" "$(sql $db "SELECT count(*), max(hop > 0) FROM arrival WHERE first")" "6000|1"
same "nobody is told before it was sent" "$(sql $db "SELECT count(*) FROM arrival WHERE via IS NOT NULL AND t_ns - sent_ns NOT BETWEEN 80000000 AND 119999999")" 0
within "delays are uniform: their mean, ms" "$(sql $db "SELECT avg(t_ns - sent_ns) / 1e6 FROM arrival WHERE via IS NOT NULL")" 99.5 100.5
within "and their deviation squared" "$(sql $db "SELECT avg((t_ns - sent_ns - 1e8) * (t_ns - sent_ns - 1e8)) / 1e12 FROM arrival WHERE via IS NOT NULL")" 128 139
same "counters of nodes and of the whole" "$(sql $db "SELECT sum(value) = (SELECT value FROM meta WHERE key = 'datagrams') FROM node_stat WHERE key = 'datagrams_sent'")" 1
within "datagrams lost" "$(sql $db "SELECT (SELECT value FROM meta WHERE key = 'lost') * 1.0 / (SELECT value FROM meta WHERE key = 'datagrams')")" 0.045 0.055

# Curves instead of arrivals: everything else stays the same, and is read the same.
for file in ideal rounds; do
	simulate $file-a $file.yaml
	simulate $file-c $file.yaml --set log=coverage
	same "$file: spread" "$(db $file-c "SELECT * FROM spread")" "$(db $file-a "SELECT * FROM spread")"
	same "$file: meta" "$(db $file-c "SELECT * FROM meta WHERE key NOT IN ('steps', 'wall_ns', 'started_utc')")" \
		"$(db $file-a "SELECT * FROM meta WHERE key NOT IN ('steps', 'wall_ns', 'started_utc')")"
	same "$file: points are points of the whole curve" "$(sqlite3 "$file-c/run.db" "ATTACH '$file-a/run.db' AS whole;
		SELECT count(*) FROM coverage AS p WHERE NOT EXISTS (SELECT 1 FROM whole.coverage AS w
		WHERE w.event = p.event AND w.informed = p.informed AND w.t_ns = p.t_ns)")" 0
	same "$file: nodes that rows speak of" "$(db $file-c "SELECT name, member, counted FROM node ORDER BY id")" $'n7|6|1\nn9|8|1'
	same "$file: no arrivals" "$(db $file-c "SELECT count(*) FROM arrival")" 0
	for log in a c; do
		check "$file-$log: plot" gn plot -q $file-$log -o $file-$log.svg
		has "$file-$log: the figure" "$(cat $file-$log.svg)" '3000 simulated nodes, push-pull'
	done
done
has "one row of the curve for each round" "$(db rounds-c "SELECT count(*) = count(DISTINCT t_ns) AND count(*) BETWEEN 8 AND 16 FROM coverage WHERE event = 1")" 1

# The same seed, the same rows; with another compiler, too.
make -s -C "$top" CC=clang build/clang-plain/gossipnet >built 2>&1 || { not_ok "built with clang: $(tail -1 built)"; finish; }
for args in "ideal.yaml" "rounds.yaml --set gossip.protocol=power-law" "ideal.yaml --set gossip.clock=poisson --set log=coverage" \
	"$top/topo/cloud-regions.yaml" "ideal.yaml --set network.duplicate=10% --set network.call_loss=20% --set log=calls"; do
	rm -rf one two other
	# shellcheck disable=SC2086
	{
		simulate one $args --seed 5
		GN=$top/build/clang-plain/gossipnet simulate two $args --seed 5
		simulate other $args --seed 6
	}
	check "gcc and clang: $args" cmp <(rows one) <(rows two)
	check "another seed: $args" [ "$(rows one | grep -v "'seed'" | cksum)" != "$(rows other | grep -v "'seed'" | cksum)" ]
done

# Loss does not change who is called.
for loss in 0 40; do
	simulate loss$loss rounds.yaml --set log=calls --set network.loss=$loss% --set duration=10s --set until=duration
done
same "partners with and without loss" "$(db loss40 "SELECT * FROM call ORDER BY t_ns, node" | cksum)" "$(db loss0 "SELECT * FROM call ORDER BY t_ns, node" | cksum)"
same "each calls once a round" "$(db loss0 "SELECT count(*), count(DISTINCT round), min(round), max(round) FROM call")" "30000|10|1|10"

# Only the largest component counts, in the views as well.
cat >graph.yaml <<'Y'
duration: 60s
until: informed
nodes: [{name: n, count: 400}]
gossip: {protocol: push-pull, period: 1s, overlay: erdos-renyi, probability: 0.5%}
Y
for log in arrivals coverage; do
	simulate graph-$log graph.yaml --set log=$log
	within "$log: nodes that count" "$(db graph-$log "SELECT nodes FROM spread")" 250 390
	same "$log: all of them" "$(db graph-$log "SELECT nodes = informed AND t100_ns > 0 FROM spread")" 1
	same "$log: which is the end" "$(db graph-$log "SELECT value FROM meta WHERE key = 'ended_by'")" informed
done
same "spread" "$(db graph-coverage "SELECT * FROM spread")" "$(db graph-arrivals "SELECT * FROM spread")"

# Ends that nobody planned.
long="--set duration=604800s --set until=duration"
for file in ideal rounds; do
	# shellcheck disable=SC2086
	env --default-signal=INT "$GN" sim $file.yaml -o $file-int $long >shown 2>said &
	sleep 1
	kill -INT $!
	wait $!
	same "$file, interrupted: exit status" $? 1
	has "$file: progress" "$(cat said)" '^simulating, [0-9.]+ of [0-9.e+]+ s, [0-9.]+ million steps/s'
	has "$file, interrupted: said" "$(cat said)" 'interrupted; what happened until then is kept'
	same "$file, interrupted: meta" "$(db $file-int "SELECT value FROM meta WHERE key = 'ended_by'")" interrupt
	same "$file, interrupted: what was there is kept" "$(db $file-int "SELECT sum(informed) FROM spread")" 6000
	# shellcheck disable=SC2086
	"$GN" sim $file.yaml -q -o $file-kill $long &
	sleep 2
	kill -9 $!
	wait $! 2>/dev/null
	same "$file, killed: meta" "$(db $file-kill "SELECT value FROM meta WHERE key = 'ended_by'")" killed
	same "$file, killed: what was there is kept" "$(db $file-kill "SELECT sum(informed) FROM spread")" 6000
done

# Bad input leaves nothing.
sentence=$(gn sim ideal.yaml -o bad --set gossip.fanout=0 2>&1)
same "bad input: exit status" $? 2
has "bad input: sentence" "$sentence" 'gossip\.fanout'
check "bad input: nothing is left" [ ! -e bad ]
finish
