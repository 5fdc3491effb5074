#!/bin/bash
# SPDX-License-Identifier: MIT
# Profiles of links: those that come with the program have what they are said to have, a link's own values win, up
# and down are the link's directions, and nothing depends on a profile once a topology is resolved.
. "$(dirname "$0")/../lib.sh"
cd "$work" || exit 1

# links LINE...: a topology with these links between the hosts n1 .. n9 and the router r, and plain ones.
links() {
	printf '%s\n' 'nodes:' '  - {name: n, count: 9}' '  - {name: r, kind: router}' '  - {name: plain, kind: router}' \
		'links:' "$@" '  - {between: [n, plain]}'
}
# ways: the shaping of each direction of each link, from a plan; n: from a host.
ways() { gn plan "${1:-t.yaml}" 2>&1 | sed -nE 's/^link ([0-9]+) (n)?[^ ]* -> [^ ]* (.+)$/\1 \2 \3/p' | grep -v unshaped; }

for file in "$top"/netem/*.yaml; do
	name=${file##*/} name=${name%.yaml}
	links "  - {between: [n, r], profile: $name}" >t.yaml
	same "$name is valid" "$(gn validate -q t.yaml 2>&1)" ""
	has "$name says what its values mean" "$(sed -n '/^about:/,/^source:/p' "$file" | tr '\n' ' ')" 'One way, .* ping over .* takes'
	check "$name says where they come from" grep -q '^source: ' "$file"
done
while read -r name wanted; do
	links "  - {between: [n1, r], profile: $name}" >t.yaml
	has "$name" "$(ways | grep -v unshaped)" "^0 n $wanted"
done <<'END'
gprs delay 700ms jitter 100ms rate 50kbit
edge delay 700ms jitter 100ms rate 100kbit
3g-regular delay 300ms jitter 150ms rate 1500kbit
3g-fast delay 150ms jitter 50ms rate 4mbit
lte delay 40ms jitter 10ms rate 15mbit
wifi delay 25ms jitter 5ms rate 50mbit
cable delay 5ms jitter 5ms distribution normal rate 100mbit
congested delay 10ms rate 1mbit limit 200
END

mkdir -p netem own
printf 'delay: 3ms\nloss: 2%%\nup: {rate: 1mbit, delay: 4ms}\ndown: {rate: 8mbit}\n' >netem/house.yaml
printf 'include: ../netem/house.yaml\nloss: 0%%\n' >own/quiet.yaml
printf 'delay: 77ms\n' >netem/lte.yaml # what is beside the file wins over what was installed
links '  - {between: [n1, r], profile: house}' '  - {between: [r, n2], profile: house}' \
	'  - {between: [n3, r], profile: house, delay: 9ms, rate: 2mbit}' \
	'  - {between: [n4, r], profile: house, b_to_a: {rate: 3mbit}}' \
	'  - {between: [n5, r], profile: own/quiet.yaml}' '  - {between: [n6, r], profile: lte}' >t.yaml
same "own values win, up is from a to b" "$(ways | sed 's/ limit.*//')" \
	'0 n delay 4ms loss 2% rate 1mbit
0  delay 3ms loss 2% rate 8mbit
1  delay 4ms loss 2% rate 1mbit
1 n delay 3ms loss 2% rate 8mbit
2 n delay 9ms loss 2% rate 2mbit
2  delay 9ms loss 2% rate 2mbit
3 n delay 4ms loss 2% rate 1mbit
3  delay 3ms loss 2% rate 3mbit
4 n delay 4ms rate 1mbit
4  delay 3ms rate 8mbit
5 n delay 77ms
5  delay 77ms'
ways >wanted
gn sim -q -o result t.yaml
mv netem own elsewhere 2>/dev/null || { mkdir elsewhere && mv netem own elsewhere; }
same "resolved, without its profiles" "$(ways result/topology.yaml)" "$(cat wanted)"
mv elsewhere/* .

links '  - {between: [n1, r], delay: 1ms}' >t.yaml
same "--set" "$(gn plan --set links.0.profile=netem/house.yaml t.yaml 2>&1 | grep -c '^link.*loss 2%')" 2
printf 'generate: {graph: ring, nodes: 4, profile: lte}\ngossip: {overlay: neighbours}\n' >ring.yaml
same "of a graph" "$(gn plan ring.yaml | grep -c '^link.*delay 77ms')" 8

# fault WHERE-AND-WHAT: the fault that a topology has.
fault() { same "$1" "$(gn validate -q t.yaml 2>&1) $?" "t.yaml:$1 2"; }
links '  - {between: [n, r]}' >t.yaml
printf 'schedule: [{at: 1s, set: [n1, r], profile: dsl, a_to_b: {rate: 2mbit}}]\n' >>t.yaml
same "what a schedule sets" "$(gn plan t.yaml | grep '^action')" \
	"$(printf 'action at 1s set n1 - r: %s\n' 'a_to_b: delay 15ms, jitter 2ms, rate 2mbit' \
		'b_to_a: delay 15ms, jitter 2ms, rate 16mbit')"

# A table of delays is looked for beside the profile that names it.
printf '%s\n' -8192 0 8192 >own/three.dist
printf 'delay: 10ms\njitter: 1ms\ndistribution: ./three.dist\n' >own/table.yaml
links '  - {between: [n1, r], profile: own/table.yaml}' >t.yaml
has "a table beside a profile" "$(ways)" "distribution .*/own/three.dist"

links '  - {between: [n1, r], profile: satelite-geo}' >t.yaml
fault '6:33: unknown profile "satelite-geo" (did you mean "satellite-geo"?)'
links '  - {between: [n1, r], profile: ./none.yaml}' >t.yaml
fault '6:33: cannot read the profile "./none.yaml": No such file or directory'
links '  - {between: [n1, r], profile: gprs, delay: 1ms}' >t.yaml
fault '6:33: jitter 100ms is more than the delay, 1ms: a packet would have to arrive before it is sent'
printf 'generate: {graph: ring, nodes: 4, profile: dsl}\n' >t.yaml
has "up and down in a graph" "$(gn validate t.yaml 2>&1)" "^t.yaml:1:44: profile \"dsl\" is not the same up and down, and no end"
links '  - {between: [n1, r], profile: xyzzy-nothing}' >t.yaml
has "names are listed" "$(gn validate t.yaml 2>&1)" 'unknown profile "xyzzy-nothing": known are house, lte, 3g-fast, .*wifi'
printf 'delay: 5\nlatency: 3ms\nup: {rate: 101tbit}\n' >netem/house.yaml
links '  - {between: [n1, r], profile: house}' >t.yaml
same "a profile's own faults" "$(gn validate t.yaml 2>&1 | cut -d: -f1-5 | sed 's/ has .*//')" \
	'netem/house.yaml:1:8: delay: "5"
netem/house.yaml:2:1: unknown key "latency": a profile
netem/house.yaml:3:12: rate must be from 8bit to 1tbit, not 101tbit'
finish
