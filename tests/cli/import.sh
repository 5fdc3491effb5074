#!/bin/bash
# SPDX-License-Identifier: MIT
# gossipnet import: what is written can be planned and simulated, warnings say what was assumed, delays follow the great
# circle or the matrix, and of a bad file all faults are named and nothing is written.
. "$(dirname "$0")/../lib.sh"
zoo=$top/../shared/data/zoo
matrix=$top/../shared/data/ibm-cloud-rtt-2024-10.csv
cd "$work" || exit 1

said=$(gn import "$top/tests/data/cities.gml" -o cities.yaml 2>&1)
same "exit status" $? 0
has "a place between its neighbours" "$said" '1 place without coordinates, put in the middle of its neighbours: Milano$'
has "a loop" "$said" '1 edge from a node to itself, left out$'
has "parallel edges" "$said" '1 more edge between nodes that have one already: one link'
has "parts" "$said" '2 parts that are not connected: hosts are only in the largest, of 5 places$'
same "warnings are in the file" "$(grep -c '^# .*\(without coordinates\|to itself\|have one already\|not connected\)' cities.yaml)" 4
same "a plan of it" "$(gn plan cities.yaml | sed -nE 's/^link [0-9]+ ([A-Z][^ ]*):eth[0-9]+ -> ([A-Z][^ ]*):.* delay ([^ ]*)( rate [^ ]*)? .*/\1 \2 \3\4/p' | sed -n 'p;n')" \
	'Paris Zurich 2445us rate 20gbit
Paris Roma 30ms
Zurich Milano 1711us rate 2500mbit
Milano Roma 1711us
Roma Roma-2 500us
Oslo Bergen 1523us'
same "the way of least delay" "$(gn plan cities.yaml | sed -nE 's/^route Paris .* via (Zurich|Roma)$/\1/p' | sort | uniq -c | awk '{ print $2 }')" Zurich
gn import -q "$top/tests/data/cities.graphml" -o graphml.yaml
same "GraphML is the same" "$(grep -E 'Paris|between: \[Zurich, Roma' graphml.yaml | grep -v over)" \
	'  - {name: Paris, kind: router} # 48.85341, 2.34880
  - {between: [Paris, Zurich], delay: 2.445ms, rate: 10gbit}
  - {between: [Zurich, Roma], delay: 3.423ms}'
for name in cities graphml; do
	gn sim -q -o "sim-$name" $name.yaml
	same "$name: everybody learns in a simulation" "$(sql sim-$name/run.db 'SELECT nodes - informed FROM spread')" 0
done

# Those of others, which are not ours to copy.
for file in "$zoo/AttMpls.gml" "$zoo/Geant2012.gml" "$matrix"; do
	name=$(basename "${file%.*}")
	check "$name is there" test -r "$file"
	said=$(gn import "$file" 2>&1 >"$name.yaml")
	same "$name: exit status" $? 0
	gn sim -q -o "sim-$name" "$name.yaml"
	same "$name: everybody learns in a simulation" "$(sql "sim-$name/run.db" 'SELECT nodes - informed FROM spread')" 0
	[ "$name" != Geant2012 ] || has "$name: places without coordinates" "$said" '3 places without coordinates.*: UA, MD, BY$'
done
same "a matrix: both directions take half of the mean" "$(gn plan ibm-cloud-rtt-2024-10.yaml | grep -cE '^link .*(dallas.*london|london.*dallas).* delay 56750us ')" 2
same "a matrix: direct routes" "$(gn plan ibm-cloud-rtt-2024-10.yaml | grep -E '^route tokyo .* via ' | awk '{ print $NF }' | sort -u | wc -l)" 10

# What is there and is no file of its own stays what it is, and a file whose name comes near is left alone.
printf 'from,a,b\na,0,1\nb,1,0\n' >two.csv
gn import -q two.csv >two.yaml
echo mine >mine
ln -s mine link
ln -s mine new.yaml.part
echo old >old.yaml
mkfifo pipe
timeout 20 cat pipe >piped &
gn import -q two.csv -o pipe
wait $!
same "a pipe stays one, and has it all" "$(test -p pipe && cmp piped two.yaml && echo yes)" yes
gn import -q two.csv -o new.yaml
same "no link beside the file is followed" "$(cat mine) $(cmp new.yaml two.yaml && echo whole)" 'mine whole'
gn import -q two.csv -o link
same "a link stays one, and has it all" "$(test -L link && cmp mine two.yaml && echo yes)" yes
gn import -q two.csv -o old.yaml
same "a file is replaced, and nothing left beside it" "$(cmp old.yaml two.yaml && ls ./*.tmp 2>&1)" \
	"ls: cannot access './*.tmp': No such file or directory"

# fault DESCRIPTION FILE TEXT WANTED: what is said of a file with this text.
fault() {
	printf '%b' "$3" >"$2"
	said=$(gn import "$2" -o never.yaml 2>&1)
	same "$1" "$? $said" "2 $4"
}
fault "broken GML" bad.gml 'graph [\n  node [ id 1\n' 'bad.gml:2:8: not GML: the list that begins here does not end'
fault "broken GraphML" bad.graphml '<graphml>\n<graph>\n</graphml>\n' 'bad.graphml:3:3: not XML: mismatched tag'
fault "text, negative times, ragged rows" bad.csv 'from,a,b\na,0,x\nb,-1,2,3\n' \
	'bad.csv:2:5: a round-trip time is a number of ms, not "x"
bad.csv:3:1: this row has 3 times, and the head 2 places
bad.csv:3:3: a round-trip time is from 0 to 3.6e+06 ms, not -1'
fault "an edge to nowhere" bad.gml 'graph [\n  node [ id 1 ]\n  edge [ source 1 target 2 ]\n]\n' \
	'bad.gml:3:26: no node has the id "2"'
has "an unknown ending" "$(gn import /etc/passwd 2>&1)" 'must end with .gml, .graphml or .csv'
has "no such file" "$(gn import none.gml 2>&1)" 'none.gml: cannot read the file: No such file or directory'
check "nothing was written" test ! -e never.yaml -a ! -e never.yaml.part
said=$(gn import "$zoo/AttMpls.gml" -o /nowhere/x.yaml 2>&1)
same "cannot write: exit status" $? 1
has "cannot write" "$said" 'cannot write /nowhere/x.yaml: No such file'
finish
