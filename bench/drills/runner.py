"""Run a drill and its control, and judge both."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from sqlalchemy import create_engine, func, select
from sqlalchemy.exc import SQLAlchemyError

from bench.drills.arena import Setup, open_arena
from bench.drills.audit import Findings, compare
from bench.drills.disks import Unavailable
from bench.drills.faults import Drill
from bench.drills.phones import Unsettled
from elearn.core.errors import DomainError
from elearn.models import AnswerEvent
from tests.servers.postgres import PostgresUnavailable, find_binaries

#: Losing is a matter of luck; a control may try so often.
CONTROL_TRIES: Final = 3
QUIET_READINGS: Final = 5


@dataclass(slots=True)
class Run:
    """What one run came to."""

    acked: int = 0
    missing: int = 0
    changed: int = 0
    doubled: int = 0
    stale: int = 0
    unknown: int = 0
    refused: int = 0
    unresolved: int = 0
    faults: int = 0
    slowest_s: float = 0.0
    seconds: float = 0.0
    notes: list[str] = field(default_factory=list)

    @property
    def wrong(self) -> int:
        """What must be zero in a sound system, and must not be in a weakened one."""
        return self.missing + self.changed + self.doubled + self.stale


@dataclass(slots=True)
class Verdict:
    """`state`: passed, FAILED (an answer is gone, or the run broke), VOID (the control lost
    nothing), not run (what the machine lacks)."""

    drill: str
    database: str
    state: str
    sound: Run
    control: Run
    shows: str
    why: str = ""

    def as_dict(self) -> dict[str, Any]:
        """For build/drills.json."""
        return asdict(self)


def judge(
    drill: Drill,
    database: str,
    *,
    times: int,
    phones: int | None = None,
    workers: int = 2,
    seconds: float | None = None,
) -> Verdict:
    """The drill `times` times, or as often as fits into `seconds`; then the control, until it loses
    something or gives up."""
    verdict = Verdict(drill.name, database, "passed", Run(), Run(), drill.shows)
    size = {"phones": phones or drill.phones, "workers": workers}
    with explained(verdict):
        if database == "postgresql":
            require_postgres()
        verdict.sound = run(drill, database, drill.sound, times=times, seconds=seconds, **size)
        for _ in range(CONTROL_TRIES):
            weak, few = drill.weak[database], min(times, drill.short)
            verdict.control = run(drill, database, weak, times=few, **size)
            if verdict.control.wrong:
                break
        verdict.state, verdict.why = state_of(verdict.sound, verdict.control)
    return verdict


@contextmanager
def explained(verdict: Verdict) -> Iterator[None]:
    """A run that breaks is a verdict, too: the ones after it still run."""
    try:
        yield
    except Unavailable as missing:
        verdict.state, verdict.why = "not run", str(missing)
    except (
        *(Unsettled, DomainError, OSError, PostgresUnavailable),
        *(SQLAlchemyError, subprocess.SubprocessError),
    ) as broken:
        verdict.state, verdict.why = "FAILED", f"{type(broken).__name__}: {broken}"[:600]


def require_postgres() -> None:
    """Raises Unavailable where there is none."""
    try:
        find_binaries()
    except PostgresUnavailable as why:
        raise Unavailable(str(why)) from None


def state_of(sound: Run, control: Run) -> tuple[str, str]:
    """(state, why)."""
    if sound.wrong or sound.unresolved:
        return "FAILED", "answers are gone or wrong"
    if not sound.acked or not sound.faults:
        return "FAILED", "nothing was drilled"
    if not control.wrong:
        return "VOID", "the weakened system lost nothing"
    return "passed", ""


def run(
    drill: Drill,
    database: str,
    setup: Setup,
    *,
    times: int,
    phones: int,
    workers: int = 2,
    seconds: float | None = None,
) -> Run:
    """Once. The comparison is made after every phone has stopped, on the stopped server."""
    begun = time.monotonic()
    with open_arena(database, setup, phones=phones, workers=workers) as arena:
        arena.until = None if seconds is None else time.monotonic() + seconds
        try:
            drill.fault(arena, times)
        except Unsettled:
            if setup is drill.sound:
                raise
            arena.notes.append("it did not come back to work")
        arena.crowd.finish()
        if setup.weakness == "ack-early":
            wait_until_quiet(arena.stage.settings.database_url)
        arena.supervisor.dismiss()
        arena.host.stop()
        found: Findings = compare(arena.stage.settings.database_url, arena.crowd)
        odd = [text for phone in arena.crowd.phones for text in phone.count.odd][:3]
        return Run(
            found.acked,
            found.missing,
            found.changed,
            found.doubled,
            found.stale,
            arena.crowd.total("unknown"),
            arena.crowd.total("refused"),
            arena.crowd.total("unresolved"),
            arena.faults,
            arena.slowest_s,
            time.monotonic() - begun,
            [*dict.fromkeys(arena.notes), *found.examples, *odd],
        )


def wait_until_quiet(url: str) -> None:
    """What was acknowledged early gets its chance: only what the fault took is to be missing."""
    engine = create_engine(url)
    last, same = -1, 0
    while same < QUIET_READINGS:
        with engine.connect() as connection:
            rows = connection.scalar(select(func.count()).select_from(AnswerEvent)) or 0
        same = same + 1 if rows == last else 0
        last = rows
        time.sleep(0.2)
    engine.dispose()
