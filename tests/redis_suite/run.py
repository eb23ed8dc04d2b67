#!/usr/bin/env python3
"""Runs Redis's own test suite against a server and accounts for every test of it.

Each unit runs in the suite's external mode on a fresh server. Tests that refuse external mode then
run in spawned mode, where the suite starts the server itself. A test that neither ran nor stands
in the skip list is a failure, and so is an entry of the skip list that names no test.
"""

import argparse
import concurrent.futures
import os
import pathlib
import shutil
import signal
import sys
import tempfile
import time

import server
import skiplist
import suite

HERE = pathlib.Path(__file__).resolve().parent


class Unit:
    """One unit: its declared tests, its part of the skip list and what its runs showed."""

    def __init__(self, name, declared, entries):
        self.name = name
        self.declared = declared
        self.entries = entries
        self.passed = set()
        self.failed = {}
        self.second_try = set()
        self.seen = set()
        self.hung = False

    def skips(self, mode):
        return {entry.name for entry in self.entries if mode in entry.modes}

    def listed(self, name):
        return any(entry.name == name for entry in self.entries)

    def remaining(self):
        """Declared tests that still have neither run nor are left out in spawned mode."""
        ran = self.passed | set(self.failed)
        skipped = self.skips("spawned")
        return [d for d in self.declared
                if not any(d.matches(name) for name in ran)
                and not any(d.matches(name) for name in skipped)]

    def add(self, outcome, where):
        self.seen |= outcome.seen()
        self.passed |= outcome.passed
        self.failed.update(outcome.failed)
        if outcome.hung:
            self.hung = True
        if not outcome.finished and not outcome.failed:
            self.failed[f"({where})"] = "the run ended before the unit did:\n" + outcome.tail

    def forget(self):
        """Makes ready for another try."""
        self.failed, self.passed, self.seen = {}, set(), set()

    def stale(self):
        known = lambda name: name in self.seen or any(d.matches(name) for d in self.declared)
        return [entry for entry in self.entries if not known(entry.name)]


def run_external(unit, binary, tree, log):
    """The unit in external mode, on a server of its own; tells whether it came to its end."""
    with server.Running(binary, log) as running:
        arguments = ["--host", "127.0.0.1", "--port", str(running.port)]
        outcome = tree.run(unit.name, unit.skips("external"), None, arguments)
        unit.add(outcome, "external")
        if not running.alive():
            unit.failed["(server)"] = "the server ended\n" + running.log_tail()
        return outcome.finished


def run_spawned(unit, only, tree):
    """The given tests of the unit on servers that the suite starts."""
    before = set(unit.failed)
    unit.add(tree.run(unit.name, unit.skips("spawned"), only, []), "spawned")
    for declared in unit.remaining():
        if set(unit.failed) == before:
            unit.failed[declared.name] = "it ran in neither mode and is not in the skip list\n"


def run_unit(unit, binary, source, work):
    """Both modes of one unit; a failure gets a second try on a fresh server."""
    started = time.monotonic()
    for attempt in (1, 2):
        folder = work / f"{unit.name.replace('/', '_')}.{attempt}"
        tree = server.SuiteTree(source, folder, binary)
        failed_before = dict(unit.failed)
        unit.forget()  # a second try runs everything again: not every failure names its test
        if any(d for d in unit.declared):
            finished = run_external(unit, binary, tree, folder / "server.log")
            only = unit.remaining()
            if only and finished:
                run_spawned(unit, only, tree)
        unit.passed -= set(unit.failed)
        if attempt == 2:
            unit.second_try = set(failed_before) - set(unit.failed)
        if not unit.failed or unit.hung:
            break  # a test that hangs costs minutes, and does so again
        keep_logs(folder)
    state = "FAILED" if unit.failed else "ok"
    lines = [f"{state:6} {unit.name}: {len(unit.passed)} passed, {len(unit.failed)} failed, "
             f"{len(unit.entries)} left out, {time.monotonic() - started:.0f} s"]
    for name, message in sorted(unit.failed.items()):
        lines.append(f"--- {unit.name}: {name}\n{message.rstrip()}\n")
    print("\n".join(lines), flush=True)


def keep_logs(folder):
    """Saves what a failed run printed, where the caller of this program wants it."""
    if "TIDEWAY_LOGS" in os.environ:
        target = pathlib.Path(os.environ["TIDEWAY_LOGS"], folder.name)
        target.mkdir(parents=True, exist_ok=True)
        for name in ("output", "server.log"):
            if (folder / name).exists():
                shutil.copy(folder / name, target)


def choose(source, entries, wanted):
    """Units to run, and the complaints about units that nobody decided on."""
    units, complaints = [], []
    names = suite.all_units(source)
    for name in names:
        of_unit = [entry for entry in entries if entry.unit == name]
        if any(entry.name == "*" for entry in of_unit):
            if len(of_unit) > 1:
                complaints.append(f"{name} is left out as a whole and in parts")
            continue
        if not wanted or name in wanted:
            units.append(Unit(name, suite.static_names(source, name), of_unit))
    complaints += [f"skip.txt:{entry.line}: no unit {entry.unit}" for entry in entries
                   if entry.unit not in names]
    complaints += [f"no unit {name} to run" for name in wanted
                   if name not in [unit.name for unit in units]]
    return units, complaints


def report(units, entries, complaints):
    """Prints the counts and what is wrong; returns the exit status."""
    for unit in units:
        complaints += [f"skip.txt:{entry.line}: {unit.name} has no test '{entry.name}' (any more)"
                       for entry in unit.stale()]
    for unit in units:
        for name in sorted(unit.second_try):
            print(f"passed only on the second try: {unit.name}: {name}")
    for complaint in complaints:
        print(f"skip list: {complaint}")
    whole = sum(entry.name == "*" for entry in entries)
    passed = sum(len(unit.passed) for unit in units)
    failed = sum(len(unit.failed) for unit in units)
    left_out = sum(len(unit.entries) for unit in units)
    print(f"{len(units)} units ran; {whole} units of other families are left out whole")
    print(f"{passed} passed, {failed + len(complaints)} failed, {left_out} skipped")
    return 1 if failed or complaints else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--suite", type=pathlib.Path, required=True, help="the suite's folder")
    parser.add_argument("--server", type=pathlib.Path, required=True, help="the server program")
    parser.add_argument("--keep", action="store_true", help="keep the work folder")
    parser.add_argument("units", nargs="*", help="only these units")
    options = parser.parse_args()
    binary = server.Binary.of(options.server)
    entries = [entry for entry in skiplist.read(HERE / "skip.txt")
               if binary.concerns(entry)]
    units, complaints = choose(options.suite, entries, options.units)
    work = pathlib.Path(tempfile.mkdtemp(prefix="tideway-redis-suite."))
    jobs = int(os.environ.get("TIDEWAY_JOBS", "2"))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    pool = concurrent.futures.ThreadPoolExecutor(jobs)
    try:
        list(pool.map(lambda unit: run_unit(unit, binary, options.suite, work), units))
        return report(units, entries, complaints)
    finally:
        server.processes.end_all()
        pool.shutdown(cancel_futures=True)
        if options.keep:
            print(f"kept {work}")
        else:
            shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
