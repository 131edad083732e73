"""Training records of courses and exams: exactly once, with hours by a versioned rule."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from elearn.config import DISPLAY_ZONE
from elearn.core.centi import centi_text
from elearn.core.credit.rules import Bucket, CreditRule, Evidence, credit
from elearn.core.records import plain_evidence, valid_until
from elearn.models import (
    Attempt,
    CourseRevision,
    HoursBucket,
    Person,
    RecordKind,
    RecordWithdrawal,
    TrainingRecord,
)

from .credit.queries import rule_again, rule_for
from .queries import current_record, is_current, of_one_exam, record_by_source
from .writing import credit_fields, held, insert_record, sentences, supersede

KEY_LENGTH: Final = len("attempt:") + 22  # of "attempt:<public id>"
FAILED: Final = "未合格，不计学时。"


def record_course(
    session: Session,
    *,
    person: Person,
    course_revision: CourseRevision,
    started_at: datetime,
    finished_at: datetime,
    evidence: dict[str, Any],
    explanation: str,
    now: datetime,
) -> TrainingRecord:
    """A completed course. `explanation` is the completion rule's sentence about it.

    A second call for the same person and course gives the row that exists, whatever it says.
    """
    course = course_revision.course
    key = f"course:{course.code}:{person.id}"
    if (known := held(session, person, key)) is not None:
        return known
    rule = rule_for(session, person)
    earned = credit(
        rule,
        Evidence(
            completed=True,
            declared_centi=course_revision.hours_centi,
            minutes=sum(lesson.minutes for lesson in course_revision.lessons),
            test_passed=any(lesson.quiz_required for lesson in course_revision.lessons),
            day_centi=_hours_that_day(session, rule, person.id, finished_at),
        ),
    )
    return insert_record(
        session,
        person=person,
        now=now,
        source_key=key,
        kind=RecordKind.COURSE,
        subject_code=course.code,
        subject_title=course_revision.title,
        subject_hash=course_revision.hash,
        strand=course_revision.strand,
        required=course_revision.required,
        started_at=started_at,
        finished_at=finished_at,
        passed=True,
        explanation=sentences(explanation, earned.reason),
        evidence=plain_evidence(evidence),
        **credit_fields(earned),
    )


def record_exam(
    session: Session,
    *,
    person: Person,
    attempt_public_id: str,
    exam_title: str,
    subject_code: str,
    paper_hash: str,
    started_at: datetime,
    finished_at: datetime,
    score_centi: int,
    full_centi: int,
    passed: bool,
    hours_centi: int,
    valid_months: int | None,
    evidence: dict[str, Any],
    now: datetime,
    grade_no: int = 1,
    reason: str = "",
    makeup: bool = False,
    only_attempt: bool = False,
    rule: CreditRule | None = None,
) -> TrainingRecord:
    """A graded attempt, passed or not; `hours_centi` are the exam's hours for passing.

    Hours count once per exam, its make-ups included: passing again is recorded with none. A second
    call for the same attempt gives the row that exists; with a `reason` (a corrected key, a recheck)
    and another result, a new row takes the place of the old one, which stays as it was.

    `only_attempt`: the first record of the person's only attempt, so that nothing of this exam is
    there to be looked for. `rule`: the one that counts for the person, when the caller knows it.
    """
    rule = rule or rule_for(session, person)
    key = f"attempt:{attempt_public_id}"
    # A cap over the day concerns everything else the person finishes.
    alone = only_attempt and rule.day_cap_centi is None
    before = None if alone else held(session, person, key)
    if before is not None:
        before = current_record(session, before)
        if not reason:
            return before
        # A correction is worked out by the rule the first record was made by.
        rule = rule_again(session, before.credit_rule, before.credit_rule_version)
        key = f"{key}#{grade_no}"
        evidence = {**evidence, "supersedes": before.public_id, "supersedes_hash": before.hash}
    again = passed and not alone and _passed_before(session, person.id, attempt_public_id)
    own = before.hours_centi if before else 0
    earned = credit(
        rule,
        Evidence(
            completed=passed,
            declared_centi=0 if again else hours_centi,
            test_passed=passed,
            # What this very attempt gave that day does not use up its own cap.
            day_centi=max(0, _hours_that_day(session, rule, person.id, finished_at) - own),
        ),
    )
    said = (score_centi, full_centi, passed, earned.hours_centi)
    if before is not None and said == _said(before):
        return before
    label = ("补考，" if makeup else "") + ("成绩更正后" if before else "")
    hours_words = "这场考试已经计过学时，不重复计。" if again else earned.reason
    day = finished_at.astimezone(DISPLAY_ZONE).date()
    record = insert_record(
        session,
        person=person,
        now=now,
        source_key=key,
        kind=RecordKind.EXAM,
        subject_code=subject_code,
        subject_title=exam_title,
        subject_hash=paper_hash,
        started_at=started_at,
        finished_at=finished_at,
        score_centi=score_centi,
        full_centi=full_centi,
        passed=passed,
        valid_until=valid_until(day, valid_months) if passed else None,
        explanation=sentences(
            f"{label}得 {centi_text(score_centi)} 分，满分 {centi_text(full_centi)} 分，",
            _passed_words(evidence.get("band", "")) + hours_words if passed else FAILED,
        ),
        evidence=plain_evidence(evidence),
        **credit_fields(earned),
    )
    if before is not None:
        supersede(session, before, record, reason, now)
    return record


def _said(record: TrainingRecord) -> tuple[int | None, int | None, bool, int]:
    return record.score_centi, record.full_centi, record.passed, record.hours_centi


def _passed_words(band: str) -> str:
    return f"合格，等第{band}。" if band else "合格。"


def withdraw_record(
    session: Session, *, attempt_public_id: str, reason: str, now: datetime
) -> None:
    """The record of this attempt speaks of something the person never did: it stays and counts no
    more, nor do its hours. Nothing when there is none yet."""
    record = record_by_source(session, f"attempt:{attempt_public_id}")
    if record is None:
        return
    last = current_record(session, record)
    session.execute(
        select(Person.id).where(Person.id == last.person_id).with_for_update(key_share=True)
    )
    if session.get(RecordWithdrawal, last.id) is None:
        session.add(RecordWithdrawal(record_id=last.id, reason=reason, created_at=now))
        session.flush()


def _hours_that_day(
    session: Session, rule: CreditRule, person_id: int, finished_at: datetime
) -> int:
    """Online hours of the same day in Asia/Shanghai; asked only when the rule caps a day."""
    if rule.day_cap_centi is None:
        return 0
    local = finished_at.astimezone(DISPLAY_ZONE)
    start = local.replace(hour=0, minute=0, second=0, microsecond=0)
    end = local.replace(hour=23, minute=59, second=59, microsecond=999999)
    total = session.scalar(
        select(func.sum(TrainingRecord.hours_centi)).where(
            TrainingRecord.person_id == person_id,
            TrainingRecord.hours_bucket == HoursBucket(Bucket.ONLINE.value),
            TrainingRecord.finished_at.between(start, end),
            is_current(),
        )
    )
    return int(total or 0)


def _passed_before(session: Session, person_id: int, attempt_public_id: str) -> bool:
    """Did another attempt at the same exam, or at its make-up, bring its hours already?"""
    this = aliased(Attempt)
    exam = select(this.exam_id).where(this.public_id == attempt_public_id).scalar_subquery()
    others = (
        select(TrainingRecord.id)
        # A corrected record's key goes on after the attempt's id.
        .join(
            Attempt,
            func.substr(TrainingRecord.source_key, 1, KEY_LENGTH) == "attempt:" + Attempt.public_id,
        )
        .where(
            TrainingRecord.person_id == person_id,
            TrainingRecord.passed,
            TrainingRecord.hours_centi > 0,
            is_current(),
            Attempt.person_id == person_id,
            Attempt.public_id != attempt_public_id,
            of_one_exam(Attempt.exam_id, exam),
        )
    )
    return session.scalar(others.limit(1)) is not None
