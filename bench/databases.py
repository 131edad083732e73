"""The databases of a run: SQLite files, or databases on one PostgreSQL server."""

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from bench.processes import Backends, CpuClock, NoServer
from tests.servers.postgres import URL_VARIABLE, PendingServer

ROOT: Final = Path(__file__).resolve().parent.parent
KINDS: Final = ("sqlite", "postgresql")


class DurableServer(PendingServer):
    """The tests' server with production durability."""

    def __init__(self) -> None:
        self._keeper = subprocess.Popen(
            [sys.executable, "-m", "bench.keeper"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            start_new_session=True,
        )
        self._url: str | None = None


class Server:
    """Makes empty databases of one kind; `server_url` is "" for SQLite."""

    def __init__(self, kind: str, folder: Path, server_url: str = ""):
        self.kind = kind
        self.folder = folder
        self.backends: CpuClock = Backends(server_url) if server_url else NoServer()
        self._server_url = server_url
        self._made: list[str] = []

    def new_database(self, name: str) -> str:
        """Its URL."""
        if not self._server_url:
            return f"sqlite:///{self.folder / (name + '.db')}"
        full = f"bench_{name}_{uuid.uuid4().hex[:8]}"
        self._run(f"CREATE DATABASE {full}")
        self._made.append(full)
        return make_url(self._server_url).set(database=full).render_as_string(hide_password=False)

    def version(self) -> str:
        """For the report."""
        if not self._server_url:
            import sqlite3  # noqa: PLC0415  only its version is of interest

            return f"SQLite {sqlite3.sqlite_version}"
        engine = create_engine(self._server_url)
        with engine.connect() as connection:
            found = connection.execute(text("SHOW server_version")).scalar_one()
        engine.dispose()
        return f"PostgreSQL {found}"

    def close(self) -> None:
        """Drop what was made."""
        if isinstance(self.backends, Backends):
            self.backends.close()
        for name in self._made:
            self._run(f"DROP DATABASE {name} WITH (FORCE)")

    def _run(self, statement: str) -> None:
        engine = create_engine(self._server_url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(statement))
        engine.dispose()


@contextmanager
def open_server(kind: str, folder: Path) -> Iterator[Server]:
    """`ELEARN_TEST_POSTGRES_URL` names a server to use as it is, as in the tests."""
    if kind == "sqlite":
        yield Server(kind, folder)
        return
    given = os.environ.get(URL_VARIABLE, "")
    running = None if given else DurableServer()
    try:
        server = Server(kind, folder, given or (running.url() if running else ""))
        try:
            yield server
        finally:
            server.close()
    finally:
        if running is not None:
            running.stop()
