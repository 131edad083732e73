"""Reading attempts: always through their owner; answers are derived from the event log."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, joinedload

from elearn.core.assembly.paper import Paper, paper_from_canonical
from elearn.core.canonical import content_hash
from elearn.core.errors import NotFound
from elearn.core.grading.answers import Answer, is_empty
from elearn.core.grading.grade import Place
from elearn.exams.grades.policy import GRACE
from elearn.exams.timing.clock import window_time
from elearn.models import AnswerEvent, Attempt, AttemptState, Exam, Person

RECEIPT_ALPHABET: Final = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"


class Standing(StrEnum):
    """What a candidate can do with an exam now."""

    CANCELLED = "CANCELLED"
    IN_PROGRESS = "IN_PROGRESS"
    NOT_OPEN = "NOT_OPEN"
    CLOSED = "CLOSED"
    USED_UP = "USED_UP"
    OPEN = "OPEN"


@dataclass(frozen=True, slots=True)
class Situation:
    """An exam as one person sees it; `attempts` oldest first."""

    exam: Exam
    standing: Standing
    attempts: tuple[Attempt, ...]

    @property
    def running(self) -> Attempt | None:
        """The open attempt."""
        return next((a for a in self.attempts if a.state == AttemptState.IN_PROGRESS), None)

    @property
    def left(self) -> int:
        """Attempts not used yet."""
        return max(0, self.exam.attempts_max - len(self.attempts))


def standing(exam: Exam, attempts: Sequence[Attempt], now: datetime) -> Standing:
    """Decided by the server's clock alone; while the whole exam is paused that clock stands."""
    now = window_time(exam, now)
    if any(attempt.state == AttemptState.IN_PROGRESS for attempt in attempts):
        return Standing.IN_PROGRESS
    if exam.cancelled_at is not None:
        return Standing.CANCELLED
    if now < exam.opens_at:
        return Standing.NOT_OPEN
    if now >= exam.closes_at:
        return Standing.CLOSED
    return Standing.USED_UP if len(attempts) >= exam.attempts_max else Standing.OPEN


def situations(
    session: Session, *, exams: Sequence[Exam], person: Person, now: datetime
) -> list[Situation]:
    """Each exam with this person's attempts, in one statement."""
    mine: dict[int, list[Attempt]] = {}
    rows = session.scalars(
        select(Attempt)
        .where(Attempt.person_id == person.id, Attempt.exam_id.in_([exam.id for exam in exams]))
        .order_by(Attempt.no)
    )
    for attempt in rows:
        mine.setdefault(attempt.exam_id, []).append(attempt)
    return [
        Situation(exam, standing(exam, mine.get(exam.id, ()), now), tuple(mine.get(exam.id, ())))
        for exam in exams
    ]


def own_attempt(session: Session, *, public_id: str, person: Person) -> Attempt:
    """The attempt with its exam, if it is this person's. Raises NotFound."""
    attempt = session.scalar(
        select(Attempt)
        .where(Attempt.public_id == public_id, Attempt.person_id == person.id)
        .options(joinedload(Attempt.exam).joinedload(Exam.blueprint_revision))
    )
    if attempt is None:
        raise NotFound
    return attempt


def open_attempt(session: Session, *, exam_id: int, person_id: int) -> Attempt | None:
    """The one attempt in progress, if any."""
    return session.scalar(
        select(Attempt).where(
            Attempt.exam_id == exam_id,
            Attempt.person_id == person_id,
            Attempt.state == AttemptState.IN_PROGRESS,
        )
    )


def due_query(now: datetime) -> Select[int]:
    """Ids of attempts whose deadline and grace are over and that nobody has closed yet.
    A paused attempt is never due: its clock stands."""
    return select(Attempt.id).where(
        Attempt.state == AttemptState.IN_PROGRESS,
        Attempt.deadline_at < now - GRACE,
        Attempt.paused_at.is_(None),
    )


def paper_of(attempt: Attempt) -> Paper:
    """The paper as stored."""
    return paper_from_canonical(attempt.paper)


def current_answers(
    session: Session, attempt_id: int, *, up_to: int | None = None
) -> dict[Place, Answer]:
    """The last answer to each part (as of event `up_to`); taken-back answers are left out."""
    newest = select(func.max(AnswerEvent.seq)).where(AnswerEvent.attempt_id == attempt_id)
    if up_to is not None:
        newest = newest.where(AnswerEvent.seq <= up_to)
    rows = session.execute(
        select(AnswerEvent.item_no, AnswerEvent.part_no, AnswerEvent.value).where(
            AnswerEvent.attempt_id == attempt_id,
            AnswerEvent.seq.in_(newest.group_by(AnswerEvent.item_no, AnswerEvent.part_no)),
        )
    )
    return {
        (item, part): value["answer"] for item, part, value in rows if not is_empty(value["answer"])
    }


def answered_items(answers: dict[Place, Answer]) -> int:
    """Items with an answer to any part."""
    return len({item for item, _ in answers})


def answers_digest(attempt: Attempt, answers: dict[Place, Answer]) -> str:
    """What was handed in, as one hash: the receipt and the record name it."""
    return content_hash(
        {
            "attempt": attempt.public_id,
            "paper": attempt.paper_hash,
            "answers": [[item, part, answers[item, part]] for item, part in sorted(answers)],
        }
    )


def receipt_code(digest: str) -> str:
    """A short form people can read out: `7KQ2-M9XA-P4TD`."""
    number = int(digest[:15], 16)
    letters = []
    for _ in range(12):
        number, at = divmod(number, len(RECEIPT_ALPHABET))
        letters.append(RECEIPT_ALPHABET[at])
    text = "".join(letters)
    return f"{text[:4]}-{text[4:8]}-{text[8:]}"
