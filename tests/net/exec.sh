#!/bin/bash
# SPDX-License-Identifier: MIT
# gossipnet exec and ls: the same commands in a network of this kernel and in one of the guest's.
# shellcheck disable=SC2016
. "$(dirname "$0")/../lib.sh"
need_guest
# script(1) starts this one: a bash survives the Ctrl-C that its command takes, other shells end with it.
export SHELL=/bin/bash TERM="${TERM:-dumb}"
cd "$work" || exit 1

topology() { # name
	cat <<Y
name: $1
duration: 10m
until: duration
nodes: [{name: n, count: 4}, {name: lan, kind: switch}]
links: [{between: [n, lan]}]
events: [{at: 1s, from: n1}]
Y
}
started() { for _ in $(seq 200); do gn ls | grep -q "^$1 .* running " && return; sleep 0.1; done; false; }
seconds() { awk -v a="$1" -v b="$(date +%s.%N)" 'BEGIN { print b - a }'; }

out=$(gn exec "no-such-$$" n1 -- true 2>&1)
same "no such network: status" $? 1
has "no such network" "$out" "no network called \"no-such-$$\" is running"
gn exec a n1 >/dev/null 2>&1
same "no command: status" $? 2
gn exec a n1 -- >/dev/null 2>&1
same "no command behind --: status" $? 2

kinds=(uml)
[ "$(id -u)" != 0 ] || kinds=(uml host)
head -c 3000000 /dev/urandom >input
sum=$(md5sum <input)
big=$(head -c 100000000 /dev/zero | md5sum)
for kind in "${kinds[@]}"; do
	run=exec-$kind-$$
	topology "$run" >"$run.yaml"
	"$GN" run --kernel "$kind" -o "result of $kind" "$run.yaml" >"$kind.out" 2>&1 </dev/null &
	main=$!
	if started "$run"; then ok "$kind: it runs"; else not_ok "$kind: it runs: $(cat "$kind.out")" && finish; fi

	out=$(gn ls | grep "^$run ")
	has "$kind: ls shows it" "$out" " $main +5 +$kind +running +[0-9]+s +$work/result of $kind\$"
	out=$(gn exec "$run" n1 -- ping -c1 -W2 n3)
	has "$kind: nodes reach each other by name" "$out" 'from n3 \(10.0.0.3\)'
	out=$(gn exec "$run" n2 -- sh -c 'hostname; ls /sys/class/net; pwd; echo "$GN_MARK"' <<<"")
	same "$kind: host name, interfaces, folder, environment" "$out" "$(printf 'n2\neth0\nlo\n%s\n' "$work")"
	out=$(GN_MARK=seen gn exec "$run" n2 -- sh -c 'echo "$GN_MARK"' <<<"")
	same "$kind: the environment is ours" "$out" seen
	out=$(gn exec "$run" lan -- hostname)
	same "$kind: a switch is a place too" "$out" lan
	same "$kind: the result folder names it" "$(gn exec "result of $kind" n1 -- hostname)" n1
	for _ in $(seq 20); do [ ! -e "result of $kind/run.db" ] || break; sleep 0.1; done
	same "$kind: its run.db as well" "$(gn exec "result of $kind/run.db" n1 -- hostname)" n1

	out=$(gn exec "$run" n11 -- true 2>&1)
	same "$kind: no such node: status" $? 1
	has "$kind: no such node" "$out" "$run has no node \"n11\" \(did you mean n1\?\)"
	out=$(gn exec "$run" n1 -- no-such-command 2>&1)
	same "$kind: no such command: status" $? 127
	has "$kind: no such command" "$out" 'no-such-command: command not found'
	out=$(gn exec "$run" n1 -- /etc 2>&1)
	same "$kind: not a command: status" $? 126
	gn exec "$run" n1 -- sh -c 'exit 77' </dev/null
	same "$kind: the command's status" $? 77
	gn exec "$run" n1 -- sh -c 'kill -9 $$' </dev/null
	same "$kind: killed by a signal" $? 137
	gn exec "$run" n1 sh -c 'exit 5' </dev/null
	same "$kind: without --" $? 5
	out=$(gn exec "$run" n1 -- sh -c 'echo out; echo err >&2' </dev/null 2>/dev/null)
	same "$kind: standard output alone" "$out" out
	out=$(gn exec "$run" n1 -- sh -c 'echo out; echo err >&2' </dev/null 2>&1 >/dev/null)
	same "$kind: standard error alone" "$out" err

	begin=$(date +%s.%N)
	same "$kind: 100 MB of output" "$(gn exec "$run" n1 -- head -c 100000000 /dev/zero | md5sum)" "$big"
	within "$kind: 100 MB of output, s" "$(seconds "$begin")" 0 60
	same "$kind: 3 MB of input" "$(gn exec "$run" n1 -- md5sum <input)" "$sum"
	same "$kind: 3 MB through and back" "$(gn exec "$run" n1 -- cat <input | md5sum)" "$sum"
	gn exec "$run" n1 -- true <input
	same "$kind: input that nobody reads" $? 0
	begin=$(date +%s.%N)
	gn exec "$run" n1 -- head -c 1000000000 /dev/zero | head -c 5 >/dev/null
	same "$kind: output that nobody reads: as by SIGPIPE" "${PIPESTATUS[0]}" 141
	within "$kind: output that nobody reads, s" "$(seconds "$begin")" 0 10
	begin=$(date +%s.%N)
	out=$(gn exec "$run" n1 -- sh -c 'sleep 5 >/dev/null 2>&1 & echo done' </dev/null)
	same "$kind: something stays in the background" "$out" "done"
	within "$kind: it is not waited for, s" "$(seconds "$begin")" 0 3

	# Signals to the client, and its death.
	for signal in INT TERM; do
		"$GN" exec "$run" n1 -- sleep 1000 </dev/null &
		client=$!
		sleep 0.7
		kill -s "$signal" "$client"
		wait "$client" 2>/dev/null
		same "$kind: SIG$signal ends the command" $? $((128 + $(kill -l "$signal")))
	done
	"$GN" exec "$run" n1 -- sleep 4711 </dev/null 2>/dev/null &
	client=$!
	sleep 0.7
	has "$kind: the command is seen" "$(gn exec "$run" n1 -- ps axo args </dev/null)" '^sleep 4711'
	kill -9 "$client"
	wait "$client" 2>/dev/null
	sleep 0.5
	out=$(gn exec "$run" n1 -- ps axo args </dev/null | grep -c '^sleep 4711')
	same "$kind: the command ends with its client" "$out" 0

	# A client that stands still while its command writes and writes.
	"$GN" exec "$run" n1 -- cat /dev/zero </dev/null >/dev/null &
	client=$!
	sleep 0.3
	kill -STOP "$client"
	same "$kind: a client that stands still is not in the way" "$(gn exec "$run" n2 -- hostname)" n2
	kill -CONT "$client"
	kill -9 "$client"
	wait "$client" 2>/dev/null
	clients=()
	for _ in $(seq 8); do
		"$GN" exec "$run" n1 -- sh -c 'cat | md5sum' <input >"sum.${#clients[@]}" &
		clients+=($!)
	done
	wait "${clients[@]}"
	same "$kind: eight at once" "$(cat sum.* | sort -u)" "$sum"

	# With a terminal.
	# script types a zero byte where its own input ends, which the terminal shows as ^@: not before the command is done.
	out=$(sleep 2 | script -qec "stty -a >before; '$GN' exec $run n1 -- sh -c 'test -t 0 && test -t 2 && echo on a terminal
		stty size; exit 9'; echo status \$?; stty -a >after" /dev/null 2>&1 | tr -d '\r')
	has "$kind: terminal: the command has one" "$out" '^on a terminal'
	has "$kind: terminal: the status" "$out" '^status 9'
	check "$kind: terminal: its settings are as before" cmp -s before after
	out=$( (sleep 2; printf '\003'; sleep 1) | script -qec "stty cols 91 rows 17; '$GN' exec $run n1 -- sh -c 'stty size
		trap \"echo caught; exit 4\" INT; sleep 20 & wait'; echo status \$?; stty -a | grep -oE '(^| )-?isig'" /dev/null 2>&1 |
		tr -d '\r')
	has "$kind: terminal: its size" "$out" '17 91'
	has "$kind: terminal: Ctrl-C reaches the command" "$out" 'caught'
	has "$kind: terminal: and its status comes back" "$out" '^status 4'
	has "$kind: terminal: signals work again afterwards" "$out" '^ ?isig'

	# Other users see nothing and reach nothing.
	if [ "$(id -u)" = 0 ]; then
		cp "$GN" "$work/gossipnet" && chmod 755 "$work" "$work/gossipnet"
		out=$(setpriv --reuid 65534 --regid 65534 --clear-groups "$work/gossipnet" exec "$run" n1 -- true 2>&1)
		same "$kind: another user: status" $? 1
		has "$kind: another user" "$out" 'one of another user is; sudo reaches'
		out=$(setpriv --reuid 65534 --regid 65534 --clear-groups "$work/gossipnet" ls)
		has "$kind: another user's ls" "$out" "^\? +$main .* foreign"
	fi

	# The end of the run, with a command under way.
	"$GN" exec "$run" n1 -- sleep 1000 >"$kind.late" 2>&1 </dev/null &
	client=$!
	sleep 0.5
	kill -TERM "$main"
	wait "$main"
	wait "$client"
	same "$kind: the run ends under a command: status" $? 1
	has "$kind: the run ends under a command" "$(cat "$kind.late")" 'the run is over|has stopped'
	gn ls | grep -q "^$run "
	same "$kind: it is off the list" $? 1
	out=$(gn exec "result of $kind" n1 -- true 2>&1)
	same "$kind: exec when it is over: status" $? 1
	has "$kind: exec when it is over" "$out" 'is not running; start it with gossipnet run'
done
# kill -9 of the main process: nothing of what exec has started goes on and holds the network, whatever it did to
# its process group, its parents and its signals, and whether its client still lives.
# shellcheck disable=SC2009
sleeping() { ps -eo args= | grep -cxE "sleep 1[0-9]{3}\.$$"; }
for kind in "${kinds[@]}"; do
	run=killed-$kind-$$
	topology "$run" >"$run.yaml"
	"$GN" run --kernel "$kind" -o "killed $kind" "$run.yaml" >"$kind.out" 2>&1 </dev/null &
	main=$!
	started "$run" || not_ok "$kind: it runs: $(cat "$kind.out")"
	"$GN" exec "$run" n1 -- sleep "1001.$$" >"$kind.late" 2>&1 </dev/null &
	client=$!
	"$GN" exec "$run" n2 -- sh -c "trap '' HUP TERM; setsid sleep 1002.$$ & sleep 1003.$$ & wait" >/dev/null 2>&1 </dev/null &
	"$GN" exec "$run" n3 -- sh -c "sleep 1004.$$ & sleep 1005.$$ & sleep 0.3; kill -STOP \$!; wait" >/dev/null 2>&1 </dev/null &
	killed=$!
	"$GN" exec "$run" n4 -- sh -c "setsid sleep 1006.$$ >/dev/null 2>&1 &" </dev/null
	sleep 1
	kill -9 "$killed"
	[ "$kind" != host ] || same "$kind: all of them run" "$(sleeping)" 6
	kill -9 "$main"
	wait "$main" "$killed" 2>/dev/null
	wait "$client"
	same "$kind: killed under a command: status" $? 1
	has "$kind: killed under a command: it is said" "$(cat "$kind.late")" 'the network has stopped'
	sleep 1.5
	same "$kind: killed: commands that go on" "$(sleeping)" 0
	same "$kind: killed: clients and guards that go on" "$(pgrep -fc "^$GN exec $run ")" 0
done

# Root reaches other users' networks, but no other user can lead root astray.
if [ "$(id -u)" = 0 ]; then
	as_nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups env HOME=/nonexistent)
	mkdir theirs && chown 65534:65534 theirs
	topology "theirs-$$" >theirs.yaml
	"${as_nobody[@]}" "$work/gossipnet" run -o theirs/run theirs.yaml >theirs.out 2>&1 </dev/null &
	main=$!
	started "theirs-$$" || not_ok "an ordinary user's network runs: $(cat theirs.out)"
	out=$(GN_MARK=secret gn exec "theirs-$$" n1 -- sh -c 'hostname; echo "$TERM $GN_MARK."' </dev/null)
	same "root in an ordinary user's network, with little of its environment" "$out" "$(printf 'n1\n%s .' "${TERM:-}")"
	kill -TERM "$main"
	wait "$main"

	cat >liar.py <<'PYTHON'
# Says that it is a network of this kernel and hands over a namespace, as any user can.
import array, os, socket, struct, sys
string = lambda s: struct.pack("<I", len(s)) + s
frame = lambda kind, data: struct.pack("<IB", len(data), kind) + data
s = socket.socket(socket.AF_UNIX)
s.bind("\0gossipnet-%d-%08x" % (os.getpid(), 1))
s.listen()
print("ready", flush=True)
info = string(sys.argv[1].encode() + b"\n\x1b[2J") + string(sys.argv[2].encode()) + string(b"running")
info += struct.pack("<IIQ", int(sys.argv[3]), 5, 1 << 62)
fds = array.array("i", [os.open("/proc/self/ns/net", 0), os.open("/etc/passwd", 0)])
while True:
    c = s.accept()[0]
    while head := c.recv(5, socket.MSG_WAITALL):
        size, kind = struct.unpack("<IB", head)
        data = c.recv(size, socket.MSG_WAITALL)
        if kind == 20:
            c.sendall(frame(20, info))
        if kind == 7:
            print("asked", flush=True)
            c.sendmsg([frame(14, data[:4] + string(b"n1"))], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)])
PYTHON
	for guest in 0 1; do
		"${as_nobody[@]}" python3 liar.py "exec-liar-$$" "/nowhere/liar-$$" "$guest" >liar.out &
		liar=$!
		for _ in $(seq 50); do grep -q ready liar.out && break; sleep 0.1; done
		out=$(gn ls)
		has "a liar's name is made printable ($guest)" "$out" "^exec-liar-$$\?\?\[2J "
		out=$(gn exec "exec-liar-$$??[2J" n1 -- sh -c 'echo entered' 2>&1 </dev/null)
		same "a liar's namespace is not entered ($guest): status" $? 1
		[ "$guest" = 1 ] || has "and root is told why" "$out" "another user's and wants us to enter its namespace"
		hasnt_entered() { ! grep -q entered <<<"$out"; }
		check "a liar's namespace is not entered ($guest)" hasnt_entered
		kill "$liar"
		wait "$liar" 2>/dev/null
	done
	# One that calls itself as root's own does.
	topology "mine-$$" >mine.yaml
	"$GN" run --kernel host -o mine mine.yaml >/dev/null 2>&1 </dev/null &
	main=$!
	started "mine-$$"
	sed -i 's/ + b"\\n\\x1b\[2J"//' liar.py
	"${as_nobody[@]}" python3 liar.py "mine-$$" "$work/mine" 0 >liar.out &
	liar=$!
	for _ in $(seq 50); do grep -q ready liar.out && break; sleep 0.1; done
	same "two of that name: both are listed" "$(gn ls | grep -c "^mine-$$ ")" 2
	same "two of that name: root's own is meant" "$(gn exec "mine-$$" n1 -- hostname </dev/null)" n1
	same "two of that folder: root's own is meant" "$(gn exec mine n1 -- hostname </dev/null)" n1
	check "and the other is not asked" eval '! grep -q asked liar.out'
	kill "$liar"
	kill -TERM "$main"
	wait "$liar" "$main" 2>/dev/null
fi

# A run that is over leaves no guard, and one that goes on only those that are needed.
if [ "$(id -u)" = 0 ]; then
	run=guard-$$
	topology "$run" >"$run.yaml"
	"$GN" run --kernel host -o guard "$run.yaml" >/dev/null 2>&1 </dev/null &
	main=$!
	started "$run"
	gn exec "$run" n1 -- true </dev/null
	gn exec "$run" n1 -- sh -c 'sleep 0.2 & wait' </dev/null
	same "no guard without need" "$(pgrep -fc "^$GN exec $run ")" 0
	gn exec "$run" n1 -- sh -c "sleep 1007.$$ >/dev/null 2>&1 &" </dev/null
	same "one for what stays in the background" "$(pgrep -fc "^$GN exec $run ")" 1
	# Places for clients are few; commands of this kernel do not keep them.
	clients=()
	for _ in $(seq 20); do "$GN" exec "$run" n2 -- sleep "1008.$$" </dev/null 2>/dev/null & clients+=($!); done
	sleep 0.7
	same "twenty commands at once, and one more" "$(gn exec "$run" n2 -- hostname </dev/null)" n2
	# Job control: Ctrl-Z stops the command, and the shell gets the terminal; fg goes on with it.
	out=$( (printf '%s exec %s n1 -- sleep 1009.%s\n' "$GN" "$run" $$; sleep 1.5; printf '\032'; sleep 1
		printf 'echo the shell is back; fg\n'; sleep 1; printf '\003'; sleep 0.5
		printf 'echo status $?; exit\n'; sleep 1) |
		TERM=dumb script -qec "bash --norc -i" /dev/null 2>&1 | tr -d '\r')
	has "Ctrl-Z stops it" "$out" 'Stopped'
	has "the shell goes on" "$out" '^the shell is back'
	has "fg, then Ctrl-C" "$out" '^status 130'
	kill -TERM "$main"
	wait "$main" "${clients[@]}"
	for _ in $(seq 20); do [ "$(pgrep -fc "^$GN exec $run ")" != 0 ] || break; sleep 0.1; done
	same "over: commands that go on" "$(sleeping)" 0
	same "over: clients and guards that go on" "$(pgrep -fc "^$GN exec $run ")" 0
fi

same "nothing stays mounted" "$(grep -c hosts /proc/self/mountinfo)" 0
finish
