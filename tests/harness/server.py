"""A tideway process under test, and a client of it that knows just enough RESP."""

import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import time

BINARY = pathlib.Path(os.environ.get("TIDEWAY_BIN", "build/release/tideway")).resolve()
# A build with sanitizers is slow; what the tests say about time is about the others.
SANITIZED = "san" in str(BINARY)
START_S = 30


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class ServerError(Exception):
    """An error reply."""


class Client:
    """One connection. Replies: int, bytes, None, list; errors are raised."""

    def __init__(self, port, receive_bytes=None):
        self.socket = socket.socket()
        if receive_bytes:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        self.socket.settimeout(20)
        self.socket.connect(("127.0.0.1", port))
        self.input = self.socket.makefile("rb", buffering=1 << 16)

    def __call__(self, *words):
        self.send(words)
        return self.reply()

    def send(self, *commands):
        self.socket.sendall(b"".join(encode(words) for words in commands))

    def pipeline(self, commands):
        self.send(*commands)
        return [self.reply() for _ in commands]

    def reply(self):
        line = self.input.readline()
        if not line:
            raise EOFError("the server closed the connection")
        kind, text = line[:1], line[1:-2]
        if kind == b"-":
            raise ServerError(text.decode())
        if kind == b"+":
            return text
        if kind == b":":
            return int(text)
        size = int(text)
        if size < 0:
            return None
        if kind == b"*":
            return [self.reply() for _ in range(size)]
        return self.input.read(size + 2)[:-2]

    def read(self, size):
        """So many bytes as they come."""
        return self.input.read(size)

    def close(self):
        self.input.close()
        self.socket.close()


def encode(words):
    parts = [b"*%d\r\n" % len(words)]
    for word in words:
        word = word if isinstance(word, bytes) else str(word).encode()
        parts.append(b"$%d\r\n%s\r\n" % (len(word), word))
    return b"".join(parts)


class Server:
    """A process with a data directory of its own; `with` ends it."""

    def __init__(self, *args):
        self.args = args
        self.folder = tempfile.TemporaryDirectory(prefix="tideway-process-")
        self.process = None
        self.port = 0

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.folder.cleanup()

    def start(self):
        self.port = free_port()
        with open(self.log_path(), "ab") as log:
            self.process = subprocess.Popen(
                [str(BINARY), "--port", str(self.port), "--dir", self.folder.name + "/data",
                 *self.args], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                client = Client(self.port)
                client("PING")
                client.close()
                return
            except OSError:
                time.sleep(0.02)
        raise AssertionError("the server did not start:\n" + self.log())

    def client(self, **more):
        return Client(self.port, **more)

    def tell(self, number):
        self.process.send_signal(number)

    def end(self, number=signal.SIGTERM):
        """Ends it by a signal; returns its exit status."""
        self.tell(number)
        return self.process.wait(timeout=30)

    def log_path(self):
        return self.folder.name + "/log"

    def log(self):
        return pathlib.Path(self.log_path()).read_text(errors="replace")

    def info(self, field):
        client = self.client()
        lines = client("INFO", "everything").decode().splitlines()
        client.close()
        return next(line.split(":", 1)[1] for line in lines if line.startswith(field + ":"))
