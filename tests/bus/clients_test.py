"""Client libraries that hear on one node what they publish on another; a plain NATS client."""

import json
import os
import pathlib
import subprocess
import tempfile
import threading
import unittest

from lab import ROOT, SOON_S, Listener, Node
from nats_server import NatsServer, wait_for

HERE = pathlib.Path(__file__).resolve().parent
PREPARE_S = 900  # the first time it is fetched and built
RUN_S = 120


def command_of(client):
    """The command that runs a client's scenario; skips the test where it cannot be had."""
    done = subprocess.run([HERE / "clients" / "prepare.sh", client], stdout=subprocess.PIPE,
                          text=True, timeout=PREPARE_S, check=False)
    lines = done.stdout.splitlines()
    if done.returncode == 77:
        raise unittest.SkipTest(lines[-1])
    if done.returncode != 0:
        raise AssertionError(f"{client} could not be prepared: {done.stdout}")
    return lines


class TwoNodesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(NatsServer())
        cls.here, cls.there = (cls.enterClassContext(Node(cls.server)) for _ in range(2))

    def check_runs(self, *command):
        """The command ends well, first one way over the nodes and then the other."""
        for subscribed, published in ((self.here, self.there), (self.there, self.here)):
            done = subprocess.run([*command, str(subscribed.port), str(published.port)],
                                  capture_output=True, text=True, timeout=RUN_S, check=False)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        print(f"    {done.stdout.strip()}", flush=True)


@unittest.skipIf(os.environ.get("TIDEWAY_BACKEND"), "they run without: TIDEWAY_BACKEND")
class LibraryTest(TwoNodesTest):
    def test_go_redis_7(self):
        self.check_runs(*command_of("go"), "goredis7")

    def test_go_redis_9(self):
        self.check_runs(*command_of("go"), "goredis9")

    def test_redis_py(self):
        self.check_runs(*command_of("redis-py"))

    def test_ioredis(self):
        self.check_runs(*command_of("ioredis"))

    def test_hiredis(self):
        program = pathlib.Path(os.environ.get("TIDEWAY_PROGRAMS", ROOT / "build/dev/tests")) / "bus"
        if not program.exists():
            self.skipTest(f"{program.name}, the hiredis client, is not built")
        self.check_runs(str(program))

    def test_redis_cli(self):
        listening = subprocess.Popen(
            ["redis-cli", "-p", str(self.here.port), "SUBSCRIBE", "cli one", "cli two"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        patience = threading.Timer(3 * SOON_S, listening.kill)
        patience.start()
        try:
            lines = [listening.stdout.readline() for _ in range(2 * 3)]
            self.assertIn("subscribe\n", lines)
            done = subprocess.run(
                ["redis-cli", "-p", str(self.there.port), "PUBLISH", "cli two", "hello"],
                capture_output=True, text=True, timeout=RUN_S, check=True)
            self.assertEqual(done.stdout, "0\n")
            heard = [listening.stdout.readline() for _ in range(3)]
            self.assertEqual(heard, ["message\n", "cli two\n", "hello\n"])
        finally:
            patience.cancel()
            listening.kill()
            listening.wait()
            listening.stdout.close()


@unittest.skipUnless(os.environ.get("TIDEWAY_BACKEND"), "wants a TiDB: TIDEWAY_BACKEND")
class PlainNatsClientTest(TwoNodesTest):
    def notify(self):
        for node in (self.here, self.there):
            client = node.client()
            client("CONFIG", "SET", "notify-keyspace-events", "AKE")
            client.close()

    def descriptors(self, folder):
        """What protoc makes of the schema that other programs are given."""
        path = os.path.join(folder, "descriptors")
        subprocess.run(["protoc", f"--proto_path={ROOT}", "--include_imports",
                        f"--descriptor_set_out={path}", ROOT / "cdc" / "change_event.proto"],
                       check=True)
        return path

    def test_decodes_the_events(self):
        program = command_of("go")
        folder = self.enterContext(tempfile.TemporaryDirectory(prefix="tideway-bus-"))
        writer = self.there.client()
        self.notify()
        reading = subprocess.Popen(
            [*program, "events", str(self.server.tcp), self.descriptors(folder), "5"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        try:
            self.assertEqual(reading.stdout.readline(), "ready\n")
            writer("HSET", "room:1", "f", "v")
            writer("EXPIRE", "room:1", 1000)
            writer("DEL", "room:1")
            writer("SET", "s", "small", "EX", 1000)
            output, _ = reading.communicate(timeout=RUN_S)
        finally:
            reading.kill()
            reading.wait()
        self.assertEqual(reading.returncode, 0)
        pairs = [line.split("\t") for line in output.splitlines()]
        events = [json.loads(text) for _, text in pairs]
        print("".join(f"    {line}\n" for line in output.splitlines()), flush=True)
        self.assertEqual([event["event"] for event in events],
                         ["hset", "expire", "del", "set", "expire"])
        self.assertEqual({event["version"] for event in events}, {1})
        self.assertEqual(len({event["cluster"] for event in events}), 1)
        stamps = [int(event["commitTs"]) for event in events]
        self.assertEqual(stamps, sorted(stamps))
        identities = {(event["commitTs"], event["key"], event.get("n", 0)) for event in events}
        self.assertEqual(len(identities), 5, "each event has an identity of its own")
        self.assertEqual(stamps[3], stamps[4], "names of one commit")
        for (subject, _), event in zip(pairs, events, strict=True):
            self.assertTrue(subject.startswith(f"tw.ev.0.{event['event']}."), subject)
        writer.close()

    def test_hostile_messages_harm_nobody(self):
        """Anybody on the NATS server may publish on the bus's subjects."""
        from nats_client import NatsClient  # noqa: PLC0415

        writer = self.there.client()
        self.notify()
        listener = self.enterContext(Listener(self.here, channels=["c"], patterns=["*"]))
        listener.reach(self.there)
        stranger = NatsClient(self.server.tcp)
        heard = self.server.client_subjects()
        payloads = (b"", b"\x00", b"\xff" * 100, b"\x08" + b"\x80" * 9)
        for subject in sorted(set(heard)):
            plain = ".".join("x" if token in ("*", ">") else token for token in subject.split("."))
            for payload in payloads:
                stranger.publish(plain, payload)
        stranger.close()
        writer("SET", "after", "v")
        listener.wait(lambda heard: any(each.payload == b"after" for each in heard))
        for node in (self.here, self.there):
            self.assertIsNone(node.process.poll())
        wait_for(self.here.is_connected, SOON_S, "it is still on the bus")
        writer.close()
