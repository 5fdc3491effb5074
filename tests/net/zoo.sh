#!/bin/bash
# SPDX-License-Identifier: MIT
# Two networks of the Internet Topology Zoo, imported and run: a ping between the five pairs of places that are farthest
# apart takes what the shortest path's delays, there and back, add up to, within 1 ms + 2 %, and everybody learns. The
# paths are found here, from the GML alone: great circles, 200 km/ms, places without coordinates on their only neighbour.
. "$(dirname "$0")/../lib.sh"
need_root
need_guest
zoo=$top/../shared/data/zoo
cd "$work" || exit 1

# farthest FILE: the five farthest pairs, by id in the file, and their round trips in ms.
farthest() {
	python3 - "$1" <<'END'
import heapq, math, re, sys
text = open(sys.argv[1]).read()
lists = lambda kind: [dict(re.findall(r'(\w+) "?([^"\n]*)"?\n', body)) for body in re.findall(r'\n  %s \[\n(.*?)  \]' % kind, text, re.S)]
nodes = {n['id']: n for n in lists('node')}
edges = [(e['source'], e['target']) for e in lists('edge')]
where = {i: (math.radians(float(n['Latitude'])), math.radians(float(n['Longitude']))) for i, n in nodes.items() if 'Latitude' in n}
for i in nodes:
    if i not in where:
        near = {b if a == i else a for a, b in edges if i in (a, b)}
        assert len(near) == 1, (i, near)
        where[i] = where[near.pop()]
def ms(a, b):
    (p, l), (q, m) = where[a], where[b]
    c = math.sin(p) * math.sin(q) + math.cos(p) * math.cos(q) * math.cos(l - m)
    return math.acos(min(c, 1)) * 6371.0088 / 200
near = {i: [] for i in nodes}
for a, b in edges:
    near[a].append(b)
    near[b].append(a)
def distances(a):
    done, heap = {}, [(0, a)]
    while heap:
        d, v = heapq.heappop(heap)
        if v not in done:
            done[v] = d
            for w in near[v]:
                heapq.heappush(heap, (d + ms(v, w), w))
    return done
pairs = sorted(((2 * d, a, b) for a in nodes for b, d in distances(a).items() if int(a) < int(b)), reverse=True)
for d, a, b in pairs[:5]:
    print(nodes[a]['label'], nodes[b]['label'], '%.3f' % d)
END
}

for name in AttMpls Geant2012; do
	check "$name is there" test -r "$zoo/$name.gml"
	farthest "$zoo/$name.gml" >pairs
	same "$name: pairs" "$(wc -l <pairs)" 5
	"$GN" import -q "$zoo/$name.gml" -o "$name.yaml"
	"$GN" run "$name.yaml" -q -o "run-$name" --set duration=120s --set until=duration 2>err &
	pid=$!
	wait_for_node "run-$name" "$(cut -d' ' -f1 pairs | head -1)"
	while read -r from to rtt; do
		gn exec "run-$name" "$from" -- ping -c 9 -i 0.2 "$to" </dev/null >pings
		# The fastest of nine: whatever else the machine has to do only adds to it, at each of up to ten nodes.
		measured=$(sed -n 's/^.* time=\([0-9.]*\) ms$/\1/p' pings | sort -n | head -1)
		within "$name: from $from to $to and back, ms" "$measured" "$(awk "BEGIN { print $rtt - 1 - $rtt / 50 }")" \
			"$(awk "BEGIN { print $rtt + 1 + $rtt / 50 }")"
	done <pairs
	kill -TERM $pid
	wait $pid
	same "$name: who has not learnt" "$(sql "run-$name/run.db" 'SELECT nodes - informed FROM spread')" 0
done
finish
