"""The background closer: attempts end at their deadline even if nobody ever looks again.

`elearn serve` and the demo start one per process. Several are safe: each takes attempts nobody
else holds, and the close itself is one guarded UPDATE.
"""

import logging
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Final

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from elearn import db
from elearn.clock import DatabaseClock
from elearn.exams.corrections.worker import advance as advance_corrections
from elearn.exams.papers.timed import seal_due
from elearn.exams.papers.vault import process_vault

from .heartbeat import beat
from .queries import due_query
from .services import close_due_attempts

log = logging.getLogger("elearn")

EVERY_S: Final = 5.0
BATCH: Final = 20


def sweep(engine: Engine, *, now: datetime) -> int:
    """Close everything that is due, a few at a time; returns how many were closed.

    Looks with a reader first: an idle server never takes SQLite's write lock.
    """
    closed = 0
    while True:
        with db.new_session(engine, write=False) as work:
            if work.scalar(due_query(now).limit(1)) is None:
                return closed
        with db.transaction(engine) as work:
            batch = close_due_attempts(work, now=now, limit=BATCH)
        if batch == 0:
            return closed  # what is left is held by somebody else, or was logged
        closed += batch


def run(
    engine: Engine,
    stop: threading.Event,
    *,
    every_s: float = EVERY_S,
    clock: Callable[[], datetime] | None = None,
) -> None:
    """Sweep until `stop` is set, by the database's clock. A database that is away is tried again,
    not given up. `beat` says that a round was finished: one that hangs or fails says nothing."""
    clock = clock or DatabaseClock(engine).now
    while not stop.is_set():
        try:
            sweep(engine, now=clock())
            advance_corrections(engine, now=clock())
            _seal(engine, clock)
            beat(engine, now=clock())
        except SQLAlchemyError:
            log.exception("sweep failed; trying again")
        stop.wait(every_s)


def _seal(engine: Engine, clock: Callable[[], datetime]) -> None:
    """Papers due by now. Whatever goes wrong here, attempts still have to be closed."""
    try:
        seal_due(engine, clock=clock, vault=process_vault())
    except Exception:
        log.exception("timed sealing failed; trying again")


def start(engine: Engine, *, every_s: float = EVERY_S) -> Callable[[], None]:
    """Run in a daemon thread; the result stops it and waits."""
    stop = threading.Event()
    thread = threading.Thread(
        target=run, args=(engine, stop), kwargs={"every_s": every_s}, name="sweeper", daemon=True
    )
    thread.start()

    def finish() -> None:
        stop.set()
        thread.join(timeout=30)

    return finish
