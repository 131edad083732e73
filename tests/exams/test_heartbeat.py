"""When a sweeper last finished a round: one row for all processes, written seldom."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event, func, select, text
from sqlalchemy.orm import Session

from elearn import db
from elearn.exams.attempts import sweeper
from elearn.exams.attempts.heartbeat import WRITTEN_EVERY, beat, is_silent, last_round
from elearn.models import SweeperBeat
from tests.conftest import Browser
from tests.exams.conftest import Case
from tests.factories import NOW

SECOND = timedelta(seconds=1)


def known(engine: Engine) -> datetime | None:
    with db.new_session(engine, write=False) as work:
        return last_round(work)


@contextmanager
def writes(engine: Engine) -> Iterator[list[str]]:
    """What is written to the table meanwhile."""
    sent: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        if "sweeper_beat" in statement and not statement.startswith("SELECT"):
            sent.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield sent
    event.remove(engine, "before_cursor_execute", note)


def test_a_round_is_known_and_written_seldom(own_engine: Engine) -> None:
    assert known(own_engine) is None
    beat(own_engine, now=NOW)
    assert known(own_engine) == NOW
    with writes(own_engine) as sent:
        beat(own_engine, now=NOW + WRITTEN_EVERY - SECOND)
        assert (known(own_engine), sent) == (NOW, [])
        beat(own_engine, now=NOW + WRITTEN_EVERY)
        assert (known(own_engine), len(sent)) == (NOW + WRITTEN_EVERY, 1)


def test_a_clock_set_back_does_not_silence_it(own_engine: Engine) -> None:
    beat(own_engine, now=NOW + timedelta(hours=1))
    assert is_silent(known(own_engine), NOW)
    beat(own_engine, now=NOW)
    assert known(own_engine) == NOW
    assert not is_silent(NOW, NOW + SECOND)


def test_ten_processes_leave_one_row(own_engine: Engine) -> None:
    gate = threading.Barrier(10)

    def process(_: int) -> None:
        gate.wait()
        beat(own_engine, now=NOW)

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(process, range(10)))
    with db.new_session(own_engine, write=False) as work:
        assert work.scalar(select(func.count()).select_from(SweeperBeat)) == 1
    assert known(own_engine) == NOW


def run_until(engine: Engine, stop: threading.Event, clock: Any) -> None:
    """Rounds of a sweeper whose clock stops it at the last tick it has."""
    sweeper.run(engine, stop, every_s=0.0, clock=clock)


def test_a_sweeper_at_work_says_so(own_engine: Engine) -> None:
    stop = threading.Event()

    def clock() -> datetime:
        if known(own_engine) is not None:
            stop.set()
        return NOW

    run_until(own_engine, stop, clock)
    assert known(own_engine) == NOW


def test_a_round_that_fails_says_nothing(own_engine: Engine) -> None:
    """The database turns the sweep down every time: no round is ever finished."""
    stop, rounds = threading.Event(), []
    with own_engine.begin() as connection:
        connection.execute(text("ALTER TABLE attempt RENAME TO elsewhere"))

    def clock() -> datetime:
        rounds.append(NOW)
        if len(rounds) == 3:
            stop.set()
        return NOW

    run_until(own_engine, stop, clock)
    assert known(own_engine) is None


@pytest.mark.parametrize(("minutes", "silent"), [(3, True), (1, False)])
def test_the_board_of_a_running_exam_says_it(
    client: Browser, case: Case, session: Session, *, minutes: int, silent: bool
) -> None:
    now = client.application.extensions["elearn_clock"].now()
    case.exam.opens_at, case.exam.closes_at = now - timedelta(hours=1), now + timedelta(hours=1)
    session.add(SweeperBeat(id=1, finished_at=now - timedelta(minutes=minutes)))
    browser = client.sign_in(case.examiner, session)
    session.commit()
    page = browser.get(f"/manage/exams/{case.exam.public_id}/monitor").text
    assert ("收卷进程两分钟没有运行" in page) == silent
