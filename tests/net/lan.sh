#!/bin/bash
# SPDX-License-Identifier: MIT
# One LAN of 1000 nodes on this kernel: ready in time, everybody informed, and no ARP, broadcast or
# multicast frame on any switch port during gossip. 2500 nodes on one LAN work too.
. "$(dirname "$0")/../lib.sh"
need_root
cd "$work" || exit 1

# frames FILE FILTER: how many frames of the capture match.
frames() { tcpdump -nr "$1" "$2" 2>/dev/null | wc -l; }
quiet='not (arp or ip6 or link[10] = 1 or link[10] = 2)'
noise='arp or ip6 or link[10] = 1 or link[10] = 2'

"$GN" run "$top/topo/lan-1000.yaml" -q -o lan --set duration=8s --set until=duration &
pid=$!
wait_for_node lan lan
# The capture runs in the namespace that holds the switch: "any" is every port of it.
timeout 20 "$GN" exec lan lan -- timeout 5 tcpdump -i any -y LINUX_SLL2 -B 65536 -s 64 -w cap 2>captured
# A flooded frame counts where it comes in; the copies that leave are "outgoing".
# The same capture does see a broadcast and a resolution when a person makes them.
timeout 20 "$GN" exec lan lan -- timeout 2 tcpdump -i any -y LINUX_SLL2 -B 65536 -s 64 -w cap-with-noise 2>/dev/null &
sleep 0.5
gn exec lan n1 -- ping -b -c 1 -W 1 10.0.3.255 >/dev/null 2>&1
wait $!
wait $pid
status=$?
carried_out "1000 nodes" $status
db=lan/run.db
if was_busy $db; then ready=30; else ready=3; fi
within "wired and every process ready, s" "$(sql $db "SELECT value / 1e9 FROM meta WHERE key = 'ready_ns'")" 0 $ready
same "informed" "$(sql $db 'SELECT informed FROM spread')" 1000
within "frames seen on the ports" "$(frames cap "$quiet")" 10000 1000000000
same "frames that the capture lost" "$(awk '/dropped by kernel$/ { print $1 }' captured)" 0
same "ARP, broadcast, multicast or IPv6 frames seen" "$(frames cap "$noise")" 0
within "broadcast frames seen when there is one" "$(frames cap-with-noise "$noise")" 1 100

cat > big.yaml <<'Y'
name: big
duration: 15s
until: informed
nodes: [{name: n, count: 2500}, {name: lan, kind: switch}]
links: [{between: [n, lan]}]
gossip: {period: 1s}
events: [{at: 500ms, from: n1}]
Y
gn run big.yaml -q -o big
carried_out "2500 nodes on one LAN" $?
same "2500 nodes on one LAN: informed" "$(sql big/run.db 'SELECT informed FROM spread')" 2500
finish
