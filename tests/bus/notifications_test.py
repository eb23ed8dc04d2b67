"""Keyspace events of two regions over one TiDB: run through tests/tidb/with_server.py."""

import os
import threading
import time
import unittest

from channels_test import BusTest
from lab import CI, SOON_S, Listener, Node
from nats_server import NatsServer, wait_for
from regions import Regions


def keyspace(key, event, database=0):
    return (f"__keyspace@{database}__:{key}".encode(), event.encode())


def keyevent(key, event, database=0):
    return (f"__keyevent@{database}__:{event}".encode(), key.encode())


def both(key, event, database=0):
    return [keyspace(key, event, database), keyevent(key, event, database)]


@unittest.skipUnless(os.environ.get("TIDEWAY_BACKEND"), "wants a TiDB: TIDEWAY_BACKEND")
class NotificationTest(BusTest):
    """Two regions, two nodes each, one database. Everybody is told of everything."""

    def setUp(self):
        for node in self.nodes:  # as each program does; SettingTest has what else there is to it
            self.client(node)("CONFIG", "SET", "notify-keyspace-events", "AKE")
        self.writer = self.client(self.nodes[3])
        self.writer("FLUSHDB")

    def end(self, listener, key="the-end"):
        """Everything that the writer did before has come when this returns."""
        self.writer("SET", key, "x")
        self.writer("DEL", key)
        listener.wait(lambda heard: any(
            each.payload == b"del" and each.channel.endswith(b":" + key.encode())
            or each.payload == key.encode() and each.channel.endswith(b":del") for each in heard))

    def told(self, listener, key="the-end"):
        """(channel, payload) of each event but those of end()."""
        self.end(listener, key)
        return [(channel, payload) for _, channel, payload in listener.keys()
                if b"the-end" not in channel + payload]

    def test_each_event_comes_once_with_redis_names_and_channels(self):
        listeners = [self.listen(node, patterns=["__key*__:*"]) for node in self.nodes]
        for listener in listeners:
            listener.reach(*self.nodes)
        self.writer("HSET", "h", "f", "v")
        self.writer("EXPIRE", "h", "100")
        self.writer("HDEL", "h", "f")
        self.writer("SET", "s", "1", "EX", "100")
        self.writer("INCR", "s")
        self.writer("RENAME", "s", "t")
        self.writer("DEL", "t", "not there")
        self.writer("SADD", "{a}:b/c", "m")
        self.writer("GET", "nothing")
        expected = [*both("h", "hset"), *both("h", "expire"), *both("h", "hdel"), *both("h", "del"),
                    *both("s", "set"), *both("s", "expire"), *both("s", "incrby"),
                    *both("s", "rename_from"), *both("t", "rename_to"), *both("t", "del"),
                    *both("{a}:b/c", "sadd")]
        for number, listener in enumerate(listeners):
            self.assertEqual(self.told(listener, f"the-end:{number}"), expected, f"node {number}")
            listener.__exit__()

    def test_expired_comes_once_on_every_node(self):
        listeners = [self.listen(node, channels=["__keyevent@0__:expired", "__keyspace@0__:e1"])
                     for node in self.nodes]
        for listener in listeners:
            listener.reach(*self.nodes)
        for number in range(20):
            self.writer("SET", f"e{number}", "v", "PX", 200 + 20 * number)
        for listener in listeners:
            listener.wait(lambda heard: len(heard) >= 21, 2 * SOON_S, "all expired events come")
        time.sleep(1.5)  # one more of each would have come by now
        expected = sorted([keyspace("e1", "expired"),
                           *(keyevent(f"e{number}", "expired") for number in range(20))])
        # The set of e1 tells keyspace listeners, too.
        for number, listener in enumerate(listeners):
            found = [(channel, payload) for _, channel, payload in listener.keys()
                     if payload not in (b"set", b"expire")]
            self.assertEqual(sorted(found), expected, f"node {number}")

    def test_exact_channels_and_patterns_of_every_kind(self):
        far = self.nodes[0]
        wanted = {
            "exact keyspace": {"channels": ["__keyspace@0__:user:1"]},
            "exact keyevent": {"channels": ["__keyevent@0__:hset"]},
            "keyspace head": {"patterns": ["__keyspace@0__:user:*"]},
            "any keyevent": {"patterns": ["__keyevent@*__:*"]},
            "some": {"patterns": ["__keyevent@0__:[hd]*"]},
            "other database": {"patterns": ["__key*@1__:*"]},
            "two at once": {"patterns": ["__key*__:user:*", "__keyspace*:*:1"]},
        }
        listeners = {name: self.listen(far, **names) for name, names in wanted.items()}
        for listener in listeners.values():
            listener.reach(self.nodes[3])
        self.writer("HSET", "user:1", "f", "v")
        self.writer("HSET", "other", "f", "v")
        self.writer("SELECT", 1)
        self.writer("HSET", "user:1", "f", "v")
        self.writer("SELECT", 0)
        self.writer("DEL", "user:1")
        every = self.listen(far, patterns=["*"])
        every.reach(self.nodes[3])
        self.end(every)  # what was written before has come everywhere on that node
        time.sleep(0.5)
        mine = [keyspace("user:1", "hset"), keyspace("user:1", "del")]
        there = both("user:1", "hset", 1)
        expected = {
            "exact keyspace": mine,
            "exact keyevent": [keyevent("user:1", "hset"), keyevent("other", "hset")],
            "keyspace head": mine,
            "any keyevent": [keyevent("user:1", "hset"), keyevent("other", "hset"), there[1],
                             keyevent("user:1", "del")],
            "some": [keyevent("user:1", "hset"), keyevent("other", "hset"),
                     keyevent("user:1", "del")],
            "other database": there,
            "two at once": sorted([*mine, *mine, there[0], there[0]]),
        }
        for name, listener in listeners.items():
            found = [(channel, payload) for _, channel, payload in listener.keys()
                     if b"the-end" not in channel + payload]
            if name == "two at once":
                found.sort()
            self.assertEqual(found, expected[name], name)

    def test_keys_of_any_bytes(self):
        keys = [b"", b" ", b"a b", b".", b"*", b">", b"a:", b":a", b"\r\n", b"\x00", b"\xff",
                b"__:", b"x__:y", b"a" * 300, b":".join(b"t" for _ in range(40)), b"k" * 2000]
        exact = self.listen(self.nodes[0], channels=[b"__keyspace@0__:" + key for key in keys])
        events = self.listen(self.nodes[1], channels=["__keyevent@0__:set"])
        inside = self.listen(self.nodes[1], patterns=["__key*__:y"])
        for listener in (exact, events, inside):
            listener.reach(self.nodes[3])
        for key in keys:
            self.writer("SET", key, "v")
        self.writer("SET", "y", "v")
        events.wait_for_payload("y")
        exact.wait(lambda heard: len(heard) >= len(keys))
        inside.wait(lambda heard: len(heard) >= 2)
        self.assertEqual([channel for _, channel, _ in exact.keys()],
                         [b"__keyspace@0__:" + key for key in keys])
        self.assertEqual(events.payloads(), [*keys, b"y"])
        self.assertEqual([channel for _, channel, _ in inside.keys()],
                         [b"__keyspace@0__:x__:y", b"__keyspace@0__:y"])

    def test_an_event_is_never_before_a_read_on_its_node_shows_the_change(self):
        rounds = 200 if CI else 1000
        node = self.nodes[0]
        reader = self.client(node)
        listener = self.client(node)
        listener("SUBSCRIBE", "__keyspace@0__:counter")
        self.listen(node).reach(self.nodes[3])
        writing = threading.Thread(
            target=lambda: [self.writer("INCR", "counter") for _ in range(rounds)])
        writing.start()
        for number in range(1, rounds + 1):
            self.assertEqual(listener.reply()[1:], [b"__keyspace@0__:counter", b"incrby"])
            self.assertGreaterEqual(int(reader("GET", "counter")), number)
        writing.join()

    def test_events_of_one_writer_keep_their_order(self):
        listeners = [self.listen(node, channels=["__keyevent@0__:set"]) for node in self.nodes]
        for listener in listeners:
            listener.reach(self.nodes[3])
        count = 500 if CI else 5000
        for start in range(0, count, 50):
            for number in range(start, start + 50):
                self.writer.send(("SET", f"o:{number}", "v"))
            for _ in range(50):
                self.writer.reply()
        for listener in listeners:
            listener.wait(lambda heard: len(heard) >= count, 3 * SOON_S)
            self.assertEqual(listener.payloads(), [b"o:%d" % number for number in range(count)])

    def test_writers_on_every_node_are_told_once(self):
        count = 100 if CI else 1000
        listeners = [self.listen(node, channels=["__keyevent@0__:incrby"]) for node in self.nodes]
        for listener in listeners:
            listener.reach(*self.nodes)

        def write(node):
            client = node.client()
            for _ in range(count):
                client("INCR", "hot")
            client.close()

        writers = [threading.Thread(target=write, args=(node,)) for node in self.nodes]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        for listener in listeners:
            listener.wait(lambda heard: len(heard) >= 4 * count, 3 * SOON_S)
        time.sleep(0.5)
        for listener in listeners:
            self.assertEqual(listener.payloads(), [b"hot"] * (4 * count))

    def test_flags_filter_on_every_node(self):
        listener = self.listen(self.nodes[0], patterns=["__key*__:*"])
        listener.reach(self.nodes[3])
        for node in self.nodes:
            self.client(node)("CONFIG", "SET", "notify-keyspace-events", "Kh")
        self.writer("SET", "s", "v")
        self.writer("HSET", "h", "f", "v")
        listener.wait(lambda heard: heard)
        time.sleep(0.5)
        self.assertEqual([h[1:] for h in listener.keys()], [keyspace("h", "hset")])


@unittest.skipUnless(os.environ.get("TIDEWAY_BACKEND"), "wants a TiDB: TIDEWAY_BACKEND")
class SettingTest(unittest.TestCase):
    def test_the_setting_made_on_one_node_holds_on_all_and_survives_restarts(self):
        server = self.enterContext(NatsServer())
        first, second = (self.enterContext(Node(server)) for _ in range(2))

        def setting(node):
            client = node.client()
            value = client("CONFIG", "GET", "notify-keyspace-events")[1]
            client.close()
            return value

        client = first.client()
        for value in (b"AKE", b"", b"AKE"):
            client("CONFIG", "SET", "notify-keyspace-events", value)
            wait_for(lambda value=value: setting(second) == value, SOON_S,
                     f"the other node has {value}, not {setting(second)}")
        client.close()
        for node in (first, second):
            node.end()
        second.start()
        self.assertEqual(setting(second), b"AKE")
        first.start()
        self.assertEqual(setting(first), b"AKE")
        with Node(server) as third:
            self.assertEqual(setting(third), b"AKE")


@unittest.skipUnless(os.environ.get("TIDEWAY_BACKEND"), "wants a TiDB: TIDEWAY_BACKEND")
class UnwatchedKeysTest(unittest.TestCase):
    def test_keys_that_nobody_watches_cross_no_server(self):
        regions = self.enterContext(Regions())
        servers = [regions["east"][0], regions["west"][0]]
        near, far = (self.enterContext(Node(server)) for server in servers)
        client = near.client()
        for node in (near, far):
            setter = node.client()
            setter("CONFIG", "SET", "notify-keyspace-events", "AKE")
            setter.close()
        listener = self.enterContext(Listener(far, channels=["__keyspace@0__:watched"]))
        listener.reach(near)

        def sent_meanwhile(action):
            before = sum(server.sent_to_servers() for server in servers)
            begin = time.monotonic()
            action()
            time.sleep(max(0, 3 - (time.monotonic() - begin)))
            seconds = time.monotonic() - begin
            return (sum(server.sent_to_servers() for server in servers) - before) * 3 / seconds

        def like_ion(rounds):
            for number in range(rounds):
                key = f"/ion/room/{number}"
                client("SET", "lock-" + key, 1, "EX", 3, "NX")
                client("HSET", key, "f", "v")
                client("DEL", "lock-" + key)

        time.sleep(1)
        idle = sent_meanwhile(lambda: None)
        busy = sent_meanwhile(lambda: like_ion(200))
        self.assertLess(busy, idle + 20)
        client("SET", "watched", "v")
        listener.wait(lambda heard: heard)
        self.assertEqual([h[1:] for h in listener.keys()], [keyspace("watched", "set")])
        client.close()


class EmbeddedStoreTest(unittest.TestCase):
    def test_events_of_keys_that_other_nodes_do_not_have_stay_here(self):
        if os.environ.get("TIDEWAY_BACKEND"):
            self.skipTest("not over a TiDB: TIDEWAY_BACKEND")
        server = self.enterContext(NatsServer())
        args = ("--notify-keyspace-events", "AKE")
        here, there = (self.enterContext(Node(server, args=args)) for _ in range(2))
        listeners = [self.enterContext(Listener(node, channels=["c"], patterns=["__key*__:*"]))
                     for node in (here, there)]
        listeners[1].reach(here)
        client = here.client()
        client("SET", "k", "v")
        client("PUBLISH", "c", "end")
        for listener in listeners:
            listener.wait_for_payload("end")
        self.assertEqual([h[1:] for h in listeners[0].keys()], [*both("k", "set"), (b"c", b"end")])
        self.assertEqual(listeners[1].payloads(), [b"end"])
        client.close()
