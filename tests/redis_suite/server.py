"""Starting things: the server under test, and a runnable copy of the suite."""

import dataclasses
import itertools
import os
import pathlib
import random
import shlex
import shutil
import signal
import socket
import subprocess
import threading
import time

import suite

# What every server of the suite is started with, as the suite's own default.conf has it.
COMMON_SETTINGS = (
    ("save", ""),
    ("notify-keyspace-events", "KEA"),
    ("latency-monitor-threshold", "1"),
    ("enable-debug-command", "yes"),
    ("enable-protected-configs", "yes"),
)
START_SECONDS = 20
UNIT_SECONDS = 900
PORTS_A_RUN = 450


@dataclasses.dataclass(frozen=True)
class Binary:
    """The program under test and how it is called."""

    path: pathlib.Path
    is_tideway: bool
    tidb: str  # where the data are: tidb://user@host:port, or empty

    @staticmethod
    def of(path):
        is_tideway = "redis-server" not in path.name
        tidb = os.environ.get("TIDEWAY_TIDB_SERVER", "") if is_tideway else ""
        return Binary(path.absolute(), is_tideway, tidb)

    def concerns(self, entry):
        """Whether the skip list's entry is about this server."""
        return (entry.server == "" or (entry.server == "tideway" and self.is_tideway)
                or (entry.server == "tidb" and self.tidb != ""))

    def environment(self):
        """Of a server with data of its own: an empty database of TiDB."""
        if not self.tidb:
            return None
        return {**os.environ, "TIDEWAY_BACKEND": f"{self.tidb}/external_{next(_databases)}"}

    def arguments(self, port, folder):
        arguments = [str(self.path), "--port", str(port), "--bind", "127.0.0.1",
                     "--dir", str(folder)]
        for name, value in COMMON_SETTINGS:
            arguments += [f"--{name}", value]
        return arguments

    def adapter(self):
        """A script that the suite takes for its `src/redis-server FILE [arguments]`."""
        path = shlex.quote(str(self.path))
        if not self.is_tideway:
            return f'#!/bin/sh\nexec {path} "$@"\n'
        # The suite finds a started server by a line of its output, which redis-server prints when
        # it listens. One that ends instead gets its line too, a little later: by then its log tells
        # the suite whether the port was in use.
        return ('#!/bin/sh\n'
                'socket=\n'
                '[ ! -f "$1" ] || socket=$(sed -n "s/^unixsocket //p" "$1" | tr -d \'"\')\n'
                'wait_and_tell() {\n'
                '  tries=0\n'
                '  while [ ! -S "$socket" ] && [ $((tries += 1)) -lt 200 ]; do\n'
                '    grep -q "^State:.[RSD]" "/proc/$$/status" || { sleep 0.5; break; }\n'
                '    sleep 0.02\n'
                '  done 2>/dev/null\n'
                '  echo " PID: $$"\n'
                '}\n'
                'if [ -n "$socket" ]; then (wait_and_tell &); else echo " PID: $$"; fi\n'
                + self._own_data()
                + '[ ! -f "$1" ] || set -- --config "$@"\n'
                f'exec {path} "$@"\n')

    def _own_data(self):
        # A server that is started again with the same file finds its data again.
        if not self.tidb:
            return ""
        return ('data=$(echo "$PWD $1" | sha256sum | cut -c1-40)\n'
                f'export TIDEWAY_BACKEND={shlex.quote(self.tidb)}/spawned_$data\n')


class Processes:
    """Every process group that was started and has not been ended, to end them all at once."""

    def __init__(self):
        self._lock = threading.Lock()
        self._running = set()
        self._closed = False

    def start(self, command, **options):
        with self._lock:
            if self._closed:
                raise RuntimeError("the run is being stopped")
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True,
                                       **options)
            self._running.add(process)
            return process

    def end(self, process):
        """Kills what is left of the process's group."""
        with self._lock:
            self._running.discard(process)
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait()

    def end_all(self):
        """Ends everything; nothing can be started any more."""
        with self._lock:
            self._closed = True
            running = set(self._running)
        for process in running:
            self.end(process)


processes = Processes()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


_databases = itertools.count(1)
_port_ranges = itertools.cycle(random.sample(range(12050, 30000, PORTS_A_RUN), 39))


def free_port_range():
    """The start of a range for one run of the suite: it looks for ports in the range, and for one
    of its own in the 32 below, but it takes a port for free that others listen on."""
    while True:
        start = next(_port_ranges)
        try:
            for port in range(start - 32, start - 22):
                with socket.socket() as probe:
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    probe.bind(("127.0.0.1", port))
            return start
        except OSError:
            continue


class Running:
    """A server on a free port, from `with` to its end; its output goes to the file `log`."""

    def __init__(self, binary, log):
        self._binary = binary
        self._log = log
        self._process = None
        self.port = None

    def __enter__(self):
        for _ in range(5):
            self.port = free_port()
            folder = self._log.parent / f"data.{self.port}"
            folder.mkdir(parents=True)
            with self._log.open("ab") as output:
                self._process = processes.start(self._binary.arguments(self.port, folder),
                                                stdout=output, stderr=output, cwd=folder,
                                                env=self._binary.environment())
            if self._wait_until_ready():
                return self
            self.stop()
        raise RuntimeError(f"the server did not start:\n{self.log_tail()}")

    def _wait_until_ready(self):
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.alive():
            try:
                with socket.create_connection(("127.0.0.1", self.port), 1) as connection:
                    connection.sendall(b"PING\r\n")
                    if connection.recv(64).startswith(b"+PONG"):
                        return True
            except OSError:
                pass
            time.sleep(0.02)
        return False

    def alive(self):
        return self._process.poll() is None

    def log_tail(self):
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-30:]) + "\n"

    def stop(self):
        if self.alive():
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(15)
            except subprocess.TimeoutExpired:
                pass
        processes.end(self._process)

    def __exit__(self, *_):
        self.stop()


class SuiteTree:
    """A folder in which the suite runs: its files, and the programs it expects under `src`."""

    def __init__(self, source, folder, binary):
        self.folder = folder
        (folder / "src").mkdir(parents=True)
        shutil.copytree(source / "tests", folder / "tests")
        (folder / "tests/tmp").mkdir(exist_ok=True)
        for tool in ("redis-cli", "redis-benchmark"):
            (folder / "src" / tool).symlink_to(shutil.which(tool))
        adapter = folder / "src/redis-server"
        adapter.write_text(binary.adapter())
        adapter.chmod(0o755)
        if binary.is_tideway:
            self._patch_plumbing()

    def _patch_plumbing(self):
        # Each start_server empties the function library; a server without functions has none.
        plumbing = self.folder / "tests/support/server.tcl"
        text = plumbing.read_text()
        flush = "    r function flush\n"
        if text.count(flush) != 1:
            raise RuntimeError("the suite's run_external_server_test has changed")
        plumbing.write_text(text.replace(flush, "    catch {r function flush}\n"))

    def run(self, unit, skips, only, arguments):
        """One run of a unit: without the tests in `skips`, and if given only those in `only`."""
        skip_file = self.folder / "skip"
        skip_file.write_text("\n".join(sorted(skips)) + "\n")
        base = free_port_range()
        command = ["tclsh", "tests/test_helper.tcl", "--single", unit, "--durable",
                   "--clients", "1", "--timeout", "300", "--skipfile", str(skip_file),
                   "--baseport", str(base), "--portcount", str(PORTS_A_RUN - 50),
                   *arguments]
        for declared in only or ():
            name = "/" + suite.pattern_of(declared.name) if declared.dynamic else declared.name
            command += ["--only", name]
        environment = {**os.environ, "TERM": "dumb", "LC_ALL": "C.UTF-8"}
        process = processes.start(command, cwd=self.folder, env=environment,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            output, _ = process.communicate(timeout=UNIT_SECONDS)
        except subprocess.TimeoutExpired:
            output = b"[exception]: [TIMEOUT] the unit took too long\n"
        finally:
            # Spawned servers and load generators belong to the run's own group.
            processes.end(process)
        with (self.folder / "output").open("ab") as log:
            log.write(output)
        return suite.parse_output(output.decode(errors="replace"), unit)
