"""How a training record is written: once per source, with a hash over all of it, never edited."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from elearn.config import DISPLAY_ZONE
from elearn.core.credit.rules import Credit
from elearn.core.records import record_hash
from elearn.inserting import insert_new
from elearn.models import (
    HoursBucket,
    OrgUnit,
    Person,
    RecordCorrection,
    TrainingRecord,
    new_public_id,
)

from .queries import by_source, record_by_source

MOST_TEXT: Final = 500  # characters of an explanation
# Every column but the key of the row and the hash itself.
HASHED: Final = tuple(
    column.key for column in TrainingRecord.__table__.columns if column.key not in {"id", "hash"}
)


def held(session: Session, person: Person, key: str) -> TrainingRecord | None:
    """The record that exists; this person's records are ours to write from now on.

    The row lock makes "once per exam" and daily caps exact when two requests finish together.
    It does not disturb rows that only refer to the person.
    """
    session.execute(select(Person.id).where(Person.id == person.id).with_for_update(key_share=True))
    return record_by_source(session, key)


def insert_record(
    session: Session, *, person: Person, now: datetime, **fields: Any
) -> TrainingRecord:
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


def supersede(
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


def verify_record(record: TrainingRecord) -> bool:
    """Does the row still say what it said when it was written?"""
    try:
        return record.hash == record_hash(_hashed_fields(record))
    except TypeError:
        return False


def _hashed_fields(record: TrainingRecord) -> dict[str, Any]:
    return {name: getattr(record, name) for name in HASHED}


def credit_fields(earned: Credit) -> dict[str, Any]:
    """The columns that say which rule gave how many hours."""
    return {
        "hours_centi": earned.hours_centi,
        "hours_bucket": HoursBucket(earned.bucket.value),
        "credit_rule": earned.rule_id,
        "credit_rule_version": earned.rule_version,
    }


def sentences(*parts: str) -> str:
    """At most what the column holds; cut with an ellipsis, never in silence."""
    text = "".join(part for part in parts if part)
    return text if len(text) <= MOST_TEXT else text[: MOST_TEXT - 1] + "…"
