"""What the scenarios share: tideway nodes on a bus, and listeners of them."""

import contextlib
import itertools
import os
import pathlib
import random
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "harness"), str(ROOT / "tests" / "nats")]

from nats_server import wait_for  # noqa: E402
from server import SANITIZED, Server  # noqa: E402

# How soon what was sent is expected where nothing is broken, and what the nodes promise after a
# fault. A build with sanitizers is slow.
SOON_S = 30 if SANITIZED else 10
BACK_S = 15 if SANITIZED else 5
CI = os.environ.get("TIDEWAY_CI") == "1"

# With TIDEWAY_BUS_OFF=1 the nodes get no bus: every scenario that claims anything must then fail.
BUS_OFF = os.environ.get("TIDEWAY_BUS_OFF") == "1"


def seeded(default=None):
    """A source of random numbers whose seed is printed; TIDEWAY_SEED repeats a run."""
    seed = int(os.environ.get("TIDEWAY_SEED") or default or random.randrange(1 << 32))
    print(f"TIDEWAY_SEED={seed}", flush=True)
    return random.Random(seed)


class Node(Server):
    """A tideway on the bus of these NATS servers. Its keys lie in memory, or TIDEWAY_BACKEND."""

    def __init__(self, *nats, args=(), scheme="nats", user=""):
        hosts = ",".join(f"{server.address}:{server.tcp}" for server in nats)
        bus = () if BUS_OFF else ("--bus", f"{scheme}://{user}{hosts}")
        store = () if os.environ.get("TIDEWAY_BACKEND") else ("--storage", "memory")
        super().__init__(*bus, *store, *args)
        self.on_bus = bool(nats) and not BUS_OFF

    def start(self):
        super().start()
        if self.on_bus:
            with contextlib.suppress(AssertionError):  # the test says what does not work
                self.wait_connected(5)

    def wait_connected(self, seconds=SOON_S):
        wait_for(self.is_connected, seconds, "the node is on the bus")

    def is_connected(self):
        return self.bus().get("bus_state") == "connected"

    def bus(self):
        """INFO's section # Bus; empty when there is none."""
        client = self.client()
        lines = client("INFO", "bus").decode().splitlines()
        client.close()
        return dict(line.split(":", 1) for line in lines if ":" in line)

    def bus_number(self, field):
        return int(self.bus()[field])

    def drops(self):
        """Messages that this node lost or dropped, for whatever reason."""
        return sum(int(value) for field, value in self.bus().items()
                   if field.startswith(("bus_lost_", "bus_dropped_")))

    def resident_bytes(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("RssAnon:"))
        return int(line.split()[1]) * 1024


class Heard:
    """A message as a client got it."""

    def __init__(self, reply):
        self.at = time.monotonic()
        self.pattern = reply[1] if reply[0] == b"pmessage" else None
        self.channel, self.payload = reply[-2:]

    def key(self):
        return (self.pattern or b"", self.channel, self.payload)

    def __repr__(self):
        return f"{self.pattern or ''}:{self.channel[:40]}={self.payload[:40]}"


def told_apart(keys):
    """Of Listener.keys(): the ways by which each payload came, sorted, and the payloads in the
    order of their coming. Of one message NATS brings the copies in any order."""
    by_payload = {}
    for pattern, channel, payload in keys:
        by_payload.setdefault(payload, []).append((pattern, channel))
    return {payload: sorted(ways) for payload, ways in by_payload.items()}, list(by_payload)


class Listener:
    """A client that is subscribed, acknowledged, and collects what it hears on a thread.

    Its last subscription is a channel of its own, by which reach() finds out from where it hears.
    """

    numbers = itertools.count()

    def __init__(self, node, channels=(), patterns=(), shards=()):
        self.own = f"reach:{os.getpid()}:{next(self.numbers)}".encode()
        self.client = node.client()
        self.client.socket.settimeout(SOON_S)
        self.heard = []
        self.reached = set()
        self.error = None
        self.changed = threading.Condition()
        for word, names in (("SSUBSCRIBE", shards), ("SUBSCRIBE", channels),
                            ("PSUBSCRIBE", patterns), ("SUBSCRIBE", [self.own])):
            for name in names:
                self.client.send((word, name))
                while self._take(self.client.reply()):
                    pass
        self.client.socket.settimeout(None)
        self.thread = threading.Thread(target=self._listen, daemon=True)
        self.thread.start()

    def _take(self, reply):
        """True if it was a message."""
        if reply[0] not in (b"message", b"pmessage", b"smessage"):
            return False
        heard = Heard(reply)
        with self.changed:
            if heard.channel != self.own:
                self.heard.append(heard)
            elif heard.pattern is None:
                self.reached.add(heard.payload)
            self.changed.notify_all()
        return True

    def _listen(self):
        try:
            while True:
                self._take(self.client.reply())
        except (OSError, EOFError, ValueError) as error:
            with self.changed:
                self.error = error
                self.changed.notify_all()

    def reach(self, *nodes, seconds=SOON_S):
        """Returns when what is published on these nodes comes here: servers tell each other of a
        subscription in order, and the own channel was the last one."""
        for node in nodes:
            token = f"{node.port}:{next(self.numbers)}".encode()
            client = node.client()
            deadline = time.monotonic() + seconds
            while token not in self.reached:
                if time.monotonic() > deadline:
                    raise AssertionError(f"what one node publishes is not heard on another "
                                         f"within {seconds} s")
                client("PUBLISH", self.own, token)
                with self.changed:
                    self.changed.wait_for(lambda token=token: token in self.reached, 0.05)
            client.close()

    def wait(self, condition, seconds=SOON_S, what="the message comes"):
        """Until the condition holds for the list of what was heard."""
        with self.changed:
            self.changed.wait_for(lambda: self.error or condition(self.heard), seconds)
            if not condition(self.heard):
                raise AssertionError(f"not within {seconds} s: {what}; {len(self.heard)} messages, "
                                     f"the last: {self.heard[-5:]}; {self.error or ''}")

    def wait_for_payload(self, payload, seconds=SOON_S):
        """Until that one came; what its publisher sent before has come, too, or never will."""
        payload = payload if isinstance(payload, bytes) else str(payload).encode()
        self.wait(lambda heard: any(each.payload == payload for each in heard), seconds,
                  f"{payload[:60]} comes")

    def payloads(self):
        with self.changed:
            return [each.payload for each in self.heard]

    def keys(self):
        """(pattern or b"", channel, payload) of each message."""
        with self.changed:
            return [each.key() for each in self.heard]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.suppress(OSError):
            self.client.socket.shutdown(2)
        self.thread.join(timeout=5)
        self.client.close()
