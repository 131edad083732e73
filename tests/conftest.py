"""Fixtures every test shares: both databases, an app on an isolated connection, people signed in.

A test that asks for `session`, `app` or `client` runs twice, on SQLite and on PostgreSQL. Each
test works inside one outer transaction that is rolled back, so tests see only their own rows.
"""

import os
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from elearn import db, migrate
from elearn.app import create_app
from elearn.bank.queries import _bodies, _keys, _shapes
from elearn.config import Settings, shipped
from elearn.exams.attempts.queries import _papers
from elearn.exams.attempts.shapes import _by_attempt, _by_hash
from elearn.exams.papers.drawing import _forms
from elearn.exams.papers.snapshots import _last, _plans, _stocks
from elearn.models import Person
from tests.factories import open_login_session

pytest_plugins = ["tests.servers.plugin"]

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)  # 09:00 in Asia/Shanghai
DATABASES = ("sqlite", "postgresql")


def new_database(backend: str, request: pytest.FixtureRequest, folder: Path) -> Iterator[str]:
    """URL of an empty database of that kind; a PostgreSQL one is dropped afterwards."""
    if backend == "sqlite":
        yield f"sqlite:///{folder / (uuid.uuid4().hex + '.db')}"
        return
    server: str = request.getfixturevalue("postgres_url")
    name = f"elearn_{uuid.uuid4().hex[:12]}"
    admin = create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield make_url(server).set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture(scope="session", params=DATABASES)
def engine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Engine]:
    """An engine with the schema made by the migrations, shared by a worker's tests."""
    for url in new_database(request.param, request, tmp_path_factory.mktemp("db")):
        made = db.make_engine(url)
        migrate.upgrade(made)
        yield made
        made.dispose()


@pytest.fixture(params=DATABASES)
def own_engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A database of this test's own: for threads, real commits, servers, command line."""
    for url in new_database(request.param, request, tmp_path):
        made = db.make_engine(url)
        migrate.upgrade(made)
        yield made
        made.dispose()


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    """One open connection; everything on it is rolled back after the test."""
    with engine.connect() as opened:
        outer = opened.begin()
        yield opened
        outer.rollback()


@pytest.fixture
def session(connection: Connection) -> Iterator[Session]:
    """A session of the test itself, seeing what the app committed and the other way round."""
    with db.new_session(connection, write=True) as made:
        yield made


def make_settings(folder: Path, **changes: object) -> Settings:
    """Settings for a test app."""
    values: dict[str, object] = {
        "database_url": "sqlite://",
        "secret_key": "test-secret-key-of-enough-length-0123456789",
        "instance_dir": folder,
        "content_dir": shipped("courses").parent,
        "bind": "127.0.0.1",
        "testing": True,
        **changes,
    }
    return Settings(**values)  # type: ignore[arg-type]  # built from a dict


class MachineClock:
    """This machine's clock, which tests move with time_machine; the product asks the database."""

    def now(self) -> datetime:
        return datetime.now(UTC)


@pytest.fixture
def app(connection: Connection, tmp_path: Path) -> Flask:
    """The product on the test's connection. CSRF protection is on, as in production."""
    made = create_app(make_settings(tmp_path), engine=connection)
    made.extensions["elearn_clock"] = MachineClock()
    return made


class Browser(FlaskClient):
    """A client that sends the CSRF token of its session with every post, like the pages do."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        headers = dict(kwargs.get("headers") or {})
        if kwargs.get("method") not in {None, "GET", "HEAD"} and "X-CSRFToken" not in headers:
            headers["X-CSRFToken"] = self.csrf_token()
        return super().open(*args, **{**kwargs, "headers": headers})

    def csrf_token(self) -> str:
        """A token valid for this browser's session."""
        from flask_wtf.csrf import generate_csrf  # noqa: PLC0415  # needs the app's context

        with self.application.test_request_context(), self.session_transaction() as cookie:
            from flask import g, session  # noqa: PLC0415

            session.update(cookie)
            token = generate_csrf()
            cookie["csrf_token"] = session["csrf_token"]
            g.pop("csrf_token", None)
        return token

    def sign_in(self, person: Person, work: Session, *, now: datetime | None = None) -> "Browser":
        """Be `person` from now on, without going through the password."""
        token = open_login_session(work, person, now=now or datetime.now(UTC))
        with self.session_transaction() as cookie:
            cookie.clear()
            cookie["token"] = token
            cookie.permanent = True
        return self


@pytest.fixture
def browser(app: Flask) -> Callable[[], Browser]:
    """Makes browsers: `browser()` is a new one, signed out."""
    app.test_client_class = Browser
    return app.test_client  # type: ignore[return-value]  # the class set above


@pytest.fixture
def client(browser: Callable[[], Browser]) -> Browser:
    """One browser."""
    return browser()


@pytest.fixture(autouse=True)
def _nothing_remembered() -> None:
    """A process remembers what a hash names; a test that tampers with it must not teach others."""
    for known in (
        _shapes,
        _bodies,
        _keys,
        _papers,
        _by_hash,
        _by_attempt,
        _forms,
        _plans,
        _last,
        _stocks,
    ):
        known.clear()


@pytest.fixture(autouse=True)
def _no_surprises_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings of the machine must not leak into tests."""
    for name in list(os.environ):
        if name.startswith("ELEARN_") and not name.startswith("ELEARN_TEST_"):
            monkeypatch.delenv(name)
