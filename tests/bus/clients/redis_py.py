#!/usr/bin/env python3
"""redis_py.py SUBSCRIBE_PORT PUBLISH_PORT: redis-py hears on one node what it publishes on another.

The scenario of every client here: a channel and a pattern that both match, a hundred messages, each
heard once by each of the two, in order; the payloads are no text.
"""

import sys
import time

import redis

COUNT = 100
CHANNEL = b"client:redis-py/\xff \x00.*>"


def run(protocol, subscribe_port, publish_port):
    subscriber = redis.Redis(port=subscribe_port, protocol=protocol)
    publisher = redis.Redis(port=publish_port, protocol=protocol)
    exact, pattern = subscriber.pubsub(), subscriber.pubsub()
    exact.subscribe(CHANNEL)
    pattern.psubscribe(b"client:redis-py*")
    for listener, word in ((exact, "subscribe"), (pattern, "psubscribe")):
        message = listener.get_message(timeout=10)
        assert message and message["type"] == word, message
    payloads = [b"\xfe%d\r\n" % number for number in range(COUNT)]
    for payload in payloads:
        publisher.publish(CHANNEL, payload)
    for listener, word in ((exact, "message"), (pattern, "pmessage")):
        heard = []
        deadline = time.monotonic() + 10
        while len(heard) < COUNT and time.monotonic() < deadline:
            message = listener.get_message(timeout=1)
            if message:
                assert (message["type"], message["channel"]) == (word, CHANNEL), message
                heard.append(message["data"])
        assert heard == payloads, (word, len(heard))
        assert listener.get_message(timeout=0.1) is None
    subscriber.close()
    publisher.close()


for version in (2, 3):
    run(version, int(sys.argv[1]), int(sys.argv[2]))
print("redis-py", redis.__version__, "heard all")
