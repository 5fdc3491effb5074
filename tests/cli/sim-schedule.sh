#!/bin/bash
# SPDX-License-Identifier: MIT
# gossipnet sim: a schedule of faults and changes, over links, on an ideal network, and with the clock of rounds.
. "$(dirname "$0")/../lib.sh"
cd "$work" || exit 1

# simulate FOLDER ARGS...: quietly, and it is carried out.
simulate() {
	local folder=$1
	shift
	gn sim -q -o "$folder" "$@" || not_ok "sim $*: exit status $?"
}
db() { sql "$1/run.db" "$2"; }
rows() { sqlite3 "$1/run.db" .dump | grep -vE "'(wall_ns|started_utc)'"; }
# scenario FILE CLOCK NETWORK SCHEDULE...: 60 nodes, events each second.
scenario() {
	local file=$1 clock=$2 network=$3
	shift 3
	cat >"$file" <<-Y
		duration: 12s
		log: calls
		nodes: [{name: n, count: 60}$([ "$network" = links ] && echo ', {name: lan, kind: switch}')]
		$(if [ "$network" = links ]; then echo "links: [{between: [n, lan], delay: 20ms, jitter: 5ms, loss: 10%}]"; else echo "network: {$network}"; fi)
		gossip: {protocol: push-pull, period: 200ms, clock: $clock, on: [n]}
		events: [{at: 500ms, from: n1, repeat: 11, every: 1s}]
		schedule:
	Y
	printf '  - {%s}\n' "$@" >>"$file"
}
left=$(printf ', n%d' $(seq 2 30))

for clock in periodic poisson rounds; do
	for network in links "delay: 40ms, jitter: 10ms, loss: 10%"; do
		# A call takes no time in rounds.
		[ $clock = rounds ] && network="loss: 10%"
		name="$clock, ${network%%:*}"
		rm -rf run again
		scenario file.yaml $clock "$network" "at: 2s, partition: [[n1$left]], for: 5s" "at: 2s, kill: n33, for: 1s" \
			"at: 3s, pause: [n5, n6], for: 3s" "at: 4s, leave: n8" "at: 4s, drop-next: 7, node: n9" "at: 5s, kill: n7" \
			"at: 8s, cpu: 10%, node: n9"
		simulate run file.yaml
		simulate again file.yaml
		check "$name: the same once more" cmp <(rows run) <(rows again)

		# Of n1 - n30, and the others, in the partition from 2 s to 7 s: what was sent before may arrive in it only within a part.
		across="(a.node <= 30) <> (a.via <= 30) AND a.via IS NOT NULL"
		same "$name: nothing crosses the partition" "$(db run "SELECT count(*) FROM arrival AS a WHERE $across
			AND (a.t_ns BETWEEN 2000000000 AND 6999999999 OR a.sent_ns BETWEEN 2000000000 AND 6999999999)")" 0
		check "$name: before and after things do" [ "$(db run "SELECT min(n) FROM (SELECT count(*) AS n FROM arrival AS a
			WHERE $across GROUP BY a.t_ns > 4000000000)")" -gt 10 ]
		same "$name: in it, an event reaches one part" "$(db run "SELECT sum(node <= 30), sum(node > 30) FROM arrival
			WHERE event = 3 AND first AND t_ns < 7000000000 AND node NOT IN (5, 6, 7, 8)")" "26|0"
		same "$name: behind it, all that are there" "$(db run "SELECT count(*), sum(node IN (7, 8)) FROM arrival
			WHERE event = 8 AND first")" "58|0"
		check "$name: drops are counted" [ "$(db run "SELECT value FROM meta WHERE key = 'partition_drops'")" -gt 100 ]

		same "$name: the dead hear nothing" "$(db run "SELECT count(*) FROM arrival WHERE
			(node = 33 AND t_ns BETWEEN 2000000000 AND 2999999999) OR (node = 7 AND t_ns >= 5000000000)
			OR (node = 8 AND t_ns >= 4000000001)")" 0
		same "$name: and say nothing" "$(db run "SELECT count(*) FROM arrival WHERE
			(via = 33 AND sent_ns BETWEEN 2000000000 AND 2999999999) OR (via = 7 AND sent_ns >= 5000000000)
			OR (via = 8 AND sent_ns >= 4000000001)")" 0
		same "$name: who takes leave calls a last time then" "$(db run "SELECT max(t_ns) FROM call WHERE node = 8")" 4000000000
		same "$name: a new life learns all again, but not for the first time" "$(db run "SELECT count(*), sum(first) FROM arrival
			WHERE node = 33 AND event = 1 AND t_ns > 3000000000 GROUP BY first")" "$(db run "SELECT count(*), 0 FROM arrival
			WHERE node = 33 AND event = 1 AND t_ns > 3000000000")"
		same "$name: who sleeps neither hears nor speaks" "$(db run "SELECT count(*) FROM arrival WHERE
			(node IN (5, 6) AND t_ns BETWEEN 3000000000 AND 5999999999) OR
			(via IN (5, 6) AND sent_ns BETWEEN 3000000000 AND 5999999999)")" 0
		check "$name: and then takes what came meanwhile" [ "$(db run "SELECT count(*) FROM arrival
			WHERE node IN (5, 6) AND t_ns = 6000000000")" -gt 0 ]
		same "$name: and learns what it missed" "$(db run "SELECT count(DISTINCT event) FROM arrival
			WHERE node = 5 AND t_ns BETWEEN 6000000000 AND 7000000000 AND event IN (3, 4, 5)")" 3
		same "$name: so many datagrams are ignored" "$(db run "SELECT group_concat(value) FROM node_stat
			WHERE key = 'ignored' AND value > 0")" 7
		same "$name: the log" "$(db run "SELECT t_ns / 1000000, what, target, detail FROM action WHERE what <> 'publish'")" \
			"2000|partition||[[n1$left]]
2000|kill|n33|
3000|restart|n33|
3000|pause|n5|
3000|pause|n6|
4000|leave|n8|
4000|drop-next|n9|7
5000|kill|n7|
6000|resume|n5|
6000|resume|n6|
7000|heal||
8000|cpu|n9|10%; no effect in virtual time"
		[ $clock = rounds ] && break
	done
done

# Links: n2's is down from 2 s to 4 s, n3's loses everything, n4's has a delay that nobody else has.
scenario links.yaml periodic links "at: 2s, down: [n2, lan], for: 2s" "at: 2s, set: [n3, lan], loss: 100%, for: 2s" \
	"at: 2s, set: [n4, lan], delay: 300ms, jitter: 0ms, for: 2s"
simulate links links.yaml
same "a link that is down carries nothing" "$(db links "SELECT count(*) FROM arrival WHERE
	(node = 2 AND t_ns BETWEEN 2000000000 AND 4000000000) OR (via = 2 AND t_ns BETWEEN 2050000000 AND 4000000000)")" 0
same "nor does one that loses everything, but for what was under way" "$(db links "SELECT count(*) FROM arrival WHERE
	(node = 3 AND sent_ns BETWEEN 2000000000 AND 3950000000) OR (via = 3 AND sent_ns BETWEEN 2000000000 AND 3999999999)")" 0
within "what a link is set to, in ms, and the other link's 20" "$(db links "SELECT avg(t_ns - sent_ns) / 1e6 FROM arrival WHERE
	via = 4 AND sent_ns BETWEEN 2000000000 AND 3900000000")" 314 326
within "and is no more" "$(db links "SELECT avg(t_ns - sent_ns) / 1e6 FROM arrival WHERE node = 4 AND sent_ns > 4000000000")" 38 42
check "all know of all in the end" [ "$(db links "SELECT min(informed) FROM spread WHERE event < 11")" = 60 ]

# Only who lives counts, and what it knows in its present life; an event whose origin is dead does not come.
scenario ends.yaml periodic "delay: 10ms" "at: 1s, kill: [n7, n8]" "at: 1600ms, kill: n1, for: 1500ms" "at: 3100ms, kill: n1" \
	"at: 4s, pause: n7" "at: 4s, resume: n9" "at: 4s, restart: n9"
simulate ends ends.yaml --set until=informed
same "what has no effect says so" "$(db ends "SELECT group_concat(what || ' ' || target || ': ' || detail, '|') FROM action WHERE t_ns = 4000000000")" \
	"pause n7: no effect: it does not run, or sleeps|resume n9: no effect: it does not sleep|restart n9: no effect: it runs"
same "the others are named" "$(db ends "SELECT t_ns / 1000000, what, target, detail FROM action WHERE what = 'unpublished' LIMIT 1")" \
	"2500|unpublished|n1|event 3; its origin is dead"
same "the end" "$(db ends "SELECT value FROM meta WHERE key = 'ended_by'")" informed
same "events that come" "$(db ends "SELECT group_concat(id) FROM event")" "1,2"
same "the last one is known to those who live" "$(db ends "SELECT count(*) FROM arrival WHERE event = 2 AND first")" 58

# A new life hears all, however much the last one was to ignore.
scenario deaf.yaml periodic "delay: 10ms" "at: 1s, drop-next: 1000000, node: n9" "at: 2s, kill: n9, for: 1s"
simulate deaf deaf.yaml
same "who ignored all hears all in its next life" "$(db deaf "SELECT count(DISTINCT event) FROM arrival WHERE node = 9
	AND t_ns > 3000000000")" 11

# What is done to nobody changes nothing: the loop over rounds and the queue of events are one simulator.
scenario idle.yaml rounds "loss: 0%" "at: 1s, cpu: 50%, node: n1"
sed '/^schedule:/,$d' idle.yaml >none.yaml
simulate idle idle.yaml
simulate none none.yaml
same "rounds with and without the queue" "$(db idle "SELECT event, informed, t_ns FROM coverage")" \
	"$(db none "SELECT event, informed, t_ns FROM coverage")"
totals="SELECT key, value FROM meta WHERE key IN ('datagrams', 'bytes', 'calls', 'largest_fan_out', 'largest_in_degree') ORDER BY key"
same "and their totals" "$(db idle "$totals")" "$(db none "$totals")"
same "of which all were read, and nobody calls two in a round" "$(db none "$totals" | grep -c .) $(db none "$totals" |
	grep fan_out)" "5 largest_fan_out|1"
same "in rounds an action waits for the next one" "$(db idle "SELECT t_ns FROM action WHERE what = 'cpu'")" 1000000000
scenario between.yaml rounds "loss: 0%" "at: 1001ms, kill: n9"
simulate between between.yaml
same "in rounds, between two, the next" "$(db between "SELECT t_ns FROM action WHERE what = 'kill'")" 1200000000

# What the simulator does not do it says.
scenario slots.yaml periodic links "at: 1s, kill: n9"
sed -i 's/jitter: 5ms/slot: 20ms/' slots.yaml
gn sim -q -o refused slots.yaml 2>said
same "slots are refused" "$? $(cat said)" "2 gossipnet: n1 - lan: only the kernel's netem has slots: run it live, or leave slot out"
check "and nothing is left" [ ! -e refused ]
scenario slots.yaml periodic links "at: 1s, set: [n9, lan], slot: 5ms"
gn sim -q -o refused slots.yaml 2>said
same "also for a while" "$? $(cat said)" "2 gossipnet: n9 - lan: only the kernel's netem has slots: run it live, or leave slot out"
finish
