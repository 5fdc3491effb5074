#!/bin/bash
# SPDX-License-Identifier: MIT
# The simulator beside loops that were written by hand for one model each, one after the other on the same machine: time as a
# multiple of theirs, and memory per node. 10^7 members need 1.5 GiB and, through the queue, some minutes; without
# them: tests/bench/sim.sh 6
. "$(dirname "$0")/../lib.sh"
cd "$work" || exit 1
largest=${1:-7}
bench=$top/build/plain/tests/bench

topology() { # CLOCK DELAY
	cat <<Y
duration: 60s
until: informed
log: coverage
nodes: [{name: n, count: 2}]
gossip: {protocol: push-pull, period: 1s, clock: $1}
network: {delay: $2}
events: [{at: 0s, from: n1}]
Y
}
topology rounds 0ms >rounds.yaml
topology periodic 100ms >events.yaml

# measured COMMAND...: processor seconds, to the microsecond, and KiB.
measured() {
	rm -rf result
	python3 - "$@" <<'P'
import os, sys
printed = [(os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)]
pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=printed)
_, status, used = os.wait4(pid, 0)
if status == 0:
    print(f"{used.ru_utime + used.ru_stime:.6f} {used.ru_maxrss}")
P
}
# beside MODEL LOOP MEMBERS TIMES BYTES: the simulator within TIMES of the loop and BYTES per node. Both in turn, as what else
# the machine does comes and goes: the pair whose ratio is the median.
beside() {
	local model=$1 loop=$2 n=$3 times=$4 bytes=$5 seconds kib loop_seconds events line
	for _ in 1 2 3 4 5 6 7; do
		measured "$bench/$loop" "$n" 1
		measured "$GN" sim "$model.yaml" -q -o result --set "nodes.n.count=$n"
	done | paste -d ' ' - - | awk '{ printf "%.3f %s %s %s\n", $3 / $1, $1, $3, $4 }' | sort -n >pairs
	read -r _ loop_seconds seconds kib < <(sed -n 4p pairs)
	events=$(sql result/run.db "SELECT sum(value) FROM meta WHERE key IN ('calls', 'datagrams')")
	line=$(awk -v s="$seconds" -v l="$loop_seconds" -v k="$kib" -v n="$n" -v e="$events" \
		'BEGIN { printf "%.2f %.1f %.1f", s / l, k * 1024 / n, s * 1e9 / e }')
	read -r ratio per_node per_event <<<"$line"
	echo "# $model, $n members: $seconds s of processor time, the loop $loop_seconds s: $ratio times; $per_node bytes per node; $per_event ns per call or datagram; all ratios: $(cut -d ' ' -f 1 pairs | paste -s -d ' ')"
	within "$model, $n members: times the loop" "$ratio" 0 "$times"
	within "$model, $n members: bytes per node" "$per_node" 0 "$bytes"
}

beside rounds sim_rounds_loop 1000000 3 64
beside events sim_events_loop 1000000 3 200
at_million=$per_event
# From a hundred thousand to a million members the logarithm grows by a fifth, caches become too small, and nothing else happens.
beside events sim_events_loop 100000 3 300
within "a call or datagram among 10^6 beside 10^5 members" "$(awk -v a="$at_million" -v b="$per_event" 'BEGIN { print a / b }')" 0 1.5
if [ "$largest" -ge 7 ]; then
	beside rounds sim_rounds_loop 10000000 3 64
	/usr/bin/time -o time -f '%U %S %M' "$GN" sim events.yaml -q -o large --set nodes.n.count=10000000
	same "events, 10000000 members: carried out" $? 0
	same "events, 10000000 members: all are informed" "$(sql large/run.db 'SELECT informed FROM spread')" 10000000
	within "events, 10000000 members: GiB" "$(awk '{ print $3 / 1048576 }' time)" 0 8
fi
finish
