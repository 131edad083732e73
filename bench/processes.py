"""CPU time of the database server's processes, from the kernel's own accounting (/proc)."""

import os
import time
from pathlib import Path
from typing import Final, Protocol

from sqlalchemy import Engine, create_engine, text

PROC: Final = Path("/proc")
TICK_S: Final = 1 / os.sysconf("SC_CLK_TCK")
NANO: Final = 1e-9


class CpuClock(Protocol):
    """Seconds of CPU the database has used so far; None when it cannot be seen."""

    def read(self) -> float | None:
        """Now."""

    def settle(self) -> None:
        """Have work of earlier statements done before the next reading."""


class NoServer:
    """SQLite: the database runs inside the application."""

    def read(self) -> float:
        """Nothing of its own."""
        return 0.0

    def settle(self) -> None:
        """Nothing to wait for."""


class Backends:
    """All processes of a PostgreSQL server on this machine.

    Live ones by `schedstat` (nanoseconds), ended ones by what the postmaster collected from them
    (hundredths of a second).
    """

    def __init__(self, server_url: str):
        self._admin: Engine = create_engine(server_url, isolation_level="AUTOCOMMIT", pool_size=1)
        with self._admin.connect() as connection:
            backend = int(connection.execute(text("SELECT pg_backend_pid()")).scalar_one())
        self._postmaster = _parent(backend) if _is_postgres(backend) else None

    def read(self) -> float | None:
        """Seconds of CPU."""
        if self._postmaster is None:
            return None
        live = sum(_running_s(pid) for pid in _children(self._postmaster))
        return live + _ended_children_s(self._postmaster)

    def settle(self) -> None:
        """A checkpoint now, not in the middle of what is measured."""
        with self._admin.connect() as connection:
            connection.execute(text("CHECKPOINT"))
        time.sleep(0.05)

    def close(self) -> None:
        """Give the connection back."""
        self._admin.dispose()


def peak_rss_mb() -> float:
    """Of this process. Not `ru_maxrss`: that is inherited from the process that started us."""
    for line in (PROC / "self" / "status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0


def _stat(pid: int) -> list[str]:
    """The fields after the name; state is the first."""
    return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()


def _parent(pid: int) -> int:
    return int(_stat(pid)[1])


def _is_postgres(pid: int) -> bool:
    try:
        return (PROC / str(pid) / "comm").read_text().startswith("postgres")
    except OSError:
        return False


def _children(parent: int) -> list[int]:
    found = []
    for entry in PROC.iterdir():
        if not entry.name.isdigit():
            continue
        try:
            if _parent(int(entry.name)) == parent:
                found.append(int(entry.name))
        except OSError:
            continue  # ended while we looked
    return found


def _running_s(pid: int) -> float:
    try:
        return int((PROC / str(pid) / "schedstat").read_text().split()[0]) * NANO
    except OSError:
        return 0.0


def _ended_children_s(pid: int) -> float:
    fields = _stat(pid)
    return (int(fields[13]) + int(fields[14])) * TICK_S
