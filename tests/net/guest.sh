#!/bin/bash
# SPDX-License-Identifier: MIT
# The guest by itself, played by tests/tools/guest_play: boot, the line to the host, the clock, and that
# nothing is left of it however its main process ends.
# shellcheck disable=SC2016,SC2288
. "$(dirname "$0")/../lib.sh"
need_guest
tool=${GN_TOOLS:-$top/build/plain/tests/tools}/guest_play
kills=${GN_KILLS:-6}
# A folder and a name that no kernel command line can carry bare, readable by everybody.
place="$work/with a space"
mkdir -p "$place"
chmod 755 "$work" "$place"
cp "$tool" "$place/play it"
play="$place/play it"
cd "$place" || exit 1

# The processes of this test's guests: their command lines, or their init's, have the folder in them.
alive() { ps -eo pid=,stat=,args= | awk -v w="$work" '$2 !~ /^Z/ && index($0, w) && !/awk/' | grep -v 'guest.sh'; }
value() { sed -n "s/^$1=//p" <<<"$2"; }
nobody=()
[ "$(id -u)" != 0 ] || nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups env HOME=/nonexistent)
memory_files() { find /dev/shm /tmp -maxdepth 1 -name 'vm_file-*' 2>/dev/null | wc -l; }
files=$(memory_files)

for who in "" "${nobody[0]:+nobody}"; do
	as=()
	[ "$who" != nobody ] || as=("${nobody[@]}")
	[ "$who" != "" ] || who="this user"
	out=$("${as[@]}" "$play" boot 2>&1)
	within "$who: boots, ms" "$(value boot_ms "$out")" 100 10000
	within "$who: powers off, ms" "$(value stop_ms "$out")" 0 1000
	same "$who: nothing is left" "$(alive)" ""
	out=$(GN_PLAIN=1 "${as[@]}" "$play" boot 2>&1)
	within "$who, without namespaces: boots, ms" "$(value boot_ms "$out")" 100 10000
	same "$who, without namespaces: nothing is left" "$(alive)" ""
	[ "${#nobody[@]}" != 0 ] || break
done
check "nothing in ~/.uml" test ! -e ~/.uml

# The line to the host.
out=$("$play" trips 500)
within "a message there and back, us" "$(value trip_us "$out")" 1 5000
out=$("$play" flood 20000000)
same "20 MB from the guest arrive undamaged" "$(value from_guest "$out")" ok
within "from the guest, KiB/s" "$(value from_guest_kb_per_s "$out")" 1024 10000000
out=$("$play" flood-slowly 3000000)
same "to a slow host: undamaged" "$(value from_guest "$out")" ok
out=$("$play" take 3000000)
same "3 MB to the guest arrive undamaged" "$(value to_guest "$out")" ok
within "to the guest, KiB/s" "$(value to_guest_kb_per_s "$out")" 200 10000000
# UML 6.1 stops the line for ever when the guest does not read: it would not hear that it is to end.
out=$("$play" take-slowly 1000000)
same "to a slow guest: undamaged" "$(value to_guest "$out")" ok
within "after that it still hears us, ms" "$(value stop_ms "$out")" 0 3000
out=$("$play" clock 30)
within "its clock against ours over 3 s varies by, us" "$(value clock_span_us "$out")" 0 20000

# What it sees of the host, and the host of it.
out=$("$play" read 0 /proc/mounts)
has "the host's file system is its root" "$out" 'root / hostfs rw'
has "/proc is its own" "$out" '^proc /proc proc'
has "/dev/shm is its own" "$out" '^tmpfs /dev/shm tmpfs'
out=$("$play" read 0 /proc/modules)
for module in veth bridge nf_tables sch_netem; do has "module $module" "$out" "(^|=)$module "; done
out=$("$play" write 0 "$work/written by it")
same "it writes" "$(value answer "$out")" written
same "the host reads what it wrote" "$(cat "$work/written by it")" "from the guest"

# Death that nobody asked for.
out=$("$play" abort)
within "the program's crash is noticed, ms" "$(value noticed_ms "$out")" 0 2000
has "and explained" "$(value death "$out")" 'killed by signal 6 \(Aborted\)'
out=$("$play" panic)
within "a panic is noticed, ms" "$(value noticed_ms "$out")" 0 2000
has "and explained" "$(value death "$out")" 'Kernel panic'
same "nothing is left" "$(alive)" ""

# A guest that lives and is silent.
printf 'echo I shall say nothing >/dev/console\nwhile :; do sleep 1; done\n' >"$work/mute"
out=$("$play" mute 0 "$work/mute")
has "a guest that never speaks" "$(value death "$out")" \
	'^the guest kernel did not come up within [45] s; its last words: .*I shall say nothing'
within "is ended, ms" "$(value end_ms "$out")" 0 2000
out=$("$play" hang)
has "one that has spoken and stops" "$(value death "$out")" '^the guest kernel does not answer any more;'
same "nothing is left of them" "$(alive)" ""

# kill -9 of the main process at any moment of booting, running and stopping. With the scenario "populate" the
# guest is full of processes that would run on by themselves on the host.
kill_it() { # who how...
	local who=$1 left=0 n
	shift
	for n in $(seq "$kills"); do
		"$@" "$play" populate 12 >/dev/null 2>&1 &
		main=$!
		sleep "$(awk -v n="$n" -v of="$kills" -v r="$RANDOM" \
			'BEGIN { printf "%.3f", (n - 1 + r / 32768) * 2.4 / of }')"
		kill -9 "$main"
		wait "$main" 2>/dev/null
		for _ in $(seq 40); do [ -n "$(alive)" ] || break; sleep 0.05; done
		if [ -n "$(alive)" ]; then
			left=$((left + 1))
			echo "# left: $(alive)"
			alive | awk '{ print $1 }' | xargs kill -9
		fi
	done
	same "$who: $kills times kill -9, left over" "$left" 0
}
kill_it "this user" env
kill_it "this user, without namespaces" env GN_PLAIN=1
if [ "${#nobody[@]}" != 0 ]; then
	kill_it "nobody" "${nobody[@]}"
	kill_it "nobody, without namespaces" "${nobody[@]}" GN_PLAIN=1
fi
# The kernel alone: its processes must not live on without it.
"$play" populate 12 >"$work/out" &
main=$!
for _ in $(seq 100); do grep -q answer "$work/out" && break; sleep 0.05; done
kernel=$(alive | awk '/linux.uml/ { print $1; exit }')
check "the kernel is found" test -n "$kernel"
kill -9 "$kernel"
sleep 0.5
same "kill -9 of the kernel takes its processes along" "$(alive | grep -c linux.uml)" 0
kill -9 "$main"
wait "$main" 2>/dev/null
same "files of memory are left" "$(memory_files)" "$files"

# What is missing is named.
if [ "$(id -u)" = 0 ]; then
	out=$(unshare -m sh -c 'mount --bind /dev/null /usr/bin/linux.uml; exec "$0" boot' "$play" 2>&1)
	has "without the kernel: the package is named" "$out" 'apt-get install user-mode-linux'
	out=$(unshare -m sh -c 'mount -t tmpfs none /mnt; cp "$0" /mnt/play
		for f in /dev/shm /tmp /var/tmp; do mount -t tmpfs -o size=8m none $f; done
		exec /mnt/play boot' "$play" 2>&1)
	has "without room for its memory: the folders are named" "$out" '/dev/shm is too full'
	out=$(unshare -m sh -c 'mount -o remount,noexec /dev/shm; exec "$0" boot' "$play" 2>&1)
	within "a /dev/shm that is noexec: another folder serves, boots, ms" "$(value boot_ms "$out")" 100 20000
fi
if [ -w /dev/shm ]; then
	there=$(mktemp -d /dev/shm/gossipnet-test.XXXXXX)
	cp "$tool" "$there/play"
	out=$("$there/play" boot 2>&1)
	has "a program that the guest cannot see" "$out" \
		'/dev/shm/[^ ]*/play: the guest kernel has its own /dev; choose a folder elsewhere'
	rm -r "$there"
fi
cp "$tool" "$work/\"quoted\" name"
out=$("$work/\"quoted\" name" boot 2>&1)
has "a path that the kernel cannot be told" "$out" 'has a quote or a line break'
finish
