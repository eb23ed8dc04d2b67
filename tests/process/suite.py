#!/usr/bin/env python3
"""What only a whole process shows: signals, its end, load of many clients, limits of memory."""

import pathlib
import re
import signal
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "harness"))

from server import SANITIZED, Server, ServerError, encode  # noqa: E402


def event(channel, key):
    return encode(["message", channel, key])


class SignalTest(unittest.TestCase):
    def test_the_end_of_a_terminal_or_of_a_reader_is_not_the_servers(self):
        with Server() as server:
            client = server.client()
            for number in (signal.SIGHUP, signal.SIGPIPE):
                server.tell(number)
                time.sleep(0.2)
                self.assertEqual(client("PING"), b"PONG")

    def check_orderly_end(self, number):
        with Server("--appendfsync", "everysec") as server:
            client = server.client()
            replies = client.pipeline([("SET", f"k{i}", i) for i in range(2000)])
            self.assertEqual(set(replies), {b"OK"})
            begin = time.monotonic()
            self.assertEqual(server.end(number), 0, server.log())
            self.assertLess(time.monotonic() - begin, 10)
            with self.assertRaises((EOFError, ConnectionError)):
                client("PING")
            self.assertIn("bye bye", server.log())
            server.start()
            again = server.client()
            self.assertEqual(again("DBSIZE"), 2000)
            self.assertEqual(again("GET", "k1999"), b"1999")

    def test_sigterm_keeps_what_was_acknowledged(self):
        self.check_orderly_end(signal.SIGTERM)

    def test_sigint_keeps_what_was_acknowledged(self):
        self.check_orderly_end(signal.SIGINT)

    def test_sigterm_under_load_ends_soon_and_keeps_what_was_acknowledged(self):
        with Server("--appendfsync", "everysec", "--io-threads", "2") as server:
            acknowledged = [0] * 4

            def write(number):
                client = server.client()
                try:
                    while True:
                        client("SET", f"{number}:{acknowledged[number]}", "v")
                        acknowledged[number] += 1
                except (EOFError, OSError):
                    pass

            writers = [threading.Thread(target=write, args=(i,)) for i in range(4)]
            for writer in writers:
                writer.start()
            time.sleep(0.5)
            self.assertEqual(server.end(), 0, server.log())
            for writer in writers:
                writer.join()
            server.start()
            client = server.client()
            for number, count in enumerate(acknowledged):
                self.assertGreater(count, 0)
                found = client("EXISTS", *(f"{number}:{i}" for i in range(count)))
                self.assertEqual(found, count)


class LoadTest(unittest.TestCase):
    def expire_at_once(self, count):
        """Seconds from the time at which `count` keys are due to the last event."""
        with Server("--notify-keyspace-events", "Ex") as server:
            listener = server.client()
            listener("SUBSCRIBE", "__keyevent@0__:expired")
            writer = server.client()
            due_ms = int(time.time() * 1000) + (5000 if SANITIZED else 1500)
            writer.pipeline([("SET", f"k{i}", "v", "PXAT", due_ms) for i in range(count)])
            expected = {event("__keyevent@0__:expired", f"k{i}") for i in range(count)}
            came = listener.read(sum(map(len, expected)))
            took_s = time.time() - due_ms / 1000
            self.assertEqual(set(re.findall(rb"\*3\r\n(?:\$.*\r\n.*\r\n){3}", came)), expected)
            self.assertEqual(writer("DBSIZE"), 0)
            self.assertEqual(int(server.info("expired_keys")), count)
            return took_s

    def test_ten_thousand_keys_due_at_once_are_gone_and_told_within_100_ms(self):
        # A busy machine may stand still for longer: the best of a few counts.
        bound_s = 2.0 if SANITIZED else 0.1
        tries = []
        while len(tries) < 5 and min(tries, default=bound_s + 1) > bound_s:
            tries.append(self.expire_at_once(10_000))
        self.assertLessEqual(min(tries), bound_s, tries)

    def test_a_subscriber_that_does_not_read_slows_nobody(self):
        messages, payload = 3000, b"x" * 4096
        with Server("--client-output-buffer-limit", "pubsub 1mb 0 0") as server:
            slow = server.client(receive_bytes=4096)
            slow("SUBSCRIBE", "c")
            quick = server.client()
            quick("SUBSCRIBE", "c")
            heard = []
            reader = threading.Thread(
                target=lambda: heard.extend(quick.reply()[2] for _ in range(messages)))
            reader.start()
            publisher = server.client()
            longest_s = 0
            for i in range(messages):
                begin = time.monotonic()
                receivers = publisher("PUBLISH", "c", b"%06d" % i + payload)
                longest_s = max(longest_s, time.monotonic() - begin)
                self.assertIn(receivers, (1, 2))
            reader.join(timeout=20)
            self.assertEqual([int(message[:6]) for message in heard], list(range(messages)))
            self.assertLess(longest_s, 5 if SANITIZED else 1)
            self.assertEqual(receivers, 1)
            self.assertEqual(server.info("client_output_buffer_limit_disconnections"), "1")
            # It hears of its end once it reads what was on its way.
            with self.assertRaises((EOFError, ConnectionError)):
                while True:
                    slow.reply()


class MemoryTest(unittest.TestCase):
    def test_a_full_server_refuses_writes_and_keeps_every_key(self):
        with Server("--maxmemory", "64mb") as server:
            client = server.client()
            value = "x" * 10_000
            written = 0
            with self.assertRaises(ServerError) as refused:
                while written < 100_000:
                    client("SET", f"k{written}", value)
                    written += 1
            self.assertTrue(str(refused.exception).startswith("OOM "), refused.exception)
            self.assertGreater(written, 1000)
            self.assertEqual(client("DBSIZE"), written)
            self.assertEqual(client("GET", "k0"), value.encode())
            self.assertEqual(server.info("evicted_keys"), "0")
            for i in range(written // 2):
                self.assertEqual(client("DEL", f"k{i}"), 1)
            deadline = time.monotonic() + 10
            while True:  # the memory in use is measured a few times a second
                try:
                    self.assertEqual(client("SET", "again", "v"), b"OK")
                    break
                except ServerError:
                    self.assertLess(time.monotonic(), deadline, "writes are still refused")
                    time.sleep(0.1)


def main():
    program = unittest.main(argv=[sys.argv[0], *sys.argv[1:]], exit=False, verbosity=2,
                            warnings="ignore")
    result = program.result
    failed = len(result.failures) + len(result.errors)
    sys.stderr.flush()
    print(f"{result.testsRun - failed} passed, {failed} failed, 0 skipped", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
