"""A client of NATS that knows just enough of the protocol: subscribe, publish, read."""

import json
import socket


class NatsClient:
    """One connection. What comes is read by next(): (subject, headers, payload), all bytes."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), 10)
        self.input = self.socket.makefile("rb", buffering=1 << 16)
        self.info = json.loads(self.input.readline()[len("INFO "):])
        options = {"verbose": False, "pedantic": False, "headers": True, "echo": False,
                   "lang": "test", "version": "1", "protocol": 1}
        self.waiting = []
        self.subscriptions = 0
        self.socket.sendall(b"CONNECT " + json.dumps(options).encode() + b"\r\n")
        self.flush()

    def subscribe(self, subject):
        self.subscriptions += 1
        self.socket.sendall(f"SUB {subject} {self.subscriptions}\r\n".encode())
        self.flush()

    def publish(self, subject, payload):
        self.socket.sendall(f"PUB {subject} {len(payload)}\r\n".encode() + payload + b"\r\n")
        self.flush()

    def flush(self):
        """Returns when the server has done what was sent."""
        self.socket.sendall(b"PING\r\n")
        while True:
            line = self._line()
            if line == b"PONG":
                return
            self._take(line)

    def next(self, seconds=10):
        """The next message; TimeoutError when none comes."""
        self.socket.settimeout(seconds)
        while not self.waiting:
            self._take(self._line())
        return self.waiting.pop(0)

    def close(self):
        self.input.close()
        self.socket.close()

    def _line(self):
        line = self.input.readline()
        if not line:
            raise EOFError("the NATS server closed the connection")
        return line[:-2]

    def _take(self, line):
        words = line.split(b" ")
        if words[0] == b"PING":
            self.socket.sendall(b"PONG\r\n")
        elif words[0] in (b"MSG", b"HMSG"):
            data = self.input.read(int(words[-1]) + 2)[:-2]
            headers = int(words[-2]) if words[0] == b"HMSG" else 0
            self.waiting.append((words[1], data[:headers], data[headers:]))
        elif words[0] == b"-ERR":
            raise ConnectionError(line.decode())
