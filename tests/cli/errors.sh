#!/bin/bash
# SPDX-License-Identifier: MIT
# Bad input, one case each: the expected sentence on standard error, the exit status, and nothing created.
# Single quotes keep $0 for the inner shell.
# shellcheck disable=SC2016
. "$(dirname "$0")/../lib.sh"
need_root
cd "$work" || exit 1
chmod 755 "$work"
cp "$GN" gossipnet
GN=$work/gossipnet
mkdir in
as_nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups env HOME=/nonexistent)

# refused STATUS PATTERN COMMAND...: ends with this status, says this, leaves nothing new.
refused() {
	local status=$1 pattern=$2 before after said
	shift 2
	before=$(find . -path ./said -prune -o -print | sort)
	"$@" >said 2>&1 </dev/null
	local got=$?
	said=$(cat said)
	rm -f said
	after=$(find . -path ./said -prune -o -print | sort)
	if [ $got != "$status" ]; then
		not_ok "$pattern: exit status $got, wanted $status: $said"
	elif ! grep -qE -- "$pattern" <<<"$said"; then
		not_ok "no '$pattern' in: $said"
	elif [ "$before" != "$after" ]; then
		not_ok "$pattern: left something: $(diff <(echo "$before") <(echo "$after"))"
	else
		ok "$pattern"
	fi
}
# bad PATTERN YAML: a topology with this text is refused by validate and by run, with its place.
bad() {
	printf '%s\n' "$2" >in/t.yaml
	refused 2 "^in/t\.yaml:[0-9]+:[0-9]+: .*$1" gn validate in/t.yaml
	[ $((++yaml_cases % 8)) != 0 ] || refused 2 "$1" gn run in/t.yaml
}
yaml_cases=0

# The command line
refused 2 'a command is missing' gn
refused 2 'unknown command "rnu" \(did you mean run\?\)' gn rnu
refused 2 'unknown command "guets"; see' gn guets
refused 2 'unknown option --sed' gn run --sed 1 x.yaml
refused 2 'unknown option -x' gn run -x x.yaml
refused 2 'option --seed needs a value' gn run x.yaml --seed
refused 2 'option -o needs a value' gn run x.yaml -o
refused 2 '--seed abc: a whole number' gn run --seed abc x.yaml
refused 2 '--seed -1: a whole number' gn run --seed -1 x.yaml
refused 2 '--seed 18446744073709551616: a whole number' gn run --seed 18446744073709551616 x.yaml
refused 2 '--kernel qemu: one of auto, host and uml' gn run --kernel qemu x.yaml
refused 2 'run: an argument is missing; usage: gossipnet run TOPO' gn run
refused 2 'run: unexpected argument "b"' gn run a b
refused 2 'exec: arguments are missing' gn exec x n1
refused 2 'ls: unexpected argument "x"' gn ls x
refused 2 'fault: unknown verb "kil" \(did you mean kill\?\)' gn fault x kil n1
refused 2 'fault: kill takes nodes' gn fault x kill
refused 2 'fault: heal takes nothing' gn fault x heal n1
refused 2 'fault: cpu takes an amount and nodes' gn fault x cpu n1
refused 2 '"a-b-c" names no link' gn set x a-b-c loss=1%
refused 2 '"loss" is no KEY=VALUE' gn set x a-b loss
refused 2 'set: arguments are missing' gn set x a-b
refused 2 'validate: an argument is missing' gn validate
refused 2 'output: the path is empty' gn run x.yaml -o ''
refused 2 'not a command for people' gn guest

# Files
refused 2 'x\.yaml: .*No such file' gn run x.yaml
refused 2 'in: .*directory' gn validate in
: >in/empty.yaml
refused 2 'in/empty\.yaml.*empty' gn validate in/empty.yaml
head -c 3000 /dev/urandom >in/random.yaml
refused 2 'in/random\.yaml:[0-9]+' gn validate in/random.yaml
printf 'nodes:\n  - {name: n, count: 2}\n' >in/secret.yaml
chmod 600 in/secret.yaml
refused 2 'in/secret\.yaml: .*Permission denied' "${as_nobody[@]}" "$GN" validate in/secret.yaml
bad 'did not find' 'nodes: [{name: n'
bad 'tab|cannot start' $'nodes:\n\t- {name: n}'

# Topologies
fine='nodes: [{name: n, count: 3}, {name: lan, kind: switch}]
links: [{between: [n, lan]}]'
printf '%s\n' "$fine" >in/fine.yaml
check "the file that the next cases spoil is fine" gn validate -q in/fine.yaml
bad 'nodse.*did you mean "?nodes' 'nodse: []'
bad 'nodes' 'name: x'
bad 'count' 'nodes: [{name: n, count: 0}]'
bad 'count' 'nodes: [{name: n, count: -5}]'
bad 'count' 'nodes: [{name: n, count: many}]'
bad 'count' 'nodes: [{name: n, count: 99999999999}]'
bad 'kind.*swich|swich.*did you mean "?switch' 'nodes: [{name: n, kind: swich}]'
bad 'name' 'nodes: [{count: 3}]'
bad 'name' 'nodes: [{name: "a/b", count: 3}]'
bad 'n2' 'nodes: [{name: n, count: 3}, {name: n2}]'
bad 'duplicate|twice|already' $'nodes: [{name: n, count: 3}]\nseed: 1\nseed: 2'
bad 'lna.*did you mean "?lan' $'nodes: [{name: n, count: 3}, {name: lan, kind: switch}]\nlinks: [{between: [n, lna]}]'
bad 'itself' $'nodes: [{name: a}, {name: b}]\nlinks: [{between: [a, a]}]'
bad 'between' $'nodes: [{name: a}, {name: b}]\nlinks: [{between: [a]}]'
bad 'unit' "${fine/lan]\}/lan], delay: 10\}}"
bad 'unit|parsec' "${fine/lan]\}/lan], delay: 10parsec\}}"
bad 'delay' "${fine/lan]\}/lan], delay: -1ms\}}"
bad 'loss' "${fine/lan]\}/lan], loss: 101%\}}"
bad 'loss|%' "${fine/lan]\}/lan], loss: 0.5\}}"
bad 'rate' "${fine/lan]\}/lan], rate: 0mbit\}}"
bad 'jiter.*did you mean "?jitter' "${fine/lan]\}/lan], jiter: 1ms\}}"
bad 'protocol|pushpull' "$fine"$'\ngossip: {protocol: pushpull}'
bad 'flood: memory: it sends to all partners' "$fine"$'\ngossip: {protocol: flood, memory: true}'
bad 'fanout' "$fine"$'\ngossip: {fanout: 0}'
bad 'period' "$fine"$'\ngossip: {period: 0s}'
bad 'overlay|rings' "$fine"$'\ngossip: {overlay: rings}'
bad 'degree' "$fine"$'\ngossip: {overlay: k-regular, degree: 3}'
bad 'lan' "$fine"$'\ngossip: {on: [lan]}'
bad 'm.*' "$fine"$'\ngossip: {on: [m]}'
bad 'lan' "$fine"$'\nevents: [{at: 1s, from: lan}]'
bad 'the run ends after 10s' "$fine"$'\nevents: [{at: 1m, from: n1}]'
bad 'size|1024' "$fine"$'\nevents: [{at: 1s, from: n1, size: 1025}]'
bad 'every|repeat' "$fine"$'\nevents: [{at: 1s, from: n1, repeat: 3}]'
bad 'name' "$fine"$'\nname: "../x"'
bad 'seed' "$fine"$'\nseed: -3'
bad 'include|nowhere' "$fine"$'\ninclude: nowhere.yaml'
bad 'include|itself|cycle' "$fine"$'\ninclude: t.yaml'
bad 'graph|rign' 'generate: {graph: rign, nodes: 5}'
bad 'reach' $'nodes: [{name: a}, {name: b}, {name: c}]\nlinks: [{between: [a, b]}]'
bad 'switch needs links' 'nodes: [{name: a}, {name: b}, {name: s, kind: switch}]'
bad 'network is for a topology without links' "$fine"$'\nnetwork: {delay: 1ms}'
bad 'push-pull has no parameter "beta": it belongs to power-law' "$fine"$'\ngossip: {beta: 2.5}'
bad 'beta must be from 1.1 to 10, not 0' "$fine"$'\ngossip: {protocol: power-law, beta: 0}'
bad "unknown protocol \"mine.so\": the path of one's own has a slash" "$fine"$'\ngossip: {protocol: mine.so}'
bad 'cannot load in/./mine.so: No such file' "$fine"$'\ngossip: {protocol: ./mine.so}'
bad 'after must be from 1' "$fine"$'\ngossip: {forget: after 0 rounds}'
bad 'a call takes no time' "${fine/lan]\}/lan], delay: 1ms\}}"$'\ngossip: {clock: rounds}'

# What only the simulator can do
echo 'nodes: [{name: a}, {name: b}]' >in/ideal.yaml
refused 2 'ideal has no links: an ideal network is for gossipnet sim' gn run in/ideal.yaml
printf '%s\n' "$fine" >in/fine.yaml
refused 2 'clock: rounds is for gossipnet sim' gn run in/fine.yaml --set gossip.clock=rounds
refused 2 'log: coverage is for gossipnet sim' gn run in/fine.yaml --set log=coverage
bad 'reach' $'generate: {graph: line, nodes: 4}\ngossip: {overlay: full}'
bad 'until|done' "$fine"$'\nuntil: done'
bad 'document' "$fine"$'\n---\nname: two'
refused 2 '--set gossip\.fanuot=3.*did you mean' gn validate in/fine.yaml --set gossip.fanuot=3
refused 2 '--set nonsense' gn validate in/fine.yaml --set nonsense
refused 2 '--set gossip\.fanout=many' gn run in/fine.yaml --set gossip.fanout=many
three=$(printf 'nodes: [{name: n, count: 3}, {name: n}]\nlinks: [{between: [n, x], delay: 1}]\nfoo: 1\n' >in/t.yaml && gn validate in/t.yaml 2>&1 | grep -c '^in/t.yaml:')
within "several faults in one go" "$three" 3 6

# Places that cannot be written to
mkdir full && echo x >full/file
refused 2 '-o full: is not empty' gn run in/fine.yaml -o full
refused 2 '-o full/file: is not a folder' gn run in/fine.yaml -o full/file
refused 1 '-o no/such/place: cannot make the folder' gn run in/fine.yaml -o no/such/place
chmod 755 in && chmod 644 in/fine.yaml
refused 1 'cannot make the folder results: Permission denied' "${as_nobody[@]}" "$GN" run in/fine.yaml
refused 1 'cannot write to standard output' sh -c '"$0" plan in/fine.yaml >/dev/full' "$GN"

# Missing kernel features, tools and rights
refused 1 '--kernel host: .*(root|permit)' "${as_nobody[@]}" "$GN" run --kernel host in/fine.yaml
if ! gn doctor | grep -q '^  netem  *yes'; then
	printf '%s\n' "${fine/lan]\}/lan], delay: 10ms\}}" >in/shaped.yaml
	refused 1 '--kernel host: .*netem' gn run --kernel host in/shaped.yaml
	refused 1 'netem.*user-mode-linux' unshare -m sh -c 'mount --bind /dev/null /usr/bin/linux.uml && exec "$0" run in/shaped.yaml' "$GN"
	refused 1 '--kernel uml: .*user-mode-linux' unshare -m sh -c 'mount --bind /dev/null /usr/bin/linux.uml && exec "$0" run --kernel uml in/shaped.yaml' "$GN"
fi
printf '%s\n' "$fine" 'schedule: [{at: 1s, memory: 64m, node: n1}]' >in/limited.yaml
refused 1 'a limit of memory needs the control group "memory", .* none is mounted' \
	unshare -m sh -c 'umount -lR /sys/fs/cgroup; exec "$0" run in/limited.yaml' "$GN"
gn run in/fine.yaml -q -o finished --set duration=1500ms >/dev/null 2>&1
check "a run to draw" [ -f finished/run.db ]
refused 1 'gnuplot.*gnuplot-nox' env PATH=/nowhere "$GN" plot finished
refused 2 'svg|png|pdf' gn plot finished -o picture.doc
refused 1 'no/such/place' gn plot finished -o no/such/place/x.png
refused 2 'nowhere: no such run' gn plot nowhere
refused 1 'finished.* is not running|not running' gn exec finished n1 -- true
refused 1 'no network called "nowhere" is running' gn fault nowhere kill n1
refused 1 'finished.* is not running' gn set finished n1-lan loss=1%
refused 1 'no network called "nowhere" is running' gn exec nowhere n1 -- true
refused 2 'is not a result' gn plot in/fine.yaml
mkdir broken && head -c 5000 /dev/urandom >broken/run.db
refused 2 'broken.* is not a result' gn plot broken
mkdir tiny
refused 1 'tiny.*(space|full)' unshare -m sh -c 'mount -t tmpfs -o size=12k none tiny && cd tiny && "$0" run ../in/fine.yaml -o run; s=$?; cd ..; umount tiny; exit $s' "$GN"
finish
