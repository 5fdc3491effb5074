#!/bin/bash
# SPDX-License-Identifier: MIT
# Ctrl-C while it runs ends the run early and keeps the result, here and in the guest; as an ordinary user too.
. "$(dirname "$0")/../lib.sh"
need_root
need_guest
chmod 755 "$work"
mkdir "$work/user"
chown 65534:65534 "$work/user"
cd "$work/user" || exit 1
cp "$GN" "$work/gossipnet"
as_nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups env HOME=/nonexistent)

cat > long.yaml <<'Y'
name: long
duration: 60s
nodes: [{name: n, count: 20}, {name: lan, kind: switch}]
links: [{between: [n, lan], delay: 1ms}]
gossip: {period: 100ms}
events: [{at: 100ms, from: n1}]
Y
printf '%s\n' "$(sed 's/, delay: 1ms//' long.yaml)" >native.yaml

# interrupted LABEL COMMAND...: run, send the signal that the keyboard sends to the whole foreground group.
interrupted() {
	local label=$1 said status pid
	shift
	setsid env --default-signal=INT "$@" >said 2>&1 &
	pid=$!
	for _ in $(seq 100); do grep -q '^running' said && break; sleep 0.1; done
	sleep 2
	kill -INT -- "-$pid"
	wait "$pid"
	status=$?
	said=$(cat said)
	same "$label: exit status" "$status" 1
	has "$label: says so" "$said" 'interrupted; what happened until then is kept'
	has "$label: shows the summary" "$said" '20/20'
	same "$label: ended_by" "$(sql "$label/run.db" "SELECT value FROM meta WHERE key = 'ended_by'")" interrupt
	same "$label: integrity" "$(sql "$label/run.db" 'PRAGMA integrity_check')" ok
}
interrupted here "$work/gossipnet" run native.yaml -o here
interrupted guest "$work/gossipnet" run long.yaml -o guest
interrupted nobody "${as_nobody[@]}" "$work/gossipnet" run long.yaml -o nobody
same "an ordinary user's run belongs to that user" "$(stat -c %u nobody/run.db)" 65534
same "root's run in a person's folder belongs to that person" "$(stat -c %u guest/run.db here/log here | sort -u)" 65534
has "an ordinary user is told why it is the guest" "$(cat said)" 'running in a User-Mode Linux guest: .*root'
running() { pgrep -f "^$work/gossipnet" >/dev/null; }
for _ in $(seq 20); do running || break; sleep 0.1; done
check "nothing runs any more" eval '! running'
finish
