#!/bin/bash
# SPDX-License-Identifier: MIT
# Shaping by netem, in files and by --set: what cannot be is refused with all faults and their places, before anything is
# made; tables of delays are found where tc finds them.
. "$(dirname "$0")/../lib.sh"
cd "$work" || exit 1

# plan_of VALUES [OPTION...]: the shape of the first direction.
link() { printf 'nodes: [{name: n, count: 2}]\nlinks:\n  - {between: [n1, n2], %s}\n' "$1"; }
plan_of() {
	link "$1" >t.yaml
	shift
	gn plan t.yaml "$@" 2>&1 | sed -n 's/^link 0 n1:eth0 -> n2:eth0 //p'
}

# ---- faults ----
printf '1 2 3\n4 x\n' >bad.dist
cat >faults.yaml <<'Y'
nodes: [{name: n, count: 2}, {name: s, kind: switch}]
links:
  - {between: [n, s], loss: 101%}
  - {between: [n, s], delay: 1ms, jitter: 2ms}
  - {between: [n, s], loss: {correlation: 10%}}
  - {between: [n, s], reorder: 10%}
  - {between: [n, s], ecn: true}
  - {between: [n, s], delay: 2ms, jitter: 1ms, distribution: gauss}
  - {between: [n, s], delay: 2ms, jitter: 1ms, distribution: ./none.dist}
  - {between: [n, s], delay: 2ms, jitter: 1ms, distribution: ./bad.dist}
  - {between: [n, s], loss: {states: {p13: 60%, p14: 50%}}}
Y
for command in validate run sim; do
	out=$(gn $command faults.yaml 2>&1)
	same "$command: status" $? 2
	same "$command: a line for each fault" "$(wc -l <<<"$out")" 9
	same "$command: with its place" "$(cut -d: -f1-3 <<<"$out" | xargs)" \
		"faults.yaml:3:29 faults.yaml:4:43 faults.yaml:5:29 faults.yaml:6:32 faults.yaml:7:28 faults.yaml:8:62 faults.yaml:9:62 faults.yaml:11:54 ./bad.dist:2:3"
done
same "nothing is made" "$(find . -type f | sort | xargs)" "./bad.dist ./faults.yaml"
link 'delay: 2ms, jitter: 1ms, distribution: normal' >t.yaml
out=$(TC_LIB_DIR=$work/nowhere gn validate t.yaml 2>&1)
same "no table: status" $? 2
has "no table" "$out" '^t.yaml:3:[0-9]+: no table for the distribution normal: TC_LIB_DIR is ".*/nowhere", where no normal.dist can be read$'

# ---- --set ----
same "a share" "$(plan_of 'loss: 1%' --set links.0.loss=0.001%)" "loss 0.001% limit 1000"
same "a part of a map" "$(plan_of 'loss: {gilbert-elliott: {p: 1%, r: 10%}}' --set links.0.loss.gilbert-elliott.r=1%)" \
	"loss gilbert-elliott p 1% r 1% loss_in_bad 100% loss_in_good 0% (50% in the long run) limit 1000"
same "a map that was not there" "$(plan_of 'delay: 1us' --set links.0.reorder.share=5% --set links.0.reorder.gap=3)" \
	"delay 1us reorder 5% gap 3 limit 1001"
same "one direction" "$(plan_of 'loss: 1%' --set links.0.b_to_a.loss.random=2%)" "loss 1% limit 1000"
out=$(link 'loss: 1%' >t.yaml && gn validate t.yaml --set links.0.loss.gilbert-elliott.p=101% 2>&1)
same "a bad one: status" $? 2
same "a bad one" "$out" "--set links.0.loss.gilbert-elliott.p=101%: p must be from 0% to 100%, not 101%"
same "netem's correlation is told" "$(plan_of 'loss: {random: 10%, correlation: 25%}')" \
	"loss 10% correlation 25% (1.75% in the long run) limit 1000"

# ---- tables ----
mkdir tables lib
printf -- '-8192 8192\n' >tables/two.dist
cp tables/two.dist lib/normal.dist
cat >tables/part.yaml <<'Y'
nodes: [{name: n, count: 2}]
links:
  - {between: [n1, n2], delay: 5ms, jitter: 1ms, distribution: ./two.dist, b_to_a: {distribution: pareto}}
Y
echo "include: tables/part.yaml" >main.yaml
gn sim main.yaml -q -o own || not_ok "a table of one's own"
same "a table beside the file that names it, and a standard one" "$(grep -o 'distribution: [^,}]*' own/topology.yaml | xargs)" \
	"distribution: $work/tables/two.dist distribution: pareto"
same "the resolved file gives the same plan" "$(gn plan own/topology.yaml | sed 's/distribution [^ ]*two/distribution two/')" \
	"$(gn plan main.yaml | sed 's/distribution [^ ]*two/distribution two/')"
TC_LIB_DIR=$work/lib gn sim main.yaml -q -o lib2 --set links.0.b_to_a.distribution=normal || not_ok "TC_LIB_DIR"
same "tables of TC_LIB_DIR, for whoever reads it without" "$(grep -o 'distribution: [^,}]*' lib2/topology.yaml | xargs)" \
	"distribution: $work/tables/two.dist distribution: $work/lib/normal.dist"
same "as configured, in the results" "$(sql own/run.db 'SELECT jitter_ns, distribution FROM link')" \
	$'1000000|./two.dist\n1000000|pareto'
finish
