"""Training records: immutable, each able to explain itself."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from elearn.core.taxonomy import Strand

from .base import Base, bigref, intpk, public_id
from .people import Person


class RecordKind(StrEnum):
    """What was completed."""

    COURSE = "COURSE"
    EXAM = "EXAM"
    TRAINING = "TRAINING"  # a class that was attended (集中培训), entered by HR


class HoursBucket(StrEnum):
    """Concentrated and online hours are never added up (domain facts TR-08)."""

    ONLINE = "ONLINE"
    CONCENTRATED = "CONCENTRATED"


class TrainingRecord(Base):
    """`source_key` ("course:<code>:<person>", "attempt:<public id>", "class:<digest>:<person>")
    makes it exist once.

    `subject_hash` is the exact revision (course revision, paper); `hash` covers the canonical
    record, so a changed row is visible. `org_name` is the unit at that time.
    """

    __tablename__ = "training_record"

    id: Mapped[intpk]
    public_id: Mapped[public_id]
    source_key: Mapped[str] = mapped_column(String(120), unique=True)
    person_id: Mapped[int] = mapped_column(bigref, ForeignKey("person.id"))
    kind: Mapped[RecordKind] = mapped_column(String(10))
    subject_code: Mapped[str] = mapped_column(String(60))
    subject_title: Mapped[str] = mapped_column(String(200))
    subject_hash: Mapped[str] = mapped_column(String(64))
    strand: Mapped[Strand | None] = mapped_column(String(3))
    required: Mapped[bool] = mapped_column(default=False)
    org_unit_id: Mapped[int] = mapped_column(bigref, ForeignKey("org_unit.id"))
    org_name: Mapped[str] = mapped_column(String(100))
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime]
    credit_year: Mapped[int]
    hours_centi: Mapped[int]
    hours_bucket: Mapped[HoursBucket] = mapped_column(String(15))
    credit_rule: Mapped[str] = mapped_column(String(40))
    credit_rule_version: Mapped[str] = mapped_column(String(20))
    score_centi: Mapped[int | None]
    full_centi: Mapped[int | None]
    passed: Mapped[bool]
    valid_until: Mapped[date | None] = mapped_column(Date)
    explanation: Mapped[str] = mapped_column(String(500))
    evidence: Mapped[dict[str, Any]]
    hash: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]

    person: Mapped[Person] = relationship()

    __table_args__ = (
        CheckConstraint("hours_centi >= 0", name="hours"),
        CheckConstraint("finished_at >= started_at", name="times"),
        Index("ix_training_record_person_id_credit_year", "person_id", "credit_year"),
        # "Has this person done this course?" for whole units at once (reports).
        Index(
            "ix_training_record_kind_subject_code_person_id",
            "kind",
            "subject_code",
            "person_id",
        ),
    )
