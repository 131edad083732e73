"""Reading attempts: always through their owner; answers are derived from the event log."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Integer,
    ScalarSelect,
    Select,
    and_,
    bindparam,
    exists,
    func,
    or_,
    select,
    true,
)
from sqlalchemy.orm import Session, aliased, defer, joinedload

from elearn.core.assembly.paper import Paper, paper_from_canonical
from elearn.core.canonical import content_hash, is_stored_as
from elearn.core.errors import NotFound
from elearn.core.grading.answers import Answer, is_empty
from elearn.core.grading.grade import Place
from elearn.exams.grades.policy import GRACE
from elearn.exams.timing.clock import window_time
from elearn.models import (
    AnswerDecision,
    AnswerEvent,
    Attempt,
    AttemptState,
    BlueprintRevision,
    CreditRuleChoice,
    EventStatus,
    Exam,
    KeyCorrection,
    Mark,
    Person,
)
from elearn.records.queries import of_one_exam

from .protocol import Current

PAPERS_KEPT: Final = 1000
_papers: dict[str, Paper] = {}
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
    def next_try_at(self) -> datetime | None:
        """When the cooldown of the last try is over; None without one."""
        return next_try_at(self.exam, self.attempts)

    @property
    def left(self) -> int:
        """Attempts not used yet."""
        if used_up(self.exam, self.attempts):
            return 0
        return self.exam.attempts_max - len(self.attempts)


def standing(exam: Exam, attempts: Sequence[Attempt], now: datetime) -> Standing:
    """Decided by the server's clock alone; while the whole exam is paused that clock stands.

    Whose attempt was annulled sits this exam no more: only a make-up gives another attempt."""
    now = window_time(exam, now)
    if any(attempt.state == AttemptState.IN_PROGRESS for attempt in attempts):
        return Standing.IN_PROGRESS
    if exam.cancelled_at is not None:
        return Standing.CANCELLED
    if now < exam.opens_at:
        return Standing.NOT_OPEN
    if now >= exam.closes_at:
        return Standing.CLOSED
    return Standing.USED_UP if used_up(exam, attempts) else Standing.OPEN


def used_up(exam: Exam, attempts: Sequence[Attempt]) -> bool:
    """No more tries: all were taken, or one was annulled."""
    annulled = any(attempt.voided_at is not None for attempt in attempts)
    return annulled or len(attempts) >= exam.attempts_max


def next_try_at(exam: Exam, attempts: Sequence[Attempt]) -> datetime | None:
    """The exam's days after the last hand-in."""
    handed_in = [attempt.submitted_at for attempt in attempts if attempt.submitted_at]
    if not exam.cooldown_days or not handed_in:
        return None
    return max(handed_in) + timedelta(days=exam.cooldown_days)


def situations(
    session: Session, *, exams: Sequence[Exam], person: Person, now: datetime
) -> list[Situation]:
    """Each exam with this person's attempts, in one statement."""
    mine: dict[int, list[Attempt]] = {}
    rows = session.scalars(
        select(Attempt)
        .where(
            Attempt.person_id == person.id,
            Attempt.exam_id.in_([exam.id for exam in exams]),
            Attempt.refiled_at.is_(None),
        )
        .order_by(Attempt.no)
    )
    for attempt in rows:
        mine.setdefault(attempt.exam_id, []).append(attempt)
    return [
        Situation(exam, standing(exam, mine.get(exam.id, ()), now), tuple(mine.get(exam.id, ())))
        for exam in exams
    ]


# Statements of the exam itself are built once: building one costs more than the database's part.
_OWN: Final = (
    select(Attempt)
    .where(
        Attempt.public_id == bindparam("public_id"),
        Attempt.person_id == bindparam("person_id"),
        # A sheet that was somebody else's, or stands elsewhere now.
        Attempt.refiled_at.is_(None),
    )
    .options(
        joinedload(Attempt.exam, innerjoin=True)
        .joinedload(Exam.blueprint_revision, innerjoin=True)
        .joinedload(BlueprintRevision.blueprint, innerjoin=True)
    )
)


def own_attempt(session: Session, *, public_id: str, person: Person) -> Attempt:
    """The attempt with its exam, if it is this person's. Raises NotFound."""
    attempt = session.scalar(_OWN, {"public_id": public_id, "person_id": person.id})
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


def attempts_at(session: Session, *, exam_id: int, person_id: int) -> list[Attempt]:
    """Every attempt of the person at the exam, oldest first, without the papers."""
    query = (
        select(Attempt)
        .where(
            Attempt.exam_id == exam_id,
            Attempt.person_id == person_id,
            Attempt.refiled_at.is_(None),
        )
        .options(defer(Attempt.paper))
        .order_by(Attempt.no)
    )
    return list(session.scalars(query))


def due_query(now: datetime) -> Select[int]:
    """Ids of attempts that time has something to do with and nobody has done it yet: to be closed
    (deadline and grace are over) or settled (no late answer may count any more). A paused attempt
    is never due: its clock stands."""
    return select(Attempt.id).where(
        or_(
            and_(
                Attempt.state == AttemptState.IN_PROGRESS,
                Attempt.deadline_at < now - GRACE,
                Attempt.paused_at.is_(None),
            ),
            Attempt.late_until < now,
        )
    )


def paper_of(attempt: Attempt) -> Paper:
    """The paper as stored. Raises ValueError when it is not what its hash says.

    A paper never changes: the last ones are remembered under their hash.
    """
    paper = _papers.get(attempt.paper_hash)
    if paper is None:
        if not is_stored_as(attempt.paper, attempt.paper_hash):
            msg = f"the paper of attempt {attempt.public_id} is not the one that was drawn"
            raise ValueError(msg)
        paper = paper_from_canonical(attempt.paper)
        if len(_papers) >= PAPERS_KEPT:
            _papers.clear()
        _papers[attempt.paper_hash] = paper
    return paper


@dataclass(frozen=True, slots=True)
class Extent:
    """How far an attempt's log went: its last event (`seq`), decision on a late answer and mark
    (ids; 0 for none). Every grade names it: times do not say which came first once a clock was set
    back."""

    seq: int
    decision: int
    mark: int


def extent_of(session: Session, attempt_id: int) -> Extent:
    """As it is now; the caller holds the attempt."""
    row = session.execute(_EXTENT, {"of_attempt": attempt_id}).one()
    return Extent(*(number or 0 for number in row))


def counting(*, as_of: datetime | None = None, extent: Extent | None = None) -> ColumnElement[bool]:
    """Events that count: in time, late inside the window, or accepted by an examiner (`as_of`,
    `extent`: by then)."""
    accepted = select(AnswerDecision.answer_event_id).where(AnswerDecision.accepted)
    if as_of is not None:
        accepted = accepted.where(AnswerDecision.decided_at <= as_of)
    if extent is not None:
        accepted = accepted.where(AnswerDecision.id <= extent.decision)
    return or_(
        AnswerEvent.status.in_((EventStatus.COUNTED, EventStatus.LATE)),
        and_(AnswerEvent.status == EventStatus.HELD, AnswerEvent.id.in_(accepted)),
    )


def current_answers(
    session: Session,
    attempt_id: int,
    *,
    up_to: int | None = None,
    as_of: datetime | None = None,
    extent: Extent | None = None,
) -> dict[Place, Answer]:
    """The last counting answer to each part (as of event `up_to`, of a moment, or of what a grade
    knew); taken-back ones are left out."""
    standing = standing_answers(session, attempt_id, up_to=up_to, as_of=as_of, extent=extent)
    return {
        place: current.answer for place, current in standing.items() if not is_empty(current.answer)
    }


def standing_answers(
    session: Session,
    attempt_id: int,
    *,
    up_to: int | None = None,
    as_of: datetime | None = None,
    extent: Extent | None = None,
) -> dict[Place, Current]:
    """The last counting event of each part, taken-back answers too."""
    if up_to is None and as_of is None and extent is None:
        rows = session.execute(_STANDING, {"of_attempt": attempt_id})
    else:
        query = _standing(up_to=up_to, as_of=as_of, extent=extent)
        rows = session.execute(query, {"of_attempt": attempt_id})
    return {
        (item, part): Current(seq, device, number, value["answer"])
        for item, part, seq, device, number, value in rows
    }


def _standing(
    *,
    up_to: int | None = None,
    as_of: datetime | None = None,
    extent: Extent | None = None,
) -> Select[int, int, int, str, int, dict[str, Any]]:
    attempt_id = bindparam("of_attempt", type_=Integer())
    newest = select(func.max(AnswerEvent.seq)).where(
        AnswerEvent.attempt_id == attempt_id, counting(as_of=as_of, extent=extent)
    )
    if extent is not None:
        newest = newest.where(AnswerEvent.seq <= extent.seq)
    if as_of is not None:
        newest = newest.where(AnswerEvent.received_at <= as_of)
    if up_to is not None:
        newest = newest.where(AnswerEvent.seq <= up_to)
    return select(
        AnswerEvent.item_no,
        AnswerEvent.part_no,
        AnswerEvent.seq,
        AnswerEvent.device,
        AnswerEvent.device_no,
        AnswerEvent.value,
    ).where(
        AnswerEvent.attempt_id == attempt_id,
        AnswerEvent.seq.in_(newest.group_by(AnswerEvent.item_no, AnswerEvent.part_no)),
    )


_STANDING: Final = _standing()


def _last_event() -> ScalarSelect[int | None]:
    of_attempt = AnswerEvent.attempt_id == bindparam("of_attempt", type_=Integer())
    return select(func.max(AnswerEvent.seq)).where(of_attempt).scalar_subquery()


def _last_decision() -> ScalarSelect[int | None]:
    return (
        select(func.max(AnswerDecision.id))
        .join(AnswerEvent, AnswerEvent.id == AnswerDecision.answer_event_id)
        .where(AnswerEvent.attempt_id == bindparam("of_attempt", type_=Integer()))
        .scalar_subquery()
    )


_LAST_MARK: Final = (
    select(func.max(Mark.id))
    .where(Mark.attempt_id == bindparam("of_attempt", type_=Integer()))
    .scalar_subquery()
)
_EXTENT: Final = select(_last_event(), _last_decision(), _LAST_MARK)


@dataclass(frozen=True, slots=True)
class End:
    """An attempt as this very transaction closed it, in one statement.

    `only_attempt`: the person has no other at this exam or its make-ups - and gets none before we
    are done: nobody starts one, or enters one from paper, while this one is still seen as running.
    `keys_as_published`: no correction of a key can concern it. `default_credit`: no unit has chosen
    a credit rule of its own.
    """

    answers: dict[Place, Answer]
    extent: Extent
    only_attempt: bool
    keys_as_published: bool
    default_credit: bool


def answers_at_end(session: Session, attempt: Attempt) -> End:
    """`current_answers`, and what else a first grade has to know."""
    rows = session.execute(
        _AT_END,
        {"of_attempt": attempt.id, "of_exam": attempt.exam_id, "of_person": attempt.person_id},
    ).all()
    answers = {
        (item, part): value["answer"]
        for *_, item, part, _, _, _, value in rows
        if item is not None and not is_empty(value["answer"])
    }
    others, corrections, choices, event, decision = rows[0][:5]
    return End(
        answers,
        Extent(event or 0, decision or 0, 0),
        only_attempt=not others,
        keys_as_published=not corrections,
        default_credit=not choices,
    )


def _at_end() -> Select[Any]:
    """One row at least, whatever was answered."""
    standing = _standing().subquery()
    other, here = aliased(Attempt), aliased(Attempt)
    others = exists().where(
        of_one_exam(other.exam_id, bindparam("of_exam", type_=Integer())),
        other.person_id == bindparam("of_person"),
        other.id != bindparam("of_attempt"),
    )
    corrections = exists().where(
        KeyCorrection.no.is_not(None),
        or_(KeyCorrection.exam_id.is_(None), KeyCorrection.exam_id == bindparam("of_exam")),
    )
    return (
        select(
            others,
            corrections,
            exists().where(CreditRuleChoice.id > 0),
            _last_event(),
            _last_decision(),
            standing,
        )
        .select_from(here)
        .outerjoin(standing, true())
        .where(here.id == bindparam("of_attempt"))
    )


_AT_END: Final = _at_end()


def has_late_answers(session: Session, attempt: Attempt) -> bool:
    """Did answers come in the late window? Whether before or after a grade is not asked: a clock
    that was set back would leave some out."""
    late = select(AnswerEvent.id).where(
        AnswerEvent.attempt_id == attempt.id,
        AnswerEvent.status == EventStatus.LATE,
    )
    return session.scalar(late.limit(1)) is not None


def current_answers_of(
    session: Session, attempt_ids: Sequence[int]
) -> dict[int, dict[Place, Answer]]:
    """`current_answers` of many attempts in one statement, for statistics."""
    newest = (
        select(AnswerEvent.attempt_id, func.max(AnswerEvent.seq).label("seq"))
        .where(AnswerEvent.attempt_id.in_(attempt_ids), counting())
        .group_by(AnswerEvent.attempt_id, AnswerEvent.item_no, AnswerEvent.part_no)
        .subquery()
    )
    rows = session.execute(
        select(
            AnswerEvent.attempt_id, AnswerEvent.item_no, AnswerEvent.part_no, AnswerEvent.value
        ).join(
            newest,
            and_(AnswerEvent.attempt_id == newest.c.attempt_id, AnswerEvent.seq == newest.c.seq),
        )
    )
    answers: dict[int, dict[Place, Answer]] = {attempt_id: {} for attempt_id in attempt_ids}
    for attempt_id, item, part, value in rows:
        if not is_empty(value["answer"]):
            answers[attempt_id][item, part] = value["answer"]
    return answers


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
