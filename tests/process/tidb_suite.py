#!/usr/bin/env python3
"""What a node over TiDB shows its clients: each command of a pipeline stands for itself."""

import pathlib
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "harness"))

from server import Server, ServerError  # noqa: E402

LONG_KEY = "k" * 4000  # TiDB's limit is 3,070


class PipelineTest(unittest.TestCase):
    def replies(self, client, *commands):
        client.send(*commands)
        replies = []
        for _ in commands:
            try:
                replies.append(client.reply())
            except ServerError as error:
                replies.append(str(error))
        return replies

    def test_a_refused_command_refuses_no_other(self):
        with Server() as server:
            client = server.client()
            replies = self.replies(
                client, ("SET", "before", "1"), ("INCR", "count"), ("HSET", LONG_KEY, "f", "v"),
                ("INCR", "count"), ("SET", LONG_KEY, "v"), ("GET", "before"), ("LPUSH", "l", "1"),
                ("SET", "after", "2"))
            self.assertEqual(replies[:2], [b"OK", 1])
            self.assertRegex(replies[2], "^ERR key of 4000 bytes is longer than 3070")
            self.assertEqual(replies[3], 2)
            self.assertRegex(replies[4], "^ERR key of 4000 bytes is longer than 3070")
            self.assertEqual(replies[5], b"1")
            self.assertEqual(replies[7], b"OK")
            self.assertEqual(client("MGET", "before", "after", "count"), [b"1", b"2", b"2"])

    def test_they_are_counted_once(self):
        with Server() as server:
            client = server.client()
            client("CONFIG", "RESETSTAT")
            self.replies(client, ("HSET", "h", "f", "v"), ("HSET", LONG_KEY, "f", "v"),
                         ("HSET", "h", "g", "v"))
            self.assertTrue(server.info("cmdstat_hset").startswith("calls=3,"),
                            server.info("cmdstat_hset"))

    def test_reply_skip_silences_one_command_of_a_split_pipeline(self):
        with Server() as server:
            client = server.client()
            client.send(("CLIENT", "REPLY", "SKIP"), ("INCR", "a"), ("HSET", LONG_KEY, "f", "v"),
                        ("INCR", "a"), ("PING",))
            with self.assertRaisesRegex(ServerError, "^ERR key of 4000 bytes"):
                client.reply()
            self.assertEqual([client.reply(), client.reply()], [2, b"PONG"])

    def test_a_transaction_is_refused_as_one(self):
        with Server() as server:
            client = server.client()
            replies = self.replies(client, ("MULTI",), ("SET", "in", "1"), ("SET", LONG_KEY, "v"),
                                   ("EXEC",), ("EXISTS", "in"))
            self.assertEqual(replies[:3], [b"OK", b"QUEUED", b"QUEUED"])
            self.assertRegex(replies[3], "^ERR key of 4000 bytes is longer than 3070")
            self.assertEqual(replies[4], 0)

    def test_a_client_that_leaves_in_the_middle_harms_nobody(self):
        with Server() as server:
            for _ in range(20):
                client = server.client()
                client.send(*[("SET", LONG_KEY if i % 3 == 1 else f"{i}", "v")
                              for i in range(30)])
                client.close()
            self.assertEqual(server.client()("PING"), b"PONG")


class EventTest(unittest.TestCase):
    def test_new_is_told_of_keys_that_were_not_there(self):
        with Server("--notify-keyspace-events", "En$") as server:
            listener = server.client()
            listener("PSUBSCRIBE", "__keyevent@*__:*")
            client = server.client()
            client.pipeline([("SET", "fresh", "1"), ("SET", "fresh", "2"), ("SET", "fresh", "3")])
            heard = [listener.reply()[2:] for _ in range(4)]
            self.assertEqual(heard.count([b"__keyevent@0__:new", b"fresh"]), 1, heard)
            self.assertEqual(heard.count([b"__keyevent@0__:set", b"fresh"]), 3, heard)


class SharedSettingTest(unittest.TestCase):
    def wait_for(self, server, value):
        client = server.client()
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            found = client("CONFIG", "GET", "notify-keyspace-events")[1]
            if found == value:
                return
            time.sleep(0.05)
        self.fail(f"{found!r} is not {value!r}")

    def test_events_set_on_one_node_hold_on_all_and_after_a_restart(self):
        with Server() as a, Server() as b:
            self.assertEqual(a.client()("CONFIG", "SET", "notify-keyspace-events", "KEA"), b"OK")
            self.wait_for(b, b"AKE")
            self.assertEqual(b.end(), 0)
            b.start()
            self.wait_for(b, b"AKE")
            # Other settings are a node's own.
            a.client()("CONFIG", "SET", "maxmemory-samples", "7")
            b.client()("CONFIG", "SET", "notify-keyspace-events", "")
            self.wait_for(a, b"")
            self.assertNotEqual(b.client()("CONFIG", "GET", "maxmemory-samples")[1], b"7")


class SlowlogTest(unittest.TestCase):
    def test_exec_tells_the_time_with_the_database(self):
        with Server("--slowlog-log-slower-than", "0") as server:
            client = server.client()
            self.replies = client.pipeline([("MULTI",), ("SET", "k", "v"), ("EXEC",)])
            entries = client("SLOWLOG", "GET", "-1")
            texts = [b" ".join(entry[3]).lower() for entry in entries]
            self.assertTrue(any(text.startswith(b"exec (") and b"us with the database)" in text
                                for text in texts), texts)


if __name__ == "__main__":
    unittest.main(verbosity=2)
