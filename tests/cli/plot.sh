#!/bin/bash
# SPDX-License-Identifier: MIT
# Figures: every format, the data that reaches gnuplot, names that would be commands, and failures,
# which leave nothing behind.
. "$(dirname "$0")/../lib.sh"
sample=$top/build/plain/tests/tools/sample_run
gnuplot=$(command -v gnuplot) || skip "needs the package gnuplot-nox"

# A run with that many nodes and events; prints its folder.
run() {
	local folder=$work/run-$*
	mkdir -p "$folder"
	[ -e "$folder/run.db" ] || "$sample" "$folder/run.db" "$@"
	echo "$folder"
}
begin() { head -c "$2" "$1" | tr -d '\0'; }
# fails DESCRIPTION PATTERN COMMAND...: exit status not 0, one sentence on stderr, no new file.
fails() {
	local description=$1 pattern=$2 before after
	shift 2
	before=$(find "$work" | sort)
	sentence=$("$@" 2>&1 >/dev/null)
	check "$description: exit status" [ $? != 0 ]
	has "$description: sentence" "$sentence" "$pattern"
	after=$(find "$work" | sort)
	same "$description: nothing left" "$after" "$before"
}

# Every number of events and nodes in every format.
for case in "50 1" "50 8" "50 9" "50 300" "2 1" "1000 1" "50 5 3" "50 9 3" "50 1 49"; do
	# shellcheck disable=SC2086
	folder=$(run $case)
	for ending in svg png pdf; do
		sentence=$(gn plot "$folder" -o "$work/f.$ending" 2>&1 >/dev/null)
		same "$case to $ending: exit status and silence" "$? $sentence" "0 "
	done
	has "$case: SVG" "$(begin "$work/f.svg" 200)" '<svg'
	same "$case: SVG ends" "$(tail -n 2 "$work/f.svg" | tr -d '\n')" '</svg>'
	has "$case: PNG" "$(begin "$work/f.png" 8)" 'PNG'
	has "$case: PDF" "$(begin "$work/f.pdf" 8)" '%PDF-1'
	same "$case: only the figures" "$(cd "$work" && echo f.*)" "f.pdf f.png f.svg"
	text=$(gn plot "$folder" -o - 2>&1)
	has "$case: on the terminal" "$text" 'time since the event was published \((ms|s)\)'
	same "$case: on the terminal, widest line" "$(awk '{ if (length > w) w = length } END { print w <= 80 }' <<<"$text")" 1
done

svg=$(gn plot "$(run 50 5)" -o "$work/f.svg" && cat "$work/f.svg")
for text in 'time since the event was published \(ms\)' 'nodes that know the event' '>quickstart<' \
	'50 nodes, push-pull, fanout 1, period 200 ms, seed 1; each link, one way: delay 10 ms, jitter 2 ms, loss 1 %' \
	'event 5: all after [0-9.]+ m?s'; do
	has "the figure says '$text'" "$svg" "$text"
done

# What gnuplot is given, recorded on the way to the real one: the curve is the view coverage, exactly.
mkdir "$work/bin"
printf '#!/bin/sh\ntee "%s/script" | "%s" "$@"\n' "$work" "$gnuplot" >"$work/bin/gnuplot"
chmod +x "$work/bin/gnuplot"
drawn() { # NUMBER: the curve's points without the last, which extends it to the right
	sed -n "/^\$curve$1 /,/^end_of_curve/p" "$work/script" | sed '1d;$d' | sed '$d'
}
PATH=$work/bin:$PATH gn plot "$(run 50 5 3)" -o "$work/f.svg" >/dev/null
for event in 1 5; do
	same "event $event as drawn" "$(drawn $((event - 1)))" \
		"$(sql "$(run 50 5 3)/run.db" "SELECT printf('%.7g %d', t_ns / 1e6, informed) FROM coverage WHERE event = $event ORDER BY informed")"
done

# The quantiles of 300 events in the middle of the picture, counted by SQL.
PATH=$work/bin:$PATH gn plot "$(run 50 300)" -o "$work/f.svg" >/dev/null
# shellcheck disable=SC2016
row=$(sed -n '/^\$band /,/^end_of_band/p' "$work/script" | sed -n 202p)
read -r x low middle high <<<"$row"
same "quantiles at $x ms as drawn" "$low $middle $high" "$(sql "$(run 50 300)/run.db" "
	WITH known AS (SELECT e.id, (SELECT count(*) FROM arrival AS a WHERE a.event = e.id AND (a.t_ns - e.t_ns) / 1e6 <= $x) AS n
		FROM event AS e ORDER BY n)
	SELECT group_concat(n, ' ') FROM (SELECT n, row_number() OVER (ORDER BY n) AS k FROM known) WHERE k IN (15, 150, 285)")"

# Nothing is drawn that was not observed. Of 20 events, one a second, the last ones were observed for a few seconds: their
# curves end there, and the median where half of them are left, as a longer run has it until then.
cat >"$work/short.yaml" <<'Y'
nodes: [{name: n, count: 1000}]
duration: 22s
gossip: {protocol: push, clock: rounds, period: 1s}
events: [{at: 0s, repeat: 20, every: 1s}]
Y
# shellcheck disable=SC2016
band() { sed -n '/^\$band /,/^end_of_band/p' "$work/script" | sed '1d;$d'; }
gn sim "$work/short.yaml" -q -o "$work/short"
gn sim "$work/short.yaml" -q -o "$work/long" --set duration=60s
PATH=$work/bin:$PATH gn plot "$work/short" -o "$work/f.svg" >/dev/null
band >"$work/short.band"
same "the median ends where half of the events were observed" "$(tail -n 1 "$work/short.band" | cut -d' ' -f1)" 13
has "the legend says so" "$(cat "$work/f.svg")" 'median of 20 events: 949 of 1000 in 13\.00 s'
known='SELECT count(*), sum(n > 900) FROM (SELECT (SELECT max(informed) FROM coverage AS c WHERE c.event = e.id AND c.t_ns <= 13000000000) AS n
	FROM event AS e WHERE e.t_ns + 13000000000 <= (SELECT value FROM meta WHERE key = "ended_ns"))'
same "the events of that last row, by SQL" "$(sql "$work/short/run.db" "$known")" "10|10"
within "its lower end is theirs alone" "$(tail -n 1 "$work/short.band" | cut -d' ' -f2)" 900 1000
PATH=$work/bin:$PATH gn plot "$work/long" -o "$work/f.svg" >/dev/null
same "observed for longer, the median goes on" "$(band | tail -n 1 | cut -d' ' -f3) $(band | wc -l)" "1000 401"
for ((event = 0; event < 15; event++)); do echo "DELETE FROM event WHERE id = $((event + 1));"; done | sqlite3 "$work/short/run.db"
PATH=$work/bin:$PATH gn plot "$work/short" -o "$work/f.svg" >/dev/null
same "a curve ends with its observation" \
	"$(for i in 0 4; do sed -n "/^\$curve$i /,/^end_of_curve/p" "$work/script" | tail -n 2 | head -n 1 | cut -d' ' -f1; done | tr '\n' ' ')" "7 3 "
has "its legend says when" "$(cat "$work/f.svg")" 'event 20: [0-9]+ of 1000 in 3\.000 s'

# The opaque key of an SVG hides no curve: its white box and the curves do not cross, as gnuplot has placed them. Whether it
# is within the axes or below depends on the curves.
cat >"$work/key.yaml" <<'Y'
nodes: [{name: n, count: 60}]
duration: 60s
gossip: {protocol: push-pull, clock: rounds, period: 1s}
events: [{at: 0s}, {at: 500ms}, {at: 3s, repeat: 2, every: 2s}]
Y
cat >"$work/hidden.py" <<'Y'
import re, sys
svg = open(sys.argv[1]).read()
box = re.findall(r"<polygon fill = '#FFFFFF' points = '([^']*)'", svg)
corners = [tuple(map(float, c.split(','))) for c in box[-1].split()] if box else []
hidden = 0
for path in re.findall(r"<path stroke='rgb\([^']*' *d='(M[^']*)'", svg):
    points = [tuple(map(float, p)) for p in re.findall(r'[ML]([-0-9.]+),([-0-9.]+)', path)]
    for (x, y), (u, v) in zip(points, points[1:]) if len(points) > 3 and corners else ():
        hidden += (max(x, u) > min(c[0] for c in corners) and min(x, u) < max(c[0] for c in corners) and
                   max(y, v) > min(c[1] for c in corners) and min(y, v) < max(c[1] for c in corners))
print(hidden, 'box' if corners else 'no box')
Y
gn sim "$work/key.yaml" -q -o "$work/key"
gn plot "$work/key" -o "$work/f.svg" >/dev/null
same "the key hides no curve" "$(python3 "$work/hidden.py" "$work/f.svg" | cut -d' ' -f1)" 0
gn plot "$(run 50 1)" -o "$work/f.svg" >/dev/null
same "the key of one event is within the axes, and hides nothing" "$(python3 "$work/hidden.py" "$work/f.svg")" "0 box"

# Names that mean something to gnuplot or a shell are drawn, not executed.
label="it's \`touch $work/owned\` \"\\_^{}"
folder=$(run 50 2 0 "$label")
sqlite3 "$folder/run.db" "UPDATE meta SET value = 'a''b\"; system \"touch $work/owned\"' || char(10) || 'set output' WHERE key = 'name'"
sentence=$(gn plot "$folder" -o "$work/f.svg" 2>&1 >/dev/null)
same "odd names: exit status and silence" "$? $sentence" "0 "
check "odd names: not executed" [ ! -e "$work/owned" ]
has "odd names: drawn as they are" "$(cat "$work/f.svg")" "it's \`touch"
has "odd names: one line" "$(cat "$work/f.svg")" "a'b&quot;; system|a'b\"; system"

ln -s file.svg "$work/link.svg"
gn plot "$folder" -o "$work/link.svg" >/dev/null
same "a link stays one, and has the figure" "$(test -L "$work/link.svg" && tail -n 2 "$work/file.svg" | tr -d '\n')" '</svg>'

# Failures. An older figure stays.
fails "nothing was published" 'nothing to draw: no event was published' gn plot "$(run 50 0)" -o "$work/no.svg"
fails "nothing arrived" 'nothing to draw: no event arrived' gn plot "$(run 50 2 50)" -o "$work/no.png"
fails "unknown ending" 'ends in \.svg, \.png or \.pdf' gn plot "$(run 50 1)" -o "$work/no.jpg"
fails "no ending" 'ends in \.svg, \.png or \.pdf' gn plot "$(run 50 1)" -o "$work/no"
fails "no folder" 'No such file or directory' gn plot "$(run 50 1)" -o "$work/no/no.svg"
mkdir "$work/folder.svg"
fails "a folder of that name" 'cannot write the figure' gn plot "$(run 50 1)" -o "$work/folder.svg"
mkdir "$work/empty"
fails "no gnuplot" 'install the package gnuplot-nox' env PATH="$work/empty" "$GN" plot "$(run 50 1)" -o "$work/no.svg"
printf '#!/bin/sh\necho "line 3: out of ink" >&2\nexit 1\n' >"$work/empty/gnuplot"
chmod +x "$work/empty/gnuplot"
echo old >"$work/old.svg"
fails "gnuplot fails" 'gnuplot failed: line 3: out of ink' env PATH="$work/empty:$PATH" "$GN" plot "$(run 50 1)" -o "$work/old.svg"
same "an older figure stays" "$(cat "$work/old.svg")" old
finish
