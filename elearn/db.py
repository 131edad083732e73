"""Engine and sessions. The only place that knows one database from another.

Promises: SQLite runs in WAL with `synchronous=FULL` and foreign keys on; a transaction that will
write takes the write lock at its start (`BEGIN IMMEDIATE`), because upgrading a read transaction
fails at once with "database is locked"; evidence tables refuse UPDATE and DELETE.
"""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any, TypeVar

import msgspec
from flask import Flask, current_app, g, has_request_context, request
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
BUSY_TIMEOUT_MS = 10_000
IDLE_S = 5.0
F = TypeVar("F", bound=Callable[..., Any])


def make_engine(url: str, *, pool_size: int = 8) -> Engine:
    """An engine for `sqlite:///…` or `postgresql+psycopg://…`."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        engine = create_engine(
            parsed,
            pool_size=pool_size,
            json_serializer=readable_json,
            json_deserializer=msgspec.json.decode,
            connect_args={"timeout": 30},
        )
        event.listen(engine, "connect", _configure_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    engine = create_engine(
        parsed,
        pool_size=pool_size,
        max_overflow=2,
        json_serializer=readable_json,
        json_deserializer=msgspec.json.decode,
        connect_args={"options": "-c statement_timeout=60000 -c lock_timeout=15000"},
    )
    event.listen(engine, "checkin", _note_time)
    event.listen(engine, "checkout", _ping_if_idle)
    return engine


def _note_time(_: Any, record: ConnectionPoolEntry) -> None:
    record.info["rested_since"] = time.monotonic()


def _ping_if_idle(
    connection: DBAPIConnection, record: ConnectionPoolEntry, _: PoolProxiedConnection
) -> None:
    """A connection that rested is asked whether it lives; one in steady use is not: asking costs
    as much as a statement. Should it be dead all the same, the request fails once (503, or is
    tried again where that is safe) and the pool renews itself."""
    since = record.info.get("rested_since")
    if since is None or time.monotonic() - since < IDLE_S:
        return
    try:
        with closing(connection.cursor()) as cursor:
            cursor.execute("SELECT 1")
        connection.rollback()
    except Exception as dead:
        raise DisconnectionError from dead


def readable_json(value: Any) -> str:
    """JSON columns keep Chinese as it is: half the size, and a search in SQL can find it."""
    return msgspec.json.encode(value).decode()


def _configure_sqlite(connection: sqlite3.Connection, _: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # SQLAlchemy's begin event emits BEGIN itself
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    write = connection.get_execution_options().get("elearn_write", True)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def guard_append_only(connection: Connection, tables: tuple[str, ...]) -> None:
    """Create triggers that refuse UPDATE and DELETE on evidence tables (used by a migration)."""
    if connection.dialect.name == "sqlite":
        for table in tables:
            for verb in ("UPDATE", "DELETE"):
                connection.exec_driver_sql(
                    f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                    f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
                )
        return
    connection.execute(
        text(
            "CREATE OR REPLACE FUNCTION elearn_append_only() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
        )
    )
    for table in tables:
        connection.execute(
            text(
                f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
                "FOR EACH ROW EXECUTE FUNCTION elearn_append_only()"
            )
        )


def unguard_append_only(connection: Connection, tables: tuple[str, ...]) -> None:
    """Drop what `guard_append_only` made (downgrade)."""
    if connection.dialect.name == "sqlite":
        for table in tables:
            for verb in ("update", "delete"):
                connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {table}_no_{verb}")
        return
    for table in tables:
        connection.execute(text(f"DROP TRIGGER IF EXISTS {table}_append_only ON {table}"))
    connection.execute(text("DROP FUNCTION IF EXISTS elearn_append_only()"))


def init_app(app: Flask, engine: Engine | Connection) -> None:
    """Give `app` its engine; sessions are made on first use and closed with the request."""
    app.extensions["elearn_engine"] = engine
    app.teardown_appcontext(_close_session)


def get_engine() -> Engine | Connection:
    """The engine of the current app."""
    engine: Engine | Connection = current_app.extensions["elearn_engine"]
    return engine


def new_session(engine: Engine | Connection, *, write: bool) -> Session:
    """A session on `engine`; under tests the engine may be one open connection."""
    bind: Any = engine
    return Session(
        bind.execution_options(elearn_write=write) if isinstance(bind, Engine) else bind,
        expire_on_commit=False,
        join_transaction_mode="create_savepoint",
    )


def session() -> Session:
    """The session of this request. A GET reads unless its view is marked with `writes`."""
    if "db_session" not in g:
        g.db_session = new_session(get_engine(), write=will_write())
    current: Session = g.db_session
    return current


def writes(view: F) -> F:
    """Mark a GET view that records evidence, so that its transaction starts as a writer."""
    view.elearn_writes = True  # type: ignore[attr-defined]  # read by will_write
    return view


@contextmanager
def transaction(engine: Engine | Connection) -> Iterator[Session]:
    """One committed unit of work outside a request (command line, jobs)."""
    with new_session(engine, write=True) as work:
        try:
            yield work
            work.commit()
        except BaseException:
            work.rollback()
            raise


def will_write() -> bool:
    """Does this request write? Unsafe methods do, and GET views marked with `writes`."""
    if not has_request_context() or request.method not in SAFE_METHODS:
        return True
    view = current_app.view_functions.get(request.endpoint or "")
    return bool(getattr(view, "elearn_writes", False))


def _close_session(_: BaseException | None) -> None:
    work: Session | None = g.pop("db_session", None)
    if work is not None:
        work.close()
