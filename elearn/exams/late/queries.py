"""Held answers of an exam: what came, what stands, what was decided."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Select, case, func, select
from sqlalchemy.orm import Session, contains_eager

from elearn.core.errors import DomainError, NotFound
from elearn.core.grading.answers import CHOICES, Answer, is_empty, shown_options
from elearn.core.grading.grade import Place
from elearn.exams.attempts.queries import standing_answers
from elearn.exams.attempts.shapes import Slot, shape_of
from elearn.exams.attempts.sheet import LETTERS
from elearn.models import (
    AnswerDecision,
    AnswerEvent,
    Attempt,
    EventStatus,
    Exam,
    Person,
)


@dataclass(frozen=True, slots=True)
class HeldAnswer:
    """One event in words. `claimed`: exam time left at the change as the device says, or None."""

    event: AnswerEvent
    answer: str
    standing: str
    claimed: timedelta | None
    decision: AnswerDecision | None


def held_attempts_query(exam: Exam) -> Select[Attempt]:
    """Attempts with held answers, those to be decided first."""
    event, decision = AnswerEvent, AnswerDecision
    held = (
        select(
            event.attempt_id,
            func.max(event.received_at).label("last"),
            func.sum(case((decision.id.is_(None), 1), else_=0)).label("open"),
        )
        .outerjoin(decision, decision.answer_event_id == event.id)
        .join(Attempt, Attempt.id == event.attempt_id)
        .where(event.status == EventStatus.HELD, Attempt.exam_id == exam.id)
        .group_by(event.attempt_id)
        .subquery()
    )
    return (
        select(Attempt)
        .join(held, held.c.attempt_id == Attempt.id)
        .join(Attempt.person)
        .join(Person.org_unit)
        .options(contains_eager(Attempt.person).contains_eager(Person.org_unit))
        .order_by(case((held.c.open > 0, 0), else_=1), held.c.last, Attempt.id)
    )


def held_answers(session: Session, attempts: Sequence[Attempt]) -> dict[int, list[HeldAnswer]]:
    """Attempt id -> its held answers, oldest first."""
    by_id = {attempt.id: attempt for attempt in attempts}
    rows = session.execute(
        select(AnswerEvent, AnswerDecision)
        .outerjoin(AnswerDecision, AnswerDecision.answer_event_id == AnswerEvent.id)
        .where(AnswerEvent.attempt_id.in_(by_id), AnswerEvent.status == EventStatus.HELD)
        .order_by(AnswerEvent.attempt_id, AnswerEvent.seq)
    ).all()
    standing = {
        attempt_id: standing_answers(session, attempt_id)
        for attempt_id in {event.attempt_id for event, _ in rows}
    }
    found: dict[int, list[HeldAnswer]] = {}
    for event, decision in rows:
        slots = shape_of(by_id[event.attempt_id]).slots
        place: Place = (event.item_no, event.part_no)
        now = standing[event.attempt_id].get(place)
        claimed = None if event.made_ms is None else timedelta(milliseconds=event.made_ms)
        found.setdefault(event.attempt_id, []).append(
            HeldAnswer(
                event,
                _words(slots[place], event.value["answer"]),
                _words(slots[place], now.answer) if now else "未答",
                claimed,
                decision,
            )
        )
    return found


def get_held(
    session: Session, *, exam: Exam, public_id: str, event_ids: Iterable[str]
) -> tuple[Attempt, list[AnswerEvent]]:
    """The attempt of this exam and those of its held events. Raises NotFound for any other, and
    DomainError when none is named."""
    attempt = session.scalar(
        select(Attempt).where(Attempt.public_id == public_id, Attempt.exam_id == exam.id)
    )
    wanted = set(event_ids)
    if not wanted:
        raise DomainError("请先选定要裁定的答案。", code="E-REASON")
    if attempt is None:
        raise NotFound
    events = session.scalars(
        select(AnswerEvent).where(
            AnswerEvent.attempt_id == attempt.id,
            AnswerEvent.event_id.in_(wanted),
            AnswerEvent.status == EventStatus.HELD,
        )
    ).all()
    if len(events) != len(wanted):
        raise NotFound
    return attempt, list(events)


def undecided(session: Session, exam: Exam) -> int:
    """How many held answers wait for a decision."""
    query = (
        select(func.count())
        .select_from(AnswerEvent)
        .join(Attempt, Attempt.id == AnswerEvent.attempt_id)
        .outerjoin(AnswerDecision, AnswerDecision.answer_event_id == AnswerEvent.id)
        .where(
            Attempt.exam_id == exam.id,
            AnswerEvent.status == EventStatus.HELD,
            AnswerDecision.id.is_(None),
        )
    )
    return session.scalar(query) or 0


def _words(slot: Slot, answer: Answer) -> str:
    """As the candidate saw it: letters in screen order, or the text."""
    if is_empty(answer):
        return "未答"
    if slot.part.type in CHOICES:
        shown = shown_options(slot.part, [int(option) for option in answer])
        return "".join(LETTERS[position] for position in shown)
    return answer if isinstance(answer, str) else "；".join(str(text) for text in answer)
