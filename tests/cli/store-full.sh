#!/bin/bash
# SPDX-License-Identifier: MIT
# The disk fills up: a sentence, and every committed row stays readable. On a disk that is full from
# the start nothing is left. The disks are tmpfs in a mount namespace of the test's own.
. "$(dirname "$0")/../lib.sh"
need_root
if [ "${1:-}" != inside ]; then
	unshare -m "$0" inside
	exit
fi
writer=$top/build/plain/tests/tools/store_writer
disk=$work/disk
mkdir "$disk"
export TMPDIR=$work

for mode in host guest; do
	mount -t tmpfs -o size=2m tmpfs "$disk"
	sentence=$("$writer" "$disk/run.db" "$mode" 40000 10 2>&1)
	same "$mode, disk full while running: exit status" $? 1
	same "$mode, disk full while running: sentence" "$sentence" \
		"$disk/run.db: the disk is full; the results up to the last commit are kept"
	# SQLite's index of the log needs 32 KiB more, which may not be there: read a copy.
	rm -rf "$work/copy" && cp -r "$disk" "$work/copy"
	same "$mode, disk full while running: integrity" "$(sql "$work/copy/run.db" 'PRAGMA integrity_check')" ok
	same "$mode, disk full while running: whole batches, no gap" \
		"$(sql "$work/copy/run.db" 'SELECT count(*) > 0, count(*) % 10000, max(sent_ns) - count(*) FROM arrival')" "1|0|-1"
	umount "$disk"

	for kib in 4 16 40; do
		mount -t tmpfs -o size=${kib}k tmpfs "$disk"
		sentence=$("$writer" "$disk/run.db" "$mode" 40000 1 2>&1)
		same "$mode, $kib KiB in all: exit status" $? 1
		same "$mode, $kib KiB in all: sentence" "$sentence" "$disk/run.db: the disk is full"
		same "$mode, $kib KiB in all: nothing left" "$(ls -A "$disk")" ""
		umount "$disk"
	done
done
finish
