"""What comes after an exam: a small exam handed in by some people, and people who act on it."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from elearn.core.access import Role
from elearn.core.assembly.model import Section
from elearn.core.questions.model import Question, QuestionType
from elearn.exams.attempts.services import save_answers, submit_attempt
from elearn.exams.corrections.regrading import apply_some, preview_some, work_waiting
from elearn.models import (
    Attempt,
    CorrectionState,
    Exam,
    Grade,
    KeyCorrection,
    OrgUnit,
    Person,
    QuestionRevision,
)
from tests.factories import NOW, make_person, make_unit
from tests.factories_exams import (
    event,
    make_attempt,
    make_bank,
    make_exam,
    make_question,
    make_revision,
    make_spec,
)

T = QuestionType
_counter = itertools.count(1)
LATER = NOW + timedelta(days=2)


@dataclass
class Sat:
    """An exam of one single choice (2), one multiple choice (4), one true/false (2), one blank (2):
    full marks 10, passed with 8. `exam` is closed at LATER."""

    session: Session
    root: OrgUnit
    bank: list[Question]
    exam: Exam
    trainer: Person
    examiner: Person
    attempts: list[Attempt] = field(default_factory=list)

    def revision(self, kind: QuestionType) -> QuestionRevision:
        """The one question of that type."""
        digest = next(q.revision_hash for q in self.bank if q.type is kind)
        return self.session.scalars(
            select(QuestionRevision).where(QuestionRevision.hash == digest)
        ).one()

    def number(self, attempt: Attempt, kind: QuestionType) -> int:
        """Where it stands on the paper."""
        digest = self.revision(kind).hash
        return next(
            item["number"]
            for section in attempt.paper["sections"]
            for item in section["items"]
            if item["revision_hash"] == digest
        )

    def sit(
        self,
        answers: dict[QuestionType, Any],
        *,
        person: Person | None = None,
        exam: Exam | None = None,
        now: datetime = NOW,
    ) -> Attempt:
        """Hand in a paper. Choices are given as *original* options."""
        person = person or make_person(self.session, make_unit(self.session, self.root))
        attempt = make_attempt(self.session, exam or self.exam, person, now=now)
        events = []
        for kind, value in answers.items():
            number = self.number(attempt, kind)
            part = next(
                item["parts"][0]
                for section in attempt.paper["sections"]
                for item in section["items"]
                if item["number"] == number
            )
            order = part["option_order"]
            shown = sorted(order.index(option) for option in value) if order else value
            events.append(event(number, 0, shown))
        if events:
            save_answers(self.session, attempt=attempt, events=events, now=now)
        submit_attempt(self.session, attempt=attempt, now=now)
        self.attempts.append(attempt)
        return attempt

    def grades(self, attempt: Attempt) -> list[Grade]:
        """Every grade of the attempt, oldest first."""
        query = select(Grade).where(Grade.attempt_id == attempt.id).order_by(Grade.no)
        return list(self.session.scalars(query))

    def score(self, attempt: Attempt) -> int:
        """What counts."""
        return self.grades(attempt)[-1].score_centi


def make_sat(session: Session, **values: Any) -> Sat:
    """The situation, without attempts."""
    kinds = (T.SINGLE, T.MULTI, T.TRUE_FALSE, T.BLANK)
    tag = f"sat{next(_counter)}"  # only these questions, whatever else is in the bank
    bank = make_bank(session, [make_question(kind, tags=(tag,)) for kind in kinds])
    sections = tuple(
        Section(kind.value, kind, 1, 400 if kind is T.MULTI else 200, tags_any=(tag,))
        for kind in kinds
    )
    spec = make_spec(*sections, pass_centi=800, **values)
    root = make_unit(session)
    trainer = make_person(session, root, Role.TRAINER)
    examiner = make_person(session, root, Role.EXAMINER)
    exam = make_exam(session, root, by=examiner, revision=make_revision(session, spec))
    return Sat(session, root, bank, exam, trainer, examiner)


def right(sat: Sat, *kinds: QuestionType) -> dict[QuestionType, Any]:
    """Right answers to these types."""
    by_kind = {question.type: question.parts[0] for question in sat.bank}
    return {
        kind: (
            [accepted[0] for accepted in by_kind[kind].blanks]
            if kind is T.BLANK
            else list(by_kind[kind].key)
        )
        for kind in kinds
    }


def work_off(session: Session, *, now: datetime = LATER, batch: int = 2) -> int:
    """What the worker does, on the test's own connection; returns the batches it took."""
    for number in range(1000):
        waiting: KeyCorrection | None = session.scalar(work_waiting().limit(1))
        if waiting is None:
            return number
        if waiting.state == CorrectionState.PROPOSED:
            preview_some(session, correction=waiting, limit=batch)
        else:
            apply_some(session, correction=waiting, now=now, limit=batch)
    raise AssertionError("the work never ends")


def people_of(attempts: Sequence[Attempt]) -> list[int]:
    """Person ids."""
    return [attempt.person_id for attempt in attempts]
