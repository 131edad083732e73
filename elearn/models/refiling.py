"""Paper results entered for the wrong person or with the wrong time: what is right, and a second
person's word. And records that count no more without another in their place."""

from datetime import datetime

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from .base import Base, bigref, intpk, public_id
from .exams import Attempt
from .people import Person
from .printing import PaperResult
from .records import TrainingRecord


class PaperRefiling(Base):
    """A proposal: the sheet is `person`'s, and was sat at `held_at`; append-only."""

    __tablename__ = "paper_refiling"

    id: Mapped[intpk]
    public_id: Mapped[public_id]
    attempt_id: Mapped[int] = mapped_column(bigref, ForeignKey("paper_result.attempt_id"))
    person_id: Mapped[int] = mapped_column(bigref, ForeignKey("person.id"))
    held_at: Mapped[datetime]
    reason: Mapped[str] = mapped_column(String(100))
    proposed_by_id: Mapped[int] = mapped_column(bigref, ForeignKey("person.id"))
    proposed_at: Mapped[datetime]

    result: Mapped[PaperResult] = relationship()
    person: Mapped[Person] = relationship(foreign_keys=[person_id])
    proposed_by: Mapped[Person] = relationship(foreign_keys=[proposed_by_id])
    decision: Mapped["RefilingDecision | None"] = relationship(back_populates="refiling")

    __table_args__ = (
        # What a decision refers to, so that the database itself knows who proposed.
        UniqueConstraint("id", "proposed_by_id"),
        Index("ix_paper_refiling_attempt_id", "attempt_id"),
    )


class RefilingDecision(Base):
    """The second person's verdict, once; append-only. `new_attempt_id`: where the sheet is now."""

    __tablename__ = "refiling_decision"

    refiling_id: Mapped[int] = mapped_column(bigref, primary_key=True, autoincrement=False)
    proposed_by_id: Mapped[int] = mapped_column(bigref)
    decided_by_id: Mapped[int] = mapped_column(bigref, ForeignKey("person.id"))
    accepted: Mapped[bool]
    note: Mapped[str] = mapped_column(String(200), default="")
    new_attempt_id: Mapped[int | None] = mapped_column(
        bigref, ForeignKey("attempt.id"), unique=True
    )
    decided_at: Mapped[datetime]

    refiling: Mapped[PaperRefiling] = relationship(back_populates="decision")
    decided_by: Mapped[Person] = relationship(foreign_keys=[decided_by_id])
    new_attempt: Mapped[Attempt | None] = relationship()

    __table_args__ = (
        ForeignKeyConstraint(
            ["refiling_id", "proposed_by_id"],
            ["paper_refiling.id", "paper_refiling.proposed_by_id"],
            name="fk_refiling_decision_proposal",
        ),
        CheckConstraint("decided_by_id <> proposed_by_id", name="four_eyes"),
        CheckConstraint("accepted = (new_attempt_id IS NOT NULL)", name="attempt"),
    )


class RecordWithdrawal(Base):
    """This record speaks of something the person never did: it is kept and counts no more."""

    __tablename__ = "record_withdrawal"

    record_id: Mapped[int] = mapped_column(
        bigref, ForeignKey("training_record.id"), primary_key=True, autoincrement=False
    )
    reason: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime]

    record: Mapped[TrainingRecord] = relationship()
