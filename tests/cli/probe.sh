#!/bin/bash
# SPDX-License-Identifier: MIT
# gossipnet probe: what is wrong with its arguments is said in one sentence, before anything is measured.
. "$(dirname "$0")/../lib.sh"
cd "$work" || exit 1

refused() { # DESCRIPTION STATUS PATTERN ARGUMENT...
	local description=$1 status=$2 pattern=$3 out
	shift 3
	out=$(gn probe "$@" 2>&1)
	same "$description: status" $? "$status"
	has "$description" "$out" "$pattern"
	same "$description: one line" "$(wc -l <<<"$out")" 1
}

refused "no such run" 1 'no network called "nowhere" is running' nowhere a b
refused "a node is missing" 2 'arguments are missing; usage: gossipnet probe RUN A B' nowhere a
refused "one too many" 2 'unexpected argument "c"' nowhere a b c
refused "the same node twice" 2 'from a to a is no path; name two nodes' nowhere a a
refused "no datagrams" 2 '--count 0: a whole number from 1 to 1000000 is needed' nowhere a b --count 0
refused "too many datagrams" 2 '--count 1000001: a whole number from 1 to' nowhere a b --count 1000001
refused "not a number" 2 '--count ten: a whole number' nowhere a b --count ten
refused "a time without a unit" 2 '--interval 10: a time such as 10ms is needed' nowhere a b --interval 10
refused "no time" 2 '--interval 0ms: a time such as 10ms is needed' nowhere a b --interval 0ms
refused "not a time" 2 '--duration long: a time such as 10s is needed' nowhere a b --duration long
refused "not a rate" 2 '--rate 5s: a rate such as 5mbit is needed' nowhere a b --rate 5s
refused "too high a rate" 2 '--rate 1000gbit: more than one datagram each ns' nowhere a b --rate 1000gbit --size 24
refused "too small" 2 '--size 23: a whole number from 24 to 1472 is needed' nowhere a b --size 23
refused "too large" 2 '--size 1473: a whole number from 24 to 1472 is needed' nowhere a b --size 1473
refused "how many, twice" 2 'only one of --count and --duration' nowhere a b --count 5 --duration 1s
refused "how often, twice" 2 'only one of --interval, --rate and --flood' nowhere a b --flood --rate 1mbit
refused "for ever" 2 'more than 1000000 datagrams' nowhere a b --duration 1000000s
refused "another command's option" 2 'unknown option --seed' nowhere a b --seed 1
finish
