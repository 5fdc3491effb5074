#!/bin/bash
# SPDX-License-Identifier: MIT
# A protocol of one's own: built against what is installed and nothing else, simulated, run live on this kernel and
# in the guest; one for another interface version, and ones that misbehave, are refused by name.
# shellcheck disable=SC2016
. "$(dirname "$0")/../lib.sh"
unset MAKEFLAGS MFLAGS MAKELEVEL DESTDIR PREFIX SAN V SUDO_UID SUDO_GID
make -s -C "$top" install DESTDIR="$work/root" PREFIX=/opt/gn >"$work/said" 2>&1
same "install: exit status, $(tail -1 "$work/said")" $? 0
GN=$work/root/opt/gn/bin/gossipnet
header=$work/root/opt/gn/include/gossipnet/protocol.h

# The example is what the manual prints.
page=$work/root/opt/gn/share/man/man3/gossipnet-protocol.3
# listing N: the N-th literal block of the page.
listing() { awk -v n="$1" '/^\.Ed/ { on = 0 } on; /^\.Bd -literal/ && ++i == n { on = 1 }' "$page" | sed 's/\\e/\\/g'; }
check "the manual's example is tests/plugin/mongering.c" cmp <(listing 1) "$top/tests/plugin/mongering.c"
check "and its Makefile" cmp <(listing 2) "$top/tests/plugin/Makefile"
same "which has five lines" "$(wc -l <"$top/tests/plugin/Makefile")" 5

# What the header declares, the program exports, and nothing else of its own.
has_not_inline() { sed -nE '/^static/d; s/^[a-z].*[ *](gn_[a-z0-9_]+)\(.*/\1/p' "$header" | sort; }
same "exported functions" "$(nm -D --defined-only "$GN" | awk '$3 ~ /^gn_/ { print $3 }' | sort)" "$(has_not_inline)"

mkdir "$work/own"
cd "$work/own" || exit 1
cp "$top"/tests/plugin/{Makefile,mongering.c,misbehaving.c} .
build() { make -s PREFIX="$work/root/opt/gn" "$1.so" 2>&1; }
same "the example compiles without a word" "$(build mongering)" ""
sed -i 's/mongering\.so: mongering\.c/%.so: %.c/' Makefile
same "so does the misbehaving one" "$(build misbehaving)" ""

# Refused, and why.
# refused DESCRIPTION PATTERN ARGS...: exit status 2, one line at the place where the protocol is named.
refused() {
	local description=$1 pattern=$2 said
	shift 2
	said=$(gn validate t.yaml "$@" 2>&1)
	same "$description: exit status" $? 2
	same "$description: lines" "$(wc -l <<<"$said")" 1
	has "$description" "$said" "^t\\.yaml:[0-9]+:[0-9]+: $pattern|^--set gossip\\.[^ ]*: $pattern"
}
# variant NAME SED: the example, changed.
variant() { sed "$2" mongering.c >"$1.c" && build "$1" >/dev/null; }
cat >t.yaml <<'Y'
nodes: [{name: n, count: 1000}]
gossip: {protocol: ./mongering.so, period: 1s, clock: rounds}
duration: 60s
Y
check "the example is found beside the file" gn validate -q t.yaml
check "from elsewhere, too" bash -c 'cd / && "$1" validate -q "$2/t.yaml"' - "$GN" "$PWD"
refused "counter: 0" 'counter must be from 1 to 1000' --set gossip.counter=0
refused "a key that it does not have" 'mongering has no parameter "countre" \(did you mean "counter"' --set gossip.countre=1
refused "no such file" 'cannot load \./none\.so: No such file or directory' --set gossip.protocol=./none.so
refused "not a shared object" 'cannot load \./mongering\.c: invalid ELF header' --set gossip.protocol=./mongering.c
variant old 's/\.abi = GN_PROTOCOL_ABI/.abi = 1/'
refused "another version" '\./old\.so was compiled for version 1 of the protocol interface, this gossipnet has version 4: compile it' \
	--set gossip.protocol=./old.so
variant unnamed 's/gossipnet_protocol/my_protocol/'
refused "another symbol" '\./unnamed\.so exports no gossipnet_protocol' --set gossip.protocol=./unnamed.so
variant stepless '/\.step = step/d'
refused "no step()" '\./stepless\.so: the protocol has no step\(\)' --set gossip.protocol=./stepless.so
variant clash 's/\.name = "mongering"/.name = "push"/'
refused "a name that is taken" '\./clash\.so: the protocol calls itself push, as a built-in one' --set gossip.protocol=./clash.so
variant key 's/"counter"/"fanout"/'
refused "a parameter's name that is taken" 'mongering has a parameter "fanout", which is a key of gossip' \
	--set gossip.protocol=./key.so
variant newer 's/gn_rumors_forget(/gn_rumors_banish(/; s/^enum/void gn_rumors_banish(struct gn_rumors, uint32_t); enum/'
refused "a function that there is not" 'cannot load \./newer\.so: undefined symbol: gn_rumors_banish' \
	--set gossip.protocol=./newer.so

# Simulated: the share of nodes that never learn against a plain loop of the same model (that of Demers et al.,
# section 1.4, is near it: s = e^(-(k+1)(1-s)) if contacts come one after another).
dump() { sqlite3 "$1/run.db" .dump | grep -v "INTO meta VALUES('\(started_utc\|wall\)"; }
cat >loop.py <<'P'
import random, statistics, sys
def residue(n, k, draw):
    known, hot = {0}, {0: 0}
    while hot:
        before, learned = frozenset(known), []
        for node in list(hot):
            partner = (node + 1 + draw(n - 1)) % n
            if partner not in before:
                learned.append(partner)
            else:
                hot[node] += 1
                if hot[node] == k:
                    del hot[node]
        hot.update((partner, 0) for partner in learned)
        known.update(learned)
    return 1 - len(known) / n
k, sample = int(sys.argv[1]), [float(line) for line in sys.stdin]
loop = [residue(1000, k, random.Random(seed).randrange) for seed in range(60)]
error = statistics.stdev(loop) * (1 / len(loop) + 1 / len(sample)) ** 0.5
mean = statistics.mean(loop)
print(len(sample), statistics.mean(sample), mean - 4 * error, mean + 4 * error)
P
for k in 1 2 3; do
	for seed in $(seq 20); do
		gn sim t.yaml -q --seed "$seed" -o "c$k-$seed" --set "gossip.counter=$k" || echo "sim failed" >&2
		sql "c$k-$seed/run.db" 'SELECT 1 - informed / 1000.0 FROM spread'
	done >residues
	read -r number mean low high < <(python3 loop.py "$k" <residues)
	same "counter $k: simulations" "$number" 20
	within "counter $k: residue" "$mean" "$low" "$high"
done
gn sim t.yaml -q --seed 1 -o again --set gossip.counter=2
same "the same seed, the same result" "$(dump again | md5sum)" "$(dump c2-1 | md5sum)"
check "another seed, another one" test "$(dump again | md5sum)" != "$(dump c2-2 | md5sum)"
gn sim t.yaml -q -o poisson --set gossip.clock=poisson
within "with another clock: informed" "$(sql poisson/run.db 'SELECT informed FROM spread')" 900 1000

cat >study.yaml <<'Y'
name: own
topology: t.yaml
seeds: 2
vary: {gossip.protocol: [push, ./mongering.so]}
Y
said=$(cd / && gn study "$work/own/study.yaml" -q -o "$work/own/study" 2>&1)
same "a study, from elsewhere: exit status, $said" $? 0
same "a study's runs" "$(sql study/study.db 'SELECT count(*) FROM run')" 4

# Misbehaviour: named, and at the same moment in each run.
cat >m.yaml <<'Y'
nodes: [{name: n, count: 8}]
gossip: {protocol: ./misbehaving.so, period: 100ms}
duration: 5s
events: [{from: n3, at: 1s}, {from: n4, at: 4s}]
Y
gn sim m.yaml -q -o good
same "misbehaving, without a fault: exit status" $? 0
n=0
while read -r fault sentence; do
	first=$(gn sim m.yaml -q -o "$fault-1" --set "gossip.fault=$fault" 2>&1)
	same "$fault: exit status" $? 1
	has "$fault is named, with protocol and node" "$first" "misbehaving.*n3.*$sentence|n3.*misbehaving.*$sentence"
	n=$((n + 1))
	[ "$fault" != flood ] || continue # which takes seconds and 1 GB
	second=$(gn sim m.yaml -q -o "$fault-3" --set "gossip.fault=$fault" --set log=coverage 2>&1)
	same "$fault: whatever is logged" "${second//$fault-3/$fault-1}" "$first"
	second=$(gn sim m.yaml -q -o "$fault-2" --set "gossip.fault=$fault" 2>&1)
	same "$fault: the same again" "${second//$fault-2/$fault-1}" "$first"
done <<'E'
stranger sent a datagram to a member that does not exist
itself sent a datagram to itself
large sent a datagram larger than GN_DATAGRAM_MAX, 1400 bytes
empty sent a datagram without content
flood sent more datagrams in one step than GN_STEP_DATAGRAMS_MAX
past asked for a deadline in the past
unknown delivered an event that does not exist
early delivered an event that has not been published yet
twice delivered the first copy of an event twice
call called itself
refuse refused an input that is not a datagram
E
said=$(gn sim m.yaml -q -o crash --set gossip.fault=crash 2>&1)
same "a crash: exit status" $? 1
has "a crash is named, with the protocol" "$said" 'protocol misbehaving crashed: .* signal 4'
"$GN" sim m.yaml -q -o hang --set gossip.fault=hang 2>said &
pid=$!
until [ "$(sql hang/run.db "SELECT count(*) FROM meta WHERE key = 'ended_by'" 2>/dev/null)" = 1 ]; do sleep 0.1; done
kill -TERM $pid
sleep 1.2
check "it does not return: asked for the end once, it is waited for" kill -0 $pid
kill -TERM $pid
wait $pid
same "asked again, it is killed: exit status" $? 1
has "which is said" "$(cat said)" 'protocol misbehaving did not return when asked for the end, and was killed'
n=$((n + 2))
same "all faults were tried" "$n" "$(grep -c '^	[A-Z]*,$' <(sed -n '/^enum fault/,/^}/p' misbehaving.c | tail -n +3))"

# live DESCRIPTION NAME ARGS...: the example and a fault, on links that are not shaped.
live() {
	local description=$1 name=$2 said
	shift 2
	gn run live.yaml -q -o "$name" "$@" --set gossip.counter=5 2>"$work/said"
	carried_out "$description" $?
	within "$description: informed" "$(sql "$name/run.db" 'SELECT informed FROM spread')" 6 8
	same "$description: its name" "$(sql "$name/run.db" "SELECT value FROM meta WHERE key = 'protocol'")" mongering
	said=$(gn run live.yaml -o "$name-bad" "$@" --set gossip.protocol=./misbehaving.so \
		--set gossip.fault=itself 2>&1)
	same "$description, misbehaving: exit status" $? 1
	has "$description, misbehaving: named" "$said" 'n1.*misbehaving sent a datagram to itself'
}
cat >live.yaml <<'Y'
nodes: [{name: n, count: 8}, {name: lan, kind: switch}]
links: [{between: [n, lan]}]
gossip: {protocol: ./mongering.so, period: 20ms}
duration: 1s
events: [{at: 100ms}]
Y
[ "$(id -u)" != 0 ] || live "live, this kernel" host --kernel host
! command -v linux.uml >/dev/null || live "live, in the guest" guest --kernel uml
finish
