"""A TCP proxy whose open connections can go dead without a word, as behind a firewall that forgot them."""

import socket
import threading
from contextlib import suppress

MOST = 65536


class HalfOpenProxy:
    """Passes bytes on to `127.0.0.1:port`; after `freeze`, those of connections that are open by then are swallowed."""

    def __init__(self, port: int) -> None:
        self._target = ("127.0.0.1", port)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        self._sockets: list[socket.socket] = []
        self._deaf: list[threading.Event] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def freeze(self) -> int:
        """From now on nothing goes through the connections of today; how many these are."""
        for deaf in self._deaf:
            deaf.set()
        return len(self._deaf)

    def close(self) -> None:
        for one in (self._listener, *self._sockets):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(self._target)
                deaf = threading.Event()
                self._sockets += [near, far]
                self._deaf.append(deaf)
                for source, sink in ((near, far), (far, near)):
                    threading.Thread(target=_pass_on, args=(source, sink, deaf), daemon=True).start()


def _pass_on(source: socket.socket, sink: socket.socket, deaf: threading.Event) -> None:
    with suppress(OSError):
        while piece := source.recv(MOST):
            if not deaf.is_set():
                sink.sendall(piece)
        if not deaf.is_set():
            sink.shutdown(socket.SHUT_WR)
