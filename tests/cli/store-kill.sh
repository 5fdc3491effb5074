#!/bin/bash
# SPDX-License-Identifier: MIT
# A guest that writes results is killed: what is older than a second must be in the file, whose pages
# the guest's kernel had in its own cache; killed while it closes the file, everything must be.
. "$(dirname "$0")/../lib.sh"
need_guest
writer=$top/build/plain/tests/tools/store_writer
db=$work/run.db

cat >"$work/init" <<-EOF
	#!/bin/sh
	export PATH=/usr/sbin:/usr/bin:/sbin:/bin
	mount -t proc proc /proc
	$writer $db guest \$GN_ROWS \$GN_SECONDS 2>$work/sentence
	echo \$? >$work/status
	echo o >/proc/sysrq-trigger
	sleep 5
EOF
chmod +x "$work/init"

# Boot; the guest's process group is $guest. Arguments: rows a second, seconds.
boot() {
	rm -f "$db"* "$work/status"
	setsid linux.uml mem=256M root=/dev/root rootfstype=hostfs rootflags=/ rw init="$work/init" \
		GN_ROWS="$1" GN_SECONDS="$2" con=null con0=null,fd:2 ssl=null quiet uml_dir=/proc/ \
		</dev/null >/dev/null 2>&1 &
	guest=$!
}
wait_for_log() {
	for _ in {1..200}; do
		[ ! -s "$db-wal" ] || return
		sleep 0.1
	done
}
kill_guest() { kill -9 -- "-$guest" && wait "$guest"; } 2>/dev/null
read_only() { sqlite3 -noheader "file:$db?mode=ro" "$1"; }

for pause in 0.3 0.7 1.1 1.9; do
	boot 20000 60
	wait_for_log
	sleep "$pause"
	kill_guest
	killed=$(date +%s%N)
	same "killed after $pause s: integrity" "$(read_only 'PRAGMA integrity_check')" ok
	same "killed after $pause s: no gap" "$(read_only 'SELECT count(*) - max(sent_ns) FROM arrival')" 1
	within "killed after $pause s: age of the last row, ms" \
		"$(read_only "SELECT ($killed - max(t_ns)) / 1000000 FROM arrival")" 0 1000
done

# The end, undisturbed, without sync: one file with all rows.
boot 20000 1
wait "$guest"
same "a guest's run ends well" "$(cat "$work/status")" 0
same "a guest's run is one complete file" "$(cd "$work" && echo run.db*) $(read_only 'SELECT count(*) FROM arrival')" \
	"run.db 20000"

# Killed around the end: the last commit was long ago, so nothing may be missing.
for pause in 0.02 0.05 0.1 0.15 0.2; do
	boot 100000 1
	wait_for_log
	while [ ! -e "$db-journal" ] && [ "$(stat -c %s "$db")" = 4096 ] && [ ! -e "$work/status" ]; do sleep 0.005; done
	sleep "$pause"
	kill_guest
	same "killed while closing, after $pause s" \
		"$(read_only 'PRAGMA integrity_check') $(read_only 'SELECT count(*) FROM arrival')" "ok 100000"
done
finish
