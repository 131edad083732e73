"""A bad network between phone and server: replies that get lost after the server has answered,
requests that arrive twice."""

import random
import socket
import threading
from typing import Final

from elearn.cli.rehearsal.wire import parse_head

TIMEOUT_S: Final = 30.0
END: Final = b"\r\n\r\n"


class Proxy:
    """Listens on a port of its own and passes HTTP on. Only saves meet bad weather."""

    def __init__(self, upstream: int, *, lose: float, twice: float):
        self._upstream = upstream
        self._lose = lose
        self._twice = twice
        self._draw = random.Random(1)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._listener.getsockname()[1]
        self.lost = 0
        self.doubled = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """No new connections."""
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        client.settimeout(TIMEOUT_S)
        with client:
            try:
                with socket.create_connection(("127.0.0.1", self._upstream), TIMEOUT_S) as server:
                    while self._pass_one(client, server):
                        pass
            except OSError:
                return

    def _pass_one(self, client: socket.socket, server: socket.socket) -> bool:
        request = read_message(client)
        if not request:
            return False
        saving = b"/answers HTTP/1.1" in request[:200]
        if saving and self._draw.random() < self._twice:
            self.doubled += 1
            server.sendall(request)
            if not read_message(server):
                return False
        server.sendall(request)
        reply = read_message(server)
        if saving and self._draw.random() < self._lose:
            self.lost += 1
            return False  # the server has answered: it has committed
        client.sendall(reply)
        return bool(reply)


def read_message(peer: socket.socket) -> bytes:
    """Head and body of one message; b"" when the other side is done."""
    data = b""
    while END not in data:
        more = peer.recv(65536)
        if not more:
            return b""
        data += more
    head, _, body = data.partition(END)
    first, *rest = (head + END).split(b"\r\n", 1)
    _, headers = parse_head(b"HTTP/1.1 200 OK\r\n" + rest[0])
    length = int(headers.get("content-length", 0))
    while len(body) < length:
        more = peer.recv(65536)
        if not more:
            return b""
        body += more
    return first + b"\r\n" + rest[0].partition(END)[0] + END + body
