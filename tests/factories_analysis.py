"""Exams that are over, with many papers whose answers follow a rule."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import insert
from sqlalchemy.orm import Session

from elearn.core.assembly.model import Section
from elearn.core.questions.model import Question, QuestionType
from elearn.exams.attempts.queries import paper_of
from elearn.exams.attempts.services import start_attempt, submit_attempt
from elearn.models import AnswerEvent, Attempt, Exam, OrgUnit, Person
from tests.factories import NOW, make_person
from tests.factories_exams import (
    make_bank,
    make_exam,
    make_question,
    make_revision,
    make_spec,
)

T = QuestionType

# (person's number from 0, question's number from 0) -> the option chosen (original index), or None.
Rule = Callable[[int, int], int | None]


def make_singles(session: Session, count: int = 12) -> list[Question]:
    """Single choices; the first option is right."""
    return make_bank(session, [make_question(T.SINGLE, difficulty=3) for _ in range(count)])


def singles_exam(
    session: Session,
    unit: OrgUnit,
    by: Person,
    *,
    each: int = 6,
    days_ago: int = 3,
    **values: object,
) -> Exam:
    """An exam of `each` single choices, over since `days_ago` days."""
    spec = make_spec(Section("单选题", T.SINGLE, each, 1000), pass_centi=each * 600)
    over = NOW - timedelta(days=days_ago)
    return make_exam(
        session,
        unit,
        by=by,
        revision=make_revision(session, spec),
        opens_at=over - timedelta(hours=6),
        closes_at=over,
        **values,
    )


def sit_exam(
    session: Session,
    exam: Exam,
    bank: Sequence[Question],
    people: int,
    rule: Rule,
    *,
    unit: OrgUnit | None = None,
    seconds: Callable[[int, int], int] = lambda _, __: 20,
) -> list[Person]:
    """`people` new people sit it; each answer is delivered alone, after `seconds`."""
    number_of = {question.revision_hash: at for at, question in enumerate(bank)}
    seated = []
    for number in range(people):
        person = make_person(session, unit or exam.org_unit)
        at = exam.opens_at + timedelta(minutes=1)
        attempt = start_attempt(session, exam=exam, person=person, now=at, seed=f"{number:032x}")
        events = []
        for item in paper_of(attempt).items:
            question = number_of[item.revision_hash]
            at += timedelta(seconds=seconds(number, question))
            choice = rule(number, question)
            if choice is not None:
                events.append(_event(attempt, len(events) + 1, item.number, choice, at))
        session.execute(insert(AnswerEvent), events)
        attempt.last_seq = attempt.answered = len(events)
        submit_attempt(session, attempt=attempt, now=at)
        seated.append(person)
    return seated


def _event(attempt: Attempt, seq: int, item: int, choice: int, at: datetime) -> dict[str, object]:
    """As saving writes it, without its checks: hundreds of papers in a second."""
    return {
        "attempt_id": attempt.id,
        "seq": seq,
        "event_id": f"made-{attempt.id}-{seq}",
        "item_no": item,
        "part_no": 0,
        "value": {"answer": [choice]},
        "received_at": at,
    }


def by_ability(people: int, items: int) -> Rule:
    """The stronger (later) a person, the more of the harder (later) questions are right; the wrong
    choice is option 1 or 2. A little noise keeps the pattern from being perfect."""

    def choose(person: int, item: int) -> int:
        noise = ((person * 7919 + item * 104729) % 11 - 5) / 12
        right = (person + 0.5) / people + noise > (item + 0.5) / items - 0.2
        return 0 if right else 1 + (person + item) % 2

    return choose
