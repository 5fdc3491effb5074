#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Configured against measured, in the guest kernel: `make accuracy`.

Networks of 2, 50 and 300 nodes are run one after the other. In the one of 2, gossip is all but silent and each parameter has
a run of its own; in the others everybody but the nodes measured gossips meanwhile, and each parameter has a node of its own
whose link to the LAN has it, and nothing else on the path does. `gossipnet probe` measures, ping and iperf3 check it.

Each line says what was configured, what was measured with its 95 % interval, how far off that is and how far it may be.
The exit status is 1 if a line is not ok. The table is also written as Markdown, to results/accuracy.md or the file that is
named; in one that has marks for it, as README.md has, between them: tests/bench/accuracy.py [-n NODES,...] [-p PARAMETER,...] [-o FILE]
"""

import argparse
import datetime
import itertools
import json
import math
import os
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
GOSSIPNET = os.environ.get("GN", os.path.join(TOP, "gossipnet"))
Z = 1.96
SINK = "sink"  # the node without shaping that everything is sent to

PAIRS = "pairs"  # in place of a parameter: the links of gossiping nodes

# What each parameter's link has, from its node towards the sink unless it says more.
SHAPES = {
    "plain": "",
    "delay": "delay: 20ms",
    "uniform": "a_to_b: {delay: 20ms, jitter: 5ms}",
    "normal": "a_to_b: {delay: 20ms, jitter: 5ms, distribution: normal}",
    "loss1": "a_to_b: {loss: 1%}",
    "loss20": "a_to_b: {loss: 20%}",
    "bursts": "a_to_b: {loss: {gilbert-elliott: {p: 10%, r: 30%}}}",
    "duplicate": "a_to_b: {duplicate: 10%}",
    "reorder": "a_to_b: {delay: 50ms, reorder: 25%}",
    "rate": "a_to_b: {delay: 5ms, rate: 10mbit}",
}


class Failed(Exception):
    pass


class Network:
    """A running network; leaving the context ends it."""

    def __init__(self, name, topology):
        self.name = f"accuracy-{name}-{os.getpid()}"
        self.topology = topology
        self.verdict = ""
        self.folder = tempfile.TemporaryDirectory(prefix="gossipnet-accuracy-")

    def __enter__(self):
        path = os.path.join(self.folder.name, "topology.yaml")
        self.result = os.path.join(self.folder.name, "result")
        with open(path, "w") as f:
            f.write(f"name: {self.name}\n" + self.topology)
        self.output = open(os.path.join(self.folder.name, "output"), "w+")
        self.process = subprocess.Popen(
            [GOSSIPNET, "run", "-q", "--kernel", "uml", "-o", self.result, path],
            stdin=subprocess.DEVNULL, stdout=self.output, stderr=self.output)
        end = time.monotonic() + 120
        while self.phase() != "running":
            if self.process.poll() is not None or time.monotonic() > end:
                self.output.seek(0)
                said = self.output.read().strip()
                self.__exit__()
                raise Failed(f"the network does not come up: {said}")
            time.sleep(0.2)
        time.sleep(2)  # the first seconds of hundreds of processes are busier than the others
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.output.close()
        if os.path.exists(f"{self.result}/run.db"):
            db = sqlite3.connect(f"file:{self.result}/run.db?mode=ro", uri=True)
            self.verdict = ": ".join(v for _, v in db.execute(
                "SELECT key, value FROM meta WHERE key IN ('verdict', 'verdict_reason') ORDER BY key"))
            db.close()
        self.folder.cleanup()

    def phase(self):
        for line in subprocess.run([GOSSIPNET, "ls"], capture_output=True, text=True, check=True).stdout.splitlines():
            fields = line.split()
            if fields[0] == self.name:
                return fields[4]
        return None

    def command(self, node, *command):
        return [GOSSIPNET, "exec", self.name, node, "--", *command]

    def execute(self, node, *command):
        done = subprocess.run(self.command(node, *command), capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=300)
        if done.returncode:
            raise Failed(f"{command[0]} in {node}: {(done.stderr or done.stdout).strip()}")
        return done.stdout

    def probe(self, a, b, *options):
        done = subprocess.run([GOSSIPNET, "probe", self.name, a, b, "--json", *options], capture_output=True,
                              text=True, timeout=300)
        if done.returncode:
            raise Failed(f"probe: {done.stderr.strip()}")
        return json.loads(done.stdout)

    def ping(self, a, b, count):
        """Round-trip times, ms, ascending."""
        out = self.execute(a, "ping", "-n", "-i", "0.01", "-c", str(count), b)
        times = sorted(float(t) for t in re.findall(r"time=([0-9.]+) ms", out))
        if len(times) < count * 0.9:
            raise Failed(f"ping: {len(times)} of {count} answers")
        return times

    def iperf3(self, a, b, *options):
        """What iperf3 says at its end."""
        server = subprocess.Popen(self.command(b, "iperf3", "-s", "-1"), stdin=subprocess.DEVNULL,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            for _ in range(50):  # until it listens
                if ":5201" in self.execute(b, "ss", "-Hltn"):
                    break
            return json.loads(self.execute(a, "iperf3", "-J", "-c", b, *options))["end"]
        finally:
            server.terminate()
            server.wait()


class Table:
    """The lines, as they come."""

    def __init__(self):
        self.sizes = []
        self.rows = {}  # by what is measured: configured, allowed, and a cell by the number of nodes
        self.good = True

    def add(self, nodes, what, configured, measured, interval, off, allowed, ok):
        """All texts but ok."""
        self.good = self.good and ok
        if nodes not in self.sizes:
            self.sizes.append(nodes)
        cell = measured + (f" ({interval})" if interval else "")
        self.rows.setdefault(what, (configured, allowed, {}))[2][nodes] = cell if ok else f"**not ok:** {cell}"
        print(f"{'ok' if ok else 'not ok'} - {nodes} nodes, {what}: configured {configured}, measured {cell}, "
              f"off by {off} of {allowed}", flush=True)

    def failed(self, nodes, what, why):
        self.good = False
        print(f"not ok - {nodes} nodes, {what}: {why}", flush=True)

    def markdown(self):
        yield "| | configured | allowed | " + " | ".join(f"{n} nodes" for n in self.sizes) + " |"
        yield "|---|--:|--:|" + "---|" * len(self.sizes)
        for what, (configured, allowed, cells) in self.rows.items():
            yield f"| {what} | {configured} | {allowed} | " + " | ".join(cells.get(n, "") for n in self.sizes) + " |"


MARKS = ("<!-- accuracy -->\n", "<!-- end of accuracy -->\n")


def write_markdown(path, table):
    """To a file of its own, or, in one that has them, between the marks."""
    text = "\n".join(table.markdown()) + "\n"
    if os.path.exists(path):
        with open(path) as f:
            old = f.read()
        if all(mark in old for mark in MARKS):
            text = old[:old.index(MARKS[0]) + len(MARKS[0])] + text + old[old.index(MARKS[1]):]
    with open(path, "w") as f:
        f.write(text)


# ---- what is measured, and how far off it may be ----


def add_delay(table, nodes, what, configured_ns, delays):
    """delays: of one or several flows; the worst counts."""
    for name, allowed in (("median", 0.2e6), ("p99", 1e6)):
        d = max(delays, key=lambda d: abs(d[name] - configured_ns))
        low, high = d[name + "_interval"]
        off = d[name] - configured_ns
        table.add(nodes, f"{what}, {name}", f"{configured_ns / 1e6:g} ms", f"{d[name] / 1e6:.3f} ms",
                  f"{low / 1e6:.3f} to {high / 1e6:.3f}", f"{off / 1e6:+.3f} ms", f"{allowed / 1e6:g} ms", abs(off) < allowed)


def add_share(table, nodes, what, configured, measured, error):
    """A share, as a part of one, and the standard error that it has if it is the configured one."""
    off = (measured - configured) / error
    table.add(nodes, what, f"{100 * configured:.4g} %", f"{100 * measured:.2f} %",
              f"{100 * (measured - Z * error):.2f} to {100 * (measured + Z * error):.2f}", f"{off:+.2f} standard errors",
              "4 standard errors", abs(off) <= 4)


def share_error(share, n):
    return math.sqrt(share * (1 - share) / n)


def add_relative(table, nodes, what, configured, measured, error, unit, part):
    """error: the standard error, or None if there is no chance in it."""
    off = measured / configured - 1
    table.add(nodes, what, f"{configured:.4g} {unit}", f"{measured:.4g} {unit}",
              error and f"{measured - Z * error:.4g} to {measured + Z * error:.4g}", f"{100 * off:+.2f} %", f"{100 * part:g} %",
              abs(off) <= part)


def measure_plain(net, node, table, nodes):
    r = net.probe(node, SINK, "--count", "2000", "--interval", "1ms")
    add_delay(table, nodes, "no shaping: the instrument's own delay", 0, [r["delay_ns"]])


def measure_delay(net, node, table, nodes):
    there = net.probe(node, SINK, "--count", "2000", "--interval", "2ms")["delay_ns"]
    back = net.probe(SINK, node, "--count", "2000", "--interval", "2ms")["delay_ns"]
    add_delay(table, nodes, "delay", 20e6, [there, back])
    times = net.ping(node, SINK, 300)
    half = times[len(times) // 2] / 2
    low, high = (times[int(len(times) / 2 + k * Z * math.sqrt(len(times)) / 2)] / 2 for k in (-1, 1))
    table.add(nodes, "delay, half of ping's median round trip", "20 ms", f"{half:.3f} ms", f"{low:.3f} to {high:.3f}",
              f"{half - 20:+.3f} ms", "0.3 ms", abs(half - 20) < 0.3)


def add_jitter(table, nodes, what, deviation, kurtosis, net, node):
    """netem's jitter; the error of a standard deviation follows from the distribution's kurtosis."""
    # No faster: the guest's one processor would be full, and its delays added to those of the link.
    r = net.probe(node, SINK, "--count", "5000", "--interval", "2ms")
    d, n = r["delay_ns"], r["received"]
    error = d["deviation"] / 1e6 * math.sqrt((kurtosis - 1) / (4 * n))
    add_relative(table, nodes, what, deviation, d["deviation"] / 1e6, error, "ms", 0.05)


def measure_uniform(net, node, table, nodes):
    add_jitter(table, nodes, "jitter, uniform 20 ms +- 5 ms, standard deviation", 5 / math.sqrt(3), 1.8, net, node)


def measure_normal(net, node, table, nodes):
    add_jitter(table, nodes, "jitter, normal 20 ms +- 5 ms, standard deviation", 5, 3, net, node)


def measure_loss(configured):
    def measure(net, node, table, nodes):
        r = net.probe(node, SINK, "--count", "20000", "--interval", "200us")
        add_share(table, nodes, f"loss, random {100 * configured:g} %", configured, r["loss"],
                  share_error(configured, r["sent"]))

    return measure


def measure_bursts(net, node, table, nodes):
    """Gilbert and Elliott: into a burst p, out of it r. Neighbours correlate by 1 - p - r, so n datagrams tell as much about
    the mean as n (p + r) / (2 - p - r) independent ones; bursts are geometric. For both four standard errors are 5 %."""
    p, r, part = 0.1, 0.3, 0.05 / 4
    loss = p / (p + r)
    for_mean = (1 - loss) / loss * (2 - p - r) / (p + r) / part ** 2
    for_length = (1 - r) / part ** 2 / (loss * r)
    n = math.ceil(max(for_mean, for_length))
    m = net.probe(node, SINK, "--count", str(n), "--interval", "200us")
    add_relative(table, nodes, "loss in bursts, mean", 100 * loss, 100 * m["loss"], 100 * m["loss_error"], "%", 0.05)
    b = m["bursts"]
    add_relative(table, nodes, "loss in bursts, length", 1 / r, b["mean"], b["mean_error"], "datagrams", 0.05)


def measure_duplicate(net, node, table, nodes):
    r = net.probe(node, SINK, "--count", "10000", "--interval", "200us")
    add_share(table, nodes, "duplicates", 0.1, r["duplication"], share_error(0.1, r["received"]))


def reordering(p, after, n):
    """RFC 4737's ratio, and its standard error over n: a datagram that is not sent at once (probability 1 - p) is reordered if
    one of the `after` next ones, which leave while it is delayed, is. By counting out all cases."""
    def reordered(at_once, i):
        return not at_once[i] and any(at_once[i + 1:i + 1 + after])

    def mean(value, draws):
        return sum(math.prod(p if x else 1 - p for x in case) * value(case)
                   for case in itertools.product((False, True), repeat=draws))

    ratio = mean(lambda c: reordered(c, 0), after + 1)
    variance = ratio * (1 - ratio)
    for lag in range(1, after + 1):
        variance += 2 * (mean(lambda c, k=lag: reordered(c, 0) and reordered(c, k), after + 1 + lag) - ratio ** 2)
    return ratio, math.sqrt(variance / n)


def measure_reorder(net, node, table, nodes):
    # Two others are sent in the 50 ms while a datagram is under way, and a sender up to 10 ms late changes nothing in that.
    r = net.probe(node, SINK, "--count", "800", "--interval", "20ms")
    configured, error = reordering(0.25, 2, r["received"])
    add_share(table, nodes, "reordered, 25 % sent at once, one each 20 ms", configured, r["reordering"], error)


def measure_rate(net, node, table, nodes):
    # Twice the rate: the queue is full after a second, and a moment in which the sender does not run leaves no gap.
    r = net.probe(node, SINK, "--rate", "20mbit", "--duration", "4s", "--size", "1200")
    add_relative(table, nodes, "rate, UDP", 10, r["received_bps"] / 1e6, None, "Mbit/s", 0.02)
    tcp = net.iperf3(node, SINK, "-t", "8", "-O", "2")["sum_received"]["bits_per_second"] / 1e6
    table.add(nodes, "rate, TCP's payload by iperf3", "10 Mbit/s", f"{tcp:.4g} Mbit/s", None, f"{tcp * 10 - 100:+.2f} %",
              "-7 % to 0", 9.3 <= tcp <= 10)


def measure_pairs(net, _, table, nodes):
    gossiping = nodes - len(SHAPES) - 1
    flows = [net.probe(f"n{1 + i * gossiping // 5}", f"n{1 + (i * gossiping // 5 + gossiping // 2) % gossiping}",
                       "--count", "1000", "--interval", "2ms")["delay_ns"] for i in range(5)]
    add_delay(table, nodes, "delay of two links between gossiping nodes, the worst of 5 pairs", 20e6, flows)


MEASURES = {
    "plain": measure_plain,
    "delay": measure_delay,
    "uniform": measure_uniform,
    "normal": measure_normal,
    "loss1": measure_loss(0.01),
    "loss20": measure_loss(0.2),
    "bursts": measure_bursts,
    "duplicate": measure_duplicate,
    "reorder": measure_reorder,
    "rate": measure_rate,
    PAIRS: measure_pairs,
}


def step(table, nodes, what, measure, *arguments):
    begin = time.monotonic()
    try:
        measure(*arguments)
    except (Failed, subprocess.TimeoutExpired, KeyError, ValueError) as e:
        table.failed(nodes, what, e)
    print(f"# {nodes} nodes, {what}: {time.monotonic() - begin:.1f} s", flush=True)


# ---- the networks ----


def measure_pair(table, parameters):
    """Two nodes, a network for each parameter."""
    for what in parameters:
        if what == PAIRS:
            continue

        def measure(what=what, shape=SHAPES[what]):
            with Network(what, f"""
duration: 60m
until: duration
nodes: [{{name: {what}}}, {{name: {SINK}}}]
links: [{{between: [{what}, {SINK}]{', ' if shape else ''}{shape}}}]
gossip: {{period: 10s}}
""") as net:
                MEASURES[what](net, what, table, 2)

        step(table, 2, what, measure)


def measure_lan(table, nodes, parameters):
    gossiping = nodes - len(SHAPES) - 1
    links = "".join(f"  - {{between: [{what}, lan]{', ' if shape else ''}{shape}}}\n" for what, shape in SHAPES.items())
    topology = f"""
duration: 60m
until: duration
nodes:
  - {{name: n, count: {gossiping}}}
  - {{name: {SINK}}}
{"".join(f"  - {{name: {what}}}{chr(10)}" for what in SHAPES)}  - {{name: lan, kind: switch}}
links:
  - {{between: [n, lan], delay: 10ms}}
  - {{between: [{SINK}, lan]}}
{links}gossip: {{on: [n], protocol: push-pull, period: 500ms}}
events: [{{at: 1s, from: n1, repeat: 300, every: 1s}}]
"""
    with Network(str(nodes), topology) as net:
        for what in parameters:
            step(table, nodes, what, MEASURES[what], net, what, table, nodes)
    print(f"# {nodes} nodes: the run says of itself: {net.verdict}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-n", "--nodes", default="2,50,300", help="numbers of nodes (default: %(default)s)")
    parser.add_argument("-p", "--parameters", default=",".join(MEASURES), help="of links (default: %(default)s)")
    parser.add_argument("-o", "--output", default=os.path.join(TOP, "results", "accuracy.md"), help="the Markdown")
    arguments = parser.parse_args()
    parameters = arguments.parameters.split(",")
    for what in parameters:
        if what not in MEASURES:
            parser.error(f"{what}: one of {', '.join(MEASURES)} is needed")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # the networks are ended on the way out
    table = Table()
    begin = time.monotonic()
    for nodes in map(int, arguments.nodes.split(",")):
        try:
            if nodes == 2:
                measure_pair(table, parameters)
            else:
                measure_lan(table, nodes, parameters)
        except Failed as e:
            table.failed(nodes, "the network", e)
    write_markdown(arguments.output, table)
    print(f"# {time.monotonic() - begin:.0f} s; load of the machine {os.getloadavg()[0]:.1f}; "
          f"{datetime.date.today()}; the table: {arguments.output}")
    return 0 if table.good else 1


if __name__ == "__main__":
    sys.exit(main())
