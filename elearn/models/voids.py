"""Annulling an attempt (作废): asked for by one examiner, decided by another, and never undone."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from .base import Base, bigref, intpk, public_id
from .exams import Attempt
from .people import Person


class AttemptVoid(Base):
    """Somebody asks that an attempt count for nothing, and why; append-only."""

    __tablename__ = "attempt_void"

    id: Mapped[intpk]
    public_id: Mapped[public_id]
    attempt_id: Mapped[int] = mapped_column(bigref, ForeignKey("attempt.id"))
    reason: Mapped[str] = mapped_column(String(200))
    asked_by_id: Mapped[int] = mapped_column(bigref, ForeignKey("person.id"))
    asked_at: Mapped[datetime]

    attempt: Mapped[Attempt] = relationship()
    asked_by: Mapped[Person] = relationship()
    decision: Mapped["VoidDecision | None"] = relationship(
        back_populates="void", foreign_keys="VoidDecision.void_id"
    )

    __table_args__ = (Index("ix_attempt_void_attempt_id", "attempt_id"),)


class VoidDecision(Base):
    """The answer, once; append-only. `grade_no`: the first grade that is nothing, None if refused.
    `asked_by_id` stands here as well so that the database can hold the four eyes."""

    __tablename__ = "void_decision"

    void_id: Mapped[int] = mapped_column(
        bigref, ForeignKey("attempt_void.id"), primary_key=True, autoincrement=False
    )
    approved: Mapped[bool]
    note: Mapped[str] = mapped_column(String(200))
    grade_no: Mapped[int | None]
    asked_by_id: Mapped[int] = mapped_column(bigref, ForeignKey("person.id"))
    decided_by_id: Mapped[int] = mapped_column(bigref, ForeignKey("person.id"))
    decided_at: Mapped[datetime]

    void: Mapped[AttemptVoid] = relationship(back_populates="decision", foreign_keys=[void_id])
    decided_by: Mapped[Person] = relationship(foreign_keys=[decided_by_id])

    __table_args__ = (
        CheckConstraint("NOT approved OR decided_by_id <> asked_by_id", name="four_eyes"),
        CheckConstraint("approved = (grade_no IS NOT NULL)", name="grade"),
    )
