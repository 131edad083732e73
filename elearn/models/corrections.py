"""Corrections of keys, the regrading they cause, records that take the place of others, disputes,
and what affected people are told."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from elearn.core.grading.corrections import CorrectionKind

from .base import Base, bigref, intpk, public_id
from .exams import Attempt, Exam
from .people import Person
from .questions import QuestionRevision
from .records import TrainingRecord


class CorrectionState(StrEnum):
    """PROPOSED -> APPROVED -> APPLIED, or PROPOSED -> REJECTED."""

    PROPOSED = "PROPOSED"
    APPROVED = "APPROVED"
    APPLIED = "APPLIED"
    REJECTED = "REJECTED"


class KeyCorrection(Base):
    """A change of a question's key in one exam (`exam_id`) or in all of them (None).

    `no` is given at approval; a grade made under it names it (`Grade.keys_no`), so that the keys of
    every grade are the base key plus the approved corrections up to that number. `part_no` None
    means every part. `change` is {"key": [..]} or {"blanks": [[..]]}, {} for VOID. `org_path` is
    the smallest subtree that holds every exam concerned: who acts must hold a role over it.
    """

    __tablename__ = "key_correction"

    id: Mapped[intpk]
    public_id: Mapped[public_id]
    no: Mapped[int | None] = mapped_column(unique=True)
    question_revision_id: Mapped[int] = mapped_column(bigref, ForeignKey("question_revision.id"))
    exam_id: Mapped[int | None] = mapped_column(bigref, ForeignKey("exam.id"))
    org_path: Mapped[str] = mapped_column(String(255))
    part_no: Mapped[int | None]
    kind: Mapped[CorrectionKind] = mapped_column(String(10))
    change: Mapped[dict[str, Any]]
    reason: Mapped[str] = mapped_column(String(500))
    citation: Mapped[str] = mapped_column(String(200))
    state: Mapped[CorrectionState] = mapped_column(String(10))
    proposed_by_id: Mapped[int] = mapped_column(bigref, ForeignKey("person.id"))
    proposed_at: Mapped[datetime]
    decided_by_id: Mapped[int | None] = mapped_column(bigref, ForeignKey("person.id"))
    decided_at: Mapped[datetime | None]
    note: Mapped[str] = mapped_column(String(500), default="")
    applied_at: Mapped[datetime | None]

    revision: Mapped[QuestionRevision] = relationship()
    exam: Mapped[Exam | None] = relationship()
    proposed_by: Mapped[Person] = relationship(foreign_keys=[proposed_by_id])
    decided_by: Mapped[Person | None] = relationship(foreign_keys=[decided_by_id])

    __table_args__ = (
        CheckConstraint(
            "decided_by_id IS NULL OR decided_by_id <> proposed_by_id", name="four_eyes"
        ),
        CheckConstraint(
            "(state IN ('APPROVED', 'APPLIED')) = (no IS NOT NULL)"
            " AND (state = 'PROPOSED') = (decided_at IS NULL)",
            name="state",
        ),
        Index("ix_key_correction_question_revision_id", "question_revision_id"),
        Index("ix_key_correction_state", "state"),
    )


class Regrade(Base):
    """One attempt a correction concerns: what it had, what the preview says, what it got.

    `previewed` and `done` make both passes resumable; `grade_id` is the grade that settled it.
    """

    __tablename__ = "regrade"

    correction_id: Mapped[int] = mapped_column(
        bigref, ForeignKey("key_correction.id"), primary_key=True
    )
    attempt_id: Mapped[int] = mapped_column(bigref, ForeignKey("attempt.id"), primary_key=True)
    previewed: Mapped[bool] = mapped_column(default=False)
    score_before: Mapped[int | None]
    passed_before: Mapped[bool | None]
    score_after: Mapped[int | None]
    passed_after: Mapped[bool | None]
    full_centi: Mapped[int | None]
    done: Mapped[bool] = mapped_column(default=False)
    grade_id: Mapped[int | None] = mapped_column(bigref, ForeignKey("grade.id"))

    attempt: Mapped[Attempt] = relationship()

    __table_args__ = (
        Index("ix_regrade_correction_id_previewed", "correction_id", "previewed"),
        Index("ix_regrade_correction_id_done", "correction_id", "done"),
        Index("ix_regrade_attempt_id", "attempt_id"),
    )


class RecordCorrection(Base):
    """`record_id` takes the place of `supersedes_id`. Both rows stay; the last one counts."""

    __tablename__ = "record_correction"

    id: Mapped[intpk]
    record_id: Mapped[int] = mapped_column(bigref, ForeignKey("training_record.id"), unique=True)
    supersedes_id: Mapped[int] = mapped_column(
        bigref, ForeignKey("training_record.id"), unique=True
    )
    reason: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime]

    record: Mapped[TrainingRecord] = relationship(foreign_keys=[record_id])
    supersedes: Mapped[TrainingRecord] = relationship(foreign_keys=[supersedes_id])

    __table_args__ = (CheckConstraint("record_id <> supersedes_id", name="two_rows"),)


class DisputeState(StrEnum):
    """OPEN -> UPHELD or REJECTED, once."""

    OPEN = "OPEN"
    UPHELD = "UPHELD"
    REJECTED = "REJECTED"


class Dispute(Base):
    """A candidate's objection to one item of an own attempt, and the trainer's answer."""

    __tablename__ = "dispute"

    id: Mapped[intpk]
    public_id: Mapped[public_id]
    attempt_id: Mapped[int] = mapped_column(bigref, ForeignKey("attempt.id"))
    item_no: Mapped[int]
    question_revision_id: Mapped[int] = mapped_column(bigref, ForeignKey("question_revision.id"))
    person_id: Mapped[int] = mapped_column(bigref, ForeignKey("person.id"))
    text: Mapped[str] = mapped_column(Text)
    state: Mapped[DisputeState] = mapped_column(String(10))
    created_at: Mapped[datetime]
    answer: Mapped[str] = mapped_column(String(1000), default="")
    citation: Mapped[str] = mapped_column(String(200), default="")
    decided_by_id: Mapped[int | None] = mapped_column(bigref, ForeignKey("person.id"))
    decided_at: Mapped[datetime | None]
    correction_id: Mapped[int | None] = mapped_column(bigref, ForeignKey("key_correction.id"))

    attempt: Mapped[Attempt] = relationship()
    person: Mapped[Person] = relationship(foreign_keys=[person_id])
    decided_by: Mapped[Person | None] = relationship(foreign_keys=[decided_by_id])
    revision: Mapped[QuestionRevision] = relationship()
    correction: Mapped[KeyCorrection | None] = relationship()

    __table_args__ = (
        UniqueConstraint("attempt_id", "item_no"),
        CheckConstraint("(state = 'OPEN') = (decided_at IS NULL)", name="state"),
        CheckConstraint("decided_by_id IS NULL OR decided_by_id <> person_id", name="not_own"),
        Index("ix_dispute_state_created_at", "state", "created_at"),
        Index("ix_dispute_person_id_created_at", "person_id", "created_at"),
        Index("ix_dispute_question_revision_id", "question_revision_id"),
    )


class ExamNotice(Base):
    """Something a person is told on 待办 until it is read. Never a score: the result page decides
    what may be seen."""

    __tablename__ = "exam_notice"

    id: Mapped[intpk]
    public_id: Mapped[public_id]
    person_id: Mapped[int] = mapped_column(bigref, ForeignKey("person.id"))
    exam_id: Mapped[int] = mapped_column(bigref, ForeignKey("exam.id"))
    attempt_id: Mapped[int | None] = mapped_column(bigref, ForeignKey("attempt.id"))
    text: Mapped[str] = mapped_column(String(300))
    created_at: Mapped[datetime]
    read_at: Mapped[datetime | None]

    exam: Mapped[Exam] = relationship()
    attempt: Mapped[Attempt | None] = relationship()

    __table_args__ = (Index("ix_exam_notice_person_id_read_at", "person_id", "read_at"),)
