#!/bin/bash
# SPDX-License-Identifier: MIT
# 50 times kill -9 of the main process at random moments of building, running and stopping, on this kernel and
# with the guest: two seconds later nothing is left, and each run.db opens and is whole.

# In a PID namespace with folders for temporary files of its own: whatever is there is ours.
[ "$(id -u)" = 0 ] || { echo "skipped: needs root" && exit 77; }
[ -n "${GN_ALONE:-}" ] || GN_ALONE=1 exec unshare --pid --fork --mount-proc "$0" "$@"
# The checkout itself may lie below one of them: it stays in sight.
checkout=$(cd "$(dirname "$0")/../.." && pwd)
mount --bind "$checkout" /mnt
for place in /tmp /var/tmp /dev/shm; do mount -t tmpfs -o mode=1777 none $place; done
if [ ! -e "$checkout/tests" ]; then
	mkdir -p "$checkout"
	mount --bind /mnt "$checkout"
fi
umount /mnt
cd "$checkout" || exit 1
. "$checkout/tests/lib.sh"
need_guest
cd "$work" || exit 1
export HOME=$work/home
mkdir "$HOME"
seed=${SEED:-$RANDOM}
RANDOM=$seed
echo "# SEED=$seed"

cat > native.yaml <<'Y'
name: native
duration: 1500ms
nodes: [{name: n, count: 150}, {name: lan, kind: switch}]
links: [{between: [n, lan]}]
gossip: {period: 50ms}
events: [{at: 100ms, from: n1, repeat: 5, every: 100ms}]
Y
cat > guest.yaml <<'Y'
name: guest
duration: 1500ms
nodes: [{name: n, count: 30}, {name: lan, kind: switch}]
links: [{between: [n, lan], delay: 5ms}]
gossip: {period: 50ms}
events: [{at: 100ms, from: n1, repeat: 5, every: 100ms}]
Y

# What a crash could leave, one line each.
left_behind() {
	# shellcheck disable=SC2009
	ps -eo args= --sort pid | grep -v -e "$0" -e '^ps ' -e '^grep ' -e '^sort$' -e '^sed '
	ip -o link | awk '{ print "interface", $2 }'
	sed 's/^[0-9]* [0-9]* /mount /' /proc/self/mountinfo | sort
	find /sys/fs/cgroup -type d 2>/dev/null | sort
	find /tmp /var/tmp /dev/shm -path "$checkout" -prune -o ! -path "$work/run-*" ! -path "$work/*.yaml" -print | sort
	ip netns list
}
# Network namespaces, by the kernel's own allocator. It counts those that each processor has at hand for new ones too, until
# it is told to take them back.
namespaces() {
	[ ! -e /sys/kernel/slab/net_namespace/shrink ] || echo 1 >/sys/kernel/slab/net_namespace/shrink
	awk '$1 == "net_namespace" { print $2 }' /proc/slabinfo
}

before=$(left_behind)
spaces=$(namespaces)
leaks=0 late=0
for batch in $(seq 10); do
	pids=()
	for i in 1 2 3 4 5; do
		kind=native
		[ $((i % 2)) = 0 ] || kind=guest
		[ "$batch" -gt 5 ] || { [ $i != 1 ] || kind=native; }
		which=host
		[ $kind = native ] || which=uml
		"$GN" run $kind.yaml -q --kernel $which -o "run-$batch-$i" >/dev/null 2>&1 &
		pids+=($!)
	done
	# The first half is killed while it boots, builds and starts, the second while it runs and stops.
	digit=10
	if [ "$batch" -gt 5 ]; then
		digit=4
		for _ in $(seq 300); do
			[ "$(find . -name run.db -path "./run-$batch-*" | wc -l)" -lt 5 ] || break
			sleep 0.1
		done
	fi
	{ # the shell's "Killed" messages are of no interest
	for pid in "${pids[@]}"; do
		sleep "0.$((RANDOM % digit))$((RANDOM % 10))"
		kill -9 "$pid" 2>/dev/null || late=$((late + 1))
	done
	wait "${pids[@]}"
	sleep 2
	} 2>/dev/null
	after=$(left_behind)
	if [ "$after" != "$before" ]; then
		leaks=$((leaks + 1))
		diff <(echo "$before") <(echo "$after") | head -20
	fi
done
same "batches of five that left something" "$leaks" 0
within "of 50, those that had already ended by themselves" "$late" 0 25
for _ in $(seq 50); do [ "$(namespaces)" -gt "$spaces" ] || break; sleep 0.1; done
within "network namespaces more than before" "$(($(namespaces) - spaces))" -1000 0
# A run that was killed while its tables were being made has a database without tables.
dbs=0 broken=0 rows=0
for db in run-*/run.db; do
	[ -e "$db" ] || continue
	dbs=$((dbs + 1))
	[ "$(sql "$db" 'PRAGMA integrity_check')" = ok ] || broken=$((broken + 1))
	rows=$((rows + $(sql "$db" 'SELECT count(*) > 0 FROM arrival' 2>/dev/null || echo 0)))
done
within "databases there" $dbs 25 50
within "databases with arrivals" $rows 15 50
same "databases that are not whole" $broken 0
finish
