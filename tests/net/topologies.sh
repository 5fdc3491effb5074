#!/bin/bash
# SPDX-License-Identifier: MIT
# Every example topology runs, on the kernel that it needs, and its event reaches every node.
. "$(dirname "$0")/../lib.sh"
need_root
need_guest
cd "$work" || exit 1

# informed FILE EXPECTED-NODES WHERE
informed() {
	local name out db
	name=$(basename "$1" .yaml)
	out=$(gn run "$1" 2>&1)
	carried_out "$name" $?
	db=results/$name/latest/run.db
	within "$name: events" "$(sql "$db" 'SELECT count(*) FROM event')" 1 1000
	same "$name: first arrivals, one per event and node" "$(sql "$db" 'SELECT count(*) FROM arrival WHERE first = 1')" \
		"$(sql "$db" "SELECT count(*) * $2 FROM event")"
	same "$name: integrity" "$(sql "$db" 'PRAGMA integrity_check')" ok
	same "$name: carried by" "$(sql "$db" "SELECT value FROM meta WHERE key = 'where'")" "$3"
	same "$name: nothing lost by the instrument" \
		"$(sql "$db" "SELECT coalesce(sum(value), 0) FROM node_stat WHERE key IN ('log_dropped', 'send_errors', 'malformed')")" 0
	same "$name: only run.db, topology.yaml and log are left" "$(ls "results/$name/latest/")" $'log\nrun.db\ntopology.yaml'
	has "$name: the summary shows it" "$out" "$2/$2"
}

# The host carries what it can; on a kernel with netem all run there.
shaped=guest
gn doctor | grep -q '^  netem  *yes' && shaped=host
informed "$top/topo/quickstart.yaml" 50 "$shaped"
informed "$top/topo/line.yaml" 20 "$shaped"
informed "$top/topo/grid.yaml" 25 "$shaped"
informed "$top/topo/cloud-regions.yaml" 50 "$shaped"
informed "$top/topo/households.yaml" 60 "$shaped"
informed "$top/topo/lan-1000.yaml" 1000 host
finish
