#!/bin/bash
# SPDX-License-Identifier: MIT
# From a copy of the sources with nothing built: install, what is installed works elsewhere, uninstall; the
# demo; and after sudo everything that was made belongs to the person who typed it, also after a failure.
. "$(dirname "$0")/../lib.sh"
need_guest
unset MAKEFLAGS MFLAGS MAKELEVEL DESTDIR PREFIX CC SAN V SUDO_UID SUDO_GID
copy=$work/copy
mkdir "$copy"
tar -C "$top" -c --exclude=./build --exclude=./gossipnet --exclude=./results/* --exclude=./.git . | tar -C "$copy" -x
cd "$copy" || exit 1
person=()
[ "$(id -u)" != 0 ] || person=(env SUDO_UID=65534 SUDO_GID=65533)
# given_back DESCRIPTION: nothing that was made belongs to root.
given_back() {
	[ "$(id -u)" = 0 ] || return
	same "$1: made" "$(ls -d build 2>&1)" build
	same "$1: not given back" "$(find build gossipnet results ! \( -uid 65534 -gid 65533 \) 2>/dev/null | head -3)" ""
}

cp src/cmd/run.c "$work/run.c"
echo '#error' >>src/cmd/run.c
"${person[@]}" make -s demo >"$work/said" 2>&1
same "a demo that does not compile: exit status" $? 2
given_back "a demo that does not compile"
cp "$work/run.c" src/cmd/run.c
rm -rf build

"${person[@]}" make -s -j2 install DESTDIR="$work/root" PREFIX=/opt/gn >"$work/said" 2>&1
same "install: exit status" $? 0
given_back "install"
there=$work/root/opt/gn
share=$there/share
same "installed outside of the prefix" "$(find "$work/root" ! -path "$there*" ! -path "$work/root" ! -path "$work/root/opt")" ""
mv gossipnet gossipnet-moved # nothing may depend on the place where it was built
mv topo topo-moved
mv netem netem-moved
same "version, from elsewhere" "$(cd / && "$there/bin/gossipnet" --version 2>&1)" "gossipnet $(sed -n 's/^VERSION := //p' Makefile)"
examples=0
for example in "$share"/gossipnet/topo/*.yaml; do
	[[ $example != *.study.yaml ]] || continue # gossipnet study checks those
	said=$(cd / && "$there/bin/gossipnet" validate -q "$example" 2>&1)
	same "installed ${example##*/} is valid" "$? $said" "0 "
	examples=$((examples + 1))
done
printf 'nodes:\n  - {name: n, count: 2}\n  - {name: lan, kind: switch}\nlinks:\n  - {between: [n, lan], profile: dsl}\n' >"$work/dsl.yaml"
has "the profiles are found" "$(cd / && "$there/bin/gossipnet" plan "$work/dsl.yaml" 2>&1)" '^link .* rate 16mbit'
same "examples" "$examples" "$(find topo-moved -name '*.yaml' ! -name '*.study.yaml' | wc -l)"
has "the schema is JSON" "$(python3 -m json.tool "$share/gossipnet/topology.schema.json" 2>&1)" 'json-schema.org/draft/2020-12/schema'
for page in man/*.[1-8]; do
	check "page $page" cmp -s "$page" "$share/man/man${page##*.}/${page##*/}"
done
check "the header of protocols" cmp -s include/gossipnet/protocol.h "$there/include/gossipnet/protocol.h"
same "files" "$(find "$there" -type f | wc -l)" "$((1 + $(find topo-moved netem-moved -name '*.yaml' | wc -l) + 1 + $(find man -name '*.[1-8]' | wc -l) + 1))"
mv gossipnet-moved gossipnet
mv topo-moved topo
mv netem-moved netem
make -s uninstall DESTDIR="$work/root" PREFIX=/opt/gn >/dev/null
same "uninstall leaves" "$(find "$work/root" ! -type d)$(find "$work/root" -name '*gossipnet*')" ""

"${person[@]}" make -s demo >"$work/said" 2>&1
same "demo: exit status, $(tail -1 "$work/said")" $? 0
given_back "demo"
has "demo: says where the database is" "$(cat "$work/said")" 'results/quickstart/.*/?run\.db'
has "demo: says where the plot is" "$(cat "$work/said")" 'coverage\.png'
same "demo: first arrivals" "$(sql results/quickstart/latest/run.db 'SELECT count(*) FROM arrival WHERE first = 1')" 50
same "demo: the plot is a PNG" \
	"$(python3 -c 'import struct, sys; d = open(sys.argv[1], "rb").read(); w, h = struct.unpack(">II", d[16:24]); print(d[:8] == b"\x89PNG\r\n\x1a\n" and d[-8:-4] == b"IEND" and w > 300 and h > 200)' \
		results/quickstart/latest/coverage.png)" True

# Tests that fail: the real ones would test themselves here.
rm -r tests/cli tests/net tests/unit tests/sim
mkdir tests/cli
printf '#!/bin/sh\necho "not ok - always"\nexit 1\n' >tests/cli/bad.sh
chmod +x tests/cli/bad.sh
if [ "$(id -u)" = 0 ]; then
	chown -R 0:0 build gossipnet
	"${person[@]}" make -s check >"$work/said" 2>&1
	same "a check that fails: exit status" $? 2
	has "a check that fails: says so" "$(cat "$work/said")" '0 passed, 1 failed'
	given_back "a check that fails"
fi
finish
