"""`elearn serve` outlives its workers."""

import time
from pathlib import Path

import pytest

from elearn import db, migrate
from elearn.cli.rehearsal.host import Host, kill
from elearn.cli.rehearsal.stage import temporary_settings
from elearn.config import shipped

pytestmark = pytest.mark.slow
IN_TIME_S = 120.0
#: The product takes an end right after the start for a wrong setting; here nothing is wrong.
CODE = (
    "from elearn.cli import main, server; server.GIVES_UP_WITHIN_S = 0.0; import sys;"
    " sys.argv[0] = 'elearn'; main()"
)


def next_worker(host: Host, gone: set[int]) -> int:
    until = time.monotonic() + IN_TIME_S
    while time.monotonic() < until:
        fresh = [pid for pid in host.workers() if pid not in gone]
        if fresh:
            return fresh[-1]
        time.sleep(0.01)
    pytest.fail("no worker came back")


def test_a_worker_killed_twice_in_a_row_does_not_end_the_service(tmp_path: Path) -> None:
    """Granian alone gives up when one worker dies twice within six seconds."""
    settings = temporary_settings(
        shipped("courses").parent, f"sqlite:///{tmp_path / 'serve.db'}", tmp_path
    )
    engine = db.make_engine(settings.database_url)
    migrate.upgrade(engine)
    engine.dispose()
    host = Host(settings, workers=1)
    host._command[1:3] = ["-c", CODE]
    host.start()
    try:
        assert host.process is not None
        master, gone = host.process.pid, set()
        for _ in range(2):
            worker = next_worker(host, gone)
            gone.add(worker)
            kill(worker)
        next_worker(host, gone)
        host.wait_until_up(IN_TIME_S)
        assert host.process.pid == master
        assert host.process.poll() is None
    finally:
        host.stop()
