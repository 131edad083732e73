"""Reading grades."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from elearn.core.grading.grade import GradeState
from elearn.exams.timing.clock import ends_at
from elearn.models import Attempt, Exam, Grade, Mark, ReviewPolicy

from .policy import Visible, visible


def last_grade(session: Session, attempt_id: int) -> Grade | None:
    """The grade that counts."""
    return session.scalar(
        select(Grade).where(Grade.attempt_id == attempt_id).order_by(Grade.no.desc()).limit(1)
    )


def last_grades(session: Session, attempt_ids: Iterable[int]) -> dict[int, Grade]:
    """Attempt id -> the grade that counts."""
    rows = session.scalars(
        select(Grade).where(Grade.attempt_id.in_(list(attempt_ids))).order_by(Grade.no)
    )
    return {grade.attempt_id: grade for grade in rows}


def visible_of(exam: Exam, attempt: Attempt, grade: Grade | None, now: datetime) -> Visible:
    """What the attempt's owner may see now. Keys wait for the last candidate, whoever has extra
    time or stands paused."""
    seen = visible(
        policy=exam.review_policy,
        closes_at=ends_at(exam),
        released_at=exam.results_released_at,
        attempt_state=attempt.state,
        grade_state=GradeState(grade.state) if grade else None,
        now=now,
        late_until=attempt.late_until,
    )
    if exam.open_pauses and exam.review_policy == ReviewPolicy.AFTER_CLOSE:
        return replace(seen, review=False, review_from=None)
    return seen


def marks_rows(session: Session, attempt_id: int) -> list[Mark]:
    """The marks that count: of each part the last one that is not merely on the way."""
    query = select(Mark).where(Mark.attempt_id == attempt_id, Mark.counts).order_by(Mark.id)
    return list({(m.item_no, m.part_no): m for m in session.scalars(query)}.values())


def final_grades(session: Session, attempt_id: int) -> list[Grade]:
    """Every final grade, oldest first: what was corrected, and why."""
    query = select(Grade).where(
        Grade.attempt_id == attempt_id, Grade.state == GradeState.FINAL.value
    )
    return list(session.scalars(query.order_by(Grade.no)))
