#!/bin/bash
# SPDX-License-Identifier: MIT
# gossipnet-results(5) is true: its tables and columns are those of a file, its queries run.
. "$(dirname "$0")/../lib.sh"
page=$top/man/gossipnet-results.5
db=$work/run.db
"$top/build/plain/tests/tools/sample_run" "$db" 50 3 || exit 1
cat >"$work/real.yaml" <<'Y'
duration: 1500ms
log: calls
nodes: [{name: n, count: 3}, {name: lan, kind: switch}]
links: [{between: [n, lan]}]
gossip: {overlay: k-regular, degree: 2}
events: [{at: 100ms, from: n1}]
Y
gn run "$work/real.yaml" -q -o "$work/real" || [ $? = 3 ] || not_ok "a real run"
real=$work/real/run.db
cat >"$work/ideal.yaml" <<'Y'
duration: 20s
nodes: [{name: n, count: 30}]
gossip: {overlay: k-regular, degree: 3}
Y
gn sim "$work/ideal.yaml" -q -o "$work/sim" || not_ok "a simulated run"
sim=$work/sim/run.db

same "tables and views" "$(sed -n '/^\.Sh TABLES/,/^\.Sh KEYS/s/^\.Ss //p' "$page" | sort | xargs)" \
	"$(sql "$db" "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') ORDER BY name" | xargs)"
# shellcheck disable=SC2013
for table in $(sed -n '/^\.Sh TABLES/,/^\.Sh KEYS/s/^\.Ss //p' "$page"); do
	same "columns of $table" \
		"$(awk -v t="$table" '$1 == ".Ss" { on = $2 == t } $1 == ".Sh" { on = 0 } on && $1 == ".It" { print $3 }' "$page" | xargs)" \
		"$(sql "$db" "SELECT name FROM pragma_table_info('$table')" | xargs)"
done
described() { sed -n "/^\.Sh KEYS OF $1/,/^\.Sh /p" "$page" | grep -E '^\.(It )?Dv ' | tr -d ',;' | tr ' ' '\n' | grep -vE '^\.|^It$|^Dv$|^too$|^for$' | sort -u; }
same "keys of meta that are not described" \
	"$(comm -13 <(described META) <({ sql "$db" 'SELECT key FROM meta' && sql "$real" 'SELECT key FROM meta' && sql "$sim" 'SELECT key FROM meta'; } | sort -u) | xargs)" ""
check "a real run has a verdict" [ -n "$(sql "$real" "SELECT value FROM meta WHERE key = 'verdict'")" ]
same "keys of node_stat that are not described" \
	"$(comm -13 <(described NODE_STAT) <({ sql "$db" 'SELECT key FROM node_stat' && sql "$real" 'SELECT key FROM node_stat' && sql "$sim" 'SELECT key FROM node_stat'; } | sort -u) | xargs)" ""

verdict_figures() { sed -n '/^\.Sh THE VERDICT/,/^\.Sh READING/p' "$page" | sed -n 's/^\.It Dv //p' | sed 's/ , /\n/g'; }
same "figures of the verdict" "$(verdict_figures | sort | xargs)" "$(sql "$real" 'SELECT what FROM fidelity ORDER BY what' | xargs)"

# The page says which counters a simulation has.
same "counters of a simulated node" "$(sed -n '/^A simulation has/,/^\.Sh/s/^\.Dv //p' "$page" | tr -d ',.' | xargs -n1 | sort | xargs)" \
	"$(sql "$sim" 'SELECT DISTINCT key FROM node_stat ORDER BY key' | xargs)"

# The queries, one file each.
awk -v dir="$work" '/^\.Sh EXAMPLES/ { on = 1 } on && /^\.Bd/ { file = dir "/query" ++n; next } /^\.Ed/ { file = "" }
	file != "" { print >file }' "$page"
same "queries on the page" "$(find "$work" -name 'query*' | wc -l)" 5
for query in "$work"/query*; do
	answer=$(sqlite3 "$db" <"$query" 2>&1)
	check "query runs: $(head -1 "$query")" [ $? = 0 ]
	check "query answers: $(head -1 <<<"$answer")" [ -n "$answer" ]
done
finish
