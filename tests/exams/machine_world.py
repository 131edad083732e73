"""What the machine of `test_machine.py` runs in: a database, the app on it, a clock it sets, and a
bank of its own for every course of events, so that a key corrected for all exams concerns no other.
"""

import itertools
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event, select, update
from sqlalchemy.orm import Session

from elearn import db
from elearn.app import create_app
from elearn.core.assembly.model import Section
from elearn.core.questions.model import QuestionStatus, QuestionType
from elearn.models import (
    AnswerDecision,
    AnswerEvent,
    Attempt,
    BankQuestion,
    Grade,
    TrainingRecord,
)
from elearn.records.queries import is_current
from tests.conftest import Browser, make_settings
from tests.exams.machine_model import PASS, POINTS
from tests.factories_exams import make_bank, make_question, make_revision, make_spec

ITEMS, STOCK = 4, 8


class SetClock:
    """The product's clock, set by the machine."""

    def __init__(self) -> None:
        self.at = datetime.now(UTC).replace(microsecond=0)

    def now(self) -> datetime:
        return self.at


class Dice:
    """What draws the seeds of papers: the same ones in every run of an example, or hypothesis could
    not repeat it."""

    def __init__(self) -> None:
        self.thrown = itertools.count(1)

    def token_hex(self, size: int) -> str:
        return f"{next(self.thrown) * 7919:0{2 * size}x}"


def unhurried(connection: Any, *_: Any) -> None:
    """Nobody cuts the power here (bench/drills does): twenty thousand commits need no disk."""
    connection.execute("PRAGMA synchronous=OFF")


class World:
    """A database, the app on it, one clock."""

    def __init__(self, engine: Engine, folder: Path):
        self.engine, self.clock = engine, SetClock()
        if engine.dialect.name == "sqlite":
            event.listen(engine, "checkout", unhurried)
        self.zero, self.dice, self.stocks = self.clock.at, Dice(), itertools.count(1)
        self.app = create_app(make_settings(folder), engine=engine)
        self.app.extensions["elearn_clock"] = self.clock
        self.app.test_client_class = Browser
        with db.transaction(engine) as work:
            self.stock(work)
            spec = make_spec(Section("单选题", QuestionType.SINGLE, ITEMS, POINTS), pass_centi=PASS)
            self.revision = make_revision(work, spec).id

    def stock(self, work: Session) -> None:
        """New questions in the bank, and no others."""
        work.execute(update(BankQuestion).values(status=QuestionStatus.RETIRED))
        number = next(self.stocks)
        codes = (f"M-{number:05d}-{at}" for at in range(STOCK))
        make_bank(work, [make_question(QuestionType.SINGLE, code=code) for code in codes])


class Kept:
    """What the tables hold about these attempts, read in four statements.

    `events`: attempt -> (id, status, seq, original options, accepted by an examiner?), in order;
    `grades`: attempt -> (score, passed), in order; `records`: person -> every record, and which of
    them are `current`.
    """

    def __init__(self, work: Session, attempts: Sequence[Attempt]):
        ids = [attempt.id for attempt in attempts]
        people = {attempt.person_id for attempt in attempts}
        self.events: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
        self.grades: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
        self.records: dict[int, list[TrainingRecord]] = defaultdict(list)
        e = AnswerEvent
        events = (
            select(e.attempt_id, e.event_id, e.status, e.seq, e.value, AnswerDecision.accepted)
            .outerjoin(AnswerDecision, AnswerDecision.answer_event_id == e.id)
            .where(e.attempt_id.in_(ids))
            .order_by(e.seq)
        )
        for attempt_id, event_id, status, seq, value, accepted in work.execute(events):
            said = (event_id, status, seq, value["answer"], accepted)
            self.events[attempt_id].append(said)
        grades = select(Grade.attempt_id, Grade.score_centi, Grade.passed)
        for attempt_id, score, passed in work.execute(
            grades.where(Grade.attempt_id.in_(ids)).order_by(Grade.no)
        ):
            self.grades[attempt_id].append((score, passed))
        records = select(TrainingRecord).where(TrainingRecord.person_id.in_(people))
        for record in work.scalars(records.order_by(TrainingRecord.id)):
            self.records[record.person_id].append(record)
        current = select(TrainingRecord.id).where(TrainingRecord.person_id.in_(people))
        self.current = set(work.scalars(current.where(is_current())))
