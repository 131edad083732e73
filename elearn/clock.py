"""The one clock: the database's. Every process asks it, none trusts its own machine.

A process keeps the difference between the database's clock and its own monotonic counter, which
nobody can set, and asks again every half a minute: no request pays for a statement. Stepping the
clock of an application machine moves no deadline; when the database's own clock jumps, it is
followed, and said in the log.
"""

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol

from flask import Flask, current_app
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

log = logging.getLogger("elearn")

ASK_EVERY_S: Final = 30.0
SKEW: Final = timedelta(seconds=2)
#: Milliseconds are what SQLite has; PostgreSQL's clock moves inside a transaction, too.
_QUESTION: Final = {
    "sqlite": text("SELECT strftime('%Y-%m-%dT%H:%M:%f', 'now')"),
    "postgresql": text("SELECT clock_timestamp()"),
}


class Clock(Protocol):
    """What tells the time."""

    def now(self) -> datetime:
        """Aware, UTC."""


class DatabaseClock:
    """The time of the database behind `engine`. Safe to share between threads."""

    def __init__(
        self,
        engine: Engine | Connection,
        *,
        every_s: float = ASK_EVERY_S,
        counter: Callable[[], float] = time.monotonic,
    ):
        self._engine = engine
        self._every_s = every_s
        self._counter = counter
        self._asking = threading.Lock()
        self._anchor: tuple[datetime, float] | None = None

    def now(self) -> datetime:
        """Raises what the database raises only if it has never answered."""
        anchor = self._anchor
        if anchor is None:
            with self._asking:
                anchor = self._anchor or self._ask()
        elif self._counter() - anchor[1] >= self._every_s and self._asking.acquire(blocking=False):
            try:
                anchor = self._ask()
            except SQLAlchemyError:
                log.warning("the database did not tell the time; going on from %s", anchor[0])
                self._anchor = self._read(anchor), self._counter()
            finally:
                self._asking.release()
        return self._read(anchor)

    def _read(self, anchor: tuple[datetime, float]) -> datetime:
        return anchor[0] + timedelta(seconds=self._counter() - anchor[1])

    def _ask(self) -> tuple[datetime, float]:
        before = self._counter()
        told = _told(self._engine)
        fresh = told, (before + self._counter()) / 2
        if self._anchor is not None and abs(self._read(self._anchor) - self._read(fresh)) > SKEW:
            log.error("the database's clock jumped: %s after %s", fresh, self._anchor)
        self._anchor = fresh
        return fresh


def init_app(app: Flask, engine: Engine | Connection) -> None:
    """The clock of this process."""
    app.extensions["elearn_clock"] = DatabaseClock(engine)


def now() -> datetime:
    """The time, for views."""
    clock: Clock = current_app.extensions["elearn_clock"]
    return clock.now()


def _told(engine: Engine | Connection) -> datetime:
    if isinstance(engine, Connection):
        return _aware(engine.scalar(_QUESTION[engine.dialect.name]))
    with engine.connect().execution_options(elearn_write=False) as connection:
        return _aware(connection.scalar(_QUESTION[connection.dialect.name]))


def _aware(value: Any) -> datetime:
    """SQLite answers in text, in UTC."""
    told = datetime.fromisoformat(value) if isinstance(value, str) else value
    return told.replace(tzinfo=UTC) if told.tzinfo is None else told.astimezone(UTC)
