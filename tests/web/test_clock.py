"""One clock, the database's: no step of an application machine's clock moves a deadline."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Connection, Engine, event

from elearn import clock, db
from elearn.app import create_app
from elearn.clock import DatabaseClock
from elearn.web.auth import utcnow
from tests.conftest import Browser, make_settings
from tests.exams.conftest import Case, case  # noqa: F401  a fixture


class Counter:
    """A monotonic counter the test moves."""

    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


def asked(engine: Engine) -> list[str]:
    """Statements sent from now on."""
    seen: list[str] = []

    def note(*call: Any) -> None:
        if not call[2].startswith("BEGIN"):
            seen.append(call[2])

    event.listen(engine, "before_cursor_execute", note)
    return seen


def test_it_tells_the_databases_time_and_counts_on_from_there(own_engine: Engine) -> None:
    counter = Counter()
    told = DatabaseClock(own_engine, counter=counter)
    seen = asked(own_engine)
    first = told.now()
    assert abs(first - datetime.now(UTC)) < timedelta(seconds=60)
    assert first.tzinfo is UTC
    counter.at += 29.0
    assert told.now() - first == timedelta(seconds=29)
    assert len(seen) == 1
    counter.at += 2.0
    told.now()
    assert len(seen) == 2


def test_many_threads_ask_once(own_engine: Engine) -> None:
    seen = asked(own_engine)
    told = DatabaseClock(own_engine)
    gate = threading.Barrier(8)

    def ask(_: int) -> datetime:
        gate.wait()
        return told.now()

    with ThreadPoolExecutor(8) as pool:
        times = list(pool.map(ask, range(8)))
    assert max(times) - min(times) < timedelta(seconds=30)
    assert len(seen) == 1


def test_a_database_that_is_away_does_not_stop_the_clock(tmp_path: Any) -> None:
    engine = db.make_engine(f"sqlite:///{tmp_path / 'clock.db'}")
    counter = Counter()
    told = DatabaseClock(engine, counter=counter)
    first = told.now()
    broken = db.make_engine(f"sqlite:///{tmp_path / 'no' / 'such' / 'folder.db'}")
    told._engine = broken
    counter.at += 100.0
    assert told.now() - first == timedelta(seconds=100)
    with pytest.raises(Exception, match="unable to open"):
        DatabaseClock(broken).now()
    engine.dispose()
    broken.dispose()


def test_a_jump_of_the_databases_clock_is_followed_and_said(
    tmp_path: Any, caplog: pytest.LogCaptureFixture
) -> None:
    engine = db.make_engine(f"sqlite:///{tmp_path / 'clock.db'}")
    counter = Counter()
    told = DatabaseClock(engine, counter=counter)
    told.now()
    counter.at += 3600.0  # the counter says an hour has passed, the database says none has
    assert abs(told.now() - datetime.now(UTC)) < timedelta(seconds=60)
    assert "jumped" in caplog.text
    engine.dispose()


def test_a_stepped_application_clock_moves_no_deadline(
    app: Flask,
    browser: Callable[[], Browser],
    case: Case,  # noqa: F811  the fixture
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The machine's clock jumps two days on while an attempt of 50 minutes runs."""
    clock.init_app(app, app.extensions["elearn_engine"])
    me = browser().sign_in(case.person, case.session)
    me.post(f"/exams/{case.exam.public_id}/start", data={"agreed": "1"})
    attempt = case.attempt()
    before = me.get(f"/attempts/{attempt.public_id}/state").get_json()
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + 2 * 86400)
    _step_datetime(monkeypatch, timedelta(days=2))
    after = me.get(f"/attempts/{attempt.public_id}/state").get_json()
    assert (after["state"], after["deadline"]) == ("IN_PROGRESS", before["deadline"])
    assert 0 <= before["remaining_ms"] - after["remaining_ms"] < 60_000
    saved = me.post(
        f"/attempts/{attempt.public_id}/answers",
        json={"events": [{"event_id": "stepped-1", "item": 1, "part": 0, "value": [0]}]},
    )
    assert saved.get_json()["statuses"] == {"stepped-1": "COUNTED"}
    with app.app_context():
        assert abs(utcnow() - case.attempt().started_at) < timedelta(minutes=1)


def _step_datetime(monkeypatch: pytest.MonkeyPatch, by: timedelta) -> None:
    """`datetime.now` of every loaded module of the product is off by `by`."""

    class Stepped(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return datetime.now(tz) + by

    for name, module in list(sys.modules.items()):
        if name.startswith("elearn") and getattr(module, "datetime", None) is datetime:
            monkeypatch.setattr(module, "datetime", Stepped)


SCRIPT = """
import sys, tempfile, pathlib
from datetime import UTC, datetime, timedelta
from elearn import db, migrate
from elearn.clock import DatabaseClock
from elearn.web.templating import local
from elearn.models import SignInFailure
engine = db.make_engine(f"sqlite:///{pathlib.Path(tempfile.mkdtemp()) / 'tz.db'}")
migrate.upgrade(engine)
at = datetime(2026, 6, 30, 16, 30, tzinfo=UTC)
with db.transaction(engine) as work:
    work.add(SignInFailure(account="a", source="b", at=at))
with db.new_session(engine, write=False) as work:
    row = work.query(SignInFailure).one()
    raw = work.connection().exec_driver_sql("SELECT at FROM sign_in_failure").scalar()
assert row.at == at and row.at.utcoffset() == timedelta(0), row.at
assert str(raw).startswith("2026-06-30 16:30"), raw
assert local(row.at) == "2026-07-01 00:30", local(row.at)
assert abs(DatabaseClock(engine).now() - datetime.now(UTC)) < timedelta(seconds=60)
print("ok")
"""


@pytest.mark.parametrize("zone", ["UTC", "Asia/Shanghai", "America/New_York"])
def test_the_machines_zone_changes_nothing(zone: str) -> None:
    """Stored in UTC, shown in Asia/Shanghai, wherever the process runs."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env={**os.environ, "TZ": zone},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.strip() == "ok", done.stderr


def test_the_app_has_one_clock(connection: Connection, tmp_path: Any) -> None:
    app = create_app(make_settings(tmp_path), engine=connection)
    with app.app_context():
        assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=60)
        assert isinstance(app.extensions["elearn_clock"], DatabaseClock)
