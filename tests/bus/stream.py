"""A publisher that never stops, and what its listeners say about how it went."""

import threading
import time


class Stream:
    """Publishes `HEAD:0`, `HEAD:1` … on a channel of a node, one at a time, until stop().

    Between two messages it sends a command, which must not wait either.
    """

    def __init__(self, node, channel, head, pause_s=0.004, padding=b"", burst=1):
        self.client = node.client()
        self.channel, self.head, self.pause_s = channel, head, pause_s
        self.padding, self.burst = padding, burst
        self.sent = []  # when the message of that number had been answered
        self.slowest_s = 0.0
        self.error = None
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        try:
            while not self.stopping.wait(self.pause_s):
                begin = time.monotonic()
                self.client.pipeline([
                    ("PUBLISH", self.channel, b"%s:%d:%s" % (self.head, number, self.padding))
                    for number in range(len(self.sent), len(self.sent) + self.burst)])
                self.client("EXISTS", "stream")
                end = time.monotonic()
                self.slowest_s = max(self.slowest_s, end - begin)
                self.sent.extend([end] * self.burst)
        except (OSError, EOFError) as error:
            self.error = error

    def stop(self):
        self.stopping.set()
        self.thread.join(timeout=30)
        self.client.close()
        if self.error:
            raise self.error

    def numbers(self, heard):
        """The numbers of this stream's messages among these, in the order of their coming."""
        return [int(each.payload.split(b":")[1]) for each in heard
                if each.payload.startswith(self.head + b":")]

    def heard_again(self, listener, since, seconds):
        """Waits for a message that was sent after `since`; returns how long after that it came."""
        def found(heard):
            for each in reversed(heard):
                if not each.payload.startswith(self.head + b":"):
                    continue
                if each.at < since:
                    return None
                number = int(each.payload.split(b":")[1])
                # It counts as sent when its answer had come: one that is under way is not new.
                return each.at - since if number < len(self.sent) and (
                    self.sent[number] > since) else None
            return None

        listener.wait(found, seconds, f"{self.head} is heard again")
        with listener.changed:
            return found(listener.heard)


def check_once_in_order(test, stream, listener):
    """No message twice, none before one that was sent earlier. Returns how many are missing."""
    numbers = stream.numbers(listener.heard)
    for before, after in zip(numbers, numbers[1:]):
        test.assertLess(before, after, f"{stream.head}: twice, or out of order")
    return len(stream.sent) - len(numbers)


def check_untouched(test, stream, listener):
    """Not a single message is missing."""
    last = len(stream.sent) - 1
    listener.wait(lambda heard: stream.numbers(heard[-1:]) == [last] or
                  last in stream.numbers(heard), 10, "the last message comes")
    test.assertEqual(check_once_in_order(test, stream, listener), 0)
