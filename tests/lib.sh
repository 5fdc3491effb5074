# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# For test scripts: `. "$(dirname "$0")/../lib.sh"` first, `finish` last. Works in a folder of its own,
# removed at the end; gn runs the built program with results going below that folder.
set -u
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bad=0
export GN="${GN:-$top/gossipnet}"

gn() { "$GN" "$@"; }
ok() { echo "ok - $*"; }
not_ok() { echo "not ok - $*" && bad=1; }
# check DESCRIPTION COMMAND...: a case that holds when the command succeeds.
check() {
	local description=$1
	shift
	if "$@"; then ok "$description"; else not_ok "$description"; fi
}
# same DESCRIPTION GOT WANTED
same() {
	if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1: got '$2', wanted '$3'"; fi
}
# has DESCRIPTION TEXT PATTERN (extended regular expression)
has() {
	if grep -qE -- "$3" <<<"$2"; then ok "$1"; else not_ok "$1: no '$3' in: $2"; fi
}
# within DESCRIPTION GOT LOW HIGH (decimal numbers)
within() {
	if awk -v g="$2" -v l="$3" -v h="$4" 'BEGIN { exit !(g != "" && g + 0 >= l && g + 0 <= h) }'; then
		ok "$1: $2"
	else
		not_ok "$1: $2 is not within $3 .. $4"
	fi
}
# carried_out DESCRIPTION STATUS: a run was done. 3 is the program's own word that the machine was too busy for the
# timers: true, now and then, on a shared machine, and not what most tests are about.
carried_out() {
	case $2 in
	0) ok "$1: carried out" ;;
	3) ok "$1: carried out, on a busy machine" ;;
	*) not_ok "$1: exit status $2" ;;
	esac
}
# was_busy RUN.DB: others had more than a tenth of the processors while that run was made, as it says itself. What is
# late then says nothing about the program.
was_busy() {
	[ "$(sql "$1" "SELECT total(value) > 0.1 FROM fidelity WHERE what IN ('cpu_others', 'cpu_steal')")" = 1 ]
}
# wait_for_node RUN NODE: until a command can run in that node of a run that has just been started.
wait_for_node() {
	for _ in $(seq 150); do
		if gn exec "$1" "$2" -- true 2>/dev/null; then return 0; fi
		sleep 0.1
	done
	not_ok "node $2 of $1 can be entered"
	return 1
}
sql() { sqlite3 -noheader "$1" "$2"; }
# A test that cannot run here says why; under CI that is a failure (tests/run).
skip() { echo "skipped: $*" && exit 77; }
need_root() { [ "$(id -u)" = 0 ] || skip "needs root"; }
need_guest() { command -v linux.uml >/dev/null || skip "needs the package user-mode-linux"; }
finish() { exit "$bad"; }
