#!/bin/bash
# SPDX-License-Identifier: MIT
# gossipnet-topology(5): each example is a topology without faults, and each built-in protocol is described
# with its parameters.
. "$(dirname "$0")/../lib.sh"
manual=$top/man/gossipnet-topology.5
cd "$work" || exit 1

awk '/^\.Ed/ { inside = 0 }
	inside { print > sprintf("block%03d", n) }
	/^\.Bd -literal/ { inside = 1; n++ }' "$manual"
examples=0
for block in block*; do
	if grep -qE '^(nodes|generate|include):' "$block"; then
		examples=$((examples + 1))
		if said=$(gn validate "$block" 2>&1); then
			ok "an example: $said"
		else
			not_ok "the example that begins with \"$(head -n 1 "$block")\": $said"
		fi
		cp "$block" small-world.yaml # an example may include the one before it
	elif ! grep -q : "$block"; then
		cp "$block" pairs
	fi
done
within "examples in the manual" "$examples" 13 100

# words FILTER: of the JSON Schema.
words() {
	gn validate --schema | python3 -c "
import json, sys
gossip = json.load(sys.stdin)['properties']['gossip']
$1"
}
protocols=$(words 'print(*gossip["properties"]["protocol"]["anyOf"][0]["enum"], sep="\n")')
parameters=$(words 'print(*gossip["else"]["propertyNames"]["enum"], sep="\n")')
has "protocols in the schema" "$protocols" '^push-pull$'
has "parameters in the schema" "$parameters" '^beta$'
while read -r name; do
	check "$name is in the manual" grep -qE "^\.It Cm $name( |$)" "$manual"
done <<<"$protocols
$parameters"
finish
