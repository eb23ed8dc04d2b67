#!/usr/bin/env python3
"""Two tideway nodes on a NATS server beside bare NATS clients on the same one; prints ratios.

`make bench-bus` builds everything first. The runs of the two sides alternate; medians count. CPU
time is that of the tideway processes, or of the bare clients. With TIDEWAY_BACKEND
(tests/tidb/with_server.py) the traffic for keys that nobody watches is counted, too.

    bench/bus/run.py                      all rows
    bench/bus/run.py --quick              3 short runs of each, a first look
    bench/bus/run.py --only latency,bulk  some rows
"""

import argparse
import contextlib
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILT = ROOT / "build" / "bench"
# TIDEWAY_BENCH_BIN measures another build; the tests' TIDEWAY_BIN may be one that is not optimised.
os.environ["TIDEWAY_BIN"] = os.environ.get("TIDEWAY_BENCH_BIN", str(BUILT / "tideway"))
sys.path[:0] = [str(ROOT / "tests" / "harness"), str(ROOT / "tests" / "nats")]

from nats_server import NatsServer  # noqa: E402
from regions import Cluster  # noqa: E402
from server import Server  # noqa: E402

SUBSCRIPTIONS = 100_000


def run(program, *words):
    """What bus_load or bus_bare gives, as a dictionary."""
    done = subprocess.run([BUILT / "bench" / program, *map(str, words)], stdout=subprocess.PIPE,
                          text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{program} {words[0]} failed")
    return json.loads(done.stdout)


def node(*nats, backend=None):
    """A tideway with one I/O thread, its data in memory; on the bus if a NATS server is given."""
    hosts = ",".join(f"127.0.0.1:{server.tcp}" for server in nats)
    bus = ("--bus", "nats://" + hosts) if nats else ()
    store = ("--backend", backend) if backend else ("--storage", "memory")
    return Server(*store, *bus, "--io-threads", "1")


def spread(values):
    return f"{statistics.median(values):.2f} (of {min(values):.2f} … {max(values):.2f})"


class Bench:
    def __init__(self, quick):
        self.runs = 3 if quick else 7
        self.seconds = 1 if quick else 3
        self.findings = []

    def say(self, name, figure, bound, is_met):
        self.findings.append(is_met)
        print(f"{name:<52} {figure}   [{bound}: {'met' if is_met else 'NOT MET'}]", flush=True)

    def at_most(self, name, values, most, note=""):
        self.say(name, f"{spread(values)} x{note}", f"at most {most}",
                 statistics.median(values) <= most)

    @contextlib.contextmanager
    def two_nodes(self):
        with NatsServer() as nats, node(nats) as here, node(nats) as there:
            time.sleep(1)
            yield nats, here, there

    def latency(self):
        with self.two_nodes() as (nats, here, there):
            pids = [here.process.pid, there.process.pid]
            p50, p99, ours, bare, local = [], [], [], [], []
            for _ in range(self.runs):
                theirs = run("bus_bare", "latency", nats.tcp, self.seconds)
                mine = run("bus_load", "latency", there.port, here.port, self.seconds, *pids)
                one = run("bus_load", "latency", here.port, here.port, self.seconds, *pids)
                local.append((one["p50_us"], one["p99_us"]))
                p50.append(mine["p50_us"] / theirs["p50_us"])
                p99.append(mine["p99_us"] / theirs["p99_us"])
                ours.append((mine["p50_us"], mine["p99_us"]))
                bare.append((theirs["p50_us"], theirs["p99_us"]))
            for at, name, ratios in ((0, "p50", p50), (1, "p99", p99)):
                note = (f", {statistics.median(run[at] for run in ours):.0f} us to "
                        f"{statistics.median(run[at] for run in bare):.0f} us; within node A "
                        f"{statistics.median(run[at] for run in local):.0f} us")
                self.at_most(f"node A to node B, latency {name}", ratios, 1.5, note)

    def bulk(self):
        with self.two_nodes() as (nats, here, there):
            pids = [here.process.pid, there.process.pid]
            ratios, ours, bare = [], [], []
            for _ in range(self.runs):
                theirs = run("bus_bare", "bulk", nats.tcp, self.seconds)
                mine = run("bus_load", "bulk", there.port, here.port, self.seconds, *pids)
                ours.append(mine["messages"] / mine["cpu_s"])
                bare.append(theirs["messages"] / theirs["cpu_s"])
                ratios.append(ours[-1] / bare[-1])
            self.say("node A to node B, messages a CPU second",
                     f"{spread(ratios)} x, {statistics.median(ours):,.0f} to "
                     f"{statistics.median(bare):,.0f}", "at least 0.5",
                     statistics.median(ratios) >= 0.5)

    def fanout(self):
        with self.two_nodes() as (_, here, there), node() as single:
            for batch in (16, 1):
                ratios = []
                for _ in range(self.runs):
                    alone = run("bus_load", "fanout", single.port, single.port, self.seconds, batch,
                                single.process.pid)
                    over = run("bus_load", "fanout", there.port, here.port, self.seconds, batch,
                               here.process.pid, there.process.pid)
                    ratios.append((over["cpu_s"] / over["messages"])
                                  / (alone["cpu_s"] / alone["messages"]))
                self.at_most(f"1 on A to 1,000 on B, pipelined by {batch}: CPU of one node", ratios,
                             1.1)

    def subscribe(self):
        """Bytes and rate of many exact channels of one client, on the bus, off it, and bare."""
        bytes_each = {"bus": [], "alone": [], "bare": []}
        rates = {"bus": [], "alone": []}
        for _ in range(min(3, self.runs)):
            with NatsServer() as nats:
                for name, servers in (("bus", [nats]), ("alone", [])):
                    with node(*servers) as started:
                        time.sleep(1)
                        took, grown = self.subscribe_many(started)
                        rates[name].append(SUBSCRIPTIONS / took)
                        bytes_each[name].append(grown / SUBSCRIPTIONS)
                bare = run("bus_bare", "subscribe", nats.tcp, SUBSCRIPTIONS)
                bytes_each["bare"].append(bare["bytes"] / SUBSCRIPTIONS)
        each = {name: statistics.median(values) for name, values in bytes_each.items()}
        # What a node without a bus takes for them is in the figure, too.
        self.say("100,000 channels on one node, bytes each beyond cnats",
                 f"{each['bus'] - each['bare']:.0f}: {each['bus']:.0f} on the bus, of them cnats "
                 f"{each['bare']:.0f}; {each['alone']:.0f} off the bus", "under 400",
                 each["bus"] - each["bare"] < 400)
        self.say("100,000 channels on one node, a second",
                 f"{statistics.median(rates['bus']):,.0f} on the bus, "
                 f"{statistics.median(rates['alone']):,.0f} off it", "at least 50,000",
                 statistics.median(rates["bus"]) >= 50_000)

    def subscribe_many(self, started):
        before = resident_bytes(started)
        with subprocess.Popen(
                [BUILT / "bench" / "bus_load", "subscribe", str(started.port), str(SUBSCRIPTIONS)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as client:
            told = json.loads(client.stdout.readline())
            time.sleep(0.5)
            grown = resident_bytes(started) - before
            client.stdin.close()
        return told["seconds"], grown

    def unwatched(self):
        """Messages between two NATS servers while keys and channels change that nobody watches."""
        backend = os.environ.get("TIDEWAY_BENCH_BACKEND")
        with contextlib.ExitStack() as stack:
            cluster = stack.enter_context(Cluster(size=2))
            here, there = (stack.enter_context(node(server, backend=backend))
                           for server in cluster.servers)
            client = here.client()
            client("CONFIG", "SET", "notify-keyspace-events", "AKE")
            other = there.client()
            other("SUBSCRIBE", "__keyspace@0__:another", "another")
            time.sleep(2)

            def like_ion(number):
                key = f"/ion/room/{number}"
                return [("SET", "lock-" + key, 1, "EX", 3, "NX"), ("HSET", key, "f", "v"),
                        ("DEL", "lock-" + key), ("PUBLISH", f"room:{number}", "x")]

            def sent():
                return sum(server.sent_to_servers() for server in cluster.servers)

            before = sent()
            time.sleep(5)
            idle = sent() - before
            before = sent()
            begin = time.monotonic()
            rounds = 0
            while time.monotonic() - begin < 5:
                client.pipeline(like_ion(rounds))
                rounds += 1
            crossed = sent() - before
            events = f"{rounds:,} rounds of SET, HSET, DEL, PUBLISH" + (
                " over TiDB" if backend else " (no TiDB: only the PUBLISH could cross)")
            self.say("unwatched: messages between NATS servers",
                     f"{crossed} in 5 s of {events}; {idle} when idle", "as idle",
                     crossed <= idle + 2)


def resident_bytes(started):
    status = pathlib.Path(f"/proc/{started.process.pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("RssAnon:"))
               .split()[1]) * 1024


ROWS = ["latency", "bulk", "fanout", "subscribe", "unwatched"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", default=",".join(ROWS), help="rows: " + ", ".join(ROWS))
    arguments = parser.parse_args()
    # Only the row about keys is over TiDB.
    backend = os.environ.pop("TIDEWAY_BACKEND", None)
    if backend:
        os.environ["TIDEWAY_BENCH_BACKEND"] = backend
    bench = Bench(arguments.quick)
    print(f"bench: {os.environ['TIDEWAY_BIN']}, {os.cpu_count()} processors,\n"
          f"bench: medians of {bench.runs} alternated runs of {bench.seconds} s", flush=True)
    for row in arguments.only.split(","):
        if row not in ROWS:
            parser.error(f"no such row: {row}")
        getattr(bench, row)()
    return 0


if __name__ == "__main__":
    sys.exit(main())
