"""Making grades. The caller holds the attempt: by the guarded close, or by a row lock."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from elearn.bank.queries import load_keys
from elearn.core.grading.answers import Answer
from elearn.core.grading.grade import Grade as CoreGrade
from elearn.core.grading.grade import GradeState, Place, grade
from elearn.core.grading.keys import policy_of
from elearn.exams.attempts.queries import answers_digest, current_answers, paper_of
from elearn.exams.blueprints.queries import read_spec
from elearn.models import Attempt, Exam, Grade, Mark, Person
from elearn.records.services import record_exam

from .queries import last_grade


def grade_attempt(
    session: Session, *, attempt: Attempt, now: datetime, reason: str = "", first: bool = False
) -> Grade:
    """Grade a closed attempt, write the next grade, and the training record once it is final and
    no late answer may count any more. `first`: it was closed just now, so there can be neither
    marks nor an earlier grade."""
    exam = session.get_one(Exam, attempt.exam_id)
    blueprint = read_spec(exam.blueprint_revision)
    paper = paper_of(attempt)
    answers = current_answers(session, attempt.id)
    stored = load_keys(session, (item.revision_hash for item in paper.items))
    keys = {digest: key.answer for digest, key in stored.items()}
    marks = {} if first else marks_of(session, attempt.id)
    result = grade(paper, answers, keys, policy_of(blueprint), marks)
    before = None if first else last_grade(session, attempt.id)
    row = _write_grade(session, attempt, result, before.no + 1 if before else 1, reason, now)
    record_grade(session, attempt=attempt, grade=row, now=now, answers=answers)
    return row


def record_grade(
    session: Session,
    *,
    attempt: Attempt,
    grade: Grade,
    now: datetime,
    answers: dict[Place, Answer] | None = None,
) -> None:
    """The training record of a final grade; nothing while a marker works or answers may come."""
    if grade.state != GradeState.FINAL or attempt.late_until is not None:
        return
    exam = session.get_one(Exam, attempt.exam_id)
    blueprint = read_spec(exam.blueprint_revision)
    if answers is None:
        answers = current_answers(session, attempt.id)
    _record(
        session,
        attempt,
        grade,
        exam=exam,
        hours_centi=blueprint.hours_centi,
        valid_months=blueprint.validity_months,
        answers_hash=answers_digest(attempt, answers),
        now=now,
    )


def marks_of(session: Session, attempt_id: int) -> dict[Place, int]:
    """The marks that count, in hundredths."""
    return {(m.item_no, m.part_no): m.points_centi for m in marks_rows(session, attempt_id)}


def marks_rows(session: Session, attempt_id: int) -> list[Mark]:
    """The marks that count: the last one of each part."""
    query = select(Mark).where(Mark.attempt_id == attempt_id).order_by(Mark.id)
    return list({(m.item_no, m.part_no): m for m in session.scalars(query)}.values())


def _write_grade(
    session: Session, attempt: Attempt, result: CoreGrade, no: int, reason: str, now: datetime
) -> Grade:
    row = Grade(
        attempt_id=attempt.id,
        no=no,
        state=result.state.value,
        score_centi=result.total_centi,
        full_centi=result.full_centi,
        passed=result.passed,
        policy_version=result.policy_version,
        detail=result.canonical(),
        reason=reason,
        graded_at=now,
    )
    session.add(row)
    session.flush()
    return row


def _record(
    session: Session,
    attempt: Attempt,
    row: Grade,
    *,
    exam: Exam,
    hours_centi: int,
    valid_months: int | None,
    answers_hash: str,
    now: datetime,
) -> None:
    """`attempt:<public id>` is the record's key: a second final grade could not make a second one,
    and passing the same exam again gives no second hours (`record_exam`)."""
    revision = exam.blueprint_revision
    record_exam(
        session,
        person=session.get_one(Person, attempt.person_id),
        attempt_public_id=attempt.public_id,
        exam_title=exam.title,
        subject_code=revision.blueprint.code,
        paper_hash=attempt.paper_hash,
        started_at=attempt.started_at,
        finished_at=attempt.submitted_at or now,
        score_centi=row.score_centi,
        full_centi=row.full_centi,
        passed=bool(row.passed),
        hours_centi=hours_centi,
        valid_months=valid_months,
        evidence={
            "exam": exam.public_id,
            "attempt": attempt.public_id,
            "attempt_no": attempt.no,
            "blueprint": {"code": revision.blueprint.code, "hash": revision.hash},
            "paper_hash": attempt.paper_hash,
            "bank_hash": attempt.bank_hash,
            "answers_hash": answers_hash,
            "closed_by": str(attempt.closed_by),
            "grade_no": row.no,
            "policy_version": row.policy_version,
        },
        now=now,
    )
