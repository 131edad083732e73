"""The network between a browser and the server, with its weather: works under any engine.

A forwarder on loopback. Each connection carries one request (it says `Connection: close`), so the
weather of a moment is the weather of whole requests.
"""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum

CHUNK = 65536


class Sky(StrEnum):
    """FAIR: through. CUT: nothing gets anywhere. DEAF: requests arrive, replies are lost. DOWN: the
    way to the server is there and it answers 503 without a reason."""

    FAIR = "FAIR"
    CUT = "CUT"
    DEAF = "DEAF"
    DOWN = "DOWN"


DOWN_REPLY = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Type: text/plain\r\n"
    b"Content-Length: 0\r\nConnection: close\r\n\r\n"
)


class Weather:
    """`sky` may be changed at any time; `requests` counts those that came, by their sky."""

    def __init__(self, port: int):
        self.server = ("127.0.0.1", port)
        self.sky = Sky.FAIR
        self.requests: dict[Sky, int] = dict.fromkeys(Sky, 0)
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()

    @property
    def url(self) -> str:
        """Where a browser goes instead of to the server."""
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        """No new connections."""
        self.listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits for one
        self.listener.close()
        self.thread.join(timeout=5)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def _carry(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            client.settimeout(30)
            request = _read_request(client)
            if not request:
                return
            sky = self.sky
            self.requests[sky] += 1
            if sky is Sky.CUT:
                return
            if sky is Sky.DOWN:
                client.sendall(DOWN_REPLY)
                return
            with socket.create_connection(self.server, timeout=30) as server:
                server.sendall(_closing(request))
                reply = b"".join(iter(lambda: server.recv(CHUNK), b""))
            if sky is Sky.FAIR:
                client.sendall(reply)


@contextmanager
def weather(url: str) -> Iterator[Weather]:
    """A forwarder to the server at `url`."""
    made = Weather(int(url.rsplit(":", 1)[1]))
    yield made
    made.close()


def _read_request(client: socket.socket) -> bytes:
    """Head and body of one request."""
    data = b""
    while b"\r\n\r\n" not in data:
        chunk = client.recv(CHUNK)
        if not chunk:
            return b""
        data += chunk
    head, _, body = data.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            length = int(value)
    while len(body) < length:
        chunk = client.recv(CHUNK)
        if not chunk:
            return b""
        body += chunk
    return head + b"\r\n\r\n" + body


def _closing(request: bytes) -> bytes:
    """The same request, asking the server to close the connection after its reply."""
    head, _, body = request.partition(b"\r\n\r\n")
    lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"connection:")]
    return b"\r\n".join([*lines, b"Connection: close"]) + b"\r\n\r\n" + body
