#!/bin/bash
# SPDX-License-Identifier: MIT
# valgrind and the sanitizers find nothing in the parent or in a node, from the first file read to the last row.
. "$(dirname "$0")/../lib.sh"
need_root
cd "$work" || exit 1

cat > small.yaml <<'Y'
name: small
duration: 6s
nodes: [{name: n, count: 8}, {name: a, kind: switch}, {name: b, kind: switch}, {name: r, kind: router}, {name: far}]
links: [{between: [n, a]}, {between: [a, b]}, {between: [b, r]}, {between: [r, far]}]
gossip: {period: 200ms, fanout: 2}
events: [{at: 1s, from: n1, repeat: 20, every: 10ms, size: 1024}]
Y

# What is lost for sure counts.
valgrind --quiet --error-exitcode=99 --leak-check=full --show-leak-kinds=definite,indirect \
	--errors-for-leak-kinds=definite,indirect --trace-children=no --log-file="$work/valgrind.%p" \
	"$GN" run small.yaml -q -o valgrind
carried_out "under valgrind" $?
same "under valgrind: processes watched (parent, 9 nodes, probes)" \
	"$([ "$(find "$work" -name 'valgrind.*' | wc -l)" -ge 10 ] && echo enough)" enough
# A command of bpf(2) that valgrind does not know is no finding.
same "under valgrind: findings" "$(cat "$work"/valgrind.* | grep -v 'WARNING: unhandled eBPF command' | head -40)" ''
same "under valgrind: all informed of all" "$(sql valgrind/run.db 'SELECT count(*) FROM spread WHERE informed = 9')" 20

make -s -C "$top" SAN=address,undefined all >/dev/null
"$top/build/address-undefined/gossipnet" run small.yaml -o sanitized >said 2>&1
carried_out "with sanitizers" $?
same "with sanitizers: findings" "$(grep -E 'Sanitizer|runtime error' said)" ''
same "with sanitizers: all informed of all" "$(sql sanitized/run.db 'SELECT count(*) FROM spread WHERE informed = 9')" 20
finish
