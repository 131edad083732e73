"""Reading exams for statistics: in scope, closed, and what has been computed already."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, ScalarSelect, Select, and_, exists, false, func, or_, select
from sqlalchemy.orm import Session, aliased, contains_eager, joinedload

from elearn.core.access import Actor, Permission
from elearn.core.errors import NotFound
from elearn.exams.grades.policy import GRACE
from elearn.exams.timing.clock import ends_at
from elearn.models import (
    AnswerEvent,
    Attempt,
    AttemptState,
    Exam,
    ExamAnalysis,
    Grade,
    ItemAnalysis,
    OrgUnit,
)

CHUNK: Final = 250  # attempts read at a time
SORTS: Final = {
    "attention": (ItemAnalysis.attention.desc(), ItemAnalysis.code),
    "code": (ItemAnalysis.code,),
    "n": (ItemAnalysis.n.desc(), ItemAnalysis.code),
    "facility": (ItemAnalysis.facility, ItemAnalysis.code),
    "discrimination": (ItemAnalysis.discrimination.nulls_last(), ItemAnalysis.code),
    "time": (ItemAnalysis.median_s.desc().nulls_last(), ItemAnalysis.code),
}


@dataclass(frozen=True, slots=True)
class Counts:
    """Attempts of an exam: all, first ones graded finally, first ones waiting for a marker, still
    open or waiting for late answers; and the newest grade (0 without any)."""

    attempts: int
    final: int
    pending: int
    open: int
    last_grade_id: int


@dataclass(frozen=True, slots=True)
class GradedAttempt:
    """A first attempt with the grade that counts; `detail` is `core.grading.Grade.canonical()`."""

    id: int
    started_at: datetime
    score_centi: int
    full_centi: int
    passed: bool
    detail: dict[str, Any]


def in_scope(actor: Actor) -> ColumnElement[bool]:
    """A condition on the OrgUnit of an exam."""
    roots = actor.roots(Permission.VIEW_CONTENT)
    return or_(false(), *(OrgUnit.path.startswith(r, autoescape=True) for r in roots))


def analysed_exams_query(actor: Actor) -> Select[Exam]:
    """Exams inside the subtrees whose content the actor looks after, latest first."""
    return (
        select(Exam)
        .join(Exam.org_unit)
        .where(in_scope(actor))
        .options(contains_eager(Exam.org_unit), joinedload(Exam.blueprint_revision))
        .order_by(Exam.closes_at.desc(), Exam.id.desc())
    )


def get_analysed_exam(session: Session, *, public_id: str, actor: Actor) -> Exam:
    """The exam if it lies in the actor's scope. Raises NotFound."""
    exam = session.scalar(analysed_exams_query(actor).where(Exam.public_id == public_id))
    if exam is None:
        raise NotFound
    return exam


def exam_counts(session: Session, exam: Exam) -> Counts:
    """What there is to compute from."""
    mine = Attempt.exam_id == exam.id
    total = _count(session, mine)
    final = _count(session, and_(mine, Attempt.no == 1, _graded("FINAL")))
    submitted = _count(
        session, and_(mine, Attempt.no == 1, Attempt.state == AttemptState.SUBMITTED)
    )
    unsettled = or_(Attempt.state == AttemptState.IN_PROGRESS, Attempt.late_until.is_not(None))
    still_open = _count(session, and_(mine, unsettled))
    last = session.scalar(select(func.max(Grade.id)).join(Grade.attempt).where(mine))
    return Counts(total, final, submitted - final, still_open, last or 0)


def is_over(exam: Exam, counts: Counts, now: datetime) -> bool:
    """Nobody can sit it any more: statistics shown earlier would tell those still sitting."""
    return now > ends_at(exam) + GRACE and counts.open == 0


def find_analysis(session: Session, exam: Exam) -> ExamAnalysis | None:
    """What was computed last, fresh or not."""
    return session.get(ExamAnalysis, exam.id)


def items_query(
    exam: Exam, *, sort: str = "attention", flagged: bool = False
) -> Select[ItemAnalysis]:
    """Items of the exam in one of SORTS; `flagged`: only those something is said about."""
    query = select(ItemAnalysis).where(ItemAnalysis.exam_id == exam.id)
    if flagged:
        query = query.where(ItemAnalysis.attention > 0)
    return query.order_by(*SORTS.get(sort, SORTS["attention"]), ItemAnalysis.id)


def items_of_code(session: Session, *, exam: Exam, code: str) -> list[ItemAnalysis]:
    """One question in this exam, a row per revision that was asked. Raises NotFound."""
    query = items_query(exam, sort="n").where(ItemAnalysis.code == code)
    rows = list(session.scalars(query))
    if not rows:
        raise NotFound
    return rows


def graded_attempts(session: Session, exam: Exam) -> Iterator[list[GradedAttempt]]:
    """First attempts with a final grade, in pieces of CHUNK."""
    after = 0
    while True:
        rows = session.execute(
            select(
                Attempt.id,
                Attempt.started_at,
                Grade.score_centi,
                Grade.full_centi,
                Grade.passed,
                Grade.detail,
            )
            .join(Grade, and_(Grade.attempt_id == Attempt.id, Grade.no == _newest()))
            .where(
                Attempt.exam_id == exam.id,
                Attempt.no == 1,
                Attempt.voided_at.is_(None),
                Attempt.id > after,
                Grade.state == "FINAL",
            )
            .order_by(Attempt.id)
            .limit(CHUNK)
        ).all()
        if not rows:
            return
        after = rows[-1].id
        yield [
            GradedAttempt(
                row.id,
                row.started_at,
                row.score_centi,
                row.full_centi,
                bool(row.passed),
                row.detail,
            )
            for row in rows
        ]


def item_seconds(
    session: Session, attempts: Sequence[GradedAttempt]
) -> dict[int, dict[int, float]]:
    """Attempt -> item number -> seconds spent on it, as far as the log tells.

    A delivery that touches one item gives it the time since the delivery before (or the start).
    Where several items came in one delivery - a page without scripts, a phone back from a dead
    network - the time of none of them is known, and they get none.
    """
    started = {attempt.id: attempt.started_at for attempt in attempts}
    rows = session.execute(
        select(AnswerEvent.attempt_id, AnswerEvent.item_no, AnswerEvent.received_at)
        .where(AnswerEvent.attempt_id.in_(started))
        .order_by(AnswerEvent.attempt_id, AnswerEvent.seq)
    )
    deliveries: dict[int, dict[datetime, set[int]]] = {}
    for attempt_id, item, at in rows:
        deliveries.setdefault(attempt_id, {}).setdefault(at, set()).add(item)
    return {attempt_id: _seconds(started[attempt_id], at) for attempt_id, at in deliveries.items()}


def other_exposures(session: Session, exam: Exam) -> dict[str, int]:
    """Revision hash -> papers that held it, of the attempts `graded_attempts` leaves out."""
    counts: dict[str, int] = {}
    query = select(Attempt.paper).where(
        Attempt.exam_id == exam.id, ~and_(Attempt.no == 1, _graded("FINAL"))
    )
    for paper in session.scalars(query.execution_options(yield_per=CHUNK)):
        for section in paper["sections"]:
            for item in section["items"]:
                digest = item["revision_hash"]
                counts[digest] = counts.get(digest, 0) + 1
    return counts


def earlier_items(
    session: Session, exam: Exam, hashes: Iterable[str]
) -> dict[str, list[ItemAnalysis]]:
    """Revision hash -> the same revision in exams that closed before this one."""
    found: dict[str, list[ItemAnalysis]] = {}
    wanted = sorted(hashes)
    for at in range(0, len(wanted), 500):
        rows = session.scalars(
            select(ItemAnalysis)
            .join(ItemAnalysis.exam)
            .where(
                ItemAnalysis.revision_hash.in_(wanted[at : at + 500]),
                ItemAnalysis.exam_id != exam.id,
                Exam.closes_at < exam.closes_at,
            )
            .order_by(Exam.closes_at)
        )
        for row in rows:
            found.setdefault(row.revision_hash, []).append(row)
    return found


def _newest() -> ScalarSelect[int]:
    """Number of the grade that counts, of the attempt of the outer query."""
    every = aliased(Grade)
    query = select(func.max(every.no)).where(every.attempt_id == Attempt.id)
    return query.correlate(Attempt).scalar_subquery()


def _graded(state: str) -> ColumnElement[bool]:
    return exists().where(
        Grade.attempt_id == Attempt.id, Grade.no == _newest(), Grade.state == state
    )


def _count(session: Session, condition: ColumnElement[bool]) -> int:
    return session.scalar(select(func.count()).select_from(Attempt).where(condition)) or 0


def _seconds(start: datetime, deliveries: dict[datetime, set[int]]) -> dict[int, float]:
    spent: dict[int, float] = {}
    unknown: set[int] = set()
    last = start
    for at, items in deliveries.items():
        if len(items) == 1:
            item = next(iter(items))
            spent[item] = spent.get(item, 0.0) + max(0.0, (at - last).total_seconds())
        else:
            unknown |= items
        last = at
    return {item: seconds for item, seconds in spent.items() if item not in unknown}
