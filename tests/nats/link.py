"""A TCP link between two servers that a test can cut, silence and heal."""

import contextlib
import select
import socket
import struct
import threading

from nats_server import fixed_port


class Link:
    """Listens on `port` and carries every connection on to `target`, a port of this machine.

    cut():     ends all connections, and new ones at once: a router says that the way is gone
    silence(): passes nothing on and says nothing: the way swallows packets
    heal():    ends both; what a silent link held is delivered late, as TCP does, unless its sender
               has given up the connection meanwhile
    """

    def __init__(self, target):
        self.target = target
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.port = fixed_port()
        self.listener.bind(("127.0.0.1", self.port))
        self.listener.listen(64)
        self.lock = threading.Lock()
        self.sockets = set()  # guarded by lock
        self.is_cut = False  # guarded by lock
        self.ended = False  # guarded by lock
        self.passing = threading.Event()
        self.passing.set()
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self):
        with self.lock:
            self.is_cut = True
        self._reset_all()

    def silence(self):
        self.passing.clear()

    def heal(self):
        with self.lock:
            self.is_cut = False
        self.passing.set()

    def close(self):
        with self.lock:
            self.ended = True
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.passing.set()
        self._reset_all()

    def _reset_all(self):
        with self.lock:
            sockets, self.sockets = self.sockets, set()
        for each in sockets:
            _reset(each)

    def _accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(near,), daemon=True).start()

    def _carry(self, near):
        self.passing.wait()
        far = socket.socket()
        with self.lock:
            refused = self.is_cut or self.ended
            if not refused:
                self.sockets |= {near, far}
        try:
            if refused:
                raise ConnectionError
            far.connect(("127.0.0.1", self.target))
            for each in (near, far):
                each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError:
            _reset(near)
            far.close()
            return
        threading.Thread(target=self._pump, args=(far, near), daemon=True).start()
        self._pump(near, far)

    def _pump(self, source, sink):
        with contextlib.suppress(OSError):
            while True:
                data = source.recv(65536)
                if not self.passing.is_set():
                    self.passing.wait()
                    if _given_up(source):
                        break
                if not data:
                    break
                sink.sendall(data)
        for each in (source, sink):
            with self.lock:
                self.sockets.discard(each)
            _reset(each)


def _given_up(connection):
    """Whether the other side has closed it."""
    poller = select.poll()
    poller.register(connection, select.POLLRDHUP)
    return bool(poller.poll(0))


def _reset(connection):
    """Closes it so that the other side is told at once, whatever was on its way."""
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
