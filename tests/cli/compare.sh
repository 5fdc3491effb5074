#!/bin/bash
# SPDX-License-Identifier: MIT
# Two results, or sets of results, are of one kind or not: by numbers counted elsewhere, and by the exit status.
. "$(dirname "$0")/../lib.sh"
cd "$work" || exit 1
cat >t.yaml <<'Y'
until: informed
duration: 100s
nodes: [{name: n, count: 100}]
network: {delay: 10ms}
gossip: {protocol: push-pull, period: 200ms}
events: [{at: 400ms, from: n1, repeat: 2, every: 3s}]
Y
# simulate FOLDER FIRST_SEED RUNS OPTIONS...
simulate() {
	local folder=$1 seed=$2 runs=$3
	shift 3
	mkdir -p "$folder"
	for ((i = seed; i < seed + runs; i++)); do
		gn sim t.yaml --seed "$i" -o "$folder/$i" -q "$@" || not_ok "simulation $folder/$i"
	done
}
row() { grep -E "^$1 " | tr -s ' '; }

simulate one 1 30
simulate other 101 25
simulate coverage 1 30 --set log=coverage
simulate two-calls 201 30 --set gossip.fanout=2

text=$(gn compare one other)
same "two samples of one thing: exit status" $? 0
has "the sides are named" "$text" '^A  one: 30 runs, sim, 100 nodes$'
same "all agree" "$(grep -c ' agree$' <<<"$text")" 4
same "the figure" "$(head -c 4 one/compare.png | tr -d '\211\0')" PNG

# Medians and distances, counted from the tables.
cat >count.py <<'Y'
import bisect, glob, sqlite3, sys
def column(folder, sql):
    return sorted(sqlite3.connect(db).execute(sql).fetchone()[0] for db in glob.glob(folder + '/*/run.db'))
def middle(v):
    return (v[(len(v) - 1) // 2] + v[len(v) // 2]) / 2
def distance(a, b):
    return max(abs(bisect.bisect(a, x) / len(a) - bisect.bisect(b, x) / len(b)) for x in a + b)
for name, sql, unit in (('T50', 'SELECT avg(t50_ns) FROM spread', 1e6), ('T90', 'SELECT avg(t90_ns) FROM spread', 1e6),
                        ('T100', 'SELECT avg(t100_ns) FROM spread', 1e6),
                        ('datagrams per node', "SELECT avg(value) FROM node_stat WHERE key = 'datagrams_sent'", 1)):
    a, b = column('one', sql), column('other', sql)
    form = '%.1f ms' if unit > 1 else '%.4g'
    print(name, '%d, %d' % (len(a), len(b)), form % (middle(a) / unit), form % (middle(b) / unit), '%.3f' % distance(a, b))
Y
same "medians and distances" "$(sed -n '/^T50/,/^datagrams/p' <<<"$text" | tr -s ' ' | sed -E 's/ [^ ]+ agree$//')" "$(python3 count.py)"
text=$(gn compare one one)
same "the same runs" "$(row T90 <<<"$text" | cut -d' ' -f8-)" "0.000 1 agree"

text=$(gn compare one coverage)
same "arrivals and coverage: exit status" $? 0
same "arrivals and coverage: no distance" "$(grep -c ' 0\.000 *1  agree$' <<<"$text")" 4

text=$(gn compare one two-calls -o both.svg)
same "one call and two: exit status" $? 3
same "one call and two differ" "$(grep -c ' differ$' <<<"$text")" 4
has "the figure has both" "$(cat both.svg)" 'one: median and 5 to 95 % of 60 events'
has "the figure has both" "$(cat both.svg)" 'two-calls: median'
same "with -q" "$(gn compare one two-calls -q -o both.svg 2>&1; echo $?)" 3

# What gnuplot is given, recorded on the way to the real one: quantiles over all events in the middle of the picture.
gnuplot=$(command -v gnuplot)
mkdir bin
printf '#!/bin/sh\ntee "%s/script" | "%s" "$@"\n' "$work" "$gnuplot" >bin/gnuplot
chmod +x bin/gnuplot
PATH=$work/bin:$PATH gn compare one other -q -o both.svg
cat >quantiles.py <<'Y'
import glob, sqlite3, sys
t = float(sys.argv[2]) * 1e6
known = sorted(n for db in glob.glob(sys.argv[1] + '/*/run.db') for n, in sqlite3.connect(db).execute(
    'SELECT (SELECT count(*) FROM coverage AS c WHERE c.event = e.id AND c.t_ns <= ?) FROM event AS e', (t,)))
print(*('%.7g' % known[(len(known) * q + 99) // 100 - 1] for q in (5, 50, 95)))
Y
for side in 0 1; do
	read -r x quantiles <<<"$(sed -n "/^\$side$side /,/^end_of_side/p" script | sed -n 202p)"
	same "curve $side at $x ms as drawn" "$quantiles" "$(python3 quantiles.py "$([ $side = 0 ] && echo one || echo other)" "$x")"
done

# What is unlike is named, between the results and within one, and compared all the same. Seeds are nobody's difference.
same "nothing to warn of" "$(gn compare one other -o both.png | grep -c '^warning')" 0
has "one call and two: the warning" "$text" '^warning: these runs were told different things: fanout 1 in A, 2 in B$'
simulate mixed 1 1 --set nodes.n.count=60
simulate mixed 2 1 --set nodes.n.count=400 --set gossip.protocol=push --set gossip.period=50ms
simulate mixed 3 1 --set nodes.n.count=200 --set network.loss=1%
text=$(gn compare mixed other -o both.png)
has "a mixed set: the head" "$text" '^A  mixed: 3 runs, sim, 60 to 400 nodes$'
for difference in 'nodes 60, 400 and 200 in A, 100 in B' 'protocol push-pull and push in A, push-pull in B' \
	'period 200 ms and 50 ms in A, 200 ms in B' 'loss of the ideal network 0 % and 1 % in A, 0 % in B'; do
	has "a mixed set: the warning" "$text" "^warning: .*$difference(;|$)"
done
same "a mixed set: one warning, of nothing else" "$(grep ^warning <<<"$text" | tr -cd ';')" ';;;'
sqlite3 mixed/2/run.db "UPDATE meta SET value = 'live' WHERE key = 'backend'"
has "live and simulated runs in one set" "$(gn compare mixed other -o both.png)" '^A  mixed: 3 runs, sim and live, 60 to 400 nodes$'

# Single runs, in all the ways that a run is named. Two events are too few.
gn sim t.yaml -q
gn sim t.yaml -q --seed 7
for name in t results/t results/t/latest results/t/latest/run.db; do
	text=$(gn compare "$name" one/7 -o both.png)
	same "$name: exit status" $? 0
	same "$name: too few" "$(grep -c ' 0\.000 .* too few to tell$' <<<"$text")" 4
done
has "a run against a set is compared by events" "$(gn compare t other -o both.png)" '^T50  *2, 50 '

# What never came is later than everything.
mkdir never
sample=$top/build/plain/tests/tools/sample_run
for missing in 0 1; do
	mkdir never/$missing
	"$sample" never/$missing/run.db 100 20 $missing
done
text=$(gn compare never/0 never/1 -o both.png)
same "not all nodes: exit status" $? 3
has "not all nodes: T100" "$text" '^T100  *20, 17 .* -  1\.000 .* differ$'
has "not all nodes: T90" "$text" '^T90 .* agree$'

# The same thing, observed for 22 s and for 60 s: only what was observed in both is told apart and drawn.
cat >short.yaml <<'Y'
nodes: [{name: n, count: 1000}]
duration: 22s
gossip: {protocol: push, clock: rounds, period: 1s}
events: [{at: 0s, repeat: 20, every: 1s}]
Y
gn sim short.yaml -q -o short
gn sim short.yaml -q -o long --seed 2 --set duration=60s
text=$(PATH=$work/bin:$PATH gn compare short long -o both.png)
same "a short and a long run: exit status" $? 0
same "a short and a long run: T50 to T100 agree" "$(grep -c '^T.* agree$' <<<"$text")" 3
has "a short and a long run: T90" "$text" '^T90  *10, 20  *13\.00 s  *13\.00 s '
has "a short and a long run: what is left out is said" "$text" \
	'^T90: up to 13\.00 s after the publication, later is never\. Left out as observed for less: 10 of 20 events of A, 0 of 20 of B\.$'
for side in 0 1; do sed -n "/^\$side$side /,/^end_of_side/p" script | tail -n 2 | head -n 1 | cut -d' ' -f1,3; done >ends
within "the curve of the short run ends at half of its events" "$(sed -n '1s/ .*//p' ends)" 13 13
same "that of the long run goes on" "$(sed -n '2s/.* //p' ends)" 100
has "two long runs leave nothing out" "$(gn compare long long -o both.png | grep -c '^T.*left out')" '^0$'

# Runs that their own check calls invalid, and killed ones.
cp -r one doubtful
for i in 3 5; do
	sqlite3 doubtful/$i/run.db "UPDATE meta SET value = 'invalid' WHERE key = 'verdict'"
	sqlite3 doubtful/$i/run.db "DELETE FROM node_stat; DELETE FROM meta WHERE key = 'datagrams'"
done
sqlite3 doubtful/7/run.db "UPDATE meta SET value = 'suspect' WHERE key = 'verdict'"
text=$(gn compare doubtful other)
has "suspect and invalid runs are counted" "$text" '^A  doubtful: 30 runs, sim, 100 nodes; suspect by their own check: 1; invalid by their own check: 2$'
has "a killed run sent nobody knows how much" "$text" '^datagrams per node  *28, 25 '

# refused DESCRIPTION STATUS PATTERN COMMAND...: a sentence, and no new file.
refused() {
	local description=$1 status=$2 pattern=$3 before sentence
	shift 3
	before=$(find . | sort)
	sentence=$("$@" 2>&1 >/dev/null)
	same "$description: exit status" $? "$status"
	has "$description" "$sentence" "$pattern"
	same "$description: nothing left" "$(find . | sort)" "$before"
}
mkdir empty
refused "no such run" 2 '^gossipnet: nowhere: no such run' gn compare one nowhere
refused "a folder without results" 2 '^gossipnet: empty: no such run' gn compare empty one
refused "one argument" 2 'compare: arguments are missing' gn compare one
refused "three arguments" 2 'unexpected argument "other"' gn compare one one other
refused "unknown ending" 2 'ends in \.svg, \.png or \.pdf' gn compare one other -o both.jpg
echo nonsense >empty/run.db
refused "not a result" 2 'empty/run\.db is not a result of gossipnet' gn compare one empty -o both.png
"$sample" empty/run2.db 50 0 && mv empty/run2.db empty/run.db
refused "nothing happened" 1 'empty/run\.db: nothing to draw' gn compare one empty -o new.png
refused "no gnuplot" 1 'install the package gnuplot-nox' env PATH="$work/empty" "$GN" compare one other -o new.png
finish
