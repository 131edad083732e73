"""HTTP/1.1 with keep-alive over loopback, as cheap as Python allows: the generator shares the
machine with what it measures."""

import asyncio
from dataclasses import dataclass
from typing import Final

from .protocol import Request

TIMEOUT_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class Reply:
    """`status` 0: no answer (refused, reset, timed out); nobody knows what the server did."""

    status: int
    body: bytes = b""
    location: str = ""
    retry_after_s: int | None = None


class Wire:
    """One connection; opened when needed, opened again after a failure."""

    def __init__(self, port: int):
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    @property
    def ended(self) -> bool:
        """Did the server end the connection while it rested? It may; browsers open another."""
        return self._streams is not None and self._streams[0].at_eof()

    async def ask(self, request: Request) -> Reply:
        """Send once, read the reply. Never raises for what the network does."""
        try:
            async with asyncio.timeout(TIMEOUT_S):
                return await self._exchange(request)
        except (OSError, TimeoutError, asyncio.IncompleteReadError, ValueError):
            self.close()
            return Reply(0)

    async def _exchange(self, request: Request) -> Reply:
        if self.ended:
            self.close()
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        writer.write(encode(request, self._port))
        status, headers = parse_head(await reader.readuntil(b"\r\n\r\n"))
        body = await _read_body(reader, headers)
        if headers.get("connection") == "close":
            self.close()
        retry = headers.get("retry-after", "")
        after = int(retry) if retry.isdigit() else None
        return Reply(status, body, headers.get("location", ""), after)

    def close(self) -> None:
        """Drop the connection."""
        if self._streams is not None:
            self._streams[1].close()
        self._streams = None


async def _read_body(reader: asyncio.StreamReader, headers: dict[str, str]) -> bytes:
    if "content-length" in headers:
        return await reader.readexactly(int(headers["content-length"]))
    if headers.get("transfer-encoding") != "chunked":
        return b""
    parts = []
    while size := int(await reader.readline(), 16):
        parts.append(await reader.readexactly(size))
        await reader.readline()
    await reader.readline()
    return b"".join(parts)


def encode(request: Request, port: int) -> bytes:
    """The bytes on the wire."""
    lines = [f"{request.method} {request.path} HTTP/1.1", f"Host: 127.0.0.1:{port}"]
    lines += [f"{name}: {value}" for name, value in request.headers.items()]
    if request.method == "POST":
        lines.append(f"Content-Length: {len(request.body)}")
    return "\r\n".join([*lines, "", ""]).encode() + request.body


def parse_head(head: bytes) -> tuple[int, dict[str, str]]:
    """(status, headers by lower-case name)."""
    first, *rest = head.decode("latin-1").split("\r\n")
    headers = {}
    for line in rest:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    return int(first.split(" ", 2)[1]), headers
