"""What deferrals, exemptions and make-ups mean for a person, as conditions on `Person`.

Whoever sits the exam after all is counted as having sat it: an approval asks for nothing and
forbids nothing.
"""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, CompoundSelect, and_, exists, literal, select, union_all
from sqlalchemy.orm import aliased

from elearn.models import Attempt, ExamMakeup, ExamStanding, Grade, Person, StandingState


def excused(exam_id: int) -> ColumnElement[bool]:
    """Deferred or exempted, and has not sat it: not expected, not absent."""
    approved = exists().where(
        ExamStanding.exam_id == exam_id,
        ExamStanding.person_id == Person.id,
        ExamStanding.state == StandingState.APPROVED,
    )
    sat = exists().where(
        Attempt.exam_id == exam_id,
        Attempt.person_id == Person.id,
        Attempt.refiled_at.is_(None),
    )
    return and_(approved, ~sat)


def passed_makeup(exam_id: int) -> ColumnElement[bool]:
    """Passed a make-up of this exam, by the last grade."""
    later, sitting = aliased(Grade), aliased(Attempt)
    return exists().where(
        ExamMakeup.main_exam_id == exam_id,
        sitting.exam_id == ExamMakeup.exam_id,
        sitting.person_id == Person.id,
        Grade.attempt_id == sitting.id,
        Grade.passed.is_(True),
        ~exists().where(later.attempt_id == Grade.attempt_id, later.no > Grade.no),
    )


def changed_duties(ids: Sequence[int], exam_ids: Sequence[int]) -> CompoundSelect[int, int, bool]:
    """(person, exam, passed) of these people: the same two conditions for people already read.
    `passed` False: excused; True: passed a make-up."""
    later = aliased(Grade)
    sat = exists().where(
        Attempt.exam_id == ExamStanding.exam_id,
        Attempt.person_id == ExamStanding.person_id,
        Attempt.refiled_at.is_(None),
    )
    away = select(ExamStanding.person_id, ExamStanding.exam_id, literal(value=False)).where(
        ExamStanding.person_id.in_(ids),
        ExamStanding.exam_id.in_(exam_ids),
        ExamStanding.state == StandingState.APPROVED,
        ~sat,
    )
    made_up = (
        select(Attempt.person_id, ExamMakeup.main_exam_id, literal(value=True))
        .join(ExamMakeup, ExamMakeup.exam_id == Attempt.exam_id)
        .join(Grade, Grade.attempt_id == Attempt.id)
        .where(
            Attempt.person_id.in_(ids),
            ExamMakeup.main_exam_id.in_(exam_ids),
            Grade.passed.is_(True),
            ~exists().where(later.attempt_id == Grade.attempt_id, later.no > Grade.no),
        )
    )
    return union_all(away, made_up)
