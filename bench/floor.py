"""The floor: a bare Flask route with one committed INSERT, measured in the same run."""

from typing import Final

from flask import Flask
from sqlalchemy import Column, Engine, Integer, MetaData, Table, Text, create_engine, insert
from werkzeug.test import EnvironBuilder

from bench.databases import Server
from bench.measure import Cost, Job, Meter, Tape, Unexpected
from bench.visitor import BASE_URL, Answer, ask
from elearn import db

COUNT: Final = 150
TABLE: Final = Table(
    "bench_floor", MetaData(), Column("id", Integer, primary_key=True), Column("body", Text)
)


class Floor:
    """What nothing that answers and keeps can be cheaper than, in this framework.

    Measured anew beside every operation: others use the machine too, and CPU time grows when
    they do.
    """

    def __init__(self, server: Server):
        url = server.new_database("floor")
        # SQLite as durable as the product has it; PostgreSQL without the product's pool options.
        self._engine = db.make_engine(url) if server.kind == "sqlite" else create_engine(url)
        TABLE.create(self._engine)
        tape = Tape()
        tape.listen(self._engine)
        self._app = bare_app(self._engine)
        self._meter = Meter(tape, server.backends)

    def measure(self) -> Cost:
        """Now."""
        return self._meter.measure([_job(self._app) for _ in range(COUNT)])

    def close(self) -> None:
        """Give the connection back."""
        self._engine.dispose()


def bare_app(engine: Engine) -> Flask:
    """No session, no template, no ORM."""
    app = Flask("floor")

    @app.post("/")
    def keep() -> str:
        with engine.begin() as connection:
            connection.execute(insert(TABLE).values(body="an answer"))
        return "kept"

    return app


def _job(app: Flask) -> Job:
    environ = EnvironBuilder("/", BASE_URL, method="POST").get_environ()

    def check(answer: Answer) -> None:
        if answer.body != b"kept":
            raise Unexpected(f"the bare route answered {answer.status}")

    return Job(lambda: ask(app, environ), check)
