"""CPU and SQL of one operation. CPU time, not wall time: it holds on a machine others use too."""

import gc
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, Final

from sqlalchemy import Engine, event

from bench.processes import CpuClock

PACKAGE: Final = str(Path(__file__).resolve().parent.parent / "elearn")
CONTROL: Final = ("BEGIN", "COMMIT", "ROLLBACK")
#: psycopg prepares a statement when it comes the sixth time; SQLAlchemy compiles it the first.
WARM: Final = 8


class Missing(Exception):
    """The product cannot do this yet; the text says what is not there."""


class Unexpected(Exception):
    """The product answered, but not what the operation is about."""


@dataclass(frozen=True, slots=True)
class Job:
    """One execution. `check` gets what `run` returned and is not measured."""

    run: Callable[[], Any]
    check: Callable[[Any], None]


@dataclass(frozen=True, slots=True)
class Cost:
    """Per execution, means over `n`. `db_cpu_ms` is None where the server cannot be watched.

    `repeated`: (times per execution, statement) of statements sent more than once.
    """

    n: int
    app_cpu_ms: float
    db_cpu_ms: float | None
    statements: float
    repeated: tuple[tuple[float, str], ...] = ()
    wall_s: float | None = None
    peak_rss_mb: float | None = None

    @property
    def cpu_ms(self) -> float:
        """Application and database."""
        return self.app_cpu_ms + (self.db_cpu_ms or 0.0)


@dataclass
class Tape:
    """Counts the statements an engine sends while `on`.

    Transaction control is left out (BEGIN, COMMIT), savepoints are in. A statement executed for
    many rows at once counts once.
    """

    on: bool = False
    tracing: bool = False
    seen: Counter[str] = field(default_factory=Counter)
    origins: Counter[tuple[str, str]] = field(default_factory=Counter)

    def listen(self, engine: Engine) -> None:
        """Hear what this engine sends."""
        event.listen(engine, "before_cursor_execute", self.note)

    def clear(self) -> None:
        """Forget what was heard."""
        self.seen.clear()
        self.origins.clear()

    def note(self, *call: Any) -> None:
        """Called before every statement with (connection, cursor, statement, …)."""
        statement: str = call[2]
        if not self.on or statement.startswith(CONTROL):
            return
        self.seen[statement] += 1
        if self.tracing:
            self.origins[_origin(sys._getframe(1)), _head(statement)] += 1  # noqa: SLF001  no public way


@dataclass(frozen=True, slots=True)
class Meter:
    """Measures jobs of one database."""

    tape: Tape
    backends: CpuClock

    def measure(self, jobs: Sequence[Job], *, warm: int = WARM) -> Cost:
        """The first `warm` jobs only warm caches up. Raises what `check` raises."""
        for job in jobs[:warm]:
            job.check(job.run())
        counted = jobs[warm:]
        app = 0.0
        self.tape.clear()
        gc.collect()
        gc.freeze()  # what the bench prepared is no work for the product's collector
        self.backends.settle()
        before = self.backends.read()
        for job in counted:
            app += self._timed(job)
        after = self.backends.read()
        gc.unfreeze()
        n = len(counted)
        return Cost(
            n=n,
            app_cpu_ms=app * 1000 / n,
            db_cpu_ms=None if before is None or after is None else (after - before) * 1000 / n,
            statements=sum(self.tape.seen.values()) / n,
            repeated=repeated(self.tape.seen, n),
        )

    def _timed(self, job: Job) -> float:
        self.tape.on = True
        start = time.process_time()
        try:
            result = job.run()
        finally:
            spent = time.process_time() - start
            self.tape.on = False
        job.check(result)
        return spent


def repeated(seen: Counter[str], n: int) -> tuple[tuple[float, str], ...]:
    """Statements sent more than once per execution, the most frequent first."""
    return tuple(
        (count / n, _head(statement)) for statement, count in seen.most_common() if count > n
    )


def _origin(frame: FrameType | None) -> str:
    """The innermost line of the product: `exams/attempts/queries.py:130`."""
    while frame is not None:
        name = frame.f_code.co_filename
        if name.startswith(PACKAGE) and not name.endswith("/elearn/db.py"):
            return f"{name.removeprefix(PACKAGE).lstrip('/')}:{frame.f_lineno}"
        frame = frame.f_back
    return "?"


def _head(statement: str) -> str:
    """One line; of a query what it reads from, not the list of columns."""
    flat = " ".join(statement.split())
    at = flat.find(" FROM ")
    short = "SELECT …" + flat[at:] if flat.startswith("SELECT") and at > 0 else flat
    return short[:150]
