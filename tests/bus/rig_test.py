"""The judges of the suite themselves: what breaks a rule must not pass."""

import types
import unittest

from lab import Heard, told_apart
from stream import Stream, check_once_in_order


def heard(*numbers, head="s"):
    return [Heard([b"message", b"c", f"{head}:{number}:".encode()]) for number in numbers]


class JudgeTest(unittest.TestCase):
    def judge(self, *numbers, sent=5):
        stream = types.SimpleNamespace(head=b"s", sent=[0.0] * sent)
        stream.numbers = lambda messages: Stream.numbers(stream, messages)
        listener = types.SimpleNamespace(heard=heard(*numbers) + heard(1, 0, head="other"))
        return check_once_in_order(self, stream, listener)

    def test_missing_messages_are_counted(self):
        self.assertEqual(self.judge(0, 1, 2, 3, 4), 0)
        self.assertEqual(self.judge(1, 4), 3)

    def test_a_message_that_comes_twice_fails(self):
        with self.assertRaises(AssertionError):
            self.judge(0, 1, 1, 2)

    def test_a_message_that_overtakes_another_fails(self):
        with self.assertRaises(AssertionError):
            self.judge(0, 2, 1, 3)

    def test_one_way_too_many_or_too_few_is_seen(self):
        def told(*ways):
            return told_apart([(pattern, b"a:b", b"1") for pattern in ways])

        self.assertEqual(told(b"", b"a:*"), told(b"a:*", b""))
        self.assertNotEqual(told(b"", b"a:*"), told(b"", b"a:*", b"a:*"))
        self.assertNotEqual(told(b"", b"a:*"), told(b""))
