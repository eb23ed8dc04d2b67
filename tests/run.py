#!/usr/bin/env python3
"""Builds and runs the tests, stage by stage. `make test` is this program without arguments.

A stage is a name and a command. Its output goes to build/test-logs/NAME.log; a failure prints the
end of that log. A command tells its result by its exit status: 0 passed, 77 could not run here
(its last line of output is the reason), anything else failed. If its output ends with a line
"N passed, N failed, N skipped", those numbers are counted, else the stage counts as one test.

A stage finds in its environment: TIDEWAY_BIN, the server under test; TIDEWAY_PROGRAMS, the folder
of the suites' own programs (cmake/tests.cmake); TIDEWAY_CACHE, a folder for what is costly to fetch
or build (default ~/.cache/tideway); TIDEWAY_CI=1, unless --full is given: use the short amounts;
TIDEWAY_LOGS, a folder of the stage's own for whatever it leaves behind.
"""

import argparse
import dataclasses
import glob
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parent.parent
LOGS = ROOT / "build" / "test-logs"
CANNOT_RUN = 77
TAIL_LINES = 60
HEARTBEAT_S = 60
JOBS = os.environ.get("TIDEWAY_JOBS") or str(os.cpu_count() or 2)
SUMMARY = re.compile(r"^(\d+) passed, (\d+) failed, (\d+) skipped$")

# Whole-server suites, in the order of what they tell soonest: folder below tests/ and the time
# after which a suite counts as hung, in minutes, with the short and the long amounts.
SUITES = [("process", 10, 10), ("ion", 20, 30), ("bus", 15, 40), ("redis_suite", 30, 60),
          ("differential", 20, 180), ("crash", 20, 120), ("linearizability", 30, 90)]

# The same with the data in a real TiDB: name of the stage, command below tests/, and the times.
# Of Redis's suite the units about data and events; unit/scan and unit/type/set send hundreds of
# thousands of commands one at a time, the others are about the server itself.
TIDB_UNITS = ["unit/" + name for name in (
    "auth dump protocol keyspace info info-command expire multi pubsub pubsubshard other slowlog "
    "quit latency-monitor introspection-2 type/incr type/string type/hash").split()]
TIDB_SUITES = [("process-tidb", ["tidb/with_server.py", "tests/process/run.sh"], 5, 5),
               ("ion-tidb", ["ion/run.sh", "--tidb"], 20, 30),
               ("bus-tidb", ["bus/run.sh", "--tidb"], 15, 40),
               ("redis_suite-tidb",
                ["tidb/with_server.py", "tests/redis_suite/run.sh", *TIDB_UNITS], 20, 30),
               ("differential-tidb", ["tidb/with_server.py", "tests/differential/run.sh"], 20, 180)]

# What each fuzz target gets in a run of everything, in seconds: enough to find what broke lately.
FUZZ_S = (20, 120)

# ThreadSanitizer of this age cannot cope with much randomness of addresses.
EMULATOR = {"tsan": ["setarch", "-R"]}


@dataclasses.dataclass
class Counts:
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def add(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped

    def __str__(self):
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


@dataclasses.dataclass
class Stage:
    """One line of the run. `needs` names stages without whose success this one cannot run."""

    name: str
    commands: list  # each a list of words, run in order until one does not exit 0
    timeout_min: int = 30
    needs: tuple = ()
    env: dict = dataclasses.field(default_factory=dict)
    results: str = ""  # a glob of GoogleTest XML files that the stage writes
    counted: bool = True  # builds are not tests: they count only when they fail


def gtest_counts(pattern):
    """Adds up the GoogleTest result files that match the glob pattern."""
    counts = Counts()
    for path in glob.glob(pattern):
        try:
            cases = xml.etree.ElementTree.parse(path).getroot().iter("testcase")
        except xml.etree.ElementTree.ParseError:
            continue  # a crashed test program; its exit status has failed the stage already
        for case in cases:
            if case.find("failure") is not None:
                counts.failed += 1
            elif case.get("result") == "completed":
                counts.passed += 1
            else:
                counts.skipped += 1
    return counts


def last_line(path):
    lines = tail(path, 1)
    return lines[-1].strip() if lines else ""


def tail(path, count):
    try:
        with open(path, "rb") as log:
            log.seek(0, os.SEEK_END)
            log.seek(max(0, log.tell() - 65536))
            text = log.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return []
    return [line for line in text.splitlines() if line.strip()][-count:]


def stop_group(process):
    """Ends the processes that a stage left behind: those of the group that we started."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            return
        time.sleep(1)


def run_command(command, log_path, env, timeout_s, name):
    """Runs one command with its output in the log; returns its exit status, or None if it hung."""
    started = time.monotonic()
    with open(log_path, "ab") as log:
        log.write(f"$ {' '.join(command)}\n".encode())
        log.flush()
        process = subprocess.Popen(
            command, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=log,
            stderr=subprocess.STDOUT, start_new_session=True)
        try:
            while True:
                left = timeout_s - (time.monotonic() - started)
                try:
                    return process.wait(timeout=max(0.0, min(HEARTBEAT_S, left)))
                except subprocess.TimeoutExpired:
                    seconds = int(time.monotonic() - started)
                    if seconds >= timeout_s:
                        return None
                    print(f"      {name}: {seconds} s: {last_line(log_path)[:100]}", flush=True)
        finally:
            stop_group(process)
            process.wait()


def run_stage(stage, base_env):
    """Runs a stage; returns (word, counts, reason)."""
    log_path = LOGS / f"{stage.name}.log"
    log_path.unlink(missing_ok=True)
    own_logs = LOGS / stage.name
    shutil.rmtree(own_logs, ignore_errors=True)
    own_logs.mkdir(parents=True)
    for stale in glob.glob(stage.results) if stage.results else []:
        os.unlink(stale)
    env = {**base_env, **stage.env, "TIDEWAY_LOGS": str(own_logs)}

    status = 0
    for command in stage.commands:
        try:
            status = run_command(command, log_path, env, stage.timeout_min * 60, stage.name)
        except OSError as error:
            return "failed", Counts(failed=1), f"cannot start {command[0]}: {error.strerror}"
        if status != 0:
            break

    if status == CANNOT_RUN:
        return "skipped", Counts(skipped=1), last_line(log_path)
    counts = gtest_counts(stage.results) if stage.results else Counts()
    match = SUMMARY.match(last_line(log_path))
    if match and not stage.results:
        counts = Counts(*map(int, match.groups()))
    if status == 0 and counts.failed == 0:
        if counts == Counts() and stage.counted:
            counts.passed = 1
        return "passed", counts, ""
    counts.failed = max(1, counts.failed)
    if status is None:
        return "failed", counts, f"still running after {stage.timeout_min} minutes"
    return "failed", counts, f"exit status {status}"


def build_stage(preset):
    """Configures a preset, if that was not done yet, and builds it."""
    commands = [["cmake", "--build", "--preset", preset, "--parallel", JOBS]]
    if not (ROOT / f"build/{preset}/build.ninja").exists():
        commands.insert(0, ["cmake", "--preset", preset])
    return Stage(f"build-{preset}", commands, timeout_min=60, counted=False)


def tidb_stage():
    """A real TiDB for the tests: ten minutes the first time. Unit tests skip what needs one."""
    return Stage("build-tidb", [[str(ROOT / "tests/tidb/build.sh")]], timeout_min=60,
                 counted=False)


def nats_stage():
    """A real nats-server for the tests: two minutes the first time."""
    return Stage("build-nats", [[str(ROOT / "tests/nats/build.sh")]], timeout_min=30,
                 counted=False)


def suite_needs(name):
    """What a suite works with beside the server; ion builds its own."""
    return [*(["build-tidb"] if name.endswith("-tidb") else []),
            *(["build-nats"] if name.startswith("bus") else [])]


def unit_stage(preset, name):
    return Stage(
        name, [["ctest", "--preset", preset, "--parallel", JOBS]], needs=(f"build-{preset}",),
        results=str(ROOT / f"build/{preset}/tests/*.xml"))


def suite_stages(preset, programs, full):
    """The whole-server suites that are there, on the preset's server.

    `programs` is the preset that builds the suites' own programs.
    """
    suites = [(suite, [f"{suite}/run.sh"], *times) for suite, *times in SUITES]
    stages = []
    for name, (script, *arguments), minutes, minutes_full in suites + TIDB_SUITES:
        path = ROOT / "tests" / script
        if not path.exists():
            continue
        builds = {f"build-{preset}", f"build-{programs}"}
        stages.append(Stage(
            name, [[*EMULATOR.get(preset, []), str(path), *arguments]],
            timeout_min=minutes_full if full else minutes,
            needs=(*builds, *suite_needs(name)),
            env={"TIDEWAY_BIN": str(ROOT / f"build/{preset}/tideway"),
                 "TIDEWAY_PROGRAMS": str(ROOT / f"build/{programs}/tests")}))
    return stages


def fuzz_stages(seconds):
    stages = [build_stage("fuzz")]
    for source in sorted((ROOT / "tests" / "fuzz").glob("*_fuzz.cc")):
        name = source.stem
        seeds = source.parent / name.removesuffix("_fuzz")
        corpus = ROOT / "build" / "fuzz" / "corpus" / name
        corpus.mkdir(parents=True, exist_ok=True)
        command = [str(ROOT / "build/fuzz/fuzz" / name), f"-max_total_time={seconds}",
                   "-print_final_stats=1", f"-artifact_prefix={LOGS / name}/", str(corpus)]
        command += [str(seeds)] if seeds.is_dir() else []
        stages.append(Stage(name, [command], timeout_min=seconds // 60 + 5,
                            needs=("build-fuzz",)))
    return stages


def plan(arguments):
    """The stages that the arguments ask for."""
    if arguments.fuzz:
        return fuzz_stages(arguments.fuzz)
    if arguments.preset:
        preset = arguments.preset
        return [tidb_stage(), nats_stage(), build_stage(preset), unit_stage(preset, "unit"),
                *suite_stages(preset, preset, arguments.full)]
    style = Stage("style", [[sys.executable, "tests/style/check_test.py"],
                            [sys.executable, "tests/run_test.py"],
                            [sys.executable, "tests/style/check.py"]])
    return [
        style, tidb_stage(), nats_stage(),
        build_stage("dev"), unit_stage("dev", "unit"),
        build_stage("release"), *suite_stages("release", "dev", arguments.full),
        build_stage("asan-ubsan"), unit_stage("asan-ubsan", "unit-asan"),
        build_stage("tsan"), unit_stage("tsan", "unit-tsan"),
        *fuzz_stages(FUZZ_S[1] if arguments.full else FUZZ_S[0]),
    ]


def run_all(stages, env):
    """Runs the stages, prints how each ended, returns the sum."""
    total = Counts()
    outcome = {}
    for number, stage in enumerate(stages, 1):
        label = f"[{number}/{len(stages)}] {stage.name}"
        missing = [need for need in stage.needs if outcome.get(need, "passed") != "passed"]
        if missing:
            print(f"{label}: skipped: {missing[0]} did not pass", flush=True)
            outcome[stage.name] = "skipped"
            total.skipped += 1
            continue
        print(f"{label} ...", flush=True)
        started = time.monotonic()
        word, counts, reason = run_stage(stage, env)
        outcome[stage.name] = word
        total.add(counts)
        seconds = time.monotonic() - started
        numbers = f" ({counts})" if counts.passed + counts.failed + counts.skipped > 1 else ""
        why = f": {reason}" if reason else ""
        print(f"{label}: {word}{why} in {seconds:.1f} s{numbers}", flush=True)
        if word == "failed":
            log_path = LOGS / f"{stage.name}.log"
            for line in tail(log_path, TAIL_LINES):
                print(f"    {line}")
            print(f"    (all of it: {log_path.relative_to(ROOT)})", flush=True)
    return total


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("stages", nargs="*", help="run only these, and what they need")
    parser.add_argument("--full", action="store_true", help="the long amounts")
    parser.add_argument("--preset", choices=["dev", "release", "asan-ubsan", "tsan"],
                        help="unit tests and whole-server suites of this build")
    parser.add_argument("--fuzz", type=int, metavar="SECONDS", help="run the fuzz targets")
    parser.add_argument("--list", action="store_true", help="name the stages and end")
    arguments = parser.parse_args()

    stages = plan(arguments)
    unknown = set(arguments.stages) - {stage.name for stage in stages}
    if unknown:
        parser.error(f"no such stage: {', '.join(sorted(unknown))}")
    if arguments.stages:
        wanted = set(arguments.stages)
        for stage in stages:
            wanted.update(stage.needs if stage.name in arguments.stages else ())
        stages = [stage for stage in stages if stage.name in wanted]
    if arguments.list:
        print("\n".join(stage.name for stage in stages))
        return 0

    LOGS.mkdir(parents=True, exist_ok=True)
    env = dict(os.environ)
    env.setdefault("TIDEWAY_CACHE", str(pathlib.Path.home() / ".cache" / "tideway"))
    env["PATH"] = f"{env.get('PATH', '')}:{ROOT / 'build' / 'tools'}"
    if arguments.full:
        env.pop("TIDEWAY_CI", None)
    else:
        env["TIDEWAY_CI"] = "1"

    started = time.monotonic()
    total = run_all(stages, env)
    minutes, seconds = divmod(int(time.monotonic() - started), 60)
    print(f"took {minutes} min {seconds} s; logs in {LOGS.relative_to(ROOT)}/", flush=True)
    print(total, flush=True)
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main())
