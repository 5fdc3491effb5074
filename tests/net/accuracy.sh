#!/bin/bash
# SPDX-License-Identifier: MIT
# The network does what the file says: one-way delay to 0.3 ms, also for the first datagram between two
# nodes, and loss within 4 standard errors.
. "$(dirname "$0")/../lib.sh"
need_root
need_guest
cd "$work" || exit 1

cat > delay.yaml <<'Y'
name: delay
duration: 12s
nodes:
  - {name: n, count: 200}
  - {name: lan, kind: switch}
links:
  - {between: [n, lan], delay: 10ms}
gossip: {protocol: push, period: 200ms}
events:
  - {at: 200ms, from: n1, repeat: 5, every: 1s}
Y
gn run delay.yaml -q
carried_out "delay" $?
db=results/delay/latest/run.db
rows="FROM arrival WHERE via IS NOT NULL"
n=$(sql $db "SELECT count(*) $rows")
within "arrivals to measure" "$n" 20000 10000000
median() { sql $db "WITH d AS (SELECT t_ns - sent_ns AS d $1 ORDER BY 1) SELECT d / 1e6 FROM d LIMIT 1 OFFSET (SELECT count(*) FROM d) / 2"; }
within "median one-way delay over two links of 10 ms, in ms" "$(median "$rows")" 19.7 20.3
same "no datagram is faster than its path" "$(sql $db "SELECT count(*) $rows AND t_ns - sent_ns < 19900000")" 0
# Push carries the event in every datagram, but a pair's first ones may come before anybody knows it; the
# partners drawn for the first time after the first event's spread are first datagrams of their pair.
first=$(median "FROM (SELECT *, row_number() OVER (PARTITION BY via, node ORDER BY sent_ns) AS k FROM arrival WHERE via IS NOT NULL) WHERE k = 1")
later=$(median "FROM (SELECT *, row_number() OVER (PARTITION BY via, node ORDER BY sent_ns) AS k FROM arrival WHERE via IS NOT NULL) WHERE k > 1")
within "the first arrival of a pair is not slower than later ones, difference in ms" "$(awk "BEGIN { print $first - $later }")" -0.3 0.3

# Silent nodes: the very first packet between two of them is the ping itself. Without resolution on the way
# the first round trip is as long as the next ones (it would be 80 ms longer with ARP over these links).
cat > first.yaml <<'Y'
name: first
duration: 60s
nodes:
  - {name: n, count: 40}
  - {name: lan, kind: switch}
links:
  - {between: [n, lan], delay: 10ms}
gossip: {on: [n1, n2], period: 10s}
Y
"$GN" run first.yaml -q -o first &
pid=$!
wait_for_node first n3
# The inner expansions are for the shell inside the node.
# shellcheck disable=SC2016
pings=$(gn exec first n3 -- sh -c 'for i in $(seq 4 40); do ping -n -c 3 -i 0.2 n$i & done; wait' |
	sed -n 's/.*icmp_seq=\([0-9]*\) .*time=\([0-9.]*\) ms/\1 \2/p')
kill -TERM $pid
wait $pid
same "37 pairs answered 3 times" "$(wc -l <<<"$pings")" 111
ping_median() { awk -v k="$1" '$1 == k { print $2 }' <<<"$pings" | sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
within "the first round trip of a pair, median in ms" "$(ping_median 1)" 40 42.5
within "first minus third round trip, ms" "$(awk "BEGIN { print $(ping_median 1) - $(ping_median 3) }")" -1.5 1.5

# Loss: on the sender's side of each path only, so that a path's loss is the configured one.
for percent in 1 5 20; do
	cat > loss.yaml <<Y
name: loss-$percent
duration: 11s
nodes:
  - {name: n, count: 100}
  - {name: lan, kind: switch}
links:
  - {between: [n, lan], a_to_b: {loss: $percent%}}
gossip: {protocol: push, period: 100ms, fanout: 2}
events:
  - {at: 100ms, from: n1}
Y
	gn run loss.yaml -q
	carried_out "$percent % loss" $?
	read -r sent got < <(sql "results/loss-$percent/latest/run.db" "SELECT
		(SELECT sum(value) FROM node_stat WHERE key = 'datagrams_sent'),
		(SELECT sum(value) FROM node_stat WHERE key IN ('datagrams_received', 'socket_drops'))" | tr '|' ' ')
	within "$percent % loss: datagrams" "$sent" 20000 10000000
	within "$percent % loss: deviation in standard errors" "$(awk -v s="$sent" -v g="$got" -v p="$percent" \
		'BEGIN { p /= 100; print ((s - g) / s - p) / sqrt(p * (1 - p) / s) }')" -4 4
done
finish
