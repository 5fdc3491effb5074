#!/bin/bash
# SPDX-License-Identifier: MIT
# Does a run know when not to be trusted? On an idle machine it must call itself valid; beside a busy loop on each processor,
# and with limits of CPU time that bind, suspect or invalid, and say why. FIDELITY_RUNS of each, on this kernel (unshaped) and in the
# guest (shaped): 20 take eight minutes of a machine that has nothing else to do. tests/net/fidelity.sh is the short version.
#   FIDELITY_SHARED=1: the machine may be busy with other things; an idle run that says so is right.
. "$(dirname "$0")/../lib.sh"
need_root
need_guest
cd "$work" || exit 1
runs=${FIDELITY_RUNS:-20}

cat >lan-host.yaml <<'Y'
duration: 2500ms
nodes: [{name: n, count: 20}, {name: lan, kind: switch}]
links: [{between: [n, lan]}]
gossip: {protocol: push-pull, period: 200ms}
events: [{at: 300ms, from: n1, repeat: 3, every: 500ms}]
Y
sed 's/lan\]}/lan], delay: 10ms, jitter: 2ms, loss: 1%}/' lan-host.yaml >lan-uml.yaml
# Limits that bind: the kernel counts a node's time exactly, the guest in ticks of 10 ms.
sed 's/period: 200ms/period: 5ms/; $a schedule: [{at: 100ms, cpu: 1%, node: n}]' lan-host.yaml >limited-host.yaml
sed '$a schedule: [{at: 100ms, cpu: 2%, node: n}]' lan-uml.yaml >limited-uml.yaml

loops=()
start_loops() {
	for _ in $(seq "$(nproc)"); do
		(while :; do :; done) &
		loops+=($!)
	done
}
end_loops() {
	[ ${#loops[@]} = 0 ] || kill "${loops[@]}"
	wait "${loops[@]}" 2>/dev/null
	loops=()
}
trap 'end_loops; rm -rf "$work"' EXIT

# run FILE KERNEL: leaves $status, $verdict and $reason.
run() {
	rm -rf run
	gn run "$1" -q -o run --kernel "$2" 2>/dev/null
	status=$?
	verdict=$(sql run/run.db "SELECT value FROM meta WHERE key = 'verdict'")
	reason=$(sql run/run.db "SELECT value FROM meta WHERE key = 'verdict_reason'")
}

# idle DESCRIPTION
idle() {
	local others
	others=$(sed -nE 's/.*other programs had ([0-9]+) %.*/\1/p' <<<"$reason")
	if [ "${FIDELITY_SHARED:-}" ] && [ "$verdict" != valid ] && [ "${others:-0}" -ge 10 ]; then
		ok "$1: $verdict, on a busy machine"
	else
		same "$1${reason:+ ($reason)}" "$verdict" valid
	fi
}

# doubted DESCRIPTION CAUSE: not valid, exit status 3 exactly if invalid, and the reason names the cause. (A node that its
# limit keeps from answering at the end makes the run fail, with status 1.)
doubted() {
	has "$1" "$verdict" '^(suspect|invalid)$'
	has "$1: the reason" "$reason" "$2"
	case $verdict in
	invalid) has "$1: exit status" "$status" '^[31]$' ;;
	*) has "$1: exit status" "$status" '^[01]$' ;;
	esac
}

for kernel in host uml; do
	for i in $(seq "$runs"); do
		run lan-$kernel.yaml $kernel
		idle "idle, $kernel, $i"
	done
	# Every datagram is accounted for: it came, or a link lost it.
	same "$kernel: datagrams that were lost and not counted" "$(sql run/run.db "SELECT
		sum(CASE key WHEN 'datagrams_sent' THEN value WHEN 'datagrams_received' THEN -value ELSE 0 END) -
		(SELECT total(value) FROM link_stat WHERE key = 'dropped') FROM node_stat")" 0.0
	start_loops
	for i in $(seq "$runs"); do
		run lan-$kernel.yaml $kernel
		doubted "busy loops, $kernel, $i" 'no idle CPU .*other programs had [0-9]+ %'
	done
	end_loops
	for i in $(seq "$runs"); do
		run limited-$kernel.yaml $kernel
		doubted "limits, $kernel, $i" 'held back by its limit of CPU time .*\(n[0-9]+\)'
	done
done

text=$(gn fidelity run)
same "fidelity: exit status" $? "$([ "$verdict" = invalid ] && echo 3 || echo 0)"
has "fidelity: a figure" "$text" '^cpu_limit  +[0-9.]+ %  +1 %  +-  +suspect  n[0-9]+$'
has "fidelity: the verdict" "$text" "^verdict: $verdict: "
finish
