"""Real nats-servers for the tests: processes on loopback ports of their own, ended by pid."""

import json
import os
import pathlib
import random
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
START_S = 20

# A connection whose other side has gone silent is given up after two of these, unanswered.
PING_INTERVAL_S = 2


def program():
    """The path of a nats-server; ends the program with 77 when there is none."""
    built = subprocess.run([HERE / "build.sh"], stdout=subprocess.PIPE, text=True, check=False)
    lines = built.stdout.splitlines() or [""]
    if built.returncode != 0:
        print(lines[-1])
        sys.exit(built.returncode)
    return lines[-1]


given_out = set()  # ports: not twice, as their owners may not listen yet, or not now


def fixed_port():
    """A free port that stays its owner's over a restart.

    It lies below those that the system gives to outgoing connections: a client that tries again and
    again to reach a port without a server could otherwise be given that very port for its own end,
    and talk to itself.
    """
    while True:
        port = random.randint(12000, 31000)
        if port in given_out:
            continue
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                given_out.add(port)
                return port
            except OSError:
                continue


def wait_for(condition, seconds, what):
    """Polls until the condition gives something true, and returns that."""
    deadline = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.01)


class NatsServer:
    """One process; `with` ends it. The ports stay the same over restarts.

    `blocks` is more of its configuration, text. `tcp` and `http` are the ports of clients and
    of the monitoring.
    """

    address = "127.0.0.1"

    def __init__(self, name="nats", blocks=""):
        self.name = name
        self.blocks = blocks
        self.tcp = fixed_port()
        self.http = fixed_port()
        self.folder = tempfile.TemporaryDirectory(prefix="tideway-nats-")
        self.process = None
        self.program = os.environ.get("TIDEWAY_NATS") or program()

    @property
    def url(self):
        return f"nats://127.0.0.1:{self.tcp}"

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.kill()
        self.folder.cleanup()

    def configuration(self):
        return (f'server_name: "{self.name}"\nlisten: "127.0.0.1:{self.tcp}"\n'
                f'http: "127.0.0.1:{self.http}"\nping_interval: "{PING_INTERVAL_S}s"\n'
                # One slow node must not slow down what the others publish.
                "no_fast_producer_stall: true\n"
                + self.blocks)

    def start(self):
        path = pathlib.Path(self.folder.name)
        (path / "nats.conf").write_text(self.configuration())
        with (path / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [self.program, "-c", path / "nats.conf"], stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, cwd=path)
        wait_for(self.answers, START_S, f"nats-server {self.name} answers:\n{self.log()}")

    def answers(self):
        if self.process.poll() is not None:
            raise AssertionError(f"nats-server {self.name} ended:\n{self.log()}")
        try:
            with socket.create_connection(("127.0.0.1", self.tcp), 1) as connection:
                return connection.recv(4) == b"INFO"
        except OSError:
            return False

    def kill(self):
        """As a crash: nobody is told."""
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def tell(self, number):
        self.process.send_signal(number)

    def log(self):
        path = pathlib.Path(self.folder.name) / "log"
        return path.read_text(errors="replace")[-4000:] if path.exists() else ""

    def monitor(self, page):
        """What the server tells of itself: varz, connz?subs=1, routez, gatewayz, subsz …"""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.http}/{page}", timeout=5) as answer:
            return json.load(answer)

    def client_subjects(self):
        """The subjects that clients are subscribed to, sorted."""
        connections = self.monitor("connz?subs=1&limit=4096")["connections"]
        return sorted(subject for connection in connections
                      for subject in connection.get("subscriptions_list", []))

    def sent_to_servers(self):
        """Messages sent to other servers since the start: routes and gateways."""
        routes = self.monitor("routez").get("routes") or []
        gateways = (self.monitor("gatewayz").get("outbound_gateways") or {}).values()
        return (sum(route["out_msgs"] for route in routes)
                + sum(gateway["connection"]["out_msgs"] for gateway in gateways))
