"""A class that was attended, as a training record of everybody who attended it."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy.orm import Session

from elearn.core.canonical import content_hash
from elearn.core.centi import centi_text
from elearn.core.credit.measures import Stated
from elearn.core.credit.rules import Bucket, Evidence, credit, rule_by_id
from elearn.core.records import plain_evidence
from elearn.models import HoursBucket, Person, RecordKind, TrainingRecord
from elearn.records.queries import current_record, record_by_source
from elearn.records.writing import credit_fields, held, insert_record, sentences, supersede

CLASS_RULE: Final = "class-stated"


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
    known = held(session, person, key)
    while known is not None:
        if not current_record(session, known).evidence.get("withdrawn"):
            return None
        number += 1
        known = record_by_source(session, f"{key}#{number}")
    earned = credit(
        rule_by_id(CLASS_RULE),
        Evidence(completed=True, declared_centi=stated.hours_centi, bucket=Bucket.CONCENTRATED),
    )
    return insert_record(
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
        explanation=sentences(_stated_words(stated), earned.reason),
        evidence=plain_evidence(
            {
                **evidence,
                "days_centi": stated.days_centi,
                "months_centi": stated.months_centi,
            }
        ),
        **credit_fields(earned),
    )


def withdraw_class(
    session: Session, *, record: TrainingRecord, by: str, reason: str, now: datetime
) -> TrainingRecord:
    """A class entered by mistake counts for nothing from now on; both rows stay. A second click
    gives the row that exists."""
    person, key = session.get_one(Person, record.person_id), f"withdrawn:{record.public_id}"
    if (known := held(session, person, key)) is not None:
        return known
    later = insert_record(
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
        explanation=sentences(f"登记已撤销，不计学时和天数。原因：{reason}。"),
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
    supersede(session, record, later, reason, now)
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
