"""Making grades. The caller holds the attempt: by the guarded close, or by a row lock."""

from dataclasses import asdict
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from elearn.core.assembly.model import Taking
from elearn.core.grading.answers import Answer
from elearn.core.grading.grade import Grade as CoreGrade
from elearn.core.grading.grade import GradeState, Place, grade, voided
from elearn.core.grading.keys import policy_of
from elearn.exams.attempts.queries import (
    End,
    Extent,
    answers_at_end,
    answers_digest,
    current_answers,
    extent_of,
    paper_of,
)
from elearn.exams.blueprints.queries import read_spec
from elearn.exams.notices.services import tell_person
from elearn.inserting import insert_row
from elearn.models import (
    AmendmentDecision,
    Attempt,
    AttemptState,
    ClosedBy,
    Exam,
    ExamMakeup,
    Grade,
    PaperAmendment,
    PaperResult,
    Person,
    PrintPaper,
)
from elearn.records.credit.queries import default_rule
from elearn.records.queries import of_one_exam
from elearn.records.services import record_exam

from .keys import KeyCache, published_keys
from .queries import last_grade, last_grades, marks_rows

MAX_REASON: Final = 200
OTHER_CORRECTED: Final = "另一次答卷的成绩作了更正，学时改计入这一次"


def grade_attempt(
    session: Session,
    *,
    attempt: Attempt,
    now: datetime,
    reason: str = "",
    first: bool = False,
    cache: KeyCache | None = None,
) -> Grade:
    """Grade a closed attempt, write the next grade, and the training record once it is final and
    no late answer may count any more.

    `first`: it was closed just now, so there can be neither marks nor an earlier grade. `cache`:
    keys shared by the attempts of a batch.
    """
    exam = session.get_one(Exam, attempt.exam_id)
    blueprint = read_spec(exam.blueprint_revision)
    paper = paper_of(attempt)
    hashes = [item.revision_hash for item in paper.items]
    end = answers_at_end(session, attempt) if first else None
    answers = current_answers(session, attempt.id) if end is None else end.answers
    if end is not None and end.keys_as_published:
        keys = published_keys(session, hashes)
    else:
        keys = (cache or KeyCache(session)).load(exam_id=exam.id, hashes=hashes)
    marks = {} if first else marks_of(session, attempt.id)
    result = grade(paper, answers, keys.answers, policy_of(blueprint), marks)
    if attempt.voided_at is not None:
        result = voided(result)
    before = None if first else last_grade(session, attempt.id)
    row = _write_grade(
        session,
        attempt,
        result,
        no=before.no + 1 if before else 1,
        keys_no=keys.no,
        extent=end.extent if end else extent_of(session, attempt.id),
        reason=reason,
        now=now,
    )
    record_grade(session, attempt=attempt, grade=row, now=now, answers=answers, end=end)
    return row


def record_grade(
    session: Session,
    *,
    attempt: Attempt,
    grade: Grade,
    now: datetime,
    answers: dict[Place, Answer] | None = None,
    end: End | None = None,
) -> None:
    """The training record of a final grade; nothing while a marker works or answers may come.

    `answers`, `end`: what the caller has read already.
    """
    if grade.state != GradeState.FINAL or attempt.late_until is not None:
        return
    if attempt.refiled_at is not None:  # its record was withdrawn: it speaks of nobody
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
        end=end,
        now=now,
    )


def follow_correction(
    session: Session, *, attempt: Attempt, before: Grade, after: Grade, text: str, now: datetime
) -> None:
    """What a corrected grade entails: the person is told (`text`) when the result is another, and
    the hours go on when it no longer passes."""
    if (after.score_centi, after.passed) != (before.score_centi, before.passed):
        tell_person(
            session,
            person_id=attempt.person_id,
            exam_id=attempt.exam_id,
            attempt=attempt,
            text=text,
            now=now,
        )
    if before.passed and not after.passed:
        move_hours(session, attempt=attempt, now=now)


def move_hours(
    session: Session, *, attempt: Attempt, now: datetime, reason: str = OTHER_CORRECTED
) -> None:
    """Hours count once per exam, its make-ups included: when the attempt that brought them no longer
    passes, another passed attempt of the same person brings them."""
    others = session.scalars(
        select(Attempt)
        .where(
            of_one_exam(Attempt.exam_id, attempt.exam_id),
            Attempt.person_id == attempt.person_id,
            Attempt.id != attempt.id,
            Attempt.state == AttemptState.SUBMITTED,
            # One not settled yet brings them with its own record, if they are still to be had.
            Attempt.late_until.is_(None),
        )
        .order_by(Attempt.exam_id, Attempt.no)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    grades = last_grades(session, [other.id for other in others])
    for other in others:
        if other.id not in grades or not grades[other.id].passed:
            continue
        # With today's keys it may not pass any more either: then the next one.
        if grade_attempt(session, attempt=other, now=now, reason=reason).passed:
            return


def marks_of(session: Session, attempt_id: int) -> dict[Place, int]:
    """The marks that count, in hundredths."""
    return {(m.item_no, m.part_no): m.points_centi for m in marks_rows(session, attempt_id)}


def _write_grade(
    session: Session,
    attempt: Attempt,
    result: CoreGrade,
    *,
    no: int,
    keys_no: int,
    extent: Extent,
    reason: str,
    now: datetime,
) -> Grade:
    values = {
        "attempt_id": attempt.id,
        "no": no,
        "state": result.state.value,
        "score_centi": result.total_centi,
        "full_centi": result.full_centi,
        "passed": result.passed,
        "policy_version": result.policy_version,
        "detail": {**result.canonical(), "extent": asdict(extent)},
        "reason": reason[:MAX_REASON],
        "keys_no": keys_no,
        "graded_at": now,
    }
    return insert_row(session, Grade, values)


def _medium(session: Session, attempt: Attempt) -> dict[str, str]:
    """Which printed form an attempt on paper was sat with; nothing for one on a screen."""
    if attempt.closed_by != ClosedBy.EXAMINER:
        return {}
    letter = session.scalar(
        select(PrintPaper.letter)
        .join(PaperResult, PaperResult.print_paper_id == PrintPaper.id)
        .where(PaperResult.attempt_id == attempt.id)
    )
    corrected = session.scalar(
        select(PaperAmendment.letter)
        .join(AmendmentDecision, AmendmentDecision.amendment_id == PaperAmendment.id)
        .where(PaperAmendment.attempt_id == attempt.id, AmendmentDecision.accepted)
        .order_by(PaperAmendment.id.desc())
        .limit(1)
    )
    return {"medium": "纸笔", "form": corrected or letter} if letter else {}


def _book(attempt: Attempt) -> dict[str, str]:
    """Whether books were allowed, where the blueprint says."""
    if attempt.open_book is None:
        return {}
    return {"book": "开卷" if attempt.open_book else "闭卷"}


def _record(
    session: Session,
    attempt: Attempt,
    row: Grade,
    *,
    exam: Exam,
    hours_centi: int,
    valid_months: int | None,
    answers_hash: str,
    end: End | None,
    now: datetime,
) -> None:
    """The record of the first final grade; a later one that says something else supersedes it, and
    passing the same exam again gives no second hours (`record_exam`)."""
    revision = exam.blueprint_revision
    made_up = _main_of(session, exam)
    spec = read_spec(revision)
    band = spec.band_of(row.score_centi, passed=bool(row.passed))
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
            "seed_commitment": (attempt.draw or {}).get("commitment", ""),
            "answers_hash": answers_hash,
            "closed_by": str(attempt.closed_by),
            **_medium(session, attempt),
            "grade_no": row.no,
            "policy_version": row.policy_version,
            "keys_no": row.keys_no,
            **({"makeup_of": made_up} if made_up else {}),
            **({"band": band} if band else {}),
            **_book(attempt),
            # From here the portfolio derives which of several tries stands.
            **({"taking": spec.taking.value} if spec.taking is Taking.BEST else {}),
            **({"voided": True} if attempt.voided_at is not None else {}),
        },
        grade_no=row.no,
        # Without what was corrected: the record is seen before the review may be.
        reason=row.reason.partition("：")[0],
        makeup=made_up is not None,
        only_attempt=end is not None and end.only_attempt,
        rule=default_rule() if end is not None and end.default_credit else None,
        now=now,
    )


def _main_of(session: Session, exam: Exam) -> str | None:
    """The exam this one makes up for."""
    if not exam.is_makeup:
        return None
    return session.scalar(
        select(Exam.public_id)
        .join(ExamMakeup, ExamMakeup.main_exam_id == Exam.id)
        .where(ExamMakeup.exam_id == exam.id)
    )
