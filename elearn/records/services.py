"""Writing training records: exactly once, with hours by a versioned rule, and a hash over all."""

from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from elearn.config import DISPLAY_ZONE
from elearn.core.canonical import content_hash
from elearn.core.centi import centi_text
from elearn.core.credit.measures import Stated
from elearn.core.credit.rules import Bucket, Credit, CreditRule, Evidence, credit, rule_by_id
from elearn.core.records import plain_evidence, record_hash, valid_until
from elearn.inserting import insert_new
from elearn.models import (
    Attempt,
    CourseRevision,
    HoursBucket,
    OrgUnit,
    Person,
    RecordCorrection,
    RecordKind,
    RecordWithdrawal,
    TrainingRecord,
    new_public_id,
)

from .credit.queries import rule_again, rule_for
from .queries import by_source, current_record, is_current, of_one_exam, record_by_source

CLASS_RULE = "class-stated"
KEY_LENGTH = len("attempt:") + 22  # of "attempt:<public id>"

# Every column but the key of the row and the hash itself.
HASHED = tuple(
    column.key for column in TrainingRecord.__table__.columns if column.key not in {"id", "hash"}
)


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
    if (known := _known(session, person, key)) is not None:
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
    return _insert(
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
        explanation=_sentences(explanation, earned.reason),
        evidence=plain_evidence(evidence),
        **_credit_fields(earned),
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

    Hours count once per exam, its make-ups included: passing again is recorded with none. A second call for the same
    attempt gives the row that exists; with a `reason` (a corrected key, a recheck) and another
    result, a new row takes the place of the old one, which stays as it was.

    `only_attempt`: the first record of the person's only attempt, so that nothing of this exam is
    there to be looked for. `rule`: the one that counts for the person, when the caller knows it.
    """
    rule = rule or rule_for(session, person)
    key = f"attempt:{attempt_public_id}"
    # A cap over the day concerns everything else the person finishes.
    alone = only_attempt and rule.day_cap_centi is None
    before = None if alone else _known(session, person, key)
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
    if before is not None and said == (
        before.score_centi,
        before.full_centi,
        before.passed,
        before.hours_centi,
    ):
        return before
    label = ("补考，" if makeup else "") + ("成绩更正后" if before else "")
    result = f"{label}得 {centi_text(score_centi)} 分，满分 {centi_text(full_centi)} 分，"
    band = f"，等第{evidence['band']}" if evidence.get("band") else ""
    hours_words = "这场考试已经计过学时，不重复计。" if again else earned.reason
    day = finished_at.astimezone(DISPLAY_ZONE).date()
    record = _insert(
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
        explanation=_sentences(
            result + (f"合格{band}。" if passed else "未合格，不计学时。"),
            hours_words if passed else "",
        ),
        evidence=plain_evidence(evidence),
        **_credit_fields(earned),
    )
    if before is not None:
        _supersede(session, before, record, reason, now)
    return record


def record_class(
    session: Session,
    *,
    person: Person,
    source: str,
    title: str,
    started_at: datetime,
    finished_at: datetime,
    stated: Stated,
    evidence: dict[str, Any],
    now: datetime,
) -> TrainingRecord | None:
    """A class the person attended, with what its papers state; None when it stands already.

    `source` names the class; one withdrawn before may be entered again.
    """
    key, number = f"class:{source}:{person.id}", 1
    known = _known(session, person, key)
    while known is not None:
        if not current_record(session, known).evidence.get("withdrawn"):
            return None
        number += 1
        known = record_by_source(session, f"{key}#{number}")
    earned = credit(
        rule_by_id(CLASS_RULE),
        Evidence(completed=True, declared_centi=stated.hours_centi, bucket=Bucket.CONCENTRATED),
    )
    return _insert(
        session,
        person=person,
        now=now,
        source_key=key if number == 1 else f"{key}#{number}",
        kind=RecordKind.TRAINING,
        subject_code=f"class-{source}",
        subject_title=title,
        subject_hash=content_hash({"class": source}),
        started_at=started_at,
        finished_at=finished_at,
        passed=True,
        explanation=_sentences(_stated_words(stated), earned.reason),
        evidence=plain_evidence(
            {
                **evidence,
                "days_centi": stated.days_centi,
                "months_centi": stated.months_centi,
            }
        ),
        **_credit_fields(earned),
    )


def withdraw_class(
    session: Session, *, record: TrainingRecord, by: str, reason: str, now: datetime
) -> TrainingRecord:
    """A class entered by mistake counts for nothing from now on; both rows stay. A second click
    gives the row that exists."""
    person, key = session.get_one(Person, record.person_id), f"withdrawn:{record.public_id}"
    if (known := _known(session, person, key)) is not None:
        return known
    later = _insert(
        session,
        person=person,
        now=now,
        source_key=key,
        kind=RecordKind.TRAINING,
        subject_code=record.subject_code,
        subject_title=record.subject_title,
        subject_hash=record.subject_hash,
        started_at=record.started_at,
        finished_at=record.finished_at,
        passed=False,
        explanation=_sentences(f"登记已撤销，不计学时和天数。原因：{reason}。"),
        evidence=plain_evidence(
            {
                "withdrawn": True,
                "by": by,
                "supersedes": record.public_id,
                "supersedes_hash": record.hash,
            }
        ),
        hours_centi=0,
        hours_bucket=HoursBucket.CONCENTRATED,
        credit_rule=record.credit_rule,
        credit_rule_version=record.credit_rule_version,
    )
    _supersede(session, record, later, reason, now)
    return later


def _stated_words(stated: Stated) -> str:
    words = [
        f"{centi_text(centi)} {unit}"
        for centi, unit in (
            (stated.hours_centi, "学时"),
            (stated.days_centi, "天"),
            (stated.months_centi, "个月"),
        )
        if centi
    ]
    return f"培训班载明 {'、'.join(words)}。"


def _supersede(
    session: Session, before: TrainingRecord, record: TrainingRecord, reason: str, now: datetime
) -> None:
    """Both rows stay; the link says which one counts and why."""
    session.flush()
    session.add(
        RecordCorrection(
            record_id=record.id, supersedes_id=before.id, reason=reason, created_at=now
        )
    )
    session.flush()


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


def verify_record(record: TrainingRecord) -> bool:
    """Does the row still say what it said when it was written?"""
    try:
        return record.hash == record_hash(_hashed_fields(record))
    except TypeError:
        return False


def _known(session: Session, person: Person, key: str) -> TrainingRecord | None:
    """The record that exists; this person's records are ours to write from now on.

    The row lock makes "once per exam" and daily caps exact when two requests finish together.
    It does not disturb rows that only refer to the person.
    """
    session.execute(select(Person.id).where(Person.id == person.id).with_for_update(key_share=True))
    return record_by_source(session, key)


def _insert(session: Session, *, person: Person, now: datetime, **fields: Any) -> TrainingRecord:
    """Write the row, or give the one somebody else wrote for the same source meanwhile."""
    unit = session.get_one(OrgUnit, person.org_unit_id)
    values = {
        **dict.fromkeys(HASHED),
        "public_id": new_public_id(),
        "person_id": person.id,
        "org_unit_id": unit.id,
        "org_name": unit.name,
        "credit_year": fields["finished_at"].astimezone(DISPLAY_ZONE).year,
        "created_at": now,
        "required": False,
        **fields,
    }
    record = insert_new(session, TrainingRecord, {**values, "hash": record_hash(values)})
    return record or session.scalars(by_source(fields["source_key"])).one()


def _hashed_fields(record: TrainingRecord) -> dict[str, Any]:
    return {name: getattr(record, name) for name in HASHED}


def _credit_fields(earned: Credit) -> dict[str, Any]:
    return {
        "hours_centi": earned.hours_centi,
        "hours_bucket": HoursBucket(earned.bucket.value),
        "credit_rule": earned.rule_id,
        "credit_rule_version": earned.rule_version,
    }


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


def _sentences(*parts: str) -> str:
    """At most what the column holds; cut with an ellipsis, never in silence."""
    text = "".join(part for part in parts if part)
    return text if len(text) <= 500 else text[:499] + "…"
