"""A whole situation: a bank, an open exam, its candidate, a stranger."""

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from elearn.core.access import Role
from elearn.core.questions.model import Question
from elearn.models import Attempt, Exam, Person
from tests.factories import make_person, make_unit
from tests.factories_exams import make_bank, make_exam


@dataclass
class Case:
    """What most tests of pages need."""

    bank: list[Question]
    exam: Exam
    person: Person
    stranger: Person
    examiner: Person
    marker: Person
    session: Session

    def attempt(self) -> Attempt:
        """The person's latest attempt, as it is now."""
        self.session.expire_all()
        query = select(Attempt).where(Attempt.person_id == self.person.id)
        return self.session.scalars(query.order_by(Attempt.no.desc()).limit(1)).one()


@pytest.fixture
def case(session: Session) -> Case:
    bank = make_bank(session)
    root = make_unit(session)
    unit = make_unit(session, root)
    examiner = make_person(session, root, Role.EXAMINER)
    exam = make_exam(session, root, by=examiner, now=datetime.now(UTC))
    made = Case(
        bank=bank,
        exam=exam,
        person=make_person(session, unit),
        stranger=make_person(session),
        examiner=examiner,
        marker=make_person(session, root, Role.MARKER),
        session=session,
    )
    session.commit()
    return made
