"""Publish and subscribe over the nodes of two regions, each with two NATS servers."""

import contextlib
import time
import unittest

from lab import CI, SOON_S, Listener, Node, seeded, told_apart
from nats_server import NatsServer, wait_for
from regions import Regions
from server import ServerError

# What Redis allows in the name of a channel and NATS does not in a subject, or treats apart.
ODD_NAMES = [bytes([byte]) for byte in range(256)] + [
    b"", b" ", b".", b"..", b"a.b", b".a", b"a.", b"*", b">", b"a.*", b"a.>", b":", b"::", b"a:",
    b":a", b"/", b"a//b", b"a:/b", b"a/:b", b"$SYS.a", b"_INBOX.a", b"tw.ps.a", b"%", b"%25",
    b"a%20b", b"=",
    b"a\r\nPUB b 0\r\n\r\n", b"\x00\x00", b"\xff\xfe:\x80", "kanal-ä:ö".encode(), b"a" * 300,
    b":".join(b"t%d" % i for i in range(15)), b":".join(b"t%d" % i for i in range(16)),
    b":".join(b"t%d" % i for i in range(17)), b":".join(b"t" for _ in range(400)), b":" * 500,
    *(b"n" * size for size in (1023, 1024, 1025, 4095, 4096, 5000, 100_000)),
    *(b"k:" * 8 + b"n" * size for size in (1000, 1007, 1008, 1009, 70_000)),
    bytes(range(256)) * 20,
]


def told(listener):
    return told_apart(listener.keys())


class BusTest(unittest.TestCase):
    """Two regions, two servers each, a node on each server."""

    @classmethod
    def setUpClass(cls):
        stack = contextlib.ExitStack()
        cls.addClassCleanup(stack.close)
        cls.regions = stack.enter_context(Regions(size=2))
        cls.servers = [*cls.regions["east"], *cls.regions["west"]]
        cls.nodes = [stack.enter_context(Node(server)) for server in cls.servers]

    def listen(self, node, **names):
        return self.enterContext(Listener(node, **names))

    def client(self, node):
        client = node.client()
        self.addCleanup(client.close)
        return client


class ChannelsTest(BusTest):
    def test_each_node_of_each_region_hears_each_other_once(self):
        listeners = [self.listen(node, channels=["news"]) for node in self.nodes]
        for listener in listeners:
            listener.reach(*self.nodes)
        for number, node in enumerate(self.nodes):
            self.assertEqual(self.client(node)("PUBLISH", "news", f"from {number}"), 1)
        self.client(self.nodes[0])("PUBLISH", "other", "not for them")
        for number, node in enumerate(self.nodes):
            self.client(node)("PUBLISH", "news", f"end {number}")
        expected = sorted(f"{word} {number}".encode()
                          for word in ("from", "end") for number in range(4))
        for listener in listeners:
            for number in range(4):
                listener.wait_for_payload(f"end {number}")
            self.assertEqual(sorted(listener.payloads()), expected)

    def test_publish_answers_the_receivers_of_its_own_node(self):
        here, there = self.nodes[0], self.nodes[3]
        for _ in range(3):
            self.listen(there, channels=["r"])
        self.listen(here, channels=["r"], patterns=["r*"])
        self.assertEqual(self.client(here)("PUBLISH", "r", "x"), 2)
        self.assertEqual(self.client(there)("PUBLISH", "r", "x"), 3)
        self.assertEqual(self.client(self.nodes[1])("PUBLISH", "r", "x"), 0)

    def test_subscriptions_that_overlap_get_a_message_once_each(self):
        for node in (self.nodes[0], self.nodes[1], self.nodes[2]):
            both = self.listen(node, channels=["o:b"], patterns=["o:*", "o:b*", "*", "o:[b]"])
            alone = self.listen(node, patterns=["o:*"])
            for listener in (both, alone):
                listener.reach(self.nodes[0])
            publisher = self.client(self.nodes[0])
            publisher("PUBLISH", "o:b", "m")
            publisher("PUBLISH", "o:b", "end")
            for listener in (both, alone):
                listener.wait_for_payload("end")
            # The last way of the last message may come after its first.
            both.wait(lambda heard: len([h for h in heard if h.channel == b"o:b"]) >= 10)
            ways = sorted([(b"", b"o:b"), (b"*", b"o:b"), (b"o:*", b"o:b"), (b"o:[b]", b"o:b"),
                           (b"o:b*", b"o:b")])
            found = told(both)[0]
            self.assertEqual([found[b"m"], found[b"end"]], [ways, ways])
            self.assertEqual(told(alone)[0], {b"m": [(b"o:*", b"o:b")], b"end": [(b"o:*", b"o:b")]})

    def test_every_name_that_redis_allows_arrives_as_it_is(self):
        listener = self.listen(self.nodes[3], channels=ODD_NAMES)
        far = self.listen(self.nodes[1], patterns=["*"])
        for each in (listener, far):
            each.reach(self.nodes[0])
        publisher = self.client(self.nodes[0])
        publisher.pipeline([("PUBLISH", name, b"%d" % i) for i, name in enumerate(ODD_NAMES)])
        publisher("PUBLISH", ODD_NAMES[0], "end")
        for each in (listener, far):
            each.wait_for_payload("end")
            heard = [(channel, payload) for _, channel, payload in each.keys()
                     if not channel.startswith(b"reach:") and payload != b"end"]
            found = {int(payload): channel for channel, payload in heard}
            # Redis's * matches every name but the empty one.
            expected = [i for i, name in enumerate(ODD_NAMES) if name or each is listener]
            missing = [(ODD_NAMES[i][:60], len(ODD_NAMES[i])) for i in expected
                       if found.get(i) != ODD_NAMES[i]]
            self.assertEqual(missing, [])
            self.assertEqual([int(payload) for _, payload in heard], expected)

    def test_payloads_are_bytes(self):
        listener = self.listen(self.nodes[3], channels=["p"])
        listener.reach(self.nodes[0])
        payloads = [b"", b"\r\n", b"\x00", bytes(range(256)) * 8, b"x" * 900_000, b"end"]
        publisher = self.client(self.nodes[0])
        for payload in payloads:
            publisher("PUBLISH", "p", payload)
        listener.wait_for_payload("end")
        self.assertEqual(listener.payloads(), payloads)

    def test_publishers_keep_their_order_and_nothing_is_lost_or_doubled(self):
        count = 5_000
        listeners = [self.listen(node, channels=["q"]) for node in self.nodes]
        for listener in listeners:
            listener.reach(*self.nodes)
        clients = [self.client(node) for node in self.nodes]
        for start in range(0, count, 500):
            for number, client in enumerate(clients):
                client.send(*(("PUBLISH", "q", f"{number}:{i}") for i in range(start, start + 500)))
            for client in clients:
                for _ in range(500):
                    client.reply()
        for listener in listeners:
            listener.wait(lambda heard: len(heard) >= 4 * count, 3 * SOON_S, "everything comes")
            for number in range(4):
                mine = [payload for payload in listener.payloads()
                        if payload.startswith(b"%d:" % number)]
                self.assertEqual(mine, [b"%d:%d" % (number, i) for i in range(count)])

    def test_transactions_and_shard_channels_cross_too(self):
        plain = self.listen(self.nodes[2], channels=["t"])
        shard = self.listen(self.nodes[2], shards=["t"])
        for listener in (plain, shard):
            listener.reach(self.nodes[0])
        publisher = self.client(self.nodes[0])
        publisher("MULTI")
        publisher("PUBLISH", "t", "in exec")
        self.assertEqual(plain.payloads(), [])
        publisher("EXEC")
        publisher("SPUBLISH", "t", "to the shard")
        publisher("PUBLISH", "t", "end")
        plain.wait_for_payload("end")
        shard.wait_for_payload("to the shard")
        self.assertEqual(plain.payloads(), [b"in exec", b"end"])
        self.assertEqual(shard.payloads(), [b"to the shard"])


class SameAsLocalTest(BusTest):
    """Whatever the subscriptions: another node's clients hear what the publisher's node's hear."""

    ALPHABET = [b"a", b"b", b":", b":", b"/", b".", b"*", b">", b" ", b"?", b"[", b"]", b"\\", b"%",
                b"\x00", b"\xff", b"_", b"=", b"-", b"^", b"__:"]

    def name(self, random):
        head = random.choice([b"", b"", b"a:", b"a:b:", b"a/", b"a:" * 9, b"x" * 1020, b"b:" * 20])
        return head + b"".join(random.choice(self.ALPHABET) for _ in range(random.randrange(8)))

    def pattern(self, random, names):
        base = bytearray(random.choice(names))
        for _ in range(random.randrange(1, 4)):
            at = random.randrange(len(base) + 1)
            base[at:at + random.choice([0, 1, 1, 3, len(base)])] = random.choice(
                [b"*", b"*", b"?", b"[ab:]", b"[^a]", b"\\*", b"\\"])
        return bytes(base)

    def test_random_names_and_patterns(self):
        random = seeded()
        for _ in range(3 if CI else 30):
            names = [self.name(random) for _ in range(80)]
            patterns = [self.pattern(random, names) for _ in range(60)]
            pairs = []
            for _ in range(6):
                wanted = {"channels": random.sample(names, 10),
                          "patterns": random.sample(patterns, 12)}
                pairs.append([self.listen(node, **wanted)
                              for node in (self.nodes[0], self.nodes[1], self.nodes[3])])
            for listeners in pairs:
                for listener in listeners:
                    listener.reach(self.nodes[0])
            publisher = self.client(self.nodes[0])
            publisher.pipeline([("PUBLISH", random.choice(names), i) for i in range(400)])
            everybody = [listener for listeners in pairs for listener in listeners]
            for listener in everybody:
                publisher("PUBLISH", listener.own, "end")
            for local, *others in pairs:
                for listener in (local, *others):
                    listener.wait(lambda _, listener=listener: b"end" in listener.reached)
                want, order = told_without(everybody, local)
                self.assertTrue(want, "the subscriptions are too few to tell anything")
                for other in others:
                    found, found_order = told_without(everybody, other)
                    self.assertEqual(found, want)
                    self.assertEqual(found_order, order)
            for listener in everybody:
                listener.__exit__()


def told_without(everybody, listener):
    """told(), but of the channels by which listeners are reached: patterns may match those."""
    own = {each.own for each in everybody}
    found, order = told(listener)
    found = {payload: ways for payload, ways in found.items()
             if not any(channel in own for _, channel in ways)}
    return found, [payload for payload in order if payload in found]


class PubsubCommandTest(BusTest):
    def test_numsub_channels_and_numpat_count_all_nodes(self):
        for number, node in enumerate(self.nodes):
            self.listen(node, channels=["all", f"only:{number}"], patterns=[f"pat:{number}:*"])
        self.listen(self.nodes[1], channels=["all", "two \x01:.*>"])
        for node in self.nodes:
            client = self.client(node)
            self.assertEqual(client("PUBSUB", "NUMSUB", "all", "only:0", "only:3", "none"),
                             [b"all", 5, b"only:0", 1, b"only:3", 1, b"none", 0])
            self.assertEqual(sorted(client("PUBSUB", "CHANNELS", "only:*")),
                             [b"only:%d" % number for number in range(4)])
            self.assertIn(b"two \x01:.*>", client("PUBSUB", "CHANNELS"))
            self.assertEqual(client("PUBSUB", "NUMPAT"), 4)

    def test_client_list_stays_local(self):
        mark = self.client(self.nodes[0])
        mark("CLIENT", "SETNAME", "only-here")
        self.assertIn(b"only-here", mark("CLIENT", "LIST"))
        self.assertNotIn(b"only-here", self.client(self.nodes[1])("CLIENT", "LIST"))


class InterestTest(BusTest):
    """What NATS's own figures say."""

    def test_a_subject_leaves_with_its_last_client(self):
        server, node = self.servers[0], self.nodes[0]
        before = server.client_subjects()
        client, other = self.client(node), self.client(node)
        for name in ("i:1", "i:2"):
            client("SUBSCRIBE", name)
        other("SUBSCRIBE", "i:1")
        client("PSUBSCRIBE", "i:*")
        with_clients = server.client_subjects()
        # One for each name: a second one would bring every message twice.
        self.assertEqual(len(with_clients), len(before) + 3, with_clients)
        client("UNSUBSCRIBE", "i:1")
        time.sleep(0.2)
        self.assertEqual(server.client_subjects(), with_clients)
        other.close()  # without a word
        client("UNSUBSCRIBE", "i:2")
        client("PUNSUBSCRIBE", "i:*")
        wait_for(lambda: server.client_subjects() == before, SOON_S, "nothing is left subscribed")

    def test_what_nobody_listens_to_crosses_no_server(self):
        def sent_meanwhile(action):
            before = sum(server.sent_to_servers() for server in self.servers)
            begin = time.monotonic()
            action()
            time.sleep(max(0, 2 - (time.monotonic() - begin)))
            return sum(server.sent_to_servers() for server in self.servers) - before

        self.listen(self.nodes[3], channels=["u:watched"], patterns=["v:*"]).reach(self.nodes[0])
        time.sleep(1)
        publisher = self.client(self.nodes[0])
        idle = sent_meanwhile(lambda: None)
        unwatched = sent_meanwhile(lambda: publisher.pipeline(
            [("PUBLISH", f"u:{i}", "x") for i in range(1000)]))
        self.assertLess(unwatched, idle + 20)
        watched = sent_meanwhile(lambda: publisher.pipeline(
            [("PUBLISH", "u:watched", "x") for i in range(1000)]))
        self.assertGreaterEqual(watched, 1000)


class OneServerTest(unittest.TestCase):
    """Two nodes on the same NATS server."""

    def start(self, blocks="", count=2):
        self.server = self.enterContext(NatsServer(blocks=blocks))
        return [self.enterContext(Node(self.server)) for _ in range(count)]

    def test_an_acknowledged_subscription_hears_the_very_next_message(self):
        here, there = self.start()
        publisher, subscriber = here.client(), there.client()
        rounds = 300
        for i in range(rounds):
            word = "PSUBSCRIBE" if i % 3 == 0 else "SUBSCRIBE"
            subscriber(word, f"ack:{i}")
            publisher("PUBLISH", f"ack:{i}", i)
            self.assertEqual(subscriber.reply()[-2:], [b"ack:%d" % i, b"%d" % i])
        # Many at once, in one packet.
        replies = subscriber.pipeline([("SUBSCRIBE", f"many:{i}") for i in range(500)])
        self.assertEqual(len(replies), 500)
        publisher.pipeline([("PUBLISH", f"many:{i}", i) for i in range(500)])
        self.assertEqual([subscriber.reply()[2] for _ in range(500)],
                         [b"%d" % i for i in range(500)])
        for client in (publisher, subscriber):
            client.close()

    def test_a_payload_above_the_servers_limit_is_a_clear_error(self):
        here, there = self.start("max_payload: 65536\n")
        listeners = [self.enterContext(Listener(node, channels=["big"])) for node in (here, there)]
        publisher = here.client()
        reconnects = here.bus().get("bus_reconnects")
        with self.assertRaises(ServerError) as refused:
            publisher("PUBLISH", "big", b"x" * 100_000)
        self.assertIn("65536", str(refused.exception))
        self.assertEqual(publisher("PUBLISH", "big", b"y" * 60_000), 1)
        for listener in listeners:
            listener.wait_for_payload(b"y" * 60_000)
            self.assertEqual(listener.payloads(), [b"y" * 60_000])
        self.assertEqual(here.bus().get("bus_reconnects"), reconnects)
        publisher.close()

    def test_info_tells_of_the_bus(self):
        here, there, third = self.start(count=3)
        listener = self.enterContext(Listener(there, channels=["c"]))
        listener.reach(here)
        bus = here.bus()
        self.assertEqual(bus["bus_state"], "connected")
        self.assertIn(f"127.0.0.1:{self.server.tcp}", bus["bus_server"])
        self.assertEqual(bus["bus_reconnects"], "0")
        out, heard = here.bus_number("bus_messages_out"), there.bus_number("bus_messages_in")
        publisher = here.client()
        publisher.pipeline([("PUBLISH", "c", i) for i in range(100)])
        listener.wait_for_payload("99")
        self.assertGreaterEqual(here.bus_number("bus_messages_out"), out + 100)
        self.assertGreaterEqual(there.bus_number("bus_messages_in"), heard + 100)
        self.assertEqual(here.drops() + there.drops(), 0)
        for node in (here, there, third):
            wait_for(lambda node=node: node.bus_number("bus_nodes_seen") == 2, SOON_S,
                     "each node sees the two others")
        third.end()
        wait_for(lambda: here.bus_number("bus_nodes_seen") == 1, SOON_S,
                 "a node that has ended is not seen any more")
        publisher.close()
