"""A wire between a worker and its broker that can be cut: what is sent then stays where it is, as on a network that lost its
way, and goes on when the wire is whole again."""

import selectors
import socket
import threading

CHUNK = 256 << 10
LOOK_SECONDS = 0.2


class End:
    """One side of a connection."""

    def __init__(self, stream):
        self.stream = stream
        self.other = None
        self.waiting = bytearray()  # to be sent to it


class Proxy(threading.Thread):
    def __init__(self, port, target):
        super().__init__(name="proxy", daemon=True)
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", port), backlog=64)
        self._listener.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._ends = {}
        self._is_cut = threading.Event()
        self._stop_flag = threading.Event()

    def cut(self):
        self._is_cut.set()

    def mend(self):
        self._is_cut.clear()

    def stop(self):
        self._stop_flag.set()
        self.join(5)

    def run(self):
        while not self._stop_flag.is_set():
            if self._is_cut.is_set():
                self._stop_flag.wait(LOOK_SECONDS / 4)
                continue
            for key, events in self._selector.select(LOOK_SECONDS):
                if self._is_cut.is_set():
                    break
                if key.fileobj is self._listener:
                    self._accept()
                elif key.fd in self._ends:
                    self._serve(self._ends[key.fd], events)
        for end in list(self._ends.values()):
            self._close(end)
        self._listener.close()

    def _accept(self):
        stream, _ = self._listener.accept()
        try:
            far = socket.create_connection(("127.0.0.1", self._target), timeout=1)
        except OSError:
            stream.close()
            return
        near, far = End(stream), End(far)
        near.other, far.other = far, near
        for end in (near, far):
            end.stream.setblocking(False)
            end.stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._ends[end.stream.fileno()] = end
            self._selector.register(end.stream, selectors.EVENT_READ)

    def _serve(self, end, events):
        try:
            if events & selectors.EVENT_WRITE:
                del end.waiting[:end.stream.send(end.waiting)]
            if events & selectors.EVENT_READ:
                received = end.stream.recv(CHUNK)
                if not received:
                    raise ConnectionResetError
                end.other.waiting += received
        except BlockingIOError:
            pass
        except OSError:
            self._close(end)
            return
        for one in (end, end.other):
            self._selector.modify(
                one.stream, selectors.EVENT_READ | (selectors.EVENT_WRITE if one.waiting else 0))

    def _close(self, end):
        for one in (end, end.other):
            if self._ends.pop(one.stream.fileno(), None) is not None:
                self._selector.unregister(one.stream)
                one.stream.close()
