#!/bin/bash
# SPDX-License-Identifier: MIT
# Other programs open the file that a guest writes: whatever they do, and whenever they leave, what the guest
# wrote stays there. A reader without write access to the log follows the run.
. "$(dirname "$0")/../lib.sh"
need_guest
writer=$top/build/plain/tests/tools/store_writer
db=$work/run.db

cat >"$work/init" <<-EOF
	#!/bin/sh
	export PATH=/usr/sbin:/usr/bin:/sbin:/bin
	mount -t proc proc /proc
	$writer $db guest 20000 \$GN_SECONDS 2>$work/sentence
	echo \$? >$work/status
	echo o >/proc/sysrq-trigger
	sleep 5
EOF
chmod +x "$work/init"

# Boot, and guard the file as the main process does. $guest is the kernel's process group, $guard the other's.
boot() {
	rm -rf "$db"* "$work/status" "$work/go" "$work/guarded"
	setsid linux.uml mem=256M root=/dev/root rootfstype=hostfs rootflags=/ rw init="$work/init" \
		GN_SECONDS="$1" con=null con0=null,fd:2 ssl=null quiet uml_dir=/proc/ \
		</dev/null >/dev/null 2>&1 &
	guest=$!
	for _ in {1..200}; do
		[ ! -s "$db-wal" ] || break
		sleep 0.1
	done
	mkfifo "$work/go"
	"$writer" "$db" guard <"$work/go" >"$work/guarded" &
	guard=$!
	exec 7>"$work/go"
	for _ in {1..100}; do
		[ ! -s "$work/guarded" ] || break
		sleep 0.05
	done
	same "guarded" "$(cat "$work/guarded")" guarded
}
kill_all() { kill -9 -- "-$guest" && kill -9 "$guard" && wait "$guest" "$guard"; } 2>/dev/null
count='SELECT count(*) FROM arrival'
# What a shell session over the fifo $1 says; opened by "session NAME", fed by "say NAME SQL", ended by "leave".
session() {
	mkfifo "$work/in"
	sqlite3 "$db" <"$work/in" >"$work/session" 2>&1 7>&- &
	session=$!
	exec 8>"$work/in"
	rm "$work/in"
}
say() { echo "$1" >&8 && sleep 0.5; }
leave() { exec 8>&- && wait "$session"; }

# A run that ends by itself, with everything at once: readers, those that want to write, and a session that is
# open beyond the end.
boot 6
session
say "$count;"
for _ in {1..5}; do sqlite3 "$db" "$count" >/dev/null || not_ok "a reader during the run"; done
for statement in 'CREATE TABLE x(y)' 'PRAGMA wal_checkpoint(TRUNCATE)' VACUUM 'DELETE FROM arrival' "UPDATE meta SET value = 0"; do
	has "during the run: $statement" "$(sqlite3 "$db" "$statement" 2>&1)" 'readonly|read-only'
done
python3 -c "import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute('$count').fetchone()" "$db"
same "a program that is not the shell reads too" $? 0
say "$count;"
within "a session follows the run, rows more" "$(awk 'NR == 1 { first = $1 } END { print $1 - first }' "$work/session")" 5000 120000
wait "$guest"
same "the guest's run ends well" "$(cat "$work/status")" 0
exec 7>&-
wait "$guard"
say "$count;"
leave
same "after the end: one file, whole, with all rows" \
	"$(cd "$work" && echo run.db*) $(sql "$db" 'PRAGMA integrity_check') $(sql "$db" "$count")" "run.db ok 120000"
check "after the end it is a file like any other" sqlite3 "$db" 'CREATE TABLE x(y)'

# Killed, guest and main process, after somebody has read, tried to write, and while a session is open.
for pause in 0.6 1.7; do
	boot 60
	session
	say "$count;"
	sqlite3 "$db" "$count" >/dev/null
	sqlite3 "$db" 'CREATE TABLE x(y)' 2>/dev/null
	sleep $pause
	kill_all
	killed=$(date +%s%N)
	exec 7>&-
	leave
	for _ in 1 2; do # what the first reader leaves is there for the next
		same "killed: integrity, no gap" \
			"$(sql "$db" 'PRAGMA integrity_check') $(sql "$db" 'SELECT count(*) - max(sent_ns) FROM arrival')" "ok 1"
		within "killed: age of the last row, ms" "$(sql "$db" "SELECT ($killed - max(t_ns)) / 1000000 FROM arrival")" 0 1000
	done
done
finish
