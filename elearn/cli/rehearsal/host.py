"""The product's own server as a child process on a free loopback port."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from elearn.config import PACKAGE, Settings
from elearn.core.errors import DomainError

UP_WITHIN_S: Final = 90.0


class Host:
    """`elearn serve`: started, killed, started again on the same port.

    `module` is what Python runs instead of `elearn.cli` (the drills' weakened servers).
    """

    def __init__(
        self,
        settings: Settings,
        *,
        workers: int,
        threads: int = 4,
        module: str = "elearn.cli",
        log: Path | None = None,
    ):
        self.port = free_port()
        self.log = log or settings.instance_dir / "server.log"
        self._command = [sys.executable, "-m", module, "serve", "--port", str(self.port)]
        self._command += ["--workers", str(workers), "--threads", str(threads)]
        kept = {name: value for name, value in os.environ.items() if not name.startswith("ELEARN_")}
        self.environment = {
            **kept,
            "PYTHONPATH": str(PACKAGE.parent),
            "ELEARN_DATABASE_URL": settings.database_url,
            "ELEARN_SECRET_KEY": settings.secret_key,
            "ELEARN_INSTANCE_DIR": str(settings.instance_dir),
            "ELEARN_CONTENT_DIR": str(settings.content_dir),
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """And wait until it answers."""
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(  # noqa: S603  our own program
                self._command,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.wait_until_up()

    def wait_until_up(self, seconds: float = UP_WITHIN_S) -> None:
        """Until the first 200 of the health check."""
        until = time.monotonic() + seconds
        while time.monotonic() < until and self.process and self.process.poll() is None:
            if self.is_up():
                return
            time.sleep(0.05)
        said = self.log.read_text(errors="replace")[-1500:]
        raise DomainError(f"服务没有起来：{said}", code="E-SERVE")

    def is_up(self) -> bool:
        """Does the health check answer 200?"""
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            link.request("GET", "/healthz")
            return link.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            link.close()

    def workers(self) -> list[int]:
        """Process ids of the workers."""
        if self.process is None:
            return []
        return children(self.process.pid)

    def kill_all(self) -> None:
        """SIGKILL to master and workers at once: nobody gets to finish anything."""
        process, self.process = self.process, None
        if process is None:
            return
        for pid in (process.pid, *children(process.pid)):
            kill(pid)
        process.wait()

    def stop(self) -> None:
        """Orderly; by force when that takes too long."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout=30)
            self.process = None
        except subprocess.TimeoutExpired:
            self.kill_all()


def children(parent: int) -> list[int]:
    """Process ids below `parent`, one level."""
    path = Path(f"/proc/{parent}/task/{parent}/children")
    try:
        return [int(word) for word in path.read_text().split()]
    except OSError:
        return []


def kill(pid: int) -> None:
    """SIGKILL; one that is gone already is fine."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def free_port() -> int:
    """A port nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
