"""Two transactions in a known order, on real connections: the second begins while the first is open."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

from sqlalchemy import Engine, text

PATIENCE_S = 20.0


def wait_until_held_up(engine: Engine, task: "Future[Any]", begun: threading.Event) -> None:
    """Until the other transaction waits for a lock, or is through. SQLite has one writer and
    nothing to see: it is enough that the other has begun to ask."""
    assert begun.wait(PATIENCE_S)
    if engine.dialect.name == "sqlite":
        return
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until and not task.done():
        with engine.connect() as connection:
            if connection.scalar(waiting):
                return
        time.sleep(0.01)
    assert task.done(), "neither waiting nor through"


def meanwhile(stack: ExitStack, engine: Engine, act: Callable[[], Any]) -> "Future[Any]":
    """Begin `act` on another connection and come back when it waits for ours (or is through)."""
    begun = threading.Event()

    def run() -> Any:
        begun.set()
        return act()

    task = stack.enter_context(ThreadPoolExecutor(1)).submit(run)
    wait_until_held_up(engine, task, begun)
    return task
