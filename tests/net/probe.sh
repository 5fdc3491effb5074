#!/bin/bash
# SPDX-License-Identifier: MIT
# gossipnet probe measures what the file says, in the guest and in a network of this kernel.
. "$(dirname "$0")/../lib.sh"
need_guest
cd "$work" || exit 1

value() { python3 -c 'import json, sys; print(eval(sys.argv[2], {}, json.load(open(sys.argv[1]))))' "$1.json" "$2"; }
# probe NAME RUN A B [OPTIONS]: leaves NAME.json
probe() {
	local name=$1
	shift
	gn probe "$@" --json >"$name.json"
	same "$name: status" $? 0
}

cat >shaped.yaml <<'Y'
name: shaped
duration: 10m
until: duration
nodes:
  - {name: n, count: 2}
  - {name: plain}
  - {name: lossy}
  - {name: slow}
  - {name: lan, kind: switch}
links:
  - {between: [n, lan]}
  - {between: [plain, lan]}
  - {between: [lossy, lan], a_to_b: {delay: 20ms, loss: 10%, duplicate: 20%}}
  - {between: [slow, lan], a_to_b: {delay: 5ms, rate: 1mbit, limit: 20}}
gossip: {on: [n]}
Y
"$GN" run -q --kernel uml -o shaped shaped.yaml 2>shaped.out &
main=$!
wait_for_node shaped lossy || { cat shaped.out && finish; }

# Delay and loss: of one direction only. The machine may be busy, so quantiles that do not mind.
probe there shaped lossy plain --count 2000 --interval 1ms
within "delay, median in ms" "$(value there 'delay_ns["median"] / 1e6')" 20 21.5
within "no datagram is faster than its path, ms" "$(value there 'delay_ns["min"] / 1e6')" 19.999 20.5
same "datagrams sent" "$(value there sent)" 2000
same "lost are those that did not come" "$(value there 'round(sent * loss) + received')" 2000
# netem loses a datagram if it is to be lost and not to be doubled: 10 % of 80 %. Both copies come of 20 % of 90 % of 90 %.
within "loss, deviation from 8 % in standard errors" "$(value there '(loss - 0.08) / (0.08 * 0.92 / 2000) ** 0.5')" -4 4
within "duplicates, deviation from 16.2 of 92 in standard errors" \
	"$(value there '(duplication - 0.162 / 0.92) / (0.1761 * 0.8239 / received) ** 0.5')" -4 4
same "nothing is reordered" "$(value there reordered)" 0
probe back shaped plain lossy --count 500 --interval 1ms
within "the way back is not delayed, median in ms" "$(value back 'delay_ns["median"] / 1e6')" 0 0.5
same "the way back loses nothing" "$(value back 'loss, duplicates')" "(0, 0)"

# A rate, filled twice over: what comes is the rate in whole frames, and the queue is full of 20 frames of 8 ms.
probe rate shaped slow plain --rate 2mbit --duration 1s --size 958
within "rate received, bit/s" "$(value rate received_bps)" 990000 1010000
within "rate sent, bit/s" "$(value rate sent_bps)" 1900000 2100000
within "half of it is lost, but for what the queue holds" "$(value rate loss)" 0.38 0.46
within "the last frames wait for those in the queue, ms" "$(value rate 'delay_ns["p90"] / 1e6')" 145 175
probe flood shaped slow plain --flood --count 200 --size 958
within "as fast as possible: what the queue holds arrives" "$(value flood received)" 20 60
within "as fast as possible: rate sent, bit/s" "$(value flood sent_bps)" 2000000 1000000000000

# For people.
out=$(gn probe shaped lossy plain --count 200 --interval 1ms)
has "what was done" "$out" '^lossy to plain: 200 datagrams of 64 bytes, one each 1 ms$'
has "delay" "$out" '^one-way delay  ms  min 20\.[0-9]{3}  median 20\.[0-9]{3}  p90 '
has "loss" "$out" '^lost           [0-9]+ of 200, [0-9.]+ % \(95 %: [0-9.]+ % to [0-9.]+ %\)$'
has "losses in a row" "$out" '^lost in a row  1'
has "duplicates" "$out" '^duplicates     [0-9]+ of [0-9]+, '

# What goes wrong: one sentence each.
refused() { # DESCRIPTION PATTERN A B
	local out
	out=$(gn probe shaped "$3" "$4" --count 10 2>&1)
	same "$1: status" $? 1
	same "$1: one line" "$(wc -l <<<"$out")" 1
	has "$1" "$out" "$2"
}
refused "no such sender" 'shaped has no node "losy" \(did you mean lossy\?\)' losy plain
refused "no such receiver" 'shaped has no node "plan" \(did you mean (plain|lan)\?\)' lossy plan
refused "from a switch" 'lan has no address' lan plain
refused "to a switch" 'lan has no address' plain lan
"$GN" probe shaped plain lossy --duration 60s >late.out 2>&1 &
client=$!
sleep 1
kill -TERM "$main"
wait "$client"
same "the run ends in the middle: status" $? 1
wait "$main"
same "the run ends in the middle: one line" "$(wc -l <late.out)" 1
has "the run ends in the middle" "$(cat late.out)" 'the run is over|has stopped'

# A network of this kernel.
[ "$(id -u)" = 0 ] || finish
cat >bare.yaml <<'Y'
name: bare
duration: 10m
until: duration
nodes: [{name: n, count: 3}, {name: lan, kind: switch}]
links: [{between: [n, lan]}]
Y
"$GN" run -q --kernel host -o bare bare.yaml 2>bare.out &
main=$!
wait_for_node bare n1 || { cat bare.out && finish; }
probe bare bare n1 n3 --count 500 --interval 1ms --size 1472
same "unshaped: all arrive, once, in order" "$(value bare 'received, duplicates, reordered')" "(500, 0, 0)"
within "unshaped: the instrument's own delay, median in ms" "$(value bare 'delay_ns["median"] / 1e6')" 0 0.2
out=$(gn probe bare n1 n4 --count 10 2>&1)
has "unshaped: no such node" "$out" 'bare has no node "n4"'
"$GN" probe bare n1 n2 --duration 60s >late.out 2>&1 &
client=$!
sleep 0.5
kill -TERM "$main"
wait "$client"
same "unshaped: the run ends in the middle: status" $? 1
wait "$main"
same "unshaped: the run ends in the middle: one line" "$(wc -l <late.out)" 1
sleep 0.3
same "no end of a probe is left" "$(pgrep -fc "^$GN probe-node ")" 0
finish
