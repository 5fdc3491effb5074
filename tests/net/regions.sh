#!/bin/bash
# SPDX-License-Identifier: MIT
# cloud-regions.yaml: the round trip between each of the 90 ordered pairs of regions, measured by ping inside
# the nodes, is the measured matrix's mean of both directions within 1.5 ms.
. "$(dirname "$0")/../lib.sh"
need_root
need_guest
matrix=$top/../shared/data/ibm-cloud-rtt-2024-10.csv
[ -r "$matrix" ] || skip "needs $matrix"
cd "$work" || exit 1

"$GN" run "$top/topo/cloud-regions.yaml" -q -o run --set duration=120s --set until=duration 2>err &
pid=$!
regions=$(sed -n 's/^from,//p' "$matrix" | tr , ' ')
wait_for_node run dallas1
for from in $regions; do
	targets=''
	for to in $regions; do [ "$to" = "$from" ] || targets="$targets ${to}1"; done
	# shellcheck disable=SC2016
	gn exec run "${from}1" -- sh -c 'for to in '"$targets"'; do ping -c 9 -i 0.2 $to | sed "s/^/$to /" & done; wait' >pings
	for to in $targets; do
		# The fastest of the nine: there is no jitter, and whatever else the machine has to do only adds.
		echo "$from ${to%1} $(sed -n "s/^$to .* time=\([0-9.]*\) ms$/\1/p" pings | sort -n | head -1)" >>rtt
	done
done
kill -TERM $pid
wait $pid
same "pairs that answered at least five times" "$(sort -u rtt | awk 'NF == 3' | wc -l)" 90
worst=$(awk 'NR == FNR { if (/^#/) next; n = split($0, v, ","); if (v[1] == "from") { for (i = 2; i <= n; i++) name[i] = v[i]; next }
		for (i = 2; i <= n; i++) m[v[1] " " name[i]] = v[i]; next }
	{ want = (m[$1 " " $2] + m[$2 " " $1]) / 2; d = $3 - want; if (d < 0) d = -d; if (d > w) w = d } END { print w }' FS='[, ]' "$matrix" FS=' ' rtt)
within "largest deviation of a pair's round trip from the matrix, ms" "$worst" 0 1.5
finish
