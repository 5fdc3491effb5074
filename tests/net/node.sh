#!/bin/bash
# SPDX-License-Identifier: MIT
# Node processes from outside: what they may still do, that they die with their parent, what they log,
# and what hostile datagrams do to them. All in a network namespace of its own, on its loopback.
. "$(dirname "$0")/../lib.sh"
need_root
pair=${GN_TOOLS:-$top/build/plain/tests/tools}/node_pair

if [ "${1:-}" != inside ]; then
	exec unshare --net -- "$0" inside
fi
ip link set lo up
for i in 1 2 3 4 5 9; do ip address add "10.0.0.$i/32" dev lo; done

status() { awk -v key="$1:" '$1 == key { print $2 }' "/proc/$2/status"; }
pids() { awk '$1 == "pid" { print $3 }' "$work/out"; }
started() { for _ in $(seq 100); do grep -q '^go' "$work/out" && return; sleep 0.05; done; false; }
counter() { awk -v name="$1" '$1 == "counter" && $3 == name { n += $4 } END { print n + 0 }' "$work/out"; }
count() { grep -cE "$1" "$work/out"; }

# Sanitizers speak on descriptor 2.
stderr=2
! grep -q __asan_init "$pair" || stderr=

# What a node may still do.
exec 7</dev/null
setpriv --groups 1,2,3 "$pair" 3 50 2 3 >"$work/out" </dev/zero 2> >(cat >&2) &
parent=$!
exec 7<&-
check "three nodes start" started
member=0
for pid in $(pids); do
	for set in CapInh CapPrm CapEff CapBnd CapAmb; do
		same "node $member: $set is empty" "$(status "$set" "$pid")" 0000000000000000
	done
	same "node $member: no new privileges" "$(status NoNewPrivs "$pid")" 1
	same "node $member: a user of its own" "$(awk '/^Uid:/ { print $2, $3, $4, $5 }' "/proc/$pid/status")" \
		"$(printf '%d %d %d %d' $((0x70000000 + member)) $((0x70000000 + member)) $((0x70000000 + member)) $((0x70000000 + member)))"
	same "node $member: a group of its own" "$(status Gid "$pid")" $((0x70000000 + member))
	same "node $member: no other groups" "$(awk '/^Groups:/ { print NF - 1 }' "/proc/$pid/status")" 0
	same "node $member: its name" "$(cat "/proc/$pid/comm")" "pair$((member + 1))"
	same "node $member: works in /" "$(readlink "/proc/$pid/cwd")" /
	# 0 to 2, the socket and the signal descriptor.
	same "node $member: open descriptors" "$(find "/proc/$pid/fd" -type l | wc -l)" 5
	same "node $member: none of them is the caller's" \
		"$(for fd in 0 1 $stderr; do readlink "/proc/$pid/fd/$fd"; done | sort -u)" /dev/null
	same "node $member: no processes, descriptors, core dumps" \
		"$(awk '/^Max (core|processes|open)/ { print $(NF - 1) }' "/proc/$pid/limits" | xargs)" "0 0 2"
	same "node $member: one slice for writing, one page for reading" \
		"$(awk '/memfd:gossipnet/ { print $2 }' "/proc/$pid/maps" | sort | xargs)" "r--s rw-s"
	member=$((member + 1))
done
victim=$(pids | head -1)
check "the interrupt key is for the parent" kill -INT "$victim"
wait "$parent"
same "all end by SIGTERM with status 0" "$(count '^exit [0-2] 0 $')" 3
same "every event is logged as new once at each node" "$(count '^arrival [0-2] [0-2] [-0-2] [0-9]+ 1 ')" 9
same "and at its origin with hop 0 and no sender" "$(count '^arrival ([0-2]) \1 - 0 1 0$')" 3
same "a partner is never the node itself" "$(count '^call ([0-2]) [0-9]+ \1$')" 0
same "every call is logged" "$(count '^call ')" "$(counter calls)"
same "nothing was malformed" "$(counter malformed)" 0
same "nothing was lost" "$(counter log_dropped)$(counter socket_drops)$(counter send_errors)" 000
same "what was sent was received" "$(counter datagrams_received)" "$(counter datagrams_sent)"
calls() { grep '^call ' "$1" | awk '$3 < 20'; }
calls "$work/out" >"$work/first"
"$pair" 3 50 2 3 >"$work/out"
same "the same seed calls the same partners" "$(calls "$work/out" | cmp - "$work/first" && wc -l <"$work/first")" 60

# The parent is killed: no node survives it.
for when in 0 0.02 0.1 0.5; do
	"$pair" 5 20 30 >"$work/out" &
	parent=$!
	[ "$when" = 0 ] || started
	sleep "$when"
	kill -9 "$parent"
	wait "$parent" 2>/dev/null
	sleep 0.3
	# Dead ones that init has not looked at yet do not count.
	same "killed after $when s: no node is left" "$(pgrep -r R,S,D,T pair | wc -l)" 0
done

# Hostile datagrams: 2000 of them, of all sizes, from a stranger, from a stranger's port, and from a member.
"$pair" 3 50 3 3 >"$work/out" &
parent=$!
started
python3 - <<'PYTHON'
import random, socket, struct
random.seed(1)
stranger = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
stranger.bind(("10.0.0.9", 7946))
port = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
port.bind(("10.0.0.2", 1111))
# A well-formed call with an empty digest, as from a member but not from its port.
good = b"Gn\1\1" + bytes([3, 0, 0, 0]) + bytes(12) + bytes(6)
for i in range(500):
    stranger.sendto(random.randbytes(random.randrange(0, 2000)), ("10.0.0.1", 7946))
    stranger.sendto(good, ("10.0.0.1", 7946))
    port.sendto(good, ("10.0.0.1", 7946))
# A member's own address and port: only a raw socket can take them.
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP)
raw.bind(("10.0.0.2", 0))
for i in range(500):
    data = good[:random.randrange(len(good))] if i % 2 else random.randbytes(random.randrange(1401, 1460))
    raw.sendto(struct.pack("!HHHH", 7946, 7946, 8 + len(data), 0) + data, ("10.0.0.1", 0))
PYTHON
wait "$parent"
same "each hostile datagram is counted" "$(counter malformed)" 2000
same "and harms nobody: all nodes end well" "$(count '^exit [0-2] 0 $')" 3
same "and all events reach all nodes" "$(count '^arrival [0-2] [0-2] [-0-2] [0-9]+ 1 ')" 9

# A flood of datagrams that parse, faster than a node can take them: its timers still run.
"$pair" 3 10 2 3 >"$work/out" &
parent=$!
started
timeout 2 python3 - <<'PYTHON'
import socket, struct
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP)
raw.bind(("10.0.0.2", 0))
good = b"Gn\1\1" + bytes([3, 0, 0, 0]) + bytes(12) + bytes(6)
flood = struct.pack("!HHHH", 7946, 7946, 8 + len(good), 0) + good
while True:
    raw.sendto(flood, ("10.0.0.1", 0))
PYTHON
wait "$parent"
of_first() { awk -v name="$1" '$1 == "counter" && $2 == 0 && $3 == name { print $4 }' "$work/out"; }
within "under a flood: datagrams taken" "$(of_first datagrams_received)" 20000 100000000
within "under a flood: rounds of 10 ms in 2 s" "$(of_first timers)" 190 201

# Root of a user namespace has no user to become, and no right to some other things: a node makes do.
# shellcheck disable=SC2016 # expanded inside
unshare --user --map-root-user --net -- sh -c '
	ip link set lo up; for i in 1 2 3; do ip address add "10.0.0.$i/32" dev lo; done
	"$1" 3 50 1 3 & sleep 0.5; grep "^Cap" "/proc/$(pgrep -x pair1)/status"; wait' \
	sh "$pair" >"$work/out" 2>&1
same "in a user namespace: no capability is left" "$(count '^Cap(Inh|Prm|Eff|Bnd|Amb):.0{16}$')" 5
same "in a user namespace: all nodes run" "$(count '^exit [0-2] 0 $')" 3
same "in a user namespace: all events reach all nodes" "$(count '^arrival [0-2] [0-2] [-0-2] [0-9]+ 1 ')" 9

# Root that lacks the right to become somebody else would stay root: its nodes do not start.
for right in setuid setgid; do
	setpriv --bounding-set "-$right" "$pair" 3 50 1 >"$work/out"
	has "without CAP_${right^^}: no node starts" "$(cat "$work/out")" \
		"^exit 0 1 becoming (user|group) 1879048192 \(CAP_${right^^} is needed\): Operation not permitted"
	same "without CAP_${right^^}: none" "$(count '^exit [0-2] 1 becoming')" 3
done
# Nothing else at these numbers may be lost: the shared memory, the namespace, the pipe.
"$pair" 3 50 1 3 0<&- 2>&- >"$work/out"
same "a parent with closed standard descriptors: all nodes run" "$(count '^exit [0-2] 0 $')" 3
same "a parent with closed standard descriptors: all informed" "$(count '^arrival [0-2] [0-2] [-0-2] [0-9]+ 1 ')" 9

# What can fail is said.
ip address del 10.0.0.3/32 dev lo
"$pair" 3 50 1 >"$work/out"
has "a node that cannot start says why" "$(cat "$work/out")" \
	'^exit 2 1 binding to 10.0.0.3 port 7946: Cannot assign requested address$'
same "and the others end when told to, before the start too" "$(count '^exit [01] 0 $')" 2
finish
