#!/bin/bash
# SPDX-License-Identifier: MIT
# A topology file says the same live, in namespaces with netem, as in the simulator, in two senses.
#
# Call by call. The seed fixes every member's phase and partners, whatever arrives. Over a network that leaves nothing to
# chance a live run is thus the simulated one with the same seed, but for what the simulator has none of: the
# way through a real kernel, 0.1 ms a datagram, and timers that are late. So the same members must tell the same ones,
# at the same time.
#
# In distribution. With jitter and loss, and where nodes die and come back in a network that is parted for a while: over
# runs with different seeds times to 50, 90 and 100 % and datagrams per node, by the distance of Kolmogorov and Smirnov,
# p > 0.001. Most of a live run's time is its start, so each has several events. Those share the phases, and the power
# law's numbers of calls: they are no independent samples, runs are. So p is the share of random relabelings of whole
# runs, live or simulated, at which the distance is at least what it is. AGREE_RUNS=30 AGREE_EVENTS=1 gives every event a
# run of its own, in a quarter of an hour.
. "$(dirname "$0")/../lib.sh"
need_guest
cd "$work" || exit 1
runs=${AGREE_RUNS:-3} events=${AGREE_EVENTS:-10} simulated=30

# lan FILE MEMBERS PROTOCOL EVENTS LINK [EVENT]: events from different members, the last one 4.5 s before the end.
lan() {
	cat >"$1" <<-Y
		duration: $((1000 + $4 * 500 + 4000))ms
		nodes: [{name: n, count: $2}, {name: lan, kind: switch}]
		links: [{between: [n, lan], $5}]
		gossip: {protocol: $3, period: 400ms}
		events:
	Y
	for ((e = 0; e < $4; e++)); do
		echo "  - {at: $((1000 + e * 500))ms, from: n$((1 + e * 37 % $2))${6-}}" >>"$1"
	done
}

# live FILE RUN SEED: in a guest. Where the machine was too busy, says the program, again a little later; after five
# times the rest is left out.
live() {
	local status
	[ ! -e failed ] || return 0
	for pause in 0 2 5 10 20; do
		sleep "$pause"
		rm -rf "$2"
		"$GN" run "$1" -q -o "$2" --seed "$3" --kernel uml 2>"$2.err"
		status=$?
		[ "$status" = 3 ] || break
	done
	[ "$status" = 0 ] || echo "$status $2 $(tail -1 "$2.err")" >>failed
}
export -f live

# simulate FILE RUN SEED LIKE: for as long as the live run LIKE took, which ends some 40 ms late.
simulate() {
	gn sim "$1" -q -o "$2" --seed "$3" \
		--set duration="$(sql "$4/run.db" "SELECT value FROM meta WHERE key = 'ended_ns'")ns"
}

# ---- live runs, on all processors: a guest has one ----

for n in 64 200; do
	for protocol in push-pull power-law; do
		lan "calm-$n-$protocol.yaml" $n $protocol 3 "delay: 5ms"
		lan "wild-$n-$protocol.yaml" $n $protocol "$events" "delay: 5ms, jitter: 4ms, loss: 5%"
	done
done
# Half of the nodes for themselves for two of the seconds in which there are events, and deaths all the time.
lan wild-64-faults.yaml 64 push-pull "$events" "delay: 20ms, jitter: 5ms, loss: 10%"
half=$(seq -s ', ' -f 'n%.0f' 32)
cat >>wild-64-faults.yaml <<-Y
	schedule:
	  - {at: 2500ms, partition: [[$half]], for: 2s}
	  - {at: 500ms, churn: n, every: 500ms, down_for: 1s, until: 9s}
Y
lan calm-40-queues.yaml 40 push-pull 3 "delay: 2ms, rate: 400kbit" ", size: 300"
lan calm-40-shared.yaml 40 push-pull 3 "delay: 2ms, rate: 1mbit" ", size: 300"
sed -i 's/kind: switch/kind: switch, shared: true/' calm-40-shared.yaml
cp "$top/topo/cloud-regions.yaml" calm-cloud-regions.yaml
{
	for file in wild-*.yaml; do
		for ((seed = 1; seed <= runs; seed++)); do echo "$file ${file%.yaml}-live$seed $seed"; done
	done
	for file in calm-*.yaml; do echo "$file ${file%.yaml}-live 1"; done
} | xargs -P "$(nproc)" -L 1 bash -c 'live "$@"' live
if [ -e failed ]; then
	same "no live run fails" "$(grep -v '^3 ' failed)" ""
	[ $bad = 0 ] && skip "the machine was too busy for live runs: $(head -1 failed)"
	finish
fi

# ---- call by call ----

# What both runs say of the first arrivals, but for the origins': how many, how many via the same member, and the
# median of how much later (ms) the live ones are.
first_arrivals() {
	sql "$1" "ATTACH '$2' AS simulated;
		WITH both AS (SELECT a.via = b.via AS same, a.t_ns - b.t_ns AS later
			FROM arrival AS a JOIN simulated.arrival AS b USING (event, node)
			WHERE a.first AND b.first AND a.via IS NOT NULL ORDER BY later)
		SELECT count(*), sum(same),
			(SELECT later / 1e6 FROM both LIMIT 1 OFFSET (SELECT count(*) / 2 FROM both)) FROM both"
}

for file in calm-*.yaml; do
	name=${file%.yaml}
	simulate "$file" "$name-sim" 1 "$name-live"
	IFS='|' read -r arrivals alike later < <(first_arrivals "$name-live/run.db" "$name-sim/run.db")
	check "$name: $arrivals first arrivals" [ "$arrivals" -ge 49 ]
	within "$name: so many of 100 members are told by the same one live and simulated" \
		$((100 * alike / arrivals)) 90 100
	within "$name: live, in the median so much later, in ms" "$later" 0 10
done

# ---- in distribution ----

cat >distributions.py <<'PY'
import random, sqlite3, sys
from itertools import accumulate, combinations
from math import comb

MOST = 6000  # relabelings: all 5456 of 3 among 33 runs, or so many at random

def sample(run):
    """What one run has to say: times in ns, infinite if never, and datagrams that each node sent. Events whose origin
    was dead are none."""
    db = sqlite3.connect(f"file:{run}/run.db?mode=ro", uri=True)
    spread = db.execute("SELECT t50_ns, t90_ns, t100_ns FROM spread").fetchall()
    times = [[row[i] if row[i] is not None else float("inf") for row in spread] for i in range(3)]
    sent = db.execute("SELECT value FROM node_stat WHERE key = 'datagrams_sent'").fetchall()
    return dict(zip(("T50", "T90", "T100"), times), datagrams=[n for n, in sent])

def below(values, run):
    """How many of the run's are at most each of the values."""
    counts = dict.fromkeys(values, 0)
    for v in run:
        counts[v] += 1
    return list(accumulate(counts.values()))

def test(live, simulated):
    """The distance of Kolmogorov and Smirnov, and its p: how often relabeled runs are as far apart."""
    runs = live + simulated
    curves = [below(sorted({v for r in runs for v in r}), r) for r in runs]
    total = list(map(sum, zip(*curves)))

    def distance(chosen):
        part = list(map(sum, zip(*[curves[r] for r in chosen])))
        m, n = part[-1], total[-1]
        return max(abs(a * n - b * m) for a, b in zip(part, total)) / (m * (n - m))

    d = distance(range(len(live)))
    if comb(len(runs), len(live)) <= MOST:
        others = list(combinations(range(len(runs)), len(live)))
    else:
        rng = random.Random(1)
        others = [range(len(live))] + [rng.sample(range(len(runs)), len(live)) for _ in range(MOST)]
    return d, sum(distance(chosen) >= d - 1e-12 for chosen in others) / len(others)

split = sys.argv.index("--")
live = [sample(r) for r in sys.argv[2:split]]
simulated = [sample(r) for r in sys.argv[split + 1:]]
for what in ("T50", "T90", "T100", "datagrams"):
    a, b = [r[what] for r in live], [r[what] for r in simulated]
    d, p = test(a, b)
    middle = [sorted(v for r in x for v in r)[sum(map(len, x)) // 2] for x in (a, b)]
    unit, scale = ("", 1) if what == "datagrams" else (" ms", 1e6)
    print(f"{'ok' if p > 0.001 else 'not ok'} - {sys.argv[1]}: {what}: median {middle[0] / scale:.1f}{unit} live, "
          f"{middle[1] / scale:.1f}{unit} simulated, distance {d:.3f}, p {p:.3f}")
PY

for file in wild-*.yaml; do
	name=${file%.yaml}
	for ((seed = 1; seed <= simulated; seed++)); do
		simulate "$file" "$name-sim$seed" $((1000 + seed)) "$name-live1"
	done
	mapfile -t live < <(seq -f "$name-live%.0f" "$runs")
	mapfile -t simulated_runs < <(seq -f "$name-sim%.0f" "$simulated")
	python3 distributions.py "$name" "${live[@]}" -- "${simulated_runs[@]}"
done >distributions
cat distributions
check "every distribution is the same live and simulated" [ "$(grep -c '^ok' distributions)" = 20 ]
finish
